"""What every request passes: no broken text, the person's language, nothing typed is lost."""

from urllib.parse import unquote, urlsplit

import structlog
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, QueryDict
from django.shortcuts import render, resolve_url
from django.utils import translation
from django_htmx.http import HttpResponseClientRedirect
from psycopg import errors

from cycle import typed

log = structlog.get_logger(__name__)


class TextMiddleware:
    """Leave out of a request what no page can take, before any page sees it.

    PostgreSQL keeps no NUL in its texts: an address with one does not exist, in a search and in a
    cookie nobody typed it. What is posted is answered by its form, at its field. Of where a script
    stands, only what is an address is believed.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        for name, value in request.META.items():
            if name.startswith("HTTP_") and "\0" in value:
                request.META[name] = value.replace("\0", "")
        here = unquote(request.META.get("HTTP_HX_CURRENT_URL", ""))
        try:
            # Its path too is read as an address of its own: «//[» is none.
            urlsplit(urlsplit(here).path)
        except ValueError:
            del request.META["HTTP_HX_CURRENT_URL"]
        request.COOKIES = {k: v for k, v in request.COOKIES.items() if "\0" not in k + v}
        if "\0" in request.path:
            raise Http404
        if "%00" in request.META.get("QUERY_STRING", ""):
            asked = QueryDict(mutable=True)
            for name, values in request.GET.lists():
                asked.setlist(name.replace("\0", ""), [each.replace("\0", "") for each in values])
            request.META["QUERY_STRING"] = asked.urlencode()
            request.GET = asked
        return self.get_response(request)


class TwiceMiddleware:
    """What two people, or two clicks, add at the same moment: the later one is told so.

    Who comes second by a second is answered by the form. By a moment, the database alone sees it:
    its unique keys and exclusions refuse the second, of which nothing is written.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        refused = exception.__cause__
        if not isinstance(refused, errors.UniqueViolation | errors.ExclusionViolation):
            return None
        log.warning("refused_twice", constraint=refused.diag.constraint_name)
        return render(request, "409.html", status=409)


class UserLocaleMiddleware:
    """Answer in the language of the cookie that the switch sets; Vietnamese without one."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        if language not in dict(settings.LANGUAGES):
            language = settings.LANGUAGE_CODE
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


class TypedMiddleware:
    """When a view sends a person to sign in, keep what they had typed; htmx leaves its page."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if request.session.accessed:
            typed.drop_old(request.session)
        if response.status_code != 302 or request.user.is_authenticated:
            return response
        if urlsplit(response.headers["Location"]).path != resolve_url(settings.LOGIN_URL):
            return response
        if request.htmx:
            here = urlsplit(request.htmx.current_url_abs_path or "/")
            return HttpResponseClientRedirect(redirect_to_login(here.geturl()).url)
        if request.method == "POST":
            typed.keep(request)
        return response
