"""Fire what is due, as the beat does every minute."""

import argparse
import json
from datetime import datetime

from django.core.management.base import BaseCommand
from django.utils import timezone

from cycle import clock
from dossiers.deadlines import sweep


def a_moment(text):
    """An ISO moment, in Vietnam's time when it names no zone, or argparse's own refusal."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"«{text}» không phải thời điểm dạng ISO") from None
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


class Command(BaseCommand):
    """Sweep once; any number of sweeps may run at the same time."""

    help = "Phát các nhắc việc, báo quá hạn đã đến giờ; chạy lại không phát hai lần."

    def add_arguments(self, parser):
        parser.add_argument("--now", type=a_moment, help="thời điểm, ví dụ 2026-11-25T08:00")
        parser.add_argument("--json", action="store_true")

    def handle(self, *, now, **options):
        now = now or clock.now()
        with clock.at(now):
            did = sweep(now)
        if options["json"]:
            self.stdout.write(json.dumps({"now": now.isoformat(), **did}))
        else:
            self.stdout.write(
                f"{timezone.localtime(now):%H:%M %d/%m/%Y}: {did['terms']} thời hạn, "
                f"{did['firings']} lần nhắc, báo."
            )
