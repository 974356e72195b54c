"""The record: chained by the database, the same however a row comes in, and found out when it lies."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from django.core.management import call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from cycle import chains, clock, jobs
from cycle.models import HistoryEntry, HistoryHead, OrgUnit, OutboxMessage, User
from dossiers.models import Dossier
from dossiers.walk import doors
from tests import records
from tests.chains import chain, links
from tests.owning import owner, update_as_owner
from tests.world import events, open_task

pytestmark = pytest.mark.django_db


def verify(capsys):
    """What ``manage.py verify_history`` prints, and its exit code."""
    capsys.readouterr()
    try:
        call_command("verify_history")
    except SystemExit as stopped:
        return capsys.readouterr().out.strip(), stopped.code
    return capsys.readouterr().out.strip(), 0


def walk(dossier, an):
    """Two acts after opening: a chain of three."""
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    doors.complete(
        open_task(dossier), "return_idea", by=an, reason="Thiếu «nguyên liệu»\nvà thị trường"
    )
    return Dossier.objects.get(pk=dossier.pk)


# --- What an entry says ---------------------------------------------------------------------


def test_an_act_is_written_down_as_it_happened(dossier, an):
    entry = chain(walk(dossier, an))[-1]
    assert (entry.stream, entry.stream_id, entry.seq, entry.version) == (
        "dossier",
        dossier.pk,
        3,
        2,
    )
    assert (entry.event, entry.label, entry.actor) == (
        "dossier.return_idea",
        "Mật ong rừng Nà Tấu",
        an,
    )
    assert (entry.role, entry.org_unit, entry.acting_for) == ("officer", dossier.commune, None)
    assert (entry.before, entry.after) == ("idea_registered", "idea_returned")
    assert entry.reason == "Thiếu «nguyên liệu»\nvà thị trường"
    assert entry.data["node"] == "screen_idea"
    assert (entry.cycle, entry.sentence) == (dossier.cycle, "yêu cầu bổ sung ý tưởng")


def test_the_payload_is_all_that_the_entry_says(dossier, an):
    entry = chain(walk(dossier, an))[-1]
    assert json.loads(entry.payload) == {
        "version": 2,
        "stream": "dossier",
        "stream_id": dossier.pk,
        "seq": 3,
        "cycle": dossier.cycle_id,
        "event": entry.event,
        "label": entry.label,
        "actor": an.pk,
        "role": entry.role,
        "org_unit": entry.org_unit_id,
        "acting_for": None,
        "before": entry.before,
        "after": entry.after,
        "reason": "",
        "data": entry.data,
        "unit": dossier.commune.name,
        "sealed": {
            part: hashlib.sha256(f"{salt}{word}".encode()).hexdigest()
            for part, word in (("actor", "Lò Thị An"), ("reason", entry.reason))
            for salt in [entry.sealed_text.salts[part]]
        },
        "records": entry.records,
        "changed": entry.changed,
        "files": [],
        "ledger": None,
        "transaction": entry.transaction,
        "at": entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "recorded_at": entry.recorded_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }


@given(
    version=st.sampled_from([1, 2]),
    said=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    data=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
        st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text('é"\\/\n\u2028<&'),
        max_size=4,
    ),
)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_payload_is_canonical_whatever_is_said(version, said, data, dossier):
    """The text of PostgreSQL's own canonical JSON, to the byte: older entries were made by it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT history_payload(e), (jsonb_build_object(
                 'version', version, 'stream', stream, 'stream_id', stream_id, 'seq', seq,
                 'cycle', cycle_id, 'event', event, 'label', label, 'actor', actor_id,
                 'role', role, 'org_unit', org_unit_id, 'acting_for', acting_for_id,
                 'before', before, 'after', after, 'reason', reason, 'data', data,
                 'at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                 'recorded_at',
                 to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
                 || CASE version WHEN 1 THEN '{}' ELSE jsonb_build_object(
                      'unit', unit_name, 'sealed', sealed, 'records', records,
                      'changed', changed, 'files', files, 'ledger', ledger,
                      'transaction', transaction) END)::text
               FROM (SELECT (jsonb_populate_record(e, %s)).* FROM cycle_historyentry e
                     WHERE stream_id = %s) AS e""",
            [
                Jsonb(
                    {"version": version, "reason": said, "label": said, "data": data}
                    | ({"unit_name": said, "sealed": data, "changed": [data], "files": [said]})
                ),
                dossier.pk,
            ],
        )
        ours, canonical = cursor.fetchone()
    assert ours == canonical
    assert json.loads(ours)["reason"] == said


def test_every_entry_is_linked_to_the_one_before(dossier, dossier_of_three, an):
    for file in (dossier, dossier_of_three):
        walk(file, an)
        assert links(chain(file))
        head = HistoryHead.objects.get(stream="dossier", stream_id=file.pk)
        assert (head.seq, head.hash) == (3, chain(file)[-1].hash)
    assert chain(dossier)[-1].hash != chain(dossier_of_three)[-1].hash


def test_what_happened_earlier_is_told_later_and_the_record_knows_both(dossier, an):
    then = clock.now() - timedelta(days=1)
    with clock.at(then):
        entry = record(dossier, an)
    entry.refresh_from_db()
    assert entry.at == then
    assert entry.recorded_at > then + timedelta(hours=23)


# --- However a row comes in -----------------------------------------------------------------

SET_BASED = """
INSERT INTO cycle_historyentry (stream, stream_id, cycle_id, event, label, actor_id, role,
  org_unit_id, before, after, reason, data, at)
