"""Until when: terms with their ledger, and the firings of their reminders and escalations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Self

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cycle import clock, guards
from cycle.models import (
    Cycle,
    DayOff,
    Document,
    OrgUnit,
    Role,
    TermRule,
    User,
    end_of,
)
from cycle.workdays import DAY, Calendar, Unit

if TYPE_CHECKING:
    from dossiers.models.certificate import Certificate
    from dossiers.models.dossier import Dossier
    from dossiers.models.task import Task

#: The hour at which reminders and escalations fire. Only «overdue» fires at midnight.
HOUR_OF_TELLING = time(8)

#: How a task of the office warns before and escalates after, in working days.
TASK_WARNINGS = (3, 1)
TASK_ESCALATIONS = ((1, "leader"), (3, "next_level"), (5, "board"))


#: Days from the due day, and who hears.
Rung = tuple[int, str]


class TermState(models.TextChoices):
    """Whether a clock runs (trạng thái thời hạn)."""

    RUNNING = "running", _("Đang tính")
    PAUSED = "paused", _("Tạm dừng")
    STOPPED = "stopped", _("Đã dừng")


class TermQuerySet(models.QuerySet):
    def live(self) -> Self:
        """Running or paused."""
        return self.exclude(state=TermState.STOPPED)

    def beside_tasks(self) -> Self:
        """Those of no task: what the law or a regulation sets, and days that were agreed. A task
        tells of its own.
        """
        return self.filter(task=None)


class Term(models.Model):
    """A clock on a task, a dossier, a certificate or a cycle's batch (thời hạn).

    ``started_at`` is when the thing happened, not when it was typed. The internal clock of a task
    may pause. A legal clock (``legal``) never pauses; it moves only on a recorded document. What is
    neither of a task nor legal is a day that was agreed, such as a visit's.

    ``due_on`` is computed from ``base_on``, ``base_amount`` and ``unit`` (``wd`` working days,
    ``d`` days, ``m`` months; empty for a fixed date), again whenever the calendar changes;
    ``original_due_on`` stays. ``base_amount`` is the length left from ``base_on``. It is negative
    when the term ends N working days before the date ``base_on``, and when it was N working days
    late as it paused, so that the pause adds no lateness. A pause changes neither: what was left is
    counted as it goes on, by the calendar of that day.

    ``rungs`` are the names of its reminders and escalations, ``rung_at`` their moments, and
    ``next_at`` the first moment that has not fired; the sweep selects by it.
    """

    rule = models.ForeignKey(
        TermRule,
        models.PROTECT,
        null=True,
        db_index=False,
        related_name="terms",
        verbose_name=_("quy định"),
    )
    code = models.CharField(_("mã"), max_length=20)
    title = models.CharField(_("thời hạn"), max_length=200)
    legal = models.BooleanField(_("theo luật"), default=False)
    cycle = models.ForeignKey(
        Cycle,
        models.PROTECT,
        db_index=False,
        related_name="terms",
        verbose_name=_("chu trình"),
    )
    dossier = models.ForeignKey(
        "dossiers.Dossier", models.PROTECT, null=True, related_name="terms", verbose_name=_("hồ sơ")
    )
    task = models.OneToOneField(
        "dossiers.Task", models.PROTECT, null=True, related_name="term", verbose_name=_("công việc")
    )
    certificate = models.ForeignKey(
        "dossiers.Certificate", models.PROTECT, null=True, db_index=False, related_name="terms"
    )
    role = models.CharField(_("vai trò"), max_length=20, choices=Role, blank=True)
    org_unit = models.ForeignKey(
        OrgUnit,
        models.PROTECT,
        db_index=False,
        related_name="terms",
        verbose_name=_("đơn vị"),
    )
    started_at = models.DateTimeField(_("bắt đầu"))
    unit = models.CharField(_("đơn vị tính"), max_length=2, blank=True)
    amount = models.PositiveSmallIntegerField(_("độ dài"), null=True)
    base_on = models.DateField(null=True)
    base_amount = models.IntegerField(null=True)
    extended = models.PositiveSmallIntegerField(_("đã gia hạn"), default=0)
    extension_limit = models.PositiveSmallIntegerField(_("được gia hạn tối đa"), default=0)
    original_due_on = models.DateField(_("hạn ban đầu"))
    due_on = models.DateField(_("hạn"))
    due_at = models.DateTimeField()
    state = models.CharField(
        _("trạng thái"), max_length=10, choices=TermState, default=TermState.RUNNING
    )
    paused_at = models.DateTimeField(_("tạm dừng lúc"), null=True)
    stopped_at = models.DateTimeField(_("dừng lúc"), null=True)
    rungs = ArrayField(models.CharField(max_length=24), default=list)
    rung_at = ArrayField(models.DateTimeField(), default=list)
    next_at = models.DateTimeField(null=True)

    objects = TermQuerySet.as_manager()

    class Meta:
        verbose_name = _("thời hạn")
        verbose_name_plural = _("thời hạn")
        ordering = ["due_at", "pk"]
        indexes = [
            models.Index(
                fields=["next_at"],
                name="term_sweep",
                condition=Q(state="running", next_at__isnull=False),
            ),
            models.Index(
                fields=["org_unit", "due_at"], name="term_register", condition=~Q(state="stopped")
            ),
            models.Index(
                fields=["org_unit", "due_at"],
                name="term_register_done",
                condition=Q(due_at__lte=F("stopped_at")),
            ),
            models.Index(
                fields=["due_on"],
                name="term_ending",
                condition=Q(certificate__isnull=False) & ~Q(state="stopped"),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=TermState.values), name="term_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="paused", paused_at__isnull=False)
                | ~Q(state="paused") & Q(paused_at=None),
                name="term_paused_knows_since",
            ),
            models.CheckConstraint(
                condition=Q(state="stopped", stopped_at__isnull=False)
                | ~Q(state="stopped") & Q(stopped_at=None),
                name="term_stopped_knows_when",
            ),
            models.CheckConstraint(
                condition=Q(legal=False) | ~Q(state="paused"), name="legal_term_never_pauses"
            ),
            models.CheckConstraint(
                condition=Q(extended__lte=F("extension_limit")),
                name="term_extended_within_the_law",
            ),
            models.CheckConstraint(
                condition=Q(amount=None, base_on=None, base_amount=None, unit="")
                | Q(amount__isnull=False, base_on__isnull=False, base_amount__isnull=False)
                & ~Q(unit=""),
                name="term_is_a_length_or_a_date",
            ),
            models.CheckConstraint(
                condition=Q(task=None) | Q(dossier__isnull=False), name="term_of_task_has_dossier"
            ),
        ]
        triggers = [
            guards.Stays(
                "code", "cycle_id", "dossier_id", "task_id", "rule_id", "title", "legal",
                "certificate_id", "role", "unit", "amount", "extension_limit", "original_due_on",
                name="term_stays",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.title

    # --- Begin ------------------------------------------------------------------------------

    @classmethod
    def of_task(cls, task: Task, working_days: int) -> Self:
        """Start the internal clock of ``task``: its duty's working days, from when it was given."""
        assert task.dossier is not None, "a task of a person is about a dossier"
        term = cls(
            code="task",
            title=task.node,
            cycle_id=task.dossier.cycle_id,
            dossier=task.dossier,
            task=task,
            role=task.role,
            org_unit=task.org_unit,
            started_at=task.opened_at,
            extension_limit=working_days,
        )
        term._begin(working_days, Unit.WORKING_DAYS, TASK_WARNINGS, TASK_ESCALATIONS)
        return term

    @classmethod
    def of_rule(
        cls,
        rule: TermRule,
        *,
        at: datetime,
        org_unit: OrgUnit,
        dossier: Dossier | None = None,
        certificate: Certificate | None = None,
        fixed_on: date | None = None,
        calendar: Calendar | None = None,
    ) -> Self:
        """A legal clock from ``at``, unsaved; with ``fixed_on`` it ends on that day instead of
        after the rule's length.

        ``calendar``: the days off, when the caller knows them.
        """
        term = cls(
            rule=rule,
            code=rule.code,
            title=rule.title,
            legal=True,
            cycle_id=rule.cycle_id,
            dossier=dossier,
            certificate=certificate,
            role=rule.role,
            org_unit=org_unit,
            started_at=at,
            extension_limit=rule.extension_limit,
        )
        escalations = [tuple(row) for row in rule.escalations]
        day = fixed_on or rule.fixed_on
        if day:
            term._begin(None, "", rule.warnings, escalations, fixed_on=day, calendar=calendar)
        else:
            term._begin(rule.amount, rule.unit, rule.warnings, escalations, calendar=calendar)
        return term

    @classmethod
    def on_day(
        cls,
        day: date,
        *,
        at: datetime,
        code: str,
        title: str,
        dossier: Dossier,
        role: str,
        org_unit: OrgUnit,
        warnings: Iterable[int],
        escalations: Iterable[Rung] = (),
        legal: bool = True,
    ) -> Self:
        """A clock of ``dossier`` from ``at`` that ends on ``day``, unsaved: it is a date and rolls
        over no day off. Not ``legal``: a day that was agreed.
        """
        term = cls(
            code=code,
            title=title,
            legal=legal,
            cycle_id=dossier.cycle_id,
            dossier=dossier,
            role=role,
            org_unit=org_unit,
            started_at=at,
        )
        term._begin(None, "", warnings, escalations, fixed_on=day)
        return term

    @classmethod
    def before(
        cls,
        day: date,
        working_days: int,
        *,
        code: str,
        title: str,
        cycle: Cycle,
        role: str,
        org_unit: OrgUnit,
        warnings: Iterable[int],
    ) -> Self:
        """A clock that ends ``working_days`` before ``day``, unsaved; with 0 it ends on ``day``
        itself, be it a working day or not.

        For limits set by a regulation, not by an edition of the law.
        """
        term = cls(
            code=code,
            title=title,
            legal=True,
            cycle=cycle,
            role=role,
            org_unit=org_unit,
            started_at=clock.now(),
        )
        if working_days:
            term._begin(-working_days, Unit.WORKING_DAYS, warnings, [], base_on=day)
        else:
            term._begin(None, "", warnings, [], fixed_on=day)
        return term

    def _begin(
        self,
        amount: int | None,
        unit: str,
        warnings: Iterable[int],
        escalations: Iterable[Rung],
        *,
        base_on: date | None = None,
        fixed_on: date | None = None,
        calendar: Calendar | None = None,
    ) -> None:
        self._ladder = [*((-days, "officer") for days in warnings), (0, "officer"), *escalations]
        self.unit, self.base_amount = unit, amount
        if amount is not None:
            self.amount = abs(amount)
            self.base_on = base_on or timezone.localdate(self.started_at)
        if fixed_on:
            self.due_on = fixed_on
        # A new clock has fired nothing.
        self.project(calendar or self.calendar(), firings=())
        self.original_due_on = self.due_on

    # --- Project ----------------------------------------------------------------------------

    def calendar(self, day: date | None = None) -> Calendar:
        """The days off around this term's days, at least up to ``day``."""
        first = self.base_on or self.due_on
        reach = {Unit.WORKING_DAYS: 2, Unit.DAYS: 1, Unit.MONTHS: 31, "": 0}[self.unit]
        reach *= self.base_amount or 0
        last = first + timedelta(days=max(reach, 0) + 61)
        return DayOff.objects.calendar(
            first - timedelta(days=max(-reach, 0) + 31), max(last, day or last)
        )

    def ladder(self) -> list[Rung]:
        """(days from the due day, role that is told) of each rung, warnings first; negative days
        are before the due day.
        """
        if not hasattr(self, "_ladder"):
            self._ladder = [_offset(rung) for rung in self.rungs]
        return self._ladder

    def climb_anew(self) -> None:
        """Take back the rungs of its rule that :meth:`tell_from` left out: its day will move."""
        if self.rule is not None:
            of_rule = [(-days, "officer") for days in self.rule.warnings]
            of_rule += [(0, "officer"), *map(tuple, self.rule.escalations)]
            self._ladder = list(dict.fromkeys([*self.ladder(), *of_rule]))

    def project(self, calendar: Calendar, firings: Iterable[Firing] | None = None) -> None:
        """Compute ``due_on``, ``due_at``, the rungs and ``next_at``; nothing is saved.

        ``firings`` are what has fired, of whatever due day; read from the database without it.
        """
        if self.unit:
            # A term with a unit has base_on and base_amount.
            self.due_on = calendar.project(self.base_on, self.base_amount, self.unit).due_on  # type: ignore[arg-type]
        self.due_at = end_of(self.due_on)
        ladder = self.ladder()
        moments = [(self._moment(days, calendar), days, to) for days, to in ladder]
        # A rung whose moment was before the start is dropped.
        kept = sorted(
            (moment, days, to) for moment, days, to in moments if moment > self.started_at
        )
        back = self._came_back()
        self.rungs = [_rung(days, to, self.extended, back) for _moment, days, to in kept]
        self.rung_at = [moment for moment, _days, _to in kept]
        if self.state == TermState.PAUSED:
            self.next_at = None
            return
        if firings is None:
            firings = self.firings.all() if self.pk else ()
        fired = {each.rung for each in firings if each.due_on == self.due_on}
        waiting = [m for m, rung in zip(self.rung_at, self.rungs, strict=True) if rung not in fired]
        self.next_at = waiting[0] if waiting else None

    def still_told(self, was: date, firings: Iterable[Firing], now: datetime) -> list[Firing]:
        """The firings (unsaved) of what need not be told again after the due day moved from
        ``was``: it was told to be late and is late still. Moves ``next_at`` past them.

        A day that moved away and comes back is told anew: its rungs get new names.
        """
        if was == self.due_on:
            return []
        firings = list(firings)
        here_before = [_back(each.rung) for each in firings if each.due_on == self.due_on]
        if here_before:
            back = max(self._came_back(), max(here_before) + 1)
            self.rungs = [_rung(*_offset(rung), self.extended, back) for rung in self.rungs]
            self.next_at = min(self.rung_at, default=None)
        told = {
            _offset(each.rung)
            for each in firings
            if each.due_on == was and _turn(each.rung) == self.extended
        }
        rungs = list(zip(self.rung_at, self.rungs, strict=True))
        late = [(at, _offset(rung)) for at, rung in rungs if at <= now and _offset(rung)[0] >= 0]
        until = max((at for at, rung in late if rung in told), default=None)
        if until is None:
            return []
        self.next_at = min((at for at, _rung in rungs if at > until), default=None)
        return [
            Firing(term=self, rung=rung, due_on=self.due_on, at=at, fired_at=now)
            for at, rung in rungs
            if at <= until
        ]

    def _came_back(self) -> int:
        """How many times its rungs were named anew, as its day came back."""
        return max(map(_back, self.rungs), default=0)

    def tell_from(self, moment: datetime) -> None:
        """Leave out the rungs up to ``moment``: what is entered late is not told late."""
        kept = [
            (at, rung) for at, rung in zip(self.rung_at, self.rungs, strict=True) if at > moment
        ]
        self.rung_at = [at for at, _told in kept]
        self.rungs = [rung for _at, rung in kept]
        self.next_at = self.rung_at[0] if kept else None

    def _moment(self, days: int, calendar: Calendar) -> datetime:
        if days == 0:
            return self.due_at
        if days > 0 or self.unit == Unit.WORKING_DAYS:
            day = calendar.shift(self.due_on, days)
        else:
            day = self.due_on + timedelta(days=days)
        return timezone.make_aware(datetime.combine(day, HOUR_OF_TELLING))

    def has_come(self, moment: datetime) -> bool:
        """Whether its last day is over at ``moment``; whether that is late, :func:`due` says."""
        return self.due_at <= moment

    # --- Pause, resume, extend, stop --------------------------------------------------------

    def remaining(self) -> int | None:
        """What its ledger says is left: of a paused clock what was left as it paused."""
        if self.state == TermState.PAUSED and self.paused_at is not None:
            return self.left(timezone.localdate(self.paused_at))
        return self.base_amount

    def left(self, day: date) -> int:
        """Working days left on ``day``; -N when it is N working days late."""
        calendar = self.calendar(day)
        if day > self.due_on:
            return -calendar.between(self.due_on, day)
        # 0, not -1, when the length ended on a day off and the due day is the next working day.
        return max(self.base_amount - calendar.between(self.base_on, day), 0)  # type: ignore[operator, arg-type]

    def pause(self, *, at: datetime, by: User | None, reason: str) -> None:
        """Stop counting while others are waited for (tạm dừng). The internal clock only.

        Raises ValidationError for a legal clock, one that does not run, or without a reason.
        """
        if self.legal:
            raise ValidationError(_("Thời hạn theo luật không tạm dừng."))
        if self.state != TermState.RUNNING or not reason.strip():
            raise ValidationError(_("Cần nêu lý do để tạm dừng một thời hạn đang tính."))
        self.state, self.paused_at, self.next_at = TermState.PAUSED, at, None
        self._log("pause", at, by, reason=reason, save=["state", "paused_at", "next_at"])

    def resume(self, *, at: datetime, by: User | None) -> None:
        """Go on with what was left at the pause (tiếp tục): if it was N working days late then, it
        is N working days late now. Raises ValidationError when it is not paused.
        """
        if self.state != TermState.PAUSED or self.paused_at is None:
            raise ValidationError(_("Thời hạn này không tạm dừng."))
        paused_on, day = timezone.localdate(self.paused_at), timezone.localdate(at)
        was, firings = self.due_on, list(self.firings.all())
        # A day may have become off meanwhile, one that was counted as used among them.
        self.project(self.calendar(day), firings)
        self.base_amount, late = self.left(paused_on), paused_on > self.due_on
        self.base_on = resumed_on(day, self.base_amount, late, self.calendar(day))
        self.state, self.paused_at = TermState.RUNNING, None
        self.project(self.calendar(day), firings)
        Firing.objects.bulk_create(self.still_told(was, firings, at), ignore_conflicts=True)
        self._log("resume", at, by, save=PROJECTED)

    def extend(
        self, *, days: int, at: datetime, by: User | None, reason: str, basis: Document
    ) -> None:
        """Lengthen it by ``days``, counted in its ``unit``, on a document of the ledger (gia hạn).

        Raises ValidationError without a reason, beyond ``extension_limit``, and for a
        stopped clock or one with a fixed date.
        """
        if not reason.strip():
            raise ValidationError({"reason": _("Gia hạn cần lý do.")})
        if self.state == TermState.STOPPED or not self.unit or days < 1:
            raise ValidationError(_("Không gia hạn được thời hạn này."))
        if self.extended + days > self.extension_limit:
            raise ValidationError(
                _("Chỉ được gia hạn thêm tối đa %(days)s.")
                % {"days": self.extension_limit - self.extended}
            )
        assert self.base_amount is not None, "what has a unit has a length"
        self.extended += days
        self.base_amount += days
        # Of a paused one too: the new due day may mean that it is no longer late.
        self.project(self.calendar())
        self._log("extend", at, by, reason=reason, basis=basis, save=PROJECTED)

    def move(
        self, day: date, *, at: datetime, by: User | None, basis: Document | None = None
    ) -> None:
        """Change the due day of a clock with a fixed date (dời ngày); ``basis``: on what."""
        reason = f"{self.due_on:%d/%m/%Y} → {day:%d/%m/%Y}"
        was, firings = self.due_on, list(self.firings.all())
        self.due_on = day
        self.project(self.calendar(), firings)
        Firing.objects.bulk_create(self.still_told(was, firings, at), ignore_conflicts=True)
        self._log("move", at, by, reason=reason, basis=basis, save=PROJECTED)

    def count_from(self, moment: datetime, *, at: datetime, by: User | None) -> None:
        """Count a clock with a length from another ``moment`` (tính lại từ ngày đúng): the day of
        what began it was typed wrong. What it was given more stays.
        """
        was, firings = self.due_on, list(self.firings.all())
        self.started_at, self.base_on = moment, timezone.localdate(moment)
        self.climb_anew()
        self.project(self.calendar(), firings)
        reason = f"{was:%d/%m/%Y} → {self.due_on:%d/%m/%Y}"
        Firing.objects.bulk_create(self.still_told(was, firings, at), ignore_conflicts=True)
        self._log("move", at, by, reason=reason, save=["started_at", *PROJECTED])

    def stop(self, *, at: datetime, by: User | None = None) -> None:
        """End the clock (dừng): the work is done, or is no longer asked for."""
        left = self.remaining()
        self.state, self.stopped_at, self.paused_at, self.next_at = (
            TermState.STOPPED,
            at,
            None,
            None,
        )
        saved = ["state", "stopped_at", "paused_at", "next_at"]
        self._log("stop", at, by, save=saved, left=left)

    def end_at(self, moment: datetime, *, at: datetime, by: User | None) -> None:
        """Say that a clock that was stopped ended at another ``moment`` (dừng vào ngày đúng): the
        day of what ended it was typed wrong.
        """
        if (was := self.stopped_at) is None or was == moment:
            return
        self.stopped_at = moment
        days = (timezone.localdate(each) for each in (was, moment))
        reason = " → ".join(f"{each:%d/%m/%Y}" for each in days)
        self._log("stop", at, by, reason=reason, save=["stopped_at"])

    def _log(
        self,
        kind: str,
        at: datetime,
        by: User | None,
        *,
        save: list[str],
        reason: str = "",
        basis: Document | None = None,
        left: int | None = None,
    ) -> None:
        self.save(update_fields=save)
        TermEvent.objects.create(
            term=self,
            kind=kind,
            at=at,
            by=by,
            reason=reason.strip(),
            basis=basis,
            due_on=self.due_on,
            left=self.remaining() if left is None else left,
        )


