"""Seats of a council around a round: ending one changes neither its quorum nor its sheets."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from councils.judging import checklist
from councils.judging.tally import HandedIn
from councils.models import Member, Seat
from cycle import clock
from cycle.models import HistoryEntry
from dossiers.models import ConditionNotMet
from tests import judging
from tests.judging import begin, fill, judge, regulate
from tests.world import person

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def council(province, thu):
    regulate(province)
    return judging.seat(province, thu)


def end(council, member, by, day, **said):
    said = {"reason": "Chuyển công tác", "document": "9/QĐ-UBND"} | said
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
        assert (told.data["until"], told.data["document"]) == (day.isoformat(), "9/QĐ-UBND")
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
    ("said", "words"), [({"reason": " "}, "nêu lý do"), ({"document": ""}, "ghi số, ngày văn bản")]
)
def test_a_seat_ends_with_a_reason_and_a_document(council, thu, said, words):
    with pytest.raises(ConditionNotMet, match=words):
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


def test_one_judging_seat_a_day(council):
    held = judge(council, 1)
    Member.objects.filter(pk=held.pk).update(until=clock.today())
    again = {"council": council, "user": held.user, "seat": Seat.MEMBER, "made_by": held.made_by}
    with pytest.raises(IntegrityError, match="one_judging_seat_per_person"), transaction.atomic():
        Member.objects.create(**again, since=clock.today())
    assert Member.objects.create(**again, since=clock.today() + DAY).pk
