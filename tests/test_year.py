"""The year opens: from the last one or from nothing, planned back, warned, counted, taken back."""

from datetime import date, datetime, time

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from councils import setup
from councils.help import law_in_use
from councils.models import EvaluationRound
from cycle import clock, planning
from cycle.models import (
    Batch,
    Cycle,
    DayOff,
    HistoryEntry,
    OutboxMessage,
    StepWindow,
    User,
    WindowNotice,
)
from cycle.planning import Stage, plan_back
from cycle.steps import Step
from cycle.workdays import Calendar
from dossiers.forms.opening import OutreachForm
from dossiers.law.conditions import ConditionNotMet
from dossiers.lists.missing import Filters, Missing
from dossiers.models import CaseType, Dossier, OutreachEvent, PlanPaper
from dossiers.office import windows
from dossiers.office import year as years
from dossiers.walk.running import running_year
from notifications import audiences
from notifications.letters import context_of
from tests import judging
from tests.absence_pages import TYPED
from tests.absences import of_ledger
from tests.ground import kept
from tests.owning import delete_as_owner, update_as_owner
from tests.pages import tick, yes
from tests.stored import office
from tests.world import open_cycle, open_dossier, person

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 28, 9, 0)


@pytest.fixture(autouse=True)
def _in_november():
    with clock.at(timezone.make_aware(NOW)):
        yield


@pytest.fixture
@kept
def admin(db):
    """The province's administration: it holds no post."""
    return User.objects.create_superuser("quantri", password="mật khẩu thử", full_name="Quản trị")


def asked(**fields):
    """What is typed to open 2027."""
    return {
        "year": "2027",
        "like": "none",
        "number": "12/KH-UBND",
        "signed_on": "20/11/2026",
        "body": "UBND tỉnh Điện Biên",
        "signer": "Lò Văn Minh",
        "signer_capacity": "Phó Chủ tịch",
        "opened_on": "15/10/2026",
        "ends_on": "31/12/2027",
        "rule_set": "",
    } | fields


def opened(client, who, **fields):
    client.force_login(who)
    answer = client.post(reverse("dossiers:cycle_open"), asked(**fields))
    assert answer.status_code == 302, answer.context["form"].errors
    return Cycle.objects.get(year=2027)


@pytest.fixture
def new_year(client, rule_sets, minh):
    """2027, opened from nothing by Minh of the province."""
    return opened(client, minh)


# --- Planned back --------------------------------------------------------------------------------


def test_each_stage_ends_when_all_that_comes_after_it_still_fits():
    made = plan_back(
        [
            Stage("idea", "commune", 5),
            Stage("plan", "commune", 3),
            Stage("evaluation", "commune", 2),
        ],
        Stage("evaluation", "province", 10),
        propose_by=date(2027, 4, 29),
        decide_by=date(2027, 6, 29),
        first=date(2027, 1, 4),
        calendar=Calendar(off={date(2027, 4, 26)}, names={date(2027, 4, 26): "Giỗ Tổ"}),
    )
    assert [(each.stage.step, each.opens_on, each.closes_on) for each in made.fits] == [
        ("idea", date(2027, 1, 4), date(2027, 4, 21)),
        ("plan", date(2027, 1, 11), date(2027, 4, 27)),
        ("evaluation", date(2027, 1, 14), date(2027, 4, 29)),
        ("evaluation", date(2027, 4, 30), date(2027, 6, 29)),
    ]
    assert made.fits[0].counted.skipped[0] == (date(2027, 4, 24), "thứ Bảy")
    assert (date(2027, 4, 26), "Giỗ Tổ") in made.fits[0].counted.skipped
    assert made.begins_by == date(2027, 4, 14)


def test_a_stage_that_would_end_before_the_year_is_too_late():
    made = plan_back(
        [Stage("idea", "commune", 10), Stage("plan", "commune", 20)],
        Stage("evaluation", "province", 10),
        propose_by=date(2027, 1, 20),
        decide_by=date(2027, 3, 1),
        first=date(2027, 1, 4),
        calendar=Calendar(),
    )
    assert [stage.step for stage in made.too_late] == ["idea"]
    assert [each.stage.step for each in made.fits] == ["plan", "evaluation"]


@pytest.mark.parametrize("first", [date(2026, 10, 15), date(2027, 1, 1), date(2027, 3, 1)])
@pytest.mark.parametrize("lengths", [(1, 0, 1), (15, 0, 45), (100, 3, 1), (0, 0, 0)])
def test_planned_windows_are_never_reversed_and_keep_the_order(first, lengths):
    steps = ("idea", "plan", "evaluation")
    stages = [Stage(step, "commune", days) for step, days in zip(steps, lengths, strict=True)]
    made = plan_back(
        stages, Stage("evaluation", "province", 52), propose_by=date(2027, 4, 29),
        decide_by=date(2027, 6, 29), first=first, calendar=Calendar(),
    )  # fmt: skip
    days = [(each.opens_on, each.closes_on) for each in made.fits]
    assert all(first <= opens <= closes for opens, closes in days)
    assert [opens for opens, _c in days] == sorted(opens for opens, _c in days)
    assert [closes for _o, closes in days] == sorted(closes for _o, closes in days)
    assert len(made.fits) + len(made.too_late) == 4


# --- Opened --------------------------------------------------------------------------------------


