"""The year of the office (chu trình): opened, planned back from its batches, changed on record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import rules
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max, OuterRef, Q, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import override

from cycle import clock, documents, planning
from cycle.letters import sort_key
from cycle.models import (
    Batch,
    Cycle,
    DayOff,
    Duty,
    Effect,
    HistoryEntry,
    LawReading,
    Level,
    OrgUnit,
    Role,
    RoleAssignment,
    RuleSet,
    StepWindow,
    Stream,
    TermRule,
    end_of,
    fold,
    last_day_before,
    names_document,
)
from cycle.steps import Step
from cycle.workdays import DAY, Projection, add_months
from cycle.written import shortened
from dossiers.law.nodes import NODES, WAITS_FOR_PRODUCER
from dossiers.law.states import BEFORE_RESULT, State
from dossiers.models import CaseType, Dossier, PlanPaper, Term, TermState
from dossiers.models.days import with_day
from dossiers.terms import clocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cycle.models import Document, User
    from cycle.workdays import Calendar
    from dossiers.models.dossier import DossierQuerySet

#: What each level does once a dossier was proposed to it.
JUDGING = {
    Level.DISTRICT: ("check_at_district", "evaluate_at_district", "forward_from_district"),
    Level.PROVINCE: ("check_at_province", "evaluate_at_province", "propose_recognition", "decide"),
}
#: The way up to a council, task by task: what a dossier must have behind it to be proposed.
#: What is returned for completion is not counted on, nor how long a plan takes to be carried out.
WAY_UP = tuple(
    node
    for node, state in NODES.items()
    if state in BEFORE_RESULT
    and node not in WAITS_FOR_PRODUCER
    and not any(node in judging for judging in JUDGING.values())
)
#: Runs all year, whatever batches there are.
ALL_YEAR = (Step.OUTREACH, Step.PROMOTION)
#: So many kinds of days off are named; all are counted.
NAMED = 4
#: So many units without anybody are named.
FEW = 12


def step_of(node: str) -> Step:
    """The step that a task belongs to: registering an idea is the second step's."""
    if node == "register_idea":
        return Step.IDEA
    step = NODES[node].step
    assert step is not None
    return step


def _check(by: User) -> None:
    if not rules.has_perm("dossiers.keep_year", by):
        raise PermissionDenied


def capacity(by: User) -> RoleAssignment | None:
    """The post at the province in which ``by`` keeps the year; None for the administration."""
    posts = [
        held for held in by.posts(Role.OFFICER, Role.LEADER)
        if held.org_unit.level == Level.PROVINCE
    ]  # fmt: skip
    return posts[0] if posts else None


def _record(event: str, cycle: Cycle, by: User, **data: Any) -> None:
    HistoryEntry.objects.record(event, cycle, by=by, capacity=capacity(by), **data)


# --- Opening ---------------------------------------------------------------------------------


@dataclass
class Opening:
    """What is asked to open a year; ``like`` is the year it begins from, None for nothing."""

    year: int
    opened_on: date
    ends_on: date
    rule_set: RuleSet
    like: Cycle | None
    paper: PlanPaper


def last_year(year: int) -> Cycle | None:
    """The year before ``year`` that another can begin from: the newest one that has duties."""
    before = Cycle.objects.filter(year__lt=year, beside=False, assumed=False)
    return before.filter(duties__isnull=False).order_by("-year", "-pk").first()


def open_year(asked: Opening, *, by: User) -> Cycle:
    """Open a year with its plan, duties, terms, batches and windows, all or nothing.

    Raises PermissionDenied; ValidationError at its field, one when the year was opened already.
    """
    _check(by)
    cycle = Cycle(
        year=asked.year,
        title=f"Chu trình OCOP {asked.year}",
        rule_set=asked.rule_set,
        opened_on=asked.opened_on,
        ends_on=asked.ends_on,
    )
    if known := Cycle.objects.filter(year=asked.year, beside=False).first():
        raise _there_already(known)
    try:
        with transaction.atomic():
            cycle.full_clean()
            cycle.save(force_insert=True)
            if asked.like is not None and asked.like.rule_set_id == asked.rule_set.pk:
                _copy(asked.like, cycle)
            cycle.adopt(asked.rule_set, windows=False)
            _keep_paper(asked.paper, cycle, None, by)
            _all_year(cycle)
            for batch in _batches(asked.like, cycle):
                batch.save(force_insert=True)
                plan(batch)
            _record(
                "cycle.open",
                cycle,
                by,
                ledger=asked.paper.document_id,
                document=str(asked.paper),
                like=str(asked.like or ""),
            )
    except IntegrityError as error:
        # Two clicks, or two people, at once: the second finds it opened.
        if known := Cycle.objects.filter(year=asked.year, beside=False).first():
            raise _there_already(known) from error
        raise
    return cycle


