"""What logs say of an address: no secret of a calendar, no words that somebody searched for.

The settings import this module: nothing of Django here.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

_CALENDAR = re.compile(r"/calendar/[^/\s?]+")


def shown(address: str) -> str:
    """``address`` without its query, and without the secret of a calendar (lịch iCalendar)."""
    return _CALENDAR.sub("/calendar/…", address.partition("?")[0])


def hide(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """For structlog: a line that names a request names its address as :func:`shown`."""
    for key in ("request", "event"):
        if isinstance(event.get(key), str) and "/" in event[key]:
            method, space, address = event[key].rpartition(" ")
            if address.startswith("/"):
                event[key] = method + space + shown(address)
    return event
