"""What is asked on the page of absence."""

from datetime import timedelta

from cycle import clock
from cycle.models import Substitution

# --- Given and ended, in the record -----------------------------------------------------------


def asked(post, user, first=0, last=7, **fields):
    """A substitution as a form asks for it, from so many days after today."""
    today = clock.today()
    values = {
        "valid_from": today + timedelta(days=first),
        "valid_to": today + timedelta(days=last),
        "reason": "Nghỉ phép",
    }
    return Substitution(assignment=post, substitute=user, **values | fields)
