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
import tempfile
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction

from cycle import backups
from cycle.appointing import Appointed
from cycle.models import HistoryEntry, User
from cycle.running import embedded, encrypting, quarantine
from tests import databases

#: Somebody else than root, on every Debian.
NOBODY = (pwd.getpwnam("nobody").pw_uid, grp.getgrnam("nogroup").gr_gid)
KEY = "mot khoa chi de thu 0123456789"
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
                "BACKUP_KEY": KEY,
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
        with databases.using(place.name), transaction.atomic():
            an = User.objects.create(username="an")
            for _twice in range(2):
                HistoryEntry.objects.record("person.letter", Appointed(an), by=None)
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
    assert (ended.returncode, ended.stdout) == (
        0,
        f"Đã sao lưu cơ sở dữ liệu và 1 tài liệu vào {file}.\n",
    ), ended
    assert [path.name for path in file.parent.iterdir()] == ["ocop.tar"]
    # Nobody but its owner reads it, and without the key nobody at all.
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes().startswith(encrypting.MAGIC)
    assert b"phieu kiem nghiem" not in file.read_bytes()
    return file


@pytest.fixture
def target(tmp_path):
    place = Place("ocop_backup_target", tmp_path / "media")
    place.renew()
    yield place
    place.drop()


def altered(saved, tmp_path, dump=None, name="", **changes):
    """The same backup, not encrypted, with another dump or manifest or one more part, its checksums
    right.
    """
    with backups.parts(saved, KEY) as parts:
        files = {entry.name: content.read() for entry, content in parts}
    manifest = json.loads(files.pop("manifest.json")) | changes
    if dump is not None:
        files = {"database.dump": dump} | {n: c for n, c in files.items() if not backups.is_dump(n)}
    if name:
        files[name] = b"x"
    manifest["sha256"] = {n: hashlib.sha256(c).hexdigest() for n, c in files.items()}
    files["manifest.json"] = json.dumps(manifest).encode()
    with tarfile.open(tmp_path / "altered.tar", "w") as archive:
        for each, content in files.items():
            entry = tarfile.TarInfo(each)
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
    # Nothing is sent until somebody says so, as the owner.
    assert "end_quarantine" in ended.stdout
    since = f"SELECT {quarantine.SINCE} IS NULL"
    assert target.rows(since) == [(False,)]
    assert target.manage("end_quarantine", "--send").returncode == 0
    assert target.rows(since) == [(True,)]
    assert target.manage("begin_quarantine").returncode == 0
    assert target.rows(since) == [(False,)]
    # Queries are planned by what is there.
    assert target.rows("SELECT reltuples FROM pg_class WHERE relname = 'sealed'") == [(1,)]
    # What is created from now on is open to the application, as before.
    target.run("CREATE TABLE later ()")
    with psycopg.connect(target.database) as application:
        assert application.execute("SELECT count(*) FROM later").fetchone() == (0,)


def test_a_backup_is_checked_without_restoring_it(source, saved, tmp_path):
    ended = source.manage("verify_backup", saved, "--database")
    assert ended.returncode == 0, ended.stderr
    assert "2 dòng nhật ký của 1 chuỗi, 1 tài liệu." in ended.stdout
    assert ended.stdout.endswith("Bản sao lưu nguyên vẹn.\n")

    # A row fewer, an entry that was changed, another history: each is found in the dump itself.
    def told(**changes):
        with pytest.raises(CommandError) as said:
            backups.verified(altered(saved, tmp_path, **changes), KEY, backups.Script())
        return str(said.value)

    with backups.parts(saved, KEY) as parts:
        pieces = {entry.name: content.read() for entry, content in parts}
    state = json.loads(pieces["manifest.json"])["state"]
    more = state["rows"] | {"sealed": 2}
    assert told(state=state | {"rows": more}).endswith("sealed có 1 dòng thay vì 2.")
    assert told(state=state | {"heads": ""}).endswith("đầu các chuỗi nhật ký không khớp.")
    assert told(dump=b"PGDMP").startswith("pg_restore không làm được việc:")
    script = backups.Script()
    backups.verified(saved, KEY, script)
    with psycopg.connect(source.database) as application:
        cursor = application.cursor()
        assert backups.strange(cursor, script.heads) == ""
        assert backups.strange(cursor, ["unit/1/9/abc"]) == "unit/1/9/abc"


def test_an_entry_that_was_changed_is_found_in_the_dump():
    script = backups.Script()
    script.finish()
    row = [
        b"dossier",
        b"12",
        b"3",
        b"",
        b"a\\tb\\\\n",
        hashlib.sha256(b"\na\tb\\n").hexdigest().encode(),
    ]
    names = ("stream", "stream_id", "seq", "prev_hash", "payload", "hash")
    at = {name: n for n, name in enumerate(names)}
    script._history(backups.ENTRY, at, row)
    assert script.broken == ""
    script._history(backups.ENTRY, at, [*row[:4], b"other", row[5]])
    assert script.broken == "dossier 12/3"
    script.ran.stop()


