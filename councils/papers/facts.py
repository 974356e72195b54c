"""The data of the council's documents about one round, in the shapes of ``councils.papers.kinds``.

Nothing is made up: a number, date or signer that is not recorded stays blank.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import rules
from django.db.models import F, Prefetch, Q
from django.utils import timezone, translation

from councils.judging.consequences import reasons
from councils.models import (
    JUDGES,
    TEAM,
    Appraisal,
    Council,
    DocumentKind,
    EvaluationRound,
    Member,
    Resolution,
    Result,
    RoundEntry,
    Scoresheet,
    Seat,
    SignedDocument,
)
from councils.models.document import AFTER_CLOSING, BY_COUNCIL
from councils.papers.sheet import score_sheet
from councils.papers.then import Then
from cycle import clock, documents, letters
from cycle.models import (
    Document,
    HistoryEntry,
    Level,
    OrgUnit,
    Renamed,
    Role,
    RoleAssignment,
    RuleSet,
    Stream,
    User,
    end_of,
)
from cycle.points import band
from cycle.written import day_text, in_sentence, moment_text
from dossiers.law.signers import capacity_words
from dossiers.models import ACTS, CaseType, Certificate
from dossiers.models.days import with_day
from dossiers.papers.signing import (
    OFFICE_SIGNS,
    OFFICE_SYMBOL,
    committee_of,
    named,
    numbered,
    office_of,
    place_of,
    signed_by,
)

#: The documents about the whole round; a score sheet and a certificate are about one product.
OF_ROUND = (
    DocumentKind.PLAN,
    DocumentKind.RECEIVED,
    DocumentKind.INVITATION,
    DocumentKind.SUPPORT_REPORT,
    DocumentKind.MINUTES,
    DocumentKind.COUNCIL_REPORT,
    DocumentKind.SUBMISSION,
    DocumentKind.DECISION,
    DocumentKind.APPROVAL,
    DocumentKind.NOTICE,
    DocumentKind.REQUEST,
)
#: What the office reports and submits to the chair (Đ.7.3.a), and what it notifies (Đ.7.3.g): never
#: the committee's own.
OF_OFFICE = frozenset({DocumentKind.RECEIVED, DocumentKind.SUBMISSION, DocumentKind.NOTICE})
#: What the chair decides is the chair's own, not signed for the committee.
OF_CHAIR = frozenset({DocumentKind.FOUNDING, DocumentKind.DECISION, DocumentKind.APPROVAL})
#: The acts by which the office takes a dossier in.
ACCEPTS = ("accept_at_province", "accept_at_district")
#: The seats that a score sheet may be printed for.
SCORES = (*JUDGES, Seat.SECRETARY)
#: The moment whose names, and whose chair and secretary, a paper says; None: today's.
_AT: ContextVar[datetime | None] = ContextVar("names_at", default=None)
#: Room for a name that nobody has recorded.
BLANK = "………………………"
#: The papers of a unit that are the paper of an act too: the act, and the results that are in it.
_BY_ACT: dict[str, tuple[str, Callable[[Result], bool]]] = {
    DocumentKind.DECISION: ("dossier.certify", lambda each: each.is_decided_here),
    DocumentKind.APPROVAL: ("dossier.approve_result", lambda each: each.is_approved_first),
    DocumentKind.REQUEST: ("dossier.nominate", lambda each: each.goes_up),
    DocumentKind.SUBMISSION: ("dossier.propose_recognition", lambda each: each.is_proposed),
}
#: What papers on the results rest on -> the signed papers of the round, as they cite them.
_REST_ON: dict[str, tuple[DocumentKind, ...]] = {
    DocumentKind.DECISION: (DocumentKind.MINUTES, DocumentKind.SUBMISSION),
    DocumentKind.APPROVAL: (DocumentKind.MINUTES, DocumentKind.SUBMISSION),
    DocumentKind.NOTICE: (DocumentKind.DECISION, DocumentKind.APPROVAL),
    DocumentKind.REQUEST: (DocumentKind.APPROVAL,),
}
#: How a paper that is addressed to nobody above names whom it goes to.
_NAMED: dict[str, list[str]] = {
    DocumentKind.DECISION: ["Như Điều 3"],
    DocumentKind.APPROVAL: ["Như Điều 3"],
    DocumentKind.PLAN: ["Ủy ban nhân dân các xã, phường có sản phẩm"],
    DocumentKind.MINUTES: [],
}
#: What a notice says of those that reached no three stars.
NOT_YET = "Sản phẩm chưa được công nhận được hoàn thiện hồ sơ để đánh giá lại."
#: And of those of 90 points or more, whom the ministry is asked to judge.
GOES_UP = "Sản phẩm đạt từ 90 điểm được đề nghị %s đánh giá, công nhận."
#: What an extract says of itself.
EXTRACT = (
    "(Bản trích từ phần mềm: chỉ gồm sản phẩm trên địa bàn của người xem; danh sách đầy đủ ở bản "
    "đã ký.)"
)
#: Who reports to the council on its products.
TEAM_NAME = "Tổ tư vấn"
OFFICE_NAME = "Thường trực Hội đồng"


def of_round(
    kind: str,
    round_: EvaluationRound,
    *,
    closing: Any = None,
    reader: User | None = None,
    only: Collection[int] | None = None,
) -> dict[str, Any]:
    """The data of a document about the whole round, with the results of ``closing``; the producers'
    own points only as far as ``reader`` may read them. ``only``: an extract (bản trích), of the
    products with these ids.

    Raises KeyError for a kind that is not about a round.
    """
    made_by: dict[str, Callable[[Then], dict[str, Any]]] = {
        DocumentKind.PLAN: _plan,
        DocumentKind.RECEIVED: _received_report,
        DocumentKind.INVITATION: _invitation,
        DocumentKind.SUPPORT_REPORT: _support_report,
        DocumentKind.MINUTES: _minutes,
        DocumentKind.COUNCIL_REPORT: _council_report,
        DocumentKind.SUBMISSION: _submission,
        DocumentKind.DECISION: _decision,
        DocumentKind.APPROVAL: _approval,
        DocumentKind.NOTICE: _notice,
        DocumentKind.REQUEST: _request,
    }
    if kind not in AFTER_CLOSING:
        closing = closing or round_.closings.filter(reopening=None).first()
    then = Then(round_, closing, reader, only)
    with _as_of(_moment(kind, then)), translation.override("vi"):
        return made_by[kind](then)


# --- The day that a paper speaks of ---------------------------------------------------------


@contextmanager
def _as_of(moment: datetime | None) -> Iterator[None]:
    before = _AT.set(moment)
    try:
        yield
    finally:
        _AT.reset(before)


def _name(whom: Renamed | None) -> str:
    """What a person, unit, council, product or producer was called at the moment of the paper."""
    return whom.name_at(_AT.get()) if whom is not None else ""


def _day() -> date:
    """The day of that moment, or today."""
    moment = _AT.get()
    return timezone.localdate(moment) if moment else clock.today()


def _moment(kind: str, then: Then) -> datetime | None:
    """When a paper made today was true: the invitation as it was sent, what the council and its
    team say as the round was closed, what its unit says as it was signed; of a year that is over,
    where that is not recorded, as the round was closed. None: today.
    """
    if kind == DocumentKind.INVITATION and then.round.invited_at is not None:
        return then.round.invited_at
    if kind in BY_COUNCIL or kind == DocumentKind.SUPPORT_REPORT:
        return then.closing.at if then.closing is not None else None
    recorded = _recorded(kind, then)
    if recorded is None:
        return then.ended if _is_over(then) else None
    return end_of(recorded.signed_on)


def _is_over(then: Then) -> bool:
    """Whether the year of the round is over: no paper of it waits for its signature."""
    closed = then.round.cycle.closed_on is not None
    return closed or then.day.year + 1 < clock.today().year


def _recorded(kind: str, then: Then, entry: RoundEntry | None = None) -> Any:
    """The signed paper of the round; else of a plan that of its batch, of what is the paper of an
    act too (:data:`_BY_ACT`) the one on which that was done. None where there is none.
    """
    if (found := then.recorded(kind, entry)) is not None:
        return found
    if kind == DocumentKind.PLAN and then.round.batch is not None:
        plans = [each.of_ledger for each in then.round.batch.plans.all()]
        own = [each for each in plans if each.issuer_id == then.round.council.org_unit_id]
        return own[-1] if own and own[-1].signed_on else None
    if kind in _BY_ACT and then.closing is not None:
        event, is_in = _BY_ACT[kind]
        done = HistoryEntry.objects.filter(
            stream=Stream.DOSSIER,
            event=event,
            stream_id__in=[each.entry.dossier_id for each in _results(then) if is_in(each)],
            at__gte=then.closing.at,
        )
        papers = Document.objects.filter(pk__in=[each.ledger for each in done])
        own = list({each.in_force for each in papers})
        return own[0] if len(own) == 1 and own[0].signed_on else None
    return None


# --- Head and foot --------------------------------------------------------------------------


def _head(kind: str, then: Then, entry: RoundEntry | None = None) -> dict[str, Any]:
    """Head and foot of a document: who issues it, its number if recorded, signer, recipients."""
    council, unit = then.round.council, then.round.council.org_unit
    recorded = _recorded(kind, then, entry)
    committee = committee_of(_name(unit))
    if kind in BY_COUNCIL:
        parent, agency, issuer, host = committee, _name(council), "HĐ", _name(council)
        signs = _of_council(kind, then)
    elif kind == DocumentKind.SUPPORT_REPORT:
        parent, (agency, issuer, *titles) = _name(council), _reporters(then)
        host = agency
        signs = titles, _user(then.holder(Seat.TEAM_LEAD)) if agency == TEAM_NAME else ""
    elif kind in OF_OFFICE and unit.level == Level.PROVINCE and not _by_chair(recorded):
        parent, agency = committee, office_of(_name(unit))
        issuer, host, signs = OFFICE_SYMBOL, agency, ([OFFICE_SIGNS], "")
    else:
        parent, agency, issuer, host = "", committee, "UBND", committee
        if kind in OF_CHAIR:
            host = f"Chủ tịch {committee}"
        of_committee = [] if kind in OF_CHAIR else ["TM. ỦY BAN NHÂN DÂN"]
        signs = [*of_committee, "CHỦ TỊCH"], _leader(unit)
    if recorded:
        own = "hoi dong" if kind in BY_COUNCIL else "uy ban nhan dan"
        own = "" if signs[0] == [OFFICE_SIGNS] else own
        its = signed_by(recorded.signer_capacity, recorded.signer, [*signs[0]], own)
        signs = its["lines"], its["name"]
    named = _NAMED.get(kind, ["Như trên"])
    seated = [] if kind == DocumentKind.RECEIVED else ["Thành viên Hội đồng"]
    return {
        "parent": parent.upper(),
        "agency": agency.upper(),
        "issuer": issuer,
        "host": host,
        **_numbered(recorded),
        "place": place_of(_name(unit)),
        "round": in_sentence(then.name),
        "signature": {"lines": signs[0], "name": signs[1]},
        "recipients": [*named, *seated, "Lưu: VT"],
    }


def _numbered(recorded: SignedDocument | Document | None) -> dict[str, Any]:
    """Number, symbol and day of a paper; without one they stay blank, but for the year of the
    moment that it speaks of.
    """
    if recorded is not None:
        return numbered(recorded.number, recorded.signed_on)
    moment = _AT.get()
    return numbered("", None) | ({"year": timezone.localdate(moment).year} if moment else {})


def _by_chair(recorded: SignedDocument | Document | None) -> bool:
    """Whether the chair of the unit signed it, or somebody in their place or by their authority."""
    return recorded is not None and "chu tich" in capacity_words(recorded.signer_capacity)


def _of_council(kind: str, then: Then) -> tuple[list[str], str]:
    """Who signs for the council: its chair, the minutes of a meeting whoever presided."""
    chair = "TM. HỘI ĐỒNG", "CHỦ TỊCH"
    if kind == DocumentKind.INVITATION:
        return [*chair], _user(_holder(then.round.council, Seat.CHAIR))
    if kind != DocumentKind.MINUTES or then.in_writing:
        return [*chair], _user(then.holder(Seat.CHAIR))
    presided = then.presided
    if presided is None:
        return [chair[0], "CHỦ TRÌ"], ""
    if presided.seat == Seat.VICE_CHAIR:
        return [chair[0], "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"], _user(presided)
    return [*chair], _user(presided)


def _reporters(then: Then) -> tuple[str, ...]:
    """Who reports on its products, how they write it in a symbol, and who signs: the team; on
    re-evaluations the council's office (Đ.7.6.c). A report on both kinds is signed for by both.
    """
    by = {_by_office(each) for each in then.products().select_related("dossier__rule_set")}
    if by == {True}:
        return OFFICE_NAME, "TTHĐ", "THƯỜNG TRỰC HỘI ĐỒNG"
    if True in by:
        return f"{TEAM_NAME} và {in_sentence(OFFICE_NAME)}", "HĐ", "NGƯỜI BÁO CÁO"
    return TEAM_NAME, "TTV", "TỔ TRƯỞNG"


def _by_office(entry: RoundEntry) -> bool:
    """Whether the council's office, not the team, reports on the product."""
    dossier = entry.dossier
    return dossier.case_type == CaseType.REEVALUATION and dossier.rule_set.office_reports


