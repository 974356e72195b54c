"""Pages that compare scores (đối chiếu điểm), after the closing only."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import rules
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from councils.judging import calibration
from councils.models import EvaluationRound, RoundEntry
from councils.pages import found_round
from cycle.asking import SignedIn
from dossiers.models import Dossier

#: How many points of difference the half width of the picture is.
SCALE = 20
#: Whose points stand in the columns of a product's page: a field of ``calibration.Compared``.
SCORED_BY = {
    "self": _("Tự chấm"),
    "team": _("Tổ tư vấn"),
    "district": _("Huyện"),
    "province": _("Tỉnh"),
    "centre": _("Trung ương"),
}


def _bar(points: Decimal) -> dict[str, Any]:
    """A bar from the middle of an SVG that is 200 wide: its x and its width."""
    length = round(min(abs(float(points)), SCALE) * 100 / SCALE, 1)
    return {"x": 100 - length if points < 0 else 100, "width": length}


@login_required
@require_safe
def round_calibration(request: SignedIn, pk: int) -> HttpResponseBase:
    """A closed round: how each member scored, and the lowest and highest total of each product."""
    round_ = found_round(request.user, pk)
    closing = round_.closings.filter(reopening=None).select_related("round__regulation").first()
    if closing is None:
        raise Http404
    leanings = [(each, _bar(each.lean)) for each in calibration.leanings(closing)]
    products = [
        {
            "result": result,
            "low": low,
            "high": high,
            "spread": high - low,
            "x": float(low) * 2,
            "width": max(float(high - low) * 2, 1),
        }
        for result, low, high in calibration.spreads(closing)
    ]
    return render(
        request,
        "councils/calibration_round.html",
        {"round": round_, "leanings": leanings, "products": products, "scale": SCALE},
    )


@login_required
@require_safe
def entry_calibration(request: SignedIn, pk: int) -> HttpResponseBase:
    """A product: points of producer, support team and each level, criterion by criterion."""
    rounds = EvaluationRound.objects.visible_to(request.user)
    entry = get_object_or_404(
        RoundEntry.objects.filter(round__in=rounds, round__state="closed").select_related(
            "round", "dossier__product__producer", "dossier__commune"
        ),
        pk=pk,
    )
    own = rules.has_perm("dossiers.read_own_points", request.user, entry.dossier)
    compared, whole = calibration.side_by_side(entry.dossier, rounds, own=own)
    rows = [
        (each.criterion, [(head, getattr(each, who)) for who, head in SCORED_BY.items()])
        for each in compared
    ]
    page = {"entry": entry, "heads": SCORED_BY.values(), "rows": rows, "whole": whole}
    return render(request, "councils/calibration_entry.html", page)


@login_required
@require_safe
def overview(request: SignedIn) -> HttpResponseBase:
    """The closed rounds, and how much more each district gave than the province, by year."""
    years = calibration.leniency(Dossier.objects.visible_to(request.user))
    return render(
        request,
        "councils/calibration.html",
        {
            "rounds": calibration.closed_rounds(request.user),
            "years": [(each, _bar(each.difference)) for each in years],
            "scale": SCALE,
        },
    )
