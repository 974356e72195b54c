"""Replay a past cycle from its files, act by act."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from councils.stories.replay import DATA, replay


class Command(BaseCommand):
    """Replay the real cycle of a year; harmless to run again, refused in production."""

    help = "Chạy lại chu trình thật của một năm từ tệp dữ liệu."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("year", type=int, help="năm")
        parser.add_argument("--folder", type=Path, default=DATA, help="thư mục chứa tệp")

    def handle(self, *, year: int, folder: Path, **options: Any) -> None:
        """Raises CommandError in production or for a missing file, RowRefused naming the row that
        was refused.
        """
        if settings.PRODUCTION:
            raise CommandError("Chu trình đã qua không được chạy lại trên hệ thống thật.")
        cycle = replay(year, folder)
        if cycle is None:
            self.stdout.write(f"Chu trình {year} đã có, không thêm gì.")
        else:
            self.stdout.write(f"{cycle}: đã chạy lại {cycle.dossiers.count()} hồ sơ.")