def _there_already(known: Cycle) -> ValidationError:
    return ValidationError(
        {"year": _("Năm %(year)d đã có chu trình: %(title)s.")
         % {"year": known.year, "title": known.title}}
    )  # fmt: skip


def _copy(source: Cycle, cycle: Cycle) -> None:
    """The duties and terms of ``source`` as they stand, the dates of the year moved to its year."""
    months = 12 * (cycle.year - source.year)
    of_edition = Q(rule_set=cycle.rule_set)
    duties = list(source.duties.filter(of_edition))
    for duty in duties:
        duty.pk, duty.cycle = None, cycle
    Duty.objects.bulk_create(duties)
    terms = list(source.term_rules.filter(of_edition))
    for term in terms:
        term.pk, term.cycle, term.was_document = None, cycle, ""
        if term.fixed_on is not None and term.subject == "cycle":
            term.fixed_on = add_months(term.fixed_on, months)
    TermRule.objects.bulk_create(terms)


def _batches(like: Cycle | None, cycle: Cycle) -> list[Batch]:
    """The batches of ``like`` a year later, or those that the edition has; inside the cycle."""
    found = []
    earlier = list(like.batches.all()) if like else []
    if like is not None and earlier:
        months = 12 * (cycle.year - like.year)
        for batch in earlier:
            batch.pk, batch.cycle = None, cycle
            batch.name = batch.name.replace(str(like.year), str(cycle.year))
            batch.propose_by = add_months(batch.propose_by, months)
            batch.decide_by = add_months(batch.decide_by, months)
            batch.meets_on = batch.meets_on and add_months(batch.meets_on, months)
            found.append(batch)
    else:
        found = law_batches(cycle)
    return [
        batch for batch in found
        if cycle.opened_on <= batch.propose_by
        and (cycle.ends_on is None or batch.decide_by <= cycle.ends_on)
    ]  # fmt: skip


def law_batches(cycle: Cycle) -> list[Batch]:
    """The batches that the edition names: a cut-off says «before» a day, so the day before it."""
    terms = cycle.rule_set.content["terms"]
    dates = [terms.get(code, {}).get("dates", []) for code in ("D2", "D3")]
    return [
        Batch(
            cycle=cycle,
            number=number,
            level=Level.PROVINCE,
            name=f"Đợt {number} năm {cycle.year}",
            propose_by=last_day_before(until, cycle.year),
            decide_by=last_day_before(decided, cycle.year),
        )
        for number, (until, decided) in enumerate(zip(*dates, strict=False), 1)
    ]


def past_the_law(batch: Batch) -> list[str]:
    """Sentences for the days of ``batch`` that are later than those of the law (Đ.5); a batch more
    is held to those of the last.
    """
    of_law = law_batches(batch.cycle) if batch.level == Level.PROVINCE else []
    if not of_law:
        return []
    its = next((each for each in of_law if each.number == batch.number), of_law[-1])
    said = {
        "propose_by": _("Ngày cuối nộp hồ sơ %(day)s sau ngày %(law)s của quy định (Điều 5)."),
        "decide_by": _("Ngày cuối ra quyết định %(day)s sau ngày %(law)s của quy định (Điều 5)."),
    }
    return [
        sentence % {"day": f"{day:%d/%m/%Y}", "law": f"{law:%d/%m/%Y}"}
        for name, sentence in said.items()
        if (day := getattr(batch, name)) > (law := getattr(its, name))
    ]


def _keep_paper(paper: PlanPaper, cycle: Cycle, batch: Batch | None, by: User) -> None:
    """Save a plan, and its document, as typed, in the ledger. Raises ValidationError by field."""
    _of_the_province(paper.document)
    check_plan(paper, cycle)
    try:
        paper.document = documents.record(paper.document, by=by)
    except ValidationError as error:
        # At the field of its form.
        told = error.message_dict
        told |= {"scan": told.pop(documents.SCAN)} if documents.SCAN in told else {}
        raise ValidationError(told) from error
    paper.cycle, paper.batch = cycle, batch
    paper.made_by, paper.made_at = by, clock.now()
    paper.save(force_insert=True)