def _user(member: Member | None) -> str:
    return _name(member.user) if member is not None else ""


def _holder(council: Council, seat: str) -> Member | None:
    """Who held the seat on the day of the paper."""
    return council.members.sitting(_day()).filter(seat=seat).select_related("user").first()


def _leader(unit: OrgUnit) -> str:
    """Who led the unit on the day of the paper."""
    held = RoleAssignment.objects.at(unit.pk, _day()).filter(role=Role.LEADER)
    leaders = [_name(each.user) for each in held.select_related("user")[:2]]
    # With two leaders it is unknown who will sign.
    return leaders[0] if len(leaders) == 1 else ""


def _founded(council: Council) -> str:
    """The decision on the council, as papers name it."""
    its = named("Quyết định", council.decision_number, council.decision_on)
    return f"{its} về việc thành lập {_name(council)}"


def _bases(then: Then) -> list[str]:
    return [
        f"Căn cứ {then.rule_set.citation}",
        f"Căn cứ {_founded(then.round.council)}",
        f"Căn cứ quy chế làm việc của Hội đồng ({_named(then.round.regulation.basis.in_force)})",
    ]


def _rests_on(kind: str, then: Then) -> list[str]:
    """The papers of the round that one of this ``kind`` rests on, as far as they are recorded and
    were signed by its day: each with its number, its day and who issued it.
    """
    own, found = _recorded(kind, then), []
    for each in _REST_ON[kind]:
        paper = _recorded(each, then)
        if paper is None or own is not None and paper.signed_on > own.signed_on:
            continue
        host = _head(each, then)["host"]
        if each == DocumentKind.SUBMISSION:
            its = named("Tờ trình", paper.number, paper.signed_on)
            found.append(f"Theo đề nghị của {host} tại {its}")
        else:
            its = named(_called_in_full(each, then), paper.number, paper.signed_on)
            found.append(f"Căn cứ {its} của {host}")
    return found


