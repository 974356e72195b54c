"""A list of recognised products: every fault named at its cell, and what is right read right."""

from datetime import date

import pytest

from cycle.models import OrgUnit
from cycle.sheets import column_name
from dossiers.models import BatchState, RowKind
from dossiers.office.stock import cells
from tests.old_workbooks import xls
from tests.owning import update_as_owner
from tests.stock_sheets import (
    GOOD,
    HEADS,
    OTHERS,
    again,
    book,
    checked,
    faults,
    good,
    row_of,
    sentences,
    text,
    uploaded,
)

pytestmark = pytest.mark.django_db


def data(batch):
    return list(batch.rows.filter(kind=RowKind.DATA))


def test_good_rows_are_right_and_what_they_mean_is_read(land, lan):
    batch = checked(book([GOOD, *OTHERS]), lan, land)
    assert batch.state == BatchState.CHECKED
    assert faults(batch) == set()
    assert batch.counts["rows"] == 3
    assert (batch.counts["3"], batch.counts["4"], batch.counts["producers"]) == (2, 1, 3)
    first, second, third = (row.values for row in data(batch))
    units = OrgUnit.objects.in_bulk()
    # Of before the merger, in the commune of today; the district's number stays the district's.
    assert units[first["commune"]].name == "Xã Mường Ảng"
    assert units[first["issuer"]].name == "Huyện Mường Ảng"
    assert (first["issued_on"], first["expires_on"]) == ("2024-03-03", "2027-03-03")
    assert (first["edition"], first["owner_type"]) == ("148", "cooperative")
    assert second["issuer"] == third["issuer"] == land.pk
    assert (second["stars"], second["edition"], second["expires_on"]) == (4, "148", "2026-12-15")
    assert (third["edition"], third["status"]) == ("1048", "expired")
    assert units[third["commune"]].name == "Phường Mường Lay"


#: One cell of the good row otherwise -> the field at whose cell the fault must stand.
WRONG = {
    "product empty": ({"Tên sản phẩm": ""}, "product"),
    "product in an old font": ({"Tên sản phẩm": "MËt ong rõng Nµ TÊu"}, "product"),
    "product of digits": ({"Tên sản phẩm": 12345}, "product"),
    "product of 300 characters": ({"Tên sản phẩm": "Chè " * 75}, "product"),
    "an error of a formula": ({"Tên sản phẩm": "#REF!"}, "product"),
    "a formula never reckoned": ({"Tên sản phẩm": '="Chè "&"Shan"'}, "product"),
    "group unknown": ({"Nhóm sản phẩm": "Vũ khí"}, "product_group"),
    "group empty": ({"Nhóm sản phẩm": ""}, "product_group"),
    "producer empty": ({"Chủ thể": ""}, "producer"),
    "producer of unknown kind": ({"Chủ thể": "Mường Ảng Xanh"}, "producer"),
    "producer of 300 characters": ({"Chủ thể": "HTX " + "a" * 300}, "producer"),
    "commune empty": ({"Xã, phường": ""}, "commune"),
    "commune of nowhere": ({"Xã, phường": "Xã Qwertyuiop"}, "commune"),
    "commune misspelt": ({"Xã, phường": "Xã Ẳng Nứaa", "Huyện": ""}, "commune"),
    "stars empty": ({"Hạng sao": ""}, "stars"),
    "two stars": ({"Hạng sao": "2 sao"}, "stars"),
    "six stars": ({"Hạng sao": "******"}, "stars"),
    "nine stars": ({"Hạng sao": 9}, "stars"),
    "stars in words of nothing": ({"Hạng sao": "đạt"}, "stars"),
    "stars with a fraction": ({"Hạng sao": 3.5}, "stars"),
    "stars as a day": ({"Hạng sao": date(2024, 3, 3)}, "stars"),
    "number with a strange sign": ({"Số giấy chứng nhận": "12#GCN"}, "number"),
    "number with Cyrillic letters": ({"Số giấy chứng nhận": "12/\u0413CN"}, "number"),
    "number of 61 characters": ({"Số giấy chứng nhận": "1" * 61}, "number"),
    "decision empty": ({"Số quyết định": ""}, "decision_number"),
    "decision without a figure": ({"Số quyết định": "QĐ-UBND"}, "decision_number"),
    "decision with a strange sign": ({"Số quyết định": "345@UBND"}, "decision_number"),
    "decision too long": ({"Số quyết định": "9" * 130}, "decision_number"),
    "day empty": ({"Ngày quyết định": ""}, "decision_on"),
    "day that no calendar has": ({"Ngày quyết định": "31/02/2024"}, "decision_on"),
    "month first": ({"Ngày quyết định": "3/25/2024"}, "decision_on"),
    "only a year": ({"Ngày quyết định": 2024}, "decision_on"),
    "only a month": ({"Ngày quyết định": "3/2024"}, "decision_on"),
    "a day in words of nothing": ({"Ngày quyết định": "đầu năm"}, "decision_on"),
    "a day to come": ({"Ngày quyết định": date(2031, 1, 1)}, "decision_on"),
    "before the programme": ({"Ngày quyết định": date(2016, 1, 1)}, "decision_on"),
    "a serial of no year near": ({"Ngày quyết định": 12}, "decision_on"),
    "ends before it begins": ({"Ngày hết hạn": date(2023, 1, 1)}, "expires_on"),
    "an end that is no day": ({"Ngày hết hạn": "36 tháng"}, "expires_on"),
    "status unknown": ({"Tình trạng": "tốt"}, "status"),
    "revoked, nobody knows when": ({"Tình trạng": "Đã thu hồi"}, "status"),
    "issuer of another province": ({"Cơ quan cấp": "UBND tỉnh Lào Cai"}, "issuer"),
    "issuer that never was": ({"Cơ quan cấp": "UBND huyện Mường Xyz"}, "issuer"),
    "issuer a person": ({"Cơ quan cấp": "Ông Lò Văn A"}, "issuer"),
}
NAMES = {
    "product": "Tên sản phẩm",
    "product_group": "Nhóm sản phẩm",
    "producer": "Chủ thể",
    "commune": "Xã, phường",
    "stars": "Hạng sao",
    "number": "Số giấy chứng nhận",
    "decision_number": "Số quyết định",
    "decision_on": "Ngày quyết định",
    "expires_on": "Ngày hết hạn",
    "status": "Tình trạng",
    "issuer": "Cơ quan cấp",
}


