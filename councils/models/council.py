"""Councils (hội đồng), their seats (thành viên), and the regulations they work by (quy chế)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import rules
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Exists, F, Func, OuterRef, Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock, documents, guards
from cycle.appointing import barring, check_person, holders, holding, is_oneself
from cycle.locking import take_turn
from cycle.models import (
    Cycle,
    Document,
    Effect,
    HistoryEntry,
    Level,
    OrgUnit,
    Renamed,
    Role,
    Stream,
    User,
)
from cycle.models.organisation import DateRange, Hash
from cycle.workdays import DAY
from cycle.written import visible
from dossiers.law.conditions import NO_REASON, ConditionNotMet, Lack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from django.db.models import QuerySet
    from django.db.models.expressions import Combinable

    from cycle.models import RoleAssignment
    from dossiers.law.conditions import Words


#: Why a council is not extended that works without a last day.
ENDLESS = _("Hội đồng này không ghi ngày hết nhiệm kỳ: không phải gia hạn.")


def told_why(reason: str, lacks: Words = NO_REASON) -> list[Lack]:
    """The sentence that says that a reason is not given; empty when it is."""
    return [] if visible(reason).strip() else [Lack(lacks, "reason")]


def _founded_on(known: Document) -> str:
    """Which council a document of the ledger sets up, as a sentence says it; "" for none."""
    for council in Council.objects.filter(decision__in=known.versions()):
        return _now("việc thành lập «%(council)s»") % {"council": council}
    return ""


#: What one document may be for at once, by the relations that rest on it: what a unit decides of
#: its council, its regulation and its seats; what it decides of a round. The papers of a round
#: (``of_rounds``) are for nothing else: a plan or a decision on results founds no council.
TOGETHER = (
    frozenset({"sets_up", "extends", "seats", "releases", "lays_down"}),
    frozenset({"reopens", "voids"}),
    frozenset({"of_rounds"}),
)
#: How a sentence names what a document is for: of councils, and of others that share none of it.
_OF_COUNCILS = {
    "sets_up": _("việc thành lập hội đồng"),
    "extends": _("việc gia hạn hội đồng"),
    "seats": _("việc bổ sung thành viên"),
    "releases": _("việc cho thôi thành viên"),
    "lays_down": _("quy chế hội đồng"),
    "reopens": _("việc mở lại đợt"),
    "voids": _("việc hủy đợt"),
    "of_rounds": _("văn bản của đợt đánh giá"),
}
_OF_OTHERS = {"of_dossiers": _("việc của một hồ sơ"), "plans": _("kế hoạch năm hoặc của một đợt")}


def check_purpose(document: Document, purpose: str) -> None:
    """Refuse the ``document`` of the ledger for a ``purpose``, a relation of :data:`TOGETHER`,
    beside what it is for already. Raises ValidationError at ``number``.
    """
    if not documents.is_number(document.number):
        return
    (kin,) = (each for each in TOGETHER if purpose in each)
    # What a round decides its dossiers rest on, and its plan is that of its batch; nothing else of
    # a council is.
    others = _OF_COUNCILS | ({} if "of_rounds" in kin else _OF_OTHERS)
    _refuse_for(document, {name: told for name, told in others.items() if name not in kin})


@documents.claims
def _is_of_a_council(known: Document, _purpose: str) -> None:
    """What founds, seats or rules a council, opens or voids a round, is nobody's plan."""
    of = {name: told for name, told in _OF_COUNCILS.items() if name != "of_rounds"}
    _refuse_for(known, of)


def _refuse_for(document: Document, relations: Mapping[str, Any]) -> None:
    """Raise ValidationError where the document, or what it corrects, is for one of these."""
    for relation, told in relations.items():
        if any(getattr(each, relation).exists() for each in document.versions()):
            said = _now("Số này đã ghi cho %(told)s: hãy kiểm tra lại.")
            raise ValidationError({"number": said % {"told": told}})


class ConflictRule(models.TextChoices):
    """What the regulation says of a member with an interest in a product (xung đột lợi ích)."""

    ALLOW = "allow", _("Được chấm")
    WARN = "warn", _("Được chấm khi nêu lý do")
    FORBID = "forbid", _("Không được chấm")


class RegulationQuerySet(models.QuerySet["Regulation"]):
    def in_force(self, org_unit: OrgUnit | int, day: date) -> Regulation | None:
        """The newest regulation of ``org_unit`` valid on ``day``; None when it has none."""
        return (
            self.filter(org_unit=org_unit, valid_from__lte=day)
            .select_related("basis__replaced_by")
            .order_by("-valid_from", "-pk")
            .first()
        )


