"""What keeps this installation from working (tình trạng hệ thống): each with what to do.

``manage.py doctor`` asks everything; the operations page asks what the settings and the database
tell without trying anything.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection, connections
from django.utils.translation import gettext_lazy as _
from kombu import Connection
from kombu.exceptions import OperationalError

from cycle import clock, files, site, written
from cycle.models import Job, JobState, OrgUnit, OutboxMessage, RuleSet
from cycle.running import quarantine
from cycle.running import schema as schema_of
from notifications.beats import BACKUP, marks
from notifications.models import Delivery, DeliveryState, Heartbeat

#: Anything else on the disk needs room too: below either, it is said.
LEAST_BYTES, LEAST_SHARE = 2 * 1024**3, 0.10
#: A backup is taken each night; two hours late it is missing.
BACKUP_AGE = timedelta(hours=26)
#: So far the clocks of this machine and of the database may be apart.
APART = timedelta(seconds=5)
#: An event is told, a letter sent, within minutes: what waits longer waits for a worker.
WAITS = timedelta(minutes=15)
#: Fewer letters are guessed.
LEAST_SECRET = 50


class Finding(NamedTuple):
    """What is wrong (``what``) and the way out (``advice``).

    ``key`` tells it from the others of its question: numbers in ``what`` change while it lasts.
    """

    what: Any
    advice: Any
    key: str = ""


#: A question: it yields what is wrong, nothing when all is well.
Question = Callable[[], Iterator[Finding]]


def mail() -> Iterator[Finding]:
    """Letters leave the house, from an address that can be answered."""
    if not settings.EMAIL_HOST:
        yield Finding(
            _("Chưa khai máy chủ thư: không thư nào được gửi."),
            _("Đặt EMAIL_HOST (EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_USE_TLS)."),
        )
    elif settings.DEFAULT_FROM_EMAIL.rpartition("@")[2] in {"", "localhost"}:
        yield Finding(
            _("Địa chỉ gửi thư là của máy này: nhiều nơi sẽ không nhận."),
            _("Đặt DEFAULT_FROM_EMAIL là hộp thư của văn phòng."),
            "sender",
        )
    if settings.WEBHOOK_URL and not settings.WEBHOOK_SECRET:
        yield Finding(_("Cổng tin nhắn không có khóa ký."), _("Đặt WEBHOOK_SECRET."), "webhook")


def address() -> Iterator[Finding]:
    """Letters and QR codes lead here, and forms come back."""
    for each in site.site_is_named(None):
        yield Finding(each.msg, each.hint, each.id or "")
    reached = urlsplit(site.address())
    if reached.hostname and settings.PRODUCTION:
        hosts = settings.ALLOWED_HOSTS
        inside = {"*", reached.hostname} & {*hosts}
        if not inside and not any(
            host.startswith(".") and f".{reached.hostname}".endswith(host) for host in hosts
        ):
            yield Finding(
                _("ALLOWED_HOSTS không có tên máy trong SITE_URL: trang sẽ trả lời «400»."),
                _("Thêm %(host)s vào ALLOWED_HOSTS.") % {"host": reached.hostname},
                "host",
            )
        if reached.scheme != "https":
            yield Finding(_("SITE_URL không phải https."), _("Đặt SITE_URL=https://…"), "https")


def secrets() -> Iterator[Finding]:
    """Nobody guesses the key that signs sessions and slips."""
    if len(settings.SECRET_KEY) < LEAST_SECRET or len({*settings.SECRET_KEY}) < 5:
        yield Finding(
            _("SECRET_KEY ngắn hoặc dễ đoán."),
            _("Đặt một chuỗi ngẫu nhiên từ 50 ký tự; ai đang đăng nhập phải đăng nhập lại."),
        )
    if not settings.PRODUCTION:
        yield Finding(
            _("Hệ thống đang chạy thử: mật khẩu mẫu, không bắt buộc https."),
            _("Khi chạy thật, đặt DATABASE_URL và bỏ OCOP_PRODUCTION=0."),
            "trial",
        )


def beats() -> Iterator[Finding]:
    """What runs by itself has run."""
    for mark in marks(clock.now()):
        if mark.missed_since:
            yield Finding(
                _("%(name)s: không chạy từ %(since)s.")
                % {"name": mark.label, "since": written.moment_text(mark.missed_since)},
                _("Khởi động lại celery worker và celery beat."),
                mark.name,
            )
        elif mark.beat and mark.beat.error:
            yield Finding(
                _("%(name)s: chạy bị lỗi, %(error)s")
                % {"name": mark.label, "error": mark.beat.error},
                _("Xem nhật ký của celery worker."),
                f"{mark.name}.error",
            )


def backup() -> Iterator[Finding]:
    """Last night's backup is there."""
    last = Heartbeat.objects.filter(name=BACKUP).first()
    advice = _("Chạy «manage.py backup TỆP.tar» mỗi đêm và cất tệp ở máy khác.")
    if last is None:
        yield Finding(_("Chưa sao lưu lần nào."), advice)
    elif last.started_at + BACKUP_AGE < clock.now():
        yield Finding(
            _("Bản sao lưu mới nhất là của %(when)s.")
            % {"when": written.moment_text(last.started_at)},
            advice,
        )
    if last and last.result.get("encrypted") is False:
        yield Finding(
            _("Bản sao lưu mới nhất không được mã hóa."),
            _("Đặt BACKUP_KEY_FILE cho «manage.py backup», và giữ khóa ở nơi khác với tệp."),
            "encrypted",
        )


