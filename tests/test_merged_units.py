"""Communes that another took over: what is read, told and done of them is the successor's.

A row is a page, a list, a letter or an act; a column how the successor came to have the commune.
"""

import re
from datetime import date, datetime, timedelta
from types import SimpleNamespace

import pytest
import rules
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from councils.models import InterestKind
from cycle import clock
from cycle.models import (
    Document,
    HistoryEntry,
    Level,
    OrgUnit,
    Role,
    User,
    heir_of,
    now_called,
)
from dossiers.forms.opening import DossierForm, OutreachForm, told_by
from dossiers.law.conditions import ConditionNotMet
from dossiers.lists.coverage import Coverage
from dossiers.lists.coverage import Filters as CoverageFilters
from dossiers.lists.ending import Ending
from dossiers.lists.ending import Filters as EndingFilters
from dossiers.lists.export import registered
from dossiers.lists.files import Register
from dossiers.lists.inbox import Filters, Inbox
from dossiers.lists.missing import Filters as MissingFilters
from dossiers.lists.missing import Missing
from dossiers.lists.overdue import Filters as OverdueFilters
from dossiers.lists.overdue import OverdueRegister
from dossiers.lists.potential import Filters as PotentialFilters
from dossiers.lists.potential import Potentials
from dossiers.models import (
    ACTS,
    Allotment,
    Certificate,
    Dossier,
    OwnerType,
    Potential,
    Producer,
    Product,
    ProductGroup,
    Route,
    StockBatch,
    Task,
)
from dossiers.models.stock import StockKind
from dossiers.office import allotting, people
from dossiers.office.lists import HandoverList
from dossiers.office.reports import CycleReport
from dossiers.walk import doors
from notifications import audiences, digests, feed, weekly
from tests import judging, records
from tests.filing_anew import certify
from tests.in_the_clear import named_in_the_clear
from tests.judging import regulate
from tests.merging import OLD, unit
from tests.owning import insert_as_owner, save_as_owner, update_as_owner
from tests.public_pages import main, see
from tests.sendings import scan
from tests.world import open_dossier, open_task, person

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
#: The commune's first dossiers are opened while it stood, and read after it was taken over.
BETWEEN, MERGED = date(2026, 5, 1), date(2026, 7, 1)
LAST = MERGED - DAY
BEGUN = timezone.make_aware(datetime(2026, 3, 2, 9))
NOW = timezone.make_aware(datetime(2026, 12, 1, 9))
TOMORROW = NOW.date() + DAY


def merged(province):
    """(the commune of before, that of today) of «Phường Na Lay», now «Phường Sông Đà»."""
    own = unit("m", province, MERGED, name="Phường Sông Đà")
    return unit("n", province, OLD, LAST, [own], name="Phường Na Lay"), own


def chain(province):
    """Taken over twice."""
    own = unit("m", province, MERGED, name="Phường Sông Đà")
    middle = unit("k", province, BETWEEN, LAST, [own], name="Thị trấn Cũ")
    return unit("n", province, OLD, BETWEEN - DAY, [middle], name="Phường Na Lay"), own


def two_districts(province):
    """One of three parts; they lay in two districts that have ended and left nothing."""
    own = unit("m", province, MERGED, name="Phường Sông Đà")
    above = [
        unit(code, province, OLD, LAST, level=Level.DISTRICT, name=f"Huyện {code}")
        for code in ("p", "q")
    ]
    for code, district in (("n2", above[0]), ("n3", above[1])):
        unit(code, district, OLD, LAST, [own], name=f"Xã {code}")
    return unit("n", above[1], OLD, LAST, [own], name="Phường Na Lay"), own


def split(province):
    """Split over two, and the first was chosen."""
    own = unit("m", province, MERGED, name="Phường Sông Đà")
    other = unit("o", province, MERGED, name="Xã Pa Ham")
    old = unit("n", province, OLD, LAST, [own, other], chosen=own, name="Phường Na Lay")
    return old, own


def split_after(province):
    """Merged first; what it went into was split later, and the first was chosen."""
    own = unit("m", province, MERGED, name="Phường Sông Đà")
    other = unit("o", province, MERGED, name="Xã Pa Ham")
    middle = unit("k", province, BETWEEN, LAST, [own, other], chosen=own, name="Thị trấn Cũ")
    return unit("n", province, OLD, BETWEEN - DAY, [middle], name="Phường Na Lay"), own


def split_unasked(province):
    """Split over two, and nobody was asked yet who has what."""
    own = unit("m", province, MERGED, name="Phường Sông Đà")
    other = unit("o", province, MERGED, name="Xã Pa Ham")
    return unit("n", province, OLD, LAST, [own, other], name="Phường Na Lay"), own


def not_yet(province):
    """It ends tonight."""
    own = unit("m", province, MERGED, name="Phường Sông Đà")
    return unit("n", province, OLD, NOW.date(), [own], name="Phường Na Lay"), own


CAME = {
    "merged": merged, "chain": chain, "two districts": two_districts, "split": split,
    "split after a merger": split_after, "split, nobody asked": split_unasked, "not yet": not_yet,
}  # fmt: skip
TAKEN_OVER = [name for name in CAME if name not in ("split, nobody asked", "not yet")]


@pytest.fixture
def left(cycle, province, son):
    """What a commune left, and the people of the one that has it."""

    def made(came):
        old, own = CAME[came](province)
        once = person("cu", "Cán bộ cũ", (Role.OFFICER, old))
        certificate = certify(cycle, old, once, son, BEGUN)
        with clock.at(BEGUN):
            dossier = open_dossier(cycle, old, once, name="Cá tép dầu sấy")
        batch = StockBatch.objects.create(
            org_unit=province, by=son, at=BEGUN, kind=StockKind.POTENTIAL, filename="k.xlsx"
        )
        potential = Potential.objects.create(
            batch=batch, commune=old, name="Rượu men lá", producer_name="hợp tác xã MƯỜNG THANH"
        )
        certificate.terms.update(due_on=date(2027, 1, 4))
        update_as_owner(once.role_assignments, valid_to=BEGUN.date())
        return SimpleNamespace(
            old=old, own=own, certificate=certificate, potential=potential,
            dossier=Dossier.objects.with_units().get(pk=dossier.pk), once=once,
            officer=person("moi", "Cán bộ mới", (Role.OFFICER, own)),
            leader=person("truong", "Lãnh đạo mới", (Role.LEADER, own)),
            tinh=person("cb_tinh", "Cán bộ tỉnh", (Role.OFFICER, province)),
            chu_tich=person("ct_tinh", "Lãnh đạo tỉnh", (Role.LEADER, province)),
        )  # fmt: skip

    return made


def names(rows):
    return {row["product_name"] for row in rows}


