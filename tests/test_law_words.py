"""The law's own words (QĐ 26/2026/QĐ-TTg, QĐ 851): each sentence of it a row, said in plain words."""

import json
from datetime import date, timedelta
from io import StringIO

import pytest
import rules
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from councils.models import Regulation
from cycle import clock
from cycle.models import (
    Batch,
    Cycle,
    DayOff,
    Document,
    HistoryEntry,
    LawReading,
    TermRule,
    User,
)
from dossiers.law import conditions
from dossiers.models import ConditionNotMet, Dossier, PlanPaper, Product, State, Term
from dossiers.models.certificate import Certificate
from dossiers.models.law import ACTS
from dossiers.office import bases
from dossiers.office import year as years
from dossiers.office.reports import CycleReport, questions
from dossiers.terms.sweep import begin_batches, sweep
from dossiers.walk import doors, papers
from tests import judging, records
from tests.absences import of_ledger
from tests.filing_anew import at, certify, file_anew, moved_to
from tests.ground import kept
from tests.law_acts import authority
from tests.owning import delete_as_owner, update_as_owner
from tests.pages import tick
from tests.public_pages import main, see
from tests.standing import approved, sent_up, stand
from tests.world import open_cycle, open_dossier, open_task, person

pytestmark = pytest.mark.django_db

S = State

# --- Đ.5: «trước ngày 30/4» -----------------------------------------------------------------

#: The day of the law -> the last day to do it.
BEFORE = {
    "D2.1": date(2026, 4, 29),
    "D2.2": date(2026, 10, 29),
    "D3.1": date(2026, 6, 29),
    "D3.2": date(2026, 12, 29),
    "D4.1": date(2026, 7, 29),
    "D4.2": date(2027, 1, 29),
    "D5.1": date(2026, 9, 29),
    "D5.2": date(2027, 3, 29),
}


@pytest.fixture
@kept
def of_the_year(cycle, province):
    """The clocks of the year, begun on 2/1/2026, by code."""
    begin_batches(at(2026, 1, 2))
    return {term.code: term for term in Term.objects.filter(cycle=cycle, dossier=None)}


@pytest.mark.parametrize("code", BEFORE)
def test_before_a_day_ends_with_the_day_before_it(of_the_year, code):
    assert of_the_year[code].due_on == BEFORE[code]
    last = BEFORE[code]
    assert not of_the_year[code].firings.filter(rung="0:officer").exists()
    sweep(at(last.year, last.month, last.day, 23))
    assert not of_the_year[code].firings.filter(rung="0:officer").exists()
    following = date.fromordinal(last.toordinal() + 1)
    sweep(at(following.year, following.month, following.day, 0))
    assert of_the_year[code].firings.filter(rung="0:officer").exists()


@pytest.mark.parametrize("code", BEFORE)
def test_none_of_these_days_rolls_over_a_day_off(cycle, province, code):
    DayOff.objects.create(day=BEFORE[code], name="Ngày nghỉ", document="12/TB")
    begin_batches(at(2026, 1, 2))
    assert Term.objects.get(cycle=cycle, dossier=None, code=code).due_on == BEFORE[code]


def test_the_last_day_of_the_batches_is_the_same_day(cycle):
    assert [(each.propose_by, each.decide_by) for each in years.law_batches(cycle)] == [
        (BEFORE["D2.1"], BEFORE["D3.1"]),
        (BEFORE["D2.2"], BEFORE["D3.2"]),
    ]


# --- Đ.5.1: the batch of a dossier -----------------------------------------------------------


@pytest.fixture
@kept
def batches(cycle):
    """The two batches of the law."""
    made = years.law_batches(cycle)
    Batch.objects.bulk_create(made)
    return made


def ready(cycle, commune, an, moment, name="Mật ong rừng Nà Tấu", case_type="first"):
    """A dossier that waits for the commune's leader to sign."""
    with clock.at(moment):
        dossier = open_dossier(cycle, commune, an, name, case_type=case_type)
        return stand(dossier, S.COMMUNE_CHECKED, stars=None, points_sum=None, sheets=None)


def propose(dossier, chi, moment, paper=None):
    with clock.at(moment):
        paper = paper or records.request(number=f"{dossier.pk}/TTr-UBND")
        doors.complete(open_task(dossier), "forward_to_province", by=chi, paper=paper)
    dossier.refresh_from_db(fields=["moved_at"])
    return dossier


def clock_of(dossier):
    return dossier.terms.live().filter(code="D3").first()


@pytest.mark.parametrize(
    ("day", "number", "due_on"),
    [
        ((2026, 1, 5), 1, date(2026, 6, 29)),
        ((2026, 4, 29), 1, date(2026, 6, 29)),
        ((2026, 4, 30), 2, date(2026, 12, 29)),
        ((2026, 10, 29), 2, date(2026, 12, 29)),
        ((2026, 10, 30), None, None),
    ],
)
def test_a_dossier_knows_its_batch_by_the_day_of_the_commune_s_paper(
    cycle, batches, commune, an, chi, day, number, due_on
):
    dossier = propose(ready(cycle, commune, an, at(2026, 1, 4)), chi, at(*day, 16))
    batch = dossier.batch()
    assert (batch and batch.number) == number
    running = clock_of(dossier)
    assert (running and running.due_on) == due_on
    assert running is None or (running.legal, running.original_due_on) == (True, due_on)


@pytest.mark.parametrize("planned", [True, False])
def test_a_year_without_any_batch_is_not_said_to_be_over(planned, request, cycle, commune, an, chi):
    if planned:
        request.getfixturevalue("batches")
    propose(ready(cycle, commune, an, at(2026, 1, 4)), chi, at(2026, 10, 30, 16))
    client = Client()
    client.force_login(chi)
    (dossier,) = cycle.dossiers.all()
    page = client.get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
    said = ["năm này chưa có đợt nào trong kế hoạch", "sau đợt cuối của năm"]
    assert [words in page for words in said] == [not planned, planned]


@pytest.mark.parametrize("confirmed", [(2026, 4, 20), (2026, 5, 5)])
@pytest.mark.parametrize(
    ("signed", "number", "due_on"),
    [((2026, 4, 29), 1, date(2026, 6, 29)), ((2026, 4, 30), 2, date(2026, 12, 29))],
)
def test_the_paper_counts_and_not_the_day_it_was_typed(
    cycle, batches, commune, an, chi, confirmed, signed, number, due_on
):
    """Entered on 5/5, on which the acts before it may have been typed too."""
    with clock.at(at(2026, 4, 1)):
        dossier = open_dossier(cycle, commune, an)
        dossier = stand(dossier, S.DOSSIER_SUBMITTED, stars=None, points_sum=None, sheets=None)
        for kind in dossier.rule_set.compulsory("first"):
            doors.act(dossier.process, "attach_evidence", by=an, record=records.paper(kind))
    with clock.at(at(*confirmed)):
        doors.complete(
            open_task(dossier), "confirm_dossier", by=an, record=records.commune_report()
        )
    paper = records.signed_paper(signed_on=date(*signed), signer="Quàng Văn Chi")
    dossier = propose(dossier, chi, at(2026, 5, 5, 10), paper)
    assert (dossier.batch().number, clock_of(dossier).due_on) == (number, due_on)
    of = [each for each in batches if each.number == number]
    assert list(years.dossiers_of(of[0], type(dossier).objects.all())) == [dossier]
    (other,) = set(batches) - set(of)
    assert not years.dossiers_of(other, type(dossier).objects.all()).exists()
    client = Client()
    client.force_login(chi)
    page = client.get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
    assert f"<dt>Xã đề nghị</dt> <dd> {date(*signed):%d/%m/%Y}" in " ".join(page.split())


