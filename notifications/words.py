"""The words that rows of what people are told hold."""

from __future__ import annotations

from django.urls import Resolver404, resolve

from cycle import words
from notifications.beats import BEATS
from notifications.models import CalendarFeed, Heartbeat


def calendar_addresses() -> set[str]:
    """The address that calendars of people ask, if it still leads to their days."""
    try:
        match = resolve("/calendar/token.ics")
    except Resolver404:
        return set()
    return {"/calendar/….ics"} if match.view_name == "notifications:calendar_feed" else set()


words.register("nhịp chạy nền", lambda: BEATS, words.column(Heartbeat, "name"))
words.register(
    "địa chỉ lịch",
    calendar_addresses,
    words.Place(
        f"{CalendarFeed._meta.label}.token",
        "SELECT '/calendar/….ics', count(*) FROM notifications_calendarfeed HAVING count(*) > 0",
    ),
)
