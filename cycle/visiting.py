"""From where a request comes: what visitors are counted by."""

import ipaddress
import re

from django.conf import settings
from django.http import HttpRequest


def address(request: HttpRequest) -> str:
    """Whose request it is. Behind ``PROXIES`` proxies of ours it stands so many from the end of
    their header; what stands before that is the client's own word. What is no address of the
    internet, «unknown», counts as that of whoever is connected; "" for one that has none, as a
    proxy on a socket of its own machine.
    """
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")
    said = forwarded[-settings.PROXIES] if 0 < settings.PROXIES <= len(forwarded) else ""
    # Who is signed in by a program has none.
    return _read(said) or _read(request.META.get("REMOTE_ADDR", ""))


def _read(said: str) -> str:
    """The address in ``said``, in the one way it is written; some proxies add the port, and [ ] or
    quotation marks around. "" for anything else.
    """
    said = said.strip().strip('"')
    if found := re.fullmatch(r"\[([^]]*)\](?::\d+)?|([\d.]+):\d+", said):
        said = found[1] or found[2]
    try:
        # What stands behind «%» names an interface of the proxy's machine.
        read = ipaddress.ip_address(said.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(read, "ipv4_mapped", None) or read)
