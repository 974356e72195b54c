"""Who may do what in a council: every permission against the whole cast and every seat.

The table names who may; everybody else may not. The council is the province's.
"""

from datetime import date, timedelta

import pytest
import rules
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from councils.judging import closing
from councils.models import EvaluationRound, Member, Opinion, Regulation, Scoresheet
from cycle import clock
from cycle.models import HistoryEntry, Role, RoleAssignment, Substitution, User
from dossiers.models import ConditionNotMet
from dossiers.office import handover
from tests import judging
from tests.absences import fresh, on_paper, substitute_for
from tests.appointed import post_of
from tests.council_rights import ALLOWED, SEES
from tests.ground import kept
from tests.judging import begin, fill, judge, regulate
from tests.owning import delete_as_owner, erase_all, save_as_owner, update_as_owner
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
    from councils.models import Council

    seats = things["council"].members.select_related("user")
    people = everybody | {member.user.username: member.user for member in seats}
    listed = {name for name, user in people.items() if Council.objects.visible_to(user).exists()}
    rounds = {
        name for name, user in people.items() if EvaluationRound.objects.visible_to(user).exists()
    }
    assert listed == rounds == SEES


def test_who_scores_after_their_seat_has_ended_finds_the_round_and_its_pages(things, client):
    """While it is open; a member who did not sit on its day, and anybody once it is over, does not."""
    round_, entry, council = things["round"], things["entry"], things["council"]
    left, never = judge(council, 1), judge(council, 2)
    for member, until in ((left, clock.today()), (never, clock.today() - timedelta(days=1))):
        update_as_owner(Member.objects.filter(pk=member.pk), until=until)
    pages = (f"/rounds/{round_.pk}/", f"/entries/{entry.pk}/", f"/rounds/{round_.pk}/sheets/")
    answers = {}
    with clock.at(clock.now() + timedelta(days=1)):
        for member in (left, never):
            client.force_login(member.user)
            listed = f"/rounds/{round_.pk}/" in client.get("/rounds/").text
            assert not listed or 'href="/rounds/"' in client.get("/inbox/").text
            answers[member] = listed, [client.get(page).status_code for page in pages]
            seen = EvaluationRound.objects.visible_to(member.user)
            assert list(seen) == ([round_] if listed else [])
        assert answers == {left: (True, [200] * 3), never: (False, [404] * 3)}
        # What the list asks is what the rule of the round says of everybody.
        for member in council.members.select_related("user"):
            open_to = EvaluationRound.objects.visible_to(fresh(member.user)).exists()
            assert open_to == rules.has_perm("councils.declare", fresh(member.user), round_)
        round_.void(
            by=User.objects.get(username="thu"), reason="Hoãn", document=judging.paper("9/VB-UBND")
        )
        assert not EvaluationRound.objects.visible_to(left.user).exists()


def test_a_vice_chair_who_scores_settles_only_where_they_presided(things):
    """Once the chair is recorded as absent, and of those who came."""
    council, round_, thu = things["council"], things["round"], User.objects.get(username="thu")
    vices = [
        Member.objects.create(
            council=council, decision=council.decision, user=person(f"pho_{number}", f"Lê Thị Phó {number}"),
            seat="vice_chair", since=council.valid_from, made_by=thu,
        )
        for number in (1, 2)
    ]  # fmt: skip
    chair = judge(council, 0)

    def settle():
        return [
            rules.has_perm(f"councils.{permission}", fresh(each.user), round_)
            for permission in ("settle_spread", "undo")
            for each in (chair, *vices)
        ]

    assert settle() == [True, False, False] * 2
    came = {each.pk: True for each in council.members.all()}
    round_.attend(came | {chair.pk: False, vices[1].pk: False}, by=thu, reason="Ghi nhầm")
    assert settle() == [False, True, False] * 2
    # Nor is anybody the chair any more, whose successor is not named yet.
    gone = clock.today() - timedelta(days=1)
    update_as_owner(Member.objects.filter(pk=chair.pk), until=gone)
    assert settle() == [False, True, False] * 2


@pytest.fixture
@kept
def stand_in(everybody, things, province):
    """A scoring member who acts for the council's office."""
    user = judge(things["council"], 1).user
    substitute_for(post_of(everybody["thu"], province), user, everybody["minh"])
    return fresh(user)


