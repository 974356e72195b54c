"""Forms for a council's signed documents, and for a province's Word templates."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from councils.models import EvaluationRound, SignedDocument
from councils.models.document import TEMPLATE_KINDS, decided_on, key_of
from cycle import files
from cycle.models import Document, User
from cycle.papers.word import TemplateRefused, check_template
from dossiers.forms.fields import Part, PlainPart, field_for, long_text, refuse
from dossiers.forms.shown import ticked
from dossiers.forms.uploads import FileField, ScanField, hold_for


class SignedDocumentForm(Part, forms.ModelForm):
    """Number, date, signer and scan of a signed document, given by the clerk (văn thư); of one that
    stands filled with what is recorded, with the reason.
    """

    not_future = ("signed_on",)
    scan = ScanField(label=_("Bản chụp"), required=False)
    as_written = forms.BooleanField(
        label=_("Chức vụ ghi đúng như trên văn bản, người ký có thẩm quyền"),
        required=False,
        widget=forms.HiddenInput,
    )
    #: What stood there when the page was shown.
    seen = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)
    reason = long_text(_("Lý do sửa"))

    class Meta:
        model = Document
        formfield_callback = field_for
        fields = ("number", "signed_on", "signer", "signer_capacity")

    def __init__(
        self, *args: Any, round_: EvaluationRound, kind: str, by: User, **kwargs: Any
    ) -> None:
        self.round, self.kind, self.by = round_, kind, by
        standing = SignedDocument.standing(round_, kind)
        # The next version has papers of its own.
        self.corrects = standing.of_ledger if standing and standing.is_current else None
        initial = {"seen": key_of(standing)}
        if self.corrects is not None:
            initial |= {name: getattr(self.corrects, name) for name in self.Meta.fields}
        elif (known := decided_on(self.round, self.kind)) is not None:
            initial |= {name: getattr(known, name) for name in self.Meta.fields}
            self.about = _(
                "Đã ghi khi công nhận các sản phẩm của đợt: xem lại, không phải nhập lại."
            )
        super().__init__(*args, initial=initial, **kwargs)
        if self.corrects is None:
            del self.fields["reason"]
        else:
            # Of what the page did not show nobody can say why: it is refused.
            shown = not self.is_bound or self.data.get("seen") == initial["seen"]
            self.fields["reason"].required = shown
            if self.corrects.scan_sha256:
                self.fields["scan"].help_text = _now(
                    "Để trống để giữ bản chụp đang có (%(file)s)."
                ) % {"file": self.corrects.scan_filename or _now("không rõ tên")}
        hold_for(by, self)

    def clean(self) -> Any:
        cleaned = super().clean()
        if staged := self.cleaned_data.get("scan"):
            self.instance.hold(staged)
        return cleaned

    def do(self) -> SignedDocument | None:
        """The paper of the round, or None when it was refused, or asks about its signer first."""
        paper = SignedDocument(document=self.instance)
        capacity = self.instance.signer_capacity
        if ticked(self, "as_written", [f"{self.kind} {capacity}"], by=self.by, of=self.round):
            paper.as_written = capacity
        try:
            return SignedDocument.record(
                paper,
                self.round,
                self.kind,
                by=self.by,
                shown=self.cleaned_data["seen"],
                reason=self.cleaned_data.get("reason", ""),
            )
        except PermissionDenied:
            self.add_error(None, _("Bạn không còn giữ vai trò được ghi số văn bản."))
        except ValidationError as wrong:
            if paper.doubt and "as_written" in getattr(wrong, "error_dict", ()):
                attrs = self.fields["as_written"].widget.attrs | {"class": "form-check-input"}
                self.fields["as_written"].widget = forms.CheckboxInput(attrs=attrs)
            refuse(self, wrong)
        return None


class TemplateForm(PlainPart):
    """A province's own Word template of one kind of document (mẫu văn bản)."""

    kind = forms.ChoiceField(label=_("Loại văn bản"), choices=TEMPLATE_KINDS)
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
