"""The door of the stock: what was there before this product was used comes in, or goes again.

:func:`enter` makes the facts of a batch's rows, all of them or none, on the batch's paper;
:func:`strike` takes them back: nothing is deleted, what is struck out is counted and shown nowhere,
and its numbers may be given again.
"""

import gc
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import rules
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.db.models import Max, Min, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cycle import clock, documents
from cycle.locking import locked
from cycle.models import (
    Cycle,
    Document,
    Effect,
    HistoryEntry,
    Role,
    RuleSet,
    Stream,
    TermRule,
    User,
)
from cycle.workdays import Calendar
from dossiers.law.states import State
from dossiers.models import (
    BatchState,
    CaseType,
    Certificate,
    CertificateNumber,
    Dossier,
    LateEntry,
    OfficialDocument,
    Potential,
    PotentialState,
    Process,
    Producer,
    Product,
    StockBatch,
    StockKind,
    StockRow,
    Term,
    TermEvent,
    TermState,
)
from dossiers.models.product import YEAR_STRUCK_OUT
from dossiers.terms import clocks
from dossiers.terms.recalculation import whole_calendar
from dossiers.walk import engine
from dossiers.walk.entering import (
    CHUNK,
    ENTER,
    RESUME,
    STRIKE,
    Entry,
    StockRefused,
    archive,
    archive_of,
    day_of,
    in_ledger,
    ledger_line,
    noon,
    of_nothing,
    record,
    stop_clocks,
)
from dossiers.walk.running import Running, running_year
from dossiers.walk.survey import Survey

__all__ = [
    "ENTER",
    "StockRefused",
    "archive",
    "archive_of",
    "enter",
    "noon",
    "on_paper",
    "record",
    "running_year",
    "strike",
]


def hold(batch: StockBatch) -> StockBatch:
    """The batch as it is now, held together with all others until the transaction ends."""
    # What is recorded of its dossiers meanwhile need not wait.
    Cycle.objects.select_for_update(no_key=True).get(pk=archive_of(batch).pk)
    its = StockBatch.objects.select_related("cycle", "into__rule_set").filter(pk=batch.pk)
    return locked(its).get()


def on_paper(batch: StockBatch, typed: Document, *, by: User) -> Document:
    """The document that the batch comes on, as typed, in the ledger. That of an entry which was
    refused, or of lists which were struck out, is it again, corrected where it is typed otherwise.
    Raises ValidationError by field.
    """
    documents.issue(typed, [batch.org_unit])
    documents.check_register(typed, by=by, of=[batch.org_unit])
    known, capacity = batch.paper, by.capacity(Role.OFFICER, batch.org_unit_id)
    if known is None:
        there = Document.objects.standing().filter(before=False).numbered(typed.number)
        same = (each for each in there if documents.same_body(each, typed))
        known = next((each for each in same if of_nothing(each)), None)
    if known is None:
        return documents.record(typed, by=by, capacity=capacity)
    reason = _("Nhập lại văn bản kèm danh sách")
    return documents.record_again(typed, known, by=by, capacity=capacity, reason=reason)


def enter(batch: StockBatch, *, by: User) -> int:
    """Make what the batch is a list of, of each of its rows; how many.

    All in one transaction, recorded for each dossier and for the batch; 0 when it was done before.
    Raises PermissionDenied, and :class:`StockRefused` when a row is wrong or others came first.
    """
    try:
        with transaction.atomic():
            batch = hold(batch)
            if batch.state == BatchState.COMMITTED:
                return 0
            if batch.state != BatchState.COMMITTING:
                raise StockRefused(_("Đợt này không còn chờ ghi."))
            if not rules.has_perm("dossiers.import_stock", by, batch.org_unit):
                raise PermissionDenied
            others = StockBatch.objects.exclude(pk=batch.pk).aggregate(
                entered=Max("committed_at"), struck=Max("voided_at")
            )
            if any(moment and moment > batch.checked_at for moment in others.values()):
                raise StockRefused(
                    _("Sau khi kiểm tra, đợt khác đã được ghi hoặc gạch bỏ: hãy kiểm tra lại.")
                )
            with _collector_rests():
                return MAKERS[batch.kind](batch, by).make()
    except IntegrityError as error:
        if "certificate_number_once" in str(error):
            raise StockRefused(
                _(
                    "Một số giấy chứng nhận trong danh sách vừa được cấp ở nơi khác: "
                    "hãy kiểm tra lại."
                )
            ) from error
        if "stands_in_its_year" in str(error):
            raise StockRefused(str(YEAR_STRUCK_OUT)) from error
        if "stands_on_what_stands" in str(error):
            raise StockRefused(
                _("Một chủ thể hoặc sản phẩm vừa được gạch bỏ: hãy kiểm tra lại.")
            ) from error
        raise


