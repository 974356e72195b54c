"""My due days in a calendar program, by a secret address."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from icalendar import Calendar

from dossiers.models import Term
from dossiers.terms.sweep import begin_batches
from dossiers.walk import doors
from notifications.models import CalendarFeed
from tests import records
from tests.owning import save_as_owner
from tests.world import open_dossier, open_task, person

pytestmark = pytest.mark.django_db

#: As the settings say, never as a request claims.
SITE = "http://127.0.0.1:8000"


@pytest.fixture(autouse=True)
def _fresh():
    cache.clear()


def address(client, user):
    """The address that the person is given on their page."""
    client.force_login(user)
    client.post("/notifications/calendar/", {"act": "new"})
    page = client.get("/notifications/preferences/").content.decode()
    token = CalendarFeed.objects.get(user=user).token
    assert f'value="{SITE}/calendar/{token}.ics"' in page
    client.logout()
    return f"/calendar/{token}.ics"


def shown(client, path):
    answer = client.get(path)
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    return Calendar.from_ical(answer.content).walk("VEVENT")


def test_the_feed_needs_no_account_and_has_my_tasks(client, dossier, an):
    event, *others = shown(client, address(client, an))
    task = open_task(dossier)
    assert others == []
    assert str(event["SUMMARY"]) == "Hạn: Đăng ký ý tưởng sản phẩm: Mật ong rừng Nà Tấu"
    assert event["DTSTART"].dt == task.due_on
    assert event["DTEND"].dt == task.due_on + timedelta(days=1)
    assert str(event["UID"]) == f"task-{task.pk}@127.0.0.1"
    assert str(event["URL"]) == f"{SITE}/tasks/{task.pk}/"
    assert str(event["DESCRIPTION"]) == "Hợp tác xã Mường Thanh, Xã Nà Tấu"


def test_a_stranger_has_nothing_and_the_law_is_shown_to_who_answers_for_it(
    client, dossier, la, minh
):
    begin_batches(dossier.opened_at)
    assert shown(client, address(client, la)) == []
    events = shown(client, address(client, minh))
    terms = Term.objects.filter(legal=True, role="officer", org_unit__level="province")
    assert len(events) == terms.count() > 1
    assert {event["DTSTART"].dt for event in events} == {term.due_on for term in terms}
    assert "Hạn theo quy định: Hạn xã đề nghị, đợt 1" in {str(e["SUMMARY"]) for e in events}


def test_a_task_that_a_colleague_took_is_theirs(client, dossier, an, commune):
    colleague = person("dung", "Lò Thị Dung", ("officer", commune))
    doors.claim(open_task(dossier), by=colleague)
    assert shown(client, address(client, an)) == []
    assert len(shown(client, address(client, colleague))) == 1


def test_a_new_address_ends_the_old_one_and_stopping_ends_it_all(client, dossier, an):
    first = address(client, an)
    assert len(shown(client, first)) == 1
    second = address(client, an)
    assert second != first
    assert client.get(first).status_code == 404
    assert len(shown(client, second)) == 1
    client.force_login(an)
    client.post("/notifications/calendar/", {"act": "stop"})
    assert client.get(second).status_code == 404
    assert not CalendarFeed.objects.exists()


def test_an_unknown_address_and_that_of_somebody_who_left_are_not_there(client, dossier, an):
    assert client.get("/calendar/none.ics").status_code == 404
    path = address(client, an)
    assert len(shown(client, path)) == 1
    an.is_active = False
    save_as_owner(an)
    assert client.get(path).status_code == 404


def test_the_address_is_changed_by_a_form_only_and_by_its_owner(client, an):
    assert client.post("/notifications/calendar/").url.startswith("/accounts/login/")
    client.force_login(an)
    assert client.get("/notifications/calendar/").status_code == 405


def test_the_same_is_told_for_five_minutes(
    client, cycle, commune, an, dossier, django_assert_num_queries
):
    path = address(client, an)
    assert len(shown(client, path)) == 1
    doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
    open_dossier(cycle, commune, an, name="Chè Shan tuyết")
    with django_assert_num_queries(1):
        assert len(shown(client, path)) == 1
    cache.clear()
    assert len(shown(client, path)) == 2


def test_the_feed_asks_a_fixed_number_of_questions(
    client, cycle, commune, an, django_assert_num_queries
):
    path = address(client, an)
    for number in range(3):
        open_dossier(cycle, commune, an, name=f"Chè {number}")
        cache.clear()
        with django_assert_num_queries(9):
            assert len(shown(client, path)) == number + 1
