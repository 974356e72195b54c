"""The reader of tables, CSV or XLSX; each row comes with its line number. A leaf.

``python-calamine`` opens workbooks.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import python_calamine
from django.core.management.base import CommandError

DATA = Path(__file__).parent / "data"

#: How every XLSX begins: it is a ZIP file.
_ZIP = b"PK\x03\x04"
#: An XLSX may not unpack to more bytes than this.
MOST_UNPACKED = 64 * 2**20

Row = tuple[int, dict[str, str]]


class NotATable(CommandError):
    """A file that cannot be read as a table."""


class MissingColumns(NotATable):
    """A table without some of the columns asked for; ``columns`` names them."""

    def __init__(self, name: str, columns: Sequence[str]):
        super().__init__(f"{name}: thiếu cột {', '.join(columns)}.")
        self.columns = columns


class RowRefused(CommandError):
    """A row of a file cannot be loaded; the message names the file and the line (dòng)."""

    def __init__(self, path: Path | str, line: int, reason: object):
        super().__init__(f"{Path(path).name}, dòng {line}: {reason}")
        self.line = line


def read(path: Path | str, columns: Sequence[str]) -> list[Row]:
    """:func:`parse` of the file ``path``. Raises NotATable also when it cannot be opened."""
    path = Path(path)
    try:
        return parse(path.name, path.read_bytes(), columns)
    except OSError as error:
        raise NotATable(f"Không đọc được tệp {path}: {error.strerror}.") from error


def parse(name: str, content: bytes, columns: Sequence[str]) -> list[Row]:
    """The rows of a CSV or XLSX file as pairs of line number and ``{column: text}``.

    Cells are stripped; an empty cell is ``""``, a day ``2026-11-17``. Rows without any cell are
    left out. Raises :class:`NotATable`, :class:`MissingColumns`, and :class:`RowRefused` when a row
    has more or fewer cells than the first.
    """
    lines = _of_xlsx(name, content) if content.startswith(_ZIP) else _of_csv(name, content)
    heads: list[str] | None = None
    rows: list[Row] = []
    for number, cells in lines:
        if not cells:
            continue
        if heads is None:
            heads = cells
            if missing := [column for column in columns if column not in heads]:
                raise MissingColumns(name, missing)
        elif len(cells) != len(heads):
            raise RowRefused(name, number, "số ô không khớp với dòng tiêu đề.")
        else:
            texts = (cell.replace("\0", "").strip() for cell in cells)
            rows.append((number, dict(zip(heads, texts, strict=True))))
    if heads is None:
        raise MissingColumns(name, columns)
    return rows


def _of_csv(name: str, content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        # Spreadsheets write a byte order mark before UTF-8.
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        for cells in reader:
            yield reader.line_num, cells
    except (UnicodeDecodeError, csv.Error) as error:
        raise NotATable(f"{name}: không phải tệp CSV mã UTF-8.") from error


def _of_xlsx(name: str, content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED:
                raise NotATable(f"{name}: bảng quá lớn.")
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (zipfile.BadZipFile, python_calamine.CalamineError, IndexError) as error:
        raise NotATable(f"{name}: tệp Excel không đọc được.") from error
    yield from _without_edges(sheet)


def _without_edges(sheet: Iterable[list[Any]]) -> Iterator[tuple[int, list[str]]]:
    """Each line as text, as wide as the first, which ends at its last cell; empty lines empty."""
    width = 0
    for number, cells in enumerate(sheet, start=1):
        texts = [_text(cell) for cell in cells]
        while len(texts) > width and not texts[-1]:
            texts.pop()
        if not any(texts):
            texts = []
        width = width or len(texts)
        yield number, texts


def _text(cell: object) -> str:
    """A cell as it would stand in a CSV file."""
    if isinstance(cell, datetime) and cell.time() == time():
        cell = cell.date()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell)
