"""Templates: their lines, their addresses, their partials. Whether each is rendered: rendered.py."""

import re

from tests.rendered import HOME, on_disk

PAGES = sorted(name for name in on_disk() if name.endswith(".html"))


def lines(pattern):
    """Each line of a page that ``pattern`` is found in, as file:line."""
    found = re.compile(pattern)
    return [
        f"{name}:{number}"
        for name in PAGES
        for number, line in enumerate((HOME / name).read_text().splitlines(), 1)
        if found.search(line)
    ]


def test_no_line_is_longer_than_100_columns():
    assert lines(r".{101}") == []


def test_no_address_is_written_out():
    """`/`, the way home, alone: pages that stand without the site may not be able to ask for it."""
    assert lines(r"""\b(href|action|src|hx-\w+)=["']/[^"']""") == []


def test_every_partial_is_included_somewhere():
    used = set(re.findall(r'{% include "([^"]+)"', "".join((HOME / n).read_text() for n in PAGES)))
    partials = {name for name in PAGES if name.rsplit("/", 1)[-1].startswith("_")}
    extended = set(re.findall(r'{% extends "([^"]+)"', "".join((HOME / n).read_text() for n in PAGES)))
    loose = {name for name in partials - used - extended if not named_in_code(name)}
    assert loose == set()


def named_in_code(name):
    """Whether a module names the template itself, or the folder with a name put together."""
    root = HOME.parent
    return any(
        f'"{name}"' in path.read_text()
        for app in ("cycle", "dossiers", "councils", "notifications")
        for path in (root / app).rglob("*.py")
    )
