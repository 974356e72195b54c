"""When an officer is away or leaves: another acts for them, or takes over all their open work.

A «post» (phân công) is one role of one person at one unit: a RoleAssignment.
"""

from dataclasses import dataclass
from datetime import timedelta

import rules
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext_lazy as _

from cycle import clock
from cycle.models import (
    Cycle,
    DayOff,
    HistoryEntry,
    Role,
    RoleAssignment,
    Stream,
    Substitution,
    User,
)
from dossiers.due import due
from dossiers.guidance import GUIDES
from dossiers.models import Process, Task

LAST_ENTRIES = 3


# --- Who may --------------------------------------------------------------------------------


def own_posts(user):
    """The roles a person holds themselves: what they have by substitution is not passed on."""
    return [held for held in user.assignments() if held.user_id == user.pk]


def arranging(user, post):
    """The role in which ``user`` distributes the work of ``post``, a RoleAssignment or a Task.

    That of a leader of the unit, or of an officer of the unit above; None when they hold neither.
    """
    unit = post.org_unit
    for held in own_posts(user):
        if held.role == Role.LEADER and held.org_unit_id == unit.pk:
            return held
        if held.role == Role.OFFICER and held.org_unit_id == unit.parent_id:
            return held
    return None


@rules.predicate
def holds_post(user, post):
    """The role is this person's own."""
    return user is not None and user.is_active and post.user_id == user.pk


@rules.predicate
def acts_in_post(user, post):
    """Holds the role today, or acts for its holder."""
    return (
        user is not None
        and user.is_active
        and any(held.pk == post.pk for held in user.assignments())
    )


@rules.predicate
def arranges(user, post):
    """A leader of the unit, an officer of the unit above, or an administrator."""
    return (
        user is not None and user.is_active and (user.is_staff or arranging(user, post) is not None)
    )


rules.add_perm("dossiers.substitute", holds_post | arranges)
rules.add_perm("dossiers.hand_over", arranges)
rules.add_perm("dossiers.brief", acts_in_post | arranges)


def arranged_by(user):
    """The posts of today that ``user`` may hand over: the query of :func:`arranges`."""
    posts = RoleAssignment.objects.held_on(clock.today_in_database()).select_related(
        "user", "org_unit"
    )
    if user.is_staff:
        return posts
    held = own_posts(user)
    return posts.filter(
        Q(org_unit__in=[own.org_unit_id for own in held if own.role == Role.LEADER])
        | Q(org_unit__parent__in=[own.org_unit_id for own in held if own.role == Role.OFFICER])
    )


def substitutable_by(user):
    """The posts of today for which ``user`` may name a substitute: their own and those below."""
    mine = RoleAssignment.objects.held_on(clock.today_in_database()).filter(user=user)
    return mine.select_related("user", "org_unit") | arranged_by(user)


# --- In the record --------------------------------------------------------------------------


@dataclass(frozen=True)
class Post:
    """A post as the record of the year names it: it belongs to no one dossier."""

    assignment: RoleAssignment
    pk: int
    history_stream = Stream.CYCLE

    @classmethod
    def of(cls, assignment):
        """In the newest open cycle. Raises ValidationError while there is none at all."""
        return cls(assignment, Cycle.to_record_in().pk)

    @property
    def history_cycle_id(self):
        return self.pk

    def __str__(self):
        return f"{self.assignment.user}, {self.assignment}"


def _record(event, assignment, *, by, to, reason, **data):
    HistoryEntry.objects.record(
        event,
        Post.of(assignment),
        by=by,
        capacity=assignment if holds_post(by, assignment) else arranging(by, assignment),
        reason=reason,
        to=str(to),
        to_id=to.pk,
        holder=str(assignment.user),
        holder_id=assignment.user_id,
        assignment=assignment.pk,
        **data,
    )


def _locked(assignment_id, permission, by):
    """The post, held until the end of the transaction, and ``by`` may do this to it."""
    post = (
        RoleAssignment.objects.select_for_update(of=("self",))
        .select_related("user", "org_unit")
        .get(pk=assignment_id)
    )
    if not rules.has_perm(permission, by, post):
        raise PermissionDenied
    return post


