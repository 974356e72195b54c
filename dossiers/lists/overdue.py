"""The register of what is overdue (sổ theo dõi quá hạn): the terms that are late now or were, and
whatever else waits in the area behind its day (``work.overseen_by``), which has no ledger of its
own: it is here while it is late.

Two queries over terms, their ledgers and that work: one for all sums, one for a page of rows.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock, written
from cycle.letters import sort_key
from cycle.models import Cycle, Moved, OrgUnit, Role, now_called, told_apart
from cycle.steps import Step
from dossiers.law.guidance import GUIDES
from dossiers.law.nodes import NODES
from dossiers.lists import work
from dossiers.lists.filters import Asked, Listed, Narrowed, in_order
from dossiers.lists.work import RANKS
from dossiers.models.law import ACTS
from dossiers.terms.spent import asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cycle.models import User

#: The last page that is shown; further rows are reached by narrowing, a click on any of the sums.
PAGES = 400


class Standing(models.TextChoices):
    """Whether the late term is still open."""

    OPEN = "open", _("Chưa xong")
    LATE = "late", _("Đang quá hạn, không tạm dừng")
    DONE = "done", _("Đã xong, trễ")


class Clock(models.TextChoices):
    """Which kind of clock was late: internal or legal."""

    LEGAL = "legal", _("Hạn theo quy định")
    INTERNAL = "internal", _("Hạn nội bộ")


@dataclass(frozen=True)
class Filters(Narrowed):
    """The filters of the register. ``officer`` is a user's id; 0: tasks that nobody has taken.

    ``cycle`` is a cycle's id; 0: every year; None: the running year, and what is still open of any.
    """

    place = {"page": 1}

    standing: str = ""
    clock: str = ""
    step: str = ""
    unit: int | None = None
    officer: int | None = None
    cycle: int | None = None
    month: str = ""
    page: int = 1

    @classmethod
    def read(cls, asked: Asked) -> Filters:
        return cls(
            standing=asked.one_of("standing", Standing.values),
            clock=asked.one_of("clock", Clock.values),
            step=asked.one_of("step", Step.values),
            unit=asked.key("unit"),
            officer=asked.key("officer"),
            cycle=asked.key("cycle"),
            month=_month(asked.data.get("month", "")),
            page=min(max(asked.key("page") or 1, 1), PAGES),
        )


#: The filters by which the register is the overdue work (việc quá hạn) that inboxes and the week
#: count: what waits and whose clock runs, of whatever year.
WORK = Filters(standing=Standing.LATE.value, clock=Clock.INTERNAL.value)


def _month(text: str) -> str:
    """``text`` if it is a month like ``2021-06``, else ""."""
    try:
        return f"{datetime.strptime(text, '%Y-%m'):%Y-%m}" if len(text) == 7 else ""
    except ValueError:
        return ""


def _steps_of_events() -> dict[str, str]:
    """``{event: step}``: a legal clock is of the step that the act which starts it leads to."""
    steps = {}
    for act in ACTS.values():
        if act.leads and (step := act.leads[0].step):
            steps[act.event] = step.value
    return steps


#: SQL: whose term it was: the user who stopped the clock, else the owner of its task.
_OFFICER = """coalesce(t.officer_id,
    (SELECT e.by_id FROM dossiers_termevent e
     WHERE e.term_id = t.term_id AND e.kind = 'stop' ORDER BY e.id DESC LIMIT 1),
    (SELECT task.owner_id FROM dossiers_task task WHERE task.id = t.task_id)
  )"""

#: SQL: the step of its task, else of the act that starts its rule.
_STEP = """coalesce(t.step,
    %(steps)s::jsonb ->> coalesce(
      (SELECT task.state FROM dossiers_task task WHERE task.id = t.task_id),
      (SELECT rule.starts_on[1] FROM cycle_termrule rule WHERE rule.id = t.rule_id)
    ), 'evaluation'
  )"""

#: The same of a row of the table of terms itself.
_OFFICER_OF = _OFFICER.replace("t.officer_id", "page.officer_id").replace("t.term_id", "t.id")
_STEP_OF = _STEP.replace("t.step", "page.step")

_MONTH = "to_char(t.due_on, 'YYYY-MM')"

#: Whose terms: of the person's units and those below them.
_HERE = "AND t.org_unit_id = ANY(ARRAY(SELECT id FROM area))"

#: SQL: what was late in the person's area (``late``), with the days late: terms, each with its
#: ``term_id``, and the work of ``others``, each with its ``rank``, ``step`` and ``officer_id``.
#:
#: - ``ended_at`` is when the counting ended: now for an open term, ``stopped_at`` for a stopped
#:   one; for one that is paused, or was when it was stopped, the moment of that pause.
#: - Left out: ends of certificates (``certificate_id``), the year's dates (no ``dossier_id``), and
#:   rules without escalations: nobody's work is late there.
#:
#: To keep memory small however many are late: what belongs to one term is looked up term by term (a
#: subquery, or a lateral with LIMIT). In a plain join PostgreSQL may hash the terms by ``task_id``
#: or ``rule_id``, NULL for most, and cannot split such a hash table. Each CTE is read once only, so
#: that none is materialised.
LATE = f"""
WITH others AS (
  {{others}}
), area AS (
  SELECT unit.id FROM cycle_orgunit unit WHERE unit.id = ANY(%(area)s)
), span AS (
  SELECT least(
      (least(min(open.due_at), min(stopped.due_at)) AT TIME ZONE %(zone)s)::date,
      (SELECT min(row_due_on) FROM others)
    ) - 3 AS first,
    (greatest(now(), %(now)s) AT TIME ZONE %(zone)s)::date + 1 AS last
  FROM area
  LEFT JOIN LATERAL (
    SELECT t.due_at FROM dossiers_term t
    WHERE t.org_unit_id = area.id AND t.state <> 'stopped' ORDER BY t.due_at LIMIT 1
  ) open ON true
  LEFT JOIN LATERAL (
    SELECT t.due_at FROM dossiers_term t
    WHERE t.org_unit_id = area.id AND t.due_at <= t.stopped_at ORDER BY t.due_at LIMIT 1
  ) stopped ON true
), calendar AS MATERIALIZED (
  -- How many working days there were until each day: worked[day - first].
  SELECT min(day) - 1 AS first, array_agg(n::int ORDER BY day) AS worked
  FROM (
    SELECT d::date AS day,
      sum(CASE WHEN coalesce(o.worked, extract(isodow FROM d) < 6) THEN 1 ELSE 0 END)
        OVER (ORDER BY d) AS n
    FROM span, generate_series(span.first, span.last, interval '1 day') d
    LEFT JOIN cycle_dayoff o ON o.day = d::date
  ) days
), passed AS (
  SELECT t.id, t.dossier_id, t.cycle_id, t.certificate_id, t.task_id, t.rule_id, t.legal,
    t.org_unit_id, t.due_on, true AS open, t.paused_at IS NULL AS runs,
    coalesce(t.paused_at, %(now)s) AS ended_at
  FROM dossiers_term t
  WHERE t.state <> 'stopped' AND t.due_at <= %(now)s AND t.due_at <= coalesce(t.paused_at, %(now)s)
    {_HERE}
  UNION ALL
  SELECT t.id, t.dossier_id, t.cycle_id, t.certificate_id, t.task_id, t.rule_id, t.legal,
    t.org_unit_id, t.due_on, false, false,
    CASE WHEN last.kind = 'pause' THEN last.at ELSE t.stopped_at END
  FROM dossiers_term t
  LEFT JOIN LATERAL (
    SELECT e.kind, e.at FROM dossiers_termevent e
    WHERE e.term_id = t.id AND e.kind IN ('pause', 'resume') ORDER BY e.id DESC LIMIT 1
  ) last ON true
  WHERE t.due_at <= t.stopped_at
    AND t.due_at <= CASE WHEN last.kind = 'pause' THEN last.at ELSE t.stopped_at END
    {_HERE}
), found AS (
  SELECT t.id, 0 AS rank, t.id AS term_id, t.task_id, t.rule_id, t.cycle_id, t.legal, t.org_unit_id,
    t.due_on, t.open, t.runs, t.ended_at, NULL::text AS step, NULL::bigint AS officer_id
  FROM passed t
  WHERE t.dossier_id IS NOT NULL AND t.certificate_id IS NULL
    AND (t.task_id IS NOT NULL OR EXISTS (
      SELECT 1 FROM cycle_termrule rule
      WHERE rule.id = t.rule_id AND rule.escalations <> '[]' OFFSET 0
    ))
  UNION ALL
  SELECT row_pk, row_rank, NULL, NULL, NULL, row_cycle_of, false, row_unit_of, row_due_on, true,
    true, %(now)s, coalesce(nullif(row_step, ''), 'evaluation'), row_who_of
  FROM others
), late AS (
  SELECT t.id, t.rank, t.term_id, t.task_id, t.rule_id, t.org_unit_id, t.due_on, t.open, t.ended_at,
    t.step, t.officer_id,
    (SELECT worked FROM calendar)[
      (t.ended_at AT TIME ZONE %(zone)s)::date - (SELECT first FROM calendar)
    ] - (SELECT worked FROM calendar)[t.due_on - (SELECT first FROM calendar)] AS days
  FROM found t
  WHERE (%(cycle)s::bigint = 0 OR t.cycle_id = %(cycle)s::bigint OR (
      %(cycle)s::bigint IS NULL
      AND (t.open OR %(running)s::bigint IS NULL OR t.cycle_id = %(running)s::bigint)
    ))
    AND (%(clock)s = '' OR t.legal = (%(clock)s = 'legal'))
    AND CASE %(standing)s WHEN '' THEN true WHEN 'late' THEN t.runs ELSE
      t.open = (%(standing)s = 'open') END
    AND (%(unit)s::bigint IS NULL OR t.org_unit_id = ANY(%(units)s::bigint[]))
    AND (%(month)s = '' OR {_MONTH} = %(month)s)
    AND (%(step)s = '' OR {_STEP} = %(step)s)
    AND (%(officer)s::bigint IS NULL OR coalesce({_OFFICER}, 0) = %(officer)s)
)
"""  # noqa: S608  (no input in it)

SUMS = f"""{LATE}, sums AS (
  SELECT grouping(step, org_unit_id, officer_id, month) AS by, step, org_unit_id, officer_id, month,
    count(*) AS terms, count(*) FILTER (WHERE open) AS open, coalesce(sum(days), 0) AS days,
    coalesce(max(days), 0) AS most
  FROM (
    SELECT {_STEP} AS step, t.org_unit_id, {_OFFICER} AS officer_id, {_MONTH} AS month, t.open,
      t.days
    FROM late t OFFSET 0
  ) each
  GROUP BY GROUPING SETS ((), (step), (org_unit_id), (org_unit_id, step), (officer_id), (month))
)
SELECT sums.*, unit.name AS unit, unit.valid_to AS unit_until,
  coalesce(nullif(person.full_name, ''), person.username) AS who,
  CASE WHEN sums.by = 15 THEN
    (SELECT json_agg(json_build_array(id, title) ORDER BY year DESC, title) FROM cycle_cycle)
  END AS cycles
