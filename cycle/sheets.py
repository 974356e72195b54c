"""Sheets as offices have them: XLSX, XLS, ODS and CSV, read as rows of values. A leaf.

A row is known by its line, a cell by its column: ``D7`` is what a person sees in the program that
made the sheet. What a cell means is for who asks; here only what no reader could want otherwise is
settled: text is composed (NFC), of single spaces, and its unseen characters are gone.
"""

import csv
import io
import math
import re
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

import python_calamine as calamine
from django.utils.translation import gettext as _

#: The heaviest file, and what an XLSX may unfold to.
MAX_BYTES, MAX_UNFOLDED = 20 * 1024**2, 300 * 1024**2
#: Rows that say something; and the lines looked at: sheets are formatted far below their end.
MAX_ROWS, MAX_LINES = 20_000, 200_000
#: After so many empty lines nothing more is looked for.
MAX_GAP = 2_000
MAX_COLUMNS = 60
#: What is kept of one cell.
MAX_TEXT = 1_000

#: Those that turn the reading direction round too: a name would be seen as another; and halves of
#: characters, which JSON may bring and no database takes.
_UNSEEN = re.compile(
    r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]"
)
_CFB = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
#: Files that may pass for text and hold no table: PDF, RTF, a web page.
_NO_SHEETS = (b"%PDF", b"{\\rtf", b"<!DOCTYPE", b"<html")
#: Day 0 of Excel, its leap year of 1900 reckoned with.
_EPOCH = date(1899, 12, 30)

Value = str | int | float | bool | date


class SheetRefused(Exception):
    """The file cannot be read as a sheet; the message is the sentence for who sent it."""


@dataclass(frozen=True)
class Row:
    """A line that says something. ``cells`` are its values from column A on."""

    line: int
    cells: tuple[Value, ...]

    def said(self) -> list[tuple[int, Value]]:
        """(column, value) of the cells that say something."""
        return [(number, cell) for number, cell in enumerate(self.cells) if cell != ""]


@dataclass
class Sheet:
    """One sheet of a file (trang tính). ``merged`` are (first line, first column, last line, last
    column) of merged cells, the columns from 0: only the first cell of each has a value.
    """

    name: str
    rows: list[Row]
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)

    @cached_property
    def width(self) -> int:
        """How many columns it has."""
        return max((len(row.cells) for row in self.rows), default=0)


