"""Print the report of a cycle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cycle.models import Cycle
from dossiers.office.reports import CycleReport, questions

WORDS = {
    "year": "Năm",
    "products": "Sản phẩm tham gia",
    "producers": "Chủ thể",
    "districts": "Huyện tham gia",
    "districts_proposing": "Huyện có sản phẩm đề nghị lên tỉnh",
    "communes": "Xã, phường tham gia",
    "communes_proposing": "Xã, phường có sản phẩm đề nghị lên tỉnh",
    "entered_as_existing": "Vào muộn vì là sản phẩm có sẵn",
    "from_idea": "Bắt đầu từ đăng ký ý tưởng",
    "bypassed_commune": "Không qua xã",
    "proposed": "Đề nghị lên tỉnh",
    "certified": "Được công nhận",
    "not_recognised": "Chưa công nhận",
    "revoked": "Đã thu hồi trong năm",
    "target_new": "Chỉ tiêu sản phẩm mới",
    "achieved_percent": "Đạt chỉ tiêu (%)",
    "target_upgrades": "Chỉ tiêu nâng hạng",
    "upgrades": "Được nâng hạng (tăng sao)",
    "reevaluated": "Được công nhận sau đánh giá lại",
}


class Command(BaseCommand):
    """Print the report of a year's cycle, counted from its dossiers and their history."""

    help = "Tính báo cáo của một chu trình từ hồ sơ và nhật ký xử lý."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("year", type=int, help="năm")
        parser.add_argument("--title", help="tên chu trình, khi năm ấy có nhiều chu trình")
        parser.add_argument("--json", action="store_true", help="in dạng JSON trên một dòng")

    def handle(self, *, year: int, title: str | None, json: bool, **options: Any) -> None:
        """Raises CommandError unless exactly one cycle is meant."""
        cycles = Cycle.objects.filter(year=year)
        # A cycle with assumed data counts only when its title is given.
        cycles = cycles.filter(title=title) if title else cycles.filter(assumed=False)
        if not cycles:
            raise CommandError(f"Không có chu trình nào của năm {year}.")
        if len(cycles) > 1:
            names = ", ".join(f"«{cycle}»" for cycle in cycles)
            raise CommandError(f"Năm {year} có nhiều chu trình: {names}. Hãy chọn bằng --title.")
        report = CycleReport(cycles[0])
        self.stdout.write(as_json(report) if json else as_text(report))


def as_json(report: CycleReport) -> str:
    """One line, for machines."""
    return json.dumps(report.figures(), ensure_ascii=False)


def as_text(report: CycleReport) -> str:
    """A line per figure, for people."""
    figures = report.figures() | {"bypassed_commune": report.bypassed_commune.count()}
    certified = figures["certified"].items()
    figures["certified"] = ", ".join(f"{n} sản phẩm {star} sao" for star, n in certified) or "0"
    lines = [
        f"{words}: {'chưa giao' if figures[key] is None else figures[key]}"
        for key, words in WORDS.items()
    ]
    lines += [f"{questions()[code]}: {number}" for code, number in figures["outside"].items()]
    communes = [
        f"  {row['commune']}{_before(row)}: {row['dossiers']} hồ sơ, "
        f"{row['certified']} được công nhận"
        for row in report.by_commune()
    ]
    return "\n".join([*lines, "Theo xã, phường hiện nay:", *communes] if communes else lines)


def _before(row: Mapping[str, Any]) -> str:
    return f" (gồm {', '.join(row['before'])})" if row["before"] else ""
