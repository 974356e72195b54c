"""How often an IP address asked for public pages, counted for all web processes together."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection, models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from datetime import datetime

_COUNT = """
INSERT INTO cycle_visitor AS v (mark, since, times) VALUES (%(mark)s, statement_timestamp(), 1)
ON CONFLICT (mark) DO UPDATE SET
  (times, since) = (
    SELECT CASE WHEN over THEN 1 ELSE v.times + 1 END,
           CASE WHEN over THEN excluded.since ELSE v.since END
    FROM (SELECT v.since <= excluded.since - make_interval(secs => %(window)s) AS over) AS w)
RETURNING times
"""


class Visitor(models.Model):
    """An IP address that asked lately (người tra cứu), stored as ``mark``, a keyed hash.

    Only with the installation's secret key could the address be found again, and only until
    :meth:`forget` deletes the row.
    """

    mark = models.CharField(max_length=64, primary_key=True)
    since = models.DateTimeField(_("từ lúc"))
    times = models.PositiveIntegerField(_("số lần"))

    class Meta:
        verbose_name = _("người tra cứu")
        verbose_name_plural = _("người tra cứu")

    def __str__(self) -> str:
        return f"{self.since}: {self.times}"

    @classmethod
    def asks(cls, address: str, *, window: int) -> int:
        """Count a request of ``address``; returns how many it made within ``window`` seconds."""
        mark = salted_hmac("cycle.visitor", address, algorithm="sha256").hexdigest()
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, {"mark": mark, "window": window})
            return cursor.fetchone()[0]

    @classmethod
    def forget(cls, now: datetime, *, window: int) -> None:
        """Delete the rows of addresses that made no request within ``window`` seconds."""
        cls.objects.filter(since__lte=now - timedelta(seconds=window)).delete()
