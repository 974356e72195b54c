"""Test databases are copies of one that was migrated once, made anew when a migration differs.

``make`` is the one way in which any of them comes to be.
"""

import fcntl
import hashlib
import time
from contextlib import contextmanager

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from psycopg import sql

from cycle.running import embedded
from cycle.running.owner import refuse_temporary

PREFIX = "ocop_migrated_"
#: What a migrated database follows from, beside the migrations themselves.
SOURCES = (
    "requirements.txt",
    "cycle/guards.py",
    "cycle/running/embedded.py",
    "cycle/running/owner.py",
    "tests/databases.py",
)


def state_of_the_code():
    """A short hash of all that a migrated database follows from."""
    hashed = hashlib.sha256()
    paths = [
        *embedded.PROJECT.glob("*/migrations/*.py"),
        *(embedded.PROJECT / source for source in SOURCES),
    ]
    for path in sorted(paths):
        hashed.update(f"{path.relative_to(embedded.PROJECT)}\0".encode() + path.read_bytes())
    return hashed.hexdigest()[:16]


@contextmanager
def server(database="postgres"):
    """A connection as the owner, past Django: to a database that nobody copies, or the one named."""
    owner = connections["owner"].settings_dict
    with psycopg.connect(
        dbname=database,
        user=owner["USER"],
        password=owner.get("PASSWORD") or None,
        host=owner.get("HOST") or None,
        port=owner.get("PORT") or None,
        autocommit=True,
    ) as connected:
        yield connected


def make(name, *, empty=False):
    """Create the database ``name`` of the owner, in the place of one of that name.

    It is a copy of the migrated one, or ``empty``. Raises psycopg.Error when it cannot be.
    """
    template = None if empty else migrated()
    drop(name)
    with server() as connected:
        if template is None:
            connected.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            let_the_application_in(name)
        else:
            connected.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
            # A copy has no rights of its own: PUBLIC could make temporary tables in it again.
            refuse_temporary(name)


def let_the_application_in(name):
    """Give the application its rights on what will be created in the database ``name``."""
    owner = connections["owner"].settings_dict["USER"]
    with server(name) as connected:
        # As in production: the rights are those of the role, which web and work are members of.
        connected.execute(embedded.grants(owner, settings.APPLICATION_ROLE))


def drop(name):
    """Remove a database, whoever still sits in it; nothing happens where there is none."""
    with server() as connected:
        for _try in range(600):
            try:
                connected.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
                )
                return
            except psycopg.errors.InsufficientPrivilege:
                # An autovacuum worker is at it: the owner may not end that one, it goes by itself.
                time.sleep(0.5)
    raise AssertionError(f"{name} is still in use")


def migrated():
    """The name of the database that others are copies of: migrated now, unless it is there."""
    name = PREFIX + state_of_the_code()
    with (embedded.state_folder() / "run" / "databases").open("a") as lock:
        # The workers of one run come at once: the first migrates, the others wait.
        fcntl.flock(lock, fcntl.LOCK_EX)
        with server() as connected:
            known = connected.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX]
            ).fetchall()
        if (name,) not in known:
            for (other,) in known:
                drop(other)
            make(f"{PREFIX}new", empty=True)
            with using(f"{PREFIX}new"):
                call_command("migrate", verbosity=0)
            # Renamed when complete: a run that was cut short leaves nothing that looks finished.
            with server() as connected:
                connected.execute(f"ALTER DATABASE {PREFIX}new ALLOW_CONNECTIONS false")
                connected.execute(f"ALTER DATABASE {PREFIX}new RENAME TO {name}")
    return name


@contextmanager
def using(name):
    """Let both connections lead to the database ``name`` inside the block."""
    ours = connection.settings_dict["NAME"]
    switch(name)
    try:
        yield
    finally:
        switch(ours)


def switch(name):
    connections.close_all()
    for alias in ("default", "owner"):
        settings.DATABASES[alias]["NAME"] = connections[alias].settings_dict["NAME"] = name


#: What migrating leaves, and every test finds.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}


def empty():
    """Take all rows out of the test database but those that migrating left."""
    tables = sorted({*connection.introspection.django_table_names(only_existing=True)} - KEPT)
    # The tests' own connection is the application's, which may not TRUNCATE.
    with server(connection.settings_dict["NAME"]) as owner:
        # One that is empty costs next to nothing; to truncate it costs as much as any.
        filled = owner.execute(
            sql.SQL(" UNION ALL ").join(
                sql.SQL("(SELECT {} FROM {} LIMIT 1)").format(table, sql.Identifier(table))
                for table in tables
            )
        ).fetchall()
        if filled:
            owner.execute(
                sql.SQL("TRUNCATE {} CASCADE").format(
                    sql.SQL(", ").join(sql.Identifier(table) for (table,) in filled)
                )
            )
