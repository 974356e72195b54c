"""What one page may ask of the database: no list builds what cannot be split, or spills to disk.

A small province is described to PostgreSQL as two hundred times larger, so that it plans as it would
there; every query of every list is then explained.
"""

import json
import re
from contextlib import contextmanager
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import get_resolver

from bench.province import Province
from councils.models import EvaluationRound
from cycle import clock
from cycle.models import Batch, RoleAssignment
from cycle.running.owner import as_owner
from notifications import digests, feed, operations, weekly

TERMS, LARGER = 6_000, 220
#: A hash table that keeps rows without a key must stay as small as this.
FEW = 1_000
#: What a sort may use of memory, as PostgreSQL comes: bytes.
WORK_MEM = 4 * 2**20

#: Every list of the product: who opens it, and the addresses.
LISTS = {
    "inbox": (
        "canbo0",
        [
            "/inbox/",
            "/inbox/?tab=done",
            "/inbox/?tab=overdue",
            "/inbox/?q=mat",
            "/inbox/?q=natau+12/QD",
        ],
    ),
    "dossier_list": (
        "minh",
        [
            "/dossiers/",
            "/dossiers/?q=mat+ong",
            "/dossiers/?q=12/QD-UBND",
            "/dossiers/?step=evaluation",
        ],
    ),
    "register": (
        "minh",
        [
            "/register/",
            "/register/?standing=open",
            "/register/?standing=done",
            "/register/?clock=legal",
            "/register/?step=evaluation",
            "/register/?officer=0",
            "/register/?month=2026-05",
            "/register/?page=400",
        ],
    ),
    "ending": ("minh", ["/register/certificates/", "/register/certificates/?after=20000061"]),
    "missing": ("minh", ["/register/missing/", "/register/missing/?lack=plan"]),
    "potential": ("minh", ["/potential/", "/potential/?q=mat+ong&state=open"]),
    "outreach": ("minh", ["/outreach/", "/outreach/?kind=radio&cycle=1&commune=1"]),
    "coverage": ("minh", ["/outreach/coverage/"]),
    "planned": ("minh", ["/outreach/plan/", "/outreach/plan/?commune=1&standing=late"]),
    "promotion": ("minh", ["/promotions/"]),
    "support": ("minh", ["/support/", "/support/?cycle=1&commune=1&kind=production&source=own"]),
    "erasures": ("son", ["/erasures/", "/erasures/?q=lo"]),
    "job_list": ("minh", ["/jobs/"]),
    "many": ("canbo0", ["/many/"]),
    "absence": ("minh", ["/absence/"]),
    "handover": ("canbo0", ["/handover/"]),
    "handover_post": ("canbo0", ["/handover/{post}/"]),
    "briefing": ("canbo0", ["/handover/{post}/briefing/"]),
    "people": (
        "quantri",
        ["/people/", "/people/?q=lo+xa", "/people/?show=waiting", "/people/?show=left"],
    ),
    "setup": ("quantri", ["/setup/"]),
    "setup_units": ("quantri", ["/setup/units/"]),
    "calendar": ("minh", ["/calendar/"]),
    "cycles": ("minh", ["/cycles/"]),
    "cycle": ("minh", ["/cycles/{cycle}/", "/cycles/{cycle}/duties/"]),
    "cycle_batch": ("minh", ["/cycles/{cycle}/batches/{batch}/"]),
    "term": ("minh", ["/terms/{term}/"]),
    "task_why": ("minh", ["/tasks/{task}/why/"]),
    "dossier": ("minh", ["/dossiers/{dossier}/"]),
    "certificates": ("", ["/certificates/?number=7"]),
    "numbers": ("minh", ["/certificates/numbers/"]),
    "documents": ("minh", ["/documents/", "/documents/?q=quyet+dinh"]),
    "documents_printed": ("minh", ["/documents/print/"]),
    "scans": ("minh", ["/documents/scans/"]),
    "calibration": ("son", ["/calibration/"]),
    "councils": ("thu", ["/councils/"]),
    "council": ("thu", ["/councils/{council}/"]),
    "rounds": ("thu", ["/rounds/", "/rounds/?tab=closed"]),
    "round": ("thu", ["/rounds/{round}/"]),
    "results": ("thu", ["/rounds/{round}/results/"]),
    "round_calibration": ("thu", ["/rounds/{round}/calibration/"]),
    "take_in": ("thu", ["/rounds/{preparing}/products/"]),
    "opinions": ("tam", ["/opinions/"]),
    "regulations": ("thu", ["/councils/regulation/"]),
    "news": (
        "minh",
        ["/notifications/", "/notifications/?kind=result", "/notifications/?unread=1"],
    ),
    "bell": ("minh", ["/notifications/bell/"]),
    "operations": ("quantri", ["/operations/"]),
    "week": ("son", ["/reports/week/"]),
    "rubrics": ("minh", ["/rubrics/"]),
    "help": ("minh", ["/help/", "/help/?q=ho+so", "/help/commune-officer/"]),
}


