"""A round has a way on from wherever it stands: states × events × outcomes.

`CASES` are what offices met, in plain words. `FINISH` has one remedy for each item of the checklist;
a walk of random acts, each checked by `ends`, shows that from every state reached the round can be
closed, and can be given up.
"""

import random
from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest
import rules
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from councils.forms.rounds import RoundForm, TakeInForm
from councils.judging import closing, ranking
from councils.judging.board import Board
from councils.judging.checklist import checklist, unresolved
from councils.judging.tally import HandedIn, tally
from councils.models import (
    Council,
    EvaluationRound,
    Interest,
    Member,
    Opinion,
    Regulation,
    RoundClosed,
    RoundEntry,
    RoundState,
    Scoresheet,
    SheetSealed,
    SheetState,
)
from councils.models.scoresheet import HANDED_IN
from councils.papers.then import Then
from councils.views import result
from cycle import clock, events
from cycle.models import (
    Cycle,
    Elimination,
    HistoryEntry,
    Role,
    RoleAssignment,
    Substitution,
    User,
)
from cycle.models.job import run_waiting
from dossiers.models import (
    ConditionNotMet,
    Dossier,
    OfficialDocument,
    PaperRequired,
    Product,
    State,
    Task,
)
from dossiers.walk import doors
from tests import judging, records
from tests.absences import of_ledger
from tests.ground import kept
from tests.judging import begin, best, fill, judge, regulate, worst
from tests.owning import update_as_owner
from tests.standing import approved, stand
from tests.stored import staged
from tests.world import open_dossier, open_task, person

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
PAPER = "15/VB-UBND ngày 01/11/2026"


@pytest.fixture
@kept
def council(province, thu):
    regulate(province)
    return judging.seat(province, thu)


@pytest.fixture
@kept
def round_(council, cycle, commune, an, thu):
    return begin(council, cycle, judging.before_council(cycle, commune, an, 1), thu)


def fresh(round_):
    return EvaluationRound.objects.get(pk=round_.pk)


def score(round_, numbers=range(5), wish=best):
    for entry in round_.entries.filter(live=True):
        for number in numbers:
            fill(entry, judge(round_.council, number), wish)


def close(round_, thu):
    made = judging.close(fresh(round_), by=thu)
    run_waiting()
    return made


def reopened(round_, thu):
    return closing.reopen(fresh(round_), by=thu, reason="Khiếu nại", document=judging.paper(PAPER))


def unmet(round_):
    return {item.code for item in checklist(fresh(round_)) if not item.met}


def refused(act):
    with pytest.raises(ConditionNotMet) as why:
        act()
    return " ".join(map(str, why.value.messages))


def came(round_, numbers, thu, reason="Ghi nhầm"):
    """Of the judges these; the secretary always."""
    there = {judge(round_.council, each).pk: each in numbers or each == 5 for each in range(6)}
    fresh(round_).attend(there, by=thu, reason=reason)


# --- The cases ------------------------------------------------------------------------------


def eliminated_in_error(round_, thu, an):
    """An elimination was wrong: the reopened round closes on the product with its points."""
    entry = round_.entries.get()
    out = entry.rubric.eliminations.first()
    score(round_)
    round_.resolve(entry, elimination=out, holds=True, reason="Hồ sơ giả", by=thu)
    close(round_, thu)
    assert Dossier.objects.get().state == State.NOT_RECOGNISED
    reopened(round_, thu)
    fresh(round_).resolve(
        entry, elimination=out, holds=False, reason="Hồ sơ thật", correction="Nhầm", by=thu
    )
    assert close(round_, thu).results.get().stars == 5


def go_on(dossier):
    """The province's officer submits it: the round's result is used."""
    minh = User.objects.get(username="minh")
    doors.complete(open_task(dossier), "propose_recognition", by=minh)


def decided_meanwhile(round_, thu, an):
    """Its dossier has gone on: the reopened round is empty and closes, or is given up."""
    score(round_)
    close(round_, thu)
    dossier = Dossier.objects.get()
    go_on(dossier)
    reopened(round_, thu)
    assert not round_.entries.filter(live=True).exists()
    with transaction.atomic():
        assert not close(round_, thu).results.exists()
        transaction.set_rollback(True)
    fresh(round_).void(by=thu, reason="Không còn sản phẩm", document=judging.paper(PAPER))
    assert round_.closings.get().results.get().stars == 5
    assert Dossier.objects.get().state == State.AWAITING_DECISION


def _two_of_which_one_went_on(round_, thu, an):
    """A second round of products A and B is closed; A is submitted, and the round opened again."""
    pair = judging.before_council(round_.cycle, Dossier.objects.get().commune, an, 2)
    second = begin(round_.council, round_.cycle, pair, thu)
    score(second)
    close(second, thu)
    go_on(pair[0])
    reopened(second, thu)
    assert [each.dossier for each in second.entries.filter(live=True)] == [pair[1]]
    return second, Dossier.objects.get(pk=pair[0].pk)


def _submission_returned(dossier):
    son = User.objects.get(username="son")
    doors.complete(open_task(dossier), "return_submission", by=son, reason="Thành viên có lợi ích")


def sent_back_after_a_second_closing(round_, thu, an):
    """A had gone on when the round was opened again; returned since, a new reopening has it."""
    second, went_on = _two_of_which_one_went_on(round_, thu, an)
    close(second, thu)
    _submission_returned(went_on)
    reopened(second, thu)
    assert second.entries.filter(live=True).count() == 2
    went_on.lock()
    assert (went_on.state, went_on.stars) == (State.PROVINCE_EVALUATING, None)
    assert close(second, thu).results.count() == 2
    went_on.lock()
    assert went_on.state == State.RANKED
    # Judged elsewhere since, on paper: that result is not taken away by this round.
    go_on(went_on)
    reopened(second, thu)
    close(second, thu)
    _submission_returned(went_on)
    reopened(second, thu)
    fresh(second).drop(second.entries.get(dossier=went_on), by=thu, reason="Chấm ở đợt khác")
    result = records.evaluation("616", 7, stars=4)
    doors.complete(open_task(went_on), "rank", by=thu, paper=records.signed_paper(), record=result)
    close(second, thu)
    reopened(second, thu)
    went_on.lock()
    assert (went_on.state, went_on.stars) == (State.RANKED, 4)


def sent_back_after_the_round_was_voided(round_, thu, an):
    """A had gone on when its round was given up; returned since, another round takes it in."""
    second, went_on = _two_of_which_one_went_on(round_, thu, an)
    fresh(second).void(by=thu, reason="Có khiếu nại", document=judging.paper(PAPER))
    waiting = fresh(round_).awaiting()
    assert went_on not in waiting
    _submission_returned(went_on)
    went_on.lock()
    assert went_on in waiting.all()
    rubric = second.entries.get(dossier=went_on).rubric
    pairs, about = [(went_on, rubric)], {"by": thu, "reason": "Kết quả cũ không dùng được"}
    assert "không chờ" in refused(lambda: fresh(round_).take_in(pairs, **about))
    closing.take_in(fresh(round_), pairs, **about)
    went_on.lock()
    assert (went_on.state, went_on.stars) == (State.PROVINCE_EVALUATING, None)
    score(round_)
    assert close(round_, thu).results.count() == 2
    # Its result is of a round that stands: it waits for none.
    assert went_on not in fresh(second).awaiting()


def extended_after_reopening(round_, thu, an):
    """An empty reopened round takes further products in, with a reason."""
    score(round_)
    close(round_, thu)
    go_on(Dossier.objects.get())
    reopened(round_, thu)
    (more,) = judging.before_council(round_.cycle, Dossier.objects.get().commune, an, 1)
    pairs = [(more, judging.rubric_of(more))]
    assert "lý do bổ sung" in refused(lambda: fresh(round_).take_in(pairs, by=thu))
    fresh(round_).take_in(pairs, by=thu, reason="Hồ sơ về lại sau khi mở lại đợt")
    for number in range(5):
        fill(round_.entries.get(live=True), judge(round_.council, number))
    assert close(round_, thu).results.get().stars == 5


def a_product_that_the_meeting_never_had(round_, thu, an):
    """Opened again days after its meeting, a round takes in what the meeting judged, and no other:
    that goes into another round.
    """
    score(round_)
    close(round_, thu)
    (more,) = judging.before_council(round_.cycle, Dossier.objects.get().commune, an, 1)
    day, about = round_.met_on, {"by": thu, "reason": "Hồ sơ về lại"}
    with clock.at(clock.now() + 2 * DAY):
        reopened(round_, thu)
        pairs = [(more, judging.rubric_of(more))]
        words = refused(lambda: closing.take_in(fresh(round_), pairs, **about))
        assert words == (
            f"Cuộc họp ngày {day:%d/%m/%Y} đã qua, {more} chưa đưa ra cuộc họp đó: hãy đưa vào "
            "đợt khác."
        )
        entry = round_.entries.get()
        fresh(round_).drop(entry, by=thu, reason="Chờ kiểm nghiệm")
        asks = TakeInForm(round_=fresh(round_), by=thu)
        assert (asks.dossiers, asks.elsewhere) == ([entry.dossier], [more])
        closing.take_in(fresh(round_), [(entry.dossier, entry.rubric)], **about)
        assert close(round_, thu).results.get().sheets == 5
        other = begin(round_.council, round_.cycle, [more], thu)
        assert other.entries.get().live


def a_reopening_is_no_further_scoring(round_, thu, an):
    """After a reopening nothing was scored a second time, and no page says so; what then is, is."""
    score(round_)
    judging.count(round_)
    about = {"kind": "relative", "reason": "Em", "recused": True, "by": thu}
    fresh(round_).declare_interest(round_.entries.get(), judge(round_.council, 4), **about)
    close(round_, thu)
    reopened(round_, thu)
    entry = round_.entries.get()
    assert (entry.scoring, entry.times_scored, entry.scorings_used()) == (3, 1, 1)
    judging.count(round_)
    fresh(round_).score_again(round_.entries.get(), by=thu, reason="Chênh lệch")
    assert round_.entries.get().times_scored == 2
    score(round_, range(4))
    close(round_, thu)
    reopened(round_, thu)
    entry = round_.entries.get()
    assert (entry.times_scored, entry.scorings_used()) == (2, 1)
    # Of rows of before the migration knows the reopenings.
    update_as_owner(RoundEntry.objects.all(), repeats=0)
    with connection.cursor() as cursor:
        cursor.execute(import_module("councils.migrations.0021_repeats").COUNT)
    assert round_.entries.get().repeats == 2


def the_secretarys_post_has_ended(round_, thu, an):
    """In writing nobody is recorded as absent: of a secretary whose post has ended nobody waits,
    the office counts and closes; of one who never had a post, or has another, it does.
    """
    council, secretary = round_.council, judge(round_.council, 5).user
    anew = judging.before_council(
        round_.cycle, Dossier.objects.get().commune, an, case_type="reevaluation"
    )
    details = {"mode": "written", "meets_at": None, "place": ""}
    written = begin(council, round_.cycle, anew, thu, everybody=False, **details)
    for number in range(5):
        fill(written.entries.get(), judge(council, number))

    def office_counts(of=written):
        return rules.has_perm("councils.count_sheets", thu, fresh(of))

    assert not office_counts()
    post = {"user": secretary, "org_unit": council.org_unit, "valid_from": clock.today() - 9 * DAY}
    RoleAssignment.objects.create(role="officer", valid_to=clock.today(), **post)
    assert not office_counts()
    with clock.at(clock.now() + DAY):
        assert office_counts()
        # At the meeting of another round they were there.
        assert not office_counts(round_)
        with transaction.atomic():
            RoleAssignment.objects.create(role="department", **post)
            assert not office_counts()
            transaction.set_rollback(True)
        closing.count(fresh(written), closing.countable(written), by=thu)
        assert closing.close(fresh(written), by=thu).results.get().sheets == 5


