"""From the record to the people who must hear."""

from datetime import datetime

import pytest
from django.core import mail
from django.utils import timezone

from cycle import clock
from cycle.models import OutboxMessage
from dossiers.terms.sweep import sweep
from dossiers.walk import doors
from notifications import audiences
from notifications.delivery import deliver
from notifications.dispatch import dispatch
from notifications.models import Delivery
from tests import records
from tests.hearing import told
from tests.owning import save_as_owner, update_as_owner
from tests.world import open_dossier, open_task

pytestmark = pytest.mark.django_db


def at(year, month, day, hour=9):
    return timezone.make_aware(datetime(year, month, day, hour))


def test_every_event_has_its_audience():
    assert audiences.missing() == set()


def test_whoever_is_next_hears_of_it_and_the_actor_does_not(dossier, an, minh, la):
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    doors.complete(open_task(dossier), "screen_idea", by=an)
    while dispatch():
        pass
    assert told(minh) == ["dossier.screen_idea"]
    assert told(an) == []
    assert told(la) == []
    assert not OutboxMessage.objects.filter(dispatched_at=None).exists()


def test_dispatching_twice_tells_once(dossier, an, minh):
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    doors.complete(open_task(dossier), "screen_idea", by=an)
    while dispatch():
        pass
    OutboxMessage.objects.update(dispatched_at=None)
    while dispatch():
        pass
    assert told(minh) == ["dossier.screen_idea"]


def test_a_late_task_is_told_up_the_line(cycle, commune, an, chi, minh, son):
    with clock.at(at(2026, 11, 16)):
        open_dossier(cycle, commune, an)
    with clock.at(at(2026, 12, 31)):
        sweep()
        while dispatch():
            pass
    # Nobody swept for weeks: each hears once, what is true now.
    assert told(an) == ["term.escalated"]
    assert told(chi) == ["term.escalated"]
    assert told(minh) == ["term.escalated"]
    assert told(son) == ["term.escalated"]


def test_what_a_vacant_post_should_hear_is_told_one_step_up(cycle, commune, an, chi, minh, son):
    with clock.at(at(2026, 11, 16)):
        doors.claim(open_task(open_dossier(cycle, commune, an)), by=an)
    an.is_active = False
    save_as_owner(an)
    update_as_owner(chi.role_assignments, valid_to=at(2026, 11, 20).date())
    with clock.at(at(2026, 12, 31)):
        sweep()
        while dispatch():
            pass
    # An has left and so has her chair: the province's officer hears for both.
    assert told(an) == told(chi) == []
    assert told(minh) == ["term.escalated"]
    assert told(son) == ["term.escalated"]


def test_mail_goes_out_once_with_its_message_id(dossier, an, minh, settings):
    settings.EMAIL_HOST = "mail.example.vn"
    minh.email = "minh@example.vn"
    save_as_owner(minh)
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    doors.complete(open_task(dossier), "screen_idea", by=an)
    while dispatch():
        pass
    assert deliver() == 1
    assert deliver() == 0
    message = mail.outbox[0]
    delivery = Delivery.objects.get()
    assert message.to == ["minh@example.vn"]
    assert message.extra_headers["Message-ID"] == delivery.message_id
    assert delivery.state == "sent"
    assert "Mật ong rừng Nà Tấu" in message.body
