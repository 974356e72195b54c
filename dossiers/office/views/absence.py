"""Pages of absence (ủy quyền) and hand-over (bàn giao)."""

from __future__ import annotations

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cycle import clock
from cycle.asking import SignedIn
from cycle.downloads import download
from cycle.models import RoleAssignment, Substitution
from cycle.once import once
from cycle.typed import fill, shows_typed
from cycle.written import day_text
from dossiers import drafts
from dossiers.models import Task
from dossiers.office import bases, handover
from dossiers.office.briefing import Briefing
from dossiers.office.forms.absence import HandoverForm, PaperForm, SubstitutionForm
from dossiers.office.lists import AbsenceList, HandoverList, substitutions
from dossiers.refused import not_allowed

ROWS = 25


@login_required
def absence(request: SignedIn) -> HttpResponseBase:
    """Who acts for whom, now, soon and before (vắng mặt, ủy quyền); documents that are owed."""
    found = AbsenceList(request.user, request.GET)
    page = found.page(request.GET.get("page"), ROWS)
    rows = found.shaped(list(page))
    for row in rows:
        given: Substitution = row["substitution"]
        may = rules.has_perm("dossiers.substitute", request.user, given.assignment)
        # One whose last day is today needs no ending.
        row["may_end"] = may and not row["past"] and given.valid_to > found.today
        row["may_correct"] = may and given.basis_id is not None
        row["may_add_paper"] = may and given.basis_id is None and given.paper_due_on is not None
    return render(
        request,
        "dossiers/absence.html",
        {
            "page": page,
            "rows": rows,
            "unpapered": found.unpapered,
            "without_paper": page.paginator.count if found.unpapered else found.late.count(),
        },
    )


@login_required
@shows_typed
@drafts.keeps_page
@once
def absence_paper(request: SignedIn, pk: int) -> HttpResponseBase:
    """Record the document of a substitution that began without one."""
    substitution = get_object_or_404(substitutions(request.user), pk=pk)
    if not rules.has_perm("dossiers.substitute", request.user, substitution.assignment):
        raise Http404
    today = clock.today()
    form = PaperForm(
        request.POST or None, request.FILES or None, user=request.user, substitution=substitution
    )
    fill(form, request.typed)
    if form.is_valid() and form.save():
        messages.success(request, _("Đã ghi văn bản ủy quyền."))
        return redirect("dossiers:absence")
    late = substitution.basis_id is None and (substitution.paper_due_on or today) < today
    return render(
        request,
        "dossiers/absence_paper.html",
        {"form": form, "substitution": substitution, "late": late},
    )


@login_required
def absence_scan(request: SignedIn, pk: int) -> HttpResponseBase:
    """The scan of what a substitution rests on."""
    substitution = get_object_or_404(substitutions(request.user), pk=pk)
    paper = substitution.paper
    unit = substitution.assignment.org_unit
    # Of a unit above it may be named; it is read where that unit lets it be read.
    if paper is None or not paper.scan_sha256 or not bases.keeps(request.user, paper, unit):
        raise Http404
    return download(
        request,
        paper.scan_sha256,
        paper.scan_filename,
        paper.scan_type,
        title=str(paper),
        back=reverse("dossiers:absence"),
    )


@login_required
@shows_typed
@drafts.keeps_page
@once
def absence_new(request: SignedIn) -> HttpResponseBase:
    """Name a substitute."""
    form = SubstitutionForm(request.POST or None, request.FILES or None, user=request.user)
    fill(form, request.typed)
    if not form.fields["assignment"].queryset.exists():
        return not_allowed(request, _("Ủy quyền"))
    if form.is_valid() and (made := form.save()):
        messages.success(
            request,
            _("%(who)s làm thay %(holder)s (%(post)s) từ %(first)s đến hết %(last)s.")
            % {
                "who": made.substitute,
                "holder": made.assignment.user,
                "post": made.assignment,
                "first": day_text(made.valid_from),
                "last": day_text(made.valid_to),
            },
        )
        return redirect("dossiers:absence")
    return render(request, "dossiers/absence_new.html", {"form": form})


