"""A member fills in a score sheet: page, each touch, handing in, late words; pen sheets."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse

from councils.judging import closing, consequences
from councils.judging.standing import standing
from councils.models import (
    EvaluationRound,
    Interest,
    Regulation,
    Scoresheet,
    SheetState,
)
from cycle import clock, rubrics
from cycle.models import HistoryEntry, Role, RoleAssignment, Rubric
from dossiers.models import ConditionNotMet, Evidence, SelfAssessment
from tests import judging
from tests.ground import kept
from tests.judging import begin, best, choose, fill, judge, regulate, worst
from tests.left_open import left_open
from tests.owning import update_as_owner
from tests.pages import shown
from tests.stored import office, staged

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\nphieu obj %%EOF"


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
@kept
def council(province, thu):
    regulate(province)
    return judging.seat(province, thu)


@pytest.fixture
@kept
def round_(council, cycle, commune, an, thu):
    return begin(council, cycle, judging.before_council(cycle, commune, an, 1), thu)


@pytest.fixture
@kept
def entry(round_):
    return round_.entries.get()


@pytest.fixture
@kept
def member(council):
    return judge(council, 1)


def at(user):
    client = Client()
    client.force_login(user)
    return client


def url(entry, name="sheet", *args):
    return reverse(f"councils:{name}", args=[entry.pk, *args])


def touch(user, entry, **fields):
    """What the script sends at one touch."""
    sent = {"act": "save", "scoring": entry.scoring} | fields
    return at(user).post(url(entry), sent, headers={"HX-Request": "true"})


def whole(entry, wish=best):
    """All choices, as the form without a script sends them."""
    return {f"c{option.criterion_id}": option.pk for option in choose(entry.rubric, wish)}


def of(entry, member):
    return Scoresheet.objects.get(entry=entry, member=member, scoring=entry.scoring)


def criterion(entry, code):
    return entry.rubric.criteria.get(code=code)


def option(entry, code, points):
    return entry.rubric.criteria.get(code=code).options.get(points=points)


# --- My sheets ------------------------------------------------------------------------------


@pytest.mark.parametrize("number", (1, 3))
def test_my_sheets_query_count(council, cycle, commune, an, thu, number, django_assert_num_queries):
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an, number), thu)
    client = at(judge(council, 1).user)
    with django_assert_num_queries(10):
        page = client.get(reverse("councils:my_sheets", args=[round_.pk]))
    assert page.text.count('class="go"') == number


def test_my_sheets_say_how_far_each_has_come(council, cycle, commune, an, thu):
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an, 5), thu)
    one, two, three, four, _five = round_.entries.order_by("position")
    member = judge(council, 1)
    sheet = Scoresheet.of(one, member)
    for chosen in choose(one.rubric, best)[:12]:
        sheet.put(chosen, by=member.user)
    fill(two, member)
    round_.declare_interest(
        three, member, kind="declared", reason="Là chị em ruột", recused=True, by=member.user
    )
    Scoresheet.type_in(four, member, by=thu)
    page = at(member.user).get(reverse("councils:my_sheets", args=[round_.pk])).text
    for words in (
        f"đang chấm 12/{one.rubric.criteria.count()}",
        "đã nộp",
        "từ chối chấm",
        "đang nhập từ phiếu giấy",
        "chưa chấm",
    ):
        assert words in page


# --- Who opens what -------------------------------------------------------------------------


def test_only_those_who_score_have_a_sheet(entry, council, cast):
    for user in (*cast.values(), judge(council, 5).user, judge(council, 6).user):
        assert at(user).get(url(entry)).status_code == 404, user
        assert at(user).post(url(entry), {"act": "submit"}).status_code == 404, user
    for number in range(5):
        assert at(judge(council, number).user).get(url(entry)).status_code == 200


def test_the_support_team_has_a_sheet_of_its_own(entry, council, member):
    lead = judge(council, 6).user
    assert at(member.user).get(url(entry, "team_sheet")).status_code == 404
    assert at(lead).get(url(entry, "team_sheet")).status_code == 200
    at(lead).post(url(entry, "team_sheet"), {"act": "submit"} | whole(entry))
    assert of(entry, None).state == SheetState.SUBMITTED
    # Proposed points reach the members, where the regulation lets them.
    assert "Tổ tư vấn đề xuất" in at(member.user).get(url(entry)).text


def test_the_regulation_hides_what_was_said_before(province, council, cycle, commune, an, thu):
    Regulation.objects.create(
        org_unit=province,
        basis=judging.recorded(judging.decided("13/QĐ-HĐ", clock.today()), province),
        valid_from=clock.today(),
        show_self_score=False,
        show_team_score=False,
    )
    entry = begin(council, cycle, judging.before_council(cycle, commune, an, 1), thu).entries.get()
    said = {"general": "Chung", "points_a": 31, "points_b": 17, "points_c": 19}
    said |= {"rubric": entry.rubric, "scores": {"1.1": "3"}}
    SelfAssessment.objects.create(dossier=entry.dossier, at=clock.now(), recorded_by=an, **said)
    team = fill(entry, judge(council, 0), submit=False)
    assert team
    lead = judge(council, 6).user
    at(lead).post(url(entry, "team_sheet"), {"act": "submit"} | whole(entry))
    page = at(judge(council, 1).user).get(url(entry)).text
    assert "Chủ thể tự chấm" not in page and "Tổ tư vấn đề xuất" not in page


def test_what_the_producer_claims_stands_at_its_criterion(entry, member, an):
    said = {"general": "Chung", "points_a": 31, "points_b": 17, "points_c": 19}
    said |= {"rubric": entry.rubric, "scores": {"1.1": "3", "1.2": "0"}}
    said |= {"dossier": entry.dossier, "recorded_by": an, "at": clock.now()}
    SelfAssessment.objects.create(**said)
    # Nobody scores by what the producer thinks of itself, unless the regulation shows it.
    assert "Chủ thể tự chấm" not in at(member.user).get(url(entry)).text
    update_as_owner(
        EvaluationRound.objects.all(),
        regulation=regulate(entry.round.council.org_unit, show_self_score=True),
    )
    page = at(member.user).get(url(entry)).text
    assert page.count("Chủ thể tự chấm 3 điểm.") == page.count("Chủ thể tự chấm 0 điểm.") == 1
    # The same code of another rubric asks something else.
    other = Rubric.objects.create(
        rule_set=entry.rubric.rule_set,
        number=99,
        name="Bộ khác",
        group=entry.rubric.group,
        sections=[],
        content_hash="f" * 64,
    )
    SelfAssessment.objects.create(**said | {"rubric": other})
    assert "Chủ thể tự chấm 3 điểm." not in at(member.user).get(url(entry)).text


# --- One touch ------------------------------------------------------------------------------


def test_reading_makes_no_sheet(entry, member):
    assert at(member.user).get(url(entry)).status_code == 200
    assert not Scoresheet.objects.exists()


def test_one_touch_is_saved_and_answered_with_time_and_totals(entry, member):
    chosen = option(entry, "1.1", 3)
    answer = touch(member.user, entry, **{f"c{chosen.criterion_id}": chosen.pk})
    assert answer.status_code == 200
    assert "Đã lưu " in answer.text and "A 3/40" in shown(answer.text)
    assert of(entry, member).scores.get().option == chosen


def test_a_touch_says_which_minimums_it_misses(entry, member):
    chosen = option(entry, "4.1", 2)
    answer = touch(member.user, entry, **{f"c{chosen.criterion_id}": chosen.pk}).text
    assert "để đạt 4 sao cần 3 điểm, phiếu cho 2" in answer
    assert "Còn trong tầm: <strong>3 sao</strong>" in answer


def test_a_remark_goes_with_its_choice(entry, member):
    chosen = option(entry, "1.1", 3)
    key = chosen.criterion_id
    alone = touch(member.user, entry, **{f"r{key}": "Vùng trồng rõ ràng"})
    assert "Hãy chọn mức điểm trước" in alone.text
    touch(member.user, entry, **{f"c{key}": chosen.pk, f"r{key}": "Vùng trồng rõ ràng"})
    assert of(entry, member).scores.get().remark == "Vùng trồng rõ ràng"
    touch(member.user, entry, **{f"r{key}": "Đã xem hồ sơ", "remark": "Sản phẩm tốt"})
    sheet = of(entry, member)
    assert (sheet.scores.get().remark, sheet.remark) == ("Đã xem hồ sơ", "Sản phẩm tốt")


def test_what_depends_falls_away_with_what_it_requires(entry, member):
    story, none = option(entry, "5.1", 3), option(entry, "5.1", 0)
    how = option(entry, "5.2", 2)
    early = touch(member.user, entry, **{f"c{how.criterion_id}": how.pk})
    assert "Tiêu chí này chưa áp dụng" in early.text
    both = {f"c{story.criterion_id}": story.pk, f"c{how.criterion_id}": how.pk}
    assert "B 5/25" in shown(touch(member.user, entry, **both).text)
    assert "B 0/25" in shown(touch(member.user, entry, **{f"c{none.criterion_id}": none.pk}).text)
    assert [score.option for score in of(entry, member).scores.all()] == [none]


def test_bad_input_ends_in_a_sentence_at_the_field(entry, member, rule_sets):
    rubrics.load(rule_sets["qd26_2026"], [judging.of("qd26_2026", 2)])
    other = rule_sets["qd26_2026"].rubrics.get(number=2).criteria.first().options.first()
    key, good = criterion(entry, "1.1").pk, option(entry, "1.2", 1)
    for bad in ("999999999999999999999999", "x", "\x00", "-1", str(other.pk), str(good.pk), "９"):
        answer = touch(member.user, entry, **{f"c{key}": bad})
        assert answer.status_code == 200
        assert f'data-field="c{key}"' in answer.text
        assert "Mức điểm này không có trong phiếu." in answer.text
    for bad, words in (("a" * 501, "Dài quá 500 ký tự"), ("a\x00b", "ký tự không đọc được")):
        answer = touch(member.user, entry, **{f"r{key}": bad, f"c{good.criterion_id}": good.pk})
        assert answer.status_code == 200
        assert words in answer.text
    huge = touch(member.user, entry, remark="a" * 10_001)
    assert "Dài quá 10000 ký tự" in huge.text.replace(".", "")
    # What was sound beside it is saved.
    assert [score.option for score in of(entry, member).scores.all()] == [good]
    # The whole form, without a script: the same words on the page, what was typed kept.
    page = at(member.user).post(
        url(entry), {"act": "save", f"c{key}": "x", "remark": "a" * 10_001, "scoring": "x"}
    )
    assert page.status_code == 409
    page = at(member.user).post(url(entry), {"act": "save", f"c{key}": "x", f"r{key}": "b" * 501})
    assert page.status_code == 200
    assert "Mức điểm này không có trong phiếu." in page.text and "b" * 501 in page.text


def test_an_act_that_is_none_shows_the_page(entry, member):
    assert at(member.user).post(url(entry), {"act": "close"}).status_code == 200


# --- Without a script -----------------------------------------------------------------------


def test_the_whole_form_saves_and_hands_in(entry, member):
    client = at(member.user)
    assert client.post(url(entry), {"act": "save"} | whole(entry)).status_code == 302
    page = client.get(url(entry)).text
    assert "Theo phiếu này: <strong>5 sao</strong>" in page
    assert client.post(url(entry), {"act": "submit"} | whole(entry)).status_code == 302
    assert of(entry, member).state == SheetState.SUBMITTED
    client.post(url(entry), {"act": "take_back"})
    assert of(entry, member).state == SheetState.DRAFT


def test_what_is_missing_is_named_at_its_criterion(entry, member):
    sent = whole(entry)
    del sent[f"c{criterion(entry, '3.5').pk}"]
    page = at(member.user).post(url(entry), {"act": "submit"} | sent)
    assert 'href="#criterion-3.5"' in page.text
    assert page.text.count("Bạn chưa chấm tiêu chí này.") == 1
    assert of(entry, member).state == SheetState.DRAFT


def test_an_old_tab_overwrites_nothing_newer(entry, member):
    old, new = option(entry, "1.1", 1), option(entry, "1.1", 3)
    key = f"c{old.criterion_id}"
    touch(member.user, entry, **{key: old.pk})
    touch(member.user, entry, **{key: new.pk})
    at(member.user).post(url(entry), {"act": "save", "was": str(old.pk), key: old.pk})
    assert of(entry, member).scores.get().option == new


@pytest.mark.parametrize("script", [True, False])
def test_an_older_score_sent_late_overwrites_nothing_and_both_are_shown(entry, member, script):
    first, here, there = (option(entry, "1.1", points) for points in (2, 1, 3))
    key = f"c{first.criterion_id}"
    touch(member.user, entry, **{key: first.pk})
    # This page has the first and loses its line; elsewhere another is chosen meanwhile.
    touch(member.user, entry, **{key: there.pk, f"was-{key}": first.pk})
    if script:
        late = touch(member.user, entry, **{key: here.pk, f"was-{key}": first.pk}).text
        assert f'data-saved="{there.pk}"' in late
    else:
        sent = {"act": "save", "was": str(first.pk), key: here.pk}
        late = at(member.user).post(url(entry), sent).text
    assert f"«{there.label} (3 điểm)»" in late and f"«{here.label} (1 điểm)»" in late
    assert of(entry, member).scores.get().option == there
    # Chosen again by somebody who has seen both, it counts.
    touch(member.user, entry, **{key: here.pk, f"was-{key}": there.pk})
    assert of(entry, member).scores.get().option == here


def test_an_older_remark_sent_late_overwrites_nothing(entry, member):
    chosen = option(entry, "1.1", 3)
    key, note = f"c{chosen.criterion_id}", f"r{chosen.criterion_id}"
    touch(member.user, entry, **{key: chosen.pk, note: "Viết ở nơi khác", "remark": "Chung"})
    late = touch(member.user, entry, **{note: "Viết ở đây", f"was-{note}": ""}).text
    assert "Viết ở nơi khác" in late and f'data-field="{note}"' in late
    untouched = {note: "Cũ", f"was-{note}": "Cũ", "remark": "", "was-remark": "", "was": ""}
    at(member.user).post(url(entry), {"act": "save"} | untouched)
    sheet = of(entry, member)
    assert (sheet.scores.get().remark, sheet.remark) == ("Viết ở nơi khác", "Chung")


def test_who_is_recorded_as_absent_is_told_and_writes_nothing(round_, entry, member, council, thu):
    round_.attend(
        {each.pk: each != member for each in council.members.all()}, by=thu, reason="Ghi nhầm"
    )
    page = at(member.user).get(url(entry)).text
    assert "được ghi vắng họp" in page and 'type="radio" name="c' not in page
    chosen = option(entry, "1.1", 3)
    late = touch(member.user, entry, **{f"c{chosen.criterion_id}": chosen.pk})
    assert late.status_code == 409 and "được ghi vắng họp" in late.text


def test_an_expired_login_keeps_the_choices(entry, member):
    client, chosen = Client(), option(entry, "1.1", 3)
    typed = {"act": "save", f"c{chosen.criterion_id}": chosen.pk}
    assert client.post(url(entry), typed | left_open(client, member.user)).status_code == 302
    client.force_login(member.user)
    page = client.get(url(entry)).text
    [circle] = re.findall(rf'<input[^>]*type="radio"[^>]*value="{chosen.pk}"[^>]*>', page)
    assert re.search(r"\schecked\b", circle)
    # A touch of the script is told where to sign in; it keeps the choice itself.
    gone = Client().post(
        url(entry),
        typed,
        headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{url(entry)}"},
    )
    assert "login" in gone.headers["HX-Redirect"]


def test_a_page_left_open_writes_on_nobody_elses_sheet(entry, member, council):
    """The script sends the token of whoever signed in last: the page says whose it is."""
    chosen, chair = option(entry, "1.1", 3), judge(council, 0)
    page = at(member.user).get(url(entry)).text
    assert f'name="page_of" value="{member.user.pk}"' in page
    for act in ("save", "submit"):
        sent = {"act": act, "page_of": member.user.pk, f"c{chosen.criterion_id}": chosen.pk}
        answer = touch(chair.user, entry, **sent)
        assert (answer.status_code, "người khác đăng nhập" in answer.text) == (409, True)
    assert Scoresheet.objects.count() == 0
    touch(member.user, entry, **sent | {"act": "save"})
    assert of(entry, member).scores.get().option == chosen


# --- Late -----------------------------------------------------------------------------------


def close(round_, by):
    for entry in round_.entries.filter(live=True):
        for number in range(5):
            fill(entry, judge(round_.council, number), worst)
    return judging.close(round_, by=by)


def test_after_the_closing_a_touch_is_refused_in_words_and_nothing_is_lost(
    round_, entry, member, thu
):
    close(round_, thu)
    chosen = option(entry, "1.1", 3)
    sent = {f"c{chosen.criterion_id}": chosen.pk, f"r{chosen.criterion_id}": "Vùng trồng rõ"}
    answer = touch(member.user, entry, **sent)
    assert answer.status_code == 409
    assert "Đợt đã chốt kết quả lúc" in answer.text
    for act in ("save", "submit"):
        page = at(member.user).post(url(entry), {"act": act} | sent)
        assert page.status_code == 409
        assert "Đợt đã chốt kết quả lúc" in page.text
        assert chosen.label in page.text and "Vùng trồng rõ" in page.text
    assert at(member.user).post(url(entry), {"act": "take_back"}).status_code == 409
    assert at(member.user).get(url(entry)).status_code == 200
    assert of(entry, member).scores.get(criterion=chosen.criterion_id).points == 1


def test_a_page_from_the_first_scoring_writes_nothing_into_the_second(round_, entry, member, thu):
    for number in range(5):
        fill(entry, judge(round_.council, number), worst)
    judging.count(round_, entry)
    round_.score_again(entry, by=thu, reason="Chênh lệch")
    chosen = option(entry, "1.1", 3)
    answer = touch(member.user, entry, scoring=1, **{f"c{chosen.criterion_id}": chosen.pk})
    assert (answer.status_code, "cho chấm lại" in answer.text) == (409, True)
    entry.refresh_from_db()
    assert of(entry, member).scores.get(criterion=chosen.criterion_id).points == 1
    assert touch(member.user, entry, **{f"c{chosen.criterion_id}": chosen.pk}).status_code == 200


def test_a_sheet_handed_in_from_another_tab_takes_no_touch(entry, member):
    fill(entry, member)
    chosen = option(entry, "1.1", 1)
    answer = touch(member.user, entry, **{f"c{chosen.criterion_id}": chosen.pk})
    assert (answer.status_code, "Phiếu này đã nộp" in answer.text) == (409, True)


def test_before_the_opening_the_papers_are_there_to_read(council, cycle, commune, an, thu):
    dossiers = judging.before_council(cycle, commune, an, 1)
    entry = begin(council, cycle, dossiers, thu, open_it=False).entries.get()
    user = judge(council, 1).user
    page = at(user).get(url(entry))
    assert "Đợt chưa mở chấm điểm" in page.text and 'type="radio" name="c' not in page.text
    chosen = option(entry, "1.1", 1)
    answer = touch(user, entry, **{f"c{chosen.criterion_id}": chosen.pk})
    assert (answer.status_code, "Đợt chưa mở chấm điểm" in answer.text) == (409, True)


def test_a_product_that_went_on_keeps_its_sheets_when_the_round_opens_again(
    round_, entry, member, thu
):
    first = close(round_, thu)
    consequences.apply(first.round.closings.get() and _job())
    dossier = entry.dossier
    dossier.refresh_from_db()
    closing.reopen(round_, by=thu, reason="Khiếu nại", document=judging.paper("15/VB"))
    round_.entries.update(live=False, scoring=1)
    entry.refresh_from_db()
    with pytest.raises(ConditionNotMet):
        of(entry, member).take_back(by=member.user)


def _job():
    from cycle.models import Job

    return Job.objects.get(kind="councils.apply")


# --- Interest -------------------------------------------------------------------------------


def declare(user, entry, **fields):
    sent = {"recused": "yes", "kind": "declared", "reason": "Là chị em ruột"} | fields
    return at(user).post(
        url(entry), {"act": "declare"} | {f"interest-{key}": text for key, text in sent.items()}
    )


def test_a_member_declares_an_interest_and_does_not_score(entry, member):
    assert declare(member.user, entry).status_code == 302
    assert Interest.objects.get(entry=entry, member=member).recused
    page = at(member.user).get(url(entry)).text
    assert "Đã ghi từ chối chấm" in page and 'type="radio" name="c' not in page
    assert "không ai tự gỡ" in " ".join(page.split())
    chosen = option(entry, "1.1", 1)
    answer = touch(member.user, entry, **{f"c{chosen.criterion_id}": chosen.pk})
    assert (answer.status_code, "đã từ chối chấm" in answer.text) == (409, True)


def test_who_was_away_is_first_told_what_they_must_declare(round_, entry, member, commune, thu):
    """They owe it whoever was there, and find where; that they were away is the office's to mend."""
    RoleAssignment.objects.create(
        user=member.user, role=Role.DEPARTMENT, org_unit=commune, valid_from=date(2020, 1, 1)
    )
    round_.attend({member.pk: False}, by=thu, reason="Ghi nhầm")
    page = at(member.user).get(url(entry)).text
    first, then = (page.index(words) for words in ("Hãy khai báo trước", "được ghi vắng họp"))
    assert first < page.index('id="interest" open') < then and page.count('id="interest"') == 1
    sent = touch(member.user, entry, remark="Tốt")
    assert sent.status_code == 409 and "Hãy khai báo trước" in sent.text
    declare(member.user, entry, recused="no", kind="commune", reason="Không phụ trách")
    page = at(member.user).get(url(entry)).text
    assert "Hãy khai báo trước" not in page and "được ghi vắng họp" in page


