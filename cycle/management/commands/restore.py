"""Bring back database and files from a file that ``backup`` wrote."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from cycle import files
from cycle.management.commands.backup import (
    DUMP,
    FORMAT,
    MANIFEST,
    MEDIA,
    execute,
    roles,
    run,
)
from cycle.running.owner import refuse_temporary


class Command(BaseCommand):
    """Check FILE, then replace the database in one transaction; it is as before if that fails.

    Raises CommandError when the file is damaged, made by a newer version or for other roles, or
    when the database is not empty and ``--force`` is not given.
    """

    help = "Phục hồi cơ sở dữ liệu và tài liệu từ tệp sao lưu."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--force", action="store_true", help="thay cơ sở dữ liệu đang có")

    def handle(self, *, file: Path, force: bool, **options: Any) -> None:
        try:
            with tarfile.open(file) as archive:
                manifest = self.verified(archive)
                self.refuse_unfit(manifest, force)
                self.restore(archive, manifest)
        except (tarfile.TarError, EOFError):
            raise CommandError(f"{file} không phải tệp sao lưu, hoặc đã hỏng.") from None
        except (OSError, files.NotStored):
            raise CommandError(
                f"Không đọc được {file} hoặc không ghi được tài liệu: "
                "hãy kiểm tra đường dẫn, quyền và dung lượng ổ đĩa."
            ) from None
        self.stdout.write(
            f"Đã phục hồi cơ sở dữ liệu và {len(manifest['sha256']) - 1} tài liệu, "
            f"sao lưu lúc {manifest['taken_at']}."
        )

    def verified(self, archive: tarfile.TarFile) -> dict[str, Any]:
        """The manifest, once every file in the archive has the checksum written there."""
        names = [entry.name for entry in archive.getmembers() if entry.isreg()]
        if MANIFEST not in names or len(names) != len(archive.getmembers()):
            raise tarfile.ReadError
        manifest = json.load(content(archive, MANIFEST))
        if manifest["format"] != FORMAT or {*names} != {*manifest["sha256"], MANIFEST}:
            raise tarfile.ReadError
        for name, expected in manifest["sha256"].items():
            stored = PurePosixPath(name.removeprefix(MEDIA))
            if name != DUMP and (
                not name.startswith(MEDIA) or stored.is_absolute() or ".." in stored.parts
            ):
                raise tarfile.ReadError
            if hashlib.file_digest(content(archive, name), "sha256").hexdigest() != expected:
                raise CommandError(f"Tệp sao lưu đã hỏng: {name} không khớp mã kiểm tra.")
        return manifest

    def refuse_unfit(self, manifest: dict[str, Any], force: bool) -> None:
        known = MigrationLoader(None).disk_migrations
        if newer := [".".join(key) for key in manifest["migrations"] if tuple(key) not in known]:
            raise CommandError(
                f"Bản sao lưu của phiên bản khác, chương trình này không có: {', '.join(newer)}."
            )
        if manifest["roles"] != roles():
            raise CommandError(
                "Bản sao lưu dùng vai trò cơ sở dữ liệu khác: cần "
                f"{' và '.join(manifest['roles'].values())}."
            )
        if connections["owner"].introspection.table_names() and not force:
            raise CommandError("Cơ sở dữ liệu không trống: thêm --force nếu muốn thay toàn bộ.")

    def restore(self, archive: tarfile.TarFile, manifest: dict[str, Any]) -> None:
        for name, found in manifest["sha256"].items():
            if name != DUMP:
                stored = name.removeprefix(MEDIA)
                files.put(stored, File(content(archive, name), stored))
                held = archive.getmember(name)
                files.give(stored, held.mode & 0o777, held.uname, held.gname)
                if files.sha256_of(stored) not in ("", found):
                    self.stderr.write(f"Tệp {stored} đã bị thay đổi trước khi sao lưu.")
        with tempfile.TemporaryDirectory() as folder:
            dump, script = Path(folder) / DUMP, Path(folder) / "database.sql"
            place(content(archive, DUMP), dump)
            execute("pg_restore", "--no-owner", f"--file={script}", str(dump))
            connections["owner"].close()
            # A database has these rights by itself: they are not in the dump.
            refuse_temporary(connections["owner"].settings_dict["NAME"])
            # Default rights go too: with them a restored table would get back the rights that a
            # migration took from the application's role. The dump has them, after its tables.
            run(
                "psql", "-X", "-q", "--single-transaction", "-v", "ON_ERROR_STOP=1",
                "-c", "DROP OWNED BY CURRENT_USER CASCADE", "-f", str(script),
            )  # fmt: skip


def content(archive: tarfile.TarFile, name: str) -> Any:
    """The file ``name`` of the archive, open. Raises KeyError for none, ReadError for a folder."""
    found = archive.extractfile(name)
    if found is None:
        raise tarfile.ReadError
    return found


def place(source: Any, path: Path) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        shutil.copyfileobj(source, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
