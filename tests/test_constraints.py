"""Each constraint, trigger and revoked right, broken once on purpose by the application itself.

What only the owner of the database could do is said where it is shown.
"""

from datetime import date, timedelta
from types import SimpleNamespace

import pgtrigger
import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import (
    DataError,
    IntegrityError,
    ProgrammingError,
    connection,
    transaction,
)
from django.db.models import JSONField, ProtectedError, Value

from councils.models import (
    Appraisal,
    Attendance,
    Consequence,
    Council,
    DocumentTemplate,
    EvaluationRound,
    Interest,
    Member,
    Reading,
    Reopening,
    Resolution,
    RoundEntry,
    Score,
    Scoresheet,
)
from cycle import chains, clock, guards
from cycle.appointing import Appointed
from cycle.models import (
    Cycle,
    DayOff,
    Duty,
    FileFault,
    HistoryEntry,
    HistoryHead,
    LawReading,
    OfficeContact,
    OrgUnit,
    Role,
    RoleAssignment,
    RuleSet,
    SealedText,
    StepWindow,
    TermRule,
    User,
)
from dossiers.models import (
    Allotment,
    Certificate,
    Dossier,
    Erasure,
    Evidence,
    OfficialDocument,
    OutreachAttendance,
    OutreachEvent,
    PlannedPlace,
    Process,
    Producer,
    Product,
    PromotionEvent,
    Review,
    Route,
    State,
    StockRow,
    Task,
    Term,
)
from dossiers.models.records import Record
from dossiers.office import erasing
from notifications.models import (
    CalendarFeed,
    Preference,
)
from tests import absences, judging, records
from tests.breaking import (
    LONG_AGO,
    act_batch_row,
    alarm,
    another,
    another_batch,
    batch,
    both_ends,
    certificate_of_another,
    closed,
    closing,
    confirmed,
    council,
    created,
    criterion,
    digest,
    document,
    dossier_with,
    draft,
    elimination,
    elimination_of,
    erasure,
    evaluated,
    event,
    filed_under,
    fired,
    forbidden,
    given_up,
    held_by,
    interest,
    judged,
    kept,
    ledger,
    numbered,
    of_another,
    opinion,
    option,
    paper_of,
    parked,
    payment,
    payment_of_another,
    plan_paper,
    planned_outreach,
    potential,
    provincial_leader,
    refused,
    reopening,
    replaced_twice,
    resolution,
    result,
    rubric,
    rubric_of_another_edition,
    score,
    seated,
    second_council,
    second_entry,
    second_round,
    sent,
    shut,
    slip,
    sql,
    stock_batch,
    struck_year,
    substituted,
    summary,
    term,
    told,
    window,
    window_told,
    wording,
)
from tests.decision_papers import decision_of
from tests.held import HELD
from tests.owning import delete_as_owner, insert_as_owner, owner, update_as_owner
from tests.world import open_cycle, person

pytestmark = pytest.mark.django_db


def ended_unit(w):
    """A post that begins after its unit has ended."""
    update_as_owner(OrgUnit.objects.filter(pk=w.commune.pk), valid_to=date(2025, 12, 31))
    held_by(w)


