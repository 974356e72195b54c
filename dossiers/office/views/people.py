"""People: who is here, since when; new, moved, gone, back; their slips (nhân sự)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

import rules
import segno
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet, prefetch_related_objects
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from cycle import clock, downloads, sheets, site
from cycle import slips as paper
from cycle.asking import SignedIn
from cycle.models import ActivationSlip, HistoryEntry, Stream, User
from cycle.once import once, recorded, unrecorded
from cycle.typed import fill, shows_typed
from dossiers import drafts
from dossiers.office import bases, people, roster
from dossiers.office.forms.people import (
    ContactForm,
    EnrolForm,
    GiveForm,
    LeaveForm,
    MoveForm,
    RosterForm,
)
from dossiers.office.lists import PeopleList, person_row, seen_people, seen_posts, with_posts
from dossiers.rules import administers_people

T = TypeVar("T")

ROWS = 25
#: More slips than these are not printed at once.
SLIPS = 200
#: What was recorded of a person is shown so far back.
ENTRIES = 50


def _day(value: date) -> str:
    return f"{value:%d/%m/%Y}"


def _seen(request: SignedIn) -> QuerySet[User]:
    return seen_people(request.user)


def _one(request: SignedIn, pk: int) -> User:
    return get_object_or_404(_seen(request), pk=pk)


@login_required
def people_list(request: SignedIn) -> HttpResponseBase:
    """Who works here, which posts since when; those who have left too (danh sách nhân sự)."""
    found = PeopleList(request.user, request.GET)
    page = found.page(request.GET.get("page"), ROWS)
    return render(
        request,
        "dossiers/people.html",
        {
            "page": page,
            "rows": found.shaped(list(page)),
            "q": found.q,
            "tab": found.tab,
            "waiting": people.waiting(found.everybody, found.today).count(),
            "administers": administers_people(request.user),
            "erases": rules.has_perm("dossiers.erase", request.user),
            "days": paper.DAYS,
        },
    )


@login_required
def person(request: SignedIn, pk: int) -> HttpResponseBase:
    """One person: what they hold, since when, how they are reached, what was recorded."""
    found = get_object_or_404(_seen(request).prefetch_related(with_posts()), pk=pk)
    entries = HistoryEntry.objects.filter(stream=Stream.PERSON, stream_id=pk)
    entries = entries.select_related("actor", "org_unit", "acting_for").order_by("-seq")[:ENTRIES]
    for entry in entries:
        entry.about = entry.data.get("post", "")
    return render(
        request,
        "dossiers/person.html",
        {
            "row": person_row(found, clock.today()),
            "person": found,
            "slip": ActivationSlip.objects.filter(user=pk, used_at=None, voided_at=None)
            .select_related("made_by")
            .first(),
            "answers": rules.has_perm("dossiers.answer_for", request.user, found),
            "ends": people.endable(request.user, found),
            "administers": administers_people(request.user),
            "is_administration": found.is_staff or found.is_superuser,
            "papers": _papers(request, found),
            "history": entries,
        },
    )


def _papers(request: SignedIn, found: User) -> list[dict[str, Any]]:
    """On which document each post of a person was given, and what the page leads to."""
    posts = seen_posts(request.user).filter(user=found, basis__isnull=False)
    rows = []
    for post in posts.select_related("basis__issuer", "basis__replaced_by").order_by(
        "-valid_from", "-pk"
    ):
        paper = post.paper
        assert paper is not None, "those without one were left out"
        rows.append(
            {
                "post": post,
                "paper": paper,
                "scan": paper.scan_sha256 and bases.keeps(request.user, paper, post.org_unit),
                "may_correct": bases.may_correct(request.user, post),
            }
        )
    return rows


@login_required
@shows_typed
@once
@drafts.keeps
def person_new(request: SignedIn) -> HttpResponseBase:
    """A new officer with a first post (cấp tài khoản)."""
    _seen(request)
    here = drafts.place(request.user, "person_new")
    if (answer := drafts.answer(request, here)) is not None:
        return answer
    form = EnrolForm(request.POST or None, request.FILES or None, by=request.user)
    fill(form, drafts.shown(request, here))
    if form.is_valid() and (made := _kept(form.save)):
        drafts.done(here)
        messages.success(
            request,
            _("Đã cấp tài khoản «%(username)s» cho %(who)s. Hãy in phiếu để người này kích hoạt.")
            % {"username": made.username, "who": made},
        )
        return redirect("dossiers:person", made.pk)
    if request.method == "POST":
        drafts.keep_tried(request, here)
    page = {"form": form, "act": "new", "place": here}
    return render(request, "dossiers/person_form.html", page)


def _kept(save: Callable[..., T], *args: Any) -> T:
    """What ``save`` returns. Raises Http404 where the person may not, as for any stranger."""
    try:
        return save(*args)
    except PermissionDenied:
        raise Http404 from None


@login_required
@shows_typed
@once
def give(request: SignedIn, pk: int) -> HttpResponseBase:
    """Another post; for who had left, the way back (giao thêm vai trò, trở lại)."""
    found = _one(request, pk)
    _not_of_the_administration(found)
    if not found.is_active and not rules.has_perm("dossiers.answer_for", request.user, found):
        raise Http404
    form = GiveForm(request.POST or None, request.FILES or None, by=request.user)
    fill(form, request.typed)
    if form.is_valid() and (post := _kept(form.save, found)):
        messages.success(
            request,
            _("%(who)s giữ vai trò %(post)s từ %(day)s.")
            % {"who": found, "post": post, "day": _day(post.valid_from)},
        )
        return redirect("dossiers:person", found.pk)
    act = "give" if found.is_active else "back"
    return render(request, "dossiers/person_form.html", {"form": form, "person": found, "act": act})


def _not_of_the_administration(found: User) -> None:
    """A sign-in of the administration holds no posts: none of these acts is about it."""
    if found.is_staff or found.is_superuser:
        raise Http404


@login_required
@shows_typed
@once
def move(request: SignedIn, pk: int) -> HttpResponseBase:
    """Another unit or post in the place of one (điều chuyển)."""
    found = _one(request, pk)
    if not found.is_active or not people.endable(request.user, found):
        raise Http404
    form = MoveForm(request.POST or None, request.FILES or None, by=request.user, person=found)
    fill(form, request.typed)
    if form.is_valid() and (post := _kept(form.save)):
        messages.success(
            request,
            _("%(who)s chuyển sang %(post)s từ %(day)s.")
            % {"who": found, "post": post, "day": _day(post.valid_from)},
        )
        return redirect("dossiers:person", found.pk)
    return render(
        request, "dossiers/person_form.html", {"form": form, "person": found, "act": "move"}
    )


@login_required
@shows_typed
@once
def leave(request: SignedIn, pk: int) -> HttpResponseBase:
    """A person leaves for good (nghỉ, chuyển công tác)."""
    found = _one(request, pk)
    _not_of_the_administration(found)
    ends = people.endable(request.user, found)
    if not found.is_active or not (ends or administers_people(request.user)):
        raise Http404
    form = LeaveForm(request.POST or None, request.FILES or None, by=request.user, person=found)
    fill(form, request.typed)
    if form.is_valid() and _kept(form.save):
        found.refresh_from_db()
        messages.success(
            request,
            _("%(who)s nghỉ từ %(day)s.") % {"who": found, "day": _day(form.cleaned_data["on"])}
            if found.is_active
            else _("%(who)s đã nghỉ; tài khoản đã khóa.") % {"who": found},
        )
        return redirect("dossiers:person", found.pk)
    return render(
        request,
        "dossiers/person_form.html",
        {"form": form, "person": found, "act": "leave", "ends": ends},
    )


@login_required
@shows_typed
def contact(request: SignedIn, pk: int) -> HttpResponseBase:
    """Note how somebody is reached."""
    found = _one(request, pk)
    if not rules.has_perm("dossiers.answer_for", request.user, found):
        raise Http404
    return _contact(request, found, reverse("dossiers:person", args=[pk]))


@login_required
@shows_typed
def own_contact(request: SignedIn) -> HttpResponseBase:
    """My own address and telephone."""
    return _contact(request, request.user, reverse("profile"))


def _contact(request: SignedIn, found: User, back: str) -> HttpResponseBase:
    form = ContactForm(request.POST or None, by=request.user, person=found)
    fill(form, request.typed)
    if form.is_valid():
        form.save()
        messages.success(request, _("Đã lưu thư điện tử, điện thoại."))
        return redirect(back)
    return render(
        request,
        "dossiers/person_form.html",
        {"form": form, "person": found, "act": "contact", "back": back},
    )


# --- From a spreadsheet ---------------------------------------------------------------------------


@login_required
@never_cache
@once
def roster_page(request: SignedIn) -> HttpResponseBase:
    """Many at once: checked cell by cell, then all or none, then their slips (nhập danh sách)."""
    _seen(request)
    found, problem = None, ""
    form = RosterForm(request.POST or None, request.FILES or None)
    try:
        if "rows" in request.POST:
            form = RosterForm()
            found = roster.again(_rows(request.POST["rows"]), by=request.user)
            with transaction.atomic():
                done = found.enter()
                if done and request.POST.get("sure") != found.seal:
                    transaction.set_rollback(True)
                    problem = _("Danh sách nay được hiểu khác: xem lại, rồi bấm lần nữa.")
                elif done:
                    printed = people.print_slips(found.people, by=request.user)
                    return recorded(show_slips(request, printed), reverse("dossiers:people"))
        elif form.is_valid():
            file = form.cleaned_data["file"]
            if file.size > sheets.MAX_BYTES:
                raise sheets.SheetRefused(_("Tệp quá nặng: hãy chỉ giữ trang danh sách."))
            found = roster.read(file.read(), file.name, by=request.user)
            found.check()
    except sheets.SheetRefused as refused:
        found, problem = None, str(refused)
    except PermissionDenied:
        # Rolled back: nobody was entered.
        problem = _(
            "Danh sách có người mà bạn không cấp phiếu kích hoạt được, như lãnh đạo khác: bỏ dòng "
            "ấy, hoặc nhờ cấp trên, người quản trị nhập."
        )
    return render(
        request,
        "dossiers/people_import.html",
        {
            "form": form,
            "problem": problem,
            "roster": found,
            "rows": json.dumps(found.lines, ensure_ascii=False) if found else "",
            "heads": [names[0] for names in roster.COLUMNS.values()],
        },
    )


def _rows(text: str) -> Any:
    """What the page sends back, as lists; nothing for what is no list."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


