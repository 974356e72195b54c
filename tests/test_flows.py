"""The choreography: who is next after every act, and whether the stored tasks still fit."""

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from cycle.models import Duty
from dossiers import flows
from dossiers.law.nodes import NODES
from dossiers.law.states import LIVE
from dossiers.models import ACTS, Dossier, Process, State, Task
from dossiers.walk import doors
from dossiers.walk.engine import DutyMissing, OfficerTask
from tests import records
from tests.law_table import LAW, OF_A_TASK, OF_THE_DISTRICT
from tests.owning import delete_as_owner, sql_as_owner, update_as_owner
from tests.standing import stand
from tests.world import open_task

FLOWS = {"two_levels": flows.TwoLevelsFlow, "three_levels": flows.ThreeLevelsFlow}
NODE_OF = {state: node for node, state in NODES.items()}


def tasks(flow):
    return {node.name: node for node in flow.instance.nodes() if isinstance(node, OfficerTask)}


def moves(procedure):
    """What the acts of tasks do under a procedure: (act, from, to)."""
    for act in sorted(OF_A_TASK):
        begins, leads = LAW[act]
        for state in begins:
            for target in leads:
                if not is_foreign(procedure, act, state, target):
                    yield act, state, target


def is_foreign(procedure, act, state, target):
    """Whether the editions of this procedure never make this move."""
    if procedure == "three_levels":
        return act == "forward_to_province" and state == State.COMMUNE_CHECKED
    # Ideas are filed past the commune under QĐ 851 only, which has three levels.
    past_the_commune = act in ("register_idea", "complete_idea") and target == State.IDEA_SCREENED
    return past_the_commune or not OF_THE_DISTRICT.isdisjoint({state, target})


@pytest.mark.parametrize("procedure", FLOWS)
def test_after_every_act_the_flow_knows_who_is_next(procedure):
    """The law moves the dossier; whatever it moves it to, the choreography must go on from."""
    known = tasks(FLOWS[procedure])
    for act, state, target in moves(procedure):
        following = known[NODE_OF[state]].after(target)
        if target in LIVE:
            assert following.state == target, act
        else:
            assert following.task_type == "END", act


@pytest.mark.parametrize("procedure", FLOWS)
def test_an_act_begins_where_the_levels_of_its_procedure_let_it(procedure):
    for act in sorted(OF_A_TASK):
        begins, leads = LAW[act]
        there = {state for name, state, _to in moves(procedure) if name == act}
        if not leads:
            there = {state for state in begins if not is_foreign(procedure, act, state, None)}
        assert set(flows.begins_in(ACTS[act], procedure)) == there, act


@pytest.mark.parametrize("procedure", FLOWS)
def test_a_task_leads_nowhere_that_no_act_goes(procedure):
    """No edge of the diagram is a promise that the law does not keep."""
    idle = []
    for name, node in tasks(FLOWS[procedure]).items():
        reachable = {to for _, state, to in moves(procedure) if state == NODES[name]}
        for follower in node.followers:
            if isinstance(follower, OfficerTask):
                if follower.state not in reachable:
                    idle.append((name, follower.name))
            elif reachable <= LIVE:
                idle.append((name, "end"))
    assert idle == []


@pytest.mark.django_db
@pytest.mark.parametrize("procedure", FLOWS)
@pytest.mark.parametrize("state", sorted(LIVE))
def test_a_walk_begins_where_the_dossier_stands(procedure, state, dossier, dossier_of_three):
    file = dossier if procedure == "two_levels" else dossier_of_three
    if procedure == "two_levels" and state in OF_THE_DISTRICT:
        assert NODE_OF[state] not in tasks(FLOWS[procedure])
        return
    file = stand(file, state)
    task = open_task(file)
    duty = Duty.objects.get(cycle=file.cycle, rule_set=file.rule_set, node=NODE_OF[state])
    assert (task.node, task.state, task.role) == (NODE_OF[state], state, duty.role)
    assert task.org_unit.level == duty.level
    assert file.commune.is_below(task.org_unit)
    assert file.process.flow_class is FLOWS[procedure]


