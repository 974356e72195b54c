"""The record: chained by the database, the same however a row comes in, and found out when it lies."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from cycle import chains, clock, jobs
from cycle.models import HistoryEntry, HistoryHead, OutboxMessage
from dossiers.models import Dossier
from dossiers.walk import doors
from tests import records
from tests.chains import chain, links
from tests.owning import owner
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
        1,
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
        "version": 1,
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
        "reason": entry.reason,
        "data": entry.data,
        "at": entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "recorded_at": entry.recorded_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }


@given(
    said=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    data=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
        st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text('é"\\/\n\u2028<&'),
        max_size=4,
    ),
)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_payload_is_canonical_whatever_is_said(said, data, dossier):
    """The text of PostgreSQL's own canonical JSON, to the byte: older entries were made by it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT history_payload(e), jsonb_build_object(
                 'version', version, 'stream', stream, 'stream_id', stream_id, 'seq', seq,
                 'cycle', cycle_id, 'event', event, 'label', label, 'actor', actor_id,
                 'role', role, 'org_unit', org_unit_id, 'acting_for', acting_for_id,
                 'before', before, 'after', after, 'reason', reason, 'data', data,
                 'at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                 'recorded_at',
                 to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text
               FROM (SELECT (jsonb_populate_record(e, %s)).* FROM cycle_historyentry e
                     WHERE stream_id = %s) AS e""",
            [Jsonb({"reason": said, "label": said, "data": data}), dossier.pk],
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
    # The same function made both: all but place and time of recording is the same text.
    for old, new in zip(after[:3], after[3:], strict=True):
        changed = {"seq": new.seq, "recorded_at": json.loads(new.payload)["recorded_at"]}
        assert json.loads(old.payload) | changed == json.loads(new.payload)


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
    "DELETE FROM cycle_outboxmessage; DELETE FROM cycle_historyentry WHERE seq = 1": (
        2,
        "thiếu dòng trước nó",
    ),
    "DELETE FROM cycle_outboxmessage; DELETE FROM cycle_historyentry WHERE seq = 2": (
        3,
        "thiếu dòng trước nó",
    ),
    "DELETE FROM cycle_outboxmessage; DELETE FROM cycle_historyentry WHERE seq = 3": (
        2,
        "dòng cuối không khớp đầu chuỗi",
    ),
    "DELETE FROM cycle_outboxmessage; DELETE FROM cycle_historyentry": (
        3,
        "dòng cuối không khớp đầu chuỗi",
    ),
    "DELETE FROM cycle_historyhead": (3, "dòng cuối không khớp đầu chuỗi"),
}


def tamper(lie):
    """As only the owner can, with the triggers disarmed."""
    with owner() as db:
        db.autocommit = True
        db.execute("ALTER TABLE cycle_historyentry DISABLE TRIGGER USER")
        try:
            db.execute(lie)
        finally:
            db.execute("ALTER TABLE cycle_historyentry ENABLE TRIGGER USER")


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
