"""Every day, moment and limit that is stored is asked by a rule or shown to somebody.

A day that is stored and never asked misleads whoever types it: the table below names, of each
column, the file whose rule asks it or the page that shows it, and the file is looked into.
"""

import re
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from django import forms
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from cycle import clock, written
from cycle.models import Cycle
from cycle.models.folding import document_wrong
from dossiers.forms.records import RECORDS as FORMS_OF
from dossiers.law.conditions import before_it_began
from dossiers.lists import overdue
from dossiers.models import ConditionNotMet, Dossier, State, Term
from dossiers.models.paper import OfficialDocument
from dossiers.office import roster
from dossiers.office.stock import cells
from dossiers.office.stock.columns import FIELDS, STEPS
from dossiers.page import RECORDS, SILENT
from dossiers.terms.sweep import sweep
from dossiers.walk import doors
from notifications import digests
from notifications.dispatch import dispatch
from notifications.feed import feed
from notifications.letters import letter
from notifications.models import Delivery, Notification
from tests import records
from tests.filing_anew import at
from tests.form_fields import every
from tests.owning import update_as_owner
from tests.standing import stand
from tests.task_pages import agreed as agreed_to
from tests.world import open_cycle, open_dossier, person

ROOT = Path(__file__).parents[1]
APPS = ("cycle", "dossiers", "councils", "notifications")
#: A number whose name has one of these words is a limit.
LIMITS = re.compile(
    r"limit|amount|days|percent|spread|scorings|batches|target|samples|minimum|peak|attempts"
)
#: Of a record of a step: shown with all its fields on the page of its dossier.
RECORD = "shown at dossiers/page.py"
#: When the row was made. It says so itself, and settles disputes; nothing follows from it.
MADE = "when the row was made"
#: Kept by the engine of the walk, which sets them itself; ours are ``opened_at``, ``closed_at``.
ENGINE = "kept by the engine"
#: Of rows of before the ledger of documents, kept because the history hashed them.
HASHED = "kept for the hashes"

