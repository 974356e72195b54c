"""Who must hear of what. Every event has its audience here, or says that nobody needs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from councils.models import EvaluationRound, Opinion, Result, Seat
from councils.models.reach import SENT, reached
from councils.rules import runs
from cycle import clock, events
from cycle.models import (
    Effect,
    HistoryEntry,
    Job,
    Level,
    OrgUnit,
    Role,
    RoleAssignment,
    StepWindow,
    Stream,
    User,
    acting_in,
    people_of,
)
from dossiers.models import ACTS, Certificate, Dossier, StockRow, Task, Term, TermState
from dossiers.office.windows import posts_in
from dossiers.rules import doers
from notifications.rules import may_read

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from django.db.models import QuerySet

    from councils.models import Member
    from dossiers.rules import Claim

    #: Whom an entry must reach: ids of people.
    Audience = Callable[[HistoryEntry], set[int]]
    #: (role, unit id).
    Post = tuple[str, int]

_audiences: dict[str, Audience] = {}

#: The events of the rungs of terms: a morning may bring thousands.
RUNGS = ("term.warning", "term.overdue", "term.escalated")


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
    """Ids of the active people who must hear of ``entry``, without the one who did it; of a round
    only those who may read of it still: seats end, and rounds are over, before the beat comes.
    """
    ids = set(_audiences[entry.event](entry))
    ids -= {entry.actor_id}
    if entry.stream == Stream.ROUND:
        people = User.objects.filter(pk__in=ids)
        return {person.pk for person in people if may_read(person, entry)}
    return _active(ids)


def holders(role: str, unit_id: int) -> set[int]:
    """Ids of those who act as ``role`` of the unit today, and of their substitutes."""
    return set(people_of(role, unit_id).values_list("pk", flat=True))


def _dossier(entry: HistoryEntry) -> Dossier:
    return Dossier.objects.with_units().get(pk=entry.stream_id)


def _next_holders(dossier: Dossier, *, besides: int | None = None) -> set[int]:
    """Ids of the people who have the dossier's open task in their inbox; when nobody holds its
    role, of the next of the ladder, ``besides`` the one who knows.
    """
    task = dossier.open_task()
    return _first(task, besides) if task is not None else set()


def workers(task: Task) -> set[int]:
    """Ids of those who may do the task today, its owner among them only while he may."""
    # The database requires a unit of an open task.
    assert task.org_unit_id is not None
    claim = (task.owner_id, task.role, task.org_unit_id)
    return doers([claim])[claim]


def _first(work: Task | Term, besides: int | None = None) -> set[int]:
    """Ids of those who do the work; when its post is vacant, of the next of the ladder."""
    assert work.org_unit is not None
    unit = work.org_unit_id
    ids = workers(work) if isinstance(work, Task) else holders(work.role, unit)  # type: ignore[arg-type]
    if ids:
        return ids
    above = _of_rung("officer", work, work.org_unit, work.org_unit.heir())[1:]
    return next(filter(None, (holders(*post) - {besides} for post in above)), set())  # type: ignore[arg-type]  # below a claim are posts


def _line_officers(dossier: Dossier) -> set[int]:
    """The officers in whose area the dossier lies: they follow the file."""
    following = RoleAssignment.objects.following(Role.OFFICER, dossier.commune_id)
    return set(acting_in(following).values_list("pk", flat=True))


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
    return _next_holders(dossier, besides=entry.actor_id)


@audience(*told("line"), "dossier.correct_paper")
def the_line(entry: HistoryEntry) -> set[int]:
    """An outcome: the officers who followed the file, and whoever is next; of what the ministry
    told the province, and of a written notice, also the leaders of the commune.
    """
    dossier = _dossier(entry)
    told = _line_officers(dossier) | _next_holders(dossier, besides=entry.actor_id)
    act = ACTS.get(entry.event.removeprefix("dossier."))
    if act is not None and (act.from_ministry or act.does == Effect.NOTIFIES):
        told |= holders(Role.LEADER, dossier.commune_id)
    return told


@audience("task.sign_decision")
def the_clerks(entry: HistoryEntry) -> set[int]:
    """The clerks who enter the number of a signed decision, while its task is still open."""
    task = _dossier(entry).open_task()
    if task is None or task.pk != entry.data.get("task", task.pk):
        return set()
    # Where there is no clerk an officer enters it.
    unit = task.org_unit_id
    return holders(Role.CLERK, unit) or holders(Role.OFFICER, unit)


@audience("task.reassign")
def the_new_owner(entry: HistoryEntry) -> set[int]:
    """The one to whom the work was given; while they still may do it, else who may."""
    task = _dossier(entry).open_task()
    if task is None or task.pk != entry.data.get("task", task.pk):
        return set()
    may = workers(task)
    return may & {entry.data["to_id"]} or _first(task, entry.actor_id)


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
    """Those whose sheets are awaited; nobody once the round takes none."""
    round_ = _round(entry)
    return _people(round_.scoring_members) if round_.is_open else set()


@audience("round.hand_back_sheet")
def the_member_whose_sheet(entry: HistoryEntry) -> set[int]:
    """The member who scores on the screen again."""
    return {entry.data["who_id"]}


@audience("round.void_sheet")
def the_member_whose_sheet_does_not_count(entry: HistoryEntry) -> set[int]:
    """The member, whether or not they still sit."""
    return {entry.data["who_id"]} - {None}


@audience("round.declare_interest")
def the_member_whose_interest_was_recorded(entry: HistoryEntry) -> set[int]:
    """The member: their sheet may not count now, or be awaited again. Nobody where they declared
    it themselves.
    """
    return {entry.data.get("who_id")} - {None, entry.actor_id}


@audience("round.lift_interest")
def the_member_and_the_chair(entry: HistoryEntry) -> set[int]:
    """The member, who scores the product now, and the council's chair."""
    chair = _round(entry).council.members.sitting().filter(seat=Seat.CHAIR)
    return {entry.data.get("who_id")} - {None} | _people(chair)


