"""The first day: which province, what the law says, whom to call (thiết lập)."""

from __future__ import annotations

import io
from typing import Any

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.management import CommandError, call_command
from django.db import transaction
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cycle import clock, files, provinces, sheets
from cycle.asking import SignedIn
from cycle.models import HistoryEntry, Level, Office, OfficeContact, OrgUnit, User
from cycle.once import once, unrecorded
from cycle.typed import fill, shows_typed
from dossiers.office.forms.setup import OfficeContactForm, ProvinceForm, SplitForm, UnitSheetForm

#: So many faults of a sheet are said at once.
PROBLEMS = 20


def _administrator(request: SignedIn) -> None:
    """Raises Http404 for anybody else."""
    if not rules.has_perm("dossiers.administer_people", request.user):
        raise Http404


@login_required
@shows_typed
@once
def units(request: SignedIn) -> HttpResponseBase:
    """Choose the province and load its units; afterwards, what was loaded (đơn vị của tỉnh)."""
    _administrator(request)
    known = OrgUnit.objects.filter(level=Level.PROVINCE).order_by("valid_to", "pk").first()
    # One of the two forms was sent; the other is shown as it is.
    sent_sheet = "since" in request.POST
    form = ProvinceForm(None if sent_sheet else request.POST or None)
    sent = (request.POST or None, request.FILES) if sent_sheet else ()
    sheet = UnitSheetForm(*sent, user=request.user)
    fill(form, request.typed)
    if form.is_valid() or sheet.is_valid():
        used, at = (sheet, "file") if sent_sheet else (form, "province")
        try:
            made = _loaded(used.cleaned_data, request.user)
        except (provinces.ProvinceRefused, sheets.SheetRefused) as refused:
            for problem in getattr(refused, "problems", [str(refused)])[:PROBLEMS]:
                used.add_error(at, str(problem))
        else:
            messages.success(request, _("Đã nạp đơn vị của %(unit)s.") % {"unit": made})
            return redirect("dossiers:setup_units")
    today = OrgUnit.objects.valid_on(clock.today())
    return render(
        request,
        "dossiers/setup_units.html",
        {
            "form": form,
            "sheet": sheet,
            "province": known,
            "communes": today.filter(level=Level.COMMUNE).count(),
            "districts": today.filter(level=Level.DISTRICT).count(),
            "ended": OrgUnit.objects.filter(valid_to__lt=clock.today()).count(),
            "split": provinces.split(),
        },
    )


def _loaded(asked: dict[str, Any], by: User) -> OrgUnit:
    """The province of a form that is right."""
    if "file" in asked:
        staged = asked["file"]
        if staged.bytes > sheets.MAX_BYTES:
            raise sheets.SheetRefused(_("Tệp quá nặng: hãy chỉ giữ trang danh sách."))
        with files.open(staged.sha256) as file:
            content = file.read()
        return provinces.load_sheet(content, staged.filename, since=asked["since"], by=by)
    return provinces.load(asked["province"], by=by)


@login_required
@shows_typed
@once
def split(request: SignedIn) -> HttpResponseBase:
    """Asked once: which successor has the business of a split commune (xã cũ chia tách)."""
    _administrator(request)
    form = SplitForm(request.POST or None)
    fill(form, request.typed)
    if form.is_valid() and (changed := form.save(request.user)) is not None:
        messages.success(request, _("Đã lưu: %(n)d đơn vị thay đổi.") % {"n": changed})
        answer = redirect("dossiers:setup_split")
        return answer if changed else unrecorded(answer)
    return render(request, "dossiers/setup_split.html", {"form": form})


@login_required
@require_POST
def reference(request: SignedIn) -> HttpResponseBase:
    """Load the editions of the law, their rubrics and the days off that the product brings."""
    _administrator(request)
    said = io.StringIO()
    try:
        with transaction.atomic():
            call_command("load_rulesets", stdout=said)
            call_command("load_rubrics", stdout=said)
            # What the office has corrected in its calendar stays.
            call_command("load_days_off", keep=True, stdout=said)
            HistoryEntry.objects.record(
                "office.reference", Office("Văn phòng"), by=request.user, said=said.getvalue()
            )
    except CommandError as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, _("Đã nạp bộ quy định, bộ tiêu chí và ngày nghỉ."))
    return redirect("councils:setup")


@login_required
@shows_typed
@once
def office_contact(request: SignedIn) -> HttpResponseBase:
    """Whom to call who cannot sign in; the sign-in page says it (liên hệ của văn phòng)."""
    _administrator(request)
    now = OfficeContact.current()
    initial = {name: getattr(now, name) for name in ("name", "phone", "email")} if now else {}
    form = OfficeContactForm(request.POST or None, initial=initial)
    fill(form, request.typed)
    if form.is_valid():
        with transaction.atomic():
            made = OfficeContact.objects.create(
                **initial | form.changed_here(), made_by=request.user, made_at=clock.now()
            )
            HistoryEntry.objects.record(
                "office.contact", Office(str(made)), by=request.user, was=str(now or "")
            )
        messages.success(request, _("Đã lưu. Trang đăng nhập ghi liên hệ này."))
        return redirect("councils:setup")
    return render(request, "dossiers/setup_contact.html", {"form": form})
