"""A decision that came by no door."""

from cycle import clock
from tests import records


def decision_of(dossier, **fields):
    """A decision that came by no door either."""
    decision = records.signed_paper(scan=None, **fields)
    decision.dossier, decision.at = dossier, clock.now()
    records.in_ledger(decision).save()
    return decision
