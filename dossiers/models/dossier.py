"""The dossier of a product (hồ sơ): its data, and ``perform``, by which alone it changes."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import django_fsm as fsm
import rules
import structlog
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import (
    Exists,
    F,
    Func,
    Max,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
)
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock, documents, guards
from cycle.downloads import INLINE
from cycle.models import (
    Batch,
    Cycle,
    Document,
    HistoryEntry,
    LawReading,
    Level,
    OrgUnit,
    Rubric,
    RuleSet,
    Stream,
    User,
    now_called,
)
from cycle.models.history import changed
from cycle.models.reading import Point
from cycle.points import mean_or_none
from cycle.prepared import prepared, steady
from cycle.steps import Step
from dossiers.law import excuses
from dossiers.law.acts import Act
from dossiers.law.conditions import (
    YEAR_IS_OVER,
    ActNotPossible,
    ConditionNotMet,
    Lack,
    Words,
    recorded_for,
    stated,
    used_here,
)
from dossiers.law.doing import Doing
from dossiers.law.signers import Signer
from dossiers.law.states import (
    AT_COUNCIL,
    AT_THE_PRODUCER,
    AT_WORK,
    HOLDING,
    JUDGED,
    UNDECIDED,
    State,
)
from dossiers.models.days import JSON, NAMES_RECORD, came_on, with_day
from dossiers.models.events import PlannedOutreach, PlannedPlace
from dossiers.models.filing_number import FilingNumber
from dossiers.models.law import (
    ACTS,
    FORWARDS,
    PROPOSED,
    RECEIVED_AT,
    SENT_BACK,
    CaseType,
    LateEntry,
    Law,
)
from dossiers.models.product import Producer, Product, Standing, maker_key

if TYPE_CHECKING:
    from dossiers.models.evidence import Evidence
    from dossiers.models.paper import OfficialDocument
    from dossiers.models.records import Call, Evaluation, Visit
    from dossiers.models.task import Process, Task
    from dossiers.models.term import Term, TermQuerySet

S = State

#: The task by which a commune sends a dossier up.
PROPOSING = "sign_report"
#: For how many days a commune's request is offered for another dossier.
RECENT_DAYS = 30

#: The events by which a dossier is filed to be evaluated.
FILINGS = ("dossier.submit_dossier", "dossier.supplement", "dossier.receive_directly")


def proposals(dossier: Any, cycle: Any) -> models.QuerySet[Any]:
    """The entries by which a dossier was proposed in a cycle, the first one first, with ``day``;
    without those before it was put together anew. Ids, or what refers to them.
    """
    told = HistoryEntry.objects.filter(stream=Stream.DOSSIER)
    anew = told.filter(stream_id=OuterRef("stream_id"), after=S.ASSEMBLING, seq__gt=OuterRef("seq"))
    sent = told.filter(stream_id=dossier, cycle=cycle, event__in=PROPOSED)
    return with_day(sent.exclude(Exists(anew.exclude(before=S.ASSEMBLING)))).order_by("seq")


#: The code of the clock to the day on which a producer is to be called again.
OF_CALL = "call"


class DossierQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> Self:
        """Dossiers of this person's area, and those routed (``Route``) to one of their units."""
        routed = Route.objects.filter(dossier=OuterRef("pk"), org_unit__in=user.business())
        return self.filter(Q(commune__in=user.area()) | Exists(routed))

    def with_proposed(self) -> Self:
        """With ``proposed_on``: the day of :meth:`Dossier.proposed`."""
        days = proposals(OuterRef("pk"), OuterRef("cycle")).values("day")
        return self.annotate(proposed_on=Subquery(days[:1]))

    def with_units(self) -> Self:
        """With the product, its producer, and the commune with the units above it."""
        return self.select_related(
            "product__producer", "commune__parent__parent", "cycle", "rule_set"
        )


class Held(NamedTuple):
    """What an act reads first, locked: the newest process of a dossier, its row, its clocks."""

    process: Process
    row: Dossier
    terms: list[Term]


#: Those that a transaction locked together (``doors.held``), each until its first act; by dossier.
HELD: ContextVar[dict[int, Held] | None] = ContextVar("held", default=None)


class Rehearsed(Exception):
    """An act that was only tried could be done; what it wrote so far must be rolled back."""


