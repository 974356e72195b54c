"""One form per act: what the step keeps, why, and the paper it was signed on.

Every wrong input ends in a Vietnamese sentence at its field. Django's own Vietnamese catalogue is
incomplete, so all messages that a person can meet are ours.
"""

from decimal import Decimal
from pathlib import PurePath
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.forms.models import model_to_dict
from django.http import QueryDict
from django.utils import translation
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock, rubrics
from cycle.models import Cycle, OrgUnit, RoleAssignment, Rubric, User
from dossiers.engine import DutyMissing
from dossiers.fields import (
    Fold,
    OptionField,
    Part,
    PlainPart,
    PointsField,
    RowField,
    RubricField,
    _polish,
    field_for,
    long_text,
    points_text,
)
from dossiers.guidance import GUIDES
from dossiers.models import (
    ACTS,
    BusinessPlan,
    CaseType,
    Certificate,
    CommuneReport,
    Completion,
    ConditionNotMet,
    Evaluation,
    Evidence,
    Idea,
    Inspection,
    LateEntry,
    OfficialDocument,
    PaperRequired,
    Promotion,
    PromotionEvent,
    Review,
    SelfAssessment,
    State,
    SupportMeasure,
    Visit,
)
from dossiers.models.evidence import SIGNED_PAPER, store
from dossiers.rules import holds_task

# --- What each step keeps -----------------------------------------------------------------------


class RecordPart(Part, forms.ModelForm):
    """A record of the step. ``held_on`` is its own day; a ``prefilled`` one begins with what the
    last version said.
    """

    held_on = ""
    prefilled = False

    def __init__(self, *args, dossier, initial=None, **kwargs):
        model = self._meta.model
        known = {}
        if self.prefilled and (last := model.objects.filter(dossier=dossier).last()):
            known = model_to_dict(
                last, [name for name in self._meta.fields or () if name != self.held_on]
            )
        if self.held_on:
            known[self.held_on] = clock.today()
        super().__init__(
            *args, instance=model(dossier=dossier), initial=known | (initial or {}), **kwargs
        )
        self.legend = self.legend or capfirst(model._meta.verbose_name)

    def add_to(self, call):
        if self.has_changed() or not self.empty_permitted:
            call["record"].append(self.instance)


def record_form(model, form=RecordPart, **attributes):
    """The form of a step's record: all that a person fills in."""
    return forms.modelform_factory(
        model,
        form=type(f"{model.__name__}Form", (form,), attributes),
        fields=[
            field.name
            for field in model._meta.fields
            if field.editable and not field.primary_key and field.name != "dossier"
        ],
        formfield_callback=field_for,
    )


class ScoredPart(RecordPart):
    """A record that may say the points of each criterion of the dossier's rubric."""

    def ask(self, rubric, field_of, prefix):
        """A field for each criterion of ``rubric``; returns their names by part."""
        self.by_code: dict[str, str] = {}
        parts: dict[str, list] = {}
        for part in rubrics.sheet(rubric)["parts"]:
            for row in part["rows"]:
                if criterion := row.get("criterion"):
                    name = f"{prefix}{criterion.pk}"
                    self.by_code[criterion.code] = name
                    parts.setdefault(part["code"], []).append(name)
                    self.fields[name] = field_of(row)
                    _polish(self.fields[name])
        return parts

    def told(self):
        """What was said of each criterion, by its code."""
        return {
            code: value
            for code, name in self.by_code.items()
            if (value := self.cleaned_data.get(name)) is not None
        }

    def place(self, wrong):
        """Put each sentence at the criterion it is about, where none stands yet."""
        for code, sentence in wrong.items():
            name = self.by_code.get(code)
            if name not in self.errors:
                self.add_error(name, sentence)


