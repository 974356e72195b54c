"""Split communes: which successor gets which producer (phân sản phẩm của xã đã chia tách)."""

from __future__ import annotations

from typing import Any

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from cycle.asking import SignedIn
from cycle.models import OrgUnit
from cycle.once import once
from cycle.typed import fill, shows_typed
from dossiers import drafts
from dossiers.models import Potential, Producer
from dossiers.office import allotting
from dossiers.office.forms.split import AllotForm
from dossiers.refused import not_allowed


@login_required
def split_list(request: SignedIn) -> HttpResponseBase:
    """The split communes that I am told of, each with how many of its producers wait."""
    rows = allotting.split_rows(request.user)
    if not rows and not rules.has_perm("dossiers.allot", request.user):
        raise Http404
    return render(request, "dossiers/split_list.html", {"rows": rows})


def _with_products(producers: Any) -> Any:
    return producers.prefetch_related(Prefetch("products", allotting.MADE))


@login_required
@shows_typed
@drafts.keeps_page
@once
def split_one(request: SignedIn, pk: int) -> HttpResponseBase:
    """One split commune: who waits, to whom each goes; shown once more, then done."""
    unit = get_object_or_404(allotting.split_units(request.user), pk=pk)
    may = rules.has_perm("dossiers.allot", request.user)
    if request.method == "POST" and not may:
        return _not_allowed(request)
    waits, found = allotting.waiting(unit.pk), allotting.waiting_potential(unit.pk)
    form = None
    if may:
        asked = _with_products(waits)[: allotting.AT_ONCE]
        form = AllotForm(
            request.POST or None,
            request.FILES or None,
            unit=unit,
            producers=asked,
            potentials=found[: allotting.AT_ONCE],
            by=request.user,
        )
    page = {
        "unit": unit,
        "count": waits.count(),
        "count_found": found.count(),
        "waiting": [*waits[: allotting.AT_ONCE], *found[: allotting.AT_ONCE]],
        "allotted": allotting.allotted(unit),
        "allotted_found": allotting.allotted_potential(unit),
        "may": may,
    }
    return _asked(request, form, unit, page)


@login_required
@shows_typed
@drafts.keeps_page
@once
def split_correct(request: SignedIn, pk: int, producer_pk: int) -> HttpResponseBase:
    """One producer that was allotted wrongly, with a reason."""
    unit = get_object_or_404(allotting.split_units(request.user), pk=pk)
    row = get_object_or_404(allotting.allotted(unit), producer=producer_pk)
    if not rules.has_perm("dossiers.allot", request.user):
        return _not_allowed(request)
    assert row.producer_id is not None, "allotted() are of producers"
    maker = _with_products(Producer.objects.filter(pk=row.producer_id))
    form = AllotForm(
        request.POST or None,
        request.FILES or None,
        unit=unit,
        producers=maker,
        by=request.user,
        corrects=row,
    )
    return _asked(request, form, unit, {"unit": unit, "row": row, "may": True})


@login_required
@shows_typed
@drafts.keeps_page
@once
def split_potential(request: SignedIn, pk: int, potential_pk: int) -> HttpResponseBase:
    """One potential product that was allotted wrongly, with a reason."""
    unit = get_object_or_404(allotting.split_units(request.user), pk=pk)
    row = get_object_or_404(allotting.allotted_potential(unit), potential=potential_pk)
    if not rules.has_perm("dossiers.allot", request.user):
        return _not_allowed(request)
    assert row.potential_id is not None, "allotted_potential() are of potential products"
    found = Potential.objects.filter(pk=row.potential_id)
    form = AllotForm(
        request.POST or None,
        request.FILES or None,
        unit=unit,
        producers=[],
        potentials=found,
        by=request.user,
        corrects=row,
    )
    return _asked(request, form, unit, {"unit": unit, "row": row, "may": True})


def _not_allowed(request: SignedIn) -> HttpResponseBase:
    return not_allowed(request, _("Phân sản phẩm của xã đã chia tách"))


def _asked(
    request: SignedIn, form: AllotForm | None, unit: OrgUnit, page: dict[str, Any]
) -> HttpResponseBase:
    """Show the form; once it is right what it will do; then do it."""
    if form is not None:
        fill(form, request.typed)
    if form is not None and form.is_valid() and "edit" not in request.POST:
        if request.POST.get("confirmed") != form.seal:
            if form.allowed(request.user):
                page |= {"preview": form.choices(), "preview_found": form.potentials()}
        elif (done := form.save(request.user)) is not None:
            messages.success(request, _("Đã phân %(n)d chủ thể, sản phẩm tiềm năng.") % {"n": done})
            return redirect("dossiers:split_one", unit.pk)
    return render(request, "dossiers/split_one.html", page | {"form": form})
