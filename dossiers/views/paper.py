"""The page on which a document of a dossier is corrected."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from cycle.asking import SignedIn
from cycle.once import once
from cycle.typed import fill, shows_typed
from dossiers.forms.acts import PaperCorrectionForm
from dossiers.models import Dossier, OfficialDocument
from dossiers.walk import papers


@login_required
@shows_typed
@once
def correct(request: SignedIn, pk: int) -> HttpResponseBase:
    """Correct the document on which an act was done: its number, day, signer or scan."""
    paper = get_object_or_404(
        OfficialDocument.objects.select_related("document", "scan"),
        pk=pk,
        dossier__in=Dossier.objects.visible_to(request.user),
    )
    dossier = Dossier.objects.with_units().get(pk=paper.dossier_id)
    page = {"dossier": dossier, "act": {"label": _("Đính chính văn bản")}}
    if not papers.may_correct(request.user, [paper]):
        return render(request, "dossiers/not_allowed.html", page, status=403)
    form = PaperCorrectionForm(
        request.POST or None,
        request.FILES or None,
        paper=paper,
        dossier=dossier,
        by=request.user,
    )
    fill(form, request.typed)
    if form.is_valid() and form.correct(paper, request.user):
        messages.success(request, _("Đã đính chính văn bản."))
        return redirect("dossiers:dossier", dossier.pk)
    standing = paper.document.in_force
    resting = papers.resting_on(standing)
    page |= {
        "form": form,
        "paper": standing,
        "others": len({each.dossier_id for each in resting} - {dossier.pk}),
        "given": papers.given_on(standing),
    }
    return render(request, "dossiers/paper_correct.html", page)
