"""The specification: one dossier through the whole year, in each live edition of the law.

Read this first. A dossier walks tuyên truyền → ý tưởng → phương án → triển khai → đánh giá → xúc
tiến; each officer finds their part in an inbox, and nobody else's.
"""

from random import Random

import pytest

from councils.stories import sitting
from cycle.models.job import run_waiting
from dossiers.models import ConditionNotMet, State, Task
from dossiers.walk import doors
from tests import judging, records
from tests.world import events, open_cycle, open_dossier, open_task

pytestmark = pytest.mark.django_db


def has_it(user, dossier):
    """Whether the dossier's open task lies in this person's inbox."""
    return dossier in [task.dossier for task in Task.objects.inbox(user)]


def step(dossier, name, by, **kwargs):
    """The person finds the task in their inbox and completes it; it is gone from there at once."""
    task = open_task(dossier)
    assert has_it(by, dossier)
    doors.complete(task, name, by=by, **kwargs)
    dossier.lock()
    assert not Task.objects.inbox(by).filter(pk=task.pk).exists()


def compulsory_papers(dossier, by):
    for kind in dossier.rule_set.compulsory(dossier.case_type):
        doors.act(dossier.process, "attach_evidence", by=by, record=records.paper(kind))


def judge(dossier, council, by, points, stars):
    """The members score in a round; closing it completes the task of the council's office."""
    assert has_it(by, dossier)
    round_ = judging.begin(council, dossier.cycle, [dossier], by)
    entry = round_.entries.get()
    pen = sitting.Pen(entry.rubric, Random(1), stars)
    for number in range(5):
        sitting.fill(entry, judging.judge(council, number), pen.options(points))
    assert dossier.evaluations.filter(level=council.level).count() == 0
    judging.close(round_, by=by)
    run_waiting()
    dossier.lock()
    assert dossier.stars == stars
    assert not has_it(by, dossier)


def council_of(unit, by):
    judging.regulate(unit)
    return judging.seat(unit, by)


def test_a_year_under_two_levels(cycle, commune, province, an, chi, la, minh, thu, son, tam):
    dossier = open_dossier(cycle, commune, an)

    # Step 2: the idea comes through the commune, the province selects.
    step(dossier, "register_idea", an, record=records.idea())
    step(dossier, "screen_idea", an)
    assert not has_it(an, dossier)
    assert not has_it(la, dossier)
    step(dossier, "select_idea", minh)

    # Step 3: the plan is sent back once, with what is missing.
    step(dossier, "submit_plan", an, record=records.plan())
    step(dossier, "check_plan", an)
    step(dossier, "return_plan", minh, reason="Thiếu phương án tiêu thụ")
    assert open_task(dossier).waiting_since is not None
    step(dossier, "complete_plan", an, record=records.plan(market="Siêu thị Hà Nội"))
    step(dossier, "check_plan", an)
    step(dossier, "approve_plan", minh)

    # Step 4: visits and support are recorded while the task stays open.
    process = dossier.process
    doors.act(process, "record_visit", by=an, record=records.visit())
    doors.act(process, "record_support", by=minh, record=records.support())
    step(dossier, "declare_ready", an, record=records.completion())

    # Step 5: nothing leaves the commune without the compulsory papers and the chair's signature.
    with pytest.raises(ConditionNotMet, match="Hồ sơ còn thiếu"):
        doors.complete(
            open_task(dossier), "submit_dossier", by=an, record=records.self_assessment()
        )
    compulsory_papers(dossier, an)
    step(dossier, "submit_dossier", an, record=records.self_assessment())
    step(dossier, "confirm_dossier", an, record=records.commune_report())
    with pytest.raises(ConditionNotMet, match="chưa nhập văn bản"):
        doors.complete(open_task(dossier), "forward_to_province", by=chi)
    step(dossier, "forward_to_province", chi, paper=records.request())
    step(dossier, "accept_at_province", minh)
    judge(dossier, council_of(province, thu), thu, 75, stars=4)
    step(dossier, "propose_recognition", minh)
    step(
        dossier,
        "certify",
        son,
        paper=records.signed_paper(),
        record=records.certificate(number="12/GCN"),
    )

    # Step 6.
    step(dossier, "promote", tam, record=records.promotion())

    assert dossier.state == State.PROMOTED
    assert dossier.stars == 4
    certificate = dossier.certificates.get()
    assert certificate.stars == 4
    assert (certificate.expires_on.year, certificate.expires_on.month) == (
        certificate.issued_on.year + 3,
        certificate.issued_on.month,
    )
    assert dossier.open_task() is None
    assert events(dossier) == [
        "dossier.open",
        "dossier.register_idea",
        "dossier.screen_idea",
        "dossier.select_idea",
        "dossier.submit_plan",
        "dossier.check_plan",
        "dossier.return_plan",
        "dossier.complete_plan",
        "dossier.check_plan",
        "dossier.approve_plan",
        "dossier.record_visit",
        "dossier.record_support",
        "dossier.declare_ready",
        *["dossier.attach_evidence"] * 3,
        "dossier.submit_dossier",
        "dossier.confirm_dossier",
        "dossier.forward_to_province",
        "dossier.accept_at_province",
        "dossier.rank",
        "dossier.propose_recognition",
        "dossier.certify",
        "dossier.promote",
    ]


