"""The operations page (vận hành): what failed, what is queued, when scheduled work last ran."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cycle import clock
from cycle.models import FileFault, HistoryEntry, Job, JobState, OutboxMessage
from cycle.running.waking import wake
from dossiers.law.guidance import title_of_term
from dossiers.lists.filters import Queried
from notifications import health
from notifications.beats import Mark, marks
from notifications.delivery import resend
from notifications.models import Alarm, Delivery, DeliveryState

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

    def missing(self) -> list[health.Finding]:
        """What the installation lacks, as far as that is told without trying anything."""
        return health.told() if settings.PRODUCTION else []

    def alarms(self) -> list[Alarm]:
        """What is wrong now, as it was last looked at."""
        return list(Alarm.objects.open())

    def backlog(self) -> list[tuple[Any, int]]:
        """(name, number) of what is queued; one query."""
        with connection.cursor() as cursor:
            cursor.execute(BACKLOG)
            return list(zip(WAITING, cursor.fetchone(), strict=True))

    def incidents(self) -> tuple[list[Any], bool]:
        """(deliveries that are not tried again by themselves, whether there are more)."""
        return self._bounded(incidents())

    def untold(self) -> tuple[list[Any], bool]:
        """(outbox rows whose audience could not be found, whether there are more)."""
        return self._bounded(untold())

    def failed_jobs(self) -> tuple[list[Any], bool]:
        """(failed background jobs, whether there are more)."""
        return self._bounded(failed_jobs())

    def file_faults(self) -> tuple[list[Any], bool]:
        """(files that could not be served or stored, whether there are more)."""
        return self._bounded(file_faults())

    def _bounded(self, found: Queried) -> tuple[list[Any], bool]:
        rows = list(found.found[: SHOWN + 1])
        return found.shaped(rows[:SHOWN]), len(rows) > SHOWN


def incidents() -> Queried:
    """Deliveries that are not tried again by themselves, the latest first."""

    def shaped(rows: list[Any]) -> list[Any]:
        for row in rows:
            if row.notification:
                row.about = about(row.notification.entry)
        return rows

    found = Delivery.objects.filter(state=DeliveryState.INCIDENT).select_related(
        "notification__entry", "notification__recipient", "digest__user", "summary__leader"
    )
    return Queried(found.order_by("-pk"), shaped)


def untold() -> Queried:
    """Outbox rows whose audience could not be found, the latest first."""

    def shaped(rows: list[Any]) -> list[Any]:
        for row in rows:
            row.about = about(row.entry)
        return rows

    found = OutboxMessage.objects.filter(dispatched_at=None).exclude(error="")
    return Queried(found.select_related("entry").order_by("-pk"), shaped)


def failed_jobs() -> Queried:
    """Failed background jobs."""
    return Queried(Job.objects.filter(state=JobState.FAILED).select_related("by"))


def file_faults() -> Queried:
    """Files that could not be served or stored, the latest first."""
    return Queried(FileFault.objects.all())


def about(entry: HistoryEntry) -> str:
    """An entry in short: its title and its event."""
    return f"{title_of_term(entry.label)}: {entry.sentence}"


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
        jobs.update(state=JobState.QUEUED, error="", attempts=0, finished_at=None),
        "cycle.jobs.run_jobs",
    )


def send_soon() -> None:
    """Wake a worker for the letters that wait, once this transaction has committed."""
    _again(0, "notifications.jobs.send_letters")


def _one(rows: QuerySet[Any], pk: int | None) -> QuerySet[Any]:
    return rows if pk is None else rows.filter(pk=pk)


def _again(count: int, name: str) -> int:
    transaction.on_commit(lambda: wake(name))
    return count
