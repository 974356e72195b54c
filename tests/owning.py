"""The test database, as its owner."""

from contextlib import contextmanager

import psycopg
from django.conf import settings
from django.db import (
    connection,
)


@contextmanager
def owner():
    """A connection as the owning role, in the test database."""
    login = settings.DATABASES["owner"]
    with psycopg.connect(
        dbname=connection.settings_dict["NAME"],
        user=login["USER"],
        password=login.get("PASSWORD") or None,
        host=login.get("HOST") or None,
        port=login.get("PORT") or None,
    ) as opened:
        yield opened
