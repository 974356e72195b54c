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

#: A criterion (or member), by id or by code as the caller likes.
Key = int | str


@dataclass(frozen=True)
class Choice:
    """The option chosen on a criterion (mức điểm): its points, and its case (0 without cases)."""

    points: Decimal
    case: int = 0


Sheet = Mapping[Key, Choice]


@dataclass(frozen=True)
class Mark:
    """A minimum (mức tối thiểu): ``stars`` need at least ``points`` on ``criterion``, for products
    scored under its ``case``."""

    criterion: Key
    case: int
    stars: int
    points: Decimal


class Verdict(StrEnum):
    """Whether a minimum is reached. A tie is not reached, but the council may resolve it."""

    MET = "met"
    MISSED = "missed"
    TIE = "tie"


@dataclass(frozen=True)
class Finding:
    """The verdict on one minimum, and how many sheets reach it and fail it.

    ``resolved``: decided by the council's resolution (kết luận của hội đồng), not by the sheets.
    """

    criterion: Key
    stars: int
    verdict: Verdict
    reaching: int
    failing: int
    resolved: bool


@dataclass(frozen=True)
class Result:
    """The ``stars`` (hạng sao) of a product; None when it is eliminated (``eliminated`` says why).

    ``band``: the stars by points alone. ``missed``: the minimums up to ``band`` not reached.
    """

    stars: int | None
    band: int
    missed: tuple[Finding, ...] = ()
    eliminated: str = ""

    @property
    def ties(self) -> tuple[Finding, ...]:
        """The missed minimums on which the sheets are tied; the council may resolve them."""
        return tuple(finding for finding in self.missed if finding.verdict is Verdict.TIE)


# --- A sheet ----------------------------------------------------------------------------------


def applies(criterion: Key, sheet: Sheet, requires: Mapping[Key, Key]) -> bool:
    """Whether ``criterion`` is scored on ``sheet``: the criterion that it requires, if any, has
    points there.
    """
    required = requires.get(criterion)
    return required is None or (required in sheet and sheet[required].points > 0)


def total(sheet: Sheet, requires: Mapping[Key, Key]) -> Decimal:
    """The points of a sheet (tổng điểm); a criterion that does not apply gives none."""
    return sum(
        (choice.points for key, choice in sheet.items() if applies(key, sheet, requires)),
        Decimal(0),
    )


# --- Minimums ---------------------------------------------------------------------------------


def minimums(options: Iterable[tuple[Key, int, Decimal, int | None]]) -> tuple[Mark, ...]:
    """The minimums of a rubric, from rows of (criterion, case, points, minimum_for).

    When two options of one case are marked for the same stars, the lower points count.
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
    """The finding on one minimum that ``reaching`` of the ``sheets`` reach and ``failing`` fail.

    ``holds`` is the council's resolution and decides; without one (None) the minimum is met when
    less than half of all sheets fail it, missed when more than half do, and a tie at half.
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
    """The finding on each minimum, by criterion and stars, in the order of ``marks``.

    ``resolutions`` are the options that the council settled on; they decide instead of the sheets.
    Otherwise the sheets do, as :func:`settle` says; QĐ 26/2026 leaves this to the council's
    regulation.

    A sheet counts neither for nor against a minimum when the criterion does not apply on it or the
    case chosen has no mark. When that is so of every sheet, there is no finding. A sheet without a
    choice on the criterion fails it.
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
    """Whether a choice reaches the points marked for its case; None when its case has no mark."""
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
    """The stars of a product: the most, up to the band of its points, whose minimums are all met.

    Four stars need the minimums of three as well. One or two stars have no minimums, so a product
    that misses one of three has two at most. ``eliminated``: why the council eliminated it (bị
    loại). Raises as :func:`band` does.
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
    """How many of the ``entitled`` members a meeting needs: ``percent`` of them, rounded up."""
    return max(1, -(-entitled * percent // 100))


def quorum(
    present: int, entitled: int, percent: int, *, chair_present: bool, chair_required: bool
) -> bool:
    """Whether a meeting has its quorum (đủ số thành viên); ``present`` of the ``entitled``."""
    return present >= needed(entitled, percent) and (chair_present or not chair_required)


def spread(totals: Iterable[Decimal]) -> Decimal:
    """The highest total minus the lowest (chênh lệch điểm), in points; 0 with fewer than two."""
    ordered = sorted(totals)
    return ordered[-1] - ordered[0] if ordered else Decimal(0)


def alarm(totals: Iterable[Decimal], limit: Decimal | None) -> bool:
    """Whether the spread is wider than the ``limit`` of the regulation; None is no limit."""
    return limit is not None and spread(totals) > limit


def outliers(totals: Mapping[Key, Decimal], limit: Decimal | None) -> tuple[Key, ...]:
    """The members with the outermost totals, when the spread is wider than ``limit``; else none.

    Their totals are more than half of ``limit`` from the median. When two totals are more than
    ``limit`` apart, at least one of them is.
    """
    if limit is None or not alarm(totals.values(), limit):
        return ()
    ordered = sorted(totals.values())
    # Twice the median, to stay exact with an even number of totals.
    twice = ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]
    return tuple(member for member, points in totals.items() if abs(2 * points - twice) > limit)
