"""What every list shares: what its address says, and one page of rows with a way on and back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from cycle import written

#: The longest text that a list is searched for.
LONGEST = 100


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

    def query(self, **changes: Any) -> str:
        """The query string of this list with ``changes``; back on its first page."""
        other = replace(self, **{**self.place, **changes})
        said = {
            field.name: value
            for field in fields(other)
            if (value := getattr(other, field.name)) != field.default
        }
        return urlencode({name: 1 if value is True else value for name, value in said.items()})


class Listed:
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