def _called_in_full(kind: str, then: Then) -> str:
    """How another paper calls the one of this kind of the same round."""
    return {
        DocumentKind.MINUTES: f"Biên bản {'lấy ý kiến' if then.in_writing else 'họp'} Hội đồng",
        DocumentKind.COUNCIL_REPORT: "Báo cáo kết quả của Hội đồng",
        DocumentKind.SUPPORT_REPORT: f"Báo cáo thẩm định của {in_sentence(_reporters(then)[0])}",
        DocumentKind.DECISION: "Quyết định công nhận",
        DocumentKind.APPROVAL: "Quyết định phê duyệt kết quả",
    }[DocumentKind(kind)]


def _enclosed(then: Then, *kinds: str) -> list[str]:
    """The signed papers of these kinds that go along: those that are recorded."""
    papers = [(each, _recorded(each, then)) for each in kinds]
    return [
        named(_called_in_full(kind, then), paper.number, paper.signed_on)
        for kind, paper in papers
        if paper is not None
    ]


def _named(paper: Document) -> str:
    """A document in a sentence, or as it is called where it has no number or day."""
    if paper.signed_on is None or not documents.is_number(paper.number):
        return str(paper)
    return named("văn bản", paper.number, paper.signed_on)


# --- Rows -----------------------------------------------------------------------------------


