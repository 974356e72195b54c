"""A printed slip is the way to a password that its owner alone knows (phiếu kích hoạt).

The code stands on the paper and in its QR code; here only its mark is kept, so that neither the
database nor a backup of it lets anybody in. In the QR code's address it stands after «#», which no
browser sends: no log of any server on the way has it.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, TypeVar

from axes.utils import reset
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from cycle import accounts, clock
from cycle.appointing import Appointed
from cycle.locking import locked
from cycle.models import ActivationSlip, HistoryEntry, User, end_of

if TYPE_CHECKING:
    from collections.abc import Callable

    _Answers = TypeVar("_Answers", bound=Callable[[User, User], bool])

#: Functions of who printed a slip and its person: whether the one may still let the other in.
_answering: list[Callable[[User, User], bool]] = []

#: A slip printed today works to the end of the day so many days later.
DAYS = 14
#: Without what looks alike in print: I and 1, L, O and 0.
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
#: 31 letters, 16 of them: 79 bits, which nobody finds by trying.
LENGTH = 16


def answering(function: _Answers) -> _Answers:
    """Register a function of (who printed, person) that says whether the one answers for the other
    at the moment of use.
    """
    _answering.append(function)
    return function


class SlipRefused(Exception):
    """The slip lets nobody in; the message is the sentence for who holds it."""


@dataclass(frozen=True)
class Printed:
    """A slip as it goes to the printer, the only place where its code is."""

    person: User
    code: str
    expires_on: date

    @property
    def shown(self) -> str:
        """The code in fours: «K7MQ-3XPA-9TBC-2HWR»."""
        return "-".join(re.findall("....", self.code))


def issue(people: Iterable[User], *, by: User | None) -> list[Printed]:
    """Make a slip for each of ``people``, in their order (in phiếu); the ones of before are void.

    Whoever asks this has checked that ``by`` may. Inside one transaction with what brought them.
    """
    people, now = list(people), clock.now()
    expires_on = clock.today() + timedelta(days=DAYS)
    printed = []
    with transaction.atomic():
        # Two who print for one person at once: the second waits here, and voids the first's.
        list(User.objects.select_for_update().filter(pk__in=[p.pk for p in people]).order_by("pk"))
        void(people)
        for person in people:
            code = "".join(secrets.choice(LETTERS) for _letter in range(LENGTH))
            printed.append(Printed(person, code, expires_on))
        ActivationSlip.objects.bulk_create(
            ActivationSlip(
                user=slip.person, mark=_mark(slip.code), made_by=by, made_at=now,
                expires_on=expires_on,
            )
            for slip in printed
        )  # fmt: skip
        HistoryEntry.objects.record_all(
            [
                HistoryEntry.objects.entry(
                    "person.slip", Appointed(person), by=by, at=now,
                    expires_on=expires_on.isoformat(),
                )
                for person in people
            ]
        )  # fmt: skip
    return printed


def void(people: Iterable[User]) -> None:
    """Let no slip of ``people`` work any more."""
    working = ActivationSlip.objects.filter(user__in=people, used_at=None, voided_at=None)
    working.update(voided_at=clock.now())


def redeem(typed: str, password: str) -> User:
    """Give the account of the slip this ``password``, once (kích hoạt). Returns its person.

    Raises :class:`SlipRefused`; nothing is then changed.
    """
    with transaction.atomic():
        slips = ActivationSlip.objects.select_related("user", "made_by")
        found = locked(slips.filter(mark=_mark(_read(typed)))).first()
        slip = _working(found)
        person = User.objects.select_for_update().get(pk=slip.user_id)
        if not person.is_active:
            raise SlipRefused(_("Tài khoản của phiếu này đã ngừng dùng."))
        _check_maker(slip.made_by, person)
        event = "person.new_password" if person.has_usable_password() else "person.begin"
        person.set_password(password)
        person.save(update_fields=["password"])
        slip.used_at = clock.now()
        slip.save(update_fields=["used_at"])
        accounts.end_sessions(person)
        HistoryEntry.objects.record(event, Appointed(person), by=person, slip=slip.pk)
    # Who tried old passwords until the sign-in closed is let in with the new one.
    reset(username=person.username)
    return person


def _working(slip: ActivationSlip | None) -> ActivationSlip:
    """The slip, if it lets somebody in. Raises SlipRefused."""
    if slip is None:
        raise SlipRefused(
            _("Không có phiếu nào mang mã này: hãy xem lại từng chữ, hoặc xin phiếu khác.")
        )
    if slip.used_at is not None:
        raise SlipRefused(
            _(
                "Phiếu này đã dùng ngày %(day)s, mỗi phiếu dùng một lần. Quên mật khẩu: xin phiếu "
                "mới."
            )
            % {"day": f"{timezone.localtime(slip.used_at):%d/%m/%Y}"}
        )
    if slip.voided_at is not None:
        raise SlipRefused(_("Phiếu này đã hủy vì có phiếu in sau: hãy dùng phiếu mới nhất."))
    if clock.now() >= end_of(slip.expires_on):
        raise SlipRefused(
            _("Phiếu này hết hạn ngày %(day)s: hãy xin phiếu mới.")
            % {"day": f"{slip.expires_on:%d/%m/%Y}"}
        )
    return slip


def _check_maker(maker: User | None, person: User) -> None:
    """Whoever printed it may have kept the code: of no use once the person has work that the
    printer does not answer for. A slip of the server names nobody. Raises SlipRefused.
    """
    if maker is not None and not all(answers(maker, person) for answers in _answering):
        raise SlipRefused(
            _("Người in phiếu này không còn phụ trách tài khoản của phiếu: hãy xin phiếu mới.")
        )


def _read(typed: str) -> str:
    """The code as it was printed, from how it is typed: small letters, spaces, dashes."""
    seen = unicodedata.normalize("NFKC", typed).upper()
    return re.sub(r"[\W_]", "", seen)


def _mark(code: str) -> str:
    """What a code is known by; of use only to who also has this installation's key."""
    return salted_hmac("cycle.slip", code, algorithm="sha256").hexdigest()
