"""An official paper as PDF."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import segno

from cycle.papers import apart
from cycle.papers.kinds import KINDS, completed
from cycle.papers.wording import Outline

#: What sheets import is named from here.
ROOT = Path(__file__).parents[2]


def pdf(kind: str, data: Mapping[str, Any]) -> bytes:
    """The document as PDF, A4, by Nghị định 30/2020/NĐ-CP. Raises :class:`apart.TooMuch`."""
    data = completed(kind, data)
    if "qr_url" in data:
        drawn = io.BytesIO()
        segno.make(data["qr_url"], error="m").save(drawn, kind="svg", border=0)
        data["qr"] = drawn.getvalue().decode()
    outline = KINDS[kind].outline
    return apart.sheet(KINDS[kind].sheet, ROOT, "data", data, _plain(outline) if outline else None)


def _plain(outline: Outline) -> dict[str, Any]:
    """The outline as JSON can hold it, each block with the name of its class."""
    blocks = [{"is": type(block).__name__, **asdict(block)} for block in outline.blocks]
    return {"title": outline.title, "subject": outline.subject, "blocks": blocks}