def _entry(entry: RoundEntry, day: date) -> dict[str, Any]:
    product = entry.dossier.product
    return {
        "product": _name(product),
        "producer": _name(product.producer),
        "commune": _commune(entry, day),
        "rubric": entry.rubric.name,
    }


def _commune(entry: RoundEntry, day: date) -> str:
    """The commune of the product on the document's day, with the one that it was filed in."""
    filed = entry.dossier.filed_in
    if filed.valid_to is None:
        return _name(filed)
    now, then = _name(entry.dossier.commune_on(day)), _name(filed)
    return now if now == then else f"{now} (trước là {then})"


def _results(then: Then) -> list[Result]:
    assert then.closing is not None, "a paper with results is of a closing"
    results = then.closing.results.all()
    if then.only is not None:
        results = results.filter(entry__in=then.only)
    return list(
        results.select_related(
            "entry__dossier__product__producer",
            "entry__dossier__commune",
            "entry__dossier__rule_set",
            "entry__rubric",
        ).order_by("entry__position", "pk")
    )


def stars_in_words(result: Result) -> str:
    """«4 sao», or «Bị loại»."""
    return "Bị loại" if result.eliminated else f"{result.stars} sao"


def _judged(result: Result, then: Then) -> dict[str, Any]:
    return _entry(result.entry, then.day) | {
        "sheets": result.sheets,
        "mean": decimal(result.mean),
        "result": stars_in_words(result),
    }


def decimal(points: Decimal) -> str:
    """Points with two decimals and a comma: «71,25»."""
    return f"{points:.2f}".replace(".", ",")


# --- Of a council ---------------------------------------------------------------------------


def founding_of(council: Council, *, anew: bool = False) -> dict[str, Any] | None:
    """The decision that sets a council and its team up: with its number, and the seats that rest
    on it. ``anew``: the draft of another on who sits today and later (kiện toàn), its number left
    empty. None where it would name nobody.
    """
    founded, unit = council.founded, council.org_unit
    moment = None if anew else end_of(council.decision_on)
    with _as_of(moment), translation.override("vi"):
        its = council.members.select_related("user")
        if anew:
            its = its.filter(Q(until=None) | Q(until__gte=clock.today()))
        else:
            its = its.filter(decision__in=[each.pk for each in founded.versions()])
        order = list(Seat)
        seats = sorted(its, key=lambda each: (order.index(Seat(each.seat)), each.pk))
        members = [_person(each) for each in seats if each.seat not in TEAM]
        if not members:
            return None
        committee = committee_of(_name(unit))
        signed = {"lines": ["CHỦ TỊCH"], "name": _leader(unit)}
        if not anew:
            signed = signed_by(
                founded.signer_capacity, founded.signer, ["CHỦ TỊCH"], "uy ban nhan dan"
            )
        day = clock.today() if anew else council.decision_on
        law = RuleSet.objects.in_force(day)
        last = f" đến hết {day_text(council.valid_to)}" if council.valid_to else ""
        return {
            "parent": "",
            "agency": committee.upper(),
            "issuer": "UBND",
            "host": f"Chủ tịch {committee}",
            **_numbered(None if anew else founded),
            "place": place_of(_name(unit)),
            "signature": signed,
            "recipients": ["Như Điều 3", "Thành viên Hội đồng, Tổ tư vấn", "Lưu: VT"],
            "bases": [
                *([f"Căn cứ {law.citation}"] if law is not None else []),
                *([f"Căn cứ {_founded(council)}"] if anew else []),
            ],
            "authority": f"CHỦ TỊCH {committee.upper()}",
            "what": "kiện toàn" if anew else "thành lập",
            "council": _name(council),
            "term": f"hoạt động từ {day_text(council.valid_from)}{last}",
            "members": members,
            "team": [_person(each) for each in seats if each.seat in TEAM],
            "duties": "Hội đồng và Tổ tư vấn làm việc theo quy chế làm việc của Hội đồng.",
            "enforcers": f"Chánh Văn phòng {committee}, thủ trưởng các đơn vị liên quan và các "
            "thành viên có tên tại Điều 1",
        }


# --- Before the council sits ----------------------------------------------------------------

#: Room for a day that nobody has set.
NO_DAY = "……/……/………"


def _plan(then: Then) -> dict[str, Any]:
    """What is to be done until when: days that nobody has set stay open."""
    round_, unit = then.round, _name(then.round.council.org_unit)
    office, council = office_of(unit), _name(round_.council)
    again = {_by_office(each) for each in then.products().select_related("dossier__rule_set")}
    sent = round_.papers_due_on()
    until = f"trước ngày {day_text(round_.decide_by)}" if round_.decide_by else NO_DAY
    held = f"{then.starts}, {then.place}".strip(", ") if round_.meets_at else NO_DAY
    reported = OFFICE_NAME if again == {True} else TEAM_NAME
    judged = (
        ("Lấy ý kiến thành viên Hội đồng bằng phiếu", council, until)
        if then.in_writing
        else ("Họp Hội đồng, chấm điểm, phân hạng", council, held)
    )
    stages = [
        ("Thẩm định hồ sơ, báo cáo Hội đồng", reported, NO_DAY),
        (
            f"Gửi {'phiếu lấy ý kiến' if then.in_writing else 'giấy mời'}, tài liệu cho thành viên",
            OFFICE_NAME,
            NO_DAY if sent is None else f"chậm nhất {day_text(sent)}",
        ),
        judged,
        ("Có kết quả đánh giá, phân hạng", f"{council}, {in_sentence(OFFICE_NAME)}", until),
        ("Thông báo kết quả bằng văn bản cho xã, chủ thể", office, "sau khi có quyết định"),
    ]
    return _head(DocumentKind.PLAN, then) | {
        "bases": _bases(then),
        "aims": [
            "Đánh giá, phân hạng sản phẩm OCOP đúng tiêu chí, quy trình đã quy định",
            "Bảo đảm khách quan, công khai, đúng quy chế làm việc của Hội đồng",
        ],
        "stages": [{"work": work, "who": who, "when": when} for work, who, when in stages],
        "entries": [_entry(each, then.day) for each in then.products()],
        "duties": [
            f"{office} chuẩn bị hồ sơ, tài liệu, giúp Hội đồng thực hiện kế hoạch",
            "Ủy ban nhân dân các xã, phường phối hợp, thông báo cho chủ thể có sản phẩm",
        ],
    }


