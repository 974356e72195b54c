"""From score sheets to stars (phân hạng): totals, minimums, bands, quorum, spread.

Pure: no database, no clock. Points are Decimal, and nothing is divided before it is compared: a
mean is its sum and its number of sheets. A sheet (phiếu chấm) is, for each criterion, the
:class:`Choice` made there; ``requires`` is, for each criterion that depends on another, that other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from cycle.points import band

#: Whatever the caller knows a criterion by: its key, or its code.
Key = int | str


@dataclass(frozen=True)
class Choice:
    """The option chosen on a criterion (mức điểm): its points, and its case, 0 without cases."""

    points: Decimal
    case: int = 0


Sheet = Mapping[Key, Choice]


@dataclass(frozen=True)
class Mark:
    """A minimum (mức tối thiểu): the points on ``criterion`` that so many ``stars`` ask for, where
    the product falls under ``case``."""

    criterion: Key
    case: int
    stars: int
    points: Decimal


class Verdict(StrEnum):
    """Whether a minimum is reached. A tie is not, but the council can still resolve it."""

    MET = "met"
    MISSED = "missed"
    TIE = "tie"


@dataclass(frozen=True)
class Finding:
    """What came of one minimum: how many sheets reach it, how many fail it, and the verdict.

    Where ``resolved`` the council's resolution (kết luận của hội đồng) decided, else the majority
    of the sheets.
    """

    criterion: Key
    stars: int
    verdict: Verdict
    reaching: int
    failing: int
    resolved: bool


@dataclass(frozen=True)
class Result:
    """The stars (hạng sao) of a product, None when it was ``eliminated``, which says why.

    ``band`` is what the points alone would give; ``missed`` are the minimums up to that band which
    are not reached.
    """

    stars: int | None
    band: int
    missed: tuple[Finding, ...] = ()
    eliminated: str = ""

    @property
    def ties(self) -> tuple[Finding, ...]:
        """The missed minimums on which the sheets are split in halves: the council is asked."""
        return tuple(finding for finding in self.missed if finding.verdict is Verdict.TIE)


# --- A sheet ----------------------------------------------------------------------------------


def applies(criterion: Key, sheet: Sheet, requires: Mapping[Key, Key]) -> bool:
    """Whether ``criterion`` is scored on this sheet: what it requires has points there."""
    required = requires.get(criterion)
    return required is None or (required in sheet and sheet[required].points > 0)


def total(sheet: Sheet, requires: Mapping[Key, Key]) -> Decimal:
    """The points of a sheet (tổng điểm); what does not apply gives none, whatever was chosen."""
    return sum(
        (choice.points for key, choice in sheet.items() if applies(key, sheet, requires)),
        Decimal(0),
    )


# --- Minimums ---------------------------------------------------------------------------------


def minimums(options: Iterable[tuple[Key, int, Decimal, int | None]]) -> tuple[Mark, ...]:
    """The minimums of a rubric, from rows of (criterion, case, points, minimum_for).

    Where a mark stands on two levels of one case, the lower one counts.
    """
    least: dict[tuple[Key, int, int], Decimal] = {}
    for criterion, case, points, stars in options:
        if stars is not None:
            key = criterion, case, stars
            least[key] = min(points, least.get(key, points))
    return tuple(Mark(*key, points) for key, points in least.items())


def settle(
    criterion: Key, stars: int, reaching: int, failing: int, sheets: int, holds: bool | None
) -> Finding:
    """What comes of one minimum, of ``sheets`` of which so many reach and fail it.

    ``holds`` is the council's resolution where it made one, and decides. Otherwise half of the
    sheets or more must not fail it, and just half is a tie.
    """
    if holds is not None:
        verdict = Verdict.MET if holds else Verdict.MISSED
    elif 2 * failing == sheets:
        verdict = Verdict.TIE
    else:
        verdict = Verdict.MISSED if 2 * failing > sheets else Verdict.MET
    return Finding(criterion, stars, verdict, reaching, failing, holds is not None)


def reached(
    marks: Iterable[Mark],
    sheets: Sequence[Sheet],
    resolutions: Sheet,
    requires: Mapping[Key, Key],
) -> tuple[Finding, ...]:
    """What came of each minimum, by criterion and stars, in the order of ``marks``.

    ``resolutions`` holds the option that the council settled on, for the criteria where it did; it
    counts instead of the sheets. Otherwise a minimum is met unless half of the sheets or more fail
    it, and just half is a tie. QĐ 26/2026 leaves this to the council's regulation.

    A sheet holds nothing against a minimum that it does not ask for: the criterion does not apply
    there, or its case has no such mark. What no sheet asks for has no finding. A sheet that leaves
    the criterion open fails it.
    """
    floors: dict[tuple[Key, int], dict[int, Decimal]] = {}
    for mark in marks:
        floors.setdefault((mark.criterion, mark.stars), {})[mark.case] = mark.points
    findings = []
    for (criterion, stars), by_case in floors.items():
        resolution = resolutions.get(criterion)
        answers = [
            _reaches(by_case, sheet.get(criterion))
            for sheet in sheets
            if applies(criterion, sheet, requires)
        ]
        reaching, failing = answers.count(True), answers.count(False)
        if resolution is None and not reaching and not failing:
            continue
        holds = None if resolution is None else _reaches(by_case, resolution) is not False
        findings.append(settle(criterion, stars, reaching, failing, len(sheets), holds))
    return tuple(findings)


def _reaches(by_case: Mapping[int, Decimal], choice: Choice | None) -> bool | None:
    """Whether a choice reaches the floor of its case; None where that case has none."""
    if choice is None:
        return False
    floor = by_case.get(choice.case)
    return None if floor is None else choice.points >= floor


# --- Stars ------------------------------------------------------------------------------------


def rank(
    bands: Iterable[tuple[int, int]],
    points_sum: Decimal,
    sheets: int,
    findings: Iterable[Finding] = (),
    eliminated: str = "",
) -> Result:
    """The stars of a product: the most, up to its band, whose minimums are all met.

    Minimums add up: four stars ask for those of three as well. Below three none is asked, so who
    misses one of three has two at most. ``eliminated`` is why the council takes it out (bị loại).
    Raises as :func:`band` does.
    """
    by_points = band(bands, points_sum, sheets)
    missed = tuple(
        finding
        for finding in findings
        if finding.stars <= by_points and finding.verdict is not Verdict.MET
    )
    stars = min((finding.stars - 1 for finding in missed), default=by_points)
    return Result(None if eliminated else stars, by_points, missed, eliminated)


# --- The council ------------------------------------------------------------------------------


def needed(entitled: int, percent: int) -> int:
    """How many of the ``entitled`` members a meeting needs: a share of one is a whole one."""
    return max(1, -(-entitled * percent // 100))


def quorum(
    present: int, entitled: int, percent: int, *, chair_present: bool, chair_required: bool
) -> bool:
    """Whether a meeting may decide (đủ số thành viên); ``present`` counts entitled members only."""
    return present >= needed(entitled, percent) and (chair_present or not chair_required)


def spread(totals: Iterable[Decimal]) -> Decimal:
    """How far the members' totals lie apart (chênh lệch điểm), in points; 0 of fewer than two."""
    ordered = sorted(totals)
    return ordered[-1] - ordered[0] if ordered else Decimal(0)


def alarm(totals: Iterable[Decimal], limit: Decimal | None) -> bool:
    """Whether the totals lie further apart than the council's regulation allows; None: no limit."""
    return limit is not None and spread(totals) > limit


def outliers(totals: Mapping[Key, Decimal], limit: Decimal | None) -> tuple[Key, ...]:
    """The members to hear first when the spread is too wide; none when it is not.

    They are further than half of ``limit`` from the median. Of two totals more than ``limit``
    apart one always is, so an alarm never names nobody.
    """
    if limit is None or not alarm(totals.values(), limit):
        return ()
    ordered = sorted(totals.values())
    # Twice the median stays exact for an even number, too.
    twice = ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]
    return tuple(member for member, points in totals.items() if abs(2 * points - twice) > limit)