# --- Away: somebody acts for them -------------------------------------------------------------


def substitute(substitution, *, by):
    """Save ``substitution`` (new): from its first day on, another acts for the holder (ủy quyền).

    Raises PermissionDenied unless ``by`` holds the role, leads the unit, works for the level above
    or is an administrator; ValidationError for oneself, a past or overlapping period, no reason.
    """
    with transaction.atomic():
        # Two at once for one role: the second waits here and is refused in words.
        post = _locked(substitution.assignment_id, "dossiers.substitute", by)
        substitution.reason = substitution.reason.strip()
        substitution.created_by = by
        if not substitution.reason:
            raise ValidationError({"reason": _("Bạn chưa nêu lý do ủy quyền.")})
        # Overlapping is said by clean(); the database's own words are for programmers.
        substitution.full_clean(validate_constraints=False)
        if substitution.valid_to < clock.today():
            raise ValidationError({"valid_to": _("Thời gian ủy quyền đã qua.")})
        if not substitution.substitute.is_active:
            raise ValidationError({"substitute": _("Người này không còn dùng hệ thống.")})
        substitution.save(force_insert=True)
        _record(
            "role.substitute",
            post,
            by=by,
            to=substitution.substitute,
            reason=substitution.reason,
            document=substitution.document,
            substitution=substitution.pk,
            period=f"{substitution.valid_from:%d/%m/%Y} – {substitution.valid_to:%d/%m/%Y}",
        )
    return substitution


def end_substitution(substitution, *, by):
    """End it with today (kết thúc ủy quyền); one that has not begun is taken back.

    Raises PermissionDenied as :func:`substitute` does; ValidationError when it has ended.
    """
    with transaction.atomic():
        post = _locked(substitution.assignment_id, "dossiers.substitute", by)
        substitution = Substitution.objects.filter(pk=substitution.pk).first()
        today = clock.today()
        if substitution is None or substitution.valid_to <= today:
            raise ValidationError(_("Ủy quyền này đã kết thúc hoặc hết ngày hôm nay."))
        _record(
            "role.substitute_end",
            post,
            by=by,
            to=substitution.substitute,
            reason="",
            substitution=substitution.pk,
            begun=substitution.valid_from <= today,
        )
        if substitution.valid_from > today:
            substitution.delete()
        else:
            substitution.valid_to = today
            substitution.save(update_fields=["valid_to"])


# --- Leaving: another takes over --------------------------------------------------------------


def hand_over(assignment, *, to, by, on, reason):
    """Give a post with all its open work to ``to``, who has it from the day ``on`` (bàn giao).

    The old assignment ends the day before; the successor gets the role if they lack it; every open
    task that the leaving person, or who acted for them, had claimed becomes theirs. All of it or
    nothing. Returns the successor's assignment. Raises PermissionDenied, ValidationError.
    """
    with transaction.atomic():
        post = _locked(assignment.pk, "dossiers.hand_over", by)
        reason = reason.strip()
        _check_handover(post, to, on, reason)
        post.valid_to = on - timedelta(days=1)
        post.save(update_fields=["valid_to"])
        successor = _give_role(post, to, on)
        to = User.objects.get(pk=to.pk)  # whose roles are read anew
        tasks = _claimed_in(post)
        # Nobody finishes, claims or returns one of them from here on.
        list(
            Process.objects.filter(pk__in=tasks.values("process"))
            .select_for_update()
            .order_by("pk")
        )
        handed = [_pass_on(task, to, by, reason) for task in tasks.order_by("process_id")]
        _record(
            "role.handover",
            post,
            by=by,
            to=to,
            reason=reason,
            on=on.isoformat(),
            successor=successor.pk,
            tasks=handed,
        )
    return successor


