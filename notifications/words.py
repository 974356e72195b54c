"""The stored words of notifications that may never be renamed; see ``cycle/words.py``."""

from __future__ import annotations

from django.urls import Resolver404, resolve

from cycle import words
from notifications.beats import BEATS
from notifications.models import CalendarFeed, Heartbeat


def calendar_addresses() -> set[str]:
    """The address of calendar feeds, if it still works."""
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
