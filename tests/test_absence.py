"""When an officer is away: somebody acts for them, and the record names both."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from cycle import clock
from cycle.models import RoleAssignment, Substitution, User
from dossiers.models import Task
from tests import records
from tests.conftest import open_task, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def dung(province):
    """Holds no role of her own."""
    return person("dung", "Lò Thị Dung")


def substitute_for(assignment, user, by, days=7, **fields):
    """A substitution from today on, as the database keeps it."""
    today = clock.today()
    return Substitution.objects.create(
        assignment=assignment,
        substitute=user,
        valid_from=today,
        valid_to=today + timedelta(days=days),
        reason="Nghỉ phép",
        created_by=by,
        **fields,
    )


def fresh(user):
    """The person, as the next request reads them."""
    return User.objects.get(pk=user.pk)


def test_a_substitute_finds_the_inbox_and_the_record_names_both(dossier, an, dung, commune):
    task = open_task(dossier)
    with pytest.raises(PermissionDenied):
        task.complete("register_idea", by=dung, record=records.idea())
    substitute_for(an.role_assignments.get(org_unit=commune), dung, an)

    dung = fresh(dung)
    assert list(Task.objects.inbox(dung)) == [task]
    task.complete("register_idea", by=dung, record=records.idea())

    entry = dossier.history.last()
    assert (entry.actor, entry.acting_for, entry.role) == (dung, an, "officer")


def test_a_substitution_ends_with_its_period(dossier, an, dung, commune):
    substitute_for(an.role_assignments.get(org_unit=commune), dung, an, days=3)
    with clock.at(clock.now() + timedelta(days=4)):
        assert not Task.objects.inbox(fresh(dung)).exists()


def test_a_substitution_is_not_passed_on(dossier, an, dung, la, commune):
    substitute_for(an.role_assignments.get(org_unit=commune), dung, an)
    # Dung may not give away what she has by substitution: there is no assignment of hers to give.
    assert not fresh(dung).role_assignments.exists()
    assert not Task.objects.inbox(fresh(la)).filter(dossier=dossier).exists()


def test_two_at_once_and_oneself_are_refused_in_words_and_by_the_database(an, dung, la, commune):
    assignment = an.role_assignments.get(org_unit=commune)
    substitute_for(assignment, dung, an)
    second = Substitution(
        assignment=assignment,
        substitute=la,
        valid_from=clock.today(),
        valid_to=clock.today(),
        reason="Đi học",
        created_by=an,
    )
    with pytest.raises(ValidationError, match="đã ủy quyền cho người khác"):
        second.full_clean()
    with pytest.raises(IntegrityError, match="substitution_one_at_a_time"), transaction.atomic():
        second.save()
    with pytest.raises(ValidationError, match="chính mình"):
        Substitution(
            assignment=assignment,
            substitute=an,
            valid_from=date(2030, 1, 1),
            valid_to=date(2030, 1, 2),
            reason="Đi học",
            created_by=an,
        ).full_clean()


def test_the_holder_still_holds(dossier, an, dung, commune):
    substitute_for(an.role_assignments.get(org_unit=commune), dung, an)
    open_task(dossier).complete("register_idea", by=fresh(an), record=records.idea())
    assert dossier.history.last().acting_for is None
    assert RoleAssignment.objects.filter(user=dung).count() == 0
