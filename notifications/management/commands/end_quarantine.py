"""Let data that were restored send letters and messages again (hết cách ly)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cycle.running import quarantine
from notifications.delivery import lapse_waiting
from notifications.jobs import tell
from notifications.models import Delivery, DeliveryState

#: So long it may take to tell what was not told yet, seconds.
LONG = 3600.0


class Command(BaseCommand):
    """End the quarantine of a restored database: what waits is sent, or is let go.

    Raises CommandError without one of ``--send`` and ``--drop``: nothing is then changed.
    """

    help = "Cho dữ liệu đã phục hồi gửi thư, tin nhắn trở lại (cần địa chỉ của chủ sở hữu)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--send", action="store_true", help="gửi cả những gì đang chờ")
        parser.add_argument("--drop", action="store_true", help="bỏ những gì đang chờ")

    def handle(self, *, send: bool, drop: bool, **options: Any) -> None:
        since = quarantine.since()
        if since is None:
            raise CommandError("Dữ liệu không bị cách ly: thư, tin nhắn vẫn gửi.")
        tell(seconds=LONG)
        waiting = Delivery.objects.filter(state=DeliveryState.PENDING)
        if send == drop:
            raise CommandError(
                f"{waiting.count()} tin đang chờ: thêm --send để gửi, hoặc --drop để bỏ (những tin "
                "ấy có thể đã gửi trước khi phục hồi)."
            )
        dropped = lapse_waiting(f"Dữ liệu phục hồi từ bản sao lưu {since:%d/%m/%Y}.") if drop else 0
        quarantine.end()
        self.stdout.write(f"Đã hết cách ly; bỏ {dropped} tin, {waiting.count()} tin sẽ được gửi.")
