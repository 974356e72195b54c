"""The board of a round, from an empty one to its result: what it shows, whom, and what it asks."""

import re
from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from councils.judging import checklist, tally
from councils.models import EvaluationRound, Reading, Resolution, RoundEntry, Scoresheet
from cycle import clock
from cycle.models import HistoryEntry, Job
from cycle.models.job import run_waiting
from dossiers.models import Dossier, State
from tests import judging
from tests.ground import kept
from tests.judging import begin, best, fill, judge, regulate, worst
from tests.pages import shown
from tests.standing import stand
from tests.stored import staged
from tests.world import person

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


@pytest.fixture
@kept
def prepared(council, cycle, commune, an, thu):
    """A round that is not open yet."""
    dossiers = judging.before_council(cycle, commune, an, 2)
    return begin(council, cycle, dossiers, thu, open_it=False)


def page(client, user, name, /, *args, status=200, query=""):
    """The words of a page."""
    client.force_login(user)
    answer = client.get(reverse(f"councils:{name}", args=args) + query)
    assert answer.status_code == status
    return answer.content.decode()


def post(client, user, name, /, *args, **data):
    client.force_login(user)
    return client.post(reverse(f"councils:{name}", args=args), data)


def score_all(round_, wish=best):
    for entry in round_.entries.all():
        for number in range(5):
            fill(entry, judge(round_.council, number), wish)


def score_and_count(round_):
    score_all(round_)
    judging.count(round_)


def widen(round_):
    """One sheet of the first product far below the others."""
    score_all(round_)
    entry = round_.entries.first()
    sheet = Scoresheet.objects.get(entry=entry, member=judge(round_.council, 1))
    sheet.take_back(by=sheet.member.user)
    judging.score(sheet, judging.choose(entry.rubric, worst), by=sheet.member.user)
    sheet.submit(by=sheet.member.user)
    judging.count(round_)
    return entry


# --- Who sees what --------------------------------------------------------------------------


def test_the_board_is_for_who_presides_and_the_agenda_for_who_sits(client, round_, thu, la, minh):
    council = round_.council
    for user in (thu, judge(council, 0).user, judge(council, 5).user):
        assert "Ai đã nộp phiếu" in page(client, user, "round", round_.pk)
    for user in (judge(council, 1).user, judge(council, 6).user, minh):
        text = page(client, user, "round", round_.pk)
        assert "Ai đã nộp phiếu" not in text
        assert "Mật ong rừng 1" in text
    page(client, la, "round", round_.pk, status=404)


PAGES_OF_A_ROUND = [
    ("take_in", "runs"),
    ("details", "runs"),
    ("order", "runs"),
    ("attendance", "runs"),
    ("move_meeting", "runs"),
    ("round_invite", "runs"),
    ("round_open", "presides"),
    ("close", "presides"),
    ("reopen", "presides"),
    ("round_void", "presides"),
]
PAGES_OF_A_PRODUCT = [
    ("drop", "presides"),
    ("score_again", "presides"),
    ("accept_spread", "presides"),
    ("resolutions", "presides"),
    ("ask", "runs"),
]


@pytest.mark.parametrize(("name", "who"), PAGES_OF_A_ROUND + PAGES_OF_A_PRODUCT)
def test_who_opens_a_page_of_the_board(client, round_, thu, la, minh, name, who):
    council = round_.council
    product = (name, who) in PAGES_OF_A_PRODUCT
    pk = round_.entries.first().pk if product else round_.pk
    # Of a round that is open, and of a product that was not counted, these lead on
    # (test_round_ways).
    leads_on = ("round_invite", "round_open", "reopen", "score_again", "accept_spread")
    may = 302 if name in leads_on else 200
    page(client, thu, name, pk, status=may)
    page(client, judge(council, 5).user, name, pk, status=may)
    page(client, judge(council, 0).user, name, pk, status=may if who == "presides" else 403)
    page(client, judge(council, 1).user, name, pk, status=403)
    page(client, minh, name, pk, status=403)
    page(client, la, name, pk, status=404)
    before = HistoryEntry.objects.count()
    assert post(client, minh, name, pk, reason="Thử").status_code == 403
    assert post(client, la, name, pk, reason="Thử").status_code == 404
    assert HistoryEntry.objects.count() == before


