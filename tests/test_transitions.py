"""The law, act by act: where each begins, where it leads, what it asks, and its answer when refused."""

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import django_fsm as fsm
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from cycle import clock, events
from cycle.models import Level, RuleSet
from dossiers.law.states import LIVE
from dossiers.models import (
    ACTS,
    ActNotPossible,
    ConditionNotMet,
    Dossier,
    State,
)
from tests import records
from tests.ground import kept
from tests.law_acts import HANDS_IN, authority, do, who_does
from tests.law_table import (
    AT_WORK,
    LAW,
    NEEDS_PAPER,
    NEEDS_REASON,
    NO_COUNCIL_YET,
    OF_A_TASK,
    OF_THE_DISTRICT,
    ON_AUTHORITY,
    PROPOSES,
    UNDECIDED,
    S,
)
from tests.owning import save_as_owner
from tests.standing import stand, with_compulsory_papers
from tests.world import certified_before, open_cycle, open_dossier, open_task
from tests.world import events as recorded

#: What begins here by its state and is refused by the edition or by 80 points and four stars.
REFUSED_UNDER_TWO = {
    *(("choose_rubric", state) for state in NO_COUNCIL_YET),
    ("forward_to_district", S.COMMUNE_CHECKED),
    ("nominate", S.AWAITING_DECISION),
    ("approve_result", S.AWAITING_DECISION),
    ("evaluate_again", S.RANKED),
    ("evaluate_again", S.AWAITING_DECISION),
    ("report_revocation", S.CERTIFIED),
    ("report_revocation", S.PROMOTED),
}
REFUSED_UNDER_THREE = {
    *(("choose_rubric", state) for state in NO_COUNCIL_YET),
    ("forward_to_province", S.COMMUNE_CHECKED),
    ("nominate", S.AWAITING_DECISION),
    ("approve_result", S.AWAITING_DECISION),
    ("evaluate_again", S.RANKED),
    ("evaluate_again", S.AWAITING_DECISION),
    ("report_revocation", S.CERTIFIED),
    ("report_revocation", S.PROMOTED),
}


def refusal(dossier, act, by, **given):
    """The sentences that answer an act which is not yet possible; nothing is left behind."""
    before = recorded(dossier)
    with pytest.raises(ConditionNotMet) as refused:
        do(dossier, act, by, **given)
    assert recorded(dossier) == before
    return [str(message) for message in refused.value.messages]


# --- The table ------------------------------------------------------------------------------


def test_the_table_names_every_act_and_every_act_is_registered_as_an_event():
    assert set(LAW) == set(ACTS)
    assert {f"dossier.{act}" for act in LAW} | {"dossier.open", "dossier.correct_paper"} == {
        event for event in events.registered() if event.startswith("dossier.")
    }
    assert {act for act, custom in ACTS.items() if custom.door == "task"} == OF_A_TASK
    assert {act for act, custom in ACTS.items() if custom.reason} == NEEDS_REASON
    assert {act for act, custom in ACTS.items() if custom.paper} == NEEDS_PAPER
    assert {act for act, custom in ACTS.items() if custom.sends_up} == PROPOSES
    assert {act for act, custom in ACTS.items() if custom.who == frozenset()} == ON_AUTHORITY


@pytest.mark.parametrize("act", LAW)
def test_an_act_begins_in_its_states_and_in_no_other(act):
    begins, _ = LAW[act]
    assert {state for state in State if Dossier(state=state).stands_for(act)} == begins
    for state in set(State) - begins:
        dossier = Dossier(state=state)
        with pytest.raises(fsm.TransitionNotAllowed):
            getattr(dossier, act)()
        assert dossier.state == state


@pytest.mark.parametrize("act", LAW)
def test_an_act_leads_where_the_table_says(act):
    begins, leads = LAW[act]
    targets = set()
    for state in begins:
        target = getattr(Dossier, act)._django_fsm.get_transition(state).target
        if target is not None:
            targets |= set(getattr(target, "allowed_states", [target]))
    assert targets == (leads or set())


