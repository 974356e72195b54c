"""The list of all dossiers a person may see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from cycle import clock, written
from cycle.models import Cycle, Level, Moved, OrgUnit, User
from cycle.steps import Step
from dossiers.law.guidance import GUIDES
from dossiers.law.states import State, states_of
from dossiers.lists.filters import BATCH, Listed
from dossiers.lists.inbox import Filters, _calendar, _commune, _days_off
from dossiers.models import Certificate, Dossier, FilingNumber, ProductGroup
from dossiers.terms.due import Due, due


class Register(Listed):
    """Every dossier that a person may see (danh mục hồ sơ), the newest first."""

    def __init__(self, user: User, filters: Filters):
        self.user, self.filters = user, filters
        self.today = clock.today()

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """Cycles, communes and days off, in one query."""
        below = OrgUnit.objects.filter(pk__in=self.user.area(), level=Level.COMMUNE)
        return User.objects.values(
            cycles=ArraySubquery(Cycle.objects.values(row=JSONObject(pk="pk", title="title"))),
            communes=ArraySubquery(
                below.order_by("sort_key", "-valid_from").values(
                    row=JSONObject(pk="pk", name="name", valid_to="valid_to")
                )
            ),
            days_off=_days_off(self.today),
        ).get(pk=self.user.pk)

    def _found(self) -> QuerySet[Dossier, Any]:
        """All dossiers of the list, the newest first."""
        filters = self.filters
        dossiers = Dossier.objects.visible_to(self.user)
        if filters.cycle:
            dossiers = dossiers.filter(cycle=filters.cycle)
        if filters.commune:
            dossiers = dossiers.filter(commune__in=OrgUnit.objects.business_of(filters.commune))
        if filters.group:
            dossiers = dossiers.filter(product__group=filters.group)
        if filters.step:
            dossiers = dossiers.filter(state__in=states_of(filters.step))
        if filters.state:
            dossiers = dossiers.filter(state=filters.state)
        return dossiers.filter(filters.found()).order_by("-pk")

    def _all(self) -> QuerySet[Dossier, Any]:
        return self._found()

    def keys(self) -> Iterable[int]:
        return self._found().values_list("pk", flat=True).iterator(chunk_size=10 * BATCH)

    def of(self, keys: Sequence[int]) -> list[dict[str, Any]]:
        return self._rows(self._found().filter(pk__in=keys))

    @cached_property
    def _page(self) -> list[dict[str, Any]]:
        dossiers = self._found()
        if (after := written.key(self.filters.after)) is not None:
            dossiers = dossiers.filter(pk__lt=after)
        return self._rows(dossiers, self.PAGE + 1)

    @cached_property
    def _due(self) -> Callable[[date, datetime | None], Due]:
        """:func:`due`, worked out once for rows that are due alike."""
        calendar = _calendar(self.facts["days_off"])
        return lru_cache(1000)(
            lambda on, paused_at: due(on, self.today, calendar, paused_at=paused_at)
        )

    def _rows(self, dossiers: QuerySet[Dossier, Any], many: int | None = None) -> list[Any]:
        rows: list[Any] = list(
            dossiers.annotate(
                task=FilteredRelation("tasks", condition=Q(tasks__open_state__isnull=False))
            ).values(
                "pk", "state", "stars", "case_type",
                certified=Exists(Certificate.objects.to_print().filter(dossier=OuterRef("pk"))),
                product_name=F("product__name"),
                code=F("product__code"),
                filed_under=Subquery(
                    FilingNumber.objects.filter(dossier=OuterRef("pk"))
                    .order_by("-pk")
                    .values(row=JSONObject(number="number", year="year"))[:1]
                ),
                producer=F("product__producer__name"),
                commune_name=F("commune__name"),
                commune_of=F("commune"),
                commune_until=F("commune__valid_to"),
                cycle_title=F("cycle__title"),
                node=F("task__node"),
                unit=F("task__org_unit__name"),
                due_on=F("task__due_on"),
                paused_at=F("task__term__paused_at"),
                waiting_since=F("task__waiting_since"),
                representative=F("product__producer__representative"),
                phone=F("product__producer__phone"),
                group=F("product__group"),
            )[:many]
        )  # fmt: skip
        moved = Moved.among(row["commune_of"] for row in rows if row["commune_until"])
        for row in rows:
            state = row["state"] = State(row["state"])
            row["step"] = state.step
            under = row["filed_under"]
            row["filed_under"] = str(FilingNumber(**under)) if under else ""
            row["commune_name"] = moved.called(row["commune_of"], row["commune_name"])
            if row["node"]:
                row["title"] = GUIDES[row["node"]].title
                row["due"] = self._due(row["due_on"], row["paused_at"])
        return rows

    def _beyond(self, last: dict[str, Any]) -> dict[str, Any]:
        return {"after": str(last["pk"])}

    def choices(self) -> dict[str, Any]:
        """What the filters offer."""
        return {
            "cycles": [(row["pk"], row["title"]) for row in self.facts["cycles"]],
            "steps": Step.choices,
            "states": State.choices,
            "groups": ProductGroup.choices,
            "communes": [
                (row["pk"], _commune(row["name"], row["valid_to"]))
                # NULL for somebody without a unit, such as a council's member: the database is not
                # asked then.
                for row in self.facts["communes"] or ()
            ],
        }
