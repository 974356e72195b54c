"""Opinions in writing: what the members agree on is closed, the rest goes to a meeting."""

import io
from datetime import date, timedelta

import pypdf
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from councils.judging import checklist, closing, tally
from councils.judging.board import Board
from councils.models import (
    Appraisal,
    Council,
    EvaluationRound,
    InterestKind,
    Member,
    RoundEntry,
    RoundMode,
    Scoresheet,
    SheetState,
    SignedDocument,
    VisitGround,
)
from councils.papers import facts
from councils.papers.then import Then
from cycle import clock, rulesets
from cycle.models import Elimination, HistoryEntry, RuleSet
from cycle.models.job import run_waiting
from cycle.papers.pdf import pdf
from dossiers.models import CaseType, ConditionNotMet, Evaluation
from notifications.dispatch import dispatch
from notifications.letters import letter
from notifications.models import Delivery, Notification
from tests import judging
from tests.ground import kept
from tests.judging import begin, best, choose, fill, judge, regulate, worst
from tests.owning import update_as_owner
from tests.pages import printed
from tests.world import open_cycle, person

pytestmark = pytest.mark.django_db


@pytest.fixture
@kept
def council(province, thu):
    regulate(province)
    return judging.seat(province, thu)


@pytest.fixture
def asked(council, cycle, commune, an, thu):
    """An open round in writing over so many products."""

    def made(number=1, **details):
        before = judging.before_council(cycle, commune, an, number, case_type=CaseType.REEVALUATION)
        details = {"mode": RoundMode.WRITTEN, "meets_at": None, "place": ""} | details
        return begin(council, cycle, before, thu, everybody=False, **details)

    return made


def say(entry, wishes):
    """Each judge's sheet on the entry, handed in."""
    for number, wish in enumerate(wishes):
        fill(entry, judge(entry.round.council, number), wish)
    if entry in closing.countable(entry.round):
        judging.count(entry.round, entry)


def unmet(round_):
    return [(item.code, item.entry) for item in checklist.checklist(round_) if not item.met]


def call(round_, by):
    return closing.convene(round_, by=by, meets_at=clock.now(), place="Phòng họp tầng 2")


def attended(meeting, by):
    meeting.open(by=by)
    meeting.attend({member.pk: True for member in meeting.council.members.all()}, by=by)


def test_what_all_agree_on_is_closed_in_writing(asked, thu):
    round_ = asked()
    say(round_.entries.get(), [best] * 5)
    assert unmet(round_) == []
    assert judging.close(round_, by=thu).results.get().points_sum == 500


def test_one_of_another_opinion_asks_for_a_meeting_of_that_product_alone(asked, thu):
    round_ = asked(2)
    agreed, split = round_.entries.all()
    say(agreed, [best] * 5)
    say(split, [best, best, best, best, worst])
    assert unmet(round_) == [("meeting", split)]
    with pytest.raises(ConditionNotMet) as refused:
        judging.close(round_, by=thu)
    (sentence,) = refused.value.messages
    assert sentence == "Mật ong rừng 2: ý kiến bằng phiếu khác nhau: phải họp hội đồng."

    meeting = call(round_, thu)
    assert (meeting.mode, meeting.follows) == (RoundMode.MEETING, round_)
    assert [entry.dossier for entry in meeting.entries.all()] == [split.dossier]
    assert meeting.invited_at is not None
    assert unmet(round_) == []
    made = judging.close(round_, by=thu)
    assert [result.entry for result in made.results.all()] == [agreed]

    attended(meeting, thu)
    fresh = meeting.entries.get()
    assert {sheet.state for sheet in fresh.sheets.all()} == {SheetState.DRAFT}
    totals = sorted(judging.total(sheet) for sheet in fresh.sheets.all())
    assert totals == sorted(judging.total(sheet) for sheet in split.sheets.all())
    for sheet in fresh.sheets.all():
        judging.score(sheet, choose(fresh.rubric, best), by=sheet.member.user)
        sheet.submit(by=sheet.member.user)
    assert judging.close(meeting, by=thu).results.get().points_sum == 500


def test_the_history_of_both_rounds_says_what_happened(asked, thu):
    round_ = asked()
    entry = round_.entries.get()
    say(entry, [best, worst, best, worst, best])
    meeting = call(round_, thu)
    said = HistoryEntry.objects.get(event="round.convene")
    assert (said.stream_id, said.actor) == (round_.pk, thu)
    assert said.data["dossiers"] == [entry.dossier_id]
    assert (said.data["meeting"], said.data["place"]) == (meeting.pk, "Phòng họp tầng 2")
    ours = HistoryEntry.objects.filter(stream="round", stream_id=meeting.pk).order_by("seq")
    assert [each.event for each in ours] == ["round.create", "round.take_in", "round.invite"]


