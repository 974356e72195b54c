"""The ground that all other apps build on: cycles, the law's editions, units, people, history."""

from cycle.celery import app as celery_app

__all__ = ["celery_app"]
