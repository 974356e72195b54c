"""Paper beside the software: what was signed, by whom, under which number."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from cycle import clock
from cycle.models import FoldNumber, NameField, check_signer, check_symbol
from dossiers.models.evidence import SIGNED_PAPER
from dossiers.models.records import Record


class OfficialDocument(Record):
    """A signed paper that an act was recorded from (văn bản). The clerk's office gives the number.

    ``recorded_by`` is who typed it.
    """

    number = models.CharField(_("số và ký hiệu"), max_length=60)
    signed_on = models.DateField(_("ngày ký"))
    signer = NameField(_("người ký"), max_length=150)
    signer_capacity = models.CharField(_("chức vụ người ký"), max_length=150)
    folded_number = models.GeneratedField(
        expression=FoldNumber(F("number")), output_field=models.TextField(), db_persist=True
    )
    scan = models.ForeignKey(
        "dossiers.Evidence", models.PROTECT, null=True, blank=True, verbose_name=_("bản chụp")
    )

    class Meta(Record.Meta):
        verbose_name = _("văn bản")

    @property
    def is_scanned(self) -> bool:
        """Whether it comes with the file of what was signed."""
        return bool(self.scan is not None and self.scan.kind == SIGNED_PAPER and self.scan.sha256)

    def clean(self) -> None:
        if self.signed_on and self.signed_on > clock.today():
            raise ValidationError({"signed_on": _("Ngày ký không thể ở tương lai.")})
        check_symbol(self.number, "number")
        if not clock.replaying():
            check_signer(self.signer, "signer")

    def __str__(self) -> str:
        return f"{self.number} ({self.signed_on:%d/%m/%Y})"
