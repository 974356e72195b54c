"""What one act for many dossiers costs beside plain SQL of the same rows; each once, killed.

The floor takes, for each dossier, the locks and reads that the door cannot do without and one plain
statement for each row that the batch wrote, on the same tables with the same triggers, and commits
once a dossier, as the batch does. Each dossier of the batch is followed by one by hand, and the
median of these pairs counts, so that a busy machine burdens both alike. Two acts are measured: the
province's acceptance with its checklist, and the decision with a number for each; the decision is
killed too, and its numbers are given once.
"""

import gc
import os
import random
import signal
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from statistics import median
from time import perf_counter
from unittest import mock

import psycopg
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connections
from django.db.models import JSONField, Max
from psycopg.types.json import Jsonb

from bench.ground import end_the_province_of_the_reference_data, history_is_whole
from bench.transition_cost import _login
from cycle import files
from cycle.models import HistoryEntry, Level, OrgUnit, OutboxMessage, Role, RuleSet
from cycle.models.job import run_waiting
from dossiers.models import (
    ActBatch,
    ActBatchRow,
    Certificate,
    CertificateNumber,
    Dossier,
    Evidence,
    OfficialDocument,
    Review,
    State,
    Task,
    Term,
    TermEvent,
)
from dossiers.walk import batch
from tests import records
from tests.standing import stand
from tests.world import open_cycle, open_dossier, open_task, person

BOUND = (
    "tiếp nhận, công nhận nhiều hồ sơ một lượt ≤ 6 lần SQL thuần ghi cùng các dòng, mỗi hồ sơ một "
    "giao dịch; mỗi hồ sơ đúng một lần sau mỗi lần kill -9"
)
#: Dossiers, and how often the worker is killed.
SIZES = {"small": (20, 2), "full": (500, 20)}
#: Where the dossiers of both stand.
ACCEPTED, DECIDED = State.AT_PROVINCE, State.AWAITING_DECISION
CHECKED = ["Đủ tài liệu bắt buộc", "Mẫu sản phẩm đã nhận"]
#: Far above all ids of ours: where the plain rows begin.
FAR = 1_000_000_000
#: The rows that every act makes, and which columns name such rows.
BEHIND = {Task: {"id"}, Term: {"id", "task_id", "certificate_id"}, TermEvent: {"id", "term_id"}}


@dataclass(frozen=True)
class Step:
    """An act that is measured: its task, where it leads, the rows that it makes in the order of
    their keys, and which columns name such rows.
    """

    act: str
    node: str
    leads: State
    made: dict

    @property
    def event(self):
        return f"dossier.{self.act}"


ACCEPT = Step(
    "accept_at_province",
    "check_at_province",
    State.PROVINCE_EVALUATING,
    {Review: {"id"}, **BEHIND},
)
CERTIFY = Step(
    "certify",
    "decide",
    State.CERTIFIED,
    {
        Evidence: {"id"},
        OfficialDocument: {"id", "scan_id"},
        Certificate: {"id", "decision_id"},
        CertificateNumber: {"id", "certificate_id"},
        **BEHIND,
    },
)


def run(scale):
    """Milliseconds a dossier of both sides for each act, their ratios, and what came of so many
    kills.
    """
    many, kills = SIZES[scale]
    with tempfile.TemporaryDirectory(prefix="ocop-proof-") as folder:
        settings.MEDIA_ROOT = folder
        return _run(many, kills)


