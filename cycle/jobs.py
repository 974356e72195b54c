"""Celery tasks of the ground: long jobs, cleaning, the nightly check of history."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import structlog
from celery import shared_task
from django.core.management import call_command
from django.db import connection

from cycle import chains, clock, typed
from cycle.models import SentForm, Visitor
from cycle.models.job import run_waiting

log = structlog.get_logger(__name__)


def alone(work: Callable[[], None]) -> Callable[[], None]:
    """Let one worker at a time do ``work``; the others return at once, free for other work.

    By an advisory lock, which PostgreSQL releases when the worker dies.
    """

    @wraps(work)
    def held() -> None:
        # The two-number form of the lock: it never meets a job's lock, which has one number.
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
    """Run the queued background jobs."""
    run_waiting()


@shared_task
def clear_sessions() -> None:
    """Remove expired sessions, kept forms (cycle/typed.py) that are over an hour old, and the keys
    of sent forms (cycle/once.py) that are older than any session.
    """
    call_command("clearsessions")
    typed.forget_old()
    SentForm.forget(clock.now())


@shared_task
def forget_visitors() -> None:
    """Delete the rows of visitors who have not asked for a minute."""
    Visitor.forget(clock.now(), window=60)


@shared_task
def verify_history() -> dict[str, int]:
    """Check every chain of history; returns their size. Raises HistoryBroken.

    The error is on the operations page until a later check finds history whole.
    """
    if found := chains.check():
        log.error("history_broken", findings=[str(each) for each in found])
        raise chains.HistoryBroken(found)
    streams, entries = chains.size()
    return {"streams": streams, "entries": entries}
