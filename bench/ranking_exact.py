"""What a closing makes of its sheets, beside fractions reckoned from the stored rows alone."""

import random
from collections import Counter, defaultdict
from decimal import Decimal
from fractions import Fraction

from django.db import connection, transaction

from bench.chamber import (
    Chamber,
    Choice,
    exact_rubric,
    filled,
    judges_of,
    options_of,
    write,
)
from councils.judging.tally import tally
from councils.models import Resolution, RoundEntry
from cycle import clock
from cycle.models import HistoryEntry, Option, Rubric

BOUND = "10.000 sản phẩm: 0 khác với phép tính phân số; có đủ điểm sát ngưỡng, ngang phiếu, bị loại"
SIZES = {"small": 90, "full": 10_000}
#: How many score; a council of each size.
COUNCILS = (3, 7, 11)
#: Products of one round.
BATCH = 250
#: Means that lie on a band or a hundredth below it.
EDGES = [Decimal(edge) for edge in ("29.99", "30", "49.99", "50", "69.99", "70", "89.99", "90")]
STARS = {30: 2, 50: 3, 70: 4, 90: 5}
#: Hundredths that every sheet of our own rubric can come to.
LEAST, MOST = 2_000, 9_600
#: What must have come up for the comparison to say anything.
MET = ("on_a_band", "below_a_band", "missed", "ties", "resolved", "eliminated", "not_applicable")


