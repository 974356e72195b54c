"""The real year 2021 is told again through the doors, and its report follows from the acts."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.db.models import Sum

from councils.models import Closing, Consequence, EvaluationRound, Result, RoundEntry
from cycle.models import (
    Cycle,
    Document,
    HistoryEntry,
    Level,
    OrgUnit,
    OutboxMessage,
    Role,
    Stream,
    User,
)
from dossiers.lists.overdue import Filters, OverdueRegister
from dossiers.models import Dossier, Evaluation, State, Task
from dossiers.office.reports import CycleReport
from tests.owning import settle
from tests.replaying import FIGURES, figures, replay, report
from tests.world import person


@pytest.fixture(scope="module", autouse=True)
def reference(django_db_setup, django_db_blocker):
    """Units, rule sets, days off and the year itself, loaded once for all tests here."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load_reference", stdout=StringIO())
        replay()
        settle()
        yield
        transaction.set_rollback(True)


pytestmark = [pytest.mark.django_db, pytest.mark.slow(reason="the year 2021 is replayed")]


def test_the_year_comes_out_as_it_was_and_a_second_run_adds_nothing():
    assert json.loads(report("--json")) == FIGURES
    assert list(figures()) == list(FIGURES)

    entries = HistoryEntry.objects.count()
    assert "đã có" in replay()
    assert HistoryEntry.objects.count() == entries
    assert "Đạt chỉ tiêu (%): 26.47" in report()
    assert "Không qua xã: 11" in report()


def test_nothing_is_inserted_as_an_end_state_nobody_is_told_and_nobody_may_sign_in():
    dossiers = Dossier.objects.filter(cycle__year=2021)
    for dossier in dossiers:
        # Support is recorded beside the walk.
        walks = dossier.history.exclude(
            event__in=("dossier.record_support", "dossier.record_payment")
        )
        walked = list(walks.order_by("seq").values_list("event", flat=True))
        assert walked[:4] == [
            "dossier.open",
            "dossier.enter_late",
            "dossier.attach_evidence",
            "dossier.receive_directly",
        ]
        assert dossier.skipped == 3
        assert dossier.bypassed_commune
    assert {state: dossiers.filter(state=state).count() for state in State} == {
        state: {State.PROMOTED: 9, State.NOT_RECOGNISED: 1, State.NOT_PROPOSED: 1}.get(state, 0)
        for state in State
    }
    assert not Task.objects.open().exists()
    # What was loaded before it is of today.
    loaded = {Stream.CONFIGURATION, Stream.UNIT}
    assert not OutboxMessage.objects.exclude(entry__stream__in=loaded).exists()
    assert not any(user.has_usable_password() for user in User.objects.all())
    # What leaders signed was typed from paper, and no name was made up for them.
    assert set(Document.objects.values_list("signer", flat=True)) == {"Chưa rõ tên"}
    entries = HistoryEntry.objects.exclude(stream__in=loaded)
    years = entries.values_list("at__year", flat=True).distinct()
    assert list(years.order_by()) == [2021]


def test_every_star_comes_from_a_round_and_the_sheets_of_its_members():
    rounds = EvaluationRound.objects.filter(cycle__year=2021)
    assert {(round_.council.level, round_.state) for round_ in rounds} == {
        (Level.DISTRICT, "closed"),
        (Level.PROVINCE, "closed"),
    }
    assert rounds.count() == 8
    assert Consequence.objects.filter(applied_at=None).count() == 0
    given = {
        (result.entry.dossier_id, result.closing.round.council.level): result
        for result in Result.objects.select_related("closing__round__council__org_unit", "entry")
    }
    assert len(given) == 20
    for evaluation in Evaluation.objects.all():
        result = given.pop((evaluation.dossier_id, evaluation.level))
        assert (result.points_sum, result.sheets, result.stars) == (
            evaluation.points_sum,
            evaluation.sheets,
            evaluation.stars,
        )
        sheets = result.entry.sheets.filter(state="submitted")
        assert sheets.count() == result.sheets
        assert sheets.aggregate(sum=Sum("scores__points"))["sum"] == result.points_sum
        # They stand for sheets that nobody kept, and say so.
        assert {sheet.remark for sheet in sheets} == {"Điểm giả định"}
    assert not given
    ranked = HistoryEntry.objects.filter(event__in=["dossier.rank", "dossier.rank_at_district"])
    closings = set(Closing.objects.values_list("entry", flat=True))
    assert {entry.data["authority"] for entry in ranked} == closings


