"""The inbox does not feel how many tasks there are; viewflow's own of the same flow is slower.

The officer has the same open tasks in a table of few and in one of many; all others are done, or
other communes'. She sits on the province's council too and owes it sheets: the same page is taken
with its other kinds of work and without; viewflow's shows tasks alone, and is held against that.
Each page shows 25 rows. The pages take turns in one run; medians are compared.
"""

import gc
from statistics import median
from time import perf_counter
from unittest import mock

from django.conf import settings
from django.db import connection, transaction
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from bench.ground import end_the_province_of_the_reference_data
from councils.models import Member, Seat
from cycle.models import Level, OrgUnit, Role, RuleSet, User
from cycle.running.owner import as_owner
from dossiers.lists import work
from tests import judging
from tests.world import open_cycle, open_dossier, person

BOUND = (
    "chỉ việc của hồ sơ: nhanh hơn hộp việc của viewflow ít nhất 2,5 lần; tối đa 10 truy vấn; "
    "trung vị ở cỡ lớn ≤ 1,4 lần cỡ nhỏ, có mọi loại việc ≤ 1,4 lần chỉ việc của hồ sơ"
)
#: few tasks, many tasks, rounds of timing
SIZES = {"small": (500, 2_000, 5), "full": (10_000, 1_000_000, 100)}
MINE = 60
PER_DOSSIER = 10
SHEETS = 20


def run(scale):
    """Medians in milliseconds of each page, the ratios, and the number of queries."""
    few, many, rounds = SIZES[scale]
    an, mine, others = _world()
    _fill(few, mine, others)
    _vacuum()
    with override_settings(
        ROOT_URLCONF="bench.stock", INSTALLED_APPS=[*settings.INSTALLED_APPS, "bench"]
    ):
        client = _client(an)
        at_few = _time({"inbox": ("/inbox/", client), "bare": ("/bare/", client)}, rounds)
        _fill(many - few, others, others)
        # A superuser asks for no permission, which is to viewflow's advantage.
        binh = User.objects.create_superuser("binh")
        _fill_stock(binh, many, mine)
        client = _client(an)
        _vacuum()
        times = _time(
            {
                "inbox": ("/inbox/", client),
                "alone": ("/inbox/", _alone(an)),
                "stock": ("/stock/inbox/", _client(binh)),
                "bare": ("/bare/", client),
            },
            rounds,
        )
    client = _client(an)
    with CaptureQueriesContext(connection) as queries:
        page = client.get("/inbox/")
    rows = page.content.decode().count('<a class="go"')
    figures = {
        "size": [few, many],
        "rows": rows,
        "queries": len(queries),
        "inbox_few_ms": round(at_few["inbox"], 2),
        "bare_few_ms": round(at_few["bare"], 2),
        "inbox_many_ms": round(times["inbox"], 2),
        "stock_ms": round(times["stock"], 2),
        "bare_ms": round(times["bare"], 2),
        "alone_ms": round(times["alone"], 2),
        "every_kind_over_alone": round(times["inbox"] / times["alone"], 2),
        "stock_over_alone": round(times["stock"] / times["alone"], 2),
        "stock_over_inbox": round(times["stock"] / times["inbox"], 2),
        # Each beside the bare page of its own minutes: the machine may have other work in some.
        "many_over_few": round(
            times["inbox"] / times["bare"] * at_few["bare"] / at_few["inbox"], 2
        ),
        "inbox_over_bare": round(times["inbox"] / times["bare"], 2),
    }
    return figures | {
        "exact": figures["queries"] <= 10,
        "fast": figures["stock_over_alone"] >= 2.5
        and figures["many_over_few"] <= 1.4
        and figures["every_kind_over_alone"] <= 1.4,
    }


def _world():
    """The officer, and one real dossier of hers and one of another commune."""
    cycle = open_cycle(RuleSet.objects.get(edition="qd26_2026"), 2026)
    end_the_province_of_the_reference_data()
    province = OrgUnit.objects.create(
        code="P", name="Tỉnh", level=Level.PROVINCE, valid_from="2020-01-01"
    )
    communes = [
        OrgUnit.objects.create(
            code=f"0{n}",
            name=f"Xã {n}",
            level=Level.COMMUNE,
            parent=province,
            valid_from="2025-07-01",
        )
        for n in range(2)
    ]
    an = person("an", "Lò Thị An", (Role.OFFICER, communes[0]))
    la = person("la", "Vàng A Lả", (Role.OFFICER, communes[1]))
    mine = open_dossier(cycle, communes[0], an)
    others = open_dossier(cycle, communes[1], la)
    thu = person("thu", "Cà Thị Thu", (Role.COUNCIL_OFFICE, province))
    judging.regulate(province)
    council = judging.seat(province, thu)
    council.give_seat(
        Member(user=an, seat=Seat.MEMBER, department="Xã", since=council.valid_from), by=thu
    )
    judging.begin(council, cycle, judging.before_council(cycle, communes[1], la, SHEETS), thu)
    return an, mine, others


