"""Printed and public addresses have one source, whatever host a request names."""

import ast
from pathlib import Path

import pytest

from cycle import site

ROOT = Path(__file__).parent.parent
SOURCES = [
    path
    for app in ("cycle", "dossiers", "councils", "notifications")
    for path in sorted((ROOT / app).rglob("*.py"))
    if "migrations" not in path.parts
]


def test_the_address_is_the_one_that_is_set(settings):
    for configured in ("https://ocop.example.vn", "https://ocop.example.vn/"):
        settings.SITE_URL = configured
        assert site.address() == "https://ocop.example.vn"
        assert site.address("/c/x/") == "https://ocop.example.vn/c/x/"


def test_no_address_is_built_from_a_request_and_the_setting_is_read_in_one_place():
    asked = {"build_absolute_uri", "get_host", "SITE_URL"}
    found = {
        (str(path.relative_to(ROOT)), node.attr)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in asked
    }
    assert found == {
        ("cycle/site.py", "SITE_URL"),
        # These compare where a request comes from with where it goes; no address is made of it.
        ("cycle/once.py", "get_host"),
        ("cycle/views.py", "get_host"),
    }
    for template in sorted((ROOT / "templates").rglob("*")):
        if template.is_file():
            said = template.read_text()
            assert "request.get_host" not in said and "build_absolute_uri" not in said, template


@pytest.mark.parametrize(
    ("configured", "warned"),
    [
        ("https://ocop.example.vn", False),
        ("http://ocop.example.vn/", False),
        ("", True),
        ("ocop.example.vn", True),
        ("http://127.0.0.1:8000", True),
        ("https://localhost", True),
        ("http://[::1]:8000", True),
        ("ftp://ocop.example.vn", True),
    ],
)
def test_a_site_that_nobody_reaches_is_warned_of(settings, configured, warned):
    settings.SITE_URL = configured
    assert bool(site.site_is_named(None)) == warned