def test_a_year_opens_from_nothing_with_all_that_the_edition_proposes(new_year, minh):
    edition = new_year.rule_set
    assert edition.edition == "qd26_2026"
    assert new_year.duties.count() == len(edition.content["duties"])
    assert new_year.term_rules.count() == len(edition.content["clocks"])
    assert [(each.name, each.propose_by, each.decide_by) for each in new_year.batches.all()] == [
        ("Đợt 1 năm 2027", date(2027, 4, 29), date(2027, 6, 29)),
        ("Đợt 2 năm 2027", date(2027, 10, 29), date(2027, 12, 29)),
    ]
    paper = new_year.plans.get()
    assert (paper.of_ledger.number, paper.of_ledger.signer, paper.made_by) == (
        "12/KH-UBND",
        "Lò Văn Minh",
        minh,
    )
    entry = HistoryEntry.objects.get(event="cycle.open")
    assert entry.data["document"] == "12/KH-UBND, 20/11/2026, UBND tỉnh Điện Biên"
    assert (entry.role, entry.org_unit.level) == ("officer", "province")


def test_the_windows_of_a_batch_end_with_its_days_and_say_why(new_year):
    first, second = new_year.batches.all()
    days = {(row.step, row.level): (row.opens_on, row.closes_on) for row in first.windows.all()}
    assert days["evaluation", "commune"][1] == date(2027, 4, 29)
    assert days["evaluation", "province"] == (date(2027, 4, 30), date(2027, 6, 29))
    idea = first.windows.get(step="idea", level="commune")
    assert idea.why.startswith("Còn 10 ngày làm việc cho bước sau, tới ")
    # What comes after the last idea of one batch is for the next.
    assert second.windows.get(step="idea", level="commune").opens_on > idea.closes_on
    assert {row.step for row in new_year.step_windows.filter(batch=None)} == {
        "outreach",
        "promotion",
    }


def test_days_off_push_a_window_back(client, rule_sets, minh):
    DayOff.objects.create(day=date(2027, 4, 28), name="Nghỉ bù", document="1/QĐ")
    year = opened(client, minh)
    row = year.batches.first().windows.get(step="implementation")
    assert "không kể 1 ngày nghỉ (Nghỉ bù (1/QĐ))" in row.why
    connection.check_constraints()


def test_a_year_opens_from_the_last_one_with_what_the_province_changed(
    client, cycle, minh, rule_sets
):
    update_as_owner(cycle.duties.filter(node="select_idea"), working_days=7)
    update_as_owner(cycle.term_rules.filter(code="D2.1"), fixed_on=date(2026, 4, 20))
    update_as_owner(cycle.term_rules.filter(code="D1"), warnings=[9])
    Batch.objects.create(
        cycle=cycle, number=1, name="Đợt hè 2026",
        propose_by=date(2026, 5, 15), meets_on=date(2026, 6, 1), decide_by=date(2026, 7, 1),
    )  # fmt: skip
    year = opened(client, minh, like="last")
    assert year.duties.get(node="select_idea").working_days == 7
    assert year.term_rules.get(code="D2.1").fixed_on == date(2027, 4, 20)
    assert year.term_rules.get(code="D1").warnings == [9]
    assert [(each.name, each.propose_by, each.meets_on) for each in year.batches.all()] == [
        ("Đợt hè 2027", date(2027, 5, 15), date(2027, 6, 1))
    ]
    assert HistoryEntry.objects.get(event="cycle.open").data["like"] == cycle.title


def test_the_scan_of_the_plan_is_kept_and_served(client, rule_sets, minh, an, settings, tmp_path):
    scan = SimpleUploadedFile("ke-hoach.pdf", b"%PDF-1.4 test obj %%EOF", "application/pdf")
    year = opened(client, minh, scan=scan)
    paper = year.plans.get()
    assert paper.of_ledger.scan_filename == "ke-hoach.pdf"
    client.force_login(an)
    answer = client.get(reverse("dossiers:plan_scan", args=[paper.pk]))
    assert b"".join(answer.streaming_content) == b"%PDF-1.4 test obj %%EOF"


def test_a_second_click_comes_to_the_same_year(client, new_year):
    answer = client.post(reverse("dossiers:cycle_open"), asked())
    assert answer.url == reverse("dossiers:cycle", args=[new_year.pk])
    assert Cycle.objects.filter(year=2027).count() == 1


def test_two_years_of_one_number_are_refused_at_the_field(client, new_year, admin):
    client.force_login(admin)
    answer = client.post(reverse("dossiers:cycle_open"), asked(body="Sở Nông nghiệp"))
    assert answer.context["form"].errors["year"] == [
        "Năm 2027 đã có chu trình: Chu trình OCOP 2027."
    ]
    assert "Sở Nông nghiệp" in answer.content.decode()
    assert Cycle.objects.filter(year=2027).count() == 1


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("year", "2200", "không hợp lý"),
        ("year", "", "Bạn chưa nhập"),
        ("number", "không số", "phải có chữ số"),
        ("signer", "Minh", "đủ họ và tên"),
        ("signed_on", "1/1/2030", "chưa đến"),
        ("opened_on", "1/1/2025", "trong năm này hoặc năm trước"),
        ("ends_on", "1/1/2026", "trong năm này hoặc năm sau"),
        ("ends_on", "31/12/2028", "18 tháng"),
        ("opened_on", "31/13/2026", ""),
        ("like", "khác", "không có trong danh sách"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    client, rule_sets, minh, field, typed, said
):
    client.force_login(minh)
    answer = client.post(reverse("dossiers:cycle_open"), asked(**{field: typed}))
    assert said in " ".join(answer.context["form"].errors[field])
    assert "UBND tỉnh Điện Biên" in answer.content.decode()
    assert not Cycle.objects.filter(year=2027).exists()