def _of_the_province(typed: Document) -> None:
    """Say that a document, as typed, decides, and that the province issued it, unless it names
    another body.
    """
    typed.does = Effect.DECIDES
    documents.issue(typed, OrgUnit.objects.valid_on(clock.today()).filter(level=Level.PROVINCE))


def _into_ledger(typed: Document, by: User) -> Document:
    """A document, as typed, in the ledger. Raises ValidationError by field."""
    _of_the_province(typed)
    return documents.record(typed, by=by, capacity=capacity(by))


def check_plan(paper: PlanPaper, cycle: Cycle) -> None:
    """Raise ValidationError when another year that stands rests on this plan: each has its own."""
    rests = PlanPaper.objects.filter(cycle__void=False, cycle__beside=False)
    typed = paper.document
    documents.check_use(typed, "plans")
    for other in rests.exclude(cycle__year=cycle.year).select_related("cycle"):
        its = other.of_ledger
        if documents.same_number(its, typed) and (
            documents.same_body(its, typed) or fold(other.body) == fold(paper.body)
        ):
            raise ValidationError(
                {"number": _("%(title)s đã theo kế hoạch %(paper)s: năm này cần kế hoạch riêng.")
                 % {"title": other.cycle.title, "paper": other}}
            )  # fmt: skip


def take_back(cycle: Cycle, *, reason: str, by: User) -> None:
    """Strike out a year opened by mistake, in which nothing is (gạch bỏ chu trình mở nhầm).

    Raises PermissionDenied, ValidationError when something is in it or it is over.
    """
    _check(by)
    with transaction.atomic():
        # Whoever begins a dossier in it waits here, or is found below.
        cycle = Cycle.everything.select_for_update().get(pk=cycle.pk)
        if cycle.void:
            raise ValidationError(_("Chu trình này đã được gạch bỏ."))
        if cycle.closed_on is not None:
            raise ValidationError(_("Chu trình này đã đóng: không gạch bỏ được."))
        if inside := _inside(cycle):
            raise ValidationError(
                _("Chu trình đã có %(things)s: không gạch bỏ được.") % {"things": ", ".join(inside)}
            )
        for term in Term.objects.select_for_update().filter(cycle=cycle):
            if term.state != TermState.STOPPED:
                term.stop(at=clock.now(), by=by)
        cycle.void = True
        cycle.closed_on = max(clock.today(), cycle.opened_on)
        cycle.title = f"{shortened(cycle.title, 90)} (mở nhầm, số {cycle.pk})"
        cycle.save(update_fields=["void", "closed_on", "title"])
        _record("cycle.take_back", cycle, by, reason=reason)


#: What a year has by being opened and planned.
_OF_ITSELF = {
    "StepWindow", "Duty", "TermRule", "Batch", "PlanPaper", "HistoryEntry", "Term",
}  # fmt: skip


def _inside(cycle: Cycle) -> list[str]:
    """Names of what stands on the year beyond its own plan."""
    found = []
    for relation in cycle._meta.related_objects:
        model = relation.related_model
        if isinstance(model, str) or model.__name__ in _OF_ITSELF:
            continue
        if model._base_manager.filter(**{relation.field.name: cycle}).exists():
            found.append(str(model._meta.verbose_name))
    if Term.objects.filter(cycle=cycle, dossier__isnull=False).exists():
        found.append(str(Term._meta.verbose_name))
    return sorted(found, key=sort_key)


def read(choices: Mapping[str, str], *, document: Document, by: User) -> int:
    """Choose how points of the law are read (cách hiểu quy định), on a document as typed; returns
    how many changed.

    The clocks follow at once. Raises PermissionDenied, ValidationError by field of the document.
    """
    _check(by)
    with transaction.atomic():
        changed = [point for point, choice in choices.items() if LawReading.of(point) != choice]
        basis = _into_ledger(document, by) if changed else document
        for point in changed:
            LawReading.choose(point, choices[point], basis=basis, by=by)
        clocks.follow_readings(changed, at=clock.now(), by=by)
    return len(changed)


# --- Windows, counted back from a batch ------------------------------------------------------


