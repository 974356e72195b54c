"""Queries that are asked of row after row: put into SQL once, asked with other values (hỏi lại).

What Django spends on a query is most of all to write it. Of one that every act asks, the SQL is
kept, with a :class:`Blank` where a value stands; the rows it gives are those that it always gave.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import update_wrapper
from typing import Any

from django.db import connections, models, transaction
from django.db.models import Expression, QuerySet

#: What was answered already, while :func:`remembered`.
_answers: ContextVar[dict[Any, list[Any]] | None] = ContextVar("answers", default=None)


@contextmanager
def remembered() -> Iterator[None]:
    """Of what is only looked at, row after row, a query that is ``steady`` is asked once with the
    same values. Not for what is done: that reads behind its locks.
    """
    token = _answers.set({})
    try:
        yield
    finally:
        _answers.reset(token)


class Blank(Expression):
    """The place of a value in a prepared query; the value goes in as the database takes it."""

    def __init__(self, name: str, output_field: models.Field[Any, Any] | None = None) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any, **_extra: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        return "%s", [self]


class Prepared:
    """A function that gives a query: arguments in order are part of the query, the named ones are
    blanks in it. It is written once for each of the first, and for each choice of the second.
    Called, it gives the rows as a list.

    What the function reads by itself (the day, a setting) would be kept too: it reads nothing.
    """

    def __init__(self, query: Callable[..., QuerySet[Any]], steady: bool = False) -> None:
        update_wrapper(self, query)
        self._query, self._steady = query, steady
        self._written: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def __call__(self, *shape: Any, **values: Any) -> list[Any]:
        answers = _answers.get()
        if answers is None or not self._steady:
            return self._ask(shape, values)
        key = self, shape, repr(sorted(values.items()))
        if key not in answers:
            answers[key] = self._ask(shape, values)
        return list(answers[key])

    def _ask(self, shape: tuple[Any, ...], values: dict[str, Any]) -> list[Any]:
        written = (shape, *values)
        found = self._written.get(written)
        if found is None:
            found = self._written[written] = self._write(shape, values)
        rows, compiler, sql, parts, converters = found
        connection = connections[rows.db]
        if rows.query.select_for_update and not connection.in_atomic_block:
            raise transaction.TransactionManagementError("rows are locked in a transaction only")
        asked = copy.copy(compiler)
        asked.connection = connection
        params = tuple(values[each.name] if isinstance(each, Blank) else each for each in parts)
        asked.as_sql = lambda *_args, **_options: (sql, params)
        asked.get_converters = lambda _columns: converters
        mine = rows.all()
        mine.query.get_compiler = lambda *_args, **_options: asked
        return list(mine)

    def first(self, *shape: Any, **values: Any) -> Any:
        """The first of the rows; None without one."""
        return next(iter(self(*shape, **values)), None)

    def _write(self, shape: tuple[Any, ...], values: dict[str, Any]) -> tuple[Any, ...]:
        rows = self._query(*shape, **{name: Blank(name) for name in values})
        compiler = rows.query.get_compiler(rows.db)
        sql, params = compiler.as_sql()
        columns = [column for column, _sql, _name in compiler.select[: compiler.col_count]]
        return rows, compiler, sql, tuple(params), compiler.get_converters(columns)


def prepared(query: Callable[..., QuerySet[Any]]) -> Prepared:
    """Write the SQL of the query that the function gives once, see :class:`Prepared`."""
    return Prepared(query)


def steady(query: Callable[..., QuerySet[Any]]) -> Prepared:
    """As :func:`prepared`, of what no rehearsal of an act changes: it may be :func:`remembered`."""
    return Prepared(query, steady=True)