@audience("round.take_in", "round.drop")
def who_scores_once_it_is_open(entry: HistoryEntry) -> set[int]:
    """Those who score in the round; nobody while it is being prepared, when no reason is given."""
    return _people(_round(entry).scoring_members) if entry.reason else set()


@audience("round.leave")
def who_scores_and_the_office(entry: HistoryEntry) -> set[int]:
    """Those whose sheets were awaited, and the council's office."""
    round_ = _round(entry)
    return _people(round_.scoring_members) | holders(
        Role.COUNCIL_OFFICE, round_.council.org_unit_id
    )


@audience("round.close", "round.reopen", "round.void")
def the_council_and_its_unit(entry: HistoryEntry) -> set[int]:
    """The council, its office and the officers of its unit."""
    round_ = _round(entry)
    unit = round_.council.org_unit_id
    return (
        _people(round_.council.members.sitting())
        | holders(Role.COUNCIL_OFFICE, unit)
        | holders(Role.OFFICER, unit)
    )


@audience("round.record_document")
def whom_its_results_concern(entry: HistoryEntry) -> set[int]:
    """The decision or the notice of a round: the leaders and officers of the communes, and of
    districts above them, whose products it tells of; one letter each, however many products.
    """
    if entry.data["kind"] not in SENT:
        return set()
    told = reached(Result.objects.filter(entry__round=entry.stream_id))
    its = [each.result.entry.dossier for each in told if entry.data["kind"] in each.papers]
    found: set[int] = set()
    for commune in {dossier.commune_id for dossier in its}:
        for role in (Role.OFFICER, Role.LEADER):
            posts = RoleAssignment.objects.following(role, commune)
            # The province has the round itself.
            below = posts.exclude(org_unit__level=Level.PROVINCE)
            found |= set(acting_in(below).values_list("pk", flat=True))
    return found


