"""People over the years: a leader leaves, a unit ends, one comes back, two have one name."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError

from cycle import clock, slips
from cycle.models import HistoryEntry, OrgUnit, Role, RoleAssignment, User
from dossiers.office import people
from dossiers.walk import doors
from tests import appointed
from tests.ground import kept
from tests.kept import codes
from tests.owning import update_as_owner
from tests.pages import yes
from tests.world import open_dossier, open_task, person

pytestmark = pytest.mark.django_db

PASSWORD = "nếp nương thơm 26"
PAPER = ("12/QĐ-UBND, 02/11/2026", "Trần Công Sơn")


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


@pytest.fixture
@kept
def staff(db):
    """The province's administrator, with no right but to people."""
    user = User.objects.create_user("quantri", full_name="Quản Trị", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="change_user"))
    return user


@pytest.fixture
@kept
def settled(son):
    """A leader has signed in: from here on leaders are appointed on paper."""
    User.objects.filter(pk=son.pk).update(last_login=clock.now())
    return son


def use(client, code):
    return client.post("/activate/", {"code": code, "password1": PASSWORD, "password2": PASSWORD})


def missing(client, title):
    """Which units lack somebody, as the page of the first day says it."""
    lines = {line.title: line for line in client.get("/setup/").context["lines"]}
    return lines[title].missing


def test_a_leader_who_leaves_is_missed_until_another_is_appointed_on_paper(
    client, cycle, commune, chi, staff, settled
):
    client.force_login(staff)
    assert str(commune) not in missing(client, "Lãnh đạo, cấp xã")
    with pytest.raises(ValidationError, match="văn bản"):
        # Who goes on leads on a paper, as any leader does.
        people.leave(
            chi, on=clock.today(), by=staff, reason="Nghỉ hưu", to=person("dung", "Lò Thị Dung")
        )
    chi.refresh_from_db()
    assert chi.is_active and events_of(chi) == []

    people.leave(chi, on=clock.today(), by=staff, reason="Nghỉ hưu", **appointed.named(*PAPER))
    chi.refresh_from_db()
    assert not chi.is_active
    assert str(commune) in missing(client, "Lãnh đạo, cấp xã")
    # Nobody there looks after the people any more: the administrator does.
    assert not people.answers_for(chi, person("moi", "Lò Mới", (Role.OFFICER, commune)))
    dung = User.objects.get(username="dung")
    post = RoleAssignment(role=Role.LEADER, org_unit=commune, valid_from=clock.today())
    people.bring_back(dung, post, by=staff, **appointed.named(*PAPER))
    assert str(commune) not in missing(client, "Lãnh đạo, cấp xã")


def test_who_held_a_post_of_a_unit_that_ended_moves_to_its_heir(
    cycle, commune, old_commune, an, chi, staff
):
    person("ngan", "Lò Văn Ngân", (Role.OFFICER, commune), (Role.OFFICER, old_commune))
    update_as_owner(
        OrgUnit.objects.filter(pk=old_commune.pk), valid_to=clock.today() - timedelta(days=1)
    )
    old_commune.refresh_from_db()
    with pytest.raises(ValidationError, match="đã kết thúc"):
        people.assign(
            RoleAssignment(user=an, role=Role.CLERK, org_unit=old_commune,
                           valid_from=clock.today()),
            by=staff,
        )  # fmt: skip
    new = RoleAssignment(role=Role.CLERK, org_unit=commune, valid_from=clock.today())
    people.move(post_of(an, old_commune), new, by=staff)
    assert post_of(an, old_commune).valid_to == clock.today() - timedelta(days=1)
    assert post_of(an, commune, Role.CLERK).valid_to is None


