"""Pages of one product in a round: its facts, resolutions, interests, opinions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from councils.forms import entries, fields
from councils.judging import checklist, ranking, tally
from councils.judging.board import with_due
from councils.models import Appraisal, Opinion, RoundEntry, RoundState
from councils.pages import found_entry, posted
from cycle import clock
from cycle.asking import SignedIn
from cycle.models import Criterion, Elimination
from cycle.once import once
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
    wide = any(item.code == "spread" for item in alarms)
    again = not found.round.in_writing and found.scorings_used() < found.round.regulation.scorings
    return render(
        request,
        "councils/entry.html",
        {
            "entry": found,
            "round": found.round,
            "dossier": found.dossier,
            "presides": presides,
            "runs": rules.has_perm("councils.run_round", request.user, found.round),
            "appraises": rules.has_perm("councils.appraise", request.user, found.round),
            "scores": found.round.scoring_members.filter(user=request.user).exists(),
            "sees_dossier": Dossier.objects.visible_to(request.user)
            .filter(pk=found.dossier_id)
            .exists(),
            "evidence": found.dossier.evidence.current(),
            "opens_evidence": rules.has_perm("councils.open_evidence", request.user, found),
            "alarms": alarms,
            "may_again": presides
            and found.live
            and found.round.is_open
            and found.is_counted
            and again,
            "may_keep": presides and wide,
            "may_count": any(item.code == "count" for item in alarms)
            and rules.has_perm("councils.count_sheets", request.user, found.round),
            "appraisals": Appraisal.objects.filter(entry__in=found.said_in())
            .select_related("by")
            .prefetch_related("photos")
            .order_by("-pk"),
            "opinions": with_due(
                list(
                    Opinion.objects.filter(entry__in=found.said_in()).select_related(
                        "to", "answered_by"
                    )
                ),
                clock.today(),
            ),
            "resolutions": found.resolutions.select_related(
                "criterion__wording", "elimination__wording", "by"
            ),
            "interests": found.interests.select_related("member__user", "by"),
        },
    )


#: The acts on one product: permission, method of the round, texts.
_ACTS: dict[str, dict] = {
    "drop": {
        "permission": "councils.run_round",
        "title": _lazy("Đưa sản phẩm ra khỏi đợt"),
        "button": _lazy("Đưa ra khỏi đợt"),
        "tone": "refuse",
        "follows": [_lazy("Hồ sơ lại chờ hội đồng và đưa vào đợt khác được.")],
        "done": _lazy("Đã đưa sản phẩm ra khỏi đợt."),
    },
    "score_again": {
        "permission": "councils.preside",
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
        "permission": "councils.preside",
        "title": _lazy("Giữ kết quả dù điểm chênh lệch lớn"),
        "button": _lazy("Giữ kết quả"),
        "follows": [_lazy("Lý do được ghi vào biên bản; đợt chốt được với các phiếu hiện có.")],
        "done": _lazy("Đã ghi lý do giữ kết quả."),
    },
}


@login_required
def act(request: SignedIn, pk: int, name: str) -> HttpResponseBase:
    """An act of _ACTS on a product, with a reason."""
    kind = _ACTS[name]
    found = found_entry(request.user, pk, kind["permission"])

    def do(**values: Any) -> Any:
        return getattr(found.round, name)(found, by=request.user, **values)

    form = fields.ReasonForm(posted(request), act=do)
    if form.is_valid() and form.do():
        messages.success(request, kind["done"])
        return redirect("councils:round", found.round_id)
    page = {"round": found.round, "entry": found, "form": form, **kind}
    return render(request, "councils/act.html", page)


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
    """(criterion id, stars) of the minimums on which the sheets are tied, once all are in."""
    if not any(item.code == "resolution" for item in _alarms(found)):
        return set()
    its = tally.tally(found.round)[found.pk]
    return {
        (finding.criterion, finding.stars)
        for finding in its.findings
        if finding.verdict is ranking.Verdict.TIE and not finding.resolved
    }


@login_required
@once
def resolutions(request: SignedIn, pk: int) -> HttpResponseBase:
    """What the council resolved on each minimum and elimination, with the forms."""
    found = found_entry(request.user, pk, "councils.run_round")
    kept = {
        (each.criterion_id, each.stars, each.elimination_id): each
        for each in found.resolutions.select_related("by")
    }
    ties = _ties(found)
    asked = request.POST.get("about", "") if request.method == "POST" else None
    minimums: list[dict[str, Any]] = []
    eliminations: list[dict[str, Any]] = []
    tried: entries.ResolutionForm | None = None
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
        form = row["form"] = entries.ResolutionForm(
            request.POST if asked == row["key"] else None,
            prefix=row["key"],
            initial=initial,
            subject=row["about"],
            yes=yes,
            no=no,
        )
        if asked == row["key"]:
            tried = form
            if form.is_valid() and form.do(found, by=request.user):
                messages.success(request, _("Đã ghi kết luận của hội đồng."))
                return redirect("councils:resolutions", found.pk)
    if asked is not None and tried is None:
        messages.warning(request, _("Mục này không có trong bộ tiêu chí: chưa có gì thay đổi."))
    return render(
        request,
        "councils/resolutions.html",
        {
            "entry": found,
            "round": found.round,
            "minimums": minimums,
            "eliminations": eliminations,
            "form": tried,
        },
    )


# --- Interests -----------------------------------------------------------------------------------


@login_required
@once
def interest(request: SignedIn, pk: int) -> HttpResponseBase:
    """Record a member's interest for them."""
    found = found_entry(request.user, pk, "councils.run_round")
    form = entries.InterestOfForm(posted(request), entry=found, by=request.user)
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
            "follows": [
                _("Người từ chối chấm không có phiếu về sản phẩm này và không phải chờ phiếu."),
                _("Nhật ký ghi bạn là người ghi, và khai báo là của ai."),
            ],
        },
    )


# --- Opinions of departments ---------------------------------------------------------------------


@login_required
@once
def ask(request: SignedIn, pk: int) -> HttpResponseBase:
    """Ask a department's specialist about the product."""
    found = found_entry(request.user, pk, "councils.run_round")
    form = entries.OpinionForm(posted(request), entry=found, by=request.user)
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
