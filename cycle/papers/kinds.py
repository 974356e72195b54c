"""The kinds of official papers (loại văn bản) of all apps, and what each asks of its data.

``pdf.pdf(kind, data)`` and ``word.docx(kind, data)`` take dictionaries that JSON can hold, one
TypedDict per kind; an app adds its kinds by :func:`register`. Points and results are texts
(«71,25», «4 sao»). Number, symbol and date of signing are given by the clerk (văn thư): None leaves
their place blank.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Protocol, TypedDict, get_args, get_origin, get_type_hints

from django.utils.translation import gettext_lazy as _

from cycle.papers.wording import Outline, Text

#: The sheet of every paper that is made of an outline.
SHEET = Path(__file__).parent / "sheets" / "paper.typ"

# --- The data -------------------------------------------------------------------------------
# The texts in Annotated are shown to officers who write a template.


class Signature(TypedDict):
    """The signature (người ký); ``lines`` are such as «TM. HỘI ĐỒNG», «CHỦ TỊCH»."""

    lines: Annotated[list[str], _("quyền hạn, chức vụ")]
    name: Annotated[str, _("họ và tên")]


class Paper(TypedDict):
    """Head and foot of every document (thể thức văn bản); ``signed_on`` is an ISO date or None."""

    parent: Annotated[str, _("cơ quan chủ quản, có thể trống")]
    agency: Annotated[str, _("cơ quan ban hành")]
    issuer: Annotated[str, _("chữ viết tắt trong ký hiệu, ví dụ UBND")]
    host: Annotated[str, _("cơ quan ban hành, viết trong câu")]
    number: Annotated[str | None, _("số do văn thư cấp")]
    symbol: Annotated[str | None, _("ký hiệu đã ghi, trống khi chưa ghi số")]
    place: Annotated[str, _("địa danh")]
    signed_on: Annotated[str | None, _("ngày ký")]
    year: Annotated[int, _("năm")]
    signature: Annotated[Signature, _("người ký")]
    recipients: Annotated[list[str], _("nơi nhận")]


class Based(Paper):
    """A document that names its legal bases (căn cứ)."""

    bases: Annotated[list[str], _("căn cứ")]


class Addressed(Based):
    to: Annotated[list[str], _("kính gửi")]


@dataclass(frozen=True)
class Kind:
    """A kind of paper: its code with its name, a member of the choices that rows keep; its letters
    in the symbol (QĐ, TTr …), the TypedDict of its data and its words. ``folder``: where its Word
    template lies. One that no office issues is not ``numbered``. One without an ``outline`` has a
    ``sheet`` of its own, and is ``drawn_by`` the function of this dotted name in Word.
    """

    code: Any
    symbol: str
    data: Any
    folder: Path
    outline: Outline | None = None
    sheet: Path = SHEET
    drawn_by: str = ""
    numbered: bool = True

    @property
    def template(self) -> Path:
        """The path of the Word template that ships."""
        return self.folder / f"{self.code}.docx"


#: The kinds of all apps by their code.
KINDS: dict[str, Kind] = {}


def register(*kinds: Kind) -> None:
    """Add the kinds of an app. Raises ValueError for a code that another kind has."""
    for kind in kinds:
        if kind.code in KINDS:
            raise ValueError(kind.code)
        KINDS[kind.code] = kind


class Own(Protocol):
    """The province's own Word template of a kind: a file that is kept."""

    sha256: str


_FINDS: list[Callable[[str], Own | None]] = []


def keeps_templates(find: Callable[[str], Own | None]) -> Callable[[str], Own | None]:
    """Let ``find`` say which template the province has of a kind; the app that keeps them calls."""
    _FINDS.append(find)
    return find


def own_template(kind: str) -> Own | None:
    """The province's own template of ``kind``; None where it uses ours."""
    return next(filter(None, (find(kind) for find in _FINDS)), None)


#: Fields computed from the data, which a template may use too, with their meaning.
MADE = {
    "number_line": _("số và ký hiệu, để trống chỗ cho văn thư"),
    "place_and_date": _("địa danh, ngày tháng năm"),
    "own_number": _("số và ký hiệu, không có chữ «Số»"),
    "own_date": _("ngày tháng năm, không có địa danh"),
    "addressees": _("các dòng «Kính gửi»"),
    "qr": _("hình mã QR"),
}


def fields(kind: str) -> dict[str, Any]:
    """``{field: meaning in Vietnamese}`` that a template of ``kind`` may use."""
    hints = get_type_hints(KINDS[kind].data, include_extras=True)
    named = {name: hint.__metadata__[0] for name, hint in hints.items()}
    known = {*completed(kind, blank(kind)), *(["qr"] if "qr_url" in named else [])}
    return named | {name: label for name, label in MADE.items() if name in known}


def blank(kind: str, say: Callable[[str], str] = lambda _path: "…") -> dict[str, Any]:
    """Sample data of ``kind``, with one row in each list, to try a template with; ``say`` gives the
    text of a field, named as «entries.product».
    """
    data = _blank(KINDS[kind].data, say) | {"signed_on": None}
    return data | ({"stars": 3} if "stars" in data else {})


