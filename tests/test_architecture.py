"""The walls of the house: who may import whom, who may know the engine, who may move a dossier."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from cycle import rulesets
from dossiers import flows
from dossiers.law.nodes import NODES, WAITS_FOR_PRODUCER
from dossiers.law.states import LIVE
from dossiers.walk.engine import OfficerTask

ROOT = Path(__file__).resolve().parents[1]
#: Each imports only those to its left.
APPS = ["cycle", "dossiers", "councils", "notifications"]
#: These alone name apps above them, as strings.
NAMES_ALL = {"cycle/settings.py", "cycle/urls.py", "cycle/celery.py"}
KNOWS_THE_ENGINE = {"dossiers/walk/engine.py", "dossiers/flows.py", "dossiers/models/task.py"}
#: From the ground up; a room imports only rooms before it, of its own app.
ROOMS = ["leaf", "models", "engine", "forms", "views", "urls"]
ROOM = {
    "models": "models",
    "engine": "engine",
    "flows": "engine",
    "deadlines": "engine",
    "dispatch": "engine",
    "extension": "engine",
    "handover": "engine",
    "recalculation": "engine",
    "closing": "engine",
    "papers": "engine",
    "calibration": "engine",
    "paper_forms": "forms",
    "record_forms": "forms",
    "uploads": "forms",
    "delivery": "engine",
    "forms": "forms",
    "fields": "forms",
    "opening_forms": "forms",
    "absence_forms": "forms",
    "term_forms": "forms",
    "sheet_forms": "forms",
    "views": "views",
    "urls": "urls",
}
#: What speaks to the world beside the pages; nothing of the app imports these.
ENTRANCES = {"urls", "admin", "apps", "jobs", "management", "migrations"}


def sources(*folders):
    """Our Python files as (path from the root, tree), migrations apart."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def imported(tree, deferred=True):
    """Modules that a file imports, as dotted names; ``from a import b`` gives ``a.b`` too."""
    nodes = ast.walk(tree) if deferred else iter(tree.body)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("app", APPS)
def test_an_app_imports_only_those_to_its_left(app):
    to_the_right = set(APPS[APPS.index(app) + 1 :])
    wrong = [
        f"{path}: {name}"
        for path, tree in sources(app)
        if path not in NAMES_ALL
        for name in imported(tree)
        if name.partition(".")[0] in to_the_right
    ]
    assert wrong == []


@pytest.mark.parametrize("path", sorted(NAMES_ALL))
def test_what_names_all_apps_does_so_in_strings(path):
    tree = ast.parse((ROOT / path).read_text())
    assert [name for name in imported(tree) if name.partition(".")[0] in APPS[1:]] == []


def test_the_product_imports_neither_its_tests_nor_its_proofs():
    wrong = [
        f"{path}: {name}"
        for path, tree in sources(*APPS)
        for name in imported(tree)
        if name.partition(".")[0] in ("tests", "bench", "pytest")
    ]
    assert wrong == []


def test_only_three_modules_know_viewflow():
    knowing = {
        path
        for path, tree in sources(*APPS)
        for name in imported(tree)
        if name.partition(".")[0] == "viewflow"
    }
    assert knowing == KNOWS_THE_ENGINE


def test_every_file_is_named_after_its_idea():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    files = listed.stdout.split() or [
        path.relative_to(ROOT).as_posix() for app in APPS for path in (ROOT / app).rglob("*")
    ]
    assert files
    vague = re.compile(r"(^|/)(utils?|helpers?|services?|common|misc)(\.\w+)?(/|$)")
    assert [name for name in files if vague.search(name)] == []


def test_only_the_doors_perform():
    calling = {
        path
        for path, tree in sources(*APPS)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "perform"
    }
    assert calling == {"dossiers/models/task.py"}


@pytest.mark.parametrize("app", APPS)
def test_inside_an_app_one_imports_towards_the_ground(app):
    """Imports at the top of a file; one inside a function is deferred, and says why it must be."""
    wrong = []
    for path, tree in sources(app):
        parts = path.removesuffix(".py").split("/")
        if parts[1] in ENTRANCES or path in NAMES_ALL:
            continue
        mine = ROOMS.index(ROOM.get(parts[1], "leaf"))
        for name in imported(tree, deferred=False):
            if not name.startswith(f"{app}.") or name.count(".") < 1:
                continue
            theirs = ROOM.get(name.split(".")[1])
            if theirs is None:
                continue
            # What stands beside the rooms (binder, report, guidance) reads models, as an engine.
            limit = max(mine, ROOMS.index("engine")) if mine == 0 else mine
            if ROOMS.index(theirs) > limit:
                wrong.append(f"{path}: {name}")
    assert wrong == []


def test_models_know_no_leaf_that_knows_models():
    """A leaf under a model imports no model of its own app, or the two would be one room."""
    wrong = []
    for app in APPS:
        trees = dict(sources(app))
        below = {
            name.split(".")[1]
            for path, tree in trees.items()
            if path.startswith(f"{app}/models/")
            for name in imported(tree, deferred=False)
            if name.startswith(f"{app}.") and name.split(".")[1] not in ROOM
        }
        wrong += [
            f"{app}/{leaf}.py: {name}"
            for leaf in sorted(below)
            for name in imported(trees.get(f"{app}/{leaf}.py", ast.Module([], [])))
            if name.startswith(f"{app}.models")
        ]
    assert wrong == []


@pytest.mark.parametrize(
    ("procedure", "flow"),
    [("two_levels", flows.TwoLevelsFlow), ("three_levels", flows.ThreeLevelsFlow)],
)
def test_a_flow_has_the_tasks_that_its_editions_assign(procedure, flow):
    human = {node.name for node in flow.instance.nodes() if isinstance(node, OfficerTask)}
    assert human == set(rulesets.NODES[procedure])
    assert human <= set(NODES)


def test_every_live_state_has_one_task_and_every_task_one_live_state():
    assert sorted(NODES.values()) == sorted(LIVE)
    assert set(NODES) >= WAITS_FOR_PRODUCER
    assert set(rulesets.NODES["three_levels"]) == set(NODES)


def test_no_flow_is_subclassed_and_no_node_is_shared():
    two, three = (
        set(flow.instance.nodes()) for flow in (flows.TwoLevelsFlow, flows.ThreeLevelsFlow)
    )
    assert two.isdisjoint(three)
    assert flows.TwoLevelsFlow.__subclasses__() == flows.ThreeLevelsFlow.__subclasses__() == []
