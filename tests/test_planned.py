"""The plan of a year for step 1: its rows beside what was done, and as work that waits."""

from datetime import date

import pytest
from django.test import Client

from cycle import clock, written
from cycle.models import Document, HistoryEntry
from dossiers.law.conditions import ConditionNotMet
from dossiers.lists.inbox import Filters, Inbox
from dossiers.models import OutreachEvent, PlannedOutreach, State
from dossiers.office import outreach
from dossiers.walk import doors
from tests.moments import moment
from tests.public_pages import main
from tests.standing import stand
from tests.world import open_dossier, open_task

pytestmark = pytest.mark.django_db

PLAN, NEW = "/outreach/plan/", "/outreach/plan/new/"
BASIS = {
    "number": "15/KH-UBND", "signed_on": "05/01/2026", "body": "UBND xã Nà Tấu",
    "signer": "Lò Văn Chủ", "signer_capacity": "Chủ tịch",
}  # fmt: skip


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def row(cycle, unit, **fields):
    return {
        "cycle": cycle.pk, "org_unit": unit.pk, "kind": "training", "when": "3/2026",
        "title": "Tập huấn viết phương án",
    } | fields  # fmt: skip


def held(cycle, unit, **fields):
    return {
        "cycle": cycle.pk, "org_unit": unit.pk, "kind": "training", "held_on": "10/03/2026",
        "title": "Tập huấn", "attendance": "30", "cost": "0",
    } | fields  # fmt: skip


def test_a_day_or_a_month_is_read_as_people_write_it():
    march = written.Period(date(2026, 3, 1), date(2026, 3, 31))
    for text in ("3/2026", "03-2026", "tháng 3/2026", "Tháng 3.2026", "2026-03", " 3/2026. "):
        assert written.period(text) == march, text
    assert str(march) == "03/2026"
    day = written.Period(date(2026, 3, 5), date(2026, 3, 5))
    assert (written.period("5/3/2026"), str(day)) == (day, "05/03/2026")
    for text, said in (
        ("13/2026", "Tháng 13/2026 không có thật."),
        ("31/2/2026", "Ngày 31/02/2026 không có thật."),
        ("quý I", "Hãy ghi ngày hoặc tháng"),
        ("0000-03", "không có thật"),
    ):
        with pytest.raises(written.NotADay, match=said):
            written.period(text)


@pytest.fixture
def early():
    with clock.at(moment(2026, 2, 1, 9)):
        yield


