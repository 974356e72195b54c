"""What a page calls long work (việc chạy nền)."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from cycle.models import Job, JobState

#: What each kind of job is called on a page.
KINDS = {
    "recalculate_terms": _("Tính lại thời hạn theo lịch nghỉ"),
    "councils.apply": _("Thi hành kết quả đợt đánh giá"),
    "stock.check": _("Kiểm tra danh sách sản phẩm đã công nhận"),
    "stock.commit": _("Ghi danh sách sản phẩm đã công nhận"),
}


def named(job: Job) -> Any:
    """The job with its ``title``, and whether it still ``waits``."""
    shown: Any = job
    shown.title = KINDS.get(job.kind, job.kind)
    shown.waits = job.state in (JobState.QUEUED, JobState.RUNNING)
    return shown
