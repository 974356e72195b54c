"""The page of a task: guidance, checklist, the forms of its acts, and who has it."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import rules
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cycle import events
from cycle.asking import SignedIn
from cycle.models import Role, User
from cycle.typed import DRAFT, shows_typed
from dossiers import drafts
from dossiers.forms import acts
from dossiers.forms.fields import refuse
from dossiers.forms.shown import sealed
from dossiers.forms.uploads import FileField
from dossiers.law.conditions import Words, certified_by_centre
from dossiers.law.guidance import GUIDES, SIGN, SIGN_FOR_CENTRE
from dossiers.law.nodes import WAITS_FOR_PRODUCER
from dossiers.law.states import BEFORE_PLAN_APPROVED
from dossiers.models import (
    ACTS,
    ActNotPossible,
    ConditionNotMet,
    PlannedOutreach,
    Task,
    TaskAlreadyDone,
)
from dossiers.models.law import RETURNED, RETURNED_TO, SENT_BACK
from dossiers.models.task import SIGNED_NODE
from dossiers.page import (
    evidence_by_kind,
    free_acts,
    may_attach,
    next_task,
    recorded,
    say_done,
    told,
    who_has,
)
from dossiers.papers.kinds import to_print
from dossiers.rules import holds_task, types_from_paper
from dossiers.walk import doors

#: What changes who has a task and cannot be taken back: it asks once more.
SIGNED_FOR_GOOD = frozenset({"sign_decision"})
#: The tasks in which the papers of a dossier are put together: its page takes files itself.
TAKES_FILES = frozenset({"assemble_dossier", "supplement", "check_dossier"})
#: What a button says that keeps what is typed, then leads to what is done beside the task.
ASIDE = "then-"
TABS = ("summary", "evidence", "history")
#: Why a page's task has a dossier: the column is empty only for nodes that no person does.
OF_A_PERSON = "a task of a person is about a dossier"


def handling(user: User, task: Task) -> dict[str, str]:
    """``{name: button}`` of what ``user`` may do about who has the task (claim, release …)."""
    may = {}
    if rules.has_perm("dossiers.claim_task", user, task):
        # What its owner may no longer do is free to be taken.
        if task.owner is None or task.owner != user and not holds_task(task.owner, task):
            may["claim"] = _("Nhận việc")
        if task.waiting_since:
            may["resume"] = _("Chủ thể đã trả lời")
        else:
            may["wait"] = _("Chờ chủ thể")
    if (
        task.node == SIGNED_NODE
        and task.signed_at is None
        and rules.has_perm("dossiers.sign_decision", user, task)
    ):
        assert task.dossier is not None, OF_A_PERSON
        of_centre = certified_by_centre(task.dossier)
        may["sign_decision"] = str(SIGN_FOR_CENTRE if of_centre else SIGN)
    if task.owner_id and rules.has_perm("dossiers.release_task", user, task):
        may["release"] = _("Trả việc cho đơn vị")
    if rules.has_perm("dossiers.manage_task", user, task):
        may["reassign"] = _("Giao lại")
    if rules.has_perm("dossiers.reroute_task", user, task):
        may["reroute"] = _("Chuyển đơn vị khác")
    return may


def _waits_for_the_clerk(user: User, task: Task) -> bool:
    """Whether the task is marked as signed and ``user``, who could sign it, may not record its
    number: that is left to the clerk.
    """
    signed = task.signed_at is not None
    return signed and holds_task(user, task) and not types_from_paper(user, task)


def _handling_form(name: str, task: Task, data: QueryDict | None = None) -> forms.Form | None:
    if name == "wait":
        return acts.WaitForm(data, prefix=name)
    if name == "reassign":
        return acts.ReassignForm(data, prefix=name, task=task)
    if name == "reroute":
        return acts.RerouteForm(data, prefix=name, task=task)
    return None


@login_required
@shows_typed
@drafts.keeps
def task(request: SignedIn, pk: int) -> HttpResponseBase:
    """Show a task, do one of its acts, or change who has it."""
    task = get_object_or_404(
        Task.objects.visible_to(request.user).select_related(
            "dossier__product__producer",
            "dossier__commune__parent__parent",
            "dossier__cycle",
            "dossier__rule_set",
            "org_unit",
            "owner",
            "closed_by",
            "process",
        ),
        pk=pk,
    )
    if not task.is_open:
        return _already_done(request, task)
    name = request.POST.get("act") if request.method == "POST" else None
    try:
        if DRAFT in request.POST and (answer := _draft(request, task)) is not None:
            return answer
        if name in doors.HANDLING:
            return _kept_first(request, task) or _handle(request, task, name)
        if name is not None and name in task.acts():
            return _complete(request, task, name)
    except TaskAlreadyDone as error:
        return _already_done(request, error.task)
    except ActNotPossible:
        # The dossier has moved since the page was read: another task is open now.
        task.refresh_from_db()
        return (
            _already_done(request, task) if not task.is_open else redirect("dossiers:task", task.pk)
        )
    except PermissionDenied:
        task.refresh_from_db()
        return _page(request, task, refused=True)
    unclear = [_("Không rõ bạn muốn làm gì: hãy bấm một nút trên trang.")]
    return _page(request, task, problems=unclear if request.method == "POST" else ())


def _place(request: SignedIn, task: Task, name: str) -> drafts.Place:
    return drafts.place(request.user, name, task.dossier, task)


def _draft(request: SignedIn, task: Task) -> HttpResponseBase | None:
    """What the page asks for of the draft of one of its forms, of whoever may do the task."""
    if not rules.has_perm("dossiers.complete_task", request.user, task):
        raise PermissionDenied
    name = request.POST.get("draft_form", "")
    if name not in task.acts():
        return None
    here, asked = _place(request, task, name), request.POST[DRAFT]
    if asked.startswith(ASIDE):
        return _aside(request, task, here) or redirect(_beside(request, task, asked))
    return drafts.answer(request, here)


def _aside(request: SignedIn, task: Task, here: drafts.Place) -> HttpResponseBase | None:
    """Save what is typed into the form of the task, if anything is, before something else is done;
    None when that may be done.
    """
    assert task.dossier is not None, OF_A_PERSON
    form = acts.ActForm(here.form, task.dossier, request.user, task=task, data=request.POST)
    typed = any(
        not isinstance(part.fields[name], FileField)
        for part in form.parts
        for name in part.changed_data
    )
    return drafts.aside(request, here) if typed or here.draft is not None else None


def _beside(request: SignedIn, task: Task, asked: str) -> str:
    """Where it leads what is done beside the task: the page of an act, a fold or a tab of this
    page.
    """
    here, name = reverse("dossiers:task", args=[task.pk]), asked.removeprefix(ASIDE)
    assert task.dossier is not None, OF_A_PERSON
    if name in {act.name for act in free_acts(request.user, task.dossier)}:
        return reverse("dossiers:act", args=[task.dossier_id, name])
    if name in TABS:
        return f"{here}?tab={name}"
    return f"{here}?do={name}#handling" if name in doors.HANDLING else here


def _kept_first(request: SignedIn, task: Task) -> HttpResponseBase | None:
    """Of a button about who has the task that was pressed in the form of an act: save what is typed
    there; None when the button may be followed.
    """
    name = request.POST.get("draft_form")
    if name not in task.acts() or not rules.has_perm("dossiers.complete_task", request.user, task):
        return None
    return _aside(request, task, _place(request, task, name))


def _complete(request: SignedIn, task: Task, name: str) -> HttpResponseBase:
    """Do the act, then go to the next task if it is this person's, else to the inbox; or show the
    form again.
    """
    if not rules.has_perm("dossiers.complete_task", request.user, task):
        raise PermissionDenied
    assert task.dossier is not None, OF_A_PERSON
    form = acts.ActForm(
        name, task.dossier, request.user, task=task, data=request.POST, files=request.FILES
    )
    if not form.do():
        form.place = _place(request, task, name)
        drafts.keep_tried(request, form.place)
        return _page(request, task, tried=form)
    printed = to_print(task.dossier.pk, [name])
    following = say_done(request, ACTS[name].event, task.dossier, printed)
    if holds_task(request.user, following):
        return redirect("dossiers:task", following.pk)  # type: ignore[union-attr]
    return redirect("dossiers:inbox")


def _holder(user: User, task: Task, buttons: dict[str, str], worker: User | None) -> User | None:
    """The colleague whose claim keeps ``user`` from a task that they may give to themselves."""
    if worker is None or "reassign" not in buttons or holds_task(user, task):
        return None
    return worker if user.capacity(task.role, task.org_unit_id) is not None else None


def _seal(user: User, task: Task) -> str:
    """What is agreed to when a decision is marked as signed: which product, how many stars."""
    dossier = task.dossier
    assert dossier is not None, OF_A_PERSON
    return sealed(user, task, dossier.pk, str(dossier.product), dossier.stars)


def _handle(request: SignedIn, task: Task, name: str) -> HttpResponseBase:
    form = _handling_form(name, task, request.POST)
    if form is not None and not form.is_valid():
        return _page(request, task, handled=(name, form))
    said = form.cleaned_data if form else {}
    asks = name in SIGNED_FOR_GOOD and request.POST.get("sure") != _seal(request.user, task)
    try:
        if asks:
            with doors.rehearsed():
                doors.HANDLING[name](deepcopy(task), by=request.user, **said)
        else:
            doors.HANDLING[name](task, by=request.user, **said)
    except ConditionNotMet as error:
        if form is None:
            return _page(request, task, problems=error.messages)
        refuse(form, error)
        return _page(request, task, handled=(name, form))
    if asks:
        return _page(request, task, asks_to_sign=_seal(request.user, task))
    messages.success(request, _("Đã %(what)s.") % {"what": events.label(f"task.{name}")})
    return redirect("dossiers:task", task.pk)


class _Forms:
    """The forms on the page of a task: ``first`` is the act that is its way forward, the others
    follow. ``closed``: acts that this dossier cannot take, with the reasons.
    """

    def __init__(
        self, task: Task, user: User, *, kept: QueryDict | None, tried: acts.ActForm | None
    ) -> None:
        assert task.dossier is not None, OF_A_PERSON
        self.task, self.user = task, user
        self.closed: dict[str, list[Any]] = {}
        self.others: list[acts.ActForm] = []
        self.kept_act = kept.get("act", kept.get("draft_form")) if kept is not None else ""
        places = drafts.places(user, task.acts(), task.dossier, task)
        for name in task.acts():
            self.closed[name] = task.dossier.why_not(name, settled=True) or doors.why_not_typed(
                task, name, user
            )
            if tried is not None and tried.name == name:
                self.others.append(tried)
            elif not self.closed[name]:
                typed = kept if self.kept_act == name else places[name].typed
                self.others.append(acts.ActForm(name, task.dossier, user, task=task, typed=typed))
        for form in self.others:
            form.place = form.place or places[form.name]
            form.place.tried |= form.name == self.kept_act
        self.first = next((form for form in self.others if form.act.tone == "forward"), None)
        if self.first:
            self.others.remove(self.first)
        self.tried = tried

    def sign_first(self, sign: str) -> None:
        """Show the button ``sign`` (mark as signed) first instead of the act that records number
        and scan: the leader signs, the clerk records.
        """
        if self.first and (sign or _waits_for_the_clerk(self.user, self.task)):
            self.first.when = _("khi đã có số, ngày và bản chụp")
            self.others.insert(0, self.first)
            self.first = None
        for form in self.others:
            drafted = form.place is not None and form.place.told
            form.open = form is self.tried or form.name == self.kept_act or drafted

    def steps(self) -> list[dict[str, Any]]:
        """What has to be done before an act that leads on, by whom: the act, the one that it opens,
        and whose it is.
        """
        dossier = self.task.dossier
        assert dossier is not None, OF_A_PERSON
        return [
            {
                "act": ACTS[lack.met_by],
                "opens": ACTS[name].label,
                "mine": rules.has_perm(ACTS[lack.met_by].permission, self.user, dossier),
                "who": [
                    f"{Role(role).label}, {dossier.unit_at(level)}"
                    for role, level in sorted(ACTS[lack.met_by].who or ())
                ],
            }
            for name, lacking in self.closed.items()
            if lacking and ACTS[name].tone == "forward"
            for lack in dossier.lacking(name, settled=True)
            if lack.met_by
        ]

    def why_closed(self) -> list[tuple[Words, list[Any]]]:
        """(button, sentences) of the acts that this dossier cannot take."""
        return [(ACTS[name].label, lacking) for name, lacking in self.closed.items() if lacking]


def _trainings(task: Task, user: User) -> list[PlannedOutreach]:
    """The trainings that its producer still has to attend before the plan is approved, while that
    lies ahead; those that this person sees.
    """
    dossier = task.dossier
    if dossier is None or dossier.state not in BEFORE_PLAN_APPROVED:
        return []
    missed = [each.pk for each in dossier.trainings_missed()]
    return list(PlannedOutreach.objects.visible_to(user).filter(pk__in=missed)) if missed else []


def _handling_rows(
    task: Task, buttons: dict[str, str], handled: tuple[str, forms.Form] | None, asked: str
) -> list[dict[str, Any]]:
    """A row per button about who has the task; ``handled`` is (name, form) of what was tried,
    ``asked`` the one whose form is open.
    """
    tried, form = handled or ("", None)
    return [
        {
            "name": name,
            "label": label,
            "form": form if name == tried else _handling_form(name, task),
            "open": name in (tried, asked),
        }
        for name, label in buttons.items()
    ]


def _told_beside(task: Task, tab: str, reader: User) -> dict[str, object]:
    """What the chosen tab shows, what the producer was asked for, and why the dossier was returned
    to this office.
    """
    beside: dict[str, object]
    dossier, beside = task.dossier, {}
    assert dossier is not None, OF_A_PERSON
    if tab == "summary":
        beside["recorded"] = recorded(dossier, reader)
    elif tab == "evidence":
        papers = dossier.officialdocuments.select_related("document")
        beside["evidence"] = evidence_by_kind(dossier, papers)
    else:
        beside["history"] = told(dossier)
    if task.node in ("assemble_dossier", "supplement", "check_dossier") or tab == "evidence":
        beside["missing"] = dossier.missing_evidence()
    if task.waiting_since or task.node in WAITS_FOR_PRODUCER:
        beside["asked"] = told(dossier).filter(event__in=SENT_BACK).first()
    elif task.state in RETURNED_TO:
        came = told(dossier).filter(after=task.state).exclude(before=task.state).first()
        beside["returned"] = came if came is not None and came.event in RETURNED else None
    return beside


def _page(
    request: SignedIn,
    task: Task,
    *,
    tried: acts.ActForm | None = None,
    handled: tuple[str, forms.Form] | None = None,
    problems: Iterable[Any] = (),
    refused: bool = False,
    asks_to_sign: str = "",
) -> HttpResponseBase:
    user, dossier, guide = request.user, task.dossier, GUIDES[task.node]
    assert dossier is not None, OF_A_PERSON
    may = rules.has_perm("dossiers.complete_task", user, task)
    kept = request.typed if may else None
    offered = _Forms(task, user, kept=kept, tried=tried) if may else None
    buttons = handling(user, task)
    sign = buttons.pop("sign_decision", "") if offered and offered.first else ""
    if offered:
        offered.sign_first(sign)
    first = offered.first if offered else None
    free = free_acts(user, dossier)
    beside = [act for act in free if act.unsigned]
    attaches = may_attach(beside, dossier)
    attach = None
    if may and attaches["may_attach"] and task.node in TAKES_FILES:
        attach = acts.ActForm("attach_evidence", dossier, user)
        free, beside = (
            [act for act in acts_ if act.name != attach.name] for acts_ in (free, beside)
        )
    has = who_has(task)
    tab = request.GET.get("tab")
    tab = tab if tab in TABS else "summary"
    context = {
        "task": task,
        "dossier": dossier,
        "guide": guide,
        "law": guide.law_for(dossier.rule_set),
        "checks": () if first and first.reviews else guide.checks,
        "may": may,
        "typed_only": may and not holds_task(user, task),
        "first": first,
        "sign": sign,
        "of_centre": certified_by_centre(dossier),
        "asks_to_sign": asks_to_sign,
        # Without script it takes along what is typed, whatever else is done.
        "beside_form": first is not None and not sign,
        "others": offered.others if offered else [],
        "closed": [] if first or sign or not offered else offered.why_closed(),
        "steps": [] if first or sign or not offered else offered.steps(),
        "trainings": _trainings(task, user),
        "tried": tried,
        "kept": kept is not None,
        "problems": problems,
        "refused": refused,
        "handling": _handling_rows(task, buttons, handled, request.GET.get("do", "")),
        "role": Role(task.role).label,
        "beside": beside,
        "elsewhere": [act for act in free if act not in beside and act.tone != "refuse"],
        "to_print": to_print(dossier.pk, task.acts()),
        "refusals": [act for act in free if act.tone == "refuse"],
        "attach": attach,
        **attaches,
        "tab": tab,
        "tabs": [
            ("summary", _("Tóm tắt")),
            ("evidence", _("Minh chứng")),
            ("history", _("Nhật ký")),
        ],
        **_told_beside(task, tab, request.user),
        **has,
        "holder": _holder(user, task, buttons, has.get("worker")),
    }
    return render(request, "dossiers/task.html", context, status=403 if refused else 200)


def _already_done(request: SignedIn, task: Task) -> HttpResponseBase:
    """Answer that the task is done already: who, when, what, and the way on. Nothing is changed."""
    dossier = task.dossier
    assert dossier is not None, OF_A_PERSON
    cancelled_by = (
        None
        if task.closed_by_id or task.closed_at is None
        else told(dossier).filter(at=task.closed_at).exclude(event__startswith="task.").first()
    )
    following = next_task(dossier)
    return render(
        request,
        "dossiers/task_done.html",
        {
            "task": task,
            "dossier": dossier,
            "guide": GUIDES[task.node],
            "done": events.label(f"dossier.{task.outcome}") if task.outcome else "",
            "cancelled_by": cancelled_by,
            "following": following,
            "following_title": GUIDES[following.node].title if following else "",
            "mine": holds_task(request.user, following),
            "to_print": to_print(dossier.pk, [task.outcome]),
        },
    )
