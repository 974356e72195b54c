"""Giving a term more time on a document (gia hạn), with its task and its history entry."""

from __future__ import annotations

import rules
from django.core.exceptions import PermissionDenied
from django.db import transaction

from cycle import clock
from cycle.locking import locked
from cycle.models import HistoryEntry, User
from dossiers.models import Dossier, Process, Task, Term
from dossiers.rules import approving


def extend(term: Term, *, by: User, days: int, reason: str, document: str) -> Term:
    """Lengthen ``term`` by ``days`` of its unit, on a document (gia hạn); returns it.

    Raises PermissionDenied for whoever may not approve it; ValidationError as
    :meth:`~dossiers.models.term.Term.extend` does. Nothing is changed then.
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
        term.extend(days=days, at=clock.now(), by=by, reason=reason, document=document)
        if term.task_id:
            Task.objects.filter(pk=term.task_id).update(due_on=term.due_on, due_at=term.due_at)
        HistoryEntry.objects.record(
            "term.extend",
            dossier,
            by=by,
            capacity=approving(by, term)[0],
            reason=f"{reason.strip()} ({document.strip()})",
            term=term.pk,
            code=term.code,
            days=days,
            document=document.strip(),
            due_was=before.isoformat(),
            due_on=term.due_on.isoformat(),
        )
    return term
