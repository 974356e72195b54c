"""Which templates the suite rendered: one that none did may be broken without anybody knowing.

A pytest plugin. Each process notes the templates it rendered; the last one to speak compares them
with those on disk, when the whole suite has run.
"""

from pathlib import Path

import pytest
from django.conf import settings
from django.test.signals import template_rendered

HOME = Path(settings.BASE_DIR) / "templates"


def on_disk():
    """Every template of ours, by the name that a page calls it by."""
    return {
        str(path.relative_to(HOME)) for path in HOME.rglob("*") if path.suffix in {".html", ".txt"}
    }


class Rendered:
    """The names of the templates that this process, and those it started, rendered."""

    def __init__(self):
        self.names: set[str] = set()

    def note(self, template=None, **_kwargs):
        # A name out of a tag is a SafeString, which cannot be sent to another process.
        self.names.add("" + (template.name or ""))

    def pytest_sessionstart(self, session):
        template_rendered.connect(self.note)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node, error):
        self.names.update(getattr(node, "workeroutput", {}).get("rendered", ()))

    def pytest_sessionfinish(self, session, exitstatus):
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["rendered"] = sorted(self.names & on_disk())
        elif exitstatus == 0 and whole(session.config):
            missed = sorted(on_disk() - self.names)
            if missed:
                print("\nNo test rendered:", *missed, sep="\n  ")
                session.exitstatus = pytest.ExitCode.TESTS_FAILED


def whole(config):
    """Whether all tests were asked for."""
    asked = config.option
    some = asked.keyword or asked.markexpr or asked.collectonly or asked.quick
    return not some and config.args == ["tests"]


def pytest_configure(config):
    config.pluginmanager.register(Rendered(), "rendered-templates")