def test_who_is_not_signed_in_is_asked_to(client, round_):
    for name in ("rounds", "councils", "regulations", "opinions", "round_new", "council_new"):
        assert client.get(reverse(f"councils:{name}")).status_code == 302
    assert client.get(reverse("councils:round", args=[round_.pk])).status_code == 302


# --- The list -------------------------------------------------------------------------------


def test_the_list_opens_where_something_goes_on(client, round_, thu, la):
    text = page(client, thu, "rounds")
    assert round_.name in text
    assert "2 sản phẩm" in text
    assert round_.name not in page(client, thu, "rounds", query="?tab=closed")
    assert "Không có đợt nào" in page(client, la, "rounds")


@pytest.mark.parametrize("rows", (1, 3))
def test_query_count_of_the_list(client, council, cycle, thu, rows, django_assert_num_queries):
    for number in range(rows):
        EvaluationRound.create(
            EvaluationRound(council=council, cycle=cycle, name=f"Đợt {number}"), by=thu
        )
    client.force_login(thu)
    with django_assert_num_queries(9):
        client.get("/rounds/")


@pytest.mark.parametrize("rows", (1, 3))
def test_query_count_of_the_board(
    client, council, cycle, commune, an, thu, rows, django_assert_num_queries
):
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an, rows), thu)
    score_all(round_)
    client.force_login(thu)
    # Four of them ask, twice with the moment, whether this person counts the sheets.
    with django_assert_num_queries(54):
        client.get(f"/rounds/{round_.pk}/")


@pytest.mark.parametrize("rows", (1, 3))
def test_query_count_of_the_agenda(
    client, council, cycle, commune, an, thu, rows, django_assert_num_queries
):
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an, rows), thu)
    client.force_login(judge(council, 1).user)
    with django_assert_num_queries(20):
        client.get(f"/rounds/{round_.pk}/")


# --- Preparing ------------------------------------------------------------------------------


def test_thu_begins_a_round(client, council, cycle, thu, minh):
    answer = post(
        client,
        thu,
        "round_new",
        council=council.pk,
        cycle=cycle.pk,
        name="Đợt 1 năm 2026",
        mode="meeting",
        meets_at="20/12/2026 14:00",
        place="Phòng họp",
    )
    made = EvaluationRound.objects.get()
    assert answer.url == f"/rounds/{made.pk}/"
    assert timezone.localtime(made.meets_at).hour == 14
    assert post(client, minh, "round_new", name="Thử").status_code == 403


def test_what_is_wrong_is_said_at_the_field(client, council, cycle, thu):
    answer = post(
        client, thu, "round_new", council="x", cycle=cycle.pk, mode="y", meets_at="mai", place="P"
    )
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Lựa chọn này không có trong danh sách." in text
    assert "Bạn chưa nhập: Tên đợt." in text
    assert "Hãy ghi ngày và giờ, ví dụ 17/11/2026 14:00." in text


def test_without_a_regulation_no_round_begins(client, province, cycle, thu):
    council = judging.seat(province, thu)
    answer = post(
        client, thu, "round_new", council=council.pk, cycle=cycle.pk, name="Đợt", mode="meeting"
    )
    assert "Đơn vị chưa có quy chế hội đồng: hãy nhập quy chế." in answer.content.decode()


def test_many_products_come_in_at_once_each_with_its_product_set(
    client, council, cycle, commune, an, thu
):
    dossiers = judging.before_council(cycle, commune, an, 3)
    rubric = judging.rubric_of(dossiers[0])
    round_ = EvaluationRound.create(
        EvaluationRound(council=council, cycle=cycle, name="Đợt"), by=thu
    )
    assert "Mật ong rừng 3" in page(client, thu, "take_in", round_.pk)
    taken = [dossier.pk for dossier in dossiers[:2]]
    rubrics = {f"rubric-{pk}": rubric.pk for pk in taken}
    answer = post(client, thu, "take_in", round_.pk, take=taken, **rubrics)
    assert answer.url == f"/rounds/{round_.pk}/"
    assert [entry.dossier_id for entry in round_.entries.all()] == taken
    assert "Mật ong rừng 1" not in page(client, thu, "take_in", round_.pk)


