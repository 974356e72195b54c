"""Stored files: one home, kept by content, opened only whole, collected when no row names them."""

import errno
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
import time_machine
from django.apps import apps
from django.core.exceptions import SuspiciousFileOperation, ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, storages
from django.db import connection, models, transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from councils.models import DocumentTemplate, Scoresheet
from cycle import clock, files, views
from cycle.models import FaultKind, FileFault, Role
from dossiers.models import Evidence
from dossiers.walk import doors
from notifications.jobs import collect_files
from notifications.models import Heartbeat
from tests import judging, records
from tests.ground import kept
from tests.left_open import left_open
from tests.stored import age, path_of, staged
from tests.world import person

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\nn\xe1\xbb\x99i dung obj %%EOF"


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_ROOT.mkdir()
    return settings.MEDIA_ROOT


def template(came, by):
    """The shortest row that names a file."""
    return DocumentTemplate.keep("minutes", came.sha256, "mau.docx", by=by)


def evidence(dossier, by, came, **fields):
    made = Evidence(
        dossier=dossier, kind="awards", title="Giải", recorded_by=by, at=clock.now(), **fields
    )
    made.hold(came)
    made.save()
    return made


def full(_descriptor):
    raise OSError(errno.ENOSPC, "No space left on device")


def read_only(**_how):
    raise OSError(errno.EROFS, "Read-only file system")


# --- Staged, kept, opened ---------------------------------------------------------------------


def test_a_file_lies_where_0_1_0_laid_it(media):
    came = staged(PDF)
    assert path_of(came.sha256).read_bytes() == PDF
    assert list(files.walk()) == [f"{came.sha256[:2]}/{came.sha256}"]
    assert files.open(came.sha256).read() == PDF
    assert oct(path_of(came.sha256).stat().st_mode)[-3:] == "600"


@pytest.mark.django_db(transaction=True)
def test_nothing_is_kept_outside_of_an_act():
    with pytest.raises(transaction.TransactionManagementError):
        files.keep(staged(PDF).sha256)


def gone(path):
    path.unlink()


def changed(path):
    path.write_bytes(b"%PDF-khac")


def a_folder(path):
    path.unlink()
    path.mkdir()


def a_link_to_the_same(path):
    other = path.parent / "khac"
    path.rename(other)
    path.symlink_to(other)


SPOILED = [
    (gone, FaultKind.MISSING, "tệp không còn trên máy chủ"),
    (changed, FaultKind.DIFFERS, "không còn đúng như lúc nộp"),
    (a_folder, FaultKind.UNREADABLE, "nhưng không đọc được"),
    (a_link_to_the_same, FaultKind.UNREADABLE, "nhưng không đọc được"),
]


@pytest.mark.parametrize(("spoil", "kind", "sentence"), SPOILED)
def test_what_is_not_what_was_sent_is_never_handed_over(
    dossier, an, minh, client, spoil, kind, sentence
):
    piece = evidence(dossier, an, staged(PDF))
    spoil(path_of(piece.sha256))
    client.force_login(an)
    for _twice in range(2):
        page = client.get(reverse("dossiers:evidence", args=[piece.pk]))
        assert page.status_code == 404
        assert sentence in page.text
        assert reverse("dossiers:dossier", args=[dossier.pk]) in page.text
    fault = FileFault.objects.get()
    assert (fault.sha256, fault.kind) == (piece.sha256, kind)
    assert files.check(piece.sha256) == kind
    client.force_login(minh)
    assert piece.sha256 in client.get("/operations/").text


@pytest.mark.parametrize("sha256", ["../../etc/passwd", "/etc/passwd", "AB" * 32, "ab\n", ""])
def test_what_is_no_hash_names_no_file(sha256):
    with pytest.raises(files.FileLost):
        files.open(sha256)
    assert not files.is_there(sha256)


@pytest.mark.parametrize("name", ["../ngoai", "/tmp/ngoai", "ab/../../ngoai", "..\\ngoai"])
def test_nothing_is_written_outside_the_storage(media, name):
    with pytest.raises(SuspiciousFileOperation):
        files.put(name, ContentFile(PDF))
    assert not (media.parent / "ngoai").exists()


