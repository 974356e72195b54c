"""What was done in which commune in a year (độ phủ tuyên truyền): communes down, kinds across."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import Count, Max, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cycle import clock
from cycle.models import Level, Moved, OrgUnit, User
from dossiers.lists.filters import Asked, Narrowed
from dossiers.lists.missing import OfOneCycle
from dossiers.models import Dossier, OutreachEvent, OutreachKind, Potential, PotentialState

#: The columns behind those of the kinds of outreach.
POTENTIAL, DOSSIERS = "potential", "dossiers"
_LABELS: dict[str, Any] = {
    **dict(OutreachKind.choices),
    POTENTIAL: _("Sản phẩm tiềm năng"),
    DOSSIERS: _("Hồ sơ"),
}


@dataclass(frozen=True)
class Filters(Narrowed):
    """In which cycle; without one the newest that is open."""

    place = {}

    cycle: int | None = None

    @classmethod
    def read(cls, asked: Asked) -> Filters:
        return cls(cycle=asked.key("cycle"))


@dataclass(frozen=True)
class Cell:
    """How much of one kind a commune had, the last time ``on``."""

    kind: str
    count: int = 0
    on: date | None = None
    #: The address of what is counted, for a row that is shown.
    address: str = ""

    @property
    def label(self) -> Any:
        """What the column is called."""
        return _LABELS[self.kind]


class Coverage(OfOneCycle):
    """The communes of today in a person's area, each with what it had in one cycle, by name.

    A commune has what the communes had that it took over. They are few enough for one page. What a
    district or the province held stands in the list of outreach, and in no commune's row. Potential
    products are those that are followed today, of whatever year.
    """

    def __init__(self, user: User, filters: Filters) -> None:
        self.user, self.filters = user, filters

    @cached_property
    def _cells(self) -> dict[tuple[int, str], Cell]:
        """(commune of today, kind) -> what it had."""
        area = self.user.area()
        moved = Moved.among(area)
        events = OutreachEvent.objects.filter(
            cycle=self.cycle, org_unit__in=area, org_unit__level=Level.COMMUNE
        ).annotate(where=moved.column("org_unit"))
        cells = {}
        for place, kind, count, on in self._counted(events, "kind", last="held_on"):
            cells[place, kind] = Cell(kind, count, on)
        found: tuple[tuple[str, QuerySet[Any]], ...] = (
            (POTENTIAL, Potential.objects.visible_to(self.user).filter(state=PotentialState.OPEN)),
            (DOSSIERS, Dossier.objects.visible_to(self.user).filter(cycle=self.cycle)),
        )
        for what, rows in found:
            rows = rows.annotate(where=moved.column("commune"))
            for place, count in self._counted(rows):
                cells[place, what] = Cell(what, count)
        return cells

    @staticmethod
    def _counted(rows: QuerySet[Any], *by: str, last: str = "") -> QuerySet[Any, Any]:
        counts: dict[str, Any] = {"count": Count("pk", distinct=True)} | (
            {"last": Max(last)} if last else {}
        )
        return (
            rows.order_by()
            .values("where", *by)
            .annotate(**counts)
            .values_list("where", *by, *counts)
        )

    @cached_property
    def _communes(self) -> list[OrgUnit]:
        if self.cycle is None:
            return []
        here = OrgUnit.objects.valid_on(clock.today()).filter(
            pk__in=self.user.area(), level=Level.COMMUNE
        )
        return list(here.order_by("sort_key", "pk"))

    def keys(self) -> Iterable[int]:
        return [unit.pk for unit in self._communes]

    def of(self, keys: Sequence[int]) -> list[dict[str, Any]]:
        wanted = set(keys)
        return [
            {
                "unit": unit,
                "cells": [
                    replace(
                        self._cells.get((unit.pk, kind), Cell(kind)),
                        address=self._address(unit.pk, kind),
                    )
                    for kind in _LABELS
                ],
            }
            for unit in self._communes
            if unit.pk in wanted
        ]

    def rows(self) -> list[dict[str, Any]]:
        """All of them."""
        return self.of(list(self.keys()))

    def _address(self, commune: int, kind: str) -> str:
        """The address of the list of what a cell counts."""
        if kind == POTENTIAL:
            return f"{reverse('dossiers:potential')}?commune={commune}&state={PotentialState.OPEN}"
        of = f"?commune={commune}&cycle={self.cycle}"
        if kind == DOSSIERS:
            return reverse("dossiers:dossier_list") + of
        return f"{reverse('dossiers:outreach')}{of}&kind={kind}"

    @property
    def gaps(self) -> list[Cell]:
        """Per column, how many communes had nothing."""
        columns = zip(*(row["cells"] for row in self.rows()), strict=True)
        return [Cell(each[0].kind, sum(not cell.count for cell in each)) for each in columns]