class Dossier(fsm.ConcurrentTransitionMixin, Law):
    """A product's dossier (hồ sơ sản phẩm OCOP); it may go on from one cycle to the next.

    ``state`` changes only through the doors of ``walk/doors.py``, which end in :meth:`perform`.
    What is legal is declared in :class:`~dossiers.models.law.Law`. ``rule_set`` is pinned when the
    dossier is opened or enters another cycle, ``rubric`` when it is chosen or the dossier filed.
    """

    history_stream = Stream.DOSSIER
    #: The paper of the act that is being done; its conditions ask it.
    resting_on: OfficialDocument | None = None
    #: The entry of the act whose paper is being corrected: it is asked what was asked then.
    as_of: HistoryEntry | None = None
    #: What is wrong with it beside other papers, in a tuple; None before they were compared.
    compared: tuple[Lack | None] | None = None

    cycle = models.ForeignKey(
        Cycle, models.PROTECT, related_name="dossiers", verbose_name=_("chu trình")
    )
    rule_set = models.ForeignKey(
        RuleSet, models.PROTECT, related_name="dossiers", verbose_name=_("bộ quy định")
    )
    rubric = models.ForeignKey(
        Rubric,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="dossiers",
        verbose_name=_("bộ sản phẩm"),
    )
    product = models.ForeignKey(
        Product, models.PROTECT, related_name="dossiers", verbose_name=_("sản phẩm")
    )
    commune = models.ForeignKey(
        OrgUnit, models.PROTECT, related_name="dossiers", verbose_name=_("xã, phường")
    )
    #: Its commune until that was split and another successor got it (xã trước khi chia tách).
    before_split = models.ForeignKey(
        OrgUnit,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("xã trước khi chia tách"),
    )
    outreach_event = models.ForeignKey(
        "dossiers.OutreachEvent",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="dossiers",
        verbose_name=_("từ hoạt động tuyên truyền"),
    )
    case_type = models.CharField(
        _("loại hồ sơ"), max_length=15, choices=CaseType, default=CaseType.FIRST
    )
    state = fsm.FSMField(
        _("trạng thái"), choices=State.choices, default=State.POTENTIAL, protected=True
    )
    stars = models.PositiveSmallIntegerField(_("hạng sao"), null=True, blank=True)
    points_sum = models.DecimalField(
        _("tổng điểm các phiếu"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    sheets = models.PositiveSmallIntegerField(_("số phiếu"), null=True, blank=True)
    entered_as = models.CharField(
        _("vào muộn vì"), max_length=15, choices=LateEntry, blank=True, editable=False
    )
    skipped = models.PositiveSmallIntegerField(_("số bước bỏ qua"), default=0, editable=False)
    bypassed_commune = models.BooleanField(_("không qua xã"), default=False, editable=False)
    returned_from = models.CharField(max_length=40, blank=True, editable=False)
    parked_from = models.CharField(max_length=40, blank=True, editable=False)
    opened_at = models.DateTimeField(_("mở lúc"), editable=False)
    moved_at = models.DateTimeField(_("chuyển trạng thái lúc"), editable=False)
    void = models.BooleanField(_("đã gạch bỏ"), default=False, editable=False)

    objects = Standing.from_queryset(DossierQuerySet)()
    everything = models.Manager()

    class Meta:
        verbose_name = _("hồ sơ")
        verbose_name_plural = _("hồ sơ")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["cycle", "state"], name="dossier_board")]
        constraints = [
            # Task (dossier, open_state) is a foreign key to this: see migration 0002.
            models.UniqueConstraint(fields=["id", "state"], name="dossier_id_state"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="dossier_state_known"),
            models.CheckConstraint(
                condition=~Q(
                    state__in=[
                        S.DISTRICT_RANKED,
                        S.RANKED,
                        S.AWAITING_DECISION,
                        S.AT_CENTRE,
                        S.CERTIFIED,
                        S.PROMOTED,
                        S.REVOKED,
                    ]
                )
                | Q(stars__isnull=False, stars__range=(1, 5)),
                name="dossier_ranked_has_stars",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[S.AWAITING_DECISION, S.CERTIFIED, S.PROMOTED, S.REVOKED])
                | Q(stars__isnull=False, stars__gte=3),
                name="dossier_certified_has_three_stars",
            ),
            models.CheckConstraint(
                condition=Q(points_sum__isnull=True, sheets__isnull=True)
                | Q(
                    points_sum__isnull=False,
                    sheets__isnull=False,
                    sheets__gte=1,
                    points_sum__gte=0,
                    points_sum__lte=F("sheets") * 100,
                ),
                name="dossier_mean_is_possible",
            ),
            models.CheckConstraint(
                condition=Q(entered_as="", skipped=0) | (~Q(entered_as="") & Q(skipped__gte=1)),
                name="dossier_late_entry_is_counted",
            ),
            models.CheckConstraint(
                condition=~Q(state=S.SUPPLEMENT_REQUESTED) | ~Q(returned_from=""),
                name="dossier_returned_knows_from_where",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[S.WITHDRAWN, S.DEFERRED, S.REVOKED]) | ~Q(parked_from=""),
                name="dossier_parked_knows_from_where",
            ),
        ]
        triggers = [
            guards.Stays("product_id", "opened_at", name="dossier_stays"),
            guards.Told(
                name="dossier_told",
                stream="dossier",
                of="r.id",
                columns={
                    "state moved_at": guards.BECAME,
                    # What is reopened in another year goes on at the successor.
                    "commune_id before_split_id": "split.allot dossier.reopen dossier.carry_over",
                    "cycle_id rule_set_id rubric_id outreach_event_id case_type stars points_sum"
                    " sheets entered_as skipped bypassed_commune returned_from"
                    " parked_from": guards.SAVED,
                },
            ),
        ]

    def __str__(self) -> str:
        return self.product.name

    # --- What it knows ----------------------------------------------------------------------

    @property
    def status(self) -> State:
        """The state as a member of :class:`State`."""
        return State(self.state)

    @property
    def step(self) -> Step:
        """The step of its state; of a parked dossier the step it left from."""
        if step := self.status.step:
            return step
        before = State(self.parked_from).step
        assert before is not None, "it was parked from a step of the walk"
        return before

    @property
    def mean(self) -> Decimal | None:
        """The mean of the last result in points of 100, cut after two decimals; None without."""
        return mean_or_none(self.points_sum, self.sheets)

    @property
    def place(self) -> str:
        """The name of the commune that it was filed in, with today's (nay là)."""
        return now_called(self.filed_in.name, self.commune.heir().name)

    @property
    def filed_in(self) -> OrgUnit:
        """The commune that it was filed in: of what was split since, the old one."""
        return self.before_split or self.commune

    @property
    def process(self) -> Process | None:
        """The walk it is on, or the last one it was on."""
        return self.processes.order_by("-pk").first()

    def unit_at(self, level: str) -> OrgUnit | None:
        """Who does the work of ``level`` for it today: the unit there in its commune's line, or
        who took that over; None where there is no such level.
        """
        unit = self.commune.at_level(level)
        return unit and self.worked_by(unit)

    def worked_by(self, unit: OrgUnit) -> OrgUnit:
        """The unit, or who took it over: what comes new bears the new name.

        A year of three levels that began after they ended works with the units of before.
        """
        return unit if unit.valid_to is None or self._stays(unit) else unit.heir()

    def issued_by(
        self,
        signer: Signer,
        state: str,
        day: date,
        capacity: str,
        *,
        node: str = "",
        desk: str = "",
    ) -> OrgUnit | None:
        """Whose body issued its paper of ``day`` that ``signer`` signs, of an act done in ``state``
        by the task ``node`` or at a ``desk`` of that level: as its signer's ``capacity`` names it,
        where several may have; None: the ministry.
        """
        units = [
            unit
            for level in signer.levels(self, state, desk)
            for unit in self._may_issue(level, day, node)
        ]
        if len(units) < 2:
            return units[0] if units else None
        named = (each for each in units if signer.office(self, each).signs_as(capacity))
        return next(named, units[0])

    def _may_issue(self, level: str, day: date, node: str) -> list[OrgUnit]:
        """The units of ``level`` of which one issued a paper for it on ``day``: to which the task
        ``node`` was routed, then that of its own line.
        """
        units = [
            self.on(each.org_unit, day)
            for each in (self.read_routes() if node else ())
            if each.node == node and each.org_unit.level == level
        ]
        if level == Level.COMMUNE:
            units += self._communes_on(day)
        elif unit := self.commune.at_level(level) or self.filed_in.at_level(level):
            units.append(self.on(unit, day))
        return list(dict.fromkeys(units))

    def read_routes(self, *others: Dossier) -> list[Route]:
        """Where its tasks were routed, read once until it is locked; with ``others`` of all at
        once.
        """
        models.prefetch_related_objects([self, *others], "routes__org_unit")
        return list(self.routes.all())

    def _communes_on(self, day: date) -> list[OrgUnit]:
        """What its commune was on ``day``: one; of a commune that several were put together to, and
        that was not there yet, those of before, its producer's first.
        """
        if self.before_split is not None:
            then = self.before_split.heir(day)
            # Of what a sister signed meanwhile nothing is its commune's.
            if not then.ended_before(day) and then.goes_on_in(self.commune):
                return [then]
        if self.commune.valid_from <= day:
            return [self.on(self.commune, day)]
        earlier = list(OrgUnit.objects.went_into(self.commune_id).valid_on(day))
        home = self.product.producer.commune_id
        return sorted(earlier, key=lambda each: each.pk != home) or [self.commune]

    def commune_on(self, day: date) -> OrgUnit:
        """Its commune on ``day``, as papers of that day name it: the one that it was filed in, or
        who has its business then; in a year of three levels that began after their end the one of
        before.
        """
        filed = self.filed_in
        # Of a commune that was split, until its last day nobody else had it.
        return self.on(self.commune if filed.ended_before(day) else filed, day)

    def works_on(self, unit: OrgUnit, day: date) -> bool:
        """Whether the unit is there on ``day`` to sign, or works for a year of three levels that
        began after its end.
        """
        there = unit.valid_from <= day and not unit.ended_before(day)
        return there or self._stays(unit)

    def on(self, unit: OrgUnit, day: date) -> OrgUnit:
        """The unit, or who had taken it over on ``day``."""
        return unit if self._stays(unit) else unit.heir(day)

    def _stays(self, unit: OrgUnit) -> bool:
        return self.rule_set.has_district and unit.ended_before(self.cycle.opened_on)

    @property
    def history_cycle_id(self) -> int:
        return self.cycle_id

    @property
    def history(self) -> models.QuerySet[HistoryEntry]:
        """Its history entries, oldest first."""
        return HistoryEntry.objects.filter(stream=Stream.DOSSIER, stream_id=self.pk)

    def done(self, *names: str) -> models.QuerySet[Any]:
        """The entries of the events ``names``, the oldest first, each with its ``day``; those
        before the act whose paper is being corrected.
        """
        found = self.history.filter(event__in=names)
        if self.as_of is not None:
            found = found.filter(seq__lt=self.as_of.seq)
        return with_day(found).order_by("seq")

    def done_on_paper(self, *names: str) -> list[Any]:
        """Those of :meth:`done` that were done on a paper."""
        asked: dict[str, Any] = {"dossier": self.pk}
        if self.as_of is not None:
            asked["before"] = self.as_of.seq
        return _done_on_paper(*sorted(names), **asked)

    def _by_then(self) -> dict[str, Any]:
        """Which dossier is asked about, and until when, where the paper of an act is corrected."""
        return {"dossier": self.pk} | ({} if self.as_of is None else {"until": self.as_of.at})

    def last_result(self) -> Evaluation | None:
        """The last result that was recorded, or None."""
        found: Evaluation | None = _results.first(**self._by_then())
        return found

    def judged_last(self) -> Any:
        """Its entry of the last round that gave it a result which stands, with ``closed_at``; None
        of what no round judged.
        """
        return _judged.first(**self._by_then())

    def certified_since(self, moment: datetime) -> bool:
        """Whether it got a certificate since this moment."""
        return bool(_certified(since=moment, dossier=self.pk))

    def certified_before(self) -> date | None:
        """The day on which it got its last certificate that is of another decision than the one it
        is resting on; before the act whose paper is being corrected. None without one.
        """
        asked: dict[str, Any] = {"dossier": self.pk}
        if self.resting_on is not None:
            asked["decision"] = self.resting_on.pk
        if self.as_of is not None:
            asked["before"] = self.as_of.at
        found: date | None = _certified.first("of a decision", **asked)
        return found

    def goes_up(self, level: str) -> bool:
        """Whether its last result, given at ``level``, goes to the next level."""
        return self.rule_set.goes_up(
            level, stars=self.stars, points_sum=self.points_sum, sheets=self.sheets
        )

    def fresh_result(self) -> Evaluation | None:
        """The last result recorded since it came into its present state, or None."""
        return self.evaluations.filter(at__gte=self.moved_at).last()

    def certified_by(self) -> Dossier | None:
        """The dossier by which its product was certified last (hồ sơ đã được công nhận), expired or
        not; None when it never was, or not since it was revoked.
        """
        since = Q(certificates__isnull=False)
        if (revoked_on := self.revoked_on()) is not None:
            # An older certificate that is entered afterwards makes nothing good again.
            since = Q(certificates__issued_on__gt=revoked_on)
        given = Dossier.objects.filter(since, product=self.product_id, state__in=HOLDING)
        return given.exclude(pk=self.pk).order_by("-certificates__issued_on", "-pk").first()

    def revoked_on(self) -> date | None:
        """The day on which its product was last revoked (thu hồi); None when it never was."""
        revoked = Dossier.objects.filter(product=self.product_id, state=S.REVOKED)
        days = revoked.exclude(pk=self.pk).annotate(on=came_on(S.REVOKED, "pk", "moved_at"))
        return days.aggregate(last=Max("on"))["last"]

    def others_open(self) -> DossierQuerySet:
        """Other dossiers of its product at which somebody is at work before a decision (hồ sơ khác
        đang mở), in whichever year.
        """
        at_work = Dossier.objects.filter(product=self.product_id, state__in=AT_WORK)
        return at_work.exclude(pk=self.pk)

    @property
    def is_judged(self) -> bool:
        """Whether a council has judged it: there is a result, or a member has handed in a sheet in
        a round that is not over.
        """
        if self.state in JUDGED:
            return True
        if self.state not in AT_COUNCIL:
            return False
        handed_in = {"sheets__state": "submitted", "sheets__member__isnull": False}
        return self.round_entries.filter(live=True, **handed_in).exists()

    def rubrics(self) -> models.QuerySet[Rubric]:
        """The rubrics (bộ sản phẩm) it may be judged by: of its edition and product group."""
        return (
            Rubric.objects.current()
            .filter(rule_set=self.rule_set_id, group=self.product.group)
            .order_by("number")
        )

    def samples_lacking(self, *, for_centre: bool = False) -> int:
        """How many samples (sản phẩm mẫu) it still lacks for the council, or for the centre
        (Đ.6.2.d). 0 as well while no commune has reported: what was there before the product was
        used is not known.
        """
        needed = self.rule_set.samples(self.product.group)
        if not needed:
            return 0
        receipts = self.samplereceipts.current().filter(for_centre=for_centre)
        came = receipts.aggregate(all=Sum("samples"))
        there = came["all"] or 0
        if not for_centre:
            report = self.communereports.last_made()
            if report is None and not self.bypassed_commune:
                return 0
            there += report.samples if report else 0
        return max(needed - there, 0)

    def last_visit(self) -> Visit | None:
        """The visit that was made last, as it was corrected since."""
        return self.visits.current().order_by("-visited_on", "-pk").first()

    def next_visit(self) -> date | None:
        """The day on which the producer is to be visited again, as the last visit agreed; None
        also once no visit is recorded any more.
        """
        last = self.last_visit() if self.state in AT_THE_PRODUCER else None
        return last.next_visit_on if last else None

    def last_call(self) -> Call | None:
        """The call that was made last, as it was corrected since."""
        return self.calls.current().order_by("-called_on", "-pk").first()

    def next_call(self) -> date | None:
        """The day on which the producer is to be called again, as the last call agreed; None once
        nobody calls in its state.
        """
        last = self.last_call() if self.state in HOLDING else None
        return last.call_again_on if last else None

    def refiling(self) -> tuple[date, date] | None:
        """The first and the last day to file this re-evaluation (D6), before the product's last
        certificate ends; None for another case, where there is no certificate with an end, or once
        the ministry has ordered one (Đ.10.1.b).
        """
        given = self._judges_anew()
        if given is None or given.ordered_on:
            return None
        return self.rule_set.refiling(given.expires_on)

    def ordered_on(self) -> date | None:
        """The day on which the ministry ordered this re-evaluation; None where nobody did."""
        given = self._judges_anew()
        return given and given.ordered_on

    def ordered_by(self) -> Any:
        """The entry by which the ministry ordered this re-evaluation, with its ``day``: the first
        on the certificate that it judges anew, that was there when it was opened. None where nobody
        did. An order on an earlier certificate of the product was answered before.
        """
        if self.case_type != CaseType.REEVALUATION:
            return None
        given = self.certificates.model.objects.filter(
            dossier__product=self.product_id, at__lte=self.opened_at
        ).exclude(dossier=self.pk)
        last = given.order_by("issued_on", "pk").last()
        if last is None:
            return None
        orders = HistoryEntry.objects.filter(
            stream=Stream.DOSSIER, stream_id=last.dossier_id,
            event="dossier.order_evaluation", at__lte=self.opened_at,
        )  # fmt: skip
        return with_day(orders).order_by("day", "seq").first()

    def in_transition(self, day: date) -> bool:
        """Whether the product's last certificate, which this re-evaluation takes further, ended
        under its law and no more than the days of the transition before ``day`` (Đ.12.3).
        """
        given = self._judges_anew()
        if given is None or given.expires_on < self.rule_set.valid_from:
            return False
        missed = LawReading.of(Point.MISSED_WINDOW)
        at_most = self.rule_set.awaits_decision_until(given.expires_on, missed)
        return at_most is not None and day <= at_most

    def _judges_anew(self) -> Any:
        """The product's last certificate with an end, where this re-evaluates it; else None."""
        if self.case_type != CaseType.REEVALUATION:
            return None
        given = self.certificates.model.objects.filter(
            dossier__product=self.product_id, expires_on__isnull=False
        ).exclude(dossier=self.pk)
        return given.with_validity().order_by("-expires_on", "-pk").first()

    def asked(self, act: Act, day: date) -> dict[str, Words]:
        """What makes ``act`` need a reason when it is done on ``day``: code -> sentence."""
        found = {each.code: each.ask(self, day) for each in act.asks}
        return {code: sentence for code, sentence in found.items() if sentence}

    def filing_day(self) -> date:
        """The day on which its papers must be valid: of its last filing (ngày nộp); today while it
        is not filed, or is to be filed again.
        """
        if self.state in AT_WORK and (
            self.state not in UNDECIDED or self.state == S.SUPPLEMENT_REQUESTED
        ):
            return clock.today()
        filed = with_day(self.history.filter(event__in=FILINGS)).order_by("seq").last()
        return filed.day if filed is not None else timezone.localdate(self.moved_at)

    def lapsed(self, pieces: Sequence[Evidence]) -> list[Evidence]:
        """Those of the pieces of evidence that must be valid on the day of filing and are not."""
        ending = [each for each in pieces if each.expires_on and self.rule_set.lapses(each.kind)]
        day = self.filing_day() if ending else None
        return [each for each in ending if day and each.expires_on and each.expires_on < day]

    def missing_evidence(self) -> list[str]:
        """Labels of the compulsory kinds of evidence that it lacks, or has only as papers that were
        no longer valid on the day of filing.
        """
        kinds = set(self.rule_set.compulsory(self.case_type))
        if not kinds:
            return []
        pieces = list(self.evidence.current().filter(kind__in=kinds))
        ended = {each.pk: each for each in self.lapsed(pieces)}
        kinds -= {each.kind for each in pieces if each.pk not in ended}
        until = {each.kind: each.expires_on for each in ended.values()}
        return [self._missing(kind, until.get(kind)) for kind in sorted(kinds)]

    def _missing(self, kind: str, until: date | None) -> str:
        label = self.rule_set.evidence_label(kind)
        if until is None:
            return label
        return _now("%(paper)s (bản đã có hết hạn ngày %(day)s)") % {
            "paper": label,
            "day": f"{until:%d/%m/%Y}",
        }

    def refile_wait(self, what: str) -> date | None:
        """The day from which a refused ``what``, "idea" or "plan", may be filed again; None when it
        may now.
        """
        days = self.rule_set.refile_wait(what)
        if not days:
            return None
        refused = self.history.filter(
            event={"idea": "dossier.not_select_idea", "plan": "dossier.not_approve_plan"}[what]
        )
        if (last := with_day(refused).order_by("seq").last()) is None:
            return None
        day = last.day + timedelta(days=days)
        return day if clock.today() < day else None

    @property
    def first_day(self) -> date:
        """Before it nothing of this dossier happened: its year was not opened, nor the dossier."""
        begun = _told_first.first(dossier=self.pk)
        # What is typed after the fact may be older than its dossier here, never than its year.
        opened_on = self.cycle.opened_on
        return min(opened_on, timezone.localdate(begun)) if begun is not None else opened_on

    def proposed(self) -> Any:
        """The entry by which its commune proposed it, with ``day``, that of the commune's paper;
        None before. A later return does not move it; only when it was put together anew it is
        proposed anew. What the level above took by itself counts from that day.
        """
        return _first_proposal.first(dossier=self.pk, cycle=self.cycle_id)

    def recent_requests(self, today: date) -> models.QuerySet[OfficialDocument]:
        """The official requests on which its commune sent up others of its year in the last
        :data:`RECENT_DAYS` days, each once, the newest first: this one may go with one of them.
        """
        sent = HistoryEntry.objects.filter(
            stream=Stream.DOSSIER, stream_id=OuterRef("dossier"),
            event__in=[ACTS[name].event for name in FORWARDS], before=S.COMMUNE_CHECKED,
        )  # fmt: skip
        named = Func(
            Value("officialdocument"), OuterRef("pk"), template=NAMES_RECORD, output_field=JSON
        )
        papers = Dossier.officialdocuments.rel.related_model.objects
        since = today - timedelta(days=RECENT_DAYS)
        # Of before the ledger no body is recorded.
        of_before = Q(document__before=True, dossier__commune=self.commune_id)
        found = papers.filter(
            Q(document__issuer__in=self._issuers(since, today)) | of_before,
            Exists(sent.filter(data__contains=named)),
            dossier__cycle=self.cycle_id, at__date__gte=since, scan__content_type__in=INLINE,
        ).exclude(Q(dossier=self) | Q(scan__sha256=""))  # fmt: skip
        # Of one paper the first row: it stays the same while others go with it too.
        same = ("document__folded_number", "document__signed_on", "scan__sha256")
        once = found.order_by(*same, "pk").distinct(*same)
        return papers.filter(pk__in=once.values("pk")).order_by("-document__signed_on", "-pk")

    def _issuers(self, since: date, until: date) -> set[int]:
        """The communes that issued its requests of these days: one after the other, and to which
        the sending up was routed.
        """
        found: set[int] = set()
        day = until
        while day >= since:
            units = self._may_issue(Level.COMMUNE, day, PROPOSING)
            found |= {each.pk for each in units}
            # On the day before one of them began another was there.
            begun = max(each.valid_from for each in units)
            if begun > day:
                break
            day = begun - timedelta(days=1)
        return found

    def came_complete(self) -> Any:
        """The entry by which it last came to the province, with ``day``, that of its paper: what
        the office then takes for complete counts from it. None before, and for one that was there
        before the product was used.
        """
        came = self.history.filter(cycle=self.cycle_id, after=S.AT_PROVINCE)
        return with_day(came.exclude(before=S.AT_PROVINCE)).order_by("-seq").first()

    def batch(self) -> Batch | None:
        """The batch of the year that it belongs to (đợt), by the day its commune proposed it (Đ.5);
        None before, for a re-evaluation, and after the last batch of its year.
        """
        entry = self.proposed_in_batch()
        return self.batch_of(entry.day) if entry else None

    def proposed_in_batch(self) -> Any:
        """The entry of :meth:`proposed`, by which it belongs to a batch; None of a re-evaluation,
        which belongs to none.
        """
        return self.proposed() if self.case_type != CaseType.REEVALUATION else None

    def batches(self) -> models.QuerySet[Batch]:
        """The batches of its year that its communes propose for."""
        level = Level.DISTRICT if self.rule_set.has_district else Level.PROVINCE
        return Batch.objects.filter(cycle=self.cycle_id, level=level)

    def batch_of(self, day: date) -> Batch | None:
        """The batch of what is proposed on ``day``."""
        later = self.batches().filter(propose_by__gte=day)
        return later.order_by("propose_by", "pk").first()

    def corrections(self) -> int:
        """How many times it was sent back to the producer."""
        return self.history.filter(event__in=SENT_BACK).count()

    def held(self) -> Any:
        """The entry of the round that has it (đang trong đợt), or None; kept until :meth:`lock`.

        That is a live entry of a round not closed; or one whose round has closed since the dossier
        came into its present state, while the result is not yet written to the dossier.
        """
        if "_held" not in self.__dict__:
            pending = Q(
                results__consequence__isnull=False,
                results__consequence__applied_at=None,
                results__closing__at__gte=self.moved_at,
            )
            self._held = (
                self.round_entries.filter(Q(live=True) & ~Q(round__state="closed") | pending)
                .select_related("round")
                .order_by("-live", "-pk")
                .first()
            )
        return self._held

    def clocks(self) -> TermQuerySet:
        """Its live clocks, and those of the product's other certificates: each follows what becomes
        of the next.
        """
        return _clocks_of(self.pk, self.product_id)

    def open_task(self) -> Task | None:
        """The task somebody has now (công việc đang mở), or None."""
        if not hasattr(self, "_open_task"):
            self._open_task = self.tasks.filter(open_state__isnull=False).first()
        return self._open_task

    # --- The one way in -----------------------------------------------------------------------

    def stands_for(self, name: str) -> bool:
        """Whether the act ``name`` may be done in its present state, conditions aside."""
        return getattr(self, name)._django_fsm.has_transition(self.state)

    def trainings_missed(self) -> list[PlannedOutreach]:
        """The trainings that the plan of its year requires of the producers of its commune before
        their business plan is approved, where nobody of its producer is named as attending.
        """
        communes = OrgUnit.objects.united_with(self.commune_id).order_by().values("pk")
        asked = PlannedOutreach.objects.filter(
            required=True,
            dropped_at=None,
            cycle=self.cycle_id,
            pk__in=PlannedPlace.objects.filter(commune__in=communes).values("planned"),
        )
        rows = list(asked.prefetch_related("events__attended"))
        if not rows:
            return []
        maker = self.product.producer
        its = {maker_key(name) for name in (maker.name, maker.representative) if name}
        return [
            row
            for row in rows
            if not any(
                maker_key(said) in its
                for event in row.events.all()
                if hasattr(event, "attended")
                for name, of_whom, _phone in event.attended.people
                for said in (name, of_whom)
            )
        ]

    def why_not(
        self, name: str, doing: Doing | None = None, *, settled: bool = False
    ) -> list[Words]:
        """Sentences that say what the act ``name`` still lacks; empty when it may be done.

        With ``settled`` only those conditions that no record made with the act could meet.
        """
        return [each.words for each in self.lacking(name, doing, settled=settled)]

    def lacking(
        self, name: str, doing: Doing | None = None, *, settled: bool = False
    ) -> list[Lack]:
        """The same with the field of each."""
        transition = getattr(self, name)._django_fsm.get_transition(self.state)
        of_round = self._why_not_of_round(name, doing)
        return ([Lack(of_round)] if of_round else []) + [
            Lack(words, check.field, check.met_by)
            for check in transition.conditions
            if (check.settled or not settled) and (words := check.why_not(self))
        ]

    def _why_not_of_round(self, name: str, doing: Doing | None) -> Words | None:
        asks = ACTS[name].of_round
        return asks(self, doing) if asks is not None else None

    def perform(
        self,
        name: str,
        doing: Doing,
        *,
        reason: str = "",
        records: Sequence[Any] = (),
        paper: OfficialDocument | None = None,
        rehearsed: bool = False,
        **values: Any,
    ) -> tuple[HistoryEntry, list[Term]]:
        """Check, do and record the act ``name``. Only the doors call it.

        ``records`` are unsaved rows that the step keeps, ``paper`` the signed document, ``values``
        the arguments of the transition. The act happened at ``doing.at``, else on the day ``paper``
        was signed, else now. Returns the history entry and the dossier's live clocks, locked.
        Raises PermissionDenied, ActNotPossible (wrong state), ConditionNotMet (something is
        missing) and ValidationError (a record is wrong); the caller's transaction must roll back,
        as it must after Rehearsed, which says that none of these would be.
        """
        act = ACTS.get(name)
        if act is None:
            raise ActNotPossible(name)
        # Every line of the log from here on names the dossier.
        structlog.contextvars.bind_contextvars(dossier=self.pk)
        with transaction.atomic(savepoint=False):
            # A full save() follows, so reread the row first. Locked in the order of the sweep: the
            # dossier, its clocks, then (by the trigger) the head of its history.
            terms = []
            if rehearsed:
                self.lock()
            else:
                terms = self._lock_with_clocks()
            authorised = act.by_round and doing.is_authorised(self)
            if not authorised and not self._may(act, doing):
                raise PermissionDenied
            if self.void or not self.stands_for(name):
                raise ActNotPossible(name)
            moment, data = self._moment(doing.at, paper), doing.recorded
            asked = self.asked(act, timezone.localdate(moment))
            if act.reason:
                reason = stated(reason)
            elif asked:
                reason = stated(reason, next(iter(asked.values())))
                named = excuses.day_of(reason)
                if act.awaits(asked) and (named is None or named < timezone.localdate(moment)):
                    raise ConditionNotMet(
                        [Lack(_("Hãy ghi ngày sẽ bổ sung, từ hôm nay trở đi."), "until")]
                    )
            if asked:
                data["outside"] = list(asked)
            self._check_paper(act, doing, paper, by_round=authorised)
            ledger = paper.document_id if paper is not None else None
            if paper is not None:
                paper.together = doing.together
                # In the order of the foreign keys: document, scan, paper, records.
                scan: list[Any] = [paper.scan] if paper.scan and paper.scan.pk is None else []
                records, data["paper"] = [*scan, paper, *records], True
            self._keep(records, doing.by, moment, paper)
            # Evidence is no record, and brings none.
            records = [*records, *(new for each in records for new in getattr(each, "brought", ()))]
            before, rubric_before = self.state, self.rubric_id
            was, beside = copy.copy(self), self._beside(act)
            self.resting_on, self.compared = paper, None
            try:
                if self._why_not_of_round(name, doing):
                    raise ConditionNotMet(self.lacking(name, doing))
                told = getattr(self, name)(**values)
                self._check_year(before)
            except fsm.TransitionNotAllowed:
                raise ConditionNotMet(self.lacking(name, doing)) from None
            finally:
                self.resting_on = self.compared = None
            if rehearsed:
                raise Rehearsed
            if self.state != before:
                self.moved_at = moment
            self.save()
            registered = self._register(moment) if act.registers else []
            if paper is not None and paper.doubt:
                data["as_written"] = paper.signer_capacity
            if isinstance(told, dict):
                data["changed"] = told
            if self.rubric_id not in (None, rubric_before):
                # Some acts pin the rubric besides what they do.
                data["rubric"] = str(self.rubric)
            if records:
                data["records"] = [[record._meta.model_name, record.pk] for record in records]
            entry = HistoryEntry.objects.record(
                act.event,
                self,
                by=doing.by,
                capacity=doing.capacity,
                at=moment,
                before=before,
                after=self.state,
                reason=reason.strip(),
                saved=[*records, *registered, self],
                became=changed(was, self),
                attached=[record.sha256 for record in records if getattr(record, "sha256", "")],
                ledger=ledger,
                **data,
            )
            self.tell_beside(beside, entry, doing)
            return entry, terms

    def _register(self, at: datetime) -> list[FilingNumber]:
        """The number (PĐK) under which the office that it has come to receives it, of a year that
        it counts here; its product gets its code, where the edition goes by units of today.
        """
        day = timezone.localdate(at)
        level = RECEIVED_AT[self.status]
        body, commune = (self._may_issue(each, day, "")[0] for each in (level, Level.COMMUNE))
        given = FilingNumber.objects.give(self, body, commune, at)
        if given is None:
            # Of a year that was counted on paper its code stands there too.
            return []
        if not self.rule_set.has_district:
            self.product.number(commune, day.year)
        return [given]

    def _check_year(self, before: str) -> None:
        """Refuse what begins, goes on or gets its result in a year that is closed; what has its
        result there, and what gives up, the law leaves open. A replay tells of then.
        """
        gives_up = self.state in (S.WITHDRAWN, S.DEFERRED)
        works = self.state in AT_WORK or (before in AT_WORK and not gives_up)
        if works and self.cycle.closed_on is not None and not clock.replaying():
            raise ConditionNotMet([YEAR_IS_OVER % {"cycle": self.cycle}])

    def demands_paper(self, act: Act) -> bool:
        """Whether ``act`` is done on a signed document only, as it stands (phải có văn bản)."""
        return act.on_paper(self.state, self.rule_set)

    def _beside(self, act: Act) -> list[Product | Producer]:
        """The product and the producer as they are, locked, before an act that corrects them; the
        product alone before one that may give it its code.
        """
        corrects = act.takes in ("correction", "details")
        if not corrects and not act.registers:
            return []
        held = Product.everything.select_for_update().filter(pk=self.product_id).get()
        if not corrects:
            self.product.code = held.code
            return [] if held.code else [held]
        return [held, Producer.everything.select_for_update().get(pk=held.producer_id)]

    @staticmethod
    def tell_beside(
        beside: Sequence[Product | Producer], entry: HistoryEntry, doing: Doing
    ) -> None:
        """Write what an act corrected of them into their own histories, as ``entry`` says it."""
        for was in beside:
            now = type(was)._base_manager.get(pk=was.pk)
            if became := changed(was, now):
                HistoryEntry.objects.record(
                    f"{was._meta.model_name}.change",
                    now,
                    by=doing.by,
                    capacity=doing.capacity,
                    at=entry.at,
                    reason=entry.reason,
                    saved=[now],
                    dossier=entry.stream_id,
                    changed=[
                        {"row": str(now), "field": name, "before": before, "after": after}
                        for _model, _pk, columns in became
                        for name, (before, after) in columns.items()
                    ],
                )

    def _check_paper(
        self, act: Act, doing: Doing, paper: OfficialDocument | None, *, by_round: bool
    ) -> None:
        """Enter the signed document in the ledger; refuse the act without the one, or its scan,
        that it needs.

        A council's result ``by_round`` needs none. A replay of the past may have no scan. That
        whoever only types has a paper at all, the door has checked. Raises ConditionNotMet,
        ValidationError.
        """
        on_paper = self.demands_paper(act) and not (act.scored and by_round)
        if on_paper and paper is None:
            raise ConditionNotMet([Lack(_("Bạn chưa nhập văn bản đã ký."), "paper-number")])
        if paper is not None:
            self._into_ledger(act, doing, paper)
        scanned = paper is not None and paper.is_scanned
        if (on_paper or doing.typed) and not scanned and not clock.replaying():
            raise ValidationError({"scan_file": _("Bạn chưa đính kèm bản chụp văn bản đã ký.")})

    def _into_ledger(self, act: Act, doing: Doing, paper: OfficialDocument) -> None:
        """Find or write the document of ``paper`` in the ledger, as one of who issues it.

        Raises ConditionNotMet when it differs from the one that is there, ValidationError when a
        value is wrong, or when it is said to be one that is not offered any more.
        """
        paper.dossier = self  # type: ignore[assignment]
        paper.check_offered()
        document = paper.of_ledger
        document.does = act.does
        day = document.signed_on or clock.today()
        document.issuer = self.issuer_of(act, doing, paper, day)
        if document.issuer is None:
            document.outside = documents.ministry(day)
        paper.take_scan()
        paper.capacity_typed = document.signer_capacity
        resting = type(paper).objects.select_related("dossier__product").order_by("pk")

        def told(known: Document) -> str:
            first = resting.filter(document__in=known.versions()).first()
            return recorded_for(first) if first is not None else ""

        try:
            paper.document = documents.record(
                document,
                by=doing.by,
                capacity=doing.capacity,
                sure=act.signer is not None and not act.signer.beside,
                told=told,
            )
        except documents.Another as error:
            here = used_here(self, act.name, paper)
            raise ConditionNotMet(
                [
                    *([here] if here else []),
                    *(
                        Lack(words, f"paper-{field}")
                        for field, said in error.message_dict.items()
                        for words in said
                    ),
                ]
            ) from error
        paper.show_scan(_now("Văn bản %(number)s") % {"number": paper.number})

    def issuer_of(
        self, act: Act, doing: Doing, paper: OfficialDocument, day: date
    ) -> OrgUnit | None:
        """The unit whose body issued the ``paper`` of ``act`` that is of ``day``: one that the law
        names, else the unit that does the act; None: the ministry.
        """
        if paper.same_as is not None and (its := paper.same_as.document.issuer) is not None:
            return its
        if act.signer is not None:
            task, held = doing.task, doing.capacity
            return self.issued_by(
                act.signer,
                self.state,
                day,
                paper.signer_capacity,
                node=task.node if task else "",
                desk=held.org_unit.level if held else "",
            )
        if doing.task is not None:
            return doing.task.org_unit
        held = doing.capacity
        return held.org_unit if held is not None else self.unit_at(Level.PROVINCE)

    def _keep(
        self,
        records: Sequence[Any],
        by: User | None,
        at: datetime,
        paper: OfficialDocument | None,
    ) -> None:
        """Fill, check and save the records of an act. Raises ValidationError."""
        for record in records:
            record.dossier, record.recorded_by, record.at = self, by, at
            record.prepare(paper)
            # Unique keys and constraints are left to the database.
            # What was read or written just now is there: the foreign keys hold it.
            there = [name for name, row in record._state.fields_cache.items() if row is not None]
            record.full_clean(
                exclude=["dossier", "recorded_by", "at", *there],
                validate_unique=False,
                validate_constraints=False,
            )
            try:
                record.save()
            except IntegrityError as error:
                # Somebody was faster: say what validation would have said a moment later.
                if refused := record.refused(error):
                    raise refused from error
                raise

    def _may(self, act: Act, doing: Doing) -> bool:
        """Whether ``doing.by`` may do ``act``: asked of the task if one asks for it, else of the
        dossier.
        """
        if act.door == "task":
            return rules.has_perm("dossiers.complete_task", doing.by, doing.task)
        return rules.has_perm(act.permission, doing.by, self)

    def _moment(self, at: datetime | None, paper: OfficialDocument | None) -> datetime:
        """When an act happened: never in the future, never before the dossier's last move."""
        now = clock.now()
        signed_on = paper.signed_on if paper is not None else None
        if at is None and signed_on and signed_on < timezone.localdate(now):
            # A paper has a day but no hour: noon.
            at = timezone.make_aware(datetime.combine(signed_on, time(12)))
        return max(min(at or now, now), self.moved_at)

    def _lock_with_clocks(self) -> list[Term]:
        """Lock the row and its clocks; returns these."""
        if held := (HELD.get() or {}).pop(self.pk, None):
            self._become(held.row)
            return held.terms
        self.lock()
        return _clocks_held(dossier=self.pk, product=self.product_id)

    def lock(self) -> None:
        """Reread the row and hold it until the transaction ends.

        Not refresh_from_db(): django_fsm's version sets ``protected = False`` on the field object,
        which all threads share, so that another thread could assign ``state`` meanwhile.
        """
        # As cycle.locking.locked: what is joined to it is read after the wait.
        _row_held(pk=self.pk)
        fresh = _as_it_is.first(pk=self.pk)
        if fresh is None:
            raise Dossier.DoesNotExist
        self._become(fresh)

    def _become(self, fresh: Dossier) -> None:
        fresh.rule_set = RuleSet.pinned(fresh.rule_set_id)
        self.__dict__.clear()
        self.__dict__.update(fresh.__dict__)


