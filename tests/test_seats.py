"""Seats of a council around a round: ending one changes neither its quorum nor its sheets."""

from datetime import timedelta
from functools import partial

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from councils.judging import checklist, closing
from councils.judging.tally import HandedIn
from councils.models import Council, EvaluationRound, Member, RoundClosed, Seat
from cycle import clock, written
from cycle.models import HistoryEntry
from dossiers.models import ConditionNotMet
from notifications import letters
from notifications.dispatch import dispatch
from notifications.models import Notification
from tests import judging
from tests.ground import kept
from tests.judging import begin, fill, judge, regulate
from tests.owning import update_as_owner
from tests.pages import shown
from tests.world import person

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
@kept
def council(province, thu):
    regulate(province)
    return judging.seat(province, thu)


def end(council, member, by, day, **said):
    said = {"reason": "Chuyển công tác", "document": judging.paper("9/QĐ-UBND")} | said
    council.take_seat(member, by=by, until=day, **said)


def at_stage(stage, council, cycle, before, thu):
    """A round: its meeting tomorrow and a sheet in, or today with all sheets in, or counted."""
    if stage == "before meeting":
        tomorrow = clock.now() + DAY
        round_ = begin(council, cycle, before, thu, everybody=False, meets_at=tomorrow)
        fill(round_.entries.get(), judge(council, 4))
        return round_
    round_ = begin(council, cycle, before, thu)
    for number in range(5):
        fill(round_.entries.get(), judge(council, number))
    if stage == "after count":
        judging.count(round_)
    return round_


@pytest.mark.parametrize("stage", ["before meeting", "after scoring", "after count"])
@pytest.mark.parametrize(
    ("days", "refused"),
    [
        (-1, "Chỉ cho thôi từ hôm nay"),
        (0, {"before meeting": "Đợt «Đợt 1» họp ngày"}),
        (3, {}),
        ("revive", "không sửa lại được"),
    ],
)
def test_a_seat_ends_and_the_round_stays(stage, days, refused, council, cycle, commune, an, thu):
    before = judging.before_council(cycle, commune, an)
    round_ = at_stage(stage, council, cycle, before, thu)
    member = judge(council, 4)
    judges = set(round_.scoring_members.values_list("pk", flat=True))
    if days == "revive":
        end(council, member, thu, clock.today() + DAY)
    ends = member.until
    words = refused if isinstance(refused, str) else refused.get(stage)
    day = clock.today() + DAY * (30 if days == "revive" else days)
    if words:
        with pytest.raises(ConditionNotMet, match=words):
            end(council, member, thu, day)
        member.refresh_from_db()
        assert member.until == ends
    else:
        end(council, member, thu, day)
        told = HistoryEntry.objects.filter(event="council.unseat").latest("seq")
        assert told.reason == "Chuyển công tác"
        assert (told.data["until"], told.data["document"][:9]) == (day.isoformat(), "9/QĐ-UBND")
        assert told.ledger == Member.objects.get(pk=member.pk).release_id
    with clock.at(clock.now() + 5 * DAY):
        round_.refresh_from_db()
        assert set(round_.scoring_members.values_list("pk", flat=True)) == judges
        entry = round_.entries.get()
        if stage == "before meeting":
            round_.attend(dict.fromkeys(judges, True), by=thu)
            assert HandedIn.of(round_).stray(entry) == set()
        else:
            codes = {item.code for item in checklist.checklist(round_) if not item.met}
            assert codes <= {"count"}
            assert judging.close(round_, by=thu).results.get().sheets == 5


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"reason": " "}, "nêu lý do"),
        ({"document": judging.paper("văn bản ngày 01/11/2026")}, "ví dụ 12/QĐ-UBND"),
    ],
)
def test_a_seat_ends_with_a_reason_and_a_document(council, thu, said, words):
    with pytest.raises((ConditionNotMet, ValidationError), match=words):
        end(council, judge(council, 1), thu, clock.today(), **said)


def test_nobody_is_seated_into_a_meeting_that_was_held(council, cycle, commune, an, thu):
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an), thu)
    late = Member(user=person("moi_den", "Mới Đến"), seat=Seat.MEMBER, since=clock.today())
    with pytest.raises(ConditionNotMet, match="chỉ tham gia từ ngày sau đó"):
        council.give_seat(late, by=thu)
    late.since = clock.today() + DAY
    council.give_seat(late, by=thu)
    with clock.at(clock.now() + 2 * DAY):
        assert not round_.scoring_members.filter(pk=late.pk).exists()


