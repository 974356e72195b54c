"""Whether a due day is overdue, soon, later or paused, in words. Pure: no database, no clock.

The one place that says so; in queries ``TaskQuerySet.overdue`` and ``due_soon`` say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from cycle.workdays import Calendar
from cycle.written import day_text

#: Within so many working days a task is «due soon» (sắp đến hạn).
SOON = 3


#: Beyond so many working days nobody counts: the day itself is said.
FAR = 60

#: What a term is counted in, in words.
UNITS = {"wd": _lazy("ngày làm việc"), "d": _lazy("ngày"), "m": _lazy("tháng"), "": ""}


@dataclass(frozen=True)
class Due:
    """A due day (hạn xử lý): ``kind`` is overdue, soon, later or paused; ``words`` say it."""

    kind: str
    words: str
    on: date
    #: So far away that the words are the day itself.
    far: bool = False

    @property
    def aside(self) -> str:
        """The words behind the day, in brackets; nothing where they would say it again."""
        return "" if self.far else f" ({self.words})"


def due(due_on: date, today: date, calendar: Calendar, *, paused_at: datetime | None = None) -> Due:
    """The :class:`Due` of what is due on ``due_on``, seen on ``today`` with these days off.

    ``paused_at``: when its clock was paused (tạm dừng); None while it runs. A paused one is neither
    soon nor overdue; if it was late at that moment, the words say by how much, as of then.
    """
    if paused_at is not None:
        paused_on = timezone.localdate(paused_at)
        late = -calendar.between(paused_on, due_on)
        if late > 0:
            words = ngettext(
                "tạm dừng, đã quá hạn %(n)d ngày làm việc",
                "tạm dừng, đã quá hạn %(n)d ngày làm việc",
                late,
            ) % {"n": late}
        else:
            words = _("tạm dừng, vừa quá hạn") if due_on < paused_on else _("tạm dừng")
        return Due("paused", words, due_on)
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
    if days > FAR:
        return Due("later", _("đến %(day)s") % {"day": day_text(due_on)}, due_on, far=True)
    words = ngettext("còn %(n)d ngày làm việc", "còn %(n)d ngày làm việc", days) % {"n": days}
    return Due("soon" if days <= SOON else "later", words, due_on)
