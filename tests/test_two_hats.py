"""One person may hold both hats, under two sign-ins: one of the administration, which holds no
post, and one of the work, which administers nothing.
"""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connections, transaction

from councils import data_check
from councils.forms.councils import SeatForm
from councils.models import Council, Member, Seat
from cycle import appointing, clock
from cycle.models import HistoryEntry, Role, RoleAssignment, Substitution, User
from dossiers.office import handover
from dossiers.office.forms.absence import HandoverForm, SubstitutionForm
from tests import judging
from tests.absence_pages import asked
from tests.absences import fresh, substitute_for
from tests.appointed import PAPER, add_role, change_role, named, person_form, post_of, typed
from tests.ground import kept
from tests.owning import owner, update_as_owner
from tests.world import person

pytestmark = pytest.mark.django_db

FLAGS = ("is_staff", "is_superuser")


@pytest.fixture
@kept
def root(db):
    """An administrator without a role."""
    return User.objects.create_superuser("quantri", full_name="Quản Trị")


@pytest.fixture
@kept
def dung(province):
    """Holds no role of her own."""
    return person("dung", "Lò Thị Dung")


def administrator(flag):
    return User.objects.create_user(f"it.{flag}", full_name="Nhân Viên", **{flag: True})


# --- Every door that gives something to do ------------------------------------------------------


def _substitute(w, whom):
    handover.substitute(asked(w["post"], whom, **PAPER), by=w["chi"])


def _hand_over(w, whom):
    handover.hand_over(w["post"], to=whom, by=w["chi"], on=clock.today(), reason="Nghỉ", **named())


def _seat(w, whom):
    w["council"].give_seat(Member(user=whom, seat=Seat.MEMBER, since=clock.today()), by=w["thu"])


def _assign(w, whom):
    post = RoleAssignment(
        user=whom, role=Role.OFFICER, org_unit=w["post"].org_unit, valid_from=clock.today()
    )
    paper = {"document": PAPER["document"], "signer": PAPER["document_signer"]}
    appointing.check_assignment(None, post, by=w["root"], **paper)
    post.save()


DOORS = (_substitute, _hand_over, _seat, _assign)


@pytest.fixture
@kept
def world(cycle, an, chi, thu, root, commune, province):
    judging.regulate(province)
    council = judging.seat(province, thu)
    return {
        "post": post_of(an, commune), "chi": chi, "thu": thu, "root": root, "council": council,
    }  # fmt: skip


def posts_of(user):
    return appointing.held_from(user, date(2000, 1, 1))


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("door", DOORS)
def test_no_door_gives_work_to_a_sign_in_of_the_administration(door, flag, world, dung):
    whom = administrator(flag)
    with pytest.raises(ValidationError, match=f"«{whom.username}» là tài khoản quản trị"):
        door(world, whom)
    assert posts_of(whom) == []
    # The other sign-in of the same person is taken.
    door(world, dung)
    assert len(posts_of(dung)) == 1


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("door", DOORS)
def test_nor_does_who_holds_something_get_the_flags(door, flag, world, dung, client):
    door(world, dung)
    client.force_login(world["root"])
    address = f"/admin/cycle/user/{dung.pk}/change/"
    answer = client.post(address, person_form(dung, **{flag: "on"}))
    errors = answer.context["adminform"].form.errors
    assert errors[flag][0].startswith("Tài khoản này đang giữ: ")
    assert not fresh(dung).administers
    with pytest.raises(IntegrityError, match="holds a post"), transaction.atomic():
        User.objects.filter(pk=dung.pk).update(**{flag: True})


def test_who_holds_nothing_any_more_may_become_an_administrator(root, an, dung, commune, client):
    yesterday = clock.today() - timedelta(days=1)
    RoleAssignment.objects.create(
        user=dung, role=Role.CLERK, org_unit=commune, valid_from=date(2026, 1, 1),
        valid_to=yesterday,
    )  # fmt: skip
    client.force_login(root)
    address = f"/admin/cycle/user/{dung.pk}/change/"
    held = post_of(dung, commune)
    form = {
        "role_assignments-TOTAL_FORMS": 1, "role_assignments-INITIAL_FORMS": 1,
        "role_assignments-0-id": held.pk, "role_assignments-0-user": dung.pk,
        "role_assignments-0-role": "clerk", "role_assignments-0-org_unit": commune.pk,
        "role_assignments-0-valid_from": "01/01/2026",
        "role_assignments-0-valid_to": f"{yesterday:%d/%m/%Y}",
    }  # fmt: skip
    assert client.post(address, person_form(dung, is_staff="on", **form)).status_code == 302
    assert fresh(dung).is_staff
    # And the role is not made longer from there.
    answer = change_role(client, held, valid_to="")
    assert "là tài khoản quản trị" in answer.content.decode()
    with pytest.raises(IntegrityError, match="administration"), transaction.atomic():
        update_as_owner(RoleAssignment.objects.filter(pk=held.pk), valid_to=None)


