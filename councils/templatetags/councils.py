"""What pages say of councils: the way to them, the round a dossier is in."""

from django import template

from councils.models import EvaluationRound, Member, RoundEntry
from cycle import clock
from cycle.models import Level, Role
from dossiers.law.states import STATE_AT

register = template.Library()


@register.simple_tag
def council_links(user):
    """Which links about councils the head of a page shows this person."""
    held = user.assignments()
    judges = any(each.org_unit.level in (Level.DISTRICT, Level.PROVINCE) for each in held) or (
        # Members from outside have no post; whoever has one is not asked for on every page.
        not held and Member.objects.sitting(clock.today_in_database()).filter(user=user).exists()
    )
    return {
        "councils": judges,
        "opinions": any(each.role == Role.DEPARTMENT for each in held),
    }


@register.inclusion_tag("councils/_round_of.html")
def round_of(dossier, user):
    """The round in which a dossier awaits its result, as a link for who may see it."""
    if dossier.state not in STATE_AT.values():
        return {}
    entry = RoundEntry.objects.filter(dossier=dossier, live=True).select_related("round").first()
    seen = entry and EvaluationRound.objects.visible_to(user).filter(pk=entry.round_id).exists()
    return {"waits": entry is None, "entry": entry, "seen": seen}
