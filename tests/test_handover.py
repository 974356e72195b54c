"""An officer leaves: all their open work goes to a successor in one action, or none of it."""

from datetime import date, datetime, timedelta

import pytest
import rules
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from cycle import clock
from cycle.models import Document, HistoryEntry, Role, RoleAssignment, User
from dossiers.models import Task
from dossiers.office.briefing import Briefing
from dossiers.office.handover import arranged_by, hand_over, keep_posts, take_back
from dossiers.rules import holds_task
from dossiers.walk import doors, engine
from notifications.dispatch import dispatch
from notifications.models import Notification
from tests import records
from tests.absences import fresh, substitute_for
from tests.appointed import typed
from tests.ground import kept
from tests.owning import update_as_owner
from tests.world import open_dossier, open_task, person

pytestmark = pytest.mark.django_db


@pytest.fixture
@kept
def dung(province):
    """Holds no role of her own."""
    return person("dung", "Lò Thị Dung")


@pytest.fixture
@kept
def post(an, commune):
    """An's role at Nà Tấu."""
    return an.role_assignments.get(org_unit=commune)


@pytest.fixture
@kept
def three(cycle, commune, an):
    """Three dossiers of Nà Tấu; An has claimed two of their tasks."""
    opened = [open_dossier(cycle, commune, an, name) for name in ("Mật ong", "Chè", "Gạo")]
    for dossier in opened[:2]:
        doors.claim(open_task(dossier), by=an)
    return opened


def give(post, to, by, on=None, reason="Nghỉ hưu"):
    return hand_over(post, to=to, by=by, on=on or clock.today(), reason=reason)


def owners(dossiers):
    return [open_task(dossier).owner for dossier in dossiers]


# --- The act --------------------------------------------------------------------------------


def test_all_claimed_work_goes_to_the_successor_with_the_role(three, an, chi, dung, commune, post):
    given = give(post, dung, chi)

    assert owners(three) == [dung, dung, None]
    assert (given.user, given.role, given.org_unit) == (dung, Role.OFFICER, commune)
    post.refresh_from_db()
    assert post.valid_to == clock.today() - timedelta(days=1)
    assert set(Task.objects.inbox(fresh(dung))) == {open_task(dossier) for dossier in three}
    # An keeps her other role; the work of Nà Tấu is no longer hers.
    assert [held.org_unit.name for held in fresh(an).assignments()] == ["Xã Mường Pồn"]
    assert not Task.objects.inbox(fresh(an)).exists()
    doors.complete(open_task(three[0]), "register_idea", by=fresh(dung), record=records.idea())


def test_the_record_says_what_was_handed_to_whom_by_whom(three, an, chi, dung, cycle, post):
    given = give(post, dung, chi)

    entry = HistoryEntry.objects.get(event="role.handover")
    assert (entry.stream, entry.stream_id, entry.cycle) == ("cycle", cycle.pk, cycle)
    assert (entry.actor, entry.role, entry.reason) == (chi, "leader", "Nghỉ hưu")
    assert entry.label == "Lò Thị An, Cán bộ OCOP, Xã Nà Tấu"
    assert entry.data["holder_id"] == an.pk
    assert entry.data["to_id"] == dung.pk
    assert entry.data["successor"] == given.pk
    assert sorted(entry.data["tasks"]) == [open_task(dossier).pk for dossier in three[:2]]
    for dossier in three[:2]:
        last = dossier.history.last()
        assert (last.event, last.actor, last.data["to"]) == ("task.reassign", chi, "Lò Thị Dung")
    assert three[2].history.last().event == "dossier.open"


def test_both_sides_hear_of_it(three, an, chi, dung, post):
    give(post, dung, chi)
    while dispatch():
        pass
    heard = Notification.objects.filter(entry__event="role.handover")
    assert {row.recipient for row in heard} == {an, dung}


def test_what_who_acted_for_them_had_claimed_goes_too(three, an, chi, minh, dung, la, post):
    substitute_for(post, la, an)
    doors.claim(open_task(three[2]), by=fresh(la))

    give(post, dung, minh)

    assert owners(three) == [dung, dung, dung]


