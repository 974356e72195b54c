"""The document of the ledger that something rests on, beside what else its form asks."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle.documents import CORRECTED_ALREADY
from cycle.fields import DateField
from cycle.models import Document, User
from dossiers.forms.fields import PlainPart, RowField
from dossiers.forms.uploads import ScanField, hold_for


class OnDocument(PlainPart):
    """A form whose act rests on a document (văn bản căn cứ): number and symbol, day, signer, scan.

    What the ledger refuses of it (``cycle.documents.record``) has its field here. Where it is
    ``not needed``, all of it may stay empty; once begun, it is asked for in full.
    """

    #: The fields of a document that say which it is, in order.
    OF_DOCUMENT: ClassVar[tuple[str, ...]] = ("number", "signed_on", "signer", "signer_capacity")
    not_future: tuple = ("signed_on",)
    needed = True

    number = forms.CharField(label=_("Số và ký hiệu"), max_length=60)
    signed_on = DateField(label=_("Ngày ký"))
    signer = forms.CharField(label=_("Người ký"), max_length=150)
    signer_capacity = forms.CharField(label=_("Chức vụ người ký"), max_length=150)
    scan_file = ScanField(label=_("Bản chụp"), required=False)

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        self.by = by
        super().__init__(*args, **kwargs)
        for name in self.OF_DOCUMENT:
            self.fields[name].required = self.needed
        hold_for(by, self)

    def clean(self) -> Any:
        cleaned = super().clean()
        if self.is_named:
            for name in self.OF_DOCUMENT:
                if not self.cleaned_data.get(name) and name not in self.errors:
                    self.add_error(name, self.fields[name].error_messages["required"])
        return cleaned

    @property
    def is_named(self) -> bool:
        """Whether anything of the document was typed."""
        typed = (*self.OF_DOCUMENT, "scan_file")
        return any(self.cleaned_data.get(name) or name in self.errors for name in typed)

    def document(self) -> Document | None:
        """The document as typed; None where none was named."""
        return self.named() if self.is_named else None

    def named(self) -> Document:
        """The document as typed, unsaved, its scan staged."""
        said = {name: self.cleaned_data[name] for name in self.OF_DOCUMENT}
        made = Document(outside=said.pop("body", ""), **said)
        if staged := self.cleaned_data.get("scan_file"):
            made.hold(staged)
        return made


class OfBody(OnDocument):
    """The same of a document that different bodies may issue: it asks which (cơ quan ban hành)."""

    OF_DOCUMENT: ClassVar[tuple[str, ...]] = (
        "number",
        "signed_on",
        "body",
        "signer",
        "signer_capacity",
    )

    body = forms.CharField(
        label=_("Cơ quan ban hành"), max_length=200, help_text=_("Ví dụ: UBND xã Nà Tấu.")
    )


class CorrectsDocument(OnDocument):
    """What was typed wrong of a document (đính chính), filled with what the ledger says."""

    #: The document that the page showed.
    seen = RowField(Document.objects.all(), label=_("Văn bản"), widget=forms.HiddenInput)

    def __init__(self, *args: Any, standing: Document, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        said = {name: getattr(standing, name) for name in self.OF_DOCUMENT}
        self.initial = {**said, "seen": standing.pk, **self.initial}
        self.fields["seen"].queryset = Document.objects.filter(pk=standing.pk)
        self.fields["seen"].error_messages["invalid_choice"] = CORRECTED_ALREADY
        if standing.scan_sha256:
            self.fields["scan_file"].help_text = _now(
                "Để trống để giữ bản chụp đang có (%(file)s)."
            ) % {"file": standing.scan_filename or _now("không rõ tên")}


class CorrectForm(CorrectsDocument, OfBody):
    """The same with its body, and the reason."""

    reason = forms.CharField(
        label=_("Lý do"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )

    def said(self) -> dict[str, Any]:
        """What it is corrected to, and why."""
        asked = {name: self.cleaned_data[name] for name in (*self.OF_DOCUMENT, "seen", "reason")}
        return asked | {"scan": self.cleaned_data.get("scan_file") or None}