def test_who_moves_and_comes_back_has_three_posts_and_one_account(
    client, cycle, commune, other_commune, an, staff
):
    person("ngan", "Lò Văn Ngân", (Role.OFFICER, commune))
    task = open_task(open_dossier(cycle, commune, an))
    doors.claim(task, by=an)
    away = clock.today()
    people.move(
        post_of(an, commune),
        RoleAssignment(role=Role.OFFICER, org_unit=other_commune, valid_from=away),
        by=staff,
    )
    task.refresh_from_db()
    assert task.owner is None
    back = clock.now() + timedelta(days=30)
    with clock.at(back):
        people.move(
            post_of(an, other_commune),
            RoleAssignment(role=Role.OFFICER, org_unit=commune, valid_from=clock.today()),
            by=staff,
        )
        assert User.objects.filter(full_name=an.full_name).count() == 1
        held = RoleAssignment.objects.held_on(clock.today()).filter(user=an, org_unit=commune)
        assert held.count() == 1
        # What she had claimed before is anybody's there, and hers to take again.
        doors.claim(task, by=User.objects.get(pk=an.pk))
    client.force_login(staff)
    page = client.get(f"/people/{an.pk}/").content.decode()
    assert page.count("Cán bộ OCOP, Xã Nà Tấu") >= 2


def test_two_of_one_name_are_two_accounts_told_apart(client, chi, an, commune):
    client.force_login(chi)
    answer = client.post("/people/new/", typed(full_name="lò thị  an"))
    asked = answer.content.decode()
    assert "Có phải cùng một người?" in asked and "an" in asked
    told = typed(full_name="Lò Thị An")
    assert client.post("/people/new/", told | {"another": "on"}).status_code == 200
    answer = client.post("/people/new/", told | yes(answer, "another"))
    assert answer.status_code == 302
    first, second = User.objects.filter(full_name="Lò Thị An").order_by("pk")
    assert (first, second.username) == (an, "anlt")
    # Each is found by the sign-in, and a slip is one person's.
    page = client.get("/people/", {"q": "lo thi an"}).content.decode()
    assert "anlt" in page
    answer = client.post("/people/slips/", {"person": second.pk}).content.decode()
    (code,) = codes(answer)
    assert use(type(client)(), code).status_code == 302
    first.refresh_from_db()
    assert first.check_password("mật khẩu thử")


def test_a_slip_of_who_left_before_using_it_is_void_and_another_is_printed_on_return(
    client, chi, commune, staff
):
    moi = person("moi", "Lường Thị Mới", (Role.OFFICER, commune))
    User.objects.filter(pk=moi.pk).update(password="!")
    person("ngan", "Lò Văn Ngân", (Role.OFFICER, commune))
    (lost,) = people.print_slips([moi], by=chi)
    people.leave(moi, on=clock.today(), by=chi, reason="Không nhận việc")
    assert "đã hủy" in use(client, lost.code).content.decode()
    with pytest.raises(ValidationError, match="đã nghỉ"):
        people.print_slips([User.objects.get(pk=moi.pk)], by=chi)
    post = RoleAssignment(role=Role.OFFICER, org_unit=commune, valid_from=clock.today())
    people.bring_back(moi, post, by=chi)
    (again,) = people.print_slips([User.objects.get(pk=moi.pk)], by=chi)
    assert "đã hủy" in use(client, lost.code).content.decode()
    assert use(client, again.code).status_code == 302
    assert use(type(client)(), again.code).status_code == 200
    assert events_of(moi)[-1] == "person.begin"


def test_who_has_no_address_is_let_in_by_paper_alone(client, chi, an, commune, settings):
    settings.EMAIL_HOST = "mail.example.vn"
    assert an.email == ""
    assert "xin lãnh đạo đơn vị in phiếu" in client.get("/password/forgotten/").content.decode()
    (slip,) = people.print_slips([an], by=chi)
    assert slip.expires_on == clock.today() + timedelta(days=slips.DAYS)
    assert use(client, slip.code).status_code == 302


def test_a_unit_that_ends_takes_nobody_in_by_any_page(client, chi, staff, commune, an):
    update_as_owner(
        OrgUnit.objects.filter(pk=commune.pk), valid_to=clock.today() - timedelta(days=1)
    )
    client.force_login(staff)
    said = client.post(f"/people/{an.pk}/give/", typed(role="clerk")).content.decode()
    assert "đã kết thúc" in said
    assert not an.role_assignments.filter(role=Role.CLERK).exists()
