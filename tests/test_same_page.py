"""Two people correct one thing from pages shown at the same moment: neither undoes the other.

`PAGES` has every page that is filled with what is recorded and writes over it.
"""

import re
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from cycle import clock
from cycle.models import CHOICES, Cycle, HistoryEntry, LawReading, OfficeContact, Point, User
from dossiers.forms import acts
from dossiers.models import OutreachEvent, Producer, Product
from tests import judging
from tests.absence_pages import TYPED
from tests.ground import kept
from tests.judging import begin, judge
from tests.owning import update_as_owner
from tests.pages import Sent
from tests.standing import stand

pytestmark = pytest.mark.django_db


class Page:
    """An open page of ``user``."""

    def __init__(self, user, address):
        self.client, self.address = Client(), address
        self.client.force_login(user)
        self.read(self.client.get(address))

    def read(self, answer):
        self.data = Sent(answer.content.decode()).data

    def type(self, **fields):
        for name, value in fields.items():
            (at,) = [
                key for key in self.data
                if (key == name or key.endswith(f"-{name}")) and not key.startswith("was-")
            ] or [name]  # fmt: skip
            self.data[at] = value if isinstance(value, list) else [value]
        return self

    def send(self):
        answer = self.client.post(self.address, self.data)
        if answer.status_code == 200:
            self.read(answer)
        return answer


@pytest.fixture
@kept
def event(cycle, commune, an):
    return OutreachEvent.objects.create(
        cycle=cycle,
        org_unit=commune,
        held_on=clock.today(),
        kind="meeting",
        title="Họp bản Nà Luống",
        attendance=119,
        cost=2_000_000,
        recorded_by=an,
    )


@pytest.fixture
@kept
def round_(province, cycle, commune, an, thu):
    judging.regulate(province)
    council = judging.seat(province, thu)
    return begin(council, cycle, judging.before_council(cycle, commune, an, 1), thu)


@pytest.fixture
@kept
def root(db):
    return User.objects.create_superuser("root", password="mật khẩu thử", full_name="Quản Trị")


def details(what):
    act = reverse("dossiers:act", args=[what("dossier").pk, "correct_details"])
    return (what("an"), act, lambda: Producer.objects.get(), "phone", "0912345678", "0987654321",
            "address", "Bản Nà Luống")  # fmt: skip


def names(what):
    stand(what("dossier"), "certified")
    act = reverse("dossiers:act", args=[what("dossier").pk, "correct_names"])
    return (what("minh"), act, lambda: Product.objects.get().producer, "producer_name",
            "Hợp tác xã Nà Tấu", "Hợp tác xã Nà Tấu 2", "product_name", "Mật ong Nà Tấu")  # fmt: skip


def outreach(what):
    act = reverse("dossiers:outreach_one", args=[what("event").pk])
    return (what("an"), act, lambda: OutreachEvent.objects.get(), "attendance", "200", "201",
            "cost", "3.000.000")  # fmt: skip


def meeting(what):
    act = reverse("councils:details", args=[what("round_").pk])
    return (what("thu"), act, lambda: type(what("round_")).objects.get(), "place", "Hội trường A",
            "Hội trường B", "name", "Đợt hai")  # fmt: skip


def contact(what):
    OfficeContact.objects.create(
        name="Văn phòng", phone="02153000000", made_by=what("root"), made_at=clock.now()
    )
    return (what("root"), reverse("dossiers:setup_contact"), OfficeContact.current, "phone",
            "0912345678", "0987654321", "email", "ocop@dienbien.gov.vn")  # fmt: skip


def person(what):
    update_as_owner(User.objects.filter(pk=what("an").pk), email="an@x.vn", phone="02153000000")
    return (what("root"), reverse("dossiers:person_contact", args=[what("an").pk]),
            lambda: User.objects.get(pk=what("an").pk), "phone", "0912345678", "0987654321",
            "email", "an2@dienbien.gov.vn")  # fmt: skip


def year_of(what):
    """2027, opened by Minh; its first batch."""
    sent = {
        "year": "2027", "like": "none", "number": "12/KH-UBND",
        "signed_on": f"{clock.today():%d/%m/%Y}", "body": "UBND tỉnh", "signer": "Lò Văn Minh", "signer_capacity": "Phó Chủ tịch",
        "opened_on": "15/10/2026", "ends_on": "31/12/2027", "rule_set": "",
    }  # fmt: skip
    what("rule_sets")
    client = Client()
    client.force_login(what("minh"))
    assert client.post(reverse("dossiers:cycle_open"), sent).status_code == 302
    year = Cycle.objects.get(year=2027)
    return year, year.batches.first()