@pytest.fixture
@kept
def filed(edition, cycle, cycle_of_three, commune, old_commune, moi):
    """A dossier that was filed in a year of the edition, with the year."""
    year, unit = (cycle, commune) if edition == "two" else (cycle_of_three, old_commune)
    dossier = open_dossier(year, unit, moi)
    with_compulsory_papers(dossier, moi)
    stand(dossier, S.ASSEMBLING)
    do(dossier, "submit_dossier", moi, record=records.self_assessment())
    return dossier, year


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("edition", "state"),
    [
        (edition, state)
        for edition in ("two", "three")
        for state in State
        # Under two levels no district evaluates: there is no such task to stand at.
        if edition == "three" or state not in OF_THE_DISTRICT
    ],
)
def test_every_act_in_every_state_through_the_doors(edition, state, filed, moi):
    refused = REFUSED_UNDER_TWO if edition == "two" else REFUSED_UNDER_THREE
    dossier, year = filed
    following = open_cycle(year.rule_set, year.year + 1, title="Năm sau")
    dossier = stand(dossier, state)
    waiting = dossier.tasks.open().exists()
    assert waiting == (state in LIVE)
    for act, (begins, leads) in LAW.items():
        if act in OF_A_TASK and not waiting:
            assert state not in begins
            continue
        given = HANDS_IN.get(act, dict)()
        if act == "reopen" and state == S.DEFERRED:
            given["cycle"] = year
        if act == "carry_over":
            given["cycle"] = following
        if act == "forward_to_province" and state == S.DISTRICT_RANKED:
            given["paper"] = records.signed_paper(signer_capacity="Chủ tịch UBND huyện")
        if act in ON_AUTHORITY:
            given["authority"] = authority(dossier, moi)
        with transaction.atomic():
            written = dossier.history.count()
            by = who_does(dossier, act, moi) if waiting else moi
            if state not in begins:
                with pytest.raises(ActNotPossible):
                    do(dossier, act, by, **given)
            elif (act, state) in refused:
                with pytest.raises(ConditionNotMet):
                    do(dossier, act, by, **given)
            else:
                do(dossier, act, by, **given)
                now = Dossier.objects.get(pk=dossier.pk).state
                assert now in (leads or {state}), act
                assert dossier.history.count() == written + 1
                assert dossier.tasks.open().count() == (now in LIVE)
                # A task or a walk left behind would show here, not only at the commit.
                transaction.get_connection().check_constraints()
            transaction.set_rollback(True)


@pytest.mark.django_db
def test_only_a_round_that_names_it_and_was_closed_by_them_puts_it_back(dossier, moi, thu):
    dossier = stand(dossier, S.RANKED)
    other = authority(SimpleNamespace(pk=dossier.pk + 1), moi)
    for given in ({}, {"authority": other}, {"authority": authority(dossier, thu)}):
        with pytest.raises(PermissionDenied):
            do(dossier, "judge_again", moi, **given)
    do(dossier, "judge_again", moi, authority=authority(dossier, moi))
    assert Dossier.objects.get(pk=dossier.pk).state == S.PROVINCE_EVALUATING


