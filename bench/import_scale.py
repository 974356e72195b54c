"""What entering a list of certificates costs beside plain SQL of the same rows; errors, kills."""

import gc
import io
import os
import random
import signal
import tempfile
import time
from datetime import date, timedelta
from time import perf_counter

import openpyxl
import psycopg
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import connection, connections
from psycopg.types.json import Jsonb

from bench.ground import end_the_province_of_the_reference_data, history_is_whole
from bench.transition_cost import _login
from cycle import files
from cycle.models import Document, HistoryEntry, Level, OrgUnit, Role
from cycle.models.job import run_waiting
from dossiers.models import (
    Certificate,
    CertificateNumber,
    Dossier,
    OfficialDocument,
    Process,
    Producer,
    Product,
    StockBatch,
    StockRow,
    Term,
    TermEvent,
)
from dossiers.office.stock import work
from dossiers.walk import stock
from tests.world import person

BOUND = (
    "ghi một danh sách ≤ 6 lần SQL thuần ghi cùng các dòng; cả đọc, kiểm tra và ghi ≤ 20 giây; "
    "lỗi đúng từng dòng; 0 dòng ghi dở sau mỗi lần kill -9"
)
#: Rows, and how often who enters them is killed.
SIZES = {"small": (400, 3), "full": (10_000, 20)}
#: One row of so many is wrong in the list of errors.
WRONG = 10
HEADS = (
    "STT", "Tên sản phẩm", "Nhóm sản phẩm", "Chủ thể", "Xã, phường", "Số giấy chứng nhận",
    "Cơ quan cấp", "Số quyết định", "Ngày quyết định", "Hạng sao",
)  # fmt: skip
COMMUNES = 45
#: What our rows are called again, in the tables: column -> which rows it names.
TABLES = {
    "dossiers_producer": {"id": "producer"},
    "dossiers_product": {"id": "product", "producer_id": "producer"},
    "dossiers_dossier": {"id": "dossier", "product_id": "product"},
    "dossiers_process": {"id": "process", "dossier_id": "dossier"},
    "dossiers_officialdocument": {"id": "document", "dossier_id": "dossier"},
    "dossiers_certificate": {"id": "given", "dossier_id": "dossier", "decision_id": "document"},
    "dossiers_certificatenumber": {
        "id": "number",
        "dossier_id": "dossier",
        "certificate_id": "given",
    },
    "dossiers_term": {"id": "term", "dossier_id": "dossier", "certificate_id": "given"},
    "dossiers_termevent": {"id": "line", "term_id": "term"},
}
#: Far above all ids of ours: where the plain rows begin.
FAR = 1_000_000_000


def run(scale):
    """Milliseconds of both sides, their ratio, what was found wrong, and what kills left half."""
    rows, kills = SIZES[scale]
    with tempfile.TemporaryDirectory(prefix="ocop-proof-") as folder:
        settings.MEDIA_ROOT = folder
        return _run(rows, kills)


