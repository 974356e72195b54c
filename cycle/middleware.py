"""What every request passes: the person's language, and nothing typed is lost at sign-in."""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.shortcuts import resolve_url
from django.utils import translation
from django_htmx.http import HttpResponseClientRedirect

from cycle import typed


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