def _blank(hint: Any, say: Callable[[str], str], path: str = "") -> Any:
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) is list:
        return [_blank(get_args(hint)[0], say, path)]
    if isinstance(hint, type) and hint in (int, bool):
        return hint(1)
    if hasattr(hint, "__required_keys__"):
        hints = get_type_hints(hint, include_extras=True)
        return {
            name: _blank(each, say, f"{path}.{name}".strip(".")) for name, each in hints.items()
        }
    return say(path)


def completed(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data with the computed fields (:data:`MADE`) and without unprintable characters. Raises
    KeyError naming the fields that are missing.
    """
    if missing := KINDS[kind].data.__required_keys__ - data.keys():
        raise KeyError(", ".join(sorted(missing)))
    data = _printable(data)
    symbol = data["symbol"] or _symbol(kind, data["issuer"])
    own_number = f"{_number(data['number'])}/{symbol}"
    own_date = _day(data["signed_on"], data["year"])
    made: dict[str, Any] = {
        "own_number": own_number,
        "own_date": own_date,
        "number_line": f"Số: {own_number}",
        "place_and_date": f"{data['place']}, {own_date}",
    }
    if not KINDS[kind].numbered:
        made["unnumbered"] = True
    if "recipients" in data:
        made["recipients"] = _listed(data["recipients"])
    if "bases" in data:
        made["bases"] = _listed(data["bases"])
    if "to" in data:
        to = data["to"]
        made["addressees"] = (
            [f"Kính gửi: {to[0]}."]
            if len(to) == 1
            else ["Kính gửi:", *(f"- {line}" for line in _listed(to))]
        )
    return {**data, **_bare(kind, data), **_closed(kind, data), **made}


def _bare(kind: str, data: Mapping[str, Any]) -> dict[str, str]:
    """The fields after which the words of ``kind`` put a mark of their own, without the one that
    somebody typed there: an address that ends with a full stop.
    """
    outline = KINDS[kind].outline
    texts = [b.text for b in outline.blocks if isinstance(b, Text)] if outline is not None else []
    marked = set(re.findall(r"\{\{ (\w+) \}\}[.,;:]", " ".join(texts)))
    return {
        name: value.rstrip(" .,;:")
        for name, value in data.items()
        if name in marked and isinstance(value, str)
    }


def _closed(kind: str, data: Mapping[str, Any]) -> dict[str, list[str]]:
    """The lines that a paper of ``kind`` prints one below another, each with the mark that ends
    it: a list of dashes as :func:`_listed` has it, a paragraph its full stop.
    """
    outline = KINDS[kind].outline
    made = {}
    for block in outline.blocks if outline is not None else ():
        if not isinstance(block, Text) or not block.each:
            continue
        many = block.each.rpartition(" ")[2]
        lines = data.get(many) or []
        if all(isinstance(each, str) for each in lines):
            dashes = block.text.startswith("- ")
            made[many] = _listed(lines) if dashes else [_ended(each) for each in lines]
    return made


def _ended(line: str) -> str:
    """The line with a full stop, where no mark ends it."""
    line = line.rstrip()
    return line if line.endswith((".", ";", ":", ",", "!", "?", "…")) else f"{line}."


def _printable(value: Any) -> Any:
    """``value`` with its texts normalised and without control characters, which Word and Typst
    refuse.
    """
    if isinstance(value, dict):
        return {key: _printable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_printable(each) for each in value]
    if isinstance(value, str):
        value = unicodedata.normalize("NFC", value)
        return "".join(c for c in value if c == "\n" or not _unprintable(c))
    return value


def _unprintable(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cs") or letter in "\ufffe\uffff"


#: Space to write by hand; ordinary spaces would collapse into one.
ROOM = "\N{NO-BREAK SPACE}" * 6


def _symbol(kind: str, issuer: str) -> str:
    """«TTr-UBND»; of a letter (công văn) «UBND-», with room for who drafted it, which is known only
    once its number is given («UBND-KTHT», Nghị định 30/2020/NĐ-CP, Phụ lục I).
    """
    its = KINDS[kind]
    if its.symbol or not its.numbered or not issuer:
        return "-".join(filter(None, [its.symbol, issuer]))
    return f"{issuer}-{ROOM}"


def _number(number: str | None) -> str:
    return ROOM if not number else number.zfill(2) if number.isdecimal() else number


def _day(signed_on: str | None, year: int) -> str:
    """«ngày 05 tháng 02 năm 2026»: days below 10 and months 1 and 2 get a zero (NĐ 30, Phụ lục I,
    Mục II.4).
    """
    if signed_on is None:
        return f"ngày{ROOM}tháng{ROOM}năm {year}"
    day = date.fromisoformat(signed_on)
    month = f"{day.month:02}" if day.month < 3 else day.month
    return f"ngày {day.day:02} tháng {month} năm {day.year}"


def _listed(lines: Sequence[str]) -> list[str]:
    """The lines of a list, each ending with a semicolon, the last with a full stop."""
    bare = [line.rstrip(" ;.") for line in lines]
    return [f"{line};" for line in bare[:-1]] + [f"{line}." for line in bare[-1:]]
