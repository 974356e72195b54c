"""«I got no mail» (thư đã gửi): what one person, or everybody of one dossier, was to be told, on
which channel, and how it went; and sending a letter again.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cycle import clock
from cycle.models import (
    HistoryEntry,
    Office,
    OutboxMessage,
    Role,
    RoleAssignment,
    Stream,
    User,
)
from dossiers.lists.filters import Queried
from dossiers.models import ActBatch, Dossier
from dossiers.office import people
from notifications import operations
from notifications.delivery import queue_again
from notifications.models import (
    Delivery,
    Notification,
    new_message_id,
)
from notifications.rules import runs_the_system

EVENT = "letter.resend"
#: So long a letter that went out is not sent again: it may be under way, or among unwanted mail.
PAUSE = timedelta(minutes=15)
WAITS = _("Thư này đang chờ gửi, hoặc không còn đúng nên không gửi.")
JUST_SENT = _(
    "Thư này vừa gửi lúc %(at)s: người nhận xem cả hộp thư rác; sau %(again)s mới gửi lại được."
)
#: Why nothing was written of one: told in the system alone, or in the letter of its whole batch.
ONLY_HERE = _("Chỉ báo trong hệ thống")
ONE_LETTER = _("Báo trong một thư chung của cả lượt")
#: The most rows of a page, and of the morning's and the week's letters beside them.
SHOWN, FEW = 50, 20
#: Who is the office of a unit.
_OFFICE = (Role.OFFICER, Role.LEADER)


def _office_of(user: User) -> QuerySet[RoleAssignment]:
    """The posts of today in the units for which ``user`` is the office or its leader."""
    units = user.business(*_OFFICE)
    return RoleAssignment.objects.held_on(clock.today()).filter(org_unit__in=units)


class Letters:
    """What was told, newest first. ``told``: the notifications; ``about``: whose or of what."""

    def __init__(self, user: User, told: QuerySet[Notification], about: Any) -> None:
        self.user, self.told, self.about = user, told, about

    @cached_property
    def operates(self) -> bool:
        """Whether the reader runs the system, and sees whatever is told."""
        return runs_the_system(self.user)

    @property
    def resends(self) -> bool:
        """Whether the reader may send again: nobody but an office, and nobody to themself alone."""
        return self.operates or self.user != self.about and bool(self.user.posts(*_OFFICE))

    def found(self) -> Queried:
        """The list: notifications with their deliveries and what they say."""
        rows = self.told.select_related("entry", "recipient").prefetch_related("deliveries")
        return Queried(rows.order_by("-pk"), self._shaped)

    def _shaped(self, rows: list[Any]) -> list[Any]:
        # Of what lies outside the reader's area nothing is said but that it was told.
        of_dossiers = {row.entry.stream_id for row in rows if row.entry.stream == Stream.DOSSIER}
        seen: set[int] = set()
        if of_dossiers and not self.operates:
            visible = Dossier.objects.visible_to(self.user).filter(pk__in=of_dossiers)
            seen = set(visible.values_list("pk", flat=True))
        strokes = {row.entry.data["together"] for row in rows if "together" in row.entry.data}
        batches, written = self._of_strokes(strokes)
        for row in rows:
            entry = row.entry
            stroke = entry.data.get("together")
            row.batch = stroke if stroke in batches else None
            row.unwritten = ONE_LETTER
            if (row.recipient_id, stroke, entry.event) not in written:
                row.unwritten = ONLY_HERE
            shown = (
                self.operates
                or row.recipient_id == self.user.pk
                or entry.stream not in (Stream.DOSSIER, Stream.ROUND)
                or entry.stream == Stream.DOSSIER
                and entry.stream_id in seen
            )
            row.about = operations.about(entry) if shown else gettext("Tin ngoài địa bàn của bạn")
        return rows

    def _of_strokes(self, strokes: set[int]) -> tuple[set[int], set[tuple[int, int, str]]]:
        """Of acts done together on one paper: the batches that the reader may see, and (recipient,
        batch, event) of each letter that tells of all of one.
        """
        if not strokes:
            return set(), set()
        seen = ActBatch.objects.visible_to(self.user).filter(pk__in=strokes)
        told = Notification.objects.of_strokes(strokes).filter(deliveries__isnull=False)
        keys = told.order_by().values_list("recipient", "entry__data__together", "entry__event")
        return set(seen.values_list("pk", flat=True)), set(keys)

    def _of_person(self) -> Q:
        return Q(digest__user=self.about) | Q(summary__leader=self.about)

    def others(self) -> list[Delivery]:
        """The morning's and the week's letters of the person."""
        if not isinstance(self.about, User):
            return []
        return list(
            Delivery.objects.filter(self._of_person())
            .select_related("digest", "summary")
            .order_by("-pk")[:FEW]
        )

    def untold(self) -> list[OutboxMessage]:
        """What of the dossier nobody was told yet, and why where that is known."""
        if isinstance(self.about, User):
            return []
        waiting = OutboxMessage.objects.filter(dispatched_at=None, entry__stream=Stream.DOSSIER)
        rows = waiting.filter(entry__stream_id=self.about.pk).select_related("entry")
        found: list[Any] = list(rows.order_by("-pk")[:FEW])
        for row in found:
            row.about = operations.about(row.entry)
        return found

    def resend(self, pk: int) -> str:
        """Send a letter of this list again, with a Message-ID that no mailbox has seen; recorded.
        Returns why not, in words, when it waits already or has just been sent; else "". Raises
        Http404 for one of another list.
        """
        if not self.resends:
            raise Http404
        own = Q(notification__in=self.told)
        if isinstance(self.about, User):
            own |= self._of_person()
        with transaction.atomic():
            delivery = get_object_or_404(
                Delivery.objects.select_for_update(of=("self",)).filter(own), pk=pk
            )
            if not delivery.goes_again:
                return str(WAITS)
            # One that failed was brought to nobody.
            if delivery.sent_at is not None and clock.now() < delivery.sent_at + PAUSE:
                at, again = (
                    timezone.localtime(moment).strftime("%H:%M")
                    for moment in (delivery.sent_at, delivery.sent_at + PAUSE)
                )
                return JUST_SENT % {"at": at, "again": again}
            HistoryEntry.objects.record(
                EVENT,
                Office(gettext("Thư đã gửi")),
                by=self.user,
                delivery=delivery.pk,
                person=delivery.recipient.pk,
                channel=delivery.channel,
                before=delivery.state,
            )
            queue_again(Delivery.objects.filter(pk=delivery.pk), message_id=new_message_id())
        operations.send_soon()
        return ""


def of_person(user: User, pk: int) -> Letters:
    """What a person was told; seen by themself, by the office and the leaders of their units, by
    who sees their account, and by who runs the system. Raises Http404.
    """
    person = get_object_or_404(User, pk=pk)
    if (
        person != user
        and not runs_the_system(user)
        and not _office_of(user).filter(user=person).exists()
        and not people.seen_by(user).filter(pk=pk).exists()
    ):
        raise Http404
    return Letters(user, Notification.objects.filter(recipient=person), person)


def of_dossier(user: User, pk: int) -> Letters:
    """What was told of a dossier, to the reader and to people of the units for which the reader is
    the office; to everybody, for who runs the system. Raises Http404.
    """
    dossiers = Dossier.objects.select_related("product")
    if not user.is_superuser:
        dossiers = dossiers.visible_to(user)
    dossier = get_object_or_404(dossiers, pk=pk)
    told = Notification.objects.filter(entry__stream=Stream.DOSSIER, entry__stream_id=dossier.pk)
    if not runs_the_system(user):
        told = told.filter(Q(recipient=user) | Q(recipient__in=_office_of(user).values("user")))
    return Letters(user, told, dossier)