@pytest.fixture
def province(transactional_db):
    """A small province that PostgreSQL takes for one two hundred times larger."""
    call_command("load_reference", stdout=StringIO())
    made = Province(TERMS)
    with as_owner(), connection.cursor() as cursor:
        # Whoever counted these tables meanwhile would find them small again.
        cursor.execute(
            """DO $$ DECLARE name text; BEGIN
                 FOR name IN SELECT relname FROM pg_class
                             WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
                 LOOP EXECUTE format('ALTER TABLE %I SET (autovacuum_enabled = off)', name);
                 END LOOP; END $$"""
        )
        cursor.execute("ANALYZE")
        cursor.execute(
            """SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', relname::text,
                 'relpages', relpages, 'reltuples', (reltuples * %s)::real)
               FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
                 AND reltuples > 100""",
            [LARGER],
        )
    yield made
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@contextmanager
def explained():
    """The (statement, plan) of every query inside the block."""
    found = []

    def explain(execute, sql, params, many, context):
        if not many and re.match(r"\s*(SELECT|WITH)\b", sql):
            with context["connection"].connection.cursor() as cursor:
                cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql, params)
                (plan,) = cursor.fetchone()
            found.append((sql, plan if isinstance(plan, list) else json.loads(plan)))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield found


def nodes(plan):
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def nullable_columns():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND is_nullable = 'YES'"
        )
        return set(cursor.fetchall())


def faults(plan, nullable):
    """What in a plan has no bound, in words."""
    root = plan[0]["Plan"]
    alias = {n["Alias"]: n.get("Relation Name") for n in nodes(root) if "Alias" in n}
    for node in nodes(root):
        # Rows that match nothing stay in the table, and those without a key all in one batch.
        keeps = node["Node Type"] == "Hash Join" and node["Join Type"] in (
            "Right", "Full", "Right Anti",
        )  # fmt: skip
        if keeps:
            (table,) = (child for child in node["Plans"] if child["Node Type"] == "Hash")
            many = max(table["Plan Rows"], table["Actual Rows"] * table["Actual Loops"]) > FEW
            keys = re.findall(r"(\w+)\.(\w+)", node["Hash Cond"].rpartition(" = ")[2])
            open_ = not keys or any((alias.get(a), column) in nullable for a, column in keys)
            if many and open_:
                yield f"{node['Join Type']} hash join on {node['Hash Cond']}"
        if node.get("Temp Written Blocks") or node.get("Temp Read Blocks"):
            yield f"{node['Node Type']} writes temporary files"
        # What PostgreSQL itself expects at the larger size.
        if node.get("Original Hash Batches", 1) > 1 or node.get("Planned Partitions", 0):
            yield f"{node['Node Type']} of {node['Plan Rows']} rows is more than its memory"
        whole = node["Node Type"] == "Sort" and node.get("Sort Method") != "top-N heapsort"
        if whole and node["Plan Rows"] * node["Plan Width"] > WORK_MEM:
            yield f"sort of {node['Plan Rows']} rows by {node['Sort Key']}"