def test_a_later_return_does_not_move_it(cycle, batches, commune, an, chi, minh):
    dossier = propose(ready(cycle, commune, an, at(2026, 4, 1)), chi, at(2026, 4, 20))
    with clock.at(at(2026, 4, 28)):
        doors.complete(open_task(dossier), "return_for_supplement", by=minh, reason="Thiếu nhãn")
    assert clock_of(dossier).due_on == date(2026, 6, 29)
    with clock.at(at(2026, 5, 20)):
        for kind in dossier.rule_set.compulsory("first"):
            doors.act(dossier.process, "attach_evidence", by=an, record=records.paper(kind))
        doors.complete(open_task(dossier), "supplement", by=an)
    assert dossier.batch().number == 1
    assert clock_of(dossier).due_on == date(2026, 6, 29)


def test_a_second_forwarding_does_not_move_it(cycle, batches, commune, an, chi):
    dossier = propose(ready(cycle, commune, an, at(2026, 4, 1)), chi, at(2026, 4, 20))
    # Returned for supplement as far as the commune, and sent up by it again.
    with clock.at(at(2026, 5, 10)):
        stand(dossier, S.COMMUNE_CHECKED, stars=None, points_sum=None, sheets=None)
    again = records.request(
        number="99/TTr-UBND", scan=records.scan("another"), signed_on=date(2026, 5, 20)
    )
    dossier = propose(dossier, chi, at(2026, 5, 20), again)
    assert dossier.history.filter(event="dossier.forward_to_province").count() == 2
    assert (dossier.batch().number, clock_of(dossier).due_on) == (1, date(2026, 6, 29))
    assert list(years.dossiers_of(batches[0], type(dossier).objects.all())) == [dossier]
    assert not years.dossiers_of(batches[1], type(dossier).objects.all()).exists()


def test_a_dossier_of_three_levels_takes_no_batch_of_the_province(rule_sets, old_commune, an, hung):
    """Its commune proposes to the district: the days of a district's batch are its own."""
    year = open_cycle(rule_sets["qd1048_2019"], 2022)
    days = {"propose_by": date(2022, 4, 29), "decide_by": date(2022, 6, 29)}
    of_province = Batch.objects.create(cycle=year, number=1, name="Đợt 1", **days)
    with clock.at(at(2022, 3, 1)):
        dossier = stand(
            open_dossier(year, old_commune, an), S.COMMUNE_CHECKED,
            stars=None, points_sum=None, sheets=None,
        )  # fmt: skip
    leader = person("pon", "Lò Văn Pồn", ("leader", old_commune))
    with clock.at(at(2022, 3, 10)):
        doors.complete(open_task(dossier), "forward_to_district", by=leader)
    assert dossier.proposed() is not None
    assert (dossier.batch(), clock_of(dossier)) == (None, None)
    days = {"propose_by": date(2022, 3, 31), "decide_by": date(2022, 5, 31)}
    own = Batch.objects.create(cycle=year, number=1, level="district", name="Đợt 1", **days)
    assert dossier.batch() == own != of_province
    # What the district sends on later is not what its commune proposed.
    with clock.at(at(2022, 5, 10)):
        dossier = stand(Dossier.objects.get(pk=dossier.pk), S.DISTRICT_RANKED)
        doors.complete(open_task(dossier), "forward_to_province", by=hung)
    dossier = Dossier.objects.get(pk=dossier.pk)
    assert dossier.proposed().day == date(2022, 3, 10)
    assert dossier.batch() == own
    assert list(years.dossiers_of(own, Dossier.objects.all())) == [dossier]


def test_the_list_of_a_batch_has_it_too_and_a_reevaluation_belongs_to_none(
    cycle, batches, commune, an, chi
):
    first = propose(ready(cycle, commune, an, at(2026, 4, 1)), chi, at(2026, 4, 29))
    again = propose(
        ready(cycle, commune, an, at(2026, 4, 1), "Trà", "reevaluation"), chi, at(2026, 4, 20)
    )
    model = type(first)
    assert list(years.dossiers_of(batches[0], model.objects.all())) == [first]
    assert not years.dossiers_of(batches[1], model.objects.all()).exists()
    assert again.batch() is None
    assert clock_of(again) is None


@pytest.mark.parametrize(("reading", "after_ranking"), [("decision", True), ("closing", False)])
def test_what_must_fall_before_the_day_is_the_province_s_reading(
    cycle, batches, commune, an, chi, minh, thu, reading, after_ranking
):
    """The decision, by default; or only the council's closing."""
    if reading != "decision":
        judging.read_as("batch_end", reading, by=minh)
    dossier = propose(ready(cycle, commune, an, at(2026, 4, 1)), chi, at(2026, 4, 20))
    with clock.at(at(2026, 5, 4)):
        doors.complete(open_task(dossier), "accept_at_province", by=minh)
        assert clock_of(dossier) is not None
        doors.complete(
            open_task(dossier),
            "rank",
            by=thu,
            paper=records.signed_paper(),
            record=records.evaluation(),
        )
    assert (clock_of(dossier) is not None) == after_ranking


def test_the_decision_ends_it(cycle, batches, commune, an, chi, minh, son, thu):
    dossier = propose(ready(cycle, commune, an, at(2026, 4, 1)), chi, at(2026, 4, 20))
    dossier = stand(dossier, S.AWAITING_DECISION)
    assert clock_of(dossier) is not None
    with clock.at(at(2026, 5, 4)):
        doors.complete(
            open_task(dossier),
            "certify",
            by=son,
            paper=records.signed_paper(),
            record=records.certificate(),
        )
    assert clock_of(dossier) is None


def test_the_clock_follows_the_day_of_its_batch(cycle, batches, commune, an, chi, minh):
    dossier = propose(ready(cycle, commune, an, at(2026, 4, 1)), chi, at(2026, 4, 20))
    batch = batches[0]
    batch.decide_by = date(2026, 6, 19)
    with clock.at(at(2026, 5, 4)):
        add(batch, plan_paper(), minh)
    term = clock_of(dossier)
    assert (term.due_on, term.original_due_on) == (date(2026, 6, 19), date(2026, 6, 29))
    assert "term.of_batch" in dossier.history.values_list("event", flat=True)


@pytest.mark.parametrize("change", ["a batch more", "an earlier last day"])
def test_a_change_of_the_batches_starts_and_stops_clocks_at_once(
    cycle, batches, commune, an, chi, minh, province, change
):
    day = at(2026, 11, 3) if change == "a batch more" else at(2026, 10, 20)
    dossier = propose(ready(cycle, commune, an, at(2026, 4, 1)), chi, day)
    assert (clock_of(dossier) is None) == (change == "a batch more")
    with clock.at(at(2026, 11, 4)):
        if change == "a batch more":
            Regulation.objects.create(
                org_unit=province,
                basis=judging.recorded(judging.decided("3/QĐ-UBND", date(2026, 1, 1)), province),
                valid_from=date(2026, 1, 1),
                batches=3,
            )
            more = third(cycle)
            more.propose_by, more.decide_by = date(2026, 11, 10), date(2026, 12, 25)
            add(more, plan_paper(), minh)
        else:
            batches[1].propose_by = date(2026, 10, 15)
            add(batches[1], plan_paper(), minh)
    running = clock_of(dossier)
    batch = dossier.batch()
    assert (running and running.due_on) == (batch and batch.decide_by)
    assert (batch and batch.decide_by) == (date(2026, 12, 25) if change == "a batch more" else None)


def test_a_reading_of_the_batch_s_day_stops_and_starts_clocks_at_once(
    cycle, batches, commune, an, chi, minh
):
    dossier = propose(ready(cycle, commune, an, at(2026, 4, 1)), chi, at(2026, 4, 20))
    stand(dossier, S.RANKED)
    with clock.at(at(2026, 6, 1)):
        years.read({"batch_end": "closing"}, document=judging.paper("7/QĐ-UBND"), by=minh)
        assert clock_of(dossier) is None
        years.read({"batch_end": "decision"}, document=judging.paper("8/QĐ-UBND"), by=minh)
    assert clock_of(dossier).due_on == date(2026, 6, 29)


# --- Đ.7.6.g: 45 days from the complete dossier ---------------------------------------------


@pytest.fixture
@kept
def given(cycle_of_three, old_commune, an, son):
    """A certificate until 1/3/2027: filed again from 2/9 to 1/11/2026."""
    return certify(cycle_of_three, old_commune, an, son, at(2024, 3, 1), number="12/GCN")


