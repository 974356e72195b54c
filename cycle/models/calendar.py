"""The year: its cycle, when each step runs, who does what, and which days are off."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Self

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Abs
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cycle import clock, guards
from cycle.models.organisation import Level, Role, check_period
from cycle.models.ruleset import RuleSet
from cycle.prepared import prepared
from cycle.steps import Step
from cycle.workdays import DAY, Calendar, Unit
from cycle.written import FIRST_YEAR, LAST_YEAR

if TYPE_CHECKING:
    from cycle.models.document import Document


def turn_of(today: date, at: str = "") -> tuple[Any, ...]:
    """The order of :meth:`StandingCycles.by_day`, for rows whose cycle stands ``at`` a prefix."""
    over = Q(**{f"{at}ends_on__lt": today})
    over |= Q(**{f"{at}ends_on": None, f"{at}year__lt": today.year})
    return (
        F(f"{at}closed_on").desc(nulls_first=True),
        f"{at}beside",
        Case(When(over, then=1), When(**{f"{at}opened_on__lte": today}, then=0), default=2),
        Abs(F(f"{at}year") - Value(today.year)),
        f"-{at}year",
        f"-{at}pk",
    )


class StandingCycles(models.Manager):
    """Cycles that stand: one that was opened by mistake is left out; ``everything`` has it."""

    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().filter(void=False)

    def by_day(self, today: date) -> models.QuerySet:
        """The year of ``today`` first: of the open ones, a rehearsal last, the one that runs, then
        one that should be over, then one to come; of two that run, the one of this calendar year.
        """
        return self.order_by(*turn_of(today))

    def after(self, cycle: Cycle) -> models.QuerySet:
        """The open years of later, in which what ``cycle`` left unfinished may go on (chuyển tiếp);
        what was a rehearsal goes on in none that is real.
        """
        later = self.filter(closed_on=None, year__gt=cycle.year, beside=cycle.beside)
        return later.order_by("year", "pk")

    def current(self, today: date) -> Cycle | None:
        """The year of ``today`` (chu trình hiện hành): open and no rehearsal; None without one."""
        return self.by_day(today).filter(closed_on=None, beside=False).first()


class Cycle(models.Model):
    """One OCOP year of the province (chu trình OCOP thường niên).

    A year has one. A rehearsal, an illustration or the archive of what was recognised before
    stands ``beside`` it, told apart by ``title``. One that was opened by mistake is ``void``: it
    stays, is closed and shown nowhere. ``ends_on`` is the last day as planned (None: of before it
    was asked); ``closed_on`` is written when the year is over. Targets carry the document of the
    ledger that set them (``target_basis``, read as ``target_paper``); ``was_target_document`` how a
    year of before the ledger named it.
    """

    year = models.PositiveSmallIntegerField(_("năm"))
    title = models.CharField(_("tên chu trình"), max_length=120, unique=True)
    rule_set = models.ForeignKey(
        RuleSet, models.PROTECT, related_name="cycles", verbose_name=_("bộ quy định")
    )
    opened_on = models.DateField(_("mở ngày"))
    ends_on = models.DateField(_("ngày cuối theo kế hoạch"), null=True, blank=True)
    closed_on = models.DateField(_("đóng ngày"), null=True, blank=True)
    assumed = models.BooleanField(
        _("giả định"), default=False, help_text=_("Dữ liệu minh họa, không phải số liệu thật.")
    )
    target_new = models.PositiveIntegerField(_("chỉ tiêu sản phẩm mới"), null=True, blank=True)
    target_upgrades = models.PositiveIntegerField(_("chỉ tiêu nâng hạng"), null=True, blank=True)
    target_new_organisations = models.PositiveIntegerField(
        _("chỉ tiêu tổ chức kinh tế thành lập mới"), null=True, blank=True
    )
    target_basis = models.ForeignKey(
        "cycle.Document",
        models.PROTECT,
        null=True,
        editable=False,
        related_name="sets_targets",
        verbose_name=_("văn bản giao chỉ tiêu"),
    )
    was_target_document = models.CharField(
        db_column="target_document", max_length=200, blank=True, db_default="", editable=False
    )
    beside = models.BooleanField(
        _("ngoài chu trình chính của năm"),
        default=False,
        db_default=False,
        help_text=_("Tập dượt, minh họa: mỗi năm chỉ có một chu trình chính."),
    )
    void = models.BooleanField(_("mở nhầm"), default=False, db_default=False, editable=False)

    objects = StandingCycles()
    everything = models.Manager()

    class Meta:
        verbose_name = _("chu trình")
        verbose_name_plural = _("chu trình")
        ordering = ["-year", "title"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_on=None) | Q(closed_on__gte=F("opened_on")),
                name="cycle_period_not_reversed",
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("opened_on")),
                name="cycle_plan_not_reversed",
            ),
            models.UniqueConstraint(
                fields=["year"],
                condition=Q(void=False, beside=False),
                name="cycle_one_per_year",
                violation_error_message=_("Năm này đã có chu trình."),
            ),
            models.CheckConstraint(
                condition=Q(void=False) | Q(closed_on__isnull=False), name="cycle_void_is_closed"
            ),
        ]
        triggers = [
            guards.Stays("target_document", name="cycle_stays"),
            guards.Told(
                name="cycle_told",
                stream="cycle",
                of="r.id",
                columns={
                    "year rule_set_id opened_on ends_on assumed target_new target_upgrades"
                    " target_new_organisations target_basis_id beside": "cycle.configure",
                    "title": "cycle.configure cycle.take_back",
                    "closed_on": "cycle.configure cycle.take_back cycle.close cycle.reopen",
                    "void": "cycle.take_back",
                },
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def target_paper(self) -> Document | None:
        """The document that set the targets, as it stands; None without one."""
        return None if self.target_basis is None else self.target_basis.in_force

    def clean(self) -> None:
        check_period(self.opened_on, self.closed_on, "closed_on")
        if self.year is not None and not FIRST_YEAR <= self.year <= LAST_YEAR:
            raise ValidationError(
                {"year": _("Năm %(year)s không hợp lý, xin xem lại.") % {"year": self.year}}
            )
        if self.rule_set_id is not None and self.opened_on is not None:
            self._check_law()
        if self.pk is None or self.ends_on is None or self.opened_on is None:
            return
        for name, outside in (
            ("opened_on", self.step_windows.filter(opens_on__lt=self.opened_on)),
            ("ends_on", self.step_windows.filter(closes_on__gt=self.ends_on)),
        ):
            if window := outside.first():
                raise ValidationError(
                    {
                        name: _(
                            "«%(window)s» sẽ nằm ngoài chu trình: hãy sửa thời gian bước đó trước."
                        )
                        % {"window": window}
                    }
                )

    def _check_law(self) -> None:
        """Refuse an edition that is in force on none of the year's days (Đ.12); one that ends, or
        begins, within the year stands. What stands beside the years may rest on any, and a year
        that was opened before is asked when its edition or its days move.
        """
        of_law = ("rule_set_id", "opened_on", "ends_on")
        stored = Cycle.everything.filter(pk=self.pk).values_list(*of_law).first()
        if self.beside or stored == tuple(getattr(self, name) for name in of_law):
            return
        law, last = self.rule_set, self.ends_on or date(self.year or self.opened_on.year, 12, 31)
        if law.valid_to is not None and law.valid_to < self.opened_on:
            at, day = "opened_on", law.valid_to
            wrong = _(
                "%(law)s hết hiệu lực ngày %(day)s, trước ngày đầu của chu trình %(year)s: hãy "
                "chọn bộ quy định có hiệu lực trong năm."
            )
        elif law.valid_from > last:
            at, day = "ends_on", law.valid_from
            wrong = _(
                "%(law)s có hiệu lực từ ngày %(day)s, sau ngày cuối của chu trình %(year)s: hãy "
                "chọn bộ quy định có hiệu lực trong năm."
            )
        else:
            return
        if stored is None or stored[0] != self.rule_set_id:
            at = "rule_set"
        said = {"law": law.document, "year": self.year, "day": f"{day:%d/%m/%Y}"}
        raise ValidationError({at: wrong % said})

    #: The stream of its own history: changes of its configuration.
    history_stream = "cycle"

    @property
    def history_cycle_id(self) -> int:
        return self.pk

    @classmethod
    def to_record_in(cls) -> Self:
        """The open cycle of today, whose history keeps what belongs to no one dossier or round; a
        rehearsal only when nothing else is open.

        Raises ValidationError while there is none at all.
        """
        year = cls.objects.by_day(clock.today()).first()
        if year is None:
            raise ValidationError(_("Chưa có chu trình nào để ghi nhật ký."))
        return year

    def adopt(self, rule_set: RuleSet, *, windows: bool = True) -> None:
        """Copy the duties and terms that ``rule_set`` proposes, where none are set yet, and the
        months of its steps, unless ``windows`` are planned otherwise.
        """
        if windows:
            StepWindow.objects.bulk_create(
                [
                    StepWindow(
                        cycle=self,
                        step=row["step"],
                        level=row["level"],
                        peak=row.get("peak"),
                        **days,
                    )
                    for row in rule_set.content["windows"]
                    for days in [days_of_months(self.year, *row["months"])]
                ],
                ignore_conflicts=True,
            )
        Duty.objects.bulk_create(
            [
                Duty(
                    cycle=self,
                    rule_set=rule_set,
                    node=row["node"],
                    level=row["level"],
                    role=row["role"],
                    working_days=row["working_days"],
                )
                for row in rule_set.content["duties"]
            ],
            ignore_conflicts=True,
        )
        TermRule.objects.bulk_create(
            [self._term_rule(rule_set, row) for row in rule_set.content["clocks"]],
            ignore_conflicts=True,
        )

    def _term_rule(self, rule_set: RuleSet, row: dict[str, Any]) -> TermRule:
        fixed_on = None
        if "dates" in row:
            fixed_on = last_day_before(row["dates"], self.year)
        elif "on" in row:
            fixed_on = date.fromisoformat(row["on"])
        elif "window" in row:
            last = next(
                window["months"][1]
                for window in rule_set.content["windows"]
                if [window["step"], window["level"]] == row["window"]
            )
            fixed_on = date(self.year, last, monthrange(self.year, last)[1])
        return TermRule(
            cycle=self,
            rule_set=rule_set,
            fixed_on=fixed_on,
            **{key: row[key] for key in row.keys() - {"dates", "window", "on"}},
        )


def last_day_before(day: str, year: int) -> date:
    """The last day of what the law wants «trước ngày» ``day`` of ``year``: before 30/4 is 29/4.

    ``day`` is written "04-30", with "+" before it when it is of the year after. It is a date and
    no length: it stands on a day off as on any other.
    """
    return date.fromisoformat(f"{year + day.startswith('+')}-{day.lstrip('+')}") - DAY


def days_of_months(year: int, first: int, last: int) -> dict[str, date]:
    """From the first of one month to the last of another: November to February begins in the year
    before.
    """
    return {
        "opens_on": date(year - (first > last), first, 1),
        "closes_on": date(year, last, monthrange(year, last)[1]),
    }


class StepWindow(models.Model):
    """When a step runs at a level (thời gian thực hiện bước). Windows warn, they never block.

    Of a ``batch`` it is planned back from that batch's dates; without one it runs through the year.
    The database holds the windows of a planned year inside it, and those of a batch in the order
    of the steps (triggers ``step_window_inside_its_cycle`` and ``step_windows_in_order``).
    ``peak`` is the month in which most of it is done (1 to 12), where the edition names one.
    ``why``: how the days were found, or the reason of who changed them.
    """

    cycle = models.ForeignKey(
        Cycle, models.PROTECT, related_name="step_windows", verbose_name=_("chu trình")
    )
    batch = models.ForeignKey(
        "cycle.Batch",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="windows",
        verbose_name=_("đợt"),
    )
    step = models.CharField(_("bước"), max_length=20, choices=Step)
    level = models.CharField(_("cấp"), max_length=10, choices=Level)
    opens_on = models.DateField(_("từ ngày"))
    closes_on = models.DateField(_("đến hết ngày"))
    warn_days = models.PositiveSmallIntegerField(
        _("báo trước (ngày)"), default=7, db_default=7, help_text=_("0 là không báo.")
    )
    peak = models.PositiveSmallIntegerField(_("tháng cao điểm"), null=True, blank=True)
    why = models.TextField(_("vì sao"), blank=True, db_default="")

    class Meta:
        verbose_name = _("thời gian thực hiện bước")
        verbose_name_plural = _("thời gian thực hiện bước")
        ordering = ["cycle", "opens_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["cycle", "batch", "step", "level"],
                nulls_distinct=False,
                name="step_window_once_per_level",
            ),
            models.CheckConstraint(
                condition=Q(closes_on__gte=F("opens_on")), name="step_window_not_reversed"
            ),
            models.CheckConstraint(
                condition=Q(warn_days__lte=90), name="step_window_warns_in_its_year"
            ),
            models.CheckConstraint(
                condition=Q(peak=None) | Q(peak__range=(1, 12)), name="step_window_peak_is_a_month"
            ),
        ]
        triggers = [
            guards.Stays("cycle_id", "batch_id", "step", "level", name="step_window_stays"),
            guards.Told(
                name="step_window_told",
                stream="cycle",
                of="r.cycle_id",
                columns={"opens_on closes_on warn_days peak why": "cycle.configure cycle.batch"},
            ),
            guards.Told(
                name="step_window_gone_told",
                stream="cycle",
                of="r.cycle_id",
                rows="cycle.configure cycle.batch",
                on=pgtrigger.Delete,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_step_display()}: {self.opens_on:%d/%m/%Y}–{self.closes_on:%d/%m/%Y}"

    def clean(self) -> None:
        check_period(self.opens_on, self.closes_on, "closes_on")

    def includes(self, day: date) -> bool:
        """Whether the window is open on ``day``."""
        return self.opens_on <= day <= self.closes_on


class WindowNotice(models.Model):
    """That a window closes soon, or has closed, was told (báo về thời gian thực hiện bước): once
    for each day on which it closes, however often the beat comes.

    ``late`` of a window that has closed: how many dossiers were not through, by unit.
    """

    class Kind(models.TextChoices):
        CLOSING = "closing", _("sắp hết thời gian")
        CLOSED = "closed", _("đã hết thời gian")

    window = models.ForeignKey(
        StepWindow, models.PROTECT, related_name="notices", verbose_name=_("thời gian thực hiện")
    )
    kind = models.CharField(max_length=8, choices=Kind)
    closes_on = models.DateField(_("đến hết ngày"))
    late = models.JSONField(_("chưa xong"), default=list)
    at = models.DateTimeField(_("lúc"))

    class Meta:
        verbose_name = _("báo về thời gian thực hiện")
        verbose_name_plural = _("báo về thời gian thực hiện")
        constraints = [
            models.UniqueConstraint(
                fields=["window", "kind", "closes_on"], name="window_told_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["closing", "closed"]), name="window_notice_kind_known"
            ),
        ]
        triggers = [guards.Immutable(name="window_notice_stays")]

    def __str__(self) -> str:
        return f"{self.window}: {self.get_kind_display()}"


class Duty(models.Model):
    """Which role at which level does a task, in how many working days (phân cấp nhiệm vụ)."""

    cycle = models.ForeignKey(
        Cycle, models.PROTECT, related_name="duties", verbose_name=_("chu trình")
    )
    rule_set = models.ForeignKey(
        RuleSet, models.PROTECT, related_name="duties", verbose_name=_("bộ quy định")
    )
    node = models.CharField(_("công việc"), max_length=40)
    level = models.CharField(_("cấp"), max_length=10, choices=Level)
    role = models.CharField(_("vai trò"), max_length=20, choices=Role)
    working_days = models.PositiveSmallIntegerField(_("số ngày làm việc"))

    class Meta:
        verbose_name = _("phân cấp nhiệm vụ")
        verbose_name_plural = _("phân cấp nhiệm vụ")
        ordering = ["cycle", "rule_set", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["cycle", "rule_set", "node"], name="duty_unique_per_node"
            ),
            models.CheckConstraint(
                condition=Q(working_days__gte=1, working_days__lte=365),
                name="duty_term_is_possible",
            ),
        ]
        triggers = [
            guards.Stays("cycle_id", "rule_set_id", "node", name="duty_stays"),
            guards.Told(
                name="duty_told",
                stream="cycle",
                of="r.cycle_id",
                columns={"level role working_days": "cycle.configure"},
            ),
        ]

    def __str__(self) -> str:
        return f"{self.node}: {self.get_role_display()}, {self.get_level_display()}"

    def clean(self) -> None:
        if self.working_days is not None and not 1 <= self.working_days <= 365:
            raise ValidationError({"working_days": _("Số ngày làm việc phải từ 1 đến 365.")})
        if self.role == Role.AUDITOR:
            raise ValidationError({"role": _("Người kiểm tra, giám sát chỉ xem: không giao việc.")})
        if self.role and self.role != Role.LEADER and self.node in self._signed():
            raise ValidationError({"role": _("Việc này là ký: chỉ giao cho lãnh đạo.")})

    def _signed(self) -> set[str]:
        """The tasks that the edition gives to a leader: what is signed there binds the office."""
        if not self.rule_set_id:
            return set()
        proposed = self.rule_set.content["duties"]
        return {duty["node"] for duty in proposed if duty["role"] == Role.LEADER}


class DayOffQuerySet(models.QuerySet):
    """Days off, and the calendar that they make."""

    def calendar(self, first: date, last: date) -> Calendar:
        """The :class:`~cycle.workdays.Calendar` of the days from ``first`` to ``last``."""
        off: set[date] = set()
        worked: set[date] = set()
        names: dict[date, str] = {}
        for day, is_worked, name, document in _days_off(first=first, last=last):
            (worked if is_worked else off).add(day)
            names[day] = f"{name} ({document})" if document else name
        return Calendar(frozenset(off), frozenset(worked), names)


@prepared
def _days_off(*, first: Any, last: Any) -> models.QuerySet[Any]:
    between = DayOff.objects.filter(day__gte=first, day__lte=last)
    return between.values_list("day", "worked", "name", "document")


class DayOff(models.Model):
    """A day off, or a weekend day worked instead (ngày nghỉ, ngày làm bù), with its document."""

    day = models.DateField(_("ngày"), unique=True)
    worked = models.BooleanField(_("làm bù"), default=False)
    name = models.CharField(_("tên"), max_length=120)
    document = models.CharField(_("văn bản"), max_length=120, blank=True)

    objects = DayOffQuerySet.as_manager()

    class Meta:
        verbose_name = _("ngày nghỉ, ngày làm bù")
        verbose_name_plural = _("ngày nghỉ, ngày làm bù")
        ordering = ["day"]
        triggers = [
            guards.Told(
                name="day_off_told",
                stream="config",
                of="1",
                rows="calendar.change calendar.load",
                on=pgtrigger.Update | pgtrigger.Delete,
            )
        ]

    def __str__(self) -> str:
        return f"{self.day:%d/%m/%Y} {self.name}"


def end_of(day: date) -> datetime:
    """24:00 of ``day`` in Vietnam: a term that ends on it is late from this moment on."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


