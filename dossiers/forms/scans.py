"""Many scans at once, each matched to a document of the ledger by the number in its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import documents, files, written
from cycle.models import Document, User
from dossiers.forms.fields import PlainPart
from dossiers.forms.shown import sealed
from dossiers.forms.uploads import FilesField, ScanField, hold_for
from dossiers.walk.scans import named_by


class ScansField(ScanField, FilesField):
    """Several scans: PDF or images."""

    widget = FilesField.widget


@dataclass
class Row:
    """A file, the document that it shows, and why it may not be."""

    staged: files.Staged
    document: Document | None
    why: str = ""

    @property
    def name(self) -> str:
        """The select in which its document is chosen."""
        return name_of(self.staged)


def name_of(staged: files.Staged) -> str:
    """The field of a file."""
    return f"d-{staged.sha256[:20]}"


class ScansForm(PlainPart):
    """The files, then which document of ``lacking`` each of them shows; "" leaves it out."""

    files = ScansField(
        label=_("Bản chụp văn bản đã ký"),
        help_text=_("Chọn nhiều tệp một lần, PDF hoặc ảnh; tên tệp có số văn bản thì tự ghép."),
    )

    def __init__(self, user: User, lacking: Sequence[Document], *args: Any) -> None:
        self.user, self.lacking = user, lacking
        self.rows: list[Row] = []
        super().__init__(*args)
        hold_for(user, self)

    def clean(self) -> Any:
        cleaned = super().clean()
        by_key = {each.pk: each for each in self.lacking}
        taken: dict[int, str] = {}
        seen: dict[str, str] = {}
        sent = cleaned.get("files") or []
        shown = _shown([each.sha256 for each in sent])
        for staged in sent:
            asked = self.data.get(name_of(staged))
            if asked is None:
                row = Row(staged, named_by(staged.filename, self.lacking))
            else:
                row = Row(staged, by_key.get(written.key(asked) or 0))
                if asked and row.document is None:
                    row.why = _now("Văn bản này vừa có bản chụp: hãy chọn lại.")
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
                self.add_error(None, f"{row.staged.filename}: {row.why}")
        if not self.errors and not self.matched:
            self.add_error(None, _now("Chưa tệp nào được ghép với văn bản: hãy chọn văn bản."))
        return cleaned

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
                row.why = why
        self.add_error(None, f"{staged.filename}: {why}")

    @property
    def seal(self) -> str:
        """What is agreed to: which file shows which document."""
        pairs = ((staged.sha256, each.pk) for staged, each in self.matched)
        return sealed(self.user, None, *pairs)


def _shown(sent: Sequence[str]) -> dict[str, Document]:
    """The files that are the scan of a document already, with it."""
    there = Document.objects.standing().filter(before=False, scan_sha256__in=sent)
    return {each.scan_sha256: each for each in there} if sent else {}
