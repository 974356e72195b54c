"""The clocks of the law as the editions name them: where each starts, ends, and stands still."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from cycle import clock
from cycle.models import DayOff, TermRule
from dossiers.models import Term
from dossiers.terms.sweep import begin_batches
from dossiers.walk import doors
from tests import records
from tests.filing_anew import S, at, certify, file_anew
from tests.ground import kept
from tests.public_pages import main, see
from tests.standing import approved, sent_up, stand
from tests.world import open_cycle, open_dossier, open_task

pytestmark = pytest.mark.django_db


@pytest.fixture
@kept
def given(cycle_of_three, old_commune, an, son):
    """A certificate until 1/10/2027."""
    return certify(cycle_of_three, old_commune, an, son, at(2024, 10, 1), number="12/GCN")


def live(dossier, code):
    return dossier.terms.live().filter(code=code).first()


def at_council(given, cycle, commune, an, minh, case_type="reevaluation"):
    """A dossier that the province took for complete on Thursday 1/10/2026."""
    dossier = file_anew(given, cycle, commune, an, at(2026, 9, 20), case_type)
    dossier = stand(dossier, S.AT_PROVINCE)
    with clock.at(at(2026, 10, 1)):
        doors.complete(open_task(dossier), "accept_at_province", by=minh)
    return dossier


# --- D7: re-evaluation in 45 days -----------------------------------------------------------


def test_a_reevaluation_is_decided_in_45_days_from_the_complete_dossier(
    given, cycle, commune, an, minh
):
    """Day 45 is Sunday 15/11/2026."""
    term = live(at_council(given, cycle, commune, an, minh), "D7")
    assert (term.due_on, term.legal, term.role) == (date(2026, 11, 16), True, "officer")


@pytest.mark.parametrize("case_type", ["first", "upgrade"])
def test_no_other_case_has_that_term(given, cycle, commune, an, minh, case_type):
    assert live(at_council(given, cycle, commune, an, minh, case_type), "D7") is None


def test_the_council_s_result_is_not_the_decision(given, cycle, commune, an, minh, thu, son):
    dossier = at_council(given, cycle, commune, an, minh)
    with clock.at(at(2026, 10, 20)):
        doors.complete(
            open_task(dossier),
            "rank",
            by=thu,
            paper=records.signed_paper(),
            record=records.evaluation(),
        )
        assert live(dossier, "D7") is not None
        doors.complete(open_task(dossier), "propose_recognition", by=minh)
        assert live(dossier, "D7") is not None
    with clock.at(at(2026, 10, 25)):
        doors.complete(
            open_task(dossier),
            "certify",
            by=son,
            paper=records.signed_paper(),
            record=records.certificate(number="2/GCN"),
        )
    assert live(dossier, "D7") is None


def test_what_is_sent_back_begins_anew_when_it_is_complete(given, cycle, commune, an, minh):
    dossier = stand(at_council(given, cycle, commune, an, minh), S.AT_PROVINCE)
    with clock.at(at(2026, 10, 5)):
        doors.complete(open_task(dossier), "return_for_supplement", by=minh, reason="Thiếu nhãn")
    assert live(dossier, "D7") is None
    with clock.at(at(2026, 10, 12)):
        doors.complete(open_task(dossier), "supplement", by=an)
        doors.complete(open_task(dossier), "accept_at_province", by=minh)
    assert live(dossier, "D7").due_on == date(2026, 11, 26)


@pytest.mark.parametrize(("act", "who"), [("not_recognise", "son"), ("nominate", "son")])
def test_a_refusal_or_the_way_to_the_centre_ends_it(
    given, cycle, commune, an, minh, cast, act, who
):
    dossier = stand(
        at_council(given, cycle, commune, an, minh), S.AWAITING_DECISION, stars=5, points_sum="650"
    )
    with clock.at(at(2026, 10, 20)):
        approved(dossier, minh)
        doors.complete(
            open_task(dossier),
            act,
            by=cast[who],
            reason="Theo biên bản",
            paper=records.signed_paper(),
        )
    assert live(dossier, "D7") is None


# --- D1: the commune's fifteen working days -------------------------------------------------


def test_the_commune_s_days_run_on_while_the_producer_is_waited_for(given, cycle, commune, an, chi):
    """Received Friday 20/11/2026: Friday 11/12, or Monday 14/12 when 24/11 is a day off."""
    DayOff.objects.create(day=date(2026, 11, 24), name="Ngày Văn hóa", document="12/TB")
    dossier = file_anew(given, cycle, commune, an, at(2026, 11, 20))
    assert live(dossier, "D1").due_on == date(2026, 12, 14)
    with clock.at(at(2026, 11, 25)):
        doors.wait(open_task(dossier), by=an, reason="Chờ nhãn")
        assert live(dossier, "task").state == "paused"
        assert live(dossier, "D1").state == "running"
    with clock.at(at(2026, 12, 1)):
        doors.resume(open_task(dossier), by=an)
        doors.complete(
            open_task(dossier), "confirm_dossier", by=an, record=records.commune_report()
        )
        assert live(dossier, "D1").due_on == date(2026, 12, 14)
        sent_up(dossier, chi)
    assert live(dossier, "D1") is None


# --- D2 to D5: the dates of the year --------------------------------------------------------


def test_the_dates_of_the_two_batches(cycle, province):
    begin_batches(clock.now())
    begin_batches(clock.now())
    assert list(
        Term.objects.filter(cycle=cycle).order_by("code").values_list("code", "due_on")
    ) == [
        ("D2.1", date(2026, 4, 29)),
        ("D2.2", date(2026, 10, 29)),
        ("D3.1", date(2026, 6, 29)),
        ("D3.2", date(2026, 12, 29)),
        ("D4.1", date(2026, 7, 29)),
        ("D4.2", date(2027, 1, 29)),
        ("D5.1", date(2026, 9, 29)),
        ("D5.2", date(2027, 3, 29)),
    ]


# --- D6 and D9: the certificate -------------------------------------------------------------


def test_the_dossier_says_when_to_file_again_and_the_public_page_does_not(given, an):
    client = Client()
    client.force_login(an)
    text = client.get(reverse("dossiers:dossier", args=[given.dossier_id])).content.decode()
    assert "Nộp hồ sơ đánh giá lại từ 04/04/2027 đến hết 03/06/2027." in text
    assert "Nộp hồ sơ" not in main(see(given.get_absolute_url()))


def test_the_certificate_warns_when_the_days_to_file_begin_and_end(given):
    term = given.terms.get()
    assert (term.due_on, term.code) == (date(2027, 10, 1), "D9")
    assert [moment.date() for moment in term.rung_at][:6] == [
        date(2027, 3, 5),  # 210 days: useful
        date(2027, 4, 4),  # 180: the days to file begin
        date(2027, 5, 4),  # 150
        date(2027, 5, 24),  # 130
        date(2027, 6, 3),  # 120: and end
        date(2027, 9, 1),  # 30 days before: the owner must be warned
    ]


# --- D10, D11: the transition ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "days", "due_on"),
    # Day 30 is a Sunday.
    [
        ("D10", 60, date(2026, 7, 21)),
        ("D10.u", 60, date(2026, 7, 21)),
        ("D11", 30, date(2026, 6, 22)),
    ],
)
def test_the_days_of_the_transition_are_counted_as_all_others(rule_sets, code, days, due_on):
    year = open_cycle(rule_sets["qd1048_2019"], 2026)
    rule = TermRule.objects.get(cycle=year, code=code)
    in_force = rule_sets["qd26_2026"].valid_from
    assert rule.fixed_on == due_on
    assert DayOff.objects.calendar(in_force, due_on).project(in_force, days, "d").due_on == due_on


def test_a_reevaluation_of_the_old_law_has_the_shorter_term(rule_sets, old_commune, an):
    year = open_cycle(rule_sets["qd1048_2019"], 2026)
    with clock.at(at(2026, 5, 20)):
        dossier = open_dossier(year, old_commune, an, case_type="reevaluation")
        doors.act(dossier.process, "enter_late", by=an, entered_as="reevaluation", reason="Hết hạn")
        for kind in dossier.rule_set.compulsory("reevaluation"):
            doors.act(dossier.process, "attach_evidence", by=an, record=records.paper(kind))
        doors.complete(
            open_task(dossier),
            "submit_dossier",
            by=an,
            record=records.self_assessment(),
            reason="Quy định chuyển tiếp",
        )
    assert live(dossier, "D11").due_on == date(2026, 6, 22)
    assert live(dossier, "D10") is None
