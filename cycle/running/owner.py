"""Work as the owner of the database: migrations, and the making and flushing of a test database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from django.conf import settings
from django.db import connection

from cycle.running import embedded

_LOGIN = ("USER", "PASSWORD", "HOST", "PORT")


@contextmanager
def as_owner() -> Iterator[None]:
    """Let the default connection log in as the owning role inside the block.

    A second alias would not do: migrations of other packages write through the default one.
    """
    ours = {key: connection.settings_dict[key] for key in _LOGIN}
    connection.close()
    connection.settings_dict.update(
        {key: settings.DATABASES["owner"].get(key, "") for key in _LOGIN}
    )
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(ours)


@contextmanager
def alone(work: str, waits: Callable[[], object]) -> Iterator[None]:
    """Let one at a time do ``work`` on this database; calls ``waits`` once when another does it.

    By an advisory lock of a connection of its own, which is asked for again and again: who waited
    for it inside a statement would hold up an index that is built concurrently.
    """
    with _connected(connection.settings_dict["NAME"]) as ours:
        ours.autocommit = True
        told = False
        while not ours.execute("SELECT pg_try_advisory_lock(2, hashtext(%s))", [work]).fetchone()[
            0
        ]:  # type: ignore[index]
            if not told:
                waits()
                told = True
            time.sleep(0.5)
        yield


def _connected(database: str) -> psycopg.Connection:
    login = settings.DATABASES["owner"]
    return psycopg.connect(
        dbname=database,
        user=login["USER"],
        password=login.get("PASSWORD") or None,
        host=login.get("HOST") or None,
        port=login.get("PORT") or None,
    )


def refuse_temporary(database: str) -> None:
    """Take temporary tables from everybody but the owner in ``database``: new, copied or restored.

    PostgreSQL only warns whoever does not own it; ``cycle.guards`` says what is left open then.
    """
    login = settings.DATABASES["owner"]
    roles = {settings.APPLICATION_ROLE, *settings.APPLICATION_LOGINS} - {login["USER"]}
    with _connected(database) as ours:
        ours.execute(embedded.no_temporary(database, *sorted(roles)))
