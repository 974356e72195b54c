"""What the texts of official papers (lời văn) are made of, once for PDF and Word.

Texts are Jinja: ``{{ product }}`` is a field of the data of their kind. The layout follows Nghị
định 30/2020/NĐ-CP; it is in ``sheets/`` (PDF) and ``layout.py`` (Word).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """A paragraph; with ``each`` (like ``"row in rows"``) one per row; with ``when`` only if that
    field has a value, with ``unless`` only if it has none.
    """

    text: str
    lead: str = ""
    style: str = "body"
    each: str = ""
    when: str = ""
    unless: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a table; ``width`` in mm, 165 in all. ``free``: what somebody wrote, of any
    length: its rows may go over a page.
    """

    head: str
    text: str
    width: int
    align: str = "left"
    free: bool = False


@dataclass(frozen=True)
class Table:
    """A table with one line per row; its head is repeated on each page."""

    columns: tuple[Column, ...]
    each: str
    when: str = ""


@dataclass(frozen=True)
class Appendix:
    """An appendix, on a new page (phụ lục, danh sách kèm theo)."""

    title: str
    note: str


Block = Text | Table | Appendix


@dataclass(frozen=True)
class Outline:
    """A document between its head and its signature.

    ``title`` is the type of document (tên loại). A letter (công văn) has none; its ``subject`` is
    written below the number.
    """

    title: str
    subject: str
    blocks: tuple[Block, ...]


NUMBER = Column("TT", "{{ loop.index }}", 10, "center")


def heading(text: str, when: str = "") -> Text:
    """A heading (mục)."""
    return Text(text, style="heading", when=when)


ADDRESSEES = Text("{{ line }}", style="to", each="line in addressees")
BASES = Text("{{ base }}", style="basis", each="base in bases")
#: What stands above a form whose official words are not loaded.
DRAFT = Text("BẢN NHÁP – chưa nạp lời văn chính thức", style="note", when="draft")

#: Above the articles of a decision (quyết định), and its last one.
DECIDES = Text("QUYẾT ĐỊNH:", style="authority")
IN_FORCE = Text(
    "Quyết định này có hiệu lực kể từ ngày ký. {{ enforcers }} chịu trách nhiệm thi hành Quyết "
    "định này./.",
    lead="Điều 3.",
)
