"""What follows from what a council says: level × edition × outcome, by a round and by a typed result.

The outcome decides at every level: who is eliminated goes nowhere and has a way back; who misses a
minimum goes where its stars allow, whatever its points; points alone count where the edition says so.
"""

import pytest

from cycle import rubrics
from cycle.models import Level, RuleSet
from cycle.models.job import run_waiting
from dossiers.models import ConditionNotMet, Dossier, State
from dossiers.walk import doors
from tests import judging, records
from tests.judging import begin, best, fill, judge, regulate, worst
from tests.law_acts import HANDS_IN, do
from tests.rubric_files import of
from tests.world import open_cycle, open_task

pytestmark = pytest.mark.django_db

EVALUATING = {
    Level.DISTRICT: State.DISTRICT_EVALUATING,
    Level.PROVINCE: State.PROVINCE_EVALUATING,
}
JUDGED = {Level.DISTRICT: State.DISTRICT_RANKED, Level.PROVINCE: State.RANKED}
OUT = {Level.DISTRICT: State.NOT_PROPOSED, Level.PROVINCE: State.NOT_RECOGNISED}
RANK = {Level.DISTRICT: "rank_at_district", Level.PROVINCE: "rank"}
REFUSE = {Level.DISTRICT: "not_propose", Level.PROVINCE: "not_recognise"}
#: What takes a judged dossier on, by level.
ON = {Level.DISTRICT: ["forward_to_province"], Level.PROVINCE: ["propose_recognition"]}

#: An edition like QĐ 148/2023, whose district has minimums: as it might be written.
LIKE_148 = {
    "by_points": {"min_points": 70},
    "by_stars": {"min_stars": 4},
    "by_both": {"min_points": 70, "min_stars": 4},
    "three_stars": {"min_stars": 3},
}


@pytest.fixture
def year(rule_sets, cycle, cycle_of_three):
    """A cycle under an edition: ``year("qd1048")``, or one of LIKE_148."""

    def made(edition):
        if edition == "qd26":
            return cycle
        if edition == "qd1048":
            return cycle_of_three
        base = rule_sets["qd1048_2019"]
        content = base.content | {
            "parts": rule_sets["qd26_2026"].content["parts"],
            "goes_up": base.content["goes_up"] | {"district": LIKE_148[edition]},
        }
        like = RuleSet.objects.create(
            edition=f"like_148_{edition}",
            title=edition,
            document="Thử",
            valid_from=base.valid_from,
            content=content,
            content_hash=edition.ljust(64, "0"),
        )
        rubrics.load(like, [of("qd26_2026", 1)])
        return open_cycle(like, 2023, edition)

    return made


@pytest.fixture
def before(year, commune, old_commune, district, province, an, moi):
    """A dossier before the council of a level under an edition, with the council's unit."""

    def made(edition, level):
        cycle = year(edition)
        unit = commune if edition == "qd26" else old_commune
        [dossier] = judging.before_council(cycle, unit, an, 1, state=EVALUATING[level])
        return dossier, district if level == Level.DISTRICT else province

    return made


def missing_four(_criterion, options):
    """Used as a mark: see :func:`judging.missing_four`."""


def in_a_round(dossier, unit, by, wish, eliminated):
    """The council scores in a round, and what follows from the closing has followed."""
    regulate(unit)
    council = judging.seat(unit, by)
    round_ = begin(council, dossier.cycle, [dossier], by)
    entry = round_.entries.get()
    options = judging.missing_four(entry.rubric)[0] if wish is missing_four else None
    for number in range(5):
        member = judge(council, number)
        if options is None:
            fill(entry, member, wish)
        else:
            picked = {option.criterion_id: option for option in options}
            fill(entry, member, lambda criterion, _o, picked=picked: picked[criterion.pk])
    if eliminated:
        out = entry.rubric.eliminations.first()
        round_.resolve(entry, elimination=out, holds=True, reason="Hồ sơ giả", by=by)
    judging.close(round_, by=by)
    run_waiting()
    return Dossier.objects.with_units().get(pk=dossier.pk)


def may_go_on(dossier, level):
    return not any(dossier.why_not(act) for act in ON[level])


