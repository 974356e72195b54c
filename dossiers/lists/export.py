"""Lists that are taken out of the house (xuất danh sách): which, their columns, the record.

A list is registered once, beside what reads it; the page, the file and the text for a chat then say
the same of the same rows, found through the person who asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import exports
from cycle.models import HistoryEntry, Office
from dossiers.lists import coverage, ending, files, inbox, missing, overdue, potential
from dossiers.lists.filters import Column
from dossiers.models import CaseType, OutreachKind, ProductGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from cycle.models import User
    from dossiers.lists.filters import Exportable

    Open = Callable[[User, Mapping[str, str], int | None], Exportable]
    #: Of a row: under which heading it stands in a chat, and its line.
    Said = Callable[[Any], tuple[str, str]]

EVENT = "list.export"
CSV, XLSX, CHAT = "csv", "xlsx", "chat"


@dataclass(frozen=True)
class Exported:
    """A list that can be taken out. ``open`` finds its rows through the user, by what the address
    says, and raises Http404 for a stranger; ``page`` is the name of the page that shows it.
    """

    name: str
    title: str | Promise
    page: str
    columns: tuple[Column, ...]
    open: Open
    said: Said | None = None
    #: Whether it is a list of one thing, whose number its address has.
    of_one: bool = False
    #: The numbers in the address of its page, given that of the one thing.
    place: Callable[[int], list[int]] = lambda pk: [pk]

    def address(self, pk: int | None) -> str:
        """The address of the page that shows it."""
        return reverse(self.page, args=[] if pk is None else self.place(pk))

    def chosen(self, names: Collection[str] | None) -> list[Column]:
        """The columns of these names in the order of the list; without any, those of habit."""
        found = [column for column in self.columns if column.name in (names or ())]
        return found or [column for column in self.columns if column.chosen]


_lists: dict[str, Exported] = {}


def register(found: Exported) -> None:
    """Let this list be taken out. Raises ValueError for a name given twice."""
    if found.name in _lists:
        raise ValueError(f"{found.name} is registered twice")
    _lists[found.name] = found


def registered() -> dict[str, Exported]:
    """All lists by their names."""
    return dict(_lists)


def record(found: Exported, rows: Exportable, *, by: User, how: str, query: str,
           columns: Sequence[Column]) -> None:  # fmt: skip
    """Write down who takes which rows out, before the first of them leaves the house."""
    with translation.override("vi"), transaction.atomic():
        HistoryEntry.objects.record(
            EVENT,
            Office(str(found.title)),
            by=by,
            list=found.name,
            format=how,
            filter=query[:500],
            rows=len(rows.numbers),
            columns=[column.name for column in columns],
        )


def content(
    found: Exported, rows: Exportable, columns: Sequence[Column], how: str
) -> Iterator[bytes]:
    """The file of these rows, piece by piece; in Vietnamese, as all that leaves the office."""
    with translation.override("vi"):
        heads, title = [str(column.heading) for column in columns], str(found.title)
    batches = _cells(rows, columns)
    if how == CSV:
        return exports.csv_of(heads, batches)
    return exports.xlsx_of(title, heads, batches)


def _cells(rows: Exportable, columns: Sequence[Column]) -> Iterator[exports.Rows]:
    batches = rows.batches()
    # Words of the product come again in every row: each is looked up once. Kept is the promise
    # too, so that its address stays its own.
    words: dict[int, tuple[Promise, str]] = {}

    def cell(value: Any) -> exports.Cell:
        if not isinstance(value, Promise):
            return value
        if id(value) not in words:
            words[id(value)] = value, str(value)
        return words[id(value)][1]

    while True:
        # Entered and left between two pieces: while one is sent, the thread may serve another page.
        with translation.override("vi"):
            batch = next(batches, None)
            if batch is None:
                return
            table = [[cell(column.value(row)) for column in columns] for row in batch]
        yield table


# --- The lists of every day ---------------------------------------------------------------------


def _of(key: str) -> Callable[[Any], Any]:
    """What a row that is a dict has under ``key``."""
    return lambda row: row[key]


def _step(row: dict[str, Any]) -> Any:
    return row["step"].label if row["step"] else ""


def _waits(row: dict[str, Any]) -> str:
    return row["waiting_reason"] if row["waiting_since"] else ""


_FILES = (
    Column("code", _("Mã số"), _of("code")),
    Column("product", _("Sản phẩm"), _of("product_name")),
    Column("producer", _("Chủ thể"), _of("producer")),
    Column("representative", _("Người đại diện"), _of("representative"), chosen=False),
    Column("phone", _("Điện thoại"), _of("phone"), chosen=False),
    Column("group", _("Nhóm sản phẩm"), lambda row: ProductGroup(row["group"]).label, chosen=False),
    Column("commune", _("Xã, phường"), _of("commune_name")),
    Column("cycle", _("Chu trình"), _of("cycle_title")),
    Column("case_type", _("Loại hồ sơ"), lambda row: CaseType(row["case_type"]).label,
           chosen=False),
    Column("step", _("Bước"), _step),
    Column("state", _("Trạng thái"), lambda row: row["state"].label),
    Column("stars", _("Hạng sao"), _of("stars")),
    Column("task", _("Việc tiếp theo"), lambda row: row.get("title", "")),
    Column("unit", _("Đơn vị xử lý"), _of("unit")),
    Column("due_on", _("Hạn xử lý"), _of("due_on")),
    Column("due", _("Còn lại"), lambda row: row["due"].words if "due" in row else ""),
)  # fmt: skip

_INBOX = (
    Column("kind", _("Loại việc"), lambda row: row["kind"].label, chosen=False),
    Column("task", _("Việc cần làm"), _of("title")),
    Column("code", _("Mã số"), _of("code")),
    Column("product", _("Sản phẩm"), _of("product")),
    Column("producer", _("Chủ thể"), _of("producer")),
    Column("commune", _("Xã, phường"), _of("commune")),
    Column("unit", _("Đơn vị xử lý"), _of("unit")),
    Column("opened_at", _("Giao lúc"), _of("opened_at"), chosen=False),
    Column("step", _("Bước"), _of("step"), chosen=False),
    Column("due_on", _("Hạn xử lý"), _of("due_on")),
    Column("due", _("Còn lại"), lambda row: row["due"].words if "due" in row else ""),
    Column("owner", _("Người nhận"), lambda row: row["owner_name"] or row["owner_username"]),
    Column("waits", _("Chờ chủ thể vì"), _waits),
    Column("done", _("Đã làm"), lambda row: row.get("done", "")),
    Column("closed_at", _("Làm xong lúc"), _of("closed_at")),
)

_OVERDUE = (
    Column("what", _("Việc"), _of("what")),
    Column("step", _("Bước"), _of("step")),
    Column("clock", _("Loại hạn"),
           lambda row: overdue.Clock.LEGAL.label if row["legal"] else overdue.Clock.INTERNAL.label),
    Column("product", _("Sản phẩm"), _of("product")),
    Column("producer", _("Chủ thể"), _of("producer")),
    Column("unit", _("Đơn vị"), _of("unit_name")),
    Column("who", _("Người xử lý"), lambda row: row["who"] or row["role"]),
    Column("due_on", _("Hạn"), _of("due_on")),
    Column("original_due_on", _("Hạn ban đầu"), _of("original_due_on"), chosen=False),
    Column("days", _("Trễ (ngày làm việc)"), _of("days")),
    Column("standing", _("Tình trạng"),
           lambda row: (overdue.Standing.OPEN if row["open"] else overdue.Standing.DONE).label),
    Column("ended_on", _("Xong ngày"), lambda row: None if row["open"] else row["ended_on"]),
)  # fmt: skip


def _refiling(end: int) -> Callable[[Any], Any]:
    def of(row: dict[str, Any]) -> Any:
        days = row["certificate"].refiling
        return days[end] if days else None

    return of


def _called(name: str) -> Any:
    return lambda row: getattr(row["call"], name, None)


_ENDING = (
    Column("commune", _("Xã, phường"), _of("commune")),
    Column("before", _("Xã, phường trước sắp xếp"), _of("before")),
    Column("product", _("Sản phẩm"), lambda row: row["term"].dossier.product.name),
    Column("producer", _("Chủ thể"), lambda row: row["term"].dossier.product.producer.name),
    Column("phone", _("Điện thoại"), lambda row: row["term"].dossier.product.producer.phone),
    Column("number", _("Số giấy chứng nhận"), lambda row: row["certificate"].number),
    Column("stars", _("Hạng sao"), lambda row: row["certificate"].stars),
    Column("due_on", _("Hết hạn"), lambda row: row["term"].due_on),
    Column("left", _("Còn lại (ngày)"), _of("left")),
    Column("refile_from", _("Nộp đánh giá lại từ"), _refiling(0)),
    Column("refile_until", _("Nộp đánh giá lại đến hết"), _refiling(1)),
    Column("filed_at", _("Đã nộp hồ sơ mới"), lambda row: row["certificate"].filed_on),
    Column("called_on", _("Gọi lần cuối"), _called("called_on")),
    Column("said", _("Chủ thể trả lời"), _called("said"), chosen=False),
    Column("call_again_on", _("Hẹn gọi lại"), _called("call_again_on")),
)


_MISSING = (
    Column("unit", _("Xã, phường"), lambda row: row["unit"].name),
    Column("lack", _("Còn thiếu"), lambda row: row["lack"].label),
    Column("officers", _("Cán bộ phụ trách"),
           lambda row: "; ".join(str(officer) for officer in row["officers"])),
    Column("phone", _("Điện thoại"),
           lambda row: "; ".join(officer.phone for officer in row["officers"] if officer.phone)),
)  # fmt: skip


# --- What is said of them in a chat -------------------------------------------------------------


def _due_said(row: dict[str, Any]) -> tuple[str, str]:
    said = row["due"].words if "due" in row else row.get("done", "")
    about = f"{row['product']} ({row['producer']})" if row["producer"] else row["product"]
    asked = f"{about}: {row['title']}" if about else str(row["title"])
    return row["unit"] or "", f"{asked}, {said}" if said else asked


def _late_said(row: dict[str, Any]) -> tuple[str, str]:
    late = _now("trễ %(n)d ngày làm việc") % {"n": row["days"]}
    done = "" if row["open"] else _now(", đã xong")
    who = row["who"] or row["role"]
    return (
        row["unit_name"],
        f"{row['product']} ({row['producer']}): {row['what']}, {late}{done}"
        + (f" – {who}" if who else ""),
    )


def _ending_said(row: dict[str, Any]) -> tuple[str, str]:
    product, left, day = row["term"].dossier.product, row["left"], row["term"].due_on
    if row["certificate"].filed_on:
        said = _now("đã nộp hồ sơ mới")
    elif left < 0:
        said = _now("đã hết hạn %(n)d ngày") % {"n": -left}
    else:
        said = _now("còn %(n)d ngày") % {"n": left}
    stars = _now("%(n)d sao") % {"n": row["certificate"].stars}
    return (
        row["commune"],
        f"{product.name} ({product.producer.name}), {stars}: {said} ({day:%d/%m/%Y})",
    )


def _missing_said(row: dict[str, Any]) -> tuple[str, str]:
    officers = ", ".join(str(officer) for officer in row["officers"])
    return str(row["lack"].label), f"{row['unit'].name}{f' ({officers})' if officers else ''}"


def _had(kind: str) -> Any:
    return lambda row: next(cell.count for cell in row["cells"] if cell.kind == kind)


_COVERAGE = (
    Column("unit", _("Xã, phường"), lambda row: row["unit"].name),
    *(Column(kind, label, _had(kind)) for kind, label in OutreachKind.choices),
    Column("last", _("Lần gần nhất"),
           lambda row: max((cell.on for cell in row["cells"] if cell.on), default=None)),
    Column("potential", _("Sản phẩm tiềm năng"), _had(coverage.POTENTIAL)),
    Column("dossiers", _("Hồ sơ"), _had(coverage.DOSSIERS)),
)  # fmt: skip

_POTENTIAL = (
    Column("commune", _("Xã, phường"), lambda each: each.place),
    Column("before", _("Xã, phường trước sắp xếp"), lambda each: each.before),
    Column("product", _("Sản phẩm"), lambda each: each.name),
    Column("producer", _("Chủ thể"), lambda each: each.producer_name),
    Column("representative", _("Người đại diện"), lambda each: each.representative),
    Column("phone", _("Điện thoại"), lambda each: each.phone),
    Column("address", _("Địa chỉ"), lambda each: each.address, chosen=False),
    Column("group", _("Nhóm sản phẩm"), lambda each: each.get_group_display(), chosen=False),
    Column("wish", _("Nguyện vọng"), lambda each: each.wish),
    Column("source", _("Nguồn"), lambda each: each.get_source_display()),
    Column("event", _("Hoạt động tuyên truyền"), lambda each: str(each.event or ""), chosen=False),
    Column("surveyed_on", _("Ngày biết đến, khảo sát"), lambda each: each.surveyed_on),
    Column("state", _("Tình trạng"), lambda each: each.get_state_display()),
    Column("dossier", _("Hồ sơ"),
           lambda each: each.dossier.get_state_display() if each.dossier else ""),
    Column("reason", _("Lý do khép lại"), lambda each: each.reason, chosen=False),
)  # fmt: skip

register(Exported(
    "dossiers", _("Danh mục hồ sơ"), "dossiers:dossier_list", _FILES,
    lambda user, data, _pk: files.Register(user, inbox.Filters.of(data).at_start()),
))  # fmt: skip
register(Exported(
    "inbox", _("Hộp việc"), "dossiers:inbox", _INBOX,
    lambda user, data, _pk: inbox.Inbox(user, inbox.Filters.of(data).at_start()),
    _due_said,
))  # fmt: skip
register(Exported(
    "overdue", _("Sổ theo dõi quá hạn"), "dossiers:register", _OVERDUE,
    lambda user, data, _pk: overdue.OverdueRegister(user, overdue.Filters.of(data).at_start()),
    _late_said,
))  # fmt: skip
register(Exported(
    "ending", _("Giấy chứng nhận sắp hết hạn"), "dossiers:ending", _ENDING,
    lambda user, data, _pk: ending.Ending(user, ending.Filters.of(data).at_start()),
    _ending_said,
))  # fmt: skip
register(Exported(
    "missing", _("Xã còn thiếu"), "dossiers:missing", _MISSING,
    lambda user, data, _pk: missing.Missing(user, missing.Filters.of(data)),
    _missing_said,
))  # fmt: skip
register(Exported(
    "coverage", _("Độ phủ tuyên truyền"), "dossiers:coverage", _COVERAGE,
    lambda user, data, _pk: coverage.Coverage(user, coverage.Filters.of(data)),
))  # fmt: skip
register(Exported(
    "potential", _("Sản phẩm tiềm năng"), "dossiers:potential", _POTENTIAL,
    lambda user, data, _pk: potential.Potentials(user, potential.Filters.of(data).at_start()),
))  # fmt: skip
