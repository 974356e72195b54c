"""Uploaded files (tệp): staged when they arrive, kept with their row, verified when opened.

The only module that knows where files are: in the storage ``files`` of ``STORAGES``, each named by
its SHA-256. Another storage can replace the folder, if it overwrites a file of the same name (S3
does).

1. :func:`stage` writes an uploaded file, before any row names it; a form calls it.
2. :func:`keep` is called by the act that saves the row, in its transaction.
3. :func:`collect` removes every night the files that no row names.
"""

import errno
import grp
import hashlib
import os
import pwd
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from django.apps import apps
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.db import DatabaseError, connection, models, transaction
from django.utils.translation import gettext_lazy as _

from cycle import clock
from cycle.models import FaultKind, FileFault
from cycle.models import HashField as HashField
from cycle.written import clean_name

log = structlog.get_logger(__name__)

#: A file that no row names is removed when it is older than this.
KEPT_FOR = timedelta(days=1)
#: How many files are removed in one transaction.
BATCH = 100
#: Prefix of a file that is being written; a leftover one means that its writer died.
PARTIAL = ".incoming-"

_SHA256 = re.compile(r"[0-9a-f]{64}")
#: Names of files that this product writes, or 0.1.0 did. Others in the folder are left alone.
_OURS = re.compile(
    rf"(?P<folder>[0-9a-f]{{2}})/(?P<sha256>(?P=folder)[0-9a-f]{{62}})"
    rf"|([0-9a-f]{{2}}/)?{re.escape(PARTIAL)}\w+"
    r"|tmp\w{8}"
)

NOT_STORED = _("Máy chủ không lưu được tệp. Xin thử lại sau, hoặc báo quản trị.")
STAGED_GONE = _("Tệp đã tải lên không còn trên máy chủ, xin chọn lại tệp.")


class LocalFiles(FileSystemStorage):
    """A storage in a folder (``MEDIA_ROOT``) that writes each file atomically and fsyncs it.

    A file of the same name is replaced. Symlinks are neither listed nor followed.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _save(self, name: str, content: File) -> str:
        target = Path(self.path(name))
        is_new = not target.parent.is_dir()
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=PARTIAL, delete=False) as file:
            try:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(target)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        for folder in (target.parent, target.parent.parent)[: 1 + is_new]:
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        return name

    def _open(self, name: str, mode: str = "rb") -> File:
        descriptor = os.open(self.path(name), os.O_RDONLY | os.O_NOFOLLOW)
        return File(os.fdopen(descriptor, mode), name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        folders, files = [], []
        with os.scandir(self.path(path)) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                elif entry.is_file(follow_symlinks=False):
                    files.append(entry.name)
        return folders, files


@dataclass(frozen=True)
class Staged:
    """An uploaded file that is stored and that no row names yet. ``bytes`` is its size."""

    sha256: str
    bytes: int
    filename: str = ""
    content_type: str = ""


class FileLost(Exception):
    """A file that a row names is missing, changed or unreadable (``kind``)."""

    def __init__(self, sha256: str, kind: FaultKind) -> None:
        super().__init__(f"{kind}: {sha256}")
        self.sha256, self.kind = sha256, kind


class NotStored(Exception):
    """The storage cannot be written: it is full or read only."""


def _storage() -> Storage:
    return storages["files"]


def name_of(sha256: str) -> str:
    """The name of the file ``sha256`` in the storage. Raises FileLost for what is no SHA-256."""
    if not _SHA256.fullmatch(sha256):
        raise FileLost(sha256, FaultKind.MISSING)
    return f"{sha256[:2]}/{sha256}"


def _digest(content: File) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for chunk in content.chunks():
        digest.update(chunk)
        size += len(chunk)
    content.seek(0)
    return digest.hexdigest(), size


def put(name: str, content: File) -> None:
    """Write ``content`` under ``name``, atomically. Raises NotStored.

    For :func:`stage`, which computes the name, and for ``restore``, which has it from the backup.
    """
    try:
        saved = _storage().save(name, content)
    except OSError as error:
        log.error(
            "file_not_stored", name=name, error=errno.errorcode.get(error.errno or 0, str(error))
        )
        raise NotStored from error
    if saved != name:
        _storage().delete(saved)
        raise NotStored(f"the storage of files must overwrite: {saved} for {name}")


def note_full() -> None:
    """Keep in mind, for the operations page, that the disk took nothing of what was sent."""
    _note("", FaultKind.NOT_STORED)


def give(name: str, mode: int, owner: str, group: str) -> None:
    """Let the file ``name`` of the folder have ``mode``; and what root has written belong to those
    of these names, or without them to whom the folder belongs. For ``restore``.
    """
    storage = storages["files"]
    if not isinstance(storage, FileSystemStorage):
        return
    target, home = Path(storage.path(name)), Path(storage.location)
    target.chmod(mode)
    if os.geteuid() != 0:
        return
    ids = home.stat().st_uid, home.stat().st_gid
    with suppress(KeyError):
        ids = pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid
    for each in (home, target.parent, target):
        if each.stat().st_uid == 0:
            os.chown(each, *ids)


def room() -> Any:
    """(total, used, free) bytes of the disk with the folder; None where files lie elsewhere."""
    folder = _folder()
    return folder and shutil.disk_usage(folder)


def refuses() -> str:
    """Why nothing can be written where files are kept, in the system's words; "" when it can."""
    folder = _folder()
    try:
        if folder:
            tempfile.NamedTemporaryFile(dir=folder, prefix=PARTIAL).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _folder() -> Path | None:
    """The folder of the storage, or what is there of its parents before the first file."""
    storage = storages["files"]
    if not isinstance(storage, FileSystemStorage):
        return None
    folder = Path(storage.location)
    return next(each for each in (folder, *folder.parents) if each.exists())


