"""Forms that were sent, each recorded once: what makes the same form sent again write nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class SentForm(models.Model):
    """A form of one page that was sent and recorded (biểu mẫu đã gửi); written by cycle/once.py."""

    #: A hash of the token of the page that was shown and of the form's address.
    key = models.CharField(max_length=40, primary_key=True)
    #: A hash of what was typed: it tells whether it was changed before it was sent again.
    content = models.CharField(max_length=40)
    #: A hash of who sent it, where to, and ``content``: after the browser's Back the page is
    #: another one. Empty: not asked about.
    alike = models.CharField(max_length=40, blank=True, default="", db_default="")
    #: The address that the sender was led to, of what was made.
    leads_to = models.TextField(blank=True)
    at = models.DateTimeField(_("lúc"))
    #: The newest history entry before it was recorded, and then: its own are between the two. None:
    #: sent before this was kept.
    after_entry = models.BigIntegerField(null=True, editable=False)
    last_entry = models.BigIntegerField(null=True, editable=False)

    class Meta:
        verbose_name = _("biểu mẫu đã gửi")
        verbose_name_plural = _("biểu mẫu đã gửi")
        indexes = [
            models.Index(fields=["alike", "at"], name="sent_alike", condition=~models.Q(alike=""))
        ]

    def __str__(self) -> str:
        return f"{self.at}: {self.leads_to}"

    @classmethod
    def forget(cls, now: datetime) -> None:
        """Delete the rows that are older than a session: their pages can send nothing any more."""
        age = timedelta(seconds=settings.SESSION_COOKIE_AGE)
        cls.objects.filter(at__lte=now - age).delete()