def test_a_product_set_of_another_group_is_refused_in_words(
    client, council, cycle, commune, an, thu, cycle_of_three
):
    dossier = judging.before_council(cycle, commune, an)[0]
    judging.rubric_of(dossier)
    round_ = EvaluationRound.create(
        EvaluationRound(council=council, cycle=cycle, name="Đợt"), by=thu
    )
    for wrong in ("", "x", "999999", "²", "9" * 40):
        data = {f"rubric-{dossier.pk}": wrong}
        answer = post(client, thu, "take_in", round_.pk, take=[dossier.pk], **data)
        assert "bạn chưa chọn bộ sản phẩm" in answer.content.decode()
    assert "Bạn chưa chọn sản phẩm nào." in post(client, thu, "take_in", round_.pk).content.decode()
    assert round_.entries.count() == 0


def test_an_incomplete_council_takes_nothing_in_and_the_page_says_why(
    client, council, cycle, commune, an, thu
):
    dossier = judging.before_council(cycle, commune, an)[0]
    rubric = judging.rubric_of(dossier)
    chair = judge(council, 0)
    with clock.at(clock.now() - timezone.timedelta(days=2)):
        council.take_seat(
            chair,
            by=thu,
            until=clock.today(),
            reason="Nghỉ hưu",
            document=judging.paper("9/QĐ-UBND"),
        )
    round_ = EvaluationRound.create(
        EvaluationRound(council=council, cycle=cycle, name="Đợt"), by=thu
    )
    assert "Hội đồng chưa có chủ tịch." in page(client, thu, "take_in", round_.pk)
    data = {f"rubric-{dossier.pk}": rubric.pk}
    answer = post(client, thu, "take_in", round_.pk, take=[dossier.pk], **data)
    assert "Hội đồng chưa có chủ tịch." in answer.content.decode()
    assert round_.entries.count() == 0


def test_a_product_taken_out_may_come_back(client, prepared, thu):
    entry = prepared.entries.first()
    assert "Bạn chưa nhập: Lý do." in post(client, thu, "drop", entry.pk).content.decode()
    post(client, thu, "drop", entry.pk, reason="Thiếu mẫu")
    assert not RoundEntry.objects.get(pk=entry.pk).live
    assert "không còn trong đợt" in page(client, thu, "entry", entry.pk)
    data = {f"rubric-{entry.dossier_id}": entry.rubric_id}
    post(client, thu, "take_in", prepared.pk, take=[entry.dossier_id], **data)
    entry.refresh_from_db()
    assert (entry.live, entry.position) == (True, 3)


def test_a_product_that_another_round_took_meanwhile(council, cycle, thu, prepared, monkeypatch):
    from dossiers.models import ConditionNotMet

    other = EvaluationRound.create(
        EvaluationRound(council=council, cycle=cycle, name="Đợt 2"), by=thu
    )
    entry = prepared.entries.first()
    monkeypatch.setattr(EvaluationRound, "awaiting", lambda self: Dossier.objects.all())
    with pytest.raises(ConditionNotMet) as refused:
        other.take_in([(entry.dossier, entry.rubric)], by=thu)
    assert "vừa được đưa vào đợt khác" in str(refused.value.messages[0])


def test_the_agenda_is_put_in_order(client, prepared, thu):
    first, second = prepared.entries.order_by("position")
    post(client, thu, "order", prepared.pk, **{f"at-{first.pk}": 2, f"at-{second.pk}": 1})
    assert list(prepared.entries.order_by("position")) == [second, first]
    answer = post(client, thu, "order", prepared.pk, **{f"at-{first.pk}": "x"})
    assert "Hãy ghi một số nguyên, ví dụ 12." in answer.content.decode()


