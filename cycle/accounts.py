"""How allauth behaves here: accounts are given by the administrator, nobody signs up."""

import hashlib

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings

from cycle.models import User


class AccountAdapter(DefaultAccountAdapter):
    """Closed to sign-up: an account is a role in the administration."""

    def is_open_for_signup(self, request):
        return False


def counted_name(request, credentials=None):
    """The name under which a failed sign-in is counted: the account's own, however it was typed.

    What is nobody's name may be a password typed in the wrong box: only its mark is kept.
    """
    typed = (credentials or {}).get("username") or request.POST.get("login", "")
    known = User.objects.filter(username__iexact=typed.strip()).values_list("username", flat=True)
    if name := known.first():
        return name
    return hashlib.sha256(f"{settings.SECRET_KEY}{typed}".encode()).hexdigest()[:20]