def test_a_link_is_replaced_by_the_file_and_what_it_pointed_to_is_untouched(media):
    came = staged(PDF)
    other = media.parent / "khac"
    other.write_bytes(b"khac")
    path_of(came.sha256).unlink()
    path_of(came.sha256).symlink_to(other)
    staged(PDF)
    assert path_of(came.sha256).read_bytes() == PDF
    assert other.read_bytes() == b"khac"


def test_the_same_content_sent_again_mends_what_was_changed(dossier, an):
    piece = evidence(dossier, an, staged(PDF))
    changed(path_of(piece.sha256))
    staged(PDF)
    assert files.open(piece.sha256).read() == PDF


def attach(client, dossier, *, token=(), **fields):
    typed = {"kind": "awards", "title": "Giải"} | fields
    return client.post(
        reverse("dossiers:act", args=[dossier.pk, "attach_evidence"]),
        {f"attach_evidence-evidence-{name}": value for name, value in typed.items()} | dict(token),
    )


def pdf(name="giải.pdf", content=PDF):
    file = ContentFile(content, name)
    file.content_type = "application/pdf"
    return file


@pytest.mark.parametrize(("where", "fails"), [("fsync", full), ("NamedTemporaryFile", read_only)])
def test_a_disk_that_takes_nothing_gets_a_sentence_and_keeps_nothing(
    dossier, an, minh, client, media, monkeypatch, caplog, where, fails
):
    monkeypatch.setattr(files.os if where == "fsync" else files.tempfile, where, fails)
    client.force_login(an)
    page = attach(client, dossier, file=pdf())
    assert [str(each) for _place, each in page.context["form"].problems] == [str(files.NOT_STORED)]
    assert "file_not_stored" in caplog.text
    assert "Giải" in page.text
    assert [path for path in media.rglob("*") if path.is_file()] == []
    assert not Evidence.objects.exists()
    assert FileFault.objects.get().kind == FaultKind.NOT_STORED
    client.force_login(minh)
    assert "máy chủ không lưu được tệp mới" in client.get("/operations/").text


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_no_room_even_to_read_what_was_sent_is_a_page_of_its_own(db, code):
    try:
        raise OSError(code, "no room")
    except OSError:
        page = views.server_error(RequestFactory().post("/"))
    assert page.status_code == 507
    assert "Máy chủ hết chỗ lưu" in page.content.decode()
    # Who runs the system sees it without reading the log.
    assert FileFault.objects.get().kind == FaultKind.NOT_STORED


# --- Held while the form is shown again -------------------------------------------------------


def note_of(page):
    (part,) = [each for each in page.context["form"].parts if "file" in each.fields]
    (upload,) = part["file"].value()
    return upload if isinstance(upload, str) else upload.held


def test_a_refused_form_holds_its_file_and_nobody_else_can_name_it(dossier, an, commune, client):
    client.force_login(an)
    page = attach(client, dossier, kind="", file=pdf())
    assert "Đã giữ tệp «giải.pdf»" in page.text
    assert not Evidence.objects.exists()
    note = note_of(page)

    other = Client()
    other.force_login(person("mai", "Lò Thị Mai", (Role.OFFICER, commune)))
    page = attach(other, dossier, **{"file-held": note})
    assert str(files.STAGED_GONE) in page.text
    for wrong in (note[:-1], "x", files.name_of(staged(PDF).sha256)):
        assert str(files.STAGED_GONE) in attach(client, dossier, **{"file-held": wrong}).text
    assert not Evidence.objects.exists()

    # Refused once more it is still held.
    assert "Đã giữ tệp" in attach(client, dossier, kind="", **{"file-held": note}).text
    assert attach(client, dossier, **{"file-held": note}).status_code == 302
    kept = Evidence.objects.get()
    assert (kept.filename, kept.bytes, kept.content_type) == (
        "giải.pdf",
        len(PDF),
        "application/pdf",
    )