def test_there_are_forty_kinds_of_faults():
    assert len(WRONG) >= 40


def test_each_fault_is_named_at_its_cell_and_good_rows_stay_right(land, lan):
    rows, wanted = [OTHERS[0]], set()
    for number in range(136):
        others = {"Số giấy chứng nhận": f"{number}/GCN", "Số quyết định": f"{number}/QĐ-UBND"}
        rows.append(good(**{"Tên sản phẩm": f"Cà phê rang {number}"} | others))
    for number, (changed, name) in enumerate(WRONG.values()):
        cells_ = {"Số giấy chứng nhận": f"{number + 100}/GCN-UBND", "Số quyết định": f"{number}/QĐ"}
        rows.append(good(**{"Tên sản phẩm": f"Cà phê số {number} Mường Ảng"} | cells_ | changed))
        wanted.add((f"{column_name(HEADS.index(NAMES[name]))}{len(rows) + 1}", name))
    rows.append(OTHERS[1])
    batch = checked(book(rows), lan, land)
    found = faults(batch)
    assert wanted - found == set()
    assert found - wanted == set()
    assert batch.counts["wrong"] == len(WRONG)
    right = [row.line for row in data(batch) if not row.errors]
    assert right == [*range(2, 2 + 137), len(rows) + 1]
    assert len(right) == 138


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"Điện thoại": "12345"}, "không đủ chữ số"),
        ({"Ngày hết hạn": date(2026, 12, 31)}, "36 tháng từ ngày cấp là 03/03/2027"),
        ({"Tình trạng": "Hết hạn"}, "có giá trị đến 03/03/2027"),
        ({"Cơ quan cấp": "UBND tỉnh"}, "3 sao do huyện cấp"),
        ({"Số giấy chứng nhận": ""}, "không tra cứu được theo số"),
        ({"Huyện": "Mường Ảg"}, "Không có huyện «Mường Ảg»."),
    ],
)
def test_what_is_odd_is_said_and_keeps_nobody_out(changed, said, land, lan):
    batch = checked(book([good(**changed)]), lan, land)
    assert faults(batch) == set()
    assert [each for each in sentences(batch) if said in each] != []


