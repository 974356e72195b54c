"""Which papers reach whom (văn bản đến ai): those of a round its council and the council's unit;
what it gave a product, once that is decided or notified, whoever sees the product's dossier.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.timezone import localdate
from django.utils.translation import gettext as _now

from councils.models.appraisal import Appraisal
from councils.models.document import (
    AFTER_CLOSING,
    SignedDocument,
    reads_team_report,
)
from councils.models.entry import DocumentKind, RoundEntry
from councils.models.result import Result
from councils.models.round import EvaluationRound
from cycle.models import Effect, User
from dossiers.models import Certificate, Dossier, OfficialDocument

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from django.db.models import QuerySet

#: The papers of a round that are sent to those whom its results concern (Đ.7.3.e, 7.3.g).
SENT = (DocumentKind.DECISION, DocumentKind.APPROVAL, DocumentKind.NOTICE)
#: Of how many sheets the means of criteria are told at least: of one it is that sheet, and of two
#: whoever scored takes their own away and has the other's.
FEWEST_IN_MEANS = 3
#: What the paper of an act does that decides on a result.
_DECIDING = (Effect.RECOGNISES, Effect.DECIDES, Effect.APPROVES)


def is_about(kind: str, result: Result) -> bool:
    """Whether a paper of this kind names the product of ``result``: not each is proposed."""
    if kind == DocumentKind.DECISION:
        return result.is_decided_here
    if kind == DocumentKind.APPROVAL:
        return result.is_approved_first
    if kind == DocumentKind.REQUEST:
        return result.goes_up
    return kind != DocumentKind.SUBMISSION or result.is_proposed


def kinds_read(user: User, round_: EvaluationRound, *, closed: bool) -> set[DocumentKind]:
    """The kinds of documents that ``user``, who sees the round, may read now; those with results
    where it was ``closed``.
    """
    kinds = {DocumentKind.PLAN, DocumentKind.RECEIVED, DocumentKind.INVITATION}
    if reads_team_report(user, round_):
        kinds.add(DocumentKind.SUPPORT_REPORT)
    return kinds | (AFTER_CLOSING if closed else set())


@dataclass(frozen=True)
class Reached:
    """A result that is decided or notified (kết quả đã có quyết định, thông báo), and the signed
    papers of its round that tell of it: by their kind.
    """

    result: Result
    papers: dict[str, SignedDocument]


def reached(results: QuerySet[Result]) -> list[Reached]:
    """Those of ``results`` that stand and of which a paper with a number tells: the decision of the
    round that names the product, the notice of the round, or the paper of an act that decided on
    it.
    """
    found = list(
        results.filter(closing__reopening=None).select_related(
            "closing",
            "entry__round__council__org_unit",
            "entry__dossier__rule_set",
            "entry__dossier__commune",
            "entry__dossier__product__producer",
            "entry__rubric",
        )
    )
    if not found:
        return []
    signed = list(
        SignedDocument.objects.filter(
            round__in={each.entry.round_id for each in found},
            entry=None,
            kind__in=SENT,
            replaced_by=None,
        ).select_related("document__replaced_by", "by")
    )
    acts = OfficialDocument.objects.filter(
        Q(document__does__in=_DECIDING) | Q(certificates__isnull=False),
        dossier__in={each.entry.dossier_id for each in found},
    )
    decided = list(acts.values_list("dossier", "at"))
    told = []
    for result in found:
        papers = {
            each.kind: each
            for each in signed
            if each.round_id == result.entry.round_id
            and each.at >= result.closing.at
            and is_about(each.kind, result)
        }
        its = result.entry.dossier_id
        if papers or any(pk == its and at >= result.closing.at for pk, at in decided):
            told.append(Reached(result, papers))
    return told


def reached_by(user: User, **where: Any) -> list[Reached]:
    """What reached ``user`` of the results ``where``: those of dossiers that they see."""
    results = Result.objects.filter(entry__dossier__in=Dossier.objects.visible_to(user), **where)
    return reached(results.order_by("entry__position", "pk"))


def gives_means(result: Result) -> bool:
    """Whether the means of its criteria may be told to whom it reached, and tell nobody's sheet."""
    return result.sheets >= FEWEST_IN_MEANS


