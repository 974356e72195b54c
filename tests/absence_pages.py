"""What is asked on the page of absence."""

from datetime import timedelta

from cycle import clock
from cycle.models import Substitution
from tests.absences import on_paper

#: A document, as the page of a substitution asks for it.
TYPED = {
    "number": "15/QĐ-UBND",
    "signed_on": "02/11/2026",
    "body": "UBND xã Nà Tấu",
    "signer": "Giàng A Ký",
    "signer_capacity": "Chủ tịch",
}


# --- Given and ended, in the record -----------------------------------------------------------


def asked(post, user, first=0, last=7, document="", document_signer="", **fields):
    """A substitution as a form asks for it, from so many days after today."""
    today = clock.today()
    values = {
        "valid_from": today + timedelta(days=first),
        "valid_to": today + timedelta(days=last),
        "reason": "Nghỉ phép",
        "basis": on_paper(document, document_signer),
    }
    return Substitution(assignment=post, substitute=user, **values | fields)
