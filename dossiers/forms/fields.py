"""Form fields with Vietnamese messages, and :class:`Part`, the piece that forms are made of.

Every wrong input ends in a Vietnamese sentence at its field. Django's own Vietnamese catalogue is
incomplete, so all messages that a person can meet are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import format_lazy
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock, files
from cycle.fields import CountField, DateField, MoneyField, PointsField
from cycle.models import OrgUnit, User
from cycle.written import day_text, grouped, moment_text

LONG = 10_000


class RowField(forms.ModelChoiceField):
    """A choice among rows; people and units are told apart from those of the same name."""

    def validate_no_null_characters(self, value: Any) -> None:
        # Django's own message has no Vietnamese translation and cannot be replaced.
        if "\x00" in str(value):
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")

    def label_from_instance(self, obj: Any) -> str:
        if isinstance(obj, User):
            # Annotated by cycle.models.named_apart; without it, tell them apart to be safe.
            return obj.label(getattr(obj, "has_namesake", True))
        return obj.label if isinstance(obj, OrgUnit) else super().label_from_instance(obj)


class RubricField(RowField):
    """A choice among rubrics, shown by number and name."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.number}. {obj}"


def field_for(db_field: models.Field[Any, Any], **kwargs: Any) -> forms.Field | None:
    """The form field for a model field, as a modelform's ``formfield_callback``."""
    if isinstance(db_field, models.ForeignKey):
        return db_field.formfield(**{"form_class": RowField} | kwargs)
    if db_field.choices:
        return db_field.formfield(**kwargs)
    if isinstance(db_field, models.DateField):
        return db_field.formfield(form_class=DateField, **kwargs)
    if isinstance(db_field, models.BigIntegerField):
        return db_field.formfield(form_class=MoneyField, **kwargs)
    if isinstance(db_field, models.IntegerField):
        return db_field.formfield(form_class=CountField, **kwargs)
    if isinstance(db_field, models.DecimalField):
        return db_field.formfield(form_class=PointsField, **kwargs)
    if isinstance(db_field, models.TextField):
        return db_field.formfield(
            max_length=LONG, widget=forms.Textarea(attrs={"rows": 3}), **kwargs
        )
    return db_field.formfield(**kwargs)


def long_text(label: Any, **kwargs: Any) -> forms.CharField:
    """A field for a text of several lines, at most LONG characters."""
    return forms.CharField(
        label=label, max_length=LONG, widget=forms.Textarea(attrs={"rows": 3}), **kwargs
    )


_CHOSEN = (forms.Select, forms.RadioSelect, forms.CheckboxSelectMultiple, forms.FileInput)


def _polish(field: forms.Field) -> None:
    """Give a field Bootstrap's classes and our messages, which name the field."""
    widget, label = field.widget, field.label or ""
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple | forms.CheckboxInput):
        widget.attrs.setdefault("class", "form-check-input")
    elif isinstance(widget, forms.Select):
        widget.attrs.setdefault("class", "form-select")
    else:
        widget.attrs.setdefault("class", "form-control")
    field.error_messages |= {
        "required": format_lazy(
            _("Bạn chưa chọn: {label}.")
            if isinstance(widget, _CHOSEN)
            else _("Bạn chưa nhập: {label}."),
            label=label,
        ),
        "invalid_choice": _("Lựa chọn này không có trong danh sách."),
        "invalid_pk_value": _("Lựa chọn này không có trong danh sách."),
        "max_length": _("Dài quá %(limit_value)s ký tự (bạn đã nhập %(show_value)s)."),
        "null_characters_not_allowed": _("Nội dung có ký tự không đọc được, xin nhập lại."),
    }


