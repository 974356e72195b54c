"""The beat's and the workers' part: every job finds its work in PostgreSQL and may run twice."""

from celery import shared_task

from cycle import clock
from dossiers.deadlines import begin_batches, sweep
from notifications.delivery import deliver
from notifications.dispatch import dispatch


@shared_task
def keep_time():
    """Fire what is due, tell it, send it."""
    begin_batches(clock.now())
    sweep()
    while dispatch():
        pass
    deliver(limit=200)
