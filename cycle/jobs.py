"""What runs by itself: the beat wakes a worker, the worker reads the database."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import structlog
from celery import shared_task
from django.core.management import call_command
from django.db import connection

from cycle import chains, clock, typed
from cycle.models import Visitor
from cycle.models.job import run_waiting

log = structlog.get_logger(__name__)


def alone(work: Callable[[], None]) -> Callable[[], None]:
    """Let one worker at a time do ``work``: the others leave at once, free for long work.

    The hold is a lock of the database that dies with the worker.
    """

    @wraps(work)
    def held() -> None:
        # A lock of two numbers, so that it never meets a job's lock, which is one number.
        lock: list[int | str] = [1, work.__name__]
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", lock)
            if not cursor.fetchone()[0]:
                return
            try:
                work()
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", lock)

    return held


@shared_task
def run_jobs() -> None:
    """Do the long work that waits."""
    run_waiting()


@shared_task
def clear_sessions() -> None:
    """Remove expired sessions, and what was typed and nobody came back for."""
    call_command("clearsessions")
    typed.forget_old()


@shared_task
def forget_visitors() -> None:
    """Forget the addresses that have not asked for a minute."""
    Visitor.forget(clock.now(), window=60)


@shared_task
def verify_history() -> dict[str, int]:
    """Recompute the chains of history; returns their size. Raises HistoryBroken.

    What it raises stands on the operations page until a night finds history whole.
    """
    if found := chains.check():
        log.error("history_broken", findings=[str(each) for each in found])
        raise chains.HistoryBroken(found)
    streams, entries = chains.size()
    return {"streams": streams, "entries": entries}
