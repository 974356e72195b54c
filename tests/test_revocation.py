"""After the certificate: inspections with their conclusion, the term of revocation, revocation."""

import itertools

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cycle import clock
from cycle.models import DayOff
from dossiers.models import ActNotPossible, ConditionNotMet, Dossier, Inspection
from dossiers.templatetags.ocop import step_bar
from dossiers.terms.sweep import sweep
from dossiers.walk import doors
from notifications.dispatch import dispatch
from tests import records
from tests.ground import kept
from tests.hearing import told
from tests.owning import update_as_owner
from tests.revoking import S, at, certify, inspect, revoke
from tests.task_pages import agreed
from tests.world import events, open_task

pytestmark = pytest.mark.django_db


@pytest.fixture
@kept
def certified(cycle, commune, an, son):
    return certify(cycle, commune, an, son)


def d8(dossier):
    return dossier.terms.filter(code="D8").order_by("pk").last()


# --- Inspection -----------------------------------------------------------------------------


@pytest.mark.parametrize("conclusion", ["passed", "remedy"])
def test_an_inspection_is_recorded_and_starts_no_term(certified, minh, conclusion):
    with clock.at(at(11, 2)):
        inspect(certified, minh, conclusion, results="Đạt chỉ tiêu vi sinh")
    kept = Inspection.objects.get()
    assert (kept.conclusion, kept.samples, kept.results) == (conclusion, 2, "Đạt chỉ tiêu vi sinh")
    assert (kept.recorded_by, kept.dossier.state) == (minh, S.CERTIFIED)
    assert events(certified)[-1] == "dossier.record_inspection"
    assert d8(certified) is None


def test_an_officer_of_the_commune_and_a_stranger_record_no_inspection(certified, an, la):
    for person in (an, la):
        with pytest.raises(PermissionDenied):
            inspect(certified, person)
    assert not Inspection.objects.exists()


def test_nothing_is_inspected_before_it_is_certified(dossier, minh):
    with pytest.raises(ActNotPossible):
        inspect(dossier, minh)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"inspected_on": records.day(2026, 10, 20)}, None),
        ({"inspected_on": records.day(2026, 9, 30)}, "trước ngày cấp"),
        ({"concluded_on": records.day(2026, 11, 1)}, "trước ngày kiểm tra"),
    ],
)
def test_the_days_of_an_inspection_come_in_their_order(certified, minh, fields, sentence):
    with clock.at(at(11, 2)):
        if sentence is None:
            inspect(certified, minh, **fields)
            return
        with pytest.raises(ValidationError, match=sentence):
            inspect(certified, minh, **fields)
    assert not Inspection.objects.exists()


# --- The term -------------------------------------------------------------------------------


def test_a_proposal_gives_the_province_fifteen_days_from_the_conclusion(certified, minh):
    # Typed on Thursday what was concluded on Monday.
    monday = at(11, 2).date()
    with clock.at(at(11, 5)):
        inspect(certified, minh, inspected_on=monday, concluded_on=monday)
    term = d8(certified)
    assert (term.started_at, term.due_on) == (at(11, 2, 12), at(11, 17).date())
    assert (term.legal, term.role, term.org_unit) == (True, "officer", certified.commune.parent)


def test_the_term_follows_an_inspection_that_is_corrected(certified, minh):
    """Its day, then that it proposes nothing, then that it does."""
    days = {each: at(11, each).date() for each in (2, 4, 10)}
    with clock.at(at(11, 10)):
        inspect(certified, minh, inspected_on=days[2], concluded_on=days[4])
        assert d8(certified).due_on == at(11, 19).date()
        for conclusion, day, due in (
            ("revoke", 2, at(11, 17)), ("remedy", 2, None), ("revoke", 4, at(11, 19)),
        ):  # fmt: skip
            old = certified.inspections.current().get()
            right = records.inspection(
                conclusion, inspected_on=days[2], concluded_on=days[day], replaces=old
            )
            doors.act(
                certified.process, "correct_inspection", by=minh, record=right, reason="Gõ nhầm"
            )
            running = certified.terms.live().filter(code="D8")
            assert [term.due_on for term in running] == ([due.date()] if due else [])
        # It rests on what stands.
        revoke(certified, minh)
    assert certified.revocations.get().inspection == certified.inspections.current().get()


