"""What a file is, by its content and not by its name; and whether it opens. A leaf.

Files of accounting and bank programs begin with other bytes, photos come as .jfif or .HEIC and are
JPEG, downloads break off: what nobody can open later is said when it is sent.
"""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from pypdf._encryption import Encryption, PasswordType
from pypdf.generic import ArrayObject, DictionaryObject, read_object

log = structlog.get_logger(__name__)

_OFFICE = "application/vnd.openxmlformats-officedocument"
#: Readers look for the beginning of a PDF in so many bytes, and for its end in so many.
_PDF_BEGINS_WITHIN, _PDF_ENDS_WITHIN = 1024, 4096
#: How far from a word of a PDF we read, and at how many places: a file of 50 MB takes no longer.
_NEAR, _PLACES = 8192, 16
#: More parts than this no picture has before its first line.
_PARTS = 10_000
_CFB = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

CUT = _("Tệp bị cắt ngang hoặc bị hỏng, không mở được: xin tải lại tệp gốc rồi gửi.")
LOCKED = _("Tệp có mật khẩu, không ai mở xem được: xin bỏ mật khẩu rồi gửi lại.")
OLD_OFFICE = _("Tệp Word, Excel kiểu cũ: xin mở ra, lưu thành .docx hoặc .xlsx rồi gửi lại.")
HEIC = _(
    "Ảnh HEIC của điện thoại, nhiều máy không xem được: xin đổi sang JPG rồi gửi lại (iPhone: Cài "
    "đặt, Camera, Định dạng, chọn «Tương thích nhất»)."
)
OTHER_PICTURE = _("Ảnh kiểu này nhiều máy không xem được: xin đổi sang JPG hoặc PNG rồi gửi lại.")


class FileRefused(Exception):
    """Nobody could open the file; ``sentence`` says why, and what to do."""

    def __init__(self, sentence: str | Promise) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Kind:
    """A kind of file that is taken: the type it is served as, and what its name may end in, first
    what it ends in when it ended otherwise.
    """

    content_type: str
    suffixes: tuple[str, ...]

    def name(self, name: str) -> str:
        """``name``, ended so that other programs know the file."""
        stem, dot, suffix = name.rpartition(".")
        if dot and f".{suffix.lower()}" in self.suffixes:
            return name
        known = dot and f".{suffix.lower()}" in ENDINGS
        return f"{stem if known else name}{self.suffixes[0]}"


PDF = Kind("application/pdf", (".pdf",))
PNG = Kind("image/png", (".png",))
JPEG = Kind("image/jpeg", (".jpg", ".jpeg"))
WORD = Kind(f"{_OFFICE}.wordprocessingml.document", (".docx",))
EXCEL = Kind(f"{_OFFICE}.spreadsheetml.sheet", (".xlsx",))
KINDS = (PDF, PNG, JPEG, WORD, EXCEL)
#: What phones and browsers call the same pictures.
PHOTOS = (".jfif", ".jpe", ".jif", ".heic", ".heif")
#: What the name of a file that is taken may end in, whatever it is; or in nothing.
ENDINGS = frozenset(PHOTOS).union(*(kind.suffixes for kind in KINDS))


def kind_of(content: bytes, name: str) -> Kind | None:
    """The kind of the file ``name``; None for a kind that is not taken, or a name that ends like
    something else, «a.pdf.html».

    Raises :class:`FileRefused` for a file that cannot be opened, or not everywhere.
    """
    for begins, sentence in _NOT_TAKEN:
        if begins(content):
            raise FileRefused(sentence)
    suffix = re.search(r"\.[^.\s/]{1,8}$", name)
    if suffix and suffix[0].lower() not in ENDINGS:
        return None
    if b"%PDF-" in content[:_PDF_BEGINS_WITHIN]:
        _check_pdf(content)
        return PDF
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        _check(content[12:16] == b"IHDR" and b"IEND" in content[-_PDF_ENDS_WITHIN:])
        return PNG
    if content.startswith(b"\xff\xd8\xff"):
        _check(_is_whole_jpeg(content))
        return JPEG
    if content.startswith(b"PK\x03\x04"):
        return _office(content)
    return None


def _check(holds: bool) -> None:
    if not holds:
        raise FileRefused(CUT)


