"""The test database is made by its owner; tests run as the application, like the product.

The cast: An and Chi work for the commune Nà Tấu, Bình, Hà and Hùng for the district, Minh, Thu, Sơn
and Tâm for the province; Kiểm audits; Lả is the officer of another commune.
"""

import gc
from collections import Counter
from contextlib import suppress
from datetime import date, datetime
from functools import cache
from types import SimpleNamespace
from unittest import mock

import pytest
from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.db import connection
from django.db.models.expressions import RawSQL
from django.test import Client, TransactionTestCase
from django.utils import timezone
from whitenoise.middleware import WhiteNoiseMiddleware

from cycle import clock, rulesets
from cycle.models import Level, OrgUnit, Role, RuleSet
from cycle.running import embedded
from tests import databases
from tests.ground import ground, kept, wanted_by
from tests.in_the_clear import WALKS, named_in_the_clear
from tests.owning import lend_hand
from tests.stock_sheets import load_units
from tests.world import open_cycle, open_dossier, person

pytest_plugins = ["tests.rendered"]


def pytest_configure():
    """Start PostgreSQL, or join the one that another process of this run has started."""
    embedded.start_postgres()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker, django_db_modify_db_settings):
    """A database for this process, a copy of the migrated one; it goes with the process."""
    name = connection.creation._get_test_db_name()
    with django_db_blocker.unblock():
        databases.make(name)
        with databases.using(name):
            lend_hand()
            yield
        # No test waits for this: what a vacuum still sits in, the next run's copy replaces.
        with suppress(AssertionError):
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


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_looked_for_once():
    """Every client has a chain of middleware of its own, and each would list all static files."""
    found, look = {}, WhiteNoiseMiddleware.add_files_from_finders

    def look_once(middleware):
        key = (middleware.static_prefix, settings.STORAGES["staticfiles"]["BACKEND"])
        collected = middleware.files
        if key not in found:
            middleware.files = {}
            look(middleware)
            found[key] = middleware.files
        middleware.files = collected | found[key]

    with mock.patch.object(WhiteNoiseMiddleware, "add_files_from_finders", look_once):
        yield


@pytest.fixture(scope="session", autouse=True)
def _who_is_let_in_typed_no_password():
    """A sign-in forgets the passwords that were tried before: four queries, for nothing in tests."""
    force = Client.force_login

    def force_login(client, *args, **kwargs):
        with mock.patch.object(AxesProxyHandler, "user_logged_in", lambda *_args, **_kwargs: None):
            force(client, *args, **kwargs)

    with mock.patch.object(Client, "force_login", force_login):
        yield


def pytest_addoption(parser):
    parser.addoption(
        "--on", metavar="2028-02-29T23:50", help="run as if the tests began at this moment"
    )
    parser.addoption(
        "--quick", action="store_true", help="of each table of cases the first, and nothing slow"
    )


@pytest.fixture(scope="session", autouse=True)
def _on_another_day(request):
    """With ``--on`` the clock that the product asks goes as the database's, so much apart from it.

    No test may pass or fail by the day on which it runs; each query is as without.
    """
    moment = request.config.getoption("--on")
    if moment is None:
        yield
        return
    apart = timezone.make_aware(datetime.fromisoformat(moment)) - timezone.now()
    now, day = clock.now, clock.today_in_database

    def shifted_now():
        return now() if clock._moment.get() is not None else now() + apart

    def today_in_database():
        told = day()
        if isinstance(told, RawSQL):
            shifted = f"clock_timestamp() + interval '{apart.total_seconds()} seconds'"
            told.sql = told.sql.replace("clock_timestamp()", f"({shifted})")
        return told

    with (
        mock.patch.object(clock, "now", shifted_now),
        mock.patch.object(clock, "today_in_database", today_in_database),
    ):
        yield


