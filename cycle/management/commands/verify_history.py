"""Whether history is what was written down, at the prompt."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from cycle import chains


class Command(BaseCommand):
    """Recompute the chains of history (nhật ký xử lý): numbers, links, payloads, hashes, heads."""

    help = "Tính lại các chuỗi nhật ký; in chỗ đứt đầu tiên và kết thúc với mã 1 nếu có."

    def handle(self, *, verbosity: int, **options: Any) -> None:
        """Raises SystemExit(1) after naming the first broken link."""
        if found := chains.check(most=1):
            self.stdout.write(f"Nhật ký bị đứt tại {found[0]}.")
            sys.exit(1)
        if verbosity:
            streams, entries = chains.size()
            self.stdout.write(f"Nhật ký nguyên vẹn: {streams} chuỗi, {entries} dòng.")