def test_the_plan_of_one_year_opens_no_other(client, new_year, minh):
    """Back shows the form with the old plan still typed and the year after it proposed."""
    days = {"opened_on": "1/1/2028", "ends_on": "31/12/2028", "far": tick(minh, "far", "year 2028")}
    again = asked(year="2028", number="12 / kh-ubnd", body="UBND Tỉnh Điện Biên", **days)
    answer = client.post(reverse("dossiers:cycle_open"), again)
    assert answer.context["form"].errors["number"] == [
        "Chu trình OCOP 2027 đã theo kế hoạch 12/KH-UBND, 20/11/2026, UBND tỉnh Điện Biên: "
        "năm này cần kế hoạch riêng."
    ]
    assert not Cycle.objects.filter(year=2028).exists()


def test_a_year_far_off_is_asked_about_once_more(client, new_year):
    address = reverse("dossiers:cycle_open")
    said = "Năm 2028 không phải năm nay (2026) hay năm sau (2027)"
    assert said in client.get(address).content.decode()
    typed = asked(
        year="2028", number="13/KH-UBND", opened_on="1/1/2028", ends_on="31/12/2028"
    )  # fmt: skip
    answer = client.post(address, typed)
    assert said in answer.context["form"].errors["year"][0]
    assert not Cycle.objects.filter(year=2028).exists()
    # The tick is for the year that it was given to.
    later = {"year": "2029", "opened_on": "1/1/2029", "ends_on": "31/12/2029"}
    yes_to = yes(answer, "far")
    assert client.post(address, typed | later | yes_to).status_code == 200
    assert client.post(address, typed | yes_to).status_code == 302
    assert Cycle.objects.filter(year=2028).exists()


def test_a_scan_is_a_pdf_or_an_image(client, rule_sets, minh):
    client.force_login(minh)
    scan = SimpleUploadedFile("ke-hoach.docx", office(), "application/msword")
    answer = client.post(reverse("dossiers:cycle_open"), asked(scan=scan))
    assert answer.context["form"].errors["scan"] == ["Bản chụp phải là tệp PDF hoặc ảnh JPG, PNG."]
    assert not Cycle.objects.exists()


def test_who_opens_a_year_too_late_for_a_step_is_told_which(client, rule_sets, minh, an):
    year = opened(client, minh, opened_on="22/2/2027")
    first, second = year.batches.all()
    said = years.cramped(year, [first, second], year.step_windows.all())
    assert any(each.endswith("không còn kịp trong đợt này.") for each in said[first.pk])
    # No window is shorter than its work, and none has a single day, without a word.
    stages, judging = years.stages_of(year, "province")
    windows = {(row.step, row.level): row for row in first.windows.all()}
    for stage in [*stages, judging]:
        row = windows.get((stage.step, stage.level))
        label = str(Step(stage.step).label)
        if row is None or row.opens_on == row.closes_on:
            assert any(each.startswith(label) for each in said[first.pk]), label
    for address in (
        reverse("dossiers:cycle", args=[year.pk]),
        reverse("dossiers:cycle_batch", args=[year.pk, first.pk]),
    ):
        client.force_login(minh)
        page = client.get(address).content.decode()
        assert all(each in page for each in said[first.pk])
        client.force_login(an)
        assert "thiếu thời gian cho các bước" not in client.get(address).content.decode()


@pytest.mark.parametrize(
    ("days", "closes", "told"),
    [(5, 8, None), (5, 7, (4, 5)), (0, 4, (1, 2)), (0, 5, None), (1, 4, None), (1, 3, (0, 1))],
)
def test_a_window_shorter_than_its_work_lacks_days(days, closes, told):
    stage = Stage("plan", "commune", days)
    opens = date(2027, 1, 4) if closes >= 4 else date(2027, 1, 3)
    assert planning.lacks(stage, opens, date(2027, 1, closes), Calendar()) == told


# --- Who may -------------------------------------------------------------------------------------

PAGES = ("cycle_days", "cycle_take_back", "cycle_windows", "cycle_batch_new")


def test_the_office_and_the_administration_keep_the_year(client, new_year, admin, minh):
    for who in (admin, minh):
        client.force_login(who)
        for name in PAGES:
            assert client.get(reverse(f"dossiers:{name}", args=[new_year.pk])).status_code == 200


def test_a_commune_reads_the_year_and_changes_nothing(client, new_year, an):
    client.force_login(an)
    page = client.get(reverse("dossiers:cycle", args=[new_year.pk]))
    assert page.status_code == 200 and "Mở nhầm" not in page.content.decode()
    assert client.get(reverse("dossiers:cycle_duties", args=[new_year.pk])).status_code == 200
    for name in PAGES:
        assert client.get(reverse(f"dossiers:{name}", args=[new_year.pk])).status_code == 404
        assert client.post(reverse(f"dossiers:{name}", args=[new_year.pk])).status_code == 404
    assert client.get(reverse("dossiers:cycle_open")).status_code == 404
    with pytest.raises(PermissionDenied):
        years.take_back(new_year, reason="Nhầm", by=an)
    with pytest.raises(PermissionDenied):
        years.configure(new_year, {"ends_on": date(2028, 1, 1)}, years.Change("x"), by=an)


