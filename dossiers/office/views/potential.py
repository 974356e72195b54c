"""Potential products: the list, one of them, one more, one corrected (sản phẩm tiềm năng)."""

from typing import Any

import rules
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cycle import written
from cycle.asking import SignedIn
from cycle.models import HistoryEntry, Level, Role, Stream
from cycle.once import once
from cycle.typed import fill, shows_typed
from dossiers import drafts
from dossiers.forms.fields import PlainPart, refuse
from dossiers.law.conditions import ConditionNotMet
from dossiers.lists.filters import seek
from dossiers.lists.potential import Filters, Potentials
from dossiers.models import OutreachEvent, Potential, PotentialSource, PotentialState
from dossiers.office.forms.potential import PotentialCorrectionForm, PotentialForm
from dossiers.refused import not_allowed
from dossiers.walk import survey


class WhyForm(PlainPart):
    """Why it is closed, or followed again."""

    reason = forms.CharField(
        label=gettext_lazy("Lý do"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )


@login_required
def potential_list(request: SignedIn) -> HttpResponseBase:
    """The potential products of my area."""

    def selects() -> dict[str, Any]:
        return {"commune": Potentials(request.user, Filters.of(request.GET)).communes}

    read, sought = seek(request.GET, selects)
    filters = Filters.of(read)
    page = Potentials(request.user, filters)
    return render(
        request,
        "dossiers/potential_list.html",
        {
            "page": page,
            "filters": filters,
            "sought": sought,
            "rows": page.rows(),
            "states": PotentialState.choices,
            "sources": PotentialSource.choices,
            "may_add": bool(request.user.posts(Role.OFFICER)),
        },
    )


@login_required
@shows_typed
@drafts.keeps_page
@once
def potential_new(request: SignedIn) -> HttpResponseBase:
    """Record one that an officer came to know: at a meeting, by its producer's own wish."""
    user = request.user
    if not user.posts(Role.OFFICER):
        return not_allowed(request, _("Ghi sản phẩm tiềm năng"))
    initial: dict[str, Any] = {}
    if (key := written.key(request.GET.get("event"))) is not None:
        seen = OutreachEvent.objects.filter(org_unit__in=user.area())
        event = get_object_or_404(seen.select_related("cycle", "org_unit"), pk=key)
        initial = {"source": PotentialSource.EVENT, "event": event.pk, "cycle": event.cycle_id}
        initial["surveyed_on"] = event.held_on
        if event.org_unit.level == Level.COMMUNE:
            initial["commune"] = event.org_unit.heir().pk
    form = PotentialForm(request.POST or None, user=user, initial=initial)
    fill(form, request.typed)
    if request.method == "POST" and form.is_valid():
        try:
            survey.record(form.instance, by=user)
        except ConditionNotMet as refused:
            refuse(form, refused)
        else:
            messages.success(request, _("Đã ghi «%(product)s».") % {"product": form.instance})
            return redirect("dossiers:potential_one", form.instance.pk)
    return render(request, "dossiers/potential_new.html", {"form": form})


@login_required
@shows_typed
@drafts.keeps_page
@once
def potential_correct(request: SignedIn, pk: int) -> HttpResponseBase:
    """What was recorded of one as it truly is, and why (đính chính)."""
    user = request.user
    potential = get_object_or_404(
        Potential.objects.visible_to(user).select_related("commune", "event"), pk=pk
    )
    if not rules.has_perm("dossiers.keep_potential", user, potential):
        return not_allowed(request, _("Đính chính sản phẩm tiềm năng"))
    called = str(potential)
    form = PotentialCorrectionForm(request.POST or None, user=user, potential=potential)
    fill(form, request.typed)
    if request.method == "POST" and form.is_valid():
        try:
            survey.correct(
                form.instance,
                form.changed_here(),
                by=user,
                reason=form.cleaned_data["reason"],
            )
        except ConditionNotMet as refused:
            refuse(form, refused)
        else:
            messages.success(request, _("Đã đính chính."))
            return redirect("dossiers:potential_one", potential.pk)
    return render(
        request, "dossiers/potential_correct.html", {"pk": pk, "called": called, "form": form}
    )


@login_required
@shows_typed
@drafts.keeps_page
@once
def potential_one(request: SignedIn, pk: int) -> HttpResponseBase:
    """One of them: what the survey says, what became of it, and the way on."""
    potential = get_object_or_404(
        Potential.objects.visible_to(request.user).select_related(
            "commune",
            "dossier__cycle",
            "batch__basis__replaced_by",
            "closed_by",
            "event",
            "recorded_by",
        ),
        pk=pk,
    )
    corrections = HistoryEntry.objects.filter(
        stream=Stream.CYCLE, event="potential.correct", data__potential=pk
    ).order_by("-pk")
    shown = {
        "potential": potential,
        "corrections": corrections,
        "sees_event": potential.event is not None
        and potential.event.org_unit_id in request.user.area(),
    }
    if not rules.has_perm("dossiers.keep_potential", request.user, potential):
        if request.method == "POST":
            return not_allowed(request, _("Sửa sản phẩm tiềm năng"))
        return render(request, "dossiers/potential.html", shown | {"form": None})
    form = WhyForm(request.POST or None)
    fill(form, request.typed)
    if request.method == "POST" and form.is_valid() and _do(request, form, potential):
        return redirect("dossiers:potential_one", potential.pk)
    return render(
        request,
        "dossiers/potential.html",
        shown
        | {
            "form": form if potential.state != PotentialState.BEGUN else None,
            "may_correct": potential.state == PotentialState.OPEN,
            "may_open": potential.state == PotentialState.OPEN
            and rules.has_perm("dossiers.begin", request.user),
        },
    )


def _do(request: Any, form: WhyForm, potential: Potential) -> bool:
    """Close it or open it again, as the button says; False with the reason in its form."""
    act = survey.reopen if request.POST.get("act") == "reopen" else survey.close
    try:
        act(potential, by=request.user, reason=form.cleaned_data["reason"])
    except ConditionNotMet as refused:
        refuse(form, refused)
        return False
    except PermissionDenied:
        form.add_error(None, _("Bạn không còn phụ trách xã này."))
        return False
    messages.success(request, _("Đã mở lại.") if act is survey.reopen else _("Đã khép lại."))
    return True
