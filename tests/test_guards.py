"""Nobody walks round the triggers: the application makes no temporary table, and if it did, no
trigger would read it. Each login begins its sessions with its limits."""

from contextlib import contextmanager
from datetime import date
from io import StringIO

import psycopg
import pytest
from django.conf import settings
from django.core import checks
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from councils.models import Scoresheet
from cycle import clock
from cycle.guards import SEARCH_PATH, TOLD, guards_hold
from cycle.models import Cycle, HistoryEntry, HistoryHead, OrgUnit, StepWindow, User
from cycle.running import embedded
from dossiers.models import OutreachEvent, Producer, Product, PromotionEvent
from tests import absences, judging, records
from tests.breaking import (
    certificate_of_another,
    closed,
    criterion,
    event,
    filed_under,
    given,
    interest,
    judged,
    kept,
    left_in_a_closed_year,
    numbered,
    paper_of,
    planned_outreach,
    potential,
    provincial_leader,
    refused,
    resolution,
    rubric,
    rubric_of_another_edition,
    score,
    second_council,
    second_entry,
    sent_up,
    shut,
    silent,
    sql,
    struck_year,
    substituted,
    window,
)
from tests.owning import delete_as_owner, owner, update_as_owner
from tests.world import person

pytestmark = pytest.mark.django_db

ROLES = [embedded.APPLICATION, embedded.WEB, embedded.WORK]


def rows(query, *values):
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()


@contextmanager
def temporary_tables():
    """The application may make temporary tables after all, as before they were taken from it."""
    database = connection.settings_dict["NAME"]
    with owner() as db:
        db.execute(f'GRANT TEMPORARY ON DATABASE "{database}" TO "{settings.APPLICATION_ROLE}"')
    try:
        yield
    finally:
        with owner() as db:
            db.execute(embedded.no_temporary(database, settings.APPLICATION_ROLE))


# --- The attack: a temporary table stands in for the one that a trigger reads ----------------

OPEN_ROUND = "UPDATE pg_temp.councils_evaluationround SET state = 'open'"


def over(world):
    judged(world)
    interest(world)
    resolution(world)
    shut(world)


def submitted(world):
    judged(world)
    score(world)
    Scoresheet.objects.update(state="submitted", submitted_at=clock.now())


def counted(world):
    submitted(world)
    sql("UPDATE councils_roundentry SET counted_scoring = scoring")
    HistoryEntry.objects.record("round.count_sheets", world.round, by=world.an)


def stranger(world):
    judged(world)
    second_council(world)


def administrator(world):
    User.objects.create_superuser("quantri")


def struck(world):
    maker = world.dossier.product.producer
    gone = Producer.objects.create(name="HTX cũ", commune=maker.commune, void=True)
    Product.objects.create(producer=gone, name="Chè cũ", group="drink", void=True)


