"""What one transition through the door costs, beside the same statements in psycopg without an ORM.

The transition is a commune officer's screening of an idea with a review: two locks, the reads the
door cannot do without, one record, history, outbox, the task closed and the next one opened. The
floor takes one statement for each of them, asks for the columns it uses and no more, and works on
the same tables with the same triggers, in one transaction. Both sides take turns, dossier by
dossier, and each ends with a commit.
"""

import gc
from datetime import date, datetime, time, timedelta
from statistics import median
from time import perf_counter

import psycopg
from django.db import connection, connections
from django.utils import timezone
from psycopg.types.json import Jsonb

from bench.ground import end_the_province_of_the_reference_data
from cycle.models import HistoryEntry, Level, OrgUnit, Role, RuleSet, User, end_of
from cycle.workdays import Calendar
from dossiers.models import Dossier, Review
from dossiers.walk import doors
from tests import records
from tests.world import events, open_cycle, open_dossier, open_task, person

BOUND = "trung vị một lần chuyển trạng thái qua cửa ≤ 6 lần SQL thuần"
SIZES = {"small": 8, "full": 500}
WARM_UP = 10
CHECKED = ["Đủ thông tin chủ thể", "Nguyên liệu tại địa phương"]
EIGHT = time(8)
REMARKS = "Ý tưởng rõ, nguyên liệu tại xã"


def run(scale):
    """Medians in milliseconds of both sides, their ratio, and whether both left the same rows."""
    pairs = SIZES[scale]
    dossiers, an = _world(2 * (pairs + WARM_UP))
    an_id, cost = an.pk, {"door": [], "floor": []}
    with psycopg.connect(**_login()) as floor:
        for number, dossier in enumerate(dossiers):
            side = "door" if number % 2 else "floor"
            task = open_task(dossier)
            # As in a request: a person just read, whose roles nobody has asked for yet.
            by = User.objects.get(pk=an_id)
            gc.disable()
            started = perf_counter()
            if side == "door":
                doors.complete(
                    task, "screen_idea", by=by, record=Review(checked=CHECKED, remarks=REMARKS)
                )
            else:
                screen_by_hand(floor, task.pk, task.process_id, by.pk)
            cost[side].append(perf_counter() - started)
            gc.enable()
    door, floor_ms = (1000 * median(cost[side][WARM_UP:]) for side in ("door", "floor"))
    rows = {_left_behind(dossier) for dossier in dossiers}
    ratio = door / floor_ms
    return {
        "size": pairs,
        "door_ms": round(door, 2),
        "floor_ms": round(floor_ms, 2),
        "ratio": round(ratio, 2),
        "same_rows": len(rows) == 1,
        "exact": len(rows) == 1,
        "fast": ratio <= 6,
    }


def _login(alias="default"):
    settings = connections[alias].settings_dict
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host"}
    return {ours: settings[theirs] for theirs, ours in names.items() if settings[theirs]} | (
        {"port": settings["PORT"]} if settings["PORT"] else {}
    )


def _world(number):
    """``number`` dossiers of one commune, each with its idea waiting to be screened."""
    end_the_province_of_the_reference_data()
    province = OrgUnit.objects.create(
        code="P", name="Tỉnh", level=Level.PROVINCE, valid_from=date(2020, 1, 1)
    )
    commune = OrgUnit.objects.create(
        code="X", name="Xã", level=Level.COMMUNE, parent=province, valid_from=date(2020, 1, 1)
    )
    an = person("an", "Lò Thị An", (Role.OFFICER, commune))
    cycle = open_cycle(RuleSet.objects.get(edition="qd26_2026"), 2026)
    dossiers = []
    for serial in range(number):
        dossier = open_dossier(cycle, commune, an, name=f"Mật ong {serial:05}")
        doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
        dossiers.append(dossier)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE dossiers_task, dossiers_dossier, dossiers_process")
    return dossiers, an


TERM_EVENT = """INSERT INTO dossiers_termevent
  (term_id, kind, at, by_id, reason, document, due_on, "left")
  VALUES (%s, %s, %s, %s, '', '', %s, %s)"""


def _rungs(due_on, at, calendar):
    """The reminders and escalations of a task's term, with their moments."""
    ladder = [
        (
            days,
            "officer",
            timezone.make_aware(datetime.combine(calendar.shift(due_on, days), EIGHT)),
        )
        for days in (-3, -1)
    ]
    ladder.append((0, "officer", end_of(due_on)))
    ladder += [
        (days, to, timezone.make_aware(datetime.combine(calendar.shift(due_on, days), EIGHT)))
        for days, to in ((1, "leader"), (3, "next_level"), (5, "board"))
    ]
    kept = [(f"{days}:{to}", moment) for days, to, moment in ladder if moment > at]
    return [rung for rung, _moment in kept], [moment for _rung, moment in kept]