def test_a_declaration_without_a_reason_is_asked_again(entry, member):
    page = declare(member.user, entry, reason="", kind="x")
    assert "Bạn chưa nhập: Lý do." in page.text
    assert "Lựa chọn này không có trong danh sách." in page.text
    assert not Interest.objects.exists()


def test_who_works_in_the_commune_says_why_before_the_sheet_opens(entry, member, commune):
    RoleAssignment.objects.create(
        user=member.user, role=Role.DEPARTMENT, org_unit=commune, valid_from=date(2020, 1, 1)
    )
    page = at(member.user).get(url(entry)).text
    assert "Hãy khai báo trước khi chấm" in page and 'type="radio" name="c' not in page
    declare(member.user, entry, recused="no", kind="commune", reason="Không phụ trách")
    assert 'type="radio" name="c' in at(member.user).get(url(entry)).text


def test_who_may_not_score_cannot_declare_the_way_in(entry, member):
    producer = entry.dossier.product.producer
    its = type(producer).objects.filter(pk=producer.pk)
    update_as_owner(its, representative=str(member.user))
    producer.refresh_from_db()
    answer = declare(member.user, entry, recused="no", kind="declared")
    assert "Lựa chọn này không có trong danh sách." in answer.text
    with pytest.raises(ConditionNotMet):
        entry.round.declare_interest(
            entry, member, kind="declared", reason="Vẫn chấm", recused=False, by=member.user
        )