def test_documents_go_out_so_many_working_days_before(client, prepared, thu):
    meets_at = timezone.make_aware(datetime(2026, 11, 16, 8))
    with clock.at(timezone.make_aware(datetime(2026, 11, 12, 9))):
        prepared.amend(by=thu, meets_at=meets_at)
        text = page(client, thu, "round", prepared.pk)
        assert "hạn 12/11/2026 (trước họp 2 ngày làm việc)" in text
        assert "đã quá hạn gửi" not in text
    with clock.at(timezone.make_aware(datetime(2026, 11, 13, 9))):
        assert "đã quá hạn gửi" in page(client, thu, "round", prepared.pk)
        post(client, thu, "round_invite", prepared.pk)
        assert "gửi muộn" in page(client, thu, "round", prepared.pk)


def test_without_a_time_and_a_place_nobody_is_invited(client, prepared, thu):
    prepared.amend(by=thu, meets_at=None, place="")
    text = post(client, thu, "round_invite", prepared.pk).content.decode()
    assert "Bạn chưa ghi thời gian và địa điểm họp." in text


def test_opening_the_papers_is_remembered_once_they_are_sent(client, prepared, thu):
    member = judge(prepared.council, 1)
    page(client, member.user, "round", prepared.pk)
    assert not Reading.objects.exists()
    post(client, thu, "round_invite", prepared.pk)
    page(client, member.user, "round", prepared.pk)
    first = Reading.objects.get().at
    page(client, member.user, "round", prepared.pk)
    assert Reading.objects.get().at == first
    text = page(client, thu, "round", prepared.pk)
    assert "đã mở" in text
    assert "chưa mở tài liệu" in text


def test_who_came_is_recorded(client, round_, thu):
    absent = judge(round_.council, 4)
    came = [judge(round_.council, number).pk for number in range(4)]
    post(client, thu, "attendance", round_.pk, present=came, reason="Báo ốm")
    assert "vắng họp" in page(client, thu, "round", round_.pk)
    assert round_.attendances.get(member=absent).present is False
    answer = post(client, thu, "attendance", round_.pk, present=["0", "x"])
    assert "Lựa chọn này không có trong danh sách." in answer.content.decode()


def test_once_open_its_form_and_its_products_stay(client, prepared, thu):
    assert 'name="mode"' in page(client, thu, "details", prepared.pk)
    assert post(client, thu, "round_open", prepared.pk).status_code == 302
    assert 'name="mode"' not in page(client, thu, "details", prepared.pk)
    again = post(client, thu, "round_open", prepared.pk).content.decode()
    assert "Đợt đang chấm điểm." in again


# --- Judging --------------------------------------------------------------------------------


def test_the_board_says_who_has_handed_in_never_what(client, round_, thu):
    entry = round_.entries.first()
    sheet = fill(entry, judge(round_.council, 0))
    fill(entry, judge(round_.council, 1), worst, submit=False)
    text = page(client, thu, "round", round_.pk)
    assert text.count("đã nộp</span>") == 1
    assert text.count("đang chấm</span>") == 1
    assert "1/5" in text
    assert str(judging.total(sheet)) not in text
    assert "100" not in re.sub(r"<[^>]*>", " ", text)


def test_the_history_names_the_product_and_whose_sheet(client, round_, thu):
    first, second = round_.entries.all()
    member, other = judge(round_.council, 1), judge(round_.council, 2)
    fill(first, member)
    fill(second, member).take_back(by=member.user)
    Scoresheet.type_in(second, other, by=thu).hand_back(by=thu, reason="Nhập nhầm người")
    text = shown(page(client, thu, "round", round_.pk))
    assert "Lê Thị Một nộp phiếu chấm điểm (Mật ong rừng 1)" in text
    assert "Lê Thị Một lấy lại phiếu chấm điểm (Mật ong rừng 2)" in text
    assert (
        "bỏ nhập từ giấy, trả lại phiếu cho thành viên (Vàng Văn Hai, Mật ong rừng 2): "
        "Nhập nhầm người" in text
    )