WHERE = {
    # The year and its days.
    "cycle.Cycle.opened_on": "asked by dossiers/office/year.py",
    "cycle.Cycle.ends_on": "asked by dossiers/office/year.py",
    "cycle.Cycle.closed_on": "asked by dossiers/walk/doors.py",
    "cycle.Cycle.target_new": "asked by dossiers/office/reports.py",
    "cycle.Cycle.target_upgrades": "asked by dossiers/office/reports.py",
    "cycle.Cycle.target_new_organisations": "asked by dossiers/office/reports.py",
    "cycle.StepWindow.opens_on": "asked by cycle/models/calendar.py",
    "cycle.StepWindow.closes_on": "asked by dossiers/office/windows.py",
    "cycle.StepWindow.warn_days": "asked by dossiers/office/windows.py",
    "cycle.StepWindow.peak": "shown at templates/dossiers/cycle.html",
    "cycle.WindowNotice.closes_on": "asked by dossiers/office/windows.py",
    "cycle.WindowNotice.at": MADE,
    "cycle.Duty.working_days": "asked by dossiers/walk/engine.py",
    "cycle.DayOff.day": "asked by dossiers/terms/recalculation.py",
    "cycle.TermRule.amount": "asked by dossiers/models/term.py",
    "cycle.TermRule.fixed_on": "asked by dossiers/models/term.py",
    "cycle.TermRule.starts_before": "asked by dossiers/terms/clocks.py",
    "cycle.TermRule.extension_limit": "asked by dossiers/models/term.py",
    "cycle.Batch.propose_by": "asked by dossiers/models/dossier.py",
    "cycle.Batch.meets_on": "shown at templates/dossiers/cycle.html",
    "cycle.Batch.decide_by": "asked by dossiers/terms/clocks.py",
    "cycle.RuleSet.valid_from": "asked by dossiers/law/conditions.py",
    "cycle.RuleSet.valid_to": "asked by dossiers/law/conditions.py",
    "cycle.LawReading.made_at": MADE,
    "cycle.Option.minimum_for": "asked by councils/judging/ranking.py",
    # Units and people.
    "cycle.OrgUnit.valid_from": "asked by cycle/models/organisation.py",
    "cycle.OrgUnit.valid_to": "asked by cycle/models/organisation.py",
    "cycle.User.last_login": "shown at templates/dossiers/person.html",
    "cycle.User.date_joined": "shown at cycle/admin.py",
    "cycle.User.help_seen_at": "asked by templates/dossiers/inbox.html",
    "cycle.RoleAssignment.valid_from": "asked by cycle/models/organisation.py",
    "cycle.RoleAssignment.valid_to": "asked by cycle/models/organisation.py",
    "cycle.Substitution.valid_from": "asked by cycle/models/organisation.py",
    "cycle.Substitution.valid_to": "asked by cycle/models/organisation.py",
    "cycle.Substitution.paper_due_on": "asked by dossiers/office/handover.py",
    "cycle.OfficeContact.made_at": MADE,
    "cycle.SentForm.at": "asked by cycle/models/sent.py",
    "cycle.ActivationSlip.made_at": "asked by cycle/slips.py",
    "cycle.ActivationSlip.expires_on": "asked by cycle/slips.py",
    "cycle.ActivationSlip.used_at": "asked by cycle/slips.py",
    "cycle.ActivationSlip.voided_at": "asked by cycle/slips.py",
    "cycle.Visitor.since": "asked by cycle/models/visitor.py",
    # What runs by itself.
    "cycle.FileFault.first_seen_at": "shown at templates/notifications/operations.html",
    "cycle.FileFault.seen_at": "shown at templates/notifications/operations.html",
    "cycle.HistoryEntry.at": "asked by dossiers/models/dossier.py",
    "cycle.HistoryEntry.recorded_at": "shown at dossiers/templatetags/clocks.py",
    "cycle.OutboxMessage.dispatched_at": "asked by notifications/dispatch.py",
    "cycle.Job.created_at": "shown at templates/dossiers/job_list.html",
    "cycle.Job.finished_at": "asked by notifications/jobs.py",
    "notifications.Notification.created_at": "asked by notifications/digests.py",
    "notifications.Notification.read_at": "asked by notifications/models.py",
    "notifications.Digest.day": "asked by notifications/digests.py",
    "notifications.Digest.created_at": MADE,
    "notifications.WeeklySummary.week_on": "asked by notifications/weekly.py",
    "notifications.WeeklySummary.created_at": MADE,
    "notifications.Delivery.attempts": "asked by notifications/delivery.py",
    "notifications.Delivery.next_at": "asked by notifications/delivery.py",
    "notifications.Delivery.sent_at": "asked by notifications/models.py",
    "notifications.Alarm.began_at": "asked by notifications/watch.py",
    "notifications.Alarm.ended_at": "asked by notifications/watch.py",
    "notifications.Alarm.told_at": "asked by notifications/watch.py",
    "notifications.Alarm.end_told_at": "asked by notifications/watch.py",
    "notifications.Heartbeat.started_at": "asked by notifications/beats.py",
    "notifications.Heartbeat.finished_at": "asked by notifications/beats.py",
    "notifications.CalendarFeed.created_at": MADE,
    # A dossier, its tasks and clocks.
    "dossiers.Firing.due_on": "asked by dossiers/models/term.py",
    "dossiers.Dossier.opened_at": "shown at dossiers/lists/export.py",
    "dossiers.Dossier.moved_at": "asked by dossiers/models/dossier.py",
    "dossiers.Process.created": ENGINE,
    "dossiers.Process.finished": ENGINE,
    "dossiers.Task.assigned": ENGINE,
    "dossiers.Task.started": ENGINE,
    "dossiers.Task.finished": ENGINE,
    "dossiers.Task.created": ENGINE,
    "dossiers.Task.opened_at": "shown at dossiers/lists/inbox.py",
    "dossiers.Task.due_on": "asked by dossiers/models/task.py",
    "dossiers.Task.due_at": "asked by dossiers/models/task.py",
    "dossiers.Task.waiting_since": "asked by dossiers/terms/clocks.py",
    "dossiers.Task.signed_at": "asked by dossiers/walk/doors.py",
    "dossiers.Task.asked_since": "asked by dossiers/walk/doors.py",
    "dossiers.Task.closed_at": "asked by dossiers/views/task.py",
    "dossiers.Term.started_at": "asked by dossiers/models/term.py",
    "dossiers.Term.amount": "shown at templates/dossiers/term_told.html",
    "dossiers.Term.base_on": "asked by dossiers/models/term.py",
    "dossiers.Term.base_amount": "asked by dossiers/models/term.py",
    "dossiers.Term.extension_limit": "asked by dossiers/models/term.py",
    "dossiers.Term.original_due_on": "shown at templates/dossiers/_register_rows.html",
    "dossiers.Term.due_on": "asked by dossiers/lists/overdue.py",
    "dossiers.Term.due_at": "asked by dossiers/lists/overdue.py",
    "dossiers.Term.paused_at": "asked by dossiers/terms/due.py",
    "dossiers.Term.stopped_at": "asked by dossiers/lists/overdue.py",
    "dossiers.Term.next_at": "asked by dossiers/terms/sweep.py",
    "dossiers.TermEvent.at": "shown at dossiers/terms/explanation.py",
    "dossiers.TermEvent.due_on": "shown at dossiers/terms/explanation.py",
    "dossiers.Firing.at": MADE,
    "dossiers.Firing.fired_at": MADE,
    # The ledger of documents.
    "cycle.Document.signed_on": "asked by cycle/documents.py",
    "cycle.Document.at": MADE,
    # What the steps record.
    "dossiers.Call.call_again_on": "asked by dossiers/models/dossier.py",
    "dossiers.Visit.next_visit_on": "asked by dossiers/models/dossier.py",
    "dossiers.Payment.amount": "asked by dossiers/models/records.py",
    "dossiers.SupportMeasure.committed_on": "shown at templates/dossiers/support.html",
    "dossiers.Producer.founded_on": "asked by dossiers/office/reports.py",
    "dossiers.CommuneReport.samples": "asked by dossiers/models/dossier.py",
    "dossiers.Evaluation.met_on": "asked by dossiers/law/order.py",
    "dossiers.Inspection.inspected_on": "asked by dossiers/models/records.py",
    "dossiers.Inspection.concluded_on": "asked by dossiers/terms/clocks.py",
    "dossiers.Certificate.issued_on": "asked by dossiers/models/certificate.py",
    "dossiers.Certificate.expires_on": "asked by dossiers/models/certificate.py",
    "dossiers.OutreachEvent.held_on": "shown at templates/dossiers/outreach.html",
    "dossiers.OutreachFile.at": MADE,
    "dossiers.PlannedOutreach.begins_on": "asked by dossiers/lists/planned.py",
    "dossiers.PlannedOutreach.due_on": "asked by dossiers/lists/planned.py",
    "dossiers.PlannedOutreach.made_at": MADE,
    "dossiers.PlannedOutreach.dropped_at": MADE,
    "dossiers.PromotionEvent.held_on": "shown at templates/dossiers/promotion.html",
    "dossiers.Evidence.issued_on": "shown at templates/dossiers/_piece.html",
    "dossiers.Evidence.expires_on": "shown at templates/dossiers/_piece.html",
    "dossiers.Evidence.at": "shown at templates/dossiers/_piece.html",
    "dossiers.OfficialDocument.at": MADE,
    "dossiers.OfficialDocument.was_signed_on": HASHED,
    # Plans, and lists of what was there before.
    "dossiers.PlanPaper.was_signed_on": HASHED,
    "dossiers.PlanPaper.made_at": MADE,
    "dossiers.YearClosing.made_at": MADE,
    "dossiers.Erasure.signed_on": "shown at templates/dossiers/erasures.html",
    "dossiers.Erasure.made_at": MADE,
    "cycle.Job.attempts": "asked by cycle/models/job.py",
    "dossiers.Draft.saved_at": "shown at templates/dossiers/_draft.html",
    "dossiers.FilingNumber.at": MADE,
    "dossiers.ActBatch.at": "shown at templates/dossiers/many_one.html",
    "dossiers.ActBatchRow.at": "shown at templates/dossiers/_many_rows.html",
    "dossiers.StockBatch.at": "shown at templates/dossiers/stock_list.html",
    "dossiers.StockBatch.checked_at": "asked by dossiers/office/stock/work.py",
    "dossiers.StockBatch.committed_at": "shown at templates/dossiers/stock_batch.html",
    "dossiers.StockBatch.voided_at": "shown at templates/dossiers/stock_batch.html",
    "dossiers.Allotment.made_at": MADE,
    "dossiers.Potential.surveyed_on": "shown at templates/dossiers/potential.html",
    "dossiers.Potential.recorded_at": MADE,
    "dossiers.Potential.closed_at": MADE,
    # Councils.
    "councils.Regulation.valid_from": "asked by councils/models/council.py",
    "councils.Regulation.quorum_percent": "asked by councils/judging/checklist.py",
    "councils.Regulation.max_spread": "asked by councils/judging/checklist.py",
    "councils.Regulation.scorings": "asked by councils/models/round.py",
    "councils.Regulation.documents_days": "asked by councils/models/round.py",
    "councils.Regulation.batches": "asked by dossiers/office/year.py",
    "councils.Council.was_decision_on": HASHED,
    "councils.Council.valid_from": "asked by councils/setup.py",
    "councils.Council.valid_to": "asked by councils/setup.py",
    "councils.Member.since": "asked by councils/models/council.py",
    "councils.Member.until": "asked by councils/models/council.py",
    "councils.Interest.at": MADE,
    "councils.Reading.at": MADE,
    "councils.Resolution.at": MADE,
    "councils.EvaluationRound.decide_by": "asked by councils/judging/checklist.py",
    "councils.EvaluationRound.meets_at": "asked by councils/models/round.py",
    "councils.EvaluationRound.invited_at": "shown at templates/councils/board.html",
    "councils.EvaluationRound.voided_at": MADE,
    "councils.EvaluationRound.opened_at": "asked by councils/models/round.py",
    "councils.EvaluationRound.closed_at": "asked by councils/models/round.py",
    "councils.Appraisal.visited_on": "shown at templates/councils/_appraisals.html",
    "councils.Appraisal.at": MADE,
    "councils.SignedDocument.was_signed_on": HASHED,
    "councils.SignedDocument.at": MADE,
    "councils.DocumentTemplate.at": MADE,
    "councils.Opinion.asked_at": "shown at templates/councils/opinion.html",
    "councils.Opinion.due_on": "asked by councils/models/opinion.py",
    "councils.Opinion.answered_at": "asked by councils/models/opinion.py",
    "councils.Closing.at": "asked by councils/models/round.py",
    "councils.Reopening.at": MADE,
    "councils.Consequence.applied_at": "asked by councils/judging/consequences.py",
    "councils.Scoresheet.submitted_at": "shown at templates/councils/sheet.html",
    "councils.Score.saved_at": "asked by councils/models/scoresheet.py",
}


