"""Pages on which a document that something of the office rests on is corrected (đính chính)."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cycle.asking import SignedIn
from cycle.downloads import download
from cycle.models import Cycle, LawReading, TermRule
from cycle.once import once
from cycle.typed import fill, shows_typed
from dossiers import drafts
from dossiers.forms.fields import refuse
from dossiers.forms.ledger import CorrectForm
from dossiers.models import PlannedOutreach, PlanPaper, StockBatch, TermEvent
from dossiers.office import bases
from dossiers.office.lists import seen_posts, stock_office, substitutions
from dossiers.terms.explanation import shown_to


@login_required
@shows_typed
@drafts.keeps_page
@once
def absence(request: SignedIn, pk: int) -> HttpResponseBase:
    """Correct the document of a substitution (văn bản ủy quyền)."""
    row = get_object_or_404(substitutions(request.user), pk=pk)
    return _correct(request, row, reverse("dossiers:absence"))


@login_required
@shows_typed
@drafts.keeps_page
@once
def post(request: SignedIn, pk: int) -> HttpResponseBase:
    """Correct the document on which a post was given (văn bản phân công)."""
    row = get_object_or_404(seen_posts(request.user), pk=pk)
    return _correct(request, row, reverse("dossiers:person", args=[row.user_id]))


@login_required
def post_scan(request: SignedIn, pk: int) -> HttpResponseBase:
    """The scan of the document on which a post was given."""
    row = get_object_or_404(seen_posts(request.user), pk=pk)
    paper = row.paper
    # Of a unit above it may be named; it is read where that unit lets it be read.
    if paper is None or not paper.scan_sha256 or not bases.keeps(request.user, paper, row.org_unit):
        raise Http404
    return download(
        request,
        paper.scan_sha256,
        paper.scan_filename,
        paper.scan_type,
        title=str(paper),
        back=reverse("dossiers:person", args=[row.user_id]),
    )


@login_required
@shows_typed
@drafts.keeps_page
@once
def reading(request: SignedIn, pk: int) -> HttpResponseBase:
    """Correct the document of a reading of the law (cách hiểu quy định)."""
    row = get_object_or_404(LawReading, pk=pk)
    return _correct(request, row, reverse("dossiers:readings"))


@login_required
@shows_typed
@drafts.keeps_page
@once
def term(request: SignedIn, pk: int, term_pk: int) -> HttpResponseBase:
    """Correct the document of a term of the province's own."""
    row = get_object_or_404(TermRule, pk=term_pk, cycle__in=Cycle.objects.filter(pk=pk))
    return _correct(request, row, reverse("dossiers:cycle_duties", args=[pk]))


@login_required
@shows_typed
@drafts.keeps_page
@once
def extension(request: SignedIn, pk: int, event_pk: int) -> HttpResponseBase:
    """Correct the document on which a term was extended, or moved with its batch."""
    events = TermEvent.objects.select_related("term__cycle", "term__org_unit")
    row = get_object_or_404(events, pk=event_pk, term__in=shown_to(request.user).filter(pk=pk))
    return _correct(request, row, reverse("dossiers:term", args=[pk]))


@login_required
@shows_typed
@drafts.keeps_page
@once
def plan(request: SignedIn, pk: int) -> HttpResponseBase:
    """Correct the document by which a year, or a batch of it, is held (kế hoạch)."""
    row = get_object_or_404(PlanPaper.objects.select_related("cycle"), pk=pk)
    args = [row.cycle_id] if row.batch_id is None else [row.cycle_id, row.batch_id]
    address = "dossiers:cycle" if row.batch_id is None else "dossiers:cycle_batch"
    return _correct(request, row, reverse(address, args=args))


@login_required
@shows_typed
@drafts.keeps_page
@once
def stock(request: SignedIn, pk: int) -> HttpResponseBase:
    """Correct the document that a list of what was there before came on."""
    row = get_object_or_404(StockBatch, pk=pk, org_unit=stock_office(request.user))
    return _correct(request, row, reverse("dossiers:stock_batch", args=[pk]))


@login_required
@shows_typed
@drafts.keeps_page
@once
def planned(request: SignedIn, pk: int) -> HttpResponseBase:
    """Correct the document of a row of the plan for step 1 (kế hoạch tuyên truyền)."""
    row = get_object_or_404(PlannedOutreach.objects.visible_to(request.user), pk=pk)
    return _correct(request, row, reverse("dossiers:planned_one", args=[pk]))


def _correct(request: SignedIn, row: bases.Resting, back: str) -> HttpResponseBase:
    seen = bases.basis_of(row)
    if seen is None or not bases.may_correct(request.user, row):
        raise Http404
    form = CorrectForm(request.POST or None, request.FILES or None, standing=seen, by=request.user)
    fill(form, request.typed)
    if form.is_valid():
        try:
            bases.correct(row, by=request.user, **form.said())
        except ValidationError as refused:
            refuse(form, refused)
        else:
            messages.success(request, _("Đã đính chính văn bản."))
            return redirect(back)
    page = {
        "form": form,
        "title": _("Đính chính văn bản %(paper)s") % {"paper": seen},
        "do": _("Đính chính"),
        "back": back,
        "about": _(
            "Mọi việc theo văn bản này ghi theo đính chính. Nội dung cũ và lý do được ghi vào "
            "nhật ký."
        ),
        "place": request.draft,
    }
    return render(request, "dossiers/cycle_form.html", page)
