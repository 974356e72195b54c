"""A list is taken out with the buttons beside it, on a phone and at a desk."""

import pytest
from playwright.sync_api import expect

from cycle import clock
from tests.world import open_dossier

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", (390, 1280))
def test_columns_are_ticked_a_file_comes_and_a_text_is_copied(desk, width, cycle, commune, an):
    open_dossier(cycle, commune, an)
    at = desk(an, width)
    at.page.locator(".export > summary").click()
    at.look()
    at.page.get_by_label("Mã số", exact=True).uncheck()
    with at.page.expect_download() as coming:
        at.page.get_by_role("button", name="Xuất XLSX").click()
    assert coming.value.suggested_filename == f"hop-viec-{clock.today():%Y-%m-%d}.xlsx"
    at.follow(at.page.get_by_role("button", name="Chép gửi Zalo"))
    text = at.page.get_by_label("Phần 1").input_value()
    assert text.startswith(f"Hộp việc, {clock.today():%d/%m/%Y}\n\nXã Nà Tấu:\n1. Mật ong rừng")
    at.page.get_by_role("button", name="Chép", exact=True).click()
    expect(at.page.get_by_role("button", name="Đã chép")).to_be_visible()
    at.follow(at.page.get_by_role("link", name="Về danh sách"))
    at.page.locator(".export > summary").click()
    expect(at.page.get_by_label("Mã số", exact=True)).not_to_be_checked()
    at.open("dossiers:missing")
