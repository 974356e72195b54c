"""A round as it was at one of its closings: what the papers of that version say.

Rows of a round that is opened again change; the history keeps what they were.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from django.db.models import F
from django.utils import timezone, translation

from councils.models import (
    TEAM,
    Closing,
    EvaluationRound,
    Member,
    Resolution,
    RoundEntry,
    RoundMode,
    Seat,
    SignedDocument,
)
from councils.models.document import AFTER_CLOSING
from cycle import clock
from cycle.models import HistoryEntry, RuleSet, User
from cycle.written import moment_text

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.db.models import QuerySet

#: What says who was there: the first as it was recorded, the others that it is to be recorded anew,
#: a change of the details where it says so (``had_come``).
_ATTENDED = ("round.attend", "round.move_meeting", "round.change")


class Then:
    """A round as it was at ``closing``; without one, as it is today. What not everybody may read of
    it is for ``reader``, for nobody without one. ``only``: of the products with these ids alone.
    """

    def __init__(
        self,
        round_: EvaluationRound,
        closing: Closing | None = None,
        reader: User | None = None,
        only: Collection[int] | None = None,
    ) -> None:
        self.round, self.closing, self.reader, self.only = round_, closing, reader, only

    # --- What was told --------------------------------------------------------------------------

    @cached_property
    def _told(self) -> list[HistoryEntry]:
        told = HistoryEntry.objects.filter(
            stream=self.round.history_stream, stream_id=self.round.pk
        )
        return list(told.order_by("seq"))

    def told(self, *events: str) -> list[HistoryEntry]:
        """What was told of it until then, the oldest first."""
        last = self.closing.entry.seq if self.closing is not None else None
        return [
            each
            for each in self._told
            if each.event in events and (last is None or each.seq <= last)
        ]

    def _was(self, field: str, now: str) -> str:
        """What the field said then, in words; ``now`` is what it says today."""
        if self.closing is None:
            return now
        for each in self._told:
            changed = each.data.get("changed")
            later = each.event == "round.change" and each.seq > self.closing.entry.seq
            if later and isinstance(changed, dict) and field in changed:
                return changed[field][0]
        return now

    @cached_property
    def name(self) -> str:
        return self._was("name", self.round.name)

    @cached_property
    def place(self) -> str:
        return self._was("place", self.round.place)

    @cached_property
    def starts(self) -> str:
        """When it met, in words; in writing, when its members were asked."""
        meets_at = moment_text(self.round.meets_at)
        return self._was("meets_at", meets_at) or moment_text(self.round.opened_at)

    @cached_property
    def in_writing(self) -> bool:
        """Whether its members gave their opinions in writing: then nobody met."""
        mode = self._was("mode", self.round.mode)
        if mode in RoundMode.values:
            return mode == RoundMode.WRITTEN
        # In the words of whoever changed it.
        said = set()
        for language in ("vi", "en"):
            with translation.override(language):
                said.add(str(RoundMode.WRITTEN.label))
        return mode in said

    @property
    def day(self) -> date:
        """The day whose units its papers name: that of the closing, until then today."""
        return timezone.localdate(self.ended) if self.ended else clock.today()

    @property
    def ended(self) -> datetime | None:
        """When it was closed; None until then."""
        return self.closing.at if self.closing is not None else self.round.closed_at

    # --- Who ------------------------------------------------------------------------------------

    @cached_property
    def members(self) -> list[Member]:
        """The council that judged: in writing, those who were asked; without its team."""
        seats = self.round.seats.exclude(seat__in=TEAM)
        if self.in_writing:
            seats = seats.scoring(self.round.regulation)
        return list(seats.select_related("user"))

    @cached_property
    def _came(self) -> set[int]:
        told = self.told(*_ATTENDED)
        last = next(
            (e for e in reversed(told) if e.event != "round.change" or "had_come" in e.data), None
        )
        return set(last.data["present"]) if last and last.event == "round.attend" else set()

    @property
    def present(self) -> list[Member]:
        """Who was at the meeting; in writing nobody."""
        came = set() if self.in_writing else self._came
        return [member for member in self.members if member.pk in came]

    @property
    def absent(self) -> list[Member]:
        """Who was not at the meeting; in writing nobody."""
        came = self.present
        return [] if self.in_writing else [each for each in self.members if each not in came]

    @cached_property
    def answered(self) -> list[Member]:
        """Who gave an opinion in writing that was counted."""
        if not self.in_writing:
            return []
        gave = Member.objects.filter(
            sheets__entry__results__closing=self.closing,
            sheets__scoring=F("sheets__entry__results__scoring"),
            sheets__state__in=["submitted", "entered"],
        )
        return list(gave.select_related("user").distinct())

    def holder(self, seat: str) -> Member | None:
        """Who held the seat on the day of its meeting; in writing, as it was closed."""
        day = self.day if self.in_writing or self.round.opened_at is None else self.round.met_on
        held = self.round.council.members.sitting(day).filter(seat=seat)
        return held.select_related("user").first()

    def came(self, seat: str) -> Member | None:
        """Who held the seat and was at the meeting; in writing, who held it."""
        held = self.holder(seat)
        return held if self.in_writing or held in self.present else None

    @property
    def presided(self) -> Member | None:
        """Who presided: the chair, or without them the one vice chair who was there. None where
        nobody has recorded it.
        """
        if self.in_writing:
            return None
        if chair := self.came(Seat.CHAIR):
            return chair
        vice = [each for each in self.present if each.seat == Seat.VICE_CHAIR]
        return vice[0] if len(vice) == 1 else None

    # --- What -----------------------------------------------------------------------------------

    def products(self) -> QuerySet[RoundEntry]:
        """Its products by agenda: those of the closing, without one those of today."""
        if self.closing is None:
            return self.round.products()
        return self.round.entries.filter(results__closing=self.closing).select_related(
            "dossier__product__producer", "dossier__commune", "rubric"
        )

    @property
    def rule_set(self) -> RuleSet:
        """The edition that they were judged by."""
        entry = self.products().select_related("dossier__rule_set").first()
        return self.round.rule_set if entry is None else entry.dossier.rule_set

    def resolutions(self) -> list[Resolution]:
        """What the council had resolved by then on its products, each as it stood."""
        stood = {
            (each.data["dossier"], each.data["about"], each.data["stars"]): each.data
            for each in self.told("round.resolve")
        }
        rows = Resolution.objects.filter(entry__results__closing=self.closing)
        found = []
        for row in rows.select_related(
            "criterion", "elimination", "entry__dossier__product"
        ).order_by("entry__position", "pk"):
            about = row.entry.dossier_id, *row.about
            if about not in stood:
                # Resolved since.
                continue
            row.holds, row.votes = stood[about]["holds"], stood[about].get("votes", [])
            found.append(row)
        return found

    def recorded(self, kind: str, entry: RoundEntry | None = None) -> SignedDocument | None:
        """The signed paper of this kind and version: what was recorded after its closing and before
        the next; of the others the last one before the next closing.
        """
        papers = SignedDocument.objects.filter(round=self.round, entry=entry, kind=kind)
        papers = papers.select_related("document__replaced_by")
        if self.closing is None:
            return papers.filter(replaced_by=None).order_by("-pk").first()
        after = self.round.closings.filter(version__gt=self.closing.version)
        if (following := after.order_by("version").first()) is not None:
            papers = papers.filter(at__lt=following.at)
        if kind in AFTER_CLOSING:
            papers = papers.filter(at__gte=self.closing.at)
        return papers.order_by("-pk").first()
