"""Signed documents outside the software: which number, of which day, signed by whom (văn bản)."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from cycle import clock, letters
from cycle.models import NameField, check_signer, check_symbol
from dossiers.models.evidence import SCANS
from dossiers.models.records import Record


class OfficialDocument(Record):
    """A signed document on which an act was done (văn bản): its number, day, signer and scan.

    The number is given by the clerk's office; ``recorded_by`` is who typed it here.
    """

    number = models.CharField(_("số và ký hiệu"), max_length=60)
    signed_on = models.DateField(_("ngày ký"))
    signer = NameField(_("người ký"), max_length=150)
    signer_capacity = models.CharField(_("chức vụ người ký"), max_length=150)
    folded_number = letters.numbered("number")
    scan = models.ForeignKey(
        "dossiers.Evidence", models.PROTECT, null=True, blank=True, verbose_name=_("bản chụp")
    )

    class Meta(Record.Meta):
        verbose_name = _("văn bản")
        indexes = [models.Index(fields=["folded_number"], name="document_look_up")]

    @property
    def is_scanned(self) -> bool:
        """Whether it has a scan."""
        return bool(self.scan is not None and self.scan.kind in SCANS and self.scan.sha256)

    def clean(self) -> None:
        if self.signed_on and self.signed_on > clock.today():
            raise ValidationError({"signed_on": _("Ngày ký không thể ở tương lai.")})
        check_symbol(self.number, "number")
        if not clock.replaying():
            check_signer(self.signer, "signer")

    def __str__(self) -> str:
        return f"{self.number} ({self.signed_on:%d/%m/%Y})"
