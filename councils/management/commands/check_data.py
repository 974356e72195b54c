"""Name stored rows that contradict each other; mend, on a document, what can be mended."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from councils import data_check
from cycle.models import User


class Command(BaseCommand):
    """Run the checks of councils/data_check.py (đối chiếu dữ liệu)."""

    help = "Đối chiếu dữ liệu; in từng chỗ lệch, cách sửa, và kết thúc với mã 1 nếu có."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="in dạng JSON")
        parser.add_argument("--mend", metavar="LOẠI:SỐ", help="sửa một chỗ lệch")
        parser.add_argument("--document", default="", help="số, ngày văn bản cho sửa")
        parser.add_argument("--by", metavar="TÊN ĐĂNG NHẬP", help="ai sửa, như nhật ký ghi")

    def handle(
        self, *, mend: str | None, document: str, by: str | None, verbosity: int, **options: Any
    ) -> None:
        """Print every finding, then raise SystemExit(1); with ``mend`` mend that one. Raises
        CommandError when it cannot be mended.
        """
        if mend:
            self.mend(mend, document, by)
            return
        found = list(data_check.findings())
        if options["json"]:
            rows = [each.as_json() for each in found]
            self.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1))
        else:
            for each in found:
                self.stdout.write(f"{each.key}  {each.row}\n    {each.wrong}\n    {each.todo}")
        if found:
            sys.exit(1)
        if verbosity and not options["json"]:
            self.stdout.write("Dữ liệu khớp nhau: không có chỗ lệch nào.")

    def mend(self, key: str, document: str, by: str | None) -> None:
        user = User.objects.filter(username=by, is_active=True).first()
        if user is None:
            raise CommandError("Chưa ghi ai sửa: --by TÊN ĐĂNG NHẬP của một tài khoản đang dùng.")
        try:
            found = data_check.mend(key, by=user, document=document)
        except data_check.CannotMend as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(f"Đã sửa {found.key}: {found.row}. {found.wrong}")