def test_a_held_file_can_be_dropped_or_exchanged(dossier, an, client):
    client.force_login(an)
    note = note_of(attach(client, dossier, kind="", file=pdf()))
    dropped = {"file-held": note, "file-drop": note, "paper_location": "Tủ 2"}
    assert attach(client, dossier, **dropped).status_code == 302
    assert Evidence.objects.get().sha256 == ""
    other = pdf("khac.pdf", PDF + b"2")
    exchanged = {"file-held": note, "file-drop": note}
    assert attach(client, dossier, file=other, **exchanged).status_code == 302
    assert Evidence.objects.latest("pk").filename == "khac.pdf"


def test_a_held_file_is_gone_after_a_day(dossier, an, client):
    client.force_login(an)
    note = note_of(attach(client, dossier, kind="", file=pdf()))
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        client.force_login(an)
        page = attach(client, dossier, **{"file-held": note})
    assert str(files.STAGED_GONE) in page.text


def test_a_held_file_outlives_the_sign_in(dossier, an, client):
    client.force_login(an)
    note = note_of(attach(client, dossier, kind="", file=pdf()))
    token = left_open(client, an)
    form = {"title": "Giải nhất", "file-held": note}
    assert attach(client, dossier, token=token, **form).status_code == 302
    client.force_login(an)
    page = client.get(reverse("dossiers:act", args=[dossier.pk, "attach_evidence"]))
    assert "Đã giữ tệp «giải.pdf»" in page.text
    assert "Giải nhất" in page.text


# --- Every row that names a file --------------------------------------------------------------

#: Columns of 64 characters that hold no file: what they hold.
NO_FILES = {
    ("cycle.activationslip", "mark"): "a keyed mark of a slip's code",
    ("cycle.filefault", "sha256"): "what is wrong with a file, which it keeps alive for nobody",
    ("cycle.historyentry", "hash"): "the chain",
    ("cycle.historyentry", "prev_hash"): "the chain",
    ("cycle.historyhead", "hash"): "the chain",
    ("cycle.rubric", "content_hash"): "the content of a product set",
    ("cycle.ruleset", "content_hash"): "the content of an edition",
    ("cycle.visitor", "mark"): "a keyed mark of an address",
    ("dossiers.yearclosing", "sha256"): "the figures of a closed year",
}


def test_every_column_that_could_hold_a_file_is_asked_by_the_collector():
    ours = [apps.get_app_config(app) for app in ("cycle", "dossiers", "councils", "notifications")]
    could = {
        (model._meta.label_lower, field.name)
        for app in ours
        for model in app.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.FileField)
        or isinstance(field, models.CharField)
        and (field.max_length == 64 or "sha" in field.name or "hash" in field.name)
    }
    asked = {(model._meta.label_lower, field) for model, field in files.fields()}
    assert could - set(NO_FILES) == asked
    assert set(NO_FILES) <= could
    assert asked == {
        ("cycle.document", "scan_sha256"),
        ("dossiers.evidence", "sha256"),
        ("dossiers.outreachfile", "sha256"),
        ("dossiers.planpaper", "was_sha256"),
        ("dossiers.erasure", "sha256"),
        ("councils.appraisalphoto", "sha256"),
        ("councils.opinion", "was_scan_sha256"),
        ("councils.documenttemplate", "sha256"),
        ("councils.signeddocument", "was_scan_sha256"),
        ("councils.scoresheet", "scan_sha256"),
        ("dossiers.actbatch", "scan_sha256"),
        ("dossiers.stockbatch", "sha256"),
    }


def test_a_column_of_this_kind_is_a_plain_one_to_the_database():
    assert files.HashField(blank=True).deconstruct()[1:] == (
        "django.db.models.CharField",
        [],
        {"max_length": 64, "blank": True},
    )


@pytest.mark.parametrize("name", ["evidence", "scan"])
def test_the_door_refuses_a_file_that_is_gone(dossier, an, name):
    record = records.paper("awards")
    came = staged(PDF)
    record.hold(came)
    record.paper_location = ""
    path_of(came.sha256).unlink()
    if name == "evidence":
        with pytest.raises(ValidationError, match="không còn trên máy chủ"):
            doors.act(dossier.process, "attach_evidence", by=an, record=record)
    else:
        paper = records.signed_paper()
        path_of(paper.scan.sha256).unlink()
        with pytest.raises(ValidationError, match="không còn trên máy chủ"):
            doors.act(dossier.process, "withdraw", by=an, reason="Ngừng", paper=paper)
    assert not Evidence.objects.exists()


