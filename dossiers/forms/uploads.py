"""Uploaded files: checked by their content, staged until an act keeps them.

When other fields of a form are wrong, its file is held: the page carries a signed note of it, valid
for a day and only for the person who sent the file.
"""

from itertools import chain
from pathlib import PurePath
from typing import Any

from django import forms
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import contents, files
from cycle.downloads import INLINE
from cycle.models import User

#: By this name a phone offers its camera beside its files.
CAMERA = ("image/jpeg",)
#: Suffixes of two more inputs of a file field: the note of a held file, and a tick to drop it.
HELD, DROP = "-held", "-drop"
_SEAL = "dossiers.uploads"


#: The message of a field that takes all of FILE_TYPES.
TAKEN = _("Chỉ nhận tệp PDF, ảnh JPG hoặc PNG, Word (docx), Excel (xlsx).")


def accepted(*kinds: contents.Kind) -> str:
    """What a page lets choose: files of these kinds, and what photos are called elsewhere."""
    return ",".join(chain(*(kind.suffixes for kind in kinds), contents.PHOTOS, CAMERA))


def check_upload(upload: UploadedFile, taken: Any = TAKEN) -> contents.Kind:
    """The kind of a file. Raises ValidationError for one that is empty, too big, cannot be opened,
    or of an unknown kind, with the message ``taken``.
    """
    if not upload.size:
        raise ValidationError(_("Tệp này rỗng, xin chọn lại."))
    if upload.size > settings.MAX_EVIDENCE_BYTES:
        raise ValidationError(
            _("Tệp nặng quá %(limit)s MB, xin chia nhỏ hoặc nén lại."),
            params={"limit": settings.MAX_EVIDENCE_BYTES // 1024**2},
        )
    upload.seek(0)
    try:
        kind = contents.kind_of(upload.read(), upload.name or "")
    except contents.FileRefused as refused:
        raise ValidationError(str(refused.sentence)) from None
    finally:
        upload.seek(0)
    if kind is None:
        raise ValidationError(taken)
    return kind


def stage(upload: UploadedFile, kind: contents.Kind) -> files.Staged:
    """Stage ``upload``, its name ended as its kind is, and cut to what a column holds.

    Raises ValidationError when the storage cannot be written.
    """
    path = PurePath(kind.name(upload.name or ""))
    name = path.stem[: 200 - len(path.suffix)] + path.suffix
    try:
        return files.stage(upload, name, kind.content_type)
    except files.NotStored as error:
        raise ValidationError(files.NOT_STORED) from error


def _seal(staged: files.Staged, owner: User) -> str:
    told = [owner.pk, staged.sha256, staged.bytes, staged.filename, staged.content_type]
    return signing.dumps(told, salt=_SEAL, compress=True)


def held_note(staged: files.Staged, owner: User) -> dict[str, str]:
    """What a page that holds the file sends back: the suffix of its input, and its note."""
    return {HELD: _seal(staged, owner)}


def _unseal(note: str, owner: User | None) -> files.Staged | None:
    """The staged file of a note given to ``owner`` within a day, if it still exists; else None."""
    try:
        pk, *told = signing.loads(note, salt=_SEAL, max_age=files.KEPT_FOR)
    except signing.BadSignature:
        return None
    staged = files.Staged(*told)
    return staged if owner and pk == owner.pk and files.is_there(staged.sha256) else None


class FileInput(forms.FileInput):
    """A file input that can also carry the note of a held file, whose name it shows."""

    owner: User | None = None

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        if upload := super().value_from_datadict(data, files, name):
            return upload
        return None if data.get(name + DROP) else data.get(name + HELD) or None

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return super().value_omitted_from_data(data, files, name) and name + HELD not in data

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        held = value if isinstance(value, str) else getattr(value, "held", "")
        staged = _unseal(held, self.owner) if held else None
        if staged is None:
            return super().render(name, None, attrs, renderer)
        # With a held file, none need be chosen.
        plain = {key: each for key, each in (attrs or {}).items() if key != "required"}
        kept, drop = _kept(name, staged, held), _drop(name, "1")
        return format_html("{}{}{}", kept, super().render(name, None, plain, renderer), drop)


def _kept(name: str, staged: files.Staged, note: str) -> SafeString:
    """What says on the page that a file is held, and carries its note."""
    return format_html(
        '<p class="file-held">{}</p><input type="hidden" name="{}" value="{}">',
        _now("Đã giữ tệp «%(name)s» (%(size)s), không cần chọn lại.")
        % {"name": staged.filename, "size": filesizeformat(staged.bytes)},
        name + HELD,
        note,
    )


def _drop(name: str, value: str) -> SafeString:
    """The tick to drop a held file."""
    return format_html(
        '<label class="form-check-label"><input type="checkbox" class="form-check-input" '
        'name="{}" value="{}"> {}</label>',
        name + DROP,
        value,
        _now("Bỏ tệp này"),
    )


class FilesInput(FileInput):
    """An input of several files, with the notes of those that are held; each can be dropped."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        def sent(source: Any, key: str) -> list[Any]:
            return source.getlist(key) if hasattr(source, "getlist") else source.get(key) or []

        dropped = sent(data, name + DROP)
        held = [note for note in sent(data, name + HELD) if note not in dropped]
        return [*held, *sent(files, name)]

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        notes = [
            each if isinstance(each, str) else getattr(each, "held", "") for each in value or ()
        ]
        kept = {note: _unseal(note, self.owner) for note in notes if note}
        rows = [
            (_kept(name, staged, note), _drop(name, note))
            for note, staged in kept.items()
            if staged
        ]
        chosen = super().render(name, None, attrs, renderer)
        return format_html("{}{}", format_html_join("", "{}{}", rows), chosen)


class FileField(forms.FileField):
    """An uploaded file as :class:`cycle.files.Staged`.

    With an ``owner``, a valid file is held while the form is shown again.
    """

    widget = FileInput
    #: The message for a file of another type.
    taken = TAKEN

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs["accept"] = accepted(*contents.KINDS)
        self.error_messages |= {
            "empty": _("Tệp này rỗng, xin chọn lại."),
            "invalid": _("Không đọc được tệp, xin chọn lại."),
            "missing": _("Không đọc được tệp, xin chọn lại."),
        }

    def owned_by(self, owner: User) -> None:
        """Hold its file for ``owner`` while the form is shown again."""
        self.widget.owner = owner

    def clean(self, data: Any, initial: Any = None) -> files.Staged | None:
        owner = self.widget.owner
        if isinstance(data, str):
            if staged := _unseal(data, owner):
                self.check(staged.content_type)
                return staged
            raise ValidationError(files.STAGED_GONE)
        upload = super().clean(data, initial)
        if not upload:
            return None
        kind = self.kind_of(upload)
        self.check(kind.content_type)
        staged = stage(upload, kind)
        if owner is not None:
            upload.held = _seal(staged, owner)
        return staged

    def kind_of(self, upload: UploadedFile) -> contents.Kind:
        """The kind of an upload. Raises ValidationError for one that this field does not take."""
        return check_upload(upload, self.taken)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """The data that was sent, for the page to say whether a file is held."""
        return data or initial

    def check(self, content_type: str) -> None:
        """Raise ValidationError when this field takes no file of this type."""


class FilesField(FileField):
    """Several uploaded files, as a list. Raises ValidationError naming each that is wrong; the
    others are held.
    """

    widget = FilesInput
    #: So many at most, and what is said of more.
    most = 20
    too_many = _("Mỗi lần gửi nhiều nhất %(number)s tệp.")

    def clean(self, data: Any, initial: Any = None) -> Any:
        sent = data or ()
        if len(sent) > self.most:
            raise ValidationError(self.too_many, params={"number": self.most})
        # The same file held and chosen again is one.
        found: dict[tuple[str, str], files.Staged] = {}
        wrong: list[ValidationError] = []
        for each in sent:
            try:
                staged = self.one(each)
            except ValidationError as error:
                wrong.append(error if len(sent) == 1 else self._named(each, error))
            else:
                found[staged.sha256, staged.filename] = staged
        if wrong:
            raise ValidationError(wrong)
        if not found and self.required:
            raise ValidationError(self.error_messages["required"], code="required")
        return list(found.values())

    def one(self, sent: UploadedFile | str) -> Any:
        """One of them, staged. Raises ValidationError."""
        return super().clean(sent)

    @staticmethod
    def _named(sent: UploadedFile | str, error: ValidationError) -> ValidationError:
        name = getattr(sent, "name", "")
        if not name or name in error.messages[0]:
            return error
        return ValidationError("%(name)s: %(why)s", params={"name": name, "why": error.messages[0]})


class TableField(FileField):
    """A table that is read at once and not kept: of any kind, for whoever reads it says what is
    wrong with it.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs["accept"] = ".xlsx,.xls,.ods,.csv"

    def kind_of(self, upload: UploadedFile) -> contents.Kind:
        return contents.Kind("application/octet-stream", (PurePath(upload.name or "").suffix,))


class ScanField(FileField):
    """The scan of a signed paper (bản chụp): a PDF or an image, which a browser shows."""

    taken = _("Bản chụp phải là tệp PDF hoặc ảnh JPG, PNG.")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        shown = (kind for kind in contents.KINDS if kind.content_type in INLINE)
        self.widget.attrs["accept"] = accepted(*shown)

    def check(self, content_type: str) -> None:
        if content_type not in INLINE:
            raise ValidationError(self.taken)


def hold_for(owner: User, form: forms.BaseForm) -> None:
    """Hold the files of ``form`` for ``owner`` while it is shown again."""
    for field in form.fields.values():
        if isinstance(field, FileField):
            field.owned_by(owner)
