"""The two doors, and the handing about of a task: what they do, and that they do all of it or none."""

from datetime import date, datetime, timedelta
from unittest import mock

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from cycle import clock
from cycle.models import Duty, HistoryEntry, OutboxMessage, Role, RoleAssignment, User, end_of
from dossiers.models import (
    ActNotPossible,
    ConditionNotMet,
    Dossier,
    OfficialDocument,
    PaperRequired,
    Process,
    Producer,
    Product,
    Review,
    State,
    Task,
    TaskAlreadyDone,
)
from dossiers.walk import doors
from dossiers.walk.engine import DutyMissing
from tests import records
from tests.ground import kept
from tests.owning import delete_as_owner, update_as_owner
from tests.standing import stand
from tests.world import events, open_dossier, open_task, person

pytestmark = pytest.mark.django_db


def paper(**fields):
    """A report signed by the commune's chair."""
    values = {
        "number": "12/BC-UBND",
        "signed_on": clock.today(),
        "signer": "Quàng Văn Chi",
        "signer_capacity": "Chủ tịch UBND xã",
        "scan": records.scan(),
    }
    return OfficialDocument(**values | fields)


def everything():
    """All that an act could change, to see that nothing did."""
    tables = (
        "dossiers_dossier",
        "dossiers_process",
        "dossiers_task",
        "dossiers_route",
        "dossiers_idea",
        "dossiers_review",
        "dossiers_officialdocument",
        "cycle_historyentry",
        "cycle_historyhead",
        "cycle_outboxmessage",
    )
    found = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT * FROM {table} ORDER BY 1")
            found[table] = cursor.fetchall()
    return found


def nothing_changes(refusal):
    """A context that expects ``refusal`` and compares every row before and after."""

    class Unchanged:
        def __enter__(self):
            self.before, self.raises = everything(), pytest.raises(refusal)
            return self.raises.__enter__()

        def __exit__(self, *details):
            swallowed = self.raises.__exit__(*details)
            assert everything() == self.before
            return swallowed

    return Unchanged()


def last(dossier):
    return dossier.history.order_by("seq").last()


@pytest.fixture
@kept
def dung(commune):
    """A second officer of An's commune."""
    return person("dung", "Lò Văn Dũng", (Role.OFFICER, commune))


# --- Process.open ---------------------------------------------------------------------------


def test_opening_gives_a_dossier_its_law_its_walk_and_its_first_task(cycle, commune, an):
    dossier = open_dossier(cycle, commune, an)
    task = open_task(dossier)
    assert (dossier.state, dossier.rule_set) == (State.POTENTIAL, cycle.rule_set)
    assert (task.node, task.role, task.org_unit) == ("register_idea", Role.OFFICER, commune)
    assert task.opened_at == dossier.opened_at == dossier.moved_at
    assert task.due_at == end_of(task.due_on)
    assert events(dossier) == ["dossier.open"]
    assert OutboxMessage.objects.count() == 1


def test_a_stranger_opens_nothing(cycle, commune, la, binh):
    for user in (la, binh):
        with pytest.raises(PermissionDenied):
            open_dossier(cycle, commune, user)
    assert not Dossier.objects.exists()
    assert not Process.objects.exists()


def test_a_cycle_without_duties_opens_nothing(cycle, commune, an):
    delete_as_owner(Duty.objects.filter(cycle=cycle, node="register_idea"))
    with pytest.raises(DutyMissing, match="Chu trình OCOP 2026.*register_idea"):
        open_dossier(cycle, commune, an)
    assert not Dossier.objects.exists()
    assert not HistoryEntry.objects.exists()


def test_a_new_product_and_its_producer_come_with_the_dossier_or_not_at_all(cycle, commune, an, la):
    def new():
        producer = Producer(name="HTX Nà Tấu", owner_type="cooperative", commune=commune)
        product = Product(producer=producer, name="Chè", group="drink")
        return Dossier(cycle=cycle, commune=commune, case_type="first", product=product)

    with pytest.raises(PermissionDenied):
        doors.open(new(), by=la)
    assert not Producer.objects.exists()
    doors.open(new(), by=an)
    assert str(Dossier.objects.get().product.producer) == "HTX Nà Tấu"


