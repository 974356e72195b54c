"""Certificates that wait for their numbers, by the decision that gave them (chờ số)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import rules
from django.core.paginator import Page, Paginator
from django.db.models import Count, DateTimeField, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cycle.models import Document, Numbering, OrgUnit, User, fold_number
from cycle.steps import Step
from dossiers.law.acts import NUMBERERS
from dossiers.lists import work
from dossiers.models import ACTS, Certificate, CertificateNumber, Dossier, StockRow
from dossiers.rules import area_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

#: So many decisions are on a page.
DECISIONS = 100


def given(user: User) -> Any:
    """The certificates in the area of who enters numbers, the last of each dossier, each with the
    row of its number (``number_row``); without those of before whose decision is not known.
    """
    later = Certificate.objects.filter(dossier=OuterRef("dossier"), pk__gt=OuterRef("pk"))
    rows = CertificateNumber.objects.current().filter(certificate=OuterRef("pk"))
    return Certificate.objects.filter(
        ~Exists(later), dossier__commune__in=area_of(user, NUMBERERS), decision__isnull=False
    ).annotate(number_row=Subquery(rows.order_by("-pk").values("pk")[:1]))


def as_in_annex(certificates: Any) -> Any:
    """In the order in which the decision's list (danh sách kèm theo) prints its products: that of
    the round's agenda; behind them, by name, what no round judged.
    """
    return by_agenda(certificates, "dossier__product__sort_key", "pk", dossier="dossier")


def by_agenda(rows: Any, *order: str, dossier: str = "pk") -> Any:
    """In the order of the agenda of the round that judged their ``dossier`` last; behind them what
    no round judged, in ``order``.
    """
    judged = Dossier.objects.filter(
        pk=OuterRef(dossier),
        round_entries__round__state="closed",
        # Not where it left the round before that had a result of it.
        round_entries__results__isnull=False,
        round_entries__results__closing__reopening=None,
    ).order_by("-round_entries__results__closing__at")
    return rows.annotate(
        judged_in=Subquery(judged.values("round_entries__round")[:1]),
        judged_place=Subquery(judged.values("round_entries__position")[:1]),
    ).order_by(F("judged_in").asc(nulls_last=True), F("judged_place").asc(nulls_last=True), *order)


def waiting(user: User) -> Any:
    """Those that may get a number, and have none. Not what a list of before brought without one,
    nor what was given, in a year that is told again, by a decision whose own number nobody knows:
    their numbers are on no paper here.
    """
    begins = ACTS["number_certificate"].begins
    listed = StockRow.objects.filter(certificate=OuterRef("pk"))
    of_before = Exists(listed) | Q(before=True) | ~Q(decision__document__number__regex="[0-9]")
    return (
        given(user)
        .filter(number_in_force=None, dossier__state__in=begins)
        # What was taken back waits, wherever it came from.
        .filter(~of_before | Q(number_row__isnull=False))
    )


#: A number and symbol: what stands before the figures, the figures, the symbol.
_PARTS = re.compile(r"([^0-9]*)([0-9]{1,9})(.*)")


def proposed(given: Iterable[Certificate], *, typed: Iterable[str] = ()) -> dict[int, str]:
    """The next free numbers for those of the certificates ``given`` whose issuer has them proposed
    (key -> number), in their order: on from the highest of its year, and from what is ``typed``;
    with the symbol, and as many figures, as its last one has. Nothing where it gave none lately.
    """
    places: dict[int, str] = {}
    counted: dict[tuple[int, int], tuple[int, str, str]] = {}
    for each in given:
        issuer = each.issuer
        if issuer is None or not issuer.numbering:
            continue
        key = (issuer.pk, each.issued_on.year)
        if key not in counted:
            counted[key] = _last(issuer, each.issued_on.year, typed)
        highest, figures, symbol = counted[key]
        if figures:
            counted[key] = (highest + 1, figures, symbol)
            places[each.pk] = f"{highest + 1:0{len(figures)}d}{symbol}"
    return places


def _last(issuer: OrgUnit, year: int, typed: Iterable[str]) -> tuple[int, str, str]:
    """The highest number in the sequence that the unit goes on with, the figures and the symbol of
    the last one that it gave, this year or last; without figures where it gave none.
    """
    rows = CertificateNumber.objects.given().filter(issuer=issuer, year__range=(year - 1, year))
    of_years = rows.order_by("year", "pk").values_list("year", "number")
    found = [(of, parts) for of, number in of_years if (parts := _PARTS.fullmatch(number))]
    if not found:
        return 0, "", ""
    _year, last = found[-1]
    there = [parts for of, parts in found if of == year]
    there += filter(None, map(_PARTS.fullmatch, typed))
    if issuer.numbering == Numbering.SYMBOL:
        alike = fold_number(f"1{last[3]}")
        there = [parts for parts in there if fold_number(f"1{parts[3]}") == alike]
    return max((int(parts[2]) for parts in there), default=0), last[2], last[3]


def decisions(user: User, page: str | None = None) -> Page[Any]:
    """The decisions whose certificates wait, the newest first: how many, and of which rounds."""
    of = "decision__document"
    found = Paginator(
        waiting(user)
        .order_by()
        .values_list(of, f"{of}__number", f"{of}__signed_on")
        .annotate(waits=Count("pk"))
        .order_by(f"-{of}__signed_on", f"-{of}"),
        DECISIONS,
    ).get_page(page)
    there = list(found)
    rounds: dict[int, list[str]] = {}
    judged = (
        waiting(user)
        .filter(**{f"{of}__in": [document for document, *_rest in there]})
        # A round that was given up judged nothing.
        .filter(dossier__round_entries__round__state="closed")
        .order_by("dossier__round_entries__round")
        .values_list(of, "dossier__round_entries__round__name")
        .distinct()
    )
    for document, name in judged:
        rounds.setdefault(document, []).append(name)
    names = ("document", "number", "signed_on", "waits")
    found.object_list = [
        dict(zip(names, row, strict=True)) | {"rounds": rounds.get(row[0], [])} for row in there
    ]
    return found


def _asked(row: work.Row) -> str:
    words = ngettext("%(n)d giấy chứng nhận chờ số", "%(n)d giấy chứng nhận chờ số", row["many"])
    return words % {"n": row["many"]}


NUMBERS = work.Kind(
    "numbers",
    _("Giấy chứng nhận chờ số"),
    _asked,
    lambda row: reverse("dossiers:numbers_of", args=[row["place"]]),
    Step.EVALUATION,
)


def _work(user: User, _today: date) -> Iterator[work.Waiting]:
    """A row for each decision, of who enters numbers."""
    if not rules.has_perm("dossiers.number_certificates", user):
        return
    its = waiting(user).filter(decision__document=OuterRef("pk")).order_by()
    many = its.values("decision__document").annotate(waits=Count("pk")).values("waits")
    yield work.Waiting(
        NUMBERS,
        Document.objects.filter(Exists(its)),
        since=Cast(F("signed_on"), DateTimeField()),
        unit="issuer",
        name=F("number"),
        many=Subquery(many),
    )


work.register(_work, NUMBERS)
