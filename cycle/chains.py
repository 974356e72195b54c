"""The check of history (nhật ký xử lý): every chain of entries recomputed by the database."""

from typing import NamedTuple

from django.db import connection


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
)
SELECT stream, stream_id, seq, reason FROM fault WHERE reason IS NOT NULL
ORDER BY stream, stream_id, seq LIMIT %s
"""
SIZE = "SELECT count(DISTINCT (stream, stream_id)), count(*) FROM cycle_historyentry"


def check(most: int = MOST) -> list[Finding]:
    """The first ``most`` places where a chain is broken; empty when history is whole.

    ``seq``, ``prev_hash``, ``payload``, ``hash`` and the heads are recomputed and compared.
    """
    with connection.cursor() as cursor:
        cursor.execute(LINKS, [most])
        return [Finding(*row) for row in cursor.fetchall()]


def size() -> tuple[int, int]:
    """(number of chains, number of entries)."""
    with connection.cursor() as cursor:
        cursor.execute(SIZE)
        return cursor.fetchone()
