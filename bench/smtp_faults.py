"""A mail server that is slow, refuses, drops, hangs: every letter arrives, no page ever waits."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from itertools import cycle
from statistics import median

from django.conf import settings
from django.db import connection
from django.test import Client

from bench.ground import Ground, hands, moved_on, wait_until
from bench.mailbox import ANSWERS, FAILS, HANGS, WATCHES, Mailbox
from bench.transition_cost import _login
from cycle.running import embedded
from dossiers.terms.sweep import sweep
from notifications import delivery
from notifications.dispatch import dispatch
from notifications.models import Delivery, DeliveryState
from tests.owning import save_as_owner
from tests.world import open_dossier, open_task

BOUND = (
    "0 thư mất, mỗi thư lặp tối đa một lần; không yêu cầu nào mở kết nối SMTP; không giao dịch nào "
    "mở trong lúc gửi; trang khi SMTP treo ≤ 1,25 lần khi SMTP trả lời"
)
#: Mails, requests of each kind.
SIZES = {"small": (40, 8), "full": (10_000, 400)}
COURIERS = 6
TIMEOUT = 1


def run(scale):
    """Letters lost and repeated, connections and transactions where none may be, request times."""
    mails, requests = SIZES[scale]
    settings.EMAIL_HOST, settings.EMAIL_TIMEOUT = "127.0.0.1", TIMEOUT
    # A conversation here takes two seconds at most; killed couriers' letters are free soon.
    delivery.LEASE = timedelta(seconds=10)
    # Hours of patience in seconds; the most tries that a letter may get stay as they are.
    delivery.PAUSE = timedelta(seconds=0.2)
    delivery.LONGEST_PAUSE = timedelta(seconds=2)
    with tempfile.TemporaryDirectory(prefix="ocop-proof-") as folder:
        mailbox = Mailbox(folder, timeout=TIMEOUT, watch=_login())
        settings.EMAIL_PORT = mailbox.port
        ground = Ground()
        figures = {"size": mails} | _requests(ground, mailbox, mails, requests)
        figures |= _held(ground, mailbox) | _faults(ground, mailbox, mails)
        mailbox.close()
    figures["fast"] = figures["hanging_of_answering"] <= 1.25
    figures["exact"] = (
        figures["lost"] == 0
        and figures["most_repeats_of_one"] <= 1
        and figures["connections_by_requests"] == 0
        and figures["transactions_during_smtp"] == 0
    )
    return figures


def _letters(ground, number):
    """So many letters wait for the courier."""
    first = ground.dossiers(max(number // 10, 1))
    ground.terms(
        number,
        dossiers=first,
        among=max(number // 10, 1),
        start=moved_on(-60),
        step=timedelta(),
        mailed=1,
        rungs=["0:officer"],
    )
    sweep()
    while dispatch():
        pass
    connection.close()


def courier():
    """A worker that sends, without end."""
    while True:
        if not delivery.deliver(limit=20):
            time.sleep(0.05)


# --- Requests while mail is sent ------------------------------------------------------------


def _requests(ground, mailbox, mails, requests):
    """Acts through the web server while the mail server answers and hangs; none reaches it."""
    ground.minh.email = "minh@example.vn"
    save_as_owner(ground.minh)
    task = open_task(open_dossier(ground.cycle, ground.written, ground.an)).pk
    times = {ANSWERS: [], HANGS: []}
    with _office(ground, task) as act:
        # Nobody sends: whoever connects now is a request.
        for _ in range(requests // 4):
            act()
        connections = len(mailbox.lines("connected"))
        # In turn, so that what else this machine does falls on both.
        for turn in range(8):
            mode = HANGS if turn % 2 else ANSWERS
            mailbox.behave(mode)
            _letters(ground, max(mails // 8, 20))
            with hands(1, courier):
                time.sleep(0.5)
                times[mode] += [act() for _ in range(requests // 4)]
    hanging, answering = (1000 * median(times[mode]) for mode in (HANGS, ANSWERS))
    return {
        "requests": 2 * requests,
        "connections_by_requests": connections,
        "request_hanging_ms": round(hanging, 1),
        "request_answering_ms": round(answering, 1),
        "hanging_of_answering": round(hanging / answering, 2),
    }


@contextmanager
def _office(ground, task):
    """A web server; gives a function that takes or gives back the task and says how long it took.

    Each is a request that records and queues a letter for somebody.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    client = Client()
    client.force_login(ground.an, backend="django.contrib.auth.backends.ModelBackend")
    token = "a" * 32
    headers = {
        "Cookie": f"sessionid={client.cookies['sessionid'].value}; csrftoken={token}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "cycle.wsgi", f"--bind=127.0.0.1:{port}",
         "--no-control-socket"],
        cwd=settings.BASE_DIR,
        env=os.environ
        | {"EMAIL_HOST": settings.EMAIL_HOST, "EMAIL_PORT": str(settings.EMAIL_PORT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=embedded.dying_with_parent(signal.SIGTERM),
    )  # fmt: skip

    def ask(method, path, body=None):
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as line:
            line.request(method, path, body, headers)
            return line.getresponse().status

    def answers():
        with suppress(OSError):
            return ask("GET", "/inbox/") == 200

    acts = cycle(["claim", "release"])

    def act():
        form = f"csrfmiddlewaretoken={token}&act={next(acts)}"
        started = time.perf_counter()
        status = ask("POST", f"/tasks/{task}/", form)
        taken = time.perf_counter() - started
        assert status == 302, status
        return taken

    try:
        wait_until(answers, 60)
        yield act
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


# --- What happens to the letters ------------------------------------------------------------


def _held(ground, mailbox):
    """One courier; the server counts the open transactions while it holds the conversation."""
    _settle(mailbox, ANSWERS)
    mailbox.behave(WATCHES)
    _letters(ground, 40)
    with hands(1, courier):
        wait_until(_all_sent, 120)
    watched = [int(number) for number in mailbox.lines("transactions")]
    return {"conversations_watched": len(watched), "transactions_during_smtp": sum(watched)}


def _faults(ground, mailbox, mails):
    """Letters to a server at its worst; incidents are put back as an operator would."""
    mailbox.behave(FAILS)
    before = Delivery.objects.count()
    _letters(ground, mails)
    started, incidents = time.monotonic(), 0
    with hands(COURIERS, courier):
        while True:
            wait_until(_all_sent, 3600)
            put_back = delivery.resend(Delivery.objects.all())
            if not put_back:
                break
            incidents += put_back
    taken = mailbox.taken()
    ids = set(Delivery.objects.values_list("message_id", flat=True))
    return {
        "mails": len(ids) - before,
        "conversations": len(mailbox.lines("connected")),
        "lost": len(ids - set(taken)),
        "repeated": taken.total() - len(taken),
        "most_repeats_of_one": max(taken.values()) - 1,
        "incidents_put_back": incidents,
        "unknown_message_ids": len(set(taken) - ids),
        "seconds": round(time.monotonic() - started, 1),
    }


def _settle(mailbox, mode):
    """Let what is left over go out."""
    mailbox.behave(mode)
    with hands(2, courier):
        wait_until(_all_sent, 3600)


def _all_sent():
    return not Delivery.objects.filter(state=DeliveryState.PENDING).exists()
