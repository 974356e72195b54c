"""The doors: every change of a dossier goes through one of them (cửa vào hồ sơ).

:func:`complete` does an act that a task asked for, :func:`act` one that none asked for,
:func:`open` makes a new dossier. Each locks, checks, writes history and outbox in one transaction.
The other functions change who has a task, or whether it waits.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

import rules
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F, Max, Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock
from cycle.locking import locked
from cycle.models import (
    Cycle,
    Duty,
    HistoryEntry,
    OrgUnit,
    Role,
    RoleAssignment,
    User,
    document_wrong,
    names_them,
    people_of,
)
from dossiers import flows
from dossiers.law.acts import OFFICERS, Act, Who
from dossiers.law.conditions import (
    CYCLE_CLOSED,
    ActNotPossible,
    ConditionNotMet,
    Lack,
    group_unknown,
    stated,
)
from dossiers.law.doing import Doing
from dossiers.law.signers import RECORDERS
from dossiers.law.states import LIVE
from dossiers.models.dossier import HELD, Dossier, Held, Rehearsed, Route
from dossiers.models.law import ACTS, FORWARDS
from dossiers.models.paper import OfficialDocument
from dossiers.models.product import Producer, Product, on_what_stands
from dossiers.models.task import (
    BOTH_ENDS,
    NOT_MARKED,
    RECEIVED_FROM,
    SIGNED_NODE,
    PaperRequired,
    Process,
    Task,
    TaskAlreadyDone,
    needs_mark,
    sent,
)
from dossiers.models.term import Term
from dossiers.rules import fitting, holds_task, routing
from dossiers.terms import clocks
from dossiers.walk import engine


def open(
    dossier: Dossier, *, by: User, at: datetime | None = None, reason: str = "", group: str = ""
) -> Process:
    """Open a new dossier and its first task (mở hồ sơ).

    ``group``: the group under the year's edition, of a product whose own is of an older one.

    ``dossier`` is unsaved, with cycle, product and commune; it gets the cycle's rule set. A new
    product or producer is saved with it. Raises PermissionDenied when ``by`` is not an officer of
    the commune or of a unit above it, ConditionNotMet when the cycle is closed, when product,
    producer or cycle was struck out meanwhile, when the commune had ended before the cycle
    began or is not the producer's, when the case type claims a certificate that the product never
    had, or when the edition does not know the product's group.
    """
    moment = at or clock.now()
    with on_what_stands(), transaction.atomic():
        if not rules.has_perm("dossiers.open", by, dossier):
            raise PermissionDenied
        if dossier.cycle.closed_on is not None and not clock.replaying():
            raise ConditionNotMet([CYCLE_CLOSED])
        if gone := no_more(dossier.commune, dossier.cycle):
            raise ConditionNotMet([gone])
        product = dossier.product
        if elsewhere := not_made_in(product.producer, dossier.commune, product):
            raise ConditionNotMet([elsewhere])
        new = [row for row in (product.producer, product) if row.pk is None]
        dossier.rule_set = dossier.cycle.rule_set
        groups = dict(dossier.rule_set.product_groups)
        data: dict[str, Any] = {}
        beside: list[Product | Producer] = []
        if product.group not in groups:
            if group not in groups:
                raise ConditionNotMet([group_unknown(dossier.rule_set)])
            if product not in new:
                beside = [Product.everything.select_for_update().get(pk=product.pk)]
            data["changed"] = {"group": [product.group, group]}
            product.group = group
            if product not in new:
                product.save(update_fields=["group"])
        for row in new:
            row.save()
        dossier.check_claim()
        dossier.opened_at = dossier.moved_at = moment
        dossier.save(force_insert=True)
        doing = Doing(by=by, capacity=_capacity(by, dossier, OFFICERS))
        entry = HistoryEntry.objects.record(
            "dossier.open",
            dossier,
            by=by,
            capacity=doing.capacity,
            at=moment,
            after=dossier.state,
            reason=reason,
            saved=[*new, dossier],
            **data,
        )
        dossier.tell_beside(beside, entry, doing)
        return start(dossier)


def no_more(commune: OrgUnit, cycle: Cycle) -> str:
    """Why nothing of ``cycle`` begins at ``commune``: it had ended before. "" when it may, as it
    may in a year of three levels, which has no others.
    """
    if cycle.rule_set.has_district or not commune.ended_before(cycle.opened_on):
        return ""
    said = _now("«%(unit)s» đã kết thúc ngày %(day)s: hãy chọn «%(now)s».")
    heir = commune.heir(cycle.opened_on)
    if heir == commune:
        said = _now("«%(unit)s» đã kết thúc ngày %(day)s: hãy chọn xã, phường hiện nay.")
    return said % {"unit": commune, "day": f"{commune.valid_to:%d/%m/%Y}", "now": heir}


def not_made_in(producer: Producer, commune: OrgUnit, product: Product | None = None) -> str:
    """Why nothing of ``producer``, or this ``product`` of it, begins at ``commune``: it is of
    another one. "" when it is of this, or of one that came into the same; also when its own was
    left to nobody.
    """
    home = (producer.commune if product is None else product.home).heir()
    if home.valid_to is not None or home == commune.heir():
        return ""
    return _now("Chủ thể «%(producer)s» ở %(home)s: hãy chọn xã, phường đó.") % {
        "producer": producer,
        "home": home,
    }


def complete(
    task: Task,
    name: str,
    *,
    by: User,
    record: Any = None,
    paper: OfficialDocument | None = None,
    at: datetime | None = None,
    reason: str = "",
    authority: HistoryEntry | None = None,
    together: int | None = None,
    **values: Any,
) -> Dossier:
    """Do the act ``name`` that this task asks for, close the task, open the next; all or nothing.

    ``record``: the unsaved record of the step, or a list of them. ``paper``: the signed document
    that it is done on. ``authority``: the entry of a round's closing, by the person who closed it,
    instead of the task's role; ``together``: the batch that it is done in. Raises TaskAlreadyDone,
    PermissionDenied, PaperRequired, ActNotPossible, ConditionNotMet, ValidationError.
    """
    with engine.held(task) as activation, clock.one_moment():
        # An empty object is enough: perform() locks and reads the row.
        dossier = activation.process.dossier = task.dossier = Dossier(pk=task.dossier_id)
        doing = Doing(by=by, authority=authority, task=task, at=at, together=together)
        entry, terms = dossier.perform(
            name,
            _completing(task, name, by, dossier, doing, paper),
            reason=reason,
            records=_records(record),
            paper=paper,
            **values,
        )
        task.closed_at, task.closed_by, task.outcome = entry.at, by, name
        clocks.follow(dossier, entry, terms, closed=[task.pk])
        activation.hand_in(by)
        activation.execute()
    return dossier


def _completing(
    task: Task, name: str, by: User, dossier: Dossier, doing: Doing, paper: OfficialDocument | None
) -> Doing:
    """``doing`` with the post in which ``by`` does the act that the task asks for, and whether they
    only record it. Raises as :func:`complete`.
    """
    if not task.is_open:
        raise TaskAlreadyDone(task)
    authorised = doing.is_authorised(dossier)
    if not authorised and not rules.has_perm("dossiers.complete_task", by, task):
        raise PermissionDenied
    _through(name, "task")
    typed = not authorised and not holds_task(by, task)
    if typed and paper is None:
        raise PaperRequired
    capacity = _capacity_at(task, by)
    if not authorised:
        _not_both_ends(task, name, by)
    if typed and not clock.replaying() and (lacking := why_not_typed(task, name, by)):
        raise ConditionNotMet(lacking)
    if paper is not None:
        signed_by_another(by, capacity, paper.signer)
    return replace(doing, capacity=capacity, typed=typed)


def act(
    process: Process,
    name: str,
    *,
    by: User,
    capacity: RoleAssignment | None = None,
    at: datetime | None = None,
    reason: str = "",
    record: Any = None,
    paper: OfficialDocument | None = None,
    authority: HistoryEntry | None = None,
    together: int | None = None,
    **values: Any,
) -> Dossier:
    """Do an act that no task asked for (rút, chuyển chu trình, mở lại, nộp lại, vào muộn…).

    When the act moves the dossier, its open tasks are cancelled and ``process`` ends; a new one
    begins if the new state is at work. ``capacity``: the post acted in, found without it;
    ``authority``: as of :func:`complete`. Raises PermissionDenied, ActNotPossible, ConditionNotMet,
    ValidationError; changes nothing then.
    """
    said = _through(name, "act")
    with transaction.atomic():
        dossier = process.dossier
        # The order of locks: round, process, dossier.
        left = _entry_to_leave(dossier) if said.leaves else None
        there = (HELD.get() or {}).get(dossier.pk)
        if there is None:
            process = Process.objects.select_for_update().get(pk=process.pk)
        with clock.one_moment():
            if said.fetches and any(sent(dossier.pk, by, node) for node in RECEIVED_FROM):
                raise ConditionNotMet([BOTH_ENDS])
            capacity = capacity or _capacity(by, dossier, said.who)
            if paper is not None:
                signed_by_another(by, capacity, paper.signer)
            doing = Doing(
                by=by,
                capacity=capacity,
                authority=authority,
                leaving=left.pk if left else None,
                at=at,
                together=together,
            )
            entry, terms = dossier.perform(
                name,
                doing,
                reason=reason,
                records=_records(record),
                paper=paper,
                **values,
            )
            # With the dossier locked: has a newer process begun since ``process`` was read?
            newer = Process.objects.filter(dossier_id=dossier.pk, pk__gt=process.pk)
            if there.process.pk != process.pk if there is not None else newer.exists():
                raise ActNotPossible(name)
            # A year of other levels has other tasks for the same state.
            elsewhere = process.flow_class is not flows.of(dossier.rule_set)
            walks = entry.after != entry.before or (said.leaves_year and elsewhere)
            closed = engine.cancel(process, entry.at) if walks else []
            clocks.follow(dossier, entry, terms, closed=closed)
            if left is not None:
                left.leave(entry)
            if walks and dossier.state in LIVE:
                start(dossier)
    return dossier


@contextmanager
def held(dossiers: Collection[int]) -> Iterator[dict[int, Process]]:
    """Lock many dossiers in one transaction, read in few statements, for one :func:`act` on each
    (giữ nhiều hồ sơ); gives the newest process of each, which is what the act is asked of.

    In the order of the doors' locks: who acts on one of these meanwhile waits here, not there.
    """
    with transaction.atomic():
        rows = Process.objects.filter(dossier__in=dossiers).select_for_update(of=("self",))
        processes = {each.dossier_id: each for each in rows.order_by("pk")}
        its = Dossier.everything.select_related("product", "commune__parent__parent", "cycle")
        found = {each.pk: each for each in locked(its.filter(pk__in=dossiers)).order_by("pk")}
        # With the dossiers locked: of one whose newer process began meanwhile the door itself asks.
        newest = dict(
            Process.objects.filter(dossier__in=found).values_list("dossier").annotate(Max("pk"))
        )
        products = Counter(each.product_id for each in found.values())
        # As :meth:`Dossier.clocks` of each.
        live = Term.objects.live().filter(dossier__product__in=products)
        its_clocks = live.filter(Q(dossier__in=found) | Q(certificate__isnull=False))
        terms = list(
            its_clocks.annotate(of_product=F("dossier__product"))
            .select_related("rule")
            .select_for_update(of=("self",))
            .order_by("pk")
        )
        by_product: dict[int, list[Any]] = {}
        for term in terms:
            by_product.setdefault(term.of_product, []).append(term)
        read: dict[int, Held] = {}
        for pk, row in found.items():
            processes[pk].dossier = copy.copy(row)
            # What an act on one moves is read anew for another of the same product.
            if products[row.product_id] == 1 and newest[pk] == processes[pk].pk:
                mine = [
                    term
                    for term in by_product.get(row.product_id, ())
                    if term.certificate_id or term.dossier_id == pk
                ]
                read[pk] = Held(processes[pk], row, mine)
        token = HELD.set(read)
        try:
            yield processes
        finally:
            HELD.reset(token)


def rehearse(
    dossier: Dossier,
    name: str,
    *,
    by: User,
    task: Task | None = None,
    reason: str = "",
    record: Any = None,
    paper: OfficialDocument | None = None,
) -> None:
    """Refuse the act as :func:`complete` (with a ``task``) or :func:`act` would, and do nothing.

    Asked of the act alone: who has the next task, and which clocks follow, costs as much again and
    refuses nothing. The rows given are as good as new afterwards only if they are made anew.
    """
    said = _through(name, "task" if task is not None else "act")
    with suppress(Rehearsed), transaction.atomic():
        doing = Doing(by=by, task=task)
        if task is not None:
            doing = _completing(task, name, by, dossier, doing, paper)
        else:
            if said.fetches and any(sent(dossier.pk, by, node) for node in RECEIVED_FROM):
                raise ConditionNotMet([BOTH_ENDS])
            left = _entry_to_leave(dossier) if said.leaves else None
            doing = replace(
                doing,
                capacity=_capacity(by, dossier, said.who),
                leaving=left.pk if left else None,
            )
            if paper is not None:
                signed_by_another(by, doing.capacity, paper.signer)
        dossier.perform(
            name, doing, reason=reason, records=_records(record), paper=paper, rehearsed=True
        )


def acting_as(user: User, name: str, dossier: Dossier, task: Task | None) -> RoleAssignment | None:
    """The post in which ``user`` would do the act; None without one."""
    if task is not None:
        return _capacity_at(task, user)
    return _capacity(user, dossier, ACTS[name].who)


def _not_both_ends(task: Task, name: str, by: User) -> None:
    """Refuse that one person sends a dossier up and also receives it above, for whomever they act.

    Raises ConditionNotMet for whoever did the other act already, and for a sender who holds the
    role that receives it: that office could not receive it then.
    """
    if task.node in RECEIVED_FROM and sent(task.dossier_id, by, task.node):
        raise ConditionNotMet([BOTH_ENDS])
    if name not in FORWARDS:
        return
    above = [node for node, senders in RECEIVED_FROM.items() if task.node in senders]
    received = Task.objects.filter(dossier=task.dossier_id, node__in=above, closed_by=by)
    if received.filter(closed_by__isnull=False).exists():
        raise ConditionNotMet([BOTH_ENDS])
    dossier = Dossier.objects.with_units().get(pk=task.dossier_id)
    for duty in Duty.objects.filter(
        cycle=dossier.cycle_id, rule_set=dossier.rule_set_id, node__in=above
    ):
        unit = dossier.unit_at(duty.level)
        if unit is not None and by.capacity(duty.role, unit.pk) is not None:
            raise ConditionNotMet([BOTH_ENDS])


def signed_by_another(by: User, capacity: RoleAssignment | None, signer: str) -> None:
    """Refuse a paper whose ``signer`` is the officer or clerk who records it: they do not sign.

    Raises ValidationError. Not checked in a replay of the past, where the signer may be unknown.
    """
    if capacity is None or clock.replaying():
        return
    if capacity.role in RECORDERS and names_them(signer, str(by)):
        raise ValidationError(
            {"signer": _("Người ký phải là người khác: bạn ghi văn bản này vào phần mềm.")}
        )


def why_not_typed(task: Task, name: str, by: User) -> list[Any]:
    """Sentences that say why ``by`` may not record the act for the person who decides; none when
    they may. The page of the task asks as well.

    Until the task is marked as signed (:func:`sign_decision`), only a clerk may record a decision,
    from the paper itself.
    """
    if holds_task(by, task) or not needs_mark(task, name):
        return []
    capacity = _capacity_at(task, by)
    return [] if capacity is not None and capacity.role == Role.CLERK else [NOT_MARKED]


@contextmanager
def rehearsed() -> Iterator[None]:
    """What is done inside is refused as it would be, and undone if it is not: what cannot be taken
    back is asked about once the record allows it. Do it to copies: rows in memory stay changed.
    """
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def changing(
    task: Task,
    event: str,
    by: User | None,
    permission: str | None,
    *,
    reason: str = "",
    capacity: Callable[[User], RoleAssignment | None] | None = None,
    **data: Any,
) -> Iterator[None]:
    """Lock the task, check, let the caller change it, then save it and record ``event``.

    ``permission`` is asked of ``by`` on the task; None when the system carries out what was allowed
    before. ``capacity`` finds the role assignment acted in, given a person. Raises TaskAlreadyDone,
    PermissionDenied.
    """
    with engine.held(task):
        if not task.is_open:
            raise TaskAlreadyDone(task)
        if permission is not None and not rules.has_perm(permission, by, task):
            raise PermissionDenied
        # Before the caller changes the unit.
        acted_in = _acted_in(task, by, capacity)
        yield
        task.save(
            update_fields=[
                "owner",
                "status",
                "org_unit",
                "waiting_since",
                "waiting_reason",
                "signed_at",
                "due_on",
                "due_at",
                "paused",
            ]
        )
        HistoryEntry.objects.record(
            event,
            task.dossier,  # type: ignore[arg-type]  # a task that is held has one
            by=by,
            capacity=acted_in,
            reason=reason,
            task=task.pk,
            node=task.node,
            **data,
        )


def _capacity_at(task: Task, user: User) -> RoleAssignment | None:
    """The assignment at the task's unit in which ``user`` acts on it: in the task's own role if
    possible, else in one that records papers for it. For a decision the clerk's comes first.
    """
    desks = (Role.OFFICER, Role.LEADER, Role.CLERK)
    if task.node == SIGNED_NODE:
        desks = (Role.CLERK, Role.OFFICER, Role.LEADER)
    roles = (task.role, *desks)
    return next(filter(None, (user.capacity(role, task.org_unit_id) for role in roles)), None)


def claim(task: Task, *, by: User) -> None:
    """Take the task (nhận việc). Raises PermissionDenied when another has it."""
    with changing(task, "task.claim", by, "dossiers.claim_task"):
        engine.give(task, by)


def release(task: Task, *, by: User | None, reason: str = "") -> None:
    """Put the task back for the others of the unit (trả việc)."""
    with changing(task, "task.release", by, "dossiers.release_task", reason=reason):
        engine.give(task, None)


def sign_decision(task: Task, *, by: User | None) -> None:
    """Mark that the decision is signed (đã ký quyết định), or what is sent to the ministry. The
    task stays open: the product is recognised, or proposed, when number, day and scan are recorded.
    """
    with changing(task, "task.sign_decision", by, "dossiers.sign_decision"):
        if task.node != SIGNED_NODE:
            raise ActNotPossible("sign_decision")
        if task.signed_at is not None:
            raise ConditionNotMet([_("Văn bản này đã được ký, đang chờ văn thư vào số.")])
        task.signed_at = clock.now()


def reassign(task: Task, *, to: User, by: User | None, reason: str) -> None:
    """Give the task to ``to``, who holds its role at its unit (giao lại), with a reason."""
    reason = stated(reason, _("Bạn chưa nêu lý do giao lại."))
    with changing(
        task, "task.reassign", by, "dossiers.manage_task", reason=reason, to=str(to), to_id=to.pk
    ):
        if not to.is_active or to.capacity(task.role, task.org_unit_id) is None:
            said = _("%(who)s không giữ vai trò này tại đơn vị.") % {"who": to}
            raise ConditionNotMet([Lack(said, "to")])
        engine.give(task, to)


def reroute(task: Task, *, to: OrgUnit, by: User | None, reason: str, document: str = "") -> None:
    """Let another unit of the same level do this task for this dossier, now and whenever it comes
    again (chuyển đơn vị thực hiện).

    A unit outside the dossier's own line needs a ``document``; a unit where nobody holds the role
    is refused. Somebody working above the unit can take it back. Raises PermissionDenied,
    ConditionNotMet, TaskAlreadyDone.
    """
    reason = stated(reason, _("Bạn chưa nêu lý do chuyển đơn vị."))
    with changing(
        task,
        "task.reroute",
        by,
        "dossiers.reroute_task",
        reason=reason,
        capacity=lambda user: routing(user, task),
        to=str(to),
        to_id=to.pk,
        document=document.strip(),
    ):
        # The database requires both of an open task.
        assert task.dossier is not None and task.org_unit is not None
        if to.level != task.org_unit.level:
            raise ConditionNotMet([_("Chỉ chuyển được cho đơn vị cùng cấp.")])
        if document.strip() and (wrong := document_wrong(document)):
            raise ConditionNotMet([Lack(wrong, "document")])
        if not document.strip() and not task.dossier.commune.is_below(to):
            said = _("Chuyển ra ngoài địa bàn của hồ sơ phải có văn bản: hãy nhập số, ngày.")
            raise ConditionNotMet([Lack(said, "document")])
        if (heir := to.heir()) != to:
            raise ConditionNotMet(
                [
                    Lack(
                        _("«%(unit)s» nay là «%(now)s»: hãy chọn «%(now)s».")
                        % {"unit": to.label, "now": heir},
                        "to",
                    )
                ]
            )
        if not people_of(task.role, to.pk).exists():
            raise ConditionNotMet(
                [
                    Lack(
                        _("%(unit)s chưa có ai giữ vai trò «%(role)s»: việc sẽ không ai làm được.")
                        % {"unit": to, "role": Role(task.role).label},
                        "to",
                    )
                ]
            )
        Route.objects.update_or_create(
            dossier=task.dossier, node=task.node, defaults={"org_unit": to}
        )
        engine.give(task, None)
        task.org_unit = task.term.org_unit = to
        task.term.save(update_fields=["org_unit"])


def wait(task: Task, *, by: User | None, reason: str) -> None:
    """Mark that the task waits for the producer (chờ chủ thể bổ sung): its clock pauses."""
    reason = stated(reason, _("Bạn chưa nêu đang chờ chủ thể việc gì."))
    with changing(task, "task.wait", by, "dossiers.claim_task", reason=reason):
        task.waiting_since, task.waiting_reason = clock.now(), reason
        if task.term.state == "running":
            task.term.pause(at=task.waiting_since, by=by, reason=reason)
            task.paused = True


def resume(task: Task, *, by: User | None) -> None:
    """The producer has answered (hết chờ): the clock goes on, unless an opinion is awaited too."""
    with changing(task, "task.resume", by, "dossiers.claim_task"):
        task.waiting_since, task.waiting_reason = None, ""
        if task.term.state == "paused" and task.asked_since is None:
            task.term.resume(at=clock.now(), by=by)
            task.due_on, task.due_at = task.term.due_on, task.term.due_at
            task.paused = False


def _acted_in(
    task: Task, by: User | None, capacity: Callable[[User], RoleAssignment | None] | None
) -> RoleAssignment | None:
    """The assignment in which ``by`` acts on the task; None for the system."""
    if by is None:
        return None
    return capacity(by) if capacity else _capacity_at(task, by)


def start(dossier: Dossier) -> Process:
    """Begin a process at the task of the dossier's state; returns it."""
    return flows.of(dossier.rule_set).start.run(dossier=dossier)


