"""Substitution and hand-over: another acts for an officer who is away, or takes over their work.

A «post» (phân công) is one role of one person at one unit: a RoleAssignment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import rules
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from cycle import appointing, clock
from cycle.locking import locked
from cycle.models import (
    Cycle,
    DayOff,
    Document,
    HistoryEntry,
    OrgUnit,
    Role,
    RoleAssignment,
    Stream,
    Substitution,
    User,
)
from cycle.models.organisation import RoleAssignmentQuerySet
from dossiers.models import Process, Task, TaskAlreadyDone
from dossiers.models.task import TaskQuerySet
from dossiers.walk import doors, engine

#: The roles that arrange the work of the units below their own.
ABOVE = (Role.OFFICER, Role.LEADER)
#: Working days within which the document of a substitution made without one must follow.
PAPER_DAYS = 5
#: A substitution without a document begins at most this many days ahead: for a later day there is
#: time for the document.
AHEAD_WITHOUT_PAPER = 7


# --- Who may --------------------------------------------------------------------------------


def own_posts(user: User) -> list[RoleAssignment]:
    """The posts that ``user`` holds, without those they have as a substitute."""
    return [held for held in user.assignments() if held.user_id == user.pk]


def arranging(user: User, post: RoleAssignment | Task) -> RoleAssignment | None:
    """The assignment in which ``user`` arranges the work of ``post``, a RoleAssignment or a Task:
    as leader of its unit, or as officer or leader of the unit above. None without; to be an
    administrator gives no such right.
    """
    assert post.org_unit is not None, "a task of a person is at a unit"
    own, above = own_posts(user), post.org_unit.above()
    for held in own:
        if held.role == Role.LEADER and post.org_unit_id in held.business:
            return held
        if held.role in ABOVE and not above.isdisjoint(held.business):
            return held
    return None


@rules.predicate
def holds_post(user: User | None, post: RoleAssignment) -> bool:
    """Holds the post, today or from a day to come."""
    return (
        user is not None
        and user.is_active
        and post.user_id == user.pk
        and (post.valid_to is None or post.valid_to >= clock.today())
    )


@rules.predicate
def acts_in_post(user: User | None, post: RoleAssignment) -> bool:
    """Has the post's role today, their own or as a substitute."""
    return (
        user is not None
        and user.is_active
        and any(held.pk == post.pk for held in user.assignments())
    )


@rules.predicate
def arranges(user: User | None, post: RoleAssignment | Task) -> bool:
    """Is leader of the post's unit, or officer or leader of the unit above."""
    return user is not None and user.is_active and arranging(user, post) is not None


rules.add_perm("dossiers.substitute", holds_post | arranges)
rules.add_perm("dossiers.hand_over", arranges)
rules.add_perm("dossiers.brief", acts_in_post | arranges)


def arranged_by(user: User) -> RoleAssignmentQuerySet:
    """The posts held today that ``user`` arranges: :func:`arranges` as a query."""
    return (
        RoleAssignment.objects.held_on(clock.today_in_database())
        .filter(arranged_ever(user))
        .select_related("user", "org_unit")
    )


def arranged_ever(user: User, post: str = "") -> Q:
    """:func:`arranges` as a condition on posts of any day; ``post`` is the lookup prefix that leads
    to the post.
    """
    led, over = (
        [unit for own in own_posts(user) if own.role in roles for unit in own.business]
        for roles in ((Role.LEADER,), ABOVE)
    )
    below = OrgUnit.objects.right_below(over)
    return Q(**{f"{post}org_unit__in": led}) | Q(**{f"{post}org_unit__in": below})


def substitutable_by(user: User) -> RoleAssignmentQuerySet:
    """The posts held today for which ``user`` may name a substitute: their own, and those that they
    arrange.
    """
    mine = RoleAssignment.objects.held_on(clock.today_in_database()).filter(user=user)
    return mine.select_related("user", "org_unit") | arranged_by(user)


# --- In the record --------------------------------------------------------------------------


@dataclass(frozen=True)
class Post:
    """A post in the history of a cycle, as it belongs to no dossier."""

    assignment: RoleAssignment
    pk: int
    history_stream = Stream.CYCLE

    @classmethod
    def of(cls, assignment: RoleAssignment) -> Post:
        """``assignment`` in the newest open cycle. Raises ValidationError without any cycle."""
        return cls(assignment, Cycle.to_record_in().pk)

    @property
    def history_cycle_id(self) -> int:
        return self.pk

    def __str__(self) -> str:
        return f"{self.assignment.user}, {self.assignment}"