# --- Task.complete --------------------------------------------------------------------------


def test_completing_closes_this_task_and_opens_the_next(dossier, an):
    task = open_task(dossier)
    idea = records.idea()
    doors.complete(task, "register_idea", by=an, record=idea)

    done, following = Task.objects.get(pk=task.pk), open_task(dossier)
    entry = last(dossier)
    assert (done.status, done.outcome, done.closed_by, done.owner) == (
        "DONE",
        "register_idea",
        an,
        an,
    )
    assert done.closed_at == done.finished == entry.at == following.opened_at == idea.at
    assert (following.node, following.state) == ("screen_idea", "idea_registered")
    assert list(following.previous.all()) == [done]
    assert (idea.dossier, idea.recorded_by) == (dossier, an)
    assert entry.data == {
        "task": task.pk,
        "node": "register_idea",
        "records": [["idea", idea.pk]],
    }
    assert OutboxMessage.objects.filter(entry=entry, dispatched_at=None).exists()
    assert list(Task.objects.done_by(an)) == [done]


def test_several_records_are_kept_by_one_act(dossier, an):
    doors.complete(
        open_task(dossier), "register_idea", by=an, record=[records.idea(), Review(checked=["Đủ"])]
    )
    assert [kind for kind, _ in last(dossier).data["records"]] == ["idea", "review"]


def test_the_last_act_ends_the_walk(dossier, tam):
    dossier = stand(dossier, State.CERTIFIED)
    doors.complete(open_task(dossier), "promote", by=tam, record=records.promotion())
    process = dossier.process
    assert (process.status, process.finished is None) == ("DONE", False)
    assert not dossier.tasks.open().exists()


def test_a_refusal_ends_the_walk_and_leaves_a_way_back(dossier, an, minh):
    dossier = stand(dossier, State.IDEA_SCREENED)
    doors.complete(open_task(dossier), "not_select_idea", by=minh, reason="Trùng sản phẩm")
    ended = dossier.process
    assert ended.status == "DONE"
    doors.act(dossier.process, "refile_idea", by=an, record=records.idea())
    assert dossier.process.pk > ended.pk
    assert open_task(dossier).node == "screen_idea"


def test_the_second_click_is_told_who_did_it(dossier, an, dung):
    mine, colleagues = open_task(dossier), open_task(dossier)
    doors.complete(colleagues, "register_idea", by=dung, record=records.idea())
    with nothing_changes(TaskAlreadyDone) as refused:
        doors.complete(mine, "register_idea", by=an, record=records.idea())
    assert refused.value.task.closed_by == dung
    assert refused.value.task.outcome == "register_idea"


def test_a_task_cancelled_meanwhile_is_not_done(dossier, an):
    task = open_task(dossier)
    doors.act(dossier.process, "withdraw", by=an, reason="Ngừng sản xuất")
    with nothing_changes(TaskAlreadyDone) as refused:
        doors.complete(task, "register_idea", by=an, record=records.idea())
    assert refused.value.task.status == "CANCELED"


def test_a_stale_dossier_beside_the_task_does_no_harm(dossier, an, minh):
    """Two stale copies: one accepts, the other then rejects. Only the first counts."""
    dossier = stand(dossier, State.IDEA_SCREENED)
    first, second = open_task(dossier), open_task(dossier)
    assert (first.dossier.state, second.dossier.state) == ("idea_screened", "idea_screened")
    doors.complete(first, "select_idea", by=minh)
    with nothing_changes(TaskAlreadyDone):
        doors.complete(second, "not_select_idea", by=minh, reason="Trùng sản phẩm")
    assert Dossier.objects.get(pk=dossier.pk).state == State.IDEA_SELECTED


