"""The support team's appraisal of a product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from councils.models.entry import RoundEntry
from cycle import clock, files
from cycle.models import User
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
