"""Make the Word templates in councils/docx from the texts in councils/papers/wording.py."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation
from docx import Document
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from councils.papers.kinds import KINDS, TEMPLATES
from councils.papers.wording import OUTLINES, Appendix, Table, Text

FONT = "Times New Roman"
ALIGN = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
    "both": WD_ALIGN_PARAGRAPH.JUSTIFY,
}
RED = RGBColor(0xA6, 0x1B, 0x1B)
GOLD = RGBColor(0xC8, 0x96, 0x1E)


class Command(BaseCommand):
    """Write every ``councils/docx/<kind>.docx`` (mẫu văn bản); same texts give the same bytes."""

    help = "Tạo lại các mẫu Word đi kèm phần mềm từ lời văn trong mã nguồn."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--folder", type=Path, default=TEMPLATES, help="thư mục ghi mẫu")

    def handle(self, *, folder: Path, verbosity: int, **options: Any) -> None:
        folder.mkdir(exist_ok=True)
        for kind in KINDS:
            (folder / f"{kind}.docx").write_bytes(template(kind))
            if verbosity:
                self.stdout.write(f"{kind}.docx")


def template(kind: str) -> bytes:
    """The Word template of a kind as bytes."""
    paper = Document()
    _page(paper)
    if kind == "certificate":
        _certificate(paper)
    elif kind == "score_sheet":
        _head(paper, numbered=False)
        _score_sheet(paper)
    else:
        outline = OUTLINES[kind]
        _head(paper, subject="" if outline.title else outline.subject)
        if outline.title:
            _title(paper, outline.title, outline.subject)
        else:
            _gap(paper)
        appendix = False
        for block in outline.blocks:
            if isinstance(block, Appendix):
                _foot(paper, kind)
                _appendix(paper, block)
                appendix = True
            elif isinstance(block, Table):
                _table(paper, block)
            else:
                # Keep the last paragraph with the signature, which may not stand alone on a page.
                _text(paper, block, keep=block is outline.blocks[-1])
        if not appendix:
            _foot(paper, kind)
    with translation.override("vi"):
        return _saved(paper, str(KINDS[kind].code.label))


# --- The frame ------------------------------------------------------------------------------


def _page(paper: Any) -> None:
    """A4, margins and letters by Nghị định 30/2020/NĐ-CP, Phụ lục I."""
    # A new document has an empty paragraph: remove it.
    for paragraph in paper.paragraphs:
        paragraph._p.getparent().remove(paragraph._p)
    normal = paper.styles["Normal"]
    normal.font.name, normal.font.size = FONT, Pt(13)
    fonts = normal.element.rPr.rFonts
    for script in ("w:eastAsia", "w:cs", "w:hAnsi"):
        fonts.set(qn(script), FONT)
    normal.paragraph_format.space_after = Pt(6)
    normal.paragraph_format.line_spacing = 1.0
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "vi-VN")
    normal.element.rPr.append(language)
    section = paper.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin = section.bottom_margin = Mm(20)
    section.left_margin, section.right_margin = Mm(30), Mm(15)
    section.header_distance = Mm(9)
    section.different_first_page_header_footer = True
    _field(_write(section.header.paragraphs[0], align="center", after=0), "PAGE")


def _field(paragraph: Any, name: str) -> None:
    for sort, text in (("begin", None), (None, name), ("end", None)):
        run = paragraph.add_run()
        if sort:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), sort)
        else:
            mark = OxmlElement("w:instrText")
            mark.text = text
        run._r.append(mark)


def _write(
    paragraph: Any,
    text: str = "",
    *,
    lead: str = "",
    align: str = "both",
    size: float | None = None,
    bold: bool | None = None,
    italic: bool | None = None,
    color: RGBColor | None = None,
    before: float | None = None,
    after: float | None = None,
    indent: float | None = None,
    left: float | None = None,
    keep: bool = False,
) -> Any:
    """Write ``text`` into a paragraph; sizes and spaces in points, indents in mm."""
    form = paragraph.paragraph_format
    paragraph.alignment = ALIGN[align]
    form.space_before = None if before is None else Pt(before)
    form.space_after = None if after is None else Pt(after)
    form.first_line_indent = None if indent is None else Mm(indent)
    form.left_indent = None if left is None else Mm(left)
    form.keep_with_next = keep or None
    for words, strong in ((lead, True), (" " if lead and text else "", None), (text, bold)):
        if words:
            run = paragraph.add_run(words)
            run.bold, run.italic = strong, italic
            if size:
                run.font.size = Pt(size)
            if color is not None:
                run.font.color.rgb = color
    return paragraph


def _rule(paragraph: Any, indent: float) -> None:
    """Draw a line below the paragraph, ``indent`` mm from either side."""
    form = paragraph.paragraph_format
    form.left_indent = form.right_indent = Mm(indent)
    form.space_before, form.space_after = Pt(4), Pt(0)
    form.line_spacing = Pt(6)
    borders = OxmlElement("w:pBdr")
    _set(borders, "w:top", val="single", sz="6", space="1", color="000000")
    # The schema wants borders before spacing and indents.
    paragraph._p.get_or_add_pPr().insert_element_before(
        borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr"
    )


def _set(parent: Any, tag: str, **values: str) -> Any:
    element = OxmlElement(tag)
    for name, value in values.items():
        element.set(qn(f"w:{name}"), value)
    parent.append(element)
    return element


def _grid(paper: Any, widths: Sequence[float], *, lines: bool = False) -> Any:
    """An empty table with columns of these widths in mm, with ``lines`` or invisible."""
    table = paper.add_table(rows=0, cols=len(widths))
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    if lines:
        table.style = "Table Grid"
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        _set(margins, f"w:{side}", w="70" if lines else "0", type="dxa")
    # Word wants its elements in the order of the schema.
    table._tbl.tblPr.insert_element_before(margins, "w:tblLook")
    return table


def _row(table: Any, widths: Sequence[float], *, header: bool = False) -> Any:
    row = table.add_row()
    properties = row._tr.get_or_add_trPr()
    _set(properties, "w:cantSplit")
    if header:
        _set(properties, "w:tblHeader")
    for cell, width in zip(row.cells, widths, strict=True):
        cell.width = Mm(width)
    return row.cells


def _control(table: Any, widths: Sequence[float], tag: str) -> None:
    """A row that holds only a control tag of docxtpl, and is gone when the template is filled."""
    _row(table, widths)[0].paragraphs[0].add_run(f"{{%tr {tag} %}}")


def _paragraph_control(place: Any, tag: str) -> None:
    """A paragraph that holds only a control tag, in a document or a cell."""
    place.add_paragraph(f"{{%p {tag} %}}")


def _head(paper: Any, *, subject: str = "", numbered: bool = True) -> None:
    widths = (70, 95)
    table = _grid(paper, widths)
    left, right = _row(table, widths)
    centred: dict[str, Any] = {"align": "center", "after": 0}
    _write(left.paragraphs[0], "{%p if parent %}")
    _write(left.add_paragraph(), "{{ parent|upper }}", size=12, **centred)
    _paragraph_control(left, "endif")
    _write(left.add_paragraph(), "{{ agency|upper }}", size=12, bold=True, **centred)
    _rule(left.add_paragraph(), 24)
    _write(right.paragraphs[0], "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", size=12, bold=True, **centred)
    _write(right.add_paragraph(), "Độc lập - Tự do - Hạnh phúc", size=13, bold=True, **centred)
    _rule(right.add_paragraph(), 18)
    left, right = _row(table, widths)
    _write(left.paragraphs[0], "{{ number_line }}" if numbered else "", **centred)
    if subject:
        _write(left.add_paragraph(), subject, size=12, align="center", before=6, after=0)
    _write(right.paragraphs[0], "{{ place_and_date }}", italic=True, **centred)


def _title(paper: Any, title: str, subject: str) -> None:
    _write(
        paper.add_paragraph(), title.upper(), align="center", size=14, bold=True, before=14, after=0
    )
    _write(paper.add_paragraph(), subject, align="center", size=14, bold=True, after=2)
    _rule(paper.add_paragraph(), 62)


def _foot(paper: Any, kind: str) -> None:
    """Recipients (nơi nhận) on the left, signature on the right; or two signatures."""
    _gap(paper)
    widths = (80, 85)
    table = _grid(paper, widths)
    left, right = _row(table, widths)
    if kind != "minutes":
        _recipients(left)
        _signer(right, "signature")
        return
    _capacity(left, "secretary")
    _capacity(right, "signature")
    # Names in a row of their own, so that they are level.
    left, right = _row(table, widths)
    _name(left.paragraphs[0], "secretary")
    _name(right.paragraphs[0], "signature")
    _gap(paper)
    _recipients(_row(_grid(paper, widths), widths)[0])


def _gap(paper: Any) -> None:
    """An empty paragraph between two tables, which Word would join otherwise."""
    form = _write(paper.add_paragraph(), after=0, keep=True).paragraph_format
    form.line_spacing = Pt(8)


def _recipients(cell: Any) -> None:
    _write(cell.paragraphs[0], "Nơi nhận:", size=12, bold=True, italic=True, align="left", after=0)
    _paragraph_control(cell, "for line in recipients")
    _write(cell.add_paragraph(), "- {{ line }}", size=11, align="left", after=0)
    _paragraph_control(cell, "endfor")


def _signer(cell: Any, who: str) -> None:
    _capacity(cell, who)
    _name(cell.add_paragraph(), who)


def _capacity(cell: Any, who: str) -> None:
    _write(cell.paragraphs[0], f"{{%p for line in {who}.lines %}}")
    _write(cell.add_paragraph(), "{{ line|upper }}", align="center", bold=True, after=0, keep=True)
    _paragraph_control(cell, "endfor")


def _name(paragraph: Any, who: str, room: float = 66) -> None:
    """The name, with ``room`` points above it for signature and stamp."""
    _write(paragraph, f"{{{{ {who}.name }}}}", align="center", bold=True, before=room, after=0)


# --- The body -------------------------------------------------------------------------------

STYLES: dict[str, dict[str, Any]] = {
    "body": {"indent": 10},
    "basis": {"indent": 10, "italic": True},
    "to": {"left": 30},
    "heading": {"bold": True, "before": 8, "keep": True, "align": "left"},
    "authority": {"bold": True, "align": "center", "before": 8, "keep": True},
}


def _text(paper: Any, block: Text, *, keep: bool = False) -> None:
    _open(paper, block)
    style = STYLES[block.style] | ({} if block.text and not keep else {"keep": True})
    _write(paper.add_paragraph(), block.text, lead=block.lead, **style)
    _close(paper, block)


def _table(paper: Any, block: Table) -> None:
    widths = [column.width for column in block.columns]
    if block.when:
        _paragraph_control(paper, f"if {block.when}")
    table = _grid(paper, widths, lines=True)
    for cell, column in zip(_row(table, widths, header=True), block.columns, strict=True):
        _cell(cell, column.head, align="center", bold=True)
    _control(table, widths, f"for {block.each}")
    for cell, column in zip(_row(table, widths), block.columns, strict=True):
        _cell(cell, column.text, align=column.align)
    _control(table, widths, "endfor")
    _gap(paper)
    if block.when:
        _paragraph_control(paper, "endif")


def _cell(cell: Any, text: str, *, align: str = "left", **options: Any) -> None:
    _write(cell.paragraphs[0], text, align=align, before=2, after=2, size=11.5, **options)


def _open(paper: Any, block: Any) -> None:
    if block.when:
        _paragraph_control(paper, f"if {block.when}")
    if block.each:
        _paragraph_control(paper, f"for {block.each}")


def _close(paper: Any, block: Any) -> None:
    if block.each:
        _paragraph_control(paper, "endfor")
    if block.when:
        _paragraph_control(paper, "endif")


def _appendix(paper: Any, block: Appendix) -> None:
    section = paper.add_section(WD_SECTION.NEW_PAGE)
    number = OxmlElement("w:pgNumType")
    number.set(qn("w:start"), "1")
    section._sectPr.insert_element_before(number, "w:cols", "w:titlePg", "w:docGrid")
    _write(
        paper.add_paragraph(), f"{{% filter upper %}}{block.title}{{% endfilter %}}",
        align="center", size=14, bold=True, after=4,
    )  # fmt: skip
    _write(paper.add_paragraph(), block.note, align="center", italic=True, after=8)


# --- The score sheet and the certificate ----------------------------------------------------

DOTS = "…" * 22
TICK = '{{ "☒" if %s.chosen else "☐" }}'


def _score_sheet(paper: Any) -> None:
    _paragraph_control(paper, "if draft")
    _write(
        paper.add_paragraph(), "BẢN NHÁP – chưa nạp lời văn chính thức",
        align="center", bold=True, before=12, after=0,
    )  # fmt: skip
    _write(
        paper.add_paragraph(),
        "Mã, điểm, mức tối thiểu đúng theo quyết định; tên mức là cách gọi ngắn của phần mềm. "
        "Khi chấm hãy đọc kèm phụ lục chính thức.",
        align="center",
        size=10.5,
    )
    _paragraph_control(paper, "endif")
    _title(paper, "Phiếu đánh giá", "Sản phẩm OCOP {{ round }}")
    for lead, name in (
        ("Sản phẩm:", "product"),
        ("Chủ thể:", "producer"),
        ("Địa chỉ:", "commune"),
        ("Bộ tiêu chí:", "rubric"),
        ("Thành viên chấm:", "member"),
        ("Chức vụ, đơn vị:", "position"),
        ("Nhiệm vụ:", "role"),
    ):
        _write(
            paper.add_paragraph(), f'{{{{ {name} or "{DOTS}" }}}}', lead=lead, align="left", after=3
        )
    _write(
        paper.add_paragraph(),
        "Mỗi tiêu chí chọn đúng một mức. Dấu ***, ****, ***** là mức tối thiểu phải đạt để được "
        "xếp hạng 3, 4, 5 sao.",
        italic=True,
        size=11,
        before=6,
    )
    _paragraph_control(paper, "if eliminations")
    _write(paper.add_paragraph(), lead="Sản phẩm bị loại khi", keep=True, after=2)
    _paragraph_control(paper, "for each in eliminations")
    _write(paper.add_paragraph(), TICK % "each" + " {{ each.label }}", align="left", after=2)
    _paragraph_control(paper, "endfor")
    _paragraph_control(paper, "endif")
    _paragraph_control(paper, "for part in parts")
    _write(
        paper.add_paragraph(), lead="PHẦN {{ part.code }} ({{ part.points }} điểm)",
        before=10, keep=True,
    )  # fmt: skip
    _criteria(paper)
    _paragraph_control(paper, "endfor")
    _write(
        paper.add_paragraph(),
        '{{ total or "……………" }} / 100',
        lead="Tổng điểm:",
        before=10,
        keep=True,
    )
    _write(paper.add_paragraph(), "{{ opinion }}", lead="Nhận xét chung:", after=40, keep=True)
    widths = (80, 85)
    _signer(_row(_grid(paper, widths), widths)[1], "signature")


def _criteria(paper: Any) -> None:
    """The table of one part; the remark of a criterion spans its options."""
    widths = (13, 104, 14, 34)
    table = _grid(paper, widths, lines=True)
    heads = ("Mã", "Tiêu chí, mức điểm", "Điểm", "Nhận xét")
    for cell, head in zip(_row(table, widths, header=True), heads, strict=True):
        _cell(cell, head, align="center", bold=True)
    _control(table, widths, "for row in part.rows")
    _control(table, widths, "if row.heading")
    cells = _row(table, widths)
    _cell(
        cells[0].merge(cells[3]),
        "{{ row.code }}. {{ row.label }} ({{ row.points }} điểm)",
        bold=True,
    )
    _control(table, widths, "else")
    code, label, points, remark = _row(table, widths)
    _cell(code, "{{ row.code }}", bold=True, keep=True)
    _cell(label, "{{ row.label }}", bold=True, keep=True)
    _paragraph_control(label, "for note in row.notes")
    _write(label.add_paragraph(), "{{ note }}", align="left", italic=True, size=11.5, after=2)
    _paragraph_control(label, "endfor")
    _cell(points, "{{ row.points }}", align="center", bold=True)
    _cell(remark, "{{ row.remark }}")
    _span(remark, "restart")
    _control(table, widths, "for option in row.options")
    _control(table, widths, "if option.case")
    _first, case, last, remark = _row(table, widths)
    _cell(case.merge(last), "{{ option.case }}", italic=True)
    _span(remark, "continue")
    _control(table, widths, "else")
    tick, label, points, remark = _row(table, widths)
    _cell(tick, TICK % "option", align="center")
    _cell(label, "{{ option.label }} {{ option.minimum }}")
    _cell(points, "{{ option.points }}", align="center")
    _span(remark, "continue")
    for tag in ("endif", "endfor", "endif", "endfor"):
        _control(table, widths, tag)
    cells = _row(table, widths)
    _cell(cells[0].merge(cells[1]), "Cộng phần {{ part.code }}", align="right", bold=True)
    _cell(cells[2].merge(cells[3]), '{{ part.total or "………" }} / {{ part.points }}', bold=True)


def _span(cell: Any, how: str) -> None:
    _set(cell._tc.get_or_add_tcPr(), "w:vMerge", val=how)


def _certificate(paper: Any) -> None:
    section = paper.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(297), Mm(210)
    section.left_margin = section.right_margin = Mm(24)
    section.top_margin = section.bottom_margin = Mm(17)
    borders = OxmlElement("w:pgBorders")
    borders.set(qn("w:offsetFrom"), "page")
    for side in ("top", "left", "bottom", "right"):
        _set(borders, f"w:{side}", val="thinThickSmallGap", sz="24", space="24", color=str(RED))
    section._sectPr.insert_element_before(borders, "w:cols", "w:titlePg", "w:docGrid")

    def line(text: str, size: float, *, after: float = 4, **options: Any) -> Any:
        _write(paper.add_paragraph(), text, align="center", size=size, after=after, **options)

    line("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 13, bold=True, after=0)
    line("Độc lập - Tự do - Hạnh phúc", 14, bold=True, after=0)
    _rule(paper.add_paragraph(), 96)
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
    left, right = _row(_grid(paper, widths), widths)
    _write(left.paragraphs[0], "{{ qr }}", align="left", before=12, after=4)
    _write(left.add_paragraph(), "{{ number_line }}", align="left", size=11, after=0)
    _write(right.paragraphs[0], "{{ place_and_date }}", align="center", italic=True, after=0)
    _paragraph_control(right, "for line in signature.lines")
    _write(right.add_paragraph(), "{{ line|upper }}", align="center", bold=True, after=0)
    _paragraph_control(right, "endfor")
    _name(right.add_paragraph(), "signature", room=48)


# --- The file -------------------------------------------------------------------------------


def _saved(paper: Any, title: str) -> bytes:
    """The document as bytes: without time of creation and with its parts in a fixed order, so that
    the same texts give the same bytes.
    """
    paper.core_properties.title = title
    paper.core_properties.author = paper.core_properties.comments = ""
    for owner in (paper.part.package, paper.part):
        for key, relation in list(owner.rels.items()):
            # Left over from python-docx's default template: a thumbnail, styles for Word 2007.
            if relation.reltype.endswith(("/thumbnail", "/stylesWithEffects", "/customXml")):
                del owner.rels[key]
    loose = io.BytesIO()
    paper.save(loose)
    fixed = io.BytesIO()
    with zipfile.ZipFile(loose) as source, zipfile.ZipFile(fixed, "w") as packed:
        for name in source.namelist():
            packed.writestr(
                zipfile.ZipInfo(name), source.read(name), compress_type=zipfile.ZIP_DEFLATED
            )
    return fixed.getvalue()
