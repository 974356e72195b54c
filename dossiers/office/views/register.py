"""The register of overdue terms, and the list of certificates that end soon."""

from django.contrib.auth.decorators import login_required
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cycle.asking import SignedIn
from cycle.steps import Step
from dossiers.lists.ending import Ending
from dossiers.lists.ending import Filters as EndingFilters
from dossiers.lists.overdue import Clock, Filters, OverdueRegister, Standing
from dossiers.models import Certificate


@login_required
def register(request: SignedIn) -> HttpResponseBase:
    """The overdue terms in the user's area, with sums (sổ theo dõi quá hạn)."""
    filters = Filters.of(request.GET)
    return render(
        request,
        "dossiers/register.html",
        {
            "page": OverdueRegister(request.user, filters),
            "filters": filters,
            "steps": Step,
            "standings": Standing.choices,
            "clocks": Clock.choices,
        },
    )


@login_required
@require_safe
def ending_certificates(request: SignedIn) -> HttpResponseBase:
    """The certificates in the user's area that end, and when to file for re-evaluation."""
    page = Ending(request.user, EndingFilters.of(request.GET))
    terms = page.rows()
    given = Certificate.objects.with_validity().in_bulk([term.certificate_id for term in terms])
    rows = [
        {
            "term": term,
            "commune": term.dossier.commune,
            "certificate": given[term.certificate_id],
            "left": (term.due_on - page.today).days,
        }
        for term in terms
    ]
    return render(
        request, "dossiers/ending.html", {"page": page, "rows": rows, "today": page.today}
    )
