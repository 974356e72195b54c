"""Backups (bản sao lưu): database and files in one file, checked as soon as it is written.

A tar of the dump in pieces, the files, and a manifest with every checksum and with what the
database held when it was dumped. With a key the tar is encrypted (``cycle/running/encrypting.py``).
Nothing of it lies on the disk in the clear, and no more than a piece of it in memory.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connections, transaction
from django.db.backends.postgresql.client import DatabaseClient
from django.db.migrations.recorder import MigrationRecorder
from django.dispatch import Signal

from cycle import clock, files
from cycle.running import embedded, encrypting

DUMP, MANIFEST, MEDIA = "database.dump", "manifest.json", "media/"
#: The first has its dump in one piece, and says nothing of what the database held.
FORMATS = (1, 2)
#: A piece of the dump, bytes.
PIECE = 8 * 1024**2
#: Fewer letters are guessed.
LEAST_KEY = 20
#: Sent when a backup is whole on the disk and checked, with ``started``, ``files``, their number,
#: and ``encrypted``.
kept = Signal()

NO_KEY = "Tệp sao lưu được mã hóa: đặt BACKUP_KEY hoặc BACKUP_KEY_FILE, hay thêm --key-file TỆP."
WRONG_KEY = "Khóa không đúng: tệp sao lưu được mã hóa bằng khóa khác."
DAMAGED = "Tệp sao lưu đã hỏng: nội dung bị thay đổi hoặc thiếu phần cuối."


# --- What is asked of the installation ------------------------------------------------------------


def key(file: Path | None = None) -> str:
    """The key of backups: of ``file``, or as the settings have it; "" for none.

    Raises CommandError for a file that cannot be read, and for a key that is guessed.
    """
    said, place = settings.BACKUP_KEY, file or settings.BACKUP_KEY_FILE
    if place:
        try:
            said = Path(place).read_text()
        except (OSError, UnicodeDecodeError):
            raise CommandError(f"Không đọc được tệp khóa {place}.") from None
    said = said.strip()
    if (said or place) and len(said) < LEAST_KEY:
        raise CommandError(f"Khóa sao lưu quá ngắn: cần từ {LEAST_KEY} ký tự ngẫu nhiên.")
    return said


def roles() -> dict[str, str]:
    """The roles that a backup names: it can only be restored where they exist.

    A backup names no login of the application: only the role that holds its rights.
    """
    return {
        "owner": connections["owner"].settings_dict["USER"],
        "default": settings.APPLICATION_ROLE,
    }


def program(name: str) -> str:
    """Where a PostgreSQL program of the server's version is. Raises CommandError for none."""
    ours = embedded.is_ours(connections["owner"].settings_dict["HOST"])
    path = shutil.which(embedded.binary(name) if ours else name)
    if path is None:
        raise CommandError(f"Không tìm thấy {name}: hãy cài chương trình khách của PostgreSQL.")
    return path


def on_database(name: str, *parameters: str) -> tuple[list[str], dict[str, str]]:
    """Command and environment of a PostgreSQL program that works as the owner of the database."""
    database = connections["owner"].settings_dict
    (_, *where), environment = DatabaseClient.settings_to_cmd_args_env(database, parameters)
    return [program(name), *where], {**os.environ, **(environment or {})}


