"""A member at the meeting scores on a tablet or a phone; the line breaks and nothing is lost."""

import base64
import re

import pytest
from playwright.sync_api import expect

from councils.models import Scoresheet, SheetState
from notifications.jobs import tell
from notifications.letters import letter
from notifications.models import Delivery, Notification
from tests import judging
from tests.browser.driving import WIDTHS

pytestmark = pytest.mark.browser

#: One white dot.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg=="
)


@pytest.fixture
def round_(province, cycle, commune, an, thu):
    judging.regulate(province)
    council = judging.seat(province, thu)
    return judging.begin(council, cycle, judging.before_council(cycle, commune, an, 2), thu)


@pytest.fixture
def entry(round_):
    return round_.entries.first()


@pytest.fixture
def member(round_):
    return judging.judge(round_.council, 1)


def scores(entry, member):
    """What is saved, by code."""
    sheet = Scoresheet.objects.filter(entry=entry, member=member).first()
    return (
        {score.criterion.code: score.points for score in sheet.scores.select_related("criterion")}
        if sheet
        else {}
    )


def touch(at, entry, code, points):
    """Touch the row with these points."""
    criterion = entry.rubric.criteria.get(code=code)
    option = criterion.options.get(points=points)
    at.page.locator(f'label:has([name="c{criterion.pk}"][value="{option.pk}"])').click()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_member_scores_hands_in_and_takes_back(desk, width, entry, member):
    at = desk(member.user, width)
    at.open("councils:my_sheets", entry.round_id)
    at.follow(at.page.locator(".list .go").first)
    saved = at.page.locator("#saved")
    touch(at, entry, "1.1", 3)
    expect(saved).to_have_text(re.compile(r"Đã lưu \d\d:\d\d:\d\d"))
    expect(at.page.locator("#score-line")).to_contain_text("A 3/40")
    # What depends on the story comes and goes with it.
    dependent = at.page.locator("#criterion-5\\.2")
    expect(dependent).to_be_hidden()
    touch(at, entry, "5.1", 3)
    expect(dependent).to_be_visible()
    touch(at, entry, "5.2", 2)
    expect(at.page.locator("#score-line")).to_contain_text("B 5/25")
    touch(at, entry, "5.1", 0)
    expect(dependent).to_be_hidden()
    expect(at.page.locator("#score-line")).to_contain_text("B 0/25")
    assert scores(entry, member) == {"1.1": 3, "5.1": 0}

    # All but those two, and but the one that does not apply.
    left = entry.rubric.criteria.count() - 3
    at.follow(at.page.locator("button[value=submit]"))
    expect(at.page.locator(".error-summary")).to_contain_text(f"còn {left} tiêu chí")
    for option in judging.choose(entry.rubric, judging.best):
        at.page.locator(f'label:has([value="{option.pk}"])').click()
    expect(at.page.locator(".error-summary")).to_have_count(0)
    expect(saved).to_have_text(re.compile("Đã lưu"))
    expect(at.page.locator("#score-line")).to_contain_text("Tổng 100")
    at.follow(at.page.locator("button[value=submit]"))
    expect(at.page.locator("#messages")).to_contain_text("Đã nộp phiếu")
    assert Scoresheet.objects.get(entry=entry, member=member).state == SheetState.SUBMITTED

    at.follow(at.page.locator(".list .go").first)
    at.follow(at.page.locator("button[value=take_back]"))
    expect(at.page.locator("#messages")).to_contain_text("Đã lấy lại phiếu")
    assert Scoresheet.objects.get(entry=entry, member=member).state == SheetState.DRAFT


def test_on_a_phone_the_first_score_is_three_taps_from_the_letter(desk, entry, member):
    """Each tap of a member, from the notice in the letter to the sheet that is handed in."""
    tell(seconds=60)
    told = Notification.objects.get(recipient=member.user, entry__event="round.open")
    at, taps = desk(member.user, 390), 0
    # The way to the sheet is the first thing in the inbox too: one tap less.
    expect(at.page.locator(".list .go").first).to_contain_text("Chấm điểm, nộp phiếu")
    # The address in the letter, then the sheet, then a row of it.
    address = re.search(r"https?://[^/]+(/rounds/\S+)", letter(Delivery(notification=told)).body)[1]
    taps += 1
    at.page.goto(f"{at.server}{address}")
    at.look()
    taps += 1
    at.follow(at.page.locator(".list .go").first)
    chosen = judging.choose(entry.rubric, judging.best)
    for option in chosen:
        taps += 1
        row = at.page.locator(f'label:has([value="{option.pk}"])')
        # As a thumb brings it up: not half below the line that stays at the foot.
        row.evaluate("row => row.scrollIntoView({ block: 'center' })")
        row.click()
        expect(row.locator("input")).to_be_checked()
        if option == chosen[0]:
            expect(at.page.locator("#saved")).to_have_text(re.compile("Đã lưu"))
            assert (taps, len(scores(entry, member))) == (3, 1)
    expect(at.page.locator("#score-line")).to_contain_text("Tổng 100")
    taps += 1
    at.follow(at.page.locator("button[value=submit]"))
    expect(at.page.locator("#messages")).to_contain_text("Đã nộp phiếu")
    assert Scoresheet.objects.get(entry=entry, member=member).state == SheetState.SUBMITTED
    # One for each criterion, and three besides: nothing is typed.
    assert taps == len(chosen) + 3


