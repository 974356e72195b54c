"""How allauth behaves here: accounts are given by the administrator, nobody signs up."""

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session


class AccountAdapter(DefaultAccountAdapter):
    """Closed to sign-up: an account is a role in the administration."""

    def is_open_for_signup(self, request):
        return False


def end_sessions(person):
    """Sign ``person`` out everywhere, for good: a session that sleeps would wake with the account.

    A row of a session does not say whose it is, so each is read.
    """
    theirs = [
        row.pk
        for row in Session.objects.iterator()
        if row.get_decoded().get(SESSION_KEY) == str(person.pk)
    ]
    Session.objects.filter(pk__in=theirs).delete()
