"""Forms for a council's signed documents, and for a province's Word templates."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from councils.models import DocumentKind
from councils.papers.word import TemplateRefused, check_template
from cycle import files
from cycle.models import Document, User
from dossiers.forms.fields import Part, PlainPart, field_for
from dossiers.forms.uploads import FileField, ScanField, hold_for


class SignedDocumentForm(Part, forms.ModelForm):
    """Number, date, signer and scan of a signed document, given by the clerk (văn thư)."""

    not_future = ("signed_on",)
    scan = ScanField(label=_("Bản chụp"), required=False)

    class Meta:
        model = Document
        formfield_callback = field_for
        fields = ("number", "signed_on", "signer", "signer_capacity")

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hold_for(by, self)

    def clean(self) -> Any:
        cleaned = super().clean()
        if staged := self.cleaned_data.get("scan"):
            document = self.instance
            document.scan_sha256, document.scan_bytes = staged.sha256, staged.bytes
            document.scan_filename, document.scan_type = staged.filename, staged.content_type
        return cleaned


class TemplateForm(PlainPart):
    """A province's own Word template of one kind of document (mẫu văn bản)."""

    kind = forms.ChoiceField(label=_("Loại văn bản"), choices=DocumentKind.choices)
    file = FileField(label=_("Tệp Word (docx)"))

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hold_for(by, self)

    def clean(self) -> Any:
        cleaned = super().clean()
        staged = self.cleaned_data.get("file")
        if staged and "kind" in self.cleaned_data:
            try:
                with files.open(staged.sha256) as content:
                    check_template(self.cleaned_data["kind"], content.read())
            except TemplateRefused as refused:
                self.add_error("file", str(refused))
            except files.FileLost:
                self.add_error("file", files.STAGED_GONE)
        return cleaned
