"""Pages of pen sheets: typed by whoever runs the round, confirmed by a second person."""

from __future__ import annotations

from mimetypes import guess_type
from typing import Any

import rules
from csp.constants import SELF
from csp.decorators import csp_replace
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from councils.forms.fields import ReasonForm
from councils.forms.sheets import ScanForm, SheetForm
from councils.models import Interest, Member, RoundEntry, Scoresheet, SheetSealed, SheetState
from councils.models.scoresheet import NOT_COMPARED, NOT_TYPED
from councils.pages import found_entry, found_round, posted
from councils.sheet_page import answer, begun, late, why
from cycle.asking import SignedIn
from cycle.downloads import download
from cycle.models import HistoryEntry, Stream, User
from cycle.once import once
from cycle.typed import shows_typed
from dossiers.models import ConditionNotMet

# --- Who types what ---------------------------------------------------------------------------


@login_required
@require_safe
def paper(request: SignedIn, pk: int) -> HttpResponseBase:
    """Members × products of a round: which sheets were scored by pen, and their state."""
    round_ = found_round(request.user, pk, seated=True)
    if not rules.has_perm("councils.preside", request.user, round_):
        raise Http404
    runs = rules.has_perm("councils.run_round", request.user, round_)
    members = list(round_.scoring_members.select_related("user").order_by("pk"))
    scores = any(member.user_id == request.user.pk for member in members)
    entries = list(round_.products())
    sheets = {
        (sheet.entry_id, sheet.member_id): sheet
        for sheet in Scoresheet.objects.filter(entry__in=entries, member__in=members)
        .select_related("entry", "entered_by", "member")
        .defer("remark")
        if sheet.scoring == sheet.entry.scoring
    }
    recused = set(
        Interest.objects.filter(entry__in=entries, recused=True).values_list("entry", "member")
    )
    return render(
        request,
        "councils/paper.html",
        {
            "round": round_,
            "members": members,
            "rows": [
                (
                    entry,
                    [
                        _cell(
                            entry,
                            member,
                            sheets.get((entry.pk, member.pk)),
                            (entry.pk, member.pk) in recused,
                            request.user,
                            runs and round_.is_open and entry.live and not entry.is_counted,
                            scores,
                        )
                        for member in members
                    ],
                )
                for entry in entries
            ],
        },
    )


def _cell(
    entry: RoundEntry,
    member: Member,
    sheet: Scoresheet | None,
    recused: bool,
    user: User,
    runs: bool,
    scores: bool,
) -> dict[str, Any]:
    """The state of one sheet (never its points), and what ``user`` may do with it."""
    types = runs and not scores
    cell = {
        "entry": entry,
        "member": member,
        "sheet": sheet,
        "state": "none",
        "do": "",
        "hand_back": False,
    }
    mine = sheet is not None and sheet.entered_by_id == user.pk
    others = types and member.user_id != user.pk
    if recused:
        cell["state"] = "recused"
    elif sheet is None:
        cell["do"] = "type" if others else ""
    elif sheet.state == SheetState.VOID:
        cell["state"], cell["hand_back"] = "void", others and sheet.entered_by_id is not None
    elif sheet.entered_by_id is None:
        cell["state"] = "handed_in" if sheet.state == SheetState.SUBMITTED else "own"
        cell["do"] = "type" if others and sheet.is_draft else ""
    else:
        cell["state"] = f"typed_{sheet.state}"
        cell["hand_back"] = (
            runs and member.user_id != user.pk and sheet.state != SheetState.SUBMITTED
        )
        if mine or (others and sheet.is_draft):
            cell["do"] = "go_on" if mine and types else "take_over" if others else ""
        elif sheet.state == SheetState.ENTERED and (not scores or member.user_id == user.pk):
            cell["do"] = "compare"
    return cell


# --- Typing -----------------------------------------------------------------------------------


