"""Every kind of paper with the hardest names: nothing is cut, laid over something else or lost, in PDF
and Word alike.
"""

import io
import re
import unicodedata
from functools import cache

import pypdf
import pytest
from docx import Document
from docx.oxml.ns import qn
from pypdf._text_extraction import _layout_mode as layout
from pypdf.generic import ContentStream

from cycle.papers import word
from cycle.papers.kinds import KINDS, blank
from cycle.papers.pdf import pdf
from cycle.papers.word import docx
from cycle.papers.wording import Table, Text
from tests.pages import written

PRODUCT = (
    "Thịt trâu gác bếp tẩm mắc khén, hạt dổi rừng Tây Bắc, sấy bằng than củi nghiến theo lối cổ "
    "truyền của đồng bào Thái đen bản Phiêng Ban, hút chân không túi 500 g, hộp quà Tết có quai Đỏ"
)
OWNER = (
    "Hợp tác xã nông nghiệp, dịch vụ tổng hợp và du lịch cộng đồng người Thái đen bản Phiêng Ban, "
    "Đường Ươm, Mường Thanh Thượng, cơ sở sản xuất số hai"
)
COMMUNE = "xã Mường Phăng – Pá Khoang – Nà Nhạn Thượng Đường Ươm"
PERSON = "Nguyễn Thị Đường Ươm Thuỳ Dương Quàng"
UNBROKEN = "SữaChuaNếpCẩmĐườngƯơmKhôngKhoảngTrắngViếtLiềnMộtMạchDàiLắmĐấ"
NAMES = {
    "product": PRODUCT, "producer": OWNER, "commune": COMMUNE, "host": f"Ủy ban nhân dân {COMMUNE}",
    "agency": f"Ủy ban nhân dân {COMMUNE}", "parent": "Hội đồng đánh giá sản phẩm OCOP tỉnh Điện Biên",
    "place": COMMUNE.removeprefix("xã "), "name": PERSON, "member": PERSON, "chair": PERSON,
    "address": f"Số 1234/56 đường Võ Nguyên Giáp kéo dài, bản Phiêng Ban, {COMMUNE}.",
}  # fmt: skip
#: What is as short as it is wherever it stands; all else is a sentence.
SHORT = {
    "product_code": "11-03127-001-2026", "code": "1.12", "limit": "100", "mean": "100,00",
    "points": "100,00", "self_points": "100,00", "total": "100,00", "result": "Chưa đạt",
    "votes": "12/13", "number": "1234/2026", "received_on": "30/11/2026", "issuer": "VPĐP",
    "proposed_on": "30/11/2026", "accepted_on": "30/11/2026", "case": "Đánh giá nâng hạng",
    "minimum": "*****", "group": "Dịch vụ du lịch cộng đồng, du lịch sinh thái và điểm du lịch",
    "qr_url": "https://ocop.dienbien.gov.vn/c/abcdefghijklmnop",
}  # fmt: skip
#: What somebody wrote, longer than a page of its column.
REPORT = "Cơ sở sạch, có sổ nhập nguyên liệu; nhãn chưa ghi ngày sản xuất. " * 32 + "Hết báo cáo"
#: Rows of a table, and of a list within one.
ROWS, INNER = 8, 3
#: In points: what stands between the margins of A4, and of the certificate; the lower margin.
WIDTH, ACROSS, LOWER = 165 * 72 / 25.4, 249 * 72 / 25.4, 52
#: A mark doubled, alone in its place, or around nothing; «./.» ends a paper.
WRONG = re.compile(r"[,;:.] ?[,;.](?!/)|\( ?\)|« ?»|\bNone\b|[{}]|: *$")


def _say(path):
    last = path.rpartition(".")[2]
    return SHORT.get(last) or NAMES.get(last) or f"Điều {last.replace('_', ' ')} đã rõ, Đường Ươm"


def hard(kind):
    """Data of a kind: names as long as they may be, in tables some in letters without a space or with
    their accents apart, and reports that are longer than a page.
    """
    data = _many(blank(kind, _say)) | {"number": None, "symbol": None, "year": 2026}
    for block in _blocks(kind, Table):
        for column in block.columns:
            if column.free:
                data[block.each.rpartition(" ")[2]][4][_field(column.text)] = REPORT
    return data


def unbroken(kind):
    """The same with one row, and no name with a space."""
    data = blank(kind, lambda path: UNBROKEN if path.rpartition(".")[2] in NAMES else _say(path))
    return data | {"number": None, "symbol": None, "year": 2026, "recipients": [UNBROKEN * 2]}


def lacking(kind):
    """The same with nothing of what a paper of the kind leaves out where there is none."""
    data = blank(kind, _say) | {"number": None, "symbol": None, "year": 2026}
    named = {name for block in _blocks(kind, Text, Table) for name in (block.when,)}
    named |= {block.unless for block in _blocks(kind, Text)}
    for name in named & data.keys():
        if not isinstance(data[name], int):
            data[name] = type(data[name])()
    return data


def _blocks(kind, *classes):
    outline = KINDS[kind].outline
    return [each for each in (outline.blocks if outline else ()) if isinstance(each, classes)]


def _field(text):
    return re.fullmatch(r"\{\{ \w+\.(\w+) \}\}", text)[1]


def _many(value, depth=0):
    if isinstance(value, dict):
        return {name: _many(each, depth) for name, each in value.items()}
    if not isinstance(value, list):
        return value
    if not isinstance(value[0], dict):
        return value * INNER
    return [_varied(_many(value[0], depth + 1), n) for n in range(INNER if depth else ROWS)]


