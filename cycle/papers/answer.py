"""A paper as the answer to a request: PDF to be looked at, Word to be edited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from cycle import files
from cycle.downloads import lost_page
from cycle.papers import apart, pdf, word
from cycle.papers.kinds import own_template

if TYPE_CHECKING:
    from django.http import HttpRequest

TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def answer(
    request: HttpRequest, kind: str, data: Mapping[str, Any], format_: str, name: str
) -> HttpResponseBase:
    """The paper made now. Raises Http404 for another format."""
    if format_ not in TYPES:
        raise Http404
    own = own_template(kind) if format_ == "docx" else None
    try:
        with apart.turn(request.user.pk):
            if format_ == "pdf":
                made = pdf.pdf(kind, data)
            else:
                template = None
                if own is not None:
                    with files.open(own.sha256) as content:
                        template = content.read()
                made = word.docx(kind, data, template)
    except apart.Busy as busy:
        wait = render(request, "cycle/not_filled.html", {"why": busy}, status=429)
        wait.headers["Retry-After"] = "5"
        return wait
    except files.FileLost as lost:
        # No fallback to our own template: the document would not look as the province wants.
        return lost_page(request, lost, str(own), title=_("mẫu Word"))
    except (word.TemplateRefused, apart.TooMuch) as refused:
        if own is None and isinstance(refused, word.TemplateRefused):
            raise
        # What was tried with sample data may lack a row here, or have too many.
        page = {"why": refused, "own": own}
        return render(request, "cycle/not_filled.html", page, status=409)
    response = HttpResponse(made, content_type=TYPES[format_])
    disposition = "inline" if format_ == "pdf" else "attachment"
    response.headers["Content-Disposition"] = f'{disposition}; filename="{name}.{format_}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response
