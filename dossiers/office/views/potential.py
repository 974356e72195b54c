"""Potential products: the list, and one of them (sản phẩm tiềm năng)."""

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

from cycle.asking import SignedIn
from cycle.once import once
from cycle.typed import fill, shows_typed
from dossiers import drafts
from dossiers.forms.fields import PlainPart, refuse
from dossiers.law.conditions import ConditionNotMet
from dossiers.lists.filters import seek
from dossiers.lists.potential import Filters, Potentials
from dossiers.models import Potential, PotentialState
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
        },
    )


@login_required
@shows_typed
@drafts.keeps_page
@once
def potential_one(request: SignedIn, pk: int) -> HttpResponseBase:
    """One of them: what the survey says, what became of it, and the way on."""
    potential = get_object_or_404(
        Potential.objects.visible_to(request.user).select_related(
            "commune", "dossier__cycle", "batch", "closed_by"
        ),
        pk=pk,
    )
    if not rules.has_perm("dossiers.keep_potential", request.user, potential):
        if request.method == "POST":
            page = {"act": {"label": _("Sửa sản phẩm tiềm năng")}}
            return render(request, "dossiers/not_allowed.html", page, status=403)
        return render(request, "dossiers/potential.html", {"potential": potential, "form": None})
    form = WhyForm(request.POST or None)
    fill(form, request.typed)
    if request.method == "POST" and form.is_valid() and _do(request, form, potential):
        return redirect("dossiers:potential_one", potential.pk)
    return render(
        request,
        "dossiers/potential.html",
        {
            "potential": potential,
            "form": form if potential.state != PotentialState.BEGUN else None,
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
