"""Form fields with Vietnamese messages, and :class:`Part`, the piece that forms are made of.

Every wrong input ends in a Vietnamese sentence at its field. Django's own Vietnamese catalogue is
incomplete, so all messages that a person can meet are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.forms.models import ModelChoiceIterator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock, files, letters
from cycle.fields import CountField, DateField, MoneyField, PointsField
from cycle.models import OrgUnit, User, check_document, check_signer
from cycle.written import day_text, grouped, moment_text
from dossiers.law.conditions import ConditionNotMet, Words
from dossiers.lists.filters import LONGEST, MANY_CHOICES, Sought

LONG = 10_000


class _ByName(ModelChoiceIterator):
    """Rows that are put in order by name (``sort_key``) by what is shown of them, units that have
    ended behind the others; any other rows as their query has them.
    """

    def __iter__(self) -> Iterator[Any]:
        if not hasattr(self.queryset.model, "sort_key"):
            yield from super().__iter__()
            return
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        shown = [(row, *self.choice(row)) for row in self.queryset.iterator(chunk_size=1000)]
        shown.sort(key=lambda each: (_ended(each[0]), letters.sort_key(str(each[2]))))
        yield from (choice for _row, *choice in shown)


def _ended(row: Any) -> bool:
    return isinstance(row, OrgUnit) and row.valid_to is not None


class RowField(forms.ModelChoiceField):
    """A choice among rows, in order; people and units are told apart from those of the same name.

    Every choice among rows is one of these.
    """

    iterator = _ByName

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"empty_label": _("— Chọn —")} | kwargs)

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
    field = forms.CharField(
        label=label, max_length=LONG, widget=forms.Textarea(attrs={"rows": 3}), **kwargs
    )
    polish(field)
    return field


_CHOSEN = (forms.Select, forms.RadioSelect, forms.CheckboxSelectMultiple, forms.FileInput)


def polish(field: forms.Field) -> None:
    """Give a field Bootstrap's classes and our messages, which name the field. A part does so to
    its fields as it is made: of those that come later it is to be asked.
    """
    if type(field.widget) is forms.Select and isinstance(field, forms.ChoiceField):
        FindSelect.instead(field)
    widget, label = field.widget, field.label or ""
    # A browser cuts what is pasted at this length and says nothing: the field refuses it in words.
    widget.attrs.pop("maxlength", None)
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


class FindSelect(forms.Select):
    """A select that, of many choices, finds one by words that are typed beside it.

    Without script the words are sent with the form: the one choice that says them all is chosen, of
    several one is asked for. With script they narrow the list while one types.
    """

    #: The field whose select it is; it says what is wrong with the words.
    field: Any
    #: What was typed, and the choices that say it; None where nothing was searched.
    words = ""
    found: frozenset[str] | None = None

    @classmethod
    def instead(cls, field: Any) -> None:
        """Give ``field`` such a select for the plain one that it has."""
        plain = field.widget
        made = cls(attrs=plain.attrs)
        made.is_required, made.field = plain.is_required, field
        made.choices = plain.choices
        field.widget = made

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        chosen = super().value_from_datadict(data, files, name)
        typed = data.get(f"{name}-find") or ""
        self.words = typed.strip()[:LONGEST]
        sought = Sought.among(self.choices, str(chosen or ""), typed)
        if sought is None:
            return chosen
        if not sought.why:
            return sought.chosen
        said = sought.why
        self.field.error_messages |= {"invalid_choice": said, "invalid_pk_value": said}
        self.found = frozenset(sought.says)
        return self.words

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        groups = super().optgroups(name, value, attrs)
        if not self.found:
            return groups
        kept = self.found | {""}
        narrowed = (
            (label, [each for each in options if str(each["value"]) in kept], number)
            for label, options, number in groups
        )
        return [group for group in narrowed if group[1]]

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        context = self.get_context(name, value, attrs)
        shown = sum(len(options) for _label, options, _number in context["widget"]["optgroups"])
        searched = shown > MANY_CHOICES or self.words
        if searched:
            # The words may choose, so the browser must not ask for a choice.
            context["widget"]["attrs"].pop("required", None)
        drawn = self._render(self.template_name, context, renderer)  # type: ignore[attr-defined]
        if not searched:
            return drawn
        return format_html(
            '<input type="search" class="form-control find" name="{0}-find" value="{1}" '
            'maxlength="100" autocomplete="off" placeholder="{2}" aria-label="{3}">{4}',
            name,
            self.words,
            _now("Tìm trong danh sách, gõ không cần dấu"),
            _now("%(field)s: tìm trong danh sách") % {"field": self.field.label or name},
            drawn,
        )


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


#: Fields in which a document is named in words, by whatever form -> what is asked of them: a number
#: with its symbol, of a day that has come and is in use; the full name of a person.
NAMES_A_PAPER: dict[str, Callable[[str, str], None]] = {
    "document": check_document,
    "document_signer": check_signer,
}


class Part(forms.BaseForm):
    """A part of an act's form. ``not_future``: its date fields that may not be in the future;
    ``folds``: groups of fields shown folded. What names a document is asked whether it does.
    """

    fields: dict[str, Any]
    #: Who fills it in, where it asks for their yes.
    by: User
    not_future: tuple = ()
    legend: object = ""
    about: object = ""
    folded = False
    folds: tuple = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            polish(field)

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
        check_typed(self, **NAMES_A_PAPER)
        return cleaned

    def add_to(self, call: dict[str, Any]) -> None:
        """Add what was typed to ``call``, the keyword arguments of the door."""


def refusals(refused: ConditionNotMet | ValidationError) -> list[tuple[str, list[Words]]]:
    """(field or "", its sentences) of what was refused."""
    if isinstance(refused, ConditionNotMet):
        return [(lack.field, [lack.words]) for lack in refused.lacks]
    if not hasattr(refused, "error_dict"):
        return [("", [*refused.messages])]
    return [
        ("" if field == NON_FIELD_ERRORS else field, [*ValidationError(errors).messages])
        for field, errors in refused.error_dict.items()
    ]


def refuse(form: forms.BaseForm, refused: ConditionNotMet | ValidationError) -> None:
    """Say what was refused at the field it is about, or above the form that has no such field."""
    for field, sentences in refusals(refused):
        form.add_error(field if field in form.fields else None, [str(each) for each in sentences])


def check_typed(form: forms.BaseForm, **checks: Callable[[str, str], None]) -> None:
    """Ask of each field that was filled in its check, which raises ValidationError; what that says
    stands at the field.
    """
    for name, check in checks.items():
        if text := form.cleaned_data.get(name):
            try:
                check(text, name)
            except ValidationError as wrong:
                refuse(form, wrong)


class PlainPart(Part, forms.Form):
    pass
