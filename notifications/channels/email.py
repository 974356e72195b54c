"""Electronic mail over SMTP."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from notifications.channels import Refused

if TYPE_CHECKING:
    from notifications.letters import Letter
    from notifications.models import Delivery


def send(delivery: Delivery, letter: Letter) -> None:
    """Send one mail; the Message-ID is the delivery's, the same at every try."""
    address = letter.to.email
    if not address:
        raise Refused("Người nhận không còn địa chỉ thư điện tử.")
    mail = EmailMessage(
        subject=letter.subject,
        body=letter.body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address],
        # Auto-Submitted: asks for no automatic answers, such as absence notes.
        headers={"Message-ID": delivery.message_id, "Auto-Submitted": "auto-generated"},
        attachments=[letter.attachment] if letter.attachment else [],
        connection=get_connection(timeout=settings.EMAIL_TIMEOUT),
    )
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        if code >= 500:
            raise Refused(f"Máy chủ thư từ chối địa chỉ {address} ({code}).") from error
        raise
    except smtplib.SMTPDataError as error:
        if error.smtp_code >= 500:
            raise Refused(f"Máy chủ thư từ chối nội dung thư ({error.smtp_code}).") from error
        raise
