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

from cycle.models import HistoryEntry, Stream
from dossiers.law.states import UNDECIDED, State
from dossiers.models.days import with_day
from dossiers.models.dossier import Dossier
from dossiers.models.law import CaseType

#: The results by which a re-evaluation gives no certificate: the district's are one too.
REFUSALS = frozenset({State.NOT_RECOGNISED, State.NOT_PROPOSED})
#: Until one of these it is filed, wherever it waits meanwhile.
ENDS = REFUSALS | {State.CERTIFIED, State.WITHDRAWN}


@dataclass
class Filing:
    """One filing (lần nộp) of the re-evaluation with the id ``dossier``, from the day it was filed
    until its result, or until it was withdrawn (``outcome``).

    To be deferred (chuyển chu trình sau) is no result: it goes on, and what is handed in for the
    next year is not filed anew. ``filed_on`` is None where the history begins after it. ``left_on``
    is the day on which it was deferred, until it goes on; ``ended_at`` the moment of the entry that
    ended it, by which what was told is in order.
    """

    dossier: int
    filed_on: date | None
    ended_on: date | None = None
    ended_at: datetime | None = None
    outcome: str = ""
    left_on: date | None = None

    @property
    def deferred_on(self) -> date | None:
        """Since when it waits for the next year (chuyển chu trình sau); None unless it does."""
        return self.left_on if not self.outcome else None

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
    moves = HistoryEntry.objects.filter(stream=Stream.DOSSIER, stream_id__in=again.values("pk"))
    moves = with_day(moves.exclude(before=F("after"))).order_by("stream_id", "seq")
    said = JSONObject(
        dossier="stream_id", event="event", before="before", after="after", at="at", day="day",
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
        pk, after, on = move["dossier"], move["after"], date.fromisoformat(move["day"])
        of = last.get(pk)
        if move["event"] == "dossier.judge_again":
            if of is not None and of.is_refused:
                of.ended_on, of.ended_at, of.outcome = None, None, ""
            continue
        filed = of is not None and not of.outcome
        # A list names a dossier where it was: filed before that, or decided.
        begins = after in UNDECIDED or (after in REFUSALS and move["before"] in UNDECIDED)
        if not filed and begins:
            filed_on = on if after in UNDECIDED else None
            if day := move["submitted_on"]:
                filed_on = date.fromisoformat(day)
            of = last[pk] = Filing(pk, filed_on)
            found.append(of)
            filed = True
        if of is None or not filed:
            continue
        # Whatever was typed when: nothing comes of a filing before it was filed.
        on = max(on, of.filed_on or on)
        of.left_on = on if after == State.DEFERRED else None
        if after in ENDS:
            of.ended_on, of.ended_at = on, datetime.fromisoformat(move["at"])
            of.outcome = after
    return found