def test_a_post_to_come_counts_too(root, dung, commune, client):
    RoleAssignment.objects.create(
        user=dung, role=Role.CLERK, org_unit=commune, valid_from=clock.today() + timedelta(days=9)
    )
    client.force_login(root)
    address = f"/admin/cycle/user/{dung.pk}/change/"
    assert client.post(address, person_form(dung, is_staff="on")).status_code == 200
    assert not fresh(dung).is_staff


def test_flag_and_role_in_one_form_are_refused_with_the_sentence(root, dung, commune, client):
    client.force_login(root)
    address = f"/admin/cycle/user/{dung.pk}/change/"
    answer = client.post(address, person_form(dung, commune, is_staff="on"))
    assert answer.status_code == 200
    assert "«dung» là tài khoản quản trị nên không giữ vai trò nào" in answer.content.decode()
    assert (posts_of(dung), fresh(dung).is_staff) == ([], False)
    # Taken off in the same form, the role is given.
    it = administrator("is_staff")
    answer = client.post(f"/admin/cycle/user/{it.pk}/change/", person_form(it, commune))
    assert answer.status_code == 302
    assert [post.role for post in posts_of(it)] == ["officer"]


def test_an_administrator_makes_other_people_and_gives_them_roles(root, commune, client):
    client.force_login(root)
    answer = add_role(client, root, "officer", commune, **typed())
    assert "«quantri» là tài khoản quản trị" in answer.content.decode()
    password = "tre già măng mọc 26"
    made = client.post(
        "/admin/cycle/user/add/",
        {"username": "lan", "full_name": "Lò Thị Lan", "password1": password,
         "password2": password, "usable_password": "true",
         "role_assignments-TOTAL_FORMS": 0, "role_assignments-INITIAL_FORMS": 0},
    )  # fmt: skip
    assert made.status_code == 302
    lan = User.objects.get(username="lan")
    assert add_role(client, lan, "leader", commune).status_code == 302
    # Nobody has signed in as a leader yet: marked so in the record.
    assert HistoryEntry.objects.get(event="role.assign").data["bootstrap"] is True


def test_the_other_sign_in_is_still_oneself(root, commune, client):
    """Under the same name: nobody gives his own second sign-in a role without another's paper."""
    second = person("tri", "Quản Trị")
    client.force_login(root)
    assert "Không ai tự giao" in add_role(client, second, "officer", commune).content.decode()
    assert add_role(client, second, "officer", commune, **typed()).status_code == 302


# --- What each hat is offered and sees ------------------------------------------------------------


def test_who_is_offered_for_work_is_never_of_the_administration(world, root, an, chi, thu):
    # Every select of people for a post, a substitution or a seat.
    forms = [
        SubstitutionForm(user=chi).fields["substitute"],
        HandoverForm(user=chi, post=world["post"]).fields["to"],
        SeatForm(council=world["council"], by=thu).fields["user"],
    ]
    for field in forms:
        assert an in field.queryset
        assert root not in field.queryset


WORK = ("/register/", "/absence/", "/handover/", "/rounds/", "/outreach/", "/dossiers/")


def links(client, user):
    client.force_login(user)
    return client.get("/profile/").content.decode()


def test_neither_hat_sees_the_buttons_of_the_other(client, cycle, root, an):
    it = administrator("is_staff")
    for user in (root, it):
        page = links(client, user)
        assert 'href="/admin/"' in page
        assert [path for path in WORK if f'href="{path}"' in page] == []
        inbox = client.get("/inbox/").content.decode()
        assert "Tài khoản quản trị không giữ vai trò" in inbox
    page = links(client, an)
    assert 'href="/admin/"' not in page
    assert [path for path in WORK if f'href="{path}"' not in page] == []
    assert client.get("/admin/", follow=True).redirect_chain


# --- The database ---------------------------------------------------------------------------------


def test_the_database_refuses_a_post_of_an_administrator_by_every_table(world, root, an, chi, dung):
    given = substitute_for(world["post"], dung, chi)
    post = post_of(chi, world["post"].org_unit)
    for change in (
        lambda: RoleAssignment.objects.create(
            user=root, role="clerk", org_unit=post.org_unit, valid_from=date(2026, 1, 1)
        ),
        lambda: update_as_owner(RoleAssignment.objects.filter(pk=post.pk), user=root),
        lambda: substitute_for(post, root, chi, document="1/QĐ"),
        lambda: update_as_owner(Substitution.objects.filter(pk=given.pk), substitute=root),
        lambda: Member.objects.create(
            council=world["council"],
            decision=world["council"].decision,
            user=root,
            seat=Seat.TEAM,
            since=clock.today(),
            made_by=world["thu"],
        ),
    ):
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            change()
        assert refused.value.__cause__.diag.constraint_name == "post_not_of_administration"


