"""Certificates that end soon (giấy chứng nhận sắp hết hạn)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from cycle import clock
from cycle.models import Moved, OrgUnit, Role, User, told_apart
from dossiers.law.states import AT_WORK
from dossiers.lists.filters import Asked, Listed, Narrowed, beyond, in_order
from dossiers.models.certificate import Certificate
from dossiers.models.dossier import CaseType, Dossier, Route
from dossiers.models.records import Call
from dossiers.models.term import Term

#: How long before its end (D9) a certificate is listed: there is still time to file anew.
RADAR = timedelta(days=210)

#: The roles that see the certificates of their area here.
FOLLOWERS = frozenset({Role.OFFICER, Role.LEADER, Role.COUNCIL_OFFICE, Role.AUDITOR})

#: By who has the commune's business today. By ``commune_id``, not ``commune``: that would sort by
#: OrgUnit's Meta.ordering.
_ORDER = ("commune_key", "commune_id", "due_on", "pk")


@dataclass(frozen=True)
class Filters(Narrowed):
    """The page's place: after the term with the id ``after``."""

    place = {"after": None}

    after: int | None = None

    @classmethod
    def read(cls, asked: Asked) -> "Filters":
        return cls(after=asked.key("after"))


class Ending(Listed):
    """The terms of certificates in ``user``'s area that end within :data:`RADAR` or have ended.

    By commune of today, the nearest end first. A certificate that was replaced or revoked has no
    live term. The ids of one page are selected first, then the rows of those ids.
    """

    PAGE = 50
    whole = "after="

    def __init__(self, user: User, filters: Filters):
        self.user, self.filters = user, filters
        self.today = clock.today()

    @cached_property
    def _moved(self) -> Moved:
        return Moved.among(self.user.area())

    def _by_commune(self, terms: QuerySet[Term, Any]) -> QuerySet[Term, Any]:
        """In the order of today's communes."""
        return terms.annotate(
            commune_key=self._moved.column("dossier__commune", key=True),
            commune_id=self._moved.column("dossier__commune"),
        )

    def _keys(self, after: int | None) -> QuerySet[Term, Any]:
        terms = self._by_commune(
            Term.objects.live().filter(certificate__isnull=False, due_on__lte=self.today + RADAR)
        )
        if after is not None:
            terms = terms.filter(self._after(after))
        area = Q(dossier__commune__in=self.user.area())
        routed = Route.objects.filter(org_unit__in=self.user.business()).values("dossier")
        # UNION ALL of disjoint parts, each by its own index. DISTINCT would hold all rows.
        parts = [
            each.order_by().values_list(*_ORDER)
            for each in (terms.filter(area), terms.filter(~area, dossier__in=routed))
        ]
        return parts[0].union(parts[1], all=True).order_by(*_ORDER)

    def _all(self) -> QuerySet[Term, Any]:
        return self._keys(None)

    @cached_property
    def _page(self) -> list[Term]:
        return self._terms([key[-1] for key in self._keys(self.filters.after)[: self.PAGE + 1]])

    def _terms(self, keys: Sequence[int]) -> list[Term]:
        found = Term.objects.select_related("dossier__product__producer", "dossier__commune")
        return in_order(keys, found.in_bulk(keys))

    def rows(self) -> list[dict[str, Any]]:
        return self._shaped(super().rows())

    def keys(self) -> Iterable[int]:
        return (key[-1] for key in self._keys(self.filters.after))

    def of(self, keys: Sequence[int]) -> list[dict[str, Any]]:
        return self._shaped(self._terms(keys))

    def _shaped(self, terms: list[Any]) -> list[dict[str, Any]]:
        """Each clock with its certificate, its commune of today and the days left; ``before`` is
        the commune that it belonged to, when another has taken it over; ``call`` is the last one.
        """
        # Under way, filed or not: meanwhile this certificate is the one in force.
        again = Dossier.objects.visible_to(self.user).filter(
            product=OuterRef("dossier__product"),
            case_type=CaseType.REEVALUATION,
            state__in=AT_WORK,
        )
        found = Certificate.objects.with_validity().annotate(
            again=Subquery(again.order_by("pk").values("pk")[:1])
        )
        given = found.in_bulk([term.certificate_id for term in terms])
        called = Call.objects.current().filter(dossier__in=[term.dossier_id for term in terms])
        calls = {call.dossier_id: call for call in called.order_by("called_on", "pk")}
        return [
            {
                "term": term,
                **self._where(term.dossier.commune),
                "certificate": given[term.certificate_id],
                "left": (term.due_on - self.today).days,
                "call": calls.get(term.dossier_id),
            }
            for term in terms
        ]

    def _where(self, commune: OrgUnit) -> dict[str, str]:
        if commune.pk not in self._moved.heirs:
            return {"commune": commune.name, "before": ""}
        before = told_apart(commune.name, commune.valid_to)
        return {"commune": self._moved.heirs[commune.pk][1], "before": before}

    def _beyond(self, last: Term) -> dict[str, Any]:
        return {"after": last.pk}

    def _after(self, pk: int) -> Q:
        """The rows after the term ``pk`` in the order of the list; none when it is gone."""
        key = self._by_commune(Term.objects.filter(pk=pk)).values_list(*_ORDER).first()
        return Q(pk=None) if key is None else beyond(_ORDER, key)
