"""From where a request comes: what visitors are counted by."""

from django.conf import settings
from django.http import HttpRequest


def address(request: HttpRequest) -> str:
    """Whose request it is. Behind ``PROXIES`` proxies of ours it stands so many from the end of
    their header; what stands before that is the client's own word.
    """
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")
    if 0 < settings.PROXIES <= len(forwarded) and (said := forwarded[-settings.PROXIES].strip()):
        return said[:64]
    # Who is signed in by a program has none.
    return request.META.get("REMOTE_ADDR", "")
