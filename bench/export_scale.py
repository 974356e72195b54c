"""A list of 100,000 rows goes out whole: memory of the process, first byte, and the same rows.

All dossiers of a province, and all that is late there, as CSV and XLSX through the page that an
officer presses. Beside each the database's own COPY of as much, in the same run.
"""

import csv
import ctypes
import gc
import io
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from time import perf_counter

import psycopg
import python_calamine
from django.db import connection, transaction
from django.test import Client

from bench.ground import Ground
from bench.inbox_scale import _copy
from bench.transition_cost import _login
from cycle.models import HistoryEntry
from cycle.running.owner import as_owner
from dossiers.lists.export import registered
from tests.world import open_dossier

BOUND = (
    "mỗi tệp 100.000 dòng tốn ≤ 100 MB bộ nhớ của tiến trình; các dòng đúng như COPY; "
    "byte đầu ≤ 3 lần COPY cả danh sách (in ra giây); cả tệp CSV ≤ 60 lần COPY"
)
SIZES = {"small": 2_000, "full": 100_000}
LIMIT_MB = 100
FIRST = 10_000_000
#: One of so many products has a name that a spreadsheet would take for a formula.
ODD = 10

COPIES = {
    "dossiers": """
SELECT product.code, product.name, producer.name, commune.name, cycle.title, d.state, unit.name,
  to_char(task.due_on, 'DD/MM/YYYY')
FROM dossiers_dossier d
JOIN dossiers_product product ON product.id = d.product_id
JOIN dossiers_producer producer ON producer.id = product.producer_id
JOIN cycle_orgunit commune ON commune.id = d.commune_id
JOIN cycle_cycle cycle ON cycle.id = d.cycle_id
LEFT JOIN dossiers_task task ON task.dossier_id = d.id AND task.open_state IS NOT NULL
LEFT JOIN cycle_orgunit unit ON unit.id = task.org_unit_id
ORDER BY d.id DESC""",
    # In what order the register lies is the register's own affair: the rows are compared sorted.
    "overdue": """
SELECT t.title, product.name, producer.name, unit.name, to_char(t.due_on, 'DD/MM/YYYY')
FROM dossiers_term t
JOIN dossiers_dossier d ON d.id = t.dossier_id
JOIN dossiers_product product ON product.id = d.product_id
JOIN dossiers_producer producer ON producer.id = product.producer_id
JOIN cycle_orgunit unit ON unit.id = t.org_unit_id
WHERE t.state = 'running' AND t.due_at <= now() AND t.task_id IS NOT NULL
ORDER BY t.due_at, t.id""",
}


def run(scale):
    """Megabytes and seconds of each file, of COPY, and whether the rows are the same."""
    rows = SIZES[scale]
    client = _world(rows)
    figures = {"size": rows, "memory_mb": {}, "first_s": {}, "whole_s": {}, "bytes": {}}
    floor, same = {}, {}
    for name in COPIES:
        copied, floor[name] = _copied(COPIES[name])
        for how in ("csv", "xlsx"):
            # Once with few rows: what is loaded on first use is no memory of the rows.
            _taken(client, name, how, "q=1999&month=1999-01&step=outreach")
            with tempfile.TemporaryFile() as file:
                taken = _taken(client, name, how, "", file)
                file.seek(0)
                names = _names(file, how)
            for key, value in taken.items():
                figures[key][f"{name}_{how}"] = value
            same[f"{name}_{how}"] = (
                names == copied if name == "dossiers" else sorted(names) == sorted(copied)
            )
    firsts = {
        key: spent / floor[key.partition("_")[0]] for key, spent in figures["first_s"].items()
    }
    wholes = {
        key: spent / floor[key.partition("_")[0]] for key, spent in figures["whole_s"].items()
    }
    recorded = HistoryEntry.objects.filter(event="list.export", data__rows=rows).count()
    figures |= {
        "copy_s": {name: round(spent, 3) for name, spent in floor.items()},
        "first_of_copy": round(max(firsts.values()), 2),
        "csv_of_copy": round(max(v for key, v in wholes.items() if key.endswith("csv")), 2),
        "most_memory_mb": max(figures["memory_mb"].values()),
        "same_rows": all(same.values()),
        "recorded": recorded,
    }
    return figures | {
        "exact": figures["most_memory_mb"] <= LIMIT_MB and figures["same_rows"] and recorded == 4,
        "fast": figures["first_of_copy"] <= 3 and figures["csv_of_copy"] <= 60,
    }


