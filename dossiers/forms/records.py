"""The parts of an act's form for the records that the act keeps, one per record model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Min, Q
from django.forms.models import model_to_dict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock, rubrics, written
from cycle.models import Rubric
from dossiers.forms.fields import (
    Fold,
    OptionField,
    Part,
    PointsField,
    RubricField,
    field_for,
    points_text,
    polish,
)
from dossiers.forms.shown import ticked
from dossiers.forms.uploads import FilesField
from dossiers.models import (
    ACTS,
    BusinessPlan,
    Call,
    CaseType,
    Certificate,
    CertificateNumber,
    CommuneReport,
    Completion,
    Conclusion,
    Dossier,
    Evaluation,
    Evidence,
    FundingSource,
    Ground,
    Idea,
    Inspection,
    Payment,
    Promotion,
    PromotionEvent,
    Revocation,
    SampleReceipt,
    SelfAssessment,
    StoppedProduction,
    SupportMeasure,
    Visit,
)
from dossiers.models.evidence import REPLACED_ALREADY, SCORED_ALREADY
from dossiers.models.records import CORRECTED_ALREADY, Correctable, Record


class RecordPart(Part, forms.ModelForm):
    """The part for one record. ``held_on``: the date field that begins with today; ``prefilled``:
    the other fields begin with those of the dossier's last such record.
    """

    held_on = ""
    prefilled = False
    #: Whether its record may replace another.
    replaces = False
    #: Whether what it is to replace stands no more.
    stale = False

    def __init__(
        self, *args: Any, dossier: Dossier, initial: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        model = self._meta.model
        known: dict[str, Any] = {}
        if self.prefilled:
            there = model.objects.filter(dossier=dossier)
            last = there.last_made() if issubclass(model, Correctable) else there.last()
            named = [name for name in self._meta.fields or () if name != self.held_on]
            known = model_to_dict(last, named) if last else {}
        if self.held_on:
            known[self.held_on] = clock.today()
        super().__init__(
            *args, instance=model(dossier=dossier), initial=known | (initial or {}), **kwargs
        )
        self.legend = self.legend or capfirst(model._meta.verbose_name)

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        broken = {
            str(each.get_violation_error_message()) for each in self._meta.model._meta.constraints
        }
        said = [str(each) for each in self.errors.get(NON_FIELD_ERRORS, [])]
        true = [each for each in said if each not in broken]
        if len(true) < len(said) and (true or len(self.errors) > 1):
            # What is wrong has its sentence: a constraint says it once more, and not what.
            self.errors.pop(NON_FIELD_ERRORS)
            if true:
                self.add_error(None, true)

    def add_to(self, call: dict[str, Any]) -> None:
        if self.has_changed() or not self.empty_permitted:
            call["record"].append(self.instance)


def record_form(
    model: type[Record | Evidence], form: type[RecordPart] = RecordPart, **attributes: Any
) -> Any:
    """The part for records of ``model``, with all fields that a person fills in; ``replaces`` only
    where the form is made for it.
    """
    left_out = {"dossier"} | (set() if form.replaces else {"replaces"})
    return forms.modelform_factory(
        model,
        form=type(f"{model.__name__}Form", (form,), attributes),
        fields=[
            field.name
            for field in model._meta.fields
            if field.editable and not field.primary_key and field.name not in left_out
        ],
        formfield_callback=field_for,
    )


class ScoredPart(RecordPart):
    """A part with a field for each criterion of the dossier's rubric."""

    def ask(
        self, rubric: Rubric, field_of: Callable[[dict[str, Any]], forms.Field], prefix: str
    ) -> dict[str, list[str]]:
        """Add a field for each criterion of ``rubric``; returns their names by part (A, B, C).

        ``field_of`` makes the field from the criterion's row; its name is ``prefix`` and the
        criterion's id.
        """
        self.by_code: dict[str, str] = {}
        parts: dict[str, list] = {}
        for part in rubrics.sheet(rubric)["parts"]:
            for row in part["rows"]:
                if criterion := row.get("criterion"):
                    name = f"{prefix}{criterion.pk}"
                    self.by_code[criterion.code] = name
                    parts.setdefault(part["code"], []).append(name)
                    self.fields[name] = field_of(row)
                    polish(self.fields[name])
        return parts

    def told(self) -> dict[str, Any]:
        """The values filled in, by code of criterion."""
        return {
            code: value
            for code, name in self.by_code.items()
            if (value := self.cleaned_data.get(name)) is not None
        }

    def place(self, wrong: Mapping[str, str]) -> None:
        """Show the sentences of ``wrong``, ``{code: sentence}``, at their fields; one each."""
        for code, sentence in wrong.items():
            name = self.by_code.get(code)
            if name not in self.errors:
                self.add_error(name, sentence)


