"""What belongs to no dossier: the language, the person's own page, whether the site is alive."""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from cycle.middleware import keep_post


def language(request):
    """Set the language of this browser for a year, and come back (đổi ngôn ngữ); a POST."""
    if request.method != "POST":
        return redirect("home")
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
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
def profile(request):
    """My roles, my language, my password (tài khoản của tôi)."""
    return render(request, "account/profile.html")


@never_cache
def healthz(request):
    """«ok» when this process reaches the database; for whoever watches over the site."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


def csrf_failure(request, reason=""):
    """A form from before the last sign-in: keep what was typed and show it again.

    Only what comes from our own pages is kept; anything else gets a plain page.
    """
    origin = request.headers.get("Origin", "")
    if urlsplit(origin).netloc == request.get_host():
        keep_post(request)
        messages.warning(
            request,
            _("Phiên làm việc đã đổi. Nội dung bạn nhập vẫn còn, hãy kiểm tra và gửi lại."),
        )
        return redirect(request.path)
    return render(request, "403.html", {"reason": "csrf"}, status=403)