@contextmanager
def _collector_rests() -> Iterator[None]:
    """Hundreds of thousands of objects stay until the end: the collector of garbage, which would
    look at all of them again and again, took half the time.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


#: Idea, plan and implementation: whether they were walked, no list says.
UNKNOWN_STEPS = 3


class Certificates(Entry):
    """Recognised products with their certificates on their way in."""

    def make_all(self) -> None:
        self.make_products()
        self.make_dossiers()
        self.make_certificates()
        started = self.start_clocks()
        self.tell()
        self.follow_validity(started)
        self.link()

    def make_dossiers(self) -> None:
        """A dossier for each certificate, where its walk would have ended."""
        # By the day of each: what came before on the same product decides which case it was.
        earlier = Dossier.objects.filter(
            product__in={each.pk for each in self.product_of.values()}, certificates__isnull=False
        )
        # The last of each product stays.
        first = dict(earlier.order_by("certificates__issued_on").values_list("product", "stars"))
        self.dossiers: dict[int, Dossier] = {}
        for row in sorted(self.rows, key=lambda row: (row.values["issued_on"], row.line)):
            values, product = row.values, self.product_of[row.pk]
            before = first.get(product.pk)
            case_type = CaseType.FIRST
            if before is not None:
                case_type = CaseType.UPGRADE if values["stars"] > before else CaseType.REEVALUATION
            first[product.pk] = values["stars"]
            at = noon(day_of(values, "issued_on"))
            revoked = values.get("status") == "revoked"
            self.dossiers[row.pk] = Dossier(
                cycle=self.cycle,
                rule_set=self.law,
                product=product,
                commune=self.units[values["commune"]],
                case_type=case_type,
                state=State.REVOKED if revoked else State.CERTIFIED,
                parked_from=State.CERTIFIED if revoked else "",
                stars=values["stars"],
                # What was done before its certificate is not known here.
                entered_as=LateEntry.EXISTING,
                skipped=UNKNOWN_STEPS,
                opened_at=at,
                moved_at=noon(day_of(values, "revoked_on")) if revoked else at,
            )
        Dossier.objects.bulk_create(self.dossiers.values(), CHUNK)
        # Its walk has ended before it was here: what comes after the certificate needs one.
        Process.objects.bulk_create(
            [
                engine.ended(self.flow, dossier, dossier.moved_at)
                for dossier in self.dossiers.values()
            ],
            CHUNK,
        )

    def make_certificates(self) -> None:
        """The decision and the certificate of each, as they were called on their day."""
        made = in_ledger(
            [
                Document(
                    does=Effect.RECOGNISES,
                    issuer_id=row.values["issuer"],
                    outside=""
                    if row.values["issuer"]
                    else documents.ministry(day_of(row.values, "decision_on")),
                    number=row.values["decision_number"],
                    signed_on=day_of(row.values, "decision_on"),
                    **documents.signed_by(row.values.get("signer", "")),
                    signer_capacity=row.values.get("signer_capacity") or "Chưa rõ chức vụ",
                )
                for row in self.rows
            ],
            by=self.by,
        )
        self.decisions = {
            row.pk: OfficialDocument(
                dossier=self.dossiers[row.pk],
                recorded_by=self.by,
                at=noon(day_of(row.values, "decision_on")),
                document=document,
            )
            for row, document in zip(self.rows, made, strict=True)
        }
        OfficialDocument.objects.bulk_create(self.decisions.values(), CHUNK)
        self.certificates = {
            row.pk: Certificate(
                dossier=self.dossiers[row.pk],
                recorded_by=self.by,
                at=noon(day_of(row.values, "issued_on")),
                stars=row.values["stars"],
                issued_on=day_of(row.values, "issued_on"),
                expires_on=day_of(row.values, "expires_on"),
                decision=self.decisions[row.pk],
                issuer_id=row.values["issuer"],
                product_name=row.values["product"],
                product_group=row.values["product_group"],
                producer_name=row.values["producer"],
                producer_address=row.values.get("place", ""),
                edition=row.values["edition"],
            )
            for row in self.rows
        }
        Certificate.objects.bulk_create(self.certificates.values(), CHUNK)
        self.numbers = {
            row.pk: CertificateNumber(
                dossier=given.dossier,
                recorded_by=self.by,
                at=given.at,
                certificate=given,
                document=self.decisions[row.pk].document,
                issuer_id=given.issuer_id,
                year=given.issued_on.year,
                number=row.values["number"],
            )
            for row in self.rows
            if row.values.get("number")
            for given in [self.certificates[row.pk]]
        }
        CertificateNumber.objects.bulk_create(self.numbers.values(), CHUNK)

    def start_clocks(self) -> list[Term]:
        """The end of the newest certificate of each product; what it replaces ends no more."""
        rule = self.cycle.term_rules.filter(rule_set=self.law, subject="certificate").first()
        newest: dict[int, StockRow] = {}
        for row in sorted(self.rows, key=lambda row: (row.values["issued_on"], row.line)):
            newest[self.product_of[row.pk].pk] = row
        ours = {certificate.pk for certificate in self.certificates.values()}
        earlier = dict(
            Certificate.objects.filter(dossier__product__in=newest)
            .exclude(pk__in=ours)
            .order_by()
            .values_list("dossier__product")
            .annotate(last=Max("issued_on"))
        )
        calendar, terms, replaced = whole_calendar(), [], []
        for product, row in newest.items():
            certificate, dossier = self.certificates[row.pk], self.dossiers[row.pk]
            if product in earlier:
                if earlier[product] >= certificate.issued_on:
                    continue
                replaced.append(product)
            if rule is None or dossier.state == State.REVOKED:
                continue
            terms.append(self.clock(rule, certificate, dossier, calendar))
        Term.objects.bulk_create(terms, CHUNK)
        ledger = [
            ledger_line(term, TermEvent.Kind.START, term.started_at, self.by) for term in terms
        ]
        old = list(
            Term.objects.live()
            .filter(certificate__isnull=False, dossier__product__in=replaced)
            .exclude(certificate__in=ours)
            .select_for_update(of=("self",))
            .order_by("pk")
        )
        stop_clocks(old, self.now)
        ledger += [ledger_line(term, TermEvent.Kind.STOP, self.now, self.by) for term in old]
        self.batch.stopped_terms = [term.pk for term in old]
        TermEvent.objects.bulk_create(ledger, CHUNK)
        return terms

    def follow_validity(self, started: list[Term]) -> None:
        """Those that outlive their day (Điều 12.3), as the province reads it, end later; of others
        nothing need be asked. Nobody is told today what was due before.
        """
        laws = list(RuleSet.objects.all())
        waiting = {
            term.pk: term.due_on for term in started
            if any(
                law.valid_from <= term.due_on and law.awaits_decision_until(term.due_on, "begun")
                for law in laws
            )
        }  # fmt: skip
        terms = Term.objects.filter(pk__in=waiting).select_related("dossier", "rule").order_by("pk")
        clocks.follow_validity(terms, at=self.now, by=self.by)
        for term in terms.all():
            if term.due_on != waiting[term.pk]:
                term.tell_from(self.now)
                term.save(update_fields=["rungs", "rung_at", "next_at"])

    def clock(
        self, rule: TermRule, certificate: Certificate, dossier: Dossier, calendar: Calendar
    ) -> Term:
        """The clock of one certificate; those that end on one day are told on the same days."""
        alike = self.clocks.get(certificate.expires_on)
        if alike is None:
            alike = Term.of_rule(
                rule,
                at=certificate.at,
                org_unit=dossier.commune,
                fixed_on=certificate.expires_on,
                calendar=calendar,
            )
            # Nobody is told today what was due years ago.
            alike.tell_from(self.now)
            self.clocks[certificate.expires_on] = alike
        same = {
            field.attname: getattr(alike, field.attname)
            for field in Term._meta.concrete_fields
            if not field.primary_key
        }
        unit = dossier.commune.at_level(rule.level) or dossier.commune
        return Term(
            **same
            | {
                "dossier_id": dossier.pk,
                "certificate_id": certificate.pk,
                "org_unit_id": unit.pk,
                "started_at": certificate.at,
            }
        )

    def tell(self) -> None:
        """One line of history for each dossier, and one of the batch for the archive."""
        role, unit = (
            (self.capacity.role, self.capacity.org_unit_id) if self.capacity else ("", None)
        )
        entries = [
            HistoryEntry(
                stream=Stream.DOSSIER,
                stream_id=self.dossiers[row.pk].pk,
                cycle_id=self.cycle.pk,
                event=ENTER,
                label=row.values["product"][:300],
                actor=self.by,
                role=role,
                org_unit_id=unit,
                after=self.dossiers[row.pk].state,
                data={
                    "batch": self.batch.pk,
                    "line": row.line,
                    "place": row.values.get("place", ""),
                    "revocation": row.values.get("revocation", ""),
                    "records": [
                        ["officialdocument", self.decisions[row.pk].pk],
                        ["certificate", self.certificates[row.pk].pk],
                        *(
                            [["certificatenumber", self.numbers[row.pk].pk]]
                            if row.pk in self.numbers
                            else []
                        ),
                    ],
                    "paper": True,
                },
                at=self.dossiers[row.pk].moved_at,
            )
            for row in self.rows
        ]
        HistoryEntry.objects.bulk_create(entries, CHUNK)

    def link(self) -> None:
        """Each row knows what became of it: one statement, where bulk_update asks by each row."""
        made = [
            (row.pk, self.dossiers[row.pk].pk, self.certificates[row.pk].pk) for row in self.rows
        ]
        with connection.cursor() as cursor:
            cursor.execute(
                """UPDATE dossiers_stockrow line SET dossier_id = made.dossier,
                     certificate_id = made.certificate, makes_producer = made.producer,
                     makes_product = made.product
                   FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::boolean[],
                     %s::boolean[]) AS made(id, dossier, certificate, producer, product)
                   WHERE line.id = made.id""",
                [
                    *(list(each) for each in zip(*made, strict=True)),
                    [row.makes_producer for row in self.rows],
                    [row.makes_product for row in self.rows],
                ],
            )


#: What makes the facts of a list, by its kind.
MAKERS: dict[str, type[Entry]] = {
    StockKind.CERTIFICATES: Certificates,
    StockKind.POTENTIAL: Survey,
    StockKind.RUNNING: Running,
}


# --- Struck out -----------------------------------------------------------------------------------


def strike(batch: StockBatch, *, by: User, reason: str) -> None:
    """Strike a batch out (gạch bỏ), while nothing stands on what it brought in.

    Raises PermissionDenied, and :class:`StockRefused` with a sentence for each obstacle.
    """
    if not reason.strip():
        raise StockRefused(_("Bạn chưa nêu lý do gạch bỏ."))
    with transaction.atomic():
        batch = hold(batch)
        if not rules.has_perm("dossiers.import_stock", by, batch.org_unit):
            raise PermissionDenied
        if batch.state != BatchState.COMMITTED:
            raise StockRefused(_("Đợt này chưa được ghi, hoặc đã gạch bỏ rồi."))
        rows = batch.rows.filter(dossier__isnull=False)
        made = list(
            rows.values_list(
                "dossier",
                "dossier__product",
                "dossier__product__producer",
                "makes_product",
                "makes_producer",
                "certificate",
            )
        )
        dossiers = {row[0] for row in made}
        products = {row[1] for row in made if row[3]}
        producers = {row[2] for row in made if row[4]}
        potentials = set(
            batch.rows.filter(potential__isnull=False).values_list("potential", flat=True)
        )
        _hold_all(dossiers, products, producers, potentials)
        problems = _obstacles(dossiers, products, producers, {row[1] for row in made})
        if problems := [*_begun(potentials), *problems]:
            raise StockRefused(*problems)
        now = clock.now()
        engine.cancel_all(dossiers, now)
        _strike_terms(batch, dossiers, by, now)
        Certificate.objects.filter(pk__in=[row[5] for row in made]).update(void=True)
        Dossier.objects.filter(pk__in=dossiers).update(void=True)
        Product.objects.filter(pk__in=products).update(void=True)
        Producer.objects.filter(pk__in=producers).update(void=True)
        Potential.objects.filter(pk__in=potentials).update(void=True)
        clocks.follow_products({row[1] for row in made}, at=now, by=by)
        _tell_struck(batch, dossiers, by, reason.strip(), now)
        batch.state, batch.voided_at = BatchState.VOID, now
        batch.save(update_fields=["state", "voided_at"])
        record(batch, "stock.undo", by=by, reason=reason.strip(), rows=len(dossiers | potentials))


def _begun(potentials: set[int]) -> list[str]:
    """What became of the potential products of a batch, a sentence each, ten at most."""
    done = Potential.objects.filter(pk__in=potentials).exclude(state=PotentialState.OPEN)
    return [
        _("«%(product)s»: %(state)s.")
        % {"product": each, "state": str(PotentialState(each.state).label).lower()}
        for each in done[:10]
    ]


def _hold_all(
    dossiers: set[int], products: set[int], producers: set[int], potentials: set[int]
) -> None:
    """Hold what is struck out, in the order of the doors: the walk, its dossier, then what an act
    on it holds. Then what stands on them is seen.
    """
    held: list[Any] = [
        Potential.objects.filter(pk__in=potentials),
        Process.objects.filter(dossier__in=dossiers),
        Dossier.objects.filter(pk__in=dossiers),
        Product.objects.filter(pk__in=products),
        Producer.objects.filter(pk__in=producers),
    ]
    for rows in held:
        list(rows.order_by("pk").select_for_update(of=("self",)).values_list("pk"))


def _obstacles(
    dossiers: set[int], products: set[int], producers: set[int], touched: set[int]
) -> list[str]:
    """What stands on the batch, a sentence each, ten at most."""
    found: dict[str, str] = {}
    acted = (
        HistoryEntry.objects.filter(stream=Stream.DOSSIER, stream_id__in=dossiers)
        .exclude(event__in=[ENTER, RESUME])
        .exclude(event__startswith="term.")
        .order_by("stream_id", "seq")
    )
    for entry in acted[:10]:
        found[f"dossier {entry.stream_id}"] = _(
            "«%(product)s»: đã có việc «%(what)s» ngày %(day)s."
        ) % {
            "product": entry.label,
            "what": entry.sentence,
            "day": f"{timezone.localdate(entry.at):%d/%m/%Y}",
        }
    taken_in = Dossier.objects.filter(pk__in=dossiers, round_entries__isnull=False)
    for dossier in taken_in.select_related("product").distinct()[:10]:
        found[f"dossier {dossier.pk}"] = _("«%(product)s»: đã đưa vào đợt đánh giá.") % {
            "product": dossier
        }
    began = Dossier.objects.filter(pk__in=dossiers).aggregate(first=Min("pk"))["first"]
    later = (
        Dossier.objects.filter(Q(product__in=products) | Q(product__in=touched, pk__gt=began or 0))
        .exclude(pk__in=dossiers)
        .select_related("product")
    )
    for dossier in later[:10]:
        found[f"product {dossier.product_id}"] = _("«%(product)s»: đã mở hồ sơ khác.") % {
            "product": dossier
        }
    others = (
        Product.objects.filter(producer__in=producers)
        .exclude(pk__in=products)
        .select_related("producer")
    )
    for product in others[:10]:
        found[f"producer {product.producer_id}"] = _(
            "Chủ thể «%(producer)s»: đã có sản phẩm khác là «%(product)s»."
        ) % {"producer": product.producer, "product": product}
    return list(found.values())[:10]


def _strike_terms(batch: StockBatch, dossiers: set[int], by: User, now: datetime) -> None:
    """Stop the clocks of the batch; those that it stopped run again."""
    ours = list(
        Term.objects.live()
        .filter(dossier__in=dossiers)
        .order_by("pk")
        .select_for_update(of=("self",))
    )
    stop_clocks(ours, now)
    ledger = [ledger_line(term, TermEvent.Kind.STOP, now, by) for term in ours]
    again = Term.objects.filter(pk__in=batch.stopped_terms, state=TermState.STOPPED)
    calendar = whole_calendar()
    for term in again.order_by("pk").select_for_update(of=("self",)):
        term.state, term.stopped_at = TermState.RUNNING, None
        term.project(calendar)
        term.save(update_fields=["state", "stopped_at", "rungs", "rung_at", "next_at"])
        ledger.append(ledger_line(term, TermEvent.Kind.RESUME, now, by))
    TermEvent.objects.bulk_create(ledger, CHUNK)


def _tell_struck(
    batch: StockBatch, dossiers: set[int], by: User, reason: str, now: datetime
) -> None:
    held = by.capacity(Role.OFFICER, batch.org_unit_id)
    labels: dict[int, tuple[str, str]] = defaultdict(lambda: ("", ""))
    for pk, name, state in Dossier.everything.filter(pk__in=dossiers).values_list(
        "pk", "product__name", "state"
    ):
        labels[pk] = name, state
    HistoryEntry.objects.bulk_create(
        [
            HistoryEntry(
                stream=Stream.DOSSIER,
                stream_id=pk,
                cycle_id=batch.cycle_id,
                event=STRIKE,
                label=labels[pk][0][:300],
                actor=by,
                role=held.role if held else "",
                org_unit_id=held.org_unit_id if held else None,
                before=labels[pk][1],
                after=labels[pk][1],
                reason=reason,
                data={"batch": batch.pk},
                at=now,
            )
            for pk in sorted(dossiers)
        ],
        CHUNK,
    )
