"""The Word templates of a council's documents that are drawn by themselves."""

from __future__ import annotations

from typing import Any

from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, RGBColor

from cycle.papers.layout import (
    cell_text,
    control,
    grid,
    head,
    name,
    paragraph_control,
    row,
    rule,
    set_value,
    signer,
    title,
    write,
)

RED = RGBColor(0xA6, 0x1B, 0x1B)
GOLD = RGBColor(0xC8, 0x96, 0x1E)


# --- The score sheet ------------------------------------------------------------------------

DOTS = "…" * 22
TICK = '{{ "☒" if %s.chosen else "☐" }}'


def score_sheet(paper: Any) -> None:
    """The score sheet (phiếu chấm điểm)."""
    head(paper, numbered=False)
    paragraph_control(paper, "if draft")
    write(
        paper.add_paragraph(), "BẢN NHÁP – chưa nạp lời văn chính thức",
        align="center", bold=True, before=12, after=0,
    )  # fmt: skip
    write(
        paper.add_paragraph(),
        "Mã, điểm, mức tối thiểu đúng theo quyết định; tên mức là cách gọi ngắn của phần mềm. "
        "Khi chấm hãy đọc kèm phụ lục chính thức.",
        align="center",
        size=10.5,
    )
    paragraph_control(paper, "endif")
    title(paper, "Phiếu đánh giá", "Sản phẩm OCOP {{ round }}")
    for lead, field in (
        ("Sản phẩm:", "product"),
        ("Chủ thể:", "producer"),
        ("Địa chỉ:", "commune"),
        ("Bộ tiêu chí:", "rubric"),
        ("Thành viên chấm:", "member"),
        ("Chức vụ, đơn vị:", "position"),
        ("Nhiệm vụ:", "role"),
    ):
        write(
            paper.add_paragraph(),
            f'{{{{ {field} or "{DOTS}" }}}}',
            lead=lead,
            align="left",
            after=3,
        )
    write(
        paper.add_paragraph(),
        "Mỗi tiêu chí chọn đúng một mức. Dấu ***, ****, ***** là mức tối thiểu phải đạt để được "
        "xếp hạng 3, 4, 5 sao.",
        italic=True,
        size=11,
        before=6,
    )
    paragraph_control(paper, "if eliminations")
    write(paper.add_paragraph(), lead="Sản phẩm bị loại khi", keep=True, after=2)
    paragraph_control(paper, "for each in eliminations")
    write(paper.add_paragraph(), TICK % "each" + " {{ each.label }}", align="left", after=2)
    paragraph_control(paper, "endfor")
    paragraph_control(paper, "endif")
    paragraph_control(paper, "for part in parts")
    write(
        paper.add_paragraph(), lead="PHẦN {{ part.code }} ({{ part.points }} điểm)",
        before=10, keep=True,
    )  # fmt: skip
    _criteria(paper)
    paragraph_control(paper, "endfor")
    write(
        paper.add_paragraph(),
        '{{ total or "……………" }} / 100',
        lead="Tổng điểm:",
        before=10,
        keep=True,
    )
    write(paper.add_paragraph(), "{{ opinion }}", lead="Nhận xét chung:", after=40, keep=True)
    widths = (80, 85)
    signer(row(grid(paper, widths), widths)[1], "signature")