@login_required
def roster_sheet(request: SignedIn) -> HttpResponseBase:
    """An empty sheet with the right columns, the names of units and of roles beside it."""
    _seen(request)
    among = None if administers_people(request.user) else people.led_by(request.user)
    return downloads.made(roster.empty_sheet(among), "nhan-su.xlsx")


# --- Slips --------------------------------------------------------------------------------------


@login_required
@require_POST
@never_cache
def slips(request: SignedIn) -> HttpResponseBase:
    """Print slips: of those chosen, or of all who have not begun (in phiếu kích hoạt).

    Shown in answer to the click, once: no address has them, nothing keeps them.
    """
    seen = _seen(request)
    chosen = [pk for pk in request.POST.getlist("person") if pk.isdecimal() and len(pk) < 19]
    wanted = seen.filter(pk__in=chosen)
    if "all" in request.POST:
        wanted = people.waiting(seen, clock.today())
    found = list(wanted.prefetch_related(with_posts()).order_by("sort_key", "pk")[: SLIPS + 1])
    if len(found) > SLIPS:
        return _refused(request, _("Mỗi lần in nhiều nhất %(n)d phiếu.") % {"n": SLIPS})
    if not found:
        return _refused(request, _("Bạn chưa chọn ai để in phiếu."))
    if "all" in request.POST:
        found = [
            each for each in found if rules.has_perm("dossiers.answer_for", request.user, each)
        ]
    try:
        printed = people.print_slips(found, by=request.user)
    except PermissionDenied:
        raise Http404 from None
    except ValidationError as refused:
        return _refused(request, " ".join(refused.messages))
    return show_slips(request, printed)


def _refused(request: SignedIn, sentence: str) -> HttpResponseBase:
    messages.warning(request, sentence)
    return unrecorded(redirect("dossiers:people"))


def show_slips(request: SignedIn, printed: list[paper.Printed]) -> HttpResponseBase:
    """The page of slips, several on a sheet."""
    prefetch_related_objects([slip.person for slip in printed], with_posts())
    address = site.address(reverse("dossiers:activate"))
    today = clock.today()
    return render(
        request,
        "dossiers/slips.html",
        {
            "address": address,
            "slips": [
                {
                    "slip": slip,
                    "now": person_row(slip.person, today)["now"]
                    or person_row(slip.person, today)["coming"],
                    "qr": segno.make(f"{address}#{slip.code}", error="m").svg_data_uri(
                        scale=3, light="#fff", omitsize=True
                    ),
                }
                for slip in printed
            ],
        },
    )
