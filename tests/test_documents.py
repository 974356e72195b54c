"""The council's documents as PDF and as Word, from data alone: made-up names, long names, many rows."""

import io
import re
import signal
import unicodedata
import zipfile
from contextlib import contextmanager

import pypdf
import pytest
from django.core.management import call_command
from docx import Document
from docx.oxml.ns import qn

from councils.models import DocumentKind
from councils.papers import sheet as sheet_papers
from cycle import rubrics, rulesets
from cycle.models import Option, Rubric, Wording
from cycle.papers import filling, kinds, word
from cycle.papers.kinds import KINDS
from cycle.papers.pdf import pdf
from cycle.papers.word import TemplateRefused, docx
from tests.ground import kept

LONG = "Hợp tác xã nông nghiệp và dịch vụ tổng hợp bản Phiêng Ban, xã Mường Phăng (cơ sở số 2)"
PAPER = {
    "parent": "Ủy ban nhân dân tỉnh Điện Biên",
    "agency": "Hội đồng đánh giá, phân hạng sản phẩm OCOP",
    "issuer": "HĐOCOP",
    "host": "Hội đồng đánh giá, phân hạng sản phẩm OCOP tỉnh Điện Biên",
    "number": None,
    "symbol": None,
    "place": "Điện Biên",
    "signed_on": None,
    "year": 2026,
    "round": "đợt 1 năm 2026",
    "signature": {"lines": ["TM. Hội đồng", "Chủ tịch"], "name": "Lò Thị Mẫu"},
    "recipients": ["Như trên", "Thành viên Hội đồng", "Lưu: VT, VPĐP"],
}
BASES = [
    "Căn cứ Quyết định số 26/2026/QĐ-TTg của Thủ tướng Chính phủ về Bộ tiêu chí và quy trình đánh giá, phân hạng sản phẩm OCOP",
    "Căn cứ Quy chế làm việc của Hội đồng",
]
PEOPLE = [
    {"name": "Lò Thị Mẫu", "position": "Phó Chủ tịch UBND tỉnh", "role": "Chủ tịch Hội đồng"},
    {
        "name": "Quàng Văn Thử",
        "position": "Phó Giám đốc Sở Nông nghiệp và Môi trường, phụ trách phát triển nông thôn",
        "role": "Phó Chủ tịch Hội đồng",
    },
    {"name": "Nguyễn Thị Ví Dụ", "position": "Sở Y tế", "role": "Thành viên"},
]


def rows(number=3):
    """Products, each with whatever any document asks of one."""
    return [
        {
            "product": "Trà Shan tuyết" if n % 5 else f"Thịt trâu gác bếp tẩm mắc khén của {LONG}",
            "producer": "Hộ kinh doanh Vừ A Mẫu" if n % 3 else LONG,
            "commune": "xã Nà Tấu",
            "rubric": "Chè tươi, chế biến",
            "self_points": "82",
            "points": "75,5",
            "findings": "Nhãn chưa ghi ngày sản xuất; đủ phiếu kiểm nghiệm.",
            "sheets": 9,
            "mean": "71,25",
            "result": "4 sao",
            "product_code": f"11-03127-{n:02}-2026",
        }
        for n in range(1, number + 1)
    ]


