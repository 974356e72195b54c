"""The clock keeps its promise: a warning is of its due day, true when it is read, and told once."""

from datetime import date, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from cycle import clock
from cycle.models import HistoryEntry, Job, OutboxMessage, Role, TermRule
from cycle.models.job import run_waiting
from dossiers.models import Dossier, Term
from dossiers.models import State as S
from dossiers.office import year as years
from dossiers.terms import recalculation
from dossiers.terms.due import due
from dossiers.terms.explanation import Explanation
from dossiers.terms.sweep import sweep
from dossiers.walk import doors
from notifications.dispatch import dispatch
from notifications.letters import Lapsed, letter
from notifications.models import Delivery, Notification
from tests import records
from tests.absences import of_ledger
from tests.filing_anew import at as filed_at
from tests.filing_anew import certify, file_anew
from tests.ground import kept
from tests.hearing import told
from tests.owning import update_as_owner
from tests.standing import sent_up, stand
from tests.world import open_dossier, open_task, person

pytestmark = pytest.mark.django_db


def at(month, day, hour=9, minute=0):
    return timezone.make_aware(datetime(2026, month, day, hour, minute))


@pytest.fixture
@kept
def monday(cycle, commune, an, chi, minh, son):
    """A dossier opened on Monday 16/11/2026, due in ten working days: Monday 30/11/2026."""
    with clock.at(at(11, 16)):
        return open_dossier(cycle, commune, an)


def beat(moment):
    """What the beat does at ``moment``."""
    with clock.at(moment):
        sweep()
        while dispatch():
            pass


def calendar(moment, *, off=(), worked=(), none=()):
    """At ``moment`` these days of the year are declared off or worked, or are as others again."""
    changes = [
        {"day": day.isoformat(), "what": what, "name": "Bão", "document": "12/TB-BNV"}
        for days, what in ((off, "off"), (worked, "worked"), (none, "none"))
        for day in days
    ]
    with clock.at(moment):
        rows = recalculation.checked(changes)
        recalculation.apply(rows, by=None)
        Job.objects.create(
            kind="recalculate_terms", created_at=clock.now(),
            params={"days": [row["day"].isoformat() for row in rows], "document": "12/TB-BNV"},
        )  # fmt: skip
        run_waiting()
        while dispatch():
            pass


def days(month, *numbers):
    return [date(2026, month, number) for number in numbers]


def written(user, event):
    """The last letter to ``user`` about ``event``, as it is written now."""
    notification = Notification.objects.filter(recipient=user, entry__event=event).last()
    return letter(Delivery(notification=notification))


# --- A warning belongs to its due day -----------------------------------------------------------


def test_after_a_change_of_the_calendar_the_new_day_is_warned_of_and_told_late(
    monday, an, chi, minh
):
    for moment in (at(11, 25, 8), at(11, 27, 8), at(12, 1, 0)):
        beat(moment)
    assert told(an) == ["term.warning", "term.warning", "term.overdue"]
    calendar(at(12, 1), off=[date(2026, 11, 30), *days(12, 1, 2)])
    assert open_task(monday).due_on == date(2026, 12, 3)
    # The wrong notice is taken back, in true words.
    assert told(an)[3:] == ["term.move"]
    with clock.at(at(12, 1)):
        said = written(an, "term.move").body
    assert "Thông báo quá hạn trước đây" in said and "không còn đúng" in said
    assert "từ ngày 30/11/2026 sang hết ngày 03/12/2026 (còn 1 ngày làm việc)" in said
    assert "Căn cứ: 12/TB-BNV" in said
    beat(at(12, 1, 9, 1))
    beat(at(12, 3, 23))
    assert told(an)[4:] == ["term.warning"]
    beat(at(12, 4, 0))
    assert told(an)[5:] == ["term.overdue"] and told(chi) == []
    beat(at(12, 4, 8))
    assert told(chi) == ["term.escalated"]
    assert set(open_task(monday).term.firings.values_list("rung", "due_on")) == {
        *((rung, date(2026, 11, 30)) for rung in ("-3:officer", "-1:officer", "0:officer")),
        *((rung, date(2026, 12, 3)) for rung in ("-3:officer", "-1:officer", "0:officer")),
        ("1:leader", date(2026, 12, 3)),
    }


