"""The law: what may legally happen to a dossier. Who acts next is in flows.py."""

import django_fsm as fsm
import rules
from django.db import models
from django.utils.translation import gettext_lazy as _

from cycle.models import Level
from dossiers.law.conditions import (
    ConditionNotMet,
    district_evaluates,
    free_of_round,
    group_may_change,
    has_centre_certificate,
    has_certificate,
    has_commune_report,
    has_completion,
    has_compulsory_evidence,
    has_idea,
    has_plan,
    has_promotion,
    has_result,
    has_rubrics,
    has_self_assessment,
    idea_waited,
    may_be_nominated,
    may_be_recognised,
    may_go_to_province,
    may_leave_round,
    not_judged,
    plan_waited,
    province_certifies,
)
from dossiers.law.states import AT_COUNCIL, BEFORE_RESULT, LIVE, State
from dossiers.rules import does_open_task, has_authority, is_one_of

S = State


class CaseType(models.TextChoices):
    """Why a product is evaluated (QĐ 26/2026/QĐ-TTg): first, upgrade, re-evaluation."""

    FIRST = "first", _("Đánh giá lần đầu")
    UPGRADE = "upgrade", _("Nâng hạng")
    REEVALUATION = "reevaluation", _("Đánh giá lại")


#: Cases of a product that has a certificate.
JUDGED_ANEW = (CaseType.UPGRADE, CaseType.REEVALUATION)


class LateEntry(models.TextChoices):
    """Why a dossier enters after the first step (vào muộn)."""

    EXISTING = "existing", _("Sản phẩm có sẵn")
    UPGRADE = "upgrade", _("Nâng hạng")
    REEVALUATION = "reevaluation", _("Đánh giá lại")


def _conditions(source, target, conditions, *, leaves=False):
    """What an act asks: one that moves a dossier away from its council asks for its round first."""
    sources = {source} if isinstance(source, str) else set(source)
    if target is None or sources.isdisjoint(AT_COUNCIL):
        return list(conditions)
    return [may_leave_round if leaves else free_of_round, *conditions]


def task_act(source, target, *, conditions=(), tone="forward", label, reason=False, paper=False):
    """An act that a task asks for. ``label`` is the button; ``tone`` where and how it is shown.

    ``paper``: only on a signed document and its scan; see :data:`SCORED` for what a round does.
    """
    return fsm.transition(
        field="state",
        source=source,
        target=target,
        conditions=_conditions(source, target, conditions),
        custom={"door": "task", "tone": tone, "label": label, "reason": reason, "paper": paper},
    )


def free_act(
    source,
    target,
    *,
    conditions=(),
    tone="other",
    label,
    reason=False,
    paper=False,
    leaves=False,
    who,
):
    """An act that no task asks for. ``who``: the roles and levels that may do it.

    ``paper``: as above. ``leaves``: it takes the dossier out of the round that has it, which every
    other act waits for.
    """
    return fsm.transition(
        field="state",
        source=source,
        target=target,
        conditions=_conditions(source, target, conditions, leaves=leaves),
        custom={
            "door": "act",
            "tone": tone,
            "label": label,
            "reason": reason,
            "paper": paper,
            "leaves": leaves,
            "who": who,
        },
    )


#: What a council gives: from a closed round it rests on the sheets handed in, not on a paper.
SCORED = frozenset({"rank_at_district", "rank", "not_recognise"})

#: Who may do the acts that no task asks for: pairs of role and level, in the dossier's own line.
FOR_PRODUCER = frozenset({("officer", "commune"), ("officer", "district")})
OFFICERS = frozenset({("officer", "commune"), ("officer", "district"), ("officer", "province")})
#: Nobody by their post: only by the authority of a round.
ON_AUTHORITY: frozenset[tuple[str, str]] = frozenset()
UPPER_OFFICERS = frozenset({("officer", "district"), ("officer", "province")})
SUPPORTERS = OFFICERS | {
    ("trade", "district"),
    ("trade", "province"),
    ("department", "district"),
    ("department", "province"),
}
INSPECTORS = UPPER_OFFICERS | {("department", "district"), ("department", "province")}
REVOKERS = frozenset({("officer", "province")})


