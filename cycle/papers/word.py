"""An official paper as Word, from the template that ships or the province's own."""

from __future__ import annotations

import io
import re
import textwrap
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import segno
import structlog
from django.utils.translation import gettext as _now
from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage
from jinja2 import StrictUndefined, TemplateError, UndefinedError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cycle.papers.kinds import KINDS, blank, completed, fields

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


class TemplateRefused(Exception):
    """A Word template (mẫu văn bản) cannot be used; the message says why in Vietnamese."""


class _Words(ImmutableSandboxedEnvironment):
    """What fills templates: only those whose work is bounded by their fields and their length.

    Raises TemplateError for others before any of it is worked out.
    """

    def _parse(self, *args: Any, **kwargs: Any) -> nodes.Template:
        # Not later: already to look for unknown fields works out what is constant.
        source = super()._parse(*args, **kwargs)
        if sum(len(text.data) for text in source.find_all(nodes.TemplateData)) > LONGEST:
            raise TemplateRefused(_now("Mẫu văn bản quá lớn."))
        _check_bounded(source, None)
        return source


def _check_bounded(node: nodes.Node, item: set[str] | None) -> None:
    """``item`` are the names that the loop around ``node`` gives what it goes through; None outside
    of loops.
    """
    if not isinstance(node, _TAKEN) and not _of_stars(node):
        raise TemplateError(
            _now("mẫu chỉ điền trường, điều kiện và lặp theo danh sách, không tính, không gọi hàm.")
        )
    if isinstance(node, nodes.Filter):
        # What joins is not joined again: each time it would be several times as long.
        joined_twice = node.name == "join" and not isinstance(
            node.node, (nodes.Name, nodes.Getattr)
        )
        given = (*node.args, *(each.value for each in node.kwargs))
        constant = all(isinstance(each, nodes.Const) for each in given)
        if node.name not in _FILTERS or joined_twice or not constant:
            raise TemplateError(
                _now("mẫu không dùng được «|%(name)s» ở đây.") % {"name": node.name}
            )
    if isinstance(node, nodes.For):
        within = _field_of(node.iter)
        if node.recursive or within is None or (item is not None and within not in item):
            raise TemplateError(
                _now("vòng lặp trong vòng lặp chỉ đi qua danh sách của chính dòng đang lặp.")
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


# --- Word -----------------------------------------------------------------------------------


def docx(kind: str, data: Mapping[str, Any], template: Path | str | bytes | None = None) -> bytes:
    """The document for Word, from ``template`` (path or bytes) or from the one that ships.

    Raises :class:`TemplateRefused` when the template is broken or names an unknown field.
    """
    return _merge(kind, completed(kind, data), template)


def check_template(kind: str, template: Path | str | bytes) -> None:
    """Refuse a template (mẫu) that could not be filled, leads elsewhere, or leaves out what its
    kind must print: raises :class:`TemplateRefused`.
    """
    lacking = sorted(_must_print(kind) - _printed(kind, template))
    if lacking:
        means = fields(kind)
        raise TemplateRefused(
            _now("Mẫu văn bản «%(kind)s» không in trường phải có: %(names)s.")
            % {
                "kind": KINDS[kind].code.label,
                "names": ", ".join(f"{name} ({means[name.partition('.')[0]]})" for name in lacking),
            }
        )


#: What a paper must say, by the last part of a field's name; of it what our own template prints.
_MUST = frozenset(
    {
        "agency", "number", "place", "recipients", "bases", "to", "authority", "lines", "product",
        "producer", "result", "items", "reasons", "certificate", "decision", "valid_until", "form",
        "name", "work",
    }
)  # fmt: skip


@cache
def _must_print(kind: str) -> frozenset[str]:
    printed = _printed(kind, KINDS[kind].template)
    return frozenset(name for name in printed if name.rpartition(".")[2] in _MUST)


def _printed(kind: str, template: Path | str | bytes) -> frozenset[str]:
    """The fields that a template prints: each is filled with a mark of its own."""
    data = blank(kind, lambda path: f"zq{path}zq")
    made = _merge(kind, completed(kind, data), template)
    with zipfile.ZipFile(io.BytesIO(made)) as packed:
        parts = [packed.read(name) for name in packed.namelist() if name.endswith(".xml")]
    said = b" ".join(parts).decode(errors="replace").casefold()
    return frozenset(re.findall(r"zq([a-z_.]+)zq", said))


def _merge(kind: str, data: dict[str, Any], template: Path | str | bytes | None) -> bytes:
    paper = _opened(KINDS[kind].template if template is None else template)
    data |= {name: _balanced(data[name]) for name in ("parent", "agency") if "parent" in data}
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
            raise TemplateRefused(_unknown(kind, sorted(unknown)))
        paper.render(data, words, autoescape=True)
        paper.save(made)
    except UndefinedError as error:
        # The message is like "'dict object' has no attribute 'produkt'": take the last name.
        named = re.findall(r"'([^']*)'", str(error))
        raise TemplateRefused(_unknown(kind, named[-1:])) from error
    except TemplateError as error:
        raise TemplateRefused(
            _now("Mẫu văn bản viết sai lệnh điền: %(error)s") % {"error": error}
        ) from error
    except TemplateRefused:
        raise
    except Exception as error:
        log.exception("template_not_filled", kind=kind)
        # docxtpl and lxml raise anything for a document that officers have edited.
        raise TemplateRefused(
            _now("Không điền được mẫu văn bản này. Hãy tải mẫu gốc về và sửa lại từ đó.")
        ) from error
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


def _opened(template: Path | str | bytes) -> DocxTemplate:
    try:
        content = template if isinstance(template, bytes) else Path(template).read_bytes()
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(each.file_size for each in packed.infolist()) > LARGEST:
                raise TemplateRefused(_now("Mẫu văn bản quá lớn."))
        paper = DocxTemplate(io.BytesIO(content))
        paper.init_docx()
        if any(each.is_external for each in paper.docx.part.package.iter_rels()):
            raise TemplateRefused(
                _now("Mẫu văn bản có liên kết ra ngoài (địa chỉ, tệp khác): hãy bỏ liên kết.")
            )
    except TemplateRefused:
        raise
    except Exception as error:
        log.exception("template_not_opened")
        # python-docx raises anything for a broken file.
        raise TemplateRefused(_now("Tệp này không phải văn bản Word (.docx).")) from error
    return paper


def _unknown(kind: str, names: list[str]) -> str:
    return _now("Mẫu văn bản «%(kind)s» dùng trường không có: %(names)s.") % {
        "kind": KINDS[kind].code.label,
        "names": ", ".join(names),
    }
