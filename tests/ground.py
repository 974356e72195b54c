"""What many tests begin from is built once, not for each: units, people, a year, a dossier.

A fixture marked :func:`kept` is a layer: its rows lie under a savepoint of their own, in a
transaction that outlives the test; a test takes place above them, under another, and is rolled
back as ever. The next test keeps what it shares with the one before, from the bottom up, and
builds the rest. Each test has objects of its own, never seen by another.

In which order layers lie follows from what a test asks for alone: it finds the same rows whichever
ran before it. They go with the file, and before a test that commits.
"""

import functools
import io
import pickle
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from django.conf import settings
from django.db import connection, transaction
from django.test import override_settings
from viewflow.workflow.base import Node
from viewflow.workflow.fields import get_task_ref, import_task_by_ref

from cycle import clock
from tests import numbering
from tests.owning import LOOK_NOW

#: Seconds that the rows of one transaction are used: ``now()`` is its beginning to PostgreSQL.
LIFE = 20

#: The function that makes a layer, by the function that pytest calls; as they are defined.
_MAKERS = {}


def kept(function):
    """Let what this fixture function makes lie under the tests that ask for it.

    It makes rows and files and nothing else, and returns what can be pickled; it asks for ``db``,
    for others that are kept, and for values by which a test is parametrized: a table whose cases
    of one value follow each other has one world for them all.
    """

    @functools.wraps(function)
    def given(**asked):
        name = function.__name__
        return ground.give(name) if name in ground.values else function(**asked)

    _MAKERS[given] = function
    return given


class Wanted(NamedTuple):
    """A layer that is asked for: its maker, and the parameters that it takes of the test."""

    maker: Callable
    parameters: tuple[tuple[str, object], ...] = ()


class Layer(NamedTuple):
    """One fixture's rows."""

    wanted: Wanted
    savepoint: transaction.Atomic
    #: All values up to here, by the name of the fixture, pickled together: they share their objects.
    values: bytes
    #: Whether the true clock was asked.
    dated: bool
    #: What it stored, as in MEDIA_ROOT; None without files.
    files: Path | None
    #: Up to which numbers its papers, and those below it, have taken them.
    numbered: dict[str, int]


class Ground:
    """The layers of this process; none outside the tests of one file."""

    def __init__(self):
        self.layers: list[Layer] = []
        self.values: dict = {}
        self.since = 0.0

    def lay(self, wanted):
        """Let exactly these lie, in this order, and ``values`` be new objects of them."""
        if time.monotonic() - self.since > LIFE or connection.closed_in_transaction:
            self.drop()
        same = 0
        for layer, each in zip(self.layers, wanted, strict=False):
            if layer.wanted != each:
                break
            same += 1
        self.drop(same)
        for each in wanted[same:]:
            self._add(each)
        if same < len(wanted):
            with connection.cursor() as cursor:
                # What waits for the end of the transaction would be checked in each test.
                cursor.execute(LOOK_NOW)
        self.values = self._objects()

    def give(self, name):
        """The value of a fixture to the test over it."""
        layer = next(layer for layer in self.layers if layer.wanted.maker.__name__ == name)
        if layer.dated:
            said = f"{name} was made by the true clock: ask for it before what sets the clock"
            assert clock._moment.get() is None, said
        if layer.files:
            shutil.copytree(layer.files, settings.MEDIA_ROOT, dirs_exist_ok=True)
        return self.values[name]

    def drop(self, left=0):
        """Take all layers away but the lowest ones."""
        while len(self.layers) > left:
            transaction.set_rollback(True)
            layer = self.layers.pop()
            layer.savepoint.__exit__(None, None, None)
            if layer.files:
                shutil.rmtree(layer.files)
        numbering.begin(self.layers[-1].numbered if self.layers else numbering.FIRST)

    def _objects(self):
        return _Reading(io.BytesIO(self.layers[-1].values)).load() if self.layers else {}

    def _add(self, wanted):
        maker, values = wanted.maker, self._objects()
        savepoint = transaction.atomic()
        savepoint.__enter__()
        if not self.layers:
            self.since = time.monotonic()
            with connection.cursor() as cursor:
                # Tests that ask nothing of the database may be many.
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        known = {"db": None, **values, **dict(wanted.parameters)}
        asked = maker.__code__.co_varnames[: maker.__code__.co_argcount]
        files = Path(tempfile.mkdtemp())
        try:
            with _clock_watched() as times, override_settings(MEDIA_ROOT=files):
                values[maker.__name__] = maker(**{name: known[name] for name in asked})
            written = io.BytesIO()
            _Writing(written, pickle.HIGHEST_PROTOCOL).dump(values)
        except BaseException:
            transaction.set_rollback(True)
            savepoint.__exit__(None, None, None)
            raise
        if not any(files.iterdir()):
            files.rmdir()
            files = None
        self.layers.append(
            Layer(wanted, savepoint, written.getvalue(), bool(times), files, numbering.last)
        )


ground = Ground()


@contextmanager
def _clock_watched():
    """A list, which is empty as long as nobody asks the true clock inside the block."""
    times = []

    def watched(ask):
        def asked():
            if clock._moment.get() is None:
                times.append(ask)
            return ask()

        return asked

    with (
        mock.patch.object(clock, "now", watched(clock.now)),
        mock.patch.object(clock, "today_in_database", watched(clock.today_in_database)),
    ):
        yield times


class _Writing(pickle.Pickler):
    """A node of a walk is one object of the code, also in a copy of its task."""

    def persistent_id(self, obj):
        return get_task_ref(obj) if isinstance(obj, Node) else None


class _Reading(pickle.Unpickler):
    def persistent_load(self, pid):
        return import_task_by_ref(pid)


def wanted_by(item):
    """What lies under a test: of the fixtures that it asks for those that are kept, in order.

    What rests on most lies lowest, with what it rests on: what is asked for beside it changes from
    test to test, and is soon built.
    """
    defined = item._fixtureinfo.name2fixturedefs
    parameters = item.callspec.params if hasattr(item, "callspec") else {}

    @functools.cache
    def below(name):
        """The layers that this one needs and itself, in order; none when it is not kept."""
        definition = defined[name][-1] if name in defined else None
        maker = definition and _MAKERS.get(definition.func)
        if maker is None:
            return ()
        found, given = {}, []
        for asked in definition.argnames:
            if asked in parameters:
                given.append((asked, parameters[asked]))
            elif asked != "db":
                if not below(asked):
                    return ()
                found |= dict.fromkeys(below(asked))
        return (*found, Wanted(maker, tuple(given)))

    rank = {maker: number for number, maker in enumerate(_MAKERS.values())}
    whole = sorted(
        filter(None, map(below, defined)), key=lambda layers: (-len(layers), rank[layers[-1].maker])
    )
    return list(dict.fromkeys(layer for layers in whole for layer in layers))