def test_what_is_twice_in_the_list_is_named_with_the_other_line(land, lan):
    batch = checked(
        book(
            [
                GOOD,
                good(**{"Tên sản phẩm": "Cà phê bột", "Số giấy chứng nhận": "12 / gcn-ubnd"}),
                good(**{"Tên sản phẩm": "CÀ PHÊ  arabica Mường ảng", "Số giấy chứng nhận": "13"}),
                good(
                    **{
                        "Tên sản phẩm": "Cà phê hạt",
                        "Số giấy chứng nhận": "14",
                        "Ngày quyết định": date(2024, 3, 4),
                        "Ngày hết hạn": "",
                    }
                ),
            ]
        ),
        lan,
        land,
    )
    assert faults(batch) == {("H3", "number"), ("B4", "product"), ("K5", "decision_on")}
    assert "Số này trùng với dòng 2." in sentences(batch)
    assert "Quyết định này ở dòng 2 ghi ngày 03/03/2024." in sentences(batch)


# --- Shapes of sheets -----------------------------------------------------------------------------


def two_row_heads(sheet):
    sheet.merge_cells("A1:G1")
    sheet.merge_cells("A2:G2")
    for column in "ABCDG":
        sheet.merge_cells(f"{column}4:{column}5")
    sheet.merge_cells("E4:F4")
    # One producer with two products.
    sheet.merge_cells("C8:C9")
    sheet.merge_cells("D8:D9")
    sheet.merge_cells("A7:G7")


def test_titles_two_rows_of_heads_headings_as_rows_and_merged_cells(land, lan):
    content = book(
        [
            ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)"],
            ["I. Nhóm đồ uống"],
            [1, "Cà phê bột", "HTX Ẳng Nưa", "Xã Ẳng Nưa, huyện Mường Ảng", "5/QĐ-UBND",
             "ngày 3 tháng 3 năm 2024", "***"],
            [2, "Cà phê hạt", "", "", "5/QĐ-UBND", 45354, "3*"],
            ["II", "HUYỆN TỦA CHÙA - THỰC PHẨM"],
            [3, "Gạo vai gãy", "Hợp tác xã Tủa Chùa", "TT Tủa Chùa", "6/QĐ-UBND", "4.3.2024",
             "Hạng 3 sao"],
            ["Tổng cộng", "3 sản phẩm", "", "", "", "", "3 sao: 4"],
            ["", "", "", "", "Điện Biên, ngày 01 tháng 11 năm 2026"],
            ["", "", "", "", "NGƯỜI LẬP BIỂU"],
        ],
        heads=["", "", "", "", "Số", "Ngày", ""],
        above=[
            ["DANH SÁCH 3 SẢN PHẨM OCOP CỦA 2 CHỦ THỂ"],
            ["(Kèm theo Báo cáo số 88/BC-VPĐP)"],
            [],
            ["TT", "Tên sản phẩm", "Tên chủ thể", "Xã/phường", "Quyết định công nhận", "", "Số sao"],
        ],
        shape=two_row_heads,
    )  # fmt: skip
    batch = checked(content, lan, land)
    assert batch.columns == {
        "product": 1,
        "producer": 2,
        "commune": 3,
        "decision_number": 4,
        "decision_on": 5,
        "stars": 6,
    }
    assert faults(batch) == set()
    rows = [row.values for row in data(batch)]
    assert [row["product"] for row in rows] == ["Cà phê bột", "Cà phê hạt", "Gạo vai gãy"]
    assert [row["product_group"] for row in rows] == ["drink", "drink", "food"]
    assert {row["decision_on"] for row in rows[:2]} == {"2024-03-03"}
    assert rows[1]["producer"] == "HTX Ẳng Nưa"
    names = [OrgUnit.objects.get(pk=row["issuer"]).name for row in rows]
    assert names == ["Huyện Mường Ảng", "Huyện Mường Ảng", "Huyện Tủa Chùa"]
    kinds = {row.line: row.kind for row in batch.rows.all()}
    assert kinds == {
        7: "heading",
        8: "data",
        9: "data",
        10: "heading",
        11: "data",
        12: "total",
        13: "note",
        14: "note",
    }
    told = {(each["line"], each["what"]): (each["said"], each["agrees"]) for each in batch.totals}
    assert told == {
        (1, "rows"): (3, True),
        (1, "producers"): (2, True),
        (12, "rows"): (3, True),
        (12, "3"): (4, False),
    }


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_text_however_it_was_saved(delimiter, encoding, form, land, lan):
    content = text([GOOD, *OTHERS], delimiter=delimiter, encoding=encoding, form=form)
    batch = checked(content, lan, land, name="danh sách.csv")
    assert faults(batch) == set()
    assert [row.values["product"] for row in data(batch)] == [
        row["Tên sản phẩm"] for row in (GOOD, *OTHERS)
    ]


