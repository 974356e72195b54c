"""What every page of a round does first: find what it shows, through the user."""

import rules
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, QueryDict
from django.shortcuts import get_object_or_404

from councils.models import EvaluationRound, RoundEntry
from cycle.models import User


def found_round(
    user: User, pk: int, permission: str | None = None, *, seated: bool = False
) -> EvaluationRound:
    """A round that this person sees; with ``seated``, one in whose council they have or had a seat.

    404 to a stranger, 403 without ``permission``.
    """
    rounds = EvaluationRound.objects
    found = get_object_or_404(
        (rounds.reached_by(user) if seated else rounds.visible_to(user)).select_related(
            "council__org_unit", "regulation", "cycle__rule_set", "follows"
        ),
        pk=pk,
    )
    if permission is not None and not rules.has_perm(permission, user, found):
        raise PermissionDenied
    return found


def found_entry(
    user: User, pk: int, permission: str | None = None, *, seated: bool = False
) -> RoundEntry:
    """A product of such a round; with ``seated`` also one of a dossier they see, and none that was
    taken out of its round.

    404 to a stranger, 403 without ``permission`` on its round.
    """
    entries = RoundEntry.objects
    entry = get_object_or_404(
        (entries.reached_by(user) if seated else entries.visible_to(user)).select_related(
            "round__council__org_unit",
            "round__regulation",
            "rubric",
            "dossier__product__producer",
            "dossier__commune__parent",
            "dossier__cycle",
            "dossier__rule_set",
        ),
        pk=pk,
    )
    if seated and not entry.live and not entry.results.exists():
        raise Http404
    if permission is not None and not rules.has_perm(permission, user, entry.round):
        raise PermissionDenied
    return entry


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: the post, or nothing."""
    return request.POST if request.method == "POST" else None
