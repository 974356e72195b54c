"""The walls of the house: who may import whom, who may know the engine, who may move a dossier."""

import ast
import importlib
import inspect
import re
import subprocess
from collections import Counter
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from django.urls import get_resolver

from cycle import rulesets
from dossiers import flows
from dossiers.law.nodes import NODES, WAITS_FOR_PRODUCER
from dossiers.law.states import LIVE
from dossiers.models import ACTS
from dossiers.walk.engine import OfficerTask
from tests.upgrade import LIVED

ROOT = Path(__file__).resolve().parents[1]
#: Each imports only those to its left.
APPS = ["cycle", "dossiers", "councils", "notifications"]
#: These alone name apps above them, as strings.
NAMES_ALL = {"cycle/settings.py", "cycle/urls.py", "cycle/celery.py"}
KNOWS_THE_ENGINE = {"dossiers/walk/engine.py", "dossiers/flows.py", "dossiers/models/task.py"}
#: The rooms of each app from the ground up, a row a floor: a room imports rooms of lower floors and
#: its own modules. A room is a folder or a file of the app; every one of them stands here.
FLOORS = {
    "cycle": [
        "clock events points steps translations workdays written site running asking sheets letters contents locking prepared",
        "tables fields formats typed guards visiting planning exports",
        "rulesets middleware",
        "models",
        "accounts chains rubrics files words units provinces once",
        "jobs downloads documents backups",
        "appointing",
        "slips",
        "forgotten papers",
        "views",
        "settings celery urls admin apps asgi wsgi management",
    ],
    "dossiers": [
        "law rules",
        "models",
        "events terms",
        "walk flows",
        "lists",
        "templatetags",
        "forms",
        "page drafts refused papers",
        "office",
        "views",
        "urls admin words management",
        "apps",
    ],
    "councils": [
        "events rules models guidance",
        "judging journal templatetags data_check setup",
        "papers help",
        "forms stories",
        "pages sheet_page",
        "lists work year",
        "views",
        "urls admin apps management",
    ],
    "notifications": [
        "models rules channels",
        "audiences feed",
        "beats reasons digests dispatch weekly",
        "letters",
        "delivery news",
        "forms health metrics bounces",
        "watch",
        "jobs operations",
        "sent",
        "lists templatetags",
        "views words management",
        "urls apps",
    ],
}
#: One room in two places: ``dossiers/flows.py`` stays where rows of the engine name it.
SAME_ROOM = {"flows": "walk"}


@cache
def parsed(path):
    """The tree of a file, read once for all tests here: they only look at it."""
    return ast.parse(path.read_text())


@pytest.fixture(scope="module", autouse=True)
def _forgotten_afterwards():
    yield
    parsed.cache_clear()


def sources(*folders):
    """Our Python files as (path from the root, tree), migrations apart."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), parsed(path)


def imported(tree):
    """Modules that a file imports, deferred or not; ``from a import b`` gives ``a.b`` too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def run_time(tree):
    """The tree without what only the type checker reads: a type may be named upwards."""
    kept = [
        node
        for node in tree.body
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    ]
    return ast.Module(kept, [])