# --- What an act asks, and its sentence -----------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("act", "state", "sentences"),
    [
        ("register_idea", S.POTENTIAL, ["Hồ sơ chưa có phiếu đăng ký ý tưởng."]),
        ("complete_idea", S.IDEA_RETURNED, ["Hồ sơ chưa có phiếu đăng ký ý tưởng."]),
        ("refile_idea", S.IDEA_NOT_SELECTED, ["Hồ sơ chưa có phiếu đăng ký ý tưởng."]),
        ("submit_plan", S.IDEA_SELECTED, ["Hồ sơ chưa có phương án sản xuất kinh doanh."]),
        ("complete_plan", S.PLAN_RETURNED, ["Hồ sơ chưa có phương án sản xuất kinh doanh."]),
        ("refile_plan", S.PLAN_NOT_APPROVED, ["Hồ sơ chưa có phương án sản xuất kinh doanh."]),
        ("declare_ready", S.IMPLEMENTING, ["Hồ sơ chưa có kết quả triển khai."]),
        (
            "submit_dossier",
            S.ASSEMBLING,
            ["Hồ sơ chưa có bản tự đánh giá.", "{missing}"],
        ),
        ("receive_directly", S.ASSEMBLING, ["Hồ sơ chưa có bản tự đánh giá.", "{missing}"]),
        ("confirm_dossier", S.DOSSIER_SUBMITTED, ["Hồ sơ chưa có báo cáo của xã.", "{missing}"]),
        ("supplement", S.SUPPLEMENT_REQUESTED, ["{missing}"]),
        (
            "forward_to_district",
            S.COMMUNE_CHECKED,
            ["Theo bộ quy định này hồ sơ chuyển thẳng lên tỉnh."],
        ),
        ("rank", S.PROVINCE_EVALUATING, ["Chưa có kết quả của hội đồng."]),
        ("record_centre_result", S.AT_CENTRE, ["Chưa có kết quả của hội đồng."]),
        ("certify", S.AWAITING_DECISION, ["Chưa ghi ngày cấp giấy chứng nhận."]),
        ("nominate", S.AWAITING_DECISION, ["Kết quả chưa đạt mức trình trung ương."]),
        ("promote", S.CERTIFIED, ["Chưa ghi hoạt động xúc tiến nào."]),
        ("reopen", S.DEFERRED, ["Bạn chưa chọn chu trình để mở lại hồ sơ."]),
    ],
)
def test_an_act_says_what_is_missing(act, state, sentences, dossier, moi):
    dossier = stand(dossier, state)
    missing = "; ".join(dossier.missing_evidence())
    by = who_does(dossier, act, moi)
    of_centre = act == "record_centre_result"
    paper = records.ministry_paper() if of_centre else records.signed_paper()
    assert refusal(dossier, act, by, paper=paper) == [
        sentence.format(missing=f"Hồ sơ còn thiếu: {missing}.") for sentence in sentences
    ]
    assert Dossier.objects.get(pk=dossier.pk).state == state


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("act", "state", "result", "sentence"),
    [
        (
            "forward_to_province",
            S.COMMUNE_CHECKED,
            {},
            "Theo bộ quy định này hồ sơ phải qua cấp huyện.",
        ),
        (
            "forward_to_province",
            S.DISTRICT_RANKED,
            {"stars": 2, "points_sum": "249.99", "sheets": 5},
            "Kết quả cấp huyện chưa đạt mức được đề nghị lên tỉnh.",
        ),
        ("rank_at_district", S.DISTRICT_EVALUATING, {}, "Chưa có kết quả của hội đồng."),
    ],
)
def test_an_act_of_three_levels_says_what_is_missing(
    act, state, result, sentence, dossier_of_three, moi
):
    dossier = stand(dossier_of_three, state, **result)
    by = who_does(dossier, act, moi)
    assert refusal(dossier, act, by, paper=records.signed_paper()) == [sentence]


@pytest.mark.django_db
def test_two_stars_are_not_proposed_for_recognition(dossier, moi):
    dossier = stand(dossier, S.RANKED, stars=2, points_sum="349.99")
    assert refusal(dossier, "propose_recognition", moi) == [
        "Chỉ sản phẩm từ 3 sao mới được đề nghị công nhận."
    ]


@pytest.mark.django_db
def test_five_stars_are_the_centres_to_certify(dossier, moi):
    dossier = stand(dossier, S.AWAITING_DECISION, stars=5, points_sum="630")
    assert refusal(
        dossier, "certify", moi, paper=records.signed_paper(), record=records.certificate()
    ) == ["Hạng sao này do trung ương công nhận: hãy trình trung ương."]