def _received_report(then: Then) -> dict[str, Any]:
    """The dossiers of the round with the day of the commune's paper and of the office's receipt."""
    unit = then.round.council.org_unit
    entries = list(then.products().select_related("dossier__rule_set", "dossier__cycle"))
    accepted = HistoryEntry.objects.filter(
        stream=Stream.DOSSIER,
        stream_id__in=[each.dossier_id for each in entries],
        event__in=[ACTS[name].event for name in ACCEPTS],
    )
    days = {each.stream_id: each.day for each in with_day(accepted).order_by("seq")}
    made, tallies = [], Counter[str]()
    for entry in entries:
        proposed, day = entry.dossier.proposed(), days.get(entry.dossier_id)
        case = str(entry.dossier.get_case_type_display())
        tallies[case] += 1
        made.append(
            _entry(entry, then.day)
            | {
                "case": case,
                "proposed_on": day_text(proposed.day) if proposed is not None else "",
                "accepted_on": day_text(day) if day is not None else "",
            }
        )
    return _head(DocumentKind.RECEIVED, then) | {
        "to": [f"Chủ tịch {committee_of(_name(unit))}"],
        "bases": [f"Căn cứ {then.rule_set.citation}"],
        "tallies": [{"result": case, "number": number} for case, number in tallies.items()],
        "entries": made,
        "proposals": ["Xem xét, giao Hội đồng đánh giá, phân hạng các sản phẩm nêu trên"],
    }


def survey_of(visit: Appraisal) -> dict[str, Any] | None:
    """The minutes of the visit on site that a report on a product tells of (Đ.7.3.c; of a
    re-evaluation on the grounds of Đ.7.6.c); None where nobody went.
    """
    entry = visit.entry
    if visit.visited_on is None:
        return None
    with _as_of(end_of(visit.visited_on)), translation.override("vi"):
        then, product = Then(entry.round), entry.dossier.product
        office = _by_office(entry)
        agency = OFFICE_NAME if office else TEAM_NAME
        seats = entry.round.council.members.sitting(visit.visited_on).select_related("user")
        seat = seats.filter(seat__in=TEAM, user=visit.by).first()
        went = {"name": _name(visit.by), "position": agency, "role": "Người khảo sát"}
        return (
            _head(DocumentKind.TEAM_SURVEY, then)
            | _entry(entry, visit.visited_on)
            | {
                "parent": _name(entry.round.council).upper(),
                "agency": agency.upper(),
                "host": agency,
                **_numbered(None),
                "signed_on": visit.visited_on.isoformat(),
                "year": visit.visited_on.year,
                "address": product.producer.address,
                "visited_on": day_text(visit.visited_on),
                "ground": str(visit.get_ground_display()) if visit.ground else "",
                "team": [_person(seat) if seat is not None else went],
                "checked": list(visit.checked),
                "findings": _lines(visit.findings),
                "tests": _lines(visit.tests_asked),
                "signature": {"lines": ["NGƯỜI KHẢO SÁT"], "name": _name(visit.by)},
                "secretary": {
                    "lines": ["ĐẠI DIỆN CHỦ THỂ"],
                    "name": product.producer.representative,
                },
                "recipients": [_name(product.producer), "Thành viên Hội đồng", "Lưu: VT"],
            }
        )


def _lines(text: str) -> list[str]:
    """The lines of what was typed."""
    return [line.strip() for line in text.splitlines() if line.strip()]


# --- The kinds ------------------------------------------------------------------------------


def _invitation(then: Then) -> dict[str, Any]:
    round_ = then.round
    members = round_.council.members.sitting(_day()).select_related("user")
    return _head(DocumentKind.INVITATION, then) | {
        "invited": [
            ", ".join(filter(None, [_name(each.user), each.get_seat_display(), each.department]))
            for each in members
        ],
        "meeting": f"{'Cho ý kiến bằng phiếu về' if then.in_writing else 'Họp Hội đồng'} "
        "đánh giá, phân hạng sản phẩm OCOP",
        "chair": _user(_holder(round_.council, Seat.CHAIR)),
        "starts": then.starts if round_.meets_at else "",
        "venue": then.place,
        "agenda": ["Nghiên cứu hồ sơ, báo cáo thẩm định", "Chấm điểm và gửi phiếu"]
        if then.in_writing
        else [
            "Công bố quyết định, quy chế làm việc của Hội đồng",
            f"{_reporters(then)[0]} báo cáo kết quả thẩm định",
            "Các thành viên chấm điểm, thảo luận",
            "Công bố kết quả, thông qua biên bản",
        ],
        "entries": [_entry(each, then.day) for each in round_.products()],
        "notes": [
            f"Tài liệu{'' if then.in_writing else ' họp'} được gửi trên phần mềm quản lý hồ sơ "
            "OCOP."
        ],
    }


