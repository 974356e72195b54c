"""Where the time of a dossier went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from dossiers.law.nodes import NODES, WAITS_FOR_PRODUCER
from dossiers.law.states import PARKED
from dossiers.models.dossier import Dossier

# --- Where the time went ----------------------------------------------------------------------


def asked(sql: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of the query ``sql`` as dicts."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


SPENT = """
WITH told AS (
  SELECT seq, event, at, CASE WHEN after <> '' AND after <> before THEN after END AS state
  FROM cycle_historyentry
  WHERE stream = 'dossier' AND stream_id = %(dossier)s
    AND (event IN ('task.wait', 'task.resume') OR after <> '' AND after <> before)
), stretches AS (
  SELECT event, at, coalesce(lead(at) OVER (ORDER BY seq), %(now)s) AS until,
    count(state) OVER (ORDER BY seq) AS moves, state
  FROM told
), stood AS (
  SELECT event, at, until, max(state) OVER (PARTITION BY moves) AS state FROM stretches
), spent AS (
  SELECT at, until,
    CASE WHEN state = ANY(%(parked)s) THEN 'paused'
         WHEN state = ANY(%(returned)s) OR event = 'task.wait' THEN 'waiting'
         ELSE 'working' END AS how
  FROM stood WHERE state NOT IN ('promoted', 'revoked')
), pauses AS (
  SELECT e.kind, e.at,
    coalesce(lead(e.at) OVER (PARTITION BY e.term_id ORDER BY e.id), %(now)s) AS until
  FROM dossiers_termevent e JOIN dossiers_term t ON t.id = e.term_id
  WHERE t.dossier_id = %(dossier)s AND t.task_id IS NOT NULL
    AND e.kind IN ('pause', 'resume', 'stop')
), asked AS (
  SELECT how, at, until FROM spent
  UNION ALL
  -- A clock that stands still without the producer being waited for: an opinion is.
  SELECT 'asked', greatest(spent.at, pauses.at), least(spent.until, pauses.until)
  FROM spent JOIN pauses ON pauses.at < spent.until AND spent.at < pauses.until
  WHERE spent.how = 'working' AND pauses.kind = 'pause'
)
SELECT how, extract(epoch FROM sum(until - at)) / 86400 AS days FROM asked GROUP BY how
"""


@dataclass(frozen=True)
class Spent:
    """Where a dossier's time went, in days: at work, waiting for the producer, waiting for an
    opinion, parked outside the walk.
    """

    working: float
    waiting: float
    asked: float
    paused: float

    @property
    def total(self) -> float:
        """All days."""
        return self.working + self.waiting + self.asked + self.paused

    def parts(self) -> list[tuple[str, Any, float, float, float]]:
        """(name, words, days, share in per cent, where its bar begins) of each, for a picture.

        Work is always among them; the others only from a tenth of a day.
        """
        rows, begin = [], 0.0
        for name, words in (
            ("working", _("cơ quan xử lý")),
            ("waiting", _("chờ chủ thể")),
            ("asked", _("chờ ý kiến sở, ngành")),
            ("paused", _("tạm dừng, chờ mở lại")),
        ):
            days = getattr(self, name)
            if name == "working" or round(days, 1):
                share = 100 * days / self.total if self.total else 0.0
                rows.append((name, words, days, share, begin))
                begin += share
        return rows


def time_spent(dossier: Dossier, now: datetime) -> Spent:
    """The :class:`Spent` of ``dossier`` until ``now``, from its history and its ledgers."""
    rows = asked(
        SPENT,
        {
            "dossier": dossier.pk,
            "now": now,
            "parked": sorted(PARKED),
            "returned": [NODES[node].value for node in sorted(WAITS_FOR_PRODUCER)],
        },
    )
    days = dict.fromkeys(("working", "waiting", "asked", "paused"), 0.0)
    days |= {row["how"]: float(row["days"]) for row in rows}
    # The wait for an opinion lies within the time at work.
    days["working"] -= days["asked"]
    return Spent(**days)
