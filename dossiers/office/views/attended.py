"""What an event of step 1 leaves: its list of attendance, photos and materials."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cycle.asking import SignedIn
from cycle.downloads import download
from cycle.once import once
from cycle.typed import fill, shows_typed
from dossiers import drafts
from dossiers.forms.fields import refuse
from dossiers.law.conditions import ConditionNotMet
from dossiers.models import OutreachEvent, OutreachFile
from dossiers.office import outreach
from dossiers.office.forms.attended import AttachForm, AttendanceForm, TakeOffForm, as_typed
from dossiers.refused import not_allowed


def _event(request: SignedIn, pk: int) -> OutreachEvent:
    seen = OutreachEvent.objects.filter(org_unit__in=request.user.area())
    return get_object_or_404(seen.select_related("cycle", "org_unit"), pk=pk)


def _file(request: SignedIn, pk: int) -> OutreachFile:
    seen = OutreachFile.objects.filter(event__org_unit__in=request.user.area())
    return get_object_or_404(seen.select_related("event__cycle"), pk=pk)


@login_required
@shows_typed
@drafts.keeps_page
@once
def attendance(request: SignedIn, pk: int) -> HttpResponseBase:
    """Who was at an event: personal data, for who may correct the event."""
    event = _event(request, pk)
    if event.organiser(request.user) is None:
        return not_allowed(request, _("Danh sách người dự"))
    listed = outreach.attendance_of(event)
    typed = as_typed(listed)
    form = AttendanceForm(request.POST or None, initial={"people": typed, "seen": typed})
    fill(form, request.typed)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            outreach.attend(event, said["people"], seen=said["seen"], by=request.user)
        except ConditionNotMet as refused:
            # Sent once more it is written over what somebody else wrote meanwhile.
            now = as_typed(outreach.attendance_of(event))
            form.data = request.POST.copy()
            form.data["seen"] = now
            refuse(form, refused)
        else:
            messages.success(
                request, _("Đã ghi danh sách %(n)d người dự.") % {"n": len(said["people"])}
            )
            return redirect("dossiers:outreach_one", event.pk)
    shown = {"event": event, "people": listed, "form": form}
    return render(request, "dossiers/attendance.html", shown)


@login_required
@shows_typed
@drafts.keeps_page
@once
def attach(request: SignedIn, pk: int) -> HttpResponseBase:
    """Photos and materials of an event, of who may correct it."""
    event = _event(request, pk)
    if event.organiser(request.user) is None:
        return not_allowed(request, _("Đính ảnh, tài liệu"))
    form = AttachForm(request.POST or None, request.FILES or None, by=request.user)
    fill(form, request.typed)
    if request.method == "POST" and form.is_valid():
        outreach.attach(event, form.cleaned_data["materials"], by=request.user)
        messages.success(request, _("Đã đính tệp."))
        return redirect("dossiers:outreach_one", event.pk)
    page = _("Đính ảnh, tài liệu: %(event)s") % {"event": event}
    return _form(request, form, event, title=page, do=_("Đính tệp"))


@login_required
@require_safe
def file(request: SignedIn, pk: int) -> HttpResponseBase:
    """A photo or material, for whoever sees the event."""
    found = _file(request, pk)
    back = reverse("dossiers:outreach_one", args=[found.event_id])
    return download(
        request, found.sha256, found.filename, found.content_type, title=found.event, back=back
    )


@login_required
@shows_typed
@drafts.keeps_page
@once
def take_off(request: SignedIn, pk: int) -> HttpResponseBase:
    """Take a wrong photo or material away, with a reason."""
    found = _file(request, pk)
    if found.event.organiser(request.user) is None:
        return not_allowed(request, _("Gỡ tệp"))
    form = TakeOffForm(request.POST or None)
    fill(form, request.typed)
    if request.method == "POST" and form.is_valid():
        try:
            outreach.take_off(found, by=request.user, reason=form.cleaned_data["reason"])
        except ConditionNotMet as refused:
            refuse(form, refused)
        else:
            messages.success(request, _("Đã gỡ tệp."))
            return redirect("dossiers:outreach_one", found.event_id)
    page = _("Gỡ tệp «%(file)s»") % {"file": found.filename}
    return _form(request, form, found.event, title=page, do=_("Gỡ tệp"))


def _form(
    request: SignedIn, form: Any, event: OutreachEvent, *, title: str, do: str
) -> HttpResponseBase:
    page = {
        "form": form,
        "title": title,
        "do": do,
        "back": reverse("dossiers:outreach_one", args=[event.pk]),
        "place": request.draft,
    }
    return render(request, "dossiers/cycle_form.html", page)