class SelfAssessmentPart(ScoredPart):
    """The producer's self-assessment (Mẫu 02): an option per criterion, or from a paper the sums
    alone. There are fields for criteria once a rubric is chosen.
    """

    prefilled = True

    def __init__(self, *args: Any, dossier: Dossier, **kwargs: Any) -> None:
        super().__init__(*args, dossier=dossier, **kwargs)
        limits = dossier.rule_set.content.get("parts") or {}
        for part, limit in limits.items():
            self.fields[f"points_{part.lower()}"].help_text = _now("Từ 0 đến %(limit)s điểm.") % {
                "limit": limit
            }
        self.by_code = {}
        if dossier.rubric is not None:
            self._ask_criteria(dossier, limits)
        elif sets := dossier.rubrics():
            self.fields["rubric"] = RubricField(
                sets,
                label=_("Bộ sản phẩm"),
                empty_label=_("— Chọn bộ sản phẩm —"),
                help_text=_("Muốn chấm từng tiêu chí, hãy làm việc «Chọn bộ sản phẩm» trước."),
            )
            polish(self.fields["rubric"])
            self.order_fields(["general", "plan_results", "rubric"])
        if dossier.case_type == CaseType.FIRST:
            del self.fields["what_changed"]
        else:
            self.fields["what_changed"].required = True

    def _ask_criteria(self, dossier: Dossier, limits: Mapping[str, Any]) -> None:
        rubric = self.instance.rubric = dossier.rubric
        assert rubric is not None, "asked of a dossier with a rubric"
        parts = self.ask(rubric, lambda row: OptionField(row, required=False), "c")
        for name in self.by_code.values():
            if required := self.by_code.get(self.fields[name].requires):
                self.fields[name].widget.attrs["data-requires"] = self.add_prefix(required)
        order = list(self.fields)
        for part, names in parts.items():
            total = f"points_{part.lower()}"
            self.fields[total].required = False
            self.fields[total].help_text = _("Để trống khi chấm từng tiêu chí: phần mềm tự cộng.")
            order = [name for name in order if name not in names]
            order[order.index(total) : order.index(total)] = names
        self.order_fields(order)
        self.folds = tuple(
            Fold(
                _now("Phần %(part)s: chấm từng tiêu chí") % {"part": part},
                tuple(names),
                about=_now("tối đa %(points)s điểm") % {"points": limits[part]},
                sum=f"points_{part.lower()}",
            )
            for part, names in parts.items()
        )
        last = SelfAssessment.objects.filter(dossier=dossier, rubric=rubric).last()
        if last is not None and last.options:
            chosen = {str(pk) for pk in last.options}
            for name in self.by_code.values():
                of = chosen & set(self.fields[name].widget.points)
                self.initial.setdefault(name, next(iter(of), ""))
            for total in SelfAssessment.SUMS.values():
                self.initial.pop(total, None)

    def clean(self) -> Any:
        cleaned = super().clean()
        self.instance.rubric = self.cleaned_data.get("rubric") or self.instance.rubric
        if not self.by_code:
            points = [self.cleaned_data.get(f"points_{part}", 0) for part in "abc"]
            if sum(points) > 100:
                self.add_error("points_c", _("Tổng điểm ba phần không thể quá 100."))
        elif told := self.told():
            self._follow(told)
        elif not any(name in self.errors for name in self.by_code.values()):
            for total in SelfAssessment.SUMS.values():
                if total not in self.errors and self.cleaned_data.get(total) is None:
                    self.add_error(total, self.fields[total].error_messages["required"])
        return cleaned

    def _follow(self, told: Mapping[str, int]) -> None:
        """Compute points and sums when an option is chosen for every criterion."""
        scored, wrong = self.instance.rubric.count(told.values())
        self.place(wrong)
        for part, total in SelfAssessment.SUMS.items():
            points = sum((of for each, of in scored.items() if each.part == part), Decimal(0))
            if not wrong and self.cleaned_data.get(total) not in (None, points):
                self.add_error(
                    total,
                    _now("Các tiêu chí phần %(part)s cộng được %(points)s điểm.")
                    % {"part": part, "points": points_text(points)},
                )
        if not self.errors:
            self.instance.options = list(told.values())


