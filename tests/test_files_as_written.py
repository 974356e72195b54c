"""Files and tables as other programs write them: taken by what they are, or refused in true words."""

import contextlib
import io
import time
import tracemalloc
import zipfile
from datetime import date

import openpyxl
import pypdf
import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from councils.forms.entries import PhotosField
from cycle import contents, files, sheets, tables
from cycle.contents import EXCEL, JPEG, PDF, PNG, WORD
from cycle.models import DayOff
from dossiers.forms.terms import read_days
from dossiers.forms.uploads import FileField, ScanField
from tests.stored import office


def a_pdf(password=None, owner=None, algorithm="AES-256"):
    made = pypdf.PdfWriter()
    made.add_blank_page(100, 100)
    if password is not None:
        made.encrypt(password, owner, algorithm=algorithm)
    out = io.BytesIO()
    made.write(out)
    return out.getvalue()


def a_jpeg():
    """A photo with a small copy of itself in its head, as cameras write it."""
    small = b"\xff\xd8\xff\xda\x00\x02xx\xff\xd9"
    head = b"Exif\0\0" + small
    exif = b"\xff\xe1" + (len(head) + 2).to_bytes(2, "big") + head
    return b"\xff\xd8" + exif + b"\xff\xda\x00\x02" + b"picture" * 50 + b"\xff\xd9"


PICTURE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 40 + b"\0\0\0\0IEND\xaeB`\x82"
PAPER = a_pdf()

TAKEN = {
    "a PDF": ("giay.pdf", PAPER, PDF, "giay.pdf"),
    "a PDF behind a byte order mark": ("hoa don.pdf", b"\xef\xbb\xbf" + PAPER, PDF, "hoa don.pdf"),
    "a PDF behind an empty line": ("sao ke.PDF", b"\r\n" + PAPER, PDF, "sao ke.PDF"),
    "a PDF behind words of a server": ("a.pdf", b"HTTP/1.1 200\n" * 20 + PAPER, PDF, "a.pdf"),
    "a PDF with zeros at its end": ("a.pdf", PAPER + b"\0" * 9000, PDF, "a.pdf"),
    "a PDF that may not be printed but opens": ("a.pdf", a_pdf("", "khoa"), PDF, "a.pdf"),
    "a PDF called a picture": ("a.png", PAPER, PDF, "a.pdf"),
    "a PDF without ending": ("giay phep", PAPER, PDF, "giay phep.pdf"),
    "a photo": ("anh.jpg", a_jpeg(), JPEG, "anh.jpg"),
    "a photo called .jfif": ("anh.jfif", a_jpeg(), JPEG, "anh.jpg"),
    "a photo called .jpe": ("anh.JPE", a_jpeg(), JPEG, "anh.jpg"),
    "a JPEG that the telephone calls .HEIC": ("IMG_1.HEIC", a_jpeg(), JPEG, "IMG_1.jpg"),
    "a photo with the telephone's own bytes behind": ("a.jpg", a_jpeg() + b"SEFT", JPEG, "a.jpg"),
    "a PNG called .jpg": ("anh.jpg", PICTURE, PNG, "anh.png"),
    "a paper of Word": ("to trinh.docx", office(), WORD, "to trinh.docx"),
    "a sheet of Excel called .docx": ("so.docx", office("xl/workbook.xml"), EXCEL, "so.xlsx"),
}


