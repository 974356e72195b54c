"""An official paper as PDF."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import segno
import typst
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cycle.papers.kinds import KINDS, completed
from cycle.papers.wording import Appendix, Outline, Table, Text

#: What sheets import is named from here.
ROOT = Path(__file__).parents[2]


# --- PDF ------------------------------------------------------------------------------------

_plain = ImmutableSandboxedEnvironment(undefined=StrictUndefined)


def pdf(kind: str, data: Mapping[str, Any]) -> bytes:
    """The document as PDF, A4, by Nghị định 30/2020/NĐ-CP."""
    data = completed(kind, data)
    if (outline := KINDS[kind].outline) is not None:
        data |= _filled(outline, data)
    if "qr_url" in data:
        drawn = io.BytesIO()
        segno.make(data["qr_url"], error="m").save(drawn, kind="svg", border=0)
        data["qr"] = drawn.getvalue().decode()
    return typst.compile(
        KINDS[kind].sheet,
        root=ROOT,
        sys_inputs={"data": json.dumps(data)},
    )


def _filled(outline: Outline, data: dict[str, Any]) -> dict[str, Any]:
    """Title, subject and blocks of an outline, filled with ``data``, for the Typst sheet."""
    return {
        "title": outline.title,
        "subject": _fill(outline.subject, data),
        "blocks": [made for block in outline.blocks for made in _block(block, data)],
    }


def _block(block: Text | Table | Appendix, data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if isinstance(block, Appendix):
        yield {
            "sort": "appendix",
            "title": _fill(block.title, data),
            "note": _fill(block.note, data),
        }
    elif block.when and not data[block.when]:
        return
    elif isinstance(block, Table):
        yield {
            "sort": "table",
            "heads": [column.head for column in block.columns],
            "widths": [column.width for column in block.columns],
            "aligns": [column.align for column in block.columns],
            "rows": [
                [_fill(column.text, row) for column in block.columns]
                for row in _rows(block.each, data)
            ],
        }
    else:
        for row in _rows(block.each, data) if block.each else [data]:
            yield {
                "sort": block.style,
                "lead": block.lead,
                "text": _fill(block.text, row),
            }


def _rows(each: str, data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """``each`` is like ``"entry in entries"``: the data once for each entry, with ``entry`` and
    ``loop.index``, as in a template's loop.
    """
    name, _in, many = each.split()
    for index, row in enumerate(data[many], 1):
        yield data | {name: row, "loop": {"index": index}}


def _fill(text: str, data: dict[str, Any]) -> str:
    return _plain.from_string(text).render(data)
