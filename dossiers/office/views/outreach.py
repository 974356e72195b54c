"""Step 1, outreach (tuyên truyền): the events held, and the dossiers that came from them."""

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cycle.asking import SignedIn
from cycle.typed import fill, shows_typed
from dossiers.forms import opening
from dossiers.models import Dossier, OutreachEvent

ROWS = 25


@login_required
@shows_typed
def outreach(request: SignedIn) -> HttpResponseBase:
    """The events of the user's units with the dossiers from each; a form to add one."""
    user = request.user
    may_add = bool(user.posts(*opening.ORGANISERS))
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
        event = form.save()
        messages.success(request, _("Đã ghi hoạt động «%(title)s».") % {"title": event})
        return redirect("dossiers:outreach")
    rows = (
        OutreachEvent.objects.filter(org_unit__in=user.area())
        .select_related("org_unit", "cycle")
        .prefetch_related(
            Prefetch(
                "dossiers",
                Dossier.objects.visible_to(user).select_related("product__producer"),
                to_attr="came_of_it",
            )
        )
    )
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
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
