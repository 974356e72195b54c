"""Step 1, outreach (tuyên truyền): the events held, and the dossiers that came from them."""

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from cycle.asking import SignedIn
from cycle.models import HistoryEntry, Stream
from cycle.once import once
from cycle.typed import fill, shows_typed
from dossiers.forms import opening
from dossiers.forms.fields import refuse
from dossiers.law.conditions import ConditionNotMet
from dossiers.models import OutreachEvent
from dossiers.models.events import ORGANISERS
from dossiers.models.product import on_what_stands
from dossiers.office.lists import outreach_list
from dossiers.office.outreach import correct

ROWS = 25


@login_required
@shows_typed
@once
def outreach(request: SignedIn) -> HttpResponseBase:
    """The events of the user's units with the dossiers from each; a form to add one."""
    user = request.user
    may_add = bool(user.posts(*ORGANISERS))
    form = None
    if may_add:
        form = opening.OutreachForm(request.POST or None, user=user)
        fill(form, request.typed)
    if request.method == "POST" and not may_add:
        return render(
            request,
            "dossiers/not_allowed.html",
            {"act": {"label": _("Ghi hoạt động tuyên truyền")}},
            status=403,
        )
    if form is not None and form.is_valid():
        try:
            with on_what_stands(), transaction.atomic():
                event = form.save()
        except ConditionNotMet as late:
            form.add_error("cycle", [str(each) for each in late.messages])
        else:
            messages.success(request, _("Đã ghi hoạt động «%(title)s».") % {"title": event})
            return redirect("dossiers:outreach")
    page = outreach_list(user).page(request.GET.get("page"), ROWS)
    return render(
        request,
        "dossiers/outreach.html",
        {
            "page": page,
            "form": form,
            "may_open": rules.has_perm("dossiers.begin", user),
            "add": form is not None and (form.is_bound or request.typed is not None),
        },
    )


@login_required
@shows_typed
@once
def outreach_one(request: SignedIn, pk: int) -> HttpResponseBase:
    """One event: what was recorded, how it was corrected, and a form for who may correct it."""
    user = request.user
    event = get_object_or_404(
        OutreachEvent.objects.filter(org_unit__in=user.area()).select_related("org_unit", "cycle"),
        pk=pk,
    )
    form = None
    if event.organiser(user) is not None:
        form = opening.OutreachCorrectionForm(request.POST or None, user=user, event=event)
        fill(form, request.typed)
    elif request.method == "POST":
        act = {"label": _("Đính chính hoạt động tuyên truyền")}
        return render(request, "dossiers/not_allowed.html", {"act": act}, status=403)
    if form is not None and form.is_valid():
        try:
            correct(form.instance, form.changed_here(), by=user, reason=form.cleaned_data["reason"])
        except ConditionNotMet as refused:
            refuse(form, refused)
        else:
            messages.success(request, _("Đã đính chính hoạt động."))
            return redirect("dossiers:outreach_one", event.pk)
    corrections = HistoryEntry.objects.filter(
        stream=Stream.CYCLE, event="outreach.correct", data__outreach=pk
    )
    page = {"event": event, "form": form, "corrections": corrections.order_by("-pk")}
    return render(request, "dossiers/outreach_one.html", page)