def stored():
    """Every column of ours that holds a day, a moment or a limit: name -> (model, field)."""
    found = {}
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            for field in model._meta.local_fields:
                number = isinstance(field, models.IntegerField | models.DecimalField)
                limit = number and not field.primary_key and LIMITS.search(field.name)
                if isinstance(field, models.DateField) or limit:
                    found[f"{app}.{model.__name__}.{field.name}"] = (model, field)
    return found


def of_a_record(model, field):
    """Whether the page of a dossier shows it among the records of the steps."""
    return model in RECORDS and (field.name not in SILENT or field.name == "at")


@cache
def text(path):
    return (ROOT / path).read_text()


def test_every_stored_day_and_limit_is_asked_or_shown():
    unnamed = {
        name for name, (model, field) in stored().items()
        if name not in WHERE and not of_a_record(model, field)
    }  # fmt: skip
    assert unnamed == set()


def test_the_table_names_nothing_that_is_gone():
    assert set(WHERE) - set(stored()) == set()


@pytest.mark.parametrize(
    ("name", "where"), [(n, w) for n, w in WHERE.items() if w not in (MADE, ENGINE, HASHED)]
)
def test_what_is_said_to_ask_or_show_it_names_it(name, where):
    how, path = re.fullmatch(r"(asked by|shown at) (\S+)", where).groups()
    column = name.rpartition(".")[2]
    said = text(path)
    # Its own declaration does not count.
    used = re.findall(rf"\b{column}(?:__\w+)?\b(?! = models\.)", said)
    assert used, f"{path} does not name {column}: {how}?"