def test_a_year_under_three_levels(
    cycle_of_three, old_commune, district, an, chi, binh, ha, hung, minh, thu, son, tam
):
    dossier = open_dossier(cycle_of_three, old_commune, an)

    step(dossier, "register_idea", an, record=records.idea())
    step(dossier, "screen_idea", an)
    step(dossier, "select_idea", binh)
    step(dossier, "submit_plan", an, record=records.plan())
    step(dossier, "check_plan", an)
    step(dossier, "approve_plan", binh)
    step(dossier, "declare_ready", an, record=records.completion())
    compulsory_papers(dossier, an)
    step(
        dossier,
        "submit_dossier",
        an,
        record=records.self_assessment(),
        reason="Quy định chuyển tiếp",
    )
    step(dossier, "confirm_dossier", an, record=records.commune_report())
    with pytest.raises(ConditionNotMet, match="phải qua cấp huyện"):
        doors.complete(open_task(dossier), "forward_to_province", by=chi)
    step(dossier, "forward_to_district", chi)
    step(dossier, "accept_at_district", binh)
    judge(dossier, council_of(district, ha), ha, 71, stars=4)
    step(dossier, "forward_to_province", hung)

    # The province sends it back; the commune relays, and it returns to the province.
    step(dossier, "return_for_supplement", minh, reason="Nhãn thiếu hạn sử dụng")
    step(dossier, "supplement", an)
    step(dossier, "accept_at_province", minh)
    # The province's council scored on paper: its office enters the result.
    step(
        dossier,
        "rank",
        thu,
        paper=records.signed_paper(),
        record=records.evaluation("480", 7, stars=3),
    )
    step(dossier, "propose_recognition", minh)
    step(dossier, "certify", son, paper=records.signed_paper(), record=records.certificate())
    step(dossier, "promote", tam, record=records.promotion())

    assert dossier.state == State.PROMOTED
    assert [(row.level, row.stars) for row in dossier.evaluations.all()] == [
        ("district", 4),
        ("province", 3),
    ]
    assert dossier.corrections() == 1


def test_an_idea_not_selected_is_refiled_and_its_lineage_kept(dossier, an, minh):
    step(dossier, "register_idea", an, record=records.idea())
    step(dossier, "screen_idea", an)
    step(dossier, "not_select_idea", minh, reason="Chưa rõ nguồn nguyên liệu")
    assert dossier.state == State.IDEA_NOT_SELECTED
    assert dossier.open_task() is None

    doors.act(
        dossier.process,
        "refile_idea",
        by=an,
        record=records.idea(materials="Rừng bạc hà của bản Nà Luống"),
    )

    dossier.lock()
    assert has_it(an, dossier)
    first, second = dossier.ideas.all()
    assert second.previous == first
    step(dossier, "screen_idea", an)
    step(dossier, "select_idea", minh)


