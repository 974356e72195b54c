"""Whether the tables are those that this code was written for (cấu trúc dữ liệu).

Code without the migrations of its release refuses to work, in words. Tables of a newer release are
worked with, while servers are updated one by one, unless that release said that older code must
not: its migration then carries :func:`breaking`.
"""

from __future__ import annotations

import time
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple

from django.apps import apps
from django.db import connection, connections, migrations
from django.db.migrations.loader import MigrationLoader

#: What an older server lacks is used.
OLDEST_SERVER = 15
#: So long an answer holds, in seconds: a release may come while this process serves.
HOLDS = 30.0

MISSING = "Cơ sở dữ liệu thiếu bước di trú {name}. Chạy «manage.py migrate» bằng chủ sở hữu."
TOO_NEW = "Cơ sở dữ liệu đã sang bản mới ({name}): hãy cập nhật mã nguồn của máy này."

#: A locale that does not know the letters finds neither «Đ» nor capitals.
LETTERS = (
    "Cơ sở dữ liệu không biết chữ «Đ» và chữ hoa tiếng Việt (locale C): tìm kiếm sẽ sai. Tạo cơ sở "
    "dữ liệu khác bằng «python -m cycle.running.embedded sql | psql», rồi phục hồi bản sao lưu."
)

_KNOWS_LETTERS = "lower('ĐẠI') = 'đại'"
# The owner's table carries the names: the application may write neither.
_ASKED = f"""
SELECT array(SELECT app || '.' || name FROM django_migrations),
       coalesce(obj_description('django_migrations'::regclass, 'pg_class'), ''),
       {_KNOWS_LETTERS}
"""  # noqa: S608  # no input in it
_BREAKS = """
DO $$ BEGIN EXECUTE format('COMMENT ON TABLE django_migrations IS %L', concat_ws(' ',
  nullif(obj_description('django_migrations'::regclass, 'pg_class'), ''), '{name}')); END $$
"""


@cache
def of_code() -> frozenset[str]:
    """The migrations on disk as ``app.name``; none is imported."""
    found = set()
    for config in apps.get_app_configs():
        name, _explicit = MigrationLoader.migrations_module(config.label)
        try:
            folder = import_module(name) if name else None
        except ModuleNotFoundError:
            continue
        for module in iter_modules(getattr(folder, "__path__", ())):
            if not module.ispkg and module.name[0] not in "_~":
                found.add(f"{config.label}.{module.name}")
    return frozenset(found)


class Tables(NamedTuple):
    """How the tables stand to this code: the migrations that they lack, those that only they have,
    of these the ``breaking`` ones; and whether they know the letters.
    """

    missing: frozenset[str]
    ahead: frozenset[str]
    breaking: frozenset[str]
    knows_letters: bool


def tables() -> Tables:
    """Compare the tables with this code; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_ASKED)
        applied, breaking_names, letters = cursor.fetchone()
    ours = {name.partition(".")[0] for name in of_code()}
    # What a package of before left behind is of no migration of today.
    there = {name for name in applied if name.partition(".")[0] in ours}
    breaks = {*breaking_names.split()}
    return Tables(
        of_code() - there, frozenset(there - of_code()), frozenset(breaks - of_code()), letters
    )


def refusal() -> str:
    """Why this code must not work with these tables, in one sentence; empty when it may."""
    found = tables()
    if not found.knows_letters:
        return LETTERS
    if found.missing:
        return MISSING.format(name=min(found.missing))
    if found.breaking:
        return TOO_NEW.format(name=min(found.breaking))
    return ""


def knows_letters(alias: str) -> bool:
    """Whether the database ``alias`` tells Vietnamese capitals and small letters."""
    with connections[alias].cursor() as cursor:
        cursor.execute(f"SELECT {_KNOWS_LETTERS}")
        return bool(cursor.fetchone()[0])


class Gate:
    """:func:`refusal`, asked at most once in :data:`HOLDS` seconds while it is empty."""

    def __init__(self) -> None:
        self._until = 0.0

    def refusal(self) -> str:
        if time.monotonic() < self._until:
            return ""
        if not (said := refusal()):
            self._until = time.monotonic() + HOLDS
        return said


#: Of this process.
gate = Gate()


def breaking(app: str, name: str) -> migrations.RunSQL:
    """The operation by which the migration ``app.name`` says that code without it must stop."""
    return migrations.RunSQL(_BREAKS.format(name=f"{app}.{name}"), migrations.RunSQL.noop)
