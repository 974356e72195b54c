"""A year is closed (đóng chu trình): what is not finished goes on in the next, figures are frozen.

What must be done before stands in its own app: each says its obstacles by :func:`obstacle`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import rules
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cycle import clock
from cycle.models import Cycle, HistoryEntry, Job, job_kind
from dossiers.law.conditions import ConditionNotMet
from dossiers.law.states import AT_WORK
from dossiers.models import ActNotPossible, Dossier, YearClosing
from dossiers.models.year import frozen
from dossiers.office.reports import CycleReport
from dossiers.office.year import capacity
from dossiers.walk import doors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cycle.models import User
    from dossiers.models.dossier import DossierQuerySet

    Finds = Callable[[Cycle], Iterator["Obstacle"]]

KIND = "close_year"
#: What people read beside the figures; machines have never been given it.
BESIDE = ("bypassed_commune", "carried_over", "carried_in", "by_commune", "support")
#: So many dossiers that cannot go on are named.
NAMED = 20


@dataclass(frozen=True)
class Obstacle:
    """Why a year is not closed yet (chưa đóng được), in a sentence, and where it is done."""

    said: str
    url: str


class NotClosed(ValidationError):
    """The year stays open; its messages say why."""


_finds: list[Finds] = []


def obstacle(find: Finds) -> Finds:
    """Register a function that finds what stands in the way of closing a year."""
    _finds.append(find)
    return find


def obstacles(cycle: Cycle) -> list[Obstacle]:
    """All that stands in the way of closing ``cycle``."""
    return [each for find in _finds for each in find(cycle)]


def unfinished(cycle: Cycle) -> DossierQuerySet:
    """The dossiers of the year that somebody still works on (hồ sơ chưa xong)."""
    return Dossier.objects.filter(cycle=cycle, state__in=AT_WORK)


@obstacle
def no_next_year(cycle: Cycle) -> Iterator[Obstacle]:
    """There is no open year in which what is unfinished may go on."""
    if unfinished(cycle).exists() and not Cycle.objects.after(cycle).exists():
        yield Obstacle(
            _("Còn hồ sơ chưa xong mà chưa mở chu trình nào của năm sau."),
            reverse("dossiers:cycle_open"),
        )


def may_close(by: User) -> bool:
    """Whether ``by`` closes years, and opens them again: by a post, as dossiers are carried over;
    the administration has none.
    """
    return bool(rules.has_perm("dossiers.keep_year", by)) and capacity(by) is not None


def _check(by: User) -> None:
    if not may_close(by):
        raise PermissionDenied


def refuse(cycle: Cycle, into: Cycle | None, closed_on: date) -> None:
    """Raise ValidationError, by field, for what keeps ``cycle`` from being closed as asked."""
    if cycle.void or cycle.closed_on is not None:
        raise ValidationError(_("Chu trình này đã đóng."))
    wrong: dict[str, str] = {}
    if closed_on > clock.today():
        wrong["closed_on"] = _("Ngày đóng không thể ở sau hôm nay.")
    elif closed_on < cycle.opened_on:
        wrong["closed_on"] = _("Ngày đóng không thể trước ngày mở chu trình.")
    if into is None:
        if unfinished(cycle).exists():
            wrong["into"] = _("Còn hồ sơ chưa xong: hãy chọn chu trình để chuyển tiếp.")
    elif not Cycle.objects.after(cycle).filter(pk=into.pk).exists():
        wrong["into"] = _("Hãy chọn chu trình đang mở của năm sau.")
    if wrong:
        raise ValidationError(wrong)
    if found := obstacles(cycle):
        raise ValidationError([each.said for each in found])


def ask_close(cycle: Cycle, *, into: Cycle | None, closed_on: date, reason: str, by: User) -> Job:
    """Have a year closed in the background (đóng chu trình).

    Raises PermissionDenied, ValidationError by field; one that runs already is returned.
    """
    _check(by)
    with transaction.atomic():
        held = Cycle.everything.select_for_update().get(pk=cycle.pk)
        if running := Job.objects.waiting().filter(kind=KIND, params__cycle=held.pk).first():
            return running
        refuse(held, into, closed_on)
        return Job.objects.ask(
            KIND,
            by=by,
            cycle=held.pk,
            into=into and into.pk,
            closed_on=closed_on.isoformat(),
            reason=reason,
        )


@job_kind(KIND, gettext_lazy("Đóng chu trình"))
def do(job: Job) -> dict[str, Any]:
    """The job: close the year as asked, or say why not; done once however often it runs."""
    params = job.params
    cycle = Cycle.everything.get(pk=params["cycle"])
    if cycle.closed_on is not None:
        return {"closed": cycle.pk}
    # One that was struck out meanwhile is refused in words.
    into = Cycle.everything.get(pk=params["into"]) if params["into"] else None
    assert job.by is not None
    try:
        closing = close(
            cycle,
            into=into,
            closed_on=date.fromisoformat(params["closed_on"]),
            reason=params["reason"],
            by=job.by,
        )
    except PermissionDenied:
        return {"refused": [_("Người yêu cầu không còn quyền đóng chu trình.")]}
    except ValidationError as refused:
        return {"refused": refused.messages}
    return {"closed": cycle.pk, "carried": closing.carried}


def close(
    cycle: Cycle, *, into: Cycle | None, closed_on: date, reason: str, by: User
) -> YearClosing:
    """Close a year: carry what is unfinished over, freeze the figures; all or nothing.

    Raises PermissionDenied, ValidationError, :class:`NotClosed` with a sentence for each dossier
    that cannot go on.
    """
    _check(by)
    with transaction.atomic():
        # Nothing begins in it from here on: who would waits, and finds it closed.
        cycle = Cycle.everything.select_for_update().get(pk=cycle.pk)
        refuse(cycle, into, closed_on)
        carried = _carry(cycle, into, reason=reason, by=by) if into is not None else 0
        cycle.closed_on = closed_on
        cycle.save(update_fields=["closed_on"])
        figures = figures_of(cycle)
        closing = YearClosing(
            cycle=cycle, into=into, carried=carried, figures=figures, sha256=frozen(figures),
            made_by=by, made_at=clock.now(),
        )  # fmt: skip
        closing.save(force_insert=True)
        HistoryEntry.objects.record(
            "cycle.close",
            cycle,
            by=by,
            capacity=capacity(by),
            reason=reason,
            saved=[cycle, closing],
            into=str(into or ""),
            rows=carried,
            sha256=closing.sha256,
        )
    return closing


def _carry(cycle: Cycle, into: Cycle, *, reason: str, by: User) -> int:
    """Carry all that is unfinished into the year ``into``; returns how many."""
    its = list(unfinished(cycle).select_related("product", "rule_set").order_by("pk"))
    for edition in {each.rule_set for each in its if each.rule_set_id != into.rule_set_id}:
        # What was filed under another edition goes on under it: the year needs its duties.
        if not into.duties.filter(rule_set=edition).exists():
            into.adopt(edition, windows=False)
            adopted = {"row": str(edition), "field": "rule_set", "before": "", "after": "+"}
            HistoryEntry.objects.record(
                "cycle.configure", into, by=by, capacity=capacity(by), reason=reason,
                changed=[adopted],
            )  # fmt: skip
    wrong = []
    with doors.held([each.pk for each in its]) as processes:
        for dossier in its:
            try:
                with transaction.atomic():
                    doors.act(processes[dossier.pk], "carry_over", by=by, reason=reason, cycle=into)
            except (ConditionNotMet, ActNotPossible, PermissionDenied, ValidationError) as refused:
                wrong.append(f"«{dossier}»: {_sentence(refused)}")
    if wrong:
        more = len(wrong) - NAMED
        said = [_("… và %(n)d hồ sơ nữa.") % {"n": more}] if more > 0 else []
        raise NotClosed([*wrong[:NAMED], *said])
    return len(its)


def _sentence(refused: Exception) -> str:
    if isinstance(refused, ValidationError):
        return " ".join(refused.messages)
    if isinstance(refused, ConditionNotMet):
        return " ".join(str(each) for each in refused.lacks)
    return _("việc này không làm được ở trạng thái hiện nay.")


def figures_of(cycle: Cycle) -> dict[str, Any]:
    """What the report of a year prints: frozen once it is closed, counted while it is open."""
    report = CycleReport(cycle)
    return report.figures() | {
        "bypassed_commune": report.bypassed_commune.count(),
        "carried_over": report.carried_over.count(),
        "carried_in": report.carried_in.count(),
        "by_commune": report.by_commune(),
        "support": report.support(),
    }


def closing_of(cycle: Cycle) -> YearClosing | None:
    """The closing by which the year is closed; None of one that is open, or was closed before
    figures were frozen.
    """
    return cycle.closings.last() if cycle.closed_on is not None else None


def report_of(cycle: Cycle) -> dict[str, Any]:
    """The figures of a year: as they were frozen when it was closed, else as they are now."""
    frozen_then = closing_of(cycle)
    return frozen_then.figures if frozen_then is not None else figures_of(cycle)


def reopen(cycle: Cycle, *, reason: str, by: User) -> None:
    """Open a year again that was closed too early (mở lại chu trình). What was carried over stays
    where it went; the figures of then stay readable. Raises PermissionDenied, ValidationError.
    """
    _check(by)
    with transaction.atomic():
        cycle = Cycle.everything.select_for_update().get(pk=cycle.pk)
        if cycle.void or cycle.closed_on is None:
            raise ValidationError(_("Chu trình này đang mở."))
        cycle.closed_on = None
        cycle.save(update_fields=["closed_on"])
        HistoryEntry.objects.record(
            "cycle.reopen", cycle, by=by, capacity=capacity(by), reason=reason, saved=[cycle]
        )
