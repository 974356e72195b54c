"""The law: what may legally happen to a dossier. Who acts next is in flows.py."""

from datetime import timedelta

import django_fsm as fsm
import rules
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock
from cycle.models import Cycle, HistoryEntry, Level, OrgUnit, RuleSet, Stream
from dossiers.models.product import Product
from dossiers.rules import does_open_task, is_one_of
from dossiers.states import BEFORE_RESULT, LIVE, State

S = State


class ConditionNotMet(Exception):
    """A legal act cannot be done yet; ``messages`` say what is missing, in Vietnamese."""

    def __init__(self, messages):
        super().__init__(" ".join(str(message) for message in messages))
        self.messages = list(messages)


class ActNotPossible(Exception):
    """The dossier does not stand where this act begins: someone acted first, or too early."""


def condition(check):
    """Make ``check(dossier) -> None or a sentence`` a django_fsm condition that keeps its words."""

    def met(dossier):
        return not check(dossier)

    met.why_not = check  # type: ignore[attr-defined]
    met.__name__ = check.__name__
    return met


@condition
def has_idea(dossier):
    """Phiếu đăng ký ý tưởng."""
    if not dossier.ideas.exists():
        return _("Hồ sơ chưa có phiếu đăng ký ý tưởng.")


@condition
def has_plan(dossier):
    """Phương án sản xuất kinh doanh."""
    if not dossier.businessplans.exists():
        return _("Hồ sơ chưa có phương án sản xuất kinh doanh.")


@condition
def has_completion(dossier):
    """Kết quả triển khai."""
    if not dossier.completions.exists():
        return _("Hồ sơ chưa có kết quả triển khai.")


@condition
def has_self_assessment(dossier):
    """Bản tự đánh giá (Mẫu 02)."""
    if not dossier.selfassessments.exists():
        return _("Hồ sơ chưa có bản tự đánh giá.")


@condition
def has_compulsory_evidence(dossier):
    """Tài liệu bắt buộc: the hard gate (P3)."""
    missing = dossier.missing_evidence()
    if missing:
        return _now("Hồ sơ còn thiếu: %(items)s.") % {"items": "; ".join(missing)}


@condition
def has_commune_report(dossier):
    """Báo cáo của xã (Mẫu 03)."""
    if not dossier.communereports.exists():
        return _("Hồ sơ chưa có báo cáo của xã.")


@condition
def has_result(dossier):
    """Kết quả của hội đồng, from this time it sat."""
    if dossier.fresh_result() is None:
        return _("Chưa có kết quả của hội đồng.")


@condition
def has_certificate(dossier):
    """Giấy chứng nhận, of this decision."""
    if not dossier.certificates.filter(at__gte=dossier.moved_at).exists():
        return _("Chưa ghi ngày cấp giấy chứng nhận.")


@condition
def has_promotion(dossier):
    """Hoạt động xúc tiến."""
    if not dossier.promotions.exists():
        return _("Chưa ghi hoạt động xúc tiến nào.")


@condition
def district_evaluates(dossier):
    """Bộ quy định có cấp huyện."""
    if not dossier.rule_set.has_district:
        return _("Theo bộ quy định này hồ sơ chuyển thẳng lên tỉnh.")


@condition
def may_go_to_province(dossier):
    """From the commune when no district evaluates; from the district when the result suffices."""
    if dossier.state == S.COMMUNE_CHECKED:
        if dossier.rule_set.has_district:
            return _("Theo bộ quy định này hồ sơ phải qua cấp huyện.")
    elif not dossier.goes_up(Level.DISTRICT):
        return _("Kết quả cấp huyện chưa đạt mức được đề nghị lên tỉnh.")


@condition
def may_be_recognised(dossier):
    """≥3★."""
    if (dossier.stars or 0) < 3:
        return _("Chỉ sản phẩm từ 3 sao mới được đề nghị công nhận.")


