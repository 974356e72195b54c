"""What every list shares: what its address says, and one page of rows with a way on and back."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from cycle import written

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from cycle.exports import Cell

#: The longest text that a list is searched for.
LONGEST = 100
#: So many rows are read at once when a list is taken out.
BATCH = 1000


@dataclass(frozen=True)
class Asked:
    """A query string, read; what cannot be is left out."""

    data: Mapping[str, str]

    def one_of(self, name: str, values: Iterable[str], otherwise: str = "") -> str:
        """The value of ``name`` when it is one of ``values``."""
        value = self.data.get(name, otherwise)
        return value if value in values else otherwise

    def key(self, name: str) -> int | None:
        """The number in ``name``."""
        return written.key(self.data.get(name))

    def text(self, name: str, longest: int = LONGEST) -> str:
        """What was typed into ``name``."""
        return self.data.get(name, "").replace("\0", "").strip()[:longest]


@dataclass(frozen=True)
class Narrowed:
    """What a list is narrowed to, as its address says it. Subclasses add the fields, and how they
    are read.
    """

    #: What sends a list back to its first page when it changes.
    place: ClassVar[dict[str, Any]] = {"after": ""}

    @classmethod
    def read(cls, asked: Asked) -> Self:
        """Of a query string."""
        raise NotImplementedError

    @classmethod
    def of(cls, data: Mapping[str, str]) -> Self:
        """The filters in a query string; what it cannot be is left out."""
        return cls.read(Asked(data))

    def at_start(self) -> Self:
        """The same from its first page on."""
        return replace(self, **self.place)

    def query(self, **changes: Any) -> str:
        """The query string of this list with ``changes``; back on its first page."""
        other = replace(self, **{**self.place, **changes})
        said = {
            field.name: value
            for field in fields(other)
            if (value := getattr(other, field.name)) != field.default
        }
        return urlencode({name: 1 if value is True else value for name, value in said.items()})


@dataclass(frozen=True)
class Column:
    """A column of a list as it is taken out (cột): what a row says in it.

    ``chosen``: whether it is ticked before anybody chose.
    """

    name: str
    heading: "str | Promise"
    value: "Callable[[Any], Cell | Promise]"
    chosen: bool = True


class Exportable:
    """Rows that can be taken out whole: their keys in order, then the rows of some keys."""

    def keys(self) -> Iterable[int]:
        """The number of every row, in the order of the list."""
        raise NotImplementedError

    def of(self, keys: Sequence[int]) -> list[Any]:
        """The rows of these numbers in this order, as far as they are still there to be seen."""
        raise NotImplementedError

    @cached_property
    def numbers(self) -> "array[int]":
        """:meth:`keys`, read once: eight bytes each."""
        return array("q", self.keys())

    def batches(self, size: int = BATCH) -> Iterator[list[Any]]:
        """All rows, ``size`` of them at a time, each asked for by itself.

        Between two no transaction is open and no statement runs, however slowly they are taken.
        """
        for begin in range(0, len(self.numbers), size):
            yield self.of(self.numbers[begin : begin + size].tolist())


def in_order(keys: Iterable[int], rows: Mapping[int, Any]) -> list[Any]:
    """The rows in the order of their ``keys``; what is not there is left out."""
    return [rows[key] for key in keys if key in rows]


class Queried(Exportable):
    """A list of one query in the query's order; its pages are numbered.

    ``shaped`` makes what the page and its columns show of the rows found.
    """

    def __init__(
        self, found: QuerySet[Any], shaped: Callable[[list[Any]], list[Any]] | None = None
    ) -> None:
        self.found, self._shaped = found, shaped

    def keys(self) -> Iterable[int]:
        return self.found.values_list("pk", flat=True).iterator(chunk_size=10 * BATCH)

    def of(self, keys: Sequence[int]) -> list[Any]:
        return self.shaped(in_order(keys, self.found.in_bulk(keys)))

    def shaped(self, rows: list[Any]) -> list[Any]:
        """The rows as they are shown."""
        return self._shaped(rows) if self._shaped else rows

    def page(self, number: str | None, size: int) -> Page[Any]:
        """The page with this number; the nearest for what is none."""
        return Paginator(self.found, size).get_page(number)


class Counted(Exportable):
    """A short list that is counted, not stored: all of it lies in memory."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self.rows = rows

    def keys(self) -> Iterable[int]:
        return range(len(self.rows))

    def of(self, keys: Sequence[int]) -> list[Any]:
        return [self.rows[key] for key in keys]


class Listed(Exportable):
    """A list that is shown page by page. Subclasses say what is read, and where the next begins."""

    PAGE = 25
    #: The address of the whole list, where nothing is narrowed: a link may not be empty.
    whole = "q="

    filters: Any

    @cached_property
    def _page(self) -> list[Any]:
        """The rows of this page, and one more when there is another page."""
        raise NotImplementedError

    def _beyond(self, last: Any) -> dict[str, Any]:
        """What the address of the next page says, given the last row of this one."""
        raise NotImplementedError

    @property
    def more(self) -> bool:
        """Whether there is another page."""
        return len(self._page) > self.PAGE

    def rows(self) -> list[Any]:
        """The rows of this page."""
        return self._page[: self.PAGE]

    def next(self) -> str:
        """The query string of the next page; nothing on the last."""
        return self.filters.query(**self._beyond(self._page[self.PAGE - 1])) if self.more else ""

    def first(self) -> str:
        """The query string of the first page; nothing on it."""
        return self.filters.query() or self.whole if self.filters.after else ""