@audience("round.ask_opinion")
def who_is_asked(entry: HistoryEntry) -> set[int]:
    """The specialist whom the question went to, while they may answer; else who may."""
    opinion = Opinion.objects.select_related("entry__round__council").get(pk=entry.data["opinion"])
    office = holders(Role.COUNCIL_OFFICE, opinion.entry.round.council.org_unit_id)
    return doers([opinion.claim])[opinion.claim] or office


@audience("round.answer_opinion")
def who_asked(entry: HistoryEntry) -> set[int]:
    """The one who asked, while they run the round, and the council's office."""
    asker = Opinion.objects.select_related("asked_by").get(pk=entry.data["opinion"]).asked_by
    round_ = _round(entry)
    told = {asker.pk} if runs(asker, round_) else set()
    return told | holders(Role.COUNCIL_OFFICE, round_.council.org_unit_id)


@audience(
    *told("nobody"),
    "council.set_up",
    "council.correct_decision",
    "council.seat",
    "council.unseat",
    "council.extend",
    "council.regulate",
    "round.create",
    "round.change",
    "round.attend",
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
    "dossier.open",
    "task.claim",
    "task.wait",
    "task.resume",
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
    "cycle.close",
    "cycle.reopen",
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
    "split.allot",
    "office.reference",
    "office.contact",
    "planned.record",
    "planned.correct",
    "planned.drop",
    "outreach.record",
    "outreach.attend",
    "outreach.attach",
    "outreach.take_off",
    "promotion.record",
    "outreach.correct",
    "promotion.correct",
    "office.reading",
    "personal.erase",
    "stock.enter",
    "stock.strike",
    "stock.upload",
    "stock.commit",
    "stock.undo",
    "stock.resume",
    "potential.record",
    "potential.correct",
    "potential.close",
    "potential.reopen",
    "potential.begin",
    "list.export",
    "letter.resend",
    "document.record",
    "document.correct",
    "document.announce",
)
def nobody(entry: HistoryEntry) -> set[int]:
    """Shown in the history; nobody is waiting to hear of it."""
    return set()


@audience("stock.hand_out")
def whose_work_came_in(entry: HistoryEntry) -> set[int]:
    """Those who have the work of the running dossiers of a list: one letter for all of it."""
    rows = StockRow.objects.filter(batch=entry.data["batch"]).values("dossier")
    found: set[int] = set()
    posts = {
        (task.owner_id, task.role, task.org_unit_id): task
        for task in Task.objects.open().filter(dossier__in=rows).select_related("org_unit__parent")
    }
    for task in posts.values():
        found |= _first(task, entry.actor_id)
    return found


@audience("job.fail")
def who_asked_for_the_job(entry: HistoryEntry) -> set[int]:
    """Whoever asked for what runs in the background and did not come to its end."""
    return set(
        Job.objects.filter(pk=entry.data["job"], by__isnull=False).values_list("by", flat=True)
    )


def _of_window(entry: HistoryEntry, **where: Any) -> set[int]:
    """Ids of who works in the window of ``entry``, at the units that ``where`` names."""
    window = StepWindow.objects.select_related("cycle").get(pk=entry.data["window"])
    roles = {role for role, _level in posts_in(window)}
    held = RoleAssignment.objects.held_on(clock.today())
    posts = held.filter(role__in=roles, org_unit__level=window.level, **where)
    return set(acting_in(posts).values_list("pk", flat=True))


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
    # Whoever took a unit over since has what was left.
    heirs = OrgUnit.objects.heirs_of(units)
    return _of_window(entry, org_unit__in=heirs) | set(
        acting_in(officers).values_list("pk", flat=True)
    )


@audience("term.extend")
def the_owner_of_the_term(entry: HistoryEntry) -> set[int]:
    """Those who have the work whose term moved."""
    term = Term.objects.select_related("task").get(pk=entry.data["term"])
    return _of_term(term)


def _of_term(term: Term) -> set[int]:
    return _first(term.task or term)


