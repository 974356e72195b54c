"""Who may see the operations page."""

from __future__ import annotations

import rules

from cycle.models import Level, Role, User
from dossiers.rules import has_a_post


@rules.predicate
def runs_the_system(user: User) -> bool:
    """Superusers, and the officers of the province. ``is_staff`` alone is not enough."""
    return user.is_active and (
        user.is_superuser
        or any(
            held.role == Role.OFFICER and held.org_unit.level == Level.PROVINCE
            for held in user.assignments()
        )
    )


rules.add_perm("notifications.operate", runs_the_system)
rules.add_perm("notifications.see_week", has_a_post)
