"""What a department is asked about a product: nothing waits for it, and silence is seen."""

from datetime import datetime, timedelta
from importlib import import_module

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from councils.models import EvaluationRound, Opinion
from cycle import clock
from cycle.models import HistoryEntry, Job, Role
from cycle.models.job import run_waiting
from dossiers.models import ConditionNotMet, Term, TermState
from dossiers.terms import recalculation
from dossiers.terms.spent import time_spent
from dossiers.terms.sweep import sweep
from dossiers.walk import doors
from notifications import audiences
from tests import judging
from tests.ground import kept
from tests.judging import begin, fill, judge, regulate
from tests.owning import sql_as_owner, update_as_owner
from tests.world import open_task, person

pytestmark = pytest.mark.django_db


@pytest.fixture
@kept
def council(province, thu):
    regulate(province)
    return judging.seat(province, thu)


@pytest.fixture
@kept
def y_te(province):
    return person("y_te", "Bùi Thị Y", (Role.DEPARTMENT, province))


@pytest.fixture
@kept
def entry(council, cycle, commune, an, thu):
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an), thu)
    return round_.entries.get()


def ask(entry, to, by, days=5):
    opinion = Opinion(entry=entry, to=to, department="Sở Y tế", question="Có đạt không?")
    return Opinion.ask(opinion, days=days, by=by)


def post(client, user, name, /, *args, **data):
    client.force_login(user)
    return client.post(reverse(f"councils:{name}", args=args), data)


def page(client, user, name, /, *args):
    client.force_login(user)
    return client.get(reverse(f"councils:{name}", args=args))


def test_thu_asks_and_the_department_answers(client, entry, thu, y_te):
    with clock.at(timezone.make_aware(datetime(2026, 11, 13, 9))):
        answer = post(
            client, thu, "ask", entry.pk, to=y_te.pk, department="Sở Y tế", question="Đạt?", days=5
        )
    assert answer.url == f"/entries/{entry.pk}/"
    opinion = Opinion.objects.get()
    # Friday, and five working days.
    assert f"{opinion.due_on:%d/%m/%Y}" == "20/11/2026"
    assert "Đạt?" in page(client, y_te, "opinions").content.decode()
    wrong = post(client, y_te, "opinion", opinion.pk, text="  ")
    assert "Bạn chưa nhập: Ý kiến." in wrong.content.decode()
    assert post(client, y_te, "opinion", opinion.pk, text="Đạt yêu cầu.").status_code == 302
    opinion.refresh_from_db()
    assert (opinion.answer, opinion.answered_by) == ("Đạt yêu cầu.", y_te)
    said = HistoryEntry.objects.get(event="round.answer_opinion")
    assert (said.actor, said.role) == (y_te, Role.DEPARTMENT)
    assert "Đạt yêu cầu." in page(client, thu, "entry", entry.pk).content.decode()
    again = post(client, y_te, "opinion", opinion.pk, text="Khác")
    assert "đã được trả lời" in again.content.decode()
    with pytest.raises(ConditionNotMet):
        opinion.reply("Khác", by=y_te)


def test_what_is_wrong_with_a_question_is_said_at_the_field(client, entry, thu, y_te, minh):
    answer = post(client, thu, "ask", entry.pk, to=minh.pk, question="", days="nhiều")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Lựa chọn này không có trong danh sách." in text
    assert "Bạn chưa nhập: Nội dung cần ý kiến." in text
    assert "Hãy ghi một số nguyên, ví dụ 12." in text
    for days, said in ((0, "từ 1 trở lên"), (61, "quá lớn")):
        text = post(client, thu, "ask", entry.pk, to=y_te.pk, days=days).content.decode()
        assert said in text


def test_only_a_specialist_of_the_unit_is_asked_and_once_at_a_time(entry, thu, y_te, minh):
    with pytest.raises(ConditionNotMet) as refused:
        ask(entry, minh, thu)
    assert "không phải chuyên viên sở, ngành" in refused.value.messages[0]
    ask(entry, y_te, thu)
    with pytest.raises(ConditionNotMet) as refused:
        ask(entry, y_te, thu)
    assert refused.value.messages == ["Bùi Thị Y chưa trả lời lần hỏi trước."]


