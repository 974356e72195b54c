"""Who must do what now, and the two doors through which every change of a dossier goes."""

from contextlib import contextmanager

import rules
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from viewflow.workflow.managers import ProcessQuerySet
from viewflow.workflow.managers import TaskQuerySet as EngineTaskQuerySet
from viewflow.workflow.models import AbstractProcess, AbstractTask
from viewflow.workflow.status import PROCESS, STATUS

from cycle import clock
from cycle.models import Duty, HistoryEntry, OrgUnit, Role, RoleAssignment, User, people_of
from dossiers.law.conditions import ActNotPossible, ConditionNotMet
from dossiers.law.states import LIVE, State, states_of
from dossiers.models.dossier import Dossier, Route
from dossiers.models.law import ACTS, OFFICERS
from dossiers.rules import fitting, has_authority, holds_task, routing

OPEN = (STATUS.NEW, STATUS.ASSIGNED, STATUS.STARTED)


#: The task of who signs the decision of recognition.
SIGNED_NODE = "decide"

#: Above so many posts a join is cheaper than naming each (measured: 72 ms for 270 in a list).
MANY_POSTS = 20


#: The tasks in which a dossier is received, and those in which it was sent there from below.
RECEIVED_FROM = {
    "check_at_district": ("sign_report",),
    "check_at_province": ("sign_report", "forward_from_district"),
}
#: The acts that send it up.
FORWARDS = ("forward_to_district", "forward_to_province")
BOTH_ENDS = _(
    "Một người không vừa chuyển hồ sơ từ cấp dưới vừa tiếp nhận ở cấp trên, kể cả khi làm thay: "
    "phải do người khác làm."
)


def sent(dossier_id, by, node):
    """Whether ``by`` sent the dossier to the task ``node`` from below."""
    return Task.objects.filter(
        dossier=dossier_id,
        node__in=RECEIVED_FROM[node],
        outcome__in=FORWARDS,
        closed_by=by,
        status=STATUS.DONE,
    ).exists()


class TaskAlreadyDone(Exception):
    """Somebody finished, cancelled or passed this task on first; ``task`` says who and when."""

    def __init__(self, task):
        super().__init__(f"task {task.pk} is {task.status}")
        self.task = task


class PaperRequired(Exception):
    """This person may only record the act from a signed paper, and gave none."""


class Process(AbstractProcess):
    """One walk of a dossier through the flow of its edition (quá trình xử lý).

    A dossier has at most one open process; reopening, refiling and late entry begin another.
    """

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="processes")
    data = models.JSONField(default=dict, blank=True)

    # What the engine looks for on its stock model.
    parent_task = None
    parent_task_id = None
    seed = None
    artifact = None

    objects = ProcessQuerySet.as_manager()

    class Meta:
        verbose_name = _("quá trình xử lý")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["dossier"],
                condition=Q(status=PROCESS.NEW),
                name="one_open_process_per_dossier",
            ),
        ]

    @classmethod
    def open(cls, dossier, *, by, at=None, reason=""):
        """Open a new dossier and its first task (mở hồ sơ).

        ``dossier`` is unsaved, with cycle, product and commune; its law is the cycle's. Raises
        PermissionDenied when ``by`` is not an officer in its line.
        """
        from dossiers.walk import engine

        moment = at or clock.now()
        with transaction.atomic():
            if not rules.has_perm("dossiers.open", by, dossier):
                raise PermissionDenied
            dossier.rule_set = dossier.cycle.rule_set
            dossier.opened_at = dossier.moved_at = moment
            dossier.save(force_insert=True)
            HistoryEntry.objects.record(
                "dossier.open",
                dossier,
                by=by,
                capacity=_capacity(by, dossier, "open"),
                at=moment,
                after=dossier.state,
                reason=reason,
            )
            return engine.start(dossier)

    def act(
        self,
        name,
        *,
        by,
        capacity=None,
        at=None,
        reason="",
        record=None,
        paper=None,
        authority=None,
        **values,
    ):
        """Do an act that no task asked for (rút, chuyển chu trình, mở lại, nộp lại, vào muộn…).

        When the dossier moves, its open tasks are cancelled and the walk ends, or begins again
        where the dossier now stands. ``authority`` is the entry of a round's history by which it
        is done, when it is by one. Raises PermissionDenied, ActNotPossible, ConditionNotMet,
        ValidationError; changes nothing then.
        """
        from dossiers.terms import clocks
        from dossiers.walk import engine

        if ACTS.get(name, {}).get("door") != "act":
            raise ActNotPossible(name)
        with transaction.atomic():
            dossier = self.dossier
            # The round is held before the walk, in the order in which its closing takes them.
            left = _entry_to_leave(dossier) if ACTS[name]["leaves"] else None
            dossier._leaving = left.pk if left else 0
            process = Process.objects.select_for_update().get(pk=self.pk)
            dossier._authority = authority
            if name == "receive_directly" and any(
                sent(dossier.pk, by, node) for node in RECEIVED_FROM
            ):
                raise ConditionNotMet([BOTH_ENDS])
            entry = dossier.perform(
                name,
                by=by,
                capacity=capacity or _capacity(by, dossier, name),
                at=at,
                reason=reason,
                records=_records(record),
                paper=paper,
                data={"authority": authority.pk} if authority else None,
                **values,
            )
            # The dossier is locked now: a walk that began after this one was read is seen here.
            if Process.objects.filter(dossier_id=dossier.pk, pk__gt=process.pk).exists():
                raise ActNotPossible(name)
            closed = process._stop(entry.at) if entry.after != entry.before else []
            clocks.follow(dossier, entry, closed=closed)
            if left is not None:
                left.leave(entry)
            if entry.after != entry.before and dossier.state in LIVE:
                engine.start(dossier)
        return dossier

    def _stop(self, at):
        """Cancel what is open and return the ids of those tasks; none for a walk that has ended."""
        if self.status != PROCESS.NEW:
            return []
        tasks = self.task_set.filter(open_state__isnull=False)
        closed = list(tasks.values_list("pk", flat=True))
        tasks.update(status=STATUS.CANCELED, finished=at, closed_at=at)
        self.status, self.finished = PROCESS.CANCELED, at
        self.save(update_fields=["status", "finished"])
        return closed


