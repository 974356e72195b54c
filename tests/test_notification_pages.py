"""What I was told, how I want to be told, and how the system fares."""

import re
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from cycle import clock
from cycle.models import Job, JobState, OutboxMessage, User
from dossiers.models import Dossier
from dossiers.terms.sweep import sweep
from dossiers.walk import doors
from notifications.dispatch import dispatch
from notifications.jobs import keep_time, send_letters, with_heartbeat
from notifications.jobs import tell as tell_for
from notifications.models import (
    Channel,
    Delivery,
    DeliveryState,
    Heartbeat,
    Notification,
    Preference,
)
from tests import records
from tests.ground import kept
from tests.pages import shown
from tests.world import open_dossier, open_task

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def woken(monkeypatch):
    """Which tasks a page asked a worker to run."""
    woken = []
    for module in ("notifications.operations", "notifications.jobs"):
        monkeypatch.setattr(f"{module}.wake", woken.append)
    return woken


def tell(cycle, commune, an, count=1):
    """An screens so many ideas; Minh hears of each."""
    for number in range(count):
        dossier = open_dossier(cycle, commune, an, name=f"Chè Shan tuyết {number + 1}")
        doors.complete(open_task(dossier), "register_idea", by=an, record=records.idea())
        doors.complete(open_task(dossier), "screen_idea", by=an)
    while dispatch():
        pass
    return list(Notification.objects.order_by("pk"))


# --- The list -------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", (1, 3))
def test_list_query_count(client, cycle, commune, an, minh, rows, django_assert_num_queries):
    tell(cycle, commune, an, rows)
    client.force_login(minh)
    with django_assert_num_queries(6):
        page = client.get("/notifications/")
    assert page.content.decode().count('<li class="unread">') == rows


def test_the_list_says_who_did_what_to_which_product(client, cycle, commune, an, minh):
    tell(cycle, commune, an)
    client.force_login(minh)
    page = client.get("/notifications/").content.decode()
    assert "Chè Shan tuyết 1" in page
    assert "Lò Thị An sơ tuyển ý tưởng, chuyển xét chọn" in shown(page)
    assert "chưa đọc" in page


def test_opening_one_marks_it_read_and_leads_to_the_task(client, cycle, commune, an, minh, son):
    (told,) = tell(cycle, commune, an)
    client.force_login(minh)
    dossier = Dossier.objects.get(pk=told.entry.stream_id)
    answer = client.get(f"/notifications/{told.pk}/")
    assert (answer.status_code, answer.url) == (302, f"/tasks/{open_task(dossier).pk}/")
    told.refresh_from_db()
    assert told.read_at is not None

    # Sơn may see the file, but the task is not his.
    told = Notification.objects.create(entry=told.entry, recipient=son, created_at=clock.now())
    client.force_login(son)
    assert client.get(f"/notifications/{told.pk}/").url == f"/dossiers/{dossier.pk}/"


def test_another_ones_notification_is_not_there(client, cycle, commune, an, la, minh):
    (told,) = tell(cycle, commune, an)
    client.force_login(la)
    assert client.get(f"/notifications/{told.pk}/").status_code == 404
    assert client.get("/notifications/").content.decode().count('<li class="unread">') == 0
    told.refresh_from_db()
    assert told.read_at is None


def test_marking_all_read_keeps_filters_and_leaves_what_came_since(
    client, cycle, commune, an, minh
):
    first, second, third = tell(cycle, commune, an, 3)
    client.force_login(minh)
    answer = client.post("/notifications/read/", {"back": "kind=work", "up_to": second.pk})
    assert answer.url == "/notifications/?kind=work"
    assert list(Notification.objects.unread()) == [third]
    client.post("/notifications/read/", {"back": "kind=term", "up_to": third.pk})
    assert list(Notification.objects.unread()) == [third]
    assert client.get("/notifications/read/").status_code == 405
    assert client.post("/notifications/read/", {"up_to": "x"}).status_code == 404


def test_the_list_is_narrowed_by_kind_and_unread(client, cycle, commune, an, minh):
    first, second = tell(cycle, commune, an, 2)
    Notification.objects.filter(pk=first.pk).update(read_at=clock.now())
    client.force_login(minh)

    def shown(query):
        page = client.get(f"/notifications/?{query}").content.decode()
        return [n.pk for n in (second, first) if f'href="/notifications/{n.pk}/"' in page]

    assert shown("") == [second.pk, first.pk]
    assert shown("unread=1") == [second.pk]
    assert shown("kind=work&unread=1") == [second.pk]
    assert shown("kind=term") == []
    assert shown("kind=result") == []
    assert shown("kind=x&after=²") == [second.pk, first.pk]
    assert shown(f"after={second.pk}") == [first.pk]


