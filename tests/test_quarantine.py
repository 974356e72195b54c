"""What was restored sends nothing until it is released: no letter, no message, by any way out."""

from datetime import datetime
from unittest import mock

import pytest
from django.core import mail
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone

from cycle import clock, forgotten
from cycle.models import Job, User
from cycle.running import embedded, quarantine
from dossiers.walk import doors
from notifications import delivery, health, watch
from notifications.jobs import tell
from notifications.models import Alarm, Delivery, DeliveryState
from tests import databases, records
from tests.owning import save_as_owner
from tests.world import open_task

MOMENT = timezone.make_aware(datetime(2026, 3, 1, 1, 30))
#: Who talks to a server of letters or messages, and what keeps it back.
WAYS_OUT = {
    "notifications/channels/email.py": "delivery.py alone asks it, of what it has claimed",
    "notifications/channels/webhook.py": "the same",
    "notifications/watch.py": "asks quarantine.since()",
    "cycle/forgotten.py": "asks quarantine.since()",
}
_TALKING = (
    "get_connection(timeout",
    "send_mail(",
    "HTTPSConnection(",
    "HTTPConnection(",
    "urlopen(",
)
#: Asks its own pages whether they answer.
OWN = {"cycle/management/commands/up.py"}


@pytest.fixture
def restored(db):
    """The database as ``restore`` leaves it."""
    with databases.server(connection.settings_dict["NAME"]) as owner:
        owner.execute(quarantine.beginning(MOMENT))

        def end():
            owner.execute(f"COMMENT ON TABLE {quarantine.TABLE} IS NULL")

        with mock.patch.object(quarantine, "end", end):
            yield
        end()


@pytest.fixture
def waiting(dossier, an, minh, settings):
    """A letter to Minh that waits."""
    settings.EMAIL_HOST = "mail.example.vn"
    minh.email = "minh@dienbien.example.vn"
    save_as_owner(minh)
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    doors.complete(open_task(dossier), "screen_idea", by=an)
    tell(seconds=5)
    return Delivery.objects.get()


def test_there_is_no_way_out_that_does_not_ask():
    found = {}
    for app in ("cycle", "dossiers", "councils", "notifications"):
        for path in (embedded.PROJECT / app).rglob("*.py"):
            text = path.read_text()
            if any(word in text for word in _TALKING):
                found[path.relative_to(embedded.PROJECT).as_posix()] = text
    assert found.keys() == WAYS_OUT.keys() | OWN
    for path, why in WAYS_OUT.items():
        assert ("quarantine.since()" in found[path]) == (why == "asks quarantine.since()")
    assert "SELECT {SINCE}) IS NULL" in (embedded.PROJECT / "notifications/delivery.py").read_text()


def test_nothing_leaves_what_was_restored(restored, waiting):
    assert quarantine.since() == MOMENT
    assert delivery.deliver() == 0
    waiting.refresh_from_db()
    assert (waiting.state, waiting.attempts) == (DeliveryState.PENDING, 0)
    quan = User.objects.create_superuser("quan", "quan@example.vn", "mot mat khau dai")
    job = Job(kind=forgotten.KIND, params={"person": quan.pk}, created_at=clock.now())
    assert forgotten.write(job) == {"sent": False}
    alarm = Alarm.objects.create(question="x", key="", what="x", advice="", began_at=clock.now())
    assert watch._tell({alarm.pk}) == 0
    assert mail.outbox == []
    # Both would have gone out else.
    quarantine.end()
    assert forgotten.write(job) == {"sent": True}
    assert watch._tell({alarm.pk}) == 1


@pytest.mark.parametrize("choice", ["--send", "--drop"])
def test_who_releases_it_chooses_what_becomes_of_what_waits(restored, waiting, choice):
    with pytest.raises(CommandError, match="thêm --send để gửi, hoặc --drop để bỏ"):
        call_command("end_quarantine")
    assert quarantine.since() == MOMENT
    call_command("end_quarantine", choice)
    assert quarantine.since() is None
    waiting.refresh_from_db()
    dropped = waiting.state == DeliveryState.LAPSED
    assert dropped == (choice == "--drop")
    assert (waiting.error == "Dữ liệu phục hồi từ bản sao lưu 01/03/2026.") == dropped
    with pytest.raises(CommandError, match="không bị cách ly"):
        call_command("end_quarantine", choice)


def test_pages_and_doctor_say_that_it_was_restored(restored, client, settings):
    said = "Dữ liệu phục hồi từ bản sao lưu lúc "
    (found,) = health.restored()
    assert str(found.what).startswith(said)
    assert "end_quarantine" in str(found.advice)
    settings.QUARANTINE_SHOWN = True
    with mock.patch.object(quarantine, "shown", quarantine.Shown()):
        assert f"{said}01:30 1/3/2026" in client.get("/accounts/login/").text
        # Asked again after half a minute.
        quarantine.end()
        assert said in client.get("/accounts/login/").text
        with (
            mock.patch.object(quarantine, "HOLDS", 0),
            mock.patch.object(quarantine.shown, "_until", 0),
        ):
            assert said not in client.get("/accounts/login/").text
    assert not [*health.restored()]
