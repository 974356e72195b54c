"""Faults of stored files, as they were met; shown on the operations page."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class FaultKind(models.TextChoices):
    """What was wrong with a file."""

    MISSING = "missing", _("không còn trên máy chủ")
    DIFFERS = "differs", _("nội dung khác với lúc nộp")
    UNREADABLE = "unreadable", _("máy chủ không đọc được")
    NOT_STORED = "not_stored", _("máy chủ không lưu được tệp mới")


class FileFault(models.Model):
    """A file that a row names and that could not be handed over (tệp hỏng, mất).

    ``sha256`` is empty for files that could not be stored. ``files.collect`` deletes the row when
    the file is right again.
    """

    sha256 = models.CharField(max_length=64, unique=True, blank=True)
    kind = models.CharField(max_length=12, choices=FaultKind)
    first_seen_at = models.DateTimeField(_("thấy lần đầu lúc"))
    seen_at = models.DateTimeField(_("thấy lần cuối lúc"))

    class Meta:
        verbose_name = _("tệp hỏng, mất")
        ordering = ["-seen_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="file_fault_kind_known", condition=models.Q(kind__in=FaultKind.values)
            )
        ]

    def __str__(self) -> str:
        return f"{self.sha256[:12]}: {self.get_kind_display()}"