SELECT stream, stream_id, cycle_id, event, label, actor_id, role, org_unit_id, before, after,
  reason, data, at
FROM cycle_historyentry WHERE stream_id = %s ORDER BY seq
"""


def test_set_based_sql_writes_the_same_chain(dossier, an):
    before = chain(walk(dossier, an))
    with connection.cursor() as cursor:
        cursor.execute(SET_BASED, [dossier.pk])
    after = chain(dossier)
    assert links(after)
    assert events(dossier) == [entry.event for entry in before] * 2
    # The same function made both: all but place, time, salts and the sealed reason (which this SQL
    # does not know) is the same text.
    own = {"seq", "recorded_at", "sealed", "transaction", "records", "changed"}
    for old, new in zip(after[:3], after[3:], strict=True):
        was, now = json.loads(old.payload), json.loads(new.payload)
        assert {key for key in was if was[key] != now[key]} <= own
        assert (old.who, old.unit) == (new.who, new.unit)


def test_bulk_create_writes_the_same_chain(dossier, an):
    HistoryEntry.objects.bulk_create(
        HistoryEntry(
            stream="dossier",
            stream_id=dossier.pk,
            event="dossier.withdraw",
            label=f"Dòng {n}",
            at=clock.now(),
        )
        for n in range(5)
    )
    assert len(chain(dossier)) == 6
    assert links(chain(dossier))


def record(dossier, by, event="dossier.attach_evidence"):
    with transaction.atomic():
        return HistoryEntry.objects.record(event, dossier, by=by)


def eight_at_once(write):
    """Eight threads that ``write`` five times each."""
    start = Barrier(8)

    def append(_):
        try:
            start.wait(timeout=120)
            for _ in range(5):
                write()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(append, range(8)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_time", range(3))
def test_eight_threads_begin_one_stream(_time, dossier):
    new = {"stream": "dossier", "stream_id": dossier.pk + 1}
    eight_at_once(
        lambda: HistoryEntry.objects.create(
            **new, event="dossier.open", label="Mới", at=clock.now()
        )
    )
    entries = list(HistoryEntry.objects.filter(**new).order_by("seq"))
    assert len(entries) == 40
    assert links(entries)


@pytest.mark.django_db(transaction=True)
def test_eight_threads_append_to_one_stream(dossier, an):
    eight_at_once(lambda: record(dossier, an))
    entries = chain(dossier)
    assert [entry.seq for entry in entries] == list(range(1, 42))
    assert links(entries)
    assert OutboxMessage.objects.count() == 41


# --- The conditions of recording ------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_outside_the_transaction_that_made_it_happen(dossier, an):
    with pytest.raises(transaction.TransactionManagementError):
        HistoryEntry.objects.record("dossier.withdraw", dossier, by=an)
    assert events(dossier) == ["dossier.open"]


def test_an_event_that_nobody_registered_is_refused(dossier, an):
    with pytest.raises(KeyError):
        record(dossier, an, event="dossier.celebrate")
    assert events(dossier) == ["dossier.open"]


def test_what_is_recorded_waits_to_be_told(dossier, an):
    entry = record(dossier, an)
    assert OutboxMessage.objects.get(entry=entry).dispatched_at is None


def test_the_past_told_again_is_told_to_nobody(dossier, an):
    told = OutboxMessage.objects.count()
    with clock.at(datetime(2021, 5, 1, 2, tzinfo=UTC), replay=True):
        entry = record(dossier, an)
    assert OutboxMessage.objects.count() == told
    assert entry.at == datetime(2021, 5, 1, 2, tzinfo=UTC)
    assert links(chain(dossier))


def test_a_rolled_back_act_leaves_no_trace(dossier, an):
    before = chain(dossier)
    head = HistoryHead.objects.values().get(stream_id=dossier.pk)
    with transaction.atomic():
        walk(dossier, an)
        transaction.set_rollback(True)
    assert chain(dossier) == before
    assert HistoryHead.objects.values().get(stream_id=dossier.pk) == head
    assert OutboxMessage.objects.count() == 1
    # The next entry takes the number that was given back.
    assert record(dossier, an).seq == 2


def test_a_refused_row_leaves_the_chain_whole(dossier, an):
    with pytest.raises(IntegrityError), transaction.atomic():
        HistoryEntry.objects.create(
            stream="dossier", stream_id=dossier.pk, event="x", label="x", at=None
        )
    assert record(dossier, an).seq == 2
    assert links(chain(dossier))


# --- verify_history -------------------------------------------------------------------------


def test_an_untouched_history_is_whole(dossier, dossier_of_three, an, capsys):
    walk(dossier, an)
    assert verify(capsys) == ("Nhật ký nguyên vẹn: 2 chuỗi, 4 dòng.", 0)


def test_an_empty_history_is_whole(db, capsys):
    assert verify(capsys) == ("Nhật ký nguyên vẹn: 0 chuỗi, 0 dòng.", 0)


def test_it_can_be_silent(dossier, capsys):
    capsys.readouterr()
    call_command("verify_history", verbosity=0)
    assert capsys.readouterr().out == ""


GONE = "DELETE FROM cycle_outboxmessage; DELETE FROM cycle_sealedtext; "
#: What an owner who disarmed the triggers could do to a chain of three -> what is found.
TAMPERED = {
    "UPDATE cycle_historyentry SET reason = 'Đủ' WHERE seq = 3": (
        3,
        "nội dung khác với bản đã băm",
    ),
    "UPDATE cycle_historyentry SET actor_id = NULL WHERE seq = 2": (
        2,
        "nội dung khác với bản đã băm",
    ),
    "UPDATE cycle_historyentry SET at = at - interval '1 day' WHERE seq = 1": (
        1,
        "nội dung khác với bản đã băm",
    ),
    # The payload follows the lie, the hash does not.
    """UPDATE cycle_historyentry e SET reason = 'Đủ' WHERE seq = 3;
       UPDATE cycle_historyentry e SET payload = history_payload(e) WHERE seq = 3""": (
        3,
        "mã băm không đúng",
    ),
    # The hash follows too, the next link does not.
    """UPDATE cycle_historyentry e SET reason = 'Đủ' WHERE seq = 2;
       UPDATE cycle_historyentry e SET payload = history_payload(e) WHERE seq = 2;
       UPDATE cycle_historyentry e SET hash =
         encode(sha256(convert_to(prev_hash || E'\\n' || payload, 'UTF8')), 'hex')
       WHERE seq = 2""": (3, "không nối với dòng trước"),
    # The last link has none after it: the head remembers.
    """UPDATE cycle_historyentry e SET reason = 'Đủ' WHERE seq = 3;
       UPDATE cycle_historyentry e SET payload = history_payload(e) WHERE seq = 3;
       UPDATE cycle_historyentry e SET hash =
         encode(sha256(convert_to(prev_hash || E'\\n' || payload, 'UTF8')), 'hex')
       WHERE seq = 3""": (3, "dòng cuối không khớp đầu chuỗi"),
    GONE + "DELETE FROM cycle_historyentry WHERE seq = 1": (
        2,
        "thiếu dòng trước nó",
    ),
    GONE + "DELETE FROM cycle_historyentry WHERE seq = 2": (
        3,
        "thiếu dòng trước nó",
    ),
    GONE + "DELETE FROM cycle_historyentry WHERE seq = 3": (
        2,
        "dòng cuối không khớp đầu chuỗi",
    ),
    GONE + "DELETE FROM cycle_historyentry": (
        3,
        "dòng cuối không khớp đầu chuỗi",
    ),
    "UPDATE cycle_historyentry SET unit_name = 'Xã khác' WHERE seq = 3": (
        3,
        "nội dung khác với bản đã băm",
    ),
    "UPDATE cycle_historyentry SET version = 1 WHERE seq = 3": (3, "nội dung khác với bản đã băm"),
    """UPDATE cycle_sealedtext SET words = words || '{"reason": "Đủ"}'
       WHERE words ? 'reason'""": (3, "lời đã ghi khác với bản đã băm"),
    """UPDATE cycle_sealedtext SET words = words || '{"actor": "Người khác"}'
       WHERE words ? 'reason'""": (3, "lời đã ghi khác với bản đã băm"),
    "DELETE FROM cycle_historyhead": (3, "dòng cuối không khớp đầu chuỗi"),
}


TABLES = ("cycle_historyentry", "cycle_sealedtext", "dossiers_review", "dossiers_idea")


def tamper(lie):
    """As only the owner can, with the triggers disarmed."""
    with owner() as db:
        db.autocommit = True
        for table in TABLES:
            db.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        try:
            db.execute(lie)
        finally:
            for table in TABLES:
                db.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("lie", TAMPERED)
def test_a_broken_link_is_found(lie, dossier, an, capsys):
    walk(dossier, an)
    tamper(lie)
    seq, reason = TAMPERED[lie]
    assert verify(capsys) == (f"Nhật ký bị đứt tại dossier {dossier.pk}/{seq}: {reason}.", 1)


@pytest.mark.django_db(transaction=True)
def test_the_check_finds_each_place_and_the_night_raises_them(dossier, dossier_of_three, an):
    walk(dossier, an)
    tamper("UPDATE cycle_historyentry SET reason = 'Đủ'")
    changed = HistoryEntry.objects.order_by("stream", "stream_id", "seq")
    findings = [
        ("dossier", each.stream_id, each.seq, "nội dung khác với bản đã băm") for each in changed
    ]
    assert chains.check() == findings
    assert chains.check(most=2) == findings[:2]
    with pytest.raises(chains.HistoryBroken) as broken:
        jobs.verify_history()
    assert broken.value.findings == findings


@pytest.mark.django_db(transaction=True)
def test_the_first_broken_link_is_the_one_named(dossier, dossier_of_three, an, capsys):
    walk(dossier, an)
    tamper("UPDATE cycle_historyentry SET reason = 'Đủ'")
    first = min(dossier.pk, dossier_of_three.pk)
    message, code = verify(capsys)
    assert (message.split(":")[0], code) == (f"Nhật ký bị đứt tại dossier {first}/1", 1)


# --- What entries name: rows, files, words --------------------------------------------------


def test_each_saved_row_is_in_its_entry_by_its_hash(dossier, an):
    entries = chain(walk(dossier, an))
    idea = dossier.ideas.get()
    assert [[name, key] for name, key, _hash in entries[1].records] == [
        ["dossiers.idea", idea.pk],
        ["dossiers.dossier", dossier.pk],
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT encode(sha256(convert_to(to_jsonb(t)::text, 'UTF8')), 'hex')
               FROM dossiers_idea t WHERE id = %s""",
            [idea.pk],
        )
        assert entries[1].records[0][2] == cursor.fetchone()[0]


