"""Template tags for times, money, due days and acts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import rules
from django import template
from django.conf import settings
from django.core.paginator import Page
from django.db import models
from django.db.models import Model
from django.utils.translation import gettext as _

from cycle import clock, events, fields, written
from cycle.models import ERASED, DayOff, HistoryEntry, OfficeContact, Renamed, User
from cycle.running import quarantine
from cycle.steps import Step
from dossiers.law.states import State
from dossiers.lists.filters import MANY_CHOICES, Listed
from dossiers.models import (
    ACTS,
    Dossier,
    OutreachEvent,
    PlannedOutreach,
    Potential,
    Producer,
    Product,
    ProductGroup,
    PromotionEvent,
    Task,
)
from dossiers.terms.due import due as due_of

register = template.Library()
register.filter("day", written.day_text)
register.filter("moment", written.moment_text)
register.filter("named", fields.named)


@register.simple_tag
def site_name() -> str:
    """The name of this installation, for the page's head."""
    return settings.SITE_NAME


@register.simple_tag
def restored_since() -> datetime | None:
    """Of which moment the data are, where they were restored and send nothing yet (cách ly)."""
    return quarantine.shown.since()


@register.simple_tag
def source_url() -> str:
    """The address of this installation's source (AGPL-3.0 §13)."""
    return settings.SOURCE_URL


@register.simple_tag
def may(user: User, permission: str) -> bool:
    """Whether our rules let this person do it: Django's own table of rights is not asked."""
    return rules.has_perm(permission, user)


@register.simple_tag
def office_contact() -> OfficeContact | None:
    """Whom to call who cannot sign in; nothing before somebody has said it."""
    return OfficeContact.current()


@register.filter
def then(whom: Renamed | None, at: datetime | None) -> str:
    """What a person, unit, product or producer was called when something was written down."""
    return whom.name_at(at) if whom is not None else ""


@register.filter
def money(amount: int | None) -> str:
    """Whole đồng: 450000000 → «450.000.000 đồng»; "" for None."""
    if amount is None:
        return ""
    return _("%(amount)s đồng") % {"amount": written.grouped(amount)}


