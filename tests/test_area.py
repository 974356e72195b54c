"""An officer's area: every list, rule and alert agrees on what a merged unit left to whom."""

from datetime import date, datetime, timedelta
from types import SimpleNamespace

import pytest
import rules
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from councils.forms.councils import units_of
from councils.forms.rounds import run_by
from councils.models import Council, EvaluationRound
from cycle import clock
from cycle.appointing import stranded
from cycle.models import Level, OrgUnit, Role, RoleAssignment, Substitution, people_of
from dossiers.forms.acts import RerouteForm
from dossiers.forms.opening import DossierForm
from dossiers.law.conditions import ConditionNotMet
from dossiers.law.states import State
from dossiers.lists.files import Register
from dossiers.lists.inbox import Filters
from dossiers.lists.overdue import Filters as OverdueFilters
from dossiers.lists.overdue import OverdueRegister
from dossiers.models import Dossier, OutreachEvent, OutreachKind, Task
from dossiers.office import briefing, handover
from dossiers.views.inbox import _holders
from dossiers.walk import doors
from notifications import audiences, digests, feed, weekly
from tests import judging
from tests.absences import on_paper
from tests.filing_anew import certify
from tests.ground import kept
from tests.merging import unit, while_it_stood
from tests.owning import update_as_owner
from tests.standing import stand
from tests.world import events, open_dossier, open_task, person

pytestmark = pytest.mark.django_db

#: All that is opened here is late by then.
NOW = timezone.make_aware(datetime(2026, 12, 31, 9))
OPENED = timezone.make_aware(datetime(2026, 11, 2, 9))


FIRST, SECOND, THIRD = date(2020, 1, 1), date(2024, 1, 1), date(2025, 7, 1)
DAY = timedelta(days=1)


@pytest.fixture
@kept
def places(province):
    """Communes around one of today and around the district above it, by how they are related."""
    district = unit("D", province, THIRD, level=Level.DISTRICT)
    other = unit("E", province, THIRD, level=Level.DISTRICT)
    old = unit("D1", province, SECOND, THIRD - DAY, [district], Level.DISTRICT)
    oldest = unit("D0", province, FIRST, SECOND - DAY, [old], Level.DISTRICT)
    cut = unit("D9", province, FIRST, THIRD - DAY, [district, other], Level.DISTRICT)
    halved = unit(
        "D7", province, FIRST, THIRD - DAY, [other, district], Level.DISTRICT, chosen=district
    )
    own = unit("C", district, THIRD)
    neighbour = unit("N", other, THIRD)
    # Its district ended and left it to nobody.
    gone = unit("D8", province, FIRST, THIRD - DAY, level=Level.DISTRICT)
    merged = unit("C1", gone, SECOND, THIRD - DAY, [own])
    return {
        "own": own,
        "predecessor": merged,
        "predecessor of predecessor": unit("C0", gone, FIRST, SECOND - DAY, [merged]),
        "one of several predecessors": unit("C2", gone, FIRST, THIRD - DAY, [own]),
        "split": unit("C9", gone, FIRST, THIRD - DAY, [own, neighbour]),
        "split, and own chosen": unit("C7", gone, FIRST, THIRD - DAY, [neighbour, own], chosen=own),
        "split, and the neighbour chosen": unit(
            "C8", gone, FIRST, THIRD - DAY, [own, neighbour], chosen=neighbour
        ),
        "child of split, and chosen": unit("CA", halved, FIRST, THIRD - DAY),
        "has a successor but has not ended": unit("C3", other, THIRD, NOW.date(), [own]),
        "neighbour": neighbour,
        "child": own,
        "child of predecessor": unit("C4", old, SECOND, THIRD - DAY),
        "child of predecessor of predecessor": unit("C5", oldest, FIRST, SECOND - DAY),
        "child of split": unit("C6", cut, FIRST, THIRD - DAY),
        "predecessor of child": merged,
        "neighbour's child": neighbour,
    }


OF_COMMUNE = {
    "own": True,
    "predecessor": True,
    "predecessor of predecessor": True,
    "one of several predecessors": True,
    "split": False,
    "split, and own chosen": True,
    "split, and the neighbour chosen": False,
    "has a successor but has not ended": False,
    "neighbour": False,
}
OF_DISTRICT = {
    "child": True,
    "child of predecessor": True,
    "child of predecessor of predecessor": True,
    "predecessor of child": True,
    "child of split": False,
    "child of split, and chosen": True,
    "neighbour's child": False,
}


