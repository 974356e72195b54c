"""How each rule of the database is broken on purpose."""

import secrets
from contextlib import contextmanager
from datetime import date
from types import SimpleNamespace

import psycopg
import pytest
from django.db import (
    IntegrityError,
    ProgrammingError,
    connection,
    transaction,
)

from councils.models import (
    Closing,
    Council,
    EvaluationRound,
    Interest,
    Member,
    Opinion,
    Reopening,
    Resolution,
    Result,
    RoundEntry,
    Score,
    Scoresheet,
    SignedDocument,
)
from cycle import clock
from cycle.models import (
    ActivationSlip,
    Batch,
    Criterion,
    Cycle,
    Document,
    Elimination,
    HistoryEntry,
    Option,
    OrgUnit,
    Role,
    RoleAssignment,
    Rubric,
    RuleSet,
    StepWindow,
    Substitution,
    User,
    WindowNotice,
    Wording,
)
from dossiers.models import (
    ActBatch,
    ActBatchRow,
    Dossier,
    Draft,
    Erasure,
    FilingNumber,
    Firing,
    OfficialDocument,
    PlannedOutreach,
    PlanPaper,
    Potential,
    Process,
    State,
    StockBatch,
    StoppedProduction,
    SupportMeasure,
    Task,
    Term,
    TermEvent,
)
from dossiers.walk import engine
from notifications.models import (
    Alarm,
    Delivery,
    Digest,
    Notification,
    WeeklySummary,
)
from tests import judging, records
from tests.decision_papers import decision_of
from tests.owning import insert_as_owner, update_as_owner
from tests.standing import stand
from tests.world import open_dossier, person


@contextmanager
def refused(name):
    """The block, or the commit after it, breaks the constraint of this name."""
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        yield
        connection.check_constraints()
    assert error.value.__cause__.diag.constraint_name == name


@contextmanager
def forbidden():
    """The application has no right to do this."""
    with pytest.raises(ProgrammingError) as error, transaction.atomic():
        yield
    assert isinstance(error.value.__cause__, psycopg.errors.InsufficientPrivilege)


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def kept(world, record, **fields):
    """The record saved past every check of the form, as a careless program would."""
    record.dossier, record.recorded_by, record.at = world.dossier, world.an, clock.now()
    for name, value in fields.items():
        setattr(record, name, value)
    if isinstance(record, SupportMeasure) and "first" not in fields:
        record.prepare()
    if isinstance(record, OfficialDocument):
        records.in_ledger(record)
    record.save()
    return record


def paper_of(world, **fields):
    """A document in the ledger, past its door."""
    values = {
        "kind": "decision",
        "direction": "outgoing",
        "issuer": world.commune,
        "number": "1/QĐ-UBND",
        "signed_on": LONG_AGO,
        "signer": "Trần Công Sơn",
        "at": clock.now(),
    }
    return Document.objects.create(**values | fields)


def dossier_with(world, **fields):
    Dossier.objects.filter(pk=world.dossier.pk).update(**fields)


def closed(world):
    """The walk of the dossier ended, so that its state may be set freely."""
    engine.cancel(world.dossier.process, clock.now())


def parked(world, **fields):
    closed(world)
    dossier_with(world, **fields)


def evaluated(world, **fields):
    kept(world, records.evaluation(), **{"level": "province"} | fields)


def held_by(world, **fields):
    values = {"user": world.an, "role": Role.CLERK, "org_unit": world.commune}
    RoleAssignment.objects.create(**values | {"valid_from": date(2026, 1, 1)} | fields)


def substituted(world, **fields):
    """Somebody acts for An over the last week of 2026."""
    values = {
        "assignment": world.an.role_assignments.get(org_unit=world.commune),
        "substitute": fields.pop("substitute", None) or User.objects.create(username="thay"),
        "valid_from": date(2026, 12, 24),
        "valid_to": date(2026, 12, 31),
        "reason": "Nghỉ phép",
        "created_by": world.an,
    }
    return Substitution.objects.create(**values | fields)


