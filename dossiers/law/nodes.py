"""The tasks of the walk: each one's name, and the dossier's state while it is open. A leaf.

Names are stored in the database and are the same in all editions: renaming one is a data migration.
"""

from dossiers.law.states import State as S

NODES = {
    "register_idea": S.POTENTIAL,
    "complete_idea": S.IDEA_RETURNED,
    "screen_idea": S.IDEA_REGISTERED,
    "select_idea": S.IDEA_SCREENED,
    "submit_plan": S.IDEA_SELECTED,
    "complete_plan": S.PLAN_RETURNED,
    "check_plan": S.PLAN_SUBMITTED,
    "appraise_plan": S.PLAN_CHECKED,
    "implement": S.IMPLEMENTING,
    "assemble_dossier": S.ASSEMBLING,
    "supplement": S.SUPPLEMENT_REQUESTED,
    "check_dossier": S.DOSSIER_SUBMITTED,
    "sign_report": S.COMMUNE_CHECKED,
    "check_at_district": S.AT_DISTRICT,
    "evaluate_at_district": S.DISTRICT_EVALUATING,
    "forward_from_district": S.DISTRICT_RANKED,
    "check_at_province": S.AT_PROVINCE,
    "evaluate_at_province": S.PROVINCE_EVALUATING,
    "propose_recognition": S.RANKED,
    "decide": S.AWAITING_DECISION,
    "await_centre": S.AT_CENTRE,
    "promote": S.CERTIFIED,
}

#: Tasks in which the office waits for the producer to bring something.
WAITS_FOR_PRODUCER = frozenset({"complete_idea", "complete_plan", "supplement"})
