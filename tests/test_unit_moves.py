"""A unit's end, successors, level and parent move files and authority: on paper, and written down."""

from datetime import timedelta

import pytest

from cycle import clock
from cycle.models import HistoryEntry, Level, OrgUnit, User

pytestmark = pytest.mark.django_db

PAPER = {"document": "15/QĐ-UBND"}


@pytest.fixture
def root(client):
    made = User.objects.create_superuser("quantri", full_name="Quản Trị")
    client.force_login(made)
    return made


def form(unit, **fields):
    day = "{:%d/%m/%Y}".format
    values = {
        "code": unit.code, "name": unit.name, "level": unit.level, "parent": unit.parent_id or "",
        "valid_from": day(unit.valid_from), "valid_to": unit.valid_to and day(unit.valid_to) or "",
        "successors": list(unit.successors.values_list("pk", flat=True)), "aliases": unit.aliases,
    }  # fmt: skip
    return values | fields


def change(client, unit, **fields):
    """What was refused, by field; nothing when it was saved."""
    answer = client.post(f"/admin/cycle/orgunit/{unit.pk}/change/", form(unit, **fields))
    if answer.status_code == 302:
        return {}
    return answer.context["adminform"].form.errors


def stored(unit):
    made = OrgUnit.objects.get(pk=unit.pk)
    return form(made)


def today(**later):
    return f"{clock.today() + timedelta(**later):%d/%m/%Y}"


def moves(commune, other, district):
    return {
        "valid_to": {"valid_to": today()},
        "successors": {"valid_to": today(), "successors": [other.pk]},
        "parent": {"parent": district.pk},
    }


@pytest.mark.parametrize("move", ["valid_to", "successors", "parent"])
@pytest.mark.parametrize("document", ["", ".", "miệng"])
def test_without_a_document_nothing_moves(
    document, move, client, root, cycle, commune, other_commune, district
):
    before, said = stored(commune), HistoryEntry.objects.count()
    fields = moves(commune, other_commune, district)[move]
    assert list(change(client, commune, document=document, **fields)) == ["document"]
    assert (stored(commune), HistoryEntry.objects.count()) == (before, said)


@pytest.mark.parametrize("move", ["valid_to", "successors", "parent"])
def test_on_a_document_it_moves_and_is_written_down(
    move, client, root, cycle, commune, other_commune, district
):
    fields = moves(commune, other_commune, district)[move]
    assert change(client, commune, **PAPER, **fields) == {}
    said = HistoryEntry.objects.get(event="unit.configure")
    assert (said.actor, said.data["unit"], said.data["document"]) == (
        root, commune.pk, "15/QĐ-UBND",
    )  # fmt: skip
    assert {row["field"] for row in said.data["changed"]} == set(fields)
    assert all(row["before"] != row["after"] for row in said.data["changed"])


def test_a_name_needs_no_document_and_is_written_down_too(client, root, cycle, commune):
    assert change(client, commune, name="Xã Nà Tấu mới") == {}
    said = HistoryEntry.objects.get(event="unit.configure")
    row = said.data["changed"][0]
    assert (row["field"], row["before"], row["after"]) == ("name", "Xã Nà Tấu", "Xã Nà Tấu mới")
    assert (said.stream, said.stream_id, said.cycle) == ("unit", commune.pk, cycle)


def test_the_page_of_the_year_shows_what_was_changed_of_a_unit(client, root, cycle, commune, minh):
    change(client, commune, name="Xã Nà Tấu mới")
    client.force_login(minh)
    page = " ".join(client.get(f"/cycles/{cycle.pk}/").content.decode().split())
    assert "Quản Trị đổi đơn vị hành chính" in page
    assert "Xã Nà Tấu → Xã Nà Tấu mới" in page


def test_a_level_stays_once_anything_hangs_on_the_unit(
    client, root, cycle, an, commune, other_commune, province
):
    up = {"level": "district", **PAPER}
    assert list(change(client, commune, **up)) == ["level"]
    assert list(change(client, province, level="centre", **PAPER)) == ["level"]
    assert change(client, other_commune, **up) == {}


def test_a_successor_is_of_the_level_there_in_time_and_not_before_it(
    client, root, cycle, commune, other_commune, province
):
    late = OrgUnit.objects.create(
        code="1", name="Xã Muộn", level=Level.COMMUNE, parent=province,
        valid_from=clock.today() + timedelta(days=2),
    )  # fmt: skip
    gone = OrgUnit.objects.create(
        code="2", name="Xã Cũ", level=Level.COMMUNE, parent=province,
        valid_from=commune.valid_from, valid_to=clock.today(),
    )  # fmt: skip
    before = OrgUnit.objects.create(
        code="3", name="Xã Trước", level=Level.COMMUNE, parent=province,
        valid_from=commune.valid_from,
    )  # fmt: skip
    before.successors.add(commune)
    ends = {"valid_to": today(), **PAPER}
    for wrong in (late, gone, before, commune, province):
        assert list(change(client, commune, successors=[wrong.pk], **ends)) == ["successors"], wrong
    named = change(client, commune, successors=[other_commune.pk], **PAPER)
    assert list(named) == ["valid_to"]
    # The province's business to a commune: what moved all authority at once.
    assert change(client, province, successors=[commune.pk], **ends).keys() == {"successors"}
    assert not HistoryEntry.objects.filter(event="unit.configure").exists()


def test_a_parent_is_above(client, root, cycle, commune, other_commune, province):
    for unit, parent in ((commune, commune), (commune, other_commune), (province, commune)):
        assert list(change(client, unit, parent=parent.pk, **PAPER)) == ["parent"]
