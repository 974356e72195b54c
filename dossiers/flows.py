"""The choreography: who acts next, one flow per edition of the procedure.

What may legally be done to a dossier is ``Dossier``'s business. Flows are never subclassed: their
nodes would be shared.
"""

from typing import Any

from viewflow import this
from viewflow.workflow import flow

from cycle.models import RuleSet
from dossiers.models.dossier import Dossier
from dossiers.models.task import Process, Task
from dossiers.walk.engine import LOCK, OfficerTask, standing


class ThreeLevelsFlow(flow.Flow):
    """Ba cấp: xã, huyện, tỉnh (QĐ 851/2018, QĐ 1048/2019 và 781/2020)"""

    process_class, task_class = Process, Task
    lock_impl = LOCK

    start = flow.StartHandle(this.begin).Next(this.stand)
    stand = standing(
        "register_idea",
        "complete_idea",
        "screen_idea",
        "select_idea",
        "submit_plan",
        "complete_plan",
        "check_plan",
        "appraise_plan",
        "implement",
        "assemble_dossier",
        "supplement",
        "check_dossier",
        "sign_report",
        "check_at_district",
        "evaluate_at_district",
        "forward_from_district",
        "check_at_province",
        "evaluate_at_province",
        "propose_recognition",
        "decide",
        "await_centre",
        "promote",
    )

    register_idea = OfficerTask().Next(this.screen_idea, this.select_idea)
    complete_idea = OfficerTask().Next(this.screen_idea, this.select_idea)
    screen_idea = OfficerTask().Next(this.select_idea, this.complete_idea)
    select_idea = OfficerTask().Next(this.submit_plan, this.complete_idea, this.end)

    submit_plan = OfficerTask().Next(this.check_plan)
    complete_plan = OfficerTask().Next(this.check_plan)
    check_plan = OfficerTask().Next(this.appraise_plan, this.complete_plan)
    appraise_plan = OfficerTask().Next(this.implement, this.complete_plan, this.end)

    implement = OfficerTask().Next(this.assemble_dossier)

    assemble_dossier = OfficerTask().Next(this.check_dossier)
    check_dossier = OfficerTask().Next(this.sign_report, this.supplement)
    sign_report = OfficerTask().Next(this.check_at_district, this.check_dossier)
    supplement = OfficerTask().Next(
        this.check_dossier, this.check_at_district, this.check_at_province
    )
    check_at_district = OfficerTask().Next(this.evaluate_at_district, this.supplement)
    evaluate_at_district = OfficerTask().Next(this.forward_from_district, this.end)
    forward_from_district = OfficerTask().Next(this.check_at_province, this.end)
    check_at_province = OfficerTask().Next(this.evaluate_at_province, this.supplement)
    evaluate_at_province = OfficerTask().Next(this.propose_recognition, this.end)
    propose_recognition = OfficerTask().Next(this.decide, this.end)
    decide = OfficerTask().Next(this.promote, this.propose_recognition, this.await_centre, this.end)
    await_centre = OfficerTask().Next(this.promote, this.propose_recognition)

    promote = OfficerTask().Next(this.end)
    end = flow.End()

    def begin(self, activation: Any, dossier: Dossier) -> Process:
        """Tie the process to its dossier."""
        activation.process.dossier = dossier
        return activation.process


class TwoLevelsFlow(flow.Flow):
    """Hai cấp: xã, tỉnh (QĐ 26/2026/QĐ-TTg)"""

    process_class, task_class = Process, Task
    lock_impl = LOCK

    start = flow.StartHandle(this.begin).Next(this.stand)
    stand = standing(
        "register_idea",
        "complete_idea",
        "screen_idea",
        "select_idea",
        "submit_plan",
        "complete_plan",
        "check_plan",
        "appraise_plan",
        "implement",
        "assemble_dossier",
        "supplement",
        "check_dossier",
        "sign_report",
        "check_at_province",
        "evaluate_at_province",
        "propose_recognition",
        "decide",
        "await_centre",
        "promote",
    )

    register_idea = OfficerTask().Next(this.screen_idea)
    complete_idea = OfficerTask().Next(this.screen_idea)
    screen_idea = OfficerTask().Next(this.select_idea, this.complete_idea)
    select_idea = OfficerTask().Next(this.submit_plan, this.complete_idea, this.end)

    submit_plan = OfficerTask().Next(this.check_plan)
    complete_plan = OfficerTask().Next(this.check_plan)
    check_plan = OfficerTask().Next(this.appraise_plan, this.complete_plan)
    appraise_plan = OfficerTask().Next(this.implement, this.complete_plan, this.end)

    implement = OfficerTask().Next(this.assemble_dossier)

    assemble_dossier = OfficerTask().Next(this.check_dossier)
    check_dossier = OfficerTask().Next(this.sign_report, this.supplement)
    sign_report = OfficerTask().Next(this.check_at_province, this.check_dossier)
    supplement = OfficerTask().Next(this.check_dossier, this.check_at_province)
    check_at_province = OfficerTask().Next(this.evaluate_at_province, this.supplement)
    evaluate_at_province = OfficerTask().Next(this.propose_recognition, this.end)
    propose_recognition = OfficerTask().Next(this.decide, this.end)
    decide = OfficerTask().Next(this.promote, this.propose_recognition, this.await_centre, this.end)
    await_centre = OfficerTask().Next(this.promote, this.propose_recognition)

    promote = OfficerTask().Next(this.end)
    end = flow.End()

    def begin(self, activation: Any, dossier: Dossier) -> Process:
        """Tie the process to its dossier."""
        activation.process.dossier = dossier
        return activation.process


#: By the name of the procedure in a rule set.
FLOWS: dict[str, Any] = {"three_levels": ThreeLevelsFlow, "two_levels": TwoLevelsFlow}


def of(rule_set: RuleSet) -> Any:
    """The flow of the edition that ``rule_set`` belongs to."""
    return FLOWS[rule_set.procedure]
