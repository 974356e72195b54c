"""What the sheets of a round add up to, product by product."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from django.db import connection
from django.db.models import F

from councils.judging import ranking
from councils.models import (
    Interest,
    Resolution,
    Scoresheet,
    SheetState,
)
from cycle.models import RuleSet
from cycle.points import band

if TYPE_CHECKING:
    from councils.models import EvaluationRound, Member, RoundEntry

_TOTALS = """
SELECT e.id, t.sheets, t.points_sum, t.spread
FROM councils_roundentry e JOIN (
  SELECT entry_id, scoring, count(*) AS sheets, sum(total) AS points_sum,
         max(total) - min(total) AS spread
  FROM (SELECT s.entry_id, s.scoring, sum(k.points) AS total
        FROM councils_scoresheet s
        JOIN councils_roundentry x ON x.id = s.entry_id
        JOIN councils_score k ON k.sheet_id = s.id
        WHERE x.round_id = %(round)s AND s.scoring = x.scoring
          AND s.state = 'submitted' AND s.member_id IS NOT NULL
        GROUP BY s.id) AS sheet
  GROUP BY entry_id, scoring) AS t ON t.entry_id = e.id AND t.scoring = e.scoring
WHERE e.round_id = %(round)s AND e.live
"""
# Materialized: before the tables are analyzed the planner counts one sheet, and would gather the
# marks again for every score.
_MARKS = """
WITH mark AS MATERIALIZED (
  SELECT o.criterion_id, o."case", o.minimum_for AS stars, min(o.points) AS floor
  FROM cycle_option o JOIN cycle_criterion c ON c.id = o.criterion_id
  WHERE o.minimum_for IS NOT NULL
    AND c.rubric_id IN (SELECT rubric_id FROM councils_roundentry WHERE round_id = %(round)s)
  GROUP BY 1, 2, 3)
"""
# A sheet whose case has no such mark, or to which the criterion does not apply, says nothing.
_MINIMUMS = """
SELECT s.entry_id, k.criterion_id, m.stars,
       count(*) FILTER (WHERE k.points >= m.floor), count(*) FILTER (WHERE k.points < m.floor)
FROM councils_roundentry e
JOIN councils_scoresheet s ON s.entry_id = e.id AND s.scoring = e.scoring
  AND s.state = 'submitted' AND s.member_id IS NOT NULL
JOIN councils_score k ON k.sheet_id = s.id
JOIN cycle_option o ON o.id = k.option_id
JOIN mark m ON m.criterion_id = k.criterion_id AND m."case" = o."case"
WHERE e.round_id = %(round)s AND e.live
GROUP BY 1, 2, 3
"""
# What each sheet says by itself: its points, and the lowest minimum that it fails.
_OPINIONS = """
SELECT s.entry_id, sum(k.points), min(short.stars)
FROM councils_roundentry e
JOIN councils_scoresheet s ON s.entry_id = e.id AND s.scoring = e.scoring
  AND s.state = 'submitted' AND s.member_id IS NOT NULL
JOIN councils_score k ON k.sheet_id = s.id
JOIN cycle_option o ON o.id = k.option_id
LEFT JOIN LATERAL (SELECT min(m.stars) AS stars FROM mark m
  WHERE m.criterion_id = k.criterion_id AND m."case" = o."case" AND k.points < m.floor) short
  ON true
