"""The rows of a round: its products, who attended, who read the papers; and its states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import connection, models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from councils.models.council import Council, Member
from cycle import clock, guards
from cycle.models import HistoryEntry, Rubric, User
from dossiers.law.conditions import ConditionNotMet
from dossiers.models import CaseType, Dossier

if TYPE_CHECKING:
    from collections.abc import Collection

    from councils.models.round import EvaluationRound
    from dossiers.models import SelfAssessment

#: SQL: the seat of the current scoring that a copied sheet is of; NULL where its person has none.
_SEAT = "(%(seats)s::bigint[])[array_position(%(seats_then)s::bigint[], s.member_id)]"
#: SQL: copy the sheets of scoring ``last`` that were handed in or left out as drafts. The columns
#: of a pen sheet (scan, who typed and who confirmed it) are copied only when ``carried``; else the
#: copy is a sheet on screen. From another entry the support team's sheet (no member) is not copied:
#: it is read there.
_COPY_SHEETS = f"""
INSERT INTO councils_scoresheet (entry_id, member_id, scoring, state, remark, scan_sha256,
                                 scan_name, entered_by_id, confirmed_by_id)
SELECT %(entry)s, {_SEAT}, %(scoring)s, 'draft', remark,
  CASE WHEN %(carried)s THEN scan_sha256 ELSE '' END,
  CASE WHEN %(carried)s THEN scan_name ELSE '' END,
  CASE WHEN %(carried)s THEN entered_by_id END, CASE WHEN %(carried)s THEN confirmed_by_id END
FROM councils_scoresheet s
WHERE entry_id = %(source)s AND scoring = %(last)s AND state IN ('submitted', 'void')
  AND ({_SEAT} IS NOT NULL OR member_id IS NULL AND %(source)s = %(entry)s)
"""  # noqa: S608  (no input in it)
_COPY_SCORES = f"""
INSERT INTO councils_score (sheet_id, criterion_id, option_id, points, remark, saved_at)
SELECT fresh.id, k.criterion_id, k.option_id, k.points, k.remark, k.saved_at
FROM councils_scoresheet fresh
JOIN councils_scoresheet s ON s.entry_id = %(source)s AND s.scoring = %(last)s
  AND {_SEAT} IS NOT DISTINCT FROM fresh.member_id
  AND (s.member_id IS NULL) = (fresh.member_id IS NULL)
JOIN councils_score k ON k.sheet_id = s.id
JOIN cycle_criterion c ON c.id = k.criterion_id
WHERE fresh.entry_id = %(entry)s AND fresh.scoring = %(scoring)s
  AND (fresh.member_id IS NOT NULL OR %(source)s = %(entry)s)
ORDER BY fresh.id, c.requires_id NULLS FIRST, c.position
"""  # noqa: S608  (no input in it)
#: What was left out stays so, whether or not the others are ``carried``: its member takes it back
#: once they may score after all.
_SETTLE_COPIES = f"""
UPDATE councils_scoresheet fresh SET state = s.state, void_reason = s.void_reason,
  submitted_at = CASE WHEN s.state = 'submitted' THEN %(now)s ELSE s.submitted_at END
FROM councils_scoresheet s
WHERE fresh.entry_id = %(entry)s AND fresh.scoring = %(scoring)s
  AND s.entry_id = %(source)s AND s.scoring = %(last)s
  AND {_SEAT} IS NOT DISTINCT FROM fresh.member_id
  AND (s.member_id IS NULL) = (fresh.member_id IS NULL)
  AND (s.state = 'void' OR %(carried)s AND s.state = 'submitted')
