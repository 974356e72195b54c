"""The choreography: who acts next, one flow per edition of the procedure.

What may legally be done to a dossier is ``Dossier``'s business. Flows are never subclassed: their
nodes would be shared. Their paths (``dossiers/flows.TwoLevelsFlow``) are stored in rows.
"""

from collections.abc import Mapping
from typing import Any

from viewflow import this
from viewflow.workflow import flow

from cycle.models import RuleSet
from dossiers.law.acts import Act
from dossiers.law.nodes import NODES
from dossiers.law.states import State
from dossiers.models.dossier import Dossier
from dossiers.models.task import Process, Task
from dossiers.walk.engine import LOCK, OfficerTask, standing

#: task -> the tasks that may follow it; ``end`` takes a dossier that leaves the walk.
Edges = Mapping[str, tuple[str, ...]]

THREE_LEVELS: Edges = {
    "register_idea": ("screen_idea", "select_idea"),
    "complete_idea": ("screen_idea", "select_idea"),
    "screen_idea": ("select_idea", "complete_idea"),
    "select_idea": ("submit_plan", "complete_idea", "end"),
    #
    "submit_plan": ("check_plan",),
    "complete_plan": ("check_plan",),
    "check_plan": ("appraise_plan", "complete_plan"),
    "appraise_plan": ("implement", "complete_plan", "end"),
    #
    "implement": ("assemble_dossier",),
    #
    "assemble_dossier": ("check_dossier",),
    "supplement": ("check_dossier", "check_at_district", "check_at_province"),
    "check_dossier": ("sign_report", "supplement"),
    "sign_report": ("check_at_district", "check_dossier"),
    "check_at_district": ("evaluate_at_district", "supplement"),
    "evaluate_at_district": ("forward_from_district", "end"),
    "forward_from_district": ("check_at_province", "end"),
    "check_at_province": ("evaluate_at_province", "supplement"),
    "evaluate_at_province": ("propose_recognition", "end"),
    "propose_recognition": ("decide", "evaluate_at_province", "end"),
    "decide": ("promote", "propose_recognition", "evaluate_at_province", "await_centre", "end"),
    "await_centre": ("promote", "propose_recognition"),
    #
    "promote": ("end",),
}

_OF_THE_DISTRICT = ("check_at_district", "evaluate_at_district", "forward_from_district")

#: No district evaluates: the commune screens every idea, and sends the file to the province.
TWO_LEVELS: Edges = {
    name: followers for name, followers in THREE_LEVELS.items() if name not in _OF_THE_DISTRICT
} | {
    "register_idea": ("screen_idea",),
    "complete_idea": ("screen_idea",),
    "supplement": ("check_dossier", "check_at_province"),
    "sign_report": ("check_at_province", "check_dossier"),
}


def _tasks(edges: Edges) -> dict[str, OfficerTask]:
    """New nodes for the tasks, for the body of one flow."""
    return {
        name: OfficerTask().Next(*(getattr(this, follower) for follower in followers))
        for name, followers in edges.items()
    }


def _begin(_flow: flow.Flow, activation: Any, dossier: Dossier) -> Process:
    """Set the dossier of a new process."""
    activation.process.dossier = dossier
    return activation.process


class ThreeLevelsFlow(flow.Flow):
    """Ba cấp: xã, huyện, tỉnh (QĐ 851/2018, QĐ 1048/2019 và 781/2020)"""

    process_class, task_class = Process, Task
    lock_impl = LOCK
    begin = _begin

    start = flow.StartHandle(this.begin).Next(this.stand)
    stand = standing(*THREE_LEVELS)
    vars().update(_tasks(THREE_LEVELS))
    end = flow.End()


class TwoLevelsFlow(flow.Flow):
    """Hai cấp: xã, tỉnh (QĐ 26/2026/QĐ-TTg)"""

    process_class, task_class = Process, Task
    lock_impl = LOCK
    begin = _begin

    start = flow.StartHandle(this.begin).Next(this.stand)
    stand = standing(*TWO_LEVELS)
    vars().update(_tasks(TWO_LEVELS))
    end = flow.End()


#: By the name of the procedure in a rule set.
FLOWS: dict[str, Any] = {"three_levels": ThreeLevelsFlow, "two_levels": TwoLevelsFlow}
_EDGES = {"three_levels": THREE_LEVELS, "two_levels": TWO_LEVELS}


def of(rule_set: RuleSet) -> Any:
    """The flow of the edition that ``rule_set`` belongs to."""
    return FLOWS[rule_set.procedure]


def begins_in(act: Act, procedure: str) -> list[State]:
    """The states in which an act that a task asks for may begin in a ``procedure``: those whose
    task is followed there by what the act leads to.
    """
    edges, found = _EDGES[procedure], []
    for node, state in NODES.items():
        # None: out of the walk.
        follow = {NODES.get(name) for name in edges.get(node, ())}
        leads = {led if led in NODES.values() else None for led in act.leads}
        if state in act.begins and node in edges and (not leads or leads & follow):
            found.append(state)
    return found
