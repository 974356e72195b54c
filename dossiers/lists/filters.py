"""What every list shares: filters read from the query string, and rows page by page."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.choices import flatten_choices
from django.utils.translation import gettext as _now

from cycle import letters, written

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from cycle.exports import Cell

#: The longest search text, in characters.
LONGEST = 100
#: So many pages back are known: one further back, and it is the first.
TRAIL = 40
#: Rows are counted up to here; of more it is said that there are more.
COUNTED = 10_000
#: So many rows are read at once when a list is taken out.
BATCH = 1000


#: A select with more choices than this has a box to find one.
MANY_CHOICES = 15


@dataclass(frozen=True)
class Sought:
    """What ``words`` typed beside a select find in it: the choice ``chosen``; or ``why`` it is none
    of those whose label ``says`` them all.
    """

    words: str
    says: tuple[str, ...]
    chosen: str = ""
    why: str = ""

    @classmethod
    def among(cls, choices: Iterable[Any], chosen: str, typed: str) -> Self | None:
        """What was ``typed`` beside a select that has ``chosen``; None for what says nothing. The
        one choice that says it is chosen; of several one is asked for.
        """
        words = typed.strip()[:LONGEST]
        if not letters.search_words(words):
            return None
        offered: list[tuple[Any, Any]] = list(flatten_choices(choices))
        says = tuple(
            str(value) for value, label in offered if str(value) and letters.says(str(label), words)
        )
        if chosen in says or (not chosen and len(says) == 1):
            return cls(words, says, chosen or says[0])
        if chosen:
            why = _now("Mục đã chọn không khớp với «%(words)s» ở ô tìm: xin chọn lại.")
        elif says:
            why = _now("%(many)d mục khớp với «%(words)s»: xin chọn một.")
        else:
            why = _now("Không có mục nào khớp với «%(words)s».")
        return cls(words, says, why=why % {"many": len(says), "words": words})


def seek(
    data: QueryDict, selects: Callable[[], Mapping[str, Iterable[Any]]]
) -> tuple[QueryDict, dict[str, Sought]]:
    """What was sent, ``data``, with the choices that words typed beside its selects mean, and what
    they found, by the name of the select; a choice that they do not say is none.
    """
    if not any(name.endswith("-find") and words for name, words in data.items()):
        return data, {}
    found = {
        name: sought
        for name, choices in selects().items()
        if (sought := Sought.among(choices, data.get(name, ""), data.get(f"{name}-find", "")))
    }
    read = data.copy()
    for name, sought in found.items():
        read[name] = sought.chosen
    return read, found


@dataclass(frozen=True)
class Asked:
    """A query string; each method reads one parameter and ignores a value that is invalid."""

    data: Mapping[str, str]

    def one_of(self, name: str, values: Iterable[str], otherwise: str = "") -> str:
        """The value of ``name`` if it is one of ``values``, else ``otherwise``."""
        value = self.data.get(name, otherwise)
        return value if value in values else otherwise

    def key(self, name: str) -> int | None:
        """The id in ``name``, or None."""
        return written.key(self.data.get(name))

    def text(self, name: str, longest: int = LONGEST) -> str:
        """The text in ``name``, cut to ``longest`` characters."""
        return self.data.get(name, "").replace("\0", "").strip()[:longest]


@dataclass(frozen=True)
class Narrowed:
    """The filters of a list, as its query string has them; subclasses add fields and ``read``.

    ``trail`` are the places (``after``) of the pages before this one, each behind a «~».
    """

    #: The fields that say which page is shown, with their values for the first page.
    place: ClassVar[dict[str, Any]] = {"after": ""}

    trail: str = field(default="", kw_only=True)

    @classmethod
    def read(cls, asked: Asked) -> Self:
        """The filters in ``asked``."""
        raise NotImplementedError

    @classmethod
    def of(cls, data: Mapping[str, str]) -> Self:
        """The filters in a query string; invalid values are ignored."""
        asked = Asked(data)
        return replace(cls.read(asked), trail=asked.text("trail", 100 * TRAIL))

    def at_start(self) -> Self:
        """The same from its first page on."""
        return replace(self, trail="", **self.place)

    def query(self, **changes: Any) -> str:
        """The query string with ``changes``, on the first page unless they name another."""
        other = replace(self, **{"trail": "", **self.place, **changes})
        said = {
            each.name: value
            for each in fields(other)
            if (value := getattr(other, each.name)) != each.default
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


def beyond(order: Sequence[str], key: Sequence[Any]) -> Q:
    """The condition of the rows after the one with the values ``key`` in the columns ``order``."""
    after, same = Q(), Q()
    for column, value in zip(order, key, strict=True):
        after |= same & Q((f"{column}__gt", value))
        same &= Q((column, value))
    return after


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
    """A list shown page by page. Subclasses read a page (``_page``) and say where the next begins
    (``_beyond``).
    """

    PAGE = 25
    #: The query string of the list without filters: the href of a link may not be empty.
    whole = "q="

    filters: Any

    @cached_property
    def _page(self) -> list[Any]:
        """The rows of this page, and one more when there is another page."""
        raise NotImplementedError

    def _beyond(self, last: Any) -> dict[str, Any]:
        """The parameters of the next page, given the last row of this one."""
        raise NotImplementedError

    @property
    def more(self) -> bool:
        """Whether there is another page."""
        return len(self._page) > self.PAGE

    def rows(self) -> list[Any]:
        """The rows of this page."""
        return self._page[: self.PAGE]

    def next(self) -> str:
        """The query string of the next page; "" on the last."""
        if not self.more:
            return ""
        been = [*self.filters.trail.split("~")[1:], str(self.filters.after or "")]
        trail = "".join(f"~{place}" for place in been[-TRAIL:])
        return self.filters.query(**self._beyond(self._page[self.PAGE - 1]), trail=trail)

    def first(self) -> str:
        """The query string of the first page; "" when this is it."""
        return self.filters.query() or self.whole if self.filters.after else ""

    def previous(self) -> str:
        """The query string of the page before this one; "" on the first, and where an address does
        not say which pages were before.
        """
        *before, last = self.filters.trail.split("~")
        if not last:
            return self.first() if self.filters.trail else ""
        return self.filters.query(after=last, trail="~".join(before))

    @property
    def number(self) -> int:
        """Which page it is; 0 where the address does not say how many were before."""
        been = self.filters.trail.count("~")
        if not self.filters.after:
            return 1
        return been + 1 if 0 < been < TRAIL else 0

    def _all(self) -> QuerySet[Any, Any]:
        """The rows of all pages, to be counted."""
        raise NotImplementedError

    @cached_property
    def all_rows(self) -> str:
        """How many rows all pages have; asked of the database only where there are several."""
        if not self.filters.after and not self.more:
            return str(len(self._page))
        return _counted(self._all().order_by()[: COUNTED + 1].count())


def _counted(number: int) -> str:
    return f"{written.grouped(COUNTED)}+" if number > COUNTED else written.grouped(number)
