"""The register of overdue terms, and the list of certificates that end soon."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.timezone import localdate
from django.utils.translation import override
from django.views.decorators.http import require_safe

from cycle.asking import SignedIn
from cycle.letters import sort_key
from cycle.models import Role
from cycle.steps import Step
from dossiers.lists.ending import Ending
from dossiers.lists.ending import Filters as EndingFilters
from dossiers.lists.filters import seek
from dossiers.lists.missing import Filters as MissingFilters
from dossiers.lists.missing import Lack, Missing
from dossiers.lists.overdue import Clock, Filters, OverdueRegister, Standing


@login_required
def register(request: SignedIn) -> HttpResponseBase:
    """The overdue terms in the user's area, with sums (sổ theo dõi quá hạn)."""

    def selects() -> dict[str, Any]:
        return {"cycle": OverdueRegister(request.user, Filters.of(request.GET)).cycles}

    read, sought = seek(request.GET, selects)
    filters = Filters.of(read)
    return render(
        request,
        "dossiers/register.html",
        {
            "page": OverdueRegister(request.user, filters),
            "filters": filters,
            "sought": sought,
            "steps": Step,
            "standings": Standing.choices,
            "clocks": Clock.choices,
        },
    )


#: Where the rows stand in the page around them; nothing that a person typed can hold a NUL.
_CUT = "\0"


@login_required
@require_safe
def register_printed(request: SignedIn) -> HttpResponseBase:
    """Every row that the filters find, to be printed and signed; in Vietnamese, as all that leaves
    the office. The page is sent batch by batch: memory does not grow with the rows.
    """
    filters = Filters.of(request.GET).at_start()
    page = OverdueRegister(request.user, filters)
    around = {
        "register": page,
        "filters": filters,
        "number": len(page.numbers),
        "units": sorted({str(held.org_unit) for held in request.user.posts()}, key=sort_key),
        "today": localdate(page.now),
        "cut": _CUT,
    }
    with override("vi"):
        text = render_to_string("dossiers/register_printed.html", around, request)
    return StreamingHttpResponse(_printed(page, text))


def _printed(page: OverdueRegister, text: str) -> Iterator[str]:
    before, _cut, after = text.partition(_CUT)
    yield before
    for rows in page.batches():
        # Left between two pieces: meanwhile the thread may serve another page.
        with override("vi"):
            piece = render_to_string("dossiers/_register_rows.html", {"rows": rows})
        yield piece
    yield after


@login_required
@require_safe
def ending_certificates(request: SignedIn) -> HttpResponseBase:
    """The certificates in the user's area that end, and when to file for re-evaluation."""
    page = Ending(request.user, EndingFilters.of(request.GET))
    return render(
        request,
        "dossiers/ending.html",
        {
            "page": page,
            "rows": page.rows(),
            "today": page.today,
            "may_call": bool(request.user.posts(Role.OFFICER)),
        },
    )


@login_required
@require_safe
def missing(request: SignedIn) -> HttpResponseBase:
    """Which communes of my area have no outreach, idea or plan yet (xã còn thiếu)."""

    def selects() -> dict[str, Any]:
        return {"cycle": Missing(request.user, MissingFilters.of(request.GET)).cycles}

    read, sought = seek(request.GET, selects)
    filters = MissingFilters.of(read)
    page = Missing(request.user, filters)
    return render(
        request,
        "dossiers/missing.html",
        {"page": page, "filters": filters, "sought": sought, "lacks": Lack.choices},
    )
