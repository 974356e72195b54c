"""A certificate of the past, and the product filed anew."""

from datetime import datetime

from django.utils import timezone

from cycle import clock
from dossiers.models import Dossier, State
from dossiers.walk import doors
from tests import records
from tests.owning import update_as_owner
from tests.standing import stand
from tests.world import open_dossier, open_task

S = State


def at(year, month, day, hour=9):
    return timezone.make_aware(datetime(year, month, day, hour))


def certify(cycle, commune, an, son, moment, **fields):
    """Three stars of the edition before, given at ``moment``."""
    with clock.at(moment):
        dossier = stand(open_dossier(cycle, commune, an), S.AWAITING_DECISION, stars=3)
        doors.complete(
            open_task(dossier),
            "certify",
            by=son,
            paper=records.signed_paper(),
            record=records.certificate(**fields),
        )
    return dossier.certificates.get()


def moved_to(commune, product):
    """The producer of ``product`` has gone to ``commune``, where the product is filed anew."""
    maker = product.producer
    if maker.commune_id != commune.pk:
        update_as_owner(type(maker).objects.filter(pk=maker.pk), commune=commune)
        maker.commune = commune
    return product


def file_anew(certificate, cycle, commune, an, moment, case_type="reevaluation"):
    """The product's next dossier, filed with the commune at ``moment``."""
    dossier = Dossier(
        cycle=cycle,
        product=moved_to(commune, certificate.dossier.product),
        commune=commune,
        case_type=case_type,
    )
    with clock.at(moment):
        doors.open(dossier, by=an)
        entered_as = "existing" if case_type == "first" else case_type
        doors.act(dossier.process, "enter_late", by=an, entered_as=entered_as, reason="Sắp hết hạn")
        for kind in dossier.rule_set.compulsory(case_type):
            doors.act(dossier.process, "attach_evidence", by=an, record=records.paper(kind))
        doors.complete(
            open_task(dossier),
            "submit_dossier",
            by=an,
            record=records.self_assessment(),
            reason="Quy định chuyển tiếp",
        )
    return dossier
