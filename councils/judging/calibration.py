"""How scores compare (đối chiếu điểm): between members, with the support team, between levels and
years.

Shown only after the closing. Means are exact fractions, cut after two decimals when shown.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Avg, Count, F, OuterRef, Subquery, Sum

from councils.judging import ranking
from councils.models import EvaluationRound, Result, Score, Scoresheet
from cycle import letters
from cycle.models import Level
from dossiers.models import Evaluation, SelfAssessment

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from councils.models import Closing, Member
    from cycle.models import Criterion, User
    from dossiers.models import Dossier

#: The levels whose points are compared.
LEVELS = (Level.DISTRICT, Level.PROVINCE, Level.CENTRE)


@dataclass(frozen=True)
class Leaning:
    """How one member scored against the others (độ lệch của thành viên), in points of 100.

    ``lean``: the mean, over the products, of the member's total minus the mean of all sheets.
    ``outlying``: on how many products the member was an outlier of a spread beyond the limit.
    """

    member: Member
    sheets: int
    lean: Decimal
    widest: Decimal
    outlying: int


def leanings(closing: Closing) -> list[Leaning]:
    """The :class:`Leaning` of each member in a closed round, the highest ``lean`` first."""
    totals = _totals(closing)
    limit = closing.round.regulation.max_spread
    differences: dict[ranking.Key, list[Decimal]] = defaultdict(list)
    outlying: dict[ranking.Key, int] = defaultdict(int)
    for of_entry in totals.values():
        mean: Decimal = sum(of_entry.values()) / len(of_entry)  # type: ignore[assignment]  # of points
        for member, points in of_entry.items():
            differences[member].append(points - mean)
        for member in ranking.outliers(of_entry, limit):
            outlying[member] += 1
    members = closing.round.council.members.select_related("user").in_bulk(list(differences))
    return sorted(
        (
            Leaning(
                member=members[pk],
                sheets=len(found),
                lean=sum(found) / len(found),  # type: ignore[arg-type]  # of points
                widest=max(found, key=abs),
                outlying=outlying[pk],
            )
            for pk, found in differences.items()
        ),
        key=lambda leaning: (-leaning.lean, leaning.member.pk),
    )


def spreads(closing: Closing) -> list[tuple[Result, Decimal, Decimal]]:
    """(result, lowest total, highest total) of each product, in the order of the agenda."""
    totals = _totals(closing)
    results = closing.results.select_related("entry__dossier__product").order_by(
        "entry__position", "pk"
    )
    return [
        (result, min(found.values()), max(found.values()))
        for result in results
        if (found := totals.get(result.entry_id))
    ]


def _totals(closing: Closing) -> dict[int, dict[ranking.Key, Decimal]]:
    """``{entry id: {member id: total}}`` of the sheets that the closing counted."""
    scored = Subquery(
        Result.objects.filter(closing=closing, entry=OuterRef("entry")).values("scoring")
    )
    found = (
        Scoresheet.objects.filter(
            entry__round=closing.round, member__isnull=False, state="submitted", scoring=scored
        )
        .annotate(points=Sum("scores__points"))
        .values_list("entry", "member", "points")
    )
    totals: dict[int, dict[ranking.Key, Decimal]] = defaultdict(dict)
    for entry, member, points in found:
        totals[entry][member] = points
    return totals


@dataclass(frozen=True)
class Compared:
    """The points of one criterion by the producer, the support team and each level (means)."""

    criterion: Criterion
    self: Decimal | None
    team: Decimal | None
    district: Decimal | None
    province: Decimal | None
    centre: Decimal | None


def side_by_side(
    dossier: Dossier, rounds: QuerySet[EvaluationRound], *, own: bool = True
) -> tuple[list[Compared], dict[str, Any]]:
    """How producer, support team and each level scored one product, criterion by criterion.

    ``rounds`` are those that the reader may see; the last closed one of each level counts. Without
    ``own`` the producer's points are left out. Returns the :class:`Compared` of each criterion, and
    the totals (see :func:`_whole`).
    """
    closed = rounds.filter(closings__reopening=None, closings__isnull=False)
    results = (
        Result.objects.filter(
            entry__dossier=dossier, entry__round__in=closed, closing__reopening=None
        )
        .select_related("entry__round__council__org_unit")
        .order_by("closing__at")
    )
    last: dict[str, Result] = {result.entry.round.council.level: result for result in results}
    by_level = {level: means(result) for level, result in last.items()}
    team = _team(last)
    rubric = next((result.entry.rubric for result in reversed(last.values())), None)
    claimed, evaluations = _recorded(dossier, last)
    if not own:
        claimed = None
    # Points by another rubric cannot be compared.
    by_record = {
        level: record.points()
        for level, record in {"self": claimed, **evaluations}.items()
        if record is not None and rubric is not None and record.rubric_id == rubric.pk
    }
    rows = [
        Compared(
            criterion=criterion,
            self=by_record.get("self", {}).get(criterion.code),
            team=team.get(criterion.code),
            district=by_level.get(Level.DISTRICT, {}).get(criterion.code),
            province=by_level.get(Level.PROVINCE, {}).get(criterion.code),
            centre=by_record.get(Level.CENTRE, {}).get(criterion.code),
        )
        for criterion in (rubric.criteria.all() if rubric else ())
    ]
    return rows, _whole(claimed, last, evaluations)


def means(result: Result) -> dict[str, Decimal]:
    """``{code of criterion: mean points}`` over the sheets that a result counted."""
    found = Score.objects.filter(
        sheet__entry=result.entry,
        sheet__scoring=result.scoring,
        sheet__member__isnull=False,
        sheet__state="submitted",
    )
    rows = found.values_list("criterion__code").annotate(points=Sum("points"))
    return {code: points / result.sheets for code, points in rows}


def _team(last: dict[str, Result]) -> dict[str, Decimal]:
    for result in reversed(last.values()):
        found = Score.objects.filter(sheet__entry=result.entry, sheet__member=None)
        if points := dict(found.values_list("criterion__code", "points")):
            return points
    return {}


def _recorded(
    dossier: Dossier, last: dict[str, Result]
) -> tuple[SelfAssessment | None, dict[str, Evaluation]]:
    """The self-assessment, and by level the results typed from paper, where no round judged."""
    own = SelfAssessment.objects.filter(dossier=dossier).last()
    return own, {
        each.level: each
        for each in Evaluation.objects.filter(dossier=dossier).order_by("pk")
        # Not where a round judged: its result counts.
        if each.level not in last
    }


def _whole(
    own: SelfAssessment | None, last: dict[str, Result], evaluations: dict[str, Evaluation]
) -> dict[str, Any]:
    """The totals: the producer's own, and the mean and stars of each level."""
    return {
        "self": own.total if own else None,
        "levels": [
            (level, found.mean, found.stars)
            for level in LEVELS
            if (found := last.get(level) or evaluations.get(level))
        ],
    }


