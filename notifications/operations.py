"""How the system fares (vận hành): what did not go out, what waits, when work last ran."""

from datetime import timedelta

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from cycle import clock
from cycle.models import FileFault, Job, JobState, OutboxMessage
from cycle.running.waking import wake
from notifications.delivery import resend
from notifications.letters import title_of_term
from notifications.models import Delivery, DeliveryState, Heartbeat

#: More than this are counted, not listed.
SHOWN = 50
#: A beat that has not been seen for so long is missed.
MISSED = timedelta(minutes=5)

#: What comes once a night.
MISSED_NIGHT = timedelta(hours=26)

BEATS = {
    "keep_time": _("Theo dõi thời hạn, báo tin"),
    "send_letters": _("Gửi thư, tin nhắn"),
    "collect_files": _("Dọn tệp hằng đêm"),
}
NIGHTLY = frozenset({"collect_files"})
KINDS = {"recalculate_terms": _("Tính lại thời hạn theo lịch nghỉ")}

WAITING = (
    _("Sự kiện chờ báo"),
    _("Tin chờ gửi"),
    _("Tin sẽ gửi lại sau lỗi"),
    _("Việc chạy nền chờ"),
)
BACKLOG = """
SELECT
  (SELECT count(*) FROM cycle_outboxmessage WHERE dispatched_at IS NULL AND error = ''),
  count(*), count(*) FILTER (WHERE error <> ''),
  (SELECT count(*) FROM cycle_job WHERE state IN ('queued', 'running'))
FROM notifications_delivery WHERE state = 'pending'
"""


class Operations:
    """The page's facts, each list bounded."""

    def __init__(self):
        self.now = clock.now()
        #: What the last night's work on files did, once the beats are read.
        self.collected = None

    def beats(self):
        """Each beat: when it was last seen, and whether it is missed."""
        seen = Heartbeat.objects.in_bulk()
        if night := seen.get("collect_files"):
            self.collected = night.result.get("files")
        return [
            {
                "label": label,
                "beat": seen.get(name),
                "missed": name not in seen or seen[name].started_at < self.now - _missed(name),
            }
            for name, label in BEATS.items()
        ]

    def backlog(self):
        """What waits, by name; one query."""
        with connection.cursor() as cursor:
            cursor.execute(BACKLOG)
            return list(zip(WAITING, cursor.fetchone(), strict=True))

    def incidents(self):
        """Messages that will not be tried again by themselves, the latest first."""
        deliveries, more = self._bounded(
            Delivery.objects.filter(state=DeliveryState.INCIDENT)
            .select_related(
                "notification__entry", "notification__recipient", "digest__user", "summary__leader"
            )
            .order_by("-pk")
        )
        for delivery in deliveries:
            if delivery.notification:
                delivery.about = about(delivery.notification.entry)
        return deliveries, more

    def untold(self):
        """Entries whose audience could not be found."""
        messages, more = self._bounded(
            OutboxMessage.objects.filter(dispatched_at=None)
            .exclude(error="")
            .select_related("entry")
            .order_by("-pk")
        )
        for message in messages:
            message.about = about(message.entry)
        return messages, more

    def failed_jobs(self):
        """Long work that ended in an error."""
        jobs, more = self._bounded(Job.objects.filter(state=JobState.FAILED).select_related("by"))
        for job in jobs:
            job.label = KINDS.get(job.kind, job.kind)
        return jobs, more

    def file_faults(self):
        """Files that could not be handed over or stored, the latest first."""
        return self._bounded(FileFault.objects.all())

    def _bounded(self, rows):
        rows = list(rows[: SHOWN + 1])
        return rows[:SHOWN], len(rows) > SHOWN


def _missed(name):
    return MISSED_NIGHT if name in NIGHTLY else MISSED


def about(entry):
    """What an entry says of what, in a few words."""
    return f"{title_of_term(entry.data.get('code'), entry.label)}: {entry.sentence}"


def resend_incidents(pk=None):
    """Send again: one incident, or all; returns how many."""
    return _again(resend(_one(Delivery.objects.all(), pk)), "notifications.jobs.send_letters")


def tell_again(pk=None):
    """Look for the audience of failed entries again; returns how many."""
    messages = OutboxMessage.objects.filter(dispatched_at=None).exclude(error="")
    return _again(_one(messages, pk).update(error=""), "notifications.jobs.keep_time")


def run_again(pk=None):
    """Queue failed jobs again; returns how many."""
    jobs = _one(Job.objects.filter(state=JobState.FAILED), pk)
    return _again(
        jobs.update(state=JobState.QUEUED, error="", finished_at=None), "cycle.jobs.run_jobs"
    )


def _one(rows, pk):
    return rows if pk is None else rows.filter(pk=pk)


def _again(count, name):
    transaction.on_commit(lambda: wake(name))
    return count
