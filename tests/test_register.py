"""The register of overdue work: what it counts, and for whom; 2021 in it is in test_replay.py."""

import json
import re
from datetime import date, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cycle import clock
from cycle.models import DayOff
from cycle.workdays import DAY
from dossiers.lists.overdue import Filters, OverdueRegister
from dossiers.models import Firing
from dossiers.terms.spent import time_spent
from dossiers.walk import doors
from tests import records
from tests.absences import of_ledger
from tests.ground import kept
from tests.walks import drawn
from tests.world import open_dossier, open_task

pytestmark = pytest.mark.django_db


def at(year, month, day, hour=9, minute=0):
    return timezone.make_aware(datetime(year, month, day, hour, minute))


def register(user, **filters):
    return OverdueRegister(user, Filters.of({key: str(value) for key, value in filters.items()}))


# --- What is late -----------------------------------------------------------------------------


@pytest.fixture
@kept
def late(cycle, commune, an):
    """Three dossiers due on 30/11/2026: one still open, one done late, one waiting in time."""
    with clock.at(at(2026, 11, 16)):
        open_one, done, waiting = (
            open_dossier(cycle, commune, an, name)
            for name in ("Mật ong", "Nước mắm", "Gạo Séng Cù")
        )
    with clock.at(at(2026, 11, 20)):
        doors.wait(open_task(waiting), by=an, reason="Chờ giấy đăng ký kinh doanh")
    with clock.at(at(2026, 12, 3)):
        doors.complete(open_task(done), "register_idea", by=an, record=records.idea())
    return open_one, done, waiting


def found(user, **filters):
    return [(row["product"], row["days"], row["open"]) for row in register(user, **filters).rows()]


def test_open_and_done_late_and_not_what_stands_still(late, an):
    with clock.at(at(2026, 11, 30, 23, 59)):
        assert found(an, standing="open") == []
    with clock.at(at(2026, 12, 1, 0)):
        assert found(an, standing="open") == [("Mật ong", 1, True)]
    with clock.at(at(2026, 12, 7)):
        assert found(an, step="outreach") == [("Mật ong", 5, True), ("Nước mắm", 3, False)]
        assert found(an, standing="done") == [("Nước mắm", 3, False)]
        assert found(an, clock="legal") == []


def test_what_was_finished_while_it_stood_still_was_not_late(late, an):
    waiting = late[2]
    with clock.at(at(2026, 12, 20)):
        doors.complete(open_task(waiting), "register_idea", by=an, record=records.idea())
        assert "Gạo Séng Cù" not in [name for name, _days, _open in found(an)]


def test_days_off_are_not_counted_as_late(late, an):
    DayOff.objects.create(day=date(2026, 12, 2), name="Nghỉ bão", document="20/UBND")
    DayOff.objects.create(day=date(2026, 12, 5), worked=True, name="Làm bù", document="20/UBND")
    with clock.at(at(2026, 12, 7)):
        assert found(an, standing="open", step="outreach") == [("Mật ong", 5, True)]
        assert found(an, standing="done") == [("Nước mắm", 2, False)]


def test_what_waits_after_it_was_late_is_not_later_for_it(late, an):
    """Due on 30/11, three days late when it paused; two more when it had gone on."""
    with clock.at(at(2026, 12, 3)):
        doors.wait(open_task(late[0]), by=an, reason="Chờ phiếu kiểm nghiệm")
    for day in (4, 21):
        with clock.at(at(2026, 12, day)):
            assert found(an, standing="open", step="outreach") == [("Mật ong", 3, True)]
    with clock.at(at(2026, 12, 21)):
        doors.resume(open_task(late[0]), by=an)
        assert found(an, standing="open", step="outreach") == [("Mật ong", 3, True)]
    with clock.at(at(2026, 12, 23)):
        assert found(an, standing="open", step="outreach") == [("Mật ong", 5, True)]
        doors.complete(open_task(late[0]), "register_idea", by=an, record=records.idea())
    with clock.at(at(2026, 12, 30)):
        assert ("Mật ong", 5, False) in found(an)
        assert register(an, step="outreach").total["days"] == 5 + 3


