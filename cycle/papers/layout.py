"""The Word templates that ship (mẫu văn bản), made of the words of each kind."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

from django.utils import translation
from django.utils.module_loading import import_string
from docx import Document
from docx.enum.section import WD_SECTION
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from cycle.papers.kinds import KINDS
from cycle.papers.wording import Appendix, Table, Text

FONT = "Times New Roman"
ALIGN = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
    "both": WD_ALIGN_PARAGRAPH.JUSTIFY,
}


def template(kind: str) -> bytes:
    """The Word template of a kind as bytes; same texts give the same bytes."""
    paper = Document()
    _page(paper)
    outline = KINDS[kind].outline
    if outline is None:
        import_string(KINDS[kind].drawn_by)(paper)
    else:
        numbered = KINDS[kind].numbered
        head(paper, subject="" if outline.title else outline.subject, numbered=numbered)
        if outline.title:
            title(paper, outline.title, outline.subject)
        else:
            _gap(paper)
        attached = [isinstance(block, Appendix) for block in outline.blocks]
        ends = attached.index(True) if True in attached else len(attached)
        for number, block in enumerate(outline.blocks):
            if isinstance(block, Appendix):
                _appendix(paper, block)
            elif isinstance(block, Table):
                _table(paper, block)
            else:
                # Keep the last paragraph with the signature, which may not stand alone on a page.
                _text(paper, block, keep=number == ends - 1)
            if number == ends - 1:
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
    _field(write(section.header.paragraphs[0], align="center", after=0), "PAGE")


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


def write(
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


def rule(paragraph: Any, indent: float) -> None:
    """Draw a line below the paragraph, ``indent`` mm from either side."""
    form = paragraph.paragraph_format
    form.left_indent = form.right_indent = Mm(indent)
    form.space_before, form.space_after = Pt(4), Pt(0)
    form.line_spacing = Pt(6)
    borders = OxmlElement("w:pBdr")
    set_value(borders, "w:top", val="single", sz="6", space="1", color="000000")
    # The schema wants borders before spacing and indents.
    paragraph._p.get_or_add_pPr().insert_element_before(
        borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr"
    )


def set_value(parent: Any, tag: str, **values: str) -> Any:
    element = OxmlElement(tag)
    for name, value in values.items():
        element.set(qn(f"w:{name}"), value)
    parent.append(element)
    return element


def grid(paper: Any, widths: Sequence[float], *, lines: bool = False) -> Any:
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
        set_value(margins, f"w:{side}", w="70" if lines else "0", type="dxa")
    # Word wants its elements in the order of the schema.
    table._tbl.tblPr.insert_element_before(margins, "w:tblLook")
    return table


def row(table: Any, widths: Sequence[float], *, header: bool = False, whole: bool = True) -> Any:
    """A row; one that is not kept ``whole`` may go over a page: else Word cuts off what a page does
    not hold.
    """
    row = table.add_row()
    properties = row._tr.get_or_add_trPr()
    if whole:
        set_value(properties, "w:cantSplit")
    if header:
        set_value(properties, "w:tblHeader")
    for cell, width in zip(row.cells, widths, strict=True):
        cell.width = Mm(width)
    return row.cells


def control(table: Any, widths: Sequence[float], tag: str) -> None:
    """A row that holds only a control tag of docxtpl, and is gone when the template is filled."""
    row(table, widths)[0].paragraphs[0].add_run(f"{{%tr {tag} %}}")


def paragraph_control(place: Any, tag: str) -> None:
    """A paragraph that holds only a control tag, in a document or a cell."""
    place.add_paragraph(f"{{%p {tag} %}}")


def head(paper: Any, *, subject: str = "", numbered: bool = True) -> None:
    widths = (70, 95)
    table = grid(paper, widths)
    left, right = row(table, widths)
    centred: dict[str, Any] = {"align": "center", "after": 0}
    write(left.paragraphs[0], "{%p if parent %}")
    write(left.add_paragraph(), "{{ parent|upper }}", size=12, **centred)
    paragraph_control(left, "endif")
    write(left.add_paragraph(), "{{ agency|upper }}", size=12, bold=True, **centred)
    rule(left.add_paragraph(), 24)
    write(right.paragraphs[0], "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", size=12, bold=True, **centred)
    write(right.add_paragraph(), "Độc lập - Tự do - Hạnh phúc", size=13, bold=True, **centred)
    rule(right.add_paragraph(), 18)
    left, right = row(table, widths)
    write(left.paragraphs[0], "{{ number_line }}" if numbered else "", **centred)
    if subject:
        write(left.add_paragraph(), subject, size=12, align="center", before=6, after=0)
    write(right.paragraphs[0], "{{ place_and_date }}", italic=True, **centred)


def title(paper: Any, title: str, subject: str) -> None:
    write(
        paper.add_paragraph(), title.upper(), align="center", size=14, bold=True, before=14, after=0
    )
    write(paper.add_paragraph(), subject, align="center", size=14, bold=True, after=2)
    rule(paper.add_paragraph(), 62)


def _foot(paper: Any, kind: str) -> None:
    """Recipients (nơi nhận) on the left, signature on the right; or two signatures."""
    _gap(paper)
    widths = (80, 85)
    table = grid(paper, widths)
    left, right = row(table, widths)
    if "secretary" not in KINDS[kind].data.__annotations__:
        _recipients(left)
        signer(right, "signature")
        return
    _capacity(left, "secretary")
    _capacity(right, "signature")
    # Names in a row of their own, so that they are level.
    left, right = row(table, widths)
    name(left.paragraphs[0], "secretary")
    name(right.paragraphs[0], "signature")
    _gap(paper)
    _recipients(row(grid(paper, widths), widths)[0])


def _gap(paper: Any) -> None:
    """An empty paragraph between two tables, which Word would join otherwise."""
    form = write(paper.add_paragraph(), after=0, keep=True).paragraph_format
    form.line_spacing = Pt(8)


def _recipients(cell: Any) -> None:
    write(cell.paragraphs[0], "Nơi nhận:", size=12, bold=True, italic=True, align="left", after=0)
    paragraph_control(cell, "for line in recipients")
    write(cell.add_paragraph(), "- {{ line }}", size=11, align="left", after=0)
    paragraph_control(cell, "endfor")


def signer(cell: Any, who: str) -> None:
    _capacity(cell, who)
    name(cell.add_paragraph(), who)


def _capacity(cell: Any, who: str) -> None:
    write(cell.paragraphs[0], f"{{%p for line in {who}.lines %}}")
    write(cell.add_paragraph(), "{{ line|upper }}", align="center", bold=True, after=0, keep=True)
    paragraph_control(cell, "endfor")


def name(paragraph: Any, who: str, room: float = 66) -> None:
    """The name, with ``room`` points above it for signature and stamp."""
    write(paragraph, f"{{{{ {who}.name }}}}", align="center", bold=True, before=room, after=0)


# --- The body -------------------------------------------------------------------------------

STYLES: dict[str, dict[str, Any]] = {
    "body": {"indent": 10},
    "basis": {"indent": 10, "italic": True},
    "to": {"left": 30},
    "heading": {"bold": True, "before": 8, "keep": True, "align": "left"},
    "note": {"bold": True, "align": "center", "before": 8},
    "authority": {"bold": True, "align": "center", "before": 8, "keep": True},
}


def _text(paper: Any, block: Text, *, keep: bool = False) -> None:
    _open(paper, block)
    # What ends in a colon stays with what follows.
    keep = keep or (block.lead + block.text).endswith(":")
    style = STYLES[block.style] | ({"keep": True} if keep else {})
    write(paper.add_paragraph(), block.text, lead=block.lead, **style)
    _close(paper, block)


def _table(paper: Any, block: Table) -> None:
    widths = [column.width for column in block.columns]
    if block.when:
        paragraph_control(paper, f"if {block.when}")
    table = grid(paper, widths, lines=True)
    for cell, column in zip(row(table, widths, header=True), block.columns, strict=True):
        cell_text(cell, column.head, align="center", bold=True)
    control(table, widths, f"for {block.each}")
    whole = not any(column.free for column in block.columns)
    for cell, column in zip(row(table, widths, whole=whole), block.columns, strict=True):
        cell_text(cell, column.text, align=column.align)
    control(table, widths, "endfor")
    _gap(paper)
    if block.when:
        paragraph_control(paper, "endif")


def cell_text(cell: Any, text: str, *, align: str = "left", **options: Any) -> None:
    write(cell.paragraphs[0], text, align=align, before=2, after=2, size=11.5, **options)


def _open(paper: Any, block: Text) -> None:
    if block.when:
        paragraph_control(paper, f"if {block.when}")
    if block.unless:
        paragraph_control(paper, f"if not {block.unless}")
    if block.each:
        paragraph_control(paper, f"for {block.each}")


def _close(paper: Any, block: Text) -> None:
    if block.each:
        paragraph_control(paper, "endfor")
    if block.unless:
        paragraph_control(paper, "endif")
    if block.when:
        paragraph_control(paper, "endif")


def _appendix(paper: Any, block: Appendix) -> None:
    section = paper.add_section(WD_SECTION.NEW_PAGE)
    number = OxmlElement("w:pgNumType")
    number.set(qn("w:start"), "1")
    section._sectPr.insert_element_before(number, "w:cols", "w:titlePg", "w:docGrid")
    write(
        paper.add_paragraph(), f"{{% filter upper %}}{block.title}{{% endfilter %}}",
        align="center", size=14, bold=True, after=4,
    )  # fmt: skip
    write(paper.add_paragraph(), block.note, align="center", italic=True, after=8)


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
