"""The paper by which a year, or a batch of it, is held."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from cycle import guards, written
from cycle.files import HashField
from cycle.models import Batch, Cycle, Document, User


class PlanPapers(models.Manager):
    """Plans, each with its document as it stands."""

    def get_queryset(self) -> models.QuerySet:
        related = ("document__issuer", "document__replaced_by__issuer")
        return super().get_queryset().select_related(*related)


class PlanPaper(models.Model):
    """The plan of a year, or of one batch (kế hoạch): a document of the ledger, read as it was
    corrected last.

    Never changed: another one is another row, and the newest counts. Rows of before the ledger keep
    in the columns ``was_…`` what the history hashed of them; nothing reads these.
    """

    cycle = models.ForeignKey(
        Cycle, models.PROTECT, related_name="plans", verbose_name=_("chu trình")
    )
    batch = models.ForeignKey(
        Batch, models.PROTECT, null=True, related_name="plans", verbose_name=_("đợt")
    )
    document = models.ForeignKey(
        Document, models.PROTECT, related_name="plans", verbose_name=_("văn bản trong sổ")
    )
    was_number = models.CharField(db_column="number", max_length=60, blank=True, editable=False)
    was_signed_on = models.DateField(db_column="signed_on", null=True, editable=False)
    was_body = models.CharField(db_column="body", max_length=200, blank=True, editable=False)
    was_signer = models.CharField(db_column="signer", max_length=150, blank=True, editable=False)
    was_sha256 = HashField(db_column="sha256", blank=True, editable=False)
    was_filename = models.CharField(
        db_column="filename", max_length=200, blank=True, editable=False
    )
    was_content_type = models.CharField(
        db_column="content_type", max_length=100, blank=True, editable=False
    )
    made_by = models.ForeignKey(User, models.PROTECT, editable=False, related_name="+")
    made_at = models.DateTimeField(editable=False)

    objects = PlanPapers()

    class Meta:
        verbose_name = _("kế hoạch")
        verbose_name_plural = _("kế hoạch")
        ordering = ["pk"]
        triggers = [guards.Immutable(name="plan_paper_stays")]

    @property
    def of_ledger(self) -> Document:
        """Its document as it stands."""
        return self.document.in_force

    @property
    def body(self) -> str:
        """Who issued it, as it is written: of a unit its People's Committee."""
        unit = self.of_ledger.issuer
        if unit is None:
            return self.of_ledger.outside
        return f"UBND {written.in_sentence(unit.name)}"

    def __str__(self) -> str:
        its = self.of_ledger
        return f"{its.number}, {its.signed_on:%d/%m/%Y}, {self.body}"
