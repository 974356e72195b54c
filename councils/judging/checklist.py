"""What must be done before a round can close (việc cần xong trước khi chốt)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F, Max
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from councils.judging import ranking
from councils.judging.tally import HandedIn, stars_of_sheets, tally
from councils.models import (
    Result,
    RoundState,
    Scoresheet,
    Seat,
    SheetState,
)
from cycle import clock
from cycle.written import moment_text

if TYPE_CHECKING:
    from councils.judging.tally import Tally
    from councils.models import EvaluationRound, RoundEntry
    from dossiers.law.conditions import Words


@dataclass(frozen=True)
class Item:
    """One item of the checklist (mục kiểm tra); ``entry`` when it is about one product."""

    code: str
    sentence: Words
    met: bool
    entry: RoundEntry | None = None


def checklist(round_: EvaluationRound, tallies: dict[int, Tally] | None = None) -> list[Item]:
    """The items that must be met before the round can close.

    They name products, and people who have not handed in; never what anybody scored.
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
        *([Item("day", _not_begun(round_), False)] if round_.to_begin else []),
        *(Item("term", sentence, False) for sentence in _out_of_term(round_)),
        Item("open", _("Đợt đang mở chấm điểm."), round_.state == RoundState.OPEN),
        # An opened round may have lost all its products: to a meeting, by withdrawal, or decided
        # before it was reopened. It can then be closed as it is.
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
    typed: dict[int, set[int]] = {}
    for sheet in waiting:
        typed.setdefault(sheet.entry_id, set()).add(sheet.member_id)  # type: ignore[arg-type]
    closed_at = dict(
        Result.objects.filter(entry__round=round_)
        .order_by("entry")
        .values_list("entry")
        .annotate(last=Max("scoring"))
    )
    opinions = stars_of_sheets(round_, tallies) if round_.in_writing else {}
    over = round_.decide_by is not None and clock.today() >= round_.decide_by
    for entry in entries:
        due, missing = sheets.due(entry), sheets.missing(entry)
        if (number := sheets.too_few(entry)) is not None:
            items.append(Item("few", on_product(entry, _few(number, sheets.fewest)), False, entry))
        # Whose sheet of paper only waits to be confirmed has handed it in; it is listed below.
        if silent := sorted(missing - typed.get(entry.pk, set())) if due else []:
            who = ", ".join(str(sheets.judges[pk].user) for pk in silent)
            items.append(
                Item("sheets", on_product(entry, _now("chưa nộp phiếu: %s") % who), False, entry)
            )
        if sheets.stray(entry):
            items.append(
                Item(
                    "stray",
                    on_product(
                        entry,
                        _now(
                            "có phiếu của người vắng họp, từ chối chấm hoặc không ngồi hội đồng "
                            "ngày họp: ghi không tính phiếu đó"
                        ),
                    ),
                    False,
                    entry,
                )
            )
        if not due or missing and not (round_.in_writing and over):
            continue
        its = tallies.get(entry.pk)
        # ``its`` is None while sheets are missing, or all are to be counted again.
        if round_.in_writing and (missing or its is not None and its.result.eliminated):
            items += _must_meet(entry, missing)
        elif not entry.is_counted:
            # Say what the sheets give together only when none can be changed any more: a member
            # who still could would learn what the others gave.
            if sheets.complete(entry):
                items.append(
                    Item("count", on_product(entry, _now("chờ thư ký kiểm phiếu")), False, entry)
                )
        elif round_.in_writing:
            items += _unsettled(round_, entry, its, opinions.get(entry.pk))  # type: ignore[arg-type]
        else:
            used = entry.scorings_used(closed_at.get(entry.pk, 0))
            items += _disputed(round_, entry, used, its)
    items += [
        Item(
            "paper",
            on_product(sheet.entry, _now("phiếu giấy của %s chờ xác nhận") % sheet.member),
            False,
            sheet.entry,
        )
        for sheet in waiting
    ]
    return items