class Regulation(models.Model):
    """A version of the rules by which a unit's councils work (quy chế hội đồng), with its document.

    The national text leaves these rules to the province. A row never changes: a change is a new row
    valid from a new day, and a round keeps the row that it was begun under. ``basis`` is what laid
    it down (QĐ 26/2026/QĐ-TTg, Điều 7.3.b), read as it was corrected last; ``was_document`` how
    rows of before the ledger named it, which the history hashed.
    """

    org_unit = models.ForeignKey(
        OrgUnit, models.PROTECT, related_name="regulations", verbose_name=_("đơn vị")
    )
    basis = models.ForeignKey(
        Document,
        models.PROTECT,
        editable=False,
        related_name="lays_down",
        verbose_name=_("văn bản ban hành"),
    )
    was_document = models.CharField(
        db_column="document", max_length=200, blank=True, editable=False
    )
    valid_from = models.DateField(_("áp dụng từ"))
    quorum_percent = models.PositiveSmallIntegerField(
        _("tỷ lệ thành viên dự họp tối thiểu (%)"),
        default=75,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    chair_required = models.BooleanField(_("chủ tịch phải dự họp"), default=True)
    max_spread = models.DecimalField(
        _("chênh lệch điểm tối đa giữa các thành viên"),
        max_digits=4,
        decimal_places=1,
        null=True,
        blank=True,
        default=10,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text=_("Vượt mức này hội đồng thảo luận và chấm lại; để trống nếu không quy định."),
    )
    scorings = models.PositiveSmallIntegerField(
        _("số lần chấm tối đa"),
        default=2,
        validators=[MinValueValidator(1), MaxValueValidator(5)],
    )
    fewest_sheets = models.PositiveSmallIntegerField(
        _("số phiếu chấm tối thiểu của một sản phẩm"),
        default=3,
        db_default=1,
        validators=[MinValueValidator(1), MaxValueValidator(13)],
        help_text=_("Sau khi trừ người từ chối chấm; thiếu thì sản phẩm chờ đợt khác."),
    )
    absent_sheets = models.BooleanField(
        _("tính phiếu của người vắng họp"), default=False, db_default=False
    )
    secretary_scores = models.BooleanField(_("thư ký được chấm điểm"), default=False)
    show_self_score = models.BooleanField(
        _("thành viên thấy điểm tự chấm trước khi nộp phiếu"), default=False
    )
    show_team_score = models.BooleanField(_("thành viên thấy điểm tổ tư vấn đề xuất"), default=True)
    documents_days = models.PositiveSmallIntegerField(
        _("gửi tài liệu trước họp (ngày làm việc)"), default=2
    )
    written_opinions = models.BooleanField(
        _("đánh giá lại bằng phiếu, chỉ họp khi có ý kiến khác"), default=True
    )
    batches = models.PositiveSmallIntegerField(
        _("số đợt đánh giá tối đa trong năm"),
        default=2,
        db_default=2,
        validators=[MinValueValidator(1), MaxValueValidator(12)],
        help_text=_("Quy định có hai đợt; thêm đợt thì mỗi đợt phải có kế hoạch."),
    )
    minimums_need_resolution = models.BooleanField(
        _("mức tối thiểu phải có kết luận của hội đồng"),
        default=False,
        help_text=_("Nếu không, lấy theo đa số phiếu; ngang phiếu thì hội đồng kết luận."),
    )
    same_producer = models.CharField(
        _("thành viên là người của chủ thể"),
        max_length=10,
        choices=ConflictRule,
        default=ConflictRule.FORBID,
    )
    same_commune = models.CharField(
        _("thành viên công tác tại xã của sản phẩm"),
        max_length=10,
        choices=ConflictRule,
        default=ConflictRule.WARN,
    )
    appraised = models.CharField(
        _("thành viên đã thẩm định sản phẩm"),
        max_length=10,
        choices=ConflictRule,
        default=ConflictRule.WARN,
    )

    #: The history entry that says who entered it and when; set by the page that shows it.
    entered: HistoryEntry | None = None

    objects = RegulationQuerySet.as_manager()

    class Meta:
        verbose_name = _("quy chế hội đồng")
        verbose_name_plural = _("quy chế hội đồng")
        ordering = ["org_unit_id", "-valid_from", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="regulation_quorum_is_a_share", condition=Q(quorum_percent__range=(1, 100))
            ),
            models.CheckConstraint(
                name="regulation_spread_is_points",
                condition=Q(max_spread=None) | Q(max_spread__range=(0, 100)),
            ),
            models.CheckConstraint(
                name="regulation_scores_at_least_once", condition=Q(scorings__range=(1, 5))
            ),
            models.CheckConstraint(
                name="regulation_asks_for_a_sheet", condition=Q(fewest_sheets__range=(1, 13))
            ),
            models.CheckConstraint(
                name="regulation_batches_in_a_year", condition=Q(batches__range=(1, 12))
            ),
            models.CheckConstraint(
                name="regulation_conflicts_known",
                condition=Q(
                    same_producer__in=ConflictRule.values,
                    same_commune__in=ConflictRule.values,
                    appraised__in=ConflictRule.values,
                ),
            ),
        ]
        triggers = [guards.Immutable(name="regulation_immutable")]

    def __str__(self) -> str:
        return str(self.basis.in_force)

    @classmethod
    def lay_down(cls, regulation: Self, *, by: User) -> Self:
        """Save a new version of a unit's regulation, and its ``basis``, as typed, in the ledger.

        Raises PermissionDenied; ValidationError, by field of either.
        """
        unit = regulation.org_unit
        if not rules.has_perm("councils.regulate", by, unit):
            raise PermissionDenied
        with transaction.atomic():
            # As of a council.
            take_turn("regulations", unit.pk)
            posts = (by.capacity(role, unit.pk) for role in (Role.COUNCIL_OFFICE, Role.OFFICER))
            capacity = next(filter(None, posts), None)
            regulation.basis.issuer, regulation.basis.does = unit, Effect.DECIDES
            regulation.basis = documents.record(
                regulation.basis, by=by, capacity=capacity, told=_founded_on
            )
            check_purpose(regulation.basis, "lays_down")
            regulation.full_clean()
            regulation._check_new()
            regulation.save(force_insert=True)
            HistoryEntry.objects.record(
                "council.regulate",
                LaidDown(regulation, Cycle.to_record_in().pk),
                by=by,
                capacity=capacity,
                saved=[regulation],
                ledger=regulation.basis_id,
                regulation=regulation.pk,
                document=str(regulation.basis),
            )
        return regulation

    def _check_new(self) -> None:
        """Refuse what says nothing else than the version that stands: somebody entered it just
        now. Raises ValidationError.
        """
        last = Regulation.objects.in_force(self.org_unit, self.valid_from)
        if last is None or last.basis_id not in {each.pk for each in self.basis.versions()}:
            return
        left_out = ("id", "basis", "was_document")
        said = [each.attname for each in self._meta.fields if each.name not in left_out]
        if all(getattr(last, name) == getattr(self, name) for name in said):
            raise ValidationError(
                _now("Quy chế này, áp dụng từ ngày đó, đã nhập rồi: không nhập lần nữa.")
            )


