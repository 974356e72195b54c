"""The Celery application. Workers are woken by Redis and find their work in PostgreSQL."""

import os

from celery import Celery
from celery.app.amqp import AMQP
from kombu import Connection
from kombu.transport.redis import Channel

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cycle.settings")

# A message only wakes, and is gone once taken: with ack_emulation off in the settings, this is all
# that would still be done about it over a connection that Redis has dropped, which ends the worker.
Channel.do_restore = False


class PatientConnection(Connection):
    """Tries Redis again every two seconds; kombu's own pause grows to half a minute."""

    def ensure_connection(self, *args, **kwargs):
        return super().ensure_connection(*args, **kwargs | {"interval_step": 0})


class PatientAMQP(AMQP):
    Connection = PatientConnection


app = Celery("cycle", amqp=PatientAMQP)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="jobs")
