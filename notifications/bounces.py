"""Letters that came back (thư bị trả lại): the report that mail servers send (RFC 3464)."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage, Message

import structlog

from notifications.models import Channel, Delivery, DeliveryState

log = structlog.get_logger(__name__)

_ID = re.compile(r"^Message-ID:\s*(<[^<>\s]+>)", re.I | re.M)


def take(mail: bytes) -> bool:
    """Mark the letter that ``mail`` gives back as not delivered, with the words of the server that
    refused it. False when it is no such report, or of no letter of ours that was sent.
    """
    # It comes from any server outside, in whatever shape: the parser of Python raises anything.
    try:
        report = message_from_bytes(mail, policy=policy.default)
        why = _refusal(report).replace("\0", "")
        ours = [each for each in _ID.findall(_returned(report)) if "\0" not in each]
    except Exception:
        log.warning("bounce_not_read", exc_info=True)
        return False
    if not why or not ours:
        return False
    marked = Delivery.objects.filter(
        message_id__in=ours, channel=Channel.EMAIL, state=DeliveryState.SENT
    ).update(state=DeliveryState.INCIDENT, error=f"Thư bị trả lại. ({why})"[:500])
    if marked:
        log.warning("letter_bounced", message_id=ours[0])
    return bool(marked)


def _inside(part: Message) -> list[Message]:
    held = part.get_payload()
    return [each for each in held if isinstance(each, Message)] if isinstance(held, list) else []


def _refusal(report: EmailMessage) -> str:
    """What the last server said, of a report that a letter has failed for good; "" else."""
    for part in report.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        # Each part of the status is read as a message of its own, with headers alone.
        for said in _inside(part):
            if str(said.get("Action", "")).strip().lower() == "failed":
                words = str(said.get("Diagnostic-Code") or said.get("Status") or "")
                return " ".join(words.partition(";")[2].split() or words.split())
    return ""


def _returned(report: EmailMessage) -> str:
    """The letter that was given back, or its head."""
    for part in report.walk():
        if part.get_content_type() == "message/rfc822":
            return "".join(f"Message-ID: {each.get('Message-ID', '')}" for each in _inside(part))
        if part.get_content_type() == "text/rfc822-headers":
            return str(part.get_content())
    return ""
