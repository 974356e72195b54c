"""What follows for each dossier from a round's closing (thi hành kết quả); done by a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rules
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from councils.models import (
    Closing,
    Consequence,
    Result,
)
from cycle import clock
from cycle.models import Criterion, Job, Level, job_kind
from dossiers.law.states import STATE_AT
from dossiers.models import (
    ActNotPossible,
    ConditionNotMet,
    Evaluation,
    TaskAlreadyDone,
)
from dossiers.walk import doors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cycle.models import User

# --- What follows ---------------------------------------------------------------------------

#: The act by which a closing completes the evaluation task, by level.
_ACT = {Level.DISTRICT: "rank_at_district", Level.PROVINCE: "rank"}
#: The act that follows for an eliminated product (bị loại), by level.
_OUT = {Level.DISTRICT: "not_propose", Level.PROVINCE: "not_recognise"}


def follow_again(closing: Closing, *, by: User) -> Job:
    """Ask for a job that does again what has failed for a closing (thi hành lại); returns it."""
    if not rules.has_perm("councils.preside", by, closing.round):
        raise PermissionDenied
    return Job.objects.ask("councils.apply", by=by, closing=closing.pk)


@job_kind("councils.apply", _("Thi hành kết quả đợt đánh giá"))
def apply(job: Job) -> dict[str, int]:
    """The job: write each result of a closing to its dossier, each at most once."""
    closing = Closing.objects.select_related("round__council__org_unit", "by", "entry").get(
        pk=job.params["closing"]
    )
    waiting = Consequence.objects.filter(result__closing=closing, applied_at=None)
    keys = list(waiting.order_by("pk").values_list("pk", flat=True))
    failed = 0
    for number, pk in enumerate(keys, 1):
        failed += not _follow(pk, closing)
        job.progress(number, len(keys))
    return {"done": len(keys) - failed, "failed": failed, "round": closing.round_id}


def _follow(pk: int, closing: Closing) -> bool:
    """Carry out one consequence, or keep on its row why it failed; returns whether it was done."""
    with transaction.atomic():
        consequence = Consequence.objects.select_for_update().get(pk=pk)
        if consequence.applied_at is not None:
            return True
        result = Result.objects.select_related("entry__dossier__rule_set").get(
            pk=consequence.result_id
        )
        try:
            with transaction.atomic():
                _hand_over(result, closing)
        except (ActNotPossible, TaskAlreadyDone):
            consequence.error = _now("Hồ sơ không còn chờ kết quả của hội đồng này.")
        except ConditionNotMet as lacking:
            consequence.error = " ".join(map(str, lacking.messages))
        except ValidationError as wrong:
            consequence.error = " ".join(wrong.messages)
        else:
            consequence.applied_at, consequence.error = clock.now(), ""
        consequence.save(update_fields=["applied_at", "error"])
        return consequence.applied_at is not None


def _hand_over(result: Result, closing: Closing) -> None:
    """Complete the evaluation task of a dossier on the closing's authority."""
    dossier, level = result.entry.dossier, closing.round.council.level
    task = dossier.open_task()
    # The dossier may have come back before the council after this closing: not its result then.
    if task is None or dossier.moved_at > closing.at:
        raise ActNotPossible(_ACT[level])
    common: dict[str, Any] = {"by": closing.by, "at": closing.at, "authority": closing.entry}
    if result.eliminated:
        if dossier.state != STATE_AT[level]:
            raise ActNotPossible(_OUT[level])
        doors.complete(task, _OUT[level], reason=reasons(result), **common)
        return
    doors.complete(
        task,
        _ACT[level],
        record=Evaluation(
            met_on=timezone.localdate(closing.round.meets_at or closing.at),
            points_sum=result.points_sum,
            sheets=result.sheets,
            stars=result.stars,  # type: ignore[misc]  # only an eliminated one has none
            reasons=reasons(result),
        ),
        **common,
    )


def codes_of(results: Iterable[Result]) -> dict[int, str]:
    """``{criterion id: code}`` of the minimums that these results missed, for :func:`reasons`."""
    missed = {criterion for each in results for criterion, _stars in each.missed}
    found = Criterion.objects.filter(pk__in=missed).order_by("position")
    return dict(found.values_list("pk", "code"))


def reasons(result: Result, codes: Mapping[int, str] | None = None) -> str:
    """Why a product has its stars, in words for the minutes and the dossier.

    ``codes``: ``{criterion id: code}``, when the caller has read them for many results.
    """
    if result.eliminated:
        return _now("Hội đồng kết luận bị loại: %s") % result.remark
    if result.stars < result.band:  # type: ignore[operator]  # only an eliminated one has none
        missed = {criterion for criterion, _stars in result.missed}
        if codes is None:
            found = result.entry.rubric.criteria.filter(pk__in=missed)
            codes = dict(found.values_list("pk", "code"))
        names = ", ".join(code for key, code in codes.items() if key in missed)
        return _now("Điểm đạt mức %(band)s sao; chưa đạt mức tối thiểu ở tiêu chí %(codes)s.") % {
            "band": result.band,
            "codes": names,
        }
    return _now("Theo điểm bình quân của %s phiếu.") % result.sheets
