"""Files of evidence, served only to those who may see the dossier."""

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from dossiers.models import Dossier, Evidence
from dossiers.serving import serve


@login_required
@require_safe
def evidence(request, pk):
    """The file of one piece of evidence, of any version."""
    evidence = get_object_or_404(
        Evidence.objects.select_related("dossier").filter(
            dossier__in=Dossier.objects.visible_to(request.user)
        ),
        pk=pk,
    )
    if not evidence.sha256:
        raise Http404
    try:
        return serve(evidence.sha256, evidence.filename, evidence.content_type)
    except OSError:
        return render(request, "dossiers/file_missing.html", {"evidence": evidence}, status=404)
