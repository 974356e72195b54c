"""The scenes of the demo: how far each dossier has come."""

from dataclasses import dataclass

# --- How far a dossier has walked: the acts done, after its opening --------------------------
# The word after a colon is the act's result; see Walk.act.

REGISTERED = ("register_idea",)
SCREENED = (*REGISTERED, "screen_idea")
SELECTED = (*SCREENED, "select_idea")
PLANNED = (*SELECTED, "submit_plan")
CHECKED = (*PLANNED, "check_plan")
APPROVED = (*CHECKED, "approve_plan")
READY = (*APPROVED, "record_visit", "record_support", "declare_ready")
SUBMITTED = (*READY, "choose_rubric", "attach_evidence", "submit_dossier")
SIGNED = (*SUBMITTED, "confirm_dossier")
IN_PROVINCE = (*SIGNED, "forward_to_province")
JUDGED = (*IN_PROVINCE, "accept_at_province")
RANKED = (*JUDGED, "rank")
PROPOSED = (*RANKED, "propose_recognition")
CERTIFIED = (*PROPOSED, "certify")
FOUR_STARS = (*JUDGED, "rank:76", "propose_recognition", "certify:unnumbered")
REFUSED_IDEA = (*SCREENED, "not_select_idea")
REFUSED_PLAN = (*CHECKED, "not_approve_plan")
EXISTING = ("enter_late:existing", *SUBMITTED[len(READY) :], "confirm_dossier")
UPGRADE = ("enter_late:upgrade", *EXISTING[1:])
BEST = (*JUDGED, "rank:93", "propose_recognition")
NOMINATED = (*BEST, "approve_result", "nominate")
IN_DISTRICT = (*SIGNED, "forward_to_district")
IN_DISTRICT_COUNCIL = (*IN_DISTRICT, "accept_at_district")
DISTRICT_RANKED = (*IN_DISTRICT_COUNCIL, "rank_at_district")


@dataclass(frozen=True)
class Scene:
    """Dossiers that have come equally far: ``acts`` done, now at the task ``node`` ("": parked).

    ``home`` of them are in the first commune, ``away`` in the others.
    """

    node: str
    acts: tuple
    home: int = 0
    away: int = 0
    then: str = ""