def test_a_day_that_moves_away_and_comes_back_is_told_late_again(monday, an):
    off = [date(2026, 11, 30), *days(12, 1, 2)]
    for moment in (at(11, 25, 8), at(11, 27, 8), at(12, 1, 0)):
        beat(moment)
    calendar(at(12, 1), off=off)
    beat(at(12, 1, 10))
    before = len(told(an))
    calendar(at(12, 1, 11), none=off)
    assert open_task(monday).due_on == date(2026, 11, 30)
    # The leader, whose day was this morning, hears with them.
    beat(at(12, 1, 12))
    assert told(an)[before:] == ["term.escalated"]
    beat(at(12, 1, 13))
    assert told(an)[before:] == ["term.escalated"]


CALENDARS = {
    "warned, then later: the new day's warning is due already": (
        at(11, 25, 8), at(11, 26), {"off": days(11, 30)}, 1, ["term.warning"], 1),
    "warned, then earlier: told at once": (
        at(11, 25, 8), at(11, 26), {"worked": days(11, 28)}, -2, ["term.warning"], 0),
    "not yet warned": (at(11, 20), at(11, 20), {"off": days(11, 30)}, 1, [], 1),
    "late, and late still": (at(12, 2, 8), at(12, 3), {"off": days(11, 30)}, 1, [], 0),
    "late, and not late any more": (
        at(12, 1, 0), at(12, 1), {"off": [date(2026, 11, 30), *days(12, 1)]}, 2,
        ["term.move", "term.warning"], 0),
}  # fmt: skip


@pytest.mark.parametrize("what", CALENDARS)
def test_what_is_told_at_once_when_the_day_moves(what, monday, an):
    beaten, moved, change, by, at_once, again = CALENDARS[what]
    for moment in (at(11, 25, 8), at(11, 27, 8), at(12, 1, 0), at(12, 1, 8)):
        if moment <= beaten:
            beat(moment)
    before = len(told(an))
    calendar(moved, **change)
    assert open_task(monday).due_on == date(2026, 11, 30) + timedelta(days=by)
    beat(moved + timedelta(minutes=1))
    assert told(an)[before:] == at_once
    # No rung of the new day is lost, and none comes twice.
    beat(moved + timedelta(minutes=2))
    assert told(an)[before:] == at_once
    beat(at(11, 27, 8) if again else moved + timedelta(minutes=3))
    assert len(told(an)[before:]) == len(at_once) + again


def test_a_calendar_that_nobody_was_told_wrongly_by_writes_to_nobody(monday, an):
    calendar(at(11, 20), off=days(11, 24))
    assert HistoryEntry.objects.filter(event="term.move").count() == 1
    assert told(an) == []


# --- After days without a beat ------------------------------------------------------------------

#: Since when the beat was away and when it came back -> what each hears then.
AWAY = {
    "over one warning": (at(11, 20), at(11, 26), {"an": "term.warning"}),
    "over both warnings": (at(11, 20), at(11, 30), {"an": "term.warning"}),
    "over the due day": (at(11, 26), at(12, 1, 7), {"an": "term.overdue"}),
    "over the leader's day": (
        at(11, 20), at(12, 1), {"an": "term.escalated", "chi": "term.escalated"}),
    "nine days": (
        at(11, 26), at(12, 8, 9),
        dict.fromkeys(["an", "chi", "minh", "son"], "term.escalated")),
    "after the officer was told": (
        at(12, 1, 0), at(12, 8, 9), dict.fromkeys(["chi", "minh", "son"], "term.escalated")),
}  # fmt: skip


