"""A year that was closed, and its figures as they stood then (đóng chu trình, chốt số liệu)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from cycle import guards
from cycle.models import Cycle, User


class YearClosing(models.Model):
    """A year is closed (đóng chu trình): its figures as they stood, frozen. Insert-only.

    ``figures`` is what the report prints; ``sha256`` is of their canonical text, and stands in the
    line of history too. What was not finished went on ``into`` another year: ``carried`` of them.
    The database refuses the row while a dossier of the year is at work (``year_closing_finished``).
    A year that was opened again and closed anew has another row; of an open year none counts.
    """

    cycle = models.ForeignKey(
        Cycle, models.PROTECT, related_name="closings", verbose_name=_("chu trình")
    )
    into = models.ForeignKey(
        Cycle,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("chuyển tiếp sang chu trình"),
    )
    carried = models.PositiveIntegerField(_("số hồ sơ chuyển tiếp"))
    figures = models.JSONField(_("số liệu"))
    #: Of the figures, not of a file.
    sha256 = models.CharField(max_length=64)
    made_by = models.ForeignKey(User, models.PROTECT, editable=False, related_name="+")
    made_at = models.DateTimeField(_("lúc"), editable=False)

    class Meta:
        verbose_name = _("lần đóng chu trình")
        verbose_name_plural = _("các lần đóng chu trình")
        ordering = ["pk"]
        triggers = [guards.Immutable(name="year_closing_stays")]

    def __str__(self) -> str:
        return f"{self.cycle}, {self.made_at:%d/%m/%Y}"

    @property
    def is_whole(self) -> bool:
        """Whether the figures are those that were frozen."""
        return frozen(self.figures) == self.sha256


def frozen(figures: dict[str, Any]) -> str:
    """The hash of ``figures``: two that print alike have the same."""
    text = json.dumps(figures, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
