"""What closing a large round costs, beside raw SQL that writes the same rows, and how it grows."""

import gc
import random
from statistics import median
from time import perf_counter

import psycopg
from django.db import connection, transaction
from psycopg.types.json import Jsonb

from bench.chamber import Chamber, counted, filled, judges_of, options_of, write
from bench.ground import history_is_whole
from bench.transition_cost import _login
from councils.judging import closing
from councils.models import Closing, Consequence, EvaluationRound, Result, RoundEntry
from cycle.models import HistoryEntry, Job, OutboxMessage, Rubric, User

BOUND = (
    "chốt ≤ 3 lần SQL thuần ghi cùng các dòng; 500 sản phẩm ≤ 13 lần 50 sản phẩm "
    "(11 người chấm, 26 tiêu chí); kể cả COMMIT ≤ 20 giây"
)
#: Products of a small and of a large round; how often each side closes the large one.
SIZES = {"small": (5, 20, 1), "full": (50, 500, 2)}
JUDGES = 11
#: The product set with 26 criteria.
NUMBER = 23
#: A closing answers within a page: statements, and the checks that wait for COMMIT.
LIMIT = 20_000
#: A tenth as many products may take this many times less than a tenth of the time.
SLACK = 1.3


def run(scale):
    """Medians in milliseconds of both sides and both sizes, and whether the rows are the same."""
    few, many, times = SIZES[scale]
    chamber, chance = Chamber(), random.Random(3)
    council = chamber.council(JUDGES)
    rubric = Rubric.objects.current().get(rule_set=chamber.cycle.rule_set, number=NUMBER)
    options, judges = options_of(rubric), judges_of(council)
    assert len(options) == 26
    sheets = [[_sheet(chance, options) for _ in judges] for _ in range(many)]
    cost = {"close": [], "raw": [], "close_few": []}
    last = _round(chamber, council, rubric, judges, sheets)
    plain, ours, little = (
        [
            _round(chamber, council, rubric, judges, of)
            for of in [sheets[:few]] * warm + [of] * times
        ]
        for warm, of in ((1, sheets), (0, sheets), (1, sheets[:few]))
    )
    # As the owner: the application makes no temporary tables.
    with psycopg.connect(**_login("owner")) as db:
        # A small round of each side warms up; then the sides take turns.
        by_hand(db, plain.pop(0).pk, chamber.thu.pk)
        _close(little.pop(0).pk, chamber.thu.pk)
        for our, their, small in zip(ours, plain, little, strict=True):
            cost["close"].append(_timed(_close, our.pk, chamber.thu.pk))
            cost["raw"].append(_timed(by_hand, db, their.pk, chamber.thu.pk))
            cost["close_few"].append(_timed(_close, small.pk, chamber.thu.pk))
    close, raw, close_few = (1000 * median(taken) for taken in cost.values())
    slowest, commit = _within(last.pk, chamber.thu.pk)
    left = [_left_behind(round_) for round_ in [*ours, *plain, last]]
    figures = {
        "size": many,
        "few": few,
        "sheets": many * JUDGES,
        "scores": sum(len(sheet) for of in sheets for sheet in of),
        "close_ms": round(close),
        "raw_ms": round(raw),
        "of_raw": round(close / raw, 2),
        "slowest_statement_ms": round(1000 * slowest),
        "commit_ms": round(1000 * commit),
        "close_few_ms": round(close_few),
        "growth": round(close / close_few, 2),
        "growth_bound": round(many / few * SLACK, 2),
        "same_rows": all(each == left[0] for each in left),
        "history_whole": history_is_whole(),
    }
    figures["exact"] = figures["same_rows"] and figures["history_whole"]
    figures["fast"] = (
        figures["of_raw"] <= 3
        and figures["close_ms"] + figures["commit_ms"] <= LIMIT
        and figures["growth"] <= figures["growth_bound"]
    )
    return figures


