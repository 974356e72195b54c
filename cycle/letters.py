"""Letters as people read them: how text is compared, searched and put in order, in Python and in
the database alike, on any PostgreSQL ≥ 13, without an extension and whatever its locale.

A leaf. Each function of Python has its twin of SQL beside it; ``tests/test_alike_letters.py`` holds
the two together. What changes here changes stored columns: it needs a migration that makes them
anew, as ``0030_letters_alike`` of cycle and of dossiers, ``0033_numbers_alike`` of dossiers do.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat


def _chars(*spans: str) -> str:
    """«a-c», «x» → "abcx"."""
    return "".join(chr(code) for span in spans for code in range(ord(span[0]), ord(span[-1]) + 1))


#: What prints nothing, and marks over a letter: they are left out. Zero-width spaces and joiners,
#: soft hyphens, marks of direction, blank letters, control characters.
_UNSEEN = _chars(
    "\x01-\x08", "\x0e-\x1b", "\x7f-\x84", "\x86-\x9f", "\u00ad", "\u061c", "\u115f-\u1160",
    "\u180e", "\u200b-\u200f", "\u202a-\u202e", "\u2060-\u206f", "\u2800", "\ufe00-\ufe0f",
    "\ufeff",
)  # fmt: skip
_MARKS = _chars("\u0300-\u036f")
#: Others than the blank. Those that Unicode takes for it, such as NBSP, are gone before.
_BLANKS = _chars("\t-\r", "\x1c-\x1f", "\x85", "\u1680", "\u2028-\u2029")
#: What people type for a hyphen.
DASHES = "‐‑‒–—―−⁃"
_QUOTES = {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "′": "'"}
#: Letters that look like another: Đ of old files and converters, Cyrillic ones of a keyboard.
_ALIKE = dict(zip("đðɖĐÐƉıАВЕКМНОРСТХаеорсухіј", "ddddddiabekmhopctxaeopcyxij", strict=True))
_CAPITALS = {
    chr(code): chr(code).lower()
    for code in (*range(0x41, 0x5B), *range(0xC0, 0x250))
    if chr(code).lower() != chr(code)
    and len(chr(code).lower()) == 1
    and unicodedata.normalize("NFKD", chr(code)) == chr(code)
}
#: One character of folded text for one as it was typed, "" for none.
_FOLDED = (
    _CAPITALS
    | _ALIKE
    | _QUOTES
    | dict.fromkeys(DASHES, "-")
    | dict.fromkeys(_BLANKS, " ")
    | dict.fromkeys(_UNSEEN + _MARKS, "")
)
#: What parts words beside blanks.
_PARTING = "-.,;:()[]\"'/&"
#: The signs of a number and symbol, all read as one; none is written with %, which SQL reads.
_PARTED = dict.fromkeys(_chars("!-$", "&-/", ":-@", "[-`", "{-~"), "/")
#: What is no part of a number, and what stands for it.
_OF_NUMBERS = (
    ("^so/*([0-9])", r"\1"),
    ("([^0-9])/+", r"\1"),
    ("([0-9])/?([^0-9/])", r"\1/\2"),
    ("(^|[^0-9])0+([0-9])", r"\1\2"),
)

_TO_FOLDED = str.maketrans(_FOLDED)
_TO_PARTED = str.maketrans(_PARTED)
_TO_WORDS = str.maketrans(dict.fromkeys(_PARTING, " "))


def _literal(text: str) -> str:
    """``text`` as a string of SQL inside a template of Django."""
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


def _translate(expression: str, signs: Mapping[str, str]) -> str:
    """SQL that puts one sign for another; those for which "" stands are left out."""
    kept = [(sign, other) for sign, other in signs.items() if other]
    left_out = "".join(sign for sign, other in signs.items() if not other)
    before = "".join(sign for sign, _other in kept) + left_out
    after = "".join(other for _sign, other in kept)
    return f"translate({expression}, {_literal(before)}, {_literal(after)})"


def _single_spaced(expression: str) -> str:
    return f"btrim(regexp_replace({expression}, ' +', ' ', 'g'))"


_FOLD = _single_spaced(_translate("normalize(%(expressions)s, NFKD)", _FOLDED))

_FOLD_NUMBER = _translate(f"replace({_FOLD}, ' ', '')", _PARTED)
_FOLD_NUMBER = f"btrim({_FOLD_NUMBER}, '/')"
for _pattern, _other in _OF_NUMBERS:
    _FOLD_NUMBER = f"regexp_replace({_FOLD_NUMBER}, {_literal(_pattern)}, {_literal(_other)}, 'g')"


# --- Compared -------------------------------------------------------------------------------------


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """``text`` as it is compared: small letters without Vietnamese marks, single blanks, one kind
    of dash and of quotation mark, nothing that is not seen: «Nước  mắm» → "nuoc mam".
    """
    return " ".join(unicodedata.normalize("NFKD", text).translate(_TO_FOLDED).split())


class Fold(models.Func):
    """The same as :func:`fold`, in the database; immutable, so a generated column may use it."""

    template = _FOLD
    output_field = models.TextField()


def fold_number(text: str) -> str:
    """A number and symbol for comparison, by its numbers and letters: «Số 07/QĐ – UBND.»,
    «7/qd_ubnd» and «7/QĐUBND» give the same, "7/qdubnd". A sign parts a number from what follows
    it and says nothing else.
    """
    text = fold(text).replace(" ", "").translate(_TO_PARTED).strip("/")
    for pattern, other in _OF_NUMBERS:
        text = re.sub(pattern, other, text)
    return text


class FoldNumber(models.Func):
    """The same as :func:`fold_number`, in the database."""

    template = _FOLD_NUMBER
    output_field = models.TextField()


def plain_words(text: str) -> str:
    """The words of ``text`` alone, whatever parts them: «Bà Lò-Thị·An!» → "ba lo thi an"."""
    return " ".join(re.findall("[a-z0-9]+", fold(text)))


class PlainWords(models.Func):
    """The same as :func:`plain_words`, in the database."""

    template = f"btrim(regexp_replace({_FOLD}, '[^a-z0-9]+', ' ', 'g'))"
    output_field = models.TextField()


def numbered(column: str) -> models.GeneratedField:
    """The column ``folded_number`` over one of numbers.

    Its collation is C, so that an index finds what a number begins with.
    """
    return _column(FoldNumber(F(column)), db_collation="C")


# --- Searched -------------------------------------------------------------------------------------

#: So many words of a search are looked for.
WORDS = 8
#: A word so long may be several written as one, «caphe»; a shorter one would be found across the
#: end of a word too often.
JOINED = 5
#: How legal forms and their kind are written short; a search finds one by the other.
SHORT = {
    "htx": "hop tac xa",
    "tht": "to hop tac",
    "cty": "cong ty",
    "ct": "cong ty",
    "tnhh": "trach nhiem huu han",
    "mtv": "mot thanh vien",
    "cp": "co phan",
    "dntn": "doanh nghiep tu nhan",
    "hkd": "ho kinh doanh",
    "kd": "kinh doanh",
    "nn": "nong nghiep",
    "dv": "dich vu",
    "dvnn": "dich vu nong nghiep",
    "sx": "san xuat",
    "tm": "thuong mai",
}

#: The same, the most words first: (how it is written short, its words).
_BY_LENGTH = sorted(
    ((short, whole.split()) for short, whole in SHORT.items()), key=lambda row: -len(row[1])
)


def search_words(text: str) -> str:
    """``text`` as it is searched by words: «Cà-phê (rang)» → "ca phe rang"."""
    return " ".join(fold(text).translate(_TO_WORDS).split())


def search_joined(text: str) -> str:
    """``text`` as it is searched for words that were written as one: «Cà phê» → "caphe"."""
    return search_words(text).replace(" ", "")


class SearchWords(models.Func):
    """The same as :func:`search_words`, in the database."""

    template = _single_spaced(_translate(_FOLD, dict.fromkeys(_PARTING, " ")))
    output_field = models.TextField()


class SearchJoined(models.Func):
    """The same as :func:`search_joined`, in the database."""

    template = _translate(_FOLD, dict.fromkeys(_PARTING + " ", ""))
    output_field = models.TextField()


def searched(*columns: str) -> tuple[models.GeneratedField, models.GeneratedField]:
    """The columns ``search`` and ``search_joined`` over others of the same row."""
    return _column(SearchWords(_joined(columns))), _column(SearchJoined(_joined(columns)))


def _joined(columns: Sequence[str]) -> Any:
    """Columns as one text, a blank between two."""
    spaced = [part for column in columns for part in (F(column), Value(" "))][:-1]
    return Concat(*spaced, output_field=models.TextField()) if len(columns) > 1 else spaced[0]


def _column(expression: Any, **of_text: Any) -> models.GeneratedField:
    return models.GeneratedField(
        expression=expression, output_field=models.TextField(**of_text), db_persist=True
    )


def found(
    text: str, paths: Iterable[str] = ("",), also: Callable[[str], Q] = lambda _word: Q()
) -> Q:
    """The condition that each word of ``text``, or what it is short for, is in the search columns
    of one of the rows at ``paths``, lookup paths such as "product__", or is what ``also`` says of
    it; no word, no condition.
    """
    paths = list(paths)

    def there(word: str) -> Q:
        column = "search" if len(word) < JOINED else "search_joined"
        anywhere = Q()
        for path in paths:
            anywhere |= Q(**{f"{path}{column}__contains": word})
        return anywhere | also(word)

    condition = Q()
    for ways in _ways(text):
        either = Q()
        for words in ways:
            all_of_them = Q()
            for word in words:
                all_of_them &= there(word)
            either |= all_of_them
        condition &= either
    return condition


def _ways(text: str) -> list[list[list[str]]]:
    """The words of a search in order, each as the ways in which it may be written, each way as
    words: «HTX Mường» → [[["htx"], ["hoptacxa"]], [["muong"]]].
    """
    left, ways = search_words(text).split()[:WORDS], []
    while left:
        for short, whole in _BY_LENGTH:
            if left[: len(whole)] == whole:
                ways.append([whole, [short]])
                del left[: len(whole)]
                break
        else:
            word = left.pop(0)
            ways.append([[word], *([[SHORT[word].replace(" ", "")]] if word in SHORT else [])])
    return ways


def says(said: str, wanted: str) -> bool:
    """Whether each word of ``wanted`` is in the text ``said``, as :func:`found` finds it."""
    words, joined = search_words(said), search_joined(said)

    def there(word: str) -> bool:
        return word in (words if len(word) < JOINED else joined)

    return all(any(all(map(there, way)) for way in ways) for ways in _ways(wanted))


# --- In order -------------------------------------------------------------------------------------

#: Each letter of the Vietnamese alphabet, and f, j, w, z, takes the next of these as its place.
_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_PLACES = _chars("A-a")
#: No tone, huyền, hỏi, ngã, sắc, nặng.
_TONES = {"\u0300": "1", "\u0309": "2", "\u0303": "3", "\u0301": "4", "\u0323": "5"}
_SHAPES = {"a\u0306": "ă", "a\u0302": "â", "e\u0302": "ê", "o\u0302": "ô", "o\u031b": "ơ",
           "u\u031b": "ư"}  # fmt: skip


def _placed() -> tuple[dict[str, str], dict[str, str]]:
    """({letter: its place}, {letter: its tone}) of all composed Latin letters."""
    places, tones = {}, {}
    for code in (*range(0x41, 0x7B), *range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        sign = chr(code)
        base, *marks = list(unicodedata.normalize("NFD", _ALIKE.get(sign, sign).lower()))
        base = "đ" if sign in "đĐðÐɖƉ" else base
        if base not in _ALPHABET:
            continue
        for mark in marks:
            base = _SHAPES.get(base + mark, base)
        places[sign] = _PLACES[_ALPHABET.index(base)]
        tones[sign] = next((_TONES[mark] for mark in marks if mark in _TONES), "0")
    return places, tones


_SIGNS = {
    sign: other for sign, other in _FOLDED.items() if not sign.isalpha() or sign in _UNSEEN + _MARKS
}
_PLACE, _TONE = (_SIGNS | placed for placed in _placed())
_TO_PLACE, _TO_TONE = str.maketrans(_PLACE), str.maketrans(_TONE)
#: Before all else, so that a name comes before those that begin with it.
_FIRST = "\x01"


@lru_cache(maxsize=8192)
def sort_key(text: str) -> str:
    """What ``text`` is put in order by, as a Vietnamese dictionary does: A, Ă, Â, B … D, Đ, E; the
    tones (ngang, huyền, hỏi, ngã, sắc, nặng) part only what is else the same. Compared by code.
    """
    text = unicodedata.normalize("NFKC", text)
    return _FIRST.join(" ".join(text.translate(to).split()) for to in (_TO_PLACE, _TO_TONE))


class SortPlaces(models.Func):
    """The letters of :func:`sort_key`, in the database."""

    template = _single_spaced(_translate("normalize(%(expressions)s, NFKC)", _PLACE))
    output_field = models.TextField()


class SortTones(models.Func):
    """Its tones."""

    template = _single_spaced(_translate("normalize(%(expressions)s, NFKC)", _TONE))
    output_field = models.TextField()


def sorted_by(*columns: str) -> models.GeneratedField:
    """The column ``sort_key`` over others of the same row, of which the first comes first.

    Its collation is C, whatever the database's: so the order is the same everywhere.
    """
    return _column(key_of(_joined(columns)), db_collation="C")


def key_of(text: Any) -> Concat:
    """The same as :func:`sort_key`, in the database."""
    return Concat(SortPlaces(text), Value(_FIRST), SortTones(text), output_field=models.TextField())