def _world(rows):
    """So many dossiers of one commune, each with one task that is late; who exports them."""
    ground = Ground()
    model = open_dossier(ground.cycle, ground.written, ground.an)
    product, task = model.product, model.open_task()
    numbers, new = f"generate_series(1, {rows - 1}) n", f"{FIRST} + n"
    odd = f"CASE WHEN n % {ODD} = 0 THEN '=' ELSE '' END || t.name || ' ' || n"
    late = "(now() - (n % 40 + 1) * interval '1 day')"
    with transaction.atomic():
        _copy("dossiers_product", product.pk, numbers, id=new, name=odd)
        _copy("dossiers_dossier", model.pk, numbers, id=new, product_id=new)
        _copy("dossiers_process", task.process_id, numbers, id=new, dossier_id=new)
        due = {"due_on": f"{late}::date", "due_at": f"{late}::date + interval '17 hours'"}
        begun = f"{late} - interval '30 days'"
        _copy("dossiers_task", task.pk, numbers, id=new, dossier_id=new, process_id=new,
              opened_at=begun, **due)  # fmt: skip
        _copy(
            "dossiers_term", task.term.pk, numbers, id=new, dossier_id=new, task_id=new,
            started_at=begun, original_due_on=f"{late}::date", next_at="NULL",
            rungs="ARRAY[]::text[]", rung_at="ARRAY[]::timestamptz[]", **due,
        )  # fmt: skip
        # The one that was copied is late too.
        with connection.cursor() as cursor:
            for table, where in (("task", task.pk), ("term", task.term.pk)):
                cursor.execute(
                    f"UPDATE dossiers_{table} t SET due_on = s.due_on, due_at = s.due_at "
                    f"FROM dossiers_{table} s WHERE t.id = %s AND s.id = %s",
                    [where, FIRST + 1],
                )
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    client = Client()
    client.force_login(ground.minh, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _copied(question):
    """The names of products in the order of COPY, and its seconds."""
    with psycopg.connect(**_login()) as db, db.cursor() as cursor:
        cursor.execute("SELECT 1")
        out, started = [], perf_counter()
        with cursor.copy(f"COPY ({question}) TO STDOUT (FORMAT csv)") as copying:
            out.extend(bytes(data) for data in copying)
        spent = perf_counter() - started
    lines = csv.reader(io.StringIO(b"".join(out).decode(), newline=""))
    return [line[1] for line in lines], spent


def _taken(client, name, how, query, file=None):
    """Press the button, read the answer to its end; seconds, and megabytes at the highest."""
    columns = [column.name for column in registered()[name].columns]
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    # The kernel's own mark of the highest, put back to what is used now.
    Path("/proc/self/clear_refs").write_text("5")
    before, started = _memory("VmRSS"), perf_counter()
    answer = client.post(f"/export/{name}/?{query}", {"format": how, "column": columns})
    assert answer.status_code == 200, answer.status_code
    first = size = 0
    for part in answer.streaming_content:
        first = first or perf_counter() - started
        size += len(part)
        if file:
            file.write(part)
    whole = perf_counter() - started
    return {
        "memory_mb": round(_memory("VmHWM") - before, 1),
        "first_s": round(first, 3),
        "whole_s": round(whole, 2),
        "bytes": size,
    }


def _memory(what):
    found = re.search(rf"{what}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found.group(1)) / 1024


def _names(file, how):
    """The names of products in a file, as they were before a formula was made text."""
    if how == "xlsx":
        table = python_calamine.CalamineWorkbook.from_filelike(file).get_sheet_by_index(0)
        lines = iter(table.to_python())
    else:
        lines = csv.reader(io.TextIOWrapper(file, "utf-8-sig", newline=""))
    at = next(lines).index("Sản phẩm")
    return [line[at].removeprefix("'") for line in lines]
