"""Fire what is due, by hand or from another scheduler than Celery's beat."""

from __future__ import annotations

import argparse
import json
from contextlib import nullcontext
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from cycle import clock
from dossiers.terms.sweep import begin_batches, sweep


def a_moment(text: str) -> datetime:
    """The ISO moment ``text``, in Vietnam's time if it names no zone. Raises ArgumentTypeError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"«{text}» không phải thời điểm: viết 2026-12-15T08:00"
        ) from None
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


class Command(BaseCommand):
    """Start the dates of the year and fire every reminder and escalation that is due."""

    help = "Quét thời hạn: nhắc việc, báo cáo cấp trên đã đến lúc; chạy lại không trùng."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--now", type=a_moment, help="coi như đang là thời điểm này")
        parser.add_argument("--json", action="store_true")

    def handle(self, *, now: datetime | None, **options: Any) -> None:
        """Print how many terms had something due and how many rungs fired."""
        with clock.at(now) if now else nullcontext():
            moment = clock.now()
            begin_batches(moment)
            done = sweep(moment)
        if options["json"]:
            self.stdout.write(json.dumps({"now": moment.isoformat(), **done}))
        else:
            self.stdout.write(
                f"{timezone.localtime(moment):%d/%m/%Y %H:%M}: {done['terms']} thời hạn, "
                f"{done['firings']} lần nhắc việc, báo cáo."
            )
