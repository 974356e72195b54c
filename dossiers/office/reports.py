"""The report of a cycle: figures counted from the dossiers and their history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle.letters import sort_key
from cycle.models import Cycle, HistoryEntry, Level, Moved, OrgUnit, Stream
from dossiers.law.conditions import Words
from dossiers.models import (
    CaseType,
    Certificate,
    Dossier,
    FundingSource,
    LateEntry,
    Producer,
    Product,
    State,
    SupportKind,
    SupportMeasure,
)
from dossiers.models.law import ACTS, TAKE_BACK
from dossiers.models.product import ORGANISATIONS
from dossiers.models.records import SupportQuerySet

#: What the report calls each figure, in reading order.
WORDS = {
    "year": _("Năm"),
    "products": _("Sản phẩm tham gia"),
    "producers": _("Chủ thể"),
    "districts": _("Huyện tham gia"),
    "districts_proposing": _("Huyện có sản phẩm đề nghị lên tỉnh"),
    "communes": _("Xã, phường tham gia"),
    "communes_proposing": _("Xã, phường có sản phẩm đề nghị lên tỉnh"),
    "entered_as_existing": _("Vào muộn vì là sản phẩm có sẵn"),
    "from_idea": _("Bắt đầu từ đăng ký ý tưởng"),
    "bypassed_commune": _("Không qua xã"),
    "proposed": _("Đề nghị lên tỉnh"),
    "certified": _("Được công nhận"),
    "not_recognised": _("Chưa công nhận"),
    "revoked": _("Đã thu hồi trong năm"),
    "target_new": _("Chỉ tiêu sản phẩm mới"),
    "achieved_percent": _("Đạt chỉ tiêu (%)"),
    "target_upgrades": _("Chỉ tiêu nâng hạng"),
    "upgrades": _("Được nâng hạng (tăng sao)"),
    "reevaluated": _("Được công nhận sau đánh giá lại"),
    "funding": _("Kinh phí hỗ trợ (triệu đồng)"),
    "funding_programme": _("trong đó vốn của Chương trình OCOP (triệu đồng)"),
    "funding_other": _("trong đó lồng ghép, nguồn khác (triệu đồng)"),
    "funding_own": _("trong đó vốn của chủ thể (triệu đồng)"),
    "paid": _("Kinh phí hỗ trợ đã chi (triệu đồng)"),
    "new_organisations": _("Tổ chức kinh tế thành lập mới"),
    "target_new_organisations": _("Chỉ tiêu tổ chức kinh tế thành lập mới"),
    "carried_in": _("Chuyển tiếp từ năm trước"),
    "carried_over": _("Chưa xong, chuyển tiếp sang năm sau"),
}


#: The sums of measures of support, in đồng.
SUMS = ("planned", "committed", "limit", "spent")
#: Where their money is from; the last is not known.
SOURCES = (*FundingSource.values, "")


def questions() -> dict[str, Words]:
    """What a filing needed a reason for, as the report counts it: code -> label."""
    return {each.code: each.label for act in ACTS.values() for each in act.asks}


def rows_of(figures: Mapping[str, Any]) -> list[tuple[Words, Any]]:
    """Each figure in its words, in reading order, then what was filed with a reason; those that
    ``figures`` has.
    """
    by_star = figures["certified"].items()
    stars = ", ".join(
        _now("%(n)d sản phẩm %(star)s sao") % {"n": n, "star": star} for star, n in by_star
    )
    none = _now("chưa giao")
    shown = {**figures, "certified": stars or "0"}
    shown |= {key: _said(figures[key]) for key in MONEY if key in figures}
    rows: list[tuple[Words, Any]] = [
        (words, none if shown[key] is None else shown[key])
        for key, words in WORDS.items()
        if key in shown
        # Since 1/7/2025 there are no districts: of what took no part nothing is said.
        and (shown[key] or not key.startswith("districts"))
    ]
    labels = questions()
    return rows + [(labels.get(code, code), n) for code, n in figures["outside"].items()]


#: The figures in million đồng.
MONEY = ("funding", *(f"funding_{source}" for source in FundingSource.values), "paid")


def millions(amount: int) -> int | float:
    """đồng as million đồng, to the đồng."""
    whole, rest = divmod(amount, 1_000_000)
    return whole if not rest else amount / 1_000_000


def _said(number: float) -> str:
    """A number of million đồng as people here write it."""
    whole, _point, rest = f"{number:,.6f}".rstrip("0").partition(".")
    return whole.replace(",", ".") + (f",{rest}" if rest else "")


class CycleReport:
    """The report of one cycle (báo cáo chu trình).

    Each figure has a property that returns the rows behind it. Rows are found by the history of the
    cycle, so a dossier that has gone on into a later cycle still counts for what happened here.
    """

    def __init__(self, cycle: Cycle) -> None:
        self.cycle = cycle

    def entries(self, *events: str, **conditions: Any) -> QuerySet[HistoryEntry]:
        """The history entries of dossiers in this cycle; with ``events`` only those."""
        found = HistoryEntry.objects.filter(
            stream=Stream.DOSSIER, cycle=self.cycle, **conditions
        ).order_by("pk")
        return found.filter(event__in=events) if events else found

    def dossiers_with(self, *events: str, **conditions: Any) -> QuerySet[Dossier]:
        """The dossiers with such an entry in this cycle."""
        return Dossier.objects.filter(
            pk__in=self.entries(*events, **conditions).values("stream_id")
        )

    def communes_of(self, dossiers: QuerySet[Dossier]) -> QuerySet[OrgUnit]:
        """The communes of today that have these dossiers, as the table has a row of each: those
        merged into one are one.
        """
        filed = set(dossiers.order_by().values_list("commune", flat=True))
        moved = Moved.among(filed)
        return OrgUnit.objects.filter(pk__in={moved.of(pk) for pk in filed})

    def districts_with(self, *events: str) -> QuerySet[OrgUnit]:
        """The districts with such an entry by a post of theirs or of one of their communes, as they
        were when it was written: districts ended and no unit of today took them over, so they have
        none to be counted by, as communes have.
        """
        units = self.entries(*events).values("org_unit")
        return OrgUnit.objects.filter(
            Q(pk__in=units) | Q(children__in=units), level=Level.DISTRICT
        ).distinct()

    # --- Who took part ------------------------------------------------------------------------

    @property
    def dossiers(self) -> QuerySet[Dossier]:
        """All dossiers with any entry in the cycle."""
        return self.dossiers_with()

    @property
    def products(self) -> QuerySet[Product]:
        return Product.objects.filter(dossiers__in=self.dossiers).distinct()

    @property
    def producers(self) -> QuerySet[Producer]:
        return Producer.objects.filter(products__dossiers__in=self.dossiers).distinct()

    @property
    def districts(self) -> QuerySet[OrgUnit]:
        return self.districts_with()

    @property
    def communes(self) -> QuerySet[OrgUnit]:
        return self.communes_of(self.dossiers)

    # --- Which way they came ------------------------------------------------------------------

    @property
    def entered_as_existing(self) -> QuerySet[Dossier]:
        """Entered after the first step as existing products (sản phẩm có sẵn)."""
        return self.dossiers_with("dossier.enter_late").filter(entered_as=LateEntry.EXISTING)

    @property
    def from_idea(self) -> QuerySet[Dossier]:
        """Began with an idea registered in the cycle."""
        return self.dossiers_with("dossier.register_idea", "dossier.refile_idea")

    @property
    def bypassed_commune(self) -> QuerySet[Dossier]:
        """Received by a level above without passing the commune (không qua xã)."""
        return self.dossiers.filter(bypassed_commune=True)

    def filed_outside(self, code: str) -> QuerySet[Dossier]:
        """Filed with a reason that the question ``code`` asked for (nộp ngoài thời gian)."""
        return self.dossiers_with(data__outside__contains=[code])

    def outside(self) -> dict[str, int]:
        """How many were :meth:`filed_outside`, by code; 0 as well."""
        return {code: self.filed_outside(code).count() for code in questions()}

    # --- How far they went --------------------------------------------------------------------

    @property
    def proposed(self) -> QuerySet[Dossier]:
        """Reached the province."""
        return self.dossiers_with(
            "dossier.forward_to_province", "dossier.receive_directly", after=State.AT_PROVINCE
        )

    @property
    def districts_proposing(self) -> QuerySet[OrgUnit]:
        return self.districts_with("dossier.forward_to_province")

    @property
    def communes_proposing(self) -> QuerySet[OrgUnit]:
        """Whose dossiers reached the province."""
        return self.communes_of(self.proposed)

    @property
    def revoked(self) -> QuerySet[Dossier]:
        """Certified in the cycle and revoked again, before the cycle was closed."""
        taken_back = self.entries(*TAKE_BACK)
        if self.cycle.closed_on is not None:
            taken_back = taken_back.filter(at__date__lte=self.cycle.closed_on)
        return self._given.filter(pk__in=taken_back.values("stream_id"))

    @property
    def _given(self) -> QuerySet[Dossier]:
        return self.dossiers_with(
            "dossier.certify", "dossier.record_centre_result", after=State.CERTIFIED
        )

    @property
    def certified(self) -> QuerySet[Dossier]:
        """Certified in the cycle, by the province or by the centre, and not revoked in it."""
        return self._given.exclude(pk__in=self.revoked)

    @property
    def certified_new(self) -> QuerySet[Dossier]:
        """Certified, and not an upgrade or a re-evaluation."""
        return self.certified.filter(case_type=CaseType.FIRST)

    @property
    def upgrades(self) -> QuerySet[Dossier]:
        """Certified with more stars than the product had before: the result, not what was asked
        for.
        """
        mine = Certificate.objects.filter(dossier=OuterRef("pk")).order_by("-pk")
        before = (
            Certificate.objects.filter(dossier__product=OuterRef("product"))
            .exclude(dossier=OuterRef("pk"))
            .filter(issued_on__lte=OuterRef("given_on"))
            .order_by("-issued_on", "-pk")
        )
        return (
            self.certified.exclude(case_type=CaseType.FIRST)
            .annotate(given_on=Subquery(mine.values("issued_on")[:1]))
            .annotate(had=Subquery(before.values("stars")[:1]))
            .filter(stars__gt=F("had"))
        )

    @property
    def reevaluated(self) -> QuerySet[Dossier]:
        """Certified again after a re-evaluation."""
        return self.certified.filter(case_type=CaseType.REEVALUATION)

    @property
    def not_recognised(self) -> QuerySet[Dossier]:
        """Not recognised yet, and not certified later in the same cycle."""
        return self.dossiers_with("dossier.not_recognise").exclude(pk__in=self._given)

    # --- Support --------------------------------------------------------------------------------

    @property
    def measures(self) -> SupportQuerySet:
        """The measures of support that were recorded first in the cycle, as they stand."""
        found = SupportMeasure.objects.current().with_money()
        return found.filter(cycle=self.cycle, dossier__void=False)

    def support(self) -> list[dict[str, Any]]:
        """The money of each kind and source that there is, in đồng, with how many measures."""
        cells: dict[tuple[str, str], dict[str, Any]] = {}
        columns = ("kind", "source", "planned", "committed", "limit", "spent")
        for row in self.measures.order_by().values(*columns):
            key = row["kind"], row["source"]
            cell = cells.setdefault(key, dict.fromkeys(("measures", *SUMS), 0))
            cell["measures"] += 1
            for name in SUMS:
                cell[name] += row[name] or 0
        order = [(kind, source) for kind in SupportKind.values for source in SOURCES]
        return [
            {"kind": kind, "source": source, **cells[kind, source]}
            for kind, source in order
            if (kind, source) in cells
        ]

    def money(self) -> dict[str, int | float]:
        """What was committed, or planned where nothing was, in all and by source; and what of it
        was paid. Of a measure recorded before its source was asked only the sum knows.
        """
        rows = self.support()
        by_source = {
            f"funding_{source}": sum(row["limit"] for row in rows if row["source"] == source)
            for source in FundingSource.values
        }
        sums = {
            "funding": sum(row["limit"] for row in rows),
            **by_source,
            "paid": sum(row["spent"] for row in rows),
        }
        return {key: millions(amount) for key, amount in sums.items()}

    @property
    def new_organisations(self) -> QuerySet[Producer]:
        """Producers on record that are organisations founded in the year of the cycle."""
        return Producer.objects.filter(
            owner_type__in=ORGANISATIONS, founded_on__year=self.cycle.year
        )

    # --- From year to year --------------------------------------------------------------------

    @property
    def carried_in(self) -> QuerySet[Dossier]:
        """Came from an earlier year that was closed, unfinished (chuyển tiếp đến)."""
        return self.dossiers_with("dossier.carry_over")

    @property
    def carried_over(self) -> QuerySet[Dossier]:
        """Went on in a later year, unfinished (chuyển tiếp đi): what stands in the history before
        it is of this year.
        """
        before = HistoryEntry.objects.filter(
            stream=Stream.DOSSIER, stream_id=OuterRef("stream_id"), seq__lt=OuterRef("seq")
        ).order_by("-seq")
        went = HistoryEntry.objects.filter(stream=Stream.DOSSIER, event="dossier.carry_over")
        went = went.exclude(cycle=self.cycle).annotate(was=Subquery(before.values("cycle")[:1]))
        return Dossier.objects.filter(pk__in=went.filter(was=self.cycle.pk).values("stream_id"))

    # --- The figures --------------------------------------------------------------------------

    @property
    def achieved_percent(self) -> float | None:
        """New products in per cent of ``target_new``, with two decimals; None without a target."""
        if not self.cycle.target_new:
            return None
        return round(100 * self.certified_new.count() / self.cycle.target_new, 2)

    def by_commune(self) -> list[dict[str, Any]]:
        """Dossiers and certified ones of each commune of today, most first; ``before`` names the
        communes of then that went into it.
        """
        here = self.dossiers.order_by().values_list("commune")
        certified = dict(self.certified.order_by().values_list("commune").annotate(Count("pk")))
        counts = dict(here.annotate(Count("pk")))
        units = OrgUnit.objects.in_bulk(counts)
        moved = Moved.among(counts)
        found: dict[int, dict[str, Any]] = {}
        for pk, number in counts.items():
            unit = units[pk]
            heir, name = moved.heirs.get(pk, (pk, unit.label))
            row = found.setdefault(
                heir, {"commune": name, "before": [], "dossiers": 0, "certified": 0}
            )
            row["dossiers"] += number
            row["certified"] += certified.get(pk, 0)
            if heir != pk:
                row["before"].append(unit.label)
        return sorted(found.values(), key=lambda row: (-row["dossiers"], sort_key(row["commune"])))

    def figures(self) -> dict[str, Any]:
        """The report as plain data, in reading order."""
        stars: Counter[Any] = Counter(self.certified.values_list("stars", flat=True))
        return {
            "year": self.cycle.year,
            "products": self.products.count(),
            "producers": self.producers.count(),
            "districts": self.districts.count(),
            "districts_proposing": self.districts_proposing.count(),
            "communes": self.communes.count(),
            "communes_proposing": self.communes_proposing.count(),
            "entered_as_existing": self.entered_as_existing.count(),
            "from_idea": self.from_idea.count(),
            "outside": self.outside(),
            "proposed": self.proposed.count(),
            "certified": {str(star): stars[star] for star in sorted(stars)},
            "not_recognised": self.not_recognised.count(),
            "revoked": self.revoked.count(),
            "target_new": self.cycle.target_new,
            "achieved_percent": self.achieved_percent,
            "target_upgrades": self.cycle.target_upgrades,
            "upgrades": self.upgrades.count(),
            "reevaluated": self.reevaluated.count(),
            **self.money(),
            "new_organisations": self.new_organisations.count(),
            "target_new_organisations": self.cycle.target_new_organisations,
        }