def test_nobody_else_asks_or_answers(client, entry, thu, y_te, minh, la):
    for user in (minh, y_te, judge(entry.round.council, 0).user):
        with pytest.raises(PermissionDenied):
            ask(entry, y_te, user)
    opinion = ask(entry, y_te, thu)
    for user in (thu, minh, la):
        with pytest.raises(PermissionDenied):
            opinion.reply("Thay", by=user)
    assert page(client, la, "opinion", opinion.pk).status_code == 404
    assert page(client, minh, "opinion", opinion.pk).status_code == 200
    assert "Gửi ý kiến" not in page(client, minh, "opinion", opinion.pk).content.decode()
    post(client, minh, "opinion", opinion.pk, text="Thay")
    opinion.refresh_from_db()
    assert opinion.answer == ""


def test_an_answer_has_its_paper(client, entry, thu, y_te, minh, la, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    opinion = ask(entry, y_te, thu)
    said = {"text": "Đạt yêu cầu.", "number": "công văn của sở"}
    wrong = post(client, y_te, "opinion", opinion.pk, **said).content.decode()
    assert "Đạt yêu cầu." in wrong and not Opinion.objects.get().answer
    assert "Bạn chưa nhập: Ngày ký." in wrong
    said |= judging.typed("15/SYT-ATTP ngày 01/11/2025")
    scan = SimpleUploadedFile("tra-loi.pdf", b"%PDF-1.4 tra loi obj %%EOF", "application/pdf")
    assert post(client, y_te, "opinion", opinion.pk, scan_file=scan, **said).status_code == 302
    letter = Opinion.objects.get().paper
    assert (letter.number, letter.scan_filename) == ("15/SYT-ATTP", "tra-loi.pdf")
    assert (letter.body, letter.direction) == (opinion.department, "incoming")
    assert HistoryEntry.objects.filter(event="round.answer_opinion").get().ledger == letter.pk
    # The clerk's register says on what it answers.
    client.force_login(minh)
    assert str(entry.round) in client.get("/documents/?q=15/SYT").content.decode()
    assert "15/SYT-ATTP" in page(client, minh, "entry", entry.pk).content.decode()
    paper = page(client, minh, "opinion_scan", opinion.pk)
    assert b"".join(paper.streaming_content) == b"%PDF-1.4 tra loi obj %%EOF"
    assert page(client, la, "opinion_scan", opinion.pk).status_code == 404


def test_silence_holds_nobody_up_and_is_seen(client, entry, thu, y_te):
    opinion = ask(entry, y_te, thu, days=1)
    late = clock.now() + timedelta(days=10)
    with clock.at(late):
        text = page(client, thu, "round", entry.round_id).content.decode()
        assert "im lặng" in text
        assert "quá hạn" in text
        for number in range(5):
            fill(entry, judge(entry.round.council, number))
        judging.close(entry.round, by=thu)
        run_waiting()
        # The product went on; the answer is still taken.
        opinion.reply("Muộn nhưng đạt.", by=y_te)
        assert post(client, thu, "ask", entry.pk, to=y_te.pk).status_code == 200
    assert Opinion.objects.get().answer == "Muộn nhưng đạt."


def test_the_open_ones_come_first(client, council, cycle, commune, an, thu, y_te):
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an, 3), thu)
    first, second, third = round_.entries.order_by("position")
    ask(first, y_te, thu, days=1).reply("Đạt", by=y_te)
    ask(second, y_te, thu, days=9)
    ask(third, y_te, thu, days=3)
    text = page(client, y_te, "opinions").content.decode()
    assert text.index("rừng 3") < text.index("rừng 2") < text.index("rừng 1")


@pytest.mark.parametrize("rows", (1, 3))
def test_query_count_of_my_opinions(
    client, council, cycle, commune, an, thu, y_te, rows, django_assert_num_queries
):
    round_ = begin(council, cycle, judging.before_council(cycle, commune, an, rows), thu)
    for entry in round_.entries.all():
        ask(entry, y_te, thu)
    client.force_login(y_te)
    with django_assert_num_queries(9):
        client.get("/opinions/")


def test_who_was_never_asked_is_told_what_will_be_here(client, la):
    assert "Chưa ai xin ý kiến của bạn." in page(client, la, "opinions").content.decode()


