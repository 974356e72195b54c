"""Many scans at once, each matched to a document of the ledger by the number in its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import documents, files
from cycle.models import Document, User
from dossiers.forms.fields import PlainPart, polish
from dossiers.forms.shown import sealed
from dossiers.forms.uploads import FilesField, ScanField, hold_for
from dossiers.walk.scans import named_by


class ScansField(ScanField, FilesField):
    """Several scans: PDF or images."""

    widget = FilesField.widget


@dataclass
class Row:
    """A file, the select of its document, what is chosen in it, and why it may not be."""

    staged: files.Staged
    name: str
    field: Any = None
    document: Document | None = None
    why: str = ""


class ScansForm(PlainPart):
    """The files, then which document of ``lacking`` each of them shows; "" leaves it out."""

    scans = ScansField(
        label=_("Tệp bản chụp văn bản đã ký"),
        help_text=_("Chọn nhiều tệp một lần, PDF hoặc ảnh; tên tệp có số văn bản thì tự ghép."),
    )

    def __init__(self, user: User, lacking: Sequence[Document], *args: Any) -> None:
        self.user, self.lacking = user, lacking
        self.rows: list[Row] = []
        super().__init__(*args)
        hold_for(user, self)

    def clean(self) -> Any:
        cleaned = super().clean()
        self.data = self.data.copy()  # type: ignore[attr-defined]
        sent = cleaned.get("scans") or []
        shown = _shown([each.sha256 for each in sent])
        taken: dict[int, str] = {}
        seen: dict[str, str] = {}
        for staged in sent:
            row = self._row(staged)
            self.rows.append(row)
            if staged.sha256 in shown:
                row.why = documents.of_another(shown[staged.sha256])
            elif staged.sha256 in seen:
                row.why = _now("Tệp này giống hệt «%(file)s».") % {"file": seen[staged.sha256]}
            elif row.document is not None and row.document.pk in taken:
                row.why = _now("Đã ghép «%(file)s» cho văn bản này.") % {
                    "file": taken[row.document.pk]
                }
            seen.setdefault(staged.sha256, staged.filename)
            if row.document is not None:
                taken.setdefault(row.document.pk, staged.filename)
        for row in self.rows:
            if row.why:
                self.add_error(row.name, row.why)
            row.field = self[row.name]
        if not self.errors and not self.matched:
            self.add_error(None, _now("Chưa tệp nào được ghép với văn bản: hãy chọn văn bản."))
        return cleaned

    def _row(self, staged: files.Staged) -> Row:
        """The row of a file: with what was chosen for it, else what its name says."""
        # The same file may be sent under two names.
        same = sum(each.staged.sha256 == staged.sha256 for each in self.rows)
        row = Row(staged, f"d{same}-{staged.sha256[:20]}")
        by_key = {str(each.pk): each for each in self.lacking}
        offered = [(key, f"{each} · {each.body}") for key, each in by_key.items()]
        field = forms.ChoiceField(
            label=_now("Văn bản của %(file)s") % {"file": staged.filename},
            required=False,
            choices=[("", _("— Không thêm tệp này —")), *offered],
        )
        polish(field)
        self.fields[row.name] = field
        if row.name in self.data:
            try:
                chosen = field.widget.value_from_datadict(self.data, self.files, row.name)
                row.document = by_key.get(field.clean(chosen))
            except ValidationError as wrong:
                row.why = " ".join(wrong.messages)
        elif named := named_by(staged.filename, self.lacking):
            row.document = named
            self.data[row.name] = str(named.pk)  # type: ignore[index]
        return row

    @property
    def matched(self) -> list[tuple[files.Staged, Document]]:
        """The files that were matched, each with its document."""
        return [(row.staged, row.document) for row in self.rows if row.document is not None]

    @property
    def left_out(self) -> list[Row]:
        """Those that show none of the documents."""
        return [row for row in self.rows if row.document is None]

    def refuse(self, staged: files.Staged, why: str) -> None:
        """Say at the file why it was not taken."""
        for row in self.rows:
            if row.staged == staged:
                self.add_error(row.name, why)

    @property
    def seal(self) -> str:
        """What is agreed to: which file shows which document."""
        pairs = ((staged.sha256, each.pk) for staged, each in self.matched)
        return sealed(self.user, None, *pairs)


def _shown(sent: Sequence[str]) -> dict[str, Document]:
    """The files that are the scan of a document already, with it."""
    there = Document.objects.standing().filter(before=False, scan_sha256__in=sent)
    return {each.scan_sha256: each for each in there} if sent else {}
