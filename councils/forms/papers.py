"""What a clerk gives a council's document, and the Word templates of a province."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from councils.models import DocumentKind, SignedDocument
from councils.papers.word import TemplateRefused, check_template
from dossiers.forms.fields import Part, PlainPart, field_for
from dossiers.forms.uploads import FileField, check_upload, stored


class SignedDocumentForm(Part, forms.ModelForm):
    """Number, date, signer and scan of a document, as it came back signed (văn thư)."""

    not_future = ("signed_on",)
    scan = FileField(label=_("Bản chụp"), required=False)

    class Meta:
        model = SignedDocument
        formfield_callback = field_for
        fields = ("number", "signed_on", "signer", "signer_capacity")

    def clean(self):
        cleaned = super().clean()
        if upload := self.cleaned_data.get("scan"):
            try:
                check_upload(upload)
                if not self.errors:
                    self.instance.scan_sha256, _size, self.instance.scan_name = stored(upload)
            except ValidationError as error:
                self.add_error("scan", error)
        return cleaned


class TemplateForm(PlainPart):
    """A province's own Word template of one kind of document (mẫu văn bản)."""

    kind = forms.ChoiceField(label=_("Loại văn bản"), choices=DocumentKind.choices)
    file = FileField(label=_("Tệp Word (docx)"))

    def clean(self):
        cleaned = super().clean()
        upload = self.cleaned_data.get("file")
        if upload and "kind" in self.cleaned_data:
            try:
                check_upload(upload)
                check_template(self.cleaned_data["kind"], upload.read())
                upload.seek(0)
                self.sha256, _size, self.filename = stored(upload)
            except TemplateRefused as refused:
                self.add_error("file", str(refused))
            except ValidationError as refused:
                self.add_error("file", refused)
        return cleaned
