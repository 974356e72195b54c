"""What somebody must do, of whatever kind (việc phải làm): each kind registers what it is called,
where it is done and how it is found. The inbox, the morning's letter, the calendar and the week
read them here; the tasks of dossiers are the first kind, with columns of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Func, Subquery, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cycle.models import Moved, OrgUnit
from dossiers.law.nodes import NODES
from dossiers.models import Dossier, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from django.db.models import QuerySet
    from django.db.models.expressions import Combinable

    from cycle.models import User
    from cycle.steps import Step
    from dossiers.law.conditions import Words

    Row = Mapping[str, Any]
    #: What waits for a person on a day, of some kinds.
    Source = Callable[[User, date], Iterable["Waiting"]]

#: What has no due day is put in order as if it were due then: last.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
#: What nobody knows since when it waits.
EVER = datetime(2000, 1, 1, tzinfo=UTC)
#: More kinds than there will ever be: a row's number among all kinds is its own times this, and
#: the rank of its kind.
RANKS = 64


class At:
    """The address with this name, of the place of a row (nơi làm)."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, row: Row) -> str:
        return reverse(self.name, args=[row["place"]])


def addresses(name: str) -> Callable[[int], str]:
    """The addresses of rows by their numbers: to look each up would cost a third of a list."""
    before, _zero, after = reverse(name, args=[0]).rpartition("0")
    return lambda pk: f"{before}{pk}{after}"


@dataclass(frozen=True)
class Kind:
    """A kind of work (loại việc). ``title`` and ``link`` say of a row what is to be done, and the
    address where it is done; ``step`` is the step of the year that it belongs to.
    """

    name: str
    label: Words
    title: Callable[[Row], Words]
    link: Callable[[Row], str]
    step: Step | None = None


@dataclass(frozen=True)
class Waiting:
    """The rows of one kind that wait. What a row says: ``since`` when it waits and when it is due,
    ``due_on``; ``unit``, the path to the unit that does it, or its key; ``dossier``, the path to
    the dossier it is about ("": about none, or several); for its title and link ``name``, ``said``,
    ``many`` and ``place``.
    """

    kind: Kind
    rows: QuerySet[Any]
    since: Combinable
    unit: str | int
    due_on: Combinable | None = None
    dossier: str = ""
    cycle: str = ""
    who: str = ""
    name: Combinable = Value("")  # noqa: RUF009  # an expression is never changed
    said: Combinable = Value("")  # noqa: RUF009
    many: Combinable = Value(1)  # noqa: RUF009
    place: str = "pk"

    def days(self) -> QuerySet[Any]:
        """Its rows with ``work_due_on`` alone, which is what counts ask."""
        due_on = none(models.DateField()) if self.due_on is None else self.due_on
        return self.rows.order_by().annotate(work_due_on=due_on)

    def found(self) -> QuerySet[Any]:
        """Its rows with ``work_due_on``, ``work_due_at`` and ``work_since``."""
        return self.days().annotate(
            work_due_at=Coalesce(EndOf(F("work_due_on")), Value(NEVER)),
            work_since=Coalesce(self.since, Value(EVER)),
        )


def count(rows: QuerySet[Any]) -> Subquery:
    """How many ``rows`` there are beside a row, none that are grouped."""
    counted = rows.order_by().annotate(of=Func(F("pk"), function="COUNT")).values("of")
    return Subquery(counted, output_field=models.IntegerField())


class EndOf(Func):
    """The end of a day (hết ngày): the next midnight here, at which what is due on it is late."""

    template = "((%(expressions)s + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh')"
    output_field = models.DateTimeField()


_TYPES = {
    models.IntegerField: "integer",
    models.BigIntegerField: "bigint",
    models.DateTimeField: "timestamptz",
    models.DateField: "date",
    models.TextField: "text",
}


def none(field: models.Field[Any, Any]) -> RawSQL:
    """NULL of this type: columns of a union have one."""
    return RawSQL(f"NULL::{_TYPES[type(field)]}", (), field)  # noqa: S611  # no input in it


#: What dossiers ask of people, task by task.
TASK = Kind("task", _("Việc của hồ sơ"), lambda row: "", lambda row: "")
_kinds: dict[str, Kind] = {TASK.name: TASK}
_sources: list[Source] = []
_overseen: list[Source] = []