def test_the_hash_of_a_row_is_the_same_whatever_the_clock_of_the_session(dossier, an):
    entry = chain(walk(dossier, an))[1]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL timezone = 'Asia/Ho_Chi_Minh'")
        cursor.execute("SELECT history_row_hash(%s, %s)", entry.records[0][:2])
        assert cursor.fetchone()[0] == entry.records[0][2]
        cursor.execute("SET LOCAL timezone = 'UTC'")


def test_what_an_act_changed_is_in_its_entry(dossier, an):
    entry = chain(walk(dossier, an))[2]
    [[model, key, columns]] = entry.changed
    assert (model, key) == ("dossiers.dossier", dossier.pk)
    assert columns["state"] == ["idea_registered", "idea_returned"]


@pytest.mark.parametrize(
    ("model", "key"), [("cycle.nothing", 1), ("pg_catalog.pg_class", 1), ("dossiers.idea", 0)]
)
def test_a_row_that_is_not_there_has_no_hash(model, key, db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT history_row_hash(%s, %s)", [model, key])
        assert cursor.fetchone() == (None,)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "lie",
    [
        "UPDATE dossiers_idea SET at = at - interval '1 day'",
        "DELETE FROM dossiers_idea",
    ],
)
def test_a_row_that_was_changed_or_removed_after_its_act_is_found(lie, dossier, an, capsys):
    walk(dossier, an)
    key = dossier.ideas.get().pk
    tamper(lie)
    assert verify(capsys) == (
        f"Nhật ký bị đứt tại dossier {dossier.pk}/2: bản ghi dossiers.idea {key} khác với lúc ghi.",
        1,
    )