def _entry_to_leave(dossier):
    """The entry of the round that the dossier is in, its round locked; None when in none."""
    entry = dossier.round_entries.filter(live=True).select_related("round").first()
    if entry is None:
        return None
    entry.round.lock()
    # It may have closed while we waited.
    entry.refresh_from_db(fields=["live"])
    return entry if entry.live else None


def _records(record):
    """What an act saves, as a list."""
    if record is None:
        return []
    return list(record) if isinstance(record, list | tuple) else [record]


def _capacity(user, dossier, name):
    """The first assignment by which ``user`` may do the task-less act ``name``; None when none."""
    who = ACTS[name]["who"] if name in ACTS else OFFICERS
    return next(iter(fitting(user, dossier, who)), None) if user else None


class TaskQuerySet(EngineTaskQuerySet):
    def next_user_task(self, process, user):
        """What the engine asks after a task; its own version looks at the stock tables."""
        return self.filter(process=process, owner=user, status=STATUS.ASSIGNED).first()

    def open(self):
        """Tasks somebody must still do."""
        return self.filter(open_state__isnull=False)

    def inbox(self, user):
        """Open tasks this person may do today: their role, their unit (hộp việc)."""
        posts: dict[str, list[int]] = {}
        for assignment in user.assignments():
            posts.setdefault(assignment.role, []).append(assignment.org_unit_id)
        if sum(map(len, posts.values())) > MANY_POSTS:
            held = RoleAssignment.objects.filter(
                pk__in=[assignment.pk for assignment in user.assignments()],
                role=OuterRef("role"),
                org_unit=OuterRef("org_unit"),
            )
            return self.open().filter(Exists(held))
        # Named outright, PostgreSQL knows from its statistics how few tasks these are.
        mine = Q(pk__in=[])
        for role, units in posts.items():
            mine |= Q(role=role, org_unit__in=units)
        return self.open().filter(mine)

    def to_type(self, user):
        """Open tasks of others that this person may record from a signed paper (chờ văn bản)."""
        desks = [
            assignment.org_unit_id
            for assignment in user.assignments()
            if assignment.role in (Role.OFFICER, Role.CLERK)
        ]
        others = self.open().filter(org_unit__in=desks, role__in=[Role.LEADER, Role.COUNCIL_OFFICE])
        return others.exclude(pk__in=self.inbox(user).filter(org_unit__in=desks).values("pk"))

    def done_by(self, user):
        """Tasks this person finished, newest first."""
        return self.filter(closed_by=user, status=STATUS.DONE).order_by("-closed_at", "-pk")

    def visible_to(self, user):
        """Tasks, open or done, of the dossiers this person may see."""
        return self.filter(flow_task_type="HUMAN", dossier__in=Dossier.objects.visible_to(user))

    def of_step(self, step):
        """Tasks of a step of the walk."""
        return self.filter(state__in=states_of(step))


