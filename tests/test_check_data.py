"""`manage.py check_data`: each kind of spoiled row is named, and mended only on a document."""

import io
import json
import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from councils import data_check
from councils.models import DocumentKind, Member, RoundEntry, Seat, SignedDocument
from cycle import clock
from cycle.models import HistoryEntry, RoleAssignment
from dossiers.models import Certificate, Dossier, Evidence, State, Task
from dossiers.walk import doors
from tests import judging, records
from tests.decision_papers import decision_of
from tests.ground import kept
from tests.judging import begin, fill, judge, regulate
from tests.owning import insert_as_owner, owner, save_as_owner, update_as_owner
from tests.standing import stand
from tests.stored import path_of, staged
from tests.world import open_dossier, open_task

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def run(*arguments, code=0):
    out = io.StringIO()
    if code:
        with pytest.raises(SystemExit) as ended:
            call_command("check_data", *arguments, stdout=out)
        assert ended.value.code == code
    else:
        call_command("check_data", *arguments, stdout=out)
    return out.getvalue()


def found():
    """What the command names, as (kind, pk)."""
    kept = list(data_check.findings())
    told = json.loads(run("--json", code=1 if kept else 0))
    assert [row["key"] for row in told] == [each.key for each in kept]
    for row in told:
        assert row["row"] and row["wrong"] and row["todo"]
    text = run(code=1 if kept else 0)
    assert all(each.key in text and each.todo in text for each in kept)
    return [(each.kind, each.pk) for each in kept]


@pytest.fixture
@kept
def round_(province, cycle, commune, an, thu):
    """An open round over a dossier that stands where its history says."""
    regulate(province)
    council = judging.seat(province, thu)
    before = judging.before_council(cycle, commune, an)
    tell(before[0], an)
    return begin(council, cycle, before, thu)


def tell(dossier, by):
    """Write down where a dossier was put by a test."""
    from django.db import transaction

    dossier = Dossier.objects.get(pk=dossier.pk)
    with transaction.atomic():
        HistoryEntry.objects.record("dossier.open", dossier, by=by, after=dossier.state)


def certificate(dossier, by, number, **fields):
    """One that is older than the rules for certificates."""
    values = {"stars": 4, "issued_on": clock.today(), "recorded_by": by, "at": clock.now()}
    return insert_as_owner(
        Certificate(dossier=dossier, number=number, before=True, **values | fields)
    )


def test_a_sound_database_has_nothing_to_say(round_, dossier):
    assert found() == []
    assert "khớp nhau" in run()


def test_a_dossier_that_is_not_where_its_history_left_it(dossier):
    stand(dossier, State.RANKED)
    assert found() == [("state_differs", dossier.pk)]
    assert "«ranked», nhật ký dừng ở «potential»" in run(code=1)


def test_a_certificate_without_a_decision(dossier, an, round_, thu):
    certificate(dossier, an, "1", decision=decision_of(dossier, number="812/QĐ"))
    assert found() == []
    # By a round: its decision stands for all that it judged.
    entry = round_.entries.get()
    first = certificate(entry.dossier, an, "")
    assert found() == [("certificate_without_decision", first.pk)]
    # A paper beside it, as the commune's own proposal, is not its decision.
    decision_of(entry.dossier, number="15/TTr")
    assert found() == [("certificate_without_decision", first.pk)]
    for number in range(5):
        fill(entry, judge(round_.council, number))
    judging.close(round_, by=thu)
    assert ("certificate_without_decision", first.pk) in found()
    records.of_round(round_, DocumentKind.DECISION, by=thu, number="813/QĐ-UBND").save()
    assert found() == []


def addresses(text):
    """The paths that a sentence names."""
    return re.findall(r"/[a-z][\w/-]*/", text.replace("docs/operating.md", ""))


def as_the_guide_says(number, pk):
    """Run the ``number``th statement of the guide's section on old certificates, as the owner."""
    guide = Path("docs/operating.md").read_text().partition("### Decisions and numbers")[2]
    statement = re.findall(r"```sql\n(.*?)```", guide, re.S)[number]
    with owner() as db:
        db.execute(statement.replace("17", str(pk)))


def middling(_criterion, options):
    """Points for three or four stars: what the province certifies."""
    return options[-2] if len(options) > 2 else options[-1]


