"""Running dossiers come in from a list: each at its true step, its task given as of its day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from cycle import clock, documents
from cycle.models import Cycle, Document, HistoryEntry, OrgUnit, Stream, TermRule, heir_of
from cycle.workdays import Calendar
from dossiers.law.states import UNDECIDED, State
from dossiers.models import CaseType, Dossier, OfficialDocument, StockBatch, Task, Term
from dossiers.models.product import maker_key, product_key
from dossiers.terms import clocks
from dossiers.terms.recalculation import whole_calendar
from dossiers.walk import doors
from dossiers.walk.engine import DutyMissing
from dossiers.walk.entering import CHUNK, RESUME, Entry, StockRefused, day_of, in_ledger, noon

#: What was done before, by the day that a list gives of it: columns of the list, in their order.
STEPS = {
    "idea_on": "dossier.register_idea",
    "selected_on": "dossier.select_idea",
    "plan_on": "dossier.submit_plan",
    "approved_on": "dossier.approve_plan",
    "ready_on": "dossier.declare_ready",
    "submitted_on": "dossier.submit_dossier",
}
#: What was done after the file was handed in, where it stands now; the last on its day.
SINCE: dict[str, tuple[str, ...]] = {
    State.COMMUNE_CHECKED: ("dossier.confirm_dossier",),
    State.AT_DISTRICT: ("dossier.forward_to_district",),
    State.DISTRICT_EVALUATING: ("dossier.forward_to_district", "dossier.accept_at_district"),
    State.AT_PROVINCE: ("dossier.forward_to_province",),
    State.PROVINCE_EVALUATING: ("dossier.forward_to_province", "dossier.accept_at_province"),
}
#: Papers of a list: number, day, whose decision it was.
PAPERS = {"selected_number": "selected_on", "approved_number": "approved_on"}


def running_year() -> Cycle:
    """The year that running dossiers belong to when nobody says otherwise: the open one of
    today, a rehearsal only when nothing else is.

    Raises :class:`StockRefused` while none is open.
    """
    year = (
        Cycle.objects.by_day(clock.today())
        .filter(closed_on=None)
        .select_related("rule_set")
        .first()
    )
    if year is None:
        raise StockRefused(_("Chưa mở chu trình nào để ghi hồ sơ đang làm: hãy báo quản trị."))
    return year


class Running(Entry):
    """Running dossiers on their way in: no act is done, each begins where it stands."""

    def __init__(self, batch: StockBatch, by: Any):
        super().__init__(batch, by)
        if batch.into is None or batch.into.closed_on is not None:
            raise StockRefused(_("Chu trình của hồ sơ đã đóng: hãy kiểm tra lại."))
        self.year = batch.into

    def make_all(self) -> None:
        self.none_is_open()
        self.make_products()
        self.rules = list(
            TermRule.objects.filter(cycle=self.year, rule_set=self.year.rule_set_id).exclude(
                starts_on=[]
            )
        )
        self.days_off = whole_calendar()
        self.dossiers = {row.pk: self.dossier_of(row) for row in self.rows}
        self.make_papers()
        # Before the walks begin: a task is recorded after its dossier came in.
        self.tell()
        late = sum(self.begin(row.values, self.dossiers[row.pk]) for row in self.rows)
        self.link()
        # A certificate may wait for what is being evaluated anew.
        again = {
            each.product_id
            for each in self.dossiers.values()
            if each.case_type == CaseType.REEVALUATION and each.state in UNDECIDED
        }
        clocks.follow_products(again, at=self.now, by=self.by)
        HistoryEntry.objects.record(
            "stock.hand_out",
            self.year,
            by=self.by,
            capacity=self.capacity,
            batch=self.batch.pk,
            rows=len(self.rows),
            overdue=late,
        )

    def none_is_open(self) -> None:
        """Raise :class:`StockRefused` when a dossier was opened since the list was checked."""
        communes = {row.values["commune"] for row in self.rows}
        here = {
            (product_key(product), maker_key(producer), commune)
            for product, producer, commune in Dossier.objects.filter(
                cycle=self.year, commune__in=OrgUnit.objects.business_of(communes)
            ).values_list("product__name", "product__producer__name", heir_of("commune"))
        }
        for row in self.rows:
            values = row.values
            named = product_key(values["product"]), maker_key(values["producer"])
            if (*named, values["commune"]) in here:
                raise StockRefused(
                    _("«%(product)s» vừa có hồ sơ của chu trình này: hãy kiểm tra lại.")
                    % {"product": values["product"]}
                )

    def dossier_of(self, row: Any) -> Dossier:
        """The file where it stands, saved."""
        values = row.values
        since = noon(day_of(values, "since"))
        began = min((values[name] for name in STEPS if name in values), default=values["since"])
        dossier = Dossier(
            cycle=self.year,
            rule_set=self.year.rule_set,
            product=self.product_of[row.pk],
            commune=self.units[values["commune"]],
            case_type=values.get("case_type", "first"),
            state=values["state"],
            returned_from=values.get("returned_from", ""),
            opened_at=noon(date.fromisoformat(began)),
            moved_at=since,
        )
        dossier.save(force_insert=True)
        return dossier

    def make_papers(self) -> None:
        """The decisions that the list names, as they were called on their day."""
        self.papers: dict[int, list[OfficialDocument]] = {row.pk: [] for row in self.rows}
        named = [
            (row, number, day)
            for row in self.rows
            for number, day in PAPERS.items()
            if row.values.get(number) and row.values.get(day)
        ]
        made = in_ledger(
            [
                Document(
                    # The list does not say who issued it.
                    outside=_("Chưa rõ cơ quan (danh sách %(list)d, dòng %(line)d)")
                    % {"list": self.batch.pk, "line": row.line},
                    number=row.values[number],
                    signed_on=day_of(row.values, day),
                    **documents.signed_by(row.values.get("signer", "")),
                    signer_capacity="Chưa rõ chức vụ",
                )
                for row, number, day in named
            ],
            by=self.by,
        )
        for (row, _number, day), document in zip(named, made, strict=True):
            self.papers[row.pk].append(
                OfficialDocument(
                    dossier=self.dossiers[row.pk],
                    recorded_by=self.by,
                    at=noon(day_of(row.values, day)),
                    document=document,
                )
            )
        OfficialDocument.objects.bulk_create(
            [paper for papers in self.papers.values() for paper in papers], CHUNK
        )

    def begin(self, values: dict[str, Any], dossier: Dossier) -> bool:
        """Give its task, with its term from the day on which it came here; whether it is late.

        Nobody is told rung by rung of what was due before it was here: one letter tells of all.
        """
        try:
            process = doors.start(dossier)
        except DutyMissing:
            raise StockRefused(
                _("%(cycle)s chưa có phân công nhiệm vụ: hãy báo quản trị.") % {"cycle": self.year}
            ) from None
        task = Task.objects.select_related("term").get(process=process, open_state__isnull=False)
        self.tell_later(task.term)
        for rule in self.rules:
            self.begin_law(rule, values, dossier, self.days_off)
        return task.term is not None and task.term.has_come(self.now)

    def tell_later(self, term: Term) -> None:
        """Keep the rungs that are still to come."""
        term.tell_from(self.now)
        term.save(update_fields=["rungs", "rung_at", "next_at"])

    def begin_law(
        self, rule: TermRule, values: dict[str, Any], dossier: Dossier, calendar: Calendar
    ) -> None:
        """A clock of the law that what was done before has started, and nothing since stopped."""
        if rule.case_type not in ("", dossier.case_type) or rule.subject == "certificate":
            return
        started: datetime | None = None
        for event, day in happened(values):
            if event in rule.stops_on:
                started = None
            if event in rule.starts_on and day:
                started = noon(date.fromisoformat(day))
        if started is None:
            return
        unit = dossier.commune.at_level(rule.level) or dossier.commune
        term = Term.of_rule(rule, at=started, org_unit=unit, dossier=dossier, calendar=calendar)
        term.tell_from(self.now)
        clocks.begin(term, by=self.by)

    def tell(self) -> None:
        """One line of history for each dossier: where it stood, since when, what was before."""
        held, paper = self.capacity, self.batch.paper
        document = paper.number if paper is not None else ""
        HistoryEntry.objects.bulk_create(
            [
                HistoryEntry(
                    stream=Stream.DOSSIER,
                    stream_id=self.dossiers[row.pk].pk,
                    cycle_id=self.year.pk,
                    event=RESUME,
                    label=row.values["product"][:300],
                    actor=self.by,
                    role=held.role if held else "",
                    org_unit_id=held.org_unit_id if held else None,
                    after=self.dossiers[row.pk].state,
                    data={
                        "batch": self.batch.pk,
                        "line": row.line,
                        "document": document,
                        "steps": {name: row.values[name] for name in STEPS if name in row.values},
                        "records": [
                            ["officialdocument", paper.pk] for paper in self.papers[row.pk]
                        ],
                        "paper": True,
                    },
                    at=self.dossiers[row.pk].moved_at,
                )
                for row in self.rows
            ],
            CHUNK,
        )

    def link(self) -> None:
        """Each row knows its dossier."""
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE dossiers_stockrow SET dossier_id = %s, makes_producer = %s,"
                " makes_product = %s WHERE id = %s",
                [
                    (self.dossiers[row.pk].pk, row.makes_producer, row.makes_product, row.pk)
                    for row in self.rows
                ],
            )


def happened(values: dict[str, Any]) -> list[tuple[str, str]]:
    """(event, day or nothing) of what was done before, in its order."""
    found = [(event, values[name]) for name, event in STEPS.items() if name in values]
    later = SINCE.get(values["state"], ())
    found += [(event, "") for event in later[:-1]]
    found += [(event, values["since"]) for event in later[-1:]]
    if values["state"] == State.DOSSIER_SUBMITTED and "submitted_on" not in values:
        found.append(("dossier.submit_dossier", values["since"]))
    return found
