"""Scores race the closing of their round: what was closed is what the sheets say, for good."""

import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import cycle
from threading import Barrier
from time import sleep

import psycopg
from django.db import OperationalError, close_old_connections, connection, transaction

from bench.chamber import Chamber, counted, exact_rubric, filled, judges_of, options_of, write
from bench.ground import history_is_whole
from bench.transition_cost import _login
from councils.judging import closing
from councils.models import (
    Closing,
    Consequence,
    EvaluationRound,
    Result,
    Score,
    Scoresheet,
    Seat,
    SheetSealed,
)
from cycle.models import HistoryEntry, Job, User
from dossiers.models import ConditionNotMet

BOUND = (
    "chấm và chốt cùng lúc: 0 kết quả khác phiếu đã lưu, 0 điểm vào sau khi chốt, 0 khóa chéo; "
    "8 người cùng chốt: 1 lần chốt, 1 dòng nhật ký"
)
#: Races of a score against a closing; rounds that eight close at once.
SIZES = {"small": (18, 3), "full": (2_000, 200)}
JUDGES = 4
CLOSERS = 8
REFUSED = (psycopg.errors.CheckViolation,)


def run(scale):
    """How many closings differ from their sheets, and what came in late, out of all races."""
    races, crowds = SIZES[scale]
    chamber, chance = Chamber(), random.Random(11)
    council = chamber.council(JUDGES)
    rubric = exact_rubric(chamber.cycle.rule_set)
    options, judges = options_of(rubric), judges_of(council)
    rounds = chamber.rounds(council, rubric, races + crowds, 1)
    write(
        # The last judge stays away: an open sheet that holds no closing up.
        (round_.entries.get(), judge, 1, filled(chance, options), judge != judges[-1])
        for round_ in rounds
        for judge in judges
    )
    with transaction.atomic(), connection.cursor() as cursor:
        for round_ in rounds:
            HistoryEntry.objects.record("round.attend", round_, by=chamber.thu)
        cursor.execute(
            "UPDATE councils_attendance SET present = FALSE WHERE member_id = %s", [judges[-1].pk]
        )
    figures = {"size": races}
    figures |= _races(rounds[:races], judges, options, chamber.thu.pk)
    counted(rounds[races:])
    figures |= _crowds(rounds[races:], chamber.thu.pk)
    figures["differing"] = sum(not _says_what_its_sheets_say(round_) for round_ in rounds)
    figures["history_whole"] = history_is_whole()
    figures["exact"] = (
        figures["closed"] == races
        and figures["closed_once"] == crowds
        and figures["history_whole"]
        and figures["before"] > 0
        and not any(figures[key] for key in ("differing", "late_taken", "deadlocks", "errors"))
    )
    return figures


# --- A score against the closing --------------------------------------------------------------


class Scorer:
    """One of the judges, who goes on changing a sheet until the round refuses it."""

    def __init__(self, round_, judges, options, chance):
        self.entry, self.options, self.chance = round_.entries.get(), options, chance
        self.judges = judges
        self.written = 0

    def choice(self):
        """Another option of the first criteria, which nothing depends on."""
        criterion = list(self.options)[self.chance.randrange(3)]
        return criterion, self.chance.choice(self.options[criterion])

    def by_the_acts(self, _raw):
        """Takes the sheet back, changes it, hands it in: between, nobody can close."""
        member = self.judges[1]
        sheet = Scoresheet.objects.get(entry=self.entry, member=member)
        sheet.take_back(by=member.user)
        sheet.put(self.choice()[1], by=member.user)
        sheet.submit(by=member.user)

    def on_a_draft(self, raw):
        """Scores on the sheet of the one who stayed away, which the acts refuse: by plain SQL."""
        criterion, option = self.choice()
        with raw.transaction():
            raw.execute(
                "UPDATE councils_score SET option_id = %s, points = %s WHERE criterion_id = %s"
                " AND sheet_id = (SELECT id FROM councils_scoresheet"
                "  WHERE entry_id = %s AND member_id = %s)",
                [option.pk, option.points, criterion.pk, self.entry.pk, self.judges[-1].pk],
            )

    def past_the_program(self, raw):
        """The same as the acts in one transaction of plain SQL: the closing may fall anywhere."""
        member, (criterion, option) = self.judges[2], self.choice()
        with raw.transaction():
            (sheet,) = raw.execute(
                "UPDATE councils_scoresheet SET state = 'draft', submitted_at = NULL"
                " WHERE entry_id = %s AND member_id = %s RETURNING id",
                [self.entry.pk, member.pk],
            ).fetchone()
            raw.execute(
                "UPDATE councils_score SET option_id = %s, points = %s"
                " WHERE sheet_id = %s AND criterion_id = %s",
                [option.pk, option.points, sheet, criterion.pk],
            )
            raw.execute(
                "UPDATE councils_scoresheet SET state = 'submitted', submitted_at = now()"
                " WHERE id = %s",
                [sheet],
            )


#: Each way to write, and within how many seconds the closing begins, so that it falls anywhere.
WAYS = {Scorer.by_the_acts: 0.2, Scorer.on_a_draft: 0.08, Scorer.past_the_program: 0.02}


