"""Clocks at work: which start and stop with an act, and the sweep that fires what is due."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time

from django.utils import timezone

from cycle import clock
from cycle.models import HistoryEntry, TermRule, User
from dossiers.law.states import PARKED, UNDECIDED, State
from dossiers.models.certificate import Certificate
from dossiers.models.dossier import Dossier
from dossiers.models.records import Conclusion, Inspection
from dossiers.models.task import Task
from dossiers.models.term import Term, TermEvent, TermQuerySet, TermState

#: What begins with it waits for a conclusion that proposes revocation, and runs from that day.
INSPECTED = "dossier.record_inspection"


def _concluded(entry: HistoryEntry) -> Inspection | None:
    """The inspection that ``entry`` records, or None."""
    if entry.event != INSPECTED:
        return None
    kept = [pk for name, pk in entry.data.get("records", ()) if name == "inspection"]
    return Inspection.objects.filter(pk__in=kept).first()


def _is_over(term: Term, dossier: Dossier, entry: HistoryEntry, proposed: bool) -> bool:
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


def _judged_anew(dossier: Dossier, entry: HistoryEntry, held: list[Term]) -> None:
    """Move the end of the product's certificate (D12): it outlives its day while ``dossier``, filed
    in time, is decided; a new certificate takes its place.
    """
    terms = [term for term in held if term.dossier_id != dossier.pk]
    given = Certificate.objects.with_validity().in_bulk([term.certificate_id for term in terms])
    for term in terms:
        if dossier.state == State.CERTIFIED:
            term.stop(at=entry.at, by=entry.actor)
            continue
        before, until = term.due_on, given[term.certificate_id].validity.until
        # Only a certificate that ends has a clock.
        if until is None or until == before:
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


def follow(
    dossier: Dossier, entry: HistoryEntry, terms: list[Term], *, closed: Collection[int] = ()
) -> None:
    """Stop and start the clocks that ``entry`` stops and starts; inside its transaction.

    ``terms`` are the live clocks, locked; ``closed`` ids of the tasks that ended with it.
    """
    held = [term for term in terms if term.dossier_id == dossier.pk]
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
            if inspection is None or not proposed:
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
                fixed_on=certificate.expires_on if certificate else None,
            ),
            by=entry.actor,
        )
    if len(held) < len(terms) and ((entry.before in UNDECIDED) != (entry.after in UNDECIDED)):
        _judged_anew(dossier, entry, terms)


def hold(dossier: Dossier, *, at: datetime, by: User | None, reason: str) -> None:
    """Let the internal clock of the open task stand still: somebody's opinion is awaited.

    One that stands already, or a dossier without a task, stays as it is.
    """
    term = _of_open_task(dossier).first()
    if term is None:
        return
    Task.objects.filter(pk=term.task_id, asked_since=None).update(asked_since=at, paused=True)
    if term.state == TermState.RUNNING:
        term.pause(at=at, by=by, reason=reason)


def go_on(dossier: Dossier, *, at: datetime, by: User | None) -> None:
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


def _of_open_task(dossier: Dossier) -> TermQuerySet:
    return (
        Term.objects.select_for_update(of=("self", "task"))
        .select_related("task")
        .filter(task__dossier=dossier, task__open_state__isnull=False)
    )


def begin(term: Term, *, by: User | None = None) -> Term:
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