#: constraint -> what breaks it.
BREAKS = {
    "paper_follows_its_document": lambda w: OfficialDocument.objects.filter(
        pk=decision_of(w.dossier).pk
    ).update(document=decision_of(w.dossier, number="902/QĐ").document_id),
    # cycle
    "cycle_cycle_title_key": lambda w: Cycle.objects.create(
        year=2031, title=w.cycle.title, rule_set=w.cycle.rule_set, opened_on=date(2026, 1, 1)
    ),
    "cycle_period_not_reversed": lambda w: Cycle.objects.update(closed_on=date(2025, 12, 31)),
    "cycle_one_per_year": lambda w: Cycle.objects.create(
        year=2026, title="Lần nữa", rule_set=w.cycle.rule_set, opened_on=date(2026, 1, 1)
    ),
    "cycle_plan_not_reversed": lambda w: Cycle.objects.update(ends_on=date(2025, 12, 31)),
    "cycle_void_is_closed": lambda w: Cycle.objects.update(void=True),
    "step_window_once_per_level": lambda w: window(w, step="outreach", batch=None),
    "step_window_not_reversed": lambda w: window(w, closes_on=date(2026, 1, 4)),
    "step_window_warns_in_its_year": lambda w: window(w, warn_days=91),
    "step_window_peak_is_a_month": lambda w: window(w, peak=13),
    "step_window_inside_its_cycle": lambda w: [
        delete_as_owner(StepWindow.objects),
        update_as_owner(Cycle.objects, ends_on=date(2026, 12, 31)),
        window(w, closes_on=date(2027, 1, 1)),
    ],
    "step_windows_in_order": lambda w: [
        window(w),
        window(w, step="plan", opens_on=date(2026, 1, 4)),
    ],
    "step_window_batch_of_its_cycle": lambda w: window(w, cycle=open_cycle(w.cycle.rule_set, 2027)),
    "window_told_once": lambda w: [
        window_told(w, window(w)),
        window_told(w, StepWindow.objects.get(batch=batch(w))),
    ],
    "window_notice_kind_known": lambda w: window_told(w, window(w), kind="other"),
    "batch_number_once_per_level": lambda w: [batch(w), another_batch(w, number=1)],
    "batch_days_in_order": lambda w: another_batch(w, decide_by=date(2026, 4, 29)),
    "batch_level_judges": lambda w: another_batch(w, level="commune"),
    "plan_batch_of_its_cycle": lambda w: plan_paper(w, cycle=open_cycle(w.cycle.rule_set, 2027)),
    "draft_task_is_of_its_dossier": lambda w: draft(
        w, dossier=w.dossier, task=another(w).open_task()
    ),
    "draft_once": lambda w: [draft(w), draft(w)],
    "duty_unique_per_node": lambda w: Duty.objects.create(
        cycle=w.cycle,
        rule_set=w.cycle.rule_set,
        node="decide",
        level="commune",
        role="officer",
        working_days=1,
    ),
    "duty_term_is_possible": lambda w: Duty.objects.update(working_days=0),
    "cycle_dayoff_day_key": lambda w: [
        DayOff.objects.create(day=date(2026, 11, 24), name=name) for name in ("Một", "Hai")
    ],
    "org_unit_code_valid_from": lambda w: OrgUnit.objects.create(
        code=w.commune.code,
        name="Xã khác",
        level="commune",
        valid_from=w.commune.valid_from,
    ),
    "org_unit_only_an_ended_one_has_a_main_successor": lambda w: OrgUnit.objects.filter(
        pk=w.commune.pk
    ).update(main_successor=w.commune.parent),
    "org_unit_period_not_reversed": lambda w: OrgUnit.objects.update(valid_to=date(2000, 1, 1)),
    "org_unit_numbering_known": lambda w: OrgUnit.objects.update(numbering="own"),
    "org_unit_level_known": lambda w: OrgUnit.objects.update(level="hamlet"),
    "cycle_user_username_key": lambda w: User.objects.create(username=w.an.username),
    "org_unit_one_province": lambda w: OrgUnit.objects.create(
        code="15", name="Tỉnh Lào Cai", level="province", valid_from=date(2025, 7, 1)
    ),
    "office_contact_can_be_reached": lambda w: OfficeContact.objects.create(
        name="Văn phòng", made_by=w.an, made_at=clock.now()
    ),
    "law_reading_known": lambda w: LawReading.objects.create(
        point="batch_end",
        choice="no_filing",
        basis=paper_of(w),
        made_by=w.an,
        made_at=clock.now(),
    ),
    "erasure_of_one_person": lambda w: erasure(w, producer=None),
    "erasure_not_of_oneself": lambda w: erasure(w, producer=None, person=w.an, made_by=w.an),
    "erasure_has_a_paper": lambda w: erasure(w, sha256=""),
    "erasure_because_known": lambda w: erasure(w, because="whim"),
    "document_direction_known": lambda w: paper_of(w, direction="up"),
    "document_kind_known": lambda w: paper_of(w, kind="song"),
    "document_effect_known": lambda w: paper_of(w, does="nothing"),
    "document_says_what_it_is": lambda w: paper_of(w, signed_on=None),
    "document_unknown_signer_is_marked": lambda w: paper_of(w, signer="Chưa rõ tên"),
    "document_of_one_body": lambda w: paper_of(w, outside="Bộ Công Thương"),
    "document_replaces_another": lambda w: paper_of(w, pk=7, replaces_id=7),
    "cycle_document_replaces_id_key": lambda w: [
        paper_of(w, number=number, replaces=paper) for paper in [paper_of(w)] for number in "12"
    ],
    "slip_one_works_per_person": lambda w: [slip(w), slip(w)],
    "slip_used_or_void_not_both": lambda w: slip(
        w, used_at=clock.now() + timedelta(days=1), voided_at=clock.now()
    ),
    "slip_mark_once": lambda w: [slip(w, mark="x", voided_at=clock.now()), slip(w, mark="x")],
    "slip_used_after_it_was_made": lambda w: slip(w, used_at=clock.now() - timedelta(days=1)),
    "slip_not_for_oneself": lambda w: slip(w, made_by=w.an),
    "role_assignment_period_not_reversed": lambda w: held_by(w, valid_to=date(2025, 12, 31)),
    "role_assignment_to_oneself_has_a_document": lambda w: held_by(
        w, made_by=w.an, was_document="12/QĐ-UBND"
    ),
    "role_assignment_role_known": lambda w: held_by(w, role="king"),
    "role_assignment_not_twice_at_once": lambda w: [
        held_by(w, valid_to=date(2026, 6, 30)),
        held_by(w, valid_from=date(2026, 6, 30)),
    ],
    "substitution_period_not_reversed": lambda w: substituted(w, valid_to=date(2026, 12, 23)),
    "substitution_has_a_reason": lambda w: substituted(w, reason=""),
    "substitution_one_at_a_time": lambda w: [
        substituted(w, substitute=user, valid_from=day)
        for user, day in (
            (User.objects.create(username="một"), date(2026, 12, 24)),
            (User.objects.create(username="hai"), date(2026, 12, 31)),
        )
    ],
    "substitution_not_to_oneself": lambda w: substituted(
        w, substitute=w.an, created_by=User.objects.create(username="một")
    ),
    "substitution_of_its_maker_has_a_document": lambda w: substituted(
        w, substitute=(user := User.objects.create(username="một")), created_by=user
    ),
    "substitution_owes_one_paper": lambda w: [
        substituted(
            w,
            substitute=User.objects.create(username=f"thay.{day}"),
            valid_from=date(2026, 12, day),
            valid_to=date(2026, 12, day),
            paper_due_on=date(2026, 12, 31),
        )
        for day in (1, 2)
    ],
    "post_not_of_administration": lambda w: held_by(w, user=User.objects.create_superuser("root")),
    "post_begins_while_its_unit_lasts": ended_unit,
    # Of every table: see the test of its own.
    "primary_key_stays": lambda w: sql("UPDATE dossiers_dossier SET id = id + 1000"),
    "administration_holds_no_post": lambda w: User.objects.filter(pk=w.an.pk).update(is_staff=True),
    "task_not_both_ends": both_ends,
    "term_rule_once_per_code": lambda w: TermRule.objects.create(
        cycle=w.cycle,
        rule_set=w.cycle.rule_set,
        code=w.cycle.term_rules.first().code,
        title="x",
        amount=1,
        unit="d",
        level="commune",
    ),
    "term_rule_is_a_length_or_a_date": lambda w: TermRule.objects.update(
        amount=15, unit="wd", fixed_on=date(2026, 4, 29)
    ),
    "cycle_ruleset_content_hash_key": lambda w: RuleSet.objects.create(
        edition="x",
        title="x",
        document="x",
        valid_from=date(2026, 1, 1),
        content={},
        content_hash=w.cycle.rule_set.content_hash,
    ),
    "rubric_version_once": lambda w: [rubric(w) for _ in "12"],
    "criterion_code_once": lambda w: [
        criterion(of, position=position) for of in [rubric(w)] for position in (1, 2)
    ],
    "criterion_part_known": lambda w: criterion(rubric(w), part="D"),
    "criterion_points_possible": lambda w: criterion(rubric(w), points=0),
    "option_level_once": lambda w: [
        option(of, points=points) for of in [criterion(rubric(w))] for points in (1, 2)
    ],
    "option_points_once": lambda w: [
        option(of, level=level) for of in [criterion(rubric(w))] for level in (1, 2)
    ],
    "option_points_possible": lambda w: option(criterion(rubric(w)), points=-1),
    "option_minimum_is_stars": lambda w: option(criterion(rubric(w)), minimum_for=2),
    "elimination_once": lambda w: [elimination(of) for of in [rubric(w)] for _ in "12"],
    "wording_of_one_thing": lambda w: wording(),
    "wording_says_something": lambda w: wording(criterion=criterion(rubric(w)), text=""),
    "cycle_wording_option_id_key": lambda w: [
        wording(option=of) for of in [option(criterion(rubric(w)))] for _ in "12"
    ],
    "cycle_wording_criterion_id_key": lambda w: [
        wording(criterion=of) for of in [criterion(rubric(w))] for _ in "12"
    ],
    "cycle_wording_elimination_id_key": lambda w: [
        wording(elimination=of) for of in [elimination(rubric(w))] for _ in "12"
    ],
    "history_stream_known": lambda w: HistoryEntry.objects.create(
        stream="diary", stream_id=1, event="dossier.open", label="x", at=clock.now()
    ),
    # dossiers: what is made and by whom
    "product_group_known": lambda w: Product.objects.update(group="weapons"),
    "planned_kind_known": lambda w: planned_outreach(w, kind="rumour"),
    "planned_days_in_order": lambda w: planned_outreach(w, due_on=date(2026, 1, 31)),
    "planned_dropped_knows_why": lambda w: planned_outreach(w, reason="Thôi"),
    "planned_required_is_training": lambda w: planned_outreach(w, required=True),
    "planned_place_once": lambda w: [
        PlannedPlace.objects.create(planned=of, commune=w.commune)
        for of in [planned_outreach(w)]
        for _ in "12"
    ],
    "dossiers_outreachattendance_event_id_key": lambda w: [
        OutreachAttendance.objects.create(event=of, people=[])
        for of in [event(w, OutreachEvent, kind="radio")]
        for _ in "12"
    ],
    "outreach_kind_known": lambda w: event(w, OutreachEvent, kind="rumour"),
    "outreach_cost_not_negative": lambda w: event(w, OutreachEvent, kind="radio", cost=-1),
    "fair_cost_not_negative": lambda w: event(w, PromotionEvent, cost=-1),
    # dossiers: the stock
    "stock_batch_state_known": lambda w: stock_batch(w, state="lost"),
    "stock_batch_kind_known": lambda w: stock_batch(w, kind="lost"),
    "potential_state_known": lambda w: potential(w, state="lost"),
    "potential_group_known": lambda w: potential(w, group="weapons"),
    "potential_begun_knows_its_dossier": lambda w: potential(w, state="begun"),
    "potential_source_known": lambda w: potential(w, event=event(w, OutreachEvent, kind="radio")),
    "potential_of_a_list_or_a_year": lambda w: potential(w, batch=None),
    "potential_closed_knows_why": lambda w: potential(w, state="closed"),
    "dossiers_potential_dossier_id_key": lambda w: [
        potential(w, state="begun", dossier=w.dossier) for _ in "12"
    ],
    "stock_batch_rests_on_a_paper": lambda w: stock_batch(w, state="committed"),
    "stock_row_line_once": lambda w: [
        StockRow.objects.create(batch=batch, line=2) for batch in [stock_batch(w)] for _ in "12"
    ],
    "stock_row_becomes_all_or_nothing": lambda w: StockRow.objects.create(
        batch=stock_batch(w), line=2, dossier=w.dossier
    ),
    # dossiers: one paper, many dossiers
    "act_batch_has_a_dossier_once": lambda w: act_batch_row(w, batch=act_batch_row(w).batch),
    "act_batch_row_state_known": lambda w: act_batch_row(w, state="lost", at=clock.now()),
    "act_batch_row_ended_at_a_moment": lambda w: act_batch_row(w, state="done"),
    "act_batch_row_says_why_it_was_refused": lambda w: act_batch_row(w, why={"vi": "Vì sao"}),
    "act_batch_row_says_who_left_it_out": lambda w: act_batch_row(w, cancelled_by=w.an),
    "act_batch_row_task_is_of_its_dossier": lambda w: act_batch_row(w, task=another(w).open_task()),
    # dossiers: the dossier itself
    "dossier_state_known": lambda w: parked(w, state="lost"),
    "dossier_ranked_has_stars": lambda w: parked(w, state=State.RANKED),
    "dossier_certified_has_three_stars": lambda w: parked(w, state=State.CERTIFIED, stars=2),
    "dossier_mean_is_possible": lambda w: dossier_with(w, points_sum="700.01", sheets=7),
    "dossier_late_entry_is_counted": lambda w: dossier_with(w, skipped=3),
    "dossier_returned_knows_from_where": lambda w: parked(w, state=State.SUPPLEMENT_REQUESTED),
    "dossier_parked_knows_from_where": lambda w: parked(w, state=State.WITHDRAWN),
    "route_once_per_duty": lambda w: [
        insert_as_owner(Route(dossier=w.dossier, node="decide", org_unit=w.commune)) for _ in "12"
    ],
    "dossier_rubric_is_of_its_edition": lambda w: dossier_with(
        w, rubric=rubric_of_another_edition(w)
    ),
    # dossiers: what each step keeps
    "evidence_is_a_file_or_a_paper": lambda w: kept(w, records.paper("x"), paper_location=""),
    "evidence_expires_after_issue": lambda w: kept(
        w, records.paper("x"), issued_on=date(2026, 1, 2), expires_on=date(2026, 1, 1)
    ),
    "dossiers_evidence_replaces_id_key": lambda w: [
        kept(w, records.paper("x"), replaces=old)
        for old in [kept(w, records.paper("x"))]
        for _ in "12"
    ],
    "dossiers_visit_replaces_id_key": lambda w: replaced_twice(w, records.visit),
    "dossiers_call_replaces_id_key": lambda w: replaced_twice(w, records.call),
    "dossiers_supportmeasure_replaces_id_key": lambda w: replaced_twice(w, records.support),
    "dossiers_payment_replaces_id_key": lambda w: replaced_twice(w, lambda: payment(w)),
    "dossiers_promotion_replaces_id_key": lambda w: replaced_twice(w, records.promotion),
    "dossiers_completion_replaces_id_key": lambda w: replaced_twice(w, records.completion),
    "dossiers_communereport_replaces_id_key": lambda w: replaced_twice(w, records.commune_report),
    "dossiers_inspection_replaces_id_key": lambda w: replaced_twice(w, records.inspection),
    "completion_replaces_one_of_its_dossier": lambda w: kept(
        w, records.completion(), replaces=of_another(w, records.completion())
    ),
    "communereport_replaces_one_of_its_dossier": lambda w: kept(
        w, records.commune_report(), replaces=of_another(w, records.commune_report())
    ),
    "inspection_replaces_one_of_its_dossier": lambda w: kept(
        w, records.inspection(), replaces=of_another(w, records.inspection())
    ),
    "dossiers_samplereceipt_replaces_id_key": lambda w: replaced_twice(w, records.samples),
    "samples_replace_those_of_its_dossier": lambda w: kept(
        w, records.samples(), replaces=of_another(w, records.samples())
    ),
    "visit_replaces_one_of_its_dossier": lambda w: kept(
        w, records.visit(), replaces=of_another(w, records.visit())
    ),
    "call_replaces_one_of_its_dossier": lambda w: kept(
        w, records.call(), replaces=of_another(w, records.call())
    ),
    "support_replaces_one_of_its_dossier": lambda w: kept(
        w, records.support(), replaces=of_another(w, records.support())
    ),
    "support_first_is_of_its_dossier": lambda w: kept(
        w,
        records.support(),
        cycle=w.cycle,
        replaces=kept(w, records.support()),
        first=of_another(w, records.support()),
    ),
    "payment_measure_is_of_its_dossier": lambda w: kept(
        w, records.payment(of_another(w, records.support()))
    ),
    "payment_replaces_one_of_its_dossier": lambda w: kept(
        w, payment(w), replaces=payment_of_another(w)
    ),
    "promotion_replaces_one_of_its_dossier": lambda w: kept(
        w, records.promotion(), replaces=of_another(w, records.promotion())
    ),
    "confirmation_is_of_its_dossier": lambda w: kept(
        w, records.stopped(), paper=decision_of(another(w))
    ),
    "revocation_ground_known": lambda w: kept(
        w, records.revocation(ground="z"), inspection=kept(w, records.inspection("revoke"))
    ),
    "revocation_rests_on_one_paper": lambda w: kept(w, records.revocation()),
    "revocation_inspection_is_of_its_dossier": lambda w: kept(
        w, records.revocation(), inspection=of_another(w, records.inspection("revoke"))
    ),
    "revocation_stopped_is_of_its_dossier": lambda w: kept(
        w, records.revocation(), stopped=confirmed(w, another(w))
    ),
    "dossiers_idea_previous_id_key": lambda w: [
        kept(w, records.idea(), previous=old) for old in [kept(w, records.idea())] for _ in "12"
    ],
    "plan_amounts_not_negative": lambda w: kept(w, records.plan(own_capital=-1)),
    "plan_period_not_reversed": lambda w: kept(
        w, records.plan(starts_on=date(2026, 2, 1), ends_on=date(2026, 1, 1))
    ),
    "support_kind_known": lambda w: kept(w, records.support(), kind="gift"),
    "support_source_known": lambda w: kept(w, records.support(), source="lottery"),
    "support_committed_on_a_day": lambda w: kept(w, records.support(), committed=1),
    "support_committed_by_then": lambda w: kept(
        w, records.support(), committed=1, committed_on=clock.today() + timedelta(days=1)
    ),
    "support_first_of_what_it_replaces": lambda w: kept(
        w, records.support(), cycle=w.cycle, first=kept(w, records.support())
    ),
    "payment_of_something": lambda w: kept(w, payment(w), amount=0),
    "payment_made_by_then": lambda w: kept(
        w, payment(w), paid_on=clock.today() + timedelta(days=1)
    ),
    "support_amounts_not_negative": lambda w: kept(w, records.support(), paid=-1),
    "self_assessment_within_100": lambda w: kept(w, records.self_assessment(points_a=56)),
    "selfassessment_scores_have_rubric": lambda w: kept(
        w, records.self_assessment(scores={"1.1": "3"})
    ),
    "evaluation_scores_have_rubric": lambda w: evaluated(w, scores={"1.1": "3"}),
    "evaluation_level_known": lambda w: evaluated(w, level="hamlet"),
    "evaluation_stars_in_range": lambda w: evaluated(w, stars=6),
    "evaluation_mean_is_possible": lambda w: evaluated(w, points_sum=None),
    "certificate_is_three_stars_or_more": lambda w: kept(w, records.certificate(), stars=2),
    "certificate_expires_after_issue": lambda w: kept(
        w, records.certificate(), stars=3, expires_on=date(2000, 1, 1)
    ),
    "certificate_rests_on_a_decision": lambda w: kept(w, records.certificate(), stars=3),
    "certificate_number_once": lambda w: [
        kept(w, records.certificate(number=number), stars=3, decision=decision_of(w.dossier))
        for number in ("12/GCN", "012 / gcn")
    ],
    "certificate_numbered_once": lambda w: numbered(w, certificate=numbered(w).certificate),
    "certificate_number_of_its_issuer": lambda w: numbered(w, year=1999),
    "certificate_number_is_one": lambda w: numbered(w, number=""),
    "certificate_number_is_of_its_dossier": lambda w: numbered(w, dossier=another(w)),
    "dossiers_certificatenumber_replaces_id_key": lambda w: [
        numbered(w, certificate=old.certificate, replaces=old)
        for old in [numbered(w)]
        for _ in "12"
    ],
    "filing_number_once": lambda w: [filed_under(w), filed_under(w, dossier=another(w))],
    "filing_number_from_one": lambda w: filed_under(w, number=0),
    "filing_number_follows": lambda w: [filed_under(w), filed_under(w, number=3)],
    "document_corrects_its_like": lambda w: paper_of(
        w, number="2/QĐ-UBND", before=True, replaces=paper_of(w)
    ),
    "number_replaces_that_of_its_certificate": lambda w: numbered(w, replaces=numbered(w)),
    "inspection_conclusion_known": lambda w: kept(w, records.inspection("maybe")),
    "inspection_concluded_after_it_was_made": lambda w: kept(
        w, records.inspection(), concluded_on=date(2000, 1, 1)
    ),
    "sample_receipt_has_samples": lambda w: kept(w, records.samples(), samples=0),
    "allotment_of_one_thing": lambda w: allotted(w, potential=potential(w)),
    "allotment_not_to_the_split_unit": lambda w: allotted(w, to=w.dossier.commune),
    "promotion_cost_not_negative": lambda w: kept(w, records.promotion(), cost=-1),
    # dossiers: clocks
    "term_state_known": lambda w: term(w).update(state="asleep"),
    "term_paused_knows_since": lambda w: term(w).update(state="paused"),
    "term_stopped_knows_when": lambda w: term(w).update(state="stopped"),
    "legal_term_never_pauses": lambda w: term(w).update(
        legal=True, state="paused", paused_at=clock.now()
    ),
    "term_extended_within_the_law": lambda w: term(w).update(extended=11),
    "term_is_a_length_or_a_date": lambda w: term(w).update(base_amount=None),
    "term_of_task_has_dossier": lambda w: update_as_owner(term(w), dossier=None),
    "dossiers_term_task_id_key": lambda w: Term.objects.create(
        **{
            field.attname: getattr(term(w).get(), field.attname)
            for field in Term._meta.concrete_fields
            if not field.primary_key
        }
    ),
    "term_pause_and_extension_have_reasons": lambda w: ledger(w, reason=""),
    "term_extension_has_a_document": lambda w: ledger(w, kind="extend"),
    "firing_once_per_rung": lambda w: [fired(w), fired(w)],
    # dossiers: no drift
    "one_open_process_per_dossier": lambda w: Process.objects.create(
        dossier=w.dossier, flow_class=w.dossier.process.flow_class
    ),
    "task_of_a_person_is_complete": lambda w: Task.objects.open().update(due_on=None),
    "task_done_knows_by_whom": lambda w: Task.objects.open().update(status="DONE"),
    "open_task_matches_dossier_state": lambda w: dossier_with(w, state=State.IDEA_REGISTERED),
    "process_not_stuck": lambda w: Task.objects.open().update(
        status="CANCELED", closed_at=clock.now()
    ),
    "task_dossier_is_its_process_dossier": lambda w: [
        (
            update_as_owner(clock_of, dossier=other),
            Task.objects.filter(dossier=w.dossier).update(dossier=other),
        )
        for clock_of in [term(w)]
        for other in [another(w)]
    ],
    # dossiers: what a record points at is of its dossier
    "idea_follows_one_of_its_dossier": lambda w: kept(
        w, records.idea(), previous=of_another(w, records.idea())
    ),
    "evidence_replaces_one_of_its_dossier": lambda w: kept(
        w, records.paper("x"), replaces=of_another(w, records.paper("x"))
    ),
    "paper_scan_is_of_its_dossier": lambda w: kept(
        w, records.signed_paper(), scan=of_another(w, records.paper("x"))
    ),
    "certificate_decision_is_of_its_dossier": lambda w: kept(
        w, records.certificate(), stars=3, decision=decision_of(another(w))
    ),
    "term_task_is_of_its_dossier": lambda w: update_as_owner(term(w), dossier=another(w)),
    "term_certificate_is_of_its_dossier": lambda w: update_as_owner(
        term(w), certificate=certificate_of_another(w)
    ),
    "stock_row_certificate_is_of_its_dossier": lambda w: StockRow.objects.create(
        batch=stock_batch(w), line=2, dossier=w.dossier, certificate=certificate_of_another(w)
    ),
    "stock_row_potential_is_of_its_list": lambda w: StockRow.objects.create(
        batch=stock_batch(w), line=2, becomes="potential", potential=potential(w)
    ),
    "potential_struck_with_its_list": lambda w: potential(w, void=True),
    "certificate_struck_with_its_list": lambda w: Certificate.objects.filter(
        pk=certificate_of_another(w).pk
    ).update(void=True),
    "struck_with_its_list": lambda w: Dossier.objects.filter(pk=w.dossier.pk).update(void=True),
    "year_struck_out_is_empty": lambda w: update_as_owner(
        Cycle.objects, void=True, closed_on="2026-12-31"
    ),
    "mark_of_before_is_the_owners": lambda w: kept(w, records.certificate(), stars=3, before=True),
    "stands_in_its_year": lambda w: [
        judged(w),
        EvaluationRound.objects.update(cycle=struck_year(w)),
    ],
    # councils: what a row of a round points at is of its round
    "document_entry_is_of_its_round": lambda w: [judged(w), document(w, entry=second_entry(w))],
    "document_replaces_one_of_its_kind": lambda w: document(
        w, kind="decision", replaces=document(w)
    ),
    "round_batch_of_its_cycle": lambda w: [
        judged(w),
        EvaluationRound.objects.update(
            batch=another_batch(w, cycle=open_cycle(w.cycle.rule_set, 2027))
        ),
    ],
    "round_follows_one_of_its_council": lambda w: [
        judged(w),
        second_round(w, council=second_council(w), follows=w.round),
    ],
    "member_is_of_the_council": lambda w: [
        judged(w),
        created(w, Reading, member=second_council(w).members.get()),
    ],
    "resolution_is_of_the_rubric": lambda w: [
        judged(w),
        resolution(w, criterion=criterion(rubric(w), code="9.9", position=99)),
    ],
    "entry_rubric_is_of_its_edition": lambda w: [
        judged(w),
        second_entry(w, rubric=rubric_of_another_edition(w)),
    ],
    "result_is_of_the_closed_round": lambda w: [judged(w), result(w, entry=second_entry(w))],
    "closing_is_told_in_its_round": lambda w: closing(w, entry=w.dossier.history.first()),
    "round_goes_by_its_units_regulation": lambda w: [
        judged(w),
        second_round(w, regulation=judging.regulate(w.commune)),
    ],
    # councils: who judges, by which regulation
    "regulation_quorum_is_a_share": lambda w: judging.regulate(w.commune, quorum_percent=101),
    "regulation_spread_is_points": lambda w: judging.regulate(w.commune, max_spread=101),
    "regulation_batches_in_a_year": lambda w: judging.regulate(w.commune, batches=13),
    "regulation_scores_at_least_once": lambda w: judging.regulate(w.commune, scorings=0),
    "regulation_asks_for_a_sheet": lambda w: judging.regulate(w.commune, fewest_sheets=0),
    "regulation_conflicts_known": lambda w: judging.regulate(w.commune, appraised="perhaps"),
    "council_period_not_reversed": lambda w: [
        council(w),
        Council.objects.update(valid_to=LONG_AGO),
    ],
    "one_judging_seat_per_person": seated,
    "one_team_seat_per_person": lambda w: [seated(w, seat="team") for _ in "12"],
    "one_head_per_council": lambda w: seated(w, user=w.an, seat="chair"),
    "seat_ended_stays": lambda w: [
        judged(w),
        update_as_owner(Member.objects.filter(seat="member"), until=clock.today()),
        Member.objects.exclude(until=None).update(until=None),
    ],
    "seat_stays_as_given": lambda w: [council(w), Member.objects.update(since=LONG_AGO)],
    "council_stays_as_set_up": lambda w: [
        council(w),
        Council.objects.update(was_decision_on=LONG_AGO),
    ],
    "member_not_seated_by_themselves": lambda w: seated(w, seat="team", user=w.an, made_by=w.an),
    "interest_own_or_relatives_never_judged": lambda w: interest(w, kind="relative", recused=False),
    "member_seat_known": lambda w: seated(w, seat="guest"),
    "member_period_not_reversed": lambda w: seated(w, until=LONG_AGO),
    # councils: a round and what is before it
    "round_state_known": lambda w: [judged(w), EvaluationRound.objects.update(state="lost")],
    "round_void_knows_why": lambda w: [
        judged(w),
        RoundEntry.objects.update(live=False),
        EvaluationRound.objects.update(state="void", voided_at=clock.now()),
    ],
    "round_void_stays": lambda w: [judged(w), given_up(w)],
    "round_follows_by_meeting": lambda w: [
        judged(w),
        EvaluationRound.objects.update(follows=w.round.pk),
    ],
    "round_mode_known": lambda w: [judged(w), EvaluationRound.objects.update(mode="whispered")],
    "round_closed_knows_when": lambda w: [
        judged(w),
        EvaluationRound.objects.update(state="closed"),
    ],
    "round_closed_by_closing": lambda w: [
        judged(w),
        EvaluationRound.objects.update(state="closed", closed_at=clock.now()),
    ],
    "round_reopened_on_record": lambda w: [
        judged(w),
        shut(w),
        EvaluationRound.objects.update(state="open", closed_at=None),
    ],
    "reopening_opens_its_round": lambda w: [judged(w), shut(w), reopening(w)],
    "closed_round_keeps_its_meeting": lambda w: [
        judged(w),
        shut(w),
        EvaluationRound.objects.update(meets_at=clock.now() + timedelta(days=1)),
    ],
    "entry_keeps_its_product": lambda w: [judged(w), RoundEntry.objects.update(rubric=0)],
    "round_still_open": lambda w: [judged(w), shut(w), RoundEntry.objects.update(live=False)],
    "entry_once_per_round": lambda w: [
        judged(w),
        created(
            w, RoundEntry, dossier=w.entry.dossier, rubric=w.entry.rubric, position=2, live=False
        ),
    ],
    "dossier_in_one_live_entry": lambda w: [
        created(
            w,
            RoundEntry,
            round=EvaluationRound.objects.create(
                council=of.council, regulation=of.regulation, cycle=w.cycle, name="Đợt 2"
            ),
            dossier=w.entry.dossier,
            rubric=w.entry.rubric,
            position=1,
        )
        for of in [judged(w)]
    ],
    "entry_counts_a_scoring_begun": lambda w: [
        judged(w),
        RoundEntry.objects.update(counted_scoring=2),
    ],
    "count_is_not_undone": lambda w: [
        judged(w),
        RoundEntry.objects.update(counted_scoring=1),
        RoundEntry.objects.update(counted_scoring=0),
    ],
    "sheet_stays_once_counted": lambda w: [
        judged(w),
        Scoresheet.objects.update(state="submitted", submitted_at=clock.now()),
        RoundEntry.objects.update(counted_scoring=1),
        Scoresheet.objects.filter(member__isnull=False).update(state="draft", submitted_at=None),
    ],
    "entry_scoring_counts": lambda w: [judged(w), RoundEntry.objects.update(scoring=0)],
    "attendance_once": lambda w: created(w, Attendance, present=True),
    "reading_once": lambda w: [created(w, Reading) for _ in "12"],
    "interest_taken_off_keeps_nobody_out": lambda w: interest(w, taken_off=True),
    "interest_once": lambda w: [interest(w) for _ in "12"],
    "interest_kind_known": lambda w: interest(w, kind="envy"),
    "interest_has_reason": lambda w: interest(w, reason=""),
    "resolution_once_per_minimum": lambda w: [resolution(w) for _ in "12"],
    "resolution_once_per_elimination": lambda w: [
        resolution(w, criterion=None, stars=None, elimination=one)
        for _ in [judged(w)]
        for one in [elimination_of(w)]
        for _ in "12"
    ],
    "resolution_of_one_thing": lambda w: resolution(w, stars=None),
    "said_interest_stays": lambda w: [interest(w), Interest.objects.all().delete()],
    "resolution_has_reason": lambda w: resolution(w, reason=""),
    # councils: sheets
    "sheet_once_per_scoring": lambda w: created(w, Scoresheet),
    "sheet_state_known": lambda w: [judged(w), Scoresheet.objects.update(state="lost")],
    "sheet_submitted_knows_when": lambda w: [
        judged(w),
        Scoresheet.objects.update(state="submitted"),
    ],
    "sheet_void_knows_why": lambda w: [judged(w), Scoresheet.objects.update(state="void")],
    "paper_sheet_seen_by_two": lambda w: [
        judged(w),
        Scoresheet.objects.update(entered_by=w.an, confirmed_by=w.an),
    ],
    "sheet_in_open_round": lambda w: [judged(w, open_it=False), created(w, Scoresheet)],
    "score_once_per_criterion": lambda w: [score(w) for _ in "12"],
    "score_is_its_option": lambda w: score(w, points=77),
    "score_in_open_sheet": lambda w: [
        judged(w),
        Scoresheet.objects.update(state="submitted", submitted_at=clock.now()),
        score(w),
    ],
    # councils: what a closing writes
    "closing_version_once": lambda w: [closing(w), closing(w)],
    "reopening_has_a_reason": lambda w: created(
        w, Reopening, closing=closing(w), reason="", basis=w.round.council.decision
    ),
    "councils_reopening_closing_id_key": lambda w: [
        created(w, Reopening, closing=of, reason="Tính sai", basis=w.round.council.decision)
        for of in [closing(w)]
        for _ in "12"
    ],
    "result_once_per_closing": lambda w: [
        result(w, closing=of) for of in [closing(w)] for _ in "12"
    ],
    "result_mean_is_possible": lambda w: result(w, points_sum="300.01"),
    "result_stars_follow": lambda w: result(w, stars=5),
    "councils_consequence_result_id_key": lambda w: [
        Consequence.objects.create(result=of) for of in [result(w)] for _ in "12"
    ],
    # councils: what is said and written of it
    "appraisal_says_something": lambda w: created(w, Appraisal, report=""),
    "appraisal_ground_known": lambda w: created(w, Appraisal, ground="poem"),
    "opinion_answered_in_full": lambda w: opinion(w, answer="Đồng ý"),
    "opinion_asked_once": lambda w: [opinion(w) for _ in "12"],
    "council_document_kind_known": lambda w: document(w, kind="poem"),
    "council_document_replaces_another": lambda w: document(w, pk=7, replaces_id=7),
    "councils_signeddocument_replaces_id_key": lambda w: [
        document(w, replaces=old) for old in [document(w)] for _ in "12"
    ],
    "template_kind_known": lambda w: DocumentTemplate.objects.create(
        kind="poem", sha256="0" * 64, filename="x.docx", by=w.an, at=clock.now()
    ),
    # cycle: files that were lost
    "file_fault_kind_known": lambda w: FileFault.objects.create(
        sha256="0" * 64, kind="eaten", first_seen_at=clock.now(), seen_at=clock.now()
    ),
    "cycle_filefault_sha256_key": lambda w: [
        FileFault.objects.create(kind="missing", first_seen_at=clock.now(), seen_at=clock.now())
        for _ in "12"
    ],
    # notifications
    "notification_once": lambda w: [told(w), told(w)],
    "digest_once_a_day": lambda w: [digest(w), digest(w)],
    "summary_once_a_week": lambda w: [summary(w), summary(w)],
    "alarm_once": lambda w: [alarm() for _ in "12"],
    "alarm_ends_after_it_began": lambda w: alarm(ended_at=clock.now() - timedelta(days=1)),
    "delivery_once": lambda w: [sent(notification=told_once) for told_once in [told(w)] * 2],
    "delivery_of_digest_once": lambda w: [sent(digest=one) for one in [digest(w)] * 2],
    "delivery_of_summary_once": lambda w: [sent(summary=one) for one in [summary(w)] * 2],
    "delivery_of_one_thing": lambda w: sent(notification=told(w), digest=digest(w)),
    "delivery_sent_when": lambda w: sent(notification=told(w), state="sent"),
    "notifications_delivery_message_id_key": lambda w: [
        sent(**{"message_id": "<1@ocop>", of: thing(w)})
        for of, thing in (("digest", digest), ("summary", summary))
    ],
    "notifications_preference_user_id_key": lambda w: [
        Preference.objects.create(user=w.an) for _ in "12"
    ],
    "notifications_calendarfeed_user_id_key": lambda w: [
        CalendarFeed.objects.create(user=w.an, created_at=clock.now()) for _ in "12"
    ],
    "notifications_calendarfeed_token_key": lambda w: [
        CalendarFeed.objects.create(user=user, token="x", created_at=clock.now())
        for user in (w.an, User.objects.create(username="hai"))
    ],
}

