"""Whether a backup can be trusted, without restoring it (kiểm tra bản sao lưu)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from cycle import backups, files


class Command(BaseCommand):
    """Decrypt FILE and read all of it: checksums, content of each file, rows, hashes of history.

    With ``--database`` its history must also stand in the running database, entry by entry. Raises
    CommandError, saying what is wrong.
    """

    help = "Kiểm tra tệp sao lưu: giải mã, đếm, so mã băm của tài liệu và nhật ký."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--key-file", type=Path, help="tệp chứa khóa")
        parser.add_argument(
            "--database", action="store_true", help="so nhật ký với cơ sở dữ liệu đang chạy"
        )

    def handle(self, *, file: Path, key_file: Path | None, database: bool, **options: Any) -> None:
        script = backups.Script()
        manifest = backups.verified(file, backups.key(key_file), script)
        wrong = [
            name
            for name, found in manifest["sha256"].items()
            if files.sha256_of(name.removeprefix(backups.MEDIA)) not in ("", found)
        ]
        wrong += manifest.get("missing", ())
        self.stdout.write(
            f"Sao lưu lúc {manifest['taken_at']}: {sum(script.rows.values())} dòng của "
            f"{len(script.rows)} bảng, {script.rows[backups.ENTRY]} dòng nhật ký của "
            f"{len(script.heads)} chuỗi, {backups.number_of_files(manifest)} tài liệu."
        )
        if wrong:
            raise CommandError(
                f"{len(wrong)} tài liệu trong bản sao lưu thiếu hoặc đã bị thay đổi từ trước: "
                f"{', '.join(wrong[:5])}."
            )
        if database:
            with connections["default"].cursor() as cursor:
                if strange := backups.strange(cursor, script.heads):
                    raise CommandError(
                        f"Nhật ký của bản sao lưu không có trong cơ sở dữ liệu: {strange}."
                    )
        self.stdout.write("Bản sao lưu nguyên vẹn.")
