"""Tasks: who must do what until when. How a task is done is in walk/doors.py."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Self

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from viewflow.workflow.managers import ProcessQuerySet
from viewflow.workflow.managers import TaskQuerySet as EngineTaskQuerySet
from viewflow.workflow.models import AbstractProcess, AbstractTask
from viewflow.workflow.status import PROCESS, STATUS

from cycle import guards
from cycle.models import OrgUnit, Role, RoleAssignment, User
from cycle.prepared import prepared
from cycle.steps import Step
from dossiers.law.states import State, states_of
from dossiers.models.dossier import Dossier
from dossiers.models.law import ACTS, FORWARDS
from dossiers.rules import doers

OPEN = (STATUS.NEW, STATUS.ASSIGNED, STATUS.STARTED)


#: The task whose act is the signed decision of recognition.
SIGNED_NODE = "decide"

#: Each task in which a dossier is received from below -> the tasks in which it is sent there.
RECEIVED_FROM = {
    "check_at_district": ("sign_report",),
    "check_at_province": ("sign_report", "forward_from_district"),
}
BOTH_ENDS = _(
    "Một người không vừa chuyển hồ sơ từ cấp dưới vừa tiếp nhận ở cấp trên, kể cả khi làm thay: "
    "phải do người khác làm."
)


def sent(dossier_id: int, by: User, node: str) -> bool:
    """Whether ``by`` completed a task that sent the dossier up to the task ``node``."""
    return bool(_sent(node, dossier=dossier_id, by=by.pk))


@prepared
def _sent(node: str, *, dossier: Any, by: Any) -> models.QuerySet[Any]:
    its = Task.objects.filter(dossier=dossier, node__in=RECEIVED_FROM[node], outcome__in=FORWARDS)
    return its.filter(closed_by=by, status=STATUS.DONE).order_by().values_list("pk")[:1]


NOT_MARKED = _(
    "Lãnh đạo chưa đánh dấu «Đã ký» cho tờ trình này: cán bộ chỉ vào số sau khi đã ký, văn thư ghi "
    "được ngay từ văn bản."
)


def needs_mark(task: Task, name: str) -> bool:
    """Whether the act ``name`` is a decision, and this task is not yet marked as signed."""
    return task.node == SIGNED_NODE and task.signed_at is None and ACTS[name].paper


class TaskAlreadyDone(Exception):
    """Somebody finished or cancelled this task first; ``task``, reread, says who and when."""

    def __init__(self, task: Task) -> None:
        super().__init__(f"task {task.pk} is {task.status}")
        self.task = task


class PaperRequired(Exception):
    """This person may do the act only by recording a signed paper, and gave none."""


class Process(AbstractProcess):
    """One walk of a dossier through the flow of its edition (quá trình xử lý).

    A dossier has at most one open process; reopening, refiling and late entry begin another.
    """

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="processes")
    data = models.JSONField(default=dict, blank=True)

    # viewflow looks for these on its own model.
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
        triggers = [guards.Stays("dossier_id", name="process_stays")]


class TaskQuerySet(EngineTaskQuerySet):
    def next_user_task(self, process: Process, user: User) -> Task | None:
        """The person's next task; viewflow's own version reads its stock tables."""
        return self.filter(process=process, owner=user, status=STATUS.ASSIGNED).first()

    def open(self) -> Self:
        """Tasks that are still to be done."""
        return self.filter(open_state__isnull=False)

    def inbox(self, user: User) -> Self:
        """Open tasks this person may do today: their role, their unit (hộp việc)."""
        return self.open().filter(user.in_posts("role", "org_unit"))

    def to_do(self, user: User) -> Self:
        """Of the inbox what this person may do: not what a colleague's claim keeps from them."""
        inbox = self.inbox(user)
        claimed = inbox.filter(owner__isnull=False).exclude(owner=user).order_by()
        claims = list(claimed.values_list("owner", "role", "org_unit").distinct())
        mine = Q(owner=None) | Q(owner=user)
        for (owner, role, unit), people in (doers(claims) if claims else {}).items():
            if user.pk in people:
                mine |= Q(owner=owner, role=role, org_unit=unit)
        return inbox.filter(mine)

    def open_in(self, post: RoleAssignment) -> Self:
        """Open tasks of the role of ``post``, at its unit or at one that its unit succeeded."""
        # Ids instead of a subquery: from literals the planner can estimate the number of rows.
        units = (
            OrgUnit.objects.business_of(post.org_unit_id).order_by().values_list("pk", flat=True)
        )
        return self.open().filter(role=post.role, org_unit__in=list(units))

    def overdue(self, now: datetime) -> Self:
        """Open tasks whose ``due_at`` has come and that are not paused (quá hạn)."""
        return self.open().filter(due_at__lte=now, paused=False)

    def due_soon(self, now: datetime, last_day: date) -> Self:
        """Open tasks that are due from now until the end of ``last_day`` and are not paused."""
        return self.open().filter(due_at__gt=now, due_on__lte=last_day, paused=False)

    def to_type(self, user: User) -> Self:
        """Open tasks of others that this person may record from a signed paper (chờ văn bản)."""
        desks = user.business(Role.OFFICER, Role.CLERK)
        others = self.open().filter(org_unit__in=desks, role__in=[Role.LEADER, Role.COUNCIL_OFFICE])
        return others.exclude(pk__in=self.inbox(user).filter(org_unit__in=desks).values("pk"))

    def done_by(self, user: User) -> Self:
        """Tasks this person finished, newest first."""
        return self.filter(closed_by=user, status=STATUS.DONE).order_by("-closed_at", "-pk")

    def visible_to(self, user: User) -> Self:
        """Tasks, open or done, of the dossiers this person may see."""
        return self.filter(flow_task_type="HUMAN", dossier__in=Dossier.objects.visible_to(user))

    def of_step(self, step: Step) -> Self:
        """Tasks of one of the six steps."""
        return self.filter(state__in=states_of(step))


