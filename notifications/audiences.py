"""Who must hear of what. Every event has its audience here, or says that nobody needs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Prefetch

from councils.models import EvaluationRound, Opinion
from cycle import clock, events
from cycle.models import (
    Level,
    OrgUnit,
    Role,
    RoleAssignment,
    StepWindow,
    Substitution,
    User,
    people_of,
)
from dossiers.models import ACTS, Dossier, StockRow, Task, Term
from dossiers.office.windows import posts_in

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from django.db.models import QuerySet

    from councils.models import Member
    from cycle.models import HistoryEntry

    #: Whom an entry must reach: ids of people.
    Audience = Callable[[HistoryEntry], set[int]]
    #: (owner, role, unit id).
    Post = tuple[int, str, int]

_audiences: dict[str, Audience] = {}

#: The events of the rungs of terms: a morning may bring thousands.
RUNGS = ("term.warning", "term.overdue", "term.escalated")
OWNER = "owner"


def audience(*names: str) -> Callable[[Audience], Audience]:
    """Register a function of an entry that returns the ids of those who must hear of it."""

    def register(function: Audience) -> Audience:
        for name in names:
            if name in _audiences:
                raise ValueError(f"{name} has two audiences")
            _audiences[name] = function
        return function

    return register


def told(whom: str) -> list[str]:
    """Events of the acts of a dossier that say whom they tell."""
    return [act.event for act in ACTS.values() if act.tells == whom]


def missing() -> set[str]:
    """Registered events without an audience."""
    return events.registered() - set(_audiences)


def events_of(function: Audience) -> set[str]:
    """The events whose audience is ``function``."""
    return {name for name, registered in _audiences.items() if registered is function}


def of(entry: HistoryEntry) -> set[int]:
    """Ids of the active people who must hear of ``entry``, without the one who did it."""
    ids = set(_audiences[entry.event](entry))
    ids -= {entry.actor_id}
    return _active(ids)


def holders(role: str, unit_id: int) -> set[int]:
    """Ids of those who act as ``role`` of the unit today, and of their substitutes."""
    return set(people_of(role, unit_id).values_list("pk", flat=True))


def _dossier(entry: HistoryEntry) -> Dossier:
    return Dossier.objects.with_units().get(pk=entry.stream_id)


def _next_holders(dossier: Dossier) -> set[int]:
    """Ids of the people who have the dossier's open task in their inbox."""
    task = dossier.open_task()
    return workers(task) if task is not None else set()


def workers(task: Task) -> set[int]:
    """Ids of those who do the task: its owner and who acts for them, or all who could."""
    if task.owner_id is None:
        return holders(task.role, task.org_unit_id)
    owned = (task.owner_id, task.role, task.org_unit_id)
    return acting_for([owned])[owned]


def acting_for(owned: Collection[Post]) -> dict[Post, set[int]]:
    """``{(owner, role, unit id): ids}`` of each owner and who acts for them in that post today."""
    found = {post: {post[0]} for post in owned}
    today = clock.today()
    posts = RoleAssignment.objects.held_on(today).filter(
        user__in={owner for owner, _role, _unit in owned}
    )
    for held in posts.with_business(today).prefetch_related(
        Prefetch("substitutions", Substitution.objects.in_force(today), to_attr="lent")
    ):
        for unit in held.business:
            if (post := (held.user_id, held.role, unit)) in found:
                found[post] |= {each.substitute_id for each in held.lent}
    return found


def _line_officers(dossier: Dossier) -> set[int]:
    """The officers in whose area the dossier lies: they follow the file."""
    following = RoleAssignment.objects.following(Role.OFFICER, dossier.commune_id)
    return set(following.values_list("user_id", flat=True))


@audience(
    *told("next"),
    "task.release",
    "task.reroute",
)
def whoever_is_next(entry: HistoryEntry) -> set[int]:
    """Those who have the dossier in their inbox, unless it has moved on since the entry."""
    dossier = _dossier(entry)
    if entry.after and dossier.state != entry.after:
        return set()
    return _next_holders(dossier)


@audience(*told("line"))
def the_line(entry: HistoryEntry) -> set[int]:
    """An outcome: the officers who followed the file, and whoever is next."""
    dossier = _dossier(entry)
    return _line_officers(dossier) | _next_holders(dossier)


@audience("task.sign_decision")
def the_clerks(entry: HistoryEntry) -> set[int]:
    """The clerks who enter the number of a signed decision, while its task is still open."""
    task = _dossier(entry).open_task()
    if task is None or task.pk != entry.data.get("task", task.pk):
        return set()
    return holders(Role.CLERK, task.org_unit_id)