def test_under_851_a_refused_idea_waits_a_week(cycle_of_851, old_commune, an, binh):
    from datetime import timedelta

    from cycle import clock

    dossier = open_dossier(cycle_of_851, old_commune, an)
    # Ideas are filed with the district desk; that the commune was passed over is counted.
    step(dossier, "register_idea", binh, record=records.idea())
    assert dossier.state == State.IDEA_SCREENED
    assert dossier.bypassed_commune
    step(dossier, "not_select_idea", binh, reason="Trùng sản phẩm")

    with pytest.raises(ConditionNotMet, match="Được nộp lại ý tưởng từ ngày"):
        doors.act(dossier.process, "refile_idea", by=binh, record=records.idea())
    with clock.at(clock.now() + timedelta(days=7)):
        doors.act(dossier.process, "refile_idea", by=binh, record=records.idea())
    assert dossier.state == State.IDEA_SCREENED


def test_a_producer_withdraws_and_comes_back(dossier, an, la):
    step(dossier, "register_idea", an, record=records.idea())
    doors.act(dossier.process, "withdraw", by=an, reason="Chủ thể ngừng sản xuất")
    assert dossier.state == State.WITHDRAWN
    assert dossier.open_task() is None

    doors.act(dossier.process, "reopen", by=an, reason="Chủ thể sản xuất trở lại")
    assert dossier.state == State.IDEA_REGISTERED
    dossier.lock()
    assert has_it(an, dossier)


def test_an_existing_product_enters_at_evaluation_and_is_counted(dossier, an):
    doors.act(
        dossier.process,
        "enter_late",
        by=an,
        entered_as="existing",
        reason="Sản phẩm đã bán từ năm 2019",
    )
    assert dossier.state == State.ASSEMBLING
    assert dossier.entered_as == "existing"
    assert dossier.skipped == 3
    dossier.lock()
    assert has_it(an, dossier)


def test_a_plan_is_deferred_to_the_next_cycle_and_goes_on_there(
    cycle, rule_sets, dossier, an, minh
):
    step(dossier, "register_idea", an, record=records.idea())
    step(dossier, "screen_idea", an)
    step(dossier, "select_idea", minh)
    doors.act(dossier.process, "defer", by=minh, reason="Mất mùa ong")
    assert dossier.state == State.DEFERRED

    following = open_cycle(rule_sets["qd26_2026"], 2027)
    with pytest.raises(ConditionNotMet, match="chưa chọn chu trình"):
        doors.act(dossier.process, "reopen", by=minh, reason="Vụ mới")
    doors.act(dossier.process, "reopen", by=minh, reason="Vụ mới", cycle=following)

    dossier.lock()
    assert (dossier.cycle, dossier.state) == (following, State.IDEA_SELECTED)
    assert has_it(an, dossier)
    # The history of both years is one chain.
    assert list(dossier.history.values_list("cycle", flat=True).distinct().order_by("cycle")) == [
        cycle.pk,
        following.pk,
    ]


def test_ninety_points_go_to_the_centre_and_come_back(dossier, an, chi, minh, thu, son, tam):
    doors.act(dossier.process, "enter_late", by=an, entered_as="existing", reason="Đã có sản phẩm")
    compulsory_papers(dossier, an)
    dossier.lock()
    step(dossier, "submit_dossier", an, record=records.self_assessment())
    step(dossier, "confirm_dossier", an, record=records.commune_report())
    step(dossier, "forward_to_province", chi, paper=records.request())
    step(dossier, "accept_at_province", minh)
    step(
        dossier,
        "rank",
        thu,
        paper=records.signed_paper(),
        record=records.evaluation("636", 7, stars=5),
    )
    step(dossier, "propose_recognition", minh)
    with pytest.raises(ConditionNotMet, match="trung ương công nhận"):
        doors.complete(
            open_task(dossier),
            "certify",
            by=son,
            paper=records.signed_paper(),
            record=records.certificate(),
        )
    approval = records.signed_paper(number="88/QĐ-UBND")
    doors.act(dossier.process, "approve_result", by=minh, paper=approval)
    samples = records.samples(for_centre=True)
    doors.act(dossier.process, "record_samples", by=minh, record=samples)
    step(dossier, "nominate", son, paper=records.signed_paper())
    step(
        dossier,
        "record_centre_result",
        minh,
        paper=records.ministry_paper(),
        record=records.evaluation("616", 7, stars=4),
    )
    # Below 90 at the centre: the province may certify on that result.
    step(dossier, "propose_recognition", minh)
    step(dossier, "certify", son, paper=records.signed_paper(), record=records.certificate())
    assert (dossier.state, dossier.stars) == (State.CERTIFIED, 4)
