"""How allauth behaves here: accounts are given by the administrator, nobody signs up."""

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    """Closed to sign-up: an account is a role in the administration."""

    def is_open_for_signup(self, request):
        return False