def a_seat_ends_while_opinions_are_asked(round_, thu, an):
    """In writing nobody waits for a member whose seat or account has ended since it opened, with or
    without a last day; what they have handed in counts.
    """
    council = round_.council
    anew = judging.before_council(
        round_.cycle, Dossier.objects.get().commune, an, case_type="reevaluation"
    )
    details = {"mode": "written", "meets_at": None, "place": "", "decide_by": None}
    written = begin(council, round_.cycle, anew, thu, everybody=False, **details)
    entry = written.entries.get()
    for number in (0, 1, 2):
        fill(entry, judge(council, number))
    for number in (2, 3):
        council.take_seat(
            judge(council, number),
            by=thu,
            until=clock.today(),
            reason="Nghỉ",
            document=judging.paper("9/QĐ-UBND"),
        )
    update_as_owner(User.objects.filter(pk=judge(council, 4).user_id), is_active=False)
    (still,) = [each for each in checklist(written) if not each.met]
    gone, out = judge(council, 3).user, judge(council, 4).user
    assert still.code == "sheets" and str(gone) in still.sentence and str(out) not in still.sentence
    with clock.at(clock.now() + DAY):
        assert unmet(written) == {"count"}
        (row,) = Board(fresh(written)).rows()
        assert (row["handed_in"], row["expected"]) == (3, 3)
        with transaction.atomic():
            # Until it is counted they may still hand in.
            fill(entry, judge(council, 3))
            assert close(written, thu).results.get().sheets == 4
            transaction.set_rollback(True)
        with transaction.atomic():
            # If all who gave theirs have left, theirs count.
            update_as_owner(council.members.filter(until=None), until=clock.today() - DAY)
            assert unmet(written) == {"count"}
            transaction.set_rollback(True)
        assert close(written, thu).results.get().sheets == 3


def samples_lack_in_an_open_round(round_, thu, an):
    """A product whose samples are not there yet does not come into a round that is open."""
    (more,) = judging.before_council(round_.cycle, Dossier.objects.get().commune, an, 1)
    report = records.commune_report()
    report.samples, report.dossier, report.recorded_by, report.at = 0, more, an, clock.now()
    report.save()
    pairs = [(more, judging.rubric_of(more))]
    about = {"by": thu, "reason": "Nộp muộn"}
    assert "thiếu 5 sản phẩm mẫu" in refused(lambda: closing.take_in(fresh(round_), pairs, **about))
    doors.act(more.process, "record_samples", by=an, record=records.samples(samples=5))
    assert len(closing.take_in(fresh(round_), pairs, **about)) == 1


def taken_out_and_in_again(round_, thu, an):
    """A product taken out of a reopened round comes back into it, with copies of its sheets."""
    score(round_)
    close(round_, thu)
    reopened(round_, thu)
    entry = round_.entries.get()
    fresh(round_).drop(entry, by=thu, reason="Chờ kiểm nghiệm")
    assert unmet(round_) == set()
    dossier = Dossier.objects.get()
    fresh(round_).take_in([(dossier, entry.rubric)], by=thu, reason="Có kết quả kiểm nghiệm")
    entry.refresh_from_db()
    assert (entry.live, entry.scoring) == (True, 2)
    assert close(round_, thu).results.get().sheets == 5


def interest_after_a_second_scoring(round_, thu, an):
    """A conflict of interest found after the last allowed scoring was counted: the sheet is left
    out, the others are counted anew without using up a scoring.
    """
    entry, member = round_.entries.get(), judge(round_.council, 1)
    score(round_)
    judging.count(round_)
    fresh(round_).score_again(entry, by=thu, reason="Chênh lệch lớn")
    for number in range(5):
        Scoresheet.of(round_.entries.get(), judge(round_.council, number)).submit(
            by=judge(round_.council, number).user
        )
    judging.count(round_)
    about = {"kind": "relative", "reason": "Em vợ là chủ thể", "recused": True}
    words = refused(
        lambda: fresh(round_).declare_interest(
            round_.entries.get(), member, by=member.user, **about
        )
    )
    assert "đã kiểm phiếu" in words
    fresh(round_).declare_interest(round_.entries.get(), member, by=thu, **about)
    entry.refresh_from_db()
    assert (entry.scoring, entry.scorings_used()) == (3, 2)
    left_out = entry.sheets.get(member=member, scoring=3)
    assert (left_out.state, left_out.void_reason) == (SheetState.VOID, "Em vợ là chủ thể")
    assert entry.sheets.get(member=member, scoring=2).state == SheetState.SUBMITTED
    assert close(round_, thu).results.get().sheets == 4


def interest_after_the_closing(round_, thu, an):
    """Found after the closing: the round is opened again, the sheet left out, and closed."""
    member = judge(round_.council, 2)
    score(round_)
    close(round_, thu)
    entry = round_.entries.get()
    about = {"kind": "producer", "reason": "Góp vốn", "recused": True, "by": thu}
    with pytest.raises(RoundClosed):
        fresh(round_).declare_interest(entry, member, **about)
    reopened(round_, thu)
    fresh(round_).declare_interest(round_.entries.get(), member, **about)
    assert close(round_, thu).results.get().sheets == 4
    assert [each.results.get().sheets for each in round_.closings.all()] == [5, 4]


def recusal_taken_back_after_the_count(round_, thu, an):
    """Recused by mistake, seen after the count: the member scores after all."""
    member, entry = judge(round_.council, 3), round_.entries.get()
    about = {"kind": "declared", "reason": "Nhầm sản phẩm", "by": thu}
    round_.declare_interest(entry, member, recused=True, **about)
    score(round_, (0, 1, 2, 4))
    judging.count(round_)
    about["correction"] = "Nhầm sản phẩm"
    fresh(round_).declare_interest(round_.entries.get(), member, recused=False, **about)
    fill(round_.entries.get(), member)
    assert close(round_, thu).results.get().sheets == 5


def a_relative_scores_all_the_same(round_, thu, an):
    """Who has said to be a relative cannot score, and cannot unsay it alone."""
    member, entry = judge(round_.council, 1), round_.entries.get()

    def says(kind, recused):
        fresh(round_).declare_interest(
            entry,
            member,
            kind=kind,
            reason="Cháu ruột",
            correction="Khai lại",
            recused=recused,
            by=member.user,
        )

    assert "từ chối chấm" in refused(lambda: says("relative", recused=False))
    says("relative", recused=True)
    assert "chỉ thư ký" in refused(lambda: says("declared", recused=False))
    # Nor in two steps, by another kind.
    assert "chỉ thư ký" in refused(lambda: says("declared", recused=True))
    says("producer", recused=True)
    assert "chỉ thư ký" in refused(lambda: says("commune", recused=True))
    assert "từ chối chấm" in refused(lambda: fill(entry, member))


def a_member_lifts_what_another_recorded(round_, thu, an):
    """What the office recorded for a member the office lifts; what is their own, they do."""
    entry = round_.entries.get()
    score(round_, range(4))

    def says(number, kind, recused, by=None):
        member = judge(round_.council, number)
        about = {"kind": kind, "reason": "Khai nhầm loại", "correction": "Ghi nhầm"}
        fresh(round_).declare_interest(
            entry, member, recused=recused, by=by or member.user, **about
        )

    for number, kind in ((1, "relative"), (2, "commune")):
        says(number, kind, recused=True, by=thu)
        for other in ("declared", "commune", "appraised"):
            for recused in (True, False):
                sentence = refused(partial(says, number, other, recused))
                assert "chỉ thư ký hoặc thường trực hội đồng sửa được" in sentence
    # That they are a relative they may add.
    says(2, "relative", recused=True)
    assert not Interest.objects.filter(recused=False).exists()
    for number in (1, 2):
        says(number, "declared", recused=False, by=thu)
    says(4, "commune", recused=True)
    says(4, "commune", recused=False)
    assert set(Interest.objects.values_list("recused", flat=True)) == {False}


def _relative(round_, by, number=1):
    fresh(round_).declare_interest(
        round_.entries.get(live=True), judge(round_.council, number),
        kind="relative", reason="Em ruột", recused=True, by=by,
    )  # fmt: skip


def _lift(round_, by, number=1):
    entry = round_.entries.get(live=True)
    stands = entry.interests.standing().get(member=judge(round_.council, number))
    fresh(round_).lift_interest(stands, reason="Nhầm người", by=by)


def one_recorded_for_the_wrong_member(round_, thu, an):
    """An interest of another member was meant: it is taken off, and its member scores as one of
    whom nothing was said; a closed round is opened again first.
    """
    entry, council = round_.entries.get(), round_.council
    _relative(round_, thu)
    score(round_, (0, 2, 3, 4))
    close(round_, thu)
    with pytest.raises(RoundClosed) as late:
        _lift_of(entry, thu)
    assert "phải mở lại đợt, có lý do và văn bản" in late.value.sentence
    reopened(round_, thu)
    assert "nêu lý do" in refused(partial(_lift_of, entry, thu, reason=" "))
    _lift(round_, thu)
    assert "đã được gỡ" in refused(partial(_lift_of, entry, thu))
    told = HistoryEntry.objects.get(event="round.lift_interest")
    assert (told.reason, told.data["why"], told.data["interest"], told.data["recused"]) == (
        "Nhầm người", "Em ruột", "relative", True,
    )  # fmt: skip
    assert not entry.interests.standing().exists()
    # Of another product of the producer nothing is asked because of it.
    (more,) = judging.before_council(round_.cycle, entry.dossier.commune, an, 1)
    its = Product.objects.filter(pk=more.product_id)
    update_as_owner(its, producer=entry.dossier.product.producer)
    other = begin(council, round_.cycle, [Dossier.objects.get(pk=more.pk)], thu)
    assert other.conflicts(other.entries.get(), judge(council, 1)) == []
    assert fill(round_.entries.get(), judge(council, 1)).state == SheetState.SUBMITTED
    assert close(round_, thu).results.get().sheets == 5


def _lift_of(entry, by, reason="Nhầm"):
    fresh(entry.round).lift_interest(entry.interests.get(), reason=reason, by=by)


def one_taken_off_stays_off(round_, thu, an):
    """In a later round of the product, in a round that had it before, and in a seat given anew."""
    entry, council = round_.entries.get(), round_.council
    _relative(round_, thu)
    fresh(round_).drop(entry, by=thu, reason="Chờ kiểm nghiệm")
    other = begin(council, round_.cycle, [entry.dossier], thu)
    assert other.entries.get().interests.standing().exists()
    _lift(other, thu)
    fresh(other).drop(other.entries.get(), by=thu, reason="Về đợt trước")
    fresh(round_).take_in([(entry.dossier, entry.rubric)], by=thu, reason="Có kết quả")
    assert not entry.interests.standing().exists()
    assert "interests" not in HistoryEntry.objects.filter(event="round.take_in").latest("seq").data
    # What is said after it stands again.
    _relative(round_, thu)
    assert entry.interests.standing().get().recused