def _clocks_of(dossier: Any, product: Any) -> TermQuerySet:
    """As :meth:`Dossier.clocks`, of ids."""
    live = Dossier.terms.rel.related_model.objects.live()
    of_product = Q(certificate__isnull=False) | Q(code=OF_CALL)
    return live.filter(Q(dossier=dossier) | of_product, dossier__product=product)


@prepared
def _clocks_held(*, dossier: Any, product: Any) -> models.QuerySet[Any]:
    clocks = _clocks_of(dossier, product).select_related("rule").order_by("pk")
    return clocks.select_for_update(of=("self",))


@prepared
def _row_held(*, pk: Any) -> models.QuerySet[Any]:
    held = Dossier.everything.filter(pk=pk).select_for_update(of=("self",))
    return held.order_by().values_list("pk")


@prepared
def _as_it_is(*, pk: Any) -> models.QuerySet[Any]:
    its = Dossier.everything.select_related("product__producer", "commune__parent__parent", "cycle")
    return its.filter(pk=pk).order_by()


@prepared
def _done_on_paper(*names: str, dossier: Any, before: Any = None) -> models.QuerySet[Any]:
    found = HistoryEntry.objects.filter(stream=Stream.DOSSIER, stream_id=dossier, event__in=names)
    if before is not None:
        found = found.filter(seq__lt=before)
    return with_day(found.filter(data__has_key="paper")).order_by("seq")