#: Guarded table, function of its trigger -> what there is before, the tables that are shadowed and
#: what is changed in the shadow, and the statement that must be refused all the same.
ATTACKS = {
    ("councils_score", "score_in_open_sheet"): (
        submitted,
        {"councils_scoresheet": "UPDATE pg_temp.councils_scoresheet SET state = 'draft'"},
        "DELETE FROM public.councils_score",
    ),
    ("councils_scoresheet", "sheet_in_open_round"): (
        over,
        {"councils_evaluationround": OPEN_ROUND},
        "UPDATE public.councils_scoresheet SET remark = 'Sửa sau khi chốt'",
    ),
    **{
        (table, "round_still_open"): (over, {"councils_evaluationround": OPEN_ROUND}, statement)
        for table, statement in (
            ("councils_attendance", "DELETE FROM public.councils_attendance"),
            ("councils_interest", "UPDATE public.councils_interest SET reason = 'Khác'"),
            ("councils_resolution", "UPDATE public.councils_resolution SET reason = 'Khác'"),
            ("councils_roundentry", "UPDATE public.councils_roundentry SET position = 9"),
        )
    },
    ("councils_scoresheet", "sheet_stays_once_counted"): (
        counted,
        {"councils_roundentry": "UPDATE pg_temp.councils_roundentry SET counted_scoring = 0"},
        "UPDATE public.councils_scoresheet SET remark = 'Sửa sau khi kiểm phiếu'",
    ),
    ("councils_evaluationround", "round_closed_by_closing"): (
        judged,
        {
            "councils_closing": """INSERT INTO pg_temp.councils_closing (id, round_id)
                                   SELECT 1, id FROM public.councils_evaluationround"""
        },
        "UPDATE public.councils_evaluationround SET state = 'closed', closed_at = now()",
    ),
    ("councils_evaluationround", "round_reopened_on_record"): (
        over,
        {"councils_closing": "DELETE FROM pg_temp.councils_closing"},
        "UPDATE public.councils_evaluationround SET state = 'open', closed_at = NULL",
    ),
    ("councils_reopening", "reopening_opens_its_round"): (
        lambda world: [over(world), connection.check_constraints()],
        {"councils_evaluationround": OPEN_ROUND},
        """INSERT INTO public.councils_reopening (closing_id, reason, document, basis_id, by_id, at)
           SELECT id, 'Khiếu nại', '', (SELECT max(id) FROM public.cycle_document), by_id, now()
           FROM public.councils_closing""",
    ),
    ("councils_evaluationround", "round_void_stays"): (
        judged,
        {"councils_roundentry": "DELETE FROM pg_temp.councils_roundentry"},
        """UPDATE public.councils_evaluationround
           SET state = 'void', voided_at = now(), void_reason = 'Hủy',
               void_basis_id = (SELECT max(id) FROM public.cycle_document)""",
    ),
    ("councils_roundentry", "entry_keeps_its_product"): (
        judged,
        {
            "councils_evaluationround": "UPDATE pg_temp.councils_evaluationround SET state = 'preparing'"
        },
        "UPDATE public.councils_roundentry SET rubric_id = rubric_id + 1",
    ),
    ("dossiers_task", "process_not_stuck"): (
        lambda world: None,
        {"dossiers_process": "UPDATE pg_temp.dossiers_process SET status = 'DONE'"},
        """UPDATE public.dossiers_task SET status = 'CANCELED', closed_at = now()
           WHERE open_state IS NOT NULL""",
    ),
    ("dossiers_process", "process_not_stuck"): (
        closed,
        {"dossiers_task": "UPDATE pg_temp.dossiers_task SET open_state = 'potential'"},
        "UPDATE public.dossiers_process SET status = 'NEW'",
    ),
    ("dossiers_task", "task_not_both_ends"): (
        lambda world: sent_up(world, received_by=person("minh", "Lò Văn Minh")),
        {"dossiers_task": "DELETE FROM pg_temp.dossiers_task"},
        """UPDATE public.dossiers_task above SET closed_by_id = below.closed_by_id
           FROM public.dossiers_task below
           WHERE above.node = 'check_at_province' AND below.node = 'sign_report'""",
    ),
    ("dossiers_dossier", "stands_on_what_stands"): (
        struck,
        {"dossiers_product": "UPDATE pg_temp.dossiers_product SET void = false"},
        """UPDATE public.dossiers_dossier
           SET product_id = (SELECT id FROM public.dossiers_product WHERE void)""",
    ),
    ("dossiers_product", "stands_on_what_stands"): (
        struck,
        {"dossiers_producer": "UPDATE pg_temp.dossiers_producer SET void = false"},
        """UPDATE public.dossiers_product
           SET producer_id = (SELECT id FROM public.dossiers_producer WHERE void)
           WHERE NOT void""",
    ),
    ("cycle_substitution", "substitution_not_to_oneself"): (
        lambda world: substituted(world, created_by=person("minh", "Lò Văn Minh")),
        {"cycle_roleassignment": "DELETE FROM pg_temp.cycle_roleassignment"},
        """INSERT INTO public.cycle_substitution (assignment_id, substitute_id, valid_from,
             valid_to, reason, document, document_signer, created_by_id)
           SELECT s.assignment_id, a.user_id, s.valid_from - 100, s.valid_to - 100, s.reason,
             '', '', s.created_by_id
           FROM public.cycle_substitution s, public.cycle_roleassignment a
           WHERE a.id = s.assignment_id""",
    ),
}
LAST_YEAR = date(2025, 12, 31)
#: Nobody is of the administration, as the shadow has it; and nobody holds a post.
NOBODY = {"cycle_user": "UPDATE pg_temp.cycle_user SET is_staff = false, is_superuser = false"}
NO_POSTS = {
    table: f"DELETE FROM pg_temp.{table}"
    for table in ("cycle_roleassignment", "cycle_substitution", "councils_member")
}
ATTACKS |= {
    ("cycle_roleassignment", "post_not_of_administration"): (
        administrator,
        NOBODY,
        """INSERT INTO public.cycle_roleassignment
             (user_id, role, org_unit_id, valid_from, document, document_signer)
           SELECT u.id, 'officer', o.id, '2026-01-01', '', ''
           FROM public.cycle_user u, public.cycle_orgunit o WHERE u.is_superuser""",
    ),
    ("cycle_roleassignment", "post_begins_while_its_unit_lasts"): (
        lambda world: update_as_owner(
            OrgUnit.objects.filter(pk=world.commune.pk), valid_to=LAST_YEAR
        ),
        {"cycle_orgunit": "UPDATE pg_temp.cycle_orgunit SET valid_to = NULL"},
        """INSERT INTO public.cycle_roleassignment
             (user_id, role, org_unit_id, valid_from, document, document_signer)
           SELECT u.id, 'clerk', o.id, '2026-01-01', '', ''
           FROM public.cycle_user u, public.cycle_orgunit o
           WHERE u.username = 'an' AND o.valid_to = '2025-12-31'""",
    ),
    ("cycle_substitution", "post_not_of_administration"): (
        lambda world: [administrator(world), substituted(world)],
        NOBODY,
        """INSERT INTO public.cycle_substitution (assignment_id, substitute_id, valid_from,
             valid_to, reason, document, document_signer, created_by_id)
           SELECT s.assignment_id, u.id, s.valid_from - 100, s.valid_to - 100, s.reason,
             '', '', s.created_by_id
           FROM public.cycle_substitution s, public.cycle_user u
           WHERE u.is_superuser""",
    ),
    ("councils_member", "post_not_of_administration"): (
        lambda world: [administrator(world), judged(world)],
        NOBODY,
        """INSERT INTO public.councils_member
             (council_id, user_id, seat, department, since, document, decision_id, made_by_id)
           SELECT m.council_id, u.id, 'team', '', m.since, '', m.decision_id, m.made_by_id
           FROM public.councils_member m, public.cycle_user u
           WHERE m.seat = 'chair' AND u.is_superuser""",
    ),
    ("cycle_user", "administration_holds_no_post"): (
        lambda world: None,
        NO_POSTS,
        "UPDATE public.cycle_user SET is_staff = true",
    ),
}
ATTACKS[("cycle_substitution", "substitution_owes_one_paper")] = (
    lambda world: [
        substituted(world, substitute=person("thay1", "Thay Một"), paper_due_on=date(2026, 12, 31)),
        substituted(
            world,
            substitute=person("thay2", "Thay Hai"),
            valid_from=date(2026, 11, 2),
            valid_to=date(2026, 11, 3),
            basis=absences.of_ledger("1/QĐ", world.commune),
        ),
    ],
    {"cycle_substitution": "DELETE FROM pg_temp.cycle_substitution"},
    """INSERT INTO public.cycle_substitution (assignment_id, substitute_id, valid_from, valid_to,
         reason, document, document_signer, paper_due_on, created_by_id)
       SELECT assignment_id, substitute_id, '2026-11-04', '2026-11-05', reason, '', '',
         '2026-11-09', created_by_id
       FROM public.cycle_substitution WHERE basis_id IS NOT NULL""",
)
ATTACKS[("dossiers_potential", "potential_struck_with_its_list")] = (
    lambda world: [potential(world), connection.check_constraints()],
    {
        "dossiers_stockbatch": """INSERT INTO pg_temp.dossiers_stockbatch (id, state)
                                  SELECT batch_id, 'void' FROM public.dossiers_potential""",
    },
    "UPDATE public.dossiers_potential SET void = true",
)
ATTACKS[("dossiers_certificate", "certificate_struck_with_its_list")] = (
    lambda world: [certificate_of_another(world), connection.check_constraints()],
    {
        "dossiers_stockbatch": """INSERT INTO pg_temp.dossiers_stockbatch (id, state)
                                  VALUES (1, 'void')""",
        "dossiers_stockrow": """INSERT INTO pg_temp.dossiers_stockrow (batch_id, certificate_id)
                                SELECT 1, id FROM public.dossiers_certificate""",
    },
    "UPDATE public.dossiers_certificate SET void = true",
)


