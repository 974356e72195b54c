"""The pages that stand alone, when what makes the others may be broken: 400 and 503."""

import pytest
from playwright.sync_api import expect

from tests.browser.driving import WIDTHS
from tests.owning import owner

pytestmark = pytest.mark.browser


def refusals(at, number):
    """Chromium's own word on the number of the answer is no fault of the page."""
    assert all(str(number) in fault for fault in at.faults), at.faults
    at.faults.clear()


@pytest.mark.parametrize("width", WIDTHS)
def test_too_much_at_once_leads_back_to_work(desk, width, an):
    at = desk(an, width)
    at.page.evaluate(
        """() => {
          const form = document.querySelector("form[method=post]");
          for (let n = 0; n < 5001; n++) {
            const field = document.createElement("input");
            field.type = "hidden"; field.name = `n${n}`;
            form.append(field);
          }
          form.submit(); }"""
    )
    expect(at.page.locator("h1")).to_have_text("Nội dung gửi lên quá lớn")
    at.look()
    refusals(at, 413)
    at.follow(at.page.locator("main .btn-primary"))
    expect(at.page.locator("h1")).to_have_text("Hộp việc")


@pytest.mark.parametrize("width", WIDTHS)
def test_another_address_says_where_to_go(desk, width, settings):
    at = desk(width=width)
    settings.ALLOWED_HOSTS = ["ocop.example.vn"]
    at.open("account_login")
    expect(at.page.locator("h1")).to_have_text("Địa chỉ này không phải của hệ thống")
    expect(at.page.locator("main .btn")).to_have_count(0)
    refusals(at, 400)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_that_takes_too_long_is_asked_once_more(desk, width, an, dossier):
    at = desk(an, width)
    with owner() as somebody:
        somebody.execute("LOCK dossiers_product IN ACCESS EXCLUSIVE MODE")
        at.open("dossiers:dossier_list", query="?q=mat+ong")
        expect(at.page.locator("h1")).to_have_text("Mất quá nhiều thời gian")
    refusals(at, 503)
    at.follow(at.page.locator("main .btn-primary"))
    expect(at.find("Mật ong rừng Nà Tấu")).to_have_count(1)