def _columns(table):
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT column_name FROM information_schema.columns
               WHERE table_name = %s AND is_generated = 'NEVER'""",
            [table],
        )
        return [row[0] for row in cursor.fetchall()]


def _copy(table, source, rows, key="id", **changes):
    """INSERT INTO table the row ``source`` once per row of ``rows`` (SQL), with ``changes``."""
    columns = _columns(table)
    values = [changes.get(column, f't."{column}"') for column in columns]
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} "
            f"FROM (SELECT * FROM {table} WHERE {key} = {source}) t, {rows}"
        )


@transaction.atomic
def _fill(tasks, mine, others):
    """Add ``tasks`` tasks, ten to a dossier, nine of them done; MINE dossiers are ``mine``'s."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT greatest((SELECT max(id) FROM dossiers_dossier),"
            " (SELECT max(id) FROM dossiers_process))"
        )
        base = cursor.fetchone()[0]
        cursor.execute("SELECT max(id) FROM dossiers_task")
        first_task = cursor.fetchone()[0]
    dossiers = tasks // PER_DOSSIER
    for owner, first, last in ((mine, 1, MINE), (others, MINE + 1, dossiers)):
        task, numbers = owner.open_task(), f"generate_series({first}, {last}) n"
        _copy("dossiers_dossier", owner.pk, numbers, id=f"{base} + n")
        _copy(
            "dossiers_process",
            task.process_id,
            numbers,
            id=f"{base} + n",
            dossier_id=f"{base} + n",
        )
        _copy(
            "dossiers_task",
            task.pk,
            f"{numbers}, generate_series(1, {PER_DOSSIER}) k",
            id=f"{first_task} + (n - 1) * {PER_DOSSIER} + k",
            dossier_id=f"{base} + n",
            process_id=f"{base} + n",
            status=f"CASE WHEN k = {PER_DOSSIER} THEN 'NEW' ELSE 'DONE' END",
            closed_by_id=f"CASE WHEN k < {PER_DOSSIER} THEN {_holder(task)} END",
            closed_at=f"CASE WHEN k < {PER_DOSSIER} THEN t.opened_at END",
            outcome=f"CASE WHEN k < {PER_DOSSIER} THEN 'register_idea' ELSE '' END",
        )


def _holder(task):
    return task.org_unit.role_assignments.get(role=task.role).user_id


def _fill_stock(user, tasks, dossier):
    """As many tasks in viewflow's own tables: MINE assigned to the officer, the others done."""
    from bench.stock import StockFlow

    process = StockFlow.start.run(_process_seed=dossier)
    task = process.task_set.get(status="NEW")
    numbers = f"generate_series(1, {tasks // PER_DOSSIER}) n"
    _copy("viewflow_process", process.pk, numbers, id=f"{process.pk} + n")
    _copy(
        "viewflow_task",
        task.pk,
        f"{numbers}, generate_series(1, {PER_DOSSIER}) k",
        id=f"{task.pk} + (n - 1) * {PER_DOSSIER} + k",
        process_id=f"{process.pk} + n",
        status=f"CASE WHEN k = {PER_DOSSIER} AND n <= {MINE} THEN 'ASSIGNED' ELSE 'DONE' END",
        owner_id=f"CASE WHEN k = {PER_DOSSIER} AND n <= {MINE} THEN {user.pk} END",
    )


def _vacuum():
    """What autovacuum does within minutes; only the owner may."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _client(user):
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


class _Alone:
    """A client to whose pages tasks are the only kind of work."""

    def __init__(self, client):
        self.client = client

    def get(self, path):
        with mock.patch.object(work, "_sources", []):
            return self.client.get(path)


def _alone(user):
    return _Alone(_client(user))


def _time(pages, rounds):
    """The median of each page in milliseconds, in turns."""
    spent = {name: [] for name in pages}
    for path, client in pages.values():
        for _ in range(3):
            response = client.get(path)
            assert response.status_code == 200, (path, response.status_code)
    gc.disable()
    for _ in range(rounds):
        for name, (path, client) in pages.items():
            started = perf_counter()
            client.get(path)
            spent[name].append(perf_counter() - started)
    gc.enable()
    return {name: 1000 * median(times) for name, times in spent.items()}
