"""Keep database and files in one file, from which ``restore`` brings them back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from cycle import backups


class Command(BaseCommand):
    """Write FILE, whole and checked or not at all: dump, files, and a manifest with every checksum.

    Encrypted with the key of the settings, or of ``--key-file``.
    """

    help = "Sao lưu cơ sở dữ liệu và tài liệu vào một tệp, mã hóa bằng khóa, và kiểm tra lại."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--key-file", type=Path, help="tệp chứa khóa")

    def handle(self, *, file: Path, key_file: Path | None, **options: Any) -> None:
        secret = backups.key(key_file)
        held = backups.take(file, secret, self.stderr.write)
        if not secret:
            self.stderr.write("Tệp sao lưu không được mã hóa: đặt BACKUP_KEY_FILE.")
        self.stdout.write(f"Đã sao lưu cơ sở dữ liệu và {held} tài liệu.")