def test_a_rung_says_which_term_whose_desk_and_which_day(client, cycle, commune, an, chi):
    with clock.at(timezone.make_aware(datetime(2026, 11, 16, 9))):
        open_dossier(cycle, commune, an)  # due 30/11
    with clock.at(timezone.make_aware(datetime(2026, 12, 2, 9))):
        sweep()
        while dispatch():
            pass
    client.force_login(chi)
    page = client.get("/notifications/?kind=term").content.decode()
    assert "báo cáo quá hạn «Đăng ký ý tưởng sản phẩm», Xã Nà Tấu, hạn 30/11/2026" in shown(page)


# --- The bell -------------------------------------------------------------------------------


def test_the_bell_counts_and_is_silent_when_nothing_changed(
    client, cycle, commune, an, minh, django_assert_num_queries
):
    tell(cycle, commune, an, 2)
    client.force_login(minh)
    with django_assert_num_queries(3):
        answer = client.get("/notifications/bell/")
    assert re.search(r'<span class="bell-count">\s*2</span>', answer.content.decode())
    assert 'hx-trigger="every 30s"' in answer.content.decode()
    silent = client.get("/notifications/bell/?seen=2")
    assert (silent.status_code, silent.content) == (204, b"")
    assert client.get("/notifications/bell/?seen=1").status_code == 200


def test_the_bell_counts_no_further_than_99(client, cycle, commune, an, minh):
    (told,) = tell(cycle, commune, an)
    entries = told.entry.__class__.objects.bulk_create(
        [
            told.entry.__class__(
                stream="cycle", stream_id=1, event="task.claim", label="x", at=clock.now()
            )
            for _ in range(101)
        ]
    )
    Notification.objects.bulk_create(
        [Notification(entry=entry, recipient=minh, created_at=clock.now()) for entry in entries]
    )
    client.force_login(minh)
    assert (
        '<span class="bell-count">99+</span>' in client.get("/notifications/bell/").content.decode()
    )


def test_a_page_open_past_the_sign_in_stops_asking_and_stays(client):
    answer = client.get("/notifications/bell/")
    assert (answer.status_code, answer["HX-Reswap"]) == (286, "none")


def test_the_bell_is_on_every_page_and_costs_it_no_query(client, an):
    client.force_login(an)
    page = client.get("/inbox/").content.decode()
    assert 'href="/notifications/"' in page
    assert 'hx-trigger="load, every 30s"' in page


# --- How I want to be told ------------------------------------------------------------------


def test_preferences_are_ones_own(client, an, chi):
    client.force_login(an)
    answer = client.post("/notifications/preferences/", {"webhook": "on", "digest": "on"})
    assert answer.url == "/notifications/preferences/"
    kept = Preference.objects.get()
    assert (kept.user, kept.email, kept.webhook, kept.digest, kept.weekly) == (
        an, False, True, True, True,
    )  # fmt: skip
    client.force_login(chi)
    page = client.get("/notifications/preferences/").content.decode()
    assert 'name="weekly"' in page
    client.post("/notifications/preferences/", {"email": "on"})
    assert Preference.objects.get(user=chi).weekly is False
    assert Preference.objects.get(user=an).digest is True


def test_a_stranger_is_sent_to_sign_in(client, db):
    for path in ("", "preferences/", "1/"):
        assert client.get(f"/notifications/{path}").url.startswith("/accounts/login/")
    for path in ("/operations/", "/reports/week/", "/reports/week.pdf"):
        assert client.get(path).url.startswith("/accounts/login/")


# --- How the system fares -------------------------------------------------------------------


@pytest.fixture
@kept
def troubles(cycle, commune, an, chi, minh):
    """An incident, an entry that could not be told, and a job that failed."""
    (told,) = tell(cycle, commune, an)
    incident = Delivery.objects.create(
        notification=told,
        channel=Channel.EMAIL,
        state=DeliveryState.INCIDENT,
        attempts=10,
        next_at=timezone.now(),
        error="Máy chủ không trả lời trong thời gian chờ.",
    )
    untold = OutboxMessage.objects.first()
    OutboxMessage.objects.filter(pk=untold.pk).update(dispatched_at=None, error="KeyError: to_id")
    job = Job.objects.create(
        kind="recalculate_terms",
        state=JobState.FAILED,
        error="ValueError: ngày",
        by=minh,
        created_at=clock.now(),
    )
    return incident, untold, job