def _support_report(then: Then) -> dict[str, Any]:
    made, visits, appraised = [], [], 0
    team_sheets = Scoresheet.objects.filter(member=None).order_by("scoring")
    until = None
    if then.closing is not None:
        until = then.closing.at
        team_sheets = team_sheets.filter(
            entry__results__closing=then.closing, scoring__lte=F("entry__results__scoring")
        )
    for entry in then.products().prefetch_related(
        "appraisals",
        "dossier__selfassessments",
        Prefetch("sheets", team_sheets.prefetch_related("scores"), to_attr="proposed"),
    ):
        kept: list[Any] = [
            [each for each in rows.all() if until is None or each.at <= until]
            for rows in (entry.appraisals, entry.dossier.selfassessments)
        ]
        appraisal, self_assessment, sheet = (
            (list(rows) or [None])[-1] for rows in (*kept, entry.proposed)
        )
        points = sum(score.points for score in sheet.scores.all()) if sheet else None
        appraised += appraisal is not None or sheet is not None
        if appraisal and appraisal.visited_on:
            visits.append(appraisal.visited_on)
        made.append(
            _entry(entry, then.day)
            | {
                # Members read it before they score, and who scores again the report of before.
                "self_points": decimal(self_assessment.total)
                if self_assessment
                and (until is not None or then.round.shows_self_score)
                and rules.has_perm("dossiers.read_own_points", then.reader, entry.dossier)
                else "",
                "points": decimal(points) if points is not None else "",
                "result": f"{_band(entry, points)} sao" if points is not None else "",
                "findings": appraisal.report if appraisal else "",
            }
        )
    of_team = _reporters(then)[0] != OFFICE_NAME
    team = then.round.seats.filter(seat__in=TEAM).select_related("user")
    return _head(DocumentKind.SUPPORT_REPORT, then) | {
        "to": [_name(then.round.council)],
        "bases": _bases(then),
        "period": _days(visits),
        "team": _of_office(then) + ([_person(each) for each in team] if of_team else []),
        "entries": made,
        "pointed": (pointed := any(each["self_points"] or each["points"] for each in made)),
        "unpointed": not pointed,
        "appraised": appraised,
        "unappraised": len(made) - appraised,
        "findings": [],
        "proposals": [
            "Đề nghị Hội đồng cho ý kiến bằng phiếu về các sản phẩm nêu trên"
            if then.in_writing
            else "Đề nghị Hội đồng xem xét, chấm điểm các sản phẩm nêu trên"
        ],
    }


def _days(visits: list[date]) -> str:
    """From the first to the last day; a single day is no span."""
    if len({*visits}) < 2:
        return "".join(f"ngày {day_text(day)}" for day in {*visits})
    return f"từ {day_text(min(visits))} đến {day_text(max(visits))}"


def _of_office(then: Then) -> list[dict[str, Any]]:
    """Who of the council's office has reported on its re-evaluations."""
    people: dict[int, User] = {}
    for entry in then.products().select_related("dossier__rule_set"):
        if _by_office(entry):
            made = entry.appraisals.select_related("by").order_by("pk")
            until = then.closing.at if then.closing is not None else None
            people |= {each.by_id: each.by for each in made if until is None or each.at <= until}
    return [
        {"name": _name(each), "position": OFFICE_NAME, "role": "Báo cáo thẩm định"}
        for each in people.values()
    ]


def _band(entry: RoundEntry, points: Decimal) -> int:
    return band(entry.dossier.rule_set.content["bands"], points, 1)


def _person(member: Member) -> dict[str, Any]:
    return {
        "name": _name(member.user),
        "position": member.department,
        "role": member.get_seat_display(),
    }


def _called(then: Then) -> list[str]:
    """Why the council met on products that it first answers on in writing: of each product its own
    reason. Empty for others.
    """
    round_, said = then.round, []
    its = round_.entries.select_related("dossier__product")
    names = {entry.dossier_id: _name(entry.dossier.product) for entry in its}

    def named(dossiers: Iterable[int]) -> str:
        return ", ".join(names[each] for each in dossiers if each in names)

    if (before := round_.follows) is not None:
        calls = HistoryEntry.objects.filter(
            stream=round_.history_stream, stream_id=before.pk, event="round.convene"
        )
        call = next((each for each in calls if each.data.get("meeting") == round_.pk), None)
        taken = list(call.data["dossiers"]) if call is not None else list(names)
        why = call.reason if call is not None else ""
        # Which are complex, entries of before do not say.
        theirs = call.data.get("complex", None if why else []) if call is not None else []
        if theirs is None:
            said.append(
                "Hội đồng họp vì ý kiến bằng phiếu chưa thống nhất hoặc nội dung phức tạp "
                f"({before}): {why}"
            )
        else:
            split = named(each for each in taken if each not in theirs)
            if split:
                said.append(
                    f"Hội đồng họp về {split} vì ý kiến bằng phiếu chưa thống nhất ({before})"
                )
            if why:
                said.append(
                    f"Hội đồng họp về {named(theirs)}, có nội dung phức tạp ({before}): {why}"
                )
    for each in then.told("round.take_in"):
        if why := each.data.get("why"):
            met = named(each.data.get("complex", each.data["dossiers"]))
            said.append(f"Hội đồng họp ngay về {met} vì nội dung phức tạp: {why}")
    return said


