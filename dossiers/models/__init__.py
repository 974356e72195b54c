from dossiers.law.conditions import ActNotPossible, ConditionNotMet
from dossiers.law.states import State
from dossiers.models.act_batch import ActBatch, ActBatchRow, RowState
from dossiers.models.allotment import Allotment
from dossiers.models.certificate import Certificate, CertificateNumber, Edition
from dossiers.models.dossier import Dossier, Route
from dossiers.models.draft import Draft
from dossiers.models.erasure import Because, Erasure
from dossiers.models.events import (
    OutreachAttendance,
    OutreachEvent,
    OutreachFile,
    OutreachKind,
    PlannedOutreach,
    PlannedPlace,
    PromotionEvent,
)
from dossiers.models.evidence import Evidence
from dossiers.models.filing_number import FilingNumber
from dossiers.models.law import ACTS, CaseType, LateEntry
from dossiers.models.paper import OfficialDocument
from dossiers.models.plan import PlanPaper
from dossiers.models.potential import Potential, PotentialSource, PotentialState
from dossiers.models.product import OwnerType, Producer, Product, ProductGroup
from dossiers.models.records import (
    BusinessPlan,
    Call,
    CommuneReport,
    Completion,
    Conclusion,
    Evaluation,
    FundingSource,
    Ground,
    Idea,
    Inspection,
    Payment,
    Promotion,
    Review,
    Revocation,
    SampleReceipt,
    SelfAssessment,
    StoppedProduction,
    SupportKind,
    SupportMeasure,
    Visit,
)
from dossiers.models.stock import (
    ARCHIVE,
    BatchState,
    RowKind,
    StockBatch,
    StockKind,
    StockRow,
)
from dossiers.models.task import PaperRequired, Process, Task, TaskAlreadyDone
from dossiers.models.term import Firing, Term, TermEvent, TermState
from dossiers.models.year import YearClosing

__all__ = [
    "ACTS",
    "ARCHIVE",
    "ActBatch",
    "ActBatchRow",
    "ActNotPossible",
    "BatchState",
    "Because",
    "BusinessPlan",
    "Call",
    "CaseType",
    "Allotment",
    "Certificate",
    "CertificateNumber",
    "CommuneReport",
    "Completion",
    "Conclusion",
    "ConditionNotMet",
    "Dossier",
    "Draft",
    "Edition",
    "Erasure",
    "Evaluation",
    "Ground",
    "Evidence",
    "FilingNumber",
    "Firing",
    "Idea",
    "Inspection",
    "LateEntry",
    "OfficialDocument",
    "OutreachAttendance",
    "OutreachEvent",
    "OutreachFile",
    "OutreachKind",
    "OwnerType",
    "PaperRequired",
    "PlanPaper",
    "PlannedOutreach",
    "PlannedPlace",
    "Potential",
    "PotentialSource",
    "PotentialState",
    "Process",
    "Producer",
    "Product",
    "ProductGroup",
    "Promotion",
    "PromotionEvent",
    "Review",
    "Revocation",
    "Route",
    "RowKind",
    "RowState",
    "SampleReceipt",
    "SelfAssessment",
    "State",
    "StockBatch",
    "StockKind",
    "StockRow",
    "StoppedProduction",
    "FundingSource",
    "Payment",
    "SupportKind",
    "SupportMeasure",
    "Task",
    "TaskAlreadyDone",
    "Term",
    "TermEvent",
    "TermState",
    "Visit",
    "YearClosing",
]
