"""Long work: asked for in a page, done by any worker, found again when the worker is killed."""

import subprocess
import sys
import threading
import time

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from cycle.jobs import alone
from cycle.models import Job, JobState, job_kind
from cycle.models import job as jobs
from cycle.models.job import run_waiting
from tests.owning import update_as_owner

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    """Kinds registered by a test are its own."""
    monkeypatch.setattr(jobs, "_kinds", dict(jobs._kinds))


@pytest.fixture(autouse=True)
def woken(monkeypatch):
    """The tasks that were woken; no Redis is asked."""
    tasks = []
    monkeypatch.setattr("cycle.models.job.wake", tasks.append)
    return tasks


def rows():
    return [(job.kind, job.state) for job in Job.objects.order_by("pk")]


# --- Asked ----------------------------------------------------------------------------------


def test_a_worker_is_woken_once_the_job_is_there(an, woken, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = Job.objects.ask("count", by=an, days=["2026-11-24"])
        assert woken == []
    assert woken == ["cycle.jobs.run_jobs"]
    assert (job.by, job.state, job.params) == (an, JobState.QUEUED, {"days": ["2026-11-24"]})


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_fails_asks_for_nothing(woken):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Job.objects.ask("count", by=None)
        raise ZeroDivisionError
    assert rows() == []
    assert woken == []


# --- Done, or not ---------------------------------------------------------------------------


def test_a_job_says_how_far_it_has_come_and_what_came_of_it():
    seen = []

    @job_kind("count")
    def count(job):
        job.progress(0, total=4)
        job.progress(1)
        kept = Job.objects.get(pk=job.pk)
        seen.append((kept.state, kept.done, kept.total, kept.percent))
        return {"moved": job.params["moved"]}

    job = Job.objects.ask("count", by=None, moved=7)
    assert job.percent == 0

    assert run_waiting() == 1

    job.refresh_from_db()
    assert seen == [("running", 1, 4, 25)]
    assert (job.state, job.result, job.error) == (JobState.DONE, {"moved": 7}, "")
    assert job.finished_at >= job.created_at
    assert run_waiting() == 0


def test_a_job_that_fails_keeps_its_reason_and_the_next_is_done():
    @job_kind("fail")
    def fail(job):
        raise ValueError("Không đọc được tệp")

    @job_kind("count")
    def count(job):
        return None

    failed = Job.objects.ask("fail", by=None)
    Job.objects.ask("count", by=None)

    assert run_waiting() == 2

    assert rows() == [("fail", "failed"), ("count", "done")]
    failed.refresh_from_db()
    assert failed.error == "ValueError: Không đọc được tệp"
    assert failed.finished_at is not None
    # It is not tried again by itself.
    assert run_waiting() == 0


@pytest.mark.django_db(transaction=True)
def test_what_a_failed_job_wrote_in_its_transaction_is_not_there(province):
    @job_kind("break")
    def break_half_way(job):
        with transaction.atomic():
            update_as_owner(type(province).objects, name="Khác")
            update_as_owner(type(province).objects, level="hamlet")

    job = Job.objects.ask("break", by=None)
    run_waiting()

    job.refresh_from_db()
    province.refresh_from_db()
    assert (job.state, province.name) == (JobState.FAILED, "Tỉnh Điện Biên")
    assert "org_unit_level_known" in job.error


def test_a_kind_that_nobody_knows_fails_in_the_open():
    job = Job.objects.ask("unknown", by=None)
    run_waiting()
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.FAILED, "KeyError: 'unknown'")


def test_who_comes_second_leaves_at_once():
    did = []

    @alone
    def keep():
        did.append("first")
        second = connection.copy()
        with second.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(1, hashtext('keep'))")
            did.append(cursor.fetchone()[0])
        second.close()

    keep()
    assert did == ["first", False]

    second = connection.copy()
    with second.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(1, hashtext('keep'))")
        keep()
        assert did == ["first", False]
    second.close()


# --- Killed, and many at once -----------------------------------------------------------------

HOLD = """
import sys, time, psycopg
held = psycopg.connect(sys.argv[1], autocommit=True)
held.execute("SELECT pg_advisory_lock(%s)", [int(sys.argv[2])])
print("held", flush=True)
time.sleep(60)
"""


def dsn():
    login = connection.settings_dict
    return psycopg.conninfo.make_conninfo(
        dbname=login["NAME"],
        user=login["USER"],
        password=login["PASSWORD"] or None,
        host=login["HOST"] or None,
        port=login["PORT"] or None,
    )


@pytest.mark.django_db(transaction=True)
def test_the_job_of_a_killed_worker_is_done_by_the_next():
    @job_kind("count")
    def count(job):
        return {"done": True}

    job = Job.objects.ask("count", by=None)
    Job.objects.update(state=JobState.RUNNING)
    worker = subprocess.Popen(
        [sys.executable, "-c", HOLD, dsn(), str(job.pk)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert worker.stdout.readline() == "held\n"
        assert run_waiting() == 0
        assert rows() == [("count", "running")]
    finally:
        worker.kill()
        worker.communicate()
    until = time.monotonic() + 60
    while not (ran := run_waiting()) and time.monotonic() < until:
        time.sleep(0.05)
    assert ran == 1
    assert rows() == [("count", "done")]


@pytest.mark.django_db(transaction=True)
def test_two_workers_do_each_job_once():
    done, together = [], threading.Barrier(2, timeout=120)

    @job_kind("count")
    def count(job):
        time.sleep(0.01)
        done.append(job.pk)

    asked = [Job.objects.ask("count", by=None).pk for _ in range(10)]
    ran = []

    def work():
        together.wait()
        try:
            ran.append(run_waiting())
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(done) == asked
    assert sum(ran) == 10
    assert {state for _kind, state in rows()} == {"done"}


@pytest.mark.django_db(transaction=True)
def test_a_finished_job_holds_no_lock():
    @job_kind("count")
    def count(job):
        return None

    Job.objects.ask("count", by=None)
    run_waiting()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        assert cursor.fetchone() == (0,)


def test_a_job_that_lost_the_database_waits_and_is_done_again():
    lost = [True]

    @job_kind("test.lost")
    def work(job):
        if lost:
            lost.pop()
            raise OperationalError("canceling statement due to lock timeout")
        return {"done": True}

    @job_kind("count")
    def count(job):
        return None

    job = Job.objects.ask("test.lost", by=None)
    Job.objects.ask("count", by=None)

    # The next job does not wait for it.
    assert run_waiting() == 1
    assert rows() == [("test.lost", "running"), ("count", "done")]

    assert run_waiting() == 1
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.DONE, {"done": True})


@pytest.mark.django_db(transaction=True)
def test_a_worker_whose_connection_was_cut_leaves_its_job_to_the_next():
    cut = [True]

    @job_kind("test.cut")
    def work(job):
        if cut:
            cut.pop()
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    Job.objects.ask("test.cut", by=None)
    with pytest.raises(OperationalError):
        run_waiting()
    connection.close()
    assert rows() == [("test.cut", "running")]

    assert run_waiting() == 1
    assert rows() == [("test.cut", "done")]