def year_struck(world):
    """A round and events in the year, and another year that was struck out."""
    judged(world)
    for model, fields in ((OutreachEvent, {"kind": "radio"}), (PromotionEvent, {})):
        event(world, model, **fields)
    of_the_year = {"cycle": world.cycle, "source": "wish", "recorded_by": world.an}
    planned_outreach(world)
    potential(world, batch=None, recorded_at=clock.now(), **of_the_year)
    struck_year(world)


ATTACKS |= {
    (table, "stands_in_its_year"): (
        year_struck,
        {"cycle_cycle": "UPDATE pg_temp.cycle_cycle SET void = false"},
        f"UPDATE public.{table} SET cycle_id = (SELECT id FROM public.cycle_cycle WHERE void)",
    )
    for table in (
        "dossiers_dossier",
        "dossiers_outreachevent",
        "dossiers_plannedoutreach",
        "dossiers_potential",
        "dossiers_promotionevent",
        "councils_evaluationround",
    )
}
ATTACKS |= {
    ("dossiers_dossier", "dossier_year_is_open"): (
        left_in_a_closed_year,
        {"cycle_cycle": "UPDATE pg_temp.cycle_cycle SET closed_on = NULL"},
        "UPDATE public.dossiers_dossier SET state = 'assembling', parked_from = ''",
    ),
    ("dossiers_yearclosing", "year_closing_finished"): (
        lambda world: update_as_owner(
            Cycle.objects.filter(pk=world.cycle.pk), closed_on="2026-12-31"
        ),
        {"dossiers_dossier": "DELETE FROM pg_temp.dossiers_dossier"},
        """INSERT INTO public.dossiers_yearclosing
             (cycle_id, carried, figures, sha256, made_by_id, made_at)
           SELECT c.id, 0, '{}', '', (SELECT min(id) FROM public.cycle_user), now()
           FROM public.cycle_cycle c""",
    ),
}
NO_WINDOWS = {"cycle_stepwindow": "DELETE FROM pg_temp.cycle_stepwindow"}


