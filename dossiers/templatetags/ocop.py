"""How times, money, days left and acts are written on a page."""

import rules
from django import template
from django.conf import settings
from django.utils.translation import gettext as _

from cycle import clock, events, written
from cycle.models import DayOff, OfficeContact
from cycle.steps import Step
from dossiers.law.states import State
from dossiers.models import ACTS
from dossiers.terms.due import due as due_of

register = template.Library()
register.filter("day", written.day_text)
register.filter("moment", written.moment_text)


@register.simple_tag
def site_name():
    """The name of this installation, as its head shows it."""
    return settings.SITE_NAME


@register.simple_tag
def source_url():
    """Where the source of this installation is offered, as AGPL-3.0 §13 asks."""
    return settings.SOURCE_URL


@register.simple_tag
def may(user, permission):
    """Whether our rules let this person do it: Django's own table of rights is not asked."""
    return rules.has_perm(permission, user)


@register.simple_tag
def office_contact():
    """Whom to call who cannot sign in; nothing before somebody has said it."""
    return OfficeContact.current()


@register.filter
def money(amount):
    """Whole đồng: 450000000 → «450.000.000 đồng»; nothing for None."""
    if amount is None:
        return ""
    return _("%(amount)s đồng") % {"amount": written.grouped(amount)}


@register.filter
def minutes(length):
    """A length of time in whole minutes, rounded up."""
    return -(-int(length.total_seconds()) // 60)


@register.filter
def act_label(name):
    """The button of an act: «Yêu cầu bổ sung ý tưởng»; nothing for an unknown one."""
    return ACTS[name].label if name in ACTS else ""


@register.filter
def event_label(event):
    """The verb phrase of a recorded event, after the actor's name."""
    return events.label(event)


@register.inclusion_tag("_due.html")
def due(task):
    """How long there is left for one task. A list asks :func:`dossiers.terms.due.due` itself."""
    today = clock.today()
    first, last = sorted([today, task.due_on])
    calendar = DayOff.objects.calendar(first, last)
    return {"due": due_of(task.due_on, today, calendar, paused_at=task.term.paused_at)}


@register.filter
def step_bar(dossier):
    """The six steps as a dossier sees them: done, current, skipped or to come."""
    state = State(dossier.state)
    step = dossier.step
    bar = []
    for each in Step:
        if each.number > step.number:
            standing, word = "todo", ""
        elif each == step:
            standing, word = "current", _("đang ở đây")
            if state == State.PROMOTED:
                standing, word = "done", _("xong")
            elif state.step is None:
                standing, word = "stopped", str(state.label)
        elif 2 <= each.number <= dossier.skipped + 1:
            # Entered late: the steps after outreach were skipped.
            standing, word = "skipped", _("bỏ qua")
        else:
            standing, word = "done", _("xong")
        bar.append({"number": each.number, "label": each.label, "standing": standing, "word": word})
    return bar