def heat(user):
    return OverdueRegister(user, OverdueFilters.of({})).heat()


def form(user):
    return DossierForm(user=user)


def exported(name, user, **query):
    """Rows of a list as it is taken out: {column: what it says}."""
    found = registered()[name]
    rows = found.open(user, query, None)
    return [
        {column.name: str(column.value(row)) for column in found.columns}
        for batch in rows.batches()
        for row in batch
    ]


#: What is so once a successor has the commune's business, and not before.
ROWS = {
    # Lists and search, by its own officer and by the province.
    "files, the old name searched": lambda s: (
        s.dossier.product.name
        in names(Register(s.officer, Filters.of({"q": "phuong na lay"})).rows())
    ),
    "files, today's name searched": lambda s: (
        s.dossier.product.name in names(Register(s.tinh, Filters.of({"q": "Sông Đà"})).rows())
    ),
    "files of today's commune": lambda s: (
        s.dossier.product.name
        in names(Register(s.tinh, Filters.of({"commune": str(s.own.pk)})).rows())
    ),
    "files, the row says both": lambda s: (
        {"Phường Na Lay (nay là Phường Sông Đà)"}
        == {row["commune_name"] for row in Register(s.tinh, Filters.of({})).rows()}
    ),
    "inbox of today's commune": lambda s: bool(
        Inbox(s.officer, Filters.of({"commune": str(s.own.pk), "q": "na lay"})).rows()
    ),
    "potential products of today's commune": lambda s: (
        [s.potential]
        == Potentials(s.tinh, PotentialFilters.of({"commune": str(s.own.pk), "q": "Na Lay"})).rows()
    ),
    "coverage of today's commune": lambda s: (
        [
            cell.count
            for row in Coverage(s.tinh, CoverageFilters.of({})).rows()
            if row["unit"] == s.own
            for cell in row["cells"]
            if cell.kind == "potential"
        ]
        == [1]
    ),
    "communes that lack something": lambda s: (
        s.own.pk
        in [row["pk"] for row in Missing(s.tinh, MissingFilters.of({"lack": "idea"})).rows()]
    ),
    # Counted by today's unit, the old one shown.
    "overdue register": lambda s: (
        [[s.old.label]] == [row["before"] for row in heat(s.tinh) if row["org_unit_id"] == s.own.pk]
    ),
    "overdue terms of today's unit": lambda s: (
        len(OverdueRegister(s.tinh, OverdueFilters.of({"unit": str(s.own.pk)})).rows()) == 2
    ),
    "the week": lambda s: (
        {"Phường Sông Đà", "Tỉnh Điện Biên"}
        == {row["unit"] for row in weekly.late_units(s.chu_tich, NOW)}
    ),
    "report of the year": lambda s: (
        [
            (row["commune"], len(row["before"]), row["dossiers"], row["certified"])
            for row in CycleReport(s.dossier.cycle).by_commune()
        ]
        == [("Phường Sông Đà", 1, 2, 1)]
    ),
    "communes in the report of the year": lambda s: (
        [s.own] == list(CycleReport(s.dossier.cycle).communes)
    ),
    # Certificates.
    "certificates that end": lambda s: (
        [row["commune"] for row in Ending(s.officer, EndingFilters.of({})).rows()]
        == ["Phường Sông Đà"]
    ),
    "certificates that end, taken out": lambda s: (
        [("Phường Sông Đà", s.old.label)]
        == [(row["commune"], row["before"]) for row in exported("ending", s.tinh)]
    ),
    "who is warned of a certificate": lambda s: (
        s.officer.pk in audiences._of_term(s.certificate.terms.get())
    ),
    "calendar": lambda s: f"/tasks/{open_task(s.dossier).pk}/" in feed.feed(s.officer).decode(),
    "morning letter, its unit": lambda s: (
        "Phường Na Lay (nay là Phường Sông Đà)" in digests.text_for(s.officer, NOW, NOW)
    ),
    "morning letter": lambda s: s.dossier.product.name in digests.text_for(s.officer, NOW, NOW),
    "public page": lambda s: (
        "Phường Na Lay (nay là Phường Sông Đà)" in main(see(s.certificate.get_absolute_url()))
    ),
    # What is offered.
    "its products are offered": lambda s: (
        s.certificate.dossier.product in form(s.officer).fields["product"].queryset
    ),
    "a potential product begins at": lambda s: told_by(s.potential)["commune"] == s.own.pk,
    "a producer is known": lambda s: (
        s.certificate.dossier.product.producer
        in Producer.objects.filter(commune__in=OrgUnit.objects.united_with(s.own.pk))
    ),
    # People.
    "a post left there is the successor's to end": lambda s: rules.has_perm(
        "dossiers.appoint", s.leader, s.old.pk
    ),
    "conflict of interest": lambda s: (
        InterestKind.COMMUNE in [kind for kind, _rule in conflicts(s)]
    ),
}


def conflicts(s):
    """Of a member of the province's council who works at today's commune."""
    from councils.models import EvaluationRound  # noqa: PLC0415

    round_ = EvaluationRound(regulation=regulate(s.tinh.role_assignments.get().org_unit))
    entry = SimpleNamespace(
        dossier=s.dossier,
        said_in=lambda: SimpleNamespace(filter=lambda **_: Certificate.objects.none()),
    )
    return round_.conflicts(entry, SimpleNamespace(user=s.officer))


@pytest.mark.parametrize("came", CAME)
def test_what_is_read_of_a_commune_is_its_successors(came, left):
    situation = left(came)
    expected = came in TAKEN_OVER
    with clock.at(NOW):
        found = {name: bool(row(situation)) for name, row in ROWS.items()}
    assert {name for name, holds in found.items() if holds is not expected} == set()


def test_the_old_unit_and_todays_are_one_line_everywhere(left, client):
    s = left("merged")
    with clock.at(NOW):
        client.force_login(s.officer)
        page = client.get(reverse("dossiers:dossier", args=[s.dossier.pk])).content.decode()
        listed = client.get("/register/").content.decode()
    assert "Phường Na Lay (nay là Phường Sông Đà)" in page
    assert "gồm" in listed and "Phường Na Lay (đến 30/06/2026)" in listed


# --- What is done -----------------------------------------------------------------------------


@pytest.mark.parametrize("came", CAME)
def test_whoever_has_the_business_does_what_may_be_done_of_its_own(came, left, cycle, son):
    """For each act that no task asks for: of what it took over as of its own."""
    s = left(came)
    with clock.at(NOW):
        own = open_dossier(cycle, s.own, s.officer, name="Của mình")
        acts = [act for act in ACTS.values() if act.door != "task"]
        assert len(acts) > 5
        for who in (s.officer, s.leader, s.tinh):
            mine = {act.name for act in acts if rules.has_perm(act.permission, who, own)}
            theirs = {act.name for act in acts if rules.has_perm(act.permission, who, s.dossier)}
            assert theirs == (mine if came in TAKEN_OVER or who == s.tinh else set()), who


