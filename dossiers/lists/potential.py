"""Potential products, by commune (sản phẩm tiềm năng)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet

from cycle import letters
from cycle.models import Moved, OrgUnit, User, told_apart
from dossiers.lists.filters import BATCH, Asked, Listed, Narrowed, beyond, in_order
from dossiers.models import Potential, PotentialSource, PotentialState

#: By who has the commune's business today; those of one survey together.
_ORDER = ("place", "place_id", "pk")


@dataclass(frozen=True)
class Filters(Narrowed):
    """What became of them, in which commune, called how; where the page begins."""

    place = {"after": None}

    state: str = ""
    source: str = ""
    event: int | None = None
    commune: int | None = None
    q: str = ""
    after: int | None = None

    @classmethod
    def read(cls, asked: Asked) -> "Filters":
        return cls(
            state=asked.one_of("state", PotentialState.values),
            source=asked.one_of("source", PotentialSource.values),
            event=asked.key("event"),
            commune=asked.key("commune"),
            q=asked.text("q"),
            after=asked.key("after"),
        )


class Potentials(Listed):
    """What ``user`` sees of them, by the name of today's commune; those of one survey together."""

    PAGE = 50
    whole = "q="

    def __init__(self, user: User, filters: Filters):
        self.user, self.filters = user, filters

    def found(self) -> QuerySet[Potential]:
        """All that the filters leave."""
        asked = self.filters
        rows: QuerySet[Potential] = Potential.objects.visible_to(self.user)
        if asked.state:
            rows = rows.filter(state=asked.state)
        if asked.source:
            rows = rows.filter(source=asked.source)
        if asked.event is not None:
            rows = rows.filter(event=asked.event)
        if asked.commune is not None:
            rows = rows.filter(commune__in=OrgUnit.objects.business_of(asked.commune))

        def in_commune(word: str) -> Q:
            return Q(commune__in=OrgUnit.objects.called(word).order_by().values("pk"))

        return rows.filter(letters.found(asked.q, also=in_commune))

    def _all(self) -> QuerySet[Potential]:
        return self.found()

    @cached_property
    def _moved(self) -> Moved:
        return Moved.among(self.user.area())

    def _by_commune(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """In the order of today's communes."""
        return rows.annotate(
            place=self._moved.column("commune", key=True), place_id=self._moved.column("commune")
        )

    def _ordered(self) -> QuerySet[Any]:
        rows = self._by_commune(self.found()).select_related("commune", "dossier", "batch", "event")
        return rows.order_by(*_ORDER)

    def keys(self) -> Iterable[int]:
        return self._ordered().values_list("pk", flat=True).iterator(chunk_size=10 * BATCH)

    def of(self, keys: Sequence[int]) -> list[Potential]:
        return self._shaped(in_order(keys, self._ordered().in_bulk(keys)))

    def rows(self) -> list[Potential]:
        return self._shaped(super().rows())

    def _shaped(self, rows: list[Any]) -> list[Potential]:
        """Each with ``before``, the commune that it belonged to, when another took that over."""
        for row in rows:
            moved = row.place_id != row.commune_id
            row.before = told_apart(row.commune.name, row.commune.valid_to) if moved else ""
        return rows

    @cached_property
    def _page(self) -> list[Potential]:
        rows = self._ordered()
        last = self.filters.after and (
            self._by_commune(Potential.objects.visible_to(self.user))
            .filter(pk=self.filters.after)
            .values_list(*_ORDER)
            .first()
        )
        if self.filters.after is not None:
            if not last:
                return []
            rows = rows.filter(beyond(_ORDER, last))
        return list(rows[: self.PAGE + 1])

    def _beyond(self, last: Potential) -> dict[str, Any]:
        return {"after": last.pk}

    @cached_property
    def communes(self) -> list[tuple[int, str]]:
        """The communes of today of which there are some."""
        rows = self._by_commune(Potential.objects.visible_to(self.user))
        units = OrgUnit.objects.filter(pk__in=rows.order_by().values("place_id"))
        return list(units.order_by("sort_key", "pk").values_list("pk", "name"))