def resumed_on(day: date, left: int, late: bool, calendar: Calendar) -> date:
    """``base_on`` of a clock that is resumed on ``day`` with ``left`` working days: ``day``, or
    when it is ``late`` the last working day up to it.

    What was late for no working day yet, due on a Friday and paused on the Saturday, is due on the
    last working day before ``day``.
    """
    if not late:
        return day
    return calendar.last_working(day if left else day - DAY)


PROJECTED = [
    "state",
    "paused_at",
    "base_on",
    "base_amount",
    "extended",
    "due_on",
    "due_at",
    "rungs",
    "rung_at",
    "next_at",
]


def _rung(days: int, to: str, turn: int, back: int = 0) -> str:
    """The name of a rung: ``-3:officer``. After an extension by ``turn`` days in all it is a new
    rung, ``-3:officer/2``, and fires again; so it is when its due day moved away and came
    ``back`` for the first time, ``-3:officer/2+1``.
    """
    turns = (str(turn) if turn else "") + (f"+{back}" if back else "")
    return f"{days}:{to}" + (f"/{turns}" if turns else "")


def _offset(rung: str) -> Rung:
    days, to = rung.partition("/")[0].split(":")
    return int(days), to


def _turn(rung: str) -> int:
    return int(rung.partition("/")[2].partition("+")[0] or 0)


