"""The list of all dossiers a person may see."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, FilteredRelation, Q
from django.db.models.functions import JSONObject

from cycle import clock, written
from cycle.models import Cycle, Level, OrgUnit, User
from cycle.steps import Step
from dossiers.law.guidance import GUIDES
from dossiers.law.states import State, states_of
from dossiers.lists.filters import Listed
from dossiers.lists.inbox import Filters, _calendar, _commune, _days_off
from dossiers.models import Dossier, ProductGroup
from dossiers.terms.due import due


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
                below.order_by("name", "-valid_from").values(
                    row=JSONObject(pk="pk", name="name", valid_to="valid_to")
                )
            ),
            days_off=_days_off(self.today),
        ).get(pk=self.user.pk)

    @cached_property
    def _page(self) -> list[dict[str, Any]]:
        filters = self.filters
        dossiers = Dossier.objects.visible_to(self.user)
        if filters.cycle:
            dossiers = dossiers.filter(cycle=filters.cycle)
        if filters.commune:
            dossiers = dossiers.filter(commune=filters.commune)
        if filters.group:
            dossiers = dossiers.filter(product__group=filters.group)
        if filters.step:
            dossiers = dossiers.filter(state__in=states_of(filters.step))
        if filters.state:
            dossiers = dossiers.filter(state=filters.state)
        if (after := written.key(filters.after)) is not None:
            dossiers = dossiers.filter(pk__lt=after)
        rows = list(
            dossiers.filter(filters.words("product"))
            .annotate(
                task=FilteredRelation("tasks", condition=Q(tasks__open_state__isnull=False))
            )
            .order_by("-pk")
            .values(
                "pk", "state", "stars", "case_type",
                product_name=F("product__name"),
                code=F("product__code"),
                producer=F("product__producer__name"),
                commune_name=F("commune__name"),
                cycle_title=F("cycle__title"),
                node=F("task__node"),
                unit=F("task__org_unit__name"),
                due_on=F("task__due_on"),
                paused_at=F("task__term__paused_at"),
                waiting_since=F("task__waiting_since"),
            )[: self.PAGE + 1]
        )  # fmt: skip
        calendar = _calendar(self.facts["days_off"])
        for row in rows:
            state = row["state"] = State(row["state"])
            row["step"] = state.step
            if row["node"]:
                row["title"] = GUIDES[row["node"]].title
                row["due"] = due(row["due_on"], self.today, calendar, paused_at=row["paused_at"])
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
