"""The pages on which a sealed score could show."""

import io
import re
import zipfile
from itertools import product

from django.urls import URLPattern, URLResolver, get_resolver

from councils.models import DocumentKind


def addresses(patterns=None, before=""):
    """Every address of the product, as (route, names of its parts)."""
    for each in patterns if patterns is not None else get_resolver().url_patterns:
        route = before + str(each.pattern)
        if route.startswith(("admin/", "^", "accounts/")):
            continue
        if isinstance(each, URLResolver):
            yield from addresses(each.url_patterns, route)
        elif isinstance(each, URLPattern):
            yield route


#: Lists that name a dossier or a round.
LISTS = [
    "inbox/",
    "dossiers/",
    "rounds/",
    "councils/",
    "opinions/",
    "calibration/",
    "register/",
    "register/printed/",
    "notifications/",
    "reports/week/",
]


def pages(entry, sheet, pen):
    """Every address of the round, its product and their sheets, the lists and the search."""
    keys = {
        "rounds": [entry.round_id],
        "entries": [entry.pk],
        "appraisals": entry.appraisals.values_list("pk", flat=True),
        "sheets": [sheet.pk, pen.pk],
        "councils": [entry.round.council_id],
        "dossiers": [entry.dossier_id],
        "tasks": entry.dossier.tasks.values_list("pk", flat=True),
    }
    others = {
        "member": [sheet.member_id],
        "kind": [DocumentKind.SUPPORT_REPORT, DocumentKind.MINUTES],
        "format_": ["docx"],
    }
    for route in addresses():
        parts = re.findall(r"<(?:\w+:)?(\w+)>", route)
        kind = route.split("/")[0]
        if kind not in keys or not parts:
            if route in LISTS:
                yield f"/{route}"
            continue
        for chosen in product(*(others.get(part) or keys[kind] for part in parts)):
            filled = route
            for value in chosen:
                filled = re.sub(r"<[^>]+>", str(value), filled, count=1)
            yield f"/{filled}"
    yield f"/dossiers/?q={entry.dossier.product.name}"


def text_of(response):
    """What a reader finds in a page, or in the sheets and documents that are handed over."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = b"".join(map(archive.read, archive.namelist()))
    return content.decode("utf-8", "replace")