# --- Collected --------------------------------------------------------------------------------


def test_at_night_what_no_row_names_goes_and_operations_say_how_much(
    dossier, an, minh, client, media
):
    named, old, young = staged(PDF + b"1"), staged(PDF + b"22"), staged(PDF + b"3")
    evidence(dossier, an, named)
    (media / "tmpab12_3xy").write_bytes(b"half")  # as 0.1.0 left one
    (media / "old").mkdir()
    for name in ("README", "old/cong-van.pdf"):
        (media / name).write_bytes(b"of somebody else")
    for path in media.rglob("*"):
        if path.is_file() and path != path_of(young.sha256):
            age(path, days=2)
    collect_files()
    assert not path_of(old.sha256).exists()
    assert path_of(named.sha256).exists()
    assert path_of(young.sha256).exists()
    assert not (media / "tmpab12_3xy").exists()
    assert (media / "README").exists()
    assert (media / "old" / "cong-van.pdf").exists()
    assert Heartbeat.objects.get(name="collect_files").result == {
        "typed": 0,
        "drafts": 0,
        "files": {"removed": 2, "bytes": len(PDF) + 2 + 4, "lost": 0, "foreign": 2},
    }
    client.force_login(minh)
    assert "đã xóa 2 tệp không hồ sơ nào dùng" in client.get("/operations/").text


def test_what_a_row_names_and_nobody_has_is_found_at_night_and_taken_back_once_mended(dossier, an):
    piece = evidence(dossier, an, staged(PDF))
    path_of(piece.sha256).unlink()
    assert files.collect()["lost"] == 1
    assert FileFault.objects.get().sha256 == piece.sha256
    staged(PDF)
    assert files.collect()["lost"] == 0
    assert not FileFault.objects.exists()


def test_nothing_is_removed_through_a_link(media, tmp_path):
    outside = tmp_path / "ngoai"
    name = "ab" * 32
    (outside / "ab").mkdir(parents=True)
    (outside / "ab" / name).write_bytes(b"of somebody else")
    age(outside / "ab" / name, days=9)
    (media / "ab").symlink_to(outside / "ab")
    (media / "vong").symlink_to(media)
    assert files.collect()["removed"] == 0
    assert list(files.walk()) == []
    assert (outside / "ab" / name).exists()


def test_an_old_file_sent_again_begins_its_day_anew():
    came = staged(PDF)
    age(path_of(came.sha256), days=9)
    staged(PDF)
    assert files.collect()["removed"] == 0
    age(path_of(came.sha256), days=1, minutes=1)
    assert files.collect()["removed"] == 1


@pytest.mark.parametrize("model", ["evidence", "template"])
def test_what_a_row_came_to_name_since_the_rows_were_read_stays(dossier, an, monkeypatch, model):
    came = staged(PDF)
    age(path_of(came.sha256), days=2)
    remove = files._remove

    def later(names, before):
        assert names == [files.name_of(came.sha256)]
        evidence(dossier, an, came) if model == "evidence" else template(came, an)
        return remove(names, before)

    monkeypatch.setattr(files, "_remove", later)
    assert files.collect()["removed"] == 0
    assert path_of(came.sha256).exists()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["stage", "name", "unname", "age", "collect"]),
        st.integers(0, 3),
        st.integers(0, 2),
    ),
    max_size=25,
)