def nobody_takes_off_what_is_said_of_them(round_, thu, an):
    """Neither at once, nor after their seat has ended, nor with a post at the office since; what
    they declared of themself neither. Nor does who scores, of whomever.
    """
    entry, council = round_.entries.get(), round_.council
    member, secretary = judge(council, 1), judge(council, 5).user
    _relative(round_, thu)
    fresh(round_).declare_interest(
        entry, judge(council, 2), kind="declared", reason="Bạn", recused=True,
        by=judge(council, 2).user,
    )  # fmt: skip

    def lifts(by, number):
        _lift(round_, User.objects.get(pk=by.pk), number)

    for number in (1, 2):
        for by in (member.user, judge(council, 2).user, judge(council, 0).user):
            with pytest.raises(PermissionDenied):
                lifts(by, number)
    RoleAssignment.objects.create(
        user=member.user, role="council_office", org_unit=council.org_unit,
        valid_from=clock.today() - DAY,
    )  # fmt: skip
    with pytest.raises(PermissionDenied):
        lifts(member.user, 1)
    keep(round_, secretary_scores=True)
    with pytest.raises(PermissionDenied):
        lifts(secretary, 1)
    keep(round_, secretary_scores=False)
    # Their seat ends before the product is judged: they run the round, and score in it no more.
    council.take_seat(
        member,
        by=thu,
        until=clock.today(),
        reason="Chuyển việc",
        document=judging.paper("9/QĐ-UBND"),
    )
    fresh(round_).drop(entry, by=thu, reason="Chuyển đợt")
    later = {"meets_at": clock.now() + 3 * DAY}
    other = begin(council, round_.cycle, [entry.dossier], thu, everybody=False, **later)
    entry = other.entries.get()
    with clock.at(clock.now() + DAY):
        who = User.objects.get(pk=member.user_id)
        assert rules.has_perm("councils.record_interest", who, fresh(other))
        assert "Không ai tự gỡ" in refused(partial(_lift, other, who))
        about = {"kind": "declared", "reason": "Không phải", "correction": "Nhầm", "by": who}
        for recused in (True, False):
            with pytest.raises((ConditionNotMet, PermissionDenied)):
                fresh(other).declare_interest(entry, member, recused=recused, **about)
        assert entry.interests.standing().count() == 2
        # Of another they do, who score no more; and the secretary of them.
        _lift(other, who, 2)
        _lift(other, secretary)
        assert not entry.interests.standing().exists()


def declared_elsewhere_after_the_count(round_, thu, an):
    """Dropped after the count, a product comes back from another round with what was declared
    there: that sheet is left out, and it is counted anew. So too of a round opened again.
    """
    score(round_)
    judging.count(round_)
    entry = round_.entries.get()
    fresh(round_).drop(entry, by=thu, reason="Chờ kiểm nghiệm")
    other = begin(round_.council, round_.cycle, [entry.dossier], thu)
    _relative(other, thu)
    fresh(other).drop(other.entries.get(), by=thu, reason="Về đợt trước")
    fresh(round_).take_in([(entry.dossier, entry.rubric)], by=thu, reason="Có kết quả")
    told = HistoryEntry.objects.filter(event="round.take_in").latest("seq")
    assert told.data["interests"] == [judge(round_.council, 1).pk]
    with transaction.atomic():
        assert unmet(round_) == {"count"}
        assert close(round_, thu).results.get().sheets == 4
        transaction.set_rollback(True)
    # Lifted there, its member scores here again.
    fresh(round_).drop(entry, by=thu, reason="Chờ kiểm nghiệm")
    pairs = [(entry.dossier, entry.rubric)]
    fresh(other).take_in(pairs, by=thu, reason="Có kết quả")
    about = {"kind": "declared", "reason": "Nhầm người", "correction": "Nhầm người", "by": thu}
    mine = judge(round_.council, 1)
    fresh(other).declare_interest(other.entries.get(), mine, recused=False, **about)
    fresh(other).drop(other.entries.get(), by=thu, reason="Về đợt trước")
    fresh(round_).take_in(pairs, by=thu, reason="Có kết quả")
    assert round_.entries.get().interests.get().recused is False
    assert unmet(round_) == {"sheets"}


def a_seat_given_anew(round_, thu, an):
    """Who leaves the council and comes back has still declared what they had."""
    _relative(round_, thu)
    council, gone = round_.council, judge(round_.council, 1)
    council.take_seat(
        gone, by=thu, until=clock.today(), reason="Nghỉ", document=judging.paper("9/QĐ-UBND")
    )
    dossier = Dossier.objects.get()
    fresh(round_).drop(round_.entries.get(), by=thu, reason="Chuyển đợt")
    later = {"meets_at": clock.now() + 3 * DAY}
    other = begin(council, round_.cycle, [dossier], thu, everybody=False, **later)
    seats = {"user": gone.user, "seat": "member", "since": clock.today() + DAY}
    seat = council.give_seat(Member(**seats), by=thu)
    assert other.entries.get().interests.get(member=seat).kind == "relative"
    with clock.at(clock.now() + DAY):
        assert not fresh(other).due_to_score(other.entries.get(), seat)
        assert seat.pk in {each.pk for each in fresh(other).scoring_members}


def another_product_of_a_relative(round_, thu, an):
    """Of another product of the producer a relative is asked before scoring it, also next year."""
    _relative(round_, thu)
    first, member = Dossier.objects.get(), judge(round_.council, 1)
    (more,) = judging.before_council(round_.cycle, first.commune, an, 1)
    update_as_owner(Product.objects.filter(pk=more.product_id), producer=first.product.producer)
    other = begin(round_.council, round_.cycle, [Dossier.objects.get(pk=more.pk)], thu)
    entry = other.entries.get()
    assert ("relative", "warn") in other.conflicts(entry, member)
    assert "Hãy khai báo trước khi chấm" in refused(lambda: fill(entry, member))
    about = {"kind": "declared", "reason": "Đã nghỉ làm ở đó", "by": member.user}
    fresh(other).declare_interest(entry, member, recused=False, **about)
    assert fill(entry, member).state == SheetState.SUBMITTED
    assert other.conflicts(entry, judge(round_.council, 2)) == []


def a_declaration_under_a_laxer_regulation(round_, thu, an):
    """Who said why they score all the same does not where the regulation forbids it."""
    member, entry = judge(round_.council, 1), round_.entries.get()
    RoleAssignment.objects.create(
        user=member.user, role="officer", org_unit=entry.dossier.commune,
        valid_from=clock.today() - DAY,
    )  # fmt: skip
    about = {"kind": "commune", "reason": "Không phụ trách", "recused": False, "by": member.user}
    round_.declare_interest(entry, member, **about)
    fill(entry, member, submit=False)
    fresh(round_).drop(entry, by=thu, reason="Chuyển đợt")
    regulate(round_.council.org_unit, same_commune="forbid")
    other = begin(round_.council, round_.cycle, [entry.dossier], thu)
    assert other.entries.get().interests.exists()
    words = refused(lambda: fill(other.entries.get(), member))
    assert "Quy chế không cho thành viên này chấm" in words


def who_scores_says_whose_sheet_counts(round_, thu, an):
    """Neither a secretary who scores by the regulation nor a member with a post at the office says
    who was there, leaves a sheet out or has the absent score; the office that does not score does.
    """
    keep(round_, secretary_scores=True)
    score(round_, range(6))
    council = round_.council
    poster = judge(council, 1).user
    RoleAssignment.objects.create(
        user=poster, role="council_office", org_unit=council.org_unit,
        valid_from=clock.today() - DAY,
    )  # fmt: skip
    secretary = judge(council, 5).user
    seats = list(council.members.values_list("pk", flat=True))
    absent = {pk: pk != judge(council, 4).pk for pk in seats}
    for who in (poster, secretary):
        assert rules.has_perm("councils.run_round", who, fresh(round_))
        with pytest.raises(PermissionDenied):
            fresh(round_).attend(absent, by=who, reason="Ghi nhầm")
    fresh(round_).attend(absent, by=thu, reason="Ghi nhầm")
    sheet = Scoresheet.objects.get(member=judge(council, 4))
    for who in (poster, secretary, judge(council, 0).user):
        with pytest.raises(PermissionDenied):
            sheet.void(by=who, reason="Vắng họp")
    update_as_owner(Dossier.objects.all(), case_type="reevaluation")
    judging.report(round_, by=thu)
    judging.sign_report(round_, by=thu)
    with transaction.atomic():
        fresh(round_).amend(mode="written", meets_at=None, by=thu)
        assert unmet(round_) == {"count"}
        transaction.set_rollback(True)
    words = refused(lambda: fresh(round_).amend(mode="written", meets_at=None, by=secretary))
    assert "đổi hình thức là đổi người chấm" in words
    fresh(round_).amend(place="Phòng họp tầng 3", mode="meeting", by=secretary)
    sheet.void(by=thu, reason="Vắng họp")
    # Who may count is one who may say so: a round that can be counted has no dead end here.
    people = User.objects.all()
    counts = {each for each in people if rules.has_perm("councils.count_sheets", each, round_)}
    settles = {each for each in people if rules.has_perm("councils.settle_scorers", each, round_)}
    assert thu in counts and counts <= settles
    closing.count(fresh(round_), closing.countable(fresh(round_)), by=thu)
    assert closing.close(fresh(round_), by=thu).results.get().sheets == 5


def a_meeting_that_was_held_is_not_moved(round_, thu, an):
    """Two days after it, of who was away nothing is wiped out by another day of meeting; on its
    day, and while it is prepared, by nobody who scores.
    """
    keep(round_, secretary_scores=True)
    score(round_, range(5))
    council = round_.council
    secretary, away = (judge(council, number).user for number in (5, 4))
    there = dict.fromkeys(council.members.values_list("pk", flat=True), True)
    fresh(round_).attend(there | {judge(council, 5).pk: False}, by=thu, reason="Ghi nhầm")

    def moves(by, days):
        fresh(round_).move_meeting(
            meets_at=clock.now() + days * DAY, reason="Dời vì mưa", by=by, place="Tầng 3"
        )

    for days in (0, 1):
        for who in (secretary, away, judge(council, 0).user):
            with pytest.raises(PermissionDenied):
                moves(who, days)
    with clock.at(clock.now() + 2 * DAY):
        with pytest.raises(PermissionDenied):
            moves(secretary, 0)
        assert "đã ghi người dự: không dời được nữa" in refused(lambda: moves(thu, 0))
    assert round_.attendances.filter(present=False).get().member.user == secretary
    # Who came decides: without anybody it did not take place.
    with transaction.atomic():
        fresh(round_).attend(dict.fromkeys(there, False), by=thu, reason="Không họp")
        with clock.at(clock.now() + 2 * DAY):
            moves(thu, 3)
        transaction.set_rollback(True)
    # Nor is another day typed in while it is prepared.
    update_as_owner(type(round_).objects.filter(pk=round_.pk), state="preparing", opened_at=None)
    words = refused(lambda: fresh(round_).amend(meets_at=clock.now() + DAY, by=secretary))
    assert "Đã ghi người dự cuộc họp ngày" in words


