"""The law as a table: every act, where it begins and where it may lead."""

from dossiers.models import (
    State,
)

S = State

#: Where somebody is at work on the dossier before a certificate: withdrawn and reopened from there.
AT_WORK = {
    S.POTENTIAL,
    S.IDEA_REGISTERED,
    S.IDEA_RETURNED,
    S.IDEA_SCREENED,
    S.IDEA_SELECTED,
    S.PLAN_SUBMITTED,
    S.PLAN_RETURNED,
    S.PLAN_CHECKED,
    S.IMPLEMENTING,
    S.ASSEMBLING,
    S.DOSSIER_SUBMITTED,
    S.SUPPLEMENT_REQUESTED,
    S.COMMUNE_CHECKED,
    S.AT_DISTRICT,
    S.DISTRICT_EVALUATING,
    S.DISTRICT_RANKED,
    S.AT_PROVINCE,
    S.PROVINCE_EVALUATING,
    S.RANKED,
    S.AWAITING_DECISION,
    S.AT_CENTRE,
}
NO_COUNCIL_YET = AT_WORK - {S.DISTRICT_RANKED, S.RANKED, S.AWAITING_DECISION, S.AT_CENTRE}
REFUSED = {S.IDEA_NOT_SELECTED, S.PLAN_NOT_APPROVED, S.NOT_PROPOSED, S.NOT_RECOGNISED}
STAYS = None

