"""The morning's letter and the week's page: once each, and true."""

import json
import re
import threading
from datetime import datetime, timedelta

import pytest
import typst
from django.apps import apps
from django.core import mail
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from cycle import clock
from cycle.models import DayOff
from dossiers.walk import doors
from notifications import digests, letters, weekly
from notifications.delivery import deliver
from notifications.dispatch import dispatch
from notifications.models import Delivery, Digest, Preference, WeeklySummary
from tests import records
from tests.owning import save_as_owner
from tests.world import open_dossier, open_task, person

pytestmark = pytest.mark.django_db


def at(year, month, day, hour=9, minute=0):
    return timezone.make_aware(datetime(year, month, day, hour, minute))


#: Tuesday.
MORNING = at(2026, 11, 17, 7)


@pytest.fixture(autouse=True)
def _mail(settings):
    settings.EMAIL_HOST = "mail.example.vn"


def reachable(user, **wishes):
    user.email = f"{user.username}@example.vn"
    save_as_owner(user)
    if wishes:
        Preference.objects.create(user=user, **wishes)
    return user


@pytest.fixture
def an(an):
    """She wants one letter each morning."""
    return reachable(an, digest=True)


# --- Hôm nay --------------------------------------------------------------------------------


def test_the_letter_is_made_once_from_seven_on_working_days(cycle, commune, an):
    with clock.at(at(2026, 11, 16)):
        open_dossier(cycle, commune, an)
    assert digests.prepare(at(2026, 11, 17, 6, 59)) == 0
    assert digests.prepare(MORNING) == 1
    assert digests.prepare(MORNING) == 0
    assert digests.prepare(at(2026, 11, 17, 23)) == 0
    assert digests.prepare(at(2026, 11, 21)) == 0  # Saturday
    DayOff.objects.create(day=at(2026, 11, 24).date(), name="Ngày Văn hóa Việt Nam")
    assert digests.prepare(at(2026, 11, 24)) == 0
    # The beat was away until the afternoon.
    assert digests.prepare(at(2026, 11, 25, 15)) == 1
    assert Delivery.objects.filter(digest__user=an).count() == 1


def test_who_did_not_choose_it_or_has_no_address_gets_none(cycle, commune, an, chi, minh, son):
    with clock.at(at(2026, 11, 16)):
        open_dossier(cycle, commune, an)
    reachable(chi)
    reachable(minh, digest=True, email=False)
    Preference.objects.create(user=son, digest=True)
    digests.prepare(MORNING)
    assert [digest.user for digest in Digest.objects.all()] == [an]


def test_the_letter_says_what_is_late_due_new_and_waited_for(cycle, commune, an, minh):
    def opened(moment, name):
        with clock.at(moment):
            return open_dossier(cycle, commune, an, name=name)

    opened(at(2026, 11, 2), "Quá hạn một ngày")  # due 16/11
    opened(at(2026, 11, 3), "Đến hạn nay")  # due 17/11
    opened(at(2026, 11, 9), "Còn lâu")
    opened(at(2026, 11, 16, 15), "Mới mở <hôm qua>")
    waiting = opened(at(2026, 11, 2), "Đang chờ")
    with clock.at(at(2026, 11, 5)):
        doors.wait(open_task(waiting), by=an, reason="Chờ phiếu kiểm nghiệm & nhãn")
    ended = opened(at(2026, 11, 9), "Bị từ chối")
    with clock.at(at(2026, 11, 16, 16)):
        doors.complete(open_task(ended), "register_idea", by=an, record=records.idea())
        doors.complete(open_task(ended), "screen_idea", by=an)
        doors.complete(open_task(ended), "not_select_idea", by=minh, reason="Trùng")
        while dispatch():
            pass
    with clock.at(MORNING):
        assert digests.prepare(MORNING) == 1
        assert deliver() == 1
    (letter,) = mail.outbox
    assert letter.subject == "Hôm nay 17/11/2026: việc của ông/bà"
    heads = re.findall(r"^([A-ZĐÀ-Ỹ, ]+) \((\d+)\)$", letter.body, re.MULTILINE)
    assert heads == [
        ("QUÁ HẠN", "1"),
        ("ĐẾN HẠN HÔM NAY", "1"),
        ("VIỆC MỚI", "1"),
        ("ĐANG CHỜ, TẠM DỪNG", "1"),
        ("KẾT QUẢ MỚI", "1"),
    ]
    assert "Quá hạn một ngày (Xã Nà Tấu), hạn 16/11/2026, quá hạn 1 ngày làm việc" in letter.body
    assert "Đến hạn nay (Xã Nà Tấu), hạn 17/11/2026, hôm nay" in letter.body
    assert "Mới mở <hôm qua>" in letter.body
    assert "chờ chủ thể từ 05/11/2026: Chờ phiếu kiểm nghiệm & nhãn" in letter.body
    assert "Bị từ chối: Nguyễn Hoàng Minh không chọn ý tưởng" in letter.body
    assert "Còn lâu" not in letter.body
    assert "\n\n\n" not in letter.body
    assert letter.extra_headers["Message-ID"] == Delivery.objects.get(digest__user=an).message_id