@pytest.mark.parametrize("came", TAKEN_OVER)
def test_what_comes_new_bears_the_new_unit_and_what_was_keeps_the_old(came, left):
    s = left(came)
    before = open_task(s.dossier)
    with clock.at(NOW):
        doors.complete(before, "register_idea", by=s.officer, record=records.idea())
        after = open_task(s.dossier)
    before.refresh_from_db()
    assert (before.org_unit, before.term.org_unit) == (s.old, s.old)
    assert (after.org_unit, after.term.org_unit) == (s.own, s.own)
    said = s.dossier.history.filter(event="dossier.register_idea").get()
    assert said.org_unit == s.own
    assert s.dossier.history.order_by("seq").first().org_unit == s.old
    s.dossier.refresh_from_db()
    assert s.dossier.commune == s.old


def test_not_yet_taken_over_the_next_task_is_the_communes(left):
    s = left("not yet")
    there = person("con", "Cán bộ còn đó", (Role.OFFICER, s.old))
    with clock.at(NOW):
        doors.complete(open_task(s.dossier), "register_idea", by=there, record=records.idea())
        assert open_task(s.dossier).org_unit == s.old
    with clock.at(NOW + DAY):
        doors.complete(open_task(s.dossier), "return_idea", by=s.officer, reason="Thiếu nguồn")
        assert open_task(s.dossier).org_unit == s.own


def filled(s, cycle, **typed):
    return {
        "cycle": cycle.pk, "commune": s.own.pk, "case_type": "reevaluation",
        "entered_as": "reevaluation", "state": "assembling", "reason": "Sắp hết hạn",
    } | typed  # fmt: skip


@pytest.mark.parametrize("came", TAKEN_OVER)
@pytest.mark.parametrize("typed", [False, True])
def test_a_reevaluation_goes_on_with_the_product(typed, came, left, client, cycle):
    """Chosen, or typed again and then chosen: no second row, no second producer."""
    s = left(came)
    product = s.certificate.dossier.product
    counts = Product.objects.count(), Producer.objects.count()
    values = {"product": product.pk}
    if typed:
        # Another product of the same producer: who types it again is asked, and chooses it.
        values = {
            "product_name": "Mật ong bạc hà", "group": ProductGroup.FOOD, "case_type": "first",
            "entered_as": "existing",
        }  # fmt: skip
        again = {"producer_name": "HỢP TÁC XÃ MƯỜNG THANH", "owner_type": OwnerType.COOPERATIVE}
        with clock.at(NOW):
            asked = DossierForm(
                filled(s, cycle, **values | again | {"confirmed": ""}), user=s.officer
            )
            assert not asked.is_valid()
        assert product.producer in asked.namesakes
        values["producer"] = product.producer_id
    with clock.at(NOW):
        answer = DossierForm(filled(s, cycle, **values), user=s.officer)
        assert answer.is_valid(), answer.errors
        made = answer.open()
    assert made is not None, answer.errors
    assert (made.commune, open_task(made).org_unit) == (s.own, s.own)
    assert made.product.producer in Producer.objects.filter(commune=s.old)
    assert Product.objects.count() - counts[0] == typed
    assert Producer.objects.count() == counts[1]
    if not typed:
        assert made.product == product
        assert s.certificate.dossier.commune == s.old


def test_a_product_typed_again_is_shown_to_be_here(left, cycle):
    s = left("merged")
    with clock.at(NOW):
        again = DossierForm(
            filled(
                s, cycle, producer_name="Hop tac xa Muong Thanh", owner_type="cooperative",
                product_name="CÁ TÉP DẦU SẤY", group="food", confirmed="",
            ),
            user=s.officer,
        )  # fmt: skip
        assert not again.is_valid()
    assert again.duplicates == [s.dossier]


@pytest.mark.parametrize("came", [name for name in CAME if name != "not yet"])
def test_nothing_begins_at_a_commune_that_was_gone_before_the_year(came, left, cycle):
    s = left(came)
    cycle.opened_on = MERGED
    save_as_owner(cycle)
    with clock.at(NOW):
        offered = form(s.tinh).fields["commune"].queryset
        assert s.own in offered and s.old not in offered
        refused = DossierForm(
            filled(s, cycle, commune=s.old.pk, product=s.dossier.product.pk), user=s.tinh
        )
        assert "commune" in refused.errors
        dossier = Dossier(cycle=cycle, product=s.dossier.product, commune=s.old)
        with pytest.raises(ConditionNotMet) as said:
            doors.open(dossier, by=s.tinh)
    assert ("Phường Sông Đà" in str(said.value.messages[0])) is (came in TAKEN_OVER)


def test_a_year_of_three_levels_plays_with_the_communes_of_before(
    cycle_of_three, rule_sets, old_commune, an, commune
):
    """It has no others: the demo shows such a year."""
    old_commune.successors.add(commune)
    with clock.at(NOW):
        cycle_of_three.opened_on = date(2025, 11, 1)
        save_as_owner(cycle_of_three)
        assert old_commune in form(an).fields["commune"].queryset
        dossier = open_dossier(cycle_of_three, old_commune, an)
    assert open_task(dossier).org_unit == old_commune


def test_what_was_held_is_the_units_of_that_day(left, cycle, client):
    s = left("merged")

    def asked(unit_, day):
        return OutreachForm(
            {
                "cycle": cycle.pk, "org_unit": unit_.pk, "held_on": f"{day:%d/%m/%Y}",
                "kind": "meeting", "title": "Họp bản", "attendance": 9, "cost": 0,
            },
            user=s.officer,
        )  # fmt: skip

    with clock.at(NOW):
        assert asked(s.old, LAST).is_valid()
        assert asked(s.own, NOW.date()).is_valid()
        assert "Phường Sông Đà" in asked(s.old, NOW.date()).errors["org_unit"][0]


def test_work_is_sent_to_units_of_today_and_a_route_of_before_leads_to_the_heir(
    left, province, cycle
):
    s = left("merged")
    gone = unit("r", province, OLD, LAST, [s.own], name="Xã Ruột")
    insert_as_owner(Route(dossier=s.dossier, node="screen_idea", org_unit=gone))
    with clock.at(NOW):
        with pytest.raises(ConditionNotMet):
            doors.reroute(
                open_task(s.dossier), to=gone, by=s.leader, reason="Thử", document="1/QĐ-UBND"
            )
        doors.complete(open_task(s.dossier), "register_idea", by=s.officer, record=records.idea())
        assert open_task(s.dossier).org_unit == s.own