def test_the_day_of_the_meeting_stays_and_comes_first(council, cycle, commune, an, thu):
    tomorrow = clock.now() + DAY
    before = judging.before_council(cycle, commune, an)
    round_ = begin(council, cycle, before, thu, everybody=False, meets_at=tomorrow)
    with pytest.raises(ConditionNotMet, match="không đổi ngày họp"):
        round_.amend(by=thu, meets_at=tomorrow - DAY)
    with pytest.raises(ConditionNotMet, match="chưa đến ngày họp"):
        round_.attend({}, by=thu)
    with pytest.raises(ConditionNotMet, match="chưa đến ngày họp"):
        judging.close(round_, by=thu)
    round_.amend(by=thu, place="Nhà văn hóa", meets_at=tomorrow)


# --- The meeting moves after scoring began --------------------------------------------------------


def move(round_, by, days, reason="Chủ tịch đi công tác", **said):
    round_.move_meeting(meets_at=clock.now() + days * DAY, reason=reason, by=by, **said)


@pytest.fixture
@kept
def scoring(council, cycle, commune, an, thu):
    """A round that scores, its meeting tomorrow, with the sheet of the last judge in."""
    before = judging.before_council(cycle, commune, an)
    return at_stage("before meeting", council, cycle, before, thu)


def sheets_of(round_):
    return sorted(
        (sheet.pk, sheet.state, judging.total(sheet))
        for entry in round_.entries.all()
        for sheet in entry.sheets.all()
    )


def test_a_meeting_put_off_is_held_on_its_new_day_with_the_sheets_that_are_in(
    scoring, council, thu, son, an
):
    entry = scoring.entries.get()
    for number in range(4):
        fill(entry, judge(council, number))
    sealed, was = sheets_of(scoring), scoring.meets_at
    with pytest.raises(PermissionDenied):
        move(scoring, an, 9)
    move(scoring, thu, 9, place="Nhà văn hóa")
    scoring.refresh_from_db()
    assert (scoring.met_on, scoring.place) == (clock.today() + 9 * DAY, "Nhà văn hóa")
    assert sheets_of(scoring) == sealed
    told = HistoryEntry.objects.get(event="round.move_meeting")
    assert (told.reason, told.actor, told.data["had_come"]) == ("Chủ tịch đi công tác", thu, [])
    assert (told.data["was"], told.data["place"]) == (was.isoformat(), "Nhà văn hóa")
    while dispatch():
        pass
    heard = {row.recipient for row in Notification.objects.filter(entry=told)}
    assert heard == {member.user for member in council.members.all()}
    # Whoever comes in before that day sits in it; nothing is recorded or closed before it.
    with pytest.raises(ConditionNotMet, match="chưa đến ngày họp"):
        scoring.attend({}, by=thu)
    with clock.at(clock.now() + 9 * DAY):
        judges = scoring.scoring_members
        scoring.attend(dict.fromkeys(judges.values_list("pk", flat=True), True), by=thu)
        assert judging.close(scoring, by=thu).results.get().sheets == 5
        with pytest.raises(RoundClosed):
            move(scoring, thu, 3)
        # Nor when it is opened again: that meeting was held.
        closing.reopen(scoring, by=thu, reason="Khiếu nại", document=judging.paper("15/VB-UBND"))
        with pytest.raises(ConditionNotMet, match="đã diễn ra"):
            move(scoring, thu, 3)


def test_too_few_came_and_it_is_put_off(scoring, council, thu):
    with clock.at(clock.now() + DAY):
        came = judge(council, 4)
        scoring.attend(
            {member.pk: member == came for member in scoring.seats}, by=thu, reason="Ghi nhầm"
        )
        move(scoring, thu, 7, reason="Không đủ thành viên")
        assert not scoring.attendances.exists()
        told = HistoryEntry.objects.get(event="round.move_meeting")
        assert told.data["had_come"] == [came.pk]


