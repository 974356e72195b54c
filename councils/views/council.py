"""Pages of councils, their seats and regulations."""

from __future__ import annotations

from typing import Any

import rules
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from councils.forms import councils as councils_forms
from councils.lists import CouncilList
from councils.models import TEAM, Council, DocumentKind, EvaluationRound, Regulation, bases
from councils.models.council import ENDLESS
from councils.pages import posted
from councils.papers import facts
from cycle import clock, written
from cycle.asking import SignedIn
from cycle.models import Document, HistoryEntry, OrgUnit, User
from cycle.once import once, unrecorded
from cycle.papers.answer import answer
from cycle.typed import fill, shows_typed
from dossiers import drafts

ROWS = 25


def _visible(user: User, pk: int) -> Council:
    return get_object_or_404(Council.objects.visible_to(user).select_related("org_unit"), pk=pk)


def _seated_by(request: SignedIn, pk: int) -> Council:
    council = _visible(request.user, pk)
    if not rules.has_perm("councils.seat", request.user, council):
        raise PermissionDenied
    return council


@login_required
def councils(request: SignedIn) -> HttpResponseBase:
    """The councils that the user sees."""
    found = CouncilList(request.user)
    page = found.page(request.GET.get("page"), ROWS)
    return render(
        request,
        "councils/council_list.html",
        {
            "page": page,
            "councils": list(page),
            "today": found.today,
            "may_set_up": councils_forms.units_of(request.user).exists(),
        },
    )


@login_required
@shows_typed
@drafts.keeps_page
@once
def council_new(request: SignedIn) -> HttpResponseBase:
    """Set up a council, on its decision."""
    form = councils_forms.CouncilForm(posted(request), request.FILES or None, by=request.user)
    fill(form, request.typed)
    if not form.fields["org_unit"].queryset.exists():
        raise PermissionDenied
    if form.is_valid() and (made := form.do()):
        messages.success(request, _("Đã lập hội đồng. Việc tiếp theo: bổ sung thành viên."))
        return redirect("councils:council", made.pk)
    return render(request, "councils/council_new.html", {"form": form})


@login_required
@shows_typed
@drafts.keeps_page
@once
def council(request: SignedIn, pk: int) -> HttpResponseBase:
    """A council: its seats, what its composition lacks, its regulation and rounds."""
    council = _visible(request.user, pk)
    may = rules.has_perm("councils.seat", request.user, council)
    form = None
    if may:
        form = councils_forms.SeatForm(
            posted(request), request.FILES or None, council=council, by=request.user
        )
        fill(form, request.typed)
        if form.is_valid() and (made := form.do()):
            messages.success(request, _("Đã bổ sung %(who)s.") % {"who": made})
            return redirect("councils:council", council.pk)
    elif request.method == "POST":
        raise PermissionDenied
    today = clock.today()
    members = list(council.members.select_related("user"))
    past = [each for each in members if each.until is not None and each.until < today]
    founding = {each.pk for each in council.founded.versions()}
    # A decision names a council; of its team alone none is printed.
    seated = [each for each in members if each.seat not in TEAM]
    return render(
        request,
        "councils/council.html",
        {
            "council": council,
            "members": [each for each in members if each not in past],
            "past": past,
            "founded": any(each.decision_id in founding for each in seated),
            "drafted": any(each not in past for each in seated),
            "today": today,
            "missing": council.missing(),
            "unusual": council.unusual() if may else [],
            "not_in_term": council.not_in_term(today),
            "regulation": Regulation.objects.in_force(council.org_unit, today),
            "rounds": council.rounds.all(),
            "form": form,
            "may_set_up": may,
            "scores_here": not may
            and rules.has_perm("councils.set_up", request.user, council.org_unit),
        },
    )


@login_required
@require_safe
def founding(request: SignedIn, pk: int, format_: str) -> HttpResponseBase:
    """The decision that set the council and its team up; ``?anew=1`` the draft of another on who
    sits now, to be signed.
    """
    anew = "anew" in request.GET
    data = facts.founding_of(_visible(request.user, pk), anew=anew)
    if data is None:
        raise Http404
    return answer(request, DocumentKind.FOUNDING, data, format_, f"founding-{pk}")


