"""Builders of the tests: people, cycles, dossiers and what was recorded of them."""

from datetime import date

from cycle.models import Cycle, RoleAssignment, User
from dossiers.models import Dossier, OwnerType, Producer, Product, ProductGroup
from dossiers.walk import doors


def person(username, full_name, *roles):
    """A user with these (role, unit) pairs since 2020."""
    user = User.objects.create_user(username, password="mật khẩu thử", full_name=full_name)
    for role, unit in roles:
        RoleAssignment.objects.create(
            user=user, role=role, org_unit=unit, valid_from=date(2020, 1, 1)
        )
    return user


# --- A year and a dossier -------------------------------------------------------------------


def open_cycle(rule_set, year, title=None):
    """A cycle of ``year`` under ``rule_set``, with the duties that it proposes."""
    cycle = Cycle.objects.create(
        year=year,
        title=title or f"Chu trình OCOP {year}",
        rule_set=rule_set,
        opened_on=date(year, 1, 1),
    )
    cycle.adopt(rule_set)
    return cycle


def open_dossier(cycle, commune, by, name="Mật ong rừng Nà Tấu", **fields):
    """A dossier just opened, its first task waiting."""
    producer = Producer.objects.create(
        name="Hợp tác xã Mường Thanh", owner_type=OwnerType.COOPERATIVE, commune=commune
    )
    product = Product.objects.create(producer=producer, name=name, group=ProductGroup.FOOD)
    dossier = Dossier(cycle=cycle, product=product, commune=commune, **fields)
    doors.open(dossier, by=by)
    return dossier


def open_task(dossier):
    """The one task that is open on the dossier."""
    return dossier.tasks.get(open_state__isnull=False)


def events(dossier):
    """What was recorded of the dossier, in order."""
    return list(dossier.history.order_by("seq").values_list("event", flat=True))
