"""Lists of recognised products as offices make them, and the way of one through the office."""

import csv
import io
import os
import signal
import time
import unicodedata
from datetime import date

import openpyxl
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import connections

from cycle import files
from cycle.management.commands.load_reference import UNITS
from cycle.models import Document, Job, OrgUnit
from cycle.models.job import run_waiting
from cycle.tables import DATA
from dossiers.models import StockBatch
from dossiers.office.stock import work

HEADS = (
    "STT",
    "Tên sản phẩm",
    "Nhóm sản phẩm",
    "Chủ thể",
    "Điện thoại",
    "Xã, phường",
    "Huyện",
    "Số giấy chứng nhận",
    "Cơ quan cấp",
    "Số quyết định",
    "Ngày quyết định",
    "Hạng sao",
    "Ngày hết hạn",
    "Tình trạng",
)
#: A row whose every cell is right: of before the merger, by the district, under QĐ 148.
GOOD = {
    "Tên sản phẩm": "Cà phê Arabica Mường Ảng",
    "Nhóm sản phẩm": "Đồ uống",
    "Chủ thể": "HTX Cà phê Ẳng Nưa",
    "Điện thoại": "0912345678",
    "Xã, phường": "Xã Ẳng Nưa",
    "Huyện": "Huyện Mường Ảng",
    "Số giấy chứng nhận": "12/GCN-UBND",
    "Cơ quan cấp": "UBND huyện Mường Ảng",
    "Số quyết định": "345/QĐ-UBND",
    "Ngày quyết định": date(2024, 3, 3),
    "Hạng sao": "3 sao",
    "Ngày hết hạn": date(2027, 3, 3),
    "Tình trạng": "Còn hạn",
}
#: Others that are right beside it.
OTHERS = (
    {
        "Tên sản phẩm": "Chè Shan tuyết Tủa Chùa",
        "Nhóm sản phẩm": "Đồ uống",
        "Chủ thể": "Công ty TNHH Hướng Linh",
        "Xã, phường": "Sín Chải",
        "Huyện": "Tủa Chùa",
        "Số giấy chứng nhận": "07/GCN-UBND",
        "Cơ quan cấp": "UBND tỉnh Điện Biên",
        "Số quyết định": "1200/QĐ-UBND",
        "Ngày quyết định": "15/12/2023",
        "Hạng sao": "****",
    },
    {
        "Tên sản phẩm": "Cá tép dầu sấy Na Lay",
        "Nhóm sản phẩm": "Thực phẩm",
        "Chủ thể": "Hộ kinh doanh Lò Văn Pâng",
        "Xã, phường": "Phường Na Lay",
        "Huyện": "TX Mường Lay",
        "Số giấy chứng nhận": "01/GCN-UBND",
        "Cơ quan cấp": "UBND tỉnh",
        "Số quyết định": "1444/QĐ-UBND",
        "Ngày quyết định": "14/12/2021",
        "Hạng sao": 3,
    },
)


SURVEY_HEADS = (
    "STT", "Tên sản phẩm", "Nhóm sản phẩm", "Chủ thể", "Loại hình", "Người đại diện",
    "Điện thoại", "Xã", "Huyện", "Nguyện vọng", "Ngày khảo sát",
)  # fmt: skip
#: A row of a survey whose every cell is right.
SURVEYED = {
    "Tên sản phẩm": "Mật ong Ẳng Nưa",
    "Nhóm sản phẩm": "Thực phẩm",
    "Chủ thể": "Hộ Lò Văn Pâng",
    "Loại hình": "Hộ gia đình",
    "Người đại diện": "Lò Văn Pâng",
    "Điện thoại": 912345678,
    "Xã": "Xã Ẳng Nưa",
    "Huyện": "Mường Ảng",
    "Nguyện vọng": "Hỗ trợ bao bì, nhãn mác",
    "Ngày khảo sát": date(2026, 5, 14),
}
RUNNING_HEADS = (
    "STT", "Tên sản phẩm", "Nhóm sản phẩm", "Chủ thể", "Xã", "Huyện", "Tiến độ", "Từ ngày",
    "Loại hồ sơ", "Ngày nộp ý tưởng", "Ngày chấp nhận ý tưởng", "Văn bản chấp nhận ý tưởng",
    "Ngày nộp phương án", "Ngày duyệt phương án", "Số quyết định duyệt phương án",
    "Ngày hoàn thành triển khai", "Ngày nộp hồ sơ đánh giá",
)  # fmt: skip
#: A running dossier whose every cell is right: it writes its plan.
RUNNING = {
    "Tên sản phẩm": "Thịt sấy Ẳng Nưa",
    "Nhóm sản phẩm": "Thực phẩm",
    "Chủ thể": "HTX Ẳng Nưa",
    "Xã": "Xã Ẳng Nưa",
    "Huyện": "Mường Ảng",
    "Tiến độ": "Đang hoàn thiện phương án",
    "Ngày nộp ý tưởng": date(2026, 9, 1),
    "Ngày chấp nhận ý tưởng": date(2026, 11, 2),
    "Văn bản chấp nhận ý tưởng": "45/TB-VPĐP",
}


