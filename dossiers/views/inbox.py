"""The inbox, acts on its rows, and the list of all dossiers."""

from __future__ import annotations

from typing import Any

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cycle import clock, written
from cycle.asking import SignedIn
from cycle.models import OrgUnit, RoleAssignment, User, named_apart
from cycle.typed import shows_typed
from dossiers.lists.files import Register
from dossiers.lists.filters import seek
from dossiers.lists.inbox import Filters, Inbox
from dossiers.models import ConditionNotMet, Task, TaskAlreadyDone
from dossiers.walk import doors

ACTS = ("claim", "release", "reassign", "many")


@login_required
def inbox(request: SignedIn) -> HttpResponseBase:
    """What the user must do (hộp việc)."""
    return _list(request, "dossiers/inbox.html", Inbox)


@login_required
def dossier_list(request: SignedIn) -> HttpResponseBase:
    """Every dossier that the user may see (danh mục hồ sơ)."""
    return _list(request, "dossiers/dossier_list.html", Register)


def _list(request: SignedIn, template: str, kind: type[Inbox] | type[Register]) -> HttpResponseBase:
    def selects() -> dict[str, Any]:
        offered = kind(request.user, Filters.of(request.GET)).choices()
        return {name.removesuffix("s"): choices for name, choices in offered.items()}

    read, sought = seek(request.GET, selects)
    filters = Filters.of(read)
    page = {
        "page": kind(request.user, filters),
        "filters": filters,
        "sought": sought,
        "may_open": rules.has_perm("dossiers.begin", request.user),
    }
    response = render(request, template, page)
    if request.htmx:
        # The address bar gets only the filters that are set.
        response["HX-Push-Url"] = f"{request.path}?{filters.query()}".rstrip("?")
    return response


@login_required
@shows_typed
def task_bulk(request: SignedIn) -> HttpResponseBase:
    """Claim, release or reassign the ticked rows, each in its own transaction.

    A row's own button sends ``one=<act>:<pk>``; the bar sends ``act`` and the ticked ``task``. The
    answer says for each row what was done, or why not.
    """
    data: QueryDict = request.POST
    if request.method != "POST":
        # Back from a new sign-in: show what was typed, do nothing.
        typed = request.typed
        if typed is None or typed.get("act") != "reassign":
            return redirect("dossiers:inbox")
        data = typed
    act, _colon, pk = data.get("one", "").partition(":")
    ticked, act = ([pk], act) if pk else (data.getlist("task")[:100], data.get("act") or "")
    pks = [key for key in map(written.key, ticked) if key is not None]
    back = QueryDict(data.get("back", ""))
    here = f"{reverse('dossiers:inbox')}?{Filters.of(back).query()}".rstrip("?")
    if not act:
        return redirect(here)
    if act not in ACTS:
        raise Http404
    if act == "many" and not pks:
        # Of a list of several pages none can be ticked at once: the next page has them all.
        return redirect("dossiers:many")
    tasks = list(
        Task.objects.visible_to(request.user)
        .filter(pk__in=pks)
        .select_related("dossier__product", "org_unit", "owner")
        .order_by("due_at", "pk")
    )
    if pks and not tasks:
        raise Http404
    if not tasks:
        messages.warning(request, _("Bạn chưa chọn việc nào."))
        return redirect(here)
    if act == "many":
        chosen = "&".join(f"dossier={task.dossier_id}" for task in tasks)
        return redirect(f"{reverse('dossiers:many')}?{chosen}")
    values: dict[str, Any] = {}
    if act == "reassign":
        candidates = _holders(tasks)
        people = [(row["pk"], f"{row['name']} ({row['capacities']})") for row in candidates]
        data, sought = seek(data, lambda: {"to": people})
        values, problems = _reassignment(data, candidates)
        if problems:
            return render(
                request,
                "dossiers/inbox_reassign.html",
                {
                    "tasks": tasks,
                    "people": people,
                    "sought": sought,
                    "back": back.urlencode(),
                    "to": data.get("to"),
                    "reason": data.get("reason", ""),
                    # No problems the first time, before the reason was asked.
                    "problems": problems if "reason" in data else [],
                },
            )
    _do(request, act, tasks, values)
    if request.htmx and len(tasks) == 1:
        page = Inbox(request.user, Filters())
        row = page.row(tasks[0].pk)
        return render(request, "dossiers/_inbox_answer.html", {"rows": [row] if row else []})
    return redirect(here)


