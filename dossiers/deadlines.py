"""Clocks at work: which start and stop with an act, and the sweep that fires what is due."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from cycle import clock
from cycle.models import HistoryEntry, Level, OrgUnit, TermRule
from dossiers.law.states import PARKED, UNDECIDED, State
from dossiers.models.certificate import Certificate
from dossiers.models.records import Conclusion, Inspection
from dossiers.models.task import Task
from dossiers.models.term import Term, TermEvent, TermState

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
  INSERT INTO dossiers_firing (term_id, rung, at, fired_at)
  SELECT due.id, r.rung, r.at, %(now)s
  FROM due, unnest(due.rungs, due.rung_at) AS r (rung, at)
  WHERE r.at <= %(now)s
  ON CONFLICT (term_id, rung) DO NOTHING
  RETURNING term_id, rung, at
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
    CASE WHEN fired.rung LIKE '-%%' THEN 'term.warning'
         WHEN fired.rung LIKE '0:%%' THEN 'term.overdue'
         ELSE 'term.escalated' END,
    due.title, '', NULL, '', '', '',
    jsonb_build_object('term', due.id, 'rung', fired.rung, 'task', due.task_id,
      'code', due.code, 'due_on', due.due_on, 'role', due.role, 'org_unit', due.org_unit_id),
    fired.at
  FROM fired JOIN due ON due.id = fired.term_id
  -- Everybody locks the heads of history in the same order.
  ORDER BY 1, 2, fired.at, fired.rung
  RETURNING id
), queued AS (
  INSERT INTO cycle_outboxmessage (entry_id) SELECT id FROM told WHERE %(tell)s
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM fired)
"""

#: Most sweeps find nothing, and this is all they cost.
LOOK = "SELECT 1 FROM dossiers_term WHERE state = 'running' AND next_at <= %s LIMIT 1"

#: So many connections share what is due when that is more than one batch.
HANDS = 2


def sweep(now=None, *, batch=5000):
    """Fire every rung that is due at ``now``; returns ``{"terms": …, "firings": …}``.

    Any number of sweeps may run at once, and one may be killed at any moment: a batch is one
    statement, and what was not committed is found again. What is more than a batch is shared by
    :data:`HANDS`, each with a connection of its own.
    """
    now = now or clock.now()
    with connection.cursor() as cursor:
        cursor.execute(LOOK, [now])
        if cursor.fetchone() is None:
            return {"terms": 0, "firings": 0}
    values = {"now": now, "limit": batch, "tell": not clock.replaying()}
    done = [_batch(values)]
    if done[0][0] == batch:
        # What a transaction around this holds, no other connection would get.
        done += _batches(values) if connection.in_atomic_block else _by_hands(values)
    terms, firings = (sum(counts) for counts in zip(*done, strict=True))
    return {"terms": terms, "firings": firings}


def _batch(values):
    """One batch; returns how many terms it claimed and how many rungs it fired."""
    with transaction.atomic(), connection.cursor() as cursor:
        # The index gives the oldest first, however many PostgreSQL believes are due; a bitmap
        # would read and sort all of them again for each batch.
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(SWEEP, values)
        return cursor.fetchone()


def _batches(values):
    """Batches until one is not full."""
    done = [_batch(values)]
    while done[-1][0] == values["limit"]:
        done.append(_batch(values))
    return done


def _by_hands(values):
    """The batches of several connections at work beside each other."""

    def hand():
        try:
            return _batches(values)
        finally:
            connection.close()

    with ThreadPoolExecutor(HANDS) as pool:
        hands = [pool.submit(hand) for _ in range(HANDS)]
    return [counts for each in hands for counts in each.result()]


#: What begins with it waits for a conclusion that proposes revocation, and runs from that day.
INSPECTED = "dossier.record_inspection"


def _concluded(entry):
    """The inspection that ``entry`` records, or None."""
    if entry.event != INSPECTED:
        return None
    kept = [pk for name, pk in entry.data.get("records", ()) if name == "inspection"]
    return Inspection.objects.filter(pk__in=kept).first()


def _is_over(term, dossier, entry, proposed):
    """Whether ``entry`` ends a clock that belongs to no task."""
    if dossier.state == State.REVOKED:
        return True
    if term.certificate_id:
        return False
    rule = term.rule
    if rule and INSPECTED in rule.starts_on:
        # The walk may be over long before; a later inspection may take the proposal back.
        return entry.event in rule.stops_on or entry.event == INSPECTED and not proposed
    # Whoever decided: what ran until the decision is over with it.
    decided = entry.before in UNDECIDED and entry.after == State.CERTIFIED
    left = dossier.state in PARKED or dossier.state == State.PROMOTED
    return decided or left or bool(rule and entry.event in rule.stops_on)