def test_values_set_beforehand_are_not_saved(dossier, an):
    task = open_task(dossier)
    task.dossier.stars = 5
    task.dossier.case_type = "upgrade"
    doors.complete(task, "register_idea", by=an, record=records.idea())
    saved = Dossier.objects.get(pk=dossier.pk)
    assert (saved.stars, saved.case_type) == (None, "first")


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("screen_idea", ActNotPossible),  # begins elsewhere
        ("withdraw", ActNotPossible),  # belongs to the other door
        ("celebrate", ActNotPossible),  # is no act
        ("save", ActNotPossible),  # is a method, and no act
        ("register_idea", ConditionNotMet),  # lacks the idea
    ],
)
def test_what_the_task_does_not_offer_is_refused(name, refusal, dossier, an):
    with nothing_changes(refusal):
        doors.complete(open_task(dossier), name, by=an, reason="Thử")


def test_a_stranger_is_refused(dossier, la, kiem, son):
    for user in (la, kiem, son):
        with nothing_changes(PermissionDenied):
            doors.complete(open_task(dossier), "register_idea", by=user, record=records.idea())


def test_nobody_is_not_the_system(dossier):
    with nothing_changes(PermissionDenied):
        doors.complete(open_task(dossier), "register_idea", by=None, record=records.idea())


def test_a_wrong_record_is_named_at_its_field_and_nothing_is_kept(dossier, an):
    dossier = stand(dossier, State.IDEA_SELECTED)
    with nothing_changes(ValidationError) as refused:
        doors.complete(
            open_task(dossier),
            "submit_plan",
            by=an,
            record=records.plan(own_capital=1, investment=0),
        )
    assert list(refused.value.message_dict) == ["own_capital"]


@pytest.mark.parametrize(
    "broken",
    [
        "cycle.models.history.OutboxMessage.objects.create",
        "cycle.models.HistoryEntry.save",
        "dossiers.walk.engine.OfficerActivation.create",
        "dossiers.walk.engine.OfficerActivation.complete",
    ],
)
def test_when_one_write_fails_none_is_kept(broken, dossier, an):
    with (
        mock.patch(broken, side_effect=DatabaseError("đĩa đầy")),
        nothing_changes(DatabaseError),
    ):
        doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    # And the same task can be done when the trouble is over.
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())


def test_when_the_next_duty_is_missing_the_task_stays(dossier, an):
    delete_as_owner(Duty.objects.filter(node="screen_idea"))
    with nothing_changes(DutyMissing):
        doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())


# --- Paper ----------------------------------------------------------------------------------


def test_the_officer_types_what_the_leader_signed(dossier, an, chi):
    dossier = stand(dossier, State.COMMUNE_CHECKED)
    document = paper()
    doors.complete(open_task(dossier), "forward_to_province", by=an, paper=document)
    entry = last(dossier)
    assert (entry.actor, entry.role) == (an, "officer")
    assert entry.data["paper"] is True
    assert entry.data["records"] == [
        ["evidence", document.scan_id],
        ["officialdocument", document.pk],
    ]
    assert (document.signer, document.recorded_by) == ("Quàng Văn Chi", an)


def test_without_the_paper_the_officer_is_not_the_leader(dossier, an):
    dossier = stand(dossier, State.COMMUNE_CHECKED)
    with nothing_changes(PaperRequired):
        doors.complete(open_task(dossier), "forward_to_province", by=an)


def test_the_leader_needs_no_paper(dossier, chi):
    dossier = stand(dossier, State.COMMUNE_CHECKED)
    doors.complete(open_task(dossier), "return_to_officer", by=chi, reason="Xem lại báo cáo")
    assert (last(dossier).role, "paper" in last(dossier).data) == ("leader", False)