def _all_year(cycle: Cycle) -> None:
    """The windows of what runs all year, at the levels that the edition names."""
    last = cycle.ends_on or date(cycle.year, 12, 31)
    StepWindow.objects.bulk_create(
        StepWindow(
            cycle=cycle,
            step=row["step"],
            level=row["level"],
            opens_on=cycle.opened_on,
            closes_on=last,
            warn_days=0,
            peak=row.get("peak"),
            why="Làm quanh năm.",
        )
        for row in cycle.rule_set.content["windows"]
        if row["step"] in ALL_YEAR
    )


def stages_of(cycle: Cycle, level: str) -> tuple[list[planning.Stage], planning.Stage]:
    """The stages up to the council of ``level`` with the working days of the duties, and its own.

    How long a plan is carried out binds nobody: that stage takes no days.
    """
    duties = {duty.node: duty for duty in cycle.duties.filter(rule_set=cycle.rule_set)}
    way = WAY_UP + (
        JUDGING[Level.DISTRICT]
        if level == Level.PROVINCE and cycle.rule_set.has_district
        else ()
    )  # fmt: skip
    days: dict[tuple[str, str], int] = {}
    for node in way:
        if duty := duties.get(node):
            # A dossier is assembled in the commune's own weeks of the evaluation.
            key = (str(step_of(node)), duty.level)
            days[key] = days.get(key, 0) + (duty.working_days if node != "implement" else 0)
    own = sum(duties[node].working_days for node in JUDGING[Level(level)] if node in duties)
    stages = [planning.Stage(step, at, length) for (step, at), length in days.items()]
    return stages, planning.Stage(str(Step.EVALUATION), level, own)


def proposed(batch: Batch) -> planning.Plan:
    """The windows of ``batch`` counted back from its days; nothing is written."""
    first = batch.cycle.opened_on
    earlier = (
        StepWindow.objects.filter(
            cycle=batch.cycle_id, step=Step.IDEA, batch__level=batch.level,
            batch__propose_by__lt=batch.propose_by,
        ).aggregate(last=Max("closes_on"))["last"]
    )  # fmt: skip
    if earlier is not None:
        # What comes after the last idea of one batch is for the next.
        first = earlier + DAY
    stages, judging = stages_of(batch.cycle, batch.level)
    calendar = _calendar(batch.propose_by - timedelta(days=500), batch.decide_by)
    return planning.plan_back(
        stages,
        judging,
        propose_by=batch.propose_by,
        decide_by=batch.decide_by,
        first=first,
        calendar=calendar,
    )


def _calendar(first: date, last: date) -> Calendar:
    return DayOff.objects.calendar(first, last + timedelta(days=60))


def plan(batch: Batch) -> planning.Plan:
    """Give ``batch`` the windows counted back from its days, in place of those it has."""
    made = proposed(batch)
    kept = {(row.step, row.level): row for row in batch.windows.all()}
    whys = reasons(batch, made)
    for each in made.fits:
        key = (each.stage.step, each.stage.level)
        row = kept.pop(key, None) or StepWindow(
            cycle=batch.cycle, batch=batch, step=key[0], level=key[1]
        )
        row.opens_on, row.closes_on, row.why = each.opens_on, each.closes_on, whys[key]
        row.save()
    for row in kept.values():
        # Of one that was told of, the row stays.
        if not row.notices.exists():
            row.delete()
    return made


def cramped(
    cycle: Cycle, batches: Iterable[Batch], windows: Iterable[StepWindow]
) -> dict[int, list[str]]:
    """Of each batch, by id, the steps that it leaves no time or too little, as sentences.

    Asked of the windows as they stand: a year that begins late, or days that were changed.
    """
    rows: dict[int, dict[tuple[str, str], StepWindow]] = {}
    for row in windows:
        if row.batch_id is not None:
            rows.setdefault(row.batch_id, {})[row.step, row.level] = row
    planned = [batch for batch in batches if batch.pk in rows]
    if not planned:
        return {}
    planned_rows = [row for at in rows.values() for row in at.values()]
    days = [day for row in planned_rows for day in (row.opens_on, row.closes_on)]
    calendar = _calendar(min(days), max(days))
    stages = {level: stages_of(cycle, level) for level in {batch.level for batch in planned}}
    found = {}
    for batch in planned:
        way, judging = stages[batch.level]
        said = [
            _lack(stage, rows[batch.pk].get((stage.step, stage.level)), calendar)
            for stage in [*way, judging]
        ]
        found[batch.pk] = [each for each in said if each]
    return found


