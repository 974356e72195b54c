"""The stock: what was recognised before this product was used, as a sheet brought it in.

A file is read into rows beside the facts (:class:`StockRow`); committing makes products, dossiers
and certificates of them through one door, ``walk/stock.py``, which also strikes a batch out again.
"""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cycle import guards
from cycle.files import HashField
from cycle.models import Cycle, Document, Job, OrgUnit, User

#: What the cycle is called that keeps what no year of this product has judged.
ARCHIVE = "Sản phẩm đã công nhận, nhập từ danh sách"


class StockKind(models.TextChoices):
    """What a list is of (loại danh sách)."""

    CERTIFICATES = "certificates", _("Sản phẩm đã công nhận")
    POTENTIAL = "potential", _("Sản phẩm tiềm năng (khảo sát)")
    RUNNING = "running", _("Hồ sơ đang làm")


class BatchState(models.TextChoices):
    """How far a batch has come (trạng thái đợt nhập)."""

    COLUMNS = "columns", _("Chờ chọn cột")
    CHECKING = "checking", _("Đang kiểm tra")
    CHECKED = "checked", _("Đã kiểm tra")
    COMMITTING = "committing", _("Đang ghi")
    COMMITTED = "committed", _("Đã ghi")
    VOID = "void", _("Đã gạch bỏ")


class StockBatch(models.Model):
    """One sheet of what was there before (đợt nhập), or one typed by hand (``sha256`` empty).

    ``cycle`` is the archive, whose history tells of it; ``into`` the year of its running dossiers.

    ``heads`` are the words above each column, ``columns`` says which of them is which field, and is
    proposed again for a sheet with the same heads. ``answers`` settles once for the whole sheet
    which unit a name means. ``basis`` is the document of the ledger on which all that it brings in
    comes, read as ``paper``; ``totals`` what the sheet says of itself beside what was counted.
    """

    org_unit = models.ForeignKey(
        OrgUnit, models.PROTECT, related_name="+", verbose_name=_("đơn vị nhập")
    )
    cycle = models.ForeignKey(
        Cycle, models.PROTECT, null=True, related_name="+", verbose_name=_("chu trình")
    )
    kind = models.CharField(
        _("loại danh sách"), max_length=12, choices=StockKind, default=StockKind.CERTIFICATES
    )
    into = models.ForeignKey(
        Cycle, models.PROTECT, null=True, related_name="+", verbose_name=_("chu trình của hồ sơ")
    )
    state = models.CharField(
        _("trạng thái"), max_length=12, choices=BatchState, default=BatchState.COLUMNS
    )
    filename = models.CharField(_("tệp"), max_length=200, blank=True)
    sha256 = HashField(blank=True)
    bytes = models.BigIntegerField(default=0)
    sheets = models.JSONField(default=list)
    sheet = models.CharField(_("trang tính"), max_length=200, blank=True)
    heads = models.JSONField(default=list)
    head_line = models.PositiveIntegerField(default=0)
    first_line = models.PositiveIntegerField(default=0)
    columns = models.JSONField(default=dict)
    answers = models.JSONField(default=dict)
    skip_known = models.BooleanField(_("bỏ qua dòng đã có"), default=False)
    questions = models.JSONField(default=list)
    totals = models.JSONField(default=list)
    counts = models.JSONField(default=dict)
    problem = models.TextField(blank=True)
    basis = models.ForeignKey(
        Document,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="stock_batches",
        verbose_name=_("văn bản kèm danh sách"),
    )
    job = models.ForeignKey(Job, models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("người nhập"))
    at = models.DateTimeField(_("lúc"))
    checked_at = models.DateTimeField(null=True)
    committed_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("người ghi")
    )
    committed_at = models.DateTimeField(_("ghi lúc"), null=True)
    voided_at = models.DateTimeField(_("gạch bỏ lúc"), null=True)
    #: Clocks of older certificates that the batch stopped: struck out, it lets them run again.
    stopped_terms = models.JSONField(default=list)

    class Meta:
        verbose_name = _("đợt nhập sản phẩm đã công nhận")
        verbose_name_plural = _("đợt nhập sản phẩm đã công nhận")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=BatchState.values), name="stock_batch_state_known"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=StockKind.values), name="stock_batch_kind_known"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["committing", "committed", "void"])
                | Q(basis__isnull=False),
                name="stock_batch_rests_on_a_paper",
            ),
        ]
        triggers = [
            guards.Guard(
                name="stock_batch_void_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state="void"),
            )
        ]

    def __str__(self) -> str:
        return self.filename or str(_("Nhập tay"))

    @property
    def paper(self) -> Document | None:
        """The document that it comes on, as it stands; None before it was asked to be entered."""
        return self.basis and self.basis.in_force

    @property
    def is_waiting(self) -> bool:
        """Whether a worker has it."""
        return self.state in (BatchState.CHECKING, BatchState.COMMITTING)

    def to_enter(self) -> "models.QuerySet[StockRow]":
        """The rows that would be entered: lines of data, without those already here if so asked."""
        rows = self.rows.filter(kind=RowKind.DATA)
        return rows.filter(known=False) if self.skip_known else rows


