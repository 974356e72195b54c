"""What decides is not changed by plain SQL: of every column of every table it is said what holds it.

A column is not written by the application at all (rights, or ``guards.Stays``), or with a line of
history that tells the change (``guards.Told``), or held by a trigger of its own, or free, with the
reason. A new one without an entry fails. What is not free is broken once, on rows that are there.
"""

from contextlib import contextmanager

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from councils.models import Attendance
from cycle import clock, guards
from cycle.models import DayOff, HistoryEntry, User
from dossiers.models import (
    OutreachAttendance,
    OutreachEvent,
    OutreachFile,
    PromotionEvent,
    Route,
)
from tests.breaking import (
    act_batch_row,
    batch,
    event,
    filed_under,
    forbidden,
    interest,
    judged,
    opinion,
    planned_outreach,
    potential,
    refused,
    resolution,
    slip,
    sql,
    substituted,
    window,
)
from tests.held import HELD
from tests.owning import insert_as_owner

#: What stays with everybody who may write the table, and why nothing is decided by it.
FREE = {
    # Who signs in, and how a page looks to them.
    "cycle_user.password": "written again by a sign-in, when the way of hashing has changed",
    "cycle_user.last_login": "written by every sign-in",
    "cycle_user.language": "one's own choice, of no consequence for others",
    "cycle_user.help_seen_at": "one's own, of no consequence for others",
    "cycle_visitor.*": "counts tries for an hour, and is forgotten",
    "cycle_sentform.*": "the keys of forms sent, forgotten after a while; what was recorded stays",
    "dossiers_draft.*": "one's own words before they are sent; nothing is decided by them",
    "cycle_filefault.*": "found anew by each look at the files",
    "notifications_notification.*": "says that a line of history is to be read; the line stays",
    "notifications_preference.*": "one's own choice of letters",
    "notifications_digest.*": "a letter made of lines that stay",
    "notifications_weeklysummary.*": "a letter made of lines that stay",
    "notifications_delivery.*": "of one letter; a try follows another",
    "notifications_heartbeat.*": "when a beat ran last",
    "notifications_alarm.*": "what was wrong with the installation, found anew by each look",
    "notifications_calendarfeed.*": "one's own address of one's own calendar, given anew at will",
    "cycle_outboxmessage.*": "whether a line of history was told; made anew from the line",
    "cycle_job.*": "work in the background, which goes by the doors and may run twice",
    # What computes.
    "cycle_orgunit.former_names": "written by the trigger former_names alone",
    "cycle_user.former_names": "written by the trigger former_names alone",
    "councils_council.former_names": "written by the trigger former_names alone",
    "dossiers_producer.former_names": "written by the trigger former_names alone",
    "dossiers_product.former_names": "written by the trigger former_names alone",
    # Of the engine: where a dossier stands is its state, which the open task must match.
    "dossiers_process.flow_class": "of the engine, one of the flows of the code",
    "dossiers_process.created": "of the engine; shown nowhere",
    "dossiers_process.finished": "of the engine; shown nowhere",
    "dossiers_process.data": "of the engine; empty",
    "dossiers_task_previous.*": "of the engine; which task came before",
    "dossiers_task.flow_task_type": "of the engine; process_not_stuck looks at it",
    "dossiers_task.token": "of the engine",
    "dossiers_task.data": "of the engine; empty",
    "dossiers_task.created": "of the engine",
    "dossiers_task.assigned": "of the engine",
    "dossiers_task.started": "of the engine",
    "dossiers_task.finished": "of the engine; what is shown is closed_at",
    "dossiers_task.owner_permission": "of the engine; empty",
    "dossiers_task.owner_permission_obj_pk": "of the engine; empty",
    "dossiers_task.owner_permission_content_type_id": "of the engine; empty",
    "dossiers_term.next_at": "when the sweep looks again; what it tells is in firings that stay",
    "dossiers_term.rung_at": "when the sweep looks again; what it tells is in firings that stay",
    # What its writer may change until it is handed in, then sealed.
    "councils_score.remark": "of a draft; score_in_open_sheet seals it",
    "councils_score.saved_at": "of a draft; score_in_open_sheet seals it",
    "councils_consequence.applied_at": "whether a result was carried out; the act itself is told",
    "councils_consequence.error": "why a result could not be carried out yet",
    "dossiers_actbatch.job_id": "which worker does it; each row is done once whoever does",
    **dict.fromkeys(
        (
            f"dossiers_actbatchrow.{name}"
            for name in ("call", "state", "why", "at", "cancelled_by_id")
        ),
        "of a row that is not done; a done one stays, and its act is told in its dossier",
    ),
    # A list that is being entered: what it becomes is held by stock_row_stays_when_committed.
    "dossiers_stockrow.*": "read from the list anew until it is committed, then it stays",
}
#: What decides and is open still -> what it decides. Shorter with each that is held.
OPEN = {
    # Rights: who is who, who may what, for whom.
    "cycle_user_groups.*": "what the administration may",
    "cycle_user_user_permissions.*": "what the administration may",
    # Units: whose business a dossier is.
    "cycle_orgunit_successors.*": "who has its business",
    # The year: days, duties, terms.
    "cycle_officecontact.*": "whom producers call",
    "cycle_wording.*": "what a form says officially, of the document that it names",
    # Councils.
    "councils_consequence.result_id": "which result is carried out",
    "councils_scoresheet.state": "whether a sheet is handed in; it stays once counted",
    "councils_scoresheet.remark": "what a sheet says; it stays once counted",
    "councils_scoresheet.submitted_at": "when; it stays once counted",
    "councils_scoresheet.take_backs": "how often; it stays once counted",
    "councils_scoresheet.entered_by_id": "who typed it; it stays once counted",
    "councils_scoresheet.confirmed_by_id": "who compared it; it stays once counted",
    "councils_scoresheet.scan_sha256": "the paper; it stays once counted",
    "councils_scoresheet.scan_name": "the paper; it stays once counted",
    "councils_scoresheet.void_reason": "why it does not count; it stays once counted",
    # Work and terms of a dossier.
    "dossiers_task.status": "whether it is done",
    "dossiers_task.owner_id": "who has claimed it",
    "dossiers_task.org_unit_id": "who may do it",
    "dossiers_task.due_on": "by when it is due",
    "dossiers_task.due_at": "by when it is due",
    "dossiers_task.waiting_since": "whether it waits for the producer",
    "dossiers_task.waiting_reason": "why it waits",
    "dossiers_task.signed_at": "whether a decision is signed",
    "dossiers_task.asked_since": "whether it waits for an opinion",
    "dossiers_task.paused": "whether its clock stands",
    "dossiers_task.closed_at": "when it was done",
    "dossiers_task.closed_by_id": "who did it",
    "dossiers_task.outcome": "how it was done",
    "dossiers_term.org_unit_id": "when something is due, and for whom",
    "dossiers_term.started_at": "when something is due, and for whom",
    "dossiers_term.base_on": "when something is due, and for whom",
    "dossiers_term.base_amount": "when something is due, and for whom",
    "dossiers_term.extended": "when something is due, and for whom",
    "dossiers_term.due_on": "when something is due, and for whom",
    "dossiers_term.due_at": "when something is due, and for whom",
    "dossiers_term.state": "when something is due, and for whom",
    "dossiers_term.paused_at": "when something is due, and for whom",
    "dossiers_term.stopped_at": "when something is due, and for whom",
    "dossiers_term.rungs": "when something is due, and for whom",
    # Lists, surveys and events.
    "dossiers_stockbatch.*": "a list that was entered; it stays once struck out",
    "dossiers_potential.commune_id": "what a survey found, and what became of it",
}
#: Whose rows the application adds without a line of history -> what a forged one would do. Shorter
#: with each that is held; a row of an act is named by the act's own line (``records``).
COMES = {
    # Authority.
    "cycle_user": "nothing: without a post it may nothing, and its staff flag is told",
    "cycle_user_groups": "what the administration may",
    "cycle_user_user_permissions": "what the administration may",
    "cycle_roleassignment": "a post: who may do what",
    "cycle_substitution": "another's post for some days",
    "cycle_activationslip": "a password for somebody's account",
    "cycle_orgunit": "a unit, of which nothing is yet",
    "cycle_orgunit_successors": "who has a unit's business",
    "councils_council": "a council: who judges",
    "councils_member": "a seat: who judges",
    "councils_regulation": "how a council judges from now on",
    # Results, and what they rest on.
    "councils_closing": "nothing: closing_is_told_in_its_round",
    "councils_result": "a result in a closing that is told",
    "councils_consequence": "nothing: its act goes by the door",
    "councils_scoresheet": "a sheet; sheet_in_open_round",
    "councils_score": "a point on a sheet; score_in_open_sheet",
    "councils_reopening": "nothing: reopening_opens_its_round",
    "councils_evaluationround": "a round that is not open",
    "councils_roundentry": "a product before a round; round_still_open",
    "dossiers_certificate": "a certificate; its decision is a paper of its dossier",
    "dossiers_certificatenumber": "a number, which is that of no other",
    "dossiers_revocation": "that a certificate is withdrawn",
    "dossiers_erasure": "nothing: erase_words",
    "dossiers_yearclosing": "figures of a closed year; year_closing_finished",
    "dossiers_officialdocument": "a paper of a dossier, of the ledger",
    "cycle_document": "a paper in the ledger",
    # The year.
    "cycle_cycle": "a year in which nothing is",
    "cycle_batch": "by when is proposed and decided",
    "cycle_stepwindow": "when a step is done",
    "cycle_windownotice": "that a window was told of",
    "cycle_duty": "nothing: one a task, and each task has its own",
    "cycle_termrule": "a term from now on",
    "cycle_dayoff": "which days count",
    "cycle_lawreading": "how the law is read from now on",
    "cycle_officecontact": "whom producers call",
    **dict.fromkeys(
        ("cycle_ruleset", "cycle_rubric", "cycle_criterion", "cycle_option", "cycle_elimination",
         "cycle_wording"),
        "an edition, or a part of one, that nothing goes by yet",
    ),
    # Work and terms of a dossier.
    "dossiers_dossier": "a dossier at its first state; open_task_matches_dossier_state",
    "dossiers_process": "nothing: process_not_stuck",
    "dossiers_task": "nothing: open_task_matches_dossier_state",
    **dict.fromkeys(
        ("dossiers_term", "dossiers_termevent", "dossiers_firing"),
        "when something is due, and who was told",
    ),
    **dict.fromkeys(
        ("dossiers_producer", "dossiers_product", "dossiers_stockbatch", "dossiers_potential",
         "dossiers_outreachevent", "dossiers_promotionevent", "dossiers_allotment",
         "dossiers_actbatch", "dossiers_actbatchrow", "dossiers_planpaper",
         "dossiers_plannedoutreach", "dossiers_plannedplace"),
        "something more in a list, from which nothing follows by itself",
    ),
    **dict.fromkeys(
        ("dossiers_idea", "dossiers_businessplan", "dossiers_visit", "dossiers_supportmeasure",
         "dossiers_call",
         "dossiers_payment",
         "dossiers_completion", "dossiers_selfassessment", "dossiers_communereport",
         "dossiers_samplereceipt", "dossiers_review", "dossiers_evaluation",
         "dossiers_promotion", "dossiers_inspection", "dossiers_stoppedproduction",
         "dossiers_evidence", "councils_reading", "councils_appraisal",
         "councils_appraisalphoto", "councils_signeddocument", "councils_documenttemplate",
         "councils_opinion"),
        "one more record; an act that needs it names its own",
    ),
    "cycle_historyentry": "a line of history, which names who wrote it and stays",
}  # fmt: skip
#: Whose rows go without a line of history -> what holds them, or what it would do.
GOES = {
    "cycle_user_groups": "what the administration may",
    "cycle_user_user_permissions": "what the administration may",
    "cycle_orgunit_successors": "who has a unit's business",
    "councils_roundentry": "a product before a round; round_still_open",
    "councils_score": "a point on a sheet; score_in_open_sheet",
    "dossiers_actbatchrow": "one that is not done; act_batch_row_done_stays",
}


