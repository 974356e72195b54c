"""Form fields for days and numbers as people here write them, for every form and the admin.

Django's own Vietnamese catalogue is incomplete, so all messages that a person can meet are ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cycle import written

MONEY_LIMIT = 10**15


def _read(reader: Callable[[str], Any], value: Any) -> Any:
    """``reader(value)``, or None for an empty text; its NotADay becomes a ValidationError."""
    if not isinstance(value, str):
        return value
    try:
        return reader(value) if written.says_something(value) else None
    except written.NotADay as refused:
        raise ValidationError(str(refused), code="invalid") from None


def named(label: Any, sentence: Any) -> str:
    """What is wrong with a field as a list of faults says it: with the field's name, once."""
    label, sentence = str(label), str(sentence)
    return sentence if not label or label in sentence else f"{label}: {sentence}"


class NameField(forms.CharField):
    """A name; invisible characters are removed before the field checks it, and letters of a font
    of before Unicode are refused.
    """

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        # It would be removed with what cannot be seen, and nobody would know what was meant.
        ProhibitNullCharactersValidator()(text)
        name = written.clean_name(text)
        if written.is_of_old_font(name):
            raise ValidationError(written.OLD_FONT, code="old_font")
        return name


class PhoneField(forms.CharField):
    """A telephone number, however its digits are grouped."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 20)
        kwargs.setdefault("widget", forms.TextInput)
        super().__init__(**kwargs)
        self.widget.attrs |= {"inputmode": "tel", "autocomplete": "off"}

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return written.phone(text)
        except written.NotAPhone as refused:
            raise ValidationError(str(refused)) from None


class DateField(forms.DateField):
    """A day as people write it here, 17/11/2026, or as a browser sends it.

    ``lowest``: the first day that is sensible of what is asked, the programme's unless said.
    """

    def __init__(self, *, lowest: date = written.PROGRAMME, **kwargs: Any) -> None:
        self.lowest = lowest
        # A numeric keypad suffices: 17112026 is understood too.
        attrs = {"placeholder": "dd/mm/yyyy", "inputmode": "numeric"}
        kwargs.setdefault("widget", forms.DateInput(format="%d/%m/%Y", attrs=attrs))
        super().__init__(**kwargs)
        self.widget.attrs = attrs | self.widget.attrs
        self.error_messages["invalid"] = written.HOW_A_DAY

    def to_python(self, value: Any) -> Any:
        return super().to_python(_read(written.day, value))

    def clean(self, value: Any) -> Any:
        day = super().clean(value)
        if day and (wrong := written.out_of_time(day, self.lowest)):
            raise ValidationError(wrong, code="out_of_time")
        return day


class PeriodField(forms.CharField):
    """A day or a month as people write it here, 17/11/2026 or 11/2026: a ``written.Period``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 30} | kwargs)
        self.widget.attrs = {"placeholder": "dd/mm/yyyy, mm/yyyy"} | self.widget.attrs

    def clean(self, value: Any) -> Any:
        found = _read(written.period, super().clean(value))
        if found and (wrong := written.out_of_time(found.begins)):
            raise ValidationError(wrong, code="out_of_time")
        return found or None


class MomentField(forms.DateTimeField):
    """A day with a time as people write it here: 17/11/2026 14:00."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"placeholder": "dd/mm/yyyy hh:mm"}
        kwargs.setdefault("widget", forms.DateTimeInput(format="%d/%m/%Y %H:%M", attrs=attrs))
        super().__init__(**kwargs)
        self.error_messages["invalid"] = written.HOW_A_MOMENT

    def to_python(self, value: Any) -> Any:
        return super().to_python(_read(written.moment, value))

    def clean(self, value: Any) -> Any:
        found = super().clean(value)
        if found and (wrong := written.out_of_time(timezone.localtime(found).date())):
            raise ValidationError(wrong, code="out_of_time")
        return found


class SplitMomentField(forms.SplitDateTimeField):
    """A day and a time in two boxes, as the admin shows them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _day, at = self.fields
        self.fields = (DateField(required=False), at)


class MoneyField(forms.IntegerField):
    """Đồng, with or without dots or commas between the thousands."""

    widget = forms.TextInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.update(min_value=0, max_value=MONEY_LIMIT)
        super().__init__(**kwargs)
        self.widget.attrs["inputmode"] = "numeric"
        self.error_messages |= {
            "invalid": _("Hãy ghi số tiền bằng đồng, không có phần lẻ, ví dụ 1.500.000."),
            "min_value": _("Số tiền không thể âm."),
            "max_value": _("Số tiền quá lớn, xin xem lại."),
        }

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = written.whole(re.sub(r"\s*(đồng|đ|vnđ)$", "", value.strip().lower()))
            if value and not re.fullmatch(r"-?\d{1,30}", value):
                raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        return written.grouped(value) if isinstance(value, int) else value


class CountField(forms.IntegerField):
    """A number of people, pages, sheets."""

    widget = forms.TextInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs["min_value"] = max(kwargs.get("min_value") or 0, 0)
        kwargs["max_value"] = kwargs.get("max_value") or 30_000
        super().__init__(**kwargs)
        self.widget.attrs["inputmode"] = "numeric"
        self.error_messages |= {
            "invalid": _("Hãy ghi một số nguyên, ví dụ 12."),
            "min_value": _("Số này phải từ %(limit_value)s trở lên."),
            "max_value": _("Số này quá lớn, xin xem lại."),
        }

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = written.whole(value)
            if len(value) > 30:
                raise ValidationError(self.error_messages["max_value"], code="max_value")
            if value and not re.fullmatch(r"-?\d+", value):
                raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)


class PointsField(forms.DecimalField):
    """Points with few decimals, after a comma or a dot."""

    widget = forms.TextInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs["min_value"] = 0
        super().__init__(**kwargs)
        self.widget.attrs["inputmode"] = "decimal"
        self.error_messages |= {
            "invalid": _("Hãy ghi điểm bằng số, ví dụ 71,5."),
            "min_value": _("Điểm không thể âm."),
            "max_digits": _("Điểm quá lớn, xin xem lại."),
            "max_whole_digits": _("Điểm quá lớn, xin xem lại."),
            "max_decimal_places": _("Điểm có nhiều nhất %(max)s chữ số sau dấu phẩy."),
        }

    def to_python(self, value: Any) -> Any:
        return super().to_python(written.decimal(value) if isinstance(value, str) else value)

    def prepare_value(self, value: Any) -> Any:
        return value if value is None else str(value).replace(".", ",")