class SelfAssessmentPart(ScoredPart):
    """The producer's own scores: each criterion, or of a paper the sums alone.

    Which criteria there are is known once the product set is chosen.
    """

    prefilled = True

    def __init__(self, *args, dossier, **kwargs):
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
            _polish(self.fields["rubric"])
            self.order_fields(["general", "plan_results", "rubric"])
        if dossier.case_type == CaseType.FIRST:
            del self.fields["what_changed"]
        else:
            self.fields["what_changed"].required = True

    def _ask_criteria(self, dossier, limits):
        rubric = self.instance.rubric = dossier.rubric
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

    def clean(self):
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

    def _follow(self, told):
        """Let points and sums follow from what was chosen, when it is a whole sheet."""
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
    """The centre's result, and the means of the criteria when it sends them."""

    held_on = "met_on"
    not_future = ("met_on",)

    def __init__(self, *args, dossier, **kwargs):
        super().__init__(*args, dossier=dossier, **kwargs)
        self.by_code = {}
        if dossier.rubric is not None:
            self.ask(dossier.rubric, self._mean_of, "p")
            names = tuple(self.by_code.values())
            self.folds = (Fold(_("Điểm từng tiêu chí (nếu trung ương gửi)"), names),)

    @staticmethod
    def _mean_of(row):
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

    def clean(self):
        cleaned = super().clean()
        if told := self.told():
            self.instance.scores = {code: str(points) for code, points in told.items()}
            if wrong := self.instance.wrong_scores(self.instance.dossier.rubric):
                self.place(wrong)
                self.instance.scores = {}
        return cleaned


class CertificatePart(RecordPart):
    held_on = "issued_on"
    not_future = ("issued_on",)


class CentreCertificatePart(RecordPart):
    """Filled when the centre has certified 5★, and only then."""

    legend = _("Giấy chứng nhận (chỉ khi trung ương công nhận 5 sao)")
    not_future = ("issued_on",)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, empty_permitted=True, use_required_attribute=False, **kwargs)


class PromotionPart(RecordPart):
    held_on = "done_on"
    not_future = ("done_on",)

    def __init__(self, *args, dossier, **kwargs):
        super().__init__(*args, dossier=dossier, **kwargs)
        self.fields["event"].queryset = PromotionEvent.objects.filter(cycle=dossier.cycle_id)
        self.fields["event"].empty_label = _("Không thuộc sự kiện nào")


class LastPromotionPart(PromotionPart):
    """May stay empty when an activity is on record already."""

    held_on = ""

    def __init__(self, *args, dossier, **kwargs):
        if dossier.promotions.exists():
            kwargs |= {"empty_permitted": True, "use_required_attribute": False}
            self.legend = _("Hoạt động xúc tiến (để trống nếu đã ghi đủ)")
        super().__init__(*args, dossier=dossier, **kwargs)


#: Extension -> type it is served as, and how such a file begins.
FILE_TYPES = {
    ".pdf": ("application/pdf", b"%PDF-"),
    ".png": ("image/png", b"\x89PNG\r\n\x1a\n"),
    ".jpg": ("image/jpeg", b"\xff\xd8\xff"),
    ".jpeg": ("image/jpeg", b"\xff\xd8\xff"),
    ".docx": (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        b"PK\x03\x04",
    ),
    ".xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK\x03\x04"),
}