def being_prepared(round_, **columns):
    rows = type(round_).objects.filter(pk=round_.pk)
    update_as_owner(rows, state="preparing", opened_at=None, **columns)


def the_day_of_a_meeting_is_set_after_somebody_was_recorded(round_, thu, an):
    """Before a day was known somebody came to that of today, and to none of another day."""
    being_prepared(round_, meets_at=None)
    assert fresh(round_).met_on is None
    there = dict.fromkeys(round_.council.members.values_list("pk", flat=True), True)
    fresh(round_).attend(there, by=thu, reason="Ghi dự")
    words = refused(lambda: fresh(round_).amend(meets_at=clock.now() + 2 * DAY, by=thu))
    assert "Đã ghi người dự khi đợt chưa có ngày họp" in words
    soon = clock.now() + timedelta(minutes=1)
    with transaction.atomic():
        if timezone.localdate(soon) == clock.today():
            fresh(round_).amend(meets_at=soon, by=thu)
            assert round_.attendances.filter(present=True).exists()
        transaction.set_rollback(True)
    fresh(round_).attend(dict.fromkeys(there, False), by=thu, reason="Chưa họp")
    fresh(round_).amend(meets_at=clock.now() + 2 * DAY, by=thu)
    assert not round_.attendances.exists() and Then(fresh(round_)).present == []
    with clock.at(clock.now() + 3 * DAY):
        fresh(round_).attend(there, by=thu)


def nobody_who_came_keeps_no_meeting_from_another_day(round_, thu, an):
    there = dict.fromkeys(round_.council.members.values_list("pk", flat=True), False)
    being_prepared(round_)
    fresh(round_).attend(there, by=thu, reason="Ghi dự")
    fresh(round_).amend(meets_at=clock.now() + 2 * DAY, by=thu)
    assert not round_.attendances.exists()
    told = HistoryEntry.objects.filter(event="round.change").order_by("pk").last()
    assert told.data["had_come"] == []


def what_is_agreed_on_is_not_called_up_by_who_scores(round_, thu, an):
    """To call an agreed product complex has it scored anew: of those who score the chair alone."""
    update_as_owner(Dossier.objects.all(), case_type="reevaluation")
    keep(round_, secretary_scores=True)
    judging.report(round_, by=thu)
    judging.sign_report(round_, by=thu)
    fresh(round_).amend(mode="written", meets_at=None, by=thu)
    entry = round_.entries.get()
    place = {"meets_at": clock.now() + DAY, "place": "Tầng 2", "reason": "Cùng nhãn hiệu"}
    secretary = judge(round_.council, 5).user
    with pytest.raises(PermissionDenied):
        closing.convene(fresh(round_), by=secretary, complex_ones=[entry.pk], **place)
    assert "Không có sản phẩm" in refused(
        lambda: closing.convene(fresh(round_), by=secretary, **place)
    )
    assert closing.convene(fresh(round_), by=thu, complex_ones=[entry.pk], **place)


def on_the_last_day_of_a_seat_its_sheet_is_awaited(round_, thu, an):
    """In writing nobody waits for who has left, from the day after the last."""
    update_as_owner(Dossier.objects.all(), case_type="reevaluation")
    judging.report(round_, by=thu)
    judging.sign_report(round_, by=thu)
    fresh(round_).amend(mode="written", meets_at=None, by=thu)
    score(round_, range(4))
    last = judge(round_.council, 4)
    update_as_owner(type(last).objects.filter(pk=last.pk), until=clock.today())
    assert unmet(round_) == {"sheets"}
    with clock.at(clock.now() + DAY):
        assert unmet(round_) == {"count"}


def what_was_said_last_stands(round_, thu, an):
    """Of two declarations in two rounds the newer one comes along."""
    member = judge(round_.council, 1)
    about = {"kind": "declared", "by": member.user}
    round_.declare_interest(
        round_.entries.get(), member, recused=True, reason="Bạn của chủ thể", **about
    )
    second = _dropped(round_, thu)
    second.declare_interest(
        second.entries.get(), member, recused=False, reason="Không còn hợp tác",
        correction="Đã thôi hợp tác", **about,
    )  # fmt: skip
    third = _dropped(second, thu)
    stands = third.entries.get().interests.get()
    assert (stands.recused, stands.reason) == (False, "Không còn hợp tác")
    assert third.due_to_score(third.entries.get(), member)


def who_was_recused_says_that_they_are_a_relative(round_, thu, an):
    """Another recorded that they do not score: what keeps them out for good they add themself."""
    member, entry = judge(round_.council, 1), round_.entries.get()
    round_.declare_interest(entry, member, kind="declared", recused=True, reason="Bạn", by=thu)
    own = {"recused": True, "correction": "Nói rõ hơn", "by": member.user}
    words = refused(
        lambda: fresh(round_).declare_interest(
            entry, member, kind="commune", reason="Cùng xã", **own
        )
    )
    assert "chỉ thư ký hoặc thường trực" in words
    fresh(round_).declare_interest(entry, member, kind="relative", reason="Em ruột", **own)
    stands = entry.interests.get()
    assert (stands.kind, stands.recused, stands.by) == ("relative", True, member.user)


def the_secretary_scores_and_the_office_counts(round_, thu, an):
    """A secretary who scores by the regulation counts nothing, and the office does not wait."""
    keep(round_, secretary_scores=True)
    score(round_, range(6))
    secretary = judge(round_.council, 5).user
    assert not rules.has_perm("councils.count_sheets", secretary, fresh(round_))
    closing.count(fresh(round_), closing.countable(fresh(round_)), by=thu)
    assert closing.close(fresh(round_), by=thu).results.get().sheets == 6


def raised_since_the_meeting(round_, thu, an):
    """A member of the meeting who is its chair, or its secretary, only since settles no spread and
    counts nothing: the office does; nor does the new secretary keep it from counting.
    """
    wide = iter([best, best, best, best, worst])
    for number in range(5):
        fill(round_.entries.get(), judge(round_.council, number), next(wide))
    council, last = round_.council, clock.today()
    chair, first, second, secretary = (judge(council, number) for number in (0, 1, 2, 5))
    for each in (chair, first, second, secretary):
        update_as_owner(type(each).objects.filter(pk=each.pk), until=last)
    with clock.at(clock.now() + DAY):
        for each, seat in ((first, "chair"), (second, "secretary")):
            council.give_seat(
                type(each)(user=each.user, seat=seat, department="Sở", since=last + DAY), by=thu
            )
        here, entry = fresh(round_), round_.entries.get()
        for permission in ("count_sheets", "settle_spread"):
            may = {
                each
                for each in (first.user, second.user, thu)
                if rules.has_perm(f"councils.{permission}", each, here)
            }
            assert may == {thu}, permission
        assert rules.has_perm("councils.preside", first.user, here)
        closing.count(here, [entry], by=thu)
        entry.refresh_from_db()
        with pytest.raises(PermissionDenied):
            fresh(round_).accept_spread(entry, by=first.user, reason="Thống nhất")
        fresh(round_).accept_spread(entry, by=thu, reason="Thống nhất")


def a_judge_leaves_after_the_meeting(round_, thu, an):
    """Seats end today, after the meeting: chair, judge and secretary count as they sat."""
    score(round_)
    with clock.at(clock.now() + DAY):
        for number in (0, 1, 5):
            round_.council.take_seat(
                judge(round_.council, number),
                by=thu,
                until=clock.today(),
                reason="Chuyển công tác",
                document=judging.paper("9/QĐ-UBND"),
            )
    with clock.at(clock.now() + 3 * DAY):
        assert unmet(round_) == {"count"}
        assert close(round_, thu).results.get().sheets == 5


def a_sheet_of_somebody_absent(round_, thu, an):
    """A sheet of somebody recorded as absent: the secretary leaves it out, and it has a way back."""
    absent, secretary = judge(round_.council, 4), judge(round_.council, 5).user
    score(round_)
    came(round_, range(4), thu)
    assert unmet(round_) == {"stray"}
    sheet = Scoresheet.objects.get(member=absent)
    kept = Scoresheet.objects.get(member=judge(round_.council, 1))
    assert "được tính" in refused(lambda: kept.void(by=secretary, reason="Không rõ"))
    for number in (0, 1):
        with pytest.raises(PermissionDenied):
            sheet.void(by=judge(round_.council, number).user, reason="Vắng họp")
    sheet.void(by=secretary, reason="Vắng họp")
    with transaction.atomic():
        assert close(round_, thu).results.get().sheets == 4
        transaction.set_rollback(True)
    came(round_, range(5), thu, "Ghi sót người họp trực tuyến")
    sheet.refresh_from_db()
    sheet.take_back(by=absent.user)
    sheet.submit(by=absent.user)
    assert close(round_, thu).results.get().sheets == 5


def the_regulation_keeps_sheets_of_the_absent(round_, thu, an):
    """By a regulation that says so the sheet of somebody absent counts."""
    keep(round_, absent_sheets=True)
    score(round_)
    came(round_, range(4), thu)
    assert close(round_, thu).results.get().sheets == 5


def keep(round_, **rules):
    """The round goes by a regulation with these rules."""
    rules = regulate(round_.council.org_unit, **rules)
    update_as_owner(EvaluationRound.objects.filter(pk=round_.pk), regulation=rules)
    round_.refresh_from_db()


def absent_members_do_not_score(round_, thu, an):
    """Who is recorded as absent begins no sheet and hands none in."""
    absent, entry = judge(round_.council, 4), round_.entries.get()
    sheet = fill(entry, absent, submit=False)
    came(round_, range(4), thu)
    assert "vắng họp" in refused(lambda: sheet.submit(by=absent.user))


def attendance_changed_after_the_count(round_, thu, an):
    """Attendance is changed only with a reason, kept beside what it was; a counted product is
    counted anew with who was there after all.
    """
    came(round_, range(4), thu)
    score(round_, range(4))
    judging.count(round_)
    assert "lý do sửa" in refused(lambda: came(round_, range(5), thu, ""))
    came(round_, range(5), thu, "Đến muộn")
    said = HistoryEntry.objects.filter(event="round.attend").order_by("seq").last()
    assert (said.reason, len(said.data["had_come"]), len(said.data["present"])) == (
        "Đến muộn",
        5,
        6,
    )
    fill(round_.entries.get(), judge(round_.council, 4))
    assert close(round_, thu).results.get().sheets == 5


def two_sheets_do_not_decide(round_, thu, an):
    """After recusals too few score a product: it leaves the round and waits for another."""
    entry = round_.entries.get()
    for number in (1, 2, 3):
        round_.declare_interest(
            entry,
            judge(round_.council, number),
            kind="relative",
            reason="Họ hàng",
            recused=True,
            by=thu,
        )
    score(round_, (0, 4))
    assert unmet(round_) == {"few"}
    assert closing.countable(fresh(round_)) == []
    keep(round_, fewest_sheets=2)
    assert unmet(round_) == {"count"}
    keep(round_, fewest_sheets=3)
    fresh(round_).drop(entry, by=thu, reason="Không đủ người chấm")
    assert unmet(round_) == set()
    assert [each.pk for each in round_.awaiting()] == [entry.dossier_id]