class Task(AbstractTask):
    """A task: what a role at a unit must do to a dossier, by ``due_on`` (công việc).

    The start, gateway and end nodes of the flow are rows of this table too, with ``dossier`` and
    the columns after it empty. ``state`` is the dossier's state while the task is open;
    ``(dossier, open_state)`` is a foreign key to it, so the two cannot differ.
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
    # Columns of viewflow's model that nothing here uses.
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
    #: When the decision was marked as signed; it then waits for the clerk's number (chờ văn thư).
    signed_at = models.DateTimeField(_("đã ký lúc"), null=True)
    asked_since = models.DateTimeField(_("chờ ý kiến từ"), null=True)
    #: Its clock is paused: the task is neither due soon nor overdue.
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
        # Not by ``finished``: viewflow leaves it empty for tasks of a node that no longer exists.
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
        triggers = [
            guards.Stays("process_id", "flow_task", "node", "role", "opened_at", name="task_stays")
        ]

    def __str__(self) -> str:
        return f"{self.node} #{self.pk}"

    # --- What it knows ----------------------------------------------------------------------

    def reread(self) -> None:
        """Read it and its process anew; the process is locked. Raises DoesNotExist."""
        fresh = _as_it_is.first(pk=self.pk)
        if fresh is None:
            raise Task.DoesNotExist
        self.__dict__.pop("_prefetched_objects_cache", None)
        self.__dict__.update(fresh.__dict__)

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.status in OPEN

    @property
    def step(self) -> Step | None:
        """The step it belongs to; only of a task that a person does."""
        return State(self.state).step

    def acts(self) -> list[str]:
        """Names of the acts it offers, the way forward first."""
        acts = [act for act in ACTS.values() if act.door == "task" and self.state in act.begins]
        acts.sort(key=lambda act: ["forward", "return", "refuse"].index(act.tone))
        return [act.name for act in acts]


@prepared
def _as_it_is(*, pk: Any) -> models.QuerySet[Any]:
    return Task.objects.select_related("process").filter(pk=pk).order_by()
