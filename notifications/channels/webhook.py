"""A signed HTTP POST to a gateway that speaks SMS or Zalo."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import json
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from notifications.channels import Refused

if TYPE_CHECKING:
    from notifications.letters import Letter
    from notifications.models import Delivery


def addresses(url: str) -> tuple[SplitResult, list[str]]:
    """(parts, addresses) of ``url``. ValidationError when it is not https, or leads inside where
    WEBHOOK_NETWORKS does not; OSError when the name cannot be resolved now.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise ValidationError(_("Địa chỉ phải bắt đầu bằng https://."))
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(parts.hostname, parts.port or 443)}
    except UnicodeError:
        raise ValidationError(_("Không tìm thấy máy chủ của địa chỉ này.")) from None
    if not all(map(_may_be_called, found)):
        raise ValidationError(_("Địa chỉ nằm trong mạng nội bộ, không được dùng."))
    return parts, sorted(found)


def _may_be_called(address: str) -> bool:
    where = ipaddress.ip_address(address)
    named = any(where in each for each in settings.WEBHOOK_NETWORKS)
    return where.is_global or named


def signature(body: bytes) -> str:
    """HMAC-SHA256 of the body under the shared secret, in hex."""
    return hmac.new(settings.WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()


def send(delivery: Delivery, letter: Letter) -> None:
    """POST the message; the gateway checks ``X-Signature`` and drops a repeated ``id``."""
    if not settings.WEBHOOK_URL:
        raise Refused("Chưa cấu hình cổng tin nhắn.")
    if not letter.to.phone:
        raise Refused("Người nhận không còn số điện thoại.")
    try:
        # Resolved again at each try: the name may point elsewhere by now.
        parts, found = addresses(settings.WEBHOOK_URL)
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from error
    payload = json.dumps(
        {
            "id": delivery.message_id,
            "to": letter.to.phone,
            "subject": letter.subject,
            "text": letter.body,
        },
        ensure_ascii=False,
    ).encode()
    connection = http.client.HTTPSConnection(
        parts.hostname or "", parts.port or 443, timeout=settings.EMAIL_TIMEOUT
    )
    # Connect to the address that was checked, not to the name, which could resolve differently;
    # TLS still verifies the name.
    plain = socket.create_connection((found[0], parts.port or 443), settings.EMAIL_TIMEOUT)
    connection.sock = ssl.create_default_context().wrap_socket(
        plain, server_hostname=parts.hostname
    )
    try:
        connection.request(
            "POST",
            (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            payload,
            {"Content-Type": "application/json", "X-Signature": signature(payload)},
        )
        status = connection.getresponse().status
    finally:
        connection.close()
    if status in (400, 401, 403, 404, 410, 422):
        raise Refused(f"Cổng tin nhắn từ chối ({status}).")
    if status >= 300:
        raise OSError(f"Cổng tin nhắn trả lời {status}.")
