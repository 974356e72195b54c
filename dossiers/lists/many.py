"""For which dossiers a person may do an act now, all at once (làm một lượt)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, OuterRef, Q, QuerySet

from cycle.models import Duty, Effect, Level, Role, RuleSet, User
from dossiers import flows
from dossiers.law.acts import Act
from dossiers.law.nodes import NODES
from dossiers.lists.numbers import by_agenda
from dossiers.models import ACTS, Dossier, Task
from dossiers.models.law import FORWARDS
from dossiers.models.task import RECEIVED_FROM, SIGNED_NODE
from dossiers.rules import area_of

#: So many dossiers on one form.
ON_A_FORM = 200
#: What :func:`tasks_of` says of a task: see there.
MARKS = ("unmarked", "receives")


def tasks_of(user: User) -> QuerySet[Task]:
    """The open tasks that this person may do, or record from a signed paper: not those in which
    they would receive what they sent up. ``unmarked``: a decision that they may not record before
    it is marked as signed; ``receives``: they are who receives it above, and do not send it there.
    """
    may = Task.objects.to_do(user).order_by().values("pk")
    types = Task.objects.to_type(user).order_by().values("pk")
    found = Task.objects.filter(pk__in=may.union(types))
    unmarked = Q(node=SIGNED_NODE, signed_at=None, pk__in=types)
    unmarked &= ~Q(org_unit__in=user.business(Role.CLERK))
    own = receives = Q(pk__in=[])
    done = Task.objects.done_by(user).order_by().filter(dossier=OuterRef("dossier"))
    above = [
        held for held in user.posts() if held.org_unit.level in (Level.DISTRICT, Level.PROVINCE)
    ]
    for node, senders in RECEIVED_FROM.items():
        sent = done.filter(node__in=senders, outcome__in=FORWARDS)
        own |= Q(node=node) & Q(Exists(sent))
        receives |= Q(node__in=senders) & Q(Exists(done.filter(node=node)))
        for held in above:
            duty = Duty.objects.filter(
                cycle=OuterRef("dossier__cycle"),
                rule_set=OuterRef("dossier__rule_set"),
                node=node,
                role=held.role,
                level=held.org_unit.level,
            )
            receives |= Q(node__in=senders, dossier__commune__in=held.area) & Q(Exists(duty))
    return found.exclude(own).annotate(
        unmarked=ExpressionWrapper(unmarked, BooleanField()),
        receives=ExpressionWrapper(receives, BooleanField()),
    )


def _hinders(act: Act) -> dict[str, bool]:
    """Which marks of ``tasks_of`` keep a person from the act."""
    return {"unmarked": act.paper, "receives": act.name in FORWARDS}


def may(user: User, act: Act) -> bool:
    """Whether a post of this person is one of those that do the act for some dossier: whom the law
    names; of a task whom a duty of any year names, or whose office records what they signed.
    """
    if act.door == "act":
        return bool(area_of(user, act.who or frozenset()))
    posts = {(held.role, held.org_unit.level) for held in user.posts()}
    desks = {level for role, level in posts if role in (Role.OFFICER, Role.CLERK)}
    nodes = [node for node, state in NODES.items() if state in act.begins]
    duties = Duty.objects.filter(node__in=nodes).order_by().values_list("role", "level")
    return any((role, level) in posts or level in desks for role, level in duties.distinct())


def _for_act(tasks: QuerySet[Task], act: Act) -> QuerySet[Task]:
    """Of ``tasks_of`` a person those that they may complete by ``act`` under the levels of their
    own dossier; conditions aside.
    """
    own = Q(pk__in=[])
    for procedure in flows.FLOWS:
        editions = RuleSet.objects.filter(content__procedure=procedure)
        states = flows.begins_in(act, procedure)
        own |= Q(dossier__rule_set__in=editions.values("pk"), state__in=states)
    tasks = tasks.filter(own)
    for mark, hinders in _hinders(act).items():
        if hinders:
            tasks = tasks.exclude(**{mark: True})
    return tasks


def open_acts(
    user: User, *, keys: Sequence[int] = (), commune: int | None = None
) -> list[tuple[Act, int]]:
    """The acts that one paper may cover and that this person may do for two dossiers or more, as
    far as where they stand tells, with how many; of the dossiers ``keys``, of one ``commune``.
    """
    tasks = tasks_of(user)
    if keys:
        tasks = tasks.filter(dossier__in=keys)
    if commune is not None:
        tasks = tasks.filter(dossier__commune=commune)
    many = Counter(tasks.order_by().values_list("dossier__rule_set", "state", *MARKS))
    procedures = {edition: RuleSet.pinned(edition).procedure for edition, *_rest in many}
    found = [
        (
            act,
            sum(
                number
                for (edition, state, *marks), number in many.items()
                if state in flows.begins_in(act, procedures[edition])
                and not any(
                    mark and _hinders(act)[name] for name, mark in zip(MARKS, marks, strict=True)
                )
            ),
        )
        # What leads on stands first.
        for act in sorted(_for_many("task"), key=lambda act: act.tone != "forward")
    ]
    return [(act, number) for act, number in found if number > 1]


def free_acts(
    user: User, *, keys: Sequence[int] = (), commune: int | None = None
) -> list[tuple[Act, int]]:
    """The acts that no task asks for, that one paper may cover and that this person may do for two
    dossiers or more, as far as where they stand tells, with how many; as :func:`open_acts`.
    """
    seen = Dossier.objects.filter(commune__in=user.area())
    if keys:
        seen = seen.filter(pk__in=keys)
    if commune is not None:
        seen = seen.filter(commune=commune)
    runs_on = ExpressionWrapper(Q(cycle__closed_on=None), BooleanField())
    there = seen.order_by().annotate(runs=runs_on).values_list("state", "commune", "runs")
    there = there.annotate(n=Count("pk"))
    stand = list(there)
    found = []
    for act in _for_many("act"):
        area = area_of(user, act.who or frozenset())
        late = bool(keys) or not of_its_year(act)
        number = sum(
            n
            for state, unit, runs, n in stand
            if state in act.begins and unit in area and (runs or late)
        )
        found.append((act, number))
    return [(act, number) for act, number in found if number > 1]


def of_its_year(act: Act) -> bool:
    """Whether the act is looked for in years that are not closed, unless asked for in others too:
    the result of a year that is over was told then, in this program or before it.
    """
    return act.door == "act" and act.does == Effect.NOTIFIES


def _for_many(door: str) -> list[Act]:
    return [act for act in ACTS.values() if act.door == door and act.for_many]


def found(
    user: User,
    act: Act,
    *,
    keys: Sequence[int] = (),
    commune: int | None = None,
    every_year: bool = False,
) -> list[tuple[Dossier, Task | None]]:
    """The dossiers to choose from, each with its task: those of ``keys`` that this person may see,
    whether or not it can be done; without keys those in whose state it may begin and that are
    theirs, of one ``commune`` if so asked; of ``every_year``, see :func:`of_its_year`. By the
    agenda of their round, or by commune and product.
    """
    seen = Dossier.objects.visible_to(user).with_units()
    if keys:
        seen = seen.filter(pk__in=keys)
    elif act.door == "task":
        seen = seen.filter(pk__in=_for_act(tasks_of(user), act).values("dossier"))
    else:
        theirs = area_of(user, act.who or frozenset())
        seen = seen.filter(state__in=act.begins, commune__in=theirs)
        if of_its_year(act) and not every_year:
            seen = seen.filter(cycle__closed_on=None)
    if commune is not None:
        seen = seen.filter(commune=commune)
    by_commune = ("commune__sort_key", "product__sort_key", "pk")
    # As the lists of a round's papers print them: a column is pasted from there.
    seen = by_agenda(seen, *by_commune) if act.door == "task" else seen.order_by(*by_commune)
    rows = list(seen[:ON_A_FORM])
    tasks: dict[Any, Task] = {}
    if act.door == "task":
        asked = Task.objects.open().filter(dossier__in=[row.pk for row in rows])
        tasks = {
            task.dossier_id: task
            for task in asked.select_related("process", "owner", "org_unit")
            if task.state in act.begins
        }
        for row in rows:
            if task := tasks.get(row.pk):
                task.dossier = row
    return [(row, tasks.get(row.pk)) for row in rows]