def sample(kind, number=3):
    """Made-up data of a kind."""
    more = {
        "invitation": {
            "invited": ["Thành viên Hội đồng", "Đại diện chủ thể có sản phẩm"],
            "meeting": "Họp Hội đồng đánh giá, phân hạng sản phẩm OCOP",
            "chair": "bà Lò Thị Mẫu, Chủ tịch Hội đồng",
            "starts": "14 giờ 00, thứ Sáu ngày 12/6/2026",
            "venue": "Phòng họp số 2, UBND tỉnh",
            "agenda": ["Tổ tư vấn báo cáo kết quả thẩm định.", "Thành viên chấm điểm."],
            "notes": ["Tài liệu gửi kèm giấy mời."],
        },
        "support_report": {
            "to": ["Hội đồng đánh giá, phân hạng sản phẩm OCOP"],
            "bases": BASES,
            "period": "từ ngày 01/6/2026 đến ngày 09/6/2026",
            "team": PEOPLE,
            "appraised": number,
            "unappraised": 0,
            "pointed": True,
            "unpointed": False,
            "findings": ["Hồ sơ sắp xếp đúng thứ tự tiêu chí."],
            "proposals": ["Hội đồng xem xét các hồ sơ nêu trên."],
        },
        "minutes": {
            "about": "Họp Hội đồng",
            "met": True,
            "in_writing": False,
            "answered": [],
            "starts": "14 giờ 00 ngày 12/6/2026",
            "ends": "17 giờ 15 ngày 12/6/2026",
            "venue": "Phòng họp số 2, UBND tỉnh",
            "chair": "bà Lò Thị Mẫu, Chủ tịch Hội đồng",
            "members": 4,
            "present": PEOPLE,
            "absent": [
                {"name": "Giàng A Vắng", "position": "Sở Công Thương", "reason": "đi công tác"}
            ],
            "guests": ["Đại diện chủ thể có sản phẩm"],
            "proceedings": [
                "Chủ tịch khai mạc.",
                "Tổ tư vấn báo cáo.",
                "Thành viên chấm điểm độc lập.",
            ],
            "resolutions": [
                {
                    "product": "Trà Shan tuyết",
                    "criterion": "1.5. Liên kết sản xuất",
                    "decision": "Đạt mức tối thiểu cho 4 sao",
                    "votes": "3/3",
                }
            ],
            "conclusion": ["Hội đồng thống nhất kết quả nêu tại mục III."],
            "secretary": {"lines": ["Thư ký"], "name": "Nguyễn Thị Ví Dụ"},
        },
        "council_report": {
            "to": ["Ủy ban nhân dân tỉnh Điện Biên"],
            "bases": BASES,
            "starts": "14 giờ 00 ngày 12/6/2026",
            "venue": "Phòng họp số 2, UBND tỉnh",
            "ends": "17 giờ 15 ngày 12/6/2026",
            "met": True,
            "in_writing": False,
            "attended": 3,
            "answered": 0,
            "members": 4,
            "proceedings": ["Các thành viên chấm điểm độc lập; không có chênh lệch quá 10 điểm."],
            "tallies": [{"result": "4 sao", "number": number}],
            "proposals": ["Công nhận các sản phẩm đạt hạng từ 3 sao."],
        },
        "submission": {
            "to": ["Chủ tịch Ủy ban nhân dân tỉnh Điện Biên"],
            "bases": BASES,
            "asks": "quyết định công nhận 3 sản phẩm OCOP",
            "proposals": ["Giao Văn phòng Điều phối công bố kết quả."],
            "enclosures": ["Biên bản họp Hội đồng", "Báo cáo kết quả", "Dự thảo Quyết định"],
        },
        "decision": {
            "agency": "Ủy ban nhân dân tỉnh Điện Biên",
            "parent": "",
            "issuer": "UBND",
            "host": "Chủ tịch Ủy ban nhân dân tỉnh Điện Biên",
            "authority": "CHỦ TỊCH ỦY BAN NHÂN DÂN TỈNH ĐIỆN BIÊN",
            "bases": [
                *BASES,
                "Theo đề nghị của Hội đồng đánh giá, phân hạng sản phẩm OCOP tại Tờ trình ngày 15/6/2026",
            ],
            "valid_months": 36,
            "duties": "Các chủ thể duy trì điều kiện đã được công nhận và chịu sự kiểm tra của cơ quan có thẩm quyền.",
            "enforcers": "Chánh Văn phòng UBND tỉnh, Giám đốc các sở, Chủ tịch UBND các xã và các chủ thể có tên tại danh sách",
            "signature": {"lines": ["KT. Chủ tịch", "Phó Chủ tịch"], "name": "Lò Thị Mẫu"},
            "recipients": ["Như Điều 3", "Bộ Nông nghiệp và Môi trường", "Lưu: VT, NN"],
        },
        "notice": {
            "to": ["UBND các xã, phường có sản phẩm", "Các chủ thể có sản phẩm tham gia"],
            "bases": BASES,
            "next_steps": [
                "Chủ thể có sản phẩm đạt hạng nhận giấy chứng nhận tại Văn phòng Điều phối."
            ],
        },
        "request": {
            "agency": "Ủy ban nhân dân tỉnh Điện Biên",
            "parent": "",
            "issuer": "UBND-NN",
            "host": "Ủy ban nhân dân tỉnh Điện Biên",
            "to": ["Bộ Nông nghiệp và Môi trường"],
            "bases": BASES,
            "enclosures": ["Hồ sơ sản phẩm", "Báo cáo của Hội đồng cấp tỉnh"],
            "contact": "Đầu mối liên hệ: Văn phòng Điều phối nông thôn mới tỉnh.",
        },
    }
    return PAPER | {"entries": rows(number)} | more[kind]