#: Addresses without a number that list nothing that grows, or are no page.
NO_LISTS = {
    # Every row, taken in batches as the export takes it.
    "register_printed",
    # A few batches a year, by the page: test_stock_pages.py.
    "stock",
    "stock_one",
    "absence_new",
    "bounced",
    "account_change_password",
    "account_email",
    "account_inactive",
    "account_login",
    "account_logout",
    "account_reset_password",
    "account_set_password",
    "account_signup",
    "activate",
    "calendar_address",
    "forgotten",
    "council_new",
    "cycle_open",
    "deep",
    "dossier_new",
    "planned_new",
    "potential_new",
    "healthz",
    "help_seen",
    "home",
    "language",
    "live",
    "metrics",
    "new_password",
    "own_contact",
    "people_import",
    "people_sheet",
    "person_new",
    "preferences",
    "profile",
    "read_all",
    "readings",
    "regulation_new",
    "round_new",
    "setup_contact",
    "setup_reference",
    # As many as one merger of a province split.
    "setup_split",
    # As many as the splits of a province.
    "split",
    "slips",
    "task_bulk",
    "templates",
    "week_pdf",
}


def test_every_list_is_walked():
    found = set()
    for pattern in get_resolver().url_patterns:
        if getattr(pattern, "app_name", None) != "admin":
            for each in getattr(pattern, "url_patterns", [pattern]):
                if not each.pattern.converters:
                    found.add(each.name)
    assert found - set(LISTS) == NO_LISTS


@pytest.mark.walk
@pytest.mark.slow(
    reason="every list of a province of 6,000 terms, and every query of each explained"
)
def test_no_list_asks_what_has_no_bound(province):
    wrong, asked = walk(province)
    assert wrong == {}
    assert asked > 200


def walk(province):
    """``{address or reader: faults}``, and how many queries were explained."""
    nullable, wrong, asked = nullable_columns(), {}, 0
    late = province.minh.notifications.earliest("pk").entry.stream_id
    numbers = {
        "post": RoleAssignment.objects.get(user=province.officers[0], role="officer").pk,
        "term": 10_000_007,
        "task": 10_000_007,
        "dossier": late,
        "council": province.council.pk,
        "round": province.round.pk,
        "preparing": EvaluationRound.create(
            EvaluationRound(council=province.council, cycle=province.cycle, name="Đợt mới"),
            by=province.thu,
        ).pk,
        "cycle": province.round.cycle_id,
        "batch": Batch.objects.create(
            cycle=province.round.cycle,
            number=1,
            name="Đợt 1",
            propose_by=date(2030, 1, 1),
            decide_by=date(2030, 2, 1),
        ).pk,
    }
    for user, addresses in LISTS.values():
        client = Client()
        if user:
            client.force_login(
                next(each for each in province.people() if each.username == user),
                backend="django.contrib.auth.backends.ModelBackend",
            )
        for address in addresses:
            with explained() as found:
                answer = client.get(address.format(**numbers))
            assert answer.status_code in (200, 204), address
            asked += len(found)
            for sql, plan in found:
                if faulty := sorted(set(faults(plan, nullable))):
                    wrong.setdefault(address, []).append((faulty, sql[:200]))
    now = clock.now()
    for user in (province.minh, province.son):
        for read in (
            lambda user: digests.text_for(user, now - timedelta(days=1), now),
            feed.feed,
            lambda user: weekly.figures(user, now),
            lambda user: operations.Operations().backlog(),
        ):
            with explained() as found:
                read(user)
            for sql, plan in found:
                if faulty := sorted(set(faults(plan, nullable))):
                    wrong.setdefault(str(read), []).append((faulty, sql[:200]))
    return wrong, asked