def _back(rung: str) -> int:
    return int(rung.partition("+")[2] or 0)


class TermEvent(models.Model):
    """One line of a term's ledger (nhật ký thời hạn). Never changed.

    ``basis`` is the document on which it was extended, or moved with its batch, read as ``paper``;
    ``document`` what the days off say that moved it, and a plan of before.
    """

    class Kind(models.TextChoices):
        START = "start", _("bắt đầu")
        PAUSE = "pause", _("tạm dừng")
        RESUME = "resume", _("tiếp tục")
        EXTEND = "extend", _("gia hạn")
        MOVE = "move", _("tính lại theo lịch")
        STOP = "stop", _("dừng")

    term = models.ForeignKey(Term, models.PROTECT, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind)
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    document = models.CharField(max_length=120, blank=True)
    # An index of its own: most lines rest on none.
    basis = models.ForeignKey(
        Document,
        models.PROTECT,
        null=True,
        editable=False,
        db_index=False,
        related_name="terms",
        verbose_name=_("văn bản gia hạn, dời hạn"),
    )
    due_on = models.DateField()
    left = models.IntegerField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind__in=["pause", "extend"]) | ~Q(reason=""),
                name="term_pause_and_extension_have_reasons",
            ),
            models.CheckConstraint(
                condition=~Q(kind="extend") | Q(basis__isnull=False),
                name="term_extension_has_a_document",
            ),
        ]
        indexes = [
            models.Index(
                fields=["basis"],
                name="term_event_by_document",
                condition=Q(basis__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.term_id}"

    @property
    def paper(self) -> str:
        """The document that it rests on, as it stands; in words where it is of no ledger."""
        return self.document if self.basis is None else str(self.basis.in_force)


class Firing(models.Model):
    """A reminder or escalation that has fired (lần nhắc, lần báo cáo): one row per term, rung and
    due day, so that nothing fires twice, and a due day that moved is told anew.

    Also a rung that a later one overtook, so that it is not told after it.
    """

    pk = models.CompositePrimaryKey("term_id", "rung", "due_on")
    # No index of its own: the primary key (term, rung) begins with it.
    term = models.ForeignKey(Term, models.PROTECT, db_index=False, related_name="firings")
    rung = models.CharField(max_length=24)
    due_on = models.DateField()
    at = models.DateTimeField()
    fired_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.term_id} {self.rung}"