def planned(world):
    """A year with a last day, and one window in it."""
    window(world)
    delete_as_owner(StepWindow.objects.filter(batch=None))
    update_as_owner(Cycle.objects, ends_on=date(2026, 12, 31))
    connection.check_constraints()


ATTACKS |= {
    ("cycle_stepwindow", "step_window_inside_its_cycle"): (
        planned,
        {"cycle_cycle": "UPDATE pg_temp.cycle_cycle SET ends_on = NULL"},
        "UPDATE public.cycle_stepwindow SET closes_on = '2027-01-01'",
    ),
    ("cycle_cycle", "step_window_inside_its_cycle"): (
        planned,
        NO_WINDOWS,
        "UPDATE public.cycle_cycle SET ends_on = '2026-01-10'",
    ),
    ("cycle_stepwindow", "step_windows_in_order"): (
        lambda world: [
            planned(world),
            window(world, step="plan", closes_on=date(2026, 3, 1)),
            connection.check_constraints(),
        ],
        NO_WINDOWS,
        "UPDATE public.cycle_stepwindow SET opens_on = '2026-01-01' WHERE step = 'plan'",
    ),
}
SITS_HERE = {
    "councils_member": """UPDATE pg_temp.councils_member SET council_id =
                            (SELECT council_id FROM public.councils_evaluationround)"""
}
STRANGER = """SELECT m.id FROM public.councils_member m
              WHERE m.council_id <> (SELECT council_id FROM public.councils_evaluationround)"""