def test_a_wide_spread_is_told_once_the_sheets_are_counted_and_without_names(client, round_, thu):
    entry = round_.entries.first()
    for number, wish in enumerate((best, worst, best, best)):
        fill(entry, judge(round_.council, number), wish)
    # From some of the sheets alone one could guess at another's.
    assert "chênh lệch quá" not in page(client, thu, "round", round_.pk)
    assert "chênh lệch quá" not in page(client, thu, "close", round_.pk)
    fill(entry, judge(round_.council, 4))
    assert "chênh lệch quá" not in page(client, thu, "round", round_.pk)
    assert "chờ thư ký kiểm phiếu" in page(client, thu, "close", round_.pk)
    judging.count(round_, entry)
    text = page(client, thu, "round", round_.pk)
    assert "Mật ong rừng 1: điểm các phiếu chênh lệch quá 10" in text
    assert "Cho chấm lại" in page(client, thu, "entry", entry.pk)


def test_scored_again_then_kept_with_a_reason(client, round_, thu):
    entry = widen(round_)
    assert post(client, thu, "score_again", entry.pk, reason="Chênh lệch").status_code == 302
    for sheet in entry.sheets.filter(scoring=2):
        sheet.submit(by=sheet.member.user)
    early = post(client, thu, "accept_spread", entry.pk, reason="Đã thảo luận").content.decode()
    assert "Sản phẩm chưa kiểm phiếu." in early
    judging.count(round_, entry)
    assert "Cho chấm lại" not in page(client, thu, "entry", entry.pk)
    again = post(client, thu, "score_again", entry.pk, reason="Nữa").content.decode()
    assert "Quy chế cho chấm tối đa 2 lần." in again
    assert post(client, thu, "accept_spread", entry.pk, reason="Đã thảo luận").status_code == 302
    assert "Đã thảo luận" in page(client, thu, "entry", entry.pk)
    assert "chênh lệch" not in page(client, thu, "close", round_.pk)


def test_the_council_resolves_a_minimum_and_an_elimination(client, round_, thu):
    entry = round_.entries.first()
    marked = entry.rubric.criteria.filter(options__minimum_for=4).first()
    out = entry.rubric.eliminations.first()
    minimum, elimination = f"c{marked.pk}-4", f"e{out.pk}"
    url = f"/entries/{entry.pk}/resolutions/"
    # One is wrong: none is recorded, and nothing typed is lost.
    data = {f"{minimum}-reason": "Chưa có kế hoạch", f"{elimination}-holds": "yes"}
    wrong = post(client, thu, "resolutions", entry.pk, **data).content.decode()
    assert "Bạn chưa chọn: Kết luận." in wrong and "Chưa có kế hoạch" in wrong
    assert "Bạn chưa nêu lý do, ở đây hoặc ở ô lý do chung." in wrong
    assert not entry.resolutions.exists()
    data |= {f"{minimum}-holds": "no", "common": "Hội đồng thống nhất"}
    # Votes of more than sit there, of none, only against, or by which it was not carried.
    for agree, against, said in (
        ("9", "1", "từ 1 đến 6"), ("0", "", "từ 1 đến 6"), ("", "2", "chưa ghi số phiếu tán"),
        ("0", "6", "6 phiếu không tán thành, 0 phiếu tán thành"),
        ("2", "3", "không thông qua kết luận này"),
    ):  # fmt: skip
        cast = {f"{minimum}-agree": agree, f"{minimum}-against": against}
        assert said in post(client, thu, "resolutions", entry.pk, **data | cast).text
        assert not entry.resolutions.exists()
    data |= {f"{minimum}-agree": "5", f"{minimum}-against": "1"}
    assert post(client, thu, "resolutions", entry.pk, **data).url == url
    again = page(client, thu, "resolutions", entry.pk)
    assert f'name="{minimum}-agree" value="5"' in again
    assert Resolution.votes_on(entry)[entry.resolutions.get(elimination=None).about] == [5, 1]
    board = page(client, thu, "round", round_.pk)
    assert "biểu quyết 5 tán thành, 1 không tán thành" in board
    kept = entry.resolutions.get(elimination=None)
    assert (kept.criterion, kept.stars, kept.holds) == (marked, 4, False)
    assert kept.reason == "Chưa có kế hoạch"
    kept = entry.resolutions.get(elimination=out)
    assert (kept.holds, kept.reason) == (True, "Hội đồng thống nhất")
    assert "Chưa có kế hoạch" in page(client, thu, "entry", entry.pk)
    for unknown in ({}, {"e0-holds": "yes"}, {"c1-9-holds": "no"}, {"x": "x"}):
        answer = post(client, thu, "resolutions", entry.pk, **unknown)
        assert answer.status_code == 200
    assert entry.resolutions.count() == 2
    # Who is left out of a product has no vote on it.
    round_.declare_interest(
        entry, judge(round_.council, 2), kind="declared", reason="Em ruột", recused=True, by=thu
    )
    data |= {f"{minimum}-reason": "Chưa có kế hoạch nào", f"{minimum}-correction": "Gõ nhầm"}
    assert "từ 1 đến 5" in post(client, thu, "resolutions", entry.pk, **data).text


