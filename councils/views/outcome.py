"""What the results of a round reached: pages for those in whose area its products lie (Đ.7.3.g)."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from councils.judging import calibration, consequences
from councils.models.reach import certified_of, gives_means, reached_by
from cycle.asking import SignedIn


@login_required
@require_safe
def outcome(request: SignedIn, pk: int) -> HttpResponseBase:
    """The results of a round that reached somebody: of the products of their area alone, with the
    decision and the notice.
    """
    found = reached_by(request.user, entry__round=pk)
    if not found:
        raise Http404
    papers = {kind: paper for each in found for kind, paper in each.papers.items()}
    codes = consequences.codes_of(each.result for each in found)
    certified = certified_of(each.result.entry for each in found)
    return render(
        request,
        "councils/outcome.html",
        {
            "round": found[0].result.entry.round,
            "papers": sorted(papers.values(), key=lambda paper: paper.pk),
            "rows": [
                {
                    "result": each.result,
                    "why": consequences.reasons(each.result, codes),
                    "certified": each.result.entry.dossier_id in certified,
                }
                for each in found
            ],
        },
    )


@login_required
@require_safe
def points(request: SignedIn, pk: int) -> HttpResponseBase:
    """The points of a product criterion by criterion, as means of all sheets: never those of one
    member, nor who scored.
    """
    found = reached_by(request.user, entry=pk)
    if not found:
        raise Http404
    result = found[0].result
    means = calibration.means(result) if gives_means(result) else {}
    head = _("Điểm bình quân")
    return render(
        request,
        "councils/points.html",
        {
            "result": result,
            "entry": result.entry,
            "heads": [head],
            "rows": [
                (criterion, [(head, means[criterion.code])])
                for criterion in result.entry.rubric.criteria.select_related("wording")
                if criterion.code in means
            ],
        },
    )