def d7(dossier):
    return dossier.terms.live().filter(code="D7").first()


def came(given, cycle, commune, an, chi):
    """A re-evaluation that the commune sent on Sunday 20/9/2026."""
    dossier = file_anew(given, cycle, commune, an, at(2026, 9, 10))
    with clock.at(at(2026, 9, 20)):
        doors.complete(
            open_task(dossier), "confirm_dossier", by=an, record=records.commune_report()
        )
        sent_up(dossier, chi)
    return dossier


def test_the_45_days_run_from_receipt_and_not_from_the_office_s_acceptance(
    given, cycle, commune, an, chi, minh
):
    dossier = came(given, cycle, commune, an, chi)
    assert d7(dossier).due_on == date(2026, 11, 4)
    with clock.at(at(2026, 10, 30)):
        doors.complete(open_task(dossier), "accept_at_province", by=minh)
    assert d7(dossier).due_on == date(2026, 11, 4)


def test_they_run_from_the_right_day_of_a_request_that_was_typed_wrong(
    given, cycle, commune, an, chi
):
    dossier = came(given, cycle, commune, an, chi)
    term = d7(dossier)
    for day, due_on in ((date(2026, 9, 18), date(2026, 11, 2)), (date(2026, 9, 20), term.due_on)):
        with clock.at(at(2026, 9, 22)):
            paper = dossier.officialdocuments.get()
            papers.correct(paper, by=chi, reason="Gõ nhầm", signed_on=day)
        assert (d7(dossier).pk, d7(dossier).due_on) == (term.pk, due_on)
        assert d7(dossier).original_due_on == term.due_on
    moved = dossier.history.filter(event="term.of_paper").order_by("seq")
    assert [(each.data["before"], each.data["after"]) for each in moved] == [
        ("2026-11-04", "2026-11-02"), ("2026-11-02", "2026-11-04"),
    ]  # fmt: skip


def test_a_return_moves_their_start_and_both_days_are_kept(given, cycle, commune, an, chi, minh):
    dossier = came(given, cycle, commune, an, chi)
    with clock.at(at(2026, 9, 25)):
        doors.complete(open_task(dossier), "return_for_supplement", by=minh, reason="Thiếu nhãn")
    assert d7(dossier) is None
    with clock.at(at(2026, 10, 12)):
        doors.complete(open_task(dossier), "supplement", by=an)
    assert d7(dossier).due_on == date(2026, 11, 26)
    client = Client()
    client.force_login(minh)
    page = client.get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
    words = " ".join(page.split())
    assert "<dt>Xã đề nghị</dt>" in words
    assert "20/09/2026" in words
    assert "<dt>Nhận hồ sơ đầy đủ</dt><dd>12/10/2026</dd>" in words


def test_they_run_from_the_day_of_the_paper(given, cycle, commune, an, chi):
    """Typed on 20/9, the commune's report too; signed on 18/9."""
    dossier = file_anew(given, cycle, commune, an, at(2026, 9, 10))
    with clock.at(at(2026, 9, 20)):
        doors.complete(
            open_task(dossier), "confirm_dossier", by=an, record=records.commune_report()
        )
        paper = records.signed_paper(signed_on=date(2026, 9, 18), signer="Quàng Văn Chi")
        doors.complete(open_task(dossier), "forward_to_province", by=chi, paper=paper)
    assert d7(dossier).due_on == date(2026, 11, 2)


def test_what_a_reopened_round_brings_back_has_its_45_days_again(
    given, cycle, commune, an, chi, minh, son
):
    dossier = stand(came(given, cycle, commune, an, chi), S.AWAITING_DECISION)
    with clock.at(at(2026, 10, 1)):
        doors.complete(
            open_task(dossier), "not_recognise", by=son, paper=records.signed_paper(),
            reason="Không đạt",
        )  # fmt: skip
        assert d7(dossier) is None
    with clock.at(at(2026, 10, 5)):
        dossier = type(dossier).objects.get(pk=dossier.pk)
        doors.act(dossier.process, "judge_again", by=minh, authority=authority(dossier, minh))
    assert d7(dossier).due_on == date(2026, 11, 4)


@pytest.mark.parametrize("case_type", ["first", "reevaluation"])
def test_what_the_centre_gave_back_is_evaluated_again_in_the_days_it_has(
    batches, given, cycle, commune, an, chi, minh, son, case_type
):
    """Asked of the centre in time, before its batch's day; evaluated again long after it."""
    if case_type == "first":
        dossier = propose(ready(cycle, commune, an, at(2026, 4, 1)), chi, at(2026, 4, 20))
        asked, again = at(2026, 6, 20), at(2026, 9, 20)
    else:
        dossier = came(given, cycle, commune, an, chi)
        asked, again = at(2026, 10, 20), at(2026, 12, 20)
    dossier = stand(dossier, S.AWAITING_DECISION, stars=5, points_sum="650")
    with clock.at(asked):
        approved(dossier, minh)
        doors.complete(open_task(dossier), "nominate", by=son, paper=records.signed_paper())
    with clock.at(again):
        doors.complete(
            open_task(dossier), "record_centre_result", by=minh, paper=records.ministry_paper(),
            record=records.evaluation("616", 7, stars=4),
        )  # fmt: skip
        assert clock_of(dossier) is None
        doors.complete(open_task(dossier), "propose_recognition", by=minh)
        doors.complete(
            open_task(dossier), "evaluate_again", by=son, paper=records.signed_paper(),
            reason="Theo văn bản",
        )  # fmt: skip
    assert clock_of(dossier) is None
    running = d7(dossier)
    assert (running and running.due_on) == (
        date(2027, 2, 3) if case_type == "reevaluation" else None
    )
    # Decided, and the round reopened: the same days.
    dossier = refuse(Dossier.objects.get(pk=dossier.pk), son, 2027, 1, 5)
    assert d7(dossier) is None
    with clock.at(at(2027, 1, 8)):
        dossier = Dossier.objects.get(pk=dossier.pk)
        doors.act(dossier.process, "judge_again", by=minh, authority=authority(dossier, minh))
    again = d7(dossier)
    assert (again and again.due_on) == (running and running.due_on)


def test_what_is_proposed_anew_in_another_year_is_to_be_decided_anew(
    rule_sets, batches, cycle, commune, an, chi, minh, son
):
    """The centre was asked in the first year: that answers nothing of the second."""
    dossier = propose(ready(cycle, commune, an, at(2026, 4, 1)), chi, at(2026, 4, 20))
    dossier = stand(dossier, S.AWAITING_DECISION, stars=5, points_sum="650")
    with clock.at(at(2026, 6, 20)):
        approved(dossier, minh)
        doors.complete(open_task(dossier), "nominate", by=son, paper=records.signed_paper())
    dossier = refuse(Dossier.objects.get(pk=dossier.pk), son, 2026, 11, 5)
    following = open_cycle(rule_sets["qd26_2026"], 2027)
    Batch.objects.bulk_create(years.law_batches(following))
    with clock.at(at(2027, 1, 5)):
        doors.act(dossier.process, "reopen", by=an, reason="Làm tiếp", cycle=following)
        dossier = Dossier.objects.get(pk=dossier.pk)
        assert dossier.cycle == following
        dossier = stand(dossier, S.COMMUNE_CHECKED, stars=None, points_sum=None, sheets=None)
    paper = records.request(
        number="9/TTr-UBND", scan=records.scan("of 2027"), signed_on=date(2027, 2, 1)
    )
    dossier = propose(dossier, chi, at(2027, 2, 1), paper)
    assert clock_of(dossier).due_on == date(2027, 6, 29)


def test_what_is_sent_back_to_the_commune_starts_nothing(given, cycle, commune, an, chi):
    dossier = file_anew(given, cycle, commune, an, at(2026, 9, 10))
    with clock.at(at(2026, 9, 12)):
        doors.complete(open_task(dossier), "return_for_supplement", by=an, reason="Thiếu nhãn")
        doors.complete(open_task(dossier), "supplement", by=an)
    assert d7(dossier) is None


