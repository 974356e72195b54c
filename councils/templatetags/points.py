"""Template filters for points: cut after two decimals, with a comma."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import Any

from django import template

register = template.Library()


def _cut(value: Any) -> Decimal:
    return Decimal(value).quantize(Decimal("0.01"), rounding=ROUND_DOWN)


@register.filter
def points(value: Any) -> str:
    """71.259 → «71,25», 3 → «3»; a dash for None."""
    if value is None:
        return "–"
    text = f"{_cut(value):f}"
    return text.rstrip("0").rstrip(".").replace(".", ",") if "." in text else text


@register.filter
def signed(value: Any) -> str:
    """A difference with its sign: «+1,5», «−0,25», «0»."""
    cut = _cut(value)
    return points(cut) if not cut else f"{'+' if cut > 0 else '−'}{points(abs(cut))}"
