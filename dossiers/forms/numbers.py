"""The numbers of many certificates, given by one decision: a column pasted, or typed by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle.models import User, check_symbol, fold_number
from dossiers.forms.fields import PlainPart, polish
from dossiers.forms.shown import sealed
from dossiers.law.states import State
from dossiers.models import ACTS, Certificate, CertificateNumber
from dossiers.models.certificate import number_taken

NUMBER = CertificateNumber._meta.get_field("number")
#: So many certificates that wait are on a form; the next follow once these have their numbers.
ON_A_FORM = 200


class NumbersForm(PlainPart):
    """A number for each of the certificates ``given``, in their order; one that is left empty waits
    on. Those that got a number, or may get none any more, stay in it if something was typed.
    """

    def __init__(self, user: User, given: Sequence[Any], data: QueryDict | None = None) -> None:
        self.user = user
        waits = [each for each in given if self._waits(each)]
        #: How many wait that are not on it.
        self.later = len(waits[ON_A_FORM:])
        first = {each.pk for each in waits[:ON_A_FORM]}
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
        for each in self.given:
            self.fields[self.name(each)] = forms.CharField(
                label=each.product_name, required=False, max_length=NUMBER.max_length
            )
        for field in self.fields.values():
            polish(field)

    @staticmethod
    def name(certificate: Certificate) -> str:
        """The field of one certificate."""
        return f"n-{certificate.pk}"

    @staticmethod
    def _waits(certificate: Certificate) -> bool:
        begins = ACTS["number_certificate"].begins
        return not certificate.number and certificate.dossier.state in begins

    def _filled(self, sent: QueryDict) -> QueryDict:
        """What was sent, the column put into the rows; one of another length changes nothing."""
        typed = sent.copy()
        text = typed.get("column", "").replace("\r\n", "\n").rstrip()
        if not text:
            return typed
        lines = [line.strip() for line in text.split("\n")]
        rows = [each for each in self.given if self._waits(each)]
        if len(lines) != len(rows):
            self._wrong_length = _now(
                "Cột có %(lines)s số, mà có %(rows)s giấy chờ số: mỗi giấy một dòng, theo đúng thứ "
                "tự. Chưa điền gì."
            ) % {"lines": len(lines), "rows": len(rows)}
            return typed
        for place, (each, line) in enumerate(zip(rows, lines, strict=True), 1):
            typed[self.name(each)] = line
            if not line:
                self._empty[each.pk] = place
        typed["column"], self.filled = "", True
        return typed

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Each certificate with its field."""
        return [{"given": each, "field": self[self.name(each)]} for each in self.given]

    @property
    def typed(self) -> list[tuple[Any, str]]:
        """The certificates for which a number was typed, with it."""
        found = ((each, self.cleaned_data.get(self.name(each), "")) for each in self.given)
        return [(each, number) for each, number in found if number]

    def refuse(self, certificate: Certificate, why: str) -> None:
        """Say at the certificate why its number was not taken."""
        self.add_error(self.name(certificate), why)

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
        first: dict[tuple[Any, ...], Any] = {}
        folded = [fold_number(number) for _each, number in self.typed if "\x00" not in number]
        taken = CertificateNumber.objects.filter(folded_number__in=folded).taken()
        for each, number in self.typed:
            name = self.name(each)
            if not self._waits(each):
                self.add_error(name, self._why_not(each))
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
                self.add_error(name, number_taken(number, taken[key]))
            elif first.setdefault(key, each) is not each:
                said = {"number": number, "product": first[key].product_name}
                self.add_error(
                    name, _now("Số %(number)s đã nhập cho «%(product)s» ở một dòng khác.") % said
                )
        if not self.errors and not self.typed:
            self.add_error(None, _now("Bạn chưa nhập số nào."))
        return cleaned

    @staticmethod
    def _why_not(certificate: Certificate) -> str:
        if certificate.number:
            return _now("Đã có số %(number)s.") % {"number": certificate.number}
        return _now("Hồ sơ đang ở «%(state)s»: không cấp số được.") % {
            "state": State(certificate.dossier.state).label
        }
