"""From sheets to stars, against an oracle that is written another way: it divides, in fractions,
and asks each sheet the rows of the edition's own file, without marks and without counting.
"""

import ast
import json
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
from itertools import combinations, groupby, permutations
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from councils.judging import ranking
from councils.judging.ranking import (
    Choice,
    Finding,
    Mark,
    Result,
    Verdict,
    alarm,
    minimums,
    needed,
    outliers,
    quorum,
    rank,
    reached,
    spread,
    total,
)
from cycle import points as arithmetic
from cycle import rubrics
from cycle.models import RuleSet
from cycle.points import NoSheets, band, mean
from tests.walks import drawn

BANDS = [(90, 5), (70, 4), (50, 3), (30, 2), (0, 1)]
RULESETS = Path(__file__).parents[1] / "cycle" / "rulesets"


def content(edition):
    return json.loads((RULESETS / edition / "ruleset.json").read_text())


def shipped(edition):
    return rubrics.read(RULESETS / edition / "rubrics.json", content(edition))


OF_1048, OF_26 = shipped("qd1048_2019"), shipped("qd26_2026")


def rows(rubric):
    """The options of a rubric as the database would give them."""
    return [
        (row["code"], option.get("case", 0), Decimal(option["points"]), option.get("minimum_for"))
        for row in rubric["criteria"]
        for option in row["options"]
    ]


def requires(rubric):
    return {row["code"]: row["requires"] for row in rubric["criteria"] if "requires" in row}


def by_criterion(options):
    """The options that may be chosen, by criterion."""
    return {
        code: [Choice(points, case) for _code, case, points, _stars in of_one]
        for code, of_one in groupby(options, key=lambda row: row[0])
    }


def judge(options, sheets, needs=None, resolutions=None, eliminated=""):
    """Everything from sheets to a result, as the closing of a round does it."""
    needs = needs or {}
    findings = reached(minimums(options), sheets, resolutions or {}, needs)
    points = sum(total(sheet, needs) for sheet in sheets)
    return rank(BANDS, points, len(sheets), findings, eliminated)


def best(options):
    return {
        code: max(choices, key=lambda choice: choice.points)
        for code, choices in by_criterion(options).items()
    }