@pytest.mark.parametrize("forbidden", ["relative", "producer"])
def test_a_refused_declaration_comes_back_with_what_was_typed(entry, member, forbidden):
    answer = declare(member.user, entry, recused="no", kind=forbidden, reason="Tôi vẫn khách quan")
    assert answer.status_code == 200
    (sentence,) = answer.context["interest"].errors["recused"]
    assert "hãy từ chối chấm" in sentence
    said = answer.text.split('id="interest" open>')[1].split("</details>")[0]
    assert sentence in said and "Tôi vẫn khách quan</textarea>" in said
    assert re.search(rf'<option value="{forbidden}" selected', said)
    assert re.search(r'<input[^>]* value="no"[^>]* checked', said)
    assert not entry.interests.exists()


# --- Evidence -------------------------------------------------------------------------------


@pytest.fixture
@kept
def piece(entry, an):
    made = Evidence(
        dossier=entry.dossier,
        kind="business_registration",
        criteria=["1.1"],
        title="Bản đồ vùng trồng",
        recorded_by=an,
        at=clock.now(),
    )
    made.hold(staged(PDF, "vung-trong.pdf"))
    made.save()
    return made


def test_the_evidence_of_a_criterion_is_one_touch_away(entry, member, piece, cast, council):
    assert url(entry, "evidence", piece.pk) in at(member.user).get(url(entry)).text
    # The dossier's own page is not for members.
    assert at(member.user).get(reverse("dossiers:evidence", args=[piece.pk])).status_code == 404
    file = at(member.user).get(url(entry, "evidence", piece.pk))
    assert b"".join(file.streaming_content) == PDF
    assert file.headers["Content-Type"] == "application/pdf"
    readers = {"an", "chi", "minh", "thu", "son", "tam", "kiem"}
    readers |= {seat[0] for seat in judging.SEATS}
    for user in (*cast.values(), *(judge(council, number).user for number in range(7))):
        status = at(user).get(url(entry, "evidence", piece.pk)).status_code
        assert status == (200 if user.username in readers else 404), user