def restored() -> Iterator[Finding]:
    """Data that were restored are released, once somebody knows what they lack."""
    if since := quarantine.since():
        yield Finding(
            _("Dữ liệu phục hồi từ bản sao lưu lúc %(when)s: không thư, tin nhắn nào được gửi.")
            % {"when": written.moment_text(since)},
            _(
                "Máy thử: để nguyên. Máy thật: nhập lại điều đã làm sau lúc ấy (hỏi các đơn vị, "
                "xem sổ văn bản), rồi chạy «manage.py end_quarantine --send» (hoặc --drop)."
            ),
        )


def waiting() -> Iterator[Finding]:
    """Nothing waits for a worker, and nothing has been given up."""
    late = clock.now() - WAITS
    untold = OutboxMessage.objects.filter(dispatched_at=None)
    asked = [
        (
            untold.filter(error="", entry__recorded_at__lt=late),
            _("%(n)s sự kiện chờ báo quá 15 phút."),
            _("Xem celery worker có chạy không."),
            "untold",
        ),
        (
            # What is kept back on purpose waits for no worker.
            Delivery.objects.none()
            if quarantine.since()
            else Delivery.objects.filter(state=DeliveryState.PENDING, error="", next_at__lt=late),
            _("%(n)s tin chờ gửi quá 15 phút."),
            _("Xem celery worker có chạy không."),
            "unsent",
        ),
        (
            untold.exclude(error=""),
            _("%(n)s sự kiện không báo được."),
            _("Mở trang Vận hành, xem lý do, rồi báo lại."),
            "untellable",
        ),
        (
            Delivery.objects.filter(state=DeliveryState.INCIDENT),
            _("%(n)s tin không gửi được."),
            _("Mở trang Vận hành, xem lý do, rồi gửi lại."),
            "unsendable",
        ),
        (
            Job.objects.filter(state=JobState.FAILED),
            _("%(n)s việc chạy nền bị lỗi."),
            _("Mở trang Vận hành, xem lý do, rồi chạy lại."),
            "jobs",
        ),
    ]
    for rows, what, advice, key in asked:
        if number := rows.count():
            yield Finding(what % {"n": number}, advice, key)


def province() -> Iterator[Finding]:
    """There are units and a law to work by."""
    if not (OrgUnit.objects.exists() and RuleSet.objects.exists()):
        yield Finding(
            _("Chưa có đơn vị hoặc bộ quy định."), _("Người quản trị mở trang Thiết lập (/setup/).")
        )


