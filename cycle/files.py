"""Files by their content (tệp): staged when they come, kept with their row, opened only if whole.

The one place that knows where files lie: the storage named ``files`` in ``STORAGES``. A file's name
there is its SHA-256. Another storage may stand in for the folder, if it overwrites what has the
same name (S3 does).

1. :func:`stage` writes what came, before any row speaks of it: a form does that.
2. :func:`keep` is called by the act that saves the row, in its transaction.
3. :func:`collect` removes every night what no row names.
"""

import errno
import hashlib
import os
import re
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

log = structlog.get_logger(__name__)

#: What no row names is removed once it is older.
KEPT_FOR = timedelta(days=1)
#: So many are removed in one transaction.
BATCH = 100
#: A file that is being written; its writer may have died.
PARTIAL = ".incoming-"

_SHA256 = re.compile(r"[0-9a-f]{64}")
#: What this product writes, now or in 0.1.0. Whatever else lies there is somebody else's.
_OURS = re.compile(
    rf"(?P<folder>[0-9a-f]{{2}})/(?P<sha256>(?P=folder)[0-9a-f]{{62}})"
    rf"|([0-9a-f]{{2}}/)?{re.escape(PARTIAL)}\w+"
    r"|tmp\w{8}"
)

NOT_STORED = _("Máy chủ không lưu được tệp. Xin thử lại sau, hoặc báo quản trị.")
STAGED_GONE = _("Tệp đã tải lên không còn trên máy chủ, xin chọn lại tệp.")


class HashField(models.CharField):
    """Names a file by its SHA-256, or none: the collector asks every field of this kind."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 64} | kwargs)

    def deconstruct(self) -> Any:
        """A plain column, as it always was."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class LocalFiles(FileSystemStorage):
    """A folder (``MEDIA_ROOT``): each file whole or not at all, fsynced before anyone names it.

    What has the same name is replaced in one step. A symlink is no file of ours: it is neither
    listed nor followed.
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
    """A file that came and that no row names yet. ``bytes`` is its size."""

    sha256: str
    bytes: int
    filename: str = ""
    content_type: str = ""


class FileLost(Exception):
    """The content that a row names is not there: missing, changed, or not to be read."""

    def __init__(self, sha256: str, kind: FaultKind) -> None:
        super().__init__(f"{kind}: {sha256}")
        self.sha256, self.kind = sha256, kind


class NotStored(Exception):
    """The storage took nothing: it is full, or may not be written to."""


def _storage() -> Storage:
    return storages["files"]


def name_of(sha256: str) -> str:
    """The name of a content in the storage. Raises FileLost for what is no SHA-256."""
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
    """Write ``content`` under ``name``, whole or not at all. Raises NotStored.

    :func:`stage` names it after its content; a restored backup brings its names.
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


def stage(content: File, filename: str = "", content_type: str = "") -> Staged:
    """Write what came by its SHA-256, before any row speaks of it. Raises NotStored.

    The same content twice is one file; it is written again all the same: that mends one that was
    changed, and :func:`collect` counts its day anew.
    """
    sha256, size = _digest(content)
    try:
        put(name_of(sha256), content)
    except NotStored:
        _note("", FaultKind.NOT_STORED)
        raise
    return Staged(sha256, size, filename, content_type)


def keep(sha256: str, field: str = "file") -> None:
    """Hold a staged content for the row that names it, until the transaction ends.

    The act that saves the row calls this first. Raises ValidationError at ``field`` when the
    content is gone.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("keep() belongs in the act's transaction.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", [sha256])
    if not is_there(sha256):
        raise ValidationError({field: STAGED_GONE})


def is_there(sha256: str) -> bool:
    """Whether something lies under this SHA-256; whether it is right, :func:`check` says."""
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
    """The content with this SHA-256, read once to see that it is that.

    Raises FileLost, which is logged and stands on the page of operations.
    """
    try:
        return _whole(sha256)
    except FileLost as lost:
        log.error("file_lost", sha256=sha256, kind=str(lost.kind), exc_info=True)
        if sha256:
            _note(sha256, lost.kind)
        raise


def check(sha256: str) -> FaultKind | None:
    """What is wrong with the content of this SHA-256; None when it is right."""
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
        # The log has it. Whoever asks for the file is told of the file.
        log.exception("file_fault_not_noted", sha256=sha256)


# --- All of them ----------------------------------------------------------------------------------


def walk() -> Iterator[str]:
    """The names of all files, what is being written apart, in order."""
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
    """The SHA-256 that a file's name gives; empty for one that is not named by its content."""
    found = _OURS.fullmatch(name)
    return (found and found["sha256"]) or ""


def raw(name: str) -> tuple[File, int]:
    """A file as it lies there, with its size: for a backup. Raises FileNotFoundError, OSError."""
    return _storage().open(name), _storage().size(name)


def fields() -> Iterator[tuple[type[models.Model], str]]:
    """Every field by which a row names a file, as (model, name of the field)."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, HashField):
                yield model, field.name


def named(among: Iterable[str] | None = None) -> set[str]:
    """The SHA-256 of every file that some row names; of those ``among``, when given."""
    found: set[str] = set()
    asked = None if among is None else list(among)
    for model, field in fields():
        rows = model._base_manager.exclude(**{field: ""})
        if asked is not None:
            rows = rows.filter(**{f"{field}__in": asked})
        found.update(rows.values_list(field, flat=True).iterator())
    return found


def collect() -> dict[str, int]:
    """Remove what no row names and is older than a day (dọn tệp); what was done, in numbers.

    ``removed`` files of ``bytes`` together; rows ``lost`` their file; ``foreign`` files are not
    ours and stay. A file that an act is keeping right now is passed over.
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
    """Remove those of ``names`` that are still old and still no row's; returns their sizes.

    Whoever keeps one holds its lock until the row is committed: while we hold it, nobody does.
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
    """Take back what is right again, or what no row names any more."""
    for fault in FileFault.objects.all():
        if fault.kind == FaultKind.NOT_STORED:
            mended = fault.seen_at < before
        else:
            mended = fault.sha256 not in kept or check(fault.sha256) is None
        if mended:
            fault.delete()
