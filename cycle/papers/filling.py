"""What makes the file of a paper out of its data: a Word template is filled, a sheet is drawn.

Run as a program it does so once, in a process of its own with limits: :mod:`cycle.papers.apart`
starts it. So it imports nothing of ours, and no Django.
"""

from __future__ import annotations

import io
import json
import os
import re
import resource
import sys
import textwrap
import zipfile
from collections.abc import Iterator
from functools import cache
from typing import Any

import segno
import structlog
import typst
from docx.oxml import parse_xml
from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage
from jinja2 import StrictUndefined, TemplateError, UndefinedError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

log = structlog.get_logger(__name__)

#: The largest template, in bytes when unpacked.
LARGEST = 20_000_000
#: The longest text of one part of it, in characters: each loop repeats what is in it.
LONGEST = 1_000_000

#: What a template may do: put fields in, choose, and loop through lists. No calculation, no call,
#: no variable of its own: nothing that grows by more than it is long.
_TAKEN = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.Name, nodes.Getattr,
    nodes.Getitem, nodes.If, nodes.For, nodes.FilterBlock, nodes.Filter, nodes.Test, nodes.CondExpr,
    nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Concat, nodes.Add,
    nodes.Sub, nodes.Tuple, nodes.List, nodes.Keyword,
)  # fmt: skip
_FILTERS = {
    "capitalize", "count", "d", "default", "e", "escape", "first", "int", "join", "last", "length",
    "lower", "reverse", "safe", "sort", "string", "title", "trim", "unique", "upper",
}  # fmt: skip


#: Field codes of Word by which a paper would fetch what lies outside as it is opened.
_FETCHES = re.compile(
    r"(?<![a-z])(?:include(?:picture|text)|dde(?:auto)?|link|import|rd|database)(?![a-z])", re.I
)
#: Parts that are files of other kinds: a page that is put in as it is opened, a program's object.
_FOREIGN = ("/aFChunk", "/oleObject", "/control", "/package")
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def gettext_noop(text: str) -> str:
    """Marks ``text`` for the catalogue; whoever shows it translates it."""
    return text


class Refused(Exception):
    """A Word template that cannot be used: an entry of the catalogue that says so, with its values;
    ``because`` is another, with the same values, that stands in it as ``why``.
    """

    def __init__(self, said: str, because: str = "", **values: str) -> None:
        super().__init__(said)
        self.said, self.because, self.values = said, because, values


class _Unbounded(TemplateError):
    """What a template may not do: see :func:`_check_bounded`."""

    def __init__(self, because: str, **values: str) -> None:
        super().__init__(because)
        self.because, self.values = because, values


#: Before what is wrong with a command of a template.
_WRITTEN_WRONG = gettext_noop("Mẫu văn bản viết sai lệnh điền: %(why)s")


# --- What a template may do -----------------------------------------------------------------------


class _Words(ImmutableSandboxedEnvironment):
    """What fills templates: only those whose work is bounded by their fields and their length.

    Raises TemplateError for others before any of it is worked out.
    """

    def _parse(self, *args: Any, **kwargs: Any) -> nodes.Template:
        # Not later: already to look for unknown fields works out what is constant.
        source = super()._parse(*args, **kwargs)
        if sum(len(text.data) for text in source.find_all(nodes.TemplateData)) > LONGEST:
            raise Refused(gettext_noop("Mẫu văn bản quá lớn."))
        _check_bounded(source, None)
        return source