def test_what_proves_several_criteria_stands_at_each_and_a_stray_code_loses_nothing(
    entry, member, an
):
    for title, criteria in (("Hợp đồng", ["1.1", "1.2"]), ("Bản cũ", ["A.9"]), ("Chung", [])):
        Evidence.objects.create(
            dossier=entry.dossier,
            kind="awards",
            criteria=criteria,
            title=title,
            paper_location="Tủ 2",
            recorded_by=an,
            at=clock.now(),
        )
    page = at(member.user).get(url(entry)).context
    by_code = {
        row["criterion"].code: [piece.title for piece in row["evidence"]]
        for part in page["parts"]
        for row in part["rows"]
        if row.get("evidence")
    }
    assert by_code == {"1.1": ["Hợp đồng"], "1.2": ["Hợp đồng"]}
    assert sorted(piece.title for piece in page["other_evidence"]) == ["Bản cũ", "Chung"]


def test_evidence_of_another_dossier_is_not_served_through_this_one(
    council, cycle, commune, an, thu, member, piece
):
    other = begin(council, cycle, judging.before_council(cycle, commune, an, 1), thu)
    assert at(member.user).get(url(other.entries.get(), "evidence", piece.pk)).status_code == 404
    assert (
        at(member.user).get(url(piece.dossier.round_entries.get(), "evidence", 0)).status_code
        == 404
    )


