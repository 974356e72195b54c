"""Working-day arithmetic over a given calendar. Pure: no database, no clock.

The first day is not counted, and a period that ends on a day off runs to the next working day
(Bộ luật Dân sự 2015, Điều 147 and 148).
"""

from calendar import monthrange
from collections.abc import Set
from dataclasses import dataclass, field
from datetime import date, timedelta


@dataclass(frozen=True)
class Calendar:
    """Days off and weekend days worked instead (ngày nghỉ, ngày làm bù)."""

    off: Set[date] = field(default_factory=frozenset)
    worked: Set[date] = field(default_factory=frozenset)

    def is_working(self, day):
        """Whether ``day`` is a working day: a weekday that is not off, or a weekend day worked."""
        if day in self.worked:
            return True
        return day.weekday() < 5 and day not in self.off

    def next_working(self, day):
        """``day`` itself, or the first working day after it."""
        while not self.is_working(day):
            day += timedelta(days=1)
        return day

    def add(self, start, days):
        """The last day of a term of ``days`` working days that starts on ``start``."""
        if days < 0:
            raise ValueError("a term is not negative")
        day = start
        while days:
            day += timedelta(days=1)
            days -= self.is_working(day)
        return self.next_working(day)

    def between(self, first, last):
        """How many working days lie after ``first`` up to ``last``; negative when it is past."""
        if last < first:
            return -self.between(last, first)
        return sum(
            self.is_working(first + timedelta(days=n)) for n in range(1, (last - first).days + 1)
        )


def add_months(day, months):
    """The same day ``months`` later, or the last day of that month when it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
