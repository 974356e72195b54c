"""Template tags about councils: links in the page's head, the round that a dossier is in."""

from __future__ import annotations

from typing import Any

from django import template

from councils.models import EvaluationRound, Member, RoundEntry
from cycle import clock
from cycle.models import Level, Role, User
from dossiers.law.states import STATE_AT
from dossiers.models import Dossier

register = template.Library()


@register.simple_tag
def council_links(user: User) -> dict[str, bool]:
    """The links about councils that the page's head shows to ``user``."""
    held = user.assignments()
    judges = any(each.org_unit.level in (Level.DISTRICT, Level.PROVINCE) for each in held) or (
        # Only outside members, who have no post, cost a query on every page.
        not held and Member.objects.sitting(clock.today_in_database()).filter(user=user).exists()
    )
    return {
        "councils": judges,
        "opinions": any(each.role == Role.DEPARTMENT for each in held),
    }


@register.inclusion_tag("councils/_round_of.html")
def round_of(dossier: Dossier, user: User) -> dict[str, Any]:
    """The round that a dossier is in, with a link for whoever may see it."""
    if dossier.state not in STATE_AT.values():
        return {}
    entry = RoundEntry.objects.filter(dossier=dossier, live=True).select_related("round").first()
    seen = entry and EvaluationRound.objects.visible_to(user).filter(pk=entry.round_id).exists()
    return {"waits": entry is None, "entry": entry, "seen": seen}