def test_the_ministry_s_own_45_days_are_shown(given, cycle, commune, an, chi, minh, son):
    dossier = came(given, cycle, commune, an, chi)
    dossier = stand(dossier, S.AWAITING_DECISION, stars=5, points_sum="650")
    with clock.at(at(2026, 10, 20)):
        approved(dossier, minh)
        doors.complete(open_task(dossier), "nominate", by=son, paper=records.signed_paper())
    client = Client()
    client.force_login(minh)
    page = client.get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
    assert "có 45 ngày, đến hết 04/12/2026" in " ".join(page.split())
    assert d7(dossier) is None


# --- Đ.7.6.a: filed between 180 and 120 days before the end ---------------------------------


def assembled(given, cycle, commune, an, moment):
    """A re-evaluation that is ready to be filed."""
    with clock.at(moment):
        dossier = type(given.dossier)(
            cycle=cycle,
            product=moved_to(commune, given.dossier.product),
            commune=commune,
            case_type="reevaluation",
        )
        doors.open(dossier, by=an)
        doors.act(
            dossier.process, "enter_late", by=an, entered_as="reevaluation", reason="Sắp hết hạn"
        )
        for kind in dossier.rule_set.compulsory("reevaluation"):
            doors.act(dossier.process, "attach_evidence", by=an, record=records.paper(kind))
    return dossier


def file(dossier, an, moment, **given):
    with clock.at(moment):
        doors.complete(
            open_task(dossier), "submit_dossier", by=an, record=records.self_assessment(), **given
        )


def counted(year, code, an):
    """One filing of ``year`` needed a reason: in its report, printed or for machines, and page."""
    assert CycleReport(year).outside() == dict.fromkeys(questions(), 0) | {code: 1}
    printed = StringIO()
    call_command("cycle_report", year.year, title=year.title, stdout=printed)
    label = questions()[code]
    assert f"{label}: 1" in printed.getvalue()
    printed = StringIO()
    call_command("cycle_report", year.year, "--json", title=year.title, stdout=printed)
    assert json.loads(printed.getvalue())["outside"][code] == 1
    client = Client()
    client.force_login(an)
    page = client.get(reverse("dossiers:cycle", args=[year.pk])).content.decode()
    assert f"<dt>{label}</dt> <dd> 1 hồ sơ </dd>" in " ".join(page.split())


def test_every_question_of_an_act_has_its_own_line_in_the_report():
    asked = {each for act in ACTS.values() for each in act.asks}
    assert len({each.code for each in asked}) == len(asked) == len(questions())
    assert len({str(label) for label in questions().values()}) == len(asked)


@pytest.mark.parametrize("day", [(2026, 9, 2), (2026, 10, 1), (2026, 11, 1)])
def test_in_its_days_it_is_filed_without_a_reason(given, cycle, commune, an, day):
    dossier = assembled(given, cycle, commune, an, at(2026, 8, 1))
    file(dossier, an, at(*day))
    assert "outside" not in dossier.history.last().data


@pytest.mark.parametrize(
    ("day", "word"),
    [((2026, 9, 1), "sớm"), ((2026, 11, 2), "muộn"), ((2027, 5, 3), "muộn")],
)
def test_outside_its_days_it_needs_a_reason_and_is_counted(given, cycle, commune, an, day, word):
    dossier = assembled(given, cycle, commune, an, at(2026, 8, 1))
    with pytest.raises(ConditionNotMet) as refused:
        file(dossier, an, at(*day))
    assert str(refused.value) == (
        f"Nộp {word} hơn thời gian nộp hồ sơ đánh giá lại (02/09/2026–01/11/2026): hãy nêu lý do."
    )
    file(dossier, an, at(*day), reason="Chủ thể ốm dài ngày")
    entry = dossier.history.filter(event="dossier.submit_dossier").get()
    assert (entry.data["outside"], entry.reason) == (["D6"], "Chủ thể ốm dài ngày")
    counted(cycle, "D6", an)


@pytest.mark.parametrize(
    ("issued", "day", "asked"),
    [
        # Until 1/8/2026: its days were over as the law came, and 180 days later is 28/1/2027.
        ((2023, 8, 1), (2026, 6, 1), False),
        ((2023, 8, 1), (2027, 1, 28), False),
        ((2023, 8, 1), (2027, 1, 29), True),
        ((2023, 8, 1), (2027, 2, 10), True),
        # Ended on the first day of the law; and before it, when there is nothing to go on with.
        ((2023, 5, 22), (2026, 6, 1), False),
        ((2023, 5, 21), (2026, 6, 1), True),
        ((2022, 3, 1), (2026, 11, 2), True),
    ],
)
def test_days_that_nobody_could_meet_are_not_asked_for_while_the_transition_lasts(
    cycle_of_three, old_commune, cycle, commune, an, son, issued, day, asked
):
    given = certify(cycle_of_three, old_commune, an, son, at(*issued), number="12/GCN")
    dossier = assembled(given, cycle, commune, an, at(2026, 6, 1))
    if asked:
        with pytest.raises(ConditionNotMet, match="Nộp muộn hơn"):
            file(dossier, an, at(*day))
        file(dossier, an, at(*day), reason="Chủ thể ngừng sản xuất một thời gian")
    else:
        file(dossier, an, at(*day))
    entry = dossier.history.filter(event="dossier.submit_dossier").get()
    assert entry.data.get("outside") == (["D6"] if asked else None)


def test_days_that_had_begun_before_the_law_are_not_asked_for_where_that_is_the_reading(
    cycle_of_three, old_commune, cycle, commune, an, minh, son
):
    # Until 19/9/2026: its days to file were 23/3 to 22/5, the day on which the law came.
    given = certify(cycle_of_three, old_commune, an, son, at(2023, 9, 19), number="12/GCN")
    dossier = assembled(given, cycle, commune, an, at(2026, 6, 1))
    with pytest.raises(ConditionNotMet, match="Nộp muộn hơn"):
        file(dossier, an, at(2026, 7, 1))
    judging.read_as("missed_window", "begun", by=minh)
    file(dossier, an, at(2026, 7, 1))
    assert "outside" not in dossier.history.filter(event="dossier.submit_dossier").get().data


def test_the_page_asks_for_the_reason_at_its_field(given, cycle, commune, an):
    dossier = assembled(given, cycle, commune, an, at(2026, 8, 1))
    client = Client()
    client.force_login(an)
    with clock.at(at(2026, 11, 20)):
        page = client.get(reverse("dossiers:task", args=[open_task(dossier).pk]))
    words = " ".join(page.content.decode().split())
    assert "từ 02/09/2026 đến hết 01/11/2026" in words
    assert "Nộp muộn hơn thời gian nộp hồ sơ đánh giá lại" in words
    for asked in ("why", "until", "reason"):
        assert f'name="submit_dossier-reason-{asked}"' in words


# --- Đ.12: which law on the day it is filed -------------------------------------------------


@pytest.mark.parametrize(
    ("edition", "day", "said"),
    [
        ("qd26_2026", (2026, 5, 21), "chưa có hiệu lực ngày 21/05/2026"),
        ("qd26_2026", (2026, 5, 22), None),
        ("qd1048_2019", (2023, 2, 23), None),
        ("qd1048_2019", (2026, 3, 2), "đã hết hiệu lực ngày 02/03/2026"),
    ],
)
def test_a_law_that_is_not_in_force_on_the_day_of_filing_is_said_and_needs_a_reason(
    rule_sets, commune, old_commune, an, edition, day, said
):
    law = rule_sets[edition]
    year = open_cycle(law, day[0], "Chu trình của bộ quy định")
    where = old_commune if law.has_district else commune
    with clock.at(at(*day)):
        dossier = stand(open_dossier(year, where, an), S.ASSEMBLING)
        for kind in law.compulsory("first"):
            doors.act(dossier.process, "attach_evidence", by=an, record=records.paper(kind))
        if said is None:
            file(dossier, an, at(*day))
            return
    with pytest.raises(ConditionNotMet, match=said):
        file(dossier, an, at(*day))
    file(dossier, an, at(*day), reason="Quy định chuyển tiếp")
    assert dossier.history.last().data["outside"] == ["edition"]
    counted(year, "edition", an)