def _ends(then: Then) -> str:
    """When the meeting ended: as it was closed, if on its own day; else nobody has recorded it, and
    there is room to write it by hand.
    """
    assert then.closing is not None, "minutes are of a closing"
    if then.in_writing:
        return moment_text(then.closing.at)
    first = then.round.closings.order_by("at", "pk").first() or then.closing
    if timezone.localdate(first.at) == then.round.met_on:
        return moment_text(first.at)
    return "…… giờ …… ngày ……/……/………"


def _proceedings(then: Then) -> list[str]:
    """What the minutes say of the discussion: scorings repeated, wide spreads accepted."""
    told = {
        "round.score_again": "Hội đồng thảo luận và chấm lại {product}: {why}",
        "round.accept_spread": "Hội đồng thống nhất giữ kết quả của {product}: {why}",
    }
    # Also of what was taken out of the round later.
    its = then.round.entries.select_related("dossier__product")
    names = {entry.dossier_id: _name(entry.dossier.product) for entry in its}
    return [
        *_called(then),
        "Các thành viên chấm điểm độc lập trên phiếu; phiếu được niêm phong đến khi chốt kết quả",
        *(
            told[each.event].format(
                product=names.get(each.data["dossier"], ""), why=each.data["why"]
            )
            for each in then.told(*told)
        ),
    ]


def _minutes(then: Then) -> dict[str, Any]:
    results = _results(then)
    resolutions = [
        {
            "product": _name(each.entry.dossier.product),
            "criterion": f"{each.criterion.code} {each.criterion.title}"
            if each.criterion
            else str(each.elimination),
            "decision": _resolved(each),
            "votes": f"{each.votes[0]}/{sum(each.votes)}" if each.votes else "",
        }
        for each in then.resolutions()
    ]
    return _head(DocumentKind.MINUTES, then) | {
        "about": "Lấy ý kiến bằng phiếu của Hội đồng" if then.in_writing else "Họp Hội đồng",
        "met": not then.in_writing,
        "in_writing": then.in_writing,
        "answered": [_person(each) for each in then.answered],
        "starts": then.starts,
        "ends": _ends(then),
        "venue": then.place,
        "chair": _user(then.presided) or BLANK,
        "members": len(then.members),
        "present": [_person(each) for each in then.present],
        "absent": [
            {"name": _name(each.user), "position": each.department, "reason": "vắng"}
            for each in then.absent
        ],
        "guests": [],
        "proceedings": _proceedings(then),
        "entries": [_judged(each, then) for each in results],
        "resolutions": resolutions,
        "conclusion": [
            f"{_name(each.entry.dossier.product)}: {reasons(each)}"
            for each in results
            if each.eliminated or (each.stars or 0) < each.band
        ]
        or ["Kết quả của từng sản phẩm như nêu tại mục III."],
        "secretary": {"lines": ["THƯ KÝ"], "name": _user(then.came(Seat.SECRETARY))},
    }


def _resolved(resolution: Resolution) -> str:
    if resolution.elimination_id:
        return "Bị loại" if resolution.holds else "Không bị loại"
    reached = "Đạt" if resolution.holds else "Chưa đạt"
    return f"{reached} mức tối thiểu {resolution.stars} sao"


def _council_report(then: Then) -> dict[str, Any]:
    results = _results(then)
    tallies = Counter(stars_in_words(each) for each in results)
    return _head(DocumentKind.COUNCIL_REPORT, then) | {
        "to": [committee_of(_name(then.round.council.org_unit))],
        "bases": _bases(then),
        "starts": then.starts,
        "venue": then.place,
        "met": not then.in_writing,
        "in_writing": then.in_writing,
        "answered": len(then.answered),
        "ends": _ends(then),
        "attended": len(then.present),
        "members": len(then.members),
        "proceedings": _proceedings(then),
        "tallies": [
            {"result": result, "number": number}
            for result, number in sorted(tallies.items(), reverse=True)
        ],
        "entries": [_judged(each, then) for each in results],
        "proposals": ["Xem xét kết quả đánh giá, phân hạng nêu trên"],
    }


def _submission(then: Then) -> dict[str, Any]:
    """What the chair is asked to decide: what the centre certifies, to approve for the ministry."""
    unit = then.round.council.org_unit
    proposed = [each for each in _results(then) if each.is_proposed]
    here = sum(each.is_decided_here for each in proposed)
    asks = [f"quyết định công nhận {here} sản phẩm OCOP"] if here else []
    if up := len(proposed) - here:
        asks.append(
            f"phê duyệt kết quả {up} sản phẩm đạt từ 90 điểm, đề nghị "
            f"{documents.ministry(_day())} đánh giá, công nhận"
        )
    return _head(DocumentKind.SUBMISSION, then) | {
        "asks": "; ".join(asks),
        "to": [f"Chủ tịch {committee_of(_name(unit))}"],
        "bases": _bases(then),
        "entries": [_judged(each, then) for each in proposed],
        "proposals": [],
        "enclosures": [
            *_enclosed(then, DocumentKind.MINUTES, DocumentKind.COUNCIL_REPORT),
            "Hồ sơ sản phẩm",
        ],
    }


def _decision(then: Then) -> dict[str, Any]:
    rule_set = then.rule_set
    committee = committee_of(_name(then.round.council.org_unit))
    return _head(DocumentKind.DECISION, then) | {
        "authority": f"CHỦ TỊCH {committee.upper()}",
        "bases": [*_bases(then), *_rests_on(DocumentKind.DECISION, then)],
        "valid_months": rule_set.certificate_months or 0,
        "duties": "Chủ thể có sản phẩm được công nhận có trách nhiệm duy trì chất lượng, sử dụng "
        "nhãn hiệu chứng nhận OCOP đúng quy định.",
        "enforcers": f"Chánh Văn phòng {committee}, thủ trưởng các đơn vị liên quan và chủ thể có "
        "tên trong danh sách",
        "entries": [
            _entry(each.entry, then.day)
            | {
                "product_code": each.entry.dossier.product.code,
                "result": stars_in_words(each),
            }
            for each in _results(then)
            if each.is_decided_here
        ],
    }


