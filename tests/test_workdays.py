"""Term arithmetic against an oracle that is written another way: it counts, and never walks back.

The oracle numbers each day of 2019–2041 by how many working days lie up to it; a term is then a
search in that table.
"""

from bisect import bisect_left
from datetime import date, datetime, timedelta
from random import Random

import pytest
from django.utils import timezone

from cycle.management.commands.explain_term import shipped_calendar
from cycle.models import end_of
from cycle.workdays import Calendar, Unit, add_months, parse_length

FIRST, LAST = date(2019, 1, 1), date(2041, 12, 31)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
STARTS = [day for day in DAYS if 2020 <= day.year <= 2035]


class Oracle:
    """Working days, numbered."""

    def __init__(self, calendar):
        self.upto, count = [], 0
        for day in DAYS:
            weekend = day.strftime("%a") in ("Sat", "Sun")
            off = day in calendar.off or weekend
            count += day in calendar.worked or not off
            self.upto.append(count)

    def number(self, day):
        return self.upto[(day - FIRST).days]

    def first_with(self, number):
        return DAYS[bisect_left(self.upto, number)]

    def next_working(self, day):
        return self.first_with(self.number(day - timedelta(days=1)) + 1)

    def due(self, start, amount, unit):
        if unit == "wd":
            return (
                self.first_with(self.number(start) + amount) if amount else self.next_working(start)
            )
        if unit == "d":
            return self.next_working(DAYS[(start - FIRST).days + amount])
        year, month, day = start.year, start.month, start.day
        for _ in range(amount):
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        while True:
            try:
                return self.next_working(date(year, month, day))
            except ValueError:
                day -= 1


def invented(seed):
    """Days off and days worked instead, strewn over the years, some of them both."""
    random = Random(seed)
    worked = [day for day in DAYS if day.weekday() >= 5 and random.random() < 0.2]
    off = [day for day in DAYS if random.random() < 0.15]
    # A long Tết in each year.
    for year in range(2019, 2042):
        first = date(year, 1, 20) + timedelta(days=random.randrange(30))
        off += [first + timedelta(days=n) for n in range(9)]
    return Calendar(off=frozenset(off), worked=frozenset(worked))


CALENDARS = {
    "weekends only": Calendar(),
    "shipped": shipped_calendar([], []),
    **{f"invented {seed}": invented(seed) for seed in range(3)},
}


@pytest.fixture(params=CALENDARS)
def calendar(request):
    return CALENDARS[request.param]


@pytest.fixture
def oracle(calendar):
    return Oracle(calendar)


@pytest.mark.parametrize(
    ("unit", "amounts"),
    [("wd", (0, 1, 2, 5, 15, 30)), ("d", (0, 1, 15, 45, 180)), ("m", (0, 1, 2, 12, 36))],
)
def test_a_term_from_every_day_ends_where_the_oracle_says(calendar, oracle, unit, amounts):
    for start in STARTS:
        for amount in amounts:
            assert calendar.project(start, amount, Unit(unit)).due_on == oracle.due(
                start, amount, unit
            ), (start, amount)


def test_random_terms_end_where_the_oracle_says(calendar, oracle):
    random = Random(7)
    for _ in range(3000):
        start = random.choice(STARTS)
        unit = random.choice(list(Unit))
        amount = random.randrange({"wd": 400, "d": 700, "m": 60}[unit])
        assert calendar.project(start, amount, unit).due_on == oracle.due(start, amount, unit)


def test_what_was_skipped_is_each_day_that_was_not_counted_and_no_other(calendar):
    random = Random(11)
    for _ in range(2000):
        start, amount = random.choice(STARTS), random.randrange(40)
        projection = calendar.project(start, amount, Unit.WORKING_DAYS)
        skipped = [day for day, _reason in projection.skipped]
        passed = [start + timedelta(days=n) for n in range(1, (projection.due_on - start).days + 1)]
        if amount:
            assert len(passed) - len(skipped) == amount
            assert sorted(set(passed) - set(skipped)) == [
                d for d in passed if calendar.is_working(d)
            ]
        assert not any(calendar.is_working(day) for day in skipped)
        assert all(reason for _day, reason in projection.skipped)
        assert skipped == sorted(set(skipped))


def test_of_calendar_days_only_those_off_at_the_end_are_skipped(calendar):
    for start in STARTS[::7]:
        projection = calendar.project(start, 45, Unit.DAYS)
        end = start + timedelta(days=45)
        assert [day for day, _reason in projection.skipped] == [
            end + timedelta(days=n) for n in range((projection.due_on - end).days)
        ]