def _run(many, kills):
    world = _ground()
    few = max(many // 10, 3)
    for _step, state, ask, mark in _ACTS:  # warms up
        ask(_stood(world, few, f"W{mark}", state), world, f"W{mark}")
        run_waiting()
    figures, exact, ratios = {"size": many}, True, []
    for step, state, ask, mark in _ACTS:
        ours, theirs = (_stood(world, many, f"{mark}{side}", state) for side in "AB")
        before = {
            model: model._base_manager.filter(pk__lt=FAR).aggregate(last=Max("pk"))["last"] or 0
            for model in step.made
        }
        found = ask(ours, world, mark)
        took, floor = _side_by_side(step, ours, theirs, before, found)
        same = _same_rows(step, ours, theirs)
        done = found.rows.filter(dossier__in=ours, state="done").count()
        # Of each pair: a moment at which the machine was busy is one pair among many.
        ratios.append(median(mine / plain for mine, plain in zip(took, floor, strict=True)))
        exact &= same and done == many
        figures |= {
            f"{step.act}_ms": round(1000 * median(took), 2),
            f"{step.act}_floor_ms": round(1000 * median(floor), 2),
            f"{step.act}_of_raw_in_all": round(sum(took) / sum(floor), 2),
            f"{step.act}_of_raw": round(ratios[-1], 2),
            f"{step.act}_same_rows": same,
            f"{step.act}_done": done,
        }
    once, killed = _killed(_stood(world, max(many // 2, 20), "K", DECIDED), kills, world)
    figures |= {
        "of_raw": round(max(ratios), 2),
        "kills": killed,
        "each_once": once,
        "history_whole": history_is_whole(),
    }
    figures["exact"] = exact and once and figures["history_whole"] and killed == kills
    figures["fast"] = max(ratios) <= 6
    return figures


def _ground():
    end_the_province_of_the_reference_data()
    province = OrgUnit.objects.create(
        code="P", name="Tỉnh", level=Level.PROVINCE, valid_from=date(2020, 1, 1)
    )
    commune = OrgUnit.objects.create(
        code="X", name="Xã", level=Level.COMMUNE, parent=province, valid_from=date(2020, 1, 1)
    )
    an = person("an", "Lò Thị An", (Role.OFFICER, commune))
    minh = person("minh", "Nguyễn Hoàng Minh", (Role.OFFICER, province))
    son = person("son", "Trần Công Sơn", (Role.LEADER, province))
    cycle = open_cycle(RuleSet.objects.get(edition="qd26_2026"), 2026)
    return cycle, commune, an, minh, son


def _stood(world, many, mark, state):
    cycle, commune, an, *_province = world
    return [
        stand(
            open_dossier(cycle, commune, an, name=f"Sản phẩm {mark} {n}"),
            state,
        )
        for n in range(many)
    ]


def _decided(dossiers, world, mark):
    """One decision for all, with a number of its own for each."""
    content = f"%PDF-1.7 {mark}%%EOF\n".encode()
    staged = files.stage(ContentFile(content), f"{mark}.pdf", "application/pdf")
    paper = records.signed_paper(number=f"88{mark}/QĐ-UBND", scan=None)
    paper.scan = Evidence(kind="signed_paper", title="Bản chụp")
    paper.scan.hold(staged)
    numbers = [records.certificate(number=f"{n + 1}/{mark}-GCN") for n in range(len(dossiers))]
    return _asked("certify", dossiers, numbers, world[-1], paper)


def _asked(act, dossiers, kept, by, paper=None):
    rows = [
        ActBatchRow(
            dossier=dossier,
            task=open_task(dossier),
            stood=dossier.state,
            call=batch.kept_call({"record": [record], "reason": "", "paper": paper}),
        )
        for dossier, record in zip(dossiers, kept, strict=True)
    ]
    return batch.ask(ActBatch(act=act, by=by, **batch.kept_paper(paper)), rows)


def _accepted(dossiers, world, _mark):
    reviews = [Review(checked=CHECKED) for _dossier in dossiers]
    return _asked("accept_at_province", dossiers, reviews, world[-2])


#: What is measured: the act, where its dossiers stand, who asks for it, its mark.
_ACTS = ((ACCEPT, ACCEPTED, _accepted, "A"), (CERTIFY, DECIDED, _decided, "C"))


def _json(value):
    return Jsonb(value) if isinstance(value, dict) else value


def _rows(db, model, dossier, last):
    """What the batch wrote of a table for a dossier: the values of each row, by column."""
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    columns = [field.column for field in fields]
    json = {field.column for field in fields if isinstance(field, JSONField)}
    table, of = model._meta.db_table, "r.dossier_id"
    join = ""
    if model is TermEvent:
        of, join = "t.dossier_id", "JOIN dossiers_term t ON t.id = r.term_id"
    names = ", ".join(f'r."{name}"' for name in columns)
    kept = db.execute(
        f"SELECT {names} FROM {table} r {join} WHERE {of} = %s AND r.id > %s ORDER BY r.id",
        [dossier, last],
    ).fetchall()
    found = [dict(zip(columns, values, strict=True)) for values in kept]
    return [row | {name: Jsonb(row[name]) for name in json} for row in found]


def _side_by_side(step, ours, theirs, before, found):
    """Seconds that each dossier of the batch took, and the same rows of another dossier by hand,
    in turns, so that whatever else the machine does meanwhile meets both.
    """
    twin = dict(zip([each.pk for each in ours], [each.pk for each in theirs], strict=True))
    one_of_ours, took, floor = batch._do, [], []
    with psycopg.connect(**_login()) as db:

        def in_turns(row, of, job):
            started = perf_counter()
            one_of_ours(row, of, job)
            took.append(perf_counter() - started)
            dossier = of.rows.get(pk=row).dossier_id
            plain = _plain(db, step, dossier, twin[dossier], before)
            started = perf_counter()
            _one(step, db, row, of, of.by, *plain)
            floor.append(perf_counter() - started)

        gc.collect()
        with mock.patch.object(batch, "_do", in_turns):
            run_waiting()
    return took, floor


def _plain(db, step, dossier, other, before):
    """What is written by hand for the ``other``: the rows that the act left at ``dossier``."""
    (entry,) = db.execute(
        """SELECT cycle_id, event, label, actor_id, role, org_unit_id, before,
             after, reason, data, at FROM cycle_historyentry
           WHERE stream = 'dossier' AND event = %s AND stream_id = %s""",
        [step.event, dossier],
    ).fetchall()
    found = {model: _rows(db, model, dossier, last) for model, last in before.items()}
    was = {
        pk: (
            *db.execute(
                "SELECT id, process_id FROM dossiers_task"
                " WHERE dossier_id = %s AND node = %s ORDER BY id DESC LIMIT 1",
                [pk, step.node],
            ).fetchone(),
            [
                row[0]
                for row in db.execute(
                    "SELECT id FROM dossiers_term WHERE dossier_id = %s AND id <= %s ORDER BY id",
                    [pk, before[Term]],
                )
            ],
        )
        for pk in (dossier, other)
    }
    changed = dict(zip(was[dossier][2], was[other][2], strict=True))
    inserts = []
    for model, shifted in step.made.items():
        for values in found[model]:
            for name in shifted:
                value = values.get(name)
                if value is not None:
                    kept = changed.get(value) if name == "term_id" else None
                    values[name] = kept or value + FAR
            if "dossier_id" in values:
                values["dossier_id"] = other
            if model is Task:
                values["process_id"] = was[other][1]
            if model is Certificate:
                # An address and a number are given once.
                values["token"] += "-B"
            if model is CertificateNumber:
                values["number"] += "-B"
            names = ", ".join(f'"{name}"' for name in values)
            marks = ", ".join(["%s"] * len(values))
            inserts.append(
                (
                    f"INSERT INTO {model._meta.db_table} ({names}) VALUES ({marks})",
                    list(values.values()),
                )
            )
    db.rollback()
    return other, *was[other], entry, inserts


def _one(step, db, row, made, by, dossier, task, process, terms, entry, inserts):
    """One dossier by hand: the locks and reads that it needs, and a statement for each row."""
    with db.transaction():
        db.execute("SELECT state, call FROM dossiers_actbatchrow WHERE id = %s FOR UPDATE", [row])
        db.execute("SELECT id FROM dossiers_process WHERE id = %s FOR UPDATE", [process])
        db.execute("SELECT status, owner_id, role FROM dossiers_task WHERE id = %s", [task])
        db.execute(
            """SELECT role, org_unit_id FROM cycle_roleassignment
               WHERE user_id = %s AND valid_to IS NULL""",
            [by.pk],
        )
        db.execute("SELECT state FROM dossiers_dossier WHERE id = %s FOR UPDATE", [dossier])
        db.execute(
            "SELECT id FROM dossiers_term WHERE dossier_id = %s AND state <> 'stopped' FOR UPDATE",
            [dossier],
        )
        at = entry[-1]
        db.execute(
            "UPDATE dossiers_dossier SET state = %s, moved_at = %s WHERE id = %s",
            [step.leads, at, dossier],
        )
        (key,) = db.execute(
            """INSERT INTO cycle_historyentry (stream, stream_id, cycle_id, event, label, actor_id,
                 role, org_unit_id, before, after, reason, data, at)
               VALUES ('dossier', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id""",
            [dossier, *map(_json, entry)],
        ).fetchone()
        db.execute("INSERT INTO cycle_outboxmessage (entry_id) VALUES (%s)", [key])
        db.execute(
            """UPDATE dossiers_task SET status = 'DONE', owner_id = %s, finished = %s,
                 closed_at = %s, closed_by_id = %s, outcome = %s WHERE id = %s""",
            [by.pk, at, at, by.pk, step.act, task],
        )
        db.execute(
            """UPDATE dossiers_term SET state = 'stopped', stopped_at = %s, paused_at = NULL,
                 next_at = NULL WHERE id = ANY(%s) AND task_id = %s""",
            [at, terms, task],
        )
        for statement, values in inserts:
            db.execute(statement, values)
        db.execute(
            "INSERT INTO dossiers_task_previous (from_task_id, to_task_id) SELECT %s, id"
            " FROM dossiers_task WHERE dossier_id = %s AND id > %s",
            [task, dossier, FAR],
        )
        # The row of the batch is done for good: the floor marks one of its own.
        db.execute(
            """INSERT INTO dossiers_actbatchrow
                 (batch_id, dossier_id, task_id, stood, call, state, why, at)
               VALUES (%s, %s, %s, %s, '{}', 'done', '{}', %s)""",
            [made.pk, dossier, task, entry[6], at],
        )
        db.execute(
            "UPDATE cycle_job SET done = done + 1, attempts = 0 WHERE id = %s", [made.job_id]
        )


def _same_rows(step, ours, theirs):
    """Whether both sides left as many rows in every table."""
    for model in step.made:
        of = "term__dossier__in" if model is TermEvent else "dossier__in"
        mine, others = (model._base_manager.filter(**{of: side}).count() for side in (ours, theirs))
        if mine != others or not mine:
            return False
    told = [
        HistoryEntry.objects.filter(
            stream="dossier",
            event=step.event,
            stream_id__in=[each.pk for each in side],
        )
        for side in (ours, theirs)
    ]
    outbox = [OutboxMessage.objects.filter(entry__in=side).count() for side in told]
    states = [
        Dossier.objects.filter(pk__in=[each.pk for each in side], state=step.leads).count()
        for side in (ours, theirs)
    ]
    return outbox[0] == outbox[1] == states[0] == states[1] == len(ours)


def _killed(dossiers, kills, world):
    """Whether each was done once after so many kills of the worker, and how many it was."""
    found = _decided(dossiers, world, "K")
    chance, killed = random.Random(7), 0
    for _kill in range(kills):
        # Not before it has done something, and before it has done all.
        done, share = found.counts()["done"], len(dossiers) // (kills + 1)
        connections.close_all()
        child = os.fork()
        if child == 0:
            try:
                run_waiting()
            finally:
                os._exit(0)
        until = time.monotonic() + 60
        while found.counts()["done"] < done + min(1, share) and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.02))
        os.kill(child, signal.SIGKILL)
        _pid, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
    until = time.monotonic() + 120
    while found.counts()["waiting"] and time.monotonic() < until:
        run_waiting()
        time.sleep(0.05)
    given = Certificate.objects.filter(number_in_force__endswith="/K-GCN").count()
    told = HistoryEntry.objects.filter(
        stream="dossier", event="dossier.certify", data__together=found.pk
    )
    once = given == told.count() == told.values("stream_id").distinct().count() == len(dossiers)
    return once and found.counts()["done"] == len(dossiers), killed
