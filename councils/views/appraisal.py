"""The report on one product, with photos from the visit."""

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from councils.forms import entries
from councils.models import AppraisalPhoto, EvaluationRound
from councils.pages import found_entry, posted, turned_away
from cycle.asking import SignedIn
from cycle.downloads import download
from cycle.once import once
from cycle.typed import fill, shows_typed
from dossiers import drafts


@login_required
@shows_typed
@once
@drafts.keeps
def appraisal(request: SignedIn, pk: int) -> HttpResponseBase:
    """Hand in a report; earlier ones are shown below."""
    entry = found_entry(request.user, pk)
    if not rules.has_perm("councils.report", request.user, entry):
        raise PermissionDenied
    if away := turned_away(request, entry.round, to=entry):
        return away
    here = drafts.place(request.user, f"appraisal:{entry.pk}", entry.dossier)
    if (answer := drafts.answer(request, here)) is not None:
        return answer
    form = entries.AppraisalForm(
        posted(request),
        request.FILES if request.method == "POST" else None,
        entry=entry,
        by=request.user,
    )
    fill(form, drafts.shown(request, here))
    if form.is_valid() and form.do():
        drafts.done(here)
        messages.success(request, _("Đã gửi báo cáo thẩm định."))
        return redirect("councils:entry", entry.pk)
    if request.method == "POST":
        drafts.keep_tried(request, here)
    return render(
        request,
        "councils/appraisal.html",
        {
            "place": here,
            "entry": entry,
            "round": entry.round,
            "dossier": entry.dossier,
            "form": form,
            "appraises": rules.has_perm("councils.appraise", request.user, entry.round),
            "appraisals": entry.appraisals.select_related("by")
            .prefetch_related("photos")
            .order_by("-pk"),
        },
    )


@login_required
@require_safe
def photo(request: SignedIn, pk: int) -> HttpResponseBase:
    """A photo of the visit, for whoever sees the round."""
    found = get_object_or_404(
        AppraisalPhoto.objects.filter(
            appraisal__entry__round__in=EvaluationRound.objects.visible_to(request.user)
        ),
        pk=pk,
    )
    return download(request, found.sha256, found.filename, found.content_type)
