"""What runs by itself: the beat wakes a worker, the worker reads the database."""

import structlog
from celery import shared_task
from django.core.management import call_command

from cycle.models.job import run_waiting

log = structlog.get_logger(__name__)


@shared_task
def run_jobs():
    """Do the long work that waits."""
    run_waiting()


@shared_task
def clear_sessions():
    """Remove expired sessions."""
    call_command("clearsessions")


@shared_task
def verify_history():
    """Recompute the chains of history; a broken link is an error in the log of the office."""
    try:
        call_command("verify_history", verbosity=0)
    except SystemExit:
        log.error("history_broken", hint="manage.py verify_history")
