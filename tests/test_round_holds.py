"""While a round has a dossier, its closing alone moves it: every act, at every level, either way.

Each act that has an older manual way (a result typed, a refusal, a deferral) is refused with the
round's name; a withdrawal takes the product out of the round in the same breath.
"""

from datetime import timedelta
from functools import partial
from types import SimpleNamespace

import pytest
from django.urls import reverse

from councils.judging import closing
from councils.models import Consequence, EvaluationRound, RoundEntry
from cycle.models import HistoryEntry
from cycle.models.job import run_waiting
from dossiers.law.states import AT_COUNCIL
from dossiers.models import ACTS, ConditionNotMet, Dossier, State, Task
from dossiers.walk import doors
from notifications.dispatch import dispatch
from notifications.models import Notification
from tests import judging, records
from tests.ground import kept
from tests.judging import begin, fill, judge, regulate
from tests.law_acts import HANDS_IN, authority, corrected, do
from tests.law_table import OF_A_TASK
from tests.standing import stand
from tests.world import open_cycle, open_task

pytestmark = pytest.mark.django_db

REFUSED, LEAVES, STAYS = "refused", "leaves", "stays"
#: How far the round has come: the sentence that refuses.
SITUATIONS = {
    "preparing": "Hồ sơ đang trong đợt «Đợt 1»: kết quả được ghi khi chốt đợt.",
    "open": "Hồ sơ đang trong đợt «Đợt 1»: kết quả được ghi khi chốt đợt.",
    "closed": "Đợt «Đợt 1» đã chốt, kết quả đang được ghi vào hồ sơ.",
}
#: act -> what it does to a dossier that a round has. Acts that leave it where it stands, stay.
TABLE = {
    "rank_at_district": REFUSED,
    "rank": REFUSED,
    "not_propose": REFUSED,
    "not_recognise": REFUSED,
    "defer": REFUSED,
    "carry_over": REFUSED,
    "withdraw": LEAVES,
    "choose_rubric": REFUSED,
    "attach_evidence": STAYS,
    # Names; the group of products, of which the round has the product set, is refused below.
    "correct_names": STAYS,
    "correct_details": STAYS,
    "correct_call": STAYS,
    "correct_visit": STAYS,
    "correct_support": STAYS,
    "record_payment": STAYS,
    "correct_payment": STAYS,
    "correct_promotion": STAYS,
    "correct_samples": STAYS,
    "correct_completion": STAYS,
    "correct_report": STAYS,
    "correct_inspection": STAYS,
    "correct_number": STAYS,
    "record_samples": STAYS,
}


def of_council(state):
    """The acts that begin where a council has the dossier, the round's own apart."""
    return {
        name
        for name, act in ACTS.items()
        if Dossier(state=state).stands_for(name) and (act.who is None or act.who)
    }


def test_the_table_names_every_act_that_a_dossier_before_a_council_offers():
    assert set().union(*map(of_council, AT_COUNCIL)) == set(TABLE)


def taken_by(places, state, situation):
    """A dossier that stands so before a council, its round, and who runs that."""
    p = SimpleNamespace(**places)
    at_district = state == State.DISTRICT_EVALUATING
    unit, by = (p.district, p.ha) if at_district else (p.province, p.thu)
    year, of = (p.cycle_of_three, p.old_commune) if at_district else (p.cycle, p.commune)
    regulate(unit)
    council = judging.seat(unit, by)
    dossiers = judging.before_council(year, of, p.an, 1, state=state)
    round_ = begin(council, year, dossiers, by, open_it=situation != "preparing")
    if situation == "closed":
        for number in range(5):
            fill(round_.entries.get(), judge(council, number))
        judging.close(round_, by=by)
    return Dossier.objects.with_units().get(pk=dossiers[0].pk), round_, by


@pytest.fixture
@kept
def places(province, district, cycle, cycle_of_three, commune, old_commune, an, thu, ha):
    """Where a round may be, and who is there."""
    return {
        "province": province, "district": district, "commune": commune,
        "old_commune": old_commune, "cycle": cycle, "cycle_of_three": cycle_of_three,
        "an": an, "thu": thu, "ha": ha,
    }  # fmt: skip