def test_opinions_in_writing_stay_sealed_when_their_round_closes(asked, thu, client):
    round_ = asked(2)
    agreed, split = round_.entries.all()
    say(agreed, [best] * 5)
    say(split, [best, best, best, best, worst])
    call(round_, thu)
    judging.close(round_, by=thu)
    assert {sheet.entry for sheet in Scoresheet.objects.unsealed()} == {agreed}
    client.force_login(thu)
    sheet = split.sheets.first()
    assert client.get(reverse("councils:filled_sheet", args=[sheet.pk, "pdf"])).status_code == 404
    assert client.get(reverse("councils:all_sheets", args=[split.pk])).status_code == 404


def test_a_round_of_which_all_goes_to_a_meeting_is_closed_empty(asked, thu, client):
    round_ = asked()
    say(round_.entries.get(), [best, worst, best, worst, best])
    call(round_, thu)
    assert judging.close(round_, by=thu).results.count() == 0
    client.force_login(thu)
    text = client.get(reverse("councils:results", args=[round_.pk])).content.decode()
    assert "Mọi sản phẩm của đợt đã chuyển sang họp hội đồng." in text


def test_sheets_that_differ_only_in_stars_ask_for_a_meeting(asked):
    round_ = asked()
    entry = round_.entries.get()
    say(entry, [best] * 4)
    sheet = fill(entry, judge(round_.council, 4), best, submit=False)
    # One minimum of five stars missed by a sheet within the spread.
    criterion = next(
        each
        for each in entry.rubric.criteria.prefetch_related("options")
        if any(option.minimum_for == 5 for option in each.options.all())
    )
    floor = min(o.points for o in criterion.options.all() if o.minimum_for == 5)
    below = criterion.options.filter(points__lt=floor).order_by("-points").first()
    sheet.put(below, by=sheet.member.user)
    sheet.submit(by=sheet.member.user)
    assert tally.tally(round_)[entry.pk].spread <= 10
    # Whoever could still change a sheet would learn from it what the others say.
    assert unmet(round_) == [("count", entry)]
    judging.count(round_)
    assert unmet(round_) == [("meeting", entry)]


def test_when_the_day_has_come_the_missing_sheets_are_not_waited_for(asked, thu):
    round_ = asked(decide_by=clock.today() + timedelta(days=3))
    entry = round_.entries.get()
    fill(entry, judge(round_.council, 0))
    assert [code for code, _entry in unmet(round_)] == ["sheets"]
    with pytest.raises(ConditionNotMet):
        call(round_, thu)
    with clock.at(clock.now() + timedelta(days=3)):
        assert [code for code, _entry in unmet(round_)] == ["sheets", "meeting"]
        meeting = call(round_, thu)
        attended(meeting, thu)
        assert meeting.entries.get().sheets.count() == 1


def test_an_elimination_is_for_a_meeting(asked, thu):
    round_ = asked()
    entry = round_.entries.get()
    say(entry, [best] * 5)
    elimination = Elimination.objects.filter(rubric=entry.rubric).first()
    round_.resolve(entry, elimination=elimination, holds=True, reason="Giả mạo", by=thu)
    assert unmet(round_) == [("meeting", entry)]


def test_what_a_meeting_settles_is_not_settled_in_writing(asked, thu):
    round_ = asked()
    entry = round_.entries.get()
    say(entry, [best, worst, best, worst, best])
    criterion = entry.rubric.criteria.first()
    for act in (
        lambda: round_.score_again(entry, by=thu, reason="Khác nhau"),
        lambda: round_.accept_spread(entry, by=thu, reason="Khác nhau"),
        lambda: round_.resolve(
            entry, criterion=criterion, stars=3, holds=True, reason="Khác nhau", by=thu
        ),
    ):
        with pytest.raises(ConditionNotMet) as refused:
            act()
        assert "triệu tập họp" in refused.value.messages[0]


def text(client, papers, kind):
    """What the PDF of a paper says."""
    return printed(client.get(f"{papers}{kind}.pdf").content)


def test_no_written_round_opens_without_the_offices_report(asked, thu, client, monkeypatch):
    round_ = asked(2, open_it=False)
    first, second = round_.entries.all()
    client.force_login(thu)
    where = reverse("councils:appraisal", args=[first.pk])
    assert where in client.get(reverse("councils:entry", args=[first.pk])).content.decode()
    page = client.get(where).content.decode()
    assert "Điểm tổ tư vấn đề xuất" not in page
    assert client.post(where, {"report": "Số liệu khớp"}).status_code == 302
    with pytest.raises(ConditionNotMet) as lacking:
        round_.open(by=thu)
    assert lacking.value.messages == [
        f"{second.dossier} chưa có báo cáo thẩm định của văn phòng: chưa mở lấy ý kiến được."
    ]
    opened = client.post(reverse("councils:round_open", args=[round_.pk]), follow=True)
    assert "chưa có báo cáo thẩm định của văn phòng" in opened.content.decode()
    # On paper too, with its number; the pages lead to where it is printed and recorded.
    with monkeypatch.context() as unsigned:
        unsigned.setattr(judging, "sign_report", lambda round_, *, by: None)
        judging.report(round_, by=thu)
    papers = reverse("councils:documents", args=[round_.pk])
    for name in ("round", "round_open"):
        page = client.get(reverse(f"councils:{name}", args=[round_.pk])).text
        assert "Chưa ghi số, ngày báo cáo của thường trực hội đồng" in page
        assert f"{papers}?kind=support_report#record" in page
    with pytest.raises(ConditionNotMet, match="Chưa ghi số, ngày báo cáo"):
        round_.open(by=thu)
    signed = judging.sign_report(round_, by=thu)
    assert signed.number in text(client, papers, "support_report")
    with clock.at(clock.now() + timedelta(hours=1)):
        # What came after it is not in it.
        late = Appraisal.objects.filter(entry=second)
        update_as_owner(late, at=clock.now())
        with pytest.raises(ConditionNotMet, match=f"lập trước .* {second.dossier}: hãy in"):
            round_.open(by=thu)
        judging.sign_report(round_, by=thu)
        round_.open(by=thu)
    assert round_.is_open
    assert (
        "Chưa ghi số, ngày báo cáo"
        not in client.get(reverse("councils:round", args=[round_.pk])).text
    )