@pytest.mark.parametrize("first", ["no", None])
def test_an_older_page_of_resolutions_undoes_nothing_and_is_held_up_by_nothing(
    client, round_, thu, first
):
    entry = round_.entries.first()
    one, other = entry.rubric.criteria.filter(options__minimum_for__gt=0).distinct()[:2]
    (mark,) = one.options.filter(minimum_for__gt=0).values_list("minimum_for", flat=True)[:1]
    (later,) = other.options.filter(minimum_for__gt=0).values_list("minimum_for", flat=True)[:1]
    kept, touched = f"c{one.pk}-{mark}", f"c{other.pk}-{later}"

    def answers(about, holds, reason):
        return {f"{about}-holds": holds, f"{about}-reason": reason}

    why = {f"{kept}-correction": "Đếm lại"}
    if first:
        post(client, thu, "resolutions", entry.pk, **answers(kept, first, "Lần đầu"))
    was = answers(kept, first or "", "Lần đầu" if first else "")
    older = was | {f"was-{name}": value for name, value in was.items()}
    older |= {f"was-{name}": "" for name in answers(touched, "", "")}
    client_of_another = Client()
    post(client_of_another, thu, "resolutions", entry.pk, **answers(kept, "yes", "Sửa lại"), **why)
    # The older page changes the other one alone.
    done = post(client, thu, "resolutions", entry.pk, **older, **answers(touched, "no", "Thiếu"))
    assert done.status_code == 302
    found = {each.criterion_id: (each.holds, each.reason) for each in entry.resolutions.all()}
    assert found == {one.pk: (True, "Sửa lại"), other.pk: (False, "Thiếu")}
    # What both changed is asked of the second, at its field.
    asked = post(
        client, thu, "resolutions", entry.pk, **older | why | answers(kept, "no", "Ý kiến khác")
    )
    assert asked.status_code == 200
    assert "người khác vừa đổi ô này" in asked.content.decode()
    assert entry.resolutions.get(criterion=one).reason == "Sửa lại"


#: Two minimums of one criterion, the lower and the higher, resolved before and now -> whether they
#: may stand together.
RESOLVED = {
    "the lower missed, the higher reached": ((), ("no", "yes"), False),
    "the lower missed before, the higher reached now": (("no",), ("no", "yes"), False),
    "the lower reached, the higher missed": ((), ("yes", "no"), True),
    "both reached before, both missed now": (("yes", "yes"), ("no", "no"), True),
    "both missed before, both reached now": (("no", "no"), ("yes", "yes"), True),
}


