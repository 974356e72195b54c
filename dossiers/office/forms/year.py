"""What is asked to open a year and to plan it; every refusal is a sentence at its field."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock
from cycle.models import (
    CHOICES,
    Batch,
    Cycle,
    Document,
    Duty,
    LawReading,
    Level,
    Point,
    Role,
    RuleSet,
    StepWindow,
    TermRule,
    User,
    check_signer,
    check_symbol,
)
from cycle.rulesets import ACTING
from cycle.steps import Step
from cycle.written import FIRST_YEAR, LAST_YEAR
from dossiers.forms.fields import (
    CountField,
    DateField,
    Fold,
    PlainPart,
    RowField,
    check_typed,
    polish,
)
from dossiers.forms.ledger import OfBody
from dossiers.forms.shown import Corrects, ticked
from dossiers.forms.uploads import ScanField, hold_for
from dossiers.models import PlanPaper
from dossiers.office import year as years

#: A year may begin in the autumn before it and end in the spring after it.
LONGEST = timedelta(days=550)
#: The month from which the office prepares the next year.
AUTUMN = 10


def _reason(**kwargs: Any) -> forms.CharField:
    return forms.CharField(
        label=_("Lý do"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}), **kwargs
    )


class Documented(Corrects, PlainPart):
    """A change with its reason and the paper it rests on; only what was changed is written."""

    why = ("reason", "document")

    reason = _reason()
    document = forms.CharField(
        label=_("Số, ngày văn bản"), max_length=120, help_text=_("Văn bản làm căn cứ thay đổi.")
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self.as_it_will_be()
        return cleaned

    def change(self) -> years.Change:
        """What the history keeps of it."""
        return years.Change(
            reason=self.cleaned_data["reason"].strip(),
            document=self.cleaned_data["document"].strip(),
        )


class PaperForm(PlainPart):
    """The plan: number, day, body, signer and scan."""

    #: Without which no plan is named.
    OF_PLAN: ClassVar = ("number", "signed_on", "body", "signer", "signer_capacity")
    not_future: tuple = ("signed_on",)
    number = forms.CharField(label=_("Số và ký hiệu kế hoạch"), max_length=60)
    signed_on = DateField(label=_("Ngày ký"))
    body = forms.CharField(
        label=_("Cơ quan ban hành"), max_length=200, help_text=_("Ví dụ: UBND tỉnh.")
    )
    signer = forms.CharField(label=_("Người ký"), max_length=150)
    signer_capacity = forms.CharField(label=_("Chức vụ người ký"), max_length=150)
    scan = ScanField(label=_("Bản chụp"), required=False, help_text=_("PDF hoặc ảnh."))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = user
        hold_for(user, self)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        check_typed(self, number=check_symbol, signer=check_signer)
        return cleaned

    def paper(self) -> PlanPaper:
        """The plan as typed; its scan is staged."""
        said = {name: self.cleaned_data[name] for name in self.OF_PLAN}
        made = Document(outside=said.pop("body"), **said)
        if scan := self.cleaned_data.get("scan"):
            made.hold(scan)
        return PlanPaper(document=made)


def _days(cleaned: dict[str, Any], form: forms.BaseForm) -> None:
    """Whether the first and the last day make a year."""
    first, last = cleaned.get("opened_on"), cleaned.get("ends_on")
    if first and last and last <= first:
        form.add_error("ends_on", _("Ngày cuối phải sau ngày đầu."))
    elif first and last and last - first > LONGEST:
        form.add_error("ends_on", _("Chu trình dài quá 18 tháng, xin xem lại."))


class OpenForm(PaperForm):
    """A new year: from the one before or from nothing, with its plan."""

    field_order = ("year", "far", "like", *PaperForm.OF_PLAN, "scan")
    year = CountField(label=_("Năm"))
    far = forms.BooleanField(label=_("Đúng là mở năm này"), required=False)
    like = forms.ChoiceField(label=_("Bắt đầu từ"), widget=forms.RadioSelect)
    opened_on = DateField(label=_("Ngày đầu"), help_text=_("Có thể từ cuối năm trước."))
    ends_on = DateField(label=_("Ngày cuối"))
    rule_set = RowField(
        RuleSet.objects.order_by("-valid_from", "-pk"),
        label=_("Bộ quy định"),
        required=False,
        empty_label=_("Có hiệu lực trong ngày đầu"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        newest = Cycle.objects.filter(beside=False).order_by("-year").first()
        # From the autumn on the next year is meant.
        today = clock.today()
        this = today.year + (today.month >= AUTUMN)
        proposed = max(this, newest.year + 1) if newest else this
        self.last = years.last_year(LAST_YEAR + 1)
        last = [("last", _("Chu trình trước: %(title)s") % {"title": self.last})]
        none = [("none", _("Từ đầu, theo bộ quy định"))]
        like: Any = self.fields["like"]
        like.choices = [*(last if self.last else []), *none]
        self._ask_for_far(self.data.get("year") if self.is_bound else proposed, today.year)
        self.initial = {
            "year": proposed,
            "like": like.choices[0][0],
            "opened_on": date(proposed, 1, 1),
            "ends_on": date(proposed, 12, 31),
            "rule_set": RuleSet.objects.in_force(date(proposed, 1, 1)),
            **self.initial,
        }

    def _ask_for_far(self, typed: Any, this: int) -> None:
        """A year that is not this or the next is asked about once more; of others, nothing."""
        try:
            year = int(typed)
        except (TypeError, ValueError):
            year = this
        self.is_far = ""
        self.sure_of_far = False
        if year in (this, this + 1) or not FIRST_YEAR <= year <= LAST_YEAR:
            del self.fields["far"]
            return
        self.sure_of_far = ticked(self, "far", [f"year {year}"], by=self.by)
        self.is_far = _now(
            "Năm %(year)d không phải năm nay (%(this)d) hay năm sau (%(next)d): đúng là mở năm "
            "này thì đánh dấu ô «Đúng là mở năm này»."
        ) % {"year": year, "this": this, "next": this + 1}
        self.fields["year"].help_text = self.is_far

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        year, first = self.cleaned_data.get("year"), self.cleaned_data.get("opened_on")
        last = self.cleaned_data.get("ends_on")
        if year is not None and not FIRST_YEAR <= year <= LAST_YEAR:
            self.add_error("year", _("Năm %(year)s không hợp lý, xin xem lại.") % {"year": year})
            return cleaned
        if year and self.is_far and not self.sure_of_far:
            self.add_error("year", self.is_far)
        if year and first and not year - 1 <= first.year <= year:
            self.add_error("opened_on", _("Ngày đầu phải trong năm này hoặc năm trước."))
        if year and last and not year <= last.year <= year + 1:
            self.add_error("ends_on", _("Ngày cuối phải trong năm này hoặc năm sau."))
        _days(self.cleaned_data, self)
        if first and not self.cleaned_data.get("rule_set"):
            law = RuleSet.objects.in_force(first)
            if law is None:
                self.add_error("rule_set", _("Ngày đầu chưa có bộ quy định nào có hiệu lực."))
            self.cleaned_data["rule_set"] = law
        return cleaned

    def opening(self) -> years.Opening:
        """What is to be opened."""
        said = self.cleaned_data
        return years.Opening(
            year=said["year"],
            opened_on=said["opened_on"],
            ends_on=said["ends_on"],
            rule_set=said["rule_set"],
            like=years.last_year(said["year"]) if said["like"] == "last" else None,
            paper=self.paper(),
        )


class DaysForm(Documented):
    """The first and the last day of a year."""

    field_order = ("opened_on", "ends_on")
    opened_on = DateField(label=_("Ngày đầu"))
    ends_on = DateField(label=_("Ngày cuối"))

    def __init__(self, *args: Any, cycle: Cycle, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cycle = cycle
        self.initial = {"opened_on": cycle.opened_on, "ends_on": cycle.ends_on, **self.initial}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        _days(self.cleaned_data, self)
        if self.errors:
            return cleaned
        first, last = self.cleaned_data["opened_on"], self.cleaned_data["ends_on"]
        windows = self.cycle.step_windows
        for name, outside in (
            ("opened_on", windows.filter(opens_on__lt=first).order_by("opens_on").first()),
            ("ends_on", windows.filter(closes_on__gt=last).order_by("-closes_on").first()),
        ):
            if outside:
                self.add_error(
                    name,
                    _("«%(window)s» sẽ nằm ngoài chu trình: hãy sửa thời gian bước đó trước.")
                    % {"window": outside},
                )
        return cleaned


class WhyForm(PlainPart):
    """Why a year that was opened by mistake is struck out, or one that is closed opened again."""

    reason = _reason()


class CloseForm(PlainPart):
    """The day a year is closed, the year in which what is unfinished goes on, and why."""

    into = RowField(
        Cycle.objects.none(),
        label=_("Chuyển tiếp hồ sơ chưa xong sang"),
        help_text=_("Mỗi hồ sơ giữ nguyên bước, hạn và người đang làm."),
    )
    closed_on = DateField(label=_("Ngày đóng"))
    reason = _reason()

    def __init__(self, *args: Any, cycle: Cycle, unfinished: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["closed_on"] = clock.today()
        if not unfinished:
            del self.fields["into"]
            return
        field: Any = self.fields["into"]
        field.queryset, field.empty_label = Cycle.objects.after(cycle), _("— Chọn chu trình —")
        self.initial["into"] = field.queryset.values_list("pk", flat=True).first()


def _rests(reading: LawReading) -> str:
    """On which document it rests, and where that is corrected."""
    return format_html(
        '{} <a href="{}">{}</a>',
        _now("Theo văn bản %(document)s.") % {"document": reading.paper},
        reverse("dossiers:reading_correct", args=[reading.pk]),
        _now("Đính chính văn bản"),
    )


class ReadingsForm(Corrects, OfBody):
    """How each point of the law is read that may be read in more than one way, on a document."""

    why = (*OfBody.OF_DOCUMENT, "scan_file")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        points = [(str(point), point.label) for point in Point]
        rows = LawReading.objects.select_related("basis__replaced_by").order_by("pk")
        newest = {each.point: each for each in rows}
        self.fields["number"].help_text = _("Văn bản làm căn cứ thay đổi.")
        for point, label in points:
            rests = newest.get(point)
            self.fields[point] = forms.ChoiceField(
                label=label,
                choices=list(CHOICES[point].items()),
                initial=LawReading.of(point),
                widget=forms.RadioSelect,
                help_text=_rests(rests)
                if rests
                else _("Theo lời văn của quy định; tỉnh chưa chọn khác."),
            )
        self.order_fields([point for point, _label in points])
        for field in self.fields.values():
            polish(field)

    def choices(self) -> dict[str, str]:
        """The choice of each point that was changed here."""
        return self.changed_here()


class BatchForm(Corrects, PaperForm):
    """A batch, its days, and its own plan when it has one; of one that is there only what was
    changed is written.
    """

    why = ("replan", "reason", *PaperForm.OF_PLAN, "scan")
    #: The hidden input that says which windows the page was shown with.
    WINDOWS = "was-windows"

    field_order = ("name", "number_in_year", "level", "propose_by", "meets_on", "decide_by",
                   "replan", "reason", *PaperForm.OF_PLAN, "scan")  # fmt: skip
    folds = (
        Fold(
            _("Kế hoạch riêng của đợt"),
            (*PaperForm.OF_PLAN, "scan"),
            _("Để trống nếu đợt theo kế hoạch của năm."),
        ),
    )
    name = forms.CharField(label=_("Tên đợt"), max_length=120)
    number_in_year = CountField(label=_("Đợt số"), min_value=1, max_value=99)
    level = forms.ChoiceField(label=_("Cấp đánh giá"))
    propose_by = DateField(
        label=_("Ngày cuối nộp hồ sơ"), help_text=_("«Trước ngày 30/4» là hết ngày 29/4.")
    )
    meets_on = DateField(label=_("Hội đồng họp ngày"), required=False)
    decide_by = DateField(label=_("Ngày cuối ra quyết định"))
    replan = forms.BooleanField(
        label=_("Tính lại thời gian các bước từ những ngày này"), required=False, initial=True
    )
    reason = _reason()

    def __init__(self, *args: Any, cycle: Cycle, batch: Batch | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cycle, self.batch = cycle, batch
        for name in self.OF_PLAN:
            self.fields[name].required = False
        levels = [Level.PROVINCE]
        if cycle.rule_set.has_district:
            levels.insert(0, Level.DISTRICT)
        self.fields["level"].choices = [(level.value, level.label) for level in levels]
        if batch is None:
            number = cycle.batches.filter(level=Level.PROVINCE).count() + 1
            said = {
                "number_in_year": number,
                "name": f"Đợt {number} năm {cycle.year}",
                "level": Level.PROVINCE,
            }
        else:
            said = {
                "number_in_year": batch.number,
                **{
                    name: getattr(batch, name)
                    for name in ("name", "level", "propose_by", "meets_on", "decide_by")
                },
            }
        self.initial = {**said, **self.initial}
        self.windows = _told(batch) if batch else ""
        self.seen = self.data.get(self.WINDOWS, self.windows) if self.is_bound else self.windows

    def _asked(self) -> list[str]:
        return super()._asked() if self.batch is not None else []

    @property
    def shown(self) -> Iterator[tuple[str, str]]:
        """(name, value) of each hidden input that says what the page shows."""
        yield from super().shown
        if self.batch is not None:
            yield self.WINDOWS, self.seen

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self.as_it_will_be()
        said = self.cleaned_data
        if said.get("replan") and self.seen != self.windows:
            self.seen = self.windows
            self.add_error(
                "replan",
                _("Trong lúc bạn sửa, người khác vừa đổi thời gian các bước của đợt này. Bỏ đánh "
                  "dấu thì giữ như họ ghi; vẫn muốn tính lại thì bấm lần nữa."),
            )  # fmt: skip
        if any(said.get(name) for name in (*self.OF_PLAN, "scan")):
            for name in self.OF_PLAN:
                if not said.get(name) and name not in self.errors:
                    self.add_error(name, _("Hãy ghi đủ kế hoạch của đợt, hoặc để trống cả phần."))
        propose, meets, decide = (said.get(n) for n in ("propose_by", "meets_on", "decide_by"))
        if propose and decide and decide <= propose:
            self.add_error("decide_by", _("Phải sau ngày cuối nộp hồ sơ."))
        if propose and meets and meets <= propose:
            self.add_error("meets_on", _("Phải sau ngày cuối nộp hồ sơ."))
        if meets and decide and meets > decide:
            self.add_error("meets_on", _("Không sau ngày cuối ra quyết định."))
        for name, day in (("propose_by", propose), ("decide_by", decide)):
            if day and (day < self.cycle.opened_on or day > (self.cycle.ends_on or day)):
                self.add_error(name, _("Ngày này ngoài chu trình."))
        number, level = said.get("number_in_year"), said.get("level")
        others = self.cycle.batches.all()
        if self.batch is not None:
            others = others.exclude(pk=self.batch.pk)
        if number and others.filter(number=number, level=level).exists():
            self.add_error("number_in_year", _("Đã có đợt số này ở cấp này."))
        return cleaned

    def made(self) -> Batch:
        """The batch as typed, not saved."""
        batch = self.batch or Batch(cycle=self.cycle)
        said = self.cleaned_data if self.batch is None else self.changed_here()
        for name in ("name", "level", "propose_by", "meets_on", "decide_by"):
            if name in said:
                setattr(batch, name, said[name])
        if "number_in_year" in said:
            batch.number = said["number_in_year"]
        return batch

    def own_paper(self) -> PlanPaper | None:
        """Its plan, if one was typed."""
        return self.paper() if self.cleaned_data.get("number") else None

    def change(self) -> years.Change:
        """What the history keeps of it."""
        return years.Change(reason=self.cleaned_data["reason"].strip())


def _told(batch: Batch) -> str:
    """The windows of a batch in a few letters, to tell whether they are those that were shown."""
    rows = batch.windows.order_by("step", "level").values_list(
        "step", "level", "opens_on", "closes_on", "warn_days"
    )
    return hashlib.sha256(repr(list(rows)).encode()).hexdigest()[:16]


#: The three fields of a window, and what stands above each.
PARTS = {
    "opens_on": _("Từ ngày"),
    "closes_on": _("Đến hết ngày"),
    "warn_days": _("Báo trước (ngày)"),
}


class WindowsForm(Documented):
    """The windows of a batch, or those of the whole year: a row for each step and level."""

    def __init__(
        self, *args: Any, cycle: Cycle, batch: Batch | None, proposed: years.Rows | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        self.cycle, self.batch = cycle, batch
        windows = StepWindow.objects.filter(cycle=cycle, batch=batch)
        self.kept = {(row.step, row.level): row for row in windows}
        self.keys = _keys(cycle, batch, set(self.kept))
        #: What is proposed is shown only: it would be written over this.
        self.recorded: dict[str, Any] = {}
        super().__init__(*args, **kwargs)
        for key in self.keys:
            row = (proposed or {}).get(key) if proposed is not None else self.kept.get(key)
            title = f"{Step(key[0]).label}, {str(Level(key[1]).label).lower()}"
            days = {
                "opens_on": DateField(label=f"{title}: {_('từ ngày')}", required=False),
                "closes_on": DateField(label=f"{title}: {_('đến hết ngày')}", required=False),
                "warn_days": CountField(
                    label=f"{title}: {_('báo trước (ngày)')}", required=False, max_value=90
                ),
            }
            for part, made in days.items():
                made.widget.attrs["class"] = "form-control"
                made.error_messages["max_value"] = _("Nhiều nhất 90 ngày.")
                name = self.name(key, part)
                self.fields[name] = made
                for rows, of in ((self.initial, row), (self.recorded, self.kept.get(key))):
                    value = getattr(of, part, None)
                    rows.setdefault(name, 7 if part == "warn_days" and of is None else value)
        self.together = tuple(
            frozenset({self.name(key, "opens_on"), self.name(key, "closes_on")})
            for key in self.keys
        )

    def _recorded(self, name: str) -> Any:
        return self.recorded.get(name)

    @staticmethod
    def name(key: tuple[str, str], part: str) -> str:
        """The name of a field."""
        return f"{key[0]}-{key[1]}-{part}"

    def rows(self) -> list[dict[str, Any]]:
        """What the table shows, a row for each step and level."""
        return [
            {
                "step": Step(key[0]).label,
                "level": Level(key[1]).label,
                "fields": [(self[self.name(key, part)], PARTS[part]) for part in PARTS],
                "why": self.kept[key].why if key in self.kept else "",
            }
            for key in self.keys
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            for (step, level, part), problem in years.faults(
                self.cycle, self.batch, self.asked()
            ).items():
                self.add_error(self.name((step, level), part), problem)
        return cleaned

    def changed_rows(self) -> years.Rows:
        """The windows of which something was changed here."""
        here = self.changed_here()
        return {
            key: row
            for key, row in self.asked().items()
            if any(self.name(key, part) in here for part in PARTS)
        }

    def asked(self) -> years.Rows:
        """The windows as they will be."""
        said = self.cleaned_data
        return {
            key: years.Asked(
                said.get(self.name(key, "opens_on")),
                said.get(self.name(key, "closes_on")),
                said.get(self.name(key, "warn_days")) or 0,
            )
            for key in self.keys
        }


def _keys(cycle: Cycle, batch: Batch | None, kept: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """The steps and levels that may have a window, in their order."""
    if batch is None:
        found = {
            (row["step"], row["level"])
            for row in cycle.rule_set.content["windows"]
            if row["step"] in years.ALL_YEAR
        }
    else:
        stages, judging = years.stages_of(cycle, batch.level)
        found = {(stage.step, stage.level) for stage in [*stages, judging]}
    steps, levels = list(Step), Level.values
    return sorted(found | kept, key=lambda key: (steps.index(Step(key[0])), levels.index(key[1])))


class DutyForm(Documented):
    """Which role at which level does a task, in how many working days."""

    field_order = ("level", "role", "working_days")
    together = (frozenset({"level", "role"}),)
    level = forms.ChoiceField(label=_("Cấp"))
    role = forms.ChoiceField(label=_("Vai trò"))
    working_days = CountField(label=_("Số ngày làm việc"), min_value=1, max_value=365)

    def __init__(self, *args: Any, duty: Duty, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        levels = ACTING[duty.rule_set.procedure]
        self.fields["level"].choices = [(each, Level(each).label) for each in levels]
        self.fields["role"].choices = [
            (role.value, role.label) for role in Role if role != Role.AUDITOR
        ]
        sentence = _("Số ngày làm việc phải từ 1 đến 365.")
        self.fields["working_days"].error_messages |= {
            "min_value": sentence, "max_value": sentence,
        }  # fmt: skip
        own = {name: getattr(duty, name) for name in ("level", "role", "working_days")}
        self.initial = {**own, **self.initial}

    def values(self) -> dict[str, Any]:
        """What the duty says from now on: what was changed of it."""
        return self.changed_here()


class WarningsField(forms.CharField):
    """Days before the due day, with commas: «30, 14, 7»."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        days = [part.strip() for part in text.split(",") if part.strip()]
        if len(days) > 10 or not all(
            day.isascii() and day.isdigit() and len(day) <= 3 and int(day) <= 365 for day in days
        ):
            raise ValidationError(
                _("Hãy ghi số ngày, cách nhau bằng dấu phẩy, ví dụ: 30, 14, 7 (tối đa 10 số).")
            )
        return sorted({int(day) for day in days}, reverse=True)