def _judged_anew(dossier, entry):
    """Move the end of the product's certificate (D12): it outlives its day while ``dossier``, filed
    in time, is decided; a new certificate takes its place.
    """
    terms = [term for term in dossier.held_terms if term.dossier_id != dossier.pk]
    given = Certificate.objects.with_validity().in_bulk([term.certificate_id for term in terms])
    for term in terms:
        if dossier.state == State.CERTIFIED:
            term.stop(at=entry.at, by=entry.actor)
            continue
        before, until = term.due_on, given[term.certificate_id].validity.until
        if until == before:
            continue
        term.move(until, at=entry.at, by=entry.actor)
        HistoryEntry.objects.record(
            "term.outlive",
            term.dossier,
            by=entry.actor,
            at=entry.at,
            reason=f"{before:%d/%m/%Y} → {until:%d/%m/%Y}",
            term=term.pk,
            before=before.isoformat(),
            after=until.isoformat(),
        )


def follow(dossier, entry, *, closed=()):
    """Stop and start the clocks that ``entry`` stops and starts; inside its transaction.

    ``closed``: ids of the tasks that ended with it.
    """
    held = [term for term in dossier.held_terms if term.dossier_id == dossier.pk]
    for term in held:
        if term.task_id in closed:
            term.stop(at=entry.at, by=entry.actor)
    others = [term for term in held if term.task_id is None]
    inspection = _concluded(entry)
    proposed = inspection is not None and inspection.conclusion == Conclusion.REVOKE
    rules = TermRule.objects.filter(
        cycle_id=dossier.cycle_id,
        rule_set_id=dossier.rule_set_id,
        starts_on__contains=[entry.event],
    )
    for term in others:
        if _is_over(term, dossier, entry, proposed):
            term.stop(at=entry.at, by=entry.actor)
    running = {
        term.code for term in others if not term.certificate_id and term.state != TermState.STOPPED
    }
    for rule in rules:
        if rule.code in running or rule.case_type not in ("", dossier.case_type):
            continue
        if rule.starts_before and timezone.localdate(entry.at) >= rule.starts_before:
            continue
        at = entry.at
        if entry.event == INSPECTED:
            if not proposed:
                continue
            day = timezone.make_aware(datetime.combine(inspection.concluded_on, time(12)))
            at = min(day, clock.now())
        certificate = None
        if rule.subject == "certificate":
            certificate = dossier.certificates.last()
            if certificate is None or certificate.expires_on is None:
                continue
        begin(
            Term.of_rule(
                rule,
                at=at,
                org_unit=dossier.commune.at_level(rule.level) or dossier.commune,
                dossier=dossier,
                certificate=certificate,
                fixed_on=certificate and certificate.expires_on,
            ),
            by=entry.actor,
        )
    if len(held) < len(dossier.held_terms) and (
        (entry.before in UNDECIDED) != (entry.after in UNDECIDED)
    ):
        _judged_anew(dossier, entry)


def hold(dossier, *, at, by, reason):
    """Let the internal clock of the open task stand still: somebody's opinion is awaited.

    One that stands already, or a dossier without a task, stays as it is.
    """
    term = _of_open_task(dossier).first()
    if term is None:
        return
    Task.objects.filter(pk=term.task_id, asked_since=None).update(asked_since=at, paused=True)
    if term.state == TermState.RUNNING:
        term.pause(at=at, by=by, reason=reason)


def go_on(dossier, *, at, by):
    """The opinion is there: the clock goes on, unless the producer is waited for as well."""
    term = _of_open_task(dossier).filter(task__asked_since__isnull=False).first()
    if term is None:
        return
    Task.objects.filter(pk=term.task_id).update(asked_since=None)
    if term.state == TermState.PAUSED and term.task.waiting_since is None:
        term.resume(at=at, by=by)
        Task.objects.filter(pk=term.task_id).update(
            paused=False, due_on=term.due_on, due_at=term.due_at
        )


def _of_open_task(dossier):
    return (
        Term.objects.select_for_update(of=("self", "task"))
        .select_related("task")
        .filter(task__dossier=dossier, task__open_state__isnull=False)
    )


def begin_batches(now):
    """Start the dates of the year (hạn của đợt) of open cycles that have none yet."""
    province = OrgUnit.objects.filter(level=Level.PROVINCE).order_by("pk").first()
    rules = TermRule.objects.filter(
        subject="cycle", cycle__closed_on=None, cycle__rule_set=F("rule_set"), terms=None
    )
    for rule in rules.select_related("cycle"):
        with transaction.atomic():
            # Two beats may come at once: the second waits here and finds it begun.
            TermRule.objects.select_for_update().get(pk=rule.pk)
            if not rule.terms.exists():
                begin(Term.of_rule(rule, at=now, org_unit=province))


def begin(term, *, by=None):
    """Save a new clock and the first line of its ledger."""
    term.save(force_insert=True)
    TermEvent.objects.create(
        term=term,
        kind=TermEvent.Kind.START,
        at=term.started_at,
        by=by,
        due_on=term.due_on,
        left=term.base_amount,
    )
    return term