def screen_by_hand(db, task_id, process_id, user_id):
    """The same screening, one plain statement per lock, read and row."""
    with db.transaction():
        db.execute("SELECT 1 FROM dossiers_process WHERE id = %s FOR UPDATE", [process_id])
        flow_task, token, role, unit, node, owner, status, dossier_id = db.execute(
            """SELECT flow_task, token, role, org_unit_id, node, owner_id, status, dossier_id
               FROM dossiers_task WHERE id = %s""",
            [task_id],
        ).fetchone()
        assert status in ("NEW", "ASSIGNED", "STARTED")
        assert owner in (None, user_id)
        (now,) = db.execute("SELECT clock_timestamp()").fetchone()
        held = db.execute(
            """SELECT role, org_unit_id FROM cycle_roleassignment
               WHERE user_id = %s AND valid_from <= %s AND (valid_to IS NULL OR valid_to >= %s)""",
            [user_id, timezone.localdate(now), timezone.localdate(now)],
        ).fetchall()
        assert (role, unit) in held
        state, moved_at, cycle_id, rule_set_id, label, units, levels = db.execute(
            """SELECT d.state, d.moved_at, d.cycle_id, d.rule_set_id, p.name,
                      ARRAY[c.id, u.id, t.id], ARRAY[c.level, u.level, t.level]
               FROM dossiers_dossier d JOIN dossiers_product p ON p.id = d.product_id
               JOIN cycle_orgunit c ON c.id = d.commune_id
               LEFT JOIN cycle_orgunit u ON u.id = c.parent_id
               LEFT JOIN cycle_orgunit t ON t.id = u.parent_id
               WHERE d.id = %s FOR UPDATE OF d""",
            [dossier_id],
        ).fetchone()
        assert state == "idea_registered"
        at = max(now, moved_at)
        terms = db.execute(
            """SELECT t.id, t.task_id, t.due_on, t.base_amount, r.stops_on
               FROM dossiers_term t LEFT JOIN cycle_termrule r ON r.id = t.rule_id
               WHERE t.dossier_id = %s AND t.state <> 'stopped' ORDER BY t.id FOR UPDATE OF t""",
            [dossier_id],
        ).fetchall()
        (review_id,) = db.execute(
            """INSERT INTO dossiers_review (dossier_id, recorded_by_id, at, checked, remarks,
                 unticked) VALUES (%s, %s, %s, %s, %s, '[]') RETURNING id""",
            [dossier_id, user_id, at, Jsonb(CHECKED), REMARKS],
        ).fetchone()
        db.execute(
            "UPDATE dossiers_dossier SET state = 'idea_screened', moved_at = %s WHERE id = %s",
            [at, dossier_id],
        )
        data = {"task": task_id, "node": node, "records": [["review", review_id]]}
        (entry_id,) = db.execute(
            """INSERT INTO cycle_historyentry (stream, stream_id, cycle_id, event, label, actor_id,
                 role, org_unit_id, before, after, reason, data, at)
               VALUES ('dossier', %s, %s, 'dossier.screen_idea', %s, %s, %s, %s, %s,
                 'idea_screened', '', %s, %s) RETURNING id""",
            [dossier_id, cycle_id, label, user_id, role, unit, state, Jsonb(data), at],
        ).fetchone()
        db.execute("INSERT INTO cycle_outboxmessage (entry_id) VALUES (%s)", [entry_id])
        db.execute(
            """UPDATE dossiers_task SET status = 'DONE', owner_id = %s, finished = %s,
                 closed_at = %s, closed_by_id = %s, outcome = 'screen_idea' WHERE id = %s""",
            [user_id, at, at, user_id, task_id],
        )
        for term_id, of_task, term_due_on, left, _stops_on in terms:
            assert of_task == task_id
            db.execute(
                """UPDATE dossiers_term SET state = 'stopped', stopped_at = %s, paused_at = NULL,
                     next_at = NULL WHERE id = %s""",
                [at, term_id],
            )
            db.execute(TERM_EVENT, [term_id, "stop", at, user_id, term_due_on, left])
        rules = db.execute(
            """SELECT code FROM cycle_termrule WHERE cycle_id = %s AND rule_set_id = %s
               AND starts_on @> ARRAY['dossier.screen_idea']::varchar[]""",
            [cycle_id, rule_set_id],
        ).fetchall()
        assert not rules
        level, role, working_days, routed = db.execute(
            """SELECT level, role, working_days, (SELECT org_unit_id FROM dossiers_route
                 WHERE dossier_id = %s AND node = 'select_idea')
               FROM cycle_duty WHERE cycle_id = %s AND rule_set_id = %s AND node = 'select_idea'""",
            [dossier_id, cycle_id, rule_set_id],
        ).fetchone()
        first = timezone.localdate(at)
        days = db.execute(
            "SELECT day, worked, name, document FROM cycle_dayoff WHERE day BETWEEN %s AND %s",
            [first - timedelta(days=31), first + timedelta(days=working_days * 2 + 61)],
        ).fetchall()
        calendar = Calendar(
            frozenset(day for day, worked, _name, _document in days if not worked),
            frozenset(day for day, worked, _name, _document in days if worked),
        )
        due_on = calendar.add(first, working_days)
        (next_id,) = db.execute(
            """INSERT INTO dossiers_task (flow_task, flow_task_type, token, process_id, data,
                 status, created, dossier_id, node, state, role, org_unit_id, opened_at, due_on,
                 due_at, waiting_reason, outcome, paused)
               VALUES (%s, 'HUMAN', %s, %s, '{}', 'NEW', %s, %s, 'select_idea', 'idea_screened',
                 %s, %s, %s, %s, %s, '', '', FALSE) RETURNING id""",
            [
                flow_task.replace("screen_idea", "select_idea"),
                token,
                process_id,
                now,
                dossier_id,
                role,
                routed or units[levels.index(level)],
                at,
                due_on,
                end_of(due_on),
            ],
        ).fetchone()
        unit_id = routed or units[levels.index(level)]
        rungs, moments = _rungs(due_on, at, calendar)
        (term_id,) = db.execute(
            """INSERT INTO dossiers_term (code, title, legal, cycle_id, dossier_id, task_id, role,
                 org_unit_id, started_at, unit, amount, base_on, base_amount, extended,
                 extension_limit, original_due_on, due_on, due_at, state, rungs, rung_at, next_at)
               VALUES ('task', 'select_idea', FALSE, %s, %s, %s, %s, %s, %s, 'wd', %s, %s, %s, 0,
                 %s, %s, %s, %s, 'running', %s, %s, %s) RETURNING id""",
            [
                cycle_id,
                dossier_id,
                next_id,
                role,
                unit_id,
                at,
                working_days,
                first,
                working_days,
                working_days,
                due_on,
                due_on,
                end_of(due_on),
                rungs,
                moments,
                moments[0],
            ],
        ).fetchone()
        db.execute(TERM_EVENT, [term_id, "start", at, None, due_on, working_days])
        db.execute(
            "INSERT INTO dossiers_task_previous (from_task_id, to_task_id) VALUES (%s, %s)",
            [next_id, task_id],
        )


