"""The one module that knows how viewflow works inside."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from viewflow import this
from viewflow.workflow import flow, lock
from viewflow.workflow.activation import Activation
from viewflow.workflow.base import Edge
from viewflow.workflow.nodes.view import ViewActivation
from viewflow.workflow.status import PROCESS, STATUS

from cycle.models import Duty, OrgUnit, User
from cycle.prepared import prepared
from dossiers.law.nodes import NODES, WAITS_FOR_PRODUCER
from dossiers.law.states import State
from dossiers.models.dossier import Dossier, Route
from dossiers.models.draft import Draft
from dossiers.models.task import Process, Task
from dossiers.models.term import Term
from dossiers.terms.clocks import begin

# PostgreSQL waits for the lock; viewflow's default would sleep and try again in the request.
LOCK = lock.SelectForUpdateLock(nowait=False, attempts=1)


class DutyMissing(Exception):
    """The cycle has no duty (phân cấp nhiệm vụ) for this task: nobody is named to do it."""


@contextmanager
def held(task: Task) -> Iterator[Any]:
    """Lock the task's process, reread the task, and yield its activation (viewflow's handle)."""
    with task.flow_task.flow_class.lock(task.process_id):
        task.reread()
        yield task.flow_task.activation_class(task)


@prepared
def _duty(*, cycle: Any, rule_set: Any, node: Any, dossier: Any) -> QuerySet[Any]:
    """Who does the task ``node``, with ``routed``: where the dossier's is done by another unit."""
    routed = Route.objects.filter(dossier=dossier, node=OuterRef("node"))
    its = Duty.objects.annotate(routed=Subquery(routed.values("org_unit")))
    # Not its own order: it would join the tables named there. A task has one duty.
    return its.filter(cycle=cycle, rule_set=rule_set, node=node).order_by()


def cancel(process: Process, at: datetime) -> list[int]:
    """Cancel the process and its open tasks; returns their ids, none when it had ended before."""
    if process.status != PROCESS.NEW:
        return []
    tasks = process.task_set.filter(open_state__isnull=False)
    closed = list(tasks.values_list("pk", flat=True))
    tasks.update(status=STATUS.CANCELED, finished=at, closed_at=at)
    if closed:
        Draft.objects.of_tasks(*closed).delete()
    process.status, process.finished = PROCESS.CANCELED, at
    process.save(update_fields=["status", "finished"])
    return closed


def cancel_all(dossiers: Collection[int], at: datetime) -> None:
    """Cancel what is open of the walks of these dossiers (ids)."""
    for process in Process.objects.filter(dossier__in=dossiers, status=PROCESS.NEW):
        cancel(process, at)


def hold_all(dossiers: Collection[int]) -> None:
    """Lock what walks these dossiers (ids) until the transaction ends, as :func:`held` does one."""
    walks = Process.objects.select_for_update(of=("self",)).filter(dossier__in=dossiers)
    list(walks.order_by("pk").values_list("pk", flat=True))


def ended(flow_class: Any, dossier: Dossier, at: datetime) -> Process:
    """A walk that was over before the dossier was here, not yet saved: it waits for nothing."""
    return Process(
        flow_class=flow_class, dossier=dossier, status=PROCESS.DONE, created=at, finished=at
    )


def give(task: Task, user: User | None) -> None:
    """Make ``user`` the task's owner; None leaves it to all holders of its role."""
    task.owner = user
    task.status = STATUS.ASSIGNED if user else STATUS.NEW


class OfficerActivation(ViewActivation):
    """Opens and closes a task of a person: role, unit and term come from the cycle's duty."""

    @classmethod
    def create(
        cls, flow_task: Any, prev_activation: Any, token: Any, data: Any = None, seed: Any = None
    ) -> OfficerActivation:
        process = prev_activation.process
        dossier, node = process.dossier, flow_task.name
        duty = _duty.first(
            cycle=dossier.cycle_id, rule_set=dossier.rule_set_id, node=node, dossier=dossier.pk
        )
        if duty is None:
            raise DutyMissing(f"{dossier.cycle}, {dossier.rule_set}: {node}")
        unit = (
            dossier.worked_by(OrgUnit.objects.get(pk=duty.routed))
            if duty.routed
            else dossier.unit_at(duty.level)
        )
        opened_at = dossier.moved_at
        task = Task(
            process=process,
            flow_task=flow_task,
            flow_task_type=flow_task.task_type,
            token=token,
            dossier=dossier,
            node=node,
            state=flow_task.state,
            role=duty.role,
            org_unit=unit,
            opened_at=opened_at,
            waiting_since=opened_at if node in WAITS_FOR_PRODUCER else None,
        )
        term = Term.of_task(task, duty.working_days)
        task.due_on, task.due_at = term.due_on, term.due_at
        task.save(force_insert=True)
        term.task = task
        begin(term)
        Task.previous.through.objects.create(from_task=task, to_task=prev_activation.task)
        return cls(task)

    @Activation.status.transition(source=[STATUS.NEW, STATUS.ASSIGNED], target=STATUS.STARTED)
    def hand_in(self, by: User) -> None:
        """Assign and start the task in memory only, so that one UPDATE closes it, not three."""
        self.task.owner = by

    @Activation.status.transition(source=STATUS.STARTED, target=STATUS.DONE)
    def complete(self) -> None:
        self.task.finished = self.task.closed_at
        self.task.save(
            update_fields=["status", "owner", "finished", "closed_at", "closed_by", "outcome"]
        )
        # What anybody typed for it is sent, or nothing any more.
        Draft.objects.of_tasks(self.task.pk).delete()

    @Activation.status.transition(source=STATUS.DONE)
    def create_next(self) -> Iterator[Any]:
        yield self.flow_task.after(self.process.dossier.state)._create(self, self.task.token)


class OfficerTask(flow.View):
    """A node for a person's task: open while the dossier is in the state ``NODES[name]``.

    ``Next`` takes all nodes that may follow; the dossier's new state chooses among them, and an
    ``End`` takes the states that no other node is for.
    """

    activation_class = OfficerActivation

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(view=None, **kwargs)
        self.followers: list[Any] = []

    @property
    def state(self) -> State:
        """The state of the dossier in which this task is open."""
        return NODES[self.name]

    def Next(self, *nodes: Any) -> OfficerTask:
        """The nodes that may follow."""
        self.followers = list(nodes)
        return self

    def _resolve(self, instance: Any) -> None:
        super()._resolve(instance)
        self.followers = [this.resolve(instance, node) for node in self.followers]

    def _outgoing(self) -> Iterator[Edge]:
        for node in self.followers:
            yield Edge(src=self, dst=node, edge_class="next")

    def after(self, state: str) -> Any:
        """The node that follows when the dossier is in ``state``; raises LookupError if none."""
        end = None
        for node in self.followers:
            if isinstance(node, flow.End):
                end = node
            elif node.state == state:
                return node
        if end is None:
            raise LookupError(f"{self.flow_class.__name__}.{self.name}: nothing follows {state}")
        return end


def standing(*names: str) -> flow.Switch:
    """A Switch that leads to the task of the dossier's state, among the tasks ``names``.

    Call it once for each flow: nodes cannot be shared.
    """
    switch = flow.Switch()
    for name in names:
        switch.Case(
            getattr(this, name),
            # As a default: a closure would read ``name`` after the loop.
            lambda activation, state=NODES[name]: activation.process.dossier.state == state,
        )
    return switch
