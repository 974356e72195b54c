"""Somebody is away, another acts."""

from datetime import timedelta

from cycle import clock
from cycle.models import Document, Substitution, User
from cycle.models.folding import days_in
from tests import judging


def on_paper(document="", document_signer=""):
    """What «12/QĐ-UBND ngày 02/11/2026» names, or of today, as a form asks for it: unsaved."""
    if not document:
        return None
    return Document(
        number=document.split(" ngày ")[0].split(",")[0],
        signed_on=(days_in(document) or [clock.today()])[0],
        signer=document_signer or "Giàng A Ký",
        signer_capacity="Chủ tịch",
    )


def of_ledger(text, unit):
    """The same in the ledger, past the door."""
    return judging.recorded(on_paper(text), unit)


def substitute_for(assignment, user, by, days=7, document="", **fields):
    """A substitution from today on, as the database keeps it."""
    today = clock.today()
    if document:
        fields["basis"] = of_ledger(document, assignment.org_unit)
    return Substitution.objects.create(
        assignment=assignment,
        substitute=user,
        valid_from=today,
        valid_to=today + timedelta(days=days),
        reason="Nghỉ phép",
        created_by=by,
        **fields,
    )


def fresh(user):
    """The person, as the next request reads them."""
    return User.objects.get(pk=user.pk)
