"""One reader of tables: a CSV and an XLSX with the same cells give the same rows."""

import io
import zipfile
from datetime import date
from xml.sax.saxutils import escape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cycle import sheets, tables, written
from dossiers.forms.terms import read_days

ROWS = [
    ["day", "worked", "name", "document"],
    [date(2026, 9, 2), "", "Quốc khánh", "1/TB"],
    [],
    ["22/08/2026", "x", "  làm bù  ", 12],
]


def as_csv(rows):
    return "\n".join(",".join(str(cell) for cell in row) for row in rows).encode()


def as_xlsx(rows):
    """The smallest workbook that says these rows: text inline, a day by a style of its own."""
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = []
        for column, cell in zip("ABCDEFGH", row, strict=False):
            at = f'r="{column}{number}"'
            if isinstance(cell, date):
                cells.append(f'<c {at} s="1"><v>{(cell - date(1899, 12, 30)).days}</v></c>')
            elif isinstance(cell, int):
                cells.append(f"<c {at}><v>{cell}</v></c>")
            elif cell:
                cells.append(f'<c {at} t="inlineStr"><is><t>{escape(cell)}</t></is></c>')
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rels = "http://schemas.openxmlformats.org/package/2006/relationships"
    of = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    files = {
        "_rels/.rels": f'<Relationships xmlns="{rels}"><Relationship Id="r1" Type="{of}/'
        'officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{rels}"><Relationship Id="r1" '
        f'Type="{of}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" '
        f'Type="{of}/styles" Target="styles.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{of}"><sheets><sheet name="Lịch" '
        'sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><cellXfs><xf numFmtId="0"/>'
        '<xf numFmtId="14"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}'
        "</sheetData></worksheet>",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in files.items():
            file.writestr(name, text)
    return packed.getvalue()


@pytest.fixture(params=["csv", "xlsx"])
def made(request):
    if request.param == "csv":
        return as_csv
    return as_xlsx


def test_the_same_cells_are_the_same_rows(made):
    assert tables.parse("lich", made(ROWS), ["day", "name"]) == [
        (2, {"day": "2026-09-02", "worked": "", "name": "Quốc khánh", "document": "1/TB"}),
        (4, {"day": "22/08/2026", "worked": "x", "name": "làm bù", "document": "12"}),
    ]


def test_a_missing_column_is_named(made):
    with pytest.raises(tables.MissingColumns, match="thiếu cột unit") as refused:
        tables.parse("lich", made(ROWS), ["day", "unit"])
    assert refused.value.columns == ["unit"]
    with pytest.raises(tables.MissingColumns):
        tables.parse("lich", made([]), ["day"])


def test_a_row_that_is_too_long_is_refused_with_its_line(made):
    with pytest.raises(tables.RowRefused, match="dòng 2") as refused:
        tables.parse("lich", made([["day"], ["1/1/2026", "thừa"]]), ["day"])
    assert refused.value.line == 2


@pytest.mark.django_db
def test_days_off_are_read_from_either(made):
    rows = read_days(SimpleUploadedFile("lich", made(ROWS)))
    assert [(row["day"], row["what"]) for row in rows] == [
        ("2026-09-02", "off"),
        ("2026-08-22", "worked"),
    ]


@pytest.mark.parametrize("content", [b"PK\x03\x04 none", b"\xff\xfe", b'a,"b'])
def test_what_is_no_table_is_refused(content):
    with pytest.raises(tables.NotATable):
        tables.parse("lich", content, ["a"])


def test_a_workbook_that_unpacks_to_too_much_is_refused_unread(monkeypatch):
    monkeypatch.setattr(sheets, "MAX_UNFOLDED", 1000)
    with pytest.raises(tables.NotATable, match="quá lớn"):
        tables.parse("lich.xlsx", as_xlsx(ROWS), ["day"])


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("17", 17), ("0", 0), ("", None), (None, None), ("-1", None), ("1.0", None), (" 1", None),
        ("٣", None), ("²", None), ("9" * 18, 10**18 - 1), ("9" * 19, None), ("x", None),
    ],
)  # fmt: skip
def test_the_number_of_a_row_in_an_address(text, number):
    assert written.key(text) == number
