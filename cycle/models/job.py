"""Background jobs: asked for on a page, done by a worker, shown with their result."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self, TypeVar

import structlog
from django.db import InterfaceError, OperationalError, connection, models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cycle import clock
from cycle.models.history import HistoryEntry
from cycle.models.office import Office
from cycle.models.organisation import User
from cycle.running.waking import wake

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.utils.functional import Promise

    _Work = TypeVar("_Work", bound=Callable[["Job"], dict[str, Any] | None])

log = structlog.get_logger(__name__)

#: So many times a job is begun that comes no further: then it has failed.
ATTEMPTS = 5
#: What is wrong with a job that never came to its end, as when it kills its worker.
NEVER_ENDED = _("Máy chủ dừng giữa chừng mỗi lần chạy việc này.")

_kinds: dict[str, Callable[[Job], dict[str, Any] | None]] = {}
_titles: dict[str, str | Promise] = {}


def job_kind(name: str, title: str | Promise | None = None) -> Callable[[_Work], _Work]:
    """Register the function ``work(job)`` that does jobs of the kind ``name``; it may run twice.

    ``title`` is shown on pages.
    """

    def register(work: _Work) -> _Work:
        _kinds[name] = work
        _titles[name] = title or name
        return work

    return register


def kinds() -> set[str]:
    """The names of the registered kinds of jobs."""
    return set(_kinds)


class JobQuerySet(models.QuerySet["Job"]):
    """Jobs: asking for one, and finding those that wait."""

    def waiting(self) -> Self:
        """Jobs that are not finished and that no living worker is doing."""
        return self.filter(state__in=[JobState.QUEUED, JobState.RUNNING])

    def ask(self, kind: str, *, by: User | None, **params: Any) -> Job:
        """Queue a job and wake a worker once this transaction has committed."""
        job = self.create(kind=kind, params=params, by=by, created_at=clock.now())
        transaction.on_commit(lambda: wake("cycle.jobs.run_jobs"))
        return job


class JobState(models.TextChoices):
    """The states of a job (trạng thái)."""

    QUEUED = "queued", _("Chờ chạy")
    RUNNING = "running", _("Đang chạy")
    DONE = "done", _("Xong")
    FAILED = "failed", _("Lỗi")


class Job(models.Model):
    """A background job (việc chạy nền) with progress, result or error.

    ``attempts``: how often it was begun since it last came further; ``last_error``: why the last of
    them was given up. After :data:`ATTEMPTS` it has failed, which whoever asked for it is told.
    """

    kind = models.CharField(_("việc"), max_length=40)
    params = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=JobState, default=JobState.QUEUED)
    done = models.PositiveIntegerField(_("đã làm"), default=0)
    total = models.PositiveIntegerField(_("tổng số"), default=0)
    result = models.JSONField(default=dict)
    error = models.TextField(_("lỗi"), blank=True)
    attempts = models.PositiveSmallIntegerField(_("số lần thử"), default=0, db_default=0)
    last_error = models.TextField(_("lỗi lần trước"), blank=True, default="", db_default="")
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="jobs")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("việc chạy nền")
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["created_at"],
                name="job_waiting",
                condition=Q(state__in=["queued", "running"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"

    @property
    def title(self) -> str | Promise:
        """Its title on pages (tên việc); its kind when the code no longer knows it."""
        return _titles.get(self.kind, self.kind)

    @property
    def waits(self) -> bool:
        """Whether it has not ended yet."""
        return self.state in (JobState.QUEUED, JobState.RUNNING)

    @property
    def percent(self) -> int:
        """Its progress in per cent, 0 to 100."""
        return 100 * self.done // self.total if self.total else 0

    def progress(self, done: int, total: int | None = None) -> None:
        """Store the progress; call it outside the work's transactions, to be seen at once."""
        self.done, self.total = done, self.total if total is None else total
        self.save(update_fields=["done", "total"])

    def advance(self) -> None:
        """Count one part of the work that never need be done again. Called in that part's own
        transaction; the attempts before it were not in vain.
        """
        Job.objects.filter(pk=self.pk).update(done=F("done") + 1, attempts=0)

    def run(self) -> None:
        """Do the work and store the result, or the error in words."""
        self.state, self.attempts = JobState.RUNNING, self.attempts + 1
        self.save(update_fields=["state", "attempts"])
        if self.attempts > ATTEMPTS:
            # Each worker that began it was killed, or lost the database before it could say why.
            self._end(JobState.FAILED, self.last_error or str(NEVER_ENDED))
            return
        structlog.contextvars.bind_contextvars(job=self.pk, kind=self.kind, user_id=self.by_id)
        try:
            self.result = _kinds[self.kind](self) or {}
        except (OperationalError, InterfaceError) as error:
            # The database was unreachable or busy: the job stays queued and is run again.
            self.last_error = _said(error)
            log.warning("job_waits", error=self.last_error)
            if not self._given_up():
                raise
            self._end(JobState.FAILED, self.last_error)
        except Exception as error:
            log.exception("job_failed")
            self._end(JobState.FAILED, _said(error))
        else:
            self._end(JobState.DONE)
        finally:
            # These log fields belong to this job only.
            structlog.contextvars.unbind_contextvars("job", "kind", "user_id", "dossier")

    def _given_up(self) -> bool:
        """Keep why this attempt was given up, where the database is there to keep it; returns
        whether it was the last one.
        """
        with suppress(OperationalError, InterfaceError):
            self.save(update_fields=["last_error"])
            self.refresh_from_db(fields=["attempts"])
            return self.attempts >= ATTEMPTS
        return False

    def _end(self, state: str, error: str = "") -> None:
        """Store that it is over; a failure is told to whoever asked for it."""
        self.state, self.error, self.finished_at = state, error, clock.now()
        with transaction.atomic():
            self.save(update_fields=["state", "result", "error", "finished_at"])
            if state == JobState.FAILED and self.by_id is not None:
                HistoryEntry.objects.record("job.fail", Office(str(self.title)), job=self.pk)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:1000]


def run_waiting() -> int:
    """Run every waiting job that no other worker is doing; returns how many.

    A worker holds an advisory lock on the job's id, released when it dies: the next beat then runs
    a killed worker's job again.
    """
    ran = 0
    for job in Job.objects.waiting().order_by("pk"):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [job.pk])
            if not cursor.fetchone()[0]:
                continue
            try:
                job.refresh_from_db()
                if job.state in (JobState.QUEUED, JobState.RUNNING):
                    job.run()
                    ran += 1
            except (OperationalError, InterfaceError) as error:
                # This job stays queued. The next one may need other rows and can run now.
                log.warning("job_waits", job=job.pk, kind=job.kind, error=str(error))
            finally:
                # Raises when the database is gone: then every job stays queued.
                cursor.execute("SELECT pg_advisory_unlock(%s)", [job.pk])
    return ran
