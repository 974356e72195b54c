"""Giving a term more time on a document (gia hạn), with its task and its history entry."""

from __future__ import annotations

import rules
from django.core.exceptions import PermissionDenied
from django.db import transaction

from cycle import appointing, clock
from cycle.locking import locked
from cycle.models import Document, HistoryEntry, User, check_document
from dossiers.models import Dossier, Process, Task, Term
from dossiers.rules import approving


def extend(term: Term, *, by: User, days: int, reason: str, document: Document) -> Term:
    """Lengthen ``term`` by ``days`` of its unit, on a document, as typed (gia hạn); returns it.

    Raises PermissionDenied for whoever may not approve it; ValidationError as
    :meth:`~dossiers.models.term.Term.extend` and the ledger do. Nothing is changed then.
    """
    with transaction.atomic():
        # Process, dossier, clock, head of history: the order in which everybody locks.
        list(
            Process.objects.select_for_update().filter(
                dossier=term.dossier_id, finished__isnull=True
            )
        )
        dossier = Dossier.objects.select_for_update().filter(pk=term.dossier_id).first()
        term = locked(Term.objects.select_related("org_unit").filter(pk=term.pk)).get()
        if not rules.has_perm("dossiers.extend_term", by, term):
            raise PermissionDenied
        before = term.due_on
        check_document(document.number, "number")
        held = approving(by, term)[0]
        paper = appointing.recorded(document, [term.org_unit], by=by, capacity=held)
        term.extend(days=days, at=clock.now(), by=by, reason=reason, basis=paper)
        if term.task_id:
            Task.objects.filter(pk=term.task_id).update(due_on=term.due_on, due_at=term.due_at)
        HistoryEntry.objects.record(
            "term.extend",
            dossier,
            by=by,
            capacity=held,
            reason=f"{reason.strip()} ({paper.number})",
            term=term.pk,
            code=term.code,
            days=days,
            document=str(paper),
            ledger=paper.pk,
            due_was=before.isoformat(),
            due_on=term.due_on.isoformat(),
        )
    return term
