"""What councils ask of people (việc của hội đồng), for the inbox: sheets, reports, opinions,
rounds, papers. Who a row is for is said as ``councils/rules.py`` says it of one person and one row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Case,
    DateField,
    DateTimeField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Concat, Least, TruncDate
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from councils.models import (
    JUDGES,
    TEAM,
    Appraisal,
    Attendance,
    Closing,
    Consequence,
    Council,
    DocumentKind,
    EvaluationRound,
    Interest,
    Member,
    Opinion,
    Regulation,
    Result,
    RoundEntry,
    RoundMode,
    RoundState,
    Scoresheet,
    Seat,
    SheetState,
    SignedDocument,
)
from cycle.models import Level, OrgUnit, Role, RuleSet
from cycle.prepared import Blank, prepared
from cycle.steps import Step
from dossiers.lists import work
from dossiers.lists.documents import asks_for_scan
from dossiers.lists.work import Kind, Waiting
from dossiers.models import CaseType, Task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from django.db.models import QuerySet

    from councils.models.council import MemberQuerySet
    from cycle.models import User
    from dossiers.lists.work import Row


def _at(name: str) -> Any:
    """The address with this name, of the place of a row."""
    return work.At(f"councils:{name}")


_ROUND_ASKS = {
    "take_in": _("Đưa sản phẩm vào đợt"),
    "open": _("Mời họp, mở chấm điểm"),
    "close": _("Kiểm phiếu, chốt kết quả đợt"),
}
_SETUP_ASKS = {
    "regulation": _("Ghi quy chế hội đồng: có hồ sơ đang chờ chấm"),
    "council": _("Lập hội đồng: có hồ sơ đang chờ chấm"),
}
_SETUP_AT = {"regulation": "councils:regulations", "council": "councils:councils"}


def _papers_asked(row: Row) -> str:
    kinds = ", ".join(str(DocumentKind(kind).label) for kind in row["said"].split())
    return _now("Ghi số văn bản của đợt: %(papers)s") % {"papers": kinds}


def _scan_asked(row: Row) -> str:
    return _now("Đính bản chụp: %(paper)s") % {"paper": DocumentKind(row["said"]).label}


def _scan_at(row: Row) -> str:
    return f"{reverse('councils:documents', args=[row['place']])}?kind={row['said']}"


def _kind(name: str, label: Any, title: Any, link: Any) -> Kind:
    """A kind of the step in which councils judge."""
    return Kind(name, label, title, link, Step.EVALUATION)


SHEET = _kind("sheet", _("Phiếu chấm điểm"), lambda row: _("Chấm điểm, nộp phiếu"), _at("sheet"))
APPRAISAL = _kind(
    "appraisal", _("Báo cáo thẩm định"), lambda row: _("Gửi báo cáo thẩm định"), _at("appraisal")
)
OPINION = _kind("opinion", _("Ý kiến được hỏi"), lambda row: _("Trả lời ý kiến"), _at("opinion"))
COMPARE = _kind(
    "compare",
    _("Phiếu giấy chờ xác nhận"),
    lambda row: _("Đối chiếu phiếu giấy với bản chụp"),
    _at("compare"),
)
ROUND = _kind("round", _("Đợt đánh giá"), lambda row: _ROUND_ASKS[row["said"]], _at("round"))
PAPERS = _kind("papers", _("Văn bản chờ ghi số"), _papers_asked, _at("documents"))
SCAN = _kind("scan", _("Văn bản chờ bản chụp"), _scan_asked, _scan_at)
FOLLOW = _kind(
    "follow",
    _("Kết quả chưa chuyển bước"),
    lambda row: _("Xử lý kết quả chưa chuyển được vào hồ sơ"),
    _at("results"),
)
SETUP = _kind(
    "setup",
    _("Quy chế, hội đồng còn thiếu"),
    lambda row: _SETUP_ASKS[row["said"]],
    lambda row: reverse(_SETUP_AT[row["said"]]),
)

#: The papers of a closed round that are recorded with their numbers, in the order of the list;
#: whether the ministry is asked, and by what, each product's own tasks say.
_NUMBERED = (DocumentKind.MINUTES, DocumentKind.DECISION, DocumentKind.NOTICE)
_AGAIN = Q(dossier__case_type=CaseType.REEVALUATION)
_RUNNING = (RoundState.PREPARING, RoundState.OPEN)


class _DayBefore(Func):
    """The day before a day."""

    template = "(%(expressions)s - 1)"
    output_field = DateField()


def _day(round_: str = "") -> Coalesce:
    """Until when a round is to be judged: the day of its meeting; without one, the last day before
    that by which it must have a result.
    """
    return Coalesce(
        TruncDate(f"{round_}meets_at"),
        _DayBefore(F(f"{round_}decide_by")),
        output_field=DateField(),
    )


# --- Whose it is ----------------------------------------------------------------------------


def of(user: User, today: date) -> Iterator[Waiting]:
    """What councils ask of this person. One query says where they ever sat: most people nowhere,
    and hold no post that has to do with a council.
    """
    if user.business(Role.DEPARTMENT):
        yield _opinions(Opinion.objects.asked_of(user).filter(answered_at=None))
    seats = _seats(user=user.pk, today=today)

    def sits(*as_: str) -> list[int]:
        """Ids of the councils where the person sits today, in one of these seats."""
        return [
            council
            for council, seat, since, until, *_more in seats
            if seat in as_ and since <= today and (until is None or until >= today)
        ]

    scores = [each for each in seats if each[1] in (*JUDGES, Seat.SECRETARY) and each[5]]
    judged = sits(*JUDGES, Seat.SECRETARY)
    # Who scores does not act as another's substitute there (``rules.runs``).
    posts = [
        held for held in user.posts(Role.COUNCIL_OFFICE) if held.user_id == user.pk or not judged
    ]
    offices = sorted({unit for held in posts for unit in held.business})
    secretary, chairs = sits(Seat.SECRETARY), sits(Seat.CHAIR, Seat.VICE_CHAIR)
    runs = Q(council__org_unit__in=offices) | Q(council__in=secretary)
    presides = runs | Q(council__in=chairs)
    if scores:
        owed = sorted({entry for seat in scores for entry in seat[6]})
        yield _of_products(SHEET, RoundEntry.objects.filter(pk__in=owed), "round__opened_at")
    if any(each[4] for each in scores) or offices or secretary or chairs:
        yield _compared(user, presides, sits(*JUDGES), secretary)
    if team := sits(*TEAM):
        # Of which editions the office alone reports on a re-evaluation, the editions say.
        alone = [pk for pk in seats[0][-1] if RuleSet.pinned(pk).office_reports]
        office_s = _AGAIN & Q(dossier__rule_set__in=alone)
        yield _reports(Q(round__council__in=team) & ~office_s)
    if offices:
        yield _reports(Q(round__council__org_unit__in=offices) & _AGAIN)
    if offices or secretary or chairs:
        yield from _of_rounds(runs, presides)
    levels = {held.org_unit.level for held in user.assignments()}
    desks = user.business(Role.CLERK, Role.OFFICER) if levels - {Level.COMMUNE} else []
    if desks or offices or secretary:
        yield from _of_papers(runs, runs | Q(council__org_unit__in=desks))
    if offices and not judged:
        yield _setup(offices, today)


def overseen(user: User, today: date) -> Iterator[Waiting]:
    """What is asked of anybody in this person's area, with a due day: for the register of what is
    late, and for the week.
    """
    area = user.area()
    if not area:
        return
    here = Q(council__org_unit__in=area)
    of_round = Q(round__council__org_unit__in=area)
    owed = _owed(Member.objects.filter(here), today)
    yield _of_products(SHEET, owed, "round__opened_at")
    yield _reports(of_round)
    yield _opinions(
        Opinion.objects.filter(entry__round__council__org_unit__in=area, answered_at=None)
    )
    yield _pen_sheets(Scoresheet.objects.filter(entry__round__council__org_unit__in=area))
    yield _rounds(EvaluationRound.objects.filter(here, state__in=_RUNNING))


@prepared
def _seats(*, user: Any, today: Any) -> QuerySet[Any]:
    """Where a person ever sat: council, seat, first and last day, whether a sheet of it was typed
    from paper, whether a round is open there, the products of open rounds that it owes a sheet; and
    all editions.
    """
    open_ = EvaluationRound.objects.filter(council=OuterRef("council"), state=RoundState.OPEN)
    typed = Scoresheet.objects.filter(member=OuterRef("pk"), state=SheetState.ENTERED)
    owed = _owed(Member.objects.filter(pk=OuterRef(OuterRef("pk"))), today)
    return Member.objects.filter(user=user).values_list(
        "council",
        "seat",
        "since",
        "until",
        Exists(typed),
        Exists(open_),
        ArraySubquery(owed.order_by().values("pk")),
        ArraySubquery(RuleSet.objects.order_by().values("pk")),
    )


# --- What waits -----------------------------------------------------------------------------


def _opinions(asked: QuerySet[Opinion]) -> Waiting:
    return Waiting(
        OPINION,
        asked,
        since=F("asked_at"),
        due_on=F("due_on"),
        who="to",
        unit="entry__round__council__org_unit",
        dossier="entry__dossier",
    )


def _of_products(kind: Kind, entries: QuerySet[RoundEntry], since: str) -> Waiting:
    return Waiting(
        kind,
        entries,
        since=F(since),
        due_on=_day("round__"),
        unit="round__council__org_unit",
        dossier="dossier",
    )


def _owed(seats: MemberQuerySet, today: date | Blank) -> QuerySet[RoundEntry]:
    """The products of open rounds whose sheet one of these seats owes: see
    ``EvaluationRound.due_to_score`` and ``waits_for``; not those whose sheets were counted.
    """
    its_day: Any = today if isinstance(today, Blank) else Value(today, output_field=DateField())
    entry, person = OuterRef(OuterRef("pk")), {"member__user": OuterRef("user")}
    left_out = Interest.objects.filter(entry=entry, recused=True, **person)
    given = Scoresheet.objects.filter(
        ~Q(state=SheetState.DRAFT, entered_by=None),
        entry=entry,
        scoring=OuterRef(OuterRef("scoring")),
        **person,
    )
    away = Attendance.objects.filter(round=OuterRef(OuterRef("round")), present=False, **person)
    its = "council__rounds__"
    meets = Q((f"{its}mode", RoundMode.MEETING))
    # In writing a round has no time of meeting. Who has left since scores what met before.
    here = Q(until=None) | Q(until__gte=its_day)
    met_on = OuterRef("work_met_on")
    owe = seats.held(met_on, met_on).filter(
        Q(seat__in=JUDGES) | Q((f"{its}regulation__secretary_scores", True), seat=Seat.SECRETARY),
        meets | Q(here, user__is_active=True),
        Q((f"{its}mode", RoundMode.WRITTEN))
        | Q((f"{its}regulation__absent_sheets", True))
        | ~Exists(away),
        ~Exists(left_out),
        ~Exists(given),
        council__rounds=OuterRef("round"),
    )
    day = TruncDate(Coalesce("round__meets_at", "round__opened_at", output_field=DateTimeField()))
    return (
        RoundEntry.objects.annotate(work_met_on=Least(day, its_day))
        .filter(Exists(owe), live=True, round__state=RoundState.OPEN)
        .exclude(counted_scoring=F("scoring"))
    )


def _unreported() -> QuerySet[RoundEntry]:
    """Products that no report tells of yet, of rounds that are not over."""
    reports = Appraisal.objects.filter(entry__dossier=OuterRef("dossier"))
    here = Q(entry__round=OuterRef("round")) | Q(entry__round=OuterRef("round__follows"))
    # Of a re-evaluation also what an earlier round of the year had (EntryQuerySet.grounds).
    again = reports.filter(
        entry__dossier__case_type=CaseType.REEVALUATION,
        entry__round__cycle=OuterRef("round__cycle"),
    )
    waits = RoundEntry.objects.filter(live=True, round__state__in=_RUNNING)
    waits = waits.exclude(counted_scoring=F("scoring"))
    return waits.exclude(Exists(reports.filter(here))).exclude(Exists(again))


def _reports(whose: Q) -> Waiting:
    """Who reports: the support team; on a re-evaluation the office (``rules.reports``)."""
    return _of_products(APPRAISAL, _unreported().filter(whose), "round__invited_at")


def _rounds(rounds: QuerySet[EvaluationRound]) -> Waiting:
    products = RoundEntry.objects.filter(round=OuterRef("pk"), live=True)
    return Waiting(
        ROUND,
        rounds,
        since=F("opened_at"),
        due_on=_day(),
        unit="council__org_unit",
        cycle="cycle",
        name=F("name"),
        said=Case(
            When(state=RoundState.OPEN, then=Value("close")),
            When(Exists(products), then=Value("open")),
            default=Value("take_in"),
        ),
    )


def _compared(user: User, presides: Q, judged: list[int], secretary: list[int]) -> Waiting:
    """Pen sheets to compare: one's own, and others' where one presides and does not score."""
    rounds = EvaluationRound.objects.filter(presides).exclude(council__in=judged)
    rounds = rounds.exclude(council__in=secretary, regulation__secretary_scores=True)
    whose = Q(member__user=user) | Q(entry__round__in=rounds.values("pk"))
    return _pen_sheets(Scoresheet.objects.filter(whose).exclude(entered_by=user))


def _pen_sheets(sheets: QuerySet[Scoresheet]) -> Waiting:
    return Waiting(
        COMPARE,
        sheets.filter(
            state=SheetState.ENTERED,
            member__isnull=False,
            scoring=F("entry__scoring"),
            entry__live=True,
            entry__round__state=RoundState.OPEN,
        ),
        since=F("entry__round__opened_at"),
        due_on=_day("entry__round__"),
        unit="entry__round__council__org_unit",
        dossier="entry__dossier",
    )


def _of_rounds(runs: Q, presides: Q) -> Iterator[Waiting]:
    """Rounds to be prepared by who runs them, and closed by who presides; results that did not
    reach their dossiers.
    """
    rounds = EvaluationRound.objects
    prepares = Q(runs, state=RoundState.PREPARING)
    yield _rounds(rounds.filter(prepares | Q(presides, state=RoundState.OPEN)))
    failed = Consequence.objects.filter(result__closing=OuterRef("pk"), applied_at=None).exclude(
        error=""
    )
    closings = Closing.objects.filter(Exists(failed), reopening=None)
    yield Waiting(
        FOLLOW,
        closings.filter(round__in=rounds.filter(presides).values("pk")),
        since=F("at"),
        unit="round__council__org_unit",
        name=F("round__name"),
        place="round",
    )


def _of_papers(runs: Q, whose: Q) -> Iterator[Waiting]:
    """Papers of rounds of years that run: to be recorded with their numbers, and scans to them; of
    the team's report by who ``runs`` the round, for the desk does not read it.
    """
    its = EvaluationRound.objects.filter(whose, cycle__closed_on=None)
    recorded = SignedDocument.objects.filter(
        round=OuterRef("pk"), entry=None, replaced_by=None, at__gte=OuterRef("closed_at")
    )
    decided = Result.objects.filter(
        closing__round=OuterRef("pk"), closing__reopening=None, stars__in=(3, 4)
    )
    lacks: dict[DocumentKind, Any] = {
        kind: ~Exists(recorded.filter(kind=kind)) for kind in _NUMBERED
    }
    lacks[DocumentKind.DECISION] &= Exists(decided) & Q(council__org_unit__level=Level.PROVINCE)
    closed = its.filter(state=RoundState.CLOSED)
    any_lacks = Q()
    for lack in lacks.values():
        any_lacks |= Q(lack)
    yield Waiting(
        PAPERS,
        closed.filter(any_lacks),
        since=F("closed_at"),
        unit="council__org_unit",
        name=F("name"),
        said=Concat(
            *(
                Case(When(lack, then=Value(f"{kind.value} ")), default=Value(""))
                for kind, lack in lacks.items()
            ),
            output_field=TextField(),
        ),
    )
    yield Waiting(
        SCAN,
        SignedDocument.objects.filter(
            entry=None,
            replaced_by=None,
            document__scan_sha256="",
            document__before=False,
            round__in=its.values("pk"),
        ).filter(
            ~Q(kind=DocumentKind.SUPPORT_REPORT)
            | Q(round__in=EvaluationRound.objects.filter(runs).values("pk"))
        ),
        since=F("at"),
        unit="round__council__org_unit",
        name=F("round__name"),
        said=F("kind"),
        place="round",
    )


def _setup(offices: list[int], today: date) -> Waiting:
    """What must be there before a council can judge, where dossiers wait for it."""
    waits = Task.objects.open().filter(org_unit=OuterRef("pk"), role=Role.COUNCIL_OFFICE)
    law = Regulation.objects.filter(org_unit=OuterRef("pk"), valid_from__lte=today)
    council = Council.objects.in_term(today).filter(org_unit=OuterRef("pk"))
    units = OrgUnit.objects.filter(Exists(waits), pk__in=offices)
    return Waiting(
        SETUP,
        units.exclude(Exists(law), Exists(council)),
        since=Value(work.EVER),
        unit="",
        name=Value(""),
        said=Case(When(Exists(law), then=Value("council")), default=Value("regulation")),
    )


@asks_for_scan
def _of_rounds_themselves() -> QuerySet[Any]:
    """The documents of rounds whose scans :data:`SCAN` asks for, each by itself."""
    its = SignedDocument.objects.filter(entry=None, replaced_by=None, round__cycle__closed_on=None)
    return its.order_by().values("document")


work.register(
    of,
    SHEET,
    APPRAISAL,
    OPINION,
    COMPARE,
    ROUND,
    PAPERS,
    SCAN,
    FOLLOW,
    SETUP,
    overseen=overseen,
)
