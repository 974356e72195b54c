"""The settings read the environment strictly, and start nothing."""

import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands

from cycle.running import starting
from cycle.running.environment import (
    NO,
    STOPPED,
    YES,
    is_production,
    networks,
    number,
    postgres,
    required,
    switch,
)

ROOT = Path(__file__).parents[1]
OWN = "postgresql://ocop_web@127.0.0.1:1/none"
#: Every way to say it or to leave it out; None is what cannot be understood.
SAID = {
    **{said: True for yes in YES for said in (yes, yes.upper(), yes.title(), f" {yes} ")},
    **{said: False for no in NO for said in (no, no.upper(), no.title(), f" {no} ")},
    **dict.fromkeys(("2", "maybe", "có", "không", "enabled", "-1", "01", "t"), None),
}
UNSAID = (None, "", " ")


def given(**environment):
    """An environment: what is None is absent."""
    return {name: value for name, value in environment.items() if value is not None}


@pytest.mark.parametrize("default", [True, False])
@pytest.mark.parametrize(("said", "means"), SAID.items())
def test_a_switch_is_yes_or_no_in_any_case_and_else_stops_the_start(said, means, default, capsys):
    if means is not None:
        assert switch({"ONE": said}, "ONE", default) is means
        return
    with pytest.raises(SystemExit) as stopped:
        switch({"ONE": said}, "ONE", default)
    assert stopped.value.code == STOPPED
    assert capsys.readouterr().err == (
        f"ONE={said} không hiểu được: hãy ghi 1/true/yes/on hoặc 0/false/no/off.\n"
    )


@pytest.mark.parametrize("said", UNSAID)
def test_a_switch_that_is_not_set_has_its_default(said):
    assert switch(given(ONE=said), "ONE") is False
    assert switch(given(ONE=said), "ONE", True) is True


@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_WORK_URL"])
@pytest.mark.parametrize("database", [None, "", OWN])
def test_a_database_of_ones_own_means_production_unless_no_is_said(database, name):
    for said in UNSAID:
        assert is_production(given(**{name: database, "OCOP_PRODUCTION": said})) is (
            database == OWN
        )
    for said, means in SAID.items():
        if means is not None:
            assert is_production(given(**{name: database, "OCOP_PRODUCTION": said})) is means


def test_what_production_needs_is_asked_of_it_alone(capsys):
    table = product([None, "", "1", "0"], [None, "", OWN], [None, "", " ", "given"])
    for said, database, value in table:
        environ = given(OCOP_PRODUCTION=said, DATABASE_URL=database, SECRET_KEY=value)
        production = said == "1" or (said != "0" and database == OWN)
        if production and value != "given":
            with pytest.raises(SystemExit) as stopped:
                required(environ, "SECRET_KEY", "otherwise")
            assert stopped.value.code == STOPPED
            (line,) = capsys.readouterr().err.splitlines()
            assert line.startswith("Thiếu biến môi trường SECRET_KEY: ")
        else:
            expected = "given" if value == "given" else "otherwise"
            assert required(environ, "SECRET_KEY", "otherwise") == expected


def test_a_number_is_a_number(capsys):
    assert [number(given(PORT=said), "PORT", 25) for said in (*UNSAID, "587")] == [25] * 3 + [587]
    for said in ("abc", "5.5", "-1", "２５"):
        with pytest.raises(SystemExit):
            number({"PORT": said}, "PORT", 25)
        assert capsys.readouterr().err == f"PORT={said} không phải là một số.\n"


def test_a_network_is_one(capsys):
    assert networks({}, "NETS") == networks({"NETS": " , "}, "NETS") == []
    assert [str(each) for each in networks({"NETS": "10.1.2.0/24, ::1"}, "NETS")] == [
        "10.1.2.0/24",
        "::1/128",
    ]
    for said in ("10.1.2.3/24", "10.1.2", "sms.example.vn"):
        with pytest.raises(SystemExit):
            networks({"NETS": said}, "NETS")
        assert f"NETS: {said} không phải là một mạng" in capsys.readouterr().err


# --- As they are really read ------------------------------------------------------------------

READ = {
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "DATABASE_URL",
    "DATABASE_WORK_URL",
    "DATABASE_OWNER_URL",
    "REDIS_URL",
    "OCOP_PRODUCTION",
    "MEDIA_ROOT",
    "STATIC_ROOT",
    "SECURE_SSL_REDIRECT",
    "EMAIL_USE_TLS",
    "EMAIL_PORT",
    "DJANGO_SETTINGS_MODULE",
}


