"""Personal texts are erased from the history: whose, what, on which paper (xóa dữ liệu cá nhân)."""

from __future__ import annotations

from typing import Any

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cycle.asking import SignedIn
from cycle.downloads import download
from cycle.models import User
from cycle.once import once
from cycle.typed import fill, shows_typed
from dossiers.lists.filters import Asked
from dossiers.models import Erasure, Producer
from dossiers.office import erasing
from dossiers.office.forms.erasing import EraseForm

ROWS = 25


def _may(request: SignedIn) -> None:
    """Raises Http404 for anybody who may not erase."""
    if not rules.has_perm("dossiers.erase", request.user):
        raise Http404


@login_required
@require_safe
def erasures(request: SignedIn) -> HttpResponseBase:
    """Whose texts: a search; and what was erased so far, the newest first."""
    _may(request)
    q = Asked(request.GET).text("q")
    users, makers = erasing.search(q)
    made = Erasure.objects.select_related("person", "producer", "made_by")
    page = Paginator(made, ROWS).get_page(request.GET.get("page"))
    said = {"q": q, "users": users, "makers": makers, "page": page, "most": erasing.FOUND}
    return render(request, "dossiers/erasures.html", said)


@login_required
@shows_typed
@once
def erase_person(request: SignedIn, pk: int) -> HttpResponseBase:
    """Erase texts of somebody who has or had an account."""
    _may(request)
    return _erase(request, get_object_or_404(User, pk=pk))


@login_required
@shows_typed
@once
def erase_producer(request: SignedIn, pk: int) -> HttpResponseBase:
    """Erase texts of who stands for a producer."""
    _may(request)
    maker = get_object_or_404(Producer.everything.select_related("commune"), pk=pk)
    return _erase(request, maker)


def _erase(request: SignedIn, whose: User | Producer) -> HttpResponseBase:
    """What may go and what stays; once it is right, asked once more; then done."""
    page: dict[str, Any] = {"whose": whose, "also": Asked(request.GET).text("also")}
    if erasing.is_of(whose, request.user):
        page["refused"] = erasing.NOT_OWN
        return render(request, "dossiers/erase.html", page, status=403)
    found = erasing.find(whose, page["also"], by=request.user)
    form = EraseForm(
        request.POST or None, request.FILES or None, whose=whose, found=found, user=request.user,
        also=page["also"],
    )  # fmt: skip
    fill(form, request.typed)
    if form.is_valid() and (made := form.save()) is not None:
        messages.success(request, _("Đã xóa %(n)d nội dung.") % {"n": len(made.texts)})
        return redirect("dossiers:erasures")
    page |= {"form": form, "found": found, "most": erasing.AT_ONCE}
    if isinstance(whose, Producer):
        page["dossier"] = (
            whose.products.filter(dossiers__void=False)
            .order_by("-dossiers__pk").values_list("dossiers", flat=True).first()
        )  # fmt: skip
    return render(request, "dossiers/erase.html", page)


@login_required
@never_cache
def erasure_scan(request: SignedIn, pk: int) -> HttpResponseBase:
    """The scan of the paper that an erasure rests on."""
    _may(request)
    made = get_object_or_404(Erasure, pk=pk)
    return download(
        request, made.sha256, made.filename, made.content_type, title=made,
        back=reverse("dossiers:erasures"),
    )  # fmt: skip