def _not_begun(round_: EvaluationRound) -> str:
    if round_.yet_to_meet:
        return round_.not_met_yet()
    return _now("Đợt họp lúc %(at)s: chưa đến giờ họp.") % {"at": moment_text(round_.meets_at)}


def _out_of_term(round_: EvaluationRound) -> list[Words]:
    """Why the council had no term when it met; empty when it had."""
    return [] if round_.met_on is None else round_.council.not_in_term(round_.met_on)


def _few(number: int, fewest: int) -> str:
    if not number:
        return _now("không còn ai chấm: đưa sản phẩm ra khỏi đợt")
    return _now(
        "chỉ %(number)s người chấm, quy chế cần ít nhất %(fewest)s: đưa sản phẩm ra khỏi đợt"
    ) % {"number": number, "fewest": fewest}


def on_product(entry: RoundEntry, sentence: str) -> str:
    """``sentence`` with the name of the product before it."""
    return f"{entry.dossier.product.name}: {sentence}."


def _quorum(round_: EvaluationRound, sheets: HandedIn) -> list[Item]:
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


def _disputed(
    round_: EvaluationRound, entry: RoundEntry, used: int, its: Tally | None
) -> list[Item]:
    """What the council must still settle on one product: the spread, ties on minimums,
    eliminations. ``used``: how many scorings it has had.
    """
    if its is None:
        return []
    limit, items = round_.regulation.max_spread, []
    if limit is not None and its.spread > limit and not entry.spread_accepted:
        most = f"{limit.normalize():f}".replace(".", ",")
        again = used < round_.regulation.scorings
        items.append(
            Item(
                "spread",
                on_product(
                    entry,
                    _now("điểm các phiếu chênh lệch quá %s: thảo luận và chấm lại") % most
                    if again
                    else _now("điểm vẫn chênh lệch quá %s: ghi lý do giữ kết quả") % most,
                ),
                False,
                entry,
            )
        )
    if unresolved(round_, its):
        items.append(
            Item(
                "resolution",
                on_product(entry, _now("cần kết luận của hội đồng về mức tối thiểu")),
                False,
                entry,
            )
        )
    return items


def unresolved(round_: EvaluationRound, its: Tally) -> list[ranking.Finding]:
    """The minimums on which the council must still resolve: ties; all, where the regulation says
    so; and a missed minimum of five stars that alone keeps 90 points from five stars, for with it
    the product goes to the ministry (QĐ 26/2026/QĐ-TTg, Điều 7).
    """
    demanded = round_.regulation.minimums_need_resolution
    return [
        finding
        for finding in its.findings
        if finding.stars <= its.result.band
        and not finding.resolved
        and (
            demanded
            or finding.verdict is ranking.Verdict.TIE
            or finding.stars == 5
            and finding.verdict is not ranking.Verdict.MET
        )
    ]


def _must_meet(entry: RoundEntry, missing: set[int]) -> list[Item]:
    """Why a product of a written round needs a meeting whatever its sheets say."""
    why = (
        _now("hết hạn lấy ý kiến mà chưa đủ phiếu: phải họp hội đồng")
        if missing
        else _now("có điều kiện loại: phải họp hội đồng")
    )
    return [Item("meeting", on_product(entry, why), False, entry)]


def _unsettled(
    round_: EvaluationRound, entry: RoundEntry, its: Tally, stars: set[int]
) -> list[Item]:
    """Whether the sheets of a written round differ on the product; not who said what."""
    limit = round_.regulation.max_spread
    differ = len(stars) > 1 or its.result.ties or (limit is not None and its.spread > limit)
    if differ or (its.result.band == 5 and unresolved(round_, its)):
        why = _now("ý kiến bằng phiếu khác nhau: phải họp hội đồng")
        return [Item("meeting", on_product(entry, why), False, entry)]
    return []