def run(scale):
    """How many products the two disagree on, and how often each delicate case came up."""
    size = SIZES[scale]
    chamber, chance = Chamber(), random.Random(7)
    ours = exact_rubric(chamber.cycle.rule_set)
    # One of ten by a sheet of the decision, with its cases; the rest by one that reaches any sum.
    decision = Rubric.objects.current().get(rule_set=chamber.cycle.rule_set, number=26)
    councils = [chamber.council(judges) for judges in COUNCILS]
    seen, differing, done = Counter(), [], 0
    while done < size:
        for council in councils:
            rubric = decision if chance.random() < 0.1 else ours
            entries = min(BATCH, size - done, size // len(COUNCILS))
            if entries < 1:
                break
            (round_,) = chamber.rounds(council, rubric, 1, entries)
            _judge(round_, rubric, judges_of(council), chance, chamber.thu)
            differing += _compare(round_, seen)
            done += entries
    figures = {"size": done, "differing": len(differing)} | {each: seen[each] for each in MET}
    figures["exact"] = not differing and all(figures[each] for each in MET)
    return figures | ({"said": differing[:3]} if differing else {})


# --- Sheets -----------------------------------------------------------------------------------


def _judge(round_, rubric, judges, chance, by):
    """Sheets, resolutions and eliminations of every product, with what must not count."""
    options, entries = options_of(rubric), list(round_.entries.all())
    again = [entry for entry in entries if chance.random() < 0.1]
    write((entry, judge, 1, filled(chance, options), True) for entry in again for judge in judges)
    with transaction.atomic():
        HistoryEntry.objects.record("round.score_again", round_, by=by)
        RoundEntry.objects.filter(pk__in=[entry.pk for entry in again]).update(scoring=2)
    for entry in again:
        entry.scoring = 2
    write(sheet for entry in entries for sheet in _sheets(entry, judges, options, chance))
    marks = [
        (criterion, option.minimum_for)
        for criterion, choices in options.items()
        for option in choices
        if option.minimum_for
    ]
    elimination = rubric.eliminations.first()
    common = {"reason": "Thảo luận", "by": by, "at": clock.now()}
    made = []
    for entry in entries:
        if chance.random() < 0.2:
            for criterion, stars in set(chance.sample(marks, min(2, len(marks)))):
                holds = chance.random() < 0.5
                made.append(
                    Resolution(entry=entry, criterion=criterion, stars=stars, holds=holds, **common)
                )
        if elimination and chance.random() < 0.05:
            holds = chance.random() < 0.7
            made.append(Resolution(entry=entry, elimination=elimination, holds=holds, **common))
    with transaction.atomic():
        HistoryEntry.objects.record("round.resolve", round_, by=by)
        Resolution.objects.bulk_create(made)


def _sheets(entry, judges, options, chance):
    """The sheets of one product: some judges stay out, the support team proposes."""
    fewer = chance.random() < 0.3
    counting = chance.sample(judges, chance.randint(1, len(judges))) if fewer else judges
    # Some agree on a few criteria, so that minimums are met, missed and tied.
    generous = chance.random()
    fixed = {
        criterion.pk: choices[-1]
        for criterion, choices in options.items()
        if not criterion.cases and chance.random() < generous
    }
    totals = _totals(len(counting), chance) if "tens" in _codes(options) else None
    for judge in judges:
        if judge in counting:
            choices = (
                filled(chance, options, fixed)
                if totals is None
                else _reaching(totals.pop(), options, chance, fixed)
            )
            yield entry, judge, entry.scoring, choices, True
        elif chance.random() < 0.5:
            yield entry, judge, entry.scoring, filled(chance, options), False
    if chance.random() < 0.2:
        yield entry, None, entry.scoring, filled(chance, options), True


def _codes(options):
    return {criterion.code: criterion for criterion in options}


def _totals(number, chance):
    """A total for each sheet: on a band, a hundredth of the sum below one, or anything."""
    edge = chance.choice(EDGES)
    cents = int(edge * 100) * number - (chance.random() < 0.3)
    if chance.random() < 0.3:
        cents = chance.randint(LEAST * number, MOST * number)
    totals = [cents // number] * number
    totals[0] += cents - sum(totals)
    for _ in range(number):
        here, there = chance.randrange(number), chance.randrange(number)
        moved = chance.randint(0, 300)
        if totals[here] + moved <= MOST and totals[there] >= LEAST + moved:
            totals[here] += moved
            totals[there] -= moved
    return [Decimal(total).scaleb(-2) for total in totals]


def _reaching(total, options, chance, fixed):
    """A sheet with exactly this total; the first three criteria fill up what the others leave."""
    tens, ones, cents = list(options)[:3]
    others = dict(list(options.items())[3:])
    for attempt in range(60):
        full = {criterion.pk: choices[-1] for criterion, choices in others.items()}
        rest = filled(chance, others, fixed if attempt < 20 else full if attempt > 50 else None)
        left = total - sum(choice.points for choice in rest)
        whole = int(left)
        fits = [
            (ten, one) for ten in range(0, 70, 10) if 0 <= (one := whole - ten) <= 20 and left >= 0
        ]
        if fits:
            ten, one = chance.choice(fits)
            wanted = ((tens, ten), (ones, one), (cents, left - whole))
            return [_choice(options[at], at, points) for at, points in wanted] + rest
    raise ValueError(f"no sheet of {total} points")


def _choice(choices, criterion, points):
    option = next(option for option in choices if option.points == points)
    return Choice(criterion.pk, option.pk, option.points)


# --- The same, by fractions -------------------------------------------------------------------

_ROWS = """
SELECT s.entry_id, s.id, k.criterion_id, o."case", k.points
FROM councils_score k
JOIN councils_scoresheet s ON s.id = k.sheet_id
JOIN councils_roundentry e ON e.id = s.entry_id
JOIN cycle_option o ON o.id = k.option_id
WHERE e.round_id = %s AND s.state = 'submitted' AND s.member_id IS NOT NULL
  AND s.scoring = e.scoring
"""


def _compare(round_, seen):
    """What the two disagree on, by product."""
    sheets = defaultdict(lambda: defaultdict(dict))
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [round_.pk])
        for entry, sheet, criterion, case, points in cursor.fetchall():
            sheets[entry][sheet][criterion] = case, Fraction(points)
    resolutions = defaultdict(list)
    for resolution in Resolution.objects.filter(entry__round=round_):
        resolutions[resolution.entry_id].append(resolution)
    floors = _floors(next(iter(round_.entries.all())).rubric)
    tallies, differing = tally(round_), []
    for entry in round_.entries.all():
        expected = _reckoned(list(sheets[entry.pk].values()), resolutions[entry.pk], floors, seen)
        its = tallies[entry.pk]
        found = {
            "sum": Fraction(its.points_sum),
            "sheets": its.sheets,
            "spread": Fraction(its.spread),
            "band": its.result.band,
            "stars": its.result.stars,
            "missed": {(each.criterion, each.stars) for each in its.result.missed},
            "ties": {(each.criterion, each.stars) for each in its.result.ties},
        }
        if found != expected:
            differing.append(f"{entry.pk}: {found} / {expected}")
    return differing + [f"{pk}: not of the round" for pk in tallies.keys() - sheets.keys()]


def _floors(rubric):
    """The least points of a mark: ``{(criterion, stars): {case: points}}``."""
    floors = defaultdict(dict)
    for option in Option.objects.filter(criterion__rubric=rubric, minimum_for__isnull=False):
        by_case = floors[option.criterion_id, option.minimum_for]
        by_case[option.case] = min(Fraction(option.points), by_case.get(option.case, Fraction(100)))
    return floors


def _reckoned(sheets, resolutions, floors, seen):
    """One product: the mean as a fraction, each minimum by the share of sheets that fail it."""
    totals = [sum((points for _case, points in sheet.values()), Fraction(0)) for sheet in sheets]
    mean = sum(totals, Fraction(0)) / len(totals)
    band = max([1] + [stars for floor, stars in STARS.items() if mean >= floor])
    seen["on_a_band"] += mean in STARS
    seen["below_a_band"] += any(0 < floor - mean <= Fraction(1, 100) for floor in STARS)
    settled = {
        (each.criterion_id, each.stars): each.holds for each in resolutions if each.criterion_id
    }
    unmet, ties = set(), set()
    for mark, by_case in floors.items():
        answers = []
        for sheet in sheets:
            if mark[0] not in sheet:
                seen["not_applicable"] += 1
                continue
            case, points = sheet[mark[0]]
            if case in by_case:
                answers.append(points >= by_case[case])
        if mark in settled:
            seen["resolved"] += 1
            if not settled[mark]:
                unmet.add(mark)
        elif answers:
            failing = Fraction(answers.count(False), len(sheets))
            if failing == Fraction(1, 2):
                ties.add(mark)
            if failing >= Fraction(1, 2):
                unmet.add(mark)
    out = any(each.elimination_id and each.holds for each in resolutions)
    # The most stars, up to the band, that nothing stands in the way of.
    stars = max(
        stars
        for stars in range(1, band + 1)
        if stars < 3 or not any(of <= stars for _criterion, of in unmet)
    )
    missed = {mark for mark in unmet if mark[1] <= band}
    ties &= missed
    seen["missed"] += bool(missed)
    seen["ties"] += bool(ties)
    seen["eliminated"] += out
    return {
        "sum": sum(totals, Fraction(0)),
        "sheets": len(totals),
        "spread": max(totals) - min(totals),
        "band": band,
        "stars": None if out else stars,
        "missed": missed,
        "ties": ties,
    }