def stars_by_fractions(options, sheets, needs, resolutions):
    """The oracle: try five stars, then four, and so on, until nothing speaks against it."""
    points = Fraction(0)
    for sheet in sheets:
        for code, choice in sheet.items():
            if code not in needs or sheet[needs[code]].points:
                points += Fraction(choice.points)
    average = points / len(sheets)
    floors = {5: 90, 4: 70, 3: 50, 2: 30, 1: 0}

    def height(code, level, sheet, resolved):
        """How far above a minimum a sheet is; None where it is not asked for."""
        if not resolved and code in needs and not sheet[needs[code]].points:
            return None
        choice = sheet[code]
        asked = [
            Fraction(least)
            for of, case, least, stars in options
            if of == code and case == choice.case and stars == level
        ]
        return Fraction(choice.points) - min(asked) if asked else None

    def speaks_against(code, level):
        if code in resolutions:
            above = height(code, level, resolutions, resolved=True)
            return above is not None and above < 0
        heights = [height(code, level, sheet, resolved=False) for sheet in sheets]
        if all(above is None for above in heights):
            return False
        # From the best sheet down, the one that makes more than a half.
        ordered = sorted((Fraction(1000) if h is None else h for h in heights), reverse=True)
        return ordered[len(ordered) // 2] < 0

    codes = {row[0] for row in options}
    return next(
        stars
        for stars, floor in floors.items()
        if average >= floor
        and not any(speaks_against(code, level) for level in range(3, stars + 1) for code in codes)
    )


# --- Points invented by hypothesis --------------------------------------------------------------


@st.composite
def invented(draw):
    """A small rubric of any shape: halves of points, marks anywhere, cases, a dependent one."""
    options = []
    codes = draw(st.integers(1, 5))
    for code in range(codes):
        cases = draw(st.sampled_from([[0], [0], [1, 2]]))
        for case in cases:
            levels = draw(st.lists(st.integers(0, 160), min_size=2, max_size=5, unique=True))
            marks = draw(
                st.lists(
                    st.sampled_from([None, None, 3, 4, 5]),
                    min_size=len(levels),
                    max_size=len(levels),
                )
            )
            rising = iter(sorted(mark for mark in marks if mark))
            for points, mark in zip(sorted(levels), marks, strict=True):
                options.append((code, case, Decimal(points) / 4, next(rising) if mark else None))
    needs = {codes - 1: 0} if codes > 1 and draw(st.booleans()) else {}
    return options, needs


@st.composite
def judged(draw, members=9):
    options, needs = draw(invented())
    choices = by_criterion(options)
    one = st.fixed_dictionaries({code: st.sampled_from(of) for code, of in choices.items()})
    sheets = draw(st.lists(one, min_size=1, max_size=members))
    settled = draw(st.sets(st.sampled_from(sorted(choices))))
    resolutions = {code: draw(st.sampled_from(choices[code])) for code in settled}
    return options, needs, sheets, resolutions


@pytest.mark.drawn
@settings(max_examples=drawn(500), deadline=None)
@given(judged())
def test_fractions_give_the_same_stars(case):
    options, needs, sheets, resolutions = case
    expected = stars_by_fractions(options, sheets, needs, resolutions)
    assert judge(options, sheets, needs, resolutions).stars == expected


@pytest.mark.drawn
@settings(max_examples=drawn(60), deadline=None)
@given(st.data())
def test_fractions_give_the_same_stars_on_the_rubrics_in_force(data):
    rubric = data.draw(st.sampled_from(OF_26))
    options, needs = rows(rubric), requires(rubric)
    # Mostly good sheets: bad ones stop at two stars, whatever their minimums.
    one = st.fixed_dictionaries(
        {
            code: st.sampled_from([*of, *[of[-1]] * data.draw(st.integers(0, 8))])
            for code, of in by_criterion(options).items()
        }
    )
    sheets = data.draw(st.lists(one, min_size=1, max_size=9))
    expected = stars_by_fractions(options, sheets, needs, {})
    assert judge(options, sheets, needs).stars == expected


@pytest.mark.drawn
@settings(max_examples=drawn(100), deadline=None)
@given(judged(members=4))
def test_the_order_of_the_members_changes_nothing(case):
    options, needs, sheets, resolutions = case
    results = [judge(options, each, needs, resolutions) for each in permutations(sheets)]
    assert all(result == results[0] for result in results)


@pytest.mark.drawn
@settings(max_examples=drawn(300), deadline=None)
@given(judged(), st.data())
def test_a_better_option_never_lowers_the_stars(case, data):
    """Within its case, and where it does not first make another criterion apply."""
    options, needs, sheets, resolutions = case
    place = data.draw(st.integers(0, len(sheets) - 1))
    code = data.draw(st.sampled_from(sorted(sheets[place])))
    chosen = sheets[place][code]
    better = [
        choice
        for choice in by_criterion(options)[code]
        if choice.case == chosen.case and choice.points > chosen.points
    ]
    assume(better and not (code in needs.values() and chosen.points == 0))
    after = [*sheets]
    after[place] = sheets[place] | {code: data.draw(st.sampled_from(better))}
    old, new = (judge(options, each, needs, resolutions) for each in (sheets, after))
    assert new.stars >= old.stars
    assert new.band >= old.band


def test_a_first_point_can_cost_stars_where_it_makes_a_minimum_apply():
    """The one exception to the rule above, and no rubric that we ship has it."""
    options = [("1", 0, Decimal(0), None), ("1", 0, Decimal(60), None), ("1", 0, Decimal(61), None)]
    options += [("2", 0, Decimal(0), None), ("2", 0, Decimal(9), 3), ("3", 0, Decimal(60), None)]
    told, untold = (
        {"1": Choice(Decimal(first)), "2": Choice(Decimal(0)), "3": Choice(Decimal(60))}
        for first in (1, 0)
    )
    assert judge(options, [untold], {"2": "1"}).stars == 3
    assert judge(options, [told], {"2": "1"}).stars == 2
    for rubric in OF_26:
        marked = {mark.criterion for mark in minimums(rows(rubric))}
        assert marked.isdisjoint(requires(rubric))


@pytest.mark.drawn
@settings(max_examples=drawn(100), deadline=None)
@given(judged())
def test_stars_lie_between_two_and_the_band(case):
    options, needs, sheets, resolutions = case
    result = judge(options, sheets, needs, resolutions)
    assert min(result.band, 2) <= result.stars <= result.band
    assert (result.stars == result.band) == (result.missed == ())


# --- Bands --------------------------------------------------------------------------------------


@pytest.mark.parametrize("sheets", [1, 3, 7, 11, 13])
@pytest.mark.parametrize(("floor", "stars"), BANDS[:-1])
def test_a_band_begins_at_its_floor_and_not_a_hundredth_of_the_sum_earlier(floor, stars, sheets):
    at = Decimal(floor * sheets)
    assert band(BANDS, at, sheets) == stars
    assert band(BANDS, at - Decimal("0.01"), sheets) == stars - 1
    assert mean(at, sheets) == floor
    assert mean(at - Decimal("0.01"), sheets) == Decimal(floor) - Decimal("0.01")


@pytest.mark.parametrize(
    ("points", "stars"),
    [
        ("0", 1), ("29.99", 1), ("30", 2), ("49.99", 2), ("50", 3),
        ("69.99", 3), ("70", 4), ("89.99", 4), ("90", 5), ("100", 5),
    ],
)  # fmt: skip
@pytest.mark.parametrize("sheets", [1, 3, 7, 11])
def test_the_bands_of_the_decision(points, stars, sheets):
    assert band(BANDS, Decimal(points) * sheets, sheets) == stars
    assert mean(Decimal(points) * sheets, sheets) == Decimal(points)


def test_a_mean_that_would_round_into_a_band_is_not_in_it():
    # 769.99 of 11 sheets is 69.99909…, which two decimals would round to 70.00.
    points = Decimal("769.99")
    assert band(BANDS, points, 11) == 3
    assert mean(points, 11) == Decimal("69.99")


@given(st.integers(0, 130_000), st.integers(1, 13))
def test_a_band_is_that_of_the_edition_and_of_the_fraction(hundredths, sheets):
    points = Decimal(hundredths) / 100
    average = Fraction(hundredths, 100 * sheets)
    assume(average <= 100)
    found = band(BANDS, points, sheets)
    assert found == 1 + sum(average >= floor for floor in (30, 50, 70, 90))
    assert found == RuleSet(content=content("qd26_2026")).band(points, sheets)
    assert 0 <= average - Fraction(mean(points, sheets)) < Fraction(1, 100)


def test_no_sheets_have_no_mean_and_no_stars():
    for call in (lambda: mean(Decimal(0), 0), lambda: band(BANDS, Decimal(0), 0)):
        with pytest.raises(NoSheets):
            call()
    with pytest.raises(NoSheets):
        rank(BANDS, Decimal(0), 0)


def test_an_edition_that_records_only_stars_has_no_bands():
    assert content("qd851_2018")["bands"] == []
    with pytest.raises(ValueError):
        band([], Decimal(80), 1)


# --- Minimums -----------------------------------------------------------------------------------


def sheets_with(code, *points, rest="70"):
    """A sheet for each of ``points`` on ``code``, and so much on what has no minimum."""
    return [{code: Choice(Decimal(each)), "rest": Choice(Decimal(rest))} for each in points]


#: One criterion with all three marks.
THREE = [("1", 0, Decimal(points), stars) for points, stars in ((0, None), (1, 3), (3, 4), (5, 5))]


def test_of_two_equal_marks_the_lower_level_counts_within_its_case():
    options = [("1", 1, Decimal(2), 3), ("1", 1, Decimal(1), 3), ("1", 2, Decimal(3), 3)]
    assert minimums(options) == (Mark("1", 1, 3, Decimal(1)), Mark("1", 2, 3, Decimal(3)))


def test_75_points_with_one_minimum_of_four_missed_are_three_stars():
    result = judge(THREE, sheets_with("1", 1, 1, 1, rest="74"))
    assert result == Result(3, 4, (Finding("1", 4, Verdict.MISSED, 0, 3, False),))
    assert judge(THREE, sheets_with("1", 3, 3, 3, rest="72")) == Result(4, 4)


def test_minimums_add_up():
    """Two criteria: who reaches the one of five but not that of three has two stars."""
    options = [("1", 0, Decimal(5), 5), ("2", 0, Decimal(0), None), ("2", 0, Decimal(1), 3)]
    sheet = {"1": Choice(Decimal(5)), "2": Choice(Decimal(0)), "rest": Choice(Decimal(90))}
    assert judge(options, [sheet]).stars == 2
    assert judge(options, [sheet | {"2": Choice(Decimal(1))}]).stars == 5


@pytest.mark.parametrize(("rest", "stars"), [("95", 2), ("45", 2), ("29", 1)])
def test_below_three_stars_no_minimum_is_asked(rest, stars):
    result = judge(THREE, sheets_with("1", 0, rest=rest))
    assert result.stars == stars
    assert bool(result.missed) == (result.band >= 3)


def test_a_minimum_above_the_band_takes_nothing_away_and_is_not_told():
    assert judge(THREE, sheets_with("1", 1, rest="50")) == Result(3, 3)


@pytest.mark.parametrize(
    ("points", "verdict"),
    [
        ((3, 3, 1), Verdict.MET),
        ((3, 1, 1), Verdict.MISSED),
        ((3, 5, 1, 0), Verdict.TIE),
        ((3, 3, 3, 1), Verdict.MET),
        ((3, 1, 1, 1), Verdict.MISSED),
    ],
)
def test_the_majority_of_the_sheets_decides_and_a_tie_is_told(points, verdict):
    findings = reached(minimums(THREE), sheets_with("1", *points), {}, {})
    enough = sum(each >= 3 for each in points)
    assert findings[1] == Finding("1", 4, verdict, enough, len(points) - enough, False)


def test_a_tie_is_not_reached_until_the_council_resolves_it():
    sheets = sheets_with("1", 3, 1, rest="73")
    tied = judge(THREE, sheets)
    assert (tied.stars, tied.band) == (3, 4)
    assert tied.ties == tied.missed == (Finding("1", 4, Verdict.TIE, 1, 1, False),)

    assert judge(THREE, sheets, resolutions={"1": Choice(Decimal(3))}) == Result(4, 4)
    against = judge(THREE, sheets, resolutions={"1": Choice(Decimal(1))})
    assert against == Result(3, 4, (Finding("1", 4, Verdict.MISSED, 1, 1, True),))
    assert against.ties == ()


def test_a_resolution_stands_against_the_majority_and_changes_no_points():
    sheets = sheets_with("1", 0, 0, 5, rest="89")
    resolved = judge(THREE, sheets, resolutions={"1": Choice(Decimal(5))})
    # 272 of three sheets are 90.66.
    assert resolved == Result(5, 5)
    assert judge(THREE, sheets).stars == 2


def test_cases_each_have_minimums_of_their_own():
    options = [("1", 1, Decimal(1), 3), ("1", 1, Decimal(3), 4)]
    options += [("1", 2, Decimal(1), None), ("1", 2, Decimal(2), 4)]
    sheets = [{"1": Choice(Decimal(1), case)} for case in (1, 2)]
    assert reached(minimums(options), sheets, {}, {}) == (
        # Only the first sheet falls under a case that asks for three stars.
        Finding("1", 3, Verdict.MET, 1, 0, False),
        Finding("1", 4, Verdict.MISSED, 0, 2, False),
    )


def test_what_does_not_apply_gives_no_points_and_asks_for_nothing():
    needs = {"2": "1"}
    marks = (Mark("2", 0, 3, Decimal(2)),)
    without, told, poor = (
        {"1": Choice(Decimal(first)), "2": Choice(Decimal(second))}
        for first, second in ((0, 5), (1, 5), (1, 0))
    )
    assert [total(sheet, needs) for sheet in (without, told, poor)] == [0, 6, 1]
    assert total({"2": Choice(Decimal(5))}, needs) == 0
    assert reached(marks, [without, without], {}, needs) == ()
    # One member alone, who sees a story where the others see none, blocks nothing.
    assert reached(marks, [without, without, poor], {}, needs) == (
        Finding("2", 3, Verdict.MET, 0, 1, False),
    )
    assert reached(marks, [without, told, poor, poor], {}, needs) == (
        Finding("2", 3, Verdict.TIE, 1, 2, False),
    )


def test_a_criterion_left_open_reaches_no_minimum():
    findings = reached(minimums(THREE), [{}], {}, {})
    assert [finding.verdict for finding in findings] == [Verdict.MISSED] * 3


def test_who_is_eliminated_has_no_stars_whatever_the_points():
    result = judge(THREE, sheets_with("1", 5, 5, rest="95"), eliminated="Hồ sơ giả mạo.")
    assert result == Result(None, 5, (), "Hồ sơ giả mạo.")


# --- The rubrics that we ship -------------------------------------------------------------------


@pytest.mark.parametrize("rubric", OF_1048 + OF_26, ids=lambda rubric: str(rubric["number"]))
def test_the_best_everywhere_is_100_points_and_five_stars(rubric):
    sheet = best(rows(rubric))
    assert total(sheet, requires(rubric)) == 100
    for members in (1, 7, 11):
        assert judge(rows(rubric), [sheet] * members, requires(rubric)) == Result(5, 5)


@pytest.mark.parametrize("rubric", OF_1048, ids=lambda rubric: str(rubric["number"]))
def test_under_1048_stars_are_points_alone(rubric):
    assert minimums(rows(rubric)) == ()


def test_every_mark_of_the_decision_is_counted_once():
    marks = [mark for rubric in OF_26 for mark in minimums(rows(rubric))]
    # Sets 19 and 20 mark two levels of criterion 3.5 for three stars.
    assert [sum(mark.stars == stars for mark in marks) for stars in (3, 4, 5)] == [179, 287, 106]


def just_enough(options, stars):
    """The lowest option of every criterion that still reaches the minimums up to ``stars``."""
    marks = minimums(options)
    return {
        code: next(
            choice
            for choice in sorted(choices, key=lambda choice: choice.points)
            if all(
                choice.points >= mark.points
                for mark in marks
                if (mark.criterion, mark.case) == (code, choice.case) and mark.stars <= stars
            )
        )
        for code, choices in by_criterion(options).items()
    }


@pytest.mark.parametrize("stars", [3, 4, 5])
@pytest.mark.parametrize("rubric", OF_26, ids=lambda rubric: str(rubric["number"]))
def test_exactly_the_minimums_are_reached_and_the_points_decide(rubric, stars):
    options, needs = rows(rubric), requires(rubric)
    sheet = just_enough(options, stars)
    points = total(sheet, needs)
    findings = reached(minimums(options), [sheet] * 3, {}, needs)
    assert all(f.verdict is Verdict.MET for f in findings if f.stars <= stars)
    result = rank(BANDS, points * 3, 3, findings)
    assert min(result.stars, stars) == min(band(BANDS, points, 1), stars)
    # With the points of a band beside them, the minimums of so many stars are enough for it.
    assert rank(BANDS, Decimal(BANDS[5 - stars][0] * 3), 3, findings).stars == stars


@pytest.mark.parametrize("rubric", OF_26, ids=lambda rubric: str(rubric["number"]))
def test_each_minimum_missed_alone_costs_its_stars(rubric):
    options, needs = rows(rubric), requires(rubric)
    asked = 0
    for mark in minimums(options):
        below = [
            choice
            for choice in by_criterion(options)[mark.criterion]
            if choice.case == mark.case and choice.points < mark.points
        ]
        if below:
            asked += 1
            sheet = best(options) | {mark.criterion: below[-1]}
            result = judge(options, [sheet] * 7, needs)
            assert result.stars == min(result.band, mark.stars - 1)
            # Four of seven make it; the sum, too, is theirs.
            mixed = judge(options, [sheet] * 3 + [best(options)] * 4, needs)
            assert mixed == Result(mixed.band, mixed.band)
    assert asked


def test_75_points_of_a_real_sheet_with_one_minimum_of_four_missed_are_three_stars():
    (rubric,) = (each for each in OF_26 if each["number"] == 1)
    options, needs = rows(rubric), requires(rubric)
    choices = by_criterion(options)
    floor, sheet = just_enough(options, 4), best(options)
    # Of «Nguồn gốc ý tưởng sản phẩm» four stars ask the best option, three points.
    missed = Finding("2.1", 4, Verdict.MISSED, 0, 7, False)
    sheet["2.1"] = Choice(Decimal(1))
    while (points := total(sheet, needs)) > 75:
        code, lower = next(
            (code, choice)
            for code, of in choices.items()
            for choice in reversed(of)
            if code != "2.1"
            and floor[code].points <= choice.points < sheet[code].points
            and points - sheet[code].points + choice.points >= 75
        )
        sheet[code] = lower
    assert total(sheet, needs) == 75
    assert judge(options, [sheet] * 7, needs) == Result(3, 4, (missed,))


# --- The council --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entitled", "percent", "expected"),
    [(9, 75, 7), (7, 75, 6), (8, 75, 6), (13, 75, 10), (7, 71, 5), (11, 100, 11), (9, 0, 1)],
)
def test_a_share_of_a_member_is_a_whole_one(entitled, percent, expected):
    assert needed(entitled, percent) == expected
    present = {"chair_present": True, "chair_required": True}
    assert quorum(expected, entitled, percent, **present)
    assert not quorum(expected - 1, entitled, percent, **present)


