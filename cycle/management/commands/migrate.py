"""Migrations run as the owning role: the application's own role has no DDL."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.core import checks
from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as Migrate

from cycle import chains
from cycle.guards import guards_hold, keep_keys
from cycle.running import schema
from cycle.running.owner import alone, as_owner


class Command(Migrate):
    """Migrate as the owner of the database, then see that what the database refuses holds.

    Raises CommandError when it does not, with what is to be done about it.
    """

    def handle(self, *args: Any, **options: Any) -> None:
        with self.alone(options), as_owner():
            if not schema.knows_letters(options["database"]):
                raise CommandError(schema.LETTERS)
            super().handle(*args, **options)
            if options["plan"] or options["check_unapplied"]:
                return
            keep_keys(options["database"])
            if options["app_label"]:
                return
            chains.keep_shapes(options["database"])
            found = guards_hold(None, [options["database"]])
        if lacking := [str(each) for each in found if each.level >= checks.ERROR]:
            raise CommandError("\n".join(["Đã di trú, nhưng chốt giữ của dữ liệu hở:", *lacking]))
        for each in found:
            self.stderr.write(self.style.WARNING(str(each)))

    def alone(self, options: dict[str, Any]) -> AbstractContextManager[None]:
        """Another that migrates now is waited for: two at once would both begin the same."""
        if options["plan"] or options["check_unapplied"]:
            return nullcontext()
        return alone("migrate", lambda: self.stdout.write("Chờ lượt di trú khác xong…"))

    def check(self, *args: Any, databases: Any = None, **kwargs: Any) -> Any:
        """The system checks, but for those of the database: what it lacks, migrations bring."""
        super().check(*args, **kwargs)
