"""Let data that came back by another way than ``restore`` send nothing (cách ly)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connections

from cycle import clock
from cycle.running import quarantine


class Command(BaseCommand):
    """Begin the quarantine that ``end_quarantine`` ends; as the owner, before workers start."""

    help = "Giữ lại mọi thư, tin nhắn: sau khi khôi phục bằng cách khác (cần địa chỉ chủ sở hữu)."
    requires_system_checks = []

    def handle(self, **options: Any) -> None:
        with connections["owner"].cursor() as cursor:
            cursor.execute(quarantine.beginning(clock.now()))
        self.stdout.write("Không thư, tin nhắn nào được gửi cho tới khi chạy end_quarantine.")
