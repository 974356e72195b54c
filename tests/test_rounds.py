"""A round from its making to its closing: who may, what is refused in words, what is sealed."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction

from councils.forms.rounds import TakeInForm
from councils.judging import closing, consequences
from councils.models import (
    Consequence,
    EvaluationRound,
    RoundClosed,
    RoundEntry,
    Scoresheet,
    SheetSealed,
    SheetState,
)
from cycle.models import HistoryEntry, Job
from cycle.models.job import run_waiting
from dossiers.models import ConditionNotMet, Dossier, State
from tests import judging
from tests.ground import kept
from tests.judging import begin, best, fill, judge, regulate, worst
from tests.owning import update_as_owner
from tests.standing import stand
from tests.stored import staged

pytestmark = pytest.mark.django_db


@pytest.fixture
@kept
def council(province, thu):
    regulate(province)
    return judging.seat(province, thu)


@pytest.fixture
@kept
def round_(council, cycle, commune, an, thu):
    return begin(council, cycle, judging.before_council(cycle, commune, an, 2), thu)


def said(refused):
    return [str(message) for message in refused.value.messages]


def score_all(round_, wish=best):
    for entry in round_.entries.all():
        for number in range(5):
            fill(entry, judge(round_.council, number), wish)


# --- The way of a round ---------------------------------------------------------------------


def test_a_round_closes_and_its_dossiers_go_on(round_, thu):
    score_all(round_)
    made = judging.close(round_, by=thu)
    results = list(made.results.order_by("entry__position"))
    assert [(each.points_sum, each.sheets, each.band, each.stars) for each in results] == [
        (500, 5, 5, 5),
        (500, 5, 5, 5),
    ]
    assert round_.state == "closed"
    run_waiting()
    assert Job.objects.get(kind="councils.apply").result["failed"] == 0
    for dossier in Dossier.objects.all():
        assert (dossier.state, dossier.stars, dossier.points_sum, dossier.sheets) == (
            State.RANKED,
            5,
            500,
            5,
        )
        entry = dossier.history.get(event="dossier.rank")
        assert entry.actor == thu
        assert entry.data["authority"] == made.entry_id


def test_the_second_closer_is_handed_the_same_closing(round_, thu):
    score_all(round_)
    first = judging.close(round_, by=thu)
    again = judging.close(EvaluationRound.objects.get(pk=round_.pk), by=thu)
    assert again == first
    assert HistoryEntry.objects.filter(event="round.close").count() == 1


def test_what_follows_happens_once(round_, thu):
    score_all(round_)
    made = judging.close(round_, by=thu)
    job = Job.objects.get(kind="councils.apply")
    consequences.apply(job)
    consequences.apply(job)
    assert HistoryEntry.objects.filter(event="dossier.rank").count() == 2
    assert Consequence.objects.filter(result__closing=made, applied_at=None).count() == 0


def test_a_dossier_that_left_meanwhile_is_told_of_and_holds_nobody_up(round_, thu, an):
    score_all(round_)
    gone = round_.entries.first().dossier
    made = judging.close(round_, by=thu)
    # No act of ours takes it away now; an older release let it.
    stand(gone, State.WITHDRAWN)
    consequences.apply(Job.objects.get(kind="councils.apply"))
    errors = Consequence.objects.filter(result__closing=made).order_by("pk")
    assert [each.error for each in errors] == [
        "Hồ sơ không còn chờ kết quả của hội đồng này.",
        "",
    ]


def test_the_checklist_names_who_has_not_handed_in_never_what(round_, thu):
    first = round_.entries.first()
    fill(first, judge(round_.council, 0))
    with pytest.raises(ConditionNotMet) as refused:
        judging.close(round_, by=thu)
    sentences = said(refused)
    assert len(sentences) == 2
    assert "Lê Thị Một" in sentences[0] and "Trần Công Chủ" not in sentences[0]
    assert "Trần Công Chủ" in sentences[1]
    assert not any(character.isdigit() for character in sentences[0].replace("ong rừng 1", ""))


def test_quorum_and_chair(round_, thu):
    score_all(round_)
    council = round_.council
    round_.attend(
        {judge(council, number).pk: number in (1, 2, 3) for number in range(5)},
        by=thu,
        reason="Ghi nhầm",
    )
    with pytest.raises(ConditionNotMet) as refused:
        judging.close(round_, by=thu)
    assert "Có mặt 3/5 người chấm, cần 4." in said(refused)
    assert "Chủ tịch hội đồng dự họp." in said(refused)


def test_a_wide_spread_asks_for_another_scoring_without_names(round_, thu):
    score_all(round_)
    entry = round_.entries.first()
    sheet = Scoresheet.objects.get(entry=entry, member=judge(round_.council, 1))
    sheet.take_back(by=sheet.member.user)
    judging.score(sheet, judging.choose(entry.rubric, worst), by=sheet.member.user)
    sheet.submit(by=sheet.member.user)
    with pytest.raises(ConditionNotMet) as refused:
        judging.close(round_, by=thu)
    assert any("chênh lệch quá 10" in sentence for sentence in said(refused))
    assert not any("Lê Thị Một" in sentence for sentence in said(refused))
    round_.score_again(entry, by=thu, reason="Chênh lệch lớn")
    entry.refresh_from_db()
    again = entry.sheets.filter(scoring=2)
    assert again.count() == 5
    assert {each.state for each in again} == {SheetState.DRAFT}
    for each in again:
        judging.score(each, judging.choose(entry.rubric, best), by=each.member.user)
        each.submit(by=each.member.user)
    made = judging.close(round_, by=thu)
    assert made.results.get(entry=entry).points_sum == 500
    with pytest.raises(IntegrityError), transaction.atomic():
        Scoresheet.objects.filter(entry=entry, scoring=1).update(state="draft")


def test_no_more_scorings_than_the_regulation_allows(round_, thu):
    score_all(round_)
    entry = round_.entries.first()
    judging.count(round_, entry)
    round_.score_again(entry, by=thu, reason="Chênh lệch lớn")
    with pytest.raises(ConditionNotMet) as refused:
        round_.score_again(entry, by=thu, reason="Vẫn lớn")
    assert said(refused) == ["Quy chế cho chấm tối đa 2 lần."]


def test_no_scoring_is_burnt_before_its_sheets_are_counted(round_, thu):
    entry = round_.entries.first()
    chair = judge(round_.council, 0).user
    for number in (None, 0, 1, 2, 3, 4):
        if number is not None:
            fill(entry, judge(round_.council, number))
        for by in (chair, thu):
            with pytest.raises(ConditionNotMet) as refused:
                round_.score_again(entry, by=by, reason="Chênh lệch lớn")
            assert said(refused) == ["Sản phẩm chưa kiểm phiếu."]
    judging.count(round_, entry)
    with pytest.raises(ConditionNotMet) as refused:
        round_.score_again(entry, by=chair, reason=" ")
    assert said(refused) == ["Bạn chưa nêu lý do."]
    round_.score_again(entry, by=chair, reason="Chênh lệch lớn")
    assert RoundEntry.objects.get(pk=entry.pk).scoring == 2


def test_a_missed_minimum_and_an_elimination(round_, thu):
    score_all(round_)
    first, second = round_.entries.order_by("position")
    marked = first.rubric.criteria.filter(options__minimum_for=4).first()
    round_.resolve(first, criterion=marked, stars=4, holds=False, reason="Chưa có kế hoạch", by=thu)
    elimination = second.rubric.eliminations.first()
    round_.resolve(second, elimination=elimination, holds=True, reason="Giấy tờ giả", by=thu)
    made = judging.close(round_, by=thu)
    result, out = made.results.order_by("entry__position")
    assert (result.band, result.stars) == (5, 3)
    assert result.missed == [[marked.pk, 4]]
    assert (out.stars, out.eliminated) == (None, True)
    run_waiting()
    assert Dossier.objects.get(pk=first.dossier_id).stars == 3
    assert Dossier.objects.get(pk=second.dossier_id).state == State.NOT_RECOGNISED


def test_inviting_again_keeps_when_the_papers_went_out_and_ends_with_the_opening(
    council, cycle, commune, an, thu
):
    before = judging.before_council(cycle, commune, an)
    round_ = begin(council, cycle, before, thu, open_it=False)
    round_.invite(by=thu)
    sent = round_.invited_at
    round_.invite(by=thu)
    assert EvaluationRound.objects.get(pk=round_.pk).invited_at == sent
    assert HistoryEntry.objects.filter(event="round.invite").count() == 2
    round_.open(by=thu)
    with pytest.raises(ConditionNotMet):
        round_.invite(by=thu)
    assert HistoryEntry.objects.filter(event="round.invite").count() == 2


# --- Sealed ---------------------------------------------------------------------------------


def test_a_late_score_is_refused_in_words(round_, thu):
    score_all(round_)
    judging.close(round_, by=thu)
    sheet = Scoresheet.objects.first()
    option = sheet.scores.first().option
    with pytest.raises(SheetSealed):
        sheet.put(option, by=sheet.member.user)
    with pytest.raises(SheetSealed):
        sheet.take_back(by=sheet.member.user)
    with pytest.raises(RoundClosed):
        round_.score_again(sheet.entry, by=thu, reason="Muộn")


def test_nobody_writes_or_sees_anothers_sheet(round_, thu, minh):
    entry = round_.entries.first()
    owner, other = judge(round_.council, 0), judge(round_.council, 1)
    sheet = fill(entry, owner, submit=False)
    option = sheet.scores.first().option
    for stranger in (other.user, thu, minh, judge(round_.council, 5).user):
        with pytest.raises(PermissionDenied):
            sheet.put(option, by=stranger)
        assert not Scoresheet.objects.visible_to(stranger).exists()
    assert Scoresheet.objects.visible_to(owner.user).get() == sheet


def test_a_recused_member_does_not_score_and_is_not_waited_for(round_, thu):
    entry = round_.entries.first()
    member = judge(round_.council, 1)
    round_.declare_interest(
        entry, member, kind="declared", reason="Anh trai là chủ thể", recused=True, by=member.user
    )
    with pytest.raises(ConditionNotMet):
        fill(entry, member)
    for each in round_.entries.all():
        for number in range(5):
            if (each, number) != (entry, 1):
                fill(each, judge(round_.council, number))
    made = judging.close(round_, by=thu)
    assert made.results.get(entry=entry).sheets == 4


def test_who_works_in_the_commune_declares_it_before_scoring(round_, thu, commune):
    from datetime import date

    from cycle.models import Role, RoleAssignment

    entry, member = round_.entries.first(), judge(round_.council, 2)
    RoleAssignment.objects.create(
        user=member.user, role=Role.DEPARTMENT, org_unit=commune, valid_from=date(2020, 1, 1)
    )
    with pytest.raises(ConditionNotMet) as refused:
        fill(entry, member)
    assert said(refused) == ["Hãy khai báo trước khi chấm: công tác tại xã của sản phẩm."]
    round_.declare_interest(
        entry, member, kind="commune", reason="Không liên quan", recused=False, by=member.user
    )
    assert fill(entry, member).state == SheetState.SUBMITTED


def test_a_pen_sheet_is_typed_by_one_and_confirmed_by_another(round_, thu):
    entry, member = round_.entries.first(), judge(round_.council, 3)
    chair = judge(round_.council, 0).user
    with pytest.raises(PermissionDenied):
        Scoresheet.type_in(entry, member, by=member.user)
    sheet = Scoresheet.type_in(
        entry, member, by=thu, scan=(staged(b"%PDF-1.4 phieu obj %%EOF").sha256, "phieu.pdf")
    )
    judging.score(sheet, judging.choose(entry.rubric, best), by=thu)
    sheet.submit(by=thu)
    assert sheet.state == SheetState.ENTERED
    # Who scores reads nobody else's sheet.
    for user in (thu, chair, judge(round_.council, 1).user):
        with pytest.raises(PermissionDenied):
            sheet.confirm(by=user)
    sheet.send_back(by=judge(round_.council, 5).user)
    sheet.submit(by=thu)
    sheet.confirm(by=member.user)
    assert (sheet.state, sheet.confirmed_by) == (SheetState.SUBMITTED, member.user)


def test_a_sheet_with_gaps_is_not_handed_in(round_):
    entry, member = round_.entries.first(), judge(round_.council, 0)
    sheet = Scoresheet.of(entry, member)
    option = judging.choose(entry.rubric, best)[0]
    sheet.put(option, by=member.user)
    with pytest.raises(ConditionNotMet) as refused:
        sheet.submit(by=member.user)
    assert "tiêu chí chưa chấm" in said(refused)[0]


# --- Opened again ---------------------------------------------------------------------------


def test_a_closed_round_opens_again_as_a_new_version_and_the_old_one_stays(round_, thu):
    score_all(round_)
    first = judging.close(round_, by=thu)
    run_waiting()
    with pytest.raises(ConditionNotMet):
        closing.reopen(round_, by=thu, reason="", document=judging.paper("15/VB-UBND"))
    closing.reopen(
        round_, by=thu, reason="Khiếu nại", document=judging.paper("15/VB-UBND ngày 01/11/2026")
    )
    entry = round_.entries.first()
    assert Dossier.objects.get(pk=entry.dossier_id).state == State.PROVINCE_EVALUATING
    sheet = entry.sheets.get(scoring=2, member=judge(round_.council, 0))
    assert sheet.state == SheetState.SUBMITTED
    sheet.take_back(by=sheet.member.user)
    marked = entry.rubric.criteria.get(pk=sheet.scores.first().criterion_id)
    sheet.put(min(marked.options.all(), key=lambda option: option.points), by=sheet.member.user)
    sheet.submit(by=sheet.member.user)
    second = judging.close(round_, by=thu)
    assert second.version == 2
    assert first.results.get(entry=entry).points_sum == 500
    assert second.results.get(entry=entry).points_sum < 500
    run_waiting()
    assert Dossier.objects.get(pk=entry.dossier_id).state == State.RANKED


def test_the_database_keeps_a_closing(round_, thu):
    score_all(round_)
    made = judging.close(round_, by=thu)
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        made.results.update(stars=5)
    with connection.cursor() as cursor, pytest.raises(IntegrityError), transaction.atomic():
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        update_as_owner(EvaluationRound.objects.filter(pk=round_.pk), state="open")


def test_a_dossier_is_judged_again_by_the_version_it_was_judged_by(round_, thu, cycle):
    entry = round_.entries.first()
    score_all(round_)
    judging.close(round_, by=thu)
    run_waiting()
    dossier = stand(Dossier.objects.get(pk=entry.dossier_id), State.PROVINCE_EVALUATING)
    corrected = judging.rubric_of(dossier, 2)
    again = EvaluationRound.create(
        EvaluationRound(council=round_.council, cycle=cycle, name="Đợt 2"), by=thu
    )
    with pytest.raises(ConditionNotMet) as refused:
        again.take_in([(dossier, corrected)], by=thu)
    assert "phải được chấm theo bộ" in said(refused)[0]
    assert [row["pinned"] for row in TakeInForm(round_=again, by=thu).rows()] == [entry.rubric]
    again.take_in([(dossier, entry.rubric)], by=thu)
    assert again.entries.get().rubric == entry.rubric
