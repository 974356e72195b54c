"""Numbers of certificates come from the clerk's office, many at once, after the decision."""

import re
from datetime import timedelta
from unittest import mock

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from cycle import clock
from cycle.models import OrgUnit, Role, RuleSet
from dossiers.lists import numbers as lists
from dossiers.models import Certificate, CertificateNumber, Process, State
from dossiers.walk import doors
from dossiers.walk import numbers as walk
from notifications import digests
from tests import judging, records
from tests.decision_papers import decision_of
from tests.judging import regulate
from tests.owning import insert_as_owner, update_as_owner
from tests.pages import shown
from tests.public_pages import keep
from tests.standing import stand
from tests.unnumbered import waiting
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


def in_rows(answer):
    return [line["field"].value() for line in answer.context["form"].lines]


#: How the office counts, what it gave already (year, number) -> what is proposed for the next four.
PROPOSED = [
    ("", [(0, "41/GCN")], [""] * 4),
    ("symbol", [], [""] * 4),
    ("symbol", [(0, "090/CN"), (0, "041/GCN")], ["042/GCN", "043/GCN", "044/GCN", "045/GCN"]),
    ("year", [(0, "090/CN"), (0, "041/GCN")], ["091/GCN", "092/GCN", "093/GCN", "094/GCN"]),
    # A new year begins at one.
    ("year", [(-1, "99/GCN-OCOP")], [f"0{n}/GCN-OCOP" for n in (1, 2, 3, 4)]),
]


def test_next_numbers_are_proposed_where_the_office_has_them_proposed(
    clerk, cycle, commune, an, given, province
):
    client, page, day = signed_in(clerk), address(given), given[0].issued_on
    made = stand(open_dossier(cycle, commune, an, name="Rượu"), State.CERTIFIED)
    other = keep(made, number="", stars=3, issuer=province)
    for numbering, before, wanted in PROPOSED:
        with transaction.atomic():
            update_as_owner(OrgUnit.objects.filter(pk=province.pk), numbering=numbering)
            for years, number in before:
                one = keep(
                    stand(open_dossier(cycle, commune, an, name=number), State.CERTIFIED),
                    number="", stars=3, issuer=province,
                    issued_on=day.replace(year=day.year + years),
                )  # fmt: skip
                kept = CertificateNumber(
                    certificate=one, dossier=one.dossier, number=number, issuer=province,
                    year=day.year + years, at=clock.now(),
                )  # fmt: skip
                insert_as_owner(kept)
            answer = client.get(page)
            assert in_rows(answer) == wanted, (numbering, before)
            assert ("do phần mềm đề xuất" in shown(answer.content.decode())) == any(wanted)
            if numbering == "year" and before[0][0] == 0:
                # Somebody else has the first one meanwhile: said, with the next that is free.
                doors.act(
                    made.process, "number_certificate", by=clerk,
                    record=CertificateNumber(certificate=other, number="91/GCN"),
                )  # fmt: skip
                refused = client.post(page, of(given, *wanted))
                words = shown(refused.content.decode())
                assert "đã cấp cho «Rượu» trong năm này. Số tiếp theo còn trống: 95/GCN" in words
                assert in_rows(refused) == wanted and not seal(refused)
                free = of(given, "95/GCN", *wanted[1:])
                assert client.post(page, free | seal(client.post(page, free))).status_code == 302
            transaction.set_rollback(True)


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
    given_up.void(by=thu, reason="Sót", document=judging.paper("9/QĐ-UBND ngày 01/11/2026"))
    judged = judging.begin(council, cycle, dossiers, thu)
    for number in range(5):
        judging.fill(judged.entries.get(), judging.judge(council, number))
    judging.close(judged, by=thu)
    dossier = stand(dossiers[0], State.CERTIFIED)
    keep(dossier, number="", stars=3, issuer=province, decided_by=decision_of(dossier))
    (row,) = signed_in(clerk).get(LIST).context["page"]
    assert (row["waits"], row["rounds"]) == (1, [judged.name])