@pytest.mark.drawn
@settings(max_examples=drawn(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    off=st.sets(st.integers(0, 60), max_size=12),
    worked=st.sets(st.integers(0, 60), max_size=6),
    ledger=st.lists(st.integers(0, 9), min_size=1, max_size=7),
    extended=st.sampled_from([0, 0, 1, 4]),
    hour=st.integers(0, 23),
)
def test_days_late_are_the_working_days_on_which_its_clock_ran(
    cycle, commune, an, off, worked, ledger, extended, hour
):
    """Day by day: was it a working day, did the clock run, and were the days it had used up?"""
    start = datetime(2026, 11, 16, hour)
    with transaction.atomic():
        strewn = {start.date() + n * DAY for n in off}
        weekend = {d for n in worked if (d := start.date() + n * DAY).weekday() > 4} - strewn
        for day in strewn | weekend:
            DayOff.objects.create(day=day, worked=day in weekend, name="Bão", document="1/TB")
        with clock.at(timezone.make_aware(start)):
            dossier = open_dossier(cycle, commune, an)
        moment, changes = timezone.make_aware(start), []
        for days in ledger:
            moment += days * DAY
            with clock.at(moment):
                if len(changes) % 2:
                    doors.resume(open_task(dossier), by=an)
                else:
                    doors.wait(open_task(dossier), by=an, reason="Chờ")
            changes.append(moment.date())
        if extended:
            with clock.at(moment):
                open_task(dossier).term.extend(
                    days=extended,
                    at=moment,
                    by=an,
                    reason="Bão",
                    basis=of_ledger("9/VP", dossier.commune),
                )
        ended = moment + 11 * DAY
        calendar = DayOff.objects.calendar(date.min, date.max)
        budget = open_task(dossier).term.amount
        used, running, free, just_late, day = 0, True, False, False, start.date()
        spent_on = date.max
        while day <= ended.date():
            working = calendar.is_working(day)
            if running and day > start.date() and working:
                used += not free
                if used == budget:
                    spent_on = day
                free = False
            for _change in range(changes.count(day)):
                running = not running
                if not running:
                    # Late since the last working day, though no working day has passed.
                    just_late = used == budget and not free and day > spent_on
                elif just_late:
                    used += working
                elif used == budget:
                    # What ends on a day off ends on the next working day.
                    free, spent_on = not working, day if working else spent_on
            if extended and day == moment.date():
                budget, free = budget + extended, False
            day += DAY
        expected = max(used - budget, 0)
        with clock.at(ended):
            assert sum(days for _name, days, _open in found(an)) == expected
        transaction.set_rollback(True)


def test_each_sees_their_own_area(late, dossier_of_three, cast):
    def seen(user):
        return {name for name, _days, _open in found(user, step="outreach")}

    name = dossier_of_three.product.name
    with clock.at(at(2030, 1, 1)):
        both = {"Mật ong", "Nước mắm", name}
        assert {who: seen(user) for who, user in cast.items()} == {
            **dict.fromkeys(["an", "chi", "minh", "thu", "son", "kiem", "tam"], both),
            **dict.fromkeys(["binh", "ha", "hung"], {name}),
            **dict.fromkeys(["la"], set()),
        }


def test_each_number_opens_its_list(late, dossier_of_three, minh):
    with clock.at(at(2030, 1, 1)):
        page = register(minh)
        cells = [cell for unit in page.heat() for cell in unit["cells"] if cell]
        numbers = [*page.by_step(), *page.by_officer(), *page.by_month(), *page.heat(), *cells]
        assert len(numbers) >= 8
        for number in numbers:
            opened = OverdueRegister(minh, Filters.of(QueryDict(number["query"])))
            assert len(opened.rows()) == number["terms"]
            assert sum(row["days"] for row in opened.rows()) == number["days"]
        assert page.total["terms"] == sum(row["terms"] for row in page.by_month())


def test_whose_it_was_and_what_nobody_has_taken(late, an, minh):
    with clock.at(at(2026, 12, 7)):
        officers = {row["label"]: row["terms"] for row in register(minh).by_officer()}
    assert officers == {"Lò Thị An": 1, "Chưa có người nhận hoặc của nhiều người": 1}


@pytest.mark.parametrize("rows", (1, 3))
def test_register_query_count(client, cycle, commune, minh, an, rows, django_assert_num_queries):
    with clock.at(at(2026, 1, 5)):
        for number in range(rows):
            open_dossier(cycle, commune, an, f"Gạo {number}")
    client.force_login(minh)
    with django_assert_num_queries(7):
        page = client.get("/register/").content.decode()
    assert page.count('<td class="what">') == rows


@pytest.mark.parametrize(
    "query", ["step=x", "unit=²", "officer=-1", "month=2026-13", "page=0", "cycle=99999999999"]
)
def test_what_cannot_be_is_left_out(client, an, query):
    client.force_login(an)
    answer = client.get(f"/register/?{query}")
    assert answer.status_code == 200
    assert "Không có thời hạn nào trễ." in answer.content.decode()


def test_pages_of_the_register(client, cycle, commune, minh, an):
    with clock.at(at(2026, 1, 5)):
        for number in range(26):
            open_dossier(cycle, commune, an, f"Gạo {number}")
    first = register(minh)
    second = OverdueRegister(minh, Filters.of(QueryDict(first.next())))
    assert (len(first.rows()), len(second.rows()), second.next()) == (25, 1, "")
    assert second.previous() == second.first() == OverdueRegister.whole
    assert {row["id"] for row in first.rows()}.isdisjoint({row["id"] for row in second.rows()})


def test_the_list_ends_after_so_many_pages_and_says_so(
    client, cycle, commune, minh, an, monkeypatch
):
    monkeypatch.setattr("dossiers.lists.overdue.PAGES", 2)
    monkeypatch.setattr("dossiers.lists.overdue.OverdueRegister.PAGE", 1)
    with clock.at(at(2026, 1, 5)):
        for number in range(3):
            open_dossier(cycle, commune, an, f"Gạo {number}")
    client.force_login(minh)
    first, last, beyond = (
        re.sub('value="[0-9A-Za-z]{64}"', "", client.get(f"/register/?page={n}").content.decode())
        for n in (1, 2, 9)
    )
    assert "Danh sách dừng" not in first
    assert "Danh sách dừng ở 2 dòng." in last
    assert "Trang sau" not in last
    assert beyond.partition('id="rows"')[2] == last.partition('id="rows"')[2]


# --- Where the time went ----------------------------------------------------------------------


def test_time_is_split_into_work_waiting_and_standing_outside(cycle, commune, an, minh):
    with clock.at(at(2026, 11, 1)):
        dossier = open_dossier(cycle, commune, an)
    with clock.at(at(2026, 11, 3)):  # 2 days of work
        doors.wait(open_task(dossier), by=an, reason="Chờ giấy")
    with clock.at(at(2026, 11, 8)):  # 5 of waiting
        doors.resume(open_task(dossier), by=an)
        doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    with clock.at(at(2026, 11, 9)):  # 1 of work
        doors.complete(open_task(dossier), "return_idea", by=an, reason="Thiếu mô tả")
    with clock.at(at(2026, 11, 12)):  # 3 of waiting, however its clock stands
        doors.resume(open_task(dossier), by=an)
        doors.wait(open_task(dossier), by=an, reason="Vẫn chờ")
    with clock.at(at(2026, 11, 16)):  # 4 of waiting
        doors.act(dossier.process, "withdraw", by=an, reason="Ngừng sản xuất")
    with clock.at(at(2026, 11, 26)):  # 10 outside
        doors.act(dossier.process, "reopen", by=an, reason="Sản xuất lại")
    # and 1 of waiting again, as it was when it left
    spent = time_spent(dossier, at(2026, 11, 27))
    assert (spent.working, spent.waiting, spent.paused) == (3, 13, 10)
    assert spent.total == 26


def test_the_dossier_says_where_its_time_went(client, cycle, commune, an):
    with clock.at(at(2026, 11, 1)):
        dossier = open_dossier(cycle, commune, an)
    client.force_login(an)
    with clock.at(at(2026, 11, 11)):
        page = client.get(f"/dossiers/{dossier.pk}/").content.decode()
    assert "10,0 ngày" in page
    assert "chờ ý kiến sở, ngành" not in page
    assert "100%" in page


# --- The sweep by hand ------------------------------------------------------------------------


def test_the_sweep_says_what_it_did(late):
    def sweep(*arguments):
        out = StringIO()
        call_command("sweep", *arguments, stdout=out)
        return out.getvalue()

    def did(moment):
        said = json.loads(sweep("--now", moment, "--json"))
        assert said.pop("now") == f"{moment}:00+07:00"
        return said

    fired = Firing.objects.filter(term__task__isnull=False)
    did("2026-11-25T07:59")
    assert not fired.exists()
    assert did("2026-12-04T12:00")["firings"] >= 1
    assert [firing.term.dossier for firing in fired] == [late[0]] * 5
    assert did("2026-12-04T12:00") == {"terms": 0, "firings": 0}
    with pytest.raises(CommandError, match="không phải thời điểm"):
        sweep("--now", "hôm nay")
