"""The help: which pages there are, what is looked for, one page for each role (hướng dẫn).

Anybody may read it: it names no person, no unit and no dossier, and who cannot sign in needs it.
"""

import rules
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from councils import setup as needed
from councils.help.book import Book, of_tasks, pages_of, title_of
from cycle import clock
from cycle.asking import SignedIn
from cycle.models import User


def _see(user: User) -> None:
    """The help is not offered to this person again."""
    if user.help_seen_at is None:
        User.objects.filter(pk=user.pk, help_seen_at=None).update(help_seen_at=clock.now())
        user.help_seen_at = clock.now()


def _book(request: HttpRequest, *, first_day: bool) -> Book:
    """The help for who asks: what is done and missing on the first day is the administrator's."""
    administers = rules.has_perm("dossiers.administer_people", request.user)
    today = clock.today()
    lines = needed.lines(today) if first_day or administers else ()
    return Book(today, lines, standing=administers)


def index(request: HttpRequest) -> HttpResponseBase:
    """The reader's own pages, all others, and what is found in any of them."""
    wanted = request.GET.get("q", "")[:100].strip()
    book = Book(clock.today()) if not wanted else _book(request, first_day=False)
    user = request.user
    mine = pages_of(user) if isinstance(user, User) else []
    listed = book.listed()
    return render(
        request,
        "councils/help_list.html",
        {
            "q": wanted,
            "found": book.search(wanted, mine) if wanted else [],
            "mine": [(slug, title_of(slug)) for slug in mine],
            "others": [(slug, title) for slug, title in listed if slug not in mine],
        },
    )


def page(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The help of one role, to read and to print."""
    book = _book(request, first_day=slug == "administrator")
    try:
        found = book.page(slug, request.GET.get("of", ""))
    except KeyError:
        raise Http404 from None
    if isinstance(request.user, User):
        _see(request.user)
    return render(
        request,
        "councils/help.html",
        {"page": found, "today": book.today, "rungs": of_tasks()},
    )


@require_POST
@login_required
def seen(request: SignedIn) -> HttpResponseBase:
    """Put the offer of the help away (không cần)."""
    _see(request.user)
    return redirect("home")
