"""The duties, terms and windows in use: of each open cycle and edition, else as it is proposed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from cycle.models import Duty, RuleSet, StepWindow, TermRule
from cycle.models.calendar import days_of_months, turn_of
from cycle.rulesets import UNIT_OF_CLOCK
from cycle.written import day_text
from dossiers.law.guidance import COUNTED, PRECEDES, TERMS
from dossiers.law.nodes import NODES
from dossiers.law.states import State
from dossiers.models import ACTS, CaseType
from dossiers.models.law import first_idea_state
from dossiers.terms.due import UNITS
from dossiers.walk.diagram import edges

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from cycle.models import Cycle
    from cycle.workdays import Calendar
    from dossiers.law.acts import Act

#: State -> the task that waits in it.
NODE_IN = {state: node for node, state in NODES.items()}
TONES = ("forward", "return", "refuse")


def length(amount: object, unit: str) -> str:
    """«15 ngày làm việc»."""
    return f"{amount} {UNITS[unit]}"


@dataclass(frozen=True)
class Clock:
    """A term of the law as the help tells it: its ``length`` in words, or the day it is fixed to.

    ``posts``: (role, level) of who minds it. ``warnings`` and ``escalations`` as its rule has them.
    """

    code: str
    title: Any
    posts: tuple[tuple[str, str], ...]
    length: str
    due: str = ""
    unit: str = "d"
    warnings: tuple[int, ...] = ()
    escalations: tuple[tuple[int, str], ...] = ()


@dataclass
class Year:
    """What is in force for the dossiers of one cycle and edition (chu trình, bộ quy định).

    ``cycle`` is None while none is open: it is then what the edition proposes.
    """

    cycle: Cycle | None
    rule_set: RuleSet
    duties: dict[str, Duty] = field(default_factory=dict)
    rules: list[TermRule] = field(default_factory=list)
    #: (step, level) -> when it runs: through the year, and in each batch.
    windows: dict[tuple[str, str], list[StepWindow]] = field(default_factory=dict)
    _lawful: dict[str, list[tuple[Act, list[State]]]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """As an address names it."""
        return f"{self.cycle.pk if self.cycle else 0}-{self.rule_set.pk}"

    @property
    def title(self) -> str:
        if self.cycle is None:
            return self.rule_set.title
        if self.cycle.rule_set_id == self.rule_set.pk:
            return self.cycle.title
        return f"{self.cycle.title}, {self.rule_set.title}"

    @cached_property
    def _edges(self) -> tuple[list[tuple[str, str]], list[str]]:
        return edges(self.rule_set)

    def lawful(self, node: str) -> list[tuple[Act, list[State]]]:
        """The acts that a task offers, with where each may lead; the way forward first."""
        if node not in self._lawful:
            pairs, last = self._edges
            following = {follower for name, follower in pairs if name == node}
            found = []
            for act in ACTS.values():
                if act.door != "task" or NODES[node] not in act.begins:
                    continue
                leads = [
                    lead
                    for lead in self._filed(act)
                    if (NODE_IN[lead] in following if lead in NODE_IN else node in last)
                ]
                if leads:
                    found.append((act, leads))
            self._lawful[node] = sorted(found, key=lambda pair: TONES.index(pair[0].tone))
        return self._lawful[node]

    def leads(self, act: Act) -> list[State]:
        """Where an act that no task asks for may lead."""
        return [state for state in self._filed(act) if state in self.states]

    def _filed(self, act: Act) -> tuple[State, ...]:
        """Where an act may lead; where an idea is filed, the edition says."""
        if set(act.leads) != {State.IDEA_REGISTERED, State.IDEA_SCREENED}:
            return act.leads
        return (first_idea_state(self.rule_set),)

    @cached_property
    def states(self) -> set[State]:
        """Where a dossier can stand: somebody has a task, or an act leads there."""
        found = {NODES[node] for node in self.duties}
        for node in self.duties:
            found.update(state for _act, leads in self.lawful(node) for state in leads)
        free = (act.leads for act in ACTS.values() if act.door == "act")
        return found | {state for leads in free for state in leads if state not in NODE_IN}

    @property
    def levels(self) -> set[str]:
        """Levels that have something to do."""
        return {duty.level for duty in self.duties.values()}

    def clocks(self, today: date, calendar: Calendar) -> Iterator[Clock]:
        """Every term of the edition: those of the cycle's rules, then those without a clock."""
        content, told = self.rule_set.content, set()
        for rule in self.rules:
            told.add(rule.code.partition(".")[0])
            due, words = "", ""
            if rule.amount is not None:
                words = length(rule.amount, rule.unit)
                if counted := COUNTED.get(self.rule_set.counted_from(rule.code)):
                    words = f"{words} {counted}"
                due = day_text(calendar.project(today, rule.amount, rule.unit).due_on)
            elif rule.fixed_on is not None:
                words = day_text(rule.fixed_on)
            title = rule.title
            if rule.case_type:
                title = f"{title} ({str(CaseType(rule.case_type).label).lower()})"
            yield Clock(
                rule.code,
                title,
                ((rule.role or "officer", rule.level),),
                words,
                due,
                rule.unit,
                tuple(rule.warnings),
                tuple((days, to) for days, to in rule.escalations),
            )
        if self.cycle is None:
            for row in content["clocks"]:
                told.add(row["code"].partition(".")[0])
                yield _proposed(row, content["windows"], today, calendar)
        for code, term in content["terms"].items():
            if code not in told and (guide := TERMS.get(code)):
                yield Clock(code, guide.title, guide.who, _span(term))