#: Only the owner could break these: see the tests below.
OF_THE_OWNER = {
    "history_seq_once_per_stream",
    "history_head_once",
    "record_shape_once",
    "former_paper_once",
    "cycle_formerpaper_document_id_key",
}
#: Superkeys that composite foreign keys point to: the primary key is part of each.
SUPERKEYS = {
    "document_id_before",
    "batch_id_cycle",
    "potential_id_batch",
    "certificate_id_dossier",
    "communereport_id_dossier",
    "call_id_dossier",
    "completion_id_dossier",
    "certificatenumber_id_certificate",
    "inspection_id_dossier",
    "payment_id_dossier",
    "promotion_id_dossier",
    "samplereceipt_id_dossier",
    "stoppedproduction_id_dossier",
    "supportmeasure_id_dossier",
    "visit_id_dossier",
    "document_id_round_kind",
    "entry_id_round",
    "evidence_id_dossier",
    "idea_id_dossier",
    "officialdocument_id_dossier",
    "round_id_council",
    "task_id_dossier",
    "dossier_id_state",
    "option_criterion_points",
    "process_id_dossier",
    "rubric_id_rule_set",
}


@pytest.mark.parametrize("name", BREAKS)
def test_the_database_refuses(name, world):
    with refused(name):
        BREAKS[name](world)