def _lack(stage: planning.Stage, row: StepWindow | None, calendar: Calendar) -> str:
    """That a stage has no window or one shorter than its work; empty where it has enough."""
    title = _("%(step)s, %(level)s") % {
        "step": Step(stage.step).label,
        "level": str(Level(stage.level).label).lower(),
    }
    if row is None:
        return _("%(title)s: không còn kịp trong đợt này.") % {"title": title}
    if (few := planning.lacks(stage, row.opens_on, row.closes_on, calendar)) is None:
        return ""
    if not stage.days:
        return _("%(title)s: chỉ có %(has)d ngày làm việc.") % {"title": title, "has": few[0]}
    return _("%(title)s: chỉ có %(has)d ngày làm việc, phân cấp cần %(needs)d.") % {
        "title": title,
        "has": few[0],
        "needs": few[1],
    }


def reasons(batch: Batch, made: planning.Plan) -> dict[tuple[str, str], str]:
    """Why each stage ends when it ends, in Vietnamese: it is kept beside the days."""
    with override("vi"):
        after = [*made.fits[1:], None]
        return {
            (each.stage.step, each.stage.level): _why(batch, each, then)
            for each, then in zip(made.fits, after, strict=True)
        }


def _why(batch: Batch, each: planning.Planned, then: planning.Planned | None) -> str:
    if then is None:
        free = _calendar(batch.propose_by, batch.decide_by).between(
            batch.propose_by, batch.decide_by
        )
        return _(
            "Từ sau hạn nộp hồ sơ đến hạn ra quyết định: có %(free)d ngày làm việc, "
            "phân cấp cần %(need)d."
        ) % {"free": free, "need": each.stage.days}
    if each.closes_on == batch.propose_by:
        return _("Hạn nộp hồ sơ của đợt.")
    if each.counted is None:
        return _("Cùng ngày với bước sau.")
    return _("Còn %(days)d ngày làm việc cho bước sau, tới %(day)s%(off)s.") % {
        "days": -each.counted.amount,
        "day": f"{each.counted.start:%d/%m/%Y}",
        "off": _off(each.counted),
    }


def _off(counted: Projection) -> str:
    """Which days off were passed over, weekends apart."""
    named = list(
        dict.fromkeys(why for day, why in reversed(counted.skipped) if day.weekday() < 5)
    )  # fmt: skip
    if not named:
        return ""
    number = sum(day.weekday() < 5 for day, _why in counted.skipped)
    said = "; ".join(named[:NAMED]) + ("; …" if len(named) > NAMED else "")
    return _(", không kể %(n)d ngày nghỉ (%(names)s)") % {"n": number, "names": said}


# --- Changes, each on record -----------------------------------------------------------------


@dataclass
class Change:
    """Rows that are changed together, as the history names them."""

    reason: str
    document: str = ""
    #: The same in the ledger, where something rests on it there.
    ledger: int | None = None
    changed: list[dict[str, str]] = field(default_factory=list)

    def note(self, row: Any, name: str, before: Any, after: Any) -> None:
        """Write down one value, unless it stays."""
        if _said(before) != _said(after):
            self.changed.append(
                {
                    "what": str(row._meta.verbose_name),
                    "row": str(row),
                    "field": name,
                    "before": _said(before),
                    "after": _said(after),
                }
            )


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def configure(
    row: Duty | TermRule | Cycle,
    values: Mapping[str, Any],
    change: Change,
    *,
    by: User,
    basis: Document | None = None,
) -> bool:
    """Change what the year says of a duty, a term or its days; whether anything changed. ``basis``
    is the document, as typed, on which a term rests from now on.

    Raises PermissionDenied, ValidationError at its field.
    """
    _check(by)
    cycle = row if isinstance(row, Cycle) else row.cycle
    with transaction.atomic():
        _hold(cycle)
        row.refresh_from_db()
        for name, value in values.items():
            change.note(row, name, getattr(row, name), value)
        if not change.changed:
            return False
        if basis is not None:
            basis = _into_ledger(basis, by)
            values = {**values, "basis": basis}
            change.document, change.ledger = str(basis), basis.pk
        for name, value in values.items():
            setattr(row, name, value)
        row.full_clean()
        row.save(update_fields=list(values))
        _configured(cycle, change, by)
    return True


def _configured(cycle: Cycle, change: Change, by: User) -> None:
    _record(
        "cycle.configure",
        cycle,
        by,
        changed=change.changed,
        reason=change.reason,
        document=change.document,
        ledger=change.ledger,
    )


