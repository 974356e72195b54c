"""Names, numbers and symbols of documents: how a column keeps them, and whether they are any."""

import re
import unicodedata
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from cycle import clock
from cycle.letters import DASHES, fold

# Migrations of before know them by this name.
from cycle.letters import Fold as Fold
from cycle.letters import FoldNumber as FoldNumber
from cycle.letters import fold_number as fold_number
from cycle.written import clean_name, day_text, visible


class NameField(models.CharField):
    """A column for names (tên): cleaned by :func:`clean_name` whenever it is saved."""

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return clean_name(value) if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value

    def deconstruct(self) -> Any:
        """A plain CharField to migrations."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


#: Spaces that PostgreSQL's ``\\s`` does not match.
_SPACES = "\u00a0\u2000-\u200b\u202f\u3000"
#: Of letters beside the Latin ones only those with Vietnamese marks, and what old files have for Đ:
#: no office writes others, and one that looks like another would make one number two.
_LETTERS = "".join(
    chr(code)
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))
    if re.fullmatch(
        "[AEIOUYaeiouy][\u0300-\u0303\u0306\u0309\u031b\u0323]+",
        unicodedata.normalize("NFD", chr(code)),
    )
)
_SYMBOL = re.compile(rf"[0-9A-Za-z{_LETTERS}đĐðÐɖƉ/.,()&_+{DASHES}\s{_SPACES}-]*")


def check_symbol(text: str, field: str) -> None:
    """Check that a number and symbol (số và ký hiệu) has only letters and signs that are visible
    and in use: with lookalikes, one number could be recorded twice.

    Raises ValidationError at ``field``.
    """
    if not _SYMBOL.fullmatch(unicodedata.normalize("NFC", text)):
        raise ValidationError(
            {field: _("Số, ký hiệu chỉ gồm chữ, số và các dấu / - . , ( ): hãy gõ lại.")}
        )
    # In a replay of the past the number may be unknown.
    if fold(text) and not re.search(r"[0-9]", text) and not clock.replaying():
        raise ValidationError({field: _("Số, ký hiệu phải có chữ số, ví dụ 12/QĐ-UBND.")})


SHORTEST_DOCUMENT = 4


def names_document(text: str) -> bool:
    """Whether ``text`` says which document it is (số, ngày văn bản)."""
    seen = "".join(visible(unicodedata.normalize("NFKC", text)).split())
    return (
        len(seen) >= SHORTEST_DOCUMENT
        and any(map(str.isdecimal, seen))
        and any(map(str.isalpha, seen))
    )


#: A day as it is written behind a number: «21/11/2026», «ngày 21 tháng 11 năm 2026».
_DAY = re.compile(
    r"(?<![\d/.-])(\d{1,2})(?:\s*[/.-]\s*|\s+tháng\s+)(\d{1,2})"
    r"(?:\s*[/.-]\s*|\s+năm\s+)(\d{4})(?![\d/])",
    re.IGNORECASE,
)


def days_in(text: str) -> list[date]:
    """The days written in ``text``, without those that no calendar has."""
    found = []
    for told in _DAY.findall(unicodedata.normalize("NFKC", text)):
        day, month, year = map(int, told)
        try:
            found.append(date(year, month, day))
        except ValueError:
            continue
    return found


def number_in(text: str) -> str:
    """The number and symbol in ``text``, folded, without the day behind it: of «Quyết định số
    12/QĐ-UBND ngày 21/11/2026» that of 12/QĐ-UBND.
    """
    said = _DAY.sub(" ", unicodedata.normalize("NFKC", text))
    dashes = f"{DASHES}-"
    found = re.search(rf"\d+\s*[/{dashes}]\s*[^\s,;()]+(?:\s*[{dashes}]\s*[^\s,;()]+)*", said)
    return fold_number(found[0] if found else said)


def document_wrong(text: str) -> Any:
    """The sentence for a text that names no document, or one of a day to come; else empty."""
    if not names_document(text):
        return _("Văn bản cần số và ký hiệu, ví dụ 12/QĐ-UBND: hãy nhập lại số, ngày văn bản.")
    # In a replay of the past a document may be newer than the act that it is typed for.
    ahead = [] if clock.replaying() else [day for day in days_in(text) if day > clock.today()]
    if not ahead:
        return ""
    said = _("Ngày %(day)s của văn bản chưa đến: hãy nhập lại số, ngày văn bản.")
    return said % {"day": day_text(ahead[0])}


def check_document(text: str, field: str) -> None:
    """Raises ValidationError at ``field`` when ``text`` is given and is :func:`document_wrong`."""
    if text.strip() and (wrong := document_wrong(text)):
        raise ValidationError({field: wrong})


def names_person(text: str) -> bool:
    """Whether ``text`` may be the name of a person: two words or more, and no number."""
    words = name_words(text)
    return len(words) >= 2 and not any(map(str.isdigit, words))


def name_words(text: str) -> list[str]:
    """The words of a name for comparison: folded, without invisible characters."""
    return re.findall(r"\w+", fold(visible(unicodedata.normalize("NFKC", text))))


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same, however typed; False if one is empty."""
    return name_words(one) == name_words(other) != []


def says_unknown(text: str) -> bool:
    """Whether ``text`` says of a name that nobody knows it («Chưa rõ tên»), or says nothing."""
    words = name_words(text)
    said = words[:2] in (["chua", "ro"], ["khong", "ro"], ["chua", "biet"], ["khong", "biet"])
    return not words or said or words[0].startswith(("chuaro", "khongro"))


def check_signer(text: str, field: str) -> None:
    """Raises ValidationError at ``field`` when ``text`` is given and is no person's name (người
    ký). That a signer is not known is marked where it is read from a list, never typed.
    """
    if text.strip() and (not names_person(text) or says_unknown(text)):
        raise ValidationError({field: _("Hãy nhập đủ họ và tên người ký, ví dụ Nguyễn Văn An.")})