@pytest.mark.parametrize("what", AWAY)
def test_only_the_latest_stage_is_told_and_to_all_who_missed_one(what, monday, an, chi, minh, son):
    away, back, expected = AWAY[what]
    for moment in (at(11, 25, 8), at(11, 27, 8), at(12, 1, 0)):
        if moment <= away:
            beat(moment)
    people = {"an": an, "chi": chi, "minh": minh, "son": son}
    before = {name: len(told(user)) for name, user in people.items()}
    entries = HistoryEntry.objects.filter(event__startswith="term.").count()
    beat(back)
    heard = {name: told(user)[before[name] :] for name, user in people.items()}
    assert {name: events for name, events in heard.items() if events} == {
        name: [event] for name, event in expected.items()
    }
    assert HistoryEntry.objects.filter(event__startswith="term.").count() == entries + 1
    beat(back + timedelta(minutes=1))
    assert {name: told(user)[before[name] :] for name, user in people.items()} == heard


def test_the_words_are_true_when_they_are_read(monday, an, chi):
    beat(at(12, 8))
    with clock.at(at(12, 8)):
        mine, leaders = written(an, "term.escalated"), written(chi, "term.escalated")
    for each in (mine, leaders):
        assert "Hạn là ngày 30/11/2026, hiện quá hạn 6 ngày làm việc" in each.body
        assert "Sắp đến hạn" not in each.subject
    assert "Đề nghị ông/bà xử lý ngay" in mine.body
    assert "Đề nghị ông/bà đôn đốc" in leaders.body


def done(monday, an):
    from tests import records

    doors.complete(open_task(monday), "register_idea", by=an, record=records.idea())


UNTRUE = {
    "the term is late by now": lambda d, an: None,
    "the work is done": done,
    "it waits for the producer": lambda d, an: doors.wait(open_task(d), by=an, reason="Chờ giấy"),
    "it has another day": lambda d, an: open_task(d).term.extend(
        days=3, at=clock.now(), by=an, reason="Mưa lũ", basis=of_ledger("15/VPĐP", d.commune)
    ),
}


@pytest.mark.parametrize("what", UNTRUE)
def test_a_warning_that_is_no_longer_so_is_not_sent(what, monday, an):
    beat(at(11, 27, 8))
    with clock.at(at(11, 27)):
        assert "Sắp đến hạn" in written(an, "term.warning").subject
    with clock.at(at(12, 1, 1) if what == "the term is late by now" else at(11, 27)):
        UNTRUE[what](monday, an)
        with pytest.raises(Lapsed):
            written(an, "term.warning")


# --- A pause ------------------------------------------------------------------------------------

#: (opened, paused, days off declared meanwhile, resumed) -> (due day then, words then).
PAUSES = {
    "late since Friday, paused on Saturday, until a Monday": (
        at(11, 13), at(11, 28), [], at(12, 7), date(2026, 12, 4), "quá hạn 1 ngày làm việc"),
    "late since Friday, paused on Saturday, until a Saturday": (
        at(11, 13), at(11, 28), [], at(12, 5), date(2026, 12, 4), "vừa quá hạn"),
    "late since Friday, paused on Sunday, resumed on it": (
        at(11, 13), at(11, 29), [], at(11, 29), date(2026, 11, 27), "vừa quá hạn"),
    "paused on its last day: not late": (
        at(11, 13), at(11, 27), [], at(12, 7), date(2026, 12, 7), "hôm nay"),
    "two days late: as late as it was": (
        at(11, 16), at(12, 2), [], at(12, 21), date(2026, 12, 17), "quá hạn 2 ngày làm việc"),
    "a day that was used becomes off": (
        at(11, 16), at(11, 20), days(11, 18), at(11, 30), date(2026, 12, 9),
        "còn 7 ngày làm việc"),
    "a day of the pause becomes off": (
        at(11, 16), at(11, 20), days(11, 24), at(11, 30), date(2026, 12, 8),
        "còn 6 ngày làm việc"),
    "a day after the pause becomes off": (
        at(11, 16), at(11, 20), days(12, 2), at(11, 30), date(2026, 12, 9),
        "còn 6 ngày làm việc"),
    "by the new day off it was not late": (
        at(11, 16), at(12, 1), days(11, 24), at(12, 7), date(2026, 12, 7), "hôm nay"),
}  # fmt: skip