@pytest.mark.parametrize(
    ("model", "fields"), [(Dossier, {}), (OutreachEvent, {"kind": "radio"}), (PromotionEvent, {})]
)
def test_nothing_stands_in_a_year_that_was_struck_out(model, fields, world):
    gone = struck_year(world)
    if model is not Dossier:
        with refused("stands_in_its_year"):
            event(world, model, cycle=gone, **fields)
        event(world, model, **fields)
    with refused("stands_in_its_year"):
        model.objects.update(cycle=gone)


def test_what_holds_a_column_is_broken_by_its_name():
    assert {name for names in HELD.values() for name in names.split()} <= set(BREAKS)


def test_every_constraint_of_ours_is_broken_once(db):
    named = {
        constraint.name
        for app in ("cycle", "dossiers", "councils", "notifications")
        for model in apps.get_app_config(app).get_models()
        for constraint in model._meta.constraints
    }
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT conname FROM pg_constraint
               WHERE conrelid::regclass::text ~ '^(cycle|dossiers|councils|notifications)_'
                 AND contype IN ('u', 'x', 't') AND conname !~ '_uniq$'
                 -- Each broken for each of its columns: test_columns.
                 AND conname !~ '^pgtrigger_'
               UNION SELECT conname FROM pg_constraint WHERE contype IN ('f', 'p')
                 AND array_length(conkey, 1) > 1 AND connamespace = 'public'::regnamespace
               UNION SELECT tgname FROM pg_trigger WHERE tgrelid::regclass::text ~ '^councils_'
                 AND NOT tgisinternal AND tgconstraint = 0 AND tgname !~ '^pgtrigger_'"""
        )
        named |= {row[0] for row in cursor.fetchall()}
    # The same function: on tasks and on processes; on a new post and on one made longer.
    # The application may move it (test_paper_corrected), so it is no table's that stays.
    named |= {"paper_follows_its_document"}
    # One trigger: a correction gives the number of what it replaces free.
    named |= {"certificate_number_once", "certificate_number_of_its_issuer"}
    # A window that moves and a year that does, too.
    named -= {"process_not_stuck_task", "post_not_of_administration_longer"}
    named -= {"cycle_holds_its_windows"}
    # The day of a moment is that of our time zone, which no constraint of a model says.
    named |= {"support_committed_by_then", "payment_made_by_then"}
    # It refuses nothing: it keeps the names of before (test_what_was).
    named -= {"former_names"}
    assert named == set(BREAKS) | OF_THE_OWNER | SUPERKEYS


def test_no_row_takes_the_key_of_another(world):
    """A trigger looks for its rows by their keys: two that changed places would deceive it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.relname, pg_get_triggerdef(t.oid) FROM pg_trigger t
               JOIN pg_class c ON c.oid = t.tgrelid
               WHERE t.tgname = 'primary_key_stays' AND t.tgenabled = 'O'"""
        )
        found = dict(cursor.fetchall())
    keys = {
        model._meta.db_table: {field.column for field in model._meta.pk_fields}
        for app in ("cycle", "dossiers", "councils", "notifications")
        for model in apps.get_app_config(app).get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    }
    assert set(found) == set(keys)
    for table, key in keys.items():
        # Only of the key: what is written otherwise does not pay for it.
        asked = found[table].partition("BEFORE UPDATE OF ")[2].partition(" ON ")[0]
        assert set(asked.split(", ")) == key, table
        assert "IS DISTINCT FROM" in found[table], table


def test_a_seat_and_a_council_stay_as_they_were_recorded(world):
    judged(world)
    other = second_council(world)
    for change in (
        {"council": other},
        {"user": world.an},
        {"seat": "vice_chair"},
        {"since": LONG_AGO},
        {"was_document": "Khác"},
    ):
        with refused("seat_stays_as_given"):
            Member.objects.filter(pk=world.member.pk).update(**change)
    for change in (
        {"org_unit": world.commune},
        {"was_decision_number": "9/QĐ"},
        {"was_decision_on": LONG_AGO},
    ):
        with refused("council_stays_as_set_up"):
            Council.objects.filter(pk=other.pk).update(**change)


def test_two_rounds_do_not_change_places(world):
    judged(world)
    shut(world)
    other = second_round(world)
    with refused("primary_key_stays"):
        EvaluationRound.objects.filter(pk=world.round.pk).update(id=other.pk + 1000)
    with refused("primary_key_stays"):
        RoundEntry.objects.filter(pk=world.entry.pk).update(id=world.entry.pk + 1000)


def test_stars_are_not_absent_where_they_are_due(world):
    # A CHECK passes on NULL: this one says IS NOT NULL too.
    closed(world)
    for state in ("district_ranked", "ranked", "at_centre"):
        with refused("dossier_ranked_has_stars"):
            dossier_with(world, state=state, stars=None)


def test_a_new_walk_that_waits_for_nothing_is_refused(world):
    flow = world.dossier.process.flow_class
    closed(world)
    with refused("process_not_stuck"):
        Process.objects.create(dossier=world.dossier, flow_class=flow)


def test_a_task_left_open_behind_is_refused(world):
    # The dossier leaves the walk and the task still lies in an inbox.
    with refused("open_task_matches_dossier_state"):
        dossier_with(world, state=State.WITHDRAWN, parked_from=State.POTENTIAL)


def test_a_role_may_be_held_again_after_it_ended(world):
    held_by(world, valid_to=date(2026, 6, 30))
    held_by(world, valid_from=date(2026, 7, 1))
    held_by(world, role=Role.AUDITOR)
    assert world.an.role_assignments.filter(org_unit=world.commune).count() == 4


def test_a_reversed_period_is_not_a_range_either(world):
    with pytest.raises((IntegrityError, DataError)), transaction.atomic():
        RoleAssignment.objects.update(valid_to=date(2000, 1, 1))


@pytest.mark.django_db(transaction=True)
def test_drift_is_refused_at_the_commit(dossier):
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        # No complaint yet: moving dossier and task in either order is one transaction's business.
        Dossier.objects.filter(pk=dossier.pk).update(state=State.IDEA_REGISTERED)
    assert error.value.__cause__.diag.constraint_name == "open_task_matches_dossier_state"
    assert Dossier.objects.get(pk=dossier.pk).state == State.POTENTIAL


# --- A round is sealed by the database ------------------------------------------------------

#: What a result rests on, with a change of each.
BEFORE_THE_CLOSING = {
    "councils_roundentry": "live = FALSE",
    "councils_attendance": "present = FALSE",
    "councils_interest": "recused = FALSE",
    "councils_resolution": "holds = FALSE",
}


@pytest.mark.parametrize("table", BEFORE_THE_CLOSING)
@pytest.mark.parametrize("statement", ["UPDATE {} SET {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_nothing_a_result_rests_on_changes_after_the_closing(statement, table, world):
    judged(world)
    interest(world)
    resolution(world)
    shut(world)
    if statement.startswith("TRUNCATE"):
        # A trigger for each row would not see it.
        with forbidden():
            sql(statement.format(table))
    else:
        with refused("round_still_open"):
            sql(statement.format(table, BEFORE_THE_CLOSING[table]))


@pytest.mark.parametrize("table", ["attendance", "interest", "resolution"])
def test_nothing_is_added_after_the_closing_either(table, world):
    judged(world)
    Attendance.objects.all().delete()
    shut(world)
    add = {
        "attendance": lambda: created(world, Attendance, present=True),
        "interest": lambda: interest(world),
        "resolution": lambda: resolution(world),
    }
    with refused("round_still_open"):
        add[table]()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE councils_score SET remark = 'x'",
        "DELETE FROM councils_score",
        "UPDATE councils_scoresheet SET remark = 'x'",
    ],
)
def test_no_score_and_no_sheet_changes_after_the_closing(statement, world):
    score(world)
    shut(world)
    name = "sheet_in_open_round" if "scoresheet" in statement else "score_in_open_sheet"
    with refused(name):
        sql(statement)


def test_scores_are_not_emptied_at_a_stroke(world):
    with forbidden():
        sql("TRUNCATE councils_score")


def test_a_score_is_of_the_rubric_of_its_product(world):
    judged(world)
    with refused("score_in_open_sheet"):
        score(world, option(criterion(rubric(world))))


def test_what_requires_a_criterion_is_scored_only_while_that_has_points(world):
    judged(world)
    dependent = world.entry.rubric.criteria.get(requires__isnull=False)
    required = dependent.requires.options.order_by("points")
    choice = dependent.options.last()
    with refused("score_in_open_sheet"):
        score(world, choice)
    least, most = required.first(), required.last()
    assert least.points == 0
    first = score(world, most)
    score(world, choice)
    with refused("score_in_open_sheet"):
        Score.objects.filter(pk=first.pk).update(option=least, points=0)


def test_the_required_criterion_does_not_go_from_under_it(world):
    judged(world)
    dependent = world.entry.rubric.criteria.get(requires__isnull=False)
    first = score(world, dependent.requires.options.order_by("points").last())
    score(world, dependent.options.last())
    with refused("score_in_open_sheet"):
        Score.objects.filter(pk=first.pk).delete()


def test_a_score_is_not_moved_to_another_sheet(world):
    moved = score(world)
    other = Scoresheet.of(world.entry, judging.judge(world.round.council, 1))
    Scoresheet.objects.filter(pk=world.sheet.pk).update(state="submitted", submitted_at=clock.now())
    with refused("score_in_open_sheet"):
        Score.objects.filter(pk=moved.pk).update(sheet=other)


def test_nothing_is_moved_out_of_a_closed_round(world):
    judged(world)
    interest(world)
    resolution(world)
    another = EvaluationRound.objects.create(
        council=world.round.council,
        regulation=world.round.regulation,
        cycle=world.cycle,
        name="Đợt 2",
    )
    elsewhere = created(
        world,
        RoundEntry,
        round=another,
        dossier=world.dossier,
        rubric=world.entry.rubric,
        position=1,
    )
    shut(world)
    for model, place in (
        (RoundEntry.objects.filter(pk=world.entry.pk), {"round": another}),
        (Attendance.objects.all(), {"round": another}),
        (Interest.objects.all(), {"entry": elsewhere}),
        (Resolution.objects.all(), {"entry": elsewhere}),
    ):
        with refused("round_still_open"):
            model.update(**place)


def test_a_sheet_stays_its_members_and_its_products(world):
    judged(world)
    for change in (
        {"member": judging.judge(world.round.council, 1)},
        {"member": None},
        {"scoring": 2},
    ):
        with refused("sheet_in_open_round"):
            Scoresheet.objects.update(**change)


def test_the_support_team_has_one_sheet_too(world):
    judged(world, open_it=False)
    with refused("sheet_once_per_scoring"):
        for _ in "12":
            created(world, Scoresheet, member=None)


def test_a_round_is_not_opened_beside_its_closing(world):
    judged(world)
    shut(world)
    with refused("round_reopened_on_record"):
        EvaluationRound.objects.update(state="open", closed_at=None)


def test_a_closed_round_is_not_opened_changed_and_closed_in_one_transaction(world):
    judged(world)
    shut(world)
    at = world.round.closed_at
    for state in ("open", "preparing"):
        with refused("round_reopened_on_record"):
            EvaluationRound.objects.update(state=state, closed_at=None)
            RoundEntry.objects.update(spread_accepted="Sửa lén", scoring=2)
            EvaluationRound.objects.update(state="closed", closed_at=at)
    # With a reopening it opens; to close it takes another closing.
    with refused("reopening_opens_its_round"):
        reopening(world)
        EvaluationRound.objects.update(state="open", closed_at=None)
        RoundEntry.objects.update(spread_accepted="Sửa")
        EvaluationRound.objects.update(state="closed", closed_at=at)


def test_an_entry_keeps_its_product_and_before_the_opening_may_change_its_rubric(world):
    judged(world, open_it=False)
    other = rubric(world)
    RoundEntry.objects.update(rubric=other)
    with refused("entry_keeps_its_product"):
        RoundEntry.objects.update(dossier=0)
    RoundEntry.objects.update(rubric=world.entry.rubric)
    world.round.open(by=world.thu)
    for change in ({"rubric": other}, {"dossier": 0}):
        with refused("entry_keeps_its_product"):
            RoundEntry.objects.update(**change)


# --- What was handed in stays ---------------------------------------------------------------

IMMUTABLE = [
    "councils_appraisal",
    "councils_appraisalphoto",
    "councils_closing",
    "councils_documenttemplate",
    "councils_reading",
    "councils_regulation",
    "councils_reopening",
    "councils_result",
    "councils_signeddocument",
    "cycle_criterion",
    "cycle_document",
    "cycle_elimination",
    "cycle_formerpaper",
    "cycle_historyentry",
    "cycle_lawreading",
    "cycle_option",
    "cycle_rubric",
    "cycle_ruleset",
    "dossiers_allotment",
    "dossiers_businessplan",
    "dossiers_call",
    "dossiers_certificate",
    "dossiers_certificatenumber",
    "dossiers_communereport",
    "dossiers_completion",
    "dossiers_erasure",
    "dossiers_yearclosing",
    "dossiers_evaluation",
    "dossiers_evidence",
    "dossiers_filingnumber",
    "dossiers_idea",
    "dossiers_inspection",
    "dossiers_plannedplace",
    "dossiers_payment",
    "dossiers_planpaper",
    "dossiers_promotion",
    "dossiers_review",
    "dossiers_revocation",
    "dossiers_samplereceipt",
    "dossiers_selfassessment",
    "dossiers_stoppedproduction",
    "dossiers_supportmeasure",
    "dossiers_visit",
]
KEPT = [
    "councils_consequence",
    "councils_council",
    "councils_evaluationround",
    "councils_member",
    "councils_opinion",
    "councils_scoresheet",
    "cycle_wording",
    "dossiers_dossier",
    "dossiers_officialdocument",
    "dossiers_outreachevent",
    "dossiers_plannedoutreach",
    "dossiers_process",
    "dossiers_producer",
    "dossiers_product",
    "dossiers_promotionevent",
    "dossiers_task",
    "dossiers_term",
]
#: What was counted and told of a clock stays as it was written.
LEDGERS = ["cycle_windownotice", "dossiers_firing", "dossiers_termevent"]


#: What proves the others: the database alone writes it.
PROOFS = ["cycle_historyhead", "cycle_recordshape", "cycle_sealedtext"]


def insert_only():
    """The tables whose rows are only ever added, as the models say: records, and what is guarded."""
    return {
        model._meta.db_table
        for model in apps.get_models()
        if issubclass(model, Record | Evidence)
        or any(isinstance(each, guards.Immutable) for each in getattr(model._meta, "triggers", ()))
    }


def test_what_is_only_added_is_in_the_list():
    # A paper follows the corrections of its document.
    assert insert_only() <= {*IMMUTABLE, *LEDGERS, "dossiers_officialdocument"}


def test_the_application_rewrites_nothing_that_is_only_added(db):
    with connection.cursor() as cursor:
        kept = {model._meta.db_table for model in chains.kept_as_written(cursor)}
    # What the check of history proves, and what these tests break, are the same tables. Not by an
    # id: a firing and the words, whose key is another; a certificate may be struck out, and a paper
    # follows the corrections of its document.
    others = {
        "dossiers_firing", "cycle_sealedtext", "dossiers_certificate", "dossiers_officialdocument",
    }  # fmt: skip
    assert kept == {*IMMUTABLE, *LEDGERS, *PROOFS} - others
    assert insert_only() <= kept | others


@pytest.mark.parametrize(
    ("table", "column"),
    [(table, "id") for table in IMMUTABLE] + [(table, "at") for table in LEDGERS],
)
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}", "TRUNCATE {table} CASCADE"],
)
def test_the_application_may_not_rewrite_what_was_handed_in(statement, table, column, db):
    with forbidden():
        sql(statement.format(table=table, column=column))


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_application_may_not_delete_what_is_legal(statement, table, db):
    with forbidden():
        sql(statement.format(table))


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO cycle_historyhead (stream, stream_id, seq, hash) VALUES ('dossier', 0, 1, '')",
        "UPDATE cycle_historyhead SET hash = ''",
        "DELETE FROM cycle_historyhead",
        "TRUNCATE cycle_historyhead",
        "ALTER TABLE cycle_historyentry DISABLE TRIGGER ALL",
        "DROP TRIGGER history_chain ON cycle_historyentry",
        "ALTER TABLE dossiers_task DROP CONSTRAINT open_task_matches_dossier_state",
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE councils_closing (id int)",
        "SET session_replication_role = replica",
        "SET ROLE {owner}",
        "GRANT UPDATE ON cycle_historyentry TO {application}",
    ],
)
def test_the_application_may_not_lift_the_guards(statement, db):
    names = {
        "owner": settings.DATABASES["owner"]["USER"],
        "application": settings.APPLICATION_ROLE,
    }
    if statement.startswith("GRANT"):
        # PostgreSQL only warns when there is nothing to grant; what counts is that nothing came.
        with transaction.atomic():
            try:
                sql(statement.format(**names))
            except ProgrammingError:
                transaction.set_rollback(True)
        with forbidden():
            sql("UPDATE cycle_historyentry SET id = id")
    else:
        with forbidden():
            sql(statement.format(**names))


#: Texts that an erasure may not name -> of which entry; ``e`` is the number of one with a reason.
NOT_ERASED = {
    "what_stays": ("dossier", ["actor"]),
    "of_a_round": ("round", ["reason"]),
    "of_a_council": ("council", ["reason"]),
    "the_holder_of_a_post": ("person", ["data.holder"]),
    "who_signed": ("dossier", ["data.signer"]),
    "what_nobody_decided_about": ("dossier", ["data.name"]),
    "what_is_not_there": ("dossier", ["data.why"]),
    "one_twice": ("dossier", ["reason", "reason"]),
    "nothing": ("dossier", []),
    "no_text": ("dossier", [None]),
}


@pytest.mark.parametrize("case", NOT_ERASED)
def test_an_erasure_empties_exactly_what_may_go_or_nothing(case, world):
    stream, parts = NOT_ERASED[case]
    entry = HistoryEntry.objects.create(
        stream=stream, stream_id=7, event="dossier.open", label="x", actor=world.an, reason="Gọi ai",
        data={"holder": "Lò Văn A", "signer": "Lò Văn B"}, at=clock.now(),
    )  # fmt: skip
    said = SealedText.objects.get(pk=entry.pk).words
    with refused("erase_words"):
        erasure(world, texts=[[entry.pk, part] for part in parts])
    assert SealedText.objects.get(pk=entry.pk).words == said


def said_in(world, stream, pk, **fields):
    """The text of an entry in a chain, by its part."""
    part = "reason" if "data" not in fields else "data.changed"
    entry = HistoryEntry.objects.create(
        stream=stream, stream_id=pk, label="x",
        **{"event": "producer.change", "actor": world.an, "at": clock.now()}
        | ({"reason": "Gọi ai"} if part == "reason" else {}) | fields,
    )  # fmt: skip
    return [[entry.pk, part]]


def on_paper_of(world, leader, saved, **fields):
    """A reason in another dossier's chain, whose entry rests on a paper of ``leader``."""
    return {
        "texts": said_in(
            world, fields.pop("stream", "dossier"), 7, event="dossier.revoke",
            records=[[row._meta.label_lower, row.pk] for row in saved], **fields,
        )
    }  # fmt: skip