def _act(
    request: SignedIn, council: Council, form: Any, done: Any, **page: Any
) -> HttpResponseBase:
    """A form that changes one thing of a council: ``done`` says so, or the form is shown again."""
    fill(form, request.typed)
    if form.is_valid() and form.do():
        messages.success(request, done)
        return redirect("councils:council", council.pk)
    return render(request, "councils/act.html", {"council": council, "form": form, **page})


@login_required
@shows_typed
@drafts.keeps_page
@once
def correct_basis(request: SignedIn, pk: int) -> HttpResponseBase:
    """Correct what was typed wrong of a document on which something of councils rests."""
    standing = get_object_or_404(Document, pk=pk).in_force
    seen = [each for each in bases.resting_on(standing) if bases.is_seen(each, request.user)]
    if not seen:
        raise Http404
    its = bases.correctable(standing, request.user)
    if its is None:
        raise PermissionDenied
    form = councils_forms.BasisForm(
        posted(request), request.FILES or None, standing=standing, by=request.user
    )
    page: dict[str, Any] = {"back": reverse("councils:regulations")}
    if isinstance(its.of, Council):
        page = {"council": its.of, "back": reverse("councils:council", args=[its.of.pk])}
    elif isinstance(its.of, EvaluationRound):
        page = {"round": its.of, "back": reverse("councils:round", args=[its.of.pk])}
    if form.is_valid() and form.do():
        messages.success(request, _("Đã đính chính %(basis)s.") % {"basis": its.basis.called})
        return redirect(page["back"])
    page |= {
        "form": form,
        "title": _("Đính chính %(basis)s") % {"basis": its.basis.called},
        "button": _("Đính chính"),
        "follows": [
            _("Mọi việc theo văn bản này, và văn bản in sau, ghi theo đính chính."),
            _("Nội dung cũ và lý do được ghi vào nhật ký."),
        ],
    }
    return render(request, "councils/act.html", page)


@login_required
@shows_typed
@drafts.keeps_page
@once
def extend(request: SignedIn, pk: int) -> HttpResponseBase:
    """Extend a council's term, on a document."""
    council = _seated_by(request, pk)
    if council.valid_to is None and request.method != "POST":
        messages.info(request, ENDLESS)
        return unrecorded(redirect("councils:council", council.pk))
    form = councils_forms.ExtendForm(
        posted(request), request.FILES or None, council=council, by=request.user
    )
    return _act(
        request,
        council,
        form,
        _("Đã gia hạn hội đồng."),
        title=_("Gia hạn hội đồng"),
        button=_("Gia hạn"),
        follows=[
            _("Hội đồng lập đợt, mở chấm và họp được đến hết ngày mới."),
            _("Ngày cũ, văn bản và lý do được ghi vào nhật ký."),
        ],
    )


@login_required
@shows_typed
@drafts.keeps_page
@once
def seat_end(request: SignedIn, pk: int, member: int) -> HttpResponseBase:
    """End a person's seat."""
    council = _seated_by(request, pk)
    seat = get_object_or_404(council.members.select_related("user", "council"), pk=member)
    if (ended := seat.why_not_ended()) and request.method != "POST":
        messages.info(request, ended)
        return unrecorded(redirect("councils:council", council.pk))
    form = councils_forms.EndSeatForm(
        posted(request), request.FILES or None, member=seat, by=request.user
    )
    return _act(
        request,
        council,
        form,
        _("Đã ghi thôi thành viên: %(who)s.") % {"who": seat},
        nothing=ended,
        title=_("Cho thôi thành viên: %(who)s") % {"who": seat},
        button=_("Cho thôi"),
        tone="refuse",
        follows=[
            _("Phiếu đã nộp và việc đã làm vẫn đứng tên người này."),
            _("Ngày thôi đã ghi thì không sửa lại được; văn bản gõ sai thì đính chính được."),
        ],
    )


