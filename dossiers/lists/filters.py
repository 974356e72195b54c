"""What every list shares: filters read from the query string, and rows page by page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from cycle import written

#: The longest search text, in characters.
LONGEST = 100


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
    """The filters of a list, as its query string has them; subclasses add fields and ``read``."""

    #: The fields that say which page is shown, with their values for the first page.
    place: ClassVar[dict[str, Any]] = {"after": ""}

    @classmethod
    def read(cls, asked: Asked) -> Self:
        """The filters in ``asked``."""
        raise NotImplementedError

    @classmethod
    def of(cls, data: Mapping[str, str]) -> Self:
        """The filters in a query string; invalid values are ignored."""
        return cls.read(Asked(data))

    def query(self, **changes: Any) -> str:
        """The query string with ``changes``, on the first page unless they name another."""
        other = replace(self, **{**self.place, **changes})
        said = {
            field.name: value
            for field in fields(other)
            if (value := getattr(other, field.name)) != field.default
        }
        return urlencode({name: 1 if value is True else value for name, value in said.items()})


class Listed:
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
        return self.filters.query(**self._beyond(self._page[self.PAGE - 1])) if self.more else ""

    def first(self) -> str:
        """The query string of the first page; "" when this is it."""
        return self.filters.query() or self.whole if self.filters.after else ""
