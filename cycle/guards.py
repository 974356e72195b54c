"""Triggers that cannot be got round (chốt giữ của cơ sở dữ liệu).

A trigger function finds its tables by name, along the search path, and temporary tables come first.
Whoever can make a temporary table with the name of a real one can deceive the trigger. So each of
our functions sets its own search path with temporary tables last, and the application's roles may
make no temporary tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pgtrigger
from django.conf import settings
from django.core import checks
from django.db import connections
from pgtrigger import compiler

from cycle.running import embedded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: The setting as PostgreSQL stores it with a function.
SEARCH_PATH = "search_path=pg_catalog, public, pg_temp"


class PinnedTriggerSql(compiler.UpsertTriggerSql):
    """SQL of a trigger whose function sets its search path. Migrations name this class."""

    def get_template(self) -> str:
        pinned = f"LANGUAGE plpgsql SET {SEARCH_PATH};".replace("=", " = ")
        return super().get_template().replace("LANGUAGE plpgsql;", pinned)


class FirmTriggerSql(PinnedTriggerSql):
    """SQL of a trigger that does not look away: pgtrigger's own asks a setting of the session
    first, which whoever has the session may set. Migrations name this class.
    """

    def get_template(self) -> str:
        pinned = super().get_template()
        asks = pinned.index("IF ({ignore_func_name}")
        return pinned[:asks] + pinned[pinned.index("{func}", asks) :]


class _Firm(pgtrigger.Trigger):
    """A trigger of ours, with its search path pinned, that no session switches off."""

    def compile(self, model: Any) -> Any:
        made = super().compile(model)
        return compiler.Trigger(name=made.name, sql=FirmTriggerSql(**made.sql.kwargs))


class Guard(_Firm, pgtrigger.Protect):
    """Refuses an operation, where its condition holds, to everybody, the owner too."""


#: Whoever migrates may: what a release changes in rows of before is told by the release.
_OWNER = "pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER')"
#: In the place of events: any whose line says that the first of the columns became what it is
#: (``after``); or that this row was saved (``records``).
BECAME, SAVED = "=after", "=records"
#: What the refusals of :class:`Stays` and :class:`Told` name as their constraint.
STAYS, TOLD = "column_stays", "column_told"


def _refuse(what: str, value: str, name: str) -> str:
    return (
        f"RAISE EXCEPTION '% of %: {what}', {value}, TG_TABLE_NAME "
        f"USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';"
    )


def _differ(columns: Iterable[str]) -> str:
    """SQL: one of the columns of a row is another than before."""
    new, old = (", ".join(f'{row}."{each}"' for each in columns) for row in ("NEW", "OLD"))
    return f"ROW({new}) IS DISTINCT FROM ROW({old})"


class Stays(_Firm):
    """Columns that the application writes once, with the row: afterwards each stays as it is.

    After what else refuses the change: that says more of why.
    """

    when = pgtrigger.After

    def __init__(self, *columns: str, name: str) -> None:
        self.columns = columns
        named = ", ".join(columns)
        super().__init__(
            name=name,
            operation=pgtrigger.UpdateOf(*columns),
            condition=pgtrigger.Condition(f"({_differ(columns)})"),
            func=f"IF {_OWNER} THEN RETURN NULL; END IF; "
            + _refuse("stay as they were written", f"'{named}'", STAYS),
        )


class Told(_Firm):
    """Columns that the application changes with a line of history alone, in one transaction, which
    is of an act that may change them. Asked as the transaction ends.

    ``stream`` and ``of``: the chain that tells it, and SQL of its number, where ``r`` is the row.
    ``also``: other chains that may. ``columns``: ``{columns, by spaces: events, by spaces}``; in
    the place of events :data:`BECAME` or :data:`SAVED`.
    ``rows``: the events without which no row comes, changes or goes; ``on``: which of these.
    """

    when, timing = pgtrigger.After, pgtrigger.Deferred

    def __init__(
        self,
        *,
        name: str,
        stream: str,
        of: str,
        columns: Mapping[str, str] | None = None,
        rows: str = "",
        on: pgtrigger.Operation = pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        also: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.told = {
            tuple(named.split()): tuple(events.split()) for named, events in (columns or {}).items()
        }
        self.columns = tuple(each for group in self.told for each in group)
        self.rows, self.on = tuple(rows.split()), on
        chains = " OR ".join(
            f"h.stream = '{each}' AND h.stream_id = {key}" for each, key in ((stream, of), *also)
        )
        asked = "".join(
            f"IF {_differ(group)} AND NOT {_tells(events, group)} THEN "
            f"lacking := concat_ws(', ', lacking, '{', '.join(group)}'); END IF; "
            for group, events in self.told.items()
        )
        if self.rows:
            asked += f"IF NOT {_tells(self.rows)} THEN lacking := 'the row'; END IF; "
        super().__init__(
            name=name,
            operation=on if rows else pgtrigger.UpdateOf(*self.columns),
            condition=None if rows else pgtrigger.Condition(f"({_differ(self.columns)})"),
            declare=[
                ("r", "record"),
                ("said", "text[]"),
                ("became", "text[]"),
                ("saved", "boolean"),
                ("lacking", "text"),
            ],
            func=f"IF {_OWNER} THEN RETURN NULL; END IF; "  # noqa: S608
            "IF TG_OP = 'DELETE' THEN r := OLD; ELSE r := NEW; END IF; "
            "SELECT array_agg(h.event::text), array_agg(h.after::text), bool_or(h.records @> "
            "jsonb_build_array(jsonb_build_array(replace(TG_TABLE_NAME, '_', '.'), r.id))) "
            "INTO said, became, saved FROM public.cycle_historyentry h "
            f"WHERE ({chains}) AND h.transaction = pg_current_xact_id()::text::bigint; "
            + asked
            + "IF lacking IS NOT NULL THEN "
            + _refuse("no line of its history tells this change", "lacking", TOLD)
            + " END IF; RETURN NULL;",
        )


def _tells(events: tuple[str, ...], group: tuple[str, ...] = ()) -> str:
    """SQL: what was said tells a change of the columns ``group``."""
    if events == (BECAME,):
        return f'coalesce(r."{group[0]}"::text = ANY (became), false)'
    if events == (SAVED,):
        return "coalesce(saved, false)"
    return f"coalesce(said && '{{{','.join(events)}}}'::text[], false)"


def naming(key: str, column: str = "id") -> str:
    """For ``of``, in a chain that tells of many rows: its lines whose data name this row, or what
    its ``column`` says.
    """
    return f"CASE WHEN h.data->>'{key}' = r.{column}::text THEN h.stream_id END"


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
