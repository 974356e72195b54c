"""History: what happened, in chained rows that never change; and the outbox for notifications.

What an entry says and how it is hashed is written down in docs/decisions/0009-payload-version-2.md.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.db.models.query_utils import DeferredAttribute
from django.utils.translation import gettext_lazy as _

from cycle import clock, events, guards
from cycle.models.organisation import OrgUnit, Role, User

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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

#: What is read in the place of a personal text that was erased.
ERASED = _("(đã xóa)")

#: ``[model, id, {column: [before, after]}]``.
Changed = list[Any]

EMPTY_OBJECT = models.Value({}, models.JSONField())
EMPTY_LIST = models.Value([], models.JSONField())


class Stream(models.TextChoices):
    """What a chain of entries is about."""

    DOSSIER = "dossier", _("Hồ sơ")
    ROUND = "round", _("Đợt đánh giá")
    COUNCIL = "council", _("Hội đồng")
    CYCLE = "cycle", _("Chu trình")
    PERSON = "person", _("Nhân sự")
    OFFICE = "office", _("Văn phòng")
    CONFIGURATION = "config", _("Cấu hình")
    UNIT = "unit", _("Đơn vị")
    PRODUCER = "producer", _("Chủ thể")
    PRODUCT = "product", _("Sản phẩm")
    DOCUMENT = "document", _("Văn bản")


class HistoryManager(models.Manager["HistoryEntry"]):
    """``record()`` writes history; only set-based SQL (the sweep) inserts rows by itself."""

    def get_queryset(self) -> models.QuerySet[HistoryEntry]:
        """Entries with their personal words, which no page reads one by one."""
        return super().get_queryset().select_related("sealed_text")

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
        saved: Sequence[models.Model] = (),
        became: Sequence[Changed] = (),
        attached: Sequence[str] = (),
        ledger: int | None = None,
        **data: Any,
    ) -> HistoryEntry:
        """Insert the history entry ``event`` of ``target``, and its outbox row.

        ``target`` has ``history_stream``; ``capacity`` is the RoleAssignment that ``by`` acted in;
        ``at`` is when it happened, by default now; ``before`` and ``after`` are states;
        ``saved`` are the rows that were saved, ``became`` what changed in them (:func:`changed`),
        ``attached`` the SHA-256 of each file that came with it, ``ledger`` the id of the document
        that it rests on; other keyword arguments are the entry's ``data``. Raises
        TransactionManagementError outside a transaction, KeyError for an unregistered event.
        """
        if not transaction.get_connection().in_atomic_block:
            raise transaction.TransactionManagementError("record() outside a transaction")
        entry = self.entry(
            event, target, by=by, capacity=capacity, acting_for=acting_for, at=at, before=before,
            after=after, reason=reason, saved=saved, became=became, attached=attached,
            ledger=ledger, **data,
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
        saved: Sequence[models.Model] = (),
        became: Sequence[Changed] = (),
        attached: Sequence[str] = (),
        ledger: int | None = None,
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
            records=[[row._meta.label_lower, row.pk] for row in saved],
            changed=list(became),
            files=list(attached),
            ledger=ledger,
            at=at or clock.now(),
        )


def changed(before: models.Model | None, after: models.Model) -> list[Changed]:
    """Which columns of a saved row changed, empty when none did; ``before`` is it as it was."""
    columns = {}
    for field in after._meta.concrete_fields:
        if field.generated or field.primary_key:
            continue
        was = None if before is None else field.value_to_string(before)
        now = field.value_to_string(after)
        if was != now:
            columns[field.column] = [was, now]
    return [[after._meta.label_lower, after.pk, columns]] if columns else []


class _Said(DeferredAttribute):
    """A column from which the database takes personal text into :class:`SealedText`."""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        if instance is None:
            return self
        return instance.with_words(self.field.attname, super().__get__(instance, cls))

    def __set__(self, instance: Any, value: Any) -> None:
        # Without it, what was read from the column would hide this attribute.
        vars(instance)[self.field.attname] = value


class _SaidText(models.TextField):
    descriptor_class = _Said

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs


class _SaidChars(models.CharField):
    descriptor_class = _Said

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class _SaidData(models.JSONField):
    descriptor_class = _Said

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs


class HistoryEntry(models.Model):
    """One line of a record's history (nhật ký xử lý). Never changed, never deleted.

    ``seq``, ``recorded_at``, ``unit_name``, ``sealed``, ``transaction``, the hashes in ``records``,
    ``payload``, ``prev_hash`` and ``hash`` are filled by the database as the row goes in (trigger
    ``history_chain``), whoever inserts it and by whatever means: ``hash`` = SHA-256 of the previous
    hash, a line feed, and ``payload``, the exact text of all that the entry says. The chain is per
    stream and ordered by ``seq``.

    Personal text (names, the reason, some of ``data``) is taken out of the row into its
    :class:`SealedText`; ``reason``, ``label`` and ``data`` read as they were given all the same.
    In SQL they are without it: ask for nothing personal there.
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
    label = _SaidChars(_("đối tượng"), max_length=300)
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
    reason = _SaidText(_("lý do"), blank=True)
    data = _SaidData(_("chi tiết"), default=dict)
    #: What the unit was called.
    unit_name = models.CharField(_("tên đơn vị"), max_length=200, db_default="", editable=False)
    #: ``{part: SHA-256 of salt and text}`` of each personal text; see :class:`SealedText`.
    sealed = models.JSONField(
        _("lời riêng đã băm"), default=dict, db_default=EMPTY_OBJECT, editable=False
    )
    #: ``[model, id, SHA-256 of its canonical row]`` of each row that was saved.
    records = models.JSONField(_("bản ghi"), default=list, db_default=EMPTY_LIST, editable=False)
    #: :data:`Changed` of each row that was changed.
    changed = models.JSONField(_("cột đã đổi"), default=list, db_default=EMPTY_LIST, editable=False)
    #: SHA-256 of each file that came with it.
    files = models.JSONField(_("tệp"), default=list, db_default=EMPTY_LIST, editable=False)
    #: The document in the ledger that it rests on (văn bản).
    ledger = models.BigIntegerField(_("văn bản"), null=True, editable=False)
    #: The transaction that wrote it (``xid8``): what was written together has the same.
    transaction = models.BigIntegerField(_("giao dịch"), null=True, editable=False)
    at = models.DateTimeField(_("xảy ra lúc"))
    recorded_at = models.DateTimeField(_("ghi lúc"), db_default=Now(), editable=False)
    version = models.SmallIntegerField(_("phiên bản định dạng"), db_default=2, editable=False)
    payload = models.TextField(_("nội dung được băm"), db_default="", editable=False)
    prev_hash = models.CharField(max_length=64, db_default="", editable=False)
    hash = models.CharField(_("mã băm"), max_length=64, db_default="", editable=False)

    #: Set by lists: whose sheet or which product the entry is about; what those are called whom its
    #: data names by their ids, ``{dossier id: product}`` and ``{member id: person}``.
    about = ""
    products: Mapping[int, str] = MappingProxyType({})
    people: Mapping[int, str] = MappingProxyType({})

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
        return events.label(self.event, again=bool(self.data.get("corrects")))

    # --- As it was at the act ----------------------------------------------------------------

    @property
    def words(self) -> dict[str, Any]:
        """The personal texts of this entry by their part, as far as none was erased."""
        if not self.sealed:
            return {}
        try:
            return self.sealed_text.words
        except SealedText.DoesNotExist:
            return {}

    def with_words(self, column: str, stored: Any) -> Any:
        """The value of ``column`` with what was taken out of it."""
        if not self.__dict__.get("sealed"):
            return stored
        if column != "data":
            if stored or column not in self.sealed:
                return stored
            return self.words.get(column, str(ERASED))
        taken = [
            key
            for part in self.sealed
            if (key := part.removeprefix("data.")) != part and key not in stored
        ]
        if not taken:
            return stored
        words = self.words
        # What a row became is no text: who reads it asks :meth:`erased`.
        return stored | {
            key: words.get(f"data.{key}", str(ERASED))
            for key in taken
            if key != "changed" or f"data.{key}" in words
        }

    def erased(self, part: str) -> bool:
        """Whether the personal text ``part`` was here and was erased."""
        return part in self.sealed and part not in self.words

    def _named(self, part: str, of: User | None) -> str:
        if of is None:
            return ""
        if part in self.words:
            return self.words[part]
        if part in self.sealed:
            return str(_("(tên đã xóa)"))
        # Version 1 has no names; an entry that was not read from the database has none yet.
        return of.name_at(self.recorded_at if self.version == 1 else None)

    @property
    def who(self) -> str:
        """What who did it was called then; empty: the system."""
        return self._named("actor", self.actor)

    @property
    def whom(self) -> str:
        """What the person was called then for whom it was done; empty: nobody."""
        return self._named("acting_for", self.acting_for)

    @property
    def unit(self) -> str:
        """What the unit was called then; empty: none."""
        if self.org_unit is None:
            return ""
        if self.version == 1:
            return self.org_unit.name_at(self.recorded_at)
        return self.unit_name or str(self.org_unit)