@condition
def province_certifies(dossier):
    """Who certifies these stars under the pinned edition, or after the centre has answered."""
    if (dossier.stars or 0) < 3:
        return _("Chỉ sản phẩm từ 3 sao mới được công nhận.")
    if dossier.rule_set.certifier(dossier.stars) not in (None, Level.PROVINCE):
        return _("Hạng sao này do trung ương công nhận: hãy trình trung ương.")


@condition
def may_be_nominated(dossier):
    """≥90 points, and the centre has not answered yet."""
    if not dossier.goes_up(Level.PROVINCE):
        return _("Kết quả chưa đạt mức trình trung ương.")
    if dossier.evaluations.filter(level=Level.CENTRE).exists():
        return _("Trung ương đã có kết quả cho hồ sơ này.")


@condition
def idea_waited(dossier):
    """The refiling wait of the pinned edition (QĐ 851: 7 days; none since)."""
    if wait := dossier.refile_wait("idea"):
        return _now("Được nộp lại ý tưởng từ ngày %(day)s.") % {"day": wait.strftime("%d/%m/%Y")}


@condition
def plan_waited(dossier):
    """The refiling wait of the pinned edition; none in those known."""
    if wait := dossier.refile_wait("plan"):
        return _now("Được nộp lại phương án từ ngày %(day)s.") % {"day": wait.strftime("%d/%m/%Y")}


class CaseType(models.TextChoices):
    """Why a product is evaluated (QĐ 26/2026/QĐ-TTg): first, upgrade, re-evaluation."""

    FIRST = "first", _("Đánh giá lần đầu")
    UPGRADE = "upgrade", _("Nâng hạng")
    REEVALUATION = "reevaluation", _("Đánh giá lại")


class LateEntry(models.TextChoices):
    """Why a dossier enters after the first step (vào muộn)."""

    EXISTING = "existing", _("Sản phẩm có sẵn")
    UPGRADE = "upgrade", _("Nâng hạng")
    REEVALUATION = "reevaluation", _("Đánh giá lại")


class DossierQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Dossiers of the units this person works for today, and of those below them."""
        held = [assignment.org_unit_id for assignment in user.assignments()]
        return self.filter(
            Q(commune__in=held)
            | Q(commune__parent__in=held)
            | Q(commune__parent__parent__in=held)
            | Exists(Route.objects.filter(dossier=OuterRef("pk"), org_unit__in=held))
        )

    def with_units(self):
        """With the product, its producer and the line of units above."""
        return self.select_related(
            "product__producer", "commune__parent__parent", "cycle", "rule_set"
        )


class DossierManager(models.Manager.from_queryset(DossierQuerySet)):  # type: ignore[misc]
    pass


def task_act(source, target, *, conditions=(), tone="forward", label, reason=False):
    """An act that a task asks for. ``label`` is the button; ``tone`` where and how it is shown."""
    return fsm.transition(
        field="state",
        source=source,
        target=target,
        conditions=list(conditions),
        custom={"door": "task", "tone": tone, "label": label, "reason": reason},
    )


def free_act(source, target, *, conditions=(), tone="other", label, reason=False, who):
    """An act that no task asks for. ``who``: the roles and levels that may do it."""
    return fsm.transition(
        field="state",
        source=source,
        target=target,
        conditions=list(conditions),
        custom={"door": "act", "tone": tone, "label": label, "reason": reason, "who": who},
    )


#: Who may do the acts that no task asks for: pairs of role and level, in the dossier's own line.
FOR_PRODUCER = frozenset({("officer", "commune"), ("officer", "district")})
OFFICERS = frozenset({("officer", "commune"), ("officer", "district"), ("officer", "province")})
UPPER_OFFICERS = frozenset({("officer", "district"), ("officer", "province")})
SUPPORTERS = OFFICERS | {
    ("trade", "district"),
    ("trade", "province"),
    ("department", "district"),
    ("department", "province"),
}


class Dossier(fsm.ConcurrentTransitionMixin, models.Model):
    """A product's file (hồ sơ sản phẩm OCOP), carried from cycle to cycle when it must be.

    ``state`` moves only through the two doors of models/task.py, which end in :meth:`perform`. The
    transitions below say what is legal; each sets fields of its own dossier and nothing else. The
    rule set is pinned when the dossier is opened or enters another cycle.
    """

    history_stream = Stream.DOSSIER

    cycle = models.ForeignKey(
        Cycle, models.PROTECT, related_name="dossiers", verbose_name=_("chu trình")
    )
    rule_set = models.ForeignKey(
        RuleSet, models.PROTECT, related_name="dossiers", verbose_name=_("bộ quy định")
    )
    product = models.ForeignKey(
        Product, models.PROTECT, related_name="dossiers", verbose_name=_("sản phẩm")
    )
    commune = models.ForeignKey(
        OrgUnit, models.PROTECT, related_name="dossiers", verbose_name=_("xã, phường")
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

    objects = DossierManager()

    class Meta:
        verbose_name = _("hồ sơ")
        verbose_name_plural = _("hồ sơ")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["cycle", "state"], name="dossier_board")]
        constraints = [
            # The open task points here with the state it presumes: see migration 0002.
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
                    ]
                )
                | Q(stars__isnull=False, stars__range=(1, 5)),
                name="dossier_ranked_has_stars",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[S.AWAITING_DECISION, S.CERTIFIED, S.PROMOTED])
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
                condition=~Q(state__in=[S.WITHDRAWN, S.DEFERRED]) | ~Q(parked_from=""),
                name="dossier_parked_knows_from_where",
            ),
        ]

    def __str__(self):
        return self.product.name

    # --- What it knows ----------------------------------------------------------------------

    @property
    def status(self):
        """The state as a member of :class:`State`."""
        return State(self.state)

    @property
    def step(self):
        """The step it stands in, or stood in when it left the walk."""
        if step := self.status.step:
            return step
        return State(self.parked_from).step

    @property
    def mean(self):
        """Mean of the last result, truncated to two decimals; None without points."""
        if self.points_sum is None:
            return None
        return (self.points_sum * 100 // self.sheets) / 100

    @property
    def process(self):
        """The walk it is on, or the last one it was on."""
        return self.processes.order_by("-pk").first()

    @property
    def history_cycle_id(self):
        return self.cycle_id

    @property
    def history(self):
        """Its chain of entries, oldest first."""
        return HistoryEntry.objects.filter(stream=Stream.DOSSIER, stream_id=self.pk)

    def goes_up(self, level):
        """Whether its last result, given at ``level``, goes to the next level."""
        return self.rule_set.goes_up(
            level, stars=self.stars, points_sum=self.points_sum, sheets=self.sheets
        )

    def fresh_result(self):
        """The result that the council where it stands has given since it came there, or None."""
        return self.evaluations.filter(at__gte=self.moved_at).last()

    def missing_evidence(self):
        """Labels of the compulsory kinds that no current evidence covers."""
        kinds = set(self.rule_set.compulsory(self.case_type))
        if kinds:
            kinds -= set(self.evidence.current().values_list("kind", flat=True))
        return [self.rule_set.evidence_label(kind) for kind in sorted(kinds)]

    def refile_wait(self, what):
        """The day from which a refused idea or plan may be filed again, or None when it may now."""
        days = self.rule_set.refile_wait(what)
        if not days:
            return None
        refused = self.history.filter(
            event={"idea": "dossier.not_select_idea", "plan": "dossier.not_approve_plan"}[what]
        ).last()
        if refused is None:
            return None
        day = timezone.localdate(refused.at) + timedelta(days=days)
        return day if clock.today() < day else None

    def corrections(self):
        """How many times it was sent back to the producer."""
        return self.history.filter(
            event__in=[
                "dossier.return_idea",
                "dossier.return_plan",
                "dossier.return_for_supplement",
            ]
        ).count()

    def open_task(self):
        """The task somebody has now (công việc đang mở), or None."""
        if not hasattr(self, "_open_task"):
            self._open_task = self.tasks.filter(open_state__isnull=False).first()
        return self._open_task

    def line(self):
        """Ids of its commune and the units above."""
        if not hasattr(self, "_line"):
            self._line = self.commune.line()
        return self._line

    def _first_idea_state(self):
        """Where a filed idea goes: QĐ 851 has ideas filed with the district."""
        return (
            S.IDEA_SCREENED
            if self.rule_set.content["idea_filed_at"] == Level.DISTRICT
            else S.IDEA_REGISTERED
        )

    # --- Step 2: idea (ý tưởng) ---------------------------------------------------------------

    @task_act(
        S.POTENTIAL,
        fsm.RETURN_VALUE(S.IDEA_REGISTERED, S.IDEA_SCREENED),
        conditions=[has_idea],
        label=_("Nộp phiếu đăng ký ý tưởng"),
    )
    def register_idea(self):
        """Nộp phiếu đăng ký ý tưởng."""
        return self._file_idea()

    def _file_idea(self):
        state = self._first_idea_state()
        self.bypassed_commune = self.bypassed_commune or state == S.IDEA_SCREENED
        return state

    @task_act(
        S.IDEA_RETURNED,
        fsm.RETURN_VALUE(S.IDEA_REGISTERED, S.IDEA_SCREENED),
        conditions=[has_idea],
        label=_("Nộp ý tưởng đã bổ sung"),
    )
    def complete_idea(self):
        """Nộp lại ý tưởng sau khi bổ sung."""
        return self._file_idea()

    @task_act(S.IDEA_REGISTERED, S.IDEA_SCREENED, label=_("Chuyển xét chọn"))
    def screen_idea(self):
        """Xã sơ tuyển, chuyển cấp trên xét chọn."""

    @task_act(
        [S.IDEA_REGISTERED, S.IDEA_SCREENED],
        S.IDEA_RETURNED,
        tone="return",
        reason=True,
        label=_("Yêu cầu bổ sung ý tưởng"),
    )
    def return_idea(self):
        """Trả lại ý tưởng để bổ sung."""

    @task_act(S.IDEA_SCREENED, S.IDEA_SELECTED, label=_("Chấp nhận ý tưởng"))
    def select_idea(self):
        """Chọn ý tưởng."""

    @task_act(
        S.IDEA_SCREENED, S.IDEA_NOT_SELECTED, tone="refuse", reason=True, label=_("Không chọn")
    )
    def not_select_idea(self):
        """Không chọn ý tưởng; được nộp lại."""

    @free_act(
        S.IDEA_NOT_SELECTED,
        fsm.RETURN_VALUE(S.IDEA_REGISTERED, S.IDEA_SCREENED),
        conditions=[has_idea, idea_waited],
        label=_("Nộp lại ý tưởng"),
        who=FOR_PRODUCER,
    )
    def refile_idea(self):
        """Nộp lại ý tưởng không được chọn."""
        return self._file_idea()

    # --- Step 3: plan (phương án) -------------------------------------------------------------

    @task_act(S.IDEA_SELECTED, S.PLAN_SUBMITTED, conditions=[has_plan], label=_("Nộp phương án"))
    def submit_plan(self):
        """Nộp phương án sản xuất kinh doanh."""

    @task_act(
        S.PLAN_RETURNED,
        S.PLAN_SUBMITTED,
        conditions=[has_plan],
        label=_("Nộp phương án đã bổ sung"),
    )
    def complete_plan(self):
        """Nộp lại phương án sau khi bổ sung."""

    @task_act(S.PLAN_SUBMITTED, S.PLAN_CHECKED, label=_("Chuyển thẩm định"))
    def check_plan(self):
        """Xã kiểm tra, chuyển thẩm định phương án."""

    @task_act(
        [S.PLAN_SUBMITTED, S.PLAN_CHECKED],
        S.PLAN_RETURNED,
        tone="return",
        reason=True,
        label=_("Yêu cầu bổ sung phương án"),
    )
    def return_plan(self):
        """Trả lại phương án để bổ sung."""

    @task_act(S.PLAN_CHECKED, S.IMPLEMENTING, label=_("Duyệt phương án"))
    def approve_plan(self):
        """Duyệt phương án, cho triển khai."""

    @task_act(
        S.PLAN_CHECKED, S.PLAN_NOT_APPROVED, tone="refuse", reason=True, label=_("Không duyệt")
    )
    def not_approve_plan(self):
        """Không duyệt phương án; được nộp lại."""

    @free_act(
        S.PLAN_NOT_APPROVED,
        S.PLAN_SUBMITTED,
        conditions=[has_plan, plan_waited],
        label=_("Nộp lại phương án"),
        who=FOR_PRODUCER,
    )
    def refile_plan(self):
        """Nộp lại phương án không được duyệt."""

    # --- Step 4: implementation (triển khai) --------------------------------------------------

    @free_act(
        [S.IMPLEMENTING, S.ASSEMBLING], None, label=_("Ghi lần kiểm tra tại cơ sở"), who=SUPPORTERS
    )
    def record_visit(self):
        """Ghi một lần kiểm tra, hướng dẫn tại cơ sở."""

    @free_act([S.IMPLEMENTING, S.ASSEMBLING], None, label=_("Ghi nội dung hỗ trợ"), who=SUPPORTERS)
    def record_support(self):
        """Ghi một nội dung hỗ trợ."""

    @task_act(
        S.IMPLEMENTING,
        S.ASSEMBLING,
        conditions=[has_completion],
        label=_("Hoàn thành triển khai"),
    )
    def declare_ready(self):
        """Xác nhận sản phẩm sẵn sàng đánh giá."""

    # --- Step 5: evaluation (đánh giá, phân hạng) ---------------------------------------------

    @free_act(sorted(LIVE - {S.CERTIFIED}), None, label=_("Thêm tài liệu minh chứng"), who=OFFICERS)
    def attach_evidence(self):
        """Thêm hoặc thay tài liệu minh chứng; bản cũ vẫn được giữ."""

    @task_act(
        S.ASSEMBLING,
        S.DOSSIER_SUBMITTED,
        conditions=[has_self_assessment, has_compulsory_evidence],
        label=_("Nộp hồ sơ đánh giá"),
    )
    def submit_dossier(self):
        """Nộp hồ sơ đề nghị đánh giá, phân hạng."""

    @task_act(
        S.DOSSIER_SUBMITTED,
        S.COMMUNE_CHECKED,
        conditions=[has_commune_report, has_compulsory_evidence],
        label=_("Trình lãnh đạo xã ký"),
    )
    def confirm_dossier(self):
        """Xã kiểm tra xong hồ sơ, trình lãnh đạo ký báo cáo."""

    @task_act(
        S.COMMUNE_CHECKED,
        S.DOSSIER_SUBMITTED,
        tone="return",
        reason=True,
        label=_("Trả cán bộ kiểm tra lại"),
    )
    def return_to_officer(self):
        """Lãnh đạo xã trả hồ sơ để cán bộ kiểm tra lại."""

    @task_act(
        S.COMMUNE_CHECKED,
        S.AT_DISTRICT,
        conditions=[district_evaluates],
        label=_("Ký, chuyển huyện"),
    )
    def forward_to_district(self):
        """Xã chuyển hồ sơ lên huyện."""

    @task_act(
        [S.COMMUNE_CHECKED, S.DISTRICT_RANKED],
        S.AT_PROVINCE,
        conditions=[may_go_to_province],
        label=_("Ký, chuyển tỉnh"),
    )
    def forward_to_province(self):
        """Chuyển hồ sơ lên tỉnh."""

    @free_act(
        [S.ASSEMBLING, S.DOSSIER_SUBMITTED, S.COMMUNE_CHECKED],
        fsm.RETURN_VALUE(S.AT_DISTRICT, S.AT_PROVINCE),
        conditions=[has_self_assessment, has_compulsory_evidence],
        reason=True,
        label=_("Nhận hồ sơ không qua xã"),
        who=UPPER_OFFICERS,
    )
    def receive_directly(self):
        """Cấp trên nhận hồ sơ không qua xã; có lý do và được thống kê."""
        self.bypassed_commune = True
        return S.AT_DISTRICT if self.rule_set.has_district else S.AT_PROVINCE

    @task_act(
        [S.DOSSIER_SUBMITTED, S.AT_DISTRICT, S.AT_PROVINCE],
        S.SUPPLEMENT_REQUESTED,
        tone="return",
        reason=True,
        label=_("Yêu cầu bổ sung hồ sơ"),
    )
    def return_for_supplement(self):
        """Trả lại hồ sơ để bổ sung, một lần đủ các nội dung."""
        self.returned_from = self.state

    @task_act(
        S.SUPPLEMENT_REQUESTED,
        fsm.RETURN_VALUE(S.DOSSIER_SUBMITTED, S.AT_DISTRICT, S.AT_PROVINCE),
        conditions=[has_compulsory_evidence],
        label=_("Nộp hồ sơ đã bổ sung"),
    )
    def supplement(self):
        """Nộp hồ sơ đã bổ sung, qua xã, đến nơi đã yêu cầu."""
        state, self.returned_from = self.returned_from, ""
        return State(state)

    @task_act(S.AT_DISTRICT, S.DISTRICT_EVALUATING, label=_("Đưa ra hội đồng huyện"))
    def accept_at_district(self):
        """Huyện nhận hồ sơ, đưa ra hội đồng."""

    @task_act(
        S.DISTRICT_EVALUATING,
        S.DISTRICT_RANKED,
        conditions=[has_result],
        label=_("Ghi kết quả hội đồng huyện"),
    )
    def rank_at_district(self):
        """Ghi kết quả của hội đồng huyện."""
        self._take_result()

    @task_act(
        S.DISTRICT_RANKED, S.NOT_PROPOSED, tone="refuse", reason=True, label=_("Không đề nghị")
    )
    def not_propose(self):
        """Huyện không đề nghị lên tỉnh."""

    @task_act(S.AT_PROVINCE, S.PROVINCE_EVALUATING, label=_("Đưa ra hội đồng tỉnh"))
    def accept_at_province(self):
        """Tỉnh nhận hồ sơ, đưa ra hội đồng."""

    @task_act(
        S.PROVINCE_EVALUATING,
        S.RANKED,
        conditions=[has_result],
        label=_("Ghi kết quả hội đồng tỉnh"),
    )
    def rank(self):
        """Ghi kết quả của hội đồng tỉnh."""
        self._take_result()

    def _take_result(self):
        result = self.fresh_result()
        self.stars, self.points_sum, self.sheets = result.stars, result.points_sum, result.sheets

    @task_act(
        [S.PROVINCE_EVALUATING, S.RANKED, S.AWAITING_DECISION],
        S.NOT_RECOGNISED,
        tone="refuse",
        reason=True,
        label=_("Chưa công nhận"),
    )
    def not_recognise(self):
        """Chưa công nhận, nêu lý do; hồ sơ có đường quay lại."""

    @task_act(
        S.RANKED,
        S.AWAITING_DECISION,
        conditions=[may_be_recognised],
        label=_("Trình quyết định công nhận"),
    )
    def propose_recognition(self):
        """Trình Chủ tịch tỉnh quyết định công nhận."""

    @task_act(
        S.AWAITING_DECISION,
        S.RANKED,
        tone="return",
        reason=True,
        label=_("Trả lại tờ trình"),
    )
    def return_submission(self):
        """Trả lại tờ trình."""

    @task_act(
        S.AWAITING_DECISION,
        S.CERTIFIED,
        conditions=[province_certifies, has_certificate],
        label=_("Quyết định công nhận"),
    )
    def certify(self):
        """Công nhận hạng sao."""

    @task_act(
        S.AWAITING_DECISION,
        S.AT_CENTRE,
        conditions=[may_be_nominated],
        label=_("Đề nghị trung ương"),
    )
    def nominate(self):
        """Đề nghị trung ương đánh giá, công nhận 5 sao."""

    @task_act(
        S.AT_CENTRE,
        fsm.RETURN_VALUE(S.CERTIFIED, S.RANKED),
        conditions=[has_result],
        label=_("Ghi kết quả trung ương"),
    )
    def record_centre_result(self):
        """Ghi kết quả của trung ương; dưới 90 điểm tỉnh được công nhận theo kết quả đó."""
        self._take_result()
        return S.CERTIFIED if self.stars == 5 else S.RANKED

    # --- Step 6: promotion (xúc tiến) ---------------------------------------------------------

    @free_act([S.CERTIFIED, S.PROMOTED], None, label=_("Ghi hoạt động xúc tiến"), who=SUPPORTERS)
    def record_promotion(self):
        """Ghi một hoạt động xúc tiến thương mại."""

    @task_act(S.CERTIFIED, S.PROMOTED, conditions=[has_promotion], label=_("Hoàn thành xúc tiến"))
    def promote(self):
        """Hoàn thành bước xúc tiến của chu trình."""

    # --- Beside the walk ----------------------------------------------------------------------

    @free_act(
        S.POTENTIAL,
        fsm.RETURN_VALUE(S.IDEA_SELECTED, S.IMPLEMENTING, S.ASSEMBLING),
        reason=True,
        label=_("Vào thẳng bước sau"),
        who=OFFICERS,
    )
    def enter_late(self, *, entered_as, state=S.ASSEMBLING):
        """Vào thẳng bước sau (sản phẩm có sẵn, nâng hạng, đánh giá lại); bước bỏ qua được đếm."""
        state = State(state)
        self.entered_as = LateEntry(entered_as)
        # Steps 2 and onwards are skipped; outreach is how the product became known.
        self.skipped = state.step.number - 2
        if self.entered_as != LateEntry.EXISTING:
            self.case_type = CaseType(self.entered_as)
        return state

    @free_act(
        sorted(LIVE - {S.CERTIFIED}),
        S.WITHDRAWN,
        tone="refuse",
        reason=True,
        label=_("Rút hồ sơ"),
        who=OFFICERS,
    )
    def withdraw(self):
        """Rút hồ sơ theo đề nghị của chủ thể."""
        self.parked_from = self.state

    @free_act(
        sorted(
            BEFORE_RESULT
            | {S.IDEA_NOT_SELECTED, S.PLAN_NOT_APPROVED, S.NOT_PROPOSED, S.NOT_RECOGNISED}
        ),
        S.DEFERRED,
        reason=True,
        label=_("Chuyển chu trình sau"),
        who=OFFICERS,
    )
    def defer(self):
        """Chuyển hồ sơ sang chu trình sau."""
        self.parked_from = self.state

    @free_act(
        [S.WITHDRAWN, S.DEFERRED, S.NOT_PROPOSED, S.NOT_RECOGNISED],
        fsm.RETURN_VALUE(*sorted(LIVE - {S.CERTIFIED})),
        reason=True,
        label=_("Mở lại hồ sơ"),
        who=OFFICERS,
    )
    def reopen(self, *, cycle=None):
        """Mở lại hồ sơ; hồ sơ đã chuyển chu trình thì mở trong chu trình mới."""
        if cycle is None and self.state == S.DEFERRED:
            raise ConditionNotMet([_("Bạn chưa chọn chu trình để mở lại hồ sơ.")])
        state, self.parked_from = State(self.parked_from or self.state), ""
        if cycle is not None and cycle.pk != self.cycle_id:
            if cycle.year < self.cycle.year:
                raise ConditionNotMet([_("Chu trình mới không thể sớm hơn chu trình cũ.")])
            self._enter(cycle)
        back = _WAY_BACK.get(state, state)
        if back == S.ASSEMBLING:
            # What a council said of the old file is history, not a result of the new one.
            self.stars = self.points_sum = self.sheets = None
            self.returned_from = ""
        return back

    def _enter(self, cycle):
        """Go on in ``cycle``, under its law, at the unit that exists now."""
        self.cycle, self.rule_set = cycle, cycle.rule_set
        if self.commune.valid_to is not None and self.commune.valid_to < cycle.opened_on:
            successors = list(self.commune.successors.all()[:2])
            if len(successors) != 1:
                raise ConditionNotMet(
                    [_("Xã cũ đã được sắp xếp lại: cần chọn xã mới trước khi mở lại.")]
                )
            self.commune = successors[0]
            self.__dict__.pop("_line", None)

    # --- The one way in -----------------------------------------------------------------------

    def stands_for(self, name):
        """Whether ``name`` begins in the state this dossier is in."""
        return getattr(self, name)._django_fsm.has_transition(self.state)

    def why_not(self, name):
        """Sentences that say what ``name`` still lacks here; empty when it may be done."""
        transition = getattr(self, name)._django_fsm.get_transition(self.state)
        return [
            message
            for check in transition.conditions
            if (message := check.why_not(self))  # type: ignore[attr-defined]
        ]

    def perform(
        self, name, *, by, capacity=None, at=None, reason="", records=(), data=None, **values
    ):
        """Do the act ``name``, save it, write it down. Only the two doors call it.

        ``dossiers.<name>`` is checked here; ``capacity`` is the role assignment acted in, ``at``
        when it happened, ``records`` what the step keeps, ``values`` what the transition takes.
        Raises PermissionDenied, ActNotPossible (it does not stand where the act begins),
        ConditionNotMet (something is missing) and ValidationError (a record is wrong).
        """
        if name not in ACTS:
            raise ActNotPossible(name)
        with transaction.atomic(savepoint=False):
            # A full save() follows, so start from the row as it is now, locked.
            self.lock()
            if not rules.has_perm(f"dossiers.{name}", by, self):
                raise PermissionDenied
            if not self.stands_for(name):
                raise ActNotPossible(name)
            if ACTS[name]["reason"] and not reason.strip():
                raise ConditionNotMet([_("Bạn chưa nêu lý do.")])
            moment, data = at or clock.now(), data or {}
            for record in records:
                record.dossier, record.recorded_by, record.at = self, by, moment
                record.prepare()
                record.full_clean(exclude=["dossier", "recorded_by", "at"])
                record.save()
            before = self.state
            try:
                getattr(self, name)(**values)
            except fsm.TransitionNotAllowed:
                raise ConditionNotMet(self.why_not(name)) from None
            if self.state != before:
                self.moved_at = moment
            self.save()
            if records:
                data["records"] = [[record._meta.model_name, record.pk] for record in records]
            return HistoryEntry.objects.record(
                f"dossier.{name}",
                self,
                by=by,
                capacity=capacity,
                at=moment,
                before=before,
                after=self.state,
                reason=reason.strip(),
                **data,
            )

    def lock(self):
        """Reread the row and hold it until the transaction ends.

        Not refresh_from_db(): django_fsm's opens the protected field for all threads while it runs.
        """
        fresh = Dossier.objects.with_units().select_for_update(of=("self",)).get(pk=self.pk)
        open_task = self.__dict__.get("_open_task")
        self.__dict__.clear()
        self.__dict__.update(fresh.__dict__)
        if open_task is not None:
            self._open_task = open_task


#: Where a refused or parked dossier goes on; others go on where they stood.
_WAY_BACK = {
    S.IDEA_NOT_SELECTED: S.POTENTIAL,
    S.PLAN_NOT_APPROVED: S.IDEA_SELECTED,
    **{
        state: S.ASSEMBLING
        for state in State
        if state.step == S.ASSEMBLING.step and state is not S.ASSEMBLING
    },
}

#: name -> its door, tone, button, whether it needs a reason, who may (acts without a task).
ACTS = {
    name: next(iter(method._django_fsm.transitions.values())).custom
    for name, method in vars(Dossier).items()
    if hasattr(method, "_django_fsm")
}


class Route(models.Model):
    """A duty done for one dossier by another unit of the same level (chuyển đơn vị thực hiện)."""

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

    def __str__(self):
        return f"{self.node}: {self.org_unit}"


for _name, _act in ACTS.items():
    rules.add_perm(
        f"dossiers.{_name}",
        does_open_task if _act["door"] == "task" else is_one_of(_act["who"]),
    )
rules.add_perm("dossiers.open", is_one_of(OFFICERS))
