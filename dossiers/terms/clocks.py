"""Which clocks start, stop, pause and move with an act (thời hạn)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime, time
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from cycle import clock
from cycle.models import (
    Batch,
    Cycle,
    Document,
    HistoryEntry,
    LawReading,
    OrgUnit,
    Point,
    Role,
    RuleSet,
    Stream,
    TermRule,
    User,
)
from cycle.prepared import prepared
from dossiers.law.states import PARKED, UNDECIDED, State
from dossiers.models.certificate import Certificate
from dossiers.models.days import with_day
from dossiers.models.dossier import OF_CALL, Dossier
from dossiers.models.law import ACTS, CaseType
from dossiers.models.records import Call, Conclusion, Visit
from dossiers.models.task import Task
from dossiers.models.term import Term, TermEvent, TermQuerySet, TermState


def _ground(dossier: Dossier) -> date | None:
    """The day of the first ground to revoke that stands, in whatever order they were typed: a
    conclusion that proposes it, or the commune's confirmation that was signed. An inspection
    without a proposal takes back those of its day and before, a report to the ministry answers all
    that were told. None without.
    """
    told = dossier.history.filter(
        event__in=("dossier.record_inspection", *STANDS_FOR, *STANDS_FOR.values())
    )
    inspections = dossier.inspections.in_bulk()
    # Each as it was corrected since, in its own place.
    became = {each.replaces_id: each for each in inspections.values()}
    confirmed = dossier.stoppedproductions.select_related("paper__document").in_bulk()
    grounds: list[date] = []
    passed: list[date] = []
    for entry in told.order_by("seq"):
        if "dossier.revoke" in (entry.event, STANDS_FOR.get(entry.event)):
            grounds.clear()
            continue
        for name, pk in entry.data.get("records", ()):
            if name == "stoppedproduction":
                day, proposes = confirmed[pk].paper.signed_on, True
            elif name == "inspection":
                found = inspections[pk]
                if found.replaces_id is not None:
                    continue
                while found.pk in became:
                    found = became[found.pk]
                day, proposes = found.concluded_on, found.conclusion == Conclusion.REVOKE
            else:
                continue
            if not proposes:
                passed.append(day)
                grounds = [each for each in grounds if each > day]
            elif not any(each > day for each in passed):
                grounds.append(day)
    return min(grounds, default=None)


#: What starts or stops a clock counted from a conclusion as another event does: the commune's
#: confirmation (Điều 8.4), or a correction, stands for a conclusion, for five stars the report to
#: the ministry for the decision (Điều 8.2.b).
STANDS_FOR = {
    "dossier.confirm_stopped": "dossier.record_inspection",
    "dossier.report_revocation": "dossier.revoke",
} | {
    f"dossier.{act.name}": "dossier.record_inspection"
    for act in ACTS.values()
    if act.corrects and "inspection" in act.keeps
}


def _begins_as(entry: HistoryEntry) -> str:
    """The event by which clocks begin with ``entry``. What brings a dossier back before the
    province's council, a round reopened or an answer of the centre, stands for its acceptance.
    """
    if entry.after == State.PROVINCE_EVALUATING != entry.before:
        return "dossier.accept_at_province"
    return STANDS_FOR.get(entry.event, entry.event)


# --- Where a clock of the law begins, by what its edition counts it from ---------------------


def _noon(day: date) -> datetime:
    """What has a day but no hour."""
    return timezone.make_aware(datetime.combine(day, time(12)))


def _told_at(entry: HistoryEntry, day: date) -> datetime:
    """The moment of ``entry``, whose document is of ``day``: noon of another day than its own."""
    same_day = timezone.localdate(entry.at) == day
    return min(_noon(day), entry.at if same_day else clock.now())


def _done_at(dossier: Dossier, entry: HistoryEntry, day: date) -> datetime:
    """When the act of ``entry`` happened, whose document is of ``day``: as the door counts it,
    never before the move before it.
    """
    if timezone.localdate(entry.at) == day:
        return entry.at
    moves = dossier.history.filter(seq__lt=entry.seq).exclude(before=F("after"))
    before = moves.order_by("seq").last()
    moment = _told_at(entry, day)
    return max(moment, before.at) if before is not None else moment


def _from_act(dossier: Dossier, entry: HistoryEntry) -> dict[str, Any] | None:
    # The door has counted its moment from its document; what is corrected since: follow_paper.
    return {"at": entry.at}


def _from_conclusion(dossier: Dossier, entry: HistoryEntry) -> dict[str, Any] | None:
    """From the day of the first ground to revoke that stands; None without one."""
    day = _ground(dossier)
    return {"at": min(_noon(day), clock.now())} if day is not None else None


@prepared
def _last_given(*, dossier: Any) -> QuerySet[Any]:
    return Certificate.everything.filter(dossier=dossier, void=False).order_by("-pk")[:1]


def _from_certificate(dossier: Dossier, entry: HistoryEntry) -> dict[str, Any] | None:
    """From the act, until the last day of the certificate it gave; None when that never ends."""
    # Without its number, which no clock asks for.
    given = _last_given.first(dossier=dossier.pk)
    if given is None or given.expires_on is None:
        return None
    return {"at": entry.at, "certificate": given, "fixed_on": given.expires_on}


def _from_complete(dossier: Dossier, entry: HistoryEntry) -> dict[str, Any] | None:
    """From the day the dossier came to the province: a return stops the clock, and what then comes
    complete starts it anew. Not from the office's own acceptance (Đ.7.6.g). The centre had it in
    between where the province evaluates again: from that day, also when its round is reopened.
    """
    if dossier.state not in (State.AT_PROVINCE, State.PROVINCE_EVALUATING):
        return None
    came = _complete(dossier)
    # One that was there before the product was used has no such entry.
    return {"at": _told_at(came, came.day) if came else entry.at}


def _complete(dossier: Dossier) -> Any:
    """The entry from which the dossier is complete at the province, with ``day``; None where its
    history does not tell.
    """
    last = dossier.came_complete()
    again = dossier.history.filter(cycle=dossier.cycle_id, event="dossier.evaluate_again")
    anew = with_day(again).order_by("seq").last()
    return anew if anew is not None and (last is None or anew.seq > last.seq) else last


#: How a legal clock starts, by ``TermRule.subject`` or by what the edition's ``terms`` say that it
#: counts from; any other clock starts with the act. Each gives arguments of Term.of_rule, or None:
#: the clock does not start.
ORIGINS = {
    "conclusion": _from_conclusion,
    "certificate": _from_certificate,
    "complete_dossier": _from_complete,
}


def _origin(rule: TermRule) -> Callable[[Dossier, HistoryEntry], dict[str, Any] | None]:
    """The function of ORIGINS by which the clock of ``rule`` starts."""
    if rule.subject in ORIGINS:
        return ORIGINS[rule.subject]
    counted_from = RuleSet.pinned(rule.rule_set_id).counted_from(rule.code)
    return ORIGINS.get(counted_from, _from_act)


def _is_over(term: Term, dossier: Dossier, entry: HistoryEntry) -> bool:
    """Whether ``entry`` ends a clock that belongs to no task."""
    if dossier.state == State.REVOKED:
        return True
    if term.certificate_id:
        return False
    rule = term.rule
    if rule and _origin(rule) is _from_conclusion:
        # Not with the end of the walk, which comes before.
        events = {entry.event, STANDS_FOR.get(entry.event)}
        # What was told now may move its start, which begins it anew.
        moved = not events.isdisjoint(rule.starts_on) and _ground(dossier) != timezone.localdate(
            term.started_at
        )
        return moved or not events.isdisjoint(rule.stops_on)
    # Whichever act decided: clocks that run until the decision stop with any certificate.
    decided = entry.before in UNDECIDED and entry.after == State.CERTIFIED
    left = dossier.state in PARKED or dossier.state == State.PROMOTED
    return decided or left or bool(rule and entry.event in rule.stops_on)


def _moved(
    event: str,
    term: Term,
    day: date,
    *,
    at: datetime,
    by: User | None,
    document: str = "",
    basis: Document | None = None,
    **data: Any,
) -> None:
    """Move the due day of a dossier's clock, on a ``document`` in words, ``basis`` where it is one
    of the ledger, and record it: who was told that it was late hears that it is not.
    """
    was = term.due_on
    term.move(day, at=at, by=by, basis=basis)
    if basis is not None:
        data["ledger"] = basis.pk
    if document:
        data["document"] = document
    _tell_moved(event, term, was, at=at, by=by, **data)


def _tell_moved(
    event: str, term: Term, was: date, *, at: datetime, by: User | None, **data: Any
) -> None:
    """Record that the due day of a dossier's clock moved from ``was``."""
    day = term.due_on
    reason = f"{was:%d/%m/%Y} → {day:%d/%m/%Y}"
    history = HistoryEntry.objects
    entry = history.entry(event, term.dossier, by=by, at=at, reason=reason, **data)  # type: ignore[arg-type]
    # As arguments, "before" and "after" are states.
    entry.data |= {"term": term.pk, "before": was.isoformat(), "after": day.isoformat()}
    history.record_all([entry])