def _check_pdf(content: bytes) -> None:
    if _is_locked(content):
        raise FileRefused(LOCKED)
    end = content.rstrip(b"\0\r\n\t ")[-_PDF_ENDS_WITHIN:]
    _check(b"obj" in content and (b"%%EOF" in end or b"startxref" in end))


def _is_locked(content: bytes) -> bool:
    """Whether a password is asked to open it; to keep from printing only, it may stay.

    Only the dictionary that says so is read, never the file: whoever sends one that unfolds to
    gigabytes or leads in a circle, would keep the process from everybody.
    """
    for at in _places(content, b"/Encrypt"):
        try:
            if (lock := _lock(content, at)) is not None:
                return lock.verify("") == PasswordType.NOT_DECRYPTED
        except Exception:
            # Its reader knows not every PDF: what it cannot read may be whole all the same.
            log.exception("pdf_lock_unread")
            return False
    return False


def _lock(content: bytes, at: int) -> Encryption | None:
    """What the word /Encrypt at ``at`` says of the password, there or in an object of its own; None
    when it says nothing.
    """
    said = content[at : at + 64]
    if found := re.match(rb"/Encrypt\s*(\d{1,10})\s+(\d{1,5})\s+R\b", said):
        named = found[1] + b" " + found[2] + b" obj"
        whole = (
            place + len(named)
            for place in _places(content, named)
            if not content[max(place - 1, 0) : place].isdigit()
        )
        if (begins := next(whole, None)) is None:
            raise LookupError(named)
    else:
        found = re.match(rb"/Encrypt\s*(?=<<)", said)
        begins = at + found.end() if found else None
    if begins is None:
        return None
    entry = read_object(io.BytesIO(content[begins : begins + _NEAR].lstrip()), None)
    # The name of the file stands in the same dictionary as the word.
    names = [*re.finditer(rb"/ID\s*(?=\[)", content[max(at - _NEAR, 0) : at + _NEAR])]
    name = b""
    if names:
        begins = max(at - _NEAR, 0) + names[-1].end()
        parts = read_object(io.BytesIO(content[begins : begins + _NEAR]), None)
        assert isinstance(parts, ArrayObject), "it begins with ["
        name = parts[0].original_bytes
    if not isinstance(entry, DictionaryObject):
        raise LookupError("no dictionary")
    return Encryption.read(entry, name)


def _places(content: bytes, word: bytes) -> Iterator[int]:
    """Where ``word`` stands, from the end; the last places only."""
    at = len(content)
    for _place in range(_PLACES):
        # They may not overlap, so the next ends where this begins.
        at = content.rfind(word, 0, at)
        if at < 0:
            return
        yield at


def _is_whole_jpeg(content: bytes) -> bool:
    """Whether the picture begins and ends: its small copies, which end too, stand before it."""
    at = 2
    for _part in range(_PARTS):
        # Any number of these may stand before the sign of a part.
        filled = _FILLING.match(content, at)
        assert filled is not None, "it matches nothing, too"
        is_part, at = filled.end() > at, filled.end()
        if at + 3 > len(content):
            return False
        if content[at] == 0xDA or not is_part:
            return content.find(b"\xff\xd9", at) >= 0
        at += 1 + int.from_bytes(content[at + 1 : at + 3])
    return False


_FILLING = re.compile(rb"\xff*")


def _office(content: bytes) -> Kind | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise FileRefused(CUT) from None
    if "word/document.xml" in names:
        return WORD
    return EXCEL if "xl/workbook.xml" in names else None


def _begins(*beginnings: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(beginnings)


def _brand(content: bytes) -> bytes:
    return content[8:12] if content[4:8] == b"ftyp" else b""


_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_NOT_TAKEN: tuple[tuple[Callable[[bytes], bool], Promise], ...] = (
    (lambda content: content.startswith(_CFB) and _ENCRYPTED in content, LOCKED),
    (_begins(_CFB), OLD_OFFICE),
    (
        lambda content: _brand(content) in (b"heic", b"heix", b"heim", b"hevc", b"mif1", b"msf1"),
        HEIC,
    ),
    (lambda content: _brand(content) in (b"avif", b"avis"), OTHER_PICTURE),
    (lambda content: content[:4] == b"RIFF" and content[8:12] == b"WEBP", OTHER_PICTURE),
    (_begins(b"GIF8", b"II*\0", b"MM\0*"), OTHER_PICTURE),
)