class CentreEvaluationPart(ScoredPart):
    """The centre's result (kết quả của trung ương), with the means of each criterion if sent."""

    held_on = "met_on"
    not_future = ("met_on",)

    def __init__(self, *args: Any, dossier: Dossier, **kwargs: Any) -> None:
        super().__init__(*args, dossier=dossier, **kwargs)
        self.by_code = {}
        if dossier.rubric is not None:
            self.ask(dossier.rubric, self._mean_of, "p")
            names = tuple(self.by_code.values())
            self.folds = (Fold(_("Điểm từng tiêu chí (nếu trung ương gửi)"), names),)

    @staticmethod
    def _mean_of(row: dict[str, Any]) -> PointsField:
        criterion = row["criterion"]
        limit = {"code": criterion.code, "limit": points_text(criterion.points)}
        field = PointsField(
            label=str(criterion),
            help_text=_now("Từ 0 đến %(limit)s điểm.") % limit,
            required=False,
            max_digits=5,
            decimal_places=2,
            max_value=criterion.points,
        )
        field.error_messages["max_value"] = (
            _now("Điểm tiêu chí %(code)s từ 0 đến %(limit)s.") % limit
        )
        return field

    def clean(self) -> Any:
        cleaned = super().clean()
        if told := self.told():
            self.instance.scores = {code: str(points) for code, points in told.items()}
            if wrong := self.instance.wrong_scores(self.instance.dossier.rubric):
                self.place(wrong)
                self.instance.scores = {}
        return cleaned


class CertificatePart(RecordPart):
    """The certificate, and its number, which another record keeps."""

    held_on = "issued_on"
    not_future = ("issued_on",)
    number = field_for(
        CertificateNumber._meta.get_field("number"),
        required=False,
        help_text=_("Ghi đúng như trên giấy. Chưa có số thì để trống: văn thư ghi sau."),
    )
    field_order = ("number", "issued_on")

    def _post_clean(self) -> None:
        self.instance.number = self.cleaned_data.get("number", "")
        super()._post_clean()


class CentreCertificatePart(CertificatePart):
    """The centre's certificate: filled in only when it gave five stars."""

    legend = _("Giấy chứng nhận (chỉ khi trung ương công nhận 5 sao)")
    held_on = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, empty_permitted=True, use_required_attribute=False, **kwargs)