def on_words_of(world, signer, key="signer"):
    """A reason in an entry that says who signed its paper."""
    [[pk, _part]] = said_in(
        world, "producer", 7, data={"changed": {}, key: signer}, reason="Gọi ai"
    )
    return {"texts": [[pk, "reason"]]}


def on_the_rounds_paper_of(world, leader):
    """A reason in what follows from a round, of which the leader signed a document."""
    document(world)
    its = {"by": world.an, "number": "90/BB", "signer": leader.full_name}
    records.of_round(world.round, "invitation", **its).save()
    closed = HistoryEntry.objects.create(
        stream="round", stream_id=world.round.pk, event="round.close", label="x", at=clock.now()
    )
    [[pk, _part]] = said_in(
        world, "dossier", 7, event="dossier.rank", reason="Gọi ai",
        data={"changed": {}, "authority": closed.pk},
    )  # fmt: skip
    return {"texts": [[pk, "reason"]]}


def told_beside_of(world, leader):
    """The same act, told in the chain of the producer."""
    moment, paper = clock.now(), decision_of(world.dossier, signer=leader.full_name)
    said_in(
        world, "dossier", 7, event="dossier.correct_names", at=moment,
        records=[[paper._meta.label_lower, paper.pk]],
    )  # fmt: skip
    [[pk, _part]] = said_in(
        world, "producer", 8, at=moment, data={"changed": {}, "dossier": 7}, reason="Gọi ai"
    )
    return {"texts": [[pk, "reason"]]}