def test_to_stand_in_for_the_office_gives_who_scores_nothing_in_the_round(stand_in, things):
    for permission, (thing, who) in ALLOWED.items():
        may = rules.has_perm(permission, stand_in, things[thing])
        assert may == (stand_in.username in who), permission


def test_nor_a_new_round_nor_the_answer_of_a_department(stand_in, things):
    council = things["council"]
    new = EvaluationRound(council=council, cycle=things["round"].cycle, name="Đợt mới")
    with pytest.raises(PermissionDenied):
        EvaluationRound.create(new, by=stand_in)
    asked = things["opinion"]
    asked.to.is_active = False
    save_as_owner(asked.to)
    delete_as_owner(RoleAssignment.objects.filter(role=Role.DEPARTMENT))
    assert not rules.has_perm("councils.answer_opinion", stand_in, asked)
    office = User.objects.get(username="thu")
    assert rules.has_perm("councils.answer_opinion", office, asked)


@pytest.mark.parametrize(
    ("seat", "may"), [("judge", False), ("chair", False), ("secretary", True), ("nobody", True)]
)
def test_who_scores_is_not_named_to_stand_in_for_the_office(seat, may, everybody, things, province):
    members = things["council"].members.select_related("user")
    seated = {
        "judge": lambda: judge(things["council"], 1).user,
        "nobody": lambda: person("dung", "Lò Thị Dung"),
    }
    user = seated.get(seat, lambda: members.get(seat=seat).user)()
    today = clock.today()
    given = Substitution(
        assignment=post_of(everybody["thu"], province),
        substitute=user,
        valid_from=today,
        valid_to=today + timedelta(days=5),
        reason="Nghỉ phép",
        basis=on_paper("5/QĐ-VP ngày 01/10/2026", "Lò Văn Ký"),
    )
    if may:
        handover.substitute(given, by=everybody["thu"])
        return
    with pytest.raises(ValidationError) as refused:
        handover.substitute(given, by=everybody["thu"])
    assert list(refused.value.message_dict) == ["substitute"]
    assert "chấm điểm trong" in str(refused.value)


def test_another_who_stands_in_for_the_office_has_what_it_has(everybody, things, province):
    user = person("dung", "Lò Thị Dung")
    substitute_for(post_of(everybody["thu"], province), user, everybody["minh"])
    for permission, (thing, who) in ALLOWED.items():
        may = rules.has_perm(permission, fresh(user), things[thing])
        # She typed the pen sheet herself: another may compare it.
        assert may == ("thu" in who or permission == "councils.confirm_sheet"), permission


@pytest.mark.django_db(transaction=True)
def test_whom_an_entry_of_before_unseated_is_not_seated_anew_when_the_name_is_erased(
    things, everybody
):
    council, minh = things["council"], everybody["minh"]
    last = clock.today() + timedelta(days=3)
    gone, stays = judge(council, 1), council.members.get(seat="secretary")
    update_as_owner(Member.objects.filter(pk__in=[gone.pk, stays.pk]), until=last)
    with transaction.atomic():
        HistoryEntry.objects.record(
            "council.unseat", council, by=minh, reason="Chuyển công tác", who=str(gone.user),
            seat=gone.seat, until=last.isoformat(), document="5/QĐ-UBND",
        )  # fmt: skip
    assert council._ending_with_its_term(last, minh) == [stays]
    erase_all()
    assert council._ending_with_its_term(last, minh) == [stays]


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
        round_.declare_interest(
            entry, own, kind="declared", recused=False, correction="Nhầm", **said
        )
    with pytest.raises(PermissionDenied):
        round_.declare_interest(entry, other, kind="declared", recused=True, **said)
    assert list(entry.interests.values_list("member", "recused")) == [(own.pk, True)]


# --- Who scores decides neither who scores with them nor whose sheet counts -----------------------


def _seat(w, by):
    seat = {"user": person("moi", "Lò Văn Mới"), "seat": "member"}
    w["council"].give_seat(Member(since=clock.today() + timedelta(days=1), **seat), by=by)