#: act -> the states it begins in, the states it may lead to.
LAW = {
    "register_idea": ({S.POTENTIAL}, {S.IDEA_REGISTERED, S.IDEA_SCREENED}),
    "complete_idea": ({S.IDEA_RETURNED}, {S.IDEA_REGISTERED, S.IDEA_SCREENED}),
    "screen_idea": ({S.IDEA_REGISTERED}, {S.IDEA_SCREENED}),
    "return_idea": ({S.IDEA_REGISTERED, S.IDEA_SCREENED}, {S.IDEA_RETURNED}),
    "select_idea": ({S.IDEA_SCREENED}, {S.IDEA_SELECTED}),
    "not_select_idea": ({S.IDEA_SCREENED}, {S.IDEA_NOT_SELECTED}),
    "refile_idea": ({S.IDEA_NOT_SELECTED}, {S.IDEA_REGISTERED, S.IDEA_SCREENED}),
    "submit_plan": ({S.IDEA_SELECTED}, {S.PLAN_SUBMITTED}),
    "complete_plan": ({S.PLAN_RETURNED}, {S.PLAN_SUBMITTED}),
    "check_plan": ({S.PLAN_SUBMITTED}, {S.PLAN_CHECKED}),
    "return_plan": ({S.PLAN_SUBMITTED, S.PLAN_CHECKED}, {S.PLAN_RETURNED}),
    "approve_plan": ({S.PLAN_CHECKED}, {S.IMPLEMENTING}),
    "not_approve_plan": ({S.PLAN_CHECKED}, {S.PLAN_NOT_APPROVED}),
    "refile_plan": ({S.PLAN_NOT_APPROVED}, {S.PLAN_SUBMITTED}),
    "record_visit": ({S.IMPLEMENTING, S.ASSEMBLING}, STAYS),
    "record_support": ({S.IMPLEMENTING, S.ASSEMBLING}, STAYS),
    "declare_ready": ({S.IMPLEMENTING}, {S.ASSEMBLING}),
    "attach_evidence": (AT_WORK, STAYS),
    "choose_rubric": (NO_COUNCIL_YET, STAYS),
    "submit_dossier": ({S.ASSEMBLING}, {S.DOSSIER_SUBMITTED}),
    "confirm_dossier": ({S.DOSSIER_SUBMITTED}, {S.COMMUNE_CHECKED}),
    "return_to_officer": ({S.COMMUNE_CHECKED}, {S.DOSSIER_SUBMITTED}),
    "forward_to_district": ({S.COMMUNE_CHECKED}, {S.AT_DISTRICT}),
    "forward_to_province": ({S.COMMUNE_CHECKED, S.DISTRICT_RANKED}, {S.AT_PROVINCE}),
    "receive_directly": (
        {S.ASSEMBLING, S.DOSSIER_SUBMITTED, S.COMMUNE_CHECKED},
        {S.AT_DISTRICT, S.AT_PROVINCE},
    ),
    "return_for_supplement": (
        {S.DOSSIER_SUBMITTED, S.AT_DISTRICT, S.AT_PROVINCE},
        {S.SUPPLEMENT_REQUESTED},
    ),
    "supplement": (
        {S.SUPPLEMENT_REQUESTED},
        {S.DOSSIER_SUBMITTED, S.AT_DISTRICT, S.AT_PROVINCE},
    ),
    "accept_at_district": ({S.AT_DISTRICT}, {S.DISTRICT_EVALUATING}),
    "rank_at_district": ({S.DISTRICT_EVALUATING}, {S.DISTRICT_RANKED}),
    "not_propose": ({S.DISTRICT_EVALUATING, S.DISTRICT_RANKED}, {S.NOT_PROPOSED}),
    "accept_at_province": ({S.AT_PROVINCE}, {S.PROVINCE_EVALUATING}),
    "rank": ({S.PROVINCE_EVALUATING}, {S.RANKED}),
    "not_recognise": (
        {S.PROVINCE_EVALUATING, S.RANKED, S.AWAITING_DECISION},
        {S.NOT_RECOGNISED},
    ),
    "judge_again": (
        {S.DISTRICT_RANKED, S.RANKED, S.NOT_PROPOSED, S.NOT_RECOGNISED},
        {S.DISTRICT_EVALUATING, S.PROVINCE_EVALUATING},
    ),
    "propose_recognition": ({S.RANKED}, {S.AWAITING_DECISION}),
    "return_submission": ({S.AWAITING_DECISION}, {S.RANKED}),
    "certify": ({S.AWAITING_DECISION}, {S.CERTIFIED}),
    "nominate": ({S.AWAITING_DECISION}, {S.AT_CENTRE}),
    "record_centre_result": ({S.AT_CENTRE}, {S.CERTIFIED, S.RANKED}),
    "record_promotion": ({S.CERTIFIED, S.PROMOTED}, STAYS),
    "promote": ({S.CERTIFIED}, {S.PROMOTED}),
    "record_inspection": ({S.CERTIFIED, S.PROMOTED}, STAYS),
    "revoke": ({S.CERTIFIED, S.PROMOTED}, {S.REVOKED}),
    "enter_late": ({S.POTENTIAL}, {S.IDEA_SELECTED, S.IMPLEMENTING, S.ASSEMBLING}),
    "withdraw": (AT_WORK, {S.WITHDRAWN}),
    "correct_names": (set(S), STAYS),
    "defer": (NO_COUNCIL_YET | REFUSED, {S.DEFERRED}),
    "reopen": ({S.WITHDRAWN, S.DEFERRED, S.NOT_PROPOSED, S.NOT_RECOGNISED}, AT_WORK),
}

#: Acts that a task asks for; all others come in by the second door.
OF_A_TASK = {
    "register_idea",
    "complete_idea",
    "screen_idea",
    "return_idea",
    "select_idea",
    "not_select_idea",
    "submit_plan",
    "complete_plan",
    "check_plan",
    "return_plan",
    "approve_plan",
    "not_approve_plan",
    "declare_ready",
    "submit_dossier",
    "confirm_dossier",
    "return_to_officer",
    "forward_to_district",
    "forward_to_province",
    "return_for_supplement",
    "supplement",
    "accept_at_district",
    "rank_at_district",
    "not_propose",
    "accept_at_province",
    "rank",
    "not_recognise",
    "propose_recognition",
    "return_submission",
    "certify",
    "nominate",
    "record_centre_result",
    "promote",
}
#: Nobody's by their post: a round does it.
ON_AUTHORITY = {"judge_again"}
OF_THE_DISTRICT = {S.AT_DISTRICT, S.DISTRICT_EVALUATING, S.DISTRICT_RANKED, S.NOT_PROPOSED}