def _races(rounds, judges, options, closer_pk):
    start, over = Barrier(2), Barrier(2)
    counts = dict.fromkeys(("before", "between", "late_taken", "deadlocks", "errors"), 0)
    said = []

    def wrong(error):
        deadlock = isinstance(error.__cause__ or error, psycopg.errors.DeadlockDetected)
        counts["deadlocks" if deadlock else "errors"] += 1
        said.append(repr(error))

    def score():
        chance = random.Random(12)
        with psycopg.connect(**_login()) as raw:
            for round_, way in zip(rounds, cycle(WAYS)):
                scorer = Scorer(round_, judges, options, chance)
                start.wait(120)
                written = _until_refused(scorer, way, raw, wrong, 1 + chance.randrange(6))
                over.wait(120)
                counts["before"] += written
                try:
                    counts["late_taken"] += _late(scorer, raw)
                except (OperationalError, psycopg.Error) as error:
                    wrong(error)
        connection.close()

    def close():
        chance, by = random.Random(13), User.objects.get(pk=closer_pk)
        secretary = rounds[0].council.members.get(seat=Seat.SECRETARY).user
        for round_, within in zip(rounds, cycle(WAYS.values())):
            start.wait(120)
            sleep(chance.random() * within)
            while True:
                try:
                    mine = EvaluationRound.objects.get(pk=round_.pk)
                    closing.count(mine, mine.entries.all(), by=secretary)
                    closing.close(mine, by=by)
                    break
                except ConditionNotMet:
                    counts["between"] += 1
                except Exception as error:
                    wrong(error)
                    break
            over.wait(120)
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(score), pool.submit(close)]:
            done.result()
    closed = EvaluationRound.objects.filter(
        pk__in=[round_.pk for round_ in rounds], state="closed"
    ).count()
    return {"closed": closed} | counts | ({"said": said[:5]} if said else {})


def _until_refused(scorer, way, raw, wrong, times):
    """How many changes the round took, at most ``times``."""
    for written in range(times):
        try:
            way(scorer, raw)
        except (SheetSealed, *REFUSED):
            return written
        except Exception as error:
            wrong(error)
            return written
    return times


def _late(scorer, raw):
    """How many of all ways to write on a sheet the closed round still takes; there is none."""
    taken = 0
    for way in WAYS:
        try:
            way(scorer, raw)
        except (SheetSealed, *REFUSED):
            continue
        taken += 1
    sheets = "SELECT id FROM councils_scoresheet WHERE entry_id = %s"
    for statement in (
        f"UPDATE councils_score SET remark = 'x' WHERE sheet_id IN ({sheets})",
        f"DELETE FROM councils_score WHERE sheet_id IN ({sheets})",
        "UPDATE councils_scoresheet SET remark = 'x' WHERE entry_id = %s",
        "UPDATE councils_roundentry SET live = TRUE WHERE id = %s",
    ):
        try:
            with raw.transaction():
                raw.execute(statement, [scorer.entry.pk])
        except REFUSED:
            continue
        taken += 1
    return taken


def _says_what_its_sheets_say(round_):
    """The result beside the rows of the sheets, added up one by one."""
    entry = round_.entries.get()
    totals = [
        sum(
            (points for (points,) in Score.objects.filter(sheet=sheet).values_list("points")),
            Decimal(0),
        )
        for sheet in Scoresheet.objects.filter(entry=entry, state="submitted")
    ]
    result = Result.objects.get(entry=entry)
    band = 1 + sum(sum(totals) >= floor * len(totals) for floor in (30, 50, 70, 90))
    return (result.points_sum, result.sheets, result.band) == (sum(totals), len(totals), band)


# --- Eight closers ----------------------------------------------------------------------------


def _crowds(rounds, closer_pk):
    start = Barrier(CLOSERS)

    def closer(_number):
        close_old_connections()
        by, handed = User.objects.get(pk=closer_pk), []
        try:
            for round_ in rounds:
                mine = EvaluationRound.objects.get(pk=round_.pk)
                start.wait(120)
                try:
                    handed.append(closing.close(mine, by=by).pk)
                except Exception as error:
                    handed.append(repr(error))
        finally:
            connection.close()
        return handed

    with ThreadPoolExecutor(CLOSERS) as pool:
        handed = list(zip(*pool.map(closer, range(CLOSERS)), strict=True))
    once = 0
    for round_, theirs in zip(rounds, handed, strict=True):
        closings = list(Closing.objects.filter(round=round_).values_list("pk", flat=True))
        said = HistoryEntry.objects.filter(stream="round", stream_id=round_.pk, event="round.close")
        once += (
            set(theirs) == set(closings)
            and len(closings) == said.count() == 1
            and Result.objects.filter(closing__in=closings).count() == 1
            and Consequence.objects.filter(result__closing__in=closings).count() == 1
            and Job.objects.filter(params={"closing": closings[0]}).count() == 1
        )
    return {"closers": CLOSERS, "crowds": len(rounds), "closed_once": once}