def _check_bounded(node: nodes.Node, item: set[str] | None) -> None:
    """``item`` are the names that the loop around ``node`` gives what it goes through; None outside
    of loops.
    """
    if not isinstance(node, _TAKEN) and not _of_stars(node):
        raise _Unbounded(
            gettext_noop(
                "mẫu chỉ điền trường, điều kiện và lặp theo danh sách, không tính, không gọi hàm."
            )
        )
    if isinstance(node, nodes.Filter):
        # What joins is not joined again: each time it would be several times as long.
        joined_twice = node.name == "join" and not isinstance(
            node.node, (nodes.Name, nodes.Getattr)
        )
        given = (*node.args, *(each.value for each in node.kwargs))
        constant = all(isinstance(each, nodes.Const) for each in given)
        if node.name not in _FILTERS or joined_twice or not constant:
            raise _Unbounded(gettext_noop("mẫu không dùng được «|%(name)s» ở đây."), name=node.name)
    if isinstance(node, nodes.For):
        within = _field_of(node.iter)
        if node.recursive or within is None or (item is not None and within not in item):
            raise _Unbounded(
                gettext_noop(
                    "vòng lặp trong vòng lặp chỉ đi qua danh sách của chính dòng đang lặp."
                )
            )
        own = {name.name for name in node.target.find_all(nodes.Name)}
        own |= {node.target.name} if isinstance(node.target, nodes.Name) else set()
        for child in (*node.body, *node.else_, *([node.test] if node.test else [])):
            _check_bounded(child, own)
        _check_bounded(node.iter, item)
        return
    for child in node.iter_child_nodes():
        _check_bounded(child, item)


def _of_stars(node: nodes.Node) -> bool:
    """Whether it is a sign as often as a field says, as ``"★" * stars``."""
    return (
        isinstance(node, nodes.Mul)
        and isinstance(node.left, nodes.Const)
        and isinstance(node.left.value, str)
        and len(node.left.value) == 1
        and isinstance(node.right, (nodes.Name, nodes.Getattr))
    )


def _field_of(listed: nodes.Node) -> str | None:
    """The name that a list is a field of: "entry" for entry.members; None if it is no field."""
    while isinstance(listed, (nodes.Filter, nodes.Getattr, nodes.Getitem)):
        if listed.node is None:
            return None
        listed = listed.node
    return listed.name if isinstance(listed, nodes.Name) else None


# --- Word -----------------------------------------------------------------------------------------


def word(template: bytes, data: dict[str, Any]) -> bytes:
    """``template`` filled with ``data``, as a Word file. Raises :class:`Refused`."""
    paper = _opened(template)
    data = data | {name: _balanced(data[name]) for name in ("parent", "agency") if "parent" in data}
    if "qr_url" in data:
        drawn = io.BytesIO()
        segno.make(data["qr_url"], error="m").save(drawn, kind="png", scale=8, border=0)
        data["qr"] = InlineImage(paper, drawn, width=Mm(26))
    words = _Words(undefined=StrictUndefined)
    # Without globals such as range(): a template may not loop a billion times.
    words.globals.clear()
    made = io.BytesIO()
    try:
        if unknown := paper.get_undeclared_template_variables(words, context=data):
            raise _unknown(sorted(unknown))
        paper.render(data, words, autoescape=True)
        paper.save(made)
    except UndefinedError as error:
        # The message is like "'dict object' has no attribute 'produkt'": take the last name.
        raise _unknown(re.findall(r"'([^']*)'", str(error))[-1:]) from error
    except _Unbounded as error:
        raise Refused(_WRITTEN_WRONG, error.because, **error.values) from error
    except TemplateError as error:
        raise Refused(_WRITTEN_WRONG, why=str(error)) from error
    except (Refused, MemoryError):
        raise
    except Exception as error:
        log.exception("template_not_filled")
        # docxtpl and lxml raise anything for a document that officers have edited.
        raise Refused(
            gettext_noop("Không điền được mẫu văn bản này. Hãy tải mẫu gốc về và sửa lại từ đó.")
        ) from error
    # Filled, words may have come together that stood apart in the template.
    _opened(made.getvalue())
    return made.getvalue()


def _balanced(name: str, most: int = 28) -> str:
    """A name broken into lines of similar length, as few as lines of ``most`` letters allow."""
    lines = textwrap.wrap(name, most)
    for width in range(most, 0, -1):
        tried = textwrap.wrap(name, width)
        if len(tried) > len(lines):
            break
        lines = tried
    return "\n".join(lines)