"""  # noqa: S608  (no input in it)


#: Why nothing is done any more on a product that was taken out, or that has its result.
NOT_WAITING = _("Sản phẩm này không còn chờ kết quả của đợt.")


class RoundState(models.TextChoices):
    """The states of a round (trạng thái đợt)."""

    PREPARING = "preparing", _("Đang chuẩn bị")
    OPEN = "open", _("Đang chấm điểm")
    CLOSED = "closed", _("Đã chốt kết quả")
    VOID = "void", _("Đã hủy")


class DocumentKind(models.TextChoices):
    """The documents of a council (văn bản của hội đồng)."""

    FOUNDING = "founding", _("Quyết định thành lập hội đồng, tổ tư vấn")
    PLAN = "plan", _("Kế hoạch đánh giá của đợt")
    RECEIVED = "received_report", _("Báo cáo tổng hợp hồ sơ tiếp nhận")
    INVITATION = "invitation", _("Giấy mời họp")
    SCORE_SHEET = "score_sheet", _("Phiếu chấm điểm")
    TEAM_SURVEY = "team_survey", _("Biên bản khảo sát khi thẩm định")
    SUPPORT_REPORT = "support_report", _("Báo cáo của tổ tư vấn, thường trực hội đồng")
    MINUTES = "minutes", _("Biên bản họp hội đồng")
    COUNCIL_REPORT = "council_report", _("Báo cáo kết quả của hội đồng")
    SUBMISSION = "submission", _("Tờ trình đề nghị công nhận")
    DECISION = "decision", _("Quyết định công nhận và danh sách")
    APPROVAL = "approval", _("Quyết định phê duyệt kết quả từ 90 điểm")
    CERTIFICATE = "certificate", _("Giấy chứng nhận")
    NOTICE = "notice", _("Thông báo kết quả")
    REQUEST = "request", _("Công văn đề nghị trung ương")


class EntryQuerySet(models.QuerySet):
    def products(self) -> Self:
        """Without the entries that were taken out of their round: those still to be judged, and
        those with a result.
        """
        judged = RoundEntry.objects.filter(pk=OuterRef("pk"), results__isnull=False)
        return self.filter(Q(live=True) | Exists(judged))

    def grounds(self, round_: EvaluationRound) -> Self:
        """Where a meeting of ``round_`` on a re-evaluation has its ground (Đ.7.6.d), the oldest
        first: entries of a written round from which the product was called to a meeting, and of a
        meeting that had opened, of its year and level. It is the product's: whichever council of
        the level meets has it, one that was set up anew too. What was given up, or taken out,
        leaves the ground; a result that stands ends it.
        """
        until = round_.closed_at or round_.voided_at or clock.now()
        its = RoundEntry.objects.filter(dossier=OuterRef("dossier"))
        called = its.filter(round__follows=OuterRef("round"))
        ended = (
            its.filter(
                results__closing__reopening=None,
                results__closing__at__range=(OuterRef("round__opened_at"), until),
            )
            .exclude(round=round_.pk)
            .exclude(round__state=RoundState.VOID)
        )
        met = Q(round__mode="meeting", round__regulation__written_opinions=True)
        return (
            self.filter(
                dossier__case_type=CaseType.REEVALUATION,
                round__cycle=round_.cycle_id,
                round__council__org_unit__level=round_.council.level,
                round__opened_at__lte=until,
            )
            .exclude(round=round_.pk)
            .filter(met | Exists(called))
            .exclude(Exists(ended))
            .order_by("round__opened_at", "pk")
        )

    def visible_to(self, user: User) -> Self:
        """Products of the rounds that ``user`` sees."""
        # Rounds stand above their rows.
        rounds: Any = self.model._meta.get_field("round").related_model
        its = rounds.objects.visible_to(user)
        return self.filter(round__in=its.order_by().values("pk"))

    def reached_by(self, user: User) -> Self:
        """Products of the rounds that ``user`` reaches, and of the dossiers that ``user`` sees."""
        return self.filter(
            Q(round__council__in=Council.objects.reached_by(user))
            | Q(dossier__in=Dossier.objects.visible_to(user))
        )


#: The round of the row's product, and the council of that: a seat that is new may have declared an
#: interest before, which then stands, and is told by the council.
ROUND = "(SELECT e.round_id FROM public.councils_roundentry e WHERE e.id = r.entry_id)"
COUNCIL = "SELECT o.council_id FROM public.councils_evaluationround o WHERE o.id = "
_IN_COUNCIL = ("council", f"({COUNCIL}r.round_id)")
#: The acts after which a product is scored, or counted, once more.
_SCORED_ANEW = (
    "round.score_again round.take_in round.reopen round.attend round.declare_interest"
    " round.lift_interest round.void_sheet council.seat council.extend"
)


class RoundEntry(models.Model):
    """A dossier taken into a round (sản phẩm đưa ra hội đồng), with the rubric it is judged by.

    ``scoring`` is the number of the scoring (lần chấm): a too wide spread may need another, and
    only the last counts. ``counted_scoring`` is the last scoring whose sheets were counted (kiểm
    phiếu). Before the count a sheet may be taken back, and nobody sees anything that depends on
    others' points; after it the database refuses any change of the sheets.

    ``live``: still to be judged in this round; a dossier has one live entry at most.
    """

    round = models.ForeignKey(
        "councils.EvaluationRound",
        models.PROTECT,
        related_name="entries",
        verbose_name=_("đợt"),
    )
    dossier = models.ForeignKey(
        Dossier, models.PROTECT, related_name="round_entries", verbose_name=_("hồ sơ")
    )
    rubric = models.ForeignKey(
        Rubric, models.PROTECT, related_name="+", verbose_name=_("bộ sản phẩm")
    )
    position = models.PositiveSmallIntegerField(_("thứ tự"))
    scoring = models.PositiveSmallIntegerField(_("lần chấm"), default=1, editable=False)
    counted_scoring = models.PositiveSmallIntegerField(
        _("lần chấm đã kiểm phiếu"), default=0, db_default=0, editable=False
    )
    #: The scorings since the last closing that only repeat a count without or with somebody's
    #: sheet: they use up none that the regulation allows.
    recounts = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    #: The scorings up to the last closing in which nobody scored: recounts, and those by which a
    #: reopening brought the sheets back.
    repeats = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    spread_accepted = models.TextField(_("lý do giữ kết quả dù chênh lệch lớn"), blank=True)
    live = models.BooleanField(_("đang chờ kết quả"), default=True, editable=False)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("sản phẩm trong đợt")
        verbose_name_plural = _("sản phẩm trong đợt")
        ordering = ["round_id", "position", "pk"]
        constraints = [
            models.UniqueConstraint(name="entry_once_per_round", fields=["round", "dossier"]),
            models.UniqueConstraint(
                name="dossier_in_one_live_entry", fields=["dossier"], condition=Q(live=True)
            ),
            models.CheckConstraint(name="entry_scoring_counts", condition=Q(scoring__gte=1)),
            models.CheckConstraint(
                name="entry_counts_a_scoring_begun", condition=Q(counted_scoring__lte=F("scoring"))
            ),
        ]
        triggers = [
            guards.Stays("round_id", "dossier_id", name="entry_stays"),
            guards.Told(
                name="entry_told",
                stream="round",
                of="r.round_id",
                also=[_IN_COUNCIL],
                columns={
                    "rubric_id": "round.take_in",
                    "position": "round.take_in round.change",
                    "live": "round.take_in round.drop round.leave round.mend_entry round.convene"
                    " round.close round.reopen round.void",
                    "counted_scoring": "round.count_sheets",
                    "scoring recounts repeats": _SCORED_ANEW,
                    "spread_accepted": f"round.accept_spread {_SCORED_ANEW}",
                },
            ),
        ]

    def __str__(self) -> str:
        return str(self.dossier)

    @property
    def is_counted(self) -> bool:
        """Whether the sheets of the current scoring were counted: none can be taken back."""
        return self.counted_scoring == self.scoring

    @property
    def shows_self_score(self) -> bool:
        """Whether who scores it may see the producer's own points: never while they could still
        change a point because of them, unless the regulation lets them.
        """
        return self.round.shows_self_score or self.is_counted

    def self_assessment(self) -> SelfAssessment | None:
        """The producer's own assessment that its round judges by: of one that is over that of
        then.
        """
        kept = self.dossier.selfassessments.order_by("-pk")
        if (over := self.round.closed_at or self.round.voided_at) is not None:
            kept = kept.filter(at__lte=over)
        return kept.first()

    @classmethod
    def pinned(cls, dossiers: Collection[int]) -> dict[int, Rubric]:
        """``{dossier id: rubric}`` for these dossiers: the rubric pinned at filing, or the one of
        its first judging under the present edition.

        The province judges by the rubric that the district judged by.
        """
        judged = (
            cls.objects.filter(
                dossier__in=dossiers,
                results__isnull=False,
                rubric__rule_set=F("dossier__rule_set"),
            )
            .select_related("rubric")
            .order_by("-pk")
        )
        filed = Dossier.objects.filter(pk__in=dossiers, rubric__isnull=False)
        return {entry.dossier_id: entry.rubric for entry in judged} | {
            dossier.pk: dossier.rubric for dossier in filed.select_related("rubric")
        }

    def said_in(self) -> models.QuerySet[RoundEntry]:
        """This entry, and in a meeting those in which it has its ground: of the written round
        before it, and of a meeting that was given up.

        Appraisals, opinions and proposed points of all are shown for the product.
        """
        its = Q(pk=self.pk) | Q(dossier=self.dossier_id, round__followed_by=self.round_id)
        if not self.round.in_writing:
            of_dossier = RoundEntry.objects.filter(dossier=self.dossier_id)
            its |= Q(pk__in=of_dossier.grounds(self.round).order_by().values("pk"))
        return RoundEntry.objects.filter(its)

    def must_wait(self) -> None:
        """Reread whether it is still to be judged here. Raises ConditionNotMet when it is not."""
        self.refresh_from_db(fields=["live", "scoring", "counted_scoring", "spread_accepted"])
        if not self.live:
            raise ConditionNotMet([NOT_WAITING])

    def leave(self, entry: HistoryEntry) -> None:
        """Take the product out of its round (rút khỏi đợt) because of ``entry``, an entry of the
        dossier's history. Its sheets stay, sealed. The caller has locked the round.
        """
        self.live = False
        self.save(update_fields=["live"])
        HistoryEntry.objects.record(
            "round.leave",
            self.round,
            by=entry.actor,
            capacity=self.round.capacity(entry.actor),  # type: ignore[arg-type]  # a person did it
            at=entry.at,
            dossier=self.dossier_id,
            reason=entry.reason,
            authority=entry.pk,
        )

    def scorings_used(self, closed: int | None = None) -> int:
        """The number of scorings since the last closing, recounts apart. ``closed``: the scoring
        of that closing, where the caller has read it (0: none).
        """
        if closed is None:
            closed = self.results.aggregate(last=models.Max("scoring"))["last"] or 0
        return self.scoring - closed - self.recounts

    @property
    def times_scored(self) -> int:
        """The number of scorings that people see (lần chấm): one that only counted anew, or brought
        the sheets back as the round was opened again, is none.
        """
        return max(1, self.scoring - self.recounts - self.repeats)

    def begin_anew(self, *, carried: bool) -> None:
        """Begin the first scoring since a closing, with copies of the last sheets; ``carried`` as
        in :meth:`next_scoring`.
        """
        self.repeats, self.recounts = self.repeats + self.recounts + carried, 0
        self.save(update_fields=["repeats", "recounts"])
        self.next_scoring(carried=carried)

    def recount(self) -> bool:
        """Have the sheets of a counted product counted anew, because who scores it has changed:
        another scoring in which each sheet is handed in already. Returns whether it was counted.

        The caller has locked the round.
        """
        self.refresh_from_db(from_queryset=RoundEntry.objects.select_for_update(of=("self",)))
        if not self.is_counted:
            return False
        self.recounts += 1
        self.save(update_fields=["recounts"])
        self.next_scoring(carried=True)
        return True

    def leave_out(self, member: Member, reason: str) -> bool:
        """Not count the sheet that ``member`` has handed in (không tính phiếu), in a new scoring
        when the sheets were counted before; returns whether there was one.

        The caller has locked the round.
        """
        given = {"member": member, "state__in": ["entered", "submitted"]}
        if not self.sheets.filter(scoring=self.scoring, **given).exists():
            return False
        self.recount()
        self.sheets.filter(scoring=self.scoring, **given).update(state="void", void_reason=reason)
        return True

    def next_scoring(self, *, carried: bool) -> None:
        """Begin the next scoring with copies of the last sheets; the old ones stay.

        ``carried``: the copies are handed in; else each is a draft, to be handed in again. A sheet
        that was left out is left out here too, until its member takes it back.
        """
        self.scoring += 1
        self.spread_accepted = ""
        self.save(update_fields=["scoring", "spread_accepted"])
        self.copy_sheets(self, self.scoring - 1, carried=carried)

    def copy_sheets(self, source: RoundEntry, last: int, *, carried: bool = False) -> None:
        """Copy the sheets handed in for ``source`` in its scoring ``last``, and those left out,
        into the current one: from another entry each as the sheet of the seat that its person has
        here, who may sit by another decision now.
        """
        seats = self._seats_of(source, last)
        this: dict[str, Any] = {
            "seats_then": list(seats),
            "seats": list(seats.values()),
            "entry": self.pk,
            "scoring": self.scoring,
            "source": source.pk,
            "last": last,
            "carried": carried,
        }
        with connection.cursor() as cursor:
            cursor.execute(_COPY_SHEETS, this)
            cursor.execute(_COPY_SCORES, this)
            cursor.execute(_SETTLE_COPIES, this | {"now": clock.now()})

    def _seats_of(self, source: RoundEntry, last: int) -> dict[int, int]:
        """Seat of a sheet of ``source`` in its scoring ``last`` -> that of the same person here."""
        sheets = source.sheets.filter(
            scoring=last, state__in=["submitted", "void"], member__isnull=False
        )
        given = list(sheets.order_by("-member__since", "-pk").values_list("member", "member__user"))
        if source.pk == self.pk:
            return {seat: seat for seat, _user in given}
        here = dict(self.round.to_score.order_by("since", "pk").values_list("user", "pk"))
        # Of two of one person that of the later seat.
        return {seat: here.pop(user) for seat, user in given if user in here}


class Attendance(models.Model):
    """Whether a member was present at the meeting of a round (dự họp)."""

    round = models.ForeignKey(
        "councils.EvaluationRound", models.PROTECT, related_name="attendances"
    )
    member = models.ForeignKey(Member, models.PROTECT, related_name="attendances")
    present = models.BooleanField(_("có mặt"))
    note = models.CharField(_("ghi chú"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("dự họp")
        constraints = [models.UniqueConstraint(name="attendance_once", fields=["round", "member"])]
        triggers = [
            guards.Told(
                name="attendance_told",
                stream="round",
                of="r.round_id",
                rows="round.attend round.move_meeting round.change",
            )
        ]

    def __str__(self) -> str:
        return f"{self.member}: {self.present}"


class Reading(models.Model):
    """The first time a member opened the papers of a round (đã nhận tài liệu)."""

    round = models.ForeignKey("councils.EvaluationRound", models.PROTECT, related_name="readings")
    member = models.ForeignKey(Member, models.PROTECT, related_name="readings")
    at = models.DateTimeField(_("mở tài liệu lúc"))

    class Meta:
        verbose_name = _("nhận tài liệu")
        constraints = [models.UniqueConstraint(name="reading_once", fields=["round", "member"])]

    def __str__(self) -> str:
        return f"{self.member}: {self.at}"
