"""The numbers of many certificates, given by one decision: a column pasted, or typed by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import written
from cycle.models import User, check_symbol, fold_number
from dossiers.forms.fields import PlainPart, polish
from dossiers.forms.shown import sealed
from dossiers.law.states import State
from dossiers.lists import numbers
from dossiers.models import ACTS, Certificate, CertificateNumber
from dossiers.models.certificate import number_taken

NUMBER = CertificateNumber._meta.get_field("number")
#: So many certificates that wait are on a form; the next follow once these have their numbers.
ON_A_FORM = 200
#: Numbers that are put right change places within a form, so it holds as many as it can.
CORRECTED_ON_A_FORM = 1000


class NumbersForm(PlainPart):
    """A number for each of the certificates ``given``, in their order; one that is left empty waits
    on. Those that got a number, or may get none any more, stay in it if something was typed.
    """

    #: Whether a line of the column, and a row, may be empty, and mean something.
    EMPTY = False
    WRONG_LENGTH = _(
        "Cột có %(lines)s số, mà có %(rows)s giấy chờ số: mỗi giấy một dòng, theo đúng thứ tự. "
        "Chưa điền gì."
    )
    NOTHING = _("Bạn chưa nhập số nào.")

    def __init__(self, user: User, given: Sequence[Any], data: QueryDict | None = None) -> None:
        self.user = user
        waits = [each for each in given if self._takes(each)]
        #: How many are not on it.
        self.later = len(waits[self._most() :])
        first = {each.pk for each in waits[: self._most()]}
        self.given = [
            each
            for each in given
            if each.pk in first or (data is not None and data.get(f"n-{each.pk}", "").strip())
        ]
        #: Whether a pasted column stands in the rows.
        self.filled = False
        self._empty: dict[int, int] = {}
        self._wrong_length = ""
        super().__init__(self._filled(data) if data is not None else None)
        self.fields["column"] = forms.CharField(
            label=_("Dán cột số"),
            required=False,
            widget=forms.Textarea(attrs={"rows": 6}),
            help_text=_("Mỗi giấy một dòng, theo đúng thứ tự ở dưới."),
        )
        next_free = numbers.proposed(self._unnumbered)
        #: Whether numbers stand in the rows that nobody typed.
        self.proposes = bool(next_free) and not self.is_bound
        for each in self.given:
            self.fields[self.name(each)] = forms.CharField(
                label=each.product_name,
                required=False,
                max_length=NUMBER.max_length,
                initial=each.number or next_free.get(each.pk, ""),
            )
        for field in self.fields.values():
            polish(field)

    @staticmethod
    def _most() -> int:
        return ON_A_FORM

    @staticmethod
    def name(certificate: Certificate) -> str:
        """The field of one certificate."""
        return f"n-{certificate.pk}"

    @staticmethod
    def _takes(certificate: Certificate) -> bool:
        """Whether a number may be typed for it here."""
        begins = ACTS["number_certificate"].begins
        return not certificate.number and certificate.dossier.state in begins

    def _filled(self, sent: QueryDict) -> QueryDict:
        """What was sent, the column put into the rows; one of another length changes nothing."""
        typed = sent.copy()
        # A column out of a file may begin with a mark that nobody sees.
        text = written.visible(typed.get("column", "")).replace("\r\n", "\n")
        if not text.strip():
            return typed
        lines = [line.strip() for line in text.split("\n")]
        rows = [each for each in self.given if self._takes(each)]
        while not lines[-1] and (len(lines) > len(rows) or not self.EMPTY):
            lines.pop()
        if len(lines) != len(rows):
            self._wrong_length = self.WRONG_LENGTH % {"lines": len(lines), "rows": len(rows)}
            return typed
        for place, (each, line) in enumerate(zip(rows, lines, strict=True), 1):
            typed[self.name(each)] = line
            if not line and not self.EMPTY:
                self._empty[each.pk] = place
        typed["column"], self.filled = "", True
        return typed

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Each certificate with its field."""
        return [{"given": each, "field": self[self.name(each)]} for each in self.given]

    @property
    def typed(self) -> list[tuple[Any, str]]:
        """The certificates for which a number was typed, with it."""
        found = ((each, self.cleaned_data.get(self.name(each), "")) for each in self.given)
        return [(each, number) for each, number in found if number]

    @property
    def _unnumbered(self) -> list[Any]:
        """Those that wait, whose next numbers may be proposed."""
        return [each for each in self.given if not each.number]

    def refuse(self, certificate: Certificate, why: str) -> None:
        """Say at the certificate why its number was not taken, and which one is free."""
        self.add_error(self.name(certificate), f"{why}{self._free(certificate)}")

    def _free(self, certificate: Certificate) -> str:
        """A sentence with the number that is free now, where they are proposed."""
        typed = [number for _each, number in self.typed]
        free = numbers.proposed([certificate], typed=typed)
        return "".join(
            " " + _now("Số tiếp theo còn trống: %(number)s.") % {"number": number}
            for number in free.values()
        )

    @property
    def left(self) -> int:
        """How many wait on."""
        return len(self.given) - len(self.typed) + self.later

    @property
    def seal(self) -> str:
        """What is agreed to: which number goes to which certificate."""
        return sealed(self.user, None, *((each.pk, number) for each, number in self.typed))

    def clean(self) -> Any:
        cleaned = super().clean()
        if self._wrong_length:
            self.add_error("column", self._wrong_length)
            return cleaned
        for pk, place in self._empty.items():
            self.add_error(
                f"n-{pk}", _now("Dòng %(line)s của cột dán không có số.") % {"line": place}
            )
        self._ask_all()
        if not self.errors and not self.typed:
            self.add_error(None, self.NOTHING)
        return cleaned

    def _ask_all(self) -> None:
        """Refuse, by row, what is no number, or is that of another certificate."""
        first: dict[tuple[Any, ...], Any] = {}
        folded = [fold_number(number) for _each, number in self.typed if "\x00" not in number]
        rows = CertificateNumber.objects.filter(folded_number__in=folded)
        # What changes here is free for another row of this form.
        taken = rows.exclude(certificate__in=[each.pk for each, _number in self.typed]).taken()
        for each, number in self.typed:
            name = self.name(each)
            if why := self._why_not(each):
                self.add_error(name, why)
                continue
            if not number:
                continue
            try:
                check_symbol(number, name)
            except ValidationError as wrong:
                self.add_error(None, wrong)
                continue
            key = (each.issuer_id, each.issued_on.year, fold_number(number))
            if not key[-1]:
                self.add_error(name, _now("«%(typed)s» không phải là số.") % {"typed": number})
            elif key in taken:
                self.add_error(name, number_taken(number, taken[key]) + self._free(each))
            elif first.setdefault(key, each) is not each:
                said = {"number": number, "product": first[key].product_name}
                self.add_error(
                    name, _now("Số %(number)s đã nhập cho «%(product)s» ở một dòng khác.") % said
                )

    def _why_not(self, certificate: Certificate) -> str:
        """Why it may get no number; "" when it may."""
        if self._takes(certificate):
            return ""
        if certificate.number:
            return _now("Đã có số %(number)s.") % {"number": certificate.number}
        return _now("Hồ sơ đang ở «%(state)s»: không cấp số được.") % {
            "state": State(certificate.dossier.state).label
        }


