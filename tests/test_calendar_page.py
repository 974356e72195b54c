"""The calendar: all read it, the province changes it, and sees first what would move."""

import re
from datetime import date, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from cycle import clock
from cycle.models import DayOff, Job
from cycle.models.job import run_waiting
from tests.task_pages import agreed
from tests.world import open_dossier, open_task

pytestmark = pytest.mark.django_db


def at(year, month, day, hour=9):
    return timezone.make_aware(datetime(year, month, day, hour))


@pytest.fixture
def monday(cycle, commune, an):
    """A dossier opened on Monday 16/11/2026, its task due in ten working days: 30/11/2026."""
    with clock.at(at(2026, 11, 16)):
        yield open_dossier(cycle, commune, an)


@pytest.fixture
def as_minh(client, minh):
    client.force_login(minh)
    return client


def rows(*given, **more):
    """What the form sends; a row is day, what, name, document."""
    data = {"days-TOTAL_FORMS": len(given), "days-INITIAL_FORMS": 0, **more}
    for number, row in enumerate(given):
        for name, value in zip(("day", "what", "name", "document"), row, strict=True):
            data[f"days-{number}-{name}"] = value
    return data


CULTURE = ("24/11/2026", "off", "Ngày Văn hóa Việt Nam", "12/TB-BNV")
EMPTY = ("", "off", "", "")


def test_everybody_reads_and_only_the_province_changes(client, cast):
    DayOff.objects.create(day=date(2026, 9, 2), name="Quốc khánh", document="Điều 112")
    may = set()
    for name, user in cast.items():
        client.force_login(user)
        page = client.get("/calendar/?year=2026").content.decode()
        assert "Quốc khánh" in page and "Điều 112" in page
        if "Xem trước" in page:
            may.add(name)
        if client.post("/calendar/", rows(CULTURE)).status_code != 403:
            may.add(f"{name} posts")
    assert may == {"minh", "minh posts", "son", "son posts"}
    assert not DayOff.objects.filter(day=date(2026, 11, 24)).exists()


def test_what_would_move_is_shown_before_it_moves(as_minh, monday):
    page = as_minh.post("/calendar/", rows(CULTURE, EMPTY)).content.decode()
    assert "1 thời hạn đang mở sẽ dời" in page
    assert "30/11/2026" in page and "01/12/2026" in page
    assert not DayOff.objects.exists()
    assert open_task(monday).due_on == date(2026, 11, 30)

    answer = agreed(as_minh, "/calendar/", rows(CULTURE, act="apply"), follow=True)
    job = Job.objects.get()
    assert answer.redirect_chain == [(f"/jobs/{job.pk}/", 302)]
    assert "Chờ chạy" in answer.content.decode()
    assert DayOff.objects.get().document == "12/TB-BNV"
    assert run_waiting() == 1
    assert open_task(monday).due_on == date(2026, 12, 1)
    assert monday.history.last().event == "term.move"
    page = as_minh.get(f"/jobs/{job.pk}/").content.decode()
    assert "Đã xem 1 thời hạn đang mở, dời 1." in page
    assert "every 2s" not in page


def test_several_rows_at_once_add_change_and_remove(as_minh):
    DayOff.objects.create(day=date(2026, 1, 2), name="Nghỉ hoán đổi", document="1/TB")
    given = (
        CULTURE,
        EMPTY,
        ("10-01-2026", "worked", "Làm bù 2/1", "2/TB"),
        ("02/01/2026", "none", "", "3/TB"),
    )
    agreed(as_minh, "/calendar/", rows(*given, act="apply"))
    assert list(DayOff.objects.values_list("day", "worked")) == [
        (date(2026, 1, 10), True),
        (date(2026, 11, 24), False),
    ]
    assert Job.objects.get().params["document"] == "12/TB-BNV; 2/TB; 3/TB"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (("30/02/2026", "off", "Nghỉ", "1/TB"), "Ngày 30/02/2026 không có thật."),
        (("24/11/2026", "worked", "Làm", "1/TB"), "Dòng 2: ngày 24/11/2026 trùng với dòng 1"),
        (("25/11/2026", "worked", "Làm", "1/TB"), "Dòng 2: ngày làm bù 25/11/2026 không phải"),
        (("26/11/2026", "none", "", "1/TB"), "Dòng 2: ngày 26/11/2026 không có trong lịch"),
        (("27/11/2026", "off", "", "1/TB"), "Dòng 2: cần tên và số văn bản"),
        (("27/11/2026", "off", "Nghỉ bão", ""), "Bạn chưa nhập: Văn bản"),
    ],
)
def test_a_wrong_row_is_refused_by_its_number_and_nothing_typed_is_lost(as_minh, wrong, sentence):
    for act in ("", "apply"):
        page = as_minh.post("/calendar/", rows(CULTURE, wrong, act=act)).content.decode()
        assert sentence in page
        assert 'value="Ngày Văn hóa Việt Nam"' in page
        assert f'value="{wrong[0]}"' in page
    assert not DayOff.objects.exists()
    assert not Job.objects.exists()


