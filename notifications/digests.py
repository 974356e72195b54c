"""The morning's letter (bản «Hôm nay»): one per working day, to those who chose it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone, translation

from cycle import clock, site
from cycle.models import DayOff, User
from dossiers.law.guidance import GUIDES
from dossiers.lists import work
from dossiers.lists.filters import in_order
from dossiers.models import Dossier, Task, Term
from dossiers.terms.due import due
from notifications import audiences
from notifications.models import Channel, Delivery, Digest, Notification

HOUR = time(7)

#: Most rows named in each section of the letter; the others are only counted.
NAMED = 15
#: Beside tasks, so many rows are looked at.
MANY = 500


def prepare(now: datetime | None = None) -> int:
    """Make today's letter for each person who has none yet; returns how many were made.

    May run several times at once: a unique row per person and day.
    """
    now = now or clock.now()
    local = timezone.localtime(now)
    today = local.date()
    if not settings.EMAIL_HOST or local.time() < HOUR:
        return 0
    people = (
        User.objects.filter(is_active=True, preference__digest=True, preference__email=True)
        .exclude(email="")
        .exclude(pk__in=Digest.objects.filter(day=today).values("user"))
    )
    if not people or not DayOff.objects.calendar(today, today).is_working(today):
        return 0
    return sum(_make(user, today, now) for user in people)


def since(user: User, now: datetime) -> datetime:
    """Since when a letter made at ``now`` says what is new: since the one before."""
    last = Digest.objects.filter(user=user, created_at__lt=now).first()
    return last.created_at if last else now - timedelta(days=1)


def _make(user: User, today: date, now: datetime) -> int:
    with translation.override("vi"):
        says = bool(text_for(user, since(user, now), now))
    try:
        with transaction.atomic():
            digest = Digest.objects.create(user=user, day=today, created_at=now)
            if says:
                Delivery.objects.create(digest=digest, channel=Channel.EMAIL, next_at=clock.now())
    except IntegrityError:
        # Another worker has just made it.
        return 0
    return 1


def to_do(user: User, since: datetime, now: datetime) -> dict[str, list[Any]]:
    """What waits for ``user``, by what the letter says of it: overdue, due today, new since
    ``since``, waiting or other.
    """
    today = timezone.localdate(now)
    calendar = DayOff.objects.calendar(today - timedelta(days=400), today + timedelta(days=200))
    kinds: dict[str, list[Any]] = {
        kind: [] for kind in ("overdue", "today", "new", "waiting", "other")
    }
    for task in (
        Task.objects.to_do(user)
        .filter(
            Q(due_on__lte=today)
            | Q(opened_at__gt=since)
            | Q(waiting_since__isnull=False)
            | Q(paused=True)
        )
        .select_related("dossier__product__producer", "dossier__commune", "term")
        .order_by("due_at", "pk")
    ):
        left = due(task.due_on, today, calendar, paused_at=task.term.paused_at)
        if left.kind == "overdue":
            kind = "overdue"
        elif left.kind == "paused" or task.waiting_since:
            kind = "waiting"
        else:
            kind = "today" if task.due_on == today else "new"
        kinds[kind].append(
            {
                "kind": work.TASK,
                "pk": task.pk,
                "task": task,
                "title": GUIDES[task.node].title,
                "due": left,
                "about": f"{task.dossier} ({task.dossier.commune.now})",
                "href": f"/tasks/{task.pk}/",
            }
        )
    for row in work.rows_of(work.of(user, today), MANY):
        dated = due(row["due_on"], today, calendar) if row["due_on"] else None
        if dated is not None and dated.kind == "overdue":
            kind = "overdue"
        elif row["due_on"] == today:
            kind = "today"
        else:
            kind = "new" if row["opened_at"] > since else "other"
        # What the ministry decided is no unit's here.
        where = row["commune"] or row["unit"] or ""
        about = f"{row['product']} ({where})" if row["product"] and where else row["product"]
        kinds[kind].append(row | {"due": dated, "about": about or where})
    return kinds


def text_for(user: User, since: datetime, now: datetime) -> str:
    """What ``user`` has to do today and what is new since ``since``; "" when there is nothing."""
    today, kinds = timezone.localdate(now), to_do(user, since, now)
    terms = list(
        Term.objects.live()
        .beside_tasks()
        .filter(user.in_posts("role", "org_unit"), due_on__lte=today)
        .select_related("dossier__product", "org_unit")
    )
    results = _results(user, since)
    if not any([*kinds.values(), terms, results]):
        return ""
    groups = {
        name: {"rows": rows[:NAMED], "more": max(0, len(rows) - NAMED)}
        for name, rows in (
            kinds
            | {
                "terms": [term for term in terms if term.legal],
                "agreed": [term for term in terms if not term.legal],
                "results": results,
            }
        ).items()
    }
    told = Notification.objects.select_related("entry__actor", "entry__sealed_text")
    named = results[:NAMED]
    groups["results"]["rows"] = in_order(named, told.in_bulk(named) if named else {})
    return render_to_string(
        "notifications/_today.txt", groups | {"address": site.address()}
    ).strip()


def _results(user: User, since: datetime) -> list[int]:
    """The ids of what the person was told since of dossiers that they may see today, in order.

    The ids alone are put in order: the rows would be more than the memory for it.
    """
    told = dict(
        Notification.objects.unread()
        .filter(
            recipient=user,
            created_at__gt=since,
            entry__event__in=audiences.events_of(audiences.the_line),
        )
        .order_by("pk")
        .values_list("pk", "entry__stream_id")
    )
    if not told:
        return []
    about = Dossier.objects.visible_to(user).filter(pk__in=set(told.values()))
    seen = set(about.values_list("pk", flat=True))
    return [pk for pk, dossier in told.items() if dossier in seen]
