"""Numbers of certificates come from the clerk's office, many at once, after the decision."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from cycle.models import Role
from dossiers.models import Certificate, State
from dossiers.walk import doors
from tests import judging, records
from tests.decision_papers import decision_of
from tests.judging import regulate
from tests.numbering import waiting
from tests.pages import shown
from tests.public_pages import keep
from tests.standing import stand
from tests.world import open_dossier, person

pytestmark = pytest.mark.django_db

LIST = "/certificates/numbers/"
NAMES = ["Chè Shan", "Gạo", "Mật ong", "Thịt trâu"]


@pytest.fixture
def clerk(province):
    return person("van_thu", "Lò Văn Thư", (Role.CLERK, province))


@pytest.fixture
def given(cycle, commune, an):
    """Certificates of one decision that wait for their numbers, in their order."""
    return waiting(cycle, commune, an, NAMES)


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def address(given):
    return reverse("dossiers:numbers_of", args=[given[0].decision.document_id])


def numbers():
    return [each.number for each in Certificate.objects.order_by("dossier__product__sort_key")]


def column(*lines):
    return {"column": "\r\n".join(lines), "step": "look"}


def of(given, *typed):
    """Typed by row."""
    return {f"n-{each.pk}": number for each, number in zip(given, typed, strict=True)}


def seal(answer):
    found = re.search(r'name="sure" value="(\w+)"', answer.content.decode())
    return {"sure": found[1]} if found else {}


def test_a_column_is_pasted_looked_at_and_entered_at_once(clerk, an, minh, given):
    client, page = signed_in(clerk), address(given)
    for user, status in ((an, 404), (clerk, 200), (minh, 200)):
        assert signed_in(user).get(LIST).status_code == status
        assert signed_in(user).get(page).status_code == status
    assert "4 giấy" in shown(client.get(LIST).content.decode())
    assert "4 giấy chứng nhận chờ số" in shown(client.get("/inbox/").content.decode())
    # One line too few or too many fills nothing in, and nothing is lost.
    for lines in (NAMES[:3], [*NAMES, "x"]):
        pasted = column(*(f"{place}/GCN" for place, _line in enumerate(lines, 1)))
        answer = client.post(page, pasted)
        words = shown(answer.content.decode())
        assert f"Cột có {len(lines)} số, mà có 4 giấy chờ số" in words
        assert "1/GCN\r\n2/GCN" in answer.context["form"]["column"].value()
        assert not seal(answer)
    answer = client.post(page, column("1/GCN", "2/GCN", "3/GCN", "4/GCN", "", ""))
    words = shown(answer.content.decode())
    assert "1/GCN → Chè Shan" in words and "4/GCN → Thịt trâu" in words
    assert numbers() == ["", "", "", ""]
    typed = of(given, "1/GCN", "2/GCN", "3/GCN", "4/GCN") | {"column": ""}
    # What was changed after the look is looked at once more.
    other = client.post(page, typed | {f"n-{given[0].pk}": "9/GCN"} | seal(answer))
    assert (other.status_code, numbers()) == (200, ["", "", "", ""])
    for _again in "12":
        client.post(page, typed | seal(answer))
        assert numbers() == ["1/GCN", "2/GCN", "3/GCN", "4/GCN"]
    for each in given:
        (entry,) = each.dossier.history.filter(event="dossier.number_certificate")
        assert (entry.actor, entry.role) == (clerk, Role.CLERK)
        assert entry.data["records"] == [["certificatenumber", each.numbers.get().pk]]
    assert "Không có giấy chứng nhận nào chờ số." in shown(client.get(LIST).content.decode())
    # A single one is corrected, with the reason.
    page = client.get(page).content.decode()
    (link,) = set(re.findall(rf'/dossiers/{given[0].dossier_id}/acts/correct_number/[^"]+', page))
    form = client.get(link).context["form"]
    names = {name: part.add_prefix(name) for part in form.parts for name in part.fields}
    told = {names["number"]: "7/GCN", names["replaces"]: given[0].numbers.get().pk}
    without = client.post(link, told)
    assert (without.status_code, numbers()[0]) == (200, "1/GCN")
    same = client.post(link, told | {names["reason"]: "Thử", names["number"]: "1/GCN"})
    assert "Chưa có nội dung nào khác" in shown(same.content.decode())
    assert client.post(link, told | {names["reason"]: "Gõ nhầm"}).status_code == 302
    assert numbers() == ["7/GCN", "2/GCN", "3/GCN", "4/GCN"]


#: What is typed in the four rows -> the row where it is told, and what is said there.
WRONG = {
    "twice": (("1/GCN", "01/gcn", "", ""), 1, "đã nhập cho «Chè Shan» ở một dòng khác"),
    "of another": (("", "77/GCN", "", ""), 1, "đã cấp cho «Rượu» trong năm này"),
    "too long": (("", "", "1" * 61, ""), 2, "Dài quá 60 ký tự"),
    "control": (("", "", "", "1\x07/GCN"), 3, "Số, ký hiệu chỉ gồm chữ, số"),
    "NUL": (("", "", "", "1\x00/GCN"), 3, ""),
    "no figure": (("GCN", "", "", ""), 0, "phải có chữ số"),
    "a sign": (("/", "", "", ""), 0, "phải"),
    "revoked": (("1/GCN", "2/GCN", "3/GCN", "4/GCN"), 3, "Hồ sơ đang ở «Đã thu hồi»"),
    "numbered": (("1/GCN", "2/GCN", "3/GCN", ""), 2, "Đã có số 5/GCN"),
}


def test_each_bad_row_is_named_and_nothing_is_lost_or_half_done(clerk, cycle, commune, an, given):
    client, page = signed_in(clerk), address(given)
    other = stand(open_dossier(cycle, commune, an, name="Rượu"), State.CERTIFIED)
    keep(other, number="77/GCN", stars=3, issuer=commune.parent)
    # A cell that only looks empty, too.
    for empty in ("", "\t", "\u00a0"):
        answer = client.post(page, column("1/GCN", empty, "3/GCN", "4/GCN"))
        assert "Dòng 2 của cột dán không có số." in shown(answer.content.decode())
        assert not seal(answer)
    assert "Bạn chưa nhập số nào." in shown(
        client.post(page, of(given, *4 * [""])).content.decode()
    )
    sure = {}
    for name, (typed, place, said) in WRONG.items():
        if name == "revoked":
            sure = seal(client.post(page, of(given, *typed)))
            stand(given[3].dossier, State.REVOKED)
        if name == "numbered":
            record = records.number(number="5/GCN")
            dossier = given[2].dossier
            doors.act(dossier.process, "number_certificate", by=clerk, record=record)
        # Agreed to before it was so.
        answer = client.post(page, of(given, *typed) | sure)
        form = answer.context["form"]
        field = form[f"n-{given[place].pk}"]
        assert said in str(field.errors) and field.errors, name
        assert [form[f"n-{each.pk}"].value() for each, was in zip(given, typed, strict=True) if was
                ] == [was for was in typed if was], name  # fmt: skip
        there = {each.number for each in Certificate.objects.all()}
        assert there - {"5/GCN"} == {"", "77/GCN"}, name
    # Who was faster: the rest is not entered either, and it is said at the row.
    rest = given[:2]
    typed = {f"n-{each.pk}": f"{place}/GCN" for place, each in enumerate(rest, 1)}
    sure = seal(client.post(page, typed))
    stand(given[1].dossier, State.REVOKED)
    assert client.post(page, typed | sure).status_code == 200
    assert Certificate.objects.get(pk=given[0].pk).number == ""


def test_a_decision_of_more_than_a_form_holds_is_entered_in_several(clerk, given, monkeypatch):
    monkeypatch.setattr("dossiers.forms.numbers.ON_A_FORM", 3)
    client, page = signed_in(clerk), address(given)
    answer = client.get(page)
    assert answer.context["form"].given == given[:3]
    assert "Còn 1 giấy nữa chờ số" in shown(answer.content.decode())
    typed = of(given[:3], "1/GCN", "2/GCN", "3/GCN")
    client.post(page, typed | seal(client.post(page, typed)))
    # Those that have theirs take no place of those that wait.
    assert client.get(page).context["form"].given == given[3:]
    # What was typed for one is kept though it would not be on the form any more.
    assert given[0] in client.post(page, of(given[:1], "9/GCN")).context["form"].given


def test_a_decision_is_called_by_the_rounds_that_judged_not_by_one_given_up(
    clerk, province, thu, cycle, commune, an
):
    regulate(province)
    council = judging.seat(province, thu)
    dossiers = judging.before_council(cycle, commune, an, 1)
    given_up = judging.begin(council, cycle, dossiers, thu)
    given_up.void(by=thu, reason="Sót", document="9/QĐ-UBND ngày 01/11/2026")
    judged = judging.begin(council, cycle, dossiers, thu)
    for number in range(5):
        judging.fill(judged.entries.get(), judging.judge(council, number))
    judging.close(judged, by=thu)
    dossier = stand(dossiers[0], State.CERTIFIED)
    keep(dossier, number="", stars=3, issuer=province, decided_by=decision_of(dossier))
    (row,) = signed_in(clerk).get(LIST).context["decisions"]
    assert (row["waits"], row["rounds"]) == (1, [judged.name])


@pytest.mark.parametrize("many", (1, 3))
def test_the_pages_ask_the_database_little(many, clerk, given, django_assert_num_queries):
    for each in given[many:]:
        stand(each.dossier, State.REVOKED)
    client = signed_in(clerk)
    for page, queries in ((LIST, 5), (address(given), 4)):
        client.get(page)
        with django_assert_num_queries(queries):
            client.get(page)