@pytest.mark.django_db(transaction=True)
def test_what_is_advised_for_an_old_certificate_can_be_done(round_, dossier, client, an, thu):
    # Judged by a round: its page of documents takes the decision, and the finding is gone.
    entry = round_.entries.get()
    for number in range(5):
        fill(entry, judge(round_.council, number), middling)
    judging.close(round_, by=thu)
    judged = certificate(entry.dossier, an, "1/GCN")
    # By none: the guide's words, word for word, as the keeper of the server.
    alone = certificate(dossier, an, "2/GCN")
    named = {each.pk: each for each in data_check.certificate_without_decision()}
    assert set(named) == {judged.pk, alone.pk}
    [page] = addresses(named[judged.pk].todo)
    assert page == f"/rounds/{round_.pk}/documents/"
    client.force_login(thu)
    assert "decision" in client.get(page).content.decode()
    SignedDocument.record(
        SignedDocument(
            number="813/QĐ-UBND",
            signed_on=clock.today(),
            signer="Trần Công Sơn",
            signer_capacity="Chủ tịch",
        ),
        round_,
        DocumentKind.DECISION,
        by=thu,
    )
    assert addresses(named[alone.pk].todo) == []
    assert "docs/operating.md" in named[alone.pk].todo
    as_the_guide_says(0, alone.pk)
    assert list(data_check.certificate_without_decision()) == []
    alone.refresh_from_db()
    assert (str(alone.decision), alone.decision.dossier) == ("812/QĐ-UBND (15/12/2024)", dossier)


def test_a_number_given_twice_is_corrected_by_who_numbers(dossier, cycle, commune, an, minh):
    first = certificate(dossier, an, "12/GCN", issuer=commune.parent)
    other = open_dossier(cycle, commune, an, name="Gạo")
    second = certificate(other, an, "12/GCN", issuer=commune.parent, was_repeated=True)
    [named] = data_check.certificate_number_twice()
    assert (named.pk, first.pk < second.pk) == (second.pk, True)
    number = records.number(replaces=second.numbers.get())
    doors.act(other.process, "correct_number", by=minh, reason="Trùng số", record=number)
    assert list(data_check.certificate_number_twice()) == []


def test_a_seat_held_twice_leads_to_where_it_ends(client, province, thu):
    regulate(province)
    council = judging.seat(province, thu)
    chair = judge(council, 0)
    twice = insert_as_owner(
        Member(
            council=council, decision=council.decision, user=chair.user, seat=Seat.MEMBER, since=chair.since, doubled=True,
            made_by=thu,
        )
    )  # fmt: skip
    [named] = data_check.seated_twice()
    [page] = addresses(named.todo)
    client.force_login(thu)
    assert client.get(page).status_code == 200
    council.take_seat(
        twice, by=thu, until=clock.today(), reason="Trùng ghế", document=judging.paper("9/QĐ-UBND")
    )
    [named] = data_check.seated_twice()
    assert (addresses(named.todo), "không phải làm gì" in named.todo) == ([], True)


def test_a_row_that_points_at_anothers_is_named(round_, dossier, an, cycle, commune):
    # As of before the keys: the keys come at the end of the transaction, this looks before it.
    other = open_dossier(cycle, commune, an, name="Gạo nếp")
    strange = certificate(dossier, an, "1", decision=decision_of(other))
    named = list(data_check.points_elsewhere())
    assert [each.pk for each in named] == [f"dossiers.certificate.{strange.pk}"]
    assert "quyết định công nhận" in named[0].wrong
    transaction.set_rollback(True)


def test_a_certificate_number_given_twice(dossier, cycle, commune, an):
    def given(number, place, **fields):
        other = open_dossier(cycle, commune, an, name=f"Gạo {place}")
        return certificate(other, an, number, issuer=commune.parent, **fields)

    first = certificate(dossier, an, "666/GCN", issuer=commune.parent)
    second = given(" 0666/gcn ", 1, was_repeated=True)
    third = given("666 / GCN", 2, was_repeated=True)
    given("667/GCN", 3)
    # Of another year; of the ministry.
    given("666/GCN", 4, issued_on=clock.today().replace(year=2025, day=1))
    certificate(open_dossier(cycle, commune, an, name="Gạo"), an, "666/GCN", issuer=None)
    named = [each for each in found() if each[0] == "certificate_number_twice"]
    assert named == [("certificate_number_twice", each.pk) for each in (second, third)]
    assert run(code=1).count(f"Số này đã cấp cho {first.dossier}") == 2