@pytest.mark.django_db
def test_the_centre_is_asked_once(dossier, moi):
    dossier = stand(dossier, S.AWAITING_DECISION, stars=5, points_sum="630")
    assert refusal(dossier, "nominate", moi, paper=records.signed_paper()) == [
        "Chưa ghi quyết định phê duyệt kết quả của Chủ tịch UBND tỉnh."
    ]
    do(dossier, "approve_result", moi, paper=records.signed_paper(number="88/QĐ-UBND"))
    do(dossier, "record_samples", moi, record=records.samples(for_centre=True))
    do(dossier, "nominate", moi, paper=records.signed_paper())
    do(
        dossier,
        "record_centre_result",
        moi,
        paper=records.ministry_paper(),
        record=records.evaluation("630", 7, stars=4),
    )
    do(dossier, "propose_recognition", moi)
    assert refusal(dossier, "nominate", moi, paper=records.signed_paper()) == [
        "Trung ương đã có kết quả cho hồ sơ này."
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("act", sorted(NEEDS_REASON))
@pytest.mark.parametrize("reason", ["", "   "])
def test_what_needs_a_reason_is_refused_without_one(act, reason, dossier_of_three, moi):
    state = sorted(LAW[act][0])[0]
    dossier = stand(dossier_of_three, state)
    given = HANDS_IN.get(act, dict)()
    assert refusal(dossier, act, moi, reason=reason, **given) == ["Bạn chưa nêu lý do."]


@pytest.mark.django_db
def test_a_plan_waits_as_long_as_its_edition_says(rule_sets, commune, moi):
    law = rule_sets["qd26_2026"]
    waiting = RuleSet.objects.create(
        edition="waits",
        title="Có thời gian chờ",
        document="Quy chế",
        valid_from=date(2026, 1, 1),
        content=law.content | {"refile_wait_days": {"idea": 0, "plan": 5}},
        content_hash="0" * 64,
    )
    dossier = stand(open_dossier(open_cycle(waiting, 2026), commune, moi), S.PLAN_CHECKED)
    do(dossier, "not_approve_plan", moi)
    today = clock.today()
    assert refusal(dossier, "refile_plan", moi, record=records.plan()) == [
        f"Được nộp lại phương án từ ngày {today + timedelta(days=5):%d/%m/%Y}."
    ]
    with clock.at(clock.now() + timedelta(days=5)):
        do(dossier, "refile_plan", moi, record=records.plan())
    assert Dossier.objects.get(pk=dossier.pk).state == S.PLAN_SUBMITTED


@pytest.mark.django_db
def test_an_idea_waits_seven_days_under_851_and_no_day_less(cycle_of_851, old_commune, moi):
    dossier = stand(open_dossier(cycle_of_851, old_commune, moi), S.IDEA_SCREENED)
    do(dossier, "not_select_idea", moi)
    day = clock.today() + timedelta(days=7)
    with clock.at(clock.now() + timedelta(days=6)):
        assert refusal(dossier, "refile_idea", moi, record=records.idea()) == [
            f"Được nộp lại ý tưởng từ ngày {day:%d/%m/%Y}."
        ]


@pytest.mark.django_db
def test_a_result_of_an_earlier_sitting_is_not_a_result_of_this_one(dossier, moi):
    dossier = stand(dossier, S.PROVINCE_EVALUATING)
    with_compulsory_papers(dossier, moi)
    do(dossier, "rank", moi, paper=records.signed_paper(), record=records.evaluation())
    do(dossier, "not_recognise", moi, paper=records.signed_paper())
    do(dossier, "reopen", moi)
    dossier = stand(Dossier.objects.get(pk=dossier.pk), S.AT_PROVINCE, stars=None, points_sum=None, sheets=None)  # fmt: skip
    do(dossier, "accept_at_province", moi)
    assert refusal(dossier, "rank", moi, paper=records.signed_paper()) == [
        "Chưa có kết quả của hội đồng."
    ]


# --- Going on elsewhere ---------------------------------------------------------------------


@pytest.mark.django_db
def test_a_dossier_does_not_go_back_to_an_earlier_cycle(dossier, rule_sets, moi):
    dossier = stand(dossier, S.DEFERRED)
    earlier = open_cycle(rule_sets["qd26_2026"], 2025)
    assert refusal(dossier, "reopen", moi, cycle=earlier) == [
        "Chu trình mới không thể sớm hơn chu trình cũ."
    ]


def merge(old_commune, *into):
    """The reorganisation of 1/7/2025: the old commune ends, others succeed it."""
    old_commune.valid_to = date(2025, 6, 30)
    save_as_owner(old_commune)
    old_commune.successors.set(into)


@pytest.mark.django_db
def test_a_dossier_of_a_merged_commune_goes_on_at_its_successor(
    dossier_of_three, rule_sets, old_commune, commune, moi
):
    dossier = stand(dossier_of_three, S.DEFERRED)
    merge(old_commune, commune)
    do(dossier, "reopen", moi, cycle=open_cycle(rule_sets["qd26_2026"], 2026))
    dossier = Dossier.objects.get(pk=dossier.pk)
    assert (dossier.commune, dossier.rule_set.edition) == (commune, "qd26_2026")
    assert open_task(dossier).org_unit == commune


@pytest.mark.django_db
def test_a_dossier_of_a_divided_commune_waits_for_a_choice(
    dossier_of_three, rule_sets, old_commune, commune, other_commune, moi
):
    dossier = stand(dossier_of_three, S.DEFERRED)
    merge(old_commune, commune, other_commune)
    following = open_cycle(rule_sets["qd26_2026"], 2026)
    assert refusal(dossier, "reopen", moi, cycle=following) == [
        "Xã cũ đã được sắp xếp lại: cần chọn xã mới trước."
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("parked_from", "goes_on"),
    [
        (S.IDEA_NOT_SELECTED, S.POTENTIAL),
        (S.PLAN_NOT_APPROVED, S.IDEA_SELECTED),
        (S.NOT_RECOGNISED, S.ASSEMBLING),
        (S.NOT_PROPOSED, S.ASSEMBLING),
        # Before the filing each goes on where it stood, behind it with a new file.
        *((state, state) for state in sorted(AT_WORK - UNDECIDED)),
        *((state, S.ASSEMBLING) for state in sorted(UNDECIDED)),
    ],
)
def test_a_parked_dossier_goes_on_where_the_law_lets_it(parked_from, goes_on, dossier, moi):
    dossier = stand(dossier, S.WITHDRAWN, parked_from=parked_from)
    do(dossier, "reopen", moi)
    dossier = Dossier.objects.get(pk=dossier.pk)
    assert (dossier.state, dossier.parked_from) == (goes_on, "")
    if goes_on == S.ASSEMBLING:
        assert (dossier.stars, dossier.points_sum, dossier.sheets) == (None, None, None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("entered_as", "state", "skipped", "case_type"),
    [
        ("existing", S.IDEA_SELECTED, 1, "first"),
        ("existing", S.IMPLEMENTING, 2, "first"),
        ("existing", S.ASSEMBLING, 3, "first"),
        ("upgrade", S.ASSEMBLING, 3, "upgrade"),
        ("reevaluation", S.ASSEMBLING, 3, "reevaluation"),
    ],
)
def test_a_late_entry_counts_what_it_skips(entered_as, state, skipped, case_type, dossier, moi):
    certified_before(dossier.product, dossier.cycle, dossier.commune)
    do(dossier, "enter_late", moi, entered_as=entered_as, state=state)
    dossier = Dossier.objects.get(pk=dossier.pk)
    assert (dossier.state, dossier.skipped, dossier.case_type) == (state, skipped, case_type)


@pytest.mark.django_db
def test_a_bypassed_commune_is_counted(dossier, dossier_of_three, moi):
    for file, goes_to in ((dossier, S.AT_PROVINCE), (dossier_of_three, S.AT_DISTRICT)):
        file = stand(file, S.ASSEMBLING)
        with_compulsory_papers(file, moi)
        do(file, "receive_directly", moi, record=records.self_assessment())
        file = Dossier.objects.get(pk=file.pk)
        assert (file.state, file.bypassed_commune) == (goes_to, True)


# --- Stars at the edges ---------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("points_sum", "sheets", "shown", "best"),
    [
        ("349.93", 7, "49.99", 2),
        ("349.99", 7, "49.99", 2),  # 49.998…: never rounded up into a band
        ("350", 7, "50", 3),
        ("149.99", 3, "49.99", 2),
        ("489.93", 7, "69.99", 3),
        ("489.99", 7, "69.99", 3),
        ("490", 7, "70", 4),
        ("629.93", 7, "89.99", 4),
        ("629.99", 7, "89.99", 4),
        ("630", 7, "90", 5),
        ("1169.99", 13, "89.99", 4),
        ("1170", 13, "90", 5),
    ],
)
def test_stars_are_no_more_than_the_exact_mean_allows(
    points_sum, sheets, shown, best, dossier, moi
):
    dossier = stand(dossier, S.PROVINCE_EVALUATING)
    if best < 5:
        with pytest.raises(ValidationError) as refused:
            do(
                dossier,
                "rank",
                moi,
                paper=records.signed_paper(),
                record=records.evaluation(points_sum, sheets, best + 1),
            )
        (message,) = refused.value.message_dict["stars"]
        assert f"chỉ đạt {best} sao" in message
    do(
        dossier,
        "rank",
        moi,
        paper=records.signed_paper(),
        record=records.evaluation(points_sum, sheets, best),
    )
    dossier = Dossier.objects.get(pk=dossier.pk)
    assert (dossier.stars, dossier.mean) == (best, Decimal(shown))