# --- The lowest sensible day ----------------------------------------------------------------------

#: Fields of a day that may be before the programme: the lowest, and why.
SERVICE = (written.IN_SERVICE, "a post may be older than the programme, and no career is longer")
OLDER = {
    "OrgUnit.valid_from": (written.EVER, "units are older than the programme"),
    "OrgUnit.valid_to": (written.EVER, "so is their end"),
    "UnitSheetForm.since": (written.EVER, "units are older than the programme"),
    "Evidence.issued_on": (written.EVER, "a producer's papers are as old as the producer"),
    "Evidence.expires_on": (written.EVER, "a paper of the past proves the past"),
    "RoleAssignment.valid_from": SERVICE,
    "RoleAssignment.valid_to": SERVICE,
    **{f"{form}.valid_from": SERVICE for form in ("PostForm", "EnrolForm", "GiveForm", "MoveForm")},
}


def _day_fields():
    """(name, its two last parts, field) of every field of a day of every form and admin page."""
    for name, field in every(forms.DateField):
        yield name, ".".join(name.split(".")[-2:]), field


def test_every_field_of_a_day_has_a_lowest_sensible_day():
    met, wrong = set(), []
    for name, short, field in _day_fields():
        lowest, why = OLDER.get(short, (written.PROGRAMME, ""))
        met.add(short)
        # The day itself is taken, the one before it not.
        field.clean(f"{lowest:%d/%m/%Y}")
        for typed in (
            f"{lowest - timedelta(days=1):%d/%m/%Y}", "1/1/0202", "1/1/1900", "1/1/20226", "1/1/2101"
        ):  # fmt: skip
            try:
                field.clean(typed)
            except ValidationError as refused:
                assert len(refused.messages) == 1 and refused.messages[0], name
            else:
                wrong.append((name, typed, why))
    assert wrong == []
    assert set(OLDER) - met == set()


