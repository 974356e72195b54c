"""Keep database and files in one file, from which ``restore`` brings them back."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.db.backends.postgresql.client import DatabaseClient
from django.db.migrations.recorder import MigrationRecorder
from django.dispatch import Signal

from cycle import clock, files
from cycle.running import embedded

DUMP, MANIFEST, MEDIA = "database.dump", "manifest.json", "media/"
FORMAT = 1
#: Sent when a backup is whole on the disk, with ``started`` and ``files``, their number.
kept = Signal()


def roles() -> dict[str, str]:
    """The roles that a backup names: it can only be restored where they exist.

    A backup names no login of the application: only the role that holds its rights.
    """
    return {
        "owner": connections["owner"].settings_dict["USER"],
        "default": settings.APPLICATION_ROLE,
    }


def run(program: str, *parameters: str) -> None:
    """Run a PostgreSQL program on the database as its owner; raises CommandError if it fails."""
    database = connections["owner"].settings_dict
    (_, *where), environment = DatabaseClient.settings_to_cmd_args_env(database, parameters)
    execute(program, *where, environment=environment)


def execute(program: str, *parameters: str, environment: dict[str, str] | None = None) -> None:
    """Run a PostgreSQL program of the server's version; raises CommandError if it fails."""
    ours = embedded.is_ours(connections["owner"].settings_dict["HOST"])
    path = shutil.which(embedded.binary(program) if ours else program)
    if path is None:
        raise CommandError(f"Không tìm thấy {program}: hãy cài chương trình khách của PostgreSQL.")
    ended = subprocess.run(
        [path, *parameters],
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise CommandError(f"{program} không làm được việc: {ended.stderr.strip()}")


class Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, file: Any) -> None:
        self.file, self.hash = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self.file.read(size)
        self.hash.update(piece)
        return piece


class Command(BaseCommand):
    """Write FILE, whole or not at all: dump, files, and a manifest with every checksum."""

    help = "Sao lưu cơ sở dữ liệu và tài liệu vào một tệp .tar."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **options: Any) -> None:
        started, partial = clock.now(), file.with_name(f"{file.name}.partial")
        try:
            with (
                tempfile.TemporaryDirectory(dir=file.parent) as folder,
                tarfile.open(partial, "w") as archive,
            ):
                manifest = self.fill(archive, Path(folder) / DUMP)
            with partial.open("rb") as written:
                os.fsync(written.fileno())
            partial.replace(file)
        except OSError:
            raise CommandError(
                f"Không ghi được {file}: hãy kiểm tra thư mục, quyền ghi và dung lượng ổ đĩa."
            ) from None
        finally:
            partial.unlink(missing_ok=True)
        held = len(manifest["sha256"]) - 1
        # A mark that fails spoils no backup.
        kept.send_robust(Command, started=started, files=held)
        self.stdout.write(f"Đã sao lưu cơ sở dữ liệu và {held} tài liệu.")

    def fill(self, archive: tarfile.TarFile, dump: Path) -> dict[str, Any]:
        run("pg_dump", "--format=custom", "--no-owner", f"--file={dump}")
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "taken_at": clock.now().isoformat(),
            "roles": roles(),
            "migrations": sorted(
                map(list, MigrationRecorder(connections["owner"]).applied_migrations())
            ),
            "sha256": {},
        }
        with dump.open("rb") as dumped:
            manifest["sha256"][DUMP] = add(archive, DUMP, dumped, dump.stat().st_size)
        # After the dump: a file is written before the row that names it, so none is missing.
        for name in files.walk():
            with suppress(FileNotFoundError):  # collected since its name was read
                content, size = files.raw(name)
                with content:
                    found = add(archive, MEDIA + name, content, size, files.held_as(content))
                manifest["sha256"][MEDIA + name] = found
                if files.sha256_of(name) not in ("", found):
                    self.stderr.write(f"Tệp {name} đã bị thay đổi: hãy chạy check_data.")
        text = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
        return manifest


def add(
    archive: tarfile.TarFile, name: str, file: Any, size: int, held: Mapping[str, Any] | None = None
) -> str:
    """Add an open file of ``size`` bytes to the archive and return its SHA-256; ``held``: its mode
    and owner where it lay.
    """
    hashing = Hashing(file)
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(time.time())
    for part, said in (held or {}).items():
        setattr(entry, part, said)
    archive.addfile(entry, hashing)
    return hashing.hash.hexdigest()
