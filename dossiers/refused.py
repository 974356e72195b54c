"""The page for who may not do what they asked for (không thuộc vai trò của bạn)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render

if TYPE_CHECKING:
    from django.http import HttpResponse

    from cycle.asking import SignedIn
    from dossiers.law.conditions import Words


def not_allowed(request: SignedIn, label: Words) -> HttpResponse:
    """Says that what is called ``label`` is another role's and nothing has changed; status 403."""
    return render(request, "dossiers/not_allowed.html", {"act": {"label": label}}, status=403)
