"""The clerk's page of the numbers of certificates (chờ số)."""

from __future__ import annotations

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
@once
def numbers_of(request: SignedIn, pk: int) -> HttpResponseBase:
    """The certificates of a decision: their numbers pasted or typed, looked at, then entered all at
    once or none; and those that have one.
    """
    there = _given(request, pk)
    data = request.POST if request.method == "POST" else None
    form = NumbersForm(request.user, there, data if data is not None else request.typed)
    looked = data is not None and form.is_valid()
    agreed = looked and data is not None and data.get("sure") == form.seal
    if agreed and (wrong := walk.enter(form.typed, by=request.user)):
        form.refuse(*wrong)
    elif agreed:
        done = len(form.typed)
        messages.success(
            request,
            ngettext(
                "Đã ghi số cho %(n)d giấy chứng nhận.", "Đã ghi số cho %(n)d giấy chứng nhận.", done
            )
            % {"n": done},
        )
        return redirect("dossiers:numbers_of", pk)
    page = {
        "form": form,
        "decision": there[0].decision.document,
        "looked": looked and not form.errors,
        "numbered": [each for each in there if each.number],
    }
    return render(request, "dossiers/numbers_of.html", page)


@login_required
@shows_typed
@once
def correct_numbers(request: SignedIn, pk: int) -> HttpResponseBase:
    """The numbers of a decision put right in one list, with one reason: looked at, then all at once
    or none.
    """
    there = _given(request, pk)
    data = request.POST if request.method == "POST" else None
    form = CorrectionForm(request.user, there, data if data is not None else request.typed)
    looked = data is not None and form.is_valid()
    agreed = looked and data is not None and data.get("sure") == form.seal
    reason = form.cleaned_data["reason"] if looked else ""
    if agreed and (wrong := walk.correct(form.typed, by=request.user, reason=reason)):
        form.refuse(*wrong)
    elif agreed:
        done = len(form.typed)
        messages.success(
            request,
            ngettext(
                "Đã sửa số của %(n)d giấy chứng nhận.", "Đã sửa số của %(n)d giấy chứng nhận.", done
            )
            % {"n": done},
        )
        return redirect("dossiers:numbers_of", pk)
    page = {
        "form": form,
        "decision": there[0].decision.document,
        "looked": looked and not form.errors,
    }
    return render(request, "dossiers/numbers_correct.html", page)


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
