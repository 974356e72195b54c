"""The year opens at a desk and on a phone: refused, opened, a batch's windows moved, a duty changed."""

import os

import pytest
from playwright.sync_api import expect

from cycle.models import Cycle

pytestmark = pytest.mark.browser


def shot(at, name):
    """Keep a picture of the page, where somebody wants to look at it."""
    if folder := os.environ.get("OCOP_PICTURES"):
        at.page.screenshot(path=f"{folder}/{name}-{at.width}.png", full_page=True)


@pytest.mark.parametrize("width", (1280, 390))
def test_a_year_opens_and_is_planned(desk, width, rule_sets, minh, an):
    at = desk(minh, width)
    at.open("dossiers:cycles")
    shot(at, "empty")
    at.follow(at.page.locator("main").get_by_role("link", name="Mở chu trình"))
    at.page.get_by_label("Số và ký hiệu kế hoạch").fill("12/KH-UBND")
    at.page.get_by_label("Ngày ký").fill("20/11/2026")
    at.page.get_by_label("Người ký", exact=True).fill("Minh")
    at.page.get_by_label("Chức vụ người ký").fill("Phó Chủ tịch")
    at.page.get_by_label("Cơ quan ban hành").fill("UBND tỉnh Điện Biên")
    at.follow(at.page.get_by_role("button", name="Mở chu trình"))
    expect(at.page.locator(".error-summary")).to_contain_text("đủ họ và tên")
    shot(at, "refused")
    at.page.get_by_label("Người ký", exact=True).fill("Lò Văn Minh")
    year = 2027
    at.page.get_by_label("Năm", exact=True).fill("2027")
    at.page.get_by_label("Ngày đầu").fill("15/10/2026")
    at.page.get_by_label("Ngày cuối").fill("31/12/2027")
    at.follow(at.page.get_by_role("button", name="Mở chu trình"))
    expect(at.page.locator("#messages .notice-success")).to_be_visible()
    expect(at.page.locator(".strip").first).to_be_visible()
    shot(at, "year")

    made = Cycle.objects.get(year=year)
    batch = made.batches.first()
    at.open("dossiers:cycle_batch_windows", made.pk, batch.pk, query="?plan=1")
    shot(at, "plan")
    last = at.page.locator("#id_plan-commune-closes_on")
    kept = last.input_value()
    last.fill("1/1/2020")
    at.page.get_by_label("Lý do").fill("Tết đến sớm")
    at.page.get_by_label("Số, ngày văn bản").fill("15/KH-UBND ngày 20/11/2026")
    at.follow(at.page.get_by_role("button", name="Lưu", exact=True))
    expect(at.page.locator("#id_plan-commune-closes_on_error").first).to_be_visible()
    shot(at, "window-refused")
    at.page.locator("#id_plan-commune-closes_on").fill(kept)
    at.page.locator("#id_idea-commune-warn_days").fill("10")
    at.follow(at.page.get_by_role("button", name="Lưu", exact=True))
    expect(at.page.locator("#messages .notice-success")).to_be_visible()
    shot(at, "batch")
    at.open("dossiers:cycle_batch_edit", made.pk, batch.pk)
    shot(at, "batch-edit")
    at.open("dossiers:cycle_duties", made.pk)
    shot(at, "duties")
    at.follow(at.page.get_by_role("link", name="Sửa").first)
    shot(at, "duty")
    at.open("dossiers:cycle_take_back", made.pk)
    # On paper: the plan without what is pressed.
    at.open("dossiers:cycle", made.pk)
    at.page.emulate_media(media="print")
    expect(at.page.get_by_role("link", name="Lập đợt")).to_be_hidden()
    shot(at, "print")
    theirs = desk(an, width)
    theirs.open("dossiers:cycle", made.pk)
    expect(theirs.page.get_by_role("link", name="Lập đợt")).to_have_count(0)