TWO_LEVEL_SCENES = (
    Scene("register_idea", (), 1, 2),
    Scene("screen_idea", REGISTERED, 1, 1),
    Scene("screen_idea", (*REFUSED_IDEA, "refile_idea"), 0, 1),
    Scene("complete_idea", (*REGISTERED, "return_idea"), 1, 1),
    Scene("select_idea", SCREENED, 0, 3),
    Scene("select_idea", (*REFUSED_IDEA, "refile_idea", "screen_idea"), 0, 1),
    Scene("", REFUSED_IDEA, 1, 1),
    Scene("submit_plan", SELECTED, 1, 2),
    Scene("check_plan", PLANNED, 0, 1, then="claim"),
    Scene("check_plan", PLANNED, 1, 0, then="wait"),
    Scene("complete_plan", (*CHECKED, "return_plan"), 0, 2),
    Scene("appraise_plan", CHECKED, 0, 2),
    Scene("appraise_plan", (*REFUSED_PLAN, "refile_plan", "check_plan"), 0, 1, then="claim"),
    Scene("", REFUSED_PLAN, 0, 1),
    Scene("implement", (*APPROVED, "record_visit", "record_support"), 1, 3),
    Scene("assemble_dossier", READY, 0, 1),
    Scene("assemble_dossier", EXISTING[:1], 1, 1),
    Scene("assemble_dossier", UPGRADE[:3], 0, 1),
    Scene("check_dossier", SUBMITTED, 1, 1),
    Scene("check_dossier", SUBMITTED, 0, 1, then="wait"),
    Scene("supplement", (*SUBMITTED, "return_for_supplement"), 0, 1),
    Scene("supplement", (*IN_PROVINCE, "return_for_supplement"), 0, 2),
    Scene("sign_report", SIGNED, 2, 1),
    Scene("sign_report", EXISTING, 1, 1),
    Scene("check_at_province", IN_PROVINCE, 1, 1),
    Scene("check_at_province", (*UPGRADE, "forward_to_province"), 0, 1, then="claim"),
    Scene("check_at_province", (*IN_PROVINCE, "return_for_supplement", "supplement"), 0, 1),
    Scene("evaluate_at_province", JUDGED, 0, 1),
    Scene("evaluate_at_province", JUDGED, 0, 3, then="open"),
    Scene("evaluate_at_province", JUDGED, 0, 1, then="wait"),
    Scene("propose_recognition", RANKED, 0, 1),
    Scene("propose_recognition", JUDGED, 0, 3, then="closed"),
    Scene("propose_recognition", (*NOMINATED, "record_centre_result:88"), 0, 1),
    Scene("decide", PROPOSED, 1, 2),
    Scene("decide", BEST, 0, 1),
    Scene("await_centre", NOMINATED, 0, 1),
    Scene("", (*RANKED, "not_recognise"), 0, 1),
    Scene("", (*JUDGED, "not_recognise"), 0, 1),
    Scene("promote", CERTIFIED, 0, 1),
    Scene("promote", FOUR_STARS, 0, 1),
    Scene("promote", (*UPGRADE, *FOUR_STARS[len(SIGNED) :]), 0, 1),
    Scene("promote", (*CERTIFIED, "record_promotion"), 0, 1),
    Scene("", (*CERTIFIED, "record_promotion", "promote"), 0, 1),
    Scene("", (*NOMINATED, "record_centre_result:92", "promote"), 0, 1),
    Scene("", (*CHECKED, "withdraw"), 0, 1),
    Scene("", (*SUBMITTED, "withdraw"), 0, 1),
    Scene("", (*SELECTED, "defer"), 0, 1),
    Scene("", (*APPROVED, "record_visit", "defer"), 0, 1),
    Scene("", (*CERTIFIED, "record_inspection", "revoke"), 0, 1),
    Scene("evaluate_at_province", JUDGED, 0, 1, then="reopened"),
)

THREE_LEVEL_SCENES = (
    Scene("screen_idea", REGISTERED, 1, 0),
    Scene("select_idea", SCREENED, 1, 1),
    Scene("submit_plan", SELECTED, 1, 0),
    Scene("appraise_plan", CHECKED, 1, 1),
    Scene("implement", (*APPROVED, "record_visit", "record_support"), 0, 1),
    Scene("assemble_dossier", EXISTING[:1], 1, 0),
    Scene("check_dossier", SUBMITTED, 1, 0),
    Scene("sign_report", SIGNED, 2, 0),
    Scene("sign_report", EXISTING, 1, 1),
    Scene("check_at_district", IN_DISTRICT, 1, 1),
    Scene("check_at_district", IN_DISTRICT, 0, 1, then="claim"),
    Scene("supplement", (*IN_DISTRICT, "return_for_supplement"), 0, 1),
    Scene("evaluate_at_district", IN_DISTRICT_COUNCIL, 2, 0),
    Scene("evaluate_at_district", (*EXISTING, *IN_DISTRICT_COUNCIL[-2:]), 1, 1),
    Scene("forward_from_district", DISTRICT_RANKED, 2, 0),
    Scene("forward_from_district", (*IN_DISTRICT_COUNCIL, "rank_at_district:43"), 1, 1),
    Scene("", (*IN_DISTRICT_COUNCIL, "rank_at_district:41", "not_propose"), 0, 1),
    Scene("check_at_province", (*DISTRICT_RANKED, "forward_to_province"), 1, 0),
    Scene(
        "evaluate_at_province",
        (*DISTRICT_RANKED, "forward_to_province", "accept_at_province"),
        1,
        0,
    ),
    Scene(
        "promote",
        (*DISTRICT_RANKED, "forward_to_province", *CERTIFIED[len(IN_PROVINCE) :]),
        0,
        1,
    ),
)