def test_into_an_open_written_round_comes_only_what_was_reported_on(
    asked, cycle, commune, an, thu, council, monkeypatch
):
    round_ = asked()
    (more,) = judging.before_council(cycle, commune, an, case_type=CaseType.REEVALUATION)
    pairs = [(more, judging.rubric_of(more))]
    with pytest.raises(ConditionNotMet) as lacking:
        round_.take_in(pairs, by=thu, reason="Nộp muộn")
    assert "hãy đưa vào đợt chưa mở" in lacking.value.messages[0]
    entry = round_.entries.get()
    round_.drop(entry, by=thu, reason="Chờ kiểm nghiệm")
    assert round_.take_in([(entry.dossier, entry.rubric)], by=thu, reason="Đủ giấy tờ")
    # Nor does a meeting become one on the way.
    with monkeypatch.context() as before:
        # Opened before a meeting was asked for the report too.
        before.setattr(RuleSet, "office_reports", False)
        before.setattr(judging, "report", lambda round_, *, by: None)
        met = begin(council, cycle, [more], thu)
    with pytest.raises(ConditionNotMet, match="hãy đưa vào đợt chưa mở"):
        met.amend(by=thu, mode=RoundMode.WRITTEN, meets_at=None)
    met.refresh_from_db()
    judging.report(met, by=thu)
    with pytest.raises(ConditionNotMet, match="Chưa ghi số, ngày báo cáo"):
        met.amend(by=thu, mode=RoundMode.WRITTEN, meets_at=None)
    met.refresh_from_db()
    judging.sign_report(met, by=thu)
    met.amend(by=thu, mode=RoundMode.WRITTEN, meets_at=None)


def test_an_edition_of_before_asks_for_no_report(asked, thu, monkeypatch):
    before = RuleSet(content={"levels": ["province"]})
    assert (before.office_reports, before.visit_grounds) == (False, [])
    round_ = asked(open_it=False)
    monkeypatch.setattr(RuleSet, "office_reports", before.office_reports)
    round_.open(by=thu)
    assert round_.is_open


def test_a_re_evaluation_is_visited_on_two_grounds_only(asked, thu, client):
    assert tuple(VisitGround.values) == rulesets.VISIT_GROUNDS
    round_ = asked(open_it=False)
    entry = round_.entries.get()
    where = reverse("councils:appraisal", args=[entry.pk])
    client.force_login(thu)
    told = {"report": "Đề nghị cho điểm", "findings": "Xưởng mới gấp ba"}
    refused = client.post(where, told)
    assert refused.context["form"].errors == {
        "ground": [
            "Hồ sơ đánh giá lại chỉ kiểm tra tại cơ sở khi quy mô sản xuất thay đổi lớn hoặc tài "
            "liệu minh chứng chưa rõ: hãy chọn căn cứ."
        ],
        "visited_on": ["Bạn chưa ghi ngày kiểm tra tại cơ sở."],
    }
    assert "Xưởng mới gấp ba" in refused.content.decode()
    told["ground"] = "scale"
    refused = client.post(where, told)
    assert refused.context["form"].errors == {
        "visited_on": ["Bạn chưa ghi ngày kiểm tra tại cơ sở."]
    }
    assert not entry.appraisals.exists()
    told["visited_on"] = f"{clock.today():%d/%m/%Y}"
    assert client.post(where, told).status_code == 302
    assert entry.appraisals.get().ground == VisitGround.SCALE
    shown = " ".join(
        client.get(reverse("councils:entry", args=[entry.pk])).content.decode().split()
    )
    assert f"{clock.today():%d/%m/%Y}, quy mô sản xuất thay đổi lớn" in shown


@pytest.mark.parametrize("case_type", [CaseType.FIRST, CaseType.REEVALUATION])
def test_no_visit_is_older_than_the_dossiers_year(
    council, cycle, commune, an, thu, client, case_type
):
    before = judging.before_council(cycle, commune, an, case_type=case_type)
    entry = begin(council, cycle, before, thu, open_it=False).entries.get()
    client.force_login(thu if case_type == CaseType.REEVALUATION else judge(council, 6).user)
    where = reverse("councils:appraisal", args=[entry.pk])
    first = entry.dossier.first_day
    told = {"report": "Tốt", "findings": "Sạch", "ground": "scale"}
    for day in (date(1990, 1, 1), first - timedelta(days=1)):
        refused = client.post(where, told | {"visited_on": f"{day:%d/%m/%Y}"})
        assert [*refused.context["form"].errors] == ["visited_on"]
    assert not entry.appraisals.exists()
    assert client.post(where, told | {"visited_on": f"{first:%d/%m/%Y}"}).status_code == 302