def _left_behind(dossier):
    """All that a screening leaves, without ids and times: the same for both sides."""
    done = dossier.tasks.get(status="DONE", node="screen_idea")
    following = open_task(dossier)
    entry = HistoryEntry.objects.filter(stream="dossier", stream_id=dossier.pk).last()
    review = dossier.reviews.get()
    return (
        Dossier.objects.get(pk=dossier.pk).state,
        (done.closed_by_id, done.owner_id, done.outcome, done.finished == done.closed_at),
        (following.node, following.state, following.role, following.org_unit_id, following.due_on),
        (following.due_at == end_of(following.due_on), list(following.previous.all()) == [done]),
        (done.term.state, done.term.stopped_at == done.closed_at, following.term.state),
        (tuple(following.term.rungs), following.term.next_at == following.term.rung_at[0]),
        tuple(following.term.events.values_list("kind", "by", "left", "due_on")),
        tuple(done.term.events.values_list("kind", "by", "left", "due_on")),
        (following.flow_task, following.flow_task_type, str(following.token)),
        (tuple(review.checked), review.remarks, review.recorded_by_id),
        (entry.before, entry.after, entry.role, entry.org_unit_id, entry.cycle_id, entry.actor_id),
        (tuple(sorted(entry.data)), entry.data["records"] == [["review", review.pk]]),
        (entry.data["task"] == done.pk, entry.outbox.dispatched_at, len(entry.hash)),
        (entry.at == done.closed_at == following.opened_at == review.at, tuple(events(dossier))),
    )