ROUND, ENTRY = (
    f"(SELECT id FROM public.councils_{of})" for of in ("evaluationround", "roundentry")
)
ATTACKS |= {
    (table, "member_is_of_the_council"): (stranger, SITS_HERE, statement)
    for table, statement in (
        (
            "councils_attendance",
            f"""INSERT INTO public.councils_attendance (round_id, member_id, present, note)
                VALUES ({ROUND}, ({STRANGER}), true, '')""",
        ),
        (
            "councils_reading",
            f"""INSERT INTO public.councils_reading (round_id, member_id, at)
                VALUES ({ROUND}, ({STRANGER}), now())""",
        ),
        (
            "councils_interest",
            f"""INSERT INTO public.councils_interest
                  (entry_id, member_id, kind, recused, reason, by_id, at)
                SELECT {ENTRY}, ({STRANGER}), 'declared', true, 'Họ hàng', min(id), now()
                FROM public.cycle_user""",
        ),
        (
            "councils_scoresheet",
            f"""INSERT INTO public.councils_scoresheet
                  (entry_id, member_id, scoring, state, remark, scan_sha256, scan_name)
                VALUES ({ENTRY}, ({STRANGER}), 1, 'draft', '', '', '')""",
        ),
    )
} | {
    ("councils_resolution", "resolution_is_of_the_rubric"): (
        lambda world: [judged(world), criterion(rubric(world), code="9.9")],
        {
            "cycle_criterion": """UPDATE pg_temp.cycle_criterion SET rubric_id =
                                    (SELECT rubric_id FROM public.councils_roundentry)"""
        },
        f"""INSERT INTO public.councils_resolution
              (entry_id, criterion_id, stars, holds, reason, by_id, at)
            SELECT {ENTRY}, c.id, 3, true, 'Thảo luận', u.id, now()
            FROM public.cycle_criterion c, public.cycle_user u
            WHERE c.code = '9.9' AND u.username = 'an'""",
    ),
    ("councils_roundentry", "entry_rubric_is_of_its_edition"): (
        lambda world: [judged(world, open_it=False), rubric_of_another_edition(world)],
        {
            "cycle_rubric": """UPDATE pg_temp.cycle_rubric SET rule_set_id =
                                 (SELECT min(rule_set_id) FROM public.dossiers_dossier)"""
        },
        """UPDATE public.councils_roundentry SET rubric_id =
             (SELECT id FROM public.cycle_rubric WHERE name = 'Bộ thử')""",
    ),
    ("councils_result", "result_is_of_the_closed_round"): (
        lambda world: [judged(world), shut(world), second_entry(world)],
        {
            "councils_roundentry": """UPDATE pg_temp.councils_roundentry SET round_id =
                                        (SELECT round_id FROM public.councils_closing)"""
        },
        """INSERT INTO public.councils_result
             (closing_id, entry_id, scoring, points_sum, sheets, band, stars, missed, eliminated,
              remark)
           SELECT c.id, e.id, 1, 240, 3, 4, 4, '[]', false, ''
           FROM public.councils_closing c
           JOIN public.councils_roundentry e ON e.round_id <> c.round_id""",
    ),
    ("councils_closing", "closing_is_told_in_its_round"): (
        judged,
        {
            "cycle_historyentry": f"""UPDATE pg_temp.cycle_historyentry
                                      SET stream = 'round', stream_id = {ROUND}"""
        },
        f"""INSERT INTO public.councils_closing (round_id, version, by_id, at, entry_id)
            SELECT {ROUND}, 1, u.id, now(), h.id
            FROM public.cycle_user u, public.cycle_historyentry h
            WHERE u.username = 'an' AND h.stream = 'dossier' LIMIT 1""",
    ),
    ("councils_evaluationround", "round_goes_by_its_units_regulation"): (
        lambda world: [judged(world), judging.regulate(world.commune)],
        {
            "councils_regulation": """UPDATE pg_temp.councils_regulation SET org_unit_id =
                                        (SELECT min(org_unit_id) FROM public.councils_council)"""
        },
        f"""INSERT INTO public.councils_evaluationround
              (council_id, cycle_id, name, mode, place, state, regulation_id)
            SELECT council_id, cycle_id, 'Đợt 2', mode, place, 'preparing',
              (SELECT max(id) FROM public.councils_regulation)
            FROM public.councils_evaluationround WHERE id = {ROUND}""",
    ),
}
LAST, ITS_ENTRY, ITS_SEAT = (
    f"(SELECT max(id) FROM public.councils_{of})"
    for of in ("evaluationround", "roundentry", "member")
)
ATTACKS |= {
    (table, TOLD): (
        silent,
        {
            "cycle_historyentry": f"""UPDATE pg_temp.cycle_historyentry
                                      SET stream = 'round', stream_id = {LAST}"""
        },
        statement,
    )
    for table, statement in (
        (
            "councils_interest",
            f"""INSERT INTO public.councils_interest
                  (entry_id, member_id, kind, recused, reason, by_id, at)
                SELECT {ITS_ENTRY}, {ITS_SEAT}, 'declared', true, 'Họ hàng', min(id), now()
                FROM public.cycle_user""",
        ),
        (
            "councils_attendance",
            f"""INSERT INTO public.councils_attendance (round_id, member_id, present, note)
                VALUES ({LAST}, {ITS_SEAT}, true, '')""",
        ),
        (
            "councils_resolution",
            f"""INSERT INTO public.councils_resolution
                  (entry_id, criterion_id, stars, holds, reason, by_id, at)
                SELECT e.id, (SELECT min(c.id) FROM public.cycle_criterion c
                              WHERE c.rubric_id = e.rubric_id), 3, true, 'Thảo luận',
                       (SELECT min(id) FROM public.cycle_user), now()
                FROM public.councils_roundentry e WHERE e.id = {ITS_ENTRY}""",
        ),
        (
            "councils_roundentry",
            f"UPDATE public.councils_roundentry SET repeats = 9 WHERE id = {ITS_ENTRY}",
        ),
        (
            "councils_evaluationround",
            f"UPDATE public.councils_evaluationround SET meets_at = now() WHERE id = {LAST}",
        ),
    )
}
#: A list that was struck out, and that brought all dossiers in.
LISTED = {
    "dossiers_stockbatch": "INSERT INTO pg_temp.dossiers_stockbatch (id, state) VALUES (1, 'void')",
    "dossiers_stockrow": """
      INSERT INTO pg_temp.dossiers_stockrow (batch_id, dossier_id, makes_product, makes_producer)
      SELECT 1, id, true, true FROM public.dossiers_dossier""",
}
GONE = "UPDATE pg_temp.{0} SET void = true"
ATTACKS |= {
    (table, "struck_with_its_list"): (
        lambda world: None,
        LISTED | {below: GONE.format(below) for below in belows},
        f"UPDATE public.{table} SET void = true",
    )
    for table, belows in (
        ("dossiers_dossier", ()),
        ("dossiers_product", ("dossiers_dossier",)),
        ("dossiers_producer", ("dossiers_product",)),
    )
}
ATTACKS["cycle_cycle", "year_struck_out_is_empty"] = (
    lambda world: None,
    {"dossiers_dossier": "DELETE FROM pg_temp.dossiers_dossier"},
    "UPDATE public.cycle_cycle SET void = true, closed_on = '2026-12-31'",
)
ATTACKS["dossiers_erasure", "erase_words"] = (
    provincial_leader,
    {
        "cycle_sealedtext": "DELETE FROM pg_temp.cycle_sealedtext",
        "cycle_historyentry": "DELETE FROM pg_temp.cycle_historyentry",
    },
    """INSERT INTO public.dossiers_erasure (producer_id, texts, because, reason, number, signed_on,
         signer, sha256, filename, content_type, made_by_id, made_at)
       SELECT p.id, jsonb_build_array(jsonb_build_array(e.id, 'actor')), 'law', 'x', '1/x',
         '2026-01-01', 'x', repeat('0', 64), '', '', u.id, now()
       FROM public.cycle_historyentry e, public.dossiers_producer p, public.cycle_user u
       WHERE e.event = 'dossier.open' AND u.username = 'truong' LIMIT 1""",
)
#: The application has no right to change the words: test_constraints.py attacks it as the owner.
WORDS = ("cycle_sealedtext", "words_only_emptied")
ATTACKS["cycle_document", "document_number_once"] = (
    paper_of,
    {"cycle_document": "DELETE FROM pg_temp.cycle_document"},
    """INSERT INTO public.cycle_document
         (direction, kind, does, register, issuer_id, outside, number, signed_on, signer,
          signer_capacity, subject, scan_sha256, scan_bytes, scan_filename, scan_type, before, said,
          at)
       SELECT direction, kind, does, register, issuer_id, outside, number, signed_on, signer,
              signer_capacity, subject, scan_sha256, scan_bytes, scan_filename, scan_type, before,
              said, at
       FROM public.cycle_document""",
)
ATTACKS["dossiers_certificatenumber", "certificate_number_once"] = (
    lambda world: (numbered(world), given(world)),
    {"dossiers_certificatenumber": "DELETE FROM pg_temp.dossiers_certificatenumber"},
    """INSERT INTO public.dossiers_certificatenumber
         (dossier_id, certificate_id, issuer_id, year, number, repeats, at)
       SELECT n.dossier_id, c.id, n.issuer_id, n.year, n.number, n.repeats, n.at
       FROM public.dossiers_certificatenumber n, public.dossiers_certificate c
       WHERE c.id <> n.certificate_id""",
)
ATTACKS["dossiers_filingnumber", "filing_number_follows"] = (
    filed_under,
    {"dossiers_filingnumber": "UPDATE pg_temp.dossiers_filingnumber SET number = 2"},
    """INSERT INTO public.dossiers_filingnumber (dossier_id, body_id, commune_id, year, number, at)
       SELECT dossier_id, body_id, commune_id, year, 3, at FROM public.dossiers_filingnumber""",
)
ATTACKS["dossiers_officialdocument", "paper_follows_its_document"] = (
    lambda world: (kept(world, records.signed_paper(scan=None)), paper_of(world)),
    {
        "cycle_document": "UPDATE pg_temp.cycle_document SET replaces_id = "
        "(SELECT min(document_id) FROM public.dossiers_officialdocument)"
    },
    """UPDATE public.dossiers_officialdocument SET document_id =
         (SELECT max(id) FROM public.cycle_document)""",
)
#: Refuses nothing, fills in: see the test of its own.
CHAIN = ("cycle_historyentry", "history_chain")


