"""How papers write units, and who signs."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from cycle import clock
from cycle.documents import is_number
from cycle.letters import search_words
from cycle.models.folding import says_unknown
from cycle.written import day_text, in_sentence
from dossiers.law.signers import capacity_words

_KINDS = re.compile(r"^(?:Tỉnh|Huyện|Thị xã|Xã|Phường|Thị trấn|Đặc khu) (?=\D)")


def committee_of(unit: str) -> str:
    """The People's Committee of a unit of this name."""
    return f"Ủy ban nhân dân {in_sentence(unit)}"


#: Who signs for the office of the province, and how its symbol is written.
OFFICE_SIGNS, OFFICE_SYMBOL = "CHÁNH VĂN PHÒNG", "VPĐP"


def office_of(province: str) -> str:
    """The office of a province of this name that runs the programme (văn phòng điều phối)."""
    return f"Văn phòng Điều phối nông thôn mới {in_sentence(province)}"


def place_of(unit: str) -> str:
    """Where a unit of this name signs (địa danh): «Điện Biên» of «Tỉnh Điện Biên»; what has only a
    number keeps its kind, «Phường 1».
    """
    return _KINDS.sub("", unit)


def signature(lines: list[str], capacity: str, own: str) -> list[str]:
    """How a paper is signed by whoever signed it in this ``capacity``: ``lines`` where that is the
    head of its body, the last of them their title; «KT.» for their deputy; else as it was typed.
    ``own``: the body as :func:`capacity_words` reads it, «uy ban nhan dan».
    """
    words, title = capacity_words(capacity), lines[-1]
    head = search_words(title)
    deputy = "thu truong" if head == "bo truong" else f"pho {head}"
    heads = rf"(?<!pho )(?<!quyen ){head} {own}\b" if own else r"(?!)"
    by_order = re.search(r"\b(?:tuq|tl)\b", words)
    if not words or not by_order and re.search(heads, words) and "kt " not in words:
        return lines
    if not by_order and re.search(rf"\b{deputy}\b", words) and head in ("chu tich", "bo truong"):
        instead = "THỨ TRƯỞNG" if head == "bo truong" else f"PHÓ {title}"
        instead += " THƯỜNG TRỰC" if f"{deputy} thuong truc" in words else ""
        return [*lines[:-1], f"KT. {title}", instead]
    if not by_order and re.search(rf"\bquyen {head}\b", words):
        return [*lines[:-1], f"QUYỀN {title}"]
    if re.match(rf"(?:tm .*)?{head}\b", words):
        return lines
    return [part.strip().upper() for part in re.split(r"[,;\n]| [-–—] ", capacity) if part.strip()]


def signed_by(capacity: str, name: str, lines: list[str], own: str) -> dict[str, Any]:
    """The signature of a paper that was signed by ``name`` in this ``capacity``, see
    :func:`signature`; what nobody knows of it, in a year that is told again, is left blank.
    """
    known = "" if says_unknown(capacity) else capacity
    return {
        "lines": signature(lines, known, own),
        "name": "" if says_unknown(name) else name,
    }


def numbered(number: str, signed_on: date | None) -> dict[str, Any]:
    """Number, symbol, day and year of a paper, as its head has them: what is no number, and what
    is not signed yet, stays blank.
    """
    if signed_on is None:
        return {"number": None, "symbol": None, "signed_on": None, "year": clock.today().year}
    first, _slash, symbol = number.partition("/") if is_number(number) else ("", "", "")
    return {
        "number": first.strip() or None,
        "symbol": symbol.strip() or None,
        "signed_on": signed_on.isoformat(),
        "year": signed_on.year,
    }


def named(what: str, number: str, signed_on: date) -> str:
    """A paper in a sentence: «Quyết định số 12/QĐ-UBND ngày 01/02/2026», or by its day alone."""
    its = f"{what} số {number}" if is_number(number) else what
    return f"{its} ngày {day_text(signed_on)}"