def sheet(**changes):
    """A score sheet as councils.papers.sheet.score_sheet gives it, made up."""
    levels = [
        ("Dưới 50% trong tỉnh", "1", ""),
        ("Từ 50% đến dưới 75%", "2", "***"),
        ("Từ 75% đến 100% " + LONG, "3", "*****"),
    ]
    criteria = [
        {
            "heading": False,
            "code": f"1.{n}",
            "label": "Nguồn gốc sản phẩm",
            "points": "3",
            "notes": ["Loại khi: nguyên liệu không rõ nguồn."] if n == 2 else [],
            "remark": "",
            "options": [
                {"case": "", "label": label, "points": points, "minimum": minimum, "chosen": False}
                for label, points, minimum in levels
            ],
        }
        for n in range(1, 13)
    ]
    heading = {
        "heading": True,
        "code": "1",
        "label": "Tổ chức sản xuất",
        "points": "36",
        "notes": [],
        "remark": "",
        "options": [],
    }
    return PAPER | {
        "member": "", "position": "", "role": "", "product": LONG, "producer": LONG, "commune": "xã Nà Tấu",
        "rubric": "số 1: Rau, củ, quả, hạt tươi (Quyết định số 26/2026/QĐ-TTg)", "draft": True,
        "parts": [{"code": part, "points": "36", "total": "", "rows": [heading, *criteria]} for part in "AB"],
        "eliminations": [{"label": "Hồ sơ giả", "chosen": False}], "total": "", "opinion": "",
        "signature": {"lines": ["Thành viên Hội đồng"], "name": ""},
    } | changes  # fmt: skip


def certificate(**changes):
    return {
        "agency": "Chủ tịch Ủy ban nhân dân tỉnh Điện Biên", "issuer": "UBND", "number": None, "symbol": None, "place": "Điện Biên",
        "signed_on": None, "year": 2026, "signature": {"lines": ["KT. Chủ tịch", "Phó Chủ tịch"], "name": "Lò Thị Mẫu"},
        "product": "Trà Shan tuyết", "producer": "Hộ kinh doanh Vừ A Mẫu", "address": "xã Nà Tấu, tỉnh Điện Biên", "stars": 4,
        "decision": "Quyết định số 123/QĐ-UBND ngày 20/6/2026", "valid_until": "20/6/2029",
        "qr_url": "https://ocop.example.vn/c/mau-khong-that",
    } | changes  # fmt: skip


def data(kind, number=3):
    """Made-up data of any kind."""
    if kind == "score_sheet":
        return sheet()
    if kind == "certificate":
        return certificate()
    return sample(kind, number)


def pages(content):
    """The text of a PDF, page by page, its lines joined."""
    read = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]
    return [plain(text) for text in read]


def plain(text):
    # A slot is made of spaces that do not break.
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text).replace("\u200b", ""))


def word_tag(name):
    return "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}" + name


def words(content):
    """The text of a Word file, in order."""
    body = Document(io.BytesIO(content)).element.body
    return plain(" ".join(each.text or "" for each in body.iter(word_tag("t"))))


