"""What a substitution, a reading of the law or a term rests on, typed wrong and corrected (đính
chính). All that rests on the document reads the correction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rules
from django.core.exceptions import PermissionDenied

from cycle import clock, documents
from cycle.models import Document, LawReading, Level, OrgUnit, Substitution, TermRule

if TYPE_CHECKING:
    from cycle.files import Staged
    from cycle.models import User

#: A row that rests on a document by its ``basis``.
Resting = Substitution | LawReading | TermRule


def may_correct(by: User, row: Resting) -> bool:
    """Whether ``by`` may correct what the row rests on: whoever may record one today."""
    unit = row.assignment.org_unit if isinstance(row, Substitution) else None
    if row.basis is not None and not keeps(by, row.basis.in_force, unit):
        return False
    if isinstance(row, Substitution):
        return rules.has_perm("dossiers.substitute", by, row.assignment)
    if isinstance(row, TermRule) and row.cycle.closed_on is not None:
        return False
    return rules.has_perm("dossiers.keep_year", by)


def keeps(by: User, document: Document, unit: OrgUnit | None = None) -> bool:
    """Whether ``by`` reads and corrects a document of the ``unit`` for which they act: another's,
    on which more may rest, only who recorded it, has a post there or keeps its ledger.
    """
    its = document.issuer
    return (
        its is None
        or its == unit
        or document.recorded_by_id == by.pk
        or any(held.org_unit == its for held in by.posts())
        or documents.may_correct(by, document)
    )


def correct(
    row: Resting,
    *,
    by: User,
    seen: Document,
    reason: str,
    body: str,
    scan: Staged | None = None,
    **became: Any,
) -> Document:
    """Correct the document of the row; ``seen``: as the page had it.

    Raises PermissionDenied; ValidationError, by field, where :func:`documents.correct` does.
    """
    if not may_correct(by, row):
        raise PermissionDenied
    if body != seen.body:
        typed = Document(outside=body)
        documents.issue(typed, _issuers(row))
        became |= {"issuer": typed.issuer, "outside": typed.outside}
    return documents.correct(seen, by=by, reason=reason, scan=scan, asked=True, **became)


def _issuers(row: Resting) -> list[OrgUnit]:
    """The units that may have issued it, the likeliest first."""
    if isinstance(row, Substitution):
        unit = row.assignment.org_unit
        return [unit, *OrgUnit.objects.filter(pk__in=unit.above()).order_by("pk")]
    return list(OrgUnit.objects.valid_on(clock.today()).filter(level=Level.PROVINCE))
