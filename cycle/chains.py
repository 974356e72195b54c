"""The check of history (nhật ký xử lý): every chain of entries recomputed by the database.

Entries of both formats (docs/decisions/0009-payload-version-2.md) may stand in one chain.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.apps import apps
from django.conf import settings
from django.db import connection, connections, models


class Finding(NamedTuple):
    """A broken place in a chain of history: which entry, and what is wrong with it."""

    stream: str
    stream_id: int
    seq: int
    what: str

    def __str__(self) -> str:
        return f"{self.stream} {self.stream_id}/{self.seq}: {self.what}"


class HistoryBroken(Exception):
    """The check of history found something; ``findings`` say where."""

    def __init__(self, findings: list[Finding]) -> None:
        more = ", …" if len(findings) == MOST else ""
        super().__init__(f"Nhật ký bị đứt tại {', '.join(map(str, findings))}{more}.")
        self.findings = findings


#: The most findings that are named: with the triggers off, every entry may have been changed.
MOST = 20

# In the database, set-based: the payload is PostgreSQL's own canonical text, and stays there.
LINKS = """
WITH link AS (
  SELECT e.stream, e.stream_id, e.seq, e.hash, e.prev_hash, e.payload,
         history_payload(e) AS said,
         row_number() OVER chain AS place,
         lag(e.hash, 1, '') OVER chain AS before
  FROM cycle_historyentry e
  WINDOW chain AS (PARTITION BY e.stream, e.stream_id ORDER BY e.seq)
), tail AS (
  SELECT DISTINCT ON (stream, stream_id) stream, stream_id, seq, hash
  FROM cycle_historyentry ORDER BY stream, stream_id, seq DESC
), told AS (
  -- The erasures of which history tells: ``made`` is a row of dossiers_erasure.
  SELECT (kept ->> 1)::bigint AS made
  FROM cycle_historyentry t CROSS JOIN LATERAL jsonb_array_elements(t.records) AS kept
  WHERE t.event = 'personal.erase' AND kept ->> 0 = 'dossiers.erasure'
), fault AS (
  SELECT stream, stream_id, seq, CASE
    WHEN seq <> place THEN 'thiếu dòng trước nó'
    WHEN prev_hash <> before THEN 'không nối với dòng trước'
    WHEN payload <> said THEN 'nội dung khác với bản đã băm'
    WHEN hash <> encode(sha256(convert_to(prev_hash || E'\\n' || payload, 'UTF8')), 'hex')
      THEN 'mã băm không đúng'
  END AS reason
  FROM link
  UNION ALL
  SELECT stream, stream_id, COALESCE(tail.seq, head.seq), 'dòng cuối không khớp đầu chuỗi'
  FROM tail FULL JOIN cycle_historyhead head USING (stream, stream_id)
  WHERE (tail.seq, tail.hash) IS DISTINCT FROM (head.seq, head.hash)
  UNION ALL
  -- A word that was erased is not there; one that is must be the one that was hashed.
  SELECT e.stream, e.stream_id, e.seq, 'lời đã ghi khác với bản đã băm'
  FROM cycle_sealedtext s JOIN cycle_historyentry e ON e.id = s.entry_id
  WHERE e.version > 1 AND EXISTS (
    SELECT FROM jsonb_each_text(s.words) AS said (part, word)
    WHERE encode(sha256(convert_to(coalesce(s.salts ->> part, '') || word, 'UTF8')), 'hex')
      IS DISTINCT FROM e.sealed ->> part)
  UNION ALL
  SELECT e.stream, e.stream_id, e.seq, 'lời đã xóa, không dòng nào ghi lần xóa'
  FROM cycle_sealedtext s JOIN cycle_historyentry e ON e.id = s.entry_id
  WHERE s.erased_by <> '{}' AND EXISTS (
    SELECT FROM jsonb_each_text(s.erased_by) AS gone (part, made)
    WHERE gone.made::bigint NOT IN (SELECT told.made FROM told))
  UNION ALL
  SELECT CASE WHEN made.person_id IS NULL THEN 'producer' ELSE 'person' END,
         coalesce(made.person_id, made.producer_id), 0,
         format('không dòng nào ghi lần xóa %%s', made.id)
  FROM dossiers_erasure made WHERE made.id NOT IN (SELECT told.made FROM told)
)
SELECT stream, stream_id, seq, reason FROM fault WHERE reason IS NOT NULL
ORDER BY stream, stream_id, seq LIMIT %s
"""
SIZE = "SELECT count(DISTINCT (stream, stream_id)), count(*) FROM cycle_historyentry"


# Each row that an entry names, hashed again as each of its table's shapes would have it.
ROWS = """
WITH named AS MATERIALIZED (
  SELECT e.stream, e.stream_id, e.seq, kept ->> 0 AS model, (kept ->> 1)::bigint AS id,
         kept ->> 2 AS hash
  FROM cycle_historyentry e CROSS JOIN LATERAL jsonb_array_elements(e.records) AS kept
  WHERE e.records <> '[]' AND kept ->> 2 IS NOT NULL
)
SELECT stream, stream_id, seq, format('bản ghi %%s %%s khác với lúc ghi', model, id)
FROM ({tables}) AS fault
ORDER BY stream, stream_id, seq LIMIT %s
"""
OF_TABLE = """
SELECT named.* FROM named LEFT JOIN {table} t ON t.id = named.id
WHERE named.model = %s AND (t.id IS NULL OR named.hash NOT IN ({hashes}))
"""
HASH = "encode(sha256(convert_to((to_jsonb(t) - %s::text[])::text, 'UTF8')), 'hex')"
KEPT = """
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'id'
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
  AND c.relname ~ '^(cycle|dossiers|councils|notifications)_'
  AND NOT has_any_column_privilege(%s, c.oid, 'UPDATE')
