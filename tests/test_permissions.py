"""Who may do what: every permission against the whole cast, the denial beside the success.

The table names who may; everybody else of the cast may not. ``two`` is a dossier of Nà Tấu under
two levels, ``three`` one of Mường Pồn, below the district, under three.
"""

from datetime import timedelta
from importlib import import_module

import pytest
import rules
from django.core.exceptions import PermissionDenied

from cycle import clock
from cycle.models import Role, RoleAssignment, User
from dossiers.law.nodes import NODES
from dossiers.models import ACTS, Dossier, Route, Task
from dossiers.rules import sees_dossier
from dossiers.walk import doors
from tests.ground import kept
from tests.law_table import LAW, OF_A_TASK
from tests.owning import insert_as_owner, save_as_owner
from tests.standing import stand
from tests.world import open_dossier, open_task, person

pytestmark = pytest.mark.django_db

#: An act that no task asks for -> who of the cast may do it to the dossier of three levels.
FREE_ACTS = {
    "refile_idea": {"an", "binh"},
    "refile_plan": {"an", "binh"},
    "record_visit": {"an", "binh", "minh", "tam"},
    "record_support": {"an", "binh", "minh", "tam"},
    "record_payment": {"an", "binh", "minh", "tam"},
    "attach_evidence": {"an", "binh", "minh"},
    "choose_rubric": {"an", "binh", "minh"},
    "record_samples": {"an", "binh", "minh"},
    "receive_directly": {"binh", "minh"},
    # Only by the authority of a round: test_rounds.py.
    "judge_again": set(),
    "notify_result": {"minh"},
    "number_certificate": {"minh"},
    "correct_number": {"minh"},
    "record_call": {"an", "binh", "minh"},
    "correct_call": {"an", "binh", "minh"},
    "record_promotion": {"an", "binh", "minh", "tam"},
    "record_inspection": {"binh", "minh"},
    "confirm_stopped": {"an", "chi", "binh", "minh"},
    "report_revocation": {"minh"},
    "revoke": {"minh"},
    "approve_result": {"minh"},
    "order_evaluation": {"minh"},
    "withdraw_decision": {"minh"},
    "correct_names": {"binh", "minh"},
    "correct_visit": {"an", "binh", "minh", "tam"},
    "correct_support": {"an", "binh", "minh", "tam"},
    "correct_payment": {"an", "binh", "minh", "tam"},
    "correct_promotion": {"an", "binh", "minh", "tam"},
    "correct_samples": {"an", "binh", "minh"},
    "correct_inspection": {"binh", "minh"},
    "correct_report": {"an", "binh", "minh"},
    "correct_completion": {"an", "binh", "minh"},
    "correct_details": {"an", "binh", "minh"},
    "enter_late": {"an", "binh", "minh"},
    "withdraw": {"an", "binh", "minh"},
    "defer": {"an", "binh", "minh"},
    "carry_over": {"minh", "son"},
    "reopen": {"an", "binh", "minh"},
}

#: The task of a state -> who holds it in person; who else of the unit may type it from paper.
TASKS = {
    "register_idea": ({"an"}, set()),
    "complete_idea": ({"an"}, set()),
    "screen_idea": ({"an"}, set()),
    "select_idea": ({"binh"}, set()),
    "submit_plan": ({"an"}, set()),
    "complete_plan": ({"an"}, set()),
    "check_plan": ({"an"}, set()),
    "appraise_plan": ({"binh"}, set()),
    "implement": ({"an"}, set()),
    "assemble_dossier": ({"an"}, set()),
    "supplement": ({"an"}, set()),
    "check_dossier": ({"an"}, set()),
    "sign_report": ({"chi"}, {"an"}),
    "check_at_district": ({"binh"}, set()),
    "evaluate_at_district": ({"ha"}, {"binh"}),
    "forward_from_district": ({"hung"}, {"binh"}),
    "check_at_province": ({"minh"}, set()),
    "evaluate_at_province": ({"thu"}, {"minh"}),
    "propose_recognition": ({"minh"}, set()),
    "decide": ({"son"}, {"minh"}),
    "await_centre": ({"minh"}, set()),
    "promote": ({"tam"}, {"minh"}),
}
#: Who distributes the work of a unit: its leaders and officers.
DISTRIBUTES = {
    "commune": {"an", "chi"},
    "district": {"binh", "hung"},
    "province": {"minh", "son"},
}
#: Who sends a task to another unit, by the level of the one that has it.
REROUTES = {
    "commune": {"chi", "binh", "hung"},
    "district": {"hung", "minh", "son"},
    "province": {"son"},
}
#: Who sees the dossier.
SEE_THREE = {"an", "chi", "binh", "ha", "hung", "minh", "thu", "son", "tam", "kiem"}
SEE_TWO = {"an", "chi", "minh", "thu", "son", "tam", "kiem"}


