"""A member's sheets: the list of one round, one to fill in, and all of them once it closed."""

from collections import defaultdict

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from councils.forms.sheets import InterestForm, SheetForm
from councils.judging.standing import standing
from councils.models import (
    Appraisal,
    EvaluationRound,
    Interest,
    Result,
    RoundClosed,
    RoundEntry,
    RoundState,
    Scoresheet,
    SheetSealed,
    SheetState,
)
from cycle import clock
from cycle.downloads import download
from cycle.typed import shows_typed
from dossiers.models import ConditionNotMet, Evidence
from dossiers.templatetags.ocop import moment

# --- One round ------------------------------------------------------------------------------


def entries_of(round_):
    """Products of the round: those that wait for it, and those it has judged; none taken out."""
    judged = Exists(Result.objects.filter(entry=OuterRef("pk")))
    return round_.entries.filter(Q(live=True) | judged).select_related(
        "dossier__product__producer", "dossier__commune"
    )


def found_round(pk):
    """The round with what every page of it asks for, or 404."""
    return get_object_or_404(
        EvaluationRound.objects.select_related("council__org_unit", "regulation"), pk=pk
    )


@login_required
@require_safe
def my_sheets(request, pk):
    """The member's products of a round, and how far each sheet has come (phiếu của tôi)."""
    round_ = found_round(pk)
    member = round_.scoring_members.filter(user=request.user).first()
    proposes = rules.has_perm("councils.appraise", request.user, round_)
    if member is None and not proposes:
        raise Http404
    mine = Scoresheet.objects.filter(
        entry=OuterRef("pk"), member=member, scoring=OuterRef("scoring")
    )
    entries = entries_of(round_).annotate(
        state=Subquery(mine.values("state")),
        typed=Subquery(mine.values("entered_by")),
        at=Subquery(mine.values("submitted_at")),
        scored=Subquery(mine.annotate(number=Count("scores")).values("number")),
        recused=Exists(Interest.objects.filter(entry=OuterRef("pk"), member=member, recused=True)),
        criteria=Count("rubric__criteria"),
    )
    return render(
        request,
        "councils/sheets.html",
        {
            "round": round_,
            "entries": entries,
            "member": member,
            "page": "councils:sheet" if member else "councils:team_sheet",
        },
    )


# --- One sheet ------------------------------------------------------------------------------


def found_entry(pk):
    """The product with its round, rubric and dossier; 404 when it was taken out of the round."""
    entry = get_object_or_404(
        RoundEntry.objects.select_related(
            "round__council__org_unit",
            "round__regulation",
            "dossier__product__producer",
            "dossier__commune",
            "dossier__rule_set",
            "rubric",
        ),
        pk=pk,
    )
    if not entry.live and not entry.results.exists():
        raise Http404
    return entry


def begun(entry, member):
    """The sheet in the scoring that counts, or one that nobody has written on yet, unsaved."""
    found = (
        Scoresheet.objects.filter(entry=entry, member=member, scoring=entry.scoring)
        .select_related("entered_by", "confirmed_by", "member__user")
        .first()
    )
    sheet = found or Scoresheet(entry=entry, member=member, scoring=entry.scoring)
    sheet.entry = entry
    return sheet


@login_required
@shows_typed
def sheet(request, pk):
    """The member's own sheet on one product (phiếu chấm điểm)."""
    entry = found_entry(pk)
    member = entry.round.scoring_members.filter(user=request.user).first()
    if member is None:
        raise Http404
    return answer(request, begun(entry, member), "councils:sheet")


@login_required
@shows_typed
def team_sheet(request, pk):
    """The support team's sheet: the points it proposes (điểm tổ tư vấn đề xuất)."""
    entry = found_entry(pk)
    if not rules.has_perm("councils.appraise", request.user, entry.round):
        raise Http404
    return answer(request, begun(entry, None), "councils:team_sheet")


