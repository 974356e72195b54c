"""Sending deliveries through their channels: claimed in the database, sent outside transactions,
retried with growing pauses.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import structlog
from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from cycle.running.quarantine import SINCE
from notifications.channels import Refused, email, webhook
from notifications.dispatch import named_in_log
from notifications.letters import Lapsed, letter
from notifications.models import Channel, Delivery, DeliveryState
from notifications.reasons import reason

log = structlog.get_logger(__name__)

SENDERS = {Channel.EMAIL: email.send, Channel.WEBHOOK: webhook.send}

#: How long a claimed row is left to the worker that sends it, in case that worker was killed.
LEASE = timedelta(minutes=2)
#: The pause after the first failure; doubled after each further one, up to LONGEST_PAUSE.
PAUSE = timedelta(minutes=2)
LONGEST_PAUSE = timedelta(hours=6)
#: After this many tries a delivery becomes an incident, shown on the operations page.
MAX_ATTEMPTS = 10

CLAIM = f"""
UPDATE notifications_delivery
SET attempts = attempts + 1, next_at = clock_timestamp() + make_interval(secs => %s)
WHERE id = (
  SELECT id FROM notifications_delivery
  WHERE state = 'pending' AND next_at <= clock_timestamp() AND (SELECT {SINCE}) IS NULL
  ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id
"""  # noqa: S608  # no input in it


def deliver(limit: int | None = None, *, seconds: float | None = None) -> int:
    """Send what is due, one by one; returns how many were tried.

    Stops after ``limit`` messages, or ``seconds``, so that a slow server does not keep a worker
    for ever.
    """
    tried, until = 0, seconds and time.monotonic() + seconds
    while (limit is None or tried < limit) and (not until or time.monotonic() < until):
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, [LEASE.total_seconds()])
            row = cursor.fetchone()
        if row is None:
            break
        tried += 1
        attempt(
            Delivery.objects.select_related(
                "notification__entry__actor",
                "notification__entry__acting_for",
                "notification__entry__org_unit",
                "notification__entry__sealed_text",
                "notification__recipient",
                "digest__user",
                "summary__leader",
            ).get(pk=row[0])
        )
    return tried


def attempt(delivery: Delivery) -> None:
    """Try one claimed delivery and store the outcome; called outside any transaction."""
    with structlog.contextvars.bound_contextvars(**_named_in_log(delivery)):
        _attempt(delivery)


def _attempt(delivery: Delivery) -> None:
    try:
        if not delivery.recipient.is_active:
            raise Refused("Tài khoản của người nhận đã ngừng hoạt động.")
        SENDERS[Channel(delivery.channel)](delivery, letter(delivery))
    except Lapsed as why:
        Delivery.objects.filter(pk=delivery.pk).update(
            state=DeliveryState.LAPSED, error=str(why)[:500]
        )
    except Refused as error:
        log.warning("delivery_refused")
        _failed(delivery, error, final=True)
    except Exception as error:
        log.exception("delivery_failed")
        _failed(delivery, error, final=delivery.attempts >= MAX_ATTEMPTS)
    else:
        Delivery.objects.filter(pk=delivery.pk).update(
            state=DeliveryState.SENT, sent_at=Now(), error=""
        )


def _failed(delivery: Delivery, error: Exception, *, final: bool) -> None:
    pause = min(PAUSE * 2 ** (delivery.attempts - 1), LONGEST_PAUSE)
    Delivery.objects.filter(pk=delivery.pk).update(
        state=DeliveryState.INCIDENT if final else DeliveryState.PENDING,
        next_at=Now() + pause,
        error=reason(error),
    )


def _named_in_log(delivery: Delivery) -> dict[str, Any]:
    said = {
        "delivery": delivery.pk,
        "attempt": delivery.attempts,
        "recipient": delivery.recipient.pk,
    }
    if delivery.notification:
        said |= named_in_log(delivery.notification.entry)
    return said


def resend(deliveries: QuerySet[Delivery]) -> int:
    """Queue the incidents among ``deliveries`` again (gửi lại); returns how many."""
    return queue_again(deliveries.filter(state=DeliveryState.INCIDENT))


def lapse_waiting(why: str) -> int:
    """Let all that waits to be sent go unsent, because of ``why``; returns how many."""
    return Delivery.objects.filter(state=DeliveryState.PENDING).update(
        state=DeliveryState.LAPSED, error=why
    )


def queue_again(deliveries: QuerySet[Delivery], **more: Any) -> int:
    """Let these wait to be sent as if they never had been; returns how many."""
    return deliveries.update(
        state=DeliveryState.PENDING, attempts=0, next_at=Now(), sent_at=None, **more
    )
