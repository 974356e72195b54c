"""Serving a stored file, or a page that says why it cannot be served."""

import io

from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.shortcuts import render

from cycle import files

#: The content types that the browser shows; all others are downloaded.
INLINE = frozenset({"application/pdf", "image/png", "image/jpeg"})


def download(
    request: HttpRequest,
    sha256: str,
    filename: str,
    content_type: str | None,
    *,
    title: object = "",
    back: str = "",
) -> HttpResponseBase:
    """The response with the file ``sha256``, shown in the browser or downloaded.

    When the file is missing or changed: 404 with a page that names it by ``title`` and links
    ``back``. The caller checks who may read it.
    """
    try:
        content = files.open(sha256)
    except files.FileLost as lost:
        return lost_page(request, lost, filename, title=title, back=back)
    inline = content_type in INLINE
    response = FileResponse(
        content,
        as_attachment=not inline,
        filename=filename or f"{sha256[:12]}",
        content_type=content_type if inline else "application/octet-stream",
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def made(content: bytes, filename: str) -> HttpResponseBase:
    """A file made for this answer and kept nowhere, handed over under ``filename``."""
    response = FileResponse(
        io.BytesIO(content),
        as_attachment=True,
        filename=filename,
        content_type="application/octet-stream",
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def lost_page(
    request: HttpRequest,
    lost: files.FileLost,
    filename: str,
    *,
    title: object = "",
    back: str = "",
) -> HttpResponseBase:
    """The 404 page for a file that is missing or changed."""
    context = {"kind": lost.kind, "name": filename, "title": title or filename, "back": back}
    return render(request, "cycle/file_lost.html", context, status=404)
