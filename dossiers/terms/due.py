"""How long there is left, in words. Pure: no database, no clock."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

#: Within so many working days a task is «due soon» (sắp đến hạn).
SOON = 3


#: What a term is counted in, in words.
UNITS = {"wd": _lazy("ngày làm việc"), "d": _lazy("ngày"), "m": _lazy("tháng"), "": ""}


@dataclass(frozen=True)
class Due:
    """A due day (hạn xử lý): ``kind`` is overdue, soon or later; ``words`` say it."""

    kind: str
    words: str
    on: date


def due(due_on, today, calendar):
    """The :class:`Due` of a task due on ``due_on``, seen on ``today`` with these days off."""
    days = calendar.between(today, due_on)
    if due_on < today:
        # Due on Friday, seen on Saturday: late, though no working day has passed.
        words = (
            ngettext("quá hạn %(n)d ngày làm việc", "quá hạn %(n)d ngày làm việc", -days)
            % {"n": -days}
            if days
            else _("vừa quá hạn")
        )
        return Due("overdue", words, due_on)
    if due_on == today:
        return Due("soon", _("hôm nay"), due_on)
    words = ngettext("còn %(n)d ngày làm việc", "còn %(n)d ngày làm việc", days) % {"n": days}
    return Due("soon" if days <= SOON else "later", words, due_on)