def _hold(cycle: Cycle) -> None:
    """Whoever plans the same year waits; raises ValidationError when it is over."""
    held = Cycle.everything.select_for_update(no_key=True).get(pk=cycle.pk)
    if held.closed_on is not None:
        raise ValidationError(_("Chu trình đã đóng: không đổi được nữa."))


@dataclass(frozen=True)
class Asked:
    """The days of one window as typed; none: there is no such window."""

    opens_on: date | None
    closes_on: date | None
    warn_days: int = 7


#: Windows of a batch, or of the whole year, by step and level.
Rows = dict[tuple[str, str], Asked]


def faults(cycle: Cycle, batch: Batch | None, rows: Rows) -> dict[tuple[str, str, str], str]:
    """What is wrong with ``rows``, by step, level and field."""
    found: dict[tuple[str, str, str], str] = {}
    order = list(Step)
    for (step, level), row in rows.items():
        if row.opens_on is None and row.closes_on is None:
            continue
        if row.opens_on is None or row.closes_on is None:
            name = "opens_on" if row.opens_on is None else "closes_on"
            found[step, level, name] = _("Hãy nhập cả hai ngày, hoặc để trống cả hai.")
            continue
        if row.closes_on < row.opens_on:
            found[step, level, "closes_on"] = _("Ngày kết thúc phải sau ngày bắt đầu.")
        for name, day in (("opens_on", row.opens_on), ("closes_on", row.closes_on)):
            if day < cycle.opened_on or (cycle.ends_on and day > cycle.ends_on):
                found[step, level, name] = _("Ngày này ngoài chu trình (%(first)s–%(last)s).") % {
                    "first": f"{cycle.opened_on:%d/%m/%Y}",
                    "last": f"{cycle.ends_on:%d/%m/%Y}" if cycle.ends_on else "…",
                }
    if batch is None:
        return found
    for level in {level for _step, level in rows}:
        here = sorted(
            (order.index(Step(step)), step, row)
            for (step, at), row in rows.items()
            if at == level and row.opens_on and row.closes_on
        )
        for (_n, before, one), (_m, step, other) in zip(here, here[1:], strict=False):
            for name in ("opens_on", "closes_on"):
                if getattr(other, name) < getattr(one, name):
                    found.setdefault(
                        (step, level, name),
                        _("Không trước ngày của bước «%(step)s» (%(day)s).")
                        % {"step": Step(before).label, "day": f"{getattr(one, name):%d/%m/%Y}"},
                    )
    return found


def set_windows(cycle: Cycle, batch: Batch | None, rows: Rows, change: Change, *, by: User) -> bool:
    """Write ``rows``, windows of a batch or of the whole year; whether anything changed. The others
    stay as they are.

    Raises PermissionDenied, ValidationError.
    """
    _check(by)
    with transaction.atomic():
        _hold(cycle)
        kept = {
            (row.step, row.level): row
            for row in StepWindow.objects.filter(cycle=cycle, batch=batch)
        }
        stand = {key: Asked(row.opens_on, row.closes_on) for key, row in kept.items()}
        if faults(cycle, batch, stand | rows):
            raise ValidationError(_("Thời gian các bước chưa đúng."))
        for key, asked in rows.items():
            _set_window(kept.get(key), cycle, batch, key, asked, change)
        if not change.changed:
            return False
        _configured(cycle, change, by)
    return True


def _set_window(
    row: StepWindow | None, cycle: Cycle, batch: Batch | None, key: tuple[str, str], asked: Asked,
    change: Change,
) -> None:  # fmt: skip
    if asked.opens_on is None:
        if row is not None:
            if row.notices.exists():
                raise ValidationError(
                    _("«%(window)s» đã được báo cho người làm: không bỏ được, chỉ đổi ngày.")
                    % {"window": row}
                )
            change.note(row, "closes_on", row.closes_on, None)
            row.delete()
        return
    values = {
        "opens_on": asked.opens_on,
        "closes_on": asked.closes_on,
        "warn_days": asked.warn_days,
    }
    made = row or StepWindow(cycle=cycle, batch=batch, step=key[0], level=key[1], **values)
    before = len(change.changed)
    for name, value in values.items():
        change.note(made, name, getattr(row, name, None), value)
        setattr(made, name, value)
    if len(change.changed) > before:
        made.why = change.reason
        made.save()