#: What the row itself shows that no erasure may be -> its fields, of the world and its leader.
NO_ERASURE = {
    "by_nobody_who_leads": lambda w, leader: {"made_by": w.an},
    "after_the_post_ended": lambda w, leader: [
        update_as_owner(
            RoleAssignment.objects.filter(user=leader), valid_to=clock.today() - timedelta(1)
        ),
        {},
    ][1],
    "before_the_post_begins": lambda w, leader: [
        update_as_owner(
            RoleAssignment.objects.filter(user=leader), valid_from=clock.today() + timedelta(1)
        ),
        {},
    ][1],
    "without_an_account": lambda w, leader: [
        update_as_owner(User.objects.filter(pk=leader.pk), is_active=False), {},
    ][1],
    "signed_tomorrow": lambda w, leader: {"signed_on": clock.today() + timedelta(days=1)},
    "of_another_day": lambda w, leader: {"made_at": clock.now() - timedelta(days=9)},
    "on_a_paper_of_ones_own": lambda w, leader: {"signer": f"Ông {leader.full_name} (đã ký)"},
    "of_a_producer_that_one_stands_for": lambda w, leader: [
        update_as_owner(Producer.objects.all(), representative=f"Lò Thị A, TS. {leader.full_name}"),
        {},
    ][1],
    "of_a_household_of_ones_own": lambda w, leader: [
        update_as_owner(
            Producer.objects.all(), owner_type="household", name=f"Hộ {leader.full_name}"
        ),
        {},
    ][1],
    "on_the_request_of_another": lambda w, leader: [
        erasure(w, producer=None, person=w.an), {"because": "law", "sha256": "1" * 64},
    ][1],
    "on_the_scan_of_another": lambda w, leader: [
        erasure(w, producer=None, person=w.an, because="law"), {"number": "7/ĐĐN"},
    ][1],
    "on_the_request_of_another_of_her_name": lambda w, leader: [
        hers(w, first="0912 345 678", other="0912345679"), {"because": "law"},
    ][1],
    "on_the_request_of_another_of_her_telephone": lambda w, leader: [
        hers(w, first="0912 345 678", other="0912345678", called="Lò Văn Bình"), {},
    ][1],
    "on_the_request_of_who_gave_no_telephone": lambda w, leader: [
        hers(w, first="", other=""), {},
    ][1],
    "on_her_own_request_as_of_another_day": lambda w, leader: [
        hers(w), {"signed_on": date(2026, 1, 2), "sha256": "1" * 64},
    ][1],
    "on_a_paper_with_another_number": lambda w, leader: [erasure(w), {"number": "7/ĐĐN"}][1],
    "on_a_paper_of_another_day": lambda w, leader: [
        erasure(w), {"signed_on": date(2026, 1, 2), "sha256": "1" * 64},
    ][1],
    "on_a_scan_that_is_none": lambda w, leader: {"sha256": "x"},
    "of_ones_own_chain": lambda w, leader: {"texts": said_in(w, "person", leader.pk)},
    "of_ones_own_act": lambda w, leader: {"texts": said_in(w, "producer", 7, actor=leader)},
    "of_what_was_done_for_one": lambda w, leader: {
        "texts": said_in(w, "producer", 7, acting_for=leader)
    },
    "of_a_dossier_that_goes_on": lambda w, leader: {
        "texts": said_in(w, "dossier", w.dossier.pk)
    },
    "of_what_says_their_signature": lambda w, leader: on_words_of(w, leader.full_name),
    "of_what_says_their_signature_with_a_title": lambda w, leader: on_words_of(
        w, f"KT. Chủ tịch, ông {leader.full_name.upper()} (đã ký)", "document_signer"
    ),
    "of_what_says_the_signature_of_their_former_name": lambda w, leader: [
        on_words_of(w, leader.full_name),
        update_as_owner(User.objects.filter(pk=leader.pk), full_name="Người Kế Nhiệm"),
    ][0],
    "of_an_act_on_their_paper": lambda w, leader: on_paper_of(
        w, leader, [decision_of(w.dossier, signer=f"TS. {leader.full_name}")]
    ),
    "of_a_plan_that_they_signed": lambda w, leader: on_paper_of(
        w, leader, [plan_paper(w, signer=leader.full_name)], stream="cycle"
    ),
    "of_what_follows_from_their_rounds_paper": on_the_rounds_paper_of,
    "of_the_same_act_beside": told_beside_of,
    "of_why_was_erased": lambda w, leader: {
        "texts": said_in(w, "producer", 7, event="personal.erase")
    },
    "of_what_a_product_is": lambda w, leader: {
        "texts": said_in(w, "dossier", 7, data={"changed": {"name": ["a", "b"]}})
    },
}  # fmt: skip