def _unseat(w, by):
    w["council"].take_seat(
        judge(w["council"], 4), by=by, until=clock.today() + timedelta(days=9),
        reason="Chuyển việc", document=judging.paper("9/QĐ-UBND"),
    )  # fmt: skip


def _extend(w, by):
    w["council"].extend(
        valid_to=clock.today() + timedelta(days=90),
        reason="Còn đợt",
        document=judging.paper("9/QĐ"),
        by=by,
    )


def _regulate(w, by):
    Regulation.lay_down(
        Regulation(
            org_unit=w["council"].org_unit, basis=judging.decided("13/QĐ-HĐ", date(2026, 3, 1)),
            valid_from=clock.today(), secretary_scores=True,
        ),
        by=by,
    )  # fmt: skip


def _attend(w, by):
    w["round"].attend({judge(w["council"], 4).pk: False}, by=by, reason="Ghi nhầm")


def _interest(w, by):
    w["round"].declare_interest(
        w["entry"], judge(w["council"], 3), kind="declared", reason="Bạn", recused=True, by=by
    )


def _lift(w, by):
    w["round"].lift_interest(w["entry"].interests.get(), reason="Nhầm người", by=by)


#: Act -> who of the cast may do it, each of whom has a post at the council's office as well.
DECIDES = {
    "gives a seat": (_seat, {"secretary", "office"}),
    "ends a seat": (_unseat, {"secretary", "office"}),
    "extends the term": (_extend, {"secretary", "office"}),
    "enters the regulation": (_regulate, {"secretary", "office"}),
    "says who was there": (_attend, {"secretary", "office"}),
    "leaves a sheet out": (
        lambda w, by: w["sheet"].void(by=by, reason="Vắng họp"),
        {"secretary", "office"},
    ),
    "types a pen sheet": (
        lambda w, by: Scoresheet.type_in(w["entry"], judge(w["council"], 4), by=by),
        {"secretary", "office"},
    ),
    "records an interest": (_interest, {"secretary", "office"}),
    "takes an interest off": (_lift, {"secretary", "office"}),
    "moves the meeting": (
        lambda w, by: w["round"].move_meeting(
            meets_at=clock.now() + timedelta(days=1), reason="Mưa", by=by
        ),
        {"secretary", "office"},
    ),
    "takes a product out": (
        lambda w, by: w["round"].drop(w["entry"], by=by, reason="Chờ kiểm nghiệm"),
        {"chair", "secretary", "office"},
    ),
    "gives the round up": (
        lambda w, by: w["round"].void(by=by, reason="Hoãn", document=judging.paper("9/QĐ-UBND")),
        {"chair", "secretary", "office"},
    ),
    "opens the round again": (
        lambda w, by: closing.reopen(
            w["round"], by=by, reason="Sai", document=judging.paper("9/QĐ-UBND")
        ),
        {"chair", "secretary", "office"},
    ),
    "resolves on a minimum": (
        lambda w, by: w["round"].resolve(
            w["entry"],
            criterion=w["entry"].rubric.criteria.filter(options__minimum_for=3).first(),
            stars=3,
            holds=True,
            reason="Biểu quyết",
            by=by,
        ),
        {"chair", "secretary", "office"},
    ),
    "accepts a spread": (
        lambda w, by: w["round"].accept_spread(w["entry"], by=by, reason="Thống nhất"),
        {"chair", "secretary", "office"},
    ),
    "has it scored again": (
        lambda w, by: w["round"].score_again(w["entry"], by=by, reason="Chênh lệch"),
        {"chair", "secretary", "office"},
    ),
}


