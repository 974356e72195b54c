"""The batches of a year in which dossiers are judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cycle import guards
from cycle.models.calendar import Cycle
from cycle.models.organisation import Level

if TYPE_CHECKING:
    from datetime import date

#: Who holds batches: of the commune there is a report, of the centre only a result.
JUDGES_AT = [Level.DISTRICT, Level.PROVINCE]


class Batch(models.Model):
    """A batch of evaluation of a year (đợt đánh giá, phân hạng): its last days and its plan.

    Dossiers whose commune proposed them by ``propose_by`` belong to it; a re-evaluation belongs to
    none. ``decide_by`` is the last day of its decision. The windows of the steps are planned back
    from these days; rounds of councils name the batch they sit in.
    """

    cycle = models.ForeignKey(
        Cycle, models.PROTECT, related_name="batches", verbose_name=_("chu trình")
    )
    number = models.PositiveSmallIntegerField(_("đợt số"))
    level = models.CharField(
        _("cấp đánh giá"),
        max_length=10,
        choices=[(level.value, level.label) for level in JUDGES_AT],
        default=Level.PROVINCE,
    )
    name = models.CharField(_("tên đợt"), max_length=120)
    propose_by = models.DateField(_("ngày cuối nộp hồ sơ"))
    meets_on = models.DateField(_("hội đồng họp ngày"), null=True, blank=True)
    decide_by = models.DateField(_("ngày cuối ra quyết định"))

    class Meta:
        verbose_name = _("đợt đánh giá của năm")
        verbose_name_plural = _("đợt đánh giá của năm")
        ordering = ["cycle", "propose_by", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["cycle", "level", "number"], name="batch_number_once_per_level"
            ),
            # What points at a batch and a cycle points at one of that cycle.
            models.UniqueConstraint(fields=["id", "cycle"], name="batch_id_cycle"),
            models.CheckConstraint(
                condition=Q(decide_by__gt=F("propose_by"))
                & (
                    Q(meets_on=None) | Q(meets_on__gt=F("propose_by"), meets_on__lte=F("decide_by"))
                ),
                name="batch_days_in_order",
            ),
            models.CheckConstraint(
                condition=Q(level__in=[level.value for level in JUDGES_AT]),
                name="batch_level_judges",
            ),
        ]
        triggers = [
            guards.Stays("cycle_id", name="batch_stays"),
            guards.Told(
                name="batch_told",
                stream="cycle",
                of="r.cycle_id",
                columns={"number level name propose_by meets_on decide_by": "cycle.batch"},
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def before(self) -> date | None:
        """The last day of the batch before it at its level, from which its own days begin; None
        for the first.
        """
        earlier = Batch.objects.filter(
            cycle=self.cycle_id, level=self.level, propose_by__lt=self.propose_by
        )
        return earlier.order_by("-propose_by").values_list("propose_by", flat=True).first()
