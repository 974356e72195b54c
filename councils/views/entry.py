"""Pages of one product in a round: its facts, resolutions, interests, opinions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from councils.forms import entries, fields
from councils.judging import checklist, tally
from councils.judging.board import history_of, with_due
from councils.models import (
    Appraisal,
    Interest,
    Opinion,
    Resolution,
    RoundEntry,
    RoundState,
    Scoresheet,
)
from councils.models.reach import certified_of
from councils.models.round import NOT_COUNTED
from councils.models.scoresheet import HANDED_IN, NOT_HANDED_IN
from councils.pages import found_entry, posted, turned_away
from cycle import clock
from cycle.asking import SignedIn
from cycle.models import Criterion, Elimination
from cycle.once import once
from cycle.typed import fill, shows_typed
from cycle.written import moment_text
from dossiers import drafts
from dossiers.models import Dossier

#: The items of the checklist that are settled on the product's page.
_SETTLED_HERE = ("count", "spread", "resolution", "meeting")


def _alarms(entry: RoundEntry) -> list[Any]:
    """What the council must still settle on the product, without names or points."""
    if entry.round.state != RoundState.OPEN:
        return []
    return [
        item
        for item in checklist.checklist(entry.round)
        if not item.met and item.entry == entry and item.code in _SETTLED_HERE
    ]


@login_required
def entry(request: SignedIn, pk: int) -> HttpResponseBase:
    """A product of the agenda: its facts, appraisals, opinions, resolutions."""
    found = found_entry(request.user, pk)
    presides = rules.has_perm("councils.preside", request.user, found.round)
    alarms = _alarms(found) if presides else []
    settles_spread = found.round.is_open and rules.has_perm(
        "councils.settle_spread", request.user, found.round
    )
    wide = any(item.code == "spread" for item in alarms)
    again = not found.round.in_writing and found.scorings_used() < found.round.regulation.scorings
    records = rules.has_perm("councils.record_interest", request.user, found.round)
    strays = _strays(found) if presides and found.live and found.round.is_open else []
    return render(
        request,
        "councils/entry.html",
        {
            "entry": found,
            "round": found.round,
            "dossier": found.dossier,
            "presides": presides,
            "runs": rules.has_perm("councils.run_round", request.user, found.round),
            "records_interests": records,
            "lifts_interests": found.live and not found.round.is_over and records,
            "appraises": rules.has_perm("councils.appraise", request.user, found.round),
            "reports": rules.has_perm("councils.report", request.user, found),
            "scores": found.round.scoring_members.filter(user=request.user).exists(),
            "sees_dossier": Dossier.objects.visible_to(request.user)
            .filter(pk=found.dossier_id)
            .exists(),
            "certified": bool(certified_of([found])),
            "evidence": found.dossier.evidence.current(),
            "opens_evidence": rules.has_perm("councils.open_evidence", request.user, found),
            "alarms": alarms,
            "may_again": settles_spread
            and found.live
            and found.round.is_open
            and found.is_counted
            and again,
            "may_keep": settles_spread and wide,
            "resolves": settles_spread and found.live,
            "may_drop": found.live
            and (settles_spread or found.round.state == RoundState.PREPARING),
            "strays": strays,
            "settles": bool(strays)
            and rules.has_perm("councils.settle_scorers", request.user, found.round),
            "may_count": any(item.code == "count" for item in alarms)
            and rules.has_perm("councils.count_sheets", request.user, found.round),
            "appraisals": Appraisal.objects.filter(entry__in=found.said_in())
            .select_related("by")
            .prefetch_related("photos")
            .order_by("-pk"),
            "opinions": with_due(
                list(
                    Opinion.objects.filter(entry__in=found.said_in()).select_related(
                        "to", "answered_by", "letter__replaced_by"
                    )
                ),
                clock.today(),
            ),
            "resolutions": found.resolutions.select_related(
                "criterion__wording", "elimination__wording", "by"
            ),
            "interests": found.interests.standing().select_related("member__user", "by"),
            "history": history_of(found.round, found) if presides else [],
        },
    )


def _strays(entry: RoundEntry) -> list[Scoresheet]:
    """The sheets of people who must not score the product."""
    who = tally.HandedIn.of(entry.round).stray(entry)
    sheets = entry.sheets.filter(member__in=who, scoring=entry.scoring, state__in=HANDED_IN)
    return list(sheets.select_related("member__user").order_by("pk"))


#: The acts on one product: permission, method of the round, texts.
_ACTS: dict[str, dict] = {
    "drop": {
        "permission": "councils.undo",
        "title": _lazy("Đưa sản phẩm ra khỏi đợt"),
        "button": _lazy("Đưa ra khỏi đợt"),
        "tone": "refuse",
        "follows": [
            _lazy("Hồ sơ lại chờ hội đồng và đưa vào đợt khác được."),
            _lazy("Phiếu đã chấm được giữ niêm phong, không tính vào kết quả nào."),
        ],
        "done": _lazy("Đã đưa sản phẩm ra khỏi đợt."),
    },
    "score_again": {
        "permission": "councils.settle_spread",
        "states": [RoundState.OPEN],
        "title": _lazy("Cho chấm lại sản phẩm"),
        "button": _lazy("Cho chấm lại"),
        "follows": [
            _lazy("Mỗi thành viên nhận lại phiếu của mình để sửa và nộp lần nữa."),
            _lazy("Phiếu của lần chấm trước được giữ, không tính vào kết quả."),
            _lazy("Thành viên chấm điểm nhận thông báo, không nêu tên ai và điểm nào."),
        ],
        "done": _lazy("Đã cho chấm lại."),
    },
    "accept_spread": {
        "permission": "councils.settle_spread",
        "states": [RoundState.OPEN],
        "title": _lazy("Giữ kết quả dù điểm chênh lệch lớn"),
        "button": _lazy("Giữ kết quả"),
        "follows": [_lazy("Lý do được ghi vào biên bản; đợt chốt được với các phiếu hiện có.")],
        "done": _lazy("Đã ghi lý do giữ kết quả."),
    },
}


@login_required
@shows_typed
@drafts.keeps_page
@once
def act(request: SignedIn, pk: int, name: str) -> HttpResponseBase:
    """An act of _ACTS on a product, with a reason."""
    kind = _ACTS[name]
    found = found_entry(request.user, pk, kind["permission"])
    # Another has it scored again meanwhile.
    done = NOT_COUNTED if name != "drop" and not found.is_counted else None
    if away := turned_away(request, found.round, kind.get("states"), to=found, done=done):
        return away

    def do(**values: Any) -> Any:
        return getattr(found.round, name)(found, by=request.user, **values)

    form = fields.ReasonForm(posted(request), act=do)
    fill(form, request.typed)
    if form.is_valid() and form.do():
        messages.success(request, kind["done"])
        return redirect("councils:round", found.round_id)
    page = {"round": found.round, "entry": found, "form": form, **kind}
    if name == "accept_spread" and found.spread_accepted:
        stands = _("Đang ghi lý do «%(reason)s»: lý do mới thay vào, nhật ký giữ cả hai.")
        page["follows"] = [*kind["follows"], stands % {"reason": found.spread_accepted}]
    return render(request, "councils/act.html", page)


@login_required
def void_sheet(request: SignedIn, pk: int) -> HttpResponseBase:
    """Not count the sheet of somebody who must not score the product, with a reason."""
    sheet = get_object_or_404(
        Scoresheet.objects.filter(member__isnull=False).select_related("member__user"), pk=pk
    )
    found = found_entry(request.user, sheet.entry_id)
    if not rules.has_perm("councils.settle_scorers", request.user, found.round):
        raise Http404
    sheet.entry = found
    handed_in = sheet.scoring == found.scoring and sheet.state in HANDED_IN
    done = None if handed_in else NOT_HANDED_IN
    if away := turned_away(request, found.round, [RoundState.OPEN], to=found, done=done):
        return away

    def do(**values: Any) -> Any:
        return sheet.void(by=request.user, **values)

    form = fields.ReasonForm(posted(request), act=do)
    if form.is_valid() and form.do():
        messages.success(request, _("Đã ghi: phiếu này không tính."))
        return redirect("councils:entry", found.pk)
    return render(
        request,
        "councils/act.html",
        {
            "round": found.round,
            "entry": found,
            "form": form,
            "nothing": done,
            "title": _("Không tính phiếu của %(who)s") % {"who": sheet.member},
            "button": _("Không tính phiếu này"),
            "tone": "refuse",
            "follows": [
                _("Phiếu được giữ niêm phong, không tính vào kết quả; lý do ghi vào nhật ký."),
                _("Khi người này lại được chấm (có mặt, bỏ từ chối), phiếu lấy lại và nộp được."),
            ],
        },
    )


# --- Resolutions ---------------------------------------------------------------------------------


def _minimums(found: RoundEntry) -> Iterator[tuple[Criterion, int]]:
    """(criterion, stars) of every minimum in the rubric."""
    criteria = (
        Criterion.objects.filter(rubric=found.rubric_id, options__minimum_for__isnull=False)
        .select_related("wording")
        .distinct()
        .order_by("position")
        .prefetch_related("options")
    )
    for criterion in criteria:
        marks = {option.minimum_for for option in criterion.options.all() if option.minimum_for}
        for stars in sorted(marks):
            yield criterion, stars


def _ties(found: RoundEntry) -> set[tuple[Any, int]]:
    """(criterion id, stars) of the minimums that the council must resolve on, once all sheets are
    counted.
    """
    if not any(item.code == "resolution" for item in _alarms(found)):
        return set()
    its = tally.tally(found.round)[found.pk]
    return {
        (finding.criterion, finding.stars) for finding in checklist.unresolved(found.round, its)
    }


@login_required
@shows_typed
@drafts.keeps_page
@once
def resolutions(request: SignedIn, pk: int) -> HttpResponseBase:
    """What the council resolved on each minimum and elimination, with the forms."""
    found = found_entry(request.user, pk, "councils.settle_spread")
    if away := turned_away(request, found.round, [RoundState.OPEN], to=found):
        return away
    kept = {
        (each.criterion_id, each.stars, each.elimination_id): each
        for each in found.resolutions.select_related("by")
    }
    votes = Resolution.votes_on(found)
    ties = _ties(found)
    common = entries.CommonReasonForm(posted(request))
    fill(common, request.typed)
    shared = common.cleaned_data["common"] if common.is_valid() else ""
    minimums: list[dict[str, Any]] = []
    eliminations: list[dict[str, Any]] = []
    for criterion, stars in _minimums(found):
        minimums.append(
            {
                "key": f"c{criterion.pk}-{stars}",
                "label": criterion,
                "stars": stars,
                "tie": (criterion.pk, stars) in ties,
                "kept": kept.get((criterion.pk, stars, None)),
                "about": {"criterion": criterion, "stars": stars},
                "words": (_("Đạt mức tối thiểu"), _("Không đạt")),
            }
        )
    for elimination in Elimination.objects.filter(rubric=found.rubric_id).select_related("wording"):
        eliminations.append(
            {
                "key": f"e{elimination.pk}",
                "label": elimination,
                "kept": kept.get((None, None, elimination.pk)),
                "about": {"elimination": elimination},
                "words": (_("Sản phẩm bị loại"), _("Không bị loại")),
            }
        )
    for row in (*minimums, *eliminations):
        its, (yes, no) = row["kept"], row["words"]
        initial = {}
        if its is not None:
            initial = {"holds": "yes" if its.holds else "no", "reason": its.reason}
            initial |= dict(zip(("agree", "against"), votes.get(its.about, ()), strict=False))
        row["form"] = entries.ResolutionForm(
            posted(request),
            prefix=row["key"],
            initial=initial,
            subject=row["about"],
            yes=yes,
            no=no,
            common=shared,
            kept=its,
        )
        fill(row["form"], request.typed)
    # Ties first: the closing waits for them.
    minimums.sort(key=lambda row: not row["tie"])
    forms = [row["form"] for row in (*minimums, *eliminations)]
    # Each of them is asked, so that each shows what is wrong.
    valid = [each.is_valid() for each in (common, *forms)]
    if request.method == "POST" and all(valid):
        said = [each for each in forms if each.changed_here()]
        if not said:
            messages.warning(request, _("Bạn chưa ghi kết luận nào: chưa có gì thay đổi."))
        elif _resolve(found, said, request):
            messages.success(
                request,
                ngettext("Đã ghi %(n)d kết luận.", "Đã ghi %(n)d kết luận.", len(said))
                % {"n": len(said)},
            )
            return redirect("councils:resolutions", found.pk)
    return render(
        request,
        "councils/resolutions.html",
        {
            "entry": found,
            "round": found.round,
            "minimums": minimums,
            "eliminations": eliminations,
            "common": common,
            "wrong": [row for row in (*minimums, *eliminations) if row["form"].errors],
        },
    )


def _turn(form: entries.ResolutionForm) -> tuple[bool, int]:
    holds, stars = form.cleaned_data["holds"], form.subject.get("stars", 0)
    return holds, stars if holds else -stars


def _resolve(found: RoundEntry, said: list[entries.ResolutionForm], request: SignedIn) -> bool:
    """Record all of them or none."""
    # What is missed from the most stars down, then what is reached from the fewest up: so no two
    # contradict each other on the way from one page of resolutions that agree to another.
    said = sorted(said, key=_turn)
    with transaction.atomic():
        done = all(each.do(found, by=request.user) for each in said)
        transaction.set_rollback(not done)
    return done


# --- Interests -----------------------------------------------------------------------------------

#: What an interest does to the sheet of who does not score, and more to a product that was counted.
LEFT_OUT = _lazy(
    "Phiếu đã nộp của người từ chối chấm được giữ niêm phong, không tính vào kết quả; thôi từ chối "
    "thì phiếu lấy lại và nộp được."
)
COUNTED_ANEW = _lazy(
    "Sản phẩm này đã kiểm phiếu: các phiếu khác giữ nguyên và phải kiểm phiếu lại; không mất lần "
    "chấm."
)
SCORES_AGAIN = _lazy(
    "Người này lại chấm sản phẩm; phiếu không tính vì khai báo này thì lấy lại và nộp được."
)


@login_required
@shows_typed
@drafts.keeps_page
@once
def interest(request: SignedIn, pk: int) -> HttpResponseBase:
    """Record a member's interest for them."""
    found = found_entry(request.user, pk, "councils.record_interest")
    if away := turned_away(request, found.round, to=found):
        return away
    form = entries.InterestOfForm(posted(request), entry=found, by=request.user)
    fill(form, request.typed)
    if form.is_valid() and form.do():
        messages.success(
            request,
            _("Đã ghi khai báo lợi ích của %(who)s.") % {"who": form.cleaned_data["member"].user},
        )
        return redirect("councils:entry", found.pk)
    return render(
        request,
        "councils/act.html",
        {
            "round": found.round,
            "entry": found,
            "form": form,
            "title": _("Ghi khai báo lợi ích"),
            "button": _("Ghi khai báo"),
            "interests": list(form.stands.values()),
            "follows": [
                _("Người từ chối chấm không có phiếu về sản phẩm này và không phải chờ phiếu."),
                LEFT_OUT,
                *([COUNTED_ANEW] if found.is_counted else []),
                _("Nhật ký ghi bạn là người ghi, và khai báo là của ai."),
            ],
        },
    )


