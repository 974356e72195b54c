"""A round of judging (đợt đánh giá), and the acts that change it. Its rows are in entry.py, what
concerns interests and resolutions in interest.py.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import rules
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Least, TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from councils.models.council import (
    TEAM,
    Council,
    Member,
    Regulation,
    Seat,
)
from councils.models.entry import Attendance, DocumentKind, Reading, RoundEntry, RoundState
from councils.models.interest import Interests
from cycle import clock, guards
from cycle.locking import locked, take_turn
from cycle.models import (
    Batch,
    Cycle,
    DayOff,
    Document,
    HistoryEntry,
    OrgUnit,
    Role,
    RoleAssignment,
    Stream,
    fold,
)
from cycle.workdays import DAY
from cycle.written import day_text, moment_text, shortened
from dossiers.law.conditions import CYCLE_CLOSED, ConditionNotMet, Lack, stated
from dossiers.law.states import STATE_AFTER, STATE_AT
from dossiers.models import CaseType, Dossier, Term, TermState
from dossiers.models.product import on_what_stands
from dossiers.terms import clocks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from councils.models.council import MemberQuerySet
    from cycle.models import Rubric, RuleSet, User
    from dossiers.law.conditions import Words
    from dossiers.models.dossier import DossierQuerySet

#: How many days a meeting can be put off at a time: more is taken for a mistyped month or year.
PUT_OFF_AT_MOST = 90


#: Why a spread is not settled yet, or not any more: who scores it does so once more.
NOT_COUNTED = _("Sản phẩm chưa kiểm phiếu.")
#: Why a meeting judges a re-evaluation at once is missing.
COMPLEX_HOW = _(
    "Hồ sơ đánh giá lại lấy ý kiến bằng phiếu trước, chỉ họp ngay khi nội dung phức tạp: hãy nêu "
    "nội dung phức tạp, hoặc đưa vào đợt lấy ý kiến bằng phiếu."
)


class RoundClosed(Exception):
    """The round is closed and can no longer change; ``round`` says since when."""

    def __init__(self, round_: EvaluationRound) -> None:
        super().__init__(f"round {round_.pk} is closed")
        self.round = round_

    @property
    def sentence(self) -> str:
        """Since when it is over, and how, in words."""
        if self.round.state == RoundState.VOID:
            return _now("Đợt đã hủy lúc %(at)s: không thay đổi được nữa.") % {
                "at": moment_text(self.round.voided_at)
            }
        return _now(
            "Đợt đã chốt kết quả lúc %(at)s: muốn thay đổi phải mở lại đợt, có lý do và văn bản."
        ) % {"at": moment_text(self.round.closed_at)}


#: A round that can no longer change; one that was closed can be reopened.
OVER = (RoundState.CLOSED, RoundState.VOID)


class RoundMode(models.TextChoices):
    """How a council judges in a round: in a meeting, or by opinions in writing (hình thức)."""

    MEETING = "meeting", _("Họp hội đồng")
    WRITTEN = "written", _("Lấy ý kiến bằng phiếu")


class RoundQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> Self:
        """Rounds of the councils that ``user`` sees, and open ones in which ``user`` scores by a
        seat that has ended since.
        """
        # As EvaluationRound.scoring_members; in writing it has no time of meeting.
        moments = OuterRef("meets_at"), OuterRef("opened_at")
        met_on = TruncDate(Coalesce(*moments, output_field=models.DateTimeField()))
        then = Member.objects.sitting(Least(met_on, clock.today_in_database())).scoring_in(
            OuterRef("pk")
        )
        scores = Exists(then.filter(user=user, council=OuterRef("council")))
        return self.filter(
            Q(council__in=Council.objects.visible_to(user)) | Q(scores, state=RoundState.OPEN)
        )

    def reached_by(self, user: User) -> Self:
        """Also rounds of councils in which ``user`` once had a seat: a member who has left still
        scores in rounds of their time.
        """
        return self.filter(council__in=Council.objects.reached_by(user))


class EvaluationRound(Interests):
    """A council judging a number of products together (đợt đánh giá, phân hạng).

    The database takes scores only while ``state`` is open. It can be reopened with a reason and a
    document; each closing is a version of the results and stays readable.
    """

    history_stream = Stream.ROUND

    council = models.ForeignKey(
        Council, models.PROTECT, related_name="rounds", verbose_name=_("hội đồng")
    )
    regulation = models.ForeignKey(
        Regulation, models.PROTECT, related_name="rounds", verbose_name=_("quy chế")
    )
    cycle = models.ForeignKey(
        Cycle, models.PROTECT, related_name="rounds", verbose_name=_("chu trình")
    )
    batch = models.ForeignKey(
        Batch,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="rounds",
        verbose_name=_("đợt của năm"),
    )
    name = models.CharField(_("tên đợt"), max_length=200)
    mode = models.CharField(
        _("hình thức"), max_length=10, choices=RoundMode, default=RoundMode.MEETING
    )
    #: The written round on whose products the members did not agree; this is the meeting on them.
    follows = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="followed_by",
        verbose_name=_("đợt lấy ý kiến trước đó"),
        editable=False,
    )
    decide_by = models.DateField(
        _("phải có kết quả trước ngày"),
        null=True,
        blank=True,
        help_text=_("Hai đợt trong năm: trước 30/6 và trước 30/12 (QĐ 26/2026/QĐ-TTg)."),
    )
    meets_at = models.DateTimeField(_("họp lúc"), null=True, blank=True)
    place = models.CharField(_("địa điểm họp"), max_length=200, blank=True)
    state = models.CharField(
        _("trạng thái"), max_length=10, choices=RoundState, default=RoundState.PREPARING
    )
    invited_at = models.DateTimeField(_("gửi giấy mời, tài liệu lúc"), null=True, editable=False)
    #: The clock for sending the papers to the members (D14).
    papers_term = models.ForeignKey(
        Term, models.PROTECT, null=True, db_index=False, related_name="+", editable=False
    )
    opened_at = models.DateTimeField(_("mở chấm lúc"), null=True, editable=False)
    closed_at = models.DateTimeField(_("chốt lúc"), null=True, editable=False)
    voided_at = models.DateTimeField(_("hủy lúc"), null=True, editable=False)
    void_reason = models.TextField(_("lý do hủy"), blank=True, db_default="", editable=False)
    void_basis = models.ForeignKey(
        Document,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="voids",
        verbose_name=_("văn bản hủy đợt"),
    )
    was_void_document = models.CharField(
        db_column="void_document", max_length=200, blank=True, db_default="", editable=False
    )

    objects = RoundQuerySet.as_manager()

    class Meta:
        verbose_name = _("đợt đánh giá")
        verbose_name_plural = _("đợt đánh giá")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="round_state_known", condition=Q(state__in=RoundState.values)
            ),
            models.CheckConstraint(name="round_mode_known", condition=Q(mode__in=RoundMode.values)),
            models.CheckConstraint(
                name="round_closed_knows_when",
                condition=~Q(state=RoundState.CLOSED) | Q(closed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="round_void_knows_why",
                condition=Q(state=RoundState.VOID)
                & Q(voided_at__isnull=False, void_basis__isnull=False)
                & ~Q(void_reason="")
                | ~Q(state=RoundState.VOID) & Q(voided_at=None, void_reason="", void_basis=None),
            ),
            models.CheckConstraint(
                name="round_follows_by_meeting",
                condition=Q(follows=None) | Q(mode=RoundMode.MEETING) & ~Q(follows=F("id")),
            ),
        ]
        triggers = [
            guards.Stays(
                "council_id",
                "regulation_id",
                "cycle_id",
                "follows_id",
                "void_document",
                name="round_stays",
            ),
            guards.Told(
                name="round_told",
                stream="round",
                of="r.id",
                columns={
                    "name mode batch_id decide_by": "round.change",
                    "meets_at place": "round.change round.move_meeting",
                    "invited_at": "round.invite",
                    "papers_term_id": "round.create round.change round.move_meeting round.invite",
                    "opened_at": "round.open",
                    "state": "round.open round.close round.reopen round.void",
                    "closed_at": "round.close round.reopen",
                    "voided_at void_reason void_basis_id": "round.void",
                },
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def history_cycle_id(self) -> int:
        return self.cycle_id

    @property
    def is_open(self) -> bool:
        """Whether members may score."""
        return self.state == RoundState.OPEN

    @property
    def is_over(self) -> bool:
        """Whether it was closed or voided: nothing of it changes."""
        return self.state in OVER

    @property
    def in_writing(self) -> bool:
        """Whether members give their opinions in writing and do not meet."""
        return self.mode == RoundMode.WRITTEN

    @property
    def met_on(self) -> date | None:
        """The day it counts as having met: of its meeting; in writing, or without a time of
        meeting, of its opening. None before that is known.
        """
        moment = self.opened_at if self.in_writing or self.meets_at is None else self.meets_at
        return moment and timezone.localdate(moment)

    def products(self) -> models.QuerySet[RoundEntry]:
        """Its products in the order of the agenda, with what a list shows."""
        return self.entries.products().select_related(
            "dossier__product__producer", "dossier__commune", "rubric"
        )

    @property
    def seats(self) -> MemberQuerySet:
        """The seats of the round: those held on the day of its meeting, even if ended since.

        Until that day, and until scoring opens, those held today.
        """
        today = clock.today()
        # An opened round has a day.
        day = today if self.opened_at is None else min(self.met_on, today)  # type: ignore[type-var]
        return self.council.members.sitting(day)

    @property
    def scoring_members(self) -> MemberQuerySet:
        """The seats that score in this round."""
        return self.seats.scoring(self.regulation)

    @property
    def presiding(self) -> MemberQuerySet:
        """The seats that preside: its chair; the vice chairs who came to a meeting whose chair is
        recorded as absent, or had no successor by then.
        """
        chairs = self.seats.filter(seat=Seat.CHAIR)
        absent = self.attendances.filter(present=False).values("member")
        if self.in_writing or chairs.exclude(pk__in=absent).exists():
            return chairs
        came = self.attendances.filter(present=True).values("member")
        return self.seats.filter(seat=Seat.VICE_CHAIR, pk__in=came)

    @property
    def to_score(self) -> MemberQuerySet:
        """The seats that score in this round or will: those held on a day from now to that of its
        meeting, any later day while none is set; once that day has come, those held on it.
        """
        today, day = clock.today(), self.met_on
        if self.opened_at is None and day is not None and day < today:
            # It will meet on another.
            day = None
        first = today if day is None else min(day, today)
        return self.council.members.held(first, day).scoring(self.regulation)

    @property
    def yet_to_meet(self) -> bool:
        """Whether the day of its meeting is still to come."""
        return not self.in_writing and self.met_on is not None and self.met_on > clock.today()

    def not_met_yet(self) -> str:
        """The sentence that says that its meeting is still to come."""
        return _now("Đợt họp ngày %(day)s: chưa đến ngày họp.") % {"day": f"{self.met_on:%d/%m/%Y}"}

    @property
    def to_begin(self) -> bool:
        """Whether the hour of its meeting is still to come."""
        return not self.in_writing and self.meets_at is not None and self.meets_at > clock.now()

    def due_to_score(self, entry: RoundEntry, member: Member) -> bool:
        """Whether the member must score the product: sits in the round, was not away, is not
        recused. Where the regulation counts their sheets, who was away may have scored.
        """
        if not self.scoring_members.filter(pk=member.pk).exists():
            return False
        if entry.interests.filter(member=member, recused=True).exists():
            return False
        return not self.keeps_out(member)

    def keeps_out(self, member: Member) -> bool:
        """Whether the member was away from the meeting, where the regulation wants no sheet of who
        was (vắng họp).
        """
        if self.in_writing or self.regulation.absent_sheets:
            return False
        return self.attendances.filter(member=member, present=False).exists()

    def waits_for(self, member: Member) -> bool:
        """Whether it waits for the sheet of ``member``, who scores in it. In writing not for one
        whose seat or account has ended since it opened: what they have handed in counts. At a
        meeting attendance says who was there.
        """
        ended = member.until is not None and member.until < clock.today()
        return not self.in_writing or member.user.is_active and not ended

    def capacity(self, user: User) -> RoleAssignment | None:
        """The post at the council's unit in which ``user`` runs the round; None if by a seat."""
        posts = (Role.COUNCIL_OFFICE, Role.CLERK, Role.OFFICER)
        unit = self.council.org_unit_id
        return next(filter(None, (user.capacity(role, unit) for role in posts)), None)

    # --- What changes it --------------------------------------------------------------------

    @contextmanager
    def change(
        self,
        event: str,
        by: User,
        permission: str = "councils.run_round",
        *,
        states: Collection[str] | None = None,
        of: Any = None,
        **data: Any,
    ) -> Iterator[dict[str, Any]]:
        """Lock the round, check, let the caller change it, then save the history entry ``event``.

        Yields the entry's data, to which the caller may add. ``of``: what the permission is asked
        of, by default the round. ``states``: those the round may be in, by default all but closed.
        Raises PermissionDenied; RoundClosed, or ConditionNotMet when it is in another state.
        """
        with transaction.atomic():
            self.lock()
            if not rules.has_perm(permission, by, of or self):
                raise PermissionDenied
            self.must_be(states)
            yield data
            HistoryEntry.objects.record(event, self, by=by, capacity=self.capacity(by), **data)

    def must_be(self, states: Collection[str] | None = None) -> None:
        """Raise RoundClosed, or ConditionNotMet, unless it is in one of ``states``: by default all
        but closed and voided.
        """
        if self.state in OVER and self.state not in (states or ()):
            raise RoundClosed(self)
        if states and self.state not in states:
            raise ConditionNotMet(
                [_now("Đợt %(state)s.") % {"state": self.get_state_display().lower()}]
            )

    def lock(self) -> None:
        """Reread the row and hold it until the transaction ends."""
        its = EvaluationRound.objects.select_related("council__org_unit", "regulation")
        self.refresh_from_db(from_queryset=locked(its.filter(pk=self.pk)))

    @classmethod
    def create(cls, round_: Self, *, by: User) -> Self:
        """Begin a round under the regulation in force (lập đợt).

        Raises PermissionDenied, ConditionNotMet when the unit has no regulation, the year is closed
        or was struck out meanwhile or its day is past, ValidationError.
        """
        council = round_.council
        with on_what_stands(), transaction.atomic():
            if not rules.has_perm("councils.run_round", by, round_):
                raise PermissionDenied
            # Whoever begins the same at the same moment comes second and is told.
            take_turn("rounds", council.pk)
            round_._check_new()
            regulation = Regulation.objects.in_force(council.org_unit, clock.today())
            if regulation is None:
                raise ConditionNotMet([_("Đơn vị chưa có quy chế hội đồng: hãy nhập quy chế.")])
            # Who closes the year waits, or is waited for.
            year = Cycle.everything.select_for_update(no_key=True).get(pk=round_.cycle_id)
            if year.closed_on is not None and not year.void and not clock.replaying():
                raise ConditionNotMet([CYCLE_CLOSED])
            round_.regulation = regulation
            round_._not_past({"mode", "meets_at", "decide_by"})
            round_._within_term()
            round_._may_be_in_writing()
            round_.full_clean(validate_constraints=False)
            round_.save(force_insert=True)
            round_._watch_papers(by)
            HistoryEntry.objects.record("round.create", round_, by=by, capacity=round_.capacity(by))
        return round_

    def _check_new(self) -> None:
        """Refuse one that is being prepared already, by its name. Raises ValidationError."""
        prepared = EvaluationRound.objects.filter(
            council=self.council_id, cycle=self.cycle_id, state=RoundState.PREPARING
        )
        alike = prepared.filter(batch=self.batch_id, mode=self.mode, follows=self.follows_id)
        if fold(self.name) in map(fold, alike.values_list("name", flat=True)):
            said = _now("Hội đồng đang chuẩn bị «%(round)s»: hãy mở đợt đó, hoặc đặt tên khác.")
            raise ValidationError({"name": said % {"round": self.name}})

    def amend(self, *, by: User, **fields: Any) -> None:
        """Change name, mode, times or place until it closes (sửa thông tin đợt).

        Raises PermissionDenied, RoundClosed, ValidationError; ConditionNotMet when an opened round
        would meet on another day (see :meth:`move_meeting`).
        """
        with self.change("round.change", by) as data:
            met_on, met_at = self.met_on, self.meets_at
            was = {name: self._said(name) for name in sorted(fields)}
            for name, value in fields.items():
                setattr(self, name, value)
            data["changed"] = {name: [said, self._said(name)] for name, said in was.items()}
            self._not_past({name for name, (said, now) in data["changed"].items() if said != now})
            if self.opened_at is None and self.met_on != met_on:
                if words := self._attended_on_another(met_on):
                    self.meets_at = met_at
                    raise ConditionNotMet([Lack(words, "meets_at")])
                if self.attendances.exclude(present=True).exists():
                    # Who comes is recorded anew.
                    data["had_come"] = []
                    self.attendances.exclude(present=True).delete()
            if self.opened_at is not None and self.met_on != met_on:
                self.meets_at = met_at
                raise ConditionNotMet(
                    [
                        _now(
                            "Đợt đã mở chấm: ở đây không đổi ngày họp %(day)s được; hãy dùng việc "
                            "«Dời ngày họp», có nêu lý do."
                        )
                        % {"day": f"{met_on:%d/%m/%Y}"}
                    ]
                )
            if "mode" in fields or "meets_at" in fields:
                self._may_be_in_writing()
                was_mode, mode = data["changed"].get("mode", ("", ""))
                if was_mode != mode:
                    if self.is_open:
                        self._settles_scorers(by)
                    self._may_meet()
            if self.meets_at != met_at:
                self._within_term()
            self.save(update_fields=list(fields))
            self._watch_papers(by)

    def _attended_on_another(self, day: date | None) -> str:
        """Why its meeting is no more put on another day in its details: somebody came to that of
        ``day``, or was recorded before a day was known, which is then today. "" where nobody did.
        """
        if not self.attendances.filter(present=True).exists():
            return ""
        if day is not None:
            return _now(
                "Đã ghi người dự cuộc họp ngày %(day)s: hãy mở chấm rồi dùng việc «Dời ngày "
                "họp», có nêu lý do."
            ) % {"day": f"{day:%d/%m/%Y}"}
        if self.met_on == clock.today():
            return ""
        return _now(
            "Đã ghi người dự khi đợt chưa có ngày họp: hãy nhập giờ họp trong hôm nay; nếu chưa "
            "họp, hãy ghi lại người dự là không có ai, nêu lý do, rồi nhập ngày họp."
        )

    def _said(self, name: str) -> str:
        """The value of the field ``name`` as people read it."""
        shown = getattr(self, f"get_{name}_display", None)
        value = getattr(self, name) if shown is None else shown()
        if value is None:
            return ""
        if name == "meets_at":
            return moment_text(value)
        return day_text(value) if name == "decide_by" else str(value)

    def move_meeting(self, *, meets_at: datetime, place: str = "", reason: str, by: User) -> None:
        """Put the meeting off to another day, today or later, after scoring was opened (dời ngày
        họp).

        The seats are then those held on the new day; sheets stay, sealed. Attendance recorded
        before is kept in the history and recorded anew: nobody who scores moves it. Raises
        PermissionDenied, RoundClosed; and ConditionNotMet without a reason, for a past day or one
        too far off, in a written round, once the meeting was held, or when a member with a sheet
        has no seat on that day.
        """
        reason, place = reason.strip(), place.strip()
        with self.change(
            "round.move_meeting",
            by,
            "councils.settle_scorers",
            states=[RoundState.OPEN],
            reason=reason,
        ) as data:
            day = timezone.localdate(meets_at)
            lacks = [] if reason else [Lack(_now("Bạn chưa nêu lý do dời ngày họp."), "reason")]
            lacks += [Lack(each, "meets_at") for each in self._why_not_on(day)]
            if lacks:
                raise ConditionNotMet(lacks)
            came = self.attendances.filter(present=True).order_by("member")
            data |= {
                "was": self.meets_at and self.meets_at.isoformat(),
                "meets_at": meets_at.isoformat(),
                "place": place or self.place,
                "had_come": list(came.values_list("member", flat=True)),
            }
            self.attendances.all().delete()
            self.meets_at, self.place = meets_at, place or self.place
            self.save(update_fields=["meets_at", "place"])
            self._watch_papers(by)

    def why_not_moved(self) -> str:
        """The sentence that says why the meeting stays on its day; "" when it can be moved."""
        if self.in_writing:
            return _now("Đợt lấy ý kiến bằng phiếu không có ngày họp để dời.")
        held = self.attendances.filter(present=True).exists()
        if held and self.counted().exists() or self.closings.exists():
            return _now("Cuộc họp ngày %(day)s đã diễn ra, đã kiểm phiếu: không dời được nữa.") % {
                "day": f"{self.met_on:%d/%m/%Y}"
            }
        if held and self.met_on is not None and self.met_on < clock.today():
            return _now(
                "Cuộc họp ngày %(day)s đã qua, đã ghi người dự: không dời được nữa. Nếu họp "
                "không thành, hãy hủy đợt và lập đợt khác."
            ) % {"day": f"{self.met_on:%d/%m/%Y}"}
        return ""

    def _why_not_on(self, day: date) -> list[Words]:
        """Sentences that say why the meeting cannot be moved to ``day``."""
        if stays := self.why_not_moved():
            return [stays]
        if day < clock.today():
            return [_now("Chỉ dời sang hôm nay hoặc một ngày sau.")]
        lacks = self.council.not_in_term(day)
        if lacks:
            return lacks
        if day == self.met_on:
            return [_now("Đợt đang ghi họp vào ngày này: hãy chọn ngày khác.")]
        last = max(self.met_on or clock.today(), clock.today()) + DAY * PUT_OFF_AT_MOST
        if day > last:
            return [
                _now("Chỉ dời đến hết ngày %(last)s (%(days)s ngày): xin xem lại năm, tháng.")
                % {"last": f"{last:%d/%m/%Y}", "days": PUT_OFF_AT_MOST}
            ]
        lacks += [
            _now("Ngày %(day)s: %(lacks)s") % {"day": f"{day:%d/%m/%Y}", "lacks": each}
            for each in self.council.missing(day)
        ]
        then = self.council.members.sitting(day).scoring(self.regulation)
        handed_in = (
            self.council.members.filter(
                sheets__entry__round=self,
                sheets__entry__live=True,
                sheets__scoring=F("sheets__entry__scoring"),
                sheets__state__in=["submitted", "entered"],
            )
            .exclude(pk__in=then.values("pk"))
            .select_related("user")
            .distinct()
        )
        lacks += [
            _now("%(who)s đã có phiếu trong đợt nhưng thôi trước ngày %(day)s.")
            % {"who": member, "day": f"{day:%d/%m/%Y}"}
            for member in handed_in
        ]
        if self.counted().exists():
            joining = then.exclude(pk__in=self.scoring_members.values("pk"))
            lacks += [
                _now("%(who)s sẽ dự họp nhưng chưa chấm sản phẩm đã kiểm phiếu.") % {"who": member}
                for member in joining.select_related("user")
            ]
        return lacks

    def _not_past(self, changed: Collection[str]) -> None:
        """Refuse a meeting on a day that is past, and in writing an end that is, where one of the
        fields ``changed`` sets it. Raises ConditionNotMet.

        What a past year is replayed with lies in the past on purpose. The day by which a meeting
        should have judged may be past: such a round is late.
        """
        lacks, today = [], clock.today()
        if clock.replaying():
            return
        meets_at = self.meets_at if "meets_at" in changed else None
        if meets_at is not None and timezone.localdate(meets_at) < today:
            words = _("Ngày họp đã qua: hãy chọn hôm nay hoặc một ngày sau.")
            lacks.append(Lack(words, "meets_at"))
        ends = self.decide_by if self.in_writing and {"mode", "decide_by"} & set(changed) else None
        if ends is not None and ends < today:
            words = _("Ngày phải có kết quả đã qua: hãy chọn hôm nay hoặc một ngày sau.")
            lacks.append(Lack(words, "decide_by"))
        if lacks:
            raise ConditionNotMet(lacks)

    def _within_term(self) -> None:
        """Refuse a council whose term does not reach today and the meeting. Raises ConditionNotMet.

        What a past year is replayed with is of that year, and its clock too.
        """
        days = {clock.today()} | ({timezone.localdate(self.meets_at)} if self.meets_at else set())
        for day in sorted(days):
            if lacks := self.council.not_in_term(day):
                raise ConditionNotMet(lacks)

    def _may_be_in_writing(self) -> None:
        """Refuse a written round where the regulation has none, with a time of meeting, or with a
        product that is not re-evaluated (QĐ 26/2026/QĐ-TTg). Raises ConditionNotMet.
        """
        if not self.in_writing:
            return
        if not self.regulation.written_opinions:
            words = _("Quy chế không cho lấy ý kiến bằng phiếu: hãy chọn họp.")
            raise ConditionNotMet([Lack(words, "mode")])
        if self.meets_at is not None:
            words = _("Đợt lấy ý kiến bằng phiếu không họp: hãy để trống ngày giờ họp.")
            raise ConditionNotMet([Lack(words, "meets_at")])
        others = self.entries.exclude(dossier__case_type=CaseType.REEVALUATION) if self.pk else None
        if others is not None and others.filter(live=True).exists():
            raise ConditionNotMet([_("Chỉ hồ sơ đánh giá lại mới lấy ý kiến bằng phiếu.")])
        # Its sheets are open already.
        if self.is_open and (
            lacks := self._lack_reports(self._its()) or self.lacks_signed_report()
        ):
            raise ConditionNotMet(lacks)

    def _settles_scorers(self, by: User) -> None:
        """Refuse who scores in it: in writing the absent score too. Raises ConditionNotMet."""
        if not rules.has_perm("councils.settle_scorers", by, self):
            raise ConditionNotMet(
                [
                    _(
                        "Đợt đã mở chấm, đổi hình thức là đổi người chấm: chỉ thư ký hoặc thường "
                        "trực hội đồng không chấm điểm đổi được."
                    )
                ]
            )

    def _may_meet(self) -> None:
        """Refuse to make a meeting of a round in which re-evaluations are to be answered on in
        writing. Raises ConditionNotMet.
        """
        lacks = [
            _now(
                "%(product)s lấy ý kiến bằng phiếu trước: muốn họp ngay, hãy đưa ra khỏi đợt này "
                "rồi đưa vào lại, nêu nội dung phức tạp."
            )
            % {"product": dossier}
            for dossier in self.met_at_once(self._its())
        ]
        if lacks:
            raise ConditionNotMet(lacks)

    def met_at_once(self, found: DossierQuerySet) -> list[Dossier]:
        """Those of ``found`` on which this meeting would be the first to judge, though the council
        answers in writing and meets only where opinions differ or the matter is complex
        (Đ.7.6.d): re-evaluations, unless its regulation knows no opinions in writing. Without what
        has its ground from before: what this meeting had once open, see
        :meth:`~councils.models.entry.EntryQuerySet.grounds`, and what the leader has had evaluated
        again after the centre (Đ.7.4.g).
        """
        if self.in_writing or not self.regulation.written_opinions:
            return []
        had = RoundEntry.objects.filter(
            Q(round=self.follows_id)
            | Q(round=self.pk, round__state=RoundState.OPEN, round__mode=RoundMode.MEETING)
        )
        ordered = HistoryEntry.objects.filter(stream=Stream.DOSSIER, event="dossier.evaluate_again")
        anew = (
            found.filter(case_type=CaseType.REEVALUATION)
            .exclude(pk__in=had.values("dossier"))
            .exclude(pk__in=RoundEntry.objects.grounds(self).order_by().values("dossier"))
            .exclude(pk__in=ordered.values("stream_id"))
        )
        its = anew.select_related("product", "rule_set").order_by("pk")
        return [dossier for dossier in its if dossier.rule_set.office_reports]

    def _only_in_meeting(self) -> None:
        """Refuse in a written round what only a meeting may settle. Raises ConditionNotMet."""
        if self.in_writing:
            raise ConditionNotMet(
                [_("Đợt lấy ý kiến bằng phiếu: ý kiến khác nhau thì triệu tập họp hội đồng.")]
            )

    def papers_due_on(self) -> date | None:
        """The last day to send the papers (hạn gửi tài liệu), by the regulation's working days
        before the meeting; None while no meeting is set, and in writing.
        """
        if self.meets_at is None or self.in_writing:
            return None
        meets_on = timezone.localdate(self.meets_at)
        days = self.regulation.documents_days
        calendar = DayOff.objects.calendar(meets_on - DAY * (2 * days + 30), meets_on)
        return calendar.shift(meets_on, -days)

    def _watch_papers(self, by: User) -> None:
        """Start the clock for sending the papers; again when its day has moved, and stop it once
        they are sent.
        """
        due_on = None if self.invited_at else self.papers_due_on()
        meets_on = self.meets_at and timezone.localdate(self.meets_at)
        running = self.papers_term
        if running is not None and running.state == TermState.RUNNING:
            if running.due_on == due_on and running.base_on in (None, meets_on):
                return
            running.stop(at=clock.now(), by=by)
        # Without a day of meeting there is none for the papers.
        if due_on is not None and meets_on is not None:
            self.papers_term = clocks.begin(
                Term.before(
                    meets_on,
                    self.regulation.documents_days,
                    code="papers",
                    title=shortened(
                        _now("Gửi tài liệu họp: %(round)s") % {"round": self.name},
                        Term._meta.get_field("title").max_length or 0,
                    ),
                    cycle=self.cycle,
                    role=Role.COUNCIL_OFFICE,
                    org_unit=self.council.org_unit,
                    warnings=[1],
                ),
                by=by,
            )
            self.save(update_fields=["papers_term"])

    def reorder(self, keys: Iterable[int], *, by: User) -> None:
        """Put the entries with the ids ``keys`` in this order on the agenda (thứ tự)."""
        with self.change("round.change", by) as data:
            was = list(self.entries.filter(live=True).values_list("dossier", flat=True))
            place = {key: number for number, key in enumerate(keys, 1)}
            entries = list(self.entries.filter(pk__in=place))
            for entry in entries:
                entry.position = place[entry.pk]
            RoundEntry.objects.bulk_update(entries, ["position"])
            now = list(self.entries.filter(live=True).values_list("dossier", flat=True))
            data["changed"] = {"agenda": [was, now]}

    @property
    def shows_self_score(self) -> bool:
        """Whether its members may see the producers' own points: once it is closed, or always by
        the regulation.
        """
        return self.regulation.show_self_score or self.state == RoundState.CLOSED

    @property
    def rule_set(self) -> RuleSet:
        """The edition that its products are judged by; while it has none, that of its year."""
        entry = self.products().select_related("dossier__rule_set").first()
        return self.cycle.rule_set if entry is None else entry.dossier.rule_set

    @property
    def edition(self) -> str | None:
        """The edition of the law that its products are judged by; None while it has none."""
        if self.pk is None:
            return None
        live = self.entries.filter(live=True)
        return live.values_list("dossier__rule_set__edition", flat=True).first()

    def awaiting(self) -> DossierQuerySet:
        """Dossiers of its year before this council that are in no round (chờ đưa vào đợt), of the
        edition of those it has already; in a written round only re-evaluations. Also those whose
        result is of a round that was voided: no other way leads them back to a council.
        """
        edition = self.edition
        of_edition = Q() if edition is None else Q(rule_set__edition=edition)
        cases = [CaseType.REEVALUATION] if self.in_writing else CaseType.values
        # Without dossiers whose last result is still to be carried out. A result from before the
        # dossier came here does not count.
        following = Q(
            results__consequence__isnull=False,
            results__consequence__applied_at__isnull=True,
            results__closing__at__gte=OuterRef("moved_at"),
        )
        level = self.council.level
        waits = Q(state=STATE_AT[level]) | Q(state=STATE_AFTER[level], pk__in=_result_void())
        return (
            Dossier.objects.with_units()
            .filter(waits, case_type__in=cases, cycle=self.cycle_id)
            .filter(commune__in=OrgUnit.objects.in_area_of(self.council.org_unit_id))
            .filter(of_edition)
            .exclude(round_entries__live=True)
            .exclude(Exists(RoundEntry.objects.filter(following, dossier=OuterRef("pk"))))
            .order_by("pk")
        )

    def take_in(
        self,
        dossiers: Sequence[tuple[Dossier, Rubric | None]],
        *,
        by: User,
        reason: str = "",
        complexity: str = "",
        again: bool = False,
    ) -> list[RoundEntry]:
        """Take ``(dossier, rubric)`` pairs into the round, in their order; returns the entries.

        Once scoring is open it needs a reason (bổ sung vào đợt đang chấm), such as a product that
        comes back after the round was opened again; after the day of its meeting only what the
        meeting judged comes back. ``complexity``: what is so complex that a re-evaluation is met on
        at once, see :meth:`met_at_once`. Raises PermissionDenied, RoundClosed, and ConditionNotMet
        when the council's composition is incomplete, a dossier does not wait for it, or a rubric is
        missing, of another edition or not the one that the dossier was judged by before.
        ``again``: the caller brings back those whose result is of a voided round, see
        :func:`councils.judging.closing.take_in`.
        """
        states = [RoundState.PREPARING, RoundState.OPEN]
        with self.change("round.take_in", by, states=states, reason=reason.strip()) as data:
            if self.is_open:
                stated(reason, _("Đợt đã mở chấm: hãy nêu lý do bổ sung sản phẩm."))
            if lacks := self.council.missing():
                raise ConditionNotMet(lacks)
            editions = {dossier.rule_set.edition for dossier, _rubric in dossiers}
            if len(editions) > 1:
                raise ConditionNotMet(
                    [
                        _(
                            "Một đợt chỉ xét hồ sơ theo một bộ quy định: hãy lập đợt khác cho hồ "
                            "sơ theo quy định cũ."
                        )
                    ]
                )
            taken = [dossier.pk for dossier, _rubric in dossiers]
            # Lock first, read then: nobody moves one or chooses another rubric meanwhile.
            held = Dossier.objects.filter(pk__in=taken).select_for_update(of=("self",))
            list(held.order_by("pk").values_list("pk"))
            if at_once := self.met_at_once(Dossier.objects.filter(pk__in=taken)):
                data["why"] = stated(complexity, COMPLEX_HOW)
                data["complex"] = [dossier.pk for dossier in at_once]
            offered = self.awaiting()
            if not again:
                offered = offered.filter(state=STATE_AT[self.council.level])
            waiting = set(offered.values_list("pk", flat=True))
            # Its sheets open at once.
            if self.is_open and (short := self._lack_samples(held) + self._lack_reports(held)):
                raise ConditionNotMet(short)
            if strangers := self._never_met_on(held):
                raise ConditionNotMet(strangers)
            pinned = RoundEntry.pinned(taken)
            if self.is_open:
                # Which rubric a product is judged by is settled when the round opens.
                was_here = self.entries.filter(dossier__in=taken).select_related("rubric")
                pinned |= {entry.dossier_id: entry.rubric for entry in was_here}
            last = self.entries.aggregate(last=models.Max("position"))["last"] or 0
            entries = []
            for position, (dossier, rubric) in enumerate(dossiers, last + 1):
                if dossier.pk not in waiting:
                    raise ConditionNotMet(
                        [_now("%(product)s không chờ hội đồng này.") % {"product": dossier}]
                    )
                if rubric is None or rubric.rule_set_id != dossier.rule_set_id:
                    raise ConditionNotMet(
                        [_now("%(product)s: bạn chưa chọn bộ sản phẩm.") % {"product": dossier}]
                    )
                if pinned.get(dossier.pk, rubric) != rubric:
                    raise ConditionNotMet(
                        [
                            _now("%(product)s phải được chấm theo bộ «%(rubric)s».")
                            % {"product": dossier, "rubric": pinned[dossier.pk]}
                        ]
                    )
                entries.append(
                    RoundEntry(round=self, dossier=dossier, rubric=rubric, position=position)
                )
            try:
                # A product that was taken out before gets its old entry back.
                with transaction.atomic():
                    RoundEntry.objects.bulk_create(
                        entries,
                        update_conflicts=True,
                        unique_fields=["round", "dossier"],
                        update_fields=["rubric", "position", "live"],
                    )
            except IntegrityError:
                # Another round has taken one in meanwhile.
                raise ConditionNotMet(
                    [_("Một sản phẩm vừa được đưa vào đợt khác: hãy tải lại trang.")]
                ) from None
            for entry in self.entries.filter(dossier__in=taken, results__scoring=F("scoring")):
                # Judged here before: its members begin with copies of their sheets.
                entry.begin_anew(carried=False)
            if stand := self.bring_interests(self.entries.filter(dossier__in=taken)):
                data["interests"] = stand
            if self.is_open:
                self._bring_sheets(self.entries.filter(dossier__in=taken))
            data["dossiers"] = [entry.dossier_id for entry in entries]
        return entries

    def drop(self, entry: RoundEntry, *, by: User, reason: str) -> None:
        """Take a product out of the round (đưa ra khỏi đợt), with a reason: it waits for another.

        Once scoring is open only who presides does so, as when too few may score the product, of
        those who score only the chair; its sheets stay, sealed.
        """
        reason = stated(reason, _("Bạn chưa nêu lý do đưa sản phẩm ra khỏi đợt."))
        with self.change(
            "round.drop",
            by,
            "councils.undo",
            states=[RoundState.PREPARING, RoundState.OPEN],
            dossier=entry.dossier_id,
            why=reason,
        ) as data:
            if self.is_open:
                # Whoever scores is told, and why.
                data["reason"] = reason
            elif not rules.has_perm("councils.run_round", by, self):
                raise PermissionDenied
            entry.refresh_from_db(fields=["live"])
            if not entry.live:
                raise ConditionNotMet([_("Sản phẩm này không còn trong đợt.")])
            entry.live = False
            entry.save(update_fields=["live"])

    @property
    def void_document(self) -> Document | None:
        """What it was voided on, as it stands."""
        return self.void_basis.in_force if self.void_basis is not None else None

    def void(self, *, by: User, reason: str, document: Document) -> None:
        """Give the round up (hủy đợt) before it is closed, on a ``document``, as typed: its
        products wait for another round, its sheets stay sealed. What was closed of it before stays
        readable. Once it has opened, of those who score in it only the chair does so.

        Raises PermissionDenied, RoundClosed, ConditionNotMet without a reason, and ValidationError
        by field of the document.
        """
        reason = stated(reason)
        with self.change(
            "round.void",
            by,
            "councils.undo",
            states=[RoundState.PREPARING, RoundState.OPEN],
            reason=reason,
        ) as data:
            basis = self.council.into_ledger(document, by, "voids")
            data |= {"document": str(basis), "ledger": basis.pk}
            live = self.entries.filter(live=True)
            data["dossiers"] = list(live.order_by("pk").values_list("dossier", flat=True))
            live.update(live=False)
            self.state, self.voided_at = RoundState.VOID, clock.now()
            self.void_reason, self.void_basis = reason, basis
            self.save(update_fields=["state", "voided_at", "void_reason", "void_basis"])
            running = self.papers_term
            if running is not None and running.state == TermState.RUNNING:
                running.stop(at=self.voided_at, by=by)

    def invite(self, *, by: User) -> None:
        """Send agenda and papers to the members (gửi giấy mời, tài liệu), before scoring begins.

        Sent a second time, ``invited_at`` stays the first time. Raises ConditionNotMet without a
        time, a place or products, and once scoring has begun.
        """
        with self.change("round.invite", by, states=[RoundState.PREPARING]):
            lacks: list[Words] = []
            if not self.entries.filter(live=True).exists():
                lacks.append(_("Đợt chưa có sản phẩm nào."))
            if self.mode == RoundMode.MEETING and not (self.meets_at and self.place):
                lacks.append(_("Bạn chưa ghi thời gian và địa điểm họp."))
            elif late := self._day_gone_by():
                lacks.append(late)
            if lacks:
                raise ConditionNotMet(lacks)
            self.invited_at = self.invited_at or clock.now()
            self.save(update_fields=["invited_at"])
            self._watch_papers(by)

    def open(self, *, by: User) -> None:
        """Let the members score (mở chấm điểm). Raises ConditionNotMet for what is still lacking;
        when the day of its meeting is past and nobody is said to have come: who sits in it is asked
        of that day.
        """
        with self.change("round.open", by, "councils.preside", states=[RoundState.PREPARING]):
            if not self.entries.filter(live=True).exists():
                raise ConditionNotMet([_("Đợt chưa có sản phẩm nào.")])
            if late := self._day_gone_by():
                raise ConditionNotMet([late])
            self._within_term()
            its = self._its()
            if lacks := (
                self.council.missing()
                or self._lack_samples(its) + self._lack_reports(its)
                or self.lacks_signed_report()
            ):
                raise ConditionNotMet(lacks)
            self.state, self.opened_at = RoundState.OPEN, clock.now()
            self.save(update_fields=["state", "opened_at"])
            self.bring_interests(self.entries.filter(live=True))
            self._bring_sheets(self.entries.filter(live=True))

    def _day_gone_by(self) -> str:
        """The sentence that says that the day of its meeting is past and nobody came; "" else."""
        if self.in_writing or self.meets_at is None or clock.replaying():
            return ""
        day = timezone.localdate(self.meets_at)
        if day >= clock.today() or self.attendances.filter(present=True).exists():
            return ""
        return _now(
            "Ngày họp %(day)s đã qua: chưa họp thì ghi ngày họp mới; đã họp thì ghi người dự họp "
            "trước."
        ) % {"day": day_text(day)}

    def _bring_sheets(self, entries: models.QuerySet[RoundEntry]) -> None:
        """Let the members begin with copies of their sheets from the written round because of
        which the meeting is held, also when another meeting on it was given up.
        """
        if self.in_writing:
            return
        its = RoundEntry.objects.filter(dossier__in=entries.values("dossier"))
        said = {
            entry.dossier_id: entry
            for entry in its.grounds(self).filter(round__mode=RoundMode.WRITTEN)
        }
        if self.follows is not None:
            said |= {entry.dossier_id: entry for entry in self.follows.entries.all()}
        for entry in entries.filter(dossier__in=said, sheets=None):
            entry.copy_sheets(said[entry.dossier_id], said[entry.dossier_id].scoring)

    def never_met(self, found: DossierQuerySet) -> DossierQuerySet:
        """Of ``found``, what did not lie before its meeting, once its day is past: who came to it
        judges no other. None in writing, and before it opens.
        """
        past = self.met_on is not None and self.met_on < clock.today()
        if not (self.is_open and past and not self.in_writing):
            return found.none()
        judged = self.entries.filter(Q(sheets__member__isnull=False) | Q(results__isnull=False))
        return found.exclude(pk__in=judged.values("dossier"))

    def _never_met_on(self, found: DossierQuerySet) -> list[str]:
        """Sentences that name them."""
        return [
            _now(
                "Cuộc họp ngày %(day)s đã qua, %(product)s chưa đưa ra cuộc họp đó: hãy đưa vào "
                "đợt khác."
            )
            % {"day": f"{self.met_on:%d/%m/%Y}", "product": dossier}
            for dossier in self.never_met(found).select_related("product").order_by("pk")
        ]

    def _its(self) -> DossierQuerySet:
        """The dossiers of its products that are still to be judged."""
        return Dossier.objects.filter(round_entries__round=self, round_entries__live=True)

    def reported_on(self) -> models.QuerySet[RoundEntry]:
        """Entries with a report on a product for this round: its own, of the written one that it
        follows, and those in which a meeting has its ground.
        """
        its = Q(round__in=[self.pk, self.follows_id])
        if not self.in_writing:
            its |= Q(pk__in=RoundEntry.objects.grounds(self).order_by().values("pk"))
        return RoundEntry.objects.filter(its, appraisals__isnull=False)

    def _lack_reports(self, found: DossierQuerySet) -> list[Words]:
        """Sentences that name the re-evaluations on which the office has not reported for this
        round (Đ.7.6.c).
        """
        reported = self.reported_on().values("dossier")
        lacking = found.filter(case_type=CaseType.REEVALUATION).exclude(pk__in=reported)
        sentence = (
            _now("%(product)s chưa có báo cáo thẩm định của văn phòng: hãy đưa vào đợt chưa mở.")
            if self.is_open
            else _now(
                "%(product)s chưa có báo cáo thẩm định của văn phòng: chưa mở lấy ý kiến được."
            )
            if self.in_writing
            else _now("%(product)s chưa có báo cáo thẩm định của văn phòng: chưa mở chấm được.")
        )
        return [
            sentence % {"product": dossier}
            for dossier in lacking.select_related("product", "rule_set").order_by("pk")
            if dossier.rule_set.office_reports
        ]

    def lacks_signed_report(self) -> list[Words]:
        """The sentence that says that the office's report on its re-evaluations is not recorded as
        a document, without which no round in writing opens (Đ.7.6.c), or was before it reported on
        some of them, by name; empty otherwise, and of a meeting.
        """
        if not self.in_writing:
            return []
        its = self._its().filter(case_type=CaseType.REEVALUATION)
        found = its.select_related("product", "rule_set").order_by("pk")
        asked = [dossier for dossier in found if dossier.rule_set.office_reports]
        if not asked:
            return []
        reports = self.documents.filter(kind=DocumentKind.SUPPORT_REPORT, entry=None)
        since = reports.filter(replaced_by=None).values_list("at", flat=True)
        if not since:
            return [
                _(
                    "Chưa ghi số, ngày báo cáo của thường trực hội đồng về hồ sơ đánh giá lại: "
                    "chưa mở lấy ý kiến được. Hãy in báo cáo ở trang «Văn bản» của đợt để ký, rồi "
                    "ghi số."
                )
            ]
        told = self.entries.filter(appraisals__at__lte=max(since)).values("dossier")
        late = set(its.exclude(pk__in=told).values_list("pk", flat=True))
        return [
            _now(
                "Báo cáo đã ghi số lập trước khi có báo cáo thẩm định %(product)s: hãy in và ghi "
                "số báo cáo mới."
            )
            % {"product": dossier}
            for dossier in asked
            if dossier.pk in late
        ]

    def _lack_samples(self, found: DossierQuerySet) -> list[Words]:
        """Sentences that name those of the products whose samples are not there yet (Đ.6.2.d)."""
        lacking = [
            (dossier, dossier.samples_lacking())
            for dossier in found.select_related("product", "rule_set").order_by("pk")
        ]
        return [
            _now("%(product)s còn thiếu %(n)d sản phẩm mẫu: chưa mở chấm được.")
            % {"product": dossier, "n": number}
            for dossier, number in lacking
            if number
        ]

    def attend(self, present: Mapping[int, bool], *, by: User, reason: str = "") -> None:
        """Record attendance (dự họp): ``present`` is ``{member id: whether present}``; who is not
        in it stays as recorded. Whose sheet counts follows from it: nobody who scores records it.

        To change what was recorded needs a reason; a counted product whose scorers change is
        counted anew. Raises ConditionNotMet before the day of the meeting, or without the reason.
        """
        said = {"reason": reason.strip()}
        with self.change("round.attend", by, "councils.settle_scorers", **said) as data:
            if self.yet_to_meet:
                raise ConditionNotMet([self.not_met_yet()])
            members = self.seats.exclude(seat__in=TEAM)
            was = dict(self.attendances.values_list("member", "present"))
            moved = {pk for pk, came in present.items() if was.get(pk, came) != came}
            if moved:
                stated(reason, _("Người dự họp đã được ghi: hãy nêu lý do sửa."))
                data["had_come"] = sorted(pk for pk, came in was.items() if came)
            Attendance.objects.bulk_create(
                [
                    Attendance(round=self, member=member, present=present[member.pk])
                    for member in members
                    if member.pk in present
                ],
                update_conflicts=True,
                unique_fields=["round", "member"],
                update_fields=["present"],
            )
            data["present"] = sorted(pk for pk, came in (was | dict(present)).items() if came)
            changed = {pk for pk, came in present.items() if was.get(pk, False) != came}
            self._recount_for(self.scoring_members.filter(pk__in=changed))

    def counted(self) -> models.QuerySet[RoundEntry]:
        """Its products whose sheets are counted (đã kiểm phiếu)."""
        return self.entries.filter(live=True, counted_scoring=F("scoring"))

    def _recount_for(self, members: MemberQuerySet) -> None:
        """Have each counted product counted anew that one of ``members`` scores, or now may."""
        for entry in self.counted():
            recused = entry.interests.filter(recused=True).values("member")
            if members.exclude(pk__in=recused).exists():
                entry.recount()

    def read_papers(self, member: Member) -> None:
        """Record when a member first opened the papers (đã nhận tài liệu)."""
        Reading.objects.bulk_create(
            [Reading(round=self, member=member, at=clock.now())], ignore_conflicts=True
        )

    def accept_spread(self, entry: RoundEntry, *, by: User, reason: str) -> None:
        """Accept a spread wider than the regulation allows, with the reason."""
        reason = stated(reason)
        with self.change(
            "round.accept_spread",
            by,
            "councils.settle_spread",
            states=[RoundState.OPEN],
            dossier=entry.dossier_id,
            why=reason,
        ) as data:
            self._only_in_meeting()
            entry.must_wait()
            if not entry.is_counted:
                raise ConditionNotMet([NOT_COUNTED])
            if entry.spread_accepted:
                data["corrects"] = True
            entry.spread_accepted = reason
            entry.save(update_fields=["spread_accepted"])

    def score_again(self, entry: RoundEntry, *, by: User, reason: str) -> None:
        """Begin another scoring of a counted product (chấm lại): each member gets a draft with
        their last choices.

        Raises ConditionNotMet before the count, and when the regulation allows no further scoring.
        """
        reason = stated(reason)
        with self.change(
            "round.score_again",
            by,
            "councils.settle_spread",
            states=[RoundState.OPEN],
            dossier=entry.dossier_id,
            why=reason,
        ) as data:
            self._only_in_meeting()
            entry.refresh_from_db(from_queryset=RoundEntry.objects.select_for_update())
            entry.must_wait()
            if entry.scorings_used() >= self.regulation.scorings:
                raise ConditionNotMet(
                    [
                        _now("Quy chế cho chấm tối đa %(number)s lần.")
                        % {"number": self.regulation.scorings}
                    ]
                )
            # Only a count can show that another scoring is needed; before it, one would be wasted.
            if not entry.is_counted:
                raise ConditionNotMet([NOT_COUNTED])
            entry.next_scoring(carried=False)
            data["scoring"] = entry.scoring


def _result_void() -> DossierQuerySet:
    """Dossiers whose last result was given by a round that was voided later."""
    judged = RoundEntry.objects.filter(dossier=OuterRef("pk"), results__isnull=False)
    last = judged.order_by("-results__closing__at")
    return (
        Dossier.objects.filter(round_entries__round__state=RoundState.VOID)
        .annotate(
            judged_in=Subquery(last.values("round__state")[:1]),
            judged_at=Subquery(last.values("results__closing__at")[:1]),
        )
        .filter(judged_in=RoundState.VOID)
        .exclude(evaluations__at__gt=F("judged_at"))
        .values("pk")
    )


#: The seats that may run the business of a round.
RUNS = (Seat.CHAIR, Seat.VICE_CHAIR, Seat.SECRETARY)