# --- Đ.12.3: the transition ------------------------------------------------------------------

#: Its days to file (180 to 120 before) were over by 22/5/2026; 180 days later is 28/1/2027.
ENDS, AT_MOST = date(2026, 8, 1), date(2027, 1, 28)


@pytest.fixture
@kept
def old(cycle_of_three, old_commune, an, son):
    return certify(cycle_of_three, old_commune, an, son, at(2023, 8, 1), number="7/GCN")


def until(certificate):
    return Certificate.objects.with_validity().get(pk=certificate.pk).validity.until


def standing(certificate, day):
    return Certificate.objects.with_validity().get(pk=certificate.pk).standing(day)


@pytest.mark.parametrize(
    ("reading", "filed", "holds_until"),
    [
        ("by_day_180", None, ENDS),
        ("by_day_180", (2026, 7, 20), AT_MOST),
        ("by_day_180", (2026, 8, 2), AT_MOST),
        ("by_day_180", (2027, 1, 28), AT_MOST),
        ("by_day_180", (2027, 1, 29), ENDS),
        ("before_expiry", None, ENDS),
        ("before_expiry", (2026, 8, 1), AT_MOST),
        ("before_expiry", (2026, 8, 2), ENDS),
        ("no_filing", None, AT_MOST),
        ("no_filing", (2026, 7, 20), AT_MOST),
    ],
)
def test_how_long_an_old_certificate_holds_is_the_province_s_reading(
    old, cycle, commune, an, minh, reading, filed, holds_until
):
    if reading != "by_day_180":
        judging.read_as("stays_valid", reading, by=minh)
    if filed:
        file_anew(old, cycle, commune, an, at(*filed))
    assert until(old) == holds_until


def test_the_clock_of_a_certificate_follows_the_reading_at_once(old, minh):
    def due_on():
        return old.terms.get().due_on

    assert due_on() == ENDS
    with clock.at(at(2026, 6, 1)):
        years.read({"stays_valid": "no_filing"}, document=judging.paper("7/QĐ-UBND"), by=minh)
        assert due_on() == until(old) == AT_MOST
        years.read({"stays_valid": "by_day_180"}, document=judging.paper("8/QĐ-UBND"), by=minh)
        assert due_on() == until(old) == ENDS


def test_a_certificate_entered_after_the_reading_has_its_clock_by_it(
    cycle_of_three, old_commune, an, minh, son
):
    judging.read_as("stays_valid", "no_filing", by=minh)
    given = certify(cycle_of_three, old_commune, an, son, at(2023, 8, 1), number="7/GCN")
    assert given.terms.get().due_on == until(given) == AT_MOST


def test_an_upgrade_prolongs_nothing(old, cycle, commune, an):
    file_anew(old, cycle, commune, an, at(2026, 7, 20), "upgrade")
    assert until(old) == ENDS


def test_a_result_ends_it_without_a_filing_too(old, cycle, commune, an, minh, son):
    judging.read_as("stays_valid", "no_filing", by=minh)
    dossier = stand(file_anew(old, cycle, commune, an, at(2026, 7, 20)), S.AWAITING_DECISION)
    with clock.at(at(2026, 9, 10)):
        doors.complete(
            open_task(dossier),
            "not_recognise",
            by=son,
            paper=records.signed_paper(),
            reason="Không đạt",
        )
    assert until(old) == date(2026, 9, 10)


def refuse(dossier, by, *day):
    dossier = stand(dossier, S.AWAITING_DECISION)
    with clock.at(at(*day)):
        doors.complete(
            open_task(dossier),
            "not_recognise",
            by=by,
            paper=records.signed_paper(),
            reason="Không đạt",
        )
    return dossier


@pytest.mark.parametrize("then", ["filed again", "deferred", "reopened and filed", "upgraded"])
@pytest.mark.parametrize(
    ("reading", "last"),
    [(reading, date(2026, 9, 10)) for reading in ("by_day_180", "before_expiry", "no_filing")],
)
def test_after_the_result_nothing_prolongs_it_again(
    old, cycle, commune, an, minh, son, reading, last, then
):
    if reading != "by_day_180":
        judging.read_as("stays_valid", reading, by=minh)
    dossier = refuse(file_anew(old, cycle, commune, an, at(2026, 7, 20)), son, 2026, 9, 10)
    if then == "filed again":
        file_anew(old, cycle, commune, an, at(2026, 10, 1))
    elif then == "upgraded":
        file_anew(old, cycle, commune, an, at(2026, 10, 1), "upgrade")
    else:
        with clock.at(at(2026, 10, 1)):
            act = "defer" if then == "deferred" else "reopen"
            doors.act(dossier.process, act, by=an, reason="Làm tiếp")
            if then != "deferred":
                file(dossier, an, at(2026, 10, 1), reason="Làm tiếp")
    assert until(old) == last
    assert standing(old, date(2026, 10, 2)) == "expired"
    with clock.at(at(2026, 10, 2)):
        words = main(see(old.get_absolute_url()))
    assert "Đã hết hạn" in words and "đến khi có kết quả đánh giá lại, ngày 10/09/2026" in words
    assert old.terms.get().due_on == last


@pytest.mark.parametrize("reading", ["by_day_180", "before_expiry"])
def test_what_the_council_takes_up_again_was_filed_on_its_first_day(
    old, cycle, commune, an, minh, son, reading
):
    if reading != "by_day_180":
        judging.read_as("stays_valid", reading, by=minh)
    dossier = refuse(file_anew(old, cycle, commune, an, at(2026, 7, 20)), son, 2026, 9, 10)
    with clock.at(at(2027, 2, 15)):
        dossier = type(dossier).objects.get(pk=dossier.pk)
        doors.act(dossier.process, "judge_again", by=minh, authority=authority(dossier, minh))
    found = Certificate.objects.with_validity().get(pk=old.pk).validity
    assert (found.until, found.filed_on) == (date(2027, 1, 28), date(2026, 7, 20))


def test_what_the_ministry_ordered_ends_it_with_its_result(given, cycle, commune, an, minh, son):
    """Đ.10.1.b: valid until the result, though its own days are not over."""

    def after_refusing(*day):
        filed = file_anew(given, cycle, commune, an, at(*day) - timedelta(days=2))
        refuse(filed, son, *day)
        return standing(given, date(*day) + timedelta(days=1))

    assert after_refusing(2026, 9, 3) == "valid"
    with clock.at(at(2026, 9, 5)):
        doors.act(
            given.dossier.process,
            "order_evaluation",
            by=minh,
            paper=records.ministry_paper(),
            reason="Kết luận kiểm tra của Bộ",
        )
    # What was refused before the order is not its result.
    assert standing(given, date(2026, 9, 6)) == "valid"
    assert after_refusing(2026, 9, 20) == "expired"
    assert standing(given, date(2026, 9, 20)) == "valid"
    assert (until(given), given.terms.get().due_on) == (date(2026, 9, 20),) * 2
    with clock.at(at(2026, 9, 21)):
        assert "theo yêu cầu của Bộ, ngày 20/09/2026" in main(see(given.get_absolute_url()))


def order(given, minh, *signed, typed=None):
    """The ministry's order of that day of 2026, recorded on the day ``typed``."""
    with clock.at(at(2026, *(typed or signed), 10)):
        paper = records.ministry_paper(signed_on=date(2026, *signed))
        about = {"paper": paper, "reason": "Kết luận kiểm tra của Bộ"}
        doors.act(given.dossier.process, "order_evaluation", by=minh, **about)