# --- The clocks -----------------------------------------------------------------------------


def test_the_internal_clock_stands_still_while_an_opinion_is_awaited(entry, thu, y_te, province):
    second = person("van_hoa", "Lò Văn Hóa", (Role.DEPARTMENT, province))
    task = open_task(entry.dossier)
    first_asked, also_asked = ask(entry, y_te, thu), ask(entry, second, thu)
    task.refresh_from_db()
    assert (task.paused, task.term.state) == (True, TermState.PAUSED)
    assert task.term.events.get(kind="pause").reason == "Chờ ý kiến Sở Y tế"
    first_asked.reply("Đạt", by=y_te)
    assert Term.objects.get(task=task).state == TermState.PAUSED
    also_asked.reply("Đạt", by=second)
    task.refresh_from_db()
    assert (task.paused, Term.objects.get(task=task).state) == (False, TermState.RUNNING)


def test_an_answer_does_not_end_the_wait_for_the_producer(entry, thu, y_te):
    task = open_task(entry.dossier)
    doors.wait(task, by=thu, reason="Chờ chủ thể bổ sung nhãn")
    ask(entry, y_te, thu).reply("Đạt", by=y_te)
    task.refresh_from_db()
    assert (task.paused, Term.objects.get(task=task).state) == (True, TermState.PAUSED)


def test_the_producers_answer_does_not_end_the_wait_for_an_opinion(client, entry, thu, y_te):
    task = open_task(entry.dossier)
    asked = ask(entry, y_te, thu)
    task.refresh_from_db()
    client.force_login(thu)
    assert "chờ ý kiến sở, ngành" in client.get(f"/tasks/{task.pk}/").content.decode()
    doors.wait(task, by=thu, reason="Chờ chủ thể bổ sung nhãn")
    doors.resume(open_task(entry.dossier), by=thu)
    task.refresh_from_db()
    assert task.waiting_since is None
    assert (task.paused, Term.objects.get(task=task).state) == (True, TermState.PAUSED)
    asked.reply("Đạt", by=y_te)
    task.refresh_from_db()
    assert (task.paused, Term.objects.get(task=task).state) == (False, TermState.RUNNING)
    assert task.asked_since is None


def test_waiting_for_an_opinion_is_told_apart_from_waiting_for_the_producer(entry, thu, y_te):
    dossier, start = entry.dossier, clock.now()

    def later(days):
        return clock.at(start + timedelta(days=days))

    before = time_spent(dossier, start)
    with later(1):
        asked = ask(entry, y_te, thu)
    with later(4):  # three days of waiting for the opinion alone
        doors.wait(open_task(dossier), by=thu, reason="Chờ nhãn")
    with later(6):  # two for both: the producer's
        doors.resume(open_task(dossier), by=thu)
    with later(11):  # five more for the opinion
        asked.reply("Đạt", by=y_te)
    spent = time_spent(dossier, start + timedelta(days=12))
    parts = [spent.working - before.working, spent.waiting - before.waiting, spent.asked]
    assert [round(days, 2) for days in parts] == [2, 2, 8]
    assert round(spent.total - before.total, 2) == 12
    assert [name for name, *_ in spent.parts()] == ["working", "waiting", "asked"]


def test_the_papers_of_a_meeting_have_a_clock_until_they_are_sent(council, cycle, thu):
    def meeting(day, hour=8):
        return timezone.make_aware(datetime(2026, 11, day, hour))

    with clock.at(meeting(9)):
        round_ = EvaluationRound.create(
            EvaluationRound(council=council, cycle=cycle, name="Đợt 1", meets_at=meeting(20)),
            by=thu,
        )
        first = round_.papers_term
        # Friday, less two working days.
        assert f"{first.due_on:%d/%m/%Y}" == "18/11/2026"
        assert (first.role, first.org_unit) == (Role.COUNCIL_OFFICE, council.org_unit)
        round_.amend(by=thu, meets_at=meeting(20, 14))
        assert round_.papers_term == first
        round_.amend(by=thu, meets_at=meeting(23))
        moved = round_.papers_term
        assert f"{moved.due_on:%d/%m/%Y}" == "19/11/2026"
        assert Term.objects.get(pk=first.pk).state == TermState.STOPPED
    assert sweep(now=meeting(18, 9))["firings"] == 1
    warned = HistoryEntry.objects.get(event="term.warning")
    assert audiences.of(warned) == {thu.pk}
    round_.invited_at = clock.now()
    round_._watch_papers(thu)
    assert Term.objects.get(pk=moved.pk).state == TermState.STOPPED


