"""Counting the sheets of a round, calling a meeting, closing and reopening the round.

A result is the sum of the sheets' points and their number; nothing is divided: a product reaches a
band when sum ≥ floor of the band × number of sheets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import rules
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from councils.judging.checklist import checklist, on_product
from councils.judging.tally import HandedIn, tally
from councils.models import (
    Closing,
    Consequence,
    EvaluationRound,
    Reopening,
    Result,
    RoundClosed,
    RoundState,
    SheetState,
)
from cycle import clock
from cycle.models import Document, HistoryEntry, Job, Stream
from cycle.written import shortened
from dossiers.law.conditions import Lack, stated
from dossiers.law.states import PARKED, STATE_AFTER, STATE_AT
from dossiers.models import (
    ActNotPossible,
    ConditionNotMet,
    Dossier,
    Process,
)
from dossiers.walk import doors

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from councils.models import RoundEntry
    from cycle.models import Rubric, User


def take_in(
    round_: EvaluationRound,
    dossiers: Sequence[tuple[Dossier, Rubric | None]],
    *,
    by: User,
    reason: str = "",
    complexity: str = "",
) -> list[RoundEntry]:
    """Take dossiers into the round as :meth:`EvaluationRound.take_in` does, and raise the same.

    Those whose result is of a round that was voided come back before the council with it.
    """
    with transaction.atomic():
        # In the order of the doors: the round, the processes, the dossiers.
        round_.lock()
        taken = [dossier.pk for dossier, _rubric in dossiers]
        judged = Dossier.objects.filter(pk__in=taken, state__in=STATE_AFTER.values())
        held = Process.objects.filter(dossier__in=judged).select_for_update(of=("self",))
        list(held.order_by("pk").values_list("pk"))
        entries = round_.take_in(dossiers, by=by, reason=reason, complexity=complexity, again=True)
        authority = HistoryEntry.objects.filter(
            stream=Stream.ROUND, stream_id=round_.pk, event="round.take_in"
        ).latest("seq")
        for dossier in judged.order_by("pk"):
            # A dossier that was judged has a process.
            doors.act(dossier.process, "judge_again", by=by, authority=authority)  # type: ignore[arg-type]
    return entries


def countable(round_: EvaluationRound) -> list[RoundEntry]:
    """The products that can be counted now, as all who score have handed in; by agenda."""
    sheets = HandedIn.of(round_)
    live = round_.entries.filter(live=True).exclude(counted_scoring=F("scoring"))
    return [
        entry
        for entry in live.select_related("dossier__product", "dossier__commune")
        if sheets.complete(entry)
    ]


def count(round_: EvaluationRound, entries: Iterable[RoundEntry], *, by: User) -> list[RoundEntry]:
    """Count the sheets of these products (kiểm phiếu): from now on no sheet can be taken back, and
    the council sees where the spread is too wide or a minimum is a tie. A sheet that was left out
    wrongly counts again, where its member can no longer take it back.

    Returns the entries counted now, without those counted before. Raises PermissionDenied,
    RoundClosed, and ConditionNotMet while a sheet is missing.
    """
    with round_.change(
        "round.count_sheets", by, "councils.count_sheets", states=[RoundState.OPEN]
    ) as data:
        asked = [entry.pk for entry in entries]
        held = round_.entries.filter(pk__in=asked, live=True).select_for_update(of=("self",))
        ready = {entry.pk for entry in countable(round_)}
        found = [
            entry
            for entry in held.select_related("dossier__product").order_by("pk")
            if not entry.is_counted
        ]
        lacks = [
            on_product(entry, _now("chưa đủ phiếu hợp lệ, chưa kiểm phiếu được"))
            for entry in found
            if entry.pk not in ready
        ]
        if lacks or not found:
            raise ConditionNotMet(lacks or [_("Không có sản phẩm nào chờ kiểm phiếu.")])
        sheets, again = HandedIn.of(round_), set()
        for entry in found:
            its = entry.sheets.filter(
                scoring=entry.scoring, state=SheetState.VOID, member__in=sheets.handed_in[entry.pk]
            )
            again |= set(its.values_list("member", flat=True))
            its.update(
                state=SheetState.SUBMITTED,
                void_reason="",
                submitted_at=Coalesce("submitted_at", clock.now()),
            )
            entry.counted_scoring = entry.scoring
            entry.save(update_fields=["counted_scoring"])
        data["dossiers"] = [entry.dossier_id for entry in found]
        data["scorings"] = [entry.scoring for entry in found]
        if again:
            data["counted_again"] = sorted(again)
    return found


def convene(
    round_: EvaluationRound,
    *,
    by: User,
    meets_at: datetime,
    place: str,
    complex_ones: Collection[int] = (),
    reason: str = "",
) -> EvaluationRound:
    """Call the council together on what it did not agree on in writing (triệu tập họp), and on what
    is complex: ``complex_ones`` are ids of entries, with the ``reason``.

    Those products move to a new round that ``follows`` this one, and its members are invited at
    once; this round can then close on the others. What is complex is not called up by who scores,
    but the chair. Returns the new round. Raises PermissionDenied, RoundClosed, and ConditionNotMet
    for a past day, when no product needs a meeting, or without the reason.
    """
    with round_.change(
        "round.convene",
        by,
        states=[RoundState.OPEN],
        meets_at=meets_at.isoformat(),
        place=place,
    ) as data:
        if timezone.localdate(meets_at) < clock.today():
            raise ConditionNotMet(
                [Lack(_("Chỉ triệu tập họp hôm nay hoặc một ngày sau."), "meets_at")]
            )
        # Items with this code always have an entry.
        split = [item.entry.pk for item in checklist(round_) if item.code == "meeting"]  # type: ignore[union-attr]
        live = round_.entries.filter(live=True, pk__in=complex_ones).exclude(pk__in=split)
        if more := list(live.values_list("pk", flat=True)) if round_.in_writing else []:
            # All that the members agreed on is scored anew.
            if not rules.has_perm("councils.settle_spread", by, round_):
                raise PermissionDenied
            data["reason"] = stated(reason, _("Bạn chưa nêu nội dung phức tạp cần họp hội đồng."))
            theirs = round_.entries.filter(pk__in=more).order_by("pk")
            data["complex"] = list(theirs.values_list("dossier", flat=True))
            split += more
        if not split:
            raise ConditionNotMet([_("Không có sản phẩm nào phải họp hội đồng.")])
        meeting = EvaluationRound.create(
            EvaluationRound(
                council=round_.council,
                cycle=round_.cycle,
                name=f"{shortened(round_.name, 180)}: họp hội đồng",
                decide_by=round_.decide_by,
                meets_at=meets_at,
                place=place,
                follows=round_,
            ),
            by=by,
        )
        entries = list(round_.entries.filter(pk__in=split).select_related("dossier", "rubric"))
        round_.entries.filter(pk__in=split).update(live=False)
        taken = meeting.take_in([(each.dossier, each.rubric) for each in entries], by=by)
        meeting.invite(by=by)
        data |= {"dossiers": [each.dossier_id for each in taken], "meeting": meeting.pk}
    return meeting


# --- The closing ----------------------------------------------------------------------------


def close(round_: EvaluationRound, *, by: User) -> Closing:
    """Close the round (chốt kết quả): results, history and outbox in one transaction; returns the
    Closing.

    Of two people at once the second gets the closing of the first. What follows for the dossiers is
    done by a job. Raises PermissionDenied, and ConditionNotMet with every unmet item of the
    checklist.
    """
    with transaction.atomic():
        round_.lock()
        if not rules.has_perm("councils.preside", by, round_):
            raise PermissionDenied
        if round_.state == RoundState.VOID:
            raise RoundClosed(round_)
        if round_.state == RoundState.CLOSED:
            return round_.closings.get(reopening=None)
        tallies = tally(round_)
        lacks = [item.sentence for item in checklist(round_, tallies) if not item.met]
        if lacks:
            raise ConditionNotMet(lacks)
        version = round_.closings.count() + 1
        moment = clock.now()
        entry = HistoryEntry.objects.record(
            "round.close",
            round_,
            by=by,
            capacity=round_.capacity(by),
            at=moment,
            version=version,
            dossiers=[each.entry.dossier_id for each in tallies.values()],
            results=[
                [each.entry.dossier_id, str(each.points_sum), each.sheets, each.result.stars]
                for each in tallies.values()
            ],
        )
        closing = Closing.objects.create(
            round=round_, version=version, by=by, at=moment, entry=entry
        )
        results = Result.objects.bulk_create(
            Result(
                closing=closing,
                entry=each.entry,
                scoring=each.entry.scoring,
                points_sum=each.points_sum,
                sheets=each.sheets,
                band=each.result.band,
                stars=each.result.stars,
                missed=[[finding.criterion, finding.stars] for finding in each.result.missed],
                eliminated=bool(each.result.eliminated),
                remark=each.result.eliminated,
            )
            for each in tallies.values()
        )
        Consequence.objects.bulk_create(Consequence(result=result) for result in results)
        round_.entries.filter(live=True).update(live=False)
        round_.state, round_.closed_at = RoundState.CLOSED, moment
        round_.save(update_fields=["state", "closed_at"])
        Job.objects.ask("councils.apply", by=by, closing=closing.pk)
    return closing


def reopen(
    round_: EvaluationRound, *, by: User, reason: str, document: Document
) -> EvaluationRound:
    """Open a closed round again, on a ``document``, as typed, and with a reason (mở lại đợt).

    The sheets are copied into a new scoring, where each counts unless its member takes it back; the
    closed version stays readable. Dossiers that have not gone on since the result come back before
    the council, those of earlier closings too that had gone on and were sent back. Raises
    PermissionDenied, RoundClosed for one that was voided, ConditionNotMet for one that is not
    closed, or without a reason, and ValidationError by field of the document.
    """
    reason = stated(reason)
    with transaction.atomic():
        round_.lock()
        if not rules.has_perm("councils.undo", by, round_):
            raise PermissionDenied
        round_.must_be([RoundState.CLOSED])
        if round_.cycle.closed_on is not None:
            raise ConditionNotMet(
                [_now("%(cycle)s đã đóng: mở lại chu trình trước.") % {"cycle": round_.cycle}]
            )
        if over := round_.council.not_in_term(clock.today()):
            raise ConditionNotMet(over)
        closing = round_.closings.get(reopening=None)
        results = list(closing.results.select_related("entry__dossier__product"))
        results += _sent_back(round_, closing)
        moment = clock.now()
        basis = round_.council.into_ledger(document, by, "reopens")
        reopening = Reopening.objects.create(
            closing=closing, reason=reason, basis=basis, by=by, at=moment
        )
        entry = HistoryEntry.objects.record(
            "round.reopen",
            round_,
            by=by,
            capacity=round_.capacity(by),
            at=moment,
            reason=reason,
            saved=[reopening],
            ledger=basis.pk,
            document=str(basis),
            version=closing.version,
            dossiers=[result.entry.dossier_id for result in results],
        )
        round_.state, round_.closed_at = RoundState.OPEN, None
        round_.save(update_fields=["state", "closed_at"])
        for result in results:
            _bring_back(result, by=by, authority=entry)
    return round_


def _sent_back(round_: EvaluationRound, closing: Closing) -> list[Result]:
    """The results of earlier closings of the round that are still those of their dossiers, which
    had gone on when it was opened again then and were sent back to their result since.
    """
    earlier = (
        Result.objects.filter(closing__round=round_, entry__live=False)
        .filter(entry__dossier__state__in=STATE_AFTER.values())
        .exclude(entry__in=closing.results.values("entry"))
        .select_related("closing", "entry__dossier__product")
        .order_by("entry__position", "-closing__version")
    )
    last = {result.entry_id: result for result in reversed(earlier)}
    return [result for result in last.values() if _stands(result)]


def _stands(result: Result) -> bool:
    """Whether no council, of the round or another or the centre, has judged its dossier since."""
    dossier, at = result.entry.dossier, result.closing.at
    elsewhere = Result.objects.filter(entry__dossier=dossier, closing__at__gt=at)
    on_paper = dossier.evaluations.filter(at__gt=at)
    return not (elsewhere.exists() or on_paper.exists())


def _bring_back(result: Result, *, by: User, authority: HistoryEntry) -> None:
    """Bring the dossier of a result back before its council, unless it has gone on since."""
    consequence = Consequence.objects.select_for_update().get(result=result)
    entry, dossier = result.entry, result.entry.dossier
    if consequence.applied_at is not None:
        if dossier.state in PARKED and not _parked_by(result.closing, dossier):
            return
        if not _stands(result):
            # Judged since by another round, on paper or by the centre: this result is not its own.
            return
        try:
            with transaction.atomic():
                # A dossier before a council has a process.
                doors.act(dossier.process, "judge_again", by=by, authority=authority)  # type: ignore[arg-type]
        except ActNotPossible:
            # It has gone on: what was decided stays.
            return
    else:
        consequence.applied_at, consequence.error = authority.at, _now("Đợt đã được mở lại.")
        consequence.save(update_fields=["applied_at", "error"])
        dossier.lock()
        if dossier.state != STATE_AT[result.closing.round.council.level]:
            # The result was never written to it, and it has left the council.
            return
    entry.live = True
    entry.save(update_fields=["live"])
    entry.begin_anew(carried=True)
    result.closing.round.bring_interests([entry])


def _parked_by(closing: Closing, dossier: Dossier) -> bool:
    """Whether the dossier was parked by this closing and has not moved since."""
    last = dossier.history.exclude(after="").order_by("seq").last()
    return last is not None and last.data.get("authority") == closing.entry_id