def server() -> Iterator[Finding]:
    """PostgreSQL is one that we know, keeps Vietnamese, and agrees with us about the time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version_num')::int / 10000, "
            "current_setting('server_encoding'), clock_timestamp()"
        )
        before = time.time()
        version, encoding, now = cursor.fetchone()
    if version < schema_of.OLDEST_SERVER:
        yield Finding(
            _("PostgreSQL %(version)s quá cũ.") % {"version": version},
            _("Nâng lên PostgreSQL 15 trở lên."),
        )
    if encoding != "UTF8":
        yield Finding(
            _("Cơ sở dữ liệu dùng bảng mã %(encoding)s.") % {"encoding": encoding},
            _("Tạo lại với ENCODING 'UTF8', rồi restore bản sao lưu."),
            "encoding",
        )
    if not schema_of.knows_letters(connection.alias):
        yield Finding(
            _("Cơ sở dữ liệu không biết chữ «Đ» và chữ hoa."), schema_of.LETTERS, "letters"
        )
    apart = timedelta(seconds=abs(now.timestamp() - before))
    if apart > APART:
        yield Finding(
            _("Đồng hồ của máy này và của cơ sở dữ liệu lệch nhau %(n)s giây.")
            % {"n": round(apart.total_seconds())},
            _("Bật đồng bộ giờ (NTP) ở cả hai máy."),
            "clock",
        )


def schema() -> Iterator[Finding]:
    """Tables and code are of one version, and nobody gets round the triggers."""
    tables = schema_of.tables()
    if tables.missing:
        yield Finding(
            _("Cơ sở dữ liệu thiếu %(n)s bước di trú, từ %(first)s.")
            % {"n": len(tables.missing), "first": min(tables.missing)},
            _("Chạy «manage.py migrate» bằng vai trò chủ sở hữu."),
        )
        return
    if tables.ahead:
        yield Finding(
            _("Cơ sở dữ liệu mới hơn mã nguồn: %(first)s.") % {"first": min(tables.ahead)},
            _("Cập nhật mã nguồn của máy này."),
            "ahead",
        )
    for each in checks.run_checks(databases=["default"], tags=[checks.Tags.database]):
        if each.level >= checks.ERROR:
            yield Finding(each.msg, each.hint or "", each.id or "")


def locks() -> Iterator[Finding]:
    """A lock of a session holds from one statement to the next: no pooler takes it away."""
    key = (int.from_bytes(os.urandom(4)) >> 1, 1)
    database = connection.copy()
    try:
        kept = connection.cursor()
        kept.execute("SELECT pg_try_advisory_lock(%s, %s), pg_backend_pid()", key)
        _held, first = kept.fetchone()
        with database.cursor() as other:
            other.execute("SELECT pg_try_advisory_lock(%s, %s), pg_backend_pid()", key)
            taken_too, _second = other.fetchone()
        kept.execute("SELECT pg_backend_pid()")
        (now,) = kept.fetchone()
        kept.execute("SELECT pg_advisory_unlock(%s, %s)", key)
        (released,) = kept.fetchone()
    finally:
        database.close()
    if taken_too or now != first or not released:
        yield Finding(
            _("Khóa của phiên không giữ được: bộ gộp kết nối đang chia phiên."),
            _("Cho worker và beat nối thẳng tới PostgreSQL (DATABASE_WORK_URL)."),
        )


def broker() -> Iterator[Finding]:
    """Redis wakes the workers; without it they come by the beat alone, and no beat comes."""
    if not settings.CELERY_BROKER_URL:
        return
    try:
        with Connection(settings.CELERY_BROKER_URL, connect_timeout=3) as line:
            line.ensure_connection(max_retries=1, timeout=3)
    except (OSError, OperationalError) as error:
        yield Finding(
            _("Không nối được Redis (%(error)s): việc chạy nền sẽ chờ.")
            % {"error": type(error).__name__},
            _("Xem REDIS_URL và máy chủ Redis; không có gì bị mất."),
        )


def disk() -> Iterator[Finding]:
    """There is room, and files can be written where they are kept."""
    room = files.room()
    if room and room.free < max(LEAST_BYTES, room.total * LEAST_SHARE):
        yield Finding(
            _("Ổ đĩa chứa tài liệu còn %(gb)s GB.") % {"gb": round(room.free / 1024**3, 1)},
            _("Dọn hoặc nới ổ đĩa: khi đầy, không ai nộp được tệp."),
        )
    if error := files.refuses():
        yield Finding(
            _("Không ghi được vào kho tài liệu: %(error)s.") % {"error": error},
            _("Cho người chạy hệ thống quyền ghi thư mục MEDIA_ROOT."),
            "refuses",
        )


def static_files() -> Iterator[Finding]:
    """What pages need was collected."""
    if settings.PRODUCTION and not (Path(settings.STATIC_ROOT or "") / "staticfiles.json").exists():
        yield Finding(
            _("Chưa gom tệp tĩnh: trang sẽ báo lỗi."),
            _("Chạy «manage.py collectstatic --ignore=viewflow»."),
        )


#: What settings and rows say; asked on the operations page too.
TOLD: dict[Any, Question] = {
    _("Thư, tin nhắn"): mail,
    _("Địa chỉ của hệ thống"): address,
    _("Khóa bí mật"): secrets,
    _("Sao lưu"): backup,
}
#: What must be tried.
TRIED: dict[Any, Question] = {
    _("Máy chủ PostgreSQL"): server,
    _("Cấu trúc dữ liệu"): schema,
    _("Khóa của phiên"): locks,
    _("Đơn vị, bộ quy định"): province,
    _("Chạy nền"): beats,
    _("Việc đang chờ"): waiting,
    _("Dữ liệu phục hồi"): restored,
    _("Redis"): broker,
    _("Ổ đĩa"): disk,
    _("Tệp tĩnh"): static_files,
}


def told() -> list[Finding]:
    """What the operations page says of the installation; one query."""
    return [found for question in TOLD.values() for found in question()]


def examine() -> Iterator[tuple[str, list[Finding]]]:
    """(name, findings) of each question, in the order in which they are mended."""
    for name, question in (TRIED | TOLD).items():
        yield str(name), answer(question)


def answer(question: Question) -> list[Finding]:
    """What ``question`` finds. One that fails says so itself: without its tables nothing else can
    be asked.
    """
    try:
        return list(question())
    except (DatabaseError, psycopg.Error) as error:
        connections.close_all()
        said = str(error).strip().partition("\n")[0]
        return [
            Finding(
                _("Không hỏi được cơ sở dữ liệu: %(error)s") % {"error": said},
                _("Xem DATABASE_WORK_URL, máy chủ PostgreSQL và «manage.py migrate»."),
                "database",
            )
        ]
