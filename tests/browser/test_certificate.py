"""The public page of a certificate on a phone and on a desk, in all that it may say."""

import pytest
from playwright.sync_api import expect

from cycle import clock
from cycle.models import Visitor
from dossiers.models import Product
from dossiers.views import certificate as page_of_certificate
from tests.owning import update_as_owner
from tests.public_pages import keep
from tests.revoking import at as on
from tests.revoking import certify, revoke
from tests.unnumbered import waiting

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", (1280, 390, 360))
def test_all_that_a_certificate_may_say(desk, width, cast, cycle, commune, monkeypatch):
    given = certify(cycle, commune, cast["an"], cast["son"]).certificates.get()
    update_as_owner(
        Product.objects.all(), name="Mật ong bạc hà nguyên chất của rừng già Nà Tấu " * 3
    )
    at = desk(None, width)

    at.open("dossiers:certificate", given.token)
    expect(at.page.locator(".standing")).to_have_text("Đang có giá trị")
    at.follow(at.page.get_by_role("link", name="Mọi sản phẩm theo quyết định này"))
    expect(at.page.locator(".recognised li")).to_have_count(1)
    at.follow(at.page.get_by_role("link", name="Tra cứu theo số giấy chứng nhận"))
    at.page.locator("#number").fill("12/gcn")
    at.follow(at.page.locator(".look-up .btn"))
    expect(at.page.locator(".given")).to_have_count(1)
    at.page.locator("#number").fill("99/GCN")
    at.follow(at.page.locator(".look-up .btn"))
    expect(at.page.locator(".notice")).to_contain_text("Không tìm thấy")
    at.page.locator("#number").fill("")
    at.follow(at.page.locator(".look-up .btn"))
    expect(at.page.locator(".field-error")).to_be_visible()
    at.follow(at.page.locator(".language button"))
    at.follow(at.page.locator(".language button"))
    with clock.at(on(11, 10)):
        revoke(given.dossier, cast["minh"])
    at.open("dossiers:certificate", given.token)
    expect(at.page.locator(".standing")).to_have_text("Đã thu hồi ngày 10/11/2026")
    at_desk = desk(cast["minh"], width)
    at_desk.open("dossiers:dossier", given.dossier_id)
    at_desk.unfold()
    expect(at_desk.page.get_by_role("link", name="In mã QR")).to_be_visible()
    old = certify(cycle, commune, cast["an"], cast["son"], number="13/GCN")
    with clock.at(on(1, 2)):
        past = keep(old, number="3/GCN", stars=3, expires_on=on(2, 1).date())
    at.open("dossiers:certificate", past.token)
    expect(at.page.locator(".standing")).to_have_text("Đã hết hạn")
    monkeypatch.setattr(page_of_certificate, "LIMIT", 1)
    at.page.goto(f"{at.server}/certificates/")
    expect(at.page.locator(".notice-warning")).to_be_visible()
    Visitor.objects.all().delete()
    at.page.goto(f"{at.server}/c/unknown/")
    expect(at.page.locator("h1")).to_have_text("Không có giấy chứng nhận này")
    # The browser itself reports these two answers as errors.
    at.faults = [fault for fault in at.faults if "404" not in fault and "429" not in fault]


@pytest.mark.parametrize("width", (1280, 390))
def test_forty_numbers_are_pasted_looked_at_and_entered(desk, width, cast, cycle, commune):
    names = [f"Mật ong bạc hà nguyên chất của rừng già Nà Tấu {place:02}" for place in range(40)]
    given = waiting(cycle, commune, cast["an"], names)
    at = desk(cast["minh"], width)
    at.open("dossiers:inbox")
    at.follow(at.page.get_by_role("link", name="40 giấy chứng nhận chờ số"))
    column, look = at.page.locator("#id_column"), at.page.locator("button[name=step]")
    column.fill("\n".join(f"{place}/GCN-UBND" for place in range(1, 40)))
    at.follow(look)
    expect(at.page.locator(".error-summary")).to_contain_text("Cột có 39 số, mà có 40 giấy chờ số")
    column.fill(column.input_value() + "\n40/GCN-UBND")
    at.follow(look)
    expect(at.page.locator(".many-plan li")).to_have_count(40)
    at.follow(at.page.locator("button[name=sure]"))
    expect(at.page.locator("main")).to_contain_text("Đã ghi số cho 40 giấy chứng nhận.")
    given[-1] = type(given[-1]).objects.get(pk=given[-1].pk)
    assert given[-1].number == "40/GCN-UBND"
    at.follow(at.page.get_by_role("link", name="Mọi quyết định có giấy chờ số"))
    expect(at.page.locator(".empty")).to_be_visible()
