"""Stored words (events, states, kinds …), which may not be renamed: old rows would have no meaning.

Each app registers in its ``words.py`` the kinds of words it stores, where they are stored, and
which words the code knows: by the registry that the product works with, never a copy. ``manage.py
check_words`` compares the two.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.apps import apps
from django.db import connection, models

from cycle import events
from cycle.models import HistoryEntry, HistoryHead, Job, Stream, TermRule
from cycle.models.job import kinds as job_kinds

#: Our own apps; words of other packages are not checked.
APPS = ("cycle", "dossiers", "councils", "notifications")


@dataclass(frozen=True)
class Place:
    """A place where words are stored: its name, and SQL for each word with its number of rows."""

    name: str
    sql: str

    def words(self) -> Iterator[tuple[str, int]]:
        """(word, number of rows) of each non-empty word stored here."""
        with connection.cursor() as cursor:
            cursor.execute(self.sql)
            yield from ((word, rows) for word, rows in cursor.fetchall() if word)


@dataclass(frozen=True)
class Kind:
    """A kind of words: ``known`` gives those the code knows, ``places`` where they are stored."""

    name: str
    known: Callable[[], Collection[str]]
    places: tuple[Place, ...]


class Unknown(NamedTuple):
    """A stored word that the code does not know."""

    kind: str
    word: str
    place: str
    rows: int


_kinds: dict[str, Kind] = {}


def register(name: str, known: Callable[[], Collection[str]], *places: Place) -> None:
    """Register a kind of words for ``check_words``. Raises ValueError for a name used before."""
    if name in _kinds:
        raise ValueError(f"{name} is registered twice")
    _kinds[name] = Kind(name, known, places)


def column(model: type[models.Model], field: str, where: str = "true") -> Place:
    """The words in a column; of an array its elements."""
    meta = model._meta
    stored = meta.get_field(field)
    assert isinstance(stored, models.Field)
    word = f'"{stored.column}"'
    if hasattr(stored, "base_field"):
        word = f"unnest({word})"
    sql = (
        f'SELECT word::text, count(*) FROM (SELECT {word} AS word FROM "{meta.db_table}"'  # noqa: S608
        f" WHERE {where}) AS stored GROUP BY 1 ORDER BY 1"
    )
    return Place(f"{meta.label}.{field}", sql)


def payload(key: str, word: str, source: str) -> Place:
    """Words in the ``data`` of history: ``word`` is SQL for them, ``source`` SQL that is joined."""
    table = HistoryEntry._meta.db_table
    sql = f"SELECT {word}, count(*) FROM {table} AS entry {source} GROUP BY 1 ORDER BY 1"  # noqa: S608
    return Place(f"{HistoryEntry._meta.label}.data{key}", sql)


def chosen() -> Iterator[Kind]:
    """A kind for each column of ours with ``choices``, such as streams, roles, states, kinds of
    documents and terms.
    """
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            for field in model._meta.concrete_fields:
                if isinstance(field, models.CharField) and field.choices:
                    place = column(model, field.name)
                    yield Kind(place.name, _choices_of(field), (place,))


def _choices_of(field: models.Field) -> Callable[[], Collection[str]]:
    return lambda: {str(value) for value, _label in field.flatchoices}


def kinds() -> list[Kind]:
    """Every kind of words that is stored."""
    return [*_kinds.values(), *chosen()]


def unknown() -> list[Unknown]:
    """The stored words that the code does not know."""
    found = []
    for kind in kinds():
        known = kind.known()
        for place in kind.places:
            found += [
                Unknown(kind.name, word, place.name, rows)
                for word, rows in place.words()
                if word not in known
            ]
    return found


register(
    "sự kiện",
    events.registered,
    column(HistoryEntry, "event"),
    column(TermRule, "starts_on"),
    column(TermRule, "stops_on"),
)
register(
    "khóa trong nội dung nhật ký",
    events.keys,
    payload("", "key", "CROSS JOIN jsonb_object_keys(entry.data) AS key"),
)
register("chuỗi nhật ký", lambda: Stream.values, column(HistoryHead, "stream"))
register("loại việc chạy nền", job_kinds, column(Job, "kind"))