@pytest.mark.parametrize("typed", ["31/12/2017", "1/1/0202", "1/1/1900", "1/1/2101"])
def test_every_moment_has_a_lowest_sensible_day(typed):
    for name, field in every(forms.DateTimeField, forms.SplitDateTimeField):
        split = isinstance(field, forms.SplitDateTimeField)
        with pytest.raises(ValidationError):
            field.clean([typed, "14:05"] if split else f"{typed} 14:05")
            pytest.fail(name)


@pytest.mark.parametrize("typed", ["31/12/2017", "1/1/0202", "1/1/1900", 43100, "1/1/2101"])
def test_every_cell_of_a_day_has_a_lowest_sensible_day(typed):
    """Each column of a list that takes a day reads it so; there is one reader."""
    days = {name for name, reader in cells.READERS.items() if reader is cells.day}
    assert {"issued_on", "revoked_on", "surveyed_on", "since", *STEPS} <= days
    assert [name for name in FIELDS if name.endswith("_on") and name not in days] == []
    with pytest.raises(cells.Unread, match="trước khi có Chương trình OCOP|không hợp lý"):
        cells.day(typed)


@pytest.mark.parametrize("typed", ["1/1/1950", "1/1/0202", "31/12/1984"])
def test_a_list_of_people_and_a_document_have_a_lowest_day(typed):
    assert "không hợp lý" in str(document_wrong(f"12/QĐ-UBND ngày {typed}".replace("0202", "1900")))
    assert document_wrong("12/QĐ-UBND ngày 1/3/2010") == ""
    entry = roster.Entry(2, {"valid_from": typed})
    roster._understand(entry, None)
    assert len(entry.wrong["valid_from"]) == 1


