"""Long work that I asked for: how far it is, what came of it."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _

from cycle.models import Job, JobState

ROWS = 25

#: What each kind of job is called on a page.
KINDS = {
    "recalculate_terms": _("Tính lại thời hạn theo lịch nghỉ"),
    "councils.apply": _("Thi hành kết quả đợt đánh giá"),
    "stock.check": _("Kiểm tra danh sách sản phẩm đã công nhận"),
    "stock.commit": _("Ghi danh sách sản phẩm đã công nhận"),
}


def _mine(user):
    """My jobs; everybody's for whom the administration lets look at jobs."""
    if user.has_perm("cycle.view_job"):
        return Job.objects.all()
    return Job.objects.filter(by=user)


def named(job):
    """The job with what a page calls it, and whether it still waits."""
    job.title = KINDS.get(job.kind, job.kind)
    job.waits = job.state in (JobState.QUEUED, JobState.RUNNING)
    return job


@login_required
def job_list(request):
    """My jobs, the newest first."""
    jobs = _mine(request.user).select_related("by").order_by("-pk")
    page = Paginator(jobs, ROWS).get_page(request.GET.get("page"))
    return render(
        request, "dossiers/job_list.html", {"page": page, "jobs": [named(job) for job in page]}
    )


@login_required
def job(request, pk):
    """One job: a bar while it runs, then its result; the page asks again by itself."""
    job = named(get_object_or_404(_mine(request.user).select_related("by"), pk=pk))
    fragment = request.htmx and not request.htmx.boosted
    return render(
        request, "dossiers/job_progress.html" if fragment else "dossiers/job.html", {"job": job}
    )