def allowed(permission, cast, target):
    """Who of the cast, and of those who are nobody, has the permission."""
    assert not rules.has_perm(permission, None, target)
    return {name for name, user in cast.items() if rules.has_perm(permission, user, target)}


def fresh(user):
    """The person as a new request reads them: no roles remembered."""
    return User.objects.get(pk=user.pk)


# --- The table ------------------------------------------------------------------------------


def test_the_tables_name_every_permission_there_is():
    import_module("cycle.urls")
    assert set(FREE_ACTS) == set(LAW) - OF_A_TASK
    assert set(TASKS) == set(NODES)
    known = {
        *(f"dossiers.{act}" for act in ACTS),
        "dossiers.open",
        "dossiers.begin",
        "dossiers.view",
        "dossiers.complete_task",
        "dossiers.claim_task",
        "dossiers.sign_decision",
        "dossiers.release_task",
        "dossiers.manage_task",
        "dossiers.reroute_task",
        # test_extension.py, test_calendar_page.py
        "dossiers.extend_term",
        "dossiers.change_calendar",
        "dossiers.see_calendar",
        # test_year.py
        "dossiers.keep_year",
        "dossiers.see_year",
        # test_stock_entered.py, test_stock_pages.py
        "dossiers.import_stock",
        # test_people.py, test_slips.py
        "dossiers.see_people",
        "dossiers.appoint",
        "dossiers.answer_for",
        "dossiers.administer_people",
        # test_certificate_numbers.py
        "dossiers.number_certificates",
        # test_registers.py
        "dossiers.see_documents",
        "dossiers.add_scans",
        # test_merged_units.py
        "dossiers.allot",
        # test_what_was.py, test_constraints.py
        "dossiers.erase",
        # test_stock_survey.py
        "dossiers.keep_potential",
        # test_sealed.py
        "dossiers.read_own_points",
        # test_absence.py, test_handover.py
        "dossiers.brief",
        "dossiers.substitute",
        "dossiers.hand_over",
    }
    ours = {name for name in rules.permissions.permissions if name.startswith("dossiers.")}
    assert ours == known


def test_only_an_officer_begins_a_dossier(cast):
    officers = {
        name
        for name, user in cast.items()
        if any(held.role == "officer" for held in user.assignments())
    }
    assert allowed("dossiers.begin", cast, None) == officers
    assert {"an", "binh", "minh"} <= officers < set(cast)


def test_who_may_do_an_act_that_no_task_asked_for(cast, dossier_of_three):
    found = {act: allowed(f"dossiers.{act}", cast, dossier_of_three) for act in FREE_ACTS}
    assert found == FREE_ACTS


def test_under_two_levels_the_district_may_do_nothing(cast, dossier):
    found = {act: allowed(f"dossiers.{act}", cast, dossier) for act in FREE_ACTS}
    assert found == {act: who - {"binh"} for act, who in FREE_ACTS.items()}


