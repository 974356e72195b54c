"""What every list of the stock shares on its way in: its archive, its rows, its history."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from cycle import clock, documents
from cycle.models import Cycle, Document, HistoryEntry, OrgUnit, Role, RuleSet, User
from dossiers import flows
from dossiers.models import (
    ARCHIVE,
    BatchState,
    OfficialDocument,
    Producer,
    Product,
    StockBatch,
    Term,
    TermEvent,
    TermState,
)
from dossiers.models.product import maker_key, product_key

#: Rows of one statement.
CHUNK = 2000
#: The programme began with QĐ 490/QĐ-TTg of 7/5/2018: the archive holds its first year open.
FIRST, LAST = date(2018, 1, 1), date(2018, 12, 31)

#: What a dossier's history says of its coming in, and of its being struck out.
ENTER, RESUME, STRIKE = "stock.enter", "stock.resume", "stock.strike"


class StockRefused(Exception):
    """The batch cannot be entered or struck out; ``problems`` are sentences that say why."""

    def __init__(self, *problems: str):
        super().__init__(" ".join(problems))
        self.problems = list(problems)


def archive() -> Cycle:
    """The closed cycle that keeps the stock, made when there is none (kho hồ sơ cũ).

    Raises :class:`StockRefused` while no edition of the law is loaded.
    """
    known = StockBatch.objects.exclude(cycle=None).order_by("pk").first()
    cycle = known.cycle if known else Cycle.objects.filter(title=ARCHIVE).first()
    law = RuleSet.objects.in_force(clock.today())
    if law is None:
        raise StockRefused(_("Chưa nạp bộ quy định nào: hãy báo quản trị."))
    if cycle is None:
        cycle = Cycle.objects.create(
            year=FIRST.year,
            title=ARCHIVE,
            rule_set=law,
            opened_on=FIRST,
            closed_on=LAST,
            beside=True,
        )
    if not cycle.term_rules.filter(rule_set=law).exists():
        # The law of today keeps what was recognised under another: inspections, ends, revocation.
        cycle.adopt(law)
    return cycle


def archive_of(batch: StockBatch) -> Cycle:
    """The cycle that keeps what the batch brings in: each has it from its upload on."""
    assert batch.cycle is not None
    return batch.cycle


def noon(day: date) -> datetime:
    """A paper names a day, not an hour."""
    return timezone.make_aware(datetime.combine(day, time(12)))


def day_of(values: dict[str, Any], key: str) -> date:
    return date.fromisoformat(values[key])


class Entry:
    """One batch on its way in; subclasses make what its kind is a list of."""

    def __init__(self, batch: StockBatch, by: User):
        self.batch, self.by, self.now = batch, by, clock.now()
        self.cycle = archive()
        law = RuleSet.objects.in_force(clock.today())
        assert law is not None
        self.law, self.flow = law, flows.of(law)
        self.capacity = by.capacity(Role.OFFICER, batch.org_unit_id)
        self.rows = list(batch.to_enter().order_by("line"))
        if not self.rows:
            raise StockRefused(_("Không có dòng nào để ghi."))
        if any(row.errors for row in self.rows):
            raise StockRefused(_("Còn dòng có lỗi: hãy sửa hết rồi ghi."))
        self.clocks: dict[date | None, Term] = {}
        self.units = OrgUnit.objects.select_related("parent__parent").in_bulk(
            {row.values["commune"] for row in self.rows}
        )

    def make(self) -> int:
        """Make all of it; how many rows."""
        self.make_all()
        self.batch.state = BatchState.COMMITTED
        self.batch.committed_at, self.batch.committed_by = self.now, self.by
        self.batch.save(
            update_fields=["state", "committed_at", "committed_by", "stopped_terms", "cycle"]
        )
        record(self.batch, "stock.commit", by=self.by, rows=len(self.rows))
        return len(self.rows)

    def make_all(self) -> None:
        """What the rows become, each told of in a history, each row knowing it."""
        raise NotImplementedError

    def make_products(self) -> None:
        """Producers and products that are not here yet."""
        producers: dict[Any, Producer] = {}
        products: dict[Any, Product] = {}
        known_producers: dict[Any, Producer] = self.known(Producer, "producer_id")
        known_products: dict[Any, Product] = self.known(Product, "product_id")
        new_producers, new_products = [], []
        self.product_of: dict[int, Product] = {}
        for row in self.rows:
            values = row.values
            maker = values.get("producer_id") or (maker_key(values["producer"]), values["commune"])
            if maker not in producers:
                producer = known_producers.get(maker)
                if producer is None:
                    producer = Producer(
                        name=values["producer"],
                        owner_type=values["owner_type"],
                        commune=self.units[values["commune"]],
                        representative=values.get("representative", ""),
                        phone=values.get("phone", ""),
                        address=values.get("address", ""),
                        registration_number=values.get("registration_number", ""),
                    )
                    new_producers.append(producer)
                    row.makes_producer = True
                producers[maker] = producer
            key = values.get("product_id") or (maker, product_key(values["product"]))
            if key not in products:
                product = known_products.get(key)
                if product is None:
                    product = Product(
                        producer=producers[maker],
                        name=values["product"],
                        group=values["product_group"],
                        code=values.get("code", ""),
                    )
                    new_products.append(product)
                    row.makes_product = True
                products[key] = product
            self.product_of[row.pk] = products[key]
        Producer.objects.bulk_create(new_producers, CHUNK)
        Product.objects.bulk_create(new_products, CHUNK)

    def known(self, model: Any, key: str) -> dict[Any, Any]:
        """The rows of ``model`` that the batch names; none may have been struck out since."""
        wanted = {row.values[key] for row in self.rows if row.values.get(key)}
        found = model.objects.in_bulk(wanted)
        if set(found) != wanted:
            raise StockRefused(_("Một chủ thể hoặc sản phẩm vừa được gạch bỏ: hãy kiểm tra lại."))
        return found


def record(batch: StockBatch, event: str, *, by: User, reason: str = "", **data: Any) -> None:
    """Write into the archive's history what was done with the batch: its file, its paper."""
    paper = batch.paper
    HistoryEntry.objects.record(
        event,
        archive_of(batch),
        by=by,
        capacity=by.capacity(Role.OFFICER, batch.org_unit_id),
        reason=reason,
        batch=batch.pk,
        file=batch.filename,
        sha256=batch.sha256,
        ledger=paper.pk if paper is not None else None,
        document=paper.number if paper is not None else "",
        document_on=paper.signed_on.isoformat() if paper and paper.signed_on else None,
        document_signer=paper.signer if paper is not None else "",
        scan=paper.scan_sha256 if paper is not None else "",
        **data,
    )


