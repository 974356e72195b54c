"""How the pages of councils find a round or a product: through the user."""

from collections.abc import Collection

import rules
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect

from councils.models import EvaluationRound, RoundClosed, RoundEntry
from councils.models.entry import NOT_WAITING
from cycle.models import User
from dossiers.law.conditions import Words
from dossiers.models import ConditionNotMet


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


def turned_away(
    request: HttpRequest,
    round_: EvaluationRound,
    states: Collection[str] | None = None,
    to: RoundEntry | None = None,
    *,
    done: Words | None = None,
) -> HttpResponseBase | None:
    """Where the page of an act leads when ``round_`` is in none of ``states`` (see
    :meth:`EvaluationRound.must_be`), the product ``to`` does not wait for its result any more, or
    it is ``done`` already, as these words say: after saying why, to the product, or to the round.

    None when the form is to be shown, and for a form that was sent: the act itself refuses that,
    and what was typed stays.
    """
    if request.method == "POST":
        return None
    try:
        round_.must_be(states)
    except RoundClosed as late:
        why = [late.sentence]
    except ConditionNotMet as lacking:
        why = [str(each) for each in lacking.messages]
    else:
        lacks = NOT_WAITING if to is not None and not to.live else done
        if not lacks:
            return None
        why = [str(lacks)]
    for sentence in why:
        messages.info(request, sentence)
    if to is not None:
        return redirect("councils:entry", to.pk)
    return redirect("councils:round", round_.pk)


def posted(request: HttpRequest) -> QueryDict | None:
    """The data to bind a form to: the POST data, or None on GET."""
    return request.POST if request.method == "POST" else None
