"""Whatever is caught broadly leaves its stack in the log, with what it was about."""

import ast
import json
import logging
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog
from django import urls
from django.db import IntegrityError, transaction
from gunicorn.config import Config

from cycle import celery
from cycle.models import HistoryEntry, Job, User, job_kind
from cycle.models.job import run_waiting
from cycle.running import access_log, logs
from dossiers.forms.acts import ActForm
from dossiers.walk import doors
from notifications import delivery as delivering
from notifications.dispatch import dispatch
from notifications.models import Delivery, Notification, Preference
from tests.records import idea
from tests.world import open_task

ROOT = Path(__file__).parents[1]
APPS = ("cycle", "dossiers", "councils", "notifications")
BROAD = {"Exception", "BaseException"}


def names(node):
    """The exceptions that an ``except`` or a ``suppress`` names."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def swallows(tree):
    """Lines where anything may be caught whose stack is then neither logged nor raised on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            if BROAD & set().union(*map(names, node.args)):
                yield node.lineno
        elif isinstance(node, ast.ExceptHandler) and (
            node.type is None or BROAD & names(node.type)
        ):
            inside = [each for body in node.body for each in ast.walk(body)]
            raised = any(isinstance(each, ast.Raise) and each.exc is None for each in inside)
            logged = any(
                isinstance(each, ast.Call)
                and (
                    ast.unparse(each.func) == "log.exception"
                    or any(word.arg == "exc_info" for word in each.keywords)
                )
                for each in inside
            )
            if not (raised or logged):
                yield node.lineno


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("except Exception:\n    pass", True),
        ("except Exception as error:\n    raise Refused() from error", True),
        ("except (ValueError, BaseException):\n    log.warning('x')", True),
        ("except:\n    pass", True),
        ("except Exception:\n    log.exception('x')", False),
        ("except Exception:\n    log.warning('x', exc_info=True)", False),
        ("except Exception:\n    undo()\n    raise", False),
        ("except ValueError:\n    pass", False),
    ],
)
def test_what_a_broad_handler_is(body, found):
    assert bool([*swallows(ast.parse(f"try:\n    work()\n{body}"))]) is found


def test_a_suppression_of_everything_is_one():
    assert [*swallows(ast.parse("with contextlib.suppress(Exception):\n    work()"))] == [1]
    assert [*swallows(ast.parse("with suppress(OSError):\n    work()"))] == []


def test_nothing_that_is_caught_broadly_loses_its_stack():
    wrong, broad = [], 0
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            source = path.read_text()
            broad += source.count("except Exception")
            wrong += [f"{path.relative_to(ROOT)}:{line}" for line in swallows(ast.parse(source))]
    assert broad
    assert wrong == []


# --- What the log says ------------------------------------------------------------------------


@pytest.fixture
def logged():
    """Each error that is logged, as our processors hand it on: with what is bound."""
    said = []

    class Keep(logging.Handler):
        def emit(self, record):
            said.append(record.msg if isinstance(record.msg, dict) else {"event": record.msg})

    handler = Keep(logging.ERROR)
    logging.getLogger().addHandler(handler)
    structlog.contextvars.clear_contextvars()
    yield said
    logging.getLogger().removeHandler(handler)
    structlog.contextvars.clear_contextvars()


def test_a_job_that_fails_says_which_whose_and_with_which_dossier(logged, dossier, an):
    @job_kind("break_off")
    def break_off(job):
        doors.complete(open_task(dossier), "register_idea", by=an, record=idea())
        return 1 / 0

    job = Job.objects.ask("break_off", by=an)
    run_waiting()

    (said,) = logged
    assert said["event"] == "job_failed"
    assert (said["job"], said["kind"], said["user_id"], said["dossier"]) == (
        job.pk,
        "break_off",
        an.pk,
        dossier.pk,
    )
    assert said["exception"].endswith("ZeroDivisionError: division by zero")
    # The next job is about something else.
    assert structlog.contextvars.get_contextvars() == {}


def test_an_entry_that_cannot_be_told_says_which(logged, dossier, an, monkeypatch):
    monkeypatch.setattr("notifications.audiences.of", lambda entry: 1 / 0)
    dispatch()
    entry = HistoryEntry.objects.get()
    (said,) = logged
    assert said["event"] == "not_told"
    assert (said["entry"], said["dossier"], said["user_id"]) == (entry.pk, dossier.pk, an.pk)
    assert "ZeroDivisionError" in said["exception"]


def test_rungs_that_cannot_be_told_together_say_why(logged, dossier, monkeypatch):
    monkeypatch.setattr("notifications.audiences.of_rungs", lambda entries: 1 / 0)
    dispatch()
    assert [said["event"] for said in logged] == ["rungs_told_one_by_one"]
    assert "ZeroDivisionError" in logged[0]["exception"]


def test_a_letter_that_fails_says_whose_and_about_what(logged, dossier, an, monkeypatch):
    entry = HistoryEntry.objects.get()
    told = Notification.objects.create(entry=entry, recipient=an, created_at=entry.at)
    delivery = Delivery.objects.create(notification=told, channel="email", next_at=entry.at)
    monkeypatch.setattr(delivering, "letter", lambda delivery: 1 / 0)

    delivering.attempt(delivery)

    (said,) = logged
    assert said["event"] == "delivery_failed"
    assert (said["delivery"], said["recipient"], said["entry"], said["dossier"]) == (
        delivery.pk,
        an.pk,
        entry.pk,
        dossier.pk,
    )
    assert "ZeroDivisionError" in said["exception"]


