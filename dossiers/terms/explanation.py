"""Why a term ends when it ends: its ledger, read through the arithmetic that set its due day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from cycle.models import DayOff, User
from cycle.workdays import Calendar, Projection, Unit
from dossiers.law.guidance import title_of_term
from dossiers.models import Dossier
from dossiers.models.term import Term, TermEvent, resumed_on

Kind = TermEvent.Kind


@dataclass(frozen=True)
class Line:
    """One line of the ledger as it is shown: ``days`` used or added, ``left`` days remaining, or
    days ``late``, in the term's unit.
    """

    kind: str
    at: datetime
    by: User | None
    reason: str
    document: str
    days: int
    left: int | None
    due_on: date
    #: The line itself, where it rests on a document of the ledger.
    event: TermEvent | None = None

    @property
    def late(self) -> int:
        return max(-(self.left or 0), 0)


def shown_to(user: User) -> QuerySet[Term]:
    """The terms of dossiers that ``user`` may see, and the cycle's dates, which all may see."""
    return Term.objects.filter(
        Q(dossier=None) | Q(dossier__in=Dossier.objects.visible_to(user))
    ).select_related(
        "rule__rule_set", "task", "cycle", "org_unit__parent__parent", "dossier__product"
    )


class Explanation:
    """Why a term is due when it is (vì sao hạn này).

    ``base_on`` and ``amount`` are what the due day is counted from: the start and the whole length,
    or the last resumption and what was left then. When it is counted ``back``, ``base_on`` is the
    day that the due day must precede.
    """

    def __init__(self, term: Term) -> None:
        self.term = term
        events = list(term.events.select_related("by", "basis__replaced_by").order_by("pk"))
        self.amount: int | None = events[0].left
        self.back = bool(term.legal and self.amount is not None and self.amount < 0)
        self.base_on: date | None = (
            term.base_on if self.back else term.base_on and timezone.localdate(term.started_at)
        )
        self.paused = False
        self.lines = [self._line(event) for event in events]
        self._last_due = events[-1].due_on

    def _line(self, event: TermEvent) -> Line:
        before = self.amount or 0
        if event.kind == Kind.PAUSE:
            self.paused = True
        elif event.kind == Kind.RESUME:
            self.paused = False
            assert event.left is not None, "what pauses has a length"
            day = timezone.localdate(event.at)
            self.base_on = resumed_on(day, event.left, event.due_on < day, self.calendar)
        self.amount = event.left
        days = abs(before - (event.left or 0)) if event.kind in (Kind.PAUSE, Kind.EXTEND) else 0
        return Line(
            event.kind,
            event.at,
            event.by,
            event.reason,
            event.paper,
            days,
            event.left,
            event.due_on,
            event if event.basis_id else None,
        )

    @cached_property
    def calendar(self) -> Calendar:
        """The days off that this term met or may meet."""
        first = min(timezone.localdate(self.term.started_at), self.term.due_on)
        return DayOff.objects.calendar(first, self.term.due_on + timedelta(days=400))

    @cached_property
    def projection(self) -> Projection | None:
        """How the due day is counted; None for a fixed date and while paused."""
        if self.base_on is None or self.paused or self.amount is None:
            return None
        return self.calendar.project(self.base_on, self.amount, Unit(self.term.unit))

    @property
    def last_working(self) -> date | None:
        """Of a fixed date that is a day off the last working day before it: the date itself rolls
        over to none. None where it is a working day, or no fixed date.
        """
        if self.base_on is not None or self.paused:
            return None
        due_on = self.term.due_on
        day = DayOff.objects.calendar(due_on - timedelta(days=31), due_on).last_working(due_on)
        return day if day != due_on else None

    @property
    def counted_back(self) -> int:
        """How many days the due day is counted back from ``base_on``; 0 when forward."""
        return max(-(self.amount or 0), 0)

    @property
    def due_on(self) -> date:
        """The due day computed from the lines here."""
        return self.projection.due_on if self.projection else self._last_due

    @property
    def stands(self) -> bool:
        """Whether it gives the term's stored ``due_on``. It does not while a change of the calendar
        is being applied, nor for a term that had stopped before the change.
        """
        return self.due_on == self.term.due_on

    @property
    def worked(self) -> list[tuple[date, str]]:
        """Weekend days that count because they were worked instead, each with its document."""
        if self.projection is None or self.term.unit != Unit.WORKING_DAYS:
            return []
        start, due_on = self.projection.start, self.projection.due_on
        return [
            (day, self.calendar.names.get(day, ""))
            for day in sorted(self.calendar.worked)
            if start < day <= due_on or due_on <= day < start
        ]

    @property
    def moved(self) -> bool:
        """Whether the due day is no longer the first one."""
        return self.term.due_on != self.term.original_due_on


def title_of(term: Term) -> Any:
    """What the term is about, in words."""
    return title_of_term(term.title)
