"""The board of a round (bảng điều hành đợt): its products and members, who has handed in a sheet,
what must still be done.

It never shows points: of a sheet only its state, of a spread only that it is too wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import F
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from councils.judging import checklist as checklist_judging
from councils.judging.tally import HandedIn
from councils.models import (
    TEAM,
    Interest,
    Opinion,
    Result,
    RoundState,
    Scoresheet,
    SheetState,
)
from cycle import clock
from cycle.models import DayOff, HistoryEntry, Stream
from dossiers.terms.due import due

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from councils.models import EvaluationRound, Member, RoundEntry

#: State of a member's sheet on a product -> (word, CSS class of its icon).
CELLS = {
    "none": (_("chưa chấm"), "cell-none"),
    "draft": (_("đang chấm"), "cell-draft"),
    "entered": (_("chờ đối chiếu"), "cell-draft"),
    "submitted": (_("đã nộp"), "done-mark"),
    "void": (_("không tính"), "cell-none"),
    "recused": (_("không chấm"), "cell-none"),
    "absent": (_("vắng họp"), "cell-none"),
}


@dataclass(frozen=True)
class Documents:
    """By when the papers had to be sent to the members, and whether they were."""

    due_on: date
    days: int
    late: bool


class Board:
    """What the board shows of a round; the number of queries does not depend on its size."""

    def __init__(self, round_: EvaluationRound) -> None:
        self.round = round_
        self.today = clock.today()

    @cached_property
    def entries(self) -> list[RoundEntry]:
        """The products on the agenda; in a closed round those it judged, in a voided one all that
        it ever had.
        """
        found = self.round.entries.select_related(
            "dossier__product__producer", "dossier__commune", "rubric"
        )
        if self.round.state == RoundState.CLOSED:
            judged = Result.objects.filter(closing__round=self.round, closing__reopening=None)
            return list(found.filter(results__in=judged))
        if self.round.state == RoundState.VOID:
            return list(found)
        return list(found.filter(live=True))

    @cached_property
    def members(self) -> list[Member]:
        """The members who sit in the round, the support team last."""
        rank = {"chair": 0, "vice_chair": 1, "member": 2, "secretary": 3, "team_lead": 4}
        return sorted(
            self.round.seats.select_related("user"),
            key=lambda member: (rank.get(member.seat, 5), member.pk),
        )

    @cached_property
    def judges(self) -> list[Member]:
        """The members who score in this round."""
        scoring = set(self.round.scoring_members.values_list("pk", flat=True))
        return [member for member in self.members if member.pk in scoring]

    @cached_property
    def handed_in(self) -> set[tuple[int, int]]:
        """(entry id, member id) of the sheets that the count counts."""
        its = HandedIn.of(self.round).handed_in
        return {(entry, member) for entry, members in its.items() for member in members}

    @cached_property
    def attendance(self) -> dict[int, bool]:
        """``{member id: present}``, as far as recorded."""
        return dict(self.round.attendances.values_list("member", "present"))

    @cached_property
    def readings(self) -> dict[int, datetime]:
        """``{member id: when the papers were first opened}``."""
        return dict(self.round.readings.values_list("member", "at"))

    def people(self) -> list[dict[str, Any]]:
        """A row per member: seat, when the papers were opened, whether present."""
        return [
            {
                "member": member,
                "read_at": self.readings.get(member.pk),
                "present": self.attendance.get(member.pk),
                "meets": member.seat not in TEAM,
            }
            for member in self.members
        ]

    @cached_property
    def checklist(self) -> list[checklist_judging.Item]:
        """What must be done before it can close."""
        return checklist_judging.checklist(self.round)

    def split(self) -> bool:
        """Whether opinions in writing differ, so that a meeting is needed."""
        return self.round.in_writing and any(item.code == "meeting" for item in self.checklist)

    def to_count(self) -> int:
        """The number of products with all sheets in that are not counted yet."""
        return sum(item.code == "count" for item in self.checklist)

    def unmet(self) -> list[checklist_judging.Item]:
        """The items of :attr:`checklist` that are not met."""
        return [item for item in self.checklist if not item.met]

    @cached_property
    def opinions(self) -> list[Opinion]:
        """The opinions asked of departments, each with ``due`` while unanswered."""
        rows = list(
            Opinion.objects.filter(entry__round=self.round).select_related(
                "to", "entry__dossier__product", "letter__replaced_by"
            )
        )
        return with_due(rows, self.today)

    def rows(self) -> list[dict[str, Any]]:
        """A row per product: a cell per judge, and what the council must settle on it."""
        recused = set(
            Interest.objects.filter(entry__round=self.round, recused=True).values_list(
                "entry", "member"
            )
        )
        sheets = {
            (entry, member): (state, take_backs)
            for entry, member, state, take_backs in Scoresheet.objects.filter(
                entry__round=self.round, member__isnull=False, scoring=F("entry__scoring")
            ).values_list("entry", "member", "state", "take_backs")
        }
        appraised = set(self.round.reported_on().values_list("dossier", flat=True))
        alarms: dict[int, list[checklist_judging.Item]] = {}
        if self.round.state == RoundState.OPEN:
            for item in self.unmet():
                if item.entry is not None and item.code in (
                    "spread",
                    "resolution",
                    "stray",
                    "meeting",
                    "count",
                ):
                    alarms.setdefault(item.entry.pk, []).append(item)
        rows = []
        for entry in self.entries:
            cells = [self._cell(entry, member, recused, sheets) for member in self.judges]
            rows.append(
                {
                    "entry": entry,
                    "cells": cells,
                    "handed_in": sum(cell["code"] == SheetState.SUBMITTED for cell in cells),
                    "expected": sum(cell["due"] for cell in cells),
                    "alarms": alarms.get(entry.pk, ()),
                    "appraised": entry.dossier_id in appraised,
                }
            )
        return rows

    def _cell(
        self,
        entry: RoundEntry,
        member: Member,
        recused: set[tuple[int, int]],
        sheets: Mapping[tuple[int, int], tuple[str, int]],
    ) -> dict[str, Any]:
        code, take_backs = sheets.get((entry.pk, member.pk), ("none", 0))
        away = not self.round.in_writing and self.attendance.get(member.pk) is False
        left_out = (entry.pk, member.pk) in recused
        if left_out:
            code = "recused"
        elif code == SheetState.VOID and (entry.pk, member.pk) in self.handed_in:
            # The count counts it again.
            code = SheetState.SUBMITTED
        elif code == "none" and away:
            code = "absent"
        word, look = CELLS[code]
        return {
            "member": member,
            "code": code,
            "word": word,
            "look": look,
            "take_backs": take_backs,
            "due": not left_out
            and (code == SheetState.SUBMITTED or not away and self.round.waits_for(member)),
        }

    def documents(self) -> Documents | None:
        """The :class:`Documents` of the round; None while its meeting has no day."""
        due_on = self.round.papers_due_on()
        if due_on is None:
            return None
        sent = self.round.invited_at
        sent_on = timezone.localdate(sent) if sent else self.today
        return Documents(due_on, self.round.regulation.documents_days, sent_on > due_on)

    def history(self) -> list[HistoryEntry]:
        """The round's history entries, newest first; ``about`` says whose sheet, which product."""
        return history_of(self.round)


