"""Pages to close and reopen a round, and of its results."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from councils.forms import fields, rounds
from councils.judging import checklist, closing, consequences
from councils.lists import Results, version_of
from councils.models import Closing, EvaluationRound, RoundState
from councils.models.reach import certified_of
from councils.pages import found_round, posted, turned_away
from cycle.asking import SignedIn
from cycle.models import Job, JobState, User
from cycle.once import once, unrecorded
from cycle.typed import fill, shows_typed
from dossiers import drafts
from dossiers.lists.many import open_acts

#: Item of the checklist -> the page on which it is settled.
_ROUND_PAGES = {
    "day": "councils:round",
    "open": "councils:round_open",
    "entries": "councils:take_in",
    "quorum": "councils:attendance",
    "chair": "councils:attendance",
    "term": "councils:round",
    "sheets": "councils:round",
    "paper": "councils:paper",
    "meeting": "councils:convene",
    "count": "councils:count",
}
_ENTRY_PAGES = {
    "spread": "councils:entry",
    "stray": "councils:entry",
    "few": "councils:entry",
    "resolution": "councils:resolutions",
}


def _link(round_: EvaluationRound, item: checklist.Item) -> str:
    if item.entry is not None and item.code in _ENTRY_PAGES:
        return reverse(_ENTRY_PAGES[item.code], args=[item.entry.pk])
    return reverse(_ROUND_PAGES[item.code], args=[round_.pk])


@login_required
@once
def close(request: SignedIn, pk: int) -> HttpResponseBase:
    """Close a round: the checklist, what will follow, and the button."""
    round_ = found_round(request.user, pk, "councils.preside")
    if round_.state == RoundState.CLOSED:
        # Of two people at once, the second sees the closing of the first.
        messages.info(request, _("Đợt này đã chốt kết quả."))
        return unrecorded(redirect("councils:results", round_.pk))
    if away := turned_away(request, round_):
        return away
    form = fields.ConfirmForm(posted(request), act=lambda: closing.close(round_, by=request.user))
    if form.is_valid() and form.do():
        messages.success(request, _("Đã chốt kết quả. Hồ sơ đang được chuyển bước."))
        return redirect("councils:results", round_.pk)
    counts = rules.has_perm("councils.count_sheets", request.user, round_)
    listed = checklist.checklist(round_)
    others = set() if counts else {"count"}
    absences = {"quorum", "chair"} & {item.code for item in listed if not item.met}
    if absences and not rules.has_perm("councils.settle_scorers", request.user, round_):
        others |= absences
    resolved = all(item.met for item in listed if item.code == "resolution")
    if not resolved and not rules.has_perm("councils.settle_spread", request.user, round_):
        others |= {"resolution"}
    items = [
        {
            "item": item,
            # No link to what others do.
            "link": "" if item.met or item.code in others else _link(round_, item),
        }
        for item in listed
    ]
    return render(
        request,
        "councils/close.html",
        {
            "round": round_,
            "form": form,
            "items": items,
            "ready": all(item.met for item in listed),
            "number": round_.entries.filter(live=True).count(),
        },
    )


@login_required
@shows_typed
@drafts.keeps_page
@once
def reopen(request: SignedIn, pk: int) -> HttpResponseBase:
    """Open a closed round again, on a document."""
    round_ = found_round(request.user, pk, "councils.undo")
    if away := turned_away(request, round_, [RoundState.CLOSED]):
        return away

    def again(**values: Any) -> Any:
        return closing.reopen(round_, by=request.user, **values)

    form = rounds.OnDocumentForm(posted(request), request.FILES or None, act=again, by=request.user)
    fill(form, request.typed)
    if form.is_valid() and form.do():
        messages.success(request, _("Đã mở lại đợt. Các phiếu đã nộp vẫn được tính."))
        return redirect("councils:round", round_.pk)
    return render(
        request,
        "councils/act.html",
        {
            "round": round_,
            "form": form,
            "title": _("Mở lại đợt"),
            "button": _("Mở lại đợt"),
            "tone": "refuse",
            "follows": [
                _("Kết quả đã chốt được giữ nguyên thành một phiên bản, ai được xem vẫn xem được."),
                _("Hồ sơ còn chờ sau kết quả trở lại hội đồng; hồ sơ đã đi tiếp thì giữ nguyên."),
                _("Phiếu đã nộp vẫn được tính cho đến khi thành viên lấy lại để sửa."),
                _("Thành viên hội đồng và đơn vị nhận thông báo."),
            ],
        },
    )


@login_required
@shows_typed
@drafts.keeps_page
def void(request: SignedIn, pk: int) -> HttpResponseBase:
    """Give a round up before it is closed, on a document."""
    round_ = found_round(request.user, pk, "councils.undo")
    if away := turned_away(request, round_):
        return away

    def give_up(**values: Any) -> Any:
        return round_.void(by=request.user, **values)

    form = rounds.OnDocumentForm(
        posted(request), request.FILES or None, act=give_up, by=request.user
    )
    fill(form, request.typed)
    if form.is_valid() and form.do():
        messages.success(request, _("Đã hủy đợt. Hồ sơ lại chờ hội đồng."))
        return redirect("councils:round", round_.pk)
    return render(
        request,
        "councils/act.html",
        {
            "round": round_,
            "form": form,
            "title": _("Hủy đợt"),
            "button": _("Hủy đợt"),
            "tone": "refuse",
            "follows": [
                _("Hồ sơ của đợt lại chờ hội đồng và đưa vào đợt khác được."),
                _("Phiếu đã chấm được giữ niêm phong, không tính vào kết quả nào."),
                _("Kết quả đã chốt trước đây của đợt, nếu có, vẫn xem được."),
                _("Đợt đã hủy không mở lại được; thành viên và thường trực nhận thông báo."),
            ],
        },
    )


def _job(made: Closing) -> Job | None:
    return (
        Job.objects.filter(kind="councils.apply", params__closing=made.pk).order_by("-pk").first()
    )


@login_required
def results(request: SignedIn, pk: int) -> HttpResponseBase:
    """The results of a closing, for everybody who sees the round."""
    round_ = found_round(request.user, pk)
    made, closings = version_of(round_, request.GET.get("version"))
    if made is None:
        messages.info(request, _("Đợt này chưa chốt kết quả."))
        return redirect("councils:round", round_.pk)
    found = Results(made)
    rows = found.shaped(list(found.found))
    job = _job(made)
    waits = job is not None and job.state in (JobState.QUEUED, JobState.RUNNING)
    page = {
        "round": round_,
        "closing": made,
        "closings": closings,
        "rows": rows,
        "job": job,
        "waits": waits,
        "left": sum(row.consequence.applied_at is None for row in rows),
        "presides": rules.has_perm("councils.preside", request.user, round_),
        "undoes": rules.has_perm("councils.undo", request.user, round_),
        "certified": certified_of(row.entry for row in rows),
        # The acts that follow are done for many of them in one stroke.
        "together": _together(request.user, [row.entry.dossier_id for row in rows]),
    }
    fragment = request.htmx and not request.htmx.boosted
    template = "councils/_results.html" if fragment else "councils/results.html"
    return render(request, template, page)


def _together(user: User, dossiers: list[int]) -> str:
    """What the address of the acts for many names: these dossiers; "" when there is no such act."""
    if not open_acts(user, keys=dossiers):
        return ""
    return urlencode([("dossier", key) for key in dossiers])


@login_required
@require_POST
def follow(request: SignedIn, pk: int) -> HttpResponseBase:
    """Try again to carry out what has failed of the last closing (thi hành lại)."""
    round_ = found_round(request.user, pk, "councils.preside")
    made = get_object_or_404(round_.closings, reopening=None)
    consequences.follow_again(made, by=request.user)
    messages.success(request, _("Đang thi hành lại."))
    return redirect("councils:results", round_.pk)
