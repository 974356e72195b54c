"""What is held for many products: step 1, outreach (tuyên truyền), with the dossiers that came from
it, and fairs and campaigns (hội chợ, xúc tiến).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cycle import written
from cycle.asking import SignedIn
from cycle.models import HistoryEntry, Role, Stream
from cycle.once import once
from cycle.typed import fill, shows_typed
from dossiers import drafts
from dossiers.forms import opening
from dossiers.forms.fields import refuse
from dossiers.law.conditions import ConditionNotMet
from dossiers.lists.coverage import Coverage, Filters
from dossiers.lists.filters import Queried, seek
from dossiers.models import (
    OutreachEvent,
    OutreachKind,
    PlannedOutreach,
    Potential,
    PromotionEvent,
)
from dossiers.models.events import ORGANISERS
from dossiers.office.lists import came_of, outreach_list, promotion_list
from dossiers.office.outreach import NAMES, attendance_of, correct, record
from dossiers.refused import not_allowed

ROWS = 25


@dataclass(frozen=True)
class Held:
    """One kind of what is held: its forms, its list and its words."""

    model: type[OutreachEvent | PromotionEvent]
    form: type[opening.EventForm]
    correction: Any
    listed: Callable[..., Queried]
    title: Any
    add: Any
    correct: Any
    came: Any
    related: tuple[str, ...] = ("org_unit", "cycle", "recorded_by")

    @property
    def name(self) -> str:
        return NAMES[self.model]


OUTREACH = Held(
    OutreachEvent, opening.OutreachForm, opening.OutreachCorrectionForm, outreach_list,
    gettext_lazy("Tuyên truyền, hướng dẫn"),
    gettext_lazy("Ghi hoạt động tuyên truyền"),
    gettext_lazy("Đính chính hoạt động tuyên truyền"),
    gettext_lazy("Hồ sơ mở từ đây"),
    ("org_unit", "cycle", "recorded_by", "planned"),
)  # fmt: skip
PROMOTION = Held(
    PromotionEvent, opening.PromotionForm, opening.PromotionCorrectionForm,
    lambda user, _asked: promotion_list(user),
    gettext_lazy("Hội chợ, xúc tiến"),
    gettext_lazy("Ghi hội chợ, sự kiện xúc tiến"),
    gettext_lazy("Đính chính hội chợ, sự kiện xúc tiến"),
    gettext_lazy("Sản phẩm tham gia"),
)  # fmt: skip


@login_required
@shows_typed
@once
@drafts.keeps
def outreach(request: SignedIn) -> HttpResponseBase:
    """The events of the user's units with the dossiers from each; a form to add one."""
    return _listed(request, OUTREACH)


@login_required
@require_safe
def coverage(request: SignedIn) -> HttpResponseBase:
    """What was done in which commune of my area in a year; each cell opens its list."""

    def selects() -> dict[str, Any]:
        return {"cycle": Coverage(request.user, Filters.of(request.GET)).cycles}

    read, sought = seek(request.GET, selects)
    page = Coverage(request.user, Filters.of(read))
    return render(
        request,
        "dossiers/coverage.html",
        {"page": page, "sought": sought, "kinds": OutreachKind.choices},
    )


@login_required
@shows_typed
@once
@drafts.keeps
def promotion(request: SignedIn) -> HttpResponseBase:
    """The fairs of the user's units with the products that went there; a form to add one."""
    return _listed(request, PROMOTION)


@login_required
@shows_typed
@once
@drafts.keeps
def outreach_one(request: SignedIn, pk: int) -> HttpResponseBase:
    """One event: what was recorded, how it was corrected, and a form for who may correct it."""
    return _one(request, OUTREACH, pk)


@login_required
@shows_typed
@once
@drafts.keeps
def promotion_one(request: SignedIn, pk: int) -> HttpResponseBase:
    """One fair: what was recorded, how it was corrected, and a form for who may correct it."""
    return _one(request, PROMOTION, pk)


def _begun(request: SignedIn, held: Held) -> dict[str, Any]:
    """What the form begins with: what the row of the plan says that its address names."""
    key = written.key(request.GET.get("planned"))
    if held is not OUTREACH or key is None:
        return {}
    row = get_object_or_404(PlannedOutreach.objects.visible_to(request.user), pk=key)
    said = ("cycle_id", "org_unit_id", "kind", "title")
    return {"planned": row.pk} | {name.removesuffix("_id"): getattr(row, name) for name in said}


def _listed(request: SignedIn, held: Held) -> HttpResponseBase:
    user = request.user
    may_add = bool(user.posts(*ORGANISERS))
    form = here = None
    if may_add:
        here = drafts.place(user, held.name)
        if (answer := drafts.answer(request, here)) is not None:
            return answer
        form = held.form(request.POST or None, user=user, initial=_begun(request, held))
        fill(form, drafts.shown(request, here))
    if request.method == "POST" and not may_add:
        return not_allowed(request, held.add)
    if form is not None and here is not None and form.is_valid():
        try:
            event = form.save(commit=False)
            record(event, by=user)
        except ConditionNotMet as late:
            form.add_error("cycle", [str(each) for each in late.messages])
        else:
            drafts.done(here)
            messages.success(request, _("Đã ghi hoạt động «%(title)s».") % {"title": event})
            return redirect(f"dossiers:{held.name}")
    if here is not None and request.method == "POST":
        drafts.keep_tried(request, here)
    return render(
        request,
        f"dossiers/{held.name}.html",
        {
            "page": held.listed(user, request.GET).page(request.GET.get("page"), ROWS),
            "form": form,
            "may_open": rules.has_perm("dossiers.begin", user),
            "place": here,
            "add": here is not None
            and (here.tried or here.draft is not None or "planned" in request.GET),
        },
    )


def _one(request: SignedIn, held: Held, pk: int) -> HttpResponseBase:
    user = request.user
    seen = held.model._default_manager.filter(org_unit__in=user.area())
    event: Any = get_object_or_404(seen.select_related(*held.related), pk=pk)
    form = here = None
    if event.organiser(user) is not None:
        here = drafts.place(user, f"{held.name}:{event.pk}")
        if (answer := drafts.answer(request, here)) is not None:
            return answer
        form = held.correction(request.POST or None, user=user, event=event)
        fill(form, drafts.shown(request, here))
    elif request.method == "POST":
        return not_allowed(request, held.correct)
    if form is not None and here is not None and form.is_valid():
        try:
            correct(form.instance, form.changed_here(), by=user, reason=form.cleaned_data["reason"])
        except ConditionNotMet as refused:
            refuse(form, refused)
        else:
            drafts.done(here)
            messages.success(request, _("Đã đính chính hoạt động."))
            return redirect(f"dossiers:{held.name}_one", event.pk)
    if here is not None and request.method == "POST":
        drafts.keep_tried(request, here)
    corrections = HistoryEntry.objects.filter(
        stream=Stream.CYCLE, event=f"{held.name}.correct", **{f"data__{held.name}": pk}
    )
    return render(
        request,
        "dossiers/outreach_one.html",
        {
            "event": event,
            "held": held,
            "back": f"dossiers:{held.name}",
            "came": came_of(event, user),
            "potentials": Potential.objects.visible_to(user).filter(event=event)
            if held is OUTREACH
            else None,
            "files": event.files.all() if held is OUTREACH else None,
            "named": len(attendance_of(event)) if held is OUTREACH else None,
            "may_add_potential": bool(user.posts(Role.OFFICER)),
            "form": form,
            "place": here,
            "corrections": corrections.order_by("-pk"),
        },
    )
