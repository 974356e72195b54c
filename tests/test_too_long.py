"""A page whose statement is stopped at a limit of the login says so in words, and nothing changes."""

import re
import time

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.urls import path

from cycle.urls import handler500
from cycle.urls import urlpatterns as ours
from tests.owning import owner
from tests.task_pages import address, today
from tests.world import events, open_task

SPILL = """DO $$ BEGIN
  RAISE 'temporary file size exceeds' USING ERRCODE = 'configuration_limit_exceeded';
END $$"""
GET = (
    "Trang này mất quá nhiều thời gian nên máy chủ đã dừng. Không có gì thay đổi. "
    "Hãy thu hẹp bộ lọc, hoặc thử lại sau ít phút."
)
POST = (
    "Việc này mất quá nhiều thời gian nên máy chủ đã dừng; có thể người khác đang xử lý cùng hồ sơ. "
    "Hãy mở lại trang, xem việc vừa gửi đã được ghi chưa, rồi gửi lại."
)


#: Who waits for somebody who waits for them; there is nobody else in this process.
LOCKED = """DO $$ BEGIN
  RAISE 'deadlock detected' USING ERRCODE = 'deadlock_detected';
END $$"""


def slow(request, statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE dossiers_product SET name = 'Khác'")
        cursor.execute("SET LOCAL statement_timeout = '50ms'")
        if statement == "idles":
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
            time.sleep(0.5)
        cursor.execute(
            {
                "sleeps": "SELECT pg_sleep(5)",
                "spills": SPILL,
                "locked": LOCKED,
                "idles": "SELECT 1",
                "fails": "SELECT 1/0",
            }[statement]
        )
    return HttpResponse("ok")


urlpatterns = [path("slow/<statement>/", slow), *ours]
__all__ = ["handler500"]


@pytest.fixture(autouse=True)
def _quietly(client, settings):
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False


@pytest.mark.parametrize("statement", ("sleeps", "spills", "locked", "idles"))
@pytest.mark.django_db(transaction=True)
def test_a_page_that_takes_too_long_says_so(client, dossier, statement):
    answer = client.get(f"/slow/{statement}/?unit=174&q=m%E1%BA%ADt")

    assert answer.status_code == 503
    text = answer.content.decode()
    assert GET in text
    assert f' href="/slow/{statement}/?unit=174&amp;q=m%E1%BA%ADt">' in text
    assert '<html lang="vi">' in text
    dossier.product.refresh_from_db()
    assert dossier.product.name != "Khác"


@pytest.mark.django_db(transaction=True)
def test_it_says_so_in_english_and_to_htmx_among_the_messages_of_the_page(client):
    client.cookies["django_language"] = "en"
    assert b"This page took too long" in client.get("/slow/sleeps/").content

    part = client.get("/slow/sleeps/", headers={"HX-Request": "true"})
    assert part.status_code == 503
    assert part.headers["HX-Retarget"] == "#messages"
    assert re.match(r'\s*<p class="notice notice-error">\s*This page', part.content.decode())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ("dossiers_dossier", "dossiers_process"))
def test_an_act_that_waits_too_long_for_somebody_else_changes_nothing(client, dossier, an, table):
    client.force_login(an)
    task = open_task(dossier)
    data = {
        "act": "register_idea",
        "register_idea-idea-filed_on": today(),
        "register_idea-idea-description": "Mật ong bạc hà",
    }
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")
    with owner() as somebody:
        somebody.execute(f"SELECT 1 FROM {table} FOR UPDATE")  # noqa: S608
        answer = client.post(address(task), data)

    assert answer.status_code == 503
    assert POST in answer.content.decode()
    assert events(dossier) == ["dossier.open"]
    assert (open_task(dossier), dossier.ideas.count()) == (task, 0)

    # Somebody else is done: the same goes through.
    assert client.post(address(task), data).status_code == 302
    assert events(dossier) == ["dossier.open", "dossier.register_idea"]
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout")


@pytest.mark.django_db(transaction=True)
def test_any_other_error_is_none_of_its_business(client):
    answer = client.get("/slow/fails/")
    assert answer.status_code == 500
    assert "Hệ thống vừa gặp lỗi" in answer.content.decode()