def changed(kind, old, new):
    """The template that ships, edited as an officer would."""
    edited = io.BytesIO()
    with zipfile.ZipFile(KINDS[kind].template) as source, zipfile.ZipFile(edited, "w") as packed:
        for name in source.namelist():
            content = source.read(name)
            if name == "word/document.xml":
                assert old.encode() in content
                content = content.replace(old.encode(), new.encode())
            packed.writestr(name, content)
    return edited.getvalue()


# --- Every kind, both ways ------------------------------------------------------------------

SAID = {
    "invitation": ["GIẤY MỜI", "/GM-HĐOCOP", "trân trọng kính mời", "14 giờ 00, thứ Sáu ngày 12/6/2026", "1. Tổ tư vấn báo cáo"],
    "score_sheet": ["PHIẾU ĐÁNH GIÁ", "Nguồn gốc sản phẩm", "Từ 50% đến dưới 75% ***", "Cộng phần A", "THÀNH VIÊN HỘI ĐỒNG"],
    "support_report": ["BÁO CÁO", "/BC-HĐOCOP", "Nhãn chưa ghi ngày sản xuất", "Quàng Văn Thử", "75,5"],
    "minutes": ["BIÊN BẢN", "/BB-HĐOCOP", "3/4 thành viên", "Giàng A Vắng, Sở Công Thương: đi công tác", "THƯ KÝ", "71,25", "Đạt mức tối thiểu cho 4 sao", "□ thống nhất; □ ý kiến khác"],
    "council_report": ["BÁO CÁO", "có mặt 3/4 thành viên", "4 sao: 3 sản phẩm", "Kính gửi: Ủy ban nhân dân tỉnh Điện Biên."],
    "submission": ["TỜ TRÌNH", "/TTr-HĐOCOP", "kính trình xem xét kết quả đợt 1 năm 2026 và quyết định công nhận 3 sản phẩm", "Dự thảo Quyết định"],
    "decision": ["QUYẾT ĐỊNH:", "/QĐ-UBND", "Điều 1. Công nhận 3 sản phẩm", "36 tháng", "KT. CHỦ TỊCH", "DANH SÁCH SẢN PHẨM", "11-03127-03-2026"],
    "certificate": ["GIẤY CHỨNG NHẬN", "/GCN-UBND", "Trà Shan tuyết", "Đạt hạng 4 sao", "Có giá trị đến ngày 20/6/2029"],
    "notice": ["THÔNG BÁO", "/TB-HĐOCOP", "- Các chủ thể có sản phẩm tham gia.", "nhận giấy chứng nhận"],
    "request": ["V/v đề nghị đánh giá", "/UBND-NN", "Kính gửi: Bộ Nông nghiệp và Môi trường."],
}  # fmt: skip


#: Made of a round that was judged, both ways: test_papers.py.
OF_A_ROUND = {"plan", "received_report", "founding", "team_survey", "approval"}


def test_every_kind_says_something_that_is_looked_for():
    assert set(SAID) | OF_A_ROUND == set(DocumentKind.values)


@pytest.mark.parametrize("kind", SAID)
def test_the_pdf_says_it_with_every_mark(kind):
    said = " ".join(pages(pdf(kind, data(kind))))
    assert [text for text in SAID[kind] if text not in said] == []
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in said
    assert "Độc lập - Tự do - Hạnh phúc" in said
    assert "{" not in said


@pytest.mark.parametrize("kind", SAID)
def test_the_word_file_says_the_same(kind):
    said = words(docx(kind, data(kind)))
    wanted = [text.upper() for text in SAID[kind]]
    # Word writes capitals only where it is told to, and joins runs of a line by a space here.
    assert [text for text in wanted if text not in said.upper()] == []
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in said
    assert "{" not in said


