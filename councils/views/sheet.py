"""Pages of score sheets: a member's list, the sheet to fill in, and all sheets after closing."""

import rules
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Exists, OuterRef, Subquery
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from councils.models import (
    Interest,
    RoundState,
    Scoresheet,
    SheetState,
)
from councils.pages import found_entry, found_round
from councils.sheet_page import answer, begun
from cycle.asking import SignedIn
from cycle.downloads import download
from cycle.typed import shows_typed
from dossiers.models import Evidence

# --- One round ------------------------------------------------------------------------------


@login_required
@require_safe
def my_sheets(request: SignedIn, pk: int) -> HttpResponseBase:
    """The products that the user scores in a round, with each sheet's state (phiếu của tôi)."""
    round_ = found_round(request.user, pk, seated=True)
    member = round_.scoring_members.filter(user=request.user).first()
    proposes = rules.has_perm("councils.appraise", request.user, round_)
    if member is None and not proposes:
        raise Http404
    mine = Scoresheet.objects.filter(
        entry=OuterRef("pk"), member=member, scoring=OuterRef("scoring")
    )
    entries = round_.products().annotate(
        state=Subquery(mine.values("state")),
        typed=Subquery(mine.values("entered_by")),
        at=Subquery(mine.values("submitted_at")),
        scored=Subquery(mine.annotate(number=Count("scores")).values("number")),
        recused=Exists(Interest.objects.filter(entry=OuterRef("pk"), member=member, recused=True)),
        criteria=Count("rubric__criteria"),
    )
    return render(
        request,
        "councils/sheets.html",
        {
            "round": round_,
            "entries": entries,
            "member": member,
            "page": "councils:sheet" if member else "councils:team_sheet",
        },
    )


# --- One sheet ------------------------------------------------------------------------------


@login_required
@shows_typed
def sheet(request: SignedIn, pk: int) -> HttpResponseBase:
    """The user's own sheet on one product (phiếu chấm điểm)."""
    entry = found_entry(request.user, pk, seated=True)
    member = entry.round.scoring_members.filter(user=request.user).first()
    if member is None:
        raise Http404
    return answer(request, begun(entry, member), "councils:sheet")


@login_required
@shows_typed
def team_sheet(request: SignedIn, pk: int) -> HttpResponseBase:
    """The support team's sheet: the points it proposes (điểm tổ tư vấn đề xuất)."""
    entry = found_entry(request.user, pk, seated=True)
    if not rules.has_perm("councils.appraise", request.user, entry.round):
        raise Http404
    return answer(request, begun(entry, None), "councils:team_sheet")


# --- Evidence -------------------------------------------------------------------------------


@login_required
@require_safe
def evidence(request: SignedIn, pk: int, piece: int) -> HttpResponseBase:
    """A file of a dossier in the round."""
    entry = found_entry(request.user, pk, seated=True)
    if not rules.has_perm("councils.open_evidence", request.user, entry):
        raise Http404
    found = get_object_or_404(Evidence, dossier=entry.dossier_id, pk=piece)
    if not found.sha256:
        raise Http404
    return download(request, found.sha256, found.filename, found.content_type, title=found.title)


# --- Side by side ---------------------------------------------------------------------------


@login_required
@require_safe
def all_sheets(request: SignedIn, pk: int) -> HttpResponseBase:
    """All sheets of a product's last result, side by side; 404 before the closing."""
    entry = found_entry(request.user, pk, seated=True)
    result = entry.results.select_related("closing").order_by("closing__version").last()
    if (
        not rules.has_perm("councils.view", request.user, entry.round.council)
        or result is None
        # Reopened: the sheets of the current scoring are sealed, the closed ones readable.
        or entry.round.state != RoundState.CLOSED
        and entry.live
        and result.scoring == entry.scoring
    ):
        raise Http404
    sheets = list(
        entry.sheets.filter(
            state=SheetState.SUBMITTED, member__isnull=False, scoring=result.scoring
        )
        .select_related("member__user")
        .prefetch_related("scores")
        .order_by("member")
    )
    by_sheet = [{score.criterion_id: score for score in each.scores.all()} for each in sheets]
    criteria = list(entry.rubric.criteria.order_by("position"))
    return render(
        request,
        "councils/sheets_side_by_side.html",
        {
            "entry": entry,
            "round": entry.round,
            "dossier": entry.dossier,
            "result": result,
            "sheets": sheets,
            "rows": [
                (criterion, [scores.get(criterion.pk) for scores in by_sheet])
                for criterion in criteria
            ],
            "totals": [sum(score.points for score in scores.values()) for scores in by_sheet],
        },
    )