def save_batch(
    batch: Batch, *, paper: PlanPaper | None, replan: bool, change: Change, by: User
) -> Batch:
    """Add a batch, or change its days; ``replan`` counts its windows back again. Its last days are
    those of legal clocks: they move on a document only, ``paper`` or that of ``change``.

    Raises PermissionDenied, ValidationError at its field.
    """
    _check(by)
    with transaction.atomic():
        _hold(batch.cycle)
        was = Batch.objects.filter(pk=batch.pk).first() if batch.pk else None
        for name in ("name", "number", "level", "propose_by", "meets_on", "decide_by"):
            change.note(batch, name, getattr(was, name, None), getattr(batch, name))
        batch.full_clean()
        if was is None:
            _may_be_added(batch, paper)
            if past_the_law(batch):
                _on_paper(paper, change)
        elif (was.propose_by, was.decide_by) != (batch.propose_by, batch.decide_by):
            _on_paper(paper, change)
        batch.save()
        if paper is not None:
            _keep_paper(paper, batch.cycle, batch, by)
            change.note(batch, "plan", was and was.plans.exclude(pk=paper.pk).last(), paper)
        if replan:
            plan(batch)
        clocks.follow_batches(
            batch.cycle,
            at=clock.now(),
            by=by,
            document=str(paper or change.document),
            basis=paper.document if paper is not None else None,
        )
        if change.changed or replan:
            _record(
                "cycle.batch",
                batch.cycle,
                by,
                ledger=paper.document_id if paper is not None else None,
                batch=batch.pk,
                changed=change.changed,
                reason=change.reason,
                document=str(paper or change.document),
            )
    return batch


def _on_paper(paper: PlanPaper | None, change: Change) -> None:
    if paper is None and not names_document(change.document):
        raise ValidationError(
            {"number": _("Ngày cuối của đợt chỉ dời theo văn bản: hãy ghi kế hoạch dời ngày.")}
        )


def _may_be_added(batch: Batch, paper: PlanPaper | None) -> None:
    """Refuse a batch beyond those of the law without its own plan, or beyond what the regulation of
    the council allows (Đ.5.1). Raises ValidationError at its field.
    """
    there = batch.cycle.batches.filter(level=batch.level).count()
    of_law = len(batch.cycle.rule_set.content["terms"].get("D2", {}).get("dates", []))
    if not of_law or there < of_law:
        return
    if paper is None:
        raise ValidationError(
            {"number": _("Đợt thêm ngoài %(n)d đợt của quy định phải có kế hoạch riêng.")
             % {"n": of_law}}
        )  # fmt: skip
    province = OrgUnit.objects.valid_on(clock.today()).filter(level=batch.level).first()
    # Of the councils' app, which stands above: reached by its relation.
    laid_down: Any = province and province.regulations  # type: ignore[attr-defined]
    regulation = laid_down and laid_down.in_force(province, clock.today())
    if regulation is None or there >= regulation.batches:
        raise ValidationError(
            {"number_in_year": _(
                "Quy chế hội đồng cho %(n)d đợt trong năm: muốn thêm đợt, hãy ban hành quy chế "
                "cho thêm trước."
            ) % {"n": regulation.batches if regulation else of_law}}
        )  # fmt: skip


# --- What is asked of it ---------------------------------------------------------------------


def dossiers_of(batch: Batch, found: DossierQuerySet) -> DossierQuerySet:
    """Of ``found`` those of the batch: proposed by its commune in its days, or in its rounds. Under
    an edition in which a district evaluates first, its commune proposes to the district's batch; to
    the province's the district does, by sending it up.

    A re-evaluation belongs to no batch.
    """
    by_district = Q(rule_set__content__levels__contains=str(Level.DISTRICT))
    found = found.exclude(case_type=CaseType.REEVALUATION).with_proposed()
    days = [(by_district if batch.level == Level.DISTRICT else ~by_district, "proposed_on")]
    if batch.level == Level.PROVINCE:
        came = HistoryEntry.objects.filter(
            stream=Stream.DOSSIER, stream_id=OuterRef("pk"), cycle=batch.cycle_id,
            after=State.AT_PROVINCE,
        ).exclude(before=State.AT_PROVINCE)  # fmt: skip
        found = found.alias(came_on=Subquery(with_day(came).order_by("seq").values("day")[:1]))
        days.append((by_district, "came_on"))
    since, own = batch.before(), Q()
    for whose, day in days:
        its = whose & Q(**{f"{day}__lte": batch.propose_by})
        own |= its & Q(**{f"{day}__gt": since}) if since else its
    own &= Q(cycle=batch.cycle_id)
    in_rounds = batch.rounds.filter(entries__live=True).values("entries__dossier")
    return found.filter(own | Q(pk__in=in_rounds))


