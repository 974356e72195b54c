"""Files of papers are made in a process of their own, which may take so long and so much memory:
what a province writes into a template, or a round of very many products, stops no worker.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import structlog
from django.conf import settings
from django.utils.translation import gettext as _now

from cycle.papers import filling

log = structlog.get_logger(__name__)

#: How long a paper may take: seconds on the clock, and of a processor.
SECONDS = 20
#: How much memory, in bytes, all that the program itself needs (some 300 MB) included.
MEMORY = 1_500_000_000
#: The largest file, in bytes.
LARGEST = 50_000_000
#: So many papers are made at once for pages, by each process that answers them, and for one person
#: of these: others go on being answered beside them.
AT_ONCE, OF_ONE = 3, 2

_making: Counter[object] = Counter()
_counting = Lock()


class Busy(Exception):
    """Enough papers are being made; the message says so in Vietnamese."""

    def __str__(self) -> str:
        return _now("Máy chủ đang lập văn bản khác: hãy đợi vài giây rồi thử lại.")


@contextmanager
def turn(person: object) -> Iterator[None]:
    """One of the papers that are made at once for pages, ``person`` being whose. Raises Busy where
    there are enough.
    """
    with _counting:
        if _making.total() >= AT_ONCE or _making[person] >= OF_ONE:
            log.warning("papers_busy", making=_making.total())
            raise Busy
        _making[person] += 1
    try:
        yield
    finally:
        with _counting:
            _making[person] -= 1
            if not _making[person]:
                del _making[person]


class TooMuch(Exception):
    """A paper took too long or too much memory; the message says so in Vietnamese."""

    def __str__(self) -> str:
        return _now(
            "Không lập xong văn bản này trong %(seconds)d giây: mẫu hoặc số liệu quá lớn. "
            "Hãy dùng mẫu của phần mềm, hoặc chia nhỏ số sản phẩm."
        ) % {"seconds": SECONDS}


def word(template: bytes, data: dict[str, Any]) -> bytes:
    """:func:`filling.word` in a process of its own. Raises TooMuch and :class:`filling.Refused`."""
    if not settings.PAPERS_APART:
        return filling.word(template, data)
    return _made({"make": "word", "data": data}, template)


def sheet(
    path: Path, root: Path, name: str, data: dict[str, Any], outline: dict[str, Any] | None = None
) -> bytes:
    """:func:`filling.sheet` in a process of its own. Raises TooMuch."""
    job = {"path": str(path), "root": str(root), "name": name, "data": data, "outline": outline}
    if not settings.PAPERS_APART:
        return filling.sheet(**job)  # type: ignore[arg-type]
    return _made({"make": "sheet", "sheet": job})


def _made(job: dict[str, Any], template: bytes = b"") -> bytes:
    program = [sys.executable, "-P", filling.__file__, str(SECONDS), str(MEMORY)]
    try:
        done = subprocess.run(  # noqa: S603
            program,
            input=json.dumps(job).encode() + b"\n" + template,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            # Nothing of our environment: passwords and keys stand in it.
            env={},
        )
    except subprocess.TimeoutExpired as late:
        log.warning("paper_too_slow", make=job["make"])
        raise TooMuch from late
    if done.stderr:
        log.warning("paper_said", said=done.stderr.decode(errors="replace")[-4000:])
    if done.returncode or len(done.stdout) > LARGEST:
        log.warning("paper_too_large", make=job["make"], code=done.returncode)
        raise TooMuch
    said, _line, made = done.stdout.partition(b"\n")
    if refused := json.loads(said):
        raise filling.Refused(**refused)
    return made