@pytest.mark.parametrize("kind", SAID)
def test_number_and_date_stay_open_until_the_clerk_gives_them(kind):
    draft = data(kind)
    given = draft | {"number": "7", "signed_on": "2026-02-05"}
    for made in (
        lambda values: " ".join(pages(pdf(kind, values))),
        lambda values: words(docx(kind, values)),
    ):
        if kind != "score_sheet":
            assert re.search(r"Số: /\S", made(draft))
            assert re.search(r"Số: 07/\S", made(given))
        assert "Điện Biên, ngày tháng năm 2026" in made(draft)
        assert "Điện Biên, ngày 05 tháng 02 năm 2026" in made(given)


def test_the_list_of_a_decision_names_its_number_once_it_is_known():
    given = sample("decision") | {"number": "123", "signed_on": "2026-06-20"}
    assert (
        "(Kèm theo Quyết định số 123/QĐ-UBND ngày 20 tháng 6 năm 2026 của Chủ tịch"
        in pages(pdf("decision", given))[1]
    )


@pytest.mark.parametrize("kind", [kind for kind in SAID if KINDS[kind].outline is not None])
def test_forty_products_run_over_pages_under_the_same_head(kind):
    many = sample(kind, 40)
    read = pages(pdf(kind, many))
    listed = [text for text in read if "Trà Shan tuyết" in text]
    assert len(listed) >= 3
    assert all("Chủ thể" in text and "TT" in text for text in listed[1:])
    assert "Thịt trâu gác bếp tẩm mắc khén" in listed[-1]
    # The signature comes with text above it.
    assert not any(
        text.removeprefix(f"{n} ").startswith("Nơi nhận") for n, text in enumerate(read, 1)
    )

    tables = Document(io.BytesIO(docx(kind, many))).tables
    (table,) = [table for table in tables if len(table.rows) == 41]
    assert table.rows[0]._tr.trPr.find(word_tag("tblHeader")) is not None
    assert table.rows[40].cells[0].text == "40"


def test_pages_are_numbered_from_the_second_and_a_list_for_itself():
    read = pages(pdf("decision", sample("decision", 40)))
    assert [bool(re.match(r"\d+ TT", text)) for text in read] == [False, False, True, True, True]
    assert [text.split()[0] for text in read[2:]] == ["2", "3", "4"]


# --- What people type -----------------------------------------------------------------------

ODD = 'A & B <b>"x"</b> {{ product }} {% if %} #let $x$ \\ \x0b\x00\ud800 Mắc khén\nhai dòng'


@pytest.mark.parametrize("kind", SAID)
def test_marks_that_mean_something_elsewhere_are_only_letters_here(kind):
    values = data(kind)
    values["signature"] = {"lines": ["Chủ tịch"], "name": ODD}
    for said in (" ".join(pages(pdf(kind, values))), words(docx(kind, values))):
        assert 'A & B <b>"x"</b> {{ product }} {% if %} #let $x$ \\' in said


def test_a_name_without_a_space_breaks_inside_its_column():
    rows_ = rows(1)
    rows_[0]["product"] = "Trà" * 40
    content = pdf("decision", sample("decision") | {"entries": rows_})
    page = pypdf.PdfReader(io.BytesIO(content)).pages[1]
    runs = re.findall(r"(?:Trà)+", plain(page.extract_text(extraction_mode="layout")))
    assert len(runs) > 3
    assert max(map(len, runs)) < 30


def test_one_field_too_few_is_an_error_of_ours():
    values = sample("minutes")
    del values["ends"]
    for make in (pdf, docx):
        with pytest.raises(KeyError, match="ends"):
            make("minutes", values)


def test_no_line_is_said_of_what_there_is_not():
    empty = sample("minutes") | {"absent": [], "guests": [], "resolutions": []}
    for said in (" ".join(pages(pdf("minutes", empty))), words(docx("minutes", empty))):
        assert "Vắng mặt" not in said
        assert "Khách mời" not in said
        assert "điều kiện tối thiểu" not in said


# --- The score sheet ------------------------------------------------------------------------

MARK = "BẢN NHÁP – chưa nạp lời văn chính thức"


