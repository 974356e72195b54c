"""An installation says how it fares: to who restarts it, who leads people to it, who runs it."""

from contextlib import nullcontext
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace
from unittest import mock

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from gunicorn.config import Config

from cycle import celery, clock
from cycle.management.commands import migrate
from cycle.models import User
from cycle.running import access, access_log, schema
from cycle.running import owner as owning
from notifications import health, jobs
from notifications.beats import BACKUP
from notifications.models import Alarm, Heartbeat
from notifications.watch import look
from tests.owning import owner

pytestmark = pytest.mark.django_db

TOKEN = "so-do-cua-may"


@pytest.fixture
def production(settings):
    settings.PRODUCTION = True
    settings.EMAIL_HOST = "mail.example.vn"
    return settings


@pytest.fixture
def asked(monkeypatch):
    """What the one question of ``health`` finds, as the test sets it."""
    found = []

    def disk():
        yield from found

    monkeypatch.setattr(health, "TRIED", {"Ổ đĩa": disk})
    monkeypatch.setattr(health, "TOLD", {})
    return found


@pytest.fixture
def chief():
    return User.objects.create_superuser("quantri.may", email="quantri@example.vn", full_name="Q")


# --- Tables and code ------------------------------------------------------------------------


def without(name):
    return mock.patch.object(schema, "of_code", lambda: frozenset({name}))


def test_tables_of_this_code_fit():
    assert "cycle.0001_initial" in schema.of_code()
    assert schema.refusal() == ""


def test_code_refuses_tables_that_lack_its_migrations(client, production):
    production.ALLOWED_HOSTS = ["testserver"]
    production.SECURE_SSL_REDIRECT = False
    with without("cycle.9999_later"), mock.patch.object(schema, "gate", schema.Gate()):
        assert client.get("/healthz").status_code == 503
        assert "thiếu bước di trú cycle.9999_later" in client.get("/healthz").text
        assert client.get("/healthz/live").text == "ok"
        page = client.get("/accounts/login/")
        assert page.status_code == 503
        assert "Hệ thống đang được nâng cấp" in page.text
        assert page["Retry-After"] == "60"
        assert jobs.watch() is None
        assert not Heartbeat.objects.exists()
    assert isinstance(jobs.watch, celery.FittingTask)


def test_code_works_with_newer_tables_unless_their_release_says_no():
    everything = schema.of_code()
    name = max(each for each in everything if each.startswith("notifications."))
    with mock.patch.object(schema, "of_code", lambda: everything - {name}):
        assert schema.refusal() == ""
        with owner() as database:
            database.execute(schema.breaking(*name.split(".")).sql)
            try:
                database.commit()
                assert f"bản mới ({name})" in schema.refusal()
            finally:
                database.execute("COMMENT ON TABLE django_migrations IS NULL")
    assert schema.refusal() == ""


def test_a_database_that_does_not_know_the_letters_is_refused_before_anything_is_made(monkeypatch):
    in_c = schema._ASKED.replace("lower('ĐẠI')", "lower('ĐẠI' COLLATE \"C\")")
    monkeypatch.setattr(schema, "_ASKED", in_c)
    assert schema.refusal() == schema.LETTERS
    monkeypatch.setattr(schema, "knows_letters", lambda alias: False)
    # Within the test's own transaction.
    monkeypatch.setattr(migrate, "as_owner", nullcontext)
    with pytest.raises(CommandError, match="không biết chữ «Đ»"):
        call_command("migrate", verbosity=0)
    assert "letters" in [each.key for each in health.server()]


def test_a_second_migration_waits_for_the_first(monkeypatch):
    """It begins when the lock of the first is free, and then finds nothing to do."""
    waited = []
    with owner() as first:
        first.execute("SELECT pg_advisory_lock(2, hashtext('migrate'))")
        monkeypatch.setattr(owning.time, "sleep", lambda seconds: (waited.append(1), first.close()))
        with owning.alone("migrate", lambda: waited.append("chờ")):
            with owner() as other:
                (free,) = other.execute(
                    "SELECT pg_try_advisory_lock(2, hashtext('migrate'))"
                ).fetchone()
            assert free is False
    assert waited[:2] == ["chờ", 1]
    out = StringIO()
    monkeypatch.setattr(migrate, "alone", lambda work, waits: nullcontext(waits()))
    monkeypatch.setattr(migrate, "as_owner", nullcontext)
    monkeypatch.setattr(schema, "knows_letters", lambda alias: False)
    with pytest.raises(CommandError):
        call_command("migrate", verbosity=0, stdout=out)
    assert "Chờ lượt di trú khác xong" in out.getvalue()


def test_an_answer_that_fits_holds_and_one_that_does_not_is_asked_again():
    gate = schema.Gate()
    said = iter(["chưa", "", "hỏng"])
    with mock.patch.object(schema, "refusal", lambda: next(said)):
        assert [gate.refusal() for _ in range(4)] == ["chưa", "", "", ""]


def test_a_database_that_does_not_answer_is_not_ready(client):
    with mock.patch.object(schema, "refusal", side_effect=DatabaseError("gone")):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (503, "Không nối được cơ sở dữ liệu.")


# --- Who watches by machine -----------------------------------------------------------------


@pytest.mark.parametrize("path", ["/metrics", "/healthz/deep"])
def test_figures_are_behind_the_token(client, settings, path, asked):
    def status(said):
        return client.get(path, headers={"authorization": said} if said else {}).status_code

    assert [status(said) for said in ("", "Bearer ", f"Bearer {TOKEN}")] == [404] * 3
    settings.MONITOR_TOKEN = TOKEN
    assert [status(said) for said in ("", "Bearer ", "Bearer khác", "Bearer é")] == [404] * 4
    assert status(f"Bearer {TOKEN}") == 200


