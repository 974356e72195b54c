"""Each act that writes a column which only its line of history may change is named by the guard.

Otherwise the act is refused as its transaction ends, in the one case that nobody tried; and a test
that is one transaction does not see it, since the lines of what it did before are there too. So
which acts reach a column is read from the source.
"""

import ast
from collections import defaultdict
from pathlib import Path

import pytest
from django.apps import apps

from cycle.guards import BECAME, SAVED, Told

ROOT = Path(__file__).parent.parent
#: Names of functions that are also methods of every model, manager or container.
COMMON = {"change", "clean", "count", "create", "delete", "get", "record", "save", "update", "void"}
#: (column, act): why the act that seems to reach it never writes it.
NEVER = {
    ("recounts", "round.open"): "nothing was counted before its round opens",
    ("spread_accepted", "round.open"): "nothing was counted before its round opens",
}


class Source:
    """What the functions of one app call, write, and record."""

    def __init__(self, app):
        self.calls, self.writes, self.acts = defaultdict(set), defaultdict(set), defaultdict(set)
        self.named = defaultdict(list)
        for path in (ROOT / app).rglob("*.py"):
            if not {"migrations", "stories", "management"} & set(path.parts):
                for found in ast.walk(ast.parse(path.read_text())):
                    if isinstance(found, ast.FunctionDef):
                        self.read(found, (path, found.lineno))

    def read(self, function, where):
        self.named[function.name].append(where)
        for call in ast.walk(function):
            if not isinstance(call, ast.Call):
                continue
            called = getattr(call.func, "attr", getattr(call.func, "id", ""))
            self.calls[where].add(called)
            for each in call.keywords:
                if each.arg == "update_fields":
                    self.writes[where] |= {
                        one.value for one in ast.walk(each.value) if isinstance(one, ast.Constant)
                    }
                elif called == "update" and each.arg:
                    self.writes[where].add(each.arg)
            if called in {"change", "record"} and call.args:
                first = call.args[0]
                if isinstance(first, ast.Constant) and "." in str(first.value):
                    self.acts[where].add(first.value)

    def reached(self, act):
        """The functions that the one at ``act`` runs, but what those do that record an act."""
        found, ahead = {act}, [act]
        while ahead:
            called = self.calls[ahead.pop()] - COMMON
            further = {where for name in called for where in self.named[name]} - set(self.acts)
            ahead += further - found
            found |= further
        return found

    def who_write(self, column):
        """The acts that reach a function which writes the column."""
        return {
            act
            for where, acts in list(self.acts.items())
            if any(column in self.writes[each] for each in self.reached(where))
            for act in acts
        }


def told():
    """(model, column as it is written, acts that may), of names that no other model has."""
    found, seen = [], defaultdict(int)
    for model in apps.get_models():
        for each in model._meta.fields:
            seen[each.name] += 1
        for trigger in getattr(model._meta, "triggers", []):
            if isinstance(trigger, Told):
                for columns, acts in trigger.told.items():
                    for column in columns:
                        name = next(
                            each.name for each in model._meta.fields if each.column == column
                        )
                        if acts not in ((BECAME,), (SAVED,)):
                            found.append((model, name, set(acts)))
    return [(model, name, acts) for model, name, acts in found if seen[name] == 1]


@pytest.fixture(scope="module")
def source():
    return {app: Source(app) for app in ("cycle", "dossiers", "councils")}


def test_every_act_that_writes_a_told_column_may(source):
    lacking = {
        (name, act)
        for model, name, acts in told()
        for act in source[model._meta.app_label].who_write(name) - acts
    }
    assert lacking == set(NEVER)


def test_the_reading_of_the_source_finds_who_writes(source):
    assert source["councils"].who_write("recounts") >= {"round.lift_interest", "round.attend"}
    assert source["councils"].who_write("counted_scoring") == {"round.count_sheets"}
    assert len(told()) > 30
