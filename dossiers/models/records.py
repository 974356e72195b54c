"""What each step adds to a dossier, one model each; saved by the door with the act."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import written
from cycle.models import (
    Cycle,
    Level,
    Rubric,
    User,
)
from cycle.points import mean_or_none
from dossiers.law.states import LEVEL_JUDGING, State

if TYPE_CHECKING:
    from dossiers.models.paper import OfficialDocument


class Record(models.Model):
    """Something that a step adds to a dossier. ``at``: when it happened; ``recorded_by``: who typed
    it.
    """

    dossier = models.ForeignKey(
        "dossiers.Dossier", models.PROTECT, related_name="%(class)ss", verbose_name=_("hồ sơ")
    )
    recorded_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        related_name="+",
        editable=False,
        verbose_name=_("người nhập"),
    )
    at = models.DateTimeField(_("lúc"), editable=False)

    #: What is typed with it and kept by another record -> the name of that one's model.
    beside: Mapping[str, str] = MappingProxyType({})
    #: The records that were saved with it.
    brought: Sequence[Record] = ()
    #: Its days that may be before the dossier began.
    of_before: tuple[str, ...] = ()

    class Meta:
        abstract = True
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} #{self.pk}"

    def prepare(self, paper: OfficialDocument | None = None) -> None:
        """Fill the fields that follow from the dossier and from the act's signed ``paper`` (saved
        already); called by the door before validation.
        """

    def refused(self, _error: Exception) -> ValidationError | None:
        """The ValidationError to show when the database refused the row with ``_error``; None when
        the refusal is not for the person to mend.
        """
        return None


class CorrectableQuerySet(models.QuerySet):
    """Rows of which some replace others."""

    def current(self) -> Self:
        """Those that stand: lists and sums are of these (còn giá trị)."""
        return self.filter(replaced_by=None)

    def last_made(self) -> Any:
        """Of one dossier, the row that was made last, as it was corrected since; None without any.
        What corrects an earlier one is written later, and is not that.
        """
        rows: Any = self.order_by("pk")
        became = {each.replaces_id: each for each in rows}
        found = became.get(None)
        while found is not None and found.pk in became:
            found = became[found.pk]
        return found


class Correctable(Record):
    """A record that may turn out wrong, or go on: a row is never changed, a new one ``replaces`` it
    (đính chính) and both stay; the reason is in the history.
    """

    replaces = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="replaced_by",
        verbose_name=_("thay cho"),
    )

    objects = CorrectableQuerySet.as_manager()

    class Meta(Record.Meta):
        abstract = True

    def refused(self, error: Exception) -> ValidationError | None:
        if "replaces" in str(error):
            return ValidationError({"replaces": CORRECTED_ALREADY})
        return None

    def clean(self) -> None:
        if self.replaces and self.replaces.dossier_id != self.dossier_id:
            raise ValidationError({"replaces": _("Nội dung cũ không thuộc hồ sơ này.")})
        if self.replaces and self._says() == self.replaces._says():
            raise ValidationError(NOTHING_CORRECTED)

    def first_written(self) -> Correctable:
        """The record that it corrects, over all corrections; itself when it corrects none."""
        return self.replaces.first_written() if self.replaces else self

    def _says(self) -> dict[str, Any]:
        """What a person fills in, by field."""
        kept = {"dossier", "replaces"}
        return {
            field.name: getattr(self, field.attname)
            for field in self._meta.concrete_fields
            if field.editable and not field.primary_key and field.name not in kept
        }


NOTHING_CORRECTED = _("Chưa có nội dung nào khác với nội dung đã ghi.")
CORRECTED_ALREADY = _("Nội dung này vừa được đính chính: hãy tải lại trang.")


class Idea(Record):
    """Idea registration (phiếu đăng ký ý tưởng); ``previous`` is the one filed before."""

    previous = models.OneToOneField(
        "self", models.PROTECT, null=True, editable=False, related_name="refiled_as"
    )
    filed_on = models.DateField(_("ngày nộp"))
    description = models.TextField(_("mô tả ý tưởng sản phẩm"))
    materials = models.TextField(_("nguồn nguyên liệu"), blank=True)
    local_identity = models.TextField(_("bản sắc, tri thức địa phương"), blank=True)
    local_workers = models.PositiveIntegerField(
        _("lao động địa phương (người)"), null=True, blank=True
    )
    market = models.TextField(_("thị trường dự kiến"), blank=True)
    support_needed = models.TextField(_("đề nghị hỗ trợ"), blank=True)

    class Meta(Record.Meta):
        verbose_name = _("phiếu đăng ký ý tưởng")

    def prepare(self, _paper: OfficialDocument | None = None) -> None:
        self.previous = self.dossier.ideas.last()


class BusinessPlan(Record):
    """Business plan (phương án sản xuất kinh doanh). Amounts in đồng."""

    of_before = ("owner_trained_on", "starts_on")

    filed_on = models.DateField(_("ngày nộp"))
    owner_trained_on = models.DateField(_("ngày chủ thể được tập huấn"), null=True, blank=True)
    objective = models.TextField(_("mục tiêu"))
    products_and_volume = models.TextField(_("sản phẩm, sản lượng"))
    production = models.TextField(_("tổ chức sản xuất, công nghệ"), blank=True)
    market = models.TextField(_("thị trường, tiêu thụ"), blank=True)
    investment = models.BigIntegerField(
        _("tổng vốn đầu tư (đồng)"), validators=[MinValueValidator(0)]
    )
    own_capital = models.BigIntegerField(
        _("vốn tự có (đồng)"), default=0, validators=[MinValueValidator(0)]
    )
    expected_revenue = models.BigIntegerField(
        _("doanh thu dự kiến mỗi năm (đồng)"), default=0, validators=[MinValueValidator(0)]
    )
    starts_on = models.DateField(_("bắt đầu"), null=True, blank=True)
    ends_on = models.DateField(_("hoàn thành"), null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("phương án sản xuất kinh doanh")
        constraints = [
            models.CheckConstraint(
                condition=Q(investment__gte=0, own_capital__gte=0, expected_revenue__gte=0),
                name="plan_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(starts_on=None) | Q(ends_on__gte=F("starts_on")),
                name="plan_period_not_reversed",
            ),
        ]

    def clean(self) -> None:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise ValidationError({"ends_on": _("Ngày hoàn thành phải sau ngày bắt đầu.")})
        if (self.own_capital or 0) > (self.investment or 0):
            raise ValidationError(
                {"own_capital": _("Vốn tự có không thể lớn hơn tổng vốn đầu tư.")}
            )


#: The next visit comes within two years, one of them a leap year.
VISITED_WITHIN = timedelta(days=731)


class Visit(Correctable):
    """A visit to the producer (kiểm tra, hướng dẫn tại cơ sở)."""

    visited_on = models.DateField(_("ngày đến"))
    visitor = models.CharField(_("người đi"), max_length=150)
    findings = models.TextField(_("tình hình"))
    advice = models.TextField(_("hướng dẫn, kiến nghị"), blank=True)
    next_visit_on = models.DateField(_("hẹn lần sau"), null=True, blank=True)

    class Meta(Correctable.Meta):
        verbose_name = _("lần kiểm tra tại cơ sở")

    def clean(self) -> None:
        super().clean()
        if self.visited_on and self.next_visit_on and self.next_visit_on <= self.visited_on:
            raise ValidationError({"next_visit_on": _("Ngày hẹn phải sau ngày đến.")})
        # Later is a mistyped year: nothing would ever remind anybody.
        last = self.visited_on and self.visited_on + VISITED_WITHIN
        if last and self.next_visit_on and self.next_visit_on > last:
            raise ValidationError(
                {"next_visit_on": _("Ngày hẹn sau ngày đến quá hai năm: xin xem lại năm.")}
            )


#: The next call comes within a year.
CALLED_WITHIN = timedelta(days=366)


class Call(Correctable):
    """A call to the producer whose certificate ends (gọi điện nhắc làm lại hồ sơ): what was said,
    and when to call again.
    """

    called_on = models.DateField(_("ngày gọi"))
    spoke_with = models.CharField(_("gọi cho ai"), max_length=150)
    said = models.TextField(_("chủ thể trả lời"))
    call_again_on = models.DateField(_("hẹn gọi lại"), null=True, blank=True)

    class Meta(Correctable.Meta):
        verbose_name = _("cuộc gọi")

    def clean(self) -> None:
        super().clean()
        if not self.called_on or not self.call_again_on:
            return
        if self.call_again_on <= self.called_on:
            raise ValidationError({"call_again_on": _("Ngày hẹn phải sau ngày gọi.")})
        if self.call_again_on > self.called_on + CALLED_WITHIN:
            raise ValidationError(
                {"call_again_on": _("Ngày hẹn sau ngày gọi quá một năm: xin xem lại năm.")}
            )


class SupportKind(models.TextChoices):
    """The seven kinds of support (QĐ 851/QĐ-UBND Bắc Kạn, bảng 3)."""

    ORGANISATION = "organisation", _("Thành lập, củng cố tổ chức")
    RESOURCES = "resources", _("Huy động nguồn lực")
    CONSTRUCTION = "construction", _("Xây dựng, thiết bị")
    PRODUCTION = "production", _("Sản xuất")
    TECHNOLOGY = "technology", _("Hoàn thiện công nghệ")
    PROMOTION = "promotion", _("Xúc tiến thương mại")
    CAPACITY = "capacity", _("Nâng cao năng lực (CEO chân đất)")


class FundingSource(models.TextChoices):
    """Whose money supports (loại nguồn vốn), as the province's report tells them apart."""

    PROGRAMME = "programme", _("Vốn của Chương trình OCOP")
    OTHER = "other", _("Lồng ghép, nguồn khác")
    OWN = "own", _("Vốn của chủ thể")


