"""Where the text of the law may be read in more than one way: what the province has chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from cycle import clock, guards
from cycle.models.document import Document
from cycle.models.history import HistoryEntry
from cycle.models.office import Office
from cycle.models.organisation import User
from cycle.prepared import prepared

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable
    from django.utils.functional import Promise


class Point(models.TextChoices):
    """What can be read in more than one way (điểm của quy định có nhiều cách hiểu)."""

    BATCH_END = "batch_end", _("Trước ngày 30/6, 30/12 phải xong việc gì (Điều 5)")
    STAYS_VALID = "stays_valid", _("Giấy hết hạn còn giá trị khi nào (Điều 12.3)")
    MISSED_WINDOW = "missed_window", _("Giấy nào không kịp thời gian nộp (Điều 12.3)")


#: The ways to read each point, the one that the text names first: it holds until another is chosen.
CHOICES: dict[str, dict[str, str | Promise]] = {
    Point.BATCH_END: {
        "decision": _("Quyết định công nhận (hoặc trình trung ương)"),
        "closing": _("Hội đồng chốt kết quả"),
    },
    Point.STAYS_VALID: {
        "by_day_180": _("Chủ thể nộp hồ sơ đánh giá lại, chậm nhất ngày thứ 180 sau khi hết hạn"),
        "no_filing": _("Không cần nộp hồ sơ: đến khi có kết quả, nhiều nhất 180 ngày"),
        "before_expiry": _("Chủ thể nộp hồ sơ đánh giá lại không muộn hơn ngày hết hạn"),
    },
    Point.MISSED_WINDOW: {
        "closed": _("Thời gian nộp (180–120 ngày) đã hết khi quyết định có hiệu lực"),
        "begun": _("Thời gian nộp đã bắt đầu khi quyết định có hiệu lực"),
    },
}


@prepared
def _chosen(*, point: Any) -> models.QuerySet[Any]:
    chosen = LawReading.objects.filter(point=point).order_by("-pk")
    return chosen.values_list("choice", flat=True)[:1]


class LawReading(models.Model):
    """How the province reads one point of the law, on a document (cách hiểu quy định).

    The newest row of a point counts; without one the reading that the text names, the first of
    :data:`CHOICES`. A row never changes: another choice is another row. ``basis`` is the document
    of the ledger that it rests on, read as ``paper``; ``was_document`` how a row of before the
    ledger named it, which the history hashed.
    """

    point = models.CharField(_("điểm"), max_length=20, choices=Point)
    choice = models.CharField(_("cách hiểu"), max_length=20)
    basis = models.ForeignKey(
        Document,
        models.PROTECT,
        editable=False,
        related_name="reads",
        verbose_name=_("văn bản"),
    )
    was_document = models.CharField(
        db_column="document", max_length=120, blank=True, db_default="", editable=False
    )
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False)
    made_at = models.DateTimeField(_("lúc"), editable=False)

    class Meta:
        verbose_name = _("cách hiểu quy định")
        verbose_name_plural = _("cách hiểu quy định")
        constraints = [
            models.CheckConstraint(
                name="law_reading_known",
                condition=Q(point=Point.BATCH_END, choice__in=list(CHOICES[Point.BATCH_END]))
                | Q(point=Point.STAYS_VALID, choice__in=list(CHOICES[Point.STAYS_VALID]))
                | Q(point=Point.MISSED_WINDOW, choice__in=list(CHOICES[Point.MISSED_WINDOW])),
            ),
        ]
        triggers = [guards.Immutable(name="law_reading_stays")]

    def __str__(self) -> str:
        return f"{self.get_point_display()}: {CHOICES[self.point][self.choice]}"

    @property
    def paper(self) -> Document:
        """The document that it rests on, as it stands."""
        return self.basis.in_force

    @classmethod
    def of(cls, point: str) -> str:
        """The choice that counts for ``point``."""
        return _chosen.first(point=point) or next(iter(CHOICES[point]))

    @classmethod
    def counts(cls, point: str) -> Combinable:
        """The same as a column of a query."""
        chosen = cls.objects.filter(point=point).order_by("-pk").values("choice")[:1]
        return Coalesce(Subquery(chosen), Value(next(iter(CHOICES[point]))))

    @classmethod
    def choose(cls, point: str, choice: str, *, basis: Document, by: User) -> LawReading:
        """Read ``point`` so from now on, on a document of the ledger. Whoever calls it has asked
        who may. The caller's transaction keeps both rows.
        """
        was = cls.of(point)
        made = cls.objects.create(
            point=point, choice=choice, basis=basis, made_by=by, made_at=clock.now()
        )
        HistoryEntry.objects.record(
            "office.reading",
            Office(str(made)),
            by=by,
            saved=[made],
            was=was,
            document=str(basis),
            ledger=basis.pk,
        )
        return made
