"""Electronic mail over SMTP."""

from __future__ import annotations

import re
import smtplib
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.urls import reverse

from cycle import site
from notifications.channels import Refused

if TYPE_CHECKING:
    from notifications.letters import Letter
    from notifications.models import Delivery


def send(delivery: Delivery, letter: Letter) -> None:
    """Send one mail; the Message-ID is the delivery's, the same at every try.

    Raises Refused when the address is wrong; what the server refuses for another reason (a full
    mailbox, our server on a block list, the content) is raised as it is, and tried again.
    """
    address = letter.to.email
    if not address:
        raise Refused("Người nhận không còn địa chỉ thư điện tử.")
    headers = {
        "Message-ID": delivery.message_id,
        # Asks for no automatic answers, such as absence notes.
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": f"<{site.address(reverse('notifications:preferences'))}>",
    }
    if thread := delivery.thread:
        headers |= {"In-Reply-To": thread, "References": thread}
    mail = EmailMessage(
        subject=letter.subject,
        body=letter.body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address],
        headers=headers,
        attachments=[letter.attachment] if letter.attachment else [],
        connection=get_connection(timeout=settings.EMAIL_TIMEOUT),
    )
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        words = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        if address_is_wrong(code, words):
            raise Refused(
                f"Máy chủ thư từ chối địa chỉ {address}. ({code} {words})"[:500]
            ) from error
        raise


#: 5.1.x is the address, 5.2.1 a mailbox that is closed (RFC 3463).
_OF_THE_ADDRESS = re.compile(r"5\.(1\.\d+|2\.1)\b")
_ENHANCED = re.compile(r"[45]\.\d+\.\d+\b")
#: What servers say with a plain 550 that is no fault of the address: ours is blocked, theirs full.
_OF_OTHERS = re.compile(
    r"block|spam|polic|relay|denied|reject|reputation|listed|blacklist|client|quota|full|limit|"
    r"too many|spf|dkim|dmarc",
    re.I,
)


def address_is_wrong(code: int, words: str) -> bool:
    """Whether the server's answer to a recipient means that no letter will ever reach the address:
    by its enhanced status code, else by 550, 551 and 553 that speak of nothing else.
    """
    if _ENHANCED.match(words):
        return code >= 500 and bool(_OF_THE_ADDRESS.match(words))
    return code in (550, 551, 553) and not _OF_OTHERS.search(words)