@dataclass(frozen=True)
class LaidDown:
    """A regulation in the history of a cycle, as its unit may have no council yet."""

    regulation: Regulation
    pk: int
    history_stream = Stream.CYCLE

    @property
    def history_cycle_id(self) -> int:
        return self.pk

    def __str__(self) -> str:
        return f"{self.regulation}, {self.regulation.org_unit}"


class CouncilQuerySet(models.QuerySet):
    def in_term(self, day: date) -> Self:
        """Councils whose term (nhiệm kỳ) has ``day`` in it."""
        return self.filter(Q(valid_to=None) | Q(valid_to__gte=day), valid_from__lte=day)

    def visible_to(self, user: User) -> Self:
        """Councils on which ``user`` sits today, and those of units that ``user`` works for."""
        return self.filter(
            Q(org_unit__in=user.business())
            | Q(pk__in=Member.objects.sitting().filter(user=user).values("council"))
        )

    def reached_by(self, user: User) -> Self:
        """Councils of units that ``user`` works for, and those where ``user`` ever had a seat."""
        seats = Member.objects.filter(user=user)
        return self.filter(Q(org_unit__in=user.business()) | Q(pk__in=seats.values("council")))


class Council(Renamed):
    """A council of one unit for a period, set up by a decision (hội đồng đánh giá, phân hạng; QĐ
    26/2026/QĐ-TTg, Điều 7.3.b): a document of the ledger, read as it was corrected last.

    Rows of before the ledger keep in the columns ``was_…`` what the history hashed of them.
    """

    history_stream = Stream.COUNCIL

    org_unit = models.ForeignKey(
        OrgUnit, models.PROTECT, related_name="councils", verbose_name=_("đơn vị")
    )
    name = models.CharField(_("tên hội đồng"), max_length=200)
    decision = models.ForeignKey(
        Document,
        models.PROTECT,
        editable=False,
        related_name="sets_up",
        verbose_name=_("quyết định thành lập"),
    )
    extension = models.ForeignKey(
        Document,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="extends",
        verbose_name=_("văn bản gia hạn"),
    )
    was_decision_number = models.CharField(
        db_column="decision_number", max_length=60, blank=True, editable=False
    )
    was_decision_on = models.DateField(db_column="decision_on", null=True, editable=False)
    valid_from = models.DateField(_("hoạt động từ"))
    valid_to = models.DateField(_("đến hết"), null=True, blank=True)

    objects = CouncilQuerySet.as_manager()

    class Meta:
        verbose_name = _("hội đồng")
        verbose_name_plural = _("hội đồng")
        ordering = ["-valid_from", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="council_period_not_reversed",
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
            )
        ]
        triggers = [
            guards.Stays("valid_from", "name", "decision_id", name="council_stays"),
            guards.Told(
                name="council_told",
                stream="council",
                of="r.id",
                columns={"valid_to extension_id": "council.extend"},
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def founded(self) -> Document:
        """Its decision as it stands."""
        return self.decision.in_force

    @property
    def decision_number(self) -> str:
        return self.founded.number

    @property
    def decision_on(self) -> date:
        """The day on which its decision was signed."""
        day = self.founded.signed_on
        assert day is not None, "a decision that sets up a council has its day"
        return day

    @property
    def level(self) -> Level:
        """The level it judges at (cấp)."""
        return Level(self.org_unit.level)

    def not_in_term(self, day: date) -> list[Words]:
        """The sentence that says that the council has no term on ``day``; empty when it has."""
        if day < self.valid_from:
            return [
                _now("Ngày %(day)s hội đồng chưa hoạt động: hoạt động từ %(first)s.")
                % {"day": f"{day:%d/%m/%Y}", "first": f"{self.valid_from:%d/%m/%Y}"}
            ]
        if self.valid_to is not None and day > self.valid_to:
            return [
                _now(
                    "Ngày %(day)s hội đồng đã hết nhiệm kỳ (đến hết %(last)s): gia hạn hội đồng "
                    "theo văn bản, hoặc lập hội đồng mới."
                )
                % {"day": f"{day:%d/%m/%Y}", "last": f"{self.valid_to:%d/%m/%Y}"}
            ]
        return []

    def extend(self, *, valid_to: date, reason: str, document: Document, by: User) -> None:
        """Give the council a later last day (gia hạn), on a ``document``, as typed, and with it the
        seats that end with its term; not those whose people were let go, have left or were
        replaced.

        Raises PermissionDenied, ConditionNotMet without a reason, for a council without a last day,
        or for a day that is no later or past, and ValidationError by field of the document.
        """
        with transaction.atomic():
            self._hold(by)
            self.refresh_from_db(fields=["valid_to"])
            lacks, was = told_why(reason), self.valid_to
            if was is None:
                raise ConditionNotMet([*lacks, ENDLESS])
            if valid_to <= was:
                said = _now("Ngày mới phải sau ngày %(last)s.") % {"last": f"{was:%d/%m/%Y}"}
                lacks.append(Lack(said, "valid_to"))
            elif valid_to < clock.today():
                words = _now("Ngày mới đã qua: hãy chọn hôm nay hoặc một ngày sau.")
                lacks.append(Lack(words, "valid_to"))
            if lacks:
                raise ConditionNotMet(lacks)
            self.valid_to = valid_to
            self.extension = self.into_ledger(document, by, "extends")
            self.save(update_fields=["valid_to", "extension"])
            seats = self._ending_with_its_term(was, by)
            for member in seats:
                # A seat that ended stays: it goes on as another from the next day.
                member.pk, member._state.adding = None, True
                member.since, member.until, member.made_by = was + DAY, valid_to, by
                member.save(force_insert=True)
            self._interests_of(seats)
            HistoryEntry.objects.record(
                "council.extend",
                self,
                by=by,
                saved=seats,
                seats=[str(member) for member in seats],
                reason=reason.strip(),
                ledger=self.extension.pk,
                document=str(self.extension),
                was=was.isoformat(),
                until=valid_to.isoformat(),
            )

    def _ending_with_its_term(self, last: date, by: User) -> list[Member]:
        """The seats until ``last``, the last day of the term, that nobody ended or took since;
        without that of ``by``, for nobody seats themselves.
        """
        told = HistoryEntry.objects.filter(
            stream=self.history_stream, stream_id=self.pk, event="council.unseat"
        )
        # An entry of before has the name alone, and that may be erased since.
        unseated = {
            (entry.data.get("who_id") or entry.data.get("who"), entry.data.get("seat"))
            for entry in told
        }
        nameless = {
            entry.data.get("seat")
            for entry in told
            if not entry.data.get("who_id")
            and ("who" not in entry.data or entry.erased("data.who"))
            and entry.data.get("until") == last.isoformat()
        }
        later = list(self.members.filter(since__gt=last))
        people = {member.user_id for member in later}
        taken = {member.seat for member in later} & set(SINGLE)
        seats = self.members.filter(until=last, user__is_active=True).exclude(user=by)
        return [
            member
            for member in seats.select_related("user").order_by("pk")
            if member.user_id not in people
            and member.seat not in taken | nameless
            and unseated.isdisjoint(
                {(member.user_id, member.seat), (str(member.user), member.seat)}
            )
        ]

    def seat_of(self, user: User, *seats: str) -> Member | None:
        """The seat that ``user`` holds today, one of ``seats`` if any are named; None without."""
        held = self.members.sitting().filter(user=user)
        return (held.filter(seat__in=seats) if seats else held).first()

    def missing(self, day: date | None = None) -> list[Words]:
        """Sentences that say what its composition (thành phần) lacks on ``day``, else today."""
        seats = list(self.members.sitting(day).values_list("seat", flat=True))
        needed = {
            Seat.CHAIR: _("Hội đồng chưa có chủ tịch."),
            Seat.SECRETARY: _("Hội đồng chưa có thư ký."),
        }
        found: list[Words] = [sentence for seat, sentence in needed.items() if seat not in seats]
        if sum(seat in JUDGES for seat in seats) < FEWEST_JUDGES:
            found.append(
                _now("Hội đồng cần ít nhất %(number)s người chấm điểm.") % {"number": FEWEST_JUDGES}
            )
        return found

    def unusual(self) -> list[Words]:
        """Sentences that say what to look at before a decision on its people is signed (thành phần;
        Đ.7.3.b), beside what is :meth:`missing`: warnings, which stop nothing.
        """
        seats = list(self.members.sitting().select_related("user"))
        found: list[Words] = []
        if not any(each.seat == Seat.TEAM_LEAD for each in seats):
            found.append(_("Tổ tư vấn chưa có tổ trưởng."))
        if bare := [str(each.user) for each in seats if not each.department.strip()]:
            found.append(_now("Chưa ghi cơ quan, chức vụ của %(who)s.") % {"who": ", ".join(bare)})
        return found

    @property
    def history_cycle_id(self) -> None:
        return None

    @classmethod
    def set_up(cls, council: Self, *, by: User) -> Self:
        """Save a new council, and its decision, as typed, in the ledger.

        Raises PermissionDenied; ValidationError, by field of either.
        """
        with transaction.atomic():
            if not rules.has_perm("councils.set_up", by, council.org_unit):
                raise PermissionDenied
            # Whoever sets up the same at the same moment comes second and is told.
            take_turn("councils", council.org_unit_id)
            council.decision = council.into_ledger(council.decision, by, "sets_up")
            there = cls.objects.filter(
                org_unit=council.org_unit, decision__in=council.decision.versions()
            ).first()
            if there is not None:
                said = _now("Theo quyết định này đã lập «%(council)s»: không lập lần nữa.")
                raise ValidationError({"number": said % {"council": there}})
            council.full_clean()
            council.save(force_insert=True)
            HistoryEntry.objects.record(
                "council.set_up",
                council,
                by=by,
                saved=[council],
                ledger=council.decision_id,
                number=council.decision.number,
            )
        return council

    def into_ledger(self, typed: Document, by: User, purpose: str) -> Document:
        """What its unit decides of the council, or of a round, as typed, in the ledger; see
        :func:`check_purpose`.

        Raises ValidationError by field.
        """
        typed.issuer, typed.does = self.org_unit, Effect.DECIDES
        found = documents.record(typed, by=by, told=_founded_on)
        check_purpose(found, purpose)
        return found

    def give_seat(self, member: Member, *, by: User, decision: Document | None = None) -> Member:
        """Save a new seat, on the council's decision unless another ``decision``, as typed, is
        given.

        Raises PermissionDenied, ConditionNotMet when the seat is taken or would be ``by``'s own;
        ValidationError by field of the decision.
        """
        with transaction.atomic():
            self._hold(by)
            if is_oneself(by, member.user):
                raise ConditionNotMet([_now("Không ai tự đưa mình vào hội đồng.")])
            check_person(member.user, Role.COUNCIL_OFFICE, field="user")
            member.council, member.made_by = self, by
            # Also seats that begin after the new one.
            sitting = self.members.exclude(until__lt=member.since)
            kin = TEAM if member.seat in TEAM else (*JUDGES, Seat.SECRETARY)
            if sitting.filter(user=member.user, seat__in=kin).exists():
                raise ConditionNotMet(
                    [_now("%(who)s đã có trong hội đồng.") % {"who": member.user}]
                )
            if member.seat not in TEAM:
                self._begins_after_meetings(member)
            if member.seat in SINGLE and sitting.filter(seat=member.seat).exists():
                raise ConditionNotMet(
                    [_now("Hội đồng đã có %(seat)s.") % {"seat": Seat(member.seat).label.lower()}]
                )
            member.decision = (
                self.founded if decision is None else self.into_ledger(decision, by, "seats")
            )
            member.save(force_insert=True)
            self._interests_of([member])
            HistoryEntry.objects.record(
                "council.seat",
                self,
                by=by,
                saved=[member],
                who=str(member.user),
                seat=member.seat,
                ledger=member.decision_id,
                document=str(member.decision),
            )
        return member

    def take_seat(
        self, member: Member, *, by: User, until: date, reason: str, document: Document
    ) -> None:
        """Make ``until``, today or later, the last day of a seat (cho thôi), on a ``document``, as
        typed.

        In a round that met on or before that day the person keeps the seat. Raises
        PermissionDenied, ConditionNotMet without a reason, for a past day, for a seat that was
        ended before, or when the member's sheets are in for a later meeting, and ValidationError by
        field of the document.
        """
        with transaction.atomic():
            self._hold(by)
            member.refresh_from_db()
            lacks: list[Words | Lack] = []
            if ended := member.why_not_ended():
                lacks.append(ended)
            lacks += told_why(reason, _now("Bạn chưa nêu lý do cho thôi."))
            if until < clock.today():
                lacks.append(Lack(_now("Chỉ cho thôi từ hôm nay hoặc một ngày sau."), "until"))
            elif until < member.since:
                lacks.append(Lack(_now("Ngày này trước ngày bắt đầu tham gia hội đồng."), "until"))
            lacks += [
                _now(
                    "Đợt «%(round)s» họp ngày %(day)s đã có phiếu của người này: chỉ cho thôi "
                    "sau ngày họp."
                )
                % {"round": round_, "day": f"{round_.met_on:%d/%m/%Y}"}
                for round_ in self.rounds.filter(
                    state="open",
                    entries__live=True,
                    entries__sheets__member=member,
                    entries__sheets__scoring=F("entries__scoring"),
                    entries__sheets__state__in=["submitted", "entered"],
                ).distinct()
                if until < round_.met_on  # type: ignore[operator]  # an open round has a day
            ]
            if lacks:
                raise ConditionNotMet(lacks)
            member.until, member.release = until, self.into_ledger(document, by, "releases")
            member.save(update_fields=["until", "release"])
            HistoryEntry.objects.record(
                "council.unseat",
                self,
                by=by,
                reason=reason.strip(),
                who=str(member.user),
                who_id=member.user_id,
                seat=member.seat,
                until=until.isoformat(),
                ledger=member.release.pk,
                document=str(member.release),
            )

    def _interests_of(self, seats: Sequence[Member]) -> None:
        """Have what people in new ``seats`` declared before, of products that are still to be
        judged, stand for these seats too.
        """
        for round_ in self.rounds.filter(entries__live=True).distinct().order_by("pk"):
            round_.bring_interests(round_.entries.filter(live=True), seats)

    def _begins_after_meetings(self, member: Member) -> None:
        """Refuse a seat that begins on or before a meeting already held: it would change who had to
        be there. Raises ConditionNotMet.
        """
        for round_ in self.rounds.exclude(opened_at=None):
            # An opened round has a day.
            if member.since <= round_.met_on <= clock.today():  # type: ignore[operator]
                raise ConditionNotMet(
                    [
                        _now("Đợt «%(round)s» họp ngày %(day)s: chỉ tham gia từ ngày sau đó.")
                        % {"round": round_, "day": f"{round_.met_on:%d/%m/%Y}"}
                    ]
                )

    def _hold(self, by: User) -> None:
        Council.objects.select_for_update().get(pk=self.pk)
        if not rules.has_perm("councils.seat", by, self):
            raise PermissionDenied


class Seat(models.TextChoices):
    """A person's role on a council (tư cách trong hội đồng)."""

    CHAIR = "chair", _("Chủ tịch")
    VICE_CHAIR = "vice_chair", _("Phó chủ tịch")
    MEMBER = "member", _("Ủy viên")
    SECRETARY = "secretary", _("Thư ký")
    TEAM_LEAD = "team_lead", _("Tổ trưởng tổ tư vấn")
    TEAM = "team", _("Thành viên tổ tư vấn")


#: The seats that always score; whether the secretary does, the regulation says.
JUDGES = (Seat.CHAIR, Seat.VICE_CHAIR, Seat.MEMBER)
#: The support team (tổ tư vấn, trước là tổ giúp việc).
TEAM = (Seat.TEAM_LEAD, Seat.TEAM)
#: The seats that one person holds at a time.
SINGLE = (Seat.CHAIR, Seat.SECRETARY, Seat.TEAM_LEAD)
#: The fewest scoring members of a council; provinces have 7 to 13.
FEWEST_JUDGES = 3


class MemberQuerySet(models.QuerySet):
    def sitting(self, day: date | Combinable | None = None) -> Self:
        """Seats held on ``day``, by default today."""
        day = day or clock.today()
        return self.filter(Q(until=None) | Q(until__gte=day), since__lte=day)

    def held(self, first: date | Combinable, last: date | Combinable | None = None) -> Self:
        """Seats held on a day from ``first`` to ``last`` (None: or later)."""
        held = self.filter(Q(until=None) | Q(until__gte=first))
        return held if last is None else held.filter(since__lte=last)

    def scoring(self, regulation: Regulation) -> Self:
        """Seats that score under ``regulation``."""
        seats = (*JUDGES, Seat.SECRETARY) if regulation.secretary_scores else JUDGES
        return self.filter(seat__in=seats)

    def scoring_in(self, round_: OuterRef) -> Self:
        """Seats that score under the regulation of ``round_``, a round of their council."""
        secretary = Q(
            seat=Seat.SECRETARY,
            council__rounds=round_,
            council__rounds__regulation__secretary_scores=True,
        )
        return self.filter(Q(seat__in=JUDGES) | secretary)

    def judging(self, org_unit_id: int, first: date, last: date | None = None) -> Self:
        """Seats on the councils of a unit, held on a day from ``first`` to ``last`` (None: or
        later), that score under the regulation in force on ``first``, by which its next rounds go,
        or under that of a round that is not over.
        """
        law = Regulation.objects.in_force(org_unit_id, first)
        held = self.held(first, last).filter(
            Q(council__valid_to=None) | Q(council__valid_to__gte=first),
            council__org_unit=org_unit_id,
        )
        if law is not None and law.secretary_scores:
            return held.scoring(law)
        # A round keeps the rules that it was begun under.
        under_way = Council.objects.filter(
            pk=OuterRef("council"),
            rounds__state__in=["preparing", "open"],
            rounds__regulation__secretary_scores=True,
        )
        return held.filter(Q(seat__in=JUDGES) | Q(Exists(under_way), seat=Seat.SECRETARY))


def _one_at_a_time(name: str, whose: Func, seats: Sequence[str]) -> ExclusionConstraint:
    """A constraint: on one day, no two of ``seats`` of one council have the same ``whose``."""
    return ExclusionConstraint(
        name=name,
        expressions=[
            (Hash(F("council")), RangeOperators.OVERLAPS),
            (whose, RangeOperators.OVERLAPS),
            (
                DateRange("since", "until", RangeBoundary(inclusive_upper=True)),
                RangeOperators.OVERLAPS,
            ),
        ],
        condition=Q(seat__in=seats, doubled=False),
    )


class Member(models.Model):
    """A person's seat on a council or in its support team (thành viên), ``since`` – ``until``.

    It rests on the decision that set the council up, or one of its own (QĐ 26/2026/QĐ-TTg, Điều
    7.3.b).
    """

    council = models.ForeignKey(
        Council, models.PROTECT, related_name="members", verbose_name=_("hội đồng")
    )
    user = models.ForeignKey(
        User, models.PROTECT, related_name="seats", verbose_name=_("thành viên")
    )
    seat = models.CharField(_("tư cách"), max_length=12, choices=Seat)
    department = models.CharField(_("cơ quan"), max_length=200, blank=True)
    since = models.DateField(_("từ ngày"))
    until = models.DateField(_("đến hết ngày"), null=True, blank=True)
    #: NULL for rows older than this column.
    made_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("người ghi"),
    )
    decision = models.ForeignKey(
        Document,
        models.PROTECT,
        editable=False,
        related_name="seats",
        verbose_name=_("quyết định"),
    )
    release = models.ForeignKey(
        Document,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="releases",
        verbose_name=_("văn bản cho thôi"),
    )
    was_document = models.CharField(
        db_column="document", max_length=120, blank=True, editable=False
    )
    #: Marked by the migration that brought the constraints: at that time the person had another
    #: seat, or the single seat was taken.
    doubled = models.BooleanField(default=False, db_default=False, editable=False)

    objects = MemberQuerySet.as_manager()

    class Meta:
        verbose_name = _("thành viên hội đồng")
        verbose_name_plural = _("thành viên hội đồng")
        ordering = ["council_id", "pk"]
        constraints = [
            _one_at_a_time(
                "one_judging_seat_per_person", Hash(F("user")), [*JUDGES, Seat.SECRETARY]
            ),
            _one_at_a_time("one_team_seat_per_person", Hash(F("user")), [*TEAM]),
            _one_at_a_time(
                "one_head_per_council", Hash(Func(F("seat"), function="hashtext")), [*SINGLE]
            ),
            models.CheckConstraint(
                name="member_not_seated_by_themselves",
                condition=Q(made_by=None) | ~Q(user=F("made_by")),
            ),
            models.CheckConstraint(name="member_seat_known", condition=Q(seat__in=Seat.values)),
            models.CheckConstraint(
                name="member_period_not_reversed",
                condition=Q(until=None) | Q(until__gte=F("since")),
            ),
        ]
        triggers = [
            guards.Stays("department", "made_by_id", "decision_id", name="member_stays"),
            guards.Told(
                name="member_told",
                stream="council",
                of="r.council_id",
                columns={"until release_id": "council.unseat"},
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_seat_display()})"

    def why_not_ended(self) -> str:
        """The sentence that says that its end is recorded already; "" where none is."""
        if self.until is None:
            return ""
        return _now("Đã ghi thôi sau ngày %(day)s: không sửa lại được.") % {
            "day": f"{self.until:%d/%m/%Y}"
        }

    @property
    def label(self) -> str:
        """Its name in a list of choices; the person is told apart from namesakes."""
        return f"{self.user.label(getattr(self, 'has_namesake', True))} ({self.get_seat_display()})"


@holding
def seats_held(person: User, day: date) -> list[Held]:
    """The seats that ``person`` holds on ``day`` or later."""
    seats = Member.objects.filter(Q(until=None) | Q(until__gte=day), user=person)
    return [Held(seat) for seat in seats.select_related("council")]


@barring
def judges_there(person: User, post: RoleAssignment, first: date, last: date | None) -> str:
    """Who scores on a council of the unit does not stand in for its office: they could not act."""
    if post.role != Role.COUNCIL_OFFICE:
        return ""
    seat = Member.objects.judging(post.org_unit_id, first, last).filter(user=person).first()
    if seat is None:
        return ""
    return _now(
        "%(who)s chấm điểm trong «%(council)s»: không làm thay %(role)s của hội đồng được. Hãy "
        "chọn người khác."
    ) % {"who": person, "council": seat.council, "role": Role(post.role).label.lower()}


@holders
def seated(day: date) -> QuerySet[Any]:
    """Who has a seat on ``day`` or later."""
    return Member.objects.filter(Q(until=None) | Q(until__gte=day)).values("user")


@dataclass(frozen=True)
class Held:
    """A seat in the list of what a person holds (cycle/appointing.py)."""

    member: Member

    def __str__(self) -> str:
        return f"{self.member.get_seat_display()}, {self.member.council}"