def _opened(content: bytes) -> DocxTemplate:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(each.file_size for each in packed.infolist()) > LARGEST:
                raise Refused(gettext_noop("Mẫu văn bản quá lớn."))
        paper = DocxTemplate(io.BytesIO(content))
        paper.init_docx()
        inside = paper.docx.part.package
        fetches = any(_FETCHES.search(_field_codes(each)) for each in inside.iter_parts())
        if fetches or any(
            each.is_external or each.reltype.endswith(_FOREIGN) for each in inside.iter_rels()
        ):
            raise Refused(
                gettext_noop(
                    "Mẫu văn bản có liên kết ra ngoài (địa chỉ, tệp khác): hãy bỏ liên kết."
                )
            )
    except (Refused, MemoryError):
        raise
    except Exception as error:
        log.exception("template_not_opened")
        # python-docx raises anything for a broken file.
        raise Refused(gettext_noop("Tệp này không phải văn bản Word (.docx).")) from error
    return paper


def _field_codes(part: Any) -> str:
    """The field codes of a part; Word cuts one into several runs as it likes."""
    if not part.content_type.endswith("xml"):
        return ""
    content = parse_xml(part.blob)
    runs = (each.text or "" for each in content.iter(f"{_W}instrText", f"{_W}delInstrText"))
    simple = (each.get(f"{_W}instr", "") for each in content.iter(f"{_W}fldSimple"))
    return " ".join(["".join(runs), *simple])


def _unknown(names: list[str]) -> Refused:
    return Refused(
        gettext_noop("Mẫu văn bản «%(kind)s» dùng trường không có: %(names)s."),
        names=", ".join(names),
    )


# --- PDF ------------------------------------------------------------------------------------------


def sheet(
    path: str, root: str, name: str, data: dict[str, Any], outline: dict[str, Any] | None
) -> bytes:
    """The Typst sheet at ``path`` as PDF, with ``data`` as its input ``name``, and with what they
    make of an ``outline`` of wording.py; it reads what lies below ``root``.
    """
    if outline is not None:
        data = data | {
            "title": outline["title"],
            "subject": _fill(outline["subject"], data),
            "blocks": [made for block in outline["blocks"] for made in _block(block, data)],
        }
    return typst.compile(path, root=root, sys_inputs={name: json.dumps(data)})


def _block(block: dict[str, Any], data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    when, unless = block.get("when"), block.get("unless")
    if when and not data[when] or unless and data[unless]:
        return
    if block["is"] == "Appendix":
        yield {
            "sort": "appendix",
            "title": _fill(block["title"], data),
            "note": _fill(block["note"], data),
        }
    elif block["is"] == "Table":
        columns = block["columns"]
        yield {
            "sort": "table",
            "heads": [column["head"] for column in columns],
            "widths": [column["width"] for column in columns],
            "aligns": [column["align"] for column in columns],
            "rows": [
                [_fill(column["text"], row) for column in columns]
                for row in _rows(block["each"], data)
            ],
        }
    else:
        for row in _rows(block["each"], data) if block["each"] else [data]:
            yield {
                "sort": block["style"],
                "lead": block["lead"],
                "text": _fill(block["text"], row),
            }


def _rows(each: str, data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """``each`` is like ``"entry in entries"``: the data once for each entry, with ``entry`` and
    ``loop.index``, as in a template's loop.
    """
    name, _in, many = each.split()
    for index, row in enumerate(data[many], 1):
        yield data | {name: row, "loop": {"index": index}}


_plain = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
_compiled = cache(_plain.from_string)


def _fill(text: str, data: dict[str, Any]) -> str:
    return _compiled(text).render(data)


# --- As a program ---------------------------------------------------------------------------------


def main() -> None:
    """Do the job that stands on standard input: a line of JSON, then the template, if any. The
    answer is a line of JSON, then the file.
    """
    seconds, memory = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Whatever else is printed goes to the log.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    job = json.loads(sys.stdin.buffer.readline())
    said: dict[str, str] = {}
    made = b""
    try:
        if job["make"] == "word":
            made = word(sys.stdin.buffer.read(), job["data"])
        else:
            made = sheet(**job["sheet"])
    except Refused as refused:
        said = {"said": refused.said, "because": refused.because, **refused.values}
    answer.write(json.dumps(said).encode() + b"\n" + made)
    answer.close()


if __name__ == "__main__":
    main()
