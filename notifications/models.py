"""Who was told what, and how it went out."""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.fields.json import KeyTextTransform
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cycle import site
from cycle.models import HistoryEntry, Stream, User
from dossiers.models import ActBatchRow

if TYPE_CHECKING:
    from collections.abc import Collection


class Channel(models.TextChoices):
    """How a message leaves the system (kênh); in the system itself it is always shown."""

    EMAIL = "email", _("Thư điện tử")
    WEBHOOK = "webhook", _("Cổng tin nhắn (SMS, Zalo)")


class NotificationQuerySet(models.QuerySet):
    """Notifications, read or not."""

    def unread(self) -> Self:
        """Not yet read."""
        return self.filter(read_at=None)

    def each_once(self) -> Self:
        """Of acts done together on one paper (``together``) one for a person and event, as they get
        one letter: the newest, so that it is unread as long as one of them is.
        """
        stroke, event = KeyTextTransform("together", "entry__data"), "entry__event"
        newer = (
            Notification.objects.annotate(stroke=stroke)
            .filter(recipient=OuterRef("recipient"), pk__gt=OuterRef("pk"))
            .filter(stroke=OuterRef("stroke"), entry__event=OuterRef(event))
        )
        # Most name no batch: of those nothing is looked for.
        found = self.annotate(stroke=stroke)
        return found.filter(Q(stroke=None) | ~Exists(newer.order_by()))

    def told_with(self, *rows: Notification) -> Self:
        """``rows``, of one person, with what each of them stands for (:meth:`each_once`)."""
        found = Q(pk__in=[row.pk for row in rows])
        for row in rows:
            if "together" in row.entry.data:
                found |= Q(
                    recipient=row.recipient_id,
                    entry__event=row.entry.event,
                    entry__data__together=row.entry.data["together"],
                )
        return self.filter(found)

    def of_strokes(self, batches: Collection[int]) -> Self:
        """Those of acts that were done together in these batches. By the rows of the batches: no
        index knows the key in an entry's data.
        """
        rows = ActBatchRow.objects.filter(batch__in=batches).order_by()
        return self.filter(
            entry__stream=Stream.DOSSIER,
            entry__stream_id__in=rows.values("dossier"),
            entry__data__together__in=list(batches),
        )


class Notification(models.Model):
    """One entry of the record told to one person (thông báo). The text is made when it is shown."""

    entry = models.ForeignKey(HistoryEntry, models.PROTECT, related_name="notifications")
    recipient = models.ForeignKey(User, models.PROTECT, related_name="notifications")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("thông báo")
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["recipient", "-id"], name="notification_bell", condition=Q(read_at=None)
            ),
            models.Index(fields=["recipient", "-id"], name="notification_list"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["entry", "recipient"], name="notification_once")
        ]

    def __str__(self) -> str:
        return f"{self.entry.event} → {self.recipient}"


class Preference(models.Model):
    """Which channels a person wants (lựa chọn nhận tin). Without a row: the defaults below."""

    user = models.OneToOneField(User, models.CASCADE, related_name="preference")
    email = models.BooleanField(_("nhận thư điện tử"), default=True)
    webhook = models.BooleanField(_("nhận tin nhắn"), default=False)
    digest = models.BooleanField(
        _("gộp thư thành một bản «Hôm nay» mỗi sáng"),
        default=False,
        help_text=_(
            "Một thư lúc 7 giờ các ngày làm việc, thay cho từng thư: việc đến hạn hôm nay, việc "
            "quá hạn, việc mới, việc đang chờ."
        ),
    )
    weekly = models.BooleanField(
        _("nhận báo cáo tuần của đơn vị"),
        default=True,
        help_text=_("Dành cho lãnh đạo: một trang PDF gửi qua thư vào cuối tuần."),
    )

    class Meta:
        verbose_name = _("lựa chọn nhận tin")

    def __str__(self) -> str:
        return str(self.user)


