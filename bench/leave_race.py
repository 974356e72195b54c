"""A withdrawal, a closing and a typed result at once: one has the dossier, and all agree."""

import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from time import sleep

import psycopg
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from bench.chamber import Chamber, counted, exact_rubric, filled, judges_of, options_of, write
from bench.ground import history_is_whole
from councils.judging import closing
from councils.models import Consequence, EvaluationRound, Result, RoundEntry
from cycle import clock
from cycle.models import HistoryEntry, Job, User
from dossiers.models import (
    ActNotPossible,
    ConditionNotMet,
    Dossier,
    Evaluation,
    State,
    Task,
    TaskAlreadyDone,
)
from dossiers.walk import doors, engine

BOUND = (
    "rút, chốt và gõ kết quả cùng lúc: mỗi hồ sơ một kết cục, đợt và hồ sơ nói như nhau, "
    "0 khóa chéo"
)
#: Acts, state, lines of the round that it left, results, open tasks, whether the round is over.
STORIES = {
    ("withdraw", "withdrawn", 1, 0, 0, True): "withdrawn",
    ("rank", "ranked", 0, 1, 1, True): "ranked",
    ("rank, withdraw", "withdrawn", 0, 1, 0, True): "ranked, withdrawn",
}
#: Races of three over one product each.
SIZES = {"small": 10, "full": 200}
#: Odd, so that no minimum stands even and waits for a resolution.
JUDGES = 3
REFUSALS = (ActNotPossible, ConditionNotMet, TaskAlreadyDone, ValidationError)


def run(scale):
    """How many dossiers, rounds and histories tell different stories, out of all races."""
    races = SIZES[scale]
    chamber, chance = Chamber(), random.Random(17)
    council = chamber.council(JUDGES)
    rubric = exact_rubric(chamber.cycle.rule_set)
    options, judges = options_of(rubric), judges_of(council)
    rounds = chamber.rounds(council, rubric, races, 1)
    for round_ in rounds:
        _bring(round_.entries.get().dossier)
    write(
        (round_.entries.get(), judge, 1, filled(chance, options), True)
        for round_ in rounds
        for judge in judges
    )
    counted(rounds)
    figures = {"size": races} | _races(rounds, chamber)
    told = [_story(round_) for round_ in rounds]
    stories = [STORIES.get(story, "") for story in told]
    if odd := [story for story in told if story not in STORIES]:
        figures["odd"] = odd[:5]
    figures["withdrawn"] = stories.count("withdrawn")
    figures["ranked"] = stories.count("ranked")
    figures["ranked_then_withdrawn"] = stories.count("ranked, withdrawn")
    figures["inconsistent"] = stories.count("")
    figures["history_whole"] = history_is_whole()
    figures["exact"] = figures["history_whole"] and not any(
        figures[key] for key in ("typed", "deadlocks", "errors", "inconsistent")
    )
    return figures


def _bring(dossier):
    """Put the dossier before the council, with its task."""
    state = State.PROVINCE_EVALUATING
    with transaction.atomic():
        for process in dossier.processes.all():
            engine.cancel(process, clock.now())
        Dossier.objects.filter(pk=dossier.pk).update(state=state)
        HistoryEntry.objects.record("dossier.open", dossier, after=state)
        doors.start(Dossier.objects.with_units().get(pk=dossier.pk))


def _races(rounds, chamber):
    start = Barrier(3)
    counts = dict.fromkeys(("typed", "deadlocks", "errors"), 0)
    said = []
    keys = [(round_.pk, round_.entries.get().dossier_id) for round_ in rounds]
    by = {"thu": chamber.thu.pk, "an": chamber.an.pk}

    def withdraw(_round_pk, dossier_pk):
        dossier = Dossier.objects.get(pk=dossier_pk)
        doors.act(
            dossier.process, "withdraw", by=User.objects.get(pk=by["an"]), reason="Chủ thể xin rút"
        )

    def close(round_pk, _dossier_pk):
        made = closing.close(
            EvaluationRound.objects.get(pk=round_pk), by=User.objects.get(pk=by["thu"])
        )
        Job.objects.get(kind="councils.apply", params={"closing": made.pk}).run()

    def type_result(_round_pk, dossier_pk):
        task = Task.objects.open().filter(dossier=dossier_pk).first()
        if task is None:
            return
        record = Evaluation(
            met_on=clock.today(),
            points_sum=Decimal(300),
            sheets=4,
            stars=4,
            reasons="Gõ tay",
        )
        doors.complete(task, "rank", by=User.objects.get(pk=by["thu"]), record=record)
        counts["typed"] += 1

    def hand(deed, seed):
        chance = random.Random(seed)
        try:
            for round_pk, dossier_pk in keys:
                start.wait(120)
                # So that each comes first now and then.
                sleep(chance.random() * 0.03)
                try:
                    deed(round_pk, dossier_pk)
                except REFUSALS:
                    pass
                except Exception as error:
                    deadlock = isinstance(error.__cause__ or error, psycopg.errors.DeadlockDetected)
                    counts["deadlocks" if deadlock else "errors"] += 1
                    said.append(repr(error))
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        deeds = (withdraw, close, type_result)
        for done in [pool.submit(hand, deed, seed) for seed, deed in enumerate(deeds)]:
            done.result()
    return counts | ({"said": said[:5]} if said else {})


def _story(round_):
    """What dossier, round, history and tasks say became of the product."""
    entry = RoundEntry.objects.select_related("dossier", "round").get(round=round_)
    dossier = entry.dossier
    acts = [
        event.removeprefix("dossier.")
        for event in dossier.history.order_by("seq").values_list("event", flat=True)
        if event in ("dossier.rank", "dossier.withdraw")
    ]
    left = HistoryEntry.objects.filter(
        stream="round", stream_id=round_.pk, event="round.leave"
    ).count()
    results = Result.objects.filter(entry=entry).count()
    waits = Consequence.objects.filter(result__entry=entry, applied_at=None).exists()
    tasks = dossier.tasks.open().count()
    closed = entry.round.state == "closed" and not entry.live and not waits
    return ", ".join(acts), dossier.state, left, results, tasks, closed
