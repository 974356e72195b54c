"""What the proofs of the council stand on: councils of any size, rounds, sheets by the thousand."""

from collections import namedtuple
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import F

from bench.ground import Ground
from councils.models import (
    Attendance,
    Council,
    EvaluationRound,
    Member,
    Regulation,
    RoundEntry,
    RoundState,
    Scoresheet,
    Seat,
    SheetState,
)
from cycle import clock
from cycle.models import Criterion, HistoryEntry, Option, Role, Rubric
from tests.judging import decided, recorded
from tests.world import person

#: What a sheet says on one criterion.
Choice = namedtuple("Choice", "criterion option points")


class Chamber(Ground):
    """A province whose councils keep no limit of spread, so that only the checklist holds them."""

    def __init__(self):
        super().__init__()
        self.thu = person("thu", "Phạm Hoài Thu", (Role.COUNCIL_OFFICE, self.province))
        self.regulation = Regulation.objects.create(
            org_unit=self.province,
            basis=recorded(decided("12/QĐ-HĐ", clock.today()), self.province),
            valid_from=clock.today() - timedelta(days=365),
            max_spread=None,
        )

    def council(self, judges):
        """A council of so many who score, the chair first, with a secretary who does not."""
        day = clock.today()
        council = Council.set_up(
            Council(
                org_unit=self.province,
                name=f"Hội đồng {judges} người chấm",
                decision=decided(f"{judges}/QĐ-UBND", day),
                valid_from=day,
            ),
            by=self.thu,
        )
        seats = [Seat.CHAIR] + [Seat.MEMBER] * (judges - 1) + [Seat.SECRETARY]
        for number, seat in enumerate(seats):
            user = person(f"c{council.pk}_{number}", f"Thành viên {council.pk}.{number}")
            council.give_seat(Member(user=user, seat=seat, since=day), by=self.thu)
        return council

    def rounds(self, council, rubric, number, entries):
        """So many open rounds of so many products each, everybody present."""
        moment, judges = clock.now(), judges_of(council)
        first = self.dossiers(number * entries)
        with transaction.atomic():
            rounds = EvaluationRound.objects.bulk_create(
                EvaluationRound(
                    council=council,
                    regulation=self.regulation,
                    cycle=self.cycle,
                    name=f"Đợt {place}",
                    meets_at=moment,
                    state=RoundState.OPEN,
                    opened_at=moment,
                )
                for place in range(number)
            )
            for round_ in rounds:
                for event in ("round.create", "round.attend"):
                    HistoryEntry.objects.record(event, round_, by=self.thu)
            Attendance.objects.bulk_create(
                Attendance(round=round_, member=member, present=True)
                for round_ in rounds
                for member in judges
            )
            RoundEntry.objects.bulk_create(
                RoundEntry(
                    round=round_,
                    dossier_id=first + place * entries + position,
                    rubric=rubric,
                    position=position + 1,
                )
                for place, round_ in enumerate(rounds)
                for position in range(entries)
            )
        return rounds


def judges_of(council):
    """Who scores, the chair first."""
    seats = [Seat.CHAIR, Seat.VICE_CHAIR, Seat.MEMBER]
    return list(council.members.filter(seat__in=seats).select_related("user").order_by("pk"))


def write(sheets):
    """Store ``(entry, member or None, scoring, choices, submitted)``; returns the sheets.

    Every score goes through the database's guards, in the order of the rubric.
    """
    sheets = list(sheets)
    moment = clock.now()
    with transaction.atomic():
        rows = Scoresheet.objects.bulk_create(
            Scoresheet(entry=entry, member=member, scoring=scoring)
            for entry, member, scoring, _choices, _submitted in sheets
        )
        with (
            connection.cursor() as cursor,
            cursor.copy(
                "COPY councils_score (sheet_id, criterion_id, option_id, points, remark, saved_at)"
                " FROM STDIN"
            ) as scores,
        ):
            for row, (_entry, _member, _scoring, choices, _submitted) in zip(
                rows, sheets, strict=True
            ):
                for choice in choices:
                    scores.write_row((row.pk, *choice, "", moment))
        Scoresheet.objects.filter(
            pk__in=[row.pk for row, sheet in zip(rows, sheets, strict=True) if sheet[-1]]
        ).update(state=SheetState.SUBMITTED, submitted_at=moment)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE councils_score, councils_scoresheet, councils_roundentry")
    return rows


def counted(rounds):
    """Let all products of these rounds be counted, as the secretary does before the closing."""
    with transaction.atomic():
        for round_ in rounds:
            HistoryEntry.objects.record("round.count_sheets", round_)
        RoundEntry.objects.filter(round__in=[round_.pk for round_ in rounds]).update(
            counted_scoring=F("scoring")
        )


# --- A rubric that reaches any sum ------------------------------------------------------------


def _levels(*points, case=0, **marks):
    """Options as (case, points, minimum for): ``three=2`` marks 2 points with three stars."""
    stars = {points: {"three": 3, "four": 4, "five": 5}[name] for name, points in marks.items()}
    return [(case, point, stars.get(point)) for point in points]


#: code -> (options, the code it requires). The first three reach every sum up to 80.99.
EXACT = {
    "tens": (_levels(*range(0, 70, 10), three=20, four=40, five=50), None),
    "ones": (_levels(*range(21)), None),
    "cents": (_levels(*(f"0.{cent:02}" for cent in range(100))), None),
    "story": (_levels(0, 1, 2), None),
    "told": (_levels(1, 2, 3, 4, three=2, four=3), "story"),
    "cases": (_levels(0, 2, 4, case=1, three=2, five=4) + _levels(0, 1, 3, case=2, three=1), None),
    "safe": (_levels(0, 1, 2, 3, four=1, five=3), None),
    "green": (_levels(0, 2, 4, three=2), None),
}


def exact_rubric(rule_set):
    """A product set of our own with hundredths, cases, a dependent criterion and minimums."""
    rubric = Rubric.objects.create(
        rule_set=rule_set,
        number=99,
        name="Bộ thử",
        group="food",
        sections=[],
        content_hash="0" * 64,
    )
    made = {}
    for position, (code, (options, required)) in enumerate(EXACT.items(), 1):
        made[code] = Criterion.objects.create(
            rubric=rubric,
            position=position,
            part="A",
            code=code,
            title=code,
            points=max(float(points) for _case, points, _stars in options),
            requires=made.get(required),
            cases=["1", "2"] if code == "cases" else [],
        )
        Option.objects.bulk_create(
            Option(criterion=made[code], case=case, level=level, points=points, minimum_for=stars)
            for level, (case, points, stars) in enumerate(options, 1)
        )
    rubric.eliminations.create(position=1, short_label="Giả mạo")
    return rubric


def options_of(rubric):
    """Its options by criterion, each with the criterion it requires: ``{criterion: [Option]}``."""
    return {
        criterion: sorted(criterion.options.all(), key=lambda option: (option.case, option.points))
        for criterion in rubric.criteria.prefetch_related("options").order_by("position")
    }


def filled(chance, options, fixed=None):
    """A random sheet in the order of the rubric; ``fixed`` chooses some options by criterion."""
    points, sheet = {}, []
    for criterion, choices in options.items():
        if criterion.requires_id is None or points[criterion.requires_id]:
            option = (fixed or {}).get(criterion.pk) or chance.choice(choices)
            sheet.append(Choice(criterion.pk, option.pk, option.points))
            points[criterion.pk] = option.points
    return sheet