def module_of(path):
    """The dotted name of a file."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


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
    tree = parsed(ROOT / path)
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
    assert calling == {"dossiers/walk/doors.py"}


#: What tells stories of single dossiers names their acts.
TELLS_STORIES = "councils/stories/"


#: What ends a query that reads one row.
ONE_ROW = ("get", "first", "last", "latest", "earliest")


def test_no_row_is_locked_and_read_with_others_in_one_statement():
    """It would read what is joined to it as of before its wait: see cycle/locking.py."""
    found = []
    for path, tree in sources(*APPS):
        for call in ast.walk(tree):
            chain, at = [], call
            while isinstance(at, ast.Call) and isinstance(at.func, ast.Attribute):
                chain.append(at.func.attr)
                at = at.func.value
            if {"select_for_update", "select_related"} <= set(chain) and chain[0] in ONE_ROW:
                found.append(f"{path}:{call.lineno}")
    assert found == []


def listed(tree):
    """The strings of each list, set, mapping or call that is written out in a file."""
    for node in ast.walk(tree):
        members = {
            ast.Dict: lambda node: node.keys,
            ast.Call: lambda node: node.args,
            ast.List: lambda node: node.elts,
            ast.Set: lambda node: node.elts,
            ast.Tuple: lambda node: node.elts,
        }.get(type(node), lambda node: [])(node)
        yield (
            node,
            {
                member.value.removeprefix("dossier.")
                for member in members
                if isinstance(member, ast.Constant) and isinstance(member.value, str)
            },
        )


def test_what_is_said_of_an_act_is_said_where_it_is_declared():
    """Nobody keeps a list of acts beside the law: three of them in one are a list."""
    # A task may be called like the act that it asks for.
    acts = set(ACTS) - set(NODES)
    lists = [
        f"{path}:{node.lineno}"
        for path, tree in sources(*APPS)
        if not path.startswith(TELLS_STORIES)
        for node, names in listed(tree)
        if len(names & acts) > 2
    ]
    assert lists == []


def test_no_model_knows_the_doors_or_who_is_next():
    knowing = [
        f"{path}: {name}"
        for path, tree in sources("dossiers/models", "councils/models")
        for name in imported(tree)
        if name.startswith(("dossiers.walk", "dossiers.flows"))
    ]
    assert knowing == []


def private_attributes():
    """(path, line, code) of what reaches into the private parts of another object."""
    for path, tree in sources(*APPS):
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                targets = [each for to in targets for each in getattr(to, "elts", [to])]
                wrong = [
                    each
                    for each in targets
                    if isinstance(each, ast.Attribute)
                    and re.match(r"_[a-z]", each.attr)
                    and ast.unparse(each.value) not in ("self", "cls")
                ]
            elif isinstance(node, ast.Attribute) and node.attr == "__dict__":
                wrong = [] if ast.unparse(node.value) in ("self", "fresh") else [node]
            else:
                continue
            for each in wrong:
                yield path, each.lineno, ast.unparse(each)


def test_nobody_hangs_a_private_attribute_on_an_object_of_another():
    """What an act needs to know goes along as a value: ``dossiers.law.doing.Doing``."""
    assert list(private_attributes()) == []


@pytest.mark.parametrize("app", APPS)
def test_every_room_has_its_floor(app):
    rooms = {
        path.name.removesuffix(".py")
        for path in (ROOT / app).iterdir()
        if (path.suffix == ".py" or any(path.rglob("*.py")))
        and path.name not in ("__init__.py", "migrations")
    }
    assert sorted(rooms) == sorted(room for row in FLOORS[app] for room in row.split())


@pytest.mark.parametrize("app", APPS)
def test_a_room_imports_only_from_the_floors_below(app):
    floor = {room: number for number, row in enumerate(FLOORS[app]) for room in row.split()}
    wrong = []
    for path, tree in sources(app):
        mine = path.removesuffix(".py").split("/")[1]
        if mine == "__init__" or path in NAMES_ALL:
            continue
        for name in imported(run_time(tree)):
            parts = name.split(".")
            if parts[0] != app or len(parts) < 2 or parts[1] not in floor:
                continue
            theirs = parts[1]
            if SAME_ROOM.get(mine, mine) == SAME_ROOM.get(theirs, theirs):
                continue
            if floor[theirs] >= floor[mine]:
                wrong.append(f"{path}: {name}")
    assert sorted(set(wrong)) == []


def test_no_two_modules_import_each_other_by_any_way_round():
    trees = {module_of(path): run_time(tree) for path, tree in sources(*APPS)}
    graph = {}
    for module, tree in trees.items():
        named = set(imported(tree))
        # ``from a import b`` names a module ``a.b`` where there is one, else ``a``.
        packages = {
            node.module
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            and all(f"{node.module}.{alias.name}" in trees for alias in node.names)
        }
        graph[module] = {name for name in named - packages if name in trees and name != module}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


@pytest.mark.parametrize("app", APPS)
def test_a_deferred_import_says_why(app):
    """An import inside a function stands under a comment, or beside one, that gives its reason."""
    wrong = []
    for path, tree in sources(app):
        lines = (ROOT / path).read_text().splitlines()
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    at = node.lineno - 1
                    beside = re.sub(r"#\s*noqa.*", "", lines[at])
                    # One reason for the imports that stand together.
                    while re.match(r"\s*(from|import) ", lines[at - 1]):
                        at -= 1
                    above = lines[at - 1].strip()
                    if not above.startswith("#") and "#" not in beside:
                        wrong.append(f"{path}:{node.lineno}")
    assert sorted(set(wrong)) == []


def views(name):
    """Whether a module is a view's: in a folder ``views``, or a file of that name."""
    return name.partition(".")[0] in APPS and "views" in name.split(".")


