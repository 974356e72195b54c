"""The week's report on one page for a leader (báo cáo tuần), over the dossiers of their area."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy

from cycle import clock
from cycle.letters import sort_key
from cycle.models import (
    DayOff,
    HistoryEntry,
    Role,
    RoleAssignment,
    Stream,
    User,
    acting_in,
)
from cycle.papers import apart
from cycle.steps import Step
from dossiers.law.guidance import GUIDES
from dossiers.law.states import PARKED, State
from dossiers.lists import work
from dossiers.lists.overdue import WORK, OverdueRegister
from dossiers.models import ACTS, Dossier, Task, Term
from dossiers.models.law import SENT_BACK
from notifications.models import Channel, Delivery, Preference, WeeklySummary

#: The hour at which the report is sent, on the last working day of the week.
HOUR = time(15)
#: After a missed hour it is still sent within this time.
STILL_NEWS = timedelta(days=4)

#: The most rows that fit on one page.
UNITS = 8
TASKS = 12
#: Of what is no task or term, so many rows are looked at.
MANY = 500

SHEET = settings.BASE_DIR / "templates" / "notifications" / "week.typ"

MOVES = (
    (gettext_lazy("Mở hồ sơ"), ["dossier.open"]),
    (gettext_lazy("Nộp hồ sơ đánh giá"), ["dossier.submit_dossier"]),
    (gettext_lazy("Yêu cầu bổ sung"), SENT_BACK),
    (
        gettext_lazy("Có kết quả hội đồng"),
        [act.event for act in ACTS.values() if act.gives_result],
    ),
    (gettext_lazy("Công nhận"), ["dossier.certify"]),
)


# --- The figures ----------------------------------------------------------------------------


def monday_of(day: date) -> date:
    """The Monday of the week of ``day``."""
    return day - timedelta(days=day.weekday())


def figures(user: User, now: datetime) -> dict[str, Any]:
    """The week's report at ``now`` as plain data, over what ``user`` may see."""
    today = timezone.localdate(now)
    monday = monday_of(today)
    dossiers = _dossiers(user)
    states = dict(
        dossiers.order_by().values_list("state").annotate(Count("pk"))  # type: ignore[misc]
    )
    late = _late(user, now)
    late_units = _late_units(late)
    due = _due(user, monday + timedelta(days=7))
    return {
        "who": str(user),
        "area": area_of(user),
        "week": [_day(monday), _day(monday + timedelta(days=6))],
        "next_week": [_day(monday + timedelta(days=7)), _day(monday + timedelta(days=13))],
        "made": f"{timezone.localtime(now):%H:%M %d/%m/%Y}",
        "made_on": [today.day, today.month, today.year],
        "steps": _steps(states, late),
        "open": sum(n for state, n in states.items() if State(state) not in PARKED),
        "late": late.total["terms"],
        "parked": sum(n for state, n in states.items() if State(state) in PARKED),
        "moves": _moves(dossiers, monday),
        "late_units": late_units[:UNITS],
        "late_units_more": max(0, len(late_units) - UNITS),
        "due": due[:TASKS],
        "due_more": max(0, len(due) - TASKS),
    }


def area_of(user: User) -> str:
    """The units of the user's posts, as the page names them."""
    return ", ".join(dict.fromkeys(held.org_unit.name for held in user.assignments()))


def _dossiers(user: User) -> QuerySet[Dossier]:
    """Those of the years that run, and of a closed one those with work left."""
    left = Task.objects.open().filter(dossier=OuterRef("pk"))
    return Dossier.objects.visible_to(user).filter(Q(cycle__closed_on=None) | Exists(left))


def late_units(user: User, now: datetime) -> list[dict[str, Any]]:
    """Every unit of the week's page with late tasks: ``unit``, ``number``, ``days``."""
    return _late_units(_late(user, now))


def due_next_week(user: User, now: datetime) -> list[dict[str, str]]:
    """What the week's page tells of the week after: ``day``, ``what``, ``product``, ``unit``."""
    monday = monday_of(timezone.localdate(now))
    return _due(user, monday + timedelta(days=7))


def _late(user: User, now: datetime) -> OverdueRegister:
    """The register of what is overdue now in the user's area: the week counts its rows."""
    return OverdueRegister(user, WORK, now)


def _steps(states: dict[str, int], late: OverdueRegister) -> list[dict[str, Any]]:
    standing: Counter = Counter()
    for state, number in states.items():
        if State(state) not in PARKED:
            standing[State(state).step] += number
    overdue = {row["step"]: row["terms"] for row in late.by_step()}
    return [
        {
            "number": step.number,
            "label": str(step.label),
            "open": standing[step],
            "late": overdue.get(step.value, 0),
        }
        for step in Step
    ]