def tables():
    """The models of all tables of ours, those between many and many too."""
    return [
        model
        for app in ("cycle", "dossiers", "councils", "notifications")
        for model in apps.get_app_config(app).get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]


def columns():
    """``{table: {column: field}}`` of all that is stored and not computed, without keys."""
    return {
        model._meta.db_table: {
            field.column: field
            for field in model._meta.concrete_fields
            if not field.generated and not field.primary_key
        }
        for model in tables()
    }


def guarded(kind):
    """``{table: the columns}`` that triggers of this kind hold; of :class:`guards.Told` with rows
    all of them.
    """
    found = {}
    for model in tables():
        for each in getattr(model._meta, "triggers", ()):
            if isinstance(each, kind):
                held = found.setdefault(model._meta.db_table, set())
                all_of_it = columns()[model._meta.db_table]
                of_rows = getattr(each, "rows", ()) and "UPDATE" in str(each.on)
                held |= set(all_of_it if of_rows else each.columns)
    return found


def named(table, *told):
    """Whether ``table.column`` or the table as a whole is in one of the tables above."""
    return {
        each
        for each in columns()[table]
        if any(f"{table}.{each}" in one or f"{table}.*" in one for one in told)
    }


def in_order(table, *told):
    return ", ".join(sorted(named(table, *told)))