@pytest.fixture
def taken(places):
    """A dossier in a round: ``taken(state, situation)`` gives it and its round."""
    return partial(taken_by, places)


@pytest.fixture
@kept
def taken_so(places, state, situation):
    """The same by the parameters of the test."""
    return taken_by(places, state, situation)


@pytest.mark.parametrize(
    ("state", "situation", "act"),
    [
        (state, situation, act)
        for state in sorted(AT_COUNCIL)
        for situation in SITUATIONS
        for act in sorted(of_council(state))
    ],
)
def test_what_each_act_does_to_a_dossier_that_a_round_has(state, act, situation, taken_so, moi):
    dossier, round_, by = taken_so
    given = HANDS_IN.get(act, dict)()
    if act == "choose_rubric":
        given = {"rubric": dossier.rubrics().first()}
    if act == "carry_over":
        year = dossier.cycle
        given = {"cycle": open_cycle(year.rule_set, year.year + 1, title="Năm sau")}
    expected = TABLE[act]
    if expected == LEAVES and situation == "closed":
        expected = REFUSED
    written = HistoryEntry.objects.count()
    if expected == REFUSED:
        with pytest.raises(ConditionNotMet) as refused:
            do(dossier, act, moi, **given)
        if act != "choose_rubric":
            assert str(refused.value.messages[0]) == SITUATIONS[situation]
        assert HistoryEntry.objects.count() == written
        assert Dossier.objects.get(pk=dossier.pk).state == state
        # And the round goes its way.
        if situation == "closed":
            run_waiting()
            assert not Consequence.objects.filter(applied_at=None).exists()
        return
    do(dossier, act, moi, **given)
    entry = round_.entries.get()
    if expected == STAYS:
        assert (
            entry.live == (situation != "closed")
            and Dossier.objects.get(pk=dossier.pk).state == state
        )
        return
    assert not entry.live and Dossier.objects.get(pk=dossier.pk).state == State.WITHDRAWN
    said = HistoryEntry.objects.get(event="round.leave")
    assert (said.stream_id, said.actor, said.reason) == (round_.pk, moi, "Theo biên bản")
    assert said.data["dossier"] == dossier.pk
    if situation == "open":
        # Nothing is left to judge: it closes without a meeting, and nothing follows.
        assert closing.close(round_, by=by).results.count() == 0


@pytest.mark.parametrize("state", sorted(AT_COUNCIL))
def test_without_a_round_the_manual_way_is_open(state, taken, moi):
    dossier, round_, by = taken(state, "preparing")
    round_.drop(round_.entries.get(), by=by, reason="Nhầm")
    act = "rank_at_district" if state == State.DISTRICT_EVALUATING else "rank"
    do(dossier, act, moi, record=records.evaluation(), paper=records.signed_paper())
    assert Dossier.objects.get(pk=dossier.pk).state != state


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("state", sorted(AT_COUNCIL))
def test_the_group_by_which_a_round_judges_is_not_corrected_meanwhile(
    state, situation, taken_so, moi
):
    dossier, _round, _by = taken_so
    written = HistoryEntry.objects.count()
    signed = {"paper": records.signed_paper()}
    with pytest.raises(ConditionNotMet, match="không đổi nhóm sản phẩm được nữa"):
        do(dossier, "correct_names", moi, **signed, **corrected(product_group="drink"))
    assert Dossier.objects.get(pk=dossier.pk).product.group == "food"
    assert HistoryEntry.objects.count() == written


def test_an_authority_of_another_round_is_none(taken, moi):
    dossier, _round, _by = taken(State.PROVINCE_EVALUATING, "open")
    with pytest.raises(ConditionNotMet):
        do(dossier, "rank", moi, record=records.evaluation(), authority=authority(dossier, moi))


