"""Search that ignores diacritics, on any PostgreSQL ≥ 13 and without an extension."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

_MARKS = dict.fromkeys(range(0x300, 0x370))
#: All that is typed for a hyphen, and the spaces that are none to PostgreSQL's ``\\s``.
_DASHES = "‐‑‒–—―−"
_SPACES = "\u00a0\u2000-\u200b\u202f\u3000"


def fold(text: str) -> str:
    """``text`` in lower case without Vietnamese diacritics: «Nước mắm» → «nuoc mam»."""
    text = unicodedata.normalize("NFD", text.lower()).translate(_MARKS)
    return " ".join(text.replace("đ", "d").split())


class Fold(models.Func):
    """The same as :func:`fold`, in the database; immutable, so a generated column may use it."""

    template = (
        "translate(regexp_replace(normalize(lower(%(expressions)s), NFD),"
        " '[\\u0300-\\u036f]', '', 'g'), 'đ', 'd')"
    )
    output_field = models.TextField()


def fold_number(text: str) -> str:
    """A number and symbol however it was typed: « 07/QĐ – UBND» and «7/qd-ubnd» are one."""
    text = re.sub(rf"[\s{_SPACES}]", "", fold(text))
    text = text.translate(dict.fromkeys(map(ord, _DASHES), "-"))
    return re.sub(r"(^|[^0-9])0+([0-9])", r"\1\2", text)


_SYMBOL = re.compile(rf"[0-9A-Za-z\u00c0-\u024f\u1e00-\u1eff/.,()&_+{_DASHES}\s{_SPACES}-]*")


def check_symbol(text: str, field: str) -> None:
    """Whether ``text`` is written as a number and symbol (số và ký hiệu) is: with letters and signs
    that can be seen and typed. One that only looks like another would be a second number.

    Raises ValidationError at ``field``.
    """
    if not _SYMBOL.fullmatch(text):
        raise ValidationError(
            {field: _("Số, ký hiệu chỉ gồm chữ, số và các dấu / - . , ( ): hãy gõ lại.")}
        )


class FoldNumber(models.Func):
    """The same as :func:`fold_number`, in the database."""

    template = (
        f"regexp_replace(translate(regexp_replace({Fold.template}, '[\\s{_SPACES}]', '', 'g'),"
        f" '{_DASHES}', '{'-' * len(_DASHES)}'), '(^|[^0-9])0+([0-9])', '\\1\\2', 'g')"
    )
    output_field = models.TextField()