def test_a_page_that_fails_says_with_which_dossier(logged, client, dossier, an, monkeypatch):
    """Django logs it, of whom and with what is bound; the formatter adds it to each line."""
    seen = []

    def broken(*args, **kwargs):
        seen.append(structlog.contextvars.get_contextvars())
        raise ZeroDivisionError

    monkeypatch.setattr("dossiers.terms.clocks.follow", broken)
    client.force_login(an)
    client.raise_request_exception = False

    form = ActForm("withdraw", dossier, an)
    posted = {"act": "withdraw"} | {
        part.add_prefix(field): "Ngừng sản xuất"
        for part in form.parts
        for field in part.fields
        if field == "reason"
    }
    answer = client.post(f"/dossiers/{dossier.pk}/acts/withdraw/", posted)

    assert answer.status_code == 500
    (bound,) = seen
    assert (bound["user_id"], bound["dossier"]) == (an.pk, dossier.pk)
    assert bound["request_id"]


def within(request):
    with transaction.atomic():
        Preference.objects.create(user=request.user)
        raise ZeroDivisionError


def after(request):
    Preference.objects.create(user=request.user)
    raise ZeroDivisionError


def of_the_session(request):
    request.session["here"] = 1
    request.session.save()
    raise ZeroDivisionError


urlpatterns = [
    urls.path("dossiers/<int:pk>/", lambda request, pk: within(request)),
    *(urls.path(f"{broken.__name__}/", broken) for broken in (within, after, of_the_session)),
]
handler500 = "cycle.views.server_error"


@pytest.mark.django_db(transaction=True)
def test_the_error_page_says_its_number_and_whether_something_was_recorded(
    logged, client, settings
):
    """The number is that of the line in the log; «not recorded» is said where it is so."""
    client.force_login(an := User.objects.create_user("an", full_name="Lò Thị An"))
    client.raise_request_exception = False
    settings.ROOT_URLCONF = __name__
    for method, address, said in (
        ("get", "/dossiers/7/", "Trang này chưa mở được"),
        ("post", "/within/", "chưa được ghi"),
        ("post", "/of_the_session/", "chưa được ghi"),
        ("post", "/after/", "đã được ghi, toàn bộ hoặc một phần"),
    ):
        logged.clear()
        page = getattr(client, method)(address)
        assert (page.status_code, said in page.text) == (500, True), address
        (line,) = [each for each in logged if each["event"] == "request_failed"]
        assert line["request_id"] == page["X-Request-ID"]
        assert f"<code>{line['request_id']}</code>" in page.text
        assert line["user_id"] == an.pk
        assert line.get("dossier") == (7 if method == "get" else None)
        assert "ZeroDivisionError" in line["exception"]
    assert structlog.contextvars.get_contextvars() == {}


def test_a_line_names_neither_rows_nor_addresses_nor_secrets(an):
    """Of what PostgreSQL refuses the row stays out of the log, at each place of the chain."""
    try:
        with transaction.atomic():
            User.objects.create(username=an.username, full_name="Bí mật\n\nhai dòng")
    except IntegrityError as error:
        said = {"event": "thư tới lothian@example.vn, 0912345678", "exc_info": error}
    said |= {"password": "x", "api_token": "y", "n": 5, "sha": "0912345678abcdef"}
    for step in logs.PROCESSORS[-3:]:
        said = step(None, "", said)
    assert said["event"] == "thư tới …, …"
    assert (said["password"], said["api_token"], said["n"]) == ("…", "…", 5)
    assert said["sha"] == "0912345678abcdef"
    assert "IntegrityError" in said["exception"]
    assert "UniqueViolation" in said["exception"]
    assert f"({an.username})" not in said["exception"]


def test_gunicorn_writes_lines_of_the_same_log(capsys):
    config = Config()
    config.set("accesslog", "-")
    asked = {
        "REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1", "PATH_INFO": "/inbox/",
        "RAW_URI": "/inbox/?q=che", "QUERY_STRING": "q=che",
    }  # fmt: skip
    answer = SimpleNamespace(status="200 OK", headers=[("X-Request-ID", "ab-12")])
    log = access_log.AccessLog(config)
    log.access(answer, [], asked, timedelta())
    log.error("Worker (pid:%s) exited", 5)
    told = capsys.readouterr()
    line = json.loads(told.out)
    assert (line["request_id"], line["logger"]) == ("ab-12", "gunicorn.access")
    assert "GET /inbox/ HTTP/1.1" in line["event"]
    assert json.loads(told.err)["event"] == "Worker (pid:5) exited"


def test_a_beat_is_named_in_each_line_and_forgotten_after_it():
    seen = []

    @celery.app.task(name="tests.say")
    def say():
        structlog.contextvars.bind_contextvars(dossier=3)
        seen.append(structlog.contextvars.get_contextvars())

    say.apply(task_id="t1")
    assert seen == [{"task_id": "t1", "beat": "tests.say", "dossier": 3}]
    assert structlog.contextvars.get_contextvars() == {}


def test_a_traceback_of_another_package_is_text_in_the_log(settings):
    made = logs.formatter()
    try:
        raise ValueError("hỏng")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("django.request", logging.ERROR, __file__, 1, "500", (), info)
    line = made.format(record)
    assert "ValueError: hỏng" in line
    assert "<traceback object" not in line


AS_A_WORKER = """
import structlog
from cycle.celery import app
app.log.setup(loglevel="INFO")
with structlog.contextvars.bound_contextvars(job=17, dossier=3):
    try:
        1 / 0
    except ZeroDivisionError:
        structlog.get_logger("cycle.models.job").exception("job_failed")
"""


def test_a_worker_writes_the_same_log_as_the_pages():
    ended = subprocess.run(
        [sys.executable, "-c", AS_A_WORKER], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    line = json.loads(ended.stderr.splitlines()[-1])
    assert (line["event"], line["job"], line["dossier"]) == ("job_failed", 17, 3)
    assert line["exception"].endswith("ZeroDivisionError: division by zero")