def answer(request, sheet, name, *args):
    """Show a sheet, or do one of its acts and come back to the page ``name``."""
    acts = {
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
    back = redirect(name, *(args or [sheet.entry.pk]))
    try:
        if request.POST.get("scoring", str(sheet.scoring)) != str(sheet.scoring):
            return late(request, sheet, _("Hội đồng đã cho chấm lại sản phẩm này."))
        return act(request, sheet, back)
    except (ConditionNotMet, PermissionDenied, RoundClosed, SheetSealed) as refused:
        return late(request, sheet, why(refused, sheet, request.user))


def why(refused, sheet, user):
    """In words, why a sheet takes nothing any more: what happened meanwhile."""
    if isinstance(refused, ConditionNotMet):
        return " ".join(map(str, refused.messages))
    entry = RoundEntry.objects.select_related("round").get(pk=sheet.entry_id)
    held = Scoresheet.objects.filter(pk=sheet.pk).select_related("entered_by").first()
    if entry.round.state == RoundState.CLOSED:
        return _("Đợt đã chốt kết quả lúc %(at)s, phiếu không nhận thêm điểm.") % {
            "at": moment(entry.round.closed_at)
        }
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
    # Two tabs at once: what this criterion depends on has just lost its points.
    return _("Phiếu vừa được sửa ở nơi khác. Hãy tải lại trang rồi chọn lại.")


def late(request, sheet, sentence):
    """Refuse in words and give back what was typed; nothing is saved."""
    context = {"sheet": sheet, "entry": sheet.entry, "sentence": sentence}
    if request.htmx:
        return render(request, "councils/_sheet_refused.html", context, status=409)
    context["typed"] = SheetForm(sheet, data=request.POST).typed()
    return render(request, "councils/sheet_late.html", context, status=409)


def _save(request, sheet, back):
    """Save what was sent: one touch from the script, or the whole form without it."""
    sheet, form = _write(request, sheet, partial=bool(request.htmx))
    if request.htmx:
        return render(
            request,
            "councils/_sheet_saved.html",
            {"standing": _standing(form), "problems": form.errors.items(), "at": clock.now()},
        )
    if form.errors:
        return page(request, sheet, form=form)
    messages.success(request, _("Đã lưu phiếu."))
    return back


def _write(request, sheet, *, partial):
    """Save the posted fields; returns the kept sheet and its form."""
    if not rules.has_perm("councils.score", request.user, sheet):
        raise PermissionDenied
    kept = sheet if sheet.pk else Scoresheet.of(sheet.entry, sheet.member)
    kept.entry = sheet.entry
    form = SheetForm(kept, data=request.POST, partial=partial)
    form.save(by=request.user)
    return kept, form


def _submit(request, sheet, back):
    """Save and hand in; what is missing is marked at its criterion."""
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
            % {"who": sheet.member.user, "product": product},
        )
        return redirect("councils:paper", sheet.entry.round_id)
    messages.success(request, _("Đã nộp phiếu: %(product)s.") % {"product": product})
    return redirect("councils:my_sheets", sheet.entry.round_id)


def _take_back(request, sheet, back):
    if sheet.pk is None:
        return back
    sheet.take_back(by=request.user)
    messages.success(request, _("Đã lấy lại phiếu. Sửa xong, bạn nộp lại."))
    return back


def _declare(request, sheet, back):
    """A member's interest: recused, or scoring with the reason."""
    if sheet.member is None or sheet.member.user_id != request.user.pk:
        raise PermissionDenied
    form = InterestForm(request.POST, conflicts=_conflicts(sheet))
    if not form.is_valid():
        return page(request, sheet, interest=form)
    sheet.entry.round.declare_interest(
        sheet.entry, sheet.member, by=request.user, **form.cleaned_data
    )
    if form.cleaned_data["recused"]:
        messages.success(request, _("Đã ghi: bạn không chấm sản phẩm này."))
    else:
        messages.success(request, _("Đã ghi khai báo của bạn. Bạn chấm được sản phẩm này."))
    return back


def _conflicts(sheet):
    return sheet.entry.round.conflicts(sheet.entry, sheet.member)


