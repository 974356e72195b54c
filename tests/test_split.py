"""A commune that was split over several: asked once who has its business, taken back on paper."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from cycle import provinces
from cycle.models import HistoryEntry, Level, OrgUnit, Role, User
from cycle.units import Places
from dossiers.models import Producer
from tests.ground import kept
from tests.world import person

pytestmark = pytest.mark.django_db

ADDRESS = "/setup/split/"


@pytest.fixture
@kept
def root(db):
    return User.objects.create_superuser("root", password="mật khẩu thử", full_name="Quản Trị")


@pytest.fixture
@kept
def halved(province, commune, other_commune):
    """A commune of before whose land went to Nà Tấu and to another; one that kept its name."""
    made = []
    for code, name in (("h1", "Xã Chia Đôi"), ("h2", other_commune.name)):
        unit = OrgUnit.objects.create(
            code=code, name=name, level=Level.COMMUNE, parent=province,
            valid_from=date(2020, 1, 1), valid_to=date(2025, 6, 30),
        )  # fmt: skip
        unit.successors.set([commune, other_commune])
        made.append(unit)
    return made


def send(client, **values):
    return client.post(ADDRESS, {name: str(value) for name, value in values.items()})


def asked(halved, first="", second="", document=""):
    return {f"unit_{halved[0].pk}": first, f"unit_{halved[1].pk}": second, "document": document}


def entry():
    return HistoryEntry.objects.filter(event="office.split").order_by("-pk").first()


def test_asked_once_and_recorded(client, root, halved, commune, other_commune):
    client.force_login(root)
    page = client.get(ADDRESS)
    # Who has the old name is proposed, and nothing else is guessed.
    form = page.context["form"]
    initial = {name: form.fields[name].initial for name in form.units}
    assert initial == {f"unit_{halved[0].pk}": "", f"unit_{halved[1].pk}": str(other_commune.pk)}
    assert not OrgUnit.objects.exclude(main_successor=None).exists()

    answer = send(client, **asked(halved, commune.pk, other_commune.pk))
    assert answer["Location"] == ADDRESS
    for unit, heir in zip(halved, (commune, other_commune), strict=True):
        unit.refresh_from_db()
        assert unit.main_successor == heir == unit.heir()
    la = person("la2", "Lò Văn Lả", (Role.OFFICER, commune))
    assert halved[0].pk in la.business() and halved[1].pk not in la.business()
    said = entry()
    assert (said.actor, len(said.data["changed"])) == (root, 2)
    # The stock asks no more.
    assert Places().commune("Xã Chia Đôi").unit == commune


def test_taken_back_freely_until_it_is_used_and_then_on_paper(
    client, root, halved, commune, other_commune
):
    client.force_login(root)
    send(client, **asked(halved, commune.pk))
    send(client, **asked(halved))
    halved[0].refresh_from_db()
    assert halved[0].main_successor is None
    assert entry().data["changed"][0]["after"] == ""
    assert halved[0].heir() == halved[0]

    send(client, **asked(halved, commune.pk))
    Producer.objects.create(name="HTX Chia Đôi", owner_type="cooperative", commune=halved[0])
    before = HistoryEntry.objects.count()
    refused = send(client, **asked(halved, other_commune.pk)).content.decode()
    assert "hãy nhập số, ngày văn bản" in refused
    # What was chosen stays on the page.
    assert f'value="{other_commune.pk}" selected' in refused
    assert HistoryEntry.objects.count() == before
    send(client, **asked(halved, other_commune.pk, document="12/QĐ-UBND ngày 03/02/2026"))
    halved[0].refresh_from_db()
    assert halved[0].main_successor == other_commune
    assert entry().data["document"] == "12/QĐ-UBND ngày 03/02/2026"


def test_saved_again_as_it_stands_changes_and_records_nothing(client, root, halved, commune):
    client.force_login(root)
    for _time in range(2):
        send(client, **asked(halved, commune.pk))
    assert HistoryEntry.objects.filter(event="office.split").count() == 1


@pytest.mark.parametrize("document", ["miệng", "x" * 121, "\0"])
def test_what_is_no_document_is_refused(client, root, halved, commune, document):
    client.force_login(root)
    assert send(client, **asked(halved, commune.pk, document=document)).status_code == 200
    assert not OrgUnit.objects.exclude(main_successor=None).exists()


def test_only_its_own_successors_take_a_unit_over(client, root, halved, commune, province):
    client.force_login(root)
    for value in (province.pk, "x", "9" * 30):
        assert send(client, **asked(halved, value)).status_code == 200
    with pytest.raises(provinces.ProvinceRefused):
        provinces.choose_successors({halved[0]: province}, by=root)
    with pytest.raises(provinces.ProvinceRefused):
        provinces.choose_successors({commune: commune}, by=root)
    with pytest.raises(ValidationError):
        provinces.choose_successors({halved[0]: commune}, by=root, document="miệng")
    assert not OrgUnit.objects.exclude(main_successor=None).exists()


def test_one_refused_changes_none(client, root, halved, commune, other_commune):
    Producer.objects.create(name="HTX Chia Đôi", owner_type="cooperative", commune=halved[0])
    client.force_login(root)
    send(client, **asked(halved, commune.pk, commune.pk))
    assert not OrgUnit.objects.exclude(main_successor=None).exists()


def test_it_is_a_line_of_the_first_day_while_it_is_open(client, root, halved, commune):
    client.force_login(root)
    title = "Xã cũ chia cho nhiều xã mới"

    def done():
        return {line.title: line.done for line in client.get("/setup/").context["lines"]}

    assert done()[title] is False
    send(client, **asked(halved, commune.pk, commune.pk))
    assert done()[title] is True
    OrgUnit.successors.through.objects.all().delete()
    assert title not in done()


def test_strangers_choose_nothing(client, cast, halved, commune):
    for user in cast.values():
        client.force_login(user)
        assert client.get(ADDRESS).status_code == 404
        assert send(client, **asked(halved, commune.pk)).status_code == 404
    assert not OrgUnit.objects.exclude(main_successor=None).exists()


def test_a_province_of_the_list_with_many_is_asked_of_all(client, root, django_assert_num_queries):
    provinces.load("01", by=root)
    client.force_login(root)
    with django_assert_num_queries(6):
        form = client.get(ADDRESS).context["form"]
    assert len(form.units) == provinces.split().count() > 10
