"""The base of councils' forms: a form that does one act and shows what the act refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from councils.judging import closing
from councils.models import (
    EvaluationRound,
    RoundClosed,
)
from cycle.models import User
from dossiers.forms.fields import Part, long_text, refuse
from dossiers.models import ConditionNotMet

_Done = TypeVar("_Done")


class Act(Part):
    """A form that does one act (``do``); what the act refuses is shown at its field, else as the
    form's errors.
    """

    def attempt(self, act: Callable[[], _Done]) -> _Done | bool | None:
        """Call ``act``; returns its result (True for None), or None when it was refused."""
        try:
            done = act()
        except (ConditionNotMet, ValidationError) as wrong:
            refuse(self, wrong)
        except RoundClosed as late:
            self.add_error(None, late.sentence)
        else:
            return True if done is None else done
        return None


class Asked(Act, forms.Form):
    """An :class:`Act` with fields of its own."""


class OfModel(Act, forms.ModelForm):
    """An :class:`Act` whose fields are those of a model."""

    def clean(self) -> Any:
        cleaned = super().clean()
        first = self.cleaned_data.get("valid_from") or self.cleaned_data.get("since")
        last = self.cleaned_data.get("valid_to")
        if first and last and last < first:
            self.add_error("valid_to", _("Ngày kết thúc phải sau ngày bắt đầu."))
        return cleaned


class CountForm(Asked):
    """Choose which products to count, among those whose sheets are all in (kiểm phiếu)."""

    entries: forms.Field = forms.TypedMultipleChoiceField(
        label=_("Sản phẩm đã đủ phiếu"), coerce=int, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, round_: EvaluationRound, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.round, self.by = round_, by
        self.ready = {entry.pk: entry for entry in closing.countable(round_)}
        field = self.fields["entries"]
        field.choices = [(pk, str(entry)) for pk, entry in self.ready.items()]
        field.error_messages |= {
            "required": _("Bạn chưa chọn sản phẩm nào.")
            if self.ready
            else _("Không có sản phẩm nào chờ kiểm phiếu."),
            "invalid_choice": _("Có sản phẩm không còn chờ kiểm phiếu: hãy xem lại."),
        }
        self.initial["entries"] = list(self.ready)

    def do(self) -> Any:
        """The products counted, or None when it was refused."""
        chosen = [self.ready[pk] for pk in self.cleaned_data["entries"]]
        return self.attempt(lambda: closing.count(self.round, chosen, by=self.by))


class ConfirmForm(Asked):
    """A form without fields: its button does ``act``."""

    def __init__(self, *args: Any, act: Callable[..., Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.act = act

    def do(self) -> Any:
        """The result of the act, or None when it was refused."""
        values = dict(self.cleaned_data)
        return self.attempt(lambda: self.act(**values))


class ReasonForm(ConfirmForm):
    """An act with a required reason."""

    reason = long_text(_("Lý do"))
