"""Certificates that wait for their numbers, by the decision that gave them (chờ số)."""

from __future__ import annotations

from typing import Any

import rules
from django.db.models import Count, Exists, OuterRef

from cycle.models import User
from dossiers.law.acts import NUMBERERS
from dossiers.models import ACTS, Certificate
from dossiers.rules import area_of

#: So many decisions are on the page.
DECISIONS = 100


def given(user: User) -> Any:
    """The certificates in the area of who enters numbers, the last of each dossier; without those
    of before whose decision is not known.
    """
    later = Certificate.objects.filter(dossier=OuterRef("dossier"), pk__gt=OuterRef("pk"))
    return Certificate.objects.filter(
        ~Exists(later), dossier__commune__in=area_of(user, NUMBERERS), decision__isnull=False
    )


def waiting(user: User) -> Any:
    """Those that may get a number, and have none."""
    begins = ACTS["number_certificate"].begins
    return given(user).filter(number_in_force=None, dossier__state__in=begins)


def count_waiting(user: User) -> int:
    """How many wait, for the inbox; 0, without asking, for who enters none."""
    return waiting(user).count() if rules.has_perm("dossiers.number_certificates", user) else 0


def decisions(user: User) -> list[dict[str, Any]]:
    """The decisions whose certificates wait, the newest first: how many, and of which rounds."""
    of = "decision__document"
    found = list(
        waiting(user)
        .order_by()
        .values_list(of, f"{of}__number", f"{of}__signed_on")
        .annotate(waits=Count("pk"))
        .order_by(f"-{of}__signed_on", f"-{of}")[:DECISIONS]
    )
    rounds: dict[int, list[str]] = {}
    judged = (
        waiting(user)
        .filter(**{f"{of}__in": [document for document, *_rest in found]})
        # A round that was given up judged nothing.
        .filter(dossier__round_entries__round__state="closed")
        .order_by("dossier__round_entries__round")
        .values_list(of, "dossier__round_entries__round__name")
        .distinct()
    )
    for document, name in judged:
        rounds.setdefault(document, []).append(name)
    names = ("document", "number", "signed_on", "waits")
    return [
        dict(zip(names, row, strict=True)) | {"rounds": rounds.get(row[0], [])} for row in found
    ]