FROM sums
LEFT JOIN cycle_orgunit unit ON unit.id = sums.org_unit_id
LEFT JOIN cycle_user person ON person.id = sums.officer_id
ORDER BY sums.terms DESC, sums.days DESC, unit.sort_key, person.sort_key, sums.step
"""  # noqa: S608  (no input in it)

_ORDER = "ORDER BY open DESC, days DESC, due_on, rank, id"

#: What is shown of the terms of ``page``.
_TERMS = f"""
SELECT t.id, page.rank, t.dossier_id, t.task_id, t.title, t.legal, t.unit, t.role, t.due_on,
  t.original_due_on, page.open, t.state = 'paused' AS paused, page.days,
  (page.ended_at AT TIME ZONE %(zone)s)::date AS ended_on, {_STEP_OF} AS step,
  product.name AS product, producer.name AS producer, unit.name AS unit_name, t.org_unit_id,
  unit.valid_to AS unit_until,
  (SELECT coalesce(nullif(person.full_name, ''), person.username) FROM cycle_user person
   WHERE person.id = {_OFFICER_OF}) AS who,
  NULL::text AS name, NULL::text AS said, NULL::int AS many, NULL::bigint AS place
FROM page
JOIN dossiers_term t ON t.id = page.id AND page.rank = 0
JOIN dossiers_dossier dossier ON dossier.id = t.dossier_id
JOIN dossiers_product product ON product.id = dossier.product_id
JOIN dossiers_producer producer ON producer.id = product.producer_id
JOIN cycle_orgunit unit ON unit.id = t.org_unit_id
"""  # noqa: S608  (no input in it)

#: What is shown of the terms of ``page``, and of the other work in it.
_SHOWN = f"""
{_TERMS} UNION ALL
SELECT row_pk, page.rank, row_dossier_of, NULL, '', false, '', '', row_due_on, row_due_on, true,
  false, page.days, NULL, page.step, product.name, producer.name, unit.name, unit.id, unit.valid_to,
  (SELECT coalesce(nullif(person.full_name, ''), person.username) FROM cycle_user person
   WHERE person.id = page.officer_id), row_name, row_said, row_many, row_place
