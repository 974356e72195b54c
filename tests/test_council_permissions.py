"""Who may do what in a council: every permission against the whole cast and every seat.

The table names who may; everybody else may not. The council is the province's.
"""

import pytest
import rules
from django.core.exceptions import PermissionDenied

from councils.models import Opinion, Scoresheet
from cycle.models import Role
from dossiers.models import ConditionNotMet
from tests import judging
from tests.absences import fresh, substitute_for
from tests.appointed import post_of
from tests.council_rights import ALLOWED, SEES
from tests.ground import kept
from tests.judging import begin, fill, judge, regulate
from tests.stored import staged
from tests.world import person

pytestmark = pytest.mark.django_db


@pytest.fixture
@kept
def everybody(cast, province):
    return cast | {
        "y_te": person("y_te", "Bùi Thị Y", (Role.DEPARTMENT, province)),
        "van_thu": person("van_thu", "Lý Văn Thư", (Role.CLERK, province)),
    }


@pytest.fixture
@kept
def things(everybody, province, cycle, commune):
    """What the permissions are about."""
    thu, an = everybody["thu"], everybody["an"]
    regulate(province)
    council = judging.seat(province, thu)
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an), thu)
    entry = round_.entries.get()
    pen = Scoresheet.type_in(
        entry,
        judge(council, 2),
        by=thu,
        scan=(staged(b"%PDF-1.4 phieu obj %%EOF").sha256, "phieu.pdf"),
    )
    opinion = Opinion(entry=entry, to=everybody["y_te"], department="Sở Y tế", question="Đạt?")
    return {
        "council": council,
        "unit": province,
        "round": round_,
        "entry": entry,
        "sheet": fill(entry, judge(council, 1), submit=False),
        "pen": pen,
        "team": Scoresheet.of(entry, None),
        "opinion": Opinion.ask(opinion, days=5, by=thu),
    }


def allowed(permission, people, target):
    assert not rules.has_perm(permission, None, target)
    return {name for name, user in people.items() if rules.has_perm(permission, user, target)}


def test_the_table_names_every_permission_there_is():
    ours = {name for name in rules.permissions.permissions if name.startswith("councils.")}
    assert ours == set(ALLOWED)


def test_who_may(everybody, things):
    seats = things["council"].members.select_related("user")
    people = everybody | {member.user.username: member.user for member in seats}
    for permission, (thing, who) in ALLOWED.items():
        assert allowed(permission, people, things[thing]) == who, permission
    # A sheet typed from paper is whoever typed it, the team's the team's.
    assert allowed("councils.score", people, things["pen"]) == {"thu"}
    assert allowed("councils.score", people, things["team"]) == {"to_truong"}
    assert allowed("councils.confirm_sheet", people, things["sheet"]) == set()
    assert allowed("councils.hand_back_sheet", people, things["team"]) == set()
    for user in people.values():
        user.is_active = False
    for permission, (thing, _who) in ALLOWED.items():
        assert allowed(permission, people, things[thing]) == set(), permission


def test_the_queryset_and_the_predicate_agree(everybody, things):
    from councils.models import Council, EvaluationRound

    seats = things["council"].members.select_related("user")
    people = everybody | {member.user.username: member.user for member in seats}
    listed = {name for name, user in people.items() if Council.objects.visible_to(user).exists()}
    rounds = {
        name for name, user in people.items() if EvaluationRound.objects.visible_to(user).exists()
    }
    assert listed == rounds == SEES


@pytest.fixture
@kept
def stand_in(everybody, things, province):
    """A scoring member who acts for the council's office."""
    user = judge(things["council"], 1).user
    substitute_for(post_of(everybody["thu"], province), user, everybody["minh"])
    return fresh(user)


def test_to_stand_in_for_the_office_gives_who_scores_nothing_in_the_round(stand_in, things):
    for permission, (thing, who) in ALLOWED.items():
        if thing != "unit":
            may = rules.has_perm(permission, stand_in, things[thing])
            assert may == (stand_in.username in who), permission


def test_another_who_stands_in_for_the_office_has_what_it_has(everybody, things, province):
    user = person("dung", "Lò Thị Dung")
    substitute_for(post_of(everybody["thu"], province), user, everybody["minh"])
    for permission, (thing, who) in ALLOWED.items():
        may = rules.has_perm(permission, fresh(user), things[thing])
        # She typed the pen sheet herself: another may compare it.
        assert may == ("thu" in who or permission == "councils.confirm_sheet"), permission


def test_a_secretary_who_scores_decides_on_nobodys_sheet(things):
    round_, pen = things["round"], things["pen"]
    secretary = things["council"].members.get(seat="secretary").user
    assert rules.has_perm("councils.hand_back_sheet", secretary, pen)
    round_.regulation.secretary_scores = True
    pen.entry.round = round_
    assert rules.has_perm("councils.run_round", secretary, round_)
    assert not rules.has_perm("councils.record_interest", secretary, round_)
    assert not rules.has_perm("councils.hand_back_sheet", secretary, pen)


def test_who_scores_lifts_no_declaration_by_standing_in(stand_in, things):
    round_, entry = things["round"], things["entry"]
    own, other = (judge(things["council"], number) for number in (1, 3))
    said = {"reason": "Nhầm", "by": stand_in}
    round_.declare_interest(entry, own, kind="producer", recused=True, **said)
    with pytest.raises(ConditionNotMet):
        round_.declare_interest(entry, own, kind="declared", recused=False, **said)
    with pytest.raises(PermissionDenied):
        round_.declare_interest(entry, other, kind="declared", recused=True, **said)
    assert list(entry.interests.values_list("member", "recused")) == [(own.pk, True)]