@pytest.mark.parametrize(
    ("days", "said", "words"),
    [
        (9, {"reason": "  "}, "chưa nêu lý do"),
        (-1, {}, "Chỉ dời sang hôm nay"),
        (1, {}, "hãy chọn ngày khác"),
        (365, {}, "xin xem lại năm, tháng"),
        (92, {}, "xin xem lại năm, tháng"),
    ],
)
def test_what_moves_no_meeting(days, said, words, scoring, thu):
    before = scoring.meets_at
    with pytest.raises(ConditionNotMet, match=words):
        move(scoring, thu, days, **said)
    scoring.refresh_from_db()
    assert scoring.meets_at == before
    assert not HistoryEntry.objects.filter(event="round.move_meeting").exists()


def test_until_it_is_recorded_who_came_on_the_new_day_nobody_was_away(scoring, council, thu):
    with clock.at(clock.now() + DAY):
        for number in range(4):
            fill(scoring.entries.get(), judge(council, number))
        seats = {member.pk: member != judge(council, 0) for member in scoring.seats}
        scoring.attend(seats, by=thu)
        assert "stray" in unmet(scoring)
        move(scoring, thu, 7, reason="Chủ tịch ốm")
        assert {"stray", "sheets"}.isdisjoint(unmet(scoring))
        # It is not closed all the same: nobody is known to be there.
        assert "quorum" in unmet(scoring)
    with clock.at(clock.now() + 8 * DAY):
        scoring.attend(dict.fromkeys(seats, False), by=thu, reason="Ghi nhầm")
        assert "stray" in unmet(scoring)


def unmet(round_):
    return {item.code for item in checklist.checklist(round_) if not item.met}


def test_history_news_and_letter_name_the_old_day_and_the_new(scoring, council, thu, client):
    was = scoring.meets_at
    move(scoring, thu, 9)
    scoring.refresh_from_db()
    words = f"từ {written.moment_text(was)} sang {written.moment_text(scoring.meets_at)}"
    client.force_login(thu)
    page = shown(client.get(reverse("councils:round", args=[scoring.pk])).content.decode())
    place = f"{words}; Phòng họp tầng 2"
    assert f"dời ngày họp của đợt đánh giá {place}: Chủ tịch đi công tác" in page
    while dispatch():
        pass
    told = Notification.objects.filter(entry__event="round.move_meeting").first()
    assert words in letters.of_notification(told).body
    client.force_login(judge(council, 1).user)
    news = shown(client.get(reverse("notifications:news")).content.decode())
    assert words in news


def test_the_seats_of_the_new_day_are_asked(scoring, council, thu):
    # Sheets in: who hands one in and leaves before the new day.
    end(council, judge(council, 4), thu, clock.today() + 3 * DAY)
    with pytest.raises(ConditionNotMet, match="đã có phiếu trong đợt nhưng thôi"):
        move(scoring, thu, 5)
    move(scoring, thu, 3)
    # Without a sheet a judge may be gone by then; the chair may not, nor may too few be left.
    end(council, judge(council, 1), thu, clock.today() + 2 * DAY)
    end(council, judge(council, 0), thu, clock.today() + 9 * DAY)
    with pytest.raises(ConditionNotMet, match="chưa có chủ tịch"):
        move(scoring, thu, 12)
    # Who comes in before the new day sits in it.
    late = Member(user=person("moi_den", "Mới Đến"), seat=Seat.MEMBER, since=clock.today() + DAY)
    council.give_seat(late, by=thu)
    move(scoring, thu, 2)
    with clock.at(clock.now() + 2 * DAY):
        assert scoring.scoring_members.filter(pk=late.pk).exists()
        assert scoring.scoring_members.filter(user=judge(council, 1).user).exists()


def test_a_meeting_that_counted_is_not_put_off(council, cycle, commune, an, thu):
    before = judging.before_council(cycle, commune, an)
    round_ = at_stage("after count", council, cycle, before, thu)
    with pytest.raises(ConditionNotMet, match="đã kiểm phiếu: không dời"):
        move(round_, thu, 5)


def test_the_office_moves_it_on_the_page(client, scoring, thu, an, council):
    address = f"/rounds/{scoring.pk}/move/"
    client.force_login(thu)
    assert f'href="{address}"' in client.get(f"/rounds/{scoring.pk}/").content.decode()
    day = clock.today() + 6 * DAY
    typed = {
        "meets_at_0": f"{day:%d/%m/%Y}",
        "meets_at_1": "14:00",
        "meets_at": f"14:00 {day:%d/%m/%Y}",
    }
    page = client.post(address, typed).content.decode()
    assert "Bạn chưa nhập: Lý do." in page
    assert f"{day:%d/%m/%Y}" in page
    assert client.post(address, typed | {"reason": "Mưa lũ"}).status_code == 302
    scoring.refresh_from_db()
    assert scoring.met_on == day
    client.force_login(judge(council, 1).user)
    assert client.get(address).status_code == 403
    client.force_login(an)
    assert client.get(address).status_code == 404


