"""The operations page (vận hành): what failed, what is queued, when scheduled work last ran."""

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

#: The most rows of a list; beyond, the page says that there are more.
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
    """The data of the operations page."""

    def __init__(self) -> None:
        self.now = clock.now()
        #: The result of the last ``collect_files``; set by :meth:`beats`.
        self.collected = None

    def beats(self) -> list[Mark]:
        """The scheduled tasks: last run, errors, since when missing."""
        found = marks(self.now)
        for mark in found:
            if mark.name == "collect_files" and mark.beat:
                self.collected = mark.beat.result.get("files")
        return found

    def backlog(self) -> list[tuple[Any, int]]:
        """(name, number) of what is queued; one query."""
        with connection.cursor() as cursor:
            cursor.execute(BACKLOG)
            return list(zip(WAITING, cursor.fetchone(), strict=True))

    def incidents(self) -> tuple[list[Any], bool]:
        """(deliveries that are not tried again by themselves, whether there are more)."""
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
        """(outbox rows whose audience could not be found, whether there are more)."""
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
        """(failed background jobs, whether there are more)."""
        return self._bounded(Job.objects.filter(state=JobState.FAILED).select_related("by"))

    def file_faults(self) -> tuple[list[Any], bool]:
        """(files that could not be served or stored, whether there are more)."""
        return self._bounded(FileFault.objects.all())

    def _bounded(self, rows: QuerySet[Any]) -> tuple[list[Any], bool]:
        found = list(rows[: SHOWN + 1])
        return found[:SHOWN], len(found) > SHOWN


def about(entry: HistoryEntry) -> str:
    """An entry in short: its title and its event."""
    return f"{title_of_term(entry.data.get('code'), entry.label)}: {entry.sentence}"


def resend_incidents(pk: int | None = None) -> int:
    """Queue one incident (or all) again; returns how many."""
    return _again(resend(_one(Delivery.objects.all(), pk)), "notifications.jobs.send_letters")


def tell_again(pk: int | None = None) -> int:
    """Look for the audience of one failed entry (or all) again; returns how many."""
    messages = OutboxMessage.objects.filter(dispatched_at=None).exclude(error="")
    return _again(_one(messages, pk).update(error=""), "notifications.jobs.keep_time")


def run_again(pk: int | None = None) -> int:
    """Queue one failed job (or all) again; returns how many."""
    jobs = _one(Job.objects.filter(state=JobState.FAILED), pk)
    return _again(
        jobs.update(state=JobState.QUEUED, error="", finished_at=None), "cycle.jobs.run_jobs"
    )


def _one(rows: QuerySet[Any], pk: int | None) -> QuerySet[Any]:
    return rows if pk is None else rows.filter(pk=pk)


def _again(count: int, name: str) -> int:
    transaction.on_commit(lambda: wake(name))
    return count
