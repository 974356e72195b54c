"""What keeps an installation from working is named, each with the way out; health is no finding."""

from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace
from unittest import mock

import psycopg
import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from cycle import clock, files
from cycle.backups import kept
from cycle.models import HistoryEntry, Job, JobState, OutboxMessage
from cycle.running import schema
from notifications import health
from notifications.beats import BACKUP
from notifications.models import Heartbeat
from tests.world import open_dossier

#: Settings of a production that lacks nothing.
WELL = {
    "PRODUCTION": True,
    "EMAIL_HOST": "mail.example.vn",
    "DEFAULT_FROM_EMAIL": "ocop@example.vn",
    "SITE_URL": "https://ocop.example.vn",
    "ALLOWED_HOSTS": ["ocop.example.vn"],
    "SECRET_KEY": "".join(map(chr, range(40, 100))),
    "WEBHOOK_URL": "",
}


def asked(question):
    """The first words of what a question finds."""
    found = list(question())
    assert all(str(each.what) and str(each.advice) for each in found)
    return [str(each.what) for each in found]


# --- What the settings say ------------------------------------------------------------------

WRONG = [
    (health.mail, {"EMAIL_HOST": ""}, "Chưa khai máy chủ thư"),
    (health.mail, {"DEFAULT_FROM_EMAIL": "ocop@localhost"}, "Địa chỉ gửi thư là của máy này"),
    (
        health.mail,
        {"WEBHOOK_URL": "https://sms.example.vn", "WEBHOOK_SECRET": ""},
        "Cổng tin nhắn không có khóa ký",
    ),
    (health.address, {"SITE_URL": "http://127.0.0.1:8000"}, "SITE_URL chưa phải địa chỉ"),
    (health.address, {"SITE_URL": "https://khac.example.vn"}, "ALLOWED_HOSTS không có"),
    (health.address, {"SITE_URL": "http://ocop.example.vn"}, "SITE_URL không phải https"),
    (health.secrets, {"SECRET_KEY": "ngan"}, "SECRET_KEY ngắn"),
    (health.secrets, {"SECRET_KEY": "x" * 64}, "SECRET_KEY ngắn"),
    (health.secrets, {"PRODUCTION": False}, "Hệ thống đang chạy thử"),
]


@pytest.mark.parametrize(("question", "changed", "said"), WRONG)
def test_a_setting_that_is_missing_never_looks_like_health(settings, question, changed, said):
    for name, value in WELL.items():
        setattr(settings, name, value)
    assert asked(question) == []
    for name, value in changed.items():
        setattr(settings, name, value)
    assert any(each.startswith(said) for each in asked(question))


@pytest.mark.parametrize("host", ["ocop.example.vn", ".example.vn", "*"])
def test_a_host_may_be_named_whole_by_its_domain_or_by_any(settings, host):
    for name, value in (WELL | {"ALLOWED_HOSTS": [host]}).items():
        setattr(settings, name, value)
    assert asked(health.address) == []


# --- What is tried --------------------------------------------------------------------------


def test_a_well_server_is_well(db):
    assert asked(health.server) == asked(health.schema) == asked(health.locks) == []


def test_a_clock_that_is_apart_is_named(db):
    with mock.patch.object(health.time, "time", lambda: clock.now().timestamp() + 60):
        (said,) = asked(health.server)
    assert said.startswith("Đồng hồ")
    assert "60 giây" in said


def test_an_old_server_and_another_alphabet_are_named(db):
    old = SimpleNamespace(
        execute=lambda *_: None, fetchone=lambda: (13, "SQL_ASCII", timezone.now())
    )

    @contextmanager
    def cursor():
        yield old

    with mock.patch.object(connection, "cursor", cursor):
        assert [each.split()[0] for each in asked(health.server)] == ["PostgreSQL", "Cơ"]


def test_a_step_that_is_missing_or_too_new_is_named(db):
    everything = schema.of_code()
    more = everything | {"notifications.9999_later"}
    with mock.patch.object(schema, "of_code", lambda: more):
        (said,) = asked(health.schema)
    assert "thiếu 1 bước di trú, từ notifications.9999_later" in said
    last = max(each for each in everything if each.startswith("cycle."))
    with mock.patch.object(schema, "of_code", lambda: everything - {last}):
        (said,) = asked(health.schema)
    assert said == f"Cơ sở dữ liệu mới hơn mã nguồn: {last}."


def test_a_pooler_that_shares_sessions_is_named(db):
    """As behind one of transaction mode: the second statement meets another session."""

    class Shared:
        pid = 0

        def execute(self, sql, key=None):
            self.pid += 1
            self.row = (True, self.pid) if "try" in sql else (self.pid,)

        def fetchone(self):
            return self.row

    with mock.patch.object(connection, "cursor", Shared):
        (said,) = asked(health.locks)
    assert said.startswith("Khóa của phiên")


