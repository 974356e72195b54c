"""Every event has its letter, and what goes out arrives, or says in words why not."""

import json
import socket
import socketserver
import threading
import time
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from email import message_from_bytes, policy

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from cycle import clock, events
from cycle.models import HistoryEntry, Stream
from cycle.running.environment import networks
from dossiers.models import Product
from dossiers.walk import doors
from notifications import audiences, reasons
from notifications.channels import Refused, webhook
from notifications.delivery import MAX_ATTEMPTS, deliver, resend
from notifications.dispatch import channels_of, dispatch
from notifications.letters import Letter, letter
from notifications.models import (
    Channel,
    Delivery,
    DeliveryState,
    Digest,
    Notification,
    Preference,
)
from tests import records
from tests.owning import save_as_owner, update_as_owner
from tests.world import open_task

pytestmark = pytest.mark.django_db

#: Those of a round are in test_council_letters.py.
TOLD = sorted(
    event
    for event in events.registered() - audiences.events_of(audiences.nobody)
    if not event.startswith("round.")
)


# --- The words ------------------------------------------------------------------------------


def entry_of(event, dossier, by):
    """A real entry of ``event``, with all that such an entry carries."""
    term = open_task(dossier).term
    people = {"to": "Lò Thị Dung", "to_id": by.pk, "holder": "Lò Thị An", "holder_id": by.pk}
    of_window = event.startswith("cycle.")
    of_list = event.startswith("stock.")
    of_cycle = event.startswith("role.") or of_window or of_list
    silent = event in audiences.RUNGS or of_window
    data = {"job": 7} if event == "job.fail" else {}
    if event.startswith("term."):
        data |= {"term": term.pk, "rung": "-3:officer"}
    if of_cycle or event.startswith("task."):
        data |= people
    if of_cycle:
        data |= {"successor": 1, "tasks": [1], "period": "17/11/2026", "begun": True}
    if of_window:
        window = dossier.cycle.step_windows.get(step="idea", level="commune")
        late = [{"unit": dossier.commune_id, "name": str(dossier.commune), "count": 2}]
        data |= {"window": window.pk, "late": late}
    if of_list:
        data |= {"rows": 4, "overdue": 1, "into": str(dossier.cycle)}
    return HistoryEntry.objects.create(
        stream=Stream.CYCLE if of_cycle else Stream.DOSSIER,
        stream_id=dossier.cycle_id if of_cycle else dossier.pk,
        event=event,
        label="Cán bộ OCOP, Xã Nà Tấu" if of_cycle else str(dossier),
        actor=None if silent else by,
        role="" if silent else "officer",
        org_unit=None if silent else dossier.commune.parent,
        reason="" if silent or of_list else "Thiếu giấy <an toàn> & nhãn",
        data=data,
        at=clock.now(),
    )


def test_no_event_is_without_audience_and_few_are_for_nobody():
    assert audiences.missing() == set()
    assert len(TOLD) > 40


@pytest.mark.parametrize("event", TOLD)
def test_every_event_that_is_told_has_its_letter(event, dossier, an, minh):
    update_as_owner(Product.objects.all(), name="Trà «Shan» <Tủa Chùa> & mật ong")
    entry = entry_of(event, dossier, minh)
    notification = Notification.objects.create(entry=entry, recipient=an, created_at=clock.now())
    closes_on = dossier.cycle.step_windows.get(step="idea", level="commune").closes_on
    # That a window closes is told before it does.
    still = timezone.make_aware(datetime.combine(closes_on, datetime.min.time()))
    with clock.at(still if event == "cycle.window_closing" else clock.now()):
        written = letter(Delivery(notification=notification, channel=Channel.EMAIL))

    assert written.subject == " ".join(written.subject.split())
    assert 10 < len(written.subject) < 150
    assert written.body.startswith("Kính gửi ông/bà Lò Thị An,\n\n")
    assert "http://127.0.0.1:8000/" in written.body
    assert written.body.endswith("Trân trọng.\nHệ thống quản lý chu trình OCOP\n")
    assert "\n\n\n" not in written.body
    for wrong in ("&lt;", "&amp;", "&#", "{{", "{%", "None", " .", "  "):
        assert wrong not in written.subject + written.body
    # Of posts, of a year, of a whole list and of a job, no one product is told.
    if not event.startswith(("role.", "cycle.", "stock.", "job.")):
        assert "Trà «Shan» <Tủa Chùa> & mật ong" in written.subject
    if entry.reason:
        assert "Thiếu giấy <an toàn> & nhãn" in written.body


