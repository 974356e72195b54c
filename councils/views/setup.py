"""The path of the first day: what is missing, for whom, and the page that does it (thiết lập)."""

import rules
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import render

from councils import setup as needed
from cycle import clock
from cycle.asking import SignedIn


@login_required
def setup(request: SignedIn) -> HttpResponseBase:
    """All lines of the first day, the done ones greyed."""
    if not rules.has_perm("dossiers.administer_people", request.user):
        raise Http404
    lines = needed.lines(clock.today())
    left = sum(not line.done and not line.may_wait for line in lines)
    return render(request, "councils/setup.html", {"lines": lines, "left": left})