#: Of a record or paper: its days that may be before its dossier began.
OF_BEFORE = {
    "Evidence.issued_on": "a producer's papers are older than its dossier",
    "Evidence.expires_on": "a paper of the past proves the past",
    "BusinessPlan.owner_trained_on": "who was trained before need not be again",
    "BusinessPlan.starts_on": "production may have begun",
}


def _days_of_records():
    """(model, name) of each day of what an act of a dossier records."""
    models_of = [*{part._meta.model for parts in FORMS_OF.values() for part in parts}]
    for model in sorted([*models_of, OfficialDocument], key=lambda each: each.__name__):
        for field in model._meta.concrete_fields:
            if field.get_internal_type() == "DateField" and field.editable:
                yield model, field.name


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "name"), list(_days_of_records()))
def test_a_day_before_the_dossier_began_is_asked_about_once(cycle, commune, an, model, name):
    dossier = open_dossier(cycle, commune, an)
    began = min(cycle.opened_on, timezone.localdate(dossier.opened_at))
    older = f"{model.__name__}.{name}" in OF_BEFORE
    for days, asks in ((1, not older), (0, False)):
        said = before_it_began(dossier, [model(**{name: began - timedelta(days=days)})])
        assert bool(said) == asks
        if said:
            assert f"{began - timedelta(days=days):%d/%m/%Y}" in str(said)


def test_the_days_that_may_be_older_are_named():
    named = {
        f"{model.__name__}.{each}" for model, _n in _days_of_records() for each in model.of_before
    }
    assert named == set(OF_BEFORE)


@pytest.mark.django_db
def test_a_visit_of_another_year_is_recorded_once_it_was_agreed_to(client, cycle, commune, an):
    dossier = stand(open_dossier(cycle, commune, an), State.IMPLEMENTING)
    client.force_login(an)
    day = cycle.opened_on - timedelta(days=400)
    typed = {"visited_on": f"{day:%d/%m/%Y}", "visitor": "Lò Thị An", "findings": "Đạt"}
    typed = {f"record_visit-visit-{name}": value for name, value in typed.items()}
    where = f"/dossiers/{dossier.pk}/acts/record_visit/"
    asked = client.post(where, typed).content.decode()
    assert f"Ngày đến {day:%d/%m/%Y} trước khi hồ sơ và chu trình của hồ sơ bắt đầu" in asked
    assert not dossier.visits.exists()
    assert agreed_to(client, where, typed).status_code == 302
    assert dossier.visits.get().visited_on == day


# --- Days that were typed and asked by nobody ------------------------------------------------


@pytest.mark.django_db
def test_nothing_new_begins_in_a_year_that_is_over(rule_sets, commune, an):
    year = open_cycle(rule_sets["qd26_2026"], 2026)
    update_as_owner(Cycle.objects.filter(pk=year.pk), closed_on=at(2026, 11, 1).date())
    year.refresh_from_db()
    with pytest.raises(ConditionNotMet, match="Chu trình đã đóng"):
        open_dossier(year, commune, an)
    assert not Dossier.objects.exists()


@pytest.mark.django_db
def test_what_was_parked_goes_on_in_an_open_year_alone(rule_sets, commune, an):
    year = open_cycle(rule_sets["qd26_2026"], 2026)
    dossier = stand(open_dossier(year, commune, an), State.WITHDRAWN)
    update_as_owner(Cycle.objects.filter(pk=year.pk), closed_on=at(2026, 11, 1).date())
    with pytest.raises(ConditionNotMet, match="Chu trình đã đóng"):
        doors.act(dossier.process, "reopen", by=an, reason="Sản xuất lại")
    following = open_cycle(rule_sets["qd26_2026"], 2027)
    doors.act(dossier.process, "reopen", by=an, reason="Sản xuất lại", cycle=following)
    assert Dossier.objects.get(pk=dossier.pk).cycle == following


