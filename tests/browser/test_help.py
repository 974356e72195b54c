"""The help at a desk, on a phone and on paper."""

import pytest
from playwright.sync_api import expect

from councils.help.book import slugs
from tests.browser.driving import WIDTHS

pytestmark = pytest.mark.browser

#: What is hard to read: the ratio of a text to what lies behind it, below what WCAG asks.
_PALE = """() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (part) => {
    for (let at = part; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$|transparent/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  for (const part of document.querySelectorAll("main *")) {
    const own = [...part.childNodes].some((each) => each.nodeType === 3 && each.data.trim());
    if (!own || !part.checkVisibility()) continue;
    const [a, b] = [light(getComputedStyle(part).color), light(behind(part))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) found.push(part.outerHTML.slice(0, 100));
  }
  return found;
}"""


@pytest.mark.parametrize("width", WIDTHS)
def test_an_officer_finds_what_to_do(desk, width, cycle, an):
    at = desk(an, width)
    offer = at.page.locator(".notice", has_text="Bạn mới dùng?")
    at.follow(offer.get_by_role("link", name="Xem hướng dẫn"))
    at.follow(at.page.locator(".help-mine").get_by_role("link", name="Cán bộ OCOP, cấp xã"))
    assert at.page.evaluate(_PALE) == []
    # From the table of terms to the task.
    at.page.locator(".list").get_by_role("link", name="Sơ tuyển ý tưởng").click()
    expect(at.page.locator("#screen_idea h3")).to_be_in_viewport()
    at.open("councils:help")
    at.page.get_by_label("Bạn muốn làm gì?").fill("nop phuong an")
    at.page.get_by_label("Bạn muốn làm gì?").press("Enter")
    found = at.page.locator(".help-found a").first
    expect(found).to_have_text("Nộp phương án sản xuất kinh doanh")
    at.look()
    assert at.page.evaluate(_PALE) == []
    at.follow(found)
    expect(at.page.locator("#submit_plan h3")).to_be_in_viewport()
    # It was read: nothing is offered any more.
    at.open("dossiers:inbox")
    expect(offer).to_have_count(0)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_in_order_for_who_cannot_sign_in(desk, width, cycle):
    at = desk(None, width)
    at.open("account_login")
    at.follow(at.page.get_by_role("link", name="Hướng dẫn theo vai trò"))
    for slug in slugs():
        at.open("councils:help_page", slug)
        assert at.page.evaluate(_PALE) == []
    at.page.goto(f"{at.server}/help/?q=xyzzy")
    at.look()


def test_it_is_refused_at_a_press_and_prints_on_a_few_sheets(desk, cycle, an, chi, tmp_path):
    at = desk(chi)
    at.follow(at.page.get_by_role("button", name="Không cần hướng dẫn"))
    expect(at.page.locator(".notice", has_text="Bạn mới dùng?")).to_have_count(0)
    sheets = {}
    for slug in slugs():
        at.open("councils:help_page", slug)
        printed = at.page.pdf(prefer_css_page_size=True)
        sheets[slug] = printed.count(b"/Type /Page\n")
    # Whoever has most to do has six sheets; nobody an empty one.
    assert all(0 < number <= 6 for number in sheets.values()), sheets
