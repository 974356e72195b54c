"""Put a dossier where a test begins."""

from decimal import Decimal

from django.db import transaction

from cycle import clock
from dossiers.law.states import LIVE
from dossiers.models import (
    Dossier,
)
from dossiers.walk import doors, engine
from tests import records
from tests.law_table import S
from tests.owning import update_as_owner
from tests.world import open_task


def stand(dossier, state, *, stars=4, points_sum="560", sheets=7, **fields):
    """Put the dossier where a test begins, with the task of that state and nothing drifting."""
    if state in (S.WITHDRAWN, S.DEFERRED, S.REVOKED):
        fields.setdefault("parked_from", S.PLAN_SUBMITTED)
    if state == S.SUPPLEMENT_REQUESTED:
        fields.setdefault("returned_from", S.DOSSIER_SUBMITTED)
    with transaction.atomic():
        engine.cancel(dossier.process, clock.now())
        update_as_owner(
            Dossier.objects.filter(pk=dossier.pk),
            state=state,
            stars=stars,
            points_sum=None if points_sum is None else Decimal(points_sum),
            sheets=sheets,
            **fields,
        )
        dossier = Dossier.objects.with_units().get(pk=dossier.pk)
        if state in LIVE:
            doors.start(dossier)
    return dossier


def with_compulsory_papers(dossier, by, **ends):
    """``ends``: the last day of each kind that has one."""
    for kind in dossier.rule_set.compulsory(dossier.case_type):
        paper = records.paper(kind, expires_on=ends.get(kind))
        doors.act(dossier.process, "attach_evidence", by=by, record=paper)


def sent_up(dossier, by, **paper):
    """The commune's leader sends it to the province with the commune's request."""
    return doors.complete(
        open_task(dossier), "forward_to_province", by=by, paper=records.request(**paper)
    )


def approved(dossier, by, number="88/QĐ-UBND"):
    """The chair's decision that approves a result of 90 points, before the province's request; and
    the samples for the centre.
    """
    paper = records.signed_paper(number=number)
    doors.act(dossier.process, "approve_result", by=by, paper=paper)
    doors.act(dossier.process, "record_samples", by=by, record=records.samples(for_centre=True))
    return dossier


def answered_by_the_centre(dossier):
    """The centre gave less than five stars."""
    result = records.evaluation("616", 7, stars=4)
    result.dossier, result.level, result.at = dossier, "centre", clock.now()
    result.save()
    return dossier