def surveyed(**changed):
    """The row of a survey with some cells otherwise."""
    return SURVEYED | changed


def running(**changed):
    """The running dossier with some cells otherwise."""
    return RUNNING | changed


def good(**changed):
    """The good row with some cells otherwise, by their heads with _ for spaces left out."""
    return GOOD | changed


def row_of(cells, heads=HEADS):
    return [cells.get(head, "") for head in heads]


def book(rows, *, heads=HEADS, above=(), below=(), shape=None):
    """An XLSX: lines above, heads, ``rows`` (dicts by head, or lists), lines below."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "Danh sách"
    for line in above:
        sheet.append(list(line))
    sheet.append(list(heads))
    for number, row in enumerate(rows, 1):
        sheet.append([number, *row_of(row, heads)[1:]] if isinstance(row, dict) else list(row))
    for line in below:
        sheet.append(list(line))
    if shape:
        shape(sheet)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def text(rows, *, heads=HEADS, delimiter=",", encoding="utf-8", form="NFC"):
    """The same as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(heads)
    for row in rows:
        writer.writerow(
            f"{cell:%d/%m/%Y}" if isinstance(cell, date) else cell for cell in row_of(row, heads)
        )
    return unicodedata.normalize(form, out.getvalue()).encode(encoding)


def load_units():
    """The communes of Điện Biên, of today and of before, with who succeeded whom."""
    for file, valid_from, valid_to, merged in UNITS["dien_bien"]:
        call_command(
            "load_units",
            DATA / file,
            valid_from=valid_from,
            valid_to=valid_to,
            merged=merged and DATA / merged,
            verbosity=0,
            stdout=io.StringIO(),
        )
    return OrgUnit.objects.get(level="province")


def paper(number="88/BC-VPĐP"):
    """What a batch is entered on."""
    made = Document(
        number=number,
        signed_on=date(2026, 1, 5),
        signer="Nguyễn Văn Lãnh",
        signer_capacity="Chánh Văn phòng",
    )
    made.hold(files.stage(ContentFile(f"%PDF-1.4 danh sach {number}".encode()), "88.pdf"))
    return {"document": made}


def uploaded(content, by, unit, name="danh sach.xlsx", kind="certificates"):
    return work.upload(content, name, by=by, unit=unit, kind=kind)


def checked(content, by, unit, name="danh sach.xlsx", kind="certificates", **settled):
    """A batch with its columns as proposed, checked."""
    batch = uploaded(content, by, unit, name, kind)
    return again(batch, by, **settled)


def again(batch, by, **settled):
    """The batch checked with what was settled."""
    work.ask_check(batch, by=by, **settled)
    run_waiting()
    return StockBatch.objects.get(pk=batch.pk)


def committed(content, by, unit, **settled):
    """A batch entered."""
    return enter(checked(content, by, unit, **settled), by)


def enter(batch, by):
    work.ask_commit(batch, by=by, **paper())
    run_waiting()
    return StockBatch.objects.get(pk=batch.pk)


def faults(batch, level="error"):
    """(cell, field) of all faults of a level."""
    return {
        (fault["cell"], fault["field"])
        for row in batch.rows.all()
        for fault in row.faults
        if fault["level"] == level
    }


def sentences(batch):
    return [fault["text"] for row in batch.rows.all() for fault in row.faults]


def killed_while_entering(batch, model, whole, times=10):
    """Kill so often whoever enters the batch, later each time; then let it be entered. How often
    nothing was half there.
    """
    right = 0
    for kill in range(times):
        # That it ends after so many attempts is another rule.
        Job.objects.update(attempts=0)
        connections.close_all()
        child = os.fork()
        if child == 0:  # pragma: no cover
            try:
                run_waiting()
            finally:
                os._exit(0)
        time.sleep(0.02 + kill * 0.04)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        right += model.objects.count() in (0, whole)
    until = time.monotonic() + 30
    while StockBatch.objects.get(pk=batch.pk).state != "committed" and time.monotonic() < until:
        run_waiting()
        time.sleep(0.05)
    return right
