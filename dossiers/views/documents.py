"""The clerk's registers of documents (sổ văn bản)."""

from __future__ import annotations

from typing import Any

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import ngettext, override
from django.views.decorators.http import require_safe

from cycle import clock, letters
from cycle.asking import SignedIn
from cycle.downloads import download
from cycle.once import once
from dossiers.forms.scans import ScansForm
from dossiers.lists import documents as lists
from dossiers.lists.filters import seek
from dossiers.walk import scans as walk

#: So many documents are on a page; so many are printed at most.
ROWS = 50
PRINTED = 5000
#: So many of those without a scan can be chosen for a file.
OFFERED = 500


@login_required
@require_safe
def documents(request: SignedIn) -> HttpResponseBase:
    """The documents of the registers that the person keeps or looks into."""
    choices = lists.opened(request.user, lists.Filters()).choices()

    def selects() -> dict[str, Any]:
        return {name: choices[f"{name}s"] for name in ("register", "kind", "year")} | {
            "body": choices["bodies"]
        }

    read, sought = seek(request.GET, selects)
    filters = lists.Filters.of(read)
    found = lists.opened(request.user, filters)
    page = found.page(read.get("page"), ROWS)
    page.object_list = found.shaped(list(page.object_list))
    return render(
        request,
        "dossiers/documents.html",
        {"page": page, "filters": filters, "sought": sought, **choices},
    )


@login_required
@require_safe
def documents_printed(request: SignedIn) -> HttpResponseBase:
    """All rows that the filters find, to be printed and signed; in Vietnamese, as all that leaves
    the office.
    """
    filters = lists.Filters.of(request.GET)
    found = lists.opened(request.user, filters)
    rows = list(found.found[: PRINTED + 1])
    units = {str(held.org_unit) for held in request.user.posts()}
    with override("vi"):
        page = {
            "rows": found.shaped(rows[:PRINTED]),
            "cut": PRINTED if rows[PRINTED:] else 0,
            "filters": filters,
            "units": sorted(units, key=letters.sort_key),
            "today": localdate(clock.now()),
        }
        return render(request, "dossiers/documents_printed.html", page)


@login_required
@require_safe
def scan(request: SignedIn, pk: int) -> HttpResponseBase:
    """The scan of a document of the registers, as a download."""
    row = lists.opened(request.user, lists.Filters()).scan(pk)
    return download(request, row.scan_sha256, row.scan_filename, None, title=row)


@login_required
@once
def scans(request: SignedIn) -> HttpResponseBase:
    """Many scans at once, for documents that have none: matched by the number in their names or by
    hand, looked at, then added all at once or none.
    """
    if not rules.has_perm("dossiers.add_scans", request.user):
        raise Http404
    lacking = lists.without_scan(request.user)
    offered = list(lacking[:OFFERED])
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = ScansForm(request.user, offered, *sent)
    looked = bool(sent) and form.is_valid()
    agreed = looked and request.POST.get("sure") == form.seal
    if agreed and (wrong := walk.attach(form.matched, by=request.user)):
        form.refuse(*wrong)
    elif agreed:
        done = len(form.matched)
        messages.success(
            request,
            ngettext(
                "Đã thêm bản chụp cho %(n)d văn bản.", "Đã thêm bản chụp cho %(n)d văn bản.", done
            )
            % {"n": done},
        )
        return redirect("dossiers:scans")
    page = {
        "form": form,
        "offered": offered,
        "lacks": lacking.count() if len(offered) == OFFERED else len(offered),
        "looked": looked and not form.errors,
    }
    return render(request, "dossiers/scans.html", page)
