"""Clocks: what a task is due, why, and what happens when it is not done."""

from datetime import datetime, timedelta
from threading import current_thread, main_thread

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from cycle import clock
from cycle.models import DayOff, HistoryEntry, OutboxMessage
from dossiers.models import Term, TermState
from dossiers.terms import sweep as sweep_terms
from dossiers.terms.sweep import sweep
from dossiers.walk import doors
from tests import records
from tests.absences import of_ledger
from tests.world import open_dossier, open_task

pytestmark = pytest.mark.django_db


def at(year, month, day, hour=9, minute=0):
    return timezone.make_aware(datetime(year, month, day, hour, minute))


@pytest.fixture
def monday(cycle, commune, an):
    """A dossier opened on Monday 16/11/2026, due in ten working days: 30/11/2026."""
    with clock.at(at(2026, 11, 16)):
        yield open_dossier(cycle, commune, an)


def fired(term):
    return list(term.firings.order_by("at").values_list("rung", flat=True))


def test_a_task_starts_its_clock_and_copies_its_due(monday):
    task = open_task(monday)
    term = task.term
    assert (term.due_on, term.due_at) == (task.due_on, task.due_at)
    assert term.due_on == at(2026, 11, 30).date()
    assert [event.kind for event in term.events.all()] == ["start"]
    assert term.rungs == [
        "-3:officer",
        "-1:officer",
        "0:officer",
        "1:leader",
        "3:next_level",
        "5:board",
    ]
    assert term.next_at == at(2026, 11, 25, 8)


def test_the_sweep_fires_each_rung_once(monday):
    term = open_task(monday).term
    assert sweep(at(2026, 11, 25, 7, 59)) == {"terms": 0, "firings": 0}
    assert sweep(at(2026, 11, 25, 8)) == {"terms": 1, "firings": 1}
    assert sweep(at(2026, 11, 25, 8)) == {"terms": 0, "firings": 0}
    # The beat was away for a week: the latest is told, and the others are not told after it.
    assert sweep(at(2026, 12, 4, 12)) == {"terms": 1, "firings": 1}
    assert fired(term) == ["-3:officer", "-1:officer", "0:officer", "1:leader", "3:next_level"]
    entries = HistoryEntry.objects.filter(event__startswith="term.").order_by("seq")
    assert [entry.event for entry in entries] == [
        "term.warning",
        "term.escalated",
    ]
    assert (entries[1].at, entries[1].data["rung"]) == (at(2026, 12, 3, 8), "3:next_level")
    assert entries[1].data["also"] == ["leader", "officer"]
    assert OutboxMessage.objects.filter(entry__in=entries).count() == 2


def test_a_finished_task_stops_its_clock(monday, an):
    task = open_task(monday)
    with clock.at(at(2026, 11, 20)):
        doors.complete(task, "register_idea", by=an, record=records.idea())
    term = Term.objects.get(task=task)
    assert term.state == TermState.STOPPED
    assert [event.kind for event in term.events.all()] == ["start", "stop"]
    sweep(at(2026, 11, 25, 8))
    assert fired(term) == []


def test_waiting_for_the_producer_pauses_the_internal_clock(monday, an):
    task = open_task(monday)
    with clock.at(at(2026, 11, 18)):  # two of ten days used
        doors.wait(task, by=an, reason="Chờ giấy đăng ký kinh doanh")
    assert sweep(at(2026, 12, 30)) == {"terms": 0, "firings": 0}
    with clock.at(at(2026, 12, 7)):
        doors.resume(task, by=an)
    task.refresh_from_db()
    # Eight working days are left from Monday 7/12.
    assert task.due_on == at(2026, 12, 17).date()
    assert task.term.original_due_on == at(2026, 11, 30).date()
    assert [event.kind for event in task.term.events.all()] == ["start", "pause", "resume"]


def test_what_was_late_as_it_paused_is_no_later_for_the_waiting(monday, an):
    """Due on 30/11, two days late when it paused: nobody is told that it is twelve days late."""
    from dossiers.lists.inbox import Filters, Inbox

    task = open_task(monday)
    sweep(at(2026, 12, 2, 9))
    told = {"-3:officer", "-1:officer", "0:officer", "1:leader"}
    assert set(fired(task.term)) == told
    with clock.at(at(2026, 12, 2)):
        doors.wait(task, by=an, reason="Chờ giấy đăng ký kinh doanh")
    assert (task.term.due_on, task.term.remaining()) == (at(2026, 11, 30).date(), -2)
    with clock.at(at(2026, 12, 20)):  # a Sunday: as late as on the Friday before
        doors.resume(task, by=an)
    task.refresh_from_db()
    assert task.due_on == at(2026, 12, 16).date()
    assert task.term.original_due_on == at(2026, 11, 30).date()
    with clock.at(at(2026, 12, 21)):
        [row] = Inbox(an, Filters(tab="overdue")).rows()
        assert row["due"].words == "quá hạn 3 ngày làm việc"
    assert sweep(at(2026, 12, 21, 7, 59)) == {"terms": 0, "firings": 0}
    assert sweep(at(2026, 12, 21, 8)) == {"terms": 1, "firings": 1}
    assert set(fired(task.term)) == told | {"3:next_level"}


