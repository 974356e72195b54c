"""Closing a round in one stroke: what must be clear, what it writes, and what follows from it.

The sum and the number of sheets come from the database, and nothing is divided: a band is reached
when sum ≥ floor × sheets.
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

import rules
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.db.models import F, Max
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from councils import ranking
from councils.models import (
    Closing,
    Consequence,
    EvaluationRound,
    Interest,
    Reopening,
    Resolution,
    Result,
    RoundState,
    Scoresheet,
    Seat,
    SheetState,
)
from councils.models.round import STATE_AT
from cycle import clock
from cycle.models import HistoryEntry, Job, Level, RuleSet, job_kind
from dossiers.models import (
    ActNotPossible,
    ConditionNotMet,
    Evaluation,
    TaskAlreadyDone,
)
from dossiers.states import PARKED

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

    entry: object
    points_sum: Decimal
    sheets: int
    spread: Decimal
    result: ranking.Result
    findings: tuple[ranking.Finding, ...]


def tally(round_):
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
    judges: dict
    #: Ids of the judges who are there; by written opinion everybody is.
    present: set
    #: Pairs of entry and member.
    recused: set
    handed_in: dict
    #: Ids of entries with a pen sheet that a second person must still compare.
    typed: set

    @classmethod
    def of(cls, round_):
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

    def due(self, entry):
        """Who scores it."""
        return {pk for pk in self.present if (entry.pk, pk) not in self.recused}

    def missing(self, entry):
        """Who scores it and has not handed in."""
        return self.due(entry) - self.handed_in[entry.pk]

    def stray(self, entry):
        """Who has handed in and is not there, or does not score it."""
        return self.handed_in[entry.pk] - self.due(entry)

    def complete(self, entry):
        """Whether it can be counted: every sheet that is due is in, none is besides or in doubt."""
        return bool(
            self.due(entry)
            and not self.missing(entry)
            and not self.stray(entry)
            and entry.pk not in self.typed
        )


@dataclass(frozen=True)
class Item:
    """One thing that must be clear before a round closes (mục kiểm tra); ``entry`` when of one."""

    code: str
    sentence: object
    met: bool
    entry: object = None


def checklist(round_, tallies=None):
    """What must be clear before the round closes, each as an :class:`Item`.

    It names products and people who have not handed in, never what anybody scored.
    """
    if tallies is None:
        tallies = tally(round_)
    untold = round_.entries.filter(live=True).exclude(pk__in=tallies)
    entries = sorted(
        [
            *(each.entry for each in tallies.values()),
            *untold.select_related("dossier__product"),
        ],
        key=lambda entry: (entry.position, entry.pk),
    )
    sheets = HandedIn.of(round_)
    items = [
        Item("open", _("Đợt đang mở chấm điểm."), round_.state == RoundState.OPEN),
        # Once open, all of them may have gone on to a meeting, been withdrawn, or been decided
        # before the round was opened again: then nobody need meet to close it.
        Item("entries", _("Đợt có sản phẩm."), bool(entries) or round_.opened_at is not None),
        *(_quorum(round_, sheets) if entries else []),
    ]
    waiting = Scoresheet.objects.filter(
        entry__round=round_,
        entry__live=True,
        state=SheetState.ENTERED,
        member__isnull=False,
        scoring=F("entry__scoring"),
    ).select_related("entry__dossier__product", "member__user")
    closed_at = dict(
        Result.objects.filter(entry__round=round_)
        .order_by("entry")
        .values_list("entry")
        .annotate(last=Max("scoring"))
    )
    opinions = _opinions(round_, tallies) if round_.in_writing else {}
    over = round_.decide_by is not None and clock.today() >= round_.decide_by
    for entry in entries:
        due, missing = sheets.due(entry), sheets.missing(entry)
        if not due:
            items.append(Item("sheets", _said(entry, _now("không còn ai chấm")), False, entry))
        elif missing:
            who = ", ".join(str(sheets.judges[pk].user) for pk in sorted(missing))
            items.append(
                Item("sheets", _said(entry, _now("chưa nộp phiếu: %s") % who), False, entry)
            )
        if sheets.stray(entry):
            items.append(
                Item(
                    "stray",
                    _said(entry, _now("có phiếu của người vắng họp hoặc đã từ chối chấm")),
                    False,
                    entry,
                )
            )
        if not due or missing and not (round_.in_writing and over):
            continue
        its = tallies.get(entry.pk)
        if round_.in_writing and (missing or its.result.eliminated):
            items += _must_meet(entry, missing)
        elif not entry.is_counted:
            # What the sheets say together is told when none of them can be changed any more: who
            # still could would learn from it what the others gave.
            if sheets.complete(entry):
                items.append(
                    Item("count", _said(entry, _now("chờ thư ký kiểm phiếu")), False, entry)
                )
        elif round_.in_writing:
            items += _unsettled(round_, entry, its, opinions.get(entry.pk))
        else:
            used = entry.scoring - closed_at.get(entry.pk, 0)
            items += _disputed(round_, entry, used, its)
    items += [
        Item(
            "paper",
            _said(sheet.entry, _now("phiếu giấy của %s chờ xác nhận") % sheet.member),
            False,
            sheet.entry,
        )
        for sheet in waiting
    ]
    return items


def _said(entry, sentence):
    return f"{entry.dossier.product.name}: {sentence}."


def _quorum(round_, sheets):
    rule, judges, present = round_.regulation, sheets.judges, sheets.present
    if round_.in_writing:
        return []
    chair_present = any(judges[pk].seat == Seat.CHAIR for pk in present)
    needed = ranking.needed(len(judges), rule.quorum_percent)
    items = [
        Item(
            "quorum",
            _now("Có mặt %(present)s/%(entitled)s người chấm, cần %(needed)s.")
            % {"present": len(present), "entitled": len(judges), "needed": needed},
            len(present) >= needed,
        )
    ]
    if rule.chair_required:
        items.append(Item("chair", _("Chủ tịch hội đồng dự họp."), chair_present))
    return items


def _disputed(round_, entry, used, its):
    """What is still to settle on one product, ``used`` scorings in: spread, ties, resolutions."""
    if its is None:
        return []
    limit, items = round_.regulation.max_spread, []
    if limit is not None and its.spread > limit and not entry.spread_accepted:
        most = f"{limit.normalize():f}".replace(".", ",")
        again = used < round_.regulation.scorings
        items.append(
            Item(
                "spread",
                _said(
                    entry,
                    _now("điểm các phiếu chênh lệch quá %s: thảo luận và chấm lại") % most
                    if again
                    else _now("điểm vẫn chênh lệch quá %s: ghi lý do giữ kết quả") % most,
                ),
                False,
                entry,
            )
        )
    demanded = round_.regulation.minimums_need_resolution
    if any(
        not finding.resolved and (demanded or finding.verdict is ranking.Verdict.TIE)
        for finding in its.findings
        if finding.stars <= its.result.band
    ):
        items.append(
            Item(
                "resolution",
                _said(entry, _now("cần kết luận của hội đồng về mức tối thiểu")),
                False,
                entry,
            )
        )
    return items


def _opinions(round_, tallies):
    """Entry id -> the stars that its sheets give, each by itself."""
    with connection.cursor() as cursor:
        cursor.execute(_MARKS + _OPINIONS, {"round": round_.pk})
        rows = cursor.fetchall()
    found = defaultdict(set)
    for pk, points, fails in rows:
        bands = tallies[pk].entry.dossier.rule_set.content["bands"]
        by_points = ranking.band(bands, points, 1)
        found[pk].add(by_points if fails is None else min(by_points, fails - 1))
    return found


def _must_meet(entry, missing):
    """Why a product of a written round must go to a meeting whatever its sheets say."""
    why = (
        _now("hết hạn lấy ý kiến mà chưa đủ phiếu: phải họp hội đồng")
        if missing
        else _now("có điều kiện loại: phải họp hội đồng")
    )
    return [Item("meeting", _said(entry, why), False, entry)]


def _unsettled(round_, entry, its, stars):
    """Whether the sheets of a written round differ; nothing of who said what."""
    limit = round_.regulation.max_spread
    if len(stars) > 1 or its.result.ties or (limit is not None and its.spread > limit):
        why = _now("ý kiến bằng phiếu khác nhau: phải họp hội đồng")
        return [Item("meeting", _said(entry, why), False, entry)]
    return []


def countable(round_):
    """The products that can be counted now: all who score have handed in, in agenda's order."""
    sheets = HandedIn.of(round_)
    live = round_.entries.filter(live=True).exclude(counted_scoring=F("scoring"))
    return [
        entry
        for entry in live.select_related("dossier__product", "dossier__commune")
        if sheets.complete(entry)
    ]