def _sheet(chance, options):
    """Mostly good points, so that some products miss a minimum and most do not."""
    best = {
        criterion.pk: choices[-1] for criterion, choices in options.items() if chance.random() < 0.7
    }
    return filled(chance, options, best)


def _round(chamber, council, rubric, judges, sheets):
    (round_,) = chamber.rounds(council, rubric, 1, len(sheets))
    write(
        (entry, judge, 1, choices, True)
        for entry, of in zip(round_.entries.all(), sheets, strict=True)
        for judge, choices in zip(judges, of, strict=True)
    )
    counted([round_])
    return round_


def _timed(work, *arguments):
    gc.collect()
    started = perf_counter()
    work(*arguments)
    return perf_counter() - started


def _close(pk, by):
    closing.close(EvaluationRound.objects.get(pk=pk), by=User.objects.get(pk=by))


def _within(pk, by):
    """Seconds of the slowest statement of a closing, and of its COMMIT with what it checks."""
    taken = []

    def timed(execute, sql, params, many, context):
        started = perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            taken.append(perf_counter() - started)

    with connection.execute_wrapper(timed), transaction.atomic():
        _close(pk, by)
        committing = perf_counter()
    return max(taken), perf_counter() - committing


# --- The same by hand -------------------------------------------------------------------------

_RANKED = """
CREATE TEMPORARY TABLE ranked ON COMMIT DROP AS
WITH sheet AS (
  SELECT s.entry_id, s.id, sum(k.points) AS total
  FROM councils_scoresheet s
  JOIN councils_roundentry e ON e.id = s.entry_id AND e.scoring = s.scoring
  JOIN councils_score k ON k.sheet_id = s.id
  WHERE e.round_id = %(round)s AND e.live AND s.state = 'submitted' AND s.member_id IS NOT NULL
  GROUP BY s.id),
product AS (
  SELECT entry_id, count(*) AS sheets, sum(total) AS points_sum FROM sheet GROUP BY entry_id),
mark AS (
  SELECT o.criterion_id, o."case", o.minimum_for AS stars, min(o.points) AS floor
  FROM cycle_option o JOIN cycle_criterion c ON c.id = o.criterion_id
  WHERE o.minimum_for IS NOT NULL
    AND c.rubric_id IN (SELECT rubric_id FROM councils_roundentry WHERE round_id = %(round)s)
  GROUP BY 1, 2, 3),
unmet AS (
  SELECT s.entry_id, k.criterion_id, m.stars
  FROM councils_roundentry e
  JOIN councils_scoresheet s ON s.entry_id = e.id AND s.scoring = e.scoring
    AND s.state = 'submitted' AND s.member_id IS NOT NULL
  JOIN councils_score k ON k.sheet_id = s.id
  JOIN cycle_option o ON o.id = k.option_id
  JOIN mark m ON m.criterion_id = k.criterion_id AND m."case" = o."case"
  JOIN product p ON p.entry_id = e.id
  WHERE e.round_id = %(round)s AND e.live
  GROUP BY 1, 2, 3, p.sheets
  HAVING 2 * count(*) FILTER (WHERE k.points < m.floor) >= p.sheets)
SELECT e.id AS entry_id, e.dossier_id, e.scoring, p.sheets, p.points_sum, b.stars AS band,
  least(b.stars, min(u.stars) - 1) AS stars,
  COALESCE(jsonb_agg(jsonb_build_array(u.criterion_id, u.stars)) FILTER (WHERE u.stars IS NOT NULL),
           '[]') AS missed
FROM councils_roundentry e
JOIN product p ON p.entry_id = e.id
JOIN LATERAL (SELECT max(stars) AS stars FROM (VALUES (0, 1), (30, 2), (50, 3), (70, 4), (90, 5))
              AS band (floor, stars) WHERE p.points_sum >= floor * p.sheets) b ON TRUE
LEFT JOIN unmet u ON u.entry_id = e.id AND u.stars <= b.stars
GROUP BY e.id, p.sheets, p.points_sum, b.stars
"""


