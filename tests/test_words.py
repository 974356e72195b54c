"""``manage.py check_words``: a word that rows or paper hold and the code has lost is named."""

import ast
import dataclasses
import io
from itertools import product
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import path

from cycle import clock, events, words
from cycle.models import Duty, HistoryEntry, Job, Stream
from dossiers.law.guidance import GUIDES
from dossiers.models import Dossier, Route, Task
from dossiers.models.term import Firing
from notifications.models import CalendarFeed, Heartbeat
from notifications.operations import about
from tests.ground import kept
from tests.owning import insert_as_owner, update_as_owner
from tests.revoking import certify

ROOT = Path(__file__).parents[1]


def check():
    """What the command prints, and its exit code."""
    out, code = io.StringIO(), 0
    try:
        call_command("check_words", stdout=out)
    except SystemExit as ended:
        code = ended.code
    return out.getvalue().splitlines(), code


@pytest.fixture
@kept
def stored(cycle, commune, an, son):
    """A certified product, and a row of what it has none of."""
    dossier = certify(cycle, commune, an, son)
    Job.objects.create(kind="recalculate_terms", by=an, created_at=clock.now())
    insert_as_owner(Route(dossier=dossier, node="decide", org_unit=commune))
    update_as_owner(Dossier.objects.filter(pk=dossier.pk), returned_from="at_province")
    Heartbeat.objects.create(name="keep_time", started_at=clock.now())
    CalendarFeed.objects.create(user=an, created_at=clock.now())
    term = dossier.clocks().exclude(rungs=[]).first()
    Firing.objects.create(
        term=term, rung="0:officer", due_on=term.due_on, at=clock.now(), fired_at=clock.now()
    )
    return dossier


def test_an_empty_database_is_fine(db):
    assert check() == ([f"{len(words.kinds())} loại tên đã lưu, mã nguồn biết hết."], 0)


def test_what_the_product_stores_it_knows(stored):
    assert check()[1] == 0


#: Of each kind a word that is stored, and where: as if it were renamed in the code.
LOST = {
    "sự kiện": ("dossier.certify", "cycle.HistoryEntry.event"),
    "khóa trong nội dung nhật ký": ("records", "cycle.HistoryEntry.data"),
    "chuỗi nhật ký": ("dossier", "cycle.HistoryHead.stream"),
    "loại việc chạy nền": ("recalculate_terms", "cycle.Job.kind"),
    "trạng thái hồ sơ": ("at_province", "dossiers.Dossier.returned_from"),
    "nút công việc": ("decide", "dossiers.Route.node"),
    "việc đã làm": ("certify", "dossiers.Task.outcome"),
    "đường dẫn luồng": ("dossiers/flows.TwoLevelsFlow", "dossiers.Process.flow_class"),
    "nút của luồng": ("dossiers/flows.TwoLevelsFlow.decide", "dossiers.Task.flow_task"),
    "tên bản ghi": ("certificate", "cycle.HistoryEntry.data.records"),
    "người nhận nhắc việc": ("officer", "dossiers.Firing.rung"),
    "địa chỉ công khai": ("/c/…/", "dossiers.Certificate.token"),
    "nhịp chạy nền": ("keep_time", "notifications.Heartbeat.name"),
    "địa chỉ lịch": ("/calendar/….ics", "notifications.CalendarFeed.token"),
}


def test_every_kind_is_broken_once_below():
    assert set(LOST) == set(words._kinds)


@pytest.mark.parametrize("name", LOST)
def test_a_word_that_the_code_has_lost_is_named(stored, monkeypatch, name):
    word, place = LOST[name]
    kind = words._kinds[name]
    known = {*kind.known()} - {word}
    monkeypatch.setitem(words._kinds, name, dataclasses.replace(kind, known=lambda: known))

    said, code = check()

    assert code == 1
    (line,) = [line for line in said if f" ở {place}," in line]
    assert line.startswith(f"«{word}» ({name}): ")
    assert all(line.startswith(f"«{word}» ({name}): ") for line in said)


