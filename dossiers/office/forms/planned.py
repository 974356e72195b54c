"""Forms of the year's plan for step 1: rows that are planned, and one as it truly is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle.fields import NameField, PeriodField
from cycle.models import Cycle, Level, OrgUnit, User
from dossiers.forms.fields import PlainPart, RowField, long_text
from dossiers.forms.ledger import OfBody
from dossiers.forms.opening import UnitChoiceField, choose_the_only_year
from dossiers.forms.shown import Corrects
from dossiers.models import OutreachKind, PlannedOutreach
from dossiers.models.events import ORGANISERS

if TYPE_CHECKING:
    from cycle.written import Period


def _too_early(period: Period, year: int) -> str:
    """Why the plan of a year has nothing at this time; "" where it may."""
    if year - 1 <= period.begins.year <= year + 1:
        return ""
    return _now("Thời gian này không thuộc chu trình năm %(year)d: hãy xem lại năm.") % {
        "year": year
    }


def _required() -> forms.ChoiceField:
    """Whether producers have to attend it before their business plan is approved."""
    return forms.ChoiceField(
        label=_("Chủ thể phải dự trước khi phương án được duyệt"),
        choices=[("", _("Không bắt buộc")), ("yes", _("Bắt buộc (chỉ với tập huấn)"))],
        required=False,
    )


def _only_training(form: forms.BaseForm) -> None:
    """Say that nothing else can be required."""
    said = form.cleaned_data
    if said.get("required") and said.get("kind") not in (None, OutreachKind.TRAINING):
        form.add_error("required", _("Chỉ tập huấn mới bắt buộc được."))


class CommunesField(forms.ModelMultipleChoiceField):
    """A choice of several communes of today."""

    def label_from_instance(self, unit: Any) -> str:
        return str(unit.label)


class PlannedForm(OfBody):
    """Something that is planned for the year (dòng kế hoạch), for one commune or many."""

    needed = False

    cycle = RowField(
        Cycle.objects.none(), label=_("Chu trình"), empty_label=_("— Chọn chu trình —")
    )
    kind = forms.ChoiceField(label=_("Hình thức"), choices=OutreachKind)
    title = NameField(label=_("Nội dung"), max_length=200)
    when = PeriodField(label=_("Ngày hoặc tháng dự kiến"))
    org_unit = UnitChoiceField(
        OrgUnit.objects.none(), label=_("Đơn vị thực hiện"), empty_label=_("— Chọn đơn vị —")
    )
    communes = CommunesField(
        OrgUnit.objects.none(),
        label=_("Cho xã, phường"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Để trống là cho mọi xã, phường trong địa bàn của đơn vị thực hiện."),
    )
    each = forms.BooleanField(
        label=_("Mỗi xã, phường tự làm: ghi cho mỗi xã một dòng"), required=False
    )
    required = _required()

    field_order = ("cycle", "kind", "title", "when", "org_unit", "communes", "each", "required")

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, by=by, **kwargs)
        its = self.fields
        its["number"].label = _("Số và ký hiệu văn bản kế hoạch (nếu có)")
        area = by.area(*ORGANISERS)
        its["cycle"].queryset = Cycle.objects.filter(closed_on=None)
        if self.initial.get("cycle") is None:
            choose_the_only_year(its["cycle"])
        units = OrgUnit.objects.filter(pk__in=area, valid_to=None).select_related("parent")
        its["org_unit"].queryset = units
        its["communes"].queryset = units.filter(level=Level.COMMUNE).order_by("sort_key", "pk")
        own = [held.org_unit_id for held in by.posts(*ORGANISERS)]
        if self.initial.get("org_unit") is None and own:
            self.initial["org_unit"] = own[0]
        if len(its["communes"].queryset[:2]) < 2:
            del its["communes"], its["each"]

    def clean(self) -> Any:
        """It is of its year; the communes are those of the unit that does it."""
        data = super().clean()
        _only_training(self)
        cycle, when, unit = (data.get(name) for name in ("cycle", "when", "org_unit"))
        if cycle and when and (wrong := _too_early(when, cycle.year)):
            self.add_error("when", wrong)
        if unit and "communes" in self.fields:
            below = set(self._below(unit).values_list("pk", flat=True))
            chosen = list(data.get("communes") or ())
            if others := [each for each in chosen if each.pk not in below]:
                self.add_error(
                    "communes",
                    _("%(commune)s không thuộc địa bàn của đơn vị thực hiện.")
                    % {"commune": others[0].name},
                )
        return data

    def _below(self, unit: OrgUnit) -> Any:
        """The communes of today in a unit's area: itself, or those below it."""
        communes = OrgUnit.objects.filter(level=Level.COMMUNE, valid_to=None)
        if unit.level == Level.COMMUNE:
            return communes.filter(pk=unit.pk)
        if unit.level == Level.DISTRICT:
            return communes.filter(parent=unit)
        return communes.filter(pk__in=self.by.area(*ORGANISERS))

    def rows(self) -> Iterator[tuple[PlannedOutreach, list[OrgUnit]]]:
        """The rows of the plan, unsaved, each with its communes."""
        said = self.cleaned_data
        unit = said["org_unit"]
        communes = list(said.get("communes") or self._below(unit))
        told = {
            "cycle": said["cycle"],
            "kind": said["kind"],
            "title": said["title"],
            "begins_on": said["when"].begins,
            "due_on": said["when"].ends,
            "required": bool(said.get("required")),
        }
        if said.get("each"):
            for commune in communes:
                yield PlannedOutreach(org_unit=commune, **told), [commune]
        else:
            yield PlannedOutreach(org_unit=unit, **told), communes

    @staticmethod
    def like(row: PlannedOutreach) -> dict[str, Any]:
        """What the form begins with: the year, unit and document of another row of the plan."""
        said: dict[str, Any] = {"cycle": row.cycle_id, "org_unit": row.org_unit_id}
        if (paper := row.paper) is not None:
            said |= {name: getattr(paper, name) for name in OfBody.OF_DOCUMENT}
        return said


class PlannedCorrectionForm(Corrects, PlainPart):
    """A row of the plan as it truly is (đính chính), and why."""

    kind = forms.ChoiceField(label=_("Hình thức"), choices=OutreachKind)
    title = NameField(label=_("Nội dung"), max_length=200)
    when = PeriodField(label=_("Ngày hoặc tháng dự kiến"))
    required = _required()
    reason = long_text(_("Lý do đính chính"))

    def __init__(self, *args: Any, planned: PlannedOutreach, **kwargs: Any) -> None:
        self.planned = planned
        said = {name: getattr(planned, name) for name in ("kind", "title", "when")}
        said["required"] = "yes" if planned.required else ""
        super().__init__(*args, initial=said, **kwargs)

    def clean(self) -> Any:
        data = super().clean()
        _only_training(self)
        when = data.get("when")
        if when and (wrong := _too_early(when, self.planned.cycle.year)):
            self.add_error("when", wrong)
        return data

    def changed_row(self) -> list[str]:
        """Write what was changed on the page into the row; its columns that may differ."""
        told = self.changed_here()
        if (when := told.pop("when", None)) is not None:
            told |= {"begins_on": when.begins, "due_on": when.ends}
        if "required" in told:
            told["required"] = bool(told["required"])
        for name, value in told.items():
            setattr(self.planned, name, value)
        return list(told)


class DropForm(PlainPart):
    """Why a row of the plan is dropped."""

    reason = forms.CharField(
        label=_("Lý do bỏ khỏi kế hoạch"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