def csv(text, encoding="utf-8-sig"):
    return SimpleUploadedFile("lich.csv", text.encode(encoding))


def test_a_file_fills_the_rows_and_changes_nothing_yet(as_minh):
    DayOff.objects.create(day=date(2026, 9, 2), name="Quốc khánh", document="Điều 112")
    file = csv(
        "day,worked,name,document\n"
        "2026-09-02,,Quốc khánh,Điều 112\n"
        "2026-11-24,,Ngày Văn hóa,12/TB-BNV\n"
        "2026-11-28,x,Làm bù,12/TB-BNV\n"
    )
    typed = ("01/01/2027", "off", "Tết Dương lịch", "Điều 112")
    page = as_minh.post("/calendar/", rows(typed, file=file)).content.decode()
    assert "Đã đọc 2 ngày từ tệp" in page
    for value in ("01/01/2027", "24/11/2026", "28/11/2026"):
        assert f'value="{value}"' in page
    assert DayOff.objects.count() == 1


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (csv("ngày,tên\n"), "Tệp thiếu cột day, worked, name, document"),
        (csv("day,worked,name,document\n2026-11-24,,Nghỉ\n"), "Dòng 2 của tệp"),
        (csv("day,worked,name,document\n2026-11-24,y,Nghỉ,1\n"), "Dòng 2 của tệp"),
        (SimpleUploadedFile("lich.csv", b"\xff\xfe\x00"), "không theo mã UTF-8"),
        (csv("x" * 140_000 + ",worked,name,document\n"), "Tệp CSV bị hỏng"),
        (csv("day,worked,name,document\n" + "x" * 140_000 + ",x,Nghỉ,1\n"), "Tệp CSV bị hỏng"),
        (csv('day,worked,name,document\n"' + "x\n" * 70_000), "Tệp CSV bị hỏng"),
    ],
)
def test_a_wrong_file_is_refused_and_nothing_typed_is_lost(as_minh, file, sentence):
    page = as_minh.post("/calendar/", rows(CULTURE, file=file)).content.decode()
    assert sentence in page
    assert 'value="Ngày Văn hóa Việt Nam"' in page


def test_ticked_days_come_into_the_list_of_what_goes(as_minh):
    day = DayOff.objects.create(day=date(2026, 9, 2), name="Quốc khánh", document="Điều 112")
    page = as_minh.get(f"/calendar/?year=2026&remove={day.pk}&remove=x").content.decode()
    assert 'value="02/09/2026"' in page
    assert '<option value="none" selected>' in page


@pytest.mark.parametrize("year", ["", "abc", "99999", "²", "-1"])
def test_a_year_that_cannot_be_is_this_year(client, an, year):
    client.force_login(an)
    with clock.at(at(2026, 5, 5)):
        assert "Lịch nghỉ năm 2026" in client.get("/calendar/", {"year": year}).content.decode()


# --- Jobs -----------------------------------------------------------------------------------


def test_a_job_is_found_again_by_whoever_asked_and_by_nobody_else(client, minh, an):
    job = Job.objects.create(
        kind="recalculate_terms", by=minh, params={"document": "12/TB"}, created_at=clock.now(),
        state="running", done=25, total=100,
    )  # fmt: skip
    client.force_login(minh)
    assert "Tính lại thời hạn theo lịch nghỉ" in client.get("/jobs/").content.decode()
    piece = client.get(f"/jobs/{job.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert re.match(r'\s*<div\s+class="job"', piece)
    assert 'value="25"' in piece and 'hx-trigger="every 2s"' in piece
    client.force_login(an)
    assert "chưa yêu cầu việc chạy nền nào" in client.get("/jobs/").content.decode()
    assert client.get(f"/jobs/{job.pk}/").status_code == 404


@pytest.mark.parametrize("number", (1, 3))
def test_calendar_and_jobs_query_counts(client, an, number, django_assert_num_queries):
    for day in range(1, number + 1):
        DayOff.objects.create(day=date(2026, 9, day), name="Nghỉ", document="1/TB")
        Job.objects.create(kind="recalculate_terms", by=an, created_at=clock.now())
    client.force_login(an)
    with django_assert_num_queries(5):
        client.get("/calendar/?year=2026")
    with django_assert_num_queries(7):
        client.get("/jobs/")