@login_required
def regulations(request: SignedIn) -> HttpResponseBase:
    """The regulations of units whose councils the user sees: in force, and earlier versions."""
    today = clock.today()
    mine = councils_forms.regulated_by(request.user)
    laying_down = set(mine.values_list("pk", flat=True))
    # Which they are is asked first: how few PostgreSQL cannot guess.
    there = Council.objects.visible_to(request.user).order_by().values_list("org_unit", flat=True)
    units = OrgUnit.objects.filter(pk__in={*there.distinct(), *laying_down})
    versions: dict = {}
    found = list(
        Regulation.objects.filter(org_unit__in=units)
        .select_related("basis__replaced_by")
        .order_by("-valid_from", "-pk")
    )
    entered = {
        said.data["regulation"]: said
        for said in HistoryEntry.objects.filter(
            event="council.regulate", data__regulation__in=[each.pk for each in found]
        ).select_related("actor")
    }
    for each in found:
        each.entered = entered.get(each.pk)
        versions.setdefault(each.org_unit_id, []).append(each)
    rows = []
    for unit in units:
        its = versions.get(unit.pk, [])
        current = next((each for each in its if each.valid_from <= today), None)
        rows.append(
            {
                "unit": unit,
                "current": current,
                "facts": _facts(current) if current else [],
                "others": [each for each in its if each != current],
                "may_correct": unit.pk in laying_down,
            }
        )
    return render(
        request,
        "councils/regulation_list.html",
        {"rows": rows, "may_set_up": bool(laying_down), "today": today},
    )


def _facts(regulation: Regulation) -> list[tuple[Any, Any]]:
    """(name, value) of each rule of a regulation."""
    shown = []
    for field in Regulation._meta.fields:
        if field.name in ("id", "org_unit", "basis", "was_document", "valid_from"):
            continue
        value = getattr(regulation, field.name)
        if field.choices:
            value = getattr(regulation, f"get_{field.name}_display")()
        elif isinstance(value, bool):
            value = _("có") if value else _("không")
        elif value is None:
            value = _("không quy định")
        shown.append((field.verbose_name, str(value).replace(".", ",")))
    return shown


@login_required
@shows_typed
@once
@drafts.keeps
def regulation_new(request: SignedIn) -> HttpResponseBase:
    """Enter a new version of a unit's regulation; filled with the one in force."""
    form = councils_forms.RegulationForm(
        posted(request),
        request.FILES or None,
        by=request.user,
        instance=_next_version(request),
    )
    if not form.fields["org_unit"].queryset.exists():
        raise PermissionDenied
    # Of each unit one: it is filled with that unit's own.
    here = drafts.place(request.user, f"regulation:{written.key(request.GET.get('unit')) or ''}")
    if (answer := drafts.answer(request, here)) is not None:
        return answer
    fill(form, drafts.shown(request, here))
    if form.is_valid() and (made := form.do()):
        drafts.done(here)
        messages.success(
            request,
            _("Đã nhập quy chế, áp dụng từ %(day)s.") % {"day": f"{made.valid_from:%d/%m/%Y}"},
        )
        return redirect("councils:regulations")
    if request.method == "POST":
        drafts.keep_tried(request, here)
    return render(request, "councils/regulation_new.html", {"form": form, "place": here})


def _next_version(request: SignedIn) -> Regulation | None:
    """An unsaved copy of the regulation in force for the unit asked for, without basis and day;
    a blank one while there is none; None without a unit.
    """
    unit = written.key(request.GET.get("unit"))
    units = councils_forms.regulated_by(request.user)
    if unit is not None:
        units = units.filter(pk=unit)
    found = units.first()
    if found is None:
        return None
    last = Regulation.objects.in_force(found, clock.today())
    if last is None:
        return Regulation(org_unit=found)
    last.pk, last.was_document = None, ""
    last.basis_id = None  # type: ignore[assignment]  # to be typed
    last.valid_from = None  # type: ignore[assignment]  # to be filled in
    last._state.adding = True
    return last