@audience("term.move", "term.outlive", "term.of_batch", "term.of_paper")
def who_was_told_that_it_was_late(entry: HistoryEntry) -> set[int]:
    """Those who were told that the term was late by a day that is no more, now that it is not, and
    may still see the file.
    """
    term = Term.objects.get(pk=entry.data["term"])
    if term.state == TermState.STOPPED or term.has_come(clock.now()):
        return set()
    told = HistoryEntry.objects.filter(
        stream=entry.stream,
        stream_id=entry.stream_id,
        event__in=("term.overdue", "term.escalated"),
        data__term=term.pk,
        # Older entries have the days where others have states.
        data__due_on=entry.data.get("before", entry.before),
    )
    people = User.objects.filter(notifications__entry__in=told).distinct()
    return {person.pk for person in people if may_read(person, entry)}


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
    asked: dict[int, list[list[Post | Claim]]] = {}
    heirs: dict[int, OrgUnit] = {}
    filed = filed_already(entries)
    for entry in entries:
        if entry.pk in filed:
            asked[entry.pk] = []
            continue
        term = terms[entry.data["term"]]
        to = entry.data["rung"].partition("/")[0].partition(":")[2]
        unit = (term.task and term.task.org_unit) or units[term.org_unit_id]
        if unit.pk not in heirs:
            heirs[unit.pk] = unit.heir()
        asked[entry.pk] = [
            _of_rung(each, term.task or term, unit, heirs[unit.pk])
            # Those too who would have heard of the rungs that this one overtook.
            for each in (to, *entry.data.get("also", ()))
        ]
    claims = {posts[0] for ladders in asked.values() for posts in ladders if len(posts[0]) == 3}
    found: dict[Post | Claim, set[int]] = dict(doers(claims).items()) if claims else {}

    def holding(post: Post | Claim) -> set[int]:
        if post not in found:
            found[post] = holders(*post)  # type: ignore[arg-type]  # a claim was found above
        return found[post]

    return {
        entry: set[int]().union(
            *(next(filter(None, map(holding, posts)), set()) for posts in ladders)
        )
        for entry, ladders in asked.items()
    }


def filed_already(entries: Collection[HistoryEntry]) -> set[int]:
    """Ids of those of ``entries`` that would have a re-evaluation filed in its days (D6) which is
    filed: warnings, up to the last of these days.
    """
    terms = dict(
        Term.objects.filter(
            pk__in={entry.data["term"] for entry in entries if entry.event == "term.warning"},
            certificate__isnull=False,
        ).values_list("pk", "certificate")
    )
    if not terms:
        return set()
    given = Certificate.objects.with_validity().in_bulk(set(terms.values()))
    today = clock.today()
    waiting = {
        term
        for term, pk in terms.items()
        if given[pk].filed_on and (days := given[pk].refiling) and today <= days[1]
    }
    return {entry.pk for entry in entries if entry.data["term"] in waiting}


def _active(ids: Iterable[int]) -> set[int]:
    return set(User.objects.filter(pk__in=ids, is_active=True).values_list("pk", flat=True))


def _of_rung(to: str, work: Task | Term, unit: OrgUnit, heir: OrgUnit) -> list[Post | Claim]:
    """The posts that may hear of a rung, in order: the first with a holder is notified. What is
    above the unit is above its ``heir``.

    When a post is vacant the next one up is notified, so nothing is lost. Of a task the first is
    with its claim: those who may do it.
    """
    above, top = heir.parent or heir, heir.at_level(Level.PROVINCE) or heir
    ladder = [
        ("officer", (work.role, unit.pk)),
        ("leader", (Role.LEADER, unit.pk)),
        ("next_level", (Role.OFFICER, above.pk)),
        ("board", (Role.LEADER, top.pk)),
    ]
    names = [name for name, _post in ladder]
    posts: list[Post | Claim] = [post for _name, post in ladder[names.index(to) :]]
    if to == "officer" and isinstance(work, Task):
        return [(work.owner_id, work.role, unit.pk), *posts[1:]]
    return posts
