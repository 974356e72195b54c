"""The re-evaluations of a product (đánh giá lại), as the history tells them: filed, and what came
of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F
from django.db.models.fields.json import KT
from django.db.models.functions import JSONObject
from django.utils import timezone

from cycle.models import HistoryEntry, Stream
from dossiers.law.states import UNDECIDED, State
from dossiers.models.dossier import Dossier
from dossiers.models.law import CaseType

#: The results by which a re-evaluation gives no certificate: the district's are one too.
REFUSALS = frozenset({State.NOT_RECOGNISED, State.NOT_PROPOSED})
#: Until one of these it is filed, wherever it waits meanwhile.
ENDS = REFUSALS | {State.CERTIFIED, State.WITHDRAWN}


def _day(moment: datetime | None) -> date | None:
    return timezone.localdate(moment) if moment is not None else None


@dataclass
class Filing:
    """One filing (lần nộp) of the re-evaluation with the id ``dossier``, from the day it was filed
    until its result, or until it was withdrawn (``outcome``).

    To be deferred (chuyển chu trình sau) is no result: it goes on, and what is handed in for the
    next year is not filed anew. ``filed_at`` is None where the history begins after it.
    """

    dossier: int
    filed_at: datetime | None
    ended_at: datetime | None = None
    outcome: str = ""
    deferred_at: datetime | None = None

    @property
    def filed_on(self) -> date | None:
        return _day(self.filed_at)

    @property
    def ended_on(self) -> date | None:
        return _day(self.ended_at)

    @property
    def deferred_on(self) -> date | None:
        """Since when it waits for the next year (chuyển chu trình sau); None unless it does."""
        return _day(self.deferred_at) if not self.outcome else None

    @property
    def is_refused(self) -> bool:
        return self.outcome in REFUSALS

    def awaited(self, result_on: date | None) -> bool:
        """Whether its decision was awaited when a result came on ``result_on``; today, without."""
        if self.filed_on is None:
            return False
        if result_on is None:
            return not self.outcome
        withdrawn = self.outcome == State.WITHDRAWN and (self.ended_on or result_on) < result_on
        return self.filed_on <= result_on and not withdrawn


def told(product: F | Any) -> ArraySubquery:
    """What :func:`filings` reads of the re-evaluations of the product in the column ``product``."""
    again = Dossier.objects.filter(product=product, case_type=CaseType.REEVALUATION)
    moves = (
        HistoryEntry.objects.filter(stream=Stream.DOSSIER, stream_id__in=again.values("pk"))
        .exclude(before=F("after"))
        .order_by("stream_id", "seq")
    )
    said = JSONObject(
        dossier="stream_id", event="event", before="before", after="after", at="at",
        # A list of running dossiers names the day of filing where it was before.
        submitted_on=KT("data__steps__submitted_on"),
    )  # fmt: skip
    return ArraySubquery(moves.values(said=said))


def filings(moves: Iterable[Mapping[str, Any]]) -> list[Filing]:
    """The filings of the dossiers whose changes of state are ``moves``, each in its order.

    What its council takes back (``judge_again``) was no result.
    """
    found: list[Filing] = []
    last: dict[int, Filing] = {}
    for move in moves:
        pk, after, at = move["dossier"], move["after"], datetime.fromisoformat(move["at"])
        of = last.get(pk)
        if move["event"] == "dossier.judge_again":
            if of is not None and of.is_refused:
                of.ended_at, of.outcome = None, ""
            continue
        filed = of is not None and not of.outcome
        # A list names a dossier where it was: filed before that, or decided.
        begins = after in UNDECIDED or (after in REFUSALS and move["before"] in UNDECIDED)
        if not filed and begins:
            day = move["submitted_on"]
            filed_at = at if after in UNDECIDED else None
            if day:
                filed_at = timezone.make_aware(datetime.fromisoformat(day))
            of = last[pk] = Filing(pk, filed_at)
            found.append(of)
            filed = True
        if of is None or not filed:
            continue
        of.deferred_at = at if after == State.DEFERRED else None
        if after in ENDS:
            of.ended_at, of.outcome = at, after
    return found
