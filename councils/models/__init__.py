from councils.models.appraisal import Appraisal, AppraisalPhoto, VisitGround
from councils.models.council import (
    JUDGES,
    TEAM,
    ConflictRule,
    Council,
    Member,
    Regulation,
    Seat,
)
from councils.models.document import DocumentKind, DocumentTemplate, SignedDocument
from councils.models.entry import Attendance, Reading, RoundEntry, RoundState
from councils.models.interest import Interest, InterestKind, Resolution
from councils.models.opinion import Opinion
from councils.models.result import Closing, Consequence, Reopening, Result
from councils.models.round import (
    RUNS,
    EvaluationRound,
    RoundClosed,
    RoundMode,
)
from councils.models.scoresheet import Score, Scoresheet, SheetSealed, SheetState

__all__ = [
    "JUDGES",
    "RUNS",
    "TEAM",
    "Appraisal",
    "AppraisalPhoto",
    "Attendance",
    "Closing",
    "ConflictRule",
    "Consequence",
    "Council",
    "DocumentKind",
    "DocumentTemplate",
    "EvaluationRound",
    "Interest",
    "InterestKind",
    "Member",
    "Opinion",
    "Reading",
    "Regulation",
    "Reopening",
    "Resolution",
    "Result",
    "RoundClosed",
    "RoundEntry",
    "RoundMode",
    "RoundState",
    "Score",
    "Scoresheet",
    "Seat",
    "SheetSealed",
    "SheetState",
    "SignedDocument",
    "VisitGround",
]
