"""Who gets what of a commune that was split (phân sản phẩm của xã đã chia tách)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cycle.models import Document, OrgUnit, User
from dossiers.models.potential import Potential
from dossiers.models.product import Producer, Product


class Allotment(models.Model):
    """A producer of a split commune, or one product of it made elsewhere, or a product that a
    survey found there, goes to a successor.

    Insert-only: the newest row of a producer or product holds, a later one corrects it with a
    ``reason``. What it moves are the rows' own units (``Producer.commune``, ``Product.made_in``,
    ``Dossier.commune``, ``Potential.commune``), so that every list goes on to ask the unit alone.
    ``basis`` is the document of the ledger that it rests on, read as ``paper``; rows of before the
    ledger keep in the columns ``was_…`` what was typed.
    """

    unit = models.ForeignKey(
        OrgUnit, models.PROTECT, related_name="allotments", verbose_name=_("xã đã chia tách")
    )
    producer = models.ForeignKey(
        Producer, models.PROTECT, null=True, related_name="allotments", verbose_name=_("chủ thể")
    )
    #: A product that a survey named goes by itself: it has no producer here yet.
    potential = models.ForeignKey(
        Potential,
        models.PROTECT,
        null=True,
        related_name="allotments",
        verbose_name=_("sản phẩm tiềm năng"),
    )
    #: NULL: the producer itself, with all products that no row of their own sends elsewhere.
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, related_name="allotments", verbose_name=_("sản phẩm")
    )
    was = models.ForeignKey(
        OrgUnit, models.PROTECT, related_name="+", verbose_name=_("đơn vị trước đó")
    )
    to = models.ForeignKey(
        OrgUnit, models.PROTECT, related_name="+", verbose_name=_("xã kế thừa nhận")
    )
    basis = models.ForeignKey(
        Document,
        models.PROTECT,
        editable=False,
        related_name="allots",
        verbose_name=_("văn bản phân sản phẩm"),
    )
    was_document = models.CharField(
        db_column="document", max_length=120, blank=True, db_default="", editable=False
    )
    was_document_signer = models.CharField(
        db_column="document_signer", max_length=150, blank=True, db_default="", editable=False
    )
    reason = models.CharField(_("lý do đính chính"), max_length=500, blank=True)
    made_by = models.ForeignKey(User, models.PROTECT, editable=False, related_name="+")
    made_at = models.DateTimeField(_("lúc"), editable=False)

    class Meta:
        verbose_name = _("phân về xã kế thừa")
        verbose_name_plural = _("phân về xã kế thừa")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(unit=F("to")), name="allotment_not_to_the_split_unit"
            ),
            models.CheckConstraint(
                condition=Q(producer__isnull=False, potential=None)
                | Q(producer=None, product=None, potential__isnull=False),
                name="allotment_of_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product or self.potential or self.producer} → {self.to}"

    @property
    def paper(self) -> Document:
        """The document that it rests on, as it stands."""
        return self.basis.in_force