@prepared
def _certified(
    of: str = "", *, dossier: Any, since: Any = None, before: Any = None, decision: Any = None
) -> models.QuerySet[Any]:
    """The days of its certificates, the last one alone."""
    # Of these nobody asks the number.
    given = Dossier.certificates.rel.related_model.everything.filter(dossier=dossier, void=False)
    if since is not None:
        given = given.filter(at__gte=since)
    if before is not None:
        given = given.filter(at__lt=before)
    if of:
        given = given.exclude(decision=decision)
    return given.order_by("-pk").values_list("issued_on", flat=True)[:1]


@prepared
def _results(*, dossier: Any, until: Any = None) -> models.QuerySet[Any]:
    found = Dossier.evaluations.rel.related_model.objects.filter(dossier=dossier)
    if until is not None:
        found = found.filter(at__lte=until)
    return found.order_by("-pk")[:1]


@prepared
def _judged(*, dossier: Any, until: Any = None) -> models.QuerySet[Any]:
    entries = Dossier.round_entries.rel.related_model.objects.filter(dossier=dossier)
    judged = entries.filter(results__isnull=False, results__closing__reopening__isnull=True)
    if until is not None:
        judged = judged.filter(results__closing__at__lte=until)
    judged = judged.annotate(closed_at=F("results__closing__at")).select_related("round")
    return judged.order_by("-closed_at", "-pk")[:1]


