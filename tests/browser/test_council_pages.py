"""Every page of councils at a desk and on a phone: nothing too wide, nothing too small to touch."""

import pytest
from playwright.sync_api import expect

from councils.judging import closing
from councils.models import Opinion, Scoresheet
from cycle.models import Role
from cycle.models.job import run_waiting
from tests import judging
from tests.browser.driving import WIDTHS
from tests.judging import begin, best, fill, judge, regulate, worst
from tests.world import person

pytestmark = pytest.mark.browser


@pytest.fixture
def round_(province, cycle, commune, an, thu):
    """Two products, all sheets in, one far from the others."""
    regulate(province)
    council = judging.seat(province, thu)
    y_te = person("y_te", "Bùi Thị Y", (Role.DEPARTMENT, province))
    before = judging.before_council(cycle, commune, an, 2)
    round_ = begin(council, cycle, before, thu, open_it=False)
    round_.invite(by=thu)
    round_.open(by=thu)
    round_.attend({member.pk: True for member in council.members.all()}, by=thu)
    for entry in round_.entries.all():
        for number in range(5):
            fill(entry, judge(council, number), worst if number == 4 else best)
    question = "Sản phẩm có đạt quy định về an toàn thực phẩm không?"
    Opinion.ask(
        Opinion(entry=entry, to=y_te, department="Sở Y tế", question=question), days=5, by=thu
    )
    return round_


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_fits(desk, round_, width, cycle, commune, an, thu):
    entry = round_.entries.first()
    at = desk(thu, width)
    for name in ("rounds", "round_new", "councils", "council_new", "regulations", "regulation_new"):
        at.open(f"councils:{name}")
    at.open("councils:council", round_.council_id)
    for name in ("round", "take_in", "details", "order", "attendance", "round_invite", "close"):
        at.open(f"councils:{name}", round_.pk)
    for name in ("entry", "score_again", "accept_spread", "ask"):
        at.open(f"councils:{name}", entry.pk)
    at.open("councils:resolutions", entry.pk)
    at.open("councils:interest", entry.pk)
    # Each choice stands in one line beside its button, however narrow the screen.
    choices = at.page.locator(".form-check").all()
    assert [each.bounding_box()["height"] < 80 for each in choices] == [True] * 2
    at.open("councils:convene", round_.pk)
    other = begin(round_.council, cycle, judging.before_council(cycle, commune, an), thu)
    pen = Scoresheet.type_in(other.entries.get(), judge(other.council, 2), by=thu)
    at.open("councils:paper", other.pk)
    at.open("councils:hand_back", pen.pk)
    at.unfold()

    member = desk(judge(round_.council, 1).user, width)
    member.open("councils:round", round_.pk)
    member.open("councils:entry", entry.pk)
    team = desk(judge(round_.council, 6).user, width)
    team.open("councils:appraisal", entry.pk)
    asked = desk(Opinion.objects.get().to, width)
    asked.open("councils:opinions")
    asked.open("councils:opinion", Opinion.objects.get().pk)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_secretary_counts_what_is_complete(desk, round_, width):
    at = desk(judge(round_.council, 5).user, width)
    at.open("councils:round", round_.pk)
    at.follow(at.page.locator("main a", has_text="Kiểm phiếu 2 sản phẩm"))
    boxes = at.page.locator("main form input[type=checkbox]")
    expect(boxes).to_have_count(2)
    # None chosen is refused in words; then one of the two.
    for box in boxes.all():
        box.uncheck()
    at.follow(at.page.locator("main form .btn-primary"))
    expect(at.page.locator(".error-summary")).to_contain_text("Bạn chưa chọn sản phẩm nào")
    boxes.first.check()
    at.follow(at.page.locator("main form .btn-primary"))
    expect(at.page.locator("#messages .notice-success")).to_contain_text("Đã kiểm phiếu 1 sản phẩm")
    assert sum(entry.is_counted for entry in round_.entries.all()) == 1
    at.follow(at.page.locator("main a", has_text="Kiểm phiếu 1 sản phẩm"))
    at.follow(at.page.locator("main form .btn-primary"))
    # Nothing is left to count: the page says so, and offers no button.
    at.open("councils:count", round_.pk)
    expect(at.page.locator("main form .btn-primary")).to_have_count(0)


@pytest.mark.parametrize("width", WIDTHS)
def test_from_the_board_to_the_result(desk, round_, width, thu):
    judging.count(round_)
    for entry in round_.entries.all():
        round_.accept_spread(entry, by=thu, reason="Hội đồng đã thảo luận")
    at = desk(thu, width)
    at.open("councils:round", round_.pk)
    at.follow(at.page.locator("main a.btn-primary"))
    at.follow(at.page.locator("main form .btn-primary"))
    at.page.locator(".results progress").wait_for()
    run_waiting()
    # The page asks by itself, and stops when all is done.
    at.page.locator(".results .done-mark").nth(1).wait_for()
    at.look()
    assert at.page.locator(".results progress").count() == 0
    assert closing.Closing.objects.count() == 1
    assert not Scoresheet.objects.exclude(state="submitted").exists()
    at.open("councils:reopen", round_.pk)
