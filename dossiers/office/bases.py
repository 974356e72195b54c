"""What a post, a substitution, a reading of the law, a term, its extension, a plan, a row of the
plan for step 1 or a list rests on, typed wrong and corrected (đính chính). All that rests on the
document reads the correction.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import rules
from django.core.exceptions import PermissionDenied
from django.db import transaction

from cycle import appointing, clock, documents
from cycle.models import (
    Document,
    LawReading,
    Level,
    OrgUnit,
    Role,
    RoleAssignment,
    Substitution,
    TermRule,
    same_name,
)
from dossiers.models import PlannedOutreach, PlanPaper, StockBatch, TermEvent
from dossiers.office import year

if TYPE_CHECKING:
    from cycle.files import Staged
    from cycle.models import User

#: Who decides, and who keeps papers: not who only reads, judges or sells.
AT_THE_DESK = (Role.LEADER, Role.OFFICER, Role.CLERK, Role.COUNCIL_OFFICE)
#: A row that rests on a document.
Resting = (
    RoleAssignment
    | Substitution
    | LawReading
    | TermRule
    | TermEvent
    | PlanPaper
    | PlannedOutreach
    | StockBatch
)


def basis_of(row: Resting) -> Document | None:
    """The document that the row rests on, as it stands."""
    its = row.document if isinstance(row, PlanPaper) else row.basis
    return its and its.in_force


def may_correct(by: User, row: Resting) -> bool:
    """Whether ``by`` may correct what the row rests on: whoever may record one today."""
    its = basis_of(row)
    if its is not None and not keeps(by, its, _unit(row)):
        return False
    match row:
        case RoleAssignment():
            return rules.has_perm("dossiers.appoint", by, row.org_unit_id)
        case Substitution():
            return rules.has_perm("dossiers.substitute", by, row.assignment)
        case TermEvent(kind=TermEvent.Kind.EXTEND):
            return rules.has_perm("dossiers.extend_term", by, row.term)
        case PlannedOutreach():
            return row.organiser(by) is not None
        case StockBatch():
            return rules.has_perm("dossiers.import_stock", by, row.org_unit)
        case TermEvent():
            of = row.term.cycle
        case TermRule() | PlanPaper():
            of = row.cycle
        case _:
            return rules.has_perm("dossiers.keep_year", by)
    if of.closed_on is not None:
        return False
    return rules.has_perm("dossiers.keep_year", by)


def keeps(by: User, document: Document, unit: OrgUnit | None = None) -> bool:
    """Whether ``by`` reads and corrects a document, on which more may rest than the row: who
    recorded it, who decides or keeps papers where it was issued or at the ``unit`` that issued it
    and for which they act, who keeps its ledger; one of a body outside also who does so at the
    province. Of before the ledger each is of one row alone.
    """
    its, desks = document.issuer, [held.org_unit for held in by.posts(*AT_THE_DESK)]
    return (
        document.recorded_by_id == by.pk
        or (document.before and not document.body)
        or (its is None and any(desk.level == Level.PROVINCE for desk in desks))
        or (its is not None and its in desks)
        or (its is not None and its == unit and bool(desks))
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
    unit = _unit(row)
    with transaction.atomic():
        if body != seen.body:
            typed = Document(outside=body)
            documents.issue(typed, _issuers(unit))
            became |= {"issuer": typed.issuer, "outside": typed.outside}
        new = copy(seen)
        for name, value in became.items():
            setattr(new, name, value)
        if not (documents.same_number(new, seen) and documents.same_body(new, seen)):
            documents.check_register(new, by=by, of=[unit] if unit is not None else [])
            if isinstance(row, PlanPaper):
                year.check_plan(PlanPaper(document=new), row.cycle)
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
    """The unit in whose name the row rests on its document; None: the province's office."""
    match row:
        case RoleAssignment():
            return row.org_unit
        case Substitution():
            return row.assignment.org_unit
        case TermEvent(kind=TermEvent.Kind.EXTEND):
            return row.term.org_unit
        case StockBatch() | PlannedOutreach():
            return row.org_unit
        case _:
            return None


def _issuers(unit: OrgUnit | None) -> list[OrgUnit]:
    """The units that may have issued it, the likeliest first."""
    if unit is not None:
        return appointing.issuers([unit])
    return list(OrgUnit.objects.valid_on(clock.today()).filter(level=Level.PROVINCE))