def test_a_file_that_is_gone_is_told_of(entry, member, piece, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "empty"
    page = at(member.user).get(url(entry, "evidence", piece.pk))
    assert (page.status_code, "tệp không còn trên máy chủ" in page.text) == (404, True)


# --- Pen sheets -----------------------------------------------------------------------------


def scanned(user, entry, member, name="phieu.pdf", content=PDF):
    return at(user).post(
        url(entry, "type_sheet", member.pk),
        {"act": "begin", "scan": SimpleUploadedFile(name, content)},
    )


def test_a_wrong_scan_is_told_only_what_is_taken(entry, member, thu):
    for name, content in (("phieu.txt", b"x"), ("phieu.docx", office())):
        page = scanned(thu, entry, member, name=name, content=content).text
        assert "Bản chụp phải là tệp PDF hoặc ảnh JPG, PNG." in page
        assert "Excel" not in page


def test_a_pen_sheet_is_typed_compared_and_confirmed(entry, member, council, thu):
    typing = url(entry, "type_sheet", member.pk)
    assert "Bắt đầu nhập" in at(thu).get(typing).text
    assert scanned(thu, entry, member).status_code == 302
    chosen = whole(entry)
    at(thu).post(typing, {"act": "save", **chosen}, headers={"HX-Request": "true"})
    assert at(thu).post(typing, {"act": "submit"}).status_code == 302
    sheet = of(entry, member)
    assert sheet.state == SheetState.ENTERED
    compare = reverse("councils:compare", args=[sheet.pk])
    chair, secretary = judge(council, 0).user, judge(council, 5).user
    assert at(thu).post(compare, {"act": "confirm"}).status_code == 409
    assert at(chair).post(compare, {"act": "confirm"}).status_code == 404
    page = at(secretary).get(compare)
    assert "Tổng điểm đã nhập: 100" in page.text and "<iframe" in page.text
    scan = at(secretary).get(reverse("councils:scan", args=[sheet.pk]))
    assert b"".join(scan.streaming_content) == PDF
    assert "frame-ancestors 'self'" in scan.headers["Content-Security-Policy"]
    assert scan.headers["X-Frame-Options"] == "SAMEORIGIN"
    at(secretary).post(compare, {"act": "send_back"})
    assert of(entry, member).state == SheetState.DRAFT
    at(thu).post(typing, {"act": "submit"})
    at(secretary).post(compare, {"act": "confirm"})
    sheet = of(entry, member)
    assert (sheet.state, sheet.confirmed_by) == (SheetState.SUBMITTED, secretary)
    assert "Nhập từ phiếu giấy" in at(member.user).get(url(entry)).text
    # Confirmed, it is sealed to the second person too, who is told that it waits no more.
    for answer in (at(secretary).post(compare, {"act": "confirm"}), at(secretary).get(compare)):
        assert answer.url == reverse("councils:paper", args=[entry.round_id])


def test_the_member_confirms_what_was_typed_of_their_pen_sheet(entry, member, thu):
    scanned(thu, entry, member)
    sheet = of(entry, member)
    for chosen in choose(entry.rubric, best):
        sheet.put(chosen, by=thu)
    sheet.submit(by=thu)
    compare = reverse("councils:compare", args=[sheet.pk])
    assert f'href="{compare}"' in at(member.user).get(url(entry)).text
    page = at(member.user).get(compare).text
    assert f'href="{url(entry)}"' in page
    assert at(member.user).post(compare, {"act": "send_back"}).url == url(entry)
    sheet.submit(by=thu)
    assert at(member.user).post(compare, {"act": "confirm"}).url == url(entry)
    assert of(entry, member).confirmed_by == member.user
    assert f'href="{compare}"' not in at(member.user).get(url(entry)).text


@pytest.mark.slow(reason="everybody of the cast and the council at every page of a pen sheet")
def test_who_types_and_who_compares_and_nobody_else(entry, member, council, thu, cast):
    users = {**cast} | {judge(council, n).user.username: judge(council, n).user for n in range(7)}
    typing = url(entry, "type_sheet", member.pk)
    for name, user in users.items():
        expected = 200 if name in ("thu", "thu_ky") else 404
        assert at(user).get(typing).status_code == expected, name
        listed = 200 if name in ("thu", "thu_ky", "chu_tich") else 404
        page = reverse("councils:paper", args=[entry.round_id])
        assert at(user).get(page).status_code == listed, name
    scanned(thu, entry, member)
    sheet = of(entry, member)
    # Half typed it is the typist's and the member's; handed over, the second person's too.
    for state, readers in (
        (SheetState.DRAFT, {"thu", "uy_vien_1"}),
        (SheetState.ENTERED, {"thu", "uy_vien_1", "thu_ky"}),
    ):
        if state == SheetState.ENTERED:
            for chosen in choose(entry.rubric, best):
                sheet.put(chosen, by=thu)
            sheet.submit(by=thu)
        for name, user in users.items():
            for page in ("compare", "scan"):
                status = at(user).get(reverse(f"councils:{page}", args=[sheet.pk])).status_code
                assert status == (200 if name in readers else 404), (state, name, page)


def test_a_member_whose_pen_sheet_is_being_typed_is_told(entry, member, thu):
    scanned(thu, entry, member)
    chosen = option(entry, "1.1", 3)
    answer = touch(member.user, entry, **{f"c{chosen.criterion_id}": chosen.pk})
    assert (answer.status_code, "đang nhập phiếu giấy" in answer.text) == (409, True)


def test_a_pen_sheet_begun_by_mistake_goes_back_to_its_member_unread(entry, member, council, thu):
    scanned(thu, entry, member)
    sheet = of(entry, member)
    for chosen in choose(entry.rubric, best):
        sheet.put(chosen, by=thu)
    sheet.note(by=thu, remark="Nhận xét của người khác")
    sheet.submit(by=thu)
    back = reverse("councils:hand_back", args=[sheet.pk])
    grid = reverse("councils:paper", args=[entry.round_id])
    assert back in at(thu).get(grid).text
    secretary, chair = judge(council, 5).user, judge(council, 0).user
    for user in (member.user, chair):
        assert at(user).get(back).status_code == 404
        assert at(user).post(back, {"reason": "Nhầm"}).status_code == 404
    assert back not in at(chair).get(grid).text
    page = at(secretary).get(back)
    assert page.status_code == 200 and "Nhận xét của người khác" not in page.text
    assert "Bạn chưa nhập: Lý do." in at(thu).post(back, {"reason": " "}).text
    assert of(entry, member).state == SheetState.ENTERED

    assert at(secretary).post(back, {"reason": "Nhập nhầm người"}).url == grid
    sheet = of(entry, member)
    assert (sheet.state, sheet.entered_by, sheet.remark) == (SheetState.DRAFT, None, "")
    assert (sheet.scan_sha256, sheet.scan_name, sheet.scores.count()) == ("", "", 0)
    said = HistoryEntry.objects.get(event="round.hand_back_sheet")
    assert (said.actor, said.reason) == (secretary, "Nhập nhầm người")
    assert (said.data["dossier"], said.data["who"]) == (entry.dossier_id, str(member.user))
    # It is the member's own again, and no pen sheet.
    fill(entry, member)
    late = at(thu).post(back, {"reason": "Nhầm"}).text
    assert "không còn là phiếu giấy đang nhập" in late and 'class="act"' not in late
    never = reverse("councils:hand_back", args=[fill(entry, judge(council, 2)).pk])
    assert at(thu).get(never).status_code == 404


def test_a_confirmed_pen_sheet_is_not_handed_back(entry, member, council, thu):
    scanned(thu, entry, member)
    sheet = of(entry, member)
    for chosen in choose(entry.rubric, best):
        sheet.put(chosen, by=thu)
    sheet.submit(by=thu)
    sheet.confirm(by=judge(council, 5).user)
    back = reverse("councils:hand_back", args=[sheet.pk])
    assert "không còn là phiếu giấy đang nhập" in at(thu).post(back, {"reason": "Nhầm"}).text
    assert of(entry, member).scores.count()


def test_no_pen_sheet_is_handed_back_after_the_closing(round_, entry, member, council, thu):
    scanned(thu, entry, member)
    # Left behind as a draft: its member did not come.
    for number in (0, 2, 3, 4):
        fill(entry, judge(council, number))
    round_.attend(
        {each.pk: each != member for each in council.members.all()}, by=thu, reason="Ghi nhầm"
    )
    judging.close(round_, by=thu)
    back = reverse("councils:hand_back", args=[of(entry, member).pk])
    assert "Đợt đã chốt kết quả" in at(thu).post(back, {"reason": "Nhầm"}).text
    assert of(entry, member).entered_by == thu


def test_who_scores_on_screen_has_no_pen_sheet(entry, member, thu):
    fill(entry, member, submit=False)
    answer = scanned(thu, entry, member)
    assert (answer.status_code, "đã tự chấm trên phần mềm" in answer.text) == (409, True)


def test_a_sheet_carried_over_from_the_screen_is_never_typed_over(round_, entry, council, thu):
    pen, screen = judge(council, 1), judge(council, 2)
    typed = Scoresheet.type_in(entry, pen, by=thu, scan=(staged(PDF).sha256, "phieu.pdf"))
    for chosen in choose(entry.rubric, best):
        typed.put(chosen, by=thu)
    typed.submit(by=thu)
    typed.confirm(by=judge(council, 5).user)
    for number in (0, 2, 3, 4):
        fill(entry, judge(council, number))
    judging.count(round_, entry)
    round_.score_again(entry, by=thu, reason="Chênh lệch")
    entry.refresh_from_db()
    secretary = judge(council, 5).user
    for typist in (thu, secretary):
        answer = scanned(typist, entry, screen)
        assert (answer.status_code, "đã tự chấm trên phần mềm" in answer.text) == (409, True)
        assert "Tổng" not in at(typist).get(url(entry, "type_sheet", screen.pk)).text
    kept = of(entry, screen)
    assert (kept.entered_by, kept.scores.count()) == (None, len(choose(entry.rubric, best)))
    # It is the member's to hand in and to take back.
    kept.submit(by=screen.user)
    kept.take_back(by=screen.user)
    # What the office typed before, it types on; once its member chose on screen, no more.
    touched = of(entry, pen)
    chosen = option(entry, "1.1", 1)
    with transaction.atomic():
        assert Scoresheet.type_in(entry, pen, by=secretary).entered_by == secretary
        transaction.set_rollback(True)
    touched.put(chosen, by=pen.user)
    assert scanned(secretary, entry, pen).status_code == 409


def test_a_scan_must_be_one(entry, member, thu):
    page = at(thu).post(url(entry, "type_sheet", member.pk), {"act": "begin"})
    assert "Bạn chưa chọn: Bản chụp phiếu giấy." in page.text
    for name, content in (
        ("a.docx", office()),
        ("a.pdf", b""),
        ("a.exe", b"MZ"),
        ("a.pdf", b"x"),
    ):
        page = scanned(thu, entry, member, name, content)
        assert page.status_code == 200
        assert "field-error" in page.text
    assert not Scoresheet.objects.filter(entered_by__isnull=False).exists()


@pytest.mark.parametrize("number", (1, 3))
def test_paper_query_count(council, cycle, commune, an, thu, number, django_assert_num_queries):
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an, number), thu)
    for entry in round_.entries.all():
        Scoresheet.type_in(entry, judge(council, 1), by=thu)
    client = at(thu)
    with django_assert_num_queries(9):
        client.get(reverse("councils:paper", args=[round_.pk]))


