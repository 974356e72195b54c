"""The certificate of a product, and how long it is valid (giấy chứng nhận)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import pgtrigger
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, NullIf
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock, guards, letters
from cycle.models import (
    Document,
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
from cycle.prepared import prepared
from cycle.workdays import add_months
from dossiers.law.states import HOLDING, RECOGNISED, State
from dossiers.models import anew
from dossiers.models.anew import Filing
from dossiers.models.days import came_on, with_day
from dossiers.models.law import JUDGED_ANEW
from dossiers.models.product import ProductGroup, Standing
from dossiers.models.records import Correctable, CorrectableQuerySet, Record, new_token

if TYPE_CHECKING:
    from dossiers.models.paper import OfficialDocument

NUMBER_MISSING = _("Bạn chưa nhập số giấy chứng nhận.")


NUMBERED_ALREADY = _("Giấy chứng nhận này vừa có số: hãy tải lại trang.")


def number_taken(number: str, product: str) -> str:
    """That another certificate has this number: that of ``product``, where it is known."""
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
        ordered = HistoryEntry.objects.filter(
            stream=Stream.DOSSIER,
            stream_id=OuterRef("dossier"),
            event="dossier.order_evaluation",
        )
        law = RuleSet.objects.valid_on(OuterRef("expires_on"))
        return self.annotate(
            # An upgrade prolongs nothing.
            told_anew=anew.told(OuterRef(OuterRef("dossier__product"))),
            ordered_on=Subquery(with_day(ordered).order_by("day", "seq").values("day")[:1]),
            revoked_on=Case(
                When(
                    dossier__state=State.REVOKED,
                    then=came_on(State.REVOKED, "dossier", "dossier__moved_at"),
                )
            ),
            law_at_expiry=Subquery(law.values("pk")[:1]),
            stays_valid=LawReading.counts(Point.STAYS_VALID),
            missed_window=LawReading.counts(Point.MISSED_WINDOW),
            replaced_on=Subquery(self._newer().values("issued_on")[:1]),
        )

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

    def recognised(self) -> Self:
        """The last certificate of each recognised dossier."""
        later = Certificate.objects.filter(dossier=OuterRef("dossier"), pk__gt=OuterRef("pk"))
        return self.filter(~Exists(later), dossier__state__in=RECOGNISED)

    def to_print(self) -> Self:
        """Those of :meth:`recognised` that may be printed and signed: not what was revoked."""
        return self.recognised().filter(dossier__state__in=HOLDING)

    def public(self) -> Self:
        """The certificates that anybody may look up: those of :meth:`recognised`."""
        return (
            self.recognised()
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

    def of(self, decision: Document) -> Self:
        """Those that a decision of the ledger gave, by commune and product."""
        return self.filter(decision__document=decision).order_by(
            "dossier__commune__sort_key", "dossier__product__sort_key", "pk"
        )

    def without_decision(self) -> Self:
        """Those whose decision is unknown (chưa rõ quyết định); only older rows (``before``)."""
        return self.filter(decision=None)

    def number_twice(self) -> Self:
        """Those whose number the same issuer gave to another in the same year (trùng số)."""
        there = CertificateNumber.objects.given()
        # ``issuer`` is NULL for the ministry.
        same = (
            there.exclude(pk=OuterRef("pk"))
            .annotate(of=Coalesce("issuer", 0))
            .filter(
                of=Coalesce(OuterRef("issuer"), 0),
                folded_number=OuterRef("folded_number"),
                year=OuterRef("year"),
            )
        )
        return self.filter(pk__in=there.filter(Exists(same)).values("certificate"))

    def numbered(self, number: str) -> Self:
        """Those with this number, whatever its spaces, capitals and Vietnamese marks."""
        folded = fold_number(number)
        if not folded or "\x00" in folded:
            return self.none()
        there = CertificateNumber.objects.current().filter(folded_number=folded)
        return self.filter(pk__in=there.values("certificate"))


def number_of(certificate: str = "pk") -> Subquery:
    """SQL: the number in force of the certificate that the column names; NULL without one."""
    rows = CertificateNumber.objects.filter(certificate=OuterRef(certificate))
    stands = NullIf("number", Value("", output_field=models.CharField()))
    return Subquery(rows.order_by("-pk").values(stands=stands)[:1])


class Certificates(Standing.from_queryset(CertificateQuerySet)):  # type: ignore[misc]
    """Certificates that stand, each with its number."""

    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().annotate(number_in_force=number_of())


class Certificate(Record):
    """The certificate of a recognised product (giấy chứng nhận): stars, last day.

    Its ``number`` is a :class:`CertificateNumber`: one that is typed with it is saved with it.
    ``token`` is its public address, printed as a QR code. ``decision`` is the signed decision that
    it rests on; the names of product and producer are those of that day.

    Rows with ``before`` are older than these rules: their names are those of the day the rules
    came, and their ``decision`` is set only where the history names it. Rows of before numbers were
    rows of their own keep in the columns ``was_…`` what the history hashed; nothing reads these.
    """

    #: What is typed with it -> the record that keeps it.
    beside = {"number": "certificatenumber"}

    stars = models.PositiveSmallIntegerField(_("hạng sao"), editable=False)
    was_number = models.CharField(db_column="number", max_length=60, blank=True, editable=False)
    issued_on = models.DateField(_("ngày cấp"))
    expires_on = models.DateField(_("có giá trị đến"), null=True, editable=False)
    token = models.CharField(max_length=40, unique=True, default=new_token, editable=False)
    decision = models.ForeignKey(
        "dossiers.OfficialDocument",
        models.PROTECT,
        null=True,
        editable=False,
        related_name="certificates",
        verbose_name=_("quyết định công nhận"),
    )
    #: Who gives the number: the province, or the ministry when NULL.
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
    was_repeated = models.BooleanField(db_column="number_repeats", default=False, editable=False)
    #: By which edition of before it was given, where that is not the dossier's own («148»).
    edition = models.CharField(
        _("cấp theo"), max_length=10, choices=Edition, blank=True, editable=False
    )
    #: Struck out with the batch that brought it in; the one thing of it that ever changes.
    void = models.BooleanField(default=False, editable=False)

    #: What the history tells of the product's re-evaluations: see :func:`anew.filings`.
    told_anew: list[dict[str, Any]]
    #: The day on which the ministry first ordered a new evaluation (Đ.10.1.b); None without.
    ordered_on: date | None
    #: The day on which it was revoked (ngày thu hồi); None while it is not.
    revoked_on: date | None
    law_at_expiry: int | None
    #: How the province reads the transition: see :class:`cycle.models.LawReading`.
    stays_valid: str
    missed_window: str
    #: The day the product got its next certificate, which takes this one's place.
    replaced_on: date | None
    place_then: str
    place_now: str

    #: Its number, as it was read or typed; None without one.
    number_in_force: str | None

    objects = Certificates()
    everything = models.Manager()

    def save(self, *args: Any, **kwargs: Any) -> None:
        given = self.typed_number() if self._state.adding else None
        super().save(*args, **kwargs)
        if given is not None:
            given.save()
            self.brought = [given]

    def typed_number(self) -> CertificateNumber | None:
        """The unsaved number that is typed with it; None where none is."""
        if not self.number.strip():
            return None
        given = CertificateNumber(
            dossier=self.dossier,
            certificate=self,
            number=self.number,
            repeats=self.was_repeated,
            recorded_by=self.recorded_by,
            at=self.at,
        )
        given.prepare(self.decision)
        return given

    @property
    def number(self) -> str:
        """Its number (số giấy chứng nhận), as it stands; "" while it waits for one."""
        if "number_in_force" not in vars(self):
            found = self.numbers.order_by("pk").last() if self.pk else None
            self.number_in_force = found.number if found is not None else None
        return self.number_in_force or ""

    @number.setter
    def number(self, typed: str) -> None:
        self.number_in_force = typed

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

    @cached_property
    def filings(self) -> list[Filing]:
        """Those of the product's re-evaluations that had no end yet when this was given; needs
        ``with_validity()``.
        """
        return [
            each
            for each in anew.filings(self.told_anew)
            if each.ended_at is None or each.ended_at > self.at
        ]

    @property
    def awaited(self) -> Filing | None:
        """The filing whose decision is awaited today, the first of several."""
        return self._first_awaited(None)

    @property
    def filed_on(self) -> date | None:
        """The day on which the re-evaluation was filed that is undecided today."""
        return self.awaited.filed_on if self.awaited else None

    @property
    def withdrawn(self) -> Filing | None:
        """The filing that was withdrawn last (rút)."""
        found = [each for each in self.filings if each.outcome == State.WITHDRAWN]
        return max(found, key=lambda each: each.ended_on or date.min, default=None)

    def _first_awaited(self, result_on: date | None) -> Filing | None:
        found = [each for each in self.filings if each.awaited(result_on)]
        return min(found, key=lambda each: each.filed_on or date.max, default=None)

    @property
    def refused_on(self) -> date | None:
        """The day of the first refusal; what follows the next certificate is of that one."""
        return self._refused_on(self.filings)

    def _refused_on(self, filings: Iterable[Filing]) -> date | None:
        days = [each.ended_on for each in filings if each.is_refused and each.ended_on]
        first = min(days, default=None)
        return None if first and self.replaced_on and first >= self.replaced_on else first

    @property
    def result_on(self) -> date | None:
        """The day of the first result: a re-evaluation was refused, or something gave the product
        its next certificate.
        """
        return self.refused_on or self.replaced_on

    @property
    def order_refused_on(self) -> date | None:
        """The day on which what the ministry had ordered was refused: a dossier of its own, filed
        on the day of the order or later.
        """
        day = self.ordered_on
        if day is None:
            return None
        since = [each for each in self.filings if each.filed_on and each.filed_on >= day]
        return self._refused_on(since)

    @property
    def validity(self) -> Validity:
        """The :class:`Validity`, whether it was revoked or replaced or not; needs
        ``with_validity()``.
        """
        found, result_on = self._by_its_term(), self.order_refused_on
        # «Valid until the result»: the ministry had ordered it (Đ.10.1.b).
        if result_on and (found.until is None or result_on < found.until):
            return Validity(result_on, ended_on=result_on)
        return found

    def _by_its_term(self) -> Validity:
        """The validity by its own last day and the transition."""
        at_most = self.prolonged_to
        if self.expires_on is None or at_most is None:
            return Validity(self.expires_on)
        result_on = self.result_on
        # Whatever came: it was valid on every day on which that was awaited.
        filing = self._first_awaited(result_on)
        filed_on = filing.filed_on if filing else None
        last = self.expires_on if self.stays_valid == "before_expiry" else at_most
        if not (self.stays_valid == "no_filing" or (filed_on and filed_on <= last)):
            return Validity(self.expires_on)
        if result_on is None:
            return Validity(at_most, filed_on)
        # «Until the result», which has come: no later filing prolongs it again.
        until = max(self.expires_on, min(result_on, at_most))
        return Validity(until, decided_on=result_on if until > self.expires_on else None)

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
        """The first and last day to file for re-evaluation (D6); None as well once the ministry has
        ordered one, which knows no such days. Needs ``with_validity()``.
        """
        if self.ordered_on:
            return None
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
            open_still = self.stays_valid == "by_day_180" and not (self.filed_on or self.result_on)
            at_most = self.prolonged_to
            kept = open_still and at_most and day <= at_most
            return "transition" if kept else "expired"
        return "valid"

    @property
    def standing_today(self) -> str:
        """Its :meth:`standing` today."""
        return self.standing(clock.today())

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
        if self.issued_on and (given := self.typed_number()):
            given.check_number()
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

    def _check_decision(self, decision: OfficialDocument) -> None:
        """The certificate was not issued before the decision was signed. Raises ValidationError."""
        if self.issued_on and self.issued_on < decision.signed_on:
            raise ValidationError(
                {"issued_on": _("Ngày cấp không thể trước ngày ký quyết định công nhận.")}
            )

    def refused(self, error: Exception) -> ValidationError | None:
        if "certificate_number_once" in str(error):
            return ValidationError({"number": number_taken(self.number, "")})
        return None

    class Meta(Record.Meta):
        verbose_name = _("giấy chứng nhận")
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
        ]
        triggers = [
            guards.Guard(
                name="certificate_void_stays",
                operation=pgtrigger.Update,
                # The owner corrects others, as the guide of operation says.
                condition=pgtrigger.Q(old__void=True),
            )
        ]


class CertificateNumberQuerySet(CorrectableQuerySet):
    def given(self) -> Self:
        """Those that a certificate has which stands; not where one was taken back."""
        return self.current().filter(certificate__void=False).exclude(number="")

    def taken(self) -> dict[tuple[Any, ...], str]:
        """Which of these are given: (issuer, year, folded number) -> the name of the product."""
        there = self.given()
        named = ("issuer", "year", "folded_number", "certificate__product_name")
        return {tuple(key): name for *key, name in there.values_list(*named)}


class CertificateNumber(Correctable):
    """The number of a certificate (số giấy chứng nhận). It comes from the clerk's office (văn thư)
    and is never made up; its ``issuer`` gives it once a ``year``, the one in which the certificate
    was issued.

    A row is never changed: a correction ``replaces`` it, and the number of the replaced one is
    free. One with the ``number`` "" takes it back (lấy lại số): the certificate waits again, and
    the next row replaces that one. The trigger ``certificate_number_once`` holds that a number is
    given once, among certificates that stand; where numbers change places it looks when all are in
    (``walk/numbers.py``).
    ``document`` is the paper on which the number was given. ``repeats``: of before these rules, and
    an older certificate had the same number then; only the owner of the database may write it.
    """

    certificate = models.ForeignKey(
        Certificate, models.PROTECT, editable=False, related_name="numbers"
    )
    document = models.ForeignKey(
        Document,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("văn bản"),
    )
    #: The province, or the ministry when NULL.
    issuer = models.ForeignKey(
        OrgUnit, models.PROTECT, null=True, editable=False, db_index=False, related_name="+"
    )
    year = models.PositiveSmallIntegerField(editable=False)
    number = models.CharField(_("số giấy chứng nhận"), max_length=60, blank=True)
    folded_number = letters.numbered("number")
    repeats = models.BooleanField(default=False, editable=False)

    #: The certificates whose numbers are entered in the same transaction: they were asked together.
    together: frozenset[int] = frozenset()

    objects: ClassVar[Any] = CertificateNumberQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("số giấy chứng nhận")
        indexes = [
            models.Index(fields=["folded_number", "year"], name="certificate_number_look_up"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(number="") | Q(replaces__isnull=False),
                name="certificate_number_is_one",
            ),
            # Whatever follows is a correction.
            models.UniqueConstraint(
                fields=["certificate"],
                condition=Q(replaces=None),
                name="certificate_numbered_once",
            ),
        ]
        triggers = [guards.Immutable(name="certificate_number_stays")]

    def prepare(self, paper: OfficialDocument | None = None) -> None:
        if isinstance(self.replaces, CertificateNumber):
            self.certificate = self.replaces.certificate
        if self.certificate_id is None and "certificate" not in self._state.fields_cache:
            given = Certificate.objects.filter(dossier=self.dossier).order_by("-pk").first()
            if given is None:
                raise ValidationError(_("Hồ sơ này chưa có giấy chứng nhận nào."))
            self.certificate = given
        given = self.certificate
        if self.replaces is None and not self.together and given.pk and not given.number:
            # That it was taken back, if it was.
            self.replaces = given.numbers.current().first()
        paper = paper or given.decision
        self.issuer, self.year = given.issuer, given.issued_on.year
        self.document = paper.document if paper is not None else None

    def clean(self) -> None:
        super().clean()
        if self.replaces is None and self.certificate_id is not None and self.certificate.number:
            raise ValidationError(
                {"number": _now("Đã có số %(number)s.") % {"number": self.certificate.number}}
            )
        if self.number or self.replaces is None:
            self.check_number()

    def check_number(self) -> None:
        """It is a number, which no other certificate has. Raises ValidationError."""
        check_symbol(self.number, "number")
        folded = fold_number(self.number)
        if not folded:
            raise ValidationError({"number": NUMBER_MISSING})
        if self.year is None or self.together:
            return
        asked = {"folded": folded, "year": self.year}
        if self.issuer_id is not None:
            asked["issuer"] = self.issuer_id
        # Of a certificate that is being given there is no other number.
        for product in _given_to(certificate=self.certificate_id or 0, **asked):
            raise ValidationError({"number": number_taken(self.number, product)})

    def refused(self, error: Exception) -> ValidationError | None:
        if "certificate_number_once" in str(error):
            return ValidationError({"number": number_taken(self.number, "")})
        if "certificate_numbered_once" in str(error):
            return ValidationError({"number": NUMBERED_ALREADY})
        return super().refused(error)


@prepared
def _given_to(
    *, folded: Any, year: Any, certificate: Any, issuer: Any = None
) -> models.QuerySet[Any]:
    """The products of other certificates that have this number; without an issuer it is of the
    ministry.
    """
    same = CertificateNumber.objects.given().filter(folded_number=folded, year=year, issuer=issuer)
    others = same.exclude(certificate=certificate).order_by("pk")
    return others.values_list("certificate__product_name", flat=True)
