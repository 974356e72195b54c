"""Backup and restore, by doing it: into a second database, which is thrown away."""

import grp
import hashlib
import io
import json
import os
import pwd
import subprocess
import sys
import tarfile

import psycopg
import pytest

from cycle.running import embedded
from tests import databases

#: Somebody else than root, on every Debian.
NOBODY = (pwd.getpwnam("nobody").pw_uid, grp.getgrnam("nogroup").gr_gid)
RIGHTS = """
SELECT table_name, privilege_type FROM information_schema.role_table_grants
WHERE table_schema = 'public' AND grantee = 'ocop_app' ORDER BY 1, 2
"""


class Place:
    """A database and a folder of files, as one installation has them."""

    def __init__(self, name, media):
        self.name, self.media = f"{name}_{os.getpid()}", media
        database, _work, owner, self.redis = embedded.urls()
        self.server = owner
        self.database, self.owner = (
            f"{url.rpartition('/')[0]}/{self.name}" for url in (database, owner)
        )

    def manage(self, *arguments):
        return subprocess.run(
            [sys.executable, "manage.py", *map(str, arguments)],
            cwd=embedded.PROJECT,
            env={
                **os.environ,
                "DATABASE_URL": self.database,
                "DATABASE_OWNER_URL": self.owner,
                "REDIS_URL": self.redis,
                "MEDIA_ROOT": str(self.media),
            },
            capture_output=True,
            text=True,
            timeout=300,
        )

    def rows(self, query):
        with psycopg.connect(self.owner) as owner:
            return owner.execute(query).fetchall()

    def run(self, *statements):
        with psycopg.connect(self.owner) as owner:
            for statement in statements:
                owner.execute(statement)

    def renew(self, *, empty=True):
        databases.make(self.name, empty=empty)

    def drop(self):
        databases.drop(self.name)


@pytest.fixture(scope="module")
def source(django_db_blocker, tmp_path_factory):
    """A migrated installation with a row, a file, and a table whose rows may not be rewritten."""
    place = Place("ocop_backup_source", tmp_path_factory.mktemp("source"))
    with django_db_blocker.unblock():
        place.renew(empty=False)
    place.run(
        "CREATE TABLE sealed (id bigint GENERATED ALWAYS AS IDENTITY, word text)",
        "REVOKE UPDATE, DELETE ON sealed FROM ocop_app",
        "INSERT INTO sealed (word) VALUES ('Mật ong rừng Điện Biên')",
    )
    (place.media / "ab").mkdir()
    (place.media / "ab" / "cd").write_bytes(b"\0phieu kiem nghiem")
    (place.media / "ab" / "cd").chmod(0o640)
    if os.geteuid() == 0:
        os.chown(place.media / "ab" / "cd", *NOBODY)
    yield place
    place.drop()


@pytest.fixture(scope="module")
def saved(source, tmp_path_factory):
    file = tmp_path_factory.mktemp("saved") / "ocop.tar"
    ended = source.manage("backup", file)
    assert (ended.returncode, ended.stdout) == (0, "Đã sao lưu cơ sở dữ liệu và 1 tài liệu.\n"), (
        ended
    )
    assert [path.name for path in file.parent.iterdir()] == ["ocop.tar"]
    return file


@pytest.fixture
def target(tmp_path):
    place = Place("ocop_backup_target", tmp_path / "media")
    place.renew()
    yield place
    place.drop()


