"""Pages of background jobs: progress and result."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render

from cycle.asking import SignedIn
from dossiers.office.lists import job_list as mine
from dossiers.office.lists import my_jobs

ROWS = 25


@login_required
def job_list(request: SignedIn) -> HttpResponseBase:
    """My jobs, the newest first."""
    page = mine(request.user).page(request.GET.get("page"), ROWS)
    return render(request, "dossiers/job_list.html", {"page": page, "jobs": page})


@login_required
def job(request: SignedIn, pk: int) -> HttpResponseBase:
    """One job: a bar while it runs, then its result; the page refreshes itself."""
    job = get_object_or_404(my_jobs(request.user).select_related("by"), pk=pk)
    fragment = request.htmx and not request.htmx.boosted
    return render(
        request, "dossiers/job_progress.html" if fragment else "dossiers/job.html", {"job": job}
    )
