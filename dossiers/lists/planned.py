"""The plan of a year for step 1 beside what was done (kế hoạch tuyên truyền). What waits to be held
is work in the inbox.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle.models import OrgUnit, User
from cycle.steps import Step
from dossiers.lists import work
from dossiers.lists.documents import Thing, about
from dossiers.lists.export import Exported, register
from dossiers.lists.filters import Asked, Column, Narrowed, Queried
from dossiers.lists.missing import OfOneCycle
from dossiers.models import OutreachEvent, OutreachKind, PlannedOutreach
from dossiers.models.events import ORGANISERS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import date

    from django.core.paginator import Page

#: It waits in the inbox from so long before its day or month.
LEAD = timedelta(days=14)

#: So many communes of a row are named on the page of all rows.
NAMED = 3
#: How far a row of the plan has come.
STANDINGS: dict[str, Any] = {
    "open": _("Chưa đến hạn"),
    "late": _("Quá hạn"),
    "held": _("Đã làm"),
    "dropped": _("Đã bỏ khỏi kế hoạch"),
}


@dataclass(frozen=True)
class Filters(Narrowed):
    """In which cycle, for which commune, of what kind, how far; without a cycle the newest open."""

    place = {}

    cycle: int | None = None
    commune: int | None = None
    kind: str = ""
    standing: str = ""

    @classmethod
    def read(cls, asked: Asked) -> Filters:
        return cls(
            cycle=asked.key("cycle"),
            commune=asked.key("commune"),
            kind=asked.one_of("kind", OutreachKind.values),
            standing=asked.one_of("standing", STANDINGS),
        )


class Planned(OfOneCycle, Queried):
    """The rows of one cycle's plan that ``user`` sees, by their days, each beside what was done."""

    def __init__(self, user: User, filters: Filters) -> None:
        self.user, self.filters = user, filters
        Queried.__init__(self, self._ordered())

    def _of_cycle(self) -> QuerySet[Any]:
        rows = PlannedOutreach.objects.visible_to(self.user).filter(cycle=self.cycle)
        if self.filters.commune is not None:
            its = OrgUnit.objects.business_of(self.filters.commune).order_by().values("pk")
            rows = rows.filter(Q(org_unit__in=its) | Q(places__commune__in=its)).distinct()
        if self.filters.kind:
            rows = rows.filter(kind=self.filters.kind)
        held = OutreachEvent.objects.filter(planned=OuterRef("pk"))
        return rows.annotate(is_held=Exists(held))

    def _standing(self) -> dict[str, Q]:
        """The condition of each standing."""
        to_hold = Q(is_held=False, dropped_at=None)
        return {
            "open": to_hold & Q(due_on__gte=self.today),
            "late": to_hold & Q(due_on__lt=self.today),
            "held": Q(is_held=True),
            "dropped": Q(dropped_at__isnull=False),
        }

    def _ordered(self) -> QuerySet[Any]:
        rows = self._of_cycle()
        if self.filters.standing:
            rows = rows.filter(self._standing()[self.filters.standing])
        held = OutreachEvent.objects.filter(org_unit__in=self.user.area()).order_by("held_on", "pk")
        return (
            rows.select_related("org_unit", "cycle", "basis__replaced_by")
            .prefetch_related(
                Prefetch("communes", OrgUnit.objects.order_by("sort_key", "pk")),
                Prefetch("events", held, to_attr="done"),
            )
            .order_by("due_on", "pk")
        )

    def shown(self, number: str | None, size: int) -> Page[Any]:
        """The page with this number, its rows as they are shown."""
        page = self.page(number, size)
        page.object_list = self.shaped(list(page.object_list))
        return page

    def shaped(self, rows: list[Any]) -> list[Any]:
        """Each with its ``standing``, in ``words``, and the communes that it is for beside the unit
        itself: ``where``, of these the first ``elsewhere``, and how many ``others``.
        """
        for row in rows:
            if row.dropped_at is not None:
                row.standing = "dropped"
            elif row.is_held:
                row.standing = "held"
            else:
                row.standing = "late" if row.due_on < self.today else "open"
            row.words = STANDINGS[row.standing]
            names = [each.name for each in row.communes.all() if each.pk != row.org_unit_id]
            row.elsewhere, row.others = names[:NAMED], len(names[NAMED:])
            row.where = ", ".join(names)
        return rows

    @property
    def counts(self) -> dict[str, int]:
        """How many rows have come how far, whatever standing is asked for."""
        rows = self._of_cycle().order_by()
        return rows.aggregate(
            **{name: Count("pk", filter=its) for name, its in self._standing().items()}
        )

    @property
    def communes(self) -> list[tuple[int, str]]:
        """The communes of today in my area that something is planned for."""
        units = OrgUnit.objects.valid_on(self.today).filter(pk__in=self.user.area())
        return list(
            units.filter(level="commune").order_by("sort_key", "pk").values_list("pk", "name")
        )


