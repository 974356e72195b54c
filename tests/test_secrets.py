"""What is typed as a password is found nowhere afterwards: no row, no session, no log, no file."""

import json
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.test import Client

from cycle import typed
from cycle.models import User
from cycle.running import embedded
from tests.addresses import filled, forms_of, routes
from tests.ground import kept
from tests.kept import tables_with

pytestmark = pytest.mark.django_db

SECRET = "Zk7qXw3LpVt9Rm"
HERE = {"origin": "http://testserver"}


@pytest.fixture
@kept
def admin(db):
    return User.objects.create_superuser("quantri", password="mật khẩu thử", full_name="Quản Trị")


def asked_for(admin):
    """{address: its form} of every page that asks for a password, signed in or not."""
    found = {}
    for signed_in in (False, True):
        client = Client()
        if signed_in:
            client.force_login(admin)
        for route in routes():
            address = filled(route, admin.pk)
            for form in forms_of(client.get(address)):
                if any(kind == "password" for kind, _value in form["fields"].values()):
                    found[form["action"] or address] = form
    return found


def typed_in(form, token):
    """The form with the secret wherever a password is asked for."""
    data = {
        name: SECRET if kind == "password" else value
        for name, (kind, value) in form["fields"].items()
    }
    if "login" in data:
        data["login"] = "quantri"
    if "username" in data:
        data["username"] = "moi"
    return data | {"csrfmiddlewaretoken": token}


@pytest.mark.walk
@pytest.mark.slow(reason="every form that asks for a password, twelve ways")
def test_no_password_that_was_typed_is_found_again(admin, caplog, capfd):
    caplog.set_level(0)
    begun = time.time_ns()
    pages = asked_for(admin)
    assert {"/accounts/login/", "/accounts/password/change/", "/activate/"} <= set(pages)
    assert "/password/new/" in pages
    assert {"/admin/cycle/user/add/", f"/admin/cycle/user/{admin.pk}/password/"} <= set(pages)

    answers = set()
    # What is there is found.
    assert tables_with("quantri") == ["cycle_user"]
    for address, form in pages.items():
        for signed_in in (True, False):
            for token in ("right", "stale", "missing"):
                client = Client(enforce_csrf_checks=True)
                client.get("/accounts/login/")
                # Last signed out: to sign in takes away what was noted of failing to.
                if signed_in:
                    client.force_login(User.objects.get(pk=admin.pk))
                    client.get("/profile/")
                mine = client.cookies["csrftoken"].value
                sent = {"right": mine, "stale": "x" * 64, "missing": ""}[token]
                # From the page itself, and from one without a word of where it comes from.
                for headers in (HERE, {}):
                    answer = client.post(address, typed_in(form, sent), headers=headers)
                    answers.add(answer.status_code)
                    assert tables_with(SECRET) == []
                    kept = [row.get_decoded() for row in Session.objects.all()]
                    assert SECRET not in json.dumps(kept)
                    client.get(address)
    # Served, redirected, refused; nothing broke.
    assert answers == {200, 302, 403}
    assert "request_finished" in caplog.text
    assert SECRET not in caplog.text + "".join(capfd.readouterr())
    written = [
        path
        for folder in (settings.MEDIA_ROOT, embedded.state_folder())
        for path in Path(folder).rglob("*")
        if path.is_file() and (path.suffix == ".log" or folder == settings.MEDIA_ROOT)
        if path.stat().st_mtime_ns >= begun
    ]
    assert [path for path in written if SECRET.encode() in path.read_bytes()] == []


@pytest.mark.walk
@pytest.mark.slow(reason="every address")
def test_no_page_that_shows_typed_forms_again_asks_for_a_secret(admin):
    """Kept are the pages marked for it; what looks like a secret is left out by its name."""
    for name in ("password", "Old_Password", "reg-secret", "csrfmiddlewaretoken", "otp", "pin"):
        assert typed.SECRET.search(name)
    client = Client()
    client.force_login(admin)
    marked = 0
    for route in routes():
        page = client.get(filled(route, admin.pk))
        match = page.resolver_match
        if not match or not getattr(match.func, "shows_typed", False):
            continue
        marked += 1
        for form in forms_of(page):
            for name, (kind, _value) in form["fields"].items():
                assert kind != "password", route
                if name not in ("csrfmiddlewaretoken",):
                    assert not typed.SECRET.search(name), (route, name)
    assert marked > 10


def test_sessions_from_before_are_ended_by_their_migration():
    """They held passwords: a migration takes them all."""
    step = MigrationLoader(connection).get_migration("cycle", "0010_forget_sessions").operations[0]
    Session.objects.create(
        session_key="x" * 32, session_data="", expire_date="2030-01-01T00:00:00Z"
    )
    from django.apps import apps

    step.code(apps, None)
    assert Session.objects.count() == 0
