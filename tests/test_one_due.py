"""Every reader says the same of one task: overdue, soon, or its clock standing still."""

import re
from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from cycle import clock
from cycle.models import DayOff
from dossiers.lists.files import Register
from dossiers.lists.inbox import Filters, Inbox
from dossiers.lists.overdue import Filters as OverdueFilters
from dossiers.lists.overdue import OverdueRegister
from dossiers.models import Task
from dossiers.office.briefing import Briefing
from dossiers.terms import clocks
from dossiers.terms.due import SOON, due
from dossiers.walk import doors
from notifications import digests, feed, weekly
from tests.public_pages import main
from tests.world import open_dossier, open_task

pytestmark = pytest.mark.django_db

#: Monday; the first task is due ten working days later, on Monday 16/11/2026.
OPENED = datetime(2026, 11, 2, 9)
IN_TIME, LATE = datetime(2026, 11, 5, 9), datetime(2026, 11, 18, 9)
#: Wednesday, seven working days after the due day; the 24th is worked here.
SEEN = datetime(2026, 11, 25, 9)


def waits(dossier, an):
    doors.wait(open_task(dossier), by=an, reason="Chờ phiếu kiểm nghiệm")


def asked(dossier, an):
    clocks.hold(dossier, at=clock.now(), by=an, reason="Xin ý kiến")


def both(dossier, an):
    waits(dossier, an)
    asked(dossier, an)


#: situation -> (what stops the clock, when, seen when), (kind, words).
SITUATIONS = {
    "running": (None, None, datetime(2026, 11, 10, 9), "later", "còn 4 ngày làm việc"),
    "soon": (None, None, datetime(2026, 11, 13, 9), "soon", "còn 1 ngày làm việc"),
    "on its day": (None, None, datetime(2026, 11, 16, 23, 59), "soon", "hôm nay"),
    "late": (None, None, SEEN, "overdue", "quá hạn 7 ngày làm việc"),
    "waits for the producer": (waits, IN_TIME, SEEN, "paused", "tạm dừng"),
    "waits for an opinion": (asked, IN_TIME, SEEN, "paused", "tạm dừng"),
    "waits for both": (both, IN_TIME, SEEN, "paused", "tạm dừng"),
    "late, then waits for the producer": (
        waits, LATE, SEEN, "paused", "tạm dừng, đã quá hạn 2 ngày làm việc",
    ),
    "late, then waits for an opinion": (
        asked, LATE, SEEN, "paused", "tạm dừng, đã quá hạn 2 ngày làm việc",
    ),
}  # fmt: skip


def aware(moment):
    return timezone.make_aware(moment)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_reader_says_the_same(situation, cycle, commune, an, chi):
    stop, when, seen, kind, words = SITUATIONS[situation]
    with clock.at(aware(OPENED)):
        dossier = open_dossier(cycle, commune, an)
    if stop:
        with clock.at(aware(when)):
            stop(dossier, an)
    with clock.at(aware(seen)):
        task = open_task(dossier)
        assert task.due_on == date(2026, 11, 16)
        post = an.role_assignments.get(org_unit=commune)

        # Rows.
        inbox = Inbox(an, Filters.of({}))
        assert [(row["due"].kind, row["due"].words) for row in inbox.rows()] == [(kind, words)]
        files = Register(an, Filters.of({})).rows()
        assert [(row["due"].kind, row["due"].words) for row in files] == [(kind, words)]
        briefs = Briefing(post).rows()
        assert [(row["due"].kind, row["due"].words) for row in briefs] == [(kind, words)]

        # Tabs, their counts and their queries.
        counts = inbox.counts()
        assert (counts["overdue"], counts["soon"]) == (
            str(int(kind == "overdue")),
            str(int(kind == "soon")),
        )
        for tab in ("overdue", "soon"):
            rows = Inbox(an, Filters.of({"tab": tab})).rows()
            assert len(rows) == int(kind == tab)
        assert Task.objects.overdue(clock.now()).count() == int(kind == "overdue")

        # Pages.
        client = Client()
        client.force_login(an)
        for path in (f"/tasks/{task.pk}/", f"/dossiers/{dossier.pk}/", "/inbox/", "/dossiers/"):
            assert words in main(client.get(path)), path

        # The morning letter and the week.
        text = digests.text_for(an, clock.now() - timedelta(hours=1), clock.now())
        heads = set(re.findall(r"^([A-ZĐÀ-Ỹ, ]+) \(\d+\)$", text, re.MULTILINE))
        head = {"overdue": "QUÁ HẠN", "paused": "ĐANG CHỜ, TẠM DỪNG"}.get(kind)
        today = {"ĐẾN HẠN HÔM NAY"} if words == "hôm nay" else set()
        assert heads == ({head} if head else today)
        assert weekly.figures(chi, clock.now())["late"] == int(kind == "overdue")

        # The register keeps what was late before the clock stood still, and says that it does.
        late = [
            (row["paused"], row["days"])
            for row in OverdueRegister(chi, OverdueFilters.of({})).rows()
            if row["task_id"] == task.pk
        ]
        was_late = re.search(r"quá hạn (\d+)", words)
        assert late == ([(kind == "paused", int(was_late[1]))] if was_late else [])

        # The calendar.
        described = [
            event["description"] for event in feed._tasks(an) if event["uid"].startswith("task-")
        ]
        assert ["tạm dừng" in each for each in described] == [kind == "paused"]


@given(
    due_in=st.integers(-30, 30),
    paused_in=st.none() | st.integers(-40, 0),
)
def test_the_query_and_the_words_agree(due_in, paused_in):
    """``overdue`` of one day is what ``due_at <= now`` and ``paused`` say of it, for any days."""
    now = aware(datetime(2026, 11, 18, 12))
    today = now.date()
    due_on = today + timedelta(days=due_in)
    due_at = aware(datetime.combine(due_on + timedelta(days=1), datetime.min.time()))
    paused_at = None if paused_in is None else now + timedelta(days=paused_in)
    calendar = DayOff.objects.calendar(today - timedelta(days=60), today + timedelta(days=60))
    found = due(due_on, today, calendar, paused_at=paused_at)
    assert (found.kind == "overdue") == (due_at <= now and paused_at is None)
    last = calendar.add(today, SOON)
    assert (found.kind == "soon") == (due_at > now and due_on <= last and paused_at is None)
