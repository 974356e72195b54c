"""The test database is made by its owner; tests run as the application, like the product.

The cast: An and Chi work for the commune Nà Tấu, Bình, Hà and Hùng for the district, Minh, Thu, Sơn
and Tâm for the province; Kiểm audits; Lả is the officer of another commune.
"""

from datetime import date
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import TransactionTestCase

from cycle.models import Level, OrgUnit, Role, RuleSet
from tests import databases
from tests.world import open_cycle, open_dossier, person

pytest_plugins = ["tests.rendered"]


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker, django_db_modify_db_settings):
    """A database for this process, a copy of the migrated one; it goes with the process."""
    name = connection.creation._get_test_db_name()
    with django_db_blocker.unblock():
        databases.make(name)
        with databases.using(name):
            yield
        databases.drop(name)


@pytest.fixture(scope="session", autouse=True)
def _emptied_after_transactional_tests():
    """What such a test has committed is removed, of the tables that it filled.

    Only the owner may TRUNCATE. What migrating leaves (kinds of rows, permissions) stays.
    """
    original = TransactionTestCase._fixture_teardown
    TransactionTestCase._fixture_teardown = lambda _case: databases.empty()
    yield
    TransactionTestCase._fixture_teardown = original


#: Files whose tests share something that takes long to load: one process runs them all.
TOGETHER = {"test_backup.py", "test_demo.py", "test_replay.py", "test_replay_files.py"}


def pytest_collection_modifyitems(items):
    """The proofs first: they take longest, and none is left to run alone at the end."""
    for item in items:
        if item.path.name in TOGETHER:
            item.add_marker(pytest.mark.xdist_group(item.path.name))
        elif item.path.name == "test_embedded.py":
            item.add_marker(pytest.mark.own_server)
        elif item.path.parent.name == "browser":
            item.add_marker(pytest.mark.browser)
        elif getattr(item, "originalname", "") == "test_a_proof_holds_in_small":
            item.add_marker(pytest.mark.proof)
    items.sort(key=lambda item: item.get_closest_marker("proof") is None)


# --- The ground -----------------------------------------------------------------------------


@pytest.fixture
def rule_sets(db):
    """The three editions, by the year of their decision."""
    call_command("load_rulesets", verbosity=0)
    return {row.edition: row for row in RuleSet.objects.all()}


@pytest.fixture
def province(db):
    return OrgUnit.objects.create(
        code="11", name="Tỉnh Điện Biên", level=Level.PROVINCE, valid_from=date(2020, 1, 1)
    )


@pytest.fixture
def district(province):
    return OrgUnit.objects.create(
        code="100",
        name="Huyện Điện Biên",
        level=Level.DISTRICT,
        parent=province,
        valid_from=date(2020, 1, 1),
    )


@pytest.fixture
def old_commune(district):
    """A commune below a district, as until 30/6/2025."""
    return OrgUnit.objects.create(
        code="03325",
        name="Xã Mường Pồn",
        level=Level.COMMUNE,
        parent=district,
        valid_from=date(2020, 1, 1),
    )


@pytest.fixture
def commune(province):
    """A commune below the province, as since 1/7/2025."""
    return OrgUnit.objects.create(
        code="03316",
        name="Xã Nà Tấu",
        level=Level.COMMUNE,
        parent=province,
        valid_from=date(2025, 7, 1),
    )


@pytest.fixture
def other_commune(province):
    return OrgUnit.objects.create(
        code="03160",
        name="Xã Mường Nhé",
        level=Level.COMMUNE,
        parent=province,
        valid_from=date(2025, 7, 1),
    )


@pytest.fixture
def an(commune, old_commune):
    """Commune officer, of the new commune and of the old one."""
    return person("an", "Lò Thị An", (Role.OFFICER, commune), (Role.OFFICER, old_commune))


@pytest.fixture
def chi(commune, old_commune):
    """Chair of the commune."""
    return person("chi", "Quàng Văn Chi", (Role.LEADER, commune), (Role.LEADER, old_commune))


@pytest.fixture
def la(other_commune):
    """Officer of another commune: a stranger to all that is Nà Tấu's."""
    return person("la", "Vàng A Lả", (Role.OFFICER, other_commune))


@pytest.fixture
def binh(district):
    """District desk."""
    return person("binh", "Cà Thị Bình", (Role.OFFICER, district))


@pytest.fixture
def ha(district):
    """District council's office."""
    return person("ha", "Tòng Thu Hà", (Role.COUNCIL_OFFICE, district))


@pytest.fixture
def hung(district):
    """District leader."""
    return person("hung", "Lường Mạnh Hùng", (Role.LEADER, district))


@pytest.fixture
def minh(province):
    """Province office."""
    return person("minh", "Nguyễn Hoàng Minh", (Role.OFFICER, province))


@pytest.fixture
def thu(province):
    """Province council's office."""
    return person("thu", "Phạm Hoài Thu", (Role.COUNCIL_OFFICE, province))


@pytest.fixture
def son(province):
    """Chair of the province."""
    return person("son", "Trần Công Sơn", (Role.LEADER, province))


@pytest.fixture
def tam(province):
    """Industry and trade."""
    return person("tam", "Đỗ Thanh Tâm", (Role.TRADE, province))


@pytest.fixture
def kiem(province):
    """Auditor: sees all, does nothing."""
    return person("kiem", "Hoàng Văn Kiểm", (Role.AUDITOR, province))


@pytest.fixture
def cast(an, chi, la, binh, ha, hung, minh, thu, son, tam, kiem):
    """Everybody, by username."""
    return {
        user.username: user for user in (an, chi, la, binh, ha, hung, minh, thu, son, tam, kiem)
    }


@pytest.fixture
def cycle(rule_sets):
    """The year in force: two levels (QĐ 26/2026)."""
    return open_cycle(rule_sets["qd26_2026"], 2026)


@pytest.fixture
def cycle_of_three(rule_sets):
    """A year of three levels (QĐ 1048/2019 and 781/2020)."""
    return open_cycle(rule_sets["qd1048_2019"], 2022)


@pytest.fixture
def cycle_of_851(rule_sets):
    """A year of Bắc Kạn's first edition (QĐ 851/2018)."""
    return open_cycle(rule_sets["qd851_2018"], 2019)


@pytest.fixture
def dossier(cycle, commune, an):
    """A product of Nà Tấu in the year in force."""
    return open_dossier(cycle, commune, an)


@pytest.fixture
def dossier_of_three(cycle_of_three, old_commune, an):
    """A product of a commune below a district, under three levels."""
    return open_dossier(cycle_of_three, old_commune, an)


@pytest.fixture
def moi(commune, old_commune, district, province):
    """Holds every role everywhere: what stops this person is the law alone."""
    return person(
        "moi",
        "Người giữ mọi vai trò",
        *(
            (role, unit)
            for role in Role.values
            for unit in (commune, old_commune, district, province)
        ),
    )


@pytest.fixture
def world(cycle, commune, dossier, an):
    """A year, a dossier just opened and an officer."""
    return SimpleNamespace(cycle=cycle, commune=commune, dossier=dossier, an=an)
