"""Check that stored tasks, flows and duties fit each other; run at every deployment."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from django.core.checks import ERROR
from django.core.management.base import BaseCommand
from django.db.models import CharField, Count, Exists, OuterRef, QuerySet
from django.db.models.functions import Cast

from cycle import rulesets
from cycle.guards import guards_hold
from cycle.models import Cycle, Duty, RuleSet
from dossiers import flows
from dossiers.law.states import LIVE
from dossiers.models import Dossier, Process, Task
from dossiers.models.task import OPEN, PROCESS, STATUS, TaskQuerySet


class Command(BaseCommand):
    """Compare stored tasks with the nodes of the flows (luồng xử lý) and name what does not fit."""

    help = "Đối chiếu công việc đang lưu với luồng xử lý; in chỗ lệch và kết thúc với mã 1 nếu có."

    def handle(self, *, verbosity: int, **options: Any) -> None:
        """Print every fault; raises SystemExit(1) if there is any."""
        faults = [
            *self.open_guards(),
            *self.lost(),
            *self.changed(),
            *self.stuck(),
            *self.failed(),
            *self.unassigned(),
        ]
        for fault in faults:
            self.stdout.write(fault)
        if faults:
            sys.exit(1)
        if verbosity:
            tasks = Task.objects.open().count()
            self.stdout.write(f"{tasks} công việc đang mở, khớp với luồng xử lý.")

    def open_guards(self) -> Iterator[str]:
        """Rights by which the application could get round the triggers; a missing time limit of its
        sessions is only a warning.
        """
        for found in guards_hold(None, ["default"]):
            if found.level >= ERROR:
                yield f"{found.msg} {found.hint}"
            else:
                self.stderr.write(f"{found.msg} {found.hint}")

    def nodes(self) -> dict[str, Any]:
        """Every node of every flow, by its stored path."""
        stored_as = Task._meta.get_field("flow_task").get_prep_value
        return {
            stored_as(node): node for flow in flows.FLOWS.values() for node in flow.instance.nodes()
        }

    def stored(self, tasks: TaskQuerySet, *fields: str) -> QuerySet[Any, Any]:
        """The number of ``tasks`` per node path, and per ``fields``."""
        return (
            tasks.annotate(name=Cast("flow_task", CharField()))
            .order_by()
            .values_list("name", *fields)
            .annotate(Count("pk"))
        )

    def lost(self) -> Iterator[str]:
        """Stored nodes that no flow has, of done tasks too: their pages would fail."""
        known = self.nodes()
        for name, number in self.stored(Task.objects.all()):
            if name not in known:
                yield f"{name}: {number} công việc của một nút không còn trong luồng."

    def changed(self) -> Iterator[str]:
        """Open tasks whose type or state is not that of their node."""
        known = self.nodes()
        waiting = Task.objects.filter(status__in=OPEN)
        for name, kind, state, number in self.stored(waiting, "flow_task_type", "state"):
            if (node := known.get(name)) is None:
                continue
            if kind != node.task_type:
                yield f"{name}: {number} công việc loại {kind}, luồng ghi {node.task_type}."
            elif state != getattr(node, "state", ""):
                yield f"{name}: {number} công việc chờ ở «{state}», luồng ghi «{node.state}»."

    def stuck(self) -> Iterator[str]:
        """Open processes without an open task."""
        waiting = Task.objects.open().filter(process=OuterRef("pk"))
        for process in Process.objects.filter(~Exists(waiting), status=PROCESS.NEW):
            yield f"Quá trình {process.pk} của hồ sơ {process.dossier_id} mở mà không chờ việc gì."

    def failed(self) -> Iterator[str]:
        """Tasks that viewflow marked as failed."""
        for pk, dossier in Task.objects.filter(status=STATUS.ERROR).values_list(
            "pk", "process__dossier"
        ):
            yield f"Công việc {pk} của hồ sơ {dossier} bị lỗi."

    def unassigned(self) -> Iterator[str]:
        """Tasks that a live dossier may still reach and for which the cycle has no duty."""
        editions = Dossier.objects.filter(state__in=LIVE).order_by()
        for cycle_id, rule_set_id in editions.values_list("cycle", "rule_set").distinct():
            rule_set = RuleSet.objects.get(pk=rule_set_id)
            charged = Duty.objects.filter(cycle=cycle_id, rule_set=rule_set_id)
            missing = set(rulesets.NODES[rule_set.procedure]) - set(
                charged.values_list("node", flat=True)
            )
            if missing:
                cycle = Cycle.objects.get(pk=cycle_id)
                yield (f"{cycle}, {rule_set}: chưa phân cấp nhiệm vụ {', '.join(sorted(missing))}.")
