"""The lists of what people are told, and of how the system fares, as files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock, written
from cycle.written import day_text
from dossiers.lists.export import Exported, register
from dossiers.lists.filters import Column, Counted, Exportable
from notifications import operations, sent, weekly
from notifications.news import Filters, News
from notifications.rules import has_a_post, runs_the_system

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from cycle.models import User
    from dossiers.models import Product


def _told(row: Any) -> str:
    if getattr(row, "term", ""):
        return f"{row.entry.sentence}: «{row.term}», {row.desk}"
    return str(row.entry.sentence)


def _about(row: Any) -> str:
    product = _product(row)
    if product is None:
        return row.entry.label
    if getattr(row, "dossier", None):
        return f"{product.name} {row.others}".strip()
    return f"{product.name}, {row.entry.label}"


def _product(row: Any) -> Product | None:
    dossier = getattr(row, "dossier", None)
    return dossier.product if dossier else getattr(row, "product", None)


_NEWS = (
    Column("at", _("Lúc"), lambda row: row.entry.at),
    Column("about", _("Về"), _about),
    Column("producer", _("Chủ thể"),
           lambda row: product.producer.name if (product := _product(row)) else ""),
    Column("who", _("Ai"), lambda row: row.entry.who or _now("Hệ thống")),
    Column("what", _("Việc"), _told),
    Column("due_on", _("Hạn"), lambda row: getattr(row, "due_on", None)),
    Column("reason", _("Lý do"), lambda row: row.entry.reason),
    Column("read_at", _("Đọc lúc"), lambda row: row.read_at),
)  # fmt: skip

# --- The week ---------------------------------------------------------------------------------


def _week(
    counted: Callable[[User, datetime], list[dict[str, Any]]],
) -> Callable[[User, Mapping[str, str], int | None], Exportable]:
    def opened(user: User, _data: Mapping[str, str], _pk: int | None) -> Exportable:
        if not has_a_post(user):
            raise Http404
        return Counted(counted(user, clock.now()))

    return opened


_WEEK_LATE = (
    Column("unit", _("Đơn vị"), lambda row: row["unit"]),
    Column("number", _("Việc quá hạn"), lambda row: row["number"]),
    Column("days", _("Lâu nhất (ngày làm việc)"), lambda row: row["days"]),
)
_WEEK_DUE = (
    Column("day", _("Ngày"), lambda row: written.day(row["day"])),
    Column("what", _("Việc"), lambda row: row["what"]),
    Column("product", _("Sản phẩm"), lambda row: row["product"]),
    Column("unit", _("Đơn vị"), lambda row: row["unit"]),
)


def _late_said(row: dict[str, Any]) -> tuple[str, str]:
    said = _now("%(number)d việc quá hạn, lâu nhất %(days)d ngày làm việc") % row
    return row["unit"], said


def _next_said(row: dict[str, Any]) -> tuple[str, str]:
    about = f"{row['product']}: " if row["product"] else ""
    return row["unit"], f"{about}{row['what']}, {_now('hạn')} {row['day']}"


# --- How the system fares -----------------------------------------------------------------------


def _operates(
    found: Callable[[], Exportable],
) -> Callable[[User, Mapping[str, str], int | None], Exportable]:
    def opened(user: User, _data: Mapping[str, str], _pk: int | None) -> Exportable:
        if not runs_the_system(user):
            raise Http404
        return found()

    return opened


def _message(row: Any) -> str:
    if row.notification:
        return str(row.about)
    if row.digest:
        return f"{_now('Bản «Hôm nay»')} {day_text(row.digest.day)}"
    return f"{_now('Báo cáo tuần')} {day_text(row.summary.week_on)}"


_INCIDENTS = (
    Column("about", _("Tin"), _message),
    Column("channel", _("Kênh"), lambda row: row.get_channel_display()),
    Column("recipient", _("Người nhận"), lambda row: str(row.recipient)),
    Column("attempts", _("Số lần thử"), lambda row: row.attempts),
    Column("error", _("Vì sao không gửi được"), lambda row: row.error),
)
_UNTOLD = (
    Column("about", _("Sự kiện"), lambda row: str(row.about)),
    Column("at", _("Lúc"), lambda row: row.entry.at),
    Column("error", _("Lỗi"), lambda row: row.error),
)
_FAILED = (
    Column("number", _("Số việc"), lambda row: row.pk),
    Column("title", _("Việc"), lambda row: row.title),
    Column("by", _("Người yêu cầu"), lambda row: str(row.by or _now("Hệ thống"))),
    Column("created_at", _("Lúc"), lambda row: row.created_at),
    Column("error", _("Lỗi"), lambda row: row.error),
)
_FAULTS = (
    Column("file", _("Tệp"), lambda row: row.sha256),
    Column("kind", _("Lỗi"), lambda row: row.get_kind_display()),
    Column("first_seen_at", _("Thấy lần đầu"), lambda row: row.first_seen_at),
    Column("seen_at", _("Thấy lần cuối"), lambda row: row.seen_at),
)


def _fared(row: Any) -> str:
    return "; ".join(
        f"{each.get_channel_display()}: {each.fared} {each.error}".strip()
        for each in row.deliveries.all()
    ) or str(row.unwritten)


_LETTERS = (
    Column("about", _("Tin"), lambda row: str(row.about)),
    Column("recipient", _("Người nhận"), lambda row: str(row.recipient)),
    Column("at", _("Lúc"), lambda row: row.created_at),
    Column("fared", _("Đã gửi thế nào"), _fared),
)
register(Exported(
    "letters_of_person", _("Thư đã gửi cho một người"), "notifications:letters_of_person", _LETTERS,
    lambda user, _data, pk: sent.of_person(user, pk or 0).found(), of_one=True,
))  # fmt: skip
register(Exported(
    "letters_of_dossier", _("Thư đã gửi về một hồ sơ"), "notifications:letters_of_dossier",
    _LETTERS, lambda user, _data, pk: sent.of_dossier(user, pk or 0).found(), of_one=True,
))  # fmt: skip
register(Exported(
    "news", _("Thông báo"), "notifications:news", _NEWS,
    lambda user, data, _pk: News(user, Filters.of(data).at_start()),
))  # fmt: skip
register(Exported(
    "week_late", _("Quá hạn theo đơn vị"), "notifications:week", _WEEK_LATE,
    _week(weekly.late_units), _late_said,
))  # fmt: skip
register(Exported(
    "week_due", _("Đến hạn tuần sau"), "notifications:week", _WEEK_DUE,
    _week(weekly.due_next_week), _next_said,
))  # fmt: skip
for _name, _title, _columns, _found in (
    ("incidents", _("Tin không gửi được"), _INCIDENTS, operations.incidents),
    ("untold", _("Sự kiện chưa báo được"), _UNTOLD, operations.untold),
    ("failed_jobs", _("Việc chạy nền bị lỗi"), _FAILED, operations.failed_jobs),
    ("file_faults", _("Tệp hỏng, mất"), _FAULTS, operations.file_faults),
):
    register(Exported(_name, _title, "notifications:operations", _columns, _operates(_found)))
