"""Load what a province needs before its first cycle: rule sets, rubrics, units, days off."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from cycle.tables import DATA

LAST_DAY_OF_DISTRICTS = date(2025, 6, 30)
MERGED_ON = date(2025, 7, 1)

# File, valid from, valid to, merge map. The first days before the merge are assumed: the lists
# give the units of 2018 and 2021, not since when they exist.
UNITS: dict[str, list[tuple[str, date, date | None, str | None]]] = {
    "dien_bien": [
        ("dien_bien_2021.csv", date(2020, 1, 1), LAST_DAY_OF_DISTRICTS, None),
        ("dien_bien_2025.csv", MERGED_ON, None, "dien_bien_2025_merged.csv"),
    ],
    "bac_kan": [("bac_kan_2018.csv", date(2018, 1, 1), LAST_DAY_OF_DISTRICTS, None)],
}


class Command(BaseCommand):
    """Load all reference data of one province; harmless to run again."""

    help = "Nạp bộ quy định, bộ tiêu chí, đơn vị và ngày nghỉ của một tỉnh."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--province", choices=UNITS, default="dien_bien", help="tỉnh")

    def handle(self, *, province: str, **options: Any) -> None:
        """Raises what the four commands raise."""
        call_command("load_rulesets", stdout=self.stdout)
        call_command("load_rubrics", stdout=self.stdout)
        for file, valid_from, valid_to, merged in UNITS[province]:
            call_command(
                "load_units",
                DATA / file,
                valid_from=valid_from,
                valid_to=valid_to,
                merged=merged and DATA / merged,
                stdout=self.stdout,
            )
        # What the office has corrected in its calendar survives the next deployment.
        call_command("load_days_off", keep=True, stdout=self.stdout)