@pytest.mark.django_db
def test_the_next_visit_is_shown_and_marked_when_it_is_past(client, cycle, commune, an):
    dossier = stand(open_dossier(cycle, commune, an), State.IMPLEMENTING)
    visit = records.visit()
    visit.visited_on, visit.next_visit_on = clock.today() - timedelta(days=9), clock.today()
    doors.act(dossier.process, "record_visit", by=an, record=visit)
    client.force_login(an)
    words = " ".join(client.get(f"/dossiers/{dossier.pk}/").content.decode().split())
    assert f"<dt>Hẹn đến cơ sở lần sau</dt> <dd> {clock.today():%d/%m/%Y} <a" in words


@pytest.fixture
def dung(commune):
    """An's colleague."""
    return person("dung", "Lò Thị Dung", ("officer", commune))


@pytest.fixture
def agreed(cycle, commune, an):
    """Makes a dossier of which ``by`` records a visit today, the next one agreed for ``on``."""

    def made(by, on):
        dossier = stand(open_dossier(cycle, commune, an), State.IMPLEMENTING)
        visited(dossier, by, next_visit_on=on)
        return dossier

    return made


def visited(dossier, by, **fields):
    doors.act(dossier.process, "record_visit", by=by, record=records.visit(**fields))


def noon(day):
    return timezone.make_aware(datetime.combine(day, time(12)))


def promise(dossier):
    """The day of which somebody is told, by the clock that runs to it."""
    return dossier.terms.live().filter(code="visit").values_list("due_on", flat=True).first()


def told_of(user, event):
    while dispatch():
        pass
    mine = Notification.objects.filter(recipient=user, entry__event=event)
    return [letter(Delivery(notification=each)).body for each in mine]


@pytest.mark.django_db
def test_whoever_visits_again_is_told_before_the_day_and_on_it(agreed, an, dung, chi, client):
    day = clock.today() + timedelta(days=10)
    dossier = agreed(an, day)
    assert promise(dossier) == day
    with clock.at(noon(day - timedelta(days=3))):
        sweep()
        # Whoever holds the post is told, not one person.
        for officer in (an, dung):
            (said,) = told_of(officer, "term.warning")
            assert "«Đến cơ sở theo lịch hẹn»" in said and "ngày đã hẹn với chủ thể" in said
        assert told_of(chi, "term.warning") == []
        assert "Đến cơ sở theo lịch hẹn: " in feed(an).decode().replace("\r\n ", "")
        assert digests.text_for(an, clock.now(), clock.now()) == ""
    with clock.at(noon(day)):
        today = digests.text_for(an, clock.now(), clock.now())
        assert f"LỊCH HẸN ĐÃ ĐẾN (1)\n- Đến cơ sở theo lịch hẹn: {dossier}" in today
    with clock.at(noon(day + timedelta(days=1))):
        sweep()
        (said,) = told_of(an, "term.overdue")
        assert "Đã đến cơ sở thì đề nghị ông/bà ghi lần kiểm tra" in said
        client.force_login(an)
        page = client.get(f"/dossiers/{dossier.pk}/").content.decode()
        assert "đã qua" in page
        # Nobody is late with work: it is in no register.
        assert overdue.OverdueRegister(an, overdue.Filters()).total["terms"] == 0


@pytest.mark.django_db
def test_who_visits_again_is_the_post_that_visited(agreed, an, minh):
    dossier = agreed(minh, clock.today() + timedelta(days=10))
    term = dossier.terms.get(code="visit")
    assert (term.role, term.org_unit) == ("officer", minh.assignments()[0].org_unit)
    visit = dossier.visits.get()
    later = records.visit(replaces=visit, next_visit_on=clock.today() + timedelta(days=12))
    doors.act(dossier.process, "correct_visit", by=an, record=later, reason="Ghi nhầm ngày")
    moved = dossier.terms.live().get(code="visit")
    assert (moved.due_on, moved.org_unit) == (clock.today() + timedelta(days=12), term.org_unit)


def _visited_again(dossier, by):
    visited(dossier, by)


