"""Whose business a unit's is, and which units lie in its area: the one home of both, in SQL.

A unit that has ended (``valid_to`` before the day asked about) lives on in its successor (đơn vị
kế thừa): who works there sees and does what was the old unit's, over any number of mergers. Of a
unit with several successors, as after a split, nothing is guessed: it lives on in the one that was
chosen (``main_successor``), until then in none.

Downwards from a unit: :class:`Business` (itself and what it took over) and :class:`Area` (with all
below). Upwards: :class:`Heirs` (itself and who took it over), of these the last one
(:class:`Heir`), and :class:`Line` (with all above). A unit is in another's area exactly when the
other is in its line.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func, Value

#: The ``link`` of an ended unit ``old`` to its only successor, or to the chosen one.
_TOOK_OVER = """
  SELECT link.{gives} FROM cycle_orgunit_successors link
  JOIN cycle_orgunit old ON old.id = link.from_orgunit_id
  WHERE link.{known} = found.id AND old.valid_to < (SELECT today FROM asked)
    AND (old.main_successor_id = link.to_orgunit_id OR NOT EXISTS (
      SELECT FROM cycle_orgunit_successors other
      WHERE other.from_orgunit_id = link.from_orgunit_id AND other.id <> link.id
    ))
"""
_TAKEN_OVER = _TOOK_OVER.format(gives="from_orgunit_id", known="to_orgunit_id")
_TAKEN_OVER_BY = _TOOK_OVER.format(gives="to_orgunit_id", known="from_orgunit_id")
_BELOW = "SELECT unit.id FROM cycle_orgunit unit WHERE unit.parent_id = found.id"
_ABOVE = """SELECT unit.parent_id FROM cycle_orgunit unit
  WHERE unit.id = found.id AND unit.parent_id IS NOT NULL"""


class _Found(Func):
    """Ids of units reached from ``start``, an array of ids, as things are on ``day``."""

    #: SQL of what is one step from ``found.id``.
    step = ""

    def __init__(self, start: Any, day: Any, **extra: Any):
        super().__init__(start, day, **extra)

    def as_sql(self, compiler: Any, connection: Any, **_extra: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        start, day = (compiler.compile(part) for part in self.get_source_expressions())
        sql = f"""WITH RECURSIVE asked(today) AS (SELECT {day[0]}), found(id) AS (
          SELECT unnest({start[0]}) UNION
          SELECT next.id FROM found, LATERAL ({self.step}) next(id)
        ) SELECT id FROM found"""  # noqa: S608  (no input in it)
        return self.wrapped(sql), [*day[1], *start[1]]

    def wrapped(self, sql: str) -> str:
        """As rows, to stand after IN."""
        return f"({sql})"


class _FoundArray(_Found):
    """The same as one array, to stand beside a row."""

    output_field = ArrayField(models.BigIntegerField())

    def wrapped(self, sql: str) -> str:
        return f"ARRAY({sql})"


class _Rows(_Found):
    output_field = models.BigIntegerField()


class Business(_FoundArray):
    """The units themselves and those whose business came to them: where who works there acts."""

    step = _TAKEN_OVER


class Area(_FoundArray):
    """The units, all below them, and what those took over: what who works there may see."""

    step = f"{_BELOW} UNION ALL {_TAKEN_OVER}"


class AreaRows(_Rows):
    """:class:`Area` as rows."""

    step = Area.step


class BusinessRows(_Rows):
    """:class:`Business` as rows."""

    step = _TAKEN_OVER


class Heirs(_Rows):
    """The units themselves and those that took them over: who works there acts for them."""

    step = _TAKEN_OVER_BY


class Heir(_Found):
    """Who has the business of the units: the last of those that took them over, its id."""

    output_field = models.BigIntegerField()
    step = _TAKEN_OVER_BY

    def wrapped(self, sql: str) -> str:
        # Each began after the one before it had ended.
        return f"""(SELECT unit.id FROM cycle_orgunit unit WHERE unit.id IN ({sql})
          ORDER BY unit.valid_from DESC, unit.id DESC LIMIT 1)"""  # noqa: S608  (no input in it)


class Line(_Rows):
    """The units, all above them, and what took those over: who works there sees them."""

    step = f"{_ABOVE} UNION ALL {_TAKEN_OVER_BY}"


def array(ids: Iterable[int]) -> Value:
    """An array of ids: where any of these begins."""
    return Value(list(ids), output_field=ArrayField(models.BigIntegerField()))


def start(unit: int | models.F | Func) -> Func | Value:
    """An array of one unit, given by its id, by the column that has it (F, OuterRef) or by what
    finds it: where any of these begins.
    """
    if isinstance(unit, int):
        return array([unit])
    return Func(
        unit,
        template="ARRAY[%(expressions)s]",
        output_field=ArrayField(models.BigIntegerField()),
    )
