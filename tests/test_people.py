"""People by ordinary pages: who is new, moves, leaves, comes back; who may do it to whom."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied, ValidationError

from councils.models import Member
from cycle import appointing, clock
from cycle.models import HistoryEntry, Role, RoleAssignment, Substitution, User
from dossiers.office import handover, lists, people
from dossiers.office.lists import PeopleList
from dossiers.walk import doors
from tests import appointed, judging
from tests.ground import kept
from tests.moments import moment
from tests.owning import save_as_owner, update_as_owner
from tests.pages import tick
from tests.sendings import scan
from tests.world import open_dossier, open_task, person

pytestmark = pytest.mark.django_db

LIST = "/people/"
PAPER = appointed.typed("12/QĐ-UBND, 02/11/2026", "Trần Công Sơn")


@pytest.fixture
@kept
def staff(db):
    """The province's administrator: an account of the administration with the right to people."""
    user = User.objects.create_user(
        "quantri", password="mật khẩu thử", full_name="Quản Trị", is_staff=True
    )
    user.user_permissions.add(Permission.objects.get(codename="change_user"))
    return user


@pytest.fixture
@kept
def settled(son):
    """A leader has signed in: from here on leaders are appointed on paper."""
    User.objects.filter(pk=son.pk).update(last_login=clock.now())
    return son


def typed(**fields):
    today = f"{clock.today():%d/%m/%Y}"
    return {
        "full_name": "Lường Thị Mới", "org_unit": "xa na tau", "role": "officer",
        "valid_from": today, "valid_to": "", "email": "", "phone": "",
    } | fields  # fmt: skip


def events_of(someone):
    entries = HistoryEntry.objects.filter(stream="person", stream_id=someone.pk).order_by("seq")
    return list(entries.values_list("event", flat=True))


def post_of(user, unit, role=Role.OFFICER):
    return user.role_assignments.get(org_unit=unit, role=role)


def page(client, address=LIST):
    return client.get(address).content.decode()


# --- Who may see ----------------------------------------------------------------------------------


def test_the_list_is_for_the_administrator_and_who_leads(client, cast, staff):
    for user in (*cast.values(), staff):
        client.force_login(user)
        leads = Role.LEADER in user.role_assignments.values_list("role", flat=True)
        expected = 200 if leads or user == staff else 404
        assert client.get(LIST).status_code == expected, user.username
        assert client.get("/people/new/").status_code == expected, user.username
        assert ("/people/" in page(client, "/profile/")) == (expected == 200), user.username


def test_a_leader_knows_the_people_of_their_units_alone(cast, chi, an, la, staff):
    assert set(people.seen_by(chi)) == {an, chi}
    assert set(people.seen_by(staff)) == {*cast.values(), staff}
    assert not people.seen_by(la).exists()


def test_staff_without_the_right_to_people_see_nobody(client, staff, an):
    staff.user_permissions.clear()
    client.force_login(staff)
    assert client.get(LIST).status_code == 404
    assert client.get(f"/people/{an.pk}/").status_code == 404


ACTS = ("", "give/", "move/", "leave/", "contact/")


