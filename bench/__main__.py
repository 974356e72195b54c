"""``python -m bench`` lists the proofs; ``python -m bench NAME`` runs one, SCALE=full in full."""

import ast
import importlib
import json
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from cycle import embedded


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


def prove(name: str, scale: str) -> dict:
    """Run a proof over services and a database of its own, which are gone afterwards."""
    for given in ("DATABASE_URL", "DATABASE_WORK_URL", "DATABASE_OWNER_URL", "REDIS_URL"):
        os.environ.pop(given, None)
    with tempfile.TemporaryDirectory(prefix="ocop-proof-") as state:
        # PostgreSQL of root runs as nobody, who must be able to pass.
        Path(state).chmod(0o711)
        os.environ["OCOP_STATE"] = f"{state}/state"
        os.environ["DJANGO_SETTINGS_MODULE"] = "cycle.settings"
        try:
            import django
            from django.core.management import call_command
            from django.db import connections

            django.setup()
            call_command("migrate", verbosity=0)
            figures = importlib.import_module(f"bench.{name}").run(scale)
            connections.close_all()
        except BaseException:
            # What still runs may hold the data; that is not what went wrong.
            with suppress(SystemExit):
                embedded.forget()
            raise
        embedded.forget()
    return figures


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
