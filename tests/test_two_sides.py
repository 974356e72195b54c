"""Who prepares a file does not sign it: by no door, for no unit that is one business, not at once."""

import threading
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connections, transaction

from councils import data_check
from cycle import appointing, clock
from cycle.models import Document, Role, RoleAssignment, Substitution, User
from dossiers.office import handover
from tests.absence_pages import asked
from tests.absences import substitute_for
from tests.appointed import PAPER, add_role, change_role, named, person_form, post_of, typed
from tests.ground import kept
from tests.owning import delete_as_owner, update_as_owner
from tests.world import person

pytestmark = pytest.mark.django_db

REFUSED = "không giữ thêm"


@pytest.fixture
@kept
def dung(province):
    return person("dung", "Lò Thị Dung")


@pytest.fixture
def root(client):
    made = User.objects.create_superuser("quantri", full_name="Quản Trị")
    client.force_login(made)
    return made


def give(user, role, unit, **days):
    return RoleAssignment.objects.create(
        user=user, role=role, org_unit=unit, **{"valid_from": date(2026, 1, 1)} | days
    )


def _substitute(w, post, whom):
    handover.substitute(asked(post, whom, **PAPER), by=w["minh"])


def _hand_over(w, post, whom):
    handover.hand_over(post, to=whom, by=w["minh"], on=clock.today(), reason="Nghỉ", **named())


def _assign(w, post, whom):
    made = RoleAssignment(
        user=whom, role=post.role, org_unit=post.org_unit, valid_from=clock.today()
    )
    paper = {"document": PAPER["document"], "signer": PAPER["document_signer"]}
    appointing.check_assignment(None, made, by=w["root"], **paper)
    made.save()


DOORS = (_substitute, _hand_over, _assign)


@pytest.fixture
@kept
def world(cycle, an, chi, minh, commune):
    root = User.objects.create_superuser("quantri", full_name="Quản Trị")
    return {
        "minh": minh, "root": root,
        "officer": post_of(an, commune), "leader": post_of(chi, commune),
    }  # fmt: skip


@pytest.mark.parametrize("lent", [False, True])
@pytest.mark.parametrize("has", ["officer", "leader"])
@pytest.mark.parametrize("door", DOORS)
def test_no_door_gives_the_other_side(door, has, lent, world, dung, commune, minh):
    wanted = world["leader" if has == "officer" else "officer"]
    if lent:
        substitute_for(world[has], dung, minh, document="1/QĐ-UBND")
    else:
        give(dung, has, commune)
    with pytest.raises(ValidationError, match=REFUSED):
        door(world, wanted, dung)
    # Once the first is over it is given.
    yesterday = clock.today() - timedelta(days=1)
    delete_as_owner(Substitution.objects)
    update_as_owner(RoleAssignment.objects.filter(user=dung), valid_to=yesterday)
    door(world, wanted, dung)


@pytest.mark.parametrize("door", DOORS)
def test_the_unit_that_was_taken_over_is_the_same_desk(door, world, dung, commune, other_commune):
    give(dung, Role.OFFICER, other_commune)
    yesterday = clock.today() - timedelta(days=1)
    update_as_owner(type(commune).objects.filter(pk=other_commune.pk), valid_to=yesterday)
    other_commune.successors.add(commune)
    with pytest.raises(ValidationError, match=REFUSED):
        door(world, world["leader"], dung)


def test_a_neighbour_is_another_desk(world, dung, other_commune):
    give(dung, Role.OFFICER, other_commune)
    _assign(world, world["leader"], dung)


def test_a_handover_is_not_taken_back_by_who_leads_since(world, an, commune):
    on = clock.today() + timedelta(days=3)
    post = world["officer"]
    heir = person("ke", "Lò Thị Kế")
    handover.hand_over(post, to=heir, by=world["minh"], on=on, reason="Nghỉ", **named())
    give(an, Role.LEADER, commune, valid_from=on)
    with pytest.raises(ValidationError, match=REFUSED):
        handover.take_back(post, by=world["minh"])


def test_the_administration_gives_and_prolongs_none(client, root, cycle, an, chi, commune):
    assert REFUSED in add_role(client, an, "leader", commune, **typed()).content.decode()
    until = clock.today() + timedelta(days=9)
    lan = person("lan", "Lò Thị Lan")
    held = give(lan, Role.OFFICER, commune, valid_to=until)
    give(lan, Role.LEADER, commune, valid_from=until + timedelta(days=1))
    assert REFUSED in change_role(client, held, valid_to="").content.decode()
    assert post_of(an, commune).role == "officer"


def test_nor_both_in_one_form(client, root, cycle, dung, commune):
    two = {
        "role_assignments-TOTAL_FORMS": 2,
        "role_assignments-1-user": dung.pk, "role_assignments-1-role": "leader",
        "role_assignments-1-org_unit": commune.pk,
        "role_assignments-1-valid_from": f"{clock.today():%Y-%m-%d}",
    } | typed(row="role_assignments-1-")  # fmt: skip
    answer = client.post(f"/admin/cycle/user/{dung.pk}/change/", person_form(dung, commune, **two))
    assert REFUSED in answer.content.decode()
    assert not dung.role_assignments.exists()


def test_two_rows_of_one_form_name_one_paper_alike(client, root, cycle, dung, commune, province):
    def sent(signer):
        two = {
            "role_assignments-TOTAL_FORMS": 2,
            "role_assignments-1-user": dung.pk, "role_assignments-1-role": "clerk",
            "role_assignments-1-org_unit": commune.pk,
            "role_assignments-1-valid_from": f"{clock.today():%Y-%m-%d}",
        } | typed(row="role_assignments-0-") | typed(row="role_assignments-1-", signer=signer)  # fmt: skip
        at = f"/admin/cycle/user/{dung.pk}/change/"
        return client.post(at, person_form(dung, commune, **two))

    assert "15/QĐ-UBND đã vào sổ với người ký" in sent("Lò Văn Khác").content.decode()
    assert not dung.role_assignments.exists() and not Document.objects.exists()
    assert sent(PAPER["document_signer"]).status_code == 302
    assert dung.role_assignments.filter(basis=Document.objects.get()).count() == 2


def test_those_of_before_are_listed(cycle, an, dung, chi, minh, commune):
    def listed():
        return [each.pk for each in data_check.findings() if each.kind == "prepares_and_signs"]

    assert listed() == []
    give(an, Role.LEADER, commune)
    give(dung, Role.OFFICER, commune)
    substitute_for(post_of(chi, commune), dung, minh, document="1/QĐ-UBND")
    assert listed() == [an.pk, dung.pk]


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_refused(world, dung):
    """An officer's and a leader's post lent to one person: the second waits and is refused."""
    said = []

    def later():
        try:
            with transaction.atomic():
                _substitute(world, world["leader"], dung)
        except ValidationError as error:
            said.append(str(error))
        finally:
            connections.close_all()

    with transaction.atomic():
        _substitute(world, world["officer"], dung)
        thread = threading.Thread(target=later)
        thread.start()
        # It waits for this transaction, however long that takes.
        thread.join(0.3)
        assert thread.is_alive()
    thread.join()
    assert len(said) == 1
    assert REFUSED in said[0]
    assert Substitution.objects.get(substitute=dung).assignment == world["officer"]


def test_a_new_person_has_no_other_side():
    for role in ("officer", "leader"):
        post = RoleAssignment(role=role)
        appointing.check_sides(User(), post, first=clock.today(), last=None, field="user")