def test_what_is_claimed_by_the_name_of_the_old_unit_counts_for_the_post_of_today(left):
    s = left("merged")
    with clock.at(NOW):
        doors.claim(open_task(s.dossier), by=s.officer)
        rows = HandoverList(s.leader, {}).page("1", 25)
        shown = HandoverList(s.leader, {}).shaped(list(rows))
    assert [(row["post"].user, row["claimed"]) for row in shown if row["claimed"]] == [
        (s.officer, 1)
    ]


def test_a_post_left_at_an_ended_unit_is_seen_ended_and_given_anew_by_the_successor(left, client):
    s = left("merged")
    stays = person("o_lai", "Người Ở Lại", (Role.OFFICER, s.old))
    client.force_login(s.leader)
    with clock.at(NOW):
        assert stays in people.seen_by(s.leader)
        page = client.get("/people/").content.decode()
        assert [post.org_unit for post in people.endable(s.leader, stays)] == [s.old]
    assert "Phường Na Lay (đến 30/06/2026)" in page


@pytest.mark.parametrize("came", CAME)
def test_documents_name_the_commune_of_their_day(came, left, province, thu):
    from councils.papers import facts  # noqa: PLC0415

    s = left(came)
    regulate(province)
    with clock.at(NOW):
        council = judging.seat(province, thu)
        dossier = judging.before_council(s.dossier.cycle, s.own, s.officer)[0]
        round_ = judging.begin(council, s.dossier.cycle, [dossier], thu, open_it=False)
        update_as_owner(Dossier.objects.filter(pk=dossier.pk), commune=s.old)
        entry = round_.products()[0]
        said = facts._commune(entry, clock.today())
        assert said == (
            "Phường Sông Đà (trước là Phường Na Lay)" if came in TAKEN_OVER else "Phường Na Lay"
        )
        # A round closed while it stood keeps its name.
        assert facts._commune(entry, date(2021, 5, 4)) == "Phường Na Lay"


# --- Names ------------------------------------------------------------------------------------


def test_of_two_of_one_name_only_one_is_said():
    assert now_called("Xã Nà Tấu", "Xã Nà Tấu") == "Xã Nà Tấu"
    assert now_called("Xã Nà Nhạn", "Xã Nà Tấu") == "Xã Nà Nhạn (nay là Xã Nà Tấu)"


@pytest.mark.parametrize("came", CAME)
def test_the_heir_in_python_and_in_the_database_is_one(came, province):
    old, own = CAME[came](province)
    with clock.at(NOW):
        rows = OrgUnit.objects.values_list("pk", heir_of("pk"), heir_of("pk", field="name"))
        found = {pk: (heir, name) for pk, heir, name in rows}
        for each in OrgUnit.objects.all():
            assert found[each.pk] == (each.heir().pk, each.heir().name)
        assert (old.heir() == own) is (came in TAKEN_OVER)


# --- All 129, now 45 --------------------------------------------------------------------------


@pytest.mark.slow(reason="each of the 45 opens what is theirs")
def test_all_129_communes_are_read_and_worked_by_the_45(land, cycle):
    """Each product of the 129 is seen, offered and acted on by one of the 45, and by no other."""
    province = OrgUnit.objects.get(level=Level.PROVINCE)
    old = list(OrgUnit.objects.filter(level=Level.COMMUNE, valid_to=date(2025, 6, 30)))
    new = list(OrgUnit.objects.filter(level=Level.COMMUNE, valid_to=None))
    assert (len(old), len(new)) == (129, 45)
    makers = Producer.objects.bulk_create(
        Producer(name=f"HTX {each.code}", owner_type=OwnerType.COOPERATIVE, commune=each)
        for each in old
    )
    products = Product.objects.bulk_create(
        Product(name=f"Sản phẩm {maker.name}", producer=maker, group=ProductGroup.FOOD)
        for maker in makers
    )
    Dossier.objects.bulk_create(
        Dossier(
            cycle=cycle, rule_set=cycle.rule_set, product=product, commune=product.producer.commune,
            opened_at=BEGUN, moved_at=BEGUN,
        )
        for product in products
    )  # fmt: skip
    seen = []
    for commune in new:
        officer = person(f"xa_{commune.code}", commune.name, (Role.OFFICER, commune))
        mine = list(Dossier.objects.visible_to(officer).select_related("commune"))
        assert {dossier.commune.heir() for dossier in mine} <= {commune}
        assert all(rules.has_perm("dossiers.attach_evidence", officer, each) for each in mine)
        assert all(rules.has_perm("dossiers.view", officer, each) for each in mine)
        offered = form(officer).fields
        assert offered["product"].queryset.count() == len(mine)
        assert list(offered["commune"].queryset) == [commune]
        seen += [dossier.pk for dossier in mine]
    assert len(seen) == len(set(seen)) == 129
    # Nà Tấu has three communes of before.
    na_tau = OrgUnit.objects.get(code="03316", valid_to=None)
    assert OrgUnit.objects.business_of(na_tau.pk).count() == 4
    tinh = person("tinh", "Cán bộ tỉnh", (Role.OFFICER, province))
    found = Register(tinh, Filters.of({"commune": str(na_tau.pk)}))
    assert len(found.rows()) == 3


# --- Split: asked once which successor takes what ---------------------------------------------

PAPER = {
    "number": "15/QĐ-UBND",
    "signed_on": "05/07/2026",
    "body": "UBND tỉnh",
    "signer": "Lò Văn Quyết",
    "signer_capacity": "Chủ tịch",
}


def on_paper(**typed):
    """The document of an allotment as its form has it: unsaved."""
    said = PAPER | typed
    day = datetime.strptime(said.pop("signed_on"), "%d/%m/%Y").date()
    return Document(outside=said.pop("body"), signed_on=day, **said)


@pytest.fixture
def halves(left):
    """What a split commune left; ``other``: its second successor, with an officer ``pa_ham``."""

    def made(came="split"):
        s = left(came)
        s.other = OrgUnit.objects.get(code="o")
        s.unit = s.old if s.old.main_successor_id else OrgUnit.objects.get(code="k")
        s.pa_ham = person("pa_ham", "Cán bộ Pa Ham", (Role.OFFICER, s.other))
        s.product = s.dossier.product
        s.maker = s.product.producer
        return s

    return made


def seal(preview):
    """The yes of the page that shows what will be allotted."""
    return re.search(r'name="confirmed" value="(\w*)"', preview)[1]


def agreed_to(client, at, typed):
    """The form sent, and once more from the page that shows what it will do."""
    return client.post(at, typed | {"confirmed": seal(client.post(at, typed).content.decode())})


def choice(s, to, **elsewhere):
    return allotting.Choice(s.maker, to, **elsewhere)