def test_what_is_planned_stands_beside_what_was_done(early, cycle, commune, an, minh, la, kiem):
    """A row rests on its document, is fulfilled by an event of its kind and year, corrected with a
    reason; a stranger sees nothing.
    """
    client = signed_in(an)
    for wrong, field, said in (
        ({"when": "quý I"}, "when", "Hãy ghi ngày hoặc tháng"),
        ({"when": "3/2030"}, "when", "không thuộc chu trình"),
        ({"when": "3/9999"}, "when", "Năm 9999 không hợp lý"),
        ({"kind": "rumour"}, "kind", "không có trong danh sách"),
        ({"org_unit": commune.parent_id}, "org_unit", "không có trong danh sách"),
        ({"number": "15/KH-UBND"}, "signed_on", "Bạn chưa nhập"),
    ):
        errors = client.post(NEW, row(cycle, commune) | wrong).context["form"].errors
        assert field in errors and said in errors[field][0], wrong
    assert not PlannedOutreach.objects.exists()
    assert client.post(NEW, row(cycle, commune) | BASIS).status_code == 302
    planned = PlannedOutreach.objects.get()
    assert (planned.begins_on, planned.due_on) == (date(2026, 3, 1), date(2026, 3, 31))
    assert [each.commune for each in planned.places.all()] == [commune]
    assert planned.paper.issuer == commune
    # Another row on the same document; without one too.
    page = client.get(f"{NEW}?like={planned.pk}")
    assert page.context["form"]["number"].value() == "15/KH-UBND"
    other = row(cycle, commune, kind="radio", title="Phát thanh", when="20/2/2026")
    client.post(NEW, other | BASIS)
    client.post(NEW, other | {"title": "Phát nữa"})
    assert Document.objects.filter(number="15/KH-UBND").count() == 1
    radio = PlannedOutreach.objects.get(title="Phát thanh")

    page = client.get(f"/outreach/?planned={planned.pk}")
    form = page.context["form"]
    assert [form[name].value() for name in ("planned", "kind", "org_unit")] == [
        planned.pk, "training", commune.pk]  # fmt: skip
    with clock.at(moment(2026, 3, 20, 9)):
        errors = client.post(
            "/outreach/", held(cycle, commune, planned=radio.pk)
        ).context["form"].errors  # fmt: skip
        assert "hình thức «Phát thanh»" in errors["planned"][0]
        client.post("/outreach/", held(cycle, commune, planned=planned.pk))
        event = OutreachEvent.objects.get()
        assert event.planned == planned
        assert "Tập huấn viết phương án" in main(client.get(f"/outreach/{event.pk}/"))
        shown = client.get(PLAN).context["page"].object_list
        assert [(each.title, each.standing) for each in shown] == [
            ("Phát thanh", "late"), ("Phát nữa", "late"), ("Tập huấn viết phương án", "held"),
        ]  # fmt: skip
        late = client.get(f"{PLAN}?standing=late&commune={commune.pk}&kind=radio&cycle=x")
        assert [each.title for each in late.context["page"].object_list] == [
            "Phát thanh", "Phát nữa"]  # fmt: skip
        assert "30 người dự" in main(client.get(f"{PLAN}?standing=held"))

    at = f"{PLAN}{radio.pk}/correct/"
    now = {"kind": "radio", "title": "Phát thanh hai thứ tiếng", "when": "4/2026"}
    assert "Bạn chưa nhập: Lý do" in main(client.post(at, now))
    assert client.post(at, now | {"reason": "Ghi nhầm"}).status_code == 302
    (line,) = HistoryEntry.objects.filter(event="planned.correct")
    assert set(line.data["changed"]) == {"title", "begins_on", "due_on"}
    assert "«20/02/2026» thành «30/04/2026»" in main(client.get(f"{PLAN}{radio.pk}/"))
    at = f"{PLAN}{planned.pk}/paper/"
    shown = client.get(at).context["form"]
    client.post(at, {name: shown[name].value() for name in ("number", "body", "signer_capacity", "seen")}
                | {"signed_on": "06/01/2026", "signer": "Lò Văn Chủ", "reason": "Nhầm ngày"})  # fmt: skip
    assert PlannedOutreach.objects.get(pk=planned.pk).paper.signed_on == date(2026, 1, 6)

    for refused in (planned, radio):
        outreach_of = f"{PLAN}{refused.pk}/"
        client.post(outreach_of, {"reason": "Hết kinh phí"})
    radio.refresh_from_db(), planned.refresh_from_db()
    assert (radio.reason, planned.dropped_at) == ("Hết kinh phí", None)
    with pytest.raises(ConditionNotMet, match="đã bỏ"):
        outreach.drop(radio, by=an, reason="Lần nữa")
    with pytest.raises(ConditionNotMet, match="đã bỏ"):
        outreach.correct(radio, ["title"], by=an, reason="Lần nữa")

    for who, seen, may in ((minh, 200, 200), (kiem, 200, 403), (la, 404, 404)):
        client = signed_in(who)
        pages = [client.get(f"{PLAN}{planned.pk}/{each}").status_code for each in ("", "correct/")]
        assert pages == [seen, may], who
        assert ("Tập huấn viết" in client.get(PLAN).content.decode()) == (seen == 200)
    assert signed_in(kiem).post(f"{PLAN}{planned.pk}/", {"reason": "x"}).status_code == 403
    assert signed_in(kiem).get(NEW).status_code == 403


def test_a_plan_for_many_communes_is_one_row_or_one_for_each(early, cycle, commune, minh, an, la):
    client = signed_in(minh)
    others = list(
        client.get(NEW).context["form"].fields["communes"].queryset.values_list("pk", flat=True)
    )
    assert commune.pk in others and len(others) > 1
    typed = row(cycle, commune.parent)
    assert client.post(NEW, typed | {"communes": [commune.pk]}).status_code == 302
    one = PlannedOutreach.objects.get()
    assert [each.commune for each in one.places.all()] == [commune]
    # The commune sees what is planned for it; whoever holds it tells.
    assert "Tập huấn" in main(signed_in(an).get(f"{PLAN}{one.pk}/"))
    assert signed_in(an).get(f"{PLAN}{one.pk}/correct/").status_code == 403
    client.post(NEW, typed | {"each": "on", "title": "Họp xã", "kind": "meeting"})
    rows = PlannedOutreach.objects.filter(title="Họp xã")
    assert sorted(rows.values_list("org_unit", flat=True)) == sorted(others)
    client.post(NEW, typed | {"title": "Cả tỉnh"})
    assert PlannedOutreach.objects.get(title="Cả tỉnh").places.count() == len(others)
    errors = client.post(NEW, row(cycle, commune) | {"communes": others}).context["form"].errors
    assert "không thuộc địa bàn" in errors["communes"][0]