class SupportQuerySet(CorrectableQuerySet):
    """Measures of support."""

    def with_money(self) -> Self:
        """Each with ``spent``, all that was paid of it; and ``limit``, what was committed, or
        planned where nothing is; ``left`` of that.
        """
        payments = Payment.objects.current().order_by()
        its = payments.filter(measure=Coalesce(OuterRef("first"), OuterRef("pk")))
        total = its.values("measure").annotate(total=Sum("amount")).values("total")
        return (
            self.annotate(
                spent=F("paid")
                + Coalesce(Subquery(total), Value(0), output_field=models.BigIntegerField())
            )
            .annotate(limit=Coalesce("committed", "planned"))
            .annotate(left=F("limit") - F("spent"))
        )


class SupportMeasure(Correctable):
    """One measure of support (nội dung hỗ trợ). Amounts in đồng.

    Money is ``planned`` (kế hoạch), then ``committed`` on a day (cam kết), then paid by
    :class:`Payment`. ``paid`` is what was paid before its payments were recorded one by one, on
    days that are not known. ``source`` is empty of what was recorded before it was asked.
    """

    kind = models.CharField(_("loại hỗ trợ"), max_length=20, choices=SupportKind)
    provider = models.CharField(_("đơn vị hỗ trợ"), max_length=200)
    source = models.CharField(
        _("loại nguồn vốn"), max_length=10, choices=FundingSource, blank=True, db_default=""
    )
    budget_source = models.CharField(_("nguồn kinh phí"), max_length=200)
    legal_basis = models.CharField(_("căn cứ"), max_length=200, blank=True)
    planned = models.BigIntegerField(
        _("kinh phí kế hoạch (đồng)"), validators=[MinValueValidator(0)]
    )
    committed = models.BigIntegerField(
        _("kinh phí đã cam kết (đồng)"), null=True, blank=True, validators=[MinValueValidator(0)]
    )
    committed_on = models.DateField(_("ngày cam kết"), null=True, blank=True)
    paid = models.BigIntegerField(
        _("đã chi từ trước, không rõ từng lần (đồng)"),
        default=0,
        validators=[MinValueValidator(0)],
    )
    expected_result = models.TextField(_("kết quả dự kiến"))
    result = models.TextField(_("kết quả đạt được"), blank=True, db_default="")
    done_on = models.DateField(_("ngày hoàn thành"), null=True, blank=True)
    #: The year in which it was recorded first: the dossier may go on in another.
    cycle = models.ForeignKey(
        Cycle,
        models.PROTECT,
        editable=False,
        related_name="supportmeasures",
        verbose_name=_("chu trình"),
    )
    #: What it corrects first of all, over all corrections: what payments are made of. None of what
    #: corrects nothing.
    first = models.ForeignKey(
        "self", models.PROTECT, null=True, editable=False, related_name="versions"
    )

    objects = SupportQuerySet.as_manager()  # type: ignore[misc]

    class Meta(Correctable.Meta):
        verbose_name = _("nội dung hỗ trợ")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=SupportKind.values), name="support_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(source__in=["", *FundingSource.values]), name="support_source_known"
            ),
            models.CheckConstraint(
                condition=Q(planned__gte=0, paid__gte=0), name="support_amounts_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(committed=None, committed_on=None)
                | Q(committed__gte=0, committed_on__isnull=False),
                name="support_committed_on_a_day",
            ),
            models.CheckConstraint(
                condition=Q(first=None, replaces=None)
                | Q(first__isnull=False, replaces__isnull=False),
                name="support_first_of_what_it_replaces",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.provider}"

    def prepare(self, _paper: OfficialDocument | None = None) -> None:
        before: Any = self.replaces
        self.first = None if before is None else before.first or before
        self.cycle = self.dossier.cycle if before is None else before.cycle

    def clean(self) -> None:
        super().clean()
        if self.committed is not None and self.committed_on is None:
            raise ValidationError({"committed_on": _("Ghi ngày cam kết số tiền này.")})
        if self.committed_on is not None and self.committed is None:
            raise ValidationError({"committed": _("Ghi số tiền đã cam kết ngày này.")})