def shadow(tables):
    for table, change in tables.items():
        sql(f"CREATE TEMPORARY TABLE {table} AS SELECT * FROM public.{table}")
        sql(change)


@pytest.mark.parametrize("guarded", ATTACKS, ids="/".join)
def test_a_temporary_table_does_not_stand_in_for_the_one_a_trigger_reads(guarded, world):
    before, tables, statement = ATTACKS[guarded]
    before(world)
    _table, name = guarded
    with temporary_tables(), refused(name):
        shadow(tables)
        if rows(f"SELECT FROM pg_trigger WHERE tgdeferrable AND tgname = '{name}'"):
            # Before the lines of history are asked for.
            sql(f"SET CONSTRAINTS {name} IMMEDIATE")
        sql(statement)


def test_a_temporary_table_does_not_stand_in_for_the_heads_of_the_chains(world):
    with temporary_tables(), transaction.atomic():
        shadow({"cycle_historyhead": "UPDATE pg_temp.cycle_historyhead SET seq = 40"})
        sql(
            """INSERT INTO public.cycle_historyentry
                 (stream, stream_id, event, label, role, before, after, reason, data, at)
               VALUES ('dossier', %s, 'dossier.open', 'x', '', '', '', '', '{}', now())""",
            world.dossier.pk,
        )
        sql("DROP TABLE pg_temp.cycle_historyhead")
    assert HistoryHead.objects.get(stream="dossier", stream_id=world.dossier.pk).seq == 2


