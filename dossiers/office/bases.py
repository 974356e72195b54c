"""What a post, a substitution, a reading of the law or a term rests on, typed wrong and corrected
(đính chính). All that rests on the document reads the correction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rules
from django.core.exceptions import PermissionDenied

from cycle import appointing, clock, documents
from cycle.models import (
    Document,
    LawReading,
    Level,
    OrgUnit,
    RoleAssignment,
    Substitution,
    TermRule,
    same_name,
)

if TYPE_CHECKING:
    from cycle.files import Staged
    from cycle.models import User

#: A row that rests on a document by its ``basis``.
Resting = RoleAssignment | Substitution | LawReading | TermRule


def may_correct(by: User, row: Resting) -> bool:
    """Whether ``by`` may correct what the row rests on: whoever may record one today."""
    if row.basis is not None and not keeps(by, row.basis.in_force, _unit(row)):
        return False
    if isinstance(row, RoleAssignment):
        return rules.has_perm("dossiers.appoint", by, row.org_unit_id)
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


@documents.refuses_correction
def _signed_by_another(old: Document, new: Document) -> None:
    """Nobody becomes the signer of the paper by which they were given a post, or gave it to
    themselves.
    """
    if same_name(old.signer, new.signer):
        return
    rows = [each.pk for each in old.versions()]
    for post in RoleAssignment.objects.filter(basis__in=rows).select_related("user", "made_by"):
        appointing.check_paper(post.user, post.role, by=post.made_by, **appointing.said(new))
    for lent in Substitution.objects.filter(basis__in=rows).select_related(
        "substitute", "created_by", "assignment"
    ):
        appointing.check_paper(
            lent.substitute, lent.assignment.role, by=lent.created_by, **appointing.said(new)
        )


def _unit(row: Resting) -> OrgUnit | None:
    """The unit for which somebody is appointed, or stands in; None for what is of the province."""
    if isinstance(row, Substitution):
        row = row.assignment
    return row.org_unit if isinstance(row, RoleAssignment) else None


def _issuers(row: Resting) -> list[OrgUnit]:
    """The units that may have issued it, the likeliest first."""
    if (unit := _unit(row)) is not None:
        return appointing.issuers([unit])
    return list(OrgUnit.objects.valid_on(clock.today()).filter(level=Level.PROVINCE))