class Ran:
    """A program that runs beside us; what it says of a failure is kept."""

    def __init__(
        self, command: list[str], environment: dict[str, str] | None = None, **pipes: Any
    ) -> None:
        self.name = Path(command[0]).name
        self.said = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the program
        self.process: Any = subprocess.Popen(  # noqa: S603  # a program of PostgreSQL
            command,
            env=environment,
            stderr=self.said,
            **({"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL} | pipes),
        )

    def end(self) -> None:
        """Wait for it. Raises CommandError, in its own words, if it failed."""
        failed = self.process.wait()
        self.said.seek(0)
        words = self.said.read().decode(errors="replace").strip()
        self.said.close()
        if failed:
            raise CommandError(f"{self.name} không làm được việc: {words}")

    def stop(self) -> None:
        """End it as it stands; nothing more is read of it."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()


class State(NamedTuple):
    """What the database held: the number of rows of each table, and its history (nhật ký): entries,
    and a SHA-256 over the heads of all chains.
    """

    rows: dict[str, int]
    entries: int
    heads: str


def digest(heads: Iterable[str]) -> str:
    """One SHA-256 over heads of chains, each ``stream/stream_id/seq/hash``."""
    return hashlib.sha256("\n".join(sorted(heads)).encode()).hexdigest()


TABLES = """
SELECT quote_ident(relname) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1
"""
HEAD, ENTRY = "cycle_historyhead", "cycle_historyentry"
_CHAIN = "SELECT concat_ws('/', stream, stream_id, seq, hash) FROM "
HEADS, ENTRIES = _CHAIN + HEAD, _CHAIN + ENTRY


def state(cursor: Any) -> State:
    """What the database holds, as the transaction of ``cursor`` sees it."""
    cursor.execute(TABLES)
    tables = [name for (name,) in cursor.fetchall()]
    rows: dict[str, int] = {}
    if tables:
        cursor.execute(
            " UNION ALL ".join(f"SELECT '{name}', count(*) FROM public.{name}" for name in tables)  # noqa: S608
        )
        rows = dict(cursor.fetchall())
    heads: list[str] = []
    if HEAD in rows:
        cursor.execute(HEADS)
        heads = [head for (head,) in cursor.fetchall()]
    return State(rows, rows.get(ENTRY, 0), digest(heads))


def strange(cursor: Any, heads: Iterable[str]) -> str:
    """A head of a backup's history that the database does not have as an entry; "" for none."""
    cursor.execute(
        f"SELECT min(head) FROM unnest(%s::text[]) AS head WHERE head NOT IN ({ENTRIES})",  # noqa: S608
        [list(heads)],
    )
    return cursor.fetchone()[0] or ""


def named(cursor: Any, tables: Iterable[str]) -> set[str]:
    """The SHA-256 of every file that a row names, as far as the database has that column."""
    found: set[str] = set()
    for model, name in files.fields():
        table = model._meta.db_table
        _attribute, column = model._meta.get_field(name).get_attname_column()  # type: ignore[union-attr]
        if table in tables:
            cursor.execute(
                "SELECT FROM information_schema.columns WHERE table_schema = 'public'"
                " AND (table_name, column_name) = (%s, %s)",
                [table, column],
            )
            if cursor.fetchone() is not None:
                cursor.execute(f'SELECT DISTINCT "{column}" FROM "{table}"')  # noqa: S608
                found.update(sha256 for (sha256,) in cursor.fetchall())
    return found - {""}


# --- Written --------------------------------------------------------------------------------------


class Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, file: Any) -> None:
        self.file, self.hash = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece: bytes = self.file.read(size)
        self.hash.update(piece)
        return piece


def add(
    archive: Any, name: str, file: Any, size: int, held: Mapping[str, Any] | None = None
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
    # Of a hundred thousand files it would remember each.
    archive.members.clear()
    return hashing.hash.hexdigest()


def take(file: Path, secret: str, warn: Callable[[str], Any]) -> int:
    """Write a backup to ``file``, whole and checked or not at all; for its owner's eyes alone.

    Encrypted when there is a ``secret``. Returns the number of files in it. Raises CommandError.
    """
    started, partial = clock.now(), file.with_name(f"{file.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            cipher = encrypting.Writer(out, secret) if secret else None
            sink: Any = cipher or out
            with tarfile.open(fileobj=sink, mode="w|") as archive:
                manifest = _fill(archive, warn)
            if cipher:
                cipher.finish()
            out.flush()
            os.fsync(out.fileno())
        verified(partial, secret, Script())
        partial.replace(file)
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError:
        raise CommandError(
            f"Không ghi được {file}: hãy kiểm tra thư mục, quyền ghi và dung lượng ổ đĩa."
        ) from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    held = number_of_files(manifest)
    # A mark that fails spoils no backup.
    kept.send_robust(None, started=started, files=held, encrypted=bool(secret))
    return held


def _fill(archive: tarfile.TarFile, warn: Callable[[str], Any]) -> dict[str, Any]:
    manifest: dict[str, Any] = {
        "format": FORMATS[-1],
        "taken_at": clock.now().isoformat(),
        "roles": roles(),
        "migrations": sorted(
            map(list, MigrationRecorder(connections["owner"]).applied_migrations())
        ),
        "sha256": {},
    }
    sha256: dict[str, str] = manifest["sha256"]
    wanted = _dump(archive, manifest)
    # After the dump: a file is written before the row that names it, so none is missing.
    for name in files.walk():
        with suppress(FileNotFoundError):  # collected since its name was read
            content, size = files.raw(name)
            with content:
                found = add(archive, MEDIA + name, content, size, files.held_as(content))
            sha256[MEDIA + name] = found
            if files.sha256_of(name) not in ("", found):
                warn(f"Tệp {name} đã bị thay đổi: hãy chạy check_data.")
            wanted.discard(files.sha256_of(name))
    manifest["missing"] = sorted(wanted)
    if wanted:
        warn(f"Thiếu {len(wanted)} tệp mà dữ liệu nhắc tới: hãy chạy check_data.")
    text = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
    add(archive, MANIFEST, io.BytesIO(text), len(text))
    return manifest


def _dump(archive: tarfile.TarFile, manifest: dict[str, Any]) -> set[str]:
    """Add the dump, and what the database held at that moment. Returns which files rows name."""
    owner = connections["owner"]
    with transaction.atomic(using="owner"), owner.cursor() as cursor:
        # One snapshot: what is counted is what is dumped.
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        held = state(cursor)
        wanted = named(cursor, held.rows)
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
        command, environment = on_database(
            "pg_dump", "--format=custom", "--no-owner", f"--snapshot={snapshot}"
        )
        dumping = Ran(command, environment, stdout=subprocess.PIPE)
        try:
            pieces = iter(lambda: dumping.process.stdout.read(PIECE), b"")
            for number, piece in enumerate(pieces):
                name = f"{DUMP}/{number:06}"
                manifest["sha256"][name] = add(archive, name, io.BytesIO(piece), len(piece))
        except BaseException:
            dumping.stop()
            raise
        dumping.end()
    manifest["state"] = held._asdict()
    return wanted


# --- Kept ---------------------------------------------------------------------------------------


_NAME = re.compile(r"ocop-(\d{4}-\d{2})(-\d{2})T\d{6}Z\.backup")


def name_at(moment: datetime) -> str:
    """How a backup of this moment is called in a folder of several."""
    return f"ocop-{moment.astimezone(UTC):%Y-%m-%dT%H%M%S}Z.backup"


def superfluous(names: Iterable[str], daily: int, monthly: int) -> list[str]:
    """Which of a folder's backups are kept no longer: of the last ``daily`` days and ``monthly``
    months that have any, the newest one of each stays. What is called otherwise is not ours.
    """
    ours = sorted(name for name in names if _NAME.fullmatch(name))
    days, months = {}, {}
    for name in ours:
        found = _NAME.fullmatch(name)
        if found:
            days[found[1] + found[2]] = months[found[1]] = name
    stay = {*[*days.values()][-daily:], *[*months.values()][-monthly:]}
    return [name for name in ours if name not in stay]


# --- Read -----------------------------------------------------------------------------------------


def is_dump(name: str) -> bool:
    """Whether this part of a backup is the dump, or a piece of it."""
    return name.partition("/")[0] == DUMP


def number_of_files(manifest: Mapping[str, Any]) -> int:
    """How many files of people are in the backup."""
    return sum(name.startswith(MEDIA) for name in manifest["sha256"])


@contextmanager
def parts(file: Path, secret: str) -> Iterator[Iterator[tuple[tarfile.TarInfo, IO[bytes]]]]:
    """The parts of a backup in order, each to be read before the next. Raises CommandError."""
    try:
        with file.open("rb") as opened:
            source: Any = opened
            encrypted = opened.read(len(encrypting.MAGIC)) == encrypting.MAGIC
            opened.seek(0)
            if encrypted:
                if not secret:
                    raise CommandError(NO_KEY)
                source = encrypting.Reader(opened, secret)
            with tarfile.open(fileobj=source, mode="r|") as archive:
                yield _each(archive)
            # What stands behind the end of the tar was written with it too.
            while encrypted and source.read(encrypting.CHUNK):
                pass
    except encrypting.WrongKey:
        raise CommandError(WRONG_KEY) from None
    except encrypting.Damaged:
        raise CommandError(DAMAGED) from None
    except (tarfile.TarError, EOFError):
        raise CommandError(f"{file} không phải tệp sao lưu, hoặc đã hỏng.") from None
    except BrokenPipeError:
        raise  # Of a program that is handed the parts: it says itself why.
    except (OSError, files.NotStored):
        raise CommandError(
            f"Không đọc được {file} hoặc không ghi được tài liệu: "
            "hãy kiểm tra đường dẫn, quyền và dung lượng ổ đĩa."
        ) from None


def _each(archive: Any) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    while (entry := archive.next()) is not None:
        content = archive.extractfile(entry) if entry.isreg() else None
        if content is None:
            raise tarfile.ReadError
        yield entry, content
        archive.members.clear()


def verified(file: Path, secret: str, script: Script | None = None) -> dict[str, Any]:
    """The manifest, once every part of the backup has the checksum written there.

    With a ``script`` the dump is read into it: it holds as many rows of each table, and the same
    history, as the database did. Raises CommandError, saying what is wrong.
    """
    manifest: dict[str, Any] | None = None
    found: dict[str, str] = {}
    reading = threading.Thread(target=script.read) if script else None
    if reading:
        reading.start()
    try:
        with parts(file, secret) as each:
            for entry, content in each:
                if entry.name in found or manifest is not None:
                    raise tarfile.ReadError
                if entry.name == MANIFEST:
                    manifest = _manifest(content)
                    continue
                hashing = Hashing(content)
                while piece := hashing.read(encrypting.CHUNK):
                    if script and is_dump(entry.name):
                        script.feed(piece)
                found[entry.name] = hashing.hash.hexdigest()
            manifest = _whole(manifest, found)
        if script and reading:
            script.finish()
            reading.join()
            script.compare(manifest)
    finally:
        if script and reading:
            script.ran.stop()
            reading.join()
    return manifest


def _manifest(content: IO[bytes]) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.load(content)
        fits = manifest["format"] in FORMATS and {"taken_at", "roles", "migrations"} < {*manifest}
        fits = fits and isinstance(manifest["sha256"], dict)
        datetime.fromisoformat(manifest["taken_at"])
    except (ValueError, KeyError, TypeError):
        fits = False
    if not fits:
        raise tarfile.ReadError
    return manifest


def _whole(manifest: dict[str, Any] | None, found: dict[str, str]) -> dict[str, Any]:
    if manifest is None or found.keys() != manifest["sha256"].keys():
        raise tarfile.ReadError
    for name, expected in manifest["sha256"].items():
        stored = PurePosixPath(name.removeprefix(MEDIA))
        if not is_dump(name) and (
            not name.startswith(MEDIA) or stored.is_absolute() or ".." in stored.parts
        ):
            raise tarfile.ReadError
        if found[name] != expected:
            raise CommandError(f"Tệp sao lưu đã hỏng: {name} không khớp mã kiểm tra.")
    return manifest


_COPY = re.compile(rb"COPY public\.(\S+) \((.*)\) FROM stdin;\n")
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_SIGNS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def _said(value: bytes) -> bytes:
    """A value as it is, of how COPY writes it."""
    return _ESCAPE.sub(lambda sign: _SIGNS.get(sign[1], sign[1]), value)


def converter() -> list[str]:
    """The command that makes SQL of a dump on its input: of the newest PostgreSQL that is here, for
    an older one reads no newer dump.
    """
    found = {}
    for path in {shutil.which("pg_restore"), shutil.which(embedded.binary("pg_restore"))} - {None}:
        said = subprocess.run(  # noqa: S603  # no input in it
            [str(path), "--version"], capture_output=True, text=True, check=False
        ).stdout
        if version := re.search(r"\) (\d+)", said):
            found[int(version[1])] = str(path)
    if not found:
        raise CommandError("Không tìm thấy pg_restore: hãy cài chương trình khách của PostgreSQL.")
    return [found[max(found)], "--no-owner", "--file=-"]


class Script:
    """The SQL of a dump, read without a database: how many rows it has, and what history."""

    def __init__(self) -> None:
        self.ran = Ran(converter(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.rows: Counter[str] = Counter()
        self.heads: list[str] = []
        self.broken = ""

    def feed(self, piece: bytes) -> None:
        # One that has ended says itself why, at the end.
        with suppress(BrokenPipeError):
            self.ran.process.stdin.write(piece)

    def finish(self) -> None:
        with suppress(BrokenPipeError):
            self.ran.process.stdin.close()

    def read(self) -> None:
        """Read the SQL; in a thread, while it is made."""
        table, at = "", {}
        with suppress(ValueError, OSError):  # stopped
            for line in self.ran.process.stdout or ():
                if not table:
                    if found := _COPY.fullmatch(line):
                        table = found[1].decode()
                        at = {name: n for n, name in enumerate(found[2].decode().split(", "))}
                        self.rows[table] += 0
                elif line == b"\\.\n":
                    table = ""
                else:
                    self.rows[table] += 1
                    if table in (HEAD, ENTRY):
                        self._history(table, at, line.rstrip(b"\n").split(b"\t"))

    def _history(self, table: str, at: Mapping[str, int], row: list[bytes]) -> None:
        chain = [row[at[name]].decode() for name in ("stream", "stream_id", "seq", "hash")]
        if table == HEAD:
            self.heads.append("/".join(chain))
            return
        hashed = _said(row[at["prev_hash"]]) + b"\n" + _said(row[at["payload"]])
        if hashlib.sha256(hashed).hexdigest() != chain[-1]:
            self.broken = self.broken or "{} {}/{}".format(*chain)

    def compare(self, manifest: Mapping[str, Any]) -> None:
        """Raises CommandError where the dump is not what the database held."""
        self.ran.end()
        if self.broken:
            raise CommandError(f"Nhật ký trong bản sao lưu bị đứt tại {self.broken}.")
        if "state" not in manifest:
            return
        held = State(**manifest["state"])
        now = State(dict(self.rows), self.rows[ENTRY], digest(self.heads))
        if differing := differs(held, now):
            raise CommandError(f"Bản sao lưu khác cơ sở dữ liệu lúc sao lưu: {differing}.")


def differs(held: State, now: State) -> str:
    """How what there is now differs from what the database held; "" when it does not."""
    said = [
        f"{table} có {now.rows.get(table, 0)} dòng thay vì {number}"
        for table, number in held.rows.items()
        if now.rows.get(table, 0) != number
    ]
    if held.heads != now.heads:
        said.append("đầu các chuỗi nhật ký không khớp")
    return ", ".join(said[:5])