def given_up_before_it_opens(round_, thu, an):
    """A round is given up while being prepared: its product waits for another."""
    update_as_owner(EvaluationRound.objects.filter(pk=round_.pk), state="preparing", opened_at=None)
    with pytest.raises(ValidationError, match="number"):
        fresh(round_).void(by=thu, reason="Hoãn", document=judging.paper("văn bản"))
    fresh(round_).void(by=thu, reason="Hoãn đợt", document=judging.paper(PAPER))
    assert fresh(round_).awaiting().count() == 1
    for act in (
        lambda: fresh(round_).open(by=thu),
        lambda: fresh(round_).void(by=thu, reason="Lần nữa", document=judging.paper(PAPER)),
        lambda: closing.close(fresh(round_), by=thu),
        lambda: reopened(round_, thu),
    ):
        with pytest.raises(RoundClosed):
            act()


def closed_before_its_hour(round_, thu, an):
    """A round is closed at the hour of its meeting at the earliest: minutes end after they begin."""
    score(round_)
    judging.count(round_)
    update_as_owner(
        EvaluationRound.objects.filter(pk=round_.pk), meets_at=clock.now() + timedelta(minutes=5)
    )
    assert unmet(round_) == {"day"}
    with clock.at(clock.now() + timedelta(minutes=6)):
        assert close(round_, thu)


def past_the_term(round_, thu, an):
    """A council past its term begins, opens and reopens nothing, and closes no later meeting; what
    met within it is closed; on a document its term is extended.
    """
    council = round_.council
    score(round_)
    update_as_owner(Council.objects.filter(pk=council.pk), valid_to=clock.today())
    council.refresh_from_db()
    with clock.at(clock.now() + 2 * DAY):
        assert unmet(round_) == {"count"}
        close(round_, thu)
        new = EvaluationRound(council=council, cycle=round_.cycle, name="Đợt 2")
        assert "hết nhiệm kỳ" in refused(lambda: EvaluationRound.create(new, by=thu))
        assert "hết nhiệm kỳ" in refused(lambda: reopened(round_, thu))
        assert council not in RoundForm(user=thu).fields["council"].queryset
        later = {"valid_to": clock.today() + 9 * DAY, "reason": "Còn một đợt"}
        council.extend(document=judging.paper("20/QĐ-UBND ngày 02/11/2026"), by=thu, **later)
        reopened(round_, thu)
        assert close(round_, thu).version == 2


def seats_end_with_the_term(round_, thu, an):
    """Seats until the council's last day are extended with it; not of those who were let go."""
    council, last = round_.council, clock.today()
    update_as_owner(Council.objects.filter(pk=council.pk), valid_to=last)
    council.refresh_from_db()
    council.take_seat(
        judge(council, 4),
        by=thu,
        until=last,
        reason="Chuyển công tác",
        document=judging.paper("9/QĐ-UBND"),
    )
    # Under another name they are let go all the same.
    update_as_owner(User.objects.filter(pk=judge(council, 4).user_id), full_name="Tên Mới Đổi")
    update_as_owner(council.members.filter(until=None), until=last)
    update_as_owner(User.objects.filter(pk=judge(council, 3).user_id), is_active=False)
    with clock.at(clock.now() + 2 * DAY):
        assert len(council.missing()) == 3
        council.extend(
            valid_to=last + 9 * DAY,
            reason="Còn một đợt",
            document=judging.paper("20/QĐ-UBND ngày 02/11/2026"),
            by=thu,
        )
        assert council.missing() == []
        assert council.members.sitting().count() == 5
        new = EvaluationRound(council=council, cycle=round_.cycle, name="Đợt 2")
        assert EvaluationRound.create(new, by=thu)
    said = HistoryEntry.objects.get(event="council.extend")
    assert len(said.data["seats"]) == 5


def the_secretary_is_on_leave(round_, thu, an):
    """While the secretary is on leave, and not at the meeting, the office counts."""
    secretary = judge(round_.council, 5).user
    score(round_)
    assert not rules.has_perm("councils.count_sheets", thu, round_)
    post = RoleAssignment.objects.create(
        user=secretary,
        role="officer",
        org_unit=round_.council.org_unit,
        valid_from=clock.today() - DAY,
    )
    Substitution.objects.create(
        assignment=post,
        substitute=thu,
        valid_from=clock.today(),
        valid_to=clock.today() + DAY,
        reason="Nghỉ phép",
        basis=of_ledger("8/GUQ", post.org_unit),
        created_by=an,
    )
    # Recorded as present, they are here.
    assert not rules.has_perm("councils.count_sheets", thu, round_)
    round_.attendances.filter(member=judge(round_.council, 5)).delete()
    assert rules.has_perm("councils.count_sheets", thu, round_)
    assert rules.has_perm("councils.count_sheets", secretary, round_)
    with clock.at(clock.now() + 2 * DAY):
        assert not rules.has_perm("councils.count_sheets", thu, round_)


def a_meeting_after_the_term(round_, thu, an):
    """The meeting lies after the council's last day: it is not opened, and not closed."""
    update_as_owner(Council.objects.filter(pk=round_.council_id), valid_to=clock.today() - DAY)
    score(round_)
    assert unmet(round_) == {"term", "count"}
    update_as_owner(EvaluationRound.objects.filter(pk=round_.pk), state="preparing", opened_at=None)
    assert "hết nhiệm kỳ" in refused(lambda: fresh(round_).open(by=thu))


def of_another_year(round_, thu, an):
    """Products of another cycle are not offered, and not taken in."""
    year = round_.cycle
    other = Cycle.objects.create(
        year=year.year + 1,
        title="Chu trình sau",
        rule_set=year.rule_set,
        opened_on=year.opened_on,
    )
    (dossier,) = judging.before_council(year, Dossier.objects.get().commune, an, 1)
    update_as_owner(Dossier.objects.filter(pk=dossier.pk), cycle=other)
    assert not fresh(round_).awaiting().exists()
    dossier.refresh_from_db()
    pairs = [(dossier, judging.rubric_of(dossier))]
    words = refused(lambda: fresh(round_).take_in(pairs, by=thu, reason="Thêm"))
    assert "không chờ hội đồng này" in words


def five_stars_missed_by_a_minimum(round_, thu, an):
    """90 points with a minimum of five stars missed: the council resolves before it closes."""
    entry = round_.entries.get()
    marked = next(
        criterion
        for criterion in entry.rubric.criteria.prefetch_related("options")
        if _just_below(criterion)
    )
    score(
        round_,
        wish=lambda criterion, options: (
            _just_below(criterion) if criterion == marked else options[-1]
        ),
    )
    judging.count(round_)
    assert unmet(round_) == {"resolution"}
    held = {"criterion": marked, "stars": 5, "reason": "Hội đồng thống nhất", "by": thu}
    fresh(round_).resolve(entry, holds=False, **held)
    with transaction.atomic():
        assert close(round_, thu).results.get().stars == 4
        transaction.set_rollback(True)
    assert "đã ghi" in refused(lambda: fresh(round_).resolve(entry, holds=True, **held))
    fresh(round_).resolve(entry, holds=True, correction="Bỏ phiếu lại", **held)
    assert close(round_, thu).results.get().stars == 5


def _just_below(criterion):
    """The best option under the criterion's minimum of five stars, at most ten points off; None."""
    options = sorted(criterion.options.all(), key=lambda option: option.points)
    floors = [option.points for option in options if option.minimum_for == 5]
    four = max((o.points for o in options if o.minimum_for in (3, 4)), default=0)
    below = [o for o in options if floors and four <= o.points < min(floors)]
    return below[-1] if below and options[-1].points - below[-1].points <= 10 else None


def a_prepared_round_whose_day_went_by(round_, thu, an):
    """It asks for another day; or says who came, where the meeting was held on paper."""
    its = round_.entries.get()
    council, commune = round_.council, its.dossier.commune
    waiting = judging.before_council(round_.cycle, commune, an, 1)
    day = clock.now() + DAY
    other = begin(council, round_.cycle, waiting, thu, open_it=False, meets_at=day)
    with clock.at(clock.now() + 3 * DAY):
        for act in (fresh(other).open, fresh(other).invite):
            assert f"Ngày họp {timezone.localdate(day):%d/%m/%Y} đã qua" in refused(
                partial(act, by=thu)
            )
        with transaction.atomic():
            came(other, range(5), thu)
            fresh(other).open(by=thu)
            assert fresh(other).is_open
            transaction.set_rollback(True)
        fresh(other).amend(by=thu, meets_at=clock.now())
        fresh(other).invite(by=thu)
        fresh(other).open(by=thu)
        came(other, range(5), thu)
        score(other)
        ends(other, thu)