def test_a_first_evaluation_is_visited_as_before(council, cycle, commune, an, thu, client):
    before = judging.before_council(cycle, commune, an)
    entry = begin(council, cycle, before, thu, open_it=False).entries.get()
    client.force_login(judge(council, 6).user)
    where = reverse("councils:appraisal", args=[entry.pk])
    assert "ground" not in client.get(where).context["form"].fields
    told = {"report": "Tốt", "findings": "Sạch", "visited_on": f"{clock.today():%d/%m/%Y}"}
    assert client.post(where, told).status_code == 302
    # The office reports on re-evaluations alone.
    client.force_login(thu)
    assert client.get(where).status_code == 403


def test_interests_and_what_was_appraised_go_along(asked, council, thu, client):
    round_ = asked()
    entry = round_.entries.get()
    away = judge(council, 4)
    round_.declare_interest(
        entry, away, kind=InterestKind.DECLARED, reason="Họ hàng", recused=True, by=away.user
    )
    say(entry, [best, worst, best, worst])
    lead = judge(council, 6)
    team = Scoresheet.of(entry, None)
    judging.score(team, choose(entry.rubric, best), by=lead.user)
    team.submit(by=lead.user)
    meeting = call(round_, thu)
    fresh = meeting.entries.get()
    assert [(each.member, each.by) for each in fresh.interests.all()] == [(away, away.user)]
    attended(meeting, thu)
    assert not fresh.sheets.filter(member=None).exists()
    client.force_login(judge(council, 0).user)
    page = client.get(reverse("councils:sheet", args=[fresh.pk]))
    assert page.context["team_points"] == 100


def test_a_complex_product_that_all_agree_on_may_be_met_on_with_a_reason(asked, thu, client):
    round_ = asked(2)
    simple, complex_ = round_.entries.all()
    for entry in (simple, complex_):
        say(entry, [best] * 5)
    assert unmet(round_) == []
    client.force_login(thu)
    where = reverse("councils:convene", args=[round_.pk])
    board = client.get(reverse("councils:round", args=[round_.pk])).content.decode()
    assert f'href="{where}"' in board
    day = clock.today() + timedelta(days=7)
    given = {"meets_at": f"{day:%d/%m/%Y} 14:00", "place": "Phòng họp tầng 2"}
    nothing = client.post(where, given).content.decode()
    assert "Không có sản phẩm nào phải họp hội đồng." in nothing
    given["complex_ones"] = [complex_.pk]
    lacking = client.post(where, given).content.decode()
    assert "Bạn chưa nêu nội dung phức tạp cần họp hội đồng." in lacking
    assert not EvaluationRound.objects.filter(follows=round_).exists()
    given["reason"] = "Hai cơ sở cùng nhãn hiệu"
    assert client.post(where, given).status_code == 302
    meeting = EvaluationRound.objects.get(follows=round_)
    assert [entry.dossier for entry in meeting.entries.all()] == [complex_.dossier]
    assert HistoryEntry.objects.get(event="round.convene").reason == "Hai cơ sở cùng nhãn hiệu"
    assert facts._called(Then(meeting)) == [
        f"Hội đồng họp về Mật ong rừng 2, có nội dung phức tạp ({round_}): Hai cơ sở cùng nhãn hiệu"
    ]
    assert [each.entry for each in judging.close(round_, by=thu).results.all()] == [simple]


def test_the_minutes_say_of_each_product_why_the_council_met(asked, anew, thu):
    round_ = asked(2)
    split, complex_ = round_.entries.all()
    say(split, [best, worst, best, worst, best])
    say(complex_, [best] * 5)
    meeting = closing.convene(
        round_, by=thu, meets_at=clock.now(), place="x", complex_ones=[complex_.pk], reason="Khó"
    )
    assert facts._called(Then(meeting)) == [
        f"Hội đồng họp về Mật ong rừng 1 vì ý kiến bằng phiếu chưa thống nhất ({round_})",
        f"Hội đồng họp về Mật ong rừng 2, có nội dung phức tạp ({round_}): Khó",
    ]
    # What is met on at once.
    dossier, at_once = anew
    at_once.take_in(pairs_of(dossier), by=thu, complexity="Hai cơ sở cùng nhãn hiệu")
    assert facts._called(Then(at_once)) == [
        f"Hội đồng họp ngay về {dossier.product.name} vì nội dung phức tạp: Hai cơ sở cùng nhãn "
        "hiệu"
    ]