@pytest.mark.parametrize("case", TAKEN)
def test_a_file_is_known_by_what_it_is(case, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    name, content, kind, kept_as = TAKEN[case]
    staged = FileField().clean(SimpleUploadedFile(name, content))
    assert (staged.content_type, staged.filename) == (kind.content_type, kept_as)


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
LOCKED_OFFICE = (
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 99 + "EncryptedPackage".encode("utf-16-le")
)
NOT_TAKEN = {
    "a PDF that asks a password": ("a.pdf", a_pdf("bi mat"), contents.LOCKED),
    "the first third of a PDF": ("a.pdf", (PAPER * 3)[: len(PAPER) // 2], contents.CUT),
    "half a photo": ("a.jpg", a_jpeg()[:-100], contents.CUT),
    "a photo cut in its head": ("a.jpg", a_jpeg()[:20], contents.CUT),
    "half a PNG": ("a.png", PICTURE[:-20], contents.CUT),
    "a PDF that has nothing": ("a.pdf", b"%PDF-", contents.CUT),
    "a PDF that has only its first line": ("a.pdf", b"%PDF-1.7\n%%EOF", contents.CUT),
    "a PNG that has nothing": ("a.png", PICTURE[:8], contents.CUT),
    "a PNG of anything": ("a.png", PICTURE[:8] + b"rest" * 99, contents.CUT),
    "three bytes of a photo": ("a.jpg", b"\xff\xd8\xff", contents.CUT),
    "four bytes of a photo": ("a.jpg", b"\xff\xd8\xff\xe0", contents.CUT),
    "a photo without a picture": ("a.jpg", a_jpeg()[:2] + b"\xff" * 99, contents.CUT),
    "half a paper of Word": ("a.docx", office()[:-30], contents.CUT),
    "a paper of Word with a password": ("a.docx", LOCKED_OFFICE, contents.LOCKED),
    "a paper of Word 97": ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 Word", contents.OLD_OFFICE),
    "a HEIC": ("IMG_2.HEIC", HEIC, contents.HEIC),
    "a HEIC called .jpg": ("IMG_2.jpg", HEIC, contents.HEIC),
    "a WebP": ("a.webp", b"RIFF\0\0\0\0WEBPVP8 ", contents.OTHER_PICTURE),
    "a GIF": ("a.gif", b"GIF89a", contents.OTHER_PICTURE),
    "a TIFF": ("a.tif", b"II*\0rest", contents.OTHER_PICTURE),
    "a page with the name of a PDF": ("a.pdf", b"<html>", FileField.taken),
    "a PDF with the name of a page": ("a.pdf.html", PAPER, FileField.taken),
    "a program": ("a.exe", b"MZ", FileField.taken),
    "another archive": ("a.docx", office("setup.exe"), FileField.taken),
}


@pytest.mark.parametrize("case", NOT_TAKEN)
def test_what_nobody_could_open_is_told_at_once(case, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    name, content, sentence = NOT_TAKEN[case]
    with pytest.raises(ValidationError) as refused:
        FileField().clean(SimpleUploadedFile(name, content))
    assert refused.value.messages == [str(sentence)]
    assert list(tmp_path.iterdir()) == []


def _many(words, size=20_000_000):
    return (words * (size // len(words) + 1))[:size]


#: What took minutes or gigabytes, or would with another way to read.
LONG = {
    "a name that never ends": b"%PDF-1.7 1 0 obj /Encrypt 2 0 R trailer /X" + _many(b"0") + b">>",
    "a dictionary that never ends": b"%PDF-1.7 obj 2 0 obj /Encrypt 2 0 R <</X" + _many(b"0"),
    "a nest": b"%PDF-1.7 /Encrypt 2 0 R 2 0 obj " + _many(b"<</A[") + b"%%EOF",
    "many trailers": b"%PDF-1.7 obj /Encrypt 2 0 R " + _many(b"trailer<<>>\n") + b"%%EOF",
    "many words": b"%PDF-1.7 obj " + _many(b"/Encrypt ") + b"%%EOF",
    "many references": b"%PDF-1.7 obj " + _many(b"/Encrypt 2 0 R ") + b"%%EOF",
    "many objects": b"%PDF-1.7 /Encrypt 2 0 R " + _many(b"12 0 obj ") + b"%%EOF",
    "half words": b"%PDF-1.7 obj " + _many(b"/Encryp") + b"%%EOF",
    "blanks": b"%PDF-1.7 obj /Encrypt" + _many(b" ") + b"%%EOF",
    "a packed table": (
        b"%PDF-1.7 1 0 obj <</Type/XRef/Filter/ASCII85Decode/Encrypt 2 0 R>> stream "
        + _many(b"z") + b" endstream startxref 9 %%EOF"
    ),
    "a photo that never begins": b"\xff\xd8" + _many(b"\xff"),
    "a photo of empty parts": b"\xff\xd8" + _many(b"\xff\xe0\0\2"),
    "a photo of parts without length": b"\xff\xd8" + _many(b"\xff\xe0\0\0\xff"),
    "a PNG that never ends": PICTURE[:16] + _many(b"IEN"),
}  # fmt: skip


@pytest.mark.parametrize("case", LONG)
def test_no_file_keeps_the_process_from_the_others(case):
    tracemalloc.start()
    began = time.process_time()
    with contextlib.suppress(contents.FileRefused):
        contents.kind_of(LONG[case], "a.pdf")
    took, (_now, most) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Seconds of work, not of waiting; it takes a tenth of that.
    assert took < 3
    assert most < 2 * len(LONG[case])


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256-R5", "AES-256"])
@pytest.mark.parametrize("before", [b"", b"15 0 obj\n<</EncryptMetadata true>>\nendobj\n"])
@pytest.mark.parametrize(("password", "locked"), [("bi mat", True), ("", False)])
def test_every_kind_of_password_is_seen(algorithm, before, password, locked):
    content = a_pdf(password, "khoa", algorithm).replace(b"xref\n0", before + b"xref\n0", 1)
    if locked:
        with pytest.raises(contents.FileRefused, match="mật khẩu"):
            contents.kind_of(content, "a.pdf")
    else:
        assert contents.kind_of(content, "a.pdf") == PDF


def test_a_file_keeps_no_sign_that_turns_its_name_round(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    kept = files.stage(ContentFile(b"x"), "hop dong\u202efdp\u200b.pdf")
    assert kept.filename == "hop dongfdp.pdf"


def test_a_scan_and_a_photo_are_read_by_the_same_reader(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    photo = SimpleUploadedFile("anh.jfif", a_jpeg(), content_type="application/octet-stream")
    assert ScanField().clean(photo).filename == "anh.jpg"
    photo.seek(0)
    assert [each.filename for each in PhotosField().clean([photo])] == ["anh.jpg"]
    for name, content, said in (
        ("b.HEIC", HEIC, f"b.HEIC: {contents.HEIC}"),
        ("c.pdf", PAPER, "c.pdf không phải ảnh JPEG hoặc PNG."),
    ):
        with pytest.raises(ValidationError) as refused:
            PhotosField().clean([photo, SimpleUploadedFile(name, content)])
        assert refused.value.messages == [said]
    with pytest.raises(ValidationError, match="Bản chụp phải là"):
        ScanField().clean(SimpleUploadedFile("a.docx", office()))


# --- Tables ---------------------------------------------------------------------------------------

DAYS = (
    "day;worked;name;document\n24/11/2026;;Ngày Văn hóa, nghỉ;12/TB\n28/11/2026;{x};Làm bù;12/TB\n"
)
MEANT = [
    ("2026-11-24", "off", "Ngày Văn hóa, nghỉ"),
    ("2026-11-28", "worked", "Làm bù"),
]


def workbook():
    book = openpyxl.Workbook()
    book.active.append(["day", "worked", "name", "document"])
    book.active.append([date(2026, 11, 24), None, "Ngày Văn hóa, nghỉ", "12/TB"])
    # A day whose cell lost its format.
    book.active.append([(date(2026, 11, 28) - date(1899, 12, 30)).days, "X", "Làm bù", "12/TB"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def quoted(text):
    return "\n".join(
        ",".join(f'"{cell}"' for cell in line.split(";")) for line in text.splitlines()
    )


TABLES = {
    "a CSV of a Vietnamese Excel": DAYS.format(x="x").encode("utf-8-sig"),
    "X for x": DAYS.format(x="X").encode(),
    "a tick for x": DAYS.format(x=" ✓ ").encode(),
    "commas": quoted(DAYS.format(x="x")).encode(),
    "tabs": DAYS.format(x="x").replace(";", "\t").encode(),
    "Unicode text of Excel, UTF-16": DAYS.format(x="x").replace(";", "\t").encode("utf-16"),
    "UTF-16, the other way round": b"\xfe\xff" + DAYS.format(x="x").encode("utf-16-be"),
    "sep=;": ("sep=;\r\n" + DAYS.format(x="x")).encode(),
    "lines of Windows": DAYS.format(x="x").replace("\n", "\r\n").encode(),
    "capital heads": DAYS.format(x="x").replace("day;worked", "Day; Worked").encode(),
    "empty lines at the end": (DAYS.format(x="x") + ";;;\n\n;;;\n").encode(),
    "days as numbers of Excel": DAYS.format(x="x").replace("24/11/2026", "46350").encode(),
    "a workbook, one day of it a number": workbook(),
}


@pytest.mark.django_db
@pytest.mark.parametrize("case", TABLES)
def test_a_table_says_the_same_however_it_was_saved(case):
    rows = read_days(SimpleUploadedFile("lich", TABLES[case]))
    assert [(row["day"], row["what"], row["name"]) for row in rows] == MEANT
    assert not DayOff.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (DAYS.encode("cp1258", "replace"), "không theo mã UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "mật khẩu"),
        (workbook()[:-300], "bị hỏng"),
        (DAYS.format(x="có lẽ").encode(), "Dòng 3"),
        (b"a;b\n1;2", "thiếu cột day, worked, name, document"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_in_true_words(content, said):
    with pytest.raises(ValidationError, match=said):
        read_days(SimpleUploadedFile("lich", content))


def test_text_full_of_other_signs_does_not_mislead_the_reader():
    text = 'a,b\n1,"x; y"\n2,"x; y"\n3,"p, q; r"\n'
    assert [row["b"] for _line, row in tables.parse("x", text.encode(), ["a", "b"])] == [
        "x; y", "x; y", "p, q; r",
    ]  # fmt: skip
    assert sheets.read(b"sep=|\na|b,c", "a.csv")[0].rows[0].cells == ("a", "b,c")
    assert zipfile.is_zipfile(io.BytesIO(office()))