def test_a_clerk_types_from_paper(dossier, commune):
    lan = person("lan", "Lò Thị Lan", (Role.CLERK, commune))
    dossier = stand(dossier, State.COMMUNE_CHECKED)
    with nothing_changes(PaperRequired):
        doors.complete(open_task(dossier), "forward_to_province", by=lan)
    doors.complete(open_task(dossier), "forward_to_province", by=lan, paper=paper())
    assert (last(dossier).actor, last(dossier).role) == (lan, "clerk")


def test_another_units_officer_types_nothing(dossier, la, minh):
    dossier = stand(dossier, State.COMMUNE_CHECKED)
    for user in (la, minh):
        with nothing_changes(PermissionDenied):
            doors.complete(open_task(dossier), "forward_to_province", by=user, paper=paper())


def test_it_happened_when_the_paper_was_signed(dossier, an):
    dossier = stand(dossier, State.COMMUNE_CHECKED)
    day = clock.today() - timedelta(days=3)
    update_as_owner(Dossier.objects.filter(pk=dossier.pk), moved_at=clock.now() - timedelta(days=9))
    doors.complete(open_task(dossier), "forward_to_province", by=an, paper=paper(signed_on=day))
    noon = timezone.make_aware(datetime(day.year, day.month, day.day, 12))
    entry, following = last(dossier), open_task(dossier)
    assert entry.at == following.opened_at == noon
    assert entry.recorded_at > noon + timedelta(days=2)
    # The next desk's term runs from that day, not from the typing.
    assert following.due_on < clock.today() + timedelta(days=20)


def test_nothing_happened_before_the_dossier_came_here(dossier, an):
    dossier = stand(dossier, State.COMMUNE_CHECKED)
    came = Dossier.objects.get(pk=dossier.pk).moved_at
    document = paper(signed_on=clock.today() - timedelta(days=30))
    doors.complete(open_task(dossier), "forward_to_province", by=an, paper=document)
    assert last(dossier).at == came


def test_nothing_has_happened_in_the_future(dossier, an):
    soon = clock.now() + timedelta(days=1)
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea(), at=soon)
    assert last(dossier).at < soon
    dossier = stand(dossier, State.COMMUNE_CHECKED)
    with nothing_changes(ValidationError) as refused:
        doors.complete(
            open_task(dossier),
            "forward_to_province",
            by=an,
            paper=paper(signed_on=soon.date() + timedelta(days=1)),
        )
    assert list(refused.value.message_dict) == ["signed_on"]


# --- Several hats ---------------------------------------------------------------------------


def test_one_acts_in_the_capacity_that_the_task_asks(dossier, an, commune):
    """An is officer of two communes, and for a while chairs one of them as well."""
    RoleAssignment.objects.create(
        user=an, role=Role.LEADER, org_unit=commune, valid_from=date(2026, 1, 1)
    )
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    assert (last(dossier).role, last(dossier).org_unit) == ("officer", commune)
    dossier = stand(dossier, State.COMMUNE_CHECKED)
    doors.complete(
        open_task(dossier),
        "forward_to_province",
        by=User.objects.get(pk=an.pk),
        paper=paper(),
    )
    assert (last(dossier).role, last(dossier).org_unit) == ("leader", commune)


def test_one_chooses_the_capacity_of_an_act_that_no_task_asked_for(dossier, province, commune):
    both = person("ca", "Cà Văn Cả", (Role.OFFICER, commune), (Role.OFFICER, province))
    at_province = both.role_assignments.get(org_unit=province)
    doors.act(dossier.process, "withdraw", by=both, capacity=at_province, reason="Ngừng sản xuất")
    assert last(dossier).org_unit == province
    doors.act(dossier.process, "reopen", by=both, reason="Sản xuất trở lại")
    assert last(dossier).org_unit in (commune, province)


# --- Process.act ----------------------------------------------------------------------------


