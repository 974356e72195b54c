"""What pages say of councils: the way to them, the round a dossier is in."""

from django import template
from django.urls import reverse

from councils.guidance import page_of
from councils.models import EvaluationRound, Member, RoundEntry
from cycle import clock
from cycle.models import Level, Role
from dossiers.law.states import STATE_AT
from dossiers.rules import fitting

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


@register.simple_tag
def help_of(user, dossier, act):
    """Where the help tells of an act that no task asks for: on the page of who may do it."""
    held = fitting(user, dossier, act.who or frozenset())
    if not held:
        return reverse("councils:help")
    page = page_of(held[0].role, held[0].org_unit.level)
    return f"{reverse('councils:help_page', args=[page])}#{act.name}"


@register.simple_tag
def help_of_task(task):
    """Where the help tells of a task: on the page of who has it, in its year."""
    page = page_of(task.role, task.org_unit.level)
    year = f"{task.dossier.cycle_id}-{task.dossier.rule_set_id}"
    return f"{reverse('councils:help_page', args=[page])}?of={year}#{task.node}"


@register.inclusion_tag("councils/_round_of.html")
def round_of(dossier, user):
    """The round in which a dossier awaits its result, as a link for who may see it."""
    if dossier.state not in STATE_AT.values():
        return {}
    entry = RoundEntry.objects.filter(dossier=dossier, live=True).select_related("round").first()
    seen = entry and EvaluationRound.objects.visible_to(user).filter(pk=entry.round_id).exists()
    return {"waits": entry is None, "entry": entry, "seen": seen}