@steady
def _told_first(*, dossier: Any) -> models.QuerySet[Any]:
    told = HistoryEntry.objects.filter(stream=Stream.DOSSIER, stream_id=dossier)
    return told.order_by("seq").values_list("at", flat=True)[:1]


@prepared
def _first_proposal(*, dossier: Any, cycle: Any) -> models.QuerySet[Any]:
    return proposals(dossier, cycle)[:1]


class Route(models.Model):
    """For one dossier, the task ``node`` is done by another unit of the same level (chuyển đơn vị
    thực hiện).
    """

    dossier = models.ForeignKey(
        Dossier, models.PROTECT, related_name="routes", verbose_name=_("hồ sơ")
    )
    node = models.CharField(_("công việc"), max_length=40)
    org_unit = models.ForeignKey(
        OrgUnit, models.PROTECT, related_name="routes", verbose_name=_("đơn vị")
    )

    class Meta:
        verbose_name = _("chuyển đơn vị thực hiện")
        constraints = [
            models.UniqueConstraint(fields=["dossier", "node"], name="route_once_per_duty")
        ]
        triggers = [
            guards.Told(
                name="route_told",
                stream="dossier",
                of="r.dossier_id",
                rows="task.reroute split.allot",
            )
        ]

    def __str__(self) -> str:
        return f"{self.node}: {self.org_unit}"
