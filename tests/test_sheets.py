"""Sheets as offices have them, read as rows of values, or refused in words."""

import io
import zipfile
from datetime import date

import openpyxl
import pytest

from cycle import sheets
from cycle.sheets import MAX_BYTES, Row, SheetRefused
from tests.old_workbooks import xls


def xlsx(shape):
    book = openpyxl.Workbook()
    shape(book.active)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def one(content, name="a.xlsx"):
    [sheet] = sheets.read(content, name)
    return sheet


def refused(content, name="a.xlsx"):
    with pytest.raises(SheetRefused) as error:
        sheets.read(content, name)
    return str(error.value)


def test_a_cell_is_known_by_its_line_and_column_wherever_the_table_begins():
    def shape(sheet):
        sheet["C5"], sheet["D7"] = "Tên", 3

    assert one(xlsx(shape)).rows == [Row(5, ("", "", "Tên")), Row(7, ("", "", "", 3))]


@pytest.mark.parametrize(
    ("number", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ")]
)
def test_columns_are_called_as_in_the_sheet(number, name):
    assert sheets.column_name(number) == name


def test_values_keep_their_kind_and_text_is_as_it_is_seen():
    def shape(sheet):
        sheet.append(["  Cà\u00a0phê\u200b  \n rang ", 3.0, 3.5, date(2024, 3, 3), True, "", "#"])
        sheet.append(["e\u0302\u0301"])

    first, second = one(xlsx(shape)).rows
    assert first.cells == ("Cà phê rang", 3, 3.5, date(2024, 3, 3), True, "", "#")
    assert second.cells == ("ế",)


def test_a_workbook_of_excel_97_is_read_too():
    sheet = one(xls([["Tên sản phẩm", "Số sao"], ["Cà phê Mường Ảng", 3]]), "cu.xls")
    assert sheet.name == "Danh sach"
    assert sheet.rows == [
        Row(1, ("Tên sản phẩm", "Số sao")),
        Row(2, ("Cà phê Mường Ảng", 3)),
    ]


def test_merged_cells_are_told_with_their_lines():
    def shape(sheet):
        sheet["B2"] = "HTX"
        sheet.merge_cells("B2:B4")

    assert one(xlsx(shape)).merged == [(2, 1, 4, 1)]


def test_hidden_and_empty_sheets_are_left_out():
    book = openpyxl.Workbook()
    book.active["A1"] = "thấy"
    book.create_sheet("trống")
    hidden = book.create_sheet("ẩn")
    hidden["A1"] = "không"
    hidden.sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    assert [sheet.name for sheet in sheets.read(out.getvalue(), "a.xlsx")] == ["Sheet"]


def test_a_cell_of_any_length_is_bounded():
    row = one(xlsx(lambda sheet: sheet.append(["x" * 30_000]))).rows[0]
    assert len(row.cells[0]) == sheets.MAX_TEXT


def test_rows_and_columns_are_bounded(monkeypatch):
    monkeypatch.setattr(sheets, "MAX_ROWS", 3)
    assert "hơn 3 dòng" in refused("\n".join("abcd").encode(), "a.csv")
    assert len(one(xlsx(lambda sheet: sheet.append(["x"] * 200))).rows[0].cells) == 60


def test_what_is_far_below_the_rest_is_not_looked_for():
    def shape(sheet):
        sheet["A1"], sheet["A5000"] = "x", "y"

    assert [row.line for row in one(xlsx(shape)).rows] == [1]


@pytest.mark.parametrize(
    ("content", "cells"),
    [
        ("a;b\n1;2\n", ("a", "b")),
        ("a\tb\n1\t2\n", ("a", "b")),
        ("sep=;\na;b\n", ("a", "b")),
        ('"a;b";c\n"x";y\n', ("a;b", "c")),
        ("một\n", ("một",)),
        ("\ufeffa;b\n", ("a", "b")),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_text_is_parted_by_what_parts_most_lines(content, cells, encoding):
    assert one(content.encode(encoding), "a.csv").rows[0].cells == cells


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "rỗng"),
        (b"\x00\x00", "rỗng"),
        (b"x" * (MAX_BYTES + 1), "nặng quá 20 MB"),
        (b"PK\x03\x04", "bị hỏng"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "Không đọc được"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "mật khẩu"),
        ("Bưởi".encode("utf-16")[:-1], "UTF-8"),
        (b"B\x80\x81", "UTF-8"),
        (b"a\x00b", "Không đọc được"),
        (b",,,\n,,\n", "không có dòng nào"),
    ],
)
def test_what_is_no_sheet_is_refused_in_words(content, said):
    assert said in refused(content)


def test_a_file_that_unfolds_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(sheets, "MAX_UNFOLDED", 1000)
    assert "quá lớn" in refused(xlsx(lambda sheet: sheet.append(["x"])))


def test_a_zip_that_is_no_workbook_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "x")
    assert "Không đọc được" in refused(out.getvalue())


def test_a_zip_bomb_is_refused_before_it_unfolds(monkeypatch):
    monkeypatch.setattr(sheets, "MAX_UNFOLDED", 20 * 1024**2)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * 21 * 1024**2)
    assert len(out.getvalue()) < 1024**2
    assert "quá lớn" in refused(out.getvalue())


SHEET = (
    '<?xml version="1.0"?>'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    '<row r="1"><c r="A1"><v>1</v></c></row>'
    '<row r="{row}"><c r="{cell}"><v>2</v></c></row></sheetData></worksheet>'
)


@pytest.mark.parametrize(("row", "cell"), [(1_048_576, "XFD1048576"), (60_000, "XFD60000")])
def test_a_cell_at_the_end_of_the_world_is_refused_and_kills_no_process(row, cell):
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx(lambda book: None))) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for each in old.namelist():
            far = each == "xl/worksheets/sheet1.xml"
            new.writestr(each, SHEET.format(row=row, cell=cell) if far else old.read(each))
    assert len(made.getvalue()) < 10_000
    assert "quá lớn" in refused(made.getvalue())


def test_text_is_cut_of_what_turns_it_round_and_of_halves_of_characters():
    assert sheets.clean("Cà \u202ephê\u2066 \ud800Mường") == "Cà phê Mường"


@pytest.mark.parametrize("content", [b"%PDF-1.4\n1 0 obj", b"{\\rtf1 a;b}", b"<html><table>"])
def test_what_is_text_and_no_table_is_no_sheet(content):
    assert "không phải Excel" in refused(content, "a.pdf")
