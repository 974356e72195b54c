"""What an act is: all that a button, a form, a record, a list and a letter ask of it. A leaf.

An :class:`Act` is declared once, at its transition in ``dossiers/models/law.py``.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

import django_fsm as fsm

from dossiers.law.conditions import Condition, RoundCheck, Words, free_of_round, may_leave_round
from dossiers.law.nodes import NODES, WAITS_FOR_PRODUCER
from dossiers.law.states import AT_COUNCIL, State

#: Pairs of role and level, in the dossier's own line.
Who = frozenset[tuple[str, str]]

#: Who may do the acts that no task asks for.
FOR_PRODUCER: Who = frozenset({("officer", "commune"), ("officer", "district")})
OFFICERS: Who = FOR_PRODUCER | {("officer", "province")}
#: Nobody by their post: only by the authority of a round.
ON_AUTHORITY: Who = frozenset()
UPPER_OFFICERS: Who = frozenset({("officer", "district"), ("officer", "province")})
SUPPORTERS: Who = OFFICERS | {
    ("trade", "district"),
    ("trade", "province"),
    ("department", "district"),
    ("department", "province"),
}
INSPECTORS: Who = UPPER_OFFICERS | {("department", "district"), ("department", "province")}
REVOKERS: Who = frozenset({("officer", "province")})

#: The states in which the office waits for the producer.
_WITH_PRODUCER = frozenset(NODES[node] for node in WAITS_FOR_PRODUCER)


@dataclass(frozen=True, kw_only=True)
class Act:
    """An act of the law (hành vi pháp lý), and everything that is said of it elsewhere."""

    #: The name of its transition; stored in tasks and, with ``dossier.`` before it, in history.
    name: str
    #: ``task``: a task asks for it, ``doors.complete``; ``act``: none does, ``doors.act``.
    door: Literal["task", "act"]
    #: The states in which it begins, and those it may lead to; none when the dossier stays.
    begins: tuple[State, ...]
    leads: tuple[State, ...]
    #: Where and how its button is shown.
    tone: Literal["forward", "return", "refuse", "other"]
    #: The button, and the verb phrase that follows the actor's name in the history.
    label: Words
    said: Words
    #: It asks why.
    reason: bool = False
    #: It is done only on a signed document and its scan, except ``scored``.
    paper: bool = False
    #: A council gives it: from a closed round it rests on the sheets handed in, not on a paper.
    scored: bool = False
    #: An act of the moment, that nobody signs: its form asks for no paper.
    unsigned: bool = False
    #: An officer signs for what was checked; ``gate``: what is not ticked must be explained.
    reviewed: bool = False
    gate: bool = False
    #: The records that its form asks for, by their model's name, the main one first.
    keeps: tuple[str, ...] = ()
    #: The part of its form that asks for the values which its transition takes.
    takes: str = ""
    #: It takes the dossier out of the round that has it, which every other act waits for.
    leaves: bool = False
    #: It sends the dossier to the level above; ``fetches``: the level above takes it by itself.
    sends_up: bool = False
    fetches: bool = False
    #: Who may do what no task asks for; None of an act that a task asks for.
    who: Who | None = None
    #: Whom its letter tells: those who have the dossier ``next``, them and the officers who
    #: followed it (``line``), or ``nobody``.
    tells: Literal["next", "line", "nobody"] = "next"
    #: What its page warns of, beside what it says of every refusal.
    warning: Words = ""
    #: What it is for, in a sentence: the help says so of what no task explains.
    about: Words = ""
    #: What it needs beside the right state.
    conditions: tuple[Condition, ...] = ()

    @property
    def event(self) -> str:
        """Its name in the history."""
        return f"dossier.{self.name}"

    @property
    def permission(self) -> str:
        """Who may do it to a dossier, as it stands there."""
        return f"dossiers.{self.name}"

    @property
    def by_round(self) -> bool:
        """Whether a round's authority suffices: for what a task asks, and what no post may do."""
        return not self.who

    @property
    def of_round(self) -> RoundCheck | None:
        """What it asks of the round that has the dossier, which only who does it can answer.

        What moves a dossier away from its council asks for its round, before all else.
        """
        if not self.leads or AT_COUNCIL.isdisjoint(self.begins):
            return None
        return may_leave_round if self.leaves else free_of_round

    @property
    def gives_result(self) -> bool:
        """Whether a council gives points and stars by it (kết quả của hội đồng)."""
        return self.scored and self.tone == "forward"

    @property
    def sends_back(self) -> bool:
        """Whether it sends the dossier back to the producer (trả lại để bổ sung)."""
        return self.tone == "return" and not _WITH_PRODUCER.isdisjoint(self.leads)


_Method = TypeVar("_Method", bound=Callable[..., Any])
#: A state, several of which one is chosen by what the transition returns, or None: it stays.
Target = State | fsm.RETURN_VALUE | None


def task_act(
    source: State | Sequence[State],
    target: Target,
    *,
    conditions: Iterable[Condition] = (),
    tone: Literal["forward", "return", "refuse"] = "forward",
    **said: Any,
) -> Callable[[_Method], _Method]:
    """Declare an act that a task asks for; ``said`` are the fields of :class:`Act`."""
    return _act(source, target, conditions, door="task", tone=tone, **said)


def free_act(
    source: State | Sequence[State],
    target: Target,
    *,
    conditions: Iterable[Condition] = (),
    tone: Literal["other", "refuse"] = "other",
    who: Who,
    **said: Any,
) -> Callable[[_Method], _Method]:
    """Declare an act that no task asks for; ``said`` are the fields of :class:`Act`."""
    return _act(source, target, conditions, door="act", tone=tone, who=who, **said)


def _act(
    source: State | Sequence[State],
    target: Target,
    conditions: Iterable[Condition],
    **said: Any,
) -> Callable[[_Method], _Method]:
    begins = (source,) if isinstance(source, State) else tuple(source)
    needs = tuple(conditions)
    leads = tuple(getattr(target, "allowed_states", () if target is None else (target,)))

    def declare(method: _Method) -> _Method:
        act = Act(name=method.__name__, begins=begins, leads=leads, conditions=needs, **said)
        return fsm.transition(
            field="state",
            source=list(begins),
            target=target,
            # As django_fsm types them, any model would do.
            conditions=cast(list[Callable[[Any], bool]], list(needs)),
            custom={"act": act},
        )(method)

    return declare


def declared(law: type) -> dict[str, Act]:
    """The acts of the transitions of ``law`` by name, in the order in which they stand there."""
    return {
        name: next(iter(method._django_fsm.transitions.values())).custom["act"]
        for name, method in vars(law).items()
        if hasattr(method, "_django_fsm")
    }
