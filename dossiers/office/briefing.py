"""The open work of a post, for whoever takes it over (bản bàn giao)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from cycle import clock
from cycle.models import DayOff, HistoryEntry, RoleAssignment, Stream
from dossiers.law.guidance import GUIDES
from dossiers.models import Task
from dossiers.terms.due import due

#: How many of the newest history entries of each dossier are shown.
LAST_ENTRIES = 3


class Briefing:
    """The open tasks of ``post``, a RoleAssignment: what, until when, what happened last."""

    def __init__(self, post: RoleAssignment) -> None:
        self.post = post
        self.today = clock.today()

    def taken_over(self) -> HistoryEntry | None:
        """The entry of the hand-over by which this post began, or None."""
        return (
            HistoryEntry.objects.filter(event="role.handover", data__successor=self.post.pk)
            .select_related("actor", "org_unit", "acting_for")
            .last()
        )

    def rows(self) -> list[dict[str, Any]]:
        """A row per open task that the holder has claimed or nobody has, the soonest due first."""
        tasks = list(
            Task.objects.open_in(self.post)
            .filter(Q(owner=None) | Q(owner__in=self._claimed_by()))
            .select_related(
                "dossier__product__producer", "dossier__commune", "dossier__rule_set", "term"
            )
            .order_by("due_at", "pk")
        )
        if not tasks:
            return []
        last = self._last_entries([task.dossier_id for task in tasks if task.dossier_id])
        days = [self.today, *(task.due_on for task in tasks)]
        calendar = DayOff.objects.calendar(min(days), max(days))
        return [
            {
                "task": task,
                "dossier": task.dossier,
                "guide": GUIDES[task.node],
                "law": GUIDES[task.node].law_for(task.dossier.rule_set),
                "due": due(task.due_on, self.today, calendar, paused_at=task.term.paused_at),
                "history": last.get(task.dossier_id, []),
            }
            for task in tasks
        ]

    def _claimed_by(self) -> list[int]:
        """The holder, and who acts for them today: what either claimed is the post's."""
        lent = self.post.substitutions.in_force(self.today).values_list("substitute", flat=True)
        return [self.post.user_id, *lent]

    def _last_entries(self, dossiers: Iterable[int]) -> dict[int, list[HistoryEntry]]:
        entries = (
            HistoryEntry.objects.filter(stream=Stream.DOSSIER, stream_id__in=dossiers)
            .annotate(
                age=Window(RowNumber(), partition_by=[F("stream_id")], order_by=F("seq").desc())
            )
            .filter(age__lte=LAST_ENTRIES)
            .select_related("actor", "org_unit", "acting_for")
            .order_by("stream_id", "-seq")
        )
        last: dict[int, list] = {}
        for entry in entries:
            last.setdefault(entry.stream_id, []).append(entry)
        return last