def test_a_sheet_without_official_wording_says_so_on_every_page():
    read = pages(pdf("score_sheet", sheet()))
    assert len(read) > 2
    assert all(MARK in text for text in read)
    assert MARK in words(docx("score_sheet", sheet()))

    official = sheet(draft=False)
    assert not any(MARK in text for text in pages(pdf("score_sheet", official)))
    assert MARK not in words(docx("score_sheet", official))


@pytest.fixture
@kept
def rubric(rule_sets):
    """The first product set of the edition in force, as it ships."""
    folder = rulesets.FOLDER / "qd26_2026"
    shipped = rubrics.read(folder / "rubrics.json", rulesets.read(folder / "ruleset.json"))
    rubrics.load(rule_sets["qd26_2026"], shipped[:1])
    return Rubric.objects.get(number=1)


def test_a_rubric_becomes_a_sheet_with_all_its_levels(rubric):
    made = sheet_papers.score_sheet(rubric)
    assert made["draft"] is True
    assert made["total"] == ""
    assert [part["points"] for part in made["parts"]] == ["40", "25", "35"]
    levels = [
        option["label"]
        for part in made["parts"]
        for row in part["rows"]
        for option in row["options"]
        if not option["case"]
    ]
    assert len(levels) == Option.objects.filter(criterion__rubric=rubric).count()
    said = " ".join(pages(pdf("score_sheet", sheet() | made)))
    typed = words(docx("score_sheet", sheet() | made))
    assert [label for label in levels if plain(label) not in said] == []
    assert [label for label in levels if plain(label) not in typed] == []


def test_choices_are_ticked_and_added(rubric):
    first, second = rubric.criteria.order_by("position")[:2]
    chosen = [each.options.order_by("-points")[0] for each in (first, second)]
    out = rubric.eliminations.filter(criterion=None).first()
    made = sheet_papers.score_sheet(
        rubric, {each.pk for each in chosen}, {out.pk}, {first.code: "Có giấy xác nhận."}
    )
    total = str(int(sum(each.points for each in chosen)))
    assert made["total"] == made["parts"][0]["total"] == total
    assert made["parts"][1]["total"] == ""
    assert [each["chosen"] for each in made["eliminations"]][:1] == [True]
    filled = sheet() | made | {"member": "Lò Thị Mẫu"}
    typed = words(docx("score_sheet", filled))
    assert typed.count("☒") == 3
    assert "Có giấy xác nhận." in typed
    assert f"{total} / 100" in typed
    assert f"Tổng điểm: {total} / 100" in " ".join(pages(pdf("score_sheet", filled)))


def test_the_mark_goes_with_the_last_wording(rubric):
    *options, last = Option.objects.filter(criterion__rubric=rubric, criterion__yes_no=False)
    official = {"text": "Lời văn chính thức", "document": "Văn bản mẫu"}
    Wording.objects.bulk_create(Wording(option=option, **official) for option in options)
    assert sheet_papers.score_sheet(rubric)["draft"] is True
    Wording.objects.create(option=last, **official)
    assert sheet_papers.score_sheet(rubric)["draft"] is False


def test_a_sheet_is_read_in_few_queries(rubric, django_assert_num_queries):
    rubric = Rubric.objects.select_related("rule_set").get(pk=rubric.pk)
    with django_assert_num_queries(2):
        sheet_papers.score_sheet(rubric)


# --- The certificate ------------------------------------------------------------------------


def test_a_certificate_stays_one_page_however_long_the_names():
    long = certificate(product=f"{LONG} {LONG}", producer=f"{LONG} {LONG}", address=LONG, stars=5)
    (said,) = pages(pdf("certificate", long))
    assert said.count("Phiêng Ban") == 5
    page = pypdf.PdfReader(io.BytesIO(pdf("certificate", long))).pages[0]
    assert page.mediabox.width > page.mediabox.height