def test_a_result_that_an_old_closing_never_wrote_holds_nothing_later(taken, moi):
    dossier, round_, by = taken(State.PROVINCE_EVALUATING, "closed")
    stand(dossier, State.WITHDRAWN, stars=None, points_sum=None, sheets=None)
    run_waiting()
    assert Consequence.objects.get().applied_at is None
    later = round_.closings.get().at
    dossier = stand(
        Dossier.objects.get(pk=dossier.pk),
        State.PROVINCE_EVALUATING,
        stars=None,
        points_sum=None,
        sheets=None,
        moved_at=later + timedelta(seconds=1),
    )
    assert dossier.held() is None
    assert list(round_.awaiting()) == [dossier]


def test_the_page_of_the_task_says_in_which_round_it_is_and_offers_no_form(taken, thu, client):
    dossier, round_, _by = taken(State.PROVINCE_EVALUATING, "open")
    task = open_task(dossier)
    client.force_login(thu)
    text = client.get(reverse("dossiers:task", args=[task.pk])).content.decode()
    assert SITUATIONS["open"] in text
    assert "rank-evaluation-points_sum" not in text
    answer = client.post(
        reverse("dossiers:task", args=[task.pk]),
        {"act": "not_recognise", "not_recognise-reason-reason": "Không đạt"},
    )
    assert SITUATIONS["open"] in answer.content.decode()
    assert Task.objects.get(pk=task.pk).is_open


def test_who_scores_and_the_office_hear_that_a_product_left(taken, an):
    dossier, round_, _by = taken(State.PROVINCE_EVALUATING, "open")
    doors.act(dossier.process, "withdraw", by=an, reason="Chủ thể đề nghị")
    while dispatch():
        pass
    told = Notification.objects.filter(entry__event="round.leave")
    judges = {judge(round_.council, number).user.username for number in range(5)}
    assert set(told.values_list("recipient__username", flat=True)) == judges | {"thu"}


def test_the_table_of_task_acts_and_of_free_acts_is_one():
    assert set(TABLE) & OF_A_TASK == {"rank_at_district", "rank", "not_propose", "not_recognise"}


# --- Opened again: a way back for each outcome -----------------------------------------------------


@pytest.mark.parametrize("state", sorted(AT_COUNCIL))
def test_an_elimination_in_error_comes_back_when_its_round_is_opened_again(state, taken):
    dossier, round_, by = taken(state, "open")
    entry = round_.entries.get()
    for number in range(5):
        fill(entry, judge(round_.council, number))
    out = entry.rubric.eliminations.first()
    round_.resolve(entry, elimination=out, holds=True, reason="Hồ sơ giả", by=by)
    judging.close(round_, by=by)
    run_waiting()
    dossier.lock()
    out_at = {
        State.DISTRICT_EVALUATING: State.NOT_PROPOSED,
        State.PROVINCE_EVALUATING: State.NOT_RECOGNISED,
    }
    assert (dossier.state, dossier.stars) == (out_at[state], None)
    closing.reopen(round_, by=by, reason="Nhầm hồ sơ", document=judging.paper("15/VB"))
    dossier.lock()
    assert dossier.state == state and RoundEntry.objects.get().live
    round_.resolve(
        entry, elimination=out, holds=False, reason="Hồ sơ thật", correction="Sai", by=by
    )
    judging.close(EvaluationRound.objects.get(pk=round_.pk), by=by)
    run_waiting()
    dossier.lock()
    assert dossier.stars == 5


def test_who_was_refused_by_somebody_else_stays_refused_when_the_round_is_opened_again(taken, moi):
    dossier, round_, by = taken(State.PROVINCE_EVALUATING, "closed")
    run_waiting()
    do(
        Dossier.objects.get(pk=dossier.pk),
        "not_recognise",
        moi,
        paper=records.signed_paper(),
    )
    closing.reopen(round_, by=by, reason="Khiếu nại", document=judging.paper("15/VB"))
    assert Dossier.objects.get(pk=dossier.pk).state == State.NOT_RECOGNISED
    # Nothing in it waits: it can be closed again.
    made = closing.close(EvaluationRound.objects.get(pk=round_.pk), by=by)
    assert made.results.count() == 0