@pytest.mark.django_db(transaction=True)
def test_a_column_that_comes_later_breaks_no_hash(dossier, an, capsys):
    walk(dossier, an)
    with owner() as db:
        db.execute(
            """INSERT INTO cycle_recordshape (model, columns)
               SELECT 'dossiers.idea', array_agg(attname::text) FROM pg_attribute
               WHERE attrelid = 'dossiers_idea'::regclass AND attnum > 0"""
        )
        db.execute("ALTER TABLE dossiers_idea ADD COLUMN later integer NOT NULL DEFAULT 1")
    try:
        assert verify(capsys)[1] == 0
    finally:
        with owner() as db:
            db.execute("ALTER TABLE dossiers_idea DROP COLUMN later")


@pytest.mark.django_db(transaction=True)
def test_a_word_that_was_erased_breaks_nothing_and_is_said_to_be_erased(dossier, an, capsys):
    walk(dossier, an)
    tamper(
        """UPDATE cycle_sealedtext SET words = words - 'actor' - 'reason',
                                       salts = salts - 'actor' - 'reason'"""
    )
    assert verify(capsys)[1] == 0
    entry = chain(dossier)[-1]
    assert (entry.who, entry.reason) == ("(tên đã xóa)", "(đã xóa)")
    # What is hashed is still there, and nobody can guess the word from it.
    assert set(entry.sealed) == {"actor", "reason"}


