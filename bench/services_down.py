"""PostgreSQL crashes, Redis is emptied and goes away, while doors, pages and workers go on."""

import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta

import redis
from django.conf import settings
from django.db import Error, connection
from django.test import Client

from bench.ground import RUNGS, Ground, finished, history_is_whole, moved_on, told, wait_until
from cycle.models import HistoryEntry, Job, JobState
from cycle.running import embedded
from cycle.running.waking import wake
from dossiers.models import Dossier, Idea, Task, Term
from dossiers.walk import doors
from tests import records
from tests.world import open_dossier, open_task

BOUND = (
    "0 việc mất, 0 việc dở dang, không trang nào lỗi 500 vì Redis, "
    "thành công đầu tiên trong 10 giây sau khi dịch vụ trở lại"
)
#: Crashes of PostgreSQL, faults of Redis, terms.
SIZES = {"small": (1, 2, 300), "full": (30, 20, 20_000)}
#: When a term is due that jobs reach and nothing else does.
FAR = datetime(2099, 1, 5, 9, tzinfo=UTC)
#: What the office does to each dossier, and what is left of it after each act.
WALK = ["dossier.open", "dossier.register_idea", "dossier.screen_idea"]
STATES = ["potential", "idea_registered", "idea_screened"]
WAITING = ["register_idea", "screen_idea", "select_idea"]


