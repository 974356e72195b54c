import time, importlib
import pytest
from django.db import connection
from cycle import chains
from tests.owning import owner

pytestmark = pytest.mark.django_db(transaction=True)
N = 20000


def fill(kind, dossier, an, base):
    idea = 0
    rows = {
        "system": "'', NULL, NULL, '', '{\"term\": 5, \"rung\": \"0:officer\"}'",
        "act": f"'officer', {an.pk}, {dossier.commune_id}, 'Thiếu nguyên liệu', '{{\"task\": 5, \"node\": \"x\"}}'",
        "record": f"'officer', {an.pk}, {dossier.commune_id}, 'Thiếu', '{{\"task\": 5, \"records\": [[\"dossier\", {dossier.pk}]]}}'",
    }[kind]
    t = time.perf_counter()
    with connection.cursor() as c:
        c.execute(f"""INSERT INTO cycle_historyentry (stream, stream_id, event, label, before, after, at, role, actor_id, org_unit_id, reason, data)
          SELECT 'dossier', {base}+g, 'x', 'Mật ong', '', '', now(), {rows} FROM generate_series(1,{N}) g""")
    return time.perf_counter() - t


def test_speed(dossier, an):
    for name in ("new", "old"):
        if name == "old":
            m9 = importlib.import_module("cycle.migrations.0009_history_head").HEAD
            fn = (
                m9[m9.index("CREATE OR REPLACE FUNCTION history_chain") :]
                .replace("history_payload(NEW)", "history_payload_1(NEW)")
                .replace("search_path = public", "search_path = pg_catalog, public")
            )
            fn = fn[: fn.index("-- Room")]
            with owner() as db:
                db.execute(fn)
        for i, kind in enumerate(("system", "act", "record")):
            s = min(
                fill(
                    kind,
                    dossier,
                    an,
                    10**7 + (i + 1) * 10**6 + k * 10**5 + (0 if name == "new" else 5 * 10**7),
                )
                for k in range(2)
            )
            print(f"{name} {kind}: {s / N * 1e6:.1f} us")
        t = time.perf_counter()
        f = chains.check()
        print(name, "check", f[:1], round(time.perf_counter() - t, 2), chains.size())
