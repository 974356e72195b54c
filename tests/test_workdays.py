"""Working days: against a count day by day, and the cases that the law's readers worked out."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cycle import clock
from cycle.models import DayOff, end_of
from cycle.workdays import Calendar, add_months

DAYS = st.dates(date(2018, 1, 1), date(2030, 12, 31))
TERMS = st.integers(0, 130)
START = date(2026, 1, 1)


@st.composite
def calendars(draw):
    """A calendar over about a year: days off anywhere, days worked at weekends."""
    near = st.integers(0, 400).map(lambda n: START + timedelta(days=n))
    off = draw(st.frozensets(near, max_size=40))
    weekends = near.filter(lambda day: day.weekday() >= 5)
    return Calendar(off, draw(st.frozensets(weekends, max_size=10)) - off)


NEAR = st.integers(-20, 300).map(lambda n: START + timedelta(days=n))


def works(calendar, day):
    """The oracle's own opinion of a day."""
    if day in calendar.worked:
        return True
    if day in calendar.off:
        return False
    return day.strftime("%a") not in ("Sat", "Sun")


def last_day(calendar, start, days):
    """Cross off one day after another."""
    day, left = start, days
    while left > 0:
        day = date.fromordinal(day.toordinal() + 1)
        if works(calendar, day):
            left -= 1
    while not works(calendar, day):
        day = date.fromordinal(day.toordinal() + 1)
    return day


@given(calendars(), NEAR, TERMS)
def test_a_term_ends_where_crossing_off_days_ends(calendar, start, days):
    assert calendar.add(start, days) == last_day(calendar, start, days)


@given(calendars(), NEAR, st.integers(1, 130))
def test_a_term_ends_on_a_working_day_and_holds_its_days(calendar, start, days):
    end = calendar.add(start, days)
    assert calendar.is_working(end)
    assert calendar.between(start, end) == days


@given(calendars(), NEAR, TERMS)
def test_a_longer_term_never_ends_earlier(calendar, start, days):
    assert calendar.add(start, days) <= calendar.add(start, days + 1)


@given(calendars(), NEAR, NEAR)
def test_days_between_are_counted_one_by_one_and_backwards_are_negative(calendar, first, last):
    low, high = sorted((first, last))
    counted = sum(
        works(calendar, date.fromordinal(n))
        for n in range(low.toordinal() + 1, high.toordinal() + 1)
    )
    assert calendar.between(low, high) == counted
    assert calendar.between(high, low) == -counted


@given(calendars(), NEAR)
def test_the_next_working_day_is_the_first_that_is_one(calendar, day):
    following = calendar.next_working(day)
    assert following >= day
    assert works(calendar, following)
    assert not any(works(calendar, day + timedelta(n)) for n in range((following - day).days))


@given(DAYS)
def test_without_a_calendar_five_days_are_a_week(day):
    monday = day - timedelta(days=day.weekday())
    assert Calendar().add(monday, 5) == monday + timedelta(days=7)


def test_a_term_is_not_negative():
    with pytest.raises(ValueError, match="not negative"):
        Calendar().add(date(2026, 1, 1), -1)


# --- Received on Friday 20/11/2026, fifteen working days ------------------------------------

FRIDAY = date(2026, 11, 20)


def test_fifteen_days_from_20_11_2026_when_24_11_is_worked():
    assert Calendar().add(FRIDAY, 15) == date(2026, 12, 11)


def test_fifteen_days_from_20_11_2026_when_24_11_is_a_day_off():
    assert Calendar(off={date(2026, 11, 24)}).add(FRIDAY, 15) == date(2026, 12, 14)


def test_a_saturday_worked_instead_brings_the_end_forward():
    calendar = Calendar(off={date(2026, 11, 24)}, worked={date(2026, 11, 28)})
    assert calendar.add(FRIDAY, 15) == date(2026, 12, 11)


def test_the_first_day_is_not_counted():
    assert Calendar().add(date(2026, 11, 23), 1) == date(2026, 11, 24)
    # Received on a day off, the term still begins with the next day.
    assert Calendar().add(date(2026, 11, 21), 1) == date(2026, 11, 23)
    assert Calendar().between(FRIDAY, FRIDAY) == 0


def test_a_term_that_ends_on_a_day_off_runs_on():
    assert Calendar().add(date(2026, 11, 21), 0) == date(2026, 11, 23)


@pytest.mark.django_db
def test_the_stored_calendar_counts_the_same():
    assert DayOff.objects.due(FRIDAY, 15) == date(2026, 12, 11)
    DayOff.objects.create(day=date(2026, 11, 24), name="Ngày Văn hóa Việt Nam")
    assert DayOff.objects.due(FRIDAY, 15) == date(2026, 12, 14)


@pytest.mark.django_db
@pytest.mark.parametrize("days", [1, 5, 15, 60, 120, 365])
def test_the_days_that_are_read_reach_to_the_end_of_the_term(days):
    """Tết at its longest, twice: no day off that matters is left unread."""
    DayOff.objects.bulk_create(
        DayOff(day=date(year, month, 1) + timedelta(days=n), name="Nghỉ Tết")
        for year, month in ((2026, 2), (2027, 2))
        for n in range(14)
    )
    off = frozenset(DayOff.objects.values_list("day", flat=True))
    for start in (date(2026, 1, 20), date(2026, 1, 31), date(2026, 2, 10), date(2026, 11, 20)):
        assert DayOff.objects.due(start, days) == Calendar(off).add(start, days)


def test_a_term_ends_at_midnight_in_vietnam():
    assert end_of(date(2026, 12, 11)).isoformat() == "2026-12-12T00:00:00+07:00"


# --- Months ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 15), 36, date(2029, 1, 15)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2024, 2, 29), 36, date(2027, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 5, 31), 0, date(2026, 5, 31)),
    ],
)
def test_months_later(day, months, later):
    assert add_months(day, months) == later


@given(DAYS, st.integers(0, 120))
def test_months_later_is_the_same_day_or_the_last_of_its_month(day, months):
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)


@pytest.mark.django_db
def test_today_is_a_day_in_vietnam():
    with clock.at(datetime(2026, 11, 20, 17, tzinfo=UTC)):
        assert clock.today() == date(2026, 11, 21)
    with clock.at(datetime(2026, 11, 20, 16, 59, tzinfo=UTC)):
        assert clock.today() == FRIDAY