@pytest.mark.parametrize("what", PAUSES)
def test_a_pause_takes_and_gives_nothing(what, cycle, commune, an):
    opened, paused, off, resumed, due_on, words = PAUSES[what]
    with clock.at(opened):
        dossier = open_dossier(cycle, commune, an)
    with clock.at(paused):
        doors.wait(open_task(dossier), by=an, reason="Chờ giấy đăng ký kinh doanh")
    if off:
        calendar(paused + timedelta(hours=1), off=off)
    with clock.at(resumed):
        doors.resume(open_task(dossier), by=an)
        task = open_task(dossier)
        assert (task.due_on, task.term.due_on) == (due_on, due_on)
        shown = due(due_on, clock.today(), recalculation.whole_calendar())
        assert shown.words == words
        # «Vì sao hạn này?» leads to the same day.
        assert Explanation(task.term).stands


def test_what_is_just_late_says_so_while_it_waits(client, cycle, commune, an):
    with clock.at(at(11, 13)):
        dossier = open_dossier(cycle, commune, an)
    with clock.at(at(11, 28)):
        doors.wait(open_task(dossier), by=an, reason="Chờ giấy")
    client.force_login(an)
    with clock.at(at(12, 2)):
        page = client.get(f"/dossiers/{dossier.pk}/").content.decode()
        assert "Vừa quá hạn khi dừng" in page
        assert "tạm dừng, vừa quá hạn" in client.get("/inbox/").content.decode()


def test_a_pause_before_the_day_is_warned_of_again_after_it(monday, an):
    beat(at(11, 25, 8))
    with clock.at(at(11, 25)):
        doors.wait(open_task(monday), by=an, reason="Chờ giấy")
    with clock.at(at(12, 14)):
        doors.resume(open_task(monday), by=an)
    assert open_task(monday).due_on == date(2026, 12, 17)
    beat(at(12, 14, 9, 1))
    beat(at(12, 16, 8))
    # -3 of the new day was this morning, -1 is two days on.
    assert told(an) == ["term.warning"] * 3


def test_what_was_told_late_before_a_pause_is_not_told_again(monday, an, chi, minh):
    for moment in (at(11, 25, 8), at(11, 27, 8), at(12, 1, 0), at(12, 1, 8)):
        beat(moment)
    with clock.at(at(12, 2)):
        doors.wait(open_task(monday), by=an, reason="Chờ giấy")
    with clock.at(at(12, 21)):
        doors.resume(open_task(monday), by=an)
    beat(at(12, 21, 9, 1))
    assert (len(told(an)), len(told(chi)), told(minh)) == (3, 1, [])
    beat(at(12, 22, 8))
    assert told(minh) == ["term.escalated"]


# --- A fixed day that moves ---------------------------------------------------------------------


@pytest.fixture
@kept
def other(province):
    """Another officer of the province: nobody is told of what they did themselves."""
    return person("khac", "Vì Thị Khác", (Role.OFFICER, province))


def shift(batch, day, moment, by):
    """At ``moment`` the last day to decide of ``batch`` becomes ``day``."""
    batch.decide_by = day
    with clock.at(moment):
        years.save_batch(
            batch,
            paper=None,
            replan=False,
            change=years.Change(reason="Lịch họp", document="7/QĐ-UBND"),
            by=by,
        )
        while dispatch():
            pass


