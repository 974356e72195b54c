"""The replay of 2021 and its figures."""

import json
from io import StringIO

from django.core.management import call_command

FIGURES = {
    "year": 2021,
    "products": 11,
    "producers": 10,
    "districts": 7,
    "districts_proposing": 6,
    "communes": 7,
    "communes_proposing": 6,
    "entered_as_existing": 11,
    "from_idea": 0,
    "outside": {"D6": 0, "edition": 0, "samples": 0},
    "proposed": 10,
    "certified": {"3": 9},
    "not_recognised": 1,
    "revoked": 0,
    "target_new": 34,
    "achieved_percent": 26.47,
    "target_upgrades": 4,
    "upgrades": 0,
    "reevaluated": 0,
    "funding": 1444.197,
    "funding_programme": 948,
    "funding_other": 486.524,
    "funding_own": 9.673,
    "paid": 1218.816,
    "new_organisations": 9,
    "target_new_organisations": 6,
}


def replay(*arguments, **options):
    out = StringIO()
    call_command("replay", 2021, *arguments, stdout=out, **options)
    return out.getvalue()


def report(*arguments):
    out = StringIO()
    call_command("cycle_report", 2021, *arguments, stdout=out)
    return out.getvalue()


def figures():
    return json.loads(report("--json").splitlines()[-1])