def _proposed(
    row: dict[str, Any], windows: list[dict[str, Any]], today: date, calendar: Calendar
) -> Clock:
    """A clock of an edition that no cycle has adopted."""
    due = ""
    if "amount" in row:
        words = length(row["amount"], row["unit"])
        due = day_text(calendar.project(today, row["amount"], row["unit"]).due_on)
    elif "window" in row:
        # A clock names a window of its own edition: the edition is checked when it is loaded.
        month = next(
            each["months"][1] for each in windows if [each["step"], each["level"]] == row["window"]
        )
        words = _("hết tháng %(month)d") % {"month": month}
    else:
        words = "/".join(reversed((row.get("on") or row["dates"].lstrip("+")).split("-")))
    return Clock(
        row["code"],
        row["title"],
        ((row["role"], row["level"]),),
        words,
        due,
        row.get("unit", "d"),
        tuple(row["warnings"]),
        tuple((days, to) for days, to in row["escalations"]),
    )


def _span(term: dict[str, Any]) -> str:
    """The length of a term that no clock runs for, and what it is counted from."""
    origin = COUNTED[term["from"]] if "from" in term else PRECEDES[term["before"]]
    unit = UNIT_OF_CLOCK[term["unit"]]
    if "length" in term:
        return f"{length(term['length'], unit)} {origin}"
    return f"{term['opens']}–{length(term['closes'], unit)} {origin}"


def years(day: date) -> list[Year]:
    """The open cycles with their editions, that of ``day`` first; without any, what the edition in
    force on ``day`` proposes, or nothing.
    """
    open_now = {"cycle__closed_on": None}
    found: dict[tuple[int, int], Year] = {}
    duties = Duty.objects.filter(**open_now).select_related("cycle")
    for duty in duties.order_by(*turn_of(day, "cycle__"), "pk"):
        key = duty.cycle_id, duty.rule_set_id
        if key not in found:
            found[key] = Year(duty.cycle, RuleSet.pinned(duty.rule_set_id))
        found[key].duties[duty.node] = duty
    for rule in TermRule.objects.filter(**open_now).order_by("code"):
        if year := found.get((rule.cycle_id, rule.rule_set_id)):
            year.rules.append(rule)
    windows = StepWindow.objects.filter(**open_now).select_related("batch")
    for window in windows.order_by("opens_on", "closes_on", "pk"):
        for (cycle_id, _law), year in found.items():
            if cycle_id == window.cycle_id:
                year.windows.setdefault((window.step, window.level), []).append(window)
    if found:
        turn = list(dict.fromkeys(cycle_id for cycle_id, _law in found))
        # Of one cycle its own edition first.
        return sorted(
            found.values(),
            key=lambda year: (
                turn.index(year.cycle.pk),  # type: ignore[union-attr]  # each has its cycle here
                year.cycle.rule_set_id != year.rule_set.pk,  # type: ignore[union-attr]
            ),
        )
    law = RuleSet.objects.in_force(day)
    return [] if law is None else [proposed(law, day)]


def proposed(law: RuleSet, day: date) -> Year:
    """What an edition proposes for the year of ``day``, while no cycle has adopted it."""
    year = Year(None, law)
    for row in law.content["duties"]:
        asked = {key: row[key] for key in ("node", "level", "role", "working_days")}
        year.duties[row["node"]] = Duty(rule_set=law, **asked)
    for row in law.content["windows"]:
        days = days_of_months(day.year, *row["months"])
        window = StepWindow(step=row["step"], level=row["level"], **days)
        year.windows.setdefault((window.step, window.level), []).append(window)
    return year
