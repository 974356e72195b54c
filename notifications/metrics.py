"""Figures of this installation in Prometheus' format (số đo).

All of them stand in PostgreSQL and on the disk, so that any web process gives the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from cycle import clock, files
from notifications.models import Heartbeat

_ASKED = """
SELECT
  (SELECT count(*) FROM cycle_outboxmessage WHERE dispatched_at IS NULL AND error = ''),
  (SELECT count(*) FROM cycle_outboxmessage WHERE dispatched_at IS NULL AND error <> ''),
  (SELECT coalesce(extract(epoch FROM now() - min(entry.recorded_at)), 0)
     FROM cycle_outboxmessage JOIN cycle_historyentry entry ON entry.id = entry_id
    WHERE dispatched_at IS NULL AND error = ''),
  (SELECT count(*) FROM notifications_delivery WHERE state = 'pending'),
  (SELECT count(*) FROM notifications_delivery WHERE state = 'incident'),
  (SELECT coalesce(greatest(extract(epoch FROM now() - min(next_at)), 0), 0)
     FROM notifications_delivery WHERE state = 'pending'),
  (SELECT count(*) FROM cycle_job WHERE state IN ('queued', 'running')),
  (SELECT count(*) FROM cycle_job WHERE state = 'failed'),
  (SELECT count(*) FROM notifications_alarm WHERE ended_at IS NULL),
  pg_database_size(current_database())
"""
#: Name and meaning of each column of the query above.
GAUGES = (
    ("ocop_outbox_waiting", "Events not yet told"),
    ("ocop_outbox_failed", "Events whose audience could not be found"),
    ("ocop_outbox_oldest_seconds", "Age of the oldest event that waits"),
    ("ocop_letters_waiting", "Letters that wait"),
    ("ocop_letters_failed", "Letters that are not tried again"),
    ("ocop_letters_late_seconds", "How late the most urgent letter is"),
    ("ocop_jobs_waiting", "Background jobs that wait or run"),
    ("ocop_jobs_failed", "Background jobs that failed"),
    ("ocop_alarms", "What is wrong with the installation, as last looked"),
    ("ocop_database_bytes", "Size of the database"),
)


class Figures(Collector):
    """Reads everything anew at each scrape; two queries."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with connection.cursor() as cursor:
            cursor.execute(_ASKED)
            figures = cursor.fetchone()
        for (name, meaning), value in zip(GAUGES, figures, strict=True):
            yield GaugeMetricFamily(name, meaning, value=float(value))
        last = GaugeMetricFamily(
            "ocop_beat_seconds",
            "Seconds since this last began",
            labels=["beat"],
        )
        failed = GaugeMetricFamily(
            "ocop_beat_failed", "1 when its last run failed", labels=["beat"]
        )
        now = clock.now()
        for row in Heartbeat.objects.all():
            last.add_metric([row.name], (now - row.started_at).total_seconds())
            failed.add_metric([row.name], float(bool(row.error)))
        yield from (last, failed)
        if room := files.room():
            yield GaugeMetricFamily("ocop_files_free_bytes", "Room for files", value=room.free)
            yield GaugeMetricFamily("ocop_files_disk_bytes", "Disk of the files", value=room.total)


def text() -> bytes:
    """The figures as Prometheus reads them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures())
    return generate_latest(registry)
