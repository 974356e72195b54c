"""Builders of the tests: people, cycles, dossiers and what was recorded of them."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone

from cycle import clock
from cycle.models import Cycle, Document, RoleAssignment, User
from cycle.workdays import add_months
from dossiers.models import (
    Certificate,
    Dossier,
    OfficialDocument,
    OwnerType,
    Producer,
    Product,
    ProductGroup,
)
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
    if fields.get("case_type", "first") != "first":
        certified_before(product, cycle, commune)
    dossier = Dossier(cycle=cycle, product=product, commune=commune, **fields)
    doors.open(dossier, by=by)
    return dossier


def certified_before(product, cycle, commune, stars=3, state="certified", **fields):
    """A certificate that the product was given three years ago, with the dossier it ended."""
    day = clock.today().replace(day=1) - timedelta(days=1000)
    moment = timezone.make_aware(datetime.combine(day, time(12)))
    parked = {"parked_from": "certified"} if state == "revoked" else {}
    dossier = Dossier.objects.create(
        cycle=cycle,
        rule_set=cycle.rule_set,
        product=product,
        commune=commune,
        state=state,
        stars=stars,
        opened_at=moment,
        moved_at=moment,
        **parked,
    )
    values = {
        "number": f"{dossier.pk}/GCN-CU",
        "issued_on": day,
        "expires_on": add_months(day, 36),
        "product_name": product.name,
        "product_group": product.group,
        "producer_name": product.producer.name,
    }
    decision = Document.objects.create(
        kind="decision",
        direction="outgoing",
        issuer=commune.at_level("province"),
        at=moment,
        number=f"{dossier.pk}/QĐ-CU",
        signed_on=day,
        signer="Trần Công Sơn",
        signer_capacity="Chủ tịch",
    )
    decision = OfficialDocument.objects.create(dossier=dossier, at=moment, document=decision)
    return Certificate.objects.create(
        dossier=dossier, at=moment, stars=stars, decision=decision, **values | fields
    )


def open_task(dossier):
    """The one task that is open on the dossier."""
    return dossier.tasks.get(open_state__isnull=False)


def events(dossier):
    """What was recorded of the dossier, in order."""
    return list(dossier.history.order_by("seq").values_list("event", flat=True))