def altered(saved, tmp_path, dump=None, **changes):
    """The same backup with another dump or manifest, its checksums right."""
    with tarfile.open(saved) as archive:
        files = {entry.name: archive.extractfile(entry).read() for entry in archive.getmembers()}
    manifest = json.loads(files["manifest.json"]) | changes
    if dump is not None:
        files["database.dump"] = dump
        manifest["sha256"]["database.dump"] = hashlib.sha256(dump).hexdigest()
    files["manifest.json"] = json.dumps(manifest).encode()
    with tarfile.open(tmp_path / "altered.tar", "w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return tmp_path / "altered.tar"


def refusal(ended):
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    return ended.stderr.strip()


def test_rows_files_and_rights_come_back(source, saved, target):
    ended = target.manage("restore", saved)

    assert ended.returncode == 0, ended.stderr
    assert target.rows("SELECT id, word FROM sealed") == [(1, "Mật ong rừng Điện Biên")]
    assert (target.media / "ab" / "cd").read_bytes() == b"\0phieu kiem nghiem"
    there = (target.media / "ab" / "cd").stat()
    assert there.st_mode & 0o777 == 0o640
    if os.geteuid() == 0:
        # What root brings back is readable for whom it was before.
        folder = (target.media / "ab").stat()
        assert {(each.st_uid, each.st_gid) for each in (there, folder)} == {NOBODY}
    assert target.rows(RIGHTS) == source.rows(RIGHTS)
    migrations = "SELECT app, name FROM django_migrations ORDER BY 1, 2"
    assert target.rows(migrations) == source.rows(migrations)
    with psycopg.connect(target.database) as application:
        application.execute("INSERT INTO sealed (word) VALUES ('Chè Tủa Chùa')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute("UPDATE sealed SET word = ''")
        application.rollback()
        # The right is in every new database, and in no dump.
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute("CREATE TEMPORARY TABLE sealed ()")
    # What is created from now on is open to the application, as before.
    target.run("CREATE TABLE later ()")
    with psycopg.connect(target.database) as application:
        assert application.execute("SELECT count(*) FROM later").fetchone() == (0,)


def test_a_database_in_use_is_replaced_only_by_force(saved, target):
    target.run("CREATE TABLE mine ()")

    assert refusal(target.manage("restore", saved)) == (
        "CommandError: Cơ sở dữ liệu không trống: thêm --force nếu muốn thay toàn bộ."
    )
    assert target.rows("SELECT to_regclass('mine') IS NULL, to_regclass('sealed') IS NULL") == [
        (False, True)
    ]

    assert target.manage("restore", saved, "--force").returncode == 0
    assert target.rows("SELECT to_regclass('mine') IS NULL, to_regclass('sealed') IS NULL") == [
        (True, False)
    ]


def test_a_restore_that_fails_leaves_the_database_as_it_was(saved, target, tmp_path):
    target.run("CREATE TABLE mine ()")

    ended = target.manage("restore", altered(saved, tmp_path, dump=b"PGDMP"), "--force")

    assert refusal(ended).startswith("CommandError: pg_restore không làm được việc:")
    assert target.rows("SELECT to_regclass('mine') IS NULL") == [(False,)]


def test_a_damaged_backup_is_refused(saved, target, tmp_path):
    damaged = tmp_path / "damaged.tar"
    damaged.write_bytes(saved.read_bytes().replace(b"phieu kiem", b"phieu kiEm"))

    assert refusal(target.manage("restore", damaged)) == (
        "CommandError: Tệp sao lưu đã hỏng: media/ab/cd không khớp mã kiểm tra."
    )
    assert not target.media.exists()


@pytest.mark.parametrize("name", ["media/../ngoai", "media//tmp/ngoai", "ngoai"])
def test_a_backup_that_names_a_place_outside_is_refused(saved, target, tmp_path, name):
    with tarfile.open(saved) as archive:
        files = {each.name: archive.extractfile(each).read() for each in archive.getmembers()}
    manifest = json.loads(files.pop("manifest.json"))
    files[name] = b"x"
    manifest["sha256"][name] = hashlib.sha256(b"x").hexdigest()
    with tarfile.open(tmp_path / "outside.tar", "w") as archive:
        for each, content in {**files, "manifest.json": json.dumps(manifest).encode()}.items():
            entry = tarfile.TarInfo(each)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))

    told = refusal(target.manage("restore", tmp_path / "outside.tar"))

    assert told.endswith("không phải tệp sao lưu, hoặc đã hỏng.")
    assert not target.media.exists()


def test_a_file_that_was_changed_before_the_backup_is_named(source, target, tmp_path):
    name = "ab" * 32
    spoiled = source.media / "ab" / name
    spoiled.write_bytes(b"another content")
    (source.media / "ab" / ".incoming-abc12345").write_bytes(b"half")
    try:
        ended = source.manage("backup", tmp_path / "spoiled.tar")
        assert ended.returncode == 0
        assert f"ab/{name} đã bị thay đổi" in ended.stderr
        ended = target.manage("restore", tmp_path / "spoiled.tar")
        assert f"ab/{name} đã bị thay đổi trước khi sao lưu" in ended.stderr
        assert (target.media / "ab" / name).read_bytes() == b"another content"
        assert not (target.media / "ab" / ".incoming-abc12345").exists()
    finally:
        for path in (source.media / "ab").iterdir():
            if path.name != "cd":
                path.unlink()


@pytest.mark.parametrize("content", (b"", b"not a backup", b"\0" * 10240))
def test_a_file_that_is_no_backup_is_refused(target, tmp_path, content):
    other = tmp_path / "other.tar"
    other.write_bytes(content)

    assert refusal(target.manage("restore", other)) == (
        f"CommandError: {other} không phải tệp sao lưu, hoặc đã hỏng."
    )


def test_a_backup_of_a_newer_version_is_refused(saved, target, tmp_path):
    newer = altered(saved, tmp_path, migrations=[["cycle", "9999_later"]])

    assert refusal(target.manage("restore", newer)) == (
        "CommandError: Bản sao lưu của phiên bản khác, chương trình này không có: cycle.9999_later."
    )


def test_a_backup_for_other_roles_is_refused(saved, target, tmp_path):
    other = altered(saved, tmp_path, roles={"owner": "chu", "default": "ung_dung"})

    assert refusal(target.manage("restore", other)) == (
        "CommandError: Bản sao lưu dùng vai trò cơ sở dữ liệu khác: cần chu và ung_dung."
    )


def test_a_backup_that_cannot_be_written_says_so(source, tmp_path):
    nowhere = tmp_path / "none" / "ocop.tar"

    assert refusal(source.manage("backup", nowhere)) == (
        f"CommandError: Không ghi được {nowhere}: "
        "hãy kiểm tra thư mục, quyền ghi và dung lượng ổ đĩa."
    )