_COLUMNS = (
    Column("when", _("Dự kiến"), lambda row: str(row.when)),
    Column("title", _("Nội dung"), lambda row: row.title),
    Column("kind", _("Hình thức"), lambda row: row.get_kind_display()),
    Column("required", _("Phải dự trước khi duyệt phương án"),
           lambda row: _("có") if row.required else ""),
    Column("unit", _("Đơn vị thực hiện"), lambda row: row.org_unit.name),
    Column("communes", _("Xã, phường"), lambda row: row.where),
    Column("document", _("Văn bản kế hoạch"), lambda row: row.paper),
    Column("standing", _("Tình trạng"), lambda row: row.words),
    Column("reason", _("Lý do bỏ"), lambda row: row.reason),
    Column("done", _("Đã làm"),
           lambda row: "; ".join(f"{each.held_on:%d/%m/%Y}: {each.title}" for each in row.done)),
    Column("attendance", _("Người dự"), lambda row: sum(each.attendance for each in row.done)),
)  # fmt: skip

register(Exported(
    "planned", _("Kế hoạch tuyên truyền, tập huấn"), "dossiers:planned", _COLUMNS,
    lambda user, data, _pk: Planned(user, Filters.of(data)),
))  # fmt: skip


@about
def _planned(user: User, keys: Collection[int]) -> Iterable[Thing]:
    """The rows of plans that rest on documents."""
    rows = PlannedOutreach.objects.visible_to(user).filter(basis__in=keys).order_by("pk")
    for pk, basis, title in rows.values_list("pk", "basis", "title"):
        yield Thing(basis, title, reverse("dossiers:planned_one", args=[pk]))


# --- What waits -----------------------------------------------------------------------------------


def _asked(row: Mapping[str, Any]) -> str:
    kind = OutreachKind(row["said"]).label
    return _now("Làm theo kế hoạch rồi ghi lại: %(kind)s") % {"kind": str(kind).lower()}


CAMPAIGN = work.Kind(
    "campaign",
    _("Kế hoạch tuyên truyền, tập huấn"),
    _asked,
    lambda row: reverse("dossiers:planned_one", args=[row["place"]]),
    Step.OUTREACH,
)


def _waiting(units: list[int], today: date) -> Iterator[work.Waiting]:
    """What these units planned, near its day or behind it, and nobody has held."""
    if not units:
        return
    yield work.Waiting(
        CAMPAIGN,
        PlannedOutreach.objects.to_hold().filter(org_unit__in=units, begins_on__lte=today + LEAD),
        since=F("made_at"),
        due_on=F("due_on"),
        unit="org_unit",
        cycle="cycle",
        name=F("title"),
        said=F("kind"),
    )


def _work(user: User, today: date) -> Iterator[work.Waiting]:
    """Of who holds such events at that unit."""
    return _waiting(user.business(*ORGANISERS), today)


def _overseen(user: User, today: date) -> Iterator[work.Waiting]:
    """Of anybody in this person's area."""
    return _waiting(user.area(), today)


work.register(_work, CAMPAIGN, overseen=_overseen)