@given(st.integers(1, 50), st.integers(1, 100))
def test_a_quorum_is_the_ceiling_of_the_share(entitled, percent):
    exact = Decimal(entitled * percent) / 100
    assert needed(entitled, percent) == exact.to_integral_value(ROUND_CEILING)
    assert 1 <= needed(entitled, percent) <= entitled


def test_without_the_chair_there_is_a_quorum_only_where_none_is_required():
    assert not quorum(9, 9, 75, chair_present=False, chair_required=True)
    assert quorum(9, 9, 75, chair_present=False, chair_required=False)


def test_nobody_is_no_quorum():
    assert not quorum(0, 0, 75, chair_present=False, chair_required=False)


def test_the_spread_alarms_beyond_its_limit_and_not_at_it():
    totals = [Decimal("70.5"), Decimal("80.5"), Decimal(75)]
    assert spread(totals) == 10
    assert not alarm(totals, Decimal(10))
    assert alarm([*totals, Decimal("80.51")], Decimal(10))
    assert not alarm([*totals, Decimal(0)], None)
    assert spread([]) == spread([Decimal(70)]) == 0


def test_the_members_far_from_the_median_are_heard_first():
    totals = {"an": Decimal(60), "binh": Decimal(78), "chi": Decimal(80), "dung": Decimal(81)}
    # The median is 79; 60 alone is more than five points from it.
    assert outliers(totals, Decimal(10)) == ("an",)
    # Between two in the middle: 77 here, where 80 would name binh as well.
    totals |= {"an": Decimal(70), "binh": Decimal(74)}
    assert outliers(totals, Decimal(10)) == ("an",)
    assert (
        outliers(totals, Decimal(21)) == outliers(totals, None) == outliers({}, Decimal(10)) == ()
    )


@given(st.lists(st.integers(0, 400), max_size=13), st.integers(0, 160))
def test_an_alarm_always_names_somebody_and_quiet_names_nobody(quarters, limit):
    totals = {place: Decimal(each) / 4 for place, each in enumerate(quarters)}
    limit = Decimal(limit) / 4
    apart = [abs(a - b) for a, b in combinations(totals.values(), 2)]
    assert alarm(totals.values(), limit) == any(each > limit for each in apart)
    assert bool(outliers(totals, limit)) == alarm(totals.values(), limit)


# --- The room -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "known"),
    [
        (ranking, {"collections.abc", "cycle.points", "dataclasses", "decimal", "enum"}),
        (arithmetic, {"collections.abc", "decimal"}),
    ],
)
def test_ranking_knows_nothing_but_arithmetic(module, known):
    tree = ast.parse(Path(module.__file__).read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert modules == known
    assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))
    assert not any(
        isinstance(node, ast.Constant) and type(node.value) is float for node in ast.walk(tree)
    )