def test_a_stranger_gets_404(client, new_year):
    client.force_login(person("la_hoac", "Người lạ"))
    for address in (
        reverse("dossiers:cycles"),
        reverse("dossiers:cycle", args=[new_year.pk]),
        reverse("dossiers:cycle_batch", args=[new_year.pk, new_year.batches.first().pk]),
    ):
        assert client.get(address).status_code == 404


# --- Changed on record ---------------------------------------------------------------------------

ON_PAPER = {"reason": "Theo yêu cầu của huyện", "document": "15/KH-UBND ngày 1/11/2026"}


def test_a_duty_is_changed_with_its_paper(client, new_year):
    duty = new_year.duties.get(node="select_idea")
    address = reverse("dossiers:cycle_duty", args=[new_year.pk, duty.pk])
    said = {"level": "province", "role": "officer", "working_days": "12"}
    refused = client.post(address, said | {"reason": "", "document": "abc", "working_days": "400"})
    assert set(refused.context["form"].errors) == {"reason", "document", "working_days"}
    client.post(address, said | ON_PAPER)
    duty.refresh_from_db()
    assert duty.working_days == 12
    entry = HistoryEntry.objects.get(event="cycle.configure")
    assert entry.data["document"] == ON_PAPER["document"]
    assert [(each["before"], each["after"]) for each in entry.data["changed"]] == [("10", "12")]
    # What changes nothing leaves no line.
    client.post(address, said | ON_PAPER)
    assert HistoryEntry.objects.filter(event="cycle.configure").count() == 1


def test_what_is_signed_stays_with_a_leader(client, new_year):
    duty = new_year.duties.get(node="sign_report")
    address = reverse("dossiers:cycle_duty", args=[new_year.pk, duty.pk])
    answer = client.post(
        address, {"level": "commune", "role": "officer", "working_days": "5"} | ON_PAPER
    )
    assert answer.context["form"].errors["role"] == ["Việc này là ký: chỉ giao cho lãnh đạo."]


def test_a_term_is_changed_with_its_paper(client, new_year):
    term = new_year.term_rules.get(code="D1")
    address = reverse("dossiers:cycle_term", args=[new_year.pk, term.pk])
    said = {"amount": "12", "warnings": "5, 3", "extension_limit": "5", "reason": "Tỉnh quy định"}
    wrong = client.post(address, said | TYPED | {"warnings": "ba ngày"})
    assert "cách nhau bằng dấu phẩy" in wrong.context["form"].errors["warnings"][0]
    assert set(client.post(address, said).context["form"].errors) == set(TYPED)
    client.post(address, said | TYPED)
    term.refresh_from_db()
    assert (term.amount, term.warnings, str(term.paper)) == (12, [5, 3], "15/QĐ-UBND (02/11/2026)")
    entry = HistoryEntry.objects.filter(event="cycle.configure").latest("pk")
    assert (entry.ledger, entry.data["document"]) == (term.basis_id, str(term.paper))
    at = reverse("dossiers:cycle_term_correct", args=[new_year.pk, term.pk])
    wrong = {"signer": "Giàng A Chu", "reason": "Nhầm", "seen": term.basis_id}
    assert client.post(at, TYPED | wrong).status_code == 302
    assert new_year.term_rules.get(code="D1").paper.signer == "Giàng A Chu"
    # Its page, and the clerk's register, name one another.
    assert (
        str(term.paper)
        in client.get(reverse("dossiers:cycle_duties", args=[new_year.pk])).content.decode()
    )
    assert str(term) in client.get("/documents/?q=15/QĐ").content.decode()


def test_the_document_of_a_plan_is_corrected_where_it_is_shown(client, new_year, rule_sets, an):
    plan, other = new_year.plans.get(), open_cycle(rule_sets["qd26_2026"], new_year.year + 1)
    page, at = (
        reverse(name, args=[pk])
        for name, pk in (("dossiers:cycle", new_year.pk), ("dossiers:plan_correct", plan.pk))
    )
    assert at in client.get(page).content.decode()
    its = plan.of_ledger
    typed = {name: getattr(its, name) for name in ("number", "body", "signer", "signer_capacity")}
    typed |= {"signed_on": f"{its.signed_on:%d/%m/%Y}", "reason": "Gõ nhầm", "seen": its.pk}
    typed["signer_capacity"] = typed["signer_capacity"] or "Chủ tịch"
    # Each year has a plan of its own.
    taken = of_ledger("77/KH-UBND", its.issuer)
    PlanPaper.objects.create(
        cycle=other, document=taken, made_by=plan.made_by, made_at=plan.made_at
    )
    refused = client.post(at, typed | {"number": "77/KH-UBND"})
    assert "cần kế hoạch riêng" in refused.context["form"].errors["number"][0]
    assert client.post(at, typed | {"number": "78/KH-UBND"}).status_code == 302
    assert new_year.plans.get().of_ledger.number == "78/KH-UBND"
    assert "78/KH-UBND" in client.get(page).content.decode()
    # The clerk's register names the year.
    assert str(new_year) in client.get("/documents/?q=78/KH").content.decode()
    client.force_login(an)
    assert client.get(at).status_code == 404