def test_no_view_imports_a_view():
    wrong = [
        f"{path}: {name}"
        for path, tree in sources(*APPS)
        if not path.endswith("urls.py")
        for name in imported(tree)
        if views(name)
    ]
    assert wrong == []


def test_only_pages_know_template_tags():
    """What is shown is written by ``cycle.written``; a library of tags is for templates alone."""
    wrong = [
        f"{path}: {name}"
        for path, tree in sources(*APPS)
        if "templatetags" not in path.split("/")
        for name in imported(tree)
        if "templatetags" in name.split(".")
    ]
    assert wrong == []


def test_every_view_says_what_it_takes_and_gives():
    """An address hands over what its converters read: the types say the same."""
    bare = []
    patterns = list(get_resolver().url_patterns)
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            patterns += pattern.url_patterns
            continue
        view = inspect.unwrap(pattern.callback)
        if view.__module__.partition(".")[0] not in APPS or not inspect.isfunction(view):
            continue
        said = inspect.signature(view)
        taken = [each.annotation for each in said.parameters.values()]
        if inspect.Signature.empty in (*taken, said.return_annotation):
            bare.append(f"{view.__module__}.{view.__qualname__}")
    assert bare == []


# --- Files ------------------------------------------------------------------------------------

#: Who may write to a disk, and what: files that people send are written in cycle/files.py alone.
WRITES = {
    "cycle/files.py": "what people send",
    "cycle/exports.py": "nothing: a part of a zip file that is sent while it is made",
    "cycle/running/embedded.py": "our own PostgreSQL and Redis",
    "cycle/management/commands/up.py": "locks and logs of the processes it starts",
    "cycle/management/commands/check_translations.py": "the catalogue",
    "cycle/management/commands/make_document_templates.py": "the templates that ship",
}
_WRITING = {"write_bytes", "write_text", "mkdir", "NamedTemporaryFile", "TemporaryDirectory"}


def calls(tree):
    """Every call of a file as (function or method it stands in, name that is called, node)."""

    def walk(node, within):
        for child in ast.iter_child_nodes(node):
            inside = within
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inside = f"{within}.{child.name}".lstrip(".")
            if isinstance(child, ast.Call):
                called = child.func
                name = called.attr if isinstance(called, ast.Attribute) else None
                name = called.id if isinstance(called, ast.Name) else name
                yield inside, name, child
            yield from walk(child, inside)

    yield from walk(tree, "")


def opens_to_write(name, call):
    return name == "open" and any(
        isinstance(each, ast.Constant)
        and isinstance(each.value, str)
        and re.fullmatch(r"[rwax]b?\+?b?", each.value)
        and set(each.value) & set("wax+")
        for each in [*call.args, *(keyword.value for keyword in call.keywords)]
    )


def test_one_module_knows_where_files_lie():
    """Others name neither the folder nor a storage."""
    knowing = set()
    for path, tree in sources(*APPS):
        for node in ast.walk(tree):
            names = {
                getattr(node, "attr", None),
                getattr(node, "id", None),
                node.value if isinstance(node, ast.Constant) else None,
            }
            if isinstance(node, ast.ImportFrom):
                names |= {alias.name for alias in node.names}
            if names & {"MEDIA_ROOT", "default_storage", "storages", "FileSystemStorage"}:
                knowing.add(path)
    assert knowing == {"cycle/files.py", "cycle/settings.py"}


def test_who_writes_to_a_disk():
    writing = {
        path
        for path, tree in sources(*APPS)
        for _within, name, call in calls(tree)
        if name in _WRITING or opens_to_write(name, call)
    }
    assert writing == set(WRITES)


def test_one_module_hands_files_over():
    """What is stored goes out through ``download``; a Word template, that may ship, beside it."""
    handing = {
        path
        for path, tree in sources(*APPS)
        for _within, name, _call in calls(tree)
        if name == "FileResponse"
    }
    assert handing == {"cycle/downloads.py", "councils/views/documents.py"}


#: What writes: to the database by a manager or a model, to the storage by cycle.files.
_SAVING = {
    *("save", "create", "update", "delete", "bulk_create", "bulk_update"),
    *("get_or_create", "update_or_create", "acreate", "asave", "adelete", "raw", "execute"),
    *("stage", "keep", "put", "collect"),
}
#: Calls of such a name in a form that are no writing behind the door's back: why.
FORMS_THAT_MAY = {
    ("dossiers/office/forms/split.py", "AllotForm.allowed", "save"): "rehearsed: undone at once",
    ("dossiers/forms/uploads.py", "stage", "stage"): "no row: a file waits for the act, a day long",
    ("dossiers/forms/uploads.py", "FileField.clean", "stage"): "the same",
    ("councils/forms/rounds.py", "RoundForm.do", "create"): "the door of rounds, which records",
    ("councils/forms/sheets.py", "SheetForm._save_row", "put"): "Scoresheet.put: an act on a draft",
}


