"""What is typed is there again: after a closed tab, a look elsewhere, another act, a broken line."""

import time

import pytest
from playwright.sync_api import expect

from dossiers.law.states import LIVE
from dossiers.models import Draft, State
from tests.browser.driving import WIDTHS, scan
from tests.law_table import OF_THE_DISTRICT
from tests.standing import stand
from tests.world import events, open_task, person

pytestmark = pytest.mark.browser

WORDS = "Ong bạc hà nuôi dưới tán rừng già, ba mươi hộ ở bản Nà Luống cùng làm."
FIELD = '[name="register_idea-idea-description"]'


def until(true, seconds=30):
    """Wait until it is so; fails when it never is."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.1)


@pytest.mark.parametrize("width", WIDTHS)
def test_what_was_typed_is_there_when_the_tab_was_closed_until_the_act_is_done(
    desk, width, an, dossier
):
    at = desk(an, width)
    at.open("dossiers:task", open_task(dossier).pk)
    at.page.locator(FIELD).fill(WORDS)
    saved = at.page.locator(".draft", has_text="Đã lưu nháp lúc")
    expect(saved).to_be_visible()
    at.look()
    tab = at.page
    at.page = at.context.new_page()
    tab.close()
    at.open("dossiers:task", open_task(dossier).pk)
    expect(at.page.locator(FIELD)).to_have_value(WORDS)
    expect(at.page.locator(".draft-shown")).to_contain_text("Nháp của bạn lưu lúc")

    # Without a pause: a link and another form of the page wait for what was typed.
    at.page.locator(FIELD).fill(WORDS + " Một.")
    at.follow(at.page.locator(".tabs a").last)
    expect(at.page.locator(FIELD)).to_have_value(WORDS + " Một.")
    at.page.locator(FIELD).fill(WORDS + " Hai.")
    at.follow(at.page.locator('.quick button[value="claim"]'))
    expect(at.page.locator(FIELD)).to_have_value(WORDS + " Hai.")
    # Nor does leaving by the browser's own ways.
    at.page.locator(FIELD).fill(WORDS + " Ba.")
    at.open("dossiers:inbox")
    # What a page sends as it is left may arrive after the next page was asked for.
    until(lambda: " Ba." in str(Draft.objects.get().content))
    at.open("dossiers:task", open_task(dossier).pk)
    expect(at.page.locator(FIELD)).to_have_value(WORDS + " Ba.")

    at.act("register_idea")
    assert dossier.ideas.get().description == WORDS + " Ba."
    assert not Draft.objects.exists()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_form_of_every_task_begins_in_the_first_screen_or_one_and_a_half_on_a_phone(
    desk, width, dossier, province
):
    """What is asked, and the first thing that is typed or pressed; of the ways on where no form is
    open; who may not do it reads who does.
    """
    most, found = 800 if width > 768 else 1200, {}
    for state in LIVE - set(OF_THE_DISTRICT):
        for stars in (3, 5) if state == State.AWAITING_DECISION else (3,):
            result = {"stars": stars, "points_sum": stars * 128, "sheets": 7}
            dossier = stand(dossier, state, **(result if state == State.AWAITING_DECISION else {}))
            task = open_task(dossier)
            if task is None:
                continue
            doer = person(f"lam_{state}_{stars}", "Người Làm Việc", (task.role, task.org_unit))
            at = desk(doer, width)
            at.open("dossiers:task", task.pk)
            begins = at.page.evaluate(
                """() => {
                  const there = document.querySelector(".primary, .next-step, .others, .in-round ~ p");
                  const first = there?.querySelector(
                    "input:not([type=hidden]), select, textarea, .btn, summary"
                  );
                  return Math.round((first || there)?.getBoundingClientRect().top ?? 9999);
                }"""
            )
            found[f"{state} {stars}"] = begins
            at.page.close()
    assert {name: top for name, top in found.items() if top > most} == {}, found


@pytest.mark.parametrize("width", WIDTHS)
def test_papers_are_added_inside_the_task_and_what_was_typed_stays(desk, width, an, dossier):
    dossier = stand(dossier, State.ASSEMBLING)
    at = desk(an, width)
    at.open("dossiers:task", open_task(dossier).pk)
    general = at.page.locator('[name="submit_dossier-selfassessment-general"]')
    general.fill(WORDS)
    at.page.locator(".attach > summary").click()
    at.look()
    kind = at.page.locator('[name="attach_evidence-evidence-kind"]')
    kind.select_option("business_registration")
    at.fill("attach_evidence-evidence", title="Giấy đăng ký", file=[scan("1/GP"), scan("2/GP")])
    at.follow(at.page.locator('button[value="attach_evidence"]'))
    assert dossier.evidence.count() == 2
    expect(general).to_have_value(WORDS)


def test_a_broken_line_and_an_ended_sign_in_are_said_and_nothing_is_lost(desk, an, dossier):
    at = desk(an)
    at.open("dossiers:task", open_task(dossier).pk)
    at.context.set_offline(True)
    at.page.locator(FIELD).fill(WORDS)
    expect(at.page.locator(".draft").first).to_contain_text("mất kết nối")
    at.context.set_offline(False)
    expect(at.page.locator(".draft", has_text="Đã lưu nháp lúc")).to_be_visible()
    at.page.route("**/tasks/*/", lambda route: route.fulfill(status=502))
    at.page.locator(FIELD).fill(WORDS + " Một.")
    expect(at.page.locator(".draft").first).to_contain_text("máy chủ đang bận")
    at.page.unroute("**/tasks/*/")
    expect(at.page.locator(".draft", has_text="Đã lưu nháp lúc")).to_be_visible(timeout=15_000)
    # What htmx and the browser write of it themselves.
    broken = (
        "ERR_INTERNET_DISCONNECTED", "htmx:afterRequest", "htmx:sendError", "502",
        "htmx:responseError", "Response Status Error",
    )  # fmt: skip
    at.faults = [fault for fault in at.faults if not any(each in fault for each in broken)]

    at.context.clear_cookies(name="sessionid")
    at.page.locator(FIELD).fill(WORDS + " Sau.")
    button = at.page.locator(".draft button").first
    expect(at.page.locator(".draft").first).to_contain_text("Chưa lưu được nháp")
    at.follow(button)
    at.sign_in(an)
    expect(at.page.locator(FIELD)).to_have_value(WORDS + " Sau.")
    assert events(dossier) == ["dossier.open"]


def test_a_second_tab_does_not_overwrite_the_draft_of_the_first(desk, an, dossier):
    at = desk(an)
    at.open("dossiers:task", open_task(dossier).pk)
    other = at.context.new_page()
    other.goto(at.page.url)
    at.page.locator(FIELD).fill(WORDS)
    expect(at.page.locator(".draft", has_text="Đã lưu nháp lúc")).to_be_visible()
    other.locator(FIELD).fill("Trang cũ")
    expect(other.locator(".draft").first).to_contain_text("Một trang khác đã lưu nháp mới hơn")
    other.locator(FIELD).fill("Trang cũ, bấm tay")
    other.locator(".draft button").first.click()
    expect(other.locator(".draft", has_text="Đã lưu nháp lúc")).to_be_visible()
    assert Draft.objects.get().typed["register_idea-idea-description"] == "Trang cũ, bấm tay"
