"""A council's document as Word, from the template that ships or the province's own."""

from __future__ import annotations

import io
import re
import textwrap
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import segno
import structlog
from django.utils.translation import gettext as _now
from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage
from jinja2 import StrictUndefined, TemplateError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from councils.papers.kinds import KINDS, blank, completed

log = structlog.get_logger(__name__)

#: The largest template, in bytes when unpacked.
LARGEST = 20_000_000


class TemplateRefused(Exception):
    """A Word template (mẫu văn bản) cannot be used; the message says why in Vietnamese."""


# --- Word -----------------------------------------------------------------------------------


def docx(kind: str, data: Mapping[str, Any], template: Path | str | bytes | None = None) -> bytes:
    """The document for Word, from ``template`` (path or bytes) or from the one that ships.

    Raises :class:`TemplateRefused` when the template is broken or names an unknown field.
    """
    return _merge(kind, completed(kind, data), template)


def check_template(kind: str, template: Path | str | bytes) -> None:
    """Refuse a template (mẫu) that could not be filled: raises :class:`TemplateRefused`."""
    _merge(kind, completed(kind, blank(kind)), template)


def _merge(kind: str, data: dict[str, Any], template: Path | str | bytes | None) -> bytes:
    paper = _opened(KINDS[kind].template if template is None else template)
    data |= {name: _balanced(data[name]) for name in ("parent", "agency") if "parent" in data}
    if "qr_url" in data:
        drawn = io.BytesIO()
        segno.make(data["qr_url"], error="m").save(drawn, kind="png", scale=8, border=0)
        data["qr"] = InlineImage(paper, drawn, width=Mm(26))
    words = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
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
