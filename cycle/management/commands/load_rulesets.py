"""Load the editions of the law (bộ quy định)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from cycle import rulesets
from cycle.models import Configuration, HistoryEntry, RuleSet


class Command(BaseCommand):
    """Load rule sets; an unchanged file adds nothing, a changed one adds a row beside the old."""

    help = "Nạp các bộ quy định từ tệp; tệp không đổi thì không thêm gì."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", nargs="?", default=rulesets.FOLDER, help="thư mục chứa tệp")

    @transaction.atomic
    def handle(self, *, folder: Path, **options: Any) -> None:
        """Raises :class:`CommandError` naming file and key; nothing is then loaded."""
        paths = rulesets.files(folder)
        if not paths:
            raise CommandError(f"Không có bộ quy định nào trong {folder}.")
        added = 0
        for path in paths:
            try:
                content = rulesets.read(path)
            except rulesets.RuleSetInvalid as error:
                raise CommandError(str(error)) from error
            row, created = RuleSet.objects.get_or_create(
                content_hash=rulesets.content_hash(content),
                defaults={
                    "edition": content["edition"],
                    "title": content["title"],
                    "document": content["document"],
                    "valid_from": content["valid_from"],
                    "valid_to": content["valid_to"],
                    "content": content,
                },
            )
            added += created
            if created:
                HistoryEntry.objects.record(
                    "ruleset.load",
                    Configuration(row.title),
                    saved=[row],
                    document=row.document,
                    sha256=row.content_hash,
                )
        self.stdout.write(f"Bộ quy định: {len(paths)}, mới {added}.")
