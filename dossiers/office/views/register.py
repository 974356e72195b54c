"""The register of overdue work, and of certificates that end."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cycle import clock
from cycle.steps import Step
from dossiers.lists.ending import ending
from dossiers.lists.overdue import Clock, Filters, OverdueRegister, Standing
from dossiers.models import Certificate

#: Certificates on a page.
ROWS = 50


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


@login_required
@require_safe
def ending_certificates(request):
    """Which certificates of my area end, and when to file anew (giấy chứng nhận sắp hết hạn)."""
    page = Paginator(ending(request.user), ROWS).get_page(request.GET.get("page"))
    terms = list(page)
    given = Certificate.objects.with_validity().in_bulk([term.certificate_id for term in terms])
    today = clock.today()
    rows = [
        {
            "term": term,
            "commune": term.dossier.commune,
            "certificate": given[term.certificate_id],
            "left": (term.due_on - today).days,
        }
        for term in terms
    ]
    return render(request, "dossiers/ending.html", {"page": page, "rows": rows, "today": today})