def people_at(at):
    """One person in each role there."""
    return SimpleNamespace(
        **{role: person(f"{role}_{at.pk}", f"Người {role} {at}", (role, at)) for role in Role}
    )


@pytest.fixture
def cast_of(places):
    def made(relation):
        home = places["own"] if relation in OF_COMMUNE else places["own"].parent
        return people_at(home)

    return made


def opened(cycle, commune):
    """A dossier that the commune opened while it stood, by an officer it had, who has left."""
    once = person(f"cu_{commune.pk}", "Cán bộ cũ", ("officer", commune))
    with clock.at(OPENED), while_it_stood(commune):
        dossier = open_dossier(cycle, commune, once)
    update_as_owner(once.role_assignments, valid_to=OPENED.date())
    return Dossier.objects.get(pk=dossier.pk)


#: reader -> whether it finds the dossier for the people of a place: what they may see.
SEES = {
    "files": lambda who, d: d in Dossier.objects.visible_to(who.officer),
    "files, an auditor": lambda who, d: d in Dossier.objects.visible_to(who.auditor),
    "rule of a file": lambda who, d: rules.has_perm("dossiers.view", who.officer, d),
    "tasks": lambda who, d: open_task(d) in Task.objects.visible_to(who.trade),
    "all files": lambda who, d: [d.pk] == [r["pk"] for r in register(who.leader).rows()],
    "choice of communes": lambda who, d: (
        d.commune_id in {pk for pk, _name in register(who.officer).choices()["communes"]}
    ),
    "opening, its product": lambda who, d: (
        d.product in form(who.officer).fields["product"].queryset
    ),
    "rule of opening": lambda who, d: rules.has_perm("dossiers.open", who.officer, d),
    "overdue": lambda who, d: [d.pk] == [r["dossier_id"] for r in overdue(who.officer).rows()],
    "overdue, by unit of today": lambda who, d: (
        [d.commune.heir().pk] == [r["org_unit_id"] for r in overdue(who.leader).heat()]
    ),
    "the week": lambda who, d: weekly.figures(who.leader, NOW)["late"] == 1,
    "followers": lambda who, d: who.officer.pk in audiences._line_officers(d),
    "rule of more time": lambda who, d: rules.has_perm(
        "dossiers.extend_term", who.leader, open_task(d).term
    ),
    "an act without a task": lambda who, d: rules.has_perm(
        "dossiers.attach_evidence", who.officer, d
    ),
}
#: The same, of those who act for the commune itself.
ACTS = {
    # What begins now begins at the unit of today.
    "opening": lambda who, d: d.commune.heir() in form(who.officer).fields["commune"].queryset,
    "inbox": lambda who, d: open_task(d) in Task.objects.inbox(who.officer),
    "rule of a task": lambda who, d: rules.has_perm(
        "dossiers.complete_task", who.officer, open_task(d)
    ),
    "rule of giving work": lambda who, d: rules.has_perm(
        "dossiers.manage_task", who.leader, open_task(d)
    ),
    "rule of another unit": lambda who, d: rules.has_perm(
        "dossiers.reroute_task", who.leader, open_task(d)
    ),
    "people of the role": lambda who, d: who.officer in people_of("officer", d.commune_id),
    "alerts": lambda who, d: who.officer.pk in audiences.workers(open_task(d)),
    "leader to hear": lambda who, d: who.leader.pk in audiences.holders("leader", d.commune_id),
    "morning letter": lambda who, d: d.product.name in digests.text_for(who.officer, NOW, NOW),
    "calendar": lambda who, d: f"/tasks/{open_task(d).pk}/" in feed.feed(who.officer).decode(),
    "work that would strand": lambda who, d: (
        stranded("officer", d.commune_id, day=NOW.date(), without=d.history.first().actor) == 0
    ),
}


def register(user):
    return Register(user, Filters.of({}))


def overdue(user):
    return OverdueRegister(user, OverdueFilters.of({}))


def form(user):
    return DossierForm(user=user)


@pytest.mark.parametrize("relation", [*OF_COMMUNE, *OF_DISTRICT])
def test_every_reader_of_an_area_agrees(relation, cycle, places, cast_of):
    expected = (OF_COMMUNE | OF_DISTRICT)[relation]
    dossier, who = opened(cycle, places[relation]), cast_of(relation)
    readers = SEES | (ACTS if relation in OF_COMMUNE else {})
    with clock.at(NOW):
        found = {name: reader(who, dossier) for name, reader in readers.items()}
    assert {name: holds for name, holds in found.items() if holds is not expected} == {}


