"""The register of overdue work."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import render

from cycle.steps import Step
from dossiers.register import Clock, Filters, OverdueRegister, Standing


@login_required
def register(request):
    """What is late in my area, by step, unit, officer and month (sổ theo dõi quá hạn)."""
    filters = Filters.of(request.GET)
    return render(
        request,
        "dossiers/register.html",
        {
            "page": OverdueRegister(request.user, filters),
            "filters": filters,
            "steps": Step,
            "standings": Standing,
            "clocks": Clock,
        },
    )
