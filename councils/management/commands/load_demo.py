"""Load the demo, and print the accounts to sign in with."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from councils.stories import accounts as accounts_stories
from councils.stories import cast, demo


class Command(BaseCommand):
    """Load the replay and the made-up cycles; harmless to run again, refused in production."""

    help = "Nạp dữ liệu minh họa: chu trình năm 2021, chu trình năm nay, chu trình ba cấp."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--if-empty", action="store_true", help="chỉ nạp khi chưa có chu trình nào khác"
        )
        parser.add_argument(
            "--accounts", action="store_true", help="in bảng tài khoản, không nạp gì"
        )

    def handle(self, *, if_empty: bool, accounts: bool, **options: Any) -> None:
        """Raises CommandError in production, or when there are no accounts to print."""
        if settings.PRODUCTION:
            raise CommandError("Dữ liệu minh họa không được nạp trên hệ thống thật.")
        if accounts:
            self.print_accounts()
        elif demo.is_loaded():
            self.stdout.write("Dữ liệu minh họa đã có.")
        elif if_empty and demo.has_other_work():
            self.stdout.write("Đã có chu trình khác, không nạp dữ liệu minh họa.")
        else:
            demo.load(self.stdout.write)

    def print_accounts(self) -> None:
        rows = accounts_stories.accounts()
        if not rows:
            raise CommandError("Chưa có tài khoản minh họa: hãy chạy load_demo trước.")
        table = [("Tên đăng nhập", "Mật khẩu", "Vai trò", "Đơn vị", "Việc đang mở")]
        table += [(name, cast.PASSWORD, role, unit, n) for name, role, unit, n in rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for row in table:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write("  ".join(cells).rstrip())
        others = ", ".join(accounts_stories.other_accounts())
        self.stdout.write(f"\nCùng mật khẩu: {others}.")
