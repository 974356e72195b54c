"""A council at work, made up: seats, a round, products before it, sheets filled in."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from councils.judging import closing
from councils.models import (
    Appraisal,
    Council,
    DocumentKind,
    EvaluationRound,
    Member,
    Regulation,
    Score,
    Scoresheet,
    Seat,
    SignedDocument,
)
from councils.stories import sitting
from cycle import clock, rubrics
from cycle.models import Document, LawReading, OrgUnit, kind_of
from dossiers.models import CaseType, State
from tests.rubric_files import of
from tests.standing import stand
from tests.world import open_dossier, person

#: Who sits on a council of :func:`seat`, the chair first.
SEATS = [
    ("chu_tich", "Trần Công Chủ", Seat.CHAIR),
    ("uy_vien_1", "Lê Thị Một", Seat.MEMBER),
    ("uy_vien_2", "Vàng Văn Hai", Seat.MEMBER),
    ("uy_vien_3", "Mùa A Ba", Seat.MEMBER),
    ("uy_vien_4", "Quàng Thị Bốn", Seat.MEMBER),
    ("thu_ky", "Đỗ Thư Ký", Seat.SECRETARY),
    ("to_truong", "Lò Tổ Trưởng", Seat.TEAM_LEAD),
]


def regulate(org_unit, **fields):
    """The unit's regulation, in force since a year ago."""
    return Regulation.objects.create(
        org_unit=org_unit,
        basis=recorded(decided("12/QĐ-HĐ", date(2026, 2, 1)), org_unit),
        valid_from=clock.today() - timedelta(days=365),
        **fields,
    )


def decided(number, day):
    """A decision of the chair of the province, as it is typed: unsaved."""
    return Document(
        number=number, signed_on=day, signer="Trần Công Sơn", signer_capacity="Chủ tịch UBND tỉnh"
    )


def paper(text):
    """«15/VB-UBND ngày 01/11/2026», or of today, as it is typed: unsaved."""
    number, _, day = text.partition(" ngày ")
    return decided(number, datetime.strptime(day, "%d/%m/%Y").date() if day else clock.today())


def typed(text):
    """What a form asks of such a paper."""
    named = ("number", "signer", "signer_capacity")
    made = paper(text)
    return {name: getattr(made, name) for name in named} | {
        "signed_on": f"{made.signed_on:%d/%m/%Y}"
    }


def recorded(document, issuer):
    """A document as it is typed, in the ledger, past the door: the one of its number if there is."""
    document.issuer, document.kind = issuer, kind_of(document.number)
    document.direction, document.at = "outgoing", clock.now()
    same = Document.objects.standing().numbered(document.number)
    known = same.filter(issuer=issuer, year=document.signed_on.year).first()
    if known is None:
        document.save()
    return known or document


def read_as(point, choice, by):
    """The province reads a point of the law so, on a document of the ledger."""
    province = OrgUnit.objects.get(level="province")
    LawReading.choose(point, choice, basis=recorded(paper("7/QĐ-UBND"), province), by=by)


def seat(org_unit, by, prefix=""):
    """A council of five judges, a secretary and a support team at ``org_unit``."""
    there = Council.objects.filter(org_unit=org_unit).count()
    council = Council.set_up(
        Council(
            org_unit=org_unit,
            name=f"Hội đồng OCOP {org_unit}",
            decision=decided(f"{123 + there}/QĐ-UBND", clock.today() - timedelta(days=30)),
            valid_from=clock.today() - timedelta(days=30),
        ),
        by=by,
    )
    for username, full_name, held in SEATS:
        council.give_seat(
            Member(
                user=person(prefix + username, full_name),
                seat=held,
                department="Sở Nông nghiệp và Môi trường",
                since=council.valid_from,
            ),
            by=by,
        )
    return council


def before_council(
    cycle, commune, by, number=1, state=State.PROVINCE_EVALUATING, case_type=CaseType.FIRST
):
    """Dossiers that stand before the council."""
    return [
        stand(
            open_dossier(cycle, commune, by, name=f"Mật ong rừng {count}"),
            state,
            case_type=case_type,
            stars=None,
            points_sum=None,
            sheets=None,
        )
        for count in range(1, number + 1)
    ]


def rubric_of(dossier, number=1):
    """One product set of the dossier's edition, loaded alone when it is first asked for."""
    found = dossier.rule_set.rubrics.current().filter(number=number)
    if not found.exists():
        rubrics.load(dossier.rule_set, [of(dossier.rule_set.edition, number)])
    return found.get()


def begin(council, cycle, dossiers, by, *, open_it=True, everybody=True, **details):
    """A round over ``dossiers``, open and attended."""
    prepared = council.rounds.filter(state="preparing").count()
    round_ = EvaluationRound.create(
        EvaluationRound(
            council=council,
            cycle=cycle,
            name=f"Đợt {prepared + 1}",
            **{"meets_at": clock.now(), "place": "Phòng họp tầng 2"} | details,
        ),
        by=by,
    )
    pairs = [(dossier, rubric_of(dossier)) for dossier in dossiers]
    round_.take_in(pairs, by=by, complexity="Hai cơ sở cùng nhãn hiệu")
    if open_it:
        report(round_, by=by)
        round_.open(by=by)
        if everybody:
            round_.attend({member.pk: True for member in council.members.all()}, by=by)
    return round_