ESCALATED_TO = ("officer", "leader", "next_level", "board")


def _is_escalation(row: object) -> bool:
    match row:
        case [int(days), str(who)]:
            return 0 <= days <= 365 and who in ESCALATED_TO
    return False


class TermRule(models.Model):
    """A term that the law or the province sets (thời hạn theo quy định), as data of a cycle.

    ``amount`` and ``unit`` are its budget; ``fixed_on`` is given instead for a date. It starts and
    stops with the events named. ``warnings`` are days before the due day (working days for terms in
    working days, else calendar days); ``escalations`` are working days after it, each with who
    hears: officer, leader, next_level, board. ``extension_limit`` is how far, in the same unit, a
    recorded document may move it; 0 is not at all. ``basis`` is the province's document of the
    ledger on which it differs from the law, read as ``paper``; ``was_document`` how a row of before
    the ledger named it.
    """

    cycle = models.ForeignKey(
        Cycle, models.PROTECT, related_name="term_rules", verbose_name=_("chu trình")
    )
    rule_set = models.ForeignKey(
        RuleSet, models.PROTECT, related_name="term_rules", verbose_name=_("bộ quy định")
    )
    code = models.CharField(_("mã"), max_length=20)
    subject = models.CharField(
        _("đối tượng"),
        max_length=12,
        default="dossier",
        choices=[
            ("dossier", _("hồ sơ")),
            ("certificate", _("giấy chứng nhận")),
            ("cycle", _("chu trình")),
        ],
    )
    title = models.CharField(_("tên thời hạn"), max_length=200)
    amount = models.PositiveSmallIntegerField(_("độ dài"), null=True, blank=True)
    unit = models.CharField(
        _("đơn vị tính"),
        max_length=2,
        blank=True,
        choices=[
            (Unit.WORKING_DAYS, _("ngày làm việc")),
            (Unit.DAYS, _("ngày")),
            (Unit.MONTHS, _("tháng")),
        ],
    )
    fixed_on = models.DateField(_("ngày cố định"), null=True, blank=True)
    starts_before = models.DateField(
        _("chỉ khi bắt đầu trước ngày"),
        null=True,
        blank=True,
        help_text=_("Quy định chuyển tiếp: hồ sơ nộp từ ngày này không thuộc thời hạn này."),
    )
    starts_on = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    stops_on = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    case_type = models.CharField(_("chỉ cho loại hồ sơ"), max_length=15, blank=True)
    role = models.CharField(_("vai trò chịu trách nhiệm"), max_length=20, choices=Role, blank=True)
    level = models.CharField(_("cấp"), max_length=10, choices=Level)
    warnings = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    escalations = models.JSONField(default=list, blank=True)
    extension_limit = models.PositiveSmallIntegerField(_("được gia hạn tối đa"), default=0)
    article = models.CharField(_("điều khoản"), max_length=120, blank=True)
    basis = models.ForeignKey(
        "cycle.Document",
        models.PROTECT,
        null=True,
        editable=False,
        related_name="sets_terms",
        verbose_name=_("văn bản của tỉnh"),
    )
    was_document = models.CharField(
        db_column="document", max_length=120, blank=True, db_default="", editable=False
    )

    class Meta:
        verbose_name = _("thời hạn theo quy định")
        verbose_name_plural = _("thời hạn theo quy định")
        ordering = ["cycle", "rule_set", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["cycle", "rule_set", "code"], name="term_rule_once_per_code"
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=False, fixed_on=None) & ~Q(unit="")
                | Q(amount=None, fixed_on__isnull=False),
                name="term_rule_is_a_length_or_a_date",
            ),
        ]
        triggers = [
            guards.Stays("cycle_id", "document", name="term_rule_stays"),
            guards.Told(
                name="term_rule_told",
                stream="cycle",
                of="r.cycle_id",
                columns={
                    "rule_set_id code subject title amount unit fixed_on starts_before starts_on"
                    " stops_on case_type role level warnings escalations extension_limit article"
                    " basis_id": "cycle.configure"
                },
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.title}"

    @property
    def paper(self) -> Document | None:
        """The province's document that it rests on, as it stands; None without one."""
        return None if self.basis is None else self.basis.in_force

    def clean(self) -> None:
        if (self.amount is None) == (self.fixed_on is None):
            raise ValidationError(
                {"amount": _("Ghi độ dài, hoặc ghi ngày cố định, đúng một trong hai.")}
            )
        if self.amount is not None and not self.unit:
            raise ValidationError({"unit": _("Độ dài cần có đơn vị tính.")})
        # An error here would only show when the first term begins, perhaps months later.
        if not isinstance(self.escalations, list) or not all(map(_is_escalation, self.escalations)):
            raise ValidationError(
                {
                    "escalations": _(
                        'Hãy ghi từng cặp số ngày và người nhận (%(who)s), ví dụ [[1, "leader"]].'
                    )
                    % {"who": ", ".join(ESCALATED_TO)}
                }
            )