def test_a_list_of_excel_97_with_days_as_numbers(land, lan):
    rows = [
        [45354 if isinstance(cell, date) and cell.year == 2024 else cell for cell in row_of(GOOD)]
    ]
    rows = [[46449 if isinstance(cell, date) else cell for cell in row] for row in rows]
    batch = checked(xls([HEADS, *rows]), lan, land, name="cu.xls")
    assert faults(batch) | faults(batch, "warning") == set()
    [row] = data(batch)
    assert (row.values["decision_on"], row.values["expires_on"]) == ("2024-03-03", "2027-03-03")


def test_two_rows_of_heads_of_which_nobody_knows_what_was_merged(land, lan):
    lines = [
        "DANH SÁCH",
        "TT;Tên sản phẩm;Chủ thể;Xã;Quyết định công nhận;;Giấy chứng nhận;;Sao;Nhóm",
        ";;;;Số;Ngày;Số;Ngày cấp;;",
        "1;Cà phê;HTX A;Ẳng Nưa;5/QĐ;03/03/2024;7/GCN;05/03/2024;3;Đồ uống",
    ]
    batch = checked("\n".join(lines).encode(), lan, land, name="a.csv")
    assert {name: batch.columns[name] for name in ("decision_on", "number", "issued_on")} == {
        "decision_on": 5,
        "number": 6,
        "issued_on": 7,
    }
    assert faults(batch) == set()


def test_a_phone_gets_its_nought_back(land, lan):
    rows = [
        good(**{"Điện thoại": phone, "Số giấy chứng nhận": f"{n}", "Tên sản phẩm": f"Chè {n}"})
        for n, phone in enumerate([912345678, "912 345 678", "84912345678", "+84 912.345.678"])
    ]
    batch = checked(book(rows), lan, land)
    assert {row.values["phone"] for row in data(batch)} == {"0912345678"}


def test_fifty_thousand_empty_formatted_rows_cost_nothing(land, lan):
    def far_down(sheet):
        for line in range(5, 50_005):
            sheet.cell(line, 2).number_format = "0.00"

    batch = checked(book([GOOD], shape=far_down), lan, land)
    assert batch.rows.count() == 1
    assert faults(batch) == set()


# --- What is asked once ---------------------------------------------------------------------------


def test_a_split_commune_is_asked_once_for_the_whole_sheet(land, lan):
    old = OrgUnit.objects.get(name="Xã Ẳng Nưa", valid_to__isnull=False)
    other = OrgUnit.objects.get(name="Xã Nà Tấu", valid_to=None)
    old.successors.add(other)
    rows = [
        good(**{"Tên sản phẩm": f"Chè {n}", "Số giấy chứng nhận": f"{n}/GCN"}) for n in range(3)
    ]
    batch = checked(book(rows), lan, land)
    assert faults(batch) == {(f"F{n}", "commune") for n in (2, 3, 4)}
    [question] = batch.questions
    assert (question["count"], question["like"]) == (3, False)
    assert {label for _pk, label in question["options"]} == {"Xã Mường Ảng", "Xã Nà Tấu"}
    batch = again(batch, lan, answers={question["key"]: other.pk})
    assert faults(batch) == set()
    assert {row.values["commune"] for row in data(batch)} == {other.pk}
    # Its certificates are still those of the district that it lay in.
    assert {OrgUnit.objects.get(pk=row.values["issuer"]).name for row in data(batch)} == {
        "Huyện Mường Ảng"
    }


def test_a_misspelt_commune_of_before_is_suggested_in_the_communes_of_today(land, lan):
    batch = checked(book([good(**{"Xã, phường": "Ẳng Nứaa"})]), lan, land)
    [question] = batch.questions
    assert question["like"]
    assert [label for _pk, label in question["options"]] == ["Xã Mường Ảng"]
    batch = again(batch, lan, answers={question["key"]: question["options"][0][0]})
    assert faults(batch) == set()


