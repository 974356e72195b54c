"""Every event has its letter, and what goes out arrives, or says in words why not."""

import contextlib
import socket
import socketserver
import threading
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from cycle import clock, events
from cycle.models import HistoryEntry, Stream
from dossiers.models import Product
from notifications import audiences
from notifications.channels import Refused, webhook
from notifications.delivery import LEASE, MAX_ATTEMPTS, deliver, resend
from notifications.dispatch import dispatch
from notifications.letters import letter
from notifications.models import Channel, Delivery, DeliveryState, Notification
from tests import records
from tests.conftest import open_task

pytestmark = pytest.mark.django_db

TOLD = sorted(events.registered() - audiences.events_of(audiences.nobody))


# --- The words ------------------------------------------------------------------------------


def entry_of(event, dossier, by):
    """A real entry of ``event``, with all that such an entry carries."""
    term = open_task(dossier).term
    people = {"to": "Lò Thị Dung", "to_id": by.pk, "holder": "Lò Thị An", "holder_id": by.pk}
    of_cycle = event.startswith("role.")
    silent = event in audiences.RUNGS
    data = {}
    if event.startswith("term."):
        data |= {"term": term.pk, "rung": "-3:officer"}
    if of_cycle or event.startswith("task."):
        data |= people
    if of_cycle:
        data |= {"successor": 1, "tasks": [1], "period": "17/11/2026", "begun": True}
    return HistoryEntry.objects.create(
        stream=Stream.CYCLE if of_cycle else Stream.DOSSIER,
        stream_id=dossier.cycle_id if of_cycle else dossier.pk,
        event=event,
        label="Cán bộ OCOP, Xã Nà Tấu" if of_cycle else str(dossier),
        actor=None if silent else by,
        role="" if silent else "officer",
        org_unit=None if silent else dossier.commune.parent,
        reason="" if silent else "Thiếu giấy <an toàn> & nhãn",
        data=data,
        at=clock.now(),
    )


def test_no_event_is_without_audience_and_few_are_for_nobody():
    assert audiences.missing() == set()
    assert len(TOLD) > 40


@pytest.mark.parametrize("event", TOLD)
def test_every_event_that_is_told_has_its_letter(event, dossier, an, minh):
    Product.objects.update(name="Trà «Shan» <Tủa Chùa> & mật ong")
    entry = entry_of(event, dossier, minh)
    notification = Notification.objects.create(entry=entry, recipient=an, created_at=clock.now())
    written = letter(Delivery(notification=notification, channel=Channel.EMAIL))

    assert written.subject == " ".join(written.subject.split())
    assert 10 < len(written.subject) < 150
    assert written.body.startswith("Kính gửi ông/bà Lò Thị An,\n\n")
    assert "http://127.0.0.1:8000/" in written.body
    assert written.body.endswith("Trân trọng.\nHệ thống quản lý chu trình OCOP\n")
    assert "\n\n\n" not in written.body
    for wrong in ("&lt;", "&amp;", "&#", "{{", "{%", "None", " .", "  "):
        assert wrong not in written.subject + written.body
    if not event.startswith("role."):
        assert "Trà «Shan» <Tủa Chùa> & mật ong" in written.subject
    if entry.reason:
        assert "Thiếu giấy <an toàn> & nhãn" in written.body


def test_the_letter_says_what_to_do_and_by_when(dossier, an, minh):
    open_task(dossier).complete("register_idea", by=an, record=records.idea())
    open_task(dossier).complete("screen_idea", by=an)
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