@audience("task.reassign")
def the_new_owner(entry: HistoryEntry) -> set[int]:
    """The one to whom the work was given."""
    return {entry.data["to_id"]}


@audience(
    "role.substitute",
    "role.substitute_end",
    "role.substitute_lapse",
    "role.handover",
    "role.handover_back",
)
def both_sides(entry: HistoryEntry) -> set[int]:
    """The holder of the role, and the one who acts for them or takes over."""
    return {entry.data["to_id"], entry.data["holder_id"]}


def _round(entry: HistoryEntry) -> EvaluationRound:
    return EvaluationRound.objects.select_related("council", "regulation").get(pk=entry.stream_id)


def _people(members: QuerySet[Member]) -> set[int]:
    return set(members.values_list("user_id", flat=True))


@audience("round.invite", "round.move_meeting")
def everybody_of_the_council(entry: HistoryEntry) -> set[int]:
    """Whoever sits on the council or in its support team."""
    return _people(_round(entry).council.members.sitting())


@audience("round.open", "round.score_again")
def who_scores(entry: HistoryEntry) -> set[int]:
    """Those whose sheets are awaited."""
    return _people(_round(entry).scoring_members)


@audience("round.hand_back_sheet")
def the_member_whose_sheet(entry: HistoryEntry) -> set[int]:
    """The member who scores on the screen again."""
    return {entry.data["who_id"]}


@audience("round.leave")
def who_scores_and_the_office(entry: HistoryEntry) -> set[int]:
    """Those whose sheets were awaited, and the council's office."""
    round_ = _round(entry)
    return _people(round_.scoring_members) | holders(
        Role.COUNCIL_OFFICE, round_.council.org_unit_id
    )


@audience("round.close", "round.reopen")
def the_council_and_its_unit(entry: HistoryEntry) -> set[int]:
    """The council, its office and the officers of its unit."""
    round_ = _round(entry)
    unit = round_.council.org_unit_id
    return (
        _people(round_.council.members.sitting())
        | holders(Role.COUNCIL_OFFICE, unit)
        | holders(Role.OFFICER, unit)
    )


@audience("round.ask_opinion")
def who_is_asked(entry: HistoryEntry) -> set[int]:
    """The specialist whom the question went to."""
    return {entry.data["to_id"]}


@audience("round.answer_opinion")
def who_asked(entry: HistoryEntry) -> set[int]:
    """The one who asked, and the council's office."""
    opinion = Opinion.objects.get(pk=entry.data["opinion"])
    unit = _round(entry).council.org_unit_id
    return {opinion.asked_by_id} | holders(Role.COUNCIL_OFFICE, unit)


@audience(
    *told("nobody"),
    "council.set_up",
    "council.seat",
    "council.unseat",
    "council.regulate",
    "round.create",
    "round.change",
    "round.take_in",
    "round.drop",
    "round.attend",
    "round.declare_interest",
    # Told by the invitation to the meeting.
    "round.convene",
    "round.resolve",
    "round.count_sheets",
    "round.mend_entry",
    "round.accept_spread",
    "round.submit_sheet",
    "round.take_back_sheet",
    "round.enter_sheet",
    "round.confirm_sheet",
    "round.return_sheet",
    "round.appraise",
    "round.record_document",
    "dossier.open",
    "task.claim",
    "task.wait",
    "task.resume",
    "term.move",
    "term.outlive",
    "role.substitute_paper",
    "role.assign",
    "role.prolong",
    "role.end",
    "person.activate",
    "person.deactivate",
    "person.staff",
    "person.change",
    "person.password",
    "group.change",
    "cycle.configure",
    "cycle.open",
    "cycle.take_back",
    "cycle.batch",
    "unit.configure",
    "unit.add",
    "unit.load",
    "calendar.change",
    "calendar.load",
    "ruleset.load",
    "rubric.load",
    "rubric.wording",
    "template.keep",
    "producer.add",
    "producer.change",
    "product.add",
    "product.change",
    "person.enrol",
    "person.leave",
    "person.contact",
    "person.slip",
    "person.begin",
    "person.new_password",
    "person.letter",
    "person.new_password_by_mail",
    "office.units",
    "office.split",
    "office.reference",
    "office.contact",
    "stock.enter",
    "stock.strike",
    "stock.upload",
    "stock.commit",
    "stock.undo",
    "stock.resume",
    "potential.close",
    "potential.reopen",
    "potential.begin",
    "list.export",
)
def nobody(entry: HistoryEntry) -> set[int]:
    """Shown in the history; nobody is waiting to hear of it."""
    return set()


@audience("stock.hand_out")
def whose_work_came_in(entry: HistoryEntry) -> set[int]:
    """Those who have the work of the running dossiers of a list: one letter for all of it."""
    rows = StockRow.objects.filter(batch=entry.data["batch"]).values("dossier")
    found: set[int] = set()
    for task in Task.objects.open().filter(dossier__in=rows):
        found |= workers(task)
    return found