def certified_of(entries: Iterable[RoundEntry]) -> set[int]:
    """Ids of the dossiers of ``entries`` that have a certificate to be printed."""
    given = Certificate.objects.to_print()
    dossiers = [each.dossier_id for each in entries]
    return set(given.filter(dossier__in=dossiers).values_list("dossier", flat=True))


@dataclass
class PaperRow:
    """A paper about a dossier in its list (văn bản của hồ sơ): of an act, of a round, or of both;
    a report on the product; its result in a round; the certificate.
    """

    what: str
    day: date | None
    at: datetime
    act: OfficialDocument | None = None
    signed: SignedDocument | None = None
    appraisal: Appraisal | None = None
    result: Result | None = None
    certificate: Certificate | None = None

    @property
    def paper(self) -> OfficialDocument | SignedDocument | None:
        """What has its number, day and signer."""
        return self.act or self.signed


def papers_about(
    dossier: Dossier,
    user: User,
    acts: Iterable[OfficialDocument],
    certificate: Certificate | None = None,
) -> list[PaperRow]:
    """Every paper about ``dossier``, which ``user`` sees, that they may read, the newest day first:
    those of its ``acts``, of the rounds that judged it, and its ``certificate``.
    """
    rows = [
        PaperRow(each.of_ledger.get_kind_display(), each.signed_on, each.at, act=each)
        for each in acts
    ]
    of_acts = {row.act.document_id: row for row in reversed(rows) if row.act is not None}
    entries = list(
        dossier.round_entries.products().select_related(
            "round__council__org_unit", "round__regulation", "dossier__rule_set"
        )
    )
    if entries:
        rounds = EvaluationRound.objects.visible_to(user)
        seen = set(
            rounds.filter(pk__in={each.round_id for each in entries}).values_list("pk", flat=True)
        )
        told = reached(Result.objects.filter(entry__in=entries))
        whole = [each for each in entries if each.round_id in seen]
        for signed in _signed_about(whole, told, user):
            if (row := of_acts.get(signed.of_ledger.pk)) is not None:
                row.signed = signed
            else:
                what = signed.get_kind_display()
                rows.append(PaperRow(what, signed.signed_on, signed.at, signed=signed))
        rows += _reports(whole)
        for each in told:
            at = each.result.closing.at
            rows.append(PaperRow(_now("Kết quả đợt"), localdate(at), at, result=each.result))
    if certificate is not None:
        name, day = _now("Giấy chứng nhận"), certificate.issued_on
        rows.append(PaperRow(name, day, certificate.at, certificate=certificate))
    return sorted(rows, key=lambda row: (row.day or date.min, row.at), reverse=True)


def _reports(entries: Collection[RoundEntry]) -> list[PaperRow]:
    """The reports on the product in these rounds, which their reader sees."""
    name = str(Appraisal._meta.verbose_name)
    reports = Appraisal.objects.filter(entry__in=entries).select_related("by").order_by("-pk")
    return [PaperRow(name, localdate(each.at), each.at, appraisal=each) for each in reports]


def _signed_about(
    entries: Collection[RoundEntry], told: Collection[Reached], user: User
) -> list[SignedDocument]:
    """The recorded papers that are about one product and that ``user`` may read: of the rounds of
    its ``entries``, which they see; beside those what was ``told`` to whoever sees its dossier.
    """
    sent = {paper.pk: paper for each in told for paper in each.papers.values()}
    if not entries:
        return list(sent.values())
    standing = {
        result.entry_id: result
        for result in Result.objects.filter(
            entry__in=entries, closing__reopening=None
        ).select_related("closing", "entry__dossier__rule_set")
    }
    of_rounds = {each.round_id: each for each in entries}
    recorded = SignedDocument.objects.filter(
        round__in=of_rounds, entry=None, replaced_by=None
    ).select_related("document__replaced_by", "by")
    read = {
        pk: kinds_read(user, each.round, closed=each.pk in standing)
        for pk, each in of_rounds.items()
    }
    for signed in recorded:
        result = standing.get(of_rounds[signed.round_id].pk)
        if signed.kind not in read[signed.round_id]:
            continue
        if signed.kind in AFTER_CLOSING and (result is None or signed.at < result.closing.at):
            # Of a closing that was opened again.
            continue
        if result is None or is_about(signed.kind, result):
            sent.setdefault(signed.pk, signed)
    return list(sent.values())