def test_the_tea_left_the_provinces_round_before_it_was_scored():
    out = RoundEntry.objects.get(results=None)
    assert out.dossier.product.name == "Trà xanh loại 1 Phan Nhất"
    assert out.round.council.level == Level.PROVINCE
    assert not out.sheets.exists()
    assert "nhãn" in HistoryEntry.objects.get(event="round.drop").data["why"]


def test_each_figure_drills_down_to_its_cases():
    year = CycleReport(Cycle.objects.get(year=2021))
    assert [d.product.name for d in year.not_recognised] == ["Trà xanh loại 1 Phan Nhất"]
    assert year.not_recognised.get().product.producer.name == "Hộ Phan Thanh Ngọt"
    left_out = set(year.dossiers) - set(year.proposed)
    assert [d.product.name for d in left_out] == ["Tinh dầu sả hữu cơ Suối Voi"]
    assert set(year.districts) - set(year.districts_proposing) == {
        left_out.pop().commune.parent,
    }
    assert year.certified.count() == 9


def test_the_district_councils_sat_a_month_late():
    late = Task.objects.filter(node="evaluate_at_district")
    days = sorted((task.closed_at.date() - task.due_on).days for task in late)
    assert len(days) == 11
    assert 28 <= days[0] <= days[-1] <= 35


def test_a_product_that_was_refused_has_a_way_back():
    tea = Dossier.objects.get(state=State.NOT_RECOGNISED)
    assert tea.stands_for("reopen")


def test_a_year_without_files_and_a_cycle_that_is_not_there_are_named(db):
    with pytest.raises(CommandError, match="dien_bien_1999"):
        call_command("replay", 1999)
    with pytest.raises(CommandError, match="Không có chu trình nào của năm 1999"):
        call_command("cycle_report", 1999)


def test_nothing_is_replayed_over_real_work(db, settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="không được chạy lại trên hệ thống thật"):
        call_command("replay", 2021)


def test_a_year_of_two_cycles_asks_which(cycle):
    Cycle.objects.create(
        year=2026,
        title="Chu trình bổ sung",
        rule_set=cycle.rule_set,
        opened_on=cycle.opened_on,
        beside=True,
    )
    with pytest.raises(CommandError, match="Hãy chọn bằng --title"):
        call_command("cycle_report", 2026)
    out = StringIO()
    call_command("cycle_report", 2026, "--json", title="Chu trình bổ sung", stdout=out)
    assert json.loads(out.getvalue())["achieved_percent"] is None


def test_the_register_has_the_districts_one_month_late():
    province = OrgUnit.objects.get(level="province", valid_to=None)
    reader = person("xem", "Người xem", (Role.OFFICER, province))
    page = OverdueRegister(reader, Filters.of({"clock": "legal"}))

    rows = [row for row in page.rows() if row["what"] == "Cấp huyện đánh giá theo kế hoạch năm"]
    assert len(rows) == 11
    assert {(row["due_on"].isoformat(), row["months"], row["open"]) for row in rows} == {
        ("2021-06-30", 1, False)
    }
    assert {row["unit_name"] for row in rows} == {
        "Thị xã Mường Lay",
        "Huyện Điện Biên",
        "Huyện Mường Ảng",
        "Huyện Mường Nhé",
        "Huyện Tuần Giáo",
        "Huyện Tủa Chùa",
        "Huyện Mường Chà",
    }
    assert {row["days"] for row in rows} <= set(range(18, 23))