def test_the_second_door_asks_the_permission(cast, dossier_of_three):
    let_in = []
    for act, who in FREE_ACTS.items():
        for name in sorted(set(cast) - who):
            try:
                doors.act(dossier_of_three.process, act, by=cast[name], reason="Thử")
            except PermissionDenied:
                continue
            except Exception as fault:
                let_in.append((act, name, fault))
            else:
                let_in.append((act, name))
    assert not let_in, "\n".join(map(str, let_in))
    assert dossier_of_three.history.count() == 1


@pytest.mark.parametrize("node", TASKS)
def test_who_may_do_and_distribute_a_task(node, cast, dossier_of_three):
    dossier = stand(dossier_of_three, NODES[node])
    task = open_task(dossier)
    holders, typists = TASKS[node]
    distribute = DISTRIBUTES[task.org_unit.level]
    assert task.node == node
    assert allowed("dossiers.complete_task", cast, task) == holders | typists
    assert allowed("dossiers.claim_task", cast, task) == holders
    assert allowed("dossiers.release_task", cast, task) == holders | distribute
    assert allowed("dossiers.manage_task", cast, task) == distribute
    assert allowed("dossiers.reroute_task", cast, task) == REROUTES[task.org_unit.level]
    for act in task.acts():
        assert allowed(f"dossiers.{act}", cast, dossier) == holders | typists, act


def test_an_act_of_a_task_is_nobodys_without_its_task(cast, dossier):
    doors.act(dossier.process, "withdraw", by=cast["an"], reason="Ngừng sản xuất")
    dossier = Dossier.objects.get(pk=dossier.pk)
    found = {act: allowed(f"dossiers.{act}", cast, dossier) for act in OF_A_TASK}
    assert found == {act: set() for act in OF_A_TASK}


@pytest.mark.parametrize("node", TASKS)
def test_the_first_door_asks_the_permission(node, cast, dossier_of_three):
    task = open_task(stand(dossier_of_three, NODES[node]))
    holders, typists = TASKS[node]
    for name in set(cast) - holders - typists:
        with pytest.raises(PermissionDenied):
            doors.complete(task, task.acts()[0], by=cast[name], reason="Thử")
    assert open_task(dossier_of_three).pk == task.pk


def test_who_may_open_a_dossier(cast, cycle_of_three, old_commune, cycle, commune):
    for year, unit, officers in (
        (cycle_of_three, old_commune, {"an", "binh", "minh"}),
        (cycle, commune, {"an", "minh"}),
    ):
        for name, user in cast.items():
            if name in officers:
                assert open_dossier(year, unit, user).open_task() is not None
            else:
                with pytest.raises(PermissionDenied):
                    open_dossier(year, unit, user)
        assert Dossier.objects.filter(cycle=year).count() == len(officers)


def test_who_may_see_a_dossier(cast, dossier, dossier_of_three):
    assert {name for name, user in cast.items() if sees_dossier(user, dossier)} == SEE_TWO
    assert {
        name for name, user in cast.items() if rules.has_perm("dossiers.view", user, dossier)
    } == SEE_TWO
    assert {
        name
        for name, user in cast.items()
        if rules.has_perm("dossiers.view", user, dossier_of_three)
    } == SEE_THREE


# --- Queryset and predicate agree -----------------------------------------------------------


@pytest.fixture
@kept
def files(cast, cycle, cycle_of_three, commune, old_commune, other_commune):
    """Dossiers of three communes, in many states, one of them routed to another unit's desk."""
    an, la, minh = cast["an"], cast["la"], cast["minh"]
    made = [open_dossier(cycle, other_commune, la, name="Chè Mường Nhé")]
    for state in ("potential", "commune_checked", "ranked", "certified"):
        made.append(stand(open_dossier(cycle, commune, an, name=f"Mật ong {state}"), state))
    for state in ("idea_screened", "district_evaluating", "at_province", "awaiting_decision"):
        file = open_dossier(cycle_of_three, old_commune, an, name=f"Gạo {state}")
        made.append(stand(file, state))
    routed = open_dossier(cycle, commune, an, name="Chuyển về Mường Nhé")
    doors.reroute(
        open_task(routed),
        to=other_commune,
        by=cast["chi"],
        reason="Xã thiếu cán bộ",
        document="15/UBND",
    )
    claimed = open_dossier(cycle, commune, an, name="Đã có người nhận")
    doors.claim(open_task(claimed), by=an)
    withdrawn = open_dossier(cycle, commune, an, name="Đã rút")
    doors.act(withdrawn.process, "withdraw", by=minh, reason="Ngừng")
    return [*made, routed, claimed, withdrawn]


