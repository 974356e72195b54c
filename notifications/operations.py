"""How the system fares (vận hành): what did not go out, what waits, when work last ran."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cycle import clock
from cycle.models import FileFault, HistoryEntry, Job, JobState, OutboxMessage
from cycle.running.waking import wake
from notifications.beats import Mark, marks
from notifications.delivery import resend
from notifications.letters import title_of_term
from notifications.models import Delivery, DeliveryState

#: More than this are counted, not listed.
SHOWN = 50

WAITING = (
    _("Sự kiện chờ báo"),
    _("Tin chờ gửi"),
    _("Tin sẽ gửi lại sau lỗi"),
    _("Việc chạy nền chờ"),
)
BACKLOG = """
SELECT
  (SELECT count(*) FROM cycle_outboxmessage WHERE dispatched_at IS NULL AND error = ''),
  count(*), count(*) FILTER (WHERE error <> ''),
  (SELECT count(*) FROM cycle_job WHERE state IN ('queued', 'running'))
FROM notifications_delivery WHERE state = 'pending'
"""


class Operations:
    """The page's facts, each list bounded."""

    def __init__(self) -> None:
        self.now = clock.now()
        #: What the last night's work on files did, once the beats are read.
        self.collected = None

    def beats(self) -> list[Mark]:
        """Each beat: when it was last seen, what went wrong, since when it is missed."""
        found = marks(self.now)
        for mark in found:
            if mark.name == "collect_files" and mark.beat:
                self.collected = mark.beat.result.get("files")
        return found

    def backlog(self) -> list[tuple[Any, int]]:
        """What waits, by name; one query."""
        with connection.cursor() as cursor:
            cursor.execute(BACKLOG)
            return list(zip(WAITING, cursor.fetchone(), strict=True))

    def incidents(self) -> tuple[list[Any], bool]:
        """Messages that will not be tried again by themselves, the latest first."""
        deliveries, more = self._bounded(
            Delivery.objects.filter(state=DeliveryState.INCIDENT)
            .select_related(
                "notification__entry", "notification__recipient", "digest__user", "summary__leader"
            )
            .order_by("-pk")
        )
        for delivery in deliveries:
            if delivery.notification:
                delivery.about = about(delivery.notification.entry)
        return deliveries, more

    def untold(self) -> tuple[list[Any], bool]:
        """Entries whose audience could not be found."""
        messages, more = self._bounded(
            OutboxMessage.objects.filter(dispatched_at=None)
            .exclude(error="")
            .select_related("entry")
            .order_by("-pk")
        )
        for message in messages:
            message.about = about(message.entry)
        return messages, more

    def failed_jobs(self) -> tuple[list[Any], bool]:
        """Long work that ended in an error."""
        return self._bounded(Job.objects.filter(state=JobState.FAILED).select_related("by"))

    def file_faults(self) -> tuple[list[Any], bool]:
        """Files that could not be handed over or stored, the latest first."""
        return self._bounded(FileFault.objects.all())

    def _bounded(self, rows: QuerySet[Any]) -> tuple[list[Any], bool]:
        found = list(rows[: SHOWN + 1])
        return found[:SHOWN], len(found) > SHOWN


def about(entry: HistoryEntry) -> str:
    """An entry in a few words: its subject and its event."""
    return f"{title_of_term(entry.data.get('code'), entry.label)}: {entry.sentence}"


def resend_incidents(pk: int | None = None) -> int:
    """Send again: one incident, or all; returns how many."""
    return _again(resend(_one(Delivery.objects.all(), pk)), "notifications.jobs.send_letters")


def tell_again(pk: int | None = None) -> int:
    """Look for the audience of failed entries again; returns how many."""
    messages = OutboxMessage.objects.filter(dispatched_at=None).exclude(error="")
    return _again(_one(messages, pk).update(error=""), "notifications.jobs.keep_time")


def run_again(pk: int | None = None) -> int:
    """Queue failed jobs again; returns how many."""
    jobs = _one(Job.objects.filter(state=JobState.FAILED), pk)
    return _again(
        jobs.update(state=JobState.QUEUED, error="", finished_at=None), "cycle.jobs.run_jobs"
    )


def _one(rows: QuerySet[Any], pk: int | None) -> QuerySet[Any]:
    return rows if pk is None else rows.filter(pk=pk)


def _again(count: int, name: str) -> int:
    transaction.on_commit(lambda: wake(name))
    return count