def count(round_, entries, *, by):
    """Count the sheets of these products (kiểm phiếu): from now on none is taken back, and the
    council is told where they lie too far apart or leave a minimum open.

    Returns the entries counted now; what was counted before is left out. Raises PermissionDenied,
    RoundClosed, ConditionNotMet while a sheet is missing.
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
            _said(entry, _now("chưa đủ phiếu hợp lệ, chưa kiểm phiếu được"))
            for entry in found
            if entry.pk not in ready
        ]
        if lacks or not found:
            raise ConditionNotMet(lacks or [_("Không có sản phẩm nào chờ kiểm phiếu.")])
        for entry in found:
            entry.counted_scoring = entry.scoring
            entry.save(update_fields=["counted_scoring"])
        data["dossiers"] = [entry.dossier_id for entry in found]
        data["scorings"] = [entry.scoring for entry in found]
    return found


def convene(round_, *, by, meets_at, place):
    """Call the council together on what it did not agree on in writing (triệu tập họp).

    Those products go on to a meeting, a round of its own that follows this one; its members are
    invited at once. What the others have said in writing can then be closed. Returns the meeting.
    Raises PermissionDenied, RoundClosed, ConditionNotMet when nothing asks for a meeting.
    """
    with round_.change(
        "round.convene",
        by,
        states=[RoundState.OPEN],
        meets_at=meets_at.isoformat(),
        place=place,
    ) as data:
        split = [item.entry.pk for item in checklist(round_) if item.code == "meeting"]
        if not split:
            raise ConditionNotMet([_("Không có sản phẩm nào phải họp hội đồng.")])
        meeting = EvaluationRound.create(
            EvaluationRound(
                council=round_.council,
                cycle=round_.cycle,
                name=f"{round_.name[:180]}: họp hội đồng",
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
        fresh = {each.dossier_id: each for each in meeting.entries.all()}
        interests = list(Interest.objects.filter(entry__in=split).select_related("entry"))
        for interest in interests:
            interest.pk, interest.entry = None, fresh[interest.entry.dossier_id]
        Interest.objects.bulk_create(interests)
        meeting.invite(by=by)
        data |= {"dossiers": [each.dossier_id for each in taken], "meeting": meeting.pk}
    return meeting


# --- The closing ----------------------------------------------------------------------------


def close(round_, *, by):
    """Close the round: results, history and outbox in one transaction; returns the Closing.

    The second of two finds it closed and is handed the same closing. What follows for each
    dossier runs in the background. Raises PermissionDenied, ConditionNotMet with every sentence
    of the checklist that is not met.
    """
    with transaction.atomic():
        round_.lock()
        if not rules.has_perm("councils.preside", by, round_):
            raise PermissionDenied
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


def reopen(round_, *, by, reason, document):
    """Open a closed round again, on a document and with a reason (mở lại đợt).

    Its sheets are carried into a new scoring, where each counts until its member takes it back;
    the closed version stays readable. Dossiers that still wait on its result come back before the
    council; those that went on keep their way. Raises PermissionDenied, ConditionNotMet.
    """
    lacks = []
    if not reason.strip():
        lacks.append(_("Bạn chưa nêu lý do mở lại."))
    if not document.strip():
        lacks.append(_("Bạn chưa ghi số, ngày văn bản cho mở lại."))
    if lacks:
        raise ConditionNotMet(lacks)
    with transaction.atomic():
        round_.lock()
        if not rules.has_perm("councils.preside", by, round_):
            raise PermissionDenied
        if round_.state != RoundState.CLOSED:
            raise ConditionNotMet([_("Đợt này chưa chốt kết quả.")])
        closing = round_.closings.get(reopening=None)
        moment = clock.now()
        Reopening.objects.create(
            closing=closing, reason=reason.strip(), document=document.strip(), by=by, at=moment
        )
        entry = HistoryEntry.objects.record(
            "round.reopen",
            round_,
            by=by,
            capacity=round_.capacity(by),
            at=moment,
            reason=reason.strip(),
            document=document.strip(),
            version=closing.version,
            dossiers=list(closing.results.values_list("entry__dossier", flat=True)),
        )
        round_.state, round_.closed_at = RoundState.OPEN, None
        round_.save(update_fields=["state", "closed_at"])
        for result in closing.results.select_related("entry__dossier__product"):
            _bring_back(result, by=by, authority=entry)
    return round_


def _bring_back(result, *, by, authority):
    """Put a dossier that waits on a result before its council again, when it still waits."""
    consequence = Consequence.objects.select_for_update().get(result=result)
    entry, dossier = result.entry, result.entry.dossier
    if consequence.applied_at is not None:
        if dossier.state in PARKED and not _parked_by(result.closing, dossier):
            return
        try:
            with transaction.atomic():
                dossier.process.act("judge_again", by=by, authority=authority)
        except ActNotPossible:
            # It went on: what was decided on it stands, and the new version says what is new.
            return
    else:
        consequence.applied_at, consequence.error = authority.at, _now("Đợt đã được mở lại.")
        consequence.save(update_fields=["applied_at", "error"])
        dossier.lock()
        if dossier.state != STATE_AT[result.closing.round.council.level]:
            # The result never reached it, and it waits for none any more.
            return
    entry.live = True
    entry.save(update_fields=["live"])
    entry.next_scoring(carried=True)


def _parked_by(closing, dossier):
    """Whether it was this closing that the dossier left the walk by, and nothing has moved it."""
    last = dossier.history.exclude(after="").order_by("seq").last()
    return last is not None and last.data.get("authority") == closing.entry_id


# --- What follows ---------------------------------------------------------------------------

#: The task a round completes at each level: the node's act.
_ACT = {Level.DISTRICT: "rank_at_district", Level.PROVINCE: "rank"}
#: What becomes of an eliminated product (bị loại), which has no stars.
_OUT = {Level.DISTRICT: "not_propose", Level.PROVINCE: "not_recognise"}


def follow_again(closing, *, by):
    """Try once more what has not followed from a closing (thi hành lại); returns the job."""
    if not rules.has_perm("councils.preside", by, closing.round):
        raise PermissionDenied
    return Job.objects.ask("councils.apply", by=by, closing=closing.pk)


@job_kind("councils.apply")
def apply(job):
    """Do what follows from a closing for each of its dossiers, each at most once."""
    closing = Closing.objects.select_related("round__council__org_unit", "by", "entry").get(
        pk=job.params["closing"]
    )
    waiting = Consequence.objects.filter(result__closing=closing, applied_at=None)
    keys = list(waiting.order_by("pk").values_list("pk", flat=True))
    failed = 0
    for number, pk in enumerate(keys, 1):
        failed += not _follow(pk, closing)
        job.progress(number, len(keys))
    return {"done": len(keys) - failed, "failed": failed, "round": closing.round_id}


def _follow(pk, closing):
    """Carry out one consequence, or write down why it could not be; whether it was."""
    with transaction.atomic():
        consequence = Consequence.objects.select_for_update().get(pk=pk)
        if consequence.applied_at is not None:
            return True
        result = Result.objects.select_related("entry__dossier__rule_set").get(
            pk=consequence.result_id
        )
        try:
            with transaction.atomic():
                _hand_over(result, closing)
        except (ActNotPossible, TaskAlreadyDone):
            consequence.error = _now("Hồ sơ không còn chờ kết quả của hội đồng này.")
        except ConditionNotMet as lacking:
            consequence.error = " ".join(map(str, lacking.messages))
        except ValidationError as wrong:
            consequence.error = " ".join(wrong.messages)
        else:
            consequence.applied_at, consequence.error = clock.now(), ""
        consequence.save(update_fields=["applied_at", "error"])
        return consequence.applied_at is not None


def _hand_over(result, closing):
    """Complete the evaluation task of a dossier by the closing's authority."""
    dossier, level = result.entry.dossier, closing.round.council.level
    task = dossier.open_task()
    # A later sitting of the same council is not this closing's.
    if task is None or dossier.moved_at > closing.at:
        raise ActNotPossible(_ACT[level])
    common = {"by": closing.by, "at": closing.at, "authority": closing.entry}
    if result.eliminated:
        if dossier.state != STATE_AT[level]:
            raise ActNotPossible(_OUT[level])
        task.complete(_OUT[level], reason=reasons(result), **common)
        return
    task.complete(
        _ACT[level],
        record=Evaluation(
            met_on=timezone.localdate(closing.round.meets_at or closing.at),
            points_sum=result.points_sum,
            sheets=result.sheets,
            stars=result.stars,
            reasons=reasons(result),
        ),
        **common,
    )


def reasons(result, codes=None):
    """Why a product has its stars, in a sentence for the minutes and the dossier.

    ``codes`` may give the codes of criteria by id, read beforehand for many results.
    """
    if result.eliminated:
        return _now("Hội đồng kết luận bị loại: %s") % result.remark
    if result.stars < result.band:
        missed = {criterion for criterion, _stars in result.missed}
        if codes is None:
            found = result.entry.rubric.criteria.filter(pk__in=missed)
            codes = dict(found.values_list("pk", "code"))
        names = ", ".join(code for key, code in codes.items() if key in missed)
        return _now("Điểm đạt mức %(band)s sao; chưa đạt mức tối thiểu ở tiêu chí %(codes)s.") % {
            "band": result.band,
            "codes": names,
        }
    return _now("Theo điểm bình quân của %s phiếu.") % result.sheets
