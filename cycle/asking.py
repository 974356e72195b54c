"""Who asks: the request of a signed-in person, as every page behind the sign-in gets it."""

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

if TYPE_CHECKING:
    from django.http import QueryDict
    from django_htmx.middleware import HtmxDetails

    from cycle.models import User


class SignedIn(HttpRequest):
    """A request behind ``login_required`` (người đã đăng nhập).

    ``htmx`` is set by its middleware; ``typed`` by ``shows_typed``: what was typed before the
    session ended, or None; ``draft`` by ``keeps_page``: what is kept of the page's form. A type for
    annotations: Django makes the requests.
    """

    user: "User"
    htmx: "HtmxDetails"
    typed: "QueryDict | None"
    draft: Any
