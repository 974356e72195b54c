"""The page of the calendar: days off (ngày nghỉ) and days worked instead (làm bù)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import rules
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cycle import clock, written
from cycle.asking import SignedIn
from cycle.models import DayOff, Job
from cycle.once import once
from cycle.typed import shows_typed
from dossiers import drafts
from dossiers.forms import fields
from dossiers.forms.shown import sealed
from dossiers.forms.terms import DayForm, DaysFormSet, changes_of, checked_days, read_days
from dossiers.refused import not_allowed
from dossiers.terms import recalculation
from dossiers.terms.explanation import title_of

YEARS = {str(year) for year in range(1945, 2101)}


@login_required
@shows_typed
@drafts.keeps_page
@once
def calendar(request: SignedIn) -> HttpResponseBase:
    """A year, month by month; whoever keeps the calendar changes days, after a preview."""
    may = rules.has_perm("dossiers.change_calendar", request.user)
    needed = "dossiers.change_calendar" if request.method == "POST" else "dossiers.see_calendar"
    if not rules.has_perm(needed, request.user):
        label = _("Sửa lịch nghỉ") if request.method == "POST" else _("Xem lịch nghỉ")
        return not_allowed(request, label)
    if request.method == "POST":
        return _change(request)
    kept = request.typed
    days: Any = None
    if may:
        days = DaysFormSet(kept, prefix="days") if kept is not None else _rows(_ticked(request))
    # A draft says so itself.
    return _page(request, days, kept=kept is not None and request.draft.tried)


def _rows(rows: list[dict[str, Any]]) -> forms.BaseFormSet[DayForm]:
    return DaysFormSet(initial=rows, prefix="days")


def _ticked(request: SignedIn) -> list[dict[str, Any]]:
    """The changes for the days that were ticked for removal."""
    return [
        {"day": day, "what": "none", "name": name}
        for day, name in DayOff.objects.filter(
            pk__in=[key for key in map(written.key, request.GET.getlist("remove")) if key]
        ).values_list("day", "name")
    ]


def _change(request: SignedIn) -> HttpResponseBase:
    """Do what the button says: read the file into the form, preview the changes, or make them."""
    days = DaysFormSet(request.POST, prefix="days")
    if upload := request.FILES.get("file"):
        return _read(request, days, upload)
    if request.POST.get("act") == "edit" or not days.is_valid():
        return _page(request, days)
    changes = changes_of(days)
    if not changes:
        return _page(request, days, problems=[_("Bạn chưa nhập ngày nào.")])
    try:
        rows = checked_days(changes)
    except recalculation.CalendarRefused as refused:
        # Without the empty rows between, so that a message names the row as numbered on the page.
        return _page(request, _rows(_shown(changes)), problems=[refused])
    compared = _compared(rows)
    told = [(sorted(row.items()), day and (day.worked, day.name)) for row, day in compared]
    seal = sealed(request.user, None, told)
    if request.POST.get("act") != "apply" or request.POST.get("sure") != seal:
        moved, examples = recalculation.preview(rows)
        return render(
            request,
            "dossiers/calendar_preview.html",
            {
                "days": _hidden(changes),
                "rows": compared,
                "seal": seal,
                "moved": moved,
                "examples": [(term, title_of(term), old, new) for term, old, new in examples],
            },
        )
    documents = "; ".join(dict.fromkeys(row["document"] for row in rows))
    with transaction.atomic():
        recalculation.apply(rows, by=request.user)
        job = Job.objects.ask(
            "recalculate_terms",
            by=request.user,
            days=[change["day"] for change in changes],
            document=documents,
            changes=changes,
        )
    messages.success(request, _("Đã đổi lịch nghỉ. Thời hạn đang được tính lại."))
    return redirect("dossiers:job", job.pk)


def _shown(changes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**change, "day": f"{_day(change['day']):%d/%m/%Y}"} for change in changes]


def _day(text: str) -> Any:
    return fields.DateField().clean(text)


def _hidden(changes: list[dict[str, Any]]) -> Any:
    """The changes as hidden inputs, for the button that confirms them."""
    return DaysFormSet(
        {
            "days-TOTAL_FORMS": len(changes),
            "days-INITIAL_FORMS": 0,
            **{
                f"days-{number}-{name}": value
                for number, change in enumerate(changes)
                for name, value in change.items()
            },
        },
        prefix="days",
    )


def _read(
    request: SignedIn, days: forms.BaseFormSet[DayForm], upload: UploadedFile
) -> HttpResponseBase:
    """The form with the rows typed and those of the file, to be checked; nothing is changed."""
    typed = [
        {name: form[name].value() for name in form.fields} for form in days if form.has_changed()
    ]
    try:
        rows = read_days(upload)
    except ValidationError as refused:
        return _page(request, _rows(typed), problems=refused.messages)
    if not rows:
        note = _("Lịch đã có đủ các ngày trong tệp, không có gì để đổi.")
        return _page(request, _rows(typed), problems=[note])
    for row in rows:
        try:
            row["day"] = f"{_day(row['day']):%d/%m/%Y}"
        except ValidationError:
            continue  # the form shows it as written, with its error
    note = _("Đã đọc %(n)d ngày từ tệp. Hãy xem lại rồi bấm «Xem trước».") % {"n": len(rows)}
    return _page(request, _rows(typed + rows), note=note)


def _compared(rows: list[dict[str, Any]]) -> list[tuple[dict[str, Any], DayOff | None]]:
    """Each change with what the calendar says now."""
    known = {day.day: day for day in DayOff.objects.filter(day__in=[row["day"] for row in rows])}
    return [(row, known.get(row["day"])) for row in rows]


def _page(
    request: SignedIn,
    days: forms.BaseFormSet[DayForm] | None,
    *,
    problems: Iterable[Any] = (),
    note: str = "",
    kept: bool = False,
) -> HttpResponseBase:
    asked = request.GET.get("year", "")
    year = int(asked) if asked in YEARS else clock.today().year
    months = defaultdict(list)
    for day in DayOff.objects.filter(day__year=year):
        months[day.day.month].append(day)
    return render(
        request,
        "dossiers/calendar.html",
        {
            "year": year,
            "months": [(month, months.get(month, [])) for month in range(1, 13)],
            "days": days,
            "problems": problems,
            "note": note,
            "kept": kept,
            "open": bool(problems or note or kept or request.method == "POST")
            or "remove" in request.GET
            or request.draft.told,
        },
    )