def _criteria(paper: Any) -> None:
    """The table of one part; the remark of a criterion spans its options."""
    widths = (13, 104, 14, 34)
    table = grid(paper, widths, lines=True)
    heads = ("Mã", "Tiêu chí, mức điểm", "Điểm", "Nhận xét")
    for cell, words in zip(row(table, widths, header=True), heads, strict=True):
        cell_text(cell, words, align="center", bold=True)
    control(table, widths, "for row in part.rows")
    control(table, widths, "if row.heading")
    cells = row(table, widths)
    cell_text(
        cells[0].merge(cells[3]),
        "{{ row.code }}. {{ row.label }} ({{ row.points }} điểm)",
        bold=True,
    )
    control(table, widths, "else")
    code, label, points, remark = row(table, widths)
    cell_text(code, "{{ row.code }}", bold=True, keep=True)
    cell_text(label, "{{ row.label }}", bold=True, keep=True)
    paragraph_control(label, "for note in row.notes")
    write(label.add_paragraph(), "{{ note }}", align="left", italic=True, size=11.5, after=2)
    paragraph_control(label, "endfor")
    cell_text(points, "{{ row.points }}", align="center", bold=True)
    cell_text(remark, "{{ row.remark }}")
    _span(remark, "restart")
    control(table, widths, "for option in row.options")
    control(table, widths, "if option.case")
    _first, case, last, remark = row(table, widths)
    cell_text(case.merge(last), "{{ option.case }}", italic=True)
    _span(remark, "continue")
    control(table, widths, "else")
    tick, label, points, remark = row(table, widths)
    cell_text(tick, TICK % "option", align="center")
    cell_text(label, "{{ option.label }} {{ option.minimum }}")
    cell_text(points, "{{ option.points }}", align="center")
    _span(remark, "continue")
    for tag in ("endif", "endfor", "endif", "endfor"):
        control(table, widths, tag)
    cells = row(table, widths)
    cell_text(cells[0].merge(cells[1]), "Cộng phần {{ part.code }}", align="right", bold=True)
    cell_text(cells[2].merge(cells[3]), '{{ part.total or "………" }} / {{ part.points }}', bold=True)


def _span(cell: Any, how: str) -> None:
    set_value(cell._tc.get_or_add_tcPr(), "w:vMerge", val=how)


# --- The certificate ------------------------------------------------------------------------


def certificate(paper: Any) -> None:
    """The certificate (giấy chứng nhận), across."""
    section = paper.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(297), Mm(210)
    section.left_margin = section.right_margin = Mm(24)
    section.top_margin = section.bottom_margin = Mm(17)
    borders = OxmlElement("w:pgBorders")
    borders.set(qn("w:offsetFrom"), "page")
    for side in ("top", "left", "bottom", "right"):
        set_value(
            borders, f"w:{side}", val="thinThickSmallGap", sz="24", space="24", color=str(RED)
        )
    section._sectPr.insert_element_before(borders, "w:cols", "w:titlePg", "w:docGrid")

    def line(text: str, size: float, *, after: float = 4, **options: Any) -> Any:
        write(paper.add_paragraph(), text, align="center", size=size, after=after, **options)

    line("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 13, bold=True, after=0)
    line("Độc lập - Tự do - Hạnh phúc", 14, bold=True, after=0)
    rule(paper.add_paragraph(), 96)
    line("{{ agency|upper }}", 15, bold=True, before=20)
    line("GIẤY CHỨNG NHẬN", 34, bold=True, color=RED, before=8, after=0)
    line("SẢN PHẨM CHƯƠNG TRÌNH MỖI XÃ MỘT SẢN PHẨM (OCOP)", 15)
    line("{{ product }}", 24, bold=True, before=16)
    line("Chủ thể: {{ producer }}", 15)
    line("Địa chỉ: {{ address }}", 14)
    line('{{ "★" * stars }}', 34, color=GOLD, before=6, after=0)
    line("Đạt hạng {{ stars }} sao", 16, bold=True, color=RED)
    line("Theo {{ decision }}. Có giá trị đến ngày {{ valid_until }}.", 13, after=16)
    widths = (124, 125)
    left, right = row(grid(paper, widths), widths)
    write(left.paragraphs[0], "{{ qr }}", align="left", before=12, after=4)
    write(left.add_paragraph(), "{{ number_line }}", align="left", size=11, after=0)
    write(right.paragraphs[0], "{{ place_and_date }}", align="center", italic=True, after=0)
    paragraph_control(right, "for line in signature.lines")
    write(right.add_paragraph(), "{{ line|upper }}", align="center", bold=True, after=0)
    paragraph_control(right, "endfor")
    name(right.add_paragraph(), "signature", room=48)
