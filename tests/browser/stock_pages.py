"""The way of a list through the pages: sent, checked, entered on its paper."""

import os
from pathlib import Path

from cycle.models.job import run_waiting
from dossiers.models import StockBatch
from tests.stock_sheets import book, row_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def shot(at, name):
    """A picture for who asked for one."""
    if folder := os.environ.get("OCOP_PICTURES"):
        at.page.screenshot(path=Path(folder, f"{name}-{at.width}.png"), full_page=True)


def sent(at, kind, heads, rows):
    """The list, sent and checked."""
    at.open("dossiers:stock")
    at.page.get_by_label("Danh sách gì", exact=True).select_option(kind)
    content = book([row_of(row, heads) for row in rows], heads=heads)
    at.page.locator("#id_file").set_input_files(
        {"name": f"{kind}.xlsx", "mimeType": XLSX, "buffer": content}
    )
    at.follow(at.page.get_by_role("button", name="Tải danh sách lên"))
    shot(at, f"{kind}-columns")
    at.follow(at.page.get_by_role("button", name="Kiểm tra danh sách"))
    run_waiting()
    at.open("dossiers:stock_batch", StockBatch.objects.latest("pk").pk)
    shot(at, f"{kind}-checked")


def enter(at, kind):
    """The list, entered on its paper."""
    at.page.get_by_label("Số và ký hiệu văn bản").fill("88/BC-VPĐP")
    at.page.get_by_label("Ngày ký").fill("05/01/2026")
    at.page.get_by_label("Người ký", exact=True).fill("Nguyễn Văn Lãnh")
    at.page.get_by_label("Chức vụ người ký").fill("Chánh Văn phòng")
    at.page.get_by_label("Bản chụp văn bản").set_input_files(
        {"name": "88.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 danh sach obj %%EOF"}
    )
    at.press("commit")
    run_waiting()
    at.open("dossiers:stock_batch", StockBatch.objects.latest("pk").pk, query="?rows=all")
    shot(at, f"{kind}-entered")
