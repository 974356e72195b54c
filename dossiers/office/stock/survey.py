"""A list of potential products looked at, as a survey brings it (sản phẩm tiềm năng)."""

from typing import Any

from django.utils.translation import gettext as _

from cycle.models import fold
from cycle.units import Places
from dossiers.models import Dossier, Potential, PotentialState, StockBatch
from dossiers.office.stock import cells
from dossiers.office.stock.checking import WARNING, Checker, Line, maker_of, shown_day


class SurveyChecker(Checker):
    """A survey asks for little: the product, who makes it, in which commune."""

    def __init__(self, batch: StockBatch, places: Places | None = None):
        super().__init__(batch, places)
        #: (product, producer, commune) -> what became of it.
        self.named: dict[tuple[Any, ...], str] = {
            (fold(name), fold(producer), self.here.today(commune)): state
            for name, producer, commune, state in Potential.objects.values_list(
                "name", "producer_name", "commune", "state"
            )
        }
        self.filed = set(
            Dossier.objects.filter(product__in=self.here.products.values()).values_list(
                "product", flat=True
            )
        )

    def read(self, line: Line) -> None:
        """The values of a line, and what is wrong with its cells."""
        self._read_cells(line)
        values = line.values
        if "product_group" not in values and line.group:
            values["product_group"] = line.group
        if "owner_type" not in values and (found := cells.owner_in(values.get("producer", ""))):
            values["owner_type"] = found
        self._place(line)
        day = values.get("surveyed_on", "")
        if day and day > self.today.isoformat():
            line.fault("surveyed_on", _("Ngày %(day)s ở tương lai.") % {"day": shown_day(day)})

    def compare(self, lines: list[Line]) -> None:
        """Find what is twice in the list, and what is here already."""
        seen: dict[tuple[Any, ...], int] = {}
        for line in lines:
            values, maker = line.values, maker_of(line)
            key = fold(values.get("product", "")), *maker
            if not all(key) or self._is_twice(line, seen):
                continue
            if state := self.named.get(key):
                what = _("sản phẩm tiềm năng, %(state)s") % {
                    "state": str(PotentialState(state).label).lower()
                }
                self._is_here(line, "product", what)
            self._recognise(line, maker)
            # Which product it is, whoever opens its dossier chooses.
            known = values.pop("product_id", None)
            values.pop("producer_id", None)
            if known in self.filed:
                line.fault(
                    "product", _("Sản phẩm này đã có hồ sơ: xem lại trước khi nhập."), level=WARNING
                )