# --- The walk --------------------------------------------------------------------------------


def test_of_every_column_it_is_said_what_holds_it(db):
    unsaid, twice = [], []
    with connection.cursor() as cursor:
        stays, told = guarded(guards.Stays), guarded(guards.Told)
        for table, its in columns().items():
            for each in its:
                cursor.execute("SELECT has_column_privilege(%s, %s, 'UPDATE')", [table, each])
                ways = [
                    not cursor.fetchone()[0],
                    each in stays.get(table, ()),
                    each in told.get(table, ()),
                    each in named(table, HELD),
                    each in named(table, FREE),
                    each in named(table, OPEN),
                ]
                if not any(ways):
                    unsaid.append(f"{table}.{each}")
                elif sum(ways) > 1:
                    twice.append(f"{table}.{each}")
    assert (unsaid, twice) == ([], [])


def rows_told(right):
    """The tables whose rows come or go (INSERT or DELETE) with a line of history alone."""
    return {
        model._meta.db_table
        for model in tables()
        for each in getattr(model._meta, "triggers", ())
        if isinstance(each, guards.Told) and each.rows and right in str(each.on)
    }


def test_of_every_table_it_is_said_who_lets_a_row_come_and_go(db):
    unsaid, twice = [], []
    with connection.cursor() as cursor:
        for right, said in (("INSERT", COMES), ("DELETE", GOES)):
            told = rows_told(right)
            for table in columns():
                cursor.execute("SELECT has_table_privilege(%s, %s)", [table, right])
                ways = [
                    not cursor.fetchone()[0],
                    table in told,
                    table in said,
                    f"{table}.*" in FREE,
                ]
                if not any(ways):
                    unsaid.append((right, table))
                elif sum(ways) > 1:
                    twice.append((right, table))
    assert (unsaid, twice) == ([], [])