def test_nobody_is_given_a_post_before_they_are_there(world, an, dung, chi, thu):
    """The key is asked only at the end: who comes meanwhile could come as an administrator."""
    given, post = substitute_for(world["post"], dung, chi), post_of(an, world["post"].org_unit)
    seat = {"council": world["council"], "seat": Seat.TEAM, "since": clock.today(), "made_by": thu}
    seat["decision"] = world["council"].decision
    unknown = User.objects.order_by("pk").last().pk + 1000
    for give in (
        lambda: RoleAssignment.objects.create(
            user_id=unknown, role="clerk", org_unit=post.org_unit, valid_from=date(2026, 1, 1)
        ),
        lambda: update_as_owner(RoleAssignment.objects.filter(pk=post.pk), user=unknown),
        lambda: update_as_owner(Substitution.objects.filter(pk=given.pk), substitute=unknown),
        lambda: Member.objects.create(user_id=unknown, **seat),
    ):
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            give()
            User.objects.create_superuser("sau", pk=unknown)
        assert refused.value.__cause__.diag.constraint_name == "post_not_of_administration"


def both_hats(user):
    """As a row of before the rule: the flag is written while the trigger is away."""
    with owner() as db:
        db.execute("ALTER TABLE cycle_user DISABLE TRIGGER administration_holds_no_post")
        db.execute("UPDATE cycle_user SET is_staff = true WHERE id = %s", [user.pk])
        db.execute("SET CONSTRAINTS ALL IMMEDIATE")
        db.execute("ALTER TABLE cycle_user ENABLE TRIGGER administration_holds_no_post")


@pytest.mark.django_db(transaction=True)
def test_who_held_both_before_goes_on_is_listed_and_ends_it(cycle, an, son, commune, client):
    both_hats(an)
    person("lan", "Lò Thị Lan", (Role.OFFICER, commune))
    page = links(client, fresh(an))
    assert 'href="/admin/"' in page
    assert 'href="/absence/"' in page
    named = [each for each in data_check.findings() if each.kind == "two_hats"]
    assert [each.pk for each in named] == [an.pk]
    assert "Cán bộ OCOP, Xã Nà Tấu" in named[0].wrong
    root = User.objects.create_superuser("quantri")
    client.force_login(root)
    for path in ("/admin/cycle/user/add/", f"/admin/cycle/user/{an.pk}/change/"):
        assert path in named[0].todo
        assert client.get(path).status_code == 200
    # To sign in, to rename and to end the role go on; to prolong and more flags do not.
    update_as_owner(User.objects.filter(pk=an.pk), last_login=clock.now(), full_name="Lò Thị An")
    yesterday = clock.today() - timedelta(days=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        update_as_owner(User.objects.filter(pk=an.pk), is_superuser=True)
    update_as_owner(RoleAssignment.objects.filter(user=an), valid_to=yesterday)
    assert [each for each in data_check.findings() if each.kind == "two_hats"] == []


@pytest.mark.django_db(transaction=True)
def test_a_handover_of_who_held_both_before_is_not_taken_back(
    cycle, an, chi, dung, commune, client
):
    both_hats(an)
    post = post_of(an, commune)
    handover.hand_over(
        post, to=dung, by=chi, on=clock.today() + timedelta(days=3), reason="Nghỉ", **named()
    )
    client.force_login(chi)
    page = client.post(f"/handover/{post.pk}/back/", follow=True).content.decode()
    assert "«an» là tài khoản quản trị" in page
    assert post_of(an, commune).handed_to == dung


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("flag_first", (True, False))
def test_of_two_at_once_one_is_refused(flag_first, an, dung, commune):
    """The flag and the role in two transactions: whoever comes second waits and is refused."""
    import threading

    def give_flag():
        update_as_owner(User.objects.filter(pk=dung.pk), is_staff=True)

    def give_role():
        RoleAssignment.objects.create(
            user=dung, role=Role.CLERK, org_unit=commune, valid_from=date(2026, 1, 1)
        )

    first, second = (give_flag, give_role) if flag_first else (give_role, give_flag)
    refused = []

    def later():
        try:
            with transaction.atomic():
                second()
        except IntegrityError as error:
            refused.append(error.__cause__.diag.constraint_name)
        finally:
            connections.close_all()

    with transaction.atomic():
        first()
        thread = threading.Thread(target=later)
        thread.start()
        # It waits for this transaction, however long that takes.
        thread.join(0.3)
        assert thread.is_alive()
    thread.join()
    assert len(refused) == 1
    assert fresh(dung).is_staff == flag_first
    assert RoleAssignment.objects.filter(user=dung).exists() != flag_first


def test_a_stranger_still_gives_nothing(world, dung, an):
    with pytest.raises(PermissionDenied):
        handover.substitute(asked(world["post"], dung, **PAPER), by=dung)
    assert Council.objects.count() == 1
