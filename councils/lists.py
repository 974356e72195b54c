"""The lists of councils as their pages and their files read them: rounds, results, councils, …"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from councils.judging import consequences
from councils.judging.board import with_due
from councils.models import (
    Closing,
    Council,
    DocumentKind,
    EvaluationRound,
    Opinion,
    Regulation,
    RoundEntry,
    RoundMode,
    RoundState,
    SignedDocument,
)
from councils.models.document import reads_team_report
from councils.pages import found_round
from cycle import clock
from cycle.papers.kinds import KINDS
from cycle.written import in_sentence
from dossiers.lists.documents import Thing, about, sealed, subjects
from dossiers.lists.export import Exported, register
from dossiers.lists.filters import Column, Queried

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from cycle.models import User


class RoundList(Queried):
    """The rounds that I see in one state, ``tab`` of the address; without, what goes on now."""

    def __init__(self, user: User, data: Mapping[str, str]) -> None:
        mine = EvaluationRound.objects.visible_to(user)
        self.counts: dict[str, int] = dict(
            mine.values_list("state").annotate(n=Count("pk")).order_by()  # type: ignore[misc]
        )
        tab = data.get("tab")
        if tab not in RoundState.values:
            # What goes on now comes first.
            busy = (RoundState.OPEN, RoundState.PREPARING, RoundState.CLOSED, RoundState.VOID)
            tab = next((state for state in busy if state in self.counts), RoundState.PREPARING)
        self.tab = tab
        super().__init__(
            mine.filter(state=tab)
            .select_related("council", "cycle")
            .annotate(
                product_count=Coalesce(
                    Subquery(
                        RoundEntry.objects.products()
                        .filter(round=OuterRef("pk"))
                        .order_by()
                        .values("round")
                        .annotate(number=Count("pk"))
                        .values("number")
                    ),
                    0,
                )
            )
            .order_by("-pk")
        )


_ROUNDS = (
    Column("name", _("Đợt"), lambda each: each.name),
    Column("council", _("Hội đồng"), lambda each: str(each.council)),
    Column("cycle", _("Chu trình"), lambda each: str(each.cycle)),
    Column("products", _("Số sản phẩm"), lambda each: each.product_count),
    Column("state", _("Trạng thái"), lambda each: each.get_state_display()),
    Column("mode", _("Cách họp"), lambda each: each.get_mode_display()),
    Column("meets_at", _("Họp lúc"), lambda each: each.meets_at),
    Column("place", _("Địa điểm"), lambda each: each.place),
    Column("decide_by", _("Phải có kết quả trước"), lambda each: each.decide_by),
    Column("closed_at", _("Chốt lúc"), lambda each: each.closed_at),
)


class CouncilList(Queried):
    """The councils that I see, the newest first, with how many sit in each on ``today``."""

    def __init__(self, user: User) -> None:
        self.today = today = clock.today()
        sitting = Q(members__since__lte=today)
        sitting &= Q(members__until=None) | Q(members__until__gte=today)
        super().__init__(
            Council.objects.visible_to(user)
            .select_related("org_unit", "decision__replaced_by")
            .annotate(seats=Count("members", filter=sitting))
            .order_by("-valid_from", "-pk")
        )


_COUNCILS = (
    Column("name", _("Hội đồng"), lambda council: council.name),
    Column("unit", _("Đơn vị"), lambda council: str(council.org_unit)),
    Column("decision", _("Quyết định thành lập"), lambda council: council.decision_number),
    Column("decision_on", _("Ngày quyết định"), lambda council: council.decision_on),
    Column("from", _("Hoạt động từ"), lambda council: council.valid_from),
    Column("to", _("Đến hết"), lambda council: council.valid_to),
    Column("seats", _("Số thành viên"), lambda council: council.seats),
)


class Opinions(Queried):
    """What I was asked, the open ones first, the most pressing on top."""

    def __init__(self, user: User) -> None:
        order = (F("answered_at").desc(nulls_first=True), "due_on", "pk")
        self.asked = Opinion.objects.asked_of(user).order_by(*order)
        super().__init__(
            self.asked.select_related(
                "entry__dossier__product__producer", "entry__round", "asked_by"
            )
        )

    def shaped(self, rows: list[Any]) -> list[Any]:
        return with_due(rows, clock.today())


_OPINIONS = (
    Column("product", _("Sản phẩm"), lambda each: each.entry.dossier.product.name),
    Column("producer", _("Chủ thể"), lambda each: each.entry.dossier.product.producer.name),
    Column("round", _("Đợt"), lambda each: str(each.entry.round)),
    Column("question", _("Nội dung cần ý kiến"), lambda each: each.question),
    Column("asked_by", _("Người hỏi"), lambda each: str(each.asked_by)),
    Column("asked_at", _("Hỏi lúc"), lambda each: each.asked_at),
    Column("due_on", _("Hạn trả lời"), lambda each: each.due_on),
    Column("due", _("Còn lại"), lambda each: each.due.words if each.due else ""),
    Column("answered_at", _("Trả lời lúc"), lambda each: each.answered_at),
    Column("answer", _("Ý kiến"), lambda each: each.answer),
)


def version_of(round_: EvaluationRound, asked: str | None) -> tuple[Closing | None, list[Closing]]:
    """The closing with the version ``asked``, or the last one; and all, the newest first.

    Raises Http404.
    """
    closings = Closing.of(round_)
    if asked:
        closings_asked = [each for each in closings if str(each.version) == asked]
        if not closings_asked:
            raise Http404
        return closings_asked[0], closings
    return (closings[0] if closings else None), closings


class Results(Queried):
    """What a closing gave each product, in the order in which they were judged."""

    def __init__(self, closing: Closing) -> None:
        super().__init__(
            closing.results.select_related(
                "entry__dossier__product__producer",
                "entry__dossier__commune",
                "entry__rubric",
                "consequence",
            ).order_by("entry__position", "pk")
        )

    def shaped(self, rows: list[Any]) -> list[Any]:
        codes = consequences.codes_of(rows)
        for row in rows:
            row.why = consequences.reasons(row, codes)
        return rows


def _results(user: User, data: Mapping[str, str], pk: int | None) -> Results:
    closing, _all = version_of(found_round(user, pk or 0), data.get("version"))
    if closing is None:
        raise Http404
    return Results(closing)


def _followed(row: Any) -> Any:
    if row.consequence.error:
        return row.consequence.error
    return _("đã chuyển bước") if row.consequence.applied_at else _("đang chờ")


_RESULTS = (
    Column("product", _("Sản phẩm"), lambda row: row.entry.dossier.product.name),
    Column("producer", _("Chủ thể"), lambda row: row.entry.dossier.product.producer.name),
    Column("commune", _("Xã, phường"), lambda row: str(row.entry.dossier.commune)),
    Column("rubric", _("Bộ sản phẩm"), lambda row: str(row.entry.rubric or ""), chosen=False),
    Column("stars", _("Hạng sao"), lambda row: _("Bị loại") if row.eliminated else row.stars),
    Column("mean", _("Điểm bình quân"), lambda row: row.mean),
    Column("sheets", _("Số phiếu"), lambda row: row.sheets),
    Column("why", _("Vì sao"), lambda row: row.why),
    Column("followed", _("Hồ sơ"), _followed),
)


@about
def _rounds(user: User, keys: Collection[int]) -> Iterable[Thing]:
    """The rounds that documents are of."""
    papers = SignedDocument.objects.filter(
        document__in=keys, round__in=EvaluationRound.objects.visible_to(user)
    )
    rows = papers.order_by("round").values_list("document", "round", "round__name").distinct()
    for document, pk, name in rows:
        yield Thing(document, name, reverse("councils:documents", args=[pk]))


#: The relations by which they rest on documents, beside the signed ones of a round.
OF_COUNCIL = ("decision", "extension", "members__decision", "members__release")
OF_ROUND = ("void_basis", "closings__reopening__basis", "entries__opinions__letter")


@about
def _councils(user: User, keys: Collection[int]) -> Iterable[Thing]:
    """The councils that documents set up, extend, seat people on or release them from; the rounds
    that they open again or void, or tell an opinion in.
    """
    councils, rounds = (each.objects.visible_to(user) for each in (Council, EvaluationRound))
    found = [
        rows.filter(**{f"{relation}__in": keys})
        .order_by()
        .values_list(relation, "pk", "name", Value(page))
        for rows, page, relations in (
            (councils, "council", OF_COUNCIL),
            (rounds, "round", OF_ROUND),
        )
        for relation in relations
    ]
    for document, pk, name, page in sorted(found[0].union(*found[1:])):
        yield Thing(document, name, reverse(f"councils:{page}", args=[pk]))


@about
def _regulations(user: User, keys: Collection[int]) -> Iterable[Thing]:
    """The regulations that documents lay down."""
    units = Council.objects.visible_to(user).values("org_unit")
    laid = Regulation.objects.filter(basis__in=keys, org_unit__in=units).order_by("pk")
    for document, unit in laid.values_list("basis", "org_unit__name"):
        name = _now("Quy chế hội đồng, %(unit)s") % {"unit": unit}
        yield Thing(document, name, reverse("councils:regulations"))


@subjects
def _of_rounds(keys: Collection[int]) -> dict[int, str]:
    """What the product prints as the subject of a paper of a round, and of a council's decision."""
    found = {
        key: f"Về việc thành lập {name}"
        for key, name in Council.objects.filter(decision__in=keys).values_list("decision", "name")
    }
    papers = SignedDocument.objects.filter(document__in=keys).select_related("round")
    for paper in papers.order_by("pk"):
        round_, outline = paper.round, KINDS[paper.kind].outline
        written = round_.mode == RoundMode.WRITTEN
        about = "Lấy ý kiến bằng phiếu của Hội đồng" if written else "Họp Hội đồng"
        subject = outline.subject if outline is not None else "{{ label }} {{ round }}"
        subject = subject.replace("{{ round }}", in_sentence(round_.name))
        subject = subject.replace("{{ about }}", about).replace("{{ meeting }}", about)
        found[paper.document_id] = subject.replace("{{ label }}", str(paper.get_kind_display()))
    return found


@sealed
def _of_teams(user: User, keys: Collection[int]) -> Collection[int]:
    """The reports of teams, which the team and who presides over the round read."""
    papers = SignedDocument.objects.filter(
        document__in=keys, kind=DocumentKind.SUPPORT_REPORT
    ).select_related("round__council__org_unit", "round__regulation")
    found = {each.document_id: each.round for each in papers}
    read = {each for each in set(found.values()) if reads_team_report(user, each)}
    return [document for document, round_ in found.items() if round_ not in read]


register(Exported(
    "rounds", _("Đợt đánh giá, phân hạng"), "councils:rounds", _ROUNDS,
    lambda user, data, _pk: RoundList(user, data),
))  # fmt: skip
register(Exported(
    "councils", _("Hội đồng đánh giá, phân hạng"), "councils:councils", _COUNCILS,
    lambda user, _data, _pk: CouncilList(user),
))  # fmt: skip
register(Exported(
    "opinions", _("Ý kiến được hỏi"), "councils:opinions", _OPINIONS,
    lambda user, _data, _pk: Opinions(user),
))  # fmt: skip
register(
    Exported("results", _("Kết quả phân hạng"), "councils:results", _RESULTS, _results, of_one=True)
)
