"""The flow of a dossier's edition as a BPMN file."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from cycle.asking import SignedIn
from dossiers.models import Dossier
from dossiers.walk.diagram import bpmn


@login_required
@require_safe
def flow(request: SignedIn, pk: int) -> HttpResponseBase:
    """The BPMN 2.0 document of the flow that the dossier follows."""
    dossier = get_object_or_404(Dossier.objects.visible_to(request.user).with_units(), pk=pk)
    return HttpResponse(
        bpmn(dossier),
        content_type="application/xml",
        headers={
            "Content-Disposition": f'attachment; filename="{dossier.rule_set.procedure}.bpmn"'
        },
    )