def struck_year(world):
    """A year that was opened by mistake and struck out."""
    return Cycle.everything.create(
        year=2031,
        title="Mở nhầm",
        rule_set=world.cycle.rule_set,
        opened_on=date(2031, 1, 1),
        closed_on=date(2031, 1, 1),
        void=True,
    )


def left_in_a_closed_year(world):
    """A dossier that was withdrawn, in a year that is closed."""
    stand(world.dossier, State.WITHDRAWN)
    update_as_owner(Cycle.objects.filter(pk=world.cycle.pk), closed_on="2026-12-31")


def batch(world):
    """The first batch of the year, the same each time."""
    return Batch.objects.filter(cycle=world.cycle).first() or another_batch(world, number=1)


def another_batch(world, **fields):
    values = {"cycle": world.cycle, "number": 1, "name": "Đợt 1", "propose_by": date(2026, 4, 29)}
    return Batch.objects.create(**values | {"decide_by": date(2026, 6, 29)} | fields)


def window(world, **fields):
    """The days in which the commune takes ideas for the batch."""
    values = {"cycle": world.cycle, "step": "idea", "level": "commune", "warn_days": 7}
    values |= {"opens_on": date(2026, 1, 5), "closes_on": date(2026, 2, 5)}
    if "batch" not in fields:
        values["batch"] = batch(world)
    return StepWindow.objects.create(**values | fields)


def window_told(world, row, kind="closed"):
    return WindowNotice.objects.create(
        window=row, kind=kind, closes_on=row.closes_on, at=clock.now()
    )


def plan_paper(world, **fields):
    plan = judging.decided("1/KH-UBND", date(2026, 1, 1))
    plan.signer = fields.pop("signer", plan.signer)
    values = {"cycle": world.cycle, "batch": batch(world)}
    values["document"] = judging.recorded(plan, world.commune.parent)
    return PlanPaper.objects.create(
        **values | {"made_by": world.an, "made_at": clock.now()} | fields
    )


def provincial_leader(world):
    """Who leads the province of the world's commune."""
    top = OrgUnit.objects.get(level="province", valid_to=None)
    held = RoleAssignment.objects.filter(role="leader", org_unit=top).first()
    return held.user if held else person("truong", "Hà Văn Trường", ("leader", top))


def erasure(world, **fields):
    """A reason in the producer's history is erased, as the producer asked."""
    maker = world.dossier.product.producer
    said = HistoryEntry.objects.record(
        "producer.change", maker, by=world.an, reason="Gọi 0912345678"
    )
    values = {"producer": maker, "texts": [[said.pk, "reason"]]}
    values |= {"because": "request", "reason": "Theo đơn", "number": "12/ĐĐN", "signer": "Lò Văn A"}
    values |= {"signed_on": date(2026, 1, 1), "sha256": "0" * 64}
    values |= {"made_by": provincial_leader(world), "made_at": clock.now()}
    return Erasure.objects.create(**values | fields)


def rubric(world):
    """The same version of a rubric each time."""
    return Rubric.objects.create(
        rule_set=world.cycle.rule_set,
        number=1,
        name="Rau",
        group="food",
        sections=[],
        content_hash="0" * 64,
    )


def criterion(of, **fields):
    values = {"position": 1, "part": "A", "code": "1.1", "title": "Nguồn gốc", "points": 3}
    return Criterion.objects.create(rubric=of, **values | fields)


def option(of, **fields):
    return Option.objects.create(criterion=of, **{"level": 1, "points": 1} | fields)


def elimination(of):
    return Elimination.objects.create(rubric=of, position=1, short_label="Giả mạo")


def wording(**fields):
    return Wording.objects.create(**{"text": "Lời văn", "document": "QĐ 26/2026"} | fields)


def term(world):
    """The clock of the open task."""
    return Term.objects.filter(dossier=world.dossier, task__isnull=False)


def ledger(world, **fields):
    values = {"kind": "pause", "reason": "Chờ chủ thể", "at": clock.now(), "left": 3}
    TermEvent.objects.create(
        **{"term": term(world).get(), "due_on": date(2026, 12, 1)} | values | fields
    )


