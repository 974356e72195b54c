"""Potential products, by commune (sản phẩm tiềm năng)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet

from cycle import letters
from cycle.models import OrgUnit, User
from dossiers.lists.filters import BATCH, Asked, Listed, Narrowed, in_order
from dossiers.models import Potential, PotentialState


@dataclass(frozen=True)
class Filters(Narrowed):
    """What became of them, in which commune, called how; where the page begins."""

    place = {"after": None}

    state: str = ""
    commune: int | None = None
    q: str = ""
    after: int | None = None

    @classmethod
    def read(cls, asked: Asked) -> "Filters":
        return cls(
            state=asked.one_of("state", PotentialState.values),
            commune=asked.key("commune"),
            q=asked.text("q"),
            after=asked.key("after"),
        )


class Potentials(Listed):
    """What ``user`` sees of them, by the name of the commune; those of one survey together."""

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
        if asked.commune is not None:
            rows = rows.filter(commune=asked.commune)
        return rows.filter(letters.found(asked.q, ["", "commune__"]))

    def _all(self) -> QuerySet[Potential]:
        return self.found()

    def _ordered(self) -> QuerySet[Potential]:
        return (
            self.found()
            .select_related("commune", "dossier", "batch")
            .order_by("commune__sort_key", "commune_id", "pk")
        )

    def keys(self) -> Iterable[int]:
        return self._ordered().values_list("pk", flat=True).iterator(chunk_size=10 * BATCH)

    def of(self, keys: Sequence[int]) -> list[Potential]:
        return in_order(keys, self._ordered().in_bulk(keys))

    @cached_property
    def _page(self) -> list[Potential]:
        rows = self._ordered()
        last = self.filters.after and (
            Potential.objects.visible_to(self.user)
            .filter(pk=self.filters.after)
            .values_list("commune__sort_key", "commune", "pk")
            .first()
        )
        if self.filters.after is not None:
            if not last:
                return []
            name, commune, pk = last
            rows = rows.filter(
                Q(commune__sort_key__gt=name)
                | Q(commune__sort_key=name, commune__gt=commune)
                | Q(commune__sort_key=name, commune=commune, pk__gt=pk)
            )
        return list(rows[: self.PAGE + 1])

    def _beyond(self, last: Potential) -> dict[str, Any]:
        return {"after": last.pk}

    @cached_property
    def communes(self) -> list[tuple[int, str]]:
        """The communes of which there are some."""
        units = OrgUnit.objects.filter(
            pk__in=Potential.objects.visible_to(self.user).order_by().values("commune")
        )
        return list(units.order_by("sort_key", "pk").values_list("pk", "name"))