class TermForm(Corrects, OfBody):
    """How long a term of the year is, or its day, and how it is warned of; on which document."""

    why = ("reason", *OfBody.OF_DOCUMENT, "scan_file")
    field_order = ("amount", "fixed_on", "warnings", "extension_limit", *why)
    amount = CountField(label=_("Độ dài"), min_value=1, max_value=3650)
    fixed_on = DateField(label=_("Ngày cố định"))
    warnings = WarningsField(
        label=_("Báo trước (ngày)"), max_length=60, required=False,
        help_text=_("Cách nhau bằng dấu phẩy, ví dụ: 30, 14, 7."),
    )  # fmt: skip
    extension_limit = CountField(
        label=_("Được gia hạn tối đa"), max_value=3650, help_text=_("0 là không gia hạn.")
    )
    reason = _reason()

    def __init__(self, *args: Any, term: TermRule, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["fixed_on" if term.fixed_on is None else "amount"]
        if term.amount is not None:
            self.fields["amount"].label = f"{_('Độ dài')} ({term.get_unit_display()})"
        for name in ("amount", "extension_limit"):
            if name in self.fields:
                self.fields[name].error_messages |= {
                    "min_value": _("Phải từ 1."), "max_value": _("Nhiều nhất 3650."),
                }  # fmt: skip
        self.fields["number"].help_text = _("Văn bản làm căn cứ thay đổi.")
        own = {name: getattr(term, name) for name in self._asked()}
        self.initial = {**own, **self.initial}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self.as_it_will_be()
        return cleaned

    def change(self) -> years.Change:
        """What the history keeps of it, beside the document."""
        return years.Change(reason=self.cleaned_data["reason"].strip())
