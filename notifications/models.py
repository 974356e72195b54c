"""Who was told what, and how it went out."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cycle.models import HistoryEntry, User


class Channel(models.TextChoices):
    """How a message leaves the system (kênh); in the system itself it is always shown."""

    EMAIL = "email", _("Thư điện tử")
    WEBHOOK = "webhook", _("Cổng tin nhắn (SMS, Zalo)")


class NotificationQuerySet(models.QuerySet):
    def unread(self):
        """Not yet read."""
        return self.filter(read_at=None)


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

    def __str__(self):
        return f"{self.entry.event} → {self.recipient}"


class Preference(models.Model):
    """Which channels a person wants (lựa chọn nhận tin). Without a row: e-mail, if there is one."""

    user = models.OneToOneField(User, models.CASCADE, related_name="preference")
    email = models.BooleanField(_("nhận thư điện tử"), default=True)
    webhook = models.BooleanField(_("nhận tin nhắn"), default=False)
    digest = models.BooleanField(_("chỉ nhận bản tổng hợp «hôm nay» mỗi sáng"), default=False)

    class Meta:
        verbose_name = _("lựa chọn nhận tin")

    def __str__(self):
        return str(self.user)


class DeliveryState(models.TextChoices):
    """How far a message has come."""

    PENDING = "pending", _("Chờ gửi")
    SENT = "sent", _("Đã gửi")
    INCIDENT = "incident", _("Không gửi được")


class Delivery(models.Model):
    """A notification on its way out by one channel (lần gửi).

    ``next_at`` is when it may be tried (again), and while one worker tries, until when the others
    leave it. ``message_id`` is the same for every try, so a reader's mailbox knows a repeat.
    """

    notification = models.ForeignKey(Notification, models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=10, choices=Channel)
    message_id = models.CharField(max_length=120, unique=True)
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.PENDING)
    attempts = models.PositiveSmallIntegerField(_("số lần thử"), default=0)
    next_at = models.DateTimeField()
    sent_at = models.DateTimeField(_("gửi lúc"), null=True)
    error = models.TextField(_("lỗi"), blank=True)

    class Meta:
        verbose_name = _("lần gửi")
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["next_at"], name="delivery_due", condition=Q(state="pending"))
        ]
        constraints = [
            models.UniqueConstraint(fields=["notification", "channel"], name="delivery_once"),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="delivery_sent_when"
            ),
        ]

    def __str__(self):
        return f"{self.channel} {self.message_id}"