#: edition, level, what the sheets say, stars that follow, whether it may go on.
BY_ROUND = [
    ("qd1048", Level.DISTRICT, best, 5, True),
    ("qd1048", Level.DISTRICT, worst, 1, False),
    ("qd1048", Level.PROVINCE, best, 5, True),
    ("qd1048", Level.PROVINCE, worst, 1, False),
    ("qd26", Level.PROVINCE, best, 5, True),
    ("qd26", Level.PROVINCE, missing_four, 3, True),
    ("qd26", Level.PROVINCE, worst, 1, False),
    ("by_stars", Level.DISTRICT, best, 5, True),
    # 75 points with one minimum of four stars missed.
    ("by_stars", Level.DISTRICT, missing_four, 3, False),
    ("by_both", Level.DISTRICT, missing_four, 3, False),
    ("by_points", Level.DISTRICT, missing_four, 3, True),
    ("three_stars", Level.DISTRICT, missing_four, 3, True),
]


@pytest.mark.parametrize(("edition", "level", "wish", "stars", "goes_on"), BY_ROUND)
def test_what_the_sheets_say_decides(edition, level, wish, stars, goes_on, before, moi):
    dossier, unit = before(edition, level)
    dossier = in_a_round(dossier, unit, moi, wish, eliminated=False)
    assert (dossier.state, dossier.stars) == (JUDGED[level], stars)
    assert may_go_on(dossier, level) is goes_on
    if not goes_on:
        with pytest.raises(ConditionNotMet):
            doors.complete(open_task(dossier), ON[level][0], by=moi)
    # The refusal is always there, with its reason and its document.
    do(dossier, REFUSE[level], moi, **HANDS_IN.get(REFUSE[level], dict)())
    assert Dossier.objects.get(pk=dossier.pk).state == OUT[level]


@pytest.mark.parametrize(
    ("edition", "level"),
    [
        ("qd1048", Level.DISTRICT),
        ("qd1048", Level.PROVINCE),
        ("qd26", Level.PROVINCE),
        *((edition, Level.DISTRICT) for edition in LIKE_148),
    ],
)
def test_who_is_eliminated_goes_nowhere_and_has_a_way_back(edition, level, before, moi):
    dossier, unit = before(edition, level)
    dossier = in_a_round(dossier, unit, moi, best, eliminated=True)
    assert (dossier.state, dossier.stars, dossier.points_sum) == (OUT[level], None, None)
    said = dossier.history.order_by("seq").last()
    assert said.event == f"dossier.{REFUSE[level]}"
    assert "Hồ sơ giả" in said.reason or "bị loại" in said.reason
    assert not dossier.evaluations.exists()
    assert dossier.open_task() is None
    doors.act(dossier.process, "reopen", by=moi, reason="Đã bổ sung")
    assert Dossier.objects.get(pk=dossier.pk).state == State.ASSEMBLING


@pytest.mark.parametrize("rule", LIKE_148.values())
def test_without_stars_nothing_goes_up(rule):
    law = RuleSet(content={"goes_up": {"district": rule}})
    assert not law.goes_up("district", stars=None, points_sum=500, sheets=5)


#: edition, level, stars and points as somebody types them, whether it may go on.
TYPED = [
    ("qd1048", Level.DISTRICT, 2, "249.99", False),
    ("qd1048", Level.DISTRICT, 3, "250", True),
    ("qd1048", Level.PROVINCE, 2, "249.99", False),
    ("qd1048", Level.PROVINCE, 3, "250", True),
    ("qd26", Level.PROVINCE, 2, "375", False),
    ("qd26", Level.PROVINCE, 3, "375", True),
    ("by_stars", Level.DISTRICT, 3, "375", False),
    ("by_stars", Level.DISTRICT, 4, "375", True),
    ("by_both", Level.DISTRICT, 3, "375", False),
    ("by_both", Level.DISTRICT, 4, "375", True),
    ("by_both", Level.DISTRICT, 3, "349.99", False),
    ("three_stars", Level.DISTRICT, 2, "375", False),
]


@pytest.mark.parametrize(("edition", "level", "stars", "points", "goes_on"), TYPED)
def test_what_is_typed_decides_the_same(edition, level, stars, points, goes_on, before, moi):
    dossier, _unit = before(edition, level)
    signed = {"record": records.evaluation(points, 5, stars), "paper": records.signed_paper()}
    do(dossier, RANK[level], moi, **signed)
    dossier = Dossier.objects.with_units().get(pk=dossier.pk)
    assert dossier.state == JUDGED[level]
    assert may_go_on(dossier, level) is goes_on


@pytest.mark.parametrize("level", EVALUATING)
def test_an_elimination_is_typed_at_each_level(level, before, moi):
    dossier, _unit = before("qd1048", level)
    given = HANDS_IN.get(REFUSE[level], dict)()
    do(dossier, REFUSE[level], moi, reason="Hội đồng kết luận bị loại", **given)
    dossier = Dossier.objects.with_units().get(pk=dossier.pk)
    assert (dossier.state, dossier.stars) == (OUT[level], None)
