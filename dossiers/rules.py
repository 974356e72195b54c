"""Who may do what. Predicates take the person first; nothing here knows a superuser."""

import rules


def fitting(user, dossier, who):
    """The assignments by which ``user`` is one of ``who`` (role, level) in the dossier's line."""
    return [
        assignment
        for assignment in user.assignments()
        if (assignment.role, assignment.org_unit.level) in who
        and assignment.org_unit_id in dossier.line()
    ]


@rules.predicate
def holds_task(user, task):
    """Holds the task's role at the task's unit, and nobody else who could do it has claimed it."""
    return (
        user is not None
        and user.is_active
        and task is not None
        and user.capacity(task.role, task.org_unit_id) is not None
        and _is_free_for(user, task)
    )


def _is_free_for(user, task):
    """A claim binds while its owner may act, and not between a holder and who acts for them."""
    if task.owner_id in (None, user.pk):
        return True
    owner = task.owner
    theirs, mine = ({each.user_id for each in _in_role(who, task)} for who in (owner, user))
    return not owner.is_active or not theirs or owner.pk in mine or user.pk in theirs


def _in_role(user, task):
    """The assignments by which ``user`` acts in the task's role at its unit."""
    return [
        assignment
        for assignment in user.assignments()
        if assignment.role == task.role and assignment.org_unit_id == task.org_unit_id
    ]


@rules.predicate
def types_from_paper(user, task):
    """An officer or clerk of the task's unit, who records what was signed on paper."""
    return (
        user is not None
        and user.is_active
        and task is not None
        and any(user.capacity(role, task.org_unit_id) for role in ("officer", "clerk"))
    )


@rules.predicate
def leads_unit(user, task):
    """A leader or officer of the task's unit, who distributes its work."""
    return (
        user is not None
        and user.is_active
        and task is not None
        and any(user.capacity(role, task.org_unit_id) for role in ("leader", "officer"))
    )


def routing(user, task):
    """The assignment by which ``user`` may send the task to another unit, or None.

    A leader of its unit, or an officer or leader of the level above: above the unit that has it, or
    above the dossier's own, who take it back.
    """
    if held := user.capacity("leader", task.org_unit_id):
        return held
    own = task.dossier.commune.at_level(task.org_unit.level)
    above = {task.org_unit.parent_id, own.parent_id if own is not None else None} - {None}
    found = (user.capacity(role, unit) for unit in sorted(above) for role in ("officer", "leader"))
    return next(filter(None, found), None)


@rules.predicate
def routes_task(user, task):
    """May send the task to another unit."""
    return (
        user is not None and user.is_active and task is not None and routing(user, task) is not None
    )


@rules.predicate
def has_authority(user, dossier):
    """Acts on what a round's closing or reopening, which names the dossier, was done by them."""
    authority = dossier.__dict__.get("_authority")
    return (
        user is not None
        and authority is not None
        and authority.pk is not None
        and authority.stream == "round"
        and authority.actor_id == user.pk
        and dossier.pk in authority.data["dossiers"]
    )


@rules.predicate
def does_open_task(user, dossier):
    """May complete the task that is open on the dossier, in person or from a signed paper; or does
    it by a round's authority.
    """
    if has_authority(user, dossier):
        return True
    task = dossier.open_task()
    return holds_task(user, task) or types_from_paper(user, task)


@rules.predicate
def sees_dossier(user, dossier):
    """Works for a unit in the dossier's line, or for one a duty of it was routed to."""
    if user is None or not user.is_active:
        return False
    units = {assignment.org_unit_id for assignment in user.assignments()}
    return (
        not units.isdisjoint(dossier.line()) or dossier.routes.filter(org_unit__in=units).exists()
    )


def is_one_of(who):
    """A predicate: holds one of ``who`` (role, level) in the dossier's line."""

    @rules.predicate
    def one_of(user, dossier):
        return user is not None and user.is_active and bool(fitting(user, dossier, who))

    return one_of


def approving(user, term):
    """The assignments by which ``user`` may give ``term`` more time: leader of its unit or of one
    above it, or officer above it. Nobody extends their own.
    """
    line = term.org_unit.line()
    return [
        assignment
        for assignment in user.assignments()
        if assignment.org_unit_id in line
        and (
            assignment.role == "leader"
            or (assignment.role == "officer" and assignment.org_unit_id != term.org_unit_id)
        )
    ]


@rules.predicate
def approves_extension(user, term):
    """May give the term more time, on a document."""
    return user is not None and user.is_active and bool(approving(user, term))


@rules.predicate
def keeps_calendar(user):
    """An officer or leader of the province: the office that keeps the year."""
    return (
        user is not None
        and user.is_active
        and any(
            assignment.role in ("officer", "leader") and assignment.org_unit.level == "province"
            for assignment in user.assignments()
        )
    )


@rules.predicate
def keeps_stock(user, unit=None):
    """An officer of the province, of ``unit`` when one is named: who enters what was recognised."""
    return (
        user is not None
        and user.is_active
        and any(
            assignment.role == "officer"
            and assignment.org_unit.level == "province"
            and (unit is None or assignment.org_unit_id == unit.pk)
            for assignment in user.assignments()
        )
    )


@rules.predicate
def has_a_post(user):
    """Holds some role today, or acts for who does."""
    return user is not None and user.is_active and bool(user.assignments())


@rules.predicate
def begins_dossiers(user):
    """An officer of a commune, a district or the province."""
    return (
        user is not None
        and user.is_active
        and any(
            assignment.role == "officer" and assignment.org_unit.level != "centre"
            for assignment in user.assignments()
        )
    )


rules.add_perm("dossiers.begin", begins_dossiers)
rules.add_perm("dossiers.view", sees_dossier)
rules.add_perm("dossiers.complete_task", holds_task | types_from_paper)
rules.add_perm("dossiers.claim_task", holds_task)
rules.add_perm("dossiers.sign_decision", holds_task)
rules.add_perm("dossiers.release_task", holds_task | leads_unit)
rules.add_perm("dossiers.manage_task", leads_unit)
rules.add_perm("dossiers.reroute_task", routes_task)
rules.add_perm("dossiers.see_calendar", has_a_post)
rules.add_perm("dossiers.extend_term", approves_extension)
rules.add_perm("dossiers.change_calendar", keeps_calendar)
rules.add_perm("dossiers.import_stock", keeps_stock)
