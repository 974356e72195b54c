"""The first account of an installation, by a slip as everybody's: no shell sees a password."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.urls import reverse

from cycle import site, slips
from cycle.appointing import Appointed
from cycle.models import HistoryEntry, User


class Command(BaseCommand):
    """Make the first administrator and print the slip (tài khoản quản trị đầu tiên)."""

    help = "Cấp tài khoản quản trị đầu tiên và in phiếu kích hoạt (một lần, có hạn)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True, help="Họ và tên người quản trị.")
        parser.add_argument("--username", default="quantri", help="Tên đăng nhập.")
        parser.add_argument("--email", default="", help="Thư điện tử, để đặt lại mật khẩu.")

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            person = self._person(options["username"], options["name"], options["email"])
            (slip,) = slips.issue([person], by=None)
        self.stdout.write(
            f"Tên đăng nhập: {person.username}\n"
            f"Mã kích hoạt:  {slip.shown}\n"
            f"Mở {site.address(reverse('dossiers:activate'))} và tự chọn mật khẩu. Mã dùng một "
            f"lần, đến hết ngày {slip.expires_on:%d/%m/%Y}."
        )

    def _person(self, username: str, name: str, email: str) -> User:
        """The account; one who has not begun gets another slip. Raises CommandError."""
        there = list(User.objects.select_for_update().filter(is_superuser=True, is_active=True))
        begun = [person for person in there if person.has_usable_password()]
        if begun:
            raise CommandError(
                f"Đã có tài khoản quản trị «{begun[0].username}»: người đó cấp các tài khoản khác. "
                "Quên mật khẩu: manage.py changepassword."
            )
        for person in there:
            if person.username == username:
                return person
        person = User(
            username=username, full_name=name, email=email, is_staff=True, is_superuser=True
        )
        person.set_unusable_password()
        try:
            person.full_clean(exclude=["password"])
        except ValidationError as refused:
            raise CommandError(" ".join(refused.messages)) from None
        if not person.full_name.strip():
            raise CommandError('Hãy ghi họ và tên: --name "…".')
        person.save()
        HistoryEntry.objects.record(
            "person.enrol", Appointed(person), by=None, username=person.username
        )
        return person
