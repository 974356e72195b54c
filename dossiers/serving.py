"""A kept file, handed to a browser."""

from django.http import FileResponse

from dossiers.models.evidence import path_of

#: Shown by the browser itself; all else is handed over as a file.
INLINE = frozenset({"application/pdf", "image/png", "image/jpeg"})


def serve(sha256: str, filename: str, content_type: str | None) -> FileResponse:
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
