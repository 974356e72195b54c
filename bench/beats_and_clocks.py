"""Beats at once, a beat away for an hour, clocks that jump: each rung fires once, in time."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from multiprocessing import get_context

import time_machine
from django.db import connection
from django.db.models import F

from bench.ground import RUNGS, Ground, fork, history_is_whole, moved_on, told
from cycle import clock
from cycle.models import HistoryEntry, TermRule
from dossiers.models import Term
from dossiers.models.term import Firing
from dossiers.terms.sweep import sweep
from notifications.jobs import keep_time

BOUND = (
    "5 nhịp cùng lúc: 0 trùng; nghỉ một giờ: không mốc nào bị bỏ; "
    "1.000 lần nhảy giờ và lệch 5 phút: 0 sớm, 0 trùng"
)
#: Terms for the five beats, and for the hour away.
SIZES = {"small": (600, 200), "full": (50_000, 20_000)}
BEATS = 5
#: How often each clock jumps, and for how many seconds the database's own goes on meanwhile.
JUMPS = {"small": (200, 2), "full": (1_000, 6)}


def run(scale):
    """What was doubled, skipped or early."""
    many, away = SIZES[scale]
    ground = Ground()
    figures = {"size": BEATS} | _beats(ground, many) | _away(ground, away)
    figures |= _database_clock(ground, *JUMPS[scale])
    figures |= _set_clock(ground, JUMPS[scale][0])
    figures["history_whole"] = history_is_whole()
    faults = ("doubled", "missing", "early", "skipped", "disordered")
    figures["exact"] = figures["history_whole"] and not any(
        number for key, number in figures.items() if key.endswith(faults)
    )
    return figures


def _beats(ground, terms):
    """All beats find the same terms and dates of the year due at the same moment."""
    rungs = terms * len(RUNGS)
    ground.terms(
        terms,
        dossiers=ground.dossiers(terms // 10),
        among=terms // 10,
        start=moved_on(-60),
        step=timedelta(),
    )
    start = get_context("fork").Barrier(BEATS)
    beats = [fork(_beat, start) for _ in range(BEATS)]
    for beat in beats:
        beat.join()
    # The dates of the year that were long past when they began have their own firings.
    of_year = Firing.objects.exclude(term__code="proof").count()
    counts = {key: number - of_year for key, number in told().items() if key != "notifications"}
    dates = TermRule.objects.filter(subject="cycle", cycle__closed_on=None).count()
    return {
        "beats_rungs": rungs,
        "beats_doubled": sum(max(number - rungs, 0) for number in counts.values())
        + max(Term.objects.filter(rule__subject="cycle").count() - dates, 0),
        "beats_missing": sum(max(rungs - number, 0) for number in counts.values())
        + max(dates - Term.objects.filter(rule__subject="cycle").count(), 0)
        + sum(beat.exitcode != 0 for beat in beats),
    }


def _beat(start):
    start.wait(60)
    # Past the hold by which only one does it: here they race.
    keep_time.run.__wrapped__()


def _away(ground, terms):
    """A beat a minute, then none for an hour in which every rung falls due, then one."""
    dossiers = ground.dossiers(terms // 10)
    with clock.at(datetime(2027, 3, 1, 1, tzinfo=UTC)) as last_beat:
        sweep()
    before = Firing.objects.count()
    # The last rung is one step before the hour is over, however many there are.
    step = timedelta(hours=1) / (terms * len(RUNGS) + 1)
    ground.terms(terms, dossiers=dossiers, among=terms // 10, start=last_beat + step, step=step)
    seen = HistoryEntry.objects.latest("pk").pk
    with clock.at(last_beat + timedelta(hours=1)):
        sweep()
    fired = Firing.objects.count() - before
    entries = HistoryEntry.objects.filter(pk__gt=seen, event__startswith="term.")
    order = list(entries.order_by("stream_id", "seq").values_list("stream_id", "at"))
    return {
        "away_rungs": terms * len(RUNGS),
        "away_skipped": terms * len(RUNGS) - fired,
        "away_disordered": sum(here > there for here, there in pairwise(order)),
    }


def _database_clock(ground, least, seconds):
    """Python's clock jumps by years, or is five minutes off, while the database's goes on."""
    terms = 200
    Term.objects.filter(state="running").update(next_at=None)
    before = Firing.objects.count()
    start = moved_on(0.5)
    ground.terms(
        terms,
        dossiers=ground.dossiers(20),
        among=20,
        start=start,
        step=timedelta(seconds=seconds) / (terms * len(RUNGS)),
    )
    seen = HistoryEntry.objects.latest("pk").pk
    chance = random.Random(5)
    jumps = 0
    while jumps < least or clock.now() < start + timedelta(seconds=seconds):
        wrong_by = chance.choice([-5, 5, chance.uniform(-1_500_000, 1_500_000)])
        with time_machine.travel(clock.now() + timedelta(minutes=wrong_by)):
            sweep()
        jumps += 1
    # The last rung may fall due after the last jump began.
    sweep()
    early = HistoryEntry.objects.filter(
        pk__gt=seen, event__startswith="term.", recorded_at__lt=F("at")
    )
    fired = Firing.objects.count() - before
    return {
        "python_clock_jumps": jumps,
        "python_clock_early": early.count(),
        "python_clock_missing": max(terms * len(RUNGS) - fired, 0),
        "python_clock_doubled": max(fired - terms * len(RUNGS), 0),
    }


def _set_clock(ground, jumps):
    """Our own clock jumps to and fro: what has fired was due at the latest it ever showed."""
    terms = 400
    Term.objects.filter(state="running").update(next_at=None)
    first = datetime(2028, 1, 1, tzinfo=UTC)
    span = timedelta(days=30)
    fired_before = Firing.objects.count()
    before = HistoryEntry.objects.latest("pk").pk
    ground.terms(
        terms,
        dossiers=ground.dossiers(40),
        among=40,
        start=first,
        step=span / (terms * len(RUNGS)),
    )
    moments = [
        moment
        for row in Term.objects.filter(next_at__gte=first).values_list("rung_at", flat=True)
        for moment in row
    ]
    chance, latest, early, missing = random.Random(6), first - span, 0, 0
    for jump in range(jumps):
        now = first + span * min(1, jump / jumps) * chance.uniform(0, 1.1)
        now += timedelta(minutes=chance.choice([-5, 0, 5]))
        latest = max(latest, now)
        with clock.at(now), time_machine.travel(now + timedelta(minutes=chance.uniform(-5, 5))):
            sweep()
        if jump % 50 == 0 or jump == jumps - 1:
            fired = HistoryEntry.objects.filter(pk__gt=before, event__startswith="term.")
            due = sum(moment <= latest for moment in moments)
            early += fired.filter(at__gt=latest).count()
            missing += max(due - Firing.objects.count() + fired_before, 0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) - count(DISTINCT (data ->> 'term', data ->> 'rung'))"
            " FROM cycle_historyentry WHERE event LIKE 'term.%'"
        )
        (doubled,) = cursor.fetchone()
    return {
        "our_clock_jumps": jumps,
        "our_clock_early": early,
        "our_clock_missing": missing,
        "our_clock_doubled": doubled,
    }
