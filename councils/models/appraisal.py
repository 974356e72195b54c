"""The support team's appraisal of a product, and the signed documents of a round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from councils.models.entry import RoundEntry, RoundState
from councils.models.round import EvaluationRound
from cycle import clock, files
from cycle.letters import fold_number
from cycle.models import (
    Configuration,
    HistoryEntry,
    Level,
    User,
    check_signer,
    check_symbol,
)
from cycle.written import day_text
from dossiers.law.signers import Called, Office, committee, council
from dossiers.models import CaseType

if TYPE_CHECKING:
    from collections.abc import Sequence


class VisitGround(models.TextChoices):
    """Why a re-evaluation is visited on site (căn cứ kiểm tra tại cơ sở; QĐ 26/2026/QĐ-TTg, Điều
    7.6.c).
    """

    SCALE = "scale", _("Quy mô sản xuất thay đổi lớn")
    EVIDENCE = "evidence", _("Tài liệu minh chứng chưa rõ")


class Appraisal(models.Model):
    """The report on one product (báo cáo thẩm định), by the support team; of a re-evaluation by
    the council's office.

    The points that the team proposes are on the entry's sheet without a member. The newest report
    counts; the others stay.
    """

    entry = models.ForeignKey(RoundEntry, models.PROTECT, related_name="appraisals")
    checked = models.JSONField(_("nội dung đã kiểm tra"), default=list, blank=True)
    visited_on = models.DateField(_("ngày kiểm tra tại cơ sở"), null=True, blank=True)
    #: Of a re-evaluation that was visited; "" for others, and for rows of before.
    ground = models.CharField(
        _("căn cứ kiểm tra tại cơ sở"),
        max_length=10,
        choices=VisitGround,
        blank=True,
        default="",
        db_default="",
        help_text=_("Hồ sơ đánh giá lại chỉ kiểm tra tại cơ sở trong hai trường hợp này."),
    )
    findings = models.TextField(_("kết quả kiểm tra tại cơ sở"), blank=True)
    tests_asked = models.TextField(_("đề nghị kiểm nghiệm thêm"), blank=True)
    report = models.TextField(_("nhận xét, đề xuất với hội đồng"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("người báo cáo"))
    at = models.DateTimeField(_("lúc"))

    class Meta:
        verbose_name = _("báo cáo thẩm định")
        ordering = ["entry_id", "pk"]
        constraints = [
            models.CheckConstraint(name="appraisal_says_something", condition=~Q(report="")),
            models.CheckConstraint(
                name="appraisal_ground_known",
                condition=Q(ground="") | Q(ground__in=VisitGround.values),
            ),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}: {self.entry}"

    @classmethod
    def hand_in(cls, appraisal: Self, photos: Sequence[AppraisalPhoto], *, by: User) -> Self:
        """Save the report and its ``photos``, unsaved rows with staged files.

        Raises PermissionDenied, RoundClosed, and ValidationError when a staged file is gone, or for
        a visit that is not on a ground of the law.
        """
        entry = appraisal.entry
        with entry.round.change(
            "round.appraise", by, "councils.report", of=entry, dossier=entry.dossier_id
        ):
            appraisal._check_visit(photos)
            appraisal.by, appraisal.at = by, clock.now()
            appraisal.save(force_insert=True)
            for photo in photos:
                photo.appraisal = appraisal
                files.keep(photo.sha256, "photos")
            AppraisalPhoto.objects.bulk_create(photos)
        return appraisal

    def _check_visit(self, photos: Sequence[AppraisalPhoto]) -> None:
        """Refuse a visit before the dossier's year, and to a re-evaluation without one of the
        grounds its edition knows (Đ.7.6.c), and a ground without a visit. Raises ValidationError,
        by field.
        """
        dossier = self.entry.dossier
        if self.visited_on and self.visited_on < (first := dossier.first_day):
            raise ValidationError(
                {
                    "visited_on": _now(
                        "Ngày %(day)s trước khi mở chu trình của hồ sơ (%(first)s): xin xem lại "
                        "năm."
                    )
                    % {"day": f"{self.visited_on:%d/%m/%Y}", "first": f"{first:%d/%m/%Y}"}
                }
            )
        grounds = dossier.rule_set.visit_grounds
        if dossier.case_type != CaseType.REEVALUATION or not grounds:
            return
        lacks = {}
        if (self.visited_on or self.findings.strip() or photos) and self.ground not in grounds:
            lacks["ground"] = _(
                "Hồ sơ đánh giá lại chỉ kiểm tra tại cơ sở khi quy mô sản xuất thay đổi lớn hoặc "
                "tài liệu minh chứng chưa rõ: hãy chọn căn cứ."
            )
        visited = self.ground or self.findings.strip() or photos
        if visited and not self.visited_on:
            lacks["visited_on"] = _("Bạn chưa ghi ngày kiểm tra tại cơ sở.")
        if lacks:
            raise ValidationError(lacks)


class AppraisalPhoto(models.Model):
    """A photo from the visit (ảnh kiểm tra tại cơ sở)."""

    appraisal = models.ForeignKey(Appraisal, models.PROTECT, related_name="photos")
    sha256 = files.HashField()
    bytes = models.BigIntegerField()
    filename = models.CharField(_("tên tệp"), max_length=200)
    content_type = models.CharField(max_length=100)

    class Meta:
        verbose_name = _("ảnh kiểm tra")

    def __str__(self) -> str:
        return self.filename


class DocumentKind(models.TextChoices):
    """The documents of a council (văn bản của hội đồng)."""

    INVITATION = "invitation", _("Giấy mời họp")
    SCORE_SHEET = "score_sheet", _("Phiếu chấm điểm")
    SUPPORT_REPORT = "support_report", _("Báo cáo của tổ tư vấn")
    MINUTES = "minutes", _("Biên bản họp hội đồng")
    COUNCIL_REPORT = "council_report", _("Báo cáo kết quả của hội đồng")
    SUBMISSION = "submission", _("Tờ trình đề nghị công nhận")
    DECISION = "decision", _("Quyết định công nhận và danh sách")
    CERTIFICATE = "certificate", _("Giấy chứng nhận")
    NOTICE = "notice", _("Thông báo kết quả")
    REQUEST = "request", _("Công văn đề nghị trung ương")


#: The documents that the council's chair signs, and those that the chair of its unit signs; a
#: submission or a notice may be its office's, a report the team's.
BY_COUNCIL = frozenset({DocumentKind.INVITATION, DocumentKind.MINUTES, DocumentKind.COUNCIL_REPORT})
BY_COMMITTEE = frozenset({DocumentKind.DECISION, DocumentKind.CERTIFICATE, DocumentKind.REQUEST})
#: The documents that give results, made after the closing only.
AFTER_CLOSING = frozenset(
    {
        DocumentKind.MINUTES,
        DocumentKind.COUNCIL_REPORT,
        DocumentKind.SUBMISSION,
        DocumentKind.DECISION,
        DocumentKind.NOTICE,
        DocumentKind.REQUEST,
    }
)


class SignedDocument(models.Model):
    """Number, date, signer and scan of a council's document (văn bản đã ký), given by the clerk."""

    round = models.ForeignKey(EvaluationRound, models.PROTECT, related_name="documents")
    entry = models.ForeignKey(RoundEntry, models.PROTECT, null=True, related_name="documents")
    kind = models.CharField(_("loại văn bản"), max_length=20, choices=DocumentKind)
    number = models.CharField(_("số và ký hiệu"), max_length=60)
    signed_on = models.DateField(_("ngày ký"))
    signer = models.CharField(_("người ký"), max_length=150)
    signer_capacity = models.CharField(_("chức vụ người ký"), max_length=150, blank=True)
    scan_sha256 = files.HashField(blank=True)
    scan_name = models.CharField(_("bản chụp"), max_length=200, blank=True)
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="replaced_by", verbose_name=_("thay cho")
    )
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("người nhập"))
    at = models.DateTimeField(_("nhập lúc"))

    class Meta:
        verbose_name = _("văn bản của hội đồng")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="council_document_kind_known", condition=Q(kind__in=DocumentKind.values)
            ),
            models.CheckConstraint(
                name="council_document_replaces_another",
                condition=Q(replaces=None) | ~Q(replaces=F("id")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"

    def clean(self) -> None:
        check_symbol(self.number, "number")
        check_signer(self.signer, "signer")

    def office(self) -> Office | None:
        """Whose chair signs it: the council's, or its unit's; None where the law names nobody."""
        unit = self.round.council.org_unit
        # Who took it over signs what is of a day after its end.
        body = Called.of(unit.heir(self.signed_on))
        if self.kind in BY_COUNCIL:
            return council(body, Level(unit.level))
        if self.kind in BY_COMMITTEE:
            return committee(body, Level(unit.level))
        return None

    @classmethod
    def record(
        cls,
        signed: Self,
        round_: EvaluationRound,
        kind: str,
        *,
        by: User,
        entry: RoundEntry | None = None,
    ) -> Self:
        """Save ``signed`` as the signed document of ``kind``; it replaces an earlier one.

        Also after the closing, when most are signed. Raises PermissionDenied; ValidationError, by
        field, when its staged scan is gone or it cannot be that document.
        """
        with round_.change(
            "round.record_document",
            by,
            "councils.record_document",
            states=list(RoundState),
            kind=kind,
            number=signed.number,
            signed_on=signed.signed_on.isoformat(),
        ) as said:
            signed.round, signed.entry, signed.kind = round_, entry, kind
            signed.by, signed.at = by, clock.now()
            signed._check_of_round()
            if signed.scan_sha256:
                files.keep(signed.scan_sha256, "scan")
            signed.replaces = cls.objects.filter(
                round=round_, entry=entry, kind=kind, replaced_by=None
            ).first()
            signed.save(force_insert=True)
            if entry is not None:
                said["dossier"] = entry.dossier_id
            if signed.replaces is not None:
                said["corrects"] = True
            said["saved"] = [signed]
            said["attached"] = [signed.scan_sha256] if signed.scan_sha256 else []
        return signed

    def _check_of_round(self) -> None:
        """Refuse results before the closing or of a day before the meeting, the number of another
        document of the round, and who may not sign it. Raises ValidationError, by field.
        """
        kind, met_on = DocumentKind(self.kind), self.round.met_on
        wrong: dict[str, Any] = {}
        if kind in AFTER_CLOSING:
            if not self.round.closings.exists():
                raise ValidationError(
                    _("Đợt chưa chốt kết quả: chưa có %(kind)s để ghi số."),
                    params={"kind": kind.label.lower()},
                )
            if met_on and self.signed_on < met_on:
                wrong["signed_on"] = _now(
                    "Đợt này họp (mở chấm) ngày %(day)s: văn bản về kết quả không ký trước ngày đó."
                ) % {"day": day_text(met_on)}
        of_year = self.round.documents.filter(replaced_by=None, signed_on__year=self.signed_on.year)
        number = fold_number(self.number)
        others = of_year.exclude(kind=kind)
        same = [each for each in others if number and fold_number(each.number) == number]
        if same:
            wrong["number"] = _now("Số này đã ghi cho %(kind)s của đợt: hãy kiểm tra lại.") % {
                "kind": same[0].get_kind_display().lower()
            }
        # In a replay of the past it may be unknown who signed.
        said = self.signer_capacity or kind in AFTER_CLOSING
        office = self.office() if said and not clock.replaying() else None
        if office is not None and not office.signs_as(self.signer_capacity):
            wrong["signer_capacity"] = office.sentence
        if wrong:
            raise ValidationError(wrong)


class DocumentTemplate(models.Model):
    """A province's own Word template for one kind of document (mẫu văn bản); the newest counts."""

    kind = models.CharField(_("loại văn bản"), max_length=20, choices=DocumentKind)
    sha256 = files.HashField()
    filename = models.CharField(_("tên tệp"), max_length=200)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("người nạp"))
    at = models.DateTimeField(_("nạp lúc"))

    class Meta:
        verbose_name = _("mẫu văn bản")
        ordering = ["kind", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="template_kind_known", condition=Q(kind__in=DocumentKind.values)
            )
        ]

    def __str__(self) -> str:
        return self.filename

    @classmethod
    def keep(cls, kind: str, sha256: str, filename: str, *, by: User) -> Self:
        """Save a new template, used from now on; the older ones stay.

        Raises ValidationError when its staged file is gone.
        """
        with transaction.atomic():
            files.keep(sha256)
            kept = cls.objects.create(
                kind=kind, sha256=sha256, filename=filename, by=by, at=clock.now()
            )
            HistoryEntry.objects.record(
                "template.keep",
                Configuration(str(kept.get_kind_display())),
                by=by,
                saved=[kept],
                attached=[sha256],
                kind=kind,
                file=filename,
            )
            return kept