@pytest.mark.parametrize("case", RESOLVED)
def test_what_is_resolved_of_one_criterion_does_not_contradict_itself(case, client, round_, thu):
    before, now, agrees = RESOLVED[case]
    entry = round_.entries.first()
    marks = {}
    for criterion, stars in entry.rubric.criteria.filter(options__minimum_for__gt=0).values_list(
        "pk", "options__minimum_for"
    ):
        marks.setdefault(criterion, set()).add(stars)
    criterion, stars = next((key, sorted(its)) for key, its in marks.items() if len(its) > 1)

    def said(answers):
        each = {f"c{criterion}-{n}-holds": word for n, word in zip(stars, answers, strict=False)}
        return post(client, thu, "resolutions", entry.pk, common="Thống nhất", **each)

    if before:
        assert said(before).status_code == 302
    answer = said(now)
    assert (answer.status_code == 302) == agrees
    kept = tuple("yes" if each.holds else "no" for each in entry.resolutions.order_by("stars"))
    assert kept == (now if agrees else before)
    if not agrees:
        assert "Hai kết luận trái nhau" in answer.content.decode()


def test_a_tie_is_marked_once_the_sheets_are_counted(
    client, council, cycle, commune, an, thu, province
):
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an), thu)
    entry = round_.entries.get()
    round_.attend(
        {judge(council, number).pk: number < 4 for number in range(5)}, by=thu, reason="Ghi nhầm"
    )
    for number, wish in enumerate((best, worst, best)):
        fill(entry, judge(council, number), wish)
    assert "cần kết luận</span>" not in page(client, thu, "resolutions", entry.pk)
    fill(entry, judge(council, 3), worst)
    assert "cần kết luận</span>" not in page(client, thu, "resolutions", entry.pk)
    judging.count(round_, entry)
    tied = page(client, thu, "resolutions", entry.pk).count("cần kết luận</span>")
    its = tally.tally(round_)[entry.pk]
    # Only those up to the stars that the points give: the closing waits for no other.
    assert tied == len(checklist.unresolved(round_, its)) > 0


# --- Closing --------------------------------------------------------------------------------


def test_the_closing_page_lists_what_is_not_met_and_where_to_go(client, round_, thu):
    text = page(client, thu, "close", round_.pk)
    assert "Mật ong rừng 1: chưa nộp phiếu" in text
    assert "<button" not in text.split("<main")[1]
    refused = post(client, thu, "close", round_.pk).content.decode()
    assert "chưa nộp phiếu" in refused
    assert not round_.closings.exists()


def test_who_gave_a_sheet_of_paper_is_not_said_to_lack_one(client, round_, thu):
    entry, member = round_.entries.order_by("pk").first(), judge(round_.council, 0)

    def silent():
        said = f"{entry.dossier.product.name}: chưa nộp phiếu: "
        return page(client, thu, "close", round_.pk).split(said)[1].split("</li>")[0]

    assert str(member.user) in silent()
    scan = (staged(b"%PDF-1.4 phieu obj %%EOF").sha256, "phieu.pdf")
    sheet = Scoresheet.type_in(entry, member, by=thu, scan=scan)
    judging.score(sheet, judging.choose(entry.rubric, best), by=thu)
    sheet.submit(by=thu)
    assert str(member.user) not in silent()
    assert f"phiếu giấy của {member} chờ xác nhận" in page(client, thu, "close", round_.pk)


def test_it_closes_and_what_follows_is_shown(client, round_, thu, minh, la):
    score_and_count(round_)
    text = page(client, thu, "close", round_.pk)
    assert "2 sản phẩm có hạng sao" in text
    assert post(client, thu, "close", round_.pk).url == f"/rounds/{round_.pk}/results/"
    waiting = page(client, thu, "results", round_.pk)
    assert 'hx-trigger="every 2s"' in waiting
    run_waiting()
    for user in (thu, minh, judge(round_.council, 1).user):
        done = page(client, user, "results", round_.pk)
        assert done.count("đã chuyển bước</span>") == 2
        assert "5 sao" in done
        assert "5 sao 100 5 phiếu" in shown(done)
        assert "Theo điểm bình quân của 5 phiếu." in done
        assert "hx-trigger" not in done.split("<main")[1]
    page(client, la, "results", round_.pk, status=404)
    # The second of two who press is shown what the first one closed.
    assert post(client, thu, "close", round_.pk).url == f"/rounds/{round_.pk}/results/"
    assert round_.closings.count() == 1


