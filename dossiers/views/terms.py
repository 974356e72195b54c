"""Pages that explain a due day («Vì sao hạn này?»), and extend it."""

from __future__ import annotations

from typing import Any

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from cycle.asking import SignedIn
from cycle.models import User
from cycle.once import once
from cycle.typed import fill, shows_typed
from cycle.written import day_text
from dossiers.forms.fields import refuse
from dossiers.forms.terms import ExtensionForm
from dossiers.models import Task, Term, TermState
from dossiers.office import bases
from dossiers.terms.due import UNITS
from dossiers.terms.explanation import Explanation, shown_to, title_of
from dossiers.terms.extension import extend


def _visible(user: User, **which: Any) -> Term:
    """A term of a dossier that ``user`` may see, or one of the cycle's dates, which all may see;
    else 404.
    """
    return get_object_or_404(shown_to(user), **which)


@login_required
def task_why(request: SignedIn, pk: int) -> HttpResponseBase:
    """Explain the due day of a task."""
    task = get_object_or_404(Task.objects.visible_to(request.user), pk=pk)
    return _why(request, _visible(request.user, task=task))


@login_required
def term_why(request: SignedIn, pk: int) -> HttpResponseBase:
    """Explain the due day of any term."""
    return _why(request, _visible(request.user, pk=pk))


def _why(request: SignedIn, term: Term) -> HttpResponseBase:
    told = Explanation(term)
    based = [line.event for line in told.lines if line.event is not None]
    page = {
        "term": term,
        "title": title_of(term),
        "told": told,
        "unit": UNITS[term.unit],
        "correctable": [each for each in based if bases.may_correct(request.user, each)],
        "may_extend": _may_extend(request.user, term),
    }
    fragment = request.htmx and not request.htmx.boosted
    return render(request, "dossiers/term_told.html" if fragment else "dossiers/term.html", page)


def _may_extend(user: User, term: Term) -> bool:
    """Whether the term can be extended, and ``user`` may do it."""
    return (
        term.state != TermState.STOPPED
        and bool(term.unit)
        and term.extended < term.extension_limit
        and rules.has_perm("dossiers.extend_term", user, term)
    )


@login_required
@shows_typed
@once
def term_extend(request: SignedIn, pk: int) -> HttpResponseBase:
    """Extend a term on a document (gia hạn)."""
    term = _visible(request.user, pk=pk)
    page = {"term": term, "title": title_of(term), "dossier": term.dossier}
    if not rules.has_perm("dossiers.extend_term", request.user, term):
        page["act"] = {"label": _("Gia hạn")}
        return render(request, "dossiers/not_allowed.html", page, status=403)
    form = ExtensionForm(request.POST or None, request.FILES or None, term=term, by=request.user)
    fill(form, request.typed)
    if form.is_valid():
        try:
            moved = extend(
                term,
                by=request.user,
                days=form.cleaned_data["days"],
                reason=form.cleaned_data["reason"],
                document=form.named(),
            )
        except ValidationError as refused:
            refuse(form, refused)
        except PermissionDenied:
            form.add_error(None, _("Bạn không còn giữ vai trò được gia hạn."))
        else:
            messages.success(
                request,
                _("Đã gia hạn: %(title)s, hạn mới %(new)s (trước đó %(old)s).")
                % {
                    "title": page["title"],
                    "new": day_text(moved.due_on),
                    "old": day_text(term.due_on),
                },
            )
            return redirect("dossiers:term", term.pk)
    page |= {"form": form, "unit": UNITS[term.unit]}
    return render(request, "dossiers/term_extend.html", page)