def _capacity(by: User | None, assignment: RoleAssignment) -> RoleAssignment | None:
    if by is None:
        return None
    return assignment if holds_post(by, assignment) else arranging(by, assignment)


def _record(
    event: str,
    assignment: RoleAssignment,
    *,
    by: User | None,
    to: User,
    reason: str,
    **data: Any,
) -> None:
    HistoryEntry.objects.record(
        event,
        Post.of(assignment),
        by=by,
        capacity=_capacity(by, assignment),
        reason=reason,
        to=str(to),
        to_id=to.pk,
        holder=str(assignment.user),
        holder_id=assignment.user_id,
        assignment=assignment.pk,
        **data,
    )


def _locked(assignment_id: int, permission: str, by: User) -> RoleAssignment:
    """The post, locked until the end of the transaction. Raises PermissionDenied."""
    its = RoleAssignment.objects.select_related("user", "org_unit").filter(pk=assignment_id)
    post = locked(its).get()
    if not rules.has_perm(permission, by, post):
        raise PermissionDenied
    return post


# --- Away: somebody acts for them -------------------------------------------------------------


def substitute(substitution: Substitution, *, by: User) -> Substitution:
    """Save the new ``substitution``: from its first to its last day another acts for the holder
    (ủy quyền), and its ``basis``, as typed, in the ledger. Returns it.

    The holder may name anybody; for a leader's post that needs a document. Whoever arranges the
    post may name a third person on a document, or in sickness without one, which must then follow
    by ``paper_due_on``. Raises PermissionDenied for others. Raises ValidationError:

    - for oneself without another's signature, for an auditor or an administrator's sign-in, and for
      a substitute who is then officer and leader of one unit;
    - without a reason; for a period that is past or overlaps another;
    - without a document: for a first day before today, and, when another than the holder names the
      substitute, for one more than AHEAD_WITHOUT_PAPER days ahead, or while the document of an
      earlier substitution is owed.
    """
    with transaction.atomic():
        # Two at once for one role: the second waits here and is refused in words.
        post = _locked(substitution.assignment_id, "dossiers.substitute", by)
        today = clock.today()
        substitution.reason = substitution.reason.strip()
        substitution.created_by = by
        if not substitution.reason:
            raise ValidationError({"reason": _("Bạn chưa nêu lý do ủy quyền.")})
        # clean() says in Vietnamese what the exclusion constraint would refuse.
        substitution.full_clean(validate_constraints=False)
        if substitution.valid_to < today:
            raise ValidationError({"valid_to": _("Thời gian ủy quyền đã qua.")})
        if substitution.valid_from < today and substitution.basis is None:
            raise ValidationError(
                {"valid_from": _("Ủy quyền chưa có văn bản bắt đầu từ hôm nay hoặc một ngày sau.")}
            )
        appointing.check_stand_in(
            substitution.substitute,
            post,
            first=substitution.valid_from,
            last=substitution.valid_to,
            field="substitute",
        )
        appointing.check_person(substitution.substitute, post.role, field="substitute")
        substitution.basis = _into_ledger(substitution, post, substitution.basis, by)
        if substitution.basis is None and not holds_post(by, post):
            _check_owes_none(post)
            first = substitution.valid_from
            if first > today + timedelta(days=AHEAD_WITHOUT_PAPER):
                raise ValidationError(
                    {
                        "valid_from": _(
                            "Chưa có văn bản thì chỉ cử được người làm thay bắt đầu trong "
                            "%(days)s ngày tới: xa hơn thì còn kịp ra văn bản."
                        )
                        % {"days": AHEAD_WITHOUT_PAPER}
                    }
                )
            calendar = DayOff.objects.calendar(first, first + timedelta(days=60))
            substitution.paper_due_on = calendar.add(first, PAPER_DAYS)
        substitution.save(force_insert=True)
        _record(
            "role.substitute",
            post,
            by=by,
            to=substitution.substitute,
            reason=substitution.reason,
            **appointing.told(substitution.basis),
            substitution=substitution.pk,
            period=f"{substitution.valid_from:%d/%m/%Y} – {substitution.valid_to:%d/%m/%Y}",
        )
    return substitution


