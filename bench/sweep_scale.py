"""The sweep beside raw SQL that writes the same rows, viewflow's timers, and a ``SELECT 1``."""

from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter

import psycopg
from django.apps import apps
from django.conf import settings
from django.db import connection
from viewflow import this
from viewflow.workflow import flow
from viewflow.workflow.models import Process
from viewflow.workflow.timers import fire_due_timers

from bench.ground import Ground, history_is_whole, told
from bench.transition_cost import _login
from cycle.models import HistoryEntry
from dossiers.models import Dossier, Term
from dossiers.terms.sweep import sweep
from dossiers.walk.engine import LOCK

BOUND = (
    "≥ 0,5 tốc độ SQL thuần ghi cùng các dòng; ≥ 100 lần bộ hẹn giờ của viewflow; "
    "lượt quét không có việc ≤ 10 lần SELECT 1"
)
#: Open terms; how many of them are due at once; viewflow's timers.
SIZES = {"small": (4_000, 2_000, 20), "full": (1_000_000, 100_000, 1_000)}
ROUNDS = 4
BATCH = 5_000
FAR = datetime(2030, 1, 1, tzinfo=UTC)


class Reminder(flow.Flow):
    """As viewflow would remind: a node that waits in the stock table."""

    process_class = Process
    start = flow.StartHandle().Next(this.wait)
    wait = flow.Timer(timedelta()).Next(this.end)
    end = flow.End()


def remember(activation):
    """What every rung leaves: a line of history and a row of the outbox."""
    dossier = Dossier.objects.get(pk=activation.process.data["dossier"])
    HistoryEntry.objects.record("term.overdue", dossier, rung="0:officer")


class RecordedReminder(flow.Flow):
    """The same, leaving what our rungs leave, and locked, so that two beats fire it once."""

    process_class = Process
    lock_impl = LOCK
    start = flow.StartHandle(this.of_dossier).Next(this.wait)
    wait = flow.Timer(timedelta()).Next(this.record)
    record = flow.Function(remember).Next(this.end)
    end = flow.End()

    def of_dossier(self, activation, dossier=None):
        """Which one the reminder is about."""
        activation.process.data = {"dossier": dossier}
        return activation.process


