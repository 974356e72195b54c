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
#: Filed to be evaluated, and not decided yet.
UNDECIDED = {
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
REFUSED = {S.IDEA_NOT_SELECTED, S.PLAN_NOT_APPROVED, S.NOT_PROPOSED, S.NOT_RECOGNISED}
STAYS = None

#: act -> the states it begins in, the states it may lead to, and what it asks: a ``task``, the
#: ``authority`` of a round, a ``reason``, a signed ``paper``, the commune's ``request`` where the
#: edition demands one.
TABLE = {
    "register_idea": ({S.POTENTIAL}, {S.IDEA_REGISTERED, S.IDEA_SCREENED}, "task"),
    "complete_idea": ({S.IDEA_RETURNED}, {S.IDEA_REGISTERED, S.IDEA_SCREENED}, "task"),
    "screen_idea": ({S.IDEA_REGISTERED}, {S.IDEA_SCREENED}, "task"),
    "return_idea": ({S.IDEA_REGISTERED, S.IDEA_SCREENED}, {S.IDEA_RETURNED}, "task reason"),
    "select_idea": ({S.IDEA_SCREENED}, {S.IDEA_SELECTED}, "task"),
    "not_select_idea": ({S.IDEA_SCREENED}, {S.IDEA_NOT_SELECTED}, "task reason"),
    "refile_idea": ({S.IDEA_NOT_SELECTED}, {S.IDEA_REGISTERED, S.IDEA_SCREENED}, ""),
    "submit_plan": ({S.IDEA_SELECTED}, {S.PLAN_SUBMITTED}, "task"),
    "complete_plan": ({S.PLAN_RETURNED}, {S.PLAN_SUBMITTED}, "task"),
    "check_plan": ({S.PLAN_SUBMITTED}, {S.PLAN_CHECKED}, "task"),
    "return_plan": ({S.PLAN_SUBMITTED, S.PLAN_CHECKED}, {S.PLAN_RETURNED}, "task reason"),
    "approve_plan": ({S.PLAN_CHECKED}, {S.IMPLEMENTING}, "task"),
    "not_approve_plan": ({S.PLAN_CHECKED}, {S.PLAN_NOT_APPROVED}, "task reason"),
    "refile_plan": ({S.PLAN_NOT_APPROVED}, {S.PLAN_SUBMITTED}, ""),
    "record_visit": ({S.IMPLEMENTING, S.ASSEMBLING}, STAYS, ""),
    "record_support": ({S.IMPLEMENTING, S.ASSEMBLING}, STAYS, ""),
    "record_payment": (set(S), STAYS, ""),
    "declare_ready": ({S.IMPLEMENTING}, {S.ASSEMBLING}, "task"),
    "attach_evidence": (AT_WORK, STAYS, ""),
    "choose_rubric": (NO_COUNCIL_YET, STAYS, ""),
    "submit_dossier": ({S.ASSEMBLING}, {S.DOSSIER_SUBMITTED}, "task"),
    "record_samples": (UNDECIDED, STAYS, ""),
    "confirm_dossier": ({S.DOSSIER_SUBMITTED}, {S.COMMUNE_CHECKED}, "task"),
    "return_to_officer": ({S.COMMUNE_CHECKED}, {S.DOSSIER_SUBMITTED}, "task reason"),
    "forward_to_district": ({S.COMMUNE_CHECKED}, {S.AT_DISTRICT}, "task request"),
    "forward_to_province": (
        {S.COMMUNE_CHECKED, S.DISTRICT_RANKED},
        {S.AT_PROVINCE},
        "task request",
    ),
    "receive_directly": (
        {S.ASSEMBLING, S.DOSSIER_SUBMITTED, S.COMMUNE_CHECKED},
        {S.AT_DISTRICT, S.AT_PROVINCE},
        "reason",
    ),
    "return_for_supplement": (
        {S.DOSSIER_SUBMITTED, S.AT_DISTRICT, S.AT_PROVINCE},
        {S.SUPPLEMENT_REQUESTED},
        "task reason",
    ),
    "supplement": (
        {S.SUPPLEMENT_REQUESTED},
        {S.DOSSIER_SUBMITTED, S.AT_DISTRICT, S.AT_PROVINCE},
        "task",
    ),
    "accept_at_district": ({S.AT_DISTRICT}, {S.DISTRICT_EVALUATING}, "task"),
    "rank_at_district": ({S.DISTRICT_EVALUATING}, {S.DISTRICT_RANKED}, "task paper"),
    "not_propose": ({S.DISTRICT_EVALUATING, S.DISTRICT_RANKED}, {S.NOT_PROPOSED}, "task reason"),
    "accept_at_province": ({S.AT_PROVINCE}, {S.PROVINCE_EVALUATING}, "task"),
    "rank": ({S.PROVINCE_EVALUATING}, {S.RANKED}, "task paper"),
    "not_recognise": (
        {S.PROVINCE_EVALUATING, S.RANKED, S.AWAITING_DECISION},
        {S.NOT_RECOGNISED},
        "task reason paper",
    ),
    "judge_again": (
        {S.DISTRICT_RANKED, S.RANKED, S.NOT_PROPOSED, S.NOT_RECOGNISED},
        {S.DISTRICT_EVALUATING, S.PROVINCE_EVALUATING},
        "authority",
    ),
    "propose_recognition": ({S.RANKED}, {S.AWAITING_DECISION}, "task"),
    "return_submission": ({S.AWAITING_DECISION}, {S.RANKED}, "task reason"),
    "certify": ({S.AWAITING_DECISION}, {S.CERTIFIED}, "task paper"),
    "nominate": ({S.AWAITING_DECISION}, {S.AT_CENTRE}, "task paper"),
    "approve_result": ({S.AWAITING_DECISION}, STAYS, "paper"),
    "evaluate_again": (
        {S.RANKED, S.AWAITING_DECISION},
        {S.PROVINCE_EVALUATING},
        "task reason paper",
    ),
    "order_evaluation": ({S.CERTIFIED, S.PROMOTED}, STAYS, "reason paper"),
    "withdraw_decision": ({S.CERTIFIED, S.PROMOTED}, {S.REVOKED}, "reason paper"),
    "record_centre_result": ({S.AT_CENTRE}, {S.CERTIFIED, S.RANKED}, "task paper"),
    "record_call": ({S.CERTIFIED, S.PROMOTED}, STAYS, ""),
    "record_promotion": ({S.CERTIFIED, S.PROMOTED}, STAYS, ""),
    "notify_result": (
        {S.AT_CENTRE, S.CERTIFIED, S.PROMOTED, S.NOT_RECOGNISED},
        STAYS,
        "paper",
    ),
    "number_certificate": ({S.CERTIFIED, S.PROMOTED}, STAYS, ""),
    "correct_number": (set(S), STAYS, "reason"),
    "promote": ({S.CERTIFIED}, {S.PROMOTED}, "task"),
    "record_inspection": ({S.CERTIFIED, S.PROMOTED}, STAYS, ""),
    "confirm_stopped": ({S.CERTIFIED, S.PROMOTED}, STAYS, "paper"),
    "report_revocation": ({S.CERTIFIED, S.PROMOTED}, STAYS, "reason paper"),
    "revoke": ({S.CERTIFIED, S.PROMOTED}, {S.REVOKED}, "reason paper"),
    "enter_late": ({S.POTENTIAL}, {S.IDEA_SELECTED, S.IMPLEMENTING, S.ASSEMBLING}, "reason"),
    "withdraw": (AT_WORK, {S.WITHDRAWN}, "reason"),
    "correct_names": (set(S), STAYS, "reason paper"),
    "correct_call": (set(S), STAYS, "reason"),
    "correct_visit": (set(S), STAYS, "reason"),
    "correct_support": (set(S), STAYS, "reason"),
    "correct_payment": (set(S), STAYS, "reason"),
    "correct_promotion": (set(S), STAYS, "reason"),
    "correct_samples": (set(S), STAYS, "reason"),
    "correct_completion": (set(S), STAYS, "reason"),
    "correct_report": (set(S), STAYS, "reason"),
    "correct_inspection": (set(S), STAYS, "reason"),
    "correct_details": (set(S), STAYS, "reason"),
    "defer": (NO_COUNCIL_YET | REFUSED, {S.DEFERRED}, "reason"),
    "carry_over": (AT_WORK, STAYS, "reason"),
    "reopen": ({S.WITHDRAWN, S.DEFERRED, S.NOT_PROPOSED, S.NOT_RECOGNISED}, AT_WORK, "reason"),
}
#: act -> the states it begins in, the states it may lead to.
LAW = {act: (begins, leads) for act, (begins, leads, _asks) in TABLE.items()}


def asking(what):
    """The acts that ask for it."""
    return {act for act, (_begins, _leads, asks) in TABLE.items() if what in asks.split()}


#: Acts that a task asks for; all others come in by the second door.
OF_A_TASK = asking("task")
#: Nobody's by their post: a round does it.
ON_AUTHORITY = asking("authority")
#: Acts that send back, refuse or leave the usual way: never without a reason.
NEEDS_REASON = asking("reason")
#: Results, decisions, withdrawals: on a signed document with its scan, unless a closed round says so.
NEEDS_PAPER = asking("paper")
#: By them a commune proposes: under the edition that demands it, on its official request.
PROPOSES = asking("request")
OF_THE_DISTRICT = {S.AT_DISTRICT, S.DISTRICT_EVALUATING, S.DISTRICT_RANKED, S.NOT_PROPOSED}