@pytest.mark.parametrize("relation", OF_COMMUNE)
def test_who_took_a_commune_over_does_its_work(relation, cycle, places, cast_of):
    dossier, who = opened(cycle, places[relation]), cast_of(relation)
    with clock.at(NOW):
        if not OF_COMMUNE[relation]:
            with pytest.raises(PermissionDenied):
                doors.claim(open_task(dossier), by=who.officer)
            return
        doors.claim(open_task(dossier), by=who.officer)
    assert events(dossier)[-1] == "task.claim"
    said = dossier.history.order_by("-seq").first()
    # The history names the post of today.
    assert (said.role, said.org_unit) == ("officer", places["own"])


@pytest.mark.parametrize("relation", [name for name, own in OF_COMMUNE.items() if own])
def test_what_is_claimed_for_an_ended_unit_is_kept_lent_handed_over_and_briefed(
    relation, cycle, places, cast_of, son
):
    dossier, who = opened(cycle, places[relation]), cast_of(relation)
    post = who.officer.role_assignments.get()
    stands_in, next_one = person("thay", "Người Thay"), person("sau", "Người Sau")
    with clock.at(NOW):
        assert [row["task"] for row in briefing.Briefing(post).rows()] == [open_task(dossier)]
        doors.claim(open_task(dossier), by=who.officer)
        assert handover.free_stranded() == 0
        assert open_task(dossier).owner == who.officer
        given = _holders([open_task(dossier)])
        assert [each["user"] for each in given] == [who.officer]
        # Who acts for them is told too, and may do it.
        Substitution.objects.create(
            assignment=post, substitute=stands_in, valid_from=NOW.date(), valid_to=NOW.date(),
            reason="Đi học", created_by=who.leader,
        )  # fmt: skip
        told = {who.officer.pk, stands_in.pk}
        assert audiences.workers(open_task(dossier)) == told
        assert open_task(dossier) in Task.objects.inbox(stands_in)
        assert handover.free_stranded() == 0
        # To leave is to leave the old unit's work too.
        left = stranded("officer", places["own"].pk, day=NOW.date() + DAY, without=who.officer)
        assert left == 1
        handover.hand_over(
            post, to=next_one, on=NOW.date(), by=who.leader, reason="Chuyển công tác",
            document=on_paper("9/QĐ-UBND ngày 30/12/2026", "Lãnh đạo xã"),
        )  # fmt: skip
        assert open_task(dossier).owner == next_one


@pytest.mark.parametrize("relation", OF_COMMUNE)
def test_posts_that_ended_units_left_are_arranged_by_who_took_over(relation, places, cast_of):
    who = cast_of(relation)
    left = person("o_lai", "Người Ở Lại", ("officer", places[relation]))
    post = left.role_assignments.get()
    with clock.at(NOW):
        for arranger in (
            who.leader,
            person("cap_tren", "Cấp Trên", ("officer", places["own"].parent)),
        ):
            listed = post in handover.arranged_by(arranger)
            assert listed is handover.arranges(arranger, post) is OF_COMMUNE[relation]


@pytest.mark.parametrize("relation", OF_COMMUNE)
def test_a_task_is_sent_to_the_heir_without_a_document(relation, cycle, places, cast_of):
    dossier, who = opened(cycle, places[relation]), cast_of(relation)
    with clock.at(NOW):
        task = open_task(dossier)
        offered = RerouteForm(task=task).fields["to"].queryset
        if relation != "own":
            assert dossier.commune.is_below(places["own"]) is OF_COMMUNE[relation]
        if relation == "predecessor":
            assert places["own"] in offered
            doors.reroute(task, to=places["own"], by=who.leader, reason="Xã mới nhận")


@pytest.mark.parametrize("relation", OF_DISTRICT)
def test_a_council_takes_in_what_its_unit_took_over(relation, cycle_of_three, places):
    dossier = stand(opened(cycle_of_three, places[relation]), State.DISTRICT_EVALUATING)
    council = Council(org_unit=places["own"].parent)
    round_ = EvaluationRound(council=council, cycle=cycle_of_three)
    with clock.at(NOW):
        assert (dossier in round_.awaiting()) is OF_DISTRICT[relation]