def test_a_column_of_other_things_does_not_ask_without_end(land, lan):
    rows = [
        good(**{"Xã, phường": f"Thứ khác {n} abc", "Huyện": "", "Số giấy chứng nhận": f"{n}"})
        for n in range(300)
    ]
    batch = checked(book(rows), lan, land)
    assert len(batch.questions) == 40
    assert len({cell for cell, name in faults(batch) if name == "commune"}) == 300


def test_columns_that_were_confirmed_are_proposed_again(land, lan):
    heads = ["STT", "Hàng", *HEADS[2:]]
    rows = [{**GOOD, "Hàng": GOOD["Tên sản phẩm"]}]
    batch = uploaded(book(rows, heads=heads), lan, land)
    assert "product" not in batch.columns
    again(batch, lan, columns=batch.columns | {"product": 1})
    second = uploaded(book(rows, heads=heads), lan, land)
    assert second.columns["product"] == 1
    assert second.counts["remembered"]


@pytest.mark.parametrize(
    ("written", "stars"),
    [(3, 3), ("3", 3), ("3 sao", 3), ("OCOP 4 sao", 4), ("***", 3), ("★★★★", 4), ("3*", 3),
     ("Hạng: 5 sao", 5), ("bốn sao", 4), ("3.0", 3), ("★★★☆☆", 3), ("3 ★★★", 3)],
)  # fmt: skip
def test_stars_as_they_are_written(written, stars):
    assert cells.stars(written) == stars


@pytest.mark.parametrize(
    ("written", "number", "day"),
    [
        ("345/QĐ-UBND", "345/QĐ-UBND", ""),
        ("Số 345/QĐ-UBND ngày 03/3/2024", "345/QĐ-UBND", "03/3/2024"),
        ("Quyết định số 345/QĐ-UBND, ngày 3/3/2024.", "345/QĐ-UBND", "3/3/2024"),
        ("345/QĐ-UBND (03/03/2024)", "345/QĐ-UBND", "03/03/2024"),
        ("QĐ 345/QĐ-UBND ngày 3 tháng 3 năm 2024", "345/QĐ-UBND", "3 tháng 3 năm 2024"),
    ],
)
def test_a_decision_and_its_day_in_one_cell(written, number, day):
    assert cells.decision(written) == (number, day)


@pytest.mark.parametrize(
    ("day", "edition"),
    [
        (date(2019, 8, 20), "851"),
        (date(2019, 8, 21), "1048"),
        (date(2023, 2, 23), "1048"),
        (date(2023, 2, 24), "148"),
        (date(2025, 7, 5), "148"),
        (date(2025, 7, 6), "1489"),
        (date(2026, 5, 21), "1489"),
        (date(2026, 5, 22), "26"),
    ],
)
def test_which_edition_was_in_force(day, edition):
    assert cells.edition_of(day) == edition


@pytest.mark.parametrize(
    ("written", "edition"),
    [("QĐ 148/QĐ-TTg", "148"), (148, "148"), ("1048, 781", "1048"), ("QĐ 26/2026/QĐ-TTg", "26"),
     ("148/QĐ-TTg sửa đổi bởi 1489/QĐ-TTg", "1489"), ("781/QĐ-TTg", "1048"), (851, "851")],
)  # fmt: skip
def test_editions_as_they_are_written(written, edition):
    assert cells.edition(written) == edition


def test_a_province_that_went_into_this_one_has_certified(land, lan):
    """Of merged provinces half the certificates name the one that is gone; the other is refused."""
    update_as_owner(OrgUnit.objects.filter(pk=land.pk), aliases="Tỉnh Yên Bái")
    land.refresh_from_db()
    rows = [
        good(**{"Hạng sao": 4, "Cơ quan cấp": f"UBND tỉnh {name}"}) for name in ("Yên Bái", "X")
    ]
    batch = checked(book(rows), lan, land)
    first, second = data(batch)
    assert first.values["issuer"] == land.pk
    assert [fault["level"] for fault in first.faults if fault["field"] == "issuer"] == ["warning"]
    assert [fault["level"] for fault in second.faults if fault["field"] == "issuer"] == ["error"]
