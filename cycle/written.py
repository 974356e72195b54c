"""How people here write days and numbers, read and shown in one place. A leaf: pure text.

17/11/2026 is a day before a month in every language of the product, 1.444.197,5 has dots between
its thousands and a comma before its decimals. No other reader of a typed day may exist beside this
one: Django's own takes 01/11/2026 for the eleventh of January.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

HOW_A_DAY = gettext_lazy("Hãy ghi ngày theo dạng ngày/tháng/năm, ví dụ 17/11/2026 hoặc 17112026.")
HOW_A_MOMENT = gettext_lazy("Hãy ghi ngày và giờ, ví dụ 17/11/2026 14:00.")

# The same sign between all three parts; or none, as from a numeric keypad.
_DAY_FIRST = re.compile(
    r"([0-9]{1,2})(?: *([/.-]) *| +)([0-9]{1,2})(?(2) *\2 *| +)([0-9]{4}|[0-9]{2})"
)
_DIGITS = re.compile(r"([0-9]{2})()([0-9]{2})([0-9]{4})")
_YEAR_FIRST = re.compile(r"([0-9]{4})([/.-])([0-9]{1,2})\2([0-9]{1,2})")

_MOMENT = re.compile(
    r"(.*[^ ,])(?:T|[ ,]+)([0-9]{1,2})(?:[hg]([0-9]{2})?|:([0-9]{2})(?::[0-9.]+)?)"
)

_TIME_FIRST = re.compile(
    r"([0-9]{1,2})(?:[hg]([0-9]{2})?|:([0-9]{2})(?::[0-9.]+)?)(?:[ ,]+| *[,-] *)(?:ngày +)?(.+)"
)

# Invisible characters that are pasted along from Word or web pages.
_UNSEEN = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")
#: Signs that turn the direction of writing: no language of ours has any use for them.
TURNING = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Blank letters and signs, which Unicode does not class as spaces.
_BLANKS = "\u115f\u1160\u3164\uffa0\u2800"

_GROUPED = re.compile(r"-?[0-9]{1,3}([.,\s])[0-9]{3}(?:\1[0-9]{3})*")
# Not 1.500.00: thousands and decimals must have different signs.
_WHOLE = re.compile(r"(-?[0-9]{1,3}([.,\s])[0-9]{3}(?:\2[0-9]{3})*|-?[0-9]+)(?:(?!\2)[.,]0{1,2})?")


#: The programme began in 2018. Terms of years after the last cannot be computed.
FIRST_YEAR, LAST_YEAR = 2018, 2100
#: The lowest sensible days: of what the programme does; of a post or its paper, for nobody who was
#: appointed before is in service; of what is older than the programme, such as a unit.
PROGRAMME, IN_SERVICE, EVER = date(FIRST_YEAR, 1, 1), date(1985, 1, 1), date(1945, 1, 1)


def out_of_time(day: date, lowest: date = PROGRAMME) -> str:
    """The sentence for a day before the ``lowest`` that is sensible, or after the last; else empty.

    The one home of lowest days: forms, the administration and lists ask it.
    """
    if lowest <= day and day.year <= LAST_YEAR:
        return ""
    if lowest == PROGRAMME and EVER <= day < lowest:
        return _("Ngày %(day)s trước khi có Chương trình OCOP (2018).") % {"day": day_text(day)}
    return _("Năm %(year)s không hợp lý, xin xem lại.") % {"year": day.year}


class NotADay(ValueError):
    """The text is no day; the message is a Vietnamese sentence for the person who typed it."""


def _plain(text: str) -> str:
    """``text`` with plain spaces, without invisible characters and without a final full stop."""
    return " ".join(_UNSEEN.sub("", text).split()).rstrip(". ")


def visible(text: str) -> str:
    """``text`` without control characters, joiners and blank letters; spaces stay."""
    return "".join(
        letter
        for letter in text
        if letter.isspace()
        or (unicodedata.category(letter) not in ("Cc", "Cf", "Co", "Cn") and letter not in _BLANKS)
    )


def clean_name(text: str) -> str:
    """A name in composed letters (NFC) with single spaces, without invisible characters."""
    return " ".join(visible(unicodedata.normalize("NFC", text)).split())


def shortened(text: str, longest: int) -> str:
    """``text``, or as many of its words as go into ``longest`` letters with the sign that there are
    more: nothing is cut off unseen.
    """
    if len(text) <= longest:
        return text
    return f"{text[: longest - 1].rsplit(' ', 1)[0].rstrip(' ,;')}…"


def in_sentence(name: str) -> str:
    """«Tỉnh Điện Biên» → «tỉnh Điện Biên», as inside a sentence."""
    return name[:1].lower() + name[1:]


OLD_FONT = gettext_lazy(
    "Chữ này gõ bằng phông cũ (TCVN3 .VnTime, VNI): hãy chuyển sang Unicode rồi nhập lại."
)
#: Letters that only Unicode has: text with one is of no font of before.
_OF_UNICODE = re.compile(r"[ăđơưĂĐƠƯ\u1e00-\u1eff]")
#: «S¶n phÈm», «®Æc s¶n», «§iÖn Biªn» of TCVN3; «saûn phaåm», «Hôïp taùc xaõ» of VNI.
_OF_TCVN3 = re.compile(
    r"[^\W\d_][µ¶¸¹·¾¼½ª¨¬](?![0-9])|[§®](?=[^\W\d_])|(?<=[^\W\d_])«(?=[^\W\d_])"
)
_OF_VNI = re.compile(r"[aeouyâêô][ïøûõùåäë]", re.IGNORECASE)


def is_of_old_font(text: str) -> bool:
    """Whether ``text`` was typed for a font of before Unicode (TCVN3, VNI): it is read as other
    letters than were meant, and never found.
    """
    text = unicodedata.normalize("NFC", text)
    if _OF_UNICODE.search(text):
        return False
    return bool(_OF_TCVN3.search(text) or len(_OF_VNI.findall(text)) > 1)


def says_something(text: str) -> bool:
    """Whether ``text`` has any visible character."""
    return bool(_UNSEEN.sub("", text).strip())


def day(text: str) -> date:
    """The date that ``text`` means: 17/11/2026, 17-11-26, 17.11.2026, 17 11 2026, 17112026, or as
    machines write it, 2026-11-17. Two digits of a year are 1969 to 2068.

    Raises :class:`NotADay`, also for a day that no calendar has.
    """
    text = _plain(text)
    if found := _YEAR_FIRST.fullmatch(text):
        year, _sign, month, number = found.groups()
    elif found := _DAY_FIRST.fullmatch(text) or _DIGITS.fullmatch(text):
        number, _sign, month, year = found.groups()
        if len(year) == 2:
            year = f"{20 if int(year) < 69 else 19}{year}"
    else:
        raise NotADay(str(HOW_A_DAY))
    try:
        return date(int(year), int(month), int(number))
    except ValueError:
        raise NotADay(
            _("Ngày %(day)s không có thật.") % {"day": f"{number:0>2}/{month:0>2}/{year}"}
        ) from None


def moment(text: str) -> datetime:
    """The date and the time of day that ``text`` means: a day and 14:00, 14h00 or 14h, or the time
    before the day, 8h30 1/12/2026.

    Raises :class:`NotADay`.
    """
    text = _plain(text)
    if found := _TIME_FIRST.fullmatch(text):
        hour, after_h, after_colon, written_day = found.groups()
    elif found := _MOMENT.fullmatch(text):
        written_day, hour, after_h, after_colon = found.groups()
    else:
        raise NotADay(str(HOW_A_MOMENT))
    on = day(written_day)
    try:
        return datetime.combine(on, time(int(hour), int(after_h or after_colon or 0)))
    except ValueError:
        raise NotADay(str(HOW_A_MOMENT)) from None


HOW_A_PERIOD = gettext_lazy("Hãy ghi ngày hoặc tháng, ví dụ 17/11/2026 hoặc 11/2026.")
_MONTH = re.compile(r"(?:[Tt]háng *)?([0-9]{1,2}) *[/.-] *([0-9]{4})|([0-9]{4})-([0-9]{1,2})")


@dataclass(frozen=True)
class Period:
    """A day, or a whole month, for which something is planned."""

    begins: date
    ends: date

    @classmethod
    def of_month(cls, year: int, month: int) -> Period:
        """The whole month."""
        return cls(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))

    def __str__(self) -> str:
        if self.begins == self.ends:
            return day_text(self.begins)
        return f"{self.begins:%m/%Y}"


def period(text: str) -> Period:
    """The day or the month that ``text`` means: 17/11/2026, 11/2026, «tháng 11/2026».

    Raises :class:`NotADay`.
    """
    text = _plain(unicodedata.normalize("NFC", text))
    if found := _MONTH.fullmatch(text):
        month, year = found[1] or found[4], found[2] or found[3]
        if not 1 <= int(month) <= 12 or int(year) < 1:
            raise NotADay(_("Tháng %(month)s không có thật.") % {"month": f"{month:0>2}/{year}"})
        return Period.of_month(int(year), int(month))
    try:
        on = day(text)
    except NotADay as wrong:
        raise NotADay(str(HOW_A_PERIOD) if str(wrong) == str(HOW_A_DAY) else str(wrong)) from None
    return Period(on, on)


class NotAPhone(ValueError):
    """What was written is no telephone number; the message is the sentence for who wrote it."""


def phone(text: str) -> str:
    """A telephone number as it is dialled in Vietnam: «0912 345 678», +84 912.345.678 and what a
    spreadsheet leaves of it, 912345678, are "0912345678"; nothing written is "".

    Raises :class:`NotAPhone`.
    """
    text = _plain(text)
    digits = re.sub(r"[ .\-()]", "", text)
    digits = re.sub(r"^(\+84|0084|84(?=[0-9]{9}$))", "0", digits)
    if re.fullmatch(r"[1-9][0-9]{8,9}", digits):
        digits = f"0{digits}"
    if text and not re.fullmatch(r"0[0-9]{9,10}", digits):
        raise NotAPhone(
            _("«%(text)s» không phải số điện thoại, ví dụ 0912345678.") % {"text": text}
        )
    return digits


def whole(text: str) -> str:
    """A whole number without its thousands signs: «1.234» → "1234", «12,00» → "12".

    Decimals may only be zeros, so three digits after a sign are thousands. Any other text stays as
    it is, for the field to refuse.
    """
    found = _WHOLE.fullmatch(text.strip())
    return re.sub(r"[.,\s]", "", found[1]) if found else text.strip()


#: The most digits of an id; more may not fit into PostgreSQL's bigint.
_KEY_DIGITS = 18


def key(text: str | None) -> int | None:
    """The id in ``text``, from an address or a button; None when it is no valid id."""
    if text and text.isascii() and text.isdigit() and len(text) <= _KEY_DIGITS:
        return int(text)
    return None


def decimal(text: str) -> str:
    """A number with decimals as Python reads it: «71,5» and "71.5" → "71.5", «1.444.197,5» too.

    A single sign is a decimal sign: «1.234» is 1.234, as points are small numbers with decimals.
    With both signs, or one of them twice, the first kind separates thousands.
    """
    text = text.strip()
    grouped = _GROUPED.fullmatch(text)
    if grouped and (text.count(grouped[1]) > 1 or grouped[1].isspace()):
        return re.sub(r"[.,\s]", "", text)
    sign = max(".,", key=text.rfind)
    head, sign, tail = text.rpartition(sign)
    grouped = _GROUPED.fullmatch(head)
    if grouped and grouped[1] != sign:
        head = re.sub(r"[.,\s]", "", head)
    return f"{head}.{tail}" if sign else text


def grouped(number: int) -> str:
    """A whole number as it is shown: 1444197 → «1.444.197»."""
    return f"{number:,}".replace(",", ".")


_WEEKDAYS = [
    gettext_lazy("thứ Hai"),
    gettext_lazy("thứ Ba"),
    gettext_lazy("thứ Tư"),
    gettext_lazy("thứ Năm"),
    gettext_lazy("thứ Sáu"),
    gettext_lazy("thứ Bảy"),
    gettext_lazy("Chủ nhật"),
]


def day_text(value: date | None) -> str:
    """A date as an office writes it: 17/11/2026; nothing for None."""
    return f"{value:%d/%m/%Y}" if value else ""


def moment_text(value: datetime | None) -> str:
    """A moment in Vietnam's time: «14:05, thứ Ba 17/11/2026»; nothing for None."""
    if not value:
        return ""
    local = timezone.localtime(value)
    return f"{local:%H:%M}, {_WEEKDAYS[local.weekday()]} {local:%d/%m/%Y}"