def follow_validity(terms: Iterable[Term], *, at: datetime, by: User | None) -> int:
    """Move the clocks of certificates, locked, to the last days on which they are valid (D12), and
    stop those of what was replaced; returns how many. Of the new day everything is told, also where
    nothing was told of the old one.
    """
    terms = list(terms)
    given = Certificate.objects.with_validity().in_bulk([term.certificate_id for term in terms])
    moved = 0
    for term in terms:
        certificate = given[term.certificate_id]
        if certificate.replaced_on:
            term.stop(at=at, by=by)
            moved += 1
            continue
        until = certificate.validity.until
        # None does not occur: only a certificate with an end has a clock.
        if until is not None and until != term.due_on:
            term.climb_anew()
            _moved("term.outlive", term, until, at=at, by=by)
            moved += 1
    return moved


@prepared
def _of_same_product(*, product: Any, dossier: Any) -> QuerySet[Any]:
    others = Dossier.everything.filter(product=product).exclude(pk=dossier)
    return others.order_by().values_list("pk")[:1]


def _is_alone(dossier: Dossier) -> bool:
    """Whether nothing but its own term says until when the certificate is valid that this dossier
    just got: its product has no other dossier, and the law prolongs nothing by itself.
    """
    return (
        dossier.case_type == CaseType.FIRST
        and not _of_same_product(product=dossier.product_id, dossier=dossier.pk)
        and LawReading.of(Point.STAYS_VALID) != "no_filing"
    )