def _records(record: Any) -> list[Any]:
    """``record``, one, several or None, as a list."""
    if record is None:
        return []
    return list(record) if isinstance(record, list | tuple) else [record]


def _through(name: str, door: str) -> Act:
    """The act ``name``; raises ActNotPossible when it is not one of this door."""
    act = ACTS.get(name)
    if act is None or act.door != door:
        raise ActNotPossible(name)
    return act


def _capacity(user: User | None, dossier: Dossier, who: Who | None) -> RoleAssignment | None:
    """The first assignment by which ``user`` is one of ``who``, or None."""
    return next(iter(fitting(user, dossier, who)), None) if user and who else None


def _entry_to_leave(dossier: Dossier) -> Any:
    """The entry of the round that has the dossier, its round locked; None when none has."""
    entry = dossier.round_entries.filter(live=True).select_related("round").first()
    if entry is None:
        return None
    entry.round.lock()
    # The round may have closed while we waited for the lock.
    entry.refresh_from_db(fields=["live"])
    return entry if entry.live else None


#: The functions that change who has a task, or whether it waits, by the name of their event.
HANDLING: dict[str, Callable[..., None]] = {
    "claim": claim,
    "release": release,
    "reassign": reassign,
    "reroute": reroute,
    "wait": wait,
    "resume": resume,
    "sign_decision": sign_decision,
}