@pytest.mark.django_db
def test_the_wait_for_a_producer_begins_with_the_task(dossier):
    for state, waits in (
        (State.IDEA_RETURNED, True),
        (State.PLAN_RETURNED, True),
        (State.SUPPLEMENT_REQUESTED, True),
        (State.AT_PROVINCE, False),
    ):
        dossier = stand(dossier, state)
        assert (open_task(dossier).waiting_since is not None) is waits


# --- check_flows ----------------------------------------------------------------------------


def check(capsys):
    """What ``manage.py check_flows`` prints, line by line, and its exit code."""
    capsys.readouterr()
    try:
        call_command("check_flows")
    except SystemExit as stopped:
        return capsys.readouterr().out.splitlines(), stopped.code
    return capsys.readouterr().out.splitlines(), 0


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.fixture
def undone():
    """What a test breaks is put right before the constraints of its transaction are asked."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_what_is_stored_fits_the_code(dossier, dossier_of_three, an, capsys):
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    doors.act(dossier_of_three.process, "withdraw", by=an, reason="Ngừng")
    assert check(capsys) == (["1 công việc đang mở, khớp với luồng xử lý."], 0)


@pytest.mark.django_db
def test_an_empty_installation_fits(capsys):
    assert check(capsys) == (["0 công việc đang mở, khớp với luồng xử lý."], 0)


@pytest.mark.django_db
def test_a_node_that_is_gone_is_named_though_its_tasks_are_done(dossier, an, undone, capsys):
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    sql_as_owner(
        "UPDATE dossiers_task SET flow_task = replace(flow_task, 'register_idea', 'sign_up')"
    )
    assert check(capsys) == (
        ["dossiers/flows.TwoLevelsFlow.sign_up: 1 công việc của một nút không còn trong luồng."],
        1,
    )


@pytest.mark.django_db
def test_a_node_of_another_type_is_named(dossier, undone, capsys):
    sql("UPDATE dossiers_task SET flow_task_type = 'FUNC' WHERE node <> ''")
    lines, code = check(capsys)
    assert code == 1
    assert lines[0] == (
        "dossiers/flows.TwoLevelsFlow.register_idea: 1 công việc loại FUNC, luồng ghi HUMAN."
    )


@pytest.mark.django_db
def test_a_task_that_waits_in_another_state_is_named(dossier, undone, capsys):
    update_as_owner(Dossier.objects.filter(pk=dossier.pk), state=State.IDEA_RETURNED)
    sql("UPDATE dossiers_task SET state = 'idea_returned' WHERE node <> ''")
    assert check(capsys) == (
        [
            "dossiers/flows.TwoLevelsFlow.register_idea: 1 công việc chờ ở «idea_returned», "
            "luồng ghi «potential»."
        ],
        1,
    )


@pytest.mark.django_db
def test_a_walk_that_waits_for_nothing_is_named(dossier, undone, capsys):
    process = dossier.process
    Task.objects.open().update(status="CANCELED")
    assert check(capsys) == (
        [f"Quá trình {process.pk} của hồ sơ {dossier.pk} mở mà không chờ việc gì."],
        1,
    )


@pytest.mark.django_db
def test_a_task_in_error_is_named(dossier, undone, capsys):
    task = open_task(dossier)
    Process.objects.update(status="CANCELED")
    Task.objects.filter(pk=task.pk).update(status="ERROR")
    assert check(capsys) == ([f"Công việc {task.pk} của hồ sơ {dossier.pk} bị lỗi."], 1)


@pytest.mark.django_db
def test_a_duty_that_a_live_dossier_will_need_is_named(dossier, capsys):
    delete_as_owner(Duty.objects.filter(node__in=["decide", "promote"]))
    assert check(capsys) == (
        [f"Chu trình OCOP 2026, {dossier.rule_set}: chưa phân cấp nhiệm vụ decide, promote."],
        1,
    )


@pytest.mark.django_db
def test_a_duty_that_no_live_dossier_needs_is_not(dossier, an, capsys):
    doors.act(dossier.process, "withdraw", by=an, reason="Ngừng")
    delete_as_owner(Duty.objects)
    assert check(capsys) == (["0 công việc đang mở, khớp với luồng xử lý."], 0)


@pytest.mark.django_db
def test_without_its_duty_a_task_is_not_given_to_nobody(dossier, an):
    delete_as_owner(Duty.objects.filter(node="screen_idea"))
    with pytest.raises(DutyMissing):
        doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