class Payment(Correctable):
    """A payment of a measure of support (lần chi hỗ trợ). ``measure`` is the measure as it was
    recorded first; of more than was committed or planned ``note`` says why. Amounts in đồng.

    Of nothing only in a correction: it was recorded by mistake.
    """

    measure = models.ForeignKey(
        SupportMeasure,
        models.PROTECT,
        related_name="payments",
        verbose_name=_("nội dung hỗ trợ"),
    )
    amount = models.BigIntegerField(_("số tiền chi (đồng)"), validators=[MinValueValidator(0)])
    paid_on = models.DateField(_("ngày chi"))
    voucher = models.CharField(_("chứng từ"), max_length=200)
    note = models.TextField(_("ghi chú, giải trình"), blank=True)

    class Meta(Correctable.Meta):
        verbose_name = _("lần chi hỗ trợ")
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0) | Q(amount=0, replaces__isnull=False),
                name="payment_of_something",
            )
        ]

    def clean(self) -> None:
        if self.measure_id is not None:
            self.measure = self.measure.first or self.measure
        super().clean()
        if self.measure_id is None:
            return
        if self.measure.dossier_id != self.dossier_id:
            raise ValidationError({"measure": _("Nội dung hỗ trợ này không thuộc hồ sơ.")})
        if self.amount == 0 and self.replaces is None:
            raise ValidationError({"amount": _("Ghi số tiền đã chi.")})
        if self.amount and not self.note and (over := self._over()):
            raise ValidationError(
                {
                    "note": _(
                        "Cộng lần này đã chi vượt kinh phí %(over)s đồng: xem lại số tiền, nếu "
                        "đúng thì giải trình vì sao."
                    )
                    % {"over": written.grouped(over)}
                }
            )

    def _over(self) -> int:
        """By how much more is paid with this than was committed or planned; 0 when it is not."""
        versions = SupportMeasure.objects.filter(Q(pk=self.measure_id) | Q(first=self.measure_id))
        standing: Any = versions.current().with_money().get()
        before: Any = self.replaces
        # What it corrects counts no more.
        less = before.amount if before and before.measure_id == self.measure_id else 0
        return max(0, self.amount - less - standing.left)


