"""One paper, many dossiers: an act is done for each of them, once, or says why not."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils import translation

from cycle import clock
from cycle.models import HistoryEntry, Job, JobState, OutboxMessage, RoleAssignment, RuleSet
from cycle.models import job as jobs
from cycle.models.job import ATTEMPTS, run_waiting
from dossiers.law.conditions import ActNotPossible
from dossiers.models import ACTS, ActBatch, ActBatchRow, Certificate, OfficialDocument, State
from dossiers.walk import batch, doors
from notifications import audiences
from notifications.dispatch import dispatch
from notifications.jobs import collect_files
from notifications.letters import letter
from notifications.models import Delivery, Notification
from notifications.news import Filters, News, unread_count
from notifications.sent import ONE_LETTER
from tests import records
from tests.law_acts import HANDS_IN, do
from tests.numbering import one_more
from tests.owning import save_as_owner, update_as_owner
from tests.standing import approved, stand
from tests.strokes import certificates, decision, rows_of, stood, stroke
from tests.world import events, open_dossier, open_task

pytestmark = pytest.mark.django_db
S = State


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch):
    monkeypatch.setattr("cycle.models.job.wake", lambda task: None)


def said(found):
    return [(row.state, row.sentence) for row in found.rows.order_by("pk")]


def test_one_decision_certifies_many(cycle, commune, an, son, monkeypatch):
    three = stood(cycle, commune, an, S.AWAITING_DECISION, 3)
    rows = rows_of(three, certificates)
    found = stroke("certify", son, rows, decision())
    assert [(row.state, row.sentence) for row in rows] == [("waiting", "")] * 3
    # Nothing has happened yet.
    assert not Certificate.objects.exists()

    batch.ask(found, rows)
    compared, alike = [], OfficialDocument.others_alike
    monkeypatch.setattr(
        OfficialDocument,
        "others_alike",
        lambda paper: compared.append(found := alike(paper)) or found,
    )
    assert run_waiting() == 1
    # The last is not compared with all before it, which rest on the same document.
    assert compared == [[]] * 3

    assert said(found) == [("done", "")] * 3
    for dossier in three:
        dossier.lock()
        assert dossier.state == S.CERTIFIED
        assert events(dossier)[-1] == "dossier.certify"
        entry = dossier.history.order_by("seq").last()
        assert (entry.data["together"], entry.actor) == (found.pk, son)
    assert {paper.number for paper in three[0].officialdocuments.model.objects.all()} == {
        "88/QĐ-UBND"
    }
    job = Job.objects.get()
    assert (job.state, job.done, job.total) == (JobState.DONE, 3, 3)


def test_a_number_used_twice_is_refused_in_its_row_and_the_others_go_on(cycle, commune, an, son):
    three = stood(cycle, commune, an, S.AWAITING_DECISION, 3)
    rows = rows_of(three, lambda number: certificates(min(number, 2)))
    found = stroke("certify", son, rows, decision())
    batch.ask(found, rows)
    run_waiting()
    assert [state for state, _why in said(found)] == ["done", "done", "refused"]
    assert "đã nhập cho «Mật ong 02» ở một dòng khác" in said(found)[2][1]
    # What was typed is there to be mended.
    assert found.rows.last().call["records"][0][1]["number"] == "02/GCN-LUOT"


def test_a_number_that_was_given_before_is_refused(cycle, commune, an, son):
    two = stood(cycle, commune, an, S.AWAITING_DECISION, 2)
    first = rows_of(two[:1], certificates)
    batch.ask(stroke("certify", son, first, decision()), first)
    run_waiting()
    again = rows_of(two[1:], certificates)
    stroke("certify", son, again, decision())
    assert "Số 01/GCN-LUOT đã cấp cho «Mật ong 01» trong năm này." in again[0].sentence


def test_what_came_of_a_row_is_said_in_the_language_of_whoever_reads_it(
    cycle, commune, an, son, minh
):
    three = stood(cycle, commune, an, S.AWAITING_DECISION, 3)
    rows = rows_of(three, lambda number: certificates(min(number, 2)))
    with translation.override("en"):
        # Asked for in English, done by a worker that speaks Vietnamese.
        found = batch.ask(stroke("certify", son, rows, decision()), rows)
    gone = batch._through

    def moved(row, of):
        if row.dossier_id == three[0].pk:
            raise ActNotPossible(of.act)
        gone(row, of)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "_through", moved)
        run_waiting()
    told = list(found.rows.order_by("pk"))
    batch.differing(told)
    assert [row.state for row in told] == ["refused", "done", "refused"]
    # Nothing is kept of what the act recorded: it is read where that stands.
    assert told[1].call == {}
    for language, stands, twice in (
        (
            "vi",
            "Hồ sơ đang ở «Chờ quyết định công nhận»",
            "đã nhập cho «Mật ong 02» ở một dòng khác",
        ),
        ("en", "The dossier is at", "typed for “Mật ong 02” in another row"),
    ):
        with translation.override(language):
            batch.differing(told)
            assert stands in told[0].sentence and twice in told[2].sentence, language
            label = {"vi": "Số giấy chứng nhận", "en": "Certificate number"}[language]
            assert [row.differs for row in told] == [
                [(label, f"{number}/GCN-LUOT")] for number in ("01", "02", "02")
            ]


def test_a_scan_of_another_paper_is_refused(cycle, commune, an, son):
    one, other = stood(cycle, commune, an, S.AWAITING_DECISION, 2)
    scan = records.scan("77/QĐ-UBND")
    first = rows_of([one], certificates)
    earlier = records.signed_paper(number="77/QĐ-UBND", scan=scan)
    batch.ask(stroke("certify", son, first, earlier), first)
    run_waiting()
    again = rows_of([other], lambda _number: certificates(9))
    stroke("certify", son, again, decision(scan=records.scan("77/QĐ-UBND")))
    assert again[0].sentence.startswith("Bản chụp này là của văn bản 77/QĐ-UBND")


def test_a_request_of_one_commune_sends_up_none_of_another(
    cycle, commune, other_commune, an, chi, la
):
    mine = stood(cycle, commune, an, S.COMMUNE_CHECKED, 1)
    theirs = stood(cycle, other_commune, la, S.COMMUNE_CHECKED, 1)
    rows = rows_of(mine + theirs)
    stroke("forward_to_province", chi, rows, records.request())
    assert rows[1].sentence.startswith("Văn bản là của một đơn vị")


def test_a_product_that_is_out_gets_no_certificate(cycle, commune, an, son):
    (in_,) = stood(cycle, commune, an, S.AWAITING_DECISION, 1)
    (out,) = stood(cycle, commune, an, S.NOT_RECOGNISED, 1)
    rows = rows_of([in_], certificates)
    rows += rows_of([out], lambda _number: certificates(9), by_task=False)
    stroke("certify", son, rows, decision())
    assert [row.state for row in rows] == ["waiting", "refused"]
    assert rows[1].sentence.endswith("không làm việc này được.")


def test_rights_are_asked_again_when_it_is_done(cycle, commune, an, son):
    two = stood(cycle, commune, an, S.AWAITING_DECISION, 2)
    rows = rows_of(two, certificates)
    found = batch.ask(stroke("certify", son, rows, decision()), rows)
    update_as_owner(RoleAssignment.objects.filter(user=son), valid_to="2020-02-01")
    run_waiting()
    assert said(found) == [("refused", "Bạn không có quyền làm việc này cho hồ sơ.")] * 2
    assert not Certificate.objects.exists()


def test_who_may_not_is_told_before(cycle, commune, an, la):
    rows = rows_of(stood(cycle, commune, an, S.AT_PROVINCE, 2), paper=False)
    stroke("accept_at_province", la, rows)
    assert {row.sentence for row in rows} == {"Bạn không có quyền làm việc này cho hồ sơ."}


def test_many_are_deferred_with_one_reason(cycle, commune, an):
    two = stood(cycle, commune, an, S.ASSEMBLING, 2)
    rows = rows_of(two, reason="Không kịp năm nay", paper=False, by_task=False)
    found = batch.ask(stroke("defer", an, rows), rows)
    run_waiting()
    assert said(found) == [("done", "")] * 2
    for dossier in two:
        dossier.lock()
        assert (dossier.state, dossier.history.last().reason) == (S.DEFERRED, "Không kịp năm nay")


def test_a_dossier_that_went_on_meanwhile_is_left_alone(cycle, commune, an):
    one, moved, other = stood(cycle, commune, an, S.ASSEMBLING, 3)
    rows = rows_of([one, moved, other], reason="Không kịp", paper=False, by_task=False)
    found = batch.ask(stroke("defer", an, rows), rows)
    doors.act(one.process, "withdraw", by=an, reason="Ngừng sản xuất")
    # There it could be deferred too: but that was agreed to of where it stood.
    stand(moved, S.DOSSIER_SUBMITTED)
    assert S.DOSSIER_SUBMITTED in ACTS["defer"].begins
    run_waiting()
    assert said(found) == [
        ("refused", "Hồ sơ đang ở «Đã rút»: không làm việc này được."),
        ("refused", f"Hồ sơ đang ở «{S.DOSSIER_SUBMITTED.label}»: không làm việc này được."),
        ("done", ""),
    ]


def _inspected(dossier, by):
    doors.act(dossier.process, "record_inspection", by=by, record=records.inspection("revoke"))


#: What an office does on one paper for many: act -> (where the dossiers stand, who does it, what
#: they have, what is done before).
MANY = {
    "forward_to_province": (S.COMMUNE_CHECKED, "chi", {}, None),
    "accept_at_province": (S.AT_PROVINCE, "minh", {}, None),
    "propose_recognition": (S.RANKED, "minh", {}, None),
    "certify": (S.AWAITING_DECISION, "son", {}, None),
    "not_recognise": (S.AWAITING_DECISION, "son", {}, None),
    "notify_result": (S.NOT_RECOGNISED, "minh", {}, None),
    "nominate": (S.AWAITING_DECISION, "son", {"stars": 5, "points_sum": "644"}, approved),
    "record_centre_result": (S.AT_CENTRE, "minh", {"stars": 5, "points_sum": "644"}, None),
    "defer": (S.ASSEMBLING, "an", {}, None),
    "not_select_idea": (S.IDEA_SCREENED, "minh", {}, None),
    "revoke": (S.CERTIFIED, "minh", {}, _inspected),
}


#: What each of them hands in, where that is other than for one dossier alone.
HANDED_IN = HANDS_IN | {
    "certify": lambda: {"record": certificates(one_more("certificate")), "paper": decision()},
    "revoke": lambda: {"record": records.revocation(), "paper": records.signed_paper()},
}


def _asked(act, dossiers, by):
    """The planned rows of an act for these dossiers, as they stand, and their batch."""
    paper = HANDED_IN.get(act, dict)().get("paper")
    rows = []
    for dossier in dossiers:
        record = HANDED_IN.get(act, dict)().get("record")
        asks = ACTS[act].door == "task" and dossier.state in ACTS[act].begins
        call = {"record": [record] if record else [], "reason": "Lý do", "paper": paper}
        row = ActBatchRow(dossier=dossier, task=open_task(dossier) if asks else None)
        row.stood, row.call = dossier.state, batch.kept_call(call)
        rows.append(row)
    return rows, stroke(act, by, rows, paper)


@pytest.mark.slow(reason="each act that one paper covers, for three dossiers")
def test_each_act_is_done_once_for_each_and_says_why_not(cycle, commune, cast):
    """Of three dossiers somebody else does the act for one meanwhile; then all are asked for once
    more: to each it is done once, and each refusal says why.
    """
    assert set(MANY) <= {act.name for act in ACTS.values() if act.for_many}
    for act, (state, who, fields, before) in MANY.items():
        three = [
            stand(open_dossier(cycle, commune, cast["an"], name=f"{act} {number}"), state, **fields)
            for number in range(3)
        ]
        for dossier in three:
            if before is not None:
                before(dossier, cast["minh"])

        rows, found = _asked(act, three, cast[who])
        assert [row.sentence for row in rows] == [""] * 3, act
        batch.ask(found, rows)
        do(three[2], act, cast[who], **HANDED_IN.get(act, dict)())
        run_waiting()
        assert [state for state, _why in said(found)] == ["done", "done", "refused"], (
            act,
            said(found),
        )
        assert said(found)[2][1], act
        for dossier in three:
            dossier.lock()
        rows, found = _asked(act, three, cast[who])
        assert all(row.sentence for row in rows), act
        batch.ask(found, rows)
        run_waiting()
        for dossier in three:
            assert events(dossier).count(ACTS[act].event) == 1, (act, dossier)
    assert Job.objects.filter(state=JobState.DONE).count() == len(MANY)


def test_what_waits_can_be_left_out_and_what_is_done_stays(cycle, commune, an, son):
    three = stood(cycle, commune, an, S.AWAITING_DECISION, 3)
    rows = rows_of(three, certificates)
    found = batch.ask(stroke("certify", son, rows, decision()), rows)
    keys = list(found.rows.values_list("pk", flat=True))
    assert batch.cancel(found, keys[:1], by=son) == 1
    assert found.rows.get(pk=keys[0]).cancelled_by == son
    run_waiting()
    assert [state for state, _why in said(found)] == ["cancelled", "done", "done"]
    assert set(found.rows.values_list("cancelled_by", flat=True)) == {son.pk, None}
    job = Job.objects.get()
    assert (job.state, job.done, job.total) == (JobState.DONE, 3, 3)
    assert batch.cancel(found, by=son) == 0


def test_a_worker_that_is_killed_repeats_nothing_and_skips_nothing(
    cycle, commune, an, son, monkeypatch
):
    three = stood(cycle, commune, an, S.AWAITING_DECISION, 3)
    rows = rows_of(three, certificates)
    found = batch.ask(stroke("certify", son, rows, decision()), rows)
    through, died = batch._through, []

    def dies_at_the_second(row, of):
        through(row, of)
        if row.dossier_id == three[1].pk and not died:
            died.append(row.pk)
            raise OperationalError("server closed the connection")

    monkeypatch.setattr(batch, "_through", dies_at_the_second)
    run_waiting()
    assert [state for state, _why in said(found)] == ["done", "waiting", "waiting"]
    run_waiting()
    assert [state for state, _why in said(found)] == ["done"] * 3
    assert [events(dossier).count("dossier.certify") for dossier in three] == [1, 1, 1]


def test_a_job_that_comes_no_further_ends_after_five_and_is_told(an, monkeypatch):
    monkeypatch.setattr(jobs, "_kinds", dict(jobs._kinds))

    @jobs.job_kind("test.never")
    def never(job):
        raise OperationalError("canceling statement due to lock timeout")

    job = Job.objects.ask("test.never", by=an)
    for number in range(1, ATTEMPTS):
        run_waiting()
        job.refresh_from_db()
        assert (job.state, job.attempts) == (JobState.RUNNING, number)
        assert job.last_error.startswith("OperationalError: canceling")
    run_waiting()
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.FAILED, ATTEMPTS)
    assert job.error.startswith("OperationalError: canceling")
    entry = HistoryEntry.objects.get(event="job.fail")
    assert (entry.data["job"], audiences.of(entry)) == (job.pk, {an.pk})


def test_a_job_that_kills_its_worker_each_time_ends_too(an):
    job = Job.objects.ask("acts.batch", by=an, act_batch=0)
    Job.objects.update(state=JobState.RUNNING, attempts=ATTEMPTS)
    run_waiting()
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert job.error == "Máy chủ dừng giữa chừng mỗi lần chạy việc này."


@pytest.mark.parametrize("many", (1, 3))
def test_a_plan_asks_little_of_the_database(
    cycle, commune, an, son, many, django_assert_num_queries
):
    rows = rows_of(stood(cycle, commune, an, S.AWAITING_DECISION, many), certificates)
    found = ActBatch(act="certify", by=son, **batch.kept_paper(decision()))
    son.assignments()
    RuleSet.pinned(cycle.rule_set_id)
    # Each by the very act that will be done, as far as its entry in history; nothing of it stays.
    with django_assert_num_queries({1: 31, 3: 89}[many]):
        batch.plan(found, rows)


def test_a_row_that_is_done_stays(cycle, commune, an, son):
    rows = rows_of(stood(cycle, commune, an, S.AWAITING_DECISION, 1), certificates)
    found = batch.ask(stroke("certify", son, rows, decision()), rows)
    run_waiting()
    for change in (lambda: found.rows.update(state="waiting", at=None), found.rows.all().delete):
        with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
            change()


def refused_and_left_out(cycle, commune, an):
    """A batch: a row that was refused, one left out, and one that waits for a worker."""
    three = stood(cycle, commune, an, S.ASSEMBLING, 3)
    rows = rows_of(three, reason="Bà Hoa, 0912 345 678, xin lùi", paper=False, by_task=False)
    found = batch.ask(stroke("defer", an, rows), rows)
    keys = list(found.rows.order_by("pk").values_list("pk", flat=True))
    batch.cancel(found, keys[1:2], by=an)
    refused = found.rows.get(pk=keys[0])
    refused.refuse(lambda: "Không làm được")
    refused.at = found.at
    refused.save()
    return found


def typed_of(found):
    return [bool(row.call) for row in found.rows.order_by("pk")]


def test_what_was_typed_of_a_row_goes_when_it_is_left_out_and_after_30_days(
    cycle, commune, an, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    found = refused_and_left_out(cycle, commune, an)
    assert typed_of(found) == [True, False, True]
    collect_files()
    assert typed_of(found) == [True, False, True]
    with clock.at(clock.now() + timedelta(days=31)):
        collect_files()
        # What still waits is not done without its words.
        assert typed_of(found) == [False, False, True]
        Job.objects.update(state=JobState.FAILED)
        collect_files()
    assert typed_of(found) == [False, False, False]


def test_only_who_asked_and_who_holds_the_same_post_see_it(cycle, commune, an, chi, la, binh):
    rows = rows_of(stood(cycle, commune, an, S.ASSEMBLING, 1), reason="x", paper=False)
    held = RoleAssignment.objects.get(user=an, org_unit=commune)
    found = ActBatch.objects.create(act="defer", by=an, capacity=held, at=rows[0].dossier.opened_at)
    seen = [who for who in (an, chi, la, binh) if ActBatch.objects.visible_to(who).exists()]
    assert seen == [an]
    RoleAssignment.objects.create(
        user=la, role=held.role, org_unit=held.org_unit, valid_from="2020-01-01"
    )
    la = type(la).objects.get(pk=la.pk)
    assert list(ActBatch.objects.visible_to(la)) == [found]


def test_what_was_told_of_a_batch_is_found_by_its_rows_not_by_reading_all_history(db):
    with connection.cursor() as cursor:
        # A table without rows is read whole, whatever index it has.
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "Seq Scan on cycle_historyentry" not in Notification.objects.of_strokes([1]).explain()


def test_who_hears_of_many_gets_one_letter_that_names_them_all_once_all_are_done(
    cycle, commune, other_commune, an, la, son, minh, settings, client
):
    settings.EMAIL_HOST = "mail.example.vn"
    for user in (an, la, minh):
        user.email = f"{user.username}@example.vn"
        save_as_owner(user)
    four = stood(cycle, commune, an, S.AWAITING_DECISION, 3)
    four += stood(cycle, other_commune, la, S.AWAITING_DECISION, 1)
    rows = rows_of(four, certificates)
    batch.ask(stroke("certify", son, rows, decision()), rows)
    through = batch._through

    def dies_at_the_third(row, of):
        if row.dossier_id == four[2].pk:
            raise OperationalError("server closed the connection")
        through(row, of)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "_through", dies_at_the_third)
        run_waiting()
    while dispatch():
        pass
    certified = Notification.objects.filter(entry__event="dossier.certify")
    # Two are done and more will be: nobody is written to yet.
    assert events(four[1])[-1] == "dossier.certify" and not certified.exists()
    # Of everything else they are.
    waits = OutboxMessage.objects.filter(dispatched_at=None).select_related("entry")
    assert {each.entry.event for each in waits} == {"dossier.certify"}
    run_waiting()
    # A few at a time, as of a large batch.
    while dispatch(2):
        pass
    assert {user: certified.filter(recipient=user).count() for user in (an, la, minh)} == {
        an: 3,
        la: 1,
        minh: 4,
    }
    letters = Delivery.objects.filter(notification__entry__event="dossier.certify")
    sent = {each.notification.recipient: letter(each).body for each in letters}
    assert len(sent) == letters.count() == 3
    for user, its in ((an, four[:3]), (la, four[3:]), (minh, four)):
        for dossier in four:
            named = f"/dossiers/{dossier.pk}/" in sent[user]
            assert named == (dossier in its), (user, dossier)
    assert "Cùng làm một lượt" not in sent[la]
    # The page of what was sent says which letter tells of the others, and leads to the batch.
    client.force_login(son, backend="django.contrib.auth.backends.ModelBackend")
    for dossier, told in ((four[0], False), (four[1], True)):
        page = client.get(f"/dossiers/{dossier.pk}/letters/").content.decode()
        assert (str(ONE_LETTER) in page) == told, dossier
        assert f'href="/many/{ActBatch.objects.get().pk}/"' in page
        assert f'href="/dossiers/{dossier.pk}/"' in page
    # The bell and the list count one too; who reads it has read all.
    for user, others in ((an, "và 2 hồ sơ khác"), (la, ""), (minh, "và 3 hồ sơ khác")):
        mine = Notification.objects.filter(recipient=user)
        mine.exclude(pk__in=certified.filter(recipient=user)).update(read_at=clock.now())
        page = News(user, Filters(unread=True))
        (row,) = page.rows()
        assert unread_count(user) == 1 == len(page.of(page.keys())), user
        assert row.others == others, user
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        if user == an:
            client.post("/notifications/read/", {"up_to": row.pk})
        else:
            client.get(f"/notifications/{row.pk}/")
        assert not unread_count(user) and not mine.unread().exists(), user
