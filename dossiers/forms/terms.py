"""Forms to extend a term (gia hạn) and to change the calendar of days off (lịch nghỉ)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import tables, written
from cycle.models import DayOff
from dossiers.forms.fields import CountField, DateField, PlainPart
from dossiers.forms.ledger import OfBody
from dossiers.models.term import Term
from dossiers.terms import recalculation
from dossiers.terms.due import UNITS

COLUMNS = ("day", "worked", "name", "document")
MOST_ROWS = 400


class ExtensionForm(OfBody):
    """By how many days a term is extended, why, on which document."""

    field_order = ("days", "reason")

    days = CountField(label=_("Gia hạn thêm"), min_value=1, max_value=3650)
    reason = forms.CharField(label=_("Lý do"), max_length=300)

    def __init__(self, *args: Any, term: Term, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["number"].help_text = _("Văn bản đã ký cho phép gia hạn, ví dụ 15/VPĐP-OCOP.")
        self.fields["days"].help_text = _now("Tính bằng %(unit)s; còn được gia hạn %(n)d.") % {
            "unit": UNITS[term.unit],
            "n": term.extension_limit - term.extended,
        }


class DayForm(PlainPart):
    """A change of one day of the calendar."""

    day = DateField(label=_("Ngày"))
    what = forms.ChoiceField(
        label=_("Thành"),
        initial="off",
        choices=[
            ("off", _("Ngày nghỉ")),
            ("worked", _("Làm bù")),
            ("none", _("Bỏ khỏi lịch")),
        ],
    )
    name = forms.CharField(label=_("Tên ngày"), max_length=120, required=False)
    document = forms.CharField(label=_("Văn bản"), max_length=120)


class _DaysFormSet(forms.BaseFormSet):
    default_error_messages = {
        "missing_management_form": _("Trang gửi lên không đủ, xin nhập lại."),
        "too_many_forms": _("Nhiều nhất %(num)d ngày một lần, xin chia nhỏ."),
    }

    # With initial forms, Django would require a row that was shown filled in.
    def initial_form_count(self) -> int:
        return 0

    def total_form_count(self) -> int:
        if self.is_bound:
            return super().total_form_count()
        return min(len(self.initial or ()) + self.extra, self.max_num)


DaysFormSet = forms.formset_factory(
    DayForm,
    formset=_DaysFormSet,
    extra=3,
    max_num=MOST_ROWS,
    absolute_max=MOST_ROWS,
    validate_max=True,
)


def changes_of(days: forms.BaseFormSet[DayForm]) -> list[dict[str, Any]]:
    """The rows filled in, as :func:`dossiers.terms.recalculation.checked` takes them."""
    return [
        {**form.cleaned_data, "day": form.cleaned_data["day"].isoformat()}
        for form in days
        if form.cleaned_data
    ]


def _wrong_row(line: int) -> ValidationError:
    return ValidationError(
        _now(
            "Dòng %(line)s của tệp: số ô không khớp với dòng tiêu đề, hoặc cột worked "
            "không phải để trống hay x."
        )
        % {"line": line}
    )


def read_days(upload: UploadedFile) -> list[dict[str, Any]]:
    """The rows of an uploaded table (day, worked, name, document), as the form shows them.

    Rows that change nothing are left out. Raises ValidationError, naming the line, for a file that
    is no such table; days and texts are checked by the form.
    """
    if upload.size is None or upload.name is None or upload.size > 1024 * 1024:
        raise ValidationError(_now("Tệp quá lớn: lịch nghỉ chỉ vài chục dòng."))
    try:
        found = tables.parse(upload.name, upload.read(), COLUMNS)
    except tables.MissingColumns as error:
        raise ValidationError(
            _now("Tệp thiếu cột %(columns)s. Cần đủ: %(all)s.")
            % {"columns": ", ".join(error.columns), "all": ", ".join(COLUMNS)}
        ) from None
    except tables.RowRefused as error:
        raise _wrong_row(error.line) from None
    except tables.NotATable as error:
        raise ValidationError(error.why) from None
    rows = []
    for line, row in found:
        worked = tables.is_marked(row["worked"])
        if worked is None:
            raise _wrong_row(line)
        cells = {column: row[column] for column in COLUMNS if column != "worked"}
        # An invalid day stays as written: the form refuses it at its field.
        with suppress(written.NotADay):
            cells["day"] = tables.day(cells["day"]).isoformat()
        cells["what"] = "worked" if worked else "off"
        rows.append(cells)
    known = {
        day.isoformat(): (worked, name, document)
        for day, worked, name, document in DayOff.objects.values_list(*COLUMNS)
    }
    rows = [
        row
        for row in rows
        if known.get(row["day"]) != (row["what"] == "worked", row["name"], row["document"])
    ]
    if len(rows) > MOST_ROWS:
        raise ValidationError(
            _now("Tệp có hơn %(n)d ngày phải đổi, xin chia nhỏ.") % {"n": MOST_ROWS}
        )
    return rows


def checked_days(changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``changes`` checked by :func:`dossiers.terms.recalculation.checked`, which here may remove
    only days that the calendar has. Raises CalendarRefused naming the row.
    """
    rows = recalculation.checked(changes)
    there = set(
        DayOff.objects.filter(day__in=[row["day"] for row in rows]).values_list("day", flat=True)
    )
    for number, row in enumerate(rows, 1):
        if row["what"] == "none" and row["day"] not in there:
            raise recalculation.CalendarRefused(
                _now("Dòng %(row)s: ngày %(day)s không có trong lịch, không có gì để bỏ.")
                % {"row": number, "day": f"{row['day']:%d/%m/%Y}"}
            )
    return rows