def test_so_many_days_and_months_are_kept_and_never_none():
    day = datetime(2026, 1, 1, 18, 30, tzinfo=UTC)
    nights = [backups.name_at(day + timedelta(days=n)) for n in range(120)]
    again = backups.name_at(day + timedelta(days=119, hours=2))
    foreign = ["ocop-2026-01-01.tar", "anh.jpg", f"{again}.partial"]
    gone = backups.superfluous([*nights, again, *foreign], 3, 2)
    stay = {*nights, again} - {*gone}
    assert stay == {nights[-3], nights[-2], again, nights[89]}
    assert not {*gone} & {*foreign}
    for few in ([], [again], [nights[0]]):
        assert backups.superfluous(few, 1, 1) == []


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


def refused(file, key=KEY):
    """What is said of a file that is no sound backup, before anything is changed."""
    with pytest.raises(CommandError) as told:
        backups.verified(file, key)
    return str(told.value)


def test_what_is_no_whole_backup_of_this_key_is_refused(saved, tmp_path):
    whole, file = saved.read_bytes(), tmp_path / "other.tar"
    head = len(encrypting.MAGIC) + 48
    chunk = encrypting.CHUNK + 16
    chunks = [whole[at : at + chunk] for at in range(head, len(whole), chunk)]
    assert len(chunks) > 3
    spoiled = (
        whole[:-1],
        whole[: head + chunk],
        whole[:head],
        whole + b"x",
        whole + chunks[-1],
        whole[: head + 9] + bytes([whole[head + 9] ^ 1]) + whole[head + 10 :],
        whole[:head] + b"".join(chunks[1:]),
        whole[:head] + b"".join([chunks[1], chunks[0], *chunks[2:]]),
    )
    for content in spoiled:
        file.write_bytes(content)
        assert refused(file) == backups.DAMAGED
    assert refused(saved, "mot khoa khac 0123456789") == backups.WRONG_KEY
    assert refused(saved, "") == backups.NO_KEY

    plain = altered(saved, tmp_path).read_bytes()
    file.write_bytes(plain.replace(b"phieu kiem", b"phieu kiEm"))
    assert refused(file) == "Tệp sao lưu đã hỏng: media/ab/cd không khớp mã kiểm tra."
    no_manifest = plain.replace(b"manifest.json", b"manifest.jsox")
    for content in (b"", b"not a backup", b"\0" * 10240, plain[:-20480], no_manifest):
        file.write_bytes(content)
        assert refused(file) == f"{file} không phải tệp sao lưu, hoặc đã hỏng."
    for outside in ("media/../ngoai", "media//tmp/ngoai", "ngoai"):
        told = refused(altered(saved, tmp_path, name=outside))
        assert told.endswith("không phải tệp sao lưu, hoặc đã hỏng.")


def test_a_stream_of_any_length_comes_back(tmp_path):
    """Empty, and about the ends of chunks; nothing is in two files alike."""
    seen = set()
    for length in (0, 1, 65535, 65536, 65537, 131072):
        with (tmp_path / "file").open("w+b") as file:
            writer = encrypting.Writer(file, KEY)
            for start in range(0, length, 50_000):
                writer.write(b"x" * min(50_000, length - start))
            writer.finish()
            reader = encrypting.Reader(file, KEY)
            assert sum(map(len, iter(partial(reader.read, 4096), b""))) == length
        seen.add((tmp_path / "file").read_bytes()[:100])
    assert len(seen) == 6


def test_a_key_comes_from_a_file_or_the_settings_and_is_not_guessed(settings, tmp_path):
    settings.BACKUP_KEY, settings.BACKUP_KEY_FILE = f" {KEY}\n", ""
    assert backups.key() == KEY
    file = tmp_path / "key"
    file.write_text("khoa khac trong tep rieng\n")
    settings.BACKUP_KEY_FILE = str(file)
    assert backups.key() == "khoa khac trong tep rieng"
    for short in ("", "ngan"):
        file.write_text(short)
        with pytest.raises(CommandError, match="quá ngắn"):
            backups.key(file)
    with pytest.raises(CommandError, match="Không đọc được tệp khóa"):
        backups.key(tmp_path / "none")
    settings.BACKUP_KEY, settings.BACKUP_KEY_FILE = "", ""
    assert backups.key() == ""


def older_programs():
    """Where the programs of the oldest PostgreSQL of this machine are; skips without one."""
    folders = sorted(Path("/usr/lib/postgresql").glob("1[567]/bin"))
    if not folders:
        pytest.skip("no older PostgreSQL here")
    return folders[0]


