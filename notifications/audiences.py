"""Who must hear of what. Every event has its audience here, or says that nobody needs to."""

from councils.models import EvaluationRound, Opinion
from cycle import clock, events
from cycle.models import Level, OrgUnit, Role, RoleAssignment, Substitution, User
from dossiers.models import Dossier, Term

_audiences: dict = {}

#: The events of a term's rungs, of which a morning may bring thousands.
RUNGS = ("term.warning", "term.overdue", "term.escalated")
OWNER = "owner"


def audience(*names):
    """Register a function of an entry that returns the ids of those who must hear of it."""

    def register(function):
        for name in names:
            if name in _audiences:
                raise ValueError(f"{name} has two audiences")
            _audiences[name] = function
        return function

    return register


def missing():
    """Registered events that nobody has thought of."""
    return events.registered() - set(_audiences)


def events_of(function):
    """The events whose audience is ``function``."""
    return {name for name, registered in _audiences.items() if registered is function}


def of(entry):
    """Ids of the active people who must hear of ``entry``, without the one who did it."""
    ids = set(_audiences[entry.event](entry))
    ids -= {entry.actor_id}
    return _active(ids)


def holders(role, unit_id):
    """Ids of those who hold ``role`` at the unit today, and of their substitutes."""
    today = clock.today()
    held = RoleAssignment.objects.held_on(today).filter(role=role, org_unit_id=unit_id)
    return set(held.values_list("user_id", flat=True)) | set(
        Substitution.objects.in_force(today)
        .filter(assignment__in=held)
        .values_list("substitute_id", flat=True)
    )


def _dossier(entry):
    return Dossier.objects.with_units().get(pk=entry.stream_id)


def _next_holders(dossier):
    """Those in whose inbox the dossier lies now."""
    task = dossier.open_task()
    return workers(task) if task is not None else set()


def workers(task):
    """Ids of those who do the task: its owner and who acts for them, or all who could."""
    if task.owner_id is None:
        return holders(task.role, task.org_unit_id)
    owned = (task.owner_id, task.role, task.org_unit_id)
    return acting_for([owned])[owned]


def acting_for(owned):
    """``{(owner, role, unit id): ids}`` of each owner and who acts for them in that post today."""
    found = {post: {post[0]} for post in owned}
    today = clock.today()
    lent = Substitution.objects.in_force(today).filter(
        assignment__in=RoleAssignment.objects.held_on(today),
        assignment__user__in={owner for owner, _role, _unit in owned},
    )
    for *post, substitute in lent.values_list(
        "assignment__user", "assignment__role", "assignment__org_unit", "substitute"
    ):
        if tuple(post) in found:
            found[tuple(post)].add(substitute)
    return found


def _line_officers(dossier):
    """The officers of the commune and of the units above: they follow the file."""
    return set(
        RoleAssignment.objects.held_on(clock.today())
        .filter(role=Role.OFFICER, org_unit_id__in=dossier.line())
        .values_list("user_id", flat=True)
    )


@audience(
    "dossier.register_idea",
    "dossier.complete_idea",
    "dossier.screen_idea",
    "dossier.return_idea",
    "dossier.select_idea",
    "dossier.submit_plan",
    "dossier.complete_plan",
    "dossier.check_plan",
    "dossier.return_plan",
    "dossier.approve_plan",
    "dossier.declare_ready",
    "dossier.submit_dossier",
    "dossier.confirm_dossier",
    "dossier.return_to_officer",
    "dossier.forward_to_district",
    "dossier.forward_to_province",
    "dossier.return_for_supplement",
    "dossier.supplement",
    "dossier.accept_at_district",
    "dossier.rank_at_district",
    "dossier.accept_at_province",
    "dossier.rank",
    "dossier.propose_recognition",
    "dossier.return_submission",
    "dossier.nominate",
    "dossier.refile_idea",
    "dossier.refile_plan",
    "dossier.enter_late",
    "dossier.receive_directly",
    "dossier.reopen",
    "task.release",
    "task.reroute",
)
def whoever_is_next(entry):
    """The dossier came to somebody: those in whose inbox it lies, if it has not gone on since."""
    dossier = _dossier(entry)
    if entry.after and dossier.state != entry.after:
        return set()
    return _next_holders(dossier)


@audience(
    "dossier.not_select_idea",
    "dossier.not_approve_plan",
    "dossier.not_propose",
    "dossier.not_recognise",
    "dossier.certify",
    "dossier.record_centre_result",
    "dossier.promote",
    "dossier.record_inspection",
    "dossier.revoke",
    "dossier.correct_names",
    "dossier.withdraw",
    "dossier.defer",
)
def the_line(entry):
    """An outcome: the officers who followed the file, and whoever is next."""
    dossier = _dossier(entry)
    return _line_officers(dossier) | _next_holders(dossier)


