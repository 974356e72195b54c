"""The overdue register at a nation's size leaves the database up: the memory each page takes of it.

A province whose terms lie over several years, one of five late and three of ten without a task, as
the clocks of the law are. While a page is made, the private memory of each PostgreSQL process is
read, those of parallel workers too. A page may also say that it was stopped; then nothing is lost.
"""

import os
import signal
from pathlib import Path
from statistics import median
from threading import Event, Thread
from time import perf_counter

import psycopg
from django.db import connection
from django.test import Client

from bench.province import Province
from bench.transition_cost import _login
from cycle.running.embedded import state_folder
from cycle.running.owner import as_owner
from dossiers.lists.overdue import PAGES
from dossiers.models import Term

BOUND = (
    "mỗi tiến trình PostgreSQL ≤ 256 MB bộ nhớ riêng ở mọi trang sổ quá hạn; "
    "máy chủ không ngắt; mỗi trang trả lời, hoặc nói rằng đã bị dừng"
)
#: Terms: of ten seven are of a task, of 1,300 so are late 280.
SIZES = {"small": 13_000, "full": 1_300_000}
LIMIT_MB = 256
#: A proof that fails must not take the machine with it.
STOP_MB = 2_048
ROUNDS = 3
PAGES_SHOWN = {
    "register": "/register/",
    "last_page": f"/register/?page={PAGES}",
    "done": "/register/?standing=done",
    "legal": "/register/?clock=legal",
    "step": "/register/?step=evaluation",
    "nobody": "/register/?officer=0",
    "certificates": "/register/certificates/",
}


def run(scale):
    """Memory in MB, answers, and milliseconds of each page beside a plain sum of the same rows."""
    terms = SIZES[scale]
    province = Province(terms)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    client = Client(raise_request_exception=False)
    client.force_login(province.minh, backend="django.contrib.auth.backends.ModelBackend")
    answers, times, floor, memory = {}, {}, [], {}
    with psycopg.connect(**_login(), autocommit=True) as watch:
        temporary = 0
        for _ in range(ROUNDS):
            started = perf_counter()
            late = watch.execute(FLOOR).fetchall()
            floor.append(perf_counter() - started)
            before = _temporary(watch)
            for name, path in PAGES_SHOWN.items():
                with Watch() as seen:
                    started = perf_counter()
                    answer = client.get(path)
                    times.setdefault(name, []).append(perf_counter() - started)
                answers.setdefault(name, set()).add(answer.status_code)
                memory[name] = max(memory.get(name, 0), seen.most)
            temporary += _temporary(watch) - before
        # A session that was open all the while: had one process been killed, all were ended.
        stayed = watch.execute("SELECT 1").fetchone() == (1,)
    floor_ms = 1000 * median(floor)
    page_ms = {name: 1000 * median(taken) for name, taken in times.items()}
    figures = {
        "size": terms,
        "late": sum(row[1] for row in late),
        "without_task": Term.objects.filter(task=None, certificate=None).count(),
        "memory_mb": {name: round(most, 1) for name, most in memory.items()},
        "most_memory_mb": round(max(memory.values()), 1),
        "answers": {name: sorted(codes) for name, codes in answers.items()},
        "server_stayed": stayed,
        "temporary_mb": round(temporary / 2**20, 1),
        "floor_ms": round(floor_ms, 1),
        "page_ms": {name: round(taken, 1) for name, taken in page_ms.items()},
        "of_floor": {name: round(taken / floor_ms, 2) for name, taken in page_ms.items()},
    }
    figures["answered"] = all(codes <= {200, 503} for codes in answers.values())
    return figures | {
        "exact": figures["most_memory_mb"] <= LIMIT_MB and stayed and figures["answered"]
    }


#: As little as anybody can do with the same rows: read the late terms, sum them by unit and month.
FLOOR = """
SELECT org_unit_id, count(*), to_char(due_on, 'YYYY-MM'), sum(coalesce(stopped_at, now()) - due_at)
FROM dossiers_term WHERE due_at <= coalesce(paused_at, stopped_at, now())
  AND dossier_id IS NOT NULL AND certificate_id IS NULL
GROUP BY 1, 3
"""


def _temporary(watch):
    """Bytes that the database has written to temporary files."""
    watch.execute("SELECT pg_stat_clear_snapshot(), pg_stat_force_next_flush()")
    return watch.execute(
        "SELECT temp_bytes FROM pg_stat_database WHERE datname = current_database()"
    ).fetchone()[0]


class Watch:
    """The most private memory in MB that one PostgreSQL process has inside the block."""

    def __enter__(self):
        self.most, self._done = 0.0, Event()
        self._server = int((state_folder() / "postgres" / "postmaster.pid").read_text().split()[0])
        self._thread = Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._done.set()
        self._thread.join()

    def _look(self):
        while not self._done.wait(0.01):
            for pid, status in _children(self._server):
                found = int(status.get("RssAnon", "0 kB").split()[0]) / 1024
                self.most = max(self.most, found)
                if found > STOP_MB:
                    # To PostgreSQL: cancel what this process does.
                    os.kill(pid, signal.SIGINT)


def _children(parent):
    """(pid, status) of each process of the server; what ends meanwhile is left out."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                lines = (folder / "status").read_text().splitlines()
            except OSError:
                continue
            status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
            if status.get("PPid") == str(parent):
                yield int(folder.name), status
