"""Middleware: the number of a request, tables that do not fit, broken text, two equal requests at
once, the language, forms sent after sign-out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render, resolve_url
from django.utils import translation
from django_htmx.http import HttpResponseClientRedirect
from django_structlog import middlewares
from psycopg import errors

from cycle import typed, written
from cycle.running import schema

log = structlog.get_logger(__name__)


#: A statement that writes; what it writes of sign-ins and sessions is nobody's act.
_WRITES = re.compile(
    r"\s*(?:INSERT INTO|UPDATE|DELETE FROM|MERGE INTO|WITH\b.*\b(?:INSERT INTO|UPDATE|DELETE FROM))"
    r'\s+(?!"?(?:django_session|axes_))',
    re.S,
)


class RequestMiddleware(middlewares.RequestMiddleware):
    """Give each request a number (mã lỗi), said in the log, in the answer and on the error page.

    ``request.recorded`` becomes true when something that was sent is committed.
    """

    def __call__(self, request: Any) -> Any:
        request.recorded = False

        def watch(execute: Any, sql: Any, *rest: Any) -> Any:
            result = execute(sql, *rest)
            if not request.recorded and isinstance(sql, str) and _WRITES.match(sql):
                # Forgotten by Django when the transaction, or the part of it, is rolled back.
                transaction.on_commit(lambda: setattr(request, "recorded", True))
            return result

        reads = request.method in ("GET", "HEAD", "OPTIONS")
        try:
            self.prepare(request)
            request.number = structlog.contextvars.get_contextvars()["request_id"]
            with nullcontext() if reads else connection.execute_wrapper(watch):
                response: Any = self.get_response(request)
            response.headers["X-Request-ID"] = request.number
            self.handle_response(request, response)
        finally:
            structlog.contextvars.clear_contextvars()
        return response


class LogMiddleware:
    """Say in each line of the log who asks, and about which dossier, task or round."""

    #: The first part of an address -> by what name its number is logged.
    ABOUT = {"dossiers": "dossier", "tasks": "task", "rounds": "round"}

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        RequestMiddleware.bind_user_id(request)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, named: dict[str, Any]
    ) -> None:
        about = self.ABOUT.get(request.path.split("/")[1])
        if about and isinstance(named.get("pk"), int):
            structlog.contextvars.bind_contextvars(**{about: named["pk"]})


class TextMiddleware:
    """Remove from a request what no page can handle: NUL characters and broken ``HX-Current-URL``.

    PostgreSQL stores no NUL. A path with one answers 404; it is cut out of headers and the query
    string, and a cookie with one is dropped. In posted text it is left to the form, which answers
    at its field. Signs that turn the direction of writing are cut out of posted text: behind one, a
    name reads as another.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        for name, value in request.META.items():
            if name.startswith("HTTP_") and "\0" in value:
                request.META[name] = value.replace("\0", "")
        here = unquote(request.META.get("HTTP_HX_CURRENT_URL", ""))
        try:
            # django-htmx parses the path as an address again: «//[» raises there.
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
            request.GET = asked  # type: ignore[assignment]  # mutable, as nobody else has it
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        if request.method != "POST" or not any(
            written.TURNING.search(value) for values in request.POST.lists() for value in values[1]
        ):
            return
        typed = QueryDict(mutable=True)
        for name, values in request.POST.lists():
            typed.setlist(name, [written.TURNING.sub("", value) for value in values])
        request.POST = typed  # type: ignore[assignment]  # mutable, as nobody else has it


class SchemaMiddleware:
    """Answer every page of a production with words while its tables are not those of this code.

    Who watches over the site is answered by the addresses that say so themselves.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        watched = request.path.startswith(("/healthz", "/metrics"))
        if settings.PRODUCTION and not watched and (why := schema.gate.refusal()):
            log.error("schema_refused", why=why)
            response = render(None, "upgrading.html", status=503)
            response["Retry-After"] = "60"
            return response
        return self.get_response(request)


class UnstoredMiddleware:
    """Let no browser keep a page of somebody signed in, nor show it after the sign-out.

    «Back» asks the server again then. What was kept is thrown away at the sign-out; scores that
    wait for a connection lie in the browser's own store and stay.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        was = request.user.is_authenticated
        response = self.get_response(request)
        if was:
            response.headers["Cache-Control"] = "private, no-store"
            if not request.user.is_authenticated:
                response.headers["Clear-Site-Data"] = '"cache"'
        return response


class TwiceMiddleware:
    """Answer the second of two requests that add the same row at the same moment.

    The form's own check finds a row that is already stored. When both requests pass that check, a
    unique key or exclusion of the database refuses the second, and nothing of it is written.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        refused = exception.__cause__
        if not isinstance(refused, errors.UniqueViolation | errors.ExclusionViolation):
            return None
        log.warning("refused_twice", constraint=refused.diag.constraint_name)
        return render(request, "409.html", status=409)


class UserLocaleMiddleware:
    """Answer in the language of the cookie that the switch sets; Vietnamese without one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        if language not in dict(settings.LANGUAGES):
            language = settings.LANGUAGE_CODE
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


class TypedMiddleware:
    """When a view redirects to the sign-in, keep what was posted (cycle/typed.py); a request of
    htmx gets a redirect of the whole page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        response = self.get_response(request)
        if request.session.accessed:
            typed.drop_old(request.session)
            typed.drop_others(request)
            typed.remember(request, response)
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
