"""Data that were restored send nothing until somebody releases them (cách ly).

They may stand on a host where something is tried, with the addresses of real people; and what
waited when they were saved was sent since. The mark is a comment on the table of what is to be
told, which only the owner of the database may write: it comes in the transaction that restores, for
data of any release.
"""

from __future__ import annotations

import time
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, connection, connections

TABLE = "public.cycle_outboxmessage"
_WORD = "restored "
#: As SQL: the moment of the backup (ISO 8601); NULL where letters may leave.
SINCE = f"substring(obj_description(to_regclass('{TABLE}'), 'pg_class') from '^{_WORD}(\\S+)')"
#: So long the answer for pages holds, in seconds.
HOLDS = 30.0


def beginning(moment: datetime) -> str:
    """SQL, for the owner, after which nothing is sent: the data are a backup's of ``moment``."""
    said = f"COMMENT ON TABLE {TABLE} IS ''{_WORD}{moment.isoformat()}''"
    there = f"to_regclass('{TABLE}') IS NOT NULL"
    return f"DO $$ BEGIN IF {there} THEN EXECUTE '{said}'; END IF; END $$"


def end() -> None:
    """Let letters and messages leave; as the owner."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"COMMENT ON TABLE {TABLE} IS NULL")


def since() -> datetime | None:
    """Of which moment the backup is that was restored and not released; None: letters leave."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {SINCE}")
        (said,) = cursor.fetchone()
    return datetime.fromisoformat(said) if said else None


class Shown:
    """:func:`since` for pages, asked at most once in :data:`HOLDS` seconds."""

    def __init__(self) -> None:
        self._until = 0.0
        self._since: datetime | None = None

    def since(self) -> datetime | None:
        if settings.QUARANTINE_SHOWN and time.monotonic() >= self._until:
            try:
                self._since = since()
            except DatabaseError:
                return None  # The page has more to say than this.
            self._until = time.monotonic() + HOLDS
        return self._since


#: Of this process.
shown = Shown()