class CorrectionForm(NumbersForm):
    """The numbers of a decision's certificates put right in one list (sửa số): only the rows that
    were changed get another number, one that is left empty is taken back.
    """

    EMPTY = True
    WRONG_LENGTH = _(
        "Cột có %(lines)s dòng, mà có %(rows)s giấy ở dưới: mỗi giấy một dòng, theo đúng thứ tự. "
        "Chưa điền gì."
    )
    NOTHING = _("Chưa có số nào khác với số đã ghi.")

    def __init__(self, user: User, given: Sequence[Any], data: QueryDict | None = None) -> None:
        #: The certificates whose number the page did not show as it stands.
        self._unseen: set[int] = set()
        super().__init__(user, given, data)
        self.fields["reason"] = forms.CharField(
            label=_("Lý do sửa số"),
            required=False,
            max_length=500,
            widget=forms.Textarea(attrs={"rows": 2}),
        )
        # Which rows the page shows: what somebody else corrected meanwhile is not put back.
        self.fields["rows"] = forms.CharField(
            required=False,
            widget=forms.HiddenInput,
            initial=self._rows,
        )
        polish(self.fields["reason"])
        self.fields["column"].help_text = _(
            "Mỗi giấy một dòng, theo đúng thứ tự ở dưới; dòng trống là lấy lại số của giấy đó."
        )

    @staticmethod
    def _most() -> int:
        return CORRECTED_ON_A_FORM

    @staticmethod
    def _takes(certificate: Any) -> bool:
        return certificate.number_row is not None

    def _filled(self, sent: QueryDict) -> QueryDict:
        typed = super()._filled(sent)
        rows = {key for key in map(written.key, typed.get("rows", "").split()) if key}
        standing = {each.number_row for each in self.given}
        there = CertificateNumber.objects.filter(pk__in=rows - standing)
        shown = dict(there.values_list("certificate", "number")) if rows - standing else {}
        for each in self.given:
            name = self.name(each)
            # A row that was not sent says nothing, nor does one that is as the page showed it.
            if name not in typed or str(typed[name]).strip() == shown.get(each.pk):
                typed[name] = each.number
            if each.number_row not in rows:
                self._unseen.add(each.pk)
        # The answer says what stands now.
        typed["rows"] = self._rows
        return typed

    @property
    def _rows(self) -> str:
        return " ".join(str(each.number_row) for each in self.given)

    @property
    def typed(self) -> list[tuple[Any, str]]:
        found = [
            (each, self.cleaned_data[self.name(each)])
            for each in self.given
            if self.name(each) in self.cleaned_data
        ]
        return [(each, number) for each, number in found if number != each.number]

    @property
    def plan(self) -> list[tuple[str, Any]]:
        """What becomes of each that is changed: its number from now on, "" when taken back."""
        return [(number, each) for each, number in self.typed]

    @property
    def seal(self) -> str:
        return sealed(
            self.user,
            None,
            self.cleaned_data.get("reason", ""),
            *((each.pk, each.number_row, number) for each, number in self.typed),
        )

    def _why_not(self, certificate: Any) -> str:
        if why := super()._why_not(certificate):
            return why
        if certificate.pk not in self._unseen:
            return ""
        return _now("Số vừa được sửa thành «%(number)s»: hãy xem lại.") % {
            "number": certificate.number or _now("chưa có số")
        }

    def clean(self) -> Any:
        cleaned = super().clean()
        if not self.errors and not cleaned.get("reason"):
            self.add_error("reason", _now("Bạn chưa nêu lý do sửa số."))
        return cleaned