def hers(w, first="+84 912 345 678", other="0912.345.678", called="Lò Thị Bình"):
    """Her request erased what was of another producer of hers, or of the account that she has."""
    mine = w.dossier.product.producer
    update_as_owner(Producer.objects.filter(pk=mine.pk), representative=f"Bà {called}", phone=other)
    beside = Producer.objects.create(
        name="HTX thứ hai", owner_type="cooperative", commune=mine.commune,
        representative="Lò Thị Bình", phone=first,
    )  # fmt: skip
    said = HistoryEntry.objects.record("producer.change", beside, by=w.an, reason="Gọi 0912345678")
    return erasure(w, producer=beside, texts=[[said.pk, "reason"]])


def test_one_request_erases_all_that_is_hers(world):
    """Of her two producers and of her account, in any order; her household is called as she is."""
    leader = provincial_leader(world)
    made = hers(world)
    paper = {"by": leader, "because": "request", "number": made.number, "signer": made.signer,
             "signed_on": made.signed_on, "sha256": made.sha256}  # fmt: skip
    household = world.dossier.product.producer
    erasing.check_paper(household, **paper)
    assert erasing.used_before(household, made.number, made.signed_on, made.sha256) is None
    erasure(world)
    update_as_owner(
        Producer.objects.filter(pk=household.pk),
        owner_type="household", name="Hộ Lò Thị Bình", representative="",
    )  # fmt: skip
    herself = person("binh2", "Lò Thị Bình")
    update_as_owner(User.objects.filter(pk=herself.pk), phone="0912345678")
    herself.refresh_from_db()
    for whose in (household, made.producer):
        assert erasing.one_person(whose, herself) and erasing.one_person(herself, whose)
    erasing.check_paper(herself, **paper)
    said = HistoryEntry.objects.record(
        "person.change", Appointed(herself), by=world.an, reason="Gọi 0912345678"
    )
    erasure(world, producer=None, person=herself, texts=[[said.pk, "reason"]])
    stranger = person("khac", "Lò Thị Khác")
    with pytest.raises(ValidationError) as error:
        erasing.check_paper(stranger, **paper)
    assert "không cùng họ tên và số điện thoại" in error.value.message_dict["number"][0]


@pytest.mark.parametrize("case", NO_ERASURE)
def test_the_database_refuses_an_erasure_that_the_act_would(case, world):
    fields = NO_ERASURE[case](world, provincial_leader(world))
    with refused("erase_words"):
        erasure(world, **fields)


def test_what_the_database_lets_go_of_anothers_act(world):
    """The same texts, of whom they are not."""
    texts = [
        *said_in(world, "person", world.an.pk), *said_in(world, "producer", 7),
        *said_in(world, "dossier", 7, data={"changed": {"phone": ["1", "2"]}}),
        *on_words_of(world, "Trần Văn Khác")["texts"],
        *on_paper_of(world, world.an, [decision_of(world.dossier, signer="Trần Văn Khác")])["texts"],
    ]  # fmt: skip
    assert erasure(world, texts=texts).pk


def test_a_document_of_an_authority_may_be_about_several_and_is_the_same_each_time(world):
    for fields in (
        {}, {}, {"producer": None, "person": world.an}, {"number": "7/CV", "sha256": "1" * 64},
        {"signed_on": date(2025, 1, 1), "sha256": "2" * 64},
    ):  # fmt: skip
        assert erasure(world, because="law", **fields).pk


@pytest.mark.parametrize("texts", [None, {}, "reason", 7, [7], [["x", "reason"]], [[1, "a", "b"]]])
def test_an_erasure_that_names_no_texts_is_refused(texts, world):
    with refused("erase_words"):
        erasure(world, texts=Value(texts, JSONField()))


def test_a_text_is_erased_once(world):
    first = erasure(world)
    with refused("erase_words"):
        erasure(world, texts=first.texts)


def test_an_erasure_that_is_passed_over_empties_nothing(world):
    erasure(world)
    maker = world.dossier.product.producer
    said = HistoryEntry.objects.record("producer.change", maker, by=world.an, reason="Gọi ai")
    names = [field.column for field in Erasure._meta.concrete_fields if field.name != "texts"]
    listed = ", ".join(names)
    sql(
        f"""INSERT INTO dossiers_erasure ({listed}, texts)
            SELECT {listed}, jsonb_build_array(jsonb_build_array(%s::bigint, 'reason'))
            FROM dossiers_erasure ON CONFLICT DO NOTHING""",
        said.pk,
    )
    assert SealedText.objects.get(pk=said.pk).words["reason"] == "Gọi ai"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cycle_sealedtext SET words = '{}', salts = '{}'",
        "UPDATE cycle_sealedtext SET words = words - 'actor', salts = salts - 'actor'",
        'UPDATE cycle_sealedtext SET words = words || \'{"actor": "Khác"}\'',
        "UPDATE cycle_sealedtext SET salts = '{}'",
        "UPDATE cycle_sealedtext SET erased_by = '{\"actor\": 1}'",
        """UPDATE cycle_sealedtext SET words = words - 'actor', salts = salts - 'actor',
             erased_by = '{\"actor\": 1}'""",
        # Of a table of his own, that names it.
        """CREATE TEMPORARY TABLE dossiers_erasure AS
             SELECT 1 AS id, jsonb_agg(jsonb_build_array(entry_id, 'actor')) AS texts
             FROM cycle_sealedtext;
           UPDATE public.cycle_sealedtext SET words = words - 'actor', salts = salts - 'actor',
             erased_by = '{\"actor\": 1}'""",
        "DELETE FROM cycle_sealedtext",
    ],
)
@pytest.mark.django_db(transaction=True)
def test_not_even_the_owner_changes_a_sealed_word_but_by_an_erasure(statement, dossier):
    with owner() as db, pytest.raises(psycopg.errors.CheckViolation) as error:
        db.execute(statement)
    assert error.value.diag.constraint_name == "words_only_emptied"


def test_deleting_through_the_orm_is_refused_too(world):
    with pytest.raises(ProtectedError):
        world.dossier.delete()
    with pytest.raises(ProtectedError):
        world.an.delete()
    with forbidden():
        Producer.objects.create(name="Hộ", owner_type="household", commune=world.commune).delete()


def test_history_cannot_be_changed_even_when_the_trigger_is_told_to_look_away(world):
    with pgtrigger.ignore("cycle.HistoryEntry:history_append_only"), forbidden():
        HistoryEntry.objects.update(reason="Sửa lại")
    with forbidden():
        HistoryEntry.objects.all()._raw_delete("default")


def test_a_rule_set_cannot_be_changed(world):
    law = world.cycle.rule_set
    law.title = "Khác"
    with forbidden():
        law.save()
    with pgtrigger.ignore("cycle.RuleSet:rule_set_immutable"), forbidden():
        RuleSet.objects.update(title="Khác")


def test_a_rubric_cannot_be_changed_either(world):
    sheet = rubric(world)
    scored = criterion(sheet)
    for row, change in (
        (sheet, {"name": "Khác"}),
        (scored, {"points": 4}),
        (option(scored), {"points": 2}),
        (elimination(sheet), {"short_label": "Khác"}),
    ):
        with forbidden():
            row.save()
        kind = type(row)
        guard = f"{kind._meta.label}:{kind._meta.model_name}_immutable"
        with pgtrigger.ignore(guard), forbidden():
            kind.objects.filter(pk=row.pk).update(**change)


def test_what_was_typed_from_paper_cannot_be_changed(world):
    document = kept(
        world,
        OfficialDocument(
            number="12/BC-UBND",
            signed_on=date(2026, 1, 1),
            signer="Chi",
            signer_capacity="Chủ tịch",
        ),
    )
    document.at = clock.now()
    with forbidden():
        document.save()
    document.document.number = "13/BC-UBND"
    with forbidden():
        document.document.save()
    with forbidden():
        kept(world, Review()).delete()


# --- Marks of before, and what points elsewhere ----------------------------------------------


#: What the application might insert, and what it lacks.
OF_BEFORE = {
    "before": lambda w: kept(
        w, records.certificate(), stars=3, decision=decision_of(w.dossier), before=True
    ),
    "was_repeated": lambda w: kept(
        w, records.unnumbered(), stars=3, decision=decision_of(w.dossier), was_repeated=True
    ),
    "repeats": lambda w: numbered(w, repeats=True),
    "doubled": lambda w: seated(w, doubled=True),
    "doubled later": lambda w: [
        council(w),
        Member.objects.filter(seat="chair").update(doubled=True),
    ],
    "doubled province": lambda w: OrgUnit.objects.create(
        code="10", name="Tỉnh Lào Cai", level="province", valid_from=date(2020, 1, 1), doubled=True
    ),
    "doubled province later": lambda w: OrgUnit.objects.filter(level="province").update(
        doubled=True
    ),
    "before the ledger": lambda w: paper_of(w, before=True),
    "made_by": lambda w: seated(w, user=w.an, made_by=None),
    "made_by later": lambda w: [council(w), Member.objects.update(made_by=None)],
}