def allot(s, to=None, *, by=None, reason="", **elsewhere):
    return allotting.allot(
        s.unit, [choice(s, to or s.other, **elsewhere)], by=by or s.tinh, reason=reason,
        document=on_paper(),
    )  # fmt: skip


def handed(s):
    """The same rows of the table, read by the second successor."""
    s.product.refresh_from_db()
    return SimpleNamespace(
        **vars(s) | {
            "own": s.other, "officer": s.pa_ham,
            "dossier": Dossier.objects.with_units().get(pk=s.dossier.pk),
        }
    )  # fmt: skip


#: Rows of the table that tell of the dossier or certificate, and so follow the allotment.
FOLLOW = [
    "files, the old name searched", "files, today's name searched", "files of today's commune",
    "who is warned of a certificate", "calendar", "morning letter", "its products are offered",
    "a producer is known", "conflict of interest", "communes that lack something",
]  # fmt: skip
CAME_SPLIT = ["split", "split after a merger"]


def makers(s):
    """Allot every producer of the commune to the second successor."""
    found = list(allotting.waiting(s.unit.pk))
    allotting.allot(
        s.unit, [allotting.Choice(each, s.other) for each in found], by=s.tinh,
        document=on_paper(),
    )  # fmt: skip
    return found


@pytest.mark.parametrize("came", CAME_SPLIT)
def test_what_was_allotted_is_the_other_successors_and_no_more_the_mains(came, halves):
    s = halves(came)
    with clock.at(NOW):
        before = {name: bool(ROWS[name](s)) for name in FOLLOW}
        makers(s)
        other = handed(s)
        found = {name: bool(ROWS[name](other)) for name in FOLLOW if "today's name" not in name}
        for word, seen in (("Pa Ham", True), ("Sông Đà", False)):
            names_found = names(Register(s.tinh, Filters.of({"q": word})).rows())
            assert (s.product.name in names_found) is seen, word
        assert [row["commune"] for row in Ending(s.pa_ham, EndingFilters.of({})).rows()] == [
            "Xã Pa Ham"
        ]
        assert not Ending(s.officer, EndingFilters.of({})).rows()
        was = "Phường Na Lay (nay là Xã Pa Ham)"
        assert was in main(see(s.certificate.get_absolute_url()))
        assert other.dossier.place == was
        assert s.dossier not in Dossier.objects.visible_to(s.officer)
        assert s.officer.pk not in audiences._of_term(s.certificate.terms.get())
        assert rules.has_perm("dossiers.attach_evidence", s.pa_ham, other.dossier)
        assert not rules.has_perm("dossiers.attach_evidence", s.officer, other.dossier)
        assert not Inbox(s.officer, Filters.of({"kind": "task"})).rows()
    assert {name for name, holds in before.items() if not holds} == set()
    assert {name for name, holds in found.items() if not holds} == set()


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_open_work_follows_at_each_step_and_what_was_done_keeps_its_unit(steps, halves):
    s = halves()
    acts = [
        ("register_idea", {"record": records.idea()}),
        ("return_idea", {"reason": "Thiếu nguồn"}),
    ]
    with clock.at(NOW):
        for name, values in acts[:steps]:
            doors.complete(open_task(s.dossier), name, by=s.officer, **values)
        done = list(s.dossier.tasks.filter(status="DONE").values_list("pk", "org_unit"))
        entries = s.dossier.history.count()
        doors.claim(open_task(s.dossier), by=s.officer)
        makers(s)
        task = open_task(s.dossier)
        assert (task.org_unit, task.term.org_unit) == (s.other, s.other)
        assert list(s.dossier.tasks.filter(status="DONE").values_list("pk", "org_unit")) == done
        assert s.dossier.history.order_by("seq").first().org_unit == s.old
        assert s.dossier.history.count() == entries + 2
        assert not rules.has_perm("dossiers.complete_task", s.officer, task)
        assert rules.has_perm("dossiers.complete_task", s.pa_ham, task)
        assert len(Inbox(s.pa_ham, Filters.of({"kind": "task"})).rows()) == 1
        s.dossier.refresh_from_db()
        assert (s.dossier.commune, s.dossier.before_split) == (s.other, s.old)


def merged_on(s, province):
    """The unit into which the other successor goes after ten days."""
    last = NOW.date() + 10 * DAY
    end = unit("z", province, last + DAY, name="Xã Nhập Lại")
    update_as_owner(OrgUnit.objects.filter(pk=s.other.pk), valid_to=last)
    s.other.successors.set([end])
    return end


def test_a_later_merger_of_the_successor_is_followed_on(halves, province):
    s = halves()
    with clock.at(NOW):
        makers(s)
    end = merged_on(s, province)
    sau = person("sau", "Cán bộ sau", (Role.OFFICER, end))
    with clock.at(NOW + 20 * DAY):
        assert s.dossier in Dossier.objects.visible_to(sau)
        assert rules.has_perm("dossiers.complete_task", sau, open_task(s.dossier))
        assert sau.pk in audiences._of_term(s.certificate.terms.get())


def test_a_correction_after_a_merger_takes_what_was_begun_at_each_since(halves, province):
    s = halves()
    with clock.at(NOW):
        makers(s)
    end = merged_on(s, province)
    with clock.at(NOW + 20 * DAY):
        update_as_owner(Dossier.objects.filter(pk=s.dossier.pk), commune=end)
        Task.objects.filter(dossier=s.dossier, open_state__isnull=False).update(org_unit=end)
        allot(s, s.own, reason="Thôn này thuộc Sông Đà")
        s.dossier.refresh_from_db()
        assert (s.dossier.commune, open_task(s.dossier).org_unit) == (s.own, s.own)


def test_an_allotment_names_no_household_in_the_clear(halves):
    """In none of its chains: the unit's, the product's, the dossier's, the household's own."""
    s = halves()
    with clock.at(NOW):
        update_as_owner(
            Producer.objects.filter(pk=s.maker.pk),
            name="Hộ Quàng Thị Lan",
            owner_type="household",
            representative="Quàng Thị Lan",
        )
        s.maker.refresh_from_db()
        allot(s)
    told = HistoryEntry.objects.filter(event="split.allot")
    assert {each.stream for each in told} >= {"unit", "producer", "product"}
    assert any("Quàng Thị Lan" in str(each.data["changed"]) for each in told)
    assert named_in_the_clear() == []