def test_what_is_said_is_of_columns_that_are_there():
    there = {f"{table}.{each}" for table, its in columns().items() for each in its}
    there |= {f"{table}.*" for table in columns()}
    assert {*FREE, *HELD, *OPEN} <= there
    assert all({**FREE, **HELD, **OPEN}.values())


@pytest.mark.parametrize("table", sorted(columns()))
def test_what_the_application_has_no_right_to_write_it_does_not(table, db):
    with connection.cursor() as cursor:
        for each in columns()[table]:
            cursor.execute("SELECT has_column_privilege(%s, %s, 'UPDATE')", [table, each])
            if not cursor.fetchone()[0]:
                with forbidden():
                    sql(f'UPDATE {table} SET "{each}" = "{each}"')


# --- Each broken once, as the application, in a transaction of its own ------------------------

#: What else must be so that no other constraint refuses the change before.
_ANSWERED = (
    "answer = 'Có', letter_id = (SELECT min(id) FROM cycle_document),"
    " answered_by_id = asked_by_id, answered_at = now()"
)
_CLOSED = (
    "state = 'closed', reason = 'Thôi', closed_by_id = (SELECT min(id) FROM cycle_user),"
    " closed_at = now()"
)
_DROPPED = "reason = 'Thôi', dropped_by_id = (SELECT min(id) FROM cycle_user), dropped_at = now()"
_BEGUN = "state = 'begun', dossier_id = (SELECT min(id) FROM dossiers_dossier)"
TOGETHER = {
    **{
        f"councils_opinion.{name}": _ANSWERED
        for name in ("answer", "letter_id", "answered_by_id", "answered_at")
    },
    **{
        f"dossiers_plannedoutreach.{name}": _DROPPED
        for name in ("reason", "dropped_by_id", "dropped_at")
    },
    "dossiers_plannedoutreach.begins_on": "begins_on = begins_on - 1",
    "dossiers_plannedoutreach.required": "required = true, kind = 'training'",
    **{f"dossiers_potential.{name}": _CLOSED for name in ("reason", "closed_by_id", "closed_at")},
    **{f"dossiers_potential.{name}": _BEGUN for name in ("state", "dossier_id")},
    "cycle_batch.meets_on": "meets_on = decide_by",
    "cycle_cycle.void": "void = true, closed_on = opened_on",
    "cycle_orgunit.main_successor_id": (
        "valid_to = '2100-01-01', main_successor_id = (SELECT max(id) FROM cycle_orgunit)"
    ),
    "cycle_termrule.fixed_on": "amount = NULL, fixed_on = '2026-01-01'",
    "dossiers_dossier.points_sum": "points_sum = 100, sheets = 2",
    "dossiers_dossier.sheets": "points_sum = 100, sheets = 2",
    "dossiers_dossier.entered_as": "entered_as = 'inventory', skipped = 1",
    "dossiers_dossier.skipped": "entered_as = 'inventory', skipped = 1",
    "dossiers_dossier.state": "state = 'idea_registered'",
    "councils_evaluationround.state": "state = 'preparing'",
}
#: What refuses the change before, whatever history tells.
SOONER = {
    "councils_roundentry.round_id": "round_still_open",
    "councils_interest.taken_off": "interest_taken_off_keeps_nobody_out",
    "councils_roundentry.dossier_id": "entry_keeps_its_product",
    "councils_roundentry.rubric_id": "entry_keeps_its_product",
    "councils_interest.entry_id": "round_still_open",
    "councils_interest.member_id": "said_interest_stays",
    "councils_attendance.round_id": "round_still_open",
    "councils_resolution.entry_id": "round_still_open",
    "councils_resolution.elimination_id": "resolution_of_one_thing",
    "councils_evaluationround.follows_id": "round_follows_by_meeting",
    "councils_evaluationround.voided_at": "round_void_knows_why",
    "councils_evaluationround.void_reason": "round_void_knows_why",
    "councils_evaluationround.void_basis_id": "round_void_knows_why",
    "cycle_roleassignment.org_unit_id": "role_assignment_not_twice_at_once",
    "cycle_substitution.created_by_id": "substitution_of_its_maker_has_a_document",
    "dossiers_term.task_id": "dossiers_term_task_id_key",
    "cycle_stepwindow.step": "step_window_once_per_level",
    "dossiers_potential.cycle_id": "potential_of_a_list_or_a_year",
    "dossiers_potential.recorded_by_id": "potential_of_a_list_or_a_year",
    "dossiers_potential.source": "potential_of_a_list_or_a_year",
    "dossiers_potential.event_id": "potential_source_known",
    "dossiers_process.dossier_id": "one_open_process_per_dossier",
}
#: What refuses that a row goes, before.
GO_SOONER = {"councils_interest": "said_interest_stays"}
#: The row that is changed, where that is not the first: somebody who holds no post.
ROWS = {"cycle_user": "SELECT id FROM cycle_user WHERE username = 'khong'"}