def follow_products(products: Collection[int], *, at: datetime, by: User | None) -> int:
    """The same for the products of these ids, when a list brought in, or took back, what their
    certificates may wait for; inside its transaction.
    """
    terms = Term.objects.live().filter(certificate__isnull=False, dossier__product__in=products)
    locked = terms.select_related("dossier", "rule").select_for_update(of=("self",))
    return follow_validity(locked.order_by("pk"), at=at, by=by)


@prepared
def _begun_by(*, event: Any, cycle: Any, rule_set: Any) -> QuerySet[Any]:
    """The rules of a year and edition whose clocks the ``event`` starts."""
    its = TermRule.objects.filter(cycle=cycle, rule_set=rule_set, starts_on__contains=[event])
    # One year and edition: their code alone puts them in order.
    return its.order_by("code")


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
    rules = _begun_by(event=_begins_as(entry), cycle=dossier.cycle_id, rule_set=dossier.rule_set_id)
    for term in others:
        if _is_over(term, dossier, entry):
            term.stop(at=entry.at, by=entry.actor)
    running = {
        term.code for term in others if not term.certificate_id and term.state != TermState.STOPPED
    }
    for rule in rules:
        if rule.code in running or rule.case_type not in ("", dossier.case_type):
            continue
        if rule.starts_before and timezone.localdate(entry.at) >= rule.starts_before:
            continue
        if (begins := _origin(rule)(dossier, entry)) is None:
            continue
        unit = dossier.unit_at(rule.level) or dossier.commune
        begun = begin(Term.of_rule(rule, org_unit=unit, dossier=dossier, **begins), by=entry.actor)
        if begun.certificate_id and not _is_alone(dossier):
            follow_validity([begun], at=entry.at, by=entry.actor)
    if entry.event == "dossier.order_evaluation":
        # Typed late, what was ordered may have its result.
        given = [term for term in others if term.certificate_id]
        follow_validity(given, at=entry.at, by=entry.actor)
    _follow_batch(dossier, others, at=entry.at, by=entry.actor)
    _follow_agreed(dossier, others, entry)
    # Also what was deferred, and is withdrawn as it is put together for the next year.
    ends = (entry.before in UNDECIDED) != (entry.after in UNDECIDED)
    if ends and dossier.case_type == CaseType.REEVALUATION:
        # Filed or decided anew: nobody is called about the certificate of before any more.
        for term in terms:
            if term.code == OF_CALL and term.dossier_id != dossier.pk:
                term.stop(at=entry.at, by=entry.actor)
    if len(held) < len(terms) and (ends or entry.after == State.WITHDRAWN):
        earlier = [term for term in terms if term.dossier_id != dossier.pk and term.certificate_id]
        follow_validity(earlier, at=entry.at, by=entry.actor)


