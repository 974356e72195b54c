"""What councils leave open in a year that is to be closed (đóng chu trình)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from councils.models import Consequence, EvaluationRound, RoundState
from dossiers.office.closing import Obstacle, obstacle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cycle.models import Cycle

#: So many rounds are named.
NAMED = 20


@obstacle
def rounds(cycle: Cycle) -> Iterator[Obstacle]:
    """Rounds that are neither closed nor voided."""
    left = EvaluationRound.objects.filter(
        cycle=cycle, state__in=[RoundState.PREPARING, RoundState.OPEN]
    )
    for each in left.order_by("pk")[:NAMED]:
        yield Obstacle(
            _("Đợt đánh giá «%(round)s» chưa chốt.") % {"round": each},
            reverse("councils:round", args=[each.pk]),
        )


@obstacle
def results(cycle: Cycle) -> Iterator[Obstacle]:
    """Results that did not reach their dossier yet."""
    waiting = Consequence.objects.filter(
        applied_at=None, result__entry__round__cycle=cycle, result__closing__reopening=None
    )
    for each in waiting.select_related("result__entry__round").order_by("pk")[:NAMED]:
        round_ = each.result.entry.round
        yield Obstacle(
            _("Kết quả của đợt «%(round)s» chưa vào hồ sơ.") % {"round": round_},
            reverse("councils:round", args=[round_.pk]),
        )
