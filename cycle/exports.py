"""Tables as spreadsheets open them, CSV and XLSX, made row by row. A leaf: imports none of ours.

Both are generators of bytes that hold no more than one batch of rows, whatever the table's size. An
XLSX is a zip file that is sent while it is packed: nothing lies on the disk, nothing is kept.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from xml.sax.saxutils import escape

from django.utils import timezone

Cell = str | int | float | Decimal | date | datetime | None
Rows = Sequence[Sequence[Cell]]

#: What opens as a formula in one spreadsheet or another when a cell begins with it.
_FORMULA = re.compile("[\t\r\n]|\\s*[=+\\-@＝＋－＠]")  # noqa: RUF001  (wide ones too)
#: More rows than these make an XLSX that few programs open: CSV has no end.
MOST_XLSX = 500_000
#: The longest text of a cell that Excel takes.
LONGEST = 32_767
#: So much is packed before it is sent.
CHUNK = 64 * 1024

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

#: What no XML may hold; a tab and line ends may stand in it.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: Most texts have nothing that XML knows.
_SPECIAL = re.compile(f"[&<>\r_]|{_NO_XML.pattern}")
#: ``_x0041_`` is read as a letter by Excel; its underscore is written so itself.
_CODED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_BEFORE_EXCEL = date(1900, 3, 1)
_ZERO = date(1899, 12, 30)


# --- CSV ----------------------------------------------------------------------------------------


def csv_of(heads: Sequence[str], batches: Iterable[Rows]) -> Iterator[bytes]:
    """UTF-8 with the mark by which Excel knows it; days are 17/11/2026, formulas text."""
    out = io.StringIO(newline="")
    write = csv.writer(out)

    def taken() -> bytes:
        content = out.getvalue().encode("utf-8", "replace")
        out.seek(0)
        out.truncate()
        return content

    write.writerow([_csv_text(head) for head in heads])
    yield b"\xef\xbb\xbf" + taken()
    for rows in batches:
        for row in rows:
            write.writerow([_csv_text(cell) for cell in row])
        if content := taken():
            yield content


def _csv_text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{_local(cell):%d/%m/%Y %H:%M}"
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    if isinstance(cell, str):
        text = cell.replace("\0", "")
        return f"'{text}" if _FORMULA.match(text) else text
    return str(cell)


def _local(moment: datetime) -> datetime:
    return timezone.localtime(moment) if timezone.is_aware(moment) else moment


# --- XLSX ---------------------------------------------------------------------------------------

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_TYPES = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels"'
    ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{XLSX_TYPE}.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    '<Override PartName="/xl/styles.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>'
)
_RELATIONS = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
    f' Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
_BOOK_RELATIONS = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
    f' Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2"'
    f' Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
)
#: Of a cell: plain, a heading, a day, a moment, a text that stays one when it is edited.
_PLAIN, _HEADING, _DAY, _MOMENT, _TEXT = range(5)
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><numFmts count="2">'
    '<numFmt numFmtId="164" formatCode="dd/mm/yyyy"/>'
    '<numFmt numFmtId="165" formatCode="dd/mm/yyyy\\ hh:mm"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    "<borders><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"'
    ' quotePrefix="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)


class _Sent:
    """Where the zip file writes: what it wrote is taken away and sent; it never goes back."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0

    def write(self, content: bytes) -> int:
        self.parts.append(bytes(content))
        self.size += len(content)
        return len(content)

    def flush(self) -> None:
        """Nothing waits here."""

    def taken(self) -> bytes:
        """What was written since; it is kept no longer."""
        content = b"".join(self.parts)
        self.parts, self.size = [], 0
        return content


def xlsx_of(title: str, heads: Sequence[str], batches: Iterable[Rows]) -> Iterator[bytes]:
    """A workbook of one sheet called ``title``, its heading row fixed; days are days."""
    sent = _Sent()
    with zipfile.ZipFile(sent, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as book:  # type: ignore[call-overload]
        for name, content in (
            ("[Content_Types].xml", _TYPES),
            ("_rels/.rels", _RELATIONS),
            ("xl/workbook.xml", _workbook(title)),
            ("xl/_rels/workbook.xml.rels", _BOOK_RELATIONS),
            ("xl/styles.xml", _STYLES),
        ):
            book.writestr(name, content)
        with book.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(_sheet_begins(heads).encode())
            yield sent.taken()
            for rows in batches:
                text = "".join(f"<row>{''.join(map(_xml_cell, row))}</row>" for row in rows)
                sheet.write(text.encode())
                if sent.size >= CHUNK:
                    yield sent.taken()
            sheet.write(b"</sheetData></worksheet>")
    yield sent.taken()


def _workbook(title: str) -> str:
    # What Excel takes as the name of a sheet.
    name = re.sub(r"[\[\]:*?/\\\"]", " ", title).strip(" '")[:31] or "1"
    return (
        f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        f'<sheet name="{_xml(name)}" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )


def _sheet_begins(heads: Sequence[str]) -> str:
    cells = "".join(_string(head, _HEADING) for head in heads)
    return (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        f'</sheetView></sheetViews><cols><col min="1" max="{max(len(heads), 1)}" width="22"'
        f' customWidth="1"/></cols><sheetData><row>{cells}</row>'
    )


def _xml(text: str) -> str:
    if not _SPECIAL.search(text):
        return text
    return escape(_CODED.sub("_x005F_", _NO_XML.sub("", text)), {"\r": "&#13;"})


def _string(text: str, style: int) -> str:
    return f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{_xml(text)}</t></is></c>'


def _xml_cell(cell: Cell) -> str:
    if cell is None or cell == "":
        return "<c/>"
    if isinstance(cell, datetime):
        moment = _local(cell)
        if moment.date() < _BEFORE_EXCEL:
            return _string(f"{moment:%d/%m/%Y %H:%M}", _TEXT)
        of_day = (moment.hour * 3600 + moment.minute * 60 + moment.second) / 86400
        return f'<c s="{_MOMENT}"><v>{(moment.date() - _ZERO).days + of_day:.8f}</v></c>'
    if isinstance(cell, date):
        if cell < _BEFORE_EXCEL:
            return _string(f"{cell:%d/%m/%Y}", _TEXT)
        return f'<c s="{_DAY}"><v>{(cell - _ZERO).days}</v></c>'
    if isinstance(cell, str):
        text = cell[:LONGEST]
        return _string(text, _TEXT if _FORMULA.match(text) else _PLAIN)
    if isinstance(cell, int) and abs(cell) >= 10**15:
        # A number of Excel has fifteen digits; more would be changed in silence.
        return _string(str(cell), _TEXT)
    return f"<c><v>{cell}</v></c>"