def _agreed_anew(dossier, by):
    visited(dossier, by, next_visit_on=clock.today() + timedelta(days=20))


def _withdrawn(dossier, by):
    doors.act(dossier.process, "withdraw", by=by, reason="Ngừng sản xuất")


def _called_off(dossier, by):
    without = records.visit(replaces=dossier.visits.get(), next_visit_on=None)
    doors.act(dossier.process, "correct_visit", by=by, record=without, reason="Chủ thể đi vắng")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("act", "left"),
    [(_visited_again, None), (_agreed_anew, 20), (_withdrawn, None), (_called_off, None)],
)
def test_the_promise_of_a_visit_ends(act, left, agreed, an):
    dossier = agreed(an, clock.today() + timedelta(days=10))
    act(dossier, an)
    dossier.refresh_from_db()
    assert promise(dossier) == (left and clock.today() + timedelta(days=left))
    with clock.at(clock.now() + timedelta(days=12)):
        sweep()
        assert told_of(an, "term.overdue") == []


@pytest.mark.django_db
def test_a_visit_is_called_off_from_the_page_with_a_reason(client, agreed, an):
    dossier = agreed(an, clock.today() + timedelta(days=10))
    client.force_login(an)
    visit = dossier.visits.get()
    where = f"/dossiers/{dossier.pk}/acts/correct_visit/?replaces={visit.pk}"
    page = client.get(f"/dossiers/{dossier.pk}/").content.decode()
    assert f'href="{where}"' in page and "Dời hoặc bỏ lịch hẹn" in page
    form = client.get(where).context["form"]
    (part,) = [each for each in form.parts if "next_visit_on" in each.fields]
    (why,) = [each.add_prefix("reason") for each in form.parts if "reason" in each.fields]
    given = {part.add_prefix(name): part[name].value() or "" for name in part.fields}
    given[part.add_prefix("visited_on")] = f"{visit.visited_on:%d/%m/%Y}"
    given[part.add_prefix("next_visit_on")] = ""
    lacking = client.post(where, given)
    assert lacking.status_code == 200 and promise(dossier) is not None
    assert client.post(where, given | {why: "Chủ thể đi vắng"}).status_code == 302
    assert promise(dossier) is None


@pytest.mark.django_db
def test_visits_agreed_before_anybody_was_told_get_their_clocks(agreed, an, minh):
    days = [clock.today() + timedelta(days=n) for n in (10, 12)]
    own, of_province = agreed(an, days[0]), agreed(minh, days[1])
    made = [each.terms.get(code="visit") for each in (own, of_province)]
    update_as_owner(Term.objects.filter(code="visit"), code="other")
    migration = import_module("dossiers.migrations.0036_visits_told")
    for _once in range(2):
        migration.tell(apps, None)
    for dossier, was in zip((own, of_province), made, strict=True):
        now = dossier.terms.get(code="visit")
        for name in ("title", "legal", "role", "org_unit", "due_on", "due_at", "rungs", "rung_at",
                     "next_at"):  # fmt: skip
            assert getattr(now, name) == getattr(was, name), name


@pytest.mark.django_db
def test_the_next_visit_comes_after_this_one(cycle, commune, an):
    dossier = stand(open_dossier(cycle, commune, an), State.IMPLEMENTING)
    with pytest.raises(ValidationError, match="Ngày hẹn phải sau ngày đến"):
        visited(dossier, an, next_visit_on=clock.today())
    with pytest.raises(ValidationError, match="quá hai năm") as refused:
        visited(dossier, an, next_visit_on=date(2099, 12, 31))
    assert list(refused.value.message_dict) == ["next_visit_on"]
    visited(dossier, an, next_visit_on=clock.today() + timedelta(days=730))


@pytest.mark.django_db
def test_the_peak_months_of_the_steps_are_kept(rule_sets):
    year = open_cycle(rule_sets["qd851_2018"], 2019)
    peaks = {row.step: row.peak for row in year.step_windows.exclude(peak=None)}
    assert peaks == {"outreach": 2, "idea": 3, "plan": 4}