class Completion(Correctable):
    """The plan is carried out, the product ready for evaluation (hoàn thành triển khai)."""

    finished_on = models.DateField(_("ngày hoàn thành"))
    result = models.TextField(_("kết quả thực hiện phương án"))
    product_ready = models.TextField(_("sản phẩm hoàn thiện (bao bì, nhãn, chất lượng)"))
    papers_ready = models.TextField(_("giấy tờ đã có"), blank=True)

    class Meta(Correctable.Meta):
        verbose_name = _("kết quả triển khai")


class Scored(Record):
    """A record that may hold the points of each criterion under ``rubric``.

    ``scores`` is ``{code of the criterion: points}``, the points as decimal text; empty when only
    sums are known.
    """

    rubric = models.ForeignKey(
        Rubric,
        models.PROTECT,
        null=True,
        editable=False,
        db_index=False,
        related_name="+",
        verbose_name=_("bộ sản phẩm"),
    )
    scores = models.JSONField(_("điểm từng tiêu chí"), default=dict, blank=True, editable=False)

    class Meta(Record.Meta):
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(scores={}) | Q(rubric__isnull=False),
                name="%(class)s_scores_have_rubric",
            )
        ]

    def points(self) -> dict[str, Decimal]:
        """The points by code of criterion."""
        return {code: Decimal(points) for code, points in self.scores.items()}