def check_upload(upload):
    """Refuse an empty, oversized or unknown file with a sentence; returns its content type."""
    if not upload.size:
        raise ValidationError(_("Tệp này rỗng, xin chọn lại."))
    if upload.size > settings.MAX_EVIDENCE_BYTES:
        raise ValidationError(
            _("Tệp nặng quá %(limit)s MB, xin chia nhỏ hoặc nén lại."),
            params={"limit": settings.MAX_EVIDENCE_BYTES // 1024**2},
        )
    content_type, beginning = FILE_TYPES.get(PurePath(upload.name).suffix.lower(), (None, b""))
    upload.seek(0)
    begins = upload.read(len(beginning))
    upload.seek(0)
    if content_type is None or begins != beginning:
        raise ValidationError(_("Chỉ nhận tệp PDF, ảnh JPG hoặc PNG, Word (docx), Excel (xlsx)."))
    return content_type


def stored(upload):
    """Store ``upload``; returns its SHA-256, its bytes and a name that a column holds.

    Raises ValidationError, a sentence, when the disk is full.
    """
    try:
        sha256, size = store(upload)
    except OSError as error:
        raise ValidationError(
            _("Máy chủ không lưu được tệp. Xin thử lại sau, hoặc báo quản trị.")
        ) from error
    stem, suffix = PurePath(upload.name).stem, PurePath(upload.name).suffix
    return sha256, size, stem[: 200 - len(suffix)] + suffix


def keep_file(evidence, upload, content_type):
    """Store ``upload`` and let ``evidence`` speak of it. Raises as :func:`stored` does."""
    evidence.sha256, evidence.bytes, evidence.filename = stored(upload)
    evidence.content_type = content_type


class FileField(forms.FileField):
    widget = forms.FileInput

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.widget.attrs["accept"] = ",".join(FILE_TYPES)
        self.error_messages |= {
            "empty": _("Tệp này rỗng, xin chọn lại."),
            "invalid": _("Không đọc được tệp, xin chọn lại."),
            "missing": _("Không đọc được tệp, xin chọn lại."),
        }


class EvidencePart(RecordPart):
    """A file, or a paper with the place it is kept; new, or instead of an old one."""

    not_future = ("issued_on",)
    file = FileField(
        label=_("Tệp"),
        required=False,
        help_text=_("PDF, ảnh, Word hoặc Excel. Bản giấy thì ghi nơi giữ, không cần tệp."),
    )
    field_order = ("kind", "title", "file", "paper_location", "criteria")

    def __init__(self, *args, dossier, **kwargs):
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
        _polish(self.fields["kind"])
        self.fields["replaces"].queryset = dossier.evidence.current()
        self.fields["replaces"].empty_label = _("Không, đây là tài liệu mới")
        if dossier.rubric is not None:
            self._ask_criteria(dossier.rubric)
        else:
            del self.fields["criteria"]
            if dossier.rubrics():
                self.about = _(
                    "Muốn ghi tài liệu chứng minh tiêu chí nào, hãy chọn bộ sản phẩm trước."
                )

    def _ask_criteria(self, rubric):
        self.fields["criteria"] = forms.MultipleChoiceField(
            label=_("Tiêu chí"),
            choices=[(each.code, str(each)) for each in rubric.criteria.all()],
            required=False,
            widget=forms.CheckboxSelectMultiple,
        )
        _polish(self.fields["criteria"])
        self.order_fields(self.field_order)
        self.folds = (Fold(_("Chứng minh cho tiêu chí nào"), ("criteria",)),)
        try:
            old = self.fields["replaces"].clean(self.initial.get("replaces"))
        except ValidationError:
            old = None
        if old is not None:
            self.initial["criteria"] = old.criteria

    def clean(self):
        cleaned = super().clean()
        old = self.cleaned_data.get("replaces")
        if old and "kind" in self.cleaned_data and old.kind != self.cleaned_data["kind"]:
            self.add_error("replaces", _("Tài liệu được thay phải cùng loại."))
        if old and "criteria" not in self.fields:
            self.instance.criteria = old.criteria
        upload = self.cleaned_data.get("file")
        if upload:
            try:
                content_type = check_upload(upload)
                # Only when all the rest is right: a file without its row would never be found.
                if not self.errors:
                    keep_file(self.instance, upload, content_type)
            except ValidationError as error:
                self.add_error("file", error)
        elif "file" not in self.errors and not self.cleaned_data.get("paper_location"):
            self.add_error("file", _("Bạn chưa chọn tệp, cũng chưa ghi nơi giữ bản giấy."))
        return cleaned

    def _post_clean(self):
        super()._post_clean()  # type: ignore[misc]
        if len(self.errors) > 1:
            # A wrong field is named already; without its file the model finds the row empty too.
            self.errors.pop(NON_FIELD_ERRORS, None)


# --- Why, what was checked, on which paper ------------------------------------------------------


class ReasonForm(PlainPart):
    """The reason that the law asks for."""

    reason = long_text(_("Lý do"))

    def add_to(self, call):
        call["reason"] = self.cleaned_data["reason"]


class NoteForm(PlainPart):
    """A remark that goes into the history."""

    folded = True
    legend = _("Ghi chú")
    reason = long_text(_("Ghi chú"), required=False)

    def add_to(self, call):
        call["reason"] = self.cleaned_data["reason"]


class ReviewForm(PlainPart):
    """The checklist of the task, ticked, with remarks (phiếu kiểm tra)."""

    checked = forms.MultipleChoiceField(
        label=_("Đánh dấu nội dung đã kiểm tra, đã đạt"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    remarks = long_text(_("Nhận xét"), required=False)

    def __init__(self, *args, node, gate=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.checks, self.gate = GUIDES[node].checks, gate
        self.fields["checked"].choices = [(str(n), text) for n, text in enumerate(self.checks)]
        if gate:
            self.fields["remarks"].help_text = _("Cần ghi khi có nội dung không đánh dấu.")

    def clean(self):
        cleaned = super().clean()
        ticked = len(self.cleaned_data.get("checked", ()))
        if self.gate and ticked < len(self.checks) and not self.cleaned_data.get("remarks"):
            self.add_error(
                "remarks",
                _("Còn nội dung chưa đánh dấu: hãy kiểm tra, hoặc ghi nhận xét vì sao bỏ qua."),
            )
        return cleaned

    def add_to(self, call):
        remarks = self.cleaned_data["remarks"]
        with translation.override("vi"):
            checked = [str(self.checks[int(n)]) for n in self.cleaned_data["checked"]]
        if checked or remarks:
            call["record"].append(Review(checked=checked, remarks=remarks))
        call["reason"] = remarks


class ReturnForm(PlainPart):
    """One consolidated return: what is missing in each item, and why it goes back (P6)."""

    def __init__(self, *args, node, **kwargs):
        super().__init__(*args, **kwargs)
        self.checks = GUIDES[node].checks
        for n, text in enumerate(self.checks):
            self.fields[f"item_{n}"] = forms.CharField(label=text, max_length=500, required=False)
        self.fields["reason"] = long_text(
            _("Yêu cầu chung"),
            required=False,
            help_text=_("Nêu một lần, đủ các nội dung, để chủ thể không phải sửa nhiều lần."),
        )
        for field in self.fields.values():
            _polish(field)

    def _items(self):
        with translation.override("vi"):
            return [
                f"{text}: {remark}"
                for n, text in enumerate(self.checks)
                if (remark := self.cleaned_data.get(f"item_{n}"))
            ]

    def clean(self):
        cleaned = super().clean()
        if not self.errors and not self.cleaned_data.get("reason") and not self._items():
            self.add_error("reason", _("Bạn chưa nêu lý do trả lại."))
        return cleaned

    def add_to(self, call):
        items = self._items()
        if items:
            call["record"].append(Review(checked=[], remarks="\n".join(items)))
        call["reason"] = self.cleaned_data["reason"] or "; ".join(items)


LATE_STARTS = [
    (state.value, format_lazy("{step}: {state}", step=state.step.label, state=state.label))
    for state in (State.ASSEMBLING, State.IMPLEMENTING, State.IDEA_SELECTED)
]


class LateEntryForm(ReasonForm):
    """Where an existing product, an upgrade, a re-evaluation begins."""

    entered_as = forms.ChoiceField(label=_("Vào muộn vì"), choices=LateEntry)
    state = forms.ChoiceField(label=_("Bắt đầu từ"), choices=LATE_STARTS)
    field_order = ("entered_as", "state", "reason")

    def add_to(self, call):
        super().add_to(call)
        call["entered_as"] = self.cleaned_data["entered_as"]
        call["state"] = self.cleaned_data["state"]


class ReopenForm(ReasonForm):
    """In which cycle a parked dossier goes on."""

    cycle = RowField(Cycle.objects.none(), label=_("Chu trình"), required=False)
    field_order = ("cycle", "reason")

    def __init__(self, *args, dossier, **kwargs):
        super().__init__(*args, **kwargs)
        field = self.fields["cycle"]
        field.queryset = Cycle.objects.filter(closed_on=None, year__gte=dossier.cycle.year)
        if dossier.state == State.DEFERRED:
            field.required, field.empty_label = True, _("— Chọn chu trình —")
        else:
            field.empty_label = _("Giữ chu trình hiện tại")

    def add_to(self, call):
        super().add_to(call)
        call["cycle"] = self.cleaned_data["cycle"]


class RubricForm(PlainPart):
    """Which product set the dossier is judged by."""

    rubric = RubricField(Rubric.objects.none(), label=_("Bộ sản phẩm"))

    def __init__(self, *args, dossier, **kwargs):
        super().__init__(*args, initial={"rubric": dossier.rubric_id}, **kwargs)
        self.fields["rubric"].queryset = dossier.rubrics()
        self.fields["rubric"].empty_label = _("— Chọn bộ sản phẩm —")

    def add_to(self, call):
        call["rubric"] = self.cleaned_data["rubric"]


class PaperForm(Part, forms.ModelForm):
    """The signed paper that an act is typed from (nhập từ văn bản giấy).

    Required of who only types; may stay empty for who holds the task.
    """

    legend = _("Nhập từ văn bản giấy")
    not_future = ("signed_on",)
    scan_file = FileField(label=_("Bản chụp"), required=False)

    class Meta:
        model = OfficialDocument
        formfield_callback = field_for
        fields = ("number", "signed_on", "signer", "signer_capacity")

    def __init__(self, *args, dossier, required=False, **kwargs):
        if not required:
            kwargs |= {"empty_permitted": True, "use_required_attribute": False}
        super().__init__(*args, instance=OfficialDocument(dossier=dossier), **kwargs)
        self.folded, self.dossier = not required, dossier
        if self.folded:
            self.about = _("khi việc đã được ký trên giấy")

    def clean(self):
        cleaned = super().clean()
        if upload := self.cleaned_data.get("scan_file"):
            try:
                content_type = check_upload(upload)
                if not self.errors:
                    scan = Evidence(
                        dossier=self.dossier,
                        kind=SIGNED_PAPER,
                        title=_now("Văn bản %(number)s") % {"number": self.cleaned_data["number"]},
                    )
                    keep_file(scan, upload, content_type)
                    self.instance.scan = scan
            except ValidationError as error:
                self.add_error("scan_file", error)
        return cleaned

    def add_to(self, call):
        if self.has_changed() or not self.empty_permitted:
            call["paper"] = self.instance
            if self.instance.scan:
                # Before the paper, which points to it.
                call["record"].append(self.instance.scan)


# --- One act ----------------------------------------------------------------------------------

_IDEA = record_form(Idea, held_on="filed_on", not_future=("filed_on",), prefilled=True)
_PLAN = record_form(
    BusinessPlan, held_on="filed_on", not_future=("filed_on", "owner_trained_on"), prefilled=True
)
_EVALUATION = record_form(Evaluation, held_on="met_on", not_future=("met_on",))

#: act -> the records that its form asks for.
RECORDS = {
    "register_idea": [_IDEA],
    "complete_idea": [_IDEA],
    "refile_idea": [_IDEA],
    "submit_plan": [_PLAN],
    "complete_plan": [_PLAN],
    "refile_plan": [_PLAN],
    "record_visit": [record_form(Visit, held_on="visited_on", not_future=("visited_on",))],
    "record_support": [record_form(SupportMeasure, not_future=("done_on",))],
    "declare_ready": [
        record_form(Completion, held_on="finished_on", not_future=("finished_on",), prefilled=True)
    ],
    "attach_evidence": [record_form(Evidence, EvidencePart)],
    "submit_dossier": [record_form(SelfAssessment, SelfAssessmentPart)],
    "confirm_dossier": [record_form(CommuneReport, prefilled=True)],
    "rank_at_district": [_EVALUATION],
    "rank": [_EVALUATION],
    "record_centre_result": [
        record_form(Evaluation, CentreEvaluationPart),
        record_form(Certificate, CentreCertificatePart),
    ],
    "certify": [record_form(Certificate, CertificatePart)],
    "record_promotion": [record_form(Promotion, PromotionPart)],
    "promote": [record_form(Promotion, LastPromotionPart)],
    "record_inspection": [
        record_form(Inspection, held_on="inspected_on", not_future=("inspected_on", "concluded_on"))
    ],
}

#: Acts in which an officer signs for what was checked.
REVIEWED = frozenset(
    {
        "screen_idea",
        "select_idea",
        "check_plan",
        "approve_plan",
        "confirm_dossier",
        "forward_to_district",
        "forward_to_province",
        "accept_at_district",
        "accept_at_province",
        "propose_recognition",
    }
)

#: The commune's checklist is a gate: what is not ticked must be explained (P3, P10).
GATES = frozenset({"confirm_dossier"})

#: Acts of the moment, that nobody signs.
WITHOUT_PAPER = frozenset(
    {"attach_evidence", "choose_rubric", "record_visit", "record_support", "record_promotion"}
)


class ActForm:
    """The form of the act ``name`` on ``dossier``, as ``user`` may do it.

    With ``task`` it goes through the task's door, without through the process's. ``parts`` are
    Django forms with the act's name in their prefix, so that several acts share one page. ``kept``
    is what was typed before the sign-in expired.
    """

    def __init__(
        self, name, dossier, user, *, task=None, data=None, files=None, kept=None, initial=None
    ):
        self.name, self.dossier, self.user, self.task = name, dossier, user, task
        self.act = ACTS[name]
        self.typed_only = task is not None and not holds_task(user, task)
        self.sentences: list = []
        self.bound = data is not None
        self.has_upload = bool(files)
        common = {"data": data, "files": files}
        self.parts: list[Any] = []

        def add(key, factory, **kwargs):
            prefix = f"{name}-{key}"
            part = factory(prefix=prefix, **common, **kwargs)
            if kept is not None:
                for field_name, field in part.fields.items():
                    part.initial[field_name] = field.widget.value_from_datadict(
                        kept, {}, f"{prefix}-{field_name}"
                    )
            self.parts.append(part)

        for factory in RECORDS.get(name, ()):
            add(factory._meta.model._meta.model_name, factory, dossier=dossier, initial=initial)
        if name == "enter_late":
            add("entry", LateEntryForm)
        elif name == "choose_rubric":
            add("choice", RubricForm, dossier=dossier)
        elif name == "reopen":
            add("reopen", ReopenForm, dossier=dossier)
        elif self.act["tone"] == "return":
            add("return", ReturnForm, node=task.node)
        elif self.act["reason"]:
            add("reason", ReasonForm)
        elif name in REVIEWED:
            add("review", ReviewForm, node=task.node, gate=name in GATES)
        elif task is not None:
            add("note", NoteForm)
        if name not in WITHOUT_PAPER:
            required = self.typed_only or self.act["paper"]
            add("paper", PaperForm, dossier=dossier, required=required)

    @property
    def reviews(self):
        """Whether the checklist of the task is ticked in this form."""
        return self.name in REVIEWED

    @property
    def has_file(self):
        """Whether the page must send files."""
        return any(part.is_multipart() for part in self.parts)

    def is_valid(self):
        """Whether all parts are right."""
        # A list: every part is asked, so that all errors show at once.
        return False not in [part.is_valid() for part in self.parts]

    def do(self):
        """Check what was typed and do the act; False when the form must be shown again.

        Raises TaskAlreadyDone and ActNotPossible: then somebody acted first.
        """
        if not self.is_valid():
            return False
        call: dict[str, Any] = {"record": [], "paper": None, "reason": ""}
        for part in self.parts:
            part.add_to(call)
        try:
            if self.task is not None:
                self.task.complete(self.name, by=self.user, **call)
            else:
                self.dossier.process.act(self.name, by=self.user, **call)
        except ConditionNotMet as error:
            self.sentences = error.messages
        except ValidationError as error:
            self._place(error)
        except PaperRequired:
            self.sentences = [_("Bạn không giữ việc này: chỉ được nhập từ văn bản giấy đã ký.")]
        except DutyMissing:
            self.sentences = [
                _("Chu trình chưa phân công ai làm việc tiếp theo. Xin báo quản trị.")
            ]
            # The database took it all back; what is in memory must not be shown.
            with transaction.atomic():
                self.dossier.lock()
            if self.task is not None:
                self.task.refresh_from_db()
        else:
            return True
        return False

    def _place(self, error):
        """Put what the model refused at the field it is about, or at the top."""
        for field, messages in getattr(
            error, "error_dict", {NON_FIELD_ERRORS: error.error_list}
        ).items():
            for part in self.parts:
                if field in part.fields:
                    part.add_error(field, messages)
                    break
            else:
                self.sentences += ValidationError(messages).messages

    @property
    def problems(self):
        """(id of the field or "", sentence) of everything that is wrong."""
        return [("", sentence) for sentence in self.sentences] + [
            (part[field].id_for_label if field in part.fields else "", sentence)
            for part in self.parts
            if self.bound
            for field, sentences in part.errors.items()
            for sentence in sentences
        ]


def kept_post(request):
    """What a person typed on this page before the sign-in expired, or None; told once."""
    kept = request.session.pop(f"kept_post:{request.path}", None)
    if kept is None or request.method == "POST":
        return None
    return QueryDict(kept)


# --- Who has a task ----------------------------------------------------------------------------


class WaitForm(PlainPart):
    """What the office waits for."""

    reason = forms.CharField(label=_("Đang chờ chủ thể việc gì"), max_length=300)


class ReassignForm(PlainPart):
    """Another holder of the same role at the same unit."""

    to = RowField(User.objects.none(), label=_("Giao cho"))
    reason = forms.CharField(label=_("Lý do giao lại"), max_length=300)

    def __init__(self, *args, task, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = User.objects.filter(
            is_active=True,
            pk__in=RoleAssignment.objects.held_on(clock.today())
            .filter(role=task.role, org_unit=task.org_unit_id)
            .values("user"),
        ).order_by("full_name", "username")
        self.fields["to"].empty_label = _("— Chọn người —")


class RerouteForm(PlainPart):
    """Another unit of the same level."""

    to = RowField(OrgUnit.objects.none(), label=_("Chuyển cho đơn vị"))
    reason = forms.CharField(label=_("Lý do chuyển"), max_length=300)

    def __init__(self, *args, task, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = (
            OrgUnit.objects.filter(level=task.org_unit.level, valid_to=task.org_unit.valid_to)
            .exclude(pk=task.org_unit_id)
            .order_by("name")
        )
        self.fields["to"].empty_label = _("— Chọn đơn vị —")
