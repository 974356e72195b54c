"""Which successor of a split commune gets which producer (phân sản phẩm về xã kế thừa).

Until it is asked, all of a split commune is its main successor's. An allotment moves what is the
producer's from there: its unit, its dossiers' and their open tasks', routes' and clocks'. What was
done keeps the unit of its day: tasks that are closed, the history, ``Dossier.before_split``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import rules
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import (
    BigIntegerField,
    DateTimeField,
    Exists,
    F,
    Func,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from cycle import clock, documents, provinces
from cycle.models import (
    Document,
    Effect,
    HistoryEntry,
    Level,
    OrgUnit,
    User,
    heir_of,
    now_called,
)
from cycle.models.area import BusinessRows, Heirs, start
from cycle.prepared import prepared
from dossiers.lists import work
from dossiers.models import (
    Allotment,
    Dossier,
    Potential,
    PotentialState,
    Producer,
    Product,
    Route,
    Task,
    Term,
)
from dossiers.office import year
from dossiers.walk import engine

#: So many producers are asked about at once; the next ones come when these are done.
AT_ONCE = 50
#: The products of a producer, each with where it is made.
MADE = Product.objects.select_related("made_in")


class AllottedMeanwhile(Exception):
    """Somebody has allotted or corrected some of it since the page was shown; nothing changed."""


def split_units(user: User) -> QuerySet[OrgUnit]:
    """The split communes that have a main successor and that this person is told of: the province's
    office of all, who works at a successor or at its heir of theirs.
    """
    found = _ended(provinces.split(), clock.today_in_database())
    return found if _allots(user) else found.filter(_into(user.business()))


def _allots(user: User) -> bool:
    return rules.has_perm("dossiers.allot", user)


def _ended(split: QuerySet[OrgUnit], today: Any) -> QuerySet[OrgUnit]:
    return split.filter(valid_to__lt=today).exclude(main_successor=None)


def _into(units: Any) -> Exists:
    """The condition that a unit went, at least in part, into one of ``units``."""
    its = Func(
        Cast(units, ArrayField(BigIntegerField())), template="(SELECT unnest(%(expressions)s))"
    )
    link = OrgUnit.successors.through.objects
    return Exists(link.filter(from_orgunit=OuterRef("pk"), to_orgunit__in=its))


def waiting(*units: int) -> QuerySet[Producer]:
    """The producers of split communes (ids) that nobody has allotted yet, or that have a dossier
    there not yet moved.
    """
    own = list(OrgUnit.objects.business_of(units).order_by().values_list("pk", flat=True))
    there = Dossier.objects.filter(commune__in=own).values("product__producer")
    return Producer.objects.filter(Q(commune__in=own) | Q(pk__in=there)).order_by("sort_key", "pk")


def waiting_potential(*units: int) -> QuerySet[Potential]:
    """The potential products of split communes (ids) that nobody has allotted yet; one that has
    become a dossier goes with that.
    """
    own = list(OrgUnit.objects.business_of(units).order_by().values_list("pk", flat=True))
    found = Potential.objects.filter(commune__in=own).exclude(state=PotentialState.BEGUN)
    return found.order_by("pk")


@prepared
def _there(*, today: Any, mine: Any = None) -> QuerySet[Any]:
    """The split communes, all or what went into one of the units ``mine``."""
    units = _ended(provinces.split(), clock.set_or_its_own(today))
    its = units if mine is None else units.filter(_into(mine))
    return its.select_related(None).prefetch_related(None).order_by().values_list("pk", flat=True)


def _counted(units: QuerySet[OrgUnit], today: Any) -> QuerySet[OrgUnit]:
    """``units`` with how many producers (``makers``) and potential products (``found``) wait."""
    its = BusinessRows(start(OuterRef("pk")), today)
    there = Dossier.objects.filter(commune__in=BusinessRows(start(OuterRef(OuterRef("pk"))), today))
    makers = Producer.objects.filter(
        Q(commune__in=its) | Q(pk__in=there.order_by().values("product__producer"))
    )
    found = Potential.objects.filter(commune__in=its).exclude(state=PotentialState.BEGUN)
    return units.annotate(makers=work.count(makers), found=work.count(found))


def split_rows(user: User) -> list[dict[str, Any]]:
    """The split communes that ``user`` is told of, each with today's name of its main successor and
    how many of its producers wait; the number of queries does not depend on theirs.
    """
    units = _counted(split_units(user), clock.today_in_database())
    units = units.annotate(main_now=heir_of("main_successor", field="name"))
    return [
        {
            "unit": unit,
            "main": now_called(unit.main_successor.name, unit.main_now),  # type: ignore[union-attr, attr-defined]
            "waiting": unit.makers,  # type: ignore[attr-defined]
            "found": unit.found,  # type: ignore[attr-defined]
        }
        for unit in units
    ]


def _asked(row: work.Row) -> str:
    return ngettext(
        "Phân %(n)d chủ thể, sản phẩm tiềm năng về xã kế thừa",
        "Phân %(n)d chủ thể, sản phẩm tiềm năng về xã kế thừa",
        row["many"],
    ) % {"n": row["many"]}


ALLOT = work.Kind(
    "allot",
    _lazy("Xã đã chia tách chờ phân"),
    _asked,
    lambda row: reverse("dossiers:split_one", args=[row["place"]]),
)


def _work(user: User, _today: date) -> Iterator[work.Waiting]:
    """A row for each split commune with something to allot, of who is told of it."""
    if not any(held.org_unit.level in ("commune", "province") for held in user.assignments()):
        return
    mine = {} if _allots(user) else {"mine": user.business()}
    # Asked first, and alone: few provinces have any, and what waits there is much to ask.
    if there := _there(today=clock.day_that_is_set(), **mine):
        units = _counted(OrgUnit.objects.filter(pk__in=there), clock.today_in_database())
        yield work.Waiting(
            ALLOT,
            units.filter(Q(makers__gt=0) | Q(found__gt=0)),
            since=Cast(F("valid_to"), DateTimeField()),
            unit="main_successor",
            name=F("name"),
            many=F("makers") + F("found"),
        )


work.register(_work, ALLOT)


def allotted(unit: OrgUnit) -> QuerySet[Allotment]:
    """What holds of the allotments of its producers, by name: the newest of each."""
    newest = Allotment.objects.filter(
        unit=unit, producer=OuterRef("producer"), product=None, potential=None
    ).order_by("-pk")
    return (
        Allotment.objects.filter(
            unit=unit, product=None, potential=None, pk=Subquery(newest.values("pk")[:1])
        )
        .select_related("producer", "to", "made_by", "basis__replaced_by")
        .prefetch_related(Prefetch("producer__products", MADE))
        .order_by("producer__sort_key", "pk")
    )


def allotted_potential(unit: OrgUnit) -> QuerySet[Allotment]:
    """The same of its potential products; what began since has gone on as a dossier."""
    newest = Allotment.objects.filter(unit=unit, potential=OuterRef("potential")).order_by("-pk")
    return (
        Allotment.objects.filter(unit=unit, pk=Subquery(newest.values("pk")[:1]))
        .exclude(potential__state=PotentialState.BEGUN)
        .filter(potential__void=False)
        .select_related("potential", "to", "made_by", "basis__replaced_by")
        .order_by("pk")
    )


@dataclass
class Choice:
    """A producer goes to ``to``; ``elsewhere`` are the products made elsewhere, {product: unit}."""

    producer: Producer
    to: OrgUnit
    elsewhere: Mapping[Product, OrgUnit] = field(default_factory=dict)


@dataclass(frozen=True)
class Paper:
    """The ``document`` on which it is allotted, in the ledger; ``was``: by the id of each allotment
    that is corrected, with a ``reason``, the one that it rested on.
    """

    document: Document
    reason: str
    was: Mapping[int, Document]

    def is_that_of(self, before: Allotment | None) -> bool:
        """Whether what stands rests on this document as it is: another is a correction too."""
        return before is not None and self.was[before.pk] == self.document


def open_to(unit: OrgUnit) -> list[OrgUnit]:
    """The successors that it may be given to: those that are there, or live on in another."""
    return [
        each for each in unit.successors.order_by("sort_key", "pk")
        if not each.heir().ended_before(clock.today())
    ]  # fmt: skip


def allot(
    unit: OrgUnit,
    choices: list[Choice],
    *,
    by: User,
    document: Document,
    reason: str = "",
    potentials: Mapping[Potential, OrgUnit] | None = None,
    seen: int | None = None,
) -> int:
    """Give the producers of a split ``unit`` to its successors, on a document, as typed; all or
    none. With ``potentials``, {potential product: successor}.

    With a ``reason`` it corrects what was allotted before, or the document on which that was done;
    ``seen`` is the id of the allotment that is corrected, where a page showed it: no colleague's
    correction since is undone unseen. Raises PermissionDenied, ValidationError at the fields of the
    document, or when a correction would change neither a place nor the document, AllottedMeanwhile.
    Returns how many.
    """
    if not rules.has_perm("dossiers.allot", by):
        raise PermissionDenied
    reason = reason.strip()
    with transaction.atomic():
        # Two who allot at once: the second waits here and finds what the first has done.
        held = OrgUnit.objects.select_for_update().get(pk=unit.pk)
        targets = set(open_to(held))
        found = potentials or {}
        chosen = {each for one in choices for each in (one.to, *one.elsewhere.values())}
        if not chosen | set(found.values()) <= targets:
            raise ValidationError(_("Xã nhận phải là xã kế thừa hiện còn hoặc đã có nơi kế thừa."))
        producers = [one.producer.pk for one in choices]
        locked = Producer.objects.select_for_update().filter(pk__in=producers).order_by("pk")
        list(locked.values_list("pk", flat=True))
        known = {each.producer_id: each for each in allotted(held).filter(producer__in=producers)}
        if reason:
            if set(producers) - set(known):
                raise AllottedMeanwhile
            stand = {each.pk for each in known.values()}
            stand |= set(
                allotted_potential(held).filter(potential__in=found).values_list("pk", flat=True)
            )
            if seen is not None and seen not in stand:
                raise AllottedMeanwhile
        elif set(producers) - set(waiting(held.pk).values_list("pk", flat=True)):
            raise AllottedMeanwhile
        corrected = [*known.values(), *_stand_of(held, found)] if reason else []
        was = {each.pk: each.paper for each in corrected}
        paper = Paper(_into_ledger(document, targets, was.values(), by, reason), reason, was)
        moved = [
            line
            for one in choices
            for line in _move(held, one, known.get(one.producer.pk), by, paper)
        ]
        moved += _move_potentials(held, found, by, paper)
        if reason and not moved:
            raise ValidationError(_("Xã nhận và văn bản giống như đã phân: không có gì để sửa."))
        _record(held, by, paper, moved)
    return len(choices) + len(found)


def _stand_of(unit: OrgUnit, found: Mapping[Potential, OrgUnit]) -> QuerySet[Allotment]:
    return allotted_potential(unit).filter(potential__in=list(found))


def _into_ledger(
    typed: Document,
    heirs: Collection[OrgUnit],
    corrected: Iterable[Document],
    by: User,
    reason: str,
) -> Document:
    """The document of an allotment in the ledger: of the province or a successor, unless it names
    another body; ``corrected``: those on which it rested. Raises ValidationError by field.
    """
    typed.does = Effect.DECIDES
    province = OrgUnit.objects.valid_on(clock.today()).filter(level=Level.PROVINCE)
    documents.issue(typed, [*province.order_by("pk"), *heirs])
    documents.check_register(typed, by=by, of=heirs)
    held = year.capacity(by)
    for known in corrected:
        if documents.same_number(typed, known):
            return documents.record_again(typed, known, by=by, capacity=held, reason=reason)
    return documents.record(typed, by=by, capacity=held)


def _move_potentials(
    unit: OrgUnit, found: Mapping[Potential, OrgUnit], by: User, paper: Paper
) -> list[dict[str, str]]:
    """Move potential products, of those that wait, or with a reason of those allotted before."""
    there = Potential.objects.filter(pk__in=[each.pk for each in found]).select_related("commune")
    locked = {each.pk: each for each in there.select_for_update(of=("self",)).order_by("pk")}
    before: dict[int, Allotment] = {}
    if paper.reason:
        stands = allotted_potential(unit).filter(potential__in=list(locked))
        before = {each.potential_id: each for each in stands if each.potential_id}
        known = set(before)
    else:
        known = set(waiting_potential(unit.pk).values_list("pk", flat=True))
    if not {each.pk for each in found} <= known & set(locked):
        raise AllottedMeanwhile
    said = []
    for each, to in found.items():
        was = locked[each.pk].commune
        if was == to and paper.is_that_of(before.get(each.pk)):
            continue
        Allotment.objects.create(
            unit=unit,
            potential=each,
            was=was,
            to=to,
            made_by=by,
            made_at=clock.now(),
            basis=paper.document,
            reason=paper.reason,
        )
        Potential.objects.filter(pk=each.pk).update(commune=to)
        stood = before.get(each.pk)
        if stood is not None and was == to:
            said.append(_document_line(each, stood, paper))
        else:
            said.append(_line(each, was, to))
    return said


def _move(
    unit: OrgUnit, one: Choice, before: Allotment | None, by: User, paper: Paper
) -> list[dict[str, str]]:
    """Move one producer and its products; returns what was moved, for the unit's own history."""
    maker = Producer.objects.select_related("commune").get(pk=one.producer.pk)
    own = set(OrgUnit.objects.business_of(unit.pk).values_list("pk", flat=True))
    foreign = before is None and maker.commune_id not in own
    # What it began since the split began at the main successor, for the producer's sake alone.
    if not foreign:
        own |= _lives_on_in(unit)
    was = maker.commune if before is None else before.to
    said = []
    products = list(maker.products.select_related("made_in", "producer__commune").order_by("pk"))
    for product in products:
        to = one.elsewhere.get(product, one.to)
        there = own | (_lives_on_in(product.home) if before is not None else set())
        moved = _move_dossiers(product, there, to, by, paper)
        made_in = to if product in one.elsewhere and to != one.to else None
        if made_in != product.made_in:
            Allotment.objects.create(
                unit=unit, producer=maker, product=product, was=product.home, to=to,
                made_by=by, made_at=clock.now(), basis=paper.document, reason=paper.reason,
            )  # fmt: skip
            Product.objects.filter(pk=product.pk).update(made_in=made_in)
        if moved or made_in != product.made_in or (not foreign and product.home != to):
            said.append(_line(product, product.home, to))
            _record(product, by, paper, said[-1:])
    if not said and maker.commune == was == one.to and paper.is_that_of(before):
        return []
    row = Allotment.objects.create(
        unit=unit, producer=maker, was=was, to=one.to, made_by=by, made_at=clock.now(),
        basis=paper.document, reason=paper.reason,
    )  # fmt: skip
    if not foreign:
        Producer.objects.filter(pk=maker.pk).update(commune=one.to)
    if row.was != row.to or before is None:
        said.insert(0, _line(maker, row.was, row.to))
    elif not said:
        said.append(_document_line(maker, before, paper))
    _record(maker, by, paper, said[:1])
    return said


