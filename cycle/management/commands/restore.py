"""Bring back database and files from a file that ``backup`` wrote."""

from __future__ import annotations

import subprocess
import threading
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from cycle import backups, chains, files
from cycle.running import encrypting, quarantine, schema
from cycle.running.owner import refuse_temporary

#: What a newer pg_dump sets for its own session, and servers before this version do not know.
NEWER = {170000: b"SET transaction_timeout = 0;\n"}


class Command(BaseCommand):
    """Check FILE, then replace the database in one transaction; it is as before if that fails.

    Raises CommandError when the file is damaged, encrypted with another key, made by a newer
    version or for other roles, or when the database is not empty and ``--force`` is not given.
    """

    help = "Phục hồi cơ sở dữ liệu và tài liệu từ tệp sao lưu."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--force", action="store_true", help="thay cơ sở dữ liệu đang có")
        parser.add_argument("--key-file", type=Path, help="tệp chứa khóa")

    def handle(self, *, file: Path, force: bool, key_file: Path | None, **options: Any) -> None:
        secret = backups.key(key_file)
        manifest = backups.verified(file, secret)
        self.refuse_unfit(manifest, force)
        self.bring_files(file, secret, manifest)
        self.load(file, secret, manifest["taken_at"])
        self.stdout.write(
            f"Đã phục hồi cơ sở dữ liệu và {backups.number_of_files(manifest)} tài liệu, "
            f"sao lưu lúc {manifest['taken_at']}."
        )
        self.compare(manifest)
        self.stdout.write(
            "Thư, tin nhắn không gửi cho tới khi chạy end_quarantine --send hoặc --drop; doctor "
            "nói việc cần làm tiếp."
        )

    def refuse_unfit(self, manifest: dict[str, Any], force: bool) -> None:
        known = MigrationLoader(None).disk_migrations
        if newer := [".".join(key) for key in manifest["migrations"] if tuple(key) not in known]:
            raise CommandError(
                f"Bản sao lưu của phiên bản khác, chương trình này không có: {', '.join(newer)}."
            )
        if manifest["roles"] != backups.roles():
            raise CommandError(
                "Bản sao lưu dùng vai trò cơ sở dữ liệu khác: cần "
                f"{' và '.join(manifest['roles'].values())}."
            )
        if server_version() // 10000 < schema.OLDEST_SERVER:
            raise CommandError(
                f"PostgreSQL ở đây quá cũ: cần phiên bản {schema.OLDEST_SERVER} trở lên."
            )
        if not schema.knows_letters("owner"):
            raise CommandError(schema.LETTERS)
        if connections["owner"].introspection.table_names() and not force:
            raise CommandError("Cơ sở dữ liệu không trống: thêm --force nếu muốn thay toàn bộ.")

    def bring_files(self, file: Path, secret: str, manifest: dict[str, Any]) -> None:
        with backups.parts(file, secret) as each:
            for entry, content in each:
                if not entry.name.startswith(backups.MEDIA):
                    continue
                stored = entry.name.removeprefix(backups.MEDIA)
                files.put(stored, File(content, stored))
                files.give(stored, entry.mode & 0o777, entry.uname, entry.gname)
                if files.sha256_of(stored) not in ("", manifest["sha256"][entry.name]):
                    self.stderr.write(f"Tệp {stored} đã bị thay đổi trước khi sao lưu.")

    def load(self, file: Path, secret: str, taken_at: str) -> None:
        unknown = [line for since, line in NEWER.items() if server_version() < since]
        connections["owner"].close()
        # A database has these rights by itself: they are not in the dump.
        refuse_temporary(connections["owner"].settings_dict["NAME"])
        # Default rights go too: with them a restored table would get back the rights that a
        # migration took from the application's role. The dump has them, after its tables.
        command, environment = backups.on_database(
            "psql", "-X", "-q", "--single-transaction", "-v", "ON_ERROR_STOP=1",
            "-c", "DROP OWNED BY CURRENT_USER CASCADE", "-f", "-",
            "-c", quarantine.beginning(datetime.fromisoformat(taken_at)), "-c", "ANALYZE",
        )  # fmt: skip
        pipe = subprocess.PIPE
        converting = backups.Ran(backups.converter(), stdin=pipe, stdout=pipe)
        loading = backups.Ran(command, environment, stdin=pipe)
        handing = Handing(converting.process, loading.process, unknown)
        handing.start()
        try:
            # Of a program that has ended the pipe is broken: it says why.
            with suppress(BrokenPipeError), backups.parts(file, secret) as each:
                for entry, content in each:
                    while backups.is_dump(entry.name) and (piece := content.read(encrypting.CHUNK)):
                        converting.process.stdin.write(piece)
            with suppress(BrokenPipeError):
                converting.process.stdin.close()
            handing.join()
            if not handing.refused:
                converting.end()
            # The end of its input commits: until here psql that is stopped has changed nothing.
            with suppress(BrokenPipeError):
                loading.process.stdin.close()
            loading.end()
        except BaseException:
            loading.stop()
            raise
        finally:
            converting.stop()
            handing.join()

    def compare(self, manifest: dict[str, Any]) -> None:
        """Raises CommandError where the database is not what was saved; says what is to do next."""
        with connections["owner"].cursor() as cursor:
            now = backups.state(cursor)
        held = backups.State(**manifest["state"]) if "state" in manifest else now
        if differing := backups.differs(held, now):
            raise CommandError(f"Cơ sở dữ liệu đã phục hồi khác bản sao lưu: {differing}.")
        if schema.tables().missing:
            self.stdout.write(
                "Bản sao lưu của phiên bản trước: chạy migrate, check_flows, check_words, "
                "verify_history, check_data, rồi doctor."
            )
        elif broken := chains.check(most=1):
            raise CommandError(f"Nhật ký trong cơ sở dữ liệu đã phục hồi bị đứt tại {broken[0]}.")


def server_version() -> int:
    """The version of the server that is restored to, as 150018."""
    owner: Any = connections["owner"]
    return int(owner.pg_version)


class Handing(threading.Thread):
    """Hand the SQL that one program makes on to psql while it is made."""

    def __init__(self, made: Any, taken: Any, unknown: list[bytes]) -> None:
        super().__init__()
        self.made, self.taken, self.unknown = made, taken, unknown
        #: Whether psql has ended before the SQL did.
        self.refused = False

    def run(self) -> None:
        read, write = self.made.stdout, self.taken.stdin
        try:
            # The settings stand before all else: no row of a table is taken for one.
            while (line := read.readline()) and not line.startswith((b"CREATE ", b"COPY ")):
                if line not in self.unknown:
                    write.write(line)
            write.write(line)
            while piece := read.read(encrypting.CHUNK):
                write.write(piece)
            write.flush()
        except (OSError, ValueError):  # ended, or stopped
            self.refused = True
            self.made.kill()
