"""The test database, as its owner."""

import json
from contextlib import contextmanager

import psycopg
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.db.models.sql import DeleteQuery, UpdateQuery

from cycle.guards import SEARCH_PATH


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


#: Only test databases have it: a row of before comes as the owner's, within the test's transaction.
INSERT_AS_OWNER = f"""
CREATE OR REPLACE FUNCTION insert_as_owner(into_table regclass, given jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET {SEARCH_PATH.replace("=", " = ")} AS $$
DECLARE columns text; made bigint;
BEGIN
  SELECT string_agg(quote_ident(key), ', ') INTO columns FROM jsonb_object_keys(given) key;
  EXECUTE format('INSERT INTO %s (%s) SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, $1)
                  RETURNING id', into_table, columns) USING given INTO made;
  RETURN made;
END $$;
"""


#: Only test databases have it: what a test has loaded is counted, within the test's transaction.
ANALYZE_AS_OWNER = f"""
CREATE OR REPLACE FUNCTION analyze_as_owner() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET {SEARCH_PATH.replace("=", " = ")} AS $$
DECLARE named text;
BEGIN
  FOR named IN SELECT oid::regclass FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
  LOOP EXECUTE 'ANALYZE ' || named; END LOOP;
END $$;
"""


#: Only test databases have it: rows stand as a test wants them by the owner's hand, who may change
#: what the application tells with each change (``guards.Told``, asked here at once).
UPDATE_AS_OWNER = f"""
CREATE OR REPLACE FUNCTION update_as_owner(statement text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET {SEARCH_PATH.replace("=", " = ")} AS $$
DECLARE names text; number bigint;
BEGIN
  EXECUTE statement;
  GET DIAGNOSTICS number = ROW_COUNT;
  SELECT string_agg(quote_ident(tgname), ', ') INTO names FROM pg_trigger
    WHERE tgdeferrable AND tgname ~ '^pgtrigger_.*told';
  EXECUTE 'SET CONSTRAINTS ' || names || ' IMMEDIATE';
  EXECUTE 'SET CONSTRAINTS ' || names || ' DEFERRED';
  RETURN number;
END $$;
"""


def lend_hand():
    """Give the database of this connection the owner's hand: what the functions here ask of it."""
    with owner() as db:
        db.execute(INSERT_AS_OWNER + UPDATE_AS_OWNER + ANALYZE_AS_OWNER)


def update_as_owner(rows, **values):
    """What ``rows.update(**values)`` does, by the owner's hand: no line of history tells it."""
    query = rows.all().query.chain(UpdateQuery)
    query.add_update_values(values)
    statement, params = query.get_compiler(connection.alias).as_sql()
    return sql_as_owner(connection.ops.compose_sql(statement, params))


def delete_as_owner(rows):
    """What ``rows.delete()`` does to rows that nothing names, by the owner's hand."""
    query = rows.all().query.chain(DeleteQuery)
    statement, params = query.get_compiler(connection.alias).as_sql()
    return sql_as_owner(connection.ops.compose_sql(statement, params))


def save_as_owner(row):
    """What ``row.save()`` does to a row that is there, by the owner's hand."""
    values = {
        field.name: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if not field.generated and not field.primary_key
    }
    return update_as_owner(type(row)._base_manager.filter(pk=row.pk), **values)


def sql_as_owner(statement):
    """A change of rows by the owner's hand; of how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT update_as_owner(%s)", [statement])
        return cursor.fetchone()[0]


#: Whatever waits for the end of a transaction is looked at now, and waits again: all but what waits
#: only where it is told to.
LOOK_NOW = (
    "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED;"
    " SET CONSTRAINTS certificate_number_once IMMEDIATE"
)


def settle():
    """Of much that was loaded in this transaction: check what waits for its end, and count it.

    Otherwise each test over it checks all of it again, and PostgreSQL takes its tables for empty.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOOK_NOW)
        cursor.execute("SELECT analyze_as_owner()")


def insert_as_owner(row):
    """Save ``row`` (new) as the owner of the database would: with marks that only he may set."""
    values = {
        field.column: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if not field.generated and not field.primary_key
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT insert_as_owner(%s::text::regclass, %s::jsonb)",
            [row._meta.db_table, json.dumps(values, cls=DjangoJSONEncoder)],
        )
        row.pk = cursor.fetchone()[0]
    row._state.adding = False
    if given := getattr(row, "typed_number", lambda: None)():
        insert_as_owner(given)
    return row


def erase_all():
    """Every personal word of every entry, those that the act leaves too: as only the owner of the
    database could, the trigger disarmed.
    """
    with owner() as database:
        database.execute("ALTER TABLE cycle_sealedtext DISABLE TRIGGER words_only_emptied")
        database.execute("UPDATE cycle_sealedtext SET words = '{}', salts = '{}'")
        database.execute("ALTER TABLE cycle_sealedtext ENABLE TRIGGER words_only_emptied")
