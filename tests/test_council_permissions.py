"""Who may do what in a council: every permission against the whole cast and every seat.

The table names who may; everybody else may not. The council is the province's.
"""

import pytest
import rules

from councils.models import Opinion, Scoresheet
from cycle.models import Role
from tests import judging
from tests.judging import begin, fill, judge, regulate
from tests.stored import staged
from tests.world import person

pytestmark = pytest.mark.django_db

SEATS = {username for username, _name, _seat in judging.SEATS}
RUNS = {"thu", "thu_ky"}
#: Works for the province, or sits on its council.
SEES = {"minh", "thu", "son", "tam", "kiem", "y_te", "van_thu"} | SEATS

#: Permission -> who has it on the thing named.
ALLOWED = {
    "councils.view": ("council", SEES),
    "councils.set_up": ("unit", {"minh", "thu"}),
    "councils.run_round": ("round", RUNS),
    "councils.preside": ("round", RUNS | {"chu_tich"}),
    "councils.count_sheets": ("round", {"thu_ky"}),
    "councils.declare": ("round", SEATS),
    "councils.open_evidence": ("entry", SEES | {"an", "chi"}),
    "councils.appraise": ("round", {"to_truong"}),
    "councils.score": ("sheet", {"uy_vien_1"}),
    "councils.type_sheet": ("round", RUNS),
    "councils.confirm_sheet": ("pen", {"thu_ky", "uy_vien_2"}),
    "councils.hand_back_sheet": ("pen", RUNS),
    "councils.answer_opinion": ("opinion", {"y_te"}),
    "councils.record_document": ("round", RUNS | {"minh", "van_thu"}),
}


@pytest.fixture
def everybody(cast, province):
    return cast | {
        "y_te": person("y_te", "Bùi Thị Y", (Role.DEPARTMENT, province)),
        "van_thu": person("van_thu", "Lý Văn Thư", (Role.CLERK, province)),
    }


@pytest.fixture
def things(everybody, province, cycle, commune):
    """What the permissions are about."""
    thu, an = everybody["thu"], everybody["an"]
    regulate(province)
    council = judging.seat(province, thu)
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an), thu)
    entry = round_.entries.get()
    pen = Scoresheet.type_in(
        entry, judge(council, 2), by=thu, scan=(staged(b"%PDF-1.4 phieu").sha256, "phieu.pdf")
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
