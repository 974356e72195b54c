"""The inbox (hộp việc): the tasks a person may do, in tabs; and the filters of all files.

A page costs two queries, however many rows it shows: one for counts, choices and days off, one for
the rows. Pages continue after a key, so the last is as fast as the first; counts stop at
:data:`MANY`, counting the tasks that are due first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Cast, Coalesce, JSONObject
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from cycle import clock, letters, written
from cycle.models import DayOff, Moved, OrgUnit, User, fold_number, told_apart
from cycle.steps import Step
from cycle.workdays import Calendar
from dossiers.law.guidance import GUIDES
from dossiers.law.states import State
from dossiers.lists.filters import BATCH, Asked, Listed, Narrowed, in_order
from dossiers.models import ACTS, CertificateNumber, OfficialDocument, ProductGroup, Task
from dossiers.terms.due import SOON, Due, due

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dossiers.models.task import TaskQuerySet

MANY = 1000

#: Prefix of ``after`` when the page begins among the tasks marked as signed, which come first.
_SIGNED = "signed:"
_UNSIGNED = models.ExpressionWrapper(Q(signed_at__isnull=True), output_field=models.BooleanField())


class Tab(models.TextChoices):
    """The tabs of the inbox (ngăn của hộp việc)."""

    UNIT = "unit", _("Của đơn vị")
    MINE = "mine", _("Tôi đã nhận")
    SOON = "soon", _("Sắp đến hạn")
    OVERDUE = "overdue", _("Quá hạn")
    WAITING = "waiting", _("Chờ chủ thể")
    PAPER = "paper", _("Chờ văn bản ký")
    DONE = "done", _("Đã làm")


class Sort(models.TextChoices):
    """The orders of the inbox (thứ tự)."""

    DUE = "due", _("Hạn gần nhất")
    NEWEST = "newest", _("Mới giao nhất")


@dataclass(frozen=True)
class Filters(Narrowed):
    """The filters of the inbox and of the list of all files."""

    tab: str = Tab.UNIT
    step: str = ""
    commune: int | None = None
    group: str = ""
    cycle: int | None = None
    state: str = ""
    q: str = ""
    sort: str = Sort.DUE
    after: str = ""

    @classmethod
    def read(cls, asked: Asked) -> Filters:
        return cls(
            tab=asked.one_of("tab", Tab.values, Tab.UNIT),
            step=asked.one_of("step", Step.values),
            commune=asked.key("commune"),
            group=asked.one_of("group", ProductGroup.values),
            cycle=asked.key("cycle"),
            state=asked.one_of("state", State.values),
            q=asked.text("q"),
            sort=asked.one_of("sort", Sort.values, Sort.DUE),
            after=asked.data.get("after", "")[:60],
        )

    @property
    def narrow(self) -> bool:
        """Whether any filter is set."""
        return bool(self.step or self.commune or self.group or self.cycle or self.state or self.q)

    def found(self, path: str = "") -> Q:
        """The condition that each word searched for is said of the dossier's product, its producer
        or its commune, be it today's or one of before, or that a document or certificate of it has
        this number. ``path`` leads to the dossier: "" or "dossier__".
        """
        if not letters.search_words(self.q):
            return Q()

        def in_commune(word: str) -> Q:
            here = OrgUnit.objects.called(word).order_by().values("pk")
            # Of a commune that was split its own name alone: its main successor has it no more.
            was = OrgUnit.objects.filter(letters.found(word)).order_by().values("pk")
            return (
                Q((f"{path}commune__in", here))
                | Q((f"{path}before_split__in", was))
                | Q((f"{path}product__producer__commune__in", here))
            )

        of = ("product__", "product__producer__")
        condition = letters.found(self.q, [path + each for each in of], also=in_commune)
        number = fold_number(self.q)
        if any(map(str.isdecimal, number)):
            # Asked for by itself, so that the number of rows in the list costs nothing.
            papers, certificates = (
                rows.filter(**{f"{of}folded_number__startswith": number})
                .order_by()
                .values("dossier")
                for rows, of in (
                    (OfficialDocument.objects.all(), "document__"),
                    (CertificateNumber.objects.current(), ""),
                )
            )
            found = papers.union(certificates).values_list("dossier", flat=True)[:MANY]
            condition |= Q((f"{path}pk__in", list(found)))
        return condition


def _up_to_many(queryset: models.QuerySet[Any]) -> Coalesce:
    """The number of rows as an expression, at most MANY."""
    # Cast: of a queryset that Django knows to be empty the array would have no type.
    keys = Cast(
        ArraySubquery(queryset.order_by().values("pk")[:MANY]), ArrayField(models.BigIntegerField())
    )
    # Of a queryset that Django knows to be empty the array is NULL.
    return Coalesce(Func(keys, function="CARDINALITY", output_field=models.IntegerField()), 0)


def _days_off(today: date) -> ArraySubquery:
    """The days off around ``today`` as JSON; :func:`_calendar` reads them."""
    around = (today - timedelta(days=400), today + timedelta(days=200))
    return ArraySubquery(
        DayOff.objects.filter(day__range=around).values(row=JSONObject(day="day", worked="worked"))
    )


def _calendar(rows: Iterable[Mapping[str, Any]]) -> Calendar:
    days: dict[bool, set[date]] = {True: set(), False: set()}
    for row in rows:
        days[row["worked"]].add(date.fromisoformat(row["day"]))
    return Calendar(frozenset(days[False]), frozenset(days[True]))


class Inbox(Listed):
    """The tasks that ``user`` may do (hộp việc), narrowed by ``filters``."""

    whole = "tab=unit"

    def __init__(self, user: User, filters: Filters):
        self.user, self.filters = user, filters
        self.now = clock.now()
        self.today = timezone.localdate(self.now)
        self.open = Task.objects.inbox(user)

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """What counts and filters need, in one query: open tasks, number done, days off."""
        first = self.open.order_by("due_at", "pk")[:MANY]
        return User.objects.values(
            open=ArraySubquery(
                first.values(
                    row=JSONObject(
                        due_on="due_on",
                        owner="owner",
                        waiting="waiting_since",
                        paused="paused",
                        commune="dossier__commune",
                        commune_name="dossier__commune__name",
                        commune_until="dossier__commune__valid_to",
                    )
                )
            ),
            paper=_up_to_many(Task.objects.to_type(self.user)),
            signed=_up_to_many(Task.objects.to_type(self.user).filter(signed_at__isnull=False)),
            done=_up_to_many(Task.objects.done_by(self.user)),
            days_off=_days_off(self.today),
        ).get(pk=self.user.pk)

    @property
    def _open_rows(self) -> list[dict[str, Any]]:
        # NULL for somebody without a post.
        return self.facts["open"] or []

    @cached_property
    def calendar(self) -> Calendar:
        """The working days around today."""
        return _calendar(self.facts["days_off"])

    @cached_property
    def last_soon_day(self) -> date:
        """The last due day that counts as «soon» (sắp đến hạn)."""
        return self.calendar.add(self.today, SOON)

    def counts(self) -> dict[Tab, str]:
        """The number of tasks in each tab as text, with a «+» when there are more than MANY."""
        rows, today = self._open_rows, self.today.isoformat()
        # Days suffice, as a term ends at 24:00 of its day; ISO dates compare as text.
        running = [row for row in rows if not row["paused"]]
        late = sum(row["due_on"] < today for row in running)
        soon = sum(row["due_on"] <= self.last_soon_day.isoformat() for row in running) - late
        counts = {
            Tab.UNIT: len(rows),
            Tab.MINE: sum(row["owner"] == self.user.pk for row in rows),
            Tab.SOON: soon,
            Tab.OVERDUE: late,
            Tab.WAITING: sum(row["waiting"] is not None for row in rows),
        }
        more = "+" if len(rows) == MANY else ""
        shown = {tab: f"{count}{more}" for tab, count in counts.items()}
        for tab, count in ((Tab.PAPER, self.facts["paper"]), (Tab.DONE, self.facts["done"])):
            shown[tab] = f"{count}+" if count == MANY else str(count)
        return shown

    def paper(self) -> dict[str, Any] | None:
        """The number of tasks to record from paper, and how many of them are signed; None if 0."""
        if not self.facts["paper"]:
            return None
        return {
            "count": self.counts()[Tab.PAPER],
            "signed": self.facts["signed"],
            "query": self.filters.query(tab=Tab.PAPER.value),
        }

    def tabs(self) -> list[dict[str, Any]]:
        """Each tab with its count and address."""
        counts = self.counts()
        return [
            {
                "name": tab.value,
                "label": tab.label,
                "count": counts[tab],
                "query": self.filters.query(tab=tab.value),
                "current": tab == self.filters.tab,
            }
            for tab in Tab
            # The tab of papers to record is hidden when empty: most people never have any.
            if tab != Tab.PAPER or counts[tab] != "0" or tab == self.filters.tab
        ]

    def _tasks(self) -> TaskQuerySet:
        """The tasks of the chosen tab, filtered."""
        filters = self.filters
        tasks = {
            Tab.UNIT: lambda: self.open,
            Tab.MINE: lambda: self.open.filter(owner=self.user),
            Tab.SOON: lambda: self.open.due_soon(self.now, self.last_soon_day),
            Tab.OVERDUE: lambda: self.open.overdue(self.now),
            Tab.WAITING: lambda: self.open.filter(waiting_since__isnull=False),
            Tab.PAPER: lambda: Task.objects.to_type(self.user),
            Tab.DONE: lambda: Task.objects.done_by(self.user),
        }[Tab(filters.tab)]()
        if filters.step:
            tasks = tasks.of_step(filters.step)
        if filters.commune:
            here = OrgUnit.objects.business_of(filters.commune)
            tasks = tasks.filter(dossier__commune__in=here)
        if filters.group:
            tasks = tasks.filter(dossier__product__group=filters.group)
        return tasks.filter(filters.found("dossier__"))

    @property
    def _key(self) -> tuple[str, bool]:
        """The field that orders the tab, and whether it descends."""
        if self.filters.tab == Tab.DONE:
            return "closed_at", True
        return ("due_at", False) if self.filters.sort == Sort.DUE else ("opened_at", True)

    def _from_here(self, tasks: TaskQuerySet) -> TaskQuerySet:
        """``tasks`` in order, after the key ``filters.after``."""
        field, latest_first = self._key
        value, _dot, pk = self.filters.after.rpartition("_")
        paper, first = self.filters.tab == Tab.PAPER, []
        if paper:
            # Signed decisions come first: they wait for the clerk only.
            tasks = tasks.annotate(unsigned=_UNSIGNED)
            first = ["unsigned"]
        among_signed = paper and value.startswith(_SIGNED)
        value = value.removeprefix(_SIGNED) if paper else value
        if (pk := written.key(pk)) is not None and (moment := _moment(value)):
            beyond, up_to = ("lt", "lte") if latest_first else ("gt", "gte")
            rest = Q(
                Q(**{f"{field}__{beyond}": moment}) | Q(**{field: moment, f"pk__{beyond}": pk}),
                **{f"{field}__{up_to}": moment},
            )
            if paper:
                rest &= Q(unsigned=not among_signed)
                rest |= Q(unsigned=True) if among_signed else Q()
            tasks = tasks.filter(rest)
        sign = "-" if latest_first else ""
        return tasks.order_by(*first, f"{sign}{field}", f"{sign}pk")

    def _all(self) -> TaskQuerySet:
        return self._tasks()

    @cached_property
    def _page(self) -> list[dict[str, Any]]:
        return self._rows(self._from_here(self._tasks())[: self.PAGE + 1])

    def keys(self) -> Iterable[int]:
        tasks = self._from_here(self._tasks())
        return tasks.values_list("pk", flat=True).iterator(chunk_size=10 * BATCH)

    def of(self, keys: Sequence[int]) -> list[dict[str, Any]]:
        rows = self._rows(self._tasks().filter(pk__in=keys))
        return in_order(keys, {row["pk"]: row for row in rows})

    def row(self, pk: int) -> dict[str, Any] | None:
        """The row of one open task of this person, or None."""
        return next(iter(self._rows(self.open.filter(pk=pk))), None)

    @cached_property
    def _due(self) -> Callable[[date, datetime | None], Due]:
        """:func:`due`, worked out once for rows that are due alike."""
        return lru_cache(1000)(
            lambda on, paused_at: due(on, self.today, self.calendar, paused_at=paused_at)
        )

    def _rows(self, tasks: TaskQuerySet) -> list[dict[str, Any]]:
        rows = list(
            tasks.values(
                "pk", "node", "due_on", "due_at", "opened_at", "waiting_since", "waiting_reason",
                "signed_at",
                "owner_id", "closed_at", "outcome",
                owner_name=F("owner__full_name"),
                owner_username=F("owner__username"),
                product=F("dossier__product__name"),
                code=F("dossier__product__code"),
                producer=F("dossier__product__producer__name"),
                unit=F("org_unit__name"),
                commune=F("dossier__commune__name"),
                commune_of=F("dossier__commune"),
                commune_until=F("dossier__commune__valid_to"),
                paused_at=F("term__paused_at"),
            )
        )  # fmt: skip
        moved = Moved.among(row["commune_of"] for row in rows if row["commune_until"])
        for row in rows:
            row["title"] = GUIDES[row["node"]].title
            row["commune"] = moved.called(row["commune_of"], row["commune"])
            if row["closed_at"]:
                row["done"] = ACTS[row["outcome"]].label if row["outcome"] in ACTS else ""
            else:
                row["due"] = self._due(row["due_on"], row["paused_at"])
                row["mine"] = row["owner_id"] == self.user.pk
                row["owner"] = row["owner_name"] or row["owner_username"]
        return rows

    def _beyond(self, last: dict[str, Any]) -> dict[str, Any]:
        among = _SIGNED if self.filters.tab == Tab.PAPER and last["signed_at"] else ""
        return {"after": f"{among}{last[self._key[0]].isoformat()}_{last['pk']}"}

    def choices(self) -> dict[str, Any]:
        """The choices of the filters; of communes only those with an open task."""
        communes = {
            row["commune"]: _commune(row["commune_name"], row["commune_until"])
            for row in self._open_rows
        }
        return {
            "steps": Step.choices,
            "groups": ProductGroup.choices,
            "communes": sorted(communes.items(), key=lambda item: letters.sort_key(item[1])),
            "sorts": Sort.choices,
        }


def _moment(text: str) -> datetime | None:
    """The aware moment that ``text`` is in ISO format, or None."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment and timezone.is_aware(moment) else None


def _commune(name: str, valid_to: str | None) -> str:
    """A commune's name in the filter, told apart by its last day ``valid_to`` (ISO date)."""
    return told_apart(name, date.fromisoformat(valid_to) if valid_to else None)
