"""Pages of background jobs: progress and result."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render

from cycle.asking import SignedIn
from cycle.models import Job, User

ROWS = 25


def _mine(user: User) -> QuerySet[Job]:
    """The user's own jobs; all of them with the admin's permission to view jobs."""
    if user.has_perm("cycle.view_job"):
        return Job.objects.all()
    return Job.objects.filter(by=user)


@login_required
def job_list(request: SignedIn) -> HttpResponseBase:
    """The user's jobs, the newest first."""
    jobs = _mine(request.user).select_related("by").order_by("-pk")
    page = Paginator(jobs, ROWS).get_page(request.GET.get("page"))
    return render(request, "dossiers/job_list.html", {"page": page, "jobs": page})


@login_required
def job(request: SignedIn, pk: int) -> HttpResponseBase:
    """One job: a bar while it runs, then its result; the page refreshes itself."""
    job = get_object_or_404(_mine(request.user).select_related("by"), pk=pk)
    fragment = request.htmx and not request.htmx.boosted
    return render(
        request, "dossiers/job_progress.html" if fragment else "dossiers/job.html", {"job": job}
    )