def test_the_rows_stand_as_the_list_of_the_decision_prints_them(
    clerk, province, thu, cycle, commune, an
):
    regulate(province)
    council = judging.seat(province, thu)
    dossiers = judging.before_council(cycle, commune, an, 3)
    round_ = judging.begin(council, cycle, dossiers[::-1], thu)
    for entry in round_.entries.all():
        for number in range(5):
            judging.fill(entry, judging.judge(council, number))
    judging.close(round_, by=thu)
    paper = decision_of(dossiers[0])
    for each in dossiers:
        decision = paper if each == dossiers[0] else records.signed_paper(scan=None)
        if decision is not paper:
            decision.dossier, decision.at, decision.document = each, clock.now(), paper.document
            decision.save()
        keep(stand(each, State.CERTIFIED), number="", stars=3, issuer=province, decided_by=decision)
    printed = [each.dossier_id for each in round_.entries.order_by("position")]
    # One that left a round before that round had a result stands where it was judged.
    left = judging.begin(council, cycle, judging.before_council(cycle, commune, an, 1), thu)
    entry = round_.entries.get(dossier=printed[0])
    entry.pk, entry.round, entry.position, entry.live = None, left, 9, False
    insert_as_owner(entry)
    for number in range(5):
        judging.fill(left.entries.get(live=True), judging.judge(council, number))
    judging.close(left, by=thu)
    by_name = [each.pk for each in sorted(dossiers, key=lambda each: each.product.sort_key)]
    page = reverse("dossiers:numbers_of", args=[paper.document_id])
    rows = [each.dossier_id for each in signed_in(clerk).get(page).context["form"].given]
    assert (rows, rows == by_name) == (printed, False)


def test_the_letter_names_no_unit_of_what_the_ministry_decided(clerk, cycle, commune, an):
    dossier = stand(open_dossier(cycle, commune, an, name="Chè"), State.CERTIFIED, stars=5)
    paper = records.ministry_paper(scan=None, number="77/QĐ-BNNMT")
    its = paper.of_ledger
    its.outside, its.kind, its.direction = "Bộ Nông nghiệp và Môi trường", "decision", "incoming"
    its.at = paper.at = clock.now()
    its.save()
    paper.dossier, paper.document = dossier, its
    paper.save()
    keep(dossier, number="", stars=5, decided_by=paper)
    now = clock.now()
    text = digests.text_for(clerk, now - timedelta(days=1), now)
    assert "1 giấy chứng nhận chờ số: 77/QĐ-BNNMT\n" in text


def test_a_decision_without_a_number_itself_does_not_wait(clerk, cycle, commune, an):
    """Of a year that is told again: no paper here has the numbers of its certificates."""
    dossier = stand(open_dossier(cycle, commune, an, name="Chè"), State.CERTIFIED)
    with clock.at(clock.now(), replay=True):
        paper = decision_of(dossier, number="Chưa rõ số")
        given = keep(dossier, number="", stars=3, issuer=commune.parent, decided_by=paper)
    client = signed_in(clerk)
    assert not client.get(LIST).context["page"].object_list
    # It may be typed where it is looked for; what is taken back then waits.
    page = reverse("dossiers:numbers_of", args=[paper.document_id])
    typed = {f"n-{given.pk}": "1/GCN"}
    client.post(page, typed | seal(client.post(page, typed)))
    right = client.get(f"{page}correct/").context["form"]["rows"].value()
    typed = {"rows": right, f"n-{given.pk}": "", "reason": "Sót"}
    client.post(f"{page}correct/", typed | seal(client.post(f"{page}correct/", typed)))
    (row,) = client.get(LIST).context["page"]
    assert row["waits"] == 1