@dataclass(frozen=True)
class Leniency:
    """How much more a district gave than the province, on the products both judged in a year."""

    year: int
    unit: str
    products: int
    difference: Decimal


def leniency(dossiers: QuerySet[Dossier]) -> list[Leniency]:
    """The :class:`Leniency` of each district and year among ``dossiers``, newest year first.

    Only of products to which both levels gave points; in points of 100.
    """

    def mean_at(level: str) -> Subquery:
        return Subquery(
            Evaluation.objects.filter(dossier=OuterRef("pk"), level=level, sheets__gte=1)
            .order_by("-pk")
            .annotate(exact=F("points_sum") / F("sheets"))
            .values("exact")[:1]
        )

    rows = (
        dossiers.annotate(low=mean_at(Level.DISTRICT), high=mean_at(Level.PROVINCE))
        .filter(low__isnull=False, high__isnull=False)
        .values_list("cycle__year", "commune__parent__name")
        .annotate(products=Count("pk"), difference=Avg(F("low") - F("high")))
        .order_by()
    )
    # A year's districts are few; to sort the dossiers before they are counted spills.
    return sorted(
        (Leniency(*row) for row in rows),
        key=lambda each: (-each.year, letters.sort_key(each.unit or "")),
    )


def closed_rounds(user: User) -> QuerySet[EvaluationRound]:
    """The closed rounds that ``user`` may see, the newest first."""
    return (
        EvaluationRound.objects.visible_to(user)
        .filter(state="closed")
        .select_related("council__org_unit", "cycle", "regulation")
        .order_by("-closed_at")
    )