def report(round_, *, by):
    """The office's report on each re-evaluation of the round that has none."""
    lacking = round_.entries.filter(live=True, appraisals=None)
    for entry in lacking.filter(dossier__case_type=CaseType.REEVALUATION):
        Appraisal.hand_in(Appraisal(entry=entry, report="Hồ sơ đủ, số liệu khớp"), [], by=by)
    if round_.lacks_signed_report():
        sign_report(round_, by=by)


def sign_report(round_, *, by):
    """The office's report of the round, with a number of its own."""
    document = Document(
        number=f"{round_.pk}-{round_.documents.count()}/BC-TTHĐ",
        signed_on=clock.today(),
        signer="Phạm Thường Trực",
        signer_capacity="Thường trực Hội đồng",
    )
    paper = SignedDocument(document=document)
    return SignedDocument.record(paper, round_, DocumentKind.SUPPORT_REPORT, by=by)


def judge(council, number):
    """The member in the seat with this number in :data:`SEATS`."""
    return council.members.select_related("user").get(user__username__endswith=SEATS[number][0])


def choose(rubric, wish):
    """The options of a sheet: ``wish(criterion, options)`` picks one on each that applies."""
    chosen = {}
    for criterion in rubric.criteria.prefetch_related("options"):
        required = chosen.get(criterion.requires_id)
        if criterion.requires_id is None or (required is not None and required.points):
            options = sorted(criterion.options.all(), key=lambda option: option.points)
            chosen[criterion.pk] = wish(criterion, options)
    return list(chosen.values())


def best(_criterion, options):
    """As many points as there are."""
    return options[-1]


def worst(_criterion, options):
    """As few points as there are."""
    return options[0]


def score(sheet, options, *, by, remark=None):
    """Choose these options of a whole sheet: the first by the act, the others in one stroke.

    Raises what the act raises to who may not score here now.
    """
    first, *others = options
    sheet.put(first, by=by, remark=remark)
    now = clock.now()
    # What no longer applies goes before what it requires gets no points.
    sheet.scores.exclude(criterion__in=[option.criterion_id for option in options]).delete()
    Score.objects.bulk_create(
        [
            Score(
                sheet=sheet,
                criterion_id=option.criterion_id,
                option=option,
                points=option.points,
                remark=remark or "",
                saved_at=now,
            )
            for option in others
        ],
        update_conflicts=True,
        unique_fields=["sheet", "criterion"],
        update_fields=["option", "points", "saved_at", *(["remark"] if remark else [])],
    )


def fill(entry, member, wish=best, *, submit=True):
    """The member's sheet on the entry, scored and handed in."""
    sheet = Scoresheet.of(entry, member)
    score(sheet, choose(entry.rubric, wish), by=member.user)
    if submit:
        sheet.submit(by=member.user)
    return sheet


def count(round_, *entries):
    """The secretary counts these products, or all whose sheets are in."""
    secretary = judge(round_.council, 5).user
    return closing.count(round_, entries or closing.countable(round_), by=secretary)


def close(round_, *, by):
    """Count what is complete, then close; returns what closing returns, raises what it raises."""
    sitting.count(round_, by=by)
    return closing.close(round_, by=by)


def total(sheet):
    """The points on a sheet."""
    return sum((score.points for score in sheet.scores.all()), Decimal(0))


def missing_four(rubric, points=75):
    """Options that come to ``points``, reach every minimum of three stars and all but one of four.

    Returns the options and the code of the criterion whose ``****`` is missed.
    """
    rows = [
        (criterion, sorted(criterion.options.all(), key=lambda option: option.points))
        for criterion in rubric.criteria.prefetch_related("options")
    ]
    for missed, options in rows:
        floor = min((o.points for o in options if o.minimum_for == 4), default=None)
        least = min((o.points for o in options if o.minimum_for == 3), default=Decimal(0))
        below = [o for o in options if floor is not None and least <= o.points < floor]
        if not below:
            continue
        # By total, and by which criteria have points: others may require them.
        found = {(Decimal(0), frozenset()): []}
        for criterion, levels in rows:
            allowed = below if criterion == missed else _reaching(levels, 4)
            further = {}
            for (total, scored), chosen in found.items():
                if criterion.requires_id and criterion.requires_id not in scored:
                    further[total, scored] = chosen
                    continue
                for option in allowed:
                    named = scored | {criterion.pk} if option.points else scored
                    kept = named & {each.requires_id for each, _levels in rows}
                    further[total + option.points, frozenset(kept)] = [*chosen, option]
            found = further
        for (total, _scored), chosen in found.items():
            if total == points:
                return chosen, missed.code
    raise AssertionError("no such sheet")


def _reaching(levels, stars):
    floors = [o.points for o in levels if o.minimum_for and o.minimum_for <= stars]
    return [o for o in levels if o.points >= max(floors, default=Decimal(0))]