def run(scale):
    """What was lost or half done, and how long each service's return took to be noticed."""
    crashes, faults, terms = SIZES[scale]
    # A server that forgets what it said was written would prove nothing.
    os.environ.pop("OCOP_PG_FAST", None)
    _restart_postgres(signal.SIGINT)
    connection.close()
    embedded.start_redis()
    ground = Ground()
    world = World(ground)
    ground.terms(
        terms,
        dossiers=ground.dossiers(50),
        among=50,
        start=moved_on(10),
        step=timedelta(seconds=(crashes + faults) * 3 / (terms * len(RUNGS))),
    )
    ground.terms(1, dossiers=ground.dossiers(1), among=1, start=FAR, step=timedelta(days=1))
    steps = ["postgres"] * crashes + ["flush", "outage"] * (faults // 2)
    steps += ["long_outage"] if scale == "full" else []
    random.Random(3).shuffle(steps)
    with world.at_work():
        returns = [(getattr(world, step)(), step) for step in steps]
        time.sleep(1)
        world.stop_acting()
        wait_until(lambda: finished(mail=False), 300)
        jobs_left = Job.objects.exclude(state=JobState.DONE).count()
    counts = told()
    rungs = terms * len(RUNGS)
    figures = {
        "size": crashes + faults,
        "crashes_of_postgres": crashes,
        "faults_of_redis": faults,
        "acts": len(world.done),
        "acts_interrupted": world.interrupted,
        "acts_lost": sum(not _is_written(*act) for act in world.done),
        "half_done": sum(not _is_whole(dossier) for dossier in _walked()),
        "rungs": rungs,
        "rungs_lost": sum(max(rungs - number, 0) for number in counts.values()),
        "rungs_doubled": sum(max(number - rungs, 0) for number in counts.values()),
        "jobs": Job.objects.count(),
        "jobs_lost": jobs_left,
        "pages": len(world.pages),
        "pages_500_without_crash": world.failed_pages(),
        "requests_stopped_by_redis": world.not_woken,
        "slowest_return_s": round(max(returns)[0], 1),
        "slowest_return_after": max(returns)[1],
        "history_whole": history_is_whole(),
    }
    faulty = [key for key in figures if key.endswith(("lost", "half_done", "doubled", "_redis"))]
    figures["fast"] = figures["slowest_return_s"] <= 10
    figures["exact"] = (
        not any(figures[key] for key in faulty if key != "faults_of_redis")
        and figures["pages_500_without_crash"] == 0
        and figures["history_whole"]
    )
    return figures


class World:
    """The office at work: an officer at the doors, a reader of pages, a beat, a worker, a server.

    ``done`` are the acts that were answered, ``pages`` the (moment, status) of each page.
    """

    def __init__(self, ground):
        self.ground = ground
        self.done, self.interrupted, self.pages, self.crashes = [], 0, [], []
        self.not_woken = 0
        self._stop, self._acting = threading.Event(), threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        client = Client()
        client.force_login(ground.an, backend="django.contrib.auth.backends.ModelBackend")
        self.cookie = f"sessionid={client.cookies['sessionid'].value}"

    @contextmanager
    def at_work(self):
        """Everything runs inside the block."""
        programs = [
            ("gunicorn", "cycle.wsgi", f"--bind=127.0.0.1:{self.port}", "--threads=4",
             "--no-control-socket"),
            ("celery", "-A", "cycle", "worker", "--concurrency=3"),
        ]  # fmt: skip
        children = [
            subprocess.Popen(
                [sys.executable, "-m", *program],
                cwd=settings.BASE_DIR,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=embedded.dying_with_parent(signal.SIGTERM),
            )
            for program in programs
        ]
        threads = [
            threading.Thread(target=self._until_stopped, args=work, daemon=True)
            for work in ((self._act, 0), (self._read, 0.02), (self._beat, 0.3))
        ]
        try:
            wait_until(self._page_answers, 60)
            for thread in threads:
                thread.start()
            self._ask()
            wait_until(self._all_jobs_done, 60)
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(20)
            for child in children:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()

    def stop_acting(self):
        """No more acts and pages; beat and worker go on."""
        self._acting.set()

    def _until_stopped(self, work, pause):
        while not self._stop.is_set():
            if work == self._beat or not self._acting.is_set():
                work()
            time.sleep(pause)
        connection.close()

    # --- What goes on -----------------------------------------------------------------------

    def _act(self):
        """Open a dossier and walk it on, coming back to it after each interruption."""
        dossier = self._insist(
            lambda: open_dossier(self.ground.cycle, self.ground.written, self.ground.an)
        )
        self.done.append((dossier.pk, WALK[0]))
        for event, record in ((WALK[1], records.idea), (WALK[2], lambda: None)):
            if not self._insist(lambda event=event: _is_written(dossier.pk, event)):
                self._insist(
                    lambda event=event, record=record: (
                        _is_written(dossier.pk, event)
                        or doors.complete(
                            open_task(dossier),
                            event.partition(".")[2],
                            by=self.ground.an,
                            record=record(),
                        )
                    )
                )
            self.done.append((dossier.pk, event))

    def _insist(self, act):
        while True:
            try:
                return act()
            except Error:
                self.interrupted += 1
                connection.close()
                time.sleep(0.1)

    def _read(self):
        self.pages.append((time.monotonic(), self._page("/inbox/")))

    def _page(self, path):
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as line:
            line.request("GET", path, headers={"Cookie": self.cookie})
            return line.getresponse().status

    def _page_answers(self):
        with suppress(OSError):
            return self._page("/inbox/") == 200

    def _beat(self):
        wake("notifications.jobs.keep_time")
        wake("cycle.jobs.run_jobs")

    def _ask(self):
        """Long work, as a page asks for it: it is queued whether Redis is there or not."""
        try:
            # A day that one term alone reaches: the asking and the answer are what counts.
            Job.objects.ask(
                "recalculate_terms", by=self.ground.an, days=[f"{FAR:%Y-%m-%d}"], document="1/TB"
            )
        except (redis.RedisError, OSError):
            self.not_woken += 1

    @contextmanager
    def _at_a_job(self):
        """A job waits inside the block for a row that we hold."""
        holder = connection.copy()
        try:
            holder.set_autocommit(False)
            with holder.cursor() as cursor:
                # A day, not a moment: PostgreSQL reads a day as its midnight, which is before FAR.
                cursor.execute(
                    "SELECT FROM dossiers_term WHERE due_on >= %s FOR UPDATE", [FAR.date()]
                )
                if not cursor.rowcount:
                    raise LookupError("nothing that a job could wait for")
            self._ask()
            # Not what is measured, and the machine may do much else.
            wait_until(Job.objects.filter(state=JobState.RUNNING).exists, 60)
            yield
        finally:
            holder.close()

    def _all_jobs_done(self):
        return not Job.objects.exclude(state=JobState.DONE).exists()

    # --- What happens to them; each returns the seconds until all go on ----------------------

    def postgres(self):
        """An immediate stop, as a crash; it recovers when it starts."""
        time.sleep(random.uniform(0.3, 1))
        down = time.monotonic()
        _restart_postgres(signal.SIGQUIT)
        connection.close()
        back = time.monotonic()
        acts = len(self.done)
        wait_until(lambda: len(self.done) > acts and self._page_answers(), 30)
        self._ask()
        wait_until(self._all_jobs_done, 30)
        self.crashes.append((down, time.monotonic()))
        return time.monotonic() - back

    def flush(self):
        """All that Redis knows is gone."""
        _redis().flushall()
        return self._noticed()

    def outage(self, seconds=2):
        """Redis is away for a while; it went in the middle of a job."""
        with self._at_a_job():
            with suppress(redis.RedisError):
                _redis().shutdown(nosave=True)
            self._ask()
            time.sleep(2)
        time.sleep(seconds - 2)
        _start("start_redis")
        return self._noticed()

    def long_outage(self):
        """So long that those who try again and again might have lost patience."""
        return self.outage(45)

    def _noticed(self):
        back = time.monotonic()
        self._ask()
        wait_until(self._all_jobs_done, 60)
        return time.monotonic() - back

    def failed_pages(self):
        """Pages that answered 500 while PostgreSQL was there."""
        return sum(
            status >= 500 and not any(down - 1 <= moment <= up for down, up in self.crashes)
            for moment, status in self.pages
        )


def _redis():
    return redis.Redis(unix_socket_path=settings.CELERY_BROKER_URL.partition("://")[2])


def _restart_postgres(signum):
    pid_file = embedded.state_folder() / "postgres" / "postmaster.pid"
    pid = int(pid_file.read_text().split()[0])
    os.kill(pid, signum)
    connection.close()
    wait_until(lambda: not _lives(pid), 30)
    _start("start_postgres")


def _lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _start(name):
    """Ask for the service in another process: this one still holds the server that has died."""
    subprocess.run(
        [sys.executable, "-c", f"from cycle.running import embedded; embedded.{name}()"],
        cwd=settings.BASE_DIR,
        check=True,
    )


# --- What must be true afterwards -----------------------------------------------------------


def _is_written(dossier, event):
    return HistoryEntry.objects.filter(stream="dossier", stream_id=dossier, event=event).exists()


def _walked():
    return Dossier.objects.filter(processes__isnull=False)


def _is_whole(dossier):
    """State, history, tasks, clocks and records of the dossier tell the same."""
    walked = [
        event
        for event in dossier.history.order_by("seq").values_list("event", flat=True)
        if not event.startswith("term.")
    ]
    place = len(walked) - 1
    tasks = Task.objects.filter(dossier=dossier, flow_task_type="HUMAN")
    live = Term.objects.live().filter(dossier=dossier, code="task")
    return (
        walked == WALK[: place + 1]
        and dossier.state == STATES[place]
        and list(tasks.open().values_list("node", flat=True)) == [WAITING[place]]
        and tasks.count() == place + 1
        and list(live.values_list("task__node", flat=True)) == [WAITING[place]]
        and Idea.objects.filter(dossier=dossier).count() == (place > 0)
        and dossier.processes.count() == 1
    )