def python(*arguments, **environment):
    """Run Python in the project, with these variables and none of the others that we read."""
    clean = {name: value for name, value in os.environ.items() if name not in READ}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT, env=clean | environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"DATABASE_URL": OWN, "SECRET_KEY": "x", "ALLOWED_HOSTS": "ocop.example.vn"},
        {"OCOP_PRODUCTION": "true", "SECRET_KEY": "x", "ALLOWED_HOSTS": "ocop.example.vn"},
    ],
)
def test_reading_the_settings_starts_nothing_and_writes_nothing(tmp_path, environment):
    ended = python(
        "-c",
        "import django; from django.conf import settings; django.setup()\n"
        "print(settings.PRODUCTION, settings.DATABASES['default']['NAME'], settings.MEDIA_ROOT)",
        DJANGO_SETTINGS_MODULE="cycle.settings",
        OCOP_STATE=str(tmp_path / "state"),
        **environment,
    )
    assert ended.returncode == 0, ended.stderr
    production = bool(environment)
    name = "none" if "DATABASE_URL" in environment else "ocop"
    assert ended.stdout.split() == [str(production), name, f"{tmp_path}/state/media"]
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    "program", [("manage.py", "help"), ("manage.py", "migrate"), ("-c", "import cycle.wsgi")]
)
@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"DATABASE_URL": OWN, "ALLOWED_HOSTS": "a.vn"}, "Thiếu biến môi trường SECRET_KEY: "),
        ({"DATABASE_URL": OWN, "SECRET_KEY": "x"}, "Thiếu biến môi trường ALLOWED_HOSTS: "),
        ({"DATABASE_URL": OWN, "OCOP_PRODUCTION": "maybe"}, "OCOP_PRODUCTION=maybe không hiểu"),
        ({"DATABASE_URL": OWN, "OCOP_PRODUCTION": "no", "EMAIL_USE_TLS": "2"}, "EMAIL_USE_TLS=2"),
        ({"DATABASE_URL": OWN, "OCOP_PRODUCTION": "0", "EMAIL_PORT": "x"}, "EMAIL_PORT=x không"),
    ],
)
def test_what_is_forgotten_or_unclear_ends_the_start_in_one_line(
    tmp_path, program, environment, said
):
    ended = python(*program, OCOP_STATE=str(tmp_path / "state"), **environment)
    assert ended.returncode == STOPPED
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith(said)


# --- Who starts what --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "needs"),
    [
        ("", False),
        ("help", False),
        ("migrate --help", False),
        ("migrate -h", False),
        ("--version", False),
        ("check", False),
        ("check --deploy", False),
        ("check --database default", True),
        ("check --database=default", True),
        ("migrate", True),
        ("shell", True),
        ("up --port 8010", True),
    ],
)
def test_a_command_that_asks_no_database_starts_none(arguments, needs):
    assert starting.needs_database(arguments.split()) is needs


@pytest.mark.parametrize(
    "command",
    [
        ["check"],
        ["check", "--deploy"],
        ["check_translations"],
        ["collectstatic", "--dry-run", "--noinput"],
        ["diffsettings"],
        ["explain_term", "2026-11-20", "15wd"],
        ["findstatic", "six-steps.svg"],
        ["make_document_templates", "--folder", "{folder}"],
    ],
)
def test_those_commands_do_without_one(command, tmp_path, settings, monkeypatch):
    """A test that asked for no database is refused one."""
    # Left by the browser's tests, when they ran in this process.
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)
    settings.STATIC_ROOT = tmp_path
    assert starting.needs_database(command) is False
    call_command(*(part.format(folder=tmp_path) for part in command))


def test_the_commands_without_database_are_commands():
    assert starting.WITHOUT_DATABASE - {"help", "version"} <= get_commands().keys()


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        (OWN, True),
        ("postgres://ocop_web:m%40t@db.example.vn:5432/ocop", True),
        ("postgresql://ocop_web@%2Frun%2Fpostgresql/ocop", True),
        ("foo", False),
        ("mysql://root@db/ocop", False),
        ("sqlite:///ocop.db", False),
        ("postgresql://db:five/ocop", False),
        ("postgresql://db:99999/ocop", False),
        ("postgresql://db", False),
        ("postgresql://[db/ocop", False),
    ],
)
def test_an_address_of_a_database_is_postgresqls_or_stops_the_start(url, fits, capsys):
    if fits:
        assert postgres("DATABASE_URL", url) == url
        return
    with pytest.raises(SystemExit) as stopped:
        postgres("DATABASE_URL", url)
    assert stopped.value.code == STOPPED
    assert capsys.readouterr().err.startswith("DATABASE_URL phải là địa chỉ PostgreSQL")
