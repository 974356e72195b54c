"""The clerk's desk: numbers put right, the registers, and scans that are missing."""

import pytest
from playwright.sync_api import expect

from cycle import clock
from cycle.models import Document, Role
from dossiers.models import Certificate
from dossiers.walk import doors
from tests import records
from tests.browser.driving import WIDTHS
from tests.unnumbered import waiting
from tests.world import person

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", WIDTHS)
def test_numbers_are_put_right_and_scans_added(desk, width, cycle, commune, an, province, tmp_path):
    clerk = person("van_thu", "Lò Văn Thư", (Role.CLERK, province))
    given = waiting(cycle, commune, an, ["Chè Shan tuyết cổ thụ", "Gạo séng cù", "Mật ong"])
    for each, number in zip(given, ("2/GCN", "1/GCN", "3/GCN"), strict=True):
        record = records.number(number=number)
        doors.act(each.dossier.process, "number_certificate", by=clerk, record=record)
    report = Document(
        number="12/BC-SNN", kind="report", direction="outgoing", signed_on=clock.today(),
        signer="Trần Công Sơn", signer_capacity="Giám đốc", at=clock.now(), issuer=province,
        subject="Báo cáo kết quả đánh giá lại sản phẩm của các xã trong quý",
    )  # fmt: skip
    report.save()
    at = desk(clerk, width)
    at.open("dossiers:numbers_of", given[0].decision.document_id)
    at.follow(at.page.get_by_role("link", name="Sửa số"))
    at.page.locator("[name=column]").fill("1/GCN\n2/GCN\n")
    at.page.locator("[name=reason]").fill("Dán lệch dòng")
    at.follow(at.page.locator("[name=step]"))
    expect(at.page.locator(".many-plan li")).to_have_count(3)
    at.follow(at.page.locator("[name=sure]"))
    expect(at.page.locator("#messages .notice-success")).to_contain_text("Đã sửa số của 3")
    assert [each.number for each in Certificate.objects.order_by("pk")] == ["1/GCN", "2/GCN", ""]

    at.open("dossiers:documents")
    expect(at.page.locator("section")).to_contain_text(["12/BC-SNN"])
    at.follow(at.page.get_by_role("link", name="Bản in"))
    at.open("dossiers:documents", query="?q=quy&twice=1")
    expect(at.page.locator(".empty")).to_be_visible()
    at.open("dossiers:documents")
    at.follow(at.page.get_by_role("link", name="Thêm bản chụp còn thiếu"))
    for name in ("12-BC-SNN.pdf", "scan0002.pdf"):
        (tmp_path / name).write_bytes(f"%PDF-1.7 obj {name} %%EOF\n".encode())
    at.page.locator("[name=scans]").set_input_files(
        [tmp_path / "12-BC-SNN.pdf", tmp_path / "scan0002.pdf"]
    )
    at.follow(at.page.locator("[name=step]"))
    expect(at.page.locator(".many-plan li")).to_have_count(1)
    at.follow(at.page.locator("[name=sure]"))
    expect(at.page.locator("#messages .notice-success")).to_be_visible()
    assert report.in_force.scan_filename == "12-BC-SNN.pdf"

    # Work that is no task of a dossier: nothing to tick, no empty place with a dot before it.
    at.open("dossiers:inbox")
    expect(at.page.locator(".list .go")).to_have_count(2)
    expect(at.page.locator(".bulk .all")).to_be_hidden()
    place = at.page.locator(".list td.where").last
    assert place.evaluate("cell => getComputedStyle(cell, '::before').content") == "none"
