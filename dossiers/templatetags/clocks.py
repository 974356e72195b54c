"""Template tags that show the clocks of a dossier and where its time went."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import rules
from django import template
from django.utils import timezone

from cycle import clock
from cycle.models import DayOff, Level
from dossiers.law import excuses
from dossiers.law.states import RECOGNISED, UNDECIDED
from dossiers.models import CaseType, Dossier, State
from dossiers.terms.due import UNITS, due
from dossiers.terms.explanation import title_of
from dossiers.terms.spent import time_spent

register = template.Library()

#: The ministry's own days for a re-evaluation of five stars (Đ.7.6.g); shown, and nobody's task.
OF_THE_MINISTRY = timedelta(days=45)


@register.inclusion_tag("dossiers/term_clocks.html")
def clocks(dossier: Dossier) -> dict[str, Any]:
    """The internal clock and each legal one of ``dossier``: what is left, until when, whether it
    moved.
    """
    today = clock.today()
    terms = list(dossier.terms.live().select_related("rule").order_by("legal", "due_at", "pk"))
    days = [today, *(term.due_on for term in terms)]
    calendar = DayOff.objects.calendar(min(days), max(days))
    rows = []
    for term in terms:
        shown = due(term.due_on, today, calendar, paused_at=term.paused_at)
        left, just_late = 0, False
        if term.paused_at is not None:
            left = term.remaining() or 0
            just_late = left == 0 and term.due_on < timezone.localdate(term.paused_at)
        rows.append(
            {
                "term": term,
                "title": title_of(term),
                "due": shown,
                "unit": UNITS[term.unit],
                "left": left,
                "late": -left,
                "just_late": just_late,
            }
        )
    return {"terms": rows}


def _awaited(name: str, day: date | None) -> dict[str, Any]:
    """The ``day`` on which what lacks was to follow, and whether it has passed."""
    return {name: day, f"missed_{name}": bool(day and day < clock.today())}


@register.inclusion_tag("dossiers/_days_of_law.html", takes_context=True)
def days_of_law(context: dict[str, Any], dossier: Dossier) -> dict[str, Any]:
    """The days that decide what law and which batch ``dossier`` belongs to: when it may be filed,
    when its commune proposed it, when it came complete, and until when the ministry has it.
    """
    reevaluated = dossier.case_type == CaseType.REEVALUATION
    days: dict[str, Any] = {"reevaluated": reevaluated, "refiling": dossier.refiling()}
    if dossier.state == State.IDEA_NOT_SELECTED:
        days["refile_from"] = dossier.refile_wait("idea")
    if day := dossier.next_visit():
        days |= {"next_visit": day, "missed_visit": day < clock.today(), "dossier": dossier}
        if rules.has_perm("dossiers.correct_visit", context["user"], dossier):
            days["agreed_by"] = dossier.last_visit()
    if dossier.state in UNDECIDED and (lacking := dossier.samples_lacking()):
        days["samples"] = lacking
        report = dossier.communereports.last_made()
        days |= _awaited("follow_on", report.samples_follow_on if report else None)
    nominating = dossier.state in (State.AWAITING_DECISION, State.AT_CENTRE)
    if nominating and dossier.goes_up(Level.PROVINCE):
        days["for_centre"] = dossier.samples_lacking(for_centre=True)
        sent = dossier.history.filter(data__outside__contains=["samples"]).order_by("seq").last()
        days |= _awaited("centre_on", excuses.day_of(sent.reason) if sent else None)
    if reevaluated:
        days["ordered"] = None if days["refiling"] else dossier.ordered_on()
        days["outside"] = dossier.history.filter(data__outside__contains=["D6"]).exists()
    filed = dossier.state in UNDECIDED or dossier.state in RECOGNISED
    if filed and (entry := dossier.proposed()) is not None:
        proposed = entry.day
        days |= {"proposed": proposed, "recorded": timezone.localdate(entry.recorded_at)}
        if reevaluated:
            days["complete"] = (dossier.came_complete() or entry).day
        else:
            days["batch"] = dossier.batch_of(proposed)
            days["no_batch"] = not (days["batch"] or dossier.batches().exists())
    if reevaluated and dossier.state == State.AT_CENTRE:
        asked = dossier.done("dossier.nominate").last()
        on = asked.day if asked is not None else timezone.localdate(dossier.moved_at)
        days["ministry"] = on + OF_THE_MINISTRY
    return {"days": days}


@register.inclusion_tag("dossiers/term_time.html")
def time_of(dossier: Dossier) -> dict[str, Any]:
    """The days at work, waiting for the producer or an opinion, and parked."""
    return {"spent": time_spent(dossier, clock.now())}