def typed_windows(batch, **changed):
    """The form of the windows of a batch as it is shown, with some days changed."""
    said = {}
    for row in batch.windows.all():
        key = f"{row.step}-{row.level}"
        said |= {
            f"{key}-opens_on": f"{row.opens_on:%d/%m/%Y}",
            f"{key}-closes_on": f"{row.closes_on:%d/%m/%Y}",
            f"{key}-warn_days": str(row.warn_days),
        }
    return said | ON_PAPER | {key.replace("__", "-"): value for key, value in changed.items()}


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"idea-commune-opens_on": "1/1/2026"}, "idea-commune-opens_on", "ngoài chu trình"),
        ({"evaluation-commune-closes_on": "1/1/2028"}, "evaluation-commune-closes_on",
         "ngoài chu trình"),
        ({"idea-commune-closes_on": "16/10/2026", "idea-commune-opens_on": "17/10/2026"},
         "idea-commune-closes_on", "sau ngày bắt đầu"),
        ({"plan-commune-closes_on": "20/10/2026", "plan-commune-opens_on": "20/10/2026"},
         "plan-commune-closes_on", "Không trước ngày của bước"),
        ({"idea-commune-closes_on": ""}, "idea-commune-closes_on", "cả hai ngày"),
        ({"idea-commune-warn_days": "500"}, "idea-commune-warn_days", "90"),
        ({"idea-commune-closes_on": "hôm qua"}, "idea-commune-closes_on", ""),
    ],
)  # fmt: skip
def test_a_window_is_refused_at_its_field(client, new_year, changed, field, said):
    batch = new_year.batches.first()
    address = reverse("dossiers:cycle_batch_windows", args=[new_year.pk, batch.pk])
    answer = client.post(address, typed_windows(batch, **changed))
    assert said in " ".join(answer.context["form"].errors[field])
    assert not HistoryEntry.objects.filter(event="cycle.configure").exists()


def test_a_window_is_moved_added_and_taken_away(client, new_year):
    batch = new_year.batches.first()
    address = reverse("dossiers:cycle_batch_windows", args=[new_year.pk, batch.pk])
    client.post(address, typed_windows(batch, **{"idea-commune-closes_on": "30/11/2026"}))
    idea = batch.windows.get(step="idea", level="commune")
    assert (idea.closes_on, idea.why) == (date(2026, 11, 30), ON_PAPER["reason"])
    gone = {"idea-province-opens_on": "", "idea-province-closes_on": ""}
    client.post(address, typed_windows(batch, **gone))
    assert not batch.windows.filter(step="idea", level="province").exists()
    back = {"idea-province-opens_on": "1/11/2026", "idea-province-closes_on": "5/12/2026"}
    client.post(address, typed_windows(batch, **back | {"idea-province-warn_days": "3"}))
    assert batch.windows.get(step="idea", level="province").warn_days == 3
    assert HistoryEntry.objects.filter(event="cycle.configure").count() == 3


def test_the_plan_counted_back_is_shown_before_it_is_saved(client, new_year):
    batch = new_year.batches.first()
    before = list(batch.windows.values_list("pk", "opens_on", "closes_on"))
    address = reverse("dossiers:cycle_batch_windows", args=[new_year.pk, batch.pk])
    page = client.get(address, {"plan": "1"}).content.decode()
    assert "Đây là đề nghị tính ngược" in page and "Hạn nộp hồ sơ của đợt." in page
    assert list(batch.windows.values_list("pk", "opens_on", "closes_on")) == before


def test_moving_the_year_over_its_windows_is_refused(client, new_year):
    address = reverse("dossiers:cycle_days", args=[new_year.pk])
    said = {"opened_on": "1/3/2027", "ends_on": "31/12/2027"} | ON_PAPER
    answer = client.post(address, said)
    assert "sẽ nằm ngoài chu trình" in answer.context["form"].errors["opened_on"][0]
    client.post(address, said | {"opened_on": "1/10/2026"})
    new_year.refresh_from_db()
    assert new_year.opened_on == date(2026, 10, 1)


def batch_typed(**fields):
    return {
        "name": "Đợt 3", "number_in_year": "3", "level": "province", "propose_by": "30/7/2027",
        "meets_on": "20/8/2027", "decide_by": "15/9/2027", "replan": "on",
        "reason": "Thêm đợt theo quy chế",
    } | fields  # fmt: skip


def test_a_batch_is_added_with_its_plan_and_its_windows(client, new_year, province):
    judging.regulate(province, batches=3)
    address = reverse("dossiers:cycle_batch_new", args=[new_year.pk])
    paper = {"number": "30/KH-UBND", "signed_on": "25/11/2026", "body": "UBND tỉnh",
             "signer": "Lò Văn Minh", "signer_capacity": "Phó Chủ tịch"}  # fmt: skip
    client.post(address, batch_typed(**paper))
    made = new_year.batches.get(number=3)
    assert made.windows.get(step="evaluation", level="commune").closes_on == date(2027, 7, 30)
    assert made.plans.get().of_ledger.number == "30/KH-UBND"
    assert HistoryEntry.objects.get(event="cycle.batch").data["batch"] == made.pk
    page = client.get(reverse("dossiers:cycle_batch", args=[new_year.pk, made.pk]))
    assert "30/KH-UBND" in page.content.decode()


