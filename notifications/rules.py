"""Who may see the operations page, and who may still read what they were told."""

from __future__ import annotations

import rules

from councils.models import EvaluationRound, Opinion
from councils.models.reach import Reached, reached_by
from councils.rules import sits
from cycle.models import HistoryEntry, Level, Role, Stream, User
from dossiers.models import Dossier
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


def papers_reaching(user: User, entry: HistoryEntry) -> list[Reached]:
    """The results that reached ``user`` by the paper of a round that ``entry`` tells of."""
    told = reached_by(user, entry__round=entry.stream_id)
    return [each for each in told if entry.data["kind"] in each.papers]


@rules.predicate
def may_read(user: User, entry: HistoryEntry) -> bool:
    """May see today what the entry is about. What is said of people's own posts they always may."""
    if not user.is_active:
        return False
    if entry.stream == Stream.DOSSIER:
        return Dossier.objects.visible_to(user).filter(pk=entry.stream_id).exists()
    if entry.stream == Stream.ROUND:
        asked = entry.data.get("opinion")
        return (
            EvaluationRound.objects.visible_to(user).filter(pk=entry.stream_id).exists()
            # Whose seat has ended still scores in a round that met before.
            or sits(user, EvaluationRound.objects.get(pk=entry.stream_id))
            or asked is not None
            and Opinion.objects.visible_to(user).filter(pk=asked).exists()
            or entry.event == "round.record_document"
            and bool(papers_reaching(user, entry))
        )
    return entry.event.startswith(("role.", "person.")) or has_a_post(user)


rules.add_perm("notifications.operate", runs_the_system)
rules.add_perm("notifications.see_week", has_a_post)