def _late_units(late: OverdueRegister) -> list[dict[str, Any]]:
    """A row per unit of today: how much is overdue there, the working days of the latest one."""
    rows = [
        {"unit": row["unit"], "number": row["terms"], "days": row["most"]} for row in late.heat()
    ]
    return sorted(rows, key=lambda row: (-row["number"], -row["days"], sort_key(row["unit"])))


def _due(user: User, monday: date) -> list[dict[str, str]]:
    """What is due in the week from ``monday`` on, of what is counted as late once its day is over:
    tasks and legal terms of the area, and what else is asked of anybody there; and agreed days.
    """
    week = (monday, monday + timedelta(days=6))
    tasks = Task.objects.open().filter(org_unit__in=user.area(), due_on__range=week, paused=False)
    terms = (
        Term.objects.live()
        .beside_tasks()
        .filter(
            Q(dossier__isnull=False, org_unit__in=user.area())
            | Q(dossier=None, org_unit__in=user.business()),
            due_on__range=week,
        )
        .values("due_on", "title", "dossier__product__name", "org_unit__name")
    )
    others = work.overseen_by(user, monday)
    rows = [
        (row["due_on"], str(GUIDES[row["node"]].title), row["dossier__product__name"],
         row["org_unit__name"])
        for row in tasks.values("due_on", "node", "dossier__product__name", "org_unit__name")
    ] + [
        (row["due_on"], row["title"], row["dossier__product__name"] or "", row["org_unit__name"])
        for row in terms
    ] + [
        (row["due_on"], str(row["title"]), row["product"], row["unit"])
        for row in work.rows_of(others, MANY, work_due_on__range=week)
    ]  # fmt: skip
    return [
        {"day": _day(day), "what": what, "product": product, "unit": unit}
        for day, what, product, unit in sorted(
            rows, key=lambda row: (row[0], *map(sort_key, row[1:]))
        )
    ]


def _moves(dossiers: QuerySet[Dossier], monday: date) -> list[dict[str, Any]]:
    """How often each act of MOVES was recorded since ``monday``."""
    counted = dict(
        HistoryEntry.objects.filter(
            stream=Stream.DOSSIER,
            stream_id__in=dossiers.values("pk"),
            event__in=[event for _label, events in MOVES for event in events],
            at__gte=timezone.make_aware(datetime.combine(monday, time.min)),
        )
        .order_by()
        .values_list("event")
        .annotate(Count("pk"))  # type: ignore[misc]
    )
    return [
        {"label": str(label), "number": sum(counted.get(event, 0) for event in events)}
        for label, events in MOVES
    ]


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def pdf(page: dict[str, Any]) -> bytes:
    """The report as PDF, A4."""
    return apart.sheet(SHEET, SHEET.parent, "figures", page)


# --- Once a week ----------------------------------------------------------------------------


def prepare(now: datetime | None = None) -> int:
    """Make this week's report for each leader who has none yet; returns how many were made.

    May run several times at once: a unique row per leader and week.
    """
    now = now or clock.now()
    week_on = settings.EMAIL_HOST and week_to_tell(now)
    if not week_on:
        return 0
    day = timezone.localdate(now)
    leaders = (
        acting_in(RoleAssignment.objects.held_on(day).filter(role=Role.LEADER), day)
        .exclude(email="")
        .exclude(pk__in=Preference.objects.filter(weekly=False).values("user"))
        .exclude(pk__in=WeeklySummary.objects.filter(week_on=week_on).values("leader"))
    )
    return sum(_make(leader, week_on, now) for leader in leaders)


def week_to_tell(now: datetime) -> date | None:
    """The Monday of the last week whose report is due, None when that was too long ago."""
    today = timezone.localdate(now)
    monday = monday_of(today)
    first = monday - timedelta(days=7)
    calendar = DayOff.objects.calendar(first, today + timedelta(days=6))
    for week_on in (monday, first):
        working = [day for n in range(7) if calendar.is_working(day := week_on + timedelta(days=n))]
        if not working:
            continue
        moment = timezone.make_aware(datetime.combine(working[-1], HOUR))
        if moment <= now:
            return week_on if now - moment < STILL_NEWS else None
    return None


def _make(leader: User, week_on: date, now: datetime) -> int:
    with translation.override("vi"):
        page = figures(leader, now)
    try:
        with transaction.atomic():
            summary = WeeklySummary.objects.create(
                leader=leader, week_on=week_on, created_at=now, figures=page
            )
            Delivery.objects.create(summary=summary, channel=Channel.EMAIL, next_at=clock.now())
    except IntegrityError:
        # Another worker has just made it.
        return 0
    return 1