def of_nothing(document: Document) -> bool:
    """Whether a document came with lists that were struck out, and nothing else rests on it."""
    rows = [each.pk for each in document.versions()]
    acts = OfficialDocument.objects.filter(document__in=rows)
    lists = StockBatch.objects.filter(basis__in=rows)
    if not (acts.exists() or lists.exists()):
        return False
    stand = lists.exclude(state=BatchState.VOID)
    if acts.filter(dossier__void=False).exists() or stand.exists():
        return False
    return not documents.rests_on(document, OfficialDocument, StockBatch)


def in_ledger(papers: list[Document], *, by: User) -> list[Document]:
    """The documents of the ledger that a list names, in its order."""
    try:
        return documents.record_many(papers, by=by, loose=of_nothing)
    except ValidationError as error:
        raise StockRefused(error.messages[0]) from error


def ledger_line(term: Term, kind: str, at: datetime, by: User) -> TermEvent:
    return TermEvent(term=term, kind=kind, at=at, by=by, due_on=term.due_on, left=term.base_amount)


def stop_clocks(terms: Iterable[Term], at: datetime) -> None:
    Term.objects.filter(pk__in=[term.pk for term in terms]).update(
        state=TermState.STOPPED, stopped_at=at, paused_at=None, next_at=None
    )
