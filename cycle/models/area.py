"""The area of a unit, and who does its business after a merger: SQL expressions, defined only here.

A unit that has ended (``valid_to`` before the day asked about) is continued by its successor (đơn
vị kế thừa), over any number of mergers: people there see and do what was the old unit's. A unit
with several successors, as after a split, is continued by none.

Downwards from a unit: :class:`Business` (itself and the units it succeeded) and :class:`Area` (with
all units below). Upwards: :class:`Heirs` (itself and the units that succeeded it) and :class:`Line`
(with all units above). A unit is in another's area exactly when the other is in its line.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func, Value

#: The ``link`` of an ended unit ``old`` to its only successor.
_TOOK_OVER = """
  SELECT link.{gives} FROM cycle_orgunit_successors link
  JOIN cycle_orgunit old ON old.id = link.from_orgunit_id
  WHERE link.{known} = found.id AND old.valid_to < (SELECT today FROM asked)
    AND NOT EXISTS (
      SELECT FROM cycle_orgunit_successors other
      WHERE other.from_orgunit_id = link.from_orgunit_id AND other.id <> link.id
    )
"""
_TAKEN_OVER = _TOOK_OVER.format(gives="from_orgunit_id", known="to_orgunit_id")
_TAKEN_OVER_BY = _TOOK_OVER.format(gives="to_orgunit_id", known="from_orgunit_id")
_BELOW = "SELECT unit.id FROM cycle_orgunit unit WHERE unit.parent_id = found.id"
_ABOVE = """SELECT unit.parent_id FROM cycle_orgunit unit
  WHERE unit.id = found.id AND unit.parent_id IS NOT NULL"""


class _Found(Func):
    """Ids of the units reached from ``start``, an array of ids, on ``day``."""

    #: SQL: the units that are one step from ``found.id``.
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
        """As rows, for use after IN."""
        return f"({sql})"


class _FoundArray(_Found):
    """The same as an array, for use as a column."""

    output_field = ArrayField(models.BigIntegerField())

    def wrapped(self, sql: str) -> str:
        return f"ARRAY({sql})"


class _Rows(_Found):
    output_field = models.BigIntegerField()


class Business(_FoundArray):
    """The units and those that they succeeded: where people of these units act."""

    step = _TAKEN_OVER


class Area(_FoundArray):
    """The units, all units below, and those that any of these succeeded: what their people see."""

    step = f"{_BELOW} UNION ALL {_TAKEN_OVER}"


class AreaRows(_Rows):
    """:class:`Area` as rows."""

    step = Area.step


class BusinessRows(_Rows):
    """:class:`Business` as rows."""

    step = _TAKEN_OVER


class Heirs(_Rows):
    """The units and those that succeeded them: whose people act for the units."""

    step = _TAKEN_OVER_BY


class Line(_Rows):
    """The units, all units above them, and the successors of those: whose people see the units."""

    step = f"{_ABOVE} UNION ALL {_TAKEN_OVER_BY}"


def array(ids: Iterable[int]) -> Value:
    """``ids`` as an SQL array, for ``start`` of these expressions."""
    return Value(list(ids), output_field=ArrayField(models.BigIntegerField()))


def start(unit: int | models.F) -> Func | Value:
    """An SQL array of one unit, an id or a column (F, OuterRef), for ``start``."""
    if isinstance(unit, int):
        return array([unit])
    return Func(
        unit,
        template="ARRAY[%(expressions)s]",
        output_field=ArrayField(models.BigIntegerField()),
    )