# --- The next visit, the next call to a producer --------------------------------------------------

#: The code of the clock to the day on which a producer is to be visited, or called, again -> what
#: it is called, that day, and the visit or call on which it was agreed.
_AGREED: dict[str, tuple[str, Callable[[Dossier], date | None], Callable[[Dossier], Any]]] = {
    "visit": ("Đến cơ sở theo lịch hẹn", Dossier.next_visit, Dossier.last_visit),
    OF_CALL: ("Gọi lại chủ thể theo lịch hẹn", Dossier.next_call, Dossier.last_call),
}
_CALLS = frozenset({"dossier.record_call", "dossier.correct_call"})


def _who_agreed(dossier: Dossier, record: Visit | Call) -> tuple[str, OrgUnit]:
    """The post, role and unit, that goes or calls again: the one in which ``record`` was written,
    whoever corrected it since; the commune's officer where the history names none.
    """
    kept = [[record._meta.model_name, record.first_written().pk]]
    said = dossier.history.filter(data__records__contains=kept).order_by("seq").first()
    if said is None or not said.role or said.org_unit is None:
        return Role.OFFICER, dossier.commune
    return said.role, said.org_unit


def _follow_agreed(dossier: Dossier, held: Iterable[Term], entry: HistoryEntry) -> None:
    """Start or stop the clocks to the dossier's next visit and next call, among its clocks
    ``held``, locked: a later one, another day, none any more, or nobody goes or calls in its state.
    """
    running = {each.code: each for each in held if each.state != TermState.STOPPED}
    for code, (title, agreed, last) in _AGREED.items():
        its = running.get(code)
        # Nobody agrees on a call but by an act of its own: certifying 500 products asks for none.
        if code == OF_CALL and its is None and entry.event not in _CALLS:
            continue
        day = agreed(dossier)
        if its is not None:
            if its.due_on == day:
                continue
            its.stop(at=entry.at, by=entry.actor)
        if day is None or (made := last(dossier)) is None:
            continue
        role, unit = _who_agreed(dossier, made)
        begin(
            Term.on_day(
                day,
                at=entry.at,
                code=code,
                title=title,
                dossier=dossier,
                role=role,
                org_unit=unit,
                warnings=(3, 1),
                legal=False,
            ),
            by=entry.actor,
        )


# --- The batch of a dossier -------------------------------------------------------------------

#: The code of a dossier's own clock to the day of its batch.
OF_BATCH = "D3"
_WARNINGS = (30, 14, 7, 3)
_ESCALATIONS = ((1, "leader"), (3, "next_level"), (5, "board"))


def _batch_ahead(dossier: Dossier) -> Batch | None:
    """Its batch, while what must fall before its day has yet to come, as the province reads it
    (``Point.BATCH_END``): the decision, or only the council's closing.
    """
    if dossier.state not in UNDECIDED or dossier.state == State.AT_CENTRE:
        return None
    judged = dossier.state in (State.RANKED, State.AWAITING_DECISION)
    if judged and LawReading.of(Point.BATCH_END) != "decision":
        return None
    proposed = dossier.proposed_in_batch()
    if proposed is None:
        return None
    # What the centre sends back, the province has decided: by its request.
    if _nominated(dossier=dossier.pk, since=proposed.seq):
        return None
    return dossier.batch_of(proposed.day)


