"""What is erased of whom, on which paper (xóa dữ liệu cá nhân)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import Truncator
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle.models import User, check_signer, check_symbol
from cycle.written import day_text
from dossiers.forms.fields import DateField, PlainPart, check_typed, in_words, refuse
from dossiers.forms.shown import sealed
from dossiers.forms.uploads import ScanField, hold_for
from dossiers.models import Because, Erasure, Producer
from dossiers.office import erasing

MEANWHILE = _(
    "Nội dung đã chọn vừa được xóa hoặc không còn xóa được. Hãy tải lại trang và xem lại."
)
PARTS = {
    "reason": _("lý do"),
    "label": _("tên gọi lúc đó"),
    "data.changed": _("nội dung trước và sau khi sửa"),
    "data.was": _("nội dung trước khi sửa"),
    "data.why": _("lý do"),
    "data.interest": _("lợi ích liên quan đã khai"),
    "data.username": _("tên đăng nhập"),
    "data.query": _("từ đã tìm"),
    "data.filter": _("điều kiện lọc"),
}
#: So much of a text is shown beside its box.
LONGEST = 300


def _label(text: erasing.Text) -> str:
    """When, what was done, about what: the text itself."""
    entry = text.entry
    about = "" if text.part == "label" else f", {entry.label}"
    return _now("%(day)s, %(done)s%(about)s; %(part)s: «%(said)s»") % {
        "day": day_text(entry.at), "done": entry.sentence, "about": about,
        "part": PARTS.get(text.part, text.part), "said": Truncator(text.said).chars(LONGEST),
    }  # fmt: skip


class EraseForm(PlainPart):
    """The texts that may be erased of one person, and the paper."""

    not_future: tuple = ("signed_on",)
    texts = forms.MultipleChoiceField(
        label=_("Nội dung sẽ xóa"), widget=forms.CheckboxSelectMultiple
    )
    because = forms.ChoiceField(
        label=_("Căn cứ"), choices=Because.choices, widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label=_("Lý do"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Nêu quy định, và vì sao nội dung này không còn phải giữ. Không chép lại nó."),
    )
    number = forms.CharField(
        label=_("Số và ký hiệu văn bản"), max_length=60, help_text=_("Đơn của dân: số đến.")
    )
    signed_on = DateField(label=_("Ngày ký"))
    signer = forms.CharField(label=_("Người ký"), max_length=150)
    scan = ScanField(label=_("Bản chụp"), help_text=_("PDF hoặc ảnh."))

    def __init__(
        self, *args: Any, whose: User | Producer, found: erasing.Found, user: User, also: str,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.whose, self.user, self.also = whose, user, also
        texts = self.fields["texts"]
        texts.choices = [(each.key, _label(each)) for each in found.texts]
        texts.initial = [each.key for each in found.texts if each.ticked]
        texts.error_messages["invalid_choice"] = MEANWHILE
        hold_for(user, self)
        #: (label, value) of what was typed, when it is asked once more.
        self.asks: list[tuple[str, str]] = []

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        check_typed(self, number=check_symbol, signer=check_signer)
        said = ("because", "number", "signed_on", "signer")
        if all(self.cleaned_data.get(name) for name in said):
            try:
                erasing.check_paper(
                    self.whose,
                    by=self.user,
                    sha256=self._sha256,
                    **{name: self.cleaned_data[name] for name in said},
                )
            except ValidationError as error:
                refuse(self, error)
        return cleaned

    @property
    def _sha256(self) -> str:
        scan = self.cleaned_data.get("scan")
        return scan.sha256 if scan else ""

    @property
    def seal(self) -> str:
        """What is agreed to: all that a valid form says. Another is asked anew."""
        said = {**self.cleaned_data, "scan": self._sha256}
        return sealed(self.user, self.whose, sorted(said.items()))

    def save(self) -> Erasure | None:
        """Erase once it was agreed to; None when it is asked once more, or was refused."""
        if self.data.get("sure") != self.seal:
            self.asks = [
                (str(bound.label), in_words(bound.field, self.cleaned_data[bound.name]))
                for bound in self
                if bound.name != "texts"
            ]
            self.asks.insert(
                0,
                (_now("Nội dung sẽ xóa"), _now("%(n)d nội dung đã đánh dấu ở trên")
                 % {"n": len(self.cleaned_data["texts"])}),
            )  # fmt: skip
            paper = self.cleaned_data["number"], self.cleaned_data["signed_on"]
            if before := erasing.used_before(self.whose, *paper, self._sha256):
                whose = f"{before.whose}, {before}"
                self.asks.append((_now("Văn bản này đã dùng để xóa của người khác"), whose))
            return None
        said = dict(self.cleaned_data)
        keys, scan = said.pop("texts"), said.pop("scan")
        of = {"person" if isinstance(self.whose, User) else "producer": self.whose}
        made = Erasure(
            **of, **said, sha256=scan.sha256, filename=scan.filename,
            content_type=scan.content_type,
        )  # fmt: skip
        try:
            return erasing.erase(made, keys, by=self.user, also=self.also)
        except erasing.ErasedMeanwhile:
            self.add_error(None, MEANWHILE)
        except ValidationError as refused:
            refuse(self, refused)
        return None
