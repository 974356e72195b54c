"""The paper of an act of a dossier: which document of the ledger it was done on (văn bản)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock
from cycle.letters import fold_number
from cycle.models import Document, NameField
from cycle.prepared import prepared
from dossiers.models.evidence import SCANS, SIGNED_PAPER, Evidence
from dossiers.models.records import Record

REQUEST_GONE = _("Văn bản này không dùng lại được nữa: hãy chọn lại, hoặc nhập số, ngày, bản chụp.")


def titled(pieces: Iterable[Evidence], papers: Iterable[OfficialDocument]) -> None:
    """Let each scan among the ``pieces`` be called as its document in force, one of ``papers``:
    its own title was given when it came in.
    """
    numbers = {paper.scan_id: paper.number for paper in papers}
    for piece in pieces:
        if piece.kind == SIGNED_PAPER and piece.pk in numbers:
            piece.title = _now("Văn bản %(number)s") % {"number": numbers[piece.pk]}


def _of_document(name: str) -> Any:
    """A field of the document as one of the paper; a paper that is typed has its own, unsaved."""

    def read(self: OfficialDocument) -> Any:
        return getattr(self.of_ledger, name)

    def write(self: OfficialDocument, value: Any) -> None:
        setattr(self.of_ledger, name, value)

    return property(read, write)


class OfficialDocumentQuerySet(models.QuerySet):
    """Papers, and which are said to be the same."""

    def alike(self, number: Any, year: Any, sha256: Any) -> Self:
        """Those with the number, folded, in this year, or with the scan; either may be None."""
        same = Q()
        if number is not None:
            same |= Q(document__folded_number=number, document__year=year)
        if sha256 is not None:
            same |= Q(document__scan_sha256=sha256)
        return self.filter(same).select_related("document")


class OfficialDocument(Record):
    """The signed document on which an act of a dossier was done (văn bản): one of the ledger, which
    many dossiers may rest on.

    ``recorded_by`` is who typed it for this dossier, ``scan`` its scan among the dossier's papers.
    What it was before it is saved is typed by ``OfficialDocument(number=…, signed_on=…)``; the door
    of the ledger finds or writes its ``document``. Rows of before the ledger keep in the columns
    ``was_…`` what the history hashed of them; nothing reads these.
    """

    document = models.ForeignKey(
        Document, models.PROTECT, related_name="of_dossiers", verbose_name=_("văn bản trong sổ")
    )
    was_number = models.CharField(db_column="number", max_length=60, blank=True, editable=False)
    was_signed_on = models.DateField(db_column="signed_on", null=True, editable=False)
    was_signer = NameField(db_column="signer", max_length=150, blank=True, editable=False)
    was_signer_capacity = models.CharField(
        db_column="signer_capacity", max_length=150, blank=True, editable=False
    )
    scan = models.ForeignKey(
        "dossiers.Evidence", models.PROTECT, null=True, blank=True, verbose_name=_("bản chụp")
    )

    #: The paper of another dossier that it is said to be (:meth:`Dossier.recent_requests`).
    same_as: OfficialDocument | None = None
    #: The capacity that was typed for an act; the ledger may have it written otherwise. None where
    #: no act is being done on it.
    capacity_typed: str | None = None
    #: The batch of acts in which the act is done on it; None of one done by itself.
    together: int | None = None
    #: As what its scan stands among the papers of the dossier.
    kind = SIGNED_PAPER

    #: The capacity that somebody agreed is written so on the paper, though no pattern knows it.
    as_written = ""
    #: What is asked of a capacity that no pattern knows; "" of any other.
    doubt = ""

    objects = OfficialDocumentQuerySet.as_manager()
    number = _of_document("number")
    signed_on = _of_document("signed_on")
    signer = _of_document("signer")
    signer_known = _of_document("signer_known")
    signer_capacity = _of_document("signer_capacity")

    class Meta(Record.Meta):
        verbose_name = _("văn bản")

    @property
    def of_ledger(self) -> Document:
        """Its document; of a paper that is being typed an unsaved one."""
        if self.document_id is None and "document" not in self._state.fields_cache:
            self.document = Document()
        return self.document

    def check_offered(self) -> None:
        """Raises ValidationError when it is said to be a paper that is not offered any more."""
        if self.same_as is None:
            return
        offered = self.dossier.recent_requests(clock.today())
        if not offered.filter(pk=self.same_as.pk).exists():
            raise ValidationError({"recent": REQUEST_GONE})

    @property
    def is_scanned(self) -> bool:
        """Whether it has a scan."""
        return bool(self.of_ledger.scan_sha256) or self._has_scan()

    @property
    def shown_by(self) -> str:
        """The SHA-256 of its scan; "" without one."""
        scan = self.scan if self._has_scan() else None
        return self.of_ledger.scan_sha256 or (scan.sha256 if scan is not None else "")

    def others_alike(self) -> list[OfficialDocument]:
        """Other papers of its number and year or with its scan, with their dossiers; none whose
        signer is not known, and none of the same document in another dossier of the batch in which
        this act is done: there it is the same act, and each came in as it was compared.
        """
        typed = self.of_ledger
        asked: dict[str, Any] = {}
        # In a replay of the past the number may be unknown.
        if (number := fold_number(typed.number)) and typed.signed_on:
            asked |= {"number": number, "year": typed.signed_on.year}
        if sha256 := self.shown_by:
            asked["sha256"] = sha256
        if not asked:
            return []
        if self.together is not None:
            its = {"document": self.document_id, "dossier": self.dossier_id}
            asked |= {"together": self.together, **its}
        # A paper that is being typed is none of them.
        return _others_alike(pk=self.pk or 0, **asked)

    def _has_scan(self) -> bool:
        scan = self.scan
        return bool(scan is not None and scan.kind in SCANS and scan.sha256)

    def take_scan(self) -> None:
        """Tell the document of the scan that came with the act."""
        scan = self.scan
        if scan is not None and self._has_scan():
            document = self.of_ledger
            document.scan_sha256, document.scan_bytes = scan.sha256, scan.bytes
            document.scan_filename, document.scan_type = scan.filename, scan.content_type

    def show_scan(self, title: str) -> None:
        """Let the dossier show the scan that the ledger has, where none came with the act: the
        piece that stands in it already, or a new one.
        """
        document = self.document
        if self.scan is not None or not document.scan_sha256:
            return
        there = self.dossier.evidence.current().filter(sha256=document.scan_sha256, kind=self.kind)
        self.scan = there.order_by("-pk").first() or Evidence(
            dossier=self.dossier,
            kind=self.kind,
            title=title,
            sha256=document.scan_sha256,
            bytes=document.scan_bytes,
            filename=document.scan_filename,
            content_type=document.scan_type,
        )

    def clean(self) -> None:
        self.of_ledger.clean()

    def __str__(self) -> str:
        return str(self.of_ledger)


@prepared
def _others_alike(
    *,
    pk: Any,
    number: Any = None,
    year: Any = None,
    sha256: Any = None,
    together: Any = None,
    document: Any = None,
    dossier: Any = None,
) -> models.QuerySet[Any]:
    """As :meth:`OfficialDocument.others_alike`; what is None is not asked."""
    others = OfficialDocument.objects.alike(number, year, sha256)
    others = others.exclude(document__signer_known=False)
    if together is not None:
        # By its name: a batch is of dossiers, which know their papers.
        rows = apps.get_model("dossiers", "ActBatchRow").objects
        done = rows.filter(batch=together, state="done", dossier=OuterRef("dossier"))
        others = others.exclude(Q(Exists(done), document=document) & ~Q(dossier=dossier))
    its = others.select_related("dossier__product", "dossier__commune__parent__parent")
    return its.exclude(pk=pk).order_by("pk")
