"""Workers that fire, tell and send are killed at random moments; nothing is lost or doubled."""

import os
import random
import signal
import tempfile
import time
from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from bench.ground import (
    RUNGS,
    Ground,
    finished,
    fork,
    hands,
    history_is_whole,
    moved_on,
    told,
    wait_until,
)
from bench.mailbox import Mailbox
from dossiers.terms.sweep import sweep
from notifications import delivery
from notifications.dispatch import dispatch
from notifications.models import Delivery, DeliveryState, Notification

BOUND = (
    "sau mỗi lần kill -9: 0 nhắc việc mất hoặc trùng, 0 thông báo mất hoặc trùng, 0 thư mất, "
    "thư lặp không quá số lần kill và cùng Message-ID"
)
#: Kills, terms, the one in so many that is also mailed, and seconds until the last falls due.
SIZES = {"small": (6, 1_000, 20, 3), "full": (200, 66_667, 20, 120)}
WORKERS = 3


def run(scale):
    """Lost and doubled firings, notifications and mails, after so many kills."""
    kills, terms, mailed, seconds = SIZES[scale]
    # Of a killed worker, the letter it was sending is free again after this.
    delivery.LEASE = timedelta(seconds=5)
    with tempfile.TemporaryDirectory(prefix="ocop-proof-") as folder:
        mailbox = Mailbox(folder)
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mailbox.port
        ground = Ground()
        among = max(terms // 20, 1)
        ground.terms(
            terms,
            dossiers=ground.dossiers(among),
            among=among,
            start=moved_on(1),
            step=timedelta(seconds=seconds / (terms * len(RUNGS))),
            mailed=mailed,
        )
        started = time.monotonic()
        with hands(WORKERS, work) as workers:
            _kill(workers, kills, seconds / kills)
            wait_until(finished, 1800)
        lasted = time.monotonic() - started
        taken = mailbox.taken()
        mailbox.close()
    return _figures(terms * len(RUNGS), kills, taken, lasted)


def work():
    """What a worker does, without end: fire, tell, send."""
    while True:
        fired = sweep()["firings"]
        if not fired + dispatch() + delivery.deliver(limit=50):
            time.sleep(0.02)


def _kill(workers, kills, pause):
    chance = random.Random(2026)
    for _ in range(kills):
        time.sleep(chance.uniform(0, 2 * pause))
        place = chance.randrange(len(workers))
        os.kill(workers[place].pid, signal.SIGKILL)
        workers[place].join()
        workers[place] = fork(work)


def _overtaken():
    """A warning that lapsed (hết hiệu lực): its reader was told of the due day of the same term."""
    later = Notification.objects.filter(
        recipient=OuterRef("notification__recipient"),
        entry__data__term=OuterRef("notification__entry__data__term"),
        entry__event__in=("term.overdue", "term.escalated"),
    )
    return Q(Exists(later), state=DeliveryState.LAPSED, notification__entry__event="term.warning")


def _figures(rungs, kills, taken, lasted):
    counts = told()
    sent = set(
        Delivery.objects.filter(state=DeliveryState.SENT).values_list("message_id", flat=True)
    )
    figures = {
        "size": kills,
        "rungs": rungs,
        **counts,
        "mails": Delivery.objects.count(),
        "mails_missing": Notification.objects.exclude(recipient__email="").count()
        - Delivery.objects.count(),
        "mails_lost": Delivery.objects.exclude(message_id__in=taken).exclude(_overtaken()).count(),
        "mails_repeated": taken.total() - len(taken),
        "unknown_message_ids": len(set(taken) - sent),
        "history_whole": history_is_whole(),
        "seconds": round(lasted, 1),
    }
    figures["lost"] = sum(max(rungs - number, 0) for number in counts.values())
    figures["doubled"] = sum(max(number - rungs, 0) for number in counts.values())
    figures["exact"] = (
        figures["lost"] == figures["doubled"] == 0
        and figures["mails_lost"] == figures["mails_missing"] == 0
        and figures["unknown_message_ids"] == 0
        and figures["mails_repeated"] <= kills
        and figures["history_whole"]
    )
    return figures