class OptionSelect(forms.Select):
    """A select whose options carry their points as ``data-points``, for the page to add up.
    ``points`` is {value of the option: points}.
    """

    points: dict[str, Any]

    def create_option(self, name: Any, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        made = super().create_option(name, value, *args, **kwargs)
        if str(value) in self.points:
            made["attrs"]["data-points"] = str(self.points[str(value)])
        return made


class OptionField(forms.TypedChoiceField):
    """A choice among the options of a criterion; ``row`` is the criterion's row in
    :func:`cycle.rubrics.sheet`.
    """

    def __init__(self, row: dict[str, Any], **kwargs: Any) -> None:
        criterion, cases = row["criterion"], row["cases"]
        choices: list[tuple] = [("", _("— Chưa chấm —"))]
        widget = OptionSelect()
        widget.points = {
            str(option.pk): option.points for case in cases for option in case["options"]
        }
        for case in cases:
            options = [
                (option.pk, f"{points_text(option.points)} – {option}")
                for option in case["options"]
            ]
            choices += [(case["title"], options)] if case["title"] else options
        most = _now("tối đa %(points)s điểm") % {"points": points_text(criterion.points)}
        super().__init__(
            label=f"{criterion} ({most})",
            choices=choices,
            widget=widget,
            coerce=int,
            empty_value=None,
            **kwargs,
        )
        self.requires = row["requires"]
        if self.requires:
            self.help_text = _now("Chỉ chấm khi tiêu chí %(code)s có điểm.") % {
                "code": self.requires
            }
        elif criterion.note:
            self.help_text = criterion.note


def points_text(points: Decimal) -> str:
    """3.00 → «3», 2.50 → «2,5»."""
    return f"{points.normalize():f}".replace(".", ",")


def in_words(field: forms.Field, value: Any) -> str:
    """The cleaned ``value`` of ``field`` as a person reads it; empty for nothing."""
    if value in (None, "", False, []):
        return ""
    if value is True:
        return _now("có")
    if isinstance(value, files.Staged):
        return value.filename
    if isinstance(value, list | tuple | models.QuerySet):
        return "; ".join(in_words(field, each) for each in value)
    if isinstance(field, RowField):
        return str(field.label_from_instance(value))
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return day_text(value)
    if isinstance(value, Decimal):
        return points_text(value)
    if isinstance(field, MoneyField):
        return grouped(value)
    for key, label in getattr(field, "choices", ()):
        pairs = label if isinstance(label, list | tuple) else [(key, label)]
        for inner, words in pairs:
            if str(inner) == str(value):
                return str(words)
    return str(value)


@dataclass(frozen=True)
class Fold:
    """Fields ``names`` of a part, shown under one legend; folded while all are empty."""

    legend: object
    names: tuple
    about: object = ""
    #: The field that gets the sum of their points on the page.
    sum: str = ""


class Part(forms.BaseForm):
    """A part of an act's form. ``not_future``: its date fields that may not be in the future;
    ``folds``: groups of fields shown folded.
    """

    fields: dict[str, Any]
    not_future: tuple = ()
    legend: object = ""
    about: object = ""
    folded = False
    folds: tuple = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            _polish(field)

    @property
    def pieces(self) -> Iterator[dict[str, Any]]:
        """What the page shows, in order: a field, or a fold at the place of its first field."""
        fold_of = {name: fold for fold in self.folds for name in fold.names}
        for field in self:
            fold = fold_of.get(field.name)
            if fold is None:
                yield {"field": field}
            elif field.name == fold.names[0]:
                fields = [self[name] for name in fold.names]
                says = any(each.errors or each.value() for each in fields)
                yield {"fold": fold, "fields": fields, "open": says}

    def clean(self) -> Any:
        cleaned = super().clean()
        for name in self.not_future:
            day = self.cleaned_data.get(name)
            if day and day > clock.today():
                self.add_error(name, _("Ngày này chưa đến, xin xem lại."))
        return cleaned

    def add_to(self, call: dict[str, Any]) -> None:
        """Add what was typed to ``call``, the keyword arguments of the door."""


class PlainPart(Part, forms.Form):
    pass
