"""The ground: the year, the law in force, the units, the people, the record."""

from cycle.celery import app as celery_app

__all__ = ["celery_app"]