CASES = [
    a_prepared_round_whose_day_went_by,
    eliminated_in_error,
    decided_meanwhile,
    sent_back_after_a_second_closing,
    sent_back_after_the_round_was_voided,
    extended_after_reopening,
    a_product_that_the_meeting_never_had,
    a_reopening_is_no_further_scoring,
    the_secretarys_post_has_ended,
    a_seat_ends_while_opinions_are_asked,
    samples_lack_in_an_open_round,
    taken_out_and_in_again,
    interest_after_a_second_scoring,
    interest_after_the_closing,
    recusal_taken_back_after_the_count,
    one_recorded_for_the_wrong_member,
    one_taken_off_stays_off,
    nobody_takes_off_what_is_said_of_them,
    a_relative_scores_all_the_same,
    a_member_lifts_what_another_recorded,
    declared_elsewhere_after_the_count,
    a_seat_given_anew,
    another_product_of_a_relative,
    a_declaration_under_a_laxer_regulation,
    who_scores_says_whose_sheet_counts,
    a_meeting_that_was_held_is_not_moved,
    the_day_of_a_meeting_is_set_after_somebody_was_recorded,
    nobody_who_came_keeps_no_meeting_from_another_day,
    what_is_agreed_on_is_not_called_up_by_who_scores,
    on_the_last_day_of_a_seat_its_sheet_is_awaited,
    what_was_said_last_stands,
    who_was_recused_says_that_they_are_a_relative,
    the_secretary_scores_and_the_office_counts,
    raised_since_the_meeting,
    a_judge_leaves_after_the_meeting,
    a_sheet_of_somebody_absent,
    the_regulation_keeps_sheets_of_the_absent,
    absent_members_do_not_score,
    attendance_changed_after_the_count,
    two_sheets_do_not_decide,
    given_up_before_it_opens,
    closed_before_its_hour,
    past_the_term,
    seats_end_with_the_term,
    the_secretary_is_on_leave,
    a_meeting_after_the_term,
    of_another_year,
    five_stars_missed_by_a_minimum,
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
@pytest.mark.usefixtures("minh", "son")
def test_a_way_back(case, round_, thu, an):
    case(round_, thu, an)


# --- Whichever way a product comes into a round ---------------------------------------------


def _anew(round_, thu):
    return begin(round_.council, round_.cycle, [Dossier.objects.get()], thu)


def _dropped(round_, thu):
    fresh(round_).drop(round_.entries.get(), by=thu, reason="Chuyển đợt")
    return _anew(round_, thu)


def _voided(round_, thu):
    fresh(round_).void(by=thu, reason="Hoãn", document=judging.paper(PAPER))
    return _anew(round_, thu)


def _closed(round_, thu):
    score(round_, (0, 2, 3, 4))
    close(round_, thu)


def _reopened(round_, thu):
    _closed(round_, thu)
    return reopened(round_, thu)


def _sent_back_of_a_void_round(round_, thu):
    """Its result is of a round that was voided since."""
    _closed(round_, thu)
    go_on(Dossier.objects.get())
    reopened(round_, thu)
    fresh(round_).void(by=thu, reason="Có khiếu nại", document=judging.paper(PAPER))
    dossier = Dossier.objects.get()
    _submission_returned(dossier)
    other = begin(round_.council, round_.cycle, [], thu, open_it=False)
    dossier.refresh_from_db()
    closing.take_in(other, [(dossier, judging.rubric_of(dossier))], by=thu)
    other.open(by=thu)
    return other


def _evaluated_again(round_, thu):
    """The centre gave less, and the chair of the province has it evaluated again."""
    _closed(round_, thu)
    dossier, minh = Dossier.objects.get(), User.objects.get(username="minh")
    son = User.objects.get(username="son")
    go_on(dossier)
    approved(dossier, minh)
    on_paper(dossier, "nominate", son)
    on_paper(dossier, "record_centre_result", minh, record=records.evaluation("616", 7, stars=4))
    doors.complete(open_task(dossier), "propose_recognition", by=minh)
    on_paper(dossier, "evaluate_again", son)
    return _anew(round_, thu)


def _convened(round_, thu):
    """The council did not agree in writing."""
    dossier = Dossier.objects.get()
    fresh(round_).drop(round_.entries.get(), by=thu, reason="Lấy ý kiến bằng phiếu")
    update_as_owner(Dossier.objects.all(), case_type="reevaluation")
    details = {"mode": "written", "meets_at": None, "place": ""}
    dossier.refresh_from_db()
    written = begin(round_.council, round_.cycle, [dossier], thu, everybody=False, **details)
    for number, wish in ((0, best), (2, best), (3, worst), (4, best)):
        fill(written.entries.get(), judge(round_.council, number), wish)
    judging.count(written)
    meeting = closing.convene(
        fresh(written), by=thu, meets_at=clock.now() + timedelta(hours=1), place="Tầng 2"
    )
    meeting.open(by=thu)
    return meeting


@pytest.mark.parametrize(
    "way",
    [_dropped, _voided, _reopened, _sent_back_of_a_void_round, _evaluated_again, _convened],
)
@pytest.mark.usefixtures("minh", "son")
def test_an_interest_stands_in_every_round_of_the_product(way, round_, thu):
    member = judge(round_.council, 1)
    _relative(round_, thu)
    now = fresh(way(round_, thu))
    entry = now.entries.get()
    assert entry.live and now.is_open
    stands = entry.interests.get()
    assert (stands.member, stands.kind, stands.recused) == (member, "relative", True)
    assert (stands.by, stands.reason) == (thu, "Em ruột")
    assert not now.due_to_score(entry, member)
    assert "từ chối chấm" in refused(lambda: fill(entry, member))
    about = {"kind": "declared", "reason": "Nhầm", "correction": "Nhầm", "by": member.user}
    unsay = partial(now.declare_interest, entry, member, **about)
    for recused in (True, False):
        words = refused(partial(unsay, recused=recused))
        assert "chỉ thư ký" in words


def test_every_way_in_is_in_the_table():
    """A product is made live, and a seat made, nowhere else."""
    found = {
        (path.name, line.strip())
        for path in sorted(Path("councils").rglob("*.py"))
        if not {"migrations", "stories"} & set(path.parts)
        for line in path.read_text(encoding="utf-8").splitlines()
        if ".live = True" in line or "RoundEntry(" in line and "class" not in line
    }
    assert {name for name, _line in found} == {"round.py", "closing.py"} and len(found) == 2


def _left_out_by_an_interest(round_, thu):
    member = judge(round_.council, 3)
    about = {"kind": "relative", "reason": "Nhầm người", "by": thu}
    fresh(round_).declare_interest(round_.entries.get(), member, recused=True, **about)

    def lift():
        about.update(kind="declared", correction="Nhầm người")
        fresh(round_).declare_interest(round_.entries.get(), member, recused=False, **about)

    return lift


def _left_out_by_one_recorded_wrongly(round_, thu):
    member = judge(round_.council, 3)
    about = {"kind": "relative", "reason": "Nhầm người", "by": thu}
    fresh(round_).declare_interest(round_.entries.get(), member, recused=True, **about)
    return lambda: _lift(round_, thu, 3)


def _left_out_as_absent(round_, thu):
    came(round_, (0, 1, 2, 4), thu)
    sheet = Scoresheet.objects.filter(member=judge(round_.council, 3)).latest("scoring")
    sheet.void(by=judge(round_.council, 5).user, reason="Vắng họp")
    return lambda: came(round_, range(5), thu)


#: What lies between the sheet being left out and its member scoring after all.
MEANWHILE = {
    "nothing": lambda round_, thu: None,
    "counted": lambda round_, thu: judging.count(round_),
    "reopened": lambda round_, thu: (close(round_, thu), reopened(round_, thu)),
    "scored_again": lambda round_, thu: (
        judging.count(round_),
        fresh(round_).score_again(round_.entries.get(), by=thu, reason="Chênh lệch"),
    ),
}


@pytest.mark.parametrize(
    "leave_out",
    [_left_out_by_an_interest, _left_out_by_one_recorded_wrongly, _left_out_as_absent],
)
@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.usefixtures("minh", "son")
def test_a_sheet_left_out_comes_back_as_it_was(meanwhile, leave_out, round_, thu):
    score(round_)
    member = judge(round_.council, 3)
    given = sorted(Scoresheet.objects.get(member=member).scores.values_list("criterion", "option"))
    lift = leave_out(round_, thu)
    MEANWHILE[meanwhile](round_, thu)
    lift()
    sheet = Scoresheet.objects.filter(member=member).latest("scoring")
    assert (sheet.scoring, sheet.state) == (sheet.entry.scoring, SheetState.VOID)
    sheet.take_back(by=member.user)
    assert sorted(sheet.scores.values_list("criterion", "option")) == given
    sheet.submit(by=member.user)
    for other in Scoresheet.objects.filter(scoring=sheet.scoring, state=SheetState.DRAFT):
        other.submit(by=other.member.user)
    assert close(round_, thu).results.get().sheets == 5


@pytest.mark.parametrize(
    "leave_out",
    [_left_out_by_an_interest, _left_out_by_one_recorded_wrongly, _left_out_as_absent],
)
@pytest.mark.parametrize(
    ("meanwhile", "closed_after"), [("nothing", False), ("counted", True), ("reopened", False)]
)
@pytest.mark.usefixtures("minh", "son")
def test_a_sheet_left_out_of_one_whose_account_is_closed_counts_again(
    meanwhile, leave_out, closed_after, round_, thu
):
    score(round_)
    member = judge(round_.council, 3)
    lift = leave_out(round_, thu)
    MEANWHILE[meanwhile](round_, thu)
    if closed_after:
        lift()
    update_as_owner(User.objects.filter(pk=member.user_id), is_active=False)
    if not closed_after:
        assert unmet(round_) <= {"count"}
        lift()
    assert unmet(round_) == {"count"}
    entry, board = round_.entries.get(), Board(fresh(round_))
    cells = {cell["member"]: cell["code"] for cell in board.rows()[0]["cells"]}
    assert cells[member] == "submitted"
    with pytest.raises(ConditionNotMet, match="đang ghi không tính"):
        Scoresheet.type_in(entry, member, by=thu)
    assert close(round_, thu).results.get().sheets == 5
    told = HistoryEntry.objects.filter(event="round.count_sheets").latest("seq")
    assert told.data["counted_again"] == [member.pk]
    [said] = [each for each in Board(fresh(round_)).history() if each.pk == told.pk]
    assert f"tính lại phiếu của: {member.user}" in " ".join(events.told(said))


def asked(client, user, name, pk, **data):
    client.force_login(user)
    where = reverse(f"councils:{name}", args=[pk])
    return client.post(where, data) if data else client.get(where)


def test_each_finds_the_way_on_the_pages(client, round_, thu, council, minh):
    """The secretary leaves a sheet out, the office takes a product out, extends and gives up."""
    update_as_owner(Council.objects.filter(pk=council.pk), valid_to=clock.today())
    chair, absent = judge(council, 0).user, judge(council, 4)
    secretary = judge(council, 5).user
    entry = round_.entries.get()
    score(round_)
    came(round_, range(4), thu)
    sheet = Scoresheet.objects.get(member=absent)
    where = reverse("councils:void_sheet", args=[sheet.pk])
    assert where in asked(client, secretary, "entry", entry.pk).content.decode()
    told = asked(client, chair, "entry", entry.pk).content.decode()
    assert where not in told and "thường trực hội đồng không chấm điểm" in told
    assert where not in asked(client, judge(council, 1).user, "entry", entry.pk).content.decode()
    assert asked(client, judge(council, 1).user, "void_sheet", sheet.pk).status_code == 404
    assert asked(client, chair, "void_sheet", sheet.pk).status_code == 404
    lacking = asked(client, secretary, "void_sheet", sheet.pk, reason=" ")
    assert "Bạn chưa nhập: Lý do." in lacking.content.decode()
    assert asked(client, secretary, "void_sheet", sheet.pk, reason="Vắng họp").status_code == 302
    told = asked(client, absent.user, "sheet", entry.pk).content.decode()
    assert "vắng họp" in told and "take_back" not in told
    for user, page in ((absent.user, "my_sheets"), (chair, "round"), (thu, "paper")):
        assert "không tính" in asked(client, user, page, round_.pk).content.decode()
    assert "Lý do sửa" in asked(client, thu, "attendance", round_.pk).content.decode()
    assert asked(client, thu, "drop", entry.pk, reason="Chờ kiểm nghiệm").status_code == 302
    added = asked(client, thu, "take_in", round_.pk).content.decode()
    assert "Lý do bổ sung vào đợt đang chấm" in added
    late = f"{clock.today() + 9 * DAY:%d/%m/%Y}"
    longer = {
        "valid_to": late,
        "reason": "Còn một đợt",
        **judging.typed("20/QĐ-UBND ngày 02/11/2026"),
    }
    assert asked(client, thu, "council_extend", council.pk, **longer).status_code == 302
    again = asked(client, thu, "council_extend", council.pk, **longer).content.decode()
    assert "Ngày mới phải sau ngày" in again
    council.refresh_from_db()
    assert council.valid_to == clock.today() + 9 * DAY
    given_up = {"reason": "Hoãn", "number": "15/VB-UBND", "signed_on": "01/11/2026"}
    without = asked(client, thu, "round_void", round_.pk, **given_up).content.decode()
    assert "Bạn chưa nhập: Người ký." in without and "15/VB-UBND" in without
    given_up |= {"signer": "Trần Công Sơn", "signer_capacity": "Chủ tịch UBND tỉnh"}
    assert asked(client, chair, "round_void", round_.pk, **given_up).url
    shown = asked(client, thu, "round", round_.pk).content.decode()
    assert "Đã hủy" in shown and "15/VB-UBND (01/11/2026)" in shown and "Hủy đợt" not in shown


def test_a_regulation_begins_careful():
    begun = Regulation()
    assert (begun.fewest_sheets, begun.absent_sheets, begun.show_self_score) == (3, False, False)


# --- Five stars, and what the ministry orders: two papers, and a choice ---------------------------


def on_paper(dossier, act, by, **given):
    signed = records.ministry_paper if act == "record_centre_result" else records.signed_paper
    given |= {"paper": signed(), "reason": "Theo văn bản"}
    doors.complete(open_task(dossier), act, by=by, **given)


@pytest.fixture
@kept
def best_of_all(cycle, commune, an):
    """A dossier of 90 points and more, before the chair of the province."""
    dossier = open_dossier(cycle, commune, an)
    return stand(dossier, State.AWAITING_DECISION, stars=5, points_sum="650")


def test_what_the_centre_has_answered_is_not_asked_of_it_again(best_of_all, minh, son):
    """Ninety points and more may be of four stars: the number alone sends nothing up again."""
    dossier = best_of_all
    approved(dossier, minh)
    on_paper(dossier, "nominate", son)
    less = records.evaluation("650", 7, stars=4)
    on_paper(dossier, "record_centre_result", minh, record=less)
    doors.complete(open_task(dossier), "propose_recognition", by=minh)
    update_as_owner(Dossier.objects.filter(pk=dossier.pk), stars=5)
    with pytest.raises(ConditionNotMet, match="Trung ương đã có kết quả"):
        on_paper(dossier, "nominate", son)
    assert dossier.history.filter(event="dossier.nominate").count() == 1


@pytest.mark.parametrize("chosen", ["certify", "evaluate_again"])
def test_the_centre_gave_less_and_the_leader_chooses_on_paper(chosen, best_of_all, minh, son, thu):
    dossier = best_of_all
    with pytest.raises(ConditionNotMet, match="phê duyệt kết quả"):
        on_paper(dossier, "nominate", son)
    approved(dossier, minh)
    on_paper(dossier, "nominate", son)
    assert OfficialDocument.objects.filter(dossier=dossier).count() == 2
    less = records.evaluation("616", 7, stars=4)
    on_paper(dossier, "record_centre_result", minh, record=less)
    doors.complete(open_task(dossier), "propose_recognition", by=minh)
    if chosen == "certify":
        on_paper(dossier, "certify", son, record=records.certificate())
        assert (dossier.lock(), dossier.state)[1] == State.CERTIFIED
        return
    on_paper(dossier, "evaluate_again", son)
    dossier.lock()
    assert (dossier.state, dossier.stars) == (State.PROVINCE_EVALUATING, None)
    # Judged again with 90 points it may go to the centre again, on a new approval.
    on_paper(dossier, "rank", thu, record=records.evaluation("650", 7, stars=5))
    doors.complete(open_task(dossier), "propose_recognition", by=minh)
    with pytest.raises(ConditionNotMet, match="phê duyệt kết quả"):
        on_paper(dossier, "nominate", son)
    with pytest.raises(ConditionNotMet, match="88/QĐ-UBND .* cho một việc khác"):
        approved(dossier, minh)
    approved(dossier, minh, "90/QĐ-UBND")
    on_paper(dossier, "nominate", son)


@pytest.mark.parametrize(
    ("number", "another"),
    [
        ("88/QĐ-UBND", False),
        ("88 / qđ–ubnd", False),
        ("Số 88/QĐ-UBND", False),
        ("88/QĐUBND", False),
        ("88/QĐ--UBND", False),
        ("88/QĐ.UBND", False),
        ("88/QĐ-UBND-", False),
        ("(88)/QĐ-UBND", False),
        ("89/TTr-UBND", True),
    ],
)
def test_the_request_to_the_centre_is_not_the_paper_that_approved_the_result(
    best_of_all, minh, son, number, another
):
    approved(best_of_all, minh)
    asked = {"by": son, "paper": records.signed_paper(number=number)}
    if another:
        doors.complete(open_task(best_of_all), "nominate", **asked)
    else:
        with pytest.raises(ConditionNotMet, match="cho một việc khác"):
            doors.complete(open_task(best_of_all), "nominate", **asked)
    best_of_all.lock()
    assert (best_of_all.state == State.AT_CENTRE) is another


def test_one_scan_is_not_two_papers(best_of_all, minh, son):
    approved(best_of_all, minh)
    paper = records.signed_paper(number="89/TTr-UBND", scan=records.scan("88/QĐ-UBND"))
    with pytest.raises(ConditionNotMet, match="Bản chụp này là của văn bản 88/QĐ-UBND"):
        doors.complete(open_task(best_of_all), "nominate", by=son, paper=paper)
    best_of_all.lock()
    assert best_of_all.state == State.AWAITING_DECISION


def test_below_50_points_of_the_centre_it_is_evaluated_again(best_of_all, minh, son):
    dossier = best_of_all
    approved(dossier, minh)
    on_paper(dossier, "nominate", son)
    on_paper(dossier, "record_centre_result", minh, record=records.evaluation("294", 7, stars=2))
    with pytest.raises(ConditionNotMet, match="từ 3 sao"):
        doors.complete(open_task(dossier), "propose_recognition", by=minh)
    on_paper(dossier, "evaluate_again", minh)
    dossier.lock()
    assert (dossier.state, dossier.stars) == (State.PROVINCE_EVALUATING, None)
    assert open_task(dossier).node == "evaluate_at_province"


def test_only_after_the_centres_answer_is_a_result_evaluated_again(best_of_all, minh, son):
    with pytest.raises(ConditionNotMet, match="trung ương đã trả kết quả"):
        on_paper(best_of_all, "evaluate_again", son)
    doors.complete(open_task(best_of_all), "return_submission", by=son, reason="Xem lại")
    with pytest.raises(ConditionNotMet, match="trung ương đã trả kết quả"):
        on_paper(best_of_all, "evaluate_again", minh)


def test_the_ministry_orders_a_new_evaluation_or_withdraws_the_decision(best_of_all, minh, son):
    dossier = stand(best_of_all, State.AWAITING_DECISION)
    on_paper(dossier, "certify", son, record=records.certificate())
    dossier.lock()
    about = {"by": minh, "reason": "Kết luận kiểm tra của Bộ"}
    number = "812/QĐ-BNNMT"
    order = records.ministry_paper(number=number)
    doors.act(dossier.process, "order_evaluation", paper=order, **about)
    dossier.lock()
    given = dossier.certificates.with_validity().get()
    assert given.standing(clock.today()) == "valid"
    # One paper does not order a new evaluation and also withdraw the decision.
    for act in ("withdraw_decision", "order_evaluation"):
        with pytest.raises(ConditionNotMet, match="812/QĐ-BNNMT .* cho một việc khác"):
            again = records.ministry_paper(number=number, scan=records.scan("khác"))
            doors.act(dossier.process, act, paper=again, **about)
        with pytest.raises(ConditionNotMet, match="Bản chụp này là của văn bản 812/QĐ-BNNMT"):
            other = records.ministry_paper(scan=records.scan(number))
            doors.act(dossier.process, act, paper=other, **about)
    doors.act(dossier.process, "withdraw_decision", paper=records.ministry_paper(), **about)
    given = dossier.certificates.with_validity().get()
    assert (given.standing(clock.today()), given.revoked_on) == ("revoked", clock.today())


# --- From every state ------------------------------------------------------------------------


def _sheets(round_, by):
    for entry in round_.entries.filter(live=True):
        for pk in HandedIn.of(round_).missing(entry):
            member = round_.council.members.select_related("user").get(pk=pk)
            fill(entry, member)


def _stray(round_, by):
    for entry in round_.entries.filter(live=True):
        who = HandedIn.of(round_).stray(entry)
        its = entry.sheets.filter(member__in=who, scoring=entry.scoring, state__in=HANDED_IN)
        for sheet in its:
            sheet.void(by=by, reason="Không thuộc người chấm")


def _few(round_, by):
    for entry in round_.entries.filter(live=True):
        if HandedIn.of(round_).too_few(entry) is not None:
            round_.drop(entry, by=by, reason="Không đủ người chấm")


def _spread(round_, by):
    for item in checklist(round_):
        if item.code == "spread":
            round_.accept_spread(item.entry, by=by, reason="Hội đồng thống nhất")


def _resolution(round_, by):
    for its in tally(round_).values():
        for finding in unresolved(round_, its):
            round_.resolve(
                its.entry,
                criterion=its.entry.rubric.criteria.get(pk=finding.criterion),
                stars=finding.stars,
                holds=finding.verdict is ranking.Verdict.MET,
                reason="Hội đồng kết luận",
                by=by,
            )


def _everybody(round_, by):
    round_.attend({member.pk: True for member in round_.seats}, by=by, reason="Ghi nhầm")


#: Item of the checklist -> what the page behind it does. The others wait: for the day, for a second
#: person to confirm a pen sheet, for a meeting (see the cases, test_written_rounds).
FINISH = {
    "open": lambda round_, by: round_.open(by=by),
    "quorum": _everybody,
    "chair": _everybody,
    "sheets": _sheets,
    "stray": _stray,
    "few": _few,
    "spread": _spread,
    "resolution": _resolution,
    "count": lambda round_, by: judging.count(round_),
}


def test_each_item_of_the_checklist_has_its_page_and_its_remedy():
    linked = set(result._ROUND_PAGES) | set(result._ENTRY_PAGES)
    assert linked == set(FINISH) | {"day", "term", "entries", "paper", "meeting"}


def ends(round_, by):
    """Finish the round from where it stands, and give it up; then undo both."""
    with transaction.atomic():
        if fresh(round_).state == RoundState.CLOSED:
            reopened(round_, by)
        for _step in range(12):
            codes = [item.code for item in checklist(fresh(round_)) if not item.met]
            if not codes:
                break
            FINISH[codes[0]](fresh(round_), by)
        assert closing.close(fresh(round_), by=by)
        transaction.set_rollback(True)
    with transaction.atomic():
        if fresh(round_).state == RoundState.CLOSED:
            reopened(round_, by)
        fresh(round_).void(by=by, reason="Hủy", document=judging.paper(PAPER))
        assert not round_.entries.filter(live=True).exists()
        transaction.set_rollback(True)


#: The dossier waits for somebody else, or for nobody.
NOBODYS = (PaperRequired, Task.DoesNotExist)


#: Address of a page with a form of a round or (``True``) of a product -> the states in which it is
#: shown. In any other it leads on, saying why; so does every other page that takes a form.
LIVE = {RoundState.PREPARING, RoundState.OPEN}
PAGES = {
    "take_in": (False, LIVE),
    "details": (False, LIVE),
    "order": (False, LIVE),
    "attendance": (False, LIVE),
    "round_void": (False, LIVE),
    "close": (False, LIVE),
    "move_meeting": (False, {RoundState.OPEN}),
    "count": (False, {RoundState.OPEN}),
    "convene": (False, {RoundState.OPEN}),
    "round_invite": (False, {RoundState.PREPARING}),
    "round_open": (False, {RoundState.PREPARING}),
    "reopen": (False, {RoundState.CLOSED}),
    "drop": (True, LIVE),
    "interest": (True, LIVE),
    "ask": (True, LIVE),
    # Of a product that is counted.
    "score_again": (True, set()),
    "accept_spread": (True, set()),
    "resolutions": (True, {RoundState.OPEN}),
}


@pytest.mark.parametrize("state", RoundState)
def test_the_page_of_an_act_that_is_no_more_leads_on_and_says_why(
    state, client, council, cycle, commune, an, thu
):
    waiting = judging.before_council(cycle, commune, an, 1)
    round_ = begin(council, cycle, waiting, thu, open_it=state != RoundState.PREPARING)
    entry = round_.entries.get()
    if state == RoundState.CLOSED:
        score(round_)
        close(round_, thu)
    elif state == RoundState.VOID:
        fresh(round_).void(by=thu, reason="Thôi", document=judging.paper(PAPER))
    for name, (of_product, shown_in) in PAGES.items():
        client.force_login(judge(council, 5).user if name == "count" else thu)
        its = entry.pk if of_product else round_.pk
        answer = client.get(reverse(f"councils:{name}", args=[its]))
        assert answer.status_code == (200 if state in shown_in else 302), name
        if answer.status_code == 302:
            after = client.get(answer["Location"])
            assert after.status_code == 200, name
            assert [str(each) for each in after.context["messages"]], name


def test_what_another_has_done_meanwhile_is_said_and_offers_no_form(
    client, council, cycle, commune, an, thu
):
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an, 2), thu)
    entry, gone = round_.entries.all()
    secretary = judge(council, 5).user
    said = {"kind": "declared", "reason": "Em", "recused": True, "by": thu}
    round_.declare_interest(entry, judge(council, 1), **said)
    interest = entry.interests.get()
    away, sheet = judge(council, 2), fill(entry, judge(council, 2))
    round_.attend({away.pk: False}, by=thu, reason="Vắng")
    typed, other = (
        Scoresheet.type_in(
            entry,
            judge(council, number),
            by=thu,
            scan=(staged(b"%%PDF-1.4 phieu %d %%%%EOF" % number).sha256, "phieu.pdf"),
        )
        for number in (3, 4)
    )
    for each in (typed, other):
        judging.score(each, judging.choose(entry.rubric, judging.best), by=thu)
        each.submit(by=thu)
    seat = judge(council, 6)
    why = {"reason": "Nhầm", "once_more": ""}
    ended = {**why, "until": f"{clock.today():%d/%m/%Y}", **judging.typed("9/QĐ-UBND")}
    #: Page -> who asks, how another did it first, what is sent again, and the words.
    pages = {
        ("lift_interest", interest.pk): (
            lambda: round_.lift_interest(interest, reason="Nhầm người", by=secretary),
            why,
            "đã gỡ khai báo lợi ích này",
        ),
        ("void_sheet", sheet.pk): (
            lambda: sheet.void(by=secretary, reason="Vắng họp"),
            why,
            "không còn là phiếu đã nộp",
        ),
        ("compare", typed.pk): (
            lambda: Scoresheet.objects.get(pk=typed.pk).confirm(by=secretary),
            {"act": "confirm"},
            "không còn chờ xác nhận",
        ),
        ("hand_back", other.pk): (
            lambda: Scoresheet.objects.get(pk=other.pk).hand_back(by=secretary, reason="Nhầm"),
            why,
            "không còn là phiếu giấy đang nhập",
        ),
        ("seat_end", council.pk, seat.pk): (
            lambda: council.take_seat(
                seat,
                by=secretary,
                until=clock.today(),
                reason="Chuyển",
                document=judging.paper("9/QĐ-UBND"),
            ),
            ended,
            "Đã ghi thôi sau ngày",
        ),
    }
    office = {"role": Role.COUNCIL_OFFICE, "org_unit": council.org_unit}
    RoleAssignment.objects.create(user=secretary, valid_from=clock.today(), **office)
    third = person("dung", "Lò Thị Dung", (Role.COUNCIL_OFFICE, council.org_unit))
    for (name, *key), (act, sent, words) in pages.items():
        client.force_login(third)
        where = reverse(f"councils:{name}", args=key)
        assert client.get(where).status_code == 200, name
        act()
        away_to = client.get(where, follow=True)
        assert away_to.redirect_chain and words in away_to.text, name
        again = client.post(where, sent, follow=True)
        assert again.status_code == 200 and words in again.text, name
        assert 'class="act"' not in again.text, name
    # What was taken out of the round waits for nothing here.
    round_.drop(gone, by=thu, reason="Chờ kiểm nghiệm")
    for name, (of_product, _states) in PAGES.items():
        if of_product:
            answer = client.get(reverse(f"councils:{name}", args=[gone.pk]), follow=True)
            assert answer.redirect_chain, name
            assert "không còn chờ kết quả" in answer.text, name
    for act in (
        lambda: round_.accept_spread(gone, by=thu, reason="Thống nhất"),
        lambda: round_.resolve(
            gone,
            elimination=Elimination.objects.filter(rubric=gone.rubric).first(),
            holds=True,
            reason="Sai",
            by=thu,
        ),
        lambda: Opinion.ask(Opinion(entry=gone, to=thu, question="Đạt?"), days=5, by=thu),
    ):
        with pytest.raises(ConditionNotMet, match="không còn chờ kết quả"):
            act()
    # Nor is it chosen here, once another has it: what else was chosen is not taken in alone.
    elsewhere = begin(council, cycle, [gone.dossier], thu, open_it=False)
    empty = begin(council, cycle, [], thu, open_it=False)
    client.force_login(third)
    chosen = {"take": [gone.dossier_id], f"rubric-{gone.dossier_id}": gone.rubric_id}
    page = client.post(reverse("councils:take_in", args=[empty.pk]), chosen)
    assert "có thể vừa vào đợt khác" in page.text and not empty.entries.exists()
    assert elsewhere.entries.filter(live=True).exists()
    # Scored again by another, it is not counted; nor is a meeting moved that was held.
    client.force_login(thu)
    for name in ("score_again", "accept_spread"):
        answer = client.get(reverse(f"councils:{name}", args=[entry.pk]), follow=True)
        assert answer.redirect_chain and "chưa kiểm phiếu" in answer.text, name