def test_the_letter_says_what_to_do_and_by_when(dossier, an, minh):
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    doors.complete(open_task(dossier), "screen_idea", by=an)
    while dispatch():
        pass
    written = letter(Delivery(notification=Notification.objects.get(recipient=minh)))
    task = open_task(dossier)
    assert written.subject == "Ý tưởng chờ xét chọn: Mật ong rừng Nà Tấu"
    assert written.body.split("\n\n") == [
        "Kính gửi ông/bà Nguyễn Hoàng Minh,",
        "Lò Thị An (Cán bộ OCOP, Xã Nà Tấu) đã sơ tuyển và chuyển xét chọn ý tưởng sản phẩm "
        "«Mật ong rừng Nà Tấu» của Hợp tác xã Mường Thanh, Xã Nà Tấu.",
        "Ý tưởng được chọn thì chủ thể mới lập phương án sản xuất kinh doanh.",
        f"Việc cần làm: Xét chọn ý tưởng.\nHạn xử lý: hết ngày {task.due_on:%d/%m/%Y} "
        "(còn 10 ngày làm việc).\nĐề nghị ông/bà nhận việc và xử lý đúng hạn.",
        f"Xem tại: http://127.0.0.1:8000/tasks/{task.pk}/",
        "Trân trọng.\nHệ thống quản lý chu trình OCOP\n",
    ]


# --- Over the line --------------------------------------------------------------------------


class Conversation(socketserver.StreamRequestHandler):
    """One SMTP conversation, going as ``server.answers`` says; letters land in ``server.taken``."""

    def handle(self):
        answers = self.server.answers
        if "silent" in answers:
            time.sleep(1)
            return
        self.say(b"220 thu.example.vn")
        while verb := self.rfile.readline()[:4].upper().strip():
            if verb == b"DATA":
                self.say(b"354 go on")
                text = b"".join(iter(self.rfile.readline, b".\r\n"))
                if "drop" in answers:
                    return
                if "DATA" not in answers:
                    self.server.taken.append(message_from_bytes(text, policy=policy.default))
            self.say(answers.get(verb.decode(), b"221 bye" if verb == b"QUIT" else b"250 ok"))

    def say(self, line):
        self.wfile.write(line + b"\r\n")


