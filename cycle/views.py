"""Pages about no dossier: language, one's own account, rubrics, health; and the error pages."""

import errno
import sys

import psycopg
import structlog
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import (
    DisallowedHost,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import DatabaseError
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template import loader
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from cycle import clock, files, letters
from cycle.asking import SignedIn
from cycle.models import Rubric, RuleSet, Substitution
from cycle.rubrics import sheet
from cycle.running import schema
from cycle.typed import keep

log = structlog.get_logger(__name__)


def language(request: HttpRequest) -> HttpResponseBase:
    """Set the language of this browser for a year, and come back (đổi ngôn ngữ); a POST."""
    if request.method != "POST":
        return redirect("home")
    back = request.POST.get("next", "/")
    # One that is no path is taken for the name of a view.
    if not back.startswith("/") or not url_has_allowed_host_and_scheme(
        back, {request.get_host()}, request.is_secure()
    ):
        back = "/"
    response = redirect(back)
    chosen = request.POST.get("language")
    if chosen in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen,
            max_age=60 * 60 * 24 * 365,
            secure=request.is_secure(),
            httponly=True,
            samesite="Lax",
        )
    return response


@login_required
def profile(request: SignedIn) -> HttpResponseBase:
    """My roles, my language, my password (tài khoản của tôi)."""
    user = request.user
    lent = {
        each.assignment_id: each
        for each in Substitution.objects.in_force(clock.today()).filter(substitute=user)
    }
    # ``lent`` has the posts that the person holds as a substitute, by id.
    posts = [(held, lent.get(held.pk)) for held in user.assignments()]
    return render(request, "account/profile.html", {"posts": posts})


@login_required
def rubrics(request: SignedIn) -> HttpResponseBase:
    """The product sets of one edition by product group, found without diacritics (tra cứu)."""
    with_rubrics = RuleSet.objects.filter(Exists(Rubric.objects.filter(rule_set=OuterRef("pk"))))
    # A corrected file is a new row of its edition: the newest is the one to read.
    editions = {law.edition: law for law in with_rubrics.order_by("valid_from", "pk")}
    today = clock.today()
    in_force = [law for law in editions.values() if law.valid_from <= today]
    law = editions.get(request.GET.get("edition", "")) or (in_force[-1] if in_force else None)
    wanted = request.GET.get("q", "")[:100]
    found = [
        rubric
        for rubric in (law.rubrics.current().with_draft() if law else ())
        if letters.says(rubric.name, wanted)
    ]
    groups = [
        {"label": label, "rubrics": [each for each in found if each.group == code]}
        for code, label in (law.product_groups if law else ())
    ]
    return render(
        request,
        "cycle/rubric_list.html",
        {
            "editions": list(editions.values())[::-1],
            "law": law,
            "q": wanted,
            "groups": [group for group in groups if group["rubrics"]],
        },
    )


@login_required
def rubric(request: SignedIn, pk: int) -> HttpResponseBase:
    """One rubric as the sheet that is scored, for reading and printing (bộ tiêu chí)."""
    found = get_object_or_404(Rubric.objects.with_draft().select_related("rule_set"), pk=pk)
    return render(
        request,
        "cycle/rubric.html",
        {
            "rubric": found,
            "group": found.rule_set.group_label(found.group),
            "sheet": sheet(found),
        },
    )


@never_cache
def live(request: HttpRequest) -> HttpResponseBase:
    """«ok» when this process answers; whoever restarts it asks this."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
def ready(request: HttpRequest) -> HttpResponseBase:
    """«ok» when this process reaches the database and its tables fit; else 503 with the reason.

    Whoever leads people here asks this.
    """
    try:
        said = schema.refusal()
    except DatabaseError:
        log.exception("not_ready")
        said = "Không nối được cơ sở dữ liệu."
    plain = "text/plain; charset=utf-8"
    return HttpResponse(said or "ok", content_type=plain, status=503 if said else 200)


#: How PostgreSQL ends what goes beyond the limits of a login (time, a lock, the disk), and one of
#: two that wait for each other.
STOPPED = (
    psycopg.errors.QueryCanceled,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.ConfigurationLimitExceeded,
)


#: How a disk says that it takes nothing.
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


def server_error(request: HttpRequest) -> HttpResponseBase:
    """The page for an error: 500; 503 when PostgreSQL stopped a statement at a limit; 507 when the
    disk was full.
    """
    error = sys.exc_info()[1]
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        log.error("disk_full", error=str(error))
        files.note_full()
        return render(None, "507.html", {"language": get_language()}, status=507)
    # Django and viewflow raise errors of their own, caused by the database's.
    while error is not None and not isinstance(error, STOPPED):
        error = error.__cause__ or error.__context__
    if error is None:
        said = {
            "number": getattr(request, "number", ""),
            "reads": request.method in ("GET", "HEAD"),
            "recorded": getattr(request, "recorded", False),
        }
        return render(None, "500.html", said, status=500)
    # Only a GET can be offered again: an act in several steps may have committed some of them.
    again = request.get_full_path() if request.method in ("GET", "HEAD") else ""
    part = request.headers.get("HX-Request") == "true"
    response = render(
        None,
        "_too_long.html" if part else "503.html",
        {"again": again, "language": get_language()},
        status=503,
    )
    if part:
        # Among the messages of the page, which itself stays; see ocop.js.
        for name, value in (
            ("HX-Retarget", "#messages"),
            ("HX-Reswap", "innerHTML"),
            ("HX-Reselect", ".notice"),
        ):
            response.headers[name] = value
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """What Django refuses before any page sees it: a wrong host, too much at once, a broken form.

    In one plain page, without a session, a person or a query: they may be what is broken.
    """
    reason, status = "", 400
    if isinstance(exception, DisallowedHost):
        reason = "host"
    elif isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
        reason, status = "size", 413
    page = loader.get_template("400.html").render({"reason": reason})
    return HttpResponse(page, status=status)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """A form from before the last sign-in: it is shown again, with what was typed if it was kept.

    Only for what comes from our own pages; anything else gets a plain page.
    """
    here = f"{request.scheme}://{request.get_host()}"
    if request.headers.get("Origin") != here:
        return render(request, "403.html", {"reason": "csrf"}, status=403)
    if keep(request):
        messages.warning(
            request,
            _("Phiên làm việc đã đổi. Nội dung bạn nhập vẫn còn, hãy kiểm tra và gửi lại."),
        )
        return redirect(request.path)
    messages.warning(
        request, _("Phiên làm việc đã đổi, việc vừa rồi chưa được ghi. Hãy làm lại trên trang này.")
    )
    before = request.headers.get("Referer", "")
    return redirect(before if before.startswith(f"{here}/") else request.path)
