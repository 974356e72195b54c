"""One paper, many dossiers: choose, fill in, look, agree; then see what came of each."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cycle import clock, written
from cycle.asking import SignedIn
from cycle.models import OrgUnit
from cycle.once import once
from cycle.prepared import remembered
from cycle.typed import shows_typed
from dossiers import drafts
from dossiers.forms.many import Candidate, ManyForm, typed_before
from dossiers.law.acts import Act
from dossiers.lists import many as lists
from dossiers.models import ACTS, ActBatch, RowState
from dossiers.walk import batch

#: So many batches of before are shown.
LATEST = 20


@login_required
def many(request: SignedIn) -> HttpResponseBase:
    """What this person may do for many dossiers at once, and what was done so lately; of those that
    the address names (``dossier``, ``commune``), where it names some.
    """
    before = ActBatch.objects.visible_to(request.user).select_related("by", "job")
    keys = _keys(request.GET, "dossier")[: lists.ON_A_FORM]
    commune = written.key(request.GET.get("commune"))
    asked = [("dossier", key) for key in keys] + ([("commune", commune)] if commune else [])
    page = {
        "acts": lists.open_acts(request.user, keys=keys, commune=commune),
        "asked": urlencode(asked),
        "chosen": len(keys),
        "free": lists.free_acts(request.user, keys=keys, commune=commune),
        "before": before[:LATEST],
    }
    return render(request, "dossiers/many.html", page)


def _act(name: str) -> Act:
    act = ACTS.get(name)
    if act is None or not act.for_many:
        raise Http404
    return act


def _digest(data: QueryDict) -> str:
    said = sorted((name, value) for name, values in data.lists() for value in values)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16] if said else ""


def _keys(data: QueryDict, name: str) -> list[int]:
    return [key for each in data.getlist(name) if (key := written.key(each)) is not None]


@login_required
@shows_typed
@once
@drafts.keeps
def many_new(request: SignedIn, name: str) -> HttpResponseBase:
    """The form of an act for many dossiers; what will happen to each; then ask a worker to do it.

    ``dossier`` in the address names them; ``again`` a batch whose rest is done again.
    """
    act, user, typed = _act(name), request.user, request.typed
    if not lists.may(user, act):
        return render(request, "dossiers/not_allowed.html", {"act": act}, status=403)
    data = request.POST if request.method == "POST" else None
    shown = data if data is not None else typed
    keys = _keys(shown if shown is not None else request.GET, "dossier")
    if data is None and (again := written.key(request.GET.get("again"))) is not None:
        earlier = get_object_or_404(ActBatch.objects.visible_to(user), pk=again, act=name)
        rest = list(earlier.rest(user))
        keys, typed = [row.dossier_id for row in rest], typed_before(earlier, rest, user)
    commune = written.key(request.GET.get("commune"))
    every_year = request.GET.get("all") == "1"
    rows = lists.found(
        user, act, keys=keys[: lists.ON_A_FORM], commune=commune, every_year=every_year
    )
    if keys and not rows:
        # None of them is there for this person.
        raise Http404
    # Of each choice of dossiers that an address makes: another does not overwrite it.
    here = drafts.place(user, f"many:{name}:{_digest(request.GET)}")
    if rows and (answer := drafts.answer(request, here)) is not None:
        return answer
    if data is None and (drafted := drafts.shown(request, here)) is not None:
        typed = drafted
    page: dict[str, Any] = {
        "act": act,
        "narrowed": lists.of_its_year(act) and not keys and not every_year,
        "commune": commune and OrgUnit.objects.filter(pk=commune).first(),
        "most": lists.ON_A_FORM if len(rows) == lists.ON_A_FORM else 0,
    }
    if not rows:
        return render(request, "dossiers/many_none.html", page)
    # What is chosen by hand, or is somebody's work, begins ticked; what no task asks for does not.
    chosen = bool(keys) or act.door == "task"
    # One page, one moment: each row is asked of the same, and what is the same for all once.
    with clock.one_moment(), remembered():
        form = ManyForm(
            name,
            user,
            [Candidate(dossier, task, chosen, bool(keys)) for dossier, task in rows],
            data=data,
            files=request.FILES if data is not None else None,
            typed=typed,
            filling=data is not None and data.get("step") == "fill",
        )
        agreed = data is not None and _agreed(form, data)
    page |= {"form": form, "place": here}
    if agreed and (made := _asked(form)) is not None:
        drafts.done(here)
        return redirect("dossiers:many_one", made.pk)
    if data is not None:
        drafts.keep_tried(request, here)
    return render(request, "dossiers/many_form.html", page)


def _agreed(form: ManyForm, data: QueryDict) -> bool:
    """Whether what the page showed was agreed to; else the form shows what is wrong, or what will
    happen.
    """
    if form.filling or not form.is_valid():
        return False
    form.plan()
    return bool(form.able) and data.get("sure") == form.seal


def _asked(form: ManyForm) -> ActBatch | None:
    """The batch, kept for a worker; None with the reason on the form when its scan is gone."""
    assert form.batch is not None, "agreed to is what was planned"
    try:
        return batch.ask(form.batch, form.planned)
    except ValidationError as gone:
        form.problem = " ".join(gone.messages)
        return None


@login_required
def many_one(request: SignedIn, pk: int) -> HttpResponseBase:
    """A batch: how far it is, what came of each dossier, and why some were not done."""
    found = get_object_or_404(
        ActBatch.objects.visible_to(request.user).select_related("by", "capacity", "job"), pk=pk
    )
    if request.method == "POST":
        row = written.key(request.POST.get("row"))
        left = batch.cancel(found, None if row is None else [row], by=request.user)
        if left:
            messages.success(
                request, ngettext("Đã bỏ %(n)d hồ sơ.", "Đã bỏ %(n)d hồ sơ.", left) % {"n": left}
            )
        else:
            messages.info(request, _("Không còn hồ sơ nào chờ làm mà bạn bỏ được."))
        return redirect("dossiers:many_one", found.pk)
    counts = found.counts()
    seen = found.rows.visible_to(request.user)
    rows = list(
        seen.select_related("dossier__product__producer", "dossier__commune", "cancelled_by")
    )
    batch.differing(rows)
    # What was not done is read first, however many were.
    rows.sort(key=lambda row: row.state != RowState.REFUSED)
    waits = bool(counts[RowState.WAITING]) and found.job is not None and found.job.waits
    page = {
        "batch": found,
        "act": found.said,
        "counts": counts,
        "rows": rows,
        "waits": waits,
        "mine": batch.may_cancel(found, request.user) if waits else (),
        "unseen": sum(counts.values()) - len(rows),
        "rest": found.rest(request.user).exists(),
        "total": sum(counts.values()),
        "ended": sum(counts.values()) - counts[RowState.WAITING],
    }
    fragment = request.htmx and not request.htmx.boosted
    return render(
        request, "dossiers/_many_rows.html" if fragment else "dossiers/many_one.html", page
    )