WHERE e.round_id = %(round)s AND e.live
GROUP BY s.id
"""


@dataclass(frozen=True)
class Tally:
    """What the sheets of one product come to (tổng hợp phiếu), before anybody reads them."""

    entry: RoundEntry
    points_sum: Decimal
    sheets: int
    spread: Decimal
    result: ranking.Result
    findings: tuple[ranking.Finding, ...]


def tally(round_: EvaluationRound) -> dict[int, Tally]:
    """The tallies of a round by entry id, in three queries whatever its size.

    Entries without a handed-in sheet have none. The caller shows nothing of it before the closing.
    """
    entries = {
        entry.pk: entry
        for entry in round_.entries.filter(live=True).select_related("dossier__product")
    }
    # One row for all, not a copy of the law with every product.
    law = RuleSet.objects.in_bulk({entry.dossier.rule_set_id for entry in entries.values()})
    for entry in entries.values():
        entry.dossier.rule_set = law[entry.dossier.rule_set_id]
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, {"round": round_.pk})
        totals = cursor.fetchall()
        cursor.execute(_MARKS + _MINIMUMS, {"round": round_.pk})
        counted = cursor.fetchall()
    resolved: dict[tuple, bool] = {}
    out = defaultdict(list)
    for resolution in Resolution.objects.filter(entry__round=round_).select_related("elimination"):
        if resolution.elimination_id is None:
            about = resolution.entry_id, resolution.criterion_id, resolution.stars
            resolved[about] = resolution.holds
        elif resolution.holds:
            out[resolution.entry_id].append(str(resolution.elimination))
    sheets_of = {pk: sheets for pk, sheets, _points_sum, _spread in totals}
    said = {(pk, criterion, stars): answers for pk, criterion, stars, *answers in counted}
    findings = defaultdict(list)
    for about in said | resolved:
        pk, criterion, stars = about
        if pk in sheets_of:
            reaching, failing = said.get(about, (0, 0))
            findings[pk].append(
                ranking.settle(
                    criterion, stars, reaching, failing, sheets_of[pk], resolved.get(about)
                )
            )
    return {
        pk: Tally(
            entry=entries[pk],
            points_sum=points_sum,
            sheets=sheets,
            spread=spread,
            result=ranking.rank(
                entries[pk].dossier.rule_set.content["bands"],
                points_sum,
                sheets,
                findings[pk],
                "; ".join(out[pk]),
            ),
            findings=tuple(findings[pk]),
        )
        for pk, sheets, points_sum, spread in totals
    }


@dataclass(frozen=True)
class HandedIn:
    """Whose sheets a round awaits, and whose it has (phiếu đã nộp); ids by entry."""

    #: Who judges, by id of the member.
    judges: dict[int, Member]
    #: Ids of the judges who are there; by written opinion everybody is.
    present: set[int]
    #: Pairs of entry and member.
    recused: set[tuple[int, int]]
    handed_in: dict[int, set[int]]
    #: Ids of entries with a pen sheet that a second person must still compare.
    typed: set[int]

    @classmethod
    def of(cls, round_: EvaluationRound) -> Self:
        """As it stands now."""
        judges = {member.pk: member for member in round_.scoring_members.select_related("user")}
        present = set(judges)
        if not round_.in_writing:
            came = round_.attendances.filter(present=True)
            present.intersection_update(came.values_list("member", flat=True))
        recused = Interest.objects.filter(entry__round=round_, recused=True)
        handed_in, typed = defaultdict(set), set()
        sheets = Scoresheet.objects.filter(
            entry__round=round_,
            entry__live=True,
            member__isnull=False,
            scoring=F("entry__scoring"),
            state__in=[SheetState.SUBMITTED, SheetState.ENTERED],
        )
        for entry_id, member_id, state in sheets.values_list("entry", "member", "state"):
            if state == SheetState.ENTERED:
                typed.add(entry_id)
            else:
                handed_in[entry_id].add(member_id)
        return cls(judges, present, set(recused.values_list("entry", "member")), handed_in, typed)

    def due(self, entry: RoundEntry) -> set[int]:
        """Who scores it."""
        return {pk for pk in self.present if (entry.pk, pk) not in self.recused}

    def missing(self, entry: RoundEntry) -> set[int]:
        """Who scores it and has not handed in."""
        return self.due(entry) - self.handed_in[entry.pk]

    def stray(self, entry: RoundEntry) -> set[int]:
        """Who has handed in and is not there, or does not score it."""
        return self.handed_in[entry.pk] - self.due(entry)

    def complete(self, entry: RoundEntry) -> bool:
        """Whether it can be counted: every sheet that is due is in, none is besides or in doubt."""
        return bool(
            self.due(entry)
            and not self.missing(entry)
            and not self.stray(entry)
            and entry.pk not in self.typed
        )


def _opinions(round_: EvaluationRound, tallies: dict[int, Tally]) -> dict[int, set[int]]:
    """Entry id -> the stars that its sheets give, each by itself."""
    with connection.cursor() as cursor:
        cursor.execute(_MARKS + _OPINIONS, {"round": round_.pk})
        rows = cursor.fetchall()
    found = defaultdict(set)
    for pk, points, fails in rows:
        bands = tallies[pk].entry.dossier.rule_set.content["bands"]
        by_points = band(bands, points, 1)
        found[pk].add(by_points if fails is None else min(by_points, fails - 1))
    return found