def test_what_is_not_held_waits_with_who_holds_it_and_is_late_behind_its_day(
    cycle, commune, an, minh, la
):
    """From a fortnight before its month; one rule for inbox and register."""

    def waits(user):
        return [
            row["name"] for row in Inbox(user, Filters()).rows() if row["kind"].name == "campaign"
        ]

    with clock.at(moment(2026, 2, 1, 9)):
        assert signed_in(an).post(NEW, row(cycle, commune)).status_code == 302
        assert waits(an) == []
    planned = PlannedOutreach.objects.get()
    with clock.at(moment(2026, 2, 20, 9)):
        assert (waits(an), waits(minh), waits(la)) == ([planned.title], [], [])
        assert signed_in(an).get(f"/outreach/plan/{planned.pk}/").status_code == 200
    with clock.at(moment(2026, 4, 1, 9)):
        late = Inbox(an, Filters.of({"tab": "overdue"})).rows()
        assert [each["name"] for each in late if each["kind"].name == "campaign"] == [planned.title]
        assert planned.title in signed_in(minh).get("/register/").content.decode()
        OutreachEvent.objects.create(
            cycle=cycle, org_unit=commune, held_on=date(2026, 3, 3), title="Tập huấn",
            kind="training", planned=planned,
        )  # fmt: skip
        assert waits(an) == []


@pytest.mark.parametrize("rows", (1, 3))
def test_the_plan_costs_as_many_queries_however_long(
    early, cycle, commune, an, rows, django_assert_num_queries
):
    client = signed_in(an)
    for n in range(rows):
        client.post(NEW, row(cycle, commune, title=f"Tập huấn {n}") | BASIS)
    client.get(PLAN)
    with django_assert_num_queries(10):
        client.get(PLAN)


def test_a_required_training_comes_before_the_plan_is_approved(early, cycle, commune, an, minh, la):
    """Of its producer by name, of whom the list of attendance names; the task says so and leads
    there. What is no training is never required.
    """
    client = signed_in(an)
    wrong = row(cycle, commune, kind="radio", required="yes")
    assert client.post(NEW, wrong).context["form"].errors["required"] == [
        "Chỉ tập huấn mới bắt buộc được."
    ]
    client.post(NEW, row(cycle, commune, required="yes"))
    planned = PlannedOutreach.objects.get()
    dossier = stand(open_dossier(cycle, commune, an), State.PLAN_CHECKED)
    assert "phải dự trước khi duyệt phương án" in main(client.get(PLAN))

    said = "«Tập huấn viết phương án» (03/2026)"
    assert [str(each) for each in dossier.why_not("approve_plan") if said in str(each)]
    page = signed_in(minh).get(f"/tasks/{open_task(dossier).pk}/")
    assert said in main(page) and f"/outreach/plan/{planned.pk}/" in page.content.decode()
    with pytest.raises(ConditionNotMet, match="Tập huấn viết phương án"):
        doors.complete(open_task(dossier), "approve_plan", by=minh)
    with clock.at(moment(2026, 3, 20, 9)):
        client.post("/outreach/", held(cycle, commune, planned=planned.pk))
        event = OutreachEvent.objects.get()
        assert dossier.trainings_missed() == [planned]
        maker = dossier.product.producer
        for people, missed in (
            ([("Lò Văn Pâng", "Bản Nà Luống", "")], [planned]),
            ([("Lò Văn Pâng", maker.name.upper(), "")], []),
            ([], [planned]),
            ([(maker.representative or maker.name, "", "")], []),
        ):
            outreach.attend(event, people, seen=outreach.attendance_of(event), by=an)
            assert dossier.trainings_missed() == missed, people
        assert not any(said in str(each) for each in dossier.why_not("approve_plan"))
    # Another commune's producers are not asked; nor are they once it is corrected, or dropped.
    outreach.attend(event, [], seen=outreach.attendance_of(event), by=an)
    other = open_dossier(cycle, la.posts()[0].org_unit, la)
    assert (other.trainings_missed(), dossier.trainings_missed()) == ([], [planned])
    now = {"kind": "training", "title": planned.title, "when": "3/2026", "required": ""}
    at = f"{PLAN}{planned.pk}/correct/"
    assert client.post(at, now | {"reason": "Không bắt buộc"}).status_code == 302
    assert dossier.trainings_missed() == []