#: What the ministry ordered, by (signed, typed), (filed, refused) -> whether that is its result.
ORDERS = {
    "filed after it, refused": ((9, 5), (9, 5), (9, 18), (9, 20), True),
    "filed on its day, refused": ((9, 5), (9, 5), (9, 5), (9, 20), True),
    "filed before it, refused after it": ((9, 5), (9, 5), (9, 3), (9, 20), False),
    "filed and refused before it": ((9, 5), (9, 5), (9, 2), (9, 4), False),
    "typed late, filed after it": ((9, 5), (9, 25), (9, 10), (9, 20), True),
    "typed late, filed before it": ((9, 5), (9, 25), (9, 3), (9, 20), False),
}


@pytest.mark.parametrize("case", ORDERS)
def test_the_result_of_an_order_is_told_the_same_everywhere(
    given, cycle, commune, an, minh, son, case
):
    """A dossier of its own, filed no earlier than the order was signed, whenever it was typed."""
    signed, typed, filed, refused, its = ORDERS[case]
    own, result = date(2027, 3, 1), date(2026, *refused)
    steps = [
        (typed, lambda: order(given, minh, *signed, typed=typed)),
        (filed, lambda: dossiers.append(file_anew(given, cycle, commune, an, at(2026, *filed)))),
        (refused, lambda: refuse(dossiers[0], son, 2026, *refused)),
    ]
    dossiers = []
    for _day, step in sorted(steps, key=lambda each: each[0]):
        step()
    found = Certificate.objects.with_validity().get(pk=given.pk)
    assert (found.validity.until, found.validity.ended_on) == (
        (result, result) if its else (own, None)
    )
    running = given.terms.get()
    assert running.due_on == found.validity.until
    client = Client()
    client.force_login(minh)
    with clock.at(at(2026, 10, 1)):
        looked_up = main(see("/certificates/", number="12/GCN"))
        shown = main(see(given.get_absolute_url()))
        page = client.get(reverse("dossiers:dossier", args=[given.dossier_id])).content.decode()
        why = client.get(reverse("dossiers:term", args=[running.pk])).content.decode()
    page, why = " ".join(page.split()), " ".join(why.split())
    ended = f"Hết giá trị khi có kết quả đánh giá lại theo yêu cầu của Bộ, ngày {result:%d/%m/%Y}."
    for words in (shown, looked_up, page):
        assert (ended in words, "Đã hết hạn" in words) == (its, its)
    # An order knows no days to file.
    assert "Nộp hồ sơ đánh giá lại từ" not in page
    assert ("Bộ yêu cầu đánh giá lại ngày 05/09/2026" in page) is not its
    assert ("có giá trị đến 01/03/2027" in page) is not its
    assert ("theo yêu cầu của Bộ (Điều 10.1.b)" in why) == its
    assert "Điều 12.3" not in why


def test_taken_up_again_by_the_council_it_is_valid_until_its_own_day_again(
    given, cycle, commune, an, minh, son
):
    order(given, minh, 9, 5)
    dossier = refuse(file_anew(given, cycle, commune, an, at(2026, 9, 18)), son, 2026, 9, 20)
    with clock.at(at(2026, 9, 25)):
        dossier = Dossier.objects.get(pk=dossier.pk)
        doors.act(dossier.process, "judge_again", by=minh, authority=authority(dossier, minh))
    running = given.terms.get()
    assert (until(given), running.due_on) == (date(2027, 3, 1),) * 2
    client = Client()
    client.force_login(minh)
    why = client.get(reverse("dossiers:term", args=[running.pk])).content.decode()
    assert "Trở lại ngày ghi trên giấy chứng nhận." in why


@pytest.mark.parametrize("day", [(2026, 8, 1), (2026, 12, 1)])
def test_what_the_ministry_ordered_is_filed_on_any_day(given, cycle, commune, an, minh, day):
    """Neither asked for a reason nor counted: the days of Đ.7.6.a are not an order's."""
    order(given, minh, 7, 15)
    dossier = assembled(given, cycle, commune, an, at(2026, 7, 20))
    file(dossier, an, at(*day))
    assert "outside" not in dossier.history.filter(event="dossier.submit_dossier").get().data
    assert CycleReport(cycle).outside() == dict.fromkeys(questions(), 0)
    client = Client()
    client.force_login(an)
    page = client.get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
    words = " ".join(page.split())
    assert "<dt>Bộ yêu cầu đánh giá lại</dt><dd>15/07/2026</dd>" in words
    assert "Thời gian nộp hồ sơ đánh giá lại" not in words


@pytest.mark.parametrize(
    ("issued", "reading", "prolonged"),
    [
        # Until 18/9/2026: its days to file were over on 21/5. Until 19/9: on 22/5.
        ((2023, 9, 18), "closed", date(2027, 3, 17)),
        ((2023, 9, 19), "closed", None),
        ((2023, 9, 19), "begun", date(2027, 3, 18)),
        ((2023, 11, 17), "begun", date(2027, 5, 16)),
        ((2023, 11, 18), "begun", None),
    ],
)
def test_which_owners_could_not_file_in_time_is_a_reading_too(
    cycle_of_three, old_commune, cycle, commune, an, son, minh, issued, reading, prolonged
):
    given = certify(cycle_of_three, old_commune, an, son, at(*issued), number="8/GCN")
    if reading != "closed":
        judging.read_as("missed_window", reading, by=minh)
    found = Certificate.objects.with_validity().get(pk=given.pk)
    assert found.prolonged_to == prolonged


def test_the_public_page_says_what_is_a_fact(old, cycle, commune, an):
    def page(*day):
        with clock.at(at(*day)):
            return main(see(old.get_absolute_url()))

    assert "Đang có giá trị" in page(2026, 8, 1)
    for fact in (
        "Đã qua thời hạn ghi trên giấy",
        "nhiều nhất hết ngày 28/01/2027",
        "Chưa nộp hồ sơ đánh giá lại.",
        "Chủ thể chịu trách nhiệm",
    ):
        assert fact in page(2026, 8, 2)
    assert "Đã hết hạn" in page(2027, 1, 29)
    file_anew(old, cycle, commune, an, at(2026, 8, 5))
    assert "Hồ sơ đánh giá lại đã nộp ngày 05/08/2026." in page(2026, 8, 6)
    assert "Đang có giá trị" in page(2026, 8, 6)


# --- A certificate has one successor --------------------------------------------------------


def test_a_new_certificate_takes_the_place_of_the_old(given, cycle, commune, an, son):
    dossier = stand(file_anew(given, cycle, commune, an, at(2026, 9, 10)), S.AWAITING_DECISION)
    with clock.at(at(2026, 10, 1)):
        doors.complete(
            open_task(dossier),
            "certify",
            by=son,
            paper=records.signed_paper(number="90/QĐ-UBND"),
            record=records.certificate(number="13/GCN"),
        )
    assert standing(given, date(2026, 9, 30)) == "valid"
    assert standing(given, date(2026, 10, 1)) == "replaced"
    assert standing(dossier.certificates.get(), date(2026, 10, 1)) == "valid"
    with clock.at(at(2026, 10, 2)):
        words = main(see(given.get_absolute_url()))
    assert "Đã được thay bằng giấy chứng nhận mới cấp ngày 01/10/2026" in words
    assert "Đang có giá trị" not in words


# --- QĐ 851: filing a refused idea again ----------------------------------------------------


def test_the_wait_to_file_an_idea_again_is_no_officer_s_lateness(rule_sets, old_commune, binh, an):
    year = open_cycle(rule_sets["qd851_2018"], 2020)
    assert not TermRule.objects.filter(cycle=year, code="D15").exists()
    with clock.at(at(2020, 3, 4)):
        dossier = stand(open_dossier(year, old_commune, binh), S.IDEA_SCREENED)
        doors.complete(open_task(dossier), "not_select_idea", by=binh, reason="Chưa rõ")
        assert not dossier.terms.live().filter(legal=True).exists()
        assert dossier.refile_wait("idea") == date(2020, 3, 11)
    sweep(at(2020, 4, 1))
    assert "term.overdue" not in dossier.history.values_list("event", flat=True)
    client = Client()
    client.force_login(binh)
    with clock.at(at(2020, 3, 5)):
        page = client.get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
    assert "từ 11/03/2020" in page


# --- Đ.6.2.d: the samples -------------------------------------------------------------------