def test_visible_dossiers_are_those_that_may_be_viewed(cast, files):
    for name, user in cast.items():
        seen = set(Dossier.objects.visible_to(user))
        assert seen == {
            dossier
            for dossier in Dossier.objects.all()
            if rules.has_perm("dossiers.view", user, dossier)
        }, name
    assert Dossier.objects.visible_to(cast["kiem"]).count() == len(files)
    assert {d.product.name for d in Dossier.objects.visible_to(cast["la"])} == {
        "Chè Mường Nhé",
        "Chuyển về Mường Nhé",
    }


def test_visible_tasks_are_those_of_visible_dossiers(cast, files):
    for name, user in cast.items():
        assert set(Task.objects.visible_to(user)) == {
            task
            for task in Task.objects.filter(flow_task_type="HUMAN")
            if rules.has_perm("dossiers.view", user, task.dossier)
        }, name


def test_the_inbox_holds_the_open_tasks_of_ones_roles_and_units(cast, files):
    for name, user in cast.items():
        inbox = set(Task.objects.inbox(user))
        assert inbox == {
            task
            for task in Task.objects.open()
            if user.capacity(task.role, task.org_unit_id) is not None
        }, name
        # Whatever lies there may be claimed, unless a colleague has done so.
        assert {task for task in inbox if task.owner_id in (None, user.pk)} == {
            task
            for task in Task.objects.open()
            if rules.has_perm("dossiers.claim_task", user, task)
        }, name
        assert inbox <= set(Task.objects.visible_to(user)), name
    assert Task.objects.inbox(cast["kiem"]).count() == 0
    assert Task.objects.inbox(cast["an"]).count() == 2
    assert Task.objects.inbox(cast["la"]).count() == 2


# --- Routed, claimed, several hats ----------------------------------------------------------


def test_a_routed_task_is_the_other_units_and_no_longer_ours(dossier, an, chi, la, other_commune):
    task = open_task(dossier)
    doors.reroute(task, to=other_commune, by=chi, reason="Xã thiếu cán bộ", document="15/UBND")
    task = open_task(dossier)
    assert rules.has_perm("dossiers.complete_task", la, task)
    assert rules.has_perm("dossiers.view", la, dossier)
    assert not rules.has_perm("dossiers.complete_task", an, task)
    # Seeing it and doing its task is all: the dossier stays in its own line.
    assert not rules.has_perm("dossiers.withdraw", la, dossier)


def test_a_colleagues_claim_shuts_the_task_to_the_others(dossier, an, commune):
    dung = person("dung", "Lò Văn Dũng", (Role.OFFICER, commune))
    task = open_task(dossier)
    doors.claim(task, by=an)
    assert not rules.has_perm("dossiers.claim_task", dung, task)
    assert rules.has_perm("dossiers.claim_task", an, task)
    # An officer of the unit may still put it back, or record it from a signed paper.
    assert rules.has_perm("dossiers.release_task", dung, task)
    assert rules.has_perm("dossiers.complete_task", dung, task)


def test_a_clerk_types_from_paper_and_does_nothing_else(dossier, commune):
    lan = person("lan", "Lò Thị Lan", (Role.CLERK, commune))
    task = open_task(dossier)
    assert rules.has_perm("dossiers.complete_task", lan, task)
    assert not rules.has_perm("dossiers.claim_task", lan, task)
    assert not rules.has_perm("dossiers.manage_task", lan, task)
    assert not rules.has_perm("dossiers.withdraw", lan, dossier)


