"""The page of a dossier, the acts on it that no task asks for, and the page to open a new one."""

from __future__ import annotations

import rules
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from cycle import written
from cycle.asking import SignedIn
from cycle.models import User
from cycle.once import once
from cycle.typed import fill, shows_typed
from dossiers.forms import acts as acts_forms
from dossiers.forms import opening
from dossiers.law.guidance import GUIDES
from dossiers.law.states import RECOGNISED
from dossiers.models import (
    ACTS,
    ActNotPossible,
    Certificate,
    Dossier,
    Potential,
)
from dossiers.page import (
    evidence_by_kind,
    free_acts,
    may_attach,
    next_task,
    recorded,
    say_done,
    told,
)
from dossiers.rules import holds_task
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
    return render(
        request,
        "dossiers/dossier.html",
        {
            "dossier": dossier,
            "task": task,
            "guide": GUIDES[task.node] if task else None,
            "mine": holds_task(request.user, task),
            "acts": [act for act in acts if act.tone != "refuse"],
            "refusals": [act for act in acts if act.tone == "refuse"],
            **may_attach(acts, dossier),
            "corrections": dossier.corrections(),
            "recorded": recorded(dossier),
            "documents": dossier.officialdocuments.select_related("scan", "recorded_by").order_by(
                "-pk"
            ),
            "evidence": evidence_by_kind(dossier),
            "missing": dossier.missing_evidence(),
            "certificate": given.first() if dossier.state in RECOGNISED else None,
            "history": told(dossier),
            "picture": picture(dossier, task),
        },
    )


@login_required
@shows_typed
@once
def act(request: SignedIn, pk: int, name: str) -> HttpResponseBase:
    """The form of an act that no task asks for, and doing it."""
    dossier = _visible(request.user, pk)
    act = ACTS.get(name)
    if act is None or act.door != "act":
        raise Http404
    page = {"dossier": dossier, "name": name, "act": act}
    if not rules.has_perm(act.permission, request.user, dossier):
        return render(request, "dossiers/not_allowed.html", page, status=403)
    if not dossier.stands_for(name):
        return _too_late(request, dossier, name)
    form = acts_forms.ActForm(
        name,
        dossier,
        request.user,
        data=request.POST if request.method == "POST" else None,
        files=request.FILES if request.method == "POST" else None,
        typed=request.typed,
        initial={key: request.GET[key] for key in ("kind", "replaces") if key in request.GET},
    )
    try:
        if request.method == "POST" and form.do():
            task = say_done(request, act.event, dossier)
            return redirect(
                "dossiers:task" if holds_task(request.user, task) else "dossiers:dossier",
                task.pk if holds_task(request.user, task) else dossier.pk,  # type: ignore[union-attr]
            )
    except ActNotPossible:
        return _too_late(request, dossier, name)
    why_not = [] if form.parts and act.keeps else dossier.why_not(name)
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
def dossier_new(request: SignedIn) -> HttpResponseBase:
    """Open a dossier for a product of one of the user's communes."""
    user = request.user
    if not rules.has_perm("dossiers.begin", user):
        return render(
            request,
            "dossiers/not_allowed.html",
            {"act": {"label": _("Mở hồ sơ mới")}},
            status=403,
        )
    initial = {"outreach_event": request.GET.get("outreach_event")}
    potential = None
    if (key := written.key(request.GET.get("potential"))) is not None:
        potential = get_object_or_404(Potential.objects.visible_to(user), pk=key)
        initial |= opening.told_by(potential)
    form = opening.DossierForm(
        request.POST or None, user=user, potential=potential, initial=initial
    )
    fill(form, request.typed)
    if form.is_valid():
        made = form.open()
        if made is not None:
            task = say_done(request, "dossier.open", made)
            if holds_task(user, task):
                return redirect("dossiers:task", task.pk)  # type: ignore[union-attr]
            return redirect("dossiers:dossier", made.pk)
    return render(request, "dossiers/dossier_new.html", {"form": form, "potential": potential})
