"""A person's due days as an iCalendar feed (lịch iCalendar)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from urllib.parse import urlsplit

from django.utils import timezone, translation
from icalendar import Calendar, Event

from cycle import clock, site
from cycle.models import User
from dossiers.law.guidance import GUIDES
from dossiers.lists import work
from dossiers.models import Task, Term

#: At most this many tasks, and as many terms.
MANY = 500


def feed(user: User) -> bytes:
    """The open tasks of ``user``'s posts, their legal terms and agreed days, and whatever else they
    must do by a day, as iCalendar.
    """
    with translation.override("vi"):
        calendar = Calendar()
        calendar.add("prodid", "-//OCOP//Hạn xử lý//VI")
        calendar.add("version", "2.0")
        calendar.add("x-wr-calname", "OCOP: hạn xử lý")
        calendar.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
        now = clock.now()
        for event in [*_tasks(user), *_others(user, timezone.localdate(now)), *_terms(user)]:
            event.add("dtstamp", now)
            calendar.add_component(event)
        return calendar.to_ical()


def _event(name: str, day: date, summary: str, description: str, path: str = "") -> Event:
    event = Event()
    address = site.address()
    event.add("uid", f"{name}@{urlsplit(address).hostname}")
    event.add("summary", summary)
    event.add("description", description)
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    # Not shown as busy time.
    event.add("transp", "TRANSPARENT")
    if path:
        event.add("url", site.address(path))
    return event


def _tasks(user: User) -> Iterator[Event]:
    tasks = Task.objects.to_do(user)
    for task in tasks.select_related("dossier__product__producer", "dossier__commune").order_by(
        "due_at", "pk"
    )[:MANY]:
        dossier = task.dossier
        description = f"{dossier.product.producer}, {dossier.commune}"
        if task.waiting_since:
            description += f"\nĐang chờ chủ thể: {task.waiting_reason}"
        if task.paused:
            description += "\nĐang tạm dừng: hạn được tính lại khi chạy tiếp."
        yield _event(
            f"task-{task.pk}",
            task.due_on,
            f"Hạn: {GUIDES[task.node].title}: {dossier}",
            description,
            f"/tasks/{task.pk}/",
        )


def _others(user: User, today: date) -> Iterator[Event]:
    found = work.of(user, today)
    for row in work.rows_of(found, MANY, work_due_on__isnull=False):
        about = ", ".join(filter(None, [row["producer"], row["commune"] or row["unit"]]))
        summary = f"Hạn: {row['title']}" + (f": {row['product']}" if row["product"] else "")
        yield _event(f"{row['kind'].name}-{row['pk']}", row["due_on"], summary, about, row["href"])


def _terms(user: User) -> Iterator[Event]:
    terms = Term.objects.live().beside_tasks().filter(user.in_posts("role", "org_unit"))
    for term in terms.select_related("dossier__product", "org_unit", "rule").order_by(
        "due_at", "pk"
    )[:MANY]:
        about = f": {term.dossier}" if term.dossier else ""
        article = term.rule.article if term.rule else ""
        yield _event(
            f"term-{term.pk}",
            term.due_on,
            f"Hạn theo quy định: {term.title}{about}" if term.legal else f"{term.title}{about}",
            "\n".join(filter(None, [str(term.org_unit), article])),
            f"/dossiers/{term.dossier_id}/" if term.dossier_id else "",
        )