def another(table, field):
    """SQL of a value of the column that it does not have."""
    old = f'"{field.column}"'
    if field.choices and table != "dossiers_dossier":
        values = ", ".join(f"'{each}'" for each in field.flatchoices and dict(field.flatchoices))
        return f"(SELECT v FROM unnest(ARRAY[{values}]) v WHERE v <> coalesce({old}::text, '') LIMIT 1)"
    if field.is_relation:
        other = field.related_model._meta
        key = other.pk.column
        return (
            f'coalesce((SELECT max(o."{key}") FROM {other.db_table} o '
            f'WHERE o."{key}" IS DISTINCT FROM {table}.{old}), coalesce({table}.{old}, 0) + 1)'
        )
    kind = field.get_internal_type()
    if kind == "BooleanField":
        return f"NOT {old}"
    if kind in ("DateField", "DateTimeField"):
        return f"coalesce({old}, now()) + interval '1 day'"
    if "Integer" in kind or kind == "DecimalField":
        return f"coalesce({old}, 0) + 1"
    if kind in ("JSONField", "ArrayField"):
        return "'[7]'" if kind == "JSONField" else "'{7}'"
    return f"left('x' || {old}, {field.max_length or 99})"


def change(table, field):
    """A statement that gives the column another value, in the first row."""
    values = (
        TOGETHER.get(f"{table}.{field.column}") or f'"{field.column}" = {another(table, field)}'
    )
    row = ROWS.get(table, f"SELECT min(id) FROM {table}")
    return f"UPDATE {table} SET {values} WHERE id = ({row})"


