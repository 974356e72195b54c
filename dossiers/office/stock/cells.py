"""What a cell of an office's list means (ô): stars, days, numbers, kinds, as people write them."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from cycle import sheets, written
from cycle.models import check_symbol, fold
from dossiers.models import CaseType, Edition, OwnerType, ProductGroup
from dossiers.walk.running import STEPS


class Unread(Exception):
    """A cell that cannot be understood; ``suggestion`` is what may have been meant."""

    def __init__(self, text: object, suggestion: object = ""):
        super().__init__(str(text))
        self.text, self.suggestion = str(text), str(suggestion)


# --- Stars ----------------------------------------------------------------------------------------

_WORDS = {"mot": 1, "hai": 2, "ba": 3, "bon": 4, "tu": 4, "nam": 5}
_STAR = "★☆⭐✩✭*"


def stars(value: Any) -> int:
    """3, «3 sao», «OCOP 3 sao», «***», «★★★», «ba sao»: 3. Raises :class:`Unread`."""
    if isinstance(value, bool | date):
        raise Unread(_("Đây không phải hạng sao."), "3, 4, 5")
    if isinstance(value, float):
        raise Unread(_("Hạng sao phải là số nguyên."), "3, 4, 5")
    text = fold(str(value))
    full = sum(text.count(sign) for sign in "★⭐✭*")
    if found := re.fullmatch(
        r"(?:hang|ocop|dat|xep hang|:|\s)*([0-9])(?:\.0+)?\s*(?:sao)?"
        rf"[\s{re.escape(_STAR)}]*",
        text,
    ):
        number = int(found[1])
    elif full and not text.strip(_STAR + " "):
        number = full
    elif found := re.fullmatch(r"(?:hang |ocop |dat )*([a-z]+) sao", text):
        number = _WORDS.get(found[1], 0)
    else:
        raise Unread(_("Không hiểu hạng sao «%(text)s».") % {"text": str(value)[:40]}, "3, 4, 5")
    if number in (1, 2):
        raise Unread(_("Sản phẩm 1–2 sao không có giấy chứng nhận."), _("bỏ dòng này"))
    if not 3 <= number <= 5:
        raise Unread(_("Hạng sao phải từ 3 đến 5."), "3, 4, 5")
    return number


# --- Days -----------------------------------------------------------------------------------------

_IN_WORDS = re.compile(r"(?:ngay\s*)?([0-9]{1,2})\s*thang\s*([0-9]{1,2})\s*nam\s*([0-9]{4})")


def day(value: Any) -> date:
    """A date as a cell has it: a date, an Excel serial number, or text as people write it.

    Raises :class:`Unread`.
    """
    if isinstance(value, bool):
        raise Unread(_("Đây không phải ngày."))
    if isinstance(value, date):
        return _in_our_time(value)
    if isinstance(value, int | float):
        if 2018 <= value <= 2100:
            raise Unread(
                _("Chỉ có năm %(year)s, thiếu ngày và tháng.") % {"year": int(value)},
                f"?/?/{int(value)}",
            )
        found = sheets.from_serial(value)
        if found is None:
            found = _digits(str(int(value)).zfill(8))
        return _in_our_time(found)
    text = re.sub(r"^ng[àa]y\s*[:.]?\s*", "", str(value).strip(), flags=re.IGNORECASE)
    if match := _IN_WORDS.fullmatch(fold(text)):
        text = "/".join(match.groups())
    if re.fullmatch(r"[0-9]{5}", text):
        return day(int(text))
    # What a database program pastes: a time that nobody wrote.
    text = re.sub(r"[T ]0?0:00(:00(\.0+)?)?$", "", text)
    if re.fullmatch(r"(?:tháng\s*)?[0-9]{1,2}[/-][0-9]{4}|(?:năm\s*)?[0-9]{4}", text.lower()):
        raise Unread(_("Thiếu ngày: «%(text)s».") % {"text": text}, "dd/mm/yyyy")
    try:
        return _in_our_time(written.day(text))
    except written.NotADay as refused:
        raise Unread(str(refused), _swapped(text)) from None


def _digits(text: str) -> date:
    try:
        return written.day(text)
    except written.NotADay as refused:
        raise Unread(str(refused)) from None


def _in_our_time(found: date) -> date:
    if not 1990 <= found.year <= 2100:
        raise Unread(_("Năm %(year)s không hợp lý.") % {"year": found.year})
    return found


def _swapped(text: str) -> str:
    """A day whose month comes first, the other way round: 3/25/2024 → 25/03/2024."""
    parts = re.findall(r"[0-9]+", text)
    if len(parts) == 3 and int(parts[0]) <= 12 < int(parts[1]) <= 31:
        return f"{int(parts[1]):02}/{int(parts[0]):02}/{parts[2]}"
    return ""


_DECISION_DAY = re.compile(
    r"[,;.\s]*(?:ng[àa]y|ng\.)\s*(.{6,30})$|\s*\(([0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4})\)$",
    re.IGNORECASE,
)


def decision(text: str) -> tuple[str, str]:
    """Number and day of a decision that one cell holds both: «Số 12/QĐ-UBND ngày 3/3/2024»."""
    text = re.sub(
        r"^(?:quyết định|qđ|quyet dinh)?\s*(?:số|so)?\s*[:.]?\s*(?=[0-9])",
        "",
        text.strip(),
        flags=re.IGNORECASE,
    )
    if found := _DECISION_DAY.search(text):
        return text[: found.start()].strip(" ,;."), (found[1] or found[2]).strip(" .")
    return text.strip(" ,;."), ""


def symbol(text: str) -> str:
    """A number and symbol as it may stand on paper. Raises :class:`Unread`."""
    text = re.sub(r"^(?:số|so)\s*[:.]?\s*(?=\S)", "", text, flags=re.IGNORECASE)
    try:
        check_symbol(text, "number")
    except ValidationError as error:
        raise Unread(" ".join(error.messages)) from None
    return text


# --- Kinds ----------------------------------------------------------------------------------------

_GROUPS: tuple[tuple[str, ProductGroup], ...] = (
    ("sinh vat canh", ProductGroup.ORNAMENTAL),
    ("hoa, cay canh", ProductGroup.ORNAMENTAL),
    ("du lich", ProductGroup.TOURISM),
    ("thu cong my nghe", ProductGroup.HANDICRAFT),
    ("vai va may mac", ProductGroup.TEXTILE),
    ("vai, may mac", ProductGroup.TEXTILE),
    ("may mac", ProductGroup.TEXTILE),
    ("luu niem", ProductGroup.DECORATION),
    ("noi that", ProductGroup.DECORATION),
    ("do uong", ProductGroup.DRINK),
    ("duoc lieu", ProductGroup.HERBS),
    ("thao duoc", ProductGroup.HERBS),
    ("thuc pham", ProductGroup.FOOD),
)


def group_in(text: object) -> str:
    """The product group that a text names; empty when it names none."""
    words = fold(str(text))
    return next((str(group) for name, group in _GROUPS if name in words), "")


def group(value: Any) -> str:
    """The product group of a cell, or its code. Raises :class:`Unread`."""
    if value in ProductGroup.values:
        return value
    if found := group_in(value):
        return found
    raise Unread(
        _("Không có nhóm sản phẩm «%(text)s».") % {"text": str(value)[:60]},
        ", ".join(str(each) for each in ProductGroup.labels[:6]),
    )


_OWNERS: tuple[tuple[str, OwnerType], ...] = (
    (r"\b(to hop tac|tht|to lien ket|nhom ho)\b", OwnerType.GROUP),
    (r"\b(hop tac xa|htx|lien hiep)\b", OwnerType.COOPERATIVE),
    (r"\b(cong ty|cty|doanh nghiep|dntn|tnhh|co phan|dn)\b", OwnerType.ENTERPRISE),
    (r"\b(trang trai|tt nong nghiep)\b", OwnerType.FARM),
    (r"\b(hoi|hiep hoi|chi hoi)\b", OwnerType.ASSOCIATION),
    (r"\b(ho kinh doanh|hkd|ho ca the|ho gia dinh|ho san xuat|ho dkkd|ho|co so|ong|ba|gia dinh"
     r"|co so san xuat)\b", OwnerType.HOUSEHOLD),
)  # fmt: skip


def owner_in(text: object) -> str:
    """The kind of producer that a text names; empty when it names none."""
    words = fold(str(text))
    return next((str(kind) for found, kind in _OWNERS if re.search(found, words)), "")


def owner(value: Any) -> str:
    """The kind of producer of a cell, or its code. Raises :class:`Unread`."""
    if value in OwnerType.values:
        return value
    if found := owner_in(value):
        return found
    raise Unread(
        _("Không hiểu loại hình «%(text)s».") % {"text": str(value)[:60]},
        ", ".join(str(label) for label in OwnerType.labels),
    )


#: Each edition with its last day.
EDITIONS: tuple[tuple[Edition, date], ...] = (
    (Edition.QD851, date(2019, 8, 20)),
    (Edition.QD1048, date(2023, 2, 23)),
    (Edition.QD148, date(2025, 7, 5)),
    (Edition.QD1489, date(2026, 5, 21)),
    (Edition.QD26, date.max),
)


def edition(value: Any) -> str:
    """«QĐ 148/QĐ-TTg» → 148. Raises :class:`Unread`."""
    text = fold(str(value))
    found = [code for code in Edition.values if re.search(rf"(?<![0-9]){code}(?![0-9])", text)]
    if "781" in text and not found:
        return str(Edition.QD1048)
    if Edition.QD1489 in found:
        return str(Edition.QD1489)
    if len(found) != 1:
        raise Unread(
            _("Không biết quy định «%(text)s».") % {"text": str(value)[:60]},
            ", ".join(Edition.values),
        )
    return found[0]


def edition_of(day: date) -> str:
    """The edition in force on the day of a decision."""
    return str(next(code for code, last in EDITIONS if day <= last))


_STATUSES: tuple[tuple[str, str], ...] = (
    ("khong con", "expired"),
    ("thu hoi", "revoked"),
    ("huy", "revoked"),
    ("het han", "expired"),
    ("het hieu luc", "expired"),
    ("qua han", "expired"),
    ("con han", "valid"),
    ("con hieu luc", "valid"),
    ("dang hieu luc", "valid"),
    ("con gia tri", "valid"),
    ("co hieu luc", "valid"),
    ("hieu luc", "valid"),
)


def status(value: Any) -> str:
    """``valid``, ``expired`` or ``revoked``. Raises :class:`Unread`."""
    words = fold(str(value))
    for name, code in _STATUSES:
        if name in words:
            return code
    raise Unread(
        _("Không hiểu tình trạng «%(text)s».") % {"text": str(value)[:60]},
        _("còn hạn, hết hạn, đã thu hồi"),
    )


def phone(value: Any) -> str:
    """A telephone number, its 0 given back. Raises :class:`Unread` for what is none."""
    text = str(int(value)) if isinstance(value, float) else str(value)
    first = re.split(r"\s*[;/,–]\s*|\s+-\s+", text)[0]
    digits = re.sub(r"[^0-9]", "", first)
    if digits.startswith("84") and len(digits) in (11, 12):
        digits = digits[2:]
    if digits and not digits.startswith("0"):
        digits = f"0{digits}"
    if not 10 <= len(digits) <= 11:
        raise Unread(_("Số điện thoại «%(text)s» không đủ chữ số.") % {"text": text[:40]})
    return digits


def case_type(value: Any) -> str:
    """Why a product is evaluated. Raises :class:`Unread`."""
    words = fold(str(value))
    for name, code in (
        ("nang hang", CaseType.UPGRADE),
        ("nang sao", CaseType.UPGRADE),
        ("danh gia lai", CaseType.REEVALUATION),
        ("lai", CaseType.REEVALUATION),
        ("lan dau", CaseType.FIRST),
        ("moi", CaseType.FIRST),
    ):
        if name in words:
            return str(code)
    raise Unread(
        _("Không hiểu loại hồ sơ «%(text)s».") % {"text": str(value)[:60]},
        ", ".join(str(label) for label in CaseType.labels),
    )


READERS: dict[str, Callable[[Any], Any]] = {
    "stars": stars,
    "product_group": group,
    "owner_type": owner,
    "edition": edition,
    "status": status,
    "phone": phone,
    "decision_on": day,
    "issued_on": day,
    "expires_on": day,
    "revoked_on": day,
    "surveyed_on": day,
    "since": day,
    **dict.fromkeys(STEPS, day),
    "case_type": case_type,
    "number": symbol,
}