def test_products_of_one_producer_go_to_two_successors(halves, cycle):
    s = halves()
    with clock.at(NOW):
        made = s.certificate.dossier.product
        maker = made.producer
        other = Product.objects.create(name="Măng khô", producer=maker, group=ProductGroup.FOOD)
        allotting.allot(
            s.unit, [allotting.Choice(maker, s.own, {made: s.other})], by=s.tinh,
            document=on_paper(),
        )  # fmt: skip
        made.refresh_from_db()
        maker.refresh_from_db()
        other = Product.objects.get(pk=other.pk)
        assert (maker.commune, made.home, other.home) == (s.own, s.other, s.own)
        assert made in form(s.pa_ham).fields["product"].queryset
        assert made not in form(s.officer).fields["product"].queryset
        assert other in form(s.officer).fields["product"].queryset
        answer = DossierForm(filled(s, cycle, product=made.pk, commune=s.other.pk), user=s.pa_ham)
        assert answer.is_valid(), answer.errors
        elsewhere = DossierForm(filled(s, cycle, product=made.pk), user=s.tinh)
        assert "commune" in elsewhere.errors
        assert s.pa_ham.pk in audiences._of_term(s.certificate.terms.get())
        assert s.officer.pk not in audiences._of_term(s.certificate.terms.get())


def test_recorded_in_each_stream_and_corrected_later_with_a_reason(halves):
    s = halves()
    with clock.at(NOW):
        makers(s)
        for target in (s.maker, s.product, s.unit, s.dossier):
            said = HistoryEntry.objects.filter(
                stream=target.history_stream, stream_id=target.pk, event="split.allot"
            ).get()
            assert (said.actor, said.data["document"]) == (s.tinh, "15/QĐ-UBND (05/07/2026)")
        with pytest.raises(allotting.AllottedMeanwhile):
            allot(s, s.own)
        allot(s, s.own, reason="Thôn này thuộc Sông Đà")
        s.maker.refresh_from_db()
        s.dossier.refresh_from_db()
        assert (s.maker.commune, s.dossier.commune, open_task(s.dossier).org_unit) == (
            s.own, s.own, s.own
        )  # fmt: skip
        assert s.dossier.before_split == s.old
        assert [row.to for row in Allotment.objects.filter(producer=s.maker)] == [s.other, s.own]


def test_a_successor_that_has_ended_gets_it_only_when_it_lives_on(halves, province):
    s = halves()
    update_as_owner(OrgUnit.objects.filter(pk=s.other.pk), valid_to=NOW.date() - 5 * DAY)
    with clock.at(NOW):
        assert allotting.open_to(s.unit) == [s.own]
        with pytest.raises(ValidationError):
            allot(s)
        end = unit("z", province, NOW.date() - 4 * DAY, name="Xã Nhập Lại")
        s.other.successors.set([end])
        sau = person("sau", "Cán bộ sau", (Role.OFFICER, end))
        makers(s)
        assert s.dossier in Dossier.objects.visible_to(sau)
        assert rules.has_perm("dossiers.complete_task", sau, open_task(s.dossier))


def test_nothing_is_allotted_without_a_document_and_its_signer(halves):
    s = halves()
    with clock.at(NOW):
        for field, value in (("number", ""), ("number", "miệng"), ("signer", ""), ("signer", "7")):
            with pytest.raises(ValidationError) as said:
                allotting.allot(
                    s.unit, [choice(s, s.other)], by=s.tinh, document=on_paper(**{field: value})
                )
            assert list(said.value.message_dict) == [field], value
    assert not Allotment.objects.exists()


#: How the document of before is named again -> the field that is wrong.
NAMED_AGAIN = (
    ({"signed_on": "06/07/2026"}, "signed_on"),
    ({"number": "015 / qđ–ubnd", "signed_on": "06/07/2026"}, "signed_on"),
    ({"signer": "Lò Văn Khác"}, "signer"),
    ({"signer": "LÒ VĂN QUYẾT", "body": "Ủy ban nhân dân tỉnh"}, ""),
    ({"number": "16/QĐ-UBND", "signed_on": "06/07/2026", "signer": "Lò Văn Khác"}, ""),
    ({"signed_on": "06/07/2025", "signer": "Lò Văn Khác"}, ""),
    ({"body": "UBND xã Pa Ham", "signed_on": "06/07/2026"}, ""),
)


@pytest.mark.parametrize("there", ["allotted", "in the ledger"])
def test_one_document_that_allots_has_one_day_and_one_signer(there, halves, province):
    s = halves()
    with clock.at(NOW):
        if there == "allotted":
            allot(s)
        else:
            Document.objects.create(
                kind="decision", direction="outgoing", issuer=province, at=clock.now(),
                number="15/QĐ-UBND", signed_on=date(2026, 7, 5), signer="Lò Văn Quyết",
                signer_capacity="Chủ tịch",
            )  # fmt: skip
        for typed, field in NAMED_AGAIN:
            document = on_paper(**typed)
            again = found_by_survey(s, "Mật ong")
            before = Allotment.objects.count()
            if field:
                with pytest.raises(ValidationError) as refused:
                    allotting.allot(
                        s.unit, [], potentials={again: s.other}, by=s.tinh, document=document
                    )
                assert list(refused.value.message_dict) == [field]
                assert Allotment.objects.count() == before
            else:
                allotting.allot(
                    s.unit, [], potentials={again: s.other}, by=s.tinh, document=document
                )


def test_what_is_wrong_of_a_document_that_allots_is_corrected_once_for_all_that_rests_on_it(
    halves, client
):
    s = halves()
    right = {"signed_on": "06/07/2026", "signer": "Lò Văn Quyền"}
    with clock.at(NOW):
        allot(s)
        allotting.allot(
            s.unit, [], potentials={s.potential: s.other}, by=s.tinh, document=on_paper()
        )
        given = {"by": s.tinh, "reason": "Gõ nhầm ngày, người ký"}
        allotting.allot(s.unit, [choice(s, s.other)], document=on_paper(**right), **given)
        stands = [*allotting.allotted(s.unit), *allotting.allotted_potential(s.unit)]
        assert {(each.paper.signed_on, each.paper.signer) for each in stands} == {
            (date(2026, 7, 6), "Lò Văn Quyền")
        }
        assert {each.paper.versions()[-1].signer for each in stands} == {"Lò Văn Quyết"}
        said = HistoryEntry.objects.filter(event="document.correct").get()
        assert (said.actor, said.reason) == (s.tinh, given["reason"])
        with pytest.raises(ValidationError, match="không có gì để sửa"):
            allotting.allot(
                s.unit, [], potentials={s.potential: s.other}, document=on_paper(**right), **given
            )
        # The register says of which commune it is, to whom is told of that.
        client.force_login(
            person("van_thu", "Văn thư tỉnh", (Role.CLERK, s.tinh.assignments()[0].org_unit))
        )
        assert "15/QĐ-UBND" in client.get("/documents/?q=15/QĐ").content.decode()
        client.force_login(s.tinh)
        shown = client.get("/documents/?q=15/QĐ").content.decode()
        assert reverse("dossiers:split_one", args=[s.unit.pk]) in shown


# --- Its page ---------------------------------------------------------------------------------


