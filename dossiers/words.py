"""The stored words of dossiers that may never be renamed; see ``cycle/words.py``."""

from django.apps import apps
from django.urls import Resolver404, resolve

from cycle import words
from cycle.models import Duty
from cycle.models.calendar import ESCALATED_TO
from cycle.words import column, payload
from dossiers import flows
from dossiers.law.nodes import NODES
from dossiers.law.states import State
from dossiers.models import ACTS, ActBatch, Certificate, Dossier, Process, Route, Task, Term
from dossiers.models.term import Firing


def flow_paths() -> set[str]:
    """The path of each flow, as the engine stores it."""
    stored_as = Process._meta.get_field("flow_class").get_prep_value
    return {stored_as(flow) for flow in flows.FLOWS.values()}


def flow_nodes() -> set[str]:
    """The path of each node of each flow, as the engine stores it."""
    stored_as = Task._meta.get_field("flow_task").get_prep_value
    return {stored_as(node) for flow in flows.FLOWS.values() for node in flow.instance.nodes()}


def record_names() -> set[str]:
    """The model names by which history points to records."""
    return {str(model._meta.model_name) for model in apps.get_app_config("dossiers").get_models()}


def public_addresses() -> set[str]:
    """The first parts of addresses that are printed on paper, as far as they still work."""
    try:
        match = resolve("/c/token/")
    except Resolver404:
        return set()
    return {"/c/…/"} if match.view_name == "dossiers:certificate" else set()


words.register(
    "trạng thái hồ sơ",
    lambda: State.values,
    column(Dossier, "returned_from"),
    column(Dossier, "parked_from"),
    column(words.HistoryEntry, "before", "event LIKE 'dossier.%'"),
    column(words.HistoryEntry, "after", "event LIKE 'dossier.%'"),
)
words.register(
    "nút công việc",
    lambda: NODES,
    column(Duty, "node"),
    column(Route, "node"),
    column(Task, "node"),
    payload(".node", "entry.data->>'node'", ""),
)
words.register("việc đã làm", lambda: ACTS, column(Task, "outcome"), column(ActBatch, "act"))
words.register("đường dẫn luồng", flow_paths, column(Process, "flow_class"))
words.register("nút của luồng", flow_nodes, column(Task, "flow_task"))
words.register(
    "tên bản ghi",
    record_names,
    payload(
        ".records",
        "record->>0",
        "CROSS JOIN jsonb_array_elements(entry.data->'records') AS record",
    ),
)
words.register(
    "người nhận nhắc việc",
    lambda: ESCALATED_TO,
    words.Place(
        "cycle.TermRule.escalations",
        "SELECT step->>1, count(*) FROM cycle_termrule,"
        " jsonb_array_elements(escalations) AS step GROUP BY 1 ORDER BY 1",
    ),
    words.Place(
        f"{Term._meta.label}.rungs",
        "SELECT split_part(split_part(rung, ':', 2), '/', 1), count(*)"
        " FROM dossiers_term, unnest(rungs) AS rung GROUP BY 1 ORDER BY 1",
    ),
    words.Place(
        f"{Firing._meta.label}.rung",
        "SELECT split_part(split_part(rung, ':', 2), '/', 1), count(*)"
        " FROM dossiers_firing GROUP BY 1 ORDER BY 1",
    ),
)
words.register(
    "địa chỉ công khai",
    public_addresses,
    # On each certificate's QR code.
    words.Place(
        f"{Certificate._meta.label}.token",
        "SELECT '/c/…/', count(*) FROM dossiers_certificate HAVING count(*) > 0",
    ),
)