def test_a_term_that_ends_on_a_day_off_runs_to_the_next_working_day(certified, minh):
    DayOff.objects.create(day=at(11, 17).date(), name="Nghỉ bù", document="12/TB")
    with clock.at(at(11, 2)):
        inspect(certified, minh)
    assert d8(certified).due_on == at(11, 18).date()


def test_a_weekend_too(certified, minh):
    with clock.at(at(11, 6)):
        inspect(certified, minh)
    # Fifteen days later is Saturday 21/11.
    assert d8(certified).due_on == at(11, 23).date()


def test_the_term_outlives_the_walk_and_is_told_when_it_is_late(certified, minh, son, tam):
    with clock.at(at(11, 2)):
        inspect(certified, minh)
    with clock.at(at(11, 3)):
        doors.complete(open_task(certified), "promote", by=tam, record=records.promotion())
        doors.act(certified.process, "record_promotion", by=tam, record=records.promotion())
    assert d8(certified).state == "running"
    with clock.at(at(11, 19)):
        sweep()
        while dispatch():
            pass
    # Nobody swept until it was late: each hears of it once.
    for who in (minh, son):
        assert [event for event in told(who) if event.startswith("term.")] == ["term.escalated"]


def test_a_second_proposal_starts_no_second_term_and_a_better_one_ends_it(certified, minh):
    with clock.at(at(11, 2)):
        inspect(certified, minh)
    with clock.at(at(11, 4)):
        inspect(certified, minh)
    assert certified.terms.filter(code="D8").count() == 1
    with clock.at(at(11, 9)):
        inspect(certified, minh, "passed")
    assert (d8(certified).state, d8(certified).stopped_at) == ("stopped", at(11, 9))
    with clock.at(at(11, 10)):
        inspect(certified, minh)
    assert (d8(certified).state, d8(certified).due_on) == ("running", at(11, 25).date())


@pytest.mark.parametrize("by_the_commune", [False, True])
@pytest.mark.parametrize(
    ("concluded", "state"), [((10, 2), "running"), ((11, 9), "running"), ((11, 10), "stopped")]
)
def test_an_inspection_of_before_does_not_end_it(certified, minh, by_the_commune, concluded, state):
    """Typed on 12/11; the revocation was proposed, or the end of production confirmed, on 10/11."""
    with clock.at(at(11, 10)):
        if by_the_commune:
            doors.act(
                certified.process, "confirm_stopped", by=minh, paper=records.signed_paper(),
                record=records.stopped(),
            )  # fmt: skip
        else:
            inspect(certified, minh)
    day = at(*concluded).date()
    with clock.at(at(11, 12)):
        inspect(certified, minh, "passed", inspected_on=day, concluded_on=day)
    assert d8(certified).state == state


#: What was concluded or signed in November -> the day from which the fifteen run; None: none do.
GROUNDS = {
    "passed after it": ({"revoke": 3, "passed": 19}, None),
    "passed before it": ({"passed": 3, "revoke": 9}, 9),
    "stopped, then passed": ({"stopped": 3, "passed": 19}, None),
    "proposed, passed, proposed again": ({"revoke": 3, "passed": 5, "revoke ": 10}, 10),
    "proposed twice": ({"revoke": 4, "revoke ": 10}, 4),
    "proposed, remedied, stopped": ({"revoke": 3, "remedy": 5, "stopped": 10}, 10),
}


