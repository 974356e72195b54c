"""From the outbox to notifications: one per history entry and person of its audience."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from cycle import clock
from cycle.models import HistoryEntry, JobState, OutboxMessage, Stream, User
from dossiers.models import ActBatch
from notifications import audiences
from notifications.models import Channel, Delivery, Notification, Preference

if TYPE_CHECKING:
    from django.db.models import QuerySet

log = structlog.get_logger(__name__)


def dispatch(limit: int = 500) -> int:
    """Turn the ``limit`` oldest pending outbox rows into notifications; returns how many rows.

    May run several times at once. What is done for many dossiers on one paper waits until all of it
    is done: its letter names them all. When the audience of an entry cannot be found, the error is
    kept on its row, which is not tried again until somebody asks for it on the operations page.
    """
    now = clock.now()
    with transaction.atomic():
        messages = list(
            _ready()
            .select_for_update(skip_locked=True, of=("self",))
            .select_related("entry__sealed_text")
            .order_by("pk")[:limit]
        )
        known = _of_rungs(messages)
        told = []
        for message in messages:
            people = known.get(message.entry_id)
            try:
                if people is None:
                    with transaction.atomic():
                        people = audiences.of(message.entry)
                told += [(message.entry_id, person) for person in people]
                message.dispatched_at = now
            except OperationalError:
                # The database was busy or unreachable; the entry is not at fault.
                raise
            except Exception as error:
                log.exception("not_told", **named_in_log(message.entry))
                message.error = f"{type(error).__name__}: {error}"[:500]
        _tell(told, now)
        OutboxMessage.objects.bulk_update(messages, ["dispatched_at", "error"], batch_size=500)
    return len(messages)


def _ready() -> QuerySet[OutboxMessage]:
    """The pending rows, but of acts that one paper covers (``together``) while some of them are
    still to be done.
    """
    pending = OutboxMessage.objects.filter(dispatched_at=None, error="")
    under_way = ActBatch.objects.filter(job__state__in=[JobState.QUEUED, JobState.RUNNING])
    if keys := list(under_way.values_list("pk", flat=True)):
        # Most entries name no batch: NOT IN would answer NULL for them, and hold them too.
        by_itself = Q(entry__data__together__isnull=True)
        pending = pending.filter(by_itself | ~Q(entry__data__together__in=keys))
    return pending


def _of_rungs(messages: list[OutboxMessage]) -> dict[int, set[int]]:
    """``{entry id: person ids}`` for the reminders and escalations among ``messages``, at once.

    Empty when one of them fails: then each is looked up by itself, so that only that one fails.
    """
    entries = [message.entry for message in messages if message.entry.event in audiences.RUNGS]
    try:
        with transaction.atomic():
            return audiences.of_rungs(entries)
    except OperationalError:
        raise
    except Exception:
        log.exception("rungs_told_one_by_one", entries=[entry.pk for entry in entries])
        return {}


def named_in_log(entry: HistoryEntry) -> dict[str, Any]:
    """The fields by which the log names an entry: id, event, dossier, actor."""
    return {
        "entry": entry.pk,
        "recorded": entry.event,
        "dossier": entry.stream_id if entry.stream == Stream.DOSSIER else None,
        "user_id": entry.actor_id,
    }


def _tell(told: list[tuple[int, int]], now: datetime) -> None:
    """Insert notifications for ``told``, (entry id, person id), and their deliveries."""
    if not told:
        return
    Notification.objects.bulk_create(
        [
            Notification(entry_id=entry, recipient_id=person, created_at=now)
            for entry, person in told
        ],
        ignore_conflicts=True,
        batch_size=1000,
    )
    people = {
        user.pk: user
        for user in User.objects.filter(pk__in={person for _entry, person in told}).select_related(
            "preference"
        )
    }
    made = _one_letter(
        Notification.objects.filter(
            entry__in={entry for entry, _person in told}, recipient__in=people
        ).filter(deliveries=None)
    )
    Delivery.objects.bulk_create(
        [
            Delivery(
                notification=notification,
                channel=channel,
                # The database's clock, which the claim compares with, not this machine's.
                next_at=Now(),
            )
            for notification in made
            for channel in channels_of(people[notification.recipient_id])
        ],
        ignore_conflicts=True,
        batch_size=1000,
    )


def _one_letter(made: QuerySet[Notification]) -> list[Notification]:
    """Those of ``made`` that get a letter: of acts done together on one paper a person gets one,
    about the first; it names the others.
    """
    said = made.annotate(stroke=F("entry__data__together"), event=F("entry__event"))
    told: list[Any] = list(said.order_by("entry"))
    strokes = {each.stroke for each in told} - {None}
    sent: set[tuple[int, int, str]] = set()
    if strokes:
        before = Notification.objects.of_strokes(strokes)
        written = before.filter(deliveries__isnull=False).distinct()
        sent |= set(written.values_list("recipient", "entry__data__together", "entry__event"))
    found = []
    for each in told:
        key = each.recipient_id, each.stroke, each.event
        if each.stroke is None or key not in sent:
            found.append(each)
            sent.add(key)
    return found


def channels_of(user: User) -> list[Channel]:
    """The channels on which ``user`` gets each notification at once."""
    preference = getattr(user, "preference", None) or Preference()
    channels = []
    if settings.EMAIL_HOST and user.email and preference.email and not preference.digest:
        channels.append(Channel.EMAIL)
    if settings.WEBHOOK_URL and user.phone and preference.webhook:
        channels.append(Channel.WEBHOOK)
    return channels
