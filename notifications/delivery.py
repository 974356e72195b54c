"""From a notification to a channel: claimed by a row, sent outside every transaction, retried."""

from datetime import timedelta

import structlog
from django.db import connection
from django.utils import timezone

from notifications.channels import Refused, email, webhook
from notifications.letters import letter
from notifications.models import Channel, Delivery, DeliveryState

log = structlog.get_logger(__name__)

SENDERS = {Channel.EMAIL: email.send, Channel.WEBHOOK: webhook.send}

#: While one worker sends, the others leave the row; a killed worker's row is free after this.
LEASE = timedelta(minutes=2)
#: After so many tries it is an incident, shown on the operations page.
MAX_ATTEMPTS = 10

CLAIM = """
UPDATE notifications_delivery SET attempts = attempts + 1, next_at = clock_timestamp() + %s
WHERE id = (
  SELECT id FROM notifications_delivery
  WHERE state = 'pending' AND next_at <= clock_timestamp()
  ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id
"""


def deliver(limit=None):
    """Send what is due, one by one; returns how many were tried."""
    tried = 0
    while limit is None or tried < limit:
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, [LEASE])
            row = cursor.fetchone()
        if row is None:
            break
        tried += 1
        attempt(
            Delivery.objects.select_related("notification__entry", "notification__recipient").get(
                pk=row[0]
            )
        )
    return tried


def attempt(delivery):
    """Try one claimed delivery and write down how it went."""
    try:
        subject, body = letter(delivery.notification)
        SENDERS[Channel(delivery.channel)](delivery, subject, body)
    except Refused as error:
        _failed(delivery, error, final=True)
    except Exception as error:
        _failed(delivery, error, final=delivery.attempts >= MAX_ATTEMPTS)
    else:
        Delivery.objects.filter(pk=delivery.pk).update(
            state=DeliveryState.SENT, sent_at=timezone.now(), error=""
        )


def _failed(delivery, error, *, final):
    pause = min(timedelta(minutes=2 ** min(delivery.attempts, 9)), timedelta(hours=6))
    Delivery.objects.filter(pk=delivery.pk).update(
        state=DeliveryState.INCIDENT if final else DeliveryState.PENDING,
        next_at=timezone.now() + pause,
        error=f"{type(error).__name__}: {error}"[:500],
    )
    log.warning("delivery_failed", delivery=delivery.pk, attempt=delivery.attempts, final=final)


def resend(delivery):
    """Put an incident back in the queue (gửi lại)."""
    Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.INCIDENT).update(
        state=DeliveryState.PENDING, attempts=0, next_at=timezone.now()
    )