def days(what):
    year, _batch = year_of(what)
    return (what("minh"), reverse("dossiers:cycle_days", args=[year.pk]),
            lambda: Cycle.objects.get(pk=year.pk), "ends_on", "31/01/2028", "28/02/2028",
            "opened_on", "10/10/2026")  # fmt: skip


def batch(what):
    year, its = year_of(what)
    return (what("minh"), reverse("dossiers:cycle_batch_edit", args=[year.pk, its.pk]),
            lambda: type(its).objects.get(pk=its.pk), "meets_on", "10/06/2027", "11/06/2027",
            "name", "Đợt đầu năm")  # fmt: skip


def duty(what):
    year, _batch = year_of(what)
    its = year.duties.get(node="check_plan")
    return (what("minh"), reverse("dossiers:cycle_duty", args=[year.pk, its.pk]),
            lambda: type(its).objects.get(pk=its.pk), "working_days", "17", "18",
            "role", "leader")  # fmt: skip


def term(what):
    year, _batch = year_of(what)
    its = year.term_rules.get(code="D1")
    return (what("minh"), reverse("dossiers:cycle_term", args=[year.pk, its.pk]),
            lambda: type(its).objects.get(pk=its.pk), "amount", "12", "13",
            "extension_limit", "4")  # fmt: skip


PAGES = [details, names, outreach, meeting, contact, person, days, batch, duty, term]


def row_says(row, field, value):
    field = field.removeprefix("producer_") if isinstance(row, Producer) else field
    kept = getattr(row, field)
    return (f"{kept:%d/%m/%Y}" if isinstance(kept, date) else f"{kept}") == value


@pytest.mark.parametrize("corrected", PAGES)
def test_what_another_changed_meanwhile_stays(corrected, request):
    by, address, row, first, value, _other, second, said = corrected(request.getfixturevalue)
    one, two = Page(by, address), Page(by, address)
    paper(one, two)
    assert one.type(**{first: value}).send().status_code == 302
    assert two.type(**{second: said}).send().status_code == 302
    assert row_says(row(), first, value)
    entry = HistoryEntry.objects.order_by("pk").last()
    assert first not in str(entry.data.get("changed"))
    # Both are there on the page of today.
    shown = Page(by, address).data
    at = {key.rpartition("-")[2]: told for key, told in shown.items() if "was-" not in key}
    assert (at[first], at[second]) == ([value], [said])


def paper(*pages):
    """The reason, and the number and scan of a document where the page asks for one."""
    for page in pages:
        if "document" in page.data:
            page.type(document="15/VB-UBND ngày 01/11/2026")
        if "/terms/" in page.address:
            page.type(**TYPED)
        if any(key.endswith("reason") for key in page.data):
            page.type(reason="Ghi nhầm")
        if any(key.endswith("paper-number") for key in page.data):
            page.type(number="90/CV", signed_on=f"{clock.today():%d/%m/%Y}", signer="Lò Văn A")
            page.type(signer_capacity="Chủ tịch")
            (at,) = [key for key in page.data if key.endswith("paper-number")]
            page.data[at.removesuffix("number") + "scan_file"] = scan()


def scan():
    return SimpleUploadedFile("cv.pdf", b"%PDF-1.7 x obj %%EOF")


@pytest.mark.parametrize("corrected", PAGES)
def test_who_changes_what_another_changed_is_told_and_decides(corrected, request):
    by, address, row, first, value, other, _second, _said = corrected(request.getfixturevalue)
    one, two = Page(by, address), Page(by, address)
    paper(one, two)
    assert one.type(**{first: value}).send().status_code == 302
    answer = two.type(**{first: other}).send()
    assert answer.status_code == 200
    assert f"thành «{value}»" in answer.content.decode()
    assert row_says(row(), first, value)
    paper(two)
    assert two.send().status_code == 302
    assert row_says(row(), first, other)


def test_a_paper_of_a_round_that_another_recorded_meanwhile_stays(round_, thu):
    address = reverse("councils:documents", args=[round_.pk]) + "?kind=invitation"
    typed = {"signed_on": f"{clock.today():%d/%m/%Y}", "signer": "Trần Công Chủ",
             "signer_capacity": "Chủ tịch hội đồng"}  # fmt: skip
    one, two = Page(thu, address), Page(thu, address)
    assert one.type(number="99/GM-HĐ", **typed).send().status_code == 302
    for _again in range(2):
        answer = two.type(number="100/GM-HĐ", **typed).send()
        assert answer.status_code == 200
        assert "người khác đã ghi Giấy mời họp 99/GM-HĐ" in answer.text
    assert round_.documents.get().number == "99/GM-HĐ"


