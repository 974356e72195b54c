"""Term arithmetic over a given calendar. Pure: no database, no clock.

The first day is not counted, and a period that ends on a day off runs to the next working day
(Bộ luật Dân sự 2015, Điều 147 and 148).
"""

import re
from calendar import monthrange
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

DAY = timedelta(days=1)


class Unit(StrEnum):
    """What a term is counted in (đơn vị tính thời hạn)."""

    WORKING_DAYS = "wd"
    DAYS = "d"
    MONTHS = "m"


@dataclass(frozen=True)
class Projection:
    """Where a term ends, and why: the days that were passed over, each with its reason."""

    start: date
    amount: int
    unit: Unit
    due_on: date
    skipped: tuple[tuple[date, str], ...]


@dataclass(frozen=True)
class Calendar:
    """Days off and weekend days worked instead (ngày nghỉ, ngày làm bù).

    ``names`` says of a day off what it is and by which document; it changes no result.
    """

    off: Collection[date] = field(default_factory=frozenset)
    worked: Collection[date] = field(default_factory=frozenset)
    names: Mapping[date, str] = field(default_factory=dict)

    def is_working(self, day: date) -> bool:
        """Whether ``day`` is a working day: a weekday that is not off, or a weekend day worked."""
        if day in self.worked:
            return True
        return day.weekday() < 5 and day not in self.off

    def why_off(self, day: date) -> str:
        """Why nobody works on ``day``, in Vietnamese."""
        if day in self.off:
            return self.names.get(day, "ngày nghỉ")
        return "thứ Bảy" if day.weekday() == 5 else "Chủ nhật"

    def next_working(self, day: date) -> date:
        """``day`` itself, or the first working day after it."""
        while not self.is_working(day):
            day += DAY
        return day

    def last_working(self, day: date) -> date:
        """``day`` itself, or the last working day before it."""
        while not self.is_working(day):
            day -= DAY
        return day

    def project(self, start: date, amount: int, unit: str) -> Projection:
        """The :class:`Projection` of a term of ``amount`` ``unit`` that starts on ``start``.

        Working days may be negative: what ends so many of them before ``start`` counts back.
        """
        if amount < 0:
            return self._counted_back(start, amount, unit)
        skipped = []
        day = start
        if unit == Unit.WORKING_DAYS:
            left = amount
            while left:
                day += DAY
                if self.is_working(day):
                    left -= 1
                else:
                    skipped.append(day)
        elif unit == Unit.DAYS:
            day = start + timedelta(days=amount)
        else:
            day = add_months(start, amount)
        due_on = self.next_working(day)
        while day < due_on:
            skipped.append(day)
            day += DAY
        return Projection(
            start, amount, Unit(unit), due_on, tuple((off, self.why_off(off)) for off in skipped)
        )

    def _counted_back(self, start: date, amount: int, unit: str) -> Projection:
        if unit != Unit.WORKING_DAYS:
            raise ValueError("only working days are counted back")
        day = self.shift(start, amount)
        between = (day + timedelta(days=n) for n in range((start - day).days))
        skipped = [(off, self.why_off(off)) for off in between if not self.is_working(off)]
        return Projection(start, amount, Unit(unit), day, tuple(skipped))

    def add(self, start: date, days: int) -> date:
        """The last day of a term of ``days`` working days that starts on ``start``."""
        return self.project(start, days, Unit.WORKING_DAYS).due_on

    def shift(self, day: date, days: int) -> date:
        """The working day ``days`` working days after ``day``, or before it when negative."""
        step = DAY if days > 0 else -DAY
        left = abs(days)
        while left:
            day += step
            left -= self.is_working(day)
        return day

    def between(self, first: date, last: date) -> int:
        """How many working days lie after ``first`` up to ``last``; negative when it is past."""
        if last < first:
            return -self.between(last, first)
        return sum(
            self.is_working(first + timedelta(days=n)) for n in range(1, (last - first).days + 1)
        )


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, or the last day of that month when it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def parse_length(text: str) -> tuple[int, Unit]:
    """``"15wd"``, ``"45d"``, ``"36m"`` as (amount, unit); ValueError for anything else."""
    match = re.fullmatch(r"(\d{1,4})(wd|d|m)", text)
    if match is None:
        raise ValueError(text)
    return int(match[1]), Unit(match[2])
