"""What runs by itself leaves its mark, and is told when it fails or does not come."""

import re
from datetime import datetime, timedelta

import pytest
from celery import current_app
from celery.schedules import crontab
from django.conf import settings
from django.utils import timezone

from cycle import chains, clock
from cycle.models import HistoryEntry
from cycle.written import moment_text as moment
from notifications import beats
from notifications.beats import BEATS, due_after, marks, schedules
from notifications.models import Heartbeat

pytestmark = pytest.mark.django_db
TASKS = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}


def at(day, hour, minute=0):
    return timezone.make_aware(datetime(2026, 11, day, hour, minute))


def run(task):
    """Do a task as a worker does it."""
    current_app.loader.import_default_modules()
    return current_app.tasks[task].apply()


def mark(name, now):
    return next(each for each in marks(now) if each.name == name)


@pytest.fixture
def operations(client, minh):
    """What /operations/ says of each beat, by its name."""
    client.force_login(minh)

    def read():
        html = client.get("/operations/").content.decode()
        html = html[html.index('<dl class="facts">') : html.index("</dl>")]
        html = re.sub(r"\s+(?=<)|(?<=>)\s+", "", html)
        rows = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", html, re.DOTALL)
        return {label: " ".join(said.split()) for label, said in rows}

    return read


def test_every_beat_of_the_schedule_has_a_name_and_no_other():
    assert set(schedules()) == set(BEATS)
    assert len(schedules()) == len(settings.CELERY_BEAT_SCHEDULE)


@pytest.mark.parametrize("task", sorted(TASKS))
def test_a_beat_leaves_its_mark(task, monkeypatch):
    monkeypatch.setattr("notifications.jobs.wake", lambda name: None)
    before = clock.now()
    assert run(task).state == "SUCCESS"
    beat = Heartbeat.objects.get(name=beats.name_of(task))
    assert before <= beat.started_at <= beat.finished_at
    assert beat.error == ""


@pytest.mark.parametrize("task", sorted(TASKS))
def test_a_beat_that_fails_keeps_why(task, monkeypatch, operations):
    name = beats.name_of(task)
    broken = lambda *args, **kwargs: 1 / 0  # noqa: E731
    for place in (
        "cycle.jobs.run_waiting",
        "cycle.jobs.call_command",
        "cycle.jobs.Visitor.forget",
        "cycle.jobs.chains.check",
        "notifications.jobs.deliver",
        "notifications.digests.prepare",
        "notifications.jobs.files.collect",
        "notifications.jobs.looking.look",
        "notifications.jobs.wake",
    ):
        monkeypatch.setattr(place, (lambda name: None) if place.endswith("wake") else broken)

    run(task)

    beat = Heartbeat.objects.get(name=name)
    assert beat.finished_at is not None
    assert beat.error.endswith("ZeroDivisionError: division by zero")
    said = operations()[str(BEATS[name])]
    assert said.startswith('<span class="due due-overdue">chạy bị lỗi</span>')
    assert "ZeroDivisionError: division by zero" in said


@pytest.mark.parametrize("name", sorted(BEATS))
def test_a_beat_that_has_not_come_says_so_in_red_since_when(name, operations):
    seen = at(20, 12)
    Heartbeat.objects.create(name=name, started_at=seen, finished_at=seen)
    due = due_after(schedules()[name], seen)
    for now, missed in (
        (due, None),
        (due + beats.GRACE, None),
        (due + beats.GRACE + timedelta(seconds=1), due),
        (due + timedelta(days=30), due),
    ):
        assert mark(name, now).missed_since == missed
        with clock.at(now):
            said = operations()[str(BEATS[name])]
        if missed is None:
            assert said == f'<span class="done-mark">đang chạy</span>, lần cuối {moment(seen)}'
        else:
            assert said == (
                '<span class="due due-overdue">không chạy nữa</span>, '
                f"đáng lẽ chạy lúc {moment(due)}, lần cuối {moment(seen)}"
            )


def test_a_beat_that_never_came_is_missed_once_there_is_something_to_watch(operations, dossier):
    entry = HistoryEntry.objects.order_by("pk").first().recorded_at
    for name, schedule in schedules().items():
        due = due_after(schedule, entry)
        assert mark(name, due).missed_since is None
        assert mark(name, due + timedelta(minutes=5)).missed_since == due
    with clock.at(clock.now() + timedelta(days=3)):
        assert {said.partition(",")[0] for said in operations().values()} == {
            '<span class="due due-overdue">chưa chạy lần nào</span>'
        }


def test_before_anything_was_recorded_nothing_is_missed(operations):
    assert set(operations().values()) == {"chưa chạy lần nào"}


@pytest.mark.parametrize(
    ("seen", "due"),
    [
        (at(20, 3, 30), at(21, 3, 30)),
        (at(20, 3, 31), at(21, 3, 30)),
        (at(20, 12), at(21, 3, 30)),
        (at(20, 1), at(20, 3, 30)),
        (at(30, 23, 59), at(30, 3, 30) + timedelta(days=1)),
    ],
)
def test_the_nightly_check_comes_at_half_past_three_in_vietnam(seen, due):
    assert due_after(crontab(hour=3, minute=30), seen) == due


# --- The check of history ---------------------------------------------------------------------


def test_an_untouched_history_has_no_findings(dossier):
    assert chains.check() == []
    assert run("cycle.jobs.verify_history").result == {"streams": 1, "entries": 1}


def test_a_broken_history_stands_on_the_page_until_it_is_whole(dossier, monkeypatch, operations):
    with monkeypatch.context() as patch:
        found = [chains.Finding("dossier", dossier.pk, 3, "mã băm không đúng")]
        patch.setattr("cycle.jobs.chains.check", lambda: found)
        run("cycle.jobs.verify_history")
    said = operations()["Kiểm tra nhật ký mỗi đêm"]
    assert said.startswith('<span class="due due-overdue">chạy bị lỗi</span>')
    assert f"Nhật ký bị đứt tại dossier {dossier.pk}/3: mã băm không đúng." in said

    run("cycle.jobs.verify_history")
    assert "đứt" not in operations()["Kiểm tra nhật ký mỗi đêm"]


def test_the_findings_say_where_and_what():
    finding = chains.Finding("dossier", 7, 3, "mã băm không đúng")
    assert (
        str(chains.HistoryBroken([finding])) == "Nhật ký bị đứt tại dossier 7/3: mã băm không đúng."
    )
    many = [finding] * chains.MOST
    assert str(chains.HistoryBroken(many)).endswith("mã băm không đúng, ….")
