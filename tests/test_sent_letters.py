"""«I got no mail»: what was to be told, how it went out or came back, and sending it again."""

from datetime import timedelta

import pytest

from cycle import clock
from cycle.models import HistoryEntry, OutboxMessage, User
from dossiers.walk import doors
from notifications import bounces
from notifications.dispatch import dispatch
from notifications.models import Delivery, DeliveryState, Notification
from tests import records
from tests.owning import save_as_owner
from tests.pages import shown
from tests.world import open_dossier, open_task

pytestmark = pytest.mark.django_db

TOKEN = "thu-bi-tra-lai"

REPORT = """\
From: MAILER-DAEMON@mail.example.vn
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

Không gửi được.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.vn

Final-Recipient: rfc822; minh@dienbien.example.vn
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <minh@dienbien.example.vn>:
  User unknown
--b
Content-Type: {kind}

Message-ID: {number}
Subject: Nhắc việc

--b--
"""


def told(cycle, commune, an, count):
    """An screens so many ideas; Minh hears of each."""
    for number in range(count):
        dossier = open_dossier(cycle, commune, an, name=f"Chè Shan tuyết {number + 1}")
        doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
        doors.complete(open_task(dossier), "screen_idea", by=an)
    while dispatch():
        pass
    return list(Notification.objects.order_by("pk"))


def left(cycle, commune, an, minh, settings, count):
    """Minh's letters of so many ideas, which have left the house."""
    settings.EMAIL_HOST = "mail.example.vn"
    minh.email = "minh@dienbien.example.vn"
    save_as_owner(minh)
    told(cycle, commune, an, count)
    Delivery.objects.update(state=DeliveryState.SENT, sent_at=clock.now())
    return list(Delivery.objects.order_by("pk"))


@pytest.fixture
def sent(cycle, commune, an, minh, settings):
    """Minh's letters, three of them, which have left."""
    return left(cycle, commune, an, minh, settings, 3)


def page_of(client, reader, address):
    client.force_login(reader)
    return shown(client.get(address).content.decode())


@pytest.mark.parametrize("rows", (1, 3))
def test_the_pages_cost_the_same_for_one_letter_and_for_three(
    client, cycle, commune, an, minh, settings, rows, django_assert_num_queries
):
    letters = left(cycle, commune, an, minh, settings, rows)
    dossier = letters[0].notification.entry.stream_id
    client.force_login(minh)
    with django_assert_num_queries(8):
        page = client.get(f"/people/{minh.pk}/letters/")
    assert page.content.decode().count("Đã gửi") >= rows
    with django_assert_num_queries(8):
        client.get(f"/dossiers/{dossier}/letters/")


def test_who_sees_whose_letters_and_may_send_them_again(client, sent, minh, an, chi, la, son):
    quantri = User.objects.create_superuser("quantri")
    letter = sent[0]
    dossier = letter.notification.entry.stream_id

    def answers(user, address):
        client.force_login(user)
        sent_at = clock.now() - timedelta(hours=1)
        Delivery.objects.filter(pk=letter.pk).update(state="sent", sent_at=sent_at)
        seen = client.get(address).status_code
        return seen, client.post(address, {"act": "resend", "pk": letter.pk}).status_code

    of_minh, of_an = f"/people/{minh.pk}/letters/", f"/people/{an.pk}/letters/"
    asked = {each.username: answers(each, of_minh) for each in (minh, quantri, son, an, la)}
    assert asked == {
        "minh": (200, 302),
        "quantri": (200, 302),
        "son": (200, 302),
        "an": (404, 404),
        "la": (404, 404),
    }
    # Minh's letter is none of An's, and An sees An's alone.
    assert answers(an, of_an) == (200, 404)
    assert answers(chi, of_an) == (200, 404)
    assert answers(la, of_an)[0] == 404
    assert answers(an, f"/dossiers/{dossier}/letters/") == (200, 404)
    assert answers(la, f"/dossiers/{dossier}/letters/")[0] == 404
    assert answers(quantri, f"/dossiers/{dossier}/letters/") == (200, 302)


