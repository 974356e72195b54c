"""The provisional count of one sheet while it is filled in (tạm tính): points per part, stars still
possible.

It is about this sheet only; the product's stars come from all sheets.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from councils.judging import ranking
from cycle.points import band

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cycle.models import Criterion, Option


@dataclass(frozen=True)
class PartStanding:
    """The points of one part so far, and the most it can give (điểm từng phần)."""

    code: str
    points: Decimal
    limit: Decimal


@dataclass(frozen=True)
class Miss:
    """A minimum that the option chosen does not reach (chưa đạt mức tối thiểu)."""

    criterion: Criterion
    stars: int
    points: Decimal
    least: Decimal


@dataclass(frozen=True)
class Standing:
    """The provisional count of a sheet (tạm tính).

    ``possible``: the points so far and the most that the open criteria could give. ``band``: the
    stars by the points so far; ``stars``: the most still possible; both None in an edition without
    bands. ``due``: how many criteria apply; ``scored``: how many of them have a choice.
    """

    parts: tuple[PartStanding, ...]
    points: Decimal
    possible: Decimal
    scored: int
    due: int
    band: int | None
    stars: int | None
    missed: tuple[Miss, ...]

    @property
    def complete(self) -> bool:
        """Whether every criterion that applies has a choice."""
        return self.scored == self.due


def standing(
    page: dict[str, Any], chosen: Mapping[int, Option], bands: Sequence[tuple[int, int]]
) -> Standing:
    """The :class:`Standing` of a sheet. ``page``: of :func:`cycle.rubrics.sheet`; ``chosen``: the
    options by criterion id; ``bands``: (stars, lowest points) of the edition."""
    rows = [row for part in page["parts"] for row in part["rows"] if "criterion" in row]
    criteria = {row["criterion"].pk: row["criterion"] for row in rows}
    requires = {pk: each.requires_id for pk, each in criteria.items() if each.requires_id}
    sheet: dict[ranking.Key, ranking.Choice] = {
        pk: ranking.Choice(option.points, option.case)
        for pk, option in chosen.items()
        if pk in criteria
    }
    applying = {pk for pk in criteria if ranking.applies(pk, sheet, requires)}
    counted = {pk: choice for pk, choice in sheet.items() if pk in applying}
    points = ranking.total(sheet, requires)
    # A criterion that depends on an open one may still come to apply.
    open_ = [
        pk
        for pk in criteria
        if pk not in counted and (pk in applying or requires.get(pk) not in sheet)
    ]
    possible = points + sum((criteria[pk].points for pk in open_), Decimal(0))
    marks = ranking.minimums(
        (option.criterion_id, option.case, option.points, option.minimum_for)
        for row in rows
        for case in row["cases"]
        for option in case["options"]
    )
    # An open criterion has not missed a minimum yet.
    findings = ranking.reached(
        [mark for mark in marks if mark.criterion in counted], [counted], {}, {}
    )
    least = {(mark.criterion, mark.case, mark.stars): mark.points for mark in marks}
    missed = tuple(
        Miss(
            criteria[finding.criterion],
            finding.stars,
            counted[finding.criterion].points,
            least[finding.criterion, counted[finding.criterion].case, finding.stars],
        )
        for finding in findings
        if finding.verdict is not ranking.Verdict.MET
    )
    return Standing(
        parts=tuple(
            PartStanding(
                part["code"],
                sum(
                    (
                        choice.points
                        for pk, choice in counted.items()
                        if criteria[pk].part == part["code"]
                    ),
                    Decimal(0),
                ),
                part["points"],
            )
            for part in page["parts"]
        ),
        points=points,
        possible=possible,
        scored=len(counted),
        due=len(applying),
        band=band(bands, points, 1) if bands else None,
        stars=ranking.rank(bands, possible, 1, findings).stars if bands else None,
        missed=missed,
    )
