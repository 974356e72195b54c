"""The morning's letter (bản «Hôm nay»): one per working day, to those who chose it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone, translation

from cycle import clock, site
from cycle.models import DayOff, User
from dossiers.law.guidance import GUIDES
from dossiers.models import Dossier, Task, Term
from dossiers.terms.due import due
from notifications import audiences
from notifications.models import Channel, Delivery, Digest, Notification

HOUR = time(7)

#: Most rows named in each section of the letter; the others are only counted.
NAMED = 15


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
        text = text_for(user, since(user, now), now)
    try:
        with transaction.atomic():
            digest = Digest.objects.create(user=user, day=today, created_at=now, text=text)
            if text:
                Delivery.objects.create(digest=digest, channel=Channel.EMAIL, next_at=clock.now())
    except IntegrityError:
        # Another worker has just made it.
        return 0
    return 1


def text_for(user: User, since: datetime, now: datetime) -> str:
    """What ``user`` has to do today and what is new since ``since``; "" when there is nothing."""
    today = timezone.localdate(now)
    calendar = DayOff.objects.calendar(today - timedelta(days=400), today + timedelta(days=200))
    kinds: dict[str, list] = {kind: [] for kind in ("overdue", "today", "new", "waiting")}
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
                "task": task,
                "title": GUIDES[task.node].title,
                "due": left,
            }
        )
    terms = list(
        Term.objects.live()
        .filter(user.in_posts("role", "org_unit"), legal=True, due_on__lte=today)
        .select_related("dossier__product", "org_unit")
    )
    told = list(
        Notification.objects.unread()
        .filter(
            recipient=user,
            created_at__gt=since,
            entry__event__in=audiences.events_of(audiences.the_line),
        )
        .select_related("entry__actor", "entry__sealed_text")
        .order_by("pk")
    )
    # Asked of those few: of all that one may see, the list would be sorted whole.
    about = Dossier.objects.visible_to(user).filter(pk__in={each.entry.stream_id for each in told})
    seen = set(about.values_list("pk", flat=True)) if told else set()
    results = [each for each in told if each.entry.stream_id in seen]
    if not any([*kinds.values(), terms, results]):
        return ""
    groups = {
        name: {"rows": rows[:NAMED], "more": max(0, len(rows) - NAMED)}
        for name, rows in (kinds | {"terms": terms, "results": results}).items()
    }
    return render_to_string(
        "notifications/_today.txt", groups | {"address": site.address()}
    ).strip()