def test_a_batch_s_day_that_moves_takes_back_what_was_told_wrongly(
    cycle, commune, an, chi, minh, other
):
    batch = years.law_batches(cycle)[0]
    batch.save()
    with clock.at(at(4, 20)):
        dossier = stand(
            open_dossier(cycle, commune, an), S.COMMUNE_CHECKED, stars=None, points_sum=None,
            sheets=None,
        )  # fmt: skip
        sent_up(dossier, chi)
    beat(at(6, 30, 0))

    def heard():
        events = Notification.objects.filter(recipient=minh, entry__data__code="D3")
        moved = Notification.objects.filter(recipient=minh, entry__event="term.of_batch")
        return [each.entry.event for each in (events | moved).order_by("pk")]

    assert heard()[-1:] == ["term.overdue"]
    shift(batch, date(2026, 7, 20), at(6, 30), other)
    assert heard()[-2:] == ["term.overdue", "term.of_batch"]
    with clock.at(at(6, 30)):
        said = written(minh, "term.of_batch").body
    assert "không còn đúng" in said and "từ ngày 29/06/2026 sang hết ngày 20/07/2026" in said
    # Days are no states.
    entry = dossier.history.get(event="term.of_batch")
    assert (entry.before, entry.after, entry.data["before"]) == ("", "", "2026-06-29")
    # Back again: late, and told so.
    shift(batch, date(2026, 6, 29), at(6, 30, 10), other)
    beat(at(6, 30, 11))
    assert heard()[-3:] == ["term.overdue", "term.of_batch", "term.escalated"]


def test_a_certificate_that_outlives_its_day_takes_back_what_was_told_wrongly(
    cycle_of_three, old_commune, cycle, commune, an, son
):
    old = certify(cycle_of_three, old_commune, an, son, filed_at(2023, 8, 1), number="12/GCN")
    beat(at(8, 2, 0))
    late = Notification.objects.filter(entry__event="term.overdue", entry__data__code="D9")
    readers = set(late.values_list("recipient", flat=True))
    assert readers
    file_anew(old, cycle, commune, an, at(8, 5))
    beat(at(8, 5, 10))
    moved = Notification.objects.filter(entry__event="term.outlive")
    # Nobody is told of what they did themselves.
    assert set(moved.values_list("recipient", flat=True)) == readers - {an.pk} != set()
    assert not OutboxMessage.objects.exclude(error="").exists()
    entry = HistoryEntry.objects.get(event="term.outlive")
    assert (entry.before, entry.data["before"], entry.data["after"]) == (
        "", "2026-08-01", "2027-01-28",
    )  # fmt: skip


# --- A certificate that ends --------------------------------------------------------------------


@pytest.mark.parametrize("edition", ["qd26_2026", "qd1048_2019"])
def test_between_day_180_and_120_the_owner_is_warned_twice_more(rule_sets, edition):
    (rule,) = (each for each in rule_sets[edition].content["clocks"] if each["code"] == "D9")
    assert rule["warnings"] == [210, 180, 150, 130, 120, 30]


#: Filed or not, and the day of the warning of a certificate until 1/8/2029 -> what is said.
FILED = {
    (False, (2029, 2, 2)): "nộp chậm nhất ngày 03/04/2029",
    (False, (2029, 4, 3)): "nộp chậm nhất ngày 03/04/2029",
    (False, (2029, 7, 2)): "đã hết ngày 03/04/2029: nộp muộn phải nêu lý do",
    (True, (2029, 3, 4)): None,
    (True, (2029, 4, 3)): None,
    (True, (2029, 7, 2)): "Hồ sơ đánh giá lại đã nộp ngày 03/02/2029.",
}


@pytest.mark.parametrize(("filed", "day"), FILED)
def test_the_letter_names_the_last_day_to_file_and_is_not_sent_once_it_is_filed(
    cycle, commune, an, chi, son, filed, day
):
    given = certify(cycle, commune, an, son, filed_at(2026, 8, 1), number="12/GCN")
    if filed:
        file_anew(given, cycle, commune, an, filed_at(2029, 2, 3))
    beat(filed_at(*day) - timedelta(days=1))
    before = Notification.objects.filter(recipient=an, entry__event="term.warning").count()
    beat(filed_at(*day))
    heard = Notification.objects.filter(recipient=an, entry__data__code="D9")[before:]
    words = FILED[filed, day]
    assert len(heard) == (words is not None)
    if words:
        with clock.at(filed_at(*day)):
            said = written(an, "term.warning").body
        assert words in said and "Giấy chứng nhận 12/GCN" in said
        assert said.count("01/08/2029") == 1


