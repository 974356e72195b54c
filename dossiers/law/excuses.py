"""Why something is left undone for now: one list of reasons wherever it is asked. A leaf."""

from __future__ import annotations

import re
from datetime import date

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import written


class Excuse(models.TextChoices):
    """The reasons (lý do để lại). ``AWAITED`` needs a day, ``OTHER`` alone needs words."""

    NOT_APPLICABLE = "na", _("Không áp dụng")
    AWAITED = "awaited", _("Chờ bổ sung, hạn …")
    OTHER = "other", _("Khác")


def chosen(why: str, until: date | None, words: str) -> str:
    """The reason that was chosen; words alone are «Khác»."""
    return why or (Excuse.OTHER.value if words.strip() and until is None else "")


def lacks(
    why: str, until: date | None, words: str, today: date
) -> tuple[str, str | Promise] | None:
    """What an excuse given ``today`` still lacks, as the part ("why", "until", "words") and a
    sentence; None when it is whole.
    """
    if why not in Excuse.values:
        return "why", _("Hãy chọn lý do.")
    if why == Excuse.AWAITED and until is None:
        return "until", _("Chờ bổ sung thì phải có hạn: hãy ghi ngày.")
    if why == Excuse.AWAITED and until is not None and until < today:
        return "until", _("Hạn bổ sung đã qua: hãy ghi từ hôm nay trở đi.")
    if why == Excuse.OTHER and not words.strip():
        return "words", _("Chọn «Khác» thì phải ghi lý do bằng lời.")
    return None


def said(why: str, until: date | None = None, words: str = "") -> str:
    """An excuse in words: «chờ bổ sung, hạn 15/12/2026»."""
    if why == Excuse.AWAITED and until is not None:
        told = _now("chờ bổ sung, hạn %(day)s") % {"day": f"{until:%d/%m/%Y}"}
    elif why == Excuse.NOT_APPLICABLE:
        told = _now("không áp dụng")
    else:
        return words.strip() or _now("không nêu lý do")
    return f"{told} ({words.strip()})" if words.strip() else told


def day_of(reason: str) -> date | None:
    """The last day that a ``reason`` in words names (until when it waits), or None."""
    return max(
        filter(None, map(_day, re.findall(r"\b\d{1,2}/\d{1,2}/\d{4}\b", reason))), default=None
    )


def _day(text: str) -> date | None:
    try:
        return written.day(text)
    except written.NotADay:
        return None
