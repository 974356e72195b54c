"""A certified product, inspected and revoked."""

from datetime import datetime

from django.utils import timezone

from cycle import clock
from dossiers.models import Dossier, State
from dossiers.walk import doors
from tests import records
from tests.standing import stand
from tests.world import open_dossier, open_task

S = State


def at(month, day, hour=9, year=2026):
    return timezone.make_aware(datetime(year, month, day, hour))


def certify(cycle, commune, an, son, number="12/GCN"):
    """A dossier of four stars, 12/GCN, since Thursday 1/10/2026."""
    with clock.at(at(9, 1)):
        dossier = open_dossier(cycle, commune, an)
        open_task(dossier).term.stop(at=clock.now())
        dossier = stand(dossier, S.AWAITING_DECISION)
    with clock.at(at(10, 1)):
        doors.complete(
            open_task(dossier),
            "certify",
            by=son,
            paper=records.signed_paper(number="89/QĐ-UBND"),
            record=records.certificate(number=number),
        )
    return Dossier.objects.get(pk=dossier.pk)


def inspect(dossier, by, conclusion="revoke", **fields):
    doors.act(
        dossier.process, "record_inspection", by=by, record=records.inspection(conclusion, **fields)
    )


def grounds_of(dossier):
    """What it is revoked on: the conclusion that is there, else one that comes with it."""
    rests = records.revocation()
    if dossier.inspections.filter(conclusion="revoke").exists():
        return rests
    return [records.inspection("revoke"), rests]


def revoke(dossier, by, **fields):
    given = {
        "reason": "Không còn đạt tiêu chí",
        "paper": records.signed_paper(),
        "record": grounds_of(dossier),
    } | fields
    doors.act(dossier.process, "revoke", by=by, **given)