def fired(world):
    held = term(world).get()
    Firing.objects.create(
        term=held, rung="0:officer", due_on=held.due_on, at=clock.now(), fired_at=clock.now()
    )


def told(world):
    return Notification.objects.create(
        entry=world.dossier.history.first(), recipient=world.an, created_at=clock.now()
    )


def digest(world):
    return Digest.objects.create(user=world.an, day=date(2026, 11, 20), created_at=clock.now())


def summary(world):
    return WeeklySummary.objects.create(
        leader=world.an, week_on=date(2026, 11, 16), created_at=clock.now(), figures={}
    )


def alarm(**fields):
    values = {"question": "disk", "what": "Đầy.", "began_at": clock.now()}
    return Alarm.objects.create(**values | fields)


def sent(**fields):
    values = {"channel": "email", "next_at": clock.now()}
    return Delivery.objects.create(**values | fields)


def event(world, model, **fields):
    values = {"cycle": world.cycle, "org_unit": world.commune, "held_on": date(2026, 2, 1)}
    return model.objects.create(**values | {"title": "Hội nghị"} | fields)


def planned_outreach(world, **fields):
    """A row of the plan for step 1."""
    values = {"cycle": world.cycle, "org_unit": world.commune, "kind": "radio", "title": "Phát"}
    values |= {"begins_on": date(2026, 2, 1), "due_on": date(2026, 2, 28)}
    values |= {"made_by": world.an, "made_at": clock.now()}
    return PlannedOutreach.objects.create(**values | fields)


def stock_batch(world, **fields):
    """A list of what was recognised before."""
    values = {"org_unit": world.commune.parent, "by": world.an, "at": clock.now()}
    return StockBatch.objects.create(**values | fields)


def act_batch_row(world, *, batch=None, **fields):
    """A dossier for which an act was asked for with others."""
    stroke = batch or ActBatch.objects.create(act="defer", by=world.an, at=clock.now())
    values = {"batch": stroke, "dossier": world.dossier, "stood": world.dossier.state}
    return ActBatchRow.objects.create(**values | fields)


def draft(world, **fields):
    """What was typed into a form that is no dossier's yet."""
    values = {"by": world.an, "form": "dossier_new", "saved_at": clock.now()}
    return Draft.objects.create(**values | fields)


def potential(world, **fields):
    """A product that a survey named."""
    values = {"commune": world.commune, "name": "Mật ong", "producer_name": "Hộ Lò Văn A"}
    return Potential.objects.create(**{"batch": stock_batch(world)} | values | fields)


LONG_AGO = date(2000, 1, 1)


def council(world):
    """A council at the province, with its regulation."""
    judging.regulate(world.commune.parent)
    world.thu = person("thu", "Phạm Hoài Thu", (Role.COUNCIL_OFFICE, world.commune.parent))
    return judging.seat(world.commune.parent, world.thu)


def slip(world, **fields):
    """A slip of An's, printed by another."""
    leads = User.objects.filter(username="in").first() or person("in", "Lò Văn In")
    values = {"made_by": leads, "made_at": clock.now(), "expires_on": clock.today()}
    values["mark"] = secrets.token_hex(32)
    return ActivationSlip.objects.create(user=world.an, **values | fields)


def seated(world, **fields):
    """One more seat for the chair of the council."""
    sits = Council.objects.first() or council(world)
    values = {"council": sits, "user": sits.members.get(seat="chair").user, "seat": "member"}
    values |= {"made_by": world.thu, "decision": sits.decision}
    return Member.objects.create(**values | {"since": sits.valid_from} | fields)


def judged(world, **given):
    """A round with one product, open unless told; the first judge's sheet begun."""
    sits = council(world)
    before = judging.before_council(world.cycle, world.commune, world.an)
    round_ = judging.begin(sits, world.cycle, before, world.thu, **given)
    world.round, world.entry, world.member = round_, round_.entries.get(), judging.judge(sits, 0)
    if round_.is_open:
        world.sheet = Scoresheet.of(world.entry, world.member)
    return round_