def test_when_there_is_nothing_to_say_no_letter_goes_out(an):
    assert digests.prepare(MORNING) == 1
    assert not Delivery.objects.exists()


def test_what_is_new_is_counted_from_the_last_letter(cycle, commune, an):
    with clock.at(at(2026, 11, 12)):
        assert digests.prepare() == 1
    with clock.at(at(2026, 11, 13)):
        open_dossier(cycle, commune, an, name="Mở hôm thứ Sáu")
    # Monday: the day before the letter was a Sunday.
    digests.prepare(at(2026, 11, 16, 7))
    with clock.at(at(2026, 11, 16, 7)):
        said = letters.of_digest(Digest.objects.get(day=at(2026, 11, 16).date()))
    assert "Mở hôm thứ Sáu" in said.body


def test_the_database_holds_one_letter_a_day_and_one_page_a_week(an):
    for make in (
        lambda: Digest.objects.create(user=an, day=MORNING.date(), created_at=MORNING),
        lambda: WeeklySummary.objects.create(
            leader=an, week_on=MORNING.date(), created_at=MORNING, figures={}
        ),
    ):
        make()
        with pytest.raises(IntegrityError, match="once_a"), transaction.atomic():
            make()


@pytest.mark.django_db(transaction=True)
def test_any_number_of_beats_make_one(cycle, commune, an, chi):
    reachable(chi)
    with clock.at(at(2026, 11, 2)):
        open_dossier(cycle, commune, an)
    start, made = threading.Barrier(4), []

    def beat():
        start.wait(10)
        made.append((digests.prepare(MORNING), weekly.prepare(at(2026, 11, 20, 16))))
        connection.close()

    beats = [threading.Thread(target=beat) for _ in range(4)]
    for one in beats:
        one.start()
    for one in beats:
        one.join(60)
    assert [sum(counts) for counts in zip(*made, strict=True)] == [1, 1]
    assert Delivery.objects.count() == 2


# --- The week -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "week_on"),
    [
        (at(2026, 11, 20, 14, 59), None),
        (at(2026, 11, 20, 15), 16),
        (at(2026, 11, 22, 23), 16),
        (at(2026, 11, 23, 9), 16),  # the beat was away over the week's end
        (at(2026, 11, 25, 9), None),
    ],
)
def test_the_page_goes_out_at_the_end_of_the_week(db, now, week_on):
    assert weekly.week_to_tell(now) == (week_on and at(2026, 11, week_on).date())


def test_the_last_working_day_may_be_a_thursday_and_tet_has_no_page(db):
    DayOff.objects.create(day=at(2026, 11, 20).date(), name="Nghỉ")
    assert weekly.week_to_tell(at(2026, 11, 19, 15)) == at(2026, 11, 16).date()
    for day in range(8, 13):
        DayOff.objects.create(day=at(2027, 2, day).date(), name="Tết")
    assert weekly.week_to_tell(at(2027, 2, 12, 16)) is None


@pytest.fixture
def week(cycle, commune, an, chi, minh):
    """On Friday 20/11/2026: one task late at the commune, one due on Tuesday, one waiting."""
    with clock.at(at(2026, 11, 2)):
        open_dossier(cycle, commune, an, name="Chè quá hạn")  # due 16/11
        waiting = open_dossier(cycle, commune, an, name="Chè đang chờ")
        doors.wait(open_task(waiting), by=an, reason="Chờ nhãn")
    with clock.at(at(2026, 11, 10)):
        open_dossier(cycle, commune, an, name="Gạo nếp tuần sau")  # due 24/11
    with clock.at(at(2026, 11, 17)):
        left = open_dossier(cycle, commune, an, name="Đã rút")
        doors.act(left.process, "withdraw", by=an, reason="Ngừng sản xuất")
    return at(2026, 11, 20, 15)


