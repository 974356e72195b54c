"""How times, money, days left and acts are written on a page."""

import rules
from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cycle import clock, events, written
from cycle.models import DayOff
from cycle.steps import Step
from dossiers.law.states import State
from dossiers.models import ACTS
from dossiers.terms.due import due as due_of

register = template.Library()

WEEKDAYS = [
    gettext_lazy("thứ Hai"),
    gettext_lazy("thứ Ba"),
    gettext_lazy("thứ Tư"),
    gettext_lazy("thứ Năm"),
    gettext_lazy("thứ Sáu"),
    gettext_lazy("thứ Bảy"),
    gettext_lazy("Chủ nhật"),
]


@register.simple_tag
def site_name():
    """The name of this installation, as its head shows it."""
    return settings.SITE_NAME


@register.simple_tag
def source_url():
    """Where the source of this installation is offered, as AGPL-3.0 §13 asks."""
    return settings.SOURCE_URL


@register.simple_tag
def enters_stock(user):
    """Whether this person enters what was recognised before."""
    return rules.has_perm("dossiers.import_stock", user, None)


@register.filter
def money(amount):
    """Whole đồng: 450000000 → «450.000.000 đồng»; nothing for None."""
    if amount is None:
        return ""
    return _("%(amount)s đồng") % {"amount": written.grouped(amount)}


@register.filter
def day(value):
    """A date as an office writes it: 17/11/2026; nothing for None."""
    return f"{value:%d/%m/%Y}" if value else ""


@register.filter
def moment(value):
    """A moment in Vietnam's time: «14:05, thứ Ba 17/11/2026»; nothing for None."""
    if not value:
        return ""
    local = timezone.localtime(value)
    return f"{local:%H:%M}, {WEEKDAYS[local.weekday()]} {local:%d/%m/%Y}"


@register.filter
def minutes(length):
    """A length of time in whole minutes, rounded up."""
    return -(-int(length.total_seconds()) // 60)


@register.filter
def act_label(name):
    """The button of an act: «Yêu cầu bổ sung ý tưởng»; nothing for an unknown one."""
    return ACTS[name]["label"] if name in ACTS else ""


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
    step = state.step or State(dossier.parked_from).step
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
