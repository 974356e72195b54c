"""The paper by which a year, or a batch of it, is held."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from cycle import guards
from cycle.files import HashField
from cycle.models import Batch, Cycle, User


class PlanPaper(models.Model):
    """The plan of a year, or of one batch (kế hoạch): number, day, body, who signed, its scan.

    Never changed: another one is another row, and the newest counts.
    """

    cycle = models.ForeignKey(
        Cycle, models.PROTECT, related_name="plans", verbose_name=_("chu trình")
    )
    batch = models.ForeignKey(
        Batch, models.PROTECT, null=True, related_name="plans", verbose_name=_("đợt")
    )
    number = models.CharField(_("số và ký hiệu"), max_length=60)
    signed_on = models.DateField(_("ngày ký"))
    body = models.CharField(_("cơ quan ban hành"), max_length=200)
    signer = models.CharField(_("người ký"), max_length=150)
    sha256 = HashField(blank=True)
    filename = models.CharField(max_length=200, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    made_by = models.ForeignKey(User, models.PROTECT, editable=False, related_name="+")
    made_at = models.DateTimeField(editable=False)

    class Meta:
        verbose_name = _("kế hoạch")
        verbose_name_plural = _("kế hoạch")
        ordering = ["pk"]
        triggers = [guards.Immutable(name="plan_paper_stays")]

    def __str__(self) -> str:
        return f"{self.number}, {self.signed_on:%d/%m/%Y}, {self.body}"