class Office(socketserver.ThreadingTCPServer):
    """A real mail server on a port of this machine, for as long as a test runs."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Conversation)
        self.answers, self.taken = {}, []


@pytest.fixture
def office(settings):
    with Office() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        settings.EMAIL_TIMEOUT = 0.5
        yield server
        server.shutdown()


@pytest.fixture
def outgoing(dossier, an, minh, settings):
    """A letter to Minh that waits."""
    settings.EMAIL_HOST = settings.EMAIL_HOST or "mail.example.vn"
    minh.email = "minh@dienbien.example.vn"
    save_as_owner(minh)
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    doors.complete(open_task(dossier), "screen_idea", by=an)
    while dispatch():
        pass
    return Delivery.objects.get()


def later(delivery):
    """As if the pause were over."""
    Delivery.objects.filter(pk=delivery.pk).update(next_at=timezone.now() - timedelta(seconds=1))


def test_a_letter_arrives_over_smtp_whole_and_once(office, outgoing):
    assert deliver() == 1
    assert deliver() == 0
    (arrived,) = office.taken
    assert arrived["To"] == "minh@dienbien.example.vn"
    assert arrived["Subject"].strip() == "Ý tưởng chờ xét chọn: Mật ong rừng Nà Tấu"
    assert arrived["Message-ID"] == outgoing.message_id
    assert arrived["Auto-Submitted"] == "auto-generated"
    # All of one dossier are one conversation; whoever wants none of them is led to their choice.
    thread = f"<dossier-{outgoing.notification.entry.stream_id}@127.0.0.1>"
    assert (arrived["In-Reply-To"], arrived["References"]) == (thread, thread)
    assert arrived["List-Unsubscribe"].endswith("/notifications/preferences/>")
    assert Delivery(digest=Digest()).thread == ""
    assert "Lò Thị An (Cán bộ OCOP, Xã Nà Tấu) đã sơ tuyển" in arrived.get_content()
    outgoing.refresh_from_db()
    assert (outgoing.state, outgoing.attempts, outgoing.error) == ("sent", 1, "")


def test_two_installations_never_give_the_same_message_id(outgoing):
    other = Delivery(channel=Channel.EMAIL)
    assert outgoing.message_id != other.message_id
    assert outgoing.message_id.endswith("@127.0.0.1>")


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"RCPT": b"451 thu lai sau"}, "chưa nhận thư cho địa chỉ này. (451 thu lai sau)"),
        ({"DATA": b"452 day"}, "Máy chủ thư chưa nhận nội dung thư. (452 day)"),
        ({"DATA": b"554 spam"}, "Máy chủ thư chưa nhận nội dung thư. (554 spam)"),
        ({"MAIL": b"550 khong"}, "không nhận địa chỉ người gửi của hệ thống. (550 khong)"),
        ({"drop": b""}, "Máy chủ thư ngắt kết nối giữa chừng."),
        ({"silent": b""}, "Máy chủ không trả lời trong thời gian chờ."),
    ],
)
def test_a_failure_is_tried_again_later_with_the_same_message_id(
    office, outgoing, answers, sentence
):
    office.answers = answers
    before = timezone.now()
    assert deliver() == 1
    outgoing.refresh_from_db()
    assert outgoing.state == DeliveryState.PENDING
    assert sentence in outgoing.error
    assert timedelta(seconds=110) < outgoing.next_at - before < timedelta(seconds=150)
    assert deliver() == 0

    office.answers = {}
    later(outgoing)
    assert deliver() == 1
    assert [mail["Message-ID"] for mail in office.taken] == [outgoing.message_id]
    outgoing.refresh_from_db()
    assert (outgoing.state, outgoing.attempts, outgoing.error) == ("sent", 2, "")


def test_each_pause_is_twice_the_last_and_the_tenth_failure_is_an_incident(office, outgoing):
    office.answers = {"drop": b""}
    pauses = []
    for attempt in range(1, MAX_ATTEMPTS + 1):
        later(outgoing)
        before = timezone.now()
        assert deliver() == 1
        outgoing.refresh_from_db()
        assert outgoing.attempts == attempt
        pauses.append(round((outgoing.next_at - before).total_seconds() / 60))
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 360, 360]
    assert outgoing.state == DeliveryState.INCIDENT
    assert "ngắt kết nối" in outgoing.error
    later(outgoing)
    assert deliver() == 0

    office.answers = {}
    assert resend(Delivery.objects.all()) == 1
    assert resend(Delivery.objects.all()) == 0
    assert deliver() == 1
    assert len(office.taken) == 1


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (
            {"RCPT": b"550 no such user"},
            "Máy chủ thư từ chối địa chỉ minh@dienbien.example.vn. (550 no such user)",
        ),
    ],
)
def test_what_is_refused_for_good_is_an_incident_at_once(office, outgoing, answers, sentence):
    office.answers = answers
    deliver()
    outgoing.refresh_from_db()
    assert (outgoing.state, outgoing.attempts, outgoing.error) == ("incident", 1, sentence)


def test_no_letter_goes_to_somebody_who_left_or_has_no_address(office, outgoing, minh):
    minh.email = ""
    save_as_owner(minh)
    deliver()
    outgoing.refresh_from_db()
    assert outgoing.error == "Người nhận không còn địa chỉ thư điện tử."
    minh.is_active = False
    save_as_owner(minh)
    resend(Delivery.objects.all())
    deliver()
    outgoing.refresh_from_db()
    assert outgoing.error == "Tài khoản của người nhận đã ngừng hoạt động."
    assert office.taken == []


def test_a_slow_server_keeps_a_worker_no_longer_than_asked(outgoing):
    assert deliver(seconds=-1) == 0


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ConnectionRefusedError(), "Máy chủ không nhận kết nối: máy chủ tắt hoặc sai cổng."),
        (socket.gaierror(), "Không tìm thấy máy chủ: địa chỉ sai hoặc mất mạng."),
        (TimeoutError(), "Máy chủ không trả lời trong thời gian chờ."),
        (
            OSError("Cổng tin nhắn trả lời 503."),
            "Không nối được tới máy chủ. (Cổng tin nhắn trả lời 503.)",
        ),
        (Refused("Chưa cấu hình cổng tin nhắn."), "Chưa cấu hình cổng tin nhắn."),
        (KeyError("term"), "Lỗi phần mềm khi soạn hoặc gửi thư. (KeyError: 'term')"),
    ],
)
def test_the_reason_is_a_sentence(error, sentence):
    assert reasons.reason(error) == sentence


# --- The gateway of SMS and Zalo ------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/sms",
        "https://10.1.2.3/sms",
        "https://192.168.1.1/sms",
        "https://172.16.0.9:8443/sms",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/sms",
        "https://0.0.0.0/sms",
        "https://[::1]/sms",
        "https://[fe80::1]/sms",
        "https://[fd00::1]/sms",
        "https://[::ffff:127.0.0.1]/sms",
        "https://localhost/sms",
        "https://2130706433/sms",
    ],
)
def test_an_address_inside_the_private_network_is_refused(address):
    with pytest.raises(ValidationError, match="mạng nội bộ"):
        webhook.addresses(address)


@pytest.mark.parametrize(
    "address", ["http://8.8.8.8/sms", "ftp://8.8.8.8/", "https://", "8.8.8.8", ""]
)
def test_an_address_is_https(address):
    with pytest.raises(ValidationError, match="https"):
        webhook.addresses(address)


def names(monkeypatch, *found):
    monkeypatch.setattr(
        webhook.socket,
        "getaddrinfo",
        lambda host, port: [(None, None, None, "", (address, port)) for address in found],
    )


@pytest.mark.parametrize("found", [["10.0.0.7"], ["8.8.8.8", "127.0.0.1"], ["::1"]])
def test_a_name_that_leads_inside_is_refused_when_it_is_sent(
    monkeypatch, settings, outgoing, minh, found
):
    settings.WEBHOOK_URL = "https://sms.example.vn/send"
    names(monkeypatch, *found)
    called = []
    monkeypatch.setattr(webhook.socket, "create_connection", lambda *to: called.append(to))
    minh.phone = "0912345678"
    with pytest.raises(Refused, match="mạng nội bộ"):
        webhook.send(outgoing, Letter(minh, "Nhắc việc", "Nội dung"))
    assert called == []


def test_a_gateway_inside_is_called_where_the_administrator_named_its_network(
    monkeypatch, settings
):
    settings.WEBHOOK_NETWORKS = networks({"NETS": "10.1.2.0/24, ::1"}, "NETS")
    for found, refused in (
        (["10.1.2.9"], False),
        (["::1"], False),
        (["10.1.2.9", "10.1.3.1"], True),
    ):
        names(monkeypatch, *found)
        with pytest.raises(ValidationError) if refused else nullcontext():
            assert webhook.addresses("https://sms.example.vn/")[1] == found


def test_a_name_that_does_not_resolve_is_tried_again(monkeypatch, settings, outgoing, minh):
    def unknown(*asked):
        raise socket.gaierror("Temporary failure in name resolution")

    settings.WEBHOOK_URL = "https://sms.example.vn/send"
    monkeypatch.setattr(webhook.socket, "getaddrinfo", unknown)
    minh.phone = "0912345678"
    with pytest.raises(socket.gaierror):
        webhook.send(outgoing, Letter(minh, "Nhắc việc", "Nội dung"))


def test_the_gateway_gets_a_signed_message_at_the_address_that_was_checked(
    monkeypatch, settings, outgoing, minh
):
    settings.WEBHOOK_URL = "https://sms.example.vn/send?khoa=a%20b"
    settings.WEBHOOK_SECRET = "bí mật"
    names(monkeypatch, "8.8.8.8")
    minh.phone = "0912345678"
    with gateway(monkeypatch, b"200 OK") as (called, got):
        webhook.send(outgoing, Letter(minh, "Nhắc việc", "Nội dung"))
    head, _blank, body = b"".join(got).partition(b"\r\n\r\n")
    assert called == [("8.8.8.8", 443)]
    assert json.loads(body) == {
        "id": outgoing.message_id,
        "to": "0912345678",
        "subject": "Nhắc việc",
        "text": "Nội dung",
    }
    assert f"X-Signature: {webhook.signature(body)}".encode() in head
    assert b"Host: sms.example.vn" in head
    assert head.startswith(b"POST /send?khoa=a%20b HTTP/1.1")


@pytest.mark.parametrize(
    ("status", "error"), [(b"422 No", Refused), (b"503 Busy", OSError), (b"302 Found", OSError)]
)
def test_what_the_gateway_answers_decides_whether_to_try_again(
    monkeypatch, settings, outgoing, minh, status, error
):
    settings.WEBHOOK_URL = "https://sms.example.vn/send"
    names(monkeypatch, "8.8.8.8")
    minh.phone = "0912345678"
    with gateway(monkeypatch, status), pytest.raises(error, match=status[:3].decode()):
        webhook.send(outgoing, Letter(minh, "Nhắc việc", "Nội dung"))


@contextmanager
def gateway(monkeypatch, status):
    """The other end of the line: what was called, and what it got."""
    ours, theirs = socket.socketpair()
    called, got = [], []

    def serve():
        text = b""
        while b'"text"' not in text:
            text += theirs.recv(65536)
        got.append(text)
        theirs.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")

    class Plain:
        def wrap_socket(self, line, server_hostname):
            assert server_hostname == "sms.example.vn"
            return line

    def connect(to, timeout):
        called.append(to)
        return ours

    monkeypatch.setattr(webhook.socket, "create_connection", connect)
    monkeypatch.setattr(webhook.ssl, "create_default_context", Plain)
    worker = threading.Thread(target=serve)
    worker.start()
    yield called, got
    worker.join(5)
    theirs.close()


def test_who_is_told_by_which_channel(settings, minh):
    settings.EMAIL_HOST, settings.WEBHOOK_URL = "mail.example.vn", "https://sms.example.vn/"
    assert channels_of(minh) == []
    minh.email, minh.phone = "minh@example.vn", "0912345678"
    assert channels_of(minh) == ["email"]
    minh.preference = Preference(user=minh, webhook=True)
    assert channels_of(minh) == ["email", "webhook"]
    minh.preference = Preference(user=minh, webhook=True, digest=True)
    assert channels_of(minh) == ["webhook"]
    minh.preference = Preference(user=minh, email=False)
    assert channels_of(minh) == []
    settings.EMAIL_HOST = ""
    minh.preference = Preference(user=minh)
    assert channels_of(minh) == []
