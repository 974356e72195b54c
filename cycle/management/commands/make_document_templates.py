"""Make the Word templates that ship from the words of all kinds of papers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from cycle.papers.kinds import KINDS
from cycle.papers.layout import template


class Command(BaseCommand):
    """Write the template of every kind (mẫu văn bản) where it ships from, or into one folder."""

    help = "Tạo lại các mẫu Word đi kèm phần mềm từ lời văn trong mã nguồn."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--folder", type=Path, help="thư mục ghi mẫu")

    def handle(self, *, folder: Path | None, verbosity: int, **options: Any) -> None:
        for kind in KINDS.values():
            into = folder or kind.folder
            into.mkdir(exist_ok=True)
            (into / kind.template.name).write_bytes(template(kind.code))
            if verbosity:
                self.stdout.write(kind.template.name)