def created(world, model, **fields):
    """A row of the judged round, written as a careless program would."""
    entry = world.entry if hasattr(world, "entry") else judged(world) and world.entry
    values = {
        "round": world.round,
        "entry": entry,
        "member": world.member,
        "by": world.an,
        "at": clock.now(),
    }
    known = {field.name for field in model._meta.concrete_fields}
    return model.objects.create(
        **{name: value for name, value in values.items() if name in known} | fields
    )


def closing(world, **fields):
    """The round's history says something, and a closing names it."""
    judged(world) if not hasattr(world, "round") else None
    said = HistoryEntry.objects.record("round.close", world.round, by=world.an)
    return created(world, Closing, **{"version": 1, "entry": said} | fields)


def shut(world):
    """The round closed, with its closing."""
    closing(world)
    world.round.state, world.round.closed_at = "closed", clock.now()
    world.round.save()


def given_up(world):
    """The round voided as a careless program would: it keeps its product."""
    world.round.state, world.round.voided_at = "void", clock.now()
    world.round.void_reason = "Hủy"
    world.round.void_basis = world.round.council.decision
    world.round.save()


def reopening(world, **fields):
    """The standing closing of the round is opened again, and the round not yet."""
    # The closing is of an earlier transaction: what it defers was checked.
    connection.check_constraints()
    standing = Closing.objects.get(round=world.round, reopening=None)
    values = {"reason": "Khiếu nại", "basis": world.round.council.decision}
    return created(world, Reopening, **{"closing": standing} | values | fields)


def result(world, **fields):
    made = fields.pop("closing", None) or closing(world)
    values = {"points_sum": "240.00", "sheets": 3, "band": 4, "stars": 4}
    return created(world, Result, **{"closing": made} | values | fields)


def resolution(world, **fields):
    values = {"stars": 3, "holds": True, "reason": "Thảo luận"}
    if not hasattr(world, "entry"):
        judged(world)
    its = {"criterion": world.entry.rubric.criteria.first()}
    HistoryEntry.objects.record("round.resolve", world.round, by=world.an)
    return created(world, Resolution, **values | its | fields)


def elimination_of(world):
    return world.entry.rubric.eliminations.first()


def opinion(world, **fields):
    values = {
        "to": world.an,
        "department": "Sở Công Thương",
        "question": "Nhãn mác?",
        "asked_by": world.an,
        "asked_at": clock.now(),
        "due_on": date(2026, 12, 1),
    }
    return created(world, Opinion, **values | fields)


def interest(world, **fields):
    if not hasattr(world, "round"):
        judged(world)
    HistoryEntry.objects.record("round.declare_interest", world.round, by=world.an)
    return created(world, Interest, **{"kind": "declared", "reason": "Họ hàng"} | fields)


def sent_up(world, received_by):
    """An sends the dossier from the commune; it is received at the province."""
    for state, by in (("commune_checked", world.an), ("at_province", received_by)):
        stand(world.dossier, state)
        Task.objects.filter(dossier=world.dossier, open_state__isnull=False).update(
            status="DONE", closed_at=clock.now(), closed_by=by, outcome="forward_to_province"
        )
    Process.objects.filter(dossier=world.dossier, status="NEW").update(status="DONE")


def both_ends(world):
    """Who sent the dossier receives it too."""
    sent_up(world, received_by=world.an)


def document(world, **fields):
    if not hasattr(world, "entry"):
        judged(world)
    number = f"{SignedDocument.objects.count() + 1}/BB"
    # Who signed it stands in the ledger.
    signed = {name: fields.pop(name) for name in ("signer",) if name in fields}
    its = records.of_round(
        world.round, "minutes", by=world.an, number=number, signed_on=LONG_AGO, **signed
    )
    values = {"kind": "minutes", "document": its.document}
    return created(world, SignedDocument, **{"entry": None} | values | fields)


def chosen(world, place=0):
    """The best option of the rubric's criterion at this place."""
    if not hasattr(world, "entry"):
        judged(world)
    return world.entry.rubric.criteria.all()[place].options.order_by("points").last()


