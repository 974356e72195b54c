"""Files that people send: checked by what they are, kept by their content."""

from pathlib import PurePath

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from dossiers.models.evidence import store

#: Extension -> type it is served as, and how such a file begins.
FILE_TYPES = {
    ".pdf": ("application/pdf", b"%PDF-"),
    ".png": ("image/png", b"\x89PNG\r\n\x1a\n"),
    ".jpg": ("image/jpeg", b"\xff\xd8\xff"),
    ".jpeg": ("image/jpeg", b"\xff\xd8\xff"),
    ".docx": (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        b"PK\x03\x04",
    ),
    ".xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK\x03\x04"),
}


def check_upload(upload):
    """Refuse an empty, oversized or unknown file with a sentence; returns its content type."""
    if not upload.size:
        raise ValidationError(_("Tệp này rỗng, xin chọn lại."))
    if upload.size > settings.MAX_EVIDENCE_BYTES:
        raise ValidationError(
            _("Tệp nặng quá %(limit)s MB, xin chia nhỏ hoặc nén lại."),
            params={"limit": settings.MAX_EVIDENCE_BYTES // 1024**2},
        )
    content_type, beginning = FILE_TYPES.get(PurePath(upload.name).suffix.lower(), (None, b""))
    upload.seek(0)
    begins = upload.read(len(beginning))
    upload.seek(0)
    if content_type is None or begins != beginning:
        raise ValidationError(_("Chỉ nhận tệp PDF, ảnh JPG hoặc PNG, Word (docx), Excel (xlsx)."))
    return content_type


def stored(upload):
    """Store ``upload``; returns its SHA-256, its bytes and a name that a column holds.

    Raises ValidationError, a sentence, when the disk is full.
    """
    try:
        sha256, size = store(upload)
    except OSError as error:
        raise ValidationError(
            _("Máy chủ không lưu được tệp. Xin thử lại sau, hoặc báo quản trị.")
        ) from error
    stem, suffix = PurePath(upload.name).stem, PurePath(upload.name).suffix
    return sha256, size, stem[: 200 - len(suffix)] + suffix


def keep_file(evidence, upload, content_type):
    """Store ``upload`` and let ``evidence`` speak of it. Raises as :func:`stored` does."""
    evidence.sha256, evidence.bytes, evidence.filename = stored(upload)
    evidence.content_type = content_type


class FileField(forms.FileField):
    widget = forms.FileInput

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.widget.attrs["accept"] = ",".join(FILE_TYPES)
        self.error_messages |= {
            "empty": _("Tệp này rỗng, xin chọn lại."),
            "invalid": _("Không đọc được tệp, xin chọn lại."),
            "missing": _("Không đọc được tệp, xin chọn lại."),
        }
