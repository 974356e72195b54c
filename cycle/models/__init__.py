from cycle.models.calendar import Cycle, DayOff, Duty, StepWindow, TermRule, end_of
from cycle.models.fault import FaultKind, FileFault
from cycle.models.folding import Fold, FoldNumber, check_symbol, fold, fold_number
from cycle.models.history import HistoryEntry, HistoryHead, OutboxMessage, Stream
from cycle.models.job import Job, JobState, job_kind
from cycle.models.organisation import (
    Level,
    OrgUnit,
    Role,
    RoleAssignment,
    Substitution,
    User,
    people_of,
)
from cycle.models.ruleset import Criterion, Elimination, Option, Rubric, RuleSet, Wording
from cycle.models.visitor import Visitor

__all__ = [
    "Criterion",
    "Cycle",
    "DayOff",
    "Duty",
    "Elimination",
    "FaultKind",
    "FileFault",
    "Fold",
    "FoldNumber",
    "HistoryEntry",
    "HistoryHead",
    "Job",
    "JobState",
    "Level",
    "Option",
    "OrgUnit",
    "OutboxMessage",
    "Role",
    "RoleAssignment",
    "Rubric",
    "RuleSet",
    "StepWindow",
    "Stream",
    "Substitution",
    "TermRule",
    "User",
    "Visitor",
    "Wording",
    "end_of",
    "check_symbol",
    "fold",
    "fold_number",
    "job_kind",
    "people_of",
]
