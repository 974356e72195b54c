"""How the pages of councils find a round or a product: through the user."""

import rules
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, QueryDict
from django.shortcuts import get_object_or_404

from councils.models import EvaluationRound, RoundEntry
from cycle.models import User


def found_round(
    user: User, pk: int, permission: str | None = None, *, seated: bool = False
) -> EvaluationRound:
    """The round ``pk`` if ``user`` sees it; with ``seated`` also one in whose council ``user`` once
    had a seat.

    Raises Http404 otherwise, PermissionDenied without ``permission`` on the round.
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
    """The product ``pk`` of a round that :func:`found_round` would find; with ``seated`` also of a
    dossier that ``user`` sees, but none that was taken out of its round.

    Raises Http404 otherwise, PermissionDenied without ``permission`` on its round.
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
    """The data to bind a form to: the POST data, or None on GET."""
    return request.POST if request.method == "POST" else None
