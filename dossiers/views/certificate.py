"""The public pages of a certificate, without sign-in: by QR code or by number; and of what a
decision recognised.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import wraps
from io import BytesIO
from typing import Any

import segno
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from cycle import clock, documents, site
from cycle.models import Visitor
from cycle.visiting import address
from dossiers.models import Certificate

#: One IP address may ask LIMIT times in WINDOW seconds.
LIMIT, WINDOW = 60, 60
#: At most this many results: a number recurs each year.
SHOWN = 10


View = Callable[..., HttpResponseBase]
#: Seconds for which a browser, or a cache on the way, keeps the list of a decision.
KEPT = 300


def _open_to_all(view: View) -> View:
    """Make ``view`` public: read only, limited per IP address, not indexed."""

    @require_safe
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase
        if Visitor.asks(address(request), window=WINDOW) > LIMIT:
            response = never_cache(_too_many)(request)
        else:
            response = view(request, *args, **kwargs)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return answer


def _too_many(request: HttpRequest) -> HttpResponse:
    response = render(request, "dossiers/certificate_too_many.html", status=429)
    response.headers["Retry-After"] = str(WINDOW)
    return response


def public(view: View) -> View:
    """Make ``view`` public, as :func:`_open_to_all`, and not cached."""
    return _open_to_all(never_cache(view))


def _shown(certificate: Certificate, today: date) -> dict[str, Any]:
    standing, validity = certificate.standing(today), certificate.validity
    awaited = certificate.awaited
    return {
        "certificate": certificate,
        "renamed": certificate.renamed,
        "standing": standing,
        "replaced_on": certificate.replaced_on,
        "prolonged": certificate.prolonged_to if _in_transition(certificate, today) else None,
        "filed_on": validity.filed_on,
        "deferred_on": awaited.deferred_on if awaited and validity.filed_on else None,
        "decided_on": validity.decided_on,
        "ended_on": validity.ended_on,
        "lights": [n <= certificate.stars for n in range(1, 6)],
    }


def _in_transition(certificate: Certificate, today: date) -> bool:
    """Whether there is something to say of the transition (Điều 12.3): its own term is over, or a
    filing will outlive it.
    """
    at_most, ends = certificate.prolonged_to, certificate.expires_on
    if ends is None or at_most is None or at_most < today:
        return False
    standing = certificate.standing(today)
    return standing == "transition" or (
        standing == "valid" and (certificate.validity.until != ends or today > ends)
    )


@public
def certificate(request: HttpRequest, token: str) -> HttpResponseBase:
    """The certificate with the address ``token``: product, producer, stars, validity."""
    found = Certificate.objects.public().filter(token=token).first()
    if found is None:
        return render(request, "dossiers/certificate.html", status=404)
    return render(request, "dossiers/certificate.html", {"row": _shown(found, clock.today())})


@public
def look_up(request: HttpRequest) -> HttpResponseBase:
    """The certificates with a printed number (tra cứu giấy chứng nhận)."""
    number = request.GET.get("number", "").strip()
    rows, problem = [], ""
    if len(number) > 60:
        problem = _("Số giấy chứng nhận dài nhất 60 ký tự.")
    elif number:
        found = Certificate.objects.public().numbered(number).order_by("-issued_on", "-pk")
        today = clock.today()
        rows = [_shown(row, today) for row in found[:SHOWN]]
    elif "number" in request.GET:
        problem = _("Bạn chưa nhập số giấy chứng nhận.")
    page = {"number": number[:60], "rows": rows, "problem": problem}
    return render(request, "dossiers/certificate_look_up.html", page)


@public
def qr_code(request: HttpRequest, token: str) -> HttpResponseBase:
    """The QR code of the public page as SVG."""
    found = get_object_or_404(Certificate.objects.public(), token=token)
    code = segno.make(site.address(found.get_absolute_url()), error="m")
    image = BytesIO()
    # On white, also in a dark theme: cameras read dark on light.
    code.save(image, kind="svg", scale=8, light="#fff", title=found.product_name)
    return HttpResponse(image.getvalue(), content_type="image/svg+xml")


@_open_to_all
@cache_control(public=True, max_age=KEPT)
def decision(request: HttpRequest, token: str) -> HttpResponseBase:
    """What the decision recognised by which the certificate ``token`` was given (danh sách sản phẩm
    được công nhận): as it was corrected last, with the day on which it was announced.
    """
    given = Certificate.objects.select_related("decision__document__issuer").exclude(decision=None)
    found = get_object_or_404(given, token=token)
    assert found.decision is not None
    document = found.decision.document
    rows = list(Certificate.objects.public().of(document))
    if not rows:
        raise Http404
    today = clock.today()
    page = {
        "decision": document,
        "announced_on": documents.announced_on(document),
        # What was typed wrong of its number and day, the last first.
        "before": [each for each in document.versions()[1:] if str(each) != str(document)],
        "rows": [(each, each.standing(today)) for each in rows],
    }
    return render(request, "dossiers/decision.html", page)