def test_numbers_in_the_wrong_rows_are_put_right_with_one_reason(clerk, an, given):
    client, wait = signed_in(clerk), address(given)
    page = f"{wait}correct/"
    assert "Chưa giấy nào của quyết định này có số." in shown(client.get(page).content.decode())
    for each, number in zip(given, ("2/GCN", "1/GCN", "3/GCN", "4/GCN"), strict=True):
        record = records.number(number=number)
        doors.act(each.dossier.process, "number_certificate", by=clerk, record=record)
    assert [signed_in(user).get(page).status_code for user in (an, clerk)] == [404, 200]
    first = {"rows": client.get(page).context["form"]["rows"].value()}
    # A change of places, one taken back, one as it was.
    right = first | of(given, "1/GCN", "2/GCN", "3/GCN", "")
    answer = client.post(page, right)
    assert "Bạn chưa nêu lý do sửa số." in shown(answer.content.decode())
    assert not seal(answer)
    assert "Chưa có số nào khác" in shown(client.post(page, first).content.decode())
    # A column is the same, its empty line too; another length changes nothing.
    short = client.post(page, first | column("1/GCN", "2/GCN") | {"reason": "Dán lệch"})
    assert "Cột có 2 dòng, mà có 4 giấy ở dưới" in shown(short.content.decode())
    pasted = client.post(
        page, first | column("1/GCN", "2/GCN", "3/GCN", "") | {"reason": "Dán lệch"}
    )
    words = shown(pasted.content.decode())
    assert "2/GCN → 1/GCN" in words and "4/GCN → lấy lại, chờ số" in words
    assert "3/GCN →" not in words
    right |= {"reason": "Dán lệch"}
    assert numbers() == ["2/GCN", "1/GCN", "3/GCN", "4/GCN"]
    for _again in "12":
        client.post(page, right | seal(pasted))
        assert numbers() == ["1/GCN", "2/GCN", "3/GCN", ""]
    for each, entries in zip(given, (1, 1, 0, 1), strict=True):
        told = each.dossier.history.filter(event="dossier.correct_number")
        assert [entry.reason for entry in told] == ["Dán lệch"] * entries
    # It waits again, and gets its number as any other.
    assert client.get(wait).context["form"].given == given[3:]
    assert "lấy lại, chờ số" in shown(
        client.get(f"/dossiers/{given[3].dossier_id}/").content.decode()
    )
    typed = {f"n-{given[3].pk}": "5/GCN"}
    client.post(wait, typed | seal(client.post(wait, typed)))
    assert numbers() == ["1/GCN", "2/GCN", "3/GCN", "5/GCN"]
    # What another corrected meanwhile is not put back by a page that shows it otherwise.
    stale = first | of(given, "6/GCN", "1/GCN", "8/GCN", "4/GCN") | {"reason": "Sót"}
    answer = client.post(page, stale)
    form = answer.context["form"]
    assert "vừa được sửa thành «1/GCN»" in str(form[f"n-{given[0].pk}"].errors)
    assert [form[f"n-{each.pk}"].value() for each in given] == [
        "6/GCN", "2/GCN", "8/GCN", "5/GCN",
    ]  # fmt: skip
    # Looked at again it is meant; two rows with one number, and one of another decision are not.
    again = {"rows": form["rows"].value(), "reason": "Sót"}
    twice = client.post(page, again | of(given, "6/GCN", "06/gcn", "3/GCN", "5/GCN"))
    assert "đã nhập cho «Chè Shan» ở một dòng khác" in shown(twice.content.decode())
    typed = again | of(given, "6/GCN", "2/GCN", "3/GCN", "5/GCN")
    client.post(page, typed | seal(client.post(page, typed)))
    assert numbers()[0] == "6/GCN"
    assert not Certificate.objects.number_twice().exists()
    # Who is faster: the database looks when all are in, and the row is named.
    with pytest.raises(IntegrityError), transaction.atomic():
        given[0].numbers.create(
            dossier=given[0].dossier, at=clock.now(), issuer=given[0].issuer,
            year=given[0].issued_on.year, number="2/gcn", replaces=given[0].numbers.last(),
        )  # fmt: skip
    there = list(lists.given(clerk).order_by("dossier__product__sort_key"))
    taken = walk.correct([(there[0], "002/GCN"), (there[2], "")], by=clerk, reason="Sót")
    assert taken == (there[0], "Số 002/GCN đã cấp cho «Gạo» trong năm này.")
    assert numbers() == ["6/GCN", "2/GCN", "3/GCN", "5/GCN"]


@pytest.mark.parametrize("many", (1, 3))
def test_the_pages_ask_the_database_little(many, clerk, given, django_assert_num_queries):
    for each in given[many:]:
        stand(each.dossier, State.REVOKED)
    client = signed_in(clerk)
    for page, queries in ((LIST, 6), (address(given), 5)):
        client.get(page)
        with django_assert_num_queries(queries):
            client.get(page)


@pytest.mark.parametrize("many", (1, 3))
def test_of_many_that_are_entered_each_asks_the_database_little(
    many, clerk, given, django_assert_num_queries
):
    def some():
        of = lists.as_in_annex(lists.given(clerk).filter(pk__in=[each.pk for each in given[:many]]))
        return list(of.select_related("decision__document", "issuer"))

    # Read once a process.
    RuleSet.pinned(given[0].dossier.rule_set_id)
    typed = [(each, f"{each.pk}/GCN") for each in some()]
    with django_assert_num_queries(13 + 7 * many):
        assert walk.enter(typed, by=clerk) is None
    right = [(each, f"{each.pk + 100}/GCN") for each in some()]
    with django_assert_num_queries(13 + 8 * many):
        assert walk.correct(right, by=clerk, reason="Gõ nhầm") is None


def test_what_began_anew_while_many_were_locked_is_refused_and_none_is_numbered(clerk, given):
    """Another's act ended the process and began the next before the dossiers were locked."""
    first, real = given[0], doors.locked

    def begun_meanwhile(rows):
        process = Process.objects.filter(dossier=first.dossier).latest("pk")
        process.pk, process.status, process._state.adding = None, "DONE", True
        process.save(force_insert=True)
        return real(rows)

    of = lists.given(clerk).filter(pk__in=[each.pk for each in given])
    typed = [(each, f"{each.pk}/GCN") for each in of.select_related("issuer")]
    with mock.patch.object(doors, "locked", begun_meanwhile):
        wrong, why = walk.enter(typed, by=clerk)
    assert (wrong.pk, why) == (first.pk, "Hồ sơ vừa thay đổi: hãy tải lại trang.")
    assert not CertificateNumber.objects.filter(certificate__in=of).exists()