@login_required
@shows_typed
@once
def type_sheet(request: SignedIn, pk: int, member: int) -> HttpResponseBase:
    """Type a member's pen sheet: first upload its scan, then fill in the usual form."""
    entry = found_entry(request.user, pk, seated=True)
    if not rules.has_perm("councils.type_sheet", request.user, entry.round):
        raise Http404
    others = entry.round.scoring_members.select_related("user").exclude(user=request.user)
    scorer = get_object_or_404(others, pk=member)
    sheet = begun(entry, scorer)
    if sheet.entered_by_id == request.user.pk and request.POST.get("act") != "begin":
        return answer(request, sheet, "councils:type_sheet", entry.pk, scorer.pk)
    if not entry.round.is_open or (sheet.pk and not sheet.is_draft):
        return late(request, sheet, why(SheetSealed(entry.round), sheet, request.user))
    form = ScanForm(request.POST or None, request.FILES or None, by=request.user)
    problems: list = []
    if request.method == "POST" and form.is_valid():
        scan = form.cleaned_data["scan"]
        try:
            Scoresheet.type_in(entry, scorer, by=request.user, scan=(scan.sha256, scan.filename))
        except ValidationError as wrong:
            problems = wrong.messages
        except (ConditionNotMet, PermissionDenied, SheetSealed) as refused:
            return late(request, sheet, why(refused, sheet, request.user))
        else:
            return redirect("councils:type_sheet", entry.pk, scorer.pk)
    return render(
        request,
        "councils/paper_begin.html",
        {"entry": entry, "sheet": sheet, "member": scorer, "form": form, "problems": problems},
    )


@login_required
def hand_back(request: SignedIn, pk: int) -> HttpResponseBase:
    """Make a pen sheet begun by mistake the member's own again, empty."""
    sheet = get_object_or_404(
        Scoresheet.objects.filter(member__isnull=False).select_related(
            "member__user",
            "entry__round__council__org_unit",
            "entry__round__regulation",
            "entry__dossier__product__producer",
        ),
        pk=pk,
    )
    if not rules.has_perm("councils.hand_back_sheet", request.user, sheet):
        raise Http404

    who = sheet.member and sheet.member.user
    done = sheet.entered_by_id is None or sheet.state == SheetState.SUBMITTED
    if sheet.entered_by_id is None and not _told_of(sheet, "round.hand_back_sheet"):
        raise Http404
    if done and request.method != "POST":
        messages.info(request, NOT_TYPED)
        return redirect("councils:paper", sheet.entry.round_id)

    def act(**values: Any) -> None:
        return sheet.hand_back(by=request.user, **values)

    form = ReasonForm(posted(request), act=act)
    try:
        if form.is_valid() and form.do():
            messages.success(request, _("Đã trả lại phiếu cho %(who)s.") % {"who": who})
            return redirect("councils:paper", sheet.entry.round_id)
    except SheetSealed as refused:
        form.add_error(None, why(refused, sheet, request.user))
    return render(
        request,
        "councils/act.html",
        {
            "round": sheet.entry.round,
            "entry": sheet.entry,
            "form": form,
            "title": _("Bỏ nhập từ giấy: phiếu của %(who)s") % {"who": who},
            "button": _("Bỏ nhập từ giấy"),
            "tone": "refuse",
            "nothing": NOT_TYPED if done else "",
            "follows": [
                _("Điểm đã nhập và bản chụp bị bỏ, không ai xem; phiếu bắt đầu lại từ đầu."),
                _("Thành viên chấm trên phần mềm và nhận thông báo kèm lý do."),
            ],
        },
    )


# --- Comparing --------------------------------------------------------------------------------


def _comparable(user: User, pk: int) -> tuple[Scoresheet, bool]:
    """A typed sheet, if ``user`` may confirm it or sees it anyway (its typist, its member); and
    whether ``user`` may confirm it now.
    """
    sheet = get_object_or_404(
        Scoresheet.objects.filter(entered_by__isnull=False).select_related(
            "member__user",
            "entered_by",
            "confirmed_by",
            "entry__round__council__org_unit",
            "entry__round__regulation",
            "entry__dossier__product__producer",
            "entry__dossier__commune",
            "entry__dossier__rule_set",
            "entry__rubric",
        ),
        pk=pk,
    )
    waits = sheet.state == SheetState.ENTERED and rules.has_perm(
        "councils.confirm_sheet", user, sheet
    )
    if not waits and not Scoresheet.objects.visible_to(user).filter(pk=pk).exists():
        raise Http404
    return sheet, waits