def test_one_judging_seat_a_day(council):
    held = judge(council, 1)
    update_as_owner(Member.objects.filter(pk=held.pk), until=clock.today())
    again = {
        "council": council, "user": held.user, "seat": Seat.MEMBER, "made_by": held.made_by,
        "decision": council.decision,
    }  # fmt: skip
    with pytest.raises(IntegrityError, match="one_judging_seat_per_person"), transaction.atomic():
        Member.objects.create(**again, since=clock.today())
    assert Member.objects.create(**again, since=clock.today() + DAY).pk


# --- No act sets a day that is past -------------------------------------------------------------


def _make(council, cycle, thu, **fields):
    about = {"council": council, "cycle": cycle, "name": "Đợt", "place": "Tầng 2"} | fields
    return EvaluationRound.create(EvaluationRound(**about), by=thu)


def _to_another_day(council, cycle, thu, **fields):
    _make(council, cycle, thu).amend(by=thu, **fields)


def _moved(council, cycle, thu, meets_at):
    (round_,) = council.rounds.all()
    round_.move_meeting(meets_at=meets_at, reason="Bão", by=thu)


def _extended(council, cycle, thu, valid_to):
    with transaction.atomic():
        update_as_owner(Council.objects.filter(pk=council.pk), valid_to=clock.today() - 9 * DAY)
        council.extend(
            valid_to=valid_to, reason="Còn đợt", document=judging.paper("9/QĐ-UBND"), by=thu
        )


WRITTEN = {"mode": "written", "place": ""}
#: Way to a day -> (act, field).
DAYS = {
    "a round is created": (_make, "meets_at"),
    "a meeting is set anew": (_to_another_day, "meets_at"),
    "a meeting is moved": (_moved, "meets_at"),
    "a written round is created": (partial(_make, **WRITTEN), "decide_by"),
    "a round is made a written one": (partial(_to_another_day, **WRITTEN), "decide_by"),
    "a council is extended": (_extended, "valid_to"),
}


@pytest.mark.parametrize("way", DAYS)
@pytest.mark.parametrize(("days", "may"), [(-1, False), (0, True), (3, True)])
def test_no_act_sets_a_day_that_is_past(way, days, may, council, cycle, commune, an, thu):
    act, field = DAYS[way]
    if act is _moved:
        before = judging.before_council(cycle, commune, an)
        begin(council, cycle, before, thu, everybody=False, meets_at=clock.now() + DAY)
    moment = clock.now() + days * DAY
    value = moment if field == "meets_at" else timezone.localdate(moment)
    made = EvaluationRound.objects.count()
    if may:
        act(council, cycle, thu, **{field: value})
        return
    with transaction.atomic(), pytest.raises(ConditionNotMet) as why:
        act(council, cycle, thu, **{field: value})
    assert [each.field for each in why.value.lacks] == [field]
    assert "hôm nay hoặc" in str(why.value)
    assert EvaluationRound.objects.count() <= made + (not way.endswith("created"))


def test_of_a_past_year_a_round_is_told_as_it_was(council, cycle, thu):
    """A replay, and a meeting of a year that is told again, say so with their clock."""
    with clock.at(clock.now(), replay=True):
        assert _make(council, cycle, thu, meets_at=clock.now() - DAY).pk
    # The day by which a meeting should have judged is past: it is late, and held all the same.
    assert _make(council, cycle, thu, name="Đợt sau", decide_by=clock.today() - DAY).pk


def test_the_page_says_so_at_its_field(client, council, cycle, thu):
    client.force_login(thu)
    gone = timezone.localtime(clock.now() - DAY)
    sent = {
        "council": council.pk, "cycle": cycle.pk, "name": "Đợt 1", "mode": "meeting",
        "meets_at": f"{gone:%d/%m/%Y} 14:00", "place": "Tầng 2",
    }  # fmt: skip
    answer = client.post(reverse("councils:round_new"), sent)
    assert list(answer.context["form"].errors) == ["meets_at"]
    assert "Ngày họp đã qua" in answer.text and "Tầng 2" in answer.text
    assert not EvaluationRound.objects.exists()