def test_papers_of_a_written_round_say_that_nobody_met(asked, council, thu):
    """One left without a sheet, and the secretary was never asked."""
    round_ = asked()
    gone = judge(council, 4)
    with clock.at(clock.now() + timedelta(days=1)):
        council.take_seat(
            gone,
            by=thu,
            until=clock.today(),
            reason="x",
            document=judging.paper("9/QĐ-UBND ngày 01/11/2026"),
        )
    with clock.at(clock.now() + timedelta(days=5)):
        for number in range(4):
            fill(round_.entries.get(), judge(council, number))
        made = judging.close(round_, by=thu)
        said = {kind: facts.of_round(kind, round_, closing=made) for kind in facts.OF_ROUND}
        minutes, report = said["minutes"], said["council_report"]
        asked_, answered = minutes["members"], [each["name"] for each in minutes["answered"]]
        assert (asked_, len(answered), str(gone.user) in answered) == (5, 4, False)
        assert (minutes["present"], minutes["absent"]) == ([], [])
        assert (report["attended"], report["answered"], report["members"]) == (0, 4, 5)
        for kind in ("minutes", "council_report", "invitation", "submission"):
            paper = pypdf.PdfReader(io.BytesIO(pdf(kind, said[kind]))).pages
            text = " ".join(" ".join(page.extract_text() for page in paper).split()).lower()
            of_a_meeting = ("có mặt", "vắng mặt", "chủ trì", "cuộc họp", "họp hội đồng", "tới dự")
            for words in (*of_a_meeting, "tài liệu họp"):
                assert words not in text, (kind, words)
            assert "hội đồng họp" not in text
        # Its results are not written down before they are counted.
        early = SignedDocument(
            number="5/BB-HĐ", signed_on=clock.today() - timedelta(days=3),
            signer="Trần Công Chủ", signer_capacity="Chủ tịch hội đồng",
        )  # fmt: skip
        with pytest.raises(ValidationError) as refused:
            SignedDocument.record(early, round_, "minutes", by=thu)
        assert list(refused.value.message_dict) == ["signed_on"]


def test_the_office_that_reports_on_re_evaluations_is_named_on_its_report(asked, council, thu):
    report = facts.of_round("support_report", asked())
    assert (report["agency"], report["signature"]) == (
        "THƯỜNG TRỰC HỘI ĐỒNG",
        {"lines": ["THƯỜNG TRỰC HỘI ĐỒNG"], "name": "Phạm Thường Trực"},
    )
    assert [each["name"] for each in report["team"]] == [str(thu)]
    assert "Tổ tư vấn" not in str(report)


def test_only_who_runs_the_round_calls_the_council(asked, thu, la, client, council):
    round_ = asked()
    say(round_.entries.get(), [best, worst, best, worst, best])
    with pytest.raises(PermissionDenied):
        call(round_, la)
    with pytest.raises(PermissionDenied):
        call(round_, judge(council, 1).user)
    client.force_login(la)
    assert client.get(reverse("councils:convene", args=[round_.pk])).status_code == 404
    assert not EvaluationRound.objects.filter(follows=round_).exists()


def test_nobody_is_called_to_a_day_that_is_past(asked, thu, client):
    round_ = asked()
    say(round_.entries.get(), [best, worst, best, worst, best])
    client.force_login(thu)
    where = reverse("councils:convene", args=[round_.pk])
    day = clock.today() - timedelta(days=1)
    page = client.post(where, {"meets_at": f"{day:%d/%m/%Y} 14:00", "place": "Tầng 2"})
    assert page.context["form"].errors == {
        "meets_at": ["Chỉ triệu tập họp hôm nay hoặc một ngày sau."]
    }
    assert "Tầng 2" in page.text
    assert not EvaluationRound.objects.filter(follows=round_).exists()


def test_a_round_in_writing_has_no_time_of_meeting(asked, council, cycle, thu, client):
    client.force_login(thu)
    day = f"{clock.today() + timedelta(days=2):%d/%m/%Y} 08:00"
    told = {"council": council.pk, "cycle": cycle.pk, "name": "Đợt 2", "mode": "written"}
    refused = {"meets_at": ["Đợt lấy ý kiến bằng phiếu không họp: hãy để trống ngày giờ họp."]}
    page = client.post(reverse("councils:round_new"), told | {"meets_at": day})
    assert page.context["form"].errors == refused and day in page.text
    assert client.post(reverse("councils:round_new"), told).status_code == 302
    made = EvaluationRound.objects.get(name="Đợt 2")
    page = client.post(reverse("councils:details", args=[made.pk]), told | {"meets_at": day})
    assert page.context["form"].errors == refused
    # One of before the rule has no day for the papers, and says no hour.
    update_as_owner(EvaluationRound.objects.filter(pk=made.pk), meets_at=clock.now())
    made.refresh_from_db()
    assert made.papers_due_on() is None
    page = client.get(reverse("councils:round", args=[made.pk])).text
    assert "<dt>Họp</dt>" not in page and "trước họp" not in page


