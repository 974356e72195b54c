"""The certificate of a product, and how long it is valid (giấy chứng nhận)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Self

import pgtrigger
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, ExtractYear
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock, guards
from cycle.models import (
    FoldNumber,
    HistoryEntry,
    Level,
    OrgUnit,
    RuleSet,
    Stream,
    check_symbol,
    fold,
    fold_number,
    heir_of,
    now_called,
)
from cycle.workdays import add_months
from dossiers.law.states import RECOGNISED, UNDECIDED, State
from dossiers.models.dossier import Dossier
from dossiers.models.law import JUDGED_ANEW
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
    until that decision, and until ``until`` at most.
    """

    until: date | None
    filed_on: date | None = None


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
        entered = (
            HistoryEntry.objects.filter(
                stream=Stream.DOSSIER, stream_id=OuterRef("pk"), after__in=UNDECIDED
            )
            .exclude(before__in=UNDECIDED)
            .order_by("-seq")
        )
        anew = (
            Dossier.objects.filter(
                product=OuterRef("dossier__product"),
                case_type__in=JUDGED_ANEW,
                state__in=UNDECIDED,
            )
            .annotate(filed_at=Subquery(entered.values("at")[:1]))
            .order_by("filed_at")
        )
        law = RuleSet.objects.valid_on(OuterRef("expires_on"))
        return self.annotate(
            filed_at=Subquery(anew.values("filed_at")[:1]),
            law_at_expiry=Subquery(law.values("pk")[:1]),
        )

    def public(self) -> Self:
        """The certificates that anybody may look up: the last of each recognised dossier."""
        later = Certificate.objects.filter(dossier=OuterRef("dossier"), pk__gt=OuterRef("pk"))
        return (
            self.filter(~Exists(later), dossier__state__in=RECOGNISED)
            .select_related("dossier__product__producer", "decision")
            .with_validity()
            .annotate(
                place_then=heir_of("dossier__commune", "issued_on", name=True),
                place_now=heir_of("dossier__commune", name=True),
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
    folded_number = models.GeneratedField(
        expression=FoldNumber(F("number")), output_field=models.TextField(), db_persist=True
    )
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

    filed_at: datetime | None
    law_at_expiry: int | None
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
        """The :class:`Validity`, whether it was revoked or not; needs ``with_validity()``.

        A re-evaluation counts when it was filed on ``expires_on`` or before.
        """
        if self.expires_on and self.filed_at and self.law_at_expiry:
            filed_on = timezone.localdate(self.filed_at)
            until = RuleSet.pinned(self.law_at_expiry).awaits_decision_until(self.expires_on)
            if until and filed_on <= self.expires_on:
                return Validity(until, filed_on)
        return Validity(self.expires_on)

    @property
    def refiling(self) -> tuple[date, date] | None:
        """The first and last day to file for re-evaluation (D6); needs ``with_validity()``."""
        if self.expires_on and self.law_at_expiry:
            return RuleSet.pinned(self.law_at_expiry).refiling(self.expires_on)
        return None

    def standing(self, day: date) -> str:
        """``revoked``, ``expired`` or ``valid`` on ``day``; valid on its last day."""
        if self.dossier.state == State.REVOKED:
            return "revoked"
        until = self.validity.until
        return "expired" if until and until < day else "valid"

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
        if self.decision is not None:
            self._check_decision(self.decision)

    def _of_this_number(self) -> Certificate | None:
        same = Certificate.objects.numbered(self.number).filter(issuer=self.issuer)
        return same.filter(issued_on__year=self.issued_on.year).first() if self.issued_on else None

    def _check_decision(self, decision: OfficialDocument) -> None:
        """The decision was signed after the council met and not after the certificate was issued;
        and its number, in one year, always has the same day and signer. Raises ValidationError.
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
        same = Certificate.objects.filter(
            issuer=self.issuer,
            decision__folded_number=fold_number(decision.number),
            decision__signed_on__year=decision.signed_on.year,
        ).select_related("decision")
        other = same.exclude(decision=decision).first()
        if other is None or other.decision is None:
            return
        this = {"number": decision.number, "product": other.product_name}
        if other.decision.signed_on != decision.signed_on:
            day = f"{other.decision.signed_on:%d/%m/%Y}"
            raise ValidationError(
                {
                    "signed_on": _now(
                        "Quyết định %(number)s đã ghi cho «%(product)s» với ngày ký %(day)s."
                    )
                    % {**this, "day": day}
                }
            )
        if fold(other.decision.signer) != fold(decision.signer):
            raise ValidationError(
                {
                    "signer": _now(
                        "Quyết định %(number)s đã ghi cho «%(product)s» với người ký %(signer)s."
                    )
                    % {**this, "signer": other.decision.signer}
                }
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
