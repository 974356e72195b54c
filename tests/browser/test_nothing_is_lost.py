"""A double click, a second tab, Back, an expired session, no script: one act, and no word lost."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from dossiers.models import State
from tests.browser.driving import WIDTHS, reread
from tests.world import events, open_task

pytestmark = pytest.mark.browser

WORDS = "Ong bạc hà nuôi dưới tán rừng già, ba mươi hộ ở bản Nà Luống cùng làm."
FIELD = '[name="register_idea-idea-description"]'
BUTTON = 'button[value="register_idea"]'


def test_a_double_click_is_one_act_and_back_does_no_second(desk, an, dossier):
    at = desk(an)
    at.open("dossiers:task", open_task(dossier).pk)
    at.page.locator(FIELD).fill(WORDS)
    # A look at the file and Back: the words are still there.
    at.follow(at.page.locator(".whose a"))
    at.page.go_back()
    expect(at.page.locator(FIELD)).to_have_value(WORDS)

    with at.page.expect_navigation():
        at.page.locator(BUTTON).dblclick()
    expect(at.page.locator("#messages .notice-success")).to_be_visible()
    assert events(dossier) == ["dossier.open", "dossier.register_idea"]

    at.page.go_back()
    at.look()
    if at.page.locator(BUTTON).count():
        at.press("register_idea")
    # Either way: it is done, who did it, and the way on.
    expect(at.page.locator("main .notice")).to_contain_text("Lò Thị An")
    assert events(dossier) == ["dossier.open", "dossier.register_idea"]
    at.follow(at.page.locator("main .btn-primary"))
    expect(at.page.locator('button[value="screen_idea"]')).to_be_visible()


def test_a_second_tab_is_told_who_did_it(desk, an, yen, dossier):
    task = open_task(dossier)
    mine, hers = desk(an), desk(yen, 390)
    for at in (mine, hers):
        at.open("dossiers:task", task.pk)
        at.page.locator(FIELD).fill(WORDS)
    mine.act("register_idea")
    hers.press("register_idea")

    expect(hers.page.locator("main .notice")).to_contain_text("Lò Thị An")
    task.refresh_from_db()
    done = timezone.localtime(task.closed_at)
    expect(hers.page.locator("main .notice")).to_contain_text(f"{done:%H:%M}")
    expect(hers.page.locator("main .notice")).to_contain_text(f"{done:%d/%m/%Y}")
    assert events(dossier) == ["dossier.open", "dossier.register_idea"]
    assert dossier.ideas.count() == 1


@pytest.mark.parametrize("width", WIDTHS)
def test_an_expired_session_keeps_what_was_typed(desk, width, an, dossier):
    at = desk(an, width)
    at.open("dossiers:task", open_task(dossier).pk)
    at.page.locator(FIELD).fill(WORDS)
    # The same person types in a second tab, which signs in first.
    other = at.context.new_page()
    other.goto(at.page.url)
    other.locator(FIELD).fill(WORDS)
    at.context.clear_cookies(name="sessionid")

    at.press("register_idea")
    at.sign_in(an)
    expect(at.page.locator(FIELD)).to_have_value(WORDS)
    assert events(dossier) == ["dossier.open"]

    # The tab from before the sign-in: nothing is done behind anybody's back, nothing is lost.
    with other.expect_navigation():
        other.locator(BUTTON).click()
    expect(other.locator(FIELD)).to_have_value(WORDS)
    assert events(dossier) == ["dossier.open"]

    at.act("register_idea")
    reread(dossier)
    assert dossier.state == State.IDEA_REGISTERED
    assert dossier.ideas.get().description == WORDS


@pytest.mark.parametrize("width", WIDTHS)
def test_without_a_script_a_task_is_claimed_and_done(desk, width, an, dossier):
    at = desk(an, width, java_script_enabled=False)
    row = at.find("Mật ong rừng Nà Tấu")
    at.follow(row.locator('button[name="one"]'))
    expect(at.page.locator("#messages")).to_contain_text("Mật ong rừng Nà Tấu")
    assert open_task(dossier).owner == an

    at.follow(row.locator(".go"))
    at.press("register_idea")
    wrong = at.page.locator(".field-wrong", has=at.page.locator(FIELD))
    expect(wrong.locator(".field-error")).to_be_visible()
    at.page.locator(FIELD).fill(WORDS)
    at.act("register_idea")
    assert events(dossier)[-1] == "dossier.register_idea"

    # Filters, tabs and the menu need no script either.
    at.open("dossiers:inbox")
    filters = at.page.locator(".filters > summary")
    if filters.is_visible():
        filters.click()
    at.page.locator("#q").fill("khong co gi")
    at.follow(at.page.locator(".filter-line button"))
    expect(at.page.locator(".list .go")).to_have_count(0)
    at.sign_out()
