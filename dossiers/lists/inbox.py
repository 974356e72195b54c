"""The inbox (hộp việc): what a person must do, in tabs; and the filters of all files.

A page costs two queries, however many rows and kinds of work it shows: one for counts, choices and
days off, one for the rows, a UNION ALL whose branches are bounded each by itself. Pages continue
after a key, so the last is as fast as the first; counts stop at :data:`MANY` of each kind, counting
what is due first.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Cast, Coalesce, JSONObject
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from cycle import clock, letters, written
from cycle.models import DayOff, OrgUnit, User, fold_number, told_apart
from cycle.steps import Step
from cycle.workdays import Calendar
from cycle.written import day_text
from dossiers.law.guidance import GUIDES
from dossiers.law.states import State
from dossiers.lists import work
from dossiers.lists.filters import BATCH, Asked, Listed, Narrowed, in_order
from dossiers.models import (
    ACTS,
    CertificateNumber,
    FilingNumber,
    OfficialDocument,
    ProductGroup,
    Task,
)
from dossiers.terms.due import SOON, Due, due

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dossiers.lists.work import Waiting
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


#: The tabs in which work of every kind lies; the others tell of tasks alone.
OF_EVERY_KIND = frozenset({Tab.UNIT, Tab.SOON, Tab.OVERDUE})


class Sort(models.TextChoices):
    """The orders of the inbox (thứ tự)."""

    DUE = "due", _("Hạn gần nhất")
    NEWEST = "newest", _("Mới giao nhất")


@dataclass(frozen=True)
class Filters(Narrowed):
    """The filters of the inbox and of the list of all files."""

    tab: str = Tab.UNIT
    kind: str = ""
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
            kind=asked.one_of("kind", work.kinds()),
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
        narrowed = (self.kind, self.step, self.commune, self.group, self.cycle, self.state, self.q)
        return any(narrowed)

    def found(self, path: str = "") -> Q:
        """The condition that each word searched for is said of the dossier's product, its producer
        or its commune, be it today's or one of before, or that a document or certificate of it, or
        a filing (PĐK), has this number. ``path`` leads to the dossier: "" or "dossier__".
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
        if self._numbered:
            condition |= Q((f"{path}pk__in", self._numbered))
        return condition

    @cached_property
    def _numbered(self) -> list[int]:
        """The dossiers with a document or certificate whose number begins with what is searched, or
        that an office received under it.
        """
        number = fold_number(self.q)
        if not any(map(str.isdecimal, number)):
            return []
        # Asked for by itself, so that the number of rows in the list costs nothing.
        papers, certificates = (
            rows.filter(**{f"{of}folded_number__startswith": number}).order_by().values("dossier")
            for rows, of in (
                (OfficialDocument.objects.all(), "document__"),
                (CertificateNumber.objects.current(), ""),
            )
        )
        filings = FilingNumber.objects.typed(self.q).order_by().values("dossier")
        found = papers.union(certificates, filings)
        return list(found.values_list("dossier", flat=True)[:MANY])


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


#: What the counts and the choices need of a row, for what is no task.
_NO_TASK: dict[str, Any] = {"owner": None, "waiting": None, "paused": False, "commune": None}