class RowKind(models.TextChoices):
    """What a line of a sheet is (loại dòng)."""

    DATA = "data", _("dữ liệu")
    HEADING = "heading", _("tiêu đề nhóm")
    TOTAL = "total", _("dòng cộng")
    NOTE = "note", _("ghi chú")


class StockRow(models.Model):
    """A line of the sheet (dòng): what was read of it, what is wrong, and what it became.

    ``faults`` are ``{field, cell, level, text, suggestion}``; a row with one of level «error» keeps
    the whole batch from being committed. ``known`` is a row that is here already, which is left out
    when the batch says so. ``becomes`` is the kind of its batch: what may be made of it.
    """

    batch = models.ForeignKey(StockBatch, models.PROTECT, related_name="rows")
    line = models.PositiveIntegerField(_("dòng"))
    kind = models.CharField(max_length=10, choices=RowKind, default=RowKind.DATA)
    text = models.CharField(max_length=300, blank=True)
    values = models.JSONField(default=dict)
    faults = models.JSONField(default=list)
    errors = models.PositiveSmallIntegerField(default=0)
    warnings = models.PositiveSmallIntegerField(default=0)
    known = models.BooleanField(default=False)
    makes_producer = models.BooleanField(default=False)
    makes_product = models.BooleanField(default=False)
    dossier = models.ForeignKey(
        "dossiers.Dossier", models.PROTECT, null=True, db_index=False, related_name="+"
    )
    certificate = models.ForeignKey(
        "dossiers.Certificate", models.PROTECT, null=True, db_index=False, related_name="+"
    )
    becomes = models.CharField(max_length=12, choices=StockKind, default=StockKind.CERTIFICATES)
    potential = models.ForeignKey(
        "dossiers.Potential", models.PROTECT, null=True, db_index=False, related_name="+"
    )

    class Meta:
        verbose_name = _("dòng của đợt nhập")
        ordering = ["batch_id", "line"]
        # By which what is struck out finds its line.
        indexes = [
            models.Index(
                fields=["dossier"], name="stock_row_of_dossier", condition=Q(dossier__isnull=False)
            ),
            models.Index(
                fields=["certificate"],
                name="stock_row_of_certificate",
                condition=Q(certificate__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["batch", "line"], name="stock_row_line_once"),
            models.CheckConstraint(
                condition=Q(dossier=None, certificate=None, potential=None)
                | Q(kind="data", errors=0)
                & (
                    Q(becomes="certificates", potential=None)
                    & Q(dossier__isnull=False, certificate__isnull=False)
                    | Q(becomes="running", certificate=None, potential=None)
                    & Q(dossier__isnull=False)
                    | Q(becomes="potential", dossier=None, certificate=None)
                    & Q(potential__isnull=False)
                ),
                name="stock_row_becomes_all_or_nothing",
            ),
        ]
        triggers = [
            guards.Guard(
                name="stock_row_stays_when_committed",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__dossier__isnull=False)
                | pgtrigger.Q(old__potential__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.batch}, {self.line}"