def test_the_figures_say_what_waits_and_how_old_it_is(client, settings):
    settings.MONITOR_TOKEN = TOKEN
    Heartbeat.objects.create(
        name=BACKUP, started_at=clock.now() - timedelta(hours=5), error="đầy", result={}
    )
    Alarm.objects.create(question="disk", what="Ổ đĩa đầy.", began_at=clock.now())
    text = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).text
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(figures["ocop_alarms"]) == 1
    assert 17_999 < float(figures['ocop_beat_seconds{beat="backup"}']) < 18_100
    assert float(figures['ocop_beat_failed{beat="backup"}']) == 1
    assert float(figures["ocop_database_bytes"]) > 1_000_000
    assert {"ocop_outbox_waiting", "ocop_letters_late_seconds", "ocop_jobs_failed"} <= {*figures}


def test_what_is_wrong_answers_503_with_words(client, settings, asked):
    settings.MONITOR_TOKEN = TOKEN
    asked.append(health.Finding("Ổ đĩa đầy.", "Dọn."))
    answer = client.get("/healthz/deep", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 503
    assert answer.json() == {"Ổ đĩa": [{"what": "Ổ đĩa đầy.", "advice": "Dọn."}]}


# --- Who runs the system --------------------------------------------------------------------


def test_what_lasts_is_written_of_once_and_when_it_is_over(production, asked, chief):
    asked.append(health.Finding("Ổ đĩa còn 1 GB.", "Dọn ổ đĩa."))
    assert look() == {"wrong": 1, "letters": 0}
    asked[0] = health.Finding("Ổ đĩa còn 0,9 GB.", "Dọn ổ đĩa.")
    assert [look()["letters"] for _ in range(3)] == [1, 0, 0]
    asked.clear()
    assert [look()["letters"] for _ in range(2)] == [1, 0]
    began, ended = mail.outbox
    assert began.to == ["quantri@example.vn"]
    assert "HỎNG: Ổ đĩa còn 0,9 GB." in began.body
    assert "→ Dọn ổ đĩa." in began.body
    assert "ĐÃ HẾT: Ổ đĩa còn 0,9 GB." in ended.body
    assert not Alarm.objects.open().exists()


def test_what_is_over_at_the_next_look_is_told_nobody(production, asked, chief):
    asked.append(health.Finding("Redis.", ""))
    look()
    asked.clear()
    assert [look()["letters"] for _ in range(2)] == [0, 0]
    assert mail.outbox == []


def test_a_letter_that_does_not_go_out_is_tried_again(production, asked, chief):
    asked.append(health.Finding("Sao lưu.", ""))
    look()
    with mock.patch("django.core.mail.EmailMessage.send", side_effect=OSError("gone")):
        assert look()["letters"] == 0
    assert look()["letters"] == 1


def test_a_demo_looks_at_nothing(asked, chief):
    asked.append(health.Finding("Ổ đĩa.", ""))
    assert look() == {"wrong": 0, "letters": 0}
    assert not Alarm.objects.exists()


def test_the_beat_looks_and_a_real_installation_is_asked_everything(production):
    jobs.watch()
    beat = Heartbeat.objects.get(name="watch")
    assert beat.error == ""
    assert beat.result["looked"]["wrong"] == Alarm.objects.open().count() > 0


def test_the_administrator_reads_it_on_every_page(client, chief, minh):
    def badge(person):
        client.force_login(person)
        return "việc hỏng" in client.get("/rubrics/").text

    assert not badge(chief)
    Alarm.objects.create(question="disk", what="Ổ đĩa còn 1 GB.", began_at=clock.now())
    assert badge(chief)
    assert not badge(minh)
    client.force_login(minh)
    assert "Ổ đĩa còn 1 GB." in client.get("/operations/").text


# --- What the logs say of an address --------------------------------------------------------

ADDRESSES = {
    "/calendar/bi-mat.ics": "/calendar/…",
    "/calendar/bi-mat.ics?x=1": "/calendar/…",
    "/dossiers/?q=ch%C3%A8": "/dossiers/",
    "https://ocop.example.vn/dossiers/?q=che": "https://ocop.example.vn/dossiers/",
    "/inbox/": "/inbox/",
}


def test_no_log_keeps_a_secret_address_or_what_somebody_searched_for():
    for address, said in ADDRESSES.items():
        assert access.shown(address) == said
        if address.startswith("/"):
            for key in ("request", "event"):
                line = access.hide(None, "", {key: f"GET {address}"})
                assert line == {key: f"GET {said}"}
    began = {"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1", "PATH_INFO": "/calendar/b.ics"}
    asked = began | {
        "RAW_URI": "/calendar/b.ics?q=che", "QUERY_STRING": "q=che",
        "HTTP_REFERER": "https://ocop.example.vn/dossiers/?q=che",
    }  # fmt: skip
    log = access_log.AccessLog(Config())
    atoms = log.atoms(SimpleNamespace(status="200 OK", headers=[]), [], asked, timedelta())
    line = log.cfg.access_log_format % log.atoms_wrapper_class(atoms)
    assert "/calendar/…" in line
    assert "b.ics" not in line
    assert "che" not in line


def test_what_django_says_of_a_failed_page_hides_it_too(client, capfd):
    client.get("/calendar/bi-mat.ics?q=che")
    assert "bi-mat" not in capfd.readouterr().err
