"""The certificate of a product, and how long it is valid (giấy chứng nhận)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Self

import pgtrigger
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, ExtractYear
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock, guards, letters
from cycle.models import (
    HistoryEntry,
    LawReading,
    Level,
    OrgUnit,
    Point,
    RuleSet,
    Stream,
    check_symbol,
    fold_number,
    heir_of,
    now_called,
)
from cycle.workdays import add_months
from dossiers.law.states import RECOGNISED, UNDECIDED, State
from dossiers.models.dossier import Dossier
from dossiers.models.law import JUDGED_ANEW, CaseType
from dossiers.models.product import ProductGroup, Standing
from dossiers.models.records import Record, new_token

if TYPE_CHECKING:
    from dossiers.models.paper import OfficialDocument

NUMBER_MISSING = _(
    "Bạn chưa nhập số giấy chứng nhận: không thêm sau được, thiếu số thì không ai tra cứu được."
)


def _number_taken(number: str, product: str) -> str:
    if not product:
        return _now("Số %(number)s vừa được cấp cho một sản phẩm khác.") % {"number": number}
    return _now("Số %(number)s đã cấp cho «%(product)s» trong năm này.") % {
        "number": number,
        "product": product,
    }


@dataclass(frozen=True)
class Validity:
    """Until when a certificate is valid, and why (hiệu lực).

    ``until`` is its last day; None when it has no end. ``filed_on`` is set when it is valid longer
    than its own term because a re-evaluation, filed on that day, is undecided: then it is valid
    until that decision, and until ``until`` at most. Where the province reads that no filing is
    needed (``Point.STAYS_VALID``), it may be valid longer without one. ``decided_on`` is set when
    it was valid longer than its own term until that result came. ``ended_on`` is set when the
    result of an evaluation that the ministry ordered ended it before its own day.
    """

    until: date | None
    filed_on: date | None = None
    ended_on: date | None = None
    decided_on: date | None = None


class Edition(models.TextChoices):
    """By which edition of the law a certificate of before was given (cấp theo)."""

    QD851 = "851", _("QĐ 851/QĐ-UBND (2018)")
    QD1048 = "1048", _("QĐ 1048/QĐ-TTg (2019)")
    QD148 = "148", _("QĐ 148/QĐ-TTg (2023)")
    QD1489 = "1489", _("QĐ 148, sửa đổi bởi QĐ 1489/QĐ-TTg (2025)")
    QD26 = "26", _("QĐ 26/2026/QĐ-TTg")


class CertificateQuerySet(models.QuerySet):
    def with_validity(self) -> Self:
        """With the columns that :attr:`Certificate.validity` and ``refiling`` need."""
        # An upgrade prolongs nothing.
        again = Dossier.objects.filter(
            product=OuterRef("dossier__product"), case_type=CaseType.REEVALUATION
        )
        anew = (
            again.filter(state__in=UNDECIDED)
            .annotate(filed_at=Subquery(self._filings("pk").values("filed")[:1]))
            .order_by("filed_at")
        )
        refused = self._refusals()
        left = self._leavings()
        before = self._filings("stream_id").filter(seq__lt=OuterRef("seq")).values("filed")[:1]
        ordered = (
            HistoryEntry.objects.filter(
                stream=Stream.DOSSIER,
                stream_id=OuterRef(OuterRef("dossier")),
                event="dossier.order_evaluation",
            )
            .order_by("seq")
            .values("at")[:1]
        )
        law = RuleSet.objects.valid_on(OuterRef("expires_on"))
        recognised = self._newer().filter(
            ~Q(dossier=OuterRef("dossier")), dossier__case_type=CaseType.REEVALUATION
        )
        of_newer = self._filings("dossier").filter(at__lte=OuterRef("at"))
        return self.annotate(
            filed_at=Subquery(anew.values("filed_at")[:1]),
            refused_at=Subquery(refused.values("at")[:1]),
            refused_filed_at=Subquery(refused.annotate(filed=Subquery(before)).values("filed")[:1]),
            order_refused_at=Subquery(refused.filter(at__gt=Subquery(ordered)).values("at")[:1]),
            left_at=Subquery(left.values("at")[:1]),
            left_to=Subquery(left.values("after")[:1]),
            left_filed_at=Subquery(left.annotate(filed=Subquery(before)).values("filed")[:1]),
            law_at_expiry=Subquery(law.values("pk")[:1]),
            stays_valid=LawReading.counts(Point.STAYS_VALID),
            missed_window=LawReading.counts(Point.MISSED_WINDOW),
            replaced_on=Subquery(self._newer().values("issued_on")[:1]),
            recognised_on=Subquery(recognised.values("issued_on")[:1]),
            recognised_filed_at=Subquery(
                recognised.annotate(filed=Subquery(of_newer.values("filed")[:1])).values("filed")[
                    :1
                ]
            ),
        )

    @staticmethod
    def _filings(dossier: str) -> models.QuerySet:
        """The entries by which the dossier in the column ``dossier`` was filed (nộp), the last
        first, with their day (``filed``); what its council takes up again (``judge_again``) is not
        filed anew. A list of running dossiers names the day of filing where it was before.
        """
        of_list = Cast(KT("data__steps__submitted_on"), models.DateTimeField())
        return (
            HistoryEntry.objects.filter(
                stream=Stream.DOSSIER, stream_id=OuterRef(dossier), after__in=UNDECIDED
            )
            .exclude(before__in=UNDECIDED)
            .exclude(event="dossier.judge_again")
            .annotate(filed=Coalesce(of_list, F("at")))
            .order_by("-seq")
        )

    @staticmethod
    def _refusals() -> models.QuerySet[HistoryEntry]:
        """The entries that refused a re-evaluation of the same product since this certificate was
        given, the first first.

        Read in the history: a dossier that was refused may have been deferred or reopened since.
        Without what its council took back (``judge_again``).
        """
        again = Dossier.objects.filter(
            product=OuterRef(OuterRef("dossier__product")), case_type=CaseType.REEVALUATION
        )
        next_ = HistoryEntry.objects.filter(
            stream=Stream.DOSSIER,
            stream_id=OuterRef("stream_id"),
            seq__gt=OuterRef("seq"),
            before=State.NOT_RECOGNISED,
        ).exclude(after=State.NOT_RECOGNISED)
        return (
            HistoryEntry.objects.filter(
                stream=Stream.DOSSIER,
                stream_id__in=again.values("pk"),
                after=State.NOT_RECOGNISED,
                at__gt=OuterRef("at"),
            )
            .exclude(before=State.NOT_RECOGNISED)
            .annotate(then=Subquery(next_.order_by("seq").values("event")[:1]))
            .filter(Q(then=None) | ~Q(then="dossier.judge_again"))
            .order_by("at", "seq")
        )

    @staticmethod
    def _leavings() -> models.QuerySet[HistoryEntry]:
        """The entries by which a re-evaluation of the same product, filed since this certificate
        was given, was withdrawn or deferred before it was decided, the last first.
        """
        again = Dossier.objects.filter(
            product=OuterRef(OuterRef("dossier__product")), case_type=CaseType.REEVALUATION
        )
        return HistoryEntry.objects.filter(
            stream=Stream.DOSSIER,
            stream_id__in=again.values("pk"),
            before__in=UNDECIDED,
            after__in=[State.WITHDRAWN, State.DEFERRED],
            at__gt=OuterRef("at"),
        ).order_by("-at", "-seq")

    @staticmethod
    def _newer() -> CertificateQuerySet:
        """The certificates that the same product got after this one, the next first."""
        later = Q(issued_on__gt=OuterRef("issued_on"))
        later |= Q(issued_on=OuterRef("issued_on"), pk__gt=OuterRef("pk"))
        return (
            Certificate.objects.filter(later, dossier__product=OuterRef("dossier__product"))
            .filter(dossier__state__in=RECOGNISED)
            .order_by("issued_on", "pk")
        )

    def public(self) -> Self:
        """The certificates that anybody may look up: the last of each recognised dossier."""
        later = Certificate.objects.filter(dossier=OuterRef("dossier"), pk__gt=OuterRef("pk"))
        return (
            self.filter(~Exists(later), dossier__state__in=RECOGNISED)
            .select_related("dossier__product__producer", "decision__document")
            .with_validity()
            .annotate(
                # What was split since has its name of then, whoever got the dossier.
                place_then=Case(
                    When(
                        dossier__before_split__valid_to__gte=F("issued_on"),
                        then=heir_of("dossier__before_split", "issued_on", field="name"),
                    ),
                    default=heir_of("dossier__commune", "issued_on", field="name"),
                ),
                place_now=heir_of("dossier__commune", field="name"),
            )
        )

    def without_decision(self) -> Self:
        """Those whose decision is unknown (chưa rõ quyết định); only older rows (``before``)."""
        return self.filter(decision=None)

    def number_twice(self) -> Self:
        """Those whose number the same issuer gave to another in the same year (trùng số)."""
        # ``issuer`` is NULL for the ministry.
        others = Certificate.objects.exclude(pk=OuterRef("pk")).annotate(of=Coalesce("issuer", 0))
        same = others.filter(
            of=Coalesce(OuterRef("issuer"), 0),
            folded_number=OuterRef("folded_number"),
            issued_on__year=ExtractYear(OuterRef("issued_on")),
        )
        return self.exclude(folded_number="").filter(Exists(same))

    def numbered(self, number: str) -> Self:
        """Those with this number, whatever its spaces, capitals and Vietnamese marks."""
        folded = fold_number(number)
        if not folded or "\x00" in folded:
            return self.none()
        return self.filter(folded_number=folded)


class Certificate(Record):
    """The certificate of a recognised product (giấy chứng nhận): stars, number, last day.

    ``number`` comes from the clerk's office and is never made up; an issuer gives it once a year.
    ``token`` is its public address, printed as a QR code. ``decision`` is the signed decision that
    it rests on; the names of product and producer are those of that day.

    Rows with ``before`` are older than these rules: their names are those of the day the rules
    came, and their ``decision`` is set only where the history names it. ``number_repeats``: an
    older certificate has the same number.
    """

    stars = models.PositiveSmallIntegerField(_("hạng sao"), editable=False)
    number = models.CharField(_("số giấy chứng nhận"), max_length=60, blank=True)
    issued_on = models.DateField(_("ngày cấp"))
    expires_on = models.DateField(_("có giá trị đến"), null=True, editable=False)
    token = models.CharField(max_length=40, unique=True, default=new_token, editable=False)
    folded_number = letters.numbered("number")
    decision = models.ForeignKey(
        "dossiers.OfficialDocument",
        models.PROTECT,
        null=True,
        editable=False,
        related_name="certificates",
        verbose_name=_("quyết định công nhận"),
    )
    #: Who gave the number: the province, or the ministry when NULL.
    issuer = models.ForeignKey(
        OrgUnit, models.PROTECT, null=True, editable=False, db_index=False, related_name="+"
    )
    product_name = models.CharField(_("tên sản phẩm"), max_length=200, editable=False)
    product_group = models.CharField(
        _("nhóm sản phẩm"), max_length=40, choices=ProductGroup, editable=False
    )
    producer_name = models.CharField(_("tên chủ thể"), max_length=200, editable=False)
    producer_address = models.CharField(max_length=250, blank=True, editable=False)
    before = models.BooleanField(default=False, editable=False)
    number_repeats = models.BooleanField(default=False, editable=False)
    #: By which edition of before it was given, where that is not the dossier's own («148»).
    edition = models.CharField(
        _("cấp theo"), max_length=10, choices=Edition, blank=True, editable=False
    )
    #: Struck out with the batch that brought it in; the one thing of it that ever changes.
    void = models.BooleanField(default=False, editable=False)

    #: When the re-evaluation that is undecided was filed, when the first one was refused, and when
    #: the first after the ministry had ordered it was. What follows the next certificate is of
    #: that one.
    filed_at: datetime | None
    refused_at: datetime | None
    refused_filed_at: datetime | None
    order_refused_at: datetime | None
    #: When the last that was filed was withdrawn or deferred undecided, to which state, and its
    #: filing.
    left_at: datetime | None
    left_to: str | None
    left_filed_at: datetime | None
    law_at_expiry: int | None
    #: How the province reads the transition: see :class:`cycle.models.LawReading`.
    stays_valid: str
    missed_window: str
    #: The day the product got its next certificate, which takes this one's place.
    replaced_on: date | None
    #: The day of the first certificate that a re-evaluation gave after this one, and its filing.
    recognised_on: date | None
    recognised_filed_at: datetime | None
    place_then: str
    place_now: str

    objects = Standing.from_queryset(CertificateQuerySet)()
    everything = models.Manager()

    def get_absolute_url(self) -> str:
        """Its public page."""
        return reverse("dossiers:certificate", args=[self.token])

    @property
    def renamed(self) -> list[str]:
        """The present names of product and producer, where they differ from the certified ones."""
        product = self.dossier.product
        now = (product.name, self.product_name), (product.producer.name, self.producer_name)
        return [name for name, certified in now if name != certified]

    @property
    def place(self) -> str:
        """The commune of the day it was given, and today's; needs ``public()``."""
        return now_called(self.place_then, self.place_now)

    @property
    def revoked_on(self) -> date | None:
        """The day it was revoked (ngày thu hồi), or None."""
        if self.dossier.state == State.REVOKED:
            return timezone.localdate(self.dossier.moved_at)
        return None

    @property
    def validity(self) -> Validity:
        """The :class:`Validity`, whether it was revoked or replaced or not; needs
        ``with_validity()``.
        """
        found = self._by_its_term()
        if self.order_refused_at:
            # «Valid until the result»: the ministry had ordered it (Đ.10.1.b).
            result_on = timezone.localdate(self.order_refused_at)
            if found.until is None or result_on < found.until:
                return Validity(result_on, ended_on=result_on)
        return found

    def _by_its_term(self) -> Validity:
        """The validity by its own last day and the transition."""
        at_most = self.prolonged_to
        if self.expires_on is None or at_most is None:
            return Validity(self.expires_on)
        filed_at, result_on = self._first_result()
        filed_on = timezone.localdate(filed_at) if filed_at else None
        last = self.expires_on if self.stays_valid == "before_expiry" else at_most
        if not (self.stays_valid == "no_filing" or (filed_on and filed_on <= last)):
            return Validity(self.expires_on)
        if result_on is None:
            return Validity(at_most, filed_on)
        # «Until the result», which has come: no later filing prolongs it again.
        until = max(self.expires_on, min(result_on, at_most))
        return Validity(until, decided_on=result_on if until > self.expires_on else None)

    def _first_result(self) -> tuple[datetime | None, date | None]:
        """When the re-evaluation was filed that was decided first, and the day of its result: it
        was refused, or gave the next certificate. Without a result (None) that of the undecided.
        """
        refused_on = timezone.localdate(self.refused_at) if self.refused_at else None
        if refused_on and (self.replaced_on is None or refused_on < self.replaced_on):
            return self.refused_filed_at, refused_on
        if self.recognised_on and self.recognised_on == self.replaced_on:
            return self.recognised_filed_at, self.recognised_on
        # What came in its place otherwise ends the wait too; what was filed since is of that one.
        if self.replaced_on:
            return None, self.replaced_on
        return self.filed_at, None

    @property
    def prolonged_to(self) -> date | None:
        """The last day to which the transition (Điều 12.3) prolongs it at most, until its
        re-evaluation is decided; None when it does not. Needs ``with_validity()``.
        """
        if not (self.expires_on and self.law_at_expiry):
            return None
        law = RuleSet.pinned(self.law_at_expiry)
        return law.awaits_decision_until(self.expires_on, self.missed_window)

    @property
    def refiling(self) -> tuple[date, date] | None:
        """The first and last day to file for re-evaluation (D6); needs ``with_validity()``."""
        if self.expires_on and self.law_at_expiry:
            return RuleSet.pinned(self.law_at_expiry).refiling(self.expires_on)
        return None

    def standing(self, day: date) -> str:
        """``revoked``, ``replaced`` by a newer one while it was valid, ``expired``, ``valid`` on
        ``day``, or ``transition``: its own term is over, and a filing could still prolong it. Valid
        on its last day.
        """
        if self.dossier.state == State.REVOKED:
            return "revoked"
        until = self.validity.until
        if self.replaced_on and self.replaced_on <= min(day, until or day):
            return "replaced"
        if until and until < day:
            result = self.refused_at or self.order_refused_at
            open_still = self.stays_valid == "by_day_180" and not (self.filed_at or result)
            at_most = self.prolonged_to
            kept = open_still and at_most and day <= at_most and not self.replaced_on
            return "transition" if kept else "expired"
        return "valid"

    def prepare(self, paper: OfficialDocument | None = None) -> None:
        self.stars = 5 if self.dossier.state == State.AT_CENTRE else self.dossier.stars or 0
        months = self.dossier.rule_set.certificate_months
        if months and self.issued_on:
            self.expires_on = add_months(self.issued_on, months)
        at_centre = self.dossier.state == State.AT_CENTRE
        self.issuer = None if at_centre else self.dossier.commune.at_level(Level.PROVINCE)
        product = self.dossier.product
        self.decision = paper
        self.product_name, self.product_group = product.name, product.group
        self.producer_name = product.producer.name
        self.producer_address = product.producer.address

    def clean(self) -> None:
        if self.issued_on and self.issued_on > clock.today():
            raise ValidationError({"issued_on": _("Ngày cấp không thể ở tương lai.")})
        check_symbol(self.number, "number")
        # A row never changes, so a missing number could never be added. Only a replay of the past
        # may not know it.
        if not fold_number(self.number) and not clock.replaying():
            raise ValidationError({"number": NUMBER_MISSING})
        if self.number and (other := self._of_this_number()):
            raise ValidationError({"number": _number_taken(self.number, other.product_name)})
        if self.issued_on and not clock.replaying():
            self._check_days(self.issued_on)
        if self.decision is not None:
            self._check_decision(self.decision)

    def _check_days(self, issued_on: date) -> None:
        """It rests on a decision of its own dossier's year, and what is judged anew gets it after
        the certificate before. Raises ValidationError.
        """
        dossier = self.dossier
        first = dossier.first_day
        days = {"issued_on": issued_on}
        if self.decision is not None:
            days = {"signed_on": self.decision.signed_on, **days}
        for field, day in days.items():
            if day < first:
                raise ValidationError(
                    {
                        field: _now(
                            "Ngày %(day)s trước khi mở chu trình của hồ sơ (%(first)s): xin xem "
                            "lại năm."
                        )
                        % {"day": f"{day:%d/%m/%Y}", "first": f"{first:%d/%m/%Y}"}
                    }
                )
        before = dossier.certified_by() if dossier.case_type in JUDGED_ANEW else None
        old = before and before.certificates.order_by("issued_on", "pk").last()
        if old and issued_on < old.issued_on:
            raise ValidationError(
                {
                    "issued_on": _now(
                        "Giấy chứng nhận trước của sản phẩm cấp ngày %(day)s: giấy mới không thể "
                        "cấp trước ngày đó."
                    )
                    % {"day": f"{old.issued_on:%d/%m/%Y}"}
                }
            )

    def _of_this_number(self) -> Certificate | None:
        same = Certificate.objects.numbered(self.number).filter(issuer=self.issuer)
        return same.filter(issued_on__year=self.issued_on.year).first() if self.issued_on else None

    def _check_decision(self, decision: OfficialDocument) -> None:
        """The decision was signed after the council met and not after the certificate was issued.
        Raises ValidationError.
        """
        if self.issued_on and self.issued_on < decision.signed_on:
            raise ValidationError(
                {"issued_on": _("Ngày cấp không thể trước ngày ký quyết định công nhận.")}
            )
        result = self.dossier.evaluations.last()
        if result is not None and decision.signed_on < result.met_on:
            raise ValidationError(
                {"signed_on": _("Ngày ký quyết định không thể trước ngày họp hội đồng.")}
            )

    def refused(self, error: Exception) -> ValidationError | None:
        if "certificate_number_once" in str(error):
            return ValidationError({"number": _number_taken(self.number, "")})
        return None

    class Meta(Record.Meta):
        verbose_name = _("giấy chứng nhận")
        indexes = [
            models.Index(fields=["folded_number"], name="certificate_look_up"),
        ]
        constraints = [
            # 1–2★ get no decision and no certificate (QĐ 26/2026/QĐ-TTg, Điều 7).
            models.CheckConstraint(
                condition=Q(stars__range=(3, 5)), name="certificate_is_three_stars_or_more"
            ),
            models.CheckConstraint(
                condition=Q(expires_on=None) | Q(expires_on__gt=F("issued_on")),
                name="certificate_expires_after_issue",
            ),
            models.CheckConstraint(
                condition=Q(before=True) | Q(decision__isnull=False),
                name="certificate_rests_on_a_decision",
            ),
            # Numbers start again each year.
            models.UniqueConstraint(
                F("issuer"),
                ExtractYear("issued_on"),
                F("folded_number"),
                name="certificate_number_once",
                condition=Q(number_repeats=False, void=False) & ~Q(number=""),
                nulls_distinct=False,
            ),
        ]
        triggers = [
            guards.Guard(
                name="certificate_void_stays",
                operation=pgtrigger.Update,
                # The owner corrects others, as the guide of operation says.
                condition=pgtrigger.Q(old__void=True),
            )
        ]
