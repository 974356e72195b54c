"""What councils, seats, regulations and rounds rest on, typed wrong and corrected (đính chính)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import rules
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from councils.models.council import Council, LaidDown, Member, Regulation
from councils.models.result import Reopening
from councils.models.round import EvaluationRound
from cycle import documents
from cycle.models import Cycle, Document, HistoryEntry, OrgUnit, Role, User

if TYPE_CHECKING:
    from cycle.files import Staged
    from cycle.models import RoleAssignment


class Basis(NamedTuple):
    """A relation by which rows of a ``model`` rest on a document: what that is called, and whom it
    takes to record one today, as a ``permission`` on what the row is ``of``.
    """

    model: type[models.Model]
    relation: str
    called: Any
    permission: str
    of: Callable[[Any], Any]


#: Each basis of ours but the signed documents of a round, which are recorded again on its page.
BASES = (
    Basis(
        Council, "decision", _("quyết định thành lập hội đồng"), "councils.seat", lambda row: row
    ),
    Basis(Council, "extension", _("văn bản gia hạn hội đồng"), "councils.seat", lambda row: row),
    Basis(
        Member,
        "decision",
        _("quyết định bổ sung thành viên"),
        "councils.seat",
        lambda row: row.council,
    ),
    Basis(
        Member,
        "release",
        _("văn bản cho thôi thành viên"),
        "councils.seat",
        lambda row: row.council,
    ),
    Basis(
        Regulation,
        "basis",
        _("văn bản ban hành quy chế"),
        "councils.regulate",
        lambda row: row.org_unit,
    ),
    Basis(
        Reopening, "basis", _("văn bản mở lại đợt"), "councils.undo", lambda row: row.closing.round
    ),
    Basis(EvaluationRound, "void_basis", _("văn bản hủy đợt"), "councils.undo", lambda row: row),
)


class Resting(NamedTuple):
    """A row that rests on a document, by which basis."""

    basis: Basis
    row: Any

    @property
    def of(self) -> Any:
        """What is asked whether somebody may correct it."""
        return self.basis.of(self.row)

    @property
    def unit(self) -> OrgUnit:
        """Whose document it is."""
        match self.of:
            case EvaluationRound() as round_:
                return round_.council.org_unit
            case Council() as council:
                return council.org_unit
            case unit:
                return unit


def resting_on(document: Document) -> list[Resting]:
    """What rests on a document, or on what it corrects; the weightiest first."""
    rows = [each.pk for each in document.versions()]
    return [
        Resting(basis, row)
        for basis in BASES
        for row in basis.model._default_manager.filter(**{f"{basis.relation}__in": rows}).order_by(
            "pk"
        )
    ]


def correctable(document: Document, by: User) -> Resting | None:
    """The first of what rests on a document for which ``by`` may correct it; None without."""
    for each in resting_on(document):
        if rules.has_perm(each.basis.permission, by, each.of):
            return each
    return None


def is_seen(each: Resting, by: User) -> bool:
    """Whether ``by`` sees the row that rests on a document."""
    match each.of:
        case EvaluationRound() as round_:
            return EvaluationRound.objects.visible_to(by).filter(pk=round_.pk).exists()
        case Council() as council:
            return Council.objects.visible_to(by).filter(pk=council.pk).exists()
        case unit:
            return Council.objects.visible_to(by).filter(org_unit=unit).exists()


def correct(
    seen: Document, *, by: User, reason: str, scan: Staged | None = None, **became: Any
) -> Document:
    """Correct what of a document was typed wrong; ``seen``: the one that the page had. All that
    rests on it reads the correction; papers that were printed stay.

    Raises PermissionDenied; ValidationError, by field, where :func:`documents.correct` does.
    """
    with transaction.atomic():
        its = correctable(seen, by)
        if its is None:
            raise PermissionDenied
        if Document.objects.filter(replaces=seen).exists():
            raise ValidationError(documents.CORRECTED_ALREADY)
        capacity = _capacity(by, its.unit)
        if not seen.body:
            # Of before the ledger: its unit decided.
            became["issuer"] = its.unit
        new = documents.correct(
            seen, by=by, reason=reason, scan=scan, capacity=capacity, asked=True, **became
        )
        of = its.of
        told: Any = of.council if isinstance(of, EvaluationRound) else of
        if isinstance(of, OrgUnit):
            told = LaidDown(its.row, Cycle.to_record_in().pk)
        HistoryEntry.objects.record(
            "council.correct_decision",
            told,
            by=by,
            capacity=capacity,
            reason=reason.strip(),
            ledger=new.pk,
            was=str(seen),
            document=str(new),
        )
    return new


def _capacity(by: User, unit: OrgUnit) -> RoleAssignment | None:
    """The post in which somebody corrects it; None by a seat alone."""
    posts = (by.capacity(role, unit.pk) for role in (Role.COUNCIL_OFFICE, Role.OFFICER))
    return next(filter(None, posts), None)