def register(source: Source, *kinds: Kind, overseen: Source | None = None) -> None:
    """Let these kinds be asked for: ``source`` says what of them waits for a person, ``overseen``
    what of them waits for anybody in a person's area. Raises ValueError for a name given twice.
    """
    for kind in kinds:
        if kind.name in _kinds:
            raise ValueError(f"{kind.name} is registered twice")
        _kinds[kind.name] = kind
    _sources.append(source)
    if overseen is not None:
        _overseen.append(overseen)


def kinds() -> dict[str, Kind]:
    """All kinds by their names, tasks first."""
    return dict(_kinds)


def rank(kind: Kind) -> int:
    """The place of a kind among those that are due at the same moment."""
    return list(_kinds).index(kind.name)


def of(user: User, today: date) -> list[Waiting]:
    """What waits for this person beside the tasks of dossiers."""
    return [waiting for source in _sources for waiting in source(user, today)]


def overseen_by(user: User, today: date) -> list[Waiting]:
    """What waits for anybody in this person's area, beside the tasks of dossiers."""
    return [waiting for source in _overseen for waiting in source(user, today)]


#: The columns that every kind has, then those of tasks alone, each with its type.
_COLUMNS: dict[str, models.Field[Any, Any]] = {
    "rank": models.IntegerField(),
    "pk": models.BigIntegerField(),
    "due_at": models.DateTimeField(),
    "opened_at": models.DateTimeField(),
    "due_on": models.DateField(),
    "place": models.BigIntegerField(),
    "name": models.TextField(),
    "said": models.TextField(),
    "many": models.IntegerField(),
    "unit": models.TextField(),
    "unit_of": models.BigIntegerField(),
    "unit_until": models.DateField(),
    "dossier_of": models.BigIntegerField(),
    "cycle_of": models.BigIntegerField(),
    "who_of": models.BigIntegerField(),
    "step": models.TextField(),
    "waiting_since": models.DateTimeField(),
    "waiting_reason": models.TextField(),
    "signed_at": models.DateTimeField(),
    "owner_id": models.BigIntegerField(),
    "closed_at": models.DateTimeField(),
    "outcome": models.TextField(),
    "owner_name": models.TextField(),
    "owner_username": models.TextField(),
    "paused_at": models.DateTimeField(),
}
#: SQL: no row of the one shape.
NOTHING = (
    "SELECT "
    + ", ".join(f"NULL::{_TYPES[type(field)]} AS row_{name}" for name, field in _COLUMNS.items())
    + " WHERE false"
)
_OF_DOSSIER = {"dossier_of": "pk", "cycle_of": "cycle"}
#: What a row says of its dossier. It is joined for the rows of a page, not in each branch: to plan
#: joins takes the database longer than to find the rows.
_NAMES = {
    "product": "product__name",
    "code": "product__code",
    "producer": "product__producer__name",
    "commune": "commune__name",
    "commune_of": "commune",
    "commune_until": "commune__valid_to",
}
_UNNAMED = dict.fromkeys(_NAMES)


def shaped(rows: QuerySet[Any], said: Mapping[str, Any]) -> QuerySet[Any]:
    """``rows`` as values in the one shape that all kinds have; a column not ``said`` is NULL."""
    return rows.values(
        **{
            f"row_{name}": said[name] if name in said else none(field)
            for name, field in _COLUMNS.items()
        }
    )


def of_waiting(waiting: Waiting, rows: QuerySet[Any]) -> QuerySet[Any]:
    """``rows`` that ``waiting`` found, in the one shape."""
    said: dict[str, Any] = {
        "rank": Value(rank(waiting.kind)),
        "pk": F("pk"),
        "due_at": F("work_due_at"),
        "opened_at": F("work_since"),
        "due_on": F("work_due_on"),
        "place": F(waiting.place),
        "name": Cast(waiting.name, models.TextField()),
        "said": Cast(waiting.said, models.TextField()),
        "many": Cast(waiting.many, models.IntegerField()),
        **_of_unit(waiting.unit),
        "step": Value(waiting.kind.step or "", models.TextField()),
    }
    if waiting.dossier:
        said |= {name: F(f"{waiting.dossier}__{column}") for name, column in _OF_DOSSIER.items()}
    if waiting.cycle:
        said["cycle_of"] = F(waiting.cycle)
    if waiting.who:
        said["who_of"] = F(waiting.who)
    return shaped(rows, said)


