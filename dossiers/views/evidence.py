"""Files of evidence, served only to those who may see the dossier."""

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from dossiers.models import Dossier, Evidence
from dossiers.models.evidence import path_of

#: Shown by the browser itself; all else is handed over as a file.
INLINE = frozenset({"application/pdf", "image/png", "image/jpeg"})


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


def serve(sha256, filename, content_type):
    """The file with this content, shown by the browser or handed over. Raises OSError.

    Who may read it is the caller's to check.
    """
    inline = content_type in INLINE
    response = FileResponse(
        path_of(sha256).open("rb"),
        as_attachment=not inline,
        filename=filename or f"{sha256[:12]}",
        content_type=content_type if inline else "application/octet-stream",
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response
