"""An official paper as Word, from the template that ships or the province's own."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _now

from cycle.papers import apart
from cycle.papers.filling import Refused
from cycle.papers.kinds import KINDS, blank, completed, fields


class TemplateRefused(Exception):
    """A Word template (mẫu văn bản) cannot be used; the message says why in Vietnamese."""


def docx(kind: str, data: Mapping[str, Any], template: Path | str | bytes | None = None) -> bytes:
    """The document for Word, from ``template`` (path or bytes) or from the one that ships.

    Raises :class:`TemplateRefused` when the template is broken or names an unknown field, and
    :class:`apart.TooMuch`.
    """
    return _filled(kind, completed(kind, data), template)


def check_template(kind: str, template: Path | str | bytes) -> None:
    """Refuse a template (mẫu) that could not be filled, leads elsewhere, or leaves out what its
    kind must print: raises :class:`TemplateRefused`.
    """
    try:
        lacking = sorted(_must_print(kind) - _printed(kind, template))
    except apart.TooMuch as too_much:
        raise TemplateRefused(str(too_much)) from too_much
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
    made = _filled(kind, completed(kind, data), template)
    with zipfile.ZipFile(io.BytesIO(made)) as packed:
        parts = [packed.read(name) for name in packed.namelist() if name.endswith(".xml")]
    said = b" ".join(parts).decode(errors="replace").casefold()
    return frozenset(re.findall(r"zq([a-z_.]+)zq", said))


def _filled(kind: str, data: dict[str, Any], template: Path | str | bytes | None) -> bytes:
    template = KINDS[kind].template if template is None else template
    content = template if isinstance(template, bytes) else Path(template).read_bytes()
    try:
        return apart.word(content, data)
    except Refused as refused:
        values = refused.values | {"kind": str(KINDS[kind].code.label)}
        if refused.because:
            values["why"] = _now(refused.because) % values
        raise TemplateRefused(_now(refused.said) % values) from refused