@pytest.fixture
@kept
def at_commune(cycle, commune, an):
    """A dossier that the commune checks."""
    return stand(open_dossier(cycle, commune, an), S.DOSSIER_SUBMITTED, stars=None,
                 points_sum=None, sheets=None)  # fmt: skip


def reported(dossier, an, **fields):
    report = records.commune_report()
    for name, value in fields.items():
        setattr(report, name, value)
    for kind in dossier.rule_set.compulsory(dossier.case_type):
        doors.act(dossier.process, "attach_evidence", by=an, record=records.paper(kind))
    doors.complete(open_task(dossier), "confirm_dossier", by=an, record=report)
    return type(dossier).objects.get(pk=dossier.pk)


@pytest.mark.parametrize(
    ("group", "samples", "lacking"),
    [
        ("food", 5, 0),
        ("food", 0, 5),
        ("drink", 3, 2),
        ("handicraft", 4, 1),
        ("ornamental", 0, 5),
        ("community_tourism", 0, 0),
    ],
)
def test_five_samples_of_every_group_but_tourism(at_commune, an, group, samples, lacking):
    update_as_owner(type(at_commune.product).objects.all(), group=group)
    assert reported(at_commune, an, samples=samples).samples_lacking() == lacking


def test_what_lacks_warns_at_forwarding_and_may_follow_by_a_day_named(at_commune, an, chi):
    dossier = reported(at_commune, an, samples=2, samples_follow_on=date(2027, 3, 1))
    client = Client()
    client.force_login(chi)
    address = reverse("dossiers:task", args=[open_task(dossier).pk])
    words = " ".join(client.get(address).content.decode().split())
    assert "Còn thiếu 3 sản phẩm mẫu: phải đủ trước khi hội đồng mở chấm." in words
    assert "Hẹn nộp ngày 01/03/2027." in words and "Đã quá ngày hẹn" not in words
    with clock.at(at(2027, 3, 2)):
        assert "Đã quá ngày hẹn" in client.get(address).content.decode()
    sent_up(dossier, chi)
    with pytest.raises(ValidationError, match="ít nhất một"):
        doors.act(dossier.process, "record_samples", by=an, record=records.samples(samples=0))
    doors.act(dossier.process, "record_samples", by=an, record=records.samples(samples=50))
    assert dossier.samples_lacking() == 0
    # Typed wrong: what is corrected counts alone, and what was never received counts as none.
    for now, lacking in ((0, 3), (2, 1), (3, 0)):
        old = dossier.samplereceipts.current().get()
        right = records.samples(samples=now, replaces=old)
        doors.act(dossier.process, "correct_samples", by=an, record=right, reason="Gõ nhầm")
        assert dossier.samples_lacking() == lacking


def test_five_again_go_to_the_centre(at_commune, an, minh):
    dossier = reported(at_commune, an)
    dossier = stand(dossier, S.AWAITING_DECISION, stars=5, points_sum="650")
    # Five that came for the province are not the centre's.
    doors.act(dossier.process, "record_samples", by=minh, record=records.samples())
    assert (dossier.samples_lacking(), dossier.samples_lacking(for_centre=True)) == (0, 5)
    client = Client()
    client.force_login(minh)
    words = client.get(reverse("dossiers:dossier", args=[dossier.pk])).content.decode()
    assert "Còn thiếu 5 sản phẩm mẫu gửi trung ương." in " ".join(words.split())
    doors.act(dossier.process, "record_samples", by=minh, record=records.samples(for_centre=True))
    assert dossier.samples_lacking(for_centre=True) == 0


@pytest.mark.parametrize(
    ("group", "came", "reason", "goes"),
    [
        ("food", 0, "", False),
        ("food", 4, "", False),
        ("food", 5, "", True),
        ("food", 0, "chờ bổ sung, hạn {day} (Cam chưa vào mùa)", True),
        ("food", 0, "Cam chưa vào mùa, sẽ gửi mẫu sau", False),
        ("food", 0, "Cam chưa vào mùa, gửi mẫu ngày 20/12/2025", False),
        ("community_tourism", 0, "", True),
    ],
)
def test_without_five_for_the_centre_it_is_asked_when_they_come(
    at_commune, cycle, an, minh, son, group, came, reason, goes
):
    dossier = stand(reported(at_commune, an), S.AWAITING_DECISION, stars=5, points_sum="650")
    update_as_owner(Product.objects.filter(pk=dossier.product_id), group=group)
    approval = records.signed_paper(number="88/QĐ-UBND")
    doors.act(dossier.process, "approve_result", by=minh, paper=approval)
    if came:
        receipt = records.samples(samples=came, for_centre=True)
        doors.act(dossier.process, "record_samples", by=minh, record=receipt)
    dossier.lock()
    asked = {"by": son, "paper": records.signed_paper()}
    client = Client()
    client.force_login(son)
    page = client.get(reverse("dossiers:task", args=[open_task(dossier).pk])).content.decode()
    assert ('name="nominate-reason-reason"' in page) is not (goes and not reason)
    day = clock.today() + timedelta(days=20)
    reason = reason.format(day=f"{day:%d/%m/%Y}")
    if reason and not goes:
        # Fresh and seasonal goods alone may follow, and then by a day named.
        with pytest.raises(ConditionNotMet, match="Hãy ghi ngày sẽ bổ sung"):
            doors.complete(open_task(dossier), "nominate", reason=reason, **asked)
        return
    if not goes:
        with pytest.raises(ConditionNotMet, match=f"Còn thiếu {5 - came} sản phẩm mẫu gửi trung"):
            doors.complete(open_task(dossier), "nominate", **asked)
        return
    doors.complete(open_task(dossier), "nominate", reason=reason, **asked)
    entry = dossier.history.filter(event="dossier.nominate").get()
    assert (entry.reason, entry.data.get("outside")) == (reason, ["samples"] if reason else None)
    if reason:
        counted(cycle, "samples", an)
        page = reverse("dossiers:dossier", args=[dossier.pk])
        said = f"Hẹn gửi ngày {day:%d/%m/%Y}."
        client.force_login(minh)
        assert said in client.get(page).text and "Đã quá ngày hẹn" not in client.get(page).text
        with clock.at(clock.now() + timedelta(days=21)):
            assert said in client.get(page).text and "Đã quá ngày hẹn" in client.get(page).text


def test_five_for_the_centre_are_not_the_councils(at_commune, an):
    dossier = reported(at_commune, an, samples=0)
    doors.act(dossier.process, "record_samples", by=an, record=records.samples(for_centre=True))
    assert (dossier.samples_lacking(), dossier.samples_lacking(for_centre=True)) == (5, 0)


# --- Đ.5.1: more batches than two -----------------------------------------------------------


def third(cycle):
    return Batch(
        cycle=cycle,
        number=3,
        level="province",
        name="Đợt 3",
        propose_by=date(2026, 8, 1),
        decide_by=date(2026, 9, 30),
    )


def plan_paper():
    return PlanPaper(
        document=Document(
            number="9/KH-UBND", signed_on=date(2026, 5, 4), outside="UBND tỉnh",
            signer="Lò Văn Minh", signer_capacity="Phó Chủ tịch",
        )
    )  # fmt: skip


def add(batch, paper, minh):
    change = years.Change(reason="Nhiều sản phẩm")
    return years.save_batch(batch, paper=paper, replan=False, change=change, by=minh)


def test_a_third_batch_needs_the_regulation_and_a_plan(cycle, batches, province, minh):
    with pytest.raises(ValidationError) as refused:
        add(third(cycle), None, minh)
    assert "number" in refused.value.message_dict
    with pytest.raises(ValidationError) as refused:
        add(third(cycle), plan_paper(), minh)
    assert "number_in_year" in refused.value.message_dict
    Regulation.objects.create(
        org_unit=province,
        basis=judging.recorded(judging.decided("3/QĐ-UBND", date(2026, 1, 1)), province),
        valid_from=date(2026, 1, 1),
        batches=3,
    )
    with pytest.raises(ValidationError):
        add(third(cycle), None, minh)
    assert add(third(cycle), plan_paper(), minh).pk


