"""The language is the person's switch, never the browser's."""

from django.conf import settings
from django.utils import translation


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
