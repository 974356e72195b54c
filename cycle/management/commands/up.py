"""The launcher behind ``make demo``: everything on one machine, until Ctrl-C."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NoReturn

import psycopg.errors
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connections
from django.urls import reverse

from cycle.running import embedded, starting

HOST = "127.0.0.1"
STARTS_WITHIN = 60
STOPS_WITHIN = 15


class Command(BaseCommand):
    """Start services, migrate, load the demo, run web, worker and beat; stop them all on Ctrl-C.

    Raises CommandError with one sentence when the port is taken, the disk is full, another ``up``
    runs over the same data, or a part of it stops by itself.
    """

    help = "Chạy toàn bộ hệ thống trên máy này; nhấn Ctrl-C để dừng."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=os.environ.get("PORT", "8000"))

    def handle(self, *, port: int, **options: Any) -> None:
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        for signum in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, signal.default_int_handler)
        try:
            with self.alone() as self.lock:
                self.start(port)
                self.watch()
        except KeyboardInterrupt:
            self.say("Đang dừng…")
        except OperationalError as error:
            if isinstance(error.__cause__, psycopg.errors.DiskFull):
                raise CommandError(embedded.FULL) from None
            raise
        finally:
            for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(signum, signal.SIG_IGN)
            self.stop()
        self.say("Đã dừng.")

    def say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()

    @contextlib.contextmanager
    def alone(self) -> Iterator[IO[str]]:
        """Hold the only ``up`` of these data, and the lock that our children inherit."""
        run = embedded.state_folder() / "run"
        with (run / "up.lock").open("a") as ours, (run / "children").open("a+") as theirs:
            try:
                fcntl.flock(ours, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CommandError("Chương trình đang chạy rồi.") from None
            # A killed start leaves children for a moment; who holds this lock is one of them.
            until = time.monotonic() + STOPS_WITHIN
            while True:
                try:
                    fcntl.flock(theirs, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > until:
                        theirs.seek(0)
                        for pid in json.loads(theirs.read() or "[]"):
                            with contextlib.suppress(ProcessLookupError):
                                os.killpg(pid, signal.SIGKILL)
                    time.sleep(0.2)
            yield theirs

    def start(self, port: int) -> None:
        self.refuse_taken(port)
        self.say("Cơ sở dữ liệu đã sẵn sàng. Đang khởi động Redis…")
        starting.for_work()
        self.say("Đang cập nhật cấu trúc dữ liệu…")
        call_command("migrate", verbosity=0)
        self.say("Đang chuẩn bị dữ liệu mẫu…")
        call_command("load_demo", "--if-empty", stdout=self.stdout)
        connections.close_all()
        self.say("Đang khởi động trang web và các tiến trình nền…")
        self.run(
            "web", "gunicorn", "cycle.wsgi", f"--bind={HOST}:{port}", "--workers=2", "--threads=4",
            "--graceful-timeout=5", "--no-control-socket",
        )  # fmt: skip
        self.run("worker", "celery", "-A", "cycle", "worker", "--concurrency=3", "--loglevel=INFO")
        schedule = embedded.state_folder() / "beat"
        self.run("beat", "celery", "-A", "cycle", "beat", f"--schedule={schedule}", "--pidfile=")
        self.await_page(port)
        self.say("")
        call_command("load_demo", "--accounts", stdout=self.stdout)
        self.say(f"\nMở http://{HOST}:{port}/ bằng trình duyệt. Nhấn Ctrl-C để dừng.")
        connections.close_all()

    def refuse_taken(self, port: int) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except (OSError, OverflowError):
                raise CommandError(
                    f"Không mở được cổng {port}, có thể chương trình khác đang dùng: "
                    "hãy chọn cổng khác bằng PORT=…"
                ) from None

    def run(self, name: str, module: str, *arguments: str) -> None:
        """Start a child whose life ends with ours, and whose words go to its log."""
        with self.log(name).open("ab") as log:
            self.children[name] = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=settings.BASE_DIR,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # The terminal's Ctrl-C is for us: we stop them in order.
                start_new_session=True,
                pass_fds=[self.lock.fileno()],
                preexec_fn=embedded.dying_with_parent(signal.SIGTERM),
            )
        self.lock.truncate(0)
        self.lock.write(json.dumps([child.pid for child in self.children.values()]))
        self.lock.flush()

    def log(self, name: str) -> Path:
        return embedded.state_folder() / "logs" / f"{name}.log"

    def await_page(self, port: int) -> None:
        """Return when the sign-in page answers."""
        until = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < until:
            self.notice_death()
            line = http.client.HTTPConnection(HOST, port, timeout=10)
            with contextlib.closing(line), contextlib.suppress(OSError):
                line.request("GET", reverse(settings.LOGIN_URL))
                if line.getresponse().status == http.HTTPStatus.OK:
                    return
            time.sleep(0.2)
        raise CommandError(f"Trang web không trả lời, lý do ở cuối tệp {self.log('web')}.")

    def watch(self) -> NoReturn:
        while True:
            time.sleep(0.5)
            self.notice_death()

    def notice_death(self) -> None:
        for name, child in self.children.items():
            if child.poll() is not None:
                raise CommandError(
                    f"Tiến trình {name} đã tự dừng, lý do ở cuối tệp {self.log(name)}."
                )

    def stop(self) -> None:
        """Stop the children, the last started first, then our hold on the services."""
        for child in reversed(self.children.values()):
            child.terminate()
        for child in reversed(self.children.values()):
            try:
                child.wait(STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        connections.close_all()
        embedded.leave()