@pytest.mark.parametrize("act", ACTS)
def test_a_stranger_is_told_of_nothing_and_changes_nothing(client, act, an, la, hung, cast):
    before = list(RoleAssignment.objects.order_by("pk").values())
    for stranger in (la, hung, an):
        client.force_login(stranger)
        address = f"/people/{an.pk}/{act}"
        assert client.get(address).status_code == 404
        assert client.post(address, typed(on="01/01/2027", reason="x")).status_code == 404
    client.force_login(hung)
    assert client.post("/people/slips/", {"person": an.pk}).status_code == 302
    assert not an.slips.exists()
    assert list(RoleAssignment.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("rows", (1, 3))
def test_people_query_count(client, chi, commune, rows, django_assert_num_queries):
    for number in range(rows):
        new = person(f"moi{number}", f"Người Mới {number}", (Role.OFFICER, commune))
        new.set_unusable_password()
        new.save()
        RoleAssignment.objects.create(
            user=new, role=Role.CLERK, org_unit=commune, valid_from=date(2026, 1, 1),
            valid_to=date(2026, 2, 1),
        )  # fmt: skip
    client.force_login(chi)
    with django_assert_num_queries(8):
        client.get(LIST)
    with django_assert_num_queries(8):
        client.get("/people/?show=waiting")


def test_found_without_marks_by_name_or_unit_and_each_tab_its_people(
    client, staff, an, la, commune
):
    client.force_login(staff)
    assert "Lò Thị An" in page(client, "/people/?q=lo+thi")
    assert "Vàng A Lả" not in page(client, "/people/?q=lo+thi")
    assert "Vàng A Lả" in page(client, "/people/?q=muong+nhe")
    people.leave(la, on=clock.today(), by=staff, reason="Nghỉ hưu")
    assert "Vàng A Lả" not in page(client)
    left = page(client, "/people/?show=left&q=la")
    # Who has left is shown with what they had, and until when.
    assert "Vàng A Lả" in left
    assert f"01/01/2020&nbsp;– {clock.today() - timedelta(days=1):%d/%m/%Y}" in left
    assert "Không có ai khớp" in page(client, "/people/?q=khong+co+ai")


# --- New ------------------------------------------------------------------------------------------


def test_the_leader_enrols_an_officer_who_has_no_password_yet(client, chi, commune):
    client.force_login(chi)
    answer = client.post("/people/new/", typed(phone="912 345 678", email="moi@example.vn"))

    new = User.objects.get(full_name="Lường Thị Mới")
    assert answer["Location"] == f"/people/{new.pk}/"
    assert (new.username, new.phone, new.email) == ("moilt", "0912345678", "moi@example.vn")
    assert not new.has_usable_password()
    given = new.role_assignments.get()
    assert (given.org_unit, given.role, given.made_by) == (commune, "officer", chi)
    assert events_of(new) == ["person.enrol", "role.assign"]
    assert "chưa kích hoạt" in page(client, f"/people/{new.pk}/")


def test_a_leader_appoints_nobody_elsewhere(client, chi, other_commune):
    client.force_login(chi)
    said = client.post("/people/new/", typed(org_unit="Xã Mường Nhé")).content.decode()
    assert "Không có đơn vị «Xã Mường Nhé»" in said
    # Nor past the page.
    post = RoleAssignment(org_unit=other_commune, role="officer", valid_from=clock.today())
    with pytest.raises(PermissionDenied):
        people.enrol(User(full_name="Ai Đó"), post, by=chi)
    assert not User.objects.filter(full_name__in=["Ai Đó", "Lường Thị Mới"]).exists()


WRONG = {
    "a unit that has ended": ({"org_unit": "Xã Mường Pồn"}, "đã kết thúc ngày 30/06/2025"),
    "a unit misspelt": ({"org_unit": "Xã Nà Tâú x"}, "Có phải Xã Nà Tấu?"),
    "no unit": ({"org_unit": ""}, "Bạn chưa nhập: Đơn vị."),
    "a leader without paper": ({"role": "leader"}, "Vai trò lãnh đạo chỉ giao bằng văn bản"),
    "a past day without paper": ({"valid_from": "01/02/2026"}, "giao từ ngày đã qua"),
    "ends before it begins": ({"valid_to": "01/02/2026"}, "Ngày kết thúc phải sau"),
    "a telephone that is none": ({"phone": "khong co"}, "không phải số điện thoại"),
    "an address that is none": ({"email": "an@"}, "Địa chỉ thư chưa đúng"),
    "no name": ({"full_name": " "}, "Bạn chưa nhập: Họ và tên."),
    "a name that cannot be read": ({"full_name": "A\0"}, "ký tự không đọc được"),
    "a role that is none": ({"role": "king"}, "không có trong danh sách"),
    "oneself under another account": (
        {"full_name": "Quàng Văn Chi", "another": "on"},
        "Không ai tự giao vai trò cho mình",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_said_and_nothing_is_written(
    client, settled, chi, staff, old_commune, commune, wrong
):
    old_commune.valid_to = date(2025, 6, 30)
    save_as_owner(old_commune)
    fields, sentence = WRONG[wrong]
    before = User.objects.count(), RoleAssignment.objects.count(), HistoryEntry.objects.count()
    for by in (staff, chi):
        client.force_login(by)
        if wrong == "oneself under another account" and by == staff:
            continue
        if "another" in fields:
            fields = fields | {"another": tick(by, "another", f"user {chi.pk}")}
        answer = client.post("/people/new/", typed(**fields))
        assert answer.status_code == 200
        assert sentence in answer.content.decode()
    after = User.objects.count(), RoleAssignment.objects.count(), HistoryEntry.objects.count()
    assert after == before


def test_who_may_be_here_already_is_asked_about_first(client, chi, an):
    client.force_login(chi)
    said = client.post("/people/new/", typed(full_name="lo thi an")).content.decode()
    assert "Lò Thị An (Cán bộ OCOP, Xã Nà Tấu" in said
    assert User.objects.filter(username__startswith="anlt").count() == 0

    client.post(
        "/people/new/", typed(full_name="Lò Thị An", another=tick(chi, "another", f"user {an.pk}"))
    )
    assert User.objects.get(username="anlt").full_name == "Lò Thị An"


def test_names_to_sign_in_with_are_free_ones(db):
    assert people.free_username("Lò Thị An") == "anlt"
    person("AnLT", "Lò Thị An")
    assert people.free_username("Lò Thị Ấn") == "anlt2"
    assert people.free_username("Lò Thị An", {"anlt2"}) == "anlt3"
    assert people.free_username("—") == "nguoidung"


def test_a_leader_is_appointed_on_paper_signed_by_another(client, settled, staff, commune):
    client.force_login(staff)
    client.post("/people/new/", typed(role="leader", **PAPER))
    new = User.objects.get(full_name="Lường Thị Mới")
    assert post_of(new, commune, "leader").paper.number == PAPER["number"]


def test_what_a_post_was_given_on_is_in_the_ledger_and_corrected_on_its_page(
    client, settled, staff, commune, chi, la, an, minh
):
    client.force_login(staff)
    asked = typed(role="clerk", **PAPER, scan_file=scan("phan-cong.pdf"))
    # Once begun, it is named in full; nobody is there before.
    lacking = client.post("/people/new/", asked | {"signer_capacity": ""})
    assert set(lacking.context["form"].errors) == {"signer_capacity"}
    client.post("/people/new/", asked | {"scan_file": scan("phan-cong.pdf")})
    new = User.objects.get(full_name="Lường Thị Mới")
    post = post_of(new, commune, "clerk")
    assert (post.paper.issuer, post.paper.recorded_by) == (commune, staff)
    assert HistoryEntry.objects.get(event="role.assign").ledger == post.paper.pk

    at, file = f"/people/posts/{post.pk}/correct/", f"/people/posts/{post.pk}/scan/"
    page = client.get(f"/people/{new.pk}/").content.decode()
    assert (at in page, file in page, "12/QĐ-UBND (02/11/2026)" in page) == (True, True, True)
    assert client.get(file).status_code == 200
    said = PAPER | {"number": "16/QĐ-UBND", "reason": "Gõ nhầm số", "seen": post.basis_id}
    for stranger in (la, an):
        client.force_login(stranger)
        assert client.post(at, said).status_code == client.get(file).status_code == 404
    # Who leads the unit gives posts there, and corrects.
    client.force_login(chi)
    own = client.post(at, said | {"signer": "Quàng Văn Chi"})
    assert own.status_code == 302
    seen = RoleAssignment.objects.get(pk=post.pk).paper
    assert (seen.number, seen.issuer, seen.replaces) == ("16/QĐ-UBND", commune, post.basis)
    assert "vừa được đính chính" in client.post(at, said).content.decode()
    # The register says what it is about; of whom, to who looks after them.
    client.force_login(minh)
    assert "Phân công vai trò" in client.get("/documents/?q=16/QĐ").content.decode()
    assert [list(lists._appointed(by, [post.basis_id])) for by in (chi, la, minh)] == [
        [(post.basis_id, f"{new}: {post}", f"/people/{new.pk}/")], [], [],
    ]  # fmt: skip

    # Nobody becomes the signer of the paper by which they lead.
    client.force_login(staff)
    people.assign(
        RoleAssignment(user=new, role="leader", org_unit=la.role_assignments.get().org_unit,
                       valid_from=clock.today()),
        by=staff, **appointed.named("17/QĐ-UBND, 02/11/2026", "Trần Công Sơn"),
    )  # fmt: skip
    leads = new.role_assignments.get(role="leader")
    said = {"number": "17/QĐ-UBND", "body": str(leads.org_unit), "signer": "Lường Thị Mới"}
    answer = client.post(
        f"/people/posts/{leads.pk}/correct/",
        PAPER | said | {"reason": "Gõ nhầm", "seen": leads.basis_id},
    )
    assert "phải là người khác người được giao" in answer.context["form"].errors["signer"][0]


# --- Move, leave, back ----------------------------------------------------------------------------


def test_an_moves_to_another_unit_and_what_she_had_claimed_waits(
    client, cycle, commune, other_commune, an, chi, staff
):
    colleague = person("dung", "Lò Thị Dung", (Role.OFFICER, commune))
    task = open_task(open_dossier(cycle, commune, an))
    doors.claim(task, by=an)
    client.force_login(staff)
    old = post_of(an, commune)
    answer = client.post(
        f"/people/{an.pk}/move/", typed(old=old.pk, org_unit="Mường Nhé", full_name="")
    )
    assert answer.status_code == 302
    old.refresh_from_db()
    task.refresh_from_db()
    assert old.valid_to == clock.today() - timedelta(days=1)
    assert post_of(an, other_commune).valid_from == clock.today()
    assert task.owner is None
    assert colleague.capacity(task.role, task.org_unit_id)
    assert events_of(an) == ["role.assign", "role.end"]


def test_a_leader_moves_nobody_out_of_their_unit(chi, an, commune, other_commune):
    new = RoleAssignment(org_unit=other_commune, role="officer", valid_from=clock.today())
    with pytest.raises(PermissionDenied):
        people.move(post_of(an, commune), new, by=chi)
    assert post_of(an, commune).valid_to is None


def test_nobody_leaves_work_that_nobody_could_do(client, cycle, commune, an, chi):
    task = open_task(open_dossier(cycle, commune, an))
    doors.claim(task, by=an)
    client.force_login(chi)
    left = {"on": f"{clock.today():%d/%m/%Y}", "reason": "Nghỉ hưu"}
    said = client.post(f"/people/{an.pk}/leave/", left).content.decode()
    assert "Còn 1 việc đang mở mà không ai khác giữ vai trò này" in said
    an.refresh_from_db()
    task.refresh_from_db()
    assert (an.is_active, task.owner) == (True, an)
    assert events_of(an) == []


def test_who_leaves_hands_over_and_their_account_is_closed(client, cycle, commune, an, chi):
    dung = person("dung", "Lò Thị Dung", (Role.CLERK, commune))
    task = open_task(open_dossier(cycle, commune, an))
    doors.claim(task, by=an)
    browser = type(client)()
    browser.force_login(an)
    client.force_login(chi)
    left = {"on": f"{clock.today():%d/%m/%Y}", "reason": "Nghỉ hưu", "to": dung.pk}
    assert client.post(f"/people/{an.pk}/leave/", left).status_code == 302
    task.refresh_from_db()
    an.refresh_from_db()
    assert task.owner == dung
    assert not an.is_active
    assert not an.role_assignments.held_on(clock.today()).exists()
    assert post_of(dung, commune).made_by == chi
    assert browser.get("/inbox/").status_code == 302
    assert events_of(an) == ["person.leave", "person.deactivate"]


def test_the_administrator_gives_the_posts_to_the_successor(cycle, commune, old_commune, an, staff):
    dung = person("dung", "Lò Thị Dung")
    task = open_task(open_dossier(cycle, commune, an))
    doors.claim(task, by=an)
    people.leave(an, on=clock.today(), by=staff, reason="Chuyển công tác", to=dung)
    task.refresh_from_db()
    assert task.owner is None
    assert {post.org_unit for post in dung.role_assignments.all()} == {commune, old_commune}


def test_who_leaves_later_works_until_then(an, chi, commune, staff):
    on = clock.today() + timedelta(days=10)
    person("dung", "Lò Thị Dung", (Role.OFFICER, commune))
    people.leave(an, on=on, by=staff, reason="Nghỉ hưu")
    an.refresh_from_db()
    assert an.is_active
    assert post_of(an, commune).valid_to == on - timedelta(days=1)
    assert people.close_left() == 0
    with clock.at(clock.now() + timedelta(days=10)):
        assert people.close_left() == 1
        an.refresh_from_db()
        assert not an.is_active
        last = HistoryEntry.objects.filter(stream="person", stream_id=an.pk).latest("seq")
        assert (last.event, last.actor) == ("person.deactivate", None)
        # Let in again without a post, as before another is given: it is not closed once more.
        update_as_owner(User.objects.filter(pk=an.pk), is_active=True)
        assert people.close_left() == 0


def test_who_stays_after_all_keeps_the_account(cycle, an, chi, commune, staff):
    on = clock.today() + timedelta(days=10)
    dung = person("dung", "Lò Thị Dung")
    people.leave(an, on=on, by=chi, reason="Nghỉ hưu", to=dung)
    handover.take_back(post_of(an, commune), by=chi)
    # The post ends years later for another reason: of that nobody said that she leaves.
    update_as_owner(RoleAssignment.objects.filter(user=an), valid_to=on + timedelta(days=400))
    with clock.at(clock.now() + timedelta(days=500)):
        assert people.close_left() == 0


def test_who_leaves_but_acts_for_another_keeps_the_account_until_then(an, chi, commune, staff):
    dung = person("dung", "Lò Thị Dung", (Role.OFFICER, commune))
    on = clock.today() + timedelta(days=10)
    people.leave(an, on=on, by=staff, reason="Nghỉ hưu")
    Substitution.objects.create(
        assignment=dung.role_assignments.get(), substitute=an, reason="Nghỉ phép", created_by=chi,
        valid_from=on, valid_to=on + timedelta(days=5),
    )  # fmt: skip
    with clock.at(clock.now() + timedelta(days=12)):
        assert people.close_left() == 0
    with clock.at(clock.now() + timedelta(days=20)):
        assert people.close_left() == 1


def test_a_leader_ends_what_is_theirs_and_the_account_goes_on_elsewhere(
    an, chi, commune, other_commune
):
    RoleAssignment.objects.create(
        user=an, role=Role.OFFICER, org_unit=other_commune, valid_from=date(2026, 1, 1)
    )
    people.leave(an, on=clock.today(), by=chi, reason="Chuyển xã")
    an.refresh_from_db()
    assert an.is_active
    assert [post.org_unit for post in an.role_assignments.held_on(clock.today())] == [other_commune]


def test_an_comes_back(client, an, chi, commune, staff):
    people.leave(an, on=clock.today(), by=chi, reason="Nghỉ sinh")
    client.force_login(chi)
    assert "Trở lại làm việc" in page(client, f"/people/{an.pk}/")
    answer = client.post(f"/people/{an.pk}/give/", typed())
    assert answer.status_code == 302
    an.refresh_from_db()
    assert an.is_active
    assert an.role_assignments.held_on(clock.today()).get().made_by == chi
    assert events_of(an)[-2:] == ["person.activate", "role.assign"]


def test_no_post_twice_at_once(client, an, chi, commune):
    client.force_login(chi)
    said = client.post(f"/people/{an.pk}/give/", typed()).content.decode()
    assert "đã có vai trò này ở đơn vị này trong thời gian đó" in said


def test_whose_work_was_handed_over_for_a_day_to_come_is_not_ended_twice(cycle, an, chi, staff):
    dung = person("dung", "Lò Thị Dung")
    later = clock.today() + timedelta(days=3)
    people.leave(an, on=later, by=chi, reason="Nghỉ hưu", to=dung)
    with pytest.raises(ValidationError, match="đã bàn giao"):
        people.leave(an, on=clock.today(), by=staff, reason="Nghỉ ngay")


def test_administration_accounts_hold_no_posts_here(client, staff, chi):
    root = User.objects.create_superuser("root", password="mật khẩu thử", full_name="Gốc")
    client.force_login(root)
    for act in ("give/", "move/", "leave/"):
        assert client.get(f"/people/{staff.pk}/{act}").status_code == 404


# --- Who answers for whom -------------------------------------------------------------------------


def test_a_leader_answers_for_who_has_nothing_beyond_the_unit(
    cycle, an, chi, la, son, minh, thu, commune, old_commune, other_commune, province, staff
):
    def answers(user, someone):
        fresh = User.objects.get(pk=user.pk)
        return people.answers_for(fresh, User.objects.get(pk=someone.pk))

    assert answers(chi, an)
    assert not answers(chi, chi)
    assert not answers(an, chi)
    assert not answers(chi, la)
    assert answers(staff, an)
    assert answers(staff, chi)
    # Another leader of the unit; a seat of a council; a post elsewhere, also one of before.
    second = person("pho", "Lò Văn Phó", (Role.LEADER, commune))
    assert not answers(chi, second)
    dung = person("dung", "Lò Thị Dung", (Role.OFFICER, commune))
    assert answers(chi, dung)
    RoleAssignment.objects.create(
        user=dung, role=Role.OFFICER, org_unit=other_commune,
        valid_from=date(2020, 1, 1), valid_to=date(2021, 1, 1),
    )  # fmt: skip
    assert not answers(chi, dung)
    root = User.objects.create_superuser("root", password="mật khẩu thử", full_name="Gốc")
    assert not answers(staff, root)
    assert answers(root, staff)


def test_who_works_here_by_a_seat_alone_has_not_left_and_who_has_left_is_not_waited_for(
    staff, commune, province, thu
):
    """The list, its tabs and the counts of the first day ask one rule: post, substitution, seat."""
    member, gone = person("uv", "Lò Văn Uy"), person("cu", "Lò Văn Cũ")
    for each in (member, gone):
        each.set_unusable_password()
        each.save()
    council = judging.seat(province, thu)
    council.members.create(
        user=member, seat="member", since=council.valid_from, decision=council.decision, made_by=thu
    )
    RoleAssignment.objects.create(
        user=gone, role=Role.OFFICER, org_unit=commune,
        valid_from=date(2020, 1, 1), valid_to=date(2021, 12, 31),
    )  # fmt: skip
    tabs = {
        tab: {each.username for each in PeopleList(staff, {"show": tab}).found}
        for tab in ("now", "waiting", "left")
    }
    assert {tab for tab, names in tabs.items() if "uv" in names} == {"now", "waiting"}
    assert {tab for tab, names in tabs.items() if "cu" in names} == {"left"}
    for each in (member, gone):
        held = User.objects.filter(appointing.holds_something(clock.today()), pk=each.pk).exists()
        assert held is bool(appointing.held_from(each, clock.today()))


def test_a_member_of_a_council_is_not_the_unit_leaders_to_let_in(commune, chi, province, thu):
    member = person("uv", "Lò Văn Uy", (Role.OFFICER, commune))
    assert people.answers_for(chi, member)
    council = judging.seat(province, thu)
    council.give_seat(Member(user=member, seat="member", since=council.valid_from), by=thu)
    assert appointing.held_from(member, clock.today())
    assert not people.answers_for(chi, member)


# --- How people are reached -----------------------------------------------------------------------


def test_an_notes_how_she_is_reached_and_the_record_keeps_no_address(client, an):
    client.force_login(an)
    answer = client.post(
        "/profile/contact/", {"email": "an@example.vn", "phone": "+84 912.345.678"}
    )
    assert answer["Location"] == "/profile/"
    an.refresh_from_db()
    assert (an.email, an.phone) == ("an@example.vn", "0912345678")
    entry = HistoryEntry.objects.get(event="person.contact")
    assert entry.data == {"fields": ["email", "phone"]}
    assert "an@example.vn" in page(client, "/profile/")
    client.post("/profile/contact/", {"email": "an@example.vn", "phone": "0912345678"})
    assert HistoryEntry.objects.filter(event="person.contact").count() == 1


def test_the_day_is_the_databases(an, chi, commune):
    with clock.at(moment(2026, 12, 31, 23, 30)):
        people.leave(an, on=date(2026, 12, 31), by=chi, reason="Nghỉ")
    assert post_of(an, commune).valid_to == date(2026, 12, 30)
