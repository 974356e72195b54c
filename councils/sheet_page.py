"""The page of one score sheet, one's own or typed from paper: shown, saved, handed in, refused."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import rules
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from councils.forms.sheets import InterestForm, SheetForm
from councils.judging.standing import standing
from councils.models import (
    Appraisal,
    RoundClosed,
    RoundEntry,
    RoundState,
    Scoresheet,
    SheetSealed,
    SheetState,
)
from cycle import clock
from cycle.written import moment_text
from dossiers.forms.fields import refuse
from dossiers.models import ConditionNotMet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.http import HttpResponse, QueryDict

    from councils.judging.standing import Standing
    from councils.models import InterestKind, Member, Score
    from cycle.asking import SignedIn
    from cycle.models import Criterion, User
    from dossiers.models import Dossier, Evidence


def begun(entry: RoundEntry, member: Member | None) -> Scoresheet:
    """The sheet of the current scoring, or an unsaved one while there is none."""
    found = (
        Scoresheet.objects.filter(entry=entry, member=member, scoring=entry.scoring)
        .select_related("entered_by", "confirmed_by", "member__user")
        .first()
    )
    sheet = found or Scoresheet(entry=entry, member=member, scoring=entry.scoring)
    sheet.entry = entry
    return sheet


def answer(request: SignedIn, sheet: Scoresheet, name: str, *args: Any) -> HttpResponse:
    """Show a sheet, or do one of its acts and come back to the page ``name``."""
    acts: dict[str | None, Callable[[SignedIn, Scoresheet, HttpResponse], HttpResponse]] = {
        "save": _save,
        "submit": _submit,
        "take_back": _take_back,
        "declare": _declare,
    }
    if request.method != "POST":
        return page(request, sheet)
    act = acts.get(request.POST.get("act"))
    if act is None:
        return page(request, sheet)
    if request.POST.get("page_of", str(request.user.pk)) != str(request.user.pk):
        # Signed in anew as another member, the same address is another sheet.
        return late(
            request,
            sheet,
            _("Trang này mở khi người khác đăng nhập. Hãy tải lại trang rồi chấm phiếu của bạn."),
        )
    back = redirect(name, *(args or [sheet.entry.pk]))
    try:
        if request.POST.get("scoring", str(sheet.scoring)) != str(sheet.scoring):
            return late(request, sheet, _("Hội đồng đã cho chấm lại sản phẩm này."))
        return act(request, sheet, back)
    except (ConditionNotMet, PermissionDenied, RoundClosed, SheetSealed) as refused:
        return late(request, sheet, why(refused, sheet, request.user))


def why(refused: Exception, sheet: Scoresheet, user: User) -> str:
    """The sentence that says why the sheet could not be changed: what happened meanwhile."""
    if isinstance(refused, ConditionNotMet):
        return " ".join(map(str, refused.messages))
    entry = RoundEntry.objects.select_related("round").get(pk=sheet.entry_id)
    held = Scoresheet.objects.filter(pk=sheet.pk).select_related("entered_by").first()
    if entry.round.state == RoundState.CLOSED:
        return _("Đợt đã chốt kết quả lúc %(at)s, phiếu không nhận thêm điểm.") % {
            "at": moment_text(entry.round.closed_at)
        }
    if entry.round.state == RoundState.VOID:
        return RoundClosed(entry.round).sentence
    if not entry.round.is_open:
        return _("Đợt chưa mở chấm điểm.")
    if entry.scoring != sheet.scoring:
        return _("Hội đồng đã cho chấm lại sản phẩm này.")
    if sheet.member_id and entry.is_counted:
        return _("Sản phẩm đã kiểm phiếu: phiếu không sửa được nữa, trừ khi hội đồng cho chấm lại.")
    if held and held.entered_by_id and held.entered_by_id != user.pk:
        return _("%(who)s đang nhập phiếu giấy của thành viên này.") % {"who": held.entered_by}
    if held and held.state != SheetState.DRAFT:
        return _("Phiếu này đã nộp: muốn sửa, hãy lấy lại phiếu.")
    if isinstance(refused, PermissionDenied):
        return _("Bạn không còn chấm điểm trong hội đồng này.")
    # Two tabs at once: the criterion that this one requires has just lost its points.
    return _("Phiếu vừa được sửa ở nơi khác. Hãy tải lại trang rồi chọn lại.")


def late(request: SignedIn, sheet: Scoresheet, sentence: str) -> HttpResponse:
    """Answer with ``sentence`` and what was typed; nothing is saved."""
    context = {"sheet": sheet, "entry": sheet.entry, "sentence": sentence}
    if request.htmx:
        return render(request, "councils/_sheet_refused.html", context, status=409)
    context["typed"] = SheetForm(sheet, data=request.POST).typed()
    return render(request, "councils/sheet_late.html", context, status=409)


def _save(request: SignedIn, sheet: Scoresheet, back: HttpResponse) -> HttpResponse:
    """Save what was sent: a single choice by the script, or without it the whole form."""
    sheet, form = _write(request, sheet, partial=bool(request.htmx))
    if request.htmx:
        return render(
            request,
            "councils/_sheet_saved.html",
            {
                "standing": _standing(form),
                "problems": [
                    (name, sentences, form.elsewhere.get(name))
                    for name, sentences in form.errors.items()
                ],
                "at": clock.now(),
            },
        )
    if form.errors:
        return page(request, sheet, form=form)
    messages.success(request, _("Đã lưu phiếu."))
    return back


def _write(request: SignedIn, sheet: Scoresheet, *, partial: bool) -> tuple[Scoresheet, SheetForm]:
    """Save the posted fields; returns the saved sheet and its form."""
    if not rules.has_perm("councils.score", request.user, sheet):
        raise PermissionDenied
    kept = sheet if sheet.pk else Scoresheet.of(sheet.entry, sheet.member)
    kept.entry = sheet.entry
    form = SheetForm(kept, data=request.POST, partial=partial)
    form.save(by=request.user)
    return kept, form


def _submit(request: SignedIn, sheet: Scoresheet, back: HttpResponse) -> HttpResponse:
    """Save and hand in; criteria without a choice are marked."""
    sheet, form = _write(request, sheet, partial=False)
    if form.errors:
        return page(request, sheet, form=form)
    if missing := sheet.unscored():
        return page(request, sheet, missing=missing)
    if sheet.entered_by_id and not sheet.scan_sha256:
        return page(request, sheet, problems=[_("Bạn chưa tải lên bản chụp phiếu giấy.")])
    sheet.submit(by=request.user)
    product = sheet.entry.dossier.product.name
    if sheet.entered_by_id:
        messages.success(
            request,
            _("Đã nhập xong phiếu của %(who)s: %(product)s. Người thứ hai so với bản chụp.")
            % {"who": sheet.member.user, "product": product},  # type: ignore[union-attr]  # by pen
        )
        return redirect("councils:paper", sheet.entry.round_id)
    messages.success(request, _("Đã nộp phiếu: %(product)s.") % {"product": product})
    return redirect("councils:my_sheets", sheet.entry.round_id)


def _take_back(request: SignedIn, sheet: Scoresheet, back: HttpResponse) -> HttpResponse:
    if sheet.pk is None:
        return back
    sheet.take_back(by=request.user)
    messages.success(request, _("Đã lấy lại phiếu. Sửa xong, bạn nộp lại."))
    return back


def _declare(request: SignedIn, sheet: Scoresheet, back: HttpResponse) -> HttpResponse:
    """Declare the member's interest: recused, or scoring with a reason."""
    if sheet.member is None or sheet.member.user_id != request.user.pk:
        raise PermissionDenied
    form = _interest_form(sheet, request.POST)
    if not form.is_valid():
        return page(request, sheet, interest=form)
    try:
        sheet.entry.round.declare_interest(
            sheet.entry, sheet.member, by=request.user, **form.cleaned_data
        )
    except ConditionNotMet as refused:
        refuse(form, refused)
        return page(request, sheet, interest=form)
    if form.cleaned_data["recused"]:
        messages.success(request, _("Đã ghi: bạn không chấm sản phẩm này."))
    else:
        messages.success(request, _("Đã ghi khai báo của bạn. Bạn chấm được sản phẩm này."))
    return back


