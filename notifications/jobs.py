"""The beat's and the workers' part: every job finds its work in PostgreSQL and may run twice."""

import time

import structlog
from celery import shared_task

from cycle import clock, files
from cycle.jobs import alone
from cycle.running.waking import wake
from dossiers.office.handover import keep_posts
from dossiers.office.windows import tell_windows
from dossiers.terms.sweep import begin_batches, sweep
from notifications import digests, weekly
from notifications.delivery import deliver
from notifications.dispatch import dispatch
from notifications.models import Heartbeat

log = structlog.get_logger(__name__)


@shared_task
@alone
def keep_time():
    """Fire what is due and tell it; another worker sends, for a mail server may be slow."""
    with_heartbeat(
        "keep_time",
        {
            "posts": keep_posts,
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
def send_letters():
    """Send what waits, for most of a minute: the next beat wakes the next worker."""
    with_heartbeat("send_letters", {"tried": lambda: deliver(seconds=50)})


@shared_task
@alone
def collect_files():
    """Remove every night what no row names; numbers and bytes stand on the page of operations."""
    with_heartbeat("collect_files", {"files": files.collect})


def tell(*, seconds):
    """Empty the outbox, or begin no more after ``seconds``; returns how many entries were told.

    The next beat fires what fell due meanwhile, and goes on.
    """
    told, until = 0, time.monotonic() + seconds
    while time.monotonic() < until and (taken := dispatch()):
        told += taken
    return told


def with_heartbeat(name, parts):
    """Do each of ``parts`` whatever becomes of the others, and write down when and how it went."""
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
