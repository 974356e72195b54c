"""The day of an act (ngày của việc): that of the document it rests on, as in force."""

from __future__ import annotations

from typing import Any

from django.db.models import (
    Case,
    Count,
    ExpressionWrapper,
    Func,
    JSONField,
    Min,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, TruncDate

from cycle.models import HistoryEntry, Stream
from dossiers.law.states import State
from dossiers.models.paper import OfficialDocument

JSON = JSONField()
#: What the data of an entry hold of a record that was kept with it: its model and id.
NAMES_RECORD = (
    "jsonb_build_object('records', jsonb_build_array(jsonb_build_array(%(expressions)s)))"
)


def with_day(entries: QuerySet[HistoryEntry]) -> QuerySet[Any]:
    """``entries`` of dossiers with ``day``: of an act that was done on a document the day on which
    that was signed, as it is corrected since; of what has none the day of the entry.

    The entry's moment differs: an act never happens before the one before it, and a correction
    moves no entry. A list of before names papers of other acts: its own days are those it says.
    """
    named = Func(Value("officialdocument"), "pk", template=NAMES_RECORD, output_field=JSON)
    papers = OfficialDocument.objects.filter(dossier=OuterRef("stream_id"))
    papers = papers.alias(told=ExpressionWrapper(OuterRef("data"), JSON)).filter(
        told__contains=named
    )
    # An entry names its paper among its records: certain is one alone.
    named_once = (
        papers.order_by().values("dossier").annotate(n=Count("pk"), on=Min("document__signed_on"))
    )
    signed = Subquery(named_once.filter(n=1).values("on"))
    its = Case(When(event__startswith="dossier.", then=signed))
    return entries.annotate(day=Coalesce(its, TruncDate("at")))


def came_on(state: State, dossier: str, otherwise: str) -> Any:
    """The day on which the dossier in the column ``dossier`` last came into ``state`` by an act on
    a document; without one that of the moment in the column ``otherwise``.
    """
    came = HistoryEntry.objects.filter(
        stream=Stream.DOSSIER,
        stream_id=OuterRef(dossier),
        event__startswith="dossier.",
        after=state,
        data__has_key="paper",
    ).exclude(before=state)
    last = with_day(came).order_by("-seq").values("day")[:1]
    return Coalesce(Subquery(last), TruncDate(otherwise))
