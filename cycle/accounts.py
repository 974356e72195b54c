"""How allauth behaves here: accounts are given by the administrator, nobody signs up."""

from __future__ import annotations

import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.http import HttpRequest

from cycle.models import User
from cycle.visiting import address


class AccountAdapter(DefaultAccountAdapter):
    """Closed to sign-up: an account is a role in the administration."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Whose sign-ins are counted together: the client's, never all behind our proxy."""
        return address(request)


def counted_name(request: Any, credentials: dict[str, Any] | None = None) -> str:
    """The name under which axes counts a failed sign-in: the account's ``username``.

    Text that is no account's name may be a password typed in the wrong box: only a hash is kept.
    """
    typed = (credentials or {}).get("username") or request.POST.get("login", "")
    known = User.objects.filter(username__iexact=typed.strip()).values_list("username", flat=True)
    if name := known.first():
        return name
    return hashlib.sha256(f"{settings.SECRET_KEY}{typed}".encode()).hexdigest()[:20]


def end_sessions(person: User) -> None:
    """Delete every session of ``person``. Otherwise a reactivated account finds its old ones open.

    The table has no column for the user, so each row is decoded.
    """
    theirs = [
        row.pk
        for row in Session.objects.iterator()
        if row.get_decoded().get(SESSION_KEY) == str(person.pk)
    ]
    Session.objects.filter(pk__in=theirs).delete()
