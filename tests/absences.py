"""Somebody is away, another acts."""

from datetime import timedelta

from cycle import clock
from cycle.models import Substitution, User


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