def test_a_new_day_off_before_a_meeting_moves_the_papers_once(client, council, cycle, thu, minh):
    def recalculate(*days):
        job = Job.objects.create(
            kind="recalculate_terms",
            params={"days": list(days), "document": "12/TB-BNV"},
            created_at=clock.now(),
        )
        job.run()
        assert job.error == ""
        return job.result["moved"]

    monday, friday = (timezone.make_aware(datetime(2026, 11, day, 8)) for day in (9, 20))
    with clock.at(monday):
        round_ = EvaluationRound.create(
            EvaluationRound(council=council, cycle=cycle, name="Đợt 1", meets_at=friday), by=thu
        )
        term = round_.papers_term
        wednesday, tuesday = term.due_on, term.due_on - timedelta(days=1)
        change = [{"day": "2026-11-19", "what": "off", "name": "Nghỉ bão", "document": "20/UBND"}]
        rows = recalculation.checked(change)
        assert recalculation.preview(rows) == (1, [(term, wednesday, tuesday)])
        # What changes on the day of the meeting, or after it, is none of its working days.
        later = recalculation.checked([change[0] | {"day": "2026-11-20"}])
        assert recalculation.preview(later) == (0, [])

        recalculation.apply(rows, by=None)
        assert recalculate("2026-11-19") == 1
        assert recalculate("2026-11-19") == 0
        term.refresh_from_db()
        assert (term.due_on, term.original_due_on) == (tuesday, wednesday)
        assert (term.base_on, term.base_amount, term.amount) == (friday.date(), -2, 2)
        assert term.rung_at[0] == timezone.make_aware(datetime(2026, 11, 16, 8))
        assert [event.kind for event in term.events.all()] == ["start", "move"]
        said = HistoryEntry.objects.get(event="term.move")
        assert (said.stream, said.data["before"], said.data["after"]) == (
            "cycle",
            wednesday.isoformat(),
            tuesday.isoformat(),
        )
        # The round agrees, and starts no other clock.
        round_.amend(by=thu, place="Hội trường")
        assert round_.papers_term == term
        client.force_login(thu)
        text = client.get(f"/terms/{term.pk}/").content.decode()
        assert "chậm nhất 2 ngày làm việc trước ngày họp 20/11/2026" in text
        assert "Đếm lùi 2 ngày làm việc từ ngày 20/11/2026, tới hết ngày 17/11/2026." in text
        assert "Nghỉ bão (20/UBND)" in text
        assert "ban đầu 18/11/2026" in text


def test_papers_of_no_working_day_are_due_on_the_day_of_the_meeting(council, cycle, thu):
    regulate(council.org_unit, documents_days=0)
    sunday = timezone.make_aware(datetime(2026, 11, 22, 8))
    with clock.at(sunday - timedelta(days=9)):
        round_ = EvaluationRound.create(
            EvaluationRound(council=council, cycle=cycle, name="Đợt 1", meets_at=sunday), by=thu
        )
    assert round_.papers_term.due_on == round_.papers_due_on() == sunday.date()


def test_a_clock_of_papers_from_before_learns_its_meeting(council, cycle, thu):
    module = import_module("councils.migrations.0005_papers_counted_back")
    friday = timezone.make_aware(datetime(2026, 11, 20, 8))
    with clock.at(friday - timedelta(days=11)):
        round_ = EvaluationRound.create(
            EvaluationRound(council=council, cycle=cycle, name="Đợt 1", meets_at=friday), by=thu
        )
    terms = Term.objects.filter(pk=round_.papers_term_id)
    counted = terms.values("unit", "amount", "base_on", "base_amount", "due_on").get()
    update_as_owner(terms, unit="", amount=None, base_on=None, base_amount=None)
    sql_as_owner(module.COUNT_BACK)
    assert terms.values("unit", "amount", "base_on", "base_amount", "due_on").get() == counted
