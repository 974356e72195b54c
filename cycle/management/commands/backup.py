"""Keep database and files in one file, from which ``restore`` brings them back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cycle import backups, clock


class Command(BaseCommand):
    """Write FILE, whole and checked or not at all: dump, files, and a manifest with every checksum.

    Encrypted with the key of the settings, or of ``--key-file``. Where FILE is a folder it is named
    by the moment, and what is no longer kept there goes once the new one is checked: of the last
    ``--daily`` days and ``--monthly`` months that have any, the newest one of each stays.
    """

    help = "Sao lưu cơ sở dữ liệu và tài liệu vào một tệp, mã hóa bằng khóa, và kiểm tra lại."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="tệp, hoặc thư mục giữ nhiều bản")
        parser.add_argument("--daily", type=int, default=14, help="số ngày giữ lại, trong thư mục")
        parser.add_argument("--monthly", type=int, default=12, help="số tháng giữ lại")
        parser.add_argument("--key-file", type=Path, help="tệp chứa khóa")

    def handle(
        self, *, file: Path, key_file: Path | None, daily: int, monthly: int, **options: Any
    ) -> None:
        if min(daily, monthly) < 1:
            raise CommandError("--daily và --monthly phải từ 1.")
        secret, folder = backups.key(key_file), file if file.is_dir() else None
        if folder:
            file = folder / backups.name_at(clock.now())
        held = backups.take(file, secret, self.stderr.write)
        if not secret:
            self.stderr.write("Tệp sao lưu không được mã hóa: đặt BACKUP_KEY_FILE.")
        if folder:
            # The one that was just checked stays: there is always a good one.
            there = [path.name for path in folder.iterdir()]
            for name in backups.superfluous(there, daily, monthly):
                (folder / name).unlink(missing_ok=True)
        self.stdout.write(f"Đã sao lưu cơ sở dữ liệu và {held} tài liệu vào {file}.")