FROM page
JOIN others ON row_pk = page.id AND row_rank = page.rank
JOIN cycle_orgunit unit ON unit.id = row_unit_of
LEFT JOIN dossiers_dossier dossier ON dossier.id = row_dossier_of
LEFT JOIN dossiers_product product ON product.id = dossier.product_id
LEFT JOIN dossiers_producer producer ON producer.id = product.producer_id
{_ORDER}
"""  # noqa: S608  (no input in it)

#: One page: its ids first, then the columns of those rows.
ROWS = f"""{LATE}, page AS MATERIALIZED (
  SELECT id, rank, step, officer_id, open, ended_at, days FROM late
  {_ORDER} LIMIT %(limit)s OFFSET %(offset)s
){_SHOWN}"""  # noqa: S608  (no input in it)

#: The numbers of all rows, and the rows of some numbers: how the list is taken out.
KEYS = f"{LATE} SELECT id * {RANKS} + rank FROM late {_ORDER}"  # noqa: S608  (no input in it)
_LATE_OF = LATE.replace(_HERE, f"{_HERE} AND t.id = ANY(%(ids)s)")
_OF_KEYS = f"WHERE id * {RANKS} + rank = ANY(%(keys)s)"
THESE = f"""{_LATE_OF}, page AS MATERIALIZED (
  SELECT id, rank, step, officer_id, open, ended_at, days FROM late {_OF_KEYS}
){_SHOWN}"""  # noqa: S608  (no input in it)

#: Values of ``grouping(step, org_unit_id, officer_id, month)``: a bit is 1 when that column is
#: summed over, step being the highest of four: STEP is 0b0111, grouped by step alone.
WHOLE, STEP, UNIT, UNIT_STEP, OFFICER, MONTH = 15, 7, 11, 3, 13, 14


class OverdueRegister(Listed):
    """The overdue terms in a person's area, narrowed by ``filters``."""

    def __init__(self, user: User, filters: Filters, now: datetime | None = None) -> None:
        self.user, self.filters = user, filters
        self.now = now or clock.now()

    @cached_property
    def running(self) -> Cycle | None:
        """The year of today, or None."""
        return Cycle.objects.by_day(timezone.localdate(self.now)).first()

    @cached_property
    def _values(self) -> dict[str, Any]:
        steps = {
            state.value: state.step.value for state in NODES.values() if state.step
        } | _steps_of_events()
        return asdict(self.filters) | {
            "area": self.user.area(),
            # With a unit of today go those that it took over.
            "units": list(self._units()),
            "steps": json.dumps(steps),
            "now": self.now,
            "running": self.running and self.running.pk,
            "zone": timezone.get_default_timezone_name(),
        }

    @cached_property
    def _others(self) -> tuple[str, dict[str, Any]]:
        """SQL of the other work that is late now in the area, and its values by name."""
        found = work.overseen_by(self.user, timezone.localdate(self.now))
        try:
            sql, values = work.late(found, self.now).query.sql_with_params()
        except EmptyResultSet:
            return work.NOTHING, {}
        names = (f"other_{number}" for number in range(len(values)))
        named = dict(zip(names, values, strict=True))
        each = iter(named)
        return re.sub("%[s%]", lambda m: "%%" if m[0] == "%%" else f"%({next(each)})s", sql), named

    def _asked(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        others, named = self._others
        return asked(sql.replace("{others}", others), self._values | named | values)

    def _units(self) -> Iterable[int]:
        if self.filters.unit is None:
            return ()
        return OrgUnit.objects.business_of(self.filters.unit).values_list("pk", flat=True)

    @cached_property
    def _sums(self) -> dict[int, list[dict[str, Any]]]:
        sums: dict[int, list[dict[str, Any]]] = {}
        for row in self._asked(SUMS):
            sums.setdefault(row["by"], []).append(row)
        moved = _moved([row for by in (UNIT, UNIT_STEP) for row in sums.get(by, [])])
        return sums | {by: _today(sums.get(by, []), moved) for by in (UNIT, UNIT_STEP)}

    @property
    def total(self) -> dict[str, Any]:
        """The sums of all rows: number of ``terms``, of ``open`` ones, working ``days`` late, and
        the ``most`` of one term.
        """
        return self._sums[WHOLE][0]

    @property
    def is_work(self) -> bool:
        """Whether it shows the overdue work, neither more nor less."""
        return self.filters.at_start() == WORK

    def cycles(self) -> list[Any]:
        """The cycles to choose from; 0: all of them."""
        return [(0, _now("Mọi chu trình")), *(self.total["cycles"] or [])]

    def by_step(self) -> list[dict[str, Any]]:
        """The sums of each step that has any, in the order of the steps."""
        found = {row["step"]: row for row in self._sums.get(STEP, [])}
        return [
            {**found[step], "label": step.label, "query": self.filters.query(step=step.value)}
            for step in Step
            if step in found
        ]

    def by_officer(self) -> list[dict[str, Any]]:
        """The sums of each officer; ``officer_id`` None: tasks that nobody has taken."""
        return [
            {
                **row,
                "label": row["who"] or _now("Chưa có người nhận hoặc của nhiều người"),
                "query": self.filters.query(officer=row["officer_id"] or 0),
            }
            for row in self._sums.get(OFFICER, [])
        ]

    def by_month(self) -> list[dict[str, Any]]:
        """The sums by month of the due day, oldest first, with the height of the month's bar."""
        rows = sorted(self._sums.get(MONTH, []), key=lambda row: row["month"])
        most = max((row["terms"] for row in rows), default=1)
        return [
            {
                **row,
                "label": f"{row['month'][5:]}/{row['month'][:4]}",
                "height": max(round(100 * row["terms"] / most), 2),
                "top": 100 - max(round(100 * row["terms"] / most), 2),
                "query": self.filters.query(month=row["month"]),
            }
            for row in rows
        ]

    def heat(self) -> list[dict[str, Any]]:
        """A row per unit with a cell per step, darker where more is late."""
        cells = {(row["org_unit_id"], row["step"]): row for row in self._sums.get(UNIT_STEP, [])}
        most = max((row["terms"] for row in cells.values()), default=1)
        return [
            {
                **unit,
                "query": self.filters.query(unit=unit["org_unit_id"]),
                "cells": [
                    {
                        **cell,
                        "heat": -(-4 * cell["terms"] // most),
                        "query": self.filters.query(unit=unit["org_unit_id"], step=step.value),
                    }
                    if (cell := cells.get((unit["org_unit_id"], step.value)))
                    else None
                    for step in Step
                ],
            }
            for unit in self._sums.get(UNIT, [])
        ]

    @cached_property
    def _page(self) -> list[dict[str, Any]]:
        offset = (self.filters.page - 1) * self.PAGE
        return self._asked(ROWS, limit=self.PAGE + 1, offset=offset)

    def rows(self) -> list[dict[str, Any]]:
        """The terms of this page: the open ones first, then by most days late."""
        return self._shaped(super().rows())

    def keys(self) -> Iterable[int]:
        others, named = self._others
        with connection.cursor() as cursor:
            cursor.execute(KEYS.replace("{others}", others), self._values | named)
            # Row by row out of what the driver has received: a list of tuples is four times that.
            yield from (key for (key,) in cursor)

    def of(self, keys: Sequence[int]) -> list[dict[str, Any]]:
        ids = [pk for pk, rank in (divmod(key, RANKS) for key in keys) if not rank]
        rows = self._shaped(self._asked(THESE, keys=list(keys), ids=ids))
        return in_order(keys, {row["id"] * RANKS + row["rank"]: row for row in rows})

    def _shaped(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        moved, kinds = _moved(rows), list(work.kinds().values())
        for row in rows:
            row["kind"] = kinds[row["rank"]]
            if row["rank"]:
                # Where it is done only who must do it may; its file is open to all who read here.
                row["title"] = row["kind"].title(row)
                row["href"] = "" if row["dossier_id"] else row["kind"].link(row)
                row["product"] = row["product"] or row["name"]
            _heir, now = moved.heirs.get(row["org_unit_id"], (0, ""))
            row["unit_name"] = now_called(row["unit_name"], now)
        return [
            {
                **row,
                "what": GUIDES[row["title"]].title if row["task_id"] else str(row["title"]),
                "role": Role(row["role"]).label if row["role"] else "",
                "step": Step(row["step"]).label,
                "months": 0 if row["unit"] or row["rank"] else months_late(row),
            }
            for row in rows
        ]

    def previous(self) -> str:
        """The query string of the page before, or ""."""
        if self.filters.page == 1:
            return ""
        return self.filters.query(page=self.filters.page - 1) or self.whole

    def first(self) -> str:
        """The query string of the first page; "" when this is it."""
        return self.filters.query() or self.whole if self.filters.page > 1 else ""

    @property
    def number(self) -> int:
        return self.filters.page

    @cached_property
    def all_rows(self) -> str:
        return written.grouped(self.total["terms"])

    def next(self) -> str:
        """The query string of the next page, or ""."""
        more = self.more and self.filters.page < PAGES
        return self.filters.query(page=self.filters.page + 1) if more else ""

    def cut(self) -> int:
        """The number of rows that can be shown, when this is the last page and more rows exist;
        else 0.
        """
        return self.PAGE * PAGES if self.more and self.filters.page == PAGES else 0

    def printed(self) -> str:
        """The query string by which these rows print, all pages of them."""
        return self.filters.at_start().query()

    def narrowed(self) -> list[Any]:
        """In words, which terms these are: the year, then whatever else narrows them."""
        filters = self.filters
        if filters.cycle is None:
            year = _now("Năm nay và việc chưa xong")
        else:
            year = dict(self.cycles()).get(filters.cycle, _now("Chu trình"))
        standing = [Standing(filters.standing).label] if filters.standing else []
        clocks = [Clock(filters.clock).label] if filters.clock else []
        return [year, *standing, *clocks, *(words for words, _query in self.chosen())]

    def chosen(self) -> list[tuple[Any, str]]:
        """The filters set by clicking a sum: (words, the query string without that filter)."""
        filters = self.filters
        shown: list[tuple[Any, str]] = []
        if filters.step:
            shown.append((Step(filters.step).label, filters.query(step="")))
        if filters.unit is not None:
            unit = next(iter(self._sums.get(UNIT, [])), None)
            shown.append((unit["unit"] if unit else _now("Đơn vị"), filters.query(unit=None)))
        if filters.officer is not None:
            who = next(iter(self.by_officer()), None)
            shown.append(
                (who["label"] if who else _now("Người xử lý"), filters.query(officer=None))
            )
        if filters.month:
            month = f"{filters.month[5:]}/{filters.month[:4]}"
            shown.append((_now("Hạn tháng %(month)s") % {"month": month}, filters.query(month="")))
        return shown


def _moved(rows: Sequence[Mapping[str, Any]]) -> Moved:
    """Who took over the units of ``rows``; without an ended one nothing is asked."""
    ended = {row["org_unit_id"] for row in rows if row["unit_until"]}
    return Moved.among(ended)


def _today(rows: Sequence[dict[str, Any]], moved: Moved) -> list[dict[str, Any]]:
    """The sums ``rows`` by the units of today, most first; ``before``: those that went into one."""
    found: dict[Any, dict[str, Any]] = {}
    for row in rows:
        was = told_apart(row["unit"], row["unit_until"])
        heir, now = moved.heirs.get(row["org_unit_id"], (row["org_unit_id"], was))
        into = found.setdefault(
            (heir, row["step"]),
            row | dict.fromkeys(("terms", "open", "days", "most"), 0)
            | {"org_unit_id": heir, "unit": now, "before": []},
        )  # fmt: skip
        for each in ("terms", "open", "days"):
            into[each] += row[each]
        into["most"] = max(into["most"], row["most"])
        if heir != row["org_unit_id"]:
            into["before"].append(was)
    return sorted(
        found.values(), key=lambda row: (-row["terms"], -row["days"], sort_key(row["unit"]))
    )


def months_late(row: Mapping[str, Any]) -> int:
    """Whole months between the month it was due and the month it ended in."""
    due, ended = row["due_on"], row["ended_on"]
    return (ended.year - due.year) * 12 + ended.month - due.month
