"""The ledger of documents (sổ văn bản): every paper that an act, a decision, a setting rests on.

It knows nothing of what rests on it: things above point to a :class:`Document` by named foreign
keys and by link tables of their own. Rows come in by one door, ``cycle/documents.py``.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import ExtractYear
from django.utils.translation import gettext_lazy as _

from cycle import clock, guards, letters
from cycle.models.folding import NameField, check_signer, check_symbol
from cycle.models.history import Stream
from cycle.models.organisation import OrgUnit, User

if TYPE_CHECKING:
    from cycle.files import Staged


class HashField(models.CharField):
    """A column with the SHA-256 of a file, or "". The collector asks every field of this class."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 64} | kwargs)

    def deconstruct(self) -> Any:
        """A plain CharField to migrations."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class Direction(models.TextChoices):
    """Which way a document goes, seen from the offices of the province (đến, đi, nội bộ)."""

    INCOMING = "incoming", _("Văn bản đến")
    OUTGOING = "outgoing", _("Văn bản đi")
    INTERNAL = "internal", _("Văn bản nội bộ")


class PaperKind(models.TextChoices):
    """The kinds of administrative documents in use here (Nghị định 30/2020/NĐ-CP, Phụ lục III)."""

    DECISION = "decision", _("Quyết định")
    SUBMISSION = "submission", _("Tờ trình")
    REPORT = "report", _("Báo cáo")
    MINUTES = "minutes", _("Biên bản")
    NOTICE = "notice", _("Thông báo")
    PLAN = "plan", _("Kế hoạch")
    RESOLUTION = "resolution", _("Nghị quyết")
    REGULATION = "regulation", _("Quy chế, quy định")
    CONCLUSION = "conclusion", _("Kết luận")
    CONFIRMATION = "confirmation", _("Giấy xác nhận")
    INVITATION = "invitation", _("Giấy mời")
    AUTHORISATION = "authorisation", _("Giấy ủy quyền")
    LETTER = "letter", _("Công văn")
    OTHER = "other", _("Văn bản khác")


#: How each kind is written short in a symbol, folded; a letter (công văn) has none.
_SHORT = {
    "qd": PaperKind.DECISION, "ttr": PaperKind.SUBMISSION, "bc": PaperKind.REPORT,
    "bb": PaperKind.MINUTES, "tb": PaperKind.NOTICE, "kh": PaperKind.PLAN,
    "nq": PaperKind.RESOLUTION, "qc": PaperKind.REGULATION, "qyd": PaperKind.REGULATION,
    "kl": PaperKind.CONCLUSION, "xn": PaperKind.CONFIRMATION, "gxn": PaperKind.CONFIRMATION,
    "gm": PaperKind.INVITATION, "guq": PaperKind.AUTHORISATION,
}  # fmt: skip


def kind_of(number: str) -> PaperKind:
    """What its number and symbol say a document is: «812/QĐ-UBND» is a decision, «45/UBND-NN» a
    letter.
    """
    symbol = re.sub(r"^[^/]*", "", letters.fold(number))
    for word in re.findall(r"[a-z]+", symbol):
        if word in _SHORT:
            return _SHORT[word]
    return PaperKind.LETTER if re.search("[a-z]", symbol) else PaperKind.OTHER


class Effect(models.TextChoices):
    """What a document does (tác dụng)."""

    PROPOSES = "proposes", _("Đề nghị")
    DECIDES = "decides", _("Quyết định")
    APPROVES = "approves", _("Phê duyệt")
    RECOGNISES = "recognises", _("Công nhận")
    NOTIFIES = "notifies", _("Thông báo")
    REVOKES = "revokes", _("Thu hồi")
    MINUTES = "minutes", _("Ghi kết quả")
    CONFIRMS = "confirms", _("Xác nhận")
    ORDERS = "orders", _("Yêu cầu")
    CORRECTS = "corrects", _("Đính chính")


class DocumentQuerySet(models.QuerySet):
    def standing(self) -> Self:
        """Those that nothing replaced (đang có trong sổ)."""
        return self.filter(replaced_by=None)

    def numbered(self, number: str) -> Self:
        """Those with this number and symbol, however it is typed."""
        return self.filter(folded_number=letters.fold_number(number))

    def of_before(self) -> Self:
        """Those of before the ledger (có trước khi lập sổ): their body is not known, and a number
        may stand twice.
        """
        return self.filter(before=True)


#: What is shown for a signer who is not known: ``Document.signer_known`` marks it.
UNKNOWN_SIGNER = "Chưa rõ tên"


class Document(models.Model):
    """A document in the ledger (văn bản): who issued it, its number and symbol, day, signer, scan.

    It was issued by a unit of the province (``issuer``) or by a body ``outside`` it. A number
    stands once in a year among the documents of one body and one ``register`` ("" is its common
    one), and a scan shows one document: the trigger ``document_number_once`` holds both. Never
    changed: what was typed wrong is corrected by a row that ``replaces`` it, and the number of the
    replaced one is free.

    ``signer_known``: not where a list or the story of a year of before says not who signed it; no
    name that is typed says so.

    What has no figure is no number: of a year that is told again it may be unknown («Chưa rõ số»).

    ``before``: it was here before the ledger; the owner's migration alone says so, and what
    corrects such a row says it too. Then only what was written down is known, not its body;
    ``said`` is a text that named it. These may bear one number, and are listed for the clerk
    (``documents.of_one_number``).
    """

    history_stream = Stream.DOCUMENT
    history_cycle_id = None

    direction = models.CharField(
        _("đến, đi, nội bộ"), max_length=10, choices=Direction, blank=True, editable=False
    )
    kind = models.CharField(_("loại văn bản"), max_length=16, choices=PaperKind, blank=True)
    does = models.CharField(_("tác dụng"), max_length=12, choices=Effect, blank=True)
    register = models.CharField(_("sổ"), max_length=60, blank=True)
    issuer = models.ForeignKey(
        OrgUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("đơn vị ban hành"),
    )
    outside = models.CharField(_("cơ quan ban hành khác"), max_length=200, blank=True)
    number = models.CharField(_("số và ký hiệu"), max_length=60)
    signed_on = models.DateField(_("ngày ký"), null=True)
    signer = NameField(_("người ký"), max_length=150)
    signer_capacity = models.CharField(_("chức vụ người ký"), max_length=150)
    signer_known = models.BooleanField(default=True, db_default=True, editable=False)
    subject = models.CharField(_("trích yếu"), max_length=300, blank=True)
    scan_sha256 = HashField(blank=True, editable=False)
    scan_bytes = models.BigIntegerField(default=0, editable=False)
    scan_filename = models.CharField(max_length=200, blank=True, editable=False)
    scan_type = models.CharField(max_length=100, blank=True, editable=False)
    before = models.BooleanField(_("có trước khi lập sổ"), default=False, editable=False)
    said = models.CharField(_("như đã ghi"), max_length=200, blank=True, editable=False)
    replaces = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        editable=False,
        related_name="replaced_by",
        verbose_name=_("thay cho"),
    )
    recorded_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("người nhập"),
    )
    at = models.DateTimeField(_("vào sổ lúc"), editable=False)
    folded_number = letters.numbered("number")
    folded_outside = models.GeneratedField(
        expression=letters.Fold(F("outside")), output_field=models.TextField(), db_persist=True
    )
    year = models.GeneratedField(
        expression=ExtractYear("signed_on"), output_field=models.IntegerField(), db_persist=True
    )

    search, search_joined = letters.searched("number", "said", "subject", "signer", "outside")

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("văn bản")
        verbose_name_plural = _("văn bản")
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["folded_number", "year"], name="document_ledger_look_up"),
            models.Index(
                fields=["scan_sha256"], name="document_by_scan", condition=~Q(scan_sha256="")
            ),
            models.Index(
                fields=["issuer"],
                name="document_without_scan",
                condition=Q(scan_sha256="", before=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="document_direction_known", condition=Q(direction__in=["", *Direction.values])
            ),
            models.CheckConstraint(
                name="document_kind_known", condition=Q(kind__in=["", *PaperKind.values])
            ),
            models.CheckConstraint(
                name="document_effect_known", condition=Q(does__in=["", *Effect.values])
            ),
            models.CheckConstraint(
                name="document_says_what_it_is",
                condition=Q(before=True)
                | Q(signed_on__isnull=False)
                & ~Q(number="")
                & ~Q(signer="")
                & ~Q(kind="")
                & ~Q(direction=""),
            ),
            models.CheckConstraint(
                name="document_unknown_signer_is_marked",
                condition=Q(before=True) | Q(signer_known=False) | ~Q(signer=UNKNOWN_SIGNER),
            ),
            models.CheckConstraint(
                name="document_of_one_body",
                condition=Q(issuer=None) & ~Q(outside="")
                | Q(issuer__isnull=False, outside="")
                | Q(before=True, issuer=None, outside=""),
            ),
            models.CheckConstraint(
                name="document_replaces_another", condition=Q(replaces=None) | ~Q(replaces=F("id"))
            ),
        ]
        triggers = [guards.Immutable(name="document_stays")]

    def __str__(self) -> str:
        day = f" ({self.signed_on:%d/%m/%Y})" if self.signed_on else ""
        return f"{self.number}{day}" if self.number else self.said

    @property
    def in_force(self) -> Document:
        """What stands in its place: the last correction of it, or itself."""
        found = self
        while newer := getattr(found, "replaced_by", None):
            found = newer
        return found

    def versions(self) -> list[Document]:
        """This row and those that it corrects, the newest first."""
        found = [self]
        while (older := found[-1].replaces) is not None:
            found.append(older)
        return found

    @property
    def body(self) -> str:
        """The name of the body that issued it; "" where it is unknown."""
        return str(self.issuer) if self.issuer is not None else self.outside

    def hold(self, staged: Staged) -> None:
        """Make the staged file its scan; saved with the row."""
        self.scan_sha256, self.scan_bytes = staged.sha256, staged.bytes
        self.scan_filename, self.scan_type = staged.filename, staged.content_type

    def clean(self) -> None:
        if self.signed_on and self.signed_on > clock.today():
            raise ValidationError({"signed_on": _("Ngày ký không thể ở tương lai.")})
        self.number = unicodedata.normalize("NFC", self.number)
        check_symbol(self.number, "number")
        if self.signer_known and not clock.replaying():
            check_signer(self.signer, "signer")


class FormerPaper(models.Model):
    """Which document of the ledger a row of before is (văn bản trước khi lập sổ): what an old entry
    or paper names by ``model`` and ``row`` is found by it. ``part`` is the field, where a row held
    more than one.
    """

    model = models.CharField(max_length=60)
    row = models.BigIntegerField()
    part = models.CharField(max_length=40, blank=True)
    document = models.OneToOneField(Document, models.PROTECT, related_name="former")

    class Meta:
        verbose_name = _("văn bản trước khi lập sổ")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["model", "row", "part"], name="former_paper_once")
        ]
        triggers = [guards.Immutable(name="former_paper_stays")]

    def __str__(self) -> str:
        return f"{self.model} {self.row}: {self.document}"
