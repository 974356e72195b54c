"""The year's plan for step 1 (kế hoạch tuyên truyền, tập huấn): its rows beside what was done."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from cycle import clock, written
from cycle.asking import SignedIn
from cycle.models import HistoryEntry, Stream
from cycle.once import once
from cycle.typed import fill, shows_typed
from dossiers import drafts
from dossiers.forms.fields import refuse
from dossiers.law.conditions import ConditionNotMet
from dossiers.lists.filters import seek
from dossiers.lists.planned import STANDINGS, Filters, Planned
from dossiers.models import OutreachKind, PlannedOutreach
from dossiers.models.events import ORGANISERS
from dossiers.office import bases, outreach
from dossiers.office.forms.planned import DropForm, PlannedCorrectionForm, PlannedForm
from dossiers.refused import not_allowed

ROWS = 50


def _seen(request: SignedIn, pk: int) -> Any:
    rows = PlannedOutreach.objects.visible_to(request.user)
    related = ("cycle", "org_unit", "basis__replaced_by", "made_by", "dropped_by")
    return get_object_or_404(rows.select_related(*related), pk=pk)


@login_required
@require_safe
def planned(request: SignedIn) -> HttpResponseBase:
    """The plan of a year for my area, each row beside what was done."""

    def selects() -> dict[str, Any]:
        page = Planned(request.user, Filters.of(request.GET))
        return {"cycle": page.cycles, "commune": page.communes}

    read, sought = seek(request.GET, selects)
    filters = Filters.of(read)
    page = Planned(request.user, filters)
    counts = page.counts
    return render(
        request,
        "dossiers/planned.html",
        {
            "plan": page,
            "filters": filters,
            "sought": sought,
            "page": page.shown(request.GET.get("page"), ROWS),
            "kinds": OutreachKind.choices,
            "standings": STANDINGS.items(),
            "counts": [(words, name, counts[name]) for name, words in STANDINGS.items()],
            "may_add": bool(request.user.posts(*ORGANISERS)),
        },
    )


@login_required
@shows_typed
@drafts.keeps_page
@once
def planned_new(request: SignedIn) -> HttpResponseBase:
    """Plan something of the year, for one commune or many, on a document or without."""
    user = request.user
    if not user.posts(*ORGANISERS):
        return not_allowed(request, _("Ghi kế hoạch tuyên truyền, tập huấn"))
    initial: dict[str, Any] = {}
    if (like := written.key(request.GET.get("like"))) is not None:
        initial = PlannedForm.like(_seen(request, like))
    form = PlannedForm(request.POST or None, request.FILES or None, by=user, initial=initial)
    fill(form, request.typed)
    if request.method == "POST" and form.is_valid():
        rows = list(form.rows())
        try:
            outreach.plan(rows, form.document(), by=user)
        except (ConditionNotMet, ValidationError) as refused:
            refuse(form, refused)
        else:
            said = ngettext("Đã ghi %(n)d dòng kế hoạch.", "Đã ghi %(n)d dòng kế hoạch.", len(rows))
            messages.success(request, said % {"n": len(rows)})
            return redirect(f"{reverse('dossiers:planned')}?cycle={rows[0][0].cycle_id}")
    page = {
        "form": form,
        "title": _("Ghi kế hoạch tuyên truyền, tập huấn"),
        "do": _("Ghi vào kế hoạch"),
        "back": reverse("dossiers:planned"),
        "about": _(
            "Mỗi dòng là một việc sẽ làm: nội dung, hình thức, ngày hoặc tháng, đơn vị thực hiện, "
            "cho những xã nào. Đến gần ngày mà chưa ghi hoạt động, việc hiện trong hộp việc của "
            "đơn vị thực hiện."
        ),
        "place": request.draft,
    }
    return render(request, "dossiers/cycle_form.html", page)


@login_required
@shows_typed
@drafts.keeps_page
@once
def planned_one(request: SignedIn, pk: int) -> HttpResponseBase:
    """One row of the plan: what was done of it, and a form to drop it for who may."""
    user = request.user
    row = _seen(request, pk)
    may = row.organiser(user) is not None
    held = row.events.filter(org_unit__in=user.area()).order_by("held_on", "pk")
    stands = row.dropped_at is None
    may_drop = may and stands and not row.events.exists()
    if request.method == "POST" and not may:
        return not_allowed(request, _("Bỏ khỏi kế hoạch"))
    form = DropForm(request.POST or None) if may_drop or request.method == "POST" else None
    if form is not None:
        fill(form, request.typed)
        if request.method == "POST" and form.is_valid():
            try:
                outreach.drop(row, by=user, reason=form.cleaned_data["reason"])
            except ConditionNotMet as refused:
                refuse(form, refused)
            else:
                messages.success(request, _("Đã bỏ khỏi kế hoạch."))
                return redirect("dossiers:planned_one", row.pk)
    corrections = HistoryEntry.objects.filter(
        stream=Stream.CYCLE, event="planned.correct", data__planned=pk
    )
    return render(
        request,
        "dossiers/planned_one.html",
        {
            "row": row,
            "late": stands and row.due_on < clock.today() and not row.events.exists(),
            "communes": row.communes.order_by("sort_key", "pk"),
            "events": held.select_related("org_unit"),
            "may": may and stands,
            "may_hold": stands and row.cycle.closed_on is None and bool(user.posts(*ORGANISERS)),
            "may_correct_paper": row.basis is not None and bases.may_correct(user, row),
            "form": form,
            "corrections": corrections.order_by("-pk"),
        },
    )


@login_required
@shows_typed
@drafts.keeps_page
@once
def planned_correct(request: SignedIn, pk: int) -> HttpResponseBase:
    """A row of the plan as it truly is, and why (đính chính)."""
    row = _seen(request, pk)
    if row.organiser(request.user) is None:
        return not_allowed(request, _("Đính chính dòng kế hoạch"))
    called = str(row)
    form = PlannedCorrectionForm(request.POST or None, planned=row)
    fill(form, request.typed)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            outreach.correct(row, form.changed_row(), by=request.user, reason=reason)
        except ConditionNotMet as refused:
            refuse(form, refused)
        else:
            messages.success(request, _("Đã đính chính."))
            return redirect("dossiers:planned_one", row.pk)
    page = {
        "form": form,
        "title": _("Đính chính «%(title)s»") % {"title": called},
        "do": _("Ghi đính chính"),
        "back": reverse("dossiers:planned_one", args=[pk]),
        "place": request.draft,
    }
    return render(request, "dossiers/cycle_form.html", page)