@register.filter
def minutes(length: timedelta) -> int:
    """A length of time in whole minutes, rounded up."""
    return -(-int(length.total_seconds()) // 60)


@register.filter
def act_label(name: str) -> Any:
    """The button of an act: «Yêu cầu bổ sung ý tưởng»; "" for an unknown one."""
    return ACTS[name].label if name in ACTS else ""


@register.filter
def event_label(event: str) -> Any:
    """The verb phrase of a recorded event, after the actor's name."""
    return events.label(event)


def _detail(model: type[Model], name: str, was: str, now: str) -> str:
    """«điện thoại: «090» thành «091»», of a field of ``model``."""
    field: Any = model._meta.get_field(name)
    return _("%(field)s: «%(was)s» thành «%(now)s»") % {
        "field": field.verbose_name,
        "was": _in_words(field, was),
        "now": _in_words(field, now),
    }


def _in_words(field: Any, value: str) -> str:
    """A recorded value of a model's ``field`` as people write it: its choice, its day, its đồng."""
    if choices := dict(field.flatchoices):
        return str(choices.get(value, value))
    try:
        if isinstance(field, models.DateField):
            return written.day_text(date.fromisoformat(value))
        if isinstance(field, models.BigIntegerField):
            return money(int(value))
    except ValueError:  # "None", or words of before
        pass
    return value


@register.filter
def from_what(entry: HistoryEntry) -> list[str]:
    """What an entry changed, "from … to …", as phrases that follow its sentence."""
    if said := events.told(entry):
        return said
    told = entry.data
    if entry.erased("data.changed"):
        return [str(ERASED)]
    changed = told.get("changed", {})
    if entry.event == "dossier.correct_details":
        return [
            _detail(Product if name == "code" else Producer, name, *pair)
            for name, pair in changed.items()
        ]
    if entry.event == "outreach.correct":
        return [_detail(OutreachEvent, name, *pair) for name, pair in changed.items()]
    if entry.event == "planned.correct":
        return [_detail(PlannedOutreach, name, *pair) for name, pair in changed.items()]
    if entry.event == "potential.correct":
        return [_detail(Potential, name, *pair) for name, pair in changed.items()]
    if entry.event == "promotion.correct":
        return [_detail(PromotionEvent, name, *pair) for name, pair in changed.items()]
    if entry.event not in ("dossier.correct_names", "dossier.open"):
        return []
    pairs = [changed[field] for field in ("name", "producer") if field in changed]
    pairs += [[ProductGroup(group).label for group in changed.get("group", ())]]
    return [
        _("«%(was)s» thành «%(now)s»") % {"was": pair[0], "now": pair[1]} for pair in pairs if pair
    ]


@register.inclusion_tag("_filter_select.html", takes_context=True)
def filter_select(
    context: Any, name: str, label: str, choices: Iterable[Any], chosen: Any, all: str = ""
) -> dict[str, Any]:
    """The select ``name`` of a filter, with ``choices`` as pairs, the one that is ``chosen``, and
    ``all``, the words for none. What words typed beside it found is in ``sought`` of the context.
    """
    offered = list(choices)
    sought = context.get("sought", {}).get(name)
    many = sought is not None or len(offered) > MANY_CHOICES
    if sought is not None and sought.why and sought.says:
        offered = [each for each in offered if str(each[0]) in sought.says]
    return {
        "name": name, "label": label, "choices": offered, "chosen": chosen, "all": all,
        "many": many, "sought": sought,
    }  # fmt: skip


@register.inclusion_tag("_pager.html", takes_context=True)
def pager(context: Any, page: Page[Any] | Listed, at: str = "") -> dict[str, Any]:
    """The foot of a list: how many rows, which page, and the ways to others; ``at`` is the place on
    the page that they lead to. The first page has a way of its own from the third on.
    """
    if isinstance(page, Listed):
        ways = [page.first(), page.previous(), page.next()]
        first, previous, next_ = (f"?{query}{at}" if query else "" for query in ways)
        total, number, pages = page.all_rows, page.number, 0
    else:
        asked = context["request"].GET.copy()

        def to(number: int) -> str:
            asked["page"] = str(number)
            return f"?{asked.urlencode()}{at}"

        number, pages = page.number, page.paginator.num_pages
        first = to(1) if number > 1 else ""
        previous = to(number - 1) if number > 1 else ""
        next_ = to(number + 1) if number < pages else ""
        total = written.grouped(page.paginator.count)
    return {
        "total": "" if total == "0" else total,
        "number": number,
        "pages": pages,
        "several": bool(first or next_),
        "first": "" if number == 2 or first == previous else first,
        "previous": previous,
        "next": next_,
    }


@register.inclusion_tag("_due.html")
def due(task: Task) -> dict[str, Any]:
    """The :class:`~dossiers.terms.due.Due` of one task, with a query for the days off; a list calls
    :func:`dossiers.terms.due.due` with days off read once.
    """
    today = clock.today()
    assert task.due_on is not None, "a task of a person has a due day"
    first, last = sorted([today, task.due_on])
    calendar = DayOff.objects.calendar(first, last)
    return {"due": due_of(task.due_on, today, calendar, paused_at=task.term.paused_at)}


@register.filter
def step_bar(dossier: Dossier) -> list[dict[str, Any]]:
    """The six steps of a dossier: each done, current, skipped or to come."""
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
            # The dossier entered late: steps after the first were skipped.
            standing, word = "skipped", _("bỏ qua")
        else:
            standing, word = "done", _("xong")
        bar.append({"number": each.number, "label": each.label, "standing": standing, "word": word})
    return bar
