"""The outcome of a round: its closings, each product's result, and what followed from it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from councils.models.entry import RoundEntry
from councils.models.round import EvaluationRound
from cycle.models import Document, Level, User
from cycle.points import mean

if TYPE_CHECKING:
    from decimal import Decimal


class Closing(models.Model):
    """One closing of a round (chốt kết quả): a ``version`` of its results that never changes."""

    round = models.ForeignKey(EvaluationRound, models.PROTECT, related_name="closings")
    version = models.PositiveSmallIntegerField(_("lần chốt"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("người chốt"))
    at = models.DateTimeField(_("chốt lúc"))
    #: The round's history entry of this closing: the authority for what follows.
    entry = models.ForeignKey("cycle.HistoryEntry", models.PROTECT, related_name="+")

    #: The next closing of the round, which took its place; set by :meth:`of`.
    followed_by: Closing | None = None

    class Meta:
        verbose_name = _("lần chốt kết quả")
        ordering = ["round_id", "version"]
        constraints = [
            models.UniqueConstraint(name="closing_version_once", fields=["round", "version"])
        ]

    def __str__(self) -> str:
        return f"{self.round} ({self.version})"

    @classmethod
    def of(cls, round_: EvaluationRound) -> list[Closing]:
        """All of a round, the newest first, each with what opened it again and what followed."""
        found = list(
            round_.closings.select_related(
                "by", "reopening__by", "reopening__basis__replaced_by"
            ).order_by("-version")
        )
        for later, each in zip(found, found[1:], strict=False):
            each.followed_by = later
        return found

    @property
    def reopened(self) -> bool:
        """Whether the round was opened again after it."""
        return hasattr(self, "reopening")


class Reopening(models.Model):
    """A closed round opened again (mở lại đợt), with a reason, on a document: ``basis``, read as it
    was corrected last. ``was_document``: how rows of before the ledger named it.
    """

    closing = models.OneToOneField(Closing, models.PROTECT, related_name="reopening")
    reason = models.TextField(_("lý do"))
    basis = models.ForeignKey(
        Document, models.PROTECT, related_name="reopens", verbose_name=_("văn bản mở lại đợt")
    )
    was_document = models.CharField(
        db_column="document", max_length=200, blank=True, editable=False
    )
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("người mở lại"))
    at = models.DateTimeField(_("mở lại lúc"))

    class Meta:
        verbose_name = _("lần mở lại đợt")
        constraints = [
            models.CheckConstraint(
                name="reopening_has_a_reason",
                condition=~Q(reason=""),
            )
        ]

    def __str__(self) -> str:
        return str(self.closing)

    @property
    def document(self) -> Document:
        """What it rests on, as it stands."""
        return self.basis.in_force


#: The acts by which the province sends a result up.
_SENT_UP = ("dossier.approve_result", "dossier.nominate")


class Result(models.Model):
    """The result of one product in a closing (kết quả phân hạng): sum of points, number of sheets.

    ``band``: the stars by points alone. ``missed``: the minimums not reached, as [criterion id,
    stars]. ``stars`` is NULL for an eliminated product.
    """

    closing = models.ForeignKey(Closing, models.PROTECT, related_name="results")
    entry = models.ForeignKey(RoundEntry, models.PROTECT, related_name="results")
    scoring = models.PositiveSmallIntegerField(_("lần chấm"), default=1)
    points_sum = models.DecimalField(_("tổng điểm các phiếu"), max_digits=8, decimal_places=2)
    sheets = models.PositiveSmallIntegerField(_("số phiếu"))
    band = models.PositiveSmallIntegerField(_("hạng theo điểm"))
    stars = models.PositiveSmallIntegerField(_("hạng sao"), null=True)
    missed = models.JSONField(_("mức tối thiểu không đạt"), default=list)
    eliminated = models.BooleanField(_("bị loại"), default=False)
    remark = models.TextField(_("lý do bị loại"), blank=True)

    class Meta:
        verbose_name = _("kết quả phân hạng")
        ordering = ["closing_id", "entry_id"]
        constraints = [
            models.UniqueConstraint(name="result_once_per_closing", fields=["closing", "entry"]),
            models.CheckConstraint(
                name="result_mean_is_possible",
                condition=Q(sheets__gte=1, points_sum__gte=0, points_sum__lte=F("sheets") * 100),
            ),
            models.CheckConstraint(
                name="result_stars_follow",
                condition=Q(band__range=(1, 5))
                & (
                    Q(eliminated=True, stars__isnull=True)
                    | Q(
                        eliminated=False,
                        stars__isnull=False,
                        stars__gte=1,
                        stars__lte=F("band"),
                    )
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry}: {self.stars}"

    @property
    def mean(self) -> Decimal:
        """The mean in points of 100, cut after two decimals."""
        return mean(self.points_sum, self.sheets)

    @property
    def is_proposed(self) -> bool:
        """Whether it is proposed for recognition (đề nghị công nhận): from three stars."""
        return (self.stars or 0) >= 3

    @property
    def is_decided_here(self) -> bool:
        """Whether the decision of the province names it: not what the centre certifies, nor what
        was sent up to it.
        """
        certifier = self.entry.dossier.rule_set.certifier
        return (
            self.is_proposed
            and certifier(self.stars) in (None, Level.PROVINCE)
            and not (self._falls_short and self._was_sent_up)
        )

    @property
    def goes_up(self) -> bool:
        """Whether the ministry is asked to judge it (đề nghị trung ương): of 90 points with a
        minimum of five stars missed only what the province did send up, it may recognise it itself.
        """
        reaches = not self.eliminated and self.entry.dossier.rule_set.goes_up(
            Level.PROVINCE, stars=self.stars, points_sum=self.points_sum, sheets=self.sheets
        )
        return reaches and (not self._falls_short or self._was_sent_up)

    @property
    def _falls_short(self) -> bool:
        """Whether a missed minimum leaves it to another than who certifies what has its points."""
        certifier = self.entry.dossier.rule_set.certifier
        return certifier(self.stars) != certifier(self.band)

    @cached_property
    def _was_sent_up(self) -> bool:
        """Whether the result was approved for the ministry, or the ministry asked."""
        sent = self.entry.dossier.history.filter(event__in=_SENT_UP, at__gte=self.closing.at)
        return sent.exists()

    @property
    def is_approved_first(self) -> bool:
        """Whether the chair approves the result by a decision of its own before the ministry is
        asked (phê duyệt kết quả từ 90 điểm; QĐ 26/2026/QĐ-TTg, Điều 7.4): not under editions in
        which a district evaluates.
        """
        return self.goes_up and not self.entry.dossier.rule_set.has_district


class Consequence(models.Model):
    """Carrying a result out on its dossier (thi hành kết quả): at most once for each result."""

    result = models.OneToOneField(Result, models.PROTECT, related_name="consequence")
    applied_at = models.DateTimeField(_("thi hành lúc"), null=True)
    error = models.TextField(_("vướng mắc"), blank=True)

    class Meta:
        verbose_name = _("thi hành kết quả")

    def __str__(self) -> str:
        return str(self.result)