def test_what_a_colleague_has_claimed_stays_theirs(three, chi, dung, commune, post):
    lan = person("lan", "Lò Thị Lan", (Role.OFFICER, commune))
    doors.claim(open_task(three[2]), by=lan)

    give(post, dung, chi)

    assert owners(three) == [dung, dung, lan]


def test_a_successor_who_holds_the_role_keeps_the_same_assignment(three, chi, commune, post):
    lan = person("lan", "Lò Thị Lan", (Role.OFFICER, commune))
    assert give(post, lan, chi) == lan.role_assignments.get()
    assert owners(three) == [lan, lan, None]


def test_one_for_a_later_day_begins_on_that_day(three, an, chi, dung, commune, post):
    day = clock.today() + timedelta(days=10)
    given = give(post, dung, chi, on=day)
    post.refresh_from_db()
    assert (post.valid_to, given.valid_from) == (day - timedelta(days=1), day)
    # Until then all stays, and what An claims meanwhile goes with the rest.
    assert keep_posts() == 0
    doors.claim(open_task(three[2]), by=fresh(an))
    assert owners(three) == [an, an, an]
    assert not Task.objects.inbox(fresh(dung)).exists()

    with clock.at(clock.now() + timedelta(days=10)):
        # On the day itself it is free for her before any beat has come by.
        task = Task.objects.get(pk=open_task(three[0]).pk)
        assert holds_task(fresh(dung), task)
        assert not holds_task(fresh(an), task)
        assert keep_posts() == 3
        assert owners(three) == [dung, dung, dung]
        assert keep_posts() == 0
        last = three[0].history.last()
        assert (last.event, last.actor, last.reason) == ("task.reassign", None, "Nghỉ hưu")
        assert not Task.objects.inbox(fresh(an)).exists()


def test_one_that_has_not_begun_is_taken_back(three, an, chi, dung, la, post, client):
    give(post, dung, chi, on=clock.today() + timedelta(days=10))
    with pytest.raises(PermissionDenied):
        take_back(post, by=la)
    with pytest.raises(ValidationError, match="bỏ bàn giao đó trước"):
        give(post, la, chi)
    client.force_login(chi)
    assert "Bỏ bàn giao" in client.get("/handover/").content.decode()
    page = client.post(f"/handover/{post.pk}/back/", follow=True).content.decode()
    assert "Đã bỏ bàn giao: Lò Thị An giữ vai trò." in page
    post.refresh_from_db()
    assert (post.valid_to, post.handed_to) == (None, None)
    assert not dung.role_assignments.exists()
    assert HistoryEntry.objects.get(event="role.handover_back").data["to"] == "Lò Thị Dung"
    with pytest.raises(ValidationError, match="Không có bàn giao nào"):
        take_back(post, by=chi)
    # One that has begun is history.
    give(post, dung, chi)
    with pytest.raises(ValidationError, match="Không có bàn giao nào"):
        take_back(post, by=chi)


