"""When each step of a year runs, counted back from the last days of a batch. A leaf, pure.

Each stage takes so many working days. The last day of a stage is the one from which all that comes
after it still fits, days off respected; its first day is the earliest on which something can have
come through the stage before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from cycle.workdays import DAY, Calendar, Projection, Unit


@dataclass(frozen=True)
class Stage:
    """The work of one step at one level (một bước ở một cấp), in working days; 0: as long as it
    takes, nothing waits for it.
    """

    step: str
    level: str
    days: int


@dataclass(frozen=True)
class Planned:
    """A stage with its days. ``counted`` is how its last day was counted back from the stage after
    it; None where that day is the batch's own.
    """

    stage: Stage
    opens_on: date
    closes_on: date
    counted: Projection | None = None


@dataclass(frozen=True)
class Plan:
    """What fits, in order; ``too_late`` are stages whose last day lies before the first day;
    ``begins_by`` is when the first stage would have to begin for all to fit.
    """

    fits: list[Planned]
    too_late: list[Stage]
    begins_by: date


def lacks(stage: Stage, opens: date, closes: date, calendar: Calendar) -> tuple[int, int] | None:
    """(working days that a window has, those that its stage needs) where it has too few.

    What takes as long as it takes needs more than one day.
    """
    has, needs = calendar.between(opens - DAY, closes), stage.days or 2
    return (has, needs) if has < needs else None


def plan_back(
    stages: Sequence[Stage], judging: Stage, *, propose_by: date, decide_by: date, first: date,
    calendar: Calendar,
) -> Plan:  # fmt: skip
    """``stages`` end with what must be proposed by ``propose_by``; ``judging`` comes after it,
    until ``decide_by``. Nothing begins before ``first``.
    """
    until, counted = propose_by, None
    backwards: list[tuple[Stage, date, Projection | None]] = []
    for stage in reversed(stages):
        backwards.append((stage, until, counted))
        counted = calendar.project(until, -stage.days, Unit.WORKING_DAYS) if stage.days else None
        until = counted.due_on if counted else until
    fits: list[Planned] = []
    too_late: list[Stage] = []
    opens = calendar.next_working(first)
    for stage, closes, back in reversed(backwards):
        if fits:
            before = fits[-1]
            arrives = calendar.shift(opens, before.stage.days)
            opens = min(arrives, calendar.next_working(before.closes_on + DAY))
        if closes < first or closes < opens and not fits:
            too_late.append(stage)
            continue
        fits.append(Planned(stage, min(opens, closes), closes, back))
    fits.append(Planned(judging, propose_by + DAY, decide_by))
    return Plan(fits, too_late, until)