def _of_unit(unit: str | int) -> dict[str, Any]:
    """What a row says of the unit at this path, or of this key; "" is the row itself."""
    if isinstance(unit, int):
        its = OrgUnit.objects.order_by().filter(pk=unit)
        found = {"unit": "name", "unit_until": "valid_to"}
        return {"unit_of": Value(unit, models.BigIntegerField())} | {
            name: Subquery(its.values(column)) for name, column in found.items()
        }
    path = f"{unit}__" if unit else ""
    return {
        "unit": F(f"{path}name"),
        "unit_of": F(unit or "pk"),
        "unit_until": F(f"{path}valid_to"),
    }


def of_tasks(tasks: QuerySet[Any]) -> QuerySet[Any]:
    """Tasks in the one shape; ``name`` is the node."""
    said: dict[str, Any] = {
        "rank": Value(rank(TASK)),
        **{each: F(each) for each in ("pk", "due_at", "opened_at", "due_on", "waiting_since",
                                      "waiting_reason", "signed_at", "closed_at", "outcome")},
        "place": F("pk"),
        "name": F("node"),
        "said": Value(""),
        "many": Value(1),
        "unit": F("org_unit__name"),
        "unit_of": F("org_unit"),
        "owner_id": F("owner"),
        "owner_name": F("owner__full_name"),
        "owner_username": F("owner__username"),
        "paused_at": F("term__paused_at"),
        **{name: F(f"dossier__{column}") for name, column in _OF_DOSSIER.items()},
    }  # fmt: skip
    return shaped(tasks, said)


def read(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows of :func:`shaped`, each with its ``kind``, ``title``, ``href`` and the names of its
    dossier; a task has ``node``. One query beside that of the rows.
    """
    known = list(_kinds.values())
    found = [{name.removeprefix("row_"): value for name, value in row.items()} for row in rows]
    of = {row["dossier_of"] for row in found} - {None}
    named = {
        each["pk"]: {name: each[path] for name, path in _NAMES.items()}
        for each in (Dossier.objects.filter(pk__in=of).values("pk", *_NAMES.values()) if of else ())
    }
    for row in found:
        row |= named.get(row["dossier_of"]) or _UNNAMED
    moved = Moved.among(
        row[f"{name}_of"] for row in found for name in ("commune", "unit") if row[f"{name}_until"]
    )
    links = [known[rank].link for rank in {row["rank"] for row in found}]
    at = {its.name: addresses(its.name) for its in links if isinstance(its, At)}
    for row in found:
        row["kind"] = kind = known[row["rank"]]
        row["commune"] = moved.called(row["commune_of"], row["commune"] or "")
        if kind is TASK:
            row["node"] = row["name"]
            step = NODES[row["node"]].step
        else:
            # A task goes on with the unit that has it; of all else who acts today is named.
            row["unit"] = moved.called(row["unit_of"], row["unit"] or "")
            its = kind.link
            row["title"] = kind.title(row)
            row["href"] = at[its.name](row["place"]) if isinstance(its, At) else its(row)
            row["product"] = row["product"] or row["name"]
            step = kind.step
        row["step"] = step.label if step else ""
    return found


def rows_of(found: Iterable[Waiting], most: int, **where: Any) -> list[dict[str, Any]]:
    """The rows of what waits, those ``where`` says so, at most so many, the most pressing first; in
    one query.
    """
    branches = [
        of_waiting(each, each.found().filter(**where).order_by("work_due_at", "pk"))[:most]
        for each in found
    ]
    return read(together(branches, ["row_due_at", "row_rank", "row_pk"])[:most]) if branches else []


def late(found: Iterable[Waiting], now: datetime) -> QuerySet[Any]:
    """The rows of what waits that are overdue at this moment, in no order."""
    branches = [of_waiting(each, each.found().filter(work_due_at__lte=now)) for each in found]
    return together(branches, [])


def together(branches: Sequence[QuerySet[Any]], order: Sequence[str]) -> QuerySet[Any]:
    """The rows of all branches, which have one shape, in this order; a branch alone has its own
    order. Each branch has its own bounds.
    """
    if not branches:
        return of_tasks(Task.objects.none())
    first, *others = branches
    return first.union(*others, all=True).order_by(*order) if others else first