def test_operations_are_seen_by_the_superuser_and_province_officers(
    client, an, chi, minh, son, kiem
):
    # To be let into the administration is not enough.
    it = User.objects.create_user("it", is_staff=True)
    quantri = User.objects.create_superuser("quantri")

    def answers(user):
        client.force_login(user)
        told = client.post("/operations/", {"act": "resend", "pk": "all"})
        return client.get("/operations/").status_code, told.status_code

    assert {user.username: answers(user) for user in (an, chi, it, minh, son, kiem, quantri)} == {
        "an": (403, 403),
        "chi": (403, 403),
        "it": (403, 403),
        "minh": (200, 302),
        "son": (403, 403),
        "kiem": (403, 403),
        "quantri": (200, 302),
    }


def test_operations_say_what_went_wrong_and_do_it_again(client, troubles, minh, woken):
    incident, untold, job = troubles
    client.force_login(minh)
    page = client.get("/operations/").content.decode()
    assert "Máy chủ không trả lời trong thời gian chờ." in page
    assert "đã thử 10 lần" in page
    assert "KeyError: to_id" in page
    assert "Tính lại thời hạn theo lịch nghỉ" in page
    assert "chưa chạy lần nào" in page

    for act, row in (("resend", incident), ("tell", untold), ("run", job)):
        assert client.post("/operations/", {"act": act, "pk": row.pk}).url == "/operations/"
        row.refresh_from_db()
    assert (incident.state, incident.attempts) == ("pending", 0)
    assert (untold.error, untold.dispatched_at) == ("", None)
    assert (job.state, job.error) == ("queued", "")
    page = client.get("/operations/").content.decode()
    assert "Mọi tin đều đã gửi hoặc đang được gửi." in page
    client.post("/operations/", {"act": "resend", "pk": incident.pk})
    assert "có thể người khác đã làm" in client.get("/operations/").content.decode()
    for wrong in ({"act": "drop", "pk": "all"}, {"act": "resend", "pk": "²"}, {"act": "resend"}):
        assert client.post("/operations/", wrong).status_code == 404


def test_doing_it_again_wakes_a_worker_after_the_commit(
    client, troubles, minh, woken, django_capture_on_commit_callbacks
):
    client.force_login(minh)
    with django_capture_on_commit_callbacks(execute=True):
        for act in ("resend", "tell", "run"):
            client.post("/operations/", {"act": act, "pk": "all"})
    assert woken == [
        "notifications.jobs.send_letters",
        "notifications.jobs.keep_time",
        "cycle.jobs.run_jobs",
    ]


@pytest.mark.parametrize("rows", (1, 3))
def test_operations_query_count(client, cycle, commune, an, minh, rows, django_assert_num_queries):
    for told in tell(cycle, commune, an, rows):
        Delivery.objects.create(
            notification=told, channel="email", state="incident", next_at=timezone.now()
        )
        Job.objects.create(kind="x", state="failed", by=minh, created_at=clock.now())
    OutboxMessage.objects.update(dispatched_at=None, error="KeyError")
    client.force_login(minh)
    # One of them for the day on which there was something to watch: no beat has come yet.
    with django_assert_num_queries(12):
        assert client.get("/operations/").status_code == 200


# --- The beat -------------------------------------------------------------------------------


def test_the_beat_leaves_its_mark_and_is_missed_after_five_minutes(client, province, minh, woken):
    keep_time()
    send_letters()
    assert woken == ["notifications.jobs.send_letters"]
    beat = Heartbeat.objects.get(name="keep_time")
    assert beat.finished_at >= beat.started_at
    assert beat.result["swept"] == {"terms": 0, "firings": 0}
    assert beat.error == ""
    client.force_login(minh)
    assert client.get("/operations/").content.decode().count("đang chạy</span>") == 2
    with clock.at(timezone.now() + timedelta(minutes=6)):
        assert client.get("/operations/").content.decode().count("không chạy nữa") == 2


def test_one_part_that_fails_does_not_stop_the_others():
    def broken():
        raise ValueError("hỏng")

    with_heartbeat("keep_time", {"swept": broken, "told": lambda: 3})
    beat = Heartbeat.objects.get()
    assert (beat.result, beat.error) == ({"told": 3}, "swept: ValueError: hỏng")


def test_telling_stops_after_its_time(monkeypatch):
    monkeypatch.setattr("notifications.jobs.dispatch", lambda: 500)
    assert tell_for(seconds=0) == 0
    assert tell_for(seconds=0.01) >= 500
