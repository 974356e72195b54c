"""The list of support: what was planned, committed and paid, of whom, from where (hỗ trợ)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cycle.asking import SignedIn
from dossiers.lists.filters import seek
from dossiers.models import FundingSource, SupportKind
from dossiers.office.lists import SupportList

ROWS = 50


@login_required
@require_safe
def support(request: SignedIn) -> HttpResponseBase:
    """The measures of support of my area."""
    everything = SupportList(request.user, {})
    choices: dict[str, Any] = {
        "cycle": everything.cycles,
        "commune": everything.communes,
        "kind": SupportKind.choices,
        "source": [*FundingSource.choices, (SupportList.UNKNOWN, _("chưa ghi loại nguồn"))],
    }
    read, sought = seek(request.GET, lambda: choices)
    found = SupportList(request.user, read)
    page = found.page(request.GET.get("page"), ROWS)
    return render(
        request,
        "dossiers/support.html",
        {"page": page, "found": found, "sought": sought, "choices": choices},
    )
