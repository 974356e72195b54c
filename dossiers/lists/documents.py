"""The registers of documents (sổ văn bản) as the clerk's desk reads them: by body, register, year.

What a document is about is asked of whoever has rows that rest on documents: each app registers a
function with :func:`about`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import rules
from django.db.models import (
    BigIntegerField,
    Case,
    Exists,
    F,
    Func,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.http import Http404
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cycle import documents, letters
from cycle.models import (
    Direction,
    Document,
    HistoryEntry,
    Level,
    OrgUnit,
    PaperKind,
    Role,
    Stream,
    User,
    fold_number,
)
from cycle.papers.kinds import KINDS
from dossiers.lists import work
from dossiers.lists.export import Exported, register
from dossiers.lists.filters import Asked, Column, Narrowed, Queried
from dossiers.models import ACTS, Dossier, OfficialDocument, TermEvent
from dossiers.rules import DESK

#: So many things that a document is about are named in its row.
NAMED = 3
#: The filter for bodies outside the province, and for documents whose body is not known.
OUTSIDE, UNKNOWN = "outside", "unknown"


class Thing(NamedTuple):
    """What a document is about: its name, and the address of its page."""

    document: int
    name: str
    address: str


#: What the documents with these keys are about, of what the person may see.
About = Callable[[User, Collection[int]], Iterable[Thing]]
_about: list[About] = []


def about(found: About) -> About:
    """Let the function say what documents are about."""
    _about.append(found)
    return found


#: What is written as the subject on the documents with these keys: {key: subject}.
Subjects = Callable[[Collection[int]], dict[int, str]]
_subjects: list[Subjects] = []


def subjects(found: Subjects) -> Subjects:
    """Let the function say what subject documents bear, where nobody typed one; who is asked later
    knows better.
    """
    _subjects.append(found)
    return found


#: Those of the documents with these keys whose scans the person may not read.
Sealed = Callable[[User, Collection[int]], Collection[int]]
_sealed: list[Sealed] = []


def sealed(found: Sealed) -> Sealed:
    """Let the function say whose scans are not for a person who reads the register."""
    _sealed.append(found)
    return found


@about
def _dossiers(user: User, keys: Collection[int]) -> Iterable[Thing]:
    papers = OfficialDocument.objects.filter(
        document__in=keys, dossier__in=Dossier.objects.visible_to(user)
    )
    rows = papers.order_by("dossier__product__sort_key", "dossier").distinct()
    for document, pk, name in rows.values_list("document", "dossier", "dossier__product__name"):
        yield Thing(document, name, reverse("dossiers:dossier", args=[pk]))


@subjects
def _of_acts(keys: Collection[int]) -> dict[int, str]:
    """Of the paper of an act what the product prints as its subject; else what the act did."""
    papers = OfficialDocument.objects.filter(document__in=keys).order_by()
    one = papers.values("document").annotate(one=Min("dossier")).values("one")
    told = HistoryEntry.objects.filter(
        stream=Stream.DOSSIER,
        stream_id__in=list(one.values_list("one", flat=True)),
        ledger__in=keys,
    )
    found: dict[int, str] = {}
    for key, event in told.order_by("-seq").values_list("ledger", "event"):
        act = ACTS.get(event.removeprefix("dossier."))
        if key is None or act is None:
            continue
        printed = [KINDS[kind].outline for kind in act.prints]
        its = [each.subject for each in printed if each and "{" not in each.subject]
        found[key] = its[-1] if its else capfirst(str(act.said))
    return found


@about
def _terms(user: User, keys: Collection[int]) -> Iterable[Thing]:
    """The dossiers whose terms documents extend, or move with their batch."""
    rows = TermEvent.objects.filter(
        basis__in=keys, term__dossier__in=Dossier.objects.visible_to(user)
    ).order_by("term__dossier__product__sort_key", "term")
    named = rows.values_list("basis", "term", "term__dossier__product__name").distinct()
    for document, pk, name in named:
        said = _now("Thời hạn của «%(product)s»") % {"product": name}
        yield Thing(document, said, reverse("dossiers:term", args=[pk]))


def visible_to(user: User) -> QuerySet[Document]:
    """The documents in force of the registers that ``user`` keeps or looks into: all of them at the
    province; elsewhere those that a unit of their area issued, and those on which something was
    done in a dossier of it, whoever issued them.
    """
    there: QuerySet[Document] = Document.objects.standing()
    posts = user.posts(*DESK)
    if any(held.org_unit.level == Level.PROVINCE for held in posts):
        return there
    area = user.area(*DESK)
    received = OfficialDocument.objects.filter(dossier__commune__in=area)
    return there.filter(Q(issuer__in=area) | Q(pk__in=received.values("document")))


def _own(user: User) -> set[int]:
    """The keys of the bodies whose registers ``user`` keeps or looks into by a post there."""
    return {held.org_unit_id for held in user.posts(*DESK)}


def opened(user: User, filters: Filters) -> Register:
    """What ``user`` asks for. Raises Http404 for who keeps no register and looks into none."""
    if not rules.has_perm("dossiers.see_documents", user):
        raise Http404
    return Register(user, filters)


#: A document that waits for its scan.
_LACKS = Q(before=False, scan_sha256="", number__regex="[0-9]")


def without_scan(user: User) -> QuerySet[Document]:
    """Those of the registers whose scan is missing and which ``user`` may add: of the body whose
    clerk or OCOP officer they are, at the province of all (as ``documents.may_correct``); the
    newest first. Not those of before the ledger, nor those whose number nobody knows.
    """
    keeps = (Role.CLERK, Role.OFFICER)
    there = visible_to(user).filter(_LACKS)
    if not any(held.org_unit.level == Level.PROVINCE for held in user.posts(*keeps)):
        there = there.filter(issuer__in=user.business(*keeps))
    return there.select_related("issuer").order_by("-signed_on", "-pk")


#: Rows that rest on documents and ask for the scan by a row of work of their own.
_asked: list[Callable[[], QuerySet[Any]]] = []


def asks_for_scan(rows: Callable[[], QuerySet[Any]]) -> Callable[[], QuerySet[Any]]:
    """Let the keys of documents that the function gives out of what the desk is asked for: their
    scans are asked for each by itself.
    """
    _asked.append(rows)
    return rows


def _scans_asked(row: work.Row) -> str:
    words = ngettext(
        "Thêm bản chụp cho %(n)d văn bản của sổ",
        "Thêm bản chụp cho %(n)d văn bản của sổ",
        row["many"],
    )
    return words % {"n": row["many"]}


SCANS = work.Kind(
    "scans",
    _("Sổ văn bản chờ bản chụp"),
    _scans_asked,
    lambda row: reverse("dossiers:scans"),
)


def _work(user: User, _today: date) -> Iterator[work.Waiting]:
    """A row for each body whose register a clerk keeps, where documents wait for their scans."""
    desks = user.business(Role.CLERK)
    if not desks:
        return
    lacking = Document.objects.standing().filter(_LACKS, issuer=OuterRef("pk")).order_by()
    for rows in _asked:
        lacking = lacking.exclude(pk__in=rows())
    yield work.Waiting(
        SCANS,
        OrgUnit.objects.filter(Exists(lacking), pk__in=desks),
        since=Value(work.EVER),
        unit="",
        name=F("name"),
        many=work.count(lacking),
    )


work.register(_work, SCANS)


@dataclass(frozen=True)
class Filters(Narrowed):
    """Which register, of which body and year, and what is searched for in it."""

    place = {}

    q: str = ""
    body: str = ""
    direction: str = ""
    register: str = ""
    kind: str = ""
    year: int | None = None
    #: Those of before the ledger that have one number.
    twice: bool = False

    @classmethod
    def read(cls, asked: Asked) -> Filters:
        body = asked.text("body")
        return cls(
            q=asked.text("q"),
            body=body if body in (OUTSIDE, UNKNOWN) or asked.key("body") else "",
            direction=asked.one_of("direction", Direction.values),
            register=asked.text("register"),
            kind=asked.one_of("kind", PaperKind.values),
            year=asked.key("year"),
            twice=asked.one_of("twice", ["1"]) == "1",
        )


class Register(Queried):
    """The documents that ``user`` sees and the filters leave, by body, register and year, by their
    numbers; their own body's first. Numbers that are missing between two are not guessed.
    """

    def __init__(self, user: User, filters: Filters) -> None:
        self.user, self.filters = user, filters
        super().__init__(self._found())

    def _found(self) -> QuerySet[Document]:
        asked, rows = self.filters, visible_to(self.user)
        if asked.body == OUTSIDE:
            rows = rows.filter(issuer=None).exclude(outside="")
        elif asked.body == UNKNOWN:
            rows = rows.filter(issuer=None, outside="")
        elif asked.body:
            rows = rows.filter(issuer=int(asked.body))
        for name in ("direction", "register", "kind", "year"):
            if value := getattr(asked, name):
                rows = rows.filter(**{name: value})
        if asked.twice:
            rows = rows.filter(
                pk__in=[each.pk for same in documents.of_one_number() for each in same]
            )

        def by_number(word: str) -> Q:
            number = fold_number(word)
            return Q(folded_number__startswith=number) if any(map(str.isdecimal, number)) else Q()

        return (
            rows.filter(letters.found(asked.q, also=by_number))
            .select_related("issuer")
            .annotate(
                place=Func(
                    F("folded_number"),
                    template="substring(%(expressions)s from '^[^0-9]*([0-9]{1,15})')::bigint",
                    output_field=BigIntegerField(),
                )
            )
            .order_by(
                Case(When(issuer__in=_own(self.user), then=0), default=1),
                F("issuer__sort_key").asc(nulls_last=True),
                "issuer",
                "folded_outside",
                "register",
                F("year").desc(nulls_last=True),
                F("place").asc(nulls_last=True),
                "folded_number",
                "pk",
            )
        )

    def shaped(self, rows: list[Any]) -> list[Any]:
        """Each with ``things``, what it is about of what the user sees, ``more``, how many others,
        and the ``heading`` of its register.
        """
        things: dict[int, list[Thing]] = {}
        standing = self._standing(rows)
        for found in _about:
            for each in found(self.user, standing.keys()):
                things.setdefault(standing[each.document], []).append(each)
        hidden = {standing[pk] for found in _sealed for pk in found(self.user, standing.keys())}
        bears: dict[int, str] = {}
        for said in _subjects:
            bears |= {standing[pk]: text for pk, text in said(standing.keys()).items()}
        for row in rows:
            row.is_sealed = row.pk in hidden
            row.bears = row.subject or bears.get(row.pk, "")
            its = things.get(row.pk, [])
            row.things, row.more = its[:NAMED], len(its[NAMED:])
            row.about = "; ".join(each.name for each in its)
            row.heading = " · ".join(
                str(part)
                for part in (
                    row.body or _now("Chưa rõ cơ quan ban hành"),
                    row.register,
                    row.year or _now("chưa rõ năm"),
                )
                if part
            )
        return rows

    def scan(self, pk: int) -> Document:
        """The document whose scan is asked for. Raises Http404 where there is none to be read."""
        row = self.found.exclude(scan_sha256="").filter(pk=pk).first()
        if row is None or self.shaped([row])[0].is_sealed:
            raise Http404
        return row

    @staticmethod
    def _standing(rows: Iterable[Document]) -> dict[int, int]:
        """The key of each row, and of each that it corrects -> that of the row."""
        found = {row.pk: row.pk for row in rows}
        older = {row.replaces_id: row.pk for row in rows if row.replaces_id}
        while older:
            found |= older
            before = Document.objects.filter(pk__in=older, replaces__isnull=False)
            older = {
                replaced: older[pk] for pk, replaced in before.values_list("pk", "replaces_id")
            }
        return found

    def choices(self) -> dict[str, Any]:
        """What the filters offer."""
        there = visible_to(self.user).order_by()
        found = there.values_list("issuer", "issuer__name", "issuer__sort_key", "year", "register")
        own = _own(self.user)
        rows = sorted(
            found.distinct(), key=lambda row: (row[0] not in own, row[2] or "", row[0] or 0)
        )
        bodies: dict[str, Any] = {str(pk): name for pk, name, *_rest in rows if pk}
        if any(row[0] is None for row in rows):
            bodies[OUTSIDE] = _("Cơ quan khác, ngoài tỉnh")
            bodies[UNKNOWN] = _("Chưa rõ cơ quan ban hành")
        years = sorted({row[3] for row in rows if row[3]}, reverse=True)
        named = sorted({row[4] for row in rows if row[4]}, key=letters.sort_key)
        return {
            "bodies": list(bodies.items()),
            "years": [(year, str(year)) for year in years],
            "registers": [(name, name) for name in named],
            "directions": Direction.choices,
            "kinds": PaperKind.choices,
        }


_COLUMNS = (
    Column("body", _("Cơ quan ban hành"), lambda each: each.body),
    Column("register", _("Sổ"), lambda each: each.register),
    Column("year", _("Năm"), lambda each: each.year),
    Column("number", _("Số và ký hiệu"), lambda each: each.number or each.said),
    Column("signed_on", _("Ngày ký"), lambda each: each.signed_on),
    Column("kind", _("Loại văn bản"), lambda each: each.get_kind_display()),
    Column("subject", _("Trích yếu"), lambda each: each.bears),
    Column("signer", _("Người ký"), lambda each: each.signer if each.signer_known else ""),
    Column("capacity", _("Chức vụ người ký"), lambda each: each.signer_capacity, chosen=False),
    Column("direction", _("Đến, đi, nội bộ"), lambda each: each.get_direction_display()),
    Column("does", _("Tác dụng"), lambda each: each.get_does_display(), chosen=False),
    Column("about", _("Về việc của"), lambda each: each.about),
    Column("scan", _("Bản chụp"), lambda each: each.scan_filename),
    Column("before", _("Có trước khi lập sổ"), lambda each: _("có") if each.before else ""),
)

register(Exported(
    "documents", _("Sổ văn bản"), "dossiers:documents", _COLUMNS,
    lambda user, data, _pk: opened(user, Filters.of(data)),
))  # fmt: skip