# --- Refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"reason": "  "}, "reason", "chưa nêu lý do"),
        ({"to": "an"}, "to", "chính là người bàn giao"),
        ({"to": "gone"}, "to", "không còn dùng"),
        ({"to": "later"}, "to", "thời gian khác"),
        ({"on": date(2020, 1, 2)}, "on", "Chỉ bàn giao từ hôm nay trở đi"),
        ({"on": date(2101, 1, 1)}, "on", "không giữ vai trò này vào ngày đó"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_nothing_changes(
    change, field, said, three, an, chi, dung, commune, post
):
    people = {"an": an, "gone": dung, "later": dung}
    if change.get("to") == "gone":
        update_as_owner(User.objects.filter(pk=dung.pk), is_active=False)
        dung.refresh_from_db()
    if change.get("to") == "later":
        RoleAssignment.objects.create(
            user=dung, role="officer", org_unit=commune, valid_from=date(2090, 1, 1)
        )
    update_as_owner(RoleAssignment.objects.filter(pk=post.pk), valid_to=date(2100, 1, 1))
    asked = {"to": dung, "on": clock.today(), "reason": "Nghỉ hưu"} | change
    asked["to"] = people.get(asked["to"], asked["to"])

    with pytest.raises(ValidationError, match=said) as refused:
        hand_over(post, by=chi, **asked)

    assert list(refused.value.message_dict) == [field]
    post.refresh_from_db()
    assert (post.valid_to, post.handed_to) == (date(2100, 1, 1), None)
    assert owners(three) == [an, an, None]
    assert not HistoryEntry.objects.filter(event="role.handover").exists()


def test_all_or_nothing(three, an, chi, dung, post, monkeypatch):
    give_one, given = engine.give, []

    def give_one_then_fail(task, user):
        if given:
            raise RuntimeError("the line is cut")
        given.append(task)
        give_one(task, user)

    monkeypatch.setattr(engine, "give", give_one_then_fail)
    with pytest.raises(RuntimeError):
        give(post, dung, chi)

    assert owners(three) == [an, an, None]
    post.refresh_from_db()
    assert post.valid_to is None
    assert not dung.role_assignments.exists()
    assert not HistoryEntry.objects.filter(event__in=["role.handover", "task.reassign"]).exists()


def test_who_may_hand_over_agrees_with_the_list(cast, commune, old_commune, district):
    may = {
        commune: {"chi", "minh", "son"},
        old_commune: {"chi", "binh", "hung"},
        district: {"hung", "minh", "son"},
    }
    posts = RoleAssignment.objects.select_related("org_unit", "user")
    for post in posts.filter(role=Role.OFFICER, org_unit__in=may):
        asked = {
            name for name, user in cast.items() if rules.has_perm("dossiers.hand_over", user, post)
        }
        assert asked == may[post.org_unit]
        assert asked == {name for name, user in cast.items() if post in arranged_by(user)}


def test_neither_an_administrator_nor_a_substitute_of_the_leader_may(
    three, chi, dung, la, post, commune
):
    substitute_for(chi.role_assignments.get(org_unit=commune), la, chi)
    admin = User.objects.create_superuser("admin")
    for user in (fresh(la), admin):
        with pytest.raises(PermissionDenied):
            give(post, dung, user)
        assert post not in arranged_by(user)


# --- The briefing -----------------------------------------------------------------------------


def test_the_briefing_says_what_is_open_until_when_why_it_waits_and_what_happened(
    three, an, chi, dung, post
):
    doors.wait(open_task(three[1]), by=an, reason="Chờ phiếu kiểm nghiệm")

    rows = Briefing(give(post, dung, chi)).rows()

    assert [row["dossier"] for row in rows] == three
    assert [row["guide"].title for row in rows] == ["Đăng ký ý tưởng sản phẩm"] * 3
    assert rows[1]["task"].waiting_reason == "Chờ phiếu kiểm nghiệm"
    assert rows[0]["due"].on == open_task(three[0]).due_on
    # The last three, newest first.
    assert [entry.event for entry in rows[1]["history"]] == [
        "task.reassign",
        "task.wait",
        "task.claim",
    ]
    assert [entry.event for entry in rows[2]["history"]] == ["dossier.open"]


def test_the_briefing_is_for_the_holder_who_acts_for_them_and_who_arranges(
    client, cast, an, dung, post
):
    substitute_for(post, dung, an)
    seen = {
        name
        for name, user in (cast | {"dung": dung}).items()
        if (client.force_login(user), client.get(f"/handover/{post.pk}/briefing/").status_code)[1]
        == 200
    }
    assert seen == {"an", "chi", "minh", "son", "dung"}


# --- The pages --------------------------------------------------------------------------------


def test_chi_hands_over_on_the_page_and_gets_the_briefing(client, three, chi, dung, post):
    client.force_login(chi)
    page = client.get(f"/handover/{post.pk}/").content.decode()
    assert "Mật ong" in page
    assert "Gạo" not in page

    answer = client.post(
        f"/handover/{post.pk}/",
        {
            "posts": [post.pk],
            "to": dung.pk,
            "on": f"{clock.today():%d/%m/%Y}",
            "reason": "Nghỉ hưu",
        },
        follow=True,
    )

    given = dung.role_assignments.get()
    body = answer.content.decode()
    assert "Đã bàn giao công việc của Lò Thị An cho Lò Thị Dung." in body
    assert f'<a href="/handover/{given.pk}/briefing/">Cán bộ OCOP, Xã Nà Tấu</a>' in body
    paper = client.get(f"/handover/{given.pk}/briefing/").content.decode()
    for name in ("Mật ong", "Chè", "Gạo", "Nhận từ", "Nghỉ hưu", "Đăng ký ý tưởng sản phẩm"):
        assert name in paper


def test_several_roles_go_in_one_action_or_not_at_all(client, three, an, chi, dung, post):
    other = an.role_assignments.exclude(pk=post.pk).get()
    client.force_login(chi)
    asked = {"posts": [post.pk, other.pk], "to": dung.pk, "reason": "Nghỉ hưu"}
    asked |= typed(body=f"UBND {other.org_unit.name}")
    update_as_owner(RoleAssignment.objects.filter(pk=other.pk), valid_from=clock.today())

    refused = client.post(f"/handover/{post.pk}/", asked | {"on": f"{clock.today():%d/%m/%Y}"})
    assert "không giữ vai trò này vào ngày đó" in refused.content.decode()
    assert not dung.role_assignments.exists() and not Document.objects.exists()

    update_as_owner(RoleAssignment.objects.filter(pk=other.pk), valid_from=date(2020, 1, 1))
    client.post(f"/handover/{post.pk}/", asked | {"on": f"{clock.today():%d/%m/%Y}"})
    # One paper of both is in the ledger once, of the unit that it names.
    document = Document.objects.get(issuer=other.org_unit)
    assert dung.role_assignments.filter(basis=document).count() == 2
    told = HistoryEntry.objects.filter(event="role.handover", ledger=document.pk)
    assert [each.data["document"] for each in told] == [str(document)] * 2


def test_an_empty_form_is_refused_in_vietnamese(client, chi, post):
    client.force_login(chi)
    page = client.post(f"/handover/{post.pk}/", {"on": "31/2/2026"}).content.decode()
    for sentence in (
        "Bạn chưa chọn: Vai trò bàn giao.",
        "Bạn chưa chọn: Người nhận bàn giao.",
        "Ngày 31/02/2026 không có thật.",
        "Bạn chưa nhập: Lý do.",
    ):
        assert sentence in page
    assert "Trường này" not in page


def test_a_stranger_finds_nothing_to_hand_over(client, la, post):
    client.force_login(la)
    assert "Bạn chưa phụ trách ai" in client.get("/handover/").content.decode()
    assert client.get(f"/handover/{post.pk}/").status_code == 404
    assert client.post(f"/handover/{post.pk}/", {}).status_code == 404


def test_the_list_is_searched_without_diacritics(client, minh, an, la):
    client.force_login(minh)
    page = client.get("/handover/", {"q": "vang a la"}).content.decode()
    assert "Vàng A Lả" in page
    assert "Lò Thị An" not in page


@pytest.mark.parametrize("rows", (1, 3))
def test_handover_query_count(client, minh, commune, rows, django_assert_num_queries):
    for n in range(rows):
        person(f"officer{n}", f"Cán bộ {n}", (Role.OFFICER, commune))
    client.force_login(minh)
    with django_assert_num_queries(6):
        client.get("/handover/")


@pytest.mark.parametrize("rows", (1, 3))
def test_briefing_query_count(client, an, cycle, commune, post, rows, django_assert_num_queries):
    for n in range(rows):
        open_dossier(cycle, commune, an, f"Sản phẩm {n}")
    client.force_login(an)
    with django_assert_num_queries(11):
        client.get(f"/handover/{post.pk}/briefing/")


def test_a_waiting_task_keeps_its_clock(three, an, chi, dung, post):
    with clock.at(timezone.make_aware(datetime(2026, 11, 18, 9))):
        doors.wait(open_task(three[0]), by=an, reason="Chờ giấy đăng ký")
    give(post, dung, chi)
    task = open_task(three[0])
    assert (task.owner, task.waiting_reason, task.term.state) == (
        dung,
        "Chờ giấy đăng ký",
        "paused",
    )