def test_by_the_page_many_at_once_shown_first_then_done_and_resumable(halves, client):
    s = halves()
    with clock.at(NOW):
        waits = list(allotting.waiting(s.unit.pk))
        more = Producer.objects.create(
            name="HTX Để Sau", owner_type=OwnerType.COOPERATIVE, commune=s.old
        )
        at = reverse("dossiers:split_one", args=[s.unit.pk])
        client.force_login(s.tinh)
        # What the survey found waits too.
        assert f"{len(waits) + 2} chủ thể" in client.get("/inbox/").content.decode()
        shown = client.get(at).context["form"]
        assert {shown.fields[name].initial for name in shown.makers} == {str(s.own.pk)}
        typed = PAPER | {f"producer_{each.pk}": s.other.pk for each in waits}
        typed |= {f"producer_{more.pk}": "later", f"potential_{s.potential.pk}": "later"}
        preview = client.post(at, typed).content.decode()
        assert "Sẽ phân như sau" in preview
        assert not Allotment.objects.exists()
        assert agreed_to(client, at, typed)["Location"] == at
        assert set(allotting.waiting(s.unit.pk)) == {more}
        assert "2 chủ thể" in client.get("/inbox/").content.decode()
        # The second click, from a page shown before.
        stale = client.post(at, typed | {"confirmed": seal(preview)})
        assert "vừa được phân" in stale.content.decode()
        assert Allotment.objects.count() == len(waits)
        # Corrected by its page.
        correct = reverse("dossiers:split_correct", args=[s.unit.pk, s.maker.pk])
        changed = PAPER | {f"producer_{s.maker.pk}": s.own.pk}
        changed["seen"] = client.get(correct).context["form"]["seen"].value()
        assert "reason" in client.post(correct, changed).context["form"].errors
        answer = agreed_to(client, correct, changed | {"reason": "Thôn này thuộc Sông Đà"})
        assert answer["Location"] == at
        s.maker.refresh_from_db()
        assert s.maker.commune == s.own


def test_a_colleagues_correction_is_not_undone_unseen(halves, client):
    s = halves()
    with clock.at(NOW):
        allot(s)
        correct = reverse("dossiers:split_correct", args=[s.unit.pk, s.maker.pk])
        client.force_login(s.chu_tich)
        seen = client.get(correct).context["form"]["seen"].value()
        allot(s, s.own, reason="Thôn này thuộc Sông Đà")
        typed = PAPER | {f"producer_{s.maker.pk}": s.other.pk, "reason": "Nhầm"}
        late = client.post(correct, typed | {"seen": seen})
        assert f"Trong lúc trang này mở, {s.tinh} vừa phân" in late.content.decode()
        s.maker.refresh_from_db()
        assert s.maker.commune == s.own
        with pytest.raises(allotting.AllottedMeanwhile):
            allotting.allot(
                s.unit, [choice(s, s.other)], by=s.tinh, reason="Nhầm", seen=seen,
                document=on_paper(),
            )  # fmt: skip
        again = late.context["form"]["seen"].value()
        assert agreed_to(client, correct, typed | {"seen": again}).status_code == 302
        s.maker.refresh_from_db()
        assert s.maker.commune == s.other


@pytest.mark.parametrize("rows", (1, 3))
def test_the_list_of_split_communes_asks_no_more(
    halves, client, rows, province, django_assert_num_queries
):
    s = halves()
    with clock.at(NOW):
        for number in range(rows - 1):
            ended = unit(
                f"s{number}", province, OLD, s.unit.valid_to, to=[s.own, s.other], chosen=s.own
            )
            Producer.objects.create(
                name=f"HTX {number}", owner_type=OwnerType.COOPERATIVE, commune=ended
            )
        client.force_login(s.tinh)
        with django_assert_num_queries(5):
            page = client.get("/split/")
        found = page.context["rows"]
        assert len(found) == rows
        assert [row["waiting"] for row in found] == [
            allotting.waiting(row["unit"].pk).count() for row in found
        ]


def test_successors_are_told_and_decide_nothing_and_a_stranger_finds_no_page(
    halves, client, other_commune
):
    s = halves()
    xa_khac = person("xa_khac", "Cán bộ xã khác", (Role.OFFICER, other_commune))
    root = User.objects.create_superuser("root", password="mật khẩu thử")
    one = reverse("dossiers:split_one", args=[s.unit.pk])
    with clock.at(NOW):
        for user, seen in (
            (s.tinh, 200), (s.chu_tich, 200), (s.officer, 200), (s.pa_ham, 200), (xa_khac, 404),
            (root, 404),
        ):  # fmt: skip
            client.force_login(user)
            assert client.get(one).status_code == seen, user
            assert client.get("/split/").status_code == seen, user
            may = user in (s.tinh, s.chu_tich)
            answer = client.post(one, {}).status_code
            assert answer == (seen if may or seen == 404 else 403), user
            told = "về xã kế thừa" in client.get("/inbox/").content.decode()
            assert told is (seen == 200), user
            if not may:
                with pytest.raises(PermissionDenied):
                    allot(s, by=user)
    assert not Allotment.objects.exists()


@pytest.mark.parametrize("what", ["producer", "potential"])
def test_a_correction_that_changes_nothing_is_refused_and_one_of_the_paper_is_told(
    what, halves, client
):
    s = halves()
    with clock.at(NOW):
        makers(s)
        allotting.allot(
            s.unit, [], potentials={s.potential: s.other}, by=s.tinh,
            document=on_paper(),
        )  # fmt: skip
        pk = s.maker.pk if what == "producer" else s.potential.pk
        name = "split_correct" if what == "producer" else "split_potential"
        at = reverse(f"dossiers:{name}", args=[s.unit.pk, pk])
        client.force_login(s.tinh)
        typed = PAPER | {f"{what}_{pk}": s.other.pk, "reason": "Xem lại"}
        typed["seen"] = client.get(at).context["form"]["seen"].value()
        before = (Allotment.objects.count(), HistoryEntry.objects.count())
        for sure in ({}, {"confirmed": "on"}):
            answer = client.post(at, typed | sure)
            assert "không có gì để sửa" in answer.content.decode()
            assert "Sẽ phân như sau" not in answer.content.decode()
        assert (Allotment.objects.count(), HistoryEntry.objects.count()) == before
        again = typed | {"number": "16/QĐ-UBND", "signed_on": "06/07/2026"}
        assert agreed_to(client, at, again).status_code == 302
        said = HistoryEntry.objects.filter(event="split.allot", stream="unit").last()
        (line,) = said.data["changed"]
        assert (line["field"], line["before"], line["after"]) == (
            "document", "15/QĐ-UBND (05/07/2026)", "16/QĐ-UBND (06/07/2026)",
        )  # fmt: skip


