"""Template tags that show the clocks of a dossier and where its time went."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from cycle import clock
from cycle.models import DayOff
from dossiers.models import Dossier
from dossiers.terms.due import UNITS, due
from dossiers.terms.explanation import title_of
from dossiers.terms.spent import time_spent

register = template.Library()


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


@register.inclusion_tag("dossiers/term_time.html")
def time_of(dossier: Dossier) -> dict[str, Any]:
    """The days at work, waiting for the producer or an opinion, and parked."""
    return {"spent": time_spent(dossier, clock.now())}
