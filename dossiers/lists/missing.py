"""Communes that have nothing yet in a cycle (xã còn thiếu): no outreach, no idea, no plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from cycle import clock
from cycle.models import Cycle, Level, OrgUnit, Role, RoleAssignment, User
from cycle.models.area import BusinessRows, start
from dossiers.lists.ending import FOLLOWERS
from dossiers.lists.filters import Asked, Exportable, Narrowed
from dossiers.models import Dossier, OutreachEvent


class Lack(models.TextChoices):
    """How far a commune has not come; the first that it lacks, in the order of the year."""

    OUTREACH = "outreach", _("Chưa tuyên truyền")
    DOSSIER = "dossier", _("Chưa có hồ sơ")
    IDEA = "idea", _("Chưa đăng ký ý tưởng")
    PLAN = "plan", _("Chưa có phương án")


@dataclass(frozen=True)
class Filters(Narrowed):
    """In which cycle, and what is lacking; without a cycle the newest that is open."""

    place = {}

    cycle: int | None = None
    lack: str = ""

    @classmethod
    def read(cls, asked: Asked) -> Filters:
        return cls(cycle=asked.key("cycle"), lack=asked.one_of("lack", Lack.values))


class OfOneCycle(Exportable):
    """What a page tells of one cycle, which its ``filters`` name."""

    filters: Any

    @cached_property
    def today(self) -> date:
        """The day of the page."""
        return clock.today()

    @cached_property
    def cycles(self) -> list[tuple[int, str]]:
        """The cycles to choose from, that of today first."""
        return list(Cycle.objects.by_day(self.today).values_list("pk", "title"))

    @cached_property
    def cycle(self) -> int | None:
        """The one that is shown."""
        known = [pk for pk, _title in self.cycles]
        if self.filters.cycle in known:
            chosen: int = self.filters.cycle
            return chosen
        return known[0] if known else None


class Missing(OfOneCycle):
    """The communes of today in a person's area that lack something in one cycle, by name.

    A commune has what the communes have that it took over. They are few enough for one page.
    """

    def __init__(self, user: User, filters: Filters) -> None:
        self.user, self.filters = user, filters

    @cached_property
    def _found(self) -> list[dict[str, Any]]:
        """All of them, with what each lacks; none while there is no cycle."""
        if self.cycle is None:
            return []
        day = clock.today_in_database()
        here = BusinessRows(start(OuterRef("pk")), day)
        dossiers = Dossier.objects.filter(cycle=self.cycle, commune_id__in=here)
        events = OutreachEvent.objects.filter(cycle=self.cycle, org_unit_id__in=here)
        communes = (
            OrgUnit.objects.valid_on(self.today)
            .filter(pk__in=self.user.area(*FOLLOWERS), level=Level.COMMUNE)
            .annotate(
                has_outreach=Exists(events),
                has_dossier=Exists(dossiers),
                has_idea=Exists(dossiers.filter(ideas__isnull=False)),
                has_plan=Exists(dossiers.filter(businessplans__isnull=False)),
            )
            .filter(Q(has_plan=False))
            .order_by("sort_key", "pk")
        )
        rows = [{"pk": unit.pk, "unit": unit, "lack": self._lack(unit)} for unit in communes]
        return [row for row in rows if self.filters.lack in ("", row["lack"])]

    @staticmethod
    def _lack(unit: Any) -> Lack:
        # Who has a dossier has spoken to somebody, written down or not.
        if unit.has_idea:
            return Lack.PLAN
        if unit.has_dossier:
            return Lack.IDEA
        return Lack.DOSSIER if unit.has_outreach else Lack.OUTREACH

    def keys(self) -> Iterable[int]:
        return [row["pk"] for row in self._found]

    def of(self, keys: Sequence[int]) -> list[dict[str, Any]]:
        wanted = set(keys)
        rows = [row for row in self._found if row["pk"] in wanted]
        officers: dict[int, list[User]] = {}
        for post in (
            RoleAssignment.objects.held_on(self.today)
            .filter(role=Role.OFFICER, org_unit__in=wanted, user__is_active=True)
            .select_related("user")
            .order_by("user__sort_key", "pk")
        ):
            officers.setdefault(post.org_unit_id, []).append(post.user)
        return [row | {"officers": officers.get(row["pk"], [])} for row in rows]

    def rows(self) -> list[dict[str, Any]]:
        """All of them, with their officers."""
        return self.of(list(self.keys()))
