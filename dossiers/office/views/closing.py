"""The pages that close a year: what stands in the way, what goes on, and the figures (báo cáo)."""

from __future__ import annotations

import rules
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from cycle.asking import SignedIn
from cycle.models import Cycle
from cycle.once import once, unrecorded
from cycle.typed import fill, shows_typed
from dossiers.forms.fields import refuse
from dossiers.office import closing
from dossiers.office.forms.year import CloseForm
from dossiers.office.lists import support_rows
from dossiers.office.reports import rows_of

ROWS = 25


def _year(may: bool, pk: int) -> Cycle:
    """The year, for who ``may``; Http404 for anybody else."""
    if not may:
        raise Http404
    return get_object_or_404(Cycle.objects.select_related("rule_set"), pk=pk)


@login_required
@shows_typed
@once
def cycle_close(request: SignedIn, pk: int) -> HttpResponseBase:
    """Close a year: first what must be done, then what goes on, then the day and why."""
    year = _year(closing.may_close(request.user), pk)
    if year.closed_on is not None:
        return unrecorded(redirect("dossiers:cycle_report", pk))
    open_still = (
        closing.unfinished(year).select_related("product__producer", "commune").order_by("pk")
    )
    page = Paginator(open_still, ROWS).get_page(request.GET.get("page"))
    found = closing.obstacles(year)
    form = CloseForm(request.POST or None, cycle=year, unfinished=page.paginator.count)
    fill(form, request.typed)
    if form.is_valid():
        try:
            job = closing.ask_close(
                year,
                into=form.cleaned_data.get("into"),
                closed_on=form.cleaned_data["closed_on"],
                reason=form.cleaned_data["reason"].strip(),
                by=request.user,
            )
        except ValidationError as refused:
            refuse(form, refused)
        else:
            return redirect("dossiers:job", job.pk)
    return render(
        request,
        "dossiers/cycle_close.html",
        {"cycle": year, "form": form, "obstacles": found, "page": page},
    )


@login_required
@require_safe
def cycle_report(request: SignedIn, pk: int) -> HttpResponseBase:
    """The figures of a year, for paper too: as they were frozen when it was closed, else as they
    are counted now.
    """
    year = _year(rules.has_perm("dossiers.see_year", request.user), pk)
    frozen = closing.closing_of(year)
    figures = closing.report_of(year)
    return render(
        request,
        "dossiers/cycle_report.html",
        {
            "cycle": year,
            "frozen": frozen,
            "rows": rows_of(figures),
            "communes": figures["by_commune"],
            "support": support_rows(year, figures),
            "may": closing.may_close(request.user),
        },
    )
