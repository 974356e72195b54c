"""Who may do what: predicates, each of a person and an object. A superuser has no extra right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rules
from django.db.models import Prefetch

from cycle import clock
from cycle.models import OrgUnit, Role, RoleAssignment, Substitution, User

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from dossiers.law.acts import Who
    from dossiers.models.dossier import Dossier
    from dossiers.models.task import Task
    from dossiers.models.term import Term


def fitting(user: User, dossier: Dossier, who: Who) -> list[RoleAssignment]:
    """The assignments by which ``user`` has one of the (role, level) in ``who`` at the dossier's
    commune or a unit above it.
    """
    return [
        assignment
        for assignment in user.assignments()
        if (assignment.role, assignment.org_unit.level) in who
        and dossier.commune_id in assignment.area
    ]


def area_of(user: User, who: Who) -> set[int]:
    """The communes, and the units above them, over which ``user`` is one of ``who``, as
    :func:`fitting` says of one dossier.
    """
    return {
        unit
        for assignment in user.assignments()
        if (assignment.role, assignment.org_unit.level) in who
        for unit in assignment.area
    }


@rules.predicate
def holds_task(user: User | None, task: Task | None) -> bool:
    """Holds the task's role at its unit, and nobody else has a claim on it that binds."""
    return (
        user is not None
        and user.is_active
        and task is not None
        and user.capacity(task.role, task.org_unit_id) is not None
        and (
            # Asked first: the owner need not be read for it.
            task.owner_id in (None, user.pk)
            or is_free_for(user, task.owner, task.role, task.org_unit_id)
        )
    )


def is_free_for(user: User, owner: User | None, role: str, unit_id: int | None) -> bool:
    """Whether no claim of ``owner`` keeps ``user`` from work of ``role`` at a unit. A claim binds
    others while its owner still holds the role; never between the holder of a post and their
    substitute. :func:`doers` says the same of everybody.
    """
    if owner is None or owner.pk == user.pk:
        return True
    theirs, mine = (
        {each.user_id for each in who.posts(role) if unit_id in each.business}
        for who in (owner, user)
    )
    return not owner.is_active or not theirs or owner.pk in mine or user.pk in theirs


#: Work of a role at a unit, and who has claimed it: (owner's id or None, role, unit's id).
Claim = tuple[int | None, str, int]


def doers(claims: Collection[Claim]) -> dict[Claim, set[int]]:
    """``{claim: ids}`` of the active people who may do each today, as :func:`holds_task` says of
    one, in two queries for all. What is claimed by somebody who may not is everybody's of the role.
    """
    today = clock.today()
    posts = RoleAssignment.objects.held_on(today).filter(
        role__in={role for _owner, role, _unit in claims},
        org_unit__in=OrgUnit.objects.heirs_of({unit for _owner, _role, unit in claims}),
    )
    lent = Substitution.objects.in_force(today).filter(substitute__is_active=True)
    #: Of each role at a unit: the holder of each post there with who acts for them, one at most.
    pairs: dict[tuple[str, int], list[set[int]]] = {}
    for post in (
        posts.with_business(today)
        .select_related("user")
        .prefetch_related(Prefetch("substitutions", lent, to_attr="lent"))
    ):
        pair = {each.substitute_id for each in post.lent}
        if post.user.is_active:
            pair.add(post.user_id)
        for unit in post.business:
            pairs.setdefault((post.role, unit), []).append(pair)
    found = {}
    for claim in claims:
        all_there = pairs.get(claim[1:], [])
        bound = [pair for pair in all_there if claim[0] in pair]
        found[claim] = set[int]().union(*(bound or all_there))
    return found


@rules.predicate
def types_from_paper(user: User | None, task: Task | None) -> bool:
    """Is officer or clerk of the task's unit, who may record what its leader signed."""
    return (
        user is not None
        and user.is_active
        and task is not None
        and any(user.capacity(role, task.org_unit_id) for role in ("officer", "clerk"))
    )


@rules.predicate
def leads_unit(user: User | None, task: Task | None) -> bool:
    """Is leader or officer of the task's unit, who may give its tasks to others."""
    return (
        user is not None
        and user.is_active
        and task is not None
        and any(user.capacity(role, task.org_unit_id) for role in ("leader", "officer"))
    )


def routing(user: User, task: Task) -> RoleAssignment | None:
    """The assignment by which ``user`` may send the task to another unit, or None.

    As leader of the task's unit; or as officer or leader of the unit above it, or of the unit above
    the dossier's own at that level, who may take it back.
    """
    if held := user.capacity("leader", task.org_unit_id):
        return held
    # The database requires both of an open task.
    assert task.dossier is not None and task.org_unit is not None
    own = task.dossier.commune.at_level(task.org_unit.level)
    above = task.org_unit.above() | (own.above() if own is not None else set())
    found = (user.capacity(role, unit) for unit in sorted(above) for role in ("officer", "leader"))
    return next(filter(None, found), None)


@rules.predicate
def routes_task(user: User | None, task: Task | None) -> bool:
    """May send the task to another unit."""
    return (
        user is not None and user.is_active and task is not None and routing(user, task) is not None
    )


@rules.predicate
def does_open_task(user: User | None, dossier: Dossier) -> bool:
    """May complete the dossier's open task, in its role or from a signed paper."""
    task = dossier.open_task()
    return holds_task(user, task) or types_from_paper(user, task)