def _varied(row, number):
    for name, said in row.items():
        if isinstance(said, bool):
            row[name] = number % 2 == 0
        elif name in NAMES and number % 3 == 1:
            row[name] = UNBROKEN
        elif name in NAMES and number % 3 == 2:
            row[name] = unicodedata.normalize("NFD", said)
    return row


def _leaves(value, path=""):
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(each, f"{path}.{name}".strip("."))
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, path)
    elif isinstance(value, str):
        yield path, value


def _squeezed(text):
    """Its letters alone: where a line breaks, and where capitals stand, is the layout's affair."""
    return re.sub(r"[\s\u200b.;,]", "", unicodedata.normalize("NFC", text)).casefold()


def _groups(page):
    """The pieces of text of a page: where each begins and ends, from the leftmost on."""
    content = ContentStream(page["/Contents"].get_object(), page.pdf, "bytes")
    found = layout.text_show_operations(iter(content.operations), page._layout_mode_fonts())
    return [each for each in found if each["text"].strip("\u200b ")]


def _misplaced(groups, width):
    yield from (f"below the foot: {each['text']}" for each in groups if each["ty"] < LOWER)
    yield from (f"too wide: {each['text']}" for each in groups if each["displaced_tx"] > width + 6)
    lines = {}
    for each in groups:
        lines.setdefault(round(each["ty"]), []).append(each)
    for line in lines.values():
        line.sort(key=lambda each: each["tx"])
        for one, other in zip(line, line[1:], strict=False):
            if one["displaced_tx"] > other["tx"] + 2:
                yield f"laid over: {one['text']} / {other['text']}"


def _torn(text, data):
    """What is wrong with where a page ends and the next one begins."""
    begins = re.sub(r"^\d+(?: · BẢN NHÁP(?: – chưa nạp lời văn chính thức)?)? ", "", text.strip())
    if not begins or begins == text.strip() and begins.isdecimal():
        yield "an empty page"
    if begins.startswith(("Nơi nhận", data["signature"]["lines"][0].upper())):
        yield "a signature alone"
    if re.match(r"\d+ (?:Thịt trâu|Nguyễn|Sữa)", begins):
        yield "a table without its head"


@cache
def _printed(kind):
    return word._printed(kind, KINDS[kind].template)


def _lost(kind, data, said):
    """The fields of ``data`` that a paper of the kind prints, which are not whole in its text."""
    printed, said = _printed(kind), _squeezed(said)
    # The head of a table stands within a report that goes over a page.
    whole = {(path, text.removeprefix(REPORT[:-11])) for path, text in _leaves(data)}
    return sorted(
        (kind, path, text[:40])
        for path, text in whole
        if path in printed and _squeezed(text) not in said
    )


@pytest.mark.slow(reason="each of all kinds is made twice")
def test_every_kind_holds_the_hardest_names_in_their_places():
    wrong = []
    for kind in KINDS:
        width = ACROSS if kind == "certificate" else WIDTH
        for data in (hard(kind), unbroken(kind)):
            pages = pypdf.PdfReader(io.BytesIO(pdf(kind, data))).pages
            texts = [" ".join(page.extract_text().split()) for page in pages]
            wrong += _lost(kind, data, " ".join(texts))
            for number, (page, text) in enumerate(zip(pages, texts, strict=True), 1):
                faults = [*_misplaced(_groups(page), width), *_torn(text, data)]
                wrong += [(kind, number, fault) for fault in faults]
    assert wrong == []


@pytest.mark.slow(reason="each of all kinds is made twice")
def test_every_kind_ends_what_it_says_in_word_and_says_nothing_of_what_there_is_not():
    """No mark stands twice or alone, no heading above nothing, and Word cuts no row that is longer
    than a page.
    """
    wrong = []
    for kind in KINDS:
        for data in (lacking(kind), hard(kind)):
            content = docx(kind, data)
            wrong += _lost(kind, data, written(content))
            made = Document(io.BytesIO(content))
            lines = [each.text for each in made.paragraphs if each.text.strip()]
            wrong += [(kind, line) for line in lines if WRONG.search(line) and line[-1] != ":"]
            follows = zip(made.paragraphs, made.paragraphs[1:], strict=False)
            heads = [one.text for one, other in follows if _is_head(one) and _is_head(other)]
            wrong += [(kind, "nothing under", each) for each in heads]
            said = [each for each in made.paragraphs if not _is_head(each)]
            wrong += [(kind, "no mark at its end", p.text) for p in said if _open(p.text)]
        for table in Document(KINDS[kind].template).tables:
            total = sum(column.width.mm for column in table.columns)
            if kind != "certificate" and total > 165.5:
                wrong.append((kind, f"a table of {total} mm"))
            for row in table.rows:
                free = [c.text for b in _blocks(kind, Table) for c in b.columns if c.free]
                cut = row._tr.trPr.find(qn("w:cantSplit")) is not None
                if cut and any(cell.text in free for cell in row.cells):
                    wrong.append((kind, "a row that Word cuts", row.cells[-1].text))
    assert wrong == []


def _is_head(paragraph):
    """Whether it is a heading: bold, on the left, of its own."""
    runs = [run for run in paragraph.runs if run.text.strip()]
    return bool(runs) and all(run.bold for run in runs) and paragraph.alignment == 0


def _open(line):
    """Whether a paragraph of a list has no mark at its end."""
    return re.match(r"(?:-|\d+\.) ", line) and line[-1] not in ".;:…"
