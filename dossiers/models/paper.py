"""Signed documents outside the software: which number, of which day, signed by whom (văn bản)."""

from __future__ import annotations

from typing import Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cycle import clock, letters
from cycle.letters import fold_number
from cycle.models import NameField, check_signer, check_symbol, same_name
from dossiers.models.evidence import SCANS, Evidence
from dossiers.models.records import Record

REQUEST_GONE = _("Văn bản này không dùng lại được nữa: hãy chọn lại, hoặc nhập số, ngày, bản chụp.")


class OfficialDocumentQuerySet(models.QuerySet):
    """Papers, and which are said to be the same."""

    def alike(self, paper: OfficialDocument) -> Self:
        """Those with the number of ``paper`` in its year, or with its scan."""
        same = Q()
        # In a replay of the past the number may be unknown.
        if number := fold_number(paper.number):
            same |= Q(folded_number=number, signed_on__year=paper.signed_on.year)
        if sha256 := paper.shown_by:
            # Read apart, so that each side has its index.
            shown = Evidence.objects.filter(sha256=sha256).order_by()
            same |= Q(scan__in=list(shown.values_list("pk", flat=True)))
        return self.filter(same).select_related("scan") if same else self.none()


#: Who signed a paper of before, where it is not known.
UNKNOWN_SIGNER = "Chưa rõ tên"


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

    #: The paper of another dossier that it is said to be (:meth:`Dossier.recent_requests`).
    same_as: OfficialDocument | None = None

    #: The capacity that somebody agreed is written so on the paper, though no pattern knows it.
    as_written = ""
    #: What is asked of a capacity that no pattern knows; "" of any other.
    doubt = ""

    objects = OfficialDocumentQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("văn bản")
        indexes = [models.Index(fields=["folded_number"], name="document_look_up")]

    def prepare(self, _paper: OfficialDocument | None = None) -> None:
        """Raises ValidationError when it is said to be a paper that is not offered any more."""
        offered = self.dossier.recent_requests(clock.today())
        if self.same_as is not None and not offered.filter(pk=self.same_as.pk).exists():
            raise ValidationError({"recent": REQUEST_GONE})

    @property
    def is_scanned(self) -> bool:
        """Whether it has a scan."""
        return bool(self.scan is not None and self.scan.kind in SCANS and self.scan.sha256)

    @property
    def shown_by(self) -> str:
        """The SHA-256 of its scan; "" without one."""
        return self.scan.sha256 if self.scan is not None else ""

    def others_alike(self) -> list[OfficialDocument]:
        """Other papers of its number and year or with its scan, with their dossiers; none whose
        signer is not known.
        """
        others = OfficialDocument.objects.alike(self).exclude(signer=UNKNOWN_SIGNER)
        return list(
            others.exclude(pk=self.pk)
            .select_related("dossier__product", "dossier__commune__parent__parent")
            .order_by("pk")
        )

    def has_number_of(self, other: OfficialDocument) -> bool:
        """Whether both have one number of one year, however it is written."""
        mine, its = ((fold_number(each.number), each.signed_on.year) for each in (self, other))
        return mine == its and bool(mine[0])

    def unlike(self, other: OfficialDocument) -> list[str]:
        """Where the two, said to be one paper, are not: its number, day, signer, scan. One paper
        has one of each; a scan that is not there says nothing. None is named of one paper.
        """
        agree = {
            "number": self.has_number_of(other),
            "signed_on": self.signed_on == other.signed_on,
            "signer": same_name(self.signer, other.signer),
            "scan_file": not (self.shown_by and other.shown_by) or self.shown_by == other.shown_by,
        }
        return [name for name, agrees in agree.items() if not agrees]

    def clean(self) -> None:
        if self.signed_on and self.signed_on > clock.today():
            raise ValidationError({"signed_on": _("Ngày ký không thể ở tương lai.")})
        check_symbol(self.number, "number")
        if not clock.replaying():
            check_signer(self.signer, "signer")

    def __str__(self) -> str:
        return f"{self.number} ({self.signed_on:%d/%m/%Y})"