def test_a_choice_answers_what_the_page_asked_for_even_without_a_line(desk, entry, member):
    at = desk(member.user, 390)
    at.open("councils:sheet", entry.pk)
    touch(at, entry, "1.1", 3)
    expect(at.page.locator("#saved")).to_have_text(re.compile("Đã lưu"))
    at.follow(at.page.locator("button[value=submit]"))
    left = at.page.locator(".error-summary li[data-missing]")
    before = left.count()
    asked = at.page.locator("#criterion-1\\.2")
    expect(asked.locator(".field-error")).to_have_text("Bạn chưa chấm tiêu chí này.")
    at.context.set_offline(True)
    touch(at, entry, "1.2", 1)
    expect(asked.locator(".field-error")).to_have_count(0)
    expect(asked).not_to_have_class(re.compile("field-wrong"))
    expect(left).to_have_count(before - 1)
    expect(at.page.locator(".error-summary h2")).to_contain_text(f"còn {before - 1} tiêu chí")
    at.context.set_offline(False)
    expect(at.page.locator("#saved")).to_have_text(re.compile("Đã lưu"))
    at.faults[:] = [fault for fault in at.faults if "ERR_INTERNET_DISCONNECTED" not in fault]


def test_what_was_chosen_elsewhere_meanwhile_stays_and_both_are_shown(desk, entry, member):
    at = desk(member.user, 360)
    at.open("councils:sheet", entry.pk)
    touch(at, entry, "1.1", 2)
    expect(at.page.locator("#saved")).to_have_text(re.compile("Đã lưu"))
    at.context.set_offline(True)
    touch(at, entry, "1.1", 1)
    expect(at.page.locator("#saved")).to_contain_text("Chưa lưu: mất kết nối")
    # On another device, meanwhile.
    there = entry.rubric.criteria.get(code="1.1").options.get(points=3)
    Scoresheet.objects.get(entry=entry, member=member).put(there, by=member.user)
    at.context.set_offline(False)
    criterion = at.page.locator("#criterion-1\\.1")
    expect(criterion.locator(".field-error")).to_contain_text("ở nơi khác bạn đã chọn")
    expect(criterion.locator(f'[value="{there.pk}"]')).to_be_checked()
    assert scores(entry, member) == {"1.1": 3}
    touch(at, entry, "1.1", 1)
    expect(criterion.locator(".field-error")).to_have_count(0)
    expect(at.page.locator("#saved")).to_have_text(re.compile("Đã lưu"))
    assert scores(entry, member) == {"1.1": 1}
    at.faults[:] = [fault for fault in at.faults if "ERR_INTERNET_DISCONNECTED" not in fault]


def test_a_broken_line_keeps_the_choice_and_sends_it_when_it_is_back(desk, entry, member):
    at = desk(member.user, 390)
    at.open("councils:sheet", entry.pk)
    saved = at.page.locator("#saved")
    at.context.set_offline(True)
    touch(at, entry, "1.1", 2)
    expect(saved).to_contain_text("Chưa lưu: mất kết nối")
    touch(at, entry, "1.2", 1)
    assert scores(entry, member) == {}
    at.context.set_offline(False)
    expect(saved).to_have_text(re.compile(r"Đã lưu \d\d:\d\d:\d\d"))
    assert scores(entry, member) == {"1.1": 2, "1.2": 1}
    # The browser itself notes each request that met no line.
    at.faults[:] = [fault for fault in at.faults if "ERR_INTERNET_DISCONNECTED" not in fault]


def test_an_expired_login_keeps_the_choice_in_the_browser(desk, entry, member):
    at = desk(member.user, 390)
    at.open("councils:sheet", entry.pk)
    saved = at.page.locator("#saved")
    at.context.clear_cookies(name="sessionid")
    touch(at, entry, "1.1", 2)
    expect(saved).to_contain_text("phiên đăng nhập đã hết")
    at.follow(saved.locator("a"))
    at.sign_in(member.user)
    expect(saved).to_have_text(re.compile(r"Đã lưu \d\d:\d\d:\d\d"))
    assert scores(entry, member) == {"1.1": 2}


def test_a_pen_sheet_is_typed_and_compared(desk, entry, member, thu, tmp_path):
    pdf = tmp_path / "phieu.png"
    pdf.write_bytes(PNG)
    at = desk(thu)
    at.open("councils:type_sheet", entry.pk, member.pk)
    at.page.locator("[name=scan]").set_input_files(pdf)
    at.press("begin")
    touch(at, entry, "1.1", 3)
    expect(at.page.locator("#saved")).to_have_text(re.compile("Đã lưu"))
    sheet = Scoresheet.objects.get(entry=entry, member=member)
    for option in judging.choose(entry.rubric, judging.best):
        sheet.put(option, by=thu)
    at.page.reload()
    at.follow(at.page.locator("button[value=submit]"))
    expect(at.page.locator("#messages")).to_contain_text("Người thứ hai so với bản chụp")
    for width in WIDTHS:
        second = desk(judging.judge(entry.round.council, 5).user, width)
        second.open("councils:paper", entry.round_id)
        second.follow(second.page.locator(".score-grid a", has_text="So và xác nhận"))
        expect(second.page.locator(".score-scan img")).to_be_visible()
    second.press("confirm")
    expect(second.page.locator("#messages")).to_contain_text("Đã xác nhận phiếu")
    sheet.refresh_from_db()
    assert sheet.state == SheetState.SUBMITTED