@rules.predicate
def sees_dossier(user: User | None, dossier: Dossier) -> bool:
    """Has the dossier's commune in their area, or works for a unit that it was routed to."""
    if user is None or not user.is_active:
        return False
    return (
        dossier.commune_id in user.area()
        or dossier.routes.filter(org_unit__in=user.business()).exists()
    )


def is_one_of(who: Who) -> Any:
    """A predicate: holds one of ``who`` (role, level) over the dossier's area."""

    @rules.predicate
    def one_of(user: User | None, dossier: Dossier) -> bool:
        return user is not None and user.is_active and bool(fitting(user, dossier, who))

    return one_of


def holds_one_of(who: Who) -> Any:
    """A predicate: holds one of ``who`` (role, level), over whatever area."""

    @rules.predicate
    def one_of(user: User | None) -> bool:
        return (
            user is not None
            and user.is_active
            and any((held.role, held.org_unit.level) in who for held in user.assignments())
        )

    return one_of


def approving(user: User, term: Term) -> list[RoleAssignment]:
    """The assignments by which ``user`` may give ``term`` more time: as leader of its unit or of
    one above, or as officer above it. Who is officer of the unit itself may not, in no other post
    either: it is their own work.
    """
    if term.org_unit_id in user.business("officer"):
        return []
    return [
        assignment
        for assignment in user.posts("leader", "officer")
        if term.org_unit_id in assignment.area
    ]


@rules.predicate
def approves_extension(user: User | None, term: Term) -> bool:
    """May give the term more time, on a document."""
    return user is not None and user.is_active and bool(approving(user, term))


@rules.predicate
def keeps_calendar(user: User | None) -> bool:
    """Is officer or leader of the province."""
    return (
        user is not None
        and user.is_active
        and any(
            assignment.role in ("officer", "leader") and assignment.org_unit.level == "province"
            for assignment in user.assignments()
        )
    )


@rules.predicate
def keeps_stock(user: User | None, unit: Any = None) -> bool:
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
def keeps_potential(user: User | None, potential: Any) -> bool:
    """An officer in whose area the potential product lies."""
    return (
        user is not None
        and user.is_active
        and any(
            assignment.role == "officer" and potential.commune_id in assignment.area
            for assignment in user.assignments()
        )
    )


@rules.predicate
def has_a_post(user: User | None) -> bool:
    """Has some role today, their own or as a substitute."""
    return user is not None and user.is_active and bool(user.assignments())


@rules.predicate
def administers_people(user: User | None) -> bool:
    """An account of the administration that may change people's accounts."""
    return (
        user is not None and user.is_active and user.is_staff and user.has_perm("cycle.change_user")
    )


@rules.predicate
def begins_dossiers(user: User | None) -> bool:
    """Is officer of a commune, a district or the province."""
    return (
        user is not None
        and user.is_active
        and any(
            assignment.role == "officer" and assignment.org_unit.level != "centre"
            for assignment in user.assignments()
        )
    )


#: Asked of a person and a dossier; true while they may not read the producer's own points.
_HIDES: list[Callable[[User, Dossier], bool]] = []


def hides_own_points(asks: Callable[[User, Dossier], bool]) -> Callable[[User, Dossier], bool]:
    """Let ``asks`` keep a person who sees a dossier from the producer's own points."""
    _HIDES.append(asks)
    return asks


@rules.predicate
def reads_own_points(user: User | None, dossier: Dossier) -> bool:
    """Nothing keeps them from the points that the producer gave itself (điểm tự chấm)."""
    return user is not None and not any(asks(user, dossier) for asks in _HIDES)


#: Who keeps the registers of documents of a unit (văn thư, cán bộ OCOP), or looks into them.
DESK = (Role.CLERK, Role.OFFICER, Role.AUDITOR)


@rules.predicate
def sees_documents(user: User | None) -> bool:
    """Keeps the register of documents (sổ văn bản) of a unit, or looks into it; which documents,
    says ``dossiers/lists/documents.py``.
    """
    return user is not None and user.is_active and bool(user.posts(*DESK))


@rules.predicate
def keeps_documents(user: User | None) -> bool:
    """Keeps the register of documents of a unit: its clerk or OCOP officer."""
    return user is not None and user.is_active and bool(user.posts(Role.CLERK, Role.OFFICER))


rules.add_perm("dossiers.see_documents", sees_documents)
rules.add_perm("dossiers.add_scans", keeps_documents)
rules.add_perm("dossiers.begin", begins_dossiers)
rules.add_perm("dossiers.read_own_points", reads_own_points)
rules.add_perm("dossiers.view", sees_dossier)
rules.add_perm("dossiers.complete_task", holds_task | types_from_paper)
rules.add_perm("dossiers.claim_task", holds_task)
rules.add_perm("dossiers.sign_decision", holds_task)
rules.add_perm("dossiers.release_task", holds_task | leads_unit)
rules.add_perm("dossiers.manage_task", leads_unit)
rules.add_perm("dossiers.reroute_task", routes_task)
rules.add_perm("dossiers.extend_term", approves_extension)
rules.add_perm("dossiers.change_calendar", keeps_calendar)
rules.add_perm("dossiers.allot", keeps_calendar)
rules.add_perm("dossiers.import_stock", keeps_stock)
rules.add_perm("dossiers.keep_potential", keeps_potential)
# The year: the province's office and leaders, and its administration.
rules.add_perm("dossiers.keep_year", keeps_calendar | administers_people)
rules.add_perm("dossiers.see_year", has_a_post | administers_people)
rules.add_perm("dossiers.see_calendar", has_a_post | administers_people)
rules.add_perm("dossiers.administer_people", administers_people)