def run(scale):
    """Terms a second of the three, and the medians of an idle sweep and of ``SELECT 1``."""
    terms, due, timers = SIZES[scale]
    dossiers, ground = terms // 20, Ground()
    first = ground.dossiers(dossiers)
    # Two rounds of each side, in turn; each round's terms fall due a minute after the last's.
    moments = [datetime(2026, 1, 5, 1, turn, tzinfo=UTC) for turn in range(ROUNDS)]
    share = {"among": dossiers, "dossiers": first, "step": timedelta(), "rungs": ["0:officer"]}
    for moment in moments:
        ground.terms(due * 2 // ROUNDS, start=moment, **share)
    ground.terms(terms - due, start=FAR, **share)
    Term.objects.filter(code="task").update(next_at=None)
    seconds = {"sweep": 0.0, "raw": 0.0, "viewflow": 0.0, "viewflow_recording": 0.0}
    with psycopg.connect(**_login()) as raw:
        # In turn, so that what else this machine does falls on all of them.
        for turn, moment in enumerate(moments):
            side = "raw" if turn % 2 else "sweep"
            started = perf_counter()
            done = by_hand(raw, moment) if side == "raw" else sweep(moment)["firings"]
            seconds[side] += perf_counter() - started
            assert done == due * 2 // ROUNDS, (side, done)
            seconds["viewflow"] += _viewflow(Reminder, timers // ROUNDS)
            seconds["viewflow_recording"] += _viewflow(
                RecordedReminder, timers // ROUNDS, dossier=first
            )
    idle, select = _idle()
    speed = {
        side: (timers if side.startswith("viewflow") else due) / taken
        for side, taken in seconds.items()
    }
    counts, rows = told(), 2 * due
    # viewflow's reminders are no firings; their lines of history are not ours.
    for kept in ("history", "outbox"):
        counts[kept] -= timers // ROUNDS * ROUNDS
    figures = {
        "size": terms,
        "due": due,
        "sweep_per_second": round(speed["sweep"]),
        "raw_per_second": round(speed["raw"]),
        "viewflow_per_second": round(speed["viewflow"], 1),
        "viewflow_recording_per_second": round(speed["viewflow_recording"], 1),
        "of_raw": round(speed["sweep"] / speed["raw"], 2),
        "of_viewflow": round(speed["sweep"] / speed["viewflow"]),
        "of_viewflow_recording": round(speed["sweep"] / speed["viewflow_recording"]),
        "idle_ms": round(1000 * idle, 3),
        "select_1_ms": round(1000 * select, 3),
        "idle_of_select_1": round(idle / select, 1),
        "same_rows": counts["firings"] == counts["history"] == counts["outbox"] == rows,
        "history_whole": history_is_whole(),
    }
    figures["exact"] = figures["same_rows"] and figures["history_whole"]
    figures["fast"] = (
        figures["of_raw"] >= 0.5
        and figures["of_viewflow"] >= 100
        and figures["idle_of_select_1"] <= 10
    )
    return figures


def by_hand(db, now):
    """Claim, firing, chained history and outbox, one plain statement for each; returns how many."""
    done = 0
    while True:
        with db.transaction():
            # As the sweep does it: the index, not a sorted bitmap for each batch.
            db.execute("SET LOCAL enable_bitmapscan = off")
            ids = [
                row[0]
                for row in db.execute(
                    """UPDATE dossiers_term SET next_at = NULL WHERE id IN (
                         SELECT id FROM dossiers_term WHERE state = 'running' AND next_at <= %s
                         ORDER BY next_at LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id""",
                    [now, BATCH],
                )
            ]
            db.execute(
                """INSERT INTO dossiers_firing (term_id, rung, due_on, at, fired_at)
                   SELECT id, rungs[1], due_on, rung_at[1], %s
                   FROM dossiers_term WHERE id = ANY(%s)""",
                [now, ids],
            )
            entries = db.execute(
                """INSERT INTO cycle_historyentry (stream, stream_id, cycle_id, event, label, role,
                     before, after, reason, data, at)
                   SELECT 'dossier', dossier_id, cycle_id, 'term.overdue', title, '', '', '', '',
                     jsonb_build_object('term', id, 'rung', rungs[1], 'task', task_id, 'code', code,
                       'due_on', due_on, 'role', role, 'org_unit', org_unit_id), rung_at[1]
                   FROM dossiers_term WHERE id = ANY(%s) ORDER BY dossier_id RETURNING id""",
                [ids],
            ).fetchall()
            db.execute(
                "INSERT INTO cycle_outboxmessage (entry_id) SELECT unnest(%s::bigint[])",
                [[entry for (entry,) in entries]],
            )
        done += len(ids)
        if len(ids) < BATCH:
            return done


def _idle():
    """Medians in seconds of a sweep that finds nothing and of ``SELECT 1``, taken in turn."""
    idle, select = [], []
    for _ in range(300):
        started = perf_counter()
        sweep()
        idle.append(perf_counter() - started)
        started = perf_counter()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
        select.append(perf_counter() - started)
    return median(idle), median(select)


def _viewflow(reminder, timers, **of):
    """Seconds that viewflow's own sweep takes for so many of its timers."""
    # Nodes are stored under the name of an application.
    apps.set_installed_apps([*settings.INSTALLED_APPS, "bench"])
    try:
        for _ in range(timers):
            reminder.start.run(**of)
        started = perf_counter()
        fired = fire_due_timers()
        taken = perf_counter() - started
    finally:
        apps.unset_installed_apps()
    assert fired == timers, fired
    return taken
