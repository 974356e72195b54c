"""The pages on which a document of a dossier is corrected, and its announcement recorded."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from cycle import documents
from cycle.asking import SignedIn
from cycle.once import once
from cycle.typed import fill, shows_typed
from dossiers import drafts
from dossiers.forms.acts import AnnouncementForm, PaperCorrectionForm
from dossiers.forms.fields import refuse
from dossiers.models import Certificate, Dossier, OfficialDocument
from dossiers.walk import papers


@login_required
@shows_typed
@drafts.keeps_page
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


@login_required
@shows_typed
@drafts.keeps_page
@once
def announce(request: SignedIn, pk: int) -> HttpResponseBase:
    """Record the day on which the decision was announced that gave a dossier its certificate."""
    dossier = get_object_or_404(Dossier.objects.visible_to(request.user).with_units(), pk=pk)
    certificates = Certificate.objects.recognised().exclude(decision=None)
    given = get_object_or_404(certificates.select_related("decision__document"), dossier=dossier)
    assert given.decision is not None
    decision = given.decision.document.in_force
    page = {"dossier": dossier, "act": {"label": _("Ghi ngày công bố")}}
    if not documents.may_correct(request.user, decision):
        return render(request, "dossiers/not_allowed.html", page, status=403)
    known = documents.announced_on(decision)
    form = AnnouncementForm(request.POST or None, initial={"on": known})
    fill(form, request.typed)
    if form.is_valid():
        try:
            documents.announce(decision, on=form.cleaned_data["on"], by=request.user)
        except ValidationError as wrong:
            refuse(form, wrong)
        else:
            messages.success(request, _("Đã ghi ngày công bố quyết định."))
            return redirect("dossiers:dossier", dossier.pk)
    page |= {"form": form, "paper": decision}
    return render(request, "dossiers/announce.html", page)
