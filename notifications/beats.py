"""Heartbeats of the scheduled tasks (chạy nền): when each ran last, and whether it is missing.

Every entry of ``CELERY_BEAT_SCHEDULE`` has a row in ``Heartbeat``, written here as its task begins
and ends. Four tasks write their rows themselves (``jobs.py``).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from celery import signals
from celery.schedules import crontab
from django.conf import settings
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cycle import clock
from cycle.backups import kept
from cycle.chains import HistoryBroken
from cycle.models import HistoryEntry
from notifications.models import Heartbeat

#: Name of a task's function -> its Vietnamese name.
BEATS = {
    "keep_time": _("Theo dõi thời hạn, báo tin"),
    "send_letters": _("Gửi thư, tin nhắn"),
    "run_jobs": _("Chạy việc lớn"),
    "forget_visitors": _("Xóa dấu vết người tra cứu"),
    "watch": _("Khám hệ thống, báo quản trị viên"),
    "clear_sessions": _("Dọn phiên đăng nhập cũ"),
    "verify_history": _("Kiểm tra nhật ký mỗi đêm"),
    "collect_files": _("Dọn tệp hằng đêm"),
}
#: The tasks that write their own row: a part that fails does not stop their other parts.
OF_PARTS = {"keep_time", "send_letters", "watch", "collect_files"}
#: The row of the last backup (sao lưu); no beat takes it.
BACKUP = "backup"
#: A beat is missing when it is later than its time by more than this.
GRACE = timedelta(minutes=4)


def name_of(task: str) -> str:
    """The name of a task's heartbeat: ``run_jobs`` for ``cycle.jobs.run_jobs``."""
    return task.rpartition(".")[2]


def schedules() -> dict[str, Any]:
    """``{name: schedule}``; a schedule is a number of seconds or a crontab."""
    return {
        name_of(entry["task"]): entry["schedule"]
        for entry in settings.CELERY_BEAT_SCHEDULE.values()
    }


def due_after(schedule: Any, moment: datetime) -> datetime:
    """When a beat that ran at ``moment`` is due next."""
    if isinstance(schedule, crontab):
        last, ahead, _now = schedule.remaining_delta(timezone.localtime(moment))
        return last + ahead
    return moment + timedelta(seconds=schedule)


class Mark(NamedTuple):
    """A beat, its last heartbeat, and since when it is missing (None: it is not)."""

    name: str
    label: str
    beat: Heartbeat | None
    missed_since: datetime | None


def marks(now: datetime) -> list[Mark]:
    """Every beat of the schedule; two queries."""
    seen = Heartbeat.objects.in_bulk()
    # A beat that never ran is missing since its first time after the first entry of any history.
    first = HistoryEntry.objects.order_by("pk").values_list("recorded_at", flat=True).first()
    found = []
    for name, schedule in schedules().items():
        beat = seen.get(name)
        since = beat.started_at if beat else first
        due = due_after(schedule, since) if since else None
        missed = due if due and due + GRACE < now else None
        found.append(Mark(name, str(BEATS.get(name, name)), beat, missed))
    return found


def _watched(task: Any) -> str | None:
    name = name_of(task.name)
    return name if name in schedules().keys() - OF_PARTS else None


@signals.task_prerun.connect
def began(task: Any = None, **said: Any) -> None:
    """Write down that a beat has begun."""
    if name := _watched(task):
        Heartbeat.objects.update_or_create(
            name=name, defaults={"started_at": clock.now(), "finished_at": None}
        )


@signals.task_postrun.connect
def ended(task: Any = None, state: str | None = None, retval: Any = None, **said: Any) -> None:
    """Write down that a beat has ended, and what it did or why it could not."""
    if name := _watched(task):
        error = "" if state == "SUCCESS" else in_words(retval)
        result = retval if isinstance(retval, dict) else {}
        Heartbeat.objects.filter(name=name).update(
            finished_at=clock.now(), result=result, error=error
        )


@receiver(kept)
def backed_up(started: datetime, files: int, encrypted: bool, **said: Any) -> None:
    """Write down that a backup was taken."""
    Heartbeat.objects.update_or_create(
        name=BACKUP,
        defaults={
            "started_at": started,
            "finished_at": clock.now(),
            "result": {"files": files, "encrypted": encrypted},
            "error": "",
        },
    )


def in_words(error: Any) -> str:
    """The sentence of a HistoryBroken, else the error's type and message."""
    if isinstance(error, HistoryBroken):
        return str(error)[:1000]
    return f"{type(error).__name__}: {error}"[:1000]