def test_the_figures_are_those_of_the_leaders_area(week, chi, la, son):
    page = weekly.figures(chi, week)
    assert page["area"] == "Xã Nà Tấu, Xã Mường Pồn"
    assert page["week"] == ["16/11/2026", "22/11/2026"]
    assert (page["open"], page["late"], page["parked"]) == (3, 1, 1)
    assert [(row["number"], row["open"], row["late"]) for row in page["steps"]] == [
        (1, 3, 1), (2, 0, 0), (3, 0, 0), (4, 0, 0), (5, 0, 0), (6, 0, 0),
    ]  # fmt: skip
    assert page["late_units"] == [{"unit": "Xã Nà Tấu", "number": 1, "days": 4}]
    assert page["due"] == [
        {
            "day": "24/11/2026",
            "what": "Đăng ký ý tưởng sản phẩm",
            "product": "Gạo nếp tuần sau",
            "unit": "Xã Nà Tấu",
        }
    ]
    assert page["moves"][0] == {"label": "Mở hồ sơ", "number": 1}
    assert weekly.figures(son, week)["late"] == 1
    other = weekly.figures(la, week)
    assert (other["open"], other["late"], other["due"], other["late_units"]) == (0, 0, [], [])


def test_the_leader_gets_the_page_once_by_mail(week, an, chi, son, minh):
    reachable(chi)
    reachable(son, weekly=False)
    with clock.at(week):
        assert weekly.prepare() == 1
        assert weekly.prepare() == 0
        assert deliver() == 1
    (letter,) = mail.outbox
    assert letter.to == ["chi@example.vn"]
    assert letter.subject == "Báo cáo tuần 16/11/2026 – 22/11/2026: 1 việc quá hạn"
    assert "Đơn vị quá hạn nhiều nhất: Xã Nà Tấu (1 việc, lâu nhất 4 ngày làm việc)." in letter.body
    ((name, content, kind),) = letter.attachments
    assert (name, kind) == ("bao-cao-tuan-2026-11-16.pdf", "application/pdf")
    assert content.startswith(b"%PDF")


def test_the_page_stays_one_page_however_long_the_names(week, chi):
    long = "Hợp tác xã nông nghiệp và dịch vụ tổng hợp bản Phiêng Ban " * 3
    page = weekly.figures(chi, week) | {
        "area": long,
        "late_units": [{"unit": long, "number": 9, "days": 30}] * weekly.UNITS,
        "due": [{"day": "24/11/2026", "what": long, "product": long, "unit": "Xã Nà Tấu"}]
        * weekly.TASKS,
        "late_units_more": 5,
        "due_more": 9,
    }
    sheet = typst.compile(
        weekly.SHEET,
        root=weekly.SHEET.parent,
        format="png",
        ppi=20,
        sys_inputs={"figures": json.dumps(page)},
    )
    # A list would be one picture for each page.
    assert isinstance(sheet, bytes)
    assert weekly.pdf(page).startswith(b"%PDF")


def test_the_page_can_be_read_and_printed_by_who_works_there(week, client, an, chi):
    for user in (an, chi):
        client.force_login(user)
        with clock.at(week):
            page = client.get("/reports/week/").content.decode()
            sheet = client.get("/reports/week.pdf")
        assert "Gạo nếp tuần sau" in page
        assert "Chè quá hạn" not in page  # of what is late, the units are counted
        assert sheet["Content-Type"] == "application/pdf"
        assert sheet.content.startswith(b"%PDF")
    client.force_login(person("khach", "Không vai trò"))
    assert client.get("/reports/week/").status_code == 403
    assert client.get("/reports/week.pdf").status_code == 403


@pytest.mark.parametrize("rows", (1, 3))
def test_week_query_count(client, cycle, commune, an, rows, django_assert_num_queries):
    with clock.at(at(2026, 11, 2)):
        for number in range(rows):
            open_dossier(cycle, commune, an, name=f"Chè {number}")
    client.force_login(an)
    with clock.at(at(2026, 11, 20)), django_assert_num_queries(10):
        client.get("/reports/week/")


def test_a_leap_of_weeks_sends_only_the_last(week, chi):
    reachable(chi)
    assert weekly.prepare(week) == 1
    assert weekly.prepare(week + timedelta(days=28)) == 1
    assert WeeklySummary.objects.count() == 2


#: Columns of free text of what is sent: what they hold, none of it what somebody wrote of a person.
TEXTS = {
    "Delivery.error": "what the server answered",
    "WeeklySummary.figures": "counts, what is due by product and unit; no reason, no telephone",
    "Alarm.what": "what is wrong with the installation",
    "Alarm.advice": "the way out",
    "Heartbeat.result": "what a beat did, in numbers",
    "Heartbeat.error": "what the program said",
}


def test_nothing_that_is_sent_keeps_words_that_an_erasure_would_have_to_find():
    """Letters are made as they are sent: what was erased meanwhile is not in them, nor here."""
    found = {
        f"{model.__name__}.{field.name}"
        for model in apps.get_app_config("notifications").get_models()
        for field in model._meta.local_fields
        if isinstance(field, models.TextField | models.JSONField)
    }
    assert found == set(TEXTS)
