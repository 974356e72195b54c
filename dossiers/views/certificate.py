"""A certificate as anybody may see it, without an account: by its QR code or by its number."""

from functools import wraps
from io import BytesIO

import segno
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cycle import clock, site
from cycle.models import Visitor
from cycle.visiting import address
from dossiers.models import Certificate

#: How often one address may ask, in how many seconds.
LIMIT, WINDOW = 60, 60
#: A number recurs from year to year: more than these are not shown at once.
SHOWN = 10


def public(view):
    """Read only, so often from one address, kept by no cache and listed by no search engine."""

    @require_safe
    @never_cache
    @wraps(view)
    def answer(request, *args, **kwargs):
        if Visitor.asks(address(request), window=WINDOW) > LIMIT:
            response = render(request, "dossiers/certificate_too_many.html", status=429)
            response.headers["Retry-After"] = str(WINDOW)
        else:
            response = view(request, *args, **kwargs)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return answer


def _shown(certificate, today):
    standing, validity = certificate.standing(today), certificate.validity
    return {
        "certificate": certificate,
        "renamed": certificate.renamed,
        "standing": standing,
        "awaits": validity.until if validity.filed_on and standing == "valid" else None,
        "lights": [n <= certificate.stars for n in range(1, 6)],
    }


@public
def certificate(request: HttpRequest, token: str) -> HttpResponseBase:
    """Which product the code stands for, of whom, its stars, until when, and whether they hold."""
    found = Certificate.objects.public().filter(token=token).first()
    if found is None:
        return render(request, "dossiers/certificate.html", status=404)
    return render(request, "dossiers/certificate.html", {"row": _shown(found, clock.today())})


@public
def look_up(request: HttpRequest) -> HttpResponseBase:
    """The same by the number that is printed on the certificate (tra cứu giấy chứng nhận)."""
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
    """The QR code of the public page, to be shown and printed."""
    found = get_object_or_404(Certificate.objects.public(), token=token)
    code = segno.make(site.address(found.get_absolute_url()), error="m")
    image = BytesIO()
    # On white also where the screen is dark: a camera reads dark on light.
    code.save(image, kind="svg", scale=8, light="#fff", title=found.product_name)
    return HttpResponse(image.getvalue(), content_type="image/svg+xml")