@contextmanager
def told_at_once():
    """What asks for its line of history as the transaction ends, asks after each statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT string_agg(quote_ident(tgname), ', ') FROM pg_trigger
               WHERE tgdeferrable AND tgname ~ '^pgtrigger_'"""
        )
        (names,) = cursor.fetchone()
    sql(f"SET CONSTRAINTS {names} IMMEDIATE")
    yield
    sql(f"SET CONSTRAINTS {names} DEFERRED")


def broken(name, statement, before=lambda: None):
    """What the statement breaks, when that is not the constraint of this name."""
    try:
        with transaction.atomic():
            before()
            with told_at_once():
                sql(statement)
            transaction.set_rollback(True)
    except IntegrityError as error:
        found = error.__cause__.diag.constraint_name
        return [] if found == name else [(statement, found)]
    return [(statement, "nothing")]


@pytest.mark.django_db(transaction=True)
def test_no_column_that_is_held_is_changed_in_silence_or_by_a_line_of_something_else(world):
    with transaction.atomic():
        judged(world)
        interest(world)
        resolution(world)
        assert Attendance.objects.exists()
        batch(world)
        rows_of_the_rest(world)
    stays, told = guarded(guards.Stays), guarded(guards.Told)
    wrong = [table for table in {*stays, *told} if not filled(table)]
    for table, its in columns().items():
        for each, field in its.items():
            sooner = SOONER.get(f"{table}.{each}")
            if each in stays.get(table, ()):
                wrong += broken(sooner or guards.STAYS, change(table, field))
            if each in told.get(table, ()):
                for before in (lambda: None, lambda: other_lines(world)):
                    wrong += broken(sooner or guards.TOLD, change(table, field), before)
    for table in rows_told("DELETE"):
        gone = f"DELETE FROM {table} WHERE id = (SELECT max(id) FROM {table})"  # noqa: S608
        for before in (lambda: None, lambda: other_lines(world)):
            wrong += broken(GO_SOONER.get(table, guards.TOLD), gone, before)
    assert wrong == [], "\n".join(map(str, wrong))


