"""The mean of score sheets and the stars it reaches. A leaf: pure arithmetic.

Points are Decimal, never float, and nothing is divided before it is compared: a mean is its sum
and its number of sheets.
"""

from collections.abc import Iterable
from decimal import Decimal


class NoSheets(ValueError):
    """There are no sheets. Unchecked, a sum of 0 ≥ floor × 0 would reach five stars."""


def mean(points_sum: Decimal, sheets: int) -> Decimal:
    """The mean (điểm trung bình) as it is shown: cut after two decimals, never rounded up.

    For people only: bands compare the sum. Raises :class:`NoSheets`.
    """
    if sheets < 1:
        raise NoSheets
    return (points_sum * 100 // sheets) / 100


def mean_or_none(points_sum: Decimal | None, sheets: int | None) -> Decimal | None:
    """:func:`mean` of what may have been recorded without points: then None."""
    return None if points_sum is None or sheets is None else mean(points_sum, sheets)


def reaches(floor: int | str, points_sum: Decimal, sheets: int) -> bool:
    """Whether the mean is at least ``floor``, exactly: sum ≥ floor × number of sheets.

    Raises :class:`NoSheets`.
    """
    if sheets < 1:
        raise NoSheets
    return points_sum >= Decimal(floor) * sheets


def band(bands: Iterable[tuple[int, int]], points_sum: Decimal, sheets: int) -> int:
    """The stars that a mean reaches by points alone.

    ``bands`` are rows of (floor, stars), as in an edition. Raises :class:`NoSheets`, and
    ValueError where the edition has no bands (QĐ 851 records stars, and no points).
    """
    return max(stars for floor, stars in bands if reaches(floor, points_sum, sheets))
