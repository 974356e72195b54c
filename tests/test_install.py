"""What docs/install.md hands out fits the program: commands, settings, folders, units."""

import re
import shlex

from django.core.management import get_commands

from cycle.running import embedded

DOCS = embedded.PROJECT / "docs"
FILES = {path.name: path.read_text() for path in (DOCS / "debian").iterdir()}
GUIDE = (DOCS / "install.md").read_text()


def variables(text):
    return set(re.findall(r"^([A-Z_]+)=", text, re.MULTILINE))


def test_every_setting_that_is_handed_out_is_read_and_explained():
    read = "".join(
        path.read_text()
        for path in (embedded.PROJECT / "cycle").rglob("*.py")
        if "migrations" not in path.parts
    )
    told = (DOCS / "operating.md").read_text()
    handed = variables(FILES["ocop.env"]) | variables(FILES["owner.env"])
    assert len(handed) > 12
    assert {name for name in handed if f'"{name}"' not in read and name not in read} == set()
    assert {name for name in handed if name not in told} == set()
    # The owner's address is not within reach of pages and work.
    assert not {name for name in variables(FILES["ocop.env"]) if "OWNER" in name}


def test_the_units_run_what_is_there_and_the_guide_installs_all_of_them():
    units = {name: text for name, text in FILES.items() if name.endswith((".service", ".timer"))}
    assert len(units) == 5
    for name, text in units.items():
        for line in re.findall(r"^ExecStart=(.*)", text, re.MULTILINE):
            assert shlex.split(line)[0].startswith(("/srv/ocop/venv/bin/", "/bin/sh")), name
            for command in re.findall(r"manage\.py (\w+)", line):
                assert command in get_commands()
        assert name.endswith(".timer") or "User=ocop" in text
        assert ("owner.env" in text) == (name == "ocop-backup.service")
    for command in re.findall(r"(?:manage\.py|as_ocop) (\w+)", GUIDE):
        assert command in get_commands()
    for name in FILES:
        assert name in GUIDE or name.endswith((".service", ".timer"))
    for folder in re.findall(r"(?:_ROOT|STATE)=(\S+)", FILES["ocop.env"]):
        assert folder in GUIDE


#: Set in the image, or by hand for one run alone.
NOT_BY_COMPOSE = {"OCOP_PRODUCTION", "MEDIA_ROOT", "STATIC_ROOT", "OCOP_STATE"}


def test_compose_hands_on_every_setting_that_is_documented():
    table = re.findall(r"^\| (`[A-Z_`, ]+) \|", (DOCS / "operating.md").read_text(), re.MULTILINE)
    documented = {name for row in table for name in re.findall(r"[A-Z_]+", row)}
    documented |= {"EMAIL_HOST", "EMAIL_PORT", "WEBHOOK_URL", "WEBHOOK_SECRET"}
    handed = set(
        re.findall(r"^ +([A-Z_]+):", (embedded.PROJECT / "compose.yaml").read_text(), re.M)
    )
    assert len(documented) > 14
    assert documented - handed == NOT_BY_COMPOSE
