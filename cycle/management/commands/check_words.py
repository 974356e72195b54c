"""Whether the code still knows every word that rows and paper hold; runs at every deploy."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from cycle import words


class Command(BaseCommand):
    """Read each kind of stored words from the database and name those that the code lost."""

    help = "Đối chiếu các tên đã lưu với mã nguồn; in tên lạ và kết thúc với mã 1 nếu có."

    def handle(self, *, verbosity: int, **options: Any) -> None:
        """Raises SystemExit(1) after naming every word that the code does not know."""
        found = words.unknown()
        for each in found:
            self.stdout.write(
                f"«{each.word}» ({each.kind}): {each.rows} dòng ở {each.place}, "
                "mã nguồn không biết."
            )
        if found:
            sys.exit(1)
        if verbosity:
            self.stdout.write(f"{len(words.kinds())} loại tên đã lưu, mã nguồn biết hết.")