# --- Side by side ---------------------------------------------------------------------------


def test_all_sheets_open_with_the_closing_and_not_before(round_, entry, council, thu, cast):
    users = {**cast} | {judge(council, n).user.username: judge(council, n).user for n in range(7)}
    for number in range(5):
        fill(entry, judge(council, number), worst)
    for user in users.values():
        assert at(user).get(url(entry, "all_sheets")).status_code == 404
    judging.close(round_, by=thu)
    outside = {"an", "chi", "la", "binh", "ha", "hung"}
    for name, user in users.items():
        status = at(user).get(url(entry, "all_sheets")).status_code
        assert status == (404 if name in outside else 200), name
    page = at(thu).get(url(entry, "all_sheets")).text
    assert all(str(judge(council, number).user) in page for number in range(5))


# --- What a sheet comes to ------------------------------------------------------------------


def test_the_standing_of_a_sheet(entry):
    page = rubrics.sheet(entry.rubric)
    bands = entry.dossier.rule_set.content["bands"]

    def of_options(options):
        return standing(page, {each.criterion_id: each for each in options}, bands)

    nothing = of_options([])
    assert (nothing.points, nothing.possible, nothing.stars, nothing.missed) == (0, 100, 5, ())
    full = of_options(choose(entry.rubric, best))
    assert (full.points, full.band, full.stars, full.complete) == (100, 5, 5, True)
    low = of_options(choose(entry.rubric, worst))
    assert low.complete and low.points == low.possible and low.stars <= low.band
    # Without a story its structure gives nothing, and is not waited for.
    without = of_options([option(entry, "5.1", 0), option(entry, "5.2", 2)])
    assert (without.points, without.possible) == (0, Decimal(93))
    assert standing(page, {}, []).stars is None