@pytest.fixture
@kept
def sheets(province, thu, cycle, commune, an):
    """Three rows that may name a file and forget it again: sheets typed from paper."""
    judging.regulate(province)
    council = judging.seat(province, thu)
    round_ = judging.begin(council, cycle, judging.before_council(cycle, commune, an, 1), thu)
    entry = round_.entries.get()
    return [
        Scoresheet.type_in(entry, judging.judge(council, number), by=thu) for number in range(3)
    ]


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_a_named_file_is_never_removed_and_an_old_one_that_none_names_always(sheets, steps):
    """Several rows may name one content; each goes its own way."""

    def name(row, sha256):
        Scoresheet.objects.filter(pk=row.pk).update(scan_sha256=sha256)

    for row in sheets:
        name(row, "")
    hashes = [staged(b"%d" % number).sha256 for number in range(4)]
    old: set = set()
    for step, number, row in [*steps, ("collect", 0, 0)]:
        sha256 = hashes[number]
        if step == "stage":
            staged(b"%d" % number)
            old.discard(sha256)
        elif step == "name" and files.is_there(sha256):
            files.keep(sha256)
            name(sheets[row], sha256)
        elif step == "unname":
            name(sheets[row], "")
        elif step == "age" and files.is_there(sha256):
            age(path_of(sha256), days=2)
            old.add(sha256)
        elif step == "collect":
            named = set(Scoresheet.objects.values_list("scan_sha256", flat=True)) - {""}
            there = {each for each in hashes if files.is_there(each)}
            removed = files.collect()["removed"]
            left = {each for each in hashes if files.is_there(each)}
            assert there - left == (there & old) - named
            assert removed == len(there - left)
            assert named <= left


class Memory(InMemoryStorage):
    """Another storage than a folder; it overwrites, as it must."""

    def get_available_name(self, name, max_length=None):
        return name


def test_another_storage_may_stand_in_for_the_folder(settings, dossier, an, media):
    settings.STORAGES = settings.STORAGES | {"files": {"BACKEND": "tests.test_files.Memory"}}
    assert isinstance(storages["files"], Memory)
    named, nobodys = staged(PDF), staged(PDF + b"2")
    evidence(dossier, an, named)
    assert files.open(named.sha256).read() == PDF
    assert len(list(files.walk())) == 2
    with clock.at(clock.now() + timedelta(days=2)):
        done = files.collect()
    assert done == {"removed": 1, "bytes": len(PDF) + 1, "lost": 0, "foreign": 0}
    assert not files.is_there(nobodys.sha256)
    assert [path for path in media.rglob("*") if path.is_file()] == []


def test_a_storage_that_does_not_overwrite_is_refused(settings):
    backend = "django.core.files.storage.InMemoryStorage"
    settings.STORAGES = settings.STORAGES | {"files": {"BACKEND": backend}}
    staged(PDF)
    with pytest.raises(files.NotStored, match="overwrite"):
        staged(PDF)
    assert len(list(files.walk())) == 1


# --- At the same moment -----------------------------------------------------------------------


def elsewhere(work):
    """Do ``work`` in a thread with a connection of its own."""
    try:
        return work()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_the_collector_passes_over_what_an_act_is_keeping(an):
    came = staged(PDF)
    age(path_of(came.sha256), days=2)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            template(came, an)
            collected = pool.submit(elsewhere, files.collect).result(timeout=60)
        assert collected["removed"] == 0
        assert path_of(came.sha256).exists()
        assert pool.submit(elsewhere, files.collect).result(timeout=60)["removed"] == 0
    assert files.open(came.sha256).read() == PDF


@pytest.mark.django_db(transaction=True)
def test_who_comes_while_the_collector_removes_is_told_so(an, monkeypatch):
    came = staged(PDF)
    age(path_of(came.sha256), days=2)
    removing, go_on = Event(), Event()
    delete = files.LocalFiles.delete

    def slowly(storage, name):
        removing.set()
        assert go_on.wait(timeout=60)
        delete(storage, name)

    monkeypatch.setattr(files.LocalFiles, "delete", slowly)
    with ThreadPoolExecutor(2) as pool:
        collected = pool.submit(elsewhere, files.collect)
        assert removing.wait(timeout=60)
        kept = pool.submit(elsewhere, lambda: template(came, an))
        go_on.set()
        assert collected.result(timeout=60)["removed"] == 1
        with pytest.raises(ValidationError, match="không còn trên máy chủ"):
            kept.result(timeout=60)
    assert not DocumentTemplate.objects.exists()
