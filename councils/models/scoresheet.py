"""Score sheets (phiếu chấm điểm): sealed from others until the round closes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import rules
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce, Least, TruncDate
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from councils.models.council import ConflictRule, Member, Seat
from councils.models.entry import RoundEntry, RoundState
from councils.models.interest import InterestKind
from councils.models.result import Result
from cycle import clock, files
from cycle.models import Criterion, HistoryEntry, Option, Role, User
from dossiers.law.conditions import ConditionNotMet, stated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from councils.models.interest import Interest
    from councils.models.round import EvaluationRound
    from dossiers.law.conditions import Words


class SheetSealed(Exception):
    """The sheet, or its round, can no longer change; ``round`` says whether and when it closed."""

    def __init__(self, round_: EvaluationRound) -> None:
        super().__init__(f"round {round_.pk} takes no score on this sheet")
        self.round = round_


@contextmanager
def sealed(round_: EvaluationRound) -> Iterator[None]:
    """Turn the database's refusal of a score that comes too late into SheetSealed."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as refused:
        diagnosis = getattr(refused.__cause__, "diag", None)
        if getattr(diagnosis, "constraint_name", None) in (
            "score_in_open_sheet",
            "sheet_in_open_round",
            "sheet_stays_once_counted",
        ):
            round_.refresh_from_db()
            raise SheetSealed(round_) from None
        raise


class SheetState(models.TextChoices):
    """The states of a sheet (trạng thái phiếu)."""

    DRAFT = "draft", _("Đang chấm")
    ENTERED = "entered", _("Nhập từ phiếu giấy, chờ xác nhận")
    SUBMITTED = "submitted", _("Đã nộp")
    VOID = "void", _("Không tính")


#: The states of a sheet that its member has given.
HANDED_IN = (SheetState.ENTERED, SheetState.SUBMITTED)
#: Why nothing is done with a sheet any more: somebody has done it, or something else, already.
NOT_HANDED_IN = _("Phiếu này không còn là phiếu đã nộp của lần chấm này.")
NOT_TYPED = _("Phiếu này không còn là phiếu giấy đang nhập.")
NOT_COMPARED = _("Phiếu này không còn chờ xác nhận.")


class SheetQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> Self:
        """The user's own sheets, and pen sheets typed by the user who still runs the round and does
        not score in it.

        All others are sealed, also to whoever confirmed one; of closed rounds see :meth:`unsealed`.
        """
        # As EvaluationRound.to_score, where it has opened; in writing it has no time of meeting.
        moments = OuterRef("entry__round__meets_at"), OuterRef("entry__round__opened_at")
        day = TruncDate(Coalesce(*moments, output_field=models.DateTimeField()))
        beside = (
            Member.objects.held(Least(day, clock.today()), day)
            .filter(user=user, council=OuterRef("entry__round__council"))
            .scoring_in(OuterRef("entry__round"))
        )
        secretary = Member.objects.sitting().filter(user=user, seat=Seat.SECRETARY)
        runs = Q(entry__round__council__org_unit__in=user.business(Role.COUNCIL_OFFICE)) | Q(
            entry__round__council__in=secretary.values("council")
        )
        return self.filter(Q(member__user=user) | Q(entered_by=user) & runs & ~Exists(beside))

    def unsealed(self) -> Self:
        """Sheets of closed rounds, except of products that went on to a meeting: still sealed."""
        judged = Result.objects.filter(entry=OuterRef("entry"))
        return self.filter(Exists(judged), entry__round__state=RoundState.CLOSED)

    def counted(self) -> Self:
        """Submitted sheets of members in the current scoring."""
        return self.filter(
            state=SheetState.SUBMITTED, member__isnull=False, scoring=F("entry__scoring")
        )


