"""Why a term ends when it ends; needs no database."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from cycle import tables, workdays, written


def a_day(text: str) -> date:
    """A day, or argparse's own refusal."""
    try:
        return written.day(text)
    except written.NotADay as refused:
        raise argparse.ArgumentTypeError(str(refused)) from None


def a_length(text: str) -> Any:
    """A number and wd, d or m."""
    try:
        return workdays.parse_length(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"«{text}» không phải độ dài thời hạn: viết 15wd, 45d hoặc 36m"
        ) from None


class Command(BaseCommand):
    """Explain a term over the shipped calendar, with days off and worked added by hand."""

    help = "Giải thích một thời hạn: ngày bắt đầu, độ dài (15wd, 45d, 36m)."
    requires_system_checks: list = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("start", type=a_day, help="ngày bắt đầu, năm-tháng-ngày")
        parser.add_argument("length", type=a_length, help="15wd ngày làm việc, 45d ngày, 36m tháng")
        parser.add_argument("--off", type=a_day, action="append", default=[], help="thêm ngày nghỉ")
        parser.add_argument(
            "--worked", type=a_day, action="append", default=[], help="ngày vẫn làm việc"
        )
        parser.add_argument("--json", action="store_true")

    def handle(
        self, *, start: date, length: Any, off: list[date], worked: list[date], **options: Any
    ) -> None:
        calendar = shipped_calendar(off, worked)
        projection = calendar.project(start, *length)
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    {
                        "start": start.isoformat(),
                        "amount": projection.amount,
                        "unit": projection.unit,
                        "due_on": projection.due_on.isoformat(),
                        "skipped": [
                            {"day": day.isoformat(), "reason": reason}
                            for day, reason in projection.skipped
                        ],
                    },
                    ensure_ascii=False,
                )
            )
            return
        self.stdout.write(f"Từ {start:%d/%m/%Y}, ngày đầu không tính.")
        for day, reason in projection.skipped:
            self.stdout.write(f"  không tính {day:%d/%m/%Y}: {reason}")
        self.stdout.write(f"Hạn: hết ngày {projection.due_on:%d/%m/%Y}.")


def shipped_calendar(off: Iterable[date], worked: Iterable[date]) -> workdays.Calendar:
    """The calendar of data/days_off.csv; ``off`` and ``worked`` overrule it, day by day."""
    days: dict[date, tuple[bool, str]] = {}
    for _line, row in tables.read(
        tables.DATA / "days_off.csv", ["day", "worked", "name", "document"]
    ):
        reason = row["name"] + (f" ({row['document']})" if row["document"] else "")
        days[written.day(row["day"])] = (row["worked"] == "x", reason)
    days |= dict.fromkeys(off, (False, "ngày nghỉ (nhập tay)"))
    days |= dict.fromkeys(worked, (True, ""))
    return workdays.Calendar(
        off=frozenset(day for day, (is_worked, _) in days.items() if not is_worked),
        worked=frozenset(day for day, (is_worked, _) in days.items() if is_worked),
        names={day: reason for day, (is_worked, reason) in days.items() if not is_worked},
    )