def test_before_the_closing_there_is_no_result(client, round_, thu):
    score_all(round_)
    client.force_login(thu)
    answer = client.get(f"/rounds/{round_.pk}/results/", follow=True)
    assert "Đợt này chưa chốt kết quả." in answer.content.decode()
    assert "sao 100 " not in shown(answer.content.decode())


def test_what_did_not_follow_says_why_and_may_be_tried_again(client, round_, thu, minh):
    score_and_count(round_)
    post(client, thu, "close", round_.pk)
    # By no door: the doors hold a product until its result has followed.
    stand(round_.entries.first().dossier, State.WITHDRAWN)
    run_waiting()
    text = page(client, thu, "results", round_.pk)
    assert "Hồ sơ không còn chờ kết quả của hội đồng này." in text
    assert "1 hồ sơ chưa chuyển bước được" in text
    assert "Thi hành lại" in text
    assert "Thi hành lại" not in page(client, minh, "results", round_.pk)
    assert post(client, minh, "follow", round_.pk).status_code == 403
    assert post(client, thu, "follow", round_.pk).status_code == 302
    assert Job.objects.filter(kind="councils.apply").count() == 2


@pytest.mark.parametrize("rows", (1, 3))
def test_query_count_of_the_results(
    client, council, cycle, commune, an, thu, rows, django_assert_num_queries
):
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an, rows), thu)
    score_all(round_)
    judging.close(round_, by=thu)
    run_waiting()
    client.force_login(thu)
    with django_assert_num_queries(13):
        client.get(f"/rounds/{round_.pk}/results/")


def test_a_closed_round_opens_again_and_its_version_stays_readable(client, round_, thu):
    score_and_count(round_)
    post(client, thu, "close", round_.pk)
    run_waiting()
    wrong = post(client, thu, "reopen", round_.pk).content.decode()
    assert "Bạn chưa nhập: Lý do." in wrong
    assert "Bạn chưa nhập: Số và ký hiệu." in wrong
    post(client, thu, "reopen", round_.pk, reason="Khiếu nại", **judging.typed("15/VB-UBND"))
    round_.refresh_from_db()
    assert round_.state == "open"
    old = page(client, thu, "results", round_.pk)
    assert "15/VB-UBND" in old
    assert "Khiếu nại" in old
    judging.count(round_)
    post(client, thu, "close", round_.pk)
    assert "Lần chốt 2" in page(client, thu, "results", round_.pk)
    assert "15/VB-UBND" in page(client, thu, "results", round_.pk, query="?version=1")
    page(client, thu, "results", round_.pk, status=404, query="?version=7")
    run_waiting()
    assert {dossier.state for dossier in Dossier.objects.all()} == {State.RANKED}


def test_nothing_of_a_closed_round_changes(client, round_, thu):
    score_and_count(round_)
    post(client, thu, "close", round_.pk)
    entry = round_.entries.first()
    for name, pk, data in (
        ("details", round_.pk, {"name": "Khác"}),
        ("attendance", round_.pk, {}),
        ("round_invite", round_.pk, {}),
        ("score_again", entry.pk, {"reason": "Muộn"}),
        ("accept_spread", entry.pk, {"reason": "Muộn"}),
    ):
        text = post(client, thu, name, pk, **data).content.decode()
        assert "Đợt đã chốt kết quả lúc" in text or "Đợt đã chốt kết quả." in text, name


def test_the_page_of_a_job_names_it(client, round_, thu):
    score_and_count(round_)
    post(client, thu, "close", round_.pk)
    client.force_login(thu)
    assert "Thi hành kết quả đợt đánh giá" in client.get("/jobs/").content.decode()


def test_somebody_who_sits_nowhere_sees_an_empty_list(client, province, db):
    assert "Không có đợt nào" in page(client, person("khach", "Khách"), "rounds")