class SelfAssessment(Scored):
    """The producer's own scores and production plan (Mẫu 02, QĐ 26/2026/QĐ-TTg).

    ``options`` are the ids of the options chosen, one per criterion; ``scores`` and the sums are
    computed from them.
    """

    SUMS = {"A": "points_a", "B": "points_b", "C": "points_c"}

    options = ArrayField(models.BigIntegerField(), default=list, blank=True, editable=False)
    general = models.TextField(_("thông tin chung"))
    plan_results = models.TextField(_("kết quả phương án"), blank=True)
    points_a = models.DecimalField(_("tự chấm phần A"), max_digits=5, decimal_places=2)
    points_b = models.DecimalField(_("tự chấm phần B"), max_digits=5, decimal_places=2)
    points_c = models.DecimalField(_("tự chấm phần C"), max_digits=5, decimal_places=2)
    production_plan = models.TextField(_("kế hoạch sản xuất"), blank=True)
    what_changed = models.TextField(_("nội dung thay đổi (nâng hạng, đánh giá lại)"), blank=True)

    class Meta(Record.Meta):
        verbose_name = _("bản tự đánh giá")
        constraints = [
            *Scored.Meta.constraints,
            models.CheckConstraint(
                condition=Q(points_a__gte=0, points_b__gte=0, points_c__gte=0)
                & Q(points_a__lte=100 - F("points_b") - F("points_c")),
                name="self_assessment_within_100",
            ),
        ]

    def prepare(self, _paper: OfficialDocument | None = None) -> None:
        if self.rubric is None:
            self.rubric = self.dossier.rubric
        if self.options and self.rubric:
            self._add_up(self.rubric)

    def _add_up(self, rubric: Rubric) -> dict[str, Any]:
        """Compute ``scores`` and the sums from ``options``; returns ``{code: what is wrong}``."""
        scored, wrong = rubric.count(self.options)
        self.scores = {criterion.code: str(points) for criterion, points in scored.items()}
        for part, field in self.SUMS.items():
            of_part = [points for criterion, points in scored.items() if criterion.part == part]
            setattr(self, field, sum(of_part, Decimal(0)))
        return wrong

    @property
    def total(self) -> Decimal:
        """Points out of 100."""
        return self.points_a + self.points_b + self.points_c

    def clean(self) -> None:
        chosen = self.dossier.rubric if self.dossier_id else None
        if self.rubric is not None and self.rubric != chosen:
            if chosen is not None:
                raise ValidationError(
                    {"rubric": _("Hồ sơ đã chọn bộ «%(rubric)s».") % {"rubric": chosen}}
                )
            if self.rubric not in self.dossier.rubrics():
                raise ValidationError(
                    {"rubric": _("Bộ này không dành cho nhóm sản phẩm của hồ sơ.")}
                )
        if self.options:
            if self.rubric is None:
                raise ValidationError(_("Chưa chọn bộ sản phẩm nên chưa chấm được từng tiêu chí."))
            if wrong := self._add_up(self.rubric):
                raise ValidationError(list(wrong.values()))
        parts = (self.dossier.rule_set.content.get("parts") if self.dossier_id else None) or {}
        for part, field in self.SUMS.items():
            value = getattr(self, field)
            limit = parts.get(part)
            if value is not None and (value < 0 or (limit is not None and value > limit)):
                raise ValidationError(
                    {
                        field: _("Điểm phần %(part)s từ 0 đến %(limit)s.")
                        % {"part": part, "limit": limit or 100}
                    }
                )


class CommuneReport(Correctable):
    """The commune's report on four topics (Mẫu 03, QĐ 26/2026/QĐ-TTg), with samples received."""

    origin = models.TextField(_("nguồn gốc, nguyên liệu địa phương"))
    labour = models.TextField(_("sử dụng lao động địa phương"))
    idea_origin = models.TextField(_("nguồn gốc ý tưởng sản phẩm"))
    identity = models.TextField(_("bản sắc, trí tuệ địa phương"))
    samples = models.PositiveSmallIntegerField(
        _("số sản phẩm mẫu đã nhận"), help_text=_("Năm mẫu; du lịch không cần mẫu.")
    )
    samples_follow_on = models.DateField(
        _("ngày nộp đủ mẫu"),
        null=True,
        blank=True,
        help_text=_("Hàng tươi, theo mùa vụ: mẫu còn thiếu sẽ nộp ngày này."),
    )
    label_checked = models.BooleanField(_("đã kiểm tra nhãn hàng hóa"), default=False)

    class Meta(Correctable.Meta):
        verbose_name = _("báo cáo của xã")


class SampleReceipt(Correctable):
    """Samples that came after the commune's report, or go on to the centre (nhận sản phẩm mẫu).

    None at all only in a correction: those of another dossier were typed here.
    """

    received_on = models.DateField(_("ngày nhận mẫu"))
    samples = models.PositiveSmallIntegerField(_("số sản phẩm mẫu"))
    for_centre = models.BooleanField(_("mẫu gửi trung ương"), default=False)
    note = models.CharField(_("ghi chú"), max_length=200, blank=True)

    class Meta(Correctable.Meta):
        verbose_name = _("lần nhận sản phẩm mẫu")
        constraints = [
            models.CheckConstraint(
                condition=Q(samples__gte=1) | Q(replaces__isnull=False),
                name="sample_receipt_has_samples",
            )
        ]

    def clean(self) -> None:
        super().clean()
        if self.samples == 0 and self.replaces is None:
            raise ValidationError({"samples": _("Ghi ít nhất một sản phẩm mẫu.")})


