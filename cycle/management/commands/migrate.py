"""Migrations run as the owning role: the application's own role has no DDL."""

from django.core.management.commands.migrate import Command as Migrate

from cycle.owner import as_owner


class Command(Migrate):
    """Migrate as the owner of the database."""

    def handle(self, *args, **options):
        with as_owner():
            super().handle(*args, **options)