def _approved(then: Then) -> list[Result]:
    return [each for each in _results(then) if each.is_approved_first]


def _approval(then: Then) -> dict[str, Any]:
    """The chair's approval of results of 90 points or more, from which the request follows; those
    below stand in the decision that recognises.
    """
    unit = _name(then.round.council.org_unit)
    committee = committee_of(unit)
    return _head(DocumentKind.APPROVAL, then) | {
        "authority": f"CHỦ TỊCH {committee.upper()}",
        "bases": [*_bases(then), *_rests_on(DocumentKind.APPROVAL, then)],
        "duties": f"{office_of(unit)} hoàn thiện hồ sơ, trình đề nghị "
        f"{documents.ministry(then.day)} đánh giá, công nhận theo quy định.",
        "enforcers": f"Chánh Văn phòng {committee}, thủ trưởng các đơn vị liên quan và chủ thể có "
        "tên trong danh sách",
        "entries": [_judged(each, then) for each in _approved(then)],
    }


def _notice(then: Then) -> dict[str, Any]:
    results = _results(then)
    day = then.day
    named = {_name(each.entry.dossier.commune_on(day)) for each in results}
    communes = sorted(named, key=letters.sort_key)
    return _head(DocumentKind.NOTICE, then) | {
        "to": [*map(committee_of, communes), "Các chủ thể"],
        "bases": [*_bases(then), *_rests_on(DocumentKind.NOTICE, then)],
        "entries": [_judged(each, then) for each in results],
        "next_steps": [
            *([] if all(each.is_proposed for each in results) else [NOT_YET]),
            *([GOES_UP % documents.ministry(day)] if any(each.goes_up for each in results) else []),
            *([EXTRACT] if then.only is not None else []),
        ],
    }


def _request(then: Then) -> dict[str, Any]:
    return _head(DocumentKind.REQUEST, then) | {
        "to": [documents.ministry(_day())],
        "bases": [*_bases(then), *_rests_on(DocumentKind.REQUEST, then)],
        "entries": [_judged(each, then) for each in _results(then) if each.goes_up],
        "enclosures": [
            *_enclosed(
                then,
                DocumentKind.APPROVAL,
                DocumentKind.SUPPORT_REPORT,
                DocumentKind.COUNCIL_REPORT,
            ),
            "Hồ sơ sản phẩm",
        ],
        "contact": "",
    }


# --- Of one product -------------------------------------------------------------------------


def sheet_of(
    entry: RoundEntry, *, member: Member | None = None, sheet: Scoresheet | None = None
) -> dict[str, Any]:
    """The score sheet of a product: blank, for ``member`` to fill by pen, or as in ``sheet``.

    The caller checks that the reader may see ``sheet``. Names are those of the day it was handed
    in, of a blank one those of the day on which the round was closed.
    """
    with _as_of(sheet.submitted_at if sheet else entry.round.closed_at), translation.override("vi"):
        return _sheet(entry, member, sheet)


def _sheet(entry: RoundEntry, member: Member | None, sheet: Scoresheet | None) -> dict[str, Any]:
    scores = list(sheet.scores.select_related("criterion")) if sheet else []
    product = entry.dossier.product
    form = score_sheet(
        entry.rubric,
        chosen={score.option_id for score in scores},
        remarks={score.criterion.code: score.remark for score in scores},
    )
    then = Then(entry.round)
    head = _head(DocumentKind.SCORE_SHEET, then, entry)
    return (
        head
        | form
        | {
            "member": _name(member.user) if member else "",
            "position": member.department if member else "",
            "role": member.get_seat_display() if member else "",
            "product": _name(product),
            "producer": _name(product.producer),
            "commune": _commune(entry, then.day),
            "signature": {
                "lines": ["THÀNH VIÊN CHẤM ĐIỂM"],
                "name": _name(member.user) if member else "",
            },
            "opinion": sheet.remark if sheet else "",
        }
    )


def certificate_of(certificate: Certificate, *, link: str) -> dict[str, Any]:
    """The certificate of a product; ``link`` is the full address for its QR code. It is of the
    chair of the unit that gave it, or of the minister.
    """
    unit, day = certificate.issuer, certificate.issued_on
    with _as_of(end_of(day)):
        name, commune = _name(unit), _name(certificate.dossier.commune_on(day))
    if unit is None:
        agency, issuer, place = f"Bộ trưởng {documents.ministry(day)}", "BNNMT", "Hà Nội"
        title, own = "BỘ TRƯỞNG", ""
    else:
        agency, issuer = f"Chủ tịch {committee_of(name)}", "UBND"
        place = place_of(name)
        title, own = "CHỦ TỊCH", "uy ban nhan dan"
    decision = certificate.decision
    return {
        "agency": agency,
        "issuer": issuer,
        **numbered(certificate.number, day),
        "place": place,
        "signature": signed_by(
            decision.signer_capacity if decision else "",
            decision.signer if decision else "",
            [title],
            own,
        ),
        "product": certificate.product_name,
        "producer": certificate.producer_name,
        "address": certificate.producer_address or commune,
        "stars": certificate.stars,
        "decision": named("Quyết định", decision.number, decision.signed_on) if decision else "",
        "valid_until": day_text(certificate.expires_on) if certificate.expires_on else "",
        "qr_url": link,
    }
