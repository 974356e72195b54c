"""A forgotten password by mail: a code in a letter, for an hour and once (quên mật khẩu).

Beside the slip that the unit's leader prints. Nothing is kept of the code: it is signed with the
key of the installation over the password of before, so that choosing a new one ends it. In the
address of the letter it stands after «#», which no browser sends: no log has it.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from axes.utils import reset
from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import base36_to_int, int_to_base36
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from cycle import accounts, clock, site, slips
from cycle.appointing import Appointed
from cycle.models import HistoryEntry, Job, User
from cycle.models.job import job_kind
from cycle.running import quarantine

KIND = "account.letter"
#: Letters to one account within an hour: nobody's box is filled by a stranger.
LETTERS = 3
#: Accounts that may share an address, each told of its own sign-in.
SHARING = 5
#: So long after it was asked for a letter is still wanted.
WANTED = timedelta(hours=1)
_CODE = re.compile(r"([0-9a-z]{1,13})-([0-9a-z]{1,13}-[0-9a-f]{16,64})")


class _Tokens(PasswordResetTokenGenerator):
    """Django's, by the clock that all machines share."""

    key_salt = "cycle.forgotten"

    def _now(self) -> datetime:
        return timezone.make_naive(clock.now())


_tokens = _Tokens()


class CodeRefused(Exception):
    """The code lets nobody in; the message is the sentence for who typed it."""


class LetterNotSent(Exception):
    """The letter could not be sent; the message says what failed, and neither address nor code."""


def possible() -> bool:
    """Whether this installation sends mail at all."""
    return bool(settings.EMAIL_HOST)


def ask(typed: str) -> None:
    """Have a letter sent to whose sign-in or address this is, if there is such an account.

    The caller learns nothing of it, and neither does who waits for the page: the letter is written
    in the background.
    """
    typed = typed.strip()
    if not typed or not possible():
        return
    since = clock.now() - WANTED
    named = Q(username__iexact=typed) | Q(email__iexact=typed)
    for person in _reached().filter(named).order_by("pk")[:SHARING]:
        asked = Job.objects.filter(kind=KIND, params__person=person.pk, created_at__gt=since)
        if asked.count() < LETTERS:
            Job.objects.ask(KIND, by=None, person=person.pk)


def _reached() -> QuerySet[User]:
    """Accounts that have a password to forget and an address to be told at."""
    begun = User.objects.filter(is_active=True).exclude(email="").exclude(password="")
    return begun.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)


@job_kind(KIND, gettext_lazy("Gửi thư đặt lại mật khẩu"))
def write(job: Job) -> dict[str, Any]:
    """Send the letter of one request."""
    person = _reached().filter(pk=job.params["person"]).first()
    if person is None or job.created_at < clock.now() - WANTED or quarantine.since():
        return {"sent": False}
    with override(person.language):
        said = render_to_string(
            "account/messages/forgotten.txt",
            {
                "person": person,
                "code": code_for(person),
                "address": site.address(reverse("dossiers:new_password")),
                "minutes": settings.PASSWORD_RESET_TIMEOUT // 60,
            },
        )
        subject = _("OCOP: đặt lại mật khẩu")
    letter = EmailMessage(
        subject,
        said,
        settings.DEFAULT_FROM_EMAIL,
        [person.email],
        headers={"Auto-Submitted": "auto-generated"},
        connection=get_connection(timeout=settings.EMAIL_TIMEOUT),
    )
    try:
        letter.send()
    except OSError as error:
        # Of servers and of the network; what they say may repeat the address.
        raise LetterNotSent(type(error).__name__) from None
    with transaction.atomic():
        HistoryEntry.objects.record("person.letter", Appointed(person), by=None)
    return {"sent": True}


def code_for(person: User) -> str:
    """What lets this person choose a new password, for an hour, once."""
    return f"{int_to_base36(person.pk)}-{_tokens.make_token(person)}"


def redeem(typed: str, password: str) -> User:
    """Give the account of a letter's code this ``password``, once. Returns its person.

    Raises :class:`CodeRefused`; nothing is then changed.
    """
    refused = CodeRefused(
        _("Mã này không dùng được: đã dùng, đã quá giờ hoặc gõ chưa đủ. Hãy xin thư mới.")
    )
    found = _CODE.fullmatch(re.sub(r"\s", "", typed).lower())
    if found is None:
        raise refused
    with transaction.atomic():
        # Of two with one code the second waits here, and then finds another password.
        person = (
            _reached()
            .select_for_update()
            .filter(pk=min(base36_to_int(found[1]), 2**63 - 1))
            .first()
        )
        if person is None or not _tokens.check_token(person, found[2]):
            raise refused
        person.set_password(password)
        person.save(update_fields=["password"])
        accounts.end_sessions(person)
        # A paper that still lies about would undo what the person has just chosen.
        slips.void([person])
        HistoryEntry.objects.record("person.new_password_by_mail", Appointed(person), by=person)
    # Who tried old passwords until the sign-in closed is let in with the new one.
    reset(username=person.username)
    return person