class Law(models.Model):
    """The transitions of a dossier (điều kiện pháp lý), step by step.

    Each sets fields of its own dossier and nothing else: tasks, letters and files follow from the
    record. Abstract: :class:`~dossiers.models.dossier.Dossier` is the one that obeys it.
    """

    class Meta:
        abstract = True

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

    @free_act(
        sorted(BEFORE_RESULT),
        None,
        conditions=[has_rubrics, not_judged],
        label=_("Chọn bộ sản phẩm"),
        who=OFFICERS,
    )
    def choose_rubric(self, *, rubric):
        """Chọn bộ sản phẩm (bộ tiêu chí) mà hồ sơ được chấm theo."""
        if rubric not in self.rubrics():
            raise ConditionNotMet([_("Bộ này không dành cho nhóm sản phẩm của hồ sơ.")])
        self.rubric = rubric

    @task_act(
        S.ASSEMBLING,
        S.DOSSIER_SUBMITTED,
        conditions=[has_self_assessment, has_compulsory_evidence],
        label=_("Nộp hồ sơ đánh giá"),
    )
    def submit_dossier(self):
        """Nộp hồ sơ đề nghị đánh giá, phân hạng."""
        self._pin_rubric()

    def _pin_rubric(self):
        """What the producer scored itself by, unless a set was chosen before."""
        if self.rubric_id is None:
            own = self.selfassessments.select_related("rubric").last().rubric
            # One from before the dossier entered another cycle is of that cycle's edition.
            if own is not None and own.rule_set_id == self.rule_set_id:
                self.rubric = own

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
        self._pin_rubric()
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
        paper=True,
        label=_("Ghi kết quả hội đồng huyện"),
    )
    def rank_at_district(self):
        """Ghi kết quả của hội đồng huyện."""
        self._take_result()

    @task_act(
        [S.DISTRICT_EVALUATING, S.DISTRICT_RANKED],
        S.NOT_PROPOSED,
        tone="refuse",
        reason=True,
        label=_("Không đề nghị"),
    )
    def not_propose(self):
        """Huyện không đề nghị lên tỉnh, nêu lý do; hồ sơ có đường quay lại."""

    @task_act(S.AT_PROVINCE, S.PROVINCE_EVALUATING, label=_("Đưa ra hội đồng tỉnh"))
    def accept_at_province(self):
        """Tỉnh nhận hồ sơ, đưa ra hội đồng."""

    @task_act(
        S.PROVINCE_EVALUATING,
        S.RANKED,
        conditions=[has_result],
        paper=True,
        label=_("Ghi kết quả hội đồng tỉnh"),
    )
    def rank(self):
        """Ghi kết quả của hội đồng tỉnh."""
        self._take_result()

    @free_act(
        [S.DISTRICT_RANKED, S.RANKED, S.NOT_PROPOSED, S.NOT_RECOGNISED],
        fsm.RETURN_VALUE(S.DISTRICT_EVALUATING, S.PROVINCE_EVALUATING),
        label=_("Đưa lại ra hội đồng"),
        who=ON_AUTHORITY,
    )
    def judge_again(self):
        """Đợt đánh giá được mở lại: hồ sơ trở lại hội đồng."""
        self.stars = self.points_sum = self.sheets = None
        at_district = self.state in (S.DISTRICT_RANKED, S.NOT_PROPOSED)
        return S.DISTRICT_EVALUATING if at_district else S.PROVINCE_EVALUATING

    def _take_result(self):
        result = self.fresh_result()
        self.stars, self.points_sum, self.sheets = result.stars, result.points_sum, result.sheets

    @task_act(
        [S.PROVINCE_EVALUATING, S.RANKED, S.AWAITING_DECISION],
        S.NOT_RECOGNISED,
        tone="refuse",
        reason=True,
        paper=True,
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
        paper=True,
        label=_("Quyết định công nhận"),
    )
    def certify(self):
        """Công nhận hạng sao."""

    @task_act(
        S.AWAITING_DECISION,
        S.AT_CENTRE,
        conditions=[may_be_nominated],
        paper=True,
        label=_("Đề nghị trung ương"),
    )
    def nominate(self):
        """Đề nghị trung ương đánh giá, công nhận 5 sao."""

    @task_act(
        S.AT_CENTRE,
        fsm.RETURN_VALUE(S.CERTIFIED, S.RANKED),
        conditions=[has_result, has_centre_certificate],
        paper=True,
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

    # --- After the certificate (sau công nhận) --------------------------------------------------

    @free_act(
        [S.CERTIFIED, S.PROMOTED], None, label=_("Ghi kiểm tra sau công nhận"), who=INSPECTORS
    )
    def record_inspection(self):
        """Ghi một lần kiểm tra sau công nhận và kết luận."""

    @free_act(
        [S.CERTIFIED, S.PROMOTED],
        S.REVOKED,
        tone="refuse",
        reason=True,
        paper=True,
        label=_("Thu hồi giấy chứng nhận"),
        who=REVOKERS,
    )
    def revoke(self):
        """Thu hồi giấy chứng nhận theo quyết định đã ký; không mở lại được."""
        self.parked_from = self.state

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
        sorted(S),
        None,
        reason=True,
        paper=True,
        label=_("Đính chính sản phẩm, chủ thể"),
        who=UPPER_OFFICERS,
    )
    def correct_names(self, *, product_name, product_group, producer, producer_name):
        """Đính chính tên, nhóm sản phẩm, chủ thể theo văn bản; giấy đã cấp giữ tên của ngày cấp.

        The one act that writes beside its dossier: the product and its producer, locked. Returns
        what it changed, for the history.
        """
        if product_group != self.product.group:
            if sentence := group_may_change.why_not(self):
                raise ConditionNotMet([sentence])
            self.rubric = None
        return self.product.correct(
            name=product_name, group=product_group, producer=producer, producer_name=producer_name
        )

    @free_act(
        sorted(LIVE - {S.CERTIFIED}),
        S.WITHDRAWN,
        tone="refuse",
        reason=True,
        leaves=True,
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
        if cycle.rule_set_id != self.rule_set_id:
            self.rubric = None
        self.cycle, self.rule_set = cycle, cycle.rule_set
        if self.commune.valid_to is not None and self.commune.valid_to < cycle.opened_on:
            self.commune = self.commune.heir(cycle.opened_on)
            if self.commune.valid_to is not None and self.commune.valid_to < cycle.opened_on:
                raise ConditionNotMet(
                    [_("Xã cũ đã được sắp xếp lại: cần chọn xã mới trước khi mở lại.")]
                )


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
    for name, method in vars(Law).items()
    if hasattr(method, "_django_fsm")
}


for _name, _act in ACTS.items():
    rules.add_perm(
        f"dossiers.{_name}",
        does_open_task
        if _act["door"] == "task"
        else is_one_of(_act["who"])
        if _act["who"]
        else has_authority,
    )
rules.add_perm("dossiers.open", is_one_of(OFFICERS))
