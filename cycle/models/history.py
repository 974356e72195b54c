"""History: what happened, in chained rows that never change; and the outbox for notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cycle import clock, events, guards
from cycle.models.organisation import OrgUnit, Role, User

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.utils.functional import Promise

    from cycle.models.organisation import RoleAssignment

    class Recorded(Protocol):
        """What an entry can be about."""

        @property
        def pk(self) -> Any: ...
        @property
        def history_stream(self) -> str: ...
        @property
        def history_cycle_id(self) -> int | None: ...


#: Entries of one statement.
CHUNK = 1000


class Stream(models.TextChoices):
    """What a chain of entries is about."""

    DOSSIER = "dossier", _("Hồ sơ")
    ROUND = "round", _("Đợt đánh giá")
    COUNCIL = "council", _("Hội đồng")
    CYCLE = "cycle", _("Chu trình")
    PERSON = "person", _("Nhân sự")
    OFFICE = "office", _("Văn phòng")


class HistoryManager(models.Manager["HistoryEntry"]):
    """``record()`` writes history; only set-based SQL (the sweep) inserts rows by itself."""

    def record(
        self,
        event: str,
        target: Recorded,
        *,
        by: User | None = None,
        capacity: RoleAssignment | None = None,
        acting_for: User | None = None,
        at: datetime | None = None,
        before: str = "",
        after: str = "",
        reason: str = "",
        **data: Any,
    ) -> HistoryEntry:
        """Insert the history entry ``event`` of ``target``, and its outbox row.

        ``target`` has ``history_stream``; ``capacity`` is the RoleAssignment that ``by`` acted in;
        ``at`` is when it happened, by default now; ``before`` and ``after`` are states; other
        keyword arguments are the entry's ``data``. Raises TransactionManagementError outside a
        transaction, KeyError for an unregistered event.
        """
        if not transaction.get_connection().in_atomic_block:
            raise transaction.TransactionManagementError("record() outside a transaction")
        entry = self.entry(
            event, target, by=by, capacity=capacity, acting_for=acting_for, at=at, before=before,
            after=after, reason=reason, **data,
        )  # fmt: skip
        entry.save(force_insert=True)
        if not clock.replaying():
            OutboxMessage.objects.create(entry=entry)
        return entry

    def record_all(self, entries: Sequence[HistoryEntry]) -> None:
        """Write down many entries of :meth:`entry` in few statements, in their order."""
        if not transaction.get_connection().in_atomic_block:
            raise transaction.TransactionManagementError("record_all() outside a transaction")
        self.bulk_create(entries, CHUNK)
        if not clock.replaying():
            OutboxMessage.objects.bulk_create(
                [OutboxMessage(entry=entry) for entry in entries], CHUNK
            )

    def entry(
        self,
        event: str,
        target: Recorded,
        *,
        by: User | None = None,
        capacity: RoleAssignment | None = None,
        acting_for: User | None = None,
        at: datetime | None = None,
        before: str = "",
        after: str = "",
        reason: str = "",
        **data: Any,
    ) -> HistoryEntry:
        """What :meth:`record` writes, unsaved. Raises KeyError for an event nobody registered."""
        events.label(event)
        if acting_for is None and capacity is not None and by and capacity.user_id != by.pk:
            acting_for = capacity.user
        return HistoryEntry(
            stream=target.history_stream,
            stream_id=target.pk,
            cycle_id=target.history_cycle_id,
            event=event,
            label=str(target)[:300],
            actor=by,
            role=capacity.role if capacity else "",
            org_unit_id=capacity.org_unit_id if capacity else None,
            acting_for=acting_for,
            before=before,
            after=after,
            reason=reason,
            data=data,
            at=at or clock.now(),
        )


class HistoryEntry(models.Model):
    """One line of a record's history (nhật ký xử lý). Never changed, never deleted.

    ``seq``, ``recorded_at``, ``payload``, ``prev_hash`` and ``hash`` are filled by the database as
    the row goes in (trigger ``history_chain``), whoever inserts it and by whatever means:
    ``hash`` = SHA-256 of the previous hash, a line feed, and ``payload``, the exact text of all
    that the entry says. The chain is per stream and ordered by ``seq``.
    """

    stream = models.CharField(_("chuỗi"), max_length=12, choices=Stream)
    stream_id = models.BigIntegerField()
    seq = models.BigIntegerField(_("số thứ tự"), db_default=0, editable=False)
    cycle = models.ForeignKey(
        "cycle.Cycle",
        models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        verbose_name=_("chu trình"),
    )
    event = models.CharField(_("sự kiện"), max_length=60)
    label = models.CharField(_("đối tượng"), max_length=300)
    actor = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        verbose_name=_("người thực hiện"),
    )
    role = models.CharField(_("tư cách"), max_length=20, choices=Role, blank=True)
    org_unit = models.ForeignKey(
        OrgUnit,
        models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        verbose_name=_("đơn vị"),
    )
    acting_for = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        verbose_name=_("thay mặt"),
    )
    before = models.CharField(_("trước"), max_length=40, blank=True)
    after = models.CharField(_("sau"), max_length=40, blank=True)
    reason = models.TextField(_("lý do"), blank=True)
    data = models.JSONField(_("chi tiết"), default=dict)
    at = models.DateTimeField(_("xảy ra lúc"))
    recorded_at = models.DateTimeField(_("ghi lúc"), db_default=Now(), editable=False)
    version = models.SmallIntegerField(_("phiên bản định dạng"), db_default=1, editable=False)
    payload = models.TextField(_("nội dung được băm"), db_default="", editable=False)
    prev_hash = models.CharField(max_length=64, db_default="", editable=False)
    hash = models.CharField(_("mã băm"), max_length=64, db_default="", editable=False)

    #: Set by lists: whose sheet or which product the entry is about.
    about = ""

    objects = HistoryManager()

    class Meta:
        verbose_name = _("nhật ký xử lý")
        verbose_name_plural = _("nhật ký xử lý")
        ordering = ["stream", "stream_id", "seq"]
        indexes = [
            models.Index(fields=["event", "at"], name="history_of_event"),
            models.Index(fields=["cycle", "event"], name="history_of_cycle"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "stream_id", "seq"], name="history_seq_once_per_stream"
            ),
            models.CheckConstraint(
                condition=Q(stream__in=Stream.values), name="history_stream_known"
            ),
        ]
        triggers = [guards.Immutable(name="history_append_only")]

    def __str__(self) -> str:
        return f"{self.stream} {self.stream_id}/{self.seq} {self.event}"

    @property
    def sentence(self) -> str | Promise:
        """What was done, as a verb phrase in the reader's language."""
        return events.label(self.event)


class HistoryHead(models.Model):
    """The last link of each chain. Only the trigger writes it; the application may not."""

    stream = models.CharField(max_length=12)
    stream_id = models.BigIntegerField()
    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "stream_id"], name="history_head_once")
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.stream_id}: {self.seq}"


class OutboxMessage(models.Model):
    """A history entry whose notifications are still to be made (hộp thư đi)."""

    entry = models.OneToOneField(
        HistoryEntry, models.PROTECT, primary_key=True, related_name="outbox"
    )
    dispatched_at = models.DateTimeField(null=True)
    error = models.TextField(_("lỗi"), blank=True, db_default="")

    class Meta:
        indexes = [
            models.Index(fields=["entry"], name="outbox_pending", condition=Q(dispatched_at=None))
        ]

    def __str__(self) -> str:
        return f"outbox {self.pk}"
