"""Search that ignores diacritics, on any PostgreSQL ≥ 13 and without an extension."""

import unicodedata

from django.db import models

_MARKS = dict.fromkeys(range(0x300, 0x370))


def fold(text):
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