def late_of(certificate):
    """The last days that somebody was told were over, of the certificate's clock."""
    said = HistoryEntry.objects.filter(
        event__in=("term.overdue", "term.escalated"), data__term=certificate.terms.get().pk
    )
    return set(said.values_list("data__due_on", flat=True))


@pytest.mark.parametrize("then", ["deferred", "handed in again", "withdrawn", "upgraded"])
def test_nobody_is_told_that_a_certificate_ended_while_it_waits_for_a_result(
    cycle_of_three, old_commune, cycle, commune, an, minh, son, then
):
    """Of what ended on 1/8/2026, and is valid for 180 days more once it was filed anew."""
    old = certify(cycle_of_three, old_commune, an, son, filed_at(2023, 8, 1), number="12/GCN")
    again = file_anew(old, cycle, commune, an, filed_at(2026, 7, 20))
    if then == "upgraded":
        better = file_anew(old, cycle, commune, an, filed_at(2026, 7, 21), "upgrade")
        better = stand(better, S.AWAITING_DECISION, stars=4)
        with clock.at(at(8, 25)):
            doors.complete(
                open_task(better), "certify", by=son, paper=records.signed_paper(),
                record=records.certificate(number="13/GCN"),
            )  # fmt: skip
    else:
        with clock.at(at(8, 25)):
            doors.act(again.process, "defer", by=minh, reason="Hội đồng chưa họp kịp")
    if then in ("handed in again", "withdrawn"):
        with clock.at(at(8, 27)):
            doors.act(again.process, "reopen", by=an, reason="Làm tiếp", cycle=cycle)
            again = Dossier.objects.get(pk=again.pk)
            if then == "withdrawn":
                doors.act(again.process, "withdraw", by=an, reason="Ngừng sản xuất")
            else:
                doors.complete(
                    open_task(again), "submit_dossier", by=an, reason="Làm tiếp",
                    record=records.self_assessment(),
                )  # fmt: skip
    beat(at(8, 28))
    assert late_of(old) == ({"2026-08-01"} if then == "withdrawn" else set())
    beat(filed_at(2027, 1, 29))
    due = {"withdrawn": {"2026-08-01"}, "upgraded": set()}
    assert late_of(old) == due.get(then, {"2027-01-28"})


@pytest.mark.parametrize("typed", [5, 25])
def test_the_result_of_what_the_ministry_ordered_is_told_as_the_end_whenever_it_was_typed(
    cycle_of_three, old_commune, cycle, commune, an, minh, son, typed
):
    given = certify(cycle_of_three, old_commune, an, son, filed_at(2024, 3, 1), number="12/GCN")

    def order():
        with clock.at(at(9, typed)):
            paper = records.ministry_paper(signed_on=date(2026, 9, 5))
            about = {"paper": paper, "reason": "Kết luận kiểm tra"}
            doors.act(given.dossier.process, "order_evaluation", by=minh, **about)

    if typed == 5:
        order()
        beat(at(9, 6))
        with clock.at(at(9, 6)):
            said = written(an, "term.warning").body
        assert "Bộ đã yêu cầu đánh giá lại ngày 05/09/2026" in said
        assert "nộp chậm nhất" not in said
    anew = stand(file_anew(given, cycle, commune, an, at(9, 10)), S.AWAITING_DECISION)
    with clock.at(at(9, 20)):
        doors.complete(
            open_task(anew), "not_recognise", by=son, paper=records.signed_paper(), reason="Thiếu"
        )
    if typed == 25:
        order()
    beat(at(9, 26))
    assert late_of(given) == {"2026-09-20"}


WARNED = import_module("dossiers.migrations.0026_warning_of_its_day")


