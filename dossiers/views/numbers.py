"""The clerk's page of the numbers of certificates (chờ số)."""

from __future__ import annotations

from typing import Any

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from cycle import clock
from cycle.asking import SignedIn
from cycle.once import once
from cycle.typed import shows_typed
from dossiers.forms.numbers import NumbersForm
from dossiers.law.conditions import ActNotPossible, ConditionNotMet
from dossiers.lists import numbers as lists
from dossiers.models import CertificateNumber, Dossier, Process
from dossiers.walk import doors


@login_required
@require_safe
def numbers(request: SignedIn) -> HttpResponseBase:
    """The decisions whose certificates wait for their numbers."""
    if not rules.has_perm("dossiers.number_certificates", request.user):
        raise Http404
    return render(request, "dossiers/numbers.html", {"decisions": lists.decisions(request.user)})


@login_required
@shows_typed
@once
def numbers_of(request: SignedIn, pk: int) -> HttpResponseBase:
    """The certificates of a decision: their numbers pasted or typed, looked at, then entered all at
    once or none; and those that have one, to be corrected.
    """
    if not rules.has_perm("dossiers.number_certificates", request.user):
        raise Http404
    of = lists.given(request.user).filter(decision__document=pk)
    there: list[Any] = list(
        of.select_related(
            "dossier__product__producer", "dossier__commune", "decision__document"
        ).order_by("dossier__product__sort_key", "pk")
    )
    if not there:
        raise Http404
    data = request.POST if request.method == "POST" else None
    form = NumbersForm(request.user, there, data if data is not None else request.typed)
    looked = data is not None and form.is_valid()
    if looked and data is not None and data.get("sure") == form.seal and _entered(request, form):
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


def _entered(request: SignedIn, form: NumbersForm) -> bool:
    """Enter all numbers of the form, each by its door, in one transaction; else say at each what is
    wrong, and enter none.
    """
    typed = form.typed
    with clock.at(clock.now(), replay=clock.replaying()), transaction.atomic():
        # In the order of the doors' locks, all of them before the first number is entered: who
        # enters one of these meanwhile waits here, not there.
        dossiers = [each.dossier_id for each, _number in typed]
        for rows in (
            Process.objects.filter(dossier__in=dossiers),
            Dossier.objects.filter(pk__in=dossiers),
        ):
            list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk"))
        for each, number in typed:
            record = CertificateNumber(certificate=each, number=number)
            try:
                doors.act(
                    each.dossier.process, "number_certificate", by=request.user, record=record
                )
            except (ValidationError, ConditionNotMet) as refused:
                form.add_error(form.name(each), " ".join(map(str, refused.messages)))
            except (ActNotPossible, PermissionDenied):
                form.add_error(form.name(each), _("Hồ sơ vừa thay đổi: hãy tải lại trang."))
            if form.errors:
                transaction.set_rollback(True)
                return False
    return True
