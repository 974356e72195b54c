"""The evidence in a dossier: files, and papers that lie in a cupboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cycle import files
from cycle.models import DayField, RuleSet, User
from cycle.written import EVER

if TYPE_CHECKING:
    from dossiers.models.paper import OfficialDocument

#: The kind of a scan of a document signed here; no edition lists it, every dossier may have it.
SIGNED_PAPER = "signed_paper"
#: The kind of the commune's official request (văn bản đề nghị), where an edition lists it: a file
#: of it may stand in the dossier before it is sent up, and is the scan of that document then.
COMMUNE_REQUEST = "commune_request"
#: What shows a document signed here.
SCANS = frozenset({SIGNED_PAPER, COMMUNE_REQUEST})

REPLACED_ALREADY = _("Tài liệu này vừa được thay bằng bản khác: hãy tải lại trang.")
SCORED_ALREADY = _(
    "Hội đồng đã chấm theo tài liệu này: chỉ thêm được tài liệu bổ sung, không thay được."
)


class EvidenceQuerySet(models.QuerySet):
    def current(self) -> Self:
        """The newest version of each piece of evidence."""
        return self.filter(replaced_by=None)


class Evidence(models.Model):
    """A piece of evidence (tài liệu minh chứng): a file, or a paper and the place it is kept.

    A new version replaces an old one; both stay. ``kind`` is a code of the pinned rule set,
    ``criteria`` the codes of the criteria that it proves. Evidence added after a council has judged
    (``after_council``, bổ sung sau hội đồng) replaces nothing: the version that was judged stays
    current.
    """

    dossier = models.ForeignKey(
        "dossiers.Dossier", models.PROTECT, related_name="evidence", verbose_name=_("hồ sơ")
    )
    kind = models.CharField(_("loại tài liệu"), max_length=40)
    criteria = ArrayField(
        models.CharField(max_length=20), verbose_name=_("tiêu chí"), default=list, blank=True
    )
    title = models.CharField(_("tên tài liệu"), max_length=200)
    replaces = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="replaced_by",
        verbose_name=_("thay cho"),
    )
    version = models.PositiveSmallIntegerField(_("lần"), default=1, editable=False)
    sha256 = files.HashField(blank=True, editable=False)
    bytes = models.BigIntegerField(default=0, editable=False)
    filename = models.CharField(max_length=200, blank=True, editable=False)
    content_type = models.CharField(max_length=100, blank=True, editable=False)
    paper_location = models.CharField(_("nơi giữ bản giấy"), max_length=200, blank=True)
    pages = models.PositiveIntegerField(_("số trang"), null=True, blank=True)
    after_council = models.BooleanField(_("bổ sung sau hội đồng"), default=False, editable=False)
    issued_on = DayField(_("ngày cấp"), lowest=EVER, null=True, blank=True)
    expires_on = DayField(_("hết hạn"), lowest=EVER, null=True, blank=True)
    recorded_by = models.ForeignKey(
        User, models.PROTECT, null=True, editable=False, related_name="+"
    )
    at = models.DateTimeField(editable=False)

    #: A producer's papers are older than its dossier.
    of_before: tuple[str, ...] = ("issued_on", "expires_on")

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("tài liệu minh chứng")
        ordering = ["kind", "criteria", "pk"]
        indexes = [
            models.Index(fields=["sha256"], name="evidence_of_file", condition=~Q(sha256=""))
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(sha256="") | ~Q(paper_location=""),
                name="evidence_is_a_file_or_a_paper",
            ),
            models.CheckConstraint(
                condition=Q(expires_on=None)
                | Q(issued_on=None)
                | Q(expires_on__gte=F("issued_on")),
                name="evidence_expires_after_issue",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def hold(self, staged: files.Staged) -> None:
        """Make the staged file this evidence's file; saved with the row."""
        self.sha256, self.bytes = staged.sha256, staged.bytes
        self.filename, self.content_type = staged.filename, staged.content_type

    def kind_label(self, rule_set: RuleSet) -> Any:
        """The Vietnamese name of its kind under ``rule_set``."""
        if self.kind == SIGNED_PAPER:
            return _("Văn bản đã ký")
        return rule_set.evidence_label(self.kind)

    def prepare(self, paper: OfficialDocument | None = None) -> None:
        """Set ``version`` and ``after_council``, and keep the file; called by the door before it
        saves, with the dossier locked.

        Raises ValidationError when somebody has replaced the same piece meanwhile, or the staged
        file is gone.
        """
        # The commune's request has a kind of its own, also where it comes as the act's paper.
        signed = self.kind == SIGNED_PAPER or paper is not None and paper.scan is self
        if self.sha256:
            files.keep(self.sha256, "scan_file" if signed else "file")
        if self.replaces and Evidence.objects.filter(replaces=self.replaces).exists():
            raise ValidationError({"replaces": REPLACED_ALREADY})
        self.version = self.replaces.version + 1 if self.replaces else 1
        self.after_council = not signed and self.dossier.is_judged

    def refused(self, _error: Exception) -> ValidationError | None:
        """As :meth:`dossiers.models.records.Record.refused`."""
        return None

    def clean(self) -> None:
        if not self.sha256 and not self.paper_location:
            raise ValidationError(_("Hãy chọn tệp, hoặc ghi nơi giữ bản giấy."))
        if self.replaces and self.after_council:
            raise ValidationError({"replaces": SCORED_ALREADY})
        if self.replaces and self.replaces.dossier_id != self.dossier_id:
            raise ValidationError({"replaces": _("Tài liệu cũ không thuộc hồ sơ này.")})
        if self.issued_on and self.expires_on and self.expires_on < self.issued_on:
            raise ValidationError({"expires_on": _("Ngày hết hạn phải sau ngày cấp.")})
        kinds = {row["code"] for row in self.dossier.rule_set.content["evidence_kinds"]}
        if self.kind not in kinds | {SIGNED_PAPER}:
            raise ValidationError({"kind": _("Bộ quy định không có loại tài liệu này.")})
        self._check_criteria()

    def _check_criteria(self) -> None:
        stray = set(self.criteria) - set(self.replaces.criteria if self.replaces else ())
        if stray and self.dossier.rubric is not None:
            stray -= set(self.dossier.rubric.criteria.values_list("code", flat=True))
        if stray:
            raise ValidationError(
                {
                    "criteria": _("Bộ tiêu chí của hồ sơ không có tiêu chí %(codes)s.")
                    % {"codes": ", ".join(sorted(stray))}
                }
            )