def test_a_batch_that_moves_takes_its_windows_along(client, new_year):
    made = new_year.batches.first()
    address = reverse("dossiers:cycle_batch_edit", args=[new_year.pk, made.pk])
    said = batch_typed(
        name="Đợt 1", number_in_year="1", propose_by="15/4/2027", meets_on="", decide_by="29/6/2027"
    )
    # On a document only.
    assert "văn bản" in client.post(address, said).context["form"].errors["number"][0]
    made.refresh_from_db()
    assert made.propose_by == date(2027, 4, 29)
    paper = {"number": "30/KH-UBND", "signed_on": "25/11/2026", "body": "UBND tỉnh",
             "signer": "Lò Văn Minh", "signer_capacity": "Phó Chủ tịch"}  # fmt: skip
    client.post(address, said | paper)
    made.refresh_from_db()
    assert made.propose_by == date(2027, 4, 15)
    assert made.windows.get(step="evaluation", level="commune").closes_on == date(2027, 4, 15)


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("decide_by", "30/7/2027", "Phải sau"),
        ("meets_on", "1/7/2027", "Phải sau"),
        ("meets_on", "20/12/2027", "Không sau"),
        ("propose_by", "1/1/2026", "ngoài chu trình"),
        ("number_in_year", "1", "Đã có đợt"),
        ("number", "30/KH-UBND", None),
    ],
)
def test_a_batch_is_refused_at_its_field(client, new_year, field, typed, said):
    address = reverse("dossiers:cycle_batch_new", args=[new_year.pk])
    errors = client.post(address, batch_typed(**{field: typed})).context["form"].errors
    if said is None:
        assert set(errors) == {"signed_on", "body", "signer", "signer_capacity"}
    else:
        assert said in errors[field][0]
    assert new_year.batches.count() == 2


# --- Told and counted ----------------------------------------------------------------------------


def at(day, hour=8):
    return timezone.make_aware(datetime.combine(day, time(hour)))


@pytest.fixture
def idea_window(new_year):
    """Ideas of the first batch at the commune, until 10/12/2026."""
    row = new_year.batches.first().windows.get(step="idea", level="commune")
    update_as_owner(StepWindow.objects.filter(pk=row.pk), closes_on=date(2026, 12, 10))
    row.refresh_from_db()
    return row


def test_a_window_is_warned_of_once_to_who_works_in_it(idea_window, an, la, binh, minh):
    update_as_owner(StepWindow.objects.exclude(pk=idea_window.pk), warn_days=0)
    connection.check_constraints()
    assert windows.tell_windows(at(date(2026, 12, 2))) == 0
    for _beat in range(3):
        windows.tell_windows(at(date(2026, 12, 3)))
    entry = HistoryEntry.objects.get(event="cycle.window_closing")
    assert OutboxMessage.objects.filter(entry=entry).count() == 1
    assert audiences.of(entry) == {an.pk, la.pk}
    assert context_of(entry, an)["path"] == f"/cycles/{idea_window.cycle_id}/"
    # Moved to another day it is told of again, for that day.
    update_as_owner(StepWindow.objects.filter(pk=idea_window.pk), closes_on=date(2026, 12, 11))
    windows.tell_windows(at(date(2026, 12, 5)))
    assert WindowNotice.objects.filter(window=idea_window, kind="closing").count() == 2


def test_who_was_not_through_is_counted_by_unit_when_it_has_closed(
    client, idea_window, an, la, commune, other_commune, minh
):
    year = idea_window.cycle
    for name in ("Mật ong", "Chè"):
        open_dossier(year, commune, an, name=name)
    open_dossier(year, other_commune, la, name="Gạo")
    again = open_dossier(year, commune, an, name="Đã có sao", case_type=CaseType.REEVALUATION)
    with clock.at(at(date(2026, 12, 11))):
        open_dossier(year, commune, an, name="Sau hạn")
        windows.tell_windows()
        windows.tell_windows()
    notice = WindowNotice.objects.get(window=idea_window, kind="closed")
    assert [(row["unit"], row["count"]) for row in notice.late] == [
        (commune.pk, 2),
        (other_commune.pk, 1),
    ]
    assert again.case_type == CaseType.REEVALUATION
    entry = HistoryEntry.objects.get(event="cycle.window_closed", data__window=idea_window.pk)
    assert {an.pk, la.pk, minh.pk} <= audiences.of(entry)
    page = client.get(reverse("dossiers:cycle", args=[year.pk])).content.decode()
    assert "Hồ sơ chưa qua" in page and f"{commune.name} (2)" in " ".join(page.split())


def test_nobody_hears_of_a_window_in_which_all_were_through(idea_window):
    windows.tell_windows(at(date(2026, 12, 11)))
    entry = HistoryEntry.objects.get(event="cycle.window_closed", data__window=idea_window.pk)
    assert entry.data["late"] == [] and audiences.of(entry) == set()


def test_years_of_before_and_windows_long_over_are_not_told(cycle, idea_window):
    """The months of an edition are no days that anybody planned."""
    assert cycle.ends_on is None
    with clock.at(at(date(2027, 12, 30))):
        windows.tell_windows()
    assert not WindowNotice.objects.filter(window__cycle=cycle).exists()
    assert not WindowNotice.objects.filter(window=idea_window).exists()


