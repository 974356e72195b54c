"""Certificates that end soon (giấy chứng nhận sắp hết hạn)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.db.models import F, Q, QuerySet

from cycle import clock
from cycle.models import Role, User
from dossiers.lists.filters import Asked, Listed, Narrowed, in_order
from dossiers.models.certificate import Certificate
from dossiers.models.dossier import Route
from dossiers.models.term import Term

#: So many days before its end a certificate is first warned of (D9): there is time to file anew.
RADAR = timedelta(days=210)

#: Who follows the clocks of their area.
FOLLOWERS = frozenset({Role.OFFICER, Role.LEADER, Role.COUNCIL_OFFICE, Role.AUDITOR})

#: By the number of the commune, not by the commune: that would sort by its whole ordering.
_ORDER = ("commune_name", "commune_id", "due_on", "pk")


@dataclass(frozen=True)
class Filters(Narrowed):
    """Where the page begins: after the clock with this number."""

    place = {"after": None}

    after: int | None = None

    @classmethod
    def read(cls, asked: Asked) -> "Filters":
        return cls(after=asked.key("after"))


class Ending(Listed):
    """Clocks of the certificates that ``user`` sees and that end within :data:`RADAR`, or have.

    By commune, the nearest end first: what a new certificate replaced, or a decision revoked, has
    no clock any more. A page is chosen by its keys alone, however many there are; all else is read
    of its rows.
    """

    PAGE = 50
    whole = "after="

    def __init__(self, user: User, filters: Filters):
        self.user, self.filters = user, filters
        self.today = clock.today()

    def _keys(self) -> QuerySet[Term, Any]:
        terms = (
            Term.objects.live()
            .filter(certificate__isnull=False, due_on__lte=self.today + RADAR)
            .annotate(commune_name=F("dossier__commune__name"), commune_id=F("dossier__commune_id"))
        )
        if self.filters.after is not None:
            terms = terms.filter(_beyond(self.filters.after))
        area = Q(dossier__commune__in=self.user.area())
        routed = Route.objects.filter(org_unit__in=self.user.business()).values("dossier")
        # Apart, so that the commune's index answers for a commune. DISTINCT would keep all rows.
        parts = [
            each.order_by().values_list(*_ORDER)
            for each in (terms.filter(area), terms.filter(~area, dossier__in=routed))
        ]
        return parts[0].union(parts[1], all=True).order_by(*_ORDER)

    @cached_property
    def _page(self) -> list[Term]:
        return self._terms([key[-1] for key in self._keys()[: self.PAGE + 1]])

    def _terms(self, keys: Sequence[int]) -> list[Term]:
        found = Term.objects.select_related("dossier__product__producer", "dossier__commune")
        return in_order(keys, found.in_bulk(keys))

    def rows(self) -> list[dict[str, Any]]:
        return self._shaped(super().rows())

    def keys(self) -> Iterable[int]:
        return (key[-1] for key in self._keys())

    def of(self, keys: Sequence[int]) -> list[dict[str, Any]]:
        return self._shaped(self._terms(keys))

    def _shaped(self, terms: list[Any]) -> list[dict[str, Any]]:
        """Each clock with its certificate, its commune and the days left."""
        given = Certificate.objects.with_validity().in_bulk([term.certificate_id for term in terms])
        return [
            {
                "term": term,
                "commune": term.dossier.commune,
                "certificate": given[term.certificate_id],
                "left": (term.due_on - self.today).days,
            }
            for term in terms
        ]

    def _beyond(self, last: Term) -> dict[str, Any]:
        return {"after": last.pk}


def _beyond(pk: int) -> Q:
    """What stands after the clock ``pk`` in the order of the list; nothing once it is gone."""
    key = (
        Term.objects.filter(pk=pk)
        .values_list("dossier__commune__name", "dossier__commune_id", "due_on", "pk")
        .first()
    )
    if key is None:
        return Q(pk=None)
    beyond, same = Q(), Q()
    for field, value in zip(_ORDER, key, strict=True):
        beyond |= same & Q((f"{field}__gt", value))
        same &= Q((field, value))
    return beyond