def test_thu_calls_the_meeting_on_the_page_and_the_members_get_their_letter(
    asked, thu, client, council
):
    round_ = asked()
    say(round_.entries.get(), [best, worst, best, worst, best])
    client.force_login(thu)
    where = reverse("councils:convene", args=[round_.pk])
    board = client.get(reverse("councils:round", args=[round_.pk])).content.decode()
    assert f'href="{where}"' in board
    assert (
        f'href="{where}"'
        in client.get(reverse("councils:close", args=[round_.pk])).content.decode()
    )
    assert "ý kiến bằng phiếu khác nhau" in client.get(where).content.decode()
    wrong = client.post(where, {"meets_at": "mai", "place": "Nhà văn hóa"}).content.decode()
    assert "Hãy ghi ngày và giờ" in wrong and "Nhà văn hóa" in wrong
    assert not EvaluationRound.objects.filter(follows=round_).exists()
    day = clock.today() + timedelta(days=7)
    answer = client.post(where, {"meets_at": f"{day:%d/%m/%Y} 14:00", "place": "Nhà văn hóa"})
    meeting = EvaluationRound.objects.get(follows=round_)
    assert answer.url == reverse("councils:round", args=[meeting.pk])
    assert round_.name in client.get(answer.url).content.decode()
    while dispatch():
        pass
    told = Notification.objects.filter(entry__event="round.invite").select_related(
        "entry", "recipient"
    )
    assert len(told) == 7
    text = letter(Delivery(notification=told[0])).body
    assert "ý kiến bằng phiếu chưa thống nhất" in text
    assert "Nhà văn hóa" in text


def test_a_regulation_may_leave_no_opinions_in_writing(council, cycle, province, thu):
    regulate(province, written_opinions=False)
    written = EvaluationRound(council=council, cycle=cycle, name="Đợt 2", mode=RoundMode.WRITTEN)
    with pytest.raises(ConditionNotMet) as refused:
        EvaluationRound.create(written, by=thu)
    assert "không cho lấy ý kiến bằng phiếu" in refused.value.messages[0]
    met = EvaluationRound.create(
        EvaluationRound(council=council, cycle=cycle, name="Đợt 2"), by=thu
    )
    with pytest.raises(ConditionNotMet):
        met.amend(by=thu, mode=RoundMode.WRITTEN)
    # A round begun before the software asked is still given its place.
    update_as_owner(EvaluationRound.objects.filter(pk=met.pk), mode=RoundMode.WRITTEN)
    met.amend(by=thu, place="Nhà văn hóa")


# --- Straight into a meeting (Đ.7.6.c–d) ------------------------------------------------------


@pytest.fixture
def anew(council, cycle, commune, an, thu):
    """A re-evaluation before the council, and a meeting that has no product yet."""
    [dossier] = judging.before_council(cycle, commune, an, case_type=CaseType.REEVALUATION)
    return dossier, begin(council, cycle, [], thu, open_it=False)


def pairs_of(dossier):
    return [(dossier, judging.rubric_of(dossier))]


def test_a_re_evaluation_is_met_on_at_once_only_when_it_is_complex(anew, thu, client):
    dossier, round_ = anew
    for take in (round_.take_in, lambda *a, **k: closing.take_in(round_, *a, **k)):
        with pytest.raises(ConditionNotMet, match="nêu nội dung phức tạp"):
            take(pairs_of(dossier), by=thu, complexity=" ")
    client.force_login(thu)
    where = reverse("councils:take_in", args=[round_.pk])
    told = {"take": dossier.pk, f"rubric-{dossier.pk}": judging.rubric_of(dossier).pk}
    refused = client.post(where, told)
    assert [*refused.context["form"].errors] == ["complexity"]
    assert not round_.entries.exists()
    told["complexity"] = "Hai cơ sở cùng nhãn hiệu"
    assert client.post(where, told).status_code == 302
    assert round_.entries.get().dossier == dossier
    said = HistoryEntry.objects.filter(event="round.take_in").latest("seq")
    assert said.data["why"] == "Hai cơ sở cùng nhãn hiệu"
    page = client.get(reverse("councils:round", args=[round_.pk])).content.decode()
    assert "«Hai cơ sở cùng nhãn hiệu»" in page


def test_a_written_round_becomes_no_meeting_for_want_of_a_word(asked, thu):
    round_ = asked(open_it=False)
    with pytest.raises(ConditionNotMet, match="lấy ý kiến bằng phiếu trước"):
        round_.amend(by=thu, mode=RoundMode.MEETING)
    round_.refresh_from_db()
    assert round_.in_writing
    entry = round_.entries.get()
    round_.drop(entry, by=thu, reason="Phức tạp")
    round_.amend(by=thu, mode=RoundMode.MEETING)
    # It was here before, but in writing.
    with pytest.raises(ConditionNotMet, match="nêu nội dung phức tạp"):
        round_.take_in([(entry.dossier, entry.rubric)], by=thu)


def test_no_word_is_asked_where_the_council_answers_on_nothing_in_writing(
    anew, province, council, cycle, thu, client, monkeypatch
):
    dossier, round_ = anew
    regulate(province, written_opinions=False)
    met = begin(council, cycle, [], thu, open_it=False)
    client.force_login(thu)
    page = client.get(reverse("councils:take_in", args=[met.pk]))
    assert "complexity" not in page.context["form"].fields
    met.drop(*met.take_in(pairs_of(dossier), by=thu), by=thu, reason="Đợt khác")
    # Nor under an edition of before.
    monkeypatch.setattr(RuleSet, "office_reports", False)
    assert round_.take_in(pairs_of(dossier), by=thu)