@login_required
@require_POST
def absence_end(request: SignedIn, pk: int) -> HttpResponseBase:
    """End a substitution today, or delete one that has not begun."""
    substitution = get_object_or_404(substitutions(request.user), pk=pk)
    try:
        handover.end_substitution(substitution, by=request.user)
    except ValidationError as refused:
        messages.warning(request, " ".join(refused.messages))
    else:
        messages.success(
            request,
            _("Ủy quyền cho %(who)s kết thúc hết ngày hôm nay.") % {"who": substitution.substitute}
            if substitution.valid_from <= clock.today()
            else _("Đã bỏ ủy quyền cho %(who)s, chưa bắt đầu.") % {"who": substitution.substitute},
        )
    return redirect("dossiers:absence")


@login_required
def handover_list(request: SignedIn) -> HttpResponseBase:
    """The posts that this person may hand over, with their open work."""
    found = HandoverList(request.user, request.GET)
    page = found.page(request.GET.get("page"), ROWS)
    return render(
        request,
        "dossiers/handover_list.html",
        {"page": page, "rows": found.shaped(list(page)), "q": found.q},
    )


@login_required
@shows_typed
@drafts.keeps_page
@once
def handover_post(request: SignedIn, pk: int) -> HttpResponseBase:
    """Hand posts of one person over to a successor (bàn giao)."""
    post = get_object_or_404(handover.arranged_by(request.user), pk=pk)
    form = HandoverForm(request.POST or None, request.FILES or None, user=request.user, post=post)
    fill(form, request.typed)
    if form.is_valid() and (given := form.save()):
        links = format_html_join(
            ", ",
            '<a href="{}">{}</a>',
            ((reverse("dossiers:briefing", args=[new.pk]), str(new)) for new in given),
        )
        messages.success(
            request,
            format_html(
                "{} {} {}.",
                (
                    _("Đã bàn giao công việc của %(who)s cho %(to)s.")
                    if form.cleaned_data["on"] <= clock.today()
                    else _(
                        "%(to)s nhận công việc của %(who)s từ %(day)s; việc đang mở sang tên "
                        "vào ngày đó."
                    )
                )
                % {
                    "who": post.user,
                    "to": form.cleaned_data["to"],
                    "day": day_text(form.cleaned_data["on"]),
                },
                _("Bản bàn giao để in:"),
                links,
            ),
        )
        return redirect("dossiers:handover")
    return render(
        request,
        "dossiers/handover.html",
        {
            "form": form,
            "post": post,
            # Only of posts in this form: the person may have others that ``user`` may not see.
            "tasks": Task.objects.open()
            .filter(
                Exists(
                    form.fields["posts"]
                    .queryset.at(OuterRef("org_unit"))
                    .filter(role=OuterRef("role"))
                ),
                owner=post.user_id,
            )
            .select_related("dossier__product", "org_unit")
            .order_by("due_at", "pk"),
        },
    )


@login_required
@require_POST
def handover_back(request: SignedIn, pk: int) -> HttpResponseBase:
    """Undo a hand-over that has not begun."""
    post = get_object_or_404(handover.arranged_by(request.user), pk=pk)
    try:
        handover.take_back(post, by=request.user)
    except ValidationError as refused:
        messages.warning(request, " ".join(refused.messages))
    else:
        messages.success(request, _("Đã bỏ bàn giao: %(who)s giữ vai trò.") % {"who": post.user})
    return redirect("dossiers:handover")


@login_required
def briefing(request: SignedIn, pk: int) -> HttpResponseBase:
    """The open work of a post, to be printed for the successor (bản bàn giao)."""
    post = get_object_or_404(RoleAssignment.objects.select_related("user", "org_unit"), pk=pk)
    if not rules.has_perm("dossiers.brief", request.user, post):
        raise Http404
    page = Briefing(post)
    return render(
        request,
        "dossiers/briefing.html",
        {"post": post, "today": page.today, "rows": page.rows(), "taken_over": page.taken_over()},
    )