def _run(rows, kills):
    call_command("load_rulesets", verbosity=0, stdout=io.StringIO())
    unit, lan = _ground()
    wrong = _wrong(rows, lan, unit)
    _kept, _took = _entered("W", max(rows // 10, 50), lan, unit)  # warms up
    batch, took = _entered("A", rows, lan, unit)
    raw = _by_hand(batch)
    half, done = _killed(rows // 4, kills, lan, unit)
    ratio = took["enter"] / raw
    total = sum(took.values())
    figures = {
        "size": rows,
        "read_ms": round(1000 * took["read"]),
        "check_ms": round(1000 * took["check"]),
        "enter_ms": round(1000 * took["enter"]),
        "raw_ms": round(1000 * raw),
        "of_raw": round(ratio, 2),
        "total_s": round(total, 1),
        "same_rows": _same_rows(batch),
        **wrong,
        "kills": kills,
        "half_entered": half,
        "entered_after_kills": done,
        "history_whole": history_is_whole(),
    }
    figures["exact"] = (
        figures["same_rows"]
        and wrong["errors_planted"] == wrong["errors_found"]
        and wrong["errors_elsewhere"] == half == 0
        and done == rows // 4
        and figures["history_whole"]
    )
    # The seconds are of a quiet machine: printed, and bounded by what plain SQL took here.
    figures["fast"] = ratio <= 6
    return figures


def _ground():
    end_the_province_of_the_reference_data()
    province = OrgUnit.objects.create(
        code="11", name="Tỉnh Điện Biên", level=Level.PROVINCE, valid_from=date(2019, 1, 1)
    )
    OrgUnit.objects.bulk_create(
        OrgUnit(
            code=f"{n:05}",
            name=f"Xã Mường số {n}",
            level=Level.COMMUNE,
            parent=province,
            valid_from=date(2025, 7, 1),
        )
        for n in range(COMMUNES)
    )
    return province, person("lan", "Đào Thị Lan", (Role.OFFICER, province))


def _list(mark, rows, wrong=()):
    """A list of ``rows`` certificates; in those of ``wrong`` the stars are none."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Danh sách")
    sheet.append(HEADS)
    for n in range(rows):
        day = date(2024, 1, 1) + timedelta(days=n % 700)
        stars = "đạt" if n in wrong else f"{3 + n % 2} sao"
        commune = f"Xã Mường số {n % COMMUNES}"
        sheet.append(
            (
                n + 1, f"Sản phẩm {mark} {n}", "Thực phẩm", f"Hợp tác xã {mark} {n // 2}", commune,
                f"{n + 1}/{mark}-GCN", "UBND tỉnh", f"{day:%Y%m%d}/QĐ-{mark}", day, stars,
            )
        )  # fmt: skip
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _timed(call):
    gc.collect()
    started = perf_counter()
    result = call()
    return result, perf_counter() - started


def _checked(mark, rows, lan, unit, wrong=()):
    content = _list(mark, rows, wrong)
    batch, read = _timed(lambda: work.upload(content, f"{mark}.xlsx", by=lan, unit=unit))
    work.ask_check(batch, by=lan)
    _none, check = _timed(run_waiting)
    return StockBatch.objects.get(pk=batch.pk), {"read": read, "check": check}


def _paper():
    made = Document(
        number="88/BC",
        signed_on=date(2026, 1, 5),
        signer="Nguyễn Văn Lãnh",
        signer_capacity="Chánh Văn phòng",
    )
    made.hold(files.stage(ContentFile(b"%PDF-1.4 danh sach")))
    return {"document": made}


def _entered(mark, rows, lan, unit):
    batch, took = _checked(mark, rows, lan, unit)
    assert not batch.counts["wrong"], batch.counts
    work.ask_commit(batch, by=lan, **_paper())
    _none, took["enter"] = _timed(run_waiting)
    batch.refresh_from_db()
    assert batch.state == "committed", batch.problem
    return batch, took


def _wrong(rows, lan, unit):
    """Every tenth row wrong at one cell: found there and nowhere else."""
    planted = set(range(0, rows, WRONG))
    batch, _took = _checked("E", rows, lan, unit, planted)
    column = HEADS.index("Hạng sao")
    cells = {f"{chr(65 + column)}{n + 2}" for n in planted}
    found = [
        fault["cell"]
        for row in StockRow.objects.filter(batch=batch, errors__gt=0)
        for fault in row.faults
        if fault["level"] == "error"
    ]
    return {
        "errors_planted": len(planted),
        "errors_found": len(cells & set(found)),
        "errors_elsewhere": len([cell for cell in found if cell not in cells]),
    }


def _ids(batch):
    """The rows that the batch made, by the table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT dossier_id FROM dossiers_stockrow WHERE batch_id = %s ORDER BY line", [batch.pk]
        )
        dossiers = [row[0] for row in cursor.fetchall()]
    terms = "SELECT id FROM dossiers_term WHERE dossier_id = ANY(%(dossiers)s)"
    where = {
        "dossiers_producer": "id IN (SELECT p.producer_id FROM dossiers_product p"
        " JOIN dossiers_dossier d ON d.product_id = p.id WHERE d.id = ANY(%(dossiers)s))",
        "dossiers_product": "id IN (SELECT product_id FROM dossiers_dossier"
        " WHERE id = ANY(%(dossiers)s))",
        "dossiers_dossier": "id = ANY(%(dossiers)s)",
        "dossiers_termevent": f"term_id IN ({terms})",
    }
    return dossiers, {table: where.get(table, "dossier_id = ANY(%(dossiers)s)") for table in TABLES}


def _by_hand(batch):
    """Seconds that the same rows take when each is one plain INSERT, in one transaction."""
    dossiers, where = _ids(batch)
    statements = []
    with psycopg.connect(**_login()) as db:
        for table, shifted in TABLES.items():
            fields = MODELS[table]._meta.concrete_fields
            columns = [field.column for field in fields if not field.generated]
            values = ", ".join(
                f"{name} + {FAR}" if name in shifted
                else "number || '-SQL'" if (table, name) == ("dossiers_certificatenumber", "number")
                else "'sql' || token" if name == "token"
                else f'"{name}"'
                for name in columns
            )  # fmt: skip
            kept = db.execute(
                f"SELECT {values} FROM {table} WHERE {where[table]} ORDER BY id",
                {"dossiers": dossiers},
            ).fetchall()
            kept = [tuple(Jsonb(v) if isinstance(v, dict) else v for v in row) for row in kept]
            names = ", ".join(f'"{name}"' for name in columns)
            marks = ", ".join(["%s"] * len(columns))
            statements.append((f"INSERT INTO {table} ({names}) VALUES ({marks})", kept))
        lines = db.execute(
            """SELECT stream, stream_id + %s, cycle_id, event, label, actor_id, role, org_unit_id,
                      before, after, reason, data, at FROM cycle_historyentry
               WHERE stream = 'dossier' AND stream_id = ANY(%s) AND event = %s ORDER BY id""",
            [FAR, dossiers, stock.ENTER],
        ).fetchall()
        lines = [tuple(Jsonb(v) if isinstance(v, dict) else v for v in row) for row in lines]
        statements.append(
            (
                """INSERT INTO cycle_historyentry (stream, stream_id, cycle_id, event, label,
                     actor_id, role, org_unit_id, before, after, reason, data, at)
                   VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
                lines,
            )
        )
        db.rollback()

        def write():
            with db.transaction(), db.cursor() as cursor:
                for statement, kept in statements:
                    cursor.executemany(statement, kept)

        _none, took = _timed(write)
    return took


MODELS = {
    model._meta.db_table: model
    for model in (
        Producer, Product, Dossier, Process, OfficialDocument, Certificate, CertificateNumber,
        Term, TermEvent,
    )
}  # fmt: skip


def _same_rows(batch):
    """Whether both sides left as many rows in every table."""
    dossiers, where = _ids(batch)
    far = [pk + FAR for pk in dossiers]
    with connection.cursor() as cursor:
        for table, condition in where.items():
            counted = []
            for ids in (dossiers, far):
                cursor.execute(f"SELECT count(*) FROM {table} WHERE {condition}", {"dossiers": ids})
                counted.append(cursor.fetchone()[0])
            if counted[0] != counted[1] or not counted[0]:
                return False
    ours, theirs = (
        HistoryEntry.objects.filter(stream="dossier", stream_id__in=ids, event=stock.ENTER).count()
        for ids in (dossiers, far)
    )
    return ours == theirs == len(dossiers)


def _killed(rows, kills, lan, unit):
    """Rows left half after any of so many kills, and those entered once nobody is killed."""
    batch, _took = _checked("K", rows, lan, unit)
    work.ask_commit(batch, by=lan, **_paper())
    chance, half = random.Random(7), 0
    for _kill in range(kills):
        connections.close_all()
        child = os.fork()
        if child == 0:
            try:
                run_waiting()
            finally:
                os._exit(0)
        time.sleep(chance.uniform(0.02, 0.4))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        made = StockRow.objects.filter(batch=batch, dossier__isnull=False).count()
        given = Certificate.everything.filter(numbers__number__endswith="/K-GCN").count()
        half += made != given or made not in (0, rows)
    until = time.monotonic() + 60
    while StockBatch.objects.get(pk=batch.pk).state != "committed" and time.monotonic() < until:
        run_waiting()
        time.sleep(0.05)
    return half, Certificate.objects.filter(number_in_force__endswith="/K-GCN").count()