def test_an_act_cancels_the_open_task_and_ends_the_walk(dossier, an):
    task = open_task(dossier)
    doors.act(dossier.process, "withdraw", by=an, reason="  Ngừng sản xuất ")
    task = Task.objects.get(pk=task.pk)
    entry = last(dossier)
    assert (task.status, task.closed_at, task.closed_by) == ("CANCELED", entry.at, None)
    assert (dossier.process.status, dossier.process.finished) == ("CANCELED", entry.at)
    assert (entry.before, entry.after, entry.reason) == (
        "potential",
        "withdrawn",
        "Ngừng sản xuất",
    )


def test_an_act_that_moves_nothing_leaves_the_task_where_it_lies(dossier, an):
    dossier = stand(dossier, State.IMPLEMENTING)
    task, moved = open_task(dossier), Dossier.objects.get(pk=dossier.pk).moved_at
    doors.act(dossier.process, "record_visit", by=an, record=records.visit())
    assert open_task(dossier) == task
    assert Dossier.objects.get(pk=dossier.pk).moved_at == moved
    assert last(dossier).before == last(dossier).after == "implementing"


@pytest.mark.parametrize("name", ["register_idea", "celebrate", "refresh_from_db"])
def test_the_second_door_is_not_the_first(name, dossier, an):
    with nothing_changes(ActNotPossible):
        doors.act(dossier.process, name, by=an, record=records.idea(), reason="Thử")


def test_an_act_too_early_or_too_late_is_refused(dossier, an):
    with nothing_changes(ActNotPossible):
        doors.act(dossier.process, "reopen", by=an, reason="Thử")
    doors.act(dossier.process, "withdraw", by=an, reason="Ngừng")
    with nothing_changes(ActNotPossible):
        doors.act(dossier.process, "withdraw", by=an, reason="Ngừng")


def test_an_act_on_a_walk_that_was_followed_by_another_is_refused(dossier, an):
    old = dossier.process
    doors.act(old, "withdraw", by=an, reason="Ngừng")
    doors.act(dossier.process, "reopen", by=an, reason="Trở lại")
    with nothing_changes(ActNotPossible):
        doors.act(old, "withdraw", by=an, reason="Ngừng lần nữa")


@pytest.mark.parametrize("broken", ["dossiers.walk.doors.start", "dossiers.walk.engine.cancel"])
def test_when_a_walk_cannot_begin_again_nothing_has_happened(broken, dossier, an):
    with mock.patch(broken, side_effect=DatabaseError), nothing_changes(DatabaseError):
        doors.act(dossier.process, "enter_late", by=an, entered_as="existing", reason="Đã có")


def test_a_late_entry_in_a_state_that_is_none_is_refused(dossier, an):
    with nothing_changes(ValueError):
        doors.act(dossier.process, "enter_late", by=an, entered_as="friend", reason="Thử")


# --- Claim, release, reassign ---------------------------------------------------------------


def test_claiming_makes_it_mine_and_shuts_it_to_others(dossier, an, dung):
    task = open_task(dossier)
    doors.claim(task, by=an)
    assert (open_task(dossier).owner, open_task(dossier).status) == (an, "ASSIGNED")
    assert last(dossier).event == "task.claim"
    with nothing_changes(PermissionDenied):
        doors.claim(open_task(dossier), by=dung)
    with nothing_changes(PaperRequired):
        doors.complete(open_task(dossier), "register_idea", by=dung, record=records.idea())
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())


def test_releasing_gives_it_back_to_the_unit(dossier, an, dung, chi, la):
    for releases in (an, chi):
        doors.claim(open_task(dossier), by=an)
        with nothing_changes(PermissionDenied):
            doors.release(open_task(dossier), by=la)
        doors.release(open_task(dossier), by=releases)
        assert (open_task(dossier).owner, open_task(dossier).status) == (None, "NEW")
        assert last(dossier).event == "task.release"
    doors.claim(open_task(dossier), by=dung)


