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
    "task_race": {"winners": 8, "history": 8, "next_tasks": 8, "records": 8},
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
    "batch_scale": {
        "size": 20,
        "accept_at_province_done": 20,
        "accept_at_province_same_rows": True,
        "certify_done": 20,
        "certify_same_rows": True,
        "kills": 2,
        "each_once": True,
        "history_whole": True,
    },
    "export_scale": {"size": 2000, "same_rows": True, "recorded": 4},
    "sweep_kill": {
        "size": 6,
        "rungs": 3000,
        "firings": 3000,
        "history": 3000,
        "outbox": 3000,
        "notifications": 3000,
        "mails_missing": 0,
        "mails_lost": 0,
        "unknown_message_ids": 0,
    },
    "beats_and_clocks": {
        "beats_doubled": 0,
        "beats_missing": 0,
        "away_skipped": 0,
        "python_clock_early": 0,
        "python_clock_doubled": 0,
        "our_clock_jumps": 200,
        "our_clock_early": 0,
        "our_clock_doubled": 0,
    },
    "smtp_faults": {
        "lost": 0,
        "connections_by_requests": 0,
        "transactions_during_smtp": 0,
        "unknown_message_ids": 0,
    },
    "services_down": {
        "size": 3,
        "acts_lost": 0,
        "half_done": 0,
        "rungs_lost": 0,
        "rungs_doubled": 0,
        "jobs_lost": 0,
        "pages_500_without_crash": 0,
        "requests_stopped_by_redis": 0,
        "history_whole": True,
    },
    "right_model": {
        "size": 500,
        "dead_ends": 0,
        "disagreeing": 0,
        "untold": 0,
        "told_without_right": 0,
        "wrong_days": 0,
        "history_whole": True,
    },
    "sweep_scale": {"same_rows": True, "history_whole": True},
    "page_weight": {},
    "close_race": {
        "closed": 18,
        "late_taken": 0,
        "deadlocks": 0,
        "errors": 0,
        "closed_once": 3,
        "differing": 0,
        "history_whole": True,
    },
    "leave_race": {
        "size": 10,
        "typed": 0,
        "deadlocks": 0,
        "errors": 0,
        "inconsistent": 0,
        "history_whole": True,
    },
    "ranking_exact": {"size": 90, "differing": 0},
    "close_scale": {"same_rows": True, "history_whole": True},
    "register_bound": {
        "late": 2800,
        "without_task": 3900,
        "temporary_mb": 0.0,
        "server_stayed": True,
        "answered": True,
    },
    "inbox_scale": {"rows": 25, "queries": 9},
}

#: The ratios of those that also measure: printed, never asserted.
TIMED = {
    "transition_cost": ["ratio"],
    "smtp_faults": ["hanging_of_answering"],
    "services_down": ["slowest_return_s"],
    "sweep_scale": ["of_raw", "of_viewflow", "idle_of_select_1"],
    "close_scale": ["of_raw", "growth", "growth_bound"],
    "inbox_scale": ["stock_over_alone", "many_over_few", "every_kind_over_alone"],
    "import_scale": ["of_raw"],
    "batch_scale": ["accept_at_province_of_raw", "certify_of_raw"],
    "export_scale": ["first_of_copy", "csv_of_copy"],
}


#: The walks are in the suite themselves, and in small there.
@pytest.mark.parametrize("name", sorted({*proofs()} - {"walks"}))
def test_a_proof_holds_in_small(name, record_property):
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
    assert figures["exact"] is True, figures
    assert figures["size"]
    expected = RESULTS[name]
    assert {key: figures[key] for key in expected} == expected
    # Measured, and printed at the end of the run (see conftest).
    if "fast" in figures:
        record_property("measured", {key: figures[key] for key in TIMED[name]})


def test_every_proof_says_what_it_shows_and_its_bound():
    for name, (shows, bound) in proofs().items():
        assert shows.endswith("."), name
        assert bound, name
