"""Certificates that end soon."""

from datetime import timedelta

from cycle import clock
from cycle.models import Role
from dossiers.models.dossier import Dossier
from dossiers.models.term import Term

#: So many days before its end a certificate is first warned of (D9): there is time to file anew.
RADAR = timedelta(days=210)

#: Who follows the clocks of their area.
FOLLOWERS = frozenset({Role.OFFICER, Role.LEADER, Role.COUNCIL_OFFICE, Role.AUDITOR})


# --- Certificates that end ------------------------------------------------------------------


def ending(user):
    """Clocks of the certificates in this person's area that end within :data:`RADAR`, or have.

    By commune, the nearest end first (giấy chứng nhận sắp hết hạn): what a new certificate
    replaced, or a decision revoked, has no clock any more.
    """
    return (
        Term.objects.live()
        .filter(
            certificate__isnull=False,
            due_on__lte=clock.today() + RADAR,
            dossier__in=Dossier.objects.visible_to(user),
        )
        .select_related("dossier__product__producer", "dossier__commune")
        # By the number of the commune, not by the commune: that would sort by its whole ordering.
        .order_by("dossier__commune__name", "dossier__commune_id", "due_on", "pk")
    )