def test_a_clock_goes_on_after_half_a_year_on_a_day_off(monday, an):
    off = at(2027, 4, 30).date()
    DayOff.objects.create(day=off, name="Ngày Giải phóng", document="12/TB-BNV")
    task = open_task(monday)
    with clock.at(at(2026, 12, 2)):  # two days late
        doors.wait(task, by=an, reason="Chờ giấy đăng ký kinh doanh")
    with clock.at(at(2027, 4, 30)):
        doors.resume(task, by=an)
    assert task.term.due_on == at(2027, 4, 27).date()
    calendar = DayOff.objects.calendar(off - timedelta(days=9), off)
    assert calendar.between(task.term.due_on, off) == 2


def test_an_extension_while_it_waits_moves_the_day_of_what_was_late(monday, an, minh):
    task = open_task(monday)
    with clock.at(at(2026, 12, 2)):
        doors.wait(task, by=an, reason="Chờ giấy đăng ký kinh doanh")
    basis = of_ledger("15/VPĐP", task.org_unit)
    with clock.at(at(2026, 12, 3)):
        task.term.extend(days=5, at=clock.now(), by=minh, reason="Mưa lũ", basis=basis)
    assert task.term.due_on == at(2026, 12, 7).date()
    with clock.at(at(2026, 12, 21)):
        doors.resume(task, by=an)
    task.refresh_from_db()
    assert task.due_on == at(2026, 12, 24).date()  # 2 used of the 5


def test_a_withdrawal_stops_every_clock(monday, an):
    with clock.at(at(2026, 11, 18)):
        doors.act(monday.process, "withdraw", by=an, reason="Chủ thể ngừng sản xuất")
    assert not Term.objects.live().exists()


def test_an_extension_needs_a_document_and_has_a_limit(monday, minh):
    term = open_task(monday).term
    basis = of_ledger("15/VPĐP", term.org_unit)
    with pytest.raises(ValidationError, match="lý do"):
        term.extend(days=3, at=clock.now(), by=minh, reason=" ", basis=basis)
    with pytest.raises(ValidationError, match="tối đa 10"):
        term.extend(days=11, at=clock.now(), by=minh, reason="Mưa lũ", basis=basis)
    term.extend(days=3, at=clock.now(), by=minh, reason="Mưa lũ", basis=basis)
    assert term.due_on == at(2026, 12, 3).date()


def test_a_holiday_moves_the_due_day(cycle, commune, an):
    DayOff.objects.create(day=at(2026, 11, 24).date(), name="Ngày Văn hóa Việt Nam")
    with clock.at(at(2026, 11, 16)):
        dossier = open_dossier(cycle, commune, an)
    assert open_task(dossier).due_on == at(2026, 12, 1).date()


def test_a_calendar_edit_is_previewed_then_moves_each_open_term_once(monday, an):
    from cycle.models import Job
    from dossiers.terms import recalculation

    change = [{"day": "2026-11-24", "what": "off", "name": "Ngày Văn hóa", "document": "12/TB-BNV"}]
    rows = recalculation.checked(change)
    term = open_task(monday).term
    assert recalculation.preview(rows) == (
        1,
        [(term, at(2026, 11, 30).date(), at(2026, 12, 1).date())],
    )
    assert open_task(monday).due_on == at(2026, 11, 30).date()

    recalculation.apply(rows, by=None)
    job = Job.objects.create(
        kind="recalculate_terms",
        params={"days": ["2026-11-24"], "document": "12/TB-BNV"},
        created_at=clock.now(),
    )
    job.run()
    assert (job.error, job.result) == ("", {"terms": 1, "moved": 1})
    assert open_task(monday).due_on == at(2026, 12, 1).date()
    term.refresh_from_db()
    assert (term.original_due_on, term.due_on) == (at(2026, 11, 30).date(), at(2026, 12, 1).date())
    assert [event.kind for event in term.events.all()] == ["start", "move"]
    assert monday.history.last().event == "term.move"
    job.run()
    assert job.result["moved"] == 0


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([{"day": "2026-02-30", "what": "off"}], "Dòng 1: không có ngày"),
        (
            [{"day": "2026-11-24", "what": "off", "name": "a", "document": "b"}] * 2,
            "Dòng 2: ngày 24/11/2026 trùng với dòng 1",
        ),
        ([{"day": "2026-11-24", "what": "worked"}], "không phải thứ Bảy"),
        ([{"day": "2026-11-24", "what": "off", "name": "Nghỉ"}], "cần tên và số văn bản"),
    ],
)
def test_a_wrong_calendar_is_refused_with_its_row(rows, sentence):
    from dossiers.terms import recalculation

    with pytest.raises(recalculation.CalendarRefused, match=sentence):
        recalculation.checked(rows)


