"""Forms of what an event leaves: its list of attendance, photos and materials."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import letters, written
from cycle.models import User
from dossiers.forms.fields import PlainPart
from dossiers.forms.uploads import FilesField, hold_for
from dossiers.office.outreach import Person

#: So many people at most are named of one event, and so many wrong lines at once.
MOST, WRONG = 500, 10
_CELLS = re.compile(r"[\t;|]")
#: How a sheet calls its column of names.
_HEADS = {"ho va ten", "ho ten", "ten", "ho va ten nguoi du"}


def _cells(line: str) -> list[str]:
    """What a line says, without a column of running numbers (STT)."""
    cells = [written.clean_name(cell) for cell in _CELLS.split(line)]
    if len(cells) > 1 and re.fullmatch(r"[0-9]+\.?|STT|TT", cells[0]):
        del cells[0]
    return cells


def _person(line: str) -> Person:
    """Who a line of the list names. Raises ValidationError."""
    name, of_whom, phone, *more = [*_cells(line), "", "", ""]
    if not any(map(str.isalpha, name)) or any(more):
        raise ValidationError(_now("hãy ghi họ và tên; chủ thể hoặc thôn, bản; điện thoại"))
    if len(name) > 150 or len(of_whom) > 200:
        raise ValidationError(_now("tên dài quá 150 ký tự, hoặc chủ thể dài quá 200"))
    if written.is_of_old_font(line):
        raise ValidationError(str(written.OLD_FONT))
    try:
        return name, of_whom, written.phone(phone)
    except written.NotAPhone as wrong:
        raise ValidationError(str(wrong)) from None


def as_typed(people: list[Person]) -> str:
    """A list of attendance as it stands in the form."""
    return "\n".join("; ".join(each).rstrip("; ") for each in people)


class PeopleField(forms.CharField):
    """A list of people, a line each, typed or pasted from a sheet. Raises ValidationError naming
    each line that is wrong.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 12}), max_length=400_000, **kwargs)

    def clean(self, value: Any) -> Any:
        found: list[Person] = []
        wrong: list[str] = []
        for number, line in enumerate(super().clean(value).splitlines(), start=1):
            if not written.says_something(_CELLS.sub(" ", line)):
                continue
            if not found and letters.search_words(_cells(line)[0]) in _HEADS:
                # The headings of a sheet.
                continue
            try:
                found.append(_person(line))
            except ValidationError as error:
                why = " ".join(error.messages)
                wrong.append(_now("Dòng %(line)d: %(why)s") % {"line": number, "why": why})
        if wrong:
            raise ValidationError(wrong[:WRONG])
        if len(found) > MOST:
            raise ValidationError(_now("Danh sách có nhiều nhất %(most)d người.") % {"most": MOST})
        return found


class AttendanceForm(PlainPart):
    """The list of attendance of an event (danh sách người dự)."""

    people = PeopleField(
        label=_("Danh sách người dự"),
        required=False,
        help_text=_(
            "Mỗi người một dòng: họ và tên; chủ thể hoặc thôn, bản; điện thoại. Dán được các cột "
            "từ bảng tính."
        ),
    )
    seen = PeopleField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen"].widget = forms.HiddenInput()


class AttachForm(PlainPart):
    """Photos and materials of an event (ảnh, tài liệu)."""

    materials = FilesField(label=_("Ảnh, tài liệu"), help_text=_("Chọn được nhiều tệp một lần."))

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hold_for(by, self)


class TakeOffForm(PlainPart):
    """Why a photo or material is taken away."""

    reason = forms.CharField(
        label=_("Lý do gỡ"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )
