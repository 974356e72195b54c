"""The beat of the year's windows: told before one closes, counted when it has, once each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from cycle import clock
from cycle.locking import locked
from cycle.models import Cycle, HistoryEntry, StepWindow, WindowNotice
from dossiers.office.year import not_through, step_of

if TYPE_CHECKING:
    from datetime import date, datetime

CLOSING, CLOSED = WindowNotice.Kind.CLOSING, WindowNotice.Kind.CLOSED
#: A window that closed longer ago was over before it was planned: nobody is told of it.
FORGOTTEN = timedelta(days=14)


def tell_windows(now: datetime | None = None) -> int:
    """Record which windows close soon or have closed, each once; returns how many.

    Only of open years that were planned with their days. Any number of beats may come at once.
    """
    today = timezone.localdate(now or clock.now())
    found = (
        StepWindow.objects.filter(
            Q(closes_on__gte=today - FORGOTTEN),
            cycle__in=Cycle.objects.filter(closed_on=None, ends_on__isnull=False),
        )
        .prefetch_related("notices")
        .order_by("pk")
    )
    due = [(window, kind) for window in found if (kind := _kind(window, today))]
    return sum(_tell(window.pk, kind, today) for window, kind in due)


def _kind(window: StepWindow, today: date) -> str | None:
    """What is to be told of ``window`` today, and was not."""
    kind = None
    if window.closes_on < today:
        kind = CLOSED
    elif window.warn_days and today >= window.closes_on - timedelta(days=window.warn_days):
        kind = CLOSING
    told = {(notice.kind, notice.closes_on) for notice in window.notices.all()}
    return kind if kind and (kind, window.closes_on) not in told else None


def _tell(pk: int, kind: str, today: date) -> bool:
    with transaction.atomic():
        # A second beat waits here, and finds it told; so does who moves the window.
        windows = StepWindow.objects.select_related("cycle", "batch").filter(pk=pk)
        window = locked(windows).first()
        if window is None or _kind(window, today) != kind:
            return False
        late = not_through(window) if kind == CLOSED else []
        WindowNotice.objects.create(
            window=window, kind=kind, closes_on=window.closes_on, late=late, at=clock.now()
        )
        HistoryEntry.objects.record(
            f"cycle.window_{kind}", Closing(window), window=window.pk, late=late
        )
    return True


class Closing:
    """A window as the record of its year names it."""

    history_stream = Cycle.history_stream

    def __init__(self, window: StepWindow) -> None:
        self.window, self.pk = window, window.cycle_id

    @property
    def history_cycle_id(self) -> int:
        return self.pk

    def __str__(self) -> str:
        batch = f", {self.window.batch}" if self.window.batch else ""
        return f"{self.window}{batch}"


def posts_in(window: StepWindow) -> set[tuple[str, str]]:
    """The roles, each with the level, that work in the window."""
    duties: Any = window.cycle.duties.filter(
        rule_set=window.cycle.rule_set_id, level=window.level
    ).values_list("node", "role")
    return {(role, window.level) for node, role in duties if step_of(node) == window.step}