def test_after_the_count_the_pages_say_that_it_is_counted_anew(client, round_, council, thu):
    client.force_login(thu)
    entry = round_.entries.get()
    pages = {
        reverse("councils:interest", args=[entry.pk]): "phải kiểm phiếu lại",
        reverse("councils:attendance", args=[round_.pk]): "phải kiểm phiếu lại",
    }
    score(round_)
    for page, sentence in pages.items():
        assert sentence not in client.get(page).content.decode()
    judging.count(round_)
    for page, sentence in pages.items():
        assert sentence in client.get(page).content.decode()
    fresh(round_).declare_interest(
        round_.entries.get(), judge(council, 1), kind="relative", recused=True, reason="Em", by=thu
    )
    entry = round_.entries.get()
    assert (entry.scoring, entry.times_scored) == (2, 1)
    board = reverse("councils:round", args=[round_.pk])
    assert "chấm lần" not in client.get(board).content.decode()
    judging.count(round_)
    fresh(round_).score_again(round_.entries.get(), by=thu, reason="Chênh lệch")
    assert "chấm lần 2" in client.get(board).content.decode()


def test_a_council_without_an_end_is_not_extended(client, council, minh):
    client.force_login(minh)
    answer = client.get(reverse("councils:council_extend", args=[council.pk]), follow=True)
    assert answer.redirect_chain == [(reverse("councils:council", args=[council.pk]), 302)]
    assert "không phải gia hạn" in answer.content.decode()