"""
COLUMNS = """
SELECT attname::text, attgenerated <> '' FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
"""


def check(most: int = MOST) -> list[Finding]:
    """The first ``most`` places where history is broken; empty when it is whole.

    ``seq``, ``prev_hash``, ``payload``, ``hash`` and the heads are recomputed and compared; so is
    every personal text that was not erased, and every row that an entry names, as far as its table
    takes no changes (of the others the hash says what they were, not what they must be). An entry
    must tell each erasure.
    """
    with connection.cursor() as cursor:
        cursor.execute(LINKS, [most])
        found = [Finding(*row) for row in cursor.fetchall()]
        if len(found) < most:
            found += _changed_rows(cursor, most - len(found))
    return found


def kept_as_written(cursor: Any) -> list[type[models.Model]]:
    """The models whose rows the application may not change, so that a hash holds for good."""
    cursor.execute(KEPT, [settings.APPLICATION_ROLE])
    tables = {row[0] for row in cursor.fetchall()}
    return [model for model in apps.get_models() if model._meta.db_table in tables]


def _changed_rows(cursor: Any, most: int) -> Iterator[Finding]:
    cursor.execute("SELECT model, columns FROM cycle_recordshape")
    noted: dict[str, set[frozenset[str]]] = {}
    for label, names in cursor.fetchall():
        noted.setdefault(label, set()).add(frozenset(names))
    tables, params = [], []
    for model in kept_as_written(cursor):
        label, table = model._meta.label_lower, model._meta.db_table
        columns, computed = _columns(cursor, table)
        shapes = noted.get(label, set()) | {columns}
        if any(shape - columns for shape in shapes):
            # A column is gone: what was hashed with it cannot be told from what was changed.
            continue
        hashes = ", ".join([HASH] * len(shapes))
        tables.append(OF_TABLE.format(table=f'"{table}"', hashes=hashes))
        params += [label, *(sorted(computed | (columns - shape)) for shape in shapes)]
    cursor.execute(ROWS.format(tables=" UNION ALL ".join(tables)), [*params, most])
    yield from (Finding(*row) for row in cursor.fetchall())


def _columns(cursor: Any, table: str) -> tuple[frozenset[str], set[str]]:
    """(columns that are stored, columns that the database computes) of ``table``."""
    cursor.execute(COLUMNS, [table])
    rows = cursor.fetchall()
    return (
        frozenset(name for name, computed in rows if not computed),
        {name for name, computed in rows if computed},
    )


def keep_shapes(alias: str) -> None:
    """Note the columns that each table has now: a row that an entry named before a column was
    added is hashed without it. Run as the owner, after migrations.
    """
    with connections[alias].cursor() as cursor:
        for model in kept_as_written(cursor):
            columns, _generated = _columns(cursor, model._meta.db_table)
            cursor.execute(
                "INSERT INTO cycle_recordshape (model, columns) VALUES (%s, %s)"
                " ON CONFLICT DO NOTHING",
                [model._meta.label_lower, sorted(columns)],
            )


def size() -> tuple[int, int]:
    """(number of chains, number of entries)."""
    with connection.cursor() as cursor:
        cursor.execute(SIZE)
        return cursor.fetchone()