@audience("task.sign_decision")
def the_clerks(entry):
    """Who numbers what the leader has signed, while it still waits for that."""
    task = _dossier(entry).open_task()
    if task is None or task.pk != entry.data.get("task", task.pk):
        return set()
    return holders(Role.CLERK, task.org_unit_id)


@audience("task.reassign")
def the_new_owner(entry):
    """The one to whom the work was given."""
    return {entry.data["to_id"]}


@audience(
    "role.substitute",
    "role.substitute_end",
    "role.substitute_lapse",
    "role.handover",
    "role.handover_back",
)
def both_sides(entry):
    """The holder of the role, and the one who acts for them or takes over."""
    return {entry.data["to_id"], entry.data["holder_id"]}


def _round(entry):
    return EvaluationRound.objects.select_related("council", "regulation").get(pk=entry.stream_id)


def _people(members):
    return set(members.values_list("user_id", flat=True))


@audience("round.invite")
def everybody_of_the_council(entry):
    """Whoever sits on the council or in its support team."""
    return _people(_round(entry).council.members.sitting())


@audience("round.open", "round.score_again")
def who_scores(entry):
    """Those whose sheets are awaited."""
    return _people(_round(entry).scoring_members)


@audience("round.hand_back_sheet")
def the_member_whose_sheet(entry):
    """The member who scores on the screen again."""
    return {entry.data["who_id"]}


@audience("round.leave")
def who_scores_and_the_office(entry):
    """Those whose sheets were awaited, and the council's office."""
    round_ = _round(entry)
    return _people(round_.scoring_members) | holders(
        Role.COUNCIL_OFFICE, round_.council.org_unit_id
    )


@audience("round.close", "round.reopen")
def the_council_and_its_unit(entry):
    """The council, its office and the officers of its unit."""
    round_ = _round(entry)
    unit = round_.council.org_unit_id
    return (
        _people(round_.council.members.sitting())
        | holders(Role.COUNCIL_OFFICE, unit)
        | holders(Role.OFFICER, unit)
    )


@audience("round.ask_opinion")
def who_is_asked(entry):
    """The specialist whom the question went to."""
    return {entry.data["to_id"]}


@audience("round.answer_opinion")
def who_asked(entry):
    """The one who asked, and the council's office."""
    opinion = Opinion.objects.get(pk=entry.data["opinion"])
    unit = _round(entry).council.org_unit_id
    return {opinion.asked_by_id} | holders(Role.COUNCIL_OFFICE, unit)


@audience(
    # Told by the reopening of its round.
    "dossier.judge_again",
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
    "dossier.attach_evidence",
    "dossier.choose_rubric",
    "dossier.record_visit",
    "dossier.record_support",
    "dossier.record_promotion",
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
    "cycle.configure",
    "stock.enter",
    "stock.strike",
    "stock.upload",
    "stock.commit",
    "stock.undo",
)
def nobody(entry):
    """Shown in the history; nobody is waiting to hear of it."""
    return set()


@audience("term.extend")
def the_owner_of_the_term(entry):
    """Those who have the work whose term moved."""
    term = Term.objects.select_related("task").get(pk=entry.data["term"])
    return _of_term(term)


def _of_term(term):
    task = term.task
    if task is not None:
        return workers(task)
    return holders(term.role, term.org_unit_id)


@audience(*RUNGS)
def the_rung(entry):
    """Officer, the unit's leader, the officers of the next level, or the board, by the rung."""
    return of_rungs([entry])[entry.pk]


def of_rungs(entries):
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
    asked = {}
    for entry in entries:
        term = terms[entry.data["term"]]
        to = entry.data["rung"].partition("/")[0].partition(":")[2]
        unit = term.task.org_unit if term.task else units[term.org_unit_id]
        asked[entry.pk] = _of_rung(to, term.task or term, unit)
    owned = {post for posts in asked.values() for role, post in posts[:1] if role == OWNER}
    acting = acting_for(owned) if owned else {}
    active = _active(set().union(*acting.values()))
    found = {(OWNER, post): ids & active for post, ids in acting.items()}

    def holding(post):
        if post not in found:
            found[post] = _active(holders(*post))
        return found[post]

    return {entry: next(filter(None, map(holding, posts)), set()) for entry, posts in asked.items()}


def _active(ids):
    return set(User.objects.filter(pk__in=ids, is_active=True).values_list("pk", flat=True))


def _of_rung(to, work, unit):
    """The posts that hear of a rung, (role, unit id): the first that somebody holds does.

    A post may be vacant and an officer may have left: then it is told one step up, and not lost.
    (OWNER, (user id, role, unit id)) stands for whoever has taken the task, and who acts for them.
    """
    above, top = unit.parent or unit, unit.at_level(Level.PROVINCE) or unit
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
