"""An act that one paper covers, done for many dossiers in one stroke (làm một lượt)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Self

import pgtrigger
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Count, Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from cycle import clock, guards
from cycle.files import HashField, Staged
from cycle.models import Job, JobState, RoleAssignment, User
from dossiers.law.acts import Act
from dossiers.models.dossier import Dossier
from dossiers.models.law import ACTS, State
from dossiers.models.task import Task

#: So long a row that was not done keeps what was typed of it, to be mended and done again.
KEPT = timedelta(days=30)


class ActBatchQuerySet(models.QuerySet["ActBatch"]):
    def visible_to(self, user: User) -> Self:
        """Those that this person asked for, or somebody in a post that they hold today."""
        same_post = user.in_posts("capacity__role", "capacity__org_unit")
        return self.filter(Q(by=user) | Q(capacity__isnull=False) & same_post)


class ActBatch(models.Model):
    """One stroke: an act, on whose behalf, and the paper that is common to its dossiers.

    ``paper`` is what the signed document says, and ``recent`` the key of one that it is said to be;
    its scan stands beside, as it was staged. What differs is in the rows (:class:`ActBatchRow`).
    ``job`` does them.
    """

    act = models.CharField(_("việc"), max_length=40)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("người yêu cầu"))
    capacity = models.ForeignKey(
        RoleAssignment, models.PROTECT, null=True, related_name="+", verbose_name=_("vai trò")
    )
    paper = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    scan_sha256 = HashField(blank=True)
    scan_bytes = models.BigIntegerField(default=0)
    scan_filename = models.CharField(max_length=200, blank=True)
    scan_type = models.CharField(max_length=100, blank=True)
    job = models.ForeignKey(Job, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("lúc"))

    objects = ActBatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("lượt làm cho nhiều hồ sơ")
        verbose_name_plural = _("lượt làm cho nhiều hồ sơ")
        ordering = ["-pk"]
        triggers = [
            guards.Stays(
                "act", "by_id", "capacity_id", "paper", "scan_sha256", "scan_bytes",
                "scan_filename", "scan_type", "at", name="act_batch_stays",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.act} #{self.pk}"

    @property
    def said(self) -> Act:
        """The act as it is declared."""
        return ACTS[self.act]

    @property
    def signed_on(self) -> date | None:
        """The day of its paper (ngày ký); None without one."""
        said = self.paper.get("signed_on")
        return date.fromisoformat(said) if said else None

    @property
    def staged(self) -> Staged:
        """The scan of its paper as it was staged."""
        return Staged(self.scan_sha256, self.scan_bytes, self.scan_filename, self.scan_type)

    def rest(self, user: User) -> models.QuerySet[ActBatchRow]:
        """The rows that were not done and will not be: ``user`` may ask for them again."""
        ended = [RowState.REFUSED, RowState.CANCELLED]
        if self.job is None or not self.job.waits:
            # Its job came to no end.
            ended.append(RowState.WAITING)
        return self.rows.visible_to(user).filter(state__in=ended)

    def counts(self) -> dict[str, int]:
        """How many rows stand how."""
        found = self.rows.order_by().values_list("state").annotate(n=Count("pk"))
        return dict.fromkeys(RowState.values, 0) | dict(found)


class RowState(models.TextChoices):
    """What came of the act for one dossier (kết quả từng hồ sơ)."""

    WAITING = "waiting", _("Chờ làm")
    DONE = "done", _("Đã làm")
    REFUSED = "refused", _("Không làm được")
    CANCELLED = "cancelled", _("Đã bỏ")


class ActBatchRowQuerySet(models.QuerySet["ActBatchRow"]):
    def visible_to(self, user: User) -> Self:
        """Those of a dossier that this person may see: a batch may be over several communes, of
        which whoever sees it has one.
        """
        return self.filter(dossier__in=Dossier.objects.visible_to(user))

    def _left(self) -> Self:
        """Those that were not done and that no worker will do."""
        waits = Q(state=RowState.WAITING, batch__job__state__in=[JobState.QUEUED, JobState.RUNNING])
        left = self.exclude(state=RowState.DONE).exclude(waits)
        return self.filter(pk__in=left.order_by().values("pk"))

    def forget_typed(self) -> int:
        """Empty what was typed and nobody did again for :data:`KEPT`; returns of how many."""
        old = self.filter(batch__at__lt=clock.now() - KEPT)
        return old._left().exclude(call={}).update(call={})

    def erase(self) -> int:
        """Empty all words of those that will not be done, also why: that may quote what was typed.
        Returns of how many. A row that is done has none: what it recorded stands in its dossier.
        """
        return self._left().exclude(call={}, why={}).update(call={}, why={})


class ActBatchRow(models.Model):
    """The act for one dossier: where that stood, what differs, and what came of it.

    ``call`` is what the door is given beside the paper (records, reason, which scan), until it is
    done (then it stands in the dossier), left out, or :data:`KEPT` is over. ``why`` says why it was
    not done, in each language of the product. A row that is done, which its act's own transaction
    says, stays.
    """

    batch = models.ForeignKey(ActBatch, models.PROTECT, related_name="rows")
    dossier = models.ForeignKey(
        Dossier, models.PROTECT, db_index=False, related_name="+", verbose_name=_("hồ sơ")
    )
    #: The task that asks for the act, when one does.
    task = models.ForeignKey(Task, models.PROTECT, null=True, db_index=False, related_name="+")
    stood = models.CharField(_("trạng thái khi yêu cầu"), max_length=40, choices=State.choices)
    call = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    state = models.CharField(
        _("kết quả"), max_length=10, choices=RowState, default=RowState.WAITING
    )
    why = models.JSONField(_("lý do"), default=dict, blank=True)
    at = models.DateTimeField(_("lúc"), null=True)
    cancelled_by = models.ForeignKey(
        User, models.PROTECT, null=True, db_index=False, related_name="+",
        verbose_name=_("người bỏ"),
    )  # fmt: skip

    #: What is asked once more before it is asked for, and of that what the signer's capacity asks;
    #: only of a row that was just planned.
    asks: list[str]
    doubt: str = ""
    #: Which numbers, days and reason are of this dossier; once ``walk.batch.differing`` said it.
    differs: list[tuple[str, str]]

    objects = ActBatchRowQuerySet.as_manager()

    class Meta:
        verbose_name = _("hồ sơ của lượt")
        ordering = ["batch_id", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "dossier"], name="act_batch_has_a_dossier_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=RowState.values), name="act_batch_row_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", at=None) | ~Q(state="waiting") & Q(at__isnull=False),
                name="act_batch_row_ended_at_a_moment",
            ),
            models.CheckConstraint(
                condition=Q(why={}) | Q(state="refused"),
                name="act_batch_row_says_why_it_was_refused",
            ),
            models.CheckConstraint(
                condition=Q(cancelled_by=None) | Q(state="cancelled"),
                name="act_batch_row_says_who_left_it_out",
            ),
        ]
        triggers = [
            guards.Stays("batch_id", "dossier_id", "task_id", "stood", name="act_batch_row_stays"),
            guards.Guard(
                name="act_batch_row_done_stays",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__state="done"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch}: {self.dossier}"

    @property
    def sentence(self) -> str:
        """Why it was not done, in the language of whoever reads it; "" where that was erased."""
        told = self.why.get(translation.get_language() or "")
        return told or next(iter(self.why.values()), "")

    def refuse(self, say: Callable[[], Any]) -> None:
        """Keep why it cannot be done: ``say`` says it in the language that is active."""
        self.state, self.why = RowState.REFUSED, {}
        for language, _name in settings.LANGUAGES:
            with translation.override(language):
                self.why[language] = str(say())