class PromotionPart(RecordPart):
    """What was done to promote the product; at a fair that was held since it was certified, of
    whatever year.
    """

    held_on = "done_on"
    not_future = ("done_on",)

    def __init__(self, *args: Any, dossier: Dossier, **kwargs: Any) -> None:
        super().__init__(*args, dossier=dossier, **kwargs)
        event, fairs = self.fields["event"], PromotionEvent.objects.order_by("-held_on", "-pk")
        given = Certificate.objects.filter(dossier__product=dossier.product_id)
        if since := given.aggregate(first=Min("issued_on"))["first"]:
            # A fair on record stays to be chosen while its row is corrected.
            fairs = fairs.filter(
                Q(held_on__gte=since) | Q(pk__in=dossier.promotions.values("event"))
            )
        event.queryset, event.empty_label = fairs, _("Không thuộc sự kiện nào")
        event.label_from_instance = lambda row: f"{row}, {row.held_on:%d/%m/%Y}"
        event.help_text = format_html(
            '{} <a href="{}">{}</a>',
            _now("Hội chợ chưa có trong danh sách thì ghi ở trang"),
            reverse("dossiers:promotion"),
            _now("Hội chợ, xúc tiến"),
        )


class LastPromotionPart(PromotionPart):
    """Required only while no promotion is on record."""

    held_on = ""

    def __init__(self, *args: Any, dossier: Dossier, **kwargs: Any) -> None:
        if dossier.promotions.exists():
            kwargs |= {"empty_permitted": True, "use_required_attribute": False}
            self.legend = _("Hoạt động xúc tiến (để trống nếu đã ghi đủ)")
        super().__init__(*args, dossier=dossier, **kwargs)