def by_hand(db, round_id, by):
    """A closing without a checklist: one plain statement for each kind of row."""
    with db.transaction():
        (name, cycle) = db.execute(
            "SELECT name, cycle_id FROM councils_evaluationround WHERE id = %s FOR UPDATE",
            [round_id],
        ).fetchone()
        db.execute(_RANKED, {"round": round_id})
        (moment, data) = db.execute(
            """SELECT now(), jsonb_build_object('version', 1, 'dossiers', jsonb_agg(dossier_id),
                 'results', jsonb_agg(jsonb_build_array(
                   dossier_id, points_sum::text, sheets, stars))) FROM ranked"""
        ).fetchone()
        (unit,) = db.execute(
            "SELECT org_unit_id FROM cycle_roleassignment WHERE user_id = %s", [by]
        ).fetchone()
        (entry,) = db.execute(
            """INSERT INTO cycle_historyentry (stream, stream_id, cycle_id, event, label, actor_id,
                 role, org_unit_id, before, after, reason, data, at)
               VALUES ('round', %s, %s, 'round.close', %s, %s, 'council_office', %s, '', '', '',
                 %s, %s) RETURNING id""",
            [round_id, cycle, name, by, unit, Jsonb(data), moment],
        ).fetchone()
        db.execute("INSERT INTO cycle_outboxmessage (entry_id) VALUES (%s)", [entry])
        (made,) = db.execute(
            """INSERT INTO councils_closing (round_id, version, by_id, at, entry_id)
               VALUES (%s, 1, %s, %s, %s) RETURNING id""",
            [round_id, by, moment, entry],
        ).fetchone()
        db.execute(
            """WITH made AS (
                 INSERT INTO councils_result (closing_id, entry_id, scoring, points_sum, sheets,
                   band, stars, missed, eliminated, remark)
                 SELECT %s, entry_id, scoring, points_sum, sheets, band, stars, missed, FALSE, ''
                 FROM ranked RETURNING id)
               INSERT INTO councils_consequence (result_id, error) SELECT id, '' FROM made""",
            [made],
        )
        db.execute(
            "UPDATE councils_roundentry SET live = FALSE WHERE round_id = %s AND live", [round_id]
        )
        db.execute(
            "UPDATE councils_evaluationround SET state = 'closed', closed_at = %s WHERE id = %s",
            [moment, round_id],
        )
        db.execute(
            """INSERT INTO cycle_job (kind, params, state, done, total, result, error, by_id,
                 created_at) VALUES ('councils.apply', %s, 'queued', 0, 0, '{}', '', %s, %s)""",
            [Jsonb({"closing": made}), by, moment],
        )


def _left_behind(round_):
    """All that a closing leaves, without ids and times: the same for both sides."""
    round_ = EvaluationRound.objects.get(pk=round_.pk)
    made = Closing.objects.get(round=round_)
    entry = HistoryEntry.objects.get(stream="round", stream_id=round_.pk, event="round.close")
    results = Result.objects.filter(closing=made).order_by("entry__position")
    place = {
        result.entry.dossier_id: result.entry.position for result in results.select_related("entry")
    }
    return (
        (round_.state, round_.closed_at == made.at == entry.at, made.version, made.by_id),
        [
            (each.points_sum, each.sheets, each.band, each.stars, each.eliminated, each.remark)
            for each in results
        ],
        [sorted(each.missed) for each in results],
        Consequence.objects.filter(result__closing=made, applied_at=None, error="").count(),
        RoundEntry.objects.filter(round=round_, live=True).count(),
        (entry.pk == made.entry_id, entry.event, entry.actor_id, entry.role, entry.org_unit_id),
        (entry.cycle_id, entry.before, entry.after, entry.reason, len(entry.hash)),
        sorted([place[dossier], *rest] for dossier, *rest in entry.data["results"]),
        sorted(place[dossier] for dossier in entry.data["dossiers"]),
        OutboxMessage.objects.filter(entry=entry, dispatched_at=None).count(),
        Job.objects.filter(params={"closing": made.pk}, state="queued").count(),
    )