#: Where a view asks a form to save, and by what that is recorded.
VIEWS_THAT_SAVE = {
    ("dossiers/office/views/absence.py", "absence_new"): "handover.substitute, which records",
    ("dossiers/office/views/absence.py", "absence_paper"): "handover.add_paper, which records",
    ("dossiers/office/views/absence.py", "handover_post"): "handover.hand_over, which records",
    ("dossiers/office/views/people.py", "_contact"): "people.change_contact, which records",
    ("dossiers/office/views/setup.py", "split"): "provinces.choose_successors, which records",
    ("dossiers/office/views/split.py", "_asked"): "allotting.allot, which records",
    ("dossiers/office/views/erasing.py", "_erase"): "erasing.erase, which records",
    ("dossiers/office/views/outreach.py", "_listed"): "the event names who recorded it",
    ("councils/sheet_page.py", "_write"): "Scoresheet.put and note: acts on a draft",
    ("notifications/views.py", "preferences"): "how one wants to be told: one's own",
}


def forms_of(path, tree):
    """Whether the file is one of forms, or the classes of forms in it."""
    parts = path.removesuffix(".py").split("/")
    if "forms" in parts[1:]:
        return [tree]
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any("Form" in ast.unparse(base) for base in node.bases)
    ]


def test_forms_validate_and_never_write():
    """An act writes, in its transaction. A file that came waits in the storage for it."""
    writing = set()
    for path, tree in sources(*APPS):
        for form in forms_of(path, tree):
            prefix = f"{form.name}." if isinstance(form, ast.ClassDef) else ""
            for within, name, _call in calls(form):
                if name in _SAVING:
                    writing.add((path, f"{prefix}{within}", name))
    assert writing == set(FORMS_THAT_MAY)


def test_a_view_lets_a_form_save_only_where_that_is_an_act():
    saving = {
        (path, within)
        for path, tree in sources(*APPS)
        for within, name, call in calls(tree)
        if name == "save" and ast.unparse(call.func).endswith("form.save")
    }
    assert saving == set(VIEWS_THAT_SAVE)


def test_no_test_and_no_proof_imports_a_test():
    wrong = [
        f"{path}: {name}"
        for path, tree in sources("tests", "bench")
        for name in imported(tree)
        if re.match(r"tests\.(browser\.)?(test_|conftest)", name)
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


@pytest.mark.parametrize("task", NODES)
def test_a_task_is_followed_by_what_its_acts_lead_to(task):
    """The editions together: what one leaves out, its law or its levels refuse."""
    leads = {
        state
        for act in ACTS.values()
        if act.door == "task" and NODES[task] in act.begins
        for state in act.leads
    }
    following = {name for name, state in NODES.items() if state in leads}
    if leads - LIVE:
        following.add("end")
    told = {*flows.THREE_LEVELS[task], *flows.TWO_LEVELS.get(task, ())}
    assert told == following


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


OURS = "cycle|dossiers|councils|notifications|bench|tests"


def test_code_that_is_handed_to_another_python_finds_its_modules():
    found = set()
    for path in sorted(ROOT.glob("[a-z]*/**/*.py")):
        where = path.relative_to(ROOT).as_posix()
        for node in ast.walk(parsed(path)):
            # What the code of a release reads names the modules of that release.
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and node.value not in LIVED.values()
            ):
                for line in re.findall(rf"\bfrom (?:{OURS})[\w.]* import \w+", node.value):
                    found.add((where, line))
    assert found
    lost = set()
    for where, line in found:
        module, name = line.removeprefix("from ").split(" import ")
        try:
            if not hasattr(importlib.import_module(module), name):
                importlib.import_module(f"{module}.{name}")
        except ModuleNotFoundError:
            lost.add((where, line))
    assert not lost


def test_no_function_is_left_over():
    """One that nothing calls, and no decorator registers, has lost who called it."""
    files = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    words = Counter()
    for path in [*files, ROOT / "manage.py", *(ROOT / "templates").rglob("*.*")]:
        words.update(re.findall(r"\w+", path.read_text()))
    left = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in files
        if "migrations" not in path.parts
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and not node.decorator_list and words[node.name] == 1
    ]
    assert left == []