@pytest.mark.parametrize("mark", OF_BEFORE)
def test_the_application_marks_nothing_as_of_before(mark, world):
    with refused("mark_of_before_is_the_owners"):
        OF_BEFORE[mark](world)


def test_every_column_that_lifts_a_rule_is_the_owners():
    """A flag in a constraint's condition switches it off: no new one comes without its guard."""
    flags = {
        (model._meta.label, field.name)
        for app in ("cycle", "dossiers", "councils", "notifications")
        for model in apps.get_app_config(app).get_models()
        for constraint in model._meta.constraints
        for field in model._meta.concrete_fields
        if field.get_internal_type() == "BooleanField"
        and f"('{field.name}', " in str(constraint.deconstruct())
    }
    # Those that are told by an act and lift nothing: each is what the rule is about.
    told = {
        ("dossiers.Term", "legal"),
        ("councils.RoundEntry", "live"),
        ("councils.Interest", "recused"),
        ("councils.Interest", "taken_off"),
        ("councils.Result", "eliminated"),
        # Struck out with its list alone: certificate_struck_with_its_list.
        ("dossiers.Certificate", "void"),
        # Of whom a list or a story of before says not who it was.
        ("cycle.Document", "signer_known"),
        # A year that was taken back, and a rehearsal: neither is the year's own.
        ("cycle.Cycle", "void"),
        ("cycle.Cycle", "beside"),
        # What it asks of a plan, of training alone.
        ("dossiers.PlannedOutreach", "required"),
    }
    guarded = {
        ("dossiers.Certificate", "before"),
        ("councils.Member", "doubled"),
        ("cycle.OrgUnit", "doubled"),
        ("cycle.Document", "before"),
    }
    assert flags - told == guarded


def test_the_owner_writes_a_row_of_before(world):
    old = records.certificate(stars=3, before=True, was_repeated=True)
    old.dossier, old.at = world.dossier, clock.now()
    assert insert_as_owner(old).pk
    old.refresh_from_db()
    assert (old.before, old.was_repeated, old.decision) == (True, True, None)
    assert old.numbers.get().repeats


#: (model, what it points to) that stays within no dossier or round: of all, or of the year.
COMMON = {
    # One document is of many dossiers.
    "cycle.document",
    "auth", "contenttypes", "cycle.cycle", "cycle.orgunit", "cycle.user", "cycle.ruleset",
    "cycle.rubric", "cycle.criterion", "cycle.option", "cycle.elimination", "cycle.termrule",
    "cycle.historyentry", "dossiers.product", "dossiers.producer", "dossiers.outreachevent",
    "dossiers.promotionevent", "councils.council", "councils.regulation",
}  # fmt: skip
#: Keys that say of what a row is, where it has no other.
OWNS = {
    "dossiers.termevent.term", "dossiers.firing.term", "councils.score.sheet",
    "councils.appraisal.entry", "councils.appraisalphoto.appraisal", "councils.opinion.entry",
    "councils.reopening.closing", "councils.consequence.result", "councils.closing.round",
    "councils.roundentry.round", "councils.roundentry.dossier", "councils.attendance.round",
    "councils.reading.round", "councils.interest.entry", "councils.resolution.entry",
    "councils.scoresheet.entry", "councils.result.entry", "councils.signeddocument.round",
    # Of the list that an office enters, not of one dossier.
    "dossiers.stockbatch.job", "dossiers.stockrow.batch", "dossiers.potential.batch",
    # Found by a survey: of a commune, not of one dossier.
    "dossiers.allotment.potential",
    # Of those who ask for an act for many dossiers.
    "dossiers.actbatch.job", "dossiers.actbatch.capacity", "dossiers.actbatchrow.batch",
    # Of the engine: an inner walk of another walk, which none of ours has.
    "dossiers.process.parent_task",
    # The plan of a batch is of its year.
    "dossiers.planpaper.batch",
    # What is held by the plan of step 1, and where: of no dossier.
    "dossiers.outreachevent.planned", "dossiers.plannedplace.planned",
    # The clock of a round's papers, of no dossier.
    "councils.evaluationround.papers_term",
}  # fmt: skip


def test_every_key_beside_the_one_of_its_dossier_or_round_is_held_to_it():
    """A walk over all foreign keys: what may point at another dossier's row has a rule above."""
    loose = {
        f"{model._meta.label_lower}.{field.name}"
        for app in ("dossiers", "councils")
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.concrete_fields
        if field.is_relation
        and field.related_model._meta.label_lower not in COMMON
        and field.related_model._meta.app_label not in COMMON
        and field.related_model._meta.label_lower != "dossiers.dossier"
    }
    held = {
        "dossiers.idea.previous", "dossiers.evidence.replaces", "dossiers.officialdocument.scan",
        "dossiers.certificate.decision", "dossiers.stockrow.certificate",
        "dossiers.certificatenumber.certificate", "dossiers.certificatenumber.replaces",
        "dossiers.visit.replaces", "dossiers.supportmeasure.replaces", "dossiers.call.replaces",
        "dossiers.supportmeasure.first", "dossiers.payment.measure", "dossiers.payment.replaces",
        "dossiers.promotion.replaces", "dossiers.samplereceipt.replaces",
        "dossiers.completion.replaces", "dossiers.communereport.replaces",
        "dossiers.inspection.replaces",
        "dossiers.stoppedproduction.paper",
        "dossiers.revocation.inspection", "dossiers.revocation.stopped",
        "dossiers.stockrow.potential", "dossiers.term.task", "dossiers.term.certificate",
        "dossiers.actbatchrow.task", "dossiers.draft.task", "dossiers.task.process", "councils.signeddocument.entry",
        "councils.signeddocument.replaces", "councils.evaluationround.follows",
        "councils.attendance.member", "councils.reading.member", "councils.interest.member",
        "councils.scoresheet.member", "councils.result.closing", "councils.evaluationround.batch",
    }  # fmt: skip
    assert loose - OWNS == held


# --- The chain is written by the database ---------------------------------------------------


def test_what_an_insert_claims_of_the_chain_is_overwritten(world):
    first = world.dossier.history.get()
    forged = HistoryEntry(
        stream="dossier",
        stream_id=world.dossier.pk,
        event="dossier.open",
        label="Giả",
        at=clock.now(),
        seq=77,
        recorded_at=clock.now() - timedelta(days=400),
        version=9,
        unit_name="Xã giả",
        sealed={"actor": "f" * 64},
        transaction=8,
        records=[["dossiers.dossier", world.dossier.pk, "f" * 64]],
        payload="{}",
        prev_hash="f" * 64,
        hash="e" * 64,
    )
    forged.save(force_insert=True)
    entry = HistoryEntry.objects.get(pk=forged.pk)
    assert (entry.seq, entry.version, entry.prev_hash) == (2, 2, first.hash)
    assert (entry.unit_name, entry.sealed, entry.transaction > 8) == ("", {}, True)
    assert entry.records[0][2] not in ("f" * 64, None)
    assert entry.hash not in ("e" * 64, "")
    assert '"label": "Giả"' in entry.payload
    assert clock.now() - entry.recorded_at < timedelta(minutes=1)
    head = HistoryHead.objects.get(stream="dossier", stream_id=world.dossier.pk)
    assert (head.seq, head.hash) == (2, entry.hash)


@pytest.mark.parametrize("column", ["(id)", "(stream, stream_id, seq)", ""])
def test_no_chain_moves_without_its_entry(column, world):
    first = world.dossier.history.get()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO cycle_historyentry (id, stream, stream_id, seq, event, label, role,
                before, after, reason, data, at)
            SELECT id, stream, stream_id, seq, event, label, role, before, after, 'Vì sao', data, at
            FROM cycle_historyentry WHERE id = %s ON CONFLICT {column} DO NOTHING""",
            [first.pk],
        )
        assert cursor.rowcount == 1
    assert chains.check() == []
    second = world.dossier.history.order_by("seq").last()
    assert second.pk > first.pk and second.words["reason"] == "Vì sao"
    assert "reason" not in HistoryEntry.objects.get(pk=first.pk).words


def test_the_application_sets_no_number_of_its_own(db):
    with forbidden():
        sql("SELECT setval('cycle_historyentry_id_seq', 1)")


@pytest.mark.django_db(transaction=True)
def test_not_even_the_owner_updates_or_deletes_without_disarming_a_trigger(dossier, rule_sets):
    sheet = rubric(SimpleNamespace(cycle=dossier.cycle))
    option(criterion(sheet))
    elimination(sheet)
    for statement in (
        "UPDATE cycle_historyentry SET reason = 'Sửa lại'",
        "DELETE FROM cycle_historyentry",
        "UPDATE cycle_ruleset SET title = 'Khác'",
        "DELETE FROM cycle_ruleset",
        "UPDATE cycle_option SET points = 1",
        "UPDATE cycle_criterion SET points = 4",
        "UPDATE cycle_rubric SET name = 'Khác'",
        "DELETE FROM cycle_elimination",
    ):
        with owner() as db, pytest.raises(psycopg.errors.RaiseException):
            db.execute(statement)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("name", "statement"),
    [
        (
            "history_seq_once_per_stream",
            """INSERT INTO cycle_historyentry (stream, stream_id, seq, event, label, role, before,
                 after, reason, data, at)
               SELECT stream, stream_id, seq, event, label, role, before, after, reason, data, at
               FROM cycle_historyentry""",
        ),
        (
            "history_head_once",
            """INSERT INTO cycle_historyhead (stream, stream_id, seq, hash)
               SELECT stream, stream_id, seq, hash FROM cycle_historyhead""",
        ),
        (
            "record_shape_once",
            "INSERT INTO cycle_recordshape (model, columns) VALUES ('x', '{a}'), ('x', '{a}')",
        ),
    ],
)
def test_the_owner_who_disarms_the_triggers_still_meets_the_keys(name, statement, dossier):
    with owner() as db:
        db.execute("ALTER TABLE cycle_historyentry DISABLE TRIGGER USER")
        with pytest.raises(psycopg.errors.UniqueViolation) as error:
            db.execute(statement)
        assert error.value.diag.constraint_name == name
        db.rollback()


def allotted(w, **fields):
    """A producer of the dossier's commune, given to the unit above it."""
    commune = w.dossier.commune
    values = {
        "unit": commune, "producer": w.dossier.product.producer, "was": commune,
        "to": commune.parent, "basis": absences.of_ledger("15/QĐ-UBND", commune),
        "made_by": w.an, "made_at": clock.now(),
    }  # fmt: skip
    return Allotment.objects.create(**values | fields)