def test_every_trigger_that_reads_a_table_is_attacked():
    found = rows(
        r"""SELECT DISTINCT t.tgrelid::regclass::text, p.proname
            FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
            JOIN pg_class c ON c.relnamespace = 'public'::regnamespace
              AND c.relkind IN ('r', 'p', 'v') AND p.prosrc ~ ('\m' || c.relname || '\M')
            WHERE NOT t.tgisinternal AND p.proname !~ '^pgtrigger_'"""
    )
    # Those of guards.Told are made by one function: some of them are attacked above.
    attacked = {(table, name) for table, name in ATTACKS if name != TOLD}
    assert set(found) == {*attacked, CHAIN, WORDS}


# --- The walls, one by one -------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_the_application_has_no_right_to_temporary_tables(role):
    query = "SELECT has_database_privilege(%s, current_database(), 'TEMPORARY')"
    assert rows(query, role) == [(False,)]


#: Of the function that hashes a row: its moments are in UTC.
OF_ONE = {"TimeZone=UTC"}


def test_every_function_of_ours_carries_its_search_path():
    # Those of pgtrigger too: it makes them again with each trigger that a migration adds.
    query = """SELECT p.proname, p.proconfig FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
               WHERE pronamespace = 'public'::regnamespace AND lanname IN ('sql', 'plpgsql')
                 -- The names in such a body are bound when it is made.
                 AND prosqlbody IS NULL"""
    found = dict(rows(query))
    assert {"process_not_stuck", "history_payload", "_pgtrigger_should_ignore"} <= set(found)
    assert {name: path for name, path in found.items() if set(path) - OF_ONE != {SEARCH_PATH}} == {}


def found():
    return {(each.id, each.level) for each in guards_hold(None, ["default"])}


def test_the_check_finds_nothing_here_and_asks_nothing_unasked():
    assert found() == set()
    assert guards_hold(None, None) == []


