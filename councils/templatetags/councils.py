"""Template tags about councils: links in the page's head, the round that a dossier is in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import rules
from django import template
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from councils.guidance import page_of
from councils.models import (
    Council,
    EvaluationRound,
    Member,
    RoundEntry,
    RoundState,
    Seat,
)
from councils.models.reach import PaperRow, papers_about
from cycle import clock
from cycle.models import Level, Role, User
from dossiers.law.acts import Act
from dossiers.law.states import STATE_AT
from dossiers.models import Certificate, Dossier, OfficialDocument, Task
from dossiers.rules import fitting

register = template.Library()


@register.simple_tag
def council_links(user: User) -> dict[str, bool]:
    """The links about councils that the page's head shows to ``user``."""
    held = user.assignments()
    judges = any(each.org_unit.level in (Level.DISTRICT, Level.PROVINCE) for each in held)
    if not held:
        # Only outside members, who have no post, cost a query on every page. Who has left may score
        # in what is still open.
        seats = Member.objects.filter(user=user)
        sits = seats.sitting(clock.today_in_database())
        judges = (sits | seats.filter(council__rounds__state=RoundState.OPEN)).exists()
    return {
        "councils": judges,
        "opinions": any(each.role == Role.DEPARTMENT for each in held),
    }


@register.simple_tag
def help_of(user: User, dossier: Dossier, act: Act) -> str:
    """Where the help tells of an act that no task asks for: on the page of who may do it."""
    held = fitting(user, dossier, act.who or frozenset())
    if not held:
        return reverse("councils:help")
    page = page_of(held[0].role, held[0].org_unit.level)
    return f"{reverse('councils:help_page', args=[page])}#{act.name}"


@register.simple_tag
def help_of_task(task: Task) -> str:
    """Where the help tells of a task: on the page of who has it, in its year."""
    assert task.org_unit and task.dossier, "a dossier's task"
    page = page_of(task.role, task.org_unit.level)
    year = f"{task.dossier.cycle_id}-{task.dossier.rule_set_id}"
    return f"{reverse('councils:help_page', args=[page])}?of={year}#{task.node}"


@register.inclusion_tag("councils/_round_of.html")
def round_of(dossier: Dossier, user: User) -> dict[str, Any]:
    """The round that a dossier is in, with a link for whoever may see it; whoever prepares rounds
    is led to what comes next: take it in, make a round, open it, close it.
    """
    if dossier.state not in STATE_AT.values():
        return {}
    entry = RoundEntry.objects.filter(dossier=dossier, live=True).select_related("round").first()
    seen = entry and EvaluationRound.objects.visible_to(user).filter(pk=entry.round_id).exists()
    found: dict[str, Any] = {"waits": entry is None, "entry": entry, "seen": seen}
    if entry is None:
        return found | _way_in(dossier, user)
    if seen and rules.has_perm("councils.run_round", user, entry.round):
        asks, way = _("Mời họp, mở chấm điểm"), reverse("councils:round", args=[entry.round_id])
        if entry.round.is_open:
            asks = _("Kiểm phiếu, chốt kết quả đợt")
        elif entry.round.lacks_signed_report():
            asks, way = (
                _("Ghi số, ngày báo cáo"),
                reverse("councils:documents", args=[entry.round_id]),
            )
        found |= {"asks": asks, "way": way}
    return found


def _way_in(dossier: Dossier, user: User) -> dict[str, Any]:
    """Where whoever prepares the rounds of its council takes it into one."""
    level = next(level for level, state in STATE_AT.items() if state == dossier.state)
    unit = dossier.unit_at(Level(level))
    if unit is None:
        return {}
    secretary = Member.objects.sitting(clock.today_in_database()).filter(
        user=user, seat=Seat.SECRETARY
    )
    runs = Q(pk__in=secretary.values("council"))
    if user.capacity(Role.COUNCIL_OFFICE, unit.pk):
        runs |= Q(org_unit=unit)
    councils = Council.objects.filter(runs, org_unit=unit)
    prepared = EvaluationRound.objects.filter(
        council__in=councils, cycle=dossier.cycle_id, state=RoundState.PREPARING
    ).order_by("-pk")
    for each in prepared[:3]:
        if each.awaiting().filter(pk=dossier.pk).exists():
            asks = _("Đưa vào đợt «%(round)s»") % {"round": each}
            return {"asks": asks, "way": reverse("councils:take_in", args=[each.pk])}
    if councils.in_term(clock.today()).exists():
        return {"asks": _("Lập đợt"), "way": reverse("councils:round_new")}
    return {}


@register.simple_tag
def papers_of(
    dossier: Dossier,
    user: User,
    acts: Iterable[OfficialDocument],
    certificate: Certificate | None,
) -> list[PaperRow]:
    """Every paper about a dossier that ``user`` may read: see :func:`papers_about`."""
    return papers_about(dossier, user, acts, certificate)