def test_a_letter_is_sent_again_once_and_it_is_recorded(client, sent, minh):
    letter = sent[0]
    address = f"/people/{minh.pk}/letters/"
    client.force_login(minh)

    def before(minutes):
        sent_at = clock.now() - timedelta(minutes=minutes)
        Delivery.objects.filter(pk=letter.pk).update(sent_at=sent_at)

    # What has just gone out may be under way.
    for expected, minutes in ((0, 0), (0, 14), (1, 15), (1, None)):
        if minutes is not None:
            before(minutes)
        assert client.post(address, {"act": "resend", "pk": letter.pk}).url == address
        assert HistoryEntry.objects.filter(event="letter.resend").count() == expected
    entry = HistoryEntry.objects.get(event="letter.resend")
    assert (entry.actor, entry.before, entry.data["person"]) == (minh, "sent", minh.pk)
    again = Delivery.objects.get(pk=letter.pk)
    assert (again.state, again.attempts, again.sent_at) == (DeliveryState.PENDING, 0, None)
    # A mailbox throws away what has a number that it has seen.
    assert again.message_id != letter.message_id
    assert "đang chờ gửi" in shown(client.get(address).content.decode())
    for wrong in ("", "x", "0"):
        assert client.post(address, {"act": "resend", "pk": wrong}).status_code == 404


def test_a_letter_that_comes_back_says_with_which_words(client, sent, minh, settings):
    settings.BOUNCE_TOKEN = TOKEN
    bears = {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}

    def came_back(letter, action="failed", kind="text/rfc822-headers", **head):
        body = REPORT.format(action=action, kind=kind, number=letter.message_id)
        return client.post(
            "/letters/bounced", body.encode(), content_type="message/rfc822", **head
        ).status_code

    first, second, third = sent
    assert came_back(first) == 404
    assert came_back(first, HTTP_AUTHORIZATION="Bearer x") == 404
    assert client.get("/letters/bounced", **bears).status_code == 405
    assert came_back(first, **bears) == 204
    assert came_back(second, kind="message/rfc822", **bears) == 204
    # A delay is no end; and what came back once is known.
    assert came_back(third, action="delayed", **bears) == 202
    assert came_back(first, **bears) == 202
    head = b"Content-Type: multipart/report; boundary=x\n\n--x\n"
    failed = b"Content-Type: message/delivery-status\n\nA: b\n\nAction: failed\nStatus: 5\n\n--x\n"
    for nonsense in (
        b"",
        b"\0\xff",
        b"Content-Type: message/delivery-status\n\nx",
        b"a: b\n\nc",
        head
        + failed
        + b"Content-Type: text/rfc822-headers; charset=no-such\n\nSubject: x\n--x--\n",
        head + failed + b'Content-Type: text/rfc822-headers; charset="a\0"\n\nx\n--x--\n',
        *(
            head
            + failed
            + b"Content-Type: message/rfc822\n\nMessage-ID: "
            + each
            + b"\n\nx\n--x--\n"
            for each in (b"<>", b"<a@[", b"<a\0b@c>")
        ),
        b"Content-Type: message/rfc822\n\n" * 3000,
    ):
        assert bounces.take(nonsense) is False
    first.refresh_from_db()
    assert (first.state, first.fared) == (DeliveryState.INCIDENT, "Bị trả lại")
    assert first.error == ("Thư bị trả lại. (550 5.1.1 <minh@dienbien.example.vn>: User unknown)")
    page = page_of(client, minh, f"/people/{minh.pk}/letters/")
    assert page.count("Bị trả lại") == 2
    assert "User unknown" in page
    settings.BOUNCE_TOKEN = ""
    assert came_back(third, HTTP_AUTHORIZATION="Bearer ") == 404


def test_what_was_not_to_leave_the_house_and_what_nobody_was_told_is_said(
    client, cycle, commune, an, minh
):
    (row,) = told(cycle, commune, an, 1)
    assert "Chỉ báo trong hệ thống" in page_of(client, minh, f"/people/{minh.pk}/letters/")
    address = f"/dossiers/{row.entry.stream_id}/letters/"
    assert "Chưa báo cho ai" not in page_of(client, minh, address)
    OutboxMessage.objects.filter(entry=row.entry).update(
        dispatched_at=None, error="KeyError: to_id"
    )
    page = page_of(client, minh, address)
    assert "Chưa báo cho ai" in page
    assert "KeyError: to_id" in page