class Digest(models.Model):
    """What a person who asked for it is told in the morning (bản «Hôm nay»): one a day.

    What it says is made as it is sent and kept nowhere: it names people, and what is erased of them
    must not stay here. Without a delivery there was nothing to say.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="digests")
    day = models.DateField(_("ngày"))
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("bản «Hôm nay»")
        ordering = ["-day", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "day"], name="digest_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.day:%d/%m/%Y}"


class WeeklySummary(models.Model):
    """The page that a leader gets at the end of a week (báo cáo tuần): one a week.

    ``figures`` are those of the moment it was made, so a second try sends the same page.
    """

    leader = models.ForeignKey(User, models.PROTECT, related_name="weekly_summaries")
    week_on = models.DateField(_("tuần từ ngày"))
    created_at = models.DateTimeField()
    figures = models.JSONField(_("số liệu"))

    class Meta:
        verbose_name = _("báo cáo tuần")
        ordering = ["-week_on", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["leader", "week_on"], name="summary_once_a_week"),
        ]

    def __str__(self) -> str:
        return f"{self.leader} {self.week_on:%d/%m/%Y}"


class DeliveryState(models.TextChoices):
    """How far a message has come."""

    PENDING = "pending", _("Chờ gửi")
    SENT = "sent", _("Đã gửi")
    INCIDENT = "incident", _("Không gửi được")
    #: Nothing to do: its reader may no longer read it, or it is no longer so.
    LAPSED = "lapsed", _("Không còn gửi")


def new_message_id() -> str:
    """A Message-ID that no other installation gives to another message."""
    return f"<{uuid.uuid4().hex}@{_host()}>"


def _host() -> str:
    return urlsplit(site.address()).hostname or "localhost"


class Delivery(models.Model):
    """A message on its way out by one channel (lần gửi): a notification, a digest or a summary.

    ``next_at`` is when it may be tried (again), and while one worker tries, until when the others
    leave it. ``message_id`` is the same for every try, so a reader's mailbox knows a repeat.
    """

    notification = models.ForeignKey(
        Notification, models.PROTECT, null=True, related_name="deliveries"
    )
    digest = models.ForeignKey(Digest, models.PROTECT, null=True, related_name="deliveries")
    summary = models.ForeignKey(WeeklySummary, models.PROTECT, null=True, related_name="deliveries")
    channel = models.CharField(max_length=10, choices=Channel)
    message_id = models.CharField(max_length=120, unique=True, default=new_message_id)
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.PENDING)
    attempts = models.PositiveSmallIntegerField(_("số lần thử"), default=0)
    next_at = models.DateTimeField()
    sent_at = models.DateTimeField(_("gửi lúc"), null=True)
    error = models.TextField(_("lỗi"), blank=True)

    class Meta:
        verbose_name = _("lần gửi")
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["next_at"], name="delivery_due", condition=Q(state="pending")),
            models.Index(fields=["-id"], name="delivery_incidents", condition=Q(state="incident")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["notification", "channel"], name="delivery_once"),
            models.UniqueConstraint(fields=["digest", "channel"], name="delivery_of_digest_once"),
            models.UniqueConstraint(fields=["summary", "channel"], name="delivery_of_summary_once"),
            models.CheckConstraint(
                condition=Q(notification__isnull=False, digest=None, summary=None)
                | Q(notification=None, digest__isnull=False, summary=None)
                | Q(notification=None, digest=None, summary__isnull=False),
                name="delivery_of_one_thing",
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="delivery_sent_when"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.message_id}"

    @property
    def recipient(self) -> User:
        """To whom it goes."""
        if self.notification:
            return self.notification.recipient
        return self.digest.user if self.digest else self.summary.leader  # type: ignore[union-attr]

    @property
    def fared(self) -> str | Promise:
        """How far it has come, as pages say it; a letter that had left and has failed came back."""
        if self.state == DeliveryState.INCIDENT and self.sent_at:
            return _("Bị trả lại")
        if self.state == DeliveryState.PENDING and self.error:
            return _("Sẽ gửi lại")
        return self.get_state_display()

    @property
    def goes_again(self) -> bool:
        """Whether it can be sent again: what waits goes by itself, what lapsed is no longer so."""
        return self.state in (DeliveryState.SENT, DeliveryState.INCIDENT)

    @property
    def thread(self) -> str:
        """The Message-ID that all letters of one dossier or round answer, so that a mailbox keeps
        them together; "" of other letters. No letter has it itself: whoever is told later, or of a
        part, has the same thread.
        """
        entry = self.notification.entry if self.notification else None
        if entry is None or entry.stream not in (Stream.DOSSIER, Stream.ROUND):
            return ""
        return f"<{entry.stream}-{entry.stream_id}@{_host()}>"


class Heartbeat(models.Model):
    """When work that runs by itself last began and ended (nhịp chạy nền), and what it did."""

    name = models.CharField(max_length=40, primary_key=True)
    started_at = models.DateTimeField(_("bắt đầu lúc"))
    finished_at = models.DateTimeField(_("xong lúc"), null=True)
    result = models.JSONField(_("kết quả"), default=dict)
    error = models.TextField(_("lỗi"), blank=True)

    class Meta:
        verbose_name = _("nhịp chạy nền")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class AlarmQuerySet(models.QuerySet):
    """What is or was wrong with the installation."""

    def open(self) -> Self:
        """What is wrong now."""
        return self.filter(ended_at=None)


class Alarm(models.Model):
    """Something wrong with the installation, while it lasted (báo động): ``question`` and ``key``
    tell which, ``what`` says it as it was last seen. The administrators are written to when it
    began and when it ended.
    """

    question = models.CharField(max_length=40)
    key = models.CharField(max_length=80, blank=True)
    what = models.TextField(_("điều hỏng"))
    advice = models.TextField(_("cách khắc phục"), blank=True)
    began_at = models.DateTimeField(_("từ lúc"))
    ended_at = models.DateTimeField(_("hết lúc"), null=True)
    told_at = models.DateTimeField(_("báo lúc"), null=True)
    end_told_at = models.DateTimeField(_("báo hết lúc"), null=True)

    objects = AlarmQuerySet.as_manager()

    class Meta:
        verbose_name = _("báo động")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["question", "key"], name="alarm_once", condition=Q(ended_at=None)
            ),
            models.CheckConstraint(
                name="alarm_ends_after_it_began",
                condition=Q(ended_at=None) | Q(ended_at__gte=models.F("began_at")),
            ),
        ]

    def __str__(self) -> str:
        return self.what


def new_token() -> str:
    """A random token for a secret address."""
    return secrets.token_urlsafe(32)


class CalendarFeed(models.Model):
    """The secret address of a person's due days (lịch iCalendar). A new token ends the old one."""

    user = models.OneToOneField(User, models.CASCADE, related_name="calendar_feed")
    token = models.CharField(max_length=60, unique=True, default=new_token)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("lịch iCalendar")

    def __str__(self) -> str:
        return str(self.user)