def _conflicts(sheet: Scoresheet) -> list[tuple[InterestKind, str]]:
    # Only asked of a member's sheet.
    return sheet.entry.round.conflicts(sheet.entry, sheet.member)  # type: ignore[arg-type]


def _interest_form(sheet: Scoresheet, data: QueryDict | None = None) -> InterestForm:
    member = sheet.member
    assert member is not None, "only asked of a member's sheet"
    return InterestForm(data, entry=sheet.entry, member=member, conflicts=_conflicts(sheet))


def _standing(form: SheetForm) -> Standing:
    return standing(form.page, form.chosen, form.sheet.entry.dossier.rule_set.content["bands"])


def page(
    request: SignedIn,
    sheet: Scoresheet,
    *,
    form: SheetForm | None = None,
    interest: InterestForm | None = None,
    missing: Iterable[Criterion] = (),
    problems: Iterable[str] = (),
) -> HttpResponse:
    """The page of a sheet: to fill in, or only to read when it cannot change now."""
    entry, round_ = sheet.entry, sheet.entry.round
    own = sheet.member is not None and sheet.member.user_id == request.user.pk
    recusal = sheet.recusal() if sheet.member else None
    unsettled = sheet.unsettled() if sheet.member and not round_.is_over else None
    absent = sheet.absent() if round_.is_open else None
    kept = request.typed
    taking = (
        round_.is_open
        and entry.live
        and not (sheet.member_id and entry.is_counted)
        or (sheet.member is None and round_.state == RoundState.PREPARING)
    )
    may = rules.has_perm("councils.score", request.user, sheet)
    writable = taking and may and sheet.is_draft and not recusal and not unsettled and not absent
    if form is None:
        form = SheetForm(sheet, data=kept if kept is not None and writable else None)
    shows = round_.regulation
    team = _team_scores(entry) if shows.show_team_score and sheet.member else {}
    # Who scores the product in a later round reads them on no sheet of an earlier one either.
    seen = rules.has_perm("dossiers.read_own_points", request.user, entry.dossier) and (
        sheet.member is None or entry.shows_self_score
    )
    self_score = entry.self_assessment() if seen else None
    claimed = {}
    # In another rubric the same code may be another criterion.
    if self_score is not None and self_score.rubric_id == entry.rubric_id:
        claimed = self_score.points()
    codes = {row["criterion"].code for row in form.rows()}
    by_criterion = evidence_by_criterion(entry.dossier, codes)
    return render(
        request,
        "councils/sheet.html",
        {
            "sheet": sheet,
            "entry": entry,
            "round": round_,
            "dossier": entry.dossier,
            "form": form,
            "parts": form.shown(
                missing=missing,
                evidence=by_criterion,
                proposed=team,
                claimed=claimed,
            ),
            "eliminations": form.page["eliminations"],
            "standing": _standing(form),
            "missing": missing,
            "problems": problems,
            "kept": kept is not None and writable,
            "writable": writable,
            "own": own,
            "recusal": recusal,
            "unsettled": unsettled,
            "absent": absent,
            "may_take_back": taking
            and may
            and not sheet.is_draft
            and not recusal
            and not (absent and sheet.state == SheetState.VOID),
            "interest": interest or (_interest_form(sheet) if own and taking else None),
            "interest_wrong": interest is not None,
            "other_evidence": by_criterion[""],
            "self_score": self_score,
            "team_points": sum(score.points for score in team.values()) if team else None,
            "appraisal": Appraisal.objects.filter(entry__in=entry.said_in())
            .select_related("by")
            .last()
            if shows.show_team_score or sheet.member is None
            else None,
        },
    )


def _team_scores(entry: RoundEntry) -> dict[int, Score]:
    """``{criterion id: score}`` that the support team proposes, once its sheet is handed in."""
    team = (
        Scoresheet.objects.filter(
            entry__in=entry.said_in(), member=None, state=SheetState.SUBMITTED
        )
        .order_by("-entry", "-scoring")
        .first()
    )
    return {score.criterion_id: score for score in team.scores.all()} if team else {}


def evidence_by_criterion(dossier: Dossier, codes: set[str]) -> dict[str, list[Evidence]]:
    """Current evidence by the code of the criterion it proves; "" for evidence of none of them."""
    by_code = defaultdict(list)
    for piece in dossier.evidence.current():
        for code in codes.intersection(piece.criteria) or [""]:
            by_code[code].append(piece)
    return by_code