class SealedText(models.Model):
    """The personal texts of a history entry (lời riêng), each with its salt. An erasure empties it.

    ``words`` = ``{part: text}``, ``salts`` = ``{part: salt}``. A part is ``actor``, ``acting_for``,
    ``reason``, ``label`` or ``data.<key>``. The entry has of each SHA-256(salt ‖ text), so a word
    that was erased cannot be guessed from it, and one that is here can be proved.
    ``erased_by`` = ``{part: id of the erasure}`` (``dossiers.models.Erasure``), whose trigger alone
    empties a part; no row changes in another way (``words_only_emptied``).
    """

    entry = models.OneToOneField(
        HistoryEntry, models.PROTECT, primary_key=True, related_name="sealed_text"
    )
    words = models.JSONField(default=dict)
    salts = models.JSONField(default=dict)
    erased_by = models.JSONField(default=dict, db_default=EMPTY_OBJECT)

    def __str__(self) -> str:
        return f"sealed {self.pk}"


class RecordShape(models.Model):
    """The columns of a table at one time, of which a record's hash was made (cấu trúc bản ghi)."""

    model = models.CharField(max_length=60)
    columns = ArrayField(models.TextField())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "columns"], name="record_shape_once")
        ]

    def __str__(self) -> str:
        return f"{self.model}: {', '.join(self.columns)}"


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
