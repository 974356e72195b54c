"""Builders of units that took others over, and of what these did while they stood."""

from contextlib import contextmanager
from datetime import date

from cycle.models import Level, OrgUnit
from tests.owning import save_as_owner


@contextmanager
def while_it_stood(*units):
    """What is done inside was done before the units ended."""
    ends = {unit: (unit.valid_to, unit.main_successor) for unit in units}
    for unit in units:
        unit.valid_to = unit.main_successor = None
        save_as_owner(unit)
    yield
    for unit, (unit.valid_to, unit.main_successor) in ends.items():
        save_as_owner(unit)


def unit(code, parent, first, last=None, to=(), level=Level.COMMUNE, chosen=None, name=""):
    """A unit from ``first`` to ``last``, taken over by ``to``; of several by the ``chosen`` one."""
    made = OrgUnit.objects.create(
        code=code, name=name or f"Đơn vị {code}", level=level, parent=parent, valid_from=first,
        valid_to=last, main_successor=chosen,
    )  # fmt: skip
    made.successors.set(to)
    return made


OLD = date(2020, 1, 1)
