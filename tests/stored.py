"""Where stored files lie, for tests that look at them or spoil them."""

import io
import zipfile
from datetime import timedelta
from os import utime
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.utils import timezone

from cycle import files


def path_of(sha256):
    """The file with this content, as 0.1.0 laid it down."""
    return Path(settings.MEDIA_ROOT) / sha256[:2] / sha256


def office(part="word/document.xml"):
    """A file of Word, or with "xl/workbook.xml" of Excel, that says nothing."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(part, "")
    return made.getvalue()


def staged(content, name="tep.pdf", content_type="application/pdf"):
    """A file that came."""
    return files.stage(ContentFile(content), name, content_type)


def age(path, **back):
    """Let a file be as old as ``timedelta(**back)``."""
    then = (timezone.now() - timedelta(**back)).timestamp()
    utime(path, (then, then))