def stage(content: File, filename: str = "", content_type: str = "") -> Staged:
    """Store an uploaded file under its SHA-256, before any row names it. Raises NotStored.

    A file that exists already is written again: that repairs a changed one, and :func:`collect`
    leaves it for another day.
    """
    sha256, size = _digest(content)
    try:
        put(name_of(sha256), content)
    except NotStored:
        _note("", FaultKind.NOT_STORED)
        raise
    # A sign that turns letters round would show another kind of file than it is.
    return Staged(sha256, size, clean_name(filename), content_type)


def keep(sha256: str, field: str = "file") -> None:
    """Keep the collector from removing a staged file until this transaction ends.

    Called by the act that saves the row, before it does. Raises ValidationError at ``field`` when
    the file is gone.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("keep() belongs in the act's transaction.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", [sha256])
    if not is_there(sha256):
        raise ValidationError({field: STAGED_GONE})


def is_there(sha256: str) -> bool:
    """Whether a file of this name exists; :func:`check` says whether its content is right."""
    try:
        return _storage().exists(name_of(sha256))
    except FileLost:
        return False


def _whole(sha256: str) -> File:
    try:
        file = _storage().open(name_of(sha256))
    except FileNotFoundError:
        raise FileLost(sha256, FaultKind.MISSING) from None
    except (OSError, SuspiciousOperation) as error:
        raise FileLost(sha256, FaultKind.UNREADABLE) from error
    try:
        found, _size = _digest(file)
    except OSError as error:
        file.close()
        raise FileLost(sha256, FaultKind.UNREADABLE) from error
    if found != sha256:
        file.close()
        raise FileLost(sha256, FaultKind.DIFFERS)
    return file


def open(sha256: str) -> File:
    """The file ``sha256``, open for reading, after its content was verified.

    Raises FileLost, which is logged and shown on the operations page.
    """
    try:
        return _whole(sha256)
    except FileLost as lost:
        log.error("file_lost", sha256=sha256, kind=str(lost.kind), exc_info=True)
        if sha256:
            _note(sha256, lost.kind)
        raise


def check(sha256: str) -> FaultKind | None:
    """What is wrong with the file ``sha256``; None when nothing is."""
    try:
        _whole(sha256).close()
    except FileLost as lost:
        return lost.kind
    return None


def _note(sha256: str, kind: FaultKind) -> None:
    now = clock.now()
    try:
        with transaction.atomic():
            FileFault.objects.update_or_create(
                sha256=sha256[:64],
                defaults={"kind": kind, "seen_at": now},
                create_defaults={"kind": kind, "seen_at": now, "first_seen_at": now},
            )
    except DatabaseError:
        # Only logged: whoever asks for the file still gets the answer about the file.
        log.exception("file_fault_not_noted", sha256=sha256)


# --- All of them ----------------------------------------------------------------------------------


def walk() -> Iterator[str]:
    """The names of all files in order, without those being written."""
    return (name for name in _walk("") if not name.rpartition("/")[2].startswith(PARTIAL))


def _walk(folder: str) -> Iterator[str]:
    try:
        folders, names = _storage().listdir(folder)
    except FileNotFoundError:
        return
    for name in sorted(names):
        yield f"{folder}{name}"
    for name in sorted(folders):
        yield from _walk(f"{folder}{name}/")


def sha256_of(name: str) -> str:
    """The SHA-256 in a file's name; "" for a file that is not named by its content."""
    found = _OURS.fullmatch(name)
    return (found and found["sha256"]) or ""


