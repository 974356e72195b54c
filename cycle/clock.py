"""The current time: the database's clock, or the moment set by a replay, the demo or a test."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.db.models import DateField, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from django.db.models import Expression

_moment: ContextVar[datetime | None] = ContextVar("moment", default=None)
_replaying: ContextVar[bool] = ContextVar("replaying", default=False)


def now() -> datetime:
    """The present moment, aware; from PostgreSQL, so that all machines agree."""
    if (moment := _moment.get()) is not None:
        return moment
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def today() -> date:
    """The present day in Vietnam."""
    return timezone.localdate(now())


def today_in_database() -> Value | RawSQL:
    """The present day in Vietnam as an SQL expression, which saves asking for it first."""
    if (moment := _moment.get()) is not None:
        return Value(timezone.localdate(moment), output_field=DateField())
    return _its_own_day()


def _its_own_day() -> RawSQL:
    return RawSQL(  # noqa: S611  (no input in it)
        "(clock_timestamp() AT TIME ZONE %s)::date", [settings.TIME_ZONE], DateField()
    )


def day_that_is_set() -> date | None:
    """The day of the moment that is set; None where the database's own day counts."""
    moment = _moment.get()
    return None if moment is None else timezone.localdate(moment)


def set_or_its_own(day: Expression) -> Coalesce:
    """The same as :func:`today_in_database`, for a query that is written once: ``day`` is the place
    of :func:`day_that_is_set`.
    """
    return Coalesce(Cast(day, DateField()), _its_own_day())


def replaying() -> bool:
    """Whether a replay or demo is writing past events: then nobody is notified."""
    return _replaying.get()


@contextmanager
def at(moment: datetime, *, replay: bool = False) -> Iterator[datetime]:
    """Set the clock to ``moment`` (aware) inside the block; for replay, demo, sweep --now, tests.

    ``replay``: past events are being written; nobody is notified.
    """
    if timezone.is_naive(moment):
        raise ValueError("clock.at() takes an aware moment")
    tokens = _moment.set(moment), _replaying.set(replay)
    try:
        yield moment
    finally:
        _moment.reset(tokens[0])
        _replaying.reset(tokens[1])


@contextmanager
def one_moment() -> Iterator[datetime]:
    """What is done inside is done at one moment: the database is asked once what time it is. Begin
    it behind the locks that it waits for, or what another did meanwhile would lie after it.
    """
    with at(now(), replay=replaying()) as moment:
        yield moment