def test_personal_words_stand_in_no_column_of_the_entry(dossier, an):
    entry = chain(walk(dossier, an))[-1]
    with transaction.atomic():
        HistoryEntry.objects.record(
            "role.handover", dossier, by=an, holder="Quàng Văn Dũng", to="Lò Thị Hoa", tasks=[3]
        )
    handed = chain(dossier)[-1]
    assert handed.data == {"holder": "Quàng Văn Dũng", "to": "Lò Thị Hoa", "tasks": [3]}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e::text FROM cycle_historyentry e WHERE id = ANY(%s)", [[entry.pk, handed.pk]]
        )
        stored = " ".join(row[0] for row in cursor.fetchall())
    for word in ("Lò Thị An", "nguyên liệu", "Quàng Văn Dũng", "Lò Thị Hoa"):
        assert word not in stored


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO cycle_sealedtext (entry_id, words, salts) VALUES (1, '{}', '{}')",
        "UPDATE cycle_sealedtext SET words = '{}'",
        "DELETE FROM cycle_sealedtext",
        "INSERT INTO cycle_recordshape (model, columns) VALUES ('x', '{}')",
        "DELETE FROM cycle_recordshape",
    ],
)
def test_the_application_may_not_touch_what_proves_the_words(statement, db):
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_what_was_written_together_has_one_transaction(dossier, an):
    entries = chain(walk(dossier, an))
    assert {entry.transaction for entry in entries[1:]} == {entries[1].transaction}
    assert entries[1].transaction > 0