def test_a_choice_that_the_code_has_lost_is_named(stored, monkeypatch):
    """Every column that has choices, of every table in which the fixture stored something."""
    broken = set()
    for kind in list(words.chosen()):
        held = [word for place in kind.places for word, _rows in place.words()]
        for word in held:
            known = {*kind.known()} - {word}
            lost = dataclasses.replace(kind, known=lambda known=known: known)
            with monkeypatch.context() as patch:
                patch.setattr(words, "kinds", lambda lost=lost: [lost])
                assert [(each.word, each.place) for each in words.unknown()] == [(word, kind.name)]
            broken.add(kind.name)
    assert broken >= {
        "cycle.HistoryEntry.stream",
        "cycle.HistoryEntry.role",
        "cycle.Duty.role",
        "dossiers.Dossier.state",
        "dossiers.Dossier.case_type",
        "dossiers.Task.state",
        "dossiers.Term.state",
    }
    # Nothing was stored of these; they are read all the same.
    assert {"councils.SignedDocument.kind", "councils.DocumentTemplate.kind"} <= {
        kind.name for kind in words.chosen()
    }


def test_a_row_with_a_word_of_another_program_is_named(stored):
    update_as_owner(Duty.objects.filter(node="decide"), node="decide_anew")
    Job.objects.update(kind="old.work")
    Task.objects.filter(outcome="certify").update(outcome="grant")
    HistoryEntry.objects.create(
        stream=Stream.DOSSIER, stream_id=stored.pk, event="dossier.grant", label="x",
        before="ranked", after="granted", at=clock.now(),
        data={"sheet": 1, "node": "grant", "records": [["diploma", 1]]},
    )  # fmt: skip

    said, code = check()

    assert code == 1
    assert sorted(line.partition(":")[0] for line in said) == sorted(
        [
            "«decide_anew» (nút công việc)",
            "«diploma» (tên bản ghi)",
            "«dossier.grant» (sự kiện)",
            "«grant» (nút công việc)",
            "«grant» (việc đã làm)",
            "«granted» (trạng thái hồ sơ)",
            "«old.work» (loại việc chạy nền)",
            "«sheet» (khóa trong nội dung nhật ký)",
        ]
    )


urlpatterns = [
    path("certificate/<slug:token>/", lambda request, token: None),
    path("calendar/<str:token>", lambda request, token: None, name="elsewhere"),
]


@pytest.mark.urls(__name__)
def test_an_address_on_paper_that_leads_elsewhere_is_named(stored):
    assert check() == (
        [
            "«/c/…/» (địa chỉ công khai): 1 dòng ở dossiers.Certificate.token, mã nguồn không biết.",
            "«/calendar/….ics» (địa chỉ lịch): 1 dòng ở notifications.CalendarFeed.token, "
            "mã nguồn không biết.",
        ],
        1,
    )


#: What these take beside the data of the entry.
OWN = {
    "by", "capacity", "acting_for", "at", "before", "after", "reason", "states", "permission",
    "saved", "became", "attached", "ledger", "of", "sure", "told", "shown",
}  # fmt: skip
RECORDING = {"record", "_record", "change", "changing"}


def test_every_key_that_is_written_into_history_is_registered():
    wrong, known = [], events.keys()
    for app in words.APPS:
        for file in sorted((ROOT / app).rglob("*.py")):
            # The data of a paper have keys of their own, in its kind.
            if {"migrations", "papers"} & {*file.parts}:
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                for key in keys_of(node):
                    if key not in known:
                        wrong.append(f"{file.relative_to(ROOT)}:{node.lineno}: {key}")
    assert wrong == []


def keys_of(node):
    """The keys that a piece of code writes into the data of an entry."""
    if isinstance(node, ast.Call):
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if called in RECORDING:
            yield from (each.arg for each in node.keywords if each.arg and each.arg not in OWN)
        for each in node.keywords:
            if each.arg == "data" and called in ("HistoryEntry", "perform"):
                for part in ast.walk(each.value):
                    if isinstance(part, ast.Dict):
                        yield from (key.value for key in part.keys if key is not None)
    elif (
        isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Store)
        and ast.unparse(node.value) == "data"
        and isinstance(node.slice, ast.Constant)
        and node.slice.value not in OWN
    ):
        yield node.slice.value


TOLD_OF_TERMS = sorted(event for event in events.registered() if event.startswith("term."))


def test_no_event_of_a_term_is_told_by_the_code_of_a_task():
    """The sweep and a new calendar write the node as the term's title."""
    assert len(TOLD_OF_TERMS) == 8
    wrong = []
    for node, event in product(GUIDES, TOLD_OF_TERMS):
        entry = HistoryEntry(
            stream=Stream.DOSSIER, event=event, label=node,
            data={"due_on": "2026-12-02", "due_was": "2026-12-01", "code": "task", "term": 1},
        )  # fmt: skip
        said = " ".join(map(str, [entry.sentence, *events.told(entry), about(entry)]))
        if node in said:
            wrong.append((node, event, said))
    assert not wrong, "\n".join(map(str, wrong))