@pytest.mark.slow(reason="a server archives, is stopped and recovered")
def test_the_drill_of_recovery_to_a_moment_passes():
    programs = older_programs()
    ended = subprocess.run(
        ["sh", "-s", programs],
        input=(embedded.PROJECT / "docs" / "debian" / "drill-recovery.sh").read_bytes(),
        cwd="/",
        capture_output=True,
        timeout=120,
        **embedded._account(),
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.decode().startswith("Được: khôi phục tới ")


@pytest.fixture
def older_server(tmp_path):
    """An installation on the oldest PostgreSQL that this machine has."""
    programs, account = older_programs(), embedded._account()
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="ocop-") as folder:
        if account:
            os.chown(folder, account["user"], account["group"])

        def run(name, *arguments):
            subprocess.run(
                [programs / name, *arguments], check=True, stdout=subprocess.DEVNULL, **account
            )

        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        data = f"--pgdata={folder}/data"
        run(
            "initdb", data, "--username=postgres", "--auth=trust", "--encoding=UTF8",
            "--locale=C.UTF-8",
        )  # fmt: skip
        run("pg_ctl", data, "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            subprocess.run(
                [programs / "psql", "-q", "-h", folder, "-U", "postgres", "-v", "ON_ERROR_STOP=1"],
                input=embedded.administrator_sql().encode(),
                check=True,
                stdout=subprocess.DEVNULL,
            )
            place = Place("ocop", tmp_path / "media")
            host = quote(folder, safe="")
            place.database, place.owner = (
                f"postgresql://{role}@{host}/ocop" for role in (embedded.WORK, embedded.OWNER)
            )
            yield place
        finally:
            run("pg_ctl", data, "-m", "immediate", "stop")


def test_an_older_server_takes_it_to_the_byte(source, saved, older_server):
    """From our own PostgreSQL to one of before: rows, rights, and every hash of history."""
    ended = older_server.manage("restore", saved)

    # Which compares rows and heads, and recomputes the chains there.
    assert ended.returncode == 0, ended.stderr
    entries = "SELECT stream, stream_id, seq, payload, hash FROM cycle_historyentry ORDER BY 1,2,3"
    assert older_server.rows(entries) == source.rows(entries)
    assert older_server.rows(RIGHTS) == source.rows(RIGHTS)
    assert int(older_server.rows("SHOW server_version_num")[0][0]) < 180000


def test_a_file_that_was_changed_before_the_backup_is_named(source, target, tmp_path):
    name = "ab" * 32
    spoiled = source.media / "ab" / name
    spoiled.write_bytes(b"another content")
    (source.media / "ab" / ".incoming-abc12345").write_bytes(b"half")
    try:
        nights = tmp_path / "nights"
        nights.mkdir()
        (nights / "ocop-2020-01-02T183000Z.backup").touch()
        (nights / "ocop-2020-01-01T183000Z.backup").touch()
        ended = source.manage("backup", nights, "--daily=1", "--monthly=2")
        assert ended.returncode == 0
        kept, spoiled_backup = sorted(nights.iterdir())
        assert kept.name == "ocop-2020-01-02T183000Z.backup"
        assert f"ab/{name} đã bị thay đổi" in ended.stderr
        ended = target.manage("restore", spoiled_backup)
        assert f"ab/{name} đã bị thay đổi trước khi sao lưu" in ended.stderr
        assert (target.media / "ab" / name).read_bytes() == b"another content"
        assert not (target.media / "ab" / ".incoming-abc12345").exists()
    finally:
        for path in (source.media / "ab").iterdir():
            if path.name != "cd":
                path.unlink()


def test_a_backup_that_does_not_fit_or_cannot_be_written_says_so(db, saved, settings, tmp_path):
    settings.BACKUP_KEY = KEY
    misfits = (
        (
            {"migrations": [["cycle", "9999_later"]]},
            "Bản sao lưu của phiên bản khác, chương trình này không có: cycle.9999_later.",
        ),
        (
            {"roles": {"owner": "chu", "default": "ung_dung"}},
            "Bản sao lưu dùng vai trò cơ sở dữ liệu khác: cần chu và ung_dung.",
        ),
    )
    for changes, said in misfits:
        with pytest.raises(CommandError) as told:
            call_command("restore", altered(saved, tmp_path, **changes))
        assert str(told.value) == said
    nowhere = tmp_path / "none" / "ocop.tar"
    with pytest.raises(CommandError) as told:
        call_command("backup", nowhere)
    assert str(told.value) == (
        f"Không ghi được {nowhere}: hãy kiểm tra thư mục, quyền ghi và dung lượng ổ đĩa."
    )