class Inbox(Listed):
    """What ``user`` must do (hộp việc), narrowed by ``filters``."""

    whole = "tab=unit"

    def __init__(self, user: User, filters: Filters):
        self.user, self.filters = user, filters
        self.now = clock.now()
        self.today = timezone.localdate(self.now)
        self.open = Task.objects.inbox(user)

    @cached_property
    def others(self) -> list[Waiting]:
        """What waits beside the tasks, of every other kind."""
        return work.of(self.user, self.today)

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """What counts and filters need, in one query: open tasks, number done, days off, and the
        rows of each other kind.
        """
        return User.objects.values(
            open=ArraySubquery(self._first_open(self.open)),
            paper=_up_to_many(Task.objects.to_type(self.user)),
            signed=_up_to_many(Task.objects.to_type(self.user).filter(signed_at__isnull=False)),
            done=_up_to_many(Task.objects.done_by(self.user)),
            days_off=_days_off(self.today),
            **{
                f"other_{number}": ArraySubquery(_first_of(each, each.days()))
                for number, each in enumerate(self.others)
            },
        ).get(pk=self.user.pk)

    def _first_open(self, tasks: TaskQuerySet) -> Any:
        """What counts and choices need of the first of these tasks."""
        first = tasks.order_by("due_at", "pk")[:MANY]
        return first.values(
            row=JSONObject(
                due_on="due_on",
                owner="owner",
                waiting="waiting_since",
                paused="paused",
                **_commune_of("dossier"),
            )
        )

    @property
    def _open_rows(self) -> list[dict[str, Any]]:
        # NULL for somebody without a post.
        return self.facts["open"] or []

    @cached_property
    def _rows_of_kinds(self) -> dict[str, list[dict[str, Any]]]:
        """The rows of each kind, by its name, as far as the counts and choices need them."""
        found = {work.TASK.name: self._open_rows}
        for number, each in enumerate(self.others):
            its = [_NO_TASK | row for row in self.facts[f"other_{number}"] or []]
            found.setdefault(each.kind.name, []).extend(its)
        return found

    @cached_property
    def calendar(self) -> Calendar:
        """The working days around today."""
        return _calendar(self.facts["days_off"])

    @cached_property
    def last_soon_day(self) -> date:
        """The last due day that counts as «soon» (sắp đến hạn)."""
        return self.calendar.add(self.today, SOON)

    def counts(self) -> dict[Tab, str]:
        """The number of rows in each tab as text, with a «+» when there are more than MANY."""
        return self._counted(self._rows_of_kinds, self._open_rows, self.facts)

    @cached_property
    def narrowed(self) -> dict[Tab, str]:
        """The same of what the filters leave, in one query more; without filters the same."""
        if not self.filters.narrow:
            return self.counts()
        kinds = self._of_kinds()
        facts: Mapping[str, Any] = User.objects.values(
            open=ArraySubquery(self._first_open(self._narrowed(self.open))),
            paper=_up_to_many(self._narrowed(Task.objects.to_type(self.user))),
            done=_up_to_many(self._narrowed(Task.objects.done_by(self.user))),
            **{
                f"other_{number}": ArraySubquery(_first_of(each, rows))
                for number, (each, rows) in enumerate(kinds)
            },
        ).get(pk=self.user.pk)
        tasks = facts["open"] or []
        rows: dict[str, list[dict[str, Any]]] = {
            work.TASK.name: tasks if self.filters.kind in ("", work.TASK.name) else []
        }
        for number, (each, _rows) in enumerate(kinds):
            its = [_NO_TASK | row for row in facts[f"other_{number}"] or []]
            rows.setdefault(each.kind.name, []).extend(its)
        return self._counted(rows, tasks, facts)

    def _counted(
        self,
        of_kinds: Mapping[str, list[dict[str, Any]]],
        tasks: list[dict[str, Any]],
        facts: Mapping[str, Any],
    ) -> dict[Tab, str]:
        """The numbers of the tabs: of the rows of each kind, of ``tasks`` for the tabs that have
        nothing else, and of what ``facts`` counts.
        """
        today = self.today.isoformat()
        rows = [row for its in of_kinds.values() for row in its]
        # Days suffice, as a term ends at 24:00 of its day; ISO dates compare as text.
        running = [row["due_on"] for row in rows if row["due_on"] and not row["paused"]]
        late = sum(due_on < today for due_on in running)
        soon = sum(due_on <= self.last_soon_day.isoformat() for due_on in running) - late
        counts = {
            Tab.UNIT: len(rows),
            Tab.MINE: sum(row["owner"] == self.user.pk for row in tasks),
            Tab.SOON: soon,
            Tab.OVERDUE: late,
            Tab.WAITING: sum(row["waiting"] is not None for row in tasks),
        }
        more = "+" if any(len(its) >= MANY for its in [tasks, *of_kinds.values()]) else ""
        shown = {tab: f"{count}{more}" for tab, count in counts.items()}
        for tab, count in ((Tab.PAPER, facts["paper"]), (Tab.DONE, facts["done"])):
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
        counts, shown = self.counts(), self.narrowed
        return [
            {
                "name": tab.value,
                "label": self._label(tab),
                "count": shown[tab],
                "whole": counts[tab],
                "query": self.filters.query(tab=tab.value),
                "current": tab == self.filters.tab,
            }
            for tab in Tab
            # The tab of papers to record is hidden when empty: most people never have any.
            if tab != Tab.PAPER or counts[tab] != "0" or tab == self.filters.tab
        ]

    def _label(self, tab: Tab) -> Any:
        # Who only sits on a council has no unit here.
        return _("Việc của bạn") if tab == Tab.UNIT and not self.user.assignments() else tab.label

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
        return self._narrowed(tasks)

    def _narrowed(self, tasks: TaskQuerySet) -> TaskQuerySet:
        if self.filters.step:
            tasks = tasks.of_step(self.filters.step)
        return tasks.filter(self._of("dossier"))

    def _of(self, dossier: str) -> Q:
        """What the filters say of the dossier at the path ``dossier``."""
        filters, said = self.filters, Q()
        if filters.commune:
            said &= Q((f"{dossier}__commune__in", OrgUnit.objects.business_of(filters.commune)))
        if filters.group:
            said &= Q((f"{dossier}__product__group", filters.group))
        return said & filters.found(f"{dossier}__")

    def _others(self) -> list[tuple[Waiting, models.QuerySet[Any]]]:
        """What is no task, in the chosen tab, filtered; without kinds that have nothing there."""
        if self.filters.tab not in OF_EVERY_KIND:
            return []
        in_tab = {
            Tab.UNIT: Q(),
            Tab.SOON: Q(work_due_at__gt=self.now, work_due_on__lte=self.last_soon_day),
            Tab.OVERDUE: Q(work_due_at__lte=self.now),
        }[Tab(self.filters.tab)]
        return [(each, rows.filter(in_tab)) for each, rows in self._of_kinds()]

    def _of_kinds(self) -> list[tuple[Waiting, models.QuerySet[Any]]]:
        """What is no task, of every tab, filtered; without kinds that have nothing there."""
        filters, found = self.filters, []
        for each in self.others:
            if not self._rows_of_kinds[each.kind.name]:
                continue
            if filters.kind not in ("", each.kind.name) or filters.step not in ("", each.kind.step):
                continue
            rows = each.found()
            if each.dossier:
                rows = rows.filter(self._of(each.dossier))
            elif filters.commune or filters.group:
                continue
            elif letters.search_words(filters.q):
                name = Cast(each.name, models.TextField())
                named = rows.annotate(
                    work_search=letters.SearchWords(name),
                    work_search_joined=letters.SearchJoined(name),
                )
                rows = named.filter(letters.found(filters.q, ["work_"]))
            found.append((each, rows))
        return found

    @property
    def _key(self) -> tuple[str, bool]:
        """The field that orders the tab, and whether it descends."""
        if self.filters.tab == Tab.DONE:
            return "closed_at", True
        return ("due_at", False) if self.filters.sort == Sort.DUE else ("opened_at", True)

    @property
    def _place(self) -> tuple[datetime, int, int] | None:
        """Where ``filters.after`` says that the page begins: after the row with this moment, rank
        of its kind and number.
        """
        value, _dot, number = self.filters.after.removeprefix(_SIGNED).rpartition("_")
        value, _dot, name = value.partition("_")
        kind = work.kinds().get(name, work.TASK)
        pk, moment = written.key(number), _moment(value)
        return None if pk is None or moment is None else (moment, work.rank(kind), pk)

    def _past(self, field: str, rank: int) -> Q:
        """The condition of the rows of a kind that come after the place where the page begins."""
        if self._place is None:
            return Q()
        moment, its, pk = self._place
        beyond, up_to = ("lt", "lte") if self._key[1] else ("gt", "gte")
        if rank != its:
            return Q((f"{field}__{up_to if rank > its else beyond}", moment))
        return Q(
            Q((f"{field}__{beyond}", moment)) | Q((field, moment), (f"pk__{beyond}", pk)),
            (f"{field}__{up_to}", moment),
        )

    def _in_order(self, rows: Any, field: str, *first: str) -> Any:
        sign = "-" if self._key[1] else ""
        return rows.order_by(*first, f"{sign}{field}", f"{sign}pk")

    def _from_here(self, tasks: TaskQuerySet) -> TaskQuerySet:
        """``tasks`` in order, after the key ``filters.after``."""
        field, _latest_first = self._key
        rest = self._past(field, work.rank(work.TASK))
        if self.filters.tab != Tab.PAPER:
            return self._in_order(tasks.filter(rest), field)
        # Signed decisions come first: they wait for the clerk only.
        tasks = tasks.annotate(unsigned=_UNSIGNED)
        if self._place is not None:
            among_signed = self.filters.after.startswith(_SIGNED)
            rest &= Q(unsigned=not among_signed)
            rest |= Q(unsigned=True) if among_signed else Q()
        return self._in_order(tasks.filter(rest), field, "unsigned")

    def _branches(self) -> list[tuple[Waiting | None, models.QuerySet[Any]]]:
        """The rows of each kind in order from here on; of tasks without a :class:`Waiting`."""
        branches: list[tuple[Waiting | None, models.QuerySet[Any]]] = []
        if self.filters.kind in ("", work.TASK.name) or self.filters.tab not in OF_EVERY_KIND:
            branches.append((None, self._from_here(self._tasks())))
        field = "work_due_at" if self.filters.sort == Sort.DUE else "work_since"
        for each, rows in self._others():
            past = rows.filter(self._past(field, work.rank(each.kind)))
            branches.append((each, self._in_order(past, field)))
        return branches

    @property
    def _order(self) -> list[str]:
        field, latest_first = self._key
        sign = "-" if latest_first else ""
        return [f"{sign}row_{field}", "row_rank", f"{sign}row_pk"]

    def _numbers(self) -> models.QuerySet[Any]:
        """The kind and the number of every row from here on."""
        field = "work_due_at" if self.filters.sort == Sort.DUE else "work_since"
        branches = [
            rows.values(
                row_due_at=F(field if each else self._key[0]),
                row_rank=Value(work.rank(each.kind if each else work.TASK)),
                row_pk=F("pk"),
            )
            for each, rows in self._branches()
        ]
        if len(branches) > 1:
            branches = [each.order_by() for each in branches]
        _field, *order = self._order
        return work.together(branches, [f"{'-' if self._key[1] else ''}row_due_at", *order])

    def _all(self) -> models.QuerySet[Any]:
        whole = copy(self)
        whole.filters = self.filters.at_start()
        return whole._numbers()

    @cached_property
    def all_rows(self) -> str:
        """How many rows all pages have: the count of the tab, where nothing narrows it."""
        counted = self.counts()[Tab(self.filters.tab)]
        if self.filters.narrow or counted.endswith("+"):
            return super().all_rows
        return counted

    @cached_property
    def _page(self) -> list[dict[str, Any]]:
        branches = [
            (work.of_waiting(each, rows) if each else work.of_tasks(rows))[: self.PAGE + 1]
            for each, rows in self._branches()
        ]
        return self._rows(work.together(branches, self._order)[: self.PAGE + 1])

    def keys(self) -> Iterable[int]:
        for row in self._numbers().iterator(chunk_size=10 * BATCH):
            yield row["row_pk"] * work.RANKS + row["row_rank"]

    def of(self, keys: Sequence[int]) -> list[dict[str, Any]]:
        asked: dict[int, list[int]] = {}
        for key in keys:
            pk, rank = divmod(key, work.RANKS)
            asked.setdefault(rank, []).append(pk)
        branches = []
        if its := asked.get(work.rank(work.TASK)):
            branches.append(work.of_tasks(self._tasks().filter(pk__in=its)))
        for each, rows in self._others():
            if its := asked.get(work.rank(each.kind)):
                branches.append(work.of_waiting(each, rows.filter(pk__in=its)))
        found = self._rows(work.together(branches, []))
        return in_order(keys, {row["pk"] * work.RANKS + row["rank"]: row for row in found})

    def row(self, pk: int) -> dict[str, Any] | None:
        """The row of one open task of this person, or None."""
        return next(iter(self._rows(work.of_tasks(self.open.filter(pk=pk)))), None)

    @cached_property
    def _due(self) -> Callable[[date, datetime | None], Due]:
        """:func:`due`, worked out once for rows that are due alike."""
        return lru_cache(1000)(
            lambda on, paused_at: due(on, self.today, self.calendar, paused_at=paused_at)
        )

    def _rows(self, found: models.QuerySet[Any]) -> list[dict[str, Any]]:
        rows = work.read(found)
        task, why = work.addresses("dossiers:task"), work.addresses("dossiers:task_why")
        for row in rows:
            if row["kind"] is work.TASK:
                row["title"] = GUIDES[row["node"]].title
                row["href"], row["why"] = task(row["pk"]), why(row["pk"])
            if row["closed_at"]:
                row["done"] = ACTS[row["outcome"]].label if row["outcome"] in ACTS else ""
                continue
            if row["due_on"]:
                row["due"] = self._due(row["due_on"], row["paused_at"])
                row["due_day"] = day_text(row["due_on"])
            row["mine"] = row["owner_id"] == self.user.pk
            row["owner"] = row["owner_name"] or row["owner_username"]
        return rows

    def _beyond(self, last: dict[str, Any]) -> dict[str, Any]:
        among = _SIGNED if self.filters.tab == Tab.PAPER and last["signed_at"] else ""
        kind = "" if last["kind"] is work.TASK else f"_{last['kind'].name}"
        return {"after": f"{among}{last[self._key[0]].isoformat()}{kind}_{last['pk']}"}

    def choices(self) -> dict[str, Any]:
        """The choices of the filters; of communes and kinds only those with something to do."""
        communes = {
            row["commune"]: _commune(row["commune_name"], row["commune_until"])
            for rows in self._rows_of_kinds.values()
            for row in rows
            if row["commune"]
        }
        return {
            "kinds": [
                (name, kind.label)
                for name, kind in work.kinds().items()
                if self._rows_of_kinds.get(name) or name == self.filters.kind
            ],
            "steps": Step.choices,
            "groups": ProductGroup.choices,
            "communes": sorted(communes.items(), key=lambda item: letters.sort_key(item[1])),
            "sorts": Sort.choices,
        }


def _first_of(waiting: Waiting, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """What counts and choices need of the first of the ``rows`` of ``waiting``."""
    first = rows.order_by(F("work_due_on").asc(nulls_last=True), "pk")[:MANY]
    return first.values(row=JSONObject(due_on="work_due_on", **_commune_of(waiting.dossier)))


def _commune_of(dossier: str) -> dict[str, str]:
    """The commune of the dossier at this path, for the choices; nothing without a dossier."""
    if not dossier:
        return {}
    return {
        "commune": f"{dossier}__commune",
        "commune_name": f"{dossier}__commune__name",
        "commune_until": f"{dossier}__commune__valid_to",
    }


def _moment(text: str) -> datetime | None:
    """The aware moment that ``text`` is in ISO format, in UTC, or None."""
    try:
        moment = parse_datetime(text)
        # PostgreSQL knows no zone that is so far away as some are that can be written.
        return moment.astimezone(UTC) if moment and timezone.is_aware(moment) else None
    except (ValueError, OverflowError):
        return None


def _commune(name: str, valid_to: str | None) -> str:
    """A commune's name in the filter, told apart by its last day ``valid_to`` (ISO date)."""
    return told_apart(name, date.fromisoformat(valid_to) if valid_to else None)
