"""The Celery application. Workers are woken by Redis and find their work in PostgreSQL."""

import os

from celery import Celery
from celery.app.amqp import AMQP
from kombu import Connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cycle.settings")


class PatientConnection(Connection):
    """Tries Redis again every two seconds; kombu's own pause grows to half a minute."""

    def ensure_connection(self, *args, **kwargs):
        return super().ensure_connection(*args, **kwargs | {"interval_step": 0, "interval_max": 2})


class PatientAMQP(AMQP):
    Connection = PatientConnection


app = Celery("cycle", amqp=PatientAMQP)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="jobs")
