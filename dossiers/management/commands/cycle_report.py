"""Print the report of a cycle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cycle.models import Cycle
from dossiers.office import closing
from dossiers.office.reports import rows_of


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
        figures = closing.report_of(cycles[0])
        self.stdout.write(as_json(figures) if json else as_text(figures))


def as_json(figures: Mapping[str, Any]) -> str:
    """One line, for machines."""
    its = {key: figures[key] for key in figures if key not in closing.BESIDE}
    return json.dumps(its, ensure_ascii=False)


def as_text(figures: Mapping[str, Any]) -> str:
    """A line per figure, for people."""
    lines = [f"{words}: {number}" for words, number in rows_of(figures)]
    communes = [
        f"  {row['commune']}{_before(row)}: {row['dossiers']} hồ sơ, "
        f"{row['certified']} được công nhận"
        for row in figures["by_commune"]
    ]
    return "\n".join([*lines, "Theo xã, phường hiện nay:", *communes] if communes else lines)


def _before(row: Mapping[str, Any]) -> str:
    return f" (gồm {', '.join(row['before'])})" if row["before"] else ""
