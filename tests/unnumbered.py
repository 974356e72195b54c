"""Certificates that one decision gave, and that wait for their numbers."""

from cycle import clock
from dossiers.models import State
from tests import records
from tests.decision_papers import decision_of
from tests.public_pages import keep
from tests.standing import stand
from tests.world import open_dossier


def waiting(cycle, commune, by, names):
    """One of a product of each name, in this order."""
    rows, paper = [], None
    for name in names:
        dossier = stand(open_dossier(cycle, commune, by, name=name), State.CERTIFIED)
        if paper is None:
            decision = paper = decision_of(dossier)
        else:
            decision = records.signed_paper(scan=None)
            decision.dossier, decision.at, decision.document = dossier, clock.now(), paper.document
            decision.save()
        rows.append(keep(dossier, number="", stars=3, issuer=commune.parent, decided_by=decision))
    return rows