def _lives_on_in(unit: OrgUnit) -> set[int]:
    """The ids of the unit and of all that had its business after it, one after the other."""
    heirs = Heirs(start(unit.pk), clock.today_in_database())
    return set(OrgUnit.objects.filter(pk__in=heirs).values_list("pk", flat=True))


def _move_dossiers(product: Product, there: set[int], to: OrgUnit, by: User, paper: Paper) -> int:
    """Move its dossiers of the units ``there``, with what is open of them; returns how many."""
    ids = set(
        Dossier.objects.filter(product=product, commune__in=there).exclude(commune=to)
        .values_list("pk", flat=True)
    )  # fmt: skip
    if not ids:
        return 0
    # In the order in which the doors lock: the walk before its dossier.
    engine.hold_all(ids)
    dossiers = list(
        Dossier.objects.select_for_update(of=("self",))
        .filter(pk__in=ids).select_related("commune").order_by("pk")
    )  # fmt: skip
    ended = OrgUnit.objects.exclude(valid_to=None).values("pk")
    moving = Dossier.objects.filter(pk__in=ids)
    moving.filter(before_split=None, commune__in=ended).update(before_split=F("commune"))
    moving.update(commune=to)
    Potential.objects.filter(dossier__in=ids).update(commune=to)
    for rows in (
        Task.objects.filter(dossier__in=ids, open_state__isnull=False),
        Term.objects.filter(dossier__in=ids).live(),
        Route.objects.filter(dossier__in=ids),
    ):
        rows.filter(org_unit__in=there).update(org_unit=to)
    for dossier in dossiers:
        _record(dossier, by, paper, [_line(product, dossier.commune, to)])
    return len(ids)


def _line(row: Any, was: OrgUnit, to: OrgUnit) -> dict[str, str]:
    return {
        "what": str(row._meta.verbose_name), "row": str(row), "field": "commune",
        "before": was.label, "after": to.label,
    }  # fmt: skip


def _document_line(row: Any, before: Allotment, paper: Paper) -> dict[str, str]:
    return {
        "what": str(row._meta.verbose_name), "row": str(row), "field": "document",
        "before": str(paper.was[before.pk]), "after": str(paper.document),
    }  # fmt: skip


def _record(target: Any, by: User, paper: Paper, changed: list[dict[str, str]]) -> None:
    HistoryEntry.objects.record(
        "split.allot", target, by=by, capacity=year.capacity(by), reason=paper.reason,
        changed=changed, document=str(paper.document), signer=paper.document.signer,
        ledger=paper.document.pk,
    )  # fmt: skip
