"""Lists come in at a desk and on a phone: a survey with a fault, running dossiers, what they become."""

import pytest
from playwright.sync_api import expect

from cycle.models import OrgUnit
from cycle.models.job import run_waiting
from dossiers.models import Potential, StockBatch
from tests.browser.driving import WIDTHS
from tests.browser.stock_pages import enter, sent, shot
from tests.stock_sheets import RUNNING, RUNNING_HEADS, SURVEY_HEADS, load_units, running, surveyed
from tests.world import open_cycle, person

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", WIDTHS)
def test_a_survey_and_running_dossiers_by_pages(desk, width, transactional_db, rule_sets):
    land = load_units()
    open_cycle(rule_sets["qd26_2026"], 2026)
    lan = person("lan", "Đào Thị Lan", ("officer", land))
    commune = OrgUnit.objects.get(name="Xã Mường Ảng", valid_to=None)
    ang = person("ang", "Lò Văn Ảng", ("officer", commune))
    at = desk(lan, width)
    at.open("dossiers:potential")
    shot(at, "potential-none")
    old = OrgUnit.objects.get(name="Xã Ẳng Nưa", valid_to__isnull=False)
    old.successors.add(OrgUnit.objects.get(name="Xã Nà Tấu", valid_to=None))
    rows = [surveyed(), surveyed(**{"Tên sản phẩm": "Chè dây", "Ngày khảo sát": "30/02/2026"})]
    sent(at, "potential", SURVEY_HEADS, rows)
    expect(at.page.locator("main")).to_contain_text("không có thật")
    sent(at, "potential", SURVEY_HEADS, rows[:1])
    at.page.get_by_label("Xã Ẳng Nưa, Huyện Mường Ảng", exact=True).select_option(
        label="Xã Mường Ảng"
    )
    at.page.get_by_label("Trừ các dòng").fill("99 Xã Nà Tấu")
    at.press("answers")
    expect(at.page.locator("main")).to_contain_text("Danh sách không có dòng 99.")
    shot(at, "potential-refused")
    at.page.get_by_label("Trừ các dòng").fill("")
    at.press("answers")
    run_waiting()
    at.open("dossiers:stock_batch", StockBatch.objects.latest("pk").pk)
    enter(at, "potential")

    sent(at, "running", RUNNING_HEADS, [
        running(Xã="Xã Mường Ảng", Huyện=""),
        running(**{"Tên sản phẩm": "Gạo", "Tiến độ": "Giai đoạn 2", "Xã": "Xã Mường Ảng",
                   "Huyện": ""}),
    ])  # fmt: skip
    at.page.get_by_label("Giai đoạn 2", exact=True).select_option(label="Đang triển khai")
    at.press("answers")
    run_waiting()
    at.open("dossiers:stock_batch", StockBatch.objects.latest("pk").pk)
    enter(at, "running")
    expect(at.page.locator(".list")).to_contain_text(RUNNING["Tên sản phẩm"])

    hers = desk(ang, width)
    hers.open("dossiers:potential")
    shot(hers, "potential-list")
    hers.follow(hers.page.locator(".list .go"))
    shot(hers, "potential-one")
    hers.follow(hers.page.get_by_role("link", name="Mở hồ sơ từ sản phẩm này"))
    expect(hers.page.locator("#id_product_name")).to_have_value("Mật ong Ẳng Nưa")
    shot(hers, "potential-opening")
    hers.open("dossiers:potential_one", Potential.objects.get().pk)
    hers.page.get_by_label("Lý do").fill("Ngừng nuôi ong")
    hers.follow(hers.page.locator('button[value="close"]'))
    expect(hers.page.locator("main")).to_contain_text("Đã khép lại")
    shot(hers, "potential-closed")
