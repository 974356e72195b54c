"""What the administration changes of accounts is written down; nobody gives themselves more."""

import pytest
from django.contrib.auth.models import Group, Permission

from cycle.models import HistoryEntry, User
from tests.absences import fresh
from tests.appointed import person_form
from tests.ground import kept
from tests.world import person

pytestmark = pytest.mark.django_db

PASSWORD = "tre già măng mọc 26"


@pytest.fixture
@kept
def root(db):
    return User.objects.create_superuser("quantri", full_name="Quản Trị")


@pytest.fixture
@kept
def staff(db):
    """May see, add and change people, and no more."""
    made = User.objects.create_user("it", full_name="Nhân Viên", is_staff=True)
    codes = ["view_user", "change_user", "add_user"]
    made.user_permissions.set(Permission.objects.filter(codename__in=codes))
    return made


@pytest.fixture
@kept
def everything(db):
    made = Group.objects.create(name="Mọi quyền")
    made.permissions.set(Permission.objects.all())
    return made


def address(user, page="change"):
    return f"/admin/cycle/user/{user.pk}/{page}/"


def set_password(client, user):
    return client.post(
        address(user, "password"),
        {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"},
    )


def said(user):
    return HistoryEntry.objects.filter(stream="person", stream_id=user.pk).order_by("seq")


def test_names_groups_and_passwords_are_written_down_with_who_did_it(
    client, root, everything, province
):
    dung = person("dung", "Lò Thị Dung")
    client.force_login(root)
    fields = {
        "username": "dung2", "full_name": "Lò Thị Dũng", "email": "dung@example.vn",
        "is_staff": "on", "groups": [everything.pk],
    }  # fmt: skip
    assert client.post(address(dung), person_form(dung, **fields)).status_code == 302
    assert set_password(client, dung).status_code == 302
    assert fresh(dung).check_password(PASSWORD)
    staffed, changed, password = said(dung)
    assert [each.event for each in (staffed, changed, password)] == [
        "person.staff", "person.change", "person.password",
    ]  # fmt: skip
    assert {each.actor for each in said(dung)} == {root}
    assert changed.data["changed"] == [
        {"field": "username", "before": "dung", "after": "dung2"},
        {"field": "full_name", "before": "Lò Thị Dung", "after": "Lò Thị Dũng"},
        {"field": "groups", "before": "", "after": "Mọi quyền"},
        {"field": "email"},
    ]
    # Saved as it is, nothing more is said; a password that is refused is none.
    assert client.post(address(dung), person_form(fresh(dung), **fields)).status_code == 302
    assert client.post(address(dung, "password"), {"password1": "1"}).status_code == 200
    assert said(dung).count() == 3


@pytest.mark.parametrize("right", ["is_staff", "is_superuser", "groups", "user_permissions"])
def test_who_may_not_do_everything_gives_nobody_rights(right, client, staff, everything, province):
    dung = person("dung", "Lò Thị Dung")
    client.force_login(staff)
    given = {
        "groups": everything.pk, "user_permissions": Permission.objects.first().pk,
    }.get(right, "on")  # fmt: skip
    for whom in (dung, staff):
        before = fresh(whom).get_all_permissions()
        answer = client.post(address(whom), person_form(whom, **{right: given}))
        assert "Chỉ quản trị viên toàn quyền" in answer.content.decode()
        assert fresh(whom).get_all_permissions() == before
        assert (fresh(whom).is_superuser, fresh(whom).is_staff) == (False, whom == staff)
    # What is left to them goes on.
    assert client.post(address(dung), person_form(dung, full_name="Lò Dung")).status_code == 302
    assert set_password(client, dung).status_code == 302


def test_nor_changes_who_may_do_more(client, staff, root):
    other = User.objects.create_user("it2", full_name="Nhân Viên Hai", is_staff=True)
    client.force_login(staff)
    for whom in (root, other):
        assert set_password(client, whom).status_code == 403
        assert client.post(address(whom), person_form(whom, email="x@y.vn")).status_code == 403
        assert not fresh(whom).check_password(PASSWORD)
        assert fresh(whom).email == ""
    assert not HistoryEntry.objects.exists()


def test_groups_are_not_changed_by_who_is_in_them(client, staff, everything):
    client.force_login(staff)
    staff.user_permissions.add(*Permission.objects.filter(content_type__model="group"))
    group = Group.objects.create(name="Ít quyền")
    staff.groups.add(group)
    for page in (f"/admin/auth/group/{group.pk}/change/", "/admin/auth/group/add/"):
        answer = client.post(page, {"name": "x", "permissions": [Permission.objects.first().pk]})
        assert answer.status_code in (403, 404)
    assert not group.permissions.exists()


def test_the_rights_of_a_group_are_written_down(client, root):
    group = Group.objects.create(name="Ít quyền")
    client.force_login(root)
    one = Permission.objects.get(codename="view_user")
    page = f"/admin/auth/group/{group.pk}/change/"
    assert client.post(page, {"name": "Ít quyền", "permissions": [one.pk]}).status_code == 302
    entry = HistoryEntry.objects.get(event="group.change")
    assert (entry.actor, entry.data["changed"]) == (
        root,
        [{"row": "Ít quyền", "field": "permissions", "before": "", "after": "view_user"}],
    )
