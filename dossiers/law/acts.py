"""What an act is: all that buttons, forms, history, lists and letters need to know of it. A leaf.

An :class:`Act` is declared once, at its transition in ``dossiers/models/law.py``.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

import django_fsm as fsm

from cycle.models import Level, RuleSet
from dossiers.law.conditions import (
    Condition,
    Question,
    RoundCheck,
    Words,
    about_its_paper,
    free_of_round,
    in_order,
    may_leave_round,
)
from dossiers.law.nodes import NODES, WAITS_FOR_PRODUCER
from dossiers.law.order import ROUND_PAPERS, Asks
from dossiers.law.signers import SIGNERS, Signer
from dossiers.law.states import AT_COUNCIL, State

#: Pairs of role and level, in the dossier's own line.
Who = frozenset[tuple[str, str]]

#: Who may do acts for the producer that no task asks for (withdraw, refile …).
FOR_PRODUCER: Who = frozenset({("officer", "commune"), ("officer", "district")})
OFFICERS: Who = FOR_PRODUCER | {("officer", "province")}
#: Nobody by a post; only on the authority of a round.
ON_AUTHORITY: Who = frozenset()
UPPER_OFFICERS: Who = frozenset({("officer", "district"), ("officer", "province")})
SUPPORTERS: Who = OFFICERS | {
    ("trade", "district"),
    ("trade", "province"),
    ("department", "district"),
    ("department", "province"),
}
INSPECTORS: Who = UPPER_OFFICERS | {("department", "district"), ("department", "province")}
CONFIRMERS: Who = OFFICERS | {("leader", "commune")}
REVOKERS: Who = frozenset({("officer", "province")})
#: Who notifies the commune and the owner of a result (Điều 7.3.g).
NOTIFIERS: Who = frozenset({("officer", "province")})
#: Who keeps the year, and closes it.
YEAR_KEEPERS: Who = frozenset({("officer", "province"), ("leader", "province")})
#: Who enters the numbers of certificates, from the papers that are signed (văn thư).
NUMBERERS: Who = frozenset({("clerk", "province"), ("officer", "province")})

#: The records that differ from dossier to dossier in a few values only: a row of a list has room.
_IN_A_ROW = frozenset({"certificate", "evaluation", "revocation", "stoppedproduction"})
#: The states in which the office waits for the producer.
_WITH_PRODUCER = frozenset(NODES[node] for node in WAITS_FOR_PRODUCER)


@dataclass(frozen=True, kw_only=True)
class Act:
    """A legal act on a dossier (hành vi pháp lý), declared at its transition."""

    #: The name of its transition; stored in tasks and, with ``dossier.`` before it, in history.
    name: str
    #: ``task``: a task asks for it, done by ``doors.complete``; ``act``: none does, ``doors.act``.
    door: Literal["task", "act"]
    #: The states it may be done in, and those it may lead to: empty when the state stays.
    begins: tuple[State, ...]
    leads: tuple[State, ...]
    #: Where its button is shown, and in which colour.
    tone: Literal["forward", "return", "refuse", "other"]
    #: The button, and the verb phrase that follows the actor's name in the history.
    label: Words
    said: Words
    #: A reason is required.
    reason: bool = False
    #: A signed document and its scan are required.
    paper: bool = False
    #: Who signs the document on which it is done, where the law names an office.
    signer: Signer | None = None
    #: The kind of the signed document of its round that it is done on, where a round judged it.
    round_paper: str = ""
    #: What its paper does: a value of :class:`cycle.models.Effect`.
    does: str = ""
    #: A council's result. By a closed round it needs no ``paper``: it rests on the sheets.
    scored: bool = False
    #: Nothing is signed for it: its form has no fields for a paper.
    unsigned: bool = False
    #: Its form has the checklist of the task; what is not ticked needs a reason of the list.
    reviewed: bool = False
    #: The records that its form asks for, by their model's name, the main one first.
    keeps: tuple[str, ...] = ()
    #: The part of its form that asks for the arguments of its transition: a key of ``VALUES`` in
    #: ``dossiers/forms/acts.py``.
    takes: str = ""
    #: It replaces a record that is there: its button stands beside that record.
    corrects: bool = False
    #: It takes the dossier out of the round that has it. Every other act that moves a dossier is
    #: refused while a round has it.
    leaves: bool = False
    #: It takes the dossier into another year, as it stands: while a round has it, it may not.
    leaves_year: bool = False
    #: It sends the dossier to the level above; ``fetches``: the level above takes it by itself.
    sends_up: bool = False
    fetches: bool = False
    #: The office that the dossier comes to by it enters it in its register of filings, under the
    #: next number (số phiếu đăng ký, PĐK).
    registers: bool = False
    #: Who may do it, when no task asks for it; None for an act that a task asks for.
    who: Who | None = None
    #: Who gets its letter: whoever has the ``next`` task; ``line``: they and the officers who had
    #: the dossier before; or ``nobody``.
    tells: Literal["next", "line", "nobody"] = "next"
    #: The papers that are signed for it, or tell of it: kinds of ``dossiers/papers/kinds.py``.
    prints: tuple[str, ...] = ()
    #: What of it cannot be taken back, in a sentence; empty when its state can be reached again.
    #: Its form says it, then shows what it will do and asks once more.
    final: Words = ""
    #: Whether there is something to do it for: else its button is not shown.
    offered: Callable[[Any], bool] = bool
    #: What it is for, in a sentence: the help says so of what no task explains.
    about: Words = ""
    #: What makes it need a reason on the day it is done, though it does not always.
    asks: tuple[Question, ...] = ()
    #: What its paper is not before. The paper of an act that has a signer by law is besides not
    #: before a certificate that was there.
    not_before: tuple[Asks, ...] = ()
    #: What it needs beside the right state.
    conditions: tuple[Condition, ...] = ()

    @property
    def event(self) -> str:
        """Its name in the history."""
        return f"dossier.{self.name}"

    @property
    def permission(self) -> str:
        """The permission on the dossier that is asked of whoever does it."""
        return f"dossiers.{self.name}"

    @property
    def by_round(self) -> bool:
        """Whether a round's authority suffices for it: an act that a task asks for, or one that no
        post may do.
        """
        return not self.who

    @property
    def of_round(self) -> RoundCheck | None:
        """The check against the round that has the dossier; None for an act that may be done while
        a round has it. It is made first, and needs to know who does the act.
        """
        if not (self.leads or self.leaves_year) or AT_COUNCIL.isdisjoint(self.begins):
            return None
        return may_leave_round if self.leaves else free_of_round

    def on_paper(self, state: State | str, rule_set: RuleSet) -> bool:
        """Whether it is done in ``state`` on a signed document only, with its scan: the law says so
        of it, or the edition of the commune's request (Đ.6.2.a), which it then is.
        """
        return self.paper or self.is_request(state, rule_set)

    def is_request(self, state: State | str, rule_set: RuleSet) -> bool:
        """Whether by it, in ``state``, the commune proposes the dossier in an official request (văn
        bản đề nghị). What a district sends up, or the level above takes by itself, is none.
        """
        return self.sends_up and state == State.COMMUNE_CHECKED and rule_set.request_on_paper

    @property
    def for_many(self) -> bool:
        """Whether one paper may cover it for many dossiers at once (làm một lượt). What is looked
        at, chosen or corrected of each by itself is not.
        """
        alone = self.unsigned or self.corrects or self.takes or self.fetches
        return not alone and self.who != ON_AUTHORITY and _IN_A_ROW.issuperset(self.keeps)

    def awaits(self, codes: Collection[str]) -> bool:
        """Whether what lacks by one of the questions ``codes`` follows on a day: its reason then
        names that day.
        """
        return any(each.awaits and each.code in codes for each in self.asks)

    @property
    def from_ministry(self) -> bool:
        """Whether what is recorded by it came from the ministry (văn bản của Bộ), and is passed on
        to the commune.
        """
        return self.signer is not None and self.signer.level == Level.CENTRE

    @property
    def gives_result(self) -> bool:
        """Whether a council gives points and stars by it (kết quả của hội đồng)."""
        return self.scored and self.tone == "forward"

    @property
    def sends_back(self) -> bool:
        """Whether it sends the dossier back to the producer (trả lại để bổ sung)."""
        return self.tone == "return" and not _WITH_PRODUCER.isdisjoint(self.leads)


_Method = TypeVar("_Method", bound=Callable[..., Any])
#: Where a transition leads: a state, the state it returns, or None (the state stays).
Target = State | fsm.RETURN_VALUE | None


def task_act(
    source: State | Sequence[State],
    target: Target,
    *,
    conditions: Iterable[Condition] = (),
    tone: Literal["forward", "return", "refuse"] = "forward",
    **said: Any,
) -> Callable[[_Method], _Method]:
    """Declare an act that a task asks for; ``said`` are further fields of :class:`Act`."""
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
    """Declare an act that no task asks for; ``said`` are further fields of :class:`Act`."""
    return _act(source, target, conditions, door="act", tone=tone, who=who, **said)


def _act(
    source: State | Sequence[State],
    target: Target,
    conditions: Iterable[Condition],
    **said: Any,
) -> Callable[[_Method], _Method]:
    begins = (source,) if isinstance(source, State) else tuple(source)
    leads = tuple(getattr(target, "allowed_states", () if target is None else (target,)))

    def declare(method: _Method) -> _Method:
        if said.get("signer"):
            SIGNERS[method.__name__] = said["signer"]
        if said.get("round_paper"):
            ROUND_PAPERS[method.__name__] = said["round_paper"]
        name = method.__name__
        needs = (*conditions, *in_order(name, said.get("not_before", ())), *about_its_paper(name))
        act = Act(name=name, begins=begins, leads=leads, conditions=needs, **said)
        return fsm.transition(
            field="state",
            source=list(begins),
            target=target,
            # django_fsm types a condition as one of any model.
            conditions=cast(list[Callable[[Any], bool]], list(needs)),
            custom={"act": act},
        )(method)

    return declare


def declared(law: type) -> dict[str, Act]:
    """The acts declared in the class ``law``, by name, in the order of the source."""
    return {
        name: next(iter(method._django_fsm.transitions.values())).custom["act"]
        for name, method in vars(law).items()
        if hasattr(method, "_django_fsm")
    }