def test_a_batch_has_the_dossiers_that_were_proposed_in_its_days(
    client, new_year, commune, an, minh
):
    first, second = new_year.batches.all()
    made = {}
    for name, day in (("Một", date(2027, 4, 29)), ("Hai", date(2027, 4, 30))):
        made[name] = open_dossier(new_year, commune, an, name=name)
        with transaction.atomic():
            HistoryEntry.objects.record(
                "dossier.forward_to_province",
                made[name],
                by=an,
                at=at(day, 23),
                after="at_province",
            )
    everything = Dossier.objects.all()
    assert [each.product.name for each in years.dossiers_of(first, everything)] == ["Một"]
    assert [each.product.name for each in years.dossiers_of(second, everything)] == ["Hai"]
    client.force_login(minh)
    page = reverse("dossiers:cycle_batch", args=[new_year.pk, first.pk])
    export = reverse("dossiers:export_of", args=["batch", first.pk])
    assert f'action="{export}"' in client.get(page).content.decode()
    answer = client.post(export, {"format": "csv", "column": ["product"]})
    assert "".join(line.decode("utf-8-sig") for line in answer).split() == ["Sản", "phẩm", "Một"]
    assert client.get(export).headers["Location"] == page
    client.force_login(person("la", "Người lạ"))
    assert client.post(export, {"format": "csv"}).status_code == 404
    update_as_owner(Dossier.objects.filter(pk=made["Một"].pk), case_type=CaseType.REEVALUATION)
    assert not years.dossiers_of(first, everything).exists()


# --- Taken back ----------------------------------------------------------------------------------


def test_a_year_opened_by_mistake_is_taken_back_and_opened_again(client, new_year, minh):
    address = reverse("dossiers:cycle_take_back", args=[new_year.pk])
    assert client.post(address, {"reason": ""}).context["form"].errors["reason"]
    client.post(address, {"reason": "Nhầm năm"})
    assert not Cycle.objects.filter(pk=new_year.pk).exists()
    gone = Cycle.everything.get(pk=new_year.pk)
    assert gone.void and gone.closed_on == date(2026, 11, 28)
    assert HistoryEntry.objects.get(event="cycle.take_back").reason == "Nhầm năm"
    assert client.get(reverse("dossiers:cycle", args=[gone.pk])).status_code == 404
    assert opened(client, minh).pk != gone.pk


def test_a_year_with_a_dossier_is_not_taken_back(client, new_year, commune, an):
    open_dossier(new_year, commune, an)
    address = reverse("dossiers:cycle_take_back", args=[new_year.pk])
    answer = client.post(address, {"reason": "Nhầm"})
    assert "đã có hồ sơ" in str(answer.context["form"].non_field_errors())
    assert not Cycle.everything.get(pk=new_year.pk).void


# --- Pages ---------------------------------------------------------------------------------------


def test_the_list_says_so_while_there_is_no_year(client, rule_sets, minh, an):
    for who, said in ((minh, "Hãy mở chu trình"), (an, "Văn phòng cấp tỉnh mở")):
        client.force_login(who)
        assert said in client.get(reverse("dossiers:cycles")).content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_of_years_costs_the_same(client, rule_sets, minh, rows, django_assert_num_queries):
    for number in range(rows):
        open_cycle(rule_sets["qd26_2026"], 2020 + number)
    client.force_login(minh)
    client.get(reverse("dossiers:cycles"))
    with django_assert_num_queries(LIST):
        client.get(reverse("dossiers:cycles"))


@pytest.mark.parametrize("rows", [1, 3])
def test_a_year_costs_the_same_however_many_batches(
    client, new_year, province, rows, django_assert_num_queries
):
    judging.regulate(province, batches=3)
    keep = list(new_year.batches.all())[: min(rows, 2)]
    for number in range(3, rows + 1):
        client.post(
            reverse("dossiers:cycle_batch_new", args=[new_year.pk]),
            batch_typed(
                number_in_year=str(number),
                number="30/KH-UBND",
                signed_on="25/11/2026",
                body="UBND tỉnh",
                signer="Lò Văn Minh",
                signer_capacity="Phó Chủ tịch",
            ),
        )
    if rows == 1:
        gone = new_year.batches.exclude(pk=keep[0].pk)
        delete_as_owner(StepWindow.objects.filter(batch__in=gone))
        delete_as_owner(gone)
    assert new_year.batches.count() == rows
    client.get(reverse("dossiers:cycles"))
    with django_assert_num_queries(YEAR):
        client.get(reverse("dossiers:cycle", args=[new_year.pk]))


@pytest.mark.parametrize("rows", [1, 3])
def test_a_batch_costs_the_same_however_many_dossiers(
    client, new_year, commune, an, rows, django_assert_num_queries
):
    batch = new_year.batches.first()
    for number in range(rows):
        made = open_dossier(new_year, commune, an, name=f"Mật ong {number}")
        with transaction.atomic():
            HistoryEntry.objects.record(
                "dossier.forward_to_province", made, by=an, at=at(date(2026, 11, 27))
            )
    client.get(reverse("dossiers:cycles"))
    with django_assert_num_queries(BATCH):
        page = client.get(reverse("dossiers:cycle_batch", args=[new_year.pk, batch.pk]))
    assert f"Mật ong {rows - 1}" in page.content.decode()