@pytest.mark.parametrize(
    ("case", "order"),
    [
        (case, order)
        for case, (told, _due) in GROUNDS.items()
        for order in itertools.permutations(told)
    ],
)
def test_the_fifteen_days_are_the_same_in_whatever_order_they_are_typed(
    certified, minh, case, order
):
    told, due = GROUNDS[case]
    with clock.at(at(11, 23)):
        for word in order:
            day = at(11, told[word]).date()
            if word == "stopped":
                paper = records.signed_paper(signed_on=day, signer="Quàng Văn Chi")
                record = records.stopped(stopped_on=at(11, 1).date())
                doors.act(certified.process, "confirm_stopped", by=minh, paper=paper, record=record)
            else:
                inspect(certified, minh, word.strip(), inspected_on=day, concluded_on=day)
    running = certified.terms.live().filter(code="D8").first()
    begun = running and timezone.localdate(running.started_at)
    assert begun == (due and at(11, due).date())
    assert certified.terms.live().filter(code="D8").count() == (due is not None)


def test_what_was_reported_to_the_ministry_does_not_begin_again(certified, minh):
    """Of five stars the report ends the days; a new conclusion begins its own."""
    update_as_owner(Dossier.objects.filter(pk=certified.pk), stars=5)
    with clock.at(at(11, 9)):
        inspect(certified, minh)
    with clock.at(at(11, 10)):
        doors.act(
            certified.process, "report_revocation", by=minh, reason="Không đạt",
            paper=records.signed_paper(number="70/BC-UBND"), record=records.revocation(),
        )  # fmt: skip
    assert d8(certified).state == "stopped"
    with clock.at(at(11, 20)):
        inspect(certified, minh)
    term = d8(certified)
    assert (term.state, timezone.localdate(term.started_at)) == ("running", at(11, 20).date())


# --- Revocation -----------------------------------------------------------------------------


@pytest.mark.parametrize("promoted", [False, True])
def test_minh_revokes_on_a_signed_paper_and_every_clock_stops(certified, minh, tam, promoted):
    with clock.at(at(11, 2)):
        inspect(certified, minh)
    if promoted:
        with clock.at(at(11, 3)):
            doors.complete(open_task(certified), "promote", by=tam, record=records.promotion())
    with clock.at(at(11, 10)):
        paper = records.signed_paper(number="90/QĐ-UBND", signed_on=at(11, 9).date())
        revoke(certified, minh, paper=paper)
    file = Dossier.objects.get(pk=certified.pk)
    assert (file.state, file.parked_from) == (S.REVOKED, S.PROMOTED if promoted else S.CERTIFIED)
    assert not file.tasks.open().exists()
    assert not file.terms.live().exists()
    assert d8(file).stopped_at == at(11, 9, 12)
    given = file.certificates.with_validity().get()
    assert given.revoked_on == at(11, 9).date()
    entry = file.history.last()
    assert (entry.event, entry.reason) == ("dossier.revoke", "Không còn đạt tiêu chí")
    paper = file.officialdocuments.last()
    assert (paper.number, paper.signer) == ("90/QĐ-UBND", "Trần Công Sơn")


def test_the_line_hears_of_it(certified, minh, an, la):
    with clock.at(at(11, 10)):
        inspect(certified, minh, "remedy")
        revoke(certified, minh)
        while dispatch():
            pass
    assert told(an)[-2:] == ["dossier.record_inspection", "dossier.revoke"]
    assert told(la) == []


def test_nobody_but_an_officer_of_the_province_revokes(certified, an, chi, la, son, tam, kiem):
    for person in (an, chi, la, son, tam, kiem, None):
        with pytest.raises(PermissionDenied):
            revoke(certified, person)
    assert Dossier.objects.get(pk=certified.pk).state == S.CERTIFIED


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"reason": " "}, "Bạn chưa nêu lý do."),
        ({"paper": None}, "Bạn chưa nhập văn bản đã ký."),
    ],
)
def test_it_needs_a_reason_and_a_paper(certified, minh, fields, sentence):
    written = events(certified)
    with pytest.raises(ConditionNotMet) as refused:
        revoke(certified, minh, **fields)
    assert [str(message) for message in refused.value.messages] == [sentence]
    assert events(certified) == written