def not_through(window: StepWindow) -> list[dict[str, Any]]:
    """Which units had dossiers left in the window when it closed, and how many, most first.

    A re-evaluation comes all year and is never counted; of a council's window only what was
    proposed to its batch.
    """
    nodes = window.cycle.duties.filter(
        rule_set=window.cycle.rule_set, level=window.level
    ).values_list("node", flat=True)
    states = {str(NODES[node]) for node in nodes if step_of(node) == window.step}
    moment = end_of(window.closes_on)
    stood = dict(
        HistoryEntry.objects.filter(
            stream=Stream.DOSSIER, cycle=window.cycle_id, at__lt=moment
        )
        .exclude(after="")
        .order_by("stream_id", "-at", "-seq")
        .distinct("stream_id")
        .values_list("stream_id", "after")
    )  # fmt: skip
    waiting = [pk for pk, state in stood.items() if state in states]
    found = Dossier.objects.filter(cycle=window.cycle_id, pk__in=waiting).exclude(
        case_type=CaseType.REEVALUATION
    )
    if window.batch is not None and window.level in JUDGING:
        found = dossiers_of(window.batch, found)
    units: dict[OrgUnit, int] = {}
    for dossier in found.select_related("commune__parent__parent"):
        unit = dossier.unit_at(window.level) or dossier.commune
        units[unit] = units.get(unit, 0) + 1
    return [
        {"unit": unit.pk, "name": str(unit), "count": count}
        for unit, count in sorted(
            units.items(), key=lambda pair: (-pair[1], sort_key(str(pair[0])))
        )
    ]


@dataclass(frozen=True)
class Post:
    """A role at a level that a year gives work to: the units there, and those without anybody."""

    level: str
    role: str
    units: int
    missing: list[OrgUnit]

    @property
    def named(self) -> str:
        """The units without anybody, the first of many."""
        more = ["…"] if len(self.missing) > FEW else []
        return ", ".join([*map(str, self.missing[:FEW]), *more])

    def __str__(self) -> str:
        return f"{Role(self.role).label}, {str(Level(self.level).label).lower()}"


def say_last_working(batches: Iterable[Batch]) -> None:
    """Set ``propose_working`` and ``decide_working``: the last working day before one that is off,
    else None. The day itself stands: it rolls over to no other.
    """
    days = [day for batch in batches for day in (batch.propose_by, batch.decide_by)]
    if not days:
        return
    calendar = DayOff.objects.calendar(min(days) - timedelta(days=31), max(days))
    for batch in batches:
        for name in ("propose", "decide"):
            day = getattr(batch, f"{name}_by")
            last = calendar.last_working(day)
            setattr(batch, f"{name}_working", last if last != day else None)


def posts_of(cycle: Cycle, day: date) -> list[Post]:
    """Each role at each level that ``cycle`` gives work to, and which units have nobody for it.

    Whatever the duties say, a unit has somebody who leads it.
    """
    wanted = set(cycle.duties.filter(rule_set=cycle.rule_set).values_list("level", "role"))
    wanted |= {(level, Role.LEADER) for level, _role in wanted}
    held = set(
        RoleAssignment.objects.held_on(day)
        .filter(user__is_active=True)
        .values_list("role", "org_unit_id")
    )
    units: dict[str, list[OrgUnit]] = {}
    there = OrgUnit.objects.valid_on(day).only("name", "level", "valid_to")
    for unit in there.order_by("sort_key", "pk"):
        units.setdefault(unit.level, []).append(unit)
    order = {value: number for number, value in enumerate(Level.values)}
    return [
        Post(level, role, len(here), [unit for unit in here if (role, unit.pk) not in held])
        for level, role in sorted(wanted, key=lambda post: (order[post[0]], post[1]))
        if level != Level.CENTRE and (here := units.get(level, []))
    ]


def months_of(cycle: Cycle, windows: Iterable[StepWindow]) -> list[date]:
    """The first days of the months that the year and its windows reach over."""
    last = cycle.ends_on or max(
        [date(cycle.year, 12, 31), *(window.closes_on for window in windows)]
    )
    first = min([cycle.opened_on, *(window.opens_on for window in windows)])
    month, found = first.replace(day=1), []
    while month <= last:
        found.append(month)
        month = add_months(month, 1)
    return found