class Walker:
    """Random acts on one round, as an office and its members might do them."""

    def __init__(self, round_, by, an, seed):
        self.round, self.by, self.chance = round_, by, random.Random(seed)
        self.acts = [
            *[self.hand_in] * 3,
            *[self.rest] * 3,
            self.take_back,
            self.recuse,
            self.take_part,
            self.lift,
            self.attend,
            *[self.count] * 3,
            self.again,
            self.keep,
            self.eliminate,
            self.leave,
            self.drop,
            self.take_in,
            *[self.close] * 3,
            *[self.reopen] * 4,
            self.go_on,
        ]
        self.done = []

    def member(self):
        return judge(self.round.council, self.chance.randrange(5))

    def entry(self):
        return self.round.entries.get()

    def hand_in(self):
        fill(self.entry(), self.member(), self.chance.choice([best, best, worst]))

    def rest(self):
        """All who are due hand in."""
        _sheets(fresh(self.round), self.by)

    def take_back(self):
        member = self.member()
        Scoresheet.of(self.entry(), member).take_back(by=member.user)

    def recuse(self):
        self._interest(recused=True)

    def take_part(self):
        self._interest(recused=False)

    def lift(self):
        stands = self.entry().interests.standing().order_by("pk").first()
        who = self.chance.choice([self.by, self.member().user])
        if stands is not None:
            fresh(self.round).lift_interest(stands, reason="Ghi nhầm", by=who)

    def _interest(self, *, recused):
        member = self.member()
        fresh(self.round).declare_interest(
            self.entry(),
            member,
            kind="declared",
            reason="Có lợi ích",
            correction="Ghi nhầm",
            recused=recused,
            by=self.chance.choice([self.by, member.user]),
        )

    def attend(self):
        came(self.round, self.chance.sample(range(5), self.chance.choice([3, 4, 5])), self.by)

    def count(self):
        judging.count(fresh(self.round))

    def again(self):
        fresh(self.round).score_again(self.entry(), by=self.by, reason="Chênh lệch lớn")

    def keep(self):
        fresh(self.round).accept_spread(self.entry(), by=self.by, reason="Thống nhất")

    def eliminate(self):
        entry = self.entry()
        fresh(self.round).resolve(
            entry,
            elimination=entry.rubric.eliminations.first(),
            holds=self.chance.choice([True, False]),
            reason="Hội đồng kết luận",
            correction="Kết luận lại",
            by=self.by,
        )

    def leave(self):
        self.round.council.take_seat(
            judge(self.round.council, self.chance.choice([3, 4])),
            by=self.by,
            until=clock.today(),
            reason="Chuyển công tác",
            document=judging.paper(f"{clock.today():%d%m}/QĐ-UBND"),
        )

    def drop(self):
        fresh(self.round).drop(self.entry(), by=self.by, reason="Chờ kiểm nghiệm")

    def take_in(self):
        entry = self.entry()
        fresh(self.round).take_in([(entry.dossier, entry.rubric)], by=self.by, reason="Đủ giấy tờ")

    def close(self):
        close(self.round, self.by)

    def reopen(self):
        reopened(self.round, self.by)

    def go_on(self):
        go_on(Dossier.objects.get())

    def step(self):
        act = self.chance.choice(self.acts)
        try:
            with transaction.atomic():
                act()
        except (ConditionNotMet, PermissionDenied, RoundClosed, SheetSealed, *NOBODYS):
            return False
        self.done.append(act.__name__)
        return True


@pytest.mark.slow(reason="every state reached is finished and given up, each undone")
@pytest.mark.usefixtures("minh")
@pytest.mark.parametrize("seed", range(3))
def test_from_no_state_that_a_walk_reaches_is_there_no_way_on(seed, round_, thu, an):
    walker = Walker(round_, thu, an, seed)
    for step in range(45):
        # Days pass; seats that were ended are then over.
        with clock.at(clock.now() + step * timedelta(hours=3)):
            if walker.step():
                ends(round_, thu)
    # Enough of the acts came to something.
    assert len(set(walker.done)) > 5, walker.done
    assert Interest.objects.count() <= 5