def test_a_second_click_and_all_that_comes_after_find_it_revoked(certified, minh, an):
    revoke(certified, minh)
    written = events(certified)
    for name in ("revoke", "record_inspection", "record_promotion", "reopen", "defer", "withdraw"):
        with pytest.raises(ActNotPossible):
            doors.act(
                certified.process,
                name,
                by=minh,
                reason="Lần nữa",
                paper=records.signed_paper(),
                record=None,
            )
    assert events(certified) == written


def test_the_step_bar_says_where_it_stopped(certified, minh):
    revoke(certified, minh)
    last = step_bar(Dossier.objects.get(pk=certified.pk))[-1]
    assert (last["number"], last["standing"], last["word"]) == (6, "stopped", "Đã thu hồi")


# --- On the page ----------------------------------------------------------------------------


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def act_of(dossier, name):
    return reverse("dossiers:act", args=[dossier.pk, name])


def test_minh_records_an_inspection_on_the_page(certified, minh):
    today = f"{clock.today():%d/%m/%Y}"
    typed = {
        "record_inspection-inspection-inspected_on": today,
        "record_inspection-inspection-inspectors": "Đoàn liên ngành",
        "record_inspection-inspection-findings": "Nhãn sai hạng sao",
        "record_inspection-inspection-samples": "3",
        "record_inspection-inspection-conclusion": "revoke",
        "record_inspection-inspection-concluded_on": today,
    }
    address = act_of(certified, "record_inspection")
    empty = signed_in(minh).post(address, {}).content.decode()
    assert "Bạn chưa nhập: Đoàn kiểm tra." in empty
    assert "Bạn chưa chọn: Kết luận." in empty
    page = signed_in(minh).post(address, typed, follow=True)
    assert "Đã ghi một lần kiểm tra sau công nhận." in page.content.decode()
    text = signed_in(minh).get(reverse("dossiers:dossier", args=[certified.pk])).content.decode()
    for words in ("Đoàn liên ngành", "Đề nghị thu hồi", "Quyết định thu hồi giấy chứng nhận"):
        assert words in text


def test_minh_revokes_on_the_page_with_the_paper_in_sight(certified, minh, settings, tmp_path):
    inspect(certified, minh)
    address = act_of(certified, "revoke")
    page = signed_in(minh).get(address).content.decode()
    assert "Việc này không lấy lại được." in page
    # Not folded away, as where a paper is one way among others.
    assert 'class="fold"' not in page.partition('class="act"')[2]
    refused = signed_in(minh).post(address, {"revoke-reason-reason": "Vi phạm"}).content.decode()
    assert "Bạn chưa nhập: Số và ký hiệu." in refused
    typed = {
        "revoke-revocation-ground": "b",
        "revoke-revocation-inspection": str(certified.inspections.get().pk),
        "revoke-revocation-recipients": "Chủ thể; UBND xã Nà Tấu",
        "revoke-reason-reason": "Vi phạm về an toàn thực phẩm",
        "revoke-paper-number": "90/QĐ-UBND",
        "revoke-paper-signed_on": f"{clock.today():%d/%m/%Y}",
        "revoke-paper-signer": "Trần Công Sơn",
        "revoke-paper-signer_capacity": "Chủ tịch",
    }
    refused = signed_in(minh).post(address, typed).content.decode()
    assert "Bạn chưa chọn: Bản chụp." in refused
    settings.MEDIA_ROOT = tmp_path
    typed["revoke-paper-scan_file"] = SimpleUploadedFile("qd.pdf", b"%PDF-1.7 x obj %%EOF")
    done = agreed(signed_in(minh), address, typed, follow=True).content.decode()
    assert "Đã thu hồi giấy chứng nhận." in done
    again = signed_in(minh).post(address, typed).content.decode()
    assert "Lúc này không làm được" in again


def test_who_may_not_is_told_and_a_stranger_finds_nothing(certified, an, la):
    for name in ("revoke", "record_inspection"):
        assert signed_in(an).post(act_of(certified, name)).status_code == 403
        assert signed_in(la).post(act_of(certified, name)).status_code == 404
    assert Dossier.objects.get(pk=certified.pk).state == S.CERTIFIED