@pytest.mark.parametrize("code", ("D", "D1", "D0", "D9", "E"))
def test_councils_of_a_merged_district_are_its_heirs(code, places, cycle):
    who = people_at(places["own"].parent)
    unit = OrgUnit.objects.get(code=code)
    council = Council.objects.create(
        org_unit=unit, name="Hội đồng", valid_from=FIRST,
        decision=judging.recorded(judging.decided("1/QĐ", FIRST), unit),
    )  # fmt: skip
    mine = code in ("D", "D1", "D0")
    with clock.at(NOW):
        assert (council in Council.objects.visible_to(who.officer)) is mine
        assert rules.has_perm("councils.view", who.officer, council) is mine
        assert (council in run_by(who.council_office)) is mine
        assert (council.org_unit in units_of(who.officer)) is mine
        assert rules.has_perm("councils.set_up", who.officer, council.org_unit) is mine


@pytest.mark.parametrize("relation", OF_COMMUNE)
def test_ending_certificates_and_events_are_the_heirs(
    relation, cycle, places, cast_of, client, son
):
    once = person("cu", "Cán bộ cũ", ("officer", places[relation]))
    moment = timezone.make_aware(datetime(2026, 5, 4, 9))
    with while_it_stood(places[relation]):
        term = certify(cycle, places[relation], once, son, moment).terms.get()
    term.__class__.objects.filter(pk=term.pk).update(due_on=date(2027, 1, 4))
    event = OutreachEvent.objects.create(
        cycle=cycle, org_unit=places[relation], held_on=THIRD, kind=OutreachKind.values[0],
        title="Hội nghị triển khai", attendance=1, recorded_by=once,
    )  # fmt: skip
    who = cast_of(relation)
    client.force_login(who.officer)
    with clock.at(NOW):
        listed = client.get("/register/certificates/").context["rows"]
        held = client.get("/outreach/").context["page"].object_list
    assert ([row["term"].pk for row in listed] == [term.pk]) is OF_COMMUNE[relation]
    assert (list(held) == [event]) is OF_COMMUNE[relation]


@pytest.mark.parametrize(
    ("rung", "role", "level"),
    [("leader", "leader", "own"), ("next_level", "officer", "above"), ("board", "leader", "top")],
)
def test_a_rung_of_an_ended_commune_goes_to_who_took_it_over(rung, role, level, cycle, places):
    """The commune's own district ended and left nothing: the ladder goes on from the heir."""
    dossier = opened(cycle, places["predecessor of predecessor"])
    own = places["own"]
    unit_ = {"own": own, "above": own.parent, "top": own.parent.parent}[level]
    who = person("nguoi_nghe", "Người Nghe", (role, unit_))
    with clock.at(NOW):
        task = open_task(dossier)
        posts = audiences._of_rung(rung, task, task.org_unit, task.org_unit.heir())
        assert audiences.holders(*posts[0]) == {who.pk}


def test_a_dossier_goes_on_at_the_heir_of_the_heir(cycle, cycle_of_three, places, rule_sets, son):
    commune = places["predecessor of predecessor"]
    assert commune.heir(date(2024, 6, 1)) == places["predecessor"]
    assert commune.heir(date(2026, 1, 1)) == commune.heir() == places["own"]
    assert places["split"].heir() == places["split"]
    dossier = stand(opened(cycle_of_three, commune), State.WITHDRAWN)
    dossier._enter(cycle)
    assert dossier.commune == places["own"]
    lost = stand(opened(cycle_of_three, places["split"]), State.WITHDRAWN)
    with pytest.raises(ConditionNotMet):
        lost._enter(cycle)


def test_units_that_take_each_other_over_end_the_search(province, places):
    """What no law makes and a slip may: a circle."""
    one = unit("X1", province, FIRST, SECOND - DAY)
    two = unit("X2", province, FIRST, SECOND - DAY, [one])
    one.successors.add(two)
    who = person("vong", "Người Vòng", ("officer", one))
    assert who.business() == sorted([one.pk, two.pk])
    assert RoleAssignment.objects.at(two.pk).get().user == who


def test_an_area_costs_no_query_of_its_own(places, django_assert_num_queries):
    who = people_at(places["own"]).officer
    with django_assert_num_queries(1):
        who.area()
        who.business()
        who.capacity("officer", places["predecessor"].pk)
