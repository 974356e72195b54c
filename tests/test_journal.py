"""Two lines of a journal never read alike where what they tell differs in what a reader needs."""

import ast
from pathlib import Path

import pytest
from django.template.loader import render_to_string

from councils.judging.board import Board
from cycle.models import HistoryEntry
from tests.judging import before_council, begin, judge, regulate, seat

pytestmark = pytest.mark.django_db

#: What ``record`` and ``change`` take that is no data of the entry.
_CALL = {
    "by",
    "capacity",
    "of",
    "acting_for",
    "at",
    "saved",
    "became",
    "attached",
    "states",
    "permission",
}
#: Data that no reader of the journal needs, each with why.
UNSAID = {
    "who_id": "who is named",
    "to_id": "whom it is sent to is named",
    "opinion": "the key of its row; product and person are named",
    "authority": "the entry of the dossier's own history, whose reason stands here",
    "ledger": "the key of its document; its number and day are named",
    "meeting": "the key of the round it leads to; its day and place are named",
    "scoring": "counted on the product's page; the moments of two scorings differ",
    "scorings": "as scoring, of each product counted",
    "corrects": "changes the phrase itself, and comes with a reason",
}
UNSAID_OF = {"round.close": {"dossiers"}}  # its results name them
#: Events of a sheet, recorded by one function that is given their name.
_SHEET = ("submit", "enter", "take_back", "confirm", "return", "hand_back")


def recorded():
    """{event: keys of its data}, of every call in the source that records one of a round."""
    found = {f"round.{name}_sheet": {"dossier", "who", "who_id", "reason"} for name in _SHEET}
    for path in Path("councils").rglob("*.py"):
        if "migrations" in path.parts:
            continue
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.FunctionDef):
                continue
            names, keys = set(), set()
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    first = node.args[0] if node.args else None
                    said = isinstance(first, ast.Constant) and str(first.value)
                    if (
                        said
                        and said.startswith("round.")
                        and node.func.attr in ("change", "record")
                    ):
                        names.add(said)
                        keys |= {each.arg for each in node.keywords if each.arg}
                match node:
                    case ast.Subscript(value=ast.Name("data" | "said"), ctx=ast.Store()):
                        keys.add(node.slice.value)
                    case ast.AugAssign(target=ast.Name("data"), value=ast.Dict()):
                        keys |= {each.value for each in node.value.keys}
            for name in names:
                found.setdefault(name, set()).update(keys - _CALL)
    return found


def told(round_, thu, event, **data):
    """The line of the journal of one entry, without its time."""
    entry = HistoryEntry.objects.record(event, round_, by=thu, **data)
    (line,) = [each for each in Board(round_).history() if each.pk == entry.pk]
    return render_to_string("dossiers/_sentence.html", {"entry": line}).split("<time")[0]


@pytest.fixture
def samples(cycle, commune, an, thu, province):
    """The round, and two values of each key that an entry of a round may have."""
    regulate(province)
    council = seat(province, thu)
    round_ = begin(council, cycle, before_council(cycle, commune, an, 2), thu)
    one, other = round_.entries.values_list("dossier", flat=True)
    first, second = judge(council, 1), judge(council, 2)
    return round_, {
        "dossier": (one, other),
        "dossiers": ([one], [other]),
        "complex": ([one], [other]),
        "who": (str(first.user), str(second.user)),
        "to": (str(first.user), str(second.user)),
        "interest": ("declared", "relative"),
        "interests": ([first.pk], [first.pk, second.pk]),
        "recused": (True, False),
        "left_out": (True, False),
        "counted_again": ([first.pk], [second.pk]),
        "why": ("Góp vốn", "Em ruột"),
        "reason": ("Nhầm người", "Nhầm sản phẩm"),
        "document": ("15/VB-UBND", "16/VB-UBND"),
        "about": ("A.1 Nguồn gốc", "B.2 Bao bì"),
        "stars": (4, 5),
        "holds": (True, False),
        "votes": ([5, 1], [4, 2]),
        "present": ([first.pk], [first.pk, second.pk]),
        "had_come": ([first.pk], [second.pk]),
        "changed": ({"name": ["Đợt 1", "Đợt 2"]}, {"agenda": [[one, other], [other, one]]}),
        "was": ("2026-11-03T02:00:00+00:00", "2026-11-04T02:00:00+00:00"),
        "meets_at": ("2026-11-05T02:00:00+00:00", "2026-11-06T02:00:00+00:00"),
        "place": ("Hội trường A", "Hội trường B"),
        "kind": ("minutes", "invitation"),
        "number": ("1/BB", "2/BB"),
        "signed_on": ("2026-11-05", "2026-11-06"),
        "results": ([[one, "300", 5, 4]], [[one, "300", 5, 5]]),
        "version": (1, 2),
        "as_written": ("Phụ trách Hội đồng", "Người được giao phụ trách"),
    }


@pytest.mark.parametrize("event", sorted(recorded()))
def test_lines_of_different_data_read_differently(event, samples, thu):
    round_, values = samples
    keys = recorded()[event] - UNSAID.keys() - UNSAID_OF.get(event, set())
    assert keys <= values.keys(), "a key without a sample, or without a reason not to be said"
    base = {key: values[key][0] for key in keys}
    line = told(round_, thu, event, **base)
    alike = [
        key for key in keys if told(round_, thu, event, **base | {key: values[key][1]}) == line
    ]
    assert alike == []


def test_a_line_of_before_is_still_told(samples, thu):
    round_, _values = samples
    assert "thứ tự sản phẩm" in told(round_, thu, "round.change", changed=["agenda"])
    assert "họp lúc" in told(round_, thu, "round.change", changed=["meets_at"])
    for event in recorded():
        told(round_, thu, event)