@pytest.mark.parametrize(
    ("submitted", "codes"),
    [(at(2026, 5, 21), {"D10", "task"}), (at(2026, 5, 22), {"task"})],
)
def test_a_file_of_the_old_law_must_be_done_in_sixty_days(
    rule_sets, old_commune, an, submitted, codes
):
    """QĐ 26/2026/QĐ-TTg, Điều 12: filed before 22/5/2026, done by 21/7/2026."""
    from tests.world import open_cycle

    with clock.at(submitted):
        dossier = open_dossier(open_cycle(rule_sets["qd1048_2019"], 2026), old_commune, an)
        doors.act(
            dossier.process, "enter_late", by=an, entered_as="existing", reason="Đã có sản phẩm"
        )
        for kind in dossier.rule_set.compulsory("first"):
            doors.act(dossier.process, "attach_evidence", by=an, record=records.paper(kind))
        doors.complete(
            open_task(dossier),
            "submit_dossier",
            by=an,
            record=records.self_assessment(),
            reason="Quy định chuyển tiếp",
        )
    live = {term.code: term for term in dossier.terms.live()}
    assert set(live) == codes
    if "D10" in live:
        assert live["D10"].due_on == at(2026, 7, 21).date()


def test_a_paused_task_is_neither_late_nor_soon(monday, an):
    from dossiers.lists.inbox import Filters, Inbox, Tab

    with clock.at(at(2026, 11, 18)):
        doors.wait(open_task(monday), by=an, reason="Chờ giấy đăng ký kinh doanh")
    with clock.at(at(2026, 12, 30)):
        inbox = Inbox(an, Filters())
        assert (
            inbox.counts() | {Tab.UNIT: "1", Tab.OVERDUE: "0", Tab.SOON: "0", Tab.WAITING: "1"}
            == inbox.counts()
        )
        assert Inbox(an, Filters(tab="overdue")).rows() == []


# --- More than a batch ------------------------------------------------------------------------


def backlog(cycle, commune, an):
    """Seven tasks, each with four rungs behind it on 2/12."""
    with clock.at(at(2026, 11, 16)):
        return [open_dossier(cycle, commune, an, f"Gạo {number}") for number in range(7)]


def swept_once(dossiers):
    """Whether each rung of each fired once, into a whole history, and the last waits to be told."""
    for dossier in dossiers:
        assert len(fired(open_task(dossier).term)) == 4
        told = dossier.history.filter(event__startswith="term.")
        assert [entry.data["rung"] for entry in told] == ["1:leader"]
        assert OutboxMessage.objects.filter(entry__in=told).count() == 1
    call_command("verify_history", verbosity=0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("batch", (1, 2, 7, 8))
def test_a_backlog_is_shared_and_fired_once(batch, cycle, commune, an):
    dossiers = backlog(cycle, commune, an)
    assert sweep(at(2026, 12, 2), batch=batch) == {"terms": 7, "firings": 7}
    assert sweep(at(2026, 12, 2), batch=batch) == {"terms": 0, "firings": 0}
    swept_once(dossiers)


def test_in_a_transaction_one_connection_sweeps_all(cycle, commune, an):
    dossiers = backlog(cycle, commune, an)
    assert sweep(at(2026, 12, 2), batch=2) == {"terms": 7, "firings": 7}
    swept_once(dossiers)


@pytest.mark.django_db(transaction=True)
def test_a_backlog_of_the_past_is_told_to_nobody(cycle, commune, an):
    backlog(cycle, commune, an)
    before = OutboxMessage.objects.count()
    with clock.at(at(2026, 12, 2), replay=True):
        assert sweep(batch=2) == {"terms": 7, "firings": 7}
    assert OutboxMessage.objects.count() == before


@pytest.mark.django_db(transaction=True)
def test_a_hand_that_fails_says_so_and_the_next_sweep_finds_the_rest(
    cycle, commune, an, monkeypatch
):
    dossiers, swept = backlog(cycle, commune, an), sweep_terms._batch

    def failing(values):
        if current_thread() is not main_thread():
            raise OperationalError("server closed the connection")
        return swept(values)

    with monkeypatch.context() as patch:
        patch.setattr(sweep_terms, "_batch", failing)
        with pytest.raises(OperationalError):
            sweep(at(2026, 12, 2), batch=2)
    assert sweep(at(2026, 12, 2), batch=2) == {"terms": 5, "firings": 5}
    swept_once(dossiers)