def column_name(number: int) -> str:
    """The letters of a column counted from 0: 0 → A, 26 → AA."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def clean(text: str) -> str:
    """``text`` as it is seen: composed, no unseen characters, single spaces, trimmed."""
    return " ".join(_UNSEEN.sub("", unicodedata.normalize("NFC", text)).split())


def from_serial(number: float) -> date | None:
    """The day of an Excel serial number, 45354 → 3/3/2024; None for one of no year near ours."""
    return _EPOCH + timedelta(days=int(number)) if 25_569 <= number < 80_000 else None


def read(content: bytes, filename: str) -> list[Sheet]:
    """The sheets of a file that say something, in their order.

    Raises :class:`SheetRefused` for one that is empty, too large, locked by a password, or none.
    """
    if not content.strip(b"\x00 \t\r\n"):
        raise SheetRefused(_("Tệp này rỗng, xin chọn lại."))
    if len(content) > MAX_BYTES:
        raise SheetRefused(
            _("Tệp nặng quá %(limit)s MB: hãy chỉ giữ trang danh sách rồi gửi lại.")
            % {"limit": MAX_BYTES // 1024**2}
        )
    if content.startswith(_NO_SHEETS):
        raise SheetRefused(_("Tệp này không phải Excel, cũng không phải CSV."))
    if is_workbook(content):
        sheets = _workbook(content)
    elif filename.lower().endswith((".xlsx", ".xls", ".xlsm", ".ods")) and not _is_text(content):
        raise SheetRefused(_("Không đọc được tệp này: hãy mở bằng Excel, lưu lại rồi gửi."))
    else:
        sheets = [_text(content)]
    if not (found := [sheet for sheet in sheets if sheet.rows]):
        raise SheetRefused(_("Tệp không có dòng nào có chữ."))
    return found


# --- Lines that are no data -----------------------------------------------------------------------
# They take the words of a line, folded, each once: who knows the columns says what data is.

_TOTAL = re.compile(r"(tong( cong| so)?|cong)\b(?! (tac|ty|nghe|trinh))")
_NOTE = re.compile(
    r"(ghi chu|nguoi lap|nguoi tong hop|thu truong|noi nhan|tm\b|kt\b|lap bieu|\(ky|ky ten|"
    r"truong phong|chanh van phong|xac nhan|luu y\b|chu thich|giam doc van phong|chu tich)"
)
_SIGNED_AT = re.compile(r".{0,40}ngay .{0,8}thang .{0,8}nam ?[0-9. …]{0,6}$")
_ORDINAL = re.compile(r"[ivxlc]+|[a-z]|[0-9]{1,4}([.][0-9]{1,3})*")
_PART = re.compile(r"([ivxlc]+|[a-z])\s*[.)/-]\s|nam 20[0-9]{2}|(huyen|thi xa)\b")


def is_total(words: Sequence[str]) -> bool:
    """«Tổng cộng | 204»."""
    return any(_TOTAL.match(word) for word in words[:2])


def is_note(words: Sequence[str]) -> bool:
    """«Người lập biểu», «Nơi nhận:», «Điện Biên, ngày … tháng … năm …»."""
    noted = any(_NOTE.match(word) or _SIGNED_AT.fullmatch(word) for word in words)
    return noted and len(words) <= 2


def names_in(words: Sequence[str]) -> list[str]:
    """The words without what only counts lines: 1, 2.3, IV, a."""
    return [word for word in words if not _ORDINAL.fullmatch(word.strip(".()"))]


def is_heading(words: Sequence[str]) -> bool:
    """«I | Cấp tỉnh», «A. Nhóm thực phẩm»: a letter or a Roman number, and one name."""
    named = names_in(words)
    return (
        len(words) <= 3
        and len(named) == 1
        and (
            any(re.fullmatch(r"[ivxlc]+|[a-z]", word.strip(".()")) for word in words)
            or bool(_PART.match(named[0]))
        )
    )


# --- Workbooks ------------------------------------------------------------------------------------

_LOCKED = (b"EncryptedPackage", "EncryptedPackage".encode("utf-16-le"))


@contextmanager
def opened(content: bytes) -> Iterator[calamine.CalamineWorkbook]:
    """The workbook in ``content``, of any kind; what is read of it is read inside.

    Raises :class:`SheetRefused` for one that is locked, unfolds to too much, or is none.
    """
    locked = SheetRefused(
        _("Tệp này có mật khẩu: hãy mở bằng Excel, bỏ mật khẩu, lưu lại rồi gửi.")
    )
    if content.startswith(_CFB) and any(name in content for name in _LOCKED):
        raise locked
    if content.startswith(_ZIP):
        _check_unfolded(content)
    _check_bearable(content)
    try:
        yield calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    except calamine.PasswordError:
        raise locked from None
    except BaseException as error:
        # The reader is not Python: what it cannot stand it may panic of, past Exception.
        if isinstance(error, SheetRefused | KeyboardInterrupt | SystemExit | MemoryError):
            raise
        raise SheetRefused(
            _("Không đọc được tệp này: hãy mở bằng Excel, lưu lại rồi gửi.")
        ) from error


def is_workbook(content: bytes) -> bool:
    """Whether ``content`` begins as workbooks do, whatever it is called."""
    return content.startswith((_CFB, _ZIP))


def _workbook(content: bytes) -> list[Sheet]:
    with opened(content) as book:
        return [
            _sheet(book.get_sheet_by_name(each.name))
            for each in book.sheets_metadata
            if each.visible == calamine.SheetVisibleEnum.Visible
            and each.typ == calamine.SheetTypeEnum.WorkSheet
        ]


def _check_unfolded(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(each.file_size for each in archive.infolist())
    except zipfile.BadZipFile:
        raise SheetRefused(_("Tệp bị hỏng: hãy tải lại tệp gốc.")) from None
    if size > MAX_UNFOLDED:
        raise SheetRefused(_("Tệp mở ra quá lớn: hãy chỉ giữ trang danh sách rồi gửi lại."))


#: The reader makes room for every cell between the first and the last: 5 KB with a letter in A1
#: and one in XFD1048576 ask for 500 GB, and a process that gets no memory is gone, with all who are
#: served by it. So another process tries first, which may have so many bytes and seconds.
MOST_MEMORY, MOST_SECONDS = 1536 * 1024**2, 20
_TRY = """
import io, resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[2]),) * 2)
import python_calamine as calamine
content = io.BytesIO(sys.stdin.buffer.read())
try:
    book = calamine.CalamineWorkbook.from_filelike(content)
    for each in book.sheets_metadata:
        if each.typ == calamine.SheetTypeEnum.WorkSheet:
            book.get_sheet_by_name(each.name)
except MemoryError:
    sys.exit(1)
except BaseException:
    pass  # Of what else is wrong with it our own reading tells.