#: Beginnings of the names of tests that any process may take, whichever runs the rest of the file.
APART = ("tests/browser/", "tests/test_proofs.py::test_a_proof_holds_in_small")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Of several processes each takes file by file: what its tests rest on is made once.

    In the order of ``pytest_collection_modifyitems``. The marks by which xdist would group tests are
    lost on this pytest: it asks for another name of a test than the one that they change.
    """
    from xdist.scheduler import LoadFileScheduling

    class FileByFile(LoadFileScheduling):
        def _split_scope(self, nodeid):
            return nodeid if nodeid.startswith(APART) else super()._split_scope(nodeid)

    config.option.loadscopereorder = False
    return FileByFile(config, log)


def pytest_collection_finish():
    """What was loaded to collect stays until the end: the collector need not look through it."""
    gc.collect()
    gc.freeze()
    # A test leaves little in circles: to look for it every 700 objects takes a twentieth of the run.
    gc.set_threshold(50_000, 20, 100)


#: Seconds of a test that says why it takes so long (``slow``), on an idle machine.
LONG = 3


def pytest_terminal_summary(terminalreporter):
    """What the proofs measured, and which tests are slow without saying why."""
    reports = [
        report
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") in ("setup", "call")
    ]
    for report in reports:
        for name, figures in report.user_properties:
            if name == "measured" and report.when == "call":
                terminalreporter.write_line(f"{report.nodeid}: {figures}")
    slow = [
        report
        for report in reports
        if report.when == "call" and report.duration > LONG and "slow" not in report.keywords
    ]
    if slow:
        terminalreporter.section(f"over {LONG} s, and not marked slow(reason=…)")
        for report in sorted(slow, key=lambda each: -each.duration):
            terminalreporter.write_line(f"{report.duration:6.1f} s  {report.nodeid}")


def pytest_collection_modifyitems(config, items):
    """The proofs first, then the files with what is slow, those with most tests, and the browsers.

    None that takes long is left to run alone at the end.
    """
    for item in items:
        if item.path.name == "test_embedded.py":
            item.add_marker(pytest.mark.own_server)
            item.add_marker(pytest.mark.slow(reason="starts and stops servers"))
        elif item.path.parent.name == "browser":
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.slow(reason="a browser draws each page"))
        elif getattr(item, "originalname", "") == "test_a_proof_holds_in_small":
            item.add_marker(pytest.mark.proof)
            item.add_marker(pytest.mark.slow(reason="a server of its own, and processes to kill"))
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    many = Counter(item.path for item in items)

    def order(item):
        if item.get_closest_marker("proof"):
            return 0, 0
        if item.get_closest_marker("browser"):
            return 3, 0
        return 1 if item.path in slow else 2, -many[item.path]

    items.sort(key=order)
    if config.getoption("--quick"):
        left = _quick(items)
        config.hook.pytest_deselected(items=[item for item in items if item not in left])
        items[:] = left


#: What ``--quick`` leaves out.
LEFT_OUT = ("browser", "proof", "own_server", "walk", "slow")


def _quick(items):
    """The first case of each test that is not of :data:`LEFT_OUT`, in their order."""
    first = {}
    for item in items:
        if not any(map(item.get_closest_marker, LEFT_OUT)):
            first.setdefault(item.nodeid.partition("[")[0], item)
    return dict.fromkeys(first.values())


@pytest.fixture(autouse=True)
def _no_name_in_the_clear(request):
    """After a test of :data:`WALKS` no payload of history names a person."""
    looked = request.node.path.name in WALKS and request.node.get_closest_marker("django_db")
    if looked:
        request.getfixturevalue("db")
    yield
    if looked:
        assert named_in_the_clear() == []


# --- The ground -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def _ground_of_the_file(django_db_setup, django_db_blocker):
    """Every file begins with empty tables."""
    yield
    with django_db_blocker.unblock():
        ground.drop()


@pytest.fixture
def _ground(request, _ground_of_the_file, django_db_blocker):
    """What of the fixtures below the test asks for, laid before its own transaction begins."""
    marker = request.node.get_closest_marker("django_db")
    commits = (marker and marker.kwargs.get("transaction")) or (
        {"transactional_db", "live_server"} & {*request.fixturenames}
    )
    with django_db_blocker.unblock():
        # A file that holds a transaction of its own open loads what it needs by itself.
        if commits or (connection.in_atomic_block and not ground.layers):
            ground.drop()
        else:
            ground.lay(wanted_by(request.node))
    yield
    ground.values = {}


@pytest.fixture
def _django_db_helper(_ground, _django_db_helper):
    """pytest-django's own: the transaction of the test, or the rows that it commits."""


@pytest.fixture
@kept
def rule_sets(db):
    """The three editions, by the year of their decision."""
    editions = [RuleSet(**fields) for fields in _editions()]
    RuleSet.objects.bulk_create(editions, ignore_conflicts=True)
    return {row.edition: row for row in RuleSet.objects.all()}


@cache
def _editions():
    """What ``load_rulesets`` writes of each edition, read from its file once a process."""
    found = []
    for path in rulesets.files(rulesets.FOLDER):
        content = rulesets.read(path)
        named = ("edition", "title", "document", "valid_from", "valid_to")
        row = {name: content[name] for name in named}
        found.append(row | {"content_hash": rulesets.content_hash(content), "content": content})
    return found