@pytest.mark.parametrize(
    ("field", "day"), [("propose_by", date(2026, 5, 31)), ("decide_by", date(2026, 9, 30))]
)
def test_the_days_of_a_batch_move_on_a_document_and_a_day_past_the_law_is_said(
    client, cycle, batches, commune, an, chi, minh, field, day
):
    dossier = propose(ready(cycle, commune, an, at(2026, 4, 1)), chi, at(2026, 4, 20))
    batch = batches[0]
    assert years.past_the_law(batch) == []
    setattr(batch, field, day)
    with clock.at(at(2026, 5, 4)):
        with pytest.raises(ValidationError) as refused:
            add(batch, None, minh)
        assert "number" in refused.value.message_dict
        add(batch, plan_paper(), minh)
        client.force_login(minh)
        page = client.get(reverse("dossiers:cycle_batch", args=[cycle.pk, batch.pk]))
    law = BEFORE["D2.1" if field == "propose_by" else "D3.1"]
    assert f"{day:%d/%m/%Y} sau ngày {law:%d/%m/%Y} của quy định" in page.content.decode()
    if field == "decide_by":
        moved = clock_of(dossier).events.get(kind="move")
        assert (moved.due_on, moved.basis.number) == (day, "9/KH-UBND")
        page = client.get(reverse("dossiers:term", args=[moved.term_id])).content.decode()
        assert "Dời theo ngày của đợt." in page and "9/KH-UBND" in page


@pytest.mark.parametrize("name", ["propose_by", "decide_by"])
@pytest.mark.parametrize("number", [1, 2])
def test_a_new_batch_past_the_days_of_the_law_needs_a_document(cycle, minh, number, name):
    batch = next(each for each in years.law_batches(cycle) if each.number == number)
    delete_as_owner(cycle.batches)
    setattr(batch, name, getattr(batch, name) + timedelta(days=1))
    with clock.at(at(2026, 5, 4)):
        with pytest.raises(ValidationError) as refused:
            add(batch, None, minh)
        assert "number" in refused.value.message_dict
        add(batch, plan_paper(), minh)
    assert years.past_the_law(batch) != []


def test_a_new_batch_on_the_days_of_the_law_needs_none(cycle, minh):
    [batch, *_more] = years.law_batches(cycle)
    delete_as_owner(cycle.batches)
    with clock.at(at(2026, 1, 4)):
        assert add(batch, None, minh).pk


# --- The readings themselves ----------------------------------------------------------------


def test_a_reading_is_chosen_on_a_document_and_recorded(client, minh, an):
    address = reverse("dossiers:readings")
    client.force_login(an)
    assert client.get(address).status_code == 404
    client.force_login(minh)
    asked = {
        "batch_end": "closing",
        "stays_valid": "by_day_180",
        "missed_window": "closed",
        "number": "theo ý anh Sơn",
        "signed_on": "4/5/2026",
        "body": "UBND tỉnh",
        "signer": "Vừ A Bằng",
        "signer_capacity": "Chủ tịch UBND tỉnh",
    }
    answer = client.post(address, asked)
    assert set(answer.context["form"].errors) == {"number"}
    assert LawReading.of("batch_end") == "decision"
    assert client.post(address, asked | {"number": "7/QĐ-UBND"}).status_code == 302
    assert LawReading.of("batch_end") == "closing"
    basis = LawReading.objects.get().basis
    assert (str(basis), basis.issuer.level) == ("7/QĐ-UBND (04/05/2026)", "province")
    # The same document typed again is that one; with another day it is refused at its field.
    again = asked | {"number": "07/QĐ-UBND", "stays_valid": "no_filing"}
    answer = client.post(address, again | {"signed_on": "5/5/2026"})
    assert set(answer.context["form"].errors) == {"signed_on"}
    assert client.post(address, again).status_code == 302
    assert {each.basis for each in LawReading.objects.all()} == {basis}
    first = LawReading.objects.earliest("pk")
    entry = HistoryEntry.objects.filter(event="office.reading").earliest("pk")
    assert (entry.actor, entry.data["was"], entry.ledger) == (minh, "decision", basis.pk)
    assert [row[:2] for row in entry.records] == [["cycle.lawreading", first.pk]]
    page = client.get(address).content.decode()
    assert "7/QĐ-UBND" in page
    # What was typed wrong of it is corrected, once for all that rests on it.
    at = reverse("dossiers:reading_correct", args=[first.pk])
    assert at in page
    answer = client.post(at, asked | {"number": "9/QĐ-UBND", "reason": "Nhầm", "seen": basis.pk})
    assert answer.status_code == 302
    assert {str(each.paper) for each in LawReading.objects.all()} == {"9/QĐ-UBND (04/05/2026)"}
    client.force_login(an)
    assert client.get(at).status_code == 404


# --- The edition of a year -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "edition", "refused"),
    [
        (2027, "qd1048_2019", "hết hiệu lực"),
        (2027, "qd851_2018", "hết hiệu lực"),
        (2022, "qd26_2026", "có hiệu lực từ"),
        (2022, "qd1048_2019", ""),
        (2027, "qd26_2026", ""),
        # The edition changed within the year.
        (2023, "qd1048_2019", ""),
        (2026, "qd26_2026", ""),
    ],
)
def test_a_year_is_opened_under_an_edition_in_force_in_it(
    client, rule_sets, minh, year, edition, refused
):
    sent = {
        "year": str(year), "far": tick(minh, "far", f"year {year}"), "like": "none", "number": "12/KH-UBND",
        "signed_on": "20/10/2026", "body": "UBND tỉnh", "signer": "Lò Văn Minh", "signer_capacity": "Phó Chủ tịch",
        "opened_on": f"01/01/{year}", "ends_on": f"31/12/{year}",
        "rule_set": str(rule_sets[edition].pk),
    }  # fmt: skip
    client.force_login(minh)
    with clock.at(at(2026, 11, 1)):
        answer = client.post(reverse("dossiers:cycle_open"), sent)
    if refused:
        assert refused in answer.context["form"].errors["rule_set"][0]
        assert not Cycle.objects.filter(year=year).exists()
    else:
        assert answer.status_code == 302
        assert Cycle.objects.get(year=year).rule_set == rule_sets[edition]


# --- Readings of ours ----------------------------------------------------------------------------


def test_a_dossier_keeps_the_edition_that_its_year_had_when_it_was_opened(
    rule_sets, cycle, cycle_of_three, commune, old_commune, an
):
    of_now = open_dossier(cycle, commune, an)
    of_then = open_dossier(cycle_of_three, old_commune, an, name="Chè Shan")
    update_as_owner(Cycle.objects.filter(pk=cycle.pk), rule_set=rule_sets["qd1048_2019"])
    editions = [Dossier.objects.get(pk=each.pk).rule_set.edition for each in (of_now, of_then)]
    assert editions == ["qd26_2026", cycle_of_three.rule_set.edition]


@pytest.mark.parametrize("edition", ["qd26_2026", "qd1048_2019"])
def test_the_approval_of_90_points_is_not_asked_where_a_district_judges(
    rule_sets, cycle, commune, an, edition
):
    dossier = stand(
        open_dossier(cycle, commune, an), S.AWAITING_DECISION, stars=5, points_sum="630"
    )
    dossier.rule_set = law = rule_sets[edition]
    asked = conditions.result_approved.why_not(dossier)
    assert (asked is None) is law.has_district


def test_who_rests_a_reading_on_what_others_recorded_does_not_correct_it(province, minh):
    """An administrator has no post at the province: of its documents only their own."""
    admin = User.objects.create_superuser("quantri.khac")
    known = of_ledger("12/QĐ-UBND", province)
    row = LawReading(point="batch_end", choice="closing", basis=known, made_by=admin)
    assert bases.may_correct(minh, row)
    assert not bases.may_correct(admin, row)
    known.recorded_by = admin
    assert bases.may_correct(admin, row) == rules.has_perm("dossiers.keep_year", admin)
