"""Personal texts are erased from the history: the pages, wide and on a phone."""

import pytest
from django.db import transaction
from playwright.sync_api import expect

from cycle.appointing import Appointed
from cycle.models import HistoryEntry
from dossiers.models import Producer
from tests.browser.driving import WIDTHS
from tests.owning import update_as_owner

pytestmark = pytest.mark.browser

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def said_of(an, minh, dossier):
    """What may go of a producer and stays; what is long enough to be too wide."""
    maker = dossier.product.producer
    update_as_owner(Producer.objects.filter(pk=maker.pk), representative="Lường Thị Xưa")
    with transaction.atomic():
        record = HistoryEntry.objects.record
        record("person.leave", Appointed(an), by=minh, reason="Ốm nặng, gọi 0912 345 678 " * 9)
        record("producer.change", maker, by=an, reason="Sửa theo đơn của bà Lường Thị Xưa")
        record("dossier.return_idea", dossier, by=an, reason="Bà Lường Thị Xưa chưa ký")
    return maker


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_of_an_erasure(desk, width, an, minh, son, dossier):
    maker = said_of(an, minh, dossier)
    at = desk(son, width)
    at.open("dossiers:erasures")
    expect(at.page.locator("main .empty")).to_have_text("Chưa xóa gì.")
    at.page.fill("#q", "xua")
    at.follow(at.page.locator("main form button"))
    at.follow(at.page.locator("main a", has_text="Mường Thanh"))
    expect(at.page.locator("main")).to_contain_text("còn nộp lại, mở lại được")

    # Refused at its fields, what was typed stays.
    at.follow(at.page.locator("form.act .btn-danger"))
    expect(at.page.locator("form.act [aria-invalid=true]").first).to_be_visible()
    at.page.locator('[name="because"][value="request"]').check()
    at.page.fill('[name="reason"]', "Người này rút đồng ý")
    at.page.fill('[name="number"]', "12/ĐĐN")
    at.page.fill('[name="signed_on"]', "01/03/2026")
    at.page.fill('[name="signer"]', son.full_name)
    at.page.set_input_files(
        '[name="scan"]', {"name": "don.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    at.follow(at.page.locator("form.act .btn-danger"))
    expect(at.page.locator("main")).to_contain_text("Người ký phải là người khác")
    at.page.fill('[name="signer"]', "Lường Thị Xưa")
    at.follow(at.page.locator("form.act .btn-danger"))
    expect(at.page.locator(".asks")).to_contain_text("Xóa rồi không khôi phục được")
    at.follow(at.page.locator("form.act .btn-danger"))

    # The list of what was erased, with a row.
    expect(at.page.locator("main table.list tbody tr")).to_have_count(1)
    expect(at.page.locator("main table.list")).to_contain_text(str(maker))
    at.open("dossiers:erase_person", an.pk)
    expect(at.page.locator("form.act [name=texts]").first).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS)
def test_ones_own_page_says_who_erases_it(desk, width, son):
    at = desk(son, width)
    at.open("dossiers:erase_person", son.pk)
    expect(at.page.locator("main .notice-warning")).to_contain_text("Không ai tự xóa")
    assert all("403" in fault for fault in at.faults), at.faults
    at.faults.clear()