class SupportPart(RecordPart):
    """A measure of support; more paid than committed or planned is asked about once more, and again
    when the amounts are others than those that were ticked.
    """

    over = forms.BooleanField(
        label=_("Đúng là đã chi nhiều hơn kế hoạch"), required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        source = self.fields["source"]
        source.required = source.widget.is_required = True
        source.choices = [("", _("— Chọn loại nguồn —")), *FundingSource.choices]
        self.fields["paid"].help_text = _(
            "Các lần chi từ nay ghi từng lần ở «Ghi lần chi hỗ trợ», không cộng vào ô này."
        )

    def clean(self) -> Any:
        cleaned = super().clean()
        planned, paid = self.cleaned_data.get("planned"), self.cleaned_data.get("paid")
        if (committed := self.cleaned_data.get("committed")) is not None:
            planned = committed
        corrected = self.cleaned_data.get("replaces")
        if paid is not None and corrected is not None:
            stands: Any = SupportMeasure.objects.with_money().get(pk=corrected.pk)
            paid += stands.spent - stands.paid
        if planned is not None and paid is not None and paid > planned:
            # The tick says which amounts it is for, and of which measure.
            amounts = [f"{planned}-{paid}"]
            self.fields["over"].widget = forms.CheckboxInput(attrs={"class": "form-check-input"})
            of = corrected or self.instance.dossier
            if not ticked(self, "over", amounts, by=self.by, of=of):
                self.add_error(
                    "over", _("Đã chi nhiều hơn kế hoạch: xem lại số tiền, nếu đúng thì đánh dấu.")
                )
        return cleaned


class CorrectedPart(RecordPart):
    """A new version of a record of the dossier, filled with the old one (đính chính)."""

    replaces = True

    def __init__(
        self, *args: Any, dossier: Dossier, initial: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        model = self._meta.model
        standing = model.objects.filter(dossier=dossier, replaced_by=None)
        key = written.key((initial or {}).get("replaces"))
        old = standing.filter(pk=key).first() if key is not None else standing.last()
        #: Whether the page was asked for what has been corrected since, or never was there.
        self.stale = key is not None and old is None
        known = model_to_dict(old, self._meta.fields) if old is not None else {}
        known["replaces"] = old and old.pk
        super().__init__(*args, dossier=dossier, initial=known, **kwargs)
        field = self.fields["replaces"]
        field.queryset, field.required = standing, True
        field.empty_label = _("— Chọn nội dung cũ —")
        field.label_from_instance = lambda row: (
            _("%(what)s, ghi ngày %(day)s")
            % {
                "what": short(row),
                "day": f"{localtime(row.at):%d/%m/%Y}",
            }
        )
        for code in ("invalid_choice", "unique"):
            field.error_messages[code] = CORRECTED_ALREADY
        self.order_fields(["replaces"])


class NumberPart(RecordPart):
    """The number of a certificate; here none is taken back (see ``dossiers/forms/numbers.py``)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["number"].required = True


class CorrectedNumberPart(NumberPart, CorrectedPart):
    pass


def short(record: Any) -> str:
    """A record in a few words, told apart from others of its kind."""
    told = {
        Visit: "visitor",
        Call: "spoke_with",
        SupportMeasure: "provider",
        Promotion: "channel",
        SampleReceipt: "samples",
        Completion: "result",
        CommuneReport: "samples",
        Inspection: "inspectors",
        CertificateNumber: "number",
        Payment: "voucher",
    }
    said = getattr(record, told[type(record)]) or _("chưa có số")
    return f"{capfirst(record._meta.verbose_name)}: {said}"


class CorrectedSupportPart(CorrectedPart, SupportPart):
    """The same of a measure of support: planned now, paid in June."""


class CorrectedPromotionPart(CorrectedPart, PromotionPart):
    """The same of a promotion: it was at another fair."""


class PaymentPart(RecordPart):
    """A payment, of one of the measures of support that stand."""

    held_on = "paid_on"

    def __init__(self, *args: Any, dossier: Dossier, **kwargs: Any) -> None:
        super().__init__(*args, dossier=dossier, **kwargs)
        field = self.fields["measure"]
        standing = SupportMeasure.objects.filter(dossier=dossier).current().with_money()
        field.queryset, field.empty_label = standing, _("— Chọn nội dung hỗ trợ —")
        field.label_from_instance = lambda row: (
            _("%(what)s, còn %(left)s đồng") % {"what": row, "left": written.grouped(row.left)}
        )
        rows = list(standing)
        if len(rows) == 1 and self.initial.get("measure") is None:
            self.initial["measure"] = rows[0].pk
        # A payment names the measure as it was recorded first, the form as it stands.
        became: dict[Any, int] = {row.first_id or row.pk: row.pk for row in rows}
        now = self.initial.get("measure")
        self.initial["measure"] = became.get(now, now)


class CorrectedPaymentPart(CorrectedPart, PaymentPart):
    """The same of a payment: it was of another measure, day, amount."""


class RevocationPart(RecordPart):
    """On what a certificate is revoked: one ground, one conclusion or confirmation."""

    def __init__(self, *args: Any, dossier: Dossier, **kwargs: Any) -> None:
        super().__init__(*args, dossier=dossier, **kwargs)
        ground = self.fields["ground"]
        ground.choices = [("", _("— Chọn căn cứ —")), *Ground.choices]
        ground.help_text = _("Theo đúng điểm mà quyết định thu hồi đã ghi.")
        proposed = dossier.inspections.current().filter(conclusion=Conclusion.REVOKE)
        inspection, stopped = self.fields["inspection"], self.fields["stopped"]
        inspection.queryset, stopped.queryset = proposed, dossier.stoppedproductions.all()
        inspection.empty_label = stopped.empty_label = _("— Không theo văn bản này —")
        inspection.label_from_instance = lambda row: (
            _("Kết luận ngày %(day)s") % {"day": f"{row.concluded_on:%d/%m/%Y}"}
        )
        if found := proposed.last():
            self.initial["inspection"] = found.pk
        elif said := dossier.stoppedproductions.last():
            self.initial["stopped"] = said.pk
        self.fields["recipients"].help_text = _(
            "Chủ thể, UBND xã, các cơ quan đã nhận văn bản; ghi cả ngày gửi nếu biết."
        )


class EvidencePart(RecordPart):
    """A piece of evidence: a file, or the place of a paper; new, or replacing an old one. Several
    files are so many pieces of one kind.
    """

    replaces = True

    not_future = ("issued_on",)
    file = FilesField(
        label=_("Tệp"),
        required=False,
        help_text=_(
            "PDF, ảnh, Word hoặc Excel; chọn được nhiều tệp cùng loại, chụp được bằng điện thoại. "
            "Bản giấy thì ghi nơi giữ, không cần tệp."
        ),
    )
    field_order = ("kind", "title", "file", "paper_location", "criteria")

    def __init__(self, *args: Any, dossier: Dossier, **kwargs: Any) -> None:
        super().__init__(*args, dossier=dossier, **kwargs)
        compulsory = dossier.rule_set.compulsory(dossier.case_type)
        kinds = [(row["code"], row["label"]) for row in dossier.rule_set.content["evidence_kinds"]]
        self.fields["kind"] = forms.ChoiceField(
            label=_("Loại tài liệu"),
            choices=[
                ("", _("— Chọn loại tài liệu —")),
                (_("Bắt buộc"), [row for row in kinds if row[0] in compulsory]),
                (_("Bổ sung"), [row for row in kinds if row[0] not in compulsory]),
            ],
        )
        polish(self.fields["kind"])
        self.fields["replaces"].empty_label = _("Không, đây là tài liệu mới")
        if dossier.is_judged:
            self.legend = _("Tài liệu bổ sung sau hội đồng")
            self.fields["replaces"].queryset = dossier.evidence.none()
            self.fields["replaces"].error_messages["invalid_choice"] = SCORED_ALREADY
        else:
            self.fields["replaces"].queryset = current = dossier.evidence.current()
            key = written.key(self.initial.get("replaces"))
            if key is not None and not current.filter(pk=key).exists():
                # A number that no piece ever had is as good as none.
                self.stale = dossier.evidence.filter(pk=key).exists()
            # Another may replace the same piece before the choices are read, or after that and
            # before the save.
            for code in ("invalid_choice", "unique"):
                self.fields["replaces"].error_messages[code] = REPLACED_ALREADY
        if dossier.rubric is not None:
            self._ask_criteria(dossier.rubric)
        else:
            del self.fields["criteria"]
            if dossier.rubrics():
                self.about = _(
                    "Muốn ghi tài liệu chứng minh tiêu chí nào, hãy chọn bộ sản phẩm trước."
                )

    def _ask_criteria(self, rubric: Rubric) -> None:
        self.fields["criteria"] = forms.MultipleChoiceField(
            label=_("Tiêu chí"),
            choices=[(each.code, str(each)) for each in rubric.criteria.all()],
            required=False,
            widget=forms.CheckboxSelectMultiple,
        )
        polish(self.fields["criteria"])
        self.order_fields(self.field_order)
        self.folds = (Fold(_("Chứng minh cho tiêu chí nào"), ("criteria",)),)
        try:
            old = self.fields["replaces"].clean(self.initial.get("replaces"))
        except ValidationError:
            old = None
        if old is not None:
            self.initial["criteria"] = old.criteria

    def clean(self) -> Any:
        cleaned = super().clean()
        old = self.cleaned_data.get("replaces")
        if old and "kind" in self.cleaned_data and old.kind != self.cleaned_data["kind"]:
            self.add_error("replaces", _("Tài liệu được thay phải cùng loại."))
        if old and "criteria" not in self.fields:
            self.instance.criteria = old.criteria
        if staged := self.cleaned_data.get("file"):
            self.instance.hold(staged[0])
            if old and len(staged) > 1:
                self.add_error("file", _("Thay một tài liệu bằng một tệp: hãy chọn một tệp."))
        elif "file" not in self.errors and not self.cleaned_data.get("paper_location"):
            self.add_error("file", _("Bạn chưa chọn tệp, cũng chưa ghi nơi giữ bản giấy."))
        return cleaned

    def add_to(self, call: dict[str, Any]) -> None:
        """One piece a file; of several each is called by its file too."""
        files = self.cleaned_data.get("file") or []
        for staged in files if len(files) > 1 else []:
            piece = copy(self.instance)
            piece.hold(staged)
            named = f"{self.instance.title}: {PurePath(staged.filename).stem}"
            piece.title = named[: Evidence._meta.get_field("title").max_length]
            call["record"].append(piece)
        if len(files) <= 1:
            super().add_to(call)

    def _post_clean(self) -> None:
        super()._post_clean()
        if len(self.errors) > 1:
            # When a field is wrong, the model also finds the row empty: drop that message.
            self.errors.pop(NON_FIELD_ERRORS, None)


# --- Which act asks for which -------------------------------------------------------------------

#: Model name of a record -> the part that asks for it.
FORMS = {
    "idea": record_form(Idea, held_on="filed_on", not_future=("filed_on",), prefilled=True),
    "businessplan": record_form(
        BusinessPlan,
        held_on="filed_on",
        not_future=("filed_on", "owner_trained_on"),
        prefilled=True,
    ),
    "visit": record_form(Visit, held_on="visited_on", not_future=("visited_on",)),
    "call": record_form(Call, held_on="called_on", not_future=("called_on",)),
    "supportmeasure": record_form(
        SupportMeasure, SupportPart, not_future=("committed_on", "done_on")
    ),
    "payment": record_form(Payment, PaymentPart, not_future=("paid_on",)),
    "completion": record_form(
        Completion, held_on="finished_on", not_future=("finished_on",), prefilled=True
    ),
    "evidence": record_form(Evidence, EvidencePart),
    "selfassessment": record_form(SelfAssessment, SelfAssessmentPart),
    "communereport": record_form(CommuneReport, prefilled=True),
    "samplereceipt": record_form(SampleReceipt, held_on="received_on", not_future=("received_on",)),
    "evaluation": record_form(Evaluation, held_on="met_on", not_future=("met_on",)),
    "certificate": record_form(Certificate, CertificatePart),
    "certificatenumber": record_form(CertificateNumber, NumberPart),
    "promotion": record_form(Promotion, PromotionPart),
    "inspection": record_form(
        Inspection, held_on="inspected_on", not_future=("inspected_on", "concluded_on")
    ),
    "stoppedproduction": record_form(StoppedProduction, not_future=("stopped_on",)),
    "revocation": record_form(Revocation, RevocationPart),
}
#: (act, record) -> the part, where an act asks for a record in its own way.
_OTHERWISE = {
    ("record_centre_result", "evaluation"): record_form(Evaluation, CentreEvaluationPart),
    ("record_centre_result", "certificate"): record_form(Certificate, CentreCertificatePart),
    ("promote", "promotion"): record_form(Promotion, LastPromotionPart),
    ("correct_visit", "visit"): record_form(Visit, CorrectedPart, not_future=("visited_on",)),
    ("correct_call", "call"): record_form(Call, CorrectedPart, not_future=("called_on",)),
    ("correct_support", "supportmeasure"): record_form(
        SupportMeasure, CorrectedSupportPart, not_future=("committed_on", "done_on")
    ),
    ("correct_payment", "payment"): record_form(
        Payment, CorrectedPaymentPart, not_future=("paid_on",)
    ),
    ("correct_samples", "samplereceipt"): record_form(
        SampleReceipt, CorrectedPart, not_future=("received_on",)
    ),
    ("correct_completion", "completion"): record_form(
        Completion, CorrectedPart, not_future=("finished_on",)
    ),
    ("correct_report", "communereport"): record_form(CommuneReport, CorrectedPart),
    ("correct_inspection", "inspection"): record_form(
        Inspection, CorrectedPart, not_future=("inspected_on", "concluded_on")
    ),
    ("correct_number", "certificatenumber"): record_form(CertificateNumber, CorrectedNumberPart),
    ("correct_promotion", "promotion"): record_form(
        Promotion, CorrectedPromotionPart, not_future=("done_on",)
    ),
}

#: Act -> the parts for the records that it keeps.
RECORDS = {
    act.name: [_OTHERWISE.get((act.name, kind)) or FORMS[kind] for kind in act.keeps]
    for act in ACTS.values()
}