def test_a_certificate_in_word_has_its_stars_and_its_code():
    paper = docx("certificate", certificate(stars=3))
    assert "★★★" in words(paper)
    assert "★★★★" not in words(paper)
    with zipfile.ZipFile(io.BytesIO(paper)) as packed:
        assert [name for name in packed.namelist() if name.endswith(".png")]


# --- Templates that officers edit -----------------------------------------------------------


def test_what_ships_is_what_the_words_make(tmp_path):
    call_command("make_document_templates", folder=tmp_path, verbosity=0)
    for kind in KINDS:
        with (
            zipfile.ZipFile(tmp_path / f"{kind}.docx") as made,
            zipfile.ZipFile(KINDS[kind].template) as ships,
        ):
            assert made.namelist() == ships.namelist()
            assert [name for name in made.namelist() if made.read(name) != ships.read(name)] == []


def test_what_ships_can_be_filled():
    for kind in KINDS:
        word.check_template(kind, KINDS[kind].template)
        assert all(str(label) for label in kinds.fields(kind).values())


def test_a_template_of_the_province_is_used():
    template = changed("invitation", "Kính mong quý đại biểu", "Rất mong quý vị")
    word.check_template("invitation", template)
    assert "Rất mong quý vị sắp xếp" in words(docx("invitation", sample("invitation"), template))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("{{ venue }}", "{{ dia_diem }}", "Mẫu văn bản «Giấy mời họp» dùng trường không có: dia_diem."),
        ("{{ entry.product }}", "{{ entry.san_pham }}", "Mẫu văn bản «Giấy mời họp» dùng trường không có: san_pham."),
        ("{{ venue }}", "{{ range(9) }}", "Mẫu văn bản viết sai lệnh điền: "),
        ("{{ venue }}", "{{ venue.__class__.mro() }}", "Mẫu văn bản viết sai lệnh điền: "),
        ("{{ venue }}", "{{ venue | }}", "Mẫu văn bản viết sai lệnh điền: "),
        ("{%tr for entry in entries %}", "", "Mẫu văn bản viết sai lệnh điền: "),
        ("{{ entry.product }}", "Sản phẩm", "Mẫu văn bản «Giấy mời họp» không in trường phải có: entries.product ("),
        ("{{ number_line }}", "Số: ", "Mẫu văn bản «Giấy mời họp» không in trường phải có: number ("),
    ],
)  # fmt: skip
def test_a_template_that_cannot_be_filled_is_refused_in_words(old, new, reason):
    with pytest.raises(TemplateRefused) as refused:
        word.check_template("invitation", changed("invitation", old, new))
    assert str(refused.value).startswith(reason)


#: What would take a process for hours, or all of its memory.
ENDLESS = [
    "{{ 7**(7**8) }}", "{{ 9**(9**9) }}", "{{ 'a'*600000000 }}", "{{ '%999999999d' % 1 }}",
    "{{ [0]*999999999 }}", "{{ 9 // 2 }}", "{{ venue.ljust(999999999) }}", "{{ loop() }}",
    "{{ '{:999999999}'.format(1) }}", "{{ venue|center(999999999) }}", "{{ venue|replace('', venue) }}",
    "{{ entries|batch(999999999, 'x')|list }}", "{{ venue|indent(999999999) }}",
    "{{ venue|join('aaaa')|join('aaaa') }}", "{{ venue|join(venue) }}", "{{ venue|join(d=venue) }}", "{{ '%999999999d'|format(1) }}",
    "{% if 9**(9**9) %}x{% endif %}", "{{ venue[9**(9**9)] }}", "{{ venue if 9**(9**9) }}",
    "{{ venue|default(9**(9**9)) }}", "{{ venue|default(default_value=9**(9**9)) }}",
    "{% filter center(999999999) %}x{% endfilter %}", "{{ venue is divisibleby(9**(9**9)) }}",
    "{% set a = venue ~ venue %}{% set a = a ~ a %}{{ a }}", "{% with a = venue ~ venue %}{{ a }}{% endwith %}",
    "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "{% for a in [1] * 999999999 %}{% endfor %}",
    "{% for a in entries %}{% for b in entries %}x{% endfor %}{% endfor %}",
    "{% for a in entries %}{% for b in a.x %}{% for c in a.x %}x{% endfor %}{% endfor %}{% endfor %}",
    "{% for a in entries %}{% for b in loop %}x{% endfor %}{% endfor %}",
    "{% for a in entries recursive %}{{ loop(entries) }}{% endfor %}",
    "{% for a in entries + entries %}x{% endfor %}", "{% for a in entries if 9**(9**9) %}x{% endfor %}",
]  # fmt: skip