def test_a_task_whose_owner_left_the_post_is_released_on_a_document(dossier, an, chi):
    task = open_task(dossier)
    doors.claim(task, by=an)
    assert found() == []
    update_as_owner(
        RoleAssignment.objects.filter(user=an), valid_to=clock.today().replace(year=2025)
    )
    assert found() == [("owner_without_post", task.pk)]
    key = f"owner_without_post:{task.pk}"
    document = "15/VB-UBND ngày 20/11/2026"
    for refused in (
        ["--by", "chi"],
        ["--document", document],
        ["--document", document, "--by", "nobody"],
        ["--document", document, "--by", "an"],
    ):
        with pytest.raises(CommandError):
            run("--mend", key, *refused)
    assert Task.objects.get(pk=task.pk).owner == an
    assert "Đã sửa" in run("--mend", key, "--document", document, "--by", "chi")
    assert Task.objects.get(pk=task.pk).owner is None
    said = HistoryEntry.objects.get(event="task.release")
    assert said.actor == chi and document in said.reason
    assert found() == []
    with pytest.raises(CommandError):
        run("--mend", key, "--document", document, "--by", "chi")


def test_an_owner_who_is_substituted_or_deactivated(dossier, an):
    task = open_task(dossier)
    doors.claim(task, by=an)
    an.is_active = False
    save_as_owner(an)
    assert found() == [("owner_without_post", task.pk)]


def test_a_product_that_waits_in_an_open_round_and_was_judged_beside_it(round_, thu, an, la):
    entry = round_.entries.get()
    tell(stand(entry.dossier, State.RANKED), an)
    assert found() == [("live_entry_dead", entry.pk)]
    key, document = f"live_entry_dead:{entry.pk}", "Biên bản 3/BB"
    with pytest.raises(CommandError):
        run("--mend", key, "--document", document, "--by", "la")
    run("--mend", key, "--document", document, "--by", "thu")
    assert not RoundEntry.objects.get().live
    said = HistoryEntry.objects.get(event="round.mend_entry")
    assert (said.stream_id, said.actor) == (round_.pk, thu)
    assert document in said.reason
    assert found() == []


def test_a_file_that_is_gone_changed_or_nobodys(dossier, an, media):
    def piece(title):
        made = Evidence(
            dossier=dossier,
            kind="registration_form",
            title=title,
            recorded_by=an,
            at=clock.now(),
        )
        made.hold(staged(b"%PDF-" + title.encode()))
        made.save()
        return made

    gone, changed, kept = piece("gone"), piece("changed"), piece("kept")
    path_of(gone.sha256).unlink()
    path_of(changed.sha256).write_bytes(b"%PDF-khac")
    Path(media / "tmpabc").write_bytes(b"nua chung")
    assert found() == [
        ("file_missing", f"dossiers.evidence.{gone.pk}"),
        ("file_differs", f"dossiers.evidence.{changed.pk}"),
        ("file_orphan", "tmpabc"),
    ]
    assert kept.sha256 not in run(code=1)
    with pytest.raises(CommandError, match="sao lưu"):
        key = f"file_missing:dossiers.evidence.{gone.pk}"
        run("--mend", key, "--document", "1/VB", "--by", "an")


@pytest.mark.django_db(transaction=True)
def test_a_product_left_waiting_in_a_closed_round_is_for_the_page(round_, thu):
    entry = round_.entries.get()
    for number in range(5):
        fill(entry, judge(round_.council, number))
    judging.close(round_, by=thu)
    with owner() as db:
        db.execute("ALTER TABLE councils_roundentry DISABLE TRIGGER round_still_open")
        db.execute("UPDATE councils_roundentry SET live = TRUE")
        db.execute("SET CONSTRAINTS ALL IMMEDIATE")
        db.execute("ALTER TABLE councils_roundentry ENABLE TRIGGER round_still_open")
    assert found() == [("live_entry_dead", entry.pk)]
    assert f"/rounds/{round_.pk}/reopen/" in run(code=1)
    with pytest.raises(CommandError, match="Mở lại đợt"):
        run("--mend", f"live_entry_dead:{entry.pk}", "--document", "1/VB", "--by", "thu")
