"""«Vì sao hạn này?»: the explanation leads to the very day that the clock is due."""

import re
from datetime import date, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cycle import clock
from cycle.models import DayOff, TermRule
from cycle.workdays import DAY
from dossiers.models import Term
from dossiers.terms.clocks import begin
from dossiers.terms.explanation import Explanation
from dossiers.walk import doors
from tests import records
from tests.absences import of_ledger
from tests.standing import with_compulsory_papers
from tests.world import open_dossier, open_task

pytestmark = pytest.mark.django_db


def at(year, month, day, hour=9, minute=0):
    return timezone.make_aware(datetime(year, month, day, hour, minute))


@pytest.fixture
def monday(cycle, commune, an):
    """A dossier opened on Monday 16/11/2026, due in ten working days; 24/11 is a day off."""
    DayOff.objects.create(
        day=date(2026, 11, 24), name="Ngày Văn hóa Việt Nam", document="12/TB-BNV"
    )
    DayOff.objects.create(day=date(2026, 11, 28), worked=True, name="Làm bù", document="13/TB-BNV")
    with clock.at(at(2026, 11, 16)):
        yield open_dossier(cycle, commune, an)


def pages(client, user, *paths):
    client.force_login(user)
    return [client.get(path).content.decode() for path in paths]


# --- It is the same arithmetic --------------------------------------------------------------


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    start=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
    amount=st.integers(1, 60),
    unit=st.sampled_from(["wd", "d", "m"]),
    off=st.sets(st.integers(0, 120), max_size=15),
    ledger=st.lists(
        st.tuples(st.sampled_from(["pause", "resume", "extend"]), st.integers(0, 25)), max_size=6
    ),
)
def test_what_is_told_leads_to_the_due_day(cycle, commune, an, start, amount, unit, off, ledger):
    with transaction.atomic():
        DayOff.objects.bulk_create(
            DayOff(day=start.date() + n * DAY, name="Nghỉ", document="1/TB") for n in off
        )
        moment = timezone.make_aware(start)
        rule = TermRule(
            cycle=cycle, rule_set=cycle.rule_set, code="T", title="Thời hạn", level="commune",
            amount=amount, unit=unit, extension_limit=100,
        )  # fmt: skip
        term = Term.of_rule(rule, at=moment, org_unit=commune)
        term.rule, term.legal = None, unit != "wd"
        begin(term)
        for kind, days in ledger:
            moment += timedelta(days=days)
            if kind == "pause" and term.state == "running" and not term.legal:
                term.pause(at=moment, by=an, reason="Chờ")
            elif kind == "resume" and term.state == "paused":
                term.resume(at=moment, by=an)
            elif kind == "extend" and days and term.extended + days <= 100:
                term.extend(
                    days=days,
                    at=moment,
                    by=an,
                    reason="Mưa lũ",
                    basis=of_ledger(f"{moment:%j}{moment:%Y}/VP", commune),
                )
        told = Explanation(term)
        assert told.due_on == term.due_on
        assert told.stands
        if told.projection:
            _walk(told)
        transaction.set_rollback(True)


def _walk(told):
    """Count as a reader would: each day after the first, but for those that are named."""
    skipped = [day for day, _why in told.projection.skipped]
    assert told.due_on not in skipped
    if told.term.unit == "wd":
        days = abs(told.due_on - told.base_on).days
        assert days - len(skipped) == abs(told.amount) or told.amount == 0
    assert all(why for _day, why in told.projection.skipped)


# --- The page -------------------------------------------------------------------------------


def test_the_page_names_each_day_and_its_document(client, monday, an):
    task = open_task(monday)
    of_task, page = pages(client, an, f"/tasks/{task.pk}/why/", f"/terms/{task.term.pk}/")
    told = re.compile(r'<ul class="days">(.*?)</ul>', re.DOTALL)
    assert told.findall(of_task) == told.findall(page)
    assert re.findall(r"\d\d/11/2026", told.search(page)[1]) == [
        "21/11/2026",
        "22/11/2026",
        "24/11/2026",
        "29/11/2026",
    ]
    assert "Hạn: hết ngày <strong>30/11/2026</strong>" in page
    assert "Ngày Văn hóa Việt Nam (12/TB-BNV)" in page
    assert "28/11/2026, Làm bù (13/TB-BNV)" in page
    assert "Đếm 10 ngày làm việc sau ngày 16/11/2026, tới hết ngày 30/11/2026." in page


def test_with_htmx_it_is_a_piece_of_the_page_it_is_asked_from(client, monday, an):
    client.force_login(an)
    answer = client.get(
        f"/terms/{open_task(monday).term.pk}/", headers={"HX-Request": "true"}
    ).content.decode()
    assert answer.strip().startswith('<div class="told">')


def test_the_pause_and_the_new_day_are_told(client, monday, an):
    task = open_task(monday)
    with clock.at(at(2026, 11, 18)):
        doors.wait(task, by=an, reason="Chờ giấy đăng ký kinh doanh")
    [paused] = pages(client, an, f"/tasks/{task.pk}/why/")
    assert "Đang tạm dừng, còn 8 ngày làm việc" in paused
    assert "Tạm dừng: đã dùng 2 ngày làm việc, còn 8." in paused
    assert "Chờ giấy đăng ký kinh doanh" in paused
    with clock.at(at(2026, 12, 7)):
        doors.resume(task, by=an)
    [page] = pages(client, an, f"/tasks/{task.pk}/why/")
    assert "Hạn: hết ngày <strong>17/12/2026</strong>" in page
    assert "ban đầu 30/11/2026" in page
    assert "Chạy tiếp với 8 ngày làm việc còn lại" in page


def test_a_changed_calendar_that_is_not_worked_in_yet_is_said(client, monday, an):
    DayOff.objects.create(day=date(2026, 11, 25), name="Nghỉ bão", document="20/UBND")
    [page] = pages(client, an, f"/tasks/{open_task(monday).pk}/why/")
    assert "Lịch nghỉ vừa thay đổi: hạn đang được tính lại." in page
    assert "Hạn: hết ngày <strong>30/11/2026</strong>" in page


def test_a_stranger_finds_no_such_clock(client, monday, la):
    client.force_login(la)
    task = open_task(monday)
    assert client.get(f"/tasks/{task.pk}/why/").status_code == 404
    assert client.get(f"/terms/{task.term.pk}/").status_code == 404


# --- Two clocks side by side ----------------------------------------------------------------


def test_the_internal_clock_stands_and_the_legal_one_runs(client, cycle, commune, an):
    with clock.at(at(2026, 11, 16)):
        dossier = open_dossier(cycle, commune, an)
        doors.act(
            dossier.process, "enter_late", by=an, entered_as="existing", reason="Sản phẩm có sẵn"
        )
        with_compulsory_papers(dossier, an)
        doors.complete(
            open_task(dossier), "submit_dossier", by=an, record=records.self_assessment()
        )
    task = open_task(dossier)
    with clock.at(at(2026, 11, 18)):
        doors.wait(task, by=an, reason="Chờ phiếu kiểm nghiệm")
    with clock.at(at(2026, 11, 20)):
        task_page, dossier_page = pages(
            client, an, f"/tasks/{task.pk}/", f"/dossiers/{dossier.pk}/"
        )
    for page in (task_page, dossier_page):
        assert page.count('class="clock clock-') == 2
        assert page.index("Hạn nội bộ") < page.index("Hạn theo quy định")
        assert "Xã kiểm tra, báo cáo, chuyển hồ sơ" in page
        assert "khi chạy tiếp" in page
        assert "còn 11 ngày làm việc" in page