class Scoresheet(models.Model):
    """A member's sheet on one product (phiếu chấm điểm); ``member`` NULL is the support team's.

    ``entered_by`` is set when it was scored by pen and typed in; then another person compares it
    with the scan and confirms (``confirmed_by``). The database refuses any change of scores unless
    the sheet is a draft in an open round.
    """

    entry = models.ForeignKey(
        RoundEntry, models.PROTECT, related_name="sheets", verbose_name=_("sản phẩm")
    )
    member = models.ForeignKey(
        Member, models.PROTECT, null=True, related_name="sheets", verbose_name=_("thành viên")
    )
    scoring = models.PositiveSmallIntegerField(_("lần chấm"), default=1)
    state = models.CharField(
        _("trạng thái"), max_length=10, choices=SheetState, default=SheetState.DRAFT
    )
    remark = models.TextField(_("nhận xét chung"), blank=True)
    submitted_at = models.DateTimeField(_("nộp lúc"), null=True)
    take_backs = models.PositiveSmallIntegerField(
        _("số lần lấy lại"), default=0, db_default=0, editable=False
    )
    entered_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("người nhập phiếu giấy")
    )
    confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("người xác nhận")
    )
    scan_sha256 = files.HashField(blank=True)
    scan_name = models.CharField(_("bản chụp phiếu"), max_length=200, blank=True)
    void_reason = models.TextField(_("lý do không tính"), blank=True, db_default="", editable=False)

    objects = SheetQuerySet.as_manager()

    class Meta:
        verbose_name = _("phiếu chấm điểm")
        verbose_name_plural = _("phiếu chấm điểm")
        ordering = ["entry_id", "scoring", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="sheet_once_per_scoring",
                fields=["entry", "member", "scoring"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="sheet_state_known", condition=Q(state__in=SheetState.values)
            ),
            models.CheckConstraint(
                name="sheet_submitted_knows_when",
                condition=~Q(state=SheetState.SUBMITTED) | Q(submitted_at__isnull=False),
            ),
            models.CheckConstraint(
                name="sheet_void_knows_why",
                condition=Q(state=SheetState.VOID) & ~Q(void_reason="")
                | ~Q(state=SheetState.VOID) & Q(void_reason=""),
            ),
            # A pen sheet is typed and confirmed by two people.
            models.CheckConstraint(
                name="paper_sheet_seen_by_two",
                condition=Q(entered_by=None, confirmed_by=None)
                | Q(entered_by__isnull=False)
                & (
                    Q(confirmed_by=None) & ~Q(state=SheetState.SUBMITTED)
                    | Q(confirmed_by__isnull=False) & ~Q(confirmed_by=F("entered_by"))
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member or _('Tổ tư vấn')}: {self.entry}"

    @classmethod
    def of(cls, entry: RoundEntry, member: Member | None) -> Scoresheet:
        """The sheet of ``member`` (None: the support team) in the current scoring, made if missing.

        Raises SheetSealed when the round takes no sheets now.
        """
        found = cls.objects.filter(entry=entry, member=member, scoring=entry.scoring).first()
        if found is None:
            with sealed(entry.round):
                Scoresheet.objects.bulk_create(
                    [Scoresheet(entry=entry, member=member, scoring=entry.scoring)],
                    ignore_conflicts=True,
                )
            found = cls.objects.get(entry=entry, member=member, scoring=entry.scoring)
        return found

    @property
    def is_draft(self) -> bool:
        """Whether it is a draft."""
        return self.state == SheetState.DRAFT

    def recusal(self) -> Interest | None:
        """The interest because of which its member does not score the product, or None."""
        return self.entry.interests.filter(member=self.member, recused=True).first()

    def absent(self) -> Words | None:
        """Why its member does not score: recorded as absent, where the regulation wants no such
        sheet; else None.
        """
        if self.member is not None and self.entry.round.keeps_out(self.member):
            return _("Thành viên được ghi vắng họp nên không chấm điểm.")
        return None

    def _check(self, by: User, *, taking_back: bool = False) -> None:
        if not rules.has_perm("councils.score", by, self):
            raise PermissionDenied
        round_ = self.entry.round
        if round_.is_open and not self.entry.live:
            # The round was reopened without this product: its result rests on these sheets.
            raise ConditionNotMet([_("Sản phẩm này không còn chờ kết quả của đợt.")])
        if self.member_id and self.entry.is_counted:
            raise SheetSealed(round_)
        if self.member_id and self.recusal():
            raise ConditionNotMet([_("Thành viên đã từ chối chấm sản phẩm này.")])
        # First what the member settles themself, and owes whoever was there.
        if self.member_id and (unsettled := self.unsettled()):
            raise ConditionNotMet([unsettled])
        # Taking it back clears it away.
        if not taking_back and (absent := self.absent()):
            raise ConditionNotMet([absent])

    def unsettled(self) -> Words | None:
        """Why its member may not score yet: a conflict of interest not declared; else None."""
        its = self.entry.interests.standing()
        declared = its.filter(member=self.member, recused=False).exists()
        # Only asked of a member's sheet.
        for kind, rule in self.entry.round.conflicts(self.entry, self.member):  # type: ignore[arg-type]
            if rule == ConflictRule.FORBID:
                return _("Quy chế không cho thành viên này chấm sản phẩm (%(why)s).") % {
                    "why": InterestKind(kind).label.lower()
                }
            if not declared:
                return _("Hãy khai báo trước khi chấm: %(why)s.") % {
                    "why": InterestKind(kind).label.lower()
                }
        return None

    def put(self, option: Option, *, by: User, remark: str | None = None) -> Score:
        """Choose ``option`` on its criterion (chấm một tiêu chí); returns the score.

        When that gives no points, the scores of criteria that require this one are deleted. Raises
        PermissionDenied, ConditionNotMet, and SheetSealed when the sheet can no longer change.
        """
        self._check(by)
        with sealed(self.entry.round):
            required = option.criterion.requires_id
            if required and not self.scores.filter(criterion=required, points__gt=0).exists():
                raise ConditionNotMet([_("Tiêu chí này chưa áp dụng cho sản phẩm.")])
            if not option.points:
                self.scores.filter(criterion__requires=option.criterion_id).delete()
            kept = {} if remark is None else {"remark": remark[:500]}
            score, _made = Score.objects.update_or_create(
                sheet=self,
                criterion_id=option.criterion_id,
                defaults={
                    "option": option,
                    "points": option.points,
                    "saved_at": clock.now(),
                    **kept,
                },
            )
        return score

    def note(self, *, by: User, remark: str, criterion: Criterion | None = None) -> None:
        """Write a remark on a criterion that is scored, or without ``criterion`` on the sheet."""
        self._check(by)
        with sealed(self.entry.round):
            if criterion is None:
                self._hold()
                self.remark = remark
                self.save(update_fields=["remark"])
            else:
                self.scores.filter(criterion=criterion).update(
                    remark=remark[:500], saved_at=clock.now()
                )

    def unscored(self) -> list[Criterion]:
        """The criteria that apply and have no option yet."""
        points = dict(self.scores.values_list("criterion_id", "points"))
        return [
            criterion
            for criterion in self.entry.rubric.criteria.all()
            if criterion.pk not in points
            and (criterion.requires_id is None or points.get(criterion.requires_id))
        ]

    def _hold(self) -> None:
        """Lock the sheet. Raises SheetSealed when it was handed in meanwhile."""
        held = Scoresheet.objects.select_for_update().get(pk=self.pk)
        if held.state != SheetState.DRAFT:
            raise SheetSealed(self.entry.round)

    def submit(self, *, by: User) -> None:
        """Hand the sheet in (nộp phiếu); a pen sheet goes to be confirmed.

        Raises PermissionDenied, SheetSealed, ConditionNotMet while a criterion is unscored.
        """
        self._check(by)
        with transaction.atomic(), sealed(self.entry.round):
            self._hold()
            if missing := self.unscored():
                raise ConditionNotMet(
                    [
                        _now("Còn %(number)s tiêu chí chưa chấm: %(codes)s.")
                        % {
                            "number": len(missing),
                            "codes": ", ".join(each.code for each in missing[:8]),
                        }
                    ]
                )
            typed = self.entered_by_id is not None
            self.state = SheetState.ENTERED if typed else SheetState.SUBMITTED
            self.submitted_at = None if typed else clock.now()
            self.save(update_fields=["state", "submitted_at"])
            self._record("round.enter_sheet" if typed else "round.submit_sheet", by)

    def take_back(self, *, by: User) -> None:
        """Take a handed-in sheet back (lấy lại phiếu), which is counted and shown. Raises
        PermissionDenied, and SheetSealed once the product was counted.
        """
        # What was left out comes back only once its member may score after all.
        self._check(by, taking_back=self.state != SheetState.VOID)
        with transaction.atomic(), sealed(self.entry.round):
            held = Scoresheet.objects.select_for_update().get(pk=self.pk)
            if held.state == SheetState.DRAFT:
                return
            self.state, self.submitted_at, self.confirmed_by = SheetState.DRAFT, None, None
            self.take_backs, self.void_reason = held.take_backs + 1, ""
            self.save(
                update_fields=["state", "submitted_at", "confirmed_by", "take_backs", "void_reason"]
            )
            self._record("round.take_back_sheet", by)

    def void(self, *, by: User, reason: str) -> None:
        """Not count a sheet of somebody who must not score the product (không tính phiếu): absent,
        recused, or without a seat on the day of the meeting. Nobody who scores does so.

        Once that changes, its member may take it back and hand it in again. Raises
        PermissionDenied, RoundClosed, and ConditionNotMet without a reason or for a sheet that is
        due or not handed in.
        """
        reason, round_ = stated(reason), self.entry.round
        with round_.change(
            "round.void_sheet",
            by,
            "councils.settle_scorers",
            states=[RoundState.OPEN],
            reason=reason,
            dossier=self.entry.dossier_id,
            who=str(self.member.user) if self.member else "",
            who_id=self.member.user_id if self.member else None,
        ):
            held = Scoresheet.objects.select_related("entry", "member").get(pk=self.pk)
            if held.scoring != held.entry.scoring or held.state not in HANDED_IN:
                raise ConditionNotMet([NOT_HANDED_IN])
            if held.member is None or round_.due_to_score(held.entry, held.member):
                raise ConditionNotMet(
                    [
                        _(
                            "Phiếu này được tính: chỉ bỏ được phiếu của người vắng họp, từ chối "
                            "chấm hoặc không ngồi hội đồng vào ngày họp."
                        )
                    ]
                )
            held.entry.leave_out(held.member, reason)

    # --- Scored by pen ----------------------------------------------------------------------

    @classmethod
    def type_in(
        cls, entry: RoundEntry, member: Member, *, by: User, scan: tuple[str, str] | None = None
    ) -> Scoresheet:
        """Begin to type a sheet that ``member`` scored by pen (nhập từ phiếu giấy).

        ``scan`` is (sha256, file name). Nobody who scores in the round may type a sheet. Raises
        PermissionDenied; ConditionNotMet when the member has chosen on screen; ValidationError when
        the staged scan is gone.
        """
        if not rules.has_perm("councils.type_sheet", by, entry.round) or member.user_id == by.pk:
            raise PermissionDenied
        sheet = cls.of(entry, member)
        with transaction.atomic(), sealed(entry.round):
            sheet = cls.objects.select_for_update(of=("self",)).get(pk=sheet.pk)
            if sheet.state == SheetState.VOID:
                words = _("Thành viên đã nộp phiếu, phiếu ấy đang ghi không tính.")
                raise ConditionNotMet([words])
            if sheet.state != SheetState.DRAFT or sheet._is_own():
                raise ConditionNotMet([_("Thành viên đã tự chấm trên phần mềm.")])
            sheet.entered_by = by
            if scan is not None:
                sheet.scan_sha256, sheet.scan_name = scan
                files.keep(sheet.scan_sha256, "scan")
            sheet.save(update_fields=["entered_by", "scan_sha256", "scan_name"])
        return sheet

    def _is_own(self) -> bool:
        """Whether its member chose anything on screen, in this scoring or an earlier one.

        Choices copied unchanged from a confirmed pen sheet do not count: the office typed them.
        """
        if self.entered_by_id is not None:
            return False
        chosen = ("criterion", "option", "remark", "saved_at")
        here = set(self.scores.values_list(*chosen))
        if not here and not self.remark:
            return False
        before = (
            Scoresheet.objects.filter(
                entry__in=self.entry.said_in(), member=self.member_id, state=SheetState.SUBMITTED
            )
            .exclude(pk=self.pk)
            .order_by("entry", "scoring")
            .last()
        )
        return (
            before is None
            or before.entered_by_id is None
            or (set(before.scores.values_list(*chosen)), before.remark) != (here, self.remark)
        )

    def hand_back(self, *, by: User, reason: str) -> None:
        """Make a pen sheet that was begun by mistake the member's own again, empty (bỏ nhập từ
        giấy).

        What was typed is deleted unread. Raises PermissionDenied, SheetSealed, and ConditionNotMet
        without a reason or once it was confirmed.
        """
        if not rules.has_perm("councils.hand_back_sheet", by, self):
            raise PermissionDenied
        reason = stated(reason)
        with transaction.atomic(), sealed(self.entry.round):
            held = Scoresheet.objects.select_for_update().get(pk=self.pk)
            if held.entered_by_id is None or held.state == SheetState.SUBMITTED:
                raise ConditionNotMet([NOT_TYPED])
            self.state, self.remark, self.entered_by = SheetState.DRAFT, "", None
            self.scan_sha256, self.scan_name, self.void_reason = "", "", ""
            self.confirmed_by, self.submitted_at = None, None
            self.save(
                update_fields=[
                    "state",
                    "remark",
                    "entered_by",
                    "confirmed_by",
                    "submitted_at",
                    "scan_sha256",
                    "scan_name",
                    "void_reason",
                ]
            )
            # Scores of dependent criteria are deleted first.
            self.scores.filter(criterion__requires__isnull=False).delete()
            self.scores.all().delete()
            self._record("round.hand_back_sheet", by, reason=reason)

    def confirm(self, *, by: User) -> None:
        """Confirm that the typed sheet is as on paper (xác nhận), as a second person. Raises
        PermissionDenied, SheetSealed.
        """
        self._compare(by, "round.confirm_sheet", state=SheetState.SUBMITTED)

    def send_back(self, *, by: User) -> None:
        """Send a typed sheet that differs from the paper back to be corrected (trả để sửa). Raises
        PermissionDenied, SheetSealed.
        """
        self._compare(by, "round.return_sheet", state=SheetState.DRAFT)

    def _compare(self, by: User, event: str, *, state: SheetState) -> None:
        if not rules.has_perm("councils.confirm_sheet", by, self):
            raise PermissionDenied
        with transaction.atomic(), sealed(self.entry.round):
            held = Scoresheet.objects.select_for_update().get(pk=self.pk)
            if held.state != SheetState.ENTERED:
                raise ConditionNotMet([NOT_COMPARED])
            done = state == SheetState.SUBMITTED
            self.state = state
            self.confirmed_by = by if done else None
            self.submitted_at = clock.now() if done else None
            self.save(update_fields=["state", "confirmed_by", "submitted_at"])
            self._record(event, by)

    def _record(self, event: str, by: User, reason: str = "") -> None:
        round_ = self.entry.round
        HistoryEntry.objects.record(
            event,
            round_,
            by=by,
            capacity=round_.capacity(by),
            dossier=self.entry.dossier_id,
            reason=reason,
            who=str(self.member.user) if self.member else "",
            who_id=self.member.user_id if self.member else None,
            scoring=self.scoring,
        )


class Score(models.Model):
    """The option chosen on one criterion (mức điểm đã chọn), with its points."""

    sheet = models.ForeignKey(Scoresheet, models.PROTECT, related_name="scores")
    criterion = models.ForeignKey(Criterion, models.PROTECT, db_index=False, related_name="+")
    option = models.ForeignKey(Option, models.PROTECT, db_index=False, related_name="+")
    points = models.DecimalField(_("điểm"), max_digits=5, decimal_places=2)
    remark = models.CharField(_("nhận xét"), max_length=500, blank=True)
    saved_at = models.DateTimeField(_("lưu lúc"))

    class Meta:
        verbose_name = _("điểm tiêu chí")
        constraints = [
            models.UniqueConstraint(name="score_once_per_criterion", fields=["sheet", "criterion"])
        ]

    def __str__(self) -> str:
        return f"{self.sheet}: {self.points}"