@pytest.mark.parametrize("formula", ENDLESS)
def test_a_template_whose_work_has_no_bound_is_refused_at_once(formula):
    template = changed("invitation", "{{ venue }}", formula)
    with in_time(3), pytest.raises(TemplateRefused, match="^Mẫu văn bản viết sai lệnh điền: "):
        word.check_template("invitation", template)


@pytest.mark.parametrize(
    "formula",
    [
        "{{ venue|upper|trim }}", "{{ venue ~ ', ' ~ venue }}", "{{ venue or 'Hội trường' }}",
        "{% for each in entries %}{{ loop.index + 1 }}{{ each.product }}{% endfor %}",
        "{{ 'có' if entries|length > 3 else 'không' }}", "{{ venue|default('chưa rõ') }}",
        "{% filter upper %}{{ venue }}{% endfilter %}", "{{ entries[0].product }}",
    ],
)  # fmt: skip
def test_what_a_template_may_do(formula):
    word.check_template("invitation", changed("invitation", "{{ venue }}", formula))


@contextmanager
def in_time(seconds):
    """Ends what takes longer, also within one operation of Python's as soon as that is over."""

    def over(_signal, _frame):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("content", [b"", b"khong phai Word", "zip"])
def test_a_file_that_is_no_word_paper_is_refused(content):
    if content == "zip":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as other:
            other.writestr("a.txt", "a")
        content = packed.getvalue()
    with pytest.raises(TemplateRefused, match="không phải văn bản Word"):
        word.check_template("minutes", content)


def test_a_template_that_leads_out_of_itself_is_refused():
    paper = Document(KINDS["minutes"].template)
    link = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
    paper.part.relate_to("https://example.vn/x.png", link, is_external=True)
    leading = io.BytesIO()
    paper.save(leading)
    with pytest.raises(TemplateRefused, match="liên kết ra ngoài"):
        word.check_template("minutes", leading.getvalue())
    # Nor by the codes of fields, whole or cut into runs, in any part; those of its pages may stay.
    for codes, leads in (
        (["PAGE", " NUMPAGES "], False),
        (['INCLUDEPICTURE "http://10.0.0.1/x.png"'], True),
        (["INCL", 'UDETEXT "//share/x.docx"'], True),
        ([" ddeauto c:/x "], True),
        (["DATABASE \\d //share/x.mdb"], True),
        # As it is filled, words come together that stand apart in the template.
        (['INCL{{ "" }}UDEPICTURE "http://10.0.0.1/x.png"'], True),
        (['{{ "INCLUDE" }}{{ "TEXT" }} "//share/x.docx"'], True),
    ):
        for part in ("body", "footer"):
            paper = Document(KINDS["minutes"].template)
            where = paper if part == "body" else paper.sections[0].footer
            for code in codes:
                run = where.add_paragraph().add_run()._r
                run.append(run.makeelement(qn("w:instrText"), {}))
                run[-1].text = code
            leading = io.BytesIO()
            paper.save(leading)
            if leads:
                with pytest.raises(TemplateRefused, match="liên kết ra ngoài"):
                    word.check_template("minutes", leading.getvalue())
            else:
                word.check_template("minutes", leading.getvalue())


def test_a_template_that_unpacks_to_very_much_is_refused():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as other:
        other.writestr("word/document.xml", b" " * (filling.LARGEST + 1))
    with pytest.raises(TemplateRefused, match="quá lớn"):
        word.check_template("minutes", packed.getvalue())