def _into_ledger(
    substitution: Substitution, post: RoleAssignment, typed: Document | None, by: User
) -> Document | None:
    """What a substitution rests on, as typed, in the ledger. Raises ValidationError by field."""
    appointing.check_paper(substitution.substitute, post.role, by=by, **appointing.said(typed))
    return in_ledger(typed, [post], by=by)


def in_ledger(
    typed: Document | None, posts: Sequence[RoleAssignment], *, by: User
) -> Document | None:
    """What is done with these posts rests on, as typed, in the ledger. Raises ValidationError by
    field.
    """
    units = [post.org_unit for post in posts]
    return appointing.recorded(typed, units, by=by, capacity=_capacity(by, posts[0]))


def said_at(refused: ValidationError, names: Mapping[str, str]) -> ValidationError:
    """What was refused, at the fields that this act has for them."""
    if not hasattr(refused, "error_dict"):
        return refused
    return ValidationError(
        {names.get(name, name): said for name, said in refused.error_dict.items()}
    )


def _check_owes_none(post: RoleAssignment) -> None:
    """Raise ValidationError while the document of an earlier substitution of the post is owed.

    However long ago it was: otherwise one could name substitutes without documents again and again,
    a week apart. On a document another may always be named, and the owed one is taken at any time.
    """
    owed = Substitution.objects.owing(post).select_related("substitute").order_by("pk").last()
    if owed is None:
        return
    raise ValidationError(
        {
            "number": _(
                "Lần cử %(who)s làm thay từ %(day)s chưa có văn bản: hãy ghi văn bản đó ở trang "
                "Vắng mặt, ủy quyền, hoặc nhập văn bản cho lần này."
            )
            % {"who": owed.substitute, "day": f"{owed.valid_from:%d/%m/%Y}"}
        }
    )


def add_paper(substitution: Substitution, *, document: Document, by: User) -> Substitution:
    """Record the document, as typed, of a substitution that began without one (bổ sung văn bản).

    After ``paper_due_on`` the substitution stays ended. Raises PermissionDenied; ValidationError
    when no document is owed.
    """
    with transaction.atomic():
        post = _locked(substitution.assignment_id, "dossiers.substitute", by)
        substitution = Substitution.objects.get(pk=substitution.pk)
        if substitution.basis_id or substitution.paper_due_on is None:
            raise ValidationError(_("Ủy quyền này không chờ văn bản."))
        substitution.basis = _into_ledger(substitution, post, document, by)
        if substitution.paper_due_on < clock.today():
            substitution.valid_to = min(substitution.valid_to, substitution.paper_due_on)
        substitution.save(update_fields=["basis", "valid_to"])
        _record(
            "role.substitute_paper",
            post,
            by=by,
            to=substitution.substitute,
            reason="",
            **appointing.told(substitution.basis),
            substitution=substitution.pk,
        )
    return substitution


def end_substitution(substitution: Substitution, *, by: User) -> None:
    """Make today the last day of a substitution (kết thúc ủy quyền); one that has not begun is
    deleted.

    Raises PermissionDenied as :func:`substitute` does; ValidationError when it ends today or has
    ended.
    """
    with transaction.atomic():
        post = _locked(substitution.assignment_id, "dossiers.substitute", by)
        found = Substitution.objects.filter(pk=substitution.pk).first()
        today = clock.today()
        if found is None or found.valid_to <= today:
            raise ValidationError(_("Ủy quyền này đã kết thúc hoặc hết ngày hôm nay."))
        _record(
            "role.substitute_end",
            post,
            by=by,
            to=substitution.substitute,
            reason="",
            substitution=found.pk,
            begun=found.valid_from <= today,
        )
        if found.valid_from > today:
            found.delete()
        else:
            found.valid_to = today
            found.save(update_fields=["valid_to"])


# --- Leaving: another takes over --------------------------------------------------------------