def raw(name: str) -> tuple[File, int]:
    """(file, size) without verifying the content, for a backup. Raises OSError."""
    return _storage().open(name), _storage().size(name)


def held_as(content: File) -> dict[str, Any]:
    """How an open file lies in the folder: ``mode``, ``uname`` and ``gname``; {} elsewhere."""
    try:
        stat = os.fstat(content.fileno())
    except (AttributeError, OSError):
        return {}
    held: dict[str, Any] = {"mode": stat.st_mode & 0o777}
    with suppress(KeyError):
        held |= {
            "uname": pwd.getpwuid(stat.st_uid).pw_name,
            "gname": grp.getgrgid(stat.st_gid).gr_name,
        }
    return held


def fields() -> Iterator[tuple[type[models.Model], str]]:
    """(model, name of the field) of every HashField."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, HashField):
                yield model, field.name


def named(among: Iterable[str] | None = None) -> set[str]:
    """The SHA-256 of every file that a row names; with ``among`` only of those."""
    found: set[str] = set()
    asked = None if among is None else list(among)
    for model, field in fields():
        rows = model._base_manager.exclude(**{field: ""})
        if asked is not None:
            rows = rows.filter(**{f"{field}__in": asked})
        found.update(rows.values_list(field, flat=True).iterator())
    return found


def collect() -> dict[str, int]:
    """Remove the files that no row names and that are older than a day (dọn tệp).

    Returns numbers: ``removed`` files, their ``bytes``, ``lost`` files (named by a row,
    missing), and ``foreign`` files, which are not ours and stay. A file that an act is keeping is
    skipped.
    """
    before = clock.now() - KEPT_FOR
    kept = named()
    there: set[str] = set()
    old: list[str] = []
    done = {"removed": 0, "bytes": 0, "lost": 0, "foreign": 0}
    for name in _walk(""):
        if not _OURS.fullmatch(name):
            done["foreign"] += 1
            continue
        sha256 = sha256_of(name)
        there.add(sha256)
        if sha256 not in kept and _is_old(name, before):
            old.append(name)
    for start in range(0, len(old), BATCH):
        for size in _remove(old[start : start + BATCH], before):
            done["removed"] += 1
            done["bytes"] += size
    lost = kept - there
    for sha256 in sorted(lost)[:BATCH]:
        _note(sha256, FaultKind.MISSING)
    done["lost"] = len(lost)
    _forget_mended(kept, before)
    if done["removed"] or done["lost"]:
        log.info("files_collected", **done)
    return done


def _is_old(name: str, before: datetime) -> bool:
    with suppress(FileNotFoundError):
        return _storage().get_modified_time(name) < before
    return False


def _remove(names: list[str], before: datetime) -> list[int]:
    """Remove those of ``names`` that are still old and unnamed by any row; returns their sizes.

    :func:`keep` holds a lock until its row is committed; with that lock no act is keeping the file.
    """
    sizes: list[int] = []
    with transaction.atomic():
        free = []
        with connection.cursor() as cursor:
            for name in names:
                cursor.execute(
                    "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))",
                    [sha256_of(name) or name],
                )
                if cursor.fetchone()[0]:
                    free.append(name)
        kept = named(among=filter(None, map(sha256_of, free)))
        for name in free:
            if sha256_of(name) not in kept and _is_old(name, before):
                with suppress(FileNotFoundError):
                    size = _storage().size(name)
                    _storage().delete(name)
                    sizes.append(size)
    return sizes


def _forget_mended(kept: set[str], before: datetime) -> None:
    """Delete the FileFault rows of files that are right again or that no row names any more."""
    for fault in FileFault.objects.all():
        if fault.kind == FaultKind.NOT_STORED:
            mended = fault.seen_at < before
        else:
            mended = fault.sha256 not in kept or check(fault.sha256) is None
        if mended:
            fault.delete()