def test_the_duties_say_who_is_missing_where(client, new_year, an, commune, other_commune):
    page = " ".join(
        client.get(reverse("dossiers:cycle_duties", args=[new_year.pk])).content.decode().split()
    )
    assert "Cán bộ OCOP, cấp xã: thiếu ở 1 trên 3 đơn vị" in page
    assert other_commune.name in page


LIST, YEAR, BATCH = 6, 19, 13


def test_the_stages_take_what_the_duties_say(new_year):
    stages, judging = years.stages_of(new_year, "province")
    assert stages[0] == planning.Stage("idea", "commune", 15)
    assert judging == planning.Stage("evaluation", "province", 52)
    assert planning.Stage("implementation", "commune", 0) in stages


# --- A rehearsal is never taken for the year ------------------------------------------------------


def test_what_takes_the_newest_open_year_takes_no_rehearsal(rule_sets, minh):
    year = open_cycle(rule_sets["qd26_2026"], 2026)
    beside = {"rule_set": year.rule_set, "opened_on": year.opened_on, "beside": True}
    other = Cycle.objects.create(year=2026, title="A: tập dượt", **beside)
    rehearsal = Cycle.objects.create(year=2027, title="Tập dượt 2027", **beside)
    rehearsal.adopt(year.rule_set)
    takes = {
        "the record": lambda: Cycle.to_record_in().pk,
        "running dossiers": lambda: running_year().pk,
        "what is missing": lambda: Missing(minh, Filters()).cycle,
        "the help": lambda: law_in_use.years(clock.today())[0].cycle.pk,
    }
    assert {name: take() for name, take in takes.items()} == dict.fromkeys(takes, year.pk)
    # Where nothing else is open, the rehearsal is what is meant.
    update_as_owner(Cycle.objects.filter(pk__in=(year.pk, other.pk)), closed_on=date(2026, 11, 1))
    assert {name: take() for name, take in takes.items()} == dict.fromkeys(takes, rehearsal.pk)


def _takes(minh):
    return {
        "the record": lambda: Cycle.to_record_in().pk,
        "running dossiers": lambda: running_year().pk,
        "what is missing": lambda: Missing(minh, Filters()).cycle,
        "the help": lambda: law_in_use.years(clock.today())[0].cycle.pk,
        "the setup": lambda: Cycle.objects.current(clock.today()).pk,
    }


@pytest.mark.parametrize("begins", [date(2026, 10, 15), date(2027, 1, 1)])
def test_a_year_to_come_is_not_taken_for_the_year_of_today(rule_sets, minh, begins):
    law = rule_sets["qd26_2026"]
    year = open_cycle(law, 2026)
    later = open_cycle(law, 2027)
    update_as_owner(Cycle.objects.filter(pk=later.pk), opened_on=begins)
    takes = _takes(minh)
    assert {name: take() for name, take in takes.items()} == dict.fromkeys(takes, year.pk)
    batches = [line for line in setup.lines(clock.today()) if line.title == "Chu trình"]
    assert [line.said for line in batches] == [year.title]
    with clock.at(timezone.make_aware(datetime(2027, 2, 1, 9, 0))):
        takes = _takes(minh)
        assert {name: take() for name, take in takes.items()} == dict.fromkeys(takes, later.pk)


# --- Struck out at the same moment ------------------------------------------------------------


def test_who_opens_a_dossier_as_its_year_is_struck_out_is_told_so(admin, new_year, commune, an):
    read_before = Cycle.objects.get(pk=new_year.pk)
    years.take_back(new_year, reason="Nhầm năm", by=admin)
    with pytest.raises(ConditionNotMet, match="vừa bị gạch bỏ vì mở nhầm"):
        open_dossier(read_before, commune, an)
    assert not Dossier.objects.exists()


def test_who_notes_a_meeting_as_its_year_is_struck_out_is_told_so(
    client, admin, new_year, commune, an, monkeypatch
):
    checked = OutreachForm.is_valid

    def struck_after(form):
        if right := checked(form):
            years.take_back(new_year, reason="Nhầm năm", by=admin)
        return right

    monkeypatch.setattr(OutreachForm, "is_valid", struck_after)
    client.force_login(an)
    answer = client.post(
        reverse("dossiers:outreach"),
        {
            "cycle": new_year.pk, "org_unit": commune.pk, "held_on": "28/11/2026",
            "kind": "meeting", "title": "Họp bản", "attendance": "9", "cost": "0",
        },
    )  # fmt: skip
    assert "vừa bị gạch bỏ vì mở nhầm" in answer.content.decode()
    assert not OutreachEvent.objects.exists()


def test_who_sets_up_a_round_as_its_year_is_struck_out_is_told_so(
    admin, new_year, province, monkeypatch
):
    thu = person("thu", "Lò Thị Thư", ("council_office", province))
    judging.regulate(province)
    sits = judging.seat(province, thu)
    years.take_back(new_year, reason="Nhầm năm", by=admin)
    monkeypatch.setattr(EvaluationRound, "full_clean", lambda self, **how: None)
    made = EvaluationRound(council=sits, cycle=new_year, name="Đợt 1", mode="meeting")
    with pytest.raises(ConditionNotMet, match="vừa bị gạch bỏ vì mở nhầm"):
        EvaluationRound.create(made, by=thu)
