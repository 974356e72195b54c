"""From where a request comes: what visitors are counted by."""

from django.conf import settings
from django.http import HttpRequest


def address(request: HttpRequest) -> str:
    """Whose request it is; in production the proxy before us says so, last in its header."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    if settings.SECURE_PROXY_SSL_HEADER and forwarded:
        return forwarded.rpartition(",")[2].strip()[:64]
    return request.META["REMOTE_ADDR"]
