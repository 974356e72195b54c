"""Adding up the sheets of a round, product by product (tổng hợp phiếu)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from django.db import connection
from django.db.models import F, Q

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
# MATERIALIZED: while the tables have no statistics the planner expects one sheet, and would compute
# the marks again for every score.
_MARKS = """
WITH mark AS MATERIALIZED (
  SELECT o.criterion_id, o."case", o.minimum_for AS stars, min(o.points) AS floor
  FROM cycle_option o JOIN cycle_criterion c ON c.id = o.criterion_id
  WHERE o.minimum_for IS NOT NULL
    AND c.rubric_id IN (SELECT rubric_id FROM councils_roundentry WHERE round_id = %(round)s)
  GROUP BY 1, 2, 3)
"""
# How many sheets reach each minimum, and how many fail it. A sheet counts for neither when the
# criterion does not apply on it or its case has no mark.
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
# Each sheet by itself: its points, and the fewest stars of a minimum that it fails.
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
    """The sheets of one product added up (tổng hợp phiếu): sum, number, spread, stars."""

    entry: RoundEntry
    points_sum: Decimal
    sheets: int
    spread: Decimal
    result: ranking.Result
    findings: tuple[ranking.Finding, ...]


def tally(round_: EvaluationRound) -> dict[int, Tally]:
    """``{entry id: Tally}`` of a round; entries without a handed-in sheet are left out.

    The number of queries does not depend on the round's size. Callers show no points of it before
    the closing.
    """
    entries = {
        entry.pk: entry
        for entry in round_.entries.filter(live=True).select_related("dossier__product")
    }
    # The rule set is read once, not joined to every product.
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
    """Whose sheets a round waits for, and whose it has (phiếu đã nộp)."""

    #: The members who score, by id.
    judges: dict[int, Member]
    #: Ids of the judges present; in a written round all are.
    present: set[int]
    #: (entry id, member id) of the members who do not score a product.
    recused: set[tuple[int, int]]
    #: By entry id. Also whose sheet was left out and who may score after all, where their account
    #: is closed so that they cannot take it back: the count counts it again.
    handed_in: dict[int, set[int]]
    #: Ids of entries with a pen sheet that a second person must still confirm.
    typed: set[int]
    #: Whether attendance is recorded, or need not be.
    attended: bool = True
    #: Whether the regulation counts the sheets of judges who were not present.
    absent_count: bool = False
    #: The fewest people who must score a product.
    fewest: int = 1
    #: Ids of judges for whose sheet nobody waits, though one that is in counts.
    gone: frozenset[int] = frozenset()

    @classmethod
    def of(cls, round_: EvaluationRound) -> Self:
        """Of a round, as it is now."""
        judges = {member.pk: member for member in round_.scoring_members.select_related("user")}
        present = set(judges)
        attended = round_.in_writing
        if not round_.in_writing:
            came = dict(round_.attendances.values_list("member", "present"))
            attended = bool(came)
            present.intersection_update(pk for pk, there in came.items() if there)
        interests = Interest.objects.filter(entry__round=round_, recused=True)
        handed_in, typed, left_out = defaultdict(set), set(), set()
        sheets = Scoresheet.objects.filter(
            entry__round=round_,
            entry__live=True,
            member__isnull=False,
            scoring=F("entry__scoring"),
            state__in=[SheetState.SUBMITTED, SheetState.ENTERED, SheetState.VOID],
        )
        of_pen = Q(entered_by__isnull=False, confirmed_by=None)
        rows = sheets.annotate(of_pen=of_pen).values_list("entry", "member", "state", "of_pen")
        for entry_id, member_id, state, uncompared in rows:
            if state == SheetState.ENTERED:
                typed.add(entry_id)
            elif state == SheetState.VOID:
                # Who cannot take it back has handed it in, where they may score after all.
                left_out |= set() if uncompared else {(entry_id, member_id)}
            else:
                handed_in[entry_id].add(member_id)
        recused = set(interests.values_list("entry", "member"))
        rule = round_.regulation
        there = set(judges) if rule.absent_sheets or not attended else present
        gone = {pk for pk in there if not judges[pk].user.is_active}
        for entry_id, member_id in left_out:
            if member_id in gone and (entry_id, member_id) not in recused:
                handed_in[entry_id].add(member_id)
        return cls(
            judges,
            present,
            recused,
            handed_in,
            typed,
            attended,
            rule.absent_sheets,
            rule.fewest_sheets,
            frozenset(pk for pk, member in judges.items() if not round_.waits_for(member)),
        )

    def due(self, entry: RoundEntry) -> set[int]:
        """Ids of the members who must score the product."""
        there = self.present - (self.gone - self.handed_in[entry.pk])
        return {pk for pk in there if (entry.pk, pk) not in self.recused}

    def missing(self, entry: RoundEntry) -> set[int]:
        """Ids of those who must score it and have not handed in."""
        return self.due(entry) - self.handed_in[entry.pk]

    def stray(self, entry: RoundEntry) -> set[int]:
        """Ids of those who have handed in and must not score it: recused, or not present. While
        attendance is not recorded, and where the regulation counts their sheets, nobody counts as
        absent.
        """
        there = self.judges.keys() if self.absent_count or not self.attended else self.present
        scores = {pk for pk in there if (entry.pk, pk) not in self.recused}
        return self.handed_in[entry.pk] - scores

    def too_few(self, entry: RoundEntry) -> int | None:
        """How many may score it, when they are fewer than the regulation asks for; else None."""
        number = len(self.due(entry) | (self.handed_in[entry.pk] - self.stray(entry)))
        return number if self.attended and number < self.fewest else None

    def complete(self, entry: RoundEntry) -> bool:
        """Whether the product can be counted: every due sheet is in, no other, none unconfirmed,
        and they are enough.
        """
        return bool(
            self.due(entry)
            and self.too_few(entry) is None
            and not self.missing(entry)
            and not self.stray(entry)
            and entry.pk not in self.typed
        )


def stars_of_sheets(round_: EvaluationRound, tallies: dict[int, Tally]) -> dict[int, set[int]]:
    """``{entry id: the different stars that its sheets give, each taken alone}``."""
    with connection.cursor() as cursor:
        cursor.execute(_MARKS + _OPINIONS, {"round": round_.pk})
        rows = cursor.fetchall()
    found = defaultdict(set)
    for pk, points, fails in rows:
        bands = tallies[pk].entry.dossier.rule_set.content["bands"]
        by_points = band(bands, points, 1)
        found[pk].add(by_points if fails is None else min(by_points, fails - 1))
    return found
