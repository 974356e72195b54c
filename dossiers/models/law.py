"""The law: the acts that are legal on a dossier, one method each. Who acts next is in flows.py."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import django_fsm as fsm
import rules
from django.db import models
from django.utils.translation import gettext_lazy as _

from cycle import clock
from cycle.models import Cycle, Effect, Level, OrgUnit, Rubric, RuleSet
from dossiers.law import signers
from dossiers.law.acts import (
    CONFIRMERS,
    FOR_PRODUCER,
    INSPECTORS,
    NOTIFIERS,
    NUMBERERS,
    OFFICERS,
    ON_AUTHORITY,
    REVOKERS,
    SUPPORTERS,
    UPPER_OFFICERS,
    YEAR_KEEPERS,
    Act,
    declared,
    free_act,
    task_act,
)
from dossiers.law.conditions import (
    CERTIFICATE_REVOKED,
    CYCLE_CLOSED,
    NEVER_CERTIFIED,
    ConditionNotMet,
    begins_with_an_idea,
    centre_gave_less,
    corrected,
    district_evaluates,
    edition_in_force,
    filed_in_window,
    group_may_change,
    group_unknown,
    has_centre_certificate,
    has_certificate,
    has_commune_report,
    has_completion,
    has_compulsory_evidence,
    has_ground,
    has_idea,
    has_plan,
    has_promotion,
    has_result,
    has_rubrics,
    has_self_assessment,
    has_support,
    idea_waited,
    in_closed_year,
    judged_without_round,
    may_be_nominated,
    may_be_recognised,
    may_go_to_province,
    ministry_revokes,
    not_judged,
    not_notified,
    owner_was_trained,
    plan_waited,
    province_certifies,
    province_revokes,
    result_approved,
    samples_for_centre,
    waits_for_number,
)
from dossiers.law.order import (
    After,
    MetAfter,
    its_meeting,
    the_end_of_production,
    the_ground,
    the_inspection,
    the_meeting,
    the_minutes,
    the_order,
)
from dossiers.law.states import (
    AT_THE_PRODUCER,
    AT_WORK,
    BEFORE_RESULT,
    BEHIND_FILING,
    LATE_STARTS,
    LIVE,
    UNDECIDED,
    State,
)
from dossiers.models.product import Producer, Product
from dossiers.rules import does_open_task, holds_one_of, is_one_of

if TYPE_CHECKING:
    from dossiers.models.dossier import Dossier
    from dossiers.models.records import Evaluation

S = State


class CaseType(models.TextChoices):
    """Why a product is evaluated (loại hồ sơ, QĐ 26/2026/QĐ-TTg): first, upgrade, re-evaluation."""

    FIRST = "first", _("Đánh giá lần đầu")
    UPGRADE = "upgrade", _("Nâng hạng")
    REEVALUATION = "reevaluation", _("Đánh giá lại")


#: The case types of a product that has had a certificate.
JUDGED_ANEW = (CaseType.UPGRADE, CaseType.REEVALUATION)


class LateEntry(models.TextChoices):
    """Why a dossier enters after the first step (vào muộn)."""

    EXISTING = "existing", _("Sản phẩm có sẵn")
    UPGRADE = "upgrade", _("Nâng hạng")
    REEVALUATION = "reevaluation", _("Đánh giá lại")


def first_idea_state(rule_set: RuleSet) -> State:
    """The state after filing an idea; under QĐ 851 it goes to the district at once."""
    filed_at = rule_set.content["idea_filed_at"]
    return S.IDEA_SCREENED if filed_at == Level.DISTRICT else S.IDEA_REGISTERED


class Law(models.Model):
    """The acts on a dossier as transitions of ``state`` (điều kiện pháp lý), step by step.

    A transition sets fields of its own dossier and nothing else, ``correct_names`` excepted: tasks
    and letters follow from the history entry. Abstract; the model is
    :class:`~dossiers.models.dossier.Dossier`.
    """

    if TYPE_CHECKING:
        # Fields and methods of Dossier that are used here.
        state: str
        cycle: models.ForeignKey[Cycle, Cycle]
        cycle_id: int
        rule_set: models.ForeignKey[RuleSet, RuleSet]
        rule_set_id: int
        rubric: models.ForeignKey[Rubric | None, Rubric | None]
        rubric_id: int | None
        product: models.ForeignKey[Product, Product]
        commune: models.ForeignKey[OrgUnit, OrgUnit]
        case_type: str
        stars: int | None
        points_sum: Decimal | None
        sheets: int | None
        entered_as: str
        skipped: int
        bypassed_commune: bool
        returned_from: str
        parked_from: str
        selfassessments: Any

        def rubrics(self) -> models.QuerySet[Rubric]: ...
        def fresh_result(self) -> Evaluation | None: ...
        def certified_by(self) -> Dossier | None: ...

    class Meta:
        abstract = True

    # --- Step 2: idea (ý tưởng) ---------------------------------------------------------------

    @task_act(
        S.POTENTIAL,
        fsm.RETURN_VALUE(S.IDEA_REGISTERED, S.IDEA_SCREENED),
        conditions=[begins_with_an_idea, has_idea],
        label=_("Nộp phiếu đăng ký ý tưởng"),
        said=_("nộp phiếu đăng ký ý tưởng"),
        keeps=("idea",),
    )
    def register_idea(self) -> State:
        """Nộp phiếu đăng ký ý tưởng."""
        return self._file_idea()

    def _file_idea(self) -> State:
        state = first_idea_state(self.rule_set)
        self.bypassed_commune = self.bypassed_commune or state == S.IDEA_SCREENED
        return state

    @task_act(
        S.IDEA_RETURNED,
        fsm.RETURN_VALUE(S.IDEA_REGISTERED, S.IDEA_SCREENED),
        conditions=[has_idea],
        label=_("Nộp ý tưởng đã bổ sung"),
        said=_("nộp lại ý tưởng đã bổ sung"),
        keeps=("idea",),
    )
    def complete_idea(self) -> State:
        """Nộp lại ý tưởng sau khi bổ sung."""
        return self._file_idea()

    @task_act(
        S.IDEA_REGISTERED,
        S.IDEA_SCREENED,
        label=_("Chuyển xét chọn"),
        said=_("sơ tuyển ý tưởng, chuyển xét chọn"),
        reviewed=True,
    )
    def screen_idea(self) -> None:
        """Xã sơ tuyển, chuyển cấp trên xét chọn."""

    @task_act(
        [S.IDEA_REGISTERED, S.IDEA_SCREENED],
        S.IDEA_RETURNED,
        tone="return",
        reason=True,
        label=_("Yêu cầu bổ sung ý tưởng"),
        said=_("yêu cầu bổ sung ý tưởng"),
        prints=("supplement_request",),
    )
    def return_idea(self) -> None:
        """Trả lại ý tưởng để bổ sung."""

    @task_act(
        S.IDEA_SCREENED,
        S.IDEA_SELECTED,
        label=_("Chấp nhận ý tưởng"),
        said=_("chấp nhận ý tưởng"),
        reviewed=True,
    )
    def select_idea(self) -> None:
        """Chọn ý tưởng."""

    @task_act(
        S.IDEA_SCREENED,
        S.IDEA_NOT_SELECTED,
        tone="refuse",
        reason=True,
        label=_("Không chọn"),
        said=_("không chọn ý tưởng"),
        prints=("not_selected",),
        tells="line",
    )
    def not_select_idea(self) -> None:
        """Không chọn ý tưởng; được nộp lại."""

    @free_act(
        S.IDEA_NOT_SELECTED,
        fsm.RETURN_VALUE(S.IDEA_REGISTERED, S.IDEA_SCREENED),
        conditions=[has_idea, idea_waited],
        label=_("Nộp lại ý tưởng"),
        who=FOR_PRODUCER,
        said=_("nộp lại ý tưởng"),
        keeps=("idea",),
        about=_("Ý tưởng không được chọn thì hoàn thiện rồi nộp lại ở đây, không mở hồ sơ mới."),
    )
    def refile_idea(self) -> State:
        """Nộp lại ý tưởng không được chọn."""
        return self._file_idea()

    # --- Step 3: plan (phương án) -------------------------------------------------------------

    @task_act(
        S.IDEA_SELECTED,
        S.PLAN_SUBMITTED,
        conditions=[has_plan],
        label=_("Nộp phương án"),
        said=_("nộp phương án"),
        keeps=("businessplan",),
    )
    def submit_plan(self) -> None:
        """Nộp phương án sản xuất kinh doanh."""

    @task_act(
        S.PLAN_RETURNED,
        S.PLAN_SUBMITTED,
        conditions=[has_plan],
        label=_("Nộp phương án đã bổ sung"),
        said=_("nộp lại phương án đã bổ sung"),
        keeps=("businessplan",),
    )
    def complete_plan(self) -> None:
        """Nộp lại phương án sau khi bổ sung."""

    @task_act(
        S.PLAN_SUBMITTED,
        S.PLAN_CHECKED,
        label=_("Chuyển thẩm định"),
        said=_("kiểm tra phương án, chuyển thẩm định"),
        reviewed=True,
    )
    def check_plan(self) -> None:
        """Xã kiểm tra, chuyển thẩm định phương án."""

    @task_act(
        [S.PLAN_SUBMITTED, S.PLAN_CHECKED],
        S.PLAN_RETURNED,
        tone="return",
        reason=True,
        label=_("Yêu cầu bổ sung phương án"),
        said=_("trả lại phương án để bổ sung"),
        prints=("supplement_request",),
    )
    def return_plan(self) -> None:
        """Trả lại phương án để bổ sung."""

    @task_act(
        S.PLAN_CHECKED,
        S.IMPLEMENTING,
        conditions=[owner_was_trained],
        label=_("Duyệt phương án"),
        said=_("duyệt phương án"),
        reviewed=True,
    )
    def approve_plan(self) -> None:
        """Duyệt phương án, cho triển khai."""

    @task_act(
        S.PLAN_CHECKED,
        S.PLAN_NOT_APPROVED,
        tone="refuse",
        reason=True,
        label=_("Không duyệt"),
        said=_("không duyệt phương án"),
        prints=("not_selected",),
        tells="line",
    )
    def not_approve_plan(self) -> None:
        """Không duyệt phương án; được nộp lại."""

    @free_act(
        S.PLAN_NOT_APPROVED,
        S.PLAN_SUBMITTED,
        conditions=[has_plan, plan_waited],
        label=_("Nộp lại phương án"),
        who=FOR_PRODUCER,
        said=_("nộp lại phương án"),
        keeps=("businessplan",),
        about=_("Phương án không được duyệt thì hoàn thiện rồi nộp lại ở đây."),
    )
    def refile_plan(self) -> None:
        """Nộp lại phương án không được duyệt."""

    # --- Step 4: implementation (triển khai) --------------------------------------------------

    @free_act(
        AT_THE_PRODUCER,
        None,
        label=_("Ghi lần kiểm tra tại cơ sở"),
        who=SUPPORTERS,
        said=_("ghi một lần kiểm tra tại cơ sở"),
        prints=("survey_minutes",),
        unsigned=True,
        keeps=("visit",),
        tells="nobody",
        about=_(
            "Ghi mỗi lần đến cơ sở: thấy gì, đã hướng dẫn gì, hẹn khi nào. Ngày hẹn được nhắc đến "
            "khi ghi lần sau."
        ),
    )
    def record_visit(self) -> None:
        """Ghi một lần kiểm tra, hướng dẫn tại cơ sở."""

    @free_act(
        AT_THE_PRODUCER,
        None,
        label=_("Ghi nội dung hỗ trợ"),
        who=SUPPORTERS,
        said=_("ghi một nội dung hỗ trợ"),
        unsigned=True,
        keeps=("supportmeasure",),
        tells="nobody",
        about=_("Ghi mỗi nội dung đã hỗ trợ chủ thể, để báo cáo theo bảy nội dung."),
    )
    def record_support(self) -> None:
        """Ghi một nội dung hỗ trợ."""

    @free_act(
        sorted(S),
        None,
        label=_("Ghi lần chi hỗ trợ"),
        who=SUPPORTERS,
        said=_("ghi một lần chi hỗ trợ"),
        unsigned=True,
        keeps=("payment",),
        tells="nobody",
        offered=has_support,
        about=_("Ghi mỗi lần chi cho một nội dung hỗ trợ: số tiền, ngày, chứng từ."),
    )
    def record_payment(self) -> None:
        """Ghi một lần chi của một nội dung hỗ trợ."""

    @task_act(
        S.IMPLEMENTING,
        S.ASSEMBLING,
        conditions=[has_completion],
        label=_("Hoàn thành triển khai"),
        said=_("xác nhận hoàn thành triển khai"),
        keeps=("completion",),
    )
    def declare_ready(self) -> None:
        """Xác nhận sản phẩm sẵn sàng đánh giá."""

    # --- Step 5: evaluation (đánh giá, phân hạng) ---------------------------------------------

    @free_act(
        sorted(LIVE - {S.CERTIFIED}),
        None,
        label=_("Thêm tài liệu minh chứng"),
        who=OFFICERS,
        said=_("thêm tài liệu minh chứng"),
        unsigned=True,
        keeps=("evidence",),
        tells="nobody",
        about=_("Thêm giấy tờ vào hồ sơ, hoặc thay bản cũ; bản cũ vẫn được giữ."),
    )
    def attach_evidence(self) -> None:
        """Thêm hoặc thay tài liệu minh chứng; bản cũ vẫn được giữ."""

    @free_act(
        sorted(BEFORE_RESULT),
        None,
        conditions=[has_rubrics, not_judged],
        label=_("Chọn bộ sản phẩm"),
        who=OFFICERS,
        takes="choice",
        said=_("chọn bộ sản phẩm"),
        unsigned=True,
        tells="nobody",
        about=_("Chọn bộ sản phẩm mà hồ sơ được chấm theo, trước khi vào đợt đánh giá."),
    )
    def choose_rubric(self, *, rubric: Rubric) -> None:
        """Chọn bộ sản phẩm (bộ tiêu chí) mà hồ sơ được chấm theo."""
        if rubric not in self.rubrics():
            raise ConditionNotMet([_("Bộ này không dành cho nhóm sản phẩm của hồ sơ.")])
        self.rubric = rubric

    @task_act(
        S.ASSEMBLING,
        S.DOSSIER_SUBMITTED,
        conditions=[has_self_assessment, has_compulsory_evidence],
        asks=(filed_in_window, edition_in_force),
        label=_("Nộp hồ sơ đánh giá"),
        said=_("nộp hồ sơ đánh giá"),
        prints=("registration", "self_assessment", "receipt"),
        keeps=("selfassessment",),
        registers=True,
        not_before=(the_order,),
    )
    def submit_dossier(self) -> None:
        """Nộp hồ sơ đề nghị đánh giá, phân hạng."""
        self._pin_rubric()

    def _pin_rubric(self) -> None:
        """Pin the rubric of the self-assessment, unless one was chosen before."""
        if self.rubric_id is None:
            own = self.selfassessments.select_related("rubric").last().rubric
            # A self-assessment made in an earlier cycle may be by another edition's rubric.
            if own is not None and own.rule_set_id == self.rule_set_id:
                self.rubric = own

    @free_act(
        sorted(UNDECIDED),
        None,
        label=_("Ghi nhận sản phẩm mẫu"),
        who=OFFICERS,
        said=_("ghi nhận sản phẩm mẫu"),
        unsigned=True,
        keeps=("samplereceipt",),
        tells="nobody",
        about=_("Ghi sản phẩm mẫu nộp sau báo cáo của xã, hoặc mẫu gửi trung ương."),
    )
    def record_samples(self) -> None:
        """Ghi nhận sản phẩm mẫu nộp sau, hoặc gửi trung ương."""

    @task_act(
        S.DOSSIER_SUBMITTED,
        S.COMMUNE_CHECKED,
        conditions=[has_commune_report, has_compulsory_evidence],
        label=_("Trình lãnh đạo xã ký"),
        said=_("kiểm tra xong hồ sơ, trình lãnh đạo xã"),
        prints=("commune_report",),
        reviewed=True,
        keeps=("communereport",),
    )
    def confirm_dossier(self) -> None:
        """Xã kiểm tra xong hồ sơ, trình lãnh đạo ký báo cáo."""

    @task_act(
        S.COMMUNE_CHECKED,
        S.DOSSIER_SUBMITTED,
        tone="return",
        reason=True,
        label=_("Trả cán bộ kiểm tra lại"),
        said=_("trả hồ sơ để cán bộ kiểm tra lại"),
    )
    def return_to_officer(self) -> None:
        """Lãnh đạo xã trả hồ sơ để cán bộ kiểm tra lại."""

    @task_act(
        S.COMMUNE_CHECKED,
        S.AT_DISTRICT,
        conditions=[district_evaluates],
        does=Effect.PROPOSES,
        label=_("Ký, chuyển huyện"),
        said=_("chuyển hồ sơ lên huyện"),
        prints=("commune_report", "commune_proposal"),
        reviewed=True,
        sends_up=True,
        registers=True,
        signer=signers.COMMUNE_TO_DISTRICT,
        not_before=(After("return_for_supplement"),),
    )
    def forward_to_district(self) -> None:
        """Xã chuyển hồ sơ lên huyện."""

    @task_act(
        [S.COMMUNE_CHECKED, S.DISTRICT_RANKED],
        S.AT_PROVINCE,
        conditions=[may_go_to_province],
        does=Effect.PROPOSES,
        label=_("Ký, chuyển tỉnh"),
        said=_("chuyển hồ sơ lên tỉnh"),
        prints=("commune_report", "commune_proposal"),
        reviewed=True,
        sends_up=True,
        registers=True,
        signer=signers.TO_PROVINCE,
        not_before=(the_minutes, After("rank_at_district"), After("return_for_supplement")),
    )
    def forward_to_province(self) -> None:
        """Chuyển hồ sơ lên tỉnh."""

    @free_act(
        [S.ASSEMBLING, S.DOSSIER_SUBMITTED, S.COMMUNE_CHECKED],
        fsm.RETURN_VALUE(S.AT_DISTRICT, S.AT_PROVINCE),
        conditions=[has_self_assessment, has_compulsory_evidence],
        reason=True,
        asks=(filed_in_window, edition_in_force),
        label=_("Nhận hồ sơ không qua xã"),
        who=UPPER_OFFICERS,
        said=_("nhận hồ sơ không qua xã"),
        prints=("registration", "self_assessment", "receipt"),
        fetches=True,
        registers=True,
        about=_("Chủ thể nộp thẳng lên cấp bạn: nhận được, có lý do, và được thống kê."),
        not_before=(the_order,),
    )
    def receive_directly(self) -> State:
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
        said=_("yêu cầu bổ sung hồ sơ"),
        prints=("supplement_request",),
        not_before=(After("forward_to_district", "forward_to_province"),),
    )
    def return_for_supplement(self) -> None:
        """Trả lại hồ sơ để bổ sung, một lần đủ các nội dung."""
        self.returned_from = self.state

    @task_act(
        S.SUPPLEMENT_REQUESTED,
        fsm.RETURN_VALUE(S.DOSSIER_SUBMITTED, S.AT_DISTRICT, S.AT_PROVINCE),
        conditions=[has_compulsory_evidence],
        label=_("Nộp hồ sơ đã bổ sung"),
        said=_("nộp hồ sơ đã bổ sung"),
        prints=("receipt",),
        not_before=(After("return_for_supplement"),),
    )
    def supplement(self) -> State:
        """Nộp hồ sơ đã bổ sung, qua xã, đến nơi đã yêu cầu."""
        state, self.returned_from = self.returned_from, ""
        return State(state)

    @task_act(
        S.AT_DISTRICT,
        S.DISTRICT_EVALUATING,
        label=_("Đưa ra hội đồng huyện"),
        said=_("đưa hồ sơ ra hội đồng huyện"),
        prints=("checklist",),
        reviewed=True,
    )
    def accept_at_district(self) -> None:
        """Huyện nhận hồ sơ, đưa ra hội đồng."""

    @task_act(
        S.DISTRICT_EVALUATING,
        S.DISTRICT_RANKED,
        conditions=[has_result],
        paper=True,
        does=Effect.MINUTES,
        label=_("Ghi kết quả hội đồng huyện"),
        said=_("ghi kết quả hội đồng huyện"),
        scored=True,
        keeps=("evaluation",),
        signer=signers.DISTRICT_RESULT,
        not_before=(its_meeting, MetAfter("forward_to_district")),
    )
    def rank_at_district(self) -> None:
        """Ghi kết quả của hội đồng huyện."""
        self._take_result()

    @task_act(
        [S.DISTRICT_EVALUATING, S.DISTRICT_RANKED],
        S.NOT_PROPOSED,
        tone="refuse",
        reason=True,
        label=_("Không đề nghị"),
        said=_("không đề nghị lên tỉnh"),
        tells="line",
        not_before=(its_meeting, the_minutes, the_order),
    )
    def not_propose(self) -> None:
        """Huyện không đề nghị lên tỉnh, nêu lý do; hồ sơ có đường quay lại."""

    @task_act(
        S.AT_PROVINCE,
        S.PROVINCE_EVALUATING,
        label=_("Đưa ra hội đồng tỉnh"),
        said=_("đưa hồ sơ ra hội đồng tỉnh"),
        prints=("checklist",),
        reviewed=True,
    )
    def accept_at_province(self) -> None:
        """Tỉnh nhận hồ sơ, đưa ra hội đồng."""

    @task_act(
        S.PROVINCE_EVALUATING,
        S.RANKED,
        conditions=[has_result],
        paper=True,
        does=Effect.MINUTES,
        label=_("Ghi kết quả hội đồng tỉnh"),
        said=_("ghi kết quả hội đồng tỉnh"),
        scored=True,
        keeps=("evaluation",),
        signer=signers.PROVINCE_RESULT,
        not_before=(its_meeting, MetAfter("forward_to_province", "evaluate_again")),
    )
    def rank(self) -> None:
        """Ghi kết quả của hội đồng tỉnh."""
        self._take_result()

    @free_act(
        [S.DISTRICT_RANKED, S.RANKED, S.NOT_PROPOSED, S.NOT_RECOGNISED],
        fsm.RETURN_VALUE(S.DISTRICT_EVALUATING, S.PROVINCE_EVALUATING),
        label=_("Đưa lại ra hội đồng"),
        who=ON_AUTHORITY,
        said=_("đưa hồ sơ trở lại hội đồng"),
        tells="nobody",
        about=_("Mở lại đợt thì hồ sơ còn chờ sau kết quả trở lại hội đồng; phần mềm tự làm."),
    )
    def judge_again(self) -> State:
        """Đợt đánh giá được mở lại: hồ sơ trở lại hội đồng."""
        self.stars = self.points_sum = self.sheets = None
        at_district = self.state in (S.DISTRICT_RANKED, S.NOT_PROPOSED)
        return S.DISTRICT_EVALUATING if at_district else S.PROVINCE_EVALUATING

    def _take_result(self) -> None:
        result = self.fresh_result()
        assert result is not None, "has_result is a condition of every act that takes one"
        self.stars, self.points_sum, self.sheets = result.stars, result.points_sum, result.sheets

    @task_act(
        [S.PROVINCE_EVALUATING, S.RANKED, S.AWAITING_DECISION],
        S.NOT_RECOGNISED,
        tone="refuse",
        reason=True,
        paper=True,
        does=Effect.DECIDES,
        label=_("Chưa công nhận"),
        said=_("chưa công nhận sản phẩm"),
        scored=True,
        tells="line",
        signer=signers.PROVINCE_RESULT,
        not_before=(the_meeting, the_minutes, the_order),
    )
    def not_recognise(self) -> None:
        """Chưa công nhận, nêu lý do; hồ sơ có đường quay lại."""

    @task_act(
        S.RANKED,
        S.AWAITING_DECISION,
        conditions=[may_be_recognised],
        does=Effect.PROPOSES,
        label=_("Trình quyết định công nhận"),
        said=_("trình quyết định công nhận"),
        reviewed=True,
        not_before=(
            its_meeting,
            the_minutes,
            After("rank", "record_centre_result"),
            After("return_submission"),
        ),
    )
    def propose_recognition(self) -> None:
        """Trình Chủ tịch tỉnh quyết định công nhận."""

    @task_act(
        S.AWAITING_DECISION,
        S.RANKED,
        tone="return",
        reason=True,
        label=_("Trả lại tờ trình"),
        said=_("trả lại tờ trình"),
        not_before=(After("propose_recognition"),),
    )
    def return_submission(self) -> None:
        """Trả lại tờ trình."""

    @task_act(
        S.AWAITING_DECISION,
        S.CERTIFIED,
        conditions=[province_certifies, has_certificate],
        paper=True,
        does=Effect.RECOGNISES,
        round_paper="decision",
        label=_("Quyết định công nhận"),
        said=_("quyết định công nhận sản phẩm"),
        keeps=("certificate",),
        tells="line",
        final=_(
            "Giấy chứng nhận có hiệu lực và tra cứu công khai được ngay. Việc này không lấy lại "
            "được: sau đó chỉ còn thu hồi theo quyết định."
        ),
        signer=signers.CERTIFICATION,
        not_before=(
            the_meeting,
            the_minutes,
            After("rank", "record_centre_result"),
            After("propose_recognition"),
            the_order,
        ),
    )
    def certify(self) -> None:
        """Công nhận hạng sao."""

    @task_act(
        S.AWAITING_DECISION,
        S.AT_CENTRE,
        conditions=[may_be_nominated, result_approved],
        asks=(samples_for_centre,),
        paper=True,
        does=Effect.PROPOSES,
        round_paper="request",
        label=_("Đề nghị trung ương"),
        said=_("đề nghị trung ương đánh giá"),
        signer=signers.NOMINATION,
        not_before=(
            its_meeting,
            the_minutes,
            After("rank"),
            After("propose_recognition"),
            After("approve_result"),
        ),
    )
    def nominate(self) -> None:
        """Đề nghị trung ương đánh giá, công nhận 5 sao."""

    @free_act(
        S.AWAITING_DECISION,
        None,
        conditions=[may_be_nominated],
        paper=True,
        does=Effect.APPROVES,
        round_paper="approval",
        label=_("Ghi quyết định phê duyệt kết quả"),
        who=REVOKERS,
        said=_("ghi quyết định phê duyệt kết quả đánh giá"),
        about=_(
            "Từ 90 điểm: ghi quyết định của Chủ tịch UBND tỉnh phê duyệt kết quả, rồi mới đề nghị "
            "trung ương bằng một văn bản khác."
        ),
        signer=signers.APPROVAL,
        not_before=(the_meeting, the_minutes, After("rank"), After("propose_recognition")),
    )
    def approve_result(self) -> None:
        """Ghi quyết định phê duyệt kết quả, trước văn bản đề nghị trung ương (Điều 7.4)."""

    @task_act(
        [S.RANKED, S.AWAITING_DECISION],
        S.PROVINCE_EVALUATING,
        conditions=[centre_gave_less],
        reason=True,
        paper=True,
        does=Effect.DECIDES,
        label=_("Tổ chức đánh giá lại"),
        said=_("cho đánh giá lại ở tỉnh sau kết quả của trung ương"),
        signer=signers.AGAIN,
        not_before=(the_meeting, After("record_centre_result")),
    )
    def evaluate_again(self) -> None:
        """Trung ương chấm dưới 90 điểm: tỉnh đánh giá lại, thay vì công nhận theo kết quả đó; dưới
        50 điểm không trình công nhận được, nên làm ngay sau kết quả.
        """
        self.stars = self.points_sum = self.sheets = None

    @task_act(
        S.AT_CENTRE,
        fsm.RETURN_VALUE(S.CERTIFIED, S.RANKED),
        conditions=[has_result, has_centre_certificate],
        paper=True,
        does=Effect.RECOGNISES,
        label=_("Ghi kết quả trung ương"),
        said=_("ghi kết quả của trung ương"),
        keeps=(
            "evaluation",
            "certificate",
        ),
        tells="line",
        final=_(
            "Từ 90 điểm, sản phẩm được công nhận 5 sao và giấy chứng nhận tra cứu công khai được "
            "ngay. Việc này không lấy lại được."
        ),
        signer=signers.CENTRE_RESULT,
        not_before=(its_meeting, MetAfter("nominate"), the_order),
    )
    def record_centre_result(self) -> State:
        """Ghi kết quả của trung ương; dưới 90 điểm tỉnh được công nhận theo kết quả đó."""
        self._take_result()
        return S.CERTIFIED if self.stars == 5 else S.RANKED

    @free_act(
        [S.AT_CENTRE, S.CERTIFIED, S.PROMOTED, S.NOT_RECOGNISED],
        None,
        conditions=[judged_without_round, not_notified],
        paper=True,
        does=Effect.NOTIFIES,
        label=_("Thông báo kết quả bằng văn bản"),
        who=NOTIFIERS,
        said=_("thông báo kết quả bằng văn bản"),
        tells="line",
        about=_(
            "Báo kết quả bằng văn bản cho UBND xã và chủ thể, dù được công nhận hay không (Điều "
            "7.3.g); một văn bản cho nhiều sản phẩm được. Sản phẩm chấm trong đợt thì ghi thông "
            "báo ở trang văn bản của đợt."
        ),
        signer=signers.NOTICE,
        not_before=(
            its_meeting,
            After("not_recognise", "certify"),
            After("approve_result", "record_centre_result"),
        ),
    )
    def notify_result(self) -> None:
        """Thông báo kết quả bằng văn bản cho xã và chủ thể (Đ.7.3.g)."""

    @free_act(
        [S.CERTIFIED, S.PROMOTED],
        None,
        label=_("Ghi số giấy chứng nhận"),
        who=NUMBERERS,
        said=_("ghi số giấy chứng nhận"),
        unsigned=True,
        keeps=("certificatenumber",),
        tells="nobody",
        offered=waits_for_number,
        about=_("Giấy chứng nhận cấp khi chưa có số: ghi số đúng như trên giấy đã ký."),
    )
    def number_certificate(self) -> None:
        """Ghi số của giấy chứng nhận đã cấp."""

    @free_act(
        sorted(S),
        None,
        conditions=[corrected("certificatenumbers")],
        reason=True,
        label=_("Đính chính số giấy chứng nhận"),
        who=NUMBERERS,
        said=_("đính chính số giấy chứng nhận"),
        unsigned=True,
        keeps=("certificatenumber",),
        corrects=True,
        tells="nobody",
        about=_("Số cũ vẫn được giữ trong hồ sơ; trang tra cứu và các bản in lấy số mới."),
    )
    def correct_number(self) -> None:
        """Đính chính số giấy chứng nhận: một bản ghi mới thay bản cũ."""

    # --- Step 6: promotion (xúc tiến) ---------------------------------------------------------

    @free_act(
        [S.CERTIFIED, S.PROMOTED],
        None,
        label=_("Ghi hoạt động xúc tiến"),
        who=SUPPORTERS,
        said=_("ghi một hoạt động xúc tiến"),
        unsigned=True,
        keeps=("promotion",),
        tells="nobody",
        about=_("Ghi mỗi hội chợ, gian hàng, buổi kết nối của sản phẩm."),
    )
    def record_promotion(self) -> None:
        """Ghi một hoạt động xúc tiến thương mại."""

    @task_act(
        S.CERTIFIED,
        S.PROMOTED,
        conditions=[has_promotion],
        label=_("Hoàn thành xúc tiến"),
        said=_("hoàn thành bước xúc tiến"),
        keeps=("promotion",),
        tells="line",
        final=_(
            "Hồ sơ hoàn thành chu trình, không còn việc nào. Việc này không lấy lại được; hoạt "
            "động xúc tiến, kiểm tra vẫn ghi thêm được."
        ),
    )
    def promote(self) -> None:
        """Hoàn thành bước xúc tiến của chu trình."""

    # --- After the certificate (sau công nhận) --------------------------------------------------

    @free_act(
        [S.CERTIFIED, S.PROMOTED],
        None,
        label=_("Ghi cuộc gọi nhắc hạn"),
        who=OFFICERS,
        said=_("ghi một cuộc gọi cho chủ thể"),
        unsigned=True,
        keeps=("call",),
        tells="nobody",
        about=_(
            "Ghi mỗi lần gọi chủ thể có giấy sắp hết hạn: ai nghe, trả lời gì, hẹn gọi lại khi "
            "nào. Ngày hẹn được nhắc đến khi ghi cuộc gọi sau."
        ),
    )
    def record_call(self) -> None:
        """Ghi một cuộc gọi nhắc chủ thể có giấy chứng nhận sắp hết hạn."""

    @free_act(
        [S.CERTIFIED, S.PROMOTED],
        None,
        label=_("Ghi kiểm tra sau công nhận"),
        who=INSPECTORS,
        said=_("ghi một lần kiểm tra sau công nhận"),
        prints=("inspection_minutes",),
        keeps=("inspection",),
        tells="line",
        about=_(
            "Ghi mỗi lần kiểm tra và kết luận. Kết luận đề nghị thu hồi thì hạn thu hồi bắt đầu."
        ),
        not_before=(the_inspection,),
    )
    def record_inspection(self) -> None:
        """Ghi một lần kiểm tra sau công nhận và kết luận."""

    @free_act(
        [S.CERTIFIED, S.PROMOTED],
        None,
        paper=True,
        does=Effect.CONFIRMS,
        label=_("Ghi xác nhận ngừng sản xuất của xã"),
        who=CONFIRMERS,
        said=_("ghi xác nhận của xã là đã ngừng sản xuất"),
        prints=("stopped_production",),
        keeps=("stoppedproduction",),
        tells="line",
        about=_(
            "UBND xã xác nhận chủ thể đã ngừng sản xuất: hạn thu hồi bắt đầu từ ngày ký xác nhận."
        ),
        signer=signers.STOPPED_PRODUCTION,
        not_before=(the_end_of_production,),
    )
    def confirm_stopped(self) -> None:
        """Ghi xác nhận đã ký của UBND cấp xã là sản phẩm đã ngừng sản xuất."""

    @free_act(
        [S.CERTIFIED, S.PROMOTED],
        None,
        conditions=[ministry_revokes, has_ground],
        reason=True,
        paper=True,
        does=Effect.PROPOSES,
        label=_("Báo cáo Bộ đề nghị thu hồi"),
        who=REVOKERS,
        said=_("báo cáo Bộ đề nghị thu hồi giấy chứng nhận"),
        keeps=("revocation",),
        tells="line",
        about=_("Sản phẩm 5 sao do Bộ trưởng thu hồi: tỉnh báo cáo, kèm căn cứ."),
        signer=signers.REVOCATION_REPORT,
        not_before=(the_ground,),
    )
    def report_revocation(self) -> None:
        """Báo cáo Bộ đề nghị thu hồi giấy chứng nhận 5 sao."""

    @free_act(
        [S.CERTIFIED, S.PROMOTED],
        S.REVOKED,
        conditions=[province_revokes, has_ground],
        tone="refuse",
        reason=True,
        paper=True,
        does=Effect.REVOKES,
        label=_("Thu hồi giấy chứng nhận"),
        who=REVOKERS,
        said=_("thu hồi giấy chứng nhận"),
        prints=("revocation",),
        keeps=("revocation",),
        tells="line",
        final=_(
            "Giấy chứng nhận sẽ hết giá trị và trang tra cứu công khai ghi là đã thu hồi. "
            "Việc này không lấy lại được."
        ),
        about=_("Thu hồi theo quyết định đã ký, nêu căn cứ và nơi đã nhận quyết định."),
        signer=signers.REVOCATION,
        not_before=(the_ground, After("report_revocation")),
    )
    def revoke(self) -> None:
        """Thu hồi giấy chứng nhận theo quyết định đã ký; không mở lại được."""
        self.parked_from = self.state

    @free_act(
        [S.CERTIFIED, S.PROMOTED],
        None,
        reason=True,
        paper=True,
        does=Effect.ORDERS,
        label=_("Ghi yêu cầu đánh giá lại của Bộ"),
        who=REVOKERS,
        said=_("ghi yêu cầu đánh giá lại của Bộ"),
        tells="line",
        about=_(
            "Bộ yêu cầu đánh giá lại sản phẩm đã công nhận (Điều 10): ghi văn bản ở đây, rồi mở hồ "
            "sơ đánh giá lại cho sản phẩm. Giấy chứng nhận còn giá trị đến khi có kết quả."
        ),
        signer=signers.ORDER,
    )
    def order_evaluation(self) -> None:
        """Ghi văn bản của Bộ yêu cầu đánh giá lại; hồ sơ đánh giá lại mở riêng."""

    @free_act(
        [S.CERTIFIED, S.PROMOTED],
        S.REVOKED,
        tone="refuse",
        reason=True,
        paper=True,
        does=Effect.REVOKES,
        label=_("Ghi Bộ thu hồi quyết định công nhận"),
        who=REVOKERS,
        said=_("ghi Bộ thu hồi quyết định công nhận"),
        tells="line",
        final=_(
            "Giấy chứng nhận sẽ hết giá trị và trang tra cứu công khai ghi là đã thu hồi. "
            "Việc này không lấy lại được."
        ),
        about=_("Bộ thu hồi quyết định công nhận trái quy định (Điều 10), theo văn bản của Bộ."),
        signer=signers.ORDER,
    )
    def withdraw_decision(self) -> None:
        """Ghi văn bản của Bộ thu hồi quyết định công nhận; muốn công nhận thì mở hồ sơ mới."""
        self.parked_from = self.state

    # --- Beside the walk ----------------------------------------------------------------------

    @free_act(
        S.POTENTIAL,
        fsm.RETURN_VALUE(*LATE_STARTS),
        reason=True,
        label=_("Vào thẳng bước sau"),
        who=OFFICERS,
        takes="entry",
        said=_("đưa hồ sơ vào thẳng bước sau"),
        about=_("Sản phẩm có sẵn, nâng hạng hoặc đánh giá lại không phải đi lại từ ý tưởng."),
    )
    def enter_late(self, *, entered_as: str, state: str = S.ASSEMBLING) -> State:
        """Vào thẳng bước sau (sản phẩm có sẵn, nâng hạng, đánh giá lại); bước bỏ qua được đếm.

        Raises ConditionNotMet when the reason is not that of the case type, or the product was
        never certified.
        """
        state = State(state)
        self.entered_as = LateEntry(entered_as)
        if self.entered_as == LateEntry.EXISTING and self.case_type != CaseType.FIRST:
            raise ConditionNotMet(
                [_("Hồ sơ này không phải đánh giá lần đầu: hãy chọn đúng loại hồ sơ.")]
            )
        if self.entered_as == LateEntry.REEVALUATION and state != S.ASSEMBLING:
            raise ConditionNotMet([_("Đánh giá lại bắt đầu từ hồ sơ đánh giá.")])
        # Step 1 is never skipped: outreach is how the product became known.
        assert state.step is not None, "a dossier enters where somebody has a task"
        self.skipped = state.step.number - 2
        if self.entered_as != LateEntry.EXISTING:
            self.case_type = CaseType(self.entered_as)
            self.check_claim()
        return state

    def check_claim(self) -> None:
        """Raise ConditionNotMet for an upgrade or re-evaluation of what was never certified, or
        not since it was revoked.

        Not asked in a replay of the past, which may begin later than the product's certificate.
        """
        if self.case_type in JUDGED_ANEW and not clock.replaying() and self.certified_by() is None:
            raise ConditionNotMet(
                [CERTIFICATE_REVOKED if cast("Dossier", self).revoked_on() else NEVER_CERTIFIED]
            )

    @free_act(
        sorted(S),
        None,
        reason=True,
        paper=True,
        does=Effect.CORRECTS,
        label=_("Đính chính sản phẩm, chủ thể"),
        who=UPPER_OFFICERS,
        takes="correction",
        said=_("đính chính sản phẩm, chủ thể"),
        tells="line",
        about=_("Sửa tên, nhóm sản phẩm hoặc chủ thể đã ghi sai; giấy đã cấp giữ tên cũ."),
        signer=signers.CORRECTION,
    )
    def correct_names(
        self,
        *,
        product_name: str | None = None,
        product_group: str | None = None,
        producer: Producer | None = None,
        producer_name: str | None = None,
    ) -> dict[str, Any]:
        """Đính chính tên, nhóm sản phẩm, chủ thể theo văn bản; giấy đã cấp giữ tên của ngày cấp.

        The one act that writes other rows than its dossier: the product and its producer, locked.
        Returns ``{field: [before, after]}`` for the history; raises as ``Product.correct``.
        """
        if product_group not in (None, self.product.group):
            if self.state in AT_WORK and product_group not in dict(self.rule_set.product_groups):
                raise ConditionNotMet([group_unknown(self.rule_set)])
            if sentence := group_may_change.why_not(cast("Dossier", self)):
                raise ConditionNotMet([sentence])
            self.rubric = None
        return self.product.correct(
            name=product_name, group=product_group, producer=producer, producer_name=producer_name
        )

    @free_act(
        sorted(S),
        None,
        conditions=[corrected("visits")],
        reason=True,
        label=_("Đính chính lần kiểm tra tại cơ sở"),
        who=SUPPORTERS,
        said=_("đính chính một lần kiểm tra tại cơ sở"),
        unsigned=True,
        keeps=("visit",),
        corrects=True,
        tells="nobody",
        about=_("Bản cũ vẫn được giữ trong hồ sơ; danh sách và số cộng lấy bản mới."),
    )
    def correct_visit(self) -> None:
        """Đính chính lần kiểm tra tại cơ sở: một bản mới thay bản cũ."""

    @free_act(
        sorted(S),
        None,
        conditions=[corrected("calls")],
        reason=True,
        label=_("Đính chính cuộc gọi"),
        who=OFFICERS,
        said=_("đính chính một cuộc gọi"),
        unsigned=True,
        keeps=("call",),
        corrects=True,
        tells="nobody",
        about=_("Bản cũ vẫn được giữ trong hồ sơ; danh sách và số cộng lấy bản mới."),
    )
    def correct_call(self) -> None:
        """Đính chính một cuộc gọi: một bản mới thay bản cũ."""

    @free_act(
        sorted(S),
        None,
        conditions=[corrected("supportmeasures")],
        reason=True,
        label=_("Cập nhật, đính chính nội dung hỗ trợ"),
        who=SUPPORTERS,
        said=_("cập nhật, đính chính một nội dung hỗ trợ"),
        unsigned=True,
        keeps=("supportmeasure",),
        corrects=True,
        tells="nobody",
        about=_("Bản cũ vẫn được giữ trong hồ sơ; danh sách và số cộng lấy bản mới."),
    )
    def correct_support(self) -> None:
        """Cập nhật, đính chính nội dung hỗ trợ: một bản mới thay bản cũ."""

    @free_act(
        sorted(S),
        None,
        conditions=[corrected("payments")],
        reason=True,
        label=_("Đính chính lần chi hỗ trợ"),
        who=SUPPORTERS,
        said=_("đính chính một lần chi hỗ trợ"),
        unsigned=True,
        keeps=("payment",),
        corrects=True,
        tells="nobody",
        about=_("Bản cũ vẫn được giữ trong hồ sơ; số cộng lấy bản mới, ghi nhầm thì sửa về 0."),
    )
    def correct_payment(self) -> None:
        """Đính chính lần chi hỗ trợ: một bản mới thay bản cũ."""

    @free_act(
        sorted(S),
        None,
        conditions=[corrected("samplereceipts")],
        reason=True,
        label=_("Đính chính lần nhận sản phẩm mẫu"),
        who=OFFICERS,
        said=_("đính chính một lần nhận sản phẩm mẫu"),
        unsigned=True,
        keeps=("samplereceipt",),
        corrects=True,
        tells="nobody",
        about=_("Bản cũ vẫn được giữ trong hồ sơ; số mẫu cộng lấy bản mới, ghi nhầm thì sửa về 0."),
    )
    def correct_samples(self) -> None:
        """Đính chính lần nhận sản phẩm mẫu: một bản mới thay bản cũ."""

    @free_act(
        sorted(S),
        None,
        conditions=[corrected("completions")],
        reason=True,
        label=_("Đính chính kết quả triển khai"),
        who=OFFICERS,
        said=_("đính chính kết quả triển khai"),
        unsigned=True,
        keeps=("completion",),
        corrects=True,
        tells="nobody",
        about=_("Bản cũ vẫn được giữ trong hồ sơ; danh sách và số cộng lấy bản mới."),
    )
    def correct_completion(self) -> None:
        """Đính chính kết quả triển khai: một bản mới thay bản cũ."""

    @free_act(
        sorted(S),
        None,
        conditions=[corrected("communereports")],
        reason=True,
        label=_("Đính chính báo cáo của xã"),
        who=OFFICERS,
        said=_("đính chính báo cáo của xã"),
        unsigned=True,
        keeps=("communereport",),
        corrects=True,
        tells="nobody",
        about=_("Bản cũ vẫn được giữ trong hồ sơ; số mẫu cộng lấy bản mới."),
    )
    def correct_report(self) -> None:
        """Đính chính báo cáo của xã, số mẫu xã đã nhận: một bản mới thay bản cũ."""

    @free_act(
        sorted(S),
        None,
        conditions=[corrected("inspections")],
        reason=True,
        label=_("Đính chính lần kiểm tra sau công nhận"),
        who=INSPECTORS,
        said=_("đính chính một lần kiểm tra sau công nhận"),
        unsigned=True,
        keeps=("inspection",),
        corrects=True,
        tells="nobody",
        about=_("Bản cũ vẫn được giữ; hạn thu hồi tính lại theo kết luận và ngày của bản mới."),
    )
    def correct_inspection(self) -> None:
        """Đính chính lần kiểm tra sau công nhận: bản mới thay bản cũ, hạn theo bản mới."""

    @free_act(
        sorted(S),
        None,
        conditions=[corrected("promotions")],
        reason=True,
        label=_("Đính chính hoạt động xúc tiến"),
        who=SUPPORTERS,
        said=_("đính chính một hoạt động xúc tiến"),
        unsigned=True,
        keeps=("promotion",),
        corrects=True,
        tells="nobody",
        about=_("Bản cũ vẫn được giữ trong hồ sơ; danh sách và số cộng lấy bản mới."),
    )
    def correct_promotion(self) -> None:
        """Đính chính hoạt động xúc tiến: một bản mới thay bản cũ."""

    @free_act(
        sorted(S),
        None,
        reason=True,
        label=_("Sửa liên hệ, thông tin chủ thể"),
        who=OFFICERS,
        takes="details",
        said=_("sửa liên hệ, thông tin chủ thể"),
        unsigned=True,
        tells="nobody",
        about=_(
            "Sửa người đại diện, điện thoại, địa chỉ, số đăng ký, loại hình, ngày thành lập, mã "
            "sản phẩm."
        ),
    )
    def correct_details(self, **details: Any) -> dict[str, Any]:
        """Sửa liên hệ, thông tin chủ thể và mã sản phẩm; giấy đã cấp giữ như ngày cấp.

        Writes the product and its producer, locked. Returns ``{field: [before, after]}``.
        """
        return self.product.correct_details(**details)

    @free_act(
        sorted(LIVE - {S.CERTIFIED}),
        S.WITHDRAWN,
        tone="refuse",
        reason=True,
        leaves=True,
        label=_("Rút hồ sơ"),
        who=OFFICERS,
        said=_("rút hồ sơ"),
        tells="line",
        about=_("Chủ thể không làm tiếp nữa."),
    )
    def withdraw(self) -> None:
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
        said=_("chuyển hồ sơ sang chu trình sau"),
        tells="line",
        about=_("Không kịp năm nay: giữ hồ sơ, năm sau mở lại."),
    )
    def defer(self) -> None:
        """Chuyển hồ sơ sang chu trình sau."""
        self.parked_from = self.state

    @free_act(
        sorted(AT_WORK),
        None,
        reason=True,
        label=_("Chuyển tiếp sang chu trình mới"),
        who=YEAR_KEEPERS,
        takes="year",
        leaves_year=True,
        unsigned=True,
        said=_("chuyển tiếp hồ sơ sang chu trình mới, giữ nguyên bước đang làm"),
        tells="nobody",
        offered=in_closed_year,
        about=_("Chu trình cũ đã đóng: hồ sơ chưa xong làm tiếp ở chu trình mới, ở đúng bước ấy."),
    )
    def carry_over(self, *, cycle: Cycle) -> None:
        """Chuyển tiếp sang chu trình mới: hồ sơ ở nguyên bước.

        What was filed goes on under the edition that it was filed under (Đ.12.2); what was not goes
        on under that of the new year.
        """
        if not Cycle.objects.after(self.cycle).filter(pk=cycle.pk).exists():
            raise ConditionNotMet([_("Hãy chọn chu trình đang mở của năm sau.")])
        filed = self.rule_set if self.state in UNDECIDED else None
        self._enter(cycle, filed)

    @free_act(
        [S.WITHDRAWN, S.DEFERRED, S.NOT_PROPOSED, S.NOT_RECOGNISED],
        fsm.RETURN_VALUE(*sorted(LIVE - {S.CERTIFIED})),
        reason=True,
        label=_("Mở lại hồ sơ"),
        who=OFFICERS,
        takes="reopen",
        said=_("mở lại hồ sơ"),
        about=_("Hồ sơ đã rút, đã chuyển hoặc bị từ chối được làm tiếp."),
    )
    def reopen(self, *, cycle: Cycle | None = None) -> State:
        """Mở lại hồ sơ; hồ sơ đã chuyển chu trình thì mở trong chu trình mới."""
        if cycle is None and self.state == S.DEFERRED:
            raise ConditionNotMet([_("Bạn chưa chọn chu trình để mở lại hồ sơ.")])
        state, self.parked_from = State(self.parked_from or self.state), ""
        if (cycle or self.cycle).closed_on is not None:
            raise ConditionNotMet([CYCLE_CLOSED])
        if cycle is not None and cycle.pk != self.cycle_id:
            if cycle.year < self.cycle.year:
                raise ConditionNotMet([_("Chu trình mới không thể sớm hơn chu trình cũ.")])
            self._enter(cycle)
        back = _WAY_BACK.get(state, state)
        if back == S.ASSEMBLING:
            # An old result stays in the history; the reopened dossier has none.
            self.stars = self.points_sum = self.sheets = None
            self.returned_from = ""
        return back

    def _enter(self, cycle: Cycle, rule_set: RuleSet | None = None) -> None:
        """Go on in ``cycle``: under its rule set, or ``rule_set``, at the unit that has succeeded
        the commune.
        """
        rule_set = rule_set or cycle.rule_set
        if rule_set.pk != self.rule_set_id:
            self.rubric = None
            if self.product.group not in dict(rule_set.product_groups):
                raise ConditionNotMet(
                    [
                        group_unknown(rule_set),
                        _("Hãy «Đính chính sản phẩm, chủ thể» rồi làm lại việc này."),
                    ]
                )
        self.cycle, self.rule_set = cycle, rule_set
        if rule_set.has_district:
            # Its districts are those of then, and so are their communes.
            return
        if self.commune.ended_before(cycle.opened_on):
            self.commune = self.commune.heir(cycle.opened_on)
            if self.commune.ended_before(cycle.opened_on):
                raise ConditionNotMet([_("Xã cũ đã được sắp xếp lại: cần chọn xã mới trước.")])


#: The state in which a refused or parked dossier is reopened; the others go on where they stood.
_WAY_BACK: dict[State, State] = {
    S.IDEA_NOT_SELECTED: S.POTENTIAL,
    S.PLAN_NOT_APPROVED: S.IDEA_SELECTED,
    **dict.fromkeys(BEHIND_FILING, S.ASSEMBLING),
}

#: Every act by its name.
ACTS: dict[str, Act] = declared(Law)

for _act in ACTS.values():
    rules.add_perm(_act.permission, does_open_task if _act.who is None else is_one_of(_act.who))
rules.add_perm("dossiers.open", is_one_of(OFFICERS))
rules.add_perm("dossiers.number_certificates", holds_one_of(NUMBERERS))

#: The events that send a dossier back to its producer.
SENT_BACK = tuple(act.event for act in ACTS.values() if act.sends_back)
#: The events that send it back to an office, and the states it is in there.
RETURNED = tuple(act.event for act in ACTS.values() if act.tone == "return" and not act.sends_back)
RETURNED_TO = frozenset(
    state for act in ACTS.values() if act.event in RETURNED for state in act.leads
)
#: The events by which it first leaves its commune: the day of the first is that of its batch.
PROPOSED = tuple(act.event for act in ACTS.values() if act.sends_up or act.fetches)
#: The events by which a certificate is taken back (thu hồi), by whomever.
TAKE_BACK = tuple(act.event for act in ACTS.values() if S.REVOKED in act.leads)
#: The events by which an office receives a filing and gives it a number (PĐK), and the level that
#: has it in the state it comes to.
REGISTERS = tuple(act.event for act in ACTS.values() if act.registers)
RECEIVED_AT = {
    S.DOSSIER_SUBMITTED: Level.COMMUNE,
    S.AT_DISTRICT: Level.DISTRICT,
    S.AT_PROVINCE: Level.PROVINCE,
}
#: The names of the acts that send it to the level above.
FORWARDS = tuple(act.name for act in ACTS.values() if act.sends_up)
