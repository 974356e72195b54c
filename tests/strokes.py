"""Many dossiers, and one act of one paper for all of them."""

from dossiers.models import ActBatch, ActBatchRow
from dossiers.walk import batch
from tests import records
from tests.standing import stand
from tests.world import open_dossier, open_task


def stood(cycle, commune, by, state, many, **fields):
    """So many dossiers of a commune in one state."""
    return [
        stand(open_dossier(cycle, commune, by, name=f"Mật ong {n:02}"), state, **fields)
        for n in range(1, many + 1)
    ]


def rows_of(dossiers, record=None, reason="", *, paper=True, by_task=True):
    """A row each; ``record(number)`` makes what differs."""
    return [
        ActBatchRow(
            dossier=dossier,
            task=open_task(dossier) if by_task else None,
            stood=dossier.state,
            call=batch.kept_call(
                {
                    "record": [record(number)] if record else [],
                    "reason": reason,
                    "paper": records.signed_paper(number="88/QĐ-UBND") if paper else None,
                }
            ),
        )
        for number, dossier in enumerate(dossiers, 1)
    ]


def stroke(act, by, rows, paper=None):
    """The batch of ``rows``, planned; nothing of it is kept yet."""
    found = ActBatch(act=act, by=by, **batch.kept_paper(paper))
    batch.plan(found, rows)
    return found


def certificates(number):
    """A certificate with a number of its own."""
    return records.certificate(number=f"{number:02}/GCN-LUOT")


def decision(**fields):
    """The one decision of all."""
    return records.signed_paper(**{"number": "88/QĐ-UBND"} | fields)
