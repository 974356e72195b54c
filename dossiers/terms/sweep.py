"""The sweep: what is due is claimed, fired and recorded in one statement.

Of several rungs of one term that are due at once, after days without a beat, the latest is told
alone, and to those too who would have heard of the others: nobody hears today what was true on
Monday.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from cycle import clock
from cycle.models import Level, OrgUnit, TermRule
from dossiers.models.term import Term
from dossiers.terms.clocks import begin

#: One statement: claim, fire, move on, write history and outbox. Nothing of it happens without the
#: rest. Rows that another sweep or a person holds are skipped and found by the next sweep.
SWEEP = """
WITH due AS (
  SELECT t.id, t.cycle_id, t.dossier_id, t.task_id, t.title, t.code, t.due_on, t.role,
         t.org_unit_id, t.rungs, t.rung_at
  FROM dossiers_term t
  WHERE t.state = 'running' AND t.next_at <= %(now)s
  ORDER BY t.next_at
  LIMIT %(limit)s
  FOR UPDATE SKIP LOCKED
), fired AS (
  INSERT INTO dossiers_firing (term_id, rung, due_on, at, fired_at)
  SELECT due.id, r.rung, due.due_on, r.at, %(now)s
  FROM due, unnest(due.rungs, due.rung_at) AS r (rung, at)
  WHERE r.at <= %(now)s
  ON CONFLICT (term_id, rung, due_on) DO NOTHING
  RETURNING term_id, rung, at
), staged AS (
  SELECT term_id, rung, at, whom,
    max(at) OVER of_term AS latest, max(at) OVER (PARTITION BY term_id, whom) AS heard,
    row_number() OVER (PARTITION BY term_id ORDER BY at DESC, rung) AS place
  FROM fired, split_part(split_part(rung, '/', 1), ':', 2) AS whom
  WINDOW of_term AS (PARTITION BY term_id)
), overtaken AS (
  SELECT term_id, jsonb_agg(DISTINCT whom) AS whom FROM staged WHERE heard < latest GROUP BY term_id
), moved AS (
  UPDATE dossiers_term t
  SET next_at = (SELECT min(m) FROM unnest(t.rung_at) AS m WHERE m > %(now)s)
  FROM due WHERE t.id = due.id
), told AS (
  INSERT INTO cycle_historyentry
    (stream, stream_id, cycle_id, event, label, role, org_unit_id, before, after, reason, data, at)
  SELECT
    CASE WHEN due.dossier_id IS NULL THEN 'cycle' ELSE 'dossier' END,
    coalesce(due.dossier_id, due.cycle_id),
    due.cycle_id,
    CASE WHEN staged.rung LIKE '-%%' THEN 'term.warning'
         WHEN staged.rung LIKE '0:%%' THEN 'term.overdue'
         ELSE 'term.escalated' END,
    due.title, '', NULL, '', '', '',
    jsonb_build_object('term', due.id, 'rung', staged.rung, 'task', due.task_id,
      'code', due.code, 'due_on', due.due_on, 'role', due.role, 'org_unit', due.org_unit_id)
      || CASE WHEN overtaken.whom IS NULL OR staged.place > 1 THEN '{}'
              ELSE jsonb_build_object('also', overtaken.whom) END,
    staged.at
  FROM staged JOIN due ON due.id = staged.term_id
    LEFT JOIN overtaken ON overtaken.term_id = staged.term_id
  WHERE staged.at = staged.latest
  -- Everybody locks the heads of history in the same order.
  ORDER BY 1, 2, staged.at, staged.rung
  RETURNING id
), queued AS (
  INSERT INTO cycle_outboxmessage (entry_id) SELECT id FROM told WHERE %(tell)s
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM told)
"""

#: Asked first. Most sweeps find nothing due and end here.
LOOK = "SELECT 1 FROM dossiers_term WHERE state = 'running' AND next_at <= %s LIMIT 1"

#: How many connections work in parallel when the first batch was full.
HANDS = 2


def sweep(now: datetime | None = None, *, batch: int = 5000) -> dict[str, int]:
    """Fire what is due at ``now``; returns ``{"terms": …, "firings": …}``, firings as far as told.

    ``batch``: how many terms one statement takes. Any number of sweeps may run at once, and one may
    be killed at any moment: what was not committed is found again by the next. When the first batch
    is full, :data:`HANDS` connections share the rest.
    """
    now = now or clock.now()
    with connection.cursor() as cursor:
        cursor.execute(LOOK, [now])
        if cursor.fetchone() is None:
            return {"terms": 0, "firings": 0}
    values = {"now": now, "limit": batch, "tell": not clock.replaying()}
    done = [_batch(values)]
    if done[0][0] == batch:
        # Inside a transaction, other connections would not see its rows, or would skip its locks.
        done += _batches(values) if connection.in_atomic_block else _by_hands(values)
    terms, firings = (sum(counts) for counts in zip(*done, strict=True))
    return {"terms": terms, "firings": firings}


def _batch(values: dict[str, Any]) -> tuple[int, int]:
    """One batch; returns how many terms it claimed and how many rungs it told of."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Force the index scan in order of next_at: a bitmap scan would read and sort all rows that
        # are due again for each batch.
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(SWEEP, values)
        return cursor.fetchone()


def _batches(values: dict[str, Any]) -> list[tuple[int, int]]:
    """Batches until one is not full."""
    done = [_batch(values)]
    while done[-1][0] == values["limit"]:
        done.append(_batch(values))
    return done


def _by_hands(values: dict[str, Any]) -> list[tuple[int, int]]:
    """The batches of :data:`HANDS` connections in parallel."""

    def hand() -> list[tuple[int, int]]:
        try:
            return _batches(values)
        finally:
            connection.close()

    with ThreadPoolExecutor(HANDS) as pool:
        hands = [pool.submit(hand) for _ in range(HANDS)]
    return [counts for each in hands for counts in each.result()]


def begin_batches(now: datetime) -> None:
    """Start the dates of the year (hạn của đợt) of open cycles that have none yet."""
    province = OrgUnit.objects.filter(level=Level.PROVINCE).order_by("pk").first()
    rules = TermRule.objects.filter(
        subject="cycle", cycle__closed_on=None, cycle__rule_set=F("rule_set"), terms=None
    )
    for rule in rules.select_related("cycle"):
        assert province is not None, "an installation is one province"
        with transaction.atomic():
            # Of two beats at once the second waits here, then finds the clock started.
            TermRule.objects.select_for_update().get(pk=rule.pk)
            if not rule.terms.exists():
                begin(Term.of_rule(rule, at=now, org_unit=province))