def hand_over(
    assignment: RoleAssignment,
    *,
    to: User,
    by: User,
    on: date,
    reason: str,
    document: Document | None = None,
) -> RoleAssignment:
    """Give the post ``assignment`` with all its open work to ``to``, from the day ``on``, today or
    later (bàn giao), on the ``document`` as typed, or as another act recorded it.

    The old assignment ends the day before. The successor gets the role if they lack it, and on that
    day every open task that the holder or their substitute had claimed. All or nothing. Returns the
    successor's assignment. Raises PermissionDenied; ValidationError without a reason, for a past
    day, for a successor who may not have the post, or when it is handed over already.
    """
    with transaction.atomic():
        post = _locked(assignment.pk, "dossiers.hand_over", by)
        reason = reason.strip()
        _check_handover(post, to, on, reason)
        appointing.check_sides(to, post, first=on, last=None, field="to")
        appointing.check_person(to, post.role, field="to")
        appointing.check_paper(to, post.role, by=by, **appointing.said(document))
        document = in_ledger(document, [post], by=by)
        was_until = post.valid_to
        post.valid_to, post.handed_to = on - timedelta(days=1), to
        post.save(update_fields=["valid_to", "handed_to"])
        successor, is_new = _give_role(post, to, on, made_by=by, basis=document)
        handed = []
        if on <= clock.today():
            handed = _pass_all(post, User.objects.get(pk=to.pk), by, reason)
        _record(
            "role.handover",
            post,
            by=by,
            to=to,
            reason=reason,
            on=on.isoformat(),
            was_until=was_until.isoformat() if was_until else None,
            successor=successor.pk,
            is_new=is_new,
            tasks=handed,
            **appointing.told(document),
        )
    return successor


def take_back(assignment: RoleAssignment, *, by: User) -> None:
    """Undo a hand-over that has not begun (bỏ bàn giao): the holder stays.

    Raises PermissionDenied; ValidationError when there is none or it has begun.
    """
    with transaction.atomic():
        post = _locked(assignment.pk, "dossiers.hand_over", by)
        if post.handed_to is None or post.valid_to is None or post.valid_to < clock.today():
            raise ValidationError(_("Không có bàn giao nào chưa bắt đầu để bỏ."))
        appointing.check_sign_in(post.user, field="to")
        to, made = post.handed_to, _last_handover(post).data
        until = date.fromisoformat(made["was_until"]) if made["was_until"] else None
        appointing.check_held_on(post, first=post.valid_to + timedelta(days=1), last=until)
        if made["is_new"]:
            RoleAssignment.objects.filter(pk=made["successor"]).delete()
        post.valid_to, post.handed_to = until, None
        post.save(update_fields=["valid_to", "handed_to"])
        gone = {"successor": made["successor"]} if made["is_new"] else {}
        _record("role.handover_back", post, by=by, to=to, reason="", **gone)


def _check_handover(post: RoleAssignment, to: User, on: date, reason: str) -> None:
    if not reason:
        raise ValidationError({"reason": _("Bạn chưa nêu lý do bàn giao.")})
    if to.pk == post.user_id:
        raise ValidationError({"to": _("Người nhận chính là người bàn giao.")})
    if on < clock.today():
        raise ValidationError(
            {"on": _("Chỉ bàn giao từ hôm nay trở đi: việc đã làm phải có người giữ vai trò.")}
        )
    if post.handed_to_id is not None:
        raise ValidationError(
            {"on": _("Vai trò này đã bàn giao, chưa bắt đầu: hãy bỏ bàn giao đó trước.")}
        )
    if on <= post.valid_from or (post.valid_to and post.valid_to < on):
        raise ValidationError(
            {"on": _("%(who)s không giữ vai trò này vào ngày đó.") % {"who": post.user}}
        )


def _give_role(
    post: RoleAssignment, to: User, on: date, **made: Any
) -> tuple[RoleAssignment, bool]:
    """(assignment of ``to`` to the role, whether it is new): the one held on ``on``, or a new one.
    Raises ValidationError when ``to`` has the role at a later time only.
    """
    theirs = RoleAssignment.objects.filter(user=to, role=post.role, org_unit=post.org_unit)
    if held := theirs.held_on(on).first():
        return held, False
    if theirs.filter(Q(valid_to=None) | Q(valid_to__gte=on)).exists():
        raise ValidationError(
            {"to": _("Người nhận đã được phân công vai trò này trong một thời gian khác.")}
        )
    given = RoleAssignment.objects.create(
        user=to, role=post.role, org_unit=post.org_unit, valid_from=on, **made
    )
    return given, True


def _last_handover(post: RoleAssignment) -> HistoryEntry:
    """The history entry of the last hand-over of a post that has one."""
    told = HistoryEntry.objects.filter(event="role.handover", data__assignment=post.pk).last()
    assert told is not None, "every hand-over is recorded"
    return told


