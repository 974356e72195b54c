"""Whether this installation can work, and what is missing; runs after installing and each day."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import translation

from notifications import health


class Command(BaseCommand):
    """Ask every question of ``notifications.health``; print what is missing and the way out."""

    help = "Khám hệ thống: in điều còn thiếu và cách khắc phục; kết thúc với mã 1 nếu có."
    # It says itself what is missing.
    requires_system_checks = []

    def handle(self, *, verbosity: int, **options: Any) -> None:
        """Raises SystemExit(1) after naming everything that is missing."""
        missing = 0
        with translation.override("vi"):
            for name, findings in health.examine():
                missing += len(findings)
                if not findings and verbosity:
                    self.stdout.write(f"được    {name}")
                for found in findings:
                    self.stdout.write(f"THIẾU   {name}: {found.what}")
                    if found.advice:
                        self.stdout.write(f"        → {found.advice}")
        if missing:
            sys.exit(1)
