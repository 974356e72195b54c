"""The page of a dossier, the acts on it that no task asks for, and the page to open a new one."""

from __future__ import annotations

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from cycle import written
from cycle.asking import SignedIn
from cycle.documents import announced_on, may_correct
from cycle.models import User
from cycle.once import once, unrecorded
from cycle.typed import fill, shows_typed
from dossiers import drafts
from dossiers.forms import acts as acts_forms
from dossiers.forms import opening
from dossiers.law.conditions import NEVER_CERTIFIED
from dossiers.law.guidance import GUIDES
from dossiers.law.states import RECOGNISED
from dossiers.models import (
    ACTS,
    ActNotPossible,
    Certificate,
    Dossier,
    Potential,
)
from dossiers.office.forms.stock import GivenForm
from dossiers.office.lists import stock_office
from dossiers.office.stock.one import enter_one
from dossiers.page import (
    as_written,
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
from dossiers.refused import not_allowed
from dossiers.rules import holds_task
from dossiers.walk import papers
from dossiers.walk.diagram import picture


def _visible(user: User, pk: int) -> Dossier:
    return get_object_or_404(Dossier.objects.visible_to(user).with_units(), pk=pk)


@login_required
def dossier(request: SignedIn, pk: int) -> HttpResponseBase:
    """A dossier: where it waits, for whom, until when; its records, evidence and history."""
    dossier = _visible(request.user, pk)
    task = next_task(dossier)
    acts = free_acts(request.user, dossier)
    given = Certificate.objects.public().filter(dossier=dossier)
    certificate = given.first() if dossier.state in RECOGNISED else None
    decision = certificate.decision if certificate is not None else None
    history = list(told(dossier))
    documents = list(
        dossier.officialdocuments.select_related("document", "scan", "recorded_by").order_by("-pk")
    )
    return render(
        request,
        "dossiers/dossier.html",
        {
            "dossier": dossier,
            "task": task,
            **who_has(task),
            "guide": GUIDES[task.node] if task else None,
            "mine": holds_task(request.user, task),
            "acts": [act for act in acts if act.tone != "refuse"],
            "refusals": [act for act in acts if act.tone == "refuse"],
            **may_attach(acts, dossier),
            "corrections": dossier.corrections(),
            "recorded": recorded(dossier, request.user, corrects=True),
            "others": dossier.others_open().visible_to(request.user).select_related("cycle"),
            "documents": documents,
            "correctable": papers.may_correct(request.user, documents),
            "evidence": evidence_by_kind(dossier, documents),
            "missing": dossier.missing_evidence(),
            "certificate": certificate,
            "decision": decision,
            "announced_on": decision and announced_on(decision.document),
            "announces": decision is not None and may_correct(request.user, decision.document),
            "history": history,
            "as_written": as_written(history),
            "picture": picture(dossier, task),
        },
    )


@login_required
@shows_typed
@once
@drafts.keeps
def act(request: SignedIn, pk: int, name: str) -> HttpResponseBase:
    """The form of an act that no task asks for, and doing it."""
    dossier = _visible(request.user, pk)
    act = ACTS.get(name)
    if act is None or act.door != "act":
        raise Http404
    printed = to_print(pk, [name])
    page = {"dossier": dossier, "name": name, "act": act, "to_print": printed}
    if not rules.has_perm(act.permission, request.user, dossier):
        return render(request, "dossiers/not_allowed.html", page, status=403)
    if not dossier.stands_for(name):
        return _too_late(request, dossier, name)
    replaces = written.key(request.GET.get("replaces"))
    here = drafts.place(request.user, f"{name}:{replaces}" if replaces else name, dossier)
    if (answer := drafts.answer(request, here)) is not None:
        return answer
    form = acts_forms.ActForm(
        name,
        dossier,
        request.user,
        data=request.POST if request.method == "POST" else None,
        files=request.FILES if request.method == "POST" else None,
        typed=drafts.shown(request, here),
        initial={key: request.GET[key] for key in ("kind", "replaces") if key in request.GET},
    )
    form.place = here
    if request.method != "POST" and any(getattr(part, "stale", False) for part in form.parts):
        messages.warning(
            request,
            _(
                "Nội dung mà đường dẫn này nói tới không còn, hoặc đã được đính chính, thay thế: "
                "hãy chọn lại từ trang hồ sơ."
            ),
        )
        return unrecorded(redirect("dossiers:dossier", dossier.pk))
    try:
        if request.method == "POST" and form.do():
            drafts.done(here)
            task = say_done(request, act.event, dossier, printed)
            return redirect(
                "dossiers:task" if holds_task(request.user, task) else "dossiers:dossier",
                task.pk if holds_task(request.user, task) else dossier.pk,  # type: ignore[union-attr]
            )
    except ActNotPossible:
        return _too_late(request, dossier, name)
    if request.method == "POST":
        drafts.keep_tried(request, here)
    # What its own records may meet is not held against it beforehand.
    why_not = dossier.why_not(name, settled=bool(form.parts and act.keeps))
    return render(request, "dossiers/act.html", page | {"form": form, "why_not": why_not})


def _too_late(request: SignedIn, dossier: Dossier, name: str) -> HttpResponseBase:
    """Answer that somebody moved the dossier first: who, when, what. Nothing is changed."""
    entry = told(dossier).exclude(event__startswith="task.").first()
    # One that was struck out, or has gone elsewhere, has no page to lead to.
    there = Dossier.objects.visible_to(request.user).filter(pk=dossier.pk).exists()
    page = {"dossier": dossier, "act": ACTS[name], "entry": entry, "there": there}
    return render(
        request, "dossiers/too_late.html", page | {"task": next_task(dossier) if there else None}
    )


@login_required
@shows_typed
@once
@drafts.keeps
def dossier_new(request: SignedIn) -> HttpResponseBase:
    """Open a dossier for a product of one of the user's communes."""
    user = request.user
    if not rules.has_perm("dossiers.begin", user):
        return not_allowed(request, _("Mở hồ sơ mới"))
    initial = {"outreach_event": request.GET.get("outreach_event")}
    potential, its = None, "dossier_new"
    if (key := written.key(request.GET.get("potential"))) is not None:
        potential = get_object_or_404(Potential.objects.visible_to(user), pk=key)
        its = f"dossier_new:{potential.pk}"
        initial |= opening.told_by(potential)
    if (key := written.key(request.GET.get("again"))) is not None:
        judged = Dossier.objects.visible_to(user).select_related("product", "commune")
        initial |= opening.judged_anew(get_object_or_404(judged, pk=key))
        its = f"dossier_new:again-{key}"
    keeps = rules.has_perm("dossiers.import_stock", user, None)
    form = opening.DossierForm(
        request.POST or None, user=user, potential=potential, initial=initial, enters_old=keeps
    )
    here = drafts.place(user, its)
    if (answer := drafts.answer(request, here)) is not None:
        return answer
    shown = drafts.shown(request, here)
    fill(form, shown)
    old = None
    if keeps:
        data = request.POST if "given" in request.POST else None
        old = GivenForm(data, request.FILES if data else None, user=user, prefix="given")
        fill(old, shown)
    if form.is_valid():
        made = _open(form, old, user)
        if made is not None:
            drafts.done(here)
            task = say_done(request, "dossier.open", made)
            if holds_task(user, task):
                return redirect("dossiers:task", task.pk)  # type: ignore[union-attr]
            return redirect("dossiers:dossier", made.pk)
    if request.method == "POST":
        drafts.keep_tried(request, here)
    # What was typed of it and kept is shown again, or saving the page once more would lose it.
    kept = shown is not None and "given" in shown
    asks_old = old is not None and (form.uncertified or old.is_bound or kept)
    return render(
        request,
        "dossiers/dossier_new.html",
        {
            "form": form,
            "potential": potential,
            "place": here,
            "old": old if asks_old else None,
            "wrong": [each for each in (form, old) if each is not None and each.errors],
        },
    )


def _open(form: opening.DossierForm, old: GivenForm | None, user: User) -> Dossier | None:
    """Open the dossier of a valid ``form``, with the certificate of before where ``old`` has one:
    both or none. None with the reasons on the forms.
    """
    if not form.uncertified:
        return form.open()
    if old is None or not old.is_bound:
        form.add_error("case_type", NEVER_CERTIFIED)
        return None
    if not old.is_valid():
        return None
    data = form.cleaned_data
    with transaction.atomic():
        batch = enter_one(old, old.raw(data["product"], data), by=user, unit=stock_office(user))
        if batch is None:
            transaction.set_rollback(True)
            return None
        entered = batch.rows.select_related("dossier__product__producer").get().dossier
        assert entered is not None, "a row that was entered has its dossier"
        made = form.open(entered.product)
        if made is None:
            transaction.set_rollback(True)
    return made