def test_a_disk_without_room_or_rights_is_named(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media" / "not-yet"
    with mock.patch.object(
        files.shutil,
        "disk_usage",
        lambda _: SimpleNamespace(free=100 * 1024**3, total=500 * 1024**3),
    ):
        assert asked(health.disk) == []
    assert not list(tmp_path.iterdir()), "nothing is left behind"
    with mock.patch.object(
        files.shutil, "disk_usage", lambda _: SimpleNamespace(free=1024**3, total=500 * 1024**3)
    ):
        assert asked(health.disk) == ["Ổ đĩa chứa tài liệu còn 1.0 GB."]
    with mock.patch.object(
        files.tempfile, "NamedTemporaryFile", side_effect=PermissionError(13, "x")
    ):
        assert any(each.startswith("Không ghi được") for each in asked(health.disk))


def test_pages_without_their_files_are_named(settings, tmp_path):
    settings.PRODUCTION, settings.STATIC_ROOT = True, str(tmp_path)
    assert asked(health.static_files) == ["Chưa gom tệp tĩnh: trang sẽ báo lỗi."]
    (tmp_path / "staticfiles.json").write_text("{}")
    assert asked(health.static_files) == []


def test_redis_that_does_not_answer_is_named(settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    (said,) = asked(health.broker)
    assert said.startswith("Không nối được Redis")


def test_a_province_without_units_is_led_to_the_setup(db):
    assert asked(health.province) == ["Chưa có đơn vị hoặc bộ quy định."]


# --- What rows say --------------------------------------------------------------------------


def test_the_age_of_the_last_backup_is_watched(db, tmp_path):
    assert asked(health.backup) == ["Chưa sao lưu lần nào."]
    kept.send(None, started=clock.now(), files=3, encrypted=False)
    assert asked(health.backup) == ["Bản sao lưu mới nhất không được mã hóa."]
    kept.send(None, started=clock.now(), files=3, encrypted=True)
    assert asked(health.backup) == []
    assert Heartbeat.objects.get(name=BACKUP).result == {"files": 3, "encrypted": True}
    with clock.at(clock.now() + timedelta(hours=25)):
        assert asked(health.backup) == []
    with clock.at(clock.now() + timedelta(hours=27)):
        (said,) = asked(health.backup)
    assert said.startswith("Bản sao lưu mới nhất là của ")


def test_what_waits_for_a_worker_and_what_was_given_up_are_counted(cycle, commune, an):
    open_dossier(cycle, commune, an)
    Job.objects.create(kind="x", state=JobState.FAILED, error="hỏng", by=an, created_at=clock.now())
    assert asked(health.waiting) == ["1 việc chạy nền bị lỗi."]
    waits = OutboxMessage.objects.filter(dispatched_at=None).count()
    assert waits
    with clock.at(clock.now() + timedelta(minutes=20)):
        assert asked(health.waiting) == [
            f"{waits} sự kiện chờ báo quá 15 phút.",
            "1 việc chạy nền bị lỗi.",
        ]
    OutboxMessage.objects.update(error="không rõ báo cho ai")
    assert asked(health.waiting)[0] == f"{waits} sự kiện không báo được."


def test_a_beat_that_has_not_come_or_failed_is_named(cycle, commune, an):
    open_dossier(cycle, commune, an)
    first = HistoryEntry.objects.earliest("pk").recorded_at
    with clock.at(first + timedelta(hours=1)):
        late = asked(health.beats)
        assert any(each.startswith("Gửi thư, tin nhắn: không chạy từ") for each in late)
        Heartbeat.objects.create(
            name="send_letters",
            started_at=clock.now(),
            finished_at=clock.now(),
            error="SMTPServerDisconnected",
        )
        assert "Gửi thư, tin nhắn: chạy bị lỗi, SMTPServerDisconnected" in asked(health.beats)


# --- The command and the page ---------------------------------------------------------------


def test_the_command_names_everything_and_exits_with_1(db, settings):
    for name, value in WELL.items():
        setattr(settings, name, value)
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", stdout=said)
    assert ended.value.code == 1
    lines = said.getvalue()
    assert "được    Cấu trúc dữ liệu" in lines
    assert "THIẾU   Sao lưu: Chưa sao lưu lần nào." in lines
    assert "→ Chạy «manage.py backup TỆP.tar» mỗi đêm" in lines


def test_the_command_ends_well_where_nothing_is_missing(monkeypatch):
    monkeypatch.setattr(health, "TRIED", {"Máy chủ": lambda: iter(())})
    monkeypatch.setattr(health, "TOLD", {})
    said = StringIO()
    call_command("doctor", stdout=said)
    assert said.getvalue() == "được    Máy chủ\n"


@pytest.mark.parametrize("error", [OperationalError("no server\nwhere"), psycopg.Error("gone")])
def test_a_database_that_does_not_answer_is_a_finding_and_no_traceback(monkeypatch, error):
    def fails():
        raise error
        yield

    monkeypatch.setattr(health, "TRIED", {"Máy chủ": fails})
    monkeypatch.setattr(health, "TOLD", {})
    monkeypatch.setattr(health.connections, "close_all", lambda: None)
    said = StringIO()
    with pytest.raises(SystemExit):
        call_command("doctor", stdout=said)
    assert "Không hỏi được cơ sở dữ liệu: " in said.getvalue()
    assert "where" not in said.getvalue()


def test_the_operations_page_of_a_production_says_what_is_missing(client, settings, minh):
    client.force_login(minh)
    told = "Chưa khai máy chủ thư"
    settings.EMAIL_HOST = ""
    assert told not in client.get("/operations/").text
    settings.PRODUCTION = True
    assert told in client.get("/operations/").text
    settings.EMAIL_HOST = "mail.example.vn"
    assert told not in client.get("/operations/").text