@prepared
def _nominated(*, dossier: Any, since: Any) -> QuerySet[Any]:
    told = HistoryEntry.objects.filter(stream=Stream.DOSSIER, stream_id=dossier, seq__gt=since)
    return told.filter(event="dossier.nominate").order_by().values_list("pk")[:1]


def _follow_batch(
    dossier: Dossier,
    held: Iterable[Term],
    *,
    at: datetime,
    by: User | None,
    document: str = "",
    basis: Document | None = None,
) -> bool:
    """Start, move or stop the clock to the day of its batch, among its clocks ``held``, locked;
    returns whether anything changed.
    """
    running = next(
        (each for each in held if each.code == OF_BATCH and each.state != TermState.STOPPED), None
    )
    batch = _batch_ahead(dossier)
    if batch is None:
        if running is not None:
            running.stop(at=at, by=by)
        return running is not None
    if running is None:
        unit = dossier.commune.at_level(batch.level) or dossier.commune
        begin(
            Term.on_day(
                batch.decide_by,
                at=at,
                code=OF_BATCH,
                title=f"{batch}: quyết định",
                dossier=dossier,
                role=Role.OFFICER,
                org_unit=unit,
                warnings=_WARNINGS,
                escalations=_ESCALATIONS,
            ),
            by=by,
        )
        return True
    if running.due_on == batch.decide_by:
        return False
    day, its = batch.decide_by, batch.pk
    _moved("term.of_batch", running, day, at=at, by=by, document=document, basis=basis, batch=its)
    return True


def follow_paper(
    dossier: Dossier,
    held: Iterable[Term],
    begun: HistoryEntry,
    *,
    was: date,
    day: date,
    at: datetime,
    by: User | None,
) -> bool:
    """Let the clocks of a dossier, ``held`` and locked, follow the day of the paper on which the
    act of ``begun`` was done, when it ``was`` typed wrong; inside the transaction that mends it.
    Returns whether the day of one, or its batch, has changed.
    """
    counted, counts = (_done_at(dossier, begun, each) for each in (was, day))
    beside = [term for term in held if term.task_id is None]
    moved = False
    for term in beside:
        # Of a certificate the day of issue counts, of a fixed day no paper.
        if term.rule is None or not term.unit or term.certificate_id:
            continue
        moment = _counts_from(dossier, term, begun, counted, counts)
        if moment is not None:
            moved |= _count_anew(term, moment, at=at, by=by)
    moved |= _follow_ground(dossier, beside, begun, at=at, by=by)
    moved |= _follow_batch(dossier, beside, at=at, by=by)
    _end_anew(dossier, begun, counted, counts, at=at, by=by)
    return moved


def _counts_from(
    dossier: Dossier, term: Term, begun: HistoryEntry, counted: datetime, counts: datetime
) -> datetime | None:
    """From when a clock counts that the act of ``begun`` began: once from ``counted``, by its right
    day from ``counts``. None for another.
    """
    assert term.rule is not None
    origin = _origin(term.rule)
    if origin is _from_conclusion:
        return None
    if origin is _from_complete and (came := _complete(dossier)) is not None:
        return _told_at(came, came.day) if came.pk == begun.pk else None
    if _begins_as(begun) not in term.rule.starts_on:
        return None
    # An earlier one of the same kind may have begun it.
    same = timezone.localdate(term.started_at) == timezone.localdate(counted)
    return counts if same else None


def _count_anew(term: Term, moment: datetime, *, at: datetime, by: User | None) -> bool:
    """Count a clock from the day of ``moment``; returns whether it is due on another day."""
    due_on = term.due_on
    if timezone.localdate(moment) == timezone.localdate(term.started_at):
        return False
    term.count_from(moment, at=at, by=by)
    if term.due_on == due_on:
        return False
    _tell_moved("term.of_paper", term, due_on, at=at, by=by)
    return True