# --- Nobody special -------------------------------------------------------------------------

PERMISSIONS_ON_DOSSIERS = ["open", "view", *LAW]
PERMISSIONS_ON_TASKS = [
    "complete_task",
    "claim_task",
    "release_task",
    "manage_task",
    "reroute_task",
]


def everything(user, dossier):
    """All permissions this person has on the dossier and its open task."""
    task = open_task(dossier)
    return {
        name
        for name in PERMISSIONS_ON_DOSSIERS
        if rules.has_perm(f"dossiers.{name}", user, dossier)
    } | {name for name in PERMISSIONS_ON_TASKS if rules.has_perm(f"dossiers.{name}", user, task)}


def test_a_superuser_without_a_role_can_do_nothing(dossier):
    root = User.objects.create_superuser("root", password="mật khẩu thử")
    assert everything(root, dossier) == set()
    assert not Dossier.objects.visible_to(root).exists()
    assert not Task.objects.visible_to(root).exists()
    assert not Task.objects.inbox(root).exists()
    with pytest.raises(PermissionDenied):
        doors.complete(open_task(dossier), "register_idea", by=root)


def test_someone_without_a_role_can_do_nothing(dossier):
    assert everything(person("moi", "Người mới"), dossier) == set()


def test_an_inactive_officer_can_do_nothing(dossier, an):
    assert "complete_task" in everything(an, dossier)
    an.is_active = False
    save_as_owner(an)
    assert everything(fresh(an), dossier) <= {"view"}
    with pytest.raises(PermissionDenied):
        doors.complete(open_task(dossier), "register_idea", by=fresh(an))
    with pytest.raises(PermissionDenied):
        doors.act(dossier.process, "withdraw", by=fresh(an), reason="Thử")


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "works"),
    [
        (-30, None, True),
        (-30, 0, True),  # to the end of the last day
        (0, None, True),
        (-30, -1, False),  # ended yesterday
        (1, None, False),  # begins tomorrow
    ],
)
def test_a_role_is_held_on_the_days_of_its_assignment(
    valid_from, valid_to, works, dossier, commune
):
    day = clock.today()
    dung = person("dung", "Lò Văn Dũng")
    RoleAssignment.objects.create(
        user=dung,
        role=Role.OFFICER,
        org_unit=commune,
        valid_from=day + timedelta(days=valid_from),
        valid_to=None if valid_to is None else day + timedelta(days=valid_to),
    )
    assert ("complete_task" in everything(dung, dossier)) is works
    assert ("withdraw" in everything(dung, dossier)) is works
    assert Task.objects.inbox(dung).exists() is works
    assert Dossier.objects.visible_to(dung).exists() is works
    if not works:
        assert everything(dung, dossier) == set()


def test_a_role_ends_at_midnight_in_vietnam(dossier, commune):
    day = clock.today()
    dung = person("dung", "Lò Văn Dũng")
    RoleAssignment.objects.create(
        user=dung, role=Role.OFFICER, org_unit=commune, valid_from=day, valid_to=day
    )
    with clock.at(clock.now() + timedelta(days=1)):
        assert not Task.objects.inbox(dung).exists()
        with pytest.raises(PermissionDenied):
            doors.complete(open_task(dossier), "register_idea", by=fresh(dung))


def test_a_unit_sees_only_the_dossier_routed_to_it(dossier, cycle, commune, an, la):
    other = open_dossier(cycle, commune, an, name="Măng khô")
    insert_as_owner(
        Route(dossier=other, node="screen_idea", org_unit=la.role_assignments.get().org_unit)
    )
    assert list(Dossier.objects.visible_to(la)) == [other]
    assert list(Task.objects.visible_to(la)) == [open_task(other)]


def test_an_inactive_person_sees_nothing(dossier, an):
    an.is_active = False
    assert not rules.has_perm("dossiers.view", an, dossier)
