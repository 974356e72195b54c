"""Names, numbers and symbols of documents: how a column keeps them, and whether they are any."""

import re
import unicodedata
from contextlib import suppress
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from cycle import clock, fields
from cycle.letters import DASHES, fold, plain_words

# Migrations of before know them by this name.
from cycle.letters import Fold as Fold
from cycle.letters import FoldNumber as FoldNumber
from cycle.letters import fold_number as fold_number
from cycle.written import (
    IN_SERVICE,
    OLD_FONT,
    PROGRAMME,
    NotADay,
    clean_name,
    day,
    day_text,
    is_of_old_font,
    out_of_time,
    visible,
)


class NameField(models.CharField):
    """A column for names (tên): cleaned by :func:`clean_name` whenever it is saved, and read by
    :class:`cycle.fields.NameField` in every form.
    """

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return clean_name(value) if isinstance(value, str) else value

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": fields.NameField} | kwargs)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value

    def deconstruct(self) -> Any:
        """A plain CharField to migrations."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class PhoneField(models.CharField):
    """A column for a telephone number: every form reads it by :class:`cycle.fields.PhoneField`."""

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": fields.PhoneField} | kwargs)

    def deconstruct(self) -> Any:
        """A plain CharField to migrations."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class DayField(models.DateField):
    """A column for a day that may be before the programme, from the ``lowest`` on."""

    def __init__(self, *args: Any, lowest: date = PROGRAMME, **kwargs: Any) -> None:
        self.lowest = lowest
        super().__init__(*args, **kwargs)

    def formfield(self, **kwargs: Any) -> Any:
        # Forms and the administration say which field reads it: always that of ``cycle.fields``.
        return super().formfield(**{"lowest": self.lowest} | kwargs)

    def deconstruct(self) -> Any:
        """A plain DateField to migrations."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.DateField", args, kwargs


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


_ENDS = r"(?!\d|[/.-]\s*\w)"
#: Days as they are written behind a number, folded, with the groups day, month, year: «21/11/2026»,
#: «21-11-26», «ngày 21.11.26», «2026-11-21», «ngày 21 tháng 11 năm 2026». What goes on behind the
#: sign, «12/3/2031/QĐ», is a number.
_DAYS = [
    re.compile(each)
    for each in (
        rf"(?<!\d)(?P<d>\d{{1,2}})\s*[/.-]\s*(?P<m>\d{{1,2}})\s*[/.-]\s*(?P<y>\d{{4}}){_ENDS}",
        rf"(?<!\d)(?P<d>\d{{1,2}})\s+(?P<m>\d{{1,2}})\s+(?P<y>\d{{4}}){_ENDS}",
        rf"(?<!\d)(?<!\d[/.-])(?P<d>\d{{1,2}})\s*(?P<s>[/-])\s*(?P<m>\d{{1,2}})\s*(?P=s)\s*(?P<y>\d\d){_ENDS}",
        rf"ngay\s+(?P<d>\d{{1,2}})\s*[/.-]\s*(?P<m>\d{{1,2}})\s*[/.-]\s*(?P<y>\d\d){_ENDS}",
        rf"(?<!\d)(?P<y>\d{{4}})\s*(?P<s>[/.-])\s*(?P<m>\d{{1,2}})\s*(?P=s)\s*(?P<d>\d{{1,2}}){_ENDS}",
        r"(?<!\d)(?P<d>\d{1,2})\s*thang\s*(?P<m>\d{1,2})\s*(?:nam|[/.,-])?\s*(?P<y>\d{4}|\d\d)(?!\d)",
    )
]
_SLASHES = str.maketrans(dict.fromkeys("\u2044\u2215", "/"))


def days_in(text: str) -> list[date]:
    """The days written in ``text``, in their order, without those that no calendar has."""
    text = fold(text).translate(_SLASHES)
    found: dict[int, date] = {}
    for told in (each for days in _DAYS for each in days.finditer(text)):
        # What was said of one place first stays.
        with suppress(NotADay):
            found.setdefault(told.start("d"), day(f"{told['d']}/{told['m']}/{told['y']}"))
    return [found[place] for place in sorted(found)]


def document_wrong(text: str) -> Any:
    """The sentence for a text that names no document, one of a day to come, or one that is older
    than any that is in use; else empty.
    """
    if not names_document(text):
        return _("Văn bản cần số và ký hiệu, ví dụ 12/QĐ-UBND: hãy nhập lại số, ngày văn bản.")
    # In a replay of the past a document may be newer than the act that it is typed for.
    days = days_in(text)
    ahead = [] if clock.replaying() else [on for on in days if on > clock.today()]
    if not ahead:
        return next((wrong for on in days if (wrong := out_of_time(on, IN_SERVICE))), "")
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


#: What stands before a name and is no part of it, with its marks: «Bá» and «Chu» are surnames.
_TITLES = frozenset(
    ["ông", "bà", "anh", "chị", "cô", "chú", "bác", "hộ", "hkd", "gs", "pgs", "ts", "ths", "ks"]
)
_LONGEST_NAME = 6
_BETWEEN_NAMES = re.compile(r"[,;/|()\n]|\s[-–—]\s|\s(?:và|hoặc)\s")


def people_in(text: str) -> list[str]:
    """The full names of people in what names one or several: «Bà Lò Thị A, TS. Vì Văn B (con)» is
    «Lò Thị A» and «Vì Văn B». A full name has several words, the first and the last with a
    capital; what is written in another way is none.
    """
    found = []
    for part in _BETWEEN_NAMES.split(unicodedata.normalize("NFC", visible(text))):
        words = part.replace("Hộ kinh doanh", "").replace(".", " ").split()
        while words and words[0].strip(":").lower() in _TITLES:
            del words[0]
        if (
            2 <= len(words) <= _LONGEST_NAME
            and "".join(words).replace("-", "").replace("'", "").isalpha()
            and words[0][0].isupper()
            and words[-1][0].isupper()
        ):
            found.append(" ".join(words))
    return found


def names_them(text: str, name: str) -> bool:
    """Whether ``text`` names the person called ``name``, whatever stands beside it: «TS. Lò Thị
    An», «An Lò Thị (đã ký)», «Vì Văn B, LòThị An»; or with several words of the name and no other.

    Its twin in the database has the same name.
    """
    said, called = plain_words(text).split(), plain_words(name).split()
    if not said or not called:
        return False
    if set(called) <= set(said) or len(set(said)) > 1 and set(said) <= set(called):
        return True
    joined = "".join(called)
    return any(
        "".join(said[i:j]) == joined for i in range(len(said)) for j in range(i + 1, len(said) + 1)
    )


def says_unknown(text: str) -> bool:
    """Whether ``text`` says of a name that nobody knows it («Chưa rõ tên»), or says nothing."""
    words = name_words(text)
    said = words[:2] in (["chua", "ro"], ["khong", "ro"], ["chua", "biet"], ["khong", "biet"])
    return not words or said or words[0].startswith(("chuaro", "khongro"))


def check_signer(text: str, field: str) -> None:
    """Raises ValidationError at ``field`` when ``text`` is given and is no person's name (người
    ký). That a signer is not known is marked where it is read from a list, never typed.
    """
    if is_of_old_font(text):
        raise ValidationError({field: OLD_FONT})
    if text.strip() and (not names_person(text) or says_unknown(text)):
        raise ValidationError({field: _("Hãy nhập đủ họ và tên người ký, ví dụ Nguyễn Văn An.")})
