"""Triggers that cannot be got round (chốt giữ của cơ sở dữ liệu).

A trigger function finds its tables by name, along the search path, and temporary tables come first.
Whoever can make a temporary table with the name of a real one can deceive the trigger. So each of
our functions sets its own search path with temporary tables last, and the application's roles may
make no temporary tables.
"""

from __future__ import annotations

from typing import Any

import pgtrigger
from django.conf import settings
from django.core import checks
from django.db import connections
from pgtrigger import compiler

from cycle.running import embedded

#: The setting as PostgreSQL stores it with a function.
SEARCH_PATH = "search_path=pg_catalog, public, pg_temp"


class PinnedTriggerSql(compiler.UpsertTriggerSql):
    """SQL of a trigger whose function sets its search path. Migrations name this class."""

    def get_template(self) -> str:
        pinned = f"LANGUAGE plpgsql SET {SEARCH_PATH};".replace("=", " = ")
        return super().get_template().replace("LANGUAGE plpgsql;", pinned)


class Guard(pgtrigger.Protect):
    """Refuses an operation, where its condition holds, to everybody, the owner too."""

    def compile(self, model: Any) -> Any:
        made = super().compile(model)
        return compiler.Trigger(name=made.name, sql=PinnedTriggerSql(**made.sql.kwargs))


#: The name of the trigger on each table that keeps its primary key, and of its function.
KEY_STAYS = "primary_key_stays"
_KEY_MAY_CHANGE = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
FROM pg_class c
JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND c.relname ~ '^(cycle|dossiers|councils|notifications)_'
  AND c.relowner = (SELECT relowner FROM pg_class WHERE oid = to_regclass('django_migrations'))
  AND %s NOT IN (SELECT tgname FROM pg_trigger WHERE tgrelid = c.oid AND tgenabled IN ('O', 'A'))
GROUP BY c.relname ORDER BY 1
"""
_KEY_STAYS = f"""
CREATE OR REPLACE FUNCTION {KEY_STAYS}() RETURNS trigger LANGUAGE plpgsql
SET {SEARCH_PATH.replace("=", " = ")} AS $$
BEGIN
  RAISE EXCEPTION 'a row of % keeps its primary key', TG_TABLE_NAME
    USING ERRCODE = 'check_violation', CONSTRAINT = '{KEY_STAYS}';
END $$
"""


def keep_keys(alias: str) -> None:
    """Add to every table of ours the trigger that refuses a change of the primary key.

    Run as the owner, after migrations.
    """
    with connections[alias].cursor() as cursor:
        if lacking := _rows(alias, _KEY_MAY_CHANGE, KEY_STAYS):
            cursor.execute(_KEY_STAYS)
        for table, columns in lacking:
            # A trigger on the key's columns only: other UPDATEs do not fire it.
            new, old = (", ".join(f'{row}."{each}"' for each in columns) for row in ("NEW", "OLD"))
            named = ", ".join(f'"{each}"' for each in columns)
            cursor.execute(
                f'CREATE OR REPLACE TRIGGER {KEY_STAYS} BEFORE UPDATE OF {named} ON "{table}" '
                f"FOR EACH ROW WHEN (({new}) IS DISTINCT FROM ({old})) "
                f"EXECUTE FUNCTION {KEY_STAYS}()"
            )


class Immutable(Guard):
    """Rows that are only ever added: nobody changes or deletes one, the owner neither."""

    operation = pgtrigger.Update | pgtrigger.Delete


_UNPINNED = """
SELECT p.oid::regprocedure::text
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = 'public'::regnamespace AND l.lanname NOT IN ('c', 'internal')
  -- What somebody else keeps beside ours is his.
  AND p.proowner = (SELECT relowner FROM pg_class WHERE oid = to_regclass('django_migrations'))
  AND p.prosqlbody IS NULL AND NOT coalesce(%s = ANY (p.proconfig), false)
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
ORDER BY 1
"""
# Roles that may make temporary tables: those of the application, and superusers.
_MAKES_TEMPORARY = """
SELECT rolname, rolsuper, current_database() FROM pg_roles
WHERE rolname = ANY (%s) AND has_database_privilege(oid, current_database(), 'TEMPORARY')
ORDER BY 1
"""
_SESSIONS = "SELECT rolname, coalesce(rolconfig, '{}') FROM pg_roles WHERE rolname = ANY (%s)"


def _rows(alias: str, query: str, value: Any) -> list[Any]:
    with connections[alias].cursor() as cursor:
        cursor.execute(query, [value])
        return cursor.fetchall()


@checks.register(checks.Tags.database)
def guards_hold(app_configs: Any, databases: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """System check: errors for gaps in the triggers, warnings for roles without time limits.

    Only where a database is asked about: ``manage.py check --database default``, ``check_flows``,
    and ``migrate`` when it is done.
    """
    if "default" not in (databases or ()):
        return []
    found: list[checks.CheckMessage] = []
    logins = sorted(settings.APPLICATION_LOGINS)
    for role, boundless, database in _rows(
        "default", _MAKES_TEMPORARY, [*logins, settings.APPLICATION_ROLE]
    ):
        if boundless:
            found.append(
                checks.Error(
                    f"Ứng dụng đăng nhập bằng {role}, một superuser: không chốt giữ nào của cơ sở "
                    "dữ liệu ràng buộc được nó.",
                    hint="Hãy dùng các vai trò do «python -m cycle.running.embedded sql» tạo.",
                    id="cycle.E001",
                )
            )
        else:
            statement = embedded.no_temporary(database, role).strip()
            found.append(
                checks.Error(
                    f"Vai trò {role} tạo được bảng tạm, nên có thể che bảng thật trước trigger.",
                    hint=f"Chủ sở hữu cơ sở dữ liệu hãy chạy: {statement}",
                    id="cycle.E002",
                )
            )
    found += [
        checks.Error(
            f"Hàm {function} không cố định search_path, nên có thể bị bảng tạm đánh lừa.",
            hint="Hãy chạy lại «manage.py migrate», hoặc ALTER FUNCTION … SET search_path.",
            id="cycle.E003",
        )
        for (function,) in _rows("default", _UNPINNED, SEARCH_PATH)
    ]
    found += [
        checks.Error(
            f"Bảng {table} nhận khóa chính khác cho một dòng, nên có thể đánh lừa trigger.",
            hint="Hãy chạy lại «manage.py migrate».",
            id="cycle.E004",
        )
        for table, _columns in _rows("default", _KEY_MAY_CHANGE, KEY_STAYS)
    ]
    for role, config in _rows("default", _SESSIONS, logins):
        # A login with a name of its own must have the limits of WORK.
        _rights, session = embedded.ROLES.get(role, embedded.ROLES[embedded.WORK])
        has = {each.partition("=")[0] for each in config}
        if missing := sorted(set(session) - has):
            found.append(
                checks.Warning(
                    f"Phiên của {role} không có giới hạn {', '.join(missing)}.",
                    hint="Hãy chạy lại tập lệnh của «python -m cycle.running.embedded sql».",
                    id="cycle.W001",
                )
            )
    return found
