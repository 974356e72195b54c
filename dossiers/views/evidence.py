"""Files of evidence, for whoever may see the dossier."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe

from cycle.downloads import download
from dossiers.models import Dossier, Evidence, OfficialDocument
from dossiers.models.paper import titled


@login_required
@require_safe
def evidence(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file of one piece of evidence, of any version."""
    evidence = get_object_or_404(
        Evidence.objects.select_related("dossier").filter(
            dossier__in=Dossier.objects.visible_to(request.user)
        ),
        pk=pk,
    )
    if not evidence.sha256:
        raise Http404
    titled([evidence], OfficialDocument.objects.filter(scan=evidence).select_related("document"))
    return download(
        request,
        evidence.sha256,
        evidence.filename,
        evidence.content_type,
        title=evidence.title,
        back=reverse("dossiers:dossier", args=[evidence.dossier_id]),
    )
