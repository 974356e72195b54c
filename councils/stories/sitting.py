"""A council at work in the replay or the demo: sheets are made up to add up to a known sum.

Sheets are handed in and rounds closed by the product's own acts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from random import Random

import rules

from councils.judging import closing
from councils.models import (
    Closing,
    Council,
    EvaluationRound,
    Member,
    RoundEntry,
    Score,
    Scoresheet,
    Seat,
)
from cycle import clock
from cycle.models import Job, Option, Rubric, User


class NoSuchSheet(Exception):
    """No choice of options on the rubric adds up to these points."""

    def __init__(self, rubric: Rubric, points: Decimal) -> None:
        super().__init__(f"bộ tiêu chí «{rubric}» không cho được {points} điểm.")


def take_seats(
    council: Council,
    people: Iterable[tuple[str, User, str]],
    *,
    by: User,
    until: date | None = None,
) -> None:
    """Give seats to ``people``, (seat, user, department), from the council's first day."""
    for seat, user, department in people:
        council.give_seat(
            Member(
                user=user,
                seat=seat,
                department=department,
                since=council.valid_from,
                until=until,
            ),
            by=by,
        )


def seats(judges: int) -> list[Seat]:
    """The seats of a council with ``judges`` scoring members: chair first, then members, secretary,
    head of the support team.
    """
    members = [Seat.MEMBER] * (judges - 1)
    return [Seat.CHAIR, *members, Seat.SECRETARY, Seat.TEAM_LEAD]


class Pen:
    """Makes up sheets of one rubric, each reaching the minimums up to ``stars``; ``chance`` is the
    source of random numbers.
    """

    def __init__(self, rubric: Rubric, chance: Random, stars: int = 0) -> None:
        self.rubric, self.chance = rubric, chance
        criteria = list(rubric.criteria.prefetch_related("options"))
        required = {criterion.requires_id for criterion in criteria}
        self.levels = [
            [
                option
                for option in _from_minimum(criterion.options.all(), stars)
                # With points, so that the criteria that require it apply.
                if option.points or criterion.pk not in required
            ]
            for criterion in criteria
        ]

    def options(self, points: Decimal) -> list[Option]:
        """One option of each criterion, adding up to ``points``. Raises NoSuchSheet."""
        levels = self.chance.sample(self.levels, len(self.levels))
        left = [{Decimal(0)}]
        for options in reversed(levels):
            left.append({option.points + rest for option in options for rest in left[-1]})
        if points not in left.pop():
            raise NoSuchSheet(self.rubric, points)
        chosen = []
        for options in levels:
            rest = left.pop()
            chosen.append(self.chance.choice([o for o in options if points - o.points in rest]))
            points -= chosen[-1].points
        return chosen


def _from_minimum(options: Iterable[Option], stars: int) -> list[Option]:
    """The options of the first case with at least the points that ``stars`` need."""
    case = min(option.case for option in options)
    options = [option for option in options if option.case == case]
    marks: dict[int, Decimal] = {}
    for option in options:
        mark = option.minimum_for
        if mark is not None and mark <= stars:
            marks[mark] = min(option.points, marks.get(mark, option.points))
    floor = max(marks.values(), default=Decimal(0))
    return [option for option in options if option.points >= floor]


def shares(total: Decimal, sheets: int, chance: Random, apart: int = 3) -> list[Decimal]:
    """``total`` divided among ``sheets``, in whole points but for one sheet; they differ by at most
    ``2 × apart + 1``.
    """
    each, left = divmod(int(total), sheets)
    points = [Decimal(each + (number < left)) for number in range(sheets)]
    points[0] += total % 1
    for first in range(0, sheets - 1, 2):
        moved = chance.randint(-apart, apart)
        points[first] += moved
        points[first + 1] -= moved
    return points


def fill(
    entry: RoundEntry,
    member: Member,
    options: Iterable[Option],
    *,
    remark: str = "",
    submit: bool = True,
) -> Scoresheet:
    """A member's sheet with ``options``; the scores are inserted at once, then it is handed in."""
    sheet = Scoresheet.objects.create(entry=entry, member=member, remark=remark)
    Score.objects.bulk_create(
        Score(
            sheet=sheet,
            criterion_id=option.criterion_id,
            option=option,
            points=option.points,
            saved_at=clock.now(),
        )
        # A required criterion is inserted before those that require it.
        for option in sorted(options, key=lambda each: each.criterion.requires_id is not None)
    )
    if submit:
        sheet.submit(by=member.user)
    return sheet


def count(round_: EvaluationRound, *, by: User) -> None:
    """Count all complete products, as the secretary if they may, else as ``by``."""
    secretary = round_.council.members.sitting().filter(seat=Seat.SECRETARY).first()
    if secretary is not None and rules.has_perm("councils.count_sheets", secretary.user, round_):
        by = secretary.user
    if ready := closing.countable(round_):
        closing.count(round_, ready, by=by)


def close(round_: EvaluationRound, *, by: User) -> Closing:
    """Count, close the round and run the job that follows; returns the closing.

    Raises as :func:`closing.close`. What the job could not do is on the rows of Consequence.
    """
    count(round_, by=by)
    made = closing.close(round_, by=by)
    Job.objects.get(kind="councils.apply", params={"closing": made.pk}).run()
    return made