def test_the_clocks_of_before_learn_the_new_warnings(cycle_of_three, old_commune, an, son):
    given = certify(cycle_of_three, old_commune, an, son, clock.now(), number="12/GCN")
    term = given.terms.get()
    told_ = dict(zip(term.rungs, term.rung_at, strict=True))
    as_before = {rung: moment for rung, moment in told_.items() if rung[:4] not in ("-150", "-130")}
    assert len(told_) == len(as_before) + 2
    Term.objects.filter(pk=term.pk).update(
        rungs=list(as_before), rung_at=list(as_before.values()), next_at=min(as_before.values())
    )
    update_as_owner(TermRule.objects.filter(code="D9"), warnings=[210, 180, 120, 30])
    with connection.cursor() as cursor:
        WARNED.warn(apps, cursor)
    # A release is the owner's, who is not asked for a line of history; here the application is.
    for rule in TermRule.objects.filter(code="D9"):
        HistoryEntry.objects.record("cycle.configure", rule.cycle, by=an)
    term.refresh_from_db()
    assert dict(zip(term.rungs, term.rung_at, strict=True)) == told_
    assert (term.rung_at, term.next_at) == (sorted(term.rung_at), min(term.rung_at))
    assert {tuple(rule.warnings) for rule in TermRule.objects.filter(code="D9")} == {
        (210, 180, 150, 130, 120, 30)
    }


FOLLOW = import_module("dossiers.migrations.0046_certificates_follow")


def test_the_clocks_of_certificates_of_before_follow_their_validity_anew(
    cycle_of_three, old_commune, cycle, commune, an, minh, son
):
    """As they were stored: a deferral had ended the one, what replaced the other had not."""
    FOLLOW.ask(apps, None)
    assert not Job.objects.exists()
    waits = certify(cycle_of_three, old_commune, an, son, filed_at(2023, 8, 1), number="12/GCN")
    again = file_anew(waits, cycle, commune, an, filed_at(2026, 7, 20))
    with clock.at(at(8, 25)):
        doors.act(again.process, "defer", by=minh, reason="Hội đồng chưa họp kịp")
    gone = certify(cycle_of_three, old_commune, an, son, filed_at(2023, 8, 1), number="13/GCN")
    first = stand(file_anew(gone, cycle, commune, an, at(7, 20), "first"), S.AWAITING_DECISION)
    with clock.at(at(8, 25)):
        doors.complete(
            open_task(first), "certify", by=son, paper=records.signed_paper(),
            record=records.certificate(number="14/GCN"),
        )  # fmt: skip
    Term.objects.filter(certificate__in=[waits, gone]).update(
        due_on=date(2026, 8, 1), state="running", stopped_at=None
    )
    with clock.at(at(8, 28)):
        FOLLOW.ask(apps, None)
        for moved in (2, 0):
            Job.objects.update(state="queued")
            run_waiting()
            job = Job.objects.get()
            assert (job.error, job.result["moved"]) == ("", moved)
    assert [(each.terms.get().state, each.terms.get().due_on) for each in (waits, gone)] == [
        ("running", date(2027, 1, 28)),
        ("stopped", date(2026, 8, 1)),
    ]


def test_a_clock_paused_before_goes_on_with_what_was_left(monday, an):
    with clock.at(at(11, 20)):
        doors.wait(open_task(monday), by=an, reason="Chờ giấy")
    # As it was stored: what was left, counted from where it began.
    Term.objects.filter(pk=open_task(monday).term.pk).update(base_amount=6)
    WARNED.go_on_from_the_pause(apps, None)
    with clock.at(at(11, 30)):
        doors.resume(open_task(monday), by=an)
    assert open_task(monday).due_on == date(2026, 12, 8)


def test_a_clock_paused_late_before_is_as_late(monday, an):
    with clock.at(at(12, 2)):
        doors.wait(open_task(monday), by=an, reason="Chờ giấy")
    Term.objects.filter(pk=open_task(monday).term.pk).update(base_amount=-2)
    WARNED.go_on_from_the_pause(apps, None)
    with clock.at(at(12, 21)):
        doors.resume(open_task(monday), by=an)
    assert open_task(monday).due_on == date(2026, 12, 17)