def test_what_is_refused_is_said_before_anybody_is_asked(halves, client):
    s = halves()
    with clock.at(NOW):
        at = reverse("dossiers:split_one", args=[s.unit.pk])
        client.force_login(s.tinh)
        typed = PAPER | {f"producer_{each.pk}": s.other.pk for each in allotting.waiting(s.unit.pk)}
        typed[f"potential_{s.potential.pk}"] = "later"
        wrong = {
            "number": ["QĐ-UBND", ""],
            "signed_on": ["21/11/2031", "31/02/2026", ""],
            "body": [""],
            "signer": ["A", ""],
            "signer_capacity": [""],
        }
        for field, values in wrong.items():
            for value in values:
                answer = client.post(at, typed | {field: value})
                assert list(answer.context["form"].errors) == [field], value
                words = answer.content.decode()
                assert "Sẽ phân như sau" not in words and "Trường này" not in words
                if not value:
                    label = answer.context["form"].fields[field].label
                    assert answer.context["form"].errors[field] == [f"Bạn chưa nhập: {label}."]
        asked = client.post(at, typed | {"scan_file": scan("phan-san-pham.pdf")})
        assert all(each in main(asked) for each in PAPER.values())
        assert 'name="edit"' in asked.content.decode()
        back = client.post(at, typed | {"edit": "on"})
        assert "Sẽ phân như sau" not in back.content.decode()
        assert back.context["form"]["number"].value() == PAPER["number"]
        assert not Allotment.objects.exists()
        # The scan is held until it is agreed to.
        held = re.search(r'name="scan_file-held" value="([^"]+)"', asked.content.decode())[1]
        agreed_to(client, at, typed | {"scan_file-held": held})
        assert {each.paper.scan_filename for each in Allotment.objects.all()} == {
            "phan-san-pham.pdf"
        }


# --- What a survey found ----------------------------------------------------------------------


def found_by_survey(s, name, **fields):
    """A potential product of the old commune."""
    list_ = StockBatch.objects.create(
        org_unit=s.tinh.assignments()[0].org_unit, by=s.tinh, at=clock.now(), kind="potential"
    )
    values = {"commune": s.old, "name": name, "producer_name": "Hộ Lò Văn Pâng"} | fields
    return Potential.objects.create(batch=list_, **values)


def allot_found(s, found, to, *, by=None, reason=""):
    return allotting.allot(
        s.unit, [], potentials=dict.fromkeys(found, to), by=by or s.tinh, reason=reason,
        document=on_paper(),
    )  # fmt: skip


@pytest.mark.parametrize("came", CAME_SPLIT)
def test_what_a_survey_found_goes_to_the_successor_named(came, halves):
    s = halves(came)
    with clock.at(NOW):
        honey, tea = found_by_survey(s, "Mật ong"), found_by_survey(s, "Chè")
        seen = Potential.objects.visible_to
        assert honey in seen(s.officer) and honey not in seen(s.pa_ham)
        assert list(allotting.waiting_potential(s.unit.pk)) == [s.potential, honey, tea]
        assert allot_found(s, [honey], s.other) == 1
        assert honey in seen(s.pa_ham) and honey not in seen(s.officer)
        # The other waits on with the main successor.
        assert tea in seen(s.officer)
        assert list(allotting.waiting_potential(s.unit.pk)) == [s.potential, tea]
        said = HistoryEntry.objects.filter(event="split.allot", stream="unit").last()
        assert (
            said.data["changed"][0] | {"row": "Mật ong", "after": s.other.label}
            == (said.data["changed"][0])
        )
        # Who has it begins it.
        assert rules.has_perm("dossiers.keep_potential", s.pa_ham, _again(honey))
        # Wrongly: with a reason, and only what was allotted.
        with pytest.raises(allotting.AllottedMeanwhile):
            allot_found(s, [honey], s.own)
        with pytest.raises(allotting.AllottedMeanwhile):
            allot_found(s, [tea], s.own, reason="Nhầm")
        allot_found(s, [honey], s.own, reason="Thôn này thuộc Sông Đà")
        assert _again(honey).commune == s.own
        with pytest.raises(PermissionDenied):
            allot_found(s, [tea], s.other, by=s.officer)
        assert [row.to for row in Allotment.objects.filter(potential=honey)] == [s.other, s.own]


def _again(potential):
    return Potential.objects.get(pk=potential.pk)


def test_what_a_survey_found_and_has_become_a_dossier_goes_with_it(halves):
    s = halves()
    with clock.at(NOW):
        begun = found_by_survey(s, "Mật ong", state="begun", dossier=s.dossier)
        assert list(allotting.waiting_potential(s.unit.pk)) == [s.potential]
        with pytest.raises(allotting.AllottedMeanwhile):
            allot_found(s, [begun], s.other)
        makers(s)
        assert _again(begun).commune == s.other


def test_by_the_page_what_a_survey_found_is_allotted_and_corrected(halves, client):
    s = halves()
    with clock.at(NOW):
        makers(s)
        honey, tea = found_by_survey(s, "Mật ong"), s.potential
        at = reverse("dossiers:split_one", args=[s.unit.pk])
        client.force_login(s.tinh)
        assert "2 chủ thể, sản phẩm tiềm năng" in client.get("/inbox/").content.decode()
        form = client.get(at).context["form"]
        assert form.fields[f"potential_{honey.pk}"].initial == str(s.own.pk)
        nothing = {f"potential_{each.pk}": "later" for each in (honey, tea)}
        answer = client.post(at, PAPER | nothing).content.decode()
        assert "Chưa chọn xã nhận cho chủ thể, sản phẩm tiềm năng nào." in answer
        typed = PAPER | nothing | {f"potential_{honey.pk}": s.other.pk}
        preview = client.post(at, typed).content.decode()
        assert "Sẽ phân như sau" in preview and "Mật ong → Xã Pa Ham" in preview
        assert _again(honey).commune == s.old
        assert agreed_to(client, at, typed)["Location"] == at
        assert (_again(honey).commune, _again(tea).commune) == (s.other, s.old)
        stale = client.post(at, typed | {"confirmed": seal(preview)})
        assert "vừa được phân" in stale.content.decode()
        correct = reverse("dossiers:split_potential", args=[s.unit.pk, honey.pk])
        assert correct in client.get(at).content.decode()
        changed = PAPER | {f"potential_{honey.pk}": s.own.pk}
        changed["seen"] = client.get(correct).context["form"]["seen"].value()
        assert "reason" in client.post(correct, changed).context["form"].errors
        answer = agreed_to(client, correct, changed | {"reason": "Thôn này thuộc Sông Đà"})
        assert answer["Location"] == at
        assert _again(honey).commune == s.own
        client.force_login(s.pa_ham)
        assert client.post(correct, changed).status_code == 403