@pytest.fixture
def land(rule_sets, settings, tmp_path):
    """A province with units of today and of before, for lists of what was there; files of its own."""
    settings.MEDIA_ROOT = tmp_path
    return load_units()


@pytest.fixture
def lan(land):
    """The officer of the province who enters the stock."""
    return person("lan", "Đào Thị Lan", ("officer", land))


@pytest.fixture
def ang(land):
    """The officer of Mường Ảng, a commune of today."""
    commune = OrgUnit.objects.get(name="Xã Mường Ảng", valid_to=None)
    return person("ang", "Lò Văn Ảng", ("officer", commune))


@pytest.fixture
@kept
def province(db):
    return OrgUnit.objects.create(
        code="11", name="Tỉnh Điện Biên", level=Level.PROVINCE, valid_from=date(2020, 1, 1)
    )


@pytest.fixture
@kept
def district(province):
    return OrgUnit.objects.create(
        code="100",
        name="Huyện Điện Biên",
        level=Level.DISTRICT,
        parent=province,
        valid_from=date(2020, 1, 1),
    )


@pytest.fixture
@kept
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
@kept
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
@kept
def other_commune(province):
    return OrgUnit.objects.create(
        code="03160",
        name="Xã Mường Nhé",
        level=Level.COMMUNE,
        parent=province,
        valid_from=date(2025, 7, 1),
    )


@pytest.fixture
@kept
def an(commune, old_commune):
    """Commune officer, of the new commune and of the old one."""
    return person("an", "Lò Thị An", (Role.OFFICER, commune), (Role.OFFICER, old_commune))


@pytest.fixture
@kept
def chi(commune, old_commune):
    """Chair of the commune."""
    return person("chi", "Quàng Văn Chi", (Role.LEADER, commune), (Role.LEADER, old_commune))


@pytest.fixture
@kept
def la(other_commune):
    """Officer of another commune: a stranger to all that is Nà Tấu's."""
    return person("la", "Vàng A Lả", (Role.OFFICER, other_commune))


@pytest.fixture
@kept
def binh(district):
    """District desk."""
    return person("binh", "Cà Thị Bình", (Role.OFFICER, district))


@pytest.fixture
@kept
def ha(district):
    """District council's office."""
    return person("ha", "Tòng Thu Hà", (Role.COUNCIL_OFFICE, district))


@pytest.fixture
@kept
def hung(district):
    """District leader."""
    return person("hung", "Lường Mạnh Hùng", (Role.LEADER, district))


@pytest.fixture
@kept
def minh(province):
    """Province office."""
    return person("minh", "Nguyễn Hoàng Minh", (Role.OFFICER, province))


@pytest.fixture
@kept
def thu(province):
    """Province council's office."""
    return person("thu", "Phạm Hoài Thu", (Role.COUNCIL_OFFICE, province))


@pytest.fixture
@kept
def son(province):
    """Chair of the province."""
    return person("son", "Trần Công Sơn", (Role.LEADER, province))


@pytest.fixture
@kept
def tam(province):
    """Industry and trade."""
    return person("tam", "Đỗ Thanh Tâm", (Role.TRADE, province))


@pytest.fixture
@kept
def kiem(province):
    """Auditor: sees all, does nothing."""
    return person("kiem", "Hoàng Văn Kiểm", (Role.AUDITOR, province))


@pytest.fixture
@kept
def cast(an, chi, la, binh, ha, hung, minh, thu, son, tam, kiem):
    """Everybody, by username."""
    return {
        user.username: user for user in (an, chi, la, binh, ha, hung, minh, thu, son, tam, kiem)
    }


@pytest.fixture
@kept
def cycle(rule_sets):
    """The year in force: two levels (QĐ 26/2026)."""
    return open_cycle(rule_sets["qd26_2026"], 2026)


@pytest.fixture
@kept
def cycle_of_three(rule_sets):
    """A year of three levels (QĐ 1048/2019 and 781/2020)."""
    return open_cycle(rule_sets["qd1048_2019"], 2022)


@pytest.fixture
@kept
def cycle_of_851(rule_sets):
    """A year of Bắc Kạn's first edition (QĐ 851/2018)."""
    return open_cycle(rule_sets["qd851_2018"], 2019)


@pytest.fixture
@kept
def dossier(cycle, commune, an):
    """A product of Nà Tấu in the year in force."""
    return open_dossier(cycle, commune, an)


@pytest.fixture
@kept
def dossier_of_three(cycle_of_three, old_commune, an):
    """A product of a commune below a district, under three levels."""
    return open_dossier(cycle_of_three, old_commune, an)


@pytest.fixture
@kept
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