def _of_window(entry: HistoryEntry, **where: Any) -> set[int]:
    """Ids of who works in the window of ``entry``, at the units that ``where`` names."""
    window = StepWindow.objects.select_related("cycle").get(pk=entry.data["window"])
    roles = {role for role, _level in posts_in(window)}
    held = RoleAssignment.objects.held_on(clock.today())
    return set(
        held.filter(role__in=roles, org_unit__level=window.level, **where).values_list(
            "user_id", flat=True
        )
    )


@audience("cycle.window_closing")
def who_works_in_the_window(entry: HistoryEntry) -> set[int]:
    """Everybody who has work of that step at that level."""
    return _of_window(entry)


@audience("cycle.window_closed")
def who_was_not_through(entry: HistoryEntry) -> set[int]:
    """Who works at the units that had dossiers left, and the officers of the province; nobody when
    all were through.
    """
    if not entry.data["late"]:
        return set()
    units = [row["unit"] for row in entry.data["late"]]
    officers = RoleAssignment.objects.held_on(clock.today()).filter(
        role=Role.OFFICER, org_unit__level=Level.PROVINCE
    )
    return _of_window(entry, org_unit__in=units) | set(officers.values_list("user_id", flat=True))


@audience("term.extend")
def the_owner_of_the_term(entry: HistoryEntry) -> set[int]:
    """Those who have the work whose term moved."""
    term = Term.objects.select_related("task").get(pk=entry.data["term"])
    return _of_term(term)


def _of_term(term: Term) -> set[int]:
    task = term.task
    if task is not None:
        return workers(task)
    return holders(term.role, term.org_unit_id)


@audience(*RUNGS)
def the_rung(entry: HistoryEntry) -> set[int]:
    """Officer, the unit's leader, the officers of the next level, or the board, by the rung."""
    return of_rungs([entry])[entry.pk]


def of_rungs(entries: Collection[HistoryEntry]) -> dict[int, set[int]]:
    """``{entry id: ids of active people}``: the same as :func:`of`, for thousands at a time.

    A morning's terms are many, those who must hear of them are few: each role at a unit is asked
    for once.
    """
    terms = Term.objects.select_related("task__org_unit__parent__parent").in_bulk(
        {entry.data["term"] for entry in entries}
    )
    units = OrgUnit.objects.select_related("parent__parent").in_bulk(
        {term.org_unit_id for term in terms.values()}
    )
    asked, heirs = {}, {}
    for entry in entries:
        term = terms[entry.data["term"]]
        to = entry.data["rung"].partition("/")[0].partition(":")[2]
        unit = (term.task and term.task.org_unit) or units[term.org_unit_id]
        if unit.pk not in heirs:
            heirs[unit.pk] = unit.heir()
        asked[entry.pk] = _of_rung(to, term.task or term, unit, heirs[unit.pk])
    owned = {post for posts in asked.values() for role, post in posts[:1] if role == OWNER}
    acting = acting_for(owned) if owned else {}
    active = _active(set().union(*acting.values()))
    found = {(OWNER, post): ids & active for post, ids in acting.items()}

    def holding(post: tuple[str, Any]) -> set[int]:
        if post not in found:
            found[post] = _active(holders(*post))
        return found[post]

    return {entry: next(filter(None, map(holding, posts)), set()) for entry, posts in asked.items()}


def _active(ids: Iterable[int]) -> set[int]:
    return set(User.objects.filter(pk__in=ids, is_active=True).values_list("pk", flat=True))


def _of_rung(to: str, work: Task | Term, unit: OrgUnit, heir: OrgUnit) -> list[tuple[str, Any]]:
    """The posts that may hear of a rung, in order: the first with a holder is notified. What is
    above the unit is above its ``heir``.

    A post is (role, unit id). When it is vacant the next one up is notified, so nothing is lost.
    (OWNER, (user id, role, unit id)) means the person who claimed the task and their substitutes.
    """
    above, top = heir.parent or heir, heir.at_level(Level.PROVINCE) or heir
    ladder = [
        ("officer", (work.role, unit.pk)),
        ("leader", (Role.LEADER, unit.pk)),
        ("next_level", (Role.OFFICER, above.pk)),
        ("board", (Role.LEADER, top.pk)),
    ]
    names = [name for name, _post in ladder]
    posts = [post for _name, post in ladder[names.index(to) :]]
    owner = getattr(work, "owner_id", None)
    if to != "officer" or not owner:
        return posts
    return [(OWNER, (owner, work.role, unit.pk)), *posts]