def _claimed_in(post: RoleAssignment) -> TaskQuerySet:
    """The open tasks of the post that its holder or their substitute has claimed."""
    holders = RoleAssignment.objects.at(post.org_unit_id).filter(role=post.role).values("user")
    return Task.objects.open_in(post).filter(
        Q(owner=post.user_id)
        | Q(owner__in=post.substitutions.values("substitute")) & ~Q(owner__in=holders)
    )


def _pass_all(post: RoleAssignment, to: User, by: User | None, reason: str) -> list[int]:
    """Reassign every task claimed in ``post`` to ``to``; returns their ids."""
    tasks = _claimed_in(post)
    # Locked: nobody finishes, claims or releases one of them meanwhile.
    list(Process.objects.filter(pk__in=tasks.values("process")).select_for_update().order_by("pk"))
    return [_pass_on(task, to, by, reason) for task in tasks.order_by("process_id")]


def _pass_on(task: Task, to: User, by: User | None, reason: str) -> int:
    # ``by`` None: the beat carries out a hand-over that was allowed when it was made.
    permission = "dossiers.hand_over" if by else None
    with doors.changing(
        task, "task.reassign", by, permission, reason=reason, to=str(to), to_id=to.pk
    ):
        engine.give(task, to)
    return task.pk


# --- By the beat: what begins or ends with a day ------------------------------------------------


@appointing.work
def open_work(role: str, org_unit_id: int) -> int:
    """The number of open tasks of ``role`` at a unit."""
    return Task.objects.open().filter(role=role, org_unit=org_unit_id).count()


def keep_posts() -> int:
    """Begin and end what was to begin or end by today: substitutions, hand-overs, claims. Called by
    the beat; harmless when called again. Returns how many rows changed.
    """
    return _end_without_paper() + _begin_handovers() + free_stranded()


def _end_without_paper() -> int:
    """End the substitutions whose document did not follow, as of ``paper_due_on``; queries have
    left them out since that day.
    """
    ended = 0
    late = Substitution.objects.without_paper(clock.today()).filter(valid_to__gt=F("paper_due_on"))
    for pk in late.values_list("pk", flat=True):
        with transaction.atomic():
            beside = ("assignment__user", "assignment__org_unit", "substitute")
            given = locked(late.select_related(*beside).filter(pk=pk)).first()
            if given is None:
                continue
            given.valid_to = given.paper_due_on  # type: ignore[assignment]  # it is past
            given.save(update_fields=["valid_to"])
            _record(
                "role.substitute_lapse",
                given.assignment,
                by=None,
                to=given.substitute,
                reason="",
                substitution=given.pk,
            )
            ended += 1
    return ended


def _begin_handovers() -> int:
    """Reassign the claimed tasks of posts whose hand-over has begun."""
    passed = 0
    today = clock.today()
    posts = RoleAssignment.objects.filter(
        Exists(
            Task.objects.open().filter(
                owner=OuterRef("user"),
                role=OuterRef("role"),
                org_unit__in=OrgUnit.objects.business_of(OuterRef(OuterRef("org_unit"))),
            )
        ),
        handed_to__isnull=False,
        valid_to__lt=today,
    )
    for post in posts.select_related("handed_to", "org_unit", "user"):
        to = post.handed_to
        # Not to a successor who has lost the role, nor from a holder who has it again.
        if to is None or not to.is_active or to.capacity(post.role, post.org_unit_id) is None:
            continue
        if post.user.capacity(post.role, post.org_unit_id) is not None:
            continue
        with transaction.atomic():
            passed += len(_pass_all(post, to, None, _last_handover(post).reason))
    return passed


def free_stranded() -> int:
    """Release the open tasks whose owner may no longer do them, as their role, substitution or
    account has ended. Returns how many.
    """
    unit, role, today = OuterRef("org_unit"), OuterRef("role"), clock.today_in_database()
    own = RoleAssignment.objects.at(unit).filter(user=OuterRef("owner"), role=role)
    lent = Substitution.objects.at(unit, role, today).filter(substitute=OuterRef("owner"))
    tasks = Task.objects.open().filter(
        ~(Exists(own) | Exists(lent)) | Q(owner__is_active=False), owner__isnull=False
    )
    freed = 0
    for task in tasks.order_by("process_id"):
        try:
            with transaction.atomic(), doors.changing(task, "task.release", None, None):
                engine.give(task, None)
        except TaskAlreadyDone:
            continue
        freed += 1
    return freed
