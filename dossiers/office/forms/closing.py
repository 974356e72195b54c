"""What is asked to close a year, and to open it again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cycle import clock
from cycle.models import Cycle
from dossiers.forms.fields import DateField, PlainPart, RowField
from dossiers.office import closing


class CloseForm(PlainPart):
    """The day a year is closed, the year in which what is unfinished goes on, and why."""

    into = RowField(
        Cycle.objects.none(),
        label=_("Chuyển tiếp hồ sơ chưa xong sang"),
        help_text=_("Mỗi hồ sơ giữ nguyên bước, hạn và người đang làm."),
    )
    closed_on = DateField(label=_("Ngày đóng"))
    reason = forms.CharField(
        label=_("Lý do, căn cứ"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, cycle: Cycle, unfinished: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["closed_on"] = clock.today()
        if not unfinished:
            del self.fields["into"]
            return
        years = closing.next_years(cycle)
        field = self.fields["into"]
        field.queryset, field.empty_label = years, _("— Chọn chu trình —")
        if (first := years.first()) is not None:
            self.initial["into"] = first.pk


class ReopenYearForm(PlainPart):
    """Why a year that was closed is opened again."""

    reason = forms.CharField(
        label=_("Lý do"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