def test_the_check_finds_a_right_to_temporary_tables():
    with temporary_tables():
        assert found() == {("cycle.E002", checks.ERROR)}
        faults = StringIO()
        with pytest.raises(SystemExit):
            call_command("check_flows", stdout=faults)
    # The role and both logins that have their rights from it; or the one login that is the role.
    told = faults.getvalue().splitlines()
    assert len(told) == len({settings.APPLICATION_ROLE, *settings.APPLICATION_LOGINS})
    assert told[0].startswith(f"Vai trò {settings.APPLICATION_ROLE} tạo được bảng tạm")
    assert "REVOKE TEMPORARY ON DATABASE" in told[0]


@pytest.mark.parametrize(
    "path", ("", "SET search_path = pg_temp, public", "SET search_path = public")
)
def test_the_check_finds_a_function_without_a_search_path(path):
    with owner() as db:
        db.execute(f"CREATE FUNCTION careless() RETURNS int LANGUAGE sql {path} AS 'SELECT 1'")
    try:
        assert found() == {("cycle.E003", checks.ERROR)}
    finally:
        with owner() as db:
            db.execute("DROP FUNCTION careless()")


def test_the_check_finds_a_table_that_takes_another_key():
    with owner() as db:
        db.execute("ALTER TABLE councils_evaluationround DISABLE TRIGGER primary_key_stays")
    try:
        assert found() == {("cycle.E004", checks.ERROR)}
    finally:
        with owner() as db:
            db.execute("ALTER TABLE councils_evaluationround ENABLE TRIGGER primary_key_stays")


def test_the_check_accepts_a_body_that_is_bound_to_its_tables():
    with owner() as db:
        db.execute("CREATE FUNCTION bound() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END")
    try:
        assert found() == set()
    finally:
        with owner() as db:
            db.execute("DROP FUNCTION bound()")


def test_the_check_finds_a_superuser_and_a_login_without_limits(settings):
    settings.APPLICATION_LOGINS = {"postgres"}
    assert found() == {("cycle.E001", checks.ERROR), ("cycle.W001", checks.WARNING)}


@pytest.mark.django_db(transaction=True)
def test_migrate_says_what_it_could_not_close():
    with temporary_tables(), pytest.raises(CommandError) as refusal:
        call_command("migrate", verbosity=0)
    assert str(refusal.value).startswith("Đã di trú, nhưng chốt giữ của dữ liệu hở:\n")
    assert "REVOKE TEMPORARY ON DATABASE" in str(refusal.value)
    call_command("migrate", verbosity=0)


# --- What each login begins with -------------------------------------------------------------

URLS = embedded.urls()
LIMITS = {
    "web": {
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "1min",
        "statement_timeout": "30s",
    },
    "work": {
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "1min",
        "statement_timeout": "0",
    },
    "owner": {
        "lock_timeout": "0",
        "idle_in_transaction_session_timeout": "0",
        "statement_timeout": "0",
    },
}


@pytest.mark.parametrize("login", LIMITS)
def test_a_login_begins_with_its_limits(login):
    expected = dict(LIMITS[login])
    if not embedded.is_ours(settings.DATABASES["owner"]["HOST"]):
        # On a server of one's own the two logins may be one, of an installation of before.
        assert URLS.web != URLS.work
    else:
        expected["temp_file_limit"] = "1GB" if login == "web" else "-1"
    with psycopg.connect(getattr(URLS, login)) as session:
        has = {name: session.execute(f"SHOW {name}").fetchone()[0] for name in expected}
    assert has == expected


def test_what_the_roles_carry_is_what_the_code_says():
    carried = {
        role: dict(each.split("=", 1) for each in config)
        for role, config in rows(
            "SELECT rolname, rolconfig FROM pg_roles WHERE rolname = ANY (%s)",
            list(embedded.ROLES),
        )
    }
    carried[embedded.WEB].pop("temp_file_limit")
    assert carried == {role: session for role, (_rights, session) in embedded.ROLES.items()}


def test_the_tests_work_as_the_application():
    ((user, holds, owns),) = rows(
        """SELECT current_user, pg_has_role(current_user, %s, 'USAGE'), EXISTS (
             SELECT FROM pg_class WHERE relowner = current_user::regrole)""",
        settings.APPLICATION_ROLE,
    )
    assert user in settings.APPLICATION_LOGINS
    assert (holds, owns) == (True, False)
    # No option of the start of a session: a pooler would refuse it.
    assert "options" not in connection.settings_dict["OPTIONS"]
