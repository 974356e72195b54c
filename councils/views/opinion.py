"""Pages of opinions asked of departments (lấy ý kiến)."""

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from councils.forms import entries
from councils.judging.board import with_due
from councils.lists import Opinions
from councils.models import Opinion
from councils.pages import posted
from cycle import clock
from cycle.asking import SignedIn
from cycle.downloads import download
from cycle.once import once
from cycle.typed import fill, shows_typed
from dossiers import drafts

ROWS = 25


@login_required
def opinions(request: SignedIn) -> HttpResponseBase:
    """The opinions asked of the user: unanswered ones first, by due day."""
    found = Opinions(request.user)
    # The page is chosen by its keys alone: to sort whole rows spills when there are thousands.
    page = Paginator(found.asked.values("pk"), ROWS).get_page(request.GET.get("page"))
    rows = found.of([row["pk"] for row in page.object_list])  # type: ignore[index,call-overload]
    return render(request, "councils/opinion_list.html", {"page": page, "opinions": rows})


@login_required
@require_safe
def scan(request: SignedIn, pk: int) -> HttpResponseBase:
    """The scan of the paper by which a department answered."""
    found = get_object_or_404(Opinion.objects.visible_to(request.user), pk=pk)
    paper = found.paper
    if paper is None or not paper.scan_sha256:
        raise Http404
    # Always as a download, not shown in the browser.
    return download(request, paper.scan_sha256, paper.scan_filename, None, title=found)


@login_required
@shows_typed
@once
@drafts.keeps
def opinion(request: SignedIn, pk: int) -> HttpResponseBase:
    """A question, with its answer or the form for it."""
    found = get_object_or_404(
        Opinion.objects.visible_to(request.user).select_related(
            "to",
            "asked_by",
            "answered_by",
            "letter__replaced_by",
            "entry__round__council__org_unit",
            "entry__dossier__product__producer",
            "entry__dossier__commune__parent",
            "entry__dossier__cycle",
            "entry__dossier__rule_set",
        ),
        pk=pk,
    )
    with_due([found], clock.today())
    form = here = None
    if found.answered_at is None and rules.has_perm("councils.answer_opinion", request.user, found):
        here = drafts.place(request.user, f"opinion:{found.pk}", found.entry.dossier)
        if (answer := drafts.answer(request, here)) is not None:
            return answer
        form = entries.AnswerForm(posted(request), request.FILES or None, by=request.user)
        fill(form, drafts.shown(request, here))
        if form.is_valid() and form.do(found, by=request.user):
            drafts.done(here)
            messages.success(request, _("Đã gửi ý kiến. Cảm ơn ông/bà."))
            return redirect("councils:opinions")
        if request.method == "POST":
            drafts.keep_tried(request, here)
    elif request.method == "POST":
        messages.warning(request, _("Ý kiến này đã được trả lời hoặc không hỏi bạn."))
    return render(
        request,
        "councils/opinion.html",
        {"opinion": found, "dossier": found.entry.dossier, "form": form, "place": here},
    )