# --- Version 1 ------------------------------------------------------------------------------

FROZEN = json.loads((Path(__file__).parent / "data" / "history_version_1.json").read_text())


def version_1():
    """Three entries as the product of version 0.2.0 wrote them, with their hashes."""
    User.objects.create(pk=900001, username="v1.an", full_name="Lò Văn Cũ")
    User.objects.create(pk=900002, username="v1.binh", full_name="Quàng Thị Xưa")
    OrgUnit.objects.create(
        pk=900001, code="90001", name="Xã Cũ", level="commune", valid_from="2020-01-01"
    )
    last = FROZEN[-1]
    with owner() as db:
        db.autocommit = True
        db.execute("ALTER TABLE cycle_historyentry DISABLE TRIGGER USER")
        for row in FROZEN:
            names = ", ".join(f'"{name}"' for name in row)
            values = [Jsonb(each) if isinstance(each, dict) else each for each in row.values()]
            places = ", ".join(["%s"] * len(row))
            db.execute(f"INSERT INTO cycle_historyentry ({names}) VALUES ({places})", values)
        db.execute(
            "INSERT INTO cycle_historyhead (stream, stream_id, seq, hash) VALUES (%s, %s, %s, %s)",
            [last["stream"], last["stream_id"], last["seq"], last["hash"]],
        )
        db.execute("ALTER TABLE cycle_historyentry ENABLE TRIGGER USER")


@pytest.mark.django_db(transaction=True)
def test_entries_of_version_1_hold_to_the_byte_with_those_of_version_2_after_them(an, capsys):
    version_1()
    HistoryEntry.objects.create(
        stream="dossier", stream_id=900001, event="dossier.open", label="x", actor=an,
        reason="Sau", at=clock.now(),
    )  # fmt: skip
    entries = list(HistoryEntry.objects.filter(stream_id=900001).order_by("seq"))
    assert [entry.version for entry in entries] == [1, 1, 1, 2]
    assert links(entries)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT history_payload(e) FROM cycle_historyentry e WHERE version = 1 ORDER BY seq"
        )
        assert [row[0] for row in cursor.fetchall()] == [row["payload"] for row in FROZEN]
    assert verify(capsys)[1] == 0
    assert entries[1].reason == FROZEN[1]["reason"]
    assert entries[1].data == FROZEN[1]["data"]
    assert (entries[1].who, entries[1].whom, entries[1].unit) == (
        "Lò Văn Cũ", "Quàng Thị Xưa", "Xã Cũ",
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_an_entry_of_version_1_keeps_the_names_from_the_next_renaming_on(db):
    version_1()
    update_as_owner(User.objects.filter(pk=900001), full_name="Người Mới")
    update_as_owner(OrgUnit.objects.filter(pk=900001), name="Xã Mới")
    entry = HistoryEntry.objects.get(stream_id=900001, seq=1)
    assert (entry.who, entry.unit) == ("Lò Văn Cũ", "Xã Cũ")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("lie", ["reason = 'Đủ'", "version = 2"])
def test_a_lie_in_an_entry_of_version_1_is_found(lie, capsys):
    version_1()
    tamper(f"UPDATE cycle_historyentry SET {lie} WHERE seq = 2")
    assert verify(capsys) == (
        "Nhật ký bị đứt tại dossier 900001/2: nội dung khác với bản đã băm.", 1,
    )  # fmt: skip
