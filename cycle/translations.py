"""The msgids in our code and templates, for the check of the English catalogue. A leaf.

The msgids are Vietnamese. gettext's own programs are not needed: Python is read by ``ast``, a
template by what Django itself makes of it for extraction.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.utils.translation.template import templatize

_CALLS = {"_", "_lazy", "_now", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}
_IN_TEMPLATE = re.compile(
    r"""\b(n?gettext|_)\(\s*(u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))(?:\s*,\s*(u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")))?""",
    re.DOTALL,
)


def _of_python(source: str) -> Iterator[tuple[str, ...]]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", None))
        if name not in _CALLS or not node.args:
            continue
        texts = [
            arg.value
            for arg in node.args[: 2 if name.startswith("n") else 1]
            if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
        ]
        if texts:
            yield tuple(texts)


def _of_template(source: str) -> Iterator[tuple[str, ...]]:
    for name, text, plural in _IN_TEMPLATE.findall(templatize(source)):
        texts = [ast.literal_eval(text)]
        if name == "ngettext" and plural:
            texts.append(ast.literal_eval(plural))
        yield tuple(texts)


def messages(root: Path, apps: Iterable[str]) -> dict[str, str | None]:
    """{msgid: plural or None} of the Python files of ``apps`` and all templates below ``root``."""
    found: dict[str, str | None] = {}
    for app in apps:
        for path in sorted((Path(root) / app).rglob("*.py")):
            if "migrations" not in path.parts:
                for texts in _of_python(path.read_text()):
                    found[texts[0]] = texts[1] if len(texts) > 1 else found.get(texts[0])
    for path in sorted((Path(root) / "templates").rglob("*")):
        if path.suffix in {".html", ".txt"}:
            for texts in _of_template(path.read_text()):
                found[texts[0]] = texts[1] if len(texts) > 1 else found.get(texts[0])
    found.pop("", None)
    return found
