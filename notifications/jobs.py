"""Celery tasks: each finds its work in PostgreSQL and may run twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from celery import shared_task

from cycle import clock, files
from cycle.jobs import alone
from cycle.running.waking import wake
from dossiers.models import ActBatchRow, Draft
from dossiers.office.handover import keep_posts
from dossiers.office.people import close_left
from dossiers.office.windows import tell_windows
from dossiers.terms.sweep import begin_batches, sweep
from notifications import digests, weekly
from notifications import watch as looking
from notifications.delivery import deliver
from notifications.dispatch import dispatch
from notifications.models import Heartbeat

log = structlog.get_logger(__name__)


@shared_task
@alone
def keep_time() -> None:
    """Every minute: fire what is due, make notifications; then wake a worker to send."""
    with_heartbeat(
        "keep_time",
        {
            "posts": keep_posts,
            "left": close_left,
            "batches": lambda: begin_batches(clock.now()),
            "swept": sweep,
            "windows": tell_windows,
            "told": lambda: tell(seconds=50),
            "digests": digests.prepare,
            "summaries": weekly.prepare,
        },
    )
    wake("notifications.jobs.send_letters")


@shared_task
@alone
def send_letters() -> None:
    """Send what is due, for at most 50 seconds; the next beat wakes another worker."""
    with_heartbeat("send_letters", {"tried": lambda: deliver(seconds=50)})


@shared_task
@alone
def watch() -> None:
    """Every five minutes: write to the administrators of what is wrong, and of what is over."""
    with_heartbeat("watch", {"looked": looking.look})


@shared_task
@alone
def collect_files() -> None:
    """Every night: empty what was typed for many dossiers and never done, remove old drafts and
    files that no row names; the counts are on the operations page.
    """
    parts = {
        "typed": ActBatchRow.objects.forget_typed,
        "drafts": lambda: Draft.objects.forget_old(clock.now()),
        "files": files.collect,
    }
    with_heartbeat("collect_files", parts)


def tell(*, seconds: float) -> int:
    """Empty the outbox, for at most ``seconds``; returns how many entries were dispatched."""
    told, until = 0, time.monotonic() + seconds
    while time.monotonic() < until and (taken := dispatch()):
        told += taken
    return told


def with_heartbeat(name: str, parts: Mapping[str, Callable[[], Any]]) -> None:
    """Run each of ``parts``, also when another fails; the heartbeat ``name`` keeps the results."""
    Heartbeat.objects.update_or_create(
        name=name, defaults={"started_at": clock.now(), "finished_at": None}
    )
    result, errors = {}, []
    for part, work in parts.items():
        try:
            result[part] = work()
        except Exception as error:
            log.exception("beat_failed", beat=name, part=part)
            errors.append(f"{part}: {type(error).__name__}: {error}"[:500])
    Heartbeat.objects.filter(name=name).update(
        finished_at=clock.now(), result=result, error="\n".join(errors)
    )