def _standing(form):
    return standing(form.page, form.chosen, form.sheet.entry.dossier.rule_set.content["bands"])


def page(request, sheet, *, form=None, interest=None, missing=(), problems=()):
    """The page of a sheet: to fill in, or to read when it takes nothing now."""
    entry, round_ = sheet.entry, sheet.entry.round
    own = sheet.member is not None and sheet.member.user_id == request.user.pk
    recusal = sheet.recusal() if sheet.member else None
    unsettled = sheet.unsettled() if sheet.member and round_.state != RoundState.CLOSED else None
    kept = request.typed
    taking = (
        round_.is_open
        and entry.live
        and not (sheet.member_id and entry.is_counted)
        or (sheet.member is None and round_.state == RoundState.PREPARING)
    )
    may = rules.has_perm("councils.score", request.user, sheet)
    writable = taking and may and sheet.is_draft and not recusal and not unsettled
    if form is None:
        form = SheetForm(sheet, data=kept if kept is not None and writable else None)
    shows = round_.regulation
    team = _team_scores(entry) if shows.show_team_score and sheet.member else {}
    self_score = (
        entry.dossier.selfassessments.order_by("-pk").first() if shows.show_self_score else None
    )
    claimed = {}
    # By another rubric the same code may ask something else.
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
            "may_take_back": taking and may and not sheet.is_draft and not recusal,
            "interest": interest
            or (InterestForm(conflicts=_conflicts(sheet)) if own and taking else None),
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


def _team_scores(entry):
    """What the support team proposes, once it has handed its sheet in, by criterion id."""
    team = (
        Scoresheet.objects.filter(
            entry__in=entry.said_in(), member=None, state=SheetState.SUBMITTED
        )
        .order_by("-entry", "-scoring")
        .first()
    )
    return {score.criterion_id: score for score in team.scores.all()} if team else {}


# --- Evidence -------------------------------------------------------------------------------


def evidence_by_criterion(dossier, codes):
    """Current pieces of evidence by the ``codes`` of what they prove; "" for those of none."""
    by_code = defaultdict(list)
    for piece in dossier.evidence.current():
        for code in codes.intersection(piece.criteria) or [""]:
            by_code[code].append(piece)
    return by_code


@login_required
@require_safe
def evidence(request, pk, piece):
    """A file of the dossier, from the page of its round."""
    entry = found_entry(pk)
    if not rules.has_perm("councils.open_evidence", request.user, entry):
        raise Http404
    found = get_object_or_404(Evidence, dossier=entry.dossier_id, pk=piece)
    if not found.sha256:
        raise Http404
    return download(request, found.sha256, found.filename, found.content_type, title=found.title)


# --- Side by side ---------------------------------------------------------------------------


@login_required
@require_safe
def all_sheets(request, pk):
    """Every sheet that a product's last result rests on, side by side; before the closing 404."""
    entry = found_entry(pk)
    result = entry.results.select_related("closing").order_by("closing__version").last()
    if (
        not rules.has_perm("councils.view", request.user, entry.round.council)
        or result is None
        # Opened again: what is scored now is sealed, what was closed stays readable.
        or entry.round.state != RoundState.CLOSED
        and entry.live
        and result.scoring == entry.scoring
    ):
        raise Http404
    sheets = list(
        entry.sheets.filter(
            state=SheetState.SUBMITTED, member__isnull=False, scoring=result.scoring
        )
        .select_related("member__user")
        .prefetch_related("scores")
        .order_by("member")
    )
    by_sheet = [{score.criterion_id: score for score in each.scores.all()} for each in sheets]
    criteria = list(entry.rubric.criteria.order_by("position"))
    return render(
        request,
        "councils/sheets_side_by_side.html",
        {
            "entry": entry,
            "round": entry.round,
            "dossier": entry.dossier,
            "result": result,
            "sheets": sheets,
            "rows": [
                (criterion, [scores.get(criterion.pk) for scores in by_sheet])
                for criterion in criteria
            ],
            "totals": [sum(score.points for score in scores.values()) for scores in by_sheet],
        },
    )
