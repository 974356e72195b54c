"""The clerk's page of the numbers of certificates (chờ số)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from cycle.asking import SignedIn
from cycle.once import once
from cycle.typed import shows_typed
from dossiers import drafts
from dossiers.forms.numbers import CorrectionForm, NumbersForm
from dossiers.lists import numbers as lists
from dossiers.walk import numbers as walk


@login_required
@require_safe
def numbers(request: SignedIn) -> HttpResponseBase:
    """The decisions whose certificates wait for their numbers."""
    if not rules.has_perm("dossiers.number_certificates", request.user):
        raise Http404
    page = lists.decisions(request.user, request.GET.get("page"))
    return render(request, "dossiers/numbers.html", {"page": page})


@login_required
@shows_typed
@drafts.keeps_page
@once
def numbers_of(request: SignedIn, pk: int) -> HttpResponseBase:
    """The certificates of a decision: their numbers pasted or typed, looked at, then entered all at
    once or none; and those that have one.
    """
    there = _given(request, pk)
    return _many(
        request,
        NumbersForm(request.user, there, _sent(request)),
        lambda form: walk.enter(form.typed, by=request.user),
        lambda n: ngettext(
            "Đã ghi số cho %(n)d giấy chứng nhận.", "Đã ghi số cho %(n)d giấy chứng nhận.", n
        ),
        "dossiers/numbers_of.html",
        there,
    )


@login_required
@shows_typed
@drafts.keeps_page
@once
def correct_numbers(request: SignedIn, pk: int) -> HttpResponseBase:
    """The numbers of a decision put right in one list, with one reason: looked at, then all at once
    or none.
    """
    there = _given(request, pk)
    return _many(
        request,
        CorrectionForm(request.user, there, _sent(request)),
        lambda form: walk.correct(form.typed, by=request.user, reason=form.cleaned_data["reason"]),
        lambda n: ngettext(
            "Đã sửa số của %(n)d giấy chứng nhận.", "Đã sửa số của %(n)d giấy chứng nhận.", n
        ),
        "dossiers/numbers_correct.html",
        there,
    )


def _sent(request: SignedIn) -> Any:
    """What was sent, now or before a new sign-in."""
    return request.POST if request.method == "POST" else request.typed


def _many(
    request: SignedIn,
    form: Any,
    do: Callable[[Any], tuple[Any, str] | None],
    done: Callable[[int], str],
    template: str,
    there: list[Any],
) -> HttpResponseBase:
    """Numbers of one decision: looked at once, then all of them done, or none and why."""
    looked = request.method == "POST" and form.is_valid()
    decision = there[0].decision.document
    if looked and request.POST.get("sure") == form.seal:
        count = len(form.typed)
        if (wrong := do(form)) is None:
            messages.success(request, done(count) % {"n": count})
            return redirect("dossiers:numbers_of", decision.pk)
        form.refuse(*wrong)
    page = {
        "form": form,
        "decision": decision,
        "looked": looked and not form.errors,
        "numbered": [each for each in there if each.number],
    }
    return render(request, template, page)


def _given(request: SignedIn, pk: int) -> list[Any]:
    """The certificates of a decision in the order of its list. Raises Http404."""
    if not rules.has_perm("dossiers.number_certificates", request.user):
        raise Http404
    of = lists.given(request.user).filter(decision__document=pk)
    there = list(
        lists.as_in_annex(of).select_related(
            "dossier__product__producer", "dossier__commune", "decision__document", "issuer"
        )
    )
    if not there:
        raise Http404
    return there
