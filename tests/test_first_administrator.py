"""The first account begins with a slip, as everybody's."""

import re

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from cycle.models import ActivationSlip, HistoryEntry, User
from tests.kept import codes, tables_with

pytestmark = pytest.mark.django_db

PASSWORD = "nếp nương thơm 26"


def printed(capsys, **options):
    call_command("first_administrator", name="Lường Văn Quản", **options)
    return capsys.readouterr().out


def begin(code):
    client = Client()
    client.post("/activate/", {"code": code, "password1": PASSWORD, "password2": PASSWORD})
    client.post("/accounts/login/", {"login": "quantri", "password": PASSWORD})
    return client


def test_from_the_printed_slip_to_the_page_of_the_first_day(capsys):
    said = printed(capsys)
    (code,) = codes(said)
    assert re.search("quantri", said) and "/activate/" in said
    assert tables_with(code.replace("-", "")) == []
    client = begin(code)
    # What an administrator does first is on the first page.
    page = client.get("/", follow=True).content.decode()
    assert page.count('href="/setup/"') >= 2 and 'href="/people/"' in page
    assert client.get("/setup/").status_code == 200
    events = HistoryEntry.objects.filter(stream="person").order_by("pk")
    assert [(each.event, each.actor and each.actor.username) for each in events] == [
        ("person.enrol", None), ("person.slip", None), ("person.begin", "quantri"),
    ]  # fmt: skip


def test_a_lost_slip_is_printed_again_and_voids_the_first(capsys):
    (first,), (second,) = codes(printed(capsys)), codes(printed(capsys))
    assert User.objects.count() == 1
    assert ActivationSlip.objects.filter(voided_at=None).count() == 1
    assert begin(first).get("/setup/").status_code == 302
    assert begin(second).get("/setup/").status_code == 200


def test_once_somebody_administers_nobody_else_comes_in_by_the_shell(capsys):
    begin(*codes(printed(capsys)))
    with pytest.raises(CommandError, match="Đã có tài khoản quản trị «quantri»"):
        printed(capsys, username="khac")
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "wrong", [{"username": "có dấu cách "}, {"email": "không phải thư"}, {"name": "  "}]
)
def test_what_is_wrong_is_said_and_nobody_is_made(wrong, capsys):
    with pytest.raises(CommandError):
        call_command("first_administrator", **({"name": "Lường Văn Quản"} | wrong))
    assert not User.objects.exists()