def test_a_due_day_is_a_working_day_and_a_longer_term_ends_no_sooner(calendar):
    for start in STARTS[::11]:
        for unit in Unit:
            due = [calendar.project(start, amount, unit).due_on for amount in range(12)]
            assert due == sorted(due)
            assert all(calendar.is_working(day) for day in due)
            assert due[0] >= start


def test_between_counts_as_the_oracle_does_in_both_directions(calendar, oracle):
    random = Random(13)
    for _ in range(3000):
        first = random.choice(STARTS)
        last = first + timedelta(days=random.randrange(-200, 200))
        assert calendar.between(first, last) == oracle.number(last) - oracle.number(first)
        assert calendar.between(first, last) == -calendar.between(last, first)


def test_add_and_between_undo_each_other(calendar):
    for start in STARTS[::3]:
        for days in (1, 3, 10):
            assert calendar.between(start, calendar.add(start, days)) == days


def test_shift_goes_as_far_back_as_forth(calendar, oracle):
    random = Random(17)
    for _ in range(3000):
        day, days = random.choice(STARTS), random.randrange(1, 60)
        there = calendar.shift(day, days)
        assert there == oracle.first_with(oracle.number(day) + days) == calendar.add(day, days)
        back = calendar.shift(day, -days)
        # Back from a day off, the working day before it is the first.
        number = oracle.number(day) - calendar.is_working(day)
        assert back == oracle.first_with(number - days + 1)
        assert calendar.shift(day, 0) == day
        if calendar.is_working(day):
            assert calendar.shift(there, -days) == day


def test_adding_months_keeps_the_day_or_takes_the_last():
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2025, 1, 31), 1) == date(2025, 2, 28)
    assert add_months(date(2024, 2, 29), 36) == date(2027, 2, 28)
    assert add_months(date(2025, 12, 15), 1) == date(2026, 1, 15)
    assert add_months(date(2025, 8, 31), 6) == date(2026, 2, 28)


def test_a_day_worked_is_worked_whatever_else_is_said_of_it():
    day = date(2026, 8, 22)
    assert Calendar(off={day}, worked={day}).is_working(day)


def test_why_nobody_works_is_said_with_the_name_that_is_known():
    calendar = shipped_calendar([date(2026, 12, 7)], [])
    assert calendar.why_off(date(2026, 11, 21)) == "thứ Bảy"
    assert calendar.why_off(date(2026, 11, 22)) == "Chủ nhật"
    assert calendar.why_off(date(2026, 9, 2)) == "Quốc khánh (Bộ luật Lao động 2019, Điều 112)"
    assert calendar.why_off(date(2026, 12, 7)) == "ngày nghỉ (nhập tay)"
    assert Calendar(off={date(2026, 9, 2)}).why_off(date(2026, 9, 2)) == "ngày nghỉ"


@pytest.mark.parametrize("name", CALENDARS)
@pytest.mark.parametrize("amount", [1, 2, 7, 30])
def test_working_days_are_counted_back(name, amount):
    calendar = CALENDARS[name]
    oracle = Oracle(calendar)
    for start in STARTS[::97]:
        counted = calendar.project(start, -amount, Unit.WORKING_DAYS)
        # The last day by which so many working days are still to come before ``start``.
        before = oracle.number(start - timedelta(days=1))
        assert counted.due_on == oracle.first_with(before - amount + 1)
        between = (start - counted.due_on).days
        assert between - len(counted.skipped) == amount
        assert all(counted.due_on < day < start for day, _why in counted.skipped)


@pytest.mark.parametrize("unit", [Unit.DAYS, Unit.MONTHS])
def test_nothing_else_is_counted_back(unit):
    with pytest.raises(ValueError, match="only working days"):
        Calendar().project(date(2026, 1, 1), -1, unit)


@pytest.mark.parametrize(
    ("text", "length"),
    [("15wd", (15, "wd")), ("45d", (45, "d")), ("36m", (36, "m")), ("0d", (0, "d"))],
)
def test_a_length_is_read(text, length):
    assert parse_length(text) == length


@pytest.mark.parametrize("text", ["", "15", "wd", "-1d", "1.5d", "15 wd", "15WD", "15y", "99999d"])
def test_what_is_no_length_is_refused(text):
    with pytest.raises(ValueError, match=f"^{text}$"):
        parse_length(text)


def test_every_day_has_24_hours_and_ends_at_midnight_in_vietnam():
    for day in STARTS:
        end = end_of(day)
        assert timezone.localtime(end).replace(tzinfo=None) == datetime(
            day.year, day.month, day.day
        ) + timedelta(days=1)
        assert end.utcoffset() == timedelta(hours=7)
        assert end - end_of(day - timedelta(days=1)) == timedelta(hours=24)
