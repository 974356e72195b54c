"""Electronic mail over SMTP."""

import smtplib

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from notifications.channels import Refused


def send(delivery, subject, body):
    """Send one mail; the Message-ID is the delivery's, the same at every try."""
    recipient = delivery.notification.recipient
    mail = EmailMessage(
        subject=subject,
        body=body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[recipient.email],
        headers={"Message-ID": delivery.message_id},
        connection=get_connection(timeout=settings.EMAIL_TIMEOUT),
    )
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        if code >= 500:
            raise Refused(f"Máy chủ thư từ chối địa chỉ {recipient.email} ({code}).") from error
        raise
