"""Load days off and weekend days worked instead (ngày nghỉ, ngày làm bù)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from cycle import tables, written
from cycle.models import Configuration, DayOff, HistoryEntry


class Command(BaseCommand):
    """Load the calendar; days already there stay as they are."""

    help = "Nạp ngày nghỉ, ngày làm bù từ tệp CSV: day, worked (x), name, document."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", nargs="?", type=Path, default=tables.DATA / "days_off.csv", help="tệp CSV"
        )
        parser.add_argument(
            "--keep",
            action="store_true",
            help="giữ ngày mà văn phòng đã sửa khác với tệp, thay vì từ chối",
        )

    @transaction.atomic
    def handle(self, *, file: Path, keep: bool = False, **options: Any) -> None:
        """Raises :class:`~cycle.tables.RowRefused`; nothing is then loaded."""
        known = dict(DayOff.objects.values_list("day", "worked"))
        lines: dict[date, tuple[int, bool]] = {}
        added = []
        for line, row in tables.read(file, ["day", "worked", "name", "document"]):
            try:
                day = tables.day(row["day"])
            except written.NotADay as refused:
                raise tables.RowRefused(file, line, f"«{row['day']}»: {refused}") from None
            if wrong := written.out_of_time(day):
                raise tables.RowRefused(file, line, wrong)
            shown = f"{day:%d/%m/%Y}"
            worked = tables.is_marked(row["worked"])
            if worked is None:
                raise tables.RowRefused(file, line, "cột worked chỉ để trống hoặc ghi x.")
            if not row["name"]:
                raise tables.RowRefused(file, line, f"ngày {shown} thiếu tên.")
            if worked and day.weekday() < 5:
                raise tables.RowRefused(
                    file, line, f"ngày làm bù {shown} không phải thứ Bảy, Chủ nhật."
                )
            if day in lines:
                first, as_worked = lines[day]
                fault = "trùng" if as_worked == worked else "mâu thuẫn"
                raise tables.RowRefused(file, line, f"ngày {shown} {fault} với dòng {first}.")
            lines[day] = line, worked
            if day not in known:
                added.append(
                    DayOff(day=day, worked=worked, name=row["name"], document=row["document"])
                )
            elif known[day] != worked and not keep:
                now = "làm việc" if known[day] else "nghỉ"
                raise tables.RowRefused(
                    file, line, f"ngày {shown} mâu thuẫn với lịch đang dùng (đang là ngày {now})."
                )
        DayOff.objects.bulk_create(added)
        if added:
            HistoryEntry.objects.record(
                "calendar.load",
                Configuration("Lịch nghỉ"),
                file=file.name,
                rows=len(added),
                document="; ".join(dict.fromkeys(each.document for each in added if each.document)),
            )
        self.stdout.write(f"{file.name}: {len(lines)} ngày, mới {len(added)}.")