def test_reassigning_names_the_person_and_the_reason(dossier, an, dung, chi):
    doors.claim(open_task(dossier), by=an)
    doors.reassign(open_task(dossier), to=dung, by=chi, reason="An nghỉ phép")
    entry = last(dossier)
    assert open_task(dossier).owner == dung
    assert (entry.event, entry.reason, entry.data["to"]) == (
        "task.reassign",
        "An nghỉ phép",
        "Lò Văn Dũng",
    )
    doors.complete(open_task(dossier), "register_idea", by=dung, record=records.idea())


def test_reassigning_is_refused(dossier, an, dung, chi, la, minh):
    task = open_task(dossier)
    with nothing_changes(ConditionNotMet) as refused:
        doors.reassign(task, to=dung, by=chi, reason=" ")
    assert refused.value.messages == ["Bạn chưa nêu lý do giao lại."]
    for stranger in (la, minh):
        with nothing_changes(ConditionNotMet) as refused:
            doors.reassign(task, to=stranger, by=chi, reason="Thử")
        assert refused.value.messages == [f"{stranger} không giữ vai trò này tại đơn vị."]
        with nothing_changes(PermissionDenied):
            doors.reassign(task, to=dung, by=stranger, reason="Thử")
    dung.is_active = False
    with nothing_changes(ConditionNotMet):
        doors.reassign(task, to=dung, by=chi, reason="Thử")


# --- Reroute --------------------------------------------------------------------------------


def test_rerouting_lasts_for_this_duty_of_this_dossier(dossier, an, chi, la, minh, other_commune):
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    doors.reroute(
        open_task(dossier), to=other_commune, by=chi, reason="Xã thiếu cán bộ", document="15/UBND"
    )
    assert open_task(dossier).org_unit == other_commune
    assert last(dossier).data["to"] == "Xã Mường Nhé"
    doors.complete(open_task(dossier), "screen_idea", by=la)
    doors.complete(open_task(dossier), "return_idea", by=minh, reason="Bổ sung nguồn nguyên liệu")
    # Another duty is the commune's own; this one comes back to where it was sent.
    assert open_task(dossier).org_unit == dossier.commune
    doors.complete(open_task(dossier), "complete_idea", by=an, record=records.idea())
    assert (open_task(dossier).node, open_task(dossier).org_unit) == (
        "screen_idea",
        other_commune,
    )


def test_rerouting_is_refused(dossier, an, chi, la, district, other_commune, province):
    task = open_task(dossier)
    for change, said in (
        ({"reason": ""}, "Bạn chưa nêu lý do chuyển đơn vị."),
        ({"to": province}, "Chỉ chuyển được cho đơn vị cùng cấp."),
        (
            {"document": " "},
            "Chuyển ra ngoài địa bàn của hồ sơ phải có văn bản: hãy nhập số, ngày.",
        ),
    ):
        with nothing_changes(ConditionNotMet) as refused:
            doors.reroute(
                task,
                **{"to": other_commune, "by": chi, "reason": "Thử", "document": "15/UBND"} | change,
            )
        assert refused.value.messages == [said]
    update_as_owner(User.objects.filter(pk=la.pk), is_active=False)
    with nothing_changes(ConditionNotMet) as refused:
        doors.reroute(task, to=other_commune, by=chi, reason="Thử", document="15/UBND")
    assert refused.value.messages == [
        "Xã Mường Nhé chưa có ai giữ vai trò «Cán bộ OCOP»: việc sẽ không ai làm được."
    ]
    for user in (an, la):
        with nothing_changes(PermissionDenied):
            doors.reroute(task, to=other_commune, by=user, reason="Thử", document="15/UBND")


def test_the_level_above_takes_back_without_a_document(dossier, an, chi, la, minh, other_commune):
    doors.reroute(
        open_task(dossier), to=other_commune, by=chi, reason="Quá tải", document="15/UBND"
    )
    for user in (chi, la, an):
        with nothing_changes(PermissionDenied):
            doors.reroute(open_task(dossier), to=dossier.commune, by=user, reason="Trả lại")
    doors.reroute(open_task(dossier), to=dossier.commune, by=minh, reason="Xã tự làm được")
    assert open_task(dossier).org_unit == dossier.commune
    assert (last(dossier).actor, last(dossier).role) == (minh, "officer")
    assert open_task(dossier) in Task.objects.inbox(an)