"""


def _check_bearable(content: bytes) -> None:
    """Whether the workbook can be read with what memory and time a page has."""
    try:
        tried = subprocess.run(  # noqa: S603  (our own words; the file is only read)
            [sys.executable, "-I", "-c", _TRY, str(MOST_MEMORY), str(MOST_SECONDS)],
            input=content,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=MOST_SECONDS * 3,
            check=False,
            # As for papers (cycle/papers/apart.py): no secret of ours.
            env={},
        )
    except subprocess.TimeoutExpired:
        tried = None
    if tried is None or tried.returncode != 0:
        raise SheetRefused(_("Tệp mở ra quá lớn: hãy chỉ giữ trang danh sách rồi gửi lại."))


def _sheet(sheet: Any) -> Sheet:
    # The iterator begins at line 1, however many lines are empty, but at the first column in use.
    left = [""] * (sheet.start or (0, 0))[1]
    lines = enumerate(sheet.iter_rows(), 1)
    rows = _said((line, [*left, *map(_value, cells)]) for line, cells in lines)
    merged = [
        (top + 1, left, bottom + 1, right)
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
        if left < MAX_COLUMNS
    ]
    return Sheet(sheet.name, rows, merged)


def _value(cell: Any) -> Value:
    if isinstance(cell, str):
        return clean(cell[: MAX_TEXT * 4])[:MAX_TEXT]
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, float):
        if not math.isfinite(cell):
            return str(cell)
        return int(cell) if cell.is_integer() and abs(cell) < 10**15 else cell
    if isinstance(cell, time | timedelta) or cell is None:
        return "" if cell is None else str(cell)
    return cell


def _said(lines: Iterator[tuple[int, Any]]) -> list[Row]:
    """The rows that say something, not more than are read at all."""
    rows: list[Row] = []
    last = 0
    for line, cells in lines:
        if line > MAX_LINES or (rows and line - last > MAX_GAP):
            break
        kept = list(cells)[:MAX_COLUMNS]
        while kept and kept[-1] == "":
            kept.pop()
        if not kept:
            continue
        if len(rows) == MAX_ROWS:
            raise SheetRefused(
                _("Trang tính có hơn %(limit)s dòng: hãy chia thành nhiều tệp.")
                % {"limit": f"{MAX_ROWS:,}".replace(",", ".")}
            )
        rows.append(Row(line, tuple(kept)))
        last = line
    return rows


# --- Text -----------------------------------------------------------------------------------------


def _is_text(content: bytes) -> bool:
    return content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" not in content


def _text(content: bytes) -> Sheet:
    return Sheet("CSV", _said((line, map(_value, cells)) for line, cells in lines_of(content)))


def lines_of(content: bytes, columns: Sequence[str] = ()) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of a CSV, whatever parts its cells: «,», «;» of a Vietnamese Excel, tabs, or
    what its first line says, «sep=;». Lines are counted as a spreadsheet shows them.

    Where ``columns`` are known, by what parts them in the first line; and quotation marks must
    close. Raises :class:`SheetRefused`.
    """
    text = decoded(content)
    shift = 0
    first, _end, rest = text.partition("\n")
    try:
        if found := re.fullmatch(r"sep=(.)\s*", first):
            delimiter, text, shift = found[1], rest, 1
        else:
            delimiter = _delimiter_of(columns, text) or _delimiter(text)
        source = io.StringIO(text, newline="")
        yield from enumerate(
            csv.reader(source, delimiter=delimiter, strict=bool(columns)), 1 + shift
        )
    except csv.Error:
        raise SheetRefused(_("Tệp CSV bị hỏng: hãy mở bằng Excel, lưu lại rồi gửi.")) from None


def decoded(content: bytes) -> str:
    """The text of a file, UTF-8 or UTF-16. Raises :class:`SheetRefused` for any other."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\x00" in content:
        raise SheetRefused(_("Tệp này không phải Excel, cũng không phải CSV."))
    else:
        encoding = "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise SheetRefused(
            _(
                "Tệp CSV không theo mã UTF-8: trong Excel hãy lưu dạng «CSV UTF-8» hoặc XLSX rồi "
                "gửi."
            )
        ) from None


def _delimiter_of(columns: Sequence[str], text: str) -> str:
    """What parts ``columns`` in the first line that says something; "" for no sign."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    wanted = {column.casefold() for column in columns}
    for sign in ",;\t|" if wanted else "":
        cells = next(csv.reader([first], delimiter=sign))
        if wanted <= {cell.strip().casefold() for cell in cells}:
            return sign
    return ""


def _delimiter(text: str) -> str:
    """What parts the cells: the sign that parts most lines into as many cells."""
    lines = [line for line in text.splitlines()[:200] if line.strip()]

    def agreement(sign: str) -> tuple[int, int]:
        counts = [line.count(sign) for line in lines]
        most = max(set(counts), key=counts.count) if counts else 0
        return (counts.count(most) if most else 0, most)

    return max(";\t,|", key=agreement)