class Review(Record):
    """An officer's checklist: the items checked, and what was missing (phiếu kiểm tra).

    ``unticked``: the items left unticked, each with its reason as the next reader sees it.
    """

    checked = models.JSONField(_("nội dung đã kiểm tra"), default=list, blank=True)
    unticked = models.JSONField(_("nội dung chưa đánh dấu"), default=list, blank=True)
    remarks = models.TextField(_("nhận xét, yêu cầu từng nội dung"), blank=True)

    class Meta(Record.Meta):
        verbose_name = _("phiếu kiểm tra")


def _possible(points: Any, limit: Decimal) -> bool:
    """Whether the text ``points`` is a number from 0 to ``limit`` with at most two decimals."""
    try:
        points = Decimal(points)
    except (InvalidOperation, TypeError, ValueError):
        return False
    return points.is_finite() and 0 <= points <= limit and points == round(points, 2)


class Evaluation(Scored):
    """A council's result at one level (kết quả đánh giá, phân hạng).

    The mean of the members' totals is kept as ``points_sum`` and ``sheets``, so that it compares
    exactly with a band; it is shown cut after two decimals. ``scores`` are the means of each
    criterion, when they were sent.
    """

    level = models.CharField(_("cấp"), max_length=10, choices=Level, editable=False)
    met_on = models.DateField(_("ngày họp hội đồng"))
    points_sum = models.DecimalField(
        _("tổng điểm các phiếu"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    sheets = models.PositiveSmallIntegerField(_("số phiếu"), null=True, blank=True)
    stars = models.PositiveSmallIntegerField(
        _("hạng sao"), choices=[(n, f"{n} ★") for n in range(1, 6)]
    )
    reasons = models.TextField(
        _("lý do, kết luận"), help_text=_("Nêu rõ nếu hạng sao thấp hơn mức điểm.")
    )

    class Meta(Record.Meta):
        verbose_name = _("kết quả đánh giá")
        constraints = [
            *Scored.Meta.constraints,
            models.CheckConstraint(
                condition=Q(level__in=Level.values), name="evaluation_level_known"
            ),
            models.CheckConstraint(
                condition=Q(stars__range=(1, 5)), name="evaluation_stars_in_range"
            ),
            models.CheckConstraint(
                condition=Q(points_sum__isnull=True, sheets__isnull=True)
                | Q(
                    points_sum__isnull=False,
                    sheets__isnull=False,
                    sheets__gte=1,
                    points_sum__gte=0,
                    points_sum__lte=F("sheets") * 100,
                ),
                name="evaluation_mean_is_possible",
            ),
        ]

    def prepare(self, _paper: OfficialDocument | None = None) -> None:
        self.level = LEVEL_JUDGING[State(self.dossier.state)]
        self.rubric = self.dossier.rubric if self.scores else None

    @property
    def mean(self) -> Decimal | None:
        """The mean, truncated to two decimals as it is shown; None without points."""
        return mean_or_none(self.points_sum, self.sheets)

    def wrong_scores(self, rubric: Rubric) -> dict[str, str]:
        """``{code: sentence}`` of what is wrong in ``scores``; the key "" is for codes that
        ``rubric`` does not have.
        """
        criteria = {each.code: each for each in rubric.criteria.all()}
        wrong = {}
        for code, criterion in criteria.items():
            limit = f"{criterion.points.normalize():f}"
            this = {"code": code, "title": criterion.title, "limit": limit}
            if code in self.scores:
                if not _possible(self.scores[code], criterion.points):
                    wrong[code] = _now("Điểm tiêu chí %(code)s từ 0 đến %(limit)s.") % this
            # A criterion that depends on another may apply on no sheet.
            elif criterion.requires_id is None:
                wrong[code] = _now("Bạn chưa nhập điểm tiêu chí %(code)s %(title)s.") % this
        if set(self.scores) - set(criteria):
            wrong[""] = _now("Có điểm của tiêu chí không thuộc bộ tiêu chí này.")
        return wrong

    def _check_scores(self) -> None:
        if self.dossier.rubric is None:
            raise ValidationError(_("Chưa chọn bộ sản phẩm nên chưa ghi được điểm từng tiêu chí."))
        if wrong := self.wrong_scores(self.dossier.rubric):
            raise ValidationError(list(wrong.values()))
        total = sum(self.points().values(), Decimal(0))
        # Each criterion's mean was rounded to hundredths, the mean of the totals was not.
        stray = Decimal("0.01") * len(self.scores)
        if self.mean is not None and abs(total - self.mean) > stray:
            raise ValidationError(
                {
                    "points_sum": _(
                        "Điểm bình quân là %(mean)s, nhưng các tiêu chí cộng được %(total)s."
                    )
                    % {"mean": self.mean, "total": total}
                }
            )

    def clean(self) -> None:
        if (self.points_sum is None) != (self.sheets is None):
            raise ValidationError({"sheets": _("Tổng điểm và số phiếu phải được nhập cùng nhau.")})
        if self.scores and self.sheets != 0:
            self._check_scores()
        rule_set = self.dossier.rule_set
        if self.points_sum is None or self.sheets is None:
            if rule_set.needs_points:
                raise ValidationError({"points_sum": _("Bạn chưa nhập tổng điểm các phiếu.")})
            return
        if self.sheets < 1 or not 0 <= self.points_sum <= 100 * self.sheets:
            raise ValidationError(
                {
                    "points_sum": _(
                        "Điểm bình quân phải từ 0 đến 100; xem lại tổng điểm và số phiếu."
                    )
                }
            )
        if rule_set.needs_points and self.stars is not None:
            band = rule_set.band(self.points_sum, self.sheets)
            if self.stars > band:
                raise ValidationError(
                    {
                        "stars": _("Điểm bình quân %(mean)s chỉ đạt %(band)s sao.")
                        % {"mean": self.mean, "band": band}
                    }
                )


def new_token() -> str:
    """A random text for a public address. Old migrations import it from here."""
    return secrets.token_urlsafe(24)


class Promotion(Correctable):
    """Something done to promote the product's sale (xúc tiến thương mại)."""

    event = models.ForeignKey(
        "dossiers.PromotionEvent",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="promotions",
        verbose_name=_("sự kiện"),
    )
    done_on = models.DateField(_("ngày"))
    channel = models.CharField(
        _("hình thức"),
        max_length=200,
        help_text=_("Hội chợ, truyền thông, sàn thương mại điện tử, điểm bán…"),
    )
    result = models.TextField(_("kết quả"))
    cost = models.BigIntegerField(
        _("kinh phí (đồng)"), default=0, validators=[MinValueValidator(0)]
    )

    class Meta(Correctable.Meta):
        verbose_name = _("hoạt động xúc tiến")
        constraints = [
            models.CheckConstraint(condition=Q(cost__gte=0), name="promotion_cost_not_negative")
        ]


class Conclusion(models.TextChoices):
    """What an inspection came to (kết luận kiểm tra)."""

    PASSED = "passed", _("Đạt")
    REMEDY = "remedy", _("Yêu cầu khắc phục")
    REVOKE = "revoke", _("Đề nghị thu hồi")


class Inspection(Correctable):
    """An inspection after the certificate (kiểm tra sau công nhận, QĐ 26/2026/QĐ-TTg).

    If its ``conclusion`` proposes revocation, the province's term to decide starts on the day of
    the conclusion (D8).
    """

    inspected_on = models.DateField(_("ngày kiểm tra"))
    inspectors = models.CharField(_("đoàn kiểm tra"), max_length=300)
    findings = models.TextField(_("kết quả kiểm tra"))
    samples = models.PositiveSmallIntegerField(_("số mẫu đã lấy"), default=0)
    results = models.TextField(_("kết quả kiểm nghiệm mẫu"), blank=True)
    conclusion = models.CharField(_("kết luận"), max_length=10, choices=Conclusion)
    concluded_on = models.DateField(_("ngày kết luận"))

    class Meta(Correctable.Meta):
        verbose_name = _("lần kiểm tra sau công nhận")
        constraints = [
            models.CheckConstraint(
                condition=Q(conclusion__in=Conclusion.values), name="inspection_conclusion_known"
            ),
            models.CheckConstraint(
                condition=Q(concluded_on__gte=F("inspected_on")),
                name="inspection_concluded_after_it_was_made",
            ),
        ]

    def clean(self) -> None:
        super().clean()
        if self.inspected_on and self.concluded_on and self.concluded_on < self.inspected_on:
            raise ValidationError(
                {"concluded_on": _("Ngày kết luận không thể trước ngày kiểm tra.")}
            )
        certificate = self.dossier.certificates.last() if self.dossier_id else None
        if certificate and self.inspected_on and self.inspected_on < certificate.issued_on:
            raise ValidationError(
                {"inspected_on": _("Ngày kiểm tra không thể trước ngày cấp giấy chứng nhận.")}
            )


class StoppedProduction(Record):
    """The commune's signed confirmation that the product is made no more (xác nhận ngừng sản xuất,
    QĐ 26/2026/QĐ-TTg, Điều 8.4). It starts the term to revoke (D8) on the day it was signed.
    """

    stopped_on = models.DateField(_("ngừng sản xuất từ ngày"))
    remarks = models.TextField(_("nội dung xác nhận"), blank=True)
    paper = models.ForeignKey(
        "dossiers.OfficialDocument",
        models.PROTECT,
        editable=False,
        related_name="+",
        verbose_name=_("văn bản"),
    )

    class Meta(Record.Meta):
        verbose_name = _("xác nhận ngừng sản xuất")

    def __str__(self) -> str:
        return _now("Xác nhận ngừng sản xuất %(paper)s") % {"paper": self.paper}

    def prepare(self, paper: OfficialDocument | None = None) -> None:
        if paper is not None:
            self.paper = paper

    def clean(self) -> None:
        if self.stopped_on and self.paper_id and self.stopped_on > self.paper.signed_on:
            raise ValidationError(
                {"stopped_on": _("Ngày ngừng sản xuất không thể sau ngày ký xác nhận.")}
            )
        certificate = self.dossier.certificates.last() if self.dossier_id else None
        if certificate and self.stopped_on and self.stopped_on < certificate.issued_on:
            raise ValidationError(
                {"stopped_on": _("Ngày ngừng sản xuất không thể trước ngày cấp giấy chứng nhận.")}
            )


class Ground(models.TextChoices):
    """The grounds to revoke, by their letters: the decision names one (căn cứ thu hồi)."""

    A = "a", _("Điểm a khoản 1 Điều 8")
    B = "b", _("Điểm b khoản 1 Điều 8")
    C = "c", _("Điểm c khoản 1 Điều 8")
    D = "d", _("Điểm d khoản 1 Điều 8")
    DD = "dd", _("Điểm đ khoản 1 Điều 8")
    E = "e", _("Điểm e khoản 1 Điều 8")


class Revocation(Record):
    """On what a certificate is revoked, or its revocation proposed to the ministry (căn cứ thu hồi,
    QĐ 26/2026/QĐ-TTg, Điều 8): a ground, and either the conclusion of an inspection or the
    commune's confirmation. Without a choice it rests on the newest of them.
    """

    ground = models.CharField(_("căn cứ"), max_length=2, choices=Ground)
    inspection = models.ForeignKey(
        "dossiers.Inspection",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="revocations",
        verbose_name=_("kết luận kiểm tra"),
    )
    stopped = models.ForeignKey(
        StoppedProduction,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="revocations",
        verbose_name=_("xác nhận ngừng sản xuất"),
    )
    recipients = models.TextField(_("nơi đã nhận văn bản"))

    class Meta(Record.Meta):
        verbose_name = _("căn cứ thu hồi")
        constraints = [
            models.CheckConstraint(
                condition=Q(ground__in=Ground.values), name="revocation_ground_known"
            ),
            models.CheckConstraint(
                condition=Q(inspection=None, stopped__isnull=False)
                | Q(inspection__isnull=False, stopped=None),
                name="revocation_rests_on_one_paper",
            ),
        ]

    def prepare(self, _paper: OfficialDocument | None = None) -> None:
        if self.inspection_id is None and self.stopped_id is None:
            proposed = self.dossier.inspections.current().filter(conclusion=Conclusion.REVOKE)
            self.inspection = proposed.last()
            if self.inspection is None:
                self.stopped = self.dossier.stoppedproductions.last()

    def clean(self) -> None:
        if self.inspection_id is None and self.stopped_id is None:
            raise ValidationError(
                _(
                    "Chưa có kết luận kiểm tra đề nghị thu hồi, cũng chưa có xác nhận của xã là đã "
                    "ngừng sản xuất: hãy ghi một trong hai trước."
                )
            )
        if self.inspection_id is not None and self.stopped_id is not None:
            raise ValidationError(
                {"stopped": _("Chỉ chọn một: kết luận kiểm tra, hoặc xác nhận của xã.")}
            )
        for name in ("inspection", "stopped"):
            chosen = getattr(self, name)
            if chosen is not None and chosen.dossier_id != self.dossier_id:
                raise ValidationError({name: _("Văn bản này không thuộc hồ sơ.")})
        if self.inspection is not None and self.inspection.conclusion != Conclusion.REVOKE:
            raise ValidationError({"inspection": _("Kết luận này không đề nghị thu hồi.")})