# --- Waiting for the producer ---------------------------------------------------------------


def test_waiting_and_going_on(dossier, an):
    due = open_task(dossier).due_on
    doors.wait(open_task(dossier), by=an, reason=" Chờ phiếu kiểm nghiệm ")
    task = open_task(dossier)
    assert (task.waiting_reason, task.waiting_since is None) == ("Chờ phiếu kiểm nghiệm", False)
    # The legal due date stays where it was.
    assert task.due_on == due
    doors.resume(open_task(dossier), by=an)
    task = open_task(dossier)
    assert (task.waiting_reason, task.waiting_since, task.due_on) == ("", None, due)
    assert events(dossier)[1:] == ["task.wait", "task.resume"]


def test_waiting_is_refused(dossier, la, an):
    with nothing_changes(ConditionNotMet) as refused:
        doors.wait(open_task(dossier), by=an, reason="")
    assert refused.value.messages == ["Bạn chưa nêu đang chờ chủ thể việc gì."]
    with nothing_changes(PermissionDenied):
        doors.wait(open_task(dossier), by=la, reason="Thử")
    with nothing_changes(PermissionDenied):
        doors.resume(open_task(dossier), by=la)


def test_a_task_sent_back_waits_for_the_producer_by_itself(dossier, an):
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    doors.complete(open_task(dossier), "return_idea", by=an, reason="Thiếu")
    task = open_task(dossier)
    assert task.waiting_since == task.opened_at


@pytest.mark.parametrize(
    ("act", "values"),
    [
        ("claim", {}),
        ("release", {}),
        ("wait", {"reason": "Thử"}),
        ("resume", {}),
        ("reassign", {"reason": "Thử", "to": "an"}),
        ("reroute", {"reason": "Thử", "to": "other_commune"}),
    ],
)
def test_a_task_that_is_done_is_not_handed_about(act, values, dossier, an, other_commune):
    task, named = open_task(dossier), {"an": an, "other_commune": other_commune}
    doors.complete(task, "register_idea", by=an, record=records.idea())
    if "to" in values:
        values = values | {"to": named[values["to"]]}
    with nothing_changes(TaskAlreadyDone):
        doors.HANDLING[act](task, by=an, **values)


def test_when_the_handing_cannot_be_written_down_it_did_not_happen(dossier, an, chi, dung):
    with (
        mock.patch("cycle.models.history.OutboxMessage.objects.create", side_effect=DatabaseError),
        nothing_changes(DatabaseError),
    ):
        doors.reassign(open_task(dossier), to=dung, by=chi, reason="An nghỉ phép")


@pytest.mark.django_db(transaction=True)
def test_a_failed_act_is_gone_after_the_commit_too(dossier, an):
    with (
        mock.patch("cycle.models.history.OutboxMessage.objects.create", side_effect=DatabaseError),
        nothing_changes(DatabaseError),
    ):
        doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    assert not transaction.get_connection().in_atomic_block
    assert events(dossier) == ["dossier.open"]


def test_a_leader_distributes_as_a_leader(dossier, an, chi):
    doors.reassign(open_task(dossier), to=an, by=chi, reason="Chia việc")
    entry = dossier.history.last()
    assert (entry.role, entry.org_unit) == ("leader", dossier.commune)


def test_rerouting_is_written_down_in_the_capacity_it_was_done_in(dossier, chi, la, other_commune):
    doors.reroute(
        open_task(dossier),
        to=other_commune,
        by=chi,
        reason="Sản phẩm ở bản giáp ranh",
        document="15/UBND",
    )
    entry = dossier.history.last()
    assert (entry.role, entry.org_unit) == ("leader", dossier.commune)
    assert entry.data["document"] == "15/UBND"
