"""Whether history is what was written down: every chain recomputed by the database."""

import sys

from django.core.management.base import BaseCommand
from django.db import connection

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
ORDER BY stream, stream_id, seq LIMIT 1
"""
SIZE = "SELECT count(DISTINCT (stream, stream_id)), count(*) FROM cycle_historyentry"


class Command(BaseCommand):
    """Recompute the chains of history (nhật ký xử lý): numbers, links, payloads, hashes, heads."""

    help = "Tính lại các chuỗi nhật ký; in chỗ đứt đầu tiên và kết thúc với mã 1 nếu có."

    def handle(self, *, verbosity, **options):
        """Raises SystemExit(1) after naming the first broken link."""
        with connection.cursor() as cursor:
            cursor.execute(LINKS)
            broken = cursor.fetchone()
            cursor.execute(SIZE)
            chains, entries = cursor.fetchone()
        if broken:
            stream, stream_id, seq, reason = broken
            self.stdout.write(f"Nhật ký bị đứt tại {stream} {stream_id}/{seq}: {reason}.")
            sys.exit(1)
        if verbosity:
            self.stdout.write(f"Nhật ký nguyên vẹn: {chains} chuỗi, {entries} dòng.")