class Task(AbstractTask):
    """Something a role at a unit must do to a dossier by a day (công việc).

    Nodes of the flow that no person does (start, gateway, end) are rows of the same table with the
    columns below empty. ``state`` is the dossier's state that the task presumes; while the task is
    open the database holds ``(dossier, open_state)`` against the dossier itself.
    """

    process = models.ForeignKey(
        Process, models.PROTECT, related_name="task_set", related_query_name="task"
    )
    data = models.JSONField(default=dict, blank=True)
    status = models.CharField(choices=STATUS.choices, default=STATUS.NEW, max_length=50)
    created = models.DateTimeField(default=timezone.now)
    owner = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="tasks",
        verbose_name=_("người nhận"),
    )
    # Of the engine's columns nothing here uses these.
    owner_permission_content_type = models.ForeignKey(
        ContentType, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    scheduled = None
    external_task_id = None
    seed = None
    artifact = None

    dossier = models.ForeignKey(
        Dossier, models.PROTECT, null=True, db_index=False, related_name="tasks"
    )
    node = models.CharField(_("công việc"), max_length=40, blank=True)
    state = models.CharField(max_length=40, choices=State.choices, blank=True)
    role = models.CharField(_("vai trò"), max_length=20, choices=Role, blank=True)
    org_unit = models.ForeignKey(
        OrgUnit,
        models.PROTECT,
        null=True,
        db_index=False,
        related_name="tasks",
        verbose_name=_("đơn vị"),
    )
    opened_at = models.DateTimeField(_("giao lúc"), null=True)
    due_on = models.DateField(_("hạn xử lý"), null=True)
    due_at = models.DateTimeField(null=True)
    waiting_since = models.DateTimeField(_("chờ chủ thể từ"), null=True)
    waiting_reason = models.CharField(_("chờ chủ thể vì"), max_length=300, blank=True)
    #: The decision is signed, and waits for the clerk's number (chờ văn thư vào số).
    signed_at = models.DateTimeField(_("đã ký lúc"), null=True)
    asked_since = models.DateTimeField(_("chờ ý kiến từ"), null=True)
    #: Its clock stands still: it is neither due soon nor overdue.
    paused = models.BooleanField(_("tạm dừng"), default=False)
    closed_at = models.DateTimeField(_("xong lúc"), null=True)
    closed_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        verbose_name=_("người làm"),
    )
    outcome = models.CharField(_("việc đã làm"), max_length=40, blank=True)
    open_state = models.GeneratedField(
        # By status, not by ``finished``: an obsolete node of the engine leaves that empty.
        expression=Case(
            When(
                Q(status__in=OPEN) & Q(flow_task_type="HUMAN") & ~Q(state=""),
                then=F("state"),
            ),
            default=Value(None),
        ),
        output_field=models.CharField(max_length=40, null=True),
        db_persist=True,
    )

    objects = TaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("công việc")
        verbose_name_plural = _("công việc")
        ordering = ["due_at", "pk"]
        indexes = [
            models.Index(
                fields=["org_unit", "role", "due_at", "id"],
                name="task_inbox",
                condition=Q(open_state__isnull=False),
            ),
            models.Index(
                fields=["owner", "due_at", "id"],
                name="task_mine",
                condition=Q(open_state__isnull=False),
            ),
            models.Index(
                fields=["closed_by", "-closed_at"],
                name="task_done_by",
                condition=Q(status="DONE", closed_by__isnull=False),
            ),
            models.Index(
                fields=["dossier", "open_state"],
                name="task_of_dossier",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(flow_task_type="HUMAN")
                | Q(
                    dossier__isnull=False,
                    org_unit__isnull=False,
                    opened_at__isnull=False,
                    due_on__isnull=False,
                    due_at__isnull=False,
                )
                & ~Q(role="")
                & ~Q(state="")
                & ~Q(node=""),
                name="task_of_a_person_is_complete",
            ),
            models.CheckConstraint(
                condition=~Q(flow_task_type="HUMAN", status="DONE")
                | Q(closed_at__isnull=False, closed_by__isnull=False) & ~Q(outcome=""),
                name="task_done_knows_by_whom",
            ),
        ]

    def __str__(self):
        return f"{self.node} #{self.pk}"

    # --- What it knows ----------------------------------------------------------------------

    @property
    def is_open(self):
        """Whether somebody must still do it."""
        return self.status in OPEN

    @property
    def step(self):
        """The step of the walk it belongs to."""
        return State(self.state).step

    def acts(self):
        """Names of the acts this task offers, the way forward first."""
        names = [
            name
            for name, act in ACTS.items()
            if act["door"] == "task"
            and getattr(Dossier, name)._django_fsm.has_transition(self.state)
        ]
        return sorted(
            names, key=lambda name: ["forward", "return", "refuse"].index(ACTS[name]["tone"])
        )

    # --- The first door ---------------------------------------------------------------------

    def complete(
        self,
        name,
        *,
        by,
        record=None,
        paper=None,
        at=None,
        reason="",
        authority=None,
        **values,
    ):
        """Do the act ``name`` this task asks for, close it and open the next, or do none of it.

        ``record`` is what the step keeps (unsaved), or a list; ``paper`` the signed document
        that the act is recorded from; ``authority`` the entry of a round's history by which it
        is done, as the person who closed the round. Raises TaskAlreadyDone, PermissionDenied,
        PaperRequired, ActNotPossible, ConditionNotMet, ValidationError.
        """
        from dossiers.terms import clocks
        from dossiers.walk import engine

        with engine.held(self) as activation:
            if not self.is_open:
                raise TaskAlreadyDone(self)
            # Not read yet: perform() rereads it under its lock.
            dossier = activation.process.dossier = self.dossier = Dossier(pk=self.dossier_id)
            dossier._open_task, dossier._authority = self, authority
            authorised = has_authority(by, dossier)
            if not authorised and not rules.has_perm("dossiers.complete_task", by, self):
                raise PermissionDenied
            if ACTS.get(name, {}).get("door") != "task":
                raise ActNotPossible(name)
            typed = not authorised and not holds_task(by, self)
            if typed and paper is None:
                raise PaperRequired
            if not authorised:
                self._not_both_ends(name, by)
            entry = dossier.perform(
                name,
                by=by,
                capacity=self._capacity(by),
                at=at,
                reason=reason,
                records=_records(record),
                paper=paper,
                typed=typed,
                data={"task": self.pk, "node": self.node}
                | ({"authority": authority.pk} if authority else {}),
                **values,
            )
            self.closed_at, self.closed_by, self.outcome = entry.at, by, name
            clocks.follow(dossier, entry, closed=[self.pk])
            activation.hand_in(by)
            activation.execute()
        return dossier

    def _not_both_ends(self, name, by):
        """Nobody sends a dossier from below and receives it above, in whoever's name.

        Raises ConditionNotMet, for one who did the other act already, and for a sender who would
        be the one to receive it: then nobody could.
        """
        if self.node in RECEIVED_FROM and sent(self.dossier_id, by, self.node):
            raise ConditionNotMet([BOTH_ENDS])
        if name not in FORWARDS:
            return
        above = [node for node, senders in RECEIVED_FROM.items() if self.node in senders]
        received = Task.objects.filter(dossier=self.dossier_id, node__in=above, closed_by=by)
        if received.filter(status=STATUS.DONE).exists():
            raise ConditionNotMet([BOTH_ENDS])
        dossier = Dossier.objects.with_units().get(pk=self.dossier_id)
        for duty in Duty.objects.filter(
            cycle=dossier.cycle_id, rule_set=dossier.rule_set_id, node__in=above
        ):
            unit = dossier.commune.at_level(duty.level)
            if unit is not None and by.capacity(duty.role, unit.pk) is not None:
                raise ConditionNotMet([BOTH_ENDS])

    # --- Who has it -------------------------------------------------------------------------

    @contextmanager
    def _change(self, event, by, permission, *, reason="", capacity=None, **data):
        """Hold the task, check, let the caller change it, save and record it under ``event``.

        ``permission`` None: the system does it, on what somebody was allowed before. ``capacity``
        finds the role assignment acted in, given a person.
        """
        from dossiers.walk import engine

        with engine.held(self):
            if not self.is_open:
                raise TaskAlreadyDone(self)
            if permission is not None and not rules.has_perm(permission, by, self):
                raise PermissionDenied
            # Before the caller changes the unit.
            acted_in = (capacity or self._capacity)(by) if by else None
            yield
            self.save(
                update_fields=[
                    "owner",
                    "status",
                    "org_unit",
                    "waiting_since",
                    "waiting_reason",
                    "signed_at",
                    "due_on",
                    "due_at",
                    "paused",
                ]
            )
            HistoryEntry.objects.record(
                event,
                self.dossier,
                by=by,
                capacity=acted_in,
                reason=reason,
                task=self.pk,
                node=self.node,
                **data,
            )

    def _capacity(self, user):
        """The assignment at the task's unit by which ``user`` acts on it: its own role first."""
        roles = (self.role, Role.OFFICER, Role.LEADER, Role.CLERK)
        return next(filter(None, (user.capacity(role, self.org_unit_id) for role in roles)), None)

    def _give(self, user):
        self.owner = user
        self.status = STATUS.ASSIGNED if user else STATUS.NEW

    def claim(self, *, by):
        """Take the task (nhận việc). Raises PermissionDenied when another has it."""
        with self._change("task.claim", by, "dossiers.claim_task"):
            self._give(by)

    def release(self, *, by, reason=""):
        """Put the task back for the others of the unit (trả việc)."""
        with self._change("task.release", by, "dossiers.release_task", reason=reason):
            self._give(None)

    def sign_decision(self, *, by):
        """Mark that the decision is signed (đã ký quyết định). Nothing is recognised by it: that
        is when the number, the day and the scan are recorded, and until then the task stays open.
        """
        with self._change("task.sign_decision", by, "dossiers.sign_decision"):
            if self.node != SIGNED_NODE:
                raise ActNotPossible("sign_decision")
            if self.signed_at is not None:
                raise ConditionNotMet([_("Quyết định này đã được ký, đang chờ văn thư vào số.")])
            self.signed_at = clock.now()

    def reassign(self, *, to, by, reason):
        """Give the task to ``to``, who holds its role at its unit (giao lại), with a reason."""
        if not reason.strip():
            raise ConditionNotMet([_("Bạn chưa nêu lý do giao lại.")])
        with self._change(
            "task.reassign", by, "dossiers.manage_task", reason=reason, to=str(to), to_id=to.pk
        ):
            if not to.is_active or to.capacity(self.role, self.org_unit_id) is None:
                raise ConditionNotMet(
                    [_("%(who)s không giữ vai trò này tại đơn vị.") % {"who": to}]
                )
            self._give(to)

    def reroute(self, *, to, by, reason, document=""):
        """Let another unit of the same level do this duty for this dossier, from now on.

        Out of the dossier's own line only on a document, and never to where nobody could do it; who
        works above the unit can always take it back.
        """
        if not reason.strip():
            raise ConditionNotMet([_("Bạn chưa nêu lý do chuyển đơn vị.")])
        with self._change(
            "task.reroute",
            by,
            "dossiers.reroute_task",
            reason=reason,
            capacity=lambda user: routing(user, self),
            to=str(to),
            to_id=to.pk,
            document=document.strip(),
        ):
            if to.level != self.org_unit.level:
                raise ConditionNotMet([_("Chỉ chuyển được cho đơn vị cùng cấp.")])
            if to.pk not in self.dossier.line() and not document.strip():
                raise ConditionNotMet(
                    [_("Chuyển ra ngoài địa bàn của hồ sơ phải có văn bản: hãy nhập số, ngày.")]
                )
            if not people_of(self.role, to.pk).exists():
                raise ConditionNotMet(
                    [
                        _("%(unit)s chưa có ai giữ vai trò «%(role)s»: việc sẽ không ai làm được.")
                        % {"unit": to, "role": Role(self.role).label}
                    ]
                )
            Route.objects.update_or_create(
                dossier=self.dossier, node=self.node, defaults={"org_unit": to}
            )
            self._give(None)
            self.org_unit = self.term.org_unit = to
            self.term.save(update_fields=["org_unit"])

    def wait(self, *, by, reason):
        """Mark that the office waits for the producer (chờ chủ thể bổ sung)."""
        if not reason.strip():
            raise ConditionNotMet([_("Bạn chưa nêu đang chờ chủ thể việc gì.")])
        with self._change("task.wait", by, "dossiers.claim_task", reason=reason):
            self.waiting_since, self.waiting_reason = clock.now(), reason.strip()
            if self.term.state == "running":
                self.term.pause(at=self.waiting_since, by=by, reason=reason)
                self.paused = True

    def resume(self, *, by):
        """The producer has answered (hết chờ); the clock goes on unless an opinion is awaited."""
        with self._change("task.resume", by, "dossiers.claim_task"):
            self.waiting_since, self.waiting_reason = None, ""
            if self.term.state == "paused" and self.asked_since is None:
                self.term.resume(at=clock.now(), by=by)
                self.due_on, self.due_at = self.term.due_on, self.term.due_at
                self.paused = False
