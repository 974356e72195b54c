"""Who may look at how the system itself fares."""

import rules

from cycle.models import Level, Role


@rules.predicate
def runs_the_system(user):
    """The administrator, and the officers of the province."""
    return user.is_active and (
        user.is_staff
        or any(
            held.role == Role.OFFICER and held.org_unit.level == Level.PROVINCE
            for held in user.assignments()
        )
    )


@rules.predicate
def has_a_post(user):
    """Works for some unit, of which there is a week to report."""
    return user.is_active and bool(user.assignments())


rules.add_perm("notifications.operate", runs_the_system)
rules.add_perm("notifications.see_week", has_a_post)