def _check_handover(post, to, on, reason):
    if not reason:
        raise ValidationError({"reason": _("Bạn chưa nêu lý do bàn giao.")})
    if to.pk == post.user_id:
        raise ValidationError({"to": _("Người nhận chính là người bàn giao.")})
    if not to.is_active:
        raise ValidationError({"to": _("Người này không còn dùng hệ thống.")})
    if on > clock.today():
        raise ValidationError(
            {"on": _("Chỉ bàn giao từ hôm nay trở về trước; cho ngày sau, hãy ủy quyền.")}
        )
    if on <= post.valid_from or (post.valid_to and post.valid_to < on):
        raise ValidationError(
            {"on": _("%(who)s không giữ vai trò này vào ngày đó.") % {"who": post.user}}
        )


def _give_role(post, to, on):
    """The successor's own assignment to the role: the one they hold today, or a new one."""
    theirs = RoleAssignment.objects.filter(user=to, role=post.role, org_unit=post.org_unit)
    if held := theirs.held_on(clock.today()).first():
        return held
    if theirs.filter(Q(valid_to=None) | Q(valid_to__gte=on)).exists():
        raise ValidationError(
            {"to": _("Người nhận đã được phân công vai trò này trong một thời gian khác.")}
        )
    return RoleAssignment.objects.create(
        user=to, role=post.role, org_unit=post.org_unit, valid_from=on
    )


def _claimed_in(post):
    """Open tasks of the role that were claimed by its holder, or by who acted for them."""
    holders = (
        RoleAssignment.objects.held_on(clock.today())
        .filter(role=post.role, org_unit=post.org_unit)
        .values("user")
    )
    return (
        Task.objects.open()
        .filter(role=post.role, org_unit=post.org_unit)
        .filter(
            Q(owner=post.user_id)
            | Q(owner__in=post.substitutions.values("substitute")) & ~Q(owner__in=holders)
        )
    )


def _pass_on(task, to, by, reason):
    with task._change(
        "task.reassign", by, "dossiers.hand_over", reason=reason, to=str(to), to_id=to.pk
    ):
        task._give(to)
    return task.pk


# --- What the successor must know -------------------------------------------------------------


class Briefing:
    """All open work of a post on one page (bản bàn giao): what, until when, what happened last."""

    def __init__(self, post):
        self.post = post
        self.today = clock.today()

    def taken_over(self):
        """The entry of the hand-over by which this post began, or None."""
        return (
            HistoryEntry.objects.filter(event="role.handover", data__successor=self.post.pk)
            .select_related("actor", "org_unit", "acting_for")
            .last()
        )

    def rows(self):
        """A row per open task that is the holder's or nobody's yet, the soonest due first."""
        tasks = list(
            Task.objects.open()
            .filter(role=self.post.role, org_unit=self.post.org_unit)
            .filter(Q(owner=None) | Q(owner=self.post.user_id))
            .select_related("dossier__product__producer", "dossier__commune", "dossier__rule_set")
            .order_by("due_at", "pk")
        )
        if not tasks:
            return []
        last = self._last_entries([task.dossier_id for task in tasks])
        days = [self.today, *(task.due_on for task in tasks)]
        calendar = DayOff.objects.calendar(min(days), max(days))
        return [
            {
                "task": task,
                "dossier": task.dossier,
                "guide": GUIDES[task.node],
                "law": GUIDES[task.node].law_for(task.dossier.rule_set),
                "due": due(task.due_on, self.today, calendar),
                "history": last.get(task.dossier_id, []),
            }
            for task in tasks
        ]

    def _last_entries(self, dossiers):
        entries = (
            HistoryEntry.objects.filter(stream=Stream.DOSSIER, stream_id__in=dossiers)
            .annotate(
                age=Window(RowNumber(), partition_by=[F("stream_id")], order_by=F("seq").desc())
            )
            .filter(age__lte=LAST_ENTRIES)
            .select_related("actor", "org_unit", "acting_for")
            .order_by("stream_id", "-seq")
        )
        last: dict[int, list] = {}
        for entry in entries:
            last.setdefault(entry.stream_id, []).append(entry)
        return last