def _do(request: SignedIn, act: str, tasks: list[Task], values: dict[str, Any]) -> None:
    """Do ``act`` to each task, and say what came of each."""
    done = []
    for task in tasks:
        assert task.dossier is not None, "a task of a person is about a dossier"
        if why := _why_not(act, task, request.user, values):
            messages.warning(request, f"{task.dossier.product.name}: {why}")
        else:
            done.append(task.dossier.product.name)
    if done:
        said = {
            "claim": ngettext("Bạn đã nhận %(n)d việc", "Bạn đã nhận %(n)d việc", len(done)),
            "release": ngettext(
                "Đã trả %(n)d việc cho đơn vị", "Đã trả %(n)d việc cho đơn vị", len(done)
            ),
            "reassign": ngettext(
                "Đã giao %(n)d việc cho %(to)s", "Đã giao %(n)d việc cho %(to)s", len(done)
            ),
        }[act] % {"n": len(done), "to": values.get("to")}
        messages.success(request, f"{said}: {'; '.join(done)}.")


def _why_not(act: str, task: Task, user: User, values: dict[str, Any]) -> str | None:
    """Do ``act``; returns None, or the sentence that says why it was not done."""
    if act == "release" and task.owner_id is None:
        return _("chưa ai nhận việc này.")
    if act == "claim" and task.owner_id == user.pk:
        return _("bạn đã nhận việc này rồi.")
    try:
        doors.HANDLING[act](task, by=user, **values)
    except TaskAlreadyDone as gone:
        if gone.task.closed_by:
            return _("%(who)s đã xử lý việc này.") % {"who": gone.task.closed_by}
        return _("việc này không còn nữa.")
    except PermissionDenied:
        # The task was reread under its lock: owner is who has it now.
        if act == "claim" and task.owner_id:
            return _("%(who)s đã nhận việc này.") % {"who": task.owner}
        return _("bạn không giữ vai trò được làm điều này.")
    except ConditionNotMet as missing:
        return " ".join(str(message) for message in missing.messages)
    return None


def _holders(tasks: list[Task]) -> list[dict[str, Any]]:
    """Who may be given these tasks: each person with the posts that fit one of them."""
    fits = {(task.role, task.org_unit_id) for task in tasks}
    roles, units = {role for role, _unit in fits}, {unit for _role, unit in fits}
    today = clock.today()
    people: dict[User, list] = {}
    names: dict[User, str] = {}
    for held in (
        named_apart(RoleAssignment.objects.held_on(today), "user")
        .filter(role__in=roles, user__is_active=True)
        .filter(org_unit__in=OrgUnit.objects.heirs_of(units))
        .with_business(today)
        .select_related("user", "org_unit")
        .order_by("user__sort_key", "user__username")
    ):
        if fits.intersection((held.role, unit) for unit in held.business):
            people.setdefault(held.user, []).append(str(held))
            names[held.user] = held.user.label(held.has_namesake)
    return [
        {"pk": str(user.pk), "user": user, "name": names[user], "capacities": "; ".join(held)}
        for user, held in people.items()
    ]


def _reassignment(
    data: QueryDict, candidates: list[dict[str, Any]]
) -> tuple[dict[str, Any], list[str]]:
    """To whom and why the tasks are given, and what is still missing."""
    to = next((row["user"] for row in candidates if row["pk"] == data.get("to")), None)
    reason = data.get("reason", "").replace("\0", "").strip()[:500]
    problems = []
    if to is None:
        problems.append(_("Bạn chưa chọn người nhận việc."))
    if not reason:
        problems.append(_("Bạn chưa nêu lý do giao lại."))
    return {"to": to, "reason": reason}, problems