def test_attendance_that_another_recorded_meanwhile_stays(round_, thu):
    address = reverse("councils:attendance", args=[round_.pk])
    first, second = (judge(round_.council, number).pk for number in (0, 1))
    one, two = Page(thu, address), Page(thu, address)
    for page, absent in ((one, first), (two, second)):
        came = [pk for pk in page.data["present"] if pk != str(absent)]
        assert page.type(present=came, reason="Ghi nhầm").send().status_code == 302
    gone = set(round_.attendances.filter(present=False).values_list("member", flat=True))
    assert gone == {first, second}
    entry = HistoryEntry.objects.filter(event="round.attend").order_by("pk").last()
    assert not {first, second} & set(entry.data["present"])
    assert len(entry.data["present"]) == round_.attendances.filter(present=True).count()


def test_attendance_first_recorded_by_two_asks_the_second(province, cycle, commune, an, thu):
    judging.regulate(province)
    council = judging.seat(province, thu)
    dossiers = judging.before_council(cycle, commune, an, 1)
    round_ = begin(council, cycle, dossiers, thu, everybody=False)
    address = reverse("councils:attendance", args=[round_.pk])
    first, second = (judge(council, number).pk for number in (0, 1))
    one, two = Page(thu, address), Page(thu, address)
    assert one.type(present=[str(first), str(second)]).send().status_code == 302
    answer = two.type(present=[str(second)]).send()
    assert answer.status_code == 200
    assert "người khác vừa ghi khác" in answer.content.decode()
    assert round_.attendances.get(member=first).present
    assert two.type(reason="Ông Chủ vắng").send().status_code == 302
    assert not round_.attendances.get(member=first).present
    assert round_.attendances.get(member=second).present


def test_how_the_law_is_read_that_another_changed_meanwhile_stays(root):
    address = reverse("dossiers:readings")
    points = [point for point in Point if len(CHOICES[point]) > 1][:2]
    one, two = Page(root, address), Page(root, address)
    for page, point in zip((one, two), points, strict=True):
        other = next(key for key in CHOICES[point] if key != LawReading.of(point))
        page.type(**{point: other}, **TYPED)
        assert page.send().status_code == 302
    assert LawReading.objects.count() == 2


def test_a_form_kept_while_the_sign_in_ended_still_says_what_its_page_showed(an, dossier):
    """What was typed becomes what the page shows: what it had shown before is sent along."""
    form = acts.ActForm("correct_details", dossier, an).parts[0]
    names = dict(form.shown)
    typed = QueryDict(mutable=True)
    typed.update(names | {form.add_prefix("phone"): "0912345678"})
    again = acts.ActForm("correct_details", dossier, an, typed=typed).parts[0]
    assert dict(again.shown) == names
    assert again["phone"].value() == "0912345678"


def test_windows_that_another_moved_meanwhile_stay(request):
    year, its = year_of(request.getfixturevalue)
    minh = request.getfixturevalue("minh")
    address = reverse("dossiers:cycle_batch_windows", args=[year.pk, its.pk])
    idea = its.windows.get(step="idea", level="commune")
    last = its.windows.get(step="evaluation", level="province")
    one, two, three = Page(minh, address), Page(minh, address), Page(minh, address)
    paper(one, two, three)
    first, other = (f"{idea.closes_on - timedelta(days=n):%d/%m/%Y}" for n in (1, 2))
    assert one.type(**{"idea-commune-closes_on": first}).send().status_code == 302
    said = f"{last.closes_on - timedelta(days=1):%d/%m/%Y}"
    assert two.type(**{"evaluation-province-closes_on": said}).send().status_code == 302
    idea.refresh_from_db()
    last.refresh_from_db()
    assert (f"{idea.closes_on:%d/%m/%Y}", f"{last.closes_on:%d/%m/%Y}") == (first, said)
    answer = three.type(**{"idea-commune-closes_on": other}).send()
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == ["idea-commune-closes_on"]
    assert three.send().status_code == 302
    idea.refresh_from_db()
    assert f"{idea.closes_on:%d/%m/%Y}" == other