@pytest.mark.django_db
def test_fewer_stars_than_the_points_is_the_councils_right(dossier, moi):
    dossier = stand(dossier, S.PROVINCE_EVALUATING)
    do(dossier, "rank", moi, paper=records.signed_paper(), record=records.evaluation("525", 7, 3))
    assert Dossier.objects.get(pk=dossier.pk).stars == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("points_sum", "sheets", "field"),
    [("700.01", 7, "points_sum"), ("-1", 7, "points_sum"), (None, None, "points_sum"), ("560", None, "sheets"), (None, 7, "sheets")],
)  # fmt: skip
def test_a_mean_that_cannot_be_is_named_at_its_field(points_sum, sheets, field, dossier, moi):
    dossier = stand(dossier, S.PROVINCE_EVALUATING)
    with pytest.raises(ValidationError) as refused:
        do(
            dossier,
            "rank",
            moi,
            paper=records.signed_paper(),
            record=records.evaluation(points_sum, sheets, 3),
        )
    assert list(refused.value.message_dict) == [field]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("edition", "level", "stars", "points_sum", "sheets", "goes_up"),
    [
        ("qd1048_2019", Level.DISTRICT, 2, "249.99", 5, False),
        ("qd1048_2019", Level.DISTRICT, 3, "250", 5, True),
        ("qd1048_2019", Level.DISTRICT, 2, "250", 5, True),
        ("qd1048_2019", Level.PROVINCE, 4, "629.99", 7, False),
        ("qd1048_2019", Level.PROVINCE, 5, "630", 7, True),
        ("qd26_2026", Level.PROVINCE, 4, "629.99", 7, False),
        ("qd26_2026", Level.PROVINCE, 5, "630", 7, True),
        ("qd26_2026", Level.DISTRICT, 5, "630", 7, False),
        ("qd26_2026", Level.PROVINCE, 5, None, None, False),
        ("qd851_2018", Level.DISTRICT, 2, None, None, False),
        ("qd851_2018", Level.DISTRICT, 3, None, None, True),
        ("qd851_2018", Level.PROVINCE, 3, None, None, False),
        ("qd851_2018", Level.PROVINCE, 4, None, None, True),
        ("qd851_2018", Level.PROVINCE, None, None, None, False),
    ],
)
def test_what_goes_up_to_the_next_level(
    edition, level, stars, points_sum, sheets, goes_up, rule_sets
):
    dossier = Dossier(
        rule_set=rule_sets[edition],
        stars=stars,
        points_sum=points_sum and Decimal(points_sum),
        sheets=sheets,
    )
    assert dossier.goes_up(level) is goes_up
