"""A page that wakes a worker never waits for Redis, whatever Redis does."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from statistics import median

WAKE = """
import time, django
django.setup()
from cycle.running.waking import wake
for _ in range(6):
    began = time.monotonic()
    wake("cycle.jobs.run_jobs")
    print(time.monotonic() - began)
"""


def wait_for(redis_url):
    """How many seconds a wake-up takes in a process of its own with this Redis: the median of five.

    One that waits for Redis waits each time; one alone may have waited for the machine. The first,
    which also loads the libraries, is left out.
    """
    done = subprocess.run(
        [sys.executable, "-c", WAKE],
        cwd=Path(__file__).parents[1],
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "cycle.settings",
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            "REDIS_URL": redis_url,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return median(float(line) for line in done.stdout.split()[1:])


def test_a_redis_that_is_down_is_neither_an_error_nor_waited_for(tmp_path):
    for url in ("redis://127.0.0.1:1/0", f"redis+socket://{tmp_path}/redis.sock"):
        assert wait_for(url) < 1


def test_a_redis_that_hangs_is_not_waited_for():
    with socket.socket() as silent:
        # It takes the connection and never answers.
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        assert wait_for(f"redis://127.0.0.1:{silent.getsockname()[1]}/0") < 1
