"""The pages of the official papers that are printed of a dossier (văn bản in ra)."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from cycle import written
from cycle.asking import SignedIn
from cycle.models import User
from cycle.papers.answer import answer
from dossiers.models import Dossier
from dossiers.papers import facts


def _seen(user: User, pk: int) -> Dossier:
    return get_object_or_404(Dossier.objects.visible_to(user).with_units(), pk=pk)


@login_required
@require_safe
def printed(request: SignedIn, pk: int) -> HttpResponseBase:
    """The papers that can be printed of a dossier now, each as PDF and Word; those ``of`` an act
    above the others.
    """
    dossier = _seen(request.user, pk)
    kinds = facts.offered(dossier, request.user)
    of = request.GET.getlist("of")
    page = {
        "dossier": dossier,
        # What belongs to the work at hand comes first.
        "first": [kind for kind in kinds if kind in of],
        "kinds": [kind for kind in kinds if kind not in of],
        "companions": facts.companions(dossier, request.user),
    }
    return render(request, "dossiers/printed.html", page)


@login_required
@require_safe
def printed_paper(request: SignedIn, pk: int, kind: str, format_: str) -> HttpResponseBase:
    """One of them, made now; 404 while there is nothing for it to tell. A proposal is of the
    dossiers ``with`` it too.
    """
    dossier = _seen(request.user, pk)
    named = {written.key(each) for each in request.GET.getlist("with")}
    beside = [each for each in facts.companions(dossier, request.user) if each.pk in named]
    data = facts.made(kind, dossier, request.user, beside)
    if data is None:
        raise Http404
    return answer(request, kind, data, format_, f"{kind}-{pk}")