def score(world, choice=None, **fields):
    """The option on the begun sheet, past the form."""
    choice = choice or chosen(world)
    values = {"option": choice, "criterion_id": choice.criterion_id, "points": choice.points}
    return Score.objects.create(**{"sheet": world.sheet, "saved_at": clock.now()} | values | fields)


# --- What points at another's ------------------------------------------------------------------


def another(world):
    """A second dossier of the same commune."""
    return open_dossier(world.cycle, world.commune, world.an, name="Chè Shan tuyết")


def of_another(world, record, **fields):
    """The record saved for a second dossier."""
    return kept(SimpleNamespace(dossier=another(world), an=world.an), record, **fields)


def replaced_twice(world, kind):
    """Two rows that replace the same one."""
    old = kept(world, kind())
    return [kept(world, kind(), replaces=old) for _ in "12"]


def payment(world):
    """A payment, not saved, of a measure of support."""
    return records.payment(kept(world, records.support()))


def payment_of_another(world):
    """A payment of a measure of a second dossier, saved."""
    there = SimpleNamespace(dossier=another(world), an=world.an)
    return kept(there, payment(there))


def given(world):
    """A certificate that waits for its number."""
    paper = decision_of(world.dossier)
    return kept(world, records.unnumbered(), stars=3, decision=paper)


def numbered(world, **fields):
    """A number past its act: of a certificate that waits for one, or of the one that is named."""
    values = {"certificate": fields.get("certificate") or given(world), "year": clock.today().year}
    return kept(world, records.number(), **values | fields)


def filed_under(world, **fields):
    """A number of a register (PĐK) that no act gives: the owner writes it."""
    values = {"dossier": world.dossier, "body": world.commune, "commune": world.commune}
    values |= {"year": 2026, "number": 1, "at": clock.now()}
    return insert_as_owner(FilingNumber(**values | fields))


def confirmed(world, of=None):
    """A commune's confirmation, of this dossier or of ``of``, on a paper of its own."""
    dossier = of or world.dossier
    return StoppedProduction.objects.create(
        dossier=dossier, at=clock.now(), stopped_on=clock.today(), paper=decision_of(dossier)
    )


def certificate_of_another(world):
    other = another(world)
    held = SimpleNamespace(dossier=other, an=world.an)
    return kept(held, records.certificate(), stars=3, decision=decision_of(other))


def second_council(world):
    """Another council of the same unit, with one seat."""
    sits = Council.objects.first() or council(world)
    other = Council.objects.create(
        org_unit=sits.org_unit,
        name="Hội đồng khác",
        decision=sits.decision,
        valid_from=sits.valid_from,
    )
    Member.objects.create(
        council=other,
        decision=other.decision,
        user=world.an,
        seat="member",
        since=sits.valid_from,
        made_by=world.thu,
    )
    return other


def second_round(world, **fields):
    """Another round beside the judged one, of its council unless told."""
    values = {
        "council": world.round.council,
        "regulation": world.round.regulation,
        "cycle": world.cycle,
        "name": "Đợt 2",
    }
    return EvaluationRound.objects.create(**values | fields)


def second_entry(world, **fields):
    """The first dossier of the world, in another round."""
    values = {"dossier": world.dossier, "rubric": world.entry.rubric, "position": 1}
    return created(world, RoundEntry, **{"round": second_round(world)} | values | fields)


def silent(world):
    """A round of which no history is told, as a careless program would make it."""
    judged(world)
    other = second_council(world)
    its = {"dossier": world.dossier, "rubric": world.entry.rubric, "position": 1}
    entry = created(world, RoundEntry, round=second_round(world, council=other), **its)
    world.round, world.entry, world.member = entry.round, entry, other.members.get()
    return entry


def rubric_of_another_edition(world):
    return Rubric.objects.create(
        rule_set=RuleSet.objects.exclude(pk=world.cycle.rule_set_id).first(),
        number=1,
        name="Bộ thử",
        group="food",
        sections=[],
        content_hash="0" * 64,
    )