def filled(table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT FROM {table})")
        return cursor.fetchone()[0]


def rows_of_the_rest(world):
    """A row in each table that has columns which are held, and is empty still."""
    User.objects.create(username="khong")
    slip(world)
    substituted(world)
    opinion(world)
    act_batch_row(world)
    window(world, step="plan")
    DayOff.objects.create(day="2026-04-30", name="Ngày lễ")
    potential(world)
    planned_outreach(world)
    for model, fields in ((OutreachEvent, {"kind": "radio"}), (PromotionEvent, {})):
        met = event(world, model, **fields)
        if model is OutreachEvent:
            insert_as_owner(OutreachAttendance(event=met))
            kept = {"sha256": "0" * 64, "bytes": 1, "by": world.an, "at": clock.now()}
            insert_as_owner(OutreachFile(event=met, **kept))
    insert_as_owner(Route(dossier=world.dossier, node="decide", org_unit=world.commune))
    filed_under(world)


def other_lines(world):
    """Lines of other acts in the chains of what is there."""
    HistoryEntry.objects.record("round.record_document", world.round, by=world.an)
    HistoryEntry.objects.record("task.claim", world.dossier, by=world.an)


@pytest.mark.django_db(transaction=True)
def test_a_line_of_the_act_lets_its_column_change_and_no_other(world):
    with transaction.atomic():
        judged(world)
    for told, values, let in (
        ("round.change", {"place": "Phòng khác"}, True),
        ("round.change", {"opened_at": clock.now()}, False),
        ("round.take_in", {"name": "Tên khác"}, False),
        ("round.move_meeting", {"meets_at": clock.now()}, True),
    ):
        rows = type(world.round).objects.filter(pk=world.round.pk)

        def act(told=told, values=values, rows=rows):
            HistoryEntry.objects.record(told, world.round, by=world.an)
            rows.update(**values)

        if let:
            with transaction.atomic():
                act()
        else:
            with refused(guards.TOLD):
                act()


@pytest.mark.django_db(transaction=True)
def test_a_product_does_not_go_to_another_commune_in_silence(world):
    for statement in (
        "UPDATE dossiers_dossier SET before_split_id = commune_id",
        "UPDATE dossiers_product SET made_in_id = (SELECT max(id) FROM cycle_orgunit)",
        "UPDATE dossiers_dossier SET commune_id = (SELECT min(id) FROM cycle_orgunit)",
        "UPDATE dossiers_producer SET commune_id = (SELECT min(id) FROM cycle_orgunit)",
    ):
        with refused(guards.TOLD):
            sql(statement)
        with refused(guards.TOLD):
            HistoryEntry.objects.record("dossier.correct_names", world.dossier, by=world.an)
            HistoryEntry.objects.record("product.change", world.dossier.product, by=world.an)
            sql(statement)
        with transaction.atomic():
            product = world.dossier.product
            for target in (world.dossier, product, product.producer):
                HistoryEntry.objects.record("split.allot", target, by=world.an)
            sql(statement)


@pytest.mark.django_db(transaction=True)
def test_no_setting_of_the_session_makes_a_guard_look_away(world):
    sql("""SELECT set_config('pgtrigger.ignore', (
             SELECT '{' || string_agg(tgname, ',') || '}' FROM pg_trigger
             WHERE tgname ~ '^pgtrigger_'), false)""")
    try:
        with refused(guards.TOLD):
            sql("UPDATE dossiers_dossier SET before_split_id = commune_id")
        with refused(guards.STAYS):
            sql("UPDATE dossiers_dossier SET opened_at = now()")
    finally:
        sql("RESET pgtrigger.ignore")