def _given_up(meeting, thu):
    meeting.void(by=thu, reason="Bão", document=judging.paper("9/QĐ-UBND ngày 01/11/2026"))


def _given_up_open(meeting, thu):
    meeting.open(by=thu)
    _given_up(meeting, thu)


def _taken_out(meeting, thu):
    meeting.drop(meeting.entries.get(), by=thu, reason="Chờ kiểm nghiệm")


def _taken_out_open(meeting, thu):
    meeting.open(by=thu)
    _taken_out(meeting, thu)


@pytest.mark.parametrize("lost", [_given_up, _given_up_open, _taken_out, _taken_out_open])
@pytest.mark.parametrize("opened", [False, True])
def test_differing_opinions_stay_the_ground_of_the_next_meeting(
    lost, opened, asked, council, cycle, an, thu
):
    round_ = asked()
    split = round_.entries.get()
    say(split, [best, best, best, best, worst])
    lost(call(round_, thu), thu)
    dossier = split.dossier
    if opened:
        # Into a meeting that scores already.
        [other] = judging.before_council(cycle, dossier.commune, an)
        meeting = begin(council, cycle, [other], thu)
        meeting.take_in(pairs_of(dossier), by=thu, reason="Họp trước không thành")
    else:
        meeting = begin(council, cycle, [], thu, open_it=False)
        assert meeting.met_at_once(type(dossier).objects.filter(pk=dossier.pk)) == []
        meeting.take_in(pairs_of(dossier), by=thu)
        meeting.open(by=thu)
    entry = meeting.entries.get(dossier=dossier)
    begun = [(sheet.member, sheet.state, judging.total(sheet)) for sheet in entry.sheets.all()]
    said = [(sheet.member, "draft", judging.total(sheet)) for sheet in split.sheets.all()]
    assert sorted(begun, key=str) == sorted(said, key=str) and len(begun) == 5
    assert [each.report for each in Appraisal.objects.filter(entry__in=entry.said_in())]
    row = next(row for row in Board(meeting).rows() if row["entry"] == entry)
    assert row["appraised"]
    meeting.attend({each.pk: True for each in council.members.all()}, by=thu, reason="Ghi nhầm")
    for sheet in entry.sheets.all():
        judging.score(sheet, choose(entry.rubric, best), by=sheet.member.user)
        sheet.submit(by=sheet.member.user)
    if not opened:
        assert judging.close(meeting, by=thu).results.get().points_sum == 500
        # What a result has ended is no ground any more.
        again = begin(council, cycle, [], thu, open_it=False)
        its = type(dossier).objects.filter(pk=dossier.pk)
        assert again.met_at_once(its) == [dossier]
        assert "chưa có báo cáo" in again._lack_reports(its)[0]
        # To what the meeting had it belongs all the same.
        assert split in entry.said_in()


def _set_up_anew(council, minh):
    """The same people by another decision, one of them replaced."""
    fresh = Council.set_up(
        Council(
            org_unit=council.org_unit, name="Hội đồng OCOP", decision=judging.decided("456/QĐ-UBND", clock.today()),
            valid_from=clock.today(),
        ),
        by=minh,
    )  # fmt: skip
    gone = judge(council, 4)
    for each in council.members.select_related("user"):
        user = each.user if each != gone else person("uy_vien_moi", "Lò Thị Mới")
        fresh.give_seat(Member(user=user, seat=each.seat, since=clock.today()), by=minh)
    return fresh


def _extended(council, minh):
    """The same council: a seat ended and goes on as another, and one has ended for good."""
    today, gone, on = clock.today(), judge(council, 4), judge(council, 3)
    update_as_owner(Member.objects.filter(pk__in=[gone.pk, on.pk]), until=today - timedelta(days=1))
    Member.objects.create(
        council=council,
        decision=council.decision,
        user=on.user,
        seat=on.seat,
        since=today,
        made_by=minh,
    )
    return council


@pytest.mark.parametrize("changed", [_set_up_anew, _extended])
def test_the_ground_is_the_products_whoever_sits_by_now(changed, asked, council, cycle, thu, minh):
    round_ = asked(2)
    split, agreed = round_.entries.all()
    say(split, [best, best, best, best, worst])
    say(agreed, [best] * 5)
    _given_up(call(round_, thu), thu)
    its = type(split.dossier).objects.filter(pk=split.dossier_id)
    later = changed(council, minh)
    meeting = begin(later, cycle, [], thu, open_it=False)
    # No word is asked of it, and the office has reported on it.
    assert meeting.met_at_once(its) == []
    meeting.take_in(pairs_of(split.dossier), by=thu)
    meeting.open(by=thu)
    entry = meeting.entries.get()
    assert split in entry.said_in()
    begun = {sheet.member: judging.total(sheet) for sheet in entry.sheets.all()}
    gave = {sheet.member.user: judging.total(sheet) for sheet in split.sheets.all()}
    del gave[judge(council, 4).user]
    assert {member.user: points for member, points in begun.items()} == gave
    assert set(begun) <= set(meeting.to_score)
    # What all agreed on has none, nor has a dossier in a year to come.
    assert meeting.met_at_once(type(its.get()).objects.filter(pk=agreed.dossier_id))
    update_as_owner(
        type(meeting).objects.filter(pk=round_.pk), cycle=open_cycle(cycle.rule_set, 2027)
    )
    assert split not in RoundEntry.objects.get(pk=entry.pk).said_in()


