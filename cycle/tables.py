"""Tables whose columns have fixed names, each row known by its line: what is loaded must be exact.

Files are opened by :mod:`cycle.sheets`, which reads lists as offices have them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from cycle import sheets, written

DATA = Path(__file__).parent / "data"

Row = tuple[int, dict[str, str]]


class NotATable(CommandError):
    """A file that cannot be read as a table; ``why`` is the sentence without the file's name."""

    def __init__(self, message: str, why: str = "") -> None:
        super().__init__(message)
        self.why = why or message


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
    has more or fewer cells than the first, or letters of a font of before Unicode.
    """
    lines = (
        _of_book(name, content) if sheets.is_workbook(content) else _of_csv(name, content, columns)
    )
    heads: list[str] | None = None
    rows: list[Row] = []
    for number, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if heads is None:
            # «Day» is day: a spreadsheet makes capitals of first letters.
            asked = {column.casefold(): column for column in columns}
            heads = [asked.get(cell.strip().casefold(), cell) for cell in cells]
            if missing := [column for column in columns if column not in heads]:
                raise MissingColumns(name, missing)
        elif len(cells) != len(heads):
            raise RowRefused(name, number, "số ô không khớp với dòng tiêu đề.")
        else:
            texts = [cell.replace("\0", "").strip() for cell in cells]
            if any(map(written.is_of_old_font, texts)):
                raise RowRefused(name, number, written.OLD_FONT)
            rows.append((number, dict(zip(heads, texts, strict=True))))
    if heads is None:
        raise MissingColumns(name, columns)
    return rows


def _of_csv(name: str, content: bytes, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from sheets.lines_of(content, columns or ["-"])
    except sheets.SheetRefused as refused:
        raise NotATable(f"{name}: {refused}", str(refused)) from refused


def _of_book(name: str, content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        with sheets.opened(content) as book:
            rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except sheets.SheetRefused as refused:
        raise NotATable(f"{name}: {refused}", str(refused)) from refused
    yield from _without_edges(rows)


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


def day(cell: str) -> date:
    """The day in a cell: as people write it, or the number that a spreadsheet keeps for it.

    Raises :class:`~cycle.written.NotADay`.
    """
    if re.fullmatch(r"[0-9]{5}", cell) and (found := sheets.from_serial(int(cell))):
        return found
    return written.day(cell)


def is_marked(cell: str) -> bool | None:
    """Whether a cell that may be marked is: «x», «X», «✓»; None for other words than these."""
    return {"": False, "x": True, "✓": True, "✔": True, "×": True}.get(cell.strip().lower())


def _text(cell: object) -> str:
    """A cell as it would stand in a CSV file."""
    if isinstance(cell, datetime) and cell.time() == time():
        cell = cell.date()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell)