@pytest.mark.parametrize(
    "whom",
    [
        "member", "chair", "secretary who scores", "secretary who scores by the rules of before",
        "secretary", "office",
    ],
)  # fmt: skip
def test_who_scores_decides_not_who_scores_with_them(whom, cast, province, cycle, commune, client):
    thu = cast["thu"]
    regulate(province, secretary_scores=whom.startswith("secretary who scores"))
    council = judging.seat(province, thu)
    round_ = begin(council, cycle, judging.before_council(cycle, commune, cast["an"]), thu)
    entry = round_.entries.get()
    sheet = fill(entry, judge(council, 2))
    about = {"kind": "declared", "reason": "Em", "recused": True, "by": thu}
    round_.declare_interest(entry, judge(council, 1 if whom != "member" else 3), **about)
    if whom.endswith("of before"):
        regulate(province)
    seats = {"member": 1, "chair": 0, "secretary": 5}
    seat = seats.get(whom.split()[0])
    user = thu if seat is None else judge(council, seat).user
    if seat is not None:
        post = {"role": Role.COUNCIL_OFFICE, "org_unit": province, "valid_from": clock.today()}
        RoleAssignment.objects.create(user=user, **post)
    by = fresh(user)
    world = {"council": council, "round": round_, "entry": entry, "sheet": sheet}
    may = set()
    for name, (act, _who) in DECIDES.items():
        with transaction.atomic():
            try:
                act(world, by)
            except PermissionDenied:
                pass
            except ConditionNotMet:
                may.add(name)
            else:
                may.add(name)
            transaction.set_rollback(True)
        for each in (round_, entry, sheet, council):
            each.refresh_from_db()
    assert may == {name for name, (_act, who) in DECIDES.items() if whom in who}
    client.force_login(by)
    page = client.get(f"/councils/{council.pk}/").text
    assert ("Bạn chấm điểm trong hội đồng này" in page) == ("gives a seat" not in may)
    assert ("/end/" in page) == ("ends a seat" in may)
    assert client.get("/councils/regulation/new/").status_code == (
        200 if "enters the regulation" in may else 403
    )


#: Seat of a holder of a post at the office, from and to so many days from today; in how many the
#: council meets, and after how many it is asked -> whether they are neutral in the round.
SEATED = {
    "before the meeting, from tomorrow": (1, None, 2, 0, False),
    "on its day": (2, 2, 2, 0, False),
    "from the day after it": (3, None, 2, 0, True),
    "until today": (-9, 0, 2, 0, False),
    "until yesterday": (-9, -1, 2, 0, True),
    "at a meeting that was held": (-9, 0, 0, 3, False),
    "since a meeting that was held": (1, None, 0, 3, True),
}


@pytest.mark.parametrize("seated", SEATED)
def test_who_scores_by_the_day_of_the_meeting_is_not_neutral_today(
    seated, cast, province, cycle, commune
):
    since, until, meets, asked, neutral = SEATED[seated]
    thu, day = cast["thu"], timedelta(days=1)
    regulate(province)
    council = judging.seat(province, thu)
    before = judging.before_council(cycle, commune, cast["an"])
    meets_at = clock.now() + meets * day
    round_ = begin(council, cycle, before, thu, everybody=False, meets_at=meets_at)
    entry, other = round_.entries.get(), judge(council, 3)
    pen = Scoresheet.type_in(entry, judge(council, 2), by=thu)
    Member.objects.create(
        council=council, decision=council.decision, user=thu, seat="member", made_by=cast["minh"],
        since=clock.today() + since * day,
        until=None if until is None else clock.today() + until * day,
    )  # fmt: skip
    with clock.at(clock.now() + asked * day):
        by = fresh(thu)
        for permission in ("type_sheet", "settle_scorers", "record_interest", "settle_spread"):
            assert rules.has_perm(f"councils.{permission}", by, round_) == neutral, permission
        assert rules.has_perm("councils.score", by, pen) == neutral
        assert Scoresheet.objects.visible_to(by).filter(pk=pen.pk).exists() == neutral
        said = {"kind": "declared", "reason": "Bạn", "recused": True, "by": by}
        if neutral:
            round_.declare_interest(entry, other, **said)
            return
        with pytest.raises(PermissionDenied):
            round_.declare_interest(entry, other, **said)


def test_while_no_day_is_set_who_will_score_is_not_neutral(cast, province, cycle, commune):
    thu = cast["thu"]
    regulate(province)
    council = judging.seat(province, thu)
    before = judging.before_council(cycle, commune, cast["an"])
    round_ = begin(council, cycle, before, thu, open_it=False, meets_at=None)
    assert rules.has_perm("councils.settle_scorers", thu, round_)
    Member.objects.create(
        council=council, decision=council.decision, user=thu, seat="member", made_by=cast["minh"],
        since=clock.today() + timedelta(days=30),
    )  # fmt: skip
    assert not rules.has_perm("councils.settle_scorers", fresh(thu), round_)