def test_what_was_complex_stays_so(anew, council, cycle, thu):
    """Taken out of an open meeting, it comes back into it and into another without a word."""
    dossier, round_ = anew
    [entry] = round_.take_in(pairs_of(dossier), by=thu, complexity="Hai cơ sở cùng nhãn hiệu")
    judging.report(round_, by=thu)
    round_.open(by=thu)
    round_.drop(entry, by=thu, reason="Chờ kiểm nghiệm")
    round_.take_in(pairs_of(dossier), by=thu, reason="Có kết quả")
    entry.refresh_from_db()
    round_.drop(entry, by=thu, reason="Chờ kiểm nghiệm")
    other = begin(council, cycle, [], thu, open_it=False)
    other.take_in(pairs_of(dossier), by=thu)
    other.open(by=thu)
    assert other.is_open


def test_an_open_written_round_becomes_no_meeting_for_want_of_a_word(asked, thu):
    round_ = asked()
    with pytest.raises(ConditionNotMet, match="lấy ý kiến bằng phiếu trước"):
        round_.amend(by=thu, mode=RoundMode.MEETING)


def test_what_the_leader_has_evaluated_again_is_met_on_for_that(anew, thu, cycle):
    dossier, round_ = anew
    HistoryEntry.objects.record("dossier.evaluate_again", dossier, by=thu, reason="Trung ương")
    [entry] = round_.take_in(pairs_of(dossier), by=thu)
    # On a new evaluation the office reports anew.
    with pytest.raises(ConditionNotMet, match="báo cáo thẩm định của văn phòng"):
        round_.open(by=thu)
    assert entry.live


@pytest.mark.parametrize("written_opinions", [True, False])
def test_a_meeting_too_opens_on_the_offices_report(
    anew, province, council, cycle, thu, written_opinions
):
    dossier, _round = anew
    regulate(province, written_opinions=written_opinions)
    round_ = begin(council, cycle, [dossier], thu, open_it=False)
    with pytest.raises(ConditionNotMet, match="báo cáo thẩm định của văn phòng"):
        round_.open(by=thu)
    judging.report(round_, by=thu)
    round_.open(by=thu)
    assert round_.is_open


def test_the_support_team_does_not_report_for_the_office(asked, council, thu, client, monkeypatch):
    entry = asked(open_it=False).entries.get()
    lead = judge(council, 6).user
    with pytest.raises(PermissionDenied):
        Appraisal.hand_in(Appraisal(entry=entry, report="Tốt"), [], by=lead)
    client.force_login(lead)
    assert client.get(reverse("councils:appraisal", args=[entry.pk])).status_code == 403
    # Under an edition of before it does.
    monkeypatch.setattr(RuleSet, "office_reports", False)
    assert client.get(reverse("councils:appraisal", args=[entry.pk])).status_code == 200


def test_only_what_is_evaluated_again_is_judged_in_writing(council, cycle, commune, an, thu):
    [first] = judging.before_council(cycle, commune, an)
    written = {"mode": RoundMode.WRITTEN, "meets_at": None}
    round_ = begin(council, cycle, [], thu, open_it=False, **written)
    assert list(round_.awaiting()) == []
    with pytest.raises(ConditionNotMet):
        round_.take_in([(first, judging.rubric_of(first))], by=thu)
    round_.amend(by=thu, mode=RoundMode.MEETING)
    round_.take_in([(first, judging.rubric_of(first))], by=thu)
    with pytest.raises(ConditionNotMet) as refused:
        round_.amend(by=thu, mode=RoundMode.WRITTEN)
    assert "Chỉ hồ sơ đánh giá lại" in refused.value.messages[0]


def test_what_is_decided_in_writing_goes_on_like_any_result(asked, thu):
    round_ = asked()
    entry = round_.entries.get()
    say(entry, [best] * 5)
    judging.close(round_, by=thu)
    run_waiting()
    assert Evaluation.objects.get(dossier=entry.dossier_id).stars == 5


@pytest.mark.parametrize("products", [1, 3])
def test_the_checklist_in_writing_asks_as_much_of_one_product_as_of_three(
    products, asked, django_assert_num_queries
):
    round_ = asked(products)
    for entry in round_.entries.all():
        say(entry, [best, worst, best, worst, best])
    round_ = EvaluationRound.objects.get(pk=round_.pk)
    with django_assert_num_queries(15):
        items = checklist.checklist(round_)
    assert [item.code for item in items if not item.met] == ["meeting"] * products
