"""For which dossiers a person may do an act now, all at once (làm một lượt)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Any

import rules
from django.db.models import QuerySet

from cycle.models import User
from dossiers.law.acts import Act
from dossiers.models import ACTS, Dossier, Task

#: So many dossiers on one form.
ON_A_FORM = 200


def tasks_of(user: User) -> QuerySet[Task]:
    """The open tasks that this person may do, or record from a signed paper."""
    may = Task.objects.to_do(user).order_by().values("pk")
    types = Task.objects.to_type(user).order_by().values("pk")
    return Task.objects.filter(pk__in=may.union(types))


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
    many = Counter(tasks.order_by().values_list("state", flat=True))
    found = [
        (act, sum(many[state] for state in act.begins))
        for act in ACTS.values()
        if act.door == "task" and act.for_many
    ]
    return [(act, number) for act, number in found if number > 1]


def free_for_many() -> list[Act]:
    """The acts that no task asks for and that one paper may cover."""
    return [act for act in ACTS.values() if act.door == "act" and act.for_many]


def found(
    user: User, act: Act, *, keys: Sequence[int] = (), commune: int | None = None
) -> list[tuple[Dossier, Task | None]]:
    """The dossiers to choose from, each with its task: those of ``keys`` that this person may see,
    whether or not it can be done; without keys those in whose state it may begin and that are
    theirs, of one ``commune`` if so asked. By commune and product.
    """
    seen = Dossier.objects.visible_to(user).with_units()
    if keys:
        seen = seen.filter(pk__in=keys)
    elif act.door == "task":
        seen = seen.filter(pk__in=tasks_of(user).filter(state__in=act.begins).values("dossier"))
    else:
        seen = seen.filter(state__in=act.begins)
    if commune is not None:
        seen = seen.filter(commune=commune)
    seen = seen.order_by("commune__sort_key", "product__sort_key", "pk")
    rows: list[Dossier]
    if act.door == "task" or keys:
        rows = list(seen[:ON_A_FORM])
    else:
        # The right is asked before the form is full: those that are theirs may stand far down.
        theirs = (
            row
            for row in seen.iterator(chunk_size=ON_A_FORM)
            if rules.has_perm(act.permission, user, row)
        )
        rows = list(islice(theirs, ON_A_FORM))
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