def _told_of(sheet: Scoresheet, *events: str) -> bool:
    """Whether one of these was done with the sheet in its scoring."""
    assert sheet.member is not None, "a pen sheet is a member's"
    return HistoryEntry.objects.filter(
        stream=Stream.ROUND,
        stream_id=sheet.entry.round_id,
        event__in=events,
        data__dossier=sheet.entry.dossier_id,
        data__who_id=sheet.member.user_id,
        data__scoring=sheet.scoring,
    ).exists()


def _compared_already(user: User, pk: int) -> Scoresheet | None:
    """The sheet that ``user`` might have compared, once another has confirmed it, sent it back or
    handed it back; None where it waits, or ``user`` sees it anyway.
    """
    its = Scoresheet.objects.filter(pk=pk, member__isnull=False).exclude(
        entered_by__isnull=False, state=SheetState.ENTERED
    )
    sheet = its.select_related(
        "member", "entry__round__council__org_unit", "entry__round__regulation"
    ).first()
    if sheet is None or Scoresheet.objects.visible_to(user).filter(pk=pk).exists():
        return None
    round_ = sheet.entry.round
    compares = rules.has_perm("councils.preside", user, round_) and not (
        round_.to_score.filter(user=user).exists()
    )
    done = ("round.confirm_sheet", "round.return_sheet", "round.hand_back_sheet")
    return sheet if compares and _told_of(sheet, *done) else None


@login_required
def compare(request: SignedIn, pk: int) -> HttpResponseBase:
    """The scan beside the typed sheet, to be confirmed or sent back by a second person."""
    if (moot := _compared_already(request.user, pk)) is not None:
        messages.info(request, NOT_COMPARED)
        return redirect("councils:paper", moot.entry.round_id)
    sheet, waits = _comparable(request.user, pk)
    assert sheet.member is not None, "a pen sheet is a member's"
    own = sheet.member.user_id == request.user.pk
    back = ("councils:sheet", sheet.entry_id) if own else ("councils:paper", sheet.entry.round_id)
    acts = {"confirm": sheet.confirm, "send_back": sheet.send_back}
    act = acts.get(request.POST.get("act", ""))
    if request.method == "POST" and act is not None:
        try:
            act(by=request.user)
        except (ConditionNotMet, PermissionDenied, SheetSealed) as refused:
            return late(request, sheet, why(refused, sheet, request.user))
        who = {"who": sheet.member.user}
        messages.success(
            request,
            _("Đã xác nhận phiếu của %(who)s.") % who
            if sheet.state == SheetState.SUBMITTED
            else _("Đã trả phiếu của %(who)s cho người nhập để sửa.") % who,
        )
        return redirect(*back)
    form = SheetForm(sheet)
    return render(
        request,
        "councils/paper_compare.html",
        {
            "sheet": sheet,
            "entry": sheet.entry,
            "round": sheet.entry.round,
            "waits": waits,
            "back": reverse(back[0], args=back[1:]),
            "parts": form.shown(),
            "writable": False,
            "total": sum(score.points for score in form.scores.values()),
            "picture": (guess_type(sheet.scan_name)[0] or "").startswith("image/"),
        },
    )


@login_required
@require_safe
@xframe_options_sameorigin
@csp_replace({"frame-ancestors": [SELF], "object-src": [SELF]})  # type: ignore[arg-type]
def scan(request: SignedIn, pk: int) -> HttpResponseBase:
    """The scan of a pen sheet; may be shown in a frame of our own page."""
    sheet, _waits = _comparable(request.user, pk)
    if not sheet.scan_sha256:
        raise Http404
    return download(
        request,
        sheet.scan_sha256,
        sheet.scan_name,
        guess_type(sheet.scan_name)[0],
        title=_("Bản chụp phiếu giấy"),
    )
