"""What a sheet says of itself, beside what its rows come to (cộng chéo)."""

import re
from collections.abc import Iterable

from django.utils.translation import gettext as _

from cycle.models import fold
from dossiers.models import ProductGroup

_NUMBER = r"([0-9]{1,3}(?:[.,][0-9]{3})*|[0-9]+)"
_BY_STARS = (
    re.compile(rf"\b([345])\s*(?:sao|\*)\s*(?:la|:|=|-|co)?\s*{_NUMBER}(?![0-9/*]|\s*sao)"),
    re.compile(rf"{_NUMBER}\s*(?:san pham|sp)?\s*(?:dat|hang)?\s*([345])\s*sao"),
)
#: «thực phẩm: 150», «150 sản phẩm đồ uống»: how the survey counts by group.
_GROUPS = {
    ProductGroup.FOOD: "thuc pham",
    ProductGroup.DRINK: "do uong",
    ProductGroup.HERBS: "(?:duoc lieu|thao duoc)",
    ProductGroup.HANDICRAFT: "thu cong my nghe",
    ProductGroup.ORNAMENTAL: "sinh vat canh",
    ProductGroup.TOURISM: "du lich(?: cong dong)?",
}
_BY_GROUP = {
    group: (
        re.compile(rf"(?:nhom |nganh )?{words}\s*(?:la|:|=|co)\s*{_NUMBER}"),
        re.compile(rf"{_NUMBER}\s*(?:san pham|sp)?\s*(?:thuoc |nhom |nganh )*{words}"),
    )
    for group, words in _GROUPS.items()
}
_PRODUCTS = re.compile(
    rf"{_NUMBER}\s*(?:san pham|sp)\b(?!\s*(?:dat|hang)?\s*[345]\s*sao)"
    rf"(?!\s*(?:thuoc |nhom |nganh )*(?:{'|'.join(_GROUPS.values())}))"
)
_PRODUCERS = re.compile(rf"{_NUMBER}\s*chu the")


def _whole(text: str) -> int:
    return int(re.sub(r"[.,]", "", text))


def said(cells: Iterable[object], *, total: bool) -> list[tuple[str, int]]:
    """(what, how many) that a line says: ``rows``, ``producers``, ``3``, ``4``, ``5``, a group.

    ``total``: the line is one of totals, whose bare number counts the rows.
    """
    found: list[tuple[str, int]] = []
    numbers: list[int] = []
    for cell in cells:
        if isinstance(cell, int) and not isinstance(cell, bool):
            numbers.append(cell)
            continue
        text = fold(str(cell))
        by_stars: dict[str, int] = {}
        for match in _BY_STARS[1].finditer(text):
            by_stars.setdefault(match[2], _whole(match[1]))
        if not by_stars:
            for match in _BY_STARS[0].finditer(text):
                by_stars.setdefault(match[1], _whole(match[2]))
        found += by_stars.items()
        found += [("producers", _whole(match[1])) for match in _PRODUCERS.finditer(text)]
        for group, patterns in _BY_GROUP.items():
            for match in next(filter(None, (list(p.finditer(text)) for p in patterns)), []):
                found.append((str(group), _whole(match[1])))
        products = [_whole(match[1]) for match in _PRODUCTS.finditer(text)]
        found += [("rows", number) for number in products]
        only = re.fullmatch(rf"(?:tong cong|tong so|tong|cong)?\s*[:=]?\s*{_NUMBER}", text)
        if total and only and not products and not by_stars:
            numbers.append(_whole(only[1]))
    if total and numbers and not any(what == "rows" for what, _n in found):
        found.append(("rows", numbers[0]))
    return found


def label(what: str) -> str:
    """What was counted, in words."""
    if what == "rows":
        return _("số sản phẩm")
    if what == "producers":
        return _("số chủ thể")
    if what in ProductGroup.values:
        return str(ProductGroup(what).label)
    return _("%(stars)s sao") % {"stars": what}


def compare(lines: list[tuple[int, list[tuple[str, int]]]], counted: dict[str, int]) -> list[dict]:
    """Each figure of the sheet beside ours: ``{line, what, said, counted, agrees}``."""
    return [
        {
            "line": line,
            "what": what,
            "said": number,
            "counted": counted.get(what, 0),
            "agrees": number == counted.get(what, 0),
        }
        for line, figures in lines
        for what, number in dict(figures).items()
    ]
