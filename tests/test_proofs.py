"""Every proof runs small, and what it shows is true; how fast this machine is, is not asked."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import proofs

#: What must be exactly so on any machine: figures of correctness, counts and sizes, never times.
RESULTS = {
    "task_race": {"winners": 20, "history": 20, "next_tasks": 20, "records": 20, "holds": True},
    "transition_cost": {"same_rows": True},
    "import_scale": {
        "size": 400,
        "same_rows": True,
        "errors_planted": 40,
        "errors_found": 40,
        "errors_elsewhere": 0,
        "kills": 3,
        "half_entered": 0,
        "entered_after_kills": 100,
        "history_whole": True,
    },
    "sweep_kill": {
        "size": 10,
        "rungs": 9000,
        "firings": 9000,
        "history": 9000,
        "outbox": 9000,
        "notifications": 9000,
        "mails": 300,
        "mails_lost": 0,
        "unknown_message_ids": 0,
        "holds": True,
    },
    "beats_and_clocks": {
        "beats_doubled": 0,
        "beats_missing": 0,
        "away_skipped": 0,
        "python_clock_early": 0,
        "python_clock_doubled": 0,
        "our_clock_jumps": 1000,
        "our_clock_early": 0,
        "our_clock_doubled": 0,
        "holds": True,
    },
    "smtp_faults": {
        "lost": 0,
        "most_repeats_of_one": 1,
        "connections_by_requests": 0,
        "transactions_during_smtp": 0,
        "unknown_message_ids": 0,
    },
    "services_down": {
        "size": 7,
        "acts_lost": 0,
        "half_done": 0,
        "rungs_lost": 0,
        "rungs_doubled": 0,
        "jobs_lost": 0,
        "pages_500_without_crash": 0,
        "requests_stopped_by_redis": 0,
        "history_whole": True,
    },
    "sweep_scale": {"same_rows": True, "history_whole": True},
    "page_weight": {"holds": True},
    "close_race": {
        "closed": 60,
        "late_taken": 0,
        "deadlocks": 0,
        "errors": 0,
        "closed_once": 10,
        "differing": 0,
        "history_whole": True,
        "holds": True,
    },
    "leave_race": {
        "size": 10,
        "typed": 0,
        "deadlocks": 0,
        "errors": 0,
        "inconsistent": 0,
        "history_whole": True,
        "holds": True,
    },
    "ranking_exact": {"size": 300, "differing": 0, "holds": True},
    "close_scale": {"same_rows": True, "history_whole": True},
    "register_bound": {
        "late": 5600,
        "without_task": 7800,
        "temporary_mb": 0.0,
        "server_stayed": True,
        "answered": True,
        "holds": True,
    },
    "inbox_scale": {"rows": 25, "queries": 6},
}


@pytest.mark.parametrize("name", sorted(proofs()))
def test_a_proof_holds_in_small(name):
    environment = {key: value for key, value in os.environ.items() if key != "OCOP_STATE"}
    done = subprocess.run(
        [sys.executable, "-m", "bench", name],
        cwd=Path(__file__).parents[1],
        env=environment | {"SCALE": "small", "OCOP_PG_FAST": "1"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["holds"] in (True, False)
    assert figures["size"]
    expected = RESULTS.get(name, {})
    assert {key: figures[key] for key in expected} == expected


def test_every_proof_says_what_it_shows_and_its_bound():
    for name, (shows, bound) in proofs().items():
        assert shows.endswith("."), name
        assert bound, name