@login_required
@once
def lift_interest(request: SignedIn, pk: int) -> HttpResponseBase:
    """Take off an interest that was recorded wrongly."""
    its = Interest.objects.select_related("member__user", "by")
    interest = get_object_or_404(its, pk=pk)
    found = found_entry(request.user, interest.entry_id, "councils.record_interest")
    interest.entry = found
    done = None
    if interest.taken_off:
        done = _("%(who)s đã gỡ khai báo lợi ích này lúc %(at)s: %(reason)s") % {
            "who": interest.by,
            "at": moment_text(interest.at),
            "reason": interest.reason,
        }
    if away := turned_away(request, found.round, to=found, done=done):
        return away
    form = entries.LiftForm(posted(request), interest=interest, by=request.user)
    if form.is_valid() and form.do():
        messages.success(
            request, _("Đã gỡ khai báo lợi ích của %(who)s.") % {"who": interest.member.user}
        )
        return redirect("councils:entry", found.pk)
    return render(
        request,
        "councils/act.html",
        {
            "round": found.round,
            "entry": found,
            "form": form,
            "title": _("Gỡ khai báo lợi ích ghi nhầm"),
            "button": _("Gỡ khai báo"),
            "tone": "refuse",
            "stands": [interest],
            "nothing": done,
            "follows": [
                *([SCORES_AGAIN] if interest.recused else []),
                *([COUNTED_ANEW] if interest.recused and found.is_counted else []),
                _("Khai báo không còn ở đợt này và các đợt sau của sản phẩm; nhật ký giữ cả hai."),
                _("Người được ghi khai báo và chủ tịch hội đồng nhận thông báo."),
            ],
        },
    )


# --- Opinions of departments ---------------------------------------------------------------------


@login_required
@shows_typed
@drafts.keeps_page
@once
def ask(request: SignedIn, pk: int) -> HttpResponseBase:
    """Ask a department's specialist about the product."""
    found = found_entry(request.user, pk, "councils.run_round")
    if away := turned_away(request, found.round, to=found):
        return away
    form = entries.OpinionForm(posted(request), entry=found, by=request.user)
    fill(form, request.typed)
    if form.is_valid() and (made := form.do()):
        messages.success(
            request,
            _("Đã gửi câu hỏi cho %(who)s, hạn trả lời %(day)s.")
            % {"who": made.to, "day": f"{made.due_on:%d/%m/%Y}"},
        )
        return redirect("councils:entry", found.pk)
    return render(
        request,
        "councils/act.html",
        {
            "round": found.round,
            "entry": found,
            "form": form,
            "title": _("Xin ý kiến sở, ngành"),
            "button": _("Gửi câu hỏi"),
            "follows": [
                _("Người được hỏi nhận thông báo và trả lời trên phần mềm."),
                _("Hồ sơ không phải chờ: quá hạn mà chưa trả lời thì hiện trên bảng điều hành."),
            ],
        },
    )
