"""``python -m bench`` lists the proofs; ``python -m bench NAME`` runs one, SCALE=full in full."""

import ast
import fcntl
import hashlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cycle.running import embedded
from tests.databases import state_of_the_code


def proofs() -> dict[str, tuple[str, str]]:
    """Name of each proof, with what it shows and the bound, read without running anything."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        tree = ast.parse(path.read_text())
        bounds = [
            ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "BOUND"
        ]
        if bounds:
            found[path.stem] = ((ast.get_docstring(tree) or "").partition("\n")[0], bounds[0])
    return found


@contextmanager
def services_of_its_own(*, migrated: bool = False) -> Iterator[None]:
    """PostgreSQL and Redis without data, gone afterwards; entered before the settings are read.

    ``migrated`` lets the server begin with a copy of files that were migrated before.
    """
    for given in (
        "DATABASE_URL",
        "DATABASE_WORK_URL",
        "DATABASE_OWNER_URL",
        "REDIS_URL",
        "MEDIA_ROOT",
    ):
        os.environ.pop(given, None)
    with tempfile.TemporaryDirectory(prefix="ocop-proof-") as state:
        # PostgreSQL of root runs as nobody, who must be able to pass.
        Path(state).chmod(0o711)
        os.environ["OCOP_STATE"] = f"{state}/state"
        if migrated:
            kept = migrated_files(Path(state) / "made")
            copy_files(kept, embedded.state_folder() / "postgres")
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
        embedded.start_postgres()
        try:
            yield
        except BaseException:
            # What still runs may hold the data; that is not what went wrong.
            with suppress(SystemExit):
                embedded.forget()
            raise
        embedded.forget()


#: Migrates, loads the reference data, lends the owner's hand (what a proof puts somewhere without
#: its acts), and waits until the server has stopped: its files are then complete.
MIGRATE = """
import io
import django
from django.core.management import call_command
from django.db import connections
from cycle.running import embedded
embedded.start_postgres()
django.setup()
from tests.owning import lend_hand
call_command("migrate", verbosity=0)
call_command("load_reference", stdout=io.StringIO())
lend_hand()
connections.close_all()
embedded.leave()
print(embedded.state_folder())
"""


def _state() -> str:
    """A short hash of all that the files follow from."""
    hashed = hashlib.sha256((state_of_the_code() + MIGRATE).encode())
    hashed.update((embedded.PROJECT / "tests" / "owning.py").read_bytes())
    for pattern in ("data/*", "rulesets/**/*", "management/commands/load_*.py", "*.py"):
        for path in sorted((embedded.PROJECT / "cycle").glob(pattern)):
            if path.is_file() and path.suffix != ".pyc":
                hashed.update(path.read_bytes())
    return hashed.hexdigest()[:16]


def migrated_files(state: Path) -> Path:
    """The files of a stopped server with a migrated database, made in ``state`` if there are none.

    The reference data is in it. They are kept below ``.local/migrated``, one folder, until a
    migration, the data or what loads it differs.
    """
    folder = embedded.PROJECT / ".local" / "migrated"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / _state()
    with (folder / "lock").open("a") as lock:
        # The proofs of one run of the suite come at once: the first makes them, the others wait.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            environment = os.environ | {
                "OCOP_STATE": str(state),
                "OCOP_PG_FAST": "1",
                "DJANGO_SETTINGS_MODULE": "tests.settings",
            }
            made = subprocess.run(
                [sys.executable, "-c", MIGRATE],
                cwd=embedded.PROJECT,
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            ).stdout.splitlines()[-1]
            for old in folder.iterdir():
                if old.is_dir():
                    shutil.rmtree(old)
            # Renamed when complete: what was cut short does not look finished.
            copy_files(Path(made) / "postgres", kept.with_suffix(".new"))
            kept.with_suffix(".new").rename(kept)
    return kept


def copy_files(source: Path, target: Path) -> None:
    """Copy a stopped server's folder with its owner and its rights."""
    subprocess.run(["cp", "-a", source, target], check=True)


def prove(name: str, scale: str) -> dict:
    """Run a proof over services and a database of its own, which are gone afterwards."""
    with services_of_its_own(migrated=True):
        import django
        from django.db import connections

        django.setup()
        figures = importlib.import_module(f"bench.{name}").run(scale)
        connections.close_all()
    return figures | {"holds": figures["exact"] and figures.get("fast", True)}


def main(arguments: list[str]) -> None:
    """List the proofs, or run the one named; raises SystemExit for a name that is not one."""
    known = proofs()
    name, scale = (arguments or [None])[0], os.environ.get("SCALE") or "small"
    if name is None:
        for proof, (shows, bound) in known.items():
            print(f"make proof NAME={proof}\n    {shows}\n    {bound}")
    elif name not in known:
        raise SystemExit(f"Hãy chọn một phép chứng minh bằng NAME=…: {', '.join(known)}.")
    elif scale not in ("small", "full"):
        raise SystemExit("SCALE chỉ nhận small hoặc full.")
    else:
        print(json.dumps(prove(name, scale), ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1:])