def history_of(round_: EvaluationRound, of: RoundEntry | None = None) -> list[HistoryEntry]:
    """The history entries of ``round_``, or those about its product ``of``, newest first;
    ``about`` says whose sheet, which product.
    """
    found = HistoryEntry.objects.filter(stream=Stream.ROUND, stream_id=round_.pk)
    if of is not None:
        found = found.filter(data__dossier=of.dossier_id)
    said = list(found.select_related("actor", "org_unit", "acting_for").order_by("-seq"))
    products = dict(round_.entries.values_list("dossier", "dossier__product__name"))
    seats = round_.council.members.select_related("user")
    people = {member.pk: str(member.user) for member in seats}
    for entry in said:
        entry.products, entry.people = products, people
        who = entry.data.get("who", "")
        about = [
            "" if who == entry.who else who,
            products.get(entry.data.get("dossier")) if of is None else "",
        ]
        entry.about = ", ".join(filter(None, about))
    return said


def with_due(opinions: list[Opinion], today: date) -> list[Opinion]:
    """The same opinions, each with a :class:`Due` in ``due`` while unanswered."""
    waiting = [opinion.due_on for opinion in opinions if opinion.answered_at is None]
    if waiting:
        calendar = DayOff.objects.calendar(min(*waiting, today), max(*waiting, today))
    for opinion in opinions:
        opinion.due = due(opinion.due_on, today, calendar) if opinion.answered_at is None else None
    return opinions
