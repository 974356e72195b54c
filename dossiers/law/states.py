"""The states of a dossier, and the step of each. A leaf: no models."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from cycle.steps import Step


class State(models.TextChoices):
    """The state of a dossier (trạng thái hồ sơ)."""

    POTENTIAL = "potential", _("Sản phẩm tiềm năng")
    IDEA_REGISTERED = "idea_registered", _("Ý tưởng chờ xã sơ tuyển")
    IDEA_RETURNED = "idea_returned", _("Ý tưởng chờ bổ sung")
    IDEA_SCREENED = "idea_screened", _("Ý tưởng chờ xét chọn")
    IDEA_NOT_SELECTED = "idea_not_selected", _("Ý tưởng không được chọn")
    IDEA_SELECTED = "idea_selected", _("Chờ nộp phương án")
    PLAN_SUBMITTED = "plan_submitted", _("Phương án chờ xã kiểm tra")
    PLAN_RETURNED = "plan_returned", _("Phương án chờ bổ sung")
    PLAN_CHECKED = "plan_checked", _("Phương án chờ thẩm định")
    PLAN_NOT_APPROVED = "plan_not_approved", _("Phương án không được duyệt")
    IMPLEMENTING = "implementing", _("Đang triển khai")
    ASSEMBLING = "assembling", _("Đang lập hồ sơ đánh giá")
    DOSSIER_SUBMITTED = "dossier_submitted", _("Hồ sơ chờ xã kiểm tra")
    SUPPLEMENT_REQUESTED = "supplement_requested", _("Hồ sơ chờ bổ sung")
    COMMUNE_CHECKED = "commune_checked", _("Chờ lãnh đạo xã ký")
    AT_DISTRICT = "at_district", _("Huyện đang kiểm tra")
    DISTRICT_EVALUATING = "district_evaluating", _("Hội đồng huyện đang đánh giá")
    DISTRICT_RANKED = "district_ranked", _("Đã có kết quả cấp huyện")
    NOT_PROPOSED = "not_proposed", _("Huyện không đề nghị")
    AT_PROVINCE = "at_province", _("Tỉnh đang kiểm tra")
    PROVINCE_EVALUATING = "province_evaluating", _("Hội đồng tỉnh đang đánh giá")
    RANKED = "ranked", _("Đã có kết quả cấp tỉnh")
    AWAITING_DECISION = "awaiting_decision", _("Chờ quyết định công nhận")
    AT_CENTRE = "at_centre", _("Trung ương đang đánh giá")
    NOT_RECOGNISED = "not_recognised", _("Chưa công nhận")
    CERTIFIED = "certified", _("Đã công nhận")
    PROMOTED = "promoted", _("Đã xúc tiến thương mại")
    WITHDRAWN = "withdrawn", _("Đã rút")
    DEFERRED = "deferred", _("Chuyển chu trình sau")
    REVOKED = "revoked", _("Đã thu hồi")

    @property
    def step(self) -> Step | None:
        """The step this state belongs to; None for a parked state."""
        return _STEPS.get(self)


_STEPS = {
    **dict.fromkeys([State.POTENTIAL], Step.OUTREACH),
    **dict.fromkeys(
        [
            State.IDEA_REGISTERED,
            State.IDEA_RETURNED,
            State.IDEA_SCREENED,
            State.IDEA_NOT_SELECTED,
        ],
        Step.IDEA,
    ),
    **dict.fromkeys(
        [
            State.IDEA_SELECTED,
            State.PLAN_SUBMITTED,
            State.PLAN_RETURNED,
            State.PLAN_CHECKED,
            State.PLAN_NOT_APPROVED,
        ],
        Step.PLAN,
    ),
    State.IMPLEMENTING: Step.IMPLEMENTATION,
    **dict.fromkeys(
        [
            State.ASSEMBLING,
            State.DOSSIER_SUBMITTED,
            State.SUPPLEMENT_REQUESTED,
            State.COMMUNE_CHECKED,
            State.AT_DISTRICT,
            State.DISTRICT_EVALUATING,
            State.DISTRICT_RANKED,
            State.NOT_PROPOSED,
            State.AT_PROVINCE,
            State.PROVINCE_EVALUATING,
            State.RANKED,
            State.AWAITING_DECISION,
            State.AT_CENTRE,
            State.NOT_RECOGNISED,
        ],
        Step.EVALUATION,
    ),
    **dict.fromkeys([State.CERTIFIED, State.PROMOTED], Step.PROMOTION),
}

#: The dossier has left the walk: nobody has a task. All but ``REVOKED`` can be reopened or refiled.
PARKED = frozenset(
    {
        State.IDEA_NOT_SELECTED,
        State.PLAN_NOT_APPROVED,
        State.NOT_PROPOSED,
        State.NOT_RECOGNISED,
        State.WITHDRAWN,
        State.DEFERRED,
        State.REVOKED,
    }
)

#: Where a dossier stands with the result of the council of a level.
STATE_AFTER = {"district": State.DISTRICT_RANKED, "province": State.RANKED}

#: Where a dossier stands while the council of a level has it.
STATE_AT = {"district": State.DISTRICT_EVALUATING, "province": State.PROVINCE_EVALUATING}

#: The level that judges in each state; the centre's judging is not done here, only recorded.
LEVEL_JUDGING = {state: level for level, state in STATE_AT.items()} | {State.AT_CENTRE: "centre"}

#: Before a council. A dossier in a round is moved by that round only.
AT_COUNCIL = frozenset(STATE_AT.values())

#: A certificate was given, valid or not.
RECOGNISED = frozenset({State.CERTIFIED, State.PROMOTED, State.REVOKED})

#: Somebody has a task.
LIVE = frozenset(set(State) - PARKED - {State.PROMOTED})

#: A certificate was given and not taken back, whether it has ended or not.
HOLDING = RECOGNISED - {State.REVOKED}
#: Somebody has a task, and no certificate was given yet.
AT_WORK = LIVE - {State.CERTIFIED}

_IN_ORDER = tuple(State)
#: Behind the filing, in the step that evaluates. What comes before it, whatever its step, is none.
BEHIND_FILING = frozenset(
    state
    for state in _IN_ORDER[_IN_ORDER.index(State.ASSEMBLING) + 1 :]
    if state.step == Step.EVALUATION
)

#: Filed to be evaluated, and not decided yet.
UNDECIDED = BEHIND_FILING & LIVE

#: A council has given its result, and the dossier has not gone on or back since.
JUDGED = frozenset({State.DISTRICT_RANKED, State.RANKED, State.AWAITING_DECISION, State.AT_CENTRE})

#: No council has given a result yet: the producer may still defer to the next cycle.
BEFORE_RESULT = LIVE - {
    State.RANKED,
    State.AWAITING_DECISION,
    State.AT_CENTRE,
    State.CERTIFIED,
    State.DISTRICT_RANKED,
}

#: Whose plan may still be approved.
BEFORE_PLAN_APPROVED = frozenset(
    {State.IDEA_SELECTED, State.PLAN_SUBMITTED, State.PLAN_RETURNED, State.PLAN_CHECKED}
)

#: Where a dossier that skips the first steps may begin (vào muộn).
LATE_STARTS = (State.IDEA_SELECTED, State.IMPLEMENTING, State.ASSEMBLING)

#: The producer carries the plan out and puts the dossier together; offices visit and support.
AT_THE_PRODUCER = (State.IMPLEMENTING, State.ASSEMBLING)


def states_of(step: Step | str) -> list[State]:
    """All states of ``step``."""
    return [state for state in State if state.step == step]