def test_the_windows_proposed_are_not_taken_for_what_is_recorded(request):
    year, its = year_of(request.getfixturevalue)
    minh = request.getfixturevalue("minh")
    address = reverse("dossiers:cycle_batch_windows", args=[year.pk, its.pk])
    was = its.windows.get(step="idea", level="commune").closes_on
    edited = Page(minh, address)
    paper(edited)
    moved = f"{was - timedelta(days=9):%d/%m/%Y}"
    assert edited.type(**{"idea-commune-closes_on": moved}).send().status_code == 302
    plan = Page(minh, address + "?plan=1")
    paper(plan)
    assert plan.send().status_code == 302
    assert its.windows.get(step="idea", level="commune").closes_on == was


def test_windows_are_not_counted_anew_over_what_another_typed(request):
    year, its = year_of(request.getfixturevalue)
    minh = request.getfixturevalue("minh")
    page = Page(minh, reverse("dossiers:cycle_batch_edit", args=[year.pk, its.pk]))
    theirs = Page(minh, reverse("dossiers:cycle_batch_windows", args=[year.pk, its.pk]))
    paper(page, theirs)
    idea = its.windows.get(step="idea", level="commune")
    moved = idea.closes_on - timedelta(days=9)
    theirs.type(**{"idea-commune-closes_on": f"{moved:%d/%m/%Y}"})
    assert theirs.send().status_code == 302
    answer = page.type(name="Đợt đầu năm").send()
    assert list(answer.context["form"].errors) == ["replan"]
    del page.data["replan"]
    assert page.send().status_code == 302
    assert its.windows.get(step="idea", level="commune").closes_on == moved


def test_the_order_that_another_put_meanwhile_is_told(province, cycle, commune, an, thu):
    judging.regulate(province)
    council = judging.seat(province, thu)
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an, 3), thu)
    address = reverse("councils:order", args=[round_.pk])
    a, b, c = round_.entries.order_by("position").values_list("pk", flat=True)
    one, two, idle = Page(thu, address), Page(thu, address), Page(thu, address)
    one.type(**{f"at-{a}": "3", f"at-{b}": "1", f"at-{c}": "2"})
    assert one.send().status_code == 302
    put = [b, c, a]
    assert list(round_.entries.order_by("position").values_list("pk", flat=True)) == put
    assert idle.send().status_code == 302
    assert list(round_.entries.order_by("position").values_list("pk", flat=True)) == put
    answer = two.type(**{f"at-{a}": "2", f"at-{b}": "1"}).send()
    assert answer.status_code == 200
    assert f"at-{c}" in answer.context["form"].errors
    assert list(round_.entries.order_by("position").values_list("pk", flat=True)) == put
    assert two.send().status_code == 302
    assert list(round_.entries.order_by("position").values_list("pk", flat=True)) == [b, a, c]


def test_another_double_since_the_tick_is_asked_about(cycle, commune, an):
    typed = {
        "cycle": cycle.pk, "commune": commune.pk, "producer_name": "Hợp tác xã Nà Tấu",
        "owner_type": "cooperative", "product_name": "Chẩm chéo", "group": "food",
        "case_type": "first",
    }  # fmt: skip
    client = Client()
    client.force_login(an)

    def send(**more):
        return client.post("/dossiers/new/", typed | more)

    def box(answer):
        (found,) = re.findall(r'<input[^>]*name="confirmed"[^>]*>', answer.content.decode())
        return re.search(r'value="([^"]*)"', found)[1], "checked" in found

    assert send().status_code == 302
    seen, _checked = box(send())
    # A second one comes while the page that showed the first is open.
    assert send(confirmed=seen).status_code == 302
    assert Producer.objects.count() == 2
    again = send(confirmed=seen)
    assert "confirmed" in again.context["form"].errors
    both, checked = box(again)
    assert both != seen and not checked
    assert send(confirmed=both).status_code == 302


def test_another_person_of_that_name_since_the_tick_is_asked_about(root, commune):
    typed = {
        "full_name": "Lường Thị Mới", "org_unit": str(commune), "role": "officer",
        "valid_from": f"{clock.today():%d/%m/%Y}", "valid_to": "", "email": "", "phone": "",
    }  # fmt: skip
    client = Client()
    client.force_login(root)

    def send(**more):
        return client.post("/people/new/", typed | more)

    assert send().status_code == 302
    seen = send().context["form"]["another"].field.widget.attrs["value"]
    assert send(another=seen).status_code == 302
    again = send(another=seen)
    assert "another" in again.context["form"].errors
    assert User.objects.filter(full_name="Lường Thị Mới").count() == 2
    both = again.context["form"]["another"].field.widget.attrs["value"]
    assert send(another=both).status_code == 302
