"""The pages of the year: opened, planned, changed on record, taken back (chu trình)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cycle import clock
from cycle.asking import SignedIn
from cycle.downloads import download
from cycle.models import Batch, Cycle, HistoryEntry, StepWindow, Stream, WindowNotice
from cycle.once import once, unrecorded
from cycle.typed import fill, shows_typed
from cycle.workdays import DAY, add_months
from dossiers import drafts
from dossiers.forms.fields import refuse
from dossiers.law.guidance import GUIDES
from dossiers.models import PlanPaper
from dossiers.office import bases, closing
from dossiers.office import year as years
from dossiers.office.forms import year as forms
from dossiers.office.lists import batch_dossiers
from dossiers.office.reports import CycleReport, questions

ROWS = 25
#: So many changes of a year are shown.
CHANGES = 20
#: The second click of one person comes within this time.
SAME_ACT = timedelta(minutes=10)


def _cycle(request: SignedIn, pk: int, perm: str = "dossiers.keep_year") -> Cycle:
    """The year, for who may; Http404 for anybody else."""
    if not rules.has_perm(perm, request.user):
        raise Http404
    return get_object_or_404(Cycle.objects.select_related("rule_set"), pk=pk)


@login_required
@require_safe
def cycle_list(request: SignedIn) -> HttpResponseBase:
    """All years, the newest first."""
    if not rules.has_perm("dossiers.see_year", request.user):
        raise Http404
    found = (
        Cycle.objects.select_related("rule_set")
        .annotate(n=Count("dossiers", filter=Q(dossiers__void=False)))
        .prefetch_related("plans")
        .order_by("-year", "beside", "-pk")
    )
    page = Paginator(found, ROWS).get_page(request.GET.get("page"))
    for year in page:
        papers = [paper for paper in year.plans.all() if paper.batch_id is None]
        year.paper = papers[-1] if papers else None  # type: ignore[attr-defined]
    return render(
        request,
        "dossiers/cycle_list.html",
        {"page": page, "may": rules.has_perm("dossiers.keep_year", request.user)},
    )


@login_required
@shows_typed
@once
@drafts.keeps
def cycle_open(request: SignedIn) -> HttpResponseBase:
    """Open a year, from the one before or from nothing (mở chu trình)."""
    if not rules.has_perm("dossiers.keep_year", request.user):
        raise Http404
    here = drafts.place(request.user, "cycle_open")
    if (answer := drafts.answer(request, here)) is not None:
        return answer
    form = forms.OpenForm(request.POST or None, request.FILES or None, user=request.user)
    fill(form, drafts.shown(request, here))
    if form.is_valid():
        try:
            made = years.open_year(form.opening(), by=request.user)
        except ValidationError as refused:
            if (known := _just_opened(request, form.cleaned_data["year"])) is not None:
                messages.info(request, _("Chu trình này đã được mở."))
                return unrecorded(redirect("dossiers:cycle", known.pk))
            refuse(form, refused)
        else:
            drafts.done(here)
            messages.success(
                request, _("Đã mở %(title)s. Việc tiếp theo: xem lại các đợt và thời gian.")
                % {"title": made.title},
            )  # fmt: skip
            return redirect("dossiers:cycle", made.pk)
    if request.method == "POST":
        drafts.keep_tried(request, here)
    return _form(
        request,
        form,
        place=here,
        title=_("Mở chu trình"),
        do=_("Mở chu trình"),
        about=_(
            "Phân cấp, thời hạn và các đợt lấy của chu trình trước, lùi một năm; không có thì "
            "theo bộ quy định. Mọi thứ sửa được sau khi mở."
        ),
        back=reverse("dossiers:cycles"),
    )


def _just_opened(request: SignedIn, year: int) -> Cycle | None:
    """The year that this person opened a moment ago: a second click is no mistake."""
    mine = HistoryEntry.objects.filter(
        stream=Stream.CYCLE, event="cycle.open", actor=request.user, at__gte=clock.now() - SAME_ACT
    )
    return Cycle.objects.filter(
        year=year, beside=False, pk__in=mine.values("stream_id")
    ).first()  # fmt: skip


def _form(
    request: SignedIn, form: Any, *, title: str, do: str, back: str, about: str = "",
    status: int = 200, **more: Any,
) -> HttpResponseBase:  # fmt: skip
    said = {"form": form, "title": title, "do": do, "back": back, "about": about, **more}
    said["place"] = said.get("place") or getattr(request, "draft", None)
    return render(request, "dossiers/cycle_form.html", said, status=status)


@login_required
@require_safe
def cycle(request: SignedIn, pk: int) -> HttpResponseBase:
    """One year: its plan, batches, the calendar of its windows, what was missed and changed."""
    year = _cycle(request, pk, "dossiers.see_year")
    windows = list(year.step_windows.select_related("batch").prefetch_related("notices"))
    batches = list(year.batches.prefetch_related("plans"))
    for batch in batches:
        batch.paper = next(reversed(batch.plans.all()), None)  # type: ignore[attr-defined]
    years.say_last_working(batches)
    may = rules.has_perm("dossiers.keep_year", request.user) and year.closed_on is None
    cramped = years.cramped(year, batches, windows) if may else {}
    today = clock.today()
    months = years.months_of(year, windows)
    posts = years.posts_of(year, today)
    labels = questions()
    frozen = closing.closing_of(year)
    outside = frozen.figures["outside"] if frozen else CycleReport(year).outside()
    paper = year.plans.filter(batch=None).last()
    return render(
        request,
        "dossiers/cycle.html",
        {
            "cycle": year,
            "may": may,
            "may_close": closing.may_close(request.user) and year.closed_on is None,
            "cramped": [(batch, cramped[batch.pk]) for batch in batches if cramped.get(batch.pk)],
            "paper": paper,
            "may_correct": paper is not None and bases.may_correct(request.user, paper),
            "batches": batches,
            "months": months,
            "groups": _strips(year, batches, windows, months, today),
            "missed": _missed(windows),
            "lacking": [post for post in posts if post.missing],
            "outside": [(labels.get(code, code), n) for code, n in outside.items() if n],
            "changes": _changes(year),
            "today": today,
        },
    )


def _changes(year: Cycle) -> list[HistoryEntry]:
    """The last changes of a year, each with the sentence that follows its actor."""
    found = HistoryEntry.objects.filter(
        Q(stream=Stream.CYCLE, stream_id=year.pk) | Q(stream=Stream.UNIT, cycle=year)
    )
    rows = list(found.select_related("actor").order_by("-pk")[:CHANGES])
    for entry in rows:
        said = str(entry.sentence)
        if "window" in entry.data:
            said += f" ({entry.label})"
        if document := entry.data.get("document"):
            said += f", {document}"
        entry.said = f"{said}: {entry.reason}" if entry.reason else said  # type: ignore[attr-defined]
    return rows


def _strips(
    year: Cycle,
    batches: Iterable[Batch],
    windows: list[StepWindow],
    months: list[date],
    today: date,
) -> list[dict[str, Any]]:
    """Each batch, and the whole year, with the cells of its windows month by month."""
    groups: list[tuple[Batch | None, str]] = [(batch, str(batch)) for batch in batches]
    groups.append((None, _("Cả năm")))
    return [
        {
            "edit": reverse("dossiers:cycle_batch_windows", args=[year.pk, batch.pk])
            if batch
            else reverse("dossiers:cycle_windows", args=[year.pk]),
            "title": title,
            "rows": [
                {
                    "window": window,
                    "cells": [_cell(window, month) for month in months],
                    "state": _state(window, today),
                }
                for window in windows
                if window.batch_id == (batch.pk if batch else None)
            ],
        }
        for batch, title in groups
    ]


def _state(window: StepWindow, today: date) -> str:
    if window.includes(today):
        return "now"
    return "past" if window.closes_on < today else "coming"


def _cell(window: StepWindow, month: date) -> dict[str, int | None] | None:
    """What a month says of a window: from which day, to which, all of it, or nothing."""
    last = add_months(month, 1) - DAY
    if window.closes_on < month or window.opens_on > last:
        return None
    opens, closes = window.opens_on >= month, window.closes_on <= last
    return {
        "from": window.opens_on.day if opens else None,
        "to": window.closes_on.day if closes else None,
    }


def _missed(windows: list[StepWindow]) -> list[dict[str, Any]]:
    """Windows that have closed with dossiers not through: how many, by unit."""
    found = []
    for window in windows:
        for notice in window.notices.all():
            if notice.kind == WindowNotice.Kind.CLOSED and notice.late:
                count = sum(row["count"] for row in notice.late)
                found.append({"window": window, "notice": notice, "count": count})
    return sorted(found, key=lambda row: row["notice"].closes_on, reverse=True)


@login_required
@require_safe
def plan_scan(request: SignedIn, pk: int) -> HttpResponseBase:
    """The scan of a plan."""
    if not rules.has_perm("dossiers.see_year", request.user):
        raise Http404
    paper = get_object_or_404(PlanPaper, pk=pk)
    its = paper.of_ledger
    if not its.scan_sha256:
        raise Http404
    return download(
        request,
        its.scan_sha256,
        its.scan_filename,
        its.scan_type,
        title=paper,
        back=reverse("dossiers:cycle", args=[paper.cycle_id]),
    )


@login_required
@shows_typed
@drafts.keeps_page
@once
def cycle_days(request: SignedIn, pk: int) -> HttpResponseBase:
    """The first and the last day of a year."""
    year = _cycle(request, pk)
    form = forms.DaysForm(request.POST or None, cycle=year)
    return _change(
        request, form, year, _("Ngày đầu, ngày cuối"),
        lambda: years.configure(year, form.changed_here(), form.change(), by=request.user),
        reverse("dossiers:cycle", args=[pk]),
    )  # fmt: skip


def _change(
    request: SignedIn, form: Any, year: Cycle, title: str, act: Callable[[], Any], back: str,
    do: str = "", place: drafts.Place | None = None, **more: Any,
) -> HttpResponseBase:  # fmt: skip
    """A form that changes one thing of a year: done, refused at its field, or shown; with its
    draft where it keeps one.
    """
    typed = drafts.shown(request, place) if place else getattr(request, "typed", None)
    fill(form, typed)
    if form.is_valid():
        try:
            done = act()
        except ValidationError as refused:
            refuse(form, refused)
        else:
            if place:
                drafts.done(place)
            if done is False:
                messages.info(request, _("Không có gì thay đổi."))
                return unrecorded(redirect(back))
            messages.success(request, _("Đã lưu, có ghi trong lịch sử của chu trình."))
            return redirect(back)
    if place and request.method == "POST":
        drafts.keep_tried(request, place)
    more |= {"cycle": year, "place": place}
    return _form(request, form, title=title, do=do or _("Lưu"), back=back, **more)


@login_required
@shows_typed
def cycle_take_back(request: SignedIn, pk: int) -> HttpResponseBase:
    """Strike out a year that was opened by mistake."""
    year = _cycle(request, pk)
    form = forms.WhyForm(request.POST or None)
    return _change(
        request, form, year, _("Gạch bỏ chu trình mở nhầm"),
        lambda: years.take_back(year, reason=form.cleaned_data["reason"].strip(), by=request.user),
        reverse("dossiers:cycles"),
        do=_("Gạch bỏ"),
        about=_(
            "Chỉ gạch bỏ được khi chu trình chưa có hồ sơ, đợt họp hay hoạt động nào. Nhật ký "
            "vẫn giữ; năm đó mở lại được."
        ),
    )  # fmt: skip


@login_required
@shows_typed
def cycle_reopen(request: SignedIn, pk: int) -> HttpResponseBase:
    """Open a year again that was closed too early."""
    year = _cycle(request, pk)
    if not closing.may_close(request.user):
        raise Http404
    if year.closed_on is None:
        return unrecorded(redirect("dossiers:cycle", pk))
    form = forms.WhyForm(request.POST or None)
    return _change(
        request, form, year, _("Mở lại chu trình đã đóng"),
        lambda: closing.reopen(year, reason=form.cleaned_data["reason"].strip(), by=request.user),
        reverse("dossiers:cycle", args=[pk]),
        do=_("Mở lại"),
        about=_(
            "Hồ sơ đã chuyển tiếp ở lại chu trình mới. Số liệu đã chốt vẫn giữ; đóng lại thì "
            "chốt lần nữa."
        ),
    )  # fmt: skip


@login_required
@shows_typed
@drafts.keeps_page
@once
def readings(request: SignedIn) -> HttpResponseBase:
    """How the province reads what the law leaves open (cách hiểu quy định)."""
    if not rules.has_perm("dossiers.keep_year", request.user):
        raise Http404
    form = forms.ReadingsForm(request.POST or None, request.FILES or None, by=request.user)
    fill(form, request.typed)
    if form.is_valid():
        try:
            changed = years.read(form.choices(), document=form.named(), by=request.user)
        except ValidationError as refused:
            refuse(form, refused)
        else:
            if not changed:
                messages.info(request, _("Không có gì thay đổi."))
                return unrecorded(redirect("dossiers:readings"))
            messages.success(request, _("Đã lưu cách hiểu quy định."))
            return redirect("dossiers:readings")
    return _form(
        request,
        form,
        title=_("Cách hiểu quy định"),
        do=_("Lưu"),
        back=reverse("dossiers:cycles"),
        about=_(
            "Những chỗ lời văn của quy định hiểu được nhiều cách: tỉnh chọn, theo văn bản. Lựa "
            "chọn được ghi vào nhật ký."
        ),
    )


# --- Batches and windows ---------------------------------------------------------------------


def _batch(year: Cycle, pk: int) -> Batch:
    batch = get_object_or_404(year.batches.prefetch_related("plans"), pk=pk)
    batch.cycle = year
    return batch


@login_required
@require_safe
def batch(request: SignedIn, pk: int, batch_pk: int) -> HttpResponseBase:
    """A batch: its days, plan, windows with why, rounds, and its dossiers."""
    year = _cycle(request, pk, "dossiers.see_year")
    its = _batch(year, batch_pk)
    its_windows = list(its.windows.all())
    may = rules.has_perm("dossiers.keep_year", request.user) and year.closed_on is None
    page = batch_dossiers(request.user, its).page(request.GET.get("page"), ROWS)
    paper = next(reversed(its.plans.all()), None)
    return render(
        request,
        "dossiers/cycle_batch.html",
        {
            "cycle": year,
            "batch": its,
            "paper": paper,
            "may_correct": paper is not None and bases.may_correct(request.user, paper),
            "windows": its_windows,
            "cramped": years.cramped(year, [its], its_windows).get(its.pk) if may else None,
            "past_the_law": years.past_the_law(its),
            "rounds": its.rounds.select_related("council").order_by("pk"),
            "page": page,
            "may": may,
        },
    )


@login_required
@shows_typed
@once
@drafts.keeps
def batch_edit(request: SignedIn, pk: int, batch_pk: int | None = None) -> HttpResponseBase:
    """Add a batch, or change its days and plan."""
    year = _cycle(request, pk)
    its = _batch(year, batch_pk) if batch_pk is not None else None
    here = drafts.place(request.user, f"batch:{pk}:{batch_pk or ''}")
    if (answer := drafts.answer(request, here)) is not None:
        return answer
    form = forms.BatchForm(
        request.POST or None, request.FILES or None, user=request.user, cycle=year, batch=its
    )
    back = reverse("dossiers:cycle", args=[pk])

    def save() -> None:
        made = years.save_batch(
            form.made(), paper=form.own_paper(), replan=form.cleaned_data["replan"],
            change=form.change(), by=request.user,
        )  # fmt: skip
        for sentence in years.past_the_law(made):
            messages.warning(request, sentence)

    return _change(
        request, form, year, _("Sửa đợt đánh giá") if its else _("Lập đợt đánh giá"), save,
        reverse("dossiers:cycle_batch", args=[pk, its.pk]) if its else back, place=here,
    )  # fmt: skip


@login_required
@shows_typed
@drafts.keeps_page
@once
def windows(request: SignedIn, pk: int, batch_pk: int | None = None) -> HttpResponseBase:
    """The windows of a batch, or of the whole year: each day at its field."""
    year = _cycle(request, pk)
    its = _batch(year, batch_pk) if batch_pk is not None else None
    proposed, whys, plan = None, {}, None
    if its is not None and request.method == "GET" and "plan" in request.GET:
        plan = years.proposed(its)
        whys = years.reasons(its, plan)
        proposed = {
            (each.stage.step, each.stage.level): years.Asked(each.opens_on, each.closes_on)
            for each in plan.fits
        }
    form = forms.WindowsForm(request.POST or None, cycle=year, batch=its, proposed=proposed)
    rows = [
        {**row, "why": whys.get(key, "") if plan else row["why"]}
        for key, row in zip(form.keys, form.rows(), strict=True)
    ]
    return _change(
        request, form, year,
        _("Thời gian các bước, %(batch)s") % {"batch": its} if its else _("Thời gian cả năm"),
        lambda: years.set_windows(year, its, form.changed_rows(), form.change(), by=request.user),
        reverse("dossiers:cycle_batch", args=[pk, its.pk])
        if its
        else reverse("dossiers:cycle", args=[pk]),
        rows=rows,
        batch=its,
        plan=plan,
        late=[
            _("%(step)s, %(level)s")
            % {"step": forms.Step(stage.step).label,
               "level": str(forms.Level(stage.level).label).lower()}
            for stage in (plan.too_late if plan else ())
        ],
        extra=("reason", "document"),
    )  # fmt: skip


# --- Duties and terms ------------------------------------------------------------------------


@login_required
@require_safe
def duties(request: SignedIn, pk: int) -> HttpResponseBase:
    """Which role at which level does what in how many working days; the terms; who is missing."""
    year = _cycle(request, pk, "dossiers.see_year")
    posts = {(post.level, post.role): post for post in years.posts_of(year, clock.today())}
    rows = [
        {
            "duty": duty,
            "title": GUIDES[duty.node].title,
            "step": years.step_of(duty.node),
            "post": posts.get((duty.level, duty.role)),
        }
        for duty in year.duties.filter(rule_set=year.rule_set).order_by("pk")
    ]
    return render(
        request,
        "dossiers/cycle_duties.html",
        {
            "cycle": year,
            "rows": rows,
            "posts": posts.values(),
            "terms": year.term_rules.filter(rule_set=year.rule_set)
            .select_related("basis__replaced_by")
            .order_by("code"),
            "may": rules.has_perm("dossiers.keep_year", request.user) and year.closed_on is None,
            "may_people": rules.has_perm("dossiers.see_people", request.user),
        },
    )


@login_required
@shows_typed
@drafts.keeps_page
@once
def duty(request: SignedIn, pk: int, duty_pk: int) -> HttpResponseBase:
    """Change who does a task, or how long it takes."""
    year = _cycle(request, pk)
    its = get_object_or_404(year.duties.select_related("rule_set"), pk=duty_pk)
    form = forms.DutyForm(request.POST or None, duty=its)
    return _change(
        request, form, year, str(GUIDES[its.node].title),
        lambda: years.configure(its, form.values(), form.change(), by=request.user),
        reverse("dossiers:cycle_duties", args=[pk]),
        about=_("Áp dụng cho việc giao từ nay; việc đang mở giữ nguyên."),
    )  # fmt: skip


@login_required
@shows_typed
@drafts.keeps_page
@once
def term(request: SignedIn, pk: int, term_pk: int) -> HttpResponseBase:
    """Change a term of the year, on its paper."""
    year = _cycle(request, pk)
    its = get_object_or_404(year.term_rules, pk=term_pk)
    form = forms.TermForm(request.POST or None, request.FILES or None, term=its, by=request.user)
    return _change(
        request, form, year, f"{its.code}: {its.title}",
        lambda: years.configure(
            its, form.changed_here(), form.change(), by=request.user, basis=form.named()
        ),
        reverse("dossiers:cycle_duties", args=[pk]),
        about=_("Áp dụng cho thời hạn bắt đầu từ nay; thời hạn đang chạy chỉ đổi khi gia hạn."),
    )  # fmt: skip