def _follow_ground(
    dossier: Dossier, held: Iterable[Term], begun: HistoryEntry, *, at: datetime, by: User | None
) -> bool:
    """Of several grounds to revoke the first that stands counts, whichever was corrected; another
    day may also let one stand, or take it back.
    """
    rules = TermRule.objects.filter(
        cycle_id=dossier.cycle_id,
        rule_set_id=dossier.rule_set_id,
        starts_on__contains=[_begins_as(begun)],
    )
    moved = False
    for rule in rules:
        if _origin(rule) is not _from_conclusion:
            continue
        found = _from_conclusion(dossier, begun)
        running = next(
            (each for each in held if each.code == rule.code and each.state != TermState.STOPPED),
            None,
        )
        if running is not None and found is not None:
            moved |= _count_anew(running, found["at"], at=at, by=by)
        elif running is not None:
            running.stop(at=at, by=by)
            moved = True
        elif found is not None:
            unit = dossier.unit_at(rule.level) or dossier.commune
            begin(Term.of_rule(rule, org_unit=unit, dossier=dossier, **found), by=by)
            moved = True
    return moved


def _end_anew(
    dossier: Dossier,
    begun: HistoryEntry,
    counted: datetime,
    counts: datetime,
    *,
    at: datetime,
    by: User | None,
) -> None:
    """What the act of ``begun`` ended is late, or not, by the right day of its paper."""
    ended = Term.objects.filter(
        dossier=dossier, state=TermState.STOPPED, stopped_at__in={begun.at, counted}
    )
    # Of the tasks the one that it closed; an act that none asked for closed all.
    if (task := begun.data.get("task")) is not None:
        ended = ended.filter(Q(task=None) | Q(task=task))
    for term in ended.select_for_update().order_by("pk"):
        term.end_at(max(counts, term.started_at), at=at, by=by)


def follow_batches(
    cycle: Cycle,
    *,
    at: datetime,
    by: User | None,
    document: str = "",
    basis: Document | None = None,
) -> int:
    """Start, move and stop the clocks of the dossiers whose batch in ``cycle``, or its day, has
    changed; on a ``document`` in words, ``basis`` where it is in the ledger.

    Returns how many; inside the transaction that changed it.
    """
    running = Term.objects.live().filter(code=OF_BATCH, dossier=OuterRef("pk"))
    found = Dossier.objects.filter(cycle=cycle).with_proposed()
    found = found.filter(
        Exists(running) | Q(state__in=UNDECIDED, proposed_on__isnull=False)
    ).exclude(case_type=CaseType.REEVALUATION)
    changed = 0
    # Locked in the order of an act: the dossier, then its clock.
    for dossier in found.with_units().select_for_update(of=("self",)).order_by("pk"):
        held = Term.objects.live().filter(code=OF_BATCH, dossier=dossier)
        locked = held.select_for_update()
        changed += _follow_batch(dossier, locked, at=at, by=by, document=document, basis=basis)
    return changed


def follow_readings(points: Collection[str], *, at: datetime, by: User | None) -> None:
    """Let the clocks follow what the province now reads of the law (``Point``); inside the
    transaction that chose it.
    """
    if Point.BATCH_END in points:
        for cycle in Cycle.objects.filter(closed_on=None).order_by("pk"):
            follow_batches(cycle, at=at, by=by)
    if not {Point.STAYS_VALID, Point.MISSED_WINDOW}.isdisjoint(points):
        terms = (
            Term.objects.live().filter(certificate__isnull=False).select_related("dossier", "rule")
        )
        follow_validity(terms.select_for_update(of=("self",)).order_by("pk"), at=at, by=by)


def hold(dossier: Dossier, *, at: datetime, by: User | None, reason: str) -> None:
    """Pause the internal clock of the open task: an opinion is awaited (chờ ý kiến).

    Does nothing when the dossier has no open task; a clock that is paused already stays paused.
    """
    term = _of_open_task(dossier).first()
    if term is None:
        return
    Task.objects.filter(pk=term.task_id, asked_since=None).update(asked_since=at, paused=True)
    if term.state == TermState.RUNNING:
        term.pause(at=at, by=by, reason=reason)


def go_on(dossier: Dossier, *, at: datetime, by: User | None) -> None:
    """The opinion has come: resume the clock of the open task, unless it also waits for the
    producer.
    """
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
