"""The Celery application. Workers are woken by Redis and find their work in PostgreSQL."""

from __future__ import annotations

import logging.config
import os
from typing import Any

import structlog
from celery import Celery, Task, signals
from celery.app.amqp import AMQP
from django.conf import settings
from kombu import Connection
from kombu.transport.redis import Channel

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cycle.settings")

# When a worker closes, kombu puts unfinished messages back. Over a connection that Redis has
# dropped this raises and ends the worker. Nothing needs to come back: a message only wakes.
Channel.do_restore = False


class PatientConnection(Connection):
    """Tries Redis again every two seconds; kombu's own pause grows to half a minute."""

    def ensure_connection(self, *args: Any, **kwargs: Any) -> Any:
        return super().ensure_connection(*args, **kwargs | {"interval_step": 0})


class PatientAMQP(AMQP):
    """Makes Celery use :class:`PatientConnection`."""

    Connection = PatientConnection


class FittingTask(Task):  # type: ignore[type-arg]  # generic for its stubs alone
    """Does nothing in a production whose tables do not fit this code: the beat comes again."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # Not at the top: settings import this package.
        from cycle.running import schema

        if settings.PRODUCTION and (why := schema.gate.refusal()):
            structlog.get_logger(__name__).error("schema_refused", why=why, task=self.name)
            return None
        return super().__call__(*args, **kwargs)


app = Celery("cycle", amqp=PatientAMQP, task_cls=FittingTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="jobs")


# This module is imported by whoever imports ours; only a worker and a beat need the services.
@signals.celeryd_init.connect
@signals.beat_init.connect
def start_services(**said: Any) -> None:
    """Start PostgreSQL and Redis of our own before the worker or the beat asks for them."""
    # Not at the top: ``python -m cycle.running.embedded`` would find itself imported already.
    from cycle.running import starting

    starting.for_work()


@signals.setup_logging.connect
def keep_our_log(**said: Any) -> None:
    """Let worker and beat write the same log as the pages, with what is bound to each line."""
    logging.config.dictConfig(settings.LOGGING)


@signals.task_prerun.connect
def name_in_log(task_id: str, task: Task, **said: Any) -> None:  # type: ignore[type-arg]
    """Say in each line of the log which task speaks."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(task_id=task_id, beat=task.name)


@signals.task_postrun.connect
def forget_in_log(**said: Any) -> None:
    """What was bound belongs to that task only."""
    structlog.contextvars.clear_contextvars()
